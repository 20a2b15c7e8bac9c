package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

func answer(e *estate.Estate, kind estate.QueryKind, a estate.AccountID) {
	e.Answers.Put(estate.Answer{Query: estate.Query{Kind: kind, Account: a, Region: region}})
}

// read answers all that Needs lists, but for one query.
func read(e *estate.Estate, but estate.Query) {
	p, _ := e.Endpoints.Get("vpce-1")
	for _, q := range Needs(*e, "vpc-a", p) {
		if q != but {
			e.Answers.Put(estate.Answer{Query: q})
		}
	}
}

// TestUnread: what is not there and was not asked for is Unknown, and names the
// query; asked for, it is absent.
func TestUnread(t *testing.T) {
	for _, c := range []struct {
		name    string
		lose    change
		kind    estate.QueryKind
		account estate.AccountID
		then    Outcome // once it is asked
	}{
		{"subnets", func(e *estate.Estate) { e.Subnets.Delete("subnet-a-a", "subnet-a-b") }, estate.QuerySubnets, spokes, Reached},
		{"route tables", func(e *estate.Estate) { e.RouteTables.Delete("rtb-a") }, estate.QueryRouteTables, spokes, Broken},
		{"route tables of the hub", func(e *estate.Estate) { e.RouteTables.Delete("rtb-h") }, estate.QueryRouteTables, hubs, Broken},
		{"network ACLs", func(e *estate.Estate) { e.NetworkACLs.Delete("acl-a") }, estate.QueryNetworkACLs, spokes, Reached},
		{"network ACLs of the hub", func(e *estate.Estate) { e.NetworkACLs.Delete("acl-h") }, estate.QueryNetworkACLs, hubs, Reached},
		{"a gateway's route tables", func(e *estate.Estate) { e.TransitTables.Delete("tgw-rtb-1") }, estate.QueryTransitTables, nets, Unknown},
		{"associations", att("tgw-attach-a", func(a *estate.TransitAttachment) { a.Table = "" }), estate.QueryTransitAttachments, nets, Broken},
		{"security groups", func(e *estate.Estate) { e.SecurityGroups.Delete("sg-1") }, estate.QuerySecurityGroups, hubs, Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := transit()
			// The subnets of an attachment lie in no zone that is known then.
			if c.kind == estate.QuerySubnets {
				several(att("tgw-attach-a", func(a *estate.TransitAttachment) { a.Subnets = nil }), rtb("rtb-a-main", with(route("10.9.0.0/16", "tgw-1"))))(&e)
			}
			query := estate.Query{Kind: c.kind, Account: c.account, Region: region}
			read(&e, query)
			c.lose(&e)
			v := verdict(e)
			if b := v.Break(); v.Outcome != Unknown || b.Code != Unread || b.Query == nil || *b.Query != query {
				t.Fatalf("got %s", show(v))
			}
			if d := v.Break().Diagnostic(); d.Severity != diag.Warning || !strings.Contains(d.Hint, string(c.kind)) {
				t.Errorf("got %v", d)
			}
			e.Answers.Put(estate.Answer{Query: query, Code: "AccessDenied"})
			if b := verdict(e).Break(); b == nil || !strings.Contains(b.Text, "AccessDenied") {
				t.Errorf("refused: %+v", b)
			}
			e.Answers.Put(estate.Answer{Query: query})
			if v := verdict(e); v.Outcome != c.then {
				t.Errorf("once read, want %s, got %s", c.then, show(v))
			}
		})
	}
}

