package resolve

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Change is a name and type whose answer differs between two estates, for all
// who see the same difference.
type Change struct {
	Name     dnsname.Name `json:"name"`
	Type     string       `json:"type"`
	Vantages []Vantage    `json:"vantages"` // the internet first, then VPCs by ID
	Before   Answer       `json:"before"`
	After    Answer       `json:"after"`
}

// Diff is the difference of two estates in answers (as [Answer.Same] judges),
// for the names touched and all that hangs on them: names that a delegation, a
// zone, a rule or a wildcard uncovers or hides, and names whose CNAME or alias
// leads there. What a wildcard answers stands under the wildcard's own name. SOA
// records are left out, and VPCs that are in one of the estates only.
//
// The cost grows with what is touched, not with the estates: VPCs that see a
// name alike are evaluated once.
func Diff(before, after *Resolver, touched ...dnsname.Name) []Change {
	d := &differ{sides: [2]*Resolver{before, after}, own: map[string]string{}, profiles: map[sideKey][]string{}, rules: map[sideKey][]string{}}
	d.common = []Vantage{{}}
	for v := range after.e.VPCs.All() {
		if _, ok := before.e.VPCs.Get(v.ID); !ok {
			continue
		}
		if own := d.ownView(v.ID); own != "" {
			d.own[v.ID] = own
		} else {
			d.common = append(d.common, Vantage{VPC: v.ID})
		}
	}
	var out []Change
	for _, n := range d.closure(touched) {
		for _, t := range d.types(n) {
			out = append(out, d.changes(n, t)...)
		}
	}
	return out
}

type differ struct {
	sides [2]*Resolver
	// own says of a VPC what sets its view apart for every name. All others of
	// both estates are common: for a name that nothing of theirs matches they
	// resolve recursively, so they see it as the internet does, which is the
	// first of them.
	own    map[string]string
	common []Vantage

	profiles         map[sideKey][]string                  // the VPCs of Profiles
	rules            map[sideKey][]string                  // the VPCs of rules
	carriedEndpoints [2]map[dnsname.Name][]estate.Endpoint // those in Profiles, by managed zone
	hosts            map[dnsname.Name][]dnsname.Name       // see glue
	cut              map[dnsname.Name]bool                 // all cuts of hosts
}

// ownView describes what in a VPC's own settings bears on every name; empty for
// the usual ones, the same on both sides.
func (d *differ) ownView(vpc string) string {
	var b strings.Builder
	for i, r := range d.sides {
		v, _ := r.e.VPCs.Get(vpc)
		if !v.DNSSupport || !v.DNSHostnames {
			fmt.Fprintf(&b, "%d attributes %t %t;", i, v.DNSSupport, v.DNSHostnames)
		}
		for a := range r.e.FirewallAssociations.By(estate.ByVPC(vpc)) {
			fmt.Fprintf(&b, "%d firewall %s %d;", i, a.Group, a.Priority)
		}
		if p, _, ok := r.profileOf(v); ok && firewalled(r.e, p.ID) {
			fmt.Fprintf(&b, "%d profile %s;", i, p.ID)
		}
	}
	return b.String()
}

// view notes, for every VPC that has something in effect which matches the
// name, what that is. Two VPCs with equal notes see the name alike, but for what
// the answer itself depends on.
func (d *differ) view(n dnsname.Name, notes map[string]string) {
	for i, r := range d.sides {
		for above := range n.Ancestors() {
			for z := range r.e.Zones.By(estate.ByName(above)) {
				if !z.Private {
					continue
				}
				note := fmt.Sprintf("%d zone %s;", i, z.ID)
				for _, v := range z.VPCs {
					notes[v.ID] += note
				}
				for _, v := range d.vpcsOf(i, z.ARN()) {
					notes[v] += "by Profile " + note
				}
				if r.vpcsUnread(z) {
					for v := range r.e.VPCs.All() {
						notes[v.ID] += note
					}
				}
			}
			for rule := range r.e.ResolverRules.By(estate.ByName(above)) {
				d.noteRule(i, rule, notes)
			}
			d.endpointsAt(i, above, func(p estate.Endpoint, vpcs []string) {
				note := fmt.Sprintf("%d endpoint %s of %s;", i, p.ID, p.VPC)
				for _, v := range vpcs {
					if v == p.VPC {
						notes[v] += "own "
					}
					notes[v] += note
				}
			})
			d.latticeAt(i, above, func(note, vpc string) { notes[vpc] += note })
			if d.glue(); d.cut[above] {
				for rule := range r.e.ResolverRules.ByPrefix(estate.AllDelegations) {
					d.noteRule(i, rule, notes)
				}
			}
		}
	}
}

// noteRule notes a rule for the VPCs where it is in effect; where it is both
// associated and carried by a Profile it is noted twice.
func (d *differ) noteRule(side int, rule estate.ResolverRule, notes map[string]string) {
	if rule.Domain.IsZero() && rule.Type != estate.RuleDelegate {
		return
	}
	note := fmt.Sprintf("%d rule %s;", side, rule.ID)
	for _, v := range d.ruleVPCs(side, rule) {
		notes[v] += note
	}
	for _, v := range d.vpcsOf(side, rule.ARN()) {
		notes[v] += "by Profile;"
	}
}

// pair is the answers of both sides from one vantage.
type pair struct{ before, after Answer }

func (p pair) depends() dependence { return p.before.depends | p.after.depends }

// key is equal for pairs that say the same.
func (p pair) key() string {
	var b strings.Builder
	for _, a := range []Answer{p.before, p.after} {
		fmt.Fprintf(&b, "%s %q %v|", a.Outcome, a.said(), sortedTargets(a.Targets))
	}
	return b.String()
}

