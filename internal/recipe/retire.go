package recipe

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/cost"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reach"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/retire"
)

// The consumers' own endpoints for what a share serves: reported with what they
// cost and who would notice, and with `retireDuplicates: remove` let go where
// nothing speaks against it. That is judged by what stands, never by what the
// same run is about to make: so an endpoint goes in a run after the one that
// brought the shared way into effect (docs/decisions/0019-retirement.md).

// duplicates are the consumers' own endpoints for what the share serves, as
// package retire is asked for them.
func (s *shareIn) duplicates() retire.Input {
	in := retire.Input{Estate: s.Estate, Prices: cost.Builtin(), Kept: s.keeps, Begun: func(p estate.Endpoint) bool {
		_, begun := plan.Unnamed(p)
		return begun
	}}
	for _, one := range s.services {
		if one.stands {
			in.Shared = append(in.Shared, one.standing.ID)
		} else if name, known := one.service.Literal(); known && name != "" {
			in.Coming = append(in.Coming, estate.Endpoint{Service: name, Account: s.hub.ID, VPC: s.vpc.ID, Region: s.region, ServiceRegion: one.ServiceRegion})
		}
	}
	for _, v := range s.consumers {
		in.Consumers = append(in.Consumers, v.ID)
	}
	return in
}

// beside are the duplicates that answer in their VPCs, in place of the shared
// endpoints.
func (s *shareIn) beside() []retire.Pair {
	return slices.DeleteFunc(retire.Pairs(s.duplicates()), func(d retire.Pair) bool { return !d.Own.PrivateDNS })
}

// keeps reports whether an endpoint is nobody's duplicate: those that orgdns made
// come and go with a configuration, this one or another, and one that a share
// picks is what others may use.
func (s *shareIn) keeps(p estate.Endpoint) bool {
	if p.Tags[plan.TagOwner] != "" {
		return true
	}
	return slices.ContainsFunc(s.Config.EndpointShares, func(other config.EndpointShare) bool {
		return slices.ContainsFunc(other.Services, func(svc config.SharedService) bool {
			name, _ := svc.In(p.Region)
			return slices.ContainsFunc(svc.Endpoints, func(pick config.Pick) bool {
				return pick.ID == p.ID || pick.ID == "" && p.Service == name && p.Tags.Match(pick.Tags)
			})
		})
	})
}

// Duplicates are the consumers' own endpoints for what a share serves.
func Duplicates(in Input, s config.EndpointShare) []estate.Endpoint {
	hub, problems := in.Config.FindAccount(s.Account, in.Estate)
	if len(problems) > 0 || s.Via == config.ViaOwn {
		return nil
	}
	var out []estate.Endpoint
	one := newShare(in, s, hub, &Output{})
	for _, r := range shareRegions(s, hub) {
		for _, pair := range retire.Pairs(one.in(r).duplicates()) {
			out = append(out, pair.Own)
		}
	}
	return out
}

// retirement asks for who would notice if a duplicate went: nothing, where there
// is none.
func (n *needs) retirement(s *shareIn) {
	if s.RetireDuplicates == "" {
		return
	}
	own := retire.Pairs(s.duplicates())
	if len(own) == 0 {
		return
	}
	n.ask(estate.Query{Kind: estate.QueryOrganization})
	if n.Config.Access != nil {
		n.ask(estate.Query{Kind: estate.QueryAccounts})
	}
	where := map[estate.Region]bool{}
	for _, pair := range own {
		p := pair.Own
		where[cmp.Or(p.ServiceRegion, p.Region)] = true
		for _, q := range retire.NearQueries(n.Estate, p) {
			n.ask(q)
		}
		for _, key := range []string{estate.ByAccount(p.Account), estate.ByVPC(p.VPC)} {
			for z := range n.Estate.Zones.By(key) {
				n.ask(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID})
			}
		}
	}
	for _, one := range s.services { // what would answer without the endpoints
		for _, name := range one.names {
			for above := range name.Ancestors() {
				for z := range n.Estate.Zones.By(estate.ByName(above)) {
					if z.Private {
						n.ask(estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID})
						n.ask(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID})
					}
				}
			}
		}
	}
	if n.Estate.Answered(estate.Query{Kind: estate.QueryAccounts}) {
		for _, q := range retire.Queries(n.Estate, slices.Collect(maps.Keys(where))) {
			n.ask(q)
		}
	}
}

