package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// servedLast makes what answers for names go after what leads VPCs there, so that
// no VPC is led to nothing: a share, what a Profile carries, the hub's records and
// endpoints go after the associations. And it makes a VPC lose one Profile before
// it gets another, since it has one at most (R2.3).
func (b *builder) servedLast() {
	l := b.leads()
	for i := range b.plan.Changes {
		c := &b.plan.Changes[i]
		var needs []Dependency
		switch item := c.Item(); {
		case item.Object == nil && (c.Action != Delete || item.Record == nil):
			continue
		case item.Record != nil:
			needs = b.recordServes(l, *item.Record)
		case item.Object.Kind == KindShare:
			needs = b.shareServes(l, *c)
		case item.Object.Kind == KindProfileAssociation && c.Action == Create:
			if vpc, err := b.one(item.Object.Fields["vpc"]); err == nil {
				needs = l.profiled[vpc]
			}
		case item.Object.Kind == KindProfileResource && c.Action == Delete:
			profile, _ := b.one(item.Object.Fields["profile"])
			needs = l.lent(profile)
		case item.Object.Kind == KindEndpoint && c.Action == Delete:
			p, _ := b.e.Endpoints.Get(c.ID)
			for _, n := range p.PrivateNames {
				needs = append(needs, l.to(p.VPC, n)...)
			}
		}
		c.Needs = append(c.Needs, needs...)
	}
}

// leads are the associations that a plan takes away.
type leads struct {
	// of are those of a Profile or a rule, by its ID; shares the changes that
	// end its sharing, which wait for those.
	of     map[string][]lead
	shares map[string][]Dependency
	// profiled are those of Profiles, by VPC.
	profiled map[string][]Dependency
	// into are the rules that send to a VPC, by VPC.
	into map[string][]ruleLead
	// carried are the Profiles' resources that go, by ARN.
	carried map[string][]Dependency
}

type lead struct {
	Dependency
	account estate.AccountID
}

// ruleLead is a rule with what must be gone before nobody follows it.
type ruleLead struct {
	domain dnsname.Name
	gone   []Dependency
}

func (b *builder) leads() leads {
	l := leads{of: map[string][]lead{}, shares: map[string][]Dependency{}, profiled: map[string][]Dependency{}, into: map[string][]ruleLead{}, carried: map[string][]Dependency{}}
	gone := map[string]Dependency{} // rules, by ID
	for _, c := range b.plan.Changes {
		if c.Action != Delete || c.Before == nil || c.Before.Object == nil {
			continue
		}
		o, d := c.Before.Object, Dependency{Address: c.Address, Settled: true}
		field := func(name string) string { v, _ := b.one(o.Fields[name]); return v }
		switch o.Kind {
		case KindProfileAssociation:
			l.of[field("profile")] = append(l.of[field("profile")], lead{d, c.Account})
			l.profiled[field("vpc")] = append(l.profiled[field("vpc")], d)
		case KindRuleAssociation:
			l.of[field("rule")] = append(l.of[field("rule")], lead{d, c.Account})
		case KindResolverRule:
			gone[c.ID] = d
		case KindShare:
			for _, v := range o.Fields["resources"] {
				arn, _ := v.Literal()
				l.shares[ofARN(arn)] = append(l.shares[ofARN(arn)], d)
			}
		case KindProfileResource:
			l.carried[field("resource")] = append(l.carried[field("resource")], d)
		}
	}
	rules := maps.Clone(l.of) // one that goes may be on VPCs that nobody reads
	for id := range gone {
		rules[id] = l.of[id]
	}
	for _, id := range sortedKeys(rules) {
		r, ok := b.e.ResolverRules.Get(id)
		if !ok {
			continue
		}
		to := ruleLead{domain: r.Domain}
		if d, all := gone[id]; all { // it waits for its associations
			to.gone = []Dependency{d}
		} else {
			to.gone = l.lent(id)
		}
		var vpcs []string
		for _, t := range r.Targets {
			for p := range b.e.ResolverEndpoints.By(estate.ByAddress(t.IP)) {
				if !slices.Contains(vpcs, p.VPC) {
					vpcs = append(vpcs, p.VPC)
					l.into[p.VPC] = append(l.into[p.VPC], to)
				}
			}
		}
	}
	return l
}

// lent is what must be gone before nobody uses a Profile or a rule.
func (l leads) lent(id string) []Dependency {
	if s := l.shares[id]; len(s) > 0 { // each waits for the associations
		return s
	}
	var out []Dependency
	for _, x := range l.of[id] {
		out = append(out, x.Dependency)
	}
	return out
}

// to is what must be gone before nobody asks for a name in a VPC.
func (l leads) to(vpc string, name dnsname.Name) []Dependency {
	var out []Dependency
	for _, r := range l.into[vpc] {
		if name.Under(r.domain) {
			out = append(out, r.gone...)
		}
	}
	return out
}

// recordServes is what goes before a record of a private zone does: associations
// of rules that send to a VPC of the zone, the zone in Profiles. A zone that must
// make room for what serves the new associations cannot wait for the old.
func (b *builder) recordServes(l leads, r Record) []Dependency {
	id, err := b.one([]Value{r.Zone})
	z, ok := b.e.Zones.Get(id)
	if err != nil || !ok || !z.Private || r.Entry != "" {
		return nil
	}
	ref, _, _ := MarkOf(z, b.in.Owner)
	address := orphanAddress(ref, z, b.in.Owner)
	if slices.ContainsFunc(b.in.Orders, func(o Order) bool { return o.First == address }) {
		return nil
	}
	out := l.carried[b.e.Local(z.ARN())]
	for _, v := range z.VPCs {
		out = append(slices.Clone(out), l.to(v.ID, z.Name)...)
	}
	return out
}

// shareServes is what goes before a share does, or what it takes away: the
// associations of those who lose what it lends (R2.9, R4.9).
func (b *builder) shareServes(l leads, c Change) []Dependency {
	if c.Before == nil {
		return nil
	}
	after := map[string]map[string]bool{"resources": {}, "principals": {}}
	if c.After != nil {
		for field, have := range after {
			for _, v := range c.After.Object.Fields[field] {
				if got, err := b.known(v); err == nil {
					for _, x := range got {
						have[x] = true
					}
				}
			}
		}
	}
	loses := map[string]bool{}
	all := false
	for _, v := range c.Before.Object.Fields["principals"] {
		if p, _ := v.Literal(); !after["principals"][p] {
			loses[p] = true
			all = all || strings.HasPrefix(p, "arn:") // a unit or the organization
		}
	}
	var out []Dependency
	for _, v := range c.Before.Object.Fields["resources"] {
		arn, _ := v.Literal()
		for _, x := range l.of[ofARN(arn)] {
			if !after["resources"][arn] || all || loses[string(x.account)] {
				out = append(out, x.Dependency)
			}
		}
	}
	return out
}

// ofARN is the ID at the end of an ARN.
func ofARN(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// one is the value of a field that has one, as far as it is known.
func (b *builder) one(list []Value) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	got, err := b.known(list[0])
	if err != nil || len(got) == 0 {
		return "", err
	}
	return got[0], nil
}
