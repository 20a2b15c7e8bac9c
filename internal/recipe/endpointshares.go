package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// The recipe endpointShares: interface endpoints of one account, the hub, that
// VPCs of others use by a Route 53 Profile (profileshare.go) or by Resolver
// endpoints and rules (resolvershare.go), or that each of them has for itself
// (ownshare.go). All of it is Regional, so all of it is made in each Region.

// ShareAddress is the address below which all of a share in a Region stands.
func ShareAddress(name string, r estate.Region) string {
	return "endpointShares/" + name + "/" + string(r)
}

// shareRegions are the Regions of a share, known once its account is.
func shareRegions(s config.EndpointShare, account config.Account) []estate.Region {
	if len(s.Regions) > 0 {
		return s.Regions
	}
	return account.Regions
}

// inRegion narrows a selector to a Region; false when it selects nothing there.
func inRegion(s config.Selector, r estate.Region) (config.Selector, bool) {
	if len(s.Regions) > 0 && !slices.Contains(s.Regions, r) {
		return s, false
	}
	s.Regions = []estate.Region{r}
	return s, true
}

// hubSelector is a selection of the hub's VPC.
func hubSelector(s config.Selector, account config.Account) config.Selector {
	s.Accounts = []config.AccountRef{{Name: string(account.ID), Pos: s.Pos}}
	return s
}

// endpointShares asks for what each share must know: the hub's network and all
// that may stand there of any mechanism, so that one can follow another; of the
// consumers their VPCs and what is associated with these.
func (n *needs) endpointShares() {
	for _, s := range n.Config.EndpointShares {
		hub, problems := n.Config.FindAccount(s.Account, n.Estate)
		if len(problems) > 0 {
			continue
		}
		n.ask(estate.Query{Kind: estate.QueryOrganization})
		one := newShare(n.Input, s, hub, &Output{})
		for _, r := range shareRegions(s, hub) {
			at := func(account estate.AccountID, kinds ...estate.QueryKind) {
				for _, k := range kinds {
					n.ask(estate.Query{Kind: k, Account: account, Region: r})
				}
			}
			at(hub.ID, estate.QueryVPCs, estate.QueryOffers)
			at(hub.ID, hubQueries...)
			for _, q := range one.offersElsewhere(hub.ID, r) {
				n.ask(q)
			}
			for _, o := range s.Own {
				if provider, problems := n.Config.FindAccount(o.Account, n.Estate); len(problems) == 0 && (o.Region == "" || o.Region == r) {
					at(provider.ID, slices.Concat(providerQueries, []estate.QueryKind{estate.QuerySubnets})...)
					n.proof(&shareIn{share: one, region: r}, o, provider)
				}
			}
			kinds := one.inConsumers(n.Input)
			for _, sel := range s.Consumers {
				sel, ok := inRegion(sel, r)
				if !ok {
					continue
				}
				n.vpcs(sel)
				owners := slices.DeleteFunc(ownerQueries(n.Input, sel), func(q estate.Query) bool { return !ofOurs(n.Input, q.Account) })
				for _, q := range append(VPCQueries(n.Config, sel, n.Estate), owners...) {
					at(q.Account, kinds...)
					for _, q := range one.offersElsewhere(q.Account, r) {
						if s.Via == config.ViaOwn {
							n.ask(q)
						}
					}
				}
			}
			in := one.in(r)
			for _, account := range in.former() {
				at(account, append(linkQueries, consumerQueries...)...)
			}
			n.connectivity(in)
			n.shareZones(in)
			n.whoHas(in)
			n.needContents(in)
			n.probes(in)
			n.retirement(in)
		}
	}
	n.probesThatStand()
}

// hubQueries see what stands of a share in the hub, consumerQueries in a
// consumer's account, whatever the mechanism, and linkQueries what connects either.
var (
	hubQueries = []estate.QueryKind{
		estate.QuerySubnets, estate.QuerySecurityGroups, estate.QueryEndpoints, estate.QueryProfiles, estate.QueryProfileAssociations,
		estate.QueryResolverEndpoints, estate.QueryResolverRules, estate.QueryRuleAssociations, estate.QueryShares,
	}
	consumerQueries = []estate.QueryKind{
		estate.QuerySubnets, estate.QuerySecurityGroups, estate.QueryEndpoints, estate.QueryProfileAssociations, estate.QueryRuleAssociations,
	}
	linkQueries = []estate.QueryKind{estate.QueryVPCs, estate.QueryTransitAttachments, estate.QueryRouteTables}
)

