package reconcile

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/resolve"
)

// blind can ask from nowhere, so what is asked is computed.
type blind struct{}

func (blind) Probe(context.Context, resolve.Vantage, dnsname.Name, string) (resolve.Answer, error) {
	return resolve.Answer{}, ErrNoProbe
}

// TestRecordTypes: a name of a share is asked for the types of records that the
// endpoint which answers in the VPC has, and looked at from inside by the same.
func TestRecordTypes(t *testing.T) {
	c, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(`owner: acme
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  shop: { id: "222222222222" }
endpointShares:
  - { name: one, account: shop, via: own, services: [ec2], consumers: { account: shop }, probe: { command: look } }
`)}})
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	four, six := netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("2001:db8::9")
	for _, tt := range []struct {
		ip, dns string
		want    []string
	}{
		{estate.DNSIPv4, estate.DNSIPv4, []string{"A"}},
		{estate.DNSIPv6, estate.DNSIPv6, []string{"AAAA"}},
		{estate.DNSDualStack, estate.DNSDualStack, []string{"A", "AAAA"}},
		{estate.DNSDualStack, estate.DNSServiceDefined, []string{"A", "AAAA"}},
		{estate.DNSDualStack, estate.DNSIPv6, []string{"AAAA"}},
	} {
		t.Run(tt.ip+" "+tt.dns, func(t *testing.T) {
			var e estate.Estate
			e.VPCs.Put(estate.VPC{ID: "vpc-1", Account: "222222222222", Region: "eu-west-1", CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, DNSSupport: true, DNSHostnames: true})
			name := dnsname.MustParse("ec2.eu-west-1.amazonaws.com")
			e.Offers.Put(estate.ServiceOffer{Account: "222222222222", Region: "eu-west-1", Name: "com.amazonaws.eu-west-1.ec2", Owner: "amazon", PrivateNames: []dnsname.Name{name}})
			at := estate.EndpointAddress{Interface: "eni-1", Subnet: "subnet-1", Zone: "eu-west-1a"}
			if tt.ip != estate.DNSIPv6 {
				at.IPv4 = four
			}
			if tt.ip != estate.DNSIPv4 {
				at.IPv6 = six
			}
			e.Endpoints.Put(estate.Endpoint{
				ID: "vpce-1", Account: "222222222222", Region: "eu-west-1", VPC: "vpc-1", Type: estate.EndpointInterface, Service: "com.amazonaws.eu-west-1.ec2",
				State: estate.EndpointAvailable, Addresses: []estate.EndpointAddress{at}, PrivateDNS: true, PrivateNames: []dnsname.Name{name}, IPType: tt.ip, DNSIPType: tt.dns,
				Tags: estate.Tags(plan.Marks("acme", recipe.ShareAddress("one", "eu-west-1")+"/own/vpc-1/ec2")),
			})
			in := recipe.Input{Config: c, Estate: e}
			p := Pass{Config: c, Ports: Ports{Prober: blind{}}}
			checks, err := p.promises(t.Context(), resolve.New(e, resolve.DefaultPolicy), in)
			if err != nil {
				t.Fatal(err)
			}
			var asked, looked []string
			for _, c := range checks {
				asked = append(asked, c.Type)
				if !c.OK {
					t.Errorf("%s: %s, not %s", c.Type, c.Got, c.Want)
				}
			}
			for _, l := range looksOf(in) {
				for _, n := range l.request.Names {
					looked = append(looked, n.Type)
					if want := map[string]netip.Addr{"A": four, "AAAA": six}[n.Type]; !slices.Equal(n.Want, []netip.Addr{want}) {
						t.Errorf("looks for %s and wants %v", n.Type, n.Want)
					}
				}
			}
			if !slices.Equal(asked, tt.want) || !slices.Equal(looked, tt.want) {
				t.Errorf("asked for %v and looked for %v, not %v", asked, looked, tt.want)
			}
		})
	}
}

