package twintest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// shareLife applies an example of shared endpoints, finds nothing left to do,
// and takes it out again. Steps that could not be read are as bad as steps that
// fail.
func shareLife(t *testing.T, r rig) error {
	w := r.world()
	for _, ph := range []struct {
		name string
		o    reconcile.Options
	}{{"apply", reconcile.Options{}}, {"destroy", reconcile.Options{Destroy: true}}} {
		p := r.process(w, nil)
		planned, err := p.Plan(t.Context(), ph.o)
		if err != nil {
			return fmt.Errorf("%s: %w", ph.name, err)
		}
		if err := planned.Diagnostics.Err(); err != nil {
			return fmt.Errorf("%s: %w", ph.name, err)
		}
		if planned.Empty() {
			return fmt.Errorf("%s: nothing to do", ph.name)
		}
		for _, c := range planned.Changes {
			for _, u := range c.Unproven {
				if strings.HasPrefix(u, "sharing within the organization") {
					continue // no API tells it to an account but the management's
				}
				return fmt.Errorf("%s: %s is unproven: %s", ph.name, c.Address, u)
			}
		}
		res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
		if err != nil {
			return fmt.Errorf("%s: %w", ph.name, err)
		}
		if err := res.Diagnostics.Err(); err != nil || !res.Complete() {
			return fmt.Errorf("%s: %v %w", ph.name, res.States, err)
		}
		again, err := r.process(w, nil).Plan(t.Context(), ph.o)
		if err != nil {
			return fmt.Errorf("%s, again: %w", ph.name, err)
		}
		if !again.Empty() {
			return fmt.Errorf("%s leaves something to do: %v", ph.name, again.Changes[0].Address)
		}
	}
	return nil
}

// TestShareLeastPrivilege: the whole life of each example of shared endpoints
// runs with exactly the policies that `orgdns iam --observe` prints as the only
// ones of the roles.
func TestShareLeastPrivilege(t *testing.T) {
	t.Parallel()
	for _, via := range []string{"profile", "resolver"} {
		t.Run(via, func(t *testing.T) {
			r := shareRig(t, via)
			known, err := r.process(r.world(), nil).Observe(t.Context(), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				name string
				from estate.Estate
			}{{"observed", known}, {"not observed", r.start}} {
				t.Run(tt.name, func(t *testing.T) {
					least, docs := printed(t, r, tt.from)
					if len(docs) < 4 {
						t.Fatalf("roles for %d accounts alone", len(docs))
					}
					if err := shareLife(t, least); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}
