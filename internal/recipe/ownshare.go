package recipe

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// eachItsOwn wants endpoints in each consumer VPC, as an organization has them
// before it shares, or goes back to; while the share is stuck only those that wait
// for an owner.
func (s *shareIn) eachItsOwn(stuck bool) {
	for _, v := range s.consumers {
		group := s.address + "/own/" + v.ID + "/group"
		ports, ranges := s.admittedStill(group, v.Account)
		var ingress []string
		for _, p := range merged(s.ports(s.services), ports) {
			for _, c := range merged(v.CIDRs, ranges) {
				ingress = append(ingress, fmt.Sprintf("tcp %d %s", p, c))
			}
		}
		s.want(group, v.Account, object(plan.KindSecurityGroup, map[string][]plan.Value{
			"vpc": lits(v.ID), "name": lits("orgdns-" + s.Name), "description": lits("Endpoints of " + s.Name + "; made by orgdns"), "ingress": lits(ingress...),
		}), plan.Wanted{Pos: s.At("consumers"), Reason: "admits the VPC"})
		var all []string
		for _, one := range s.services {
			address, have := s.ownEndpoint(one, v), s.standingOwn(one, v)
			switch {
			case forOwner(one, have):
				s.endpointWaits(one, address, v, plan.Of(group, "id"), have)
			case stuck, one.held && have.ID == "":
			case one.kept:
				all = append(all, address)
				s.keepEndpoint(one, address, v.Account)
			default:
				all = append(all, address, nameAddress(one, address))
				s.endpointOf(one, address, v, plan.Of(group, "id"), have.Subnets, len(one.names) > 0)
			}
		}
		s.before(v, all...)
	}
}