// TestRecordTypesBeside: where a VPC has an endpoint of its own, that decides.
func TestRecordTypesBeside(t *testing.T) {
	at := func(id, vpc string, ip estate.EndpointAddress) estate.Endpoint {
		return estate.Endpoint{ID: id, VPC: vpc, Addresses: []estate.EndpointAddress{ip}}
	}
	n := recipe.SharedName{
		Share:     "one",
		Endpoints: []estate.Endpoint{at("vpce-hub", "vpc-hub", estate.EndpointAddress{IPv4: netip.MustParseAddr("10.0.0.9"), IPv6: netip.MustParseAddr("2001:db8::9")})},
		Own:       []estate.Endpoint{at("vpce-own", "vpc-1", estate.EndpointAddress{IPv4: netip.MustParseAddr("10.1.0.9")})},
	}
	own, other := promised(n, estate.VPC{ID: "vpc-1"}), promised(n, estate.VPC{ID: "vpc-2"})
	if !slices.Equal(own.types, []string{"A"}) || !slices.Equal(other.types, []string{"A", "AAAA"}) {
		t.Errorf("asked for %v and for %v", own.types, other.types)
	}
	if want := "the endpoint of one, or the VPC's own vpce-own: 10.0.0.9, 10.1.0.9, 2001:db8::9"; own.want != want {
		t.Errorf("wants %s", own.want)
	}
}

