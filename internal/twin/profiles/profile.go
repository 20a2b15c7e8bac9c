package profiles

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53profiles"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// createProfile makes a Profile; the same token again is the same request.
func createProfile(_ context.Context, c *world.Call, in *sdk.CreateProfileInput) (*sdk.CreateProfileOutput, error) {
	tags := tagsOf(in.Tags)
	if err := allow(c, arn(c, "profile", "*"), nil, tags); err != nil {
		return nil, err
	}
	key := string(c.Account()) + "/" + string(c.Region) + "/" + aws.ToString(in.ClientToken)
	if id, ok := tokens.Get(c.State, key); ok {
		p, stands := c.Estate().Profiles.Get(id)
		if !stands || p.Name != aws.ToString(in.Name) {
			return nil, invalid("ClientToken", "The client token was used before with other parameters.")
		}
		return &sdk.CreateProfileOutput{Profile: show(c, p)}, nil
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	quota := c.Estate().Raised(c.Account(), estate.QuotaProfiles, profileQuota)
	if over(c, c.Estate().Profiles.By(estate.ByRegion(c.Account(), c.Region)), quota) {
		return nil, exceeded("profile", quota)
	}
	p := estate.Profile{ID: newID(c, "rp", aws.ToString(in.Name)), Account: c.Account(), Region: c.Region, Name: aws.ToString(in.Name), Status: estate.StatusComplete, Tags: tags}
	p.ARN = arn(c, "profile", p.ID)
	c.Estate().Profiles.Put(p)
	remember(c, p.ID, aws.ToString(in.ClientToken))
	tokens.Put(c.State, key, p.ID)
	return &sdk.CreateProfileOutput{Profile: show(c, p)}, nil
}

// seen asks for the permission to do the operation on a Profile, and finds it:
// the caller's own, or one that is shared with it.
func seen(c *world.Call, id *string, given estate.Tags) (estate.Profile, error) {
	p, ok := c.Estate().Profiles.Get(aws.ToString(id))
	ok = ok && p.Region == c.Region && c.Lent(p.ARN, p.Account)
	resource := arn(c, "profile", aws.ToString(id))
	var tags estate.Tags
	if ok {
		if resource = p.ARN; p.Account == c.Account() {
			tags = p.Tags
		}
	}
	if err := allow(c, resource, tags, given); err != nil {
		return p, err
	}
	if !ok {
		return p, missing("profile", aws.ToString(id))
	}
	return p, nil
}

func shareStatus(c *world.Call, p estate.Profile) types.ShareStatus {
	switch {
	case p.Account != c.Account():
		return types.ShareStatusSharedWithMe
	case c.IsShared(p.ARN, p.Account):
		return types.ShareStatusSharedByMe
	}
	return types.ShareStatusNotShared
}

func show(c *world.Call, p estate.Profile) *types.Profile {
	m, _ := moreTable.Get(c.State, p.ID)
	return &types.Profile{
		Arn: &p.ARN, ClientToken: &m.token, CreationTime: at(m.created), Id: &p.ID, ModificationTime: at(m.modified), Name: &p.Name,
		OwnerId: aws.String(string(p.Account)), ShareStatus: shareStatus(c, p), Status: types.ProfileStatus(p.Status), StatusMessage: text("Profile is %s.", p.Status),
	}
}

func getProfile(_ context.Context, c *world.Call, in *sdk.GetProfileInput) (*sdk.GetProfileOutput, error) {
	p, err := seen(c, in.ProfileId, nil)
	if err != nil {
		return nil, err
	}
	return &sdk.GetProfileOutput{Profile: show(c, p)}, nil
}

func listProfiles(_ context.Context, c *world.Call, in *sdk.ListProfilesInput) (*sdk.ListProfilesOutput, error) {
	if err := allow(c, arn(c, "profile", "*"), nil, nil); err != nil {
		return nil, err
	}
	e := c.Estate()
	all := slices.Collect(e.Profiles.By(estate.ByRegion(c.Account(), c.Region)))
	if e.Closed() {
		for _, a := range c.Shared("route53profiles", "profile/") {
			if p, ok := e.Profiles.Get(a[strings.LastIndexByte(a, '/')+1:]); ok {
				all = append(all, p)
			}
		}
	} else { // shares that were not read may lend what is seen
		for p := range e.Profiles.All() {
			if p.Account != c.Account() && p.Region == c.Region && c.Lent(p.ARN, p.Account) {
				all = append(all, p)
			}
		}
	}
	var out []types.ProfileSummary
	for _, p := range all {
		s := show(c, p)
		out = append(out, types.ProfileSummary{Arn: s.Arn, Id: s.Id, Name: s.Name, ShareStatus: s.ShareStatus})
	}
	list, next, err := page(out, func(p types.ProfileSummary) string { return *p.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListProfilesOutput{ProfileSummaries: list, NextToken: next}, err
}

// deleteProfile drops the resource associations, too (R2.11). VPCs must have
// been disassociated before (API_route53profiles_DeleteProfile).
func deleteProfile(_ context.Context, c *world.Call, in *sdk.DeleteProfileInput) (*sdk.DeleteProfileOutput, error) {
	p, err := seen(c, in.ProfileId, nil)
	if err != nil {
		return nil, err
	}
	if p.Account != c.Account() {
		return nil, notPermitted("Profile %s can be deleted by its owner alone.", p.ID)
	}
	if len(standing(c, estate.ByProfile(p.ID))) > 0 {
		return nil, conflict("Profile %s is associated with VPCs. Disassociate it from all VPCs before you delete it.", p.ID)
	}
	e := c.Estate()
	for _, r := range slices.Collect(e.ProfileResources.By(estate.ByProfile(p.ID))) {
		e.ProfileResources.Delete(r.ID)
		moreTable.Delete(c.State, r.ID)
	}
	out := show(c, p)
	out.Status, out.StatusMessage = types.ProfileStatusDeleted, aws.String("Profile is DELETED.")
	e.Profiles.Delete(p.ID)
	m, _ := moreTable.Get(c.State, p.ID)
	tokens.Delete(c.State, string(c.Account())+"/"+string(c.Region)+"/"+m.token)
	moreTable.Delete(c.State, p.ID)
	return &sdk.DeleteProfileOutput{Profile: out}, nil
}
