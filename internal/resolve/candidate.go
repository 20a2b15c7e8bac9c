package resolve

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// kind is what a candidate is.
type kind int

const (
	forwarding  kind = iota // custom FORWARD rule
	system                  // custom SYSTEM rule
	privateZone             // private hosted zone, an autodefined FORWARD rule to it (R1.8)
	autodefined             // EC2, reverse and local names
	recursive               // the Internet Resolver
	barred                  // no candidate: the policy ends the query
)

// origin is where a candidate comes from; at the same name the lower one wins.
type origin int

const (
	ofVPC origin = iota // associated with the VPC itself
	ofAWS               // autodefined and recursive
)

// candidate is one rule in effect in a VPC that matches the name sought.
type candidate struct {
	domain dnsname.Name
	kind   kind
	origin origin
	rule   estate.ResolverRule // forwarding, system
	zone   estate.Zone         // privateZone
	number Rule                // autodefined: the rule that defines it
}

func (c candidate) custom() bool { return c.kind == forwarding || c.kind == system }

func (c candidate) String() string {
	switch c.kind {
	case forwarding, system:
		return c.rule.Type + " rule " + c.rule.ID + " for " + c.domain.String()
	case privateZone:
		return "private zone " + c.domain.String()
	case autodefined:
		return "autodefined rule for " + c.domain.String()
	}
	return "Internet Resolver"
}

// stronger orders candidates for one name: the most specific first (R1.9), then
// by origin, then custom rules before zones (R1.10, R1.11).
func stronger(a, b candidate) int {
	return cmp.Or(
		cmp.Compare(b.domain.Depth(), a.domain.Depth()),
		cmp.Compare(a.origin, b.origin),
		cmp.Compare(a.kind, b.kind),
		cmp.Compare(a.rule.ID, b.rule.ID),
		cmp.Compare(a.zone.ID, b.zone.ID),
	)
}

// candidates are all rules that match the name sought, the strongest first, and
// those that the VPC's attributes keep out (R1.4).
func (q *query) candidates() (in, out []candidate) {
	for domain := range q.name.Ancestors() {
		byName := estate.ByName(domain)
		for rule := range q.r.e.ResolverRules.By(byName) {
			if _, ok := estate.First(q.r.e.RuleAssociations.By(estate.ByRuleVPC(rule.ID, q.vpc.ID))); !ok {
				continue
			}
			switch rule.Type {
			case estate.RuleForward:
				in = append(in, candidate{domain: domain, kind: forwarding, rule: rule})
			case estate.RuleSystem:
				in = append(in, candidate{domain: domain, kind: system, rule: rule})
			}
		}
		for zone := range q.r.e.Zones.By(byName) {
			if zone.Private && (associated(zone, q.vpc.ID) || q.r.vpcsUnread(zone)) {
				out = append(out, candidate{domain: domain, kind: privateZone, zone: zone})
			}
		}
	}
	out = append(out, q.autodefined()...)
	if q.vpc.DNSHostnames {
		in, out = append(in, out...), nil
	}
	in = append(in, candidate{domain: dnsname.Root, kind: recursive, origin: ofAWS, number: "R1.7"})
	slices.SortFunc(in, stronger)
	slices.SortFunc(out, stronger)
	return in, out
}

func associated(z estate.Zone, vpc string) bool {
	return slices.ContainsFunc(z.VPCs, func(v estate.VPCRef) bool { return v.ID == vpc })
}

// vpcsUnread reports whether it is not known which VPCs see a private zone: it
// always has one (R8.5), and ListHostedZones does not tell.
func (r *Resolver) vpcsUnread(z estate.Zone) bool {
	return !r.closed && z.Private && len(z.VPCs) == 0
}

// contest finds the candidate that answers, and the rule that decided.
func (q *query) contest() (candidate, Rule) {
	in, out := q.candidates()
	if len(out) > 0 {
		q.step("R1.4", out[0].zone.ID, "%s does not apply: enableDnsHostnames of %s is off", out[0], q.vpc.ID)
		if !q.r.p.HostnamesOffFallsThrough {
			return candidate{kind: barred}, "R1.4"
		}
	}
	all := in
	for in[0].kind == system {
		s := in[0]
		q.step("R1.13", "", "%s: no FORWARD rule for %s or above applies", s, s.domain)
		if !q.r.p.SystemKeepsZones {
			return in[len(in)-1], "R1.13"
		}
		in = slices.DeleteFunc(slices.Clone(in), func(c candidate) bool {
			return c.kind == system && c.rule.ID == s.rule.ID ||
				c.kind == forwarding && c.domain.Depth() <= s.domain.Depth()
		})
	}
	w := in[0]
	return w, q.explain(w, all)
}

