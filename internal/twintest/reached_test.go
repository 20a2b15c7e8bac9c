package twintest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reach"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// TestReachedWhenNamed: while VPCs come to a share and leave it, and while it is
// taken out, none is answered with addresses of the hub to which nothing leads.
// Where the order is another, that is seen.
func TestReachedWhenNamed(t *testing.T) {
	t.Parallel()
	for _, via := range []string{"profile", "resolver"} {
		t.Run(via, func(t *testing.T) {
			t.Parallel()
			r := shareRig(t, via)
			made := r.world()
			if err := r.converge(t.Context(), made, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			names := recipe.SharedNames(recipe.Input{Config: r.cfg, Estate: made.Estate(), Now: made.Now()})
			if len(names) == 0 {
				t.Fatal("no name is shared")
			}
			few := rig{r.cfg, r.start}
			few.start.VPCs.Put(untagged(few.start, "666666666666")...)
			without := few.world()
			if err := few.converge(t.Context(), without, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			selected := func(w *world.World, change func(estate.Estate) []estate.VPC) *world.World {
				w = w.Fork(clock.NewVirtual(w.Now()))
				if err := w.Update(func(s *world.State) error { s.Estate.VPCs.Put(change(s.Estate)...); return nil }); err != nil {
					t.Fatal(err)
				}
				return w
			}
			for _, tt := range []struct {
				name string
				from func() *world.World
				o    reconcile.Options
			}{
				{"comes", func() *world.World {
					return selected(without, func(estate.Estate) []estate.VPC { return vpcsIn(r.start, "666666666666") })
				}, reconcile.Options{}},
				{"goes", func() *world.World {
					return selected(made, func(e estate.Estate) []estate.VPC { return untagged(e, "666666666666") })
				}, reconcile.Options{AcceptLimits: true}},
				{"destroyed", func() *world.World { return made.Fork(clock.NewVirtual(made.Now())) }, reconcile.Options{Destroy: true, AcceptLimits: true}},
			} {
				for _, l := range r.lost(t, tt.from(), tt.o, names, func(p *plan.Plan) {}) {
					t.Errorf("%s: %s", tt.name, l)
				}
				if lost := r.lost(t, tt.from(), tt.o, names, swappedWays); len(lost) == 0 {
					t.Errorf("%s: it is not seen when names come first, or go last", tt.name)
				}
			}
		})
	}
}

func vpcsIn(e estate.Estate, account estate.AccountID) []estate.VPC {
	return slices.Collect(e.VPCs.By(estate.ByAccount(account)))
}

// untagged are the VPCs of an account without what selects them.
func untagged(e estate.Estate, account estate.AccountID) []estate.VPC {
	list := vpcsIn(e, account)
	for i := range list {
		list[i].Tags = estate.Tags{}
	}
	return list
}

// swappedWays makes names come before the way, and the way go before the names.
func swappedWays(p *plan.Plan) {
	kinds := map[bool][]plan.Kind{
		true:  {plan.KindProfileAssociation, plan.KindRuleAssociation},
		false: {plan.KindSecurityGroup, plan.KindRoutes, plan.KindTransitAttachment, plan.KindTransitAcceptance},
	}
	of := map[bool][]plan.Dependency{}
	is := func(c plan.Change, names bool) bool { return slices.Contains(kinds[names], c.Item().Kind()) }
	for _, names := range []bool{true, false} {
		for _, c := range p.Changes {
			if is(c, names) {
				of[names] = append(of[names], plan.Dependency{Address: c.Address, Settled: true})
			}
		}
	}
	goes := slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return is(c, true) && c.Action == plan.Delete })
	for i := range p.Changes {
		c := &p.Changes[i]
		for _, names := range []bool{true, false} {
			if is(*c, names) {
				c.Needs = slices.DeleteFunc(slices.Clone(c.Needs), func(d plan.Dependency) bool { return slices.Contains(of[!names], d) })
				if goes == names {
					c.Needs = append(c.Needs, of[!names]...)
				}
			}
		}
	}
}

// lost carries out a plan, and tells where a name leads to what is not reached.
func (r rig) lost(t *testing.T, w *world.World, o reconcile.Options, names []recipe.SharedName, change func(*plan.Plan)) []string {
	t.Helper()
	p := r.process(w, nil)
	planned, err := p.plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	change(planned.Plan)
	var lost []string
	w.OnCall(func(x world.Event) {
		if !x.Changed || len(lost) > 9 {
			return
		}
		in := recipe.Input{Config: r.cfg, Estate: w.Estate(), Now: w.Now()}
		resolver := resolve.New(in.Estate, resolve.DefaultPolicy)
		for _, n := range names {
			for _, v := range n.VPCs {
				from := resolve.Vantage{VPC: v.ID}
				verdict := reconcile.Reaches(in, from, resolver.Resolve(from, n.Name, "A"))
				if verdict != nil && verdict.Outcome == reach.Broken {
					lost = append(lost, fmt.Sprintf("after call %d (%s %s) %s leads from %s where nothing leads: %s", x.Number, x.Account, x.Operation, n.Name, v.ID, strings.TrimSpace(fmt.Sprint(verdict.Parts[0]))))
				}
			}
		}
	})
	// What fails for being out of order is part of the matter.
	if _, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true}); err != nil {
		t.Fatal(err)
	}
	return lost
}
