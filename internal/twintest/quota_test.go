package twintest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// TestRaisedQuota: what AWS gives to everybody is taken for an account's quota,
// and the plan names the key that says otherwise. With that the rehearsal goes by
// it, and AWS, which raised it, as well.
func TestRaisedQuota(t *testing.T) {
	const defaults = "defaults: { role: orgdns, region: eu-west-1 }\n"
	network := `  network:    { id: "222222222222"`
	for _, tt := range []struct {
		name  string
		pairs []string
		ok    bool
	}{
		{"not told", nil, false},
		{"told for all accounts", []string{defaults, defaults + "quotas: { resolverEndpoints: 6 }\n"}, true},
		{"told for the account", []string{network, network + ", quotas: { resolverEndpoints: 6 }", defaults, defaults + "quotas: { resolverEndpoints: 5 }\n"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := shareVariant(t, "resolver", tt.pairs...)
			for i := range 4 {
				r.start.ResolverEndpoints.Put(estate.ResolverEndpoint{
					ID: fmt.Sprintf("rslvr-in-000000000000000%02d", i), Account: walkHub, Region: ireland, VPC: "vpc-02222222222222aff", Direction: estate.EndpointInbound, Status: estate.StatusOperational,
				})
			}
			w := r.world()
			if !tt.ok {
				planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				got := fmt.Sprint(planned.Diagnostics.Err())
				for _, want := range []string{"account 222222222222 in eu-west-1 would have 6 Resolver endpoints; the quota is 4", "`quotas: { resolverEndpoints: … }`"} {
					if !strings.Contains(got, want) {
						t.Errorf("%q is not in\n%s", want, got)
					}
				}
				return
			}
			r.start.Quotas.Put(estate.Quota{Account: walkHub, Code: estate.QuotaResolverEndpoints, Value: 6})
			w = r.world()
			live(t, r, w, func() {})
		})
	}
}
