package reach

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// without takes a route out.
func without(to string) func(*estate.RouteTable) {
	return func(t *estate.RouteTable) {
		t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r estate.Route) bool { return r.To == prefix(to) })
	}
}

func with(r estate.Route) func(*estate.RouteTable) {
	return func(t *estate.RouteTable) { t.Routes = append(slices.Clone(t.Routes), r) }
}

func black(to string) func(*estate.RouteTable) {
	return func(t *estate.RouteTable) {
		t.Routes = slices.Clone(t.Routes)
		for i := range t.Routes {
			if t.Routes[i].To == prefix(to) {
				t.Routes[i].State = estate.RouteBlackhole
			}
		}
	}
}

func state(s string) func(*estate.TransitAttachment) {
	return func(a *estate.TransitAttachment) { a.State = s }
}

func peering(s string) change {
	return pcx("pcx-1", func(p *estate.Peering) { p.State = s })
}

// entry puts an entry before the others.
func entry(x estate.ACLEntry) func(*estate.NetworkACL) {
	return func(a *estate.NetworkACL) { a.Entries = append(slices.Clone(a.Entries), x) }
}

// only replaces the rules of a group by one.
func only(r estate.GroupRule) func(*estate.SecurityGroup) {
	return func(g *estate.SecurityGroup) { g.Rules = []estate.GroupRule{r} }
}

// transitRoutes puts others in place of the routes of a range.
func transitRoutes(to string, others ...estate.TransitRoute) func(*estate.TransitTable) {
	return func(t *estate.TransitTable) {
		t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r estate.TransitRoute) bool { return r.To == prefix(to) })
		t.Routes = append(t.Routes, others...)
	}
}

func silent(id string) func(*estate.TransitTable) {
	return func(t *estate.TransitTable) {
		t.Propagating = slices.DeleteFunc(slices.Clone(t.Propagating), func(p string) bool { return p == id })
	}
}

func several(changes ...change) change {
	return func(e *estate.Estate) {
		for _, c := range changes {
			c(e)
		}
	}
}

var drop = estate.TransitRoute{To: prefix("10.9.0.0/16"), State: estate.RouteBlackhole}

