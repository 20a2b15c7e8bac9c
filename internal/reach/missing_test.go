package reach

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// make does to an estate what AWS would make of the wants.
func (w Wants) make(e *estate.Estate) {
	id := func(vpc string) string { return "tgw-attach-" + strings.TrimPrefix(vpc, "vpc-") }
	learn := func(table, vpc string) {
		v, _ := e.VPCs.Get(vpc)
		ttb(table, func(t *estate.TransitTable) {
			t.Propagating = append(slices.Clone(t.Propagating), id(vpc))
			t.Routes = append(slices.Clone(t.Routes), estate.TransitRoute{To: v.CIDRs[0], Attachment: id(vpc), Propagated: true, State: estate.RouteActive})
		})(e)
	}
	serve := func(vpc string) {
		g, _ := e.TransitGateways.Get("tgw-1")
		att(id(vpc), func(a *estate.TransitAttachment) { a.State, a.Table = estate.AttachmentAvailable, g.AssociationTable })(e)
		if g.PropagationTable != "" {
			learn(g.PropagationTable, vpc)
		}
	}
	waits := func(vpc string) bool {
		return slices.ContainsFunc(w.Accept, func(a Accept) bool { return a.VPC == vpc })
	}
	for _, a := range w.Attach {
		if a.Attachment != "" {
			att(a.Attachment, func(t *estate.TransitAttachment) { t.Subnets = append(slices.Clone(t.Subnets), a.Subnets...) })(e)
			continue
		}
		e.TransitAttachments.Put(estate.TransitAttachment{
			ID: id(a.VPC), Gateway: a.Gateway, Owner: nets, Account: a.Account, Region: a.Region, VPC: a.VPC, Subnets: a.Subnets,
			State: estate.AttachmentPendingAcceptance,
		})
		if !waits(a.VPC) {
			serve(a.VPC)
		}
	}
	for _, a := range w.Accept {
		serve(a.VPC)
	}
	for _, l := range w.Associate {
		att(id(l.VPC), func(a *estate.TransitAttachment) { a.Table = l.Table })(e)
	}
	for _, l := range w.Propagate {
		learn(l.Table, l.VPC)
	}
	for _, r := range w.Routes {
		several(rtb(r.Table, without(r.To.String())), rtb(r.Table, with(route(r.To.String(), r.Gateway))))(e)
	}
}

func table(e *estate.Estate) {
	e.TransitTables.Put(estate.TransitTable{ID: "tgw-rtb-1", Gateway: "tgw-1", Account: nets, Region: region})
}

// defaults lets the gateway associate and propagate by itself.
func defaults(e *estate.Estate) {
	e.TransitGateways.Put(estate.TransitGateway{ID: "tgw-1", Account: nets, Region: region, State: "available",
		AssociationTable: "tgw-rtb-1", PropagationTable: "tgw-rtb-1"})
}

