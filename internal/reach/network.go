package reach

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/estate"
)

// network asks the estate for what decides about a way.
type network struct{ e estate.Estate }

// known reports whether what the estate does not hold of a query is absent.
func (n network) known(kind estate.QueryKind, a estate.AccountID, r estate.Region) bool {
	return n.e.Closed() || n.e.Answered(estate.Query{Kind: kind, Account: a, Region: r})
}

// unread is the break of a query without an answer.
func unread(e estate.Estate, q estate.Query, resource, text string) *Break {
	b := &Break{
		Code: Unread, Resource: resource, Account: q.Account, Region: q.Region, Query: &q,
		Text: fmt.Sprintf("%s: %s was not read in account %s", text, q.Kind, q.Account),
		Hint: fmt.Sprintf("let orgdns read %s in account %s, %s", q.Kind, q.Account, q.Region),
	}
	if a, ok := e.Asked(q); ok && a.Code != "" {
		b.Text += " (" + a.Code + ")"
	}
	return b
}

// unread is the break of a query about a VPC's own account.
func (n network) unread(kind estate.QueryKind, v estate.VPC, resource, text string) *Break {
	return unread(n.e, estate.Query{Kind: kind, Account: v.Account, Region: v.Region}, resource, text)
}

// place is a range of addresses in a VPC, and the subnet that has them, where
// that is known.
type place struct {
	vpc    estate.VPC
	subnet estate.Subnet
	at     netip.Prefix
}

// String is how a place is named in sentences.
func (p place) String() string {
	if p.subnet.ID == "" {
		return "VPC " + p.vpc.ID
	}
	return "subnet " + p.subnet.ID
}

// shown is the range of the VPC that holds the place: what routes and rules of
// the other side should name.
func (p place) shown() netip.Prefix {
	for _, c := range p.vpc.CIDRs {
		if c.Addr().Is4() == p.at.Addr().Is4() && inside(p.at, c) {
			return c
		}
	}
	return p.at
}

// subnets of a VPC, in order of ID.
func (n network) subnets(vpc string) []estate.Subnet {
	return slices.Collect(n.e.Subnets.By(estate.ByVPC(vpc)))
}

// starts are the places of a VPC from which connections are made, one a subnet
// and family, or the whole VPC where it has no subnets. Subnets that lead
// nowhere while others do are isolated and not counted, unless they are among
// those that are asked for.
func (n network) starts(v estate.VPC, only []string) (list []place, isolated []string, stop *Break) {
	subnets := n.subnets(v.ID)
	if len(subnets) == 0 {
		if !n.known(estate.QuerySubnets, v.Account, v.Region) {
			return nil, nil, n.unread(estate.QuerySubnets, v, v.ID, "the subnets of VPC "+v.ID+" are not known")
		}
		for _, c := range v.CIDRs {
			list = append(list, place{vpc: v, at: c})
		}
		return list, nil, nil
	}
	var alone []place
	for _, s := range subnets {
		if len(only) > 0 && !slices.Contains(only, s.ID) {
			continue
		}
		var here []place
		for _, c := range v.CIDRs {
			if c.Addr().Is6() {
				here = append(here, place{v, s, c})
			}
		}
		if s.CIDR.IsValid() {
			here = append(here, place{v, s, s.CIDR})
		}
		if t, b := n.table(v, s.ID); len(only) == 0 && b == nil && !outward(t) {
			alone, isolated = append(alone, here...), append(isolated, s.ID)
			continue
		}
		list = append(list, here...)
	}
	if len(list) == 0 { // then none is kept apart from the others
		return alone, nil, nil
	}
	return list, isolated, nil
}

// outward reports whether a table has a route that leaves the VPC. Gateway
// endpoints do not count: they lead to one service.
func outward(t estate.RouteTable) bool {
	return slices.ContainsFunc(t.Routes, func(r estate.Route) bool {
		return r.Target != "local" && !(r.PrefixList != "" && kindOf(r.Target) == "vpce")
	})
}

// table is the route table of a subnet, or with none the VPC's main one.
func (n network) table(v estate.VPC, subnet string) (estate.RouteTable, *Break) {
	var main estate.RouteTable
	for t := range n.e.RouteTables.By(estate.ByVPC(v.ID)) {
		if subnet != "" && slices.Contains(t.Subnets, subnet) {
			return t, nil
		}
		if t.Main {
			main = t
		}
	}
	// Every VPC has a main table, so one without was not read, whatever else
	// is known.
	if main.ID == "" || !n.known(estate.QueryRouteTables, v.Account, v.Region) {
		return main, n.unread(estate.QueryRouteTables, v, cmp.Or(subnet, v.ID), "the route table of "+cmp.Or(subnet, v.ID)+" is not known")
	}
	return main, nil
}

