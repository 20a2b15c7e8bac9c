package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/orgdns/orgdns/internal/estate"
)

// organizationPage is the largest page of Organizations (API Reference,
// MaxResults).
const organizationPage = 20

// readOrganization asks what any member may ask. An account outside every
// organization is an answer too.
func (c *caller) readOrganization(ctx context.Context, q estate.Query) (Patch, error) {
	out, err := c.organizations(q.Account).DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if Code(err) == "AWSOrganizationsNotInUseException" {
		return func(e *estate.Estate) { e.Organization = estate.Organization{} }, nil
	}
	if err != nil {
		return nil, err
	}
	o := out.Organization
	return func(e *estate.Estate) {
		e.Organization.ID = aws.ToString(o.Id)
		e.Organization.ARN = aws.ToString(o.Arn)
		e.Organization.Management = estate.AccountID(aws.ToString(o.MasterAccountId))
	}, nil
}

// readAccounts walks the tree from its root: the accounts below each unit come
// with all that ListAccounts would tell. Which types of policies are enabled is
// left out: policies are not read, and one that is enabled without them would
// deny everything.
func (c *caller) readAccounts(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.organizations(q.Account)
	roots, err := client.ListRoots(ctx, &organizations.ListRootsInput{MaxResults: aws.Int32(organizationPage)})
	if err != nil {
		return nil, err
	}
	var (
		parents  []string
		units    []estate.Unit
		accounts []estate.Account
	)
	for _, r := range roots.Roots { // an organization has one
		parents = append(parents, aws.ToString(r.Id))
	}
	root := ""
	if len(parents) > 0 {
		root = parents[0]
	}
	for len(parents) > 0 {
		parent := parents[0]
		parents = parents[1:]
		below := organizations.NewListOrganizationalUnitsForParentPaginator(client, &organizations.ListOrganizationalUnitsForParentInput{
			ParentId: &parent, MaxResults: aws.Int32(organizationPage),
		})
		for below.HasMorePages() {
			page, err := below.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, u := range page.OrganizationalUnits {
				units = append(units, estate.Unit{ID: aws.ToString(u.Id), Name: aws.ToString(u.Name), Parent: parent})
				parents = append(parents, aws.ToString(u.Id))
			}
		}
		members := organizations.NewListAccountsForParentPaginator(client, &organizations.ListAccountsForParentInput{
			ParentId: &parent, MaxResults: aws.Int32(organizationPage),
		})
		for members.HasMorePages() {
			page, err := members.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, a := range page.Accounts {
				accounts = append(accounts, estate.Account{
					ID: estate.AccountID(aws.ToString(a.Id)), Name: aws.ToString(a.Name), Email: aws.ToString(a.Email),
					Status: string(a.Status), Parent: parent,
				})
			}
		}
	}
	return func(e *estate.Estate) {
		e.Organization.Root = root
		tags := map[string]estate.Tags{}
		for u := range e.Units.All() {
			tags[u.ID] = u.Tags
		}
		e.Units = estate.Table[estate.Unit]{}
		for _, u := range units {
			u.Tags = tags[u.ID]
			e.Units.Put(u)
		}
		// Accounts that left stay known, as accounts outside.
		for a := range e.Accounts.All() {
			a.Parent = ""
			e.Accounts.Put(a)
		}
		for _, a := range accounts {
			if old, ok := e.Accounts.Get(a.Key()); ok {
				a.Tags = old.Tags
			}
			e.Accounts.Put(a)
		}
	}, nil
}

// readControlPolicies reads service and resource control policies with what they
// are attached to. Which types are in force is not told: see readAccounts.
func (c *caller) readControlPolicies(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.organizations(q.Account)
	var found []estate.OrganizationPolicy
	for _, kind := range []types.PolicyType{types.PolicyTypeServiceControlPolicy, types.PolicyTypeResourceControlPolicy} {
		pages := organizations.NewListPoliciesPaginator(client, &organizations.ListPoliciesInput{Filter: kind, MaxResults: aws.Int32(organizationPage)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, s := range page.Policies {
				p, err := controlPolicy(ctx, client, s)
				if err != nil {
					return nil, err
				}
				found = append(found, p)
			}
		}
	}
	return func(e *estate.Estate) {
		tags := map[string]estate.Tags{}
		for p := range e.Policies.All() {
			tags[p.ID] = p.Tags
		}
		e.Policies = estate.Table[estate.OrganizationPolicy]{}
		for _, p := range found {
			p.Tags = tags[p.ID]
			e.Policies.Put(p)
		}
	}, nil
}

// controlPolicy is a policy with its text and its targets.
func controlPolicy(ctx context.Context, client *organizations.Client, s types.PolicySummary) (estate.OrganizationPolicy, error) {
	p := estate.OrganizationPolicy{
		ID: aws.ToString(s.Id), Name: aws.ToString(s.Name), Description: aws.ToString(s.Description), Type: string(s.Type), AWSManaged: s.AwsManaged,
	}
	out, err := client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: s.Id})
	if err != nil {
		return p, err
	}
	p.Document = aws.ToString(out.Policy.Content)
	targets := organizations.NewListTargetsForPolicyPaginator(client, &organizations.ListTargetsForPolicyInput{PolicyId: s.Id, MaxResults: aws.Int32(organizationPage)})
	for targets.HasMorePages() {
		page, err := targets.NextPage(ctx)
		if err != nil {
			return p, err
		}
		for _, t := range page.Targets {
			p.Targets = append(p.Targets, aws.ToString(t.TargetId))
		}
	}
	return p, nil
}