// TestAttachmentUnread: neither the VPC's owner nor the gateway's was asked.
func TestAttachmentUnread(t *testing.T) {
	e := transit()
	read(&e, estate.Query{})
	for _, a := range []estate.AccountID{spokes, nets} {
		e.Answers.Delete(estate.Answer{Query: estate.Query{Kind: estate.QueryTransitAttachments, Account: a, Region: region}}.Key())
	}
	// What was found needs no question.
	if v := verdict(e); v.Outcome != Reached {
		t.Errorf("with the attachment: %s", show(v))
	}
	e.TransitAttachments.Delete("tgw-attach-a")
	if v := verdict(e); v.Outcome != Unknown || v.Break().Query.Kind != estate.QueryTransitAttachments || v.Break().Query.Account != spokes {
		t.Errorf("got %s", show(v))
	}
	answer(&e, estate.QueryTransitAttachments, nets)
	if v := verdict(e); v.Outcome != Broken || v.Break().Code != NoAttachment {
		t.Errorf("the gateway's owner was asked: %s", show(v))
	}
}

// TestCertainFirst: what is certainly broken counts before what is not known.
func TestCertainFirst(t *testing.T) {
	e := transit()
	read(&e, estate.Query{Kind: estate.QueryNetworkACLs, Account: spokes, Region: region})
	several(func(e *estate.Estate) { e.NetworkACLs.Delete("acl-a") }, rtb("rtb-h", without("10.1.0.0/16")))(&e)
	if b := verdict(e).Break(); b == nil || b.Code != NoRoute || b.Resource != "rtb-h" {
		t.Errorf("got %+v", b)
	}
}

// TestNotJudged: a way that leads through something that is not modelled is
// Unknown, never broken.
func TestNotJudged(t *testing.T) {
	for _, c := range []struct {
		name     string
		do       change
		resource string
	}{
		{"a network interface", rtb("rtb-a", with(route("10.9.0.0/17", "eni-1"))), "rtb-a"},
		{"a Gateway Load Balancer", rtb("rtb-a", with(route("10.9.0.0/17", "vpce-9"))), "rtb-a"},
		{"a VPN", rtb("rtb-a", with(route("10.9.0.0/17", "vgw-1"))), "rtb-a"},
		{"a prefix list", rtb("rtb-a", with(estate.Route{PrefixList: "pl-1", Target: "pcx-9", State: estate.RouteActive})), "rtb-a"},
		{"the peering of gateways", ttb("tgw-rtb-1", transitRoutes("10.9.0.0/16", estate.TransitRoute{To: prefix("10.0.0.0/8"), Attachment: "tgw-attach-peer", State: estate.RouteActive})), "tgw-rtb-1"},
		{"an inspection VPC", several(vpc("i", nets, 77), attach("i", nets),
			ttb("tgw-rtb-1", transitRoutes("10.9.0.0/16", estate.TransitRoute{To: prefix("0.0.0.0/0"), Attachment: "tgw-attach-i", State: estate.RouteActive}))), "tgw-rtb-1"},
		{"a route beside the local one", several(
			func(e *estate.Estate) {
				e.Subnets.Put(estate.Subnet{ID: "subnet-h-t", VPC: "vpc-h", Account: hubs, Region: region, Zone: "eu-west-1a", CIDR: prefix("10.9.255.0/28")})
			},
			att("tgw-attach-h", func(a *estate.TransitAttachment) { a.Subnets = []string{"subnet-h-t", "subnet-h-b"} }),
			rtb("rtb-h-main", with(route("10.9.0.0/24", "eni-1")))), "rtb-h-main"},
		{"a group over a gateway", several(sg("sg-1", only(estate.GroupRule{Protocol: "tcp", From: 443, To: 443, Group: "sg-a"})), func(e *estate.Estate) {
			e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-a", Account: spokes, Region: region, VPC: "vpc-a", Rules: []estate.GroupRule{out("0.0.0.0/0")}})
		}), "sg-1"},
		{"a group's prefix list", sg("sg-1", only(estate.GroupRule{Protocol: "tcp", From: 443, To: 443, PrefixList: "pl-1"})), "sg-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := transit()
			c.do(&e)
			if v := verdict(e); v.Outcome != Unknown || v.Break().Code != NotJudged || v.Break().Resource != c.resource {
				t.Errorf("got %s", show(v))
			}
		})
	}
}

