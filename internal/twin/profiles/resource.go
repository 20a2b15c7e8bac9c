package profiles

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53profiles"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Priorities of a DNS Firewall rule group in a Profile
// (API_route53profiles_AssociateResourceToProfile).
const (
	leastPriority = 100
	mostPriority  = 9900
)

// changeable refuses to change the resources of somebody else's Profile without
// a customer-managed permission for the operation (R2.10; the code is our
// reading, T51).
func changeable(c *world.Call, p estate.Profile) error {
	if p.Account == c.Account() || c.MayShared(p.ARN, "route53profiles:"+c.Operation) {
		return nil
	}
	return &world.Undocumented{Rule: "R2.10", Err: notPermitted(
		"Profile %s of account %s is shared with you without the permission route53profiles:%s.", p.ID, p.Account, c.Operation)}
}

// find tells what kind of resource an ARN names, if it is the caller's and can be
// in a Profile of the Region (R2.1, R2.3); a zone has its name, and no Region.
func find(c *world.Call, resource string) (kind string, zone dnsname.Name, err error) {
	e := c.Estate()
	id := resource[strings.LastIndexByte(resource, '/')+1:]
	here := func(account estate.AccountID, region estate.Region) bool {
		return account == c.Account() && region == c.Region
	}
	not := missing("resource", resource)
	switch {
	case strings.HasPrefix(resource, "arn:aws:route53:::hostedzone/"):
		z, ok := e.Zones.Get(id)
		switch {
		case !ok || z.Account != c.Account():
			return "", zone, not
		case !z.Private:
			return "", zone, invalid("ResourceArn", "%s is a public hosted zone; a Profile carries private ones.", resource)
		}
		return estate.ProfileZone, z.Name, nil
	case strings.Contains(resource, ":resolver-rule/"):
		r, ok := e.ResolverRules.Get(id)
		switch {
		case !ok || r.ARN() != resource || !here(r.Account, r.Region):
			return "", zone, not
		case r.Type == estate.RuleDelegate:
			return "", zone, &world.Undocumented{Rule: "R2.1", Err: invalid("ResourceArn", "%s is a DELEGATE rule; a Profile carries FORWARD and SYSTEM rules.", resource)}
		}
		return estate.ProfileRule, zone, nil
	case strings.Contains(resource, ":firewall-rule-group/"):
		if g, ok := e.FirewallGroups.Get(id); !ok || g.ARN() != resource || !here(g.Account, g.Region) {
			return "", zone, not
		}
		return estate.ProfileFirewallGroup, zone, nil
	case strings.Contains(resource, ":resolver-query-log-config/"):
		if q, ok := e.QueryLogConfigs.Get(id); !ok || q.ARN() != resource || !here(q.Account, q.Region) {
			return "", zone, not
		}
		return estate.ProfileQueryLog, zone, nil
	case strings.Contains(resource, ":vpc-endpoint/"):
		v, ok := e.Endpoints.Get(id)
		switch {
		case !ok || v.ARN() != resource || !here(v.Account, v.Region):
			return "", zone, not
		case v.Type != estate.EndpointInterface:
			return "", zone, invalid("ResourceArn", "%s is no interface endpoint.", resource)
		case !v.PrivateDNS:
			return "", zone, &world.Undocumented{Rule: "R2.12", Err: invalid("ResourceArn", "%s does not have private DNS enabled.", resource)}
		}
		return estate.ProfileEndpoint, zone, nil
	}
	return "", zone, invalid("ResourceArn", "%s is nothing that a Profile carries.", resource)
}

