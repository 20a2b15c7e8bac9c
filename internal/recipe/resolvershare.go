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

// A share by Resolver endpoints and rules: zones in the hub answer for the
// names, an inbound endpoint hears queries there, an outbound endpoint sends
// them, a rule for each name is shared by RAM and associated with each consumer
// VPC (Developer Guide, resolver.html).

// byResolver wants all of it.
func (s *shareIn) byResolver() {
	for _, one := range s.services {
		if len(one.names) == 0 {
			s.problem(one.pos, diag.Error, "no-private-name", fmt.Sprintf("the private DNS names of %s are not known, so nothing can be forwarded", one.label), "", "give it a `domain`, or share it by a Profile")
		}
		if one.byZone {
			for _, z := range s.zonesOf(one) {
				s.zone(z, one)
			}
		}
	}
	in, out, ok := s.resolverPair()
	if !ok {
		return
	}
	inbound, addresses := s.resolverEndpoint(in)
	outbound, _ := s.resolverEndpoint(out)
	if inbound == (plan.Value{}) || outbound == (plan.Value{}) {
		return
	}
	rules := s.rules(outbound, addresses)
	var arns []plan.Value
	for _, r := range rules {
		arns = append(arns, plan.Of(r.address, "arn"))
	}
	s.shared("rules", arns)
	for _, v := range s.consumers {
		var all []string
		for _, r := range rules {
			address := s.vpcAddress(v.ID) + "/" + r.label
			all = append(all, address)
			s.want(address, v.Account, object(plan.KindRuleAssociation, map[string][]plan.Value{"rule": {plan.Of(r.address, "id")}, "vpc": lits(v.ID)}),
				plan.Wanted{Pos: s.At("consumers"), Settle: true, After: append(s.reached(v.Account), r.after...),
					Reason: fmt.Sprintf("%s of account %s is to resolve %s", v.ID, v.Account, r.label)})
		}
		s.before(v, all...)
	}
	s.loops(rules)
}

// zonesOf are the zones that answer for the names of a service.
func (s *shareIn) zonesOf(one *sharedService) []dnsname.Name {
	var out []dnsname.Name
	for _, n := range one.names {
		if z := estate.ManagedZone(n); !slices.Contains(out, z) {
			out = append(out, z)
		}
	}
	return out
}

func (s *shareIn) zoneAddress(z dnsname.Name) string { return s.address + "/zones/" + z.String() }

func (s *shareIn) zoneItem(z dnsname.Name) plan.Zone {
	return plan.Zone{Name: z, Reference: plan.Reference(s.Config.Owner, s.zoneAddress(z)+"/zone"), Anchor: &estate.VPCRef{}}
}

// zone wants a private zone in the hub with aliases to the endpoint, and gives
// its address.
func (s *shareIn) zone(name dnsname.Name, one *sharedService) string {
	base := s.zoneAddress(name)
	address := base + "/zone"
	wanted := func(w plan.Wanted) {
		w.Pos, w.Frozen = one.pos, w.Frozen || s.frozen
		s.out.Wanted = append(s.out.Wanted, w)
	}
	if !slices.ContainsFunc(s.out.Wanted, func(w plan.Wanted) bool { return w.Address == address }) {
		item, ref := s.zoneItem(name), s.vpc.Ref()
		item.Anchor, item.Comment = &ref, plan.AnchorComment(ref.ID)
		wanted(plan.Wanted{Address: address, Account: s.hub.ID, Item: plan.Item{Zone: &item}, Reason: "answers for " + name.String() + " in the hub"})
		wanted(plan.Wanted{Address: base + "/vpcs/" + ref.ID, Account: s.hub.ID, Region: ref.Region, Reason: "the hub resolves it",
			Item: plan.Item{Association: &plan.Association{Zone: plan.Of(address, "id"), ZoneName: name, VPC: ref, Owner: s.hub.ID}}})
	}
	for _, n := range one.names {
		if estate.ManagedZone(n) != name {
			continue
		}
		for _, t := range s.recordTypes(one) {
			rec := plan.Record{
				Zone: plan.Of(address, "id"), ZoneName: name, Name: plan.Lit(n.String()), Type: t, Statement: plan.StatementRecords,
				To: &plan.AliasTo{Name: one.endpoint.name, Zone: one.endpoint.zone},
			}
			wanted(plan.Wanted{Address: recordAddress(base, "records", name, n, t, ""), Account: s.hub.ID, Item: plan.Item{Record: &rec},
				Reason: "leads to the endpoint"})
		}
	}
	return address
}