// TestReached: networks that work, each in another way.
func TestReached(t *testing.T) {
	for _, c := range []struct {
		name string
		e    func() estate.Estate
		do   change
	}{
		{"by a Transit Gateway", transit, several()},
		{"by a peering", peered, several()},
		{"by a wider route", transit, several(rtb("rtb-a", without("10.9.0.0/16")), rtb("rtb-a", with(route("10.0.0.0/8", "tgw-1"))))},
		{"by routes of two halves", transit, several(rtb("rtb-h", without("10.1.0.0/16")), rtb("rtb-h", with(route("10.1.0.0/25", "tgw-1"))),
			rtb("rtb-h", with(route("10.1.0.128/25", "tgw-1"))), rtb("rtb-h", with(route("10.1.1.0/24", "tgw-1"))))},
		{"a static route before a propagated drop", transit, ttb("tgw-rtb-1", func(t *estate.TransitTable) {
			t.Routes = []estate.TransitRoute{{To: prefix("10.9.0.0/16"), Propagated: true, State: estate.RouteBlackhole}, {To: prefix("10.1.0.0/16"), Attachment: "tgw-attach-a", State: estate.RouteActive},
				{To: prefix("10.9.0.0/16"), Attachment: "tgw-attach-h", State: estate.RouteActive}}
		})},
		{"a propagated route within the own ranges", transit, rtb("rtb-h", with(estate.Route{To: prefix("10.9.0.0/24"), Target: "vgw-1", State: estate.RouteActive, Origin: "EnableVgwRoutePropagation"}))},
		{"a gateway endpoint's prefix list", transit, rtb("rtb-a", with(estate.Route{PrefixList: "pl-s3", Target: "vpce-s3", State: estate.RouteActive}))},
		{"no subnets", transit, several(func(e *estate.Estate) { e.Subnets.Delete("subnet-a-a", "subnet-a-b") }, rtb("rtb-a-main", with(route("10.9.0.0/16", "tgw-1"))),
			att("tgw-attach-a", func(a *estate.TransitAttachment) { a.Subnets = nil }))},
		{"two groups, half each", transit, several(sg("sg-1", only(estate.GroupRule{Protocol: "-1", From: -1, To: -1, CIDR: prefix("10.1.0.0/24")})), func(e *estate.Estate) {
			e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-2", Account: hubs, Region: region, VPC: "vpc-h", Rules: []estate.GroupRule{{Protocol: "6", From: 400, To: 500, CIDR: prefix("10.1.1.0/24")}}})
			p, _ := e.Endpoints.Get("vpce-1")
			p.Groups = []string{"sg-1", "sg-2"}
			e.Endpoints.Put(p)
		})},
		{"an attachment that changes", transit, att("tgw-attach-a", state("modifying"))},
		{"an attachment that is gone beside one that is there", transit, func(e *estate.Estate) {
			a, _ := e.TransitAttachments.Get("tgw-attach-a")
			a.ID, a.State = "tgw-attach-0", estate.AttachmentDeleted
			e.TransitAttachments.Put(a)
		}},
		{"ranges that overlap away from the way", transit, func(e *estate.Estate) {
			for _, id := range []string{"vpc-a", "vpc-h"} {
				v, _ := e.VPCs.Get(id)
				v.CIDRs = append(slices.Clone(v.CIDRs), prefix("100.64.0.0/16"))
				e.VPCs.Put(v)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := c.e()
			c.do(&e)
			if v := verdict(e); v.Outcome != Reached || v.Partial() {
				t.Errorf("got %s", show(v))
			}
		})
	}
}

// TestPath: every resource on the way, there and back.
func TestPath(t *testing.T) {
	v := verdict(transit())
	var got []string
	for _, h := range v.Parts[0].Path {
		got = append(got, strings.Split(h.String(), ":")[0])
	}
	want := []string{
		"-> subnet subnet-a-a", "-> network ACL acl-a", "-> route table rtb-a", "-> network ACL acl-a", "-> attachment tgw-attach-a",
		"-> transit route table tgw-rtb-1", "-> attachment tgw-attach-h", "-> network ACL acl-h", "-> network ACL acl-h", "-> subnet subnet-h-a",
		"-> security group sg-1",
		"<- subnet subnet-h-a", "<- network ACL acl-h", "<- route table rtb-h", "<- network ACL acl-h", "<- attachment tgw-attach-h",
		"<- transit route table tgw-rtb-1", "<- attachment tgw-attach-a", "<- network ACL acl-a", "<- network ACL acl-a", "<- subnet subnet-a-a",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// All subnets and addresses fare alike: one part.
	if p := v.Parts[0]; len(v.Parts) != 1 || len(p.Subnets) != 2 || len(p.Addresses) != 2 {
		t.Errorf("got %s", show(v))
	}
}

// TestPartial: one subnet lacks the route; it is the first part, and another
// subnet that leads nowhere at all is not counted.
func TestPartial(t *testing.T) {
	e := transit()
	for i, name := range []string{"c", "d"} {
		id := "subnet-a-" + name
		e.Subnets.Put(estate.Subnet{ID: id, VPC: "vpc-a", Account: spokes, Region: region, Zone: "eu-west-1a", CIDR: prefix(fmt.Sprintf("10.1.%d.0/24", 10+i))})
	}
	e.RouteTables.Put(estate.RouteTable{ID: "rtb-c", Account: spokes, Region: region, VPC: "vpc-a", Subnets: []string{"subnet-a-c"}, Routes: []estate.Route{route("0.0.0.0/0", "igw-1")}})
	v := verdict(e)
	if v.Outcome != Broken || !v.Partial() || len(v.Parts) != 2 || !slices.Equal(v.Parts[0].Subnets, []string{"subnet-a-c"}) || v.Break().Resource != "rtb-c" {
		t.Errorf("got %s", show(v))
	}
	if !slices.Equal(v.Isolated, []string{"subnet-a-d"}) {
		t.Errorf("isolated: %v", v.Isolated)
	}
	if got := From(e, "vpc-a").Isolated(); !slices.Equal(got, v.Isolated) {
		t.Errorf("isolated: %v", got)
	}
	// Who stands in certain subnets has the way of these, isolated or not.
	p, _ := e.Endpoints.Get("vpce-1")
	for subnet, want := range map[string]Outcome{"subnet-a-a": Reached, "subnet-a-c": Broken, "subnet-a-d": Broken} {
		s := From(e, "vpc-a")
		s.Subnets = []string{subnet}
		if v := s.Endpoint(p, https); v.Outcome != want || v.Partial() || len(v.Isolated) != 0 {
			t.Errorf("from %s: %s", subnet, show(v))
		}
	}
}

// TestSameVPC: routes are local; security groups and ACLs between subnets count.
func TestSameVPC(t *testing.T) {
	works := build(vpc("a", spokes, 1), endpoint("a", spokes, 1, "10.1.0.0/16"))
	if v := verdict(works); v.Outcome != Reached {
		t.Errorf("got %s", show(v))
	}
	// A network ACL that denies all stops what leaves its subnet alone.
	e := works
	nacl("acl-a", func(a *estate.NetworkACL) { a.Entries = nil })(&e)
	v := verdict(e)
	if b := v.Break(); v.Outcome != Broken || b.Code != ACLDenies || !v.Partial() {
		t.Errorf("got %s", show(v))
	}
	// A group of the VPC admits who carries it.
	e = works
	sg("sg-1", only(estate.GroupRule{Protocol: "tcp", From: 443, To: 443, Group: "sg-1"}))(&e)
	sg("sg-1", func(g *estate.SecurityGroup) { g.Rules = append(g.Rules, out("10.1.0.0/16")) })(&e)
	p, _ := e.Endpoints.Get("vpce-1")
	s := From(e, "vpc-a")
	for _, c := range []struct {
		groups []string
		want   Outcome
	}{{nil, Unknown}, {[]string{"sg-1"}, Reached}, {[]string{"sg-2"}, Broken}, {[]string{}, Broken}} {
		s.Groups = c.groups
		if v := s.Endpoint(p, https); v.Outcome != c.want {
			t.Errorf("carrying %v: %s", c.groups, show(v))
		}
	}
}

// TestPeeredGroup: a rule may name a group of the other VPC over a peering.
func TestPeeredGroup(t *testing.T) {
	e := peered()
	e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-a", Account: spokes, Region: region, VPC: "vpc-a", Rules: []estate.GroupRule{out("0.0.0.0/0")}})
	sg("sg-1", only(estate.GroupRule{Protocol: "tcp", From: 443, To: 443, Group: "sg-a"}))(&e)
	p, _ := e.Endpoints.Get("vpce-1")
	s := From(e, "vpc-a")
	s.Groups = []string{"sg-a"}
	if v := s.Endpoint(p, https); v.Outcome != Reached {
		t.Errorf("got %s", show(v))
	}
	e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-a", Account: spokes, Region: region, VPC: "vpc-x", Rules: []estate.GroupRule{out("0.0.0.0/0")}})
	s.e = e
	if v := s.Endpoint(p, https); v.Outcome != Broken || v.Break().Code != GroupDenies {
		t.Errorf("a group of a third VPC: %s", show(v))
	}
}

// out is a rule that lets everything out to a range.
func out(to string) estate.GroupRule {
	return estate.GroupRule{Egress: true, Protocol: "-1", From: -1, To: -1, CIDR: prefix(to)}
}

// TestReleased: what the groups of who connects let out together, where they are
// known.
func TestReleased(t *testing.T) {
	only := func(protocol string, port int32, r estate.GroupRule) estate.GroupRule {
		r.Protocol, r.From, r.To = protocol, port, port
		return r
	}
	for _, c := range []struct {
		name  string
		rules []estate.GroupRule
		want  Outcome
	}{
		{"everything", []estate.GroupRule{out("0.0.0.0/0")}, Reached},
		{"nothing", nil, Broken},
		{"elsewhere", []estate.GroupRule{out("192.0.2.0/24")}, Broken},
		{"another port", []estate.GroupRule{only("tcp", 53, out("0.0.0.0/0"))}, Broken},
		{"another protocol", []estate.GroupRule{only("udp", 443, out("0.0.0.0/0"))}, Broken},
		{"one address of two", []estate.GroupRule{only("tcp", 443, out("10.9.0.10/32"))}, Broken},
		{"both addresses", []estate.GroupRule{only("tcp", 443, out("10.9.0.10/32")), only("6", 443, out("10.9.1.10/32"))}, Reached},
		{"admits and lets nothing out", []estate.GroupRule{{Protocol: "-1", From: -1, To: -1, CIDR: prefix("0.0.0.0/0")}}, Broken},
		{"the endpoint's group", []estate.GroupRule{{Egress: true, Protocol: "-1", From: -1, To: -1, Group: "sg-1"}}, Reached},
		{"a prefix list", []estate.GroupRule{{Egress: true, Protocol: "-1", From: -1, To: -1, PrefixList: "pl-1"}}, Unknown},
	} {
		e := transit()
		e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-a", Account: spokes, Region: region, VPC: "vpc-a", Rules: c.rules})
		p, _ := e.Endpoints.Get("vpce-1")
		s := From(e, "vpc-a")
		s.Groups = []string{"sg-a"}
		v := s.Endpoint(p, https)
		if v.Outcome != c.want {
			t.Errorf("%s: %s", c.name, show(v))
		}
		if b := v.Break(); b != nil && (b.Resource != "sg-a" || b.Account != spokes) {
			t.Errorf("%s: blames %s of %s", c.name, b.Resource, b.Account)
		}
		if len(v.Notes) != 1 || v.Notes[0] != "the firewalls of who connects are not judged" {
			t.Errorf("%s: notes %v", c.name, v.Notes)
		}
	}
}

// TestTo: an address alone; what stands there is found in the estate.
func TestTo(t *testing.T) {
	e := transit()
	e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-dns", Account: hubs, Region: region, VPC: "vpc-h"})
	e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "rslvr-in-1", Account: hubs, Region: region, VPC: "vpc-h", Groups: []string{"sg-dns"},
		Addresses: []estate.ResolverAddress{{IP: netip.MustParseAddr("10.9.0.53"), Subnet: "subnet-h-a"}}})
	for _, c := range []struct {
		addr string
		port Port
		want Outcome
		code Code
	}{
		{"10.9.0.10", https, Reached, ""},
		{"10.9.0.10", Port{8443, "tcp"}, Broken, GroupDenies},
		{"10.9.0.53", Port{53, "udp"}, Broken, GroupDenies},
		{"10.9.0.99", https, Reached, ""}, // whose groups are not known; a note says so
		{"192.0.2.1", https, Unknown, NotJudged},
	} {
		v := From(e, "vpc-a").To(netip.MustParseAddr(c.addr), c.port)
		b := v.Break()
		if v.Outcome != c.want || b != nil && b.Code != c.code {
			t.Errorf("%s %s: %s", c.addr, c.port, show(v))
		}
		if said := strings.Contains(strings.Join(v.Notes, "\n"), "what stands at"); said != (c.addr == "10.9.0.99") {
			t.Errorf("%s: notes %q", c.addr, v.Notes)
		}
	}
	if v := From(e, "vpc-0").To(netip.MustParseAddr("10.9.0.10"), https); v.Outcome != Unknown {
		t.Errorf("a VPC that is not known: %s", show(v))
	}
}