// explain notes why w won over the others, and gives the rule that decided.
func (q *query) explain(w candidate, all []candidate) Rule {
	has := func(f func(candidate) bool) (candidate, bool) {
		i := slices.IndexFunc(all, f)
		if i < 0 {
			return candidate{}, false
		}
		return all[i], true
	}
	if w.kind == recursive {
		for domain := range q.name.Ancestors() {
			for z := range q.r.e.Zones.By(estate.ByName(domain)) {
				if z.Private && !associated(z, q.vpc.ID) {
					return q.step("R1.30", z.ID, "private zone %s is not associated with %s: resolved on the internet", z.Name, q.vpc.ID)
				}
			}
		}
		return q.step("R1.7", "", "nothing private matches: resolved on the internet")
	}
	rule := Rule("R1.9")
	if lost, ok := has(func(c candidate) bool {
		return w.custom() && c.domain == w.domain && !c.custom() && c.kind != recursive
	}); ok {
		rule = "R1.10"
		if lost.kind == autodefined {
			rule = "R1.11"
		}
		q.step(rule, lost.zone.ID, "%s beats %s", w, lost)
	} else if w.domain == dnsname.Root {
		rule = q.step("R1.12", "", "%s replaces recursion", w)
		if config, ok := q.r.e.ResolverConfigs.Get(q.vpc.ID); ok && config.ReverseDisabled && reverse(q.name) {
			q.step("R1.21", "", "autodefined reverse rules are disabled in %s", q.vpc.ID)
		}
	} else {
		q.step(rule, w.zone.ID, "%s is the most specific match", w)
	}
	if lost, ok := has(func(c candidate) bool { return c.kind == system && c.domain == w.domain }); ok && w.kind == privateZone {
		rule = q.step("R1.14", w.zone.ID, "%s answers beside %s", w, lost)
	}
	if lost, ok := has(func(c candidate) bool {
		return c.kind == forwarding && c.domain == dnsname.Root && w.domain != dnsname.Root
	}); ok && !w.custom() {
		rule = q.step("R1.12", w.zone.ID, "%s stands against %s", w, lost)
	}
	if w.kind == privateZone {
		if lost, ok := has(func(c candidate) bool { return c.kind == privateZone && c.domain != w.domain }); ok {
			rule = q.step("R1.24", lost.zone.ID, "%s is not searched", lost)
		}
		for z := range q.r.e.Zones.By(estate.ByName(w.domain)) {
			if !z.Private {
				q.step("R1.27", z.ID, "the public zone %s is not seen from here", z.Name)
				break
			}
		}
	}
	return rule
}

// forward answers for a winning FORWARD rule.
func (q *query) forward(w candidate, rule Rule) part {
	if len(w.rule.Targets) == 0 {
		return part{outcome: q.r.p.NoForwardTarget, rule: q.step("R4.5", "", "%s has no target", w)}
	}
	p := part{outcome: External, rule: rule}
	for _, t := range w.rule.Targets {
		port := t.Port
		if port == 0 {
			port = 53
		}
		p.targets = append(p.targets, netip.AddrPortFrom(t.IP, port))
	}
	q.step("R4.3", "", "forwarded to %s, outside the estate", p.targets[0].Addr())
	return p
}

// private answers from a private zone, and from nothing else (R1.23).
func (q *query) private(z estate.Zone, rule Rule) part {
	if q.r.vpcsUnread(z) {
		return part{outcome: Unread, rule: q.step("R1.8", z.ID, "the VPCs of private zone %s (%s) were not read", z.Name, z.ID)}
	}
	f := q.lookup(z, q.r.p.PrivateCutWithoutDelegate)
	if !f.cut.IsZero() {
		return q.descend(z, f, "R5.15")
	}
	if f.outcome == NoError && len(f.records) == 0 && !q.r.p.PrivateNegativeStrict {
		f.outcome = NXDomain
	}
	p := q.part(z, f, rule)
	if len(p.records) == 0 {
		p.rule = q.step("R1.23", z.ID, "the zone alone answers; public DNS is not asked")
		if f.outcome == NoError {
			p.rule = "R1.25"
		}
	}
	return p
}
