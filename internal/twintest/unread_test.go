package twintest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reach"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// What cannot be read is not absent: shares of which a call was refused.

// consumerReads are the calls by which a consumer's account is read.
var consumerReads = map[estate.QueryKind][2]string{
	estate.QueryVPCs:                {"ec2", "DescribeVpcs"},
	estate.QuerySubnets:             {"ec2", "DescribeSubnets"},
	estate.QuerySecurityGroups:      {"ec2", "DescribeSecurityGroups"},
	estate.QueryEndpoints:           {"ec2", "DescribeVpcEndpoints"},
	estate.QueryProfileAssociations: {"route53profiles", "ListProfileAssociations"},
	estate.QueryRuleAssociations:    {"route53resolver", "ListResolverRuleAssociations"},
	estate.QueryInvitations:         {"ram", "GetResourceShareInvitations"},
}

// oneRegion is the example in one Region, by any way, some lines written
// otherwise.
func oneRegion(t testing.TB, via string, pairs ...string) rig {
	t.Helper()
	pairs = append([]string{"    via: resolver", "    via: " + via, bothRegions, "    regions: [eu-west-1]\n", expectEC2, ""}, pairs...)
	if via == config.ViaOwn {
		pairs = append(pairs, "    vpc: { tags: { role: shared-services } }\n", "", connectLine, "")
	}
	return shareVariant(t, "resolver", pairs...)
}

const (
	bothRegions = "    regions: [eu-west-1, eu-central-1]\n"
	connectLine = "    connect: { transitGateway: { tags: { role: backbone }, account: network } }\n"
)

// TestUnreadConsumer: whatever is refused of one consumer's account, nothing is
// done anywhere, there or in the hub; and when a service is dropped in the same
// run, what the account's VPCs still need of it stays.
func TestUnreadConsumer(t *testing.T) {
	const services, less = "services: [ec2, sts]", "services: [ec2]"
	for _, via := range []string{config.ViaProfile, config.ViaResolver, config.ViaOwn} {
		t.Run(via, func(t *testing.T) {
			t.Parallel()
			rigs := []rig{oneRegion(t, via), oneRegion(t, via, services, less)}
			w := rigs[0].world()
			if err := rigs[0].converge(t.Context(), w, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			for kind, call := range consumerReads {
				if testing.Short() && kind != estate.QueryVPCs && kind != estate.QueryInvitations {
					continue
				}
				for i, r := range rigs {
					t.Run(fmt.Sprintf("%s/%d", kind, i), func(t *testing.T) {
						f := w.Fork(clock.NewVirtual(w.Now()))
						f.Inject(world.Fault{Account: shop, Service: call[0], Operation: call[1], Kind: world.FaultServer, Count: -1})
						planned := unreadPlan(t, r, f)
						for _, c := range planned.Changes {
							if i == 0 || taken(c) {
								t.Errorf("%s %s (%s): %s", c.Action, c.Address, c.ID, c.Reason)
							}
						}
						if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
							return d.Code == "unread" && d.Severity == diag.Warning && strings.Contains(d.Summary, string(shop))
						}) {
							t.Errorf("nobody says so: %v", planned.Diagnostics)
						}
					})
				}
			}
		})
	}
}

// unreadPlan is a plan without errors, with a rehearsal.
func unreadPlan(t *testing.T, r rig, w *world.World) *reconcile.Planned {
	t.Helper()
	planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{AcceptLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return planned
}

// taken reports whether a change takes something away on which VPCs of the
// unread account may rest: theirs, or of the hub.
func taken(c plan.Change) bool {
	o := c.Item().Object
	switch {
	case c.Account != shop && c.Account != walkHub: // of a consumer that was read
		return false
	case c.Action == plan.Delete || o == nil:
		return true
	case c.Before == nil:
		return false
	}
	for f, before := range c.Before.Object.Fields {
		if slices.ContainsFunc(before, func(v plan.Value) bool { return !slices.Contains(o.Fields[f], v) }) {
			return true
		}
	}
	return false
}

// TestUnreadMoves: while one consumer cannot be read the others go over to another
// way. It keeps the names, and the way to where they lead, after every call; and
// follows once it can be read, whereupon nothing of the old way is left.
func TestUnreadMoves(t *testing.T) {
	const shopVPC = "vpc-044444444444444a0"
	t.Parallel()
	for _, way := range [][2]string{{config.ViaProfile, config.ViaResolver}, {config.ViaResolver, config.ViaProfile}, {config.ViaResolver, config.ViaOwn}, {config.ViaOwn, config.ViaProfile}} {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			t.Parallel()
			r := oneRegion(t, way[0])
			w := r.world()
			if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			watch := newShareWatch("vpc-022222222222222a0", []string{"ec2", "sts"}, map[string]resolve.Policy{"default": resolve.DefaultPolicy})
			watch.look(w.Estate(), "before")
			watch.at(w)
			r.cfg = oneRegion(t, way[1]).cfg
			w.Inject(world.Fault{Account: shop, Service: "ec2", Operation: "DescribeVpcEndpoints", Kind: world.FaultServer, Count: -1})
			accepted := reconcile.Options{AcceptLimits: true}
			if err := r.converge(t.Context(), w, accepted); err != nil {
				t.Fatal(err)
			}
			e := w.Estate()
			for p := range e.Endpoints.All() {
				leads := way[0] != config.ViaOwn && p.VPC == "vpc-022222222222222a0" && p.State == estate.EndpointAvailable
				if b := reach.From(e, shopVPC).Endpoint(p, reach.Port{Number: 443, Protocol: "tcp"}).Break(); leads && b != nil {
					t.Errorf("%s does not reach %s any more: %s", shopVPC, p.ID, b.Text)
				}
			}
			w.ClearFaults()
			if err := r.converge(t.Context(), w, accepted); err != nil {
				t.Fatal(err)
			}
			watch.look(w.Estate(), "at the end")
			for _, x := range watch.wrong {
				t.Error(x)
			}
			if way[0] != config.ViaOwn { // else nothing answered in the hub, where it would stay
				return
			}
			again := oneRegion(t, way[1])
			other := again.world()
			if err := again.converge(t.Context(), other, accepted); err != nil {
				t.Fatal(err)
			}
			if left, want := remains(r, w.Estate()), remains(again, other.Estate()); !maps.Equal(left, want) {
				t.Errorf("%v stand, made at once it is %v", left, want)
			}
		})
	}
}
