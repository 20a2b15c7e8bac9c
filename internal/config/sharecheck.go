package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// What is judged of endpoint shares: each by itself, and all together.

func (r *reader) finishSharedService(s *SharedService) {
	if len(s.Ports) == 0 {
		s.Ports = []int32{443}
	}
	if s.Policy == "" {
		s.Policy = PolicyOrganization
	}
	if m := ownServiceName.FindStringSubmatch(s.Name); m != nil && s.ServiceRegion != "" && string(s.ServiceRegion) != m[1] {
		r.problem(s.At("serviceRegion"), CodeRegion, fmt.Sprintf("the service is in %s, as its name says, not in %s", m[1], s.ServiceRegion), "", "remove the key")
	}
	if s.IPType != "" && s.IPType != estate.DNSDualStack && s.DNSIPType != "" && s.DNSIPType != estate.DNSServiceDefined && s.DNSIPType != s.IPType {
		r.problem(s.At("dnsIPType"), CodeKeyConflict, fmt.Sprintf("an endpoint with %s addresses has no other records", s.IPType), "AWS PrivateLink Guide, privatelink-access-aws-services.html", "write `ipType: dualstack`, or remove the key")
	}
}

func (r *reader) finishOwnService(s *OwnService) {
	if !s.Domain.IsZero() {
		base := s.Domain
		if base.IsWildcard() {
			base, _ = base.Parent()
		}
		switch inner := slices.ContainsFunc(base.Labels(), func(l []byte) bool { return string(l) == "*" }); {
		case inner:
			r.problem(s.At("domain"), CodeWildcard, quote(s.node.value("domain").text)+" has a * below its first label", "a wildcard is the first label (RFC 4592 section 2.1.1)", "write one service for each name")
		case base.Depth() < 2:
			r.problem(s.At("domain"), CodeBadName, quote(s.Domain.String())+" cannot be proven: it is the domain of nobody's own", "the proof is a record in the domain's public zone", "write a name below a domain of yours")
		}
		if p := s.Parent.Domain; !p.IsZero() && !base.Under(p) {
			r.problem(s.Parent.At("domain"), CodeOutside, fmt.Sprintf("%s does not lie in %s", s.Domain, p), "the record that proves the domain stands in its own public zone", "leave parent.domain out for the longest match")
		}
	}
	regions := map[estate.Region]bool{}
	for i := range s.LoadBalancers {
		l := &s.LoadBalancers[i]
		at := arnRegion(l.ARN)
		if l.ARN == "" {
			continue
		}
		regions[at] = true
		if s.Region != "" && at != s.Region {
			r.problem(l.At("arn"), CodeRegion, fmt.Sprintf("the load balancer is in %s, the service in %s", at, s.Region), "a service takes load balancers of its own Region", "change one of them")
		}
	}
	if s.Region == "" && len(regions) == 1 {
		for at := range regions {
			s.Region = at
		}
	}
	if len(s.Regions) > 0 && s.Region == "" {
		r.problem(s.At("supportedRegions"), CodeRegion, "the Region of the service is not known", "without it one service is made in each Region of the share, and none needs others", "add region")
	}
}

// arnRegion is the Region in an ARN.
func arnRegion(arn string) estate.Region {
	if parts := strings.Split(arn, ":"); len(parts) > 4 {
		return estate.Region(parts[3])
	}
	return ""
}