// ways are the routes of a table, with the local ones that every table has. A
// propagated route within the VPC's ranges never counts: the local route wins
// over it (VPC guide, route-tables-priority.html).
func ways(v estate.VPC, t estate.RouteTable) iter.Seq[way] {
	var out []way
	for _, r := range t.Routes {
		propagated := r.Origin == "EnableVgwRoutePropagation"
		if !r.To.IsValid() || propagated && slices.ContainsFunc(v.CIDRs, func(c netip.Prefix) bool { return inside(r.To, c) }) {
			continue
		}
		out = append(out, way{r.To, r.Target, r.State == estate.RouteBlackhole, propagated})
	}
	for _, c := range v.CIDRs {
		if !slices.ContainsFunc(out, func(w way) bool { return w.to == c }) {
			out = append(out, way{to: c, target: "local"})
		}
	}
	return slices.Values(out)
}

// acl is the network ACL of a subnet. The default one is of every subnet that no
// other names; where an account that was read has none, it is as AWS makes it
// and admits everything (VPC guide, default-network-acl.html).
func (n network) acl(v estate.VPC, subnet string) (estate.NetworkACL, *Break) {
	found := estate.NetworkACL{VPC: v.ID, Account: v.Account, Region: v.Region, Default: true, Entries: open}
	for a := range n.e.NetworkACLs.By(estate.ByVPC(v.ID)) {
		if slices.Contains(a.Subnets, subnet) {
			return a, nil
		}
		if a.Default {
			found = a
		}
	}
	if !n.known(estate.QueryNetworkACLs, v.Account, v.Region) {
		return found, n.unread(estate.QueryNetworkACLs, v, subnet, "the network ACL of subnet "+subnet+" is not known")
	}
	return found, nil
}

// open are the entries of a default network ACL as AWS makes it.
var open = []estate.ACLEntry{
	{Number: 100, Allow: true, Protocol: "-1", CIDR: netip.MustParsePrefix("0.0.0.0/0")},
	{Number: 101, Allow: true, Protocol: "-1", CIDR: netip.MustParsePrefix("::/0")},
	{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: netip.MustParsePrefix("0.0.0.0/0")},
	{Number: 101, Egress: true, Allow: true, Protocol: "-1", CIDR: netip.MustParsePrefix("::/0")},
}

// attachment of a VPC to a gateway: of several the one that is furthest on,
// since deleted ones stay listed for a while.
func (n network) attachment(vpc, gateway string) (best estate.TransitAttachment, ok bool) {
	rank := func(a estate.TransitAttachment) int {
		switch a.State {
		case estate.AttachmentAvailable, attachmentModifying:
			return 3
		case estate.AttachmentPendingAcceptance, estate.AttachmentPending:
			return 2
		case estate.AttachmentDeleted:
			return 0
		}
		return 1
	}
	for a := range n.e.TransitAttachments.By(estate.ByVPC(vpc)) {
		if a.Gateway == gateway && (!ok || rank(a) > rank(best)) {
			best, ok = a, true
		}
	}
	return best, ok
}

// attachmentModifying is the state while subnets are added or taken away. That
// traffic goes on meanwhile is our reading.
const attachmentModifying = "modifying"

// attachmentKnown reports whether an attachment that is not held is absent:
// both the VPC's owner and the gateway's see it.
func (n network) attachmentKnown(v estate.VPC, gateway string) bool {
	if n.known(estate.QueryTransitAttachments, v.Account, v.Region) {
		return true
	}
	owner, ok := n.owner(gateway)
	return ok && n.known(estate.QueryTransitAttachments, owner, v.Region)
}

// owner of a gateway, from the gateway or one of its attachments.
func (n network) owner(gateway string) (estate.AccountID, bool) {
	if g, ok := n.e.TransitGateways.Get(gateway); ok {
		return g.Account, true
	}
	for a := range n.e.TransitAttachments.By(estate.ByGateway(gateway)) {
		if a.Owner != "" {
			return a.Owner, true
		}
	}
	return "", false
}

// gateways are those to which the VPC has an attachment in effect.
func (n network) gateways(vpc string) []string {
	var out []string
	for a := range n.e.TransitAttachments.By(estate.ByVPC(vpc)) {
		if usable(a) && !slices.Contains(out, a.Gateway) {
			out = append(out, a.Gateway)
		}
	}
	return out
}

// usable reports whether an attachment carries traffic.
func usable(a estate.TransitAttachment) bool {
	return a.State == estate.AttachmentAvailable || a.State == attachmentModifying
}

// peering between two VPCs, an active one before others.
func (n network) peering(a, b string) (best estate.Peering, ok bool) {
	for p := range n.e.Peerings.By(estate.ByVPC(a)) {
		if p.Requester.VPC != b && p.Accepter.VPC != b || a == b {
			continue
		}
		if !ok || p.State == estate.PeeringActive && best.State != estate.PeeringActive {
			best, ok = p, true
		}
	}
	return best, ok
}