// broken are networks that work but for one thing.
var broken = []struct {
	name     string
	from     func() estate.Estate
	breaks   change
	code     Code
	resource string
	account  estate.AccountID
	back     bool
	hint     string
	more     string // what it takes after that, where two things are missing
}{
	{"no attachment", transit, func(e *estate.Estate) { e.TransitAttachments.Delete("tgw-attach-a") },
		NoAttachment, "vpc-a", spokes, false, "attach VPC vpc-a to tgw-1", ""},
	{"no attachment, and the route is black", transit, several(func(e *estate.Estate) { e.TransitAttachments.Delete("tgw-attach-a") }, rtb("rtb-a", black("10.9.0.0/16"))),
		NoAttachment, "vpc-a", spokes, false, "attach VPC vpc-a to tgw-1", ""},
	{"no attachment and no route", transit, several(func(e *estate.Estate) { e.TransitAttachments.Delete("tgw-attach-a") }, rtb("rtb-a", without("10.9.0.0/16"))),
		NoAttachment, "vpc-a", spokes, false, "attach VPC vpc-a to tgw-1", "in rtb-a add a route for 10.9.0.0/16 to tgw-1"},
	{"no attachment of the hub", transit, several(func(e *estate.Estate) { e.TransitAttachments.Delete("tgw-attach-h") }, ttb("tgw-rtb-1", transitRoutes("10.9.0.0/16"))),
		NoAttachment, "vpc-h", hubs, false, "attach VPC vpc-h to tgw-1", ""},
	{"attachment not accepted", transit, att("tgw-attach-a", state(estate.AttachmentPendingAcceptance)),
		AttachmentWaits, "tgw-attach-a", nets, false, "accept tgw-attach-a in account 333333333333", ""},
	{"attachment of the hub not accepted", transit, att("tgw-attach-h", state(estate.AttachmentPendingAcceptance)),
		AttachmentWaits, "tgw-attach-h", nets, false, "accept tgw-attach-h in account 333333333333", ""},
	{"attachment rejected", transit, att("tgw-attach-a", state(estate.AttachmentRejected)),
		AttachmentState, "tgw-attach-a", spokes, false, "attach VPC vpc-a to tgw-1 again", ""},
	{"attachment being deleted", transit, att("tgw-attach-a", state(estate.AttachmentDeleting)),
		AttachmentState, "tgw-attach-a", spokes, false, "attach VPC vpc-a to tgw-1 again", ""},
	{"attachment being made", transit, att("tgw-attach-a", state(estate.AttachmentPending)),
		AttachmentState, "tgw-attach-a", spokes, false, "wait until it is available", ""},
	{"attachment in one zone", transit, att("tgw-attach-a", func(a *estate.TransitAttachment) { a.Subnets = a.Subnets[:1] }),
		AttachmentZone, "tgw-attach-a", spokes, false, "add a subnet in eu-west-1b to tgw-attach-a, subnet-a-b for one", ""},
	{"attachment of the hub in one zone", transit, att("tgw-attach-h", func(a *estate.TransitAttachment) { a.Subnets = a.Subnets[:1] }),
		AttachmentZone, "tgw-attach-h", hubs, true, "add a subnet in eu-west-1b to tgw-attach-h, subnet-h-b for one", ""},
	{"no route in the consumer", transit, rtb("rtb-a", without("10.9.0.0/16")),
		NoRoute, "rtb-a", spokes, false, "in rtb-a add a route for 10.9.0.0/16 to tgw-1", ""},
	{"the way to the internet alone", transit, several(rtb("rtb-a", without("10.9.0.0/16")), rtb("rtb-a", with(route("0.0.0.0/0", "nat-1")))),
		NoRoute, "rtb-a", spokes, false, "in rtb-a add a route for 10.9.0.0/16 to tgw-1", ""},
	{"no route back", transit, rtb("rtb-h", without("10.1.0.0/16")),
		NoRoute, "rtb-h", hubs, true, "in rtb-h add a route for 10.1.0.0/16 to tgw-1", ""},
	{"a route back for half", transit, several(rtb("rtb-h", without("10.1.0.0/16")), rtb("rtb-h", with(route("10.1.0.0/24", "tgw-1")))),
		NoRoute, "rtb-h", hubs, true, "in rtb-h add a route for 10.1.0.0/16 to tgw-1", ""},
	{"blackhole in the consumer", transit, rtb("rtb-a", black("10.9.0.0/16")),
		RouteBlackhole, "rtb-a", spokes, false, "in rtb-a delete the route for 10.9.0.0/16 and make it again to tgw-1", ""},
	{"blackhole in the hub", transit, rtb("rtb-h", black("10.1.0.0/16")),
		RouteBlackhole, "rtb-h", hubs, true, "in rtb-h delete the route for 10.1.0.0/16 and make it again to tgw-1", ""},
	{"a more specific route to an interface that is gone", transit, rtb("rtb-a", with(estate.Route{To: prefix("10.9.0.0/24"), Target: "eni-1", State: estate.RouteBlackhole})),
		RouteBlackhole, "rtb-a", spokes, false, "in rtb-a replace the route for 10.9.0.0/24 by one to tgw-1", ""},
	{"a more specific route to the internet", transit, rtb("rtb-a", with(route("10.9.0.0/17", "nat-1"))),
		RouteElsewhere, "rtb-a", spokes, false, "in rtb-a let 10.9.0.0/17 go to tgw-1", ""},
	{"a more specific route to another gateway", transit, rtb("rtb-a", with(route("10.9.0.0/17", "tgw-2"))),
		RouteElsewhere, "rtb-a", spokes, false, "in rtb-a let 10.9.0.0/17 go to tgw-1", ""},
	{"a more specific route back elsewhere", transit, rtb("rtb-h", with(route("10.1.1.128/25", "igw-1"))),
		RouteElsewhere, "rtb-h", hubs, true, "in rtb-h let 10.1.1.128/25 go to tgw-1", ""},
	{"not associated", transit, att("tgw-attach-a", func(a *estate.TransitAttachment) { a.Table = "" }),
		NotAssociated, "tgw-attach-a", nets, false, "associate tgw-attach-a with a route table of tgw-1", ""},
	{"the hub not associated", transit, att("tgw-attach-h", func(a *estate.TransitAttachment) { a.Table = "" }),
		NotAssociated, "tgw-attach-h", nets, true, "associate tgw-attach-h with a route table of tgw-1", ""},
	{"the hub not propagated", transit, several(ttb("tgw-rtb-1", silent("tgw-attach-h")), ttb("tgw-rtb-1", transitRoutes("10.9.0.0/16"))),
		NotPropagated, "tgw-rtb-1", nets, false, "let tgw-attach-h propagate to tgw-rtb-1", ""},
	{"the consumer not propagated", transit, several(ttb("tgw-rtb-1", silent("tgw-attach-a")), ttb("tgw-rtb-1", transitRoutes("10.1.0.0/16"))),
		NotPropagated, "tgw-rtb-1", nets, true, "let tgw-attach-a propagate to tgw-rtb-1", ""},
	{"no route of the gateway", transit, ttb("tgw-rtb-1", transitRoutes("10.9.0.0/16")),
		NoTransitRoute, "tgw-rtb-1", nets, false, "in tgw-rtb-1 add a route for 10.9.0.0/16 to tgw-attach-h", ""},
	{"blackhole of the gateway", transit, ttb("tgw-rtb-1", transitRoutes("10.255.0.0/16", drop)),
		TransitBlackhole, "tgw-rtb-1", nets, false, "in tgw-rtb-1 let 10.9.0.0/16 go to tgw-attach-h", ""},
	{"a more specific route of the gateway", transit, several(vpc("x", spokes, 9), attach("x", spokes),
		ttb("tgw-rtb-1", transitRoutes("10.9.0.0/24", estate.TransitRoute{To: prefix("10.9.0.0/24"), Attachment: "tgw-attach-x", State: estate.RouteActive}))),
		TransitElsewhere, "tgw-rtb-1", nets, false, "in tgw-rtb-1 let 10.9.0.0/24 go to tgw-attach-h", ""},
	{"security group", transit, sg("sg-1", func(g *estate.SecurityGroup) { g.Rules = nil }),
		GroupDenies, "sg-1", hubs, false, "in sg-1 admit tcp 443 from 10.1.0.0/16", ""},
	{"security group of another port", transit, sg("sg-1", only(estate.GroupRule{Protocol: "tcp", From: 8443, To: 8443, CIDR: prefix("10.0.0.0/8")})),
		GroupDenies, "sg-1", hubs, false, "in sg-1 admit tcp 443 from 10.1.0.0/16", ""},
	{"security group of the other protocol", transit, sg("sg-1", only(estate.GroupRule{Protocol: "udp", From: 443, To: 443, CIDR: prefix("10.0.0.0/8")})),
		GroupDenies, "sg-1", hubs, false, "in sg-1 admit tcp 443 from 10.1.0.0/16", ""},
	{"security group for half of a subnet", transit, sg("sg-1", only(estate.GroupRule{Protocol: "-1", From: -1, To: -1, CIDR: prefix("10.1.0.0/25")})),
		GroupDenies, "sg-1", hubs, false, "in sg-1 admit tcp 443 from 10.1.0.0/16", ""},
	{"network ACL of the hub, inbound", transit, nacl("acl-h", entry(estate.ACLEntry{Number: 10, Protocol: "6", CIDR: prefix("10.1.0.0/16"), From: 443, To: 443})),
		ACLDenies, "acl-h", hubs, false, "in acl-h allow inbound tcp 443 from 10.1.0.0/16 before entry 10", ""},
	{"network ACL of the hub, ports of the answer", transit, nacl("acl-h", entry(estate.ACLEntry{Number: 10, Egress: true, Protocol: "6", CIDR: prefix("0.0.0.0/0"), From: 1024, To: 32767})),
		ACLDenies, "acl-h", hubs, true, "in acl-h allow outbound tcp 1024-65535 to 10.1.0.0/16 before entry 10", ""},
	{"network ACL of the consumer, outbound", transit, nacl("acl-a", entry(estate.ACLEntry{Number: 10, Egress: true, Protocol: "-1", CIDR: prefix("10.9.0.0/16")})),
		ACLDenies, "acl-a", spokes, false, "in acl-a allow outbound tcp 443 to 10.9.0.0/16 before entry 10", ""},
	{"network ACL of the consumer, ports of the answer", transit, nacl("acl-a", func(a *estate.NetworkACL) {
		a.Entries = []estate.ACLEntry{open[2], {Number: 10, Allow: true, Protocol: "6", CIDR: prefix("0.0.0.0/0"), From: 443, To: 443}}
	}), ACLDenies, "acl-a", spokes, true, "in acl-a allow inbound tcp 1024-65535 from 10.9.0.0/16", ""},
	{"ranges overlap", transit, edit(func(e *estate.Estate) *estate.Table[estate.VPC] { return &e.VPCs }, "vpc-a", func(v *estate.VPC) {
		v.CIDRs = append(slices.Clone(v.CIDRs), prefix("10.9.0.0/20"))
	}), Overlap, "vpc-a", spokes, false, "give VPC vpc-a an endpoint of its own, or a range that VPC vpc-h does not have", ""},
	{"endpoint waits", transit, edit(func(e *estate.Estate) *estate.Table[estate.Endpoint] { return &e.Endpoints }, "vpce-1", func(p *estate.Endpoint) {
		p.State = estate.EndpointPendingAcceptance
	}), EndpointState, "vpce-1", hubs, false, "accept the connection at its endpoint service", ""},

	{"peering not accepted", peered, peering(estate.PeeringPending),
		PeeringWaits, "pcx-1", hubs, false, "accept pcx-1 in account 222222222222", ""},
	{"peering rejected", peered, peering("rejected"),
		PeeringState, "pcx-1", spokes, false, "peer VPC vpc-a with VPC vpc-h again", ""},
	{"peering gone", peered, func(e *estate.Estate) { e.Peerings.Delete("pcx-1") },
		NoPeering, "pcx-1", spokes, false, "peer VPC vpc-a with VPC vpc-h again, and let 10.9.0.0/16 go there", ""},
	{"peering without a route", peered, rtb("rtb-a", without("10.9.0.0/16")),
		NoRoute, "rtb-a", spokes, false, "in rtb-a add a route for 10.9.0.0/16 to pcx-1", ""},
	{"peering without a route back", peered, rtb("rtb-h", without("10.1.0.0/16")),
		NoRoute, "rtb-h", hubs, true, "in rtb-h add a route for 10.1.0.0/16 to pcx-1", ""},
	{"peering leads elsewhere", peered, several(rtb("rtb-a", with(route("10.9.0.0/17", "pcx-2"))), func(e *estate.Estate) {
		e.Peerings.Put(estate.Peering{ID: "pcx-2", State: estate.PeeringActive, Requester: estate.PeeringSide{VPC: "vpc-a"}, Accepter: estate.PeeringSide{VPC: "vpc-x"}})
	}), RouteElsewhere, "rtb-a", spokes, false, "in rtb-a let 10.9.0.0/17 go to pcx-1", ""},
}

