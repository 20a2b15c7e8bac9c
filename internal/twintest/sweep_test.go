package twintest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/audit"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// phase is a part of the life of a configuration.
type phase struct {
	name string
	o    reconcile.Options
}

// life is what the sweep walks: the configuration is made, then taken out.
var life = []phase{{"apply", reconcile.Options{}}, {"destroy", reconcile.Options{Destroy: true}}}

// TestCrashSweep: for each k the process dies after the k-th call that changed
// something, and a new one ends in the same estate, with nothing left to do.
// (A call that changes nothing leaves the world of the call before it.) At
// every commit on the way no name can be claimed by another, every delegation
// is whole, and no answer is lost that stands before and after.
func TestCrashSweep(t *testing.T) {
	r := acme(t)
	w := r.world()
	for _, ph := range life {
		seeds := []uint64{0, 1, 2}
		var next *world.World
		for _, seed := range seeds {
			name := fmt.Sprintf("%s/order%d", ph.name, seed)
			from := w.Fork(clock.NewVirtual(w.Now()))
			t.Run(name, func(t *testing.T) { next = r.sweep(t, from, ph.o, seed) })
			if t.Failed() {
				return
			}
		}
		w = next
	}
}

// sweep runs one phase undisturbed, forking the world after every change, then
// runs it anew from every fork. It gives the world at the end.
func (r rig) sweep(t *testing.T, w *world.World, o reconcile.Options, seed uint64) *world.World {
	ctx := t.Context()
	before := w.Estate()
	var forks []*world.World
	var at []world.Event
	w.OnCall(func(e world.Event) {
		if e.Changed {
			forks, at = append(forks, w.Fork(clock.NewVirtual(w.Now()))), append(at, e)
		}
	})
	var jitter *rand.Rand
	if seed > 0 {
		jitter = rand.New(rand.NewPCG(seed, seed))
	}
	if err := r.process(w, jitter).run(ctx, o); err != nil {
		t.Fatal(err)
	}
	if err := r.converge(ctx, w, o); err != nil {
		t.Fatal(err)
	}
	want := form(t, w.Estate())
	if len(forks) < 10 {
		t.Fatalf("only %d calls changed something", len(forks))
	}
	keep := lasting(before, w.Estate())
	for k, f := range forks {
		safe(t, fmt.Sprintf("after call %d (%s)", at[k].Number, at[k].Operation), f.Estate(), keep)
	}
	for k, f := range forks {
		// A world that continues is watched as well: a recovery may not break
		// what the undisturbed run kept.
		f.OnCall(func(e world.Event) {
			if e.Changed {
				safe(t, fmt.Sprintf("died after call %d, then call %d (%s)", at[k].Number, e.Number, e.Operation), f.Estate(), keep)
			}
		})
		if err := r.converge(ctx, f, o); err != nil {
			t.Fatalf("died after call %d (%s %s): %v", at[k].Number, at[k].Account, at[k].Operation, err)
		}
		if d := differs(want, form(t, f.Estate())); d != "" {
			t.Fatalf("died after call %d (%s %s): another estate, %s", at[k].Number, at[k].Account, at[k].Operation, d)
		}
	}
	t.Logf("%d crash points", len(forks))
	return w
}

// answer is a name that somebody can ask for.
type answer struct {
	name dnsname.Name
	kind string
}

// lasting are the questions that the internet gets an answer to both before
// and after.
func lasting(before, after estate.Estate) []answer {
	b, a := resolve.New(before, resolve.DefaultPolicy), resolve.New(after, resolve.DefaultPolicy)
	var out []answer
	seen := map[answer]bool{}
	for _, e := range []estate.Estate{before, after} {
		for rec := range e.Records.All() {
			q := answer{rec.Name, rec.Type}
			if !seen[q] && b.Resolve(resolve.Vantage{}, q.name, q.kind).Positive() && a.Resolve(resolve.Vantage{}, q.name, q.kind).Positive() {
				out = append(out, q)
			}
			seen[q] = true
		}
	}
	return out
}

// safe holds an estate in the middle of a run against what must hold always.
func safe(t *testing.T, when string, e estate.Estate, keep []answer) {
	t.Helper()
	for _, f := range append(audit.Claimable(e), audit.Delegations(e)...) {
		if f.Code == audit.Undelegated {
			continue // a child zone stands before its parent points at it
		}
		t.Fatalf("%s: %+v", when, f)
	}
	r := resolve.New(e, resolve.DefaultPolicy)
	for _, q := range keep {
		if got := r.Resolve(resolve.Vantage{}, q.name, q.kind); !got.Positive() {
			t.Fatalf("%s: %s %s has no answer: %s", when, q.name, q.kind, got)
		}
	}
}

// TestFaults: whatever goes wrong at any call, short of death, the run or the
// next one ends in the same estate, with nothing left to do.
func TestFaults(t *testing.T) {
	r := acme(t)
	plain := r.world()
	if err := r.converge(t.Context(), plain, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	want := form(t, plain.Estate())
	for _, call := range plain.Calls() {
		for _, kind := range []world.FaultKind{
			world.FaultThrottle, world.FaultServer, world.FaultTimeout, world.FaultLostResponse, world.FaultReset, world.FaultStale, world.FaultSlow,
		} {
			if call.Reads() && (kind == world.FaultLostResponse || kind == world.FaultReset || kind == world.FaultSlow) {
				continue // as harmless as a time-out
			}
			if !call.Reads() && kind == world.FaultStale {
				continue // a write is not answered from the past
			}
			for skip := range min(call.Count, 3) {
				t.Run(fmt.Sprintf("%s/%s/%s/%d/%s", call.Account, call.Service, call.Operation, skip, kind), func(t *testing.T) {
					w := r.world()
					f := world.Fault{Account: call.Account, Service: call.Service, Operation: call.Operation, Skip: skip, Kind: kind}
					if kind == world.FaultSlow || kind == world.FaultStale {
						f.Delay = 90 * time.Second
					}
					w.Inject(f)
					// The first run may end with an error that says what to do;
					// it must not be the last word.
					first := r.process(w, nil).run(context.WithoutCancel(t.Context()), reconcile.Options{})
					if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
						t.Fatalf("first run: %v; then: %v", first, err)
					}
					if first != nil && kind != world.FaultStale {
						t.Errorf("the run gave up: %v", first)
					}
					if d := differs(want, form(t, w.Estate())); d != "" {
						t.Fatalf("another estate, %s", d)
					}
				})
			}
		}
	}
}
