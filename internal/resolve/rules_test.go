package resolve

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

func policy(edit func(*Policy)) Policy {
	p := closed()
	edit(&p)
	return p
}

func routed(zoneID, owner, rrtype, setID, value string, r estate.Routing, healthCheck string) change {
	return func(e *estate.Estate) {
		e.Records.Put(estate.RecordSet{Zone: zoneID, Name: name(owner), Type: rrtype, TTL: 60, SetID: setID,
			Routing: r, Values: []string{value}, HealthCheck: healthCheck})
	}
}

func weighted(w int64) estate.Routing { return estate.Routing{Weight: &w} }

// chain makes n CNAMEs from c0 to an address at c<n>.
func chain(zoneID string, n int) change {
	return func(e *estate.Estate) {
		for i := range n {
			record(zoneID, fmt.Sprintf("c%d CNAME c%d.example.com", i, i+1))(e)
		}
		record(zoneID, fmt.Sprintf("c%d A 192.0.2.1", n))(e)
	}
}

// firewall is a rule group in effect in A.
func firewall(id string, priority int32, rules ...estate.FirewallRule) change {
	return func(e *estate.Estate) {
		e.FirewallGroups.Put(estate.FirewallGroup{ID: id, Rules: rules})
		e.FirewallAssociations.Put(estate.FirewallAssociation{ID: "assoc-" + id, Group: id, VPC: "A", Priority: priority})
	}
}

// profileFirewall is a rule group that the Profile rp-1 carries.
func profileFirewall(id string, priority int32, rules ...estate.FirewallRule) change {
	return func(e *estate.Estate) {
		g := estate.FirewallGroup{ID: id, Account: net, Region: "eu-west-1", Rules: rules}
		e.FirewallGroups.Put(g)
		carry("rp-1", g.ARN(), priority)(e)
	}
}

// renamed gives a rule another ID.
func renamed(kind, domain, id string) change {
	return func(e *estate.Estate) {
		r, _ := e.ResolverRules.Get(ruleID(kind, domain))
		e.ResolverRules.Delete(r.ID)
		for a := range e.RuleAssociations.By(estate.ByRule(r.ID)) {
			a.Rule = id
			e.RuleAssociations.Put(a)
		}
		r.ID = id
		e.ResolverRules.Put(r)
	}
}

func domainList(names ...string) []dnsname.Name {
	var out []dnsname.Name
	for _, n := range names {
		out = append(out, name(n))
	}
	return out
}

func block(priority int32, how string, domains ...string) estate.FirewallRule {
	return estate.FirewallRule{Priority: priority, Action: estate.FirewallBlock, Block: how, Domains: domainList(domains...),
		Override: name("blocked.example.com")}
}

