package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/cost"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
)

// ways are how a share can be had, in the order of a report.
var ways = []cost.Via{cost.ViaOwn, cost.ViaProfile, cost.ViaResolver}

// Costs tells what each share costs as it stands and by each way to have it;
// where there are several, the last report is of all together. It reads what a
// plan for any of the ways would. The problems are those of the configured ways.
func (p *Pass) Costs(ctx context.Context, prices *cost.Prices, t cost.Traffic) ([]cost.Report, diag.List, error) {
	configs := map[cost.Via]*config.Config{}
	for _, v := range ways {
		configs[v] = by(p.Config, v)
	}
	input := func(cfg *config.Config, e estate.Estate) recipe.Input {
		in := p.input(e, p.Ports, Options{})
		in.Config = cfg
		return in
	}
	e, err := p.observe(ctx, p.Ports, estate.Estate{}, func(e estate.Estate) []estate.Query {
		var out []estate.Query
		seen := map[estate.Query]bool{}
		for _, v := range ways {
			for _, q := range recipe.Needs(input(configs[v], e)) {
				if !seen[q] {
					seen[q] = true
					out = append(out, q)
				}
			}
		}
		return out
	})
	if err != nil {
		return nil, nil, err
	}
	c := &costs{Input: input(p.Config, e), Estate: e, prices: prices, traffic: t, owner: p.Config.Owner, made: map[cost.Via]recipe.Output{}}
	for _, v := range ways {
		in := input(configs[v], e)
		c.made[v] = recipe.Make(in)
		c.names = append(c.names, recipe.SharedNames(in)...)
	}
	var shares []*costed
	var reports []cost.Report
	for _, s := range p.Config.EndpointShares {
		one := c.share(s)
		r, err := c.report(one)
		if err != nil {
			return nil, nil, err
		}
		shares, reports = append(shares, one), append(reports, r)
	}
	if len(shares) > 1 {
		r, err := c.report(together(shares))
		if err != nil {
			return nil, nil, err
		}
		reports = append(reports, r)
	}
	return reports, c.problems, nil
}

// by is a configuration with all shares had in one way. What the configured way
// alone can use is left out of another.
func by(cfg *config.Config, v cost.Via) *config.Config {
	out := *cfg
	out.EndpointShares = slices.Clone(cfg.EndpointShares)
	for i := range out.EndpointShares {
		s := &out.EndpointShares[i]
		s.RetireDuplicates, s.AcceptDuplicates, s.Probe = "", nil, nil // they change no bill
		if s.Via == string(v) {
			continue
		}
		s.Via = string(v)
		switch v {
		case cost.ViaOwn:
			s.Hubs, s.Connect = nil, config.Connect{}
		case cost.ViaProfile:
			s.ResolverEndpoints = config.ResolverEndpoints{}
		case cost.ViaResolver:
			s.Forward = config.ForwardNames
		}
	}
	return &out
}

// savings tell what sharing costs where duplicates are told, and what is saved
// once all of them are gone: by the same bill as Costs, before data, and without
// what others have and the share uses, such as attachments.
func (p *Pass) savings(in recipe.Input, made recipe.Output, list []plan.Duplicates) error {
	c := &costs{Input: in, Estate: in.Estate, prices: cost.Builtin(), owner: in.Config.Owner, names: recipe.SharedNames(in), alone: true}
	for i := range list {
		d := &list[i]
		s := in.Config.EndpointShares[slices.IndexFunc(in.Config.EndpointShares, func(s config.EndpointShare) bool { return s.Name == d.Share })]
		via := cost.Via(s.Via)
		c.made = map[cost.Via]recipe.Output{via: made}
		one := c.share(s)
		bill, err := c.prices.Of(*one.estates[via], nil, cost.Traffic{})
		if err != nil {
			return fmt.Errorf("the cost of %s: %w", s.Name, err)
		}
		var sharing, own cost.Money
		for _, l := range bill.Lines {
			if l.Region == d.Region {
				sharing += l.Sum
			}
		}
		for _, x := range c.prices.Duplicates(one.duplicates) {
			if x.Region == d.Region {
				own += x.Monthly
			}
		}
		d.Sharing, d.Saving = sharing.String(), (own - sharing).String()
	}
	return nil
}