// mends does what a hint says, in the words of the hint.
var mends = []struct {
	words *regexp.Regexp
	do    func(e *estate.Estate, m []string)
}{
	{regexp.MustCompile(`^attach VPC vpc-(\S+) to tgw-1( again)?$`), func(e *estate.Estate, m []string) {
		v, _ := e.VPCs.Get("vpc-" + m[1])
		e.TransitAttachments.Delete("tgw-attach-" + m[1])
		several(ttb("tgw-rtb-1", transitRoutes(v.CIDRs[0].String())), attach(m[1], v.Account),
			func(e *estate.Estate) { // a route to what comes back is no longer black
				for t := range e.RouteTables.By(estate.ByVPC(v.ID)) {
					t.Routes = slices.Clone(t.Routes)
					for i := range t.Routes {
						t.Routes[i].State = estate.RouteActive
					}
					e.RouteTables.Put(t)
				}
			})(e)
	}},
	{regexp.MustCompile(`^accept (tgw-\S+) in account (\d+)$`), func(e *estate.Estate, m []string) { att(m[1], state(estate.AttachmentAvailable))(e) }},
	{regexp.MustCompile(`^wait until it is available$`), func(e *estate.Estate, _ []string) { att("tgw-attach-a", state(estate.AttachmentAvailable))(e) }},
	{regexp.MustCompile(`^add a subnet in \S+ to (\S+), (\S+) for one$`), func(e *estate.Estate, m []string) {
		att(m[1], func(a *estate.TransitAttachment) { a.Subnets = append(slices.Clone(a.Subnets), m[2]) })(e)
	}},
	{regexp.MustCompile(`^in (rtb-\S+) (?:add a|replace the|delete the|let) (?:route for )?(\S+) (?:and make it again |by one |go )?to (\S+)$`), func(e *estate.Estate, m []string) {
		several(rtb(m[1], without(m[2])), rtb(m[1], with(route(m[2], m[3]))))(e)
	}},
	{regexp.MustCompile(`^associate (\S+) with a route table of tgw-1$`), func(e *estate.Estate, m []string) {
		att(m[1], func(a *estate.TransitAttachment) { a.Table = "tgw-rtb-1" })(e)
	}},
	{regexp.MustCompile(`^let (\S+) propagate to (\S+)$`), func(e *estate.Estate, m []string) {
		a, _ := e.TransitAttachments.Get(m[1])
		v, _ := e.VPCs.Get(a.VPC)
		ttb(m[2], transitRoutes("10.255.0.0/16", estate.TransitRoute{To: v.CIDRs[0], Attachment: a.ID, Propagated: true, State: estate.RouteActive}))(e)
	}},
	{regexp.MustCompile(`^in (tgw-rtb-\S+) (?:add a route for|let) (\S+) (?:go )?to (\S+)$`), func(e *estate.Estate, m []string) {
		ttb(m[1], transitRoutes(m[2], estate.TransitRoute{To: prefix(m[2]), Attachment: m[3], State: estate.RouteActive}))(e)
	}},
	{regexp.MustCompile(`^in (sg-\S+) admit (\S+) (\d+) from (\S+)$`), func(e *estate.Estate, m []string) {
		port, _ := strconv.Atoi(m[3])
		sg(m[1], only(estate.GroupRule{Protocol: m[2], From: int32(port), To: int32(port), CIDR: prefix(m[4])}))(e)
	}},
	{regexp.MustCompile(`^in (acl-\S+) allow (inbound|outbound) tcp (\d+)(?:-(\d+))? (?:from|to) (\S+?)(?: before entry \d+)?$`), func(e *estate.Estate, m []string) {
		from, _ := strconv.Atoi(m[3])
		to, _ := strconv.Atoi(cmp.Or(m[4], m[3]))
		nacl(m[1], entry(estate.ACLEntry{Number: 1, Egress: m[2] == "outbound", Allow: true, Protocol: "6", CIDR: prefix(m[5]), From: int32(from), To: int32(to)}))(e)
	}},
	{regexp.MustCompile(`^give VPC vpc-a .* or a range that VPC vpc-h does not have$`), func(e *estate.Estate, _ []string) {
		edit(func(e *estate.Estate) *estate.Table[estate.VPC] { return &e.VPCs }, "vpc-a", func(v *estate.VPC) { v.CIDRs = v.CIDRs[:1] })(e)
	}},
	{regexp.MustCompile(`^accept the connection at its endpoint service$`), func(e *estate.Estate, _ []string) {
		edit(func(e *estate.Estate) *estate.Table[estate.Endpoint] { return &e.Endpoints }, "vpce-1", func(p *estate.Endpoint) { p.State = estate.EndpointAvailable })(e)
	}},
	{regexp.MustCompile(`^(?:accept pcx-1 in account \d+|peer VPC vpc-a with VPC vpc-h again(?:, and let \S+ go there)?)$`), func(e *estate.Estate, _ []string) {
		e.Peerings = peered().Peerings
	}},
}

