package resolve

import (
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// recurse answers from public DNS: down from the root by delegation, first
// through the world outside, then from zone to zone of the estate.
func (q *query) recurse() part {
	if p, ok := q.awsName(); ok {
		return p
	}
	z, p, ok := q.enter()
	if !ok {
		return p
	}
	return q.descend(z, q.lookup(z, true), p.rule)
}

// descend answers from what a zone holds or, where it refers on, from the zones
// that it leads to.
func (q *query) descend(z estate.Zone, f found, rule Rule) part {
	for !f.cut.IsZero() {
		q.step("R5.3", z.ID, "zone %s refers %s to %s", z.Name, f.cut, hosts(f.servers))
		below, p, ok := q.follow(f.cut, names(f.servers))
		if !ok {
			return p
		}
		z, rule = below, p.rule
		f = q.lookup(z, true)
	}
	p := q.part(z, f, rule)
	if len(p.records) == 0 && z.Name != q.name && q.r.hasPublicZone(q.name, z) {
		p.rule = q.step("R5.5", z.ID, "zone %s has no NS record for it, so it answers itself", z.Name)
	}
	return p
}

// hasPublicZone reports whether the estate has a public zone for name or above
// it, below z.
func (r *Resolver) hasPublicZone(name dnsname.Name, z estate.Zone) bool {
	for n := range name.Ancestors() {
		if !n.Below(z.Name) {
			return false
		}
		for other := range r.e.Zones.By(estate.ByName(n)) {
			if !other.Private {
				return true
			}
		}
	}
	return false
}

// enter finds the zone of the estate at which the world outside delegates to
// it. What it delegates is known by registrations and by what a probe read;
// without either, a public zone with no public zone above it counts as
// delegated. When nothing of the estate is reached, the part is the answer.
func (q *query) enter() (z estate.Zone, p part, ok bool) {
	var path []dnsname.Name
	for n := range q.name.Ancestors() {
		if n != dnsname.Root {
			path = append(path, n)
		}
	}
	entered := false
	told := false // something above is known to be delegated elsewhere, or not at all
	for _, n := range slices.Backward(path) {
		servers, rcode, known := q.r.delegated(n)
		switch {
		case known && rcode == NXDomain:
			return z, part{outcome: NXDomain, rule: q.step("R5.3", "", "public DNS has no %s", n)}, false
		case known && len(servers) > 0:
			told, entered = true, true
			if z, p, ok = q.follow(n, servers); ok {
				return z, p, true
			}
		case known:
			told = true
		case !told:
			zones := q.r.publicZones(n)
			if len(zones) == 0 {
				continue
			}
			if len(zones) > 1 {
				q.step("R5.2", zones[0].ID, "%d public zones are named %s and it is not known which one is delegated; taken: %s",
					len(zones), n, zones[0].ID)
			}
			q.step("R5.3", zones[0].ID, "zone %s (%s) counts as delegated: nothing of the estate stands above it", n, zones[0].ID)
			return zones[0], part{rule: "R1.7"}, true
		}
	}
	if !entered {
		p = q.outside("R1.7")
	}
	return z, p, false
}

// delegated tells how the world outside delegates a name, if that is known.
func (r *Resolver) delegated(n dnsname.Name) (servers []dnsname.Name, rcode Outcome, known bool) {
	if reg, ok := r.e.Registrations.Get(n.Key()); ok {
		return reg.NameServers, NoError, true
	}
	a, ok := r.e.Public.Get(estate.PublicAnswer{Name: n, Type: "NS"}.Key())
	if !ok || a.RCode != string(NoError) && a.RCode != string(NXDomain) {
		return nil, "", false
	}
	for _, v := range a.Values {
		if s, err := dnsname.Parse(v); err == nil {
			servers = append(servers, s)
		}
	}
	return servers, Outcome(a.RCode), true
}

// publicZones are the public zones of a name, by ID.
func (r *Resolver) publicZones(n dnsname.Name) []estate.Zone {
	var out []estate.Zone
	for z := range r.e.Zones.By(estate.ByName(n)) {
		if !z.Private {
			out = append(out, z)
		}
	}
	return out
}

// follow goes on to the servers that cut is delegated to. Servers without a
// zone at or below cut are lame (R5.6); when all are, the part is the answer.
func (q *query) follow(cut dnsname.Name, servers []dnsname.Name) (z estate.Zone, p part, ok bool) {
	servers = slices.Clone(servers)
	slices.SortFunc(servers, dnsname.Name.Compare)
	var lame []string
	for _, s := range servers {
		found, held := q.r.hosted(s, q.name)
		if !held || !found.Name.Under(cut) {
			lame = append(lame, s.String())
			continue
		}
		if !ok {
			z, ok = found, true
		} else if found.ID != z.ID {
			q.step("R5.2", found.ID, "%s holds another zone of that name, %s", s, found.ID)
		}
	}
	if ok {
		rule := q.step("R5.3", z.ID, "the listed servers hold zone %s (%s)", z.Name, z.ID)
		if others := len(q.r.publicZones(z.Name)); others > 1 {
			rule = q.step("R5.2", z.ID, "of %d public zones of that name this is the one listed", others)
		}
		if len(lame) > 0 {
			q.step("R5.6", z.ID, "partly lame: no zone for %s on %s", cut, strings.Join(lame, ", "))
		}
		return z, part{rule: rule}, true
	}
	if len(servers) == 0 {
		lame = []string{"no server"}
	}
	if q.r.closed {
		rule := q.step("R5.6", "", "lame: no zone for %s on %s", cut, strings.Join(lame, ", "))
		return z, part{outcome: q.r.p.Lame, rule: rule}, false
	}
	q.step("R5.6", "", "the estate holds no zone for %s on %s", cut, strings.Join(lame, ", "))
	return z, q.outside("R5.6"), false
}

// hosted finds the deepest public zone on a name server at or above name.
func (r *Resolver) hosted(server, name dnsname.Name) (estate.Zone, bool) {
	for n := range name.Ancestors() {
		for z := range r.e.Zones.By(estate.ByName(n)) {
			if !z.Private && slices.Contains(r.servers(z), server) {
				return z, true
			}
		}
	}
	return estate.Zone{}, false
}

// servers are the name servers of a public zone: its delegation set or, when
// that was not read, its own NS record.
func (r *Resolver) servers(z estate.Zone) []dnsname.Name {
	if len(z.NameServers) > 0 {
		return z.NameServers
	}
	rs, ok := r.e.Records.Get(estate.RecordKey(z.ID, z.Name, "NS", ""))
	if !ok {
		return nil
	}
	return names(values(rs, z.Name))
}

func names(ns []RR) []dnsname.Name {
	var out []dnsname.Name
	for _, rr := range ns {
		if n, err := dnsname.Parse(rr.Value); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func hosts(ns []RR) string {
	var out []string
	for _, rr := range ns {
		out = append(out, strings.TrimSuffix(rr.Value, "."))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// outside answers for a name that public DNS holds outside the estate: nothing
// in a closed estate, what a probe read in an open one.
func (q *query) outside(rule Rule) part {
	if q.r.closed {
		return part{outcome: NXDomain, rule: q.step(rule, "", "no public zone of the estate holds it, and there is nothing else")}
	}
	a, ok := q.r.e.Public.Get(estate.PublicAnswer{Name: q.name, Type: q.qtype}.Key())
	if !ok {
		return part{outcome: Outside, rule: q.step(rule, "", "it lies outside the estate, and public DNS was not asked")}
	}
	p := part{outcome: Outcome(a.RCode), ttl: a.TTL, rule: q.step(rule, "", "as public DNS was found to answer")}
	for _, v := range a.Values {
		p.records = append(p.records, RR{Name: q.name, Type: q.qtype, TTL: a.TTL, Value: canonical(q.qtype, v)})
	}
	return p
}

// awsName answers for the own name of an AWS resource of the estate. A website
// bucket's is the bucket before the Region's name.
func (q *query) awsName() (part, bool) {
	if p, n, ok := q.r.generated(q.name); ok {
		where := "all zones"
		if n.AZ != "" {
			where = n.AZ
		}
		rule := Rule("R3.1")
		if p.Type == estate.EndpointServiceNetwork {
			rule = "R7.5"
		}
		q.step(rule, "", "it is the name of endpoint %s in %s, of %s", p.ID, p.VPC, where)
		return part{outcome: NoError, records: q.interfaces(p, n.AZ, q.qtype), ttl: q.r.p.AliasTTL, rule: rule}, true
	}
	for n := range q.name.Ancestors() {
		for t := range q.r.e.Targets.By(estate.ByName(undual(n))) {
			if n != q.name && (t.Kind != estate.TargetS3Website || !slices.ContainsFunc(t.Domains, func(d dnsname.Name) bool {
				return d.String() == q.name.Relative(n)
			})) {
				continue
			}
			rule := q.step(nameRule(t), "", "it is the name of an AWS resource in account %s", t.Account)
			return part{outcome: NoError, records: q.addresses(t, q.qtype), ttl: q.r.p.AliasTTL, rule: rule}, true
		}
	}
	return part{}, false
}

// nameRule is the rule by which the name of an AWS resource answers.
func nameRule(t estate.AliasTarget) Rule {
	switch t.Kind {
	case estate.TargetLattice:
		return "R7.2"
	case estate.TargetResource:
		return "R7.4"
	}
	return "R6.1"
}

// Authoritative is what one Route 53 name server answers to a query that does
// not ask for recursion. Aliases and routing policies are answered as for the
// internet.
func (r *Resolver) Authoritative(server, name dnsname.Name, qtype string) Answer {
	q := &query{r: r, name: name, qtype: qtype}
	a := Answer{Name: name, Type: qtype}
	z, ok := r.hosted(server, name)
	if !ok {
		a.Outcome, a.Rule = Refused, q.step("R5.6", "", "%s holds no zone for %s", server, name)
		a.Trace = q.trace
		return a
	}
	a.Rule = q.step("R5.3", z.ID, "%s holds zone %s", server, z.Name)
	seen := map[dnsname.Name]bool{}
	for {
		seen[q.name] = true
		f := q.lookup(z, true)
		a.Outcome = f.outcome
		if f.rule != "" {
			a.Rule = f.rule
		}
		a.Records = append(a.Records, f.records...)
		a.Authoritative = a.Authoritative || f.cut.IsZero()
		switch {
		case !f.cut.IsZero():
			a.Authority = f.servers
			a.Rule = q.step("R5.3", z.ID, "refers %s to %s", f.cut, hosts(f.servers))
		case !f.next.IsZero() && r.p.ChaseInZone && f.next.Under(z.Name) && !seen[f.next] && q.hop < r.p.MaxHops:
			q.name = f.next
			q.hop++
			continue
		case len(f.records) > 0:
			a.Authority = r.apexNS(z)
		case f.outcome == NoError || f.outcome == NXDomain:
			a.Authority = []RR{r.soa(z)}
		}
		break
	}
	a.Additional = r.additional(z, a)
	if a.TTL = leastTTL(a.Records); !a.Positive() {
		a.TTL = leastTTL(a.Records, a.Authority)
	}
	a.Trace, a.Choices = q.trace, q.choices
	return a
}

func (r *Resolver) apexNS(z estate.Zone) []RR {
	rs, ok := r.e.Records.Get(estate.RecordKey(z.ID, z.Name, "NS", ""))
	if !ok {
		return nil
	}
	return values(rs, z.Name)
}

// additional are the addresses in the zone of hosts that the answer names, glue
// below a cut included (R5.8).
func (r *Resolver) additional(z estate.Zone, a Answer) []RR {
	var out []RR
	seen := map[dnsname.Name]bool{}
	for _, rr := range slices.Concat(a.Records, a.Authority) {
		fields := strings.Fields(rr.Value)
		want := map[string]int{"NS": 1, "MX": 2, "SRV": 4}[rr.Type]
		if want == 0 || len(fields) != want {
			continue
		}
		host, err := dnsname.Parse(fields[want-1])
		if err != nil || seen[host] || !host.Under(z.Name) {
			continue
		}
		seen[host] = true
		for _, t := range []string{"A", "AAAA"} {
			if slices.ContainsFunc(a.Records, func(have RR) bool { return have.Name == host && have.Type == t }) {
				continue
			}
			if rs, ok := r.e.Records.Get(estate.RecordKey(z.ID, host, t, "")); ok {
				out = append(out, values(rs, host)...)
			}
		}
	}
	return out
}