// TestFamilies: addresses of IPv6 count where the VPC has IPv6.
func TestFamilies(t *testing.T) {
	e := transit()
	p, _ := e.Endpoints.Get("vpce-1")
	p.Addresses = slices.Clone(p.Addresses)
	p.Addresses[0].IPv6 = netip.MustParseAddr("2001:db8:9::10")
	e.Endpoints.Put(p)
	if v := verdict(e); v.Outcome != Reached {
		t.Errorf("IPv4 alone: %s", show(v))
	}
	if v := From(e, "vpc-a").To(p.Addresses[0].IPv6, https); v.Outcome != Unknown {
		t.Errorf("no VPC holds it: %s", show(v))
	}
	for id, c := range map[string]string{"vpc-a": "2001:db8:1::/56", "vpc-h": "2001:db8:9::/56"} {
		v, _ := e.VPCs.Get(id)
		v.CIDRs = append(slices.Clone(v.CIDRs), prefix(c))
		e.VPCs.Put(v)
	}
	if v := verdict(e); v.Outcome != Broken || v.Break().Code != NoRoute || !v.Partial() {
		t.Errorf("no route of IPv6: %s", show(v))
	}
}

// TestNeeds: asked in rounds, it comes to an end, and then nothing is Unknown.
func TestNeeds(t *testing.T) {
	all := transit()
	e := all
	e.TransitAttachments = estate.Table[estate.TransitAttachment]{}
	p, _ := e.Endpoints.Get("vpce-1")
	has := func(list []estate.Query, q estate.Query) bool { return slices.Contains(list, q) }
	tables := estate.Query{Kind: estate.QueryTransitTables, Account: nets, Region: region}
	if first := Needs(e, "vpc-a", p); has(first, tables) || !has(first, estate.Query{Kind: estate.QueryRouteTables, Account: spokes, Region: region}) {
		t.Errorf("first round: %v", first)
	}
	all.TransitGateways = estate.Table[estate.TransitGateway]{} // the attachments say whose it is
	second := Needs(all, "vpc-a", p)
	if !has(second, tables) {
		t.Errorf("second round: %v", second)
	}
	for _, q := range second {
		all.Answers.Put(estate.Answer{Query: q})
	}
	if v := verdict(all); v.Outcome != Reached {
		t.Errorf("got %s", show(v))
	}
}