// TestRules has the cases of the rules that no vector decides.
func TestRules(t *testing.T) {
	aws := "d-1.execute-api.eu-west-1.amazonaws.com"
	for _, test := range []struct {
		name  string
		setup change
		query string // from name type
		want  string
		rule  Rule
	}{
		// Gate.
		{"R1.2 switch", vpc("A", noSupport), "A www.example.com A", "NO_RESPONSE", "R1.2"},
		{"an unknown VPC", all(), "Z www.example.com A", "UNREAD", "R1.7"},
		{"R1.6 NODATA", firewall("g", 1, block(1, estate.FirewallNoData, "www.example.com")), "A www.example.com A", "NODATA", "R1.6"},
		{"R1.6 NXDOMAIN by wildcard", firewall("g", 1, block(1, estate.FirewallNXDomain, "*.example.com")), "A www.example.com A", "NXDOMAIN", "R1.6"},
		{"R1.6 a wildcard spares its parent", firewall("g", 1, block(1, estate.FirewallNXDomain, "*.www.example.com")), "A www.example.com A", "1.1.1.1", "R1.7"},
		{"R1.6 all names", firewall("g", 1, block(1, estate.FirewallNXDomain, "*")), "A www.example.com A", "NXDOMAIN", "R1.6"},
		{"R1.6 OVERRIDE", firewall("g", 1, block(1, estate.FirewallOverride, "www.example.com")), "A www.example.com A", "blocked.example.com. NODATA", "R1.6"},
		{"R1.6 ALLOW first", firewall("g", 1, block(2, estate.FirewallNXDomain, "*.example.com"),
			estate.FirewallRule{Priority: 1, Action: estate.FirewallAllow, Domains: domainList("www.example.com")}), "A www.example.com A", "1.1.1.1", "R1.7"},
		{"R1.6 groups by priority", all(firewall("g", 2, block(1, estate.FirewallNXDomain, "*")),
			firewall("h", 1, block(1, estate.FirewallNoData, "*"))), "A www.example.com A", "NODATA", "R1.6"},
		{"R1.6 one type", firewall("g", 1, estate.FirewallRule{Action: estate.FirewallBlock, Block: estate.FirewallNXDomain, Type: "AAAA",
			Domains: domainList("*")}), "A www.example.com A", "1.1.1.1", "R1.7"},
		{"R1.6 inspects the chain", all(record("P", "to CNAME www.example.com"), firewall("g", 1, block(1, estate.FirewallNXDomain, "www.example.com"))),
			"A to.example.com A", "NXDOMAIN", "R1.6"},
		{"R1.6 trusts the chain", all(record("P", "to CNAME www.example.com"), firewall("g", 1,
			estate.FirewallRule{Priority: 1, Action: estate.FirewallAllow, FirstOnly: true, Domains: domainList("to.example.com")},
			block(2, estate.FirewallNXDomain, "*"))), "A to.example.com A", "www.example.com. 1.1.1.1", "R1.7"},
		{"R1.6 not for others", firewall("g", 1, block(1, estate.FirewallNXDomain, "*")), "HUB www.example.com A", "1.1.1.1", "R1.7"},
		// Contest.
		{"R1.11", forward("eu-west-1.compute.internal", "10.9.9.9", "A"), "A ip-10-0-0-5.eu-west-1.compute.internal A", "EXTERNAL(10.9.9.9)", "R1.11"},
		{"R1.14", all(systemRule("example.com", "A"), t2), "A www.example.com A", "10.0.0.1", "R1.14"},
		{"R1.13 not below a deeper rule", all(forward("a.example.com", "10.9.9.9", "A"), systemRule("example.com", "A")), "A x.a.example.com A", "EXTERNAL(10.9.9.9)", "R1.9"},
		{"R1.13 nested", all(forward(".", "10.9.9.9", "A"), systemRule("example.com", "A"), forward("a.example.com", "10.9.9.8", "A"), systemRule("b.a.example.com", "A")),
			"A x.b.a.example.com A", "NXDOMAIN", "R1.25"},
		{"R1.24 against a public child", all(t2, t31), "A www.dev.example.com A", "NXDOMAIN", "R1.23"},
		{"R4.5", forward("example.com", "", "A"), "A www.example.com A", "SERVFAIL", "R4.5"},
		{"R5.15 NS in a private zone", phz("Z", "corp.test", []string{"A"}, "a NS ns.elsewhere.test", "x.a A 10.0.0.1"), "A x.a.corp.test A", "10.0.0.1", "R1.9"},
		{"R5.15 NS asked for", phz("Z", "corp.test", []string{"A"}, "a NS ns.elsewhere.test"), "A a.corp.test NS", "ns.elsewhere.test.", "R1.9"},
		// Profiles.
		{"R2.2 a Profile turns reverse rules off", all(forward(".", "10.9.9.9", "A"), profile([]string{"A"}), profileReverse("DISABLE")),
			"A 5.0.0.10.in-addr.arpa PTR", "EXTERNAL(10.9.9.9)", "R1.12"},
		{"R2.2 a Profile turns them on", all(reverseDisabled("A"), profile([]string{"A"}), profileReverse("ENABLE")),
			"A 5.0.0.10.in-addr.arpa PTR", "ip-10-0-0-5.eu-west-1.compute.internal.", "R1.9"},
		{"R2.2 a Profile leaves it to the VPC", all(reverseDisabled("A"), forward(".", "10.9.9.9", "A"), profile([]string{"A"}), profileReverse("USE_LOCAL_RESOURCE_SETTING")),
			"A 5.0.0.10.in-addr.arpa PTR", "EXTERNAL(10.9.9.9)", "R1.12"},
		{"R2.4 an association on its way", all(t18, func(e *estate.Estate) {
			e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "rpassoc-rp-1A", Profile: "rp-1", VPC: "A", Status: estate.StatusUpdating})
		}), "A a.svc.corp A", "NXDOMAIN", "R1.7"},
		{"R2.12", all(endpoint("vpce-1", "HUB", "ec2", []string{ec2}), profile([]string{"A"}, endpointARN("vpce-1"))), "A " + ec2 + " A", both, "R2.12"},
		{"R2.6 a zone of one's own beats a Profile's endpoint", all(endpoint("vpce-1", "HUB", "ec2", []string{ec2}), profile([]string{"A"}, endpointARN("vpce-1")),
			phz("OWN", ec2, []string{"A"}, "@ A 10.0.9.9")), "A " + ec2 + " A", "10.0.9.9", "R2.6"},
		{"R2.13 an inbound endpoint sees its VPC's Profile", t18, "A+inbound a.svc.corp A", "10.0.9.4", "R2.8"},
		// Interface endpoints.
		{"R1.4 private names need both attributes", all(t22, vpc("A", noHostnames)), "A " + ec2 + " A", "52.0.0.1", "R1.7"},
		{"R3.4 below a private name", t22, "A x." + ec2 + " A", "NXDOMAIN", "R3.4"},
		{"R3.4 below a wildcard", endpoint("vpce-1", "A", "ecr", []string{"*.dkr.ecr.eu-west-1.amazonaws.com"}), "A 1.dkr.ecr.eu-west-1.amazonaws.com A", both, "R3.3"},
		{"R3.6 against a private zone above", all(t22, phz("AMZ", "amazonaws.com", []string{"A"})), "A " + ec2 + " A", both, "R3.6"},
		{"R3.6 a rule of the same name", all(t22, forward(ec2, "10.9.9.9", "A")), "A " + ec2 + " A", "EXTERNAL(10.9.9.9)", "R3.6"},
		{"R3.9 ipv4", t22, "A " + ec2 + " AAAA", "NODATA", "R3.3"},
		{"R3.9 dualstack", endpoint("vpce-1", "A", "ec2", []string{ec2}, dualStack), "A " + ec2 + " AAAA", "2001:db8::a 2001:db8::b", "R3.3"},
		{"R3.10 zonal, in a public zone", all(t22, record("P", "api A alias vpce-1-x-eu-west-1b.ec2.eu-west-1.vpce.amazonaws.com ZVPCE")), "internet api.example.com A", "10.0.2.5", "R3.10"},
		{"R6.8 an endpoint that is gone", record("P", "api A alias vpce-9-x.ec2.eu-west-1.vpce.amazonaws.com ZVPCE"), "internet api.example.com A", "NODATA", "R6.8"},
		{"R3.7 CNAME asked for", svc, "A svc.example.com CNAME", "vpce-2-x.vpce-svc-1.eu-west-1.vpce.amazonaws.com.", "R3.7"},
		// Forwarding.
		{"R4.5 the outbound endpoint is being deleted", all(t28, func(e *estate.Estate) {
			p, _ := e.ResolverEndpoints.Get("rslvr-out-1")
			p.Status = estate.StatusDeleting
			e.ResolverEndpoints.Put(p)
		}), "A db.corp.int A", "SERVFAIL", "R4.5"},
		{"R4.5 the inbound endpoint does not serve", all(t28, func(e *estate.Estate) {
			p, _ := e.ResolverEndpoints.Get("rslvr-in-1")
			p.Status = estate.StatusCreating
			e.ResolverEndpoints.Put(p)
		}), "A db.corp.int A", "SERVFAIL", "R4.5"},
		{"R4.6 NXDOMAIN from the hub", t28, "A gone.corp.int A", "NXDOMAIN", "R1.23"},
		{"R4.2 the hub's own rules go on", all(t28, forward("b.corp.int", "10.9.9.9", "HUB")), "A x.b.corp.int A", "EXTERNAL(10.9.9.9)", "R1.9"},
		{"R6.11 a CNAME in the reply", all(t28, record("CORP", "to CNAME www.example.com"), t2), "A to.corp.int A", "www.example.com. 1.1.1.1", "R1.7"},
		{"R1.6 inspects a forwarded reply", all(t28, record("CORP", "to CNAME www.example.com"), firewall("g", 1, block(1, estate.FirewallNXDomain, "www.example.com"))),
			"A to.corp.int A", "NXDOMAIN", "R1.6"},
		// Private delegation.
		{"R5.17 refused outside its zones", all(t35, resolverEndpoint("rslvr-in-2", estate.EndpointDelegation, "HUB", "10.20.0.2")), "A h.berlin.example.com A", "SERVFAIL", "R4.5"},
		{"R5.17 answers for its VPC's zones", all(t35, resolverEndpoint("rslvr-in-2", estate.EndpointDelegation, "HUB", "10.20.0.2"),
			phz("BERLIN", "berlin.example.com", []string{"HUB"}, "h A 10.0.9.1")), "A h.berlin.example.com A", "10.0.9.1", "R5.17"},
		{"R5.17 a plain inbound endpoint is no name server", all(t35, resolverEndpoint("rslvr-in-2", estate.EndpointInbound, "HUB", "10.20.0.2")), "A h.berlin.example.com A", "SERVFAIL", "R4.5"},
		{"R5.14 several levels", all(t35, resolverEndpoint("rslvr-in-2", estate.EndpointDelegation, "HUB", "10.20.0.2"),
			phz("BERLIN", "berlin.example.com", []string{"HUB"}, "mitte NS ns.mitte.berlin.example.com", "ns.mitte A 10.9.9.9")), "A h.mitte.berlin.example.com A", "EXTERNAL(10.9.9.9)", "R5.13"},
		{"R5.14 to a public zone", all(t31, phz("PHZ", "corp.int", []string{"A"}, "dev NS "+set2[0]), public("PUB", "dev.corp.int", set2, "www A 2.2.2.3"), delegateRule("awsdns-02.com")),
			"A www.dev.corp.int A", "NXDOMAIN", "R1.23"},
		{"R5.14 to a public zone, by rule", all(phz("PHZ", "corp.int", []string{"A"}, "dev NS "+set2[0]), public("PUB", "dev.corp.int", set2, "www A 2.2.2.3"), delegateRule("awsdns-02.com", "A")),
			"A www.dev.corp.int A", "2.2.2.3", "R5.13"},
		// Autodefined names.
		{"R1.17 in another Region", vpc("A", region("us-east-1")), "A ip-10-0-0-5.ec2.internal A", "10.0.0.5", "R1.9"},
		{"R1.17 other type", all(), "A ip-10-0-0-5.eu-west-1.compute.internal AAAA", "NODATA", "R1.25"},
		{"R1.22 not in the VPC", all(), "A ip-192-168-0-5.eu-west-1.compute.internal A", "NXDOMAIN", "R1.22"},
		{"R1.17 not from the internet", all(), "internet ip-10-0-0-5.eu-west-1.compute.internal A", "NXDOMAIN", "R1.7"},
		{"R1.18 not in the VPC", all(), "A 5.0.0.172.in-addr.arpa PTR", "NXDOMAIN", "R1.7"},
		{"R1.18 deeper than a custom rule", forward("0.10.in-addr.arpa", "10.9.9.9", "A"), "A 5.0.0.10.in-addr.arpa PTR", "ip-10-0-0-5.eu-west-1.compute.internal.", "R1.9"},
		{"R1.18 a /24 outside the blocks", forward("1.10.in-addr.arpa", "10.9.9.9", "A"), "A 5.0.1.10.in-addr.arpa PTR", "EXTERNAL(10.9.9.9)", "R1.9"},
		{"R1.19", all(), "A localhost A", "127.0.0.1", "R1.9"},
		{"R1.19 reverse", all(), "A 1.0.0.127.in-addr.arpa PTR", "localhost.", "R1.9"},
		{"R1.19 unknown", all(), "A x.localdomain A", "NXDOMAIN", "R1.22"},
		// Delegation.
		{"R5.2 the listed one of two", all(t31, public("DEV0", "dev.example.com", set3, "www A 3.3.3.3")), "internet www.dev.example.com A", "2.2.2.2", "R5.2"},
		{"R5.2 the first, when none is listed", public("Q", "example.com", set2, "www A 3.3.3.3"), "internet www.example.com A", "1.1.1.1", "R1.7"},
		{"R5.2 the registered one", all(public("Q", "example.com", set2, "www A 3.3.3.3"), registered("example.com", set2)), "internet www.example.com A", "3.3.3.3", "R5.2"},
		{"R5.6 partly lame", all(t31, record("P", "dev NS "+set2[0]+", "+set3[0])), "internet www.dev.example.com A", "2.2.2.2", "R5.3"},
		{"R5.6 registered elsewhere", registered("example.com", []string{"ns1.provider.test"}), "internet www.example.com A", "SERVFAIL", "R5.6"},
		{"R5.3 back in from outside", all(registered("example.com", []string{"ns1.provider.test"}), dev, registered("dev.example.com", set2)), "internet www.dev.example.com A", "2.2.2.2", "R5.3"},
		{"R5.5 not past the parent", all(dev, registered("example.com", set1)), "internet www.dev.example.com A", "NXDOMAIN", "R5.5"},
		{"R5.3 grandchild from its nearest parent only", all(t31, public("X", "x.dev.example.com", set3, "www A 4.4.4.4"), record("P", "x.dev NS "+set3[0])),
			"internet www.x.dev.example.com A", "NXDOMAIN", "R5.5"},
		{"R5.3 a chain of delegations", all(t31, public("X", "x.dev.example.com", set3, "www A 4.4.4.4"), record("DEV", "x NS "+strings.Join(set3, ", "))),
			"internet www.x.dev.example.com A", "4.4.4.4", "R5.3"},
		{"R5.3 NS of the child", all(t31, record("P", "dev NS "+set2[0])), "internet dev.example.com NS",
			set2[0] + ". " + set2[1] + ". " + set2[2] + ". " + set2[3] + ".", "R5.3"},
		{"R5.4 DS at the cut", all(t31, record("P", "dev DS 1 13 2 00")), "internet dev.example.com DS", "1 13 2 00", "R1.7"},
		{"nothing there", all(), "internet foo.org A", "NXDOMAIN", "R1.7"},
		// Records.
		{"R6.1", all(target(aws, "ZAPI", estate.TargetAPIGateway, "192.0.2.1", "2001:db8::1"), record("P", "api A alias "+aws+" ZAPI")), "internet api.example.com A", "192.0.2.1", "R6.1"},
		{"R6.1 at its own name", target(aws, "ZAPI", estate.TargetAPIGateway, "192.0.2.1"), "internet " + aws + " A", "192.0.2.1", "R6.1"},
		{"R6.1 by CNAME", all(target(aws, "ZAPI", estate.TargetAPIGateway, "192.0.2.1"), record("P", "api CNAME "+aws)), "internet api.example.com A", aws + ". 192.0.2.1", "R6.1"},
		{"R6.1 dualstack", all(target("lb.eu-west-1.elb.amazonaws.com", "ZLB", estate.TargetLoadBalancer, "192.0.2.1"),
			record("P", "api A alias dualstack.lb.eu-west-1.elb.amazonaws.com ZLB")), "internet api.example.com A", "192.0.2.1", "R6.1"},
		{"R6.1 website", all(website("s3-website-eu-west-1.amazonaws.com", "ZS3", "w.example.com", "192.0.2.8"),
			website("s3-website-eu-west-1.amazonaws.com", "ZS3", "v.example.com", "192.0.2.9"),
			record("P", "w A alias s3-website-eu-west-1.amazonaws.com ZS3")), "internet w.example.com A", "192.0.2.8", "R6.1"},
		{"R6.1 website by its own name", website("s3-website-eu-west-1.amazonaws.com", "ZS3", "mine", "192.0.2.8"),
			"internet mine.s3-website-eu-west-1.amazonaws.com A", "192.0.2.8", "R6.1"},
		{"R6.8 a website of another bucket", all(website("s3-website-eu-west-1.amazonaws.com", "ZS3", "w.example.com", "192.0.2.8"),
			record("P", "x A alias s3-website-eu-west-1.amazonaws.com ZS3")), "internet x.example.com A", "NODATA", "R6.8"},
		{"R6.2", record("P", "alias A alias www.example.com P"), "internet alias.example.com A", "1.1.1.1", "R6.2"},
		{"R6.2 of an alias", all(record("P", "b A alias www.example.com P"), record("P", "alias A alias b.example.com P")), "internet alias.example.com A", "1.1.1.1", "R6.2"},
		{"R6.8", record("P", "alias A alias gone.example.com P"), "internet alias.example.com A", "NODATA", "R6.8"},
		{"R6.8 in a circle", all(record("P", "a A alias b.example.com P"), record("P", "b A alias a.example.com P")), "internet a.example.com A", "NODATA", "R6.8"},
		{"R6.5", all(target(aws, "ZAPI", estate.TargetAPIGateway, "192.0.2.1"), record("P", "api A alias "+aws+" ZAPI")), "internet api.example.com AAAA", "NODATA", "R6.5"},
		{"R6.8 AWS", record("P", "api A alias "+aws+" ZAPI"), "internet api.example.com A", "NODATA", "R6.8"},
		{"R6.10 sixteen", chain("P", 16), "internet c15.example.com A", "c16.example.com. 192.0.2.1", "R1.7"},
		{"R6.10 too many", chain("P", 17), "internet c0.example.com A", "SERVFAIL", "R6.10"},
		{"R6.10 circle", all(record("P", "a CNAME b.example.com"), record("P", "b CNAME a.example.com")), "internet a.example.com A", "SERVFAIL", "R6.10"},
		{"R6.5 CNAME asked for", record("P", "a CNAME b.example.com"), "internet a.example.com CNAME", "b.example.com.", "R1.7"},
		{"R6.12", record("P", "a CNAME gone.example.com"), "internet a.example.com A", "gone.example.com. NXDOMAIN", "R1.25"},
		{"R6.10 into a forward rule", all(record("P", "a CNAME b.corp.test"), forward("corp.test", "10.9.9.9", "A")), "A a.example.com A", "b.corp.test. EXTERNAL(10.9.9.9)", "R1.9"},
		{"R6.13 a literal asterisk", record("P", "a.*.w A 192.0.2.1"), "internet a.x.w.example.com A", "NODATA", "R6.14"}, // *.w is there, empty
		{"R6.13 the wildcard itself", record("P", "*.w A 192.0.2.1"), "internet *.w.example.com A", "192.0.2.1", "R1.7"},
		{"R6.15", record("P", "*.w A 192.0.2.1"), "internet w.example.com A", "NODATA", "R1.25"},
		{"R6.13 not at the parent's sibling", record("P", "*.w A 192.0.2.1"), "internet ww.example.com A", "NXDOMAIN", "R1.25"},
		{"R6.13 an alias by wildcard", record("P", "*.w A alias www.example.com P"), "internet x.w.example.com A", "1.1.1.1", "R6.13"},
		// Routing policies: which set is chosen.
		{"weighted", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", weighted(1), ""), routed("P", "r.example.com", "A", "b", "1.0.0.2", weighted(3), "")),
			"internet r.example.com A", "1.0.0.2", "R6.7"},
		{"weighted, the heavier one ill", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", weighted(1), ""), routed("P", "r.example.com", "A", "b", "1.0.0.2", weighted(3), "ill")),
			"internet r.example.com A", "1.0.0.1", "R6.7"},
		{"all ill counts as all well", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", weighted(1), "ill"), routed("P", "r.example.com", "A", "b", "1.0.0.2", weighted(3), "ill")),
			"internet r.example.com A", "1.0.0.2", "R6.7"},
		{"failover", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", estate.Routing{Failover: "SECONDARY"}, ""), routed("P", "r.example.com", "A", "b", "1.0.0.2", estate.Routing{Failover: "PRIMARY"}, "")),
			"internet r.example.com A", "1.0.0.2", "R6.7"},
		{"failover, primary ill", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", estate.Routing{Failover: "SECONDARY"}, ""), routed("P", "r.example.com", "A", "b", "1.0.0.2", estate.Routing{Failover: "PRIMARY"}, "ill")),
			"internet r.example.com A", "1.0.0.1", "R6.7"},
		{"latency by the VPC's Region", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", estate.Routing{Latency: "us-east-1"}, ""), routed("P", "r.example.com", "A", "b", "1.0.0.2", estate.Routing{Latency: "eu-west-1"}, "")),
			"A r.example.com A", "1.0.0.2", "R6.7"},
		{"latency from the internet", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", estate.Routing{Latency: "us-east-1"}, ""), routed("P", "r.example.com", "A", "b", "1.0.0.2", estate.Routing{Latency: "eu-west-1"}, "")),
			"internet r.example.com A", "1.0.0.1", "R6.7"},
		{"geolocation by default", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", estate.Routing{Geo: &estate.Geo{Country: "DE"}}, ""), routed("P", "r.example.com", "A", "b", "1.0.0.2", estate.Routing{Geo: &estate.Geo{Country: "*"}}, "")),
			"internet r.example.com A", "1.0.0.2", "R6.7"},
		{"multivalue", all(routed("P", "r.example.com", "A", "a", "1.0.0.1", estate.Routing{MultiValue: true}, ""), routed("P", "r.example.com", "A", "b", "1.0.0.2", estate.Routing{MultiValue: true}, "ill"), routed("P", "r.example.com", "A", "c", "1.0.0.3", estate.Routing{MultiValue: true}, "")),
			"internet r.example.com A", "1.0.0.1 1.0.0.3", "R6.7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := strings.Fields(test.query)
			from := vantage(strings.ReplaceAll(f[0], "+", " "))
			p := policy(func(p *Policy) { p.Unhealthy = map[string]bool{"ill": true} })
			a := New(build(vectorWorld, test.setup), p).Resolve(from, name(f[1]), f[2])
			if got := short(a); got != test.want || a.Rule != test.rule {
				t.Errorf("%s = %s by %s, want %s by %s", test.query, got, a.Rule, test.want, test.rule)
				printTrace(t, a)
			}
			checkTrace(t, a)
		})
	}
}

