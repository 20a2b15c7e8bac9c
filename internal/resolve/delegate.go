package resolve

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// delegateRule finds the DELEGATE rule in effect in the VPC that takes one of
// the name servers, and these servers: those at or below its DelegationRecord
// (R5.13). Of several rules the deepest wins.
func (q *query) delegateRule(servers []RR) (rule estate.ResolverRule, hosts []dnsname.Name, ok bool) {
	var rules []estate.ResolverRule
	for _, host := range names(servers) {
		for above := range host.Ancestors() {
			for r := range q.r.e.ResolverRules.By(estate.ByDelegation(above)) {
				if _, on := q.ruleOrigin(r); on {
					rules = append(rules, r)
				}
			}
		}
	}
	if len(rules) == 0 {
		return rule, nil, false
	}
	slices.SortFunc(rules, func(a, b estate.ResolverRule) int {
		byID := cmp.Compare(a.ID, b.ID)
		if !q.r.p.DelegateDeepest {
			return byID
		}
		return cmp.Or(cmp.Compare(b.Delegation.Depth(), a.Delegation.Depth()), byID)
	})
	for _, host := range names(servers) {
		if host.Under(rules[0].Delegation) {
			hosts = append(hosts, host)
		}
	}
	slices.SortFunc(hosts, dnsname.Name.Compare)
	return rules[0], hosts, true
}

// delegated answers from the servers that a private zone refers to at cut, where
// a DELEGATE rule lets queries go there (R5.12 to R5.14); else ok is false.
func (q *query) delegated(z estate.Zone, above dnsname.Name) (p part, ok bool) {
	cut, servers, ok := q.r.cut(z, q.name, q.qtype)
	if !ok || !above.IsZero() && !cut.Below(above) {
		return p, false
	}
	rule, hosts, ok := q.delegateRule(servers)
	if !ok {
		return p, false
	}
	number := q.step("R5.13", z.ID, "zone %s refers %s to %s, which DELEGATE rule %s takes", z.Name, cut, hosts[0], rule.ID)
	failed := func(format string, args ...any) (part, bool) {
		return part{outcome: q.r.p.NoForwardTarget, rule: q.step("R4.5", "", format, args...)}, true
	}
	out, dead := q.r.outbound(rule)
	if dead != "" {
		return failed("DELEGATE rule %s cannot send: %s", rule.ID, dead)
	}
	if out.ID != "" {
		q.via(out.ID, "R5.12", "sent through outbound endpoint %s in %s", out.ID, out.VPC)
	}
	var away []netip.AddrPort
	var unknown *part
	for _, host := range hosts {
		if child, held := q.r.hosted(host, q.name); held && child.Name.Under(cut) {
			q.step("R5.14", child.ID, "%s holds public zone %s", host, child.Name)
			return q.descend(child, q.lookup(child, true), number), true
		}
		ips, p := q.hostAddresses(z, host)
		if p != nil && unknown == nil {
			unknown = p
		}
		for _, ip := range ips {
			switch e, what := q.r.at(ip, out, rule.Region); {
			case what == inside && e.Direction == estate.EndpointDelegation && !q.r.p.InboundDelegationRecursion:
				q.via(e.ID, "R5.17", "%s is %s endpoint %s in %s", ip, e.Direction, e.ID, e.VPC)
				return q.orFail(q.refer(e, cut)), true
			case what == inside && e.Direction == estate.EndpointDelegation:
				return q.inbound(e, ip), true
			case what == outside:
				away = append(away, netip.AddrPortFrom(ip, 53))
			default:
				q.step("R5.17", "", "%s is no name server to delegate to", ip)
			}
		}
	}
	switch {
	case len(away) > 0:
		return q.sendOut(away, number), true
	case unknown != nil:
		return *unknown, true
	}
	return failed("no name server of %s can be reached", cut)
}

