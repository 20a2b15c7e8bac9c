package iamapi

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
	policy "github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// detail is an entry of the account's details: its place in the pages, and how
// it enters an answer.
type detail struct {
	key string
	add func(*iam.GetAccountAuthorizationDetailsOutput)
}

// getAccountAuthorizationDetails gives users, groups, roles and managed policies
// in one list of pages, whatever their kind (API_GetAccountAuthorizationDetails).
func getAccountAuthorizationDetails(_ context.Context, c *world.Call, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	if err := c.Authorize("iam:GetAccountAuthorizationDetails", "*", nil); err != nil {
		return nil, err
	}
	wanted := func(t types.EntityType) bool { return len(in.Filter) == 0 || slices.Contains(in.Filter, t) }
	mine, e := estate.ByAccount(c.Account()), c.Estate()
	var list []detail
	add := func(kind, arn string, f func(*iam.GetAccountAuthorizationDetailsOutput)) {
		list = append(list, detail{kind + " " + arn, f})
	}
	if wanted(types.EntityTypeUser) {
		for u := range e.Users.By(mine) {
			add("1", u.ARN, func(out *iam.GetAccountAuthorizationDetailsOutput) {
				out.UserDetailList = append(out.UserDetailList, types.UserDetail{
					Arn: &u.ARN, UserId: &u.ID, UserName: &u.Name, Path: &u.Path, CreateDate: &u.Created, GroupList: []string{}, Tags: tagList(u.Tags),
					UserPolicyList: inlineDetails(u.Inline), AttachedManagedPolicies: attachedDetails(u.Attached), PermissionsBoundary: boundary(u.Boundary),
				})
			})
		}
	}
	if wanted(types.EntityTypeGroup) {
		for g := range e.Groups.By(mine) {
			add("2", g.ARN, func(out *iam.GetAccountAuthorizationDetailsOutput) {
				out.GroupDetailList = append(out.GroupDetailList, types.GroupDetail{
					Arn: &g.ARN, GroupId: &g.ID, GroupName: &g.Name, Path: &g.Path, CreateDate: &g.Created,
					GroupPolicyList: inlineDetails(g.Inline), AttachedManagedPolicies: attachedDetails(g.Attached),
				})
			})
		}
	}
	if wanted(types.EntityTypeRole) {
		for r := range e.Roles.By(mine) {
			add("3", r.ARN, func(out *iam.GetAccountAuthorizationDetailsOutput) {
				out.RoleDetailList = append(out.RoleDetailList, types.RoleDetail{
					Arn: &r.ARN, RoleId: &r.ID, RoleName: &r.Name, Path: &r.Path, CreateDate: &r.Created, AssumeRolePolicyDocument: encoded(r.Trust),
					InstanceProfileList: []types.InstanceProfile{}, Tags: tagList(r.Tags), RoleLastUsed: &types.RoleLastUsed{},
					RolePolicyList: inlineDetails(r.Inline), AttachedManagedPolicies: attachedDetails(r.Attached), PermissionsBoundary: boundary(r.Boundary),
				})
			})
		}
	}
	managed := func(p estate.ManagedPolicy) {
		add("4", p.ARN, func(out *iam.GetAccountAuthorizationDetailsOutput) {
			shown := managedPolicy(c, p)
			d := types.ManagedPolicyDetail{
				Arn: shown.Arn, PolicyId: shown.PolicyId, PolicyName: shown.PolicyName, Path: shown.Path, Description: shown.Description,
				DefaultVersionId: shown.DefaultVersionId, CreateDate: shown.CreateDate, UpdateDate: shown.UpdateDate, IsAttachable: shown.IsAttachable,
				AttachmentCount: shown.AttachmentCount, PermissionsBoundaryUsageCount: shown.PermissionsBoundaryUsageCount,
			}
			for _, v := range p.Versions {
				one := version(p, v)
				one.Document = encoded(v.Document)
				d.PolicyVersionList = append(d.PolicyVersionList, *one)
			}
			out.Policies = append(out.Policies, d)
		})
	}
	if wanted(types.EntityTypeLocalManagedPolicy) {
		for p := range e.ManagedPolicies.By(mine) {
			managed(p)
		}
	}
	if wanted(types.EntityTypeAWSManagedPolicy) {
		for _, arn := range policy.ManagedARNs() {
			p, _ := awsPolicy(arn)
			managed(p)
		}
	}
	list, truncated, next, err := page(list, func(d detail) string { return d.key }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.GetAccountAuthorizationDetailsOutput{
		IsTruncated: truncated, Marker: next, // and lists that are there, though empty
		UserDetailList: []types.UserDetail{}, GroupDetailList: []types.GroupDetail{}, RoleDetailList: []types.RoleDetail{}, Policies: []types.ManagedPolicyDetail{},
	}
	for _, d := range list {
		d.add(out)
	}
	return out, nil
}

func inlineDetails(inline map[string]string) []types.PolicyDetail {
	out := []types.PolicyDetail{}
	for _, name := range slices.Sorted(maps.Keys(inline)) {
		out = append(out, types.PolicyDetail{PolicyName: &name, PolicyDocument: encoded(inline[name])})
	}
	return out
}

func attachedDetails(arns []string) []types.AttachedPolicy {
	out := []types.AttachedPolicy{}
	for _, arn := range arns {
		name := arn[strings.LastIndexByte(arn, '/')+1:]
		out = append(out, types.AttachedPolicy{PolicyArn: &arn, PolicyName: &name})
	}
	return out
}
