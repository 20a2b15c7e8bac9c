package ssm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// shown is a version as a call that asked for it gets it.
func shown(p estate.Parameter, selector string) types.Parameter {
	out := types.Parameter{
		ARN: &p.ARN, Name: &p.Name, Type: types.ParameterType(p.Type), Value: &p.Value, Version: p.Version, DataType: aws.String("text"), LastModifiedDate: &p.Modified,
	}
	if selector != "" {
		out.Selector = aws.String(":" + selector)
	}
	return out
}

func getParameter(_ context.Context, c *world.Call, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	arn, selector := reference(c, aws.ToString(in.Name))
	p, ok, err := find(c, arn)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, missing(*in.Name)
	}
	v, ok := version(c, p, selector)
	if !ok {
		return nil, &types.ParameterVersionNotFound{Message: aws.String(fmt.Sprintf("Systems Manager could not find version %s of %s.", selector, p.Name))}
	}
	out := shown(v, selector)
	return &ssm.GetParameterOutput{Parameter: &out}, nil
}

// getParameters gives what is there, and names the rest (API_GetParameters).
func getParameters(_ context.Context, c *world.Call, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		arn, selector := reference(c, name)
		p, ok, err := find(c, arn)
		if err != nil {
			return nil, err
		}
		if v, there := version(c, p, selector); ok && there {
			out.Parameters = append(out.Parameters, shown(v, selector))
		} else {
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}

// getParametersByPath gives those below a path of the caller's: one level, or all
// (API_GetParametersByPath).
func getParametersByPath(_ context.Context, c *world.Call, in *ssm.GetParametersByPathInput) (*ssm.GetParametersByPathOutput, error) {
	path := strings.TrimSuffix(aws.ToString(in.Path), "/") + "/"
	if err := c.Authorize("ssm:GetParametersByPath", estate.ParameterARN(c.Account(), c.Region, aws.ToString(in.Path)), nil); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(path, "/") {
		return nil, invalid("The parameter path must begin with a slash.")
	}
	all := []types.Parameter{}
	for p := range c.Estate().Parameters.By(estate.ByRegion(c.Account(), c.Region)) {
		match, err := matches(p, in.ParameterFilters)
		if err != nil {
			return nil, err
		}
		if match && below(p.Name, path, aws.ToBool(in.Recursive)) {
			all = append(all, shown(p, ""))
		}
	}
	all, token, err := page(all, func(p types.Parameter) string { return *p.Name }, in.MaxResults, 10, in.NextToken)
	return &ssm.GetParametersByPathOutput{Parameters: all, NextToken: token}, err
}

// below reports whether a name is below a path that ends with a slash.
func below(name, path string, deep bool) bool {
	if path == "/" && !strings.HasPrefix(name, "/") {
		return true // names without a hierarchy are on the first level
	}
	rest, ok := strings.CutPrefix(name, path)
	return ok && (deep || !strings.Contains(rest, "/"))
}

func getParameterHistory(_ context.Context, c *world.Call, in *ssm.GetParameterHistoryInput) (*ssm.GetParameterHistoryOutput, error) {
	arn, _ := reference(c, aws.ToString(in.Name))
	p, ok, err := find(c, arn)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, missing(*in.Name)
	}
	old, _ := history.Get(c.State, arn)
	var all []types.ParameterHistory
	for _, v := range append(slices.Clone(old), p) {
		all = append(all, types.ParameterHistory{
			Name: &v.Name, Type: types.ParameterType(v.Type), Value: &v.Value, Version: v.Version, DataType: aws.String("text"), Tier: types.ParameterTier(v.Tier),
			LastModifiedDate: &v.Modified, LastModifiedUser: &v.ModifiedBy, Description: given(v.Description), AllowedPattern: given(v.Pattern),
			Labels: []string{}, Policies: []types.ParameterInlinePolicy{},
		})
	}
	all, token, err := page(all, func(h types.ParameterHistory) string { return fmt.Sprintf("%020d", h.Version) }, in.MaxResults, 50, in.NextToken)
	return &ssm.GetParameterHistoryOutput{Parameters: all, NextToken: token}, err
}