// retire reports the duplicates, and lets go of those that can.
func (s *shareIn) retire() {
	if s.RetireDuplicates == "" || s.frozen {
		return
	}
	in := s.duplicates()
	if len(retire.Pairs(in)) == 0 {
		return
	}
	for _, c := range s.AcceptDuplicates {
		in.Accepted = append(in.Accepted, retire.Code(c))
	}
	by := map[string]*sharedService{}
	for _, one := range s.services {
		if one.stands {
			by[one.standing.ID] = one
		}
	}
	arrived := s.arrived()
	in.Way = func(own, shared estate.Endpoint, v estate.VPC) []retire.Finding {
		return s.way(own, shared, v, by[shared.ID], arrived)
	}
	report := retire.Find(in)
	s.tell(report, in.Prices.Date)
	if s.RetireDuplicates == config.RetireRemove {
		s.remove(report)
	}
}

// arrived reports whether all that the share wants stands and is in effect.
func (s *shareIn) arrived() bool {
	return !slices.ContainsFunc(s.out.Wanted, func(w plan.Wanted) bool {
		if w.Item.Object == nil || !w.Settle || w.Frozen || !strings.HasPrefix(w.Address, s.address+"/") || plan.IsAct(w.Item.Object.Kind) {
			return false
		}
		o, ok := plan.OwnObject(s.Estate, s.Config.Owner, w.Item.Object.Kind, w.Address, w.Account, s.region)
		return !ok || o.Pending
	})
}

// way is whether the VPC would resolve the service's names to the shared
// endpoint without its own, and reaches that.
func (s *shareIn) way(own, shared estate.Endpoint, v estate.VPC, one *sharedService, arrived bool) []retire.Finding {
	var out []retire.Finding
	without := s.Estate
	without.Endpoints.Delete(own.ID)
	r := resolve.New(without, resolve.DefaultPolicy)
	six := slices.ContainsFunc(own.Addresses, func(a estate.EndpointAddress) bool { return a.IPv6.IsValid() })
	for _, name := range one.names {
		asked := asking(name)
		if asked.IsZero() {
			continue
		}
		for z := range s.Estate.VPCZones.Prefix(v.ID + "/") {
			if held, ok := s.Estate.Zones.Get(z.Zone); asked.Under(z.Name) && !strings.HasSuffix(z.Owner, ".amazonaws.com") && (!ok || len(held.VPCs) == 0) {
				out = append(out, retire.Finding{Code: retire.Unread, Account: estate.AccountID(z.Owner), Where: z.Zone,
					Text: fmt.Sprintf("the zone %s, which the VPC uses, was not read, and may answer for %s", z.Name, asked), Hint: "let orgdns read it"})
			}
		}
		for _, rrtype := range []string{"A", "AAAA"} {
			a := r.Resolve(resolve.Vantage{VPC: v.ID}, asked, rrtype)
			if leadsTo(a, shared) || rrtype == "AAAA" && !six && !a.Positive() { // nobody has any now
				continue
			}
			if !arrived {
				return []retire.Finding{{Code: retire.NotReady, Account: v.Account, Where: v.ID, Text: fmt.Sprintf("%s does not lead to the shared endpoint yet", asked), Hint: "judged once it does"}}
			}
			out = append(out, retire.Finding{Code: retire.NotInEffect, Account: v.Account, Where: v.ID,
				Text: fmt.Sprintf("without the endpoint the VPC gets for %s %s: %s", asked, rrtype, a), Hint: "see what answers with `orgdns explain`"})
		}
	}
	var ports []reach.Port
	for _, p := range s.ports([]*sharedService{one}) {
		ports = append(ports, reach.Port{Number: uint16(p), Protocol: "tcp"})
	}
	from := reach.From(s.Estate, v.ID)
	if alone := from.Isolated(); len(alone) > 0 {
		out = append(out, retire.Finding{Code: retire.Isolated, Account: v.Account, Where: v.ID, Text: fmt.Sprintf("nothing leads out of the VPC from %s: there the own endpoint is reached, and the shared one is not", strings.Join(alone, ", ")),
			Hint: "give these subnets a route to the hub VPC; if nothing there uses the service, accept it"})
	}
	if b := from.Endpoint(shared, ports...).Break(); b != nil {
		code := retire.Unreached
		if !arrived && b.Code != reach.Unread {
			code = retire.NotReady
		}
		out = append(out, retire.Finding{Code: code, Account: b.Account, Where: b.Resource, Text: "the VPC does not reach the shared endpoint, or may not: " + b.Text, Hint: b.Hint})
	}
	return out
}

