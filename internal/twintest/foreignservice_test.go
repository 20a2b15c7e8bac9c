package twintest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// TestForeignAcceptance: a service of somebody else asks for acceptance. The
// endpoint is made; who has to accept what is told, and what needs its names is
// left to the run that finds it accepted, while the rest of the share works. A
// change of mechanism waits for it; a rejection is an error.
func TestForeignAcceptance(t *testing.T) {
	const service = "com.amazonaws.vpce.eu-west-1.vpce-svc-0777777777777777f"
	profile := []string{"    regions: [eu-west-1, eu-central-1]\n", "    regions: [eu-west-1]\n", "services: [ec2, sts, ecr.dkr]", "services: [ec2, " + service + "]", "expect:\n" + expectEC2 + expectPay, ""}
	resolver := append([]string{"    via: profile", "    via: resolver"}, profile...)
	own := append([]string{"    via: profile", "    via: own", "    vpc: { tags: { role: shared-services } }\n", "",
		"    connect: { transitGateway: { tags: { role: backbone }, account: network } }\n", ""}, profile...)
	for _, tt := range []struct {
		name       string
		as, change []string
		endpoints  int
	}{
		{"profile", profile, own, 1},
		{"resolver", resolver, profile, 1},
		{"own", own, resolver, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := shareVariant(t, "profile", tt.as...)
			r.start.Accounts.Put(estate.Account{ID: "777777777777", Name: "vendor", Status: estate.AccountActive, Parent: r.start.Organization.Root})
			r.start.EndpointServices.Put(estate.EndpointService{
				ID: "vpce-svc-0777777777777777f", Name: service, Account: "777777777777", Region: ireland, State: "Available", Acceptance: true, IPTypes: []string{"ipv4"}, Regions: []estate.Region{ireland},
				Zones: []string{"eu-west-1a", "eu-west-1b"}, Principals: []string{"*"}, PrivateName: dnsname.MustParse("api.vendor.example"), NameState: estate.NameVerified,
			})
			w := r.world()
			rest := func(waits int) {
				t.Helper()
				if err := r.converge(t.Context(), w, reconcile.Options{AcceptLimits: true}); err != nil {
					t.Fatal(err)
				}
				verified, err := r.process(w, nil).Verify(t.Context(), reconcile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range verified.Checks {
					if !c.OK {
						t.Errorf("%+v", c)
					}
				}
				if len(verified.Waiting) != waits {
					t.Errorf("waits for %v, not for %d endpoints", verified.Waiting, waits)
				}
				for _, x := range verified.Waiting {
					for _, part := range []string{"account 777777777777, which owns the service " + service, "to accept endpoint vpce-", "in eu-west-1"} {
						if !strings.Contains(x.For, part) {
							t.Errorf("%q does not say %q", x.For, part)
						}
					}
				}
			}
			rest(tt.endpoints)
			for _, vpc := range []string{"vpc-044444444444444a0", "vpc-033333333333333a0"} {
				resolves(t, w.Estate(), vpc, "ec2.eu-west-1.amazonaws.com", "10.")
			}
			judge(t, w, estate.EndpointAvailable)
			rest(0)
			answered := func() {
				t.Helper()
				for _, vpc := range []string{"vpc-044444444444444a0", "vpc-033333333333333a0"} {
					resolves(t, w.Estate(), vpc, "api.vendor.example", "10.")
				}
			}
			answered()

			r.cfg = shareVariant(t, "profile", tt.change...).cfg
			if tt.name == "resolver" { // the hub's endpoint was accepted: nothing to wait for
				rest(0)
				answered()
				return
			}
			rest(map[string]int{"profile": 3, "own": 1}[tt.name])
			answered()
			judge(t, w, estate.EndpointAvailable)
			rest(0)
			answered()
			if tt.name == "own" {
				judge(t, w, estate.EndpointRejected)
				planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if got := fmt.Sprint(planned.Diagnostics.Err()); !strings.Contains(got, "account 777777777777 rejected endpoint vpce-") {
					t.Errorf("said %s", got)
				}
			}
		})
	}
}

// judge is what the owner of a service makes of the endpoints to it.
func judge(t *testing.T, w *world.World, state string) {
	t.Helper()
	err := w.Update(func(s *world.State) error {
		for p := range s.Estate.Endpoints.All() {
			if strings.HasSuffix(p.Service, "vpce-svc-0777777777777777f") {
				p.State = state
				s.Estate.Endpoints.Put(p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