// recordTypes are the types of records for the addresses that an endpoint has.
func (s *shareIn) recordTypes(one *sharedService) []string {
	kind := one.IPType
	if kind == "" && one.stands {
		kind = one.standing.IPType
	}
	switch kind {
	case estate.DNSDualStack:
		return []string{"A", "AAAA"}
	case estate.DNSIPv6:
		return []string{"AAAA"}
	}
	return []string{"A"}
}

// resolverEndpoint is the ID and the addresses of a Resolver endpoint in the hub;
// one of ours is wanted.
func (s *shareIn) resolverEndpoint(end resolverEnd) (id plan.Value, addresses []plan.Value) {
	if end.theirs {
		for _, a := range end.have.Addresses {
			addresses = append(addresses, plan.Lit(a.IP.String()))
		}
		s.problem(s.At("resolverEndpoints"), diag.Note, "used", fmt.Sprintf("the %s endpoint %s of VPC %s is used as it is", end.label, end.have.ID, s.vpc.ID), "", "")
		return plan.Lit(end.have.ID), addresses
	}
	group := s.address + "/resolver-group"
	if !slices.ContainsFunc(s.out.Wanted, func(w plan.Wanted) bool { return w.Address == group }) {
		var ingress []string
		for _, r := range s.narrowed(group, 2) {
			ingress = append(ingress, "tcp 53 "+r, "udp 53 "+r)
		}
		s.want(group, s.hub.ID, object(plan.KindSecurityGroup, map[string][]plan.Value{
			"vpc": lits(s.vpc.ID), "name": lits("orgdns-" + s.Name + "-dns"), "description": lits("DNS for the consumers of " + s.Name + "; made by orgdns"), "ingress": lits(ingress...),
		}), plan.Wanted{Pos: s.At("consumers"), Reason: "admits DNS queries"})
	}
	if len(end.subnets) < 2 {
		s.problem(s.At("vpc"), diag.Error, "one-zone", fmt.Sprintf("VPC %s has subnets in %d zones of availability; a Resolver endpoint needs two", s.vpc.ID, len(end.subnets)),
			"at least two addresses (API_route53resolver_CreateResolverEndpoint)", "add a subnet in another zone")
		return plan.Value{}, nil
	}
	stays := slices.ContainsFunc(end.have.Addresses, func(a estate.ResolverAddress) bool { return slices.Contains(end.subnets, a.Subnet) })
	if end.direction == estate.EndpointInbound && end.have.ID != "" && !stays && !s.AcceptGap {
		s.problem(s.At("resolverEndpoints"), diag.Error, "inbound-gap", fmt.Sprintf("all addresses of the inbound endpoint %s of VPC %s would change, and the rules lead to none until they follow", end.have.ID, s.vpc.ID),
			"a rule names the addresses to which it sends", "let one of the subnets stay, and change it in a second run, or repeat with --accept-gap")
	}
	address := s.address + "/" + end.label
	s.want(address, s.hub.ID, object(plan.KindResolverEndpoint, map[string][]plan.Value{
		"direction": lits(end.direction), "vpc": lits(s.vpc.ID), "groups": {plan.Of(group, "id")}, "subnets": lits(end.subnets...),
	}), plan.Wanted{Pos: s.At("vpc"), Settle: true, Reason: end.label + " queries"})
	return plan.Of(address, "id"), just(plan.Of(address, "addresses"))
}

// forwardRule is a rule of the share.
type forwardRule struct {
	address, label string
	domain         dnsname.Name
	after          []plan.Dependency // that the names are answered
}

