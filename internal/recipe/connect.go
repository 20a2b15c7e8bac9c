package recipe

import (
	"fmt"
	"slices"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reach"
)

// What is missing between consumers and hub, made by a Transit Gateway. All
// shares are gathered before anything is wanted: a VPC has one attachment, a
// route table one list of routes, whichever share asked for it.

// hubEndpoint stands for the endpoints of a share, made or not, in questions
// about the network.
func (s *shareIn) hubEndpoint() estate.Endpoint {
	p := estate.Endpoint{Account: s.hub.ID, Region: s.region, VPC: s.vpc.ID}
	for _, one := range s.services {
		if one.stands {
			p.Groups = append(p.Groups, one.standing.Groups...)
		}
	}
	return p
}

// connectivity asks for the network between consumers and hub.
func (n *needs) connectivity(s *shareIn) {
	if s.vpc.ID == "" {
		return
	}
	for _, t := range s.Connect.TransitGateways {
		if a, problems := n.Config.FindAccount(t.Account, n.Estate); len(problems) == 0 {
			for _, k := range gatewayQueries {
				n.ask(estate.Query{Kind: k, Account: a.ID, Region: s.region})
			}
		}
	}
	p := s.hubEndpoint()
	for _, v := range s.consumers {
		for _, q := range reach.Needs(n.Estate, v.ID, p) {
			if ofOurs(n.Input, q.Account) { // nobody else's gateway can be read
				n.ask(q)
			}
		}
	}
}

// connectAddress is where all stands that connects, but for routes.
const connectAddress = "connect/"

// gatewayQueries see a Transit Gateway in its owner's account.
var gatewayQueries = []estate.QueryKind{estate.QueryTransitGateways, estate.QueryTransitAttachments, estate.QueryTransitTables, estate.QueryShares}

