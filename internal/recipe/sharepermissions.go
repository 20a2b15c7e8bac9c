package recipe

import (
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// endpointShare permits the life of a share: in the hub, in the accounts of the
// consumers, and in those of its endpoint services and of the Transit Gateway.
// What an earlier mechanism made needs the permissions of before.
func (p *permissions) endpointShare(in Input, c config.EndpointShare) {
	hub, problems := in.Config.FindAccount(c.Account, in.Estate)
	if len(problems) > 0 {
		return
	}
	for _, r := range shareRegions(c, hub) {
		s := newShare(in, c, hub, &Output{Apart: map[string]bool{}}).in(r)
		p.shareNetwork(hub.ID, r)
		if c.Via != config.ViaOwn {
			p.shareHub(s)
		}
		var consumers []estate.AccountID
		for _, sel := range c.Consumers {
			if sel, ok := inRegion(sel, r); ok {
				for _, q := range append(VPCQueries(in.Config, sel, in.Estate), ownerQueries(in, sel)...) {
					p.shareConsumer(s, q.Account)
					consumers = append(consumers, q.Account)
				}
			}
		}
		if c.IntoExistingProfile || len(c.Profiles) > 0 {
			for _, a := range accounts(in) { // whose VPCs may have it
				p.may(a.ID, r, plan.MayReadVPCs, plan.MayReadProfiles)
			}
		}
		if c.RetireDuplicates != "" {
			p.mayRetire(s, consumers)
		}
		if s.Connect.TransitGateway && c.Via != config.ViaOwn {
			p.shareLinks(s, hub.ID)
			p.shareGateways(s)
		}
	}
	for _, o := range c.Own {
		p.ownService(in, c, o, hub)
	}
}

// may permits several things in an account and Region.
func (p *permissions) may(account estate.AccountID, r estate.Region, list ...plan.May) {
	for _, m := range list {
		p.add(plan.Permission{Account: account, May: m, Region: r})
	}
}

// make permits objects of some kinds.
func (p *permissions) make(account estate.AccountID, r estate.Region, kinds ...plan.Kind) {
	for _, k := range kinds {
		p.may(account, r, plan.MayMake(k))
	}
}

// shareNetwork permits reading what stands of any mechanism, in the hub as in a
// consumer's account.
func (p *permissions) shareNetwork(account estate.AccountID, r estate.Region) {
	p.may(account, r, plan.MayReadVPCs, plan.MayReadEndpoints, plan.MayReadNetwork, plan.MayReadProfiles, plan.MayReadResolver, plan.MayReadShares)
	p.add(plan.Permission{Account: account, May: plan.MayReadVPCZones})
}

// shareHub permits what the hub makes.
func (p *permissions) shareHub(s *shareIn) {
	p.make(s.hub.ID, s.region, plan.KindSecurityGroup, plan.KindEndpoint, plan.KindShare)
	p.may(s.hub.ID, s.region, plan.MayShareNetwork)
	for _, account := range s.principals(s.Input) {
		if isAccount(account) {
			p.make(estate.AccountID(account), s.region, plan.KindInvitation)
		}
	}
	zones := s.Via == config.ViaResolver
	if s.Via == config.ViaProfile {
		p.make(s.hub.ID, s.region, plan.KindProfile, plan.KindProfileResource)
		if len(s.FirewallGroups)+len(s.QueryLogs) > 0 {
			p.may(s.hub.ID, s.region, plan.MayReadFirewall)
		}
		for _, one := range s.services {
			zones = zones || one.byZone
		}
	} else {
		p.make(s.hub.ID, s.region, plan.KindResolverEndpoint, plan.KindResolverRule)
	}
	if zones {
		p.shareZones(s)
	}
}

// shareZones permits the zones that answer in the hub. Their names are those of
// the services, which are known once the account was read.
func (p *permissions) shareZones(s *shareIn) {
	hub := s.hub.ID
	p.add(plan.Permission{Account: hub, May: plan.MayCreatePrivateZone, Region: s.region})
	for _, may := range []plan.May{plan.MayDeleteZone, plan.MayTagZone, plan.MayReadAssociations} {
		p.add(plan.Permission{Account: hub, May: may})
	}
	for _, may := range []plan.May{plan.MayAssociateVPCs, plan.MayDisassociateVPCs} {
		p.add(plan.Permission{Account: hub, May: may, Region: s.region})
	}
	records := plan.Permission{
		Account: hub, May: plan.MayChangeRecords, Statement: plan.StatementRecords,
		Types: []string{"A", "AAAA", "TXT"}, Verbs: []plan.Verb{plan.VerbCreate, plan.VerbDelete},
	}
	names := s.zoneNames()
	if !s.Estate.Answered(estate.Query{Kind: estate.QueryOffers, Account: hub, Region: s.region}) {
		names = nil
		p.add(records) // whatever the names are
	}
	for _, n := range names {
		one := records
		one.ZoneName, one.Names, one.Like = n, []dnsname.Name{n}, []string{plan.LikeUnder(n)}
		p.add(one)
	}
}

// shareConsumer permits what is made in the account of consumer VPCs.
func (p *permissions) shareConsumer(s *shareIn, account estate.AccountID) {
	p.shareNetwork(account, s.region)
	switch s.Via {
	case config.ViaProfile:
		p.make(account, s.region, plan.KindProfileAssociation)
	case config.ViaResolver:
		p.make(account, s.region, plan.KindRuleAssociation)
	case config.ViaOwn:
		p.make(account, s.region, plan.KindSecurityGroup, plan.KindEndpoint)
	}
	if s.Via != config.ViaOwn && account != s.hub.ID {
		p.make(account, s.region, plan.KindInvitation)
	}
	if s.Connect.TransitGateway && s.Via != config.ViaOwn {
		p.shareLinks(s, account)
	}
	if s.Probe != nil && s.Probe.Lambda {
		p.probe(s, account)
	}
}

// probe permits the function that looks from inside the account's VPCs.
func (p *permissions) probe(s *shareIn, account estate.AccountID) {
	p.make(account, s.region, plan.KindSecurityGroup)
	p.may(account, s.region, plan.MayReadFunctions, plan.MayLimitEgress)
	role, like := plan.ProbeRole(s.Config.Owner), plan.LikeNames(s.Config.Owner)
	p.add(plan.Permission{Account: account, May: plan.MayMake(plan.KindProbeRole), Role: role})
	p.add(plan.Permission{Account: account, May: plan.MayMake(plan.KindProbe), Region: s.region, Role: role, Named: like})
	p.add(plan.Permission{Account: account, May: plan.MayProbe, Region: s.region, Named: like})
}

// shareLinks permits what connects an account's VPCs.
func (p *permissions) shareLinks(s *shareIn, account estate.AccountID) {
	p.make(account, s.region, plan.KindTransitAttachment, plan.KindRoutes)
}

// shareGateways permits what the owner of a Transit Gateway does for a share.
// Where the configuration names none, the gateway's account is known once the
// hub was read.
func (p *permissions) shareGateways(s *shareIn) {
	owner := func(account estate.AccountID) {
		p.may(account, s.region, plan.MayReadNetwork, plan.MayReadShares, plan.MayShareNetwork)
		p.make(account, s.region, plan.KindTransitAcceptance, plan.KindShare)
		if account != s.hub.ID { // the hub may have to accept that share
			p.make(s.hub.ID, s.region, plan.KindInvitation)
		}
	}
	for _, t := range s.Connect.TransitGateways {
		if a, problems := s.Config.FindAccount(t.Account, s.Estate); len(problems) == 0 {
			owner(a.ID)
		}
	}
	if len(s.Connect.TransitGateways) == 0 {
		for a := range s.Estate.TransitAttachments.By(estate.ByVPC(s.vpc.ID)) {
			if a.Owner != "" && ofOurs(s.Input, a.Owner) {
				owner(a.Owner)
			}
		}
	}
}

// ownService permits an endpoint service of one's own, and the record that
// proves its name.
func (p *permissions) ownService(in Input, c config.EndpointShare, o config.OwnService, hub config.Account) {
	provider, problems := in.Config.FindAccount(o.Account, in.Estate)
	if len(problems) > 0 {
		return
	}
	regions := shareRegions(c, hub)
	if o.Region != "" {
		regions = []estate.Region{o.Region}
	}
	for _, r := range regions {
		p.may(provider.ID, r, plan.MayReadEndpoints, plan.MayReadLoadBalancers)
		p.make(provider.ID, r, plan.KindEndpointService)
		if !o.Domain.IsZero() {
			p.make(provider.ID, r, plan.KindVerification)
		}
		if o.Acceptance {
			p.make(provider.ID, r, plan.KindConnection)
		}
	}
	if o.Domain.IsZero() || o.Parent.External != "" {
		return
	}
	base := estate.ManagedZone(o.Domain)
	z, holder, _ := proofZone(in, o, provider)
	at := plan.Permission{
		Account: holder, May: plan.MayChangeRecords, Zone: z.ID, ZoneName: z.Name,
		Types: []string{"TXT"}, Verbs: []plan.Verb{plan.VerbCreate, plan.VerbDelete},
	}
	if at.ZoneName.IsZero() {
		if at.ZoneName = o.Parent.Domain; at.ZoneName.IsZero() {
			at.ZoneName, _ = base.Parent()
		}
	}
	proof, ledger := at, at
	// AWS chooses the first label, which begins with "_" (AWS PrivateLink Guide,
	// manage-dns-names.html).
	proof.Statement, proof.Like = plan.StatementProof, []string{"_*." + base.Normalized()}
	ledger.Statement, ledger.Like = plan.StatementLedger, []string{plan.LikeLedger(at.ZoneName, in.Config.Owner)}
	p.add(proof)
	p.add(ledger)
}
