package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// parametersPage is the largest page of DescribeParameters
// (API_DescribeParameters, MaxResults).
const parametersPage = 50

const noParameter = "ParameterNotFound"

// readParameters reads the parameters whose names begin so, but for secrets.
func (c *caller) readParameters(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.ssm(q.Account, q.Region)
	var found []estate.Parameter
	pages := ssm.NewDescribeParametersPaginator(client, &ssm.DescribeParametersInput{MaxResults: aws.Int32(parametersPage),
		ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("BeginsWith"), Values: []string{q.ID}}}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.Parameters {
			if p.Type == types.ParameterTypeSecureString {
				continue
			}
			got, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: p.Name})
			if Code(err) == noParameter { // gone meanwhile
				continue
			}
			if err != nil {
				return nil, err
			}
			tags, err := parameterTags(ctx, client, aws.ToString(p.Name))
			if err != nil {
				return nil, err
			}
			found = append(found, estate.Parameter{
				ARN: aws.ToString(got.Parameter.ARN), Account: q.Account, Region: q.Region, Name: aws.ToString(p.Name), Type: string(p.Type), Tier: string(p.Tier),
				Value: aws.ToString(got.Parameter.Value), Version: got.Parameter.Version, Description: aws.ToString(p.Description), Pattern: aws.ToString(p.AllowedPattern),
				Modified: aws.ToTime(p.LastModifiedDate), ModifiedBy: aws.ToString(p.LastModifiedUser), Tags: tags,
			})
		}
	}
	return func(e *estate.Estate) { replaceRegion(&e.Parameters, q, found) }, nil
}

func parameterTags(ctx context.Context, client *ssm.Client, name string) (estate.Tags, error) {
	got, err := client.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &name})
	if err != nil {
		return nil, err
	}
	out := estate.Tags{}
	for _, t := range got.TagList {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out, nil
}

var parameterBinding = binding{
	reads:   []estate.QueryKind{estate.QueryParameters},
	do:      (*Writer).doParameter,
	settled: (*Writer).settledAtOnce,
	needs:   making(plan.KindParameter, plan.Create, plan.Update, plan.Delete),
}

// doParameter makes a parameter with its marks, writes the value of one that
// stands, or deletes it.
func (w *Writer) doParameter(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client, name := w.ssm(s.Account, s.Region), s.Object.One("name")
	arn := w.regionalARN(s, "ssm", "parameter/"+name)
	made := plan.Attributes{attrID: {arn}, attrARN: {arn}}
	if s.Action == plan.Delete {
		_, err := client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &name})
		if Code(err) == noParameter {
			err = nil
		}
		return made, err
	}
	in := &ssm.PutParameterInput{
		Name: &name, Value: aws.String(s.Object.One("value")), Type: types.ParameterTypeString, Tier: types.ParameterTierAdvanced,
		Description: aws.String("Where events for orgdns go; made by orgdns"),
	}
	if s.Action == plan.Create {
		marks := plan.Marks(w.opt.Owner, s.Address)
		for _, k := range sortedKeys(marks) {
			in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(marks[k])})
		}
		_, err := client.PutParameter(ctx, in)
		if Code(err) != "ParameterAlreadyExists" {
			return made, err
		}
		tags, err := parameterTags(ctx, client, name)
		if err != nil {
			return nil, err
		}
		if !w.ours(s, tags) {
			return nil, taken(s, "ssm", "PutParameter", "parameter "+name)
		}
		in.Tags = nil
	}
	in.Overwrite = aws.Bool(true)
	_, err := client.PutParameter(ctx, in)
	return made, err
}
