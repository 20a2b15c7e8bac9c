package resolve

import (
	"iter"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// What follows tells Diff which names and VPCs Profiles, endpoints, Resolver
// rules and shares bear on.

// sides are two estates that are compared.
type sides [2]estate.Estate

// touchedByNetwork adds the names whose answers hang on what differs in the
// tables of Profiles, endpoints, Resolver endpoints, rules and shares.
func (t nameSet) touchedByNetwork(s sides) {
	a, b := s[0], s[1]
	rules, profiles := map[string]bool{}, map[string]bool{}
	for _, r := range changed(a.ResolverRules, b.ResolverRules, same) {
		rules[r.ID] = true
	}
	for _, x := range changed(a.RuleAssociations, b.RuleAssociations, same) {
		rules[x.Rule] = true
	}
	for _, p := range changed(a.ResolverEndpoints, b.ResolverEndpoints, sameResolverEndpoint) {
		s.rulesThrough(p, rules)
		t.cuts(s)
	}
	for _, p := range changed(a.Profiles, b.Profiles, same) {
		profiles[p.ID] = true
	}
	for _, x := range changed(a.ProfileAssociations, b.ProfileAssociations, same) {
		profiles[x.Profile] = true
	}
	for _, x := range changed(a.ProfileResources, b.ProfileResources, same) {
		t.carried(s, x, rules)
	}
	shared := func(x estate.Share) {
		for _, m := range x.Resources {
			rules[resourceID(m.ID)], profiles[resourceID(m.ID)] = true, true
		}
	}
	if !same(a.Organization, b.Organization) || len(changed(a.Accounts, b.Accounts, same)) > 0 || len(changed(a.Units, b.Units, same)) > 0 {
		for _, e := range s { // whom any share reaches
			for x := range e.Shares.All() {
				shared(x)
			}
		}
	}
	for _, x := range changed(a.Shares, b.Shares, same) {
		for _, e := range s {
			if x, ok := e.Shares.Get(x.ARN); ok {
				shared(x)
			}
		}
	}
	for _, x := range changed(a.Answers, b.Answers, same) {
		if k := x.Query.Kind; k != estate.QueryShares && k != estate.QueryResolverEndpoints {
			continue
		}
		for _, e := range s {
			owner := estate.ByRegion(x.Query.Account, x.Query.Region)
			for r := range e.ResolverRules.By(owner) {
				rules[r.ID] = true
			}
			for p := range e.Profiles.By(owner) {
				profiles[p.ID] = true
			}
		}
	}
	if s.latticeDiffers() {
		t.lattice(a)
		t.lattice(b)
	}
	for _, p := range changed(a.Endpoints, b.Endpoints, sameEndpoint) {
		for _, e := range s {
			if p, ok := e.Endpoints.Get(p.ID); ok {
				t.endpoint(p)
			}
		}
	}
	for _, x := range changed(a.EndpointServices, b.EndpointServices, same) {
		for _, e := range s {
			for p := range e.Endpoints.By(estate.ByService(x.Name)) {
				t.endpoint(p)
			}
		}
	}
	for id := range profiles {
		for _, e := range s {
			for x := range e.ProfileResources.By(estate.ByProfile(id)) {
				t.carried(s, x, rules)
			}
		}
	}
	for id := range rules {
		for _, e := range s {
			r, ok := e.ResolverRules.Get(id)
			if ok && r.Type == estate.RuleDelegate {
				t.cuts(s)
			}
			t.add(r.Domain)
		}
	}
}

// endpoint adds the names of an interface endpoint.
func (t nameSet) endpoint(p estate.Endpoint) {
	for n := range endpointNames(p) {
		t.add(n)
	}
}

// endpointNames walks the names that an endpoint has, or would have with private
// DNS.
func endpointNames(p estate.Endpoint) iter.Seq[dnsname.Name] {
	return func(yield func(dnsname.Name) bool) {
		for _, n := range p.Names {
			if !yield(n.Name) {
				return
			}
		}
		for _, n := range p.PrivateNames {
			if !yield(estate.ManagedZone(n)) || n.IsWildcard() && !yield(n) {
				return
			}
		}
	}
}

// carried adds what a Profile's resource answers; of rules it notes the ID.
func (t nameSet) carried(s sides, x estate.ProfileResource, rules map[string]bool) {
	id := resourceID(x.ARN)
	for _, e := range s {
		switch x.Type {
		case estate.ProfileZone:
			if z, ok := e.Zones.Get(id); ok {
				t.add(z.Name)
			}
		case estate.ProfileEndpoint:
			if p, ok := e.Endpoints.Get(id); ok {
				t.endpoint(p)
			}
		case estate.ProfileRule:
			rules[id] = true
		}
	}
}

// cuts adds the names that private zones refer elsewhere, when any DELEGATE rule
// could take that.
func (t nameSet) cuts(s sides) {
	for _, e := range s {
		for n := range privateCuts(e) {
			t.add(n)
		}
	}
}

// rulesThrough notes the rules that send through a Resolver endpoint or to it.
func (s sides) rulesThrough(p estate.ResolverEndpoint, rules map[string]bool) {
	for _, e := range s {
		p, ok := e.ResolverEndpoints.Get(p.ID)
		if !ok {
			p.ID = ""
		}
		for _, e := range s {
			for _, a := range p.Addresses {
				for r := range e.ResolverRules.By(estate.ByAddress(a.IP)) {
					rules[r.ID] = true
				}
			}
			for r := range e.ResolverRules.By(estate.ByEndpoint(p.ID)) {
				rules[r.ID] = true
			}
		}
	}
}

// privateCuts walks the NS records of private zones below their apex, if the
// estate has a DELEGATE rule; without one they are data (R5.15).
func privateCuts(e estate.Estate) iter.Seq2[dnsname.Name, estate.RecordSet] {
	return func(yield func(dnsname.Name, estate.RecordSet) bool) {
		if _, ok := estate.First(e.ResolverRules.ByPrefix(estate.AllDelegations)); !ok {
			return
		}
		for rs := range e.Records.ByPrefix(estate.AllNS) {
			z, _ := e.Zones.Get(rs.Zone)
			if z.Private && rs.Name != z.Name && !yield(rs.Name, rs) {
				return
			}
		}
	}
}

// sameEndpoint and sameResolverEndpoint compare what answers depend on.
func sameEndpoint(a, b estate.Endpoint) bool {
	a.Policy, a.Groups, a.Subnets, a.RouteTables, a.Tags = b.Policy, b.Groups, b.Subnets, b.RouteTables, b.Tags
	a.Created, a.Requester = b.Created, b.Requester
	return same(a, b)
}

func sameResolverEndpoint(a, b estate.ResolverEndpoint) bool {
	a.Name, a.Groups, a.Protocols, a.Tags = b.Name, b.Groups, b.Protocols, b.Tags
	return same(a, b)
}

// firewalled reports whether a Profile bears on every name: it carries DNS
// Firewall groups, or decides about reverse names.
func firewalled(e estate.Estate, profile string) bool {
	p, _ := e.Profiles.Get(profile)
	_, groups := estate.First(e.ProfileResources.By(estate.ByProfileType(profile, estate.ProfileFirewallGroup)))
	return groups || p.Reverse != ""
}

// profilesEverywhere reports whether the estates differ in what Profiles do to
// every name.
func profilesEverywhere(a, b estate.Estate) bool {
	either := func(id string) bool { return firewalled(a, id) || firewalled(b, id) }
	any := false
	for p := range a.Profiles.All() {
		any = any || either(p.ID)
	}
	for p := range b.Profiles.All() {
		any = any || either(p.ID)
	}
	if !any {
		return false
	}
	return slices.ContainsFunc(changed(a.Profiles, b.Profiles, same), func(p estate.Profile) bool { return either(p.ID) }) ||
		slices.ContainsFunc(changed(a.ProfileAssociations, b.ProfileAssociations, same), func(x estate.ProfileAssociation) bool { return either(x.Profile) }) ||
		slices.ContainsFunc(changed(a.ProfileResources, b.ProfileResources, same), func(x estate.ProfileResource) bool { return x.Type == estate.ProfileFirewallGroup }) ||
		len(changed(a.Shares, b.Shares, same)) > 0 || !same(a.Organization, b.Organization) ||
		len(changed(a.Accounts, b.Accounts, same)) > 0 || len(changed(a.Units, b.Units, same)) > 0 ||
		slices.ContainsFunc(changed(a.Answers, b.Answers, same), func(x estate.Answer) bool { return x.Query.Kind == estate.QueryShares })
}

// profileVPCs are the VPCs in which a Profile is in effect.
func (r *Resolver) profileVPCs(id string) []string {
	var out []string
	for a := range r.e.ProfileAssociations.By(estate.ByProfile(id)) {
		v, ok := r.e.VPCs.Get(a.VPC)
		if p, _, on := r.profileOf(v); ok && on && p.ID == id {
			out = append(out, a.VPC)
		}
	}
	return out
}

// vpcsOf are the VPCs that a resource of a Profile reaches through Profiles.
func (d *differ) vpcsOf(side int, arn string) []string {
	var out []string
	for x := range d.sides[side].e.ProfileResources.By(estate.ByMember(arn)) {
		if !inEffect(x.Status) {
			continue
		}
		key := sideKey{side, x.Profile}
		vpcs, ok := d.profiles[key]
		if !ok {
			vpcs = d.sides[side].profileVPCs(x.Profile)
			d.profiles[key] = vpcs
		}
		out = append(out, vpcs...)
	}
	return out
}

// sideKey is a resource of one of the sides.
type sideKey struct {
	side int
	id   string
}

// ruleVPCs are the VPCs in which a rule is in effect, found once: every name below
// its domain asks for them.
func (d *differ) ruleVPCs(side int, rule estate.ResolverRule) []string {
	key := sideKey{side, rule.ID}
	if vpcs, ok := d.rules[key]; ok {
		return vpcs
	}
	r := d.sides[side]
	var out []string
	for a := range r.e.RuleAssociations.By(estate.ByRule(rule.ID)) {
		if v, ok := r.e.VPCs.Get(a.VPC); ok && inEffect(a.Status) && r.lent(rule.ARN(), rule.Account, rule.Region, v.Account) {
			out = append(out, a.VPC)
		}
	}
	out = append(out, d.vpcsOf(side, rule.ARN())...)
	d.rules[key] = out
	return out
}

// endpointsAt walks the endpoints of a side that may answer a private name in
// the zone n, each with the VPCs where it does.
func (d *differ) endpointsAt(side int, n dnsname.Name, yield func(p estate.Endpoint, vpcs []string)) {
	r := d.sides[side]
	for p := range r.e.Endpoints.ByPrefix(estate.ByManaged(n, "")) {
		yield(p, []string{p.VPC})
	}
	if d.carriedEndpoints[side] == nil {
		by := map[dnsname.Name][]estate.Endpoint{}
		seen := map[string]bool{}
		for x := range r.e.ProfileResources.ByPrefix(estate.ByMember("arn:aws:ec2:")) {
			p, ok := r.e.Endpoints.Get(resourceID(x.ARN))
			if x.Type != estate.ProfileEndpoint || !ok || seen[p.ID] {
				continue
			}
			seen[p.ID] = true
			for _, z := range zonesOf(p.PrivateNames) {
				by[z] = append(by[z], p)
			}
		}
		d.carriedEndpoints[side] = by
	}
	for _, p := range d.carriedEndpoints[side][n] {
		if slices.Contains(r.carriedZones(p), n) {
			yield(p, d.vpcsOf(side, p.ARN()))
		}
	}
}

// glue finds the cuts of private zones whose name servers' addresses hang on a
// name.
func (d *differ) glue() map[dnsname.Name][]dnsname.Name {
	if d.hosts == nil {
		d.hosts, d.cut = map[dnsname.Name][]dnsname.Name{}, map[dnsname.Name]bool{}
		for _, r := range d.sides {
			for n, rs := range privateCuts(r.e) {
				d.cut[n] = true
				for _, h := range names(values(rs, n)) {
					d.hosts[h] = append(d.hosts[h], n)
				}
			}
		}
	}
	return d.hosts
}

// network adds to a description of what decides at n what forwarding and
// endpoints contribute; see structure.
func (d *differ) network(side int, n dnsname.Name) []string {
	r := d.sides[side]
	var out []string
	for rule := range r.e.ResolverRules.By(estate.ByName(n)) {
		if rule.Type == estate.RuleDelegate {
			continue
		}
		out = append(out, "rule", rule.ID, rule.Type)
		through, dead := r.outbound(rule)
		out = append(out, "through", through.ID, through.VPC, dead)
		for _, t := range rule.Targets {
			p, what := r.at(t.IP, through, rule.Region)
			out = append(out, "target", t.IP.String(), p.ID, p.VPC, p.Direction, string(rune('0'+what)))
		}
		vpcs := slices.Sorted(slices.Values(d.ruleVPCs(side, rule)))
		out = append(out, "in", strings.Join(vpcs, ","))
	}
	d.endpointsAt(side, n, func(p estate.Endpoint, vpcs []string) {
		vpcs = slices.Sorted(slices.Values(vpcs))
		out = append(out, "endpoint", p.ID, strings.Join(vpcs, ","))
		if p.InboundOnly {
			out = append(out, "inbound")
		}
		if r.unverified(p) {
			out = append(out, "unverified")
		}
		for _, x := range p.PrivateNames {
			out = append(out, x.String())
		}
	})
	d.latticeAt(side, n, func(note, vpc string) { out = append(out, note[1:], vpc) })
	for z := range r.e.Zones.By(estate.ByName(n)) {
		if z.Private {
			vpcs := d.vpcsOf(side, z.ARN())
			slices.Sort(vpcs)
			out = append(out, "carried", z.ID, strings.Join(vpcs, ","))
		}
	}
	return out
}
