package twintest

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
)

// TestMoved: what follows from a field that changes is planned with what it will
// be, in one plan: the targets of rules once an inbound endpoint gets another
// subnet. Where none of its addresses would stay, that is refused.
func TestMoved(t *testing.T) {
	variant := func(subnets string) rig {
		r := shareVariant(t, "resolver", "    connect:", "    resolverEndpoints: { subnets: ["+subnets+", subnet-02222222222222b00, subnet-02222222222222b10] }\n    connect:")
		sub, _ := r.start.Subnets.Get("subnet-02222222222222a00")
		for i, id := range []string{"subnet-02222222222222a20", "subnet-02222222222222a30"} {
			sub.ID, sub.Zone, sub.CIDR = id, []string{"eu-west-1a", "eu-west-1b"}[i], netip.MustParsePrefix([]string{"10.20.32.0/20", "10.20.48.0/20"}[i])
			r.start.Subnets.Put(sub)
		}
		return r
	}
	r := variant("subnet-02222222222222a00, subnet-02222222222222a10")
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	r = variant("subnet-02222222222222a20, subnet-02222222222222a30")
	planned, err := r.process(w, nil).Plan(t.Context(), walkOptions)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "inbound-gap" }) {
		t.Errorf("that no address stays is not refused: %v", planned.Diagnostics)
	}
	r = variant("subnet-02222222222222a00, subnet-02222222222222a20")
	watch := newShareWatch("vpc-022222222222222a0", []string{"ec2", "sts"}, map[string]resolve.Policy{"default": resolve.DefaultPolicy})
	watch.at(w)
	if err := r.process(w, nil).run(t.Context(), walkOptions); err != nil {
		t.Fatal(err)
	}
	if watch.asked == 0 || len(watch.wrong) > 0 {
		t.Errorf("%d questions on the way: %s", watch.asked, strings.Join(watch.wrong, "\n"))
	}
	for _, c := range walkPlan(t, r, w).Changes {
		t.Errorf("left to do: %s %s", c.Action, c.Address)
	}
	e := w.Estate()
	for rule := range e.ResolverRules.All() {
		for _, to := range rule.Targets {
			heard := slices.Collect(e.ResolverEndpoints.By(estate.ByAddress(to.IP)))
			if len(heard) != 1 || heard[0].Direction != estate.EndpointInbound {
				t.Errorf("rule %s sends to %s, where nobody hears it", rule.Domain, to.IP)
			}
		}
	}
}

// TestRenamed: a service of one's own gets another private name: its new proof is
// published and verified in the plan that renames it.
func TestRenamed(t *testing.T) {
	r := shareVariant(t, "profile")
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	r = shareVariant(t, "profile", domainLine, strings.Replace(domainLine, "pay.", "paid.", 1), expectPay, "")
	if err := r.process(w, nil).run(t.Context(), walkOptions); err != nil {
		t.Fatal(err)
	}
	for _, c := range walkPlan(t, r, w).Changes {
		t.Errorf("left to do: %s %s", c.Action, c.Address)
	}
	for s := range w.Estate().EndpointServices.All() {
		if s.NameState != estate.NameVerified || s.PrivateName.String() != "paid.payments.example.com" {
			t.Errorf("service %s: %s is %s", s.ID, s.PrivateName, s.NameState)
		}
	}
}

// TestUsedWhileUpdating: Resolver endpoints that somebody has in the hub are used
// also while AWS changes them, since they answer.
func TestUsedWhileUpdating(t *testing.T) {
	r := shareVariant(t, "resolver")
	for i, direction := range []string{estate.EndpointInbound, estate.EndpointOutbound} {
		for j, region := range []estate.Region{"eu-west-1", "eu-central-1"} {
			at := []string{"a", "b"}[j]
			p := estate.ResolverEndpoint{ID: "rslvr-0" + []string{"in", "out"}[i] + at, Account: "222222222222", Region: region, VPC: "vpc-022222222222222" + at + "0", Direction: direction, Status: estate.StatusUpdating}
			for k, ip := range []string{"10.20.0.2", "10.20.16.2"} {
				if j == 1 {
					ip = strings.Replace(ip, "10.20.", "10.120.", 1)
				}
				p.Addresses = append(p.Addresses, estate.ResolverAddress{ID: "rni-" + p.ID + at, Subnet: "subnet-02222222222222" + at + []string{"00", "10"}[k], IP: netip.MustParseAddr(ip + []string{"0", "1"}[i])})
			}
			r.start.ResolverEndpoints.Put(p)
		}
	}
	planned, err := r.process(r.world(), nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range planned.Changes {
		if strings.HasSuffix(c.Address, "/inbound") || strings.HasSuffix(c.Address, "/outbound") {
			t.Errorf("another endpoint is made beside the one that stands: %s", c.Address)
		}
	}
	if len(planned.Changes) == 0 {
		t.Error(planned.Diagnostics)
	}
}
