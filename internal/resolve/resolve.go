// Package resolve tells what a name resolves to, as seen from a VPC or from
// the internet, and why: [Resolver.Resolve] answers like Route 53 VPC Resolver
// over an estate, [Resolver.Authoritative] like one Route 53 name server. Every
// answer carries its trace, step by step with the number of the rule applied.
// [Diff] is the difference of two estates in answers.
//
// The rules are those of the resolution reference, sections 1 (order of
// evaluation), 2 (Profiles), 3 (interface endpoints), 4 (Resolver endpoints and
// forwarding), 5 (delegation), 6 (records) and 7 (VPC Lattice). What competes for a name in a VPC
// is one flat list of candidates, from the VPC itself, its Profile and AWS; a
// further kind is a further entry. A query that is forwarded to an inbound
// endpoint of the estate is asked anew in that VPC. Undocumented choices are
// fields of [Policy].
//
// Values go in and come out; nothing is asked, cached or kept. Left out: time
// (caches are off, changes are visible at once), reachability of addresses,
// security groups of Resolver endpoints, names of peered VPCs, DNS64, DNSSEC
// validation, and name servers under names of one's own (white labels). [Diff] asks from VPCs, not through their inbound
// endpoints.
package resolve

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Resolver answers queries over one estate. It is a value to make and throw
// away, and safe for concurrent use.
type Resolver struct {
	e      estate.Estate
	p      Policy
	closed bool
}

// New makes a Resolver; nothing is copied.
func New(e estate.Estate, p Policy) *Resolver {
	return &Resolver{e, p, p.Closed || e.Closed()}
}

// Vantage is where a query is asked. With a VPC it is the one that owns the
// network interface asking, also when the subnet is shared (R1.5).
type Vantage struct {
	VPC string `json:"vpc,omitempty"` // none is the internet, through a public resolver
	// Inbound: the query enters the VPC through an inbound Resolver endpoint,
	// as from a network of one's own (R4.2).
	Inbound bool `json:"inbound,omitempty"`
}

func (v Vantage) String() string {
	switch {
	case v.VPC == "":
		return "internet"
	case v.Inbound:
		return v.VPC + " inbound"
	}
	return v.VPC
}

// Resolve answers a recursive query, following CNAMEs from the start of the
// evaluation each time (R6.10). Type is upper case.
func (r *Resolver) Resolve(from Vantage, name dnsname.Name, qtype string) Answer {
	q := &query{r: r, from: from, asked: name, name: name, qtype: qtype}
	q.vpc, q.inVPC = r.e.VPCs.Get(from.VPC)
	a := q.resolve()
	a.Name, a.Type, a.Trace, a.Choices, a.depends = name, qtype, q.trace, q.choices, q.depends
	return a
}

// query is one query under evaluation.
type query struct {
	r       *Resolver
	from    Vantage
	vpc     estate.VPC
	inVPC   bool         // the vantage is a VPC of the estate
	asked   dnsname.Name // the name first asked
	name    dnsname.Name // the name sought now
	qtype   string
	hop     int
	trusted bool // DNS Firewall looks no further along the chain
	trace   []Step
	choices []Choice
	depends dependence
	path    []place // the queries that wait for this one

	profileRow             estate.Profile // see profile
	profiled, profileKnown bool
}

// step notes a step of the evaluation.
func (q *query) step(rule Rule, zone, format string, args ...any) Rule {
	q.trace = append(q.trace, Step{Rule: rule, Name: q.name, Hop: q.hop, VPC: q.from.VPC, Zone: zone, Text: fmt.Sprintf(format, args...)})
	return rule
}

// via notes a step through a Resolver endpoint.
func (q *query) via(endpoint string, rule Rule, format string, args ...any) {
	q.step(rule, "", format, args...)
	q.trace[len(q.trace)-1].Endpoint = endpoint
}

// part is what one name of a CNAME chain gave.
type part struct {
	outcome   Outcome
	records   []RR
	authority []RR         // the SOA of a negative answer
	ttl       uint32       // of an answer without records
	next      dnsname.Name // the target of a CNAME that is yet to be followed
	rule      Rule
	alone     bool             // in place of the chain so far: a firewall's answer
	targets   []netip.AddrPort // of an External outcome
}

func (q *query) resolve() Answer {
	var a Answer
	seen := map[dnsname.Name]bool{}
	for ; ; q.hop++ {
		if seen[q.name] {
			return Answer{Outcome: ServFail, Rule: q.step("R6.10", "", "the CNAME chain comes back to %s", q.name)}
		}
		if q.hop > q.r.p.MaxHops {
			return Answer{Outcome: ServFail, Rule: q.step("R6.10", "", "more than %d CNAMEs", q.r.p.MaxHops)}
		}
		seen[q.name] = true
		p := q.once()
		if p.alone {
			a.Records = nil
		}
		a.Records = append(a.Records, p.records...)
		a.Outcome, a.Authority, a.Rule, a.Targets = p.outcome, p.authority, p.rule, p.targets
		if p.next.IsZero() || !q.r.p.CNAMERestart {
			if q.hop > 0 && len(p.records) == 0 && !p.alone {
				q.step("R6.12", "", "%s at the end of the CNAME chain", a)
			}
			if a.Outcome == ServFail {
				a.Records = nil
			}
			a.TTL = leastTTL(a.Records, p.authority)
			if len(p.records)+len(p.authority) == 0 && (len(a.Records) == 0 || p.ttl < a.TTL) {
				a.TTL = p.ttl
			}
			return a
		}
		q.name = p.next
	}
}

// leastTTL is the least TTL of records, 0 without any.
func leastTTL(sections ...[]RR) uint32 {
	var ttls []uint32
	for _, rr := range slices.Concat(sections...) {
		ttls = append(ttls, rr.TTL)
	}
	if len(ttls) == 0 {
		return 0
	}
	return slices.Min(ttls)
}

// once answers for one name: the gate, then the contest of candidates.
func (q *query) once() part {
	if q.from.VPC == "" {
		return q.recurse()
	}
	if !q.inVPC {
		return part{outcome: Unread, rule: q.step("R1.7", "", "the estate does not hold %s", q.from.VPC)}
	}
	if !q.vpc.DNSSupport {
		rule := q.step("R1.2", "", "enableDnsSupport of %s is off", q.vpc.ID)
		return part{outcome: q.r.p.DNSSupportOff, rule: rule}
	}
	if p, blocked := q.firewall(); blocked {
		return p
	}
	if p, ok := q.looping(); ok {
		return p
	}
	w, rule := q.contest()
	switch w.kind {
	case barred:
		return part{outcome: ServFail, rule: rule}
	case forwarding:
		return q.forward(w, rule)
	case privateZone:
		return q.private(w, rule)
	case managedZone:
		return q.managed(w, rule)
	case latticeZone:
		return q.latticeZone(w, rule)
	case autodefined:
		return q.local(w, rule)
	}
	return q.recurse()
}