// TestNothingBetween: VPCs that nothing connects; what was read is certain.
func TestNothingBetween(t *testing.T) {
	e := build(vpc("a", spokes, 1), vpc("h", hubs, 9), endpoint("h", hubs, 9, "10.0.0.0/8"))
	v := verdict(e)
	b := v.Break()
	if b == nil || b.Code != NoRoute || b.Resource != "rtb-a" || b.Back ||
		b.Hint != "connect VPC vpc-a with VPC vpc-h by a Transit Gateway or a peering, then add a route for 10.9.0.0/16 in rtb-a" {
		t.Errorf("got %s", show(v))
	}
	if v.Isolated != nil || v.Partial() {
		t.Errorf("no subnet is kept apart from the others: %v", v.Isolated)
	}
	if d := b.Diagnostic(); d.Severity != diag.Error || d.Account != string(spokes) || d.Code != string(NoRoute) {
		t.Errorf("got %+v", d)
	}
}

// TestPeeringAcrossRegions: a peering needs no common Region, a group does.
func TestPeeringAcrossRegions(t *testing.T) {
	e := peered()
	v, _ := e.VPCs.Get("vpc-a")
	v.Region = "us-east-1"
	e.VPCs.Put(v)
	if v := verdict(e); v.Outcome != Reached {
		t.Errorf("got %s", show(v))
	}
	e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-a", Account: spokes, Region: "us-east-1", VPC: "vpc-a", Rules: []estate.GroupRule{out("0.0.0.0/0")}})
	sg("sg-1", only(estate.GroupRule{Protocol: "tcp", From: 443, To: 443, Group: "sg-a"}))(&e)
	p, _ := e.Endpoints.Get("vpce-1")
	s := From(e, "vpc-a")
	s.Groups = []string{"sg-a"}
	if v := s.Endpoint(p, https); v.Outcome != Unknown {
		t.Errorf("a group of another Region: %s", show(v))
	}
}

