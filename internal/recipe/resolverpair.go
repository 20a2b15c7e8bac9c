package recipe

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reach"
)

// Which Resolver endpoints of the hub a share uses: those that are chosen, or
// that somebody else has there, as far as queries get through them; else ours.

// maxResolverAddresses of an endpoint (Developer Guide, DNSLimitations.html).
const maxResolverAddresses = 6

// plainDNS is the protocol of queries over UDP and TCP (API_route53resolver_CreateResolverEndpoint,
// Protocols). The targets of the share's rules are asked by it.
const plainDNS = "Do53"

// resolverEnd is a Resolver endpoint that may be used for a direction.
type resolverEnd struct {
	direction, label string
	theirs, chosen   bool                    // it stands, and is used as it is; by the configuration's choice
	have             estate.ResolverEndpoint // zero when ours is yet to be made
	subnets          []string
}

// resolverEnds are what may be used for a direction: what somebody has, then ours
// where nothing is chosen. None, and why, when what is chosen is not there.
func (s *shareIn) resolverEnds(direction string) []resolverEnd {
	label, picks := "inbound", s.ResolverEndpoints.Inbound
	if direction == estate.EndpointOutbound {
		label, picks = "outbound", s.ResolverEndpoints.Outbound
	}
	own, stands := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindResolverEndpoint, s.address+"/"+label, s.hub.ID, s.region)
	var out []resolverEnd
	for p := range s.Estate.ResolverEndpoints.By(estate.ByVPC(s.vpc.ID)) {
		chosen := len(picks) == 0 && !stands && p.Tags[plan.TagOwner] != s.Config.Owner ||
			slices.ContainsFunc(picks, func(pick config.Pick) bool { return pick.ID == p.ID || pick.ID == "" && p.Tags.Match(pick.Tags) })
		if p.Direction == direction && chosen && p.Serves() {
			end := resolverEnd{direction: direction, label: label, theirs: true, chosen: len(picks) > 0, have: p}
			for _, a := range p.Addresses {
				end.subnets = append(end.subnets, a.Subnet)
			}
			out = append(out, end)
		}
	}
	switch {
	case len(picks) == 0:
		have, _ := s.Estate.ResolverEndpoints.Get(own.ID)
		subnets := s.spread(s.vpc, s.ResolverEndpoints.Subnets, nil, own.Fields["subnets"])
		out = append(out, resolverEnd{direction: direction, label: label, have: have, subnets: subnets[:min(len(subnets), maxResolverAddresses)]})
	case len(out) == 0:
		s.problem(s.At("resolverEndpoints"), diag.Error, "no-endpoint", fmt.Sprintf("VPC %s has no such %s endpoint in %s that takes queries", s.vpc.ID, label, s.region), "", "give the ID of one that stands, or none to have one made")
	}
	return out
}

// resolverPair is the first pair of endpoints through which queries get.
func (s *shareIn) resolverPair() (in, out resolverEnd, ok bool) {
	ins, outs := s.resolverEnds(estate.EndpointInbound), s.resolverEnds(estate.EndpointOutbound)
	why := map[string]reach.Break{} // by the ID of what cannot be used
	found := len(ins) == 0 || len(outs) == 0
	for _, to := range outs {
		for _, at := range ins {
			if found {
				continue
			}
			unfit, b := s.unfit(to, at)
			if b == nil {
				in, out, ok, found = at, to, true, true
			} else if _, known := why[unfit.have.ID]; !known {
				why[unfit.have.ID] = *b
			}
		}
	}
	for _, end := range slices.Concat(ins, outs) {
		if b, told := why[end.have.ID]; told {
			severity := diag.Note
			if end.chosen && !found {
				severity = diag.Error
			}
			s.problem(s.At("resolverEndpoints"), severity, "unfit-endpoint", fmt.Sprintf("the %s endpoint %s of VPC %s cannot be used: %s", end.label, end.have.ID, s.vpc.ID, b.Text),
				"TCP and UDP on port 53 must pass (Developer Guide, resolver-forwarding-inbound-queries-values.html, resolver-forwarding-outbound-queries-values.html)", b.Hint)
		}
	}
	return in, out, ok
}

// unfit finds which of two endpoints keeps queries from getting from the one to
// the other, and how. Those of ours let them through; what is not known is not
// held against an endpoint, nor are network ACLs where any would stand.
func (s *shareIn) unfit(out, in resolverEnd) (resolverEnd, *reach.Break) {
	for _, end := range []resolverEnd{out, in} {
		if end.theirs && len(end.have.Protocols) > 0 && !slices.Contains(end.have.Protocols, plainDNS) {
			return end, &reach.Break{Text: fmt.Sprintf("it speaks %v, and not %s", end.have.Protocols, plainDNS), Hint: "add that protocol to it, or choose another, or none to have one made"}
		}
	}
	if !out.theirs && !in.theirs {
		return in, nil
	}
	from := reach.From(s.Estate, s.vpc.ID)
	from.Subnets, from.Groups = out.subnets, append([]string{}, out.have.Groups...)
	for _, addr := range s.hears(in) {
		for _, protocol := range []string{"udp", "tcp"} {
			v := from.To(addr, reach.Port{Number: 53, Protocol: protocol})
			switch b := v.Break(); {
			case v.Outcome != reach.Broken:
			case out.theirs && slices.Contains(out.have.Groups, b.Resource):
				return out, b
			case in.theirs:
				return in, b
			}
		}
	}
	return in, nil
}

// hears are the addresses of an inbound endpoint; of one that is yet to be made
// one in each of its subnets.
func (s *shareIn) hears(in resolverEnd) []netip.Addr {
	var out []netip.Addr
	for _, a := range in.have.Addresses {
		out = append(out, a.IP)
	}
	if in.have.ID == "" {
		for _, id := range in.subnets {
			if sub, ok := s.Estate.Subnets.Get(id); ok && sub.CIDR.IsValid() {
				out = append(out, sub.CIDR.Addr())
			}
		}
	}
	return out
}
