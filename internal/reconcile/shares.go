package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reach"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/retire"
)

// addressesOf are the addresses of endpoints, as answers hold them.
func addressesOf(list []estate.Endpoint) []string {
	var out []string
	for _, p := range list {
		for _, a := range p.Addresses {
			if a.IPv4.IsValid() {
				out = append(out, a.IPv4.String())
			}
			if a.IPv6.IsValid() {
				out = append(out, a.IPv6.String())
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// among reports whether an answer is addresses, and all of them are expected:
// which of an endpoint's addresses come is AWS's choice (R3.1).
func among(a resolve.Answer, want []string) bool {
	n := 0
	for _, rr := range a.Records {
		if rr.Type != "A" && rr.Type != "AAAA" {
			continue
		}
		if !slices.Contains(want, rr.Value) {
			return false
		}
		n++
	}
	return n > 0
}

// shareAddresses are the addresses by which a share answers in a VPC.
func shareAddresses(names []recipe.SharedName, share, vpc string) []string {
	var list []estate.Endpoint
	for _, n := range names {
		if n.Share == share && slices.ContainsFunc(n.VPCs, func(v estate.VPC) bool { return v.ID == vpc }) {
			list = append(list, n.Endpoints...)
		}
	}
	return addressesOf(list)
}

// promise is how a name of a share is to be answered in a consumer VPC.
type promise struct {
	types     []string // of the records that it has there: A, AAAA
	addresses []string // any of these, of all types
	want      string   // the same, for people
}

// promised is by the shared endpoint, or by one that the VPC has of its own
// besides, which answers there in its place.
func promised(n recipe.SharedName, v estate.VPC) promise {
	answering, list := n.Endpoints, slices.Clone(n.Endpoints)
	beside := ""
	for _, own := range n.Own {
		if own.VPC == v.ID {
			list = append(list, own)
			answering = list[len(n.Endpoints):]
			beside = ", or the VPC's own " + own.ID
		}
	}
	p := promise{types: recordTypes(answering), addresses: addressesOf(list)}
	p.want = "the endpoint of " + n.Share + beside + ": " + strings.Join(p.addresses, ", ")
	return p
}

// recordTypes are the types of records that the names of endpoints have.
func recordTypes(list []estate.Endpoint) []string {
	var out []string
	for _, t := range []string{"A", "AAAA"} {
		if slices.ContainsFunc(list, func(p estate.Endpoint) bool {
			return p.HasRecords(t) && slices.ContainsFunc(p.Addresses, func(a estate.EndpointAddress) bool {
				return t == "A" && a.IPv4.IsValid() || t == "AAAA" && a.IPv6.IsValid()
			})
		}) {
			out = append(out, t)
		}
	}
	return out
}

// promises are that the names of each share are answered in each consumer VPC
// with the addresses of its endpoint, of each type that it has.
func (p *Pass) promises(ctx context.Context, r *resolve.Resolver, in recipe.Input) ([]Check, error) {
	var out []Check
	for _, n := range recipe.SharedNames(in) {
		if len(addressesOf(n.Endpoints)) == 0 {
			continue // not there yet: the plan says so
		}
		for _, v := range n.VPCs {
			promise := promised(n, v)
			for _, t := range promise.types {
				c, err := p.check(ctx, r, resolve.Vantage{VPC: v.ID}, question{
					Expectation: config.Expectation{Name: n.Name, Type: t},
					want:        promise.want,
					met:         func(a resolve.Answer) bool { return among(a, promise.addresses) },
				})
				if err != nil {
					return out, err
				}
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// connectivity tells which consumer VPCs resolve the names of a share, and do
// not reach its endpoint. VPCs that one thing keeps away are told together.
func (p *Pass) connectivity(out *Planned, o Options) {
	in := p.input(out.After, p.Ports, o)
	type way struct{ share, endpoint, vpc string }
	type stop struct {
		reach.Code
		resource, share string
	}
	judged := map[way]bool{}
	stops := map[stop]reach.Break{}
	kept := map[stop][]string{}
	var order []stop
	names := recipe.SharedNames(in)
	isolated(out, names)
	for _, n := range names {
		for _, e := range n.Endpoints {
			for _, v := range n.VPCs {
				// Endpoints with the same groups and subnets are reached alike.
				w := way{n.Share, fmt.Sprint(e.Groups, e.Subnets, n.Ports), v.ID}
				if judged[w] {
					continue
				}
				judged[w] = true
				var ports []reach.Port
				for _, port := range n.Ports {
					ports = append(ports, reach.Port{Number: uint16(port), Protocol: "tcp"})
				}
				b := reach.From(out.After, v.ID).Endpoint(e, ports...).Break()
				if b == nil {
					continue
				}
				at := stop{b.Code, b.Resource, n.Share}
				if _, known := stops[at]; !known {
					stops[at] = *b
					order = append(order, at)
				}
				if text := fmt.Sprintf("%s (account %s)", v.ID, v.Account); !slices.Contains(kept[at], text) {
					kept[at] = append(kept[at], text)
				}
			}
		}
	}
	for _, at := range order {
		b := stops[at]
		summary := fmt.Sprintf("%d VPC(s) resolve the names of %s and do not reach its endpoint: %s", len(kept[at]), at.share, b.Text)
		severity := diag.Warning
		if b.Code == reach.Unread || b.Code == reach.NotJudged {
			summary, severity = fmt.Sprintf("whether %d VPC(s) reach the endpoint of %s is not known: %s", len(kept[at]), at.share, b.Text), diag.Note
		}
		out.Diagnostics.Add(diag.Diagnostic{
			Severity: severity, Code: "unreachable", Address: "endpointShares/" + at.share, Account: string(b.Account), Region: string(b.Region),
			Summary: summary, Detail: strings.Join(kept[at], ", "), Hint: b.Hint,
		})
	}
}

// isolated tells of subnets out of which nothing leads, in VPCs that have an
// endpoint of their own for what is shared: what stands there loses the service
// with that endpoint.
func isolated(out *Planned, names []recipe.SharedName) {
	type place struct {
		share, vpc string
		goes       bool
	}
	var order []place
	own := map[place][]string{}
	for _, n := range names {
		for _, e := range n.Endpoints {
			for _, v := range n.VPCs {
				for p := range out.Before.Endpoints.By(estate.ByVPC(v.ID)) {
					if p.Type != estate.EndpointInterface || p.Service != e.Service || p.ServiceRegion != e.ServiceRegion || e.VPC == v.ID {
						continue
					}
					now, stands := out.After.Endpoints.Get(p.ID)
					at := place{n.Share, v.ID, !stands || now.State == estate.EndpointDeleting}
					if own[at] == nil {
						order = append(order, at)
					}
					if !slices.Contains(own[at], p.ID) {
						own[at] = append(own[at], p.ID)
					}
				}
			}
		}
	}
	for _, at := range order {
		subnets := reach.From(out.After, at.vpc).Isolated()
		if len(subnets) == 0 {
			continue
		}
		v, _ := out.After.VPCs.Get(at.vpc)
		d := diag.Diagnostic{
			Severity: diag.Note, Code: string(retire.Isolated), Address: "endpointShares/" + at.share, Account: string(v.Account), Region: string(v.Region),
			Summary: fmt.Sprintf("nothing leads out of VPC %s (account %s) from %s: there the VPC's own %s are reached, and those of %s are not", v.ID, v.Account, strings.Join(subnets, ", "), strings.Join(own[at], ", "), at.share),
			Hint:    "give these subnets a route to the hub VPC, if something there uses the services",
		}
		if at.goes {
			d.Severity = diag.Warning
			d.Summary = fmt.Sprintf("VPC %s (account %s) loses its own %s, and nothing leads out of it from %s: there the endpoints of %s are not reached", v.ID, v.Account, strings.Join(own[at], ", "), strings.Join(subnets, ", "), at.share)
		}
		out.Diagnostics.Add(d)
	}
}

// rounds refuses what makes queries for the names of a share go round: the hub of
// one share may be a consumer of another that has the same name, and that one's
// hub a consumer of the first (R4.7). A single share does not see it.
func (p *Pass) rounds(out *Planned, o Options) {
	if out.After.ResolverRules.Len() == 0 {
		return // nothing is sent on
	}
	r := resolve.New(out.After, resolve.DefaultPolicy)
	for _, n := range recipe.SharedNames(p.input(out.After, p.Ports, o)) {
		var lost, round []string
		for _, v := range n.VPCs {
			a := r.Resolve(resolve.Vantage{VPC: v.ID}, n.Name, "A")
			if !slices.ContainsFunc(a.Trace, func(s resolve.Step) bool { return s.Rule == "R4.7" }) {
				continue
			}
			lost = append(lost, fmt.Sprintf("%s (account %s)", v.ID, v.Account))
			round = round[:0]
			for _, s := range a.Trace {
				if s.VPC != "" && !slices.Contains(round, s.VPC) {
					round = append(round, s.VPC)
				}
			}
		}
		if len(lost) == 0 {
			continue
		}
		i := slices.IndexFunc(p.Config.EndpointShares, func(s config.EndpointShare) bool { return s.Name == n.Share })
		out.Diagnostics.Add(diag.Diagnostic{
			Code: "loop", Address: "endpointShares/" + n.Share, Region: string(n.Region), Pos: p.Config.EndpointShares[i].At("consumers"),
			Summary: fmt.Sprintf("%d VPC(s) would have no answer for %s: the query goes round through %s", len(lost), n.Name, strings.Join(round, ", ")),
			Detail:  strings.Join(lost, ", "),
			Hint:    "a hub must not be a consumer of a share that sends the same name back to it: take it out of `consumers`, or the service out of one of the shares",
		})
	}
}

// Reaches judges the way from a VPC to the endpoint that an answer leads to, on
// the ports on which it is used; nil when it leads to none.
func Reaches(in recipe.Input, from resolve.Vantage, a resolve.Answer) *reach.Verdict {
	p, ok := answeredBy(in.Estate, a)
	if !ok || from.VPC == "" {
		return nil
	}
	v := reach.From(in.Estate, from.VPC).Endpoint(p, portsOf(in, p)...)
	return &v
}

// portsOf are those on which an endpoint is used: as its share says; of a service
// that is none of AWS's, and of no share's or with load balancers that were not
// read, those that its security groups open one by one; else 443.
func portsOf(in recipe.Input, p estate.Endpoint) []reach.Port {
	var list []int32
	for _, n := range recipe.SharedNames(in) {
		if n.Listed && slices.ContainsFunc(slices.Concat(n.Endpoints, n.Own), func(e estate.Endpoint) bool { return e.ID == p.ID }) {
			list = append(list, n.Ports...)
		}
	}
	if len(list) == 0 && strings.Contains(p.Service, ".vpce-svc-") {
		for _, id := range p.Groups {
			g, _ := in.Estate.SecurityGroups.Get(id)
			for _, r := range g.Rules {
				if !r.Egress && r.Protocol == "tcp" && r.From == r.To {
					list = append(list, r.From)
				}
			}
		}
	}
	if len(list) == 0 {
		list = []int32{443}
	}
	slices.Sort(list)
	var out []reach.Port
	for _, port := range slices.Compact(list) {
		out = append(out, reach.Port{Number: uint16(port), Protocol: "tcp"})
	}
	return out
}

// answeredBy is the endpoint whose addresses are in an answer.
func answeredBy(e estate.Estate, a resolve.Answer) (estate.Endpoint, bool) {
	for p := range e.Endpoints.All() {
		if addresses := addressesOf([]estate.Endpoint{p}); len(addresses) > 0 && among(a, addresses) {
			return p, true
		}
	}
	return estate.Endpoint{}, false
}

// shareNeeds are what the answers in a VPC depend on besides zones: its Profile,
// its rules and its endpoints, and what stands behind those at their owners'.
func shareNeeds(e estate.Estate, vpc string, ask func(estate.Query)) {
	v, ok := e.VPCs.Get(vpc)
	if !ok {
		return
	}
	at := func(account estate.AccountID, kinds ...estate.QueryKind) {
		for _, k := range kinds {
			ask(estate.Query{Kind: k, Account: account, Region: v.Region})
		}
	}
	at(v.Account, estate.QueryEndpoints, estate.QueryRuleAssociations, estate.QueryResolverRules, estate.QueryProfileAssociations, estate.QueryProfiles)
	for a := range e.ProfileAssociations.By(estate.ByVPC(vpc)) {
		if profile, ok := e.Profiles.Get(a.Profile); ok {
			at(profile.Account, estate.QueryEndpoints, estate.QueryResolverRules, estate.QueryResolverEndpoints)
		}
	}
	for a := range e.RuleAssociations.By(estate.ByVPC(vpc)) {
		if rule, ok := e.ResolverRules.Get(a.Rule); ok {
			at(rule.Account, estate.QueryEndpoints, estate.QueryResolverEndpoints, estate.QueryVPCs)
		}
	}
}