// changes are those of one name and type. Vantages are parted by what bears on
// the name sought; where a CNAME leads on, also by what bears on its target.
func (d *differ) changes(n dnsname.Name, qtype string) []Change {
	memo := map[Vantage]pair{}
	ask := func(v Vantage) pair {
		p, ok := memo[v]
		if !ok {
			p = pair{d.sides[0].Resolve(v, n, qtype), d.sides[1].Resolve(v, n, qtype)}
			memo[v] = p
		}
		return p
	}
	notes := map[string]string{}
	var considered []dnsname.Name
	var groups [][]Vantage
	for more := []dnsname.Name{n}; len(more) > 0; {
		for _, m := range more {
			considered = append(considered, m)
			d.view(m, notes)
		}
		groups = d.groups(notes, ask)
		more = nil
		for _, g := range groups {
			p := ask(g[len(g)-1])
			for _, s := range slices.Concat(p.before.Trace, p.after.Trace) {
				if !slices.Contains(considered, s.Name) && !slices.Contains(more, s.Name) {
					more = append(more, s.Name)
				}
			}
		}
	}
	found := map[string]*Change{}
	for _, g := range groups {
		if p := ask(g[len(g)-1]); p.before.Same(p.after) {
			continue
		}
		p := ask(g[0])
		if c, ok := found[p.key()]; ok {
			c.Vantages = append(c.Vantages, g...)
			continue
		}
		found[p.key()] = &Change{n, qtype, slices.Clip(g), p.before, p.after}
	}
	var out []Change
	for c := range maps.Values(found) {
		slices.SortFunc(c.Vantages, func(a, b Vantage) int { return cmp.Compare(a.VPC, b.VPC) })
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.Vantages[0].VPC, b.Vantages[0].VPC) })
	return out
}

// groups parts all vantages into those that see alike.
func (d *differ) groups(notes map[string]string, ask func(Vantage) pair) [][]Vantage {
	common, by := d.common, map[string][]Vantage{}
	if len(notes) > 0 {
		common = nil
		for _, v := range d.common {
			if note := notes[v.VPC]; note != "" {
				by[note] = append(by[note], v)
			} else {
				common = append(common, v)
			}
		}
	}
	for _, vpc := range slices.Sorted(maps.Keys(d.own)) {
		note := d.own[vpc] + notes[vpc]
		by[note] = append(by[note], Vantage{VPC: vpc})
	}
	out := d.part(common, ask)
	for _, note := range slices.Sorted(maps.Keys(by)) {
		out = append(out, d.part(by[note], ask)...)
	}
	return out
}

// part parts vantages with the same candidates by what else the answer depends
// on, as one of them shows. The internet shows less than a VPC, so with VPCs
// about one of these is asked.
func (d *differ) part(alike []Vantage, ask func(Vantage) pair) [][]Vantage {
	depends := ask(alike[len(alike)-1]).depends()
	if depends == 0 {
		return [][]Vantage{alike}
	}
	parts := map[string][]Vantage{}
	for _, v := range alike {
		key := v.VPC
		if depends&onVPC == 0 {
			vpc, _ := d.sides[1].e.VPCs.Get(v.VPC)
			key = string(vpc.Region)
		}
		parts[key] = append(parts[key], v)
	}
	var out [][]Vantage
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, parts[key])
	}
	return out
}

// endpointsOf walks the endpoints that may answer a name, in VPCs or to everybody.
func (r *Resolver) endpointsOf(n dnsname.Name) iter.Seq[estate.Endpoint] {
	return func(yield func(estate.Endpoint) bool) {
		for above := range n.Ancestors() {
			keys := []string{estate.ByName(above.Wildcard()), estate.ByPrivateName(above)}
			if above == n {
				keys = append(keys, estate.ByName(n))
			}
			for _, key := range keys {
				for p := range r.e.Endpoints.By(key) {
					if !yield(p) {
						return
					}
				}
			}
		}
	}
}

// types are the record types that the name may be asked for: those at the name
// and at wildcards that could stand for it, on either side; for a CNAME, those of
// its target too. A name with nothing is asked for A, a wildcard that is none not
// at all.
func (d *differ) types(n dnsname.Name) []string {
	types, seen := map[string]bool{}, map[dnsname.Name]bool{}
	var collect func(dnsname.Name)
	collect = func(n dnsname.Name) {
		if seen[n] || len(seen) > maxAliases {
			return
		}
		seen[n] = true
		for _, r := range d.sides {
			for rs := range r.sources(n) {
				types[rs.Type] = true
				if rs.Type == "CNAME" {
					types["A"], types["AAAA"] = true, true
					collect(rs.Target())
				}
			}
			for p := range r.endpointsOf(n) {
				if ofAccount(p) {
					types["CNAME"] = true
				}
				for _, a := range p.Addresses {
					types["A"], types["AAAA"] = true, types["AAAA"] || a.IPv6.IsValid()
				}
			}
			for above := range n.Ancestors() {
				if _, ok := estate.First(r.e.LatticeResources.By(estate.ByCustomDomain(above))); ok {
					types["A"], types["AAAA"] = true, true
				}
			}
			for t := range r.e.Targets.By(estate.ByName(n)) {
				for _, a := range t.Addresses {
					types[addressType(a)] = true
				}
			}
		}
	}
	collect(n)
	delete(types, "SOA")
	if len(types) == 0 && !n.IsWildcard() {
		return []string{"A"}
	}
	return slices.Sorted(maps.Keys(types))
}
