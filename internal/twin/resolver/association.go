package resolver

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// standing are the associations under an index key. Those whose rule was
// unshared or is gone act as if they had been disassociated (R4.9), and go.
func standing(c *world.Call, key string) []estate.RuleAssociation {
	e := c.Estate()
	var out []estate.RuleAssociation
	var dead []string
	for a := range e.RuleAssociations.By(key) {
		r, ok := e.ResolverRules.Get(a.Rule)
		if ok && !e.Lends(r.ARN(), r.Account, a.Account) || !ok && e.Closed() {
			dead = append(dead, a.ID)
			continue
		}
		out = append(out, a)
	}
	e.RuleAssociations.Delete(dead...)
	return out
}

// associateResolverRule puts a rule into effect in a VPC of the caller's. That a
// rule which sends to an inbound endpoint of the VPC is refused was seen in
// aws-samples/aws-network-hub-for-terraform#26; AWS documents it as a loop to
// avoid (R4.7).
func associateResolverRule(_ context.Context, c *world.Call, in *sdk.AssociateResolverRuleInput) (*sdk.AssociateResolverRuleOutput, error) {
	r, err := seenRule(c, in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	v, ok := ownVPC(c, aws.ToString(in.VPCId))
	switch {
	case !ok:
		return nil, missing("VPC", aws.ToString(in.VPCId))
	case r.Status == estate.StatusDeleting:
		return nil, &types.ResourceUnavailableException{Message: text("Resolver rule '%s' is being deleted.", r.ID), ResourceType: aws.String("Resolver rule")}
	}
	for _, a := range standing(c, estate.ByVPC(v.ID)) {
		if a.Rule == r.ID {
			return nil, exists("Resolver rule association", "Resolver rule '%s' is already associated with VPC '%s'.", r.ID, v.ID)
		}
		// DELEGATE rules have no domain name (R1.16).
		if o, _ := e.ResolverRules.Get(a.Rule); !r.Domain.IsZero() && o.Domain == r.Domain {
			return nil, &world.Undocumented{Rule: "R1.15", Err: exists("Resolver rule association",
				"Cannot associate rules with same domain name with same VPC. Conflict with resolver rule '%s'", o.ID)}
		}
	}
	for p := range e.ResolverEndpoints.By(estate.ByVPC(v.ID)) {
		for _, t := range r.Targets {
			for _, a := range p.Addresses {
				if p.Direction == estate.EndpointInbound && a.IP == t.IP {
					return nil, badRequest("[RSLVR-00804] Cannot associate rule %s to VPC %s because the VPC include an INBOUND resolver endpoints with rule's target IP. "+
						"Please try a different rule or update rule's target IP.", r.ID, v.ID)
				}
			}
		}
	}
	if over(c, e.RuleAssociations.By(estate.ByRegion(c.Account(), c.Region)), e.Raised(c.Account(), estate.QuotaRuleAssociations, associationQuota)) {
		return nil, exceeded(c, "max-rule-associations")
	}
	a := estate.RuleAssociation{
		ID: newID(c, "rslvr-rrassoc", r.ID, v.ID), Rule: r.ID, VPC: v.ID, Account: c.Account(), Region: c.Region, Name: aws.ToString(in.Name), Status: estate.StatusCreating,
	}
	e.RuleAssociations.Put(a)
	c.State.Later(c.Now.Add(AssociationDelay), world.Later{Kind: world.LaterRuleAssociation, ID: a.ID, From: a.Status, To: estate.StatusComplete})
	return &sdk.AssociateResolverRuleOutput{ResolverRuleAssociation: showAssociation(a)}, nil
}

func disassociateResolverRule(_ context.Context, c *world.Call, in *sdk.DisassociateResolverRuleInput) (*sdk.DisassociateResolverRuleOutput, error) {
	if aws.ToString(in.ResolverRuleId) == internet {
		if err := allow(c, myARN(c, kindRule, internet), nil, nil); err != nil {
			return nil, err
		}
		return nil, badRequest("[RSLVR-00713] The autodefined rule cannot be disassociated.")
	}
	r, err := seenRule(c, in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	for _, a := range standing(c, estate.ByRuleVPC(r.ID, aws.ToString(in.VPCId))) {
		if _, ok := ownVPC(c, a.VPC); !ok {
			break // the rule's owner cannot take it away from VPCs of others
		}
		if a.Status == estate.StatusDeleting {
			return nil, badRequest("The association of Resolver rule '%s' with VPC '%s' is being deleted.", r.ID, a.VPC)
		}
		a.Status = estate.StatusDeleting
		c.Estate().RuleAssociations.Put(a)
		c.State.Later(c.Now.Add(AssociationDelay), world.Later{Kind: world.LaterRuleAssociation, ID: a.ID, From: a.Status})
		//lint:ignore SA4004 a rule and a VPC have one
		return &sdk.DisassociateResolverRuleOutput{ResolverRuleAssociation: showAssociation(a)}, nil
	}
	return nil, &types.ResourceNotFoundException{
		Message: text("Resolver rule '%s' is not associated with VPC '%s'.", r.ID, aws.ToString(in.VPCId)), ResourceType: aws.String("Resolver rule association"),
	}
}

func showAssociation(a estate.RuleAssociation) *types.ResolverRuleAssociation {
	return &types.ResolverRuleAssociation{
		Id: &a.ID, Name: some(a.Name), ResolverRuleId: &a.Rule, VPCId: &a.VPC, StatusMessage: aws.String(""),
		Status: types.ResolverRuleAssociationStatus(cmp.Or(a.Status, estate.StatusComplete)),
	}
}

// The associations of the rule [internet], one of each VPC (seen where the rule
// was).
const (
	internetPrefix, internetSuffix = "rslvr-autodefined-assoc-", "-internet-resolver"
	internetAssociation            = "System Rule Association"
)

func showInternetAssociation(v estate.VPC) types.ResolverRuleAssociation {
	return types.ResolverRuleAssociation{
		Id: aws.String(internetPrefix + v.ID + internetSuffix), Name: aws.String(internetAssociation), ResolverRuleId: aws.String(internet), VPCId: &v.ID,
		Status: types.ResolverRuleAssociationStatusComplete, StatusMessage: aws.String(""),
	}
}

func getResolverRuleAssociation(_ context.Context, c *world.Call, in *sdk.GetResolverRuleAssociationInput) (*sdk.GetResolverRuleAssociationOutput, error) {
	id := aws.ToString(in.ResolverRuleAssociationId)
	a, ok := c.Estate().RuleAssociations.Get(id)
	_, mine := ownVPC(c, a.VPC)
	resource := myARN(c, kindRule, "*")
	if r, there := c.Estate().ResolverRules.Get(a.Rule); ok && mine && there {
		resource = r.ARN()
	}
	if err := allow(c, resource, nil, nil); err != nil {
		return nil, err
	}
	if vpc, found := strings.CutPrefix(id, internetPrefix); found {
		if v, ok := ownVPC(c, strings.TrimSuffix(vpc, internetSuffix)); ok {
			out := showInternetAssociation(v)
			return &sdk.GetResolverRuleAssociationOutput{ResolverRuleAssociation: &out}, nil
		}
	}
	if ok && mine {
		for _, a := range standing(c, estate.ByRuleVPC(a.Rule, a.VPC)) {
			if a.ID == id {
				return &sdk.GetResolverRuleAssociationOutput{ResolverRuleAssociation: showAssociation(a)}, nil
			}
		}
	}
	return nil, missing("Resolver rule association", id)
}

// listResolverRuleAssociations lists those of the caller's VPCs; an owner does
// not see the consumers'.
func listResolverRuleAssociations(_ context.Context, c *world.Call, in *sdk.ListResolverRuleAssociationsInput) (*sdk.ListResolverRuleAssociationsOutput, error) {
	if err := allow(c, myARN(c, kindRule, "*"), nil, nil); err != nil {
		return nil, err
	}
	var all []types.ResolverRuleAssociation
	for v := range c.Estate().VPCs.By(estate.ByRegion(c.Account(), c.Region)) {
		all = append(all, showInternetAssociation(v))
	}
	for _, a := range standing(c, estate.ByRegion(c.Account(), c.Region)) {
		all = append(all, *showAssociation(a))
	}
	all, err := filtered(all, in.Filters, func(a types.ResolverRuleAssociation) attributes {
		return attributes{"name": opt(a.Name), "resolverruleid": opt(a.ResolverRuleId), "status": one(a.Status), "vpcid": opt(a.VPCId)}
	})
	if err != nil {
		return nil, err
	}
	list, next, err := page(all, func(a types.ResolverRuleAssociation) string { return *a.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListResolverRuleAssociationsOutput{ResolverRuleAssociations: list, NextToken: next, MaxResults: in.MaxResults}, err
}
