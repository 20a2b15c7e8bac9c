package resolve

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

func TestDiff(t *testing.T) {
	world := all(vpc("A"), vpc("B"), public("P", "example.com", set1, "www A 1.1.1.1", "old.dev A 1.1.1.9", "alias CNAME www.dev.example.com"))
	for _, test := range []struct {
		name   string
		before change
		after  change
		want   []string // name type vantages: before -> after
	}{
		{"nothing", all(), all(), nil},
		{"a record", all(), record("P", "new A 1.1.1.2"), []string{"new.example.com A internet A B: NXDOMAIN -> 1.1.1.2"}},
		{"a TTL alone", all(), func(e *estate.Estate) {
			e.Records.Put(estate.RecordSet{Zone: "P", Name: name("www.example.com"), Type: "A", TTL: 1, Values: []string{"1.1.1.1"}})
		}, nil},
		{"a delegation hides what the parent holds, and CNAMEs follow", dev, t31, []string{
			"alias.example.com A internet A B: NXDOMAIN -> 2.2.2.2",
			"dev.example.com NS internet A B: NODATA -> ns-1026.awsdns-02.org., ns-1538.awsdns-02.co.uk., ns-2.awsdns-02.com., ns-514.awsdns-02.net.",
			"old.dev.example.com A internet A B: 1.1.1.9 -> NXDOMAIN",
			"www.dev.example.com A internet A B: NXDOMAIN -> 2.2.2.2",
		}},
		{"a child zone deleted under its delegation", t31, all(deleteZone("DEV")), []string{
			"alias.example.com A internet A B: 2.2.2.2 -> SERVFAIL",
			"alias.example.com AAAA internet A B: NODATA -> SERVFAIL",
			"dev.example.com NS internet A B: ns-1026.awsdns-02.org., ns-1538.awsdns-02.co.uk., ns-2.awsdns-02.com., ns-514.awsdns-02.net. -> SERVFAIL",
			"old.dev.example.com A internet A B: NXDOMAIN -> SERVFAIL",
			"www.dev.example.com A internet A B: 2.2.2.2 -> SERVFAIL",
		}},
		{"a private zone for one VPC", all(), phz("PHZ", "example.com", []string{"A"}, "www A 10.0.0.1"), []string{
			"example.com NS A: ns-1.awsdns-01.com., ns-1025.awsdns-01.org., ns-1537.awsdns-01.co.uk., ns-513.awsdns-01.net. -> ns-0.awsdns-00.com., ns-1024.awsdns-00.org., ns-1536.awsdns-00.co.uk., ns-512.awsdns-00.net.",
			"alias.example.com CNAME A: www.dev.example.com. -> NXDOMAIN",
			"old.dev.example.com A A: 1.1.1.9 -> NXDOMAIN",
			"www.example.com A A: 1.1.1.1 -> 10.0.0.1",
		}},
		{"a forward rule", all(), forward("dev.example.com", "10.9.9.9", "B"), []string{
			"alias.example.com A B: NXDOMAIN -> forwarded to 10.9.9.9",
			"alias.example.com AAAA B: NXDOMAIN -> forwarded to 10.9.9.9",
			"dev.example.com A B: NODATA -> forwarded to 10.9.9.9",
			"old.dev.example.com A B: 1.1.1.9 -> forwarded to 10.9.9.9",
		}},
		{"a wildcard, and a name that ends it", record("P", "*.w A 1.1.1.3"), record("P", "x.w TXT \"t\""), []string{
			"x.w.example.com A internet A B: 1.1.1.3 -> NODATA",
			"x.w.example.com TXT internet A B: NODATA -> \"t\"",
			"*.x.w.example.com A internet A B: 1.1.1.3 -> NXDOMAIN",
		}},
		{"a child zone comes into sight, and with it what its parent's wildcard may not answer", all(public("T", "t", set2, "* A 1.1.1.1"), public("AT", "a.t", set2)),
			registered("t", set2), []string{
				"a.t A internet A B: 1.1.1.1 -> NODATA",
				"a.t NS internet A B: NODATA -> ns-1026.awsdns-02.org., ns-1538.awsdns-02.co.uk., ns-2.awsdns-02.com., ns-514.awsdns-02.net.",
				"*.a.t A internet A B: 1.1.1.1 -> NXDOMAIN",
			}},
		{"a VPC that no longer sees its private zones", all(public("T", "t", set2, "* A 1.1.1.1"), phz("PHZ", "a.t", []string{"A"})),
			vpc("A", func(v *estate.VPC) { v.DNSHostnames = false }), []string{
				"a.t A A: NODATA -> 1.1.1.1",
				"a.t NS A: ns-0.awsdns-00.com., ns-1024.awsdns-00.org., ns-1536.awsdns-00.co.uk., ns-512.awsdns-00.net. -> NODATA",
				"*.a.t A A: NXDOMAIN -> 1.1.1.1",
			}},
		{"an address of an alias target", all(target("d-1.execute-api.eu-west-1.amazonaws.com", "ZAPI", estate.TargetAPIGateway, "192.0.2.1"),
			record("P", "api A alias d-1.execute-api.eu-west-1.amazonaws.com ZAPI")),
			target("d-1.execute-api.eu-west-1.amazonaws.com", "ZAPI", estate.TargetAPIGateway, "192.0.2.2"), []string{
				"d-1.execute-api.eu-west-1.amazonaws.com A internet A B: 192.0.2.1 -> 192.0.2.2",
				"api.example.com A internet A B: 192.0.2.1 -> 192.0.2.2",
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := build(world, test.before)
			after := before
			test.after(&after)
			changes := Diff(New(before, closed()), New(after, closed()), Touched(before, after)...)
			var got []string
			for _, c := range changes {
				var from []string
				for _, v := range c.Vantages {
					from = append(from, v.String())
				}
				got = append(got, fmt.Sprintf("%s %s %s: %s -> %s", c.Name, c.Type, strings.Join(from, " "), c.Before, c.After))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("changes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestDiffMissesNothing: over random estates, Diff of what Touched finds is what
// asking every name from everywhere finds, and no more.
func TestDiffMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := randomEstate(t, estate.Estate{}, 20)
		after := randomEstate(t, before, rapid.IntRange(1, 3).Draw(t, "changes"))
		p := closed()
		if rapid.Bool().Draw(t, "other policy") {
			p.ProfileOriginFirst, p.ManagedZoneNegative, p.KeepUnverifiedName, p.ForwardBeatsManaged = false, false, false, false
			p.ProfileNeedsPrivateDNS, p.ProfileDelegates, p.InboundDelegationRecursion = false, true, true
		}
		a, b := New(before, p), New(after, p)
		found := map[string]bool{}
		for _, c := range Diff(a, b, Touched(before, after)...) {
			for _, v := range c.Vantages {
				found[fmt.Sprintf("%s %s %s", c.Name, c.Type, v)] = true
				if a.Resolve(v, c.Name, c.Type).Same(b.Resolve(v, c.Name, c.Type)) {
					t.Fatalf("%s %s from %s is said to change and does not", c.Name, c.Type, v)
				}
			}
		}
		for n := range everyName(before, after) {
			for _, qtype := range []string{"A", "AAAA", "TXT", "CNAME", "NS"} {
				for _, v := range []Vantage{{}, {VPC: "A"}, {VPC: "B"}, {VPC: "C"}} {
					x, y := a.Resolve(v, n, qtype), b.Resolve(v, n, qtype)
					if x.Same(y) || !x.Positive() && !y.Positive() {
						continue
					}
					if _, ok := before.VPCs.Get(v.VPC); v.VPC != "" && !ok {
						continue
					}
					if !found[fmt.Sprintf("%s %s %s", n, qtype, v)] && !underWildcard(found, n, v) {
						t.Fatalf("missed: %s %s from %s: %s -> %s", n, qtype, v, x, y)
					}
				}
			}
		}
	})
}

// underWildcard reports whether a change was found for a wildcard above n.
func underWildcard(found map[string]bool, n dnsname.Name, v Vantage) bool {
	for above := range n.Ancestors() {
		for _, qtype := range []string{"A", "AAAA", "TXT", "CNAME", "NS"} { // NS of what its CNAME leads to
			if w := above.Wildcard(); above != n && found[fmt.Sprintf("%s %s %s", w, qtype, v)] {
				return true
			}
		}
	}
	return false
}

// everyName is every name of the estates, and one below each that none has.
func everyName(estates ...estate.Estate) map[dnsname.Name]bool {
	out := map[dnsname.Name]bool{}
	for _, e := range estates {
		for p := range e.Endpoints.All() {
			for n := range endpointNames(p) {
				out[n] = true
				if below, err := n.Child("unknown"); err == nil {
					out[below] = true
				}
			}
		}
		for r := range e.LatticeResources.All() {
			for n := range latticeDomains(r) {
				out[n] = true
				if below, err := n.Child("unknown"); err == nil {
					out[below] = true
				}
			}
		}
		for rs := range e.Records.All() {
			out[rs.Name] = true
			if below, err := rs.Name.Child("unknown"); err == nil {
				out[below] = true
			}
		}
	}
	return out
}

var (
	apexes   = []string{"t", "a.t", "b.t", "a.a.t", "b.a.t"}
	labels   = []string{"", "a.", "b.", "*.", "a.a.", "b.a.", "*.a.", "a.*."}
	sets     = [][]string{set1, set2, set3}
	domains  = []string{".", "t", "a.t", "a.a.t", "b.b.t"}
	resource = "lb-1.eu-west-1.elb.amazonaws.com"
)

// randomEstate makes n random changes to an estate of few names, so that they
// meet often.
func randomEstate(t *rapid.T, e estate.Estate, n int) estate.Estate {
	if e.VPCs.Len() == 0 {
		all(vpc("A"), vpc("B", region("us-east-1")), vpc("C"))(&e)
	}
	for range n {
		someChange(t)(&e)
	}
	return e
}

func someChange(t *rapid.T) change {
	pick := func(label string, from []string) string { return rapid.SampledFrom(from).Draw(t, label) }
	vpcs := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "C"}), 0, 3, rapid.ID).Draw(t, "vpcs")
	apex := pick("apex", apexes)
	id := pick("kind", []string{"P", "P", "V"}) + apex
	switch rapid.IntRange(0, 24).Draw(t, "change") {
	case 0, 1:
		if id[0] == 'P' {
			return public(id, apex, rapid.SampledFrom(sets).Draw(t, "set"))
		}
		return phz(id, apex, vpcs)
	case 2:
		return deleteZone(id)
	case 3:
		return rule(estate.ResolverRule{Type: pick("type", []string{estate.RuleForward, estate.RuleSystem}),
			Targets: []estate.RuleTarget{{IP: netip.MustParseAddr("10.9.9.9")}}}, pick("domain", domains), vpcs)
	case 4:
		return func(e *estate.Estate) {
			if r, ok := estate.First(e.ResolverRules.All()); ok {
				e.ResolverRules.Delete(r.ID)
				for a := range e.RuleAssociations.By(estate.ByRule(r.ID)) {
					e.RuleAssociations.Delete(a.ID)
				}
			}
		}
	case 5:
		return vpc(pick("vpc", []string{"A", "B", "C"}), func(v *estate.VPC) {
			v.DNSHostnames = rapid.Bool().Draw(t, "hostnames")
			v.Region = estate.Region(pick("region", []string{"eu-west-1", "us-east-1"}))
		})
	case 6:
		return registered(apex, rapid.SampledFrom(sets).Draw(t, "set"))
	case 7:
		return target(resource, "ZLB", estate.TargetLoadBalancer, pick("address", []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"}))
	case 8:
		owner := name(pick("owner", labels) + apex)
		return func(e *estate.Estate) {
			for rs := range e.Records.Prefix(estate.RecordsAt(id, owner)) {
				e.Records.Delete(rs.Key())
			}
		}
	}
	if rapid.Bool().Draw(t, "network?") {
		return someNetwork(t, pick, apex)
	}
	owner := name(pick("owner", labels) + apex)
	rs := estate.RecordSet{Zone: id, Name: owner, Type: pick("type", []string{"A", "A", "AAAA", "TXT", "CNAME", "NS", "ALIAS", "LATENCY"}), TTL: 300}
	to := name(pick("to", labels) + pick("toApex", apexes))
	if rapid.IntRange(0, 4).Draw(t, "toEndpoint") == 0 {
		to = name(pick("endpoint", []string{"vpce-1-x.svc.eu-west-1.vpce.amazonaws.com", "vpce-2-x-eu-west-1a.svc.eu-west-1.vpce.amazonaws.com"}))
	}
	switch rs.Type {
	case "A":
		rs.Values = []string{pick("value", []string{"1.1.1.1", "1.1.1.2", "10.9.9.9", "10.1.0.10", "10.1.0.11"})}
	case "AAAA":
		rs.Values = []string{"2001:db8::2"}
	case "TXT":
		rs.Values = []string{`"t"`}
	case "CNAME":
		rs.Values = []string{to.FQDN()}
	case "NS":
		rs.Values = dotted(rapid.SampledFrom(sets).Draw(t, "set"))
		if rapid.Bool().Draw(t, "named") {
			rs.Values = []string{to.FQDN()}
		}
	case "ALIAS":
		rs.Type, rs.Alias = "A", &estate.Alias{Name: to, Zone: id}
		if rapid.Bool().Draw(t, "aws") {
			rs.Alias = &estate.Alias{Name: name(resource), Zone: "ZLB"}
		}
		if to.Under(name("amazonaws.com")) {
			rs.Alias = &estate.Alias{Name: to, Zone: "ZVPCE"}
		}
	case "LATENCY":
		rs.Type, rs.Values = "A", []string{"1.1.1.3"}
		rs.Routing.Latency = estate.Region(pick("latency", []string{"eu-west-1", "us-east-1"}))
		rs.SetID = string(rs.Routing.Latency)
	}
	return func(e *estate.Estate) {
		if _, ok := e.Zones.Get(id); ok && (rs.Type != "NS" || !owner.IsWildcard()) { // R5.7
			e.Records.Put(rs)
		}
	}
}

// someNetwork is a change to Profiles, endpoints, Resolver endpoints, rules or
// shares.
func someNetwork(t *rapid.T, pick func(string, []string) string, apex string) change {
	on := pick("on", []string{"A", "B", "C"})
	kind := pick("ruleKind", []string{estate.RuleForward, estate.RuleForward, estate.RuleSystem, estate.RuleDelegate})
	domain := pick("domain", append(slices.Clone(domains), "amazonaws.com"))
	rule, endpointID := ruleID(kind, domain), pick("endpoint", []string{"vpce-1", "vpce-2"})
	inboundID := pick("resolverEndpoint", []string{"rslvr-in-1", "rslvr-in-2", "rslvr-out-1"})
	rp := pick("profile", []string{"rp-1", "rp-2"})
	profileARN := "arn:aws:route53profiles:eu-west-1:" + string(net) + ":profile/" + rp
	ofRule := func(f func(e *estate.Estate, r estate.ResolverRule)) change {
		return func(e *estate.Estate) {
			if r, ok := e.ResolverRules.Get(rule); ok {
				f(e, r)
			}
		}
	}
	resource, member := "rcfg-"+pick("resource", []string{"a", "b"}), pick("member", []string{"A", "B", "C", "rcfg-a", "rcfg-b"})
	switch rapid.IntRange(0, 28).Draw(t, "network") {
	case 0:
		return profileOn(rp, on)
	case 1:
		return func(e *estate.Estate) { e.ProfileAssociations.Delete("rpassoc-" + rp + on) }
	case 2, 3:
		return func(e *estate.Estate) {
			e.Profiles.Put(estate.Profile{ID: rp, ARN: profileARN, Account: net, Region: "eu-west-1", Reverse: pick("reverse", []string{"", "", "DISABLE"})})
			share(profileARN)(e)
		}
	case 4:
		return unshare(profileARN)
	case 5, 6:
		return carry(rp, zoneARN("V"+apex), 100)
	case 7:
		return ofRule(func(e *estate.Estate, r estate.ResolverRule) { carry(rp, r.ARN(), 100)(e) })
	case 8:
		return carry(rp, endpointARN(endpointID), 100)
	case 9:
		return func(e *estate.Estate) {
			if x, ok := estate.First(e.ProfileResources.By(estate.ByProfile(rp))); ok {
				e.ProfileResources.Delete(x.ID)
			}
		}
	case 10, 11:
		return endpoint(endpointID, on, "svc", rapid.SliceOfN(rapid.SampledFrom([]string{"a.t", "*.a.t", "b.b.t", "*.b.t"}), 1, 2).Draw(t, "private"),
			func(p *estate.Endpoint) {
				p.PrivateDNS, p.InboundOnly = rapid.Bool().Draw(t, "privateDNS"), rapid.IntRange(0, 3).Draw(t, "inboundOnly") == 0
				p.IPType = pick("ipType", []string{estate.DNSIPv4, estate.DNSDualStack})
				if rapid.IntRange(0, 2).Draw(t, "service") == 0 {
					service(p)
				}
			})
	case 12:
		return func(e *estate.Estate) { e.Endpoints.Delete(endpointID) }
	case 13, 14:
		direction := map[string]string{"rslvr-in-1": estate.EndpointInbound, "rslvr-in-2": estate.EndpointDelegation, "rslvr-out-1": estate.EndpointOutbound}
		ip := map[string]string{"rslvr-in-1": "10.1.0.10", "rslvr-in-2": "10.1.0.11", "rslvr-out-1": "10.1.0.12"}
		return func(e *estate.Estate) {
			resolverEndpoint(inboundID, direction[inboundID], on, ip[inboundID])(e)
			p, _ := e.ResolverEndpoints.Get(inboundID)
			p.Status = pick("status", []string{estate.StatusOperational, estate.StatusOperational, estate.StatusDeleting})
			e.ResolverEndpoints.Put(p)
		}
	case 15:
		return func(e *estate.Estate) { e.ResolverEndpoints.Delete(inboundID) }
	case 16, 17:
		return all(forward(domain, pick("target", []string{"10.1.0.10", "10.1.0.11", "10.9.9.9"}), on))
	case 18:
		return delegateRule(domain, on)
	case 19:
		return ofRule(func(e *estate.Estate, r estate.ResolverRule) { through(r.ID, "rslvr-out-1")(e) })
	case 20:
		return ofRule(func(e *estate.Estate, r estate.ResolverRule) { ownedByNet(r.ID)(e) })
	case 21:
		return ofRule(func(e *estate.Estate, r estate.ResolverRule) { unshare(r.ARN())(e) })
	case 22:
		return ofRule(func(e *estate.Estate, r estate.ResolverRule) {
			e.RuleAssociations.Put(estate.RuleAssociation{ID: "rslvr-rrassoc-" + r.ID + on, Rule: r.ID, VPC: on})
		})
	case 23:
		return func(e *estate.Estate) {
			e.EndpointServices.Put(estate.EndpointService{ID: "vpce-svc-1", Name: "com.amazonaws.vpce.eu-west-1.vpce-svc-1", PrivateName: name("a.t"),
				NameState: pick("nameState", []string{estate.NameVerified, estate.NameFailed})})
		}
	case 24:
		return latticeResource(resource, pick("customDomain", []string{"a.t", "*.a.t", "b.b.t"}), func(r *estate.LatticeResource) {
			r.Verified, r.Target = rapid.Bool().Draw(t, "verified"), name(pick("leadsTo", []string{"a.a.t", "b.t"}))
		})
	case 25, 26:
		return all(inNetwork(member, func(a *estate.LatticeAssociation) {
			a.PrivateDNS = rapid.IntRange(0, 3).Draw(t, "association") > 0
			a.Domains.Preference = pick("preference", []string{estate.DomainsAll, estate.DomainsVerified})
		}))
	case 27:
		return endpoint(endpointID, on, "net", nil, toNetwork)
	case 28:
		id := pick("associated", []string{"a", "b"})
		return target("snra-"+id+".rcfg-"+id+".4232ccc.vpc-lattice-rsc.eu-west-1.on.aws", "ZRSC", estate.TargetResource, pick("address", []string{"129.224.0.1", "129.224.0.2"}))
	}
	return nil
}

// TestDeterministic: the same estate gives the same answers and changes.
func TestDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := randomEstate(t, estate.Estate{}, 10)
		for _, n := range slices.SortedFunc(maps.Keys(everyName(e)), dnsname.Name.Compare) {
			x, y := New(e, closed()).Resolve(Vantage{VPC: "A"}, n, "A"), New(e, closed()).Resolve(Vantage{VPC: "A"}, n, "A")
			if fmt.Sprint(x) != fmt.Sprint(y) || fmt.Sprint(x.Trace) != fmt.Sprint(y.Trace) {
				t.Fatalf("%s: %v and %v", n, x, y)
			}
			if len(x.Trace) == 0 || x.Rule.Text() == "" {
				t.Fatalf("%s: no trace, or rule %q is not described", n, x.Rule)
			}
		}
	})
}