func (r *reader) finishEndpointShare(s *EndpointShare) {
	if s.Forward == "" {
		s.Forward = ForwardNames
	}
	for i := range s.Own {
		if s.Own[i].Account.IsZero() {
			s.Own[i].Account = s.Account
		}
	}
	for i := range s.Connect.TransitGateways {
		if s.Connect.TransitGateways[i].Account.IsZero() {
			s.Connect.TransitGateways[i].Account = s.Account
		}
	}
	forbid := func(why string, keys ...string) {
		for _, k := range keys {
			if s.node.value(k) != nil {
				r.problem(s.At(k), CodeKeyConflict, "the key "+k+" is not for `via: "+s.Via+"`", why, "remove it, or choose another via")
			}
		}
	}
	if s.Via == ViaResolver || s.Via == ViaOwn {
		forbid("only a Profile carries it", "zones", "rules", "firewallGroups", "queryLogs")
		forbid("there is no Profile", "profile", "intoExistingProfile")
	}
	switch s.Via {
	case ViaProfile:
		forbid("only rules forward to Resolver endpoints", "resolverEndpoints")
	case ViaOwn:
		forbid("no endpoints are shared, so nobody has to reach any", "vpc", "connect")
		forbid("nothing is shared with consumers", "shareWith", "external", "resolverEndpoints")
		forbid("the consumers' own endpoints are what is wanted", "retireDuplicates", "acceptDuplicates")
		for i := range s.Services {
			if len(s.Services[i].Endpoints) > 0 {
				r.problem(s.Services[i].At("endpoint"), CodeKeyConflict, "the key endpoint is not for `via: own`", "each consumer VPC has an endpoint of its own", "remove it, or choose another via")
			}
		}
	}
	if s.Forward == ForwardSuffix && s.Via != ViaResolver && s.Via != "" {
		r.problem(s.At("forward"), CodeKeyConflict, "`forward: suffix` is not for `via: "+s.Via+"`", "only rules forward", "remove it, or write `via: resolver`")
	}
	if (s.Via == ViaProfile || s.Via == ViaResolver) && s.node.value("vpc") == nil {
		r.problem(s.Pos, CodeMissingKey, `the key "vpc" is missing`, "the endpoints stand in a hub VPC", "write its ID or tags, or `via: own`")
	}
	if s.node.value("retireDuplicates") == nil && s.node.value("acceptDuplicates") != nil && s.Via != ViaOwn {
		r.problem(s.At("acceptDuplicates"), CodeKeyConflict, "nothing is accepted where duplicates are not looked for", "", "write retireDuplicates, or remove the key")
	}
	r.finishSharedNames(s)
	r.twiceIn(s, "regions", len(s.Regions), func(i int) string { return string(s.Regions[i]) })
	r.twiceIn(s, "rules", len(s.Rules), func(i int) string { return s.Rules[i] })
	r.twiceIn(s, "queryLogs", len(s.QueryLogs), func(i int) string { return s.QueryLogs[i] })
	for i := range s.FirewallGroups {
		g := &s.FirewallGroups[i]
		for j := range s.FirewallGroups[:i] {
			other := &s.FirewallGroups[j]
			switch {
			case g.ID == other.ID && g.ID != "":
				r.problem(g.At("id"), CodeDuplicate, "the rule group "+g.ID+" stands twice", "first at "+other.At("id").String(), "remove one")
			case g.Priority == other.Priority && g.Priority != 0:
				r.problem(g.At("priority"), CodeDuplicate, fmt.Sprintf("two rule groups have the priority %d", g.Priority), "first at "+other.At("priority").String(), "give each its own")
			}
		}
	}
}

// twiceIn reports what stands twice in a list of texts.
func (r *reader) twiceIn(s *EndpointShare, key string, n int, text func(i int) string) {
	first := map[string]int{}
	for i := range n {
		if j, twice := first[text(i)]; twice {
			r.problem(s.At(key, i), CodeDuplicate, text(i)+" stands twice", "first at "+s.At(key, j).String(), "remove one")
			continue
		}
		first[text(i)] = i
	}
}

// finishSharedNames judges what the services of a share are called: each has a
// place of its own in addresses, and one endpoint answers for each name.
func (r *reader) finishSharedNames(s *EndpointShare) {
	labels := map[string]diag.Pos{}
	domains := map[dnsname.Name]diag.Pos{}
	for i := range s.Services {
		v := &s.Services[i]
		label := v.Label()
		if v.ServiceRegion != "" {
			label += " of " + string(v.ServiceRegion)
		}
		if before, twice := labels[label]; twice && v.Name != "" {
			r.problem(v.At("name"), CodeDuplicate, "the service "+label+" stands twice", "first at "+before.String(), "remove one")
			continue
		}
		labels[label] = v.At("name")
	}
	for i := range s.Own {
		v := &s.Own[i]
		if before, twice := labels[v.Name]; twice && v.Name != "" {
			r.problem(v.At("name"), CodeDuplicate, "two services are called "+v.Name, "first at "+before.String(), "give each its own name")
		} else {
			labels[v.Name] = v.At("name")
		}
		if before, twice := domains[v.Domain]; twice && !v.Domain.IsZero() {
			r.problem(v.At("domain"), CodeTwoOwners, "two services have the private DNS name "+v.Domain.String(), "first at "+before.String(), "give each its own")
		} else {
			domains[v.Domain] = v.At("domain")
		}
	}
}

