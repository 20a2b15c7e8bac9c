package resolve

import (
	"cmp"
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
	managedZone             // zone of AWS's own with an endpoint's private name (R3.3)
	latticeZone             // zone of AWS's own with the custom domain of a VPC Lattice resource (R7.4)
	autodefined             // EC2, reverse and local names
	recursive               // the Internet Resolver
	barred                  // no candidate: the policy ends the query
)

// origin is where a candidate comes from; at the same name the lower one wins.
type origin int

const (
	ofVPC     origin = iota // associated with the VPC itself
	ofProfile               // carried by the Profile of the VPC
	ofAWS                   // autodefined and recursive
)

// candidate is one rule in effect in a VPC that matches the name sought.
type candidate struct {
	domain   dnsname.Name
	kind     kind
	origin   origin
	rule     estate.ResolverRule // forwarding, system
	zone     estate.Zone         // privateZone
	endpoint estate.Endpoint     // managedZone
	lattice  estate.LatticeZone  // latticeZone
	number   Rule                // autodefined: the rule that defines it
}

func (c candidate) custom() bool { return c.kind == forwarding || c.kind == system }

func (c candidate) String() string {
	switch c.kind {
	case forwarding, system:
		return c.rule.Type + " rule " + c.rule.ID + " for " + c.domain.String()
	case privateZone:
		return "private zone " + c.domain.String()
	case managedZone:
		return "private name " + c.domain.String() + " of endpoint " + c.endpoint.ID
	case latticeZone:
		return "custom domain " + c.domain.String() + " of resource configuration " + c.lattice.Resource.ID
	case autodefined:
		return "autodefined rule for " + c.domain.String()
	}
	return "Internet Resolver"
}

// stronger orders candidates for one name: the most specific first (R1.9), then
// by origin (R2.6), then custom rules before zones (R1.10, R1.11). Policy may put
// the kind before the origin, managed zones before custom rules, and those of VPC
// Lattice before zones of the same name.
func (r *Resolver) stronger(a, b candidate) int {
	origin, kind := cmp.Compare(a.origin, b.origin), cmp.Compare(r.rank(a), r.rank(b))
	if !r.p.ProfileOriginFirst {
		origin, kind = kind, origin
	}
	return cmp.Or(
		cmp.Compare(b.domain.Depth(), a.domain.Depth()),
		origin, kind,
		cmp.Compare(a.rule.ID, b.rule.ID),
		cmp.Compare(a.zone.ID, b.zone.ID),
		cmp.Compare(a.endpoint.ID, b.endpoint.ID),
		cmp.Compare(a.lattice.Resource.ID, b.lattice.Resource.ID),
	)
}

func (r *Resolver) rank(c candidate) kind {
	switch {
	case (c.kind == managedZone || c.kind == latticeZone) && !r.p.ForwardBeatsManaged:
		return -1
	case c.kind == latticeZone && !r.p.ZoneBeatsLattice:
		return system // before zones of the same name
	}
	return c.kind
}

// candidates are all rules that match the name sought, the strongest first, and
// those that the VPC's attributes keep out (R1.4).
func (q *query) candidates() (in, out []candidate) {
	for domain := range q.name.Ancestors() {
		byName := estate.ByName(domain)
		for rule := range q.r.e.ResolverRules.By(byName) {
			if rule.Type != estate.RuleForward && rule.Type != estate.RuleSystem {
				continue
			}
			from, ok := q.ruleOrigin(rule)
			if !ok {
				continue
			}
			k := forwarding
			if rule.Type == estate.RuleSystem {
				k = system
			}
			in = append(in, candidate{domain: domain, kind: k, origin: from, rule: rule})
		}
		for zone := range q.r.e.Zones.By(byName) {
			if !zone.Private {
				continue
			}
			if from, ok := q.zoneOrigin(zone); ok {
				out = append(out, candidate{domain: domain, kind: privateZone, origin: from, zone: zone})
			}
		}
	}
	out = append(out, q.managedZones()...)
	out = append(out, q.latticeZones()...)
	out = append(out, q.autodefined()...)
	if q.vpc.DNSHostnames {
		in, out = append(in, out...), nil
	}
	in = append(in, candidate{domain: dnsname.Root, kind: recursive, origin: ofAWS, number: "R1.7"})
	slices.SortFunc(in, q.r.stronger)
	slices.SortFunc(out, q.r.stronger)
	return in, out
}

// precedence says how origin and kind decide, for people.
func (r *Resolver) precedence() string {
	if r.p.ProfileOriginFirst {
		return "what is the VPC's own comes before its Profile's"
	}
	return "rules come before zones"
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
				if z.Private {
					return q.step("R1.30", z.ID, "private zone %s is not associated with %s: resolved on the internet", z.Name, q.vpc.ID)
				}
			}
		}
		return q.step("R1.7", "", "nothing private matches: resolved on the internet")
	}
	rule := Rule("R1.9")
	if lost, ok := has(func(c candidate) bool {
		return c.domain == w.domain && c.origin != w.origin && c.origin != ofAWS
	}); ok {
		rule = q.step("R2.6", lost.zone.ID, "%s beats %s: at one name %s", w, lost, q.r.precedence())
	} else if lost, ok := has(func(c candidate) bool {
		return w.custom() && c.domain == w.domain && !c.custom() && c.kind != recursive
	}); ok {
		rule = "R1.10"
		switch lost.kind {
		case autodefined:
			rule = "R1.11"
		case managedZone, latticeZone:
			rule = "R3.6"
		}
		q.step(rule, lost.zone.ID, "%s beats %s", w, lost)
	} else if w.domain == dnsname.Root {
		rule = q.step("R1.12", "", "%s replaces recursion", w)
		if reverse(q.name) && q.reverseOff() {
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
	if w.origin == ofProfile {
		q.step("R2.8", w.zone.ID, "it comes with Profile %s", q.profileRow.ID)
		if w.kind == managedZone {
			rule = q.step("R2.12", "", "the endpoint is in %s; whether %s has a route there is another matter", w.endpoint.VPC, q.vpc.ID)
		} else if rule == "R1.9" {
			rule = "R2.8"
		}
	}
	if w.kind == managedZone {
		if lost, ok := has(func(c candidate) bool {
			return c.domain != w.domain && (c.kind == forwarding || c.kind == privateZone)
		}); ok {
			rule = q.step("R3.6", lost.zone.ID, "%s stands against %s", w, lost)
		} else if rule == "R1.9" {
			rule = "R3.3"
		}
	}
	if lost, ok := has(func(c candidate) bool {
		return c.domain == w.domain && (w.kind == latticeZone || c.kind == latticeZone) && c.String() != w.String()
	}); ok && !w.custom() && !lost.custom() {
		rule = q.step("R7.4", lost.zone.ID, "%s stands against %s of the same name", w, lost)
	} else if w.kind == latticeZone && rule == "R1.9" {
		rule = "R7.4"
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

// private answers from a private zone, and from nothing else (R1.23).
func (q *query) private(w candidate, rule Rule) part {
	z := w.zone
	if w.origin == ofVPC && q.r.vpcsUnread(z) {
		return part{outcome: Unread, rule: q.step("R1.8", z.ID, "the VPCs of private zone %s (%s) were not read", z.Name, z.ID)}
	}
	if p, ok := q.delegated(z, dnsname.Name{}); ok {
		return p
	}
	return q.zonePart(z, rule)
}

// zonePart answers from the records of a private zone.
func (q *query) zonePart(z estate.Zone, rule Rule) part {
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