// TestIsolated: of subnets out of which nothing leads it is told when the VPC has
// an endpoint of its own for what is shared, and warned when that goes.
func TestIsolated(t *testing.T) {
	const service = "com.amazonaws.eu-west-1.ec2"
	shared := estate.Endpoint{ID: "vpce-hub", VPC: "vpc-hub", Service: service, Type: estate.EndpointInterface}
	own := estate.Endpoint{ID: "vpce-own", VPC: "vpc-1", Service: service, Type: estate.EndpointInterface}
	vpc := estate.VPC{ID: "vpc-1", Account: "222222222222", Region: "eu-west-1", CIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	var e estate.Estate
	e.VPCs.Put(vpc)
	for i, id := range []string{"subnet-a", "subnet-b"} {
		e.Subnets.Put(estate.Subnet{ID: id, VPC: "vpc-1", Account: vpc.Account, Region: vpc.Region, CIDR: netip.MustParsePrefix([]string{"10.1.0.0/24", "10.1.1.0/24"}[i])})
	}
	e.RouteTables.Put(estate.RouteTable{ID: "rtb-1", VPC: "vpc-1", Account: vpc.Account, Region: vpc.Region, Main: true, Routes: []estate.Route{{To: netip.MustParsePrefix("10.0.0.0/16"), Target: "pcx-1"}}},
		estate.RouteTable{ID: "rtb-2", VPC: "vpc-1", Account: vpc.Account, Region: vpc.Region, Subnets: []string{"subnet-b"}})
	e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryRouteTables, Account: vpc.Account, Region: vpc.Region}})
	with := e
	with.Endpoints.Put(own)
	names := []recipe.SharedName{{Share: "one", VPCs: []estate.VPC{vpc}, Endpoints: []estate.Endpoint{shared}}}
	for _, tt := range []struct {
		name          string
		before, after estate.Estate
		want          []diag.Severity
	}{
		{"none of its own", e, e, nil},
		{"stays", with, with, []diag.Severity{diag.Note}},
		{"goes", with, e, []diag.Severity{diag.Warning}},
	} {
		out := &Planned{Plan: &plan.Plan{}, Before: tt.before, After: tt.after}
		isolated(out, names)
		var got []diag.Severity
		for _, d := range out.Diagnostics {
			got = append(got, d.Severity)
			if !strings.Contains(d.Summary, "subnet-b") || !strings.Contains(d.Summary, "vpce-own") || strings.Contains(d.Summary, "subnet-a") {
				t.Errorf("%s: %s", tt.name, d.Summary)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestRounds: two shares by Resolver rules, each with the other's hub among its
// consumers, send a query for a name that both have to and fro.
func TestRounds(t *testing.T) {
	const shares = `owner: acme
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  east: { id: "111111111111" }
  west: { id: "222222222222" }
  shop: { id: "333333333333" }
endpointShares:
  - { name: east, account: east, via: resolver, vpc: { tags: { role: hub } }, services: [kms], consumers: { accounts: [west, shop] } }
  - { name: west, account: west, via: resolver, vpc: { tags: { role: hub } }, services: [kms], consumers: { accounts: [east] } }
`
	c, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(shares)}})
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	name := dnsname.MustParse("kms.eu-west-1.amazonaws.com")
	var e estate.Estate
	e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryIdentity}}) // else the rules would have to be shared
	hub := func(id string, account estate.AccountID, ip string) {
		e.VPCs.Put(estate.VPC{ID: "vpc-" + id, Account: account, Region: "eu-west-1", DNSSupport: true, DNSHostnames: true, Tags: estate.Tags{"role": "hub"}})
		e.Offers.Put(estate.ServiceOffer{Account: account, Region: "eu-west-1", Name: "com.amazonaws.eu-west-1.kms", Owner: "amazon", PrivateNames: []dnsname.Name{name}})
		for direction, at := range map[string]string{estate.EndpointInbound: ip, estate.EndpointOutbound: ip + "0"} {
			e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "rslvr-" + direction + "-" + id, Account: account, Region: "eu-west-1", VPC: "vpc-" + id, Direction: direction,
				Status: estate.StatusOperational, Addresses: []estate.ResolverAddress{{IP: netip.MustParseAddr(at)}}})
		}
		e.ResolverRules.Put(estate.ResolverRule{ID: "rule-" + id, Account: account, Region: "eu-west-1", Domain: name, Type: estate.RuleForward, Status: estate.StatusComplete,
			Targets: []estate.RuleTarget{{IP: netip.MustParseAddr(ip)}}, Endpoint: "rslvr-" + estate.EndpointOutbound + "-" + id})
	}
	on := func(rule, vpc string) {
		v, _ := e.VPCs.Get("vpc-" + vpc)
		e.RuleAssociations.Put(estate.RuleAssociation{ID: rule + vpc, Rule: "rule-" + rule, VPC: v.ID, Account: v.Account, Region: v.Region, Status: estate.StatusComplete})
	}
	hub("east", "111111111111", "10.1.0.1")
	hub("west", "222222222222", "10.2.0.1")
	e.VPCs.Put(estate.VPC{ID: "vpc-shop", Account: "333333333333", Region: "eu-west-1", DNSSupport: true, DNSHostnames: true})
	on("east", "shop")
	on("east", "west")
	p := Pass{Config: c, Ports: Ports{Clock: clock.Wall(func() time.Time { return time.Time{} }, nil)}}
	out := &Planned{Plan: &plan.Plan{}, After: e}
	if p.rounds(out, Options{}); len(out.Diagnostics) > 0 {
		t.Fatalf("one way alone: %v", out.Diagnostics.Err())
	}
	on("west", "east")
	out = &Planned{Plan: &plan.Plan{}, After: e}
	p.rounds(out, Options{})
	var got []string
	for _, d := range out.Diagnostics {
		got = append(got, d.Code+" "+d.Address+": "+d.Summary+" ["+d.Detail+"]")
	}
	want := []string{
		"loop endpointShares/east: 2 VPC(s) would have no answer for kms.eu-west-1.amazonaws.com: the query goes round through vpc-west, vpc-east [vpc-shop (account 333333333333), vpc-west (account 222222222222)]",
		"loop endpointShares/west: 1 VPC(s) would have no answer for kms.eu-west-1.amazonaws.com: the query goes round through vpc-east, vpc-west [vpc-east (account 111111111111)]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// shareInput is a configuration of one share over an estate, in which everything
// that is asked is answered: a hub, and a consumer.
func shareInput(t *testing.T, share string, e estate.Estate) recipe.Input {
	t.Helper()
	c, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(`owner: acme
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  net: { id: "111111111111" }
  shop: { id: "222222222222" }
endpointShares:
  - { name: one, account: net, via: profile, vpc: { tags: { role: hub } }, consumers: { account: shop }, ` + share + ` }
`)}})
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	e.Organization.ID = "o-1"
	for i, v := range []estate.VPC{{ID: "vpc-hub", Account: "111111111111", Tags: estate.Tags{"role": "hub"}}, {ID: "vpc-1", Account: "222222222222"}} {
		v.Region, v.DNSSupport, v.DNSHostnames, v.CIDRs = "eu-west-1", true, true, []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), 16)}
		e.VPCs.Put(v)
		e.Subnets.Put(estate.Subnet{ID: v.ID + "-a", VPC: v.ID, Account: v.Account, Region: v.Region, Zone: "eu-west-1a", CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), 24)})
	}
	e.Offers.Put(estate.ServiceOffer{Account: "111111111111", Region: "eu-west-1", Name: "com.amazonaws.eu-west-1.ec2", Owner: "amazon", PrivateNames: []dnsname.Name{dnsname.MustParse("ec2.eu-west-1.amazonaws.com")}})
	in := recipe.Input{Config: c, Estate: e}
	for list := recipe.Needs(in); len(list) > 0; list = recipe.Needs(in) {
		for _, q := range list {
			in.Estate.Answers.Put(estate.Answer{Query: q})
		}
	}
	return in
}