// checkEndpointShares judges what needs more than one share, and fills in what
// other sections say.
func (c *Config) checkEndpointShares(r *reader) {
	for i := range c.EndpointShares {
		s := &c.EndpointShares[i]
		c.checkShareRegions(r, s)
		c.checkShareWith(r, s)
		c.checkSharedZones(r, s)
		empty := func(key string) bool {
			n := s.node.value(key)
			return n == nil || n.shape == null || n.shape == list && len(n.items) == 0
		}
		carries := func(z PrivateZone) bool { return z.Profile == s.Name }
		if empty("services") && empty("own") && empty("zones") && empty("rules") && empty("firewallGroups") && empty("queryLogs") && !slices.ContainsFunc(c.PrivateZones, carries) {
			r.problem(s.Pos, CodeMissingKey, "there is nothing to share", "", "write services, own or zones, or remove the share")
		}
		for j := range s.Own {
			s.Own[j].reach(s.Regions)
			c.checkOwnService(r, &s.Own[j])
			if o := &s.Own[j]; o.Region != "" && len(s.Regions) > 0 && !slices.Contains(s.Regions, o.Region) {
				r.problem(o.At("region"), CodeRegion, fmt.Sprintf("the service %s is in %s, which is not a Region of the share", o.Name, o.Region), "a service is made, and told of, in a Region of its share", "add "+string(o.Region)+" to regions")
			}
		}
		for j := range c.EndpointShares[:i] {
			other := &c.EndpointShares[j]
			if s.Name == other.Name && s.Name != "" {
				r.problem(s.At("name"), CodeDuplicate, "two endpoint shares are called "+s.Name, "first at "+other.At("name").String(), "give each its own name")
			}
			c.checkTwoShares(r, other, s)
		}
	}
	for i := range c.PrivateZones {
		c.checkCarried(r, &c.PrivateZones[i])
	}
	slices.SortStableFunc(c.EndpointShares, func(a, b EndpointShare) int { return strings.Compare(a.Name, b.Name) })
}

