package world

import (
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
)

// TestLater: a status comes when its time does, whoever looks, in order; one
// that was overtaken does not come; what is refused leaves nothing behind.
func TestLater(t *testing.T) {
	c := clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	w := New(c, estate.Estate{})
	put := func(id, status string) func(*State) {
		return func(s *State) {
			s.Estate.RuleAssociations.Put(estate.RuleAssociation{ID: id, Status: status})
			to := estate.StatusComplete
			if status == estate.StatusDeleting {
				to = ""
			}
			s.Later(w.Now().Add(5*time.Second), Later{LaterRuleAssociation, id, status, to})
		}
	}
	do := func(f func(*State)) {
		if err := w.Update(func(s *State) error { f(s); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	status := func(id string) string {
		a, ok := w.Estate().RuleAssociations.Get(id)
		if !ok {
			return "none"
		}
		return a.Status
	}
	do(put("a", estate.StatusCreating))
	do(put("b", estate.StatusCreating))
	c.Advance(4 * time.Second)
	do(put("b", estate.StatusDeleting))
	if got := status("a"); got != estate.StatusCreating {
		t.Errorf("too early: %s", got)
	}
	fork := w.Fork(clock.NewVirtual(c.Now()))
	c.Advance(time.Second)
	if got := status("a") + " " + status("b"); got != "COMPLETE DELETING" {
		t.Errorf("after 5s: %s", got)
	}
	c.Advance(4 * time.Second)
	if got := status("a") + " " + status("b"); got != "COMPLETE none" {
		t.Errorf("after 9s: %s", got)
	}
	if a, _ := fork.Estate().RuleAssociations.Get("a"); a.Status != estate.StatusCreating {
		t.Errorf("the fork's clock stands: %s", a.Status)
	}
}

// TestArrive: an estate is loaded alone, without what is to come.
func TestArrive(t *testing.T) {
	var e estate.Estate
	e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "in", Status: estate.StatusCreating})
	e.ResolverRules.Put(estate.ResolverRule{ID: "rule", Status: estate.StatusUpdating})
	e.RuleAssociations.Put(estate.RuleAssociation{ID: "gone", Status: estate.StatusDeleting})
	e.Profiles.Put(estate.Profile{ID: "p", Status: estate.StatusFailed})
	got := New(clock.NewVirtual(time.Time{}), e).Estate()
	in, _ := got.ResolverEndpoints.Get("in")
	rule, _ := got.ResolverRules.Get("rule")
	p, _ := got.Profiles.Get("p")
	if in.Status != estate.StatusOperational || rule.Status != estate.StatusComplete || p.Status != estate.StatusFailed || got.RuleAssociations.Len() != 0 {
		t.Errorf("%s, %s, %s, %d associations", in.Status, rule.Status, p.Status, got.RuleAssociations.Len())
	}
}
