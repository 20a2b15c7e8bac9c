package config

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/internal/estate"
)

// shares has every key of endpointShares.
const shares = `owner: acme
organization: { access: { account: network, role: read } }
defaults: { region: eu-west-1 }
accounts:
  network: { id: "222222222222", regions: [eu-west-1, eu-central-1] }
  shop: { id: "444444444444" }
  dns: { id: "111111111111" }
privateZones:
  - { domain: corp.test, account: dns, anchor: { tags: { role: anchor } }, vpcs: { account: shop } }
  - { domain: lab.test, account: dns, anchor: { tags: { role: anchor } }, via: profile, profile: aws-services }
endpointShares:
  - name: older
    account: network
    via: resolver
    regions: eu-west-1
    vpc: vpc-0123456789abcdef0
    services: com.amazonaws.eu-west-1.kms
    consumers: { vpc: vpc-0123456789abcdef1 }
    shareWith: organization
    forward: suffix
    resolverEndpoints: { inbound: { tags: { dns: hub } }, outbound: rslvr-out-0123456789abcdef0, subnets: { tags: { tier: dns } } }
    connect: transitGateway
    probe: { lambda: { subnets: { tags: { tier: app } }, code: dist/orgdns-linux-arm64 }, http: true }
  - name: aws-services
    account: network
    via: profile
    vpc: { tags: { role: shared-services } }
    subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    services:
      - ec2
      - { name: ecr.dkr, endpoint: { id: vpce-0123456789abcdef0 }, policy: open, ipType: dualstack, dnsIPType: ipv4 }
      - { name: s3, inboundOnly: true, policy: '{"Statement": []}' }
      - { name: iam, serviceRegion: us-east-1 }
      - { name: com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0, ports: [443, 8443] }
    own:
      - name: orders
        account: shop
        loadBalancer: { arn: "arn:aws:elasticloadbalancing:eu-west-1:444444444444:loadbalancer/net/orders/0123456789abcdef" }
        domain: "*.orders.example.com"
        acceptance: true
        ports: 9000
        principals: [network, "555555555555"]
        supportedRegions: eu-central-1
        parent: { account: dns, domain: example.com }
      - { name: plain, loadBalancer: { name: plain } }
      - { name: central, loadBalancer: { name: central }, region: eu-central-1 }
      - { name: alone, loadBalancer: { name: alone }, region: eu-central-1, supportedRegions: [] }
    zones: [corp.test, Z0123, { zone: Z0456, account: shop }]
    rules: rslvr-rr-0123456789abcdef0
    firewallGroups: [{ id: rslvr-frg-0123456789abcdef0, priority: 100 }]
    queryLogs: [rqlc-0123456789abcdef0]
    consumers:
      - { organizationalUnits: [Workloads], vpcs: { tags: { dns: corp }, regions: eu-central-1 } }
      - { account: shop, vpcs: [vpc-0123456789abcdef2] }
    shareWith: [Workloads/Prod, shop, "555555555555"]
    external: ["666666666666"]
    profile: { name: base }
    intoExistingProfile: true
    connect: { transitGateway: { id: tgw-0123456789abcdef0, account: dns } }
    retireDuplicates: report
    probe: { command: kubectl exec }
  - { name: back, account: shop, via: own, services: [sqs], consumers: { account: dns }, forward: names }
expect:
  - { from: { account: shop }, name: ec2.eu-west-1.amazonaws.com, resolvesTo: aws-services }
  - { from: { account: shop }, name: a.corp.test, resolvesTo: b.corp.test }
`

