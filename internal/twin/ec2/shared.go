package ec2

import (
	"cmp"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// A participant, with whom subnets are shared, sees these and their VPC with its
// attributes, route table, network ACL and internet gateway, and can change none
// of them; it may have security groups in the VPC.
// The owner's tags are not shared (VPC User Guide,
// vpc-sharing-permissions.html); tags that a participant puts on are seen by
// itself alone.

// participantTags are tags by participants, by account and identifier.
var participantTags = world.Private[estate.Tags]{Name: "ec2.participantTags"}

func participant(c *world.Call, id string) string { return string(c.Account()) + "/" + id }

// sharedSubnets are the subnets of others that the caller may use.
func sharedSubnets(c *world.Call) []estate.Subnet {
	var out []estate.Subnet
	for _, arn := range c.Shared("ec2", "subnet/") {
		if s, ok := c.Estate().Subnets.Get(arn[strings.LastIndexByte(arn, '/')+1:]); ok {
			s.Tags, _ = participantTags.Get(c.State, participant(c, s.ID))
			out = append(out, s)
		}
	}
	return out
}

// sharedVPCs are the VPCs of these.
func sharedVPCs(c *world.Call) []estate.VPC {
	var out []estate.VPC
	for _, s := range sharedSubnets(c) {
		if slices.ContainsFunc(out, func(v estate.VPC) bool { return v.ID == s.VPC }) {
			continue
		}
		if v, ok := c.Estate().VPCs.Get(s.VPC); ok {
			v.Tags, _ = participantTags.Get(c.State, participant(c, v.ID))
			out = append(out, v)
		}
	}
	// What orgdns has read of an estate says who takes part, not by which share.
	for v := range c.Estate().VPCs.By(estate.ByParticipant(c.Account(), c.Region)) {
		if !slices.ContainsFunc(out, func(o estate.VPC) bool { return o.ID == v.ID }) {
			v.Tags, _ = participantTags.Get(c.State, participant(c, v.ID))
			out = append(out, v)
		}
	}
	return out
}

// visibleSubnets are those of the caller and those shared with it, in the order
// of their identifiers.
func visibleSubnets(c *world.Call) []estate.Subnet {
	all := append(slices.Collect(c.Estate().Subnets.By(estate.ByRegion(c.Account(), c.Region))), sharedSubnets(c)...)
	slices.SortFunc(all, func(a, b estate.Subnet) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// visibleVPCs are those of the caller, and those with subnets shared with it.
func visibleVPCs(c *world.Call) []estate.VPC {
	all := append(vpcsOf(c), sharedVPCs(c)...)
	slices.SortFunc(all, func(a, b estate.VPC) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// seenVPC finds a VPC of the caller's, or one with a subnet shared with it.
func seenVPC(c *world.Call, id string) (estate.VPC, error) {
	for _, v := range sharedVPCs(c) {
		if v.ID == id {
			return v, nil
		}
	}
	return findVPC(c, id)
}

// tagsBy are the tags of what comes with a VPC, which its owner sees.
func tagsBy(c *world.Call, owner, id string) estate.Tags {
	if owner != string(c.Account()) {
		return nil
	}
	return tagsOf(c, id)
}

// sharedGateways are the internet gateways of VPCs that are shared.
func sharedGateways(c *world.Call) []gateway {
	var out []gateway
	for _, v := range sharedVPCs(c) {
		gatewayTable.Walk(c.State, string(v.Account)+"/"+string(v.Region)+"/", func(_ string, g gateway) bool {
			if g.VPC == v.ID {
				out = append(out, g)
			}
			return true
		})
	}
	return out
}

// gatewayOwner is the account of an internet gateway.
func gatewayOwner(c *world.Call, g gateway) string {
	if _, err := findGateway(c, g.ID); err == nil {
		return string(c.Account())
	}
	v, _ := c.Estate().VPCs.Get(g.VPC)
	return string(v.Account)
}

// notOwner refuses a participant's change; the code is our reading.
func notOwner(noun, id string) error {
	return fail("OperationNotPermitted", "You are not the owner of the %s '%s', which is shared with you.", noun, id)
}
