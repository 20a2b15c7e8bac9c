package recipe

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
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

// connectedShares are two shares over one gateway, with hubs of two accounts, and
// the estate in which both stand.
func connectedShares(t *testing.T) (estate.Estate, string) {
	t.Helper()
	const shares = "  - { name: a, account: net, via: profile, vpc: { tags: { role: hub } }, services: [ec2], consumers: [{ account: shop }, { account: out }]" + backbone +
		"  - { name: b, account: pay, via: profile, vpc: { tags: { role: pay } }, services: [sts], consumers: [{ account: out }]" + backbone
	e := shareWorld()
	o, _ := e.Offers.Get(string(netAccount) + "/eu-west-1/com.amazonaws.eu-west-1.sts")
	o.Account = payAccount
	e.Offers.Put(o)
	out := makeShares(t, e, shares)
	for _, w := range out.Wanted {
		o := w.Item.Object
		if o == nil {
			continue
		}
		tags := plan.Marks("acme", w.Address)
		list := func(f string) []string { return strings.Fields(field(*o, f)) }
		switch o.Kind {
		case plan.KindShare:
			s := estate.Share{ARN: "arn:" + w.Address, Account: w.Account, Region: w.Region, Name: field(*o, "name"), AllowExternal: field(*o, "external") == plan.True}
			for _, id := range list("principals") {
				s.Principals = append(s.Principals, estate.ShareMember{ID: id, Status: estate.ShareAssociated})
			}
			for _, id := range list("resources") {
				s.Resources = append(s.Resources, estate.ShareMember{ID: id, Status: estate.ShareAssociated})
			}
			maps.Copy(tags, plan.MemberTags(plan.TagMembers, append(list("principals"), list("resources")...)))
			s.Tags = tags
			e.Shares.Put(s)
		case plan.KindSecurityGroup:
			g := estate.SecurityGroup{ID: "sg-" + w.Address, Account: w.Account, Region: w.Region, VPC: field(*o, "vpc"), Name: field(*o, "name"), Description: field(*o, "description"), Tags: tags}
			for _, v := range o.Fields["ingress"] {
				rule, _ := v.Literal()
				at := strings.Fields(rule)
				g.Rules = append(g.Rules, estate.GroupRule{Protocol: at[0], From: 443, To: 443, CIDR: netip.MustParsePrefix(at[2])})
			}
			e.SecurityGroups.Put(g)
		case plan.KindTransitAttachment:
			e.TransitAttachments.Put(estate.TransitAttachment{ID: "tgw-attach-" + field(*o, "vpc"), Gateway: "tgw-1", Owner: netAccount, Account: w.Account, Region: w.Region,
				VPC: field(*o, "vpc"), Subnets: list("subnets"), State: estate.AttachmentAvailable, Tags: tags})
		case plan.KindRoutes:
			table, _ := e.RouteTables.Get(field(*o, "table"))
			var routes []string
			for _, v := range o.Fields["routes"] {
				route, _ := v.Literal()
				to, target, _ := strings.Cut(route, " ")
				table.Routes = append(table.Routes, estate.Route{To: netip.MustParsePrefix(to), Target: target, State: estate.RouteActive})
				routes = append(routes, route)
			}
			table.Tags = plan.MemberTags(plan.RoutesTag("acme"), routes)
			e.RouteTables.Put(table)
		}
	}
	return e, shares
}

// TestConnectFrozen: of a share of which something could not be read all stays that
// connects its VPCs, also where another share asks for the same gateway, route
// table or group.
func TestConnectFrozen(t *testing.T) {
	start, shares := connectedShares(t)
	at := func(k estate.QueryKind, account estate.AccountID) estate.Query {
		return estate.Query{Kind: k, Account: account, Region: "eu-west-1"}
	}
	for _, tt := range []struct {
		name    string
		refused []estate.Query
	}{
		{"the hub", []estate.Query{at(estate.QueryEndpoints, netAccount)}},
		{"another hub", []estate.Query{at(estate.QueryEndpoints, payAccount)}},
		{"a consumer", []estate.Query{at(estate.QueryRuleAssociations, shopAccount)}},
		{"a consumer of both", []estate.Query{at(estate.QueryRuleAssociations, "444444444444")}},
		{"the routes of a consumer", []estate.Query{at(estate.QueryRouteTables, shopAccount)}},
		{"the gateway", []estate.Query{at(estate.QueryTransitTables, netAccount)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := shareInput(t, start, shares)
			for _, q := range tt.refused {
				in.Estate.Answers.Put(estate.Answer{Query: q, Code: "AccessDenied"})
			}
			out := Make(in)
			p := plan.Make(plan.Input{Owner: "acme", Now: now, Estate: in.Estate, Wanted: out.Wanted, Frozen: out.Frozen, Orders: out.Orders})
			if !slices.ContainsFunc(out.Diagnostics, func(d diag.Diagnostic) bool {
				return strings.Contains(d.Summary, "could not be read") || d.Code == "unread"
			}) {
				t.Errorf("nobody is told: %v", out.Diagnostics)
			}
			for _, c := range p.Changes {
				if c.Before == nil || c.Before.Object == nil {
					continue
				}
				for _, f := range slices.Sorted(maps.Keys(c.Before.Object.Fields)) {
					for _, v := range c.Before.Object.Fields[f] {
						if c.After == nil || !slices.Contains(c.After.Object.Fields[f], v) {
							s, _ := v.Literal()
							t.Errorf("%s %s takes away %s %s", c.Action, c.Address, f, s)
						}
					}
				}
			}
		})
	}
}
