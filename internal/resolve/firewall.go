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
	groups := slices.SortedFunc(q.r.e.FirewallAssociations.By(estate.ByVPC(q.vpc.ID)),
		func(a, b estate.FirewallAssociation) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.ID, b.ID))
		})
	for _, assoc := range groups {
		group, ok := q.r.e.FirewallGroups.Get(assoc.Group)
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
