package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// protocols are the numbers of those that are judged (IANA).
var protocols = map[string]string{"tcp": "6", "udp": "17"}

// is reports whether a rule's protocol, a name or a number or -1, is of the
// traffic.
func is(rule, protocol string) bool {
	return rule == "-1" || strings.EqualFold(rule, protocol) || rule == protocols[protocol]
}

// acl judges traffic that leaves a subnet, or comes in, by the other side's
// range. Network ACLs keep no state, so both ways are judged (VPC guide,
// vpc-network-acls.html; the answer goes to a port from 1024 on).
func (w *walk) acl(v estate.VPC, subnet string, egress bool, peer place, t traffic) *Break {
	if subnet == "" {
		return nil // a VPC whose subnets are not told apart
	}
	a, b := w.network.acl(v, subnet)
	if b != nil {
		return w.hold(b)
	}
	entries := slices.Clone(a.Entries)
	entries = slices.DeleteFunc(entries, func(x estate.ACLEntry) bool { return x.Egress != egress || !is(x.Protocol, t.protocol) })
	slices.SortStableFunc(entries, func(x, y estate.ACLEntry) int { return cmp.Compare(x.Number, y.Number) })
	number, denied := deny(entries, peer.at, int32(t.from), int32(t.to))
	name, side, word := cmp.Or(a.ID, "the default one"), "inbound", "from"
	if egress {
		side, word = "outbound", "to"
	}
	if !denied {
		w.hop("network ACL", name, v.Account, v.Region, "%s, subnet %s: %s %s %s", side, subnet, t, word, peer.at)
		return nil
	}
	rule := "no entry"
	if number > 0 {
		rule = fmt.Sprintf("entry %d", number)
	}
	return w.hold(&Break{
		Code: ACLDenies, Resource: name, Account: v.Account, Region: v.Region,
		Text: fmt.Sprintf("network ACL %s of subnet %s denies %s %s %s %s: %s decides", name, subnet, side, t, word, peer.at, rule),
		Hint: fmt.Sprintf("in %s allow %s %s %s %s%s", name, side, t, word, peer.shown(), before(number)),
	})
}

func before(number int32) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf(" before entry %d", number)
}

// deny finds the first entry that denies some of the range and ports, 0 when no
// entry matches. Entries are in order.
func deny(entries []estate.ACLEntry, p netip.Prefix, from, to int32) (number int32, denied bool) {
	for i, x := range entries {
		low, high := x.From, x.To
		if x.Protocol == "-1" || low < 0 || low == 0 && high == 0 {
			low, high = 0, 65535
		}
		if !x.CIDR.Overlaps(p) || high < from || low > to {
			continue
		}
		rest := entries[i:]
		switch {
		case low > from:
			if number, denied = deny(rest, p, from, low-1); denied {
				return number, true
			}
			return deny(rest, p, low, to)
		case high < to:
			if number, denied = deny(rest, p, from, high); denied {
				return number, true
			}
			return deny(rest, p, high+1, to)
		case !inside(p, x.CIDR):
			a, b := halves(p)
			if number, denied = deny(rest, a, from, to); denied {
				return number, true
			}
			return deny(rest, b, from, to)
		}
		return x.Number, !x.Allow
	}
	return 0, true
}

// admitted judges the security groups at the address: what they admit together
// (VPC guide, vpc-security-groups.html). They keep state, so the answer passes.
func (w *walk) admitted(from place, t target) *Break {
	if !t.judged || len(t.groups) == 0 {
		return nil
	}
	ranges, doubt := w.permitted(t.groups, false, t.port, t.owner, t.vpc.Region, from.shown().String(), func(g estate.SecurityGroup, group string) (netip.Prefix, *Break) {
		yes, b := w.carries(from, t, g, group)
		if !yes {
			return netip.Prefix{}, b
		}
		return from.at, nil
	})
	first := t.groups[0]
	switch {
	case covers(ranges, from.at):
		w.hop("security group", strings.Join(t.groups, ", "), t.owner, t.vpc.Region, "%s from %s", t.port, from.at)
		return nil
	case doubt != nil:
		return doubt
	}
	return &Break{
		Code: GroupDenies, Resource: first, Account: t.owner, Region: t.vpc.Region,
		Text: fmt.Sprintf("security group %s at %s does not admit %s from %s of VPC %s", strings.Join(t.groups, ", "), t.addr, t.port, from.at, from.vpc.ID),
		Hint: fmt.Sprintf("in %s admit %s from %s", first, t.port, from.shown()),
	}
}

