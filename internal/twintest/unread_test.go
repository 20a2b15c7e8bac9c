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
	"github.com/orgdns/orgdns/internal/dnsname"
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

// TestUnreadProvider: whatever is refused of the hub, or of the account of an
// endpoint service of one's own, nothing is done: neither the service nor the
// proof of its name goes, and no endpoint is made anew.
func TestUnreadProvider(t *testing.T) {
	const payments = estate.AccountID("555555555555")
	type read struct {
		account            estate.AccountID
		service, operation string
	}
	reads := []read{{payments, "ec2", "DescribeVpcEndpointServiceConfigurations"}, {payments, "elbv2", "DescribeLoadBalancers"}, {payments, "elbv2", "DescribeListeners"}}
	inHub := []read{{walkHub, "ec2", "DescribeVpcEndpointServices"}, {walkHub, "route53profiles", "ListProfiles"}, {walkHub, "route53resolver", "ListResolverRules"},
		{walkHub, "route53resolver", "ListResolverEndpoints"}, {walkHub, "ram", "GetResourceShares"}}
	for _, call := range consumerReads {
		inHub = append(inHub, read{walkHub, call[0], call[1]})
	}
	inHub = slices.DeleteFunc(inHub, func(x read) bool { return x.operation == "GetResourceShareInvitations" }) // of others' shares
	for _, via := range []string{config.ViaProfile, config.ViaResolver, config.ViaOwn} {
		t.Run(via, func(t *testing.T) {
			t.Parallel()
			pairs := []string{"    via: profile", "    via: " + via, bothRegions, "    regions: [eu-west-1]\n", expectEC2, "", expectPay, "", "expect:\n", ""}
			list := append(slices.Clone(reads), inHub...)
			if via == config.ViaOwn {
				pairs, list = append(pairs, "    vpc: { tags: { role: shared-services } }\n", "", connectLine, ""), reads
			}
			r := shareVariant(t, "profile", pairs...)
			w := r.world()
			if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			for i, x := range list {
				if testing.Short() && i > 2 {
					break
				}
				t.Run(x.operation, func(t *testing.T) {
					f := w.Fork(clock.NewVirtual(w.Now()))
					f.Inject(world.Fault{Account: x.account, Service: x.service, Operation: x.operation, Kind: world.FaultServer, Count: -1})
					planned := unreadPlan(t, r, f)
					for _, c := range planned.Changes {
						t.Errorf("%s %s (%s): %s", c.Action, c.Address, c.ID, c.Reason)
					}
					if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
						return d.Code == "unread" && d.Severity == diag.Warning && strings.Contains(d.Summary, string(x.account))
					}) {
						t.Errorf("nobody says so: %v", planned.Diagnostics)
					}
				})
			}
			fresh := r.world() // where nothing of the service stands the rest is shared
			fresh.Inject(world.Fault{Account: payments, Service: "elbv2", Operation: "DescribeLoadBalancers", Kind: world.FaultServer, Count: -1})
			if err := r.converge(t.Context(), fresh, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			resolves(t, fresh.Estate(), corpVPC, "ec2.eu-west-1.amazonaws.com", "10.")
			fresh.ClearFaults()
			if err := r.converge(t.Context(), fresh, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			resolves(t, fresh.Estate(), corpVPC, "pay.payments.example.com", "10.")
		})
	}
}

// TestNoLongerOffered: a service whose owner lets nobody make more endpoints to it
// goes on to be shared by those that stand, until it is taken out.
func TestNoLongerOffered(t *testing.T) {
	const service = "com.amazonaws.vpce.eu-west-1.vpce-svc-0777777777777777f"
	for _, via := range []string{config.ViaProfile, config.ViaResolver, config.ViaOwn} {
		t.Run(via, func(t *testing.T) {
			t.Parallel()
			const services = "services: [ec2, sts]"
			r := oneRegion(t, via, services, "services: [ec2, "+service+"]")
			r.start.Accounts.Put(estate.Account{ID: "777777777777", Name: "vendor", Status: estate.AccountActive, Parent: r.start.Organization.Root})
			sold := estate.EndpointService{
				ID: "vpce-svc-0777777777777777f", Name: service, Account: "777777777777", Region: ireland, State: "Available", IPTypes: []string{"ipv4"}, Regions: []estate.Region{ireland},
				Zones: []string{"eu-west-1a", "eu-west-1b"}, Principals: []string{"*"}, PrivateName: dnsname.MustParse("api.vendor.example"), NameState: estate.NameVerified,
			}
			r.start.EndpointServices.Put(sold)
			w := r.world()
			if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			sold.Principals = nil
			if err := w.Update(func(s *world.State) error {
				s.Estate.EndpointServices.Put(sold)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			planned := unreadPlan(t, r, w)
			for _, c := range planned.Changes {
				t.Errorf("%s %s (%s): %s", c.Action, c.Address, c.ID, c.Reason)
			}
			if got := fmt.Sprint(planned.Diagnostics); !strings.Contains(got, service+" has no interface endpoints for account ") {
				t.Errorf("nobody says so: %s", got)
			}
			verified, err := r.process(w, nil).Verify(t.Context(), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(verified.Checks, func(c reconcile.Check) bool { return c.OK && c.Name == "api.vendor.example" }) {
				t.Errorf("its name is not verified any more: %+v", verified.Checks)
			}
			r.cfg = oneRegion(t, via, services, "services: [ec2]").cfg
			if err := r.converge(t.Context(), w, reconcile.Options{AcceptLimits: true}); err != nil {
				t.Fatal(err)
			}
			for p := range w.Estate().Endpoints.All() {
				if p.Service == service && p.State != estate.EndpointDeleting {
					t.Errorf("%s stands, though it is not wanted any more", p.ID)
				}
			}
		})
	}
}