// shareZones asks for the zones of the private names, where zones answer for
// them.
func (n *needs) shareZones(in *shareIn) {
	for _, name := range in.zoneNames() {
		standing := n.Estate.ZonesNamed(in.hub.ID, name, true)
		for _, z := range standing {
			n.privateZone(z)
		}
	}
	if v, ok := in.findHub(); ok && in.Via == config.ViaResolver {
		n.ask(estate.Query{Kind: estate.QueryVPCZones, Account: v.Account, Region: v.Region, ID: v.ID})
	}
}

// endpointShares makes what is wanted.
type endpointShares struct {
	Input
	out *Output
}

func (r *endpointShares) make() {
	var all []*shareIn
	for _, s := range r.Config.EndpointShares {
		hub, problems := r.Config.FindAccount(s.Account, r.Estate)
		if len(problems) > 0 {
			r.out.Diagnostics.Add(problems...)
			continue
		}
		one := newShare(r.Input, s, hub, r.out)
		if one.frozen = !active(r.Estate, hub.ID); one.frozen {
			one.problem(s.Pos, diag.Warning, "suspended", fmt.Sprintf("account %s is suspended: the share %s is left as it is", hub.ID, s.Name), "", "")
		}
		for _, region := range shareRegions(s, hub) {
			in := one.in(region)
			in.make()
			all = append(all, in)
		}
		one.unoffered(len(shareRegions(s, hub)))
	}
	r.oneProfile()
	for _, in := range all { // what several shares want is known by now
		in.keep()
	}
	r.othersLose(all)
}

// share is one of them in the making.
type share struct {
	endpointShares
	config.EndpointShare
	hub    config.Account
	frozen bool
	// missing are its services where they are not offered, and nothing stands of them.
	missing []missingService
}

// missingService is a service of a share in a Region in which it has no interface
// endpoints.
type missingService struct {
	config.SharedService
	region  estate.Region
	offered bool // with endpoints of another type
}

func newShare(in Input, s config.EndpointShare, hub config.Account, out *Output) *share {
	return &share{endpointShares: endpointShares{in, out}, EndpointShare: s, hub: hub}
}

// shareIn is a share in one Region.
type shareIn struct {
	*share
	region    estate.Region
	address   string
	vpc       estate.VPC // the hub's, but with ViaOwn
	consumers []estate.VPC
	into      map[string][]plan.Dependency // what was added to a Profile that stands, by its ID
	// complete: all that the share must know was read; else see keep.
	complete     bool
	left         []string // the IDs of zones of a share that is gone
	services     []*sharedService
	principalIDs []string // see with
}

// sharedService is a service in one Region.
type sharedService struct {
	config.SharedService
	label   string
	service plan.Value     // its name
	names   []dnsname.Name // its private DNS names
	policy  bool           // it takes endpoint policies
	// acceptance: each endpoint waits until the service accepts it.
	acceptance bool
	owner      string   // of a service of somebody else: an account, or amazon
	zones      []string // Availability Zones where it is offered the hub's account, if known; see zonesFor
	own        *config.OwnService
	after      []plan.Dependency // what must be in effect before an endpoint can be made
	pos        diag.Pos

	endpoint endpointRef
	standing estate.Endpoint // the hub's, if it stands
	stands   bool
	used     bool // it is somebody else's, and used as it is
	held     bool // it waits for somebody outside: see sharewait.go
	kept     bool // held, since nobody knows what to make of it: see keptService
	byZone   bool // a zone of ours answers for its names, not its private DNS
}

// endpointRef is an endpoint as others refer to it.
type endpointRef struct{ id, arn, name, zone plan.Value }

func refTo(address string) endpointRef {
	return endpointRef{plan.Of(address, "id"), plan.Of(address, "arn"), plan.Of(address, "name"), plan.Of(address, "zone")}
}