// ports are the TCP ports that consumers may reach.
func (s *shareIn) ports(services []*sharedService) []int32 {
	var out []int32
	for _, one := range services {
		ports := s.listed(one)
		if len(ports) == 0 && one.kept { // its listeners were not read
			ports = s.portsNow(one)
		}
		if len(ports) == 0 {
			ports = []int32{443}
		}
		for _, p := range ports {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	slices.Sort(out)
	return out
}

// listed are the TCP ports that are said for a service, or that its load balancers
// listen on; none where these are not known.
func (s *shareIn) listed(one *sharedService) []int32 {
	if len(one.Ports) == 0 && one.own != nil {
		return s.listeners(*one.own)
	}
	return one.Ports
}

// merged is a list with what another has more.
func merged[T comparable](list, more []T) []T {
	out := slices.Clone(list)
	for _, x := range more {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// admitted are the rules by which the consumers reach the endpoints that a group
// is for.
func (s *shareIn) admitted(group string, services []*sharedService) []string {
	still, _ := s.admittedStill(group, s.hub.ID)
	ports := merged(s.ports(services), still)
	slices.Sort(ports)
	ranges := s.narrowed(group, len(ports))
	var out []string
	for _, p := range ports {
		for _, r := range ranges {
			out = append(out, fmt.Sprintf("tcp %d %s", p, r))
		}
	}
	return out
}

// narrowed are the ranges of the consumers and the hub in as few as a security
// group has room for, each for so many rules, with those that it admits still. Where even neighbours that were
// joined are too many, wider ranges are admitted, and that is said; there is
// always one of each family of addresses that the consumers have.
func (s *shareIn) narrowed(group string, rulesEach int) []string {
	_, list := s.admittedStill(group, s.hub.ID)
	for _, v := range append(slices.Clone(s.consumers), s.vpc) {
		for _, c := range v.CIDRs {
			list = append(list, c.Masked())
		}
	}
	list = joined(list)
	exactly := len(list)
	room := s.Estate.Raised(s.hub.ID, estate.QuotaRulesPerSecurityGroup, estate.UsualQuota(estate.QuotaRulesPerSecurityGroup))
	list = fitting(list, room/rulesEach-1) // one may come before another goes
	if rules := rulesEach * len(list); rules > room {
		s.problem(s.At("services"), diag.Error, "quota", fmt.Sprintf("the security group of %s in %s would have %d rules, for %d ranges; the quota is %d", s.Name, s.region, rules, len(list), room),
			"VPC User Guide, amazon-vpc-limits.html", "spread the services over several shares; where AWS has raised that quota, write `quotas: { "+estate.QuotaRulesPerSecurityGroup+": … }`")
	}
	if len(list) < exactly {
		s.problem(s.At("consumers"), diag.Note, "wider", fmt.Sprintf("the %d ranges of the consumers of %s in %s are admitted as %d wider ones", exactly, s.Name, s.region, len(list)),
			fmt.Sprintf("a security group has %d rules (VPC User Guide, amazon-vpc-limits.html)", room), "where AWS has raised that quota, write `quotas: { "+estate.QuotaRulesPerSecurityGroup+": … }`")
	}
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

// fitting puts neighbours together until there are so many ranges at most, one of
// each family at least.
func fitting(list []netip.Prefix, most int) []netip.Prefix {
	for len(list) > max(1, most) {
		wider := widened(list)
		if len(wider) == len(list) {
			break
		}
		list = wider
	}
	return list
}

// joined drops ranges that others hold, and joins two halves to a whole.
func joined(list []netip.Prefix) []netip.Prefix {
	for {
		slices.SortFunc(list, func(a, b netip.Prefix) int {
			if c := a.Addr().Compare(b.Addr()); c != 0 {
				return c
			}
			return a.Bits() - b.Bits()
		})
		var out []netip.Prefix
		for _, p := range list {
			if n := len(out); n > 0 {
				last := out[n-1]
				if last.Bits() <= p.Bits() && last.Contains(p.Addr()) {
					continue
				}
				if last.Bits() == p.Bits() && p.Bits() > 0 {
					whole := netip.PrefixFrom(last.Addr(), p.Bits()-1).Masked()
					if whole.Contains(last.Addr()) && whole.Contains(p.Addr()) {
						out[n-1] = whole
						continue
					}
				}
			}
			out = append(out, p)
		}
		if len(out) == len(list) {
			return out
		}
		list = out
	}
}

// widened puts the two neighbours into one range that lie closest together, if
// two are of one family.
func widened(list []netip.Prefix) []netip.Prefix {
	best, at := netip.Prefix{}, -1
	for i := 1; i < len(list); i++ {
		a, b := list[i-1], list[i]
		if a.Addr().Is4() != b.Addr().Is4() {
			continue
		}
		bits := min(a.Bits(), b.Bits())
		whole := netip.PrefixFrom(a.Addr(), bits).Masked()
		for !whole.Contains(b.Addr()) {
			whole = netip.PrefixFrom(a.Addr(), whole.Bits()-1).Masked()
		}
		if at < 0 || whole.Bits() > best.Bits() {
			best, at = whole, i
		}
	}
	if at < 0 {
		return list
	}
	return joined(append(slices.Clone(list[:at-1]), append([]netip.Prefix{best}, list[at+1:]...)...))
}

// ownServices wants the endpoint services of one's own: the service, the record
// that proves its name, and that AWS has verified it.
func (s *shareIn) ownServices() {
	for _, one := range s.services {
		if one.own != nil {
			s.ownService(one)
		}
	}
}

func (s *shareIn) ownAddress(one *sharedService) string {
	r := s.region
	if one.own.Region != "" {
		r = one.own.Region
	}
	return ShareAddress(s.Name, r) + "/services/" + one.own.Name
}

func (s *shareIn) ownService(one *sharedService) {
	o := one.own
	address := s.ownAddress(one)
	one.service = plan.Of(address, "name")
	provider, problems := s.Config.FindAccount(o.Account, s.Estate)
	if len(problems) > 0 {
		s.out.Diagnostics.Add(problems...)
		return
	}
	if one.kept { // a service is told of in its own Region
		one.held, s.complete = true, false
		if o.Region == "" || o.Region == s.region {
			s.read(provider.ID, "the endpoint service "+o.Name, providerQueries...)
		}
		return
	}
	if o.Region != "" && o.Region != s.region {
		one.after, one.held = s.verification(one, address), s.unproven(one, provider)
		return // made in its own Region
	}
	balancers := s.balancers(*o, provider.ID)
	if len(balancers) == 0 {
		s.problem(o.At("loadBalancer"), diag.Error, "no-load-balancer", fmt.Sprintf("account %s has no network load balancer in %s that `loadBalancer` of %s selects", provider.ID, s.region, o.Name), "", "give its ARN, its name, or its tags")
		return
	}
	var arns, regions, principals []string
	for _, b := range balancers {
		arns = append(arns, b.ARN)
	}
	regions = append(regions, string(s.region))
	for _, r := range o.Regions {
		if !slices.Contains(regions, string(r)) {
			regions = append(regions, string(r))
		}
	}
	for _, id := range s.ownPrincipals(*o) {
		principals = append(principals, fmt.Sprintf("arn:%s:iam::%s:root", s.Estate.Partition(), id))
	}
	name := []plan.Value{}
	if !o.Domain.IsZero() {
		name = lits(o.Domain.String())
	}
	s.want(address, provider.ID, object(plan.KindEndpointService, map[string][]plan.Value{
		"loadBalancers": lits(arns...), "acceptance": {plan.Bool(o.Acceptance)}, "privateName": name, "regions": lits(regions...), "principals": lits(principals...),
	}), plan.Wanted{Pos: o.Pos, Reason: "offers " + o.Name})
	if !o.Domain.IsZero() {
		s.prove(one, provider, address)
		one.after = s.verification(one, address)
	}
}

// providerQueries see an endpoint service in its account and Region.
var providerQueries = []estate.QueryKind{estate.QueryEndpointServices, estate.QueryLoadBalancers}

// providerRead reports whether a service of one's own is known.
func (s *shareIn) providerRead(one *sharedService) bool {
	provider, problems := s.Config.FindAccount(one.own.Account, s.Estate)
	return len(problems) > 0 || !slices.ContainsFunc(providerQueries, func(k estate.QueryKind) bool {
		return !s.Estate.Answered(estate.Query{Kind: k, Account: provider.ID, Region: cmp.Or(one.own.Region, s.region)})
	})
}

// verification is what an endpoint with private DNS waits for.
func (s *shareIn) verification(one *sharedService, address string) []plan.Dependency {
	if one.own.Domain.IsZero() {
		return nil
	}
	return []plan.Dependency{settled(address + "/verified")}
}

// proofZone is the public zone for the record that proves a domain.
func proofZone(in Input, o config.OwnService, provider config.Account) (estate.Zone, estate.AccountID, bool) {
	holder := provider.ID
	if a, problems := in.Config.FindAccount(o.Parent.Account, in.Estate); !o.Parent.Account.IsZero() && len(problems) == 0 {
		holder = a.ID
	}
	base := estate.ManagedZone(o.Domain)
	for above := range base.Ancestors() {
		if !o.Parent.Domain.IsZero() && above != o.Parent.Domain {
			continue
		}
		for _, z := range in.Estate.ZonesNamed(holder, above, false) {
			if o.Parent.Zone == "" || o.Parent.Zone == z.ID {
				return z, holder, true
			}
		}
	}
	return estate.Zone{}, holder, false
}

// proof asks for the zone that proves the domain of a service, or where somebody
// else publishes the record whether public DNS has it.
func (n *needs) proof(s *shareIn, o config.OwnService, provider config.Account) {
	if o.Domain.IsZero() {
		return
	}
	if o.Parent.External != "" {
		if v, ok := s.standingService(&sharedService{own: &o}, provider.ID); ok && v.NameState != estate.NameVerified {
			if q, ok := proofQuery(v); ok {
				n.ask(q)
			}
		}
		return
	}
	z, holder, ok := proofZone(n.Input, o, provider)
	n.ask(estate.Query{Kind: estate.QueryZones, Account: holder})
	if ok {
		for _, k := range []estate.QueryKind{estate.QueryZone, estate.QueryRecords, estate.QueryZoneTags} {
			n.ask(estate.Query{Kind: k, Account: z.Account, ID: z.ID})
		}
	}
}

// prove wants the TXT record and the verification (AWS PrivateLink Guide,
// manage-dns-names.html). A zone outside Route 53 is somebody else's to change:
// the record is told, and awaited.
func (s *shareIn) prove(one *sharedService, provider config.Account, address string) {
	o := one.own
	verified := plan.Wanted{Pos: o.Pos, Settle: true, Reason: "AWS takes the private name only once it is verified"}
	z, holder, ok := proofZone(s.Input, *o, provider)
	switch {
	case ok && o.Parent.External == "":
		s.wantProof(one, z, address, s.frozen)
		verified.After = []plan.Dependency{settled(address + "/proof")}
	case o.Parent.External != "":
		v, _ := s.standingService(one, provider.ID)
		if found, asked := published(s.Estate, v); !found {
			s.awaitProof(one, address, v, asked)
			return
		}
	case !s.Estate.Answered(estate.Query{Kind: estate.QueryZones, Account: holder}):
		q := estate.Query{Kind: estate.QueryZones, Account: holder}
		a, _ := s.Estate.Asked(q)
		what := "what proves it stays as it is"
		if one.held = s.unproven(one, provider); one.held {
			what = "it is not proven, and what needs the name waits"
		}
		s.problem(o.At("parent"), diag.Warning, "unread", fmt.Sprintf("the public zone for %s in account %s, in which the proof of the name of %s in %s must stand, could not be read: %s", o.Domain, holder, o.Name, s.region, what),
			fmt.Sprintf("%s: %s", q, a.Why()), "see `orgdns iam` for the role that this account needs, or write `parent: { external: … }` where somebody else publishes the record")
		return
	default:
		s.problem(o.At("domain"), diag.Error, "no-zone", fmt.Sprintf("account %s has no public zone for %s, in which the proof of the name must stand", holder, o.Domain), "",
			"say where it is by `parent`, or `parent: { external: … }` where somebody else publishes the record")
		return
	}
	s.want(address+"/verified", provider.ID, object(plan.KindVerification, map[string][]plan.Value{"service": {plan.Of(address, "id")}, "name": lits(o.Domain.String())}), verified)
}

// wantProof wants the record that proves the name of the service at an address.
func (s *shareIn) wantProof(one *sharedService, z estate.Zone, address string, frozen bool) {
	rec := plan.Record{
		Zone: plan.Lit(z.ID), ZoneName: z.Name, Name: plan.Of(address, "verifyName"), Type: "TXT", TTL: 300,
		Values: just(plan.Of(address, "verifyValue")), Statement: plan.StatementProof,
	}
	s.out.Wanted = append(s.out.Wanted, plan.Wanted{Address: address + "/proof", Account: z.Account, Item: plan.Item{Record: &rec}, Pos: one.own.Pos,
		Frozen: frozen, Reason: "proves to AWS that " + one.own.Domain.String() + " is ours"})
	s.out.Apart[z.ID] = true
}

// unproven reports whether the name of a service is not verified, and this run
// can do nothing about it: somebody else has to publish the record, or the zones
// of the account that may hold it could not be read.
func (s *shareIn) unproven(one *sharedService, provider config.Account) bool {
	v, _ := s.standingService(one, provider.ID)
	switch found, _ := published(s.Estate, v); {
	case one.own.Domain.IsZero() || v.NameState == estate.NameVerified:
		return false
	case one.own.Parent.External != "":
		return !found
	}
	_, holder, ok := proofZone(s.Input, *one.own, provider)
	return !ok && !s.Estate.Answered(estate.Query{Kind: estate.QueryZones, Account: holder})
}

// standingService is the endpoint service of ours, if it stands.
func (s *shareIn) standingService(one *sharedService, provider estate.AccountID) (estate.EndpointService, bool) {
	have, ok := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindEndpointService, s.ownAddress(one), provider, cmp.Or(one.own.Region, s.region))
	if !ok {
		return estate.EndpointService{}, false
	}
	return s.Estate.EndpointServices.Get(have.ID)
}

// proofQuery asks public DNS for the record that proves the name of a service.
func proofQuery(v estate.EndpointService) (estate.Query, bool) {
	name := plan.ServiceAttributes(v)["verifyName"]
	if len(name) == 0 {
		return estate.Query{}, false
	}
	return estate.Query{Kind: estate.QueryPublic, ID: name[0] + "/TXT"}, true
}

// published reports whether AWS has verified the name of a service, or will find
// its proof in public DNS; and whether that could be looked for, where there is a
// record to look for.
func published(e estate.Estate, v estate.EndpointService) (found, asked bool) {
	if v.NameState == estate.NameVerified {
		return true, true
	}
	q, ok := proofQuery(v)
	if !ok {
		return false, true
	}
	name, err := dnsname.Parse(plan.ServiceAttributes(v)["verifyName"][0])
	if err != nil {
		return false, true
	}
	seen, _ := e.Public.Get(estate.PublicAnswer{Name: name, Type: "TXT"}.Key())
	return slices.ContainsFunc(seen.Values, func(t string) bool { return strings.Trim(t, `"`) == v.VerifyValue }), e.Answered(q)
}

// awaitProof tells who has to publish which record, and leaves what needs the
// name to a run that finds it; endpoints that have the name already keep it.
func (s *shareIn) awaitProof(one *sharedService, address string, v estate.EndpointService, asked bool) {
	o := one.own
	record := "known after apply"
	if a := plan.ServiceAttributes(v); len(a["verifyName"]) > 0 {
		record = fmt.Sprintf("%s TXT %s", a["verifyName"][0], a["verifyValue"][0])
	}
	unread := ""
	if !asked {
		unread = " (whether it is published is not known: public DNS could not be asked)"
	}
	one.held = true
	s.out.Waiting = append(s.out.Waiting, plan.Waiting{Address: address + "/verified",
		For: fmt.Sprintf("%s to publish the record that proves %s to AWS, in the public zone that holds that name: %s%s", o.Parent.External, o.Domain, record, unread)})
}

// ownPrincipals are the accounts that may make endpoints to a service.
func (s *shareIn) ownPrincipals(o config.OwnService) []estate.AccountID {
	var out []estate.AccountID
	add := func(id estate.AccountID) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, ref := range o.Principals {
		if a, problems := s.Config.FindAccount(ref, s.Estate); len(problems) == 0 {
			add(a.ID)
		}
	}
	if len(o.Principals) == 0 {
		add(s.hub.ID)
		if s.Via == config.ViaOwn {
			for _, v := range s.consumers {
				add(v.Account)
			}
		}
	}
	slices.Sort(out)
	return out
}

// balancers are the load balancers of a service in this Region.
func (s *shareIn) balancers(o config.OwnService, provider estate.AccountID) []estate.LoadBalancer {
	var out []estate.LoadBalancer
	for b := range s.Estate.LoadBalancers.By(estate.ByRegion(provider, s.region)) {
		for _, ref := range o.LoadBalancers {
			named := ref.Name != "" && strings.Contains(b.ARN, "/net/"+ref.Name+"/")
			if b.Type == "network" && (ref.ARN == b.ARN && ref.ARN != "" || named || len(ref.Tags) > 0 && b.Tags.Match(ref.Tags)) {
				out = append(out, b)
			}
		}
	}
	return out
}

// listeners are the TCP ports of the load balancers of a service.
func (s *shareIn) listeners(o config.OwnService) []int32 {
	provider, _ := s.Config.FindAccount(o.Account, s.Estate)
	var out []int32
	for _, b := range s.balancers(o, provider.ID) {
		for _, l := range b.Listeners {
			if l.Protocol == "TCP" || l.Protocol == "TLS" || l.Protocol == "TCP_UDP" {
				out = append(out, l.Port)
			}
		}
	}
	return out
}

// SharedName is a private name of a share, and where it is to be answered.
type SharedName struct {
	Share     string
	Region    estate.Region
	Name      dnsname.Name // a name to ask for; one below a wildcard
	VPCs      []estate.VPC
	Endpoints []estate.Endpoint // whose addresses answer, any of them
	Own       []estate.Endpoint // of VPCs, which answer there in their place while they stand: their duplicates
	Ports     []int32
	Listed    bool    // Ports are as they are said or listened on; else 443 is a guess
	Secure    []int32 // of these, where TLS is spoken with a certificate for the name
	Probe     *config.Probe
}

// ProbeAddress is the address of the function that looks from inside a VPC for
// the share of a name.
func (n SharedName) ProbeAddress(vpc string) string {
	return ShareAddress(n.Share, n.Region) + "/vpcs/" + vpc + "/probe"
}

// asking is a name to ask for: of a wildcard one below it, zero where that would
// be too long.
func asking(name dnsname.Name) dnsname.Name {
	if name.IsWildcard() {
		parent, _ := name.Parent()
		name, _ = parent.Child("orgdns-probe")
	}
	return name
}

// SharedNames are the names of all shares as far as their endpoints stand.
func SharedNames(in Input) []SharedName {
	var out []SharedName
	for _, c := range in.Config.EndpointShares {
		hub, problems := in.Config.FindAccount(c.Account, in.Estate)
		if len(problems) > 0 {
			continue
		}
		for _, r := range shareRegions(c, hub) {
			s := newShare(in, c, hub, &Output{Apart: map[string]bool{}}).in(r)
			s.consumers = slices.DeleteFunc(s.consumers, func(v estate.VPC) bool { return v.ID == s.vpc.ID || !v.DNSSupport || !v.DNSHostnames })
			beside := s.beside()
			for _, one := range s.services {
				for _, name := range one.names {
					if name = asking(name); name.IsZero() {
						continue
					}
					shared := SharedName{Share: c.Name, Region: r, Name: name, VPCs: s.consumers, Ports: s.ports([]*sharedService{one}), Listed: len(s.listed(one)) > 0, Secure: s.secure(one), Probe: s.Probe}
					if s.Via != config.ViaOwn {
						if one.stands && one.standing.State != estate.EndpointPendingAcceptance {
							shared.Endpoints = append(shared.Endpoints, one.standing)
							for _, d := range beside {
								if d.Shared.ID == one.standing.ID {
									shared.Own = append(shared.Own, d.Own)
								}
							}
						}
						out = append(out, shared)
						continue
					}
					for _, v := range s.consumers {
						each := shared
						each.VPCs = []estate.VPC{v}
						if o, ok := plan.OwnObject(in.Estate, in.Config.Owner, plan.KindEndpoint, s.address+"/own/"+v.ID+"/"+one.label, v.Account, r); ok {
							if p, _ := in.Estate.Endpoints.Get(o.ID); p.State != estate.EndpointPendingAcceptance {
								each.Endpoints = []estate.Endpoint{p}
							}
						}
						out = append(out, each)
					}
				}
			}
		}
	}
	return out
}