// mend does what a hint says.
func mend(t *testing.T, e estate.Estate, hint string) estate.Estate {
	t.Helper()
	for _, m := range mends {
		if words := m.words.FindStringSubmatch(hint); words != nil {
			m.do(&e, words)
			return e
		}
	}
	t.Fatalf("nobody can do %q", hint)
	return e
}

// TestBroken: each network works, has one thing broken, and is told exactly that
// thing; who does what the hint says, and nothing else, has a network that works.
func TestBroken(t *testing.T) {
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			works := c.from()
			if v := verdict(works); v.Outcome != Reached {
				t.Fatalf("before: %s", show(v))
			}
			e := works
			c.breaks(&e)
			v := verdict(e)
			b := v.Break()
			if v.Outcome != Broken || b == nil {
				t.Fatalf("got %s", show(v))
			}
			if b.Code != c.code || b.Resource != c.resource || b.Account != c.account || b.Back != c.back || b.Hint != c.hint || b.Region != region {
				t.Errorf("got  %+v\nwant %s %s %s back %t %q", *b, c.code, c.resource, c.account, c.back, c.hint)
			}
			for _, p := range v.Parts {
				if p.Outcome != Reached && (p.Break.Code != c.code || p.Break.Resource != c.resource) {
					t.Errorf("another thing, too: %+v", *p.Break)
				}
			}
			after := mend(t, e, b.Hint)
			if c.more != "" {
				b := verdict(after).Break()
				if b == nil || b.Hint != c.more {
					t.Fatalf("then got %+v, want %q", b, c.more)
				}
				after = mend(t, after, b.Hint)
			}
			if v := verdict(after); v.Outcome != Reached {
				t.Errorf("after %q: %s", b.Hint, show(v))
			}
			if !strings.Contains(b.Text, b.Resource) {
				t.Errorf("%q does not name %s", b.Text, b.Resource)
			}
		})
	}
}

func show(v Verdict) string {
	out := fmt.Sprintf("%s %s", v.VPC, v.Outcome)
	for _, p := range v.Parts {
		out += fmt.Sprintf("\n%v %v %s", p.Subnets, p.Addresses, p.Outcome)
		for _, h := range p.Path {
			out += "\n  " + h.String()
		}
		if p.Break != nil {
			out += fmt.Sprintf("\n  %+v", *p.Break)
		}
	}
	return out
}