func (s *share) in(r estate.Region) *shareIn {
	in := &shareIn{share: s, region: r, address: ShareAddress(s.Name, r), complete: !s.frozen}
	seen := map[string]bool{}
	for _, sel := range s.Consumers {
		sel, ok := inRegion(sel, r)
		if !ok {
			continue
		}
		for _, v := range selected(s.Input, sel) {
			if !seen[v.ID] {
				seen[v.ID] = true
				in.consumers = append(in.consumers, v)
			}
		}
	}
	slices.SortFunc(in.consumers, func(a, b estate.VPC) int { return strings.Compare(a.ID, b.ID) })
	in.vpc, _ = in.findHub()
	in.offered()
	return in
}

func (s *share) problem(pos diag.Pos, severity diag.Severity, code, summary, detail, hint string) {
	if pos == (diag.Pos{}) {
		pos = s.Pos
	}
	s.out.Diagnostics.Add(diag.Diagnostic{Severity: severity, Code: code, Summary: summary, Detail: detail, Hint: hint, Address: "endpointShares/" + s.Name, Pos: pos})
}

// want adds an object of the share.
func (s *shareIn) want(address string, account estate.AccountID, o plan.Object, more plan.Wanted) {
	w := more
	w.Address, w.Account, w.Region = address, account, s.region
	w.Item = plan.Item{Object: &o}
	if w.Pos == (diag.Pos{}) {
		w.Pos = s.Pos
	}
	w.Frozen = w.Frozen || s.frozen
	s.out.Wanted = append(s.out.Wanted, w)
}

func object(k plan.Kind, fields map[string][]plan.Value) plan.Object {
	return plan.Object{Kind: k, Fields: fields}
}

func just(v plan.Value) []plan.Value   { return []plan.Value{v} }
func lits(v ...string) []plan.Value    { return plan.Lits(v) }
func settled(a string) plan.Dependency { return plan.Dependency{Address: a, Settled: true} }

// findHub is the hub VPC of the Region, if exactly one is selected.
func (s *shareIn) findHub() (estate.VPC, bool) {
	var found []estate.VPC
	for _, sel := range s.Hubs {
		if sel, ok := inRegion(hubSelector(sel, s.hub), s.region); ok {
			for _, v := range selected(s.Input, sel) {
				if v.Account == s.hub.ID && !slices.ContainsFunc(found, func(f estate.VPC) bool { return f.ID == v.ID }) {
					found = append(found, v)
				}
			}
		}
	}
	if len(found) != 1 {
		return estate.VPC{}, false
	}
	return found[0], true
}

// read reports whether questions were answered, and says which were not.
func (s *shareIn) read(account estate.AccountID, what string, kinds ...estate.QueryKind) bool {
	for _, k := range kinds {
		if !s.readQuery(estate.Query{Kind: k, Account: account, Region: s.region}, what, "see `orgdns iam` for the role that this account needs") {
			return false
		}
	}
	return true
}

func (s *shareIn) readQuery(q estate.Query, what, hint string) bool {
	if s.Estate.Answered(q) {
		return true
	}
	a, _ := s.Estate.Asked(q)
	s.problem(s.Pos, diag.Warning, "unread", fmt.Sprintf("%s could not be read, so %s stays as it is", q, what),
		a.Why(), "what cannot be read is not absent: "+hint)
	return false
}

// inOrganization reports whether the organization is known, where endpoint
// policies or principals of RAM name it: a policy without its ID would deny
// everybody, and a share with its root would be with whom is left.
func (s *shareIn) inOrganization() bool {
	if accounts := (estate.Query{Kind: estate.QueryAccounts}); s.byOrganization() && !s.readQuery(accounts, s.here(), "nothing there is let go; see `orgdns iam` for the role in organization.access") {
		return false
	}
	limited := slices.ContainsFunc(s.services, func(one *sharedService) bool {
		return one.policy && !one.used && one.Policy == config.PolicyOrganization
	})
	if !limited && !slices.ContainsFunc(s.with(), func(p string) bool { return !isAccount(p) }) {
		return true
	}
	if !s.readQuery(estate.Query{Kind: estate.QueryOrganization}, s.here(), "permit organizations:DescribeOrganization") {
		return false
	}
	if limited && s.Estate.Organization.ID == "" {
		s.problem(s.At("services"), diag.Error, "no-organization", fmt.Sprintf("the endpoints of %s are to admit the organization alone, and the account that runs orgdns is in none", s.here()),
			"an endpoint's policy is limited by aws:PrincipalOrgID", "run orgdns from an account of the organization, or write `policy: open`, or a policy in JSON, for each service")
		return false
	}
	return true
}

