package awsapi

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
)

// readRole reads a role with all its policies, so that a rehearsal can judge
// what it may do; and the other roles of an account that has several.
func (c *caller) readRole(ctx context.Context, q estate.Query) (Patch, error) {
	roles := []string{q.ID}
	if access := c.access(q.Account); q.ID == access.Role {
		roles = append(roles, access.Others()...)
	}
	var patches []Patch
	for _, role := range roles {
		patch, err := c.readOneRole(ctx, q.Account, role)
		if err != nil {
			return nil, err
		}
		patches = append(patches, patch)
	}
	return func(e *estate.Estate) {
		for _, patch := range patches {
			patch(e)
		}
	}, nil
}

// readOneRole reads a role. IAM is behind for seconds after a change (IAM User
// Guide, troubleshoot.html): a role that stands for one call and not for the
// next is asked for again.
func (c *caller) readOneRole(ctx context.Context, account estate.AccountID, role string) (Patch, error) {
	for wait := time.Second; ; wait *= 2 {
		patch, err := c.tryRole(ctx, account, role)
		if Code(err) != "NoSuchEntity" || wait > 32*time.Second {
			return patch, err
		}
		if err := c.opt.Clock.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (c *caller) tryRole(ctx context.Context, account estate.AccountID, role string) (Patch, error) {
	client := c.iam(account)
	name := role[strings.LastIndexByte(role, '/')+1:]
	out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if Code(err) == "NoSuchEntity" {
		return func(e *estate.Estate) { forgetRole(e, account, name) }, nil
	}
	if err != nil {
		return nil, err
	}
	return c.readPolicies(ctx, client, account, out.Role)
}

func (c *caller) readPolicies(ctx context.Context, client *iam.Client, account estate.AccountID, got *types.Role) (Patch, error) {
	name := aws.ToString(got.RoleName)
	var err error
	role := estate.Role{
		ARN: aws.ToString(got.Arn), ID: aws.ToString(got.RoleId), Account: account,
		Path: aws.ToString(got.Path), Name: aws.ToString(got.RoleName), Description: aws.ToString(got.Description),
		MaxSession: aws.ToInt32(got.MaxSessionDuration), Created: aws.ToTime(got.CreateDate), Tags: estate.Tags{},
	}
	for _, t := range got.Tags {
		role.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	if role.Trust, err = policyText(got.AssumeRolePolicyDocument); err != nil {
		return nil, fmt.Errorf("trust policy of %s: %w", role.ARN, err)
	}
	if b := got.PermissionsBoundary; b != nil {
		role.Boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	inline := iam.NewListRolePoliciesPaginator(client, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.PolicyNames {
			inline, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &p})
			if err != nil {
				return nil, err
			}
			text, err := policyText(inline.PolicyDocument)
			if err != nil {
				return nil, fmt.Errorf("policy %s of %s: %w", p, role.ARN, err)
			}
			if role.Inline == nil {
				role.Inline = map[string]string{}
			}
			role.Inline[p] = text
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(client, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.AttachedPolicies {
			role.Attached = append(role.Attached, aws.ToString(p.PolicyArn))
		}
	}
	slices.Sort(role.Attached)
	var policies []estate.ManagedPolicy
	needed := slices.Clone(role.Attached)
	if role.Boundary != "" && !slices.Contains(needed, role.Boundary) {
		needed = append(needed, role.Boundary)
	}
	for _, arn := range needed {
		p, err := readManagedPolicy(ctx, client, arn)
		if err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	return func(e *estate.Estate) {
		forgetRole(e, account, name)
		e.Roles.Put(role)
		e.ManagedPolicies.Put(policies...)
	}, nil
}

func forgetRole(e *estate.Estate, account estate.AccountID, name string) {
	var gone []string
	for r := range e.Roles.By(estate.ByRole(account, name)) {
		gone = append(gone, r.Key())
	}
	e.Roles.Delete(gone...)
}

// readManagedPolicy reads a managed policy's default version, the one in
// force. AWS's own policies belong to the account "aws".
func readManagedPolicy(ctx context.Context, client *iam.Client, arn string) (estate.ManagedPolicy, error) {
	out, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return estate.ManagedPolicy{}, err
	}
	p := estate.ManagedPolicy{
		ARN: arn, ID: aws.ToString(out.Policy.PolicyId), Account: accountOf(arn),
		Path: aws.ToString(out.Policy.Path), Name: aws.ToString(out.Policy.PolicyName), Description: aws.ToString(out.Policy.Description),
		Default: aws.ToString(out.Policy.DefaultVersionId), Created: aws.ToTime(out.Policy.CreateDate),
	}
	if len(out.Policy.Tags) > 0 {
		p.Tags = estate.Tags{}
	}
	for _, t := range out.Policy.Tags {
		p.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	version, err := client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: &p.Default})
	if err != nil {
		return p, err
	}
	text, err := policyText(version.PolicyVersion.Document)
	if err != nil {
		return p, fmt.Errorf("policy %s: %w", arn, err)
	}
	p.Versions = []estate.PolicyVersion{{ID: p.Default, Document: text, Created: aws.ToTime(version.PolicyVersion.CreateDate)}}
	return p, nil
}

// policyText undoes the URL encoding in which IAM returns documents
// (API_GetRole: RFC 3986).
func policyText(s *string) (string, error) { return url.PathUnescape(aws.ToString(s)) }