// TestSwitches flips each switch of Policy.
func TestSwitches(t *testing.T) {
	aws := record("P", "api A alias d-1.execute-api.eu-west-1.amazonaws.com ZAPI")
	wildcards := record("P", "x.b.w A 192.0.2.2")
	for _, test := range []struct {
		name  string
		setup change
		query string
		flip  func(*Policy)
		want  string
	}{
		{"DNSSupportOff", vpc("A", noSupport), "A www.example.com A", func(p *Policy) { p.DNSSupportOff = ServFail }, "SERVFAIL"},
		{"HostnamesOffFallsThrough", all(vpc("A", noHostnames), t2), "A www.example.com A", func(p *Policy) { p.HostnamesOffFallsThrough = false }, "SERVFAIL"},
		{"SystemKeepsZones", all(systemRule("example.com", "A"), t2), "A www.example.com A", func(p *Policy) { p.SystemKeepsZones = false }, "1.1.1.1"},
		{"AutodefinedUnknown", all(), "A x.localdomain A", func(p *Policy) { p.AutodefinedUnknown = NoError }, "NODATA"},
		{"PrivateNegativeStrict", t2, "A www.example.com AAAA", func(p *Policy) { p.PrivateNegativeStrict = false }, "NXDOMAIN"},
		{"NoForwardTarget", forward("example.com", "", "A"), "A www.example.com A", func(p *Policy) { p.NoForwardTarget = NoResponse }, "NO_RESPONSE"},
		{"NoForwardTarget, no outbound endpoint", all(forward("example.com", "10.9.9.9", "A"), through(ruleID("FORWARD", "example.com"), "rslvr-out-9")), "A www.example.com A",
			func(p *Policy) { p.NoForwardTarget = NoResponse }, "NO_RESPONSE"},
		{"ProfileOriginFirst", all(forward("svc.corp", "10.9.9.9"), phz("LOCAL", "svc.corp", []string{"A"}, "a A 10.0.9.5"), profile([]string{"A"}, ruleARN("FORWARD", "svc.corp"))),
			"A a.svc.corp A", func(p *Policy) { p.ProfileOriginFirst = false }, "EXTERNAL(10.9.9.9)"},
		{"ProfileDelegates", all(t35noDelegate, delegateRule("berlin.example.com"), profile([]string{"A"}, ruleARN("DELEGATE", "berlin.example.com"))), "A h.berlin.example.com A",
			func(p *Policy) { p.ProfileDelegates = true }, "EXTERNAL(10.20.0.2)"},
		{"ProfileNeedsPrivateDNS", all(endpoint("vpce-1", "HUB", "ec2", []string{ec2}, privateOff), profile([]string{"A"}, endpointARN("vpce-1"))), "A " + ec2 + " A",
			func(p *Policy) { p.ProfileNeedsPrivateDNS = false }, both},
		{"FirewallByPriority", all(firewall("own", 9, block(1, estate.FirewallNoData, "*")), profile([]string{"A"}), profileFirewall("carried", 5, block(1, estate.FirewallNXDomain, "*"))),
			"A www.example.com A", func(p *Policy) { p.FirewallByPriority = false }, "NODATA"},
		{"EndpointWholeSet", t22, "A " + ec2 + " A", func(p *Policy) { p.EndpointWholeSet = false }, "10.0.1.5"},
		{"ManagedZoneNegative", all(t22, record("AWS", "x.ec2.eu-west-1 A 52.0.0.9")), "A x." + ec2 + " A", func(p *Policy) { p.ManagedZoneNegative = false }, "52.0.0.9"},
		{"ForwardBeatsManaged", all(t22, forward(ec2, "10.9.9.9", "A")), "A " + ec2 + " A", func(p *Policy) { p.ForwardBeatsManaged = false }, both},
		{"ZoneBeatsLattice", all(latticeResource("rcfg-db", "www.example.com"), inNetwork("A"), inNetwork("rcfg-db"), target(dbHost, "ZRSC", estate.TargetResource, dbAddress),
			phz("PHZ", "www.example.com", []string{"A"}, "@ A 10.0.0.1")), "A www.example.com A", func(p *Policy) { p.ZoneBeatsLattice = false }, dbAddress},
		{"KeepUnverifiedName", all(svc, func(e *estate.Estate) {
			e.EndpointServices.Put(estate.EndpointService{ID: "vpce-svc-1", Name: "com.amazonaws.vpce.eu-west-1.vpce-svc-1", PrivateName: name("svc.example.com"), NameState: estate.NameFailed})
		}), "A svc.example.com A", func(p *Policy) { p.KeepUnverifiedName = false }, "192.0.2.7"},
		{"VPCPlus2", forward("corp.int", "10.0.0.2", "A"), "A db.corp.int A", func(p *Policy) { p.VPCPlus2 = NoResponse }, "NO_RESPONSE"},
		{"Loop", all(t28, forward("corp.int", "10.1.0.10", "A", "HUB")), "A db.corp.int A", func(p *Policy) { p.Loop = NXDomain }, "NXDOMAIN"},
		{"DelegateDeepest", all(t35, delegateRule("example.com", "A"), through(ruleID("DELEGATE", "berlin.example.com"), ""),
			through(ruleID("DELEGATE", "example.com"), "gone"), renamed("DELEGATE", "example.com", "rslvr-rr-a")), "A h.berlin.example.com A", func(p *Policy) { p.DelegateDeepest = false }, "SERVFAIL"},
		{"InboundDelegationRecursion", all(t35, resolverEndpoint("rslvr-in-2", estate.EndpointDelegation, "HUB", "10.20.0.2"), record("P", "h.berlin A 1.1.1.7")),
			"A h.berlin.example.com A", func(p *Policy) { p.InboundDelegationRecursion = true }, "1.1.1.7"},
		{"OccludeBelowCut", all(t31, record("P", "www.dev A 9.9.9.9")), "internet www.dev.example.com A", func(p *Policy) { p.OccludeBelowCut = false }, "9.9.9.9"},
		{"Lame", all(t31, deleteZone("DEV")), "internet www.dev.example.com A", func(p *Policy) { p.Lame = NXDomain }, "NXDOMAIN"},
		{"PrivateCutWithoutDelegate", phz("Z", "corp.test", []string{"A"}, "a NS ns.elsewhere.test", "x.a A 10.0.0.1"), "A x.a.corp.test A",
			func(p *Policy) { p.PrivateCutWithoutDelegate = true }, "SERVFAIL"},
		{"DanglingAlias", aws, "internet api.example.com A", func(p *Policy) { p.DanglingAlias = ServFail }, "SERVFAIL"},
		{"CNAMERestart", t38, "A a.z A", func(p *Policy) { p.CNAMERestart = false }, "www.example.com. NODATA"},
		{"MaxHops", chain("P", 3), "internet c0.example.com A", func(p *Policy) { p.MaxHops = 2 }, "SERVFAIL"},
		{"WildcardENT", all(record("P", "*.w A 192.0.2.1"), wildcards), "internet y.b.w.example.com A", func(p *Policy) { p.WildcardENT = false }, "192.0.2.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := strings.Fields(test.query)
			from := Vantage{VPC: strings.TrimPrefix(f[0], "internet")}
			e := build(vectorWorld, test.setup)
			if got := short(New(e, policy(test.flip)).Resolve(from, name(f[1]), f[2])); got != test.want {
				t.Errorf("flipped: %s, want %s", got, test.want)
			}
			if got := short(New(e, closed()).Resolve(from, name(f[1]), f[2])); got == test.want {
				t.Errorf("the switch changes nothing: %s", got)
			}
		})
	}
}

