package twintest

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// transition is from the way before it to another, with pairs of its steps whose
// order the answers of walkVPC hang on.
type transition struct {
	to    string
	swaps []walkSwap
}

// walkSwap are two steps of a transition, in the order that the plan has.
type walkSwap struct {
	name        string
	first, then func(plan.Change) bool
}

const walkVPC = "vpc-030000000001100a"

// rounds begin with endpoints of everybody's own and come back to them, one way
// round and the other: all six transitions, and each from what the one before
// leaves in the hub, where zones or private DNS stay as they are.
var rounds = map[string][]transition{
	"resolver first": {
		{config.ViaResolver, []walkSwap{
			{"the rule before the own endpoint's names", ofVPC(plan.KindRuleAssociation, plan.Create, walkVPC), named(walkVPC, "/names")},
			{"the rule before the own endpoint goes", ofVPC(plan.KindRuleAssociation, plan.Create, walkVPC), ofVPC(plan.KindEndpoint, plan.Delete, walkVPC)},
			{"the deadline before the own endpoint goes", named(walkVPC, "/deadline-final"), ofVPC(plan.KindEndpoint, plan.Delete, walkVPC)},
		}},
		{config.ViaProfile, []walkSwap{
			{"the Profile before the rule goes", ofVPC(plan.KindProfileAssociation, plan.Create, walkVPC), ofVPC(plan.KindRuleAssociation, plan.Delete, walkVPC)},
			{"the rule's association before its share goes", ofVPC(plan.KindRuleAssociation, plan.Delete, walkVPC), ofVPC(plan.KindShare, plan.Delete, "")},
			{"the rule's association before the inbound endpoint goes", ofVPC(plan.KindRuleAssociation, plan.Delete, walkVPC), ofVPC(plan.KindResolverEndpoint, plan.Delete, "")},
		}},
		{config.ViaOwn, []walkSwap{
			{"the own endpoint before the Profile goes", ofVPC(plan.KindEndpoint, plan.Create, walkVPC), ofVPC(plan.KindProfileAssociation, plan.Delete, walkVPC)},
			{"the deadline before the hub's endpoint goes", named("/endpoints/", "/deadline-final"), ofVPC(plan.KindEndpoint, plan.Delete, walkHubVPC)},
			{"the Profile before the hub's endpoint goes", ofVPC(plan.KindProfileAssociation, plan.Delete, walkVPC), ofVPC(plan.KindEndpoint, plan.Delete, walkHubVPC)},
		}},
	},
	"profile first": {
		{config.ViaProfile, []walkSwap{
			{"the Profile before the own endpoint's names", ofVPC(plan.KindProfileAssociation, plan.Create, walkVPC), named(walkVPC, "/names")},
			{"the Profile before the own endpoint goes", ofVPC(plan.KindProfileAssociation, plan.Create, walkVPC), ofVPC(plan.KindEndpoint, plan.Delete, walkVPC)},
			{"what the Profile carries before the own endpoint goes", ofVPC(plan.KindProfileResource, plan.Create, ""), named(walkVPC, "/names")},
		}},
		{config.ViaResolver, []walkSwap{
			{"the rule before the Profile goes", ofVPC(plan.KindRuleAssociation, plan.Create, walkVPC), ofVPC(plan.KindProfileAssociation, plan.Delete, walkVPC)},
			{"the rule before what the Profile carries goes", ofVPC(plan.KindRuleAssociation, plan.Create, walkVPC), ofVPC(plan.KindProfileResource, plan.Delete, "")},
			{"the Profile's association before its share goes", ofVPC(plan.KindRuleAssociation, plan.Create, walkVPC), ofVPC(plan.KindShare, plan.Delete, "")},
		}},
		{config.ViaOwn, []walkSwap{
			{"the own endpoint before the rule goes", ofVPC(plan.KindEndpoint, plan.Create, walkVPC), ofVPC(plan.KindRuleAssociation, plan.Delete, walkVPC)},
			{"the rule's association before its share goes", ofVPC(plan.KindEndpoint, plan.Create, walkVPC), ofVPC(plan.KindShare, plan.Delete, "")},
			{"the rule before the hub's endpoint goes", ofVPC(plan.KindRuleAssociation, plan.Delete, walkVPC), ofVPC(plan.KindEndpoint, plan.Delete, walkHubVPC)},
		}},
	},
}

