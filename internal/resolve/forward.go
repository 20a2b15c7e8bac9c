package resolve

import (
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// place is a query under evaluation in a VPC; one that comes back to itself is a
// loop (R4.7).
type place struct {
	vpc   string
	name  dnsname.Name
	qtype string
}

// ask puts a question to the resolver of a VPC, as part of this query: what
// arrives there is evaluated from the start, in that VPC alone (R4.2).
func (q *query) ask(at Vantage, name dnsname.Name, qtype string) Answer {
	sub := &query{r: q.r, from: at, asked: name, name: name, qtype: qtype,
		path: append(slices.Clip(q.path), place{q.from.VPC, q.name, q.qtype})}
	sub.vpc, sub.inVPC = q.r.e.VPCs.Get(at.VPC)
	a := sub.resolve()
	q.trace, q.choices = append(q.trace, sub.trace...), append(q.choices, sub.choices...)
	return a
}

// looping reports whether the query is asked while its own answer is awaited, or
// has gone on for too long.
func (q *query) looping() (part, bool) {
	switch {
	case slices.Contains(q.path, place{q.from.VPC, q.name, q.qtype}):
		return part{outcome: q.r.p.Loop, rule: q.step("R4.7", "", "a loop: %s is asked again while it waits for this answer", q.from.VPC)}, true
	case len(q.path) > q.r.p.MaxHops:
		return part{outcome: q.r.p.Loop, rule: q.step("R4.7", "", "forwarded more than %d times", q.r.p.MaxHops)}, true
	}
	return part{}, false
}

// reach is what stands behind an address that a query is sent to.
type reach int

const (
	outside reach = iota // nothing of the estate
	inside               // an inbound Resolver endpoint
	down                 // an inbound endpoint that does not serve
	vpcPlus2
)

// linkLocalResolvers are the addresses of a VPC's own resolver in every VPC
// (R1.1).
var linkLocalResolvers = []netip.Addr{netip.MustParseAddr("169.254.169.253"), netip.MustParseAddr("fd00:ec2::253")}

// at tells what stands behind an address, as seen from an outbound endpoint.
// Private addresses are used twice: of several inbound endpoints the one in the
// outbound endpoint's own VPC is meant, then one in its Region.
func (r *Resolver) at(ip netip.Addr, out estate.ResolverEndpoint, region estate.Region) (estate.ResolverEndpoint, reach) {
	var best estate.ResolverEndpoint
	rank := 0
	for p := range r.e.ResolverEndpoints.By(estate.ByAddress(ip)) {
		score := 1
		switch {
		case p.Direction == estate.EndpointOutbound:
			continue
		case p.VPC == out.VPC:
			score = 3
		case p.Region == region:
			score = 2
		}
		if score > rank {
			best, rank = p, score
		}
	}
	switch {
	case rank > 0 && best.Serves():
		return best, inside
	case rank > 0:
		return best, down
	case slices.Contains(linkLocalResolvers, ip):
		return best, vpcPlus2
	}
	for v := range r.e.VPCs.By(estate.ByAddress(ip)) {
		// Outside a closed estate the address may be a server of one's own.
		if r.closed || v.ID == out.VPC {
			return best, vpcPlus2
		}
	}
	return best, outside
}

// outbound finds the endpoint that a rule sends through. When it is known not to
// serve, or the rule not to work, dead says why (R4.5).
func (r *Resolver) outbound(rule estate.ResolverRule) (p estate.ResolverEndpoint, dead string) {
	if rule.Status == estate.StatusFailed {
		return p, "the rule has failed"
	}
	if rule.Endpoint == "" {
		return p, ""
	}
	p, held := r.e.ResolverEndpoints.Get(rule.Endpoint)
	switch {
	case held && p.Serves():
		return p, ""
	case held:
		return p, "its outbound endpoint " + p.ID + " is " + p.Status
	case r.closed || r.e.Answered(estate.Query{Kind: estate.QueryResolverEndpoints, Account: rule.Account, Region: rule.Region}):
		return p, "its outbound endpoint " + rule.Endpoint + " does not exist"
	}
	return p, "" // not read
}

// forward answers for a winning FORWARD rule. AWS tries the targets in any
// order; here those come first that the estate knows.
func (q *query) forward(w candidate, rule Rule) part {
	failed := func(format string, args ...any) part {
		return part{outcome: q.r.p.NoForwardTarget, rule: q.step("R4.5", "", format, args...)}
	}
	if len(w.rule.Targets) == 0 {
		return failed("%s has no target", w)
	}
	out, dead := q.r.outbound(w.rule)
	if dead != "" {
		return failed("%s cannot send: %s", w, dead)
	}
	if out.ID != "" {
		q.via(out.ID, "R4.3", "sent through outbound endpoint %s in %s", out.ID, out.VPC)
	}
	var away []netip.AddrPort
	plus2 := false
	for _, t := range w.rule.Targets {
		p, what := q.r.at(t.IP, out, w.rule.Region)
		switch what {
		case inside:
			return q.inbound(p, t.IP)
		case down:
			q.via(p.ID, "R4.5", "inbound endpoint %s at %s is %s", p.ID, t.IP, p.Status)
		case vpcPlus2:
			plus2 = true
			q.step("R4.4", "", "%s is the resolver of a VPC; asking it from elsewhere is not supported", t.IP)
		case outside:
			port := t.Port
			if port == 0 {
				port = 53
			}
			away = append(away, netip.AddrPortFrom(t.IP, port))
		}
	}
	switch {
	case len(away) > 0:
		return q.sendOut(away, rule)
	case plus2:
		return part{outcome: q.r.p.VPCPlus2, rule: "R4.4"}
	}
	return failed("%s reaches none of its targets", w)
}

// sendOut sends the query to servers outside the estate, whose answer is known
// only where the policy holds it (R4.4).
func (q *query) sendOut(to []netip.AddrPort, rule Rule) part {
	for _, t := range to {
		var records []RR
		for _, rr := range q.r.p.Servers[t.Addr()] {
			if rr.Name == q.name && rr.Type == q.qtype {
				records = append(records, rr)
			}
		}
		if len(records) > 0 {
			return part{outcome: NoError, records: records, rule: q.step("R4.6", "", "%s is known to answer so", t.Addr())}
		}
	}
	q.step("R4.3", "", "forwarded to %s, outside the estate", to[0].Addr())
	return part{outcome: External, targets: to, rule: rule}
}

// inbound goes on in the VPC of an inbound endpoint. What comes back is the
// answer, whatever it is (R4.6); silence is not.
func (q *query) inbound(p estate.ResolverEndpoint, ip netip.Addr) part {
	q.via(p.ID, "R4.4", "%s is %s endpoint %s in %s", ip, p.Direction, p.ID, p.VPC)
	if p.Direction == estate.EndpointDelegation && !q.r.p.InboundDelegationRecursion {
		return q.orFail(q.refer(p, dnsname.Name{}))
	}
	q.via(p.ID, "R4.2", "resolved as if %s had asked, through an inbound endpoint", p.VPC)
	a := q.ask(Vantage{VPC: p.VPC, Inbound: true}, q.name, q.qtype)
	return q.inspect(q.orFail(part{outcome: a.Outcome, records: a.Records, authority: a.Authority, ttl: a.TTL, targets: a.Targets, rule: a.Rule}))
}

// orFail makes an answer that is none, silence or a refusal, a failure (R4.5).
func (q *query) orFail(p part) part {
	if p.outcome == NoResponse || p.outcome == Refused {
		return part{outcome: q.r.p.NoForwardTarget, rule: q.step("R4.5", "", "%s from there: no answer", p.outcome)}
	}
	return p
}

// inspect runs DNS Firewall over the names that a reply redirects to (R1.6);
// the reply's CNAMEs are not asked again (R6.11).
func (q *query) inspect(p part) part {
	name, hop := q.name, q.hop
	defer func() { q.name, q.hop = name, hop }()
	for _, rr := range p.records {
		to, err := dnsname.Parse(rr.Value)
		if rr.Type != "CNAME" || q.qtype == "CNAME" || err != nil {
			continue
		}
		q.step("R6.11", "", "the reply leads on to %s by itself", to)
		q.name, q.hop = to, q.hop+1
		if blocked, ok := q.firewall(); ok {
			return blocked
		}
	}
	return p
}