// given is a text, or nothing where it is empty.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// describeParameters lists the caller's parameters, or those that others share
// with it by RAM (API_DescribeParameters, Shared).
func describeParameters(_ context.Context, c *world.Call, in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
	if err := c.Authorize("ssm:DescribeParameters", "*", nil); err != nil {
		return nil, err
	}
	filters := in.ParameterFilters
	if len(in.Filters) > 0 && len(filters) > 0 {
		return nil, invalid("You can use either Filters or ParameterFilters in a single request.")
	}
	for _, f := range in.Filters { // the older form
		filters = append(filters, types.ParameterStringFilter{Key: aws.String(string(f.Key)), Values: f.Values})
	}
	all := []types.ParameterMetadata{}
	for _, p := range listed(c, aws.ToBool(in.Shared)) {
		match, err := matches(p, filters)
		if err != nil {
			return nil, err
		}
		if match {
			all = append(all, types.ParameterMetadata{
				ARN: &p.ARN, Name: &p.Name, Type: types.ParameterType(p.Type), Tier: types.ParameterTier(p.Tier), Version: p.Version, DataType: aws.String("text"),
				LastModifiedDate: &p.Modified, LastModifiedUser: &p.ModifiedBy, Description: given(p.Description), AllowedPattern: given(p.Pattern),
				Policies: []types.ParameterInlinePolicy{},
			})
		}
	}
	all, token, err := page(all, func(p types.ParameterMetadata) string { return *p.Name + " " + *p.ARN }, in.MaxResults, 50, in.NextToken)
	return &ssm.DescribeParametersOutput{Parameters: all, NextToken: token}, err
}

func listed(c *world.Call, shared bool) []estate.Parameter {
	if !shared {
		return slices.Collect(c.Estate().Parameters.By(estate.ByRegion(c.Account(), c.Region)))
	}
	var out []estate.Parameter
	for _, arn := range c.Shared("ssm", "parameter/") {
		if p, ok := c.Estate().Parameters.Get(arn); ok && c.MayShared(arn, "ssm:DescribeParameters") {
			out = append(out, p)
		}
	}
	return out
}

// matches judges filters, which must all hold; of one's values, one
// (API_ParameterStringFilter).
func matches(p estate.Parameter, filters []types.ParameterStringFilter) (bool, error) {
	for _, f := range filters {
		key, option := aws.ToString(f.Key), aws.ToString(f.Option)
		values := map[string]string{"Name": p.Name, "Type": p.Type, "Tier": p.Tier, "DataType": "text"}
		tag, isTag := strings.CutPrefix(key, "tag:")
		if isTag {
			value, there := p.Tags[tag]
			if !there {
				return false, nil
			}
			values[key] = value
			if len(f.Values) == 0 {
				continue
			}
		}
		got, known := values[key]
		var test func(want string) bool
		switch {
		case key == "Path" && (option == "" || option == "OneLevel" || option == "Recursive"):
			test = func(want string) bool { return below(p.Name, strings.TrimSuffix(want, "/")+"/", option == "Recursive") }
		case !known:
			return false, &types.InvalidFilterKey{Message: aws.String("The filter key " + key + " isn't valid here.")}
		case option == "" || option == "Equals":
			test = func(want string) bool { return want == got }
		case option == "BeginsWith":
			test = func(want string) bool { return strings.HasPrefix(got, want) }
		case option == "Contains" && key == "Name":
			test = func(want string) bool { return strings.Contains(got, want) }
		default:
			return false, &types.InvalidFilterOption{Message: aws.String("The filter option " + option + " isn't valid for " + key + ".")}
		}
		if !slices.ContainsFunc(f.Values, test) {
			return false, nil
		}
	}
	return true, nil
}