// checkShareRegions finds the Regions of a share, and the hub VPC of each.
func (c *Config) checkShareRegions(r *reader, s *EndpointShare) {
	if s.node.value("regions") == nil {
		if a, ok := c.Account(s.Account); ok {
			s.Regions = a.Regions
		} else if c.Defaults.Region != "" {
			s.Regions = []estate.Region{c.Defaults.Region}
		}
		if len(s.Regions) == 0 && !s.Account.IsZero() {
			r.problem(s.Pos, CodeRegion, "the Regions of the share are not known", "", "add regions, or those of the account, or defaults.region")
		}
	}
	if len(s.Regions) == 0 || len(s.Hubs) == 0 {
		return
	}
	all := -1 // the hub that is selected in every Region
	first := map[estate.Region]int{}
	for i, h := range s.Hubs {
		switch {
		case len(h.Regions) == 0 && len(h.VPCs) > 0:
		case len(h.Regions) == 0 && all >= 0:
			r.problem(h.Pos, CodeDuplicate, "two hub VPCs are selected in every Region", "first at "+s.Hubs[all].Pos.String(), "add region, or remove one")
		case len(h.Regions) == 0:
			all = i
		case !slices.Contains(s.Regions, h.Regions[0]):
			r.problem(h.At("region"), CodeRegion, string(h.Regions[0])+" is not a Region of the share", "", "add it to regions, or remove this VPC")
		default:
			if j, twice := first[h.Regions[0]]; twice {
				r.problem(h.At("region"), CodeDuplicate, string(h.Regions[0])+" has two hub VPCs", "first at "+s.Hubs[j].Pos.String(), "remove one")
				continue
			}
			first[h.Regions[0]] = i
		}
	}
	if all < 0 && len(s.Hubs) != len(s.Regions) {
		r.problem(s.At("vpc"), CodeRegion, fmt.Sprintf("the share has %s, and %s", count(len(s.Regions), "Region"), count(len(s.Hubs), "hub VPC")), "there is one in each Region", "name the VPC of each Region, or select it by tags")
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return itoa(n) + " " + what + "s"
}

// checkShareWith tells accounts from units, and units that cannot be read.
func (c *Config) checkShareWith(r *reader, s *EndpointShare) {
	const summary, hint = "units cannot be read without access to the organization", "add organization.access, or name the accounts"
	for _, sel := range s.Consumers {
		if len(sel.Units) > 0 && c.Access == nil {
			r.problem(sel.At("organizationalUnits"), CodeSelector, summary, "", hint)
		}
	}
	for _, ref := range s.ShareWith.written {
		if _, ok := c.Account(ref); ok {
			s.ShareWith.Accounts = append(s.ShareWith.Accounts, ref)
			continue
		}
		s.ShareWith.Units = append(s.ShareWith.Units, ref.Name)
		if c.Access == nil {
			r.problem(ref.Pos, CodeSelector, quote(ref.Name)+" is no account of the list, and "+summary, "", hint)
		}
	}
}

// checkSharedZones finds the zones that a share names by their domains.
func (c *Config) checkSharedZones(r *reader, s *EndpointShare) {
	for i := range s.Zones {
		z := &s.Zones[i]
		if z.Zone != "" && z.Account.IsZero() {
			z.Account = s.Account
		}
		for j := range s.Zones[:i] {
			other := &s.Zones[j]
			if same, _ := c.same(z.Account, other.Account); z.Domain == other.Domain && z.Zone == other.Zone && (same || z.Account.IsZero()) {
				r.problem(z.Pos, CodeDuplicate, "the zone "+z.what()+" stands twice", "first at "+other.Pos.String(), "remove one")
			}
		}
		if z.Domain.IsZero() {
			continue
		}
		var owners []AccountRef
		var known []string
		for k := range c.PrivateZones {
			p := &c.PrivateZones[k]
			known = append(known, p.Domain.String())
			if same, _ := c.same(p.Account, z.Account); p.Domain == z.Domain && (same || z.Account.IsZero()) {
				owners = append(owners, p.Account)
			}
		}
		switch {
		case len(owners) == 1:
			z.Account = owners[0]
		case len(owners) > 1:
			r.problem(z.Pos, CodeMissingKey, fmt.Sprintf("%s of privateZones have the domain %s", count(len(owners), "account"), z.Domain), "", "write it as in { domain: "+z.Domain.String()+", account: "+owners[0].Name+" }")
		default:
			hint := nearest(z.Domain.String(), known)
			if hint == "" {
				hint = "add it to privateZones, or write the ID of the zone"
			}
			r.problem(z.Pos, CodeUnknownZone, "privateZones has no zone "+z.Domain.String(), "", hint)
		}
	}
}

func (z SharedZone) what() string {
	if z.Zone != "" {
		return z.Zone
	}
	return z.Domain.String()
}

// reach fills in from where endpoints may reach a service of one Region: from the
// share's other ones, unless it is said.
func (s *OwnService) reach(regions []estate.Region) {
	if s.Region == "" || s.node.value("supportedRegions") != nil {
		return
	}
	for _, at := range regions {
		if at != s.Region {
			s.Regions = append(s.Regions, at)
		}
	}
}

// checkOwnService judges what the accounts of the list say of a service.
func (c *Config) checkOwnService(r *reader, s *OwnService) {
	owner, known := c.Account(s.Account)
	for i := range s.LoadBalancers {
		l := &s.LoadBalancers[i]
		if parts := strings.Split(l.ARN, ":"); known && len(parts) > 4 && parts[4] != string(owner.ID) && owner.ID != "" {
			r.problem(l.At("arn"), CodeUnknownAccount, fmt.Sprintf("the load balancer is in account %s, the service in %s", parts[4], owner.ID), "a service takes load balancers of its own account", "write account: with the load balancer's")
		}
	}
}

// checkCarried judges a private zone that the Profile of a share carries.
func (c *Config) checkCarried(r *reader, z *PrivateZone) {
	switch {
	case z.via == "" && z.Profile == "":
		return
	case z.Profile == "" && z.node.value("profile") == nil:
		r.problem(z.At("via"), CodeMissingKey, `the key "profile" is missing`, "it names the endpoint share whose Profile carries the zone", "")
		return
	case z.via == "" && z.node.value("via") == nil:
		r.problem(z.At("profile"), CodeMissingKey, "the zone has a Profile, and does not say that it is reached by it", "", "add `via: profile`")
	}
	if z.node.value("vpcs") != nil {
		r.problem(z.At("vpcs"), CodeKeyConflict, "a zone that a Profile carries has no VPCs of its own", "its VPCs are the consumers of the endpoint share", "remove vpcs, or via and profile")
	}
	if z.Profile == "" {
		return
	}
	var known []string
	for i := range c.EndpointShares {
		s := &c.EndpointShares[i]
		if s.Name == z.Profile {
			if s.Via != ViaProfile && s.Via != "" {
				r.problem(z.At("profile"), CodeKeyConflict, fmt.Sprintf("the endpoint share %s has no Profile: it is via %s", s.Name, s.Via), "see "+s.At("via").String(), "name a share with `via: profile`, or associate the VPCs")
			}
			return
		}
		if s.Via == ViaProfile {
			known = append(known, s.Name)
		}
	}
	hint := nearest(z.Profile, known)
	if hint == "" {
		hint = "name an endpoint share with `via: profile`"
	}
	r.problem(z.At("profile"), CodeUnknownShare, "there is no endpoint share "+quote(z.Profile), "", hint)
}

// checkTwoShares finds names that two shares would answer in one VPC.
func (c *Config) checkTwoShares(r *reader, a, b *EndpointShare) {
	together := slices.ContainsFunc(a.Consumers, func(x Selector) bool {
		return slices.ContainsFunc(b.Consumers, func(y Selector) bool { return c.meet(x, y) })
	})
	if !together || disjoint(a.Regions, b.Regions) {
		return
	}
	report := func(pos, before diag.Pos, what string) {
		r.problem(pos, CodeTwoOwners, fmt.Sprintf("the endpoint shares %s and %s both answer for %s", a.Name, b.Name, what), fmt.Sprintf("some of their consumers can be the same VPCs; it is in %s at %s", a.Name, before), "remove it from one, or narrow the consumers")
	}
	for i := range b.Services {
		for j := range a.Services {
			x, y := &a.Services[j], &b.Services[i]
			same := slices.ContainsFunc(b.Regions, func(at estate.Region) bool {
				nx, rx := x.In(at)
				ny, ry := y.In(at)
				return slices.Contains(a.Regions, at) && nx == ny && rx == ry
			})
			if same {
				report(y.At("name"), x.At("name"), y.Label())
			}
		}
	}
	for i := range b.Own {
		for j := range a.Own {
			if x, y := &a.Own[j], &b.Own[i]; x.Domain == y.Domain && !y.Domain.IsZero() {
				report(y.At("domain"), x.At("domain"), y.Domain.String())
			}
		}
	}
}

// meet reports whether two selections can mean one VPC, as far as the files
// show. Which accounts are in which unit only the organization knows: units of
// different names, and a unit beside an account, are taken for apart.
func (c *Config) meet(a, b Selector) bool {
	if len(a.Regions) > 0 && len(b.Regions) > 0 && disjoint(a.Regions, b.Regions) ||
		len(a.VPCs) > 0 && len(b.VPCs) > 0 && disjoint(a.VPCs, b.VPCs) {
		return false
	}
	for k, v := range a.Tags {
		if w, ok := b.Tags[k]; ok && v != w {
			return false
		}
	}
	everybody := func(s Selector) bool { return len(s.Accounts) == 0 && len(s.Units) == 0 }
	if everybody(a) || everybody(b) {
		return true
	}
	inside := func(x, y string) bool { return x == y || strings.HasPrefix(x, y+"/") }
	return slices.ContainsFunc(a.Accounts, func(x AccountRef) bool {
		return slices.ContainsFunc(b.Accounts, func(y AccountRef) bool { same, _ := c.same(x, y); return same })
	}) || slices.ContainsFunc(a.Units, func(x string) bool {
		return slices.ContainsFunc(b.Units, func(y string) bool { return inside(x, y) || inside(y, x) })
	})
}

// disjoint reports whether two lists have nothing in common.
func disjoint[T comparable](a, b []T) bool {
	return !slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}