// TestOpen: what was not read is not absent.
func TestOpen(t *testing.T) {
	asked := func(e *estate.Estate) {
		e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryIdentity}})
	}
	probed := func(n, rrtype, rcode string, values ...string) change {
		return func(e *estate.Estate) {
			e.Public.Put(estate.PublicAnswer{Name: name(n), Type: rrtype, RCode: rcode, Values: values, TTL: 30})
		}
	}
	aws := record("P", "api A alias d-1.execute-api.eu-west-1.amazonaws.com ZAPI")
	unread := func(e *estate.Estate) { e.Zones.Put(estate.Zone{ID: "U", Name: name("unread.test")}) }
	for _, test := range []struct {
		name, query string
		setup       change
		want        string
	}{
		{"a name elsewhere", "foo.org A", all(), "OUTSIDE"},
		{"a name elsewhere, probed", "foo.org A", probed("foo.org", "A", "NOERROR", "192.0.2.3"), "192.0.2.3"},
		{"a name elsewhere, probed in vain", "foo.org A", probed("foo.org", "A", "NXDOMAIN"), "NXDOMAIN"},
		{"an alias target that was not read", "api.example.com A", aws, "alias d-1.execute-api.eu-west-1.amazonaws.com"},
		{"all targets read", "api.example.com A", all(aws, func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryTargets}})
		}), "NODATA"},
		{"a delegation to servers of others", "www.dev.example.com A", record("P", "dev NS "+set3[0]), "OUTSIDE"},
		{"a zone whose records were not read", "www.unread.test A", unread, "UNREAD"},
		{"delegated as the probe says", "www.example.com A", all(public("Q", "example.com", set2, "www A 3.3.3.3"),
			probed("example.com", "NS", "NOERROR", set2...)), "3.3.3.3"},
		{"not delegated, says the probe", "www.example.com A", probed("example.com", "NS", "NXDOMAIN"), "NXDOMAIN"},
		{"delegated elsewhere, says the probe", "www.example.com A", probed("example.com", "NS", "NOERROR", "ns1.provider.test"), "OUTSIDE"},
		{"a private zone whose VPCs were not read", "www.example.com A", phz("V", "example.com", nil), "1.1.1.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := strings.Fields(test.query)
			a := New(build(vectorWorld, asked, test.setup), DefaultPolicy).Resolve(Vantage{}, name(f[0]), f[1])
			if got := short(a); got != test.want {
				t.Errorf("%s = %s, want %s", test.query, got, test.want)
				printTrace(t, a)
			}
			checkTrace(t, a)
		})
	}
}