// costs reports on shares.
type costs struct {
	recipe.Input // of the configured ways
	estate.Estate
	prices   *cost.Prices
	traffic  cost.Traffic
	owner    string
	made     map[cost.Via]recipe.Output
	names    []recipe.SharedName // by any way
	alone    bool                // what others have is left out: it is paid for without the share, too
	problems diag.List
}

// costed is a share, or several, as estates that hold nothing else.
type costed struct {
	name       string
	configured cost.Via
	consumers  map[string]estate.VPC
	estates    map[cost.Via]*estate.Estate // what stands, and each way
	closed     map[cost.Via]string         // why a way is not open
	duplicates []estate.Endpoint
}

// share gathers what belongs to a share.
func (c *costs) share(s config.EndpointShare) *costed {
	out := &costed{name: s.Name, configured: cost.Via(s.Via), consumers: map[string]estate.VPC{}, estates: map[cost.Via]*estate.Estate{}, closed: map[cost.Via]string{}}
	p := &place{costed: out, hubs: map[string]bool{}, services: map[string]bool{}}
	for _, n := range c.names {
		if n.Share == s.Name {
			for _, v := range n.VPCs {
				out.consumers[v.ID] = v
			}
			for _, e := range n.Endpoints {
				p.services[e.Service] = true
				p.used = append(p.used, e)
			}
		}
	}
	for _, v := range ways {
		for _, w := range c.made[v].Wanted {
			if strings.HasPrefix(w.Address, "endpointShares/"+s.Name+"/") && w.Item.Object != nil {
				p.learn(c.Estate, v, *w.Item.Object)
			}
		}
	}
	for _, v := range ways {
		out.closed[v] = c.closed(s, v)
		out.estates[v] = c.wanted(s, v, p)
	}
	out.estates[cost.ViaNow] = c.stands(p)
	out.duplicates = recipe.Duplicates(c.Input, s)
	return out
}

// place is where a share is: its VPCs and services.
type place struct {
	*costed
	hubs     map[string]bool
	services map[string]bool
	used     []estate.Endpoint // that stand and answer for its names
}

// learn takes VPCs and services from what is wanted.
func (p *place) learn(e estate.Estate, v cost.Via, o plan.Object) {
	vpc, known := e.VPCs.Get(field(o, "vpc"))
	switch o.Kind {
	case plan.KindEndpoint:
		if s := field(o, "service"); !strings.Contains(s, "/") {
			p.services[s] = true
		}
		if known && v == cost.ViaOwn {
			p.consumers[vpc.ID] = vpc
		} else if known {
			p.hubs[vpc.ID] = true
		}
	case plan.KindResolverEndpoint:
		p.hubs[vpc.ID] = known
	case plan.KindProfileAssociation, plan.KindRuleAssociation:
		if known {
			p.consumers[vpc.ID] = vpc
		}
	}
}

// field is the value of a field with one; of what is to be made, its address.
func field(o plan.Object, name string) string {
	v := o.Fields[name]
	if len(v) == 0 {
		return ""
	}
	if ref, ok := v[0].Ref(); ok {
		return ref.Address
	}
	return v[0].String()
}

// closed says why a way is not open to a share, and takes over the problems of
// the configured one.
func (c *costs) closed(s config.EndpointShare, v cost.Via) string {
	if v != cost.ViaOwn && len(s.Hubs) == 0 {
		return "the share has no `vpc`, the hub in which shared endpoints would stand"
	}
	var why string
	for _, d := range c.made[v].Diagnostics {
		if d.Address != "endpointShares/"+s.Name {
			continue
		}
		if d.Severity == diag.Error && why == "" {
			why = d.Summary
		}
		if s.Via == string(v) && d.Severity != diag.Note {
			if d.Severity == diag.Error { // a bill that is not whole is told, and is no failure
				d.Severity = diag.Warning
			}
			c.problems.Add(d)
		}
	}
	return why
}