// TestEndpointShares holds every field to what was written.
func TestEndpointShares(t *testing.T) {
	c := load(t, map[string]string{"orgdns.yaml": shares})
	if len(c.EndpointShares) != 3 {
		t.Fatalf("%d shares", len(c.EndpointShares))
	}
	aws, back, older := &c.EndpointShares[0], &c.EndpointShares[1], &c.EndpointShares[2]
	words := func(v ...any) string { return strings.TrimSuffix(fmt.Sprintln(v...), "\n") }
	var zones []string
	for _, z := range aws.Zones {
		zones = append(zones, z.what()+" of "+z.Account.Name)
	}
	in := func(i int, at estate.Region) string {
		name, region := aws.Services[i].In(at)
		return name + " " + string(region) + " " + aws.Services[i].Label()
	}
	orders := aws.Own[0]
	for _, test := range []struct{ what, got, want string }{
		{"order", aws.Name + " " + back.Name + " " + older.Name, "aws-services back older"},
		{"account", words(aws.Account, aws.Via), "network profile"},
		{"Regions of the account", words(aws.Regions), "[eu-west-1 eu-central-1]"},
		{"Regions by default", words(back.Regions), "[eu-west-1]"},
		{"own Regions", words(older.Regions), "[eu-west-1]"},
		{"hub by tags", words(len(aws.Hubs), aws.Hubs[0].Tags, aws.Hubs[0].VPCs, aws.Hubs[0].Regions), "1 map[role:shared-services] [] []"},
		{"hub by ID", words(older.Hubs[0].VPCs, older.Hubs[0].Pos), "[vpc-0123456789abcdef0] orgdns.yaml:16:10"},
		{"subnets", words(aws.Subnets.IDs, aws.Subnets.IsZero(), back.Subnets.IsZero()), "[subnet-0123456789abcdef0 subnet-0123456789abcdef1] false true"},
		{"short service", in(0, "eu-west-1"), "com.amazonaws.eu-west-1.ec2 eu-west-1 ec2"},
		{"service by default", words(aws.Services[0].Ports, aws.Services[0].Policy, aws.Services[0].Pos), "[443] organization orgdns.yaml:30:9"},
		{"service", words(aws.Services[1].Endpoints[0].ID, aws.Services[1].Ports, aws.Services[1].Policy, aws.Services[1].IPType, aws.Services[1].DNSIPType), "vpce-0123456789abcdef0 [443] open dualstack ipv4"},
		{"inbound only", words(aws.Services[2].InboundOnly, aws.Services[2].Policy), `true {"Statement": []}`},
		{"service elsewhere", in(3, "eu-west-1"), "com.amazonaws.us-east-1.iam us-east-1 iam"},
		{"service of somebody's", in(4, "eu-central-1"), "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0 eu-west-1 vpce-svc-0123456789abcdef0"},
		{"ports", words(aws.Services[4].Ports), "[443 8443]"},
		{"whole service name", older.Services[0].Label(), "kms"},
		{"own service", words(orders.Account, orders.Region, orders.Domain, orders.Acceptance, orders.Ports, orders.Principals, orders.Regions, orders.Parent.Account, orders.Parent.Domain),
			"shop eu-west-1 *.orders.example.com true [9000] [network 555555555555] [eu-central-1] dns example.com"},
		{"own service of one Region", words(aws.Own[2].Region, aws.Own[2].Regions), "eu-central-1 [eu-west-1]"},
		{"own service for its Region alone", words(aws.Own[3].Region, aws.Own[3].Regions), "eu-central-1 []"},
		{"own service of every Region", words(aws.Own[1].Regions), "[]"},
		{"own service by default", words(aws.Own[1].Account, aws.Own[1].Region == "", aws.Own[1].LoadBalancers[0].Name, aws.Own[1].Domain.IsZero()), "network true plain true"},
		{"zones", strings.Join(zones, ", "), "corp.test of dns, Z0123 of network, Z0456 of shop"},
		{"carried", words(aws.Rules, aws.FirewallGroups[0].ID, aws.FirewallGroups[0].Priority, aws.QueryLogs), "[rslvr-rr-0123456789abcdef0] rslvr-frg-0123456789abcdef0 100 [rqlc-0123456789abcdef0]"},
		{"consumers by unit", words(aws.Consumers[0].Units, aws.Consumers[0].Tags, aws.Consumers[0].Regions, aws.Consumers[0].VPCs), "[Workloads] map[dns:corp] [eu-central-1] []"},
		{"consumers by ID", words(aws.Consumers[1].Accounts, aws.Consumers[1].VPCs, aws.Consumers[1].Tags), "[shop] [vpc-0123456789abcdef2] map[]"},
		{"shared with", words(aws.ShareWith.Organization, aws.ShareWith.Units, aws.ShareWith.Accounts, aws.External), "false [Workloads/Prod] [shop 555555555555] [666666666666]"},
		{"shared with all", words(older.ShareWith.Organization, older.ShareWith.IsZero(), back.ShareWith.IsZero()), "true false true"},
		{"Profile", words(aws.Profiles[0].Name, aws.IntoExistingProfile), "base true"},
		{"forward", older.Forward + " " + aws.Forward, "suffix names"},
		{"Resolver endpoints", words(older.ResolverEndpoints.Inbound[0].Tags, older.ResolverEndpoints.Outbound[0].ID, older.ResolverEndpoints.Subnets.Tags), "map[dns:hub] rslvr-out-0123456789abcdef0 map[tier:dns]"},
		{"connect", words(aws.Connect.TransitGateway, aws.Connect.TransitGateways[0].ID, aws.Connect.TransitGateways[0].Account), "true tgw-0123456789abcdef0 dns"},
		{"connect by what is there", words(older.Connect.TransitGateway, len(older.Connect.TransitGateways), back.Connect.TransitGateway), "true 0 false"},
		{"retire", fmt.Sprintf("%q %q", aws.RetireDuplicates, older.RetireDuplicates), `"report" ""`},
		{"probe", words(older.Probe.Lambda, older.Probe.Subnets.Tags, older.Probe.Code, older.Probe.HTTP, aws.Probe.Command, aws.Probe.HTTP, back.Probe), "true map[tier:app] dist/orgdns-linux-arm64 true kubectl exec false <nil>"},
		{"zone by Profile", c.PrivateZones[0].Profile + "|" + c.PrivateZones[1].Profile, "|aws-services"},
		{"test by a share", words(c.Expect[0].ShareName, c.Expect[0].ResolvesTo.IsZero()), "aws-services true"},
		{"test by a name", c.Expect[1].ShareName + c.Expect[1].ResolvesTo.String(), "b.corp.test"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, test.got, test.want)
		}
	}
}

