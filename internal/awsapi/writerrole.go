package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

var roleBinding = binding{
	reads:   []estate.QueryKind{estate.QueryRole},
	do:      (*Writer).doRole,
	settled: (*Writer).settledAtOnce,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayMakeRole},
		plan.Update: {plan.MayMakeRole},
		plan.Delete: {plan.MayMakeRole},
	},
}

// doRole makes a role with our one inline policy, sets both documents of one
// that stands, or deletes it. The mark is set by the call that creates.
func (w *Writer) doRole(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Role == nil {
		return nil, impossible(s)
	}
	if s.Action == plan.Delete {
		return plan.Attributes{}, w.deleteRole(ctx, s)
	}
	client, name := w.iam(s.Account), &s.Role.Name
	tags := []types.Tag{
		{Key: aws.String(plan.TagOwner), Value: &w.opt.Owner},
		{Key: aws.String(plan.TagAddress), Value: aws.String(short(s.Address, maxTagValue))},
	}
	if s.Action == plan.Create {
		out, err := client.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: name, Description: &s.Role.Description, AssumeRolePolicyDocument: &s.Role.Trust, Tags: tags,
		})
		switch {
		case err == nil:
			return plan.Attributes{attrARN: {aws.ToString(out.Role.Arn)}}, w.putRolePolicy(ctx, s)
		case Code(err) != "EntityAlreadyExists":
			return nil, err
		}
		// An earlier answer was lost, if the mark is ours.
		got, readErr := client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		if readErr != nil || !marked(got.Role.Tags, w.opt.Owner) {
			return nil, err
		}
	}
	got, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	if err != nil {
		return nil, err
	}
	if !marked(got.Role.Tags, w.opt.Owner) {
		if _, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: tags}); err != nil {
			return nil, err
		}
	}
	if _, err := client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &s.Role.Trust}); err != nil {
		return nil, err
	}
	return plan.Attributes{attrARN: {aws.ToString(got.Role.Arn)}}, w.putRolePolicy(ctx, s)
}

func (w *Writer) putRolePolicy(ctx context.Context, s plan.Step) error {
	_, err := w.iam(s.Account).PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &s.Role.Name, PolicyName: aws.String(plan.RolePolicy), PolicyDocument: &s.Role.Policy,
	})
	return err
}

func marked(tags []types.Tag, owner string) bool {
	for _, t := range tags {
		if aws.ToString(t.Key) == plan.TagOwner && aws.ToString(t.Value) == owner {
			return true
		}
	}
	return false
}

func (w *Writer) deleteRole(ctx context.Context, s plan.Step) error {
	client := w.iam(s.Account)
	_, err := client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &s.Role.Name, PolicyName: aws.String(plan.RolePolicy)})
	if err != nil && Code(err) != "NoSuchEntity" {
		return err
	}
	_, err = client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &s.Role.Name})
	if Code(err) == "NoSuchEntity" {
		return nil
	}
	return err
}

// maxTagValue is the longest value of a tag (IAM API, Tag).
const maxTagValue = 256

func short(s string, n int) string { return s[:min(len(s), n)] }