// hostAddresses are the addresses of a name server: glue in the zone, else as
// the VPC itself resolves its name (R5.14). When these cannot be known, the part
// says why.
func (q *query) hostAddresses(z estate.Zone, host dnsname.Name) (ips []netip.Addr, unknown *part) {
	add := func(records []RR) {
		for _, rr := range records {
			if ip, err := netip.ParseAddr(rr.Value); err == nil {
				ips = append(ips, ip)
			}
		}
	}
	for _, t := range []string{"A", "AAAA"} {
		if rs, ok := q.r.e.Records.Get(estate.RecordKey(z.ID, host, t, "")); ok && host.Under(z.Name) {
			add(values(rs, host))
		}
	}
	for _, t := range []string{"A", "AAAA"} {
		if len(ips) > 0 {
			break
		}
		q.step("R5.14", z.ID, "no address of %s in the zone: it is resolved", host)
		a := q.ask(q.from, host, t)
		add(a.Records)
		if a.Outcome == External || a.Outcome == Outside || a.Outcome == Unread {
			return ips, &part{outcome: a.Outcome, targets: a.Targets, rule: a.Rule}
		}
	}
	return ips, nil
}

// refer asks an endpoint of direction INBOUND_DELEGATION, which answers for the
// private zones of its VPC and refuses the rest (R5.17). A referral of its own
// is followed where it leads further down than above.
func (q *query) refer(e estate.ResolverEndpoint, above dnsname.Name) part {
	there := &query{r: q.r, from: Vantage{VPC: e.VPC, Inbound: true}, asked: q.name, name: q.name, qtype: q.qtype, hop: q.hop}
	there.vpc, there.inVPC = q.r.e.VPCs.Get(e.VPC)
	note := func() { q.trace, q.choices = append(q.trace, there.trace...), append(q.choices, there.choices...) }
	z, ok := there.zoneAbove()
	if !ok {
		number := there.step("R5.17", "", "no private zone of %s holds it: refused", e.VPC)
		note()
		return part{outcome: Refused, rule: number}
	}
	number := there.step("R5.17", z.ID, "private zone %s of %s answers", z.Name, e.VPC)
	note()
	if p, ok := q.delegated(z, above); ok {
		return p
	}
	there.trace, there.choices = nil, nil
	p := there.zonePart(z, number)
	note()
	return p
}

// zoneAbove is the deepest private zone in effect in the VPC that the name
// sought lies in.
func (q *query) zoneAbove() (estate.Zone, bool) {
	if !q.inVPC || !q.vpc.DNSSupport {
		return estate.Zone{}, false
	}
	in, _ := q.candidates()
	for _, c := range in {
		if c.kind == privateZone {
			return c.zone, true
		}
	}
	return estate.Zone{}, false
}

// Delegation is what a Resolver endpoint of direction INBOUND_DELEGATION answers
// to a name server that refers to it, recursion asked for or not (R5.17).
func (r *Resolver) Delegation(endpoint estate.ResolverEndpoint, name dnsname.Name, qtype string) Answer {
	if r.p.InboundDelegationRecursion {
		return r.Resolve(Vantage{VPC: endpoint.VPC, Inbound: true}, name, qtype)
	}
	q := &query{r: r, from: Vantage{VPC: endpoint.VPC, Inbound: true}, asked: name, name: name, qtype: qtype}
	q.vpc, q.inVPC = r.e.VPCs.Get(endpoint.VPC)
	a := Answer{Name: name, Type: qtype}
	if z, ok := q.zoneAbove(); !ok {
		a.Outcome, a.Rule = Refused, q.step("R5.17", "", "no private zone of %s holds it: refused", endpoint.VPC)
	} else {
		p := q.zonePart(z, q.step("R5.17", z.ID, "private zone %s of %s answers", z.Name, endpoint.VPC))
		a.Outcome, a.Records, a.Authority, a.Rule, a.Authoritative = p.outcome, p.records, p.authority, p.rule, true
		a.TTL = leastTTL(p.records, p.authority)
	}
	a.Trace, a.Choices = q.trace, q.choices
	return a
}
