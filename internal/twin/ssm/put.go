package ssm

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

// checkName: API_PutParameter, Name.
func checkName(name string) error {
	lower := strings.ToLower(strings.TrimPrefix(name, "/"))
	switch {
	case !nameForm.MatchString(name):
		return invalid("Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_")
	case strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm"):
		return invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).")
	case !strings.HasPrefix(name, "/") && strings.Contains(name, "/"):
		return invalid("Parameter name must be a fully qualified name.")
	case strings.HasSuffix(name, "/") || strings.Contains(name, "//"):
		return invalid("Parameter name: a sub-path must not be empty.")
	case strings.Count(name, "/") > maxLevels:
		return &types.HierarchyLevelLimitExceededException{Message: aws.String("A hierarchy can have a maximum of 15 levels.")}
	}
	return nil
}

// putParameter makes a parameter, or a version of one (API_PutParameter).
func putParameter(_ context.Context, c *world.Call, in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	name, tags := aws.ToString(in.Name), tagsOf(in.Tags)
	arn := estate.ParameterARN(c.Account(), c.Region, name)
	old, known := c.Estate().Parameters.Get(arn)
	if err := c.Authorize("ssm:PutParameter", arn, tagConditions(old.Tags, tags)); err != nil {
		return nil, err
	}
	if err := plain(c, in); err != nil {
		return nil, err
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	overwrite := aws.ToBool(in.Overwrite)
	switch {
	case overwrite && len(in.Tags) > 0:
		return nil, invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	case known && !overwrite:
		return nil, &types.ParameterAlreadyExists{Message: aws.String("The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")}
	case !known && in.Type == "":
		return nil, invalid("A parameter type is required when you create a parameter.")
	case known && in.Type != "" && string(in.Type) != old.Type:
		return nil, &types.HierarchyTypeMismatchException{Message: aws.String("The parameter type can't be changed from " + old.Type + " to " + string(in.Type) + ".")}
	}
	p := old
	if !known {
		p = estate.Parameter{ARN: arn, Account: c.Account(), Region: c.Region, Name: name, Type: string(in.Type), Tags: tags}
	}
	p.Value, p.Modified, p.ModifiedBy = aws.ToString(in.Value), c.Now, c.Caller.ARN
	p.Version++
	p.Description, p.Pattern = cmp.Or(aws.ToString(in.Description), p.Description), cmp.Or(aws.ToString(in.AllowedPattern), p.Pattern)
	if err := tier(&p, in.Tier); err != nil {
		return nil, err
	}
	if err := checkValue(p); err != nil {
		return nil, err
	}
	if !known && over(c, p.Tier) {
		return nil, &types.ParameterLimitExceeded{Message: aws.String("You have exceeded the number of parameters for this Amazon Web Services account.")}
	}
	if known {
		versions, _ := history.Get(c.State, arn)
		versions = append(slices.Clone(versions), old)
		if len(versions) >= maxVersions { // the oldest goes; none has a label here
			versions = versions[1:]
		}
		history.Put(c.State, arn, versions)
	}
	c.Estate().Parameters.Put(p)
	return &ssm.PutParameterOutput{Tier: types.ParameterTier(p.Tier), Version: p.Version}, nil
}

// plain refuses by name what the twin does not have.
func plain(c *world.Call, in *ssm.PutParameterInput) error {
	switch {
	case in.Type == types.ParameterTypeSecureString, in.KeyId != nil:
		return c.Unsupported("Type SecureString")
	case aws.ToString(in.Policies) != "" && *in.Policies != "[]":
		return c.Unsupported("Policies")
	case in.DataType != nil && *in.DataType != "text":
		return c.Unsupported("DataType " + *in.DataType)
	}
	return nil
}

// tier decides the tier. Intelligent-Tiering takes Advanced only for what needs it;
// there is no way back from Advanced (parameter-store-advanced-parameters.html).
func tier(p *estate.Parameter, asked types.ParameterTier) error {
	advanced := string(types.ParameterTierAdvanced)
	before := p.Tier
	switch {
	case asked == "" && before != "":
	case asked == types.ParameterTierIntelligentTiering:
		p.Tier = string(types.ParameterTierStandard)
		if len(p.Value) > standardSize || before == advanced {
			p.Tier = advanced
		}
	default:
		p.Tier = cmp.Or(string(asked), string(types.ParameterTierStandard))
	}
	if before == advanced && p.Tier != advanced {
		return invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.")
	}
	limit := standardSize
	if p.Tier == advanced {
		limit = advancedSize
	}
	switch {
	case len(p.Value) <= limit:
		return nil
	case p.Tier == advanced:
		return invalid("Parameters with the advanced-parameter tier support a maximum parameter value of %d characters.", limit)
	}
	return invalid("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", limit)
}

// checkValue: API_PutParameter, Value and AllowedPattern.
func checkValue(p estate.Parameter) error {
	if strings.Contains(p.Value, "{{") {
		return invalid("Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.")
	}
	if p.Pattern == "" {
		return nil
	}
	form, err := regexp.Compile(p.Pattern)
	if err != nil {
		return &types.InvalidAllowedPatternException{Message: aws.String("The request doesn't meet the regular expression requirement: " + err.Error())}
	}
	if !form.MatchString(p.Value) {
		return &types.ParameterPatternMismatchException{Message: aws.String("Parameter value, cannot be validated against allowedPattern: " + p.Pattern)}
	}
	return nil
}

// over reports whether there are as many parameters of a tier as may be.
func over(c *world.Call, tier string) bool {
	quota := standardQuota
	if tier == string(types.ParameterTierAdvanced) {
		quota = advancedQuota
	}
	n := 0
	if c.World.Limits {
		for p := range c.Estate().Parameters.By(estate.ByRegion(c.Account(), c.Region)) {
			if p.Tier == tier {
				n++
			}
		}
	}
	return n >= quota
}

func deleteParameter(_ context.Context, c *world.Call, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	ok, err := drop(c, aws.ToString(in.Name))
	if err == nil && !ok {
		err = missing(*in.Name)
	}
	return &ssm.DeleteParameterOutput{}, err
}

func deleteParameters(_ context.Context, c *world.Call, in *ssm.DeleteParametersInput) (*ssm.DeleteParametersOutput, error) {
	out := &ssm.DeleteParametersOutput{}
	for _, name := range in.Names {
		ok, err := drop(c, name)
		switch {
		case err != nil:
			return nil, err
		case ok:
			out.DeletedParameters = append(out.DeletedParameters, name)
		default:
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}

// drop deletes a parameter of the caller's, if it is there.
func drop(c *world.Call, name string) (bool, error) {
	arn := estate.ParameterARN(c.Account(), c.Region, name)
	p, ok := c.Estate().Parameters.Get(arn)
	if err := c.Authorize("ssm:"+c.Operation, arn, tagConditions(p.Tags, nil)); err != nil || !ok {
		return false, err
	}
	c.Estate().Parameters.Delete(arn)
	history.Delete(c.State, arn)
	return true, nil
}