// TestVPCsUnread: whether a VPC sees a private zone can be unknown.
func TestVPCsUnread(t *testing.T) {
	e := build(vectorWorld, phz("V", "example.com", nil))
	e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryIdentity}})
	r := New(e, DefaultPolicy)
	a := r.Resolve(Vantage{VPC: "A"}, name("www.example.com"), "A")
	if a.Outcome != Unread || a.Rule != "R1.8" {
		t.Errorf("got %s by %s, want UNREAD by R1.8", a.Outcome, a.Rule)
	}
	record("P", "www A 1.1.1.2")(&e)
	changes := Diff(r, New(e, DefaultPolicy), name("www.example.com"))
	if len(changes) != 1 || len(changes[0].Vantages) != 1 || changes[0].Vantages[0].VPC != "" {
		t.Errorf("want a change for the internet alone, got %v", changes)
	}
}

// TestOpenNetwork: in an estate read in part, an outbound endpoint and a share
// that were not read take nothing away; once they were, they do.
func TestOpenNetwork(t *testing.T) {
	read := func(kind estate.QueryKind) change {
		return func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: kind, Account: net, Region: "eu-west-1"}})
		}
	}
	lone := all(forward("corp.int", "10.9.9.9", "A"), through(corpRule, "rslvr-out-1"), ownedByNet(corpRule), func(e *estate.Estate) { e.Shares = estate.Table[estate.Share]{} })
	for _, test := range []struct {
		name  string
		setup change
		query string
		want  string
	}{
		{"nothing read", read(estate.QueryIdentity), "db.corp.int", "EXTERNAL(10.9.9.9)"},
		{"endpoints read", read(estate.QueryResolverEndpoints), "db.corp.int", "SERVFAIL"},
		{"shares read", read(estate.QueryShares), "db.corp.int", "OUTSIDE"},
		{"a Profile whose share was not read", all(read(estate.QueryIdentity), t18, unshare(profileARN)), "a.svc.corp", "10.0.9.4"},
		{"a Profile that is shared no more", all(read(estate.QueryShares), t18, phz("PHZ", "svc.corp", []string{"HUB"}), unshare(profileARN)), "a.svc.corp", "OUTSIDE"},
		{"a Profile that was not read", all(read(estate.QueryIdentity), t18, func(e *estate.Estate) { e.Profiles.Delete("rp-1") }), "a.svc.corp", "10.0.9.4"},
	} {
		a := New(build(vectorWorld, lone, test.setup), DefaultPolicy).Resolve(Vantage{VPC: "A"}, name(test.query), "A")
		if got := short(a); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
			printTrace(t, a)
		}
	}
}