// ofVPC is a step with an object of a kind in a VPC, or anywhere.
func ofVPC(k plan.Kind, a plan.Action, vpc string) func(plan.Change) bool {
	return func(c plan.Change) bool {
		o := c.Item().Object
		if o == nil || o.Kind != k || c.Action != a {
			return false
		}
		return vpc == "" || slices.Contains(o.Fields["vpc"], plan.Lit(vpc))
	}
}

// named is a step whose address holds a part and ends in another.
func named(part, end string) func(plan.Change) bool {
	return func(c plan.Change) bool {
		return strings.Contains(c.Address, part) && strings.HasSuffix(c.Address, end)
	}
}

// TestMigrationWalk: at every step from each way to each other one, each consumer
// VPC has the right answer for each private name, whatever AWS does where no page
// says so; and no address goes that somebody may still have in a cache. Where two
// steps change places, that is seen. With the default policy every VPC is asked,
// with each switch flipped a fifth of them, or with WALK_ALL=1 all.
func TestMigrationWalk(t *testing.T) {
	t.Parallel()
	for name, round := range rounds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rig{walkConfig(t, config.ViaOwn), walkEstate()}
			w := r.world()
			walkApply(t, r, w, walkPlan(t, r, w).Plan)
			for _, x := range round {
				r.cfg = walkConfig(t, x.to)
				if !t.Run("to "+x.to, func(t *testing.T) { r.migrate(t, w, x.swaps) }) {
					return
				}
			}
		})
	}
}

// migrate walks a transition to its end, and then with each two steps swapped.
func (r rig) migrate(t *testing.T, w *world.World, swaps []walkSwap) {
	before := w.Fork(clock.NewVirtual(w.Now()))
	planned := walkPlan(t, r, w)
	watch := newWalkWatch(policies())
	if os.Getenv("WALK_ALL") == "" {
		watch.every = 5
	}
	watch.look(w.Estate(), "before")
	watch.at(w)
	walkApply(t, r, w, planned.Plan)
	watch.look(w.Estate(), "at the end")
	for _, x := range watch.wrong {
		t.Error(x)
	}
	t.Logf("%d changes, %d questions", len(planned.Changes), watch.asked)
	for _, c := range walkPlan(t, r, w).Changes {
		t.Errorf("left to do: %s %s", c.Action, c.Address)
	}
	if t.Failed() {
		t.FailNow()
	}
	for _, s := range swaps {
		t.Run("swapped/"+s.name, func(t *testing.T) {
			f := before.Fork(clock.NewVirtual(before.Now()))
			watch := newWalkWatch(map[string]resolve.Policy{usual: resolve.DefaultPolicy})
			watch.only = walkVPC
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			watch.found = cancel
			watch.at(f)
			// What fails for being out of order is part of the matter.
			if _, err := r.process(f, nil).Apply(ctx, swapped(t, planned.Plan, s), reconcile.ApplyOptions{Wait: true}); err != nil && ctx.Err() == nil {
				t.Fatal(err)
			}
			if len(watch.wrong) == 0 {
				t.Fatal("the walk does not see that the steps are swapped")
			}
			t.Log(watch.wrong[0])
		})
	}
}

// swapped is a plan in which the second of two steps comes first.
func swapped(t *testing.T, p *plan.Plan, s walkSwap) *plan.Plan {
	t.Helper()
	q := *p
	q.Changes = slices.Clone(p.Changes)
	i, j := slices.IndexFunc(q.Changes, s.first), slices.IndexFunc(q.Changes, s.then)
	if i < 0 || j < 0 {
		t.Fatalf("the plan has no such steps: %d, %d", i, j)
	}
	first, then := &q.Changes[i], &q.Changes[j]
	then.Needs, then.Delays = nil, nil
	first.Needs = append(slices.Clone(first.Needs), plan.Dependency{Address: then.Address, Settled: true})
	return &q
}

