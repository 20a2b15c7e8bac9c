package resolve

import (
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// found is what one zone holds for the name sought.
type found struct {
	outcome Outcome
	records []RR
	next    dnsname.Name // the target, when a CNAME answers in place of the type asked
	cut     dnsname.Name // a delegated name at or above; then servers are its NS
	servers []RR
	rule    Rule // that made it so, when one did
}

// lookup finds the name sought in a zone: RFC 1034 section 4.3.2 with wildcards
// as RFC 4592 clarifies them, and aliases. With cuts, delegated names hide what
// lies at and below them.
func (q *query) lookup(z estate.Zone, cuts bool) found {
	if !q.r.read(z) {
		return found{outcome: Unread, rule: q.step("R1.23", z.ID, "the records of zone %s (%s) were not read", z.Name, z.ID)}
	}
	if cuts {
		if c, servers, ok := q.r.cut(z, q.name, q.qtype); ok {
			if q.r.p.OccludeBelowCut || !q.r.holds(z, q.name, q.qtype) {
				if q.r.below(z, c) {
					q.step("R5.4", z.ID, "what zone %s holds at and below %s is hidden by the delegation", z.Name, c)
				}
				return found{outcome: NoError, cut: c, servers: servers}
			}
		}
	}
	if f, ok := q.at(z, q.name); ok {
		return f
	}
	if q.r.exists(z, q.name) {
		rule := q.step("R1.25", z.ID, "%s has no record of its own, but names below it: NODATA", q.name)
		return found{outcome: NoError, rule: rule}
	}
	for above, ok := q.name.Parent(); ok && above.Under(z.Name); above, ok = above.Parent() {
		if !q.r.exists(z, above) {
			continue
		}
		if wild := above.Wildcard(); !wild.IsZero() {
			if f, ok := q.at(z, wild); ok {
				f.rule = q.step("R6.13", z.ID, "%s stands for it", wild)
				return f
			}
			if q.r.exists(z, wild) { // it has names below it: RFC 4592 section 4.9
				return found{outcome: NoError, rule: q.step("R6.14", z.ID, "%s stands for it and is empty: NODATA", wild)}
			}
		}
		if q.r.p.WildcardENT {
			if w, ok := q.r.wildcardAbove(z, above); ok {
				q.step("R6.14", z.ID, "%s does not apply: %s exists", w, above)
			}
			break
		}
	}
	if s, ok := estate.First(q.r.e.LatticeServices.By(estate.ByCustomDomain(q.name))); ok {
		q.step("R7.3", z.ID, "Lattice service %s in account %s has this custom domain, but no record leads to it", s.ID, s.Account)
	}
	rule := q.step("R1.25", z.ID, "zone %s has neither %s nor a name below it: NXDOMAIN", z.Name, q.name)
	return found{outcome: NXDomain, rule: rule}
}

// read reports whether the zone's records are in the estate: every hosted zone
// has a SOA record (R5.1), so a zone without one was not read.
func (r *Resolver) read(z estate.Zone) bool {
	if r.closed {
		return true
	}
	_, ok := r.e.Records.Get(estate.RecordKey(z.ID, z.Name, "SOA", ""))
	return ok
}

// exists reports whether a name is in the zone, by records of its own or below.
func (r *Resolver) exists(z estate.Zone, name dnsname.Name) bool {
	if name == z.Name {
		return true
	}
	_, ok := estate.First(r.e.Records.Prefix(estate.RecordsBelow(z.ID, name)))
	return ok
}

// holds reports whether the zone has records that would answer the name and type.
func (r *Resolver) holds(z estate.Zone, name dnsname.Name, qtype string) bool {
	for rs := range r.e.Records.Prefix(estate.RecordsAt(z.ID, name)) {
		if rs.Type == qtype && rs.Type != "NS" || rs.Type == "CNAME" {
			return true
		}
	}
	return false
}

// below reports whether the zone holds anything that a cut at c hides.
func (r *Resolver) below(z estate.Zone, c dnsname.Name) bool {
	for rs := range r.e.Records.Prefix(estate.RecordsBelow(z.ID, c)) {
		if rs.Name != c || rs.Type != "NS" && rs.Type != "DS" {
			return true
		}
	}
	return false
}

func (r *Resolver) wildcardAbove(z estate.Zone, name dnsname.Name) (dnsname.Name, bool) {
	for above, ok := name.Parent(); ok && above.Under(z.Name); above, ok = above.Parent() {
		if w := above.Wildcard(); !w.IsZero() && r.exists(z, w) {
			return w, true
		}
	}
	return dnsname.Name{}, false
}

// cut finds the topmost delegated name of the zone at or above name. DS at the
// cut itself belongs to the parent (RFC 4035 section 3.1.4.1).
func (r *Resolver) cut(z estate.Zone, name dnsname.Name, qtype string) (dnsname.Name, []RR, bool) {
	var path []dnsname.Name
	for n := range name.Ancestors() {
		if !n.Below(z.Name) {
			break
		}
		path = append(path, n)
	}
	for _, n := range slices.Backward(path) {
		rs, ok := r.e.Records.Get(estate.RecordKey(z.ID, n, "NS", ""))
		if !ok || n == name && qtype == "DS" {
			continue
		}
		return n, values(rs, n), true
	}
	return dnsname.Name{}, nil, false
}

// at answers from the records at owner: the name sought, or the wildcard that
// stands for it. Without any record there, ok is false.
func (q *query) at(z estate.Zone, owner dnsname.Name) (f found, ok bool) {
	var match, cname []estate.RecordSet
	alias := false
	for rs := range q.r.e.Records.Prefix(estate.RecordsAt(z.ID, owner)) {
		ok = true
		switch {
		case rs.Type == q.qtype:
			match = append(match, rs)
		case rs.Type == "CNAME":
			cname = append(cname, rs)
		default:
			alias = alias || rs.Alias != nil
		}
	}
	if !ok {
		return found{}, false
	}
	if len(match) == 0 {
		match = cname
	}
	if len(match) == 0 {
		f.outcome, f.rule = NoError, "R1.25"
		if alias {
			f.rule = q.step("R6.5", z.ID, "the alias at %s is not of type %s", owner, q.qtype)
		}
		q.step("R1.25", z.ID, "%s exists, but has no %s: NODATA", owner, q.qtype)
		return f, true
	}
	c := q.choose(z, match, 0)
	f.outcome, f.records, f.rule = c.outcome, c.records, c.rule
	if len(f.records) > 0 && f.records[0].Type == "CNAME" && q.qtype != "CNAME" {
		next, err := dnsname.Parse(f.records[0].Value)
		if err != nil {
			return found{outcome: ServFail, rule: q.step("R6.10", z.ID, "the CNAME's value is no name: %s", err)}, true
		}
		f.next = next
		q.step("R6.10", z.ID, "%s is a CNAME for %s", owner, next)
	}
	return f, true
}

// values are the records of a set under the owner name given.
func values(rs estate.RecordSet, owner dnsname.Name) []RR {
	out := make([]RR, 0, len(rs.Values))
	for _, v := range rs.Values {
		out = append(out, RR{Name: owner, Type: rs.Type, TTL: rs.TTL, Value: canonical(rs.Type, v)})
	}
	return out
}

// canonical writes data that is one host name in one way.
func canonical(rrtype, v string) string {
	switch rrtype {
	case "CNAME", "NS", "PTR":
		if n, err := dnsname.Parse(v); err == nil {
			return n.FQDN()
		}
	}
	return v
}

// part makes a zone's find one part of the answer, with the SOA when it is
// negative (R5.8, RFC 2308 section 3).
func (q *query) part(z estate.Zone, f found, rule Rule) part {
	p := part{outcome: f.outcome, records: f.records, next: f.next, rule: rule}
	if f.rule != "" {
		p.rule = f.rule
	}
	if len(f.records) == 0 && (f.outcome == NoError || f.outcome == NXDomain) {
		p.authority = []RR{q.r.soa(z)}
	}
	return p
}

// soa is the SOA record of a negative answer: its TTL is the lesser of its own
// and its minimum field (R1.26); Route 53's defaults are 900 and 86400.
func (r *Resolver) soa(z estate.Zone) RR {
	soa := RR{Name: z.Name, Type: "SOA", TTL: 900}
	if rs, ok := r.e.Records.Get(estate.RecordKey(z.ID, z.Name, "SOA", "")); ok && len(rs.Values) > 0 {
		soa.TTL, soa.Value = rs.TTL, rs.Values[0]
		if fields := strings.Fields(rs.Values[0]); len(fields) == 7 {
			if minimum, err := strconv.ParseUint(fields[6], 10, 32); err == nil {
				soa.TTL = min(soa.TTL, uint32(minimum))
			}
		}
	}
	return soa
}