// rules wants a rule for each name, or for each suffix.
func (s *shareIn) rules(outbound plan.Value, addresses []plan.Value) []forwardRule {
	var out []forwardRule
	rule := func(domain dnsname.Name, kind string, after []plan.Dependency) {
		r := forwardRule{s.address + "/rules/" + domain.String(), domain.String(), domain, after}
		fields := map[string][]plan.Value{"domain": lits(domain.String()), "type": lits(kind), "endpoint": {}, "targets": {}}
		if kind == estate.RuleForward {
			fields["endpoint"], fields["targets"] = just(outbound), addresses
		}
		s.want(r.address, s.hub.ID, object(plan.KindResolverRule, fields), plan.Wanted{Settle: true, Reason: strings.ToLower(kind) + " " + r.label})
		out = append(out, r)
	}
	suffix := dnsname.MustParse(string(s.region) + ".amazonaws.com")
	var below []plan.Dependency
	for _, z := range s.zoneNames() {
		if s.Forward == config.ForwardSuffix && z.Below(suffix) {
			below = append(below, s.answered(z)...)
			continue
		}
		rule(z, estate.RuleForward, s.answered(z))
	}
	if len(below) > 0 {
		rule(suffix, estate.RuleForward, below)
		for _, label := range suffixExceptions {
			n, err := suffix.Child(label)
			if err == nil && !slices.Contains(s.zoneNames(), n) {
				rule(n, estate.RuleSystem, nil)
			}
		}
	}
	return out
}

// answered is what must be in effect before the names in a zone have an answer in
// the hub.
func (s *shareIn) answered(z dnsname.Name) []plan.Dependency {
	var out []plan.Dependency
	for _, one := range s.services {
		for _, n := range one.names {
			if estate.ManagedZone(n) != z {
				continue
			}
			if one.byZone {
				for _, t := range s.recordTypes(one) {
					out = append(out, settled(recordAddress(s.zoneAddress(z), "records", z, n, t, "")))
				}
			} else if !one.used {
				out = append(out, settled(nameAddress(one, s.endpointAddress(one.label))))
			}
		}
	}
	return out
}

// suffixExceptions are the names below a Region's amazonaws.com that each VPC
// must resolve for itself, since what they answer hangs on where they are asked:
// the mount targets of EFS in the asking zone of the VPC (EFS User Guide,
// mounting-fs-mount-cmd-dns-name.html), Network Load Balancers that keep clients
// in their zone (Network Load Balancers, edit-load-balancer-attributes.html#zonal-dns-affinity), and
// file systems of FSx. RDS, ElastiCache, DocumentDB, Redshift and the other load
// balancers are not among them: their names (REGION.rds.amazonaws.com) do not lie
// below it. That these are all is our reading; AWS says only that "." and "com"
// need a SYSTEM rule for amazonaws.com (Developer Guide,
// resolver-overview-forward-vpc-to-network-autodefined-rules.html).
var suffixExceptions = []string{"efs", "elb", "fsx"}

// loops refuses a rule that would send the hub's own queries to itself (R4.7).
func (s *shareIn) loops(rules []forwardRule) {
	for a := range s.Estate.RuleAssociations.By(estate.ByVPC(s.vpc.ID)) {
		r, ok := s.Estate.ResolverRules.Get(a.Rule)
		if !ok || r.Type != estate.RuleForward || a.Status == estate.StatusDeleting {
			continue
		}
		for _, t := range r.Targets {
			for p := range s.Estate.ResolverEndpoints.By(estate.ByAddress(t.IP)) {
				if p.VPC != s.vpc.ID {
					continue
				}
				for _, name := range s.zoneNames() {
					if name.Under(r.Domain) {
						s.problem(s.At("vpc"), diag.Error, "loop", fmt.Sprintf("rule %s for %s on the hub VPC %s sends its queries to its own inbound endpoint %s: %s would go round for ever", r.ID, r.Domain, s.vpc.ID, p.ID, name),
							"a rule must not be on the VPC that its targets are in (Developer Guide, best-practices-resolver-endpoints.html)", "take the rule off the hub VPC")
					}
				}
			}
		}
	}
}