// wanted is a share as one way makes it, with what others have there and it
// uses, unless it is left out: that stands whatever the way is.
func (c *costs) wanted(s config.EndpointShare, v cost.Via, p *place) *estate.Estate {
	e := &estate.Estate{}
	for _, w := range c.made[v].Wanted {
		if w.Item.Object == nil {
			continue
		}
		ofShare := strings.HasPrefix(w.Address, "endpointShares/"+s.Name+"/")
		if ofShare || w.Item.Object.Kind == plan.KindTransitAttachment && p.holds(field(*w.Item.Object, "vpc")) {
			imagine(e, c.Estate, w)
		}
	}
	if c.alone {
		return e
	}
	for _, used := range p.used {
		if used.Tags[plan.TagOwner] != c.owner {
			e.Endpoints.Put(used)
		}
	}
	for id := range p.vpcs() {
		for a := range c.TransitAttachments.By(estate.ByVPC(id)) {
			if a.Tags[plan.TagOwner] != c.owner {
				e.TransitAttachments.Put(a)
			}
		}
		for r := range c.ResolverEndpoints.By(estate.ByVPC(id)) {
			if p.hubs[id] && r.Tags[plan.TagOwner] != c.owner {
				e.ResolverEndpoints.Put(r)
			}
		}
	}
	return e
}

func (p *place) holds(vpc string) bool {
	_, consumer := p.consumers[vpc]
	return consumer || p.hubs[vpc]
}

func (p *place) vpcs() map[string]bool {
	out := maps.Clone(p.hubs)
	for id := range p.consumers {
		out[id] = true
	}
	return out
}

// imagine puts a wanted object into an estate, as far as it is paid for or tells
// who uses what; its address is its ID.
func imagine(e *estate.Estate, standing estate.Estate, w plan.Wanted) {
	o := *w.Item.Object
	vpc := field(o, "vpc")
	switch o.Kind {
	case plan.KindEndpoint:
		e.Endpoints.Put(estate.Endpoint{ID: w.Address, Account: w.Account, Region: w.Region, VPC: vpc, Type: estate.EndpointInterface,
			Service: field(o, "service"), State: estate.EndpointAvailable, Subnets: literals(o, "subnets")})
	case plan.KindProfile:
		e.Profiles.Put(estate.Profile{ID: w.Address, Account: w.Account, Region: w.Region})
	case plan.KindProfileAssociation:
		profile := field(o, "profile")
		if p, stands := standing.Profiles.Get(profile); stands {
			e.Profiles.Put(p)
		}
		e.ProfileAssociations.Put(estate.ProfileAssociation{ID: w.Address, Profile: profile, VPC: vpc, Account: w.Account, Region: w.Region})
	case plan.KindResolverEndpoint:
		e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: w.Address, Account: w.Account, Region: w.Region, VPC: vpc,
			Addresses: make([]estate.ResolverAddress, len(o.Fields["subnets"]))})
	case plan.KindResolverRule:
		e.ResolverRules.Put(estate.ResolverRule{ID: w.Address, Account: w.Account, Region: w.Region, Type: estate.RuleForward})
	case plan.KindRuleAssociation:
		e.RuleAssociations.Put(estate.RuleAssociation{ID: w.Address, Rule: field(o, "rule"), VPC: vpc, Account: w.Account, Region: w.Region})
	case plan.KindTransitAttachment:
		e.TransitAttachments.Put(estate.TransitAttachment{ID: w.Address, Gateway: field(o, "gateway"), Account: w.Account, Region: w.Region, VPC: vpc,
			State: estate.AttachmentAvailable})
	}
}

func literals(o plan.Object, name string) []string {
	var out []string
	for _, v := range o.Fields[name] {
		out = append(out, v.String())
	}
	return out
}

// stands is what is there now of the share's kind, whoever made it: endpoints
// for its services in its VPCs, the Profiles and rules of the hub's account on
// its consumers, Resolver endpoints in the hub, attachments.
func (c *costs) stands(p *place) *estate.Estate {
	e := &estate.Estate{}
	owners := map[estate.AccountID]bool{}
	for id := range p.hubs {
		v, _ := c.VPCs.Get(id)
		owners[v.Account] = true
	}
	for id := range p.vpcs() {
		for v := range c.Endpoints.By(estate.ByVPC(id)) {
			if p.services[v.Service] {
				e.Endpoints.Put(v)
			}
		}
		for a := range c.TransitAttachments.By(estate.ByVPC(id)) {
			e.TransitAttachments.Put(a)
		}
		for r := range c.ResolverEndpoints.By(estate.ByVPC(id)) {
			if p.hubs[id] {
				e.ResolverEndpoints.Put(r)
			}
		}
		for a := range c.ProfileAssociations.By(estate.ByVPC(id)) {
			if x, known := c.Profiles.Get(a.Profile); known && owners[x.Account] {
				e.Profiles.Put(x)
				e.ProfileAssociations.Put(a)
			}
		}
		for a := range c.RuleAssociations.By(estate.ByVPC(id)) {
			if x, known := c.ResolverRules.Get(a.Rule); known && owners[x.Account] {
				e.ResolverRules.Put(x)
				e.RuleAssociations.Put(a)
			}
		}
	}
	return e
}