// byOrganization reports whether the organization's accounts tell with whom the
// share is, or whose VPCs it selects.
func (s *shareIn) byOrganization() bool {
	return s.ShareWith.Organization || len(s.ShareWith.Units) > 0 ||
		slices.ContainsFunc(s.Consumers, func(sel config.Selector) bool { return ofAll(s.Config, sel) })
}

// here names the share in its Region.
func (s *shareIn) here() string { return "the share " + s.Name + " in " + string(s.region) }

func (s *shareIn) make() {
	if s.Via != config.ViaOwn {
		if _, ok := s.findHub(); !ok {
			s.noHub()
			s.freeze()
			return
		}
		if !s.read(s.hub.ID, s.here(), append([]estate.QueryKind{estate.QueryVPCs, estate.QueryOffers}, hubQueries...)...) {
			s.freeze()
			return
		}
		for _, q := range s.offersElsewhere(s.hub.ID, s.region) {
			if !s.readQuery(q, s.here(), "see `orgdns iam` for the role that this account needs") {
				s.freeze()
				return
			}
		}
	}
	if !s.inOrganization() {
		s.freeze()
		return
	}
	s.checkPicks()
	s.look()
	if len(s.consumers) == 0 {
		s.problem(s.At("consumers"), diag.Warning, "no-vpc", fmt.Sprintf("no VPC in %s is selected for the share %s", s.region, s.Name), "", "")
	}
	s.ownServices()
	s.hold()
	stuck := s.stuck()
	s.complete = s.complete && !stuck
	if s.Via == config.ViaOwn {
		s.eachItsOwn(stuck)
	} else {
		s.endpoints(stuck)
	}
	if stuck {
		s.freeze()
		return
	}
	s.services = slices.DeleteFunc(s.services, func(one *sharedService) bool {
		return one.held && (!one.stands || one.standing.State == estate.EndpointPendingAcceptance)
	})
	switch s.Via {
	case config.ViaProfile:
		s.byProfile()
	case config.ViaResolver:
		s.byResolver()
	}
	s.connect()
	s.retire()
	s.probes() // which need not reach what goes
}

// noHub says what is wrong with the choice of a hub VPC, by Region.
func (s *shareIn) noHub() {
	if !s.Estate.Answered(estate.Query{Kind: estate.QueryVPCs, Account: s.hub.ID, Region: s.region}) {
		s.read(s.hub.ID, s.here(), estate.QueryVPCs)
		return
	}
	n := 0
	for _, sel := range s.Hubs {
		if sel, ok := inRegion(hubSelector(sel, s.hub), s.region); ok {
			n += len(selected(s.Input, sel))
		}
	}
	if n == 0 {
		s.problem(s.At("vpc"), diag.Error, "no-hub", fmt.Sprintf("account %s has no VPC in %s that `vpc` of the share %s selects", s.hub.ID, s.region, s.Name), "",
			"tag one, name it by its ID, or take the Region out of `regions`")
		return
	}
	s.problem(s.At("vpc"), diag.Error, "ambiguous-hub", fmt.Sprintf("`vpc` of the share %s selects %d VPCs in %s; it must be one", s.Name, n, s.region), "", "name one by its ID")
}