// released judges the security groups of who connects, where they are known: what
// they let out together.
func (w *walk) released(from place, t target) *Break {
	if len(w.groups) == 0 {
		return nil
	}
	to := single(t.addr)
	ranges, doubt := w.permitted(w.groups, true, t.port, from.vpc.Account, from.vpc.Region, t.addr.String(), func(_ estate.SecurityGroup, group string) (netip.Prefix, *Break) {
		if !slices.Contains(t.groups, group) {
			return netip.Prefix{}, nil
		}
		return to, nil
	})
	first := w.groups[0]
	switch {
	case covers(ranges, to):
		w.hop("security group", strings.Join(w.groups, ", "), from.vpc.Account, from.vpc.Region, "%s to %s", t.port, t.addr)
		return nil
	case doubt != nil:
		return doubt
	}
	return &Break{
		Code: GroupDenies, Resource: first, Account: from.vpc.Account, Region: from.vpc.Region,
		Text: fmt.Sprintf("security group %s of who connects does not let %s out to %s", strings.Join(w.groups, ", "), t.port, t.addr),
		Hint: fmt.Sprintf("in %s let %s out to %s", first, t.port, t.addr),
	}
}

// permitted are the ranges that groups permit on a port in one direction, with
// those of the groups that their rules name; and what keeps that from being
// certain.
func (w *walk) permitted(groups []string, egress bool, port Port, owner estate.AccountID, region estate.Region, peer string, named func(estate.SecurityGroup, string) (netip.Prefix, *Break)) (ranges []netip.Prefix, doubt *Break) {
	query := estate.Query{Kind: estate.QuerySecurityGroups, Account: owner, Region: region}
	for _, id := range groups {
		g, ok := w.e.SecurityGroups.Get(id)
		if !ok {
			doubt = cmp.Or(doubt, unread(w.e, query, id, "the rules of security group "+id+" are not known"))
			continue
		}
		for _, r := range g.Rules {
			any := r.Protocol == "-1" || r.From == -1
			if r.Egress != egress || !is(r.Protocol, port.Protocol) || !any && (int32(port.Number) < r.From || int32(port.Number) > r.To) {
				continue
			}
			switch {
			case r.CIDR.IsValid():
				ranges = append(ranges, r.CIDR)
			case r.Group != "":
				p, b := named(g, r.Group)
				if p.IsValid() {
					ranges = append(ranges, p)
				}
				doubt = cmp.Or(doubt, b)
			case r.PrefixList != "":
				doubt = cmp.Or(doubt, &Break{
					Code: NotJudged, Resource: g.ID, Account: g.Account, Region: g.Region,
					Text: fmt.Sprintf("security group %s permits prefix list %s on %s, and whether it holds %s is not known", g.ID, r.PrefixList, port, peer),
					Hint: fmt.Sprintf("look whether prefix list %s holds %s, or permit %s", r.PrefixList, peer, peer),
				})
			}
		}
	}
	return ranges, doubt
}

// carries reports whether who connects carries a group that a rule admits. A
// group of another VPC counts over a peering in one Region (VPC Peering guide,
// vpc-peering-security-groups.html); over a Transit Gateway only with an option
// that the estate does not hold.
func (w *walk) carries(from place, t target, holder estate.SecurityGroup, group string) (bool, *Break) {
	g, ok := w.e.SecurityGroups.Get(group)
	if !ok && from.vpc.ID != t.vpc.ID && !w.known(estate.QuerySecurityGroups, from.vpc.Account, from.vpc.Region) {
		return false, w.unread(estate.QuerySecurityGroups, from.vpc, holder.ID, "whose security group "+group+" is, which "+holder.ID+" admits, is not known")
	}
	if g.VPC != from.vpc.ID || w.groups != nil && !slices.Contains(w.groups, group) {
		return false, nil
	}
	direct := from.vpc.ID == t.vpc.ID
	if p, ok := w.peering(from.vpc.ID, t.vpc.ID); ok && p.State == estate.PeeringActive && from.vpc.Region == t.vpc.Region {
		direct = true
	}
	if direct && w.groups != nil {
		return true, nil
	}
	return false, &Break{
		Code: NotJudged, Resource: holder.ID, Account: holder.Account, Region: holder.Region,
		Text: fmt.Sprintf("security group %s admits %s on %s from VPC %s only to who carries security group %s", holder.ID, t.port, t.addr, from.vpc.ID, group),
		Hint: fmt.Sprintf("in %s admit %s from %s", holder.ID, t.port, from.shown()),
	}
}
