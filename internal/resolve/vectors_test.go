package resolve

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// The test vectors of the resolution reference, section 10, as far as sections
// 1 to 6 decide them. Elsewhere:
//
//	T17, T37, T42-T46          refusals of Route 53's API: packages twin/route53 and twin
//	T21, T24, T51, T52         refusals of other services: packages twin/profiles and twin/ec2

var (
	vectorWorld = all(vpc("A"), vpc("HUB"), public("P", "example.com", set1, "www A 1.1.1.1"))
	t2          = phz("PHZ", "example.com", []string{"A"}, "www A 10.0.0.1")
	t12         = all(forward("example.com", "10.9.9.9", "A"), systemRule("acme.example.com", "A"))
	dev         = public("DEV", "dev.example.com", set2, "www A 2.2.2.2")
	t31         = all(record("P", "dev NS "+set2[0]+"., "+set2[1]+"., "+set2[2]+"., "+set2[3]+"."), dev)
	t38         = phz("Z", "z", []string{"A"}, "a CNAME www.example.com")
	t40         = phz("Z", "z", []string{"A"}, "*.app A 10.0.9.8", "x.app TXT \"t\"", "q.b.app A 10.0.9.9")
)

var (
	ec2       = "ec2.eu-west-1.amazonaws.com"
	both      = "10.0.1.5 10.0.2.5"
	t18       = all(phz("PHZ", "svc.corp", nil, "a A 10.0.9.4"), profile([]string{"A"}, zoneARN("PHZ")))
	awsPublic = all(public("AWS", "amazonaws.com", set3, "ec2.eu-west-1 A 52.0.0.1", "s3.eu-west-1 A 52.0.0.2"))
	t22       = all(awsPublic, endpoint("vpce-1", "A", "ec2", []string{ec2}))
	lattice   = "s-0123456789abcdef0.7d67968.vpc-lattice-svcs.eu-west-1.on.aws"
	s3        = "s3.eu-west-1.amazonaws.com"
	corpRule  = ruleID(estate.RuleForward, "corp.int")
	t28       = all(phz("CORP", "corp.int", []string{"HUB"}, "db A 10.0.9.7"),
		resolverEndpoint("rslvr-in-1", estate.EndpointInbound, "HUB", "10.1.0.10", "10.1.1.10"),
		resolverEndpoint("rslvr-out-1", estate.EndpointOutbound, "HUB", "10.1.0.11"),
		forward("corp.int", "10.1.0.10", "A"), through(corpRule, "rslvr-out-1"), ownedByNet(corpRule))
	t35noDelegate = all(phz("PHZ", "example.com", []string{"A"}, "berlin NS ns1.berlin.example.com", "ns1.berlin A 10.20.0.2"),
		resolverEndpoint("rslvr-out-1", estate.EndpointOutbound, "HUB", "10.1.0.11"))
	t35 = all(t35noDelegate, delegateRule("berlin.example.com", "A"), through(ruleID(estate.RuleDelegate, "berlin.example.com"), "rslvr-out-1"))
	t53 = all(phz("PHZ", "hr.example.com", []string{"A"}, "na NS ns3.na.hr.example.net"),
		forward("hr.example.net", "10.0.0.50", "A"), delegateRule("hr.example.net", "A"),
		resolverEndpoint("rslvr-out-1", estate.EndpointOutbound, "HUB", "10.1.0.11"),
		through(ruleID(estate.RuleDelegate, "hr.example.net"), "rslvr-out-1"))
	svc = all(public("SVC", "svc.example.com", set2, "@ A 192.0.2.7"), record("P", "svc NS "+strings.Join(set2, ", ")),
		endpoint("vpce-2", "A", "vpce-svc-1", []string{"svc.example.com"}, service))
)