// TestDelegation: what an INBOUND_DELEGATION endpoint answers by itself.
func TestDelegation(t *testing.T) {
	r := New(build(vectorWorld, phz("BERLIN", "berlin.test", []string{"HUB"}, "h A 10.0.9.1"),
		resolverEndpoint("rslvr-in-2", estate.EndpointDelegation, "HUB", "10.20.0.2")), closed())
	e, _ := r.e.ResolverEndpoints.Get("rslvr-in-2")
	for query, want := range map[string]string{"h.berlin.test": "10.0.9.1", "x.berlin.test": "NXDOMAIN", "www.example.com": "REFUSED"} {
		a := r.Delegation(e, name(query), "A")
		if got := short(a); got != want || a.Authoritative != (want != "REFUSED") {
			t.Errorf("%s: %s, authoritative %t, want %s", query, got, a.Authoritative, want)
		}
		checkTrace(t, a)
	}
}

// profileReverse is the Profile's setting for reverse rules.
func profileReverse(flag string) change {
	return func(e *estate.Estate) {
		p, _ := e.Profiles.Get("rp-1")
		p.Reverse = flag
		e.Profiles.Put(p)
	}
}

func TestTTL(t *testing.T) {
	r := New(build(vectorWorld, all(t2, record("P", "to CNAME gone.example.com"),
		target("d-1.execute-api.eu-west-1.amazonaws.com", "ZAPI", estate.TargetAPIGateway, "192.0.2.1"),
		record("P", "api A alias d-1.execute-api.eu-west-1.amazonaws.com ZAPI"),
		record("P", "alias A alias www.example.com P"))), closed())
	for query, want := range map[string]uint32{
		"www.example.com A":    300,
		"alias.example.com A":  300, // of the target
		"api.example.com A":    60,
		"gone.example.com A":   900, // the lesser of 900 and 86400
		"to.example.com A":     300, // the CNAME's
		"www.example.com AAAA": 900,
	} {
		f := strings.Fields(query)
		a := r.Resolve(Vantage{}, name(f[0]), f[1])
		if a.TTL != want {
			t.Errorf("%s: TTL %d, want %d", query, a.TTL, want)
		}
		if !a.Positive() && (len(a.Authority) != 1 || a.Authority[0].Type != "SOA") {
			t.Errorf("%s: authority %v, want the SOA", query, a.Authority)
		}
	}
}