// TestMissing: what is listed, and that nothing more is lacking when it is made.
func TestMissing(t *testing.T) {
	bare := build(gateway, table, vpc("a", spokes, 1), vpc("h", hubs, 9), endpoint("h", hubs, 9, "10.0.0.0/8"))
	half := build(gateway, vpc("a", spokes, 1), vpc("h", hubs, 9, route("10.0.0.0/8", "tgw-1")), attach("h", hubs), endpoint("h", hubs, 9, "10.0.0.0/8"))
	for _, c := range []struct {
		name string
		e    estate.Estate
		want string
	}{
		{"all is there", transit(), `{}`},
		{"nothing is there", bare, `{
			"attach": [
				{"gateway":"tgw-1","vpc":"vpc-a","account":"111111111111","region":"eu-west-1","subnets":["subnet-a-a","subnet-a-b"]},
				{"gateway":"tgw-1","vpc":"vpc-h","account":"222222222222","region":"eu-west-1","subnets":["subnet-h-a","subnet-h-b"]}],
			"accept": [
				{"gateway":"tgw-1","vpc":"vpc-a","account":"333333333333","region":"eu-west-1"},
				{"gateway":"tgw-1","vpc":"vpc-h","account":"333333333333","region":"eu-west-1"}],
			"associate": [
				{"vpc":"vpc-a","table":"tgw-rtb-1","account":"333333333333","region":"eu-west-1"},
				{"vpc":"vpc-h","table":"tgw-rtb-1","account":"333333333333","region":"eu-west-1"}],
			"propagate": [
				{"vpc":"vpc-a","table":"tgw-rtb-1","account":"333333333333","region":"eu-west-1"},
				{"vpc":"vpc-h","table":"tgw-rtb-1","account":"333333333333","region":"eu-west-1"}],
			"routes": [
				{"vpc":"vpc-a","table":"rtb-a","account":"111111111111","region":"eu-west-1","to":"10.9.0.0/16","gateway":"tgw-1"},
				{"vpc":"vpc-h","table":"rtb-h","account":"222222222222","region":"eu-west-1","to":"10.1.0.0/16","gateway":"tgw-1"}]}`},
		{"a hub that is connected, a gateway with defaults that takes all", build(func(e *estate.Estate) { *e = half }, defaults, func(e *estate.Estate) {
			g, _ := e.TransitGateways.Get("tgw-1")
			g.AutoAccept = true
			e.TransitGateways.Put(g)
		}), `{
			"attach": [{"gateway":"tgw-1","vpc":"vpc-a","account":"111111111111","region":"eu-west-1","subnets":["subnet-a-a","subnet-a-b"]}],
			"routes": [{"vpc":"vpc-a","table":"rtb-a","account":"111111111111","region":"eu-west-1","to":"10.9.0.0/16","gateway":"tgw-1"}]}`},
		{"waits to be accepted", build(func(e *estate.Estate) { *e = half }, defaults, rtb("rtb-a", with(route("10.9.0.0/16", "tgw-1"))), func(e *estate.Estate) {
			e.TransitAttachments.Put(estate.TransitAttachment{ID: "tgw-attach-a", Gateway: "tgw-1", Owner: nets, Account: spokes, Region: region, VPC: "vpc-a",
				Subnets: []string{"subnet-a-a"}, State: estate.AttachmentPendingAcceptance})
		}), `{
			"attach": [{"attachment":"tgw-attach-a","gateway":"tgw-1","vpc":"vpc-a","account":"111111111111","region":"eu-west-1","subnets":["subnet-a-b"]}],
			"accept": [{"attachment":"tgw-attach-a","gateway":"tgw-1","vpc":"vpc-a","account":"333333333333","region":"eu-west-1"}]}`},
		{"rejected once", build(func(e *estate.Estate) { *e = transit() }, defaults, ttb("tgw-rtb-1", silent("tgw-attach-a")), ttb("tgw-rtb-1", transitRoutes("10.1.0.0/16")),
			att("tgw-attach-a", state(estate.AttachmentRejected)), rtb("rtb-a", black("10.9.0.0/16"))), `{
			"attach": [{"gateway":"tgw-1","vpc":"vpc-a","account":"111111111111","region":"eu-west-1","subnets":["subnet-a-a","subnet-a-b"]}],
			"accept": [{"gateway":"tgw-1","vpc":"vpc-a","account":"333333333333","region":"eu-west-1"}],
			"routes": [{"vpc":"vpc-a","table":"rtb-a","account":"111111111111","region":"eu-west-1","to":"10.9.0.0/16","gateway":"tgw-1","replaces":"tgw-1"}]}`},
		{"not associated, not propagated", build(func(e *estate.Estate) { *e = transit() }, ttb("tgw-rtb-1", silent("tgw-attach-a")), ttb("tgw-rtb-1", transitRoutes("10.1.0.0/16")),
			att("tgw-attach-a", func(a *estate.TransitAttachment) { a.Table = "" })), `{
			"associate": [{"attachment":"tgw-attach-a","vpc":"vpc-a","table":"tgw-rtb-1","account":"333333333333","region":"eu-west-1"}],
			"propagate": [{"attachment":"tgw-attach-a","vpc":"vpc-a","table":"tgw-rtb-1","account":"333333333333","region":"eu-west-1"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := Link{"vpc-a", "vpc-h", "tgw-1", []string{"subnet-h-a", "subnet-h-b"}}
			w := Missing(c.e, l)
			got, err := json.Marshal(w)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Join(strings.Fields(c.want), ""); strings.Join(strings.Fields(string(got)), "") != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			e := c.e
			w.make(&e)
			if again := Missing(e, l); !again.None() {
				t.Errorf("afterwards still %+v", again)
			}
			if v := verdict(e); v.Outcome != Reached {
				t.Errorf("afterwards %s", show(v))
			}
		})
	}
}

// TestMissingStops: what is not for a program to decide, or not known, is said
// and nothing is wanted past it.
func TestMissingStops(t *testing.T) {
	for _, c := range []struct {
		name     string
		breaks   change
		code     Code
		resource string
		words    string
	}{
		{"overlap", vpc("h", hubs, 1), Overlap, "vpc-a", "VPC vpc-h (222222222222)"},
		{"another Region", func(e *estate.Estate) {
			v, _ := e.VPCs.Get("vpc-a")
			v.Region = "us-east-1"
			e.VPCs.Put(v)
		}, NotJudged, "tgw-1", "us-east-1"},
		{"attachment being deleted", att("tgw-attach-a", state(estate.AttachmentDeleting)), AttachmentState, "tgw-attach-a", "deleting"},
		{"dropped on purpose", ttb("tgw-rtb-1", transitRoutes("10.9.0.0/16", drop)), TransitBlackhole, "tgw-rtb-1", "nowhere"},
		{"through an inspection VPC", ttb("tgw-rtb-1", transitRoutes("10.9.0.0/16", estate.TransitRoute{To: prefix("0.0.0.0/0"), Attachment: "tgw-attach-i", State: estate.RouteActive})),
			TransitElsewhere, "tgw-rtb-1", "tgw-attach-i"},
		{"another route in the consumer", rtb("rtb-a", with(route("10.9.1.0/24", "eni-1"))), RouteElsewhere, "rtb-a", "eni-1"},
		{"unread", func(e *estate.Estate) {
			e.TransitAttachments.Delete("tgw-attach-a")
			for _, a := range []estate.AccountID{spokes, hubs} {
				answer(e, estate.QuerySubnets, a)
				answer(e, estate.QueryRouteTables, a)
			}
		}, Unread, "vpc-a", "transitAttachments was not read in account 111111111111"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := transit()
			c.breaks(&e)
			w := Missing(e, Link{Consumer: "vpc-a", Hub: "vpc-h", Gateway: "tgw-1"})
			if len(w.Breaks) != 1 || w.Breaks[0].Code != c.code || w.Breaks[0].Resource != c.resource || !strings.Contains(w.Breaks[0].Text, c.words) {
				t.Errorf("got %+v, want %s %s", w.Breaks, c.code, c.resource)
			}
			w.Breaks = nil
			if !w.None() {
				t.Errorf("wants %+v", w)
			}
		})
	}
}

// TestSmallest: an attachment takes the subnets that were made for it.
func TestSmallest(t *testing.T) {
	e := build(gateway, table, vpc("a", spokes, 1), vpc("h", hubs, 9))
	for _, z := range []string{"b", "a"} {
		e.Subnets.Put(estate.Subnet{ID: "subnet-a-tgw-" + z, VPC: "vpc-a", Account: spokes, Region: region, Zone: string(region) + z, CIDR: prefix("10.1.255.0/28")})
	}
	w := Missing(e, Link{Consumer: "vpc-a", Hub: "vpc-h", Gateway: "tgw-1"})
	if want := []string{"subnet-a-tgw-a", "subnet-a-tgw-b"}; !slices.Equal(w.Attach[0].Subnets, want) {
		t.Errorf("got %v, want %v", w.Attach[0].Subnets, want)
	}
}