// TestSavings: what others have, and the share uses, is paid for without the share,
// too.
func TestSavings(t *testing.T) {
	saved := func(e estate.Estate) plan.Duplicates {
		in := shareInput(t, "services: [ec2], retireDuplicates: report", e)
		list := []plan.Duplicates{{Share: "one", Region: "eu-west-1"}}
		if err := new(Pass).savings(in, recipe.Make(in), list); err != nil {
			t.Fatal(err)
		}
		return list[0]
	}
	var e estate.Estate
	e.Endpoints.Put(estate.Endpoint{ID: "vpce-own", Account: "222222222222", Region: "eu-west-1", VPC: "vpc-1", Type: estate.EndpointInterface, Service: "com.amazonaws.eu-west-1.ec2", State: estate.EndpointAvailable, Subnets: []string{"vpc-1-a"}})
	alone := saved(e)
	if alone.Sharing == "0.00" {
		t.Fatalf("sharing costs nothing: %+v", alone)
	}
	for i, v := range []string{"vpc-hub", "vpc-1"} {
		e.TransitAttachments.Put(estate.TransitAttachment{ID: fmt.Sprintf("tgw-attach-%d", i), Gateway: "tgw-1", Account: "111111111111", Region: "eu-west-1", VPC: v, State: estate.AttachmentAvailable})
	}
	e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "rslvr-in-1", Account: "111111111111", Region: "eu-west-1", VPC: "vpc-hub", Direction: estate.EndpointInbound, Status: estate.StatusOperational, Addresses: make([]estate.ResolverAddress, 2)})
	if beside := saved(e); beside.Sharing != alone.Sharing || beside.Saving != alone.Saving {
		t.Errorf("with attachments of others sharing costs %s and saves %s, without %s and %s", beside.Sharing, beside.Saving, alone.Sharing, alone.Saving)
	}
}

// TestReachesPorts: an endpoint is judged on the ports on which it is used.
func TestReachesPorts(t *testing.T) {
	at := netip.MustParseAddr("10.0.0.9")
	endpoint := func(label, service string) estate.Endpoint {
		return estate.Endpoint{ID: "vpce-1", Account: "111111111111", Region: "eu-west-1", VPC: "vpc-hub", Type: estate.EndpointInterface, Service: service, State: estate.EndpointAvailable, Groups: []string{"sg-1"},
			Addresses: []estate.EndpointAddress{{IPv4: at, Subnet: "vpc-hub-a"}}, Tags: estate.Tags(plan.Marks("acme", recipe.ShareAddress("one", "eu-west-1")+"/endpoints/"+label))}
	}
	const foreign = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
	own := "own: [{ name: pay, loadBalancer: { name: pay }, domain: pay.example.com%s }]"
	for _, tt := range []struct {
		name, share, label, service string
		admits, want                []int32
	}{
		{"a service of AWS", "services: [ec2]", "ec2", "com.amazonaws.eu-west-1.ec2", []int32{443, 8443}, []int32{443}},
		{"ports that are said", "services: [{ name: ec2, ports: [25, 587] }]", "ec2", "com.amazonaws.eu-west-1.ec2", []int32{443}, []int32{25, 587}},
		{"one's own, said", fmt.Sprintf(own, ", ports: 6379"), "pay", foreign, []int32{443}, []int32{6379}},
		{"one's own, as its group admits", fmt.Sprintf(own, ""), "pay", foreign, []int32{5432}, []int32{5432}},
		{"of no share, as its group admits", "services: [ec2]", "gone", foreign, []int32{9000, 5432, 5432}, []int32{5432, 9000}},
		{"of no share and no port", "services: [ec2]", "gone", foreign, nil, []int32{443}},
	} {
		var e estate.Estate
		e.Endpoints.Put(endpoint(tt.label, tt.service))
		g := estate.SecurityGroup{ID: "sg-1", Account: "111111111111", Region: "eu-west-1", VPC: "vpc-hub"}
		for _, p := range tt.admits {
			g.Rules = append(g.Rules, estate.GroupRule{Protocol: "tcp", From: p, To: p, CIDR: netip.MustParsePrefix("10.1.0.0/16")})
		}
		e.SecurityGroups.Put(g)
		in := shareInput(t, tt.share, e)
		var got []int32
		for _, part := range Reaches(in, resolve.Vantage{VPC: "vpc-1"}, resolve.Answer{Records: []resolve.RR{{Type: "A", Value: at.String()}}}).Parts {
			for _, p := range part.Ports {
				got = append(got, int32(p.Number))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: judged on %v, not on %v", tt.name, got, tt.want)
		}
	}
}