// leadsTo reports whether an answer is addresses of an endpoint and no others.
func leadsTo(a resolve.Answer, p estate.Endpoint) bool {
	return a.Positive() && !slices.ContainsFunc(a.Records, func(rr resolve.RR) bool {
		return rr.Type != "CNAME" && !slices.ContainsFunc(p.Addresses, func(x estate.EndpointAddress) bool {
			return rr.Value == x.IPv4.String() || rr.Value == x.IPv6.String()
		})
	})
}

// pending reports whether a duplicate waits for nothing but the shared way.
func pending(d retire.Duplicate) bool {
	return len(d.Blocks) > 0 && !slices.ContainsFunc(d.Blocks, func(f retire.Finding) bool { return f.Code != retire.NotReady })
}

// tell puts the report into the plan. What sharing costs is added by who makes
// bills of shares.
func (s *shareIn) tell(r retire.Report, date string) {
	out := plan.Duplicates{
		Share: s.Name, Region: s.region, Remove: s.RetireDuplicates == config.RetireRemove, Prices: date,
		Monthly: r.Monthly.String(), Removable: r.Removable.String(),
	}
	for _, d := range r.Duplicates {
		p := d.Endpoint
		one := plan.Duplicate{Account: p.Account, VPC: p.VPC, ID: p.ID, Service: p.Service, Shared: d.Shared, Monthly: d.Monthly.String(), State: plan.Blocked}
		switch {
		case d.Removable:
			one.State = plan.Removable
		case pending(d):
			one.State = plan.Pending
		case len(d.Blocks) == 0:
			one.State = plan.Free
		}
		for _, f := range d.Blocks {
			one.Findings = append(one.Findings, plan.Finding{Code: string(f.Code), Blocks: true, Account: f.Account, Where: f.Where, Text: f.Text, Hint: f.Hint})
		}
		for _, f := range d.Notices {
			one.Findings = append(one.Findings, plan.Finding{Code: string(f.Code), Account: f.Account, Where: f.Where, Text: f.Text, Hint: f.Hint})
		}
		out.Endpoints = append(out.Endpoints, one)
	}
	s.out.Duplicates = append(s.out.Duplicates, out)
}