func TestAuthoritative(t *testing.T) {
	r := New(build(vectorWorld, t31, all(record("P", "glued NS ns.glued.example.com"), record("P", "ns.glued A 192.0.2.53"),
		record("P", "mx MX 10 www.example.com"), record("P", "to CNAME www.example.com"), record("P", "down CNAME x.dev.example.com"))), closed())
	types := func(rrs []RR) string {
		var out []string
		for _, rr := range rrs {
			out = append(out, rr.Name.Relative(name("example.com"))+" "+rr.Type)
		}
		return strings.Join(out, ", ")
	}
	ns := "@ NS, @ NS, @ NS, @ NS"
	for _, test := range []struct {
		server, query, outcome        string
		answer, authority, additional string
		aa                            bool
	}{
		{set1[0], "www.example.com A", "NOERROR", "www A", ns, "", true},
		{set1[3], "gone.example.com A", "NXDOMAIN", "", "@ SOA", "", true},
		{set1[0], "www.example.com TXT", "NOERROR", "", "@ SOA", "", true},
		{set1[0], "x.glued.example.com A", "NOERROR", "", "glued NS", "ns.glued A", false},
		{set1[0], "glued.example.com NS", "NOERROR", "", "glued NS", "ns.glued A", false},
		{set1[0], "glued.example.com DS", "NOERROR", "", "@ SOA", "", true},
		{set1[0], "mx.example.com MX", "NOERROR", "mx MX", ns, "www A", true},
		{set1[0], "to.example.com A", "NOERROR", "to CNAME, www A", ns, "", true},
		{set1[0], "down.example.com A", "NOERROR", "down CNAME", "dev NS, dev NS, dev NS, dev NS", "", true},
		{set2[0], "www.dev.example.com A", "NOERROR", "www.dev A", "dev NS, dev NS, dev NS, dev NS", "", true},
		{set2[0], "www.example.com A", "REFUSED", "", "", "", false},
		{set3[0], "www.example.com A", "REFUSED", "", "", "", false},
	} {
		f := strings.Fields(test.query)
		a := r.Authoritative(name(test.server), name(f[0]), f[1])
		if string(a.Outcome) != test.outcome || types(a.Records) != test.answer || types(a.Authority) != test.authority ||
			types(a.Additional) != test.additional || a.Authoritative != test.aa {
			t.Errorf("%s at %s: %s, answer %q, authority %q, additional %q, aa %t", test.query, test.server,
				a.Outcome, types(a.Records), types(a.Authority), types(a.Additional), a.Authoritative)
		}
		checkTrace(t, a)
	}
}

func TestAnswerJSON(t *testing.T) {
	a := New(build(vectorWorld), closed()).Resolve(Vantage{VPC: "A"}, name("www.example.com"), "A")
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	const start = `{"name":"www.example.com","type":"A","outcome":"NOERROR","records":[{"name":"www.example.com","type":"A","ttl":300,"value":"1.1.1.1"}],"ttl":300,"rule":"R1.7","trace":[{"rule":"R1.7","name":"www.example.com","vpc":"A",`
	if !strings.HasPrefix(string(b), start) {
		t.Errorf("got %s", b)
	}
}