// TestSharesMeet: two shares of one service are refused where their consumers
// can be the same, and only there.
func TestSharesMeet(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"{ account: shop }", "{ account: shop }", true},
		{"{ account: shop }", `{ account: "444444444444", tags: { dns: corp } }`, true},
		{"{ account: shop }", "{ account: dns }", false},
		{"{ account: shop }", "{ tags: { dns: corp } }", true},
		{"{ tags: { dns: corp } }", "{ tags: { dns: lab } }", false},
		{"{ tags: { dns: corp } }", "{ tags: { tier: app } }", true},
		{"{ account: shop, region: eu-west-1 }", "{ account: shop, vpcs: { regions: eu-central-1 } }", false},
		{"{ vpc: vpc-0123456789abcdef0 }", "{ vpc: vpc-0123456789abcdef1 }", false},
		{"{ organizationalUnits: Workloads }", "{ organizationalUnits: Workloads/Prod }", true},
		{"{ organizationalUnits: Workloads }", "{ organizationalUnits: Sandbox }", false},
		{"[{ account: dns }, { account: shop }]", "[{ account: network }, { account: shop }]", true},
	} {
		in := `owner: acme
organization: { access: { account: network } }
defaults: { region: eu-west-1 }
accounts: { network: { id: "222222222222" }, shop: { id: "444444444444" }, dns: { id: "111111111111" } }
endpointShares:
  - { name: a, account: network, via: profile, vpc: { tags: { a: b } }, services: [ec2, sts], consumers: ` + test.a + ` }
  - { name: b, account: network, via: own, services: [sqs, com.amazonaws.eu-west-1.sts], consumers: ` + test.b + ` }
`
		want := ""
		if test.want {
			want = "two-owners orgdns.yaml:7:60: the endpoint shares a and b both answer for sts: some of their consumers can be the same VPCs; it is in a at orgdns.yaml:6:89; remove it from one, or narrow the consumers\n"
		}
		if got := problemsOf(map[string]string{"orgdns.yaml": in}); got != want {
			t.Errorf("%s and %s: got %q, want %q", test.a, test.b, got, want)
		}
		_, list := Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(strings.Replace(in, "via: own", "via: own, regions: eu-west-3", 1))}})
		if len(list) > 0 {
			t.Errorf("in another Region: %v", list)
		}
	}
}