// remove lets go of what nothing blocks, and says of the rest why it stays.
// Things that stand in the way of many are told once.
func (s *shareIn) remove(r retire.Report) {
	type reason struct {
		code           retire.Code
		account, where string
	}
	var order []reason
	first, stays := map[reason]retire.Finding{}, map[reason][]string{}
	for _, d := range r.Duplicates {
		p := d.Endpoint
		address := s.address + "/duplicates/" + p.ID
		switch {
		case pending(d):
			s.out.Waiting = append(s.out.Waiting, plan.Waiting{Address: address, For: "the shared endpoint to serve " + p.VPC + "; run again then"})
		case d.Removable:
			s.out.Retired = append(s.out.Retired, plan.Retired{Address: address, ID: p.ID, Account: p.Account, Region: p.Region, Pos: s.At("retireDuplicates"),
				After: s.first(p.VPC), On: s.restsOn(d),
				Reason: fmt.Sprintf("not made by orgdns: `retireDuplicates: remove` of %s lets it go, since %s serves %s", s.Name, d.Shared, p.VPC)})
		}
		for _, f := range d.Blocks {
			if f.Code == retire.NotReady {
				continue
			}
			at := reason{f.Code, string(f.Account), f.Where}
			if stays[at] == nil {
				order, first[at] = append(order, at), f
			}
			stays[at] = append(stays[at], fmt.Sprintf("%s in %s (account %s)", p.ID, p.VPC, p.Account))
		}
	}
	for _, at := range order {
		f := first[at]
		s.out.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "duplicate-stays", Address: "endpointShares/" + s.Name, Account: string(f.Account), Region: string(s.region), Pos: s.At("retireDuplicates"),
			Summary: fmt.Sprintf("%d endpoint(s) of consumers stay beside those of %s, because of %s: %s", len(stays[at]), s.Name, f.Where, f.Text),
			Detail:  strings.Join(stays[at], ", "), Hint: f.Hint,
		})
	}
	for _, f := range r.Unread {
		s.problem(s.At("retireDuplicates"), diag.Warning, "unread", f.Where+": "+f.Text, "", f.Hint)
	}
}

// first is what of the share is changed in a VPC by the same plan: it must be in
// effect before an endpoint there goes.
func (s *shareIn) first(vpc string) []plan.Dependency {
	var out []plan.Dependency
	for _, w := range s.out.Wanted {
		if w.Address == s.associationAddress(s.region, vpc) || strings.HasPrefix(w.Address, s.vpcAddress(vpc)+"/") {
			out = append(out, settled(w.Address))
		}
	}
	return out
}

// restsOn is what leads the VPC to the shared endpoint, and that itself.
func (s *shareIn) restsOn(d retire.Duplicate) []plan.Standing {
	out := []plan.Standing{{Kind: plan.KindEndpoint, ID: d.Shared, Account: s.hub.ID}}
	for a := range s.Estate.ProfileAssociations.By(estate.ByVPC(d.Endpoint.VPC)) {
		out = append(out, plan.Standing{Kind: plan.KindProfileAssociation, ID: a.ID, Account: a.Account})
	}
	for a := range s.Estate.RuleAssociations.By(estate.ByVPC(d.Endpoint.VPC)) {
		out = append(out, plan.Standing{Kind: plan.KindRuleAssociation, ID: a.ID, Account: a.Account})
	}
	return out
}

// mayRetire permits reading who would notice, in every account of the
// organization that is known, and letting go of the consumers' own endpoints.
func (p *permissions) mayRetire(s *shareIn, consumers []estate.AccountID) {
	known := accounts(s.Input)
	ids := map[estate.AccountID]bool{}
	for _, a := range known {
		ids[a.ID] = true
	}
	for a := range s.Estate.Accounts.All() {
		ids[a.ID] = ids[a.ID] || active(s.Estate, a.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if ids[id] {
			p.add(plan.Permission{Account: id, May: plan.MayReadPrincipals})
			p.may(id, s.region, plan.MayReadResourcePolicies)
		}
	}
	for _, id := range consumers {
		p.add(plan.Permission{Account: id, May: plan.MayReadZones})
		p.add(plan.Permission{Account: id, May: plan.MayReadZone})
		if s.RetireDuplicates == config.RetireRemove {
			p.may(id, s.region, plan.MayRetireEndpoints)
		}
	}
}

// OrganizationReads is what reading the organization needs, in the account
// through which it is read.
func OrganizationReads(cfg *config.Config) []plan.May {
	out := []plan.May{plan.MayReadAccounts, plan.MayReadOrganization}
	if slices.ContainsFunc(cfg.EndpointShares, func(s config.EndpointShare) bool { return s.RetireDuplicates != "" }) {
		out = append(out, plan.MayReadControlPolicies)
	}
	return out
}