// look checks the selection of the consumers. The hub is no consumer: it has the
// names already.
func (s *shareIn) look() {
	for _, sel := range s.Consumers {
		sel, ok := inRegion(sel, s.region)
		if !ok {
			continue
		}
		_, problems := s.Config.SelectAccounts(sel, s.Estate)
		s.out.Diagnostics.Add(problems...)
		s.complete = s.complete && !problems.HasErrors()
		for _, p := range problems {
			if account := estate.AccountID(p.Account); p.Code == config.CodeSuspended && s.has(account) {
				s.complete = false
				s.problem(s.At("consumers"), diag.Warning, "suspended", fmt.Sprintf("what account %s has of the share %s in %s stays as it is, and all that it rests on: the account is suspended", account, s.Name, s.region), "",
					"take it out of `consumers` if it is to be no consumer any more")
			}
		}
		for _, q := range append(VPCQueries(s.Config, sel, s.Estate), ownerQueries(s.Input, sel)...) {
			s.complete = s.read(q.Account, "what stands there of the share "+s.Name, estate.QueryVPCs) && s.complete
		}
	}
	for _, account := range s.former() {
		s.complete = s.read(account, "what stands there of the share "+s.Name, consumerQueries...) && s.complete
	}
	kinds := s.inConsumers(s.Input)
	s.consumers = slices.DeleteFunc(s.consumers, func(v estate.VPC) bool {
		switch {
		case v.ID == s.vpc.ID:
			s.problem(s.At("consumers"), diag.Note, "hub", fmt.Sprintf("the hub VPC %s is selected as a consumer, too: it has the names already", v.ID), "", "")
			return true
		case !active(s.Estate, v.Account):
			s.problem(s.At("consumers"), diag.Warning, "suspended", fmt.Sprintf("VPC %s is left as it is: its account %s is suspended", v.ID, v.Account), "", "")
		case s.read(v.Account, "VPC "+v.ID, kinds...):
			return false
		}
		s.complete = false
		return true
	})
	for _, v := range s.consumers {
		if s.Via != config.ViaOwn && !s.ShareWith.IsZero() && !s.covers(v.Account) {
			s.problem(s.At("shareWith"), diag.Error, "not-shared", fmt.Sprintf("VPC %s is selected, and the share %s is not with its account %s", v.ID, s.Name, v.Account),
				"an account uses what RAM shares with it, with its unit or with the organization (RAM User Guide, getting-started-sharing.html)", "add the account to shareWith, or leave the VPC out of consumers")
		}
		if !v.DNSSupport || !v.DNSHostnames {
			s.problem(s.At("consumers"), diag.Warning, "invisible", fmt.Sprintf("VPC %s (account %s) will not see the names of the share %s: enableDnsSupport and enableDnsHostnames must be on", v.ID, v.Account, s.Name),
				"private names need both attributes (VPC User Guide, AmazonDNS-concepts.html)", "turn them on")
		}
	}
}

