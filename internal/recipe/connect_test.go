package recipe

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

const shareHeader = `owner: acme
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  net: { id: "111111111111" }
  shop: { id: "222222222222" }
  pay: { id: "333333333333" }
  out: { id: "444444444444" }
endpointShares:
`

// backbone connects a share by the gateway of [shareWorld].
const backbone = ", connect: { transitGateway: { tags: { role: backbone }, account: net } } }\n"

// makeShares makes shares over an estate in which every question is answered.
func makeShares(t *testing.T, e estate.Estate, shares string) Output {
	t.Helper()
	return Make(shareInput(t, e, shares))
}

func shareInput(t *testing.T, e estate.Estate, shares string) Input {
	t.Helper()
	c, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(shareHeader + shares)}})
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	in := Input{Config: c, Estate: e, Now: now}
	c.Tell(&in.Estate)
	for list := Needs(in); len(list) > 0; list = Needs(in) {
		for _, q := range list {
			answered(&in.Estate, q)
		}
	}
	return in
}

// shareWorld has the VPC vpc-hub of account net, the VPCs vpc-shop, vpc-pay and
// vpc-out of three others, each with a subnet in two zones, and a Transit Gateway
// of net's to which none is attached.
func shareWorld() estate.Estate {
	var e estate.Estate
	e.Organization = estate.Organization{ID: "o-acme", Root: "r-acme", Management: netAccount}
	for i, v := range []struct {
		name    string
		account estate.AccountID
	}{{"hub", netAccount}, {"shop", shopAccount}, {"pay", payAccount}, {"out", "444444444444"}} {
		e.VPCs.Put(estate.VPC{
			ID: "vpc-" + v.name, Account: v.account, Region: "eu-west-1", CIDRs: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), 16)},
			DNSSupport: true, DNSHostnames: true, Tags: estate.Tags{"role": v.name},
		})
		e.RouteTables.Put(estate.RouteTable{ID: "rtb-" + v.name, Account: v.account, Region: "eu-west-1", VPC: "vpc-" + v.name, Main: true})
		shareSubnet(&e, v.name, v.account, i, "a")
		shareSubnet(&e, v.name, v.account, i, "b")
	}
	e.TransitGateways.Put(estate.TransitGateway{ID: "tgw-1", Account: netAccount, Region: "eu-west-1", State: "available", AssociationTable: "tgw-rtb-1", PropagationTable: "tgw-rtb-1",
		Tags: estate.Tags{"role": "backbone"}})
	e.TransitTables.Put(estate.TransitTable{ID: "tgw-rtb-1", Gateway: "tgw-1", Account: netAccount, Region: "eu-west-1"})
	for _, s := range []string{"ec2", "sts"} {
		e.Offers.Put(estate.ServiceOffer{Account: netAccount, Region: "eu-west-1", Name: "com.amazonaws.eu-west-1." + s, Owner: "amazon", Types: []string{estate.EndpointInterface},
			PrivateNames: []dnsname.Name{dnsname.MustParse(s + ".eu-west-1.amazonaws.com")}, Policy: true})
	}
	return e
}

func shareSubnet(e *estate.Estate, vpc string, account estate.AccountID, n int, zone string) {
	e.Subnets.Put(estate.Subnet{ID: "subnet-" + vpc + "-" + zone, Account: account, Region: "eu-west-1", VPC: "vpc-" + vpc, Zone: "eu-west-1" + zone,
		CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n), zone[0] - 'a'}), 24)})
}

// wantedAt finds what is wanted at an address.
func wantedAt(t *testing.T, out Output, address string) plan.Object {
	t.Helper()
	i := slices.IndexFunc(out.Wanted, func(w plan.Wanted) bool { return w.Address == address })
	if i < 0 {
		t.Fatalf("nothing is wanted at %s; %v", address, out.Diagnostics.Err())
	}
	return *out.Wanted[i].Item.Object
}

// field is what a field holds, in one line.
func field(o plan.Object, f string) string {
	var out []string
	for _, v := range o.Fields[f] {
		s, _ := v.Literal()
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// TestConnectTwoShares: shares over one gateway lend it together.
func TestConnectTwoShares(t *testing.T) {
	const (
		shop = ", account: net, via: profile, vpc: { tags: { role: hub } }, services: [ec2], consumers: { account: shop }" + backbone
		rest = ", account: net, via: profile, vpc: { tags: { role: hub } }, services: [sts], consumers: [{ account: pay }, { account: out }], external: [out]" + backbone
	)
	for _, shares := range []string{"  - { name: a" + shop + "  - { name: b" + rest, "  - { name: b" + shop + "  - { name: a" + rest} {
		out := makeShares(t, shareWorld(), shares)
		o := wantedAt(t, out, "connect/eu-west-1/tgw-1/share")
		if got := strings.Fields(field(o, "principals")); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"222222222222", "333333333333", "444444444444"}) {
			t.Errorf("lent to %v", got)
		}
		if got := field(o, "external"); got != "true" {
			t.Errorf("external: %s", got)
		}
	}
}

// TestConnectZones: an attachment of ours keeps its subnets, though others would be
// chosen by now, and gets one more in each zone that the VPC has subnets in since.
func TestConnectZones(t *testing.T) {
	const address = "connect/eu-west-1/tgw-1/vpc-shop"
	e := shareWorld()
	e.TransitAttachments.Put(estate.TransitAttachment{
		ID: "tgw-attach-1", Gateway: "tgw-1", Owner: netAccount, Account: shopAccount, Region: "eu-west-1", VPC: "vpc-shop", State: estate.AttachmentAvailable,
		Subnets: []string{"subnet-shop-a", "subnet-shop-b"}, Table: "tgw-rtb-1", Tags: estate.Tags(plan.Marks("acme", address)),
	})
	small := estate.Subnet{ID: "subnet-shop-small", Account: shopAccount, Region: "eu-west-1", VPC: "vpc-shop", Zone: "eu-west-1a", CIDR: netip.MustParsePrefix("10.1.200.0/28")}
	e.Subnets.Put(small)
	shares := "  - { name: one, account: net, via: profile, vpc: { tags: { role: hub } }, services: [ec2], consumers: { account: shop }" + backbone
	if got := field(wantedAt(t, makeShares(t, e, shares), address), "subnets"); got != "subnet-shop-a subnet-shop-b" {
		t.Errorf("before: %s", got)
	}
	shareSubnet(&e, "shop", shopAccount, 1, "c")
	if got := field(wantedAt(t, makeShares(t, e, shares), address), "subnets"); got != "subnet-shop-a subnet-shop-b subnet-shop-c" {
		t.Errorf("with a third zone: %s", got)
	}
}

// hubEndpoint puts an endpoint of ours for the share one into the hub VPC.
func hubEndpoint(e *estate.Estate, service string) estate.Endpoint {
	p := estate.Endpoint{
		ID: "vpce-" + service, Account: netAccount, Region: "eu-west-1", VPC: "vpc-hub", Type: estate.EndpointInterface, Service: "com.amazonaws.eu-west-1." + service,
		State: estate.EndpointAvailable, Subnets: []string{"subnet-hub-a"}, PrivateDNS: true, Tags: estate.Tags(plan.Marks("acme", "endpointShares/one/eu-west-1/endpoints/"+service)),
	}
	e.Endpoints.Put(p)
	return p
}
