package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/estate"
)

const (
	spokes = estate.AccountID("111111111111")
	hubs   = estate.AccountID("222222222222")
	nets   = estate.AccountID("333333333333")
	region = estate.Region("eu-west-1")
)

var https = Port{443, "tcp"}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func route(to, target string) estate.Route {
	return estate.Route{To: prefix(to), Target: target, State: estate.RouteActive}
}

// change is one thing done to an estate.
type change func(*estate.Estate)

func build(changes ...change) estate.Estate {
	var e estate.Estate
	for _, c := range changes {
		c(&e)
	}
	return e
}

// edit changes one row.
func edit[V estate.Row](table func(*estate.Estate) *estate.Table[V], key string, do func(*V)) change {
	return func(e *estate.Estate) {
		t := table(e)
		v, ok := t.Get(key)
		if !ok {
			panic("no " + key)
		}
		do(&v)
		t.Put(v)
	}
}

func rtb(id string, do func(*estate.RouteTable)) change {
	return edit(func(e *estate.Estate) *estate.Table[estate.RouteTable] { return &e.RouteTables }, id, do)
}

func att(id string, do func(*estate.TransitAttachment)) change {
	return edit(func(e *estate.Estate) *estate.Table[estate.TransitAttachment] { return &e.TransitAttachments }, id, do)
}

func ttb(id string, do func(*estate.TransitTable)) change {
	return edit(func(e *estate.Estate) *estate.Table[estate.TransitTable] { return &e.TransitTables }, id, do)
}

func sg(id string, do func(*estate.SecurityGroup)) change {
	return edit(func(e *estate.Estate) *estate.Table[estate.SecurityGroup] { return &e.SecurityGroups }, id, do)
}

func nacl(id string, do func(*estate.NetworkACL)) change {
	return edit(func(e *estate.Estate) *estate.Table[estate.NetworkACL] { return &e.NetworkACLs }, id, do)
}

func pcx(id string, do func(*estate.Peering)) change {
	return edit(func(e *estate.Estate) *estate.Table[estate.Peering] { return &e.Peerings }, id, do)
}

// vpc is a VPC of one range 10.n.0.0/16 with two subnets in zones a and b, a
// main route table of local routes, one of its own for both subnets, and a
// network ACL.
func vpc(name string, owner estate.AccountID, n int, routes ...estate.Route) change {
	return func(e *estate.Estate) {
		cidr := prefix(fmt.Sprintf("10.%d.0.0/16", n))
		e.VPCs.Put(estate.VPC{ID: "vpc-" + name, Account: owner, Region: region, CIDRs: []netip.Prefix{cidr}})
		var subnets []string
		for i, z := range []string{"a", "b"} {
			id := "subnet-" + name + "-" + z
			subnets = append(subnets, id)
			e.Subnets.Put(estate.Subnet{
				ID: id, VPC: "vpc-" + name, Account: owner, Region: region, Zone: string(region) + z,
				CIDR: prefix(fmt.Sprintf("10.%d.%d.0/24", n, i)),
			})
		}
		local := estate.Route{To: cidr, Target: "local", State: estate.RouteActive}
		e.RouteTables.Put(
			estate.RouteTable{ID: "rtb-" + name + "-main", Account: owner, Region: region, VPC: "vpc-" + name, Main: true, Routes: []estate.Route{local}},
			estate.RouteTable{ID: "rtb-" + name, Account: owner, Region: region, VPC: "vpc-" + name, Subnets: subnets, Routes: append([]estate.Route{local}, routes...)},
		)
		e.NetworkACLs.Put(estate.NetworkACL{ID: "acl-" + name, Account: owner, Region: region, VPC: "vpc-" + name, Default: true, Subnets: subnets, Entries: open})
	}
}

// attach is an attachment to tgw-1, associated with tgw-rtb-1 and propagating
// there.
func attach(name string, owner estate.AccountID) change {
	return func(e *estate.Estate) {
		v, _ := e.VPCs.Get("vpc-" + name)
		id := "tgw-attach-" + name
		e.TransitAttachments.Put(estate.TransitAttachment{
			ID: id, Gateway: "tgw-1", Owner: nets, Account: owner, Region: region, VPC: v.ID,
			Subnets: []string{"subnet-" + name + "-a", "subnet-" + name + "-b"}, State: estate.AttachmentAvailable, Table: "tgw-rtb-1",
		})
		t, ok := e.TransitTables.Get("tgw-rtb-1")
		if !ok {
			t = estate.TransitTable{ID: "tgw-rtb-1", Gateway: "tgw-1", Account: nets, Region: region}
		}
		t.Propagating = append(slices.Clone(t.Propagating), id)
		t.Routes = append(slices.Clone(t.Routes), estate.TransitRoute{To: v.CIDRs[0], Attachment: id, Propagated: true, State: estate.RouteActive})
		e.TransitTables.Put(t)
	}
}

// gateway is tgw-1, which takes nothing and associates nothing by itself.
func gateway(e *estate.Estate) {
	e.TransitGateways.Put(estate.TransitGateway{ID: "tgw-1", Account: nets, Region: region, State: "available"})
}

// endpoint is vpce-1 in both subnets of a VPC, with sg-1.
func endpoint(name string, owner estate.AccountID, n int, admits ...string) change {
	return func(e *estate.Estate) {
		p := estate.Endpoint{
			ID: "vpce-1", Account: owner, Region: region, VPC: "vpc-" + name, Type: estate.EndpointInterface,
			State: estate.EndpointAvailable, Groups: []string{"sg-1"},
		}
		for i, z := range []string{"a", "b"} {
			p.Subnets = append(p.Subnets, "subnet-"+name+"-"+z)
			p.Addresses = append(p.Addresses, estate.EndpointAddress{
				Subnet: p.Subnets[i], Zone: string(region) + z, IPv4: netip.MustParseAddr(fmt.Sprintf("10.%d.%d.10", n, i)),
			})
		}
		g := estate.SecurityGroup{ID: "sg-1", Account: owner, Region: region, VPC: p.VPC}
		for _, c := range admits {
			g.Rules = append(g.Rules, estate.GroupRule{Protocol: "tcp", From: 443, To: 443, CIDR: prefix(c)})
		}
		e.Endpoints.Put(p)
		e.SecurityGroups.Put(g)
	}
}

// transit is a network that works: VPC a of the spokes reaches the endpoint in
// VPC h over tgw-1, in an account of its own.
func transit() estate.Estate {
	return build(gateway,
		vpc("a", spokes, 1, route("10.9.0.0/16", "tgw-1")),
		vpc("h", hubs, 9, route("10.1.0.0/16", "tgw-1")),
		attach("a", spokes), attach("h", hubs),
		endpoint("h", hubs, 9, "10.1.0.0/16"))
}

// peered is the same over pcx-1.
func peered() estate.Estate {
	return build(
		vpc("a", spokes, 1, route("10.9.0.0/16", "pcx-1")),
		vpc("h", hubs, 9, route("10.1.0.0/16", "pcx-1")),
		endpoint("h", hubs, 9, "10.1.0.0/16"),
		func(e *estate.Estate) {
			e.Peerings.Put(estate.Peering{
				ID: "pcx-1", State: estate.PeeringActive,
				Requester: estate.PeeringSide{Account: spokes, Region: region, VPC: "vpc-a"},
				Accepter:  estate.PeeringSide{Account: hubs, Region: region, VPC: "vpc-h"},
			})
		})
}

func verdict(e estate.Estate) Verdict {
	p, _ := e.Endpoints.Get("vpce-1")
	return From(e, "vpc-a").Endpoint(p, https)
}