// gateway is the Transit Gateway that is to connect: the one that is chosen, or
// the one that the hub is attached to.
func (s *shareIn) gateway() (estate.TransitGateway, bool) {
	var found []estate.TransitGateway
	for g := range s.Estate.TransitGateways.All() {
		if g.Region != s.region {
			continue
		}
		for _, t := range s.Connect.TransitGateways {
			a, _ := s.Config.FindAccount(t.Account, s.Estate)
			if t.ID == g.ID || t.ID == "" && a.ID == g.Account && g.Tags.Match(t.Tags) {
				found = append(found, g)
			}
		}
	}
	if len(s.Connect.TransitGateways) == 0 {
		for a := range s.Estate.TransitAttachments.By(estate.ByVPC(s.vpc.ID)) {
			if g, ok := s.Estate.TransitGateways.Get(a.Gateway); ok && a.State == estate.AttachmentAvailable {
				found = append(found, g)
			}
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	s.problem(s.At("connect"), diag.Error, "no-gateway", fmt.Sprintf("%d Transit Gateways in %s fit `connect` of the share %s; it must be one", len(found), s.region, s.Name), "", "name it: `connect: { transitGateway: { id: tgw-…, account: … } }`")
	return estate.TransitGateway{}, false
}

// connect wants what is missing between the consumers and the hub.
func (s *shareIn) connect() {
	if !s.Connect.TransitGateway || s.vpc.ID == "" {
		return
	}
	g, ok := s.gateway()
	if !ok || !s.read(g.Account, "the network of the share "+s.Name, estate.QueryTransitGateways, estate.QueryTransitAttachments, estate.QueryTransitTables) {
		s.complete = false
		return
	}
	bare := withoutOurs(s.Estate, s.Config.Owner)
	base := connectAddress + string(s.region) + "/" + g.ID
	s.lendGateway(g, bare, base)
	attachment := func(vpc, id string) plan.Value {
		if id != "" {
			return plan.Lit(id)
		}
		return plan.Of(base+"/"+vpc, "id")
	}
	var subnets []string
	for _, one := range s.services {
		subnets = append(subnets, one.standing.Subnets...)
	}
	if len(subnets) == 0 {
		subnets = s.spread(s.vpc, s.Subnets, nil, nil)
	}
	unknown := false // what some of them lack
	for _, v := range s.consumers {
		w := reach.Missing(bare, reach.Link{Consumer: v.ID, Hub: s.vpc.ID, Gateway: g.ID, Subnets: subnets})
		for _, b := range w.Breaks {
			d := b.Diagnostic()
			d.Pos = s.At("connect")
			s.out.Diagnostics.Add(d)
			unknown = unknown || d.Severity != diag.Error
		}
		if slices.ContainsFunc(w.Breaks, func(b reach.Break) bool { return b.Code == reach.Overlap }) {
			continue
		}
		for _, a := range w.Attach {
			if a.Attachment != "" {
				s.problem(s.At("connect"), diag.Warning, "attachment-zone", fmt.Sprintf("attachment %s of VPC %s has no subnet in some zones of availability; it is somebody else's and left as it is", a.Attachment, a.VPC), "", "add subnets to it")
				continue
			}
			s.once(base+"/"+a.VPC, a.Account, object(plan.KindTransitAttachment, map[string][]plan.Value{
				"gateway": lits(a.Gateway), "vpc": lits(a.VPC), "subnets": lits(s.keptSubnets(base+"/"+a.VPC, a)...),
			}), plan.Wanted{Pos: s.At("connect"), Settle: true, SettleAfter: []string{base + "/" + a.VPC + "/accepted"}, After: s.lent(base, a.Account, g), Reason: "connects VPC " + a.VPC})
		}
		s.accept(w, base, g, attachment)
		for _, r := range w.Routes {
			if r.Replaces != "" {
				s.problem(s.At("connect"), diag.Warning, "route-blackhole", fmt.Sprintf("route table %s has a route for %s to %s, which is gone; it is left as it is", r.Table, r.To, r.Replaces), "", "delete that route")
				continue
			}
			s.route(r, base)
		}
	}
	s.complete = s.complete && !unknown
}

// accept wants the attachments taken in by the gateway's owner.
func (s *shareIn) accept(w reach.Wants, base string, g estate.TransitGateway, attachment func(vpc, id string) plan.Value) {
	type taken struct {
		id                       string
		association, propagation []string
	}
	byVPC := map[string]*taken{}
	var order []string
	of := func(vpc, id string) *taken {
		if byVPC[vpc] == nil {
			byVPC[vpc] = &taken{id: id}
			order = append(order, vpc)
		}
		return byVPC[vpc]
	}
	for _, a := range w.Accept {
		of(a.VPC, a.Attachment)
	}
	for _, t := range w.Associate {
		x := of(t.VPC, t.Attachment)
		x.association = append(x.association, t.Table)
	}
	for _, t := range w.Propagate {
		x := of(t.VPC, t.Attachment)
		x.propagation = append(x.propagation, t.Table)
	}
	for _, vpc := range order {
		x := byVPC[vpc]
		fields := map[string][]plan.Value{"attachment": {attachment(vpc, x.id)}}
		if len(x.association) > 0 {
			fields["association"] = lits(x.association...)
		}
		if len(x.propagation) > 0 {
			fields["propagation"] = lits(x.propagation...)
		}
		s.once(base+"/"+vpc+"/accepted", g.Account, object(plan.KindTransitAcceptance, fields), plan.Wanted{Pos: s.At("connect"), Settle: true, Reason: "the gateway takes VPC " + vpc + " in"})
	}
}

// once wants an object that several shares may ask for.
func (s *shareIn) once(address string, account estate.AccountID, o plan.Object, w plan.Wanted) {
	i := slices.IndexFunc(s.out.Wanted, func(have plan.Wanted) bool { return have.Address == address })
	if i < 0 {
		s.want(address, account, o, w)
		return
	}
	have := &s.out.Wanted[i]
	have.Frozen = have.Frozen && (w.Frozen || s.frozen)
	together(*have.Item.Object, o)
	for _, d := range w.After {
		if !slices.Contains(have.After, d) {
			have.After = append(have.After, d)
		}
	}
}

// together adds what one share asks of an object to what others do.
func together(have, more plan.Object) {
	for f, values := range more.Fields {
		switch f {
		case "routes", "association", "propagation", "principals":
			for _, v := range values {
				if !slices.Contains(have.Fields[f], v) {
					have.Fields[f] = append(have.Fields[f], v)
				}
			}
		case "external":
			if slices.Contains(values, plan.Bool(true)) {
				have.Fields[f] = values
			}
		}
	}
}

// route wants a route in a table, once the VPC is attached.
func (s *shareIn) route(r reach.VPCRoute, base string) {
	after := []plan.Dependency{settled(base + "/" + r.VPC), settled(base + "/" + r.VPC + "/accepted")}
	s.once(plan.RoutesAddress(r.Table), r.Account, object(plan.KindRoutes, map[string][]plan.Value{
		"table": lits(r.Table), "routes": lits(r.To.String() + " " + r.Gateway),
	}), plan.Wanted{Pos: s.At("connect"), After: after, Reason: "leads to the other VPC"})
}

// keptSubnets are those of an attachment of ours that stands, and of those that are
// proposed the ones in further zones of availability: an attachment has one subnet
// in each (Transit Gateway guide, tgw-vpc-attachments.html).
func (s *shareIn) keptSubnets(address string, a reach.Attach) []string {
	own, stands := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindTransitAttachment, address, a.Account, s.region)
	if !stands {
		return a.Subnets
	}
	zones := map[string]bool{}
	for _, id := range own.Fields["subnets"] {
		sub, _ := s.Estate.Subnets.Get(id)
		zones[sub.Zone] = true
	}
	out := slices.Clone(own.Fields["subnets"])
	for _, id := range a.Subnets {
		if sub, _ := s.Estate.Subnets.Get(id); !zones[sub.Zone] {
			out = append(out, id)
		}
	}
	return out
}

// lendGateway shares the gateway with the consumers' accounts, where nobody has.
func (s *shareIn) lendGateway(g estate.TransitGateway, bare estate.Estate, base string) {
	var accounts []string
	for _, v := range append(slices.Clone(s.consumers), s.vpc) {
		if !bare.Lends(g.ARN(), g.Account, v.Account) && !slices.Contains(accounts, string(v.Account)) {
			accounts = append(accounts, string(v.Account))
		}
	}
	if len(accounts) == 0 {
		return
	}
	principals := slices.DeleteFunc(s.principals(s.Input), func(p string) bool { return p == string(g.Account) })
	if slices.Contains(accounts, string(s.hub.ID)) {
		principals = append(principals, string(s.hub.ID))
	}
	lender := *s.share // whose hub stays what it is
	lender.hub.ID = g.Account
	owner := *s
	owner.share = &lender
	owner.once(base+"/share", g.Account, object(plan.KindShare, map[string][]plan.Value{
		"name": lits("orgdns-" + g.ID), "external": {plan.Bool(len(s.External) > 0)}, "resources": lits(s.Estate.Local(g.ARN())), "principals": lits(principals...),
	}), plan.Wanted{Pos: s.At("connect"), Settle: true, Reason: "lends the Transit Gateway to the consumers"})
	for _, p := range principals {
		if isAccount(p) {
			owner.acceptShare(base+"/share", "orgdns-"+g.ID, p, plan.Wanted{Pos: s.At("connect"), Settle: true, Reason: "the share reaches the account once it is accepted"})
		}
	}
}

// lent is what must be in effect before an account can attach.
func (s *shareIn) lent(base string, account estate.AccountID, g estate.TransitGateway) []plan.Dependency {
	if account == g.Account {
		return nil
	}
	return []plan.Dependency{settled(base + "/share"), settled(base + "/share/" + string(account))}
}

// withoutOurs is the estate as if orgdns had connected nothing, so that what is
// wanted does not hang on what was made of it.
func withoutOurs(e estate.Estate, owner string) estate.Estate {
	for o := range plan.Objects(e, plan.KindTransitAttachment) {
		if o.OwnedBy(owner) {
			e.TransitAttachments.Delete(o.ID)
		}
	}
	for o := range plan.Objects(e, plan.KindTransitAcceptance) {
		if o.OwnedBy(owner) {
			undoAcceptance(&e, o)
		}
	}
	for o := range plan.Objects(e, plan.KindRoutes) {
		if !o.OwnedBy(owner) {
			continue
		}
		t, _ := e.RouteTables.Get(o.Fields["table"][0])
		t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r estate.Route) bool {
			return slices.Contains(o.Fields["routes"], r.To.String()+" "+r.Target)
		})
		e.RouteTables.Put(t)
	}
	for t := range e.TransitTables.All() {
		gone := func(id string) bool { _, stands := e.TransitAttachments.Get(id); return !stands }
		t.Propagating = slices.DeleteFunc(slices.Clone(t.Propagating), gone)
		t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r estate.TransitRoute) bool { return r.Propagated && gone(r.Attachment) })
		e.TransitTables.Put(t)
	}
	for o := range plan.Objects(e, plan.KindShare) {
		if o.OwnedBy(owner) {
			e.Shares.Delete(o.ID)
		}
	}
	return e
}

// undoAcceptance takes an attachment of somebody else back to where it waited for
// the gateway's owner, without the route tables that it was given for us.
func undoAcceptance(e *estate.Estate, o plan.Standing) {
	a, ok := e.TransitAttachments.Get(o.Fields["attachment"][0])
	if !ok {
		return
	}
	a.State = estate.AttachmentPendingAcceptance
	if slices.Contains(o.Fields["association"], a.Table) {
		a.Table = ""
	}
	e.TransitAttachments.Put(a)
	for _, id := range o.Fields["propagation"] {
		t, _ := e.TransitTables.Get(id)
		t.Propagating = slices.DeleteFunc(slices.Clone(t.Propagating), func(at string) bool { return at == a.ID })
		t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r estate.TransitRoute) bool { return r.Propagated && r.Attachment == a.ID })
		e.TransitTables.Put(t)
	}
}
