package recipe

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// What cannot be read is not absent. A share of which not all is known that it
// must know, in a Region, takes nothing away there: what it wants is added to
// what stands, and what it does not want stays, but for what gives names to
// consumer VPCs that were read. So a VPC of which nobody knows whether it is
// still selected, or what it has, keeps its names, and all that they rest on.

// inVPCs are the kinds of things in a consumer VPC that the share knows what to do
// with once the VPC was read.
var inVPCs = []plan.Kind{plan.KindProfileAssociation, plan.KindRuleAssociation, plan.KindEndpoint, plan.KindSecurityGroup, plan.KindProbe}

// freeze leaves all that stands of the share in this Region as it is.
func (s *shareIn) freeze() { s.complete, s.consumers = false, nil }

// keep holds the rule, once all shares have said what they want.
func (s *shareIn) keep() {
	if s.complete {
		return
	}
	s.out.keepProbes(s.Input, everywhere)
	s.keepObjects()
	s.keepZones()
	s.keepProofs()
}

// keepObjects keeps what is not wanted, and what stands in lists of what is.
func (s *shareIn) keepObjects() {
	read := map[string]bool{}
	for _, v := range s.consumers {
		read[v.ID] = true
	}
	at := s.marked()
	for _, k := range plan.Kinds {
		for o := range plan.Objects(s.Estate, k) {
			if o.Region != s.region || !o.OwnedBy(s.Config.Owner) || s.anothers(o, at) {
				continue
			}
			if vpc := o.Fields["vpc"]; !slices.Contains(inVPCs, k) || len(vpc) == 0 || !read[vpc[0]] {
				s.out.Frozen = append(s.out.Frozen, o.ID)
			}
		}
	}
}

// marked are the addresses of what is ours and bears them, by its ID and its ARN.
func (s *shareIn) marked() map[string]string {
	at := map[string]string{}
	for _, k := range plan.Kinds {
		for o := range plan.Objects(s.Estate, k) {
			if address := o.Tags[plan.TagAddress]; address != "" && o.OwnedBy(s.Config.Owner) {
				for _, id := range append(o.Attributes["id"], o.Attributes["arn"]...) {
					at[id] = address
				}
			}
		}
	}
	for z := range s.Estate.Zones.All() {
		if ref, _, ours := plan.MarkOf(z, s.Config.Owner); ours {
			at[s.Estate.Local(z.ARN())] = strings.TrimPrefix(ref, plan.Reference(s.Config.Owner, ""))
		}
	}
	return at
}

// anothers reports whether an object is of another share of the configuration and
// not of this one: by its address or, of what takes no tags, by its name and by
// what it refers to.
func (s *shareIn) anothers(o plan.Standing, at map[string]string) bool {
	addresses := []string{o.Tags[plan.TagAddress]}
	if o.Tags == nil {
		for _, values := range o.Fields {
			for _, id := range values {
				addresses = append(addresses, at[id])
			}
		}
		if vpc := o.Fields["vpc"]; len(vpc) > 0 && o.Name == plan.MarkName(s.Config.Owner, s.vpcAddress(vpc[0])) {
			return false
		}
	}
	of := func(share string) bool {
		return slices.ContainsFunc(addresses, func(a string) bool { return strings.HasPrefix(a, ShareAddress(share, s.region)+"/") })
	}
	if of(s.Name) {
		return false
	}
	for _, other := range s.Config.EndpointShares {
		if of(other.Name) {
			return true
		}
	}
	return false
}

// keepZones keeps the zones that are not wanted, but for those that make room for
// private DNS: see places.
func (s *shareIn) keepZones() {
	for z := range s.Estate.Zones.All() {
		item, address := s.zoneItem(z.Name), s.zoneAddress(z.Name)+"/zone"
		ref, _, ours := plan.MarkOf(z, s.Config.Owner)
		if !ours || !z.Private || z.Account != s.hub.ID || ref != item.Reference && !slices.Contains(s.left, z.ID) || s.wants(address) ||
			slices.ContainsFunc(s.out.Orders, func(o plan.Order) bool { return o.First == address }) {
			continue
		}
		item.Reference = ref
		s.out.Wanted = append(s.out.Wanted, plan.Wanted{Address: address, Account: z.Account, Frozen: true, Item: plan.Item{Zone: &item}})
	}
}

// keepProofs keeps the records that prove the names of endpoint services: of those
// that stand, and where they could not be read of those that are wanted.
func (s *shareIn) keepProofs() {
	for o := range plan.Objects(s.Estate, plan.KindEndpointService) {
		address := o.Tags[plan.TagAddress]
		if o.Region == s.region && o.OwnedBy(s.Config.Owner) && strings.HasPrefix(address, s.address+"/services/") && !s.wants(address+"/proof") {
			s.keepProof(address, o.Attributes["verifyName"])
		}
	}
	for i := range s.Own {
		one := &sharedService{own: &s.Own[i]}
		provider, problems := s.Config.FindAccount(one.own.Account, s.Estate)
		address := s.ownAddress(one)
		if len(problems) > 0 || one.own.Domain.IsZero() || one.own.Parent.External != "" || s.wants(address+"/proof") {
			continue
		}
		if z, _, ok := proofZone(s.Input, *one.own, provider); ok {
			s.wantProof(one, z, address, true)
		}
	}
}