// offersElsewhere ask what services of other Regions an account is offered in one.
func (s *share) offersElsewhere(account estate.AccountID, r estate.Region) []estate.Query {
	var out []estate.Query
	for _, svc := range s.Services {
		_, where := svc.In(r)
		if q := (estate.Query{Kind: estate.QueryOffers, Account: account, Region: r, ID: string(where)}); where != r && !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	return out
}

// offered finds the services in the Region, by what EC2 offers there.
func (s *shareIn) offered() {
	for _, svc := range s.Services {
		name, where := svc.In(s.region)
		offer := estate.ServiceOffer{Account: s.hub.ID, Region: s.region, Name: name}
		asked := estate.Query{Kind: estate.QueryOffers, Account: s.hub.ID, Region: s.region}
		if where != s.region {
			offer.ServiceRegion, asked.ID = where, string(where)
		}
		offer, ok := s.Estate.Offers.Get(offer.Key())
		known := s.Estate.Answered(asked)
		one := &sharedService{SharedService: svc, label: svc.Label(), service: plan.Lit(name), names: offer.PrivateNames, policy: offer.Policy, acceptance: offer.Acceptance, owner: offer.Owner, zones: offer.Zones, pos: svc.Pos}
		one.ServiceRegion = estate.Region(asked.ID)
		if known && !ok || ok && len(offer.Types) > 0 && !slices.Contains(offer.Types, estate.EndpointInterface) {
			if one.kept = s.keptService(one); !one.kept {
				s.missing = append(s.missing, missingService{svc, s.region, ok})
				continue
			}
			s.problem(svc.Pos, diag.Warning, "not-offered", fmt.Sprintf("%s has no interface endpoints for account %s in %s any more: what the share %s has of it stays as it is", name, s.hub.ID, s.region, s.Name),
				"an endpoint goes on to work when its service is no longer offered to others, or when the permission to make more was taken back (PrivateLink guide, configure-endpoint-service.html)", "ask the owner of the service, or take it out")
		}
		s.services = append(s.services, one)
	}
	for i := range s.Own {
		o := &s.Own[i]
		if o.Region != "" && o.Region != s.region && !slices.Contains(o.Regions, s.region) {
			continue
		}
		one := &sharedService{label: o.Name, own: o, acceptance: o.Acceptance, pos: o.Pos}
		one.Ports, one.Policy, one.ServiceRegion = o.Ports, config.PolicyOpen, o.Region
		one.kept = !s.providerRead(one)
		if one.ServiceRegion == s.region {
			one.ServiceRegion = ""
		}
		if !o.Domain.IsZero() {
			one.names = []dnsname.Name{o.Domain}
		}
		s.services = append(s.services, one)
	}
	for _, one := range s.services {
		s.stands(one)
	}
}

func (s *shareIn) endpointAddress(label string) string { return s.address + "/endpoints/" + label }

// stands finds the endpoint of a service in the hub: ours, or one to be used as
// it is.
func (s *shareIn) stands(one *sharedService) {
	address := s.endpointAddress(one.label)
	one.endpoint = refTo(address)
	if fit, _ := s.picked(one); len(fit) == 1 {
		p := fit[0]
		one.standing, one.stands, one.used = p, true, true
		one.endpoint = endpointRef{id: plan.Lit(p.ID), arn: plan.Lit(s.Estate.Local(p.ARN()))}
		if len(p.Names) > 0 {
			one.endpoint.name, one.endpoint.zone = plan.Lit(p.Names[0].Name.String()), plan.Lit(p.Names[0].Zone)
		}
	}
	if own, ok := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindEndpoint, address, s.hub.ID, s.region); ok && !one.used {
		one.standing, one.stands = s.Estate.Endpoints.Get(own.ID)
	}
	if len(one.names) == 0 && one.stands {
		one.names = one.standing.PrivateNames
	}
	// In one VPC an endpoint's private DNS and a zone of that name exclude each
	// other (R3.5). What answers in the hub stays, whatever the mechanism was:
	// a Profile carries a zone as well, and an inbound endpoint hears private
	// DNS as well.
	one.byZone = s.Via == config.ViaResolver
	if one.stands && !s.AcceptGap && (!one.used || s.Via == config.ViaProfile) {
		one.byZone = !one.standing.PrivateDNS && (s.Via == config.ViaResolver || s.hasZone(one))
	}
	if one.stands && one.used && one.standing.PrivateDNS {
		one.byZone = false
	}
}

// hasZone reports whether zones of ours answer for the names of a service.
func (s *shareIn) hasZone(one *sharedService) bool {
	for _, n := range one.names {
		zone := estate.ManagedZone(n)
		if _, ok := plan.OwnZone(s.Estate, s.Config.Owner, s.hub.ID, s.zoneItem(zone)); ok {
			return true
		}
	}
	return false
}

// zoneNames are the zones that answer, or may, for the private names.
func (s *shareIn) zoneNames() []dnsname.Name {
	var out []dnsname.Name
	for _, one := range s.services {
		for _, n := range one.names {
			if z := estate.ManagedZone(n); !slices.Contains(out, z) {
				out = append(out, z)
			}
		}
	}
	slices.SortFunc(out, dnsname.Name.Compare)
	return out
}

