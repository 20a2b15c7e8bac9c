package resolve

import (
	"cmp"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// firewall runs DNS Firewall on the name sought (R1.6): groups by priority,
// their rules by priority, the first match ends it. A rule that inspects the
// first name only trusts the rest of the chain once it has matched.
func (q *query) firewall() (part, bool) {
	if q.trusted {
		return part{}, false
	}
	for _, assoc := range q.firewallGroups() {
		group, ok := q.r.e.FirewallGroups.Get(assoc.group)
		if !ok {
			continue
		}
		rules := slices.SortedStableFunc(slices.Values(group.Rules), func(a, b estate.FirewallRule) int {
			return cmp.Compare(a.Priority, b.Priority)
		})
		for _, rule := range rules {
			if rule.Type != "" && rule.Type != q.qtype || rule.FirstOnly && q.hop > 0 || !covers(rule.Domains, q.name) {
				continue
			}
			number := q.step("R1.6", "", "rule %d of DNS Firewall group %s: %s %s", rule.Priority, group.ID, rule.Action, rule.Block)
			if rule.Action != estate.FirewallBlock {
				q.trusted = rule.FirstOnly
				return part{}, false
			}
			return q.blocked(rule, number), true
		}
	}
	return part{}, false
}

// firewallGroup is a rule group in effect in the VPC.
type firewallGroup struct {
	group    string
	priority int32
	origin   origin
}

// firewallGroups are the rule groups in effect in the VPC, its own and those of
// its Profile, in the order in which they are asked.
func (q *query) firewallGroups() []firewallGroup {
	var out []firewallGroup
	for a := range q.r.e.FirewallAssociations.By(estate.ByVPC(q.vpc.ID)) {
		out = append(out, firewallGroup{a.Group, a.Priority, ofVPC})
	}
	if p, ok := q.profile(); ok {
		for _, res := range q.r.carried(p.ID, estate.ProfileFirewallGroup) {
			out = append(out, firewallGroup{resourceID(res.ARN), res.Priority, ofProfile})
		}
	}
	slices.SortFunc(out, func(a, b firewallGroup) int {
		origin, priority := cmp.Compare(a.origin, b.origin), cmp.Compare(a.priority, b.priority)
		if q.r.p.FirewallByPriority {
			origin, priority = priority, origin
		}
		return cmp.Or(origin, priority, cmp.Compare(a.group, b.group))
	})
	return out
}

// blocked is the answer of a BLOCK rule; it stands in place of the chain so far.
func (q *query) blocked(rule estate.FirewallRule, number Rule) part {
	p := part{outcome: NoError, rule: number, alone: true}
	switch rule.Block {
	case estate.FirewallNXDomain:
		p.outcome = NXDomain
	case estate.FirewallOverride:
		p.ttl = rule.OverrideTTL
		p.records = []RR{{Name: q.asked, Type: "CNAME", TTL: rule.OverrideTTL, Value: rule.Override.FQDN()}}
	}
	return p
}

// covers reports whether a domain list has the name: a wildcard covers what is
// below it (DG resolver-dns-firewall-domain-lists.html).
func covers(domains []dnsname.Name, name dnsname.Name) bool {
	return slices.ContainsFunc(domains, func(d dnsname.Name) bool {
		if parent, ok := d.Parent(); ok && d.IsWildcard() {
			return name.Below(parent) || parent == dnsname.Root
		}
		return d == name
	})
}
