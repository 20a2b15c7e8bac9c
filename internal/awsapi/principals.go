package awsapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
)

// iamPage is the largest page of IAM (API Reference, MaxItems).
const iamPage = 1000

// principals are what has policies in an account.
type principals struct {
	roles    []estate.Role
	users    []estate.User
	groups   []estate.Group
	policies []estate.ManagedPolicy
}

// readPrincipals reads every role, user, group and customer managed policy of an
// account with what they say. A role's longest session and description are not
// told here, and kept.
func (c *caller) readPrincipals(ctx context.Context, q estate.Query) (Patch, error) {
	var all principals
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(c.iam(q.Account), &iam.GetAccountAuthorizationDetailsInput{
		MaxItems: aws.Int32(iamPage),
		Filter:   []types.EntityType{types.EntityTypeRole, types.EntityTypeUser, types.EntityTypeGroup, types.EntityTypeLocalManagedPolicy},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		if err := all.add(q.Account, page); err != nil {
			return nil, err
		}
	}
	return func(e *estate.Estate) {
		for i, r := range all.roles {
			all.roles[i].MaxSession = shortestSession
			if old, ok := e.Roles.Get(r.ARN); ok {
				all.roles[i].MaxSession, all.roles[i].Description = old.MaxSession, old.Description
			}
		}
		replaceAccount(&e.Roles, q.Account, all.roles)
		replaceAccount(&e.Users, q.Account, all.users)
		replaceAccount(&e.Groups, q.Account, all.groups)
		replaceAccount(&e.ManagedPolicies, q.Account, all.policies)
	}, nil
}

// shortestSession is a role's longest session where none is set, in seconds
// (API_CreateRole, MaxSessionDuration).
const shortestSession = 3600

// replaceAccount puts what was read in place of all that a table held of an
// account.
func replaceAccount[V estate.Row](t *estate.Table[V], account estate.AccountID, rows []V) {
	var gone []string
	for v := range t.By(estate.ByAccount(account)) {
		gone = append(gone, v.Key())
	}
	t.Delete(gone...)
	t.Put(rows...)
}

// add takes a page over.
func (p *principals) add(account estate.AccountID, page *iam.GetAccountAuthorizationDetailsOutput) error {
	for _, r := range page.RoleDetailList {
		role := estate.Role{
			ARN: aws.ToString(r.Arn), ID: aws.ToString(r.RoleId), Account: account, Path: aws.ToString(r.Path), Name: aws.ToString(r.RoleName),
			Attached: attachedARNs(r.AttachedManagedPolicies), Boundary: boundaryARN(r.PermissionsBoundary), Created: aws.ToTime(r.CreateDate), Tags: iamTags(r.Tags),
		}
		var err error
		if role.Trust, err = policyText(r.AssumeRolePolicyDocument); err != nil {
			return fmt.Errorf("trust policy of %s: %w", role.ARN, err)
		}
		if role.Inline, err = inlineTexts(role.ARN, r.RolePolicyList); err != nil {
			return err
		}
		p.roles = append(p.roles, role)
	}
	for _, u := range page.UserDetailList {
		user := estate.User{
			ARN: aws.ToString(u.Arn), ID: aws.ToString(u.UserId), Account: account, Path: aws.ToString(u.Path), Name: aws.ToString(u.UserName),
			Attached: attachedARNs(u.AttachedManagedPolicies), Boundary: boundaryARN(u.PermissionsBoundary), Created: aws.ToTime(u.CreateDate), Tags: iamTags(u.Tags),
		}
		var err error
		if user.Inline, err = inlineTexts(user.ARN, u.UserPolicyList); err != nil {
			return err
		}
		p.users = append(p.users, user)
	}
	for _, g := range page.GroupDetailList {
		group := estate.Group{
			ARN: aws.ToString(g.Arn), ID: aws.ToString(g.GroupId), Account: account, Path: aws.ToString(g.Path), Name: aws.ToString(g.GroupName),
			Attached: attachedARNs(g.AttachedManagedPolicies), Created: aws.ToTime(g.CreateDate),
		}
		var err error
		if group.Inline, err = inlineTexts(group.ARN, g.GroupPolicyList); err != nil {
			return err
		}
		p.groups = append(p.groups, group)
	}
	for _, m := range page.Policies {
		policy, err := managedOf(account, m)
		if err != nil {
			return err
		}
		p.policies = append(p.policies, policy)
	}
	return nil
}

func managedOf(account estate.AccountID, m types.ManagedPolicyDetail) (estate.ManagedPolicy, error) {
	p := estate.ManagedPolicy{
		ARN: aws.ToString(m.Arn), ID: aws.ToString(m.PolicyId), Account: account, Path: aws.ToString(m.Path), Name: aws.ToString(m.PolicyName),
		Description: aws.ToString(m.Description), Default: aws.ToString(m.DefaultVersionId), Created: aws.ToTime(m.CreateDate),
	}
	for _, v := range m.PolicyVersionList {
		text, err := policyText(v.Document)
		if err != nil {
			return p, fmt.Errorf("policy %s: %w", p.ARN, err)
		}
		p.Versions = append(p.Versions, estate.PolicyVersion{ID: aws.ToString(v.VersionId), Document: text, Created: aws.ToTime(v.CreateDate)})
	}
	slices.SortStableFunc(p.Versions, func(a, b estate.PolicyVersion) int { return a.Created.Compare(b.Created) })
	return p, nil
}

func inlineTexts(of string, list []types.PolicyDetail) (map[string]string, error) {
	var out map[string]string
	for _, p := range list {
		text, err := policyText(p.PolicyDocument)
		if err != nil {
			return nil, fmt.Errorf("policy %s of %s: %w", aws.ToString(p.PolicyName), of, err)
		}
		if out == nil {
			out = map[string]string{}
		}
		out[aws.ToString(p.PolicyName)] = text
	}
	return out, nil
}

func attachedARNs(list []types.AttachedPolicy) []string {
	var out []string
	for _, p := range list {
		out = append(out, aws.ToString(p.PolicyArn))
	}
	slices.Sort(out)
	return out
}

func boundaryARN(b *types.AttachedPermissionsBoundary) string {
	if b == nil {
		return ""
	}
	return aws.ToString(b.PermissionsBoundaryArn)
}

func iamTags(list []types.Tag) estate.Tags {
	out := estate.Tags{}
	for _, t := range list {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}