// BenchmarkEndpoint: 1,000 VPCs of one gateway against an endpoint of two
// addresses: one operation is all of them.
func BenchmarkEndpoint(b *testing.B) {
	e := build(gateway, vpc("h", hubs, 0, route("10.0.0.0/8", "tgw-1")), attach("h", hubs), endpoint("h", hubs, 0, "10.0.0.0/8"))
	t, _ := e.TransitTables.Get("tgw-rtb-1")
	var ids []string
	for i := range 1000 {
		name := fmt.Sprintf("s%d", i)
		ids = append(ids, "vpc-"+name)
		vpc(name, spokes, 1, route("10.0.0.0/16", "tgw-1"))(&e)
		attach(name, spokes)(&e)
		// Each has a /22 of its own.
		r := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(1 + i/64), byte(i % 64 * 4), 0}), 22)
		v, _ := e.VPCs.Get("vpc-" + name)
		v.CIDRs = []netip.Prefix{r}
		e.VPCs.Put(v)
		for j, z := range []string{"a", "b"} {
			s, _ := e.Subnets.Get("subnet-" + name + "-" + z)
			s.CIDR = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(1 + i/64), byte(i%64*4 + j), 0}), 24)
			e.Subnets.Put(s)
		}
		t.Routes = append(t.Routes, estate.TransitRoute{To: r, Attachment: "tgw-attach-" + name, Propagated: true, State: estate.RouteActive})
	}
	e.TransitTables.Put(t)
	p, _ := e.Endpoints.Get("vpce-1")
	b.ReportAllocs()
	for b.Loop() {
		for _, id := range ids {
			if v := From(e, id).Endpoint(p, https); v.Outcome != Reached {
				b.Fatal(show(v))
			}
		}
	}
}
