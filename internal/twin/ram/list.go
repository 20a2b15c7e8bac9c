package ram

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func resources(s estate.Share) []types.Resource {
	out := []types.Resource{}
	for _, m := range s.Resources {
		k, _ := estate.ShareKindOf(m.ID)
		out = append(out, types.Resource{
			Arn: &m.ID, Type: &k.Name, ResourceShareArn: &s.ARN, Status: types.ResourceStatusAvailable,
			CreationTime: &m.Since, LastUpdatedTime: &m.Since, ResourceRegionScope: types.ResourceRegionScopeRegional,
		})
	}
	return out
}

func resourceKey(r types.Resource) string { return *r.ResourceShareArn + " " + *r.Arn }

// knownType refuses a type of resource that RAM does not know.
func knownType(name *string) error {
	if name == nil || slices.ContainsFunc(estate.ShareKinds, func(k estate.ShareKind) bool { return k.Name == *name }) {
		return nil
	}
	return &types.InvalidResourceTypeException{Message: text("The resource type %s is not known.", *name)}
}

// listResources lists what the caller shares, or what is shared with it
// (API_ListResources).
func listResources(_ context.Context, c *world.Call, in *ram.ListResourcesInput) (*ram.ListResourcesOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	if err := knownType(in.ResourceType); err != nil {
		return nil, err
	}
	all := []types.Resource{}
	for _, s := range sharesOf(c, in.ResourceOwner) {
		_, reaches := estate.ShareMemberIn(s.Principals, aws.ToString(in.Principal))
		if in.ResourceOwner == types.ResourceOwnerOtherAccounts {
			reaches = string(s.Account) == aws.ToString(in.Principal)
		}
		if !wanted(in.ResourceShareArns, s.ARN) || in.Principal != nil && !reaches {
			continue
		}
		for _, r := range resources(s) {
			m, _ := estate.ShareMemberIn(s.Resources, *r.Arn)
			if in.ResourceOwner == types.ResourceOwnerOtherAccounts && !world.Works(m, c.Now) {
				continue
			}
			if wanted(in.ResourceArns, *r.Arn) && (in.ResourceType == nil || *in.ResourceType == *r.Type) && in.ResourceRegionScope != types.ResourceRegionScopeFilterGlobal {
				all = append(all, r)
			}
		}
	}
	list, next, err := page(all, resourceKey, in.MaxResults, in.NextToken)
	return &ram.ListResourcesOutput{Resources: list, NextToken: next}, err
}

// listPrincipals lists whom the caller shares with, or who shares with it
// (API_ListPrincipals).
func listPrincipals(_ context.Context, c *world.Call, in *ram.ListPrincipalsInput) (*ram.ListPrincipalsOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	if err := knownType(in.ResourceType); err != nil {
		return nil, err
	}
	all := []types.Principal{}
	for _, s := range sharesOf(c, in.ResourceOwner) {
		holds := slices.ContainsFunc(resources(s), func(r types.Resource) bool {
			return (in.ResourceArn == nil || *in.ResourceArn == *r.Arn) && (in.ResourceType == nil || *in.ResourceType == *r.Type)
		})
		if !wanted(in.ResourceShareArns, s.ARN) || !holds && (in.ResourceArn != nil || in.ResourceType != nil) {
			continue
		}
		principals := s.Principals
		if in.ResourceOwner == types.ResourceOwnerOtherAccounts {
			principals = []estate.ShareMember{{ID: string(s.Account), Since: s.Created, External: !inside(c, s.Account)}}
		}
		for _, p := range principals {
			if wanted(in.Principals, p.ID) {
				all = append(all, types.Principal{Id: &p.ID, ResourceShareArn: &s.ARN, External: &p.External, CreationTime: &p.Since, LastUpdatedTime: &p.Since})
			}
		}
	}
	list, next, err := page(all, func(p types.Principal) string { return *p.ResourceShareArn + " " + *p.Id }, in.MaxResults, in.NextToken)
	return &ram.ListPrincipalsOutput{Principals: list, NextToken: next}, err
}

// inside reports whether an account is in the caller's organization.
func inside(c *world.Call, account estate.AccountID) bool {
	e := c.Estate()
	return e.Path(string(account)) != nil && e.Path(string(c.Account())) != nil
}