func TestVectors(t *testing.T) {
	type ask struct {
		from, name, qtype, want string
		rules                   []Rule // in the trace
	}
	for _, v := range []struct {
		id    string
		setup change
		asks  []ask
	}{
		{"T1", all(), []ask{{"A", "www.example.com", "A", "1.1.1.1", []Rule{"R1.7"}}}},
		{"T2", t2, []ask{{"A", "www.example.com", "A", "10.0.0.1", []Rule{"R1.9", "R1.27"}}}},
		{"T3", t2, []ask{{"HUB", "www.example.com", "A", "1.1.1.1", []Rule{"R1.30"}}}},
		{"T4", all(t2, record("P", "api A 1.1.1.2")), []ask{{"A", "api.example.com", "A", "NXDOMAIN", []Rule{"R1.23"}}}},
		{"T5", t2, []ask{{"A", "www.example.com", "AAAA", "NODATA", []Rule{"R1.25"}}}},
		{"T6", all(phz("PHZ", "example.com", []string{"A"}, "x.a A 10.0.9.1"), phz("CHILD", "a.example.com", []string{"A"})),
			[]ask{{"A", "x.a.example.com", "A", "NXDOMAIN", []Rule{"R1.24"}}}},
		{"T7", all(t2, forward("example.com", "10.9.9.9", "A")), []ask{{"A", "www.example.com", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.10"}}}},
		{"T8", all(t2, forward("www.example.com", "10.9.9.9", "A")), []ask{{"A", "www.example.com", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.9"}}}},
		{"T9", all(phz("PHZ", "a.example.com", []string{"A"}, "x A 10.0.9.2"), forward("example.com", "10.9.9.9", "A")),
			[]ask{{"A", "x.a.example.com", "A", "10.0.9.2", []Rule{"R1.9"}}}},
		{"T10", all(forward(".", "10.9.9.9", "A"), t2), []ask{
			{"A", "www.example.com", "A", "10.0.0.1", []Rule{"R1.12"}},
			{"A", "foo.org", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.12"}}}},
		{"T11", forward(".", "10.9.9.9", "A"), []ask{
			{"A", "ip-10-0-0-5.eu-west-1.compute.internal", "A", "10.0.0.5", []Rule{"R1.12", "R1.17", "R1.22"}}}},
		{"T12", t12, []ask{
			{"A", "x.acme.example.com", "A", "NXDOMAIN", []Rule{"R1.13", "R1.7"}},
			{"A", "y.example.com", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.9"}}}},
		{"T13", all(t12, phz("PHZ", "example.com", []string{"A"}, "x.acme A 10.0.9.3")), []ask{
			{"A", "x.acme.example.com", "A", "10.0.9.3", []Rule{"R1.13"}}}},
		{"T14", all(vpc("A", noHostnames), t2), []ask{{"A", "www.example.com", "A", "1.1.1.1", []Rule{"R1.4"}}}},
		{"T15", vpc("A", noSupport), []ask{{"A", "www.example.com", "A", "NO_RESPONSE", []Rule{"R1.2"}}}},
		{"T16", all(reverseDisabled("A"), forward(".", "10.9.9.9", "A", "HUB")), []ask{
			{"A", "5.0.0.10.in-addr.arpa", "PTR", "EXTERNAL(10.9.9.9)", []Rule{"R1.21"}},
			{"HUB", "5.0.0.10.in-addr.arpa", "PTR", "ip-10-0-0-5.eu-west-1.compute.internal.", []Rule{"R1.18"}}}},
		{"T18", t18, []ask{
			{"A", "a.svc.corp", "A", "10.0.9.4", []Rule{"R2.8"}},
			{"HUB", "a.svc.corp", "A", "NXDOMAIN", []Rule{"R1.30"}}}},
		{"T19", all(t18, phz("LOCAL", "svc.corp", []string{"A"}, "a A 10.0.9.5")), []ask{{"A", "a.svc.corp", "A", "10.0.9.5", []Rule{"R2.6"}}}},
		{"T20", all(phz("LOCAL", "svc.corp", []string{"A"}), phz("PHZ", "a.svc.corp", nil, "@ A 10.0.9.6"), profile([]string{"A"}, zoneARN("PHZ"))),
			[]ask{{"A", "a.svc.corp", "A", "10.0.9.6", []Rule{"R1.9", "R2.8"}}}},
		{"T22", t22, []ask{{"A", ec2, "A", both, []Rule{"R3.3"}}, {"HUB", ec2, "A", "52.0.0.1", []Rule{"R1.7"}}}},
		{"T23", t22, []ask{
			{"HUB", "vpce-1-x-eu-west-1a.ec2.eu-west-1.vpce.amazonaws.com", "A", "10.0.1.5", []Rule{"R3.1"}},
			{"internet", "vpce-1-x.ec2.eu-west-1.vpce.amazonaws.com", "A", both, []Rule{"R3.1"}}}},
		{"T25", all(t22, forward("amazonaws.com", "10.9.9.9", "A")), []ask{
			{"A", ec2, "A", both, []Rule{"R3.6"}}, {"A", s3, "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.9"}}}},
		{"T26", all(awsPublic, endpoint("vpce-1", "A", "s3", []string{s3, "*." + s3}, inboundOnly)), []ask{
			{"A", s3, "A", "52.0.0.2", []Rule{"R3.8"}},
			{"A inbound", s3, "A", both, []Rule{"R3.3"}},
			{"A inbound", "bucket." + s3, "A", both, []Rule{"R3.3"}}}},
		{"T27", all(endpoint("vpce-1", "HUB", "ec2", []string{ec2}, privateOff),
			phz("EC2", ec2, []string{"A"}, "@ A alias vpce-1-x.ec2.eu-west-1.vpce.amazonaws.com ZVPCE")), []ask{
			{"A", ec2, "A", both, []Rule{"R3.10"}}}},
		{"T28", t28, []ask{{"A", "db.corp.int", "A", "10.0.9.7", []Rule{"R4.2", "R4.3", "R4.4"}}}},
		{"T29", all(t28, forward("corp.int", "10.1.0.10", "A", "HUB"), through(corpRule, "rslvr-out-1"), ownedByNet(corpRule)), []ask{
			{"A", "db.corp.int", "A", "SERVFAIL", []Rule{"R1.10", "R4.7"}}}},
		{"T30", all(t28, unshare("arn:aws:route53resolver:eu-west-1:111111111111:resolver-rule/"+corpRule)), []ask{
			{"A", "db.corp.int", "A", "NXDOMAIN", []Rule{"R4.9", "R1.30"}}}},
		{"T35", t35, []ask{{"A", "h.berlin.example.com", "A", "EXTERNAL(10.20.0.2)", []Rule{"R5.12", "R5.13"}}}},
		{"T36", t35noDelegate, []ask{{"A", "h.berlin.example.com", "A", "NXDOMAIN", []Rule{"R1.23"}}}},
		{"T48", all(forward("svc.corp", "10.9.9.9"), phz("LOCAL", "svc.corp", []string{"A"}, "a A 10.0.9.5"),
			profile([]string{"A"}, ruleARN("FORWARD", "svc.corp"))), []ask{{"A", "a.svc.corp", "A", "10.0.9.5", []Rule{"R2.6"}}}},
		{"T49", all(t2, forward(".", "10.9.9.9"), profile([]string{"A"}, ruleARN("FORWARD", "."))), []ask{
			{"A", "www.example.com", "A", "10.0.0.1", []Rule{"R1.12"}},
			{"A", "foo.org", "A", "EXTERNAL(10.9.9.9)", []Rule{"R2.8", "R1.12"}}}},
		{"T50", all(t18, unshare(profileARN)), []ask{{"A", "a.svc.corp", "A", "NXDOMAIN", []Rule{"R2.9", "R1.30"}}}},
		{"T53", t53, []ask{{"A", "test.na.hr.example.com", "A", "EXTERNAL(10.0.0.50)", []Rule{"R5.13", "R5.14", "R4.6", "R5.12"}}}},
		{"T55", svc, []ask{
			{"A", "svc.example.com", "A", "vpce-2-x.vpce-svc-1.eu-west-1.vpce.amazonaws.com. " + both, []Rule{"R3.7", "R3.1"}},
			{"HUB", "svc.example.com", "A", "192.0.2.7", []Rule{"R5.3"}}}},
		{"T31", t31, []ask{{"internet", "www.dev.example.com", "A", "2.2.2.2", []Rule{"R5.3"}}}},
		{"T32", all(t31, record("P", "dev NS "+set3[0]+"., "+set3[1]+".")), []ask{
			{"internet", "www.dev.example.com", "A", "SERVFAIL", []Rule{"R5.6"}}}},
		{"T33", all(t31, without("P", "dev.example.com", "NS")), []ask{
			{"internet", "www.dev.example.com", "A", "NXDOMAIN", []Rule{"R5.5"}}}},
		{"T34", all(t31, record("P", "www.dev A 9.9.9.9")), []ask{
			{"internet", "www.dev.example.com", "A", "2.2.2.2", []Rule{"R5.4"}}}},
		{"T38", t38, []ask{{"A", "a.z", "A", "www.example.com. 1.1.1.1", []Rule{"R6.10"}}}},
		{"T39", all(t38, t2), []ask{{"A", "a.z", "A", "www.example.com. 10.0.0.1", []Rule{"R6.10"}}}},
		{"T40", t40, []ask{
			{"A", "m.n.app.z", "A", "10.0.9.8", []Rule{"R6.13"}},
			{"A", "x.app.z", "A", "NODATA", []Rule{"R1.25"}},
			{"A", "b.app.z", "A", "NODATA", []Rule{"R1.25"}},
			{"A", "y.b.app.z", "A", "NXDOMAIN", []Rule{"R6.14"}}}},
		{"T41", all(target(lattice, "ZLATTICE", estate.TargetLattice, "169.254.171.32", "fd00:ec2:80::a9fe:ab20"),
			phz("PHZ", "svc.corp", []string{"A"}, "s A alias "+lattice+" ZLATTICE", "s AAAA alias "+lattice+" ZLATTICE")), []ask{
			{"A", "s.svc.corp", "A", "169.254.171.32", []Rule{"R7.2"}},
			{"A", "s.svc.corp", "AAAA", "fd00:ec2:80::a9fe:ab20", []Rule{"R7.2"}},
			{"HUB", lattice, "A", "169.254.171.32", []Rule{"R7.2"}}}},
		{"T41 without a record", all(target(lattice, "ZLATTICE", estate.TargetLattice, "169.254.171.32"), latticeService("s.svc.corp"),
			phz("PHZ", "svc.corp", []string{"A"})), []ask{{"A", "s.svc.corp", "A", "NXDOMAIN", []Rule{"R7.3"}}}},
		{"T56", all(target(lattice, "ZLATTICE", estate.TargetLattice, "169.254.171.32"),
			endpoint("vpce-3", "A", "net", nil, serviceNetwork("vpce-3-snsa-1.1234567.vpc-lattice-svcs.eu-west-1.on.aws"))), []ask{
			{"HUB", "vpce-3-snsa-1.1234567.vpc-lattice-svcs.eu-west-1.on.aws", "A", both, []Rule{"R7.5"}}}},
		{"T47", all(vpc("A", noHostnames), forward(".", "10.9.9.9", "A"), t2), []ask{
			{"A", "www.example.com", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.4"}}}},
		{"T54", all(t31, deleteZone("DEV"), public("DEV2", "dev.example.com", set3, "www A 2.2.2.2")), []ask{
			{"internet", "www.dev.example.com", "A", "SERVFAIL", []Rule{"R5.6"}}}},
	} {
		t.Run(v.id, func(t *testing.T) {
			p := closed()
			p.Servers = map[netip.Addr][]RR{netip.MustParseAddr("10.0.0.50"): {{Name: name("ns3.na.hr.example.net"), Type: "A", TTL: 60, Value: "10.0.0.50"}}}
			r := New(build(vectorWorld, v.setup), p)
			for _, q := range v.asks {
				from := vantage(q.from)
				a := r.Resolve(from, name(q.name), q.qtype)
				if got := short(a); got != q.want {
					t.Errorf("%s: %s %s = %s, want %s", q.from, q.name, q.qtype, got, q.want)
					printTrace(t, a)
				}
				for _, want := range q.rules {
					if !slices.ContainsFunc(a.Trace, func(s Step) bool { return s.Rule == want }) {
						t.Errorf("%s: %s %s: no %s in the trace", q.from, q.name, q.qtype, want)
						printTrace(t, a)
					}
				}
				checkTrace(t, a)
			}
		})
	}
}

// checkTrace holds what every answer promises: it has a trace, and every rule
// in it is described.
func checkTrace(t *testing.T, a Answer) {
	t.Helper()
	if len(a.Trace) == 0 || a.Rule == "" {
		t.Errorf("%s %s has no trace or no rule", a.Name, a.Type)
	}
	for _, s := range a.Trace {
		if s.Rule.Text() == "" || s.Rule.Provenance() == "" {
			t.Errorf("rule %s is not described", s.Rule)
		}
	}
	if a.Rule.Text() == "" {
		t.Errorf("deciding rule %q is not described", a.Rule)
	}
}
