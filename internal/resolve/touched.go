package resolve

import (
	"iter"
	"reflect"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Touched finds the names that differ between two estates, by walking both;
// [Diff] adds what hangs on them. A change that bears on every name (a VPC's
// attributes, DNS Firewall) touches every name of either estate. Whoever knows
// what was changed passes those names to Diff and saves the walk.
func Touched(before, after estate.Estate) []dnsname.Name {
	t := nameSet{}
	if before.Closed() != after.Closed() || everywhere(before, after) {
		for _, e := range []estate.Estate{before, after} {
			for rs := range e.Records.All() {
				t.add(rs.Name)
				blocked(rs.Name, dnsname.Name{}, func(n dnsname.Name) { t.add(n) })
			}
			for z := range e.Zones.All() {
				t.add(z.Name)
				blocked(z.Name, dnsname.Name{}, func(n dnsname.Name) { t.add(n) })
			}
			for tgt := range e.Targets.All() {
				t.add(tgt.Name)
			}
			for p := range e.Endpoints.All() {
				t.endpoint(p)
			}
			t.lattice(e)
		}
	}
	for _, rs := range changed(before.Records, after.Records, estate.RecordSet.Same) {
		t.add(rs.Name)
	}
	for _, z := range changed(before.Zones, after.Zones, sameZone) {
		t.add(z.Name)
	}
	t.touchedByNetwork(sides{before, after})
	for _, r := range changed(before.Registrations, after.Registrations, same) {
		t.add(r.Domain)
	}
	for _, a := range changed(before.Public, after.Public, same) {
		t.add(a.Name)
	}
	for _, a := range changed(before.Targets, after.Targets, same) {
		t.add(a.Name)
	}
	return t.sorted()
}

// blocked walks the wildcards at a name and at those between it and top: what is
// below a name that exists, a wildcard further up does not answer (RFC 4592
// section 2.2.2), so it changes when the name comes into sight or goes.
func blocked(n, top dnsname.Name, yield func(dnsname.Name)) {
	for above := range n.Ancestors() {
		if above == top {
			return
		}
		if !above.IsWildcard() {
			yield(above.Wildcard())
		}
	}
}

// everywhere reports whether the estates differ in the tables that bear on every
// name.
func everywhere(a, b estate.Estate) bool {
	return len(changed(a.VPCs, b.VPCs, sameVPC)) > 0 ||
		len(changed(a.ResolverConfigs, b.ResolverConfigs, same)) > 0 ||
		len(changed(a.FirewallGroups, b.FirewallGroups, same)) > 0 ||
		len(changed(a.FirewallAssociations, b.FirewallAssociations, same)) > 0 ||
		profilesEverywhere(a, b)
}

// changed are the rows that are not the same in both tables, those of b where
// it has one.
func changed[V estate.Row](a, b estate.Table[V], same func(V, V) bool) []V {
	var out []V
	for v := range b.All() {
		if old, ok := a.Get(v.Key()); !ok || !same(old, v) {
			out = append(out, v)
		}
	}
	for v := range a.All() {
		if _, ok := b.Get(v.Key()); !ok {
			out = append(out, v)
		}
	}
	return out
}

func same[V any](a, b V) bool { return reflect.DeepEqual(a, b) }

// sameZone compares what answers depend on.
func sameZone(a, b estate.Zone) bool {
	return a.Name == b.Name && a.Private == b.Private &&
		slices.Equal(sortedNames(a.NameServers), sortedNames(b.NameServers)) &&
		slices.Equal(vpcIDs(a), vpcIDs(b))
}

func sameVPC(a, b estate.VPC) bool {
	return a.Account == b.Account && a.Region == b.Region && a.DNSSupport == b.DNSSupport && a.DNSHostnames == b.DNSHostnames &&
		slices.Equal(a.CIDRs, b.CIDRs)
}

func vpcIDs(z estate.Zone) []string {
	var out []string
	for _, v := range z.VPCs {
		out = append(out, v.ID)
	}
	slices.Sort(out)
	return out
}

func sortedNames(n []dnsname.Name) []dnsname.Name {
	return slices.SortedFunc(slices.Values(n), dnsname.Name.Compare)
}

// nameSet is a set of names.
type nameSet map[dnsname.Name]bool

func (t nameSet) add(n dnsname.Name) bool {
	if n.IsZero() || t[n] {
		return false
	}
	t[n] = true
	return true
}

func (t nameSet) sorted() []dnsname.Name {
	out := make([]dnsname.Name, 0, len(t))
	for n := range t {
		out = append(out, n)
	}
	slices.SortFunc(out, dnsname.Name.Compare)
	return out
}

// closure is the touched names and all that hang on them, sorted.
func (d *differ) closure(touched []dnsname.Name) []dnsname.Name {
	s := nameSet{}
	var queue []dnsname.Name
	add := func(n dnsname.Name) {
		if s.add(n) {
			queue = append(queue, n)
		}
	}
	below := func(c dnsname.Name) { // whatever a name server of a private cut may answer
		add(c.Wildcard())
		for _, r := range d.sides {
			for n := range r.under(c) {
				add(n)
				blocked(n, c, add)
			}
			for rs := range r.e.Records.ByPrefix(estate.ByTarget(c)) {
				add(rs.Name)
			}
		}
	}
	for _, n := range touched {
		add(n)
		if d.structural(n) {
			add(n.Wildcard()) // for what a wildcard above n stands for
			for _, r := range d.sides {
				for below := range r.under(n) {
					add(below)
					blocked(below, n, add)
				}
				for rs := range r.e.Records.ByPrefix(estate.ByTarget(n)) {
					add(rs.Name)
				}
			}
			for host, cuts := range d.glue() {
				if host.Under(n) { // nobody else may have a record there
					for _, c := range cuts {
						add(c)
						below(c)
					}
				}
			}
		}
		for above := range n.Ancestors() {
			if d.appears(above) {
				add(above)
				add(above.Wildcard())
			}
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, c := range d.glue()[n] {
			add(c)
			below(c)
		}
		for _, r := range d.sides {
			for rs := range r.leading(n) {
				add(rs.Name)
			}
			for p := range r.e.Endpoints.By(estate.ByName(n)) {
				if ofAccount(p) { // its private names are CNAMEs for n
					for own := range endpointNames(p) {
						add(own)
					}
				}
			}
			for own := range r.latticeBehind(n) {
				add(own)
			}
			for t := range r.e.Targets.By(estate.ByName(n)) {
				if dual, err := n.Child("dualstack"); err == nil {
					queue = append(queue, dual) // for what leads there; it is no name of its own
				}
				if t.Kind != estate.TargetS3Website {
					continue
				}
				for _, bucket := range t.Domains {
					if own, err := n.Child(bucket.String()); err == nil {
						add(own)
					}
				}
			}
		}
	}
	return s.sorted()
}

// structural reports whether the sides differ at n in what decides who answers
// for the names below it: zones, delegations, rules.
func (d *differ) structural(n dnsname.Name) bool {
	if d.glue(); d.cut[n] {
		return true // what its name servers answer may have changed
	}
	a, b := d.sides[0], d.sides[1]
	return !slices.Equal(a.structure(n), b.structure(n)) || !slices.Equal(d.network(0, n), d.network(1, n))
}

func (r *Resolver) structure(n dnsname.Name) []string {
	var out []string
	note := func(kind, id string, more ...string) { out = append(out, kind, id); out = append(out, more...) }
	for above := range n.Ancestors() {
		for z := range r.e.Zones.By(estate.ByName(above)) {
			if above == n {
				note("zone", z.ID, vpcIDs(z)...)
				for _, s := range sortedNames(z.NameServers) {
					note("server", s.String())
				}
			}
			if rs, ok := r.e.Records.Get(estate.RecordKey(z.ID, n, "NS", "")); ok {
				note("NS", z.ID, slices.Sorted(slices.Values(rs.Values))...)
			}
		}
	}
	servers, rcode, known := r.delegated(n)
	if known {
		note("delegated", string(rcode))
		for _, s := range sortedNames(servers) {
			note("server", s.String())
		}
	}
	return out
}

// appears reports whether any zone has the name, by records at or below it, on
// one side only: then a wildcard above begins or ceases to stand for it.
func (d *differ) appears(n dnsname.Name) bool {
	in := func(r *Resolver, id string) bool {
		_, ok := estate.First(r.e.Records.Prefix(estate.RecordsBelow(id, n)))
		return ok
	}
	for above := range n.Ancestors() {
		for _, r := range d.sides {
			for z := range r.e.Zones.By(estate.ByName(above)) {
				if in(d.sides[0], z.ID) != in(d.sides[1], z.ID) {
					return true
				}
			}
		}
	}
	return false
}

// under walks the names at and below n that any zone, endpoint or resource of VPC
// Lattice has.
func (r *Resolver) under(n dnsname.Name) iter.Seq[dnsname.Name] {
	return func(yield func(dnsname.Name) bool) {
		for _, key := range []string{estate.ByName(n), estate.ByPrivateName(n)} {
			for p := range r.e.Endpoints.ByPrefix(key) {
				for own := range endpointNames(p) {
					if own.Under(n) && !yield(own) {
						return
					}
				}
			}
		}
		for c := range r.e.LatticeResources.ByPrefix(estate.ByCustomDomain(n)) {
			for own := range latticeDomains(c) {
				if own.Under(n) && !yield(own) {
					return
				}
			}
		}
		for z := range r.e.Zones.ByPrefix(estate.ByName(n)) {
			for rs := range r.e.Records.Prefix(estate.RecordsOf(z.ID)) {
				if !yield(rs.Name) {
					return
				}
			}
		}
		for above, ok := n.Parent(); ok; above, ok = above.Parent() {
			for z := range r.e.Zones.By(estate.ByName(above)) {
				for rs := range r.e.Records.Prefix(estate.RecordsBelow(z.ID, n)) {
					if !yield(rs.Name) {
						return
					}
				}
			}
		}
	}
}

// leading walks the CNAME and alias records that lead to n; for a wildcard,
// those that lead to a name which it may stand for.
func (r *Resolver) leading(n dnsname.Name) iter.Seq[estate.RecordSet] {
	if parent, ok := n.Parent(); ok && n.IsWildcard() {
		return r.e.Records.ByPrefix(estate.ByTarget(parent))
	}
	return r.e.Records.By(estate.ByTarget(n))
}

// sources walks the records that may answer for a name: its own in every zone,
// and those of wildcards above it.
func (r *Resolver) sources(n dnsname.Name) iter.Seq[estate.RecordSet] {
	return func(yield func(estate.RecordSet) bool) {
		owners := []dnsname.Name{n}
		for above, ok := n.Parent(); ok; above, ok = above.Parent() {
			owners = append(owners, above.Wildcard())
		}
		for apex := range n.Ancestors() {
			for z := range r.e.Zones.By(estate.ByName(apex)) {
				for _, owner := range owners {
					if !owner.Under(apex) {
						continue
					}
					for rs := range r.e.Records.Prefix(estate.RecordsAt(z.ID, owner)) {
						if !yield(rs) {
							return
						}
					}
				}
			}
		}
	}
}