// together holds what any of the shares does. What they have in common is there
// once; with different ways, the configured ones are a way of their own.
func together(shares []*costed) *costed {
	out := &costed{configured: shares[0].configured, consumers: map[string]estate.VPC{}, estates: map[cost.Via]*estate.Estate{}, closed: map[cost.Via]string{}}
	all := append([]cost.Via{cost.ViaNow}, ways...)
	for _, s := range shares {
		maps.Copy(out.consumers, s.consumers)
		for _, d := range s.duplicates { // once, though several serve for it
			if !slices.ContainsFunc(out.duplicates, func(o estate.Endpoint) bool { return o.ID == d.ID }) {
				out.duplicates = append(out.duplicates, d)
			}
		}
		if s.configured != out.configured {
			out.configured = cost.ViaConfigured
		}
	}
	if out.configured == cost.ViaConfigured {
		all = append(all, cost.ViaConfigured)
	}
	for _, v := range all {
		out.estates[v] = &estate.Estate{}
		for _, s := range shares {
			of := v
			if v == cost.ViaConfigured {
				of = s.configured
			}
			add(out.estates[v], s.estates[of])
			if why := s.closed[of]; why != "" && out.closed[v] == "" {
				out.closed[v] = s.name + ": " + why
			}
		}
	}
	return out
}

func add(to, from *estate.Estate) {
	to.Endpoints.Put(slices.Collect(from.Endpoints.All())...)
	to.Profiles.Put(slices.Collect(from.Profiles.All())...)
	to.ProfileAssociations.Put(slices.Collect(from.ProfileAssociations.All())...)
	to.ResolverEndpoints.Put(slices.Collect(from.ResolverEndpoints.All())...)
	to.ResolverRules.Put(slices.Collect(from.ResolverRules.All())...)
	to.RuleAssociations.Put(slices.Collect(from.RuleAssociations.All())...)
	to.TransitAttachments.Put(slices.Collect(from.TransitAttachments.All())...)
}

// report prices a share.
func (c *costs) report(s *costed) (cost.Report, error) {
	r := cost.Report{Share: s.name, Configured: s.configured, VPCs: int64(len(s.consumers))}
	accounts := map[estate.AccountID]bool{}
	regions := map[estate.Region]bool{}
	for _, v := range s.consumers {
		accounts[v.Account], regions[v.Region] = true, true
	}
	r.Accounts, r.Regions = int64(len(accounts)), slices.Sorted(maps.Keys(regions))
	for _, v := range []cost.Via{cost.ViaNow, cost.ViaOwn, cost.ViaProfile, cost.ViaResolver, cost.ViaConfigured} {
		e := s.estates[v]
		if e == nil {
			continue
		}
		e.VPCs.Put(slices.Collect(maps.Values(s.consumers))...)
		bill, err := c.prices.Of(*e, users(*e, s.consumers), c.traffic)
		if err != nil {
			return r, fmt.Errorf("the cost of %s by %s: %w", s.name, v, err)
		}
		r.Options = append(r.Options, cost.Option{Via: v, Bill: bill, Problem: s.closed[v]})
	}
	r.Compare()
	r.Duplicates = c.prices.Duplicates(s.duplicates)
	return r, nil
}

// users are the consumers that use the endpoints of an estate: their own, or
// shared ones.
func users(e estate.Estate, consumers map[string]estate.VPC) []string {
	var out []string
	for id := range consumers {
		uses := false
		for p := range e.Endpoints.By(estate.ByVPC(id)) {
			uses = uses || p.Type == estate.EndpointInterface
		}
		for range e.ProfileAssociations.By(estate.ByVPC(id)) {
			uses = true
		}
		for range e.RuleAssociations.By(estate.ByVPC(id)) {
			uses = true
		}
		if uses {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