// keptService reports whether something of a service stands that is not offered
// any more, and finds its names: those of the endpoint, or that lead to it.
func (s *shareIn) keptService(one *sharedService) bool {
	s.stands(one)
	one.held = one.stands || s.elsewhere(one)
	for z := range s.Estate.Zones.All() {
		if _, _, ours := plan.MarkOf(z, s.Config.Owner); !ours || !z.Private || z.Account != s.hub.ID {
			continue
		}
		for r := range s.Estate.Records.Prefix(estate.RecordsOf(z.ID)) {
			if r.Alias != nil && slices.ContainsFunc(one.standing.Names, func(n estate.EndpointName) bool { return n.Name == r.Alias.Name }) {
				one.names = merged(one.names, []dnsname.Name{r.Name})
			}
		}
	}
	for _, v := range s.consumers {
		if p := s.standingOwn(one, v); s.Via == config.ViaOwn && p.ID != "" {
			one.held, one.names = true, merged(one.names, p.PrivateNames)
		}
	}
	return one.held
}

// portsNow are the TCP ports that the security groups of a service's endpoints
// admit.
func (s *shareIn) portsNow(one *sharedService) []int32 {
	groups := slices.Clone(one.standing.Groups)
	for _, v := range s.consumers {
		if s.Via == config.ViaOwn {
			groups = append(groups, s.standingOwn(one, v).Groups...)
		}
	}
	var out []int32
	for _, id := range groups {
		g, _ := s.Estate.SecurityGroups.Get(id)
		for _, r := range g.Rules {
			if !r.Egress && r.Protocol == "tcp" && r.CIDR.IsValid() {
				out = merged(out, []int32{r.From})
			}
		}
	}
	return out
}

// keepEndpoint leaves the endpoint at an address as it is, for others to refer to.
func (s *shareIn) keepEndpoint(one *sharedService, address string, account estate.AccountID) {
	s.want(address, account, object(plan.KindEndpoint, nil), plan.Wanted{Pos: one.pos, Frozen: true})
}

// keepProof keeps the record of a name, whatever zone it is in.
func (s *shareIn) keepProof(address string, name []string) {
	if len(name) == 0 {
		return
	}
	for z := range s.Estate.Zones.All() {
		n, err := dnsname.Parse(name[0])
		if _, stands := s.Estate.Records.Get(estate.RecordKey(z.ID, n, "TXT", "")); err != nil || !stands {
			continue
		}
		rec := plan.Record{Zone: plan.Lit(z.ID), ZoneName: z.Name, Name: plan.Lit(name[0]), Type: "TXT", Statement: plan.StatementProof}
		s.out.Wanted = append(s.out.Wanted, plan.Wanted{Address: address + "/proof", Account: z.Account, Frozen: true, Item: plan.Item{Record: &rec}})
		return
	}
}

func (s *shareIn) wants(address string) bool {
	return slices.ContainsFunc(s.out.Wanted, func(w plan.Wanted) bool { return w.Address == address })
}

// former are the accounts that the share is with and is to be with no more. What
// they have of it must be known: it goes before the share does (R2.9, R4.9).
func (s *shareIn) former() []estate.AccountID {
	var out []estate.AccountID
	for _, p := range s.lentTo() {
		if id := estate.AccountID(p); isAccount(p) && !slices.Contains(s.with(), p) && ofOurs(s.Input, id) && active(s.Estate, id) {
			out = append(out, id)
		}
	}
	return out
}

// lentTo are with whom the share stands, as RAM names them.
func (s *shareIn) lentTo() []string {
	var out []string
	profile, rules := s.shareAddresses()
	for _, address := range []string{profile, rules} {
		have, _ := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindShare, address, s.hub.ID, s.region)
		out = merged(out, have.Fields["principals"])
	}
	return out
}

// has reports whether the hub shows that an account has something of the share.
func (s *shareIn) has(account estate.AccountID) bool {
	if slices.Contains(s.lentTo(), string(account)) {
		return true
	}
	for o := range plan.Objects(s.Estate, plan.KindTransitAcceptance) {
		if a, _ := s.Estate.TransitAttachments.Get(o.Fields["attachment"][0]); a.Account == account && o.Region == s.region && o.OwnedBy(s.Config.Owner) {
			return true
		}
	}
	return false
}

// admittedStill are the ports and the ranges that a security group of ours
// admits, where the share takes nothing away.
func (s *shareIn) admittedStill(group string, account estate.AccountID) (ports []int32, ranges []netip.Prefix) {
	if s.complete {
		return nil, nil
	}
	have, _ := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindSecurityGroup, group, account, s.region)
	for _, rule := range have.Fields["ingress"] { // "tcp 443 10.0.0.0/8"
		parts := strings.Fields(rule)
		port, err := strconv.ParseInt(parts[1], 10, 32)
		if to, notOne := netip.ParsePrefix(parts[2]); parts[0] == "tcp" && err == nil && notOne == nil {
			ports, ranges = append(ports, int32(port)), append(ranges, to)
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports), joined(ranges)
}
