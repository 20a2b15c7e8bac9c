package twintest

import (
	"testing"
	"time"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// shareRig is the rig of an example of shared endpoints.
func shareRig(t testing.TB, via string) rig {
	t.Helper()
	return rig{loadConfig(t, examples.FS, "endpointshare-"+via), loadEstate(t, "endpointshare-"+via+"/estate.json")}
}

func shareParty(id estate.AccountID) string {
	switch id {
	case management:
		return "management"
	case "222222222222":
		return "hub"
	case "555555555555":
		return "provider"
	}
	return "consumers"
}

// TestShares: each example applies, answers as promised from every consumer VPC,
// has nothing left to do, and leaves on destroy what was there before.
func TestShares(t *testing.T) {
	t.Parallel()
	for _, via := range []string{"profile", "resolver"} {
		t.Run(via, func(t *testing.T) {
			r := shareRig(t, via)
			w := r.world()
			p := r.process(w, nil)
			planned, err := p.Plan(t.Context(), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range planned.Diagnostics {
				if d.Severity != diag.Note {
					t.Errorf("%v: %s: %s", d.Severity, d.Summary, d.Detail)
				}
			}
			if t.Failed() {
				t.FailNow()
			}
			w.ForgetCalls()
			res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := res.Diagnostics.Err(); err != nil || !res.Complete() {
				t.Fatal(err, res.States)
			}
			golden(t, "calls-share-"+via+".txt", callCounts(w, shareParty))
			verified, err := r.process(w, nil).Verify(t.Context(), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(verified.Checks) < 12 {
				t.Errorf("only %d names were checked", len(verified.Checks))
			}
			for _, c := range verified.Checks {
				if !c.OK || c.Computed {
					t.Errorf("%+v", c)
				}
			}
			again, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := again.Diagnostics.Err(); err != nil {
				t.Error(err)
			}
			for _, c := range again.Changes {
				t.Errorf("left to do: %s %s", c.Action, c.Address)
			}
			if err := r.converge(t.Context(), w, reconcile.Options{Destroy: true}); err != nil {
				t.Fatal(err)
			}
			if d := differs(form(t, r.start), form(t, w.Estate())); d != "" {
				t.Errorf("destroy leaves something else than was there before: %s", d)
			}
		})
	}
}

// TestFreshEndpoints: a run right after the one that made endpoints does not see
// all their network interfaces; it waits for them, and has nothing to do.
func TestFreshEndpoints(t *testing.T) {
	r := shareRig(t, "profile")
	w := r.world()
	if err := r.process(w, nil).run(t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	w.Inject(world.Fault{Account: "222222222222", Service: "ec2", Operation: "DescribeNetworkInterfaces", Kind: world.FaultStale, Delay: 90 * time.Second})
	planned, err := r.process(w, nil).plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range planned.Changes {
		t.Errorf("left to do: %s %s", c.Action, c.Address)
	}
}
