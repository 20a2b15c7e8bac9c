package profiles

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53profiles"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// standing are the associations with VPCs under an index key. Those whose
// Profile was unshared or is gone act no more (R2.9), and go.
func standing(c *world.Call, key string) []estate.ProfileAssociation {
	e := c.Estate()
	var out []estate.ProfileAssociation
	var dead []string
	for a := range e.ProfileAssociations.By(key) {
		p, ok := e.Profiles.Get(a.Profile)
		if ok && !e.Lends(p.ARN, p.Account, a.Account) || !ok && e.Closed() {
			dead = append(dead, a.ID)
			continue
		}
		out = append(out, a)
	}
	e.ProfileAssociations.Delete(dead...)
	return out
}

// vpcOf finds a VPC of the caller's in the Region, by its ID or ARN.
func vpcOf(c *world.Call, id *string) (estate.VPC, error) {
	s := aws.ToString(id)
	v, ok := c.Estate().VPCs.Get(s[strings.LastIndexByte(s, '/')+1:])
	if !ok || v.Account != c.Account() || v.Region != c.Region {
		return v, missing("vpc", s)
	}
	return v, nil
}

// associateProfile puts a Profile into effect in a VPC, which has one at most
// (R2.3; the code is our reading).
func associateProfile(_ context.Context, c *world.Call, in *sdk.AssociateProfileInput) (*sdk.AssociateProfileOutput, error) {
	tags := tagsOf(in.Tags)
	p, err := seen(c, in.ProfileId, tags)
	if err != nil {
		return nil, err
	}
	v, err := vpcOf(c, in.ResourceId)
	if err != nil {
		return nil, err
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	for _, a := range standing(c, estate.ByVPC(v.ID)) {
		if a.Profile == p.ID {
			return nil, &types.ResourceExistsException{Message: text("Profile %s is already associated with %s.", p.ID, v.ID), ResourceType: aws.String("profile-association")}
		}
		//lint:ignore SA4004 a VPC has one
		return nil, conflict("%s is already associated with Profile %s; a VPC has one Profile.", v.ID, a.Profile)
	}
	quota := c.Estate().Raised(p.Account, estate.QuotaVPCsPerProfile, vpcQuota)
	if over(c, c.Estate().ProfileAssociations.By(estate.ByProfile(p.ID)), quota) {
		return nil, exceeded("profile-association", quota)
	}
	a := estate.ProfileAssociation{
		ID: newID(c, "rpassoc", p.ID, v.ID), Profile: p.ID, VPC: v.ID, Account: c.Account(), Region: c.Region, Name: aws.ToString(in.Name), Status: estate.StatusCreating, Tags: tags,
	}
	c.Estate().ProfileAssociations.Put(a)
	remember(c, a.ID, "")
	c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterProfileAssociation, ID: a.ID, From: a.Status, To: estate.StatusComplete})
	return &sdk.AssociateProfileOutput{ProfileAssociation: showAssociation(c, a)}, nil
}

// messages are what AWS says of associations on their way
// (API_route53profiles_AssociateProfile, the example).
var messages = map[string]string{
	estate.StatusCreating: "Creating Profile Association", estate.StatusDeleting: "Deleting Profile Association", estate.StatusComplete: "Created Profile Association",
}

func showAssociation(c *world.Call, a estate.ProfileAssociation) *types.ProfileAssociation {
	m, _ := moreTable.Get(c.State, a.ID)
	return &types.ProfileAssociation{
		Id: &a.ID, Name: &a.Name, OwnerId: aws.String(string(a.Account)), ProfileId: &a.Profile, ResourceId: &a.VPC, Status: types.ProfileStatus(a.Status),
		StatusMessage: aws.String(messages[a.Status]), CreationTime: at(m.created), ModificationTime: at(m.modified),
	}
}

func disassociateProfile(_ context.Context, c *world.Call, in *sdk.DisassociateProfileInput) (*sdk.DisassociateProfileOutput, error) {
	p, err := seen(c, in.ProfileId, nil)
	if err != nil {
		return nil, err
	}
	v, err := vpcOf(c, in.ResourceId)
	if err != nil {
		return nil, err
	}
	for _, a := range standing(c, estate.ByVPC(v.ID)) {
		if a.Profile != p.ID {
			continue
		}
		if a.Status != estate.StatusDeleting {
			a.Status = estate.StatusDeleting
			c.Estate().ProfileAssociations.Put(a)
			c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterProfileAssociation, ID: a.ID, From: a.Status})
		}
		return &sdk.DisassociateProfileOutput{ProfileAssociation: showAssociation(c, a)}, nil
	}
	return nil, missing("profile-association", p.ID+" "+v.ID)
}

// getProfileAssociation shows an association of the caller's own VPCs.
func getProfileAssociation(_ context.Context, c *world.Call, in *sdk.GetProfileAssociationInput) (*sdk.GetProfileAssociationOutput, error) {
	id := aws.ToString(in.ProfileAssociationId)
	a, ok := c.Estate().ProfileAssociations.Get(id)
	ok = ok && a.Account == c.Account() && a.Region == c.Region
	var tags estate.Tags
	if ok {
		tags = a.Tags
	}
	if err := allow(c, arn(c, "profile-association", id), tags, nil); err != nil {
		return nil, err
	}
	if ok {
		for _, a := range standing(c, estate.ByVPC(a.VPC)) {
			if a.ID == id {
				return &sdk.GetProfileAssociationOutput{ProfileAssociation: showAssociation(c, a)}, nil
			}
		}
	}
	return nil, missing("profile-association", id)
}

// listProfileAssociations lists those of the caller's own VPCs: an owner does
// not see those of consumers (R2.11).
func listProfileAssociations(_ context.Context, c *world.Call, in *sdk.ListProfileAssociationsInput) (*sdk.ListProfileAssociationsOutput, error) {
	if err := allow(c, arn(c, "profile-association", "*"), nil, nil); err != nil {
		return nil, err
	}
	var all []types.ProfileAssociation
	for _, a := range standing(c, estate.ByRegion(c.Account(), c.Region)) {
		if (in.ProfileId == nil || *in.ProfileId == a.Profile) && (in.ResourceId == nil || *in.ResourceId == a.VPC) {
			all = append(all, *showAssociation(c, a))
		}
	}
	list, next, err := page(all, func(a types.ProfileAssociation) string { return *a.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListProfileAssociationsOutput{ProfileAssociations: list, NextToken: next}, err
}