// TestHubStays: what answers in a live hub, private DNS or zones, stays when the
// mechanism changes, and a note says so; with a gap accepted it follows.
func TestHubStays(t *testing.T) {
	t.Parallel()
	r := rig{walkConfig(t, config.ViaResolver), walkEstate()}
	w := r.world()
	gap := reconcile.Options{AcceptLimits: true, AcceptGap: true}
	for _, ph := range []struct {
		via   string
		o     reconcile.Options
		zones bool // answer, not private DNS
		note  bool
	}{
		{config.ViaResolver, walkOptions, true, false},
		{config.ViaProfile, walkOptions, true, true},
		{config.ViaProfile, gap, false, false},
		{config.ViaResolver, walkOptions, false, true},
		{config.ViaResolver, gap, true, false},
	} {
		r.cfg = walkConfig(t, ph.via)
		if err := r.converge(t.Context(), w, ph.o); err != nil {
			t.Fatal(ph.via, err)
		}
		e := w.Estate()
		for p := range e.Endpoints.By(estate.ByVPC(walkHubVPC)) {
			if p.PrivateDNS == ph.zones {
				t.Errorf("via %s, gap accepted: %v: private DNS of %s is %v", ph.via, ph.o.AcceptGap, p.Service, p.PrivateDNS)
			}
		}
		want := 0
		if ph.zones {
			want = len(walkServices)
		}
		if e.Zones.Len() != want {
			t.Errorf("via %s, gap accepted: %v: %d zones", ph.via, ph.o.AcceptGap, e.Zones.Len())
		}
		planned := walkPlan(t, r, w)
		if kept := slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "kept" }); kept != ph.note {
			t.Errorf("via %s, gap accepted: %v: it is said that the hub stays: %v", ph.via, ph.o.AcceptGap, kept)
		}
		watch := newWalkWatch(policies())
		watch.look(e, "via "+ph.via)
		for _, x := range watch.wrong {
			t.Error(x)
		}
	}
}

// TestMigrationFails: what AWS gave up of the new way is no way: a run after it
// makes it anew, and the old way stays until that is in effect.
func TestMigrationFails(t *testing.T) {
	t.Parallel()
	r := rig{walkConfig(t, config.ViaProfile), walkEstate()}
	w := r.world()
	walkApply(t, r, w, walkPlan(t, r, w).Plan)
	r.cfg = walkConfig(t, config.ViaResolver)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.OnCall(func(world.Event) {
		if w.Estate().RuleAssociations.Len() > 0 {
			cancel()
		}
	})
	res, err := r.process(w, nil).Apply(ctx, walkPlan(t, r, w).Plan, reconcile.ApplyOptions{Wait: true})
	if err == nil && res.Complete() {
		t.Fatal("the run went on")
	}
	w = w.Fork(clock.NewVirtual(w.Now()))
	failed := 0
	if err := w.Update(func(s *world.State) error {
		var list []estate.RuleAssociation
		for a := range s.Estate.RuleAssociations.All() {
			a.Status = estate.StatusFailed
			list = append(list, a)
		}
		s.Estate.RuleAssociations.Put(list...)
		failed = len(list)
		return nil
	}); err != nil || failed == 0 {
		t.Fatalf("%d rule associations failed: %v", failed, err)
	}
	watch := newWalkWatch(map[string]resolve.Policy{usual: resolve.DefaultPolicy})
	watch.look(w.Estate(), "before")
	watch.at(w)
	walkApply(t, r, w, walkPlan(t, r, w).Plan)
	watch.look(w.Estate(), "at the end")
	for _, x := range watch.wrong {
		t.Error(x)
	}
	for a := range w.Estate().RuleAssociations.All() {
		if a.Status != estate.StatusComplete {
			t.Errorf("%s is %s", a.ID, a.Status)
		}
	}
	for _, c := range walkPlan(t, r, w).Changes {
		t.Errorf("left to do: %s %s", c.Action, c.Address)
	}
}