// priority reads the resource properties: a rule group has a priority, nothing
// else has any.
func priority(kind string, properties *string) (int32, error) {
	if kind != estate.ProfileFirewallGroup {
		if s := strings.TrimSpace(aws.ToString(properties)); s != "" && s != "{}" {
			return 0, invalid("ResourceProperties", "Only a DNS Firewall rule group has resource properties.")
		}
		return 0, nil
	}
	var p struct {
		Priority *int32 `json:"priority"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(properties)), &p); err != nil || p.Priority == nil || *p.Priority < leastPriority || *p.Priority > mostPriority {
		return 0, invalid("ResourceProperties", `A DNS Firewall rule group needs a priority between %d and %d: {"priority":%[1]d}.`, leastPriority, mostPriority)
	}
	return *p.Priority, nil
}

func associateResourceToProfile(_ context.Context, c *world.Call, in *sdk.AssociateResourceToProfileInput) (*sdk.AssociateResourceToProfileOutput, error) {
	p, err := seen(c, in.ProfileId, nil)
	if err != nil {
		return nil, err
	}
	if err := changeable(c, p); err != nil {
		return nil, err
	}
	kind, zone, err := find(c, aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	r := estate.ProfileResource{Profile: p.ID, ARN: *in.ResourceArn, Type: kind, Name: aws.ToString(in.Name), Status: estate.StatusCreating}
	if r.Priority, err = priority(kind, in.ResourceProperties); err != nil {
		return nil, err
	}
	e, same := c.Estate(), 0
	for o := range e.ProfileResources.By(estate.ByProfile(p.ID)) {
		if o.Type != kind {
			continue
		}
		same++
		z, _ := e.Zones.Get(o.ARN[strings.LastIndexByte(o.ARN, '/')+1:])
		switch {
		case o.ARN == r.ARN:
			return nil, conflict("%s is already associated with Profile %s.", r.ARN, p.ID)
		case kind == estate.ProfileZone && z.Name == zone:
			return nil, &world.Undocumented{Rule: "R2.7", Err: conflict("Profile %s has the private hosted zone %s of the same name %s.", p.ID, z.ID, zone)}
		case kind == estate.ProfileFirewallGroup && o.Priority == r.Priority:
			return nil, &world.Undocumented{Rule: "profiles.priority", Err: conflict("Profile %s has a rule group with the priority %d.", p.ID, r.Priority)}
		}
	}
	if quota, ok := resourceQuota[kind]; ok && c.World.Limits {
		if quota = e.Raised(p.Account, raisedQuota[kind], quota); same >= quota {
			return nil, exceeded(kind, quota)
		}
	}
	r.ID = newID(c, "rpr", p.ID, r.ARN)
	e.ProfileResources.Put(r)
	remember(c, r.ID, "")
	c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterProfileResource, ID: r.ID, From: r.Status, To: estate.StatusComplete})
	return &sdk.AssociateResourceToProfileOutput{ProfileResourceAssociation: showResource(c, r)}, nil
}

// owner is whose resource an association has.
func owner(c *world.Call, r estate.ProfileResource) string {
	if m, ok := moreTable.Get(c.State, r.ID); ok {
		return string(m.owner)
	}
	if p := strings.SplitN(r.ARN, ":", 6); len(p) == 6 && p[4] != "" {
		return p[4]
	}
	z, _ := c.Estate().Zones.Get(r.ARN[strings.LastIndexByte(r.ARN, '/')+1:])
	return string(z.Account)
}

// showResource leaves out the properties that AWS tells of an endpoint (service
// and zones): Terraform's provider 5.100 takes them for a change that it did not
// make (hashicorp/terraform-provider-aws#43494).
func showResource(c *world.Call, r estate.ProfileResource) *types.ProfileResourceAssociation {
	m, _ := moreTable.Get(c.State, r.ID)
	out := &types.ProfileResourceAssociation{
		Id: &r.ID, Name: &r.Name, ProfileId: &r.Profile, ResourceArn: &r.ARN, ResourceType: &r.Type, Status: types.ProfileStatus(r.Status),
		StatusMessage: text("Resource association is %s.", r.Status), CreationTime: at(m.created), ModificationTime: at(m.modified),
	}
	if id := owner(c, r); id != "" {
		out.OwnerId = &id
	}
	if r.Type == estate.ProfileFirewallGroup {
		out.ResourceProperties = text(`{"priority":%d}`, r.Priority)
	}
	return out
}

func disassociateResourceFromProfile(_ context.Context, c *world.Call, in *sdk.DisassociateResourceFromProfileInput) (*sdk.DisassociateResourceFromProfileOutput, error) {
	p, err := seen(c, in.ProfileId, nil)
	if err != nil {
		return nil, err
	}
	if err := changeable(c, p); err != nil {
		return nil, err
	}
	for r := range c.Estate().ProfileResources.By(estate.ByProfile(p.ID)) {
		if r.ARN != aws.ToString(in.ResourceArn) {
			continue
		}
		if r.Status != estate.StatusDeleting {
			r.Status = estate.StatusDeleting
			c.Estate().ProfileResources.Put(r)
			c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterProfileResource, ID: r.ID, From: r.Status})
		}
		return &sdk.DisassociateResourceFromProfileOutput{ProfileResourceAssociation: showResource(c, r)}, nil
	}
	return nil, missing("resource association", aws.ToString(in.ResourceArn))
}

// seenResource asks for the permission to do the operation on a resource
// association, and finds it: whoever sees a Profile sees them all.
func seenResource(c *world.Call, id *string) (estate.ProfileResource, estate.Profile, error) {
	r, ok := c.Estate().ProfileResources.Get(aws.ToString(id))
	p, there := c.Estate().Profiles.Get(r.Profile)
	ok = ok && there && p.Region == c.Region && c.Lent(p.ARN, p.Account)
	resource := arn(c, "profile", "*")
	if ok {
		resource = p.ARN
	}
	if err := allow(c, resource, nil, nil); err != nil {
		return r, p, err
	}
	if !ok {
		return r, p, missing("resource association", aws.ToString(id))
	}
	return r, p, nil
}

func getProfileResourceAssociation(_ context.Context, c *world.Call, in *sdk.GetProfileResourceAssociationInput) (*sdk.GetProfileResourceAssociationOutput, error) {
	r, _, err := seenResource(c, in.ProfileResourceAssociationId)
	if err != nil {
		return nil, err
	}
	return &sdk.GetProfileResourceAssociationOutput{ProfileResourceAssociation: showResource(c, r)}, nil
}

func listProfileResourceAssociations(_ context.Context, c *world.Call, in *sdk.ListProfileResourceAssociationsInput) (*sdk.ListProfileResourceAssociationsOutput, error) {
	p, err := seen(c, in.ProfileId, nil)
	if err != nil {
		return nil, err
	}
	var all []types.ProfileResourceAssociation
	for r := range c.Estate().ProfileResources.By(estate.ByProfile(p.ID)) {
		if in.ResourceType == nil || *in.ResourceType == r.Type {
			all = append(all, *showResource(c, r))
		}
	}
	list, next, err := page(all, func(r types.ProfileResourceAssociation) string { return *r.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListProfileResourceAssociationsOutput{ProfileResourceAssociations: list, NextToken: next}, err
}

// updateProfileResourceAssociation changes a name or priority; the resource
// stays in effect meanwhile.
func updateProfileResourceAssociation(_ context.Context, c *world.Call, in *sdk.UpdateProfileResourceAssociationInput) (*sdk.UpdateProfileResourceAssociationOutput, error) {
	r, p, err := seenResource(c, in.ProfileResourceAssociationId)
	if err != nil {
		return nil, err
	}
	if err := changeable(c, p); err != nil {
		return nil, err
	}
	if r.Status != estate.StatusComplete {
		return nil, conflict("The resource association %s is %s.", r.ID, r.Status)
	}
	if in.ResourceProperties != nil {
		if r.Priority, err = priority(r.Type, in.ResourceProperties); err != nil {
			return nil, err
		}
	}
	if in.Name != nil {
		r.Name = *in.Name
	}
	c.Estate().ProfileResources.Put(r)
	if m, ok := moreTable.Get(c.State, r.ID); ok {
		m.modified = c.Now
		moreTable.Put(c.State, r.ID, m)
	}
	return &sdk.UpdateProfileResourceAssociationOutput{ProfileResourceAssociation: showResource(c, r)}, nil
}