// spread chooses one subnet of each Availability Zone of a VPC, or those that
// are configured; those that something has already are kept.
func (s *shareIn) spread(vpc estate.VPC, chosen config.Subnets, zones, have []string) []string {
	byZone := map[string]estate.Subnet{}
	var explicit []string
	for sub := range s.Estate.Subnets.By("vpc/" + vpc.ID) {
		if len(zones) > 0 && !slices.Contains(zones, sub.Zone) && (sub.ZoneID == "" || !slices.Contains(zones, sub.ZoneID)) {
			continue
		}
		switch {
		case len(chosen.IDs) > 0:
			if slices.Contains(chosen.IDs, sub.ID) {
				explicit = append(explicit, sub.ID)
			}
			continue
		case len(chosen.Tags) > 0 && !sub.Tags.Match(chosen.Tags):
			continue
		}
		old, taken := byZone[sub.Zone]
		if !taken || slices.Contains(have, sub.ID) && !slices.Contains(have, old.ID) {
			byZone[sub.Zone] = sub
		}
	}
	if len(chosen.IDs) > 0 {
		return explicit
	}
	var out []string
	for _, sub := range byZone {
		if len(have) == 0 || len(chosen.Tags) > 0 || slices.Contains(have, sub.ID) {
			out = append(out, sub.ID)
		}
	}
	slices.Sort(out)
	return out
}

// endpoints wants the hub's endpoints, and the group that admits the consumers;
// while the share is stuck only those that wait for an owner.
func (s *shareIn) endpoints(stuck bool) {
	var made []*sharedService
	for _, one := range s.services {
		if one.used {
			s.adopted(one)
			continue
		}
		if waits := forOwner(one, one.standing); !waits && (stuck || one.held && !one.stands) {
			continue
		}
		made = append(made, one)
	}
	if len(made) == 0 {
		return
	}
	group := s.address + "/group"
	s.want(group, s.hub.ID, object(plan.KindSecurityGroup, map[string][]plan.Value{
		"vpc": lits(s.vpc.ID), "name": lits("orgdns-" + s.Name), "description": lits("Admits the consumers of " + s.Name + "; made by orgdns"),
		"ingress": lits(s.admitted(group, made)...),
	}), plan.Wanted{Pos: s.At("consumers"), Reason: "admits the consumers"})
	s.places(made)
	for _, one := range made {
		address := s.endpointAddress(one.label)
		switch {
		case one.kept:
			s.keepEndpoint(one, address, s.hub.ID)
			continue
		case forOwner(one, one.standing):
			s.endpointWaits(one, address, s.vpc, plan.Of(group, "id"), one.standing)
			continue
		}
		s.endpointOf(one, address, s.vpc, plan.Of(group, "id"), one.standing.Subnets, !one.byZone && len(one.names) > 0)
	}
}

// places tells where the hub stays with what answers there, though the mechanism
// would have it otherwise, and orders the change where a gap is accepted: a zone
// goes before private DNS takes its names (R3.5). The other way round planning
// makes the zone wait.
func (s *shareIn) places(made []*sharedService) {
	var kept []string
	for _, one := range made {
		switch {
		case !one.stands:
		case one.byZone != (s.Via == config.ViaResolver):
			kept = append(kept, one.label)
		case !one.byZone && !one.standing.PrivateDNS:
			for _, z := range s.zonesOf(one) {
				s.out.Orders = append(s.out.Orders, plan.Order{First: s.zoneAddress(z) + "/zone", Then: nameAddress(one, s.endpointAddress(one.label))})
			}
		}
	}
	if len(kept) == 0 {
		return
	}
	what, would := "zones", "private DNS"
	if s.Via == config.ViaResolver {
		what, would = would, what
	}
	s.problem(s.At("via"), diag.Note, "kept", fmt.Sprintf("in %s the names of %s are still answered by %s in the hub VPC, not by %s", s.region, strings.Join(kept, ", "), what, would),
		"the two exclude each other in one VPC, so the names would have no answer while one follows the other", "it works as it is; to change it in spite of the gap, repeat with --accept-gap")
}

// adopted checks an endpoint that is used as it is.
func (s *shareIn) adopted(one *sharedService) {
	if s.Via == config.ViaProfile && !one.byZone && !one.standing.PrivateDNS {
		s.problem(one.pos, diag.Error, "private-dns", fmt.Sprintf("endpoint %s has its private DNS off, so a Profile has no names to carry", one.standing.ID), "",
			"turn it on, or let orgdns make the endpoint")
	}
}
