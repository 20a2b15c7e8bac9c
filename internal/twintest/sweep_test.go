package twintest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/audit"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// life is an example and what becomes of it.
type life struct {
	rig      func(testing.TB) rig
	accounts string // a file of testdata/sweep that stands beside each configuration
	orders   int    // how many each phase is walked in; 0 for a single one, another in each phase
	// every n-th crash point is looked at, others in the next order: those of
	// shared endpoints take most of a second each.
	every  int
	phases []phase
}

// phase is a part of a life: with a configuration that stands in a file of
// testdata, with one that is changed, or with the one before.
type phase struct {
	name   string
	config string
	change func(*config.Config)
	o      reconcile.Options
	before func(*world.State) error // what somebody else does first
}

// lives are what the sweep walks.
var lives = map[string]life{
	"made and taken out": {rig: acme, orders: 3, phases: []phase{{name: "apply"}, {name: "destroy", o: reconcile.Options{Destroy: true}}}},
	"changed": {rig: acme, accounts: "accounts", phases: []phase{
		{name: "apply"},
		{name: "a child moves to another account", config: "moved", o: reconcile.Options{AcceptLimits: true}},
		{name: "a middle is put in", config: "middle", o: reconcile.Options{AcceptLimits: true, MoveRecords: true}},
		{name: "the middle is taken out again", config: "moved", o: reconcile.Options{AcceptLimits: true}},
	}},
	"private": {rig: private, accounts: "accounts-private", orders: 3, phases: []phase{
		{name: "apply"},
		{name: "a VPC loses its tag, a writer another name", config: "private", before: byPartner, o: reconcile.Options{AcceptLimits: true}},
		{name: "the anchor goes", config: "private-release", o: reconcile.Options{AcceptLimits: true}},
		{name: "destroy", before: withoutPartner, o: reconcile.Options{Destroy: true}},
	}},
	"Lattice services": {rig: latticeRig, phases: []phase{
		{name: "apply"},
		{name: "a service comes, one goes, one takes over", before: latticeChanges, o: reconcile.Options{AcceptLimits: true}},
		{name: "destroy", o: reconcile.Options{Destroy: true}},
	}},
	"shared by Profile":        sharedLife("profile"),
	"shared by Resolver rules": sharedLife("resolver"),
	"duplicates removed":       {rig: retiring, orders: 1, every: 8, phases: []phase{{name: "apply"}}},
	"looked into": {rig: func(t testing.TB) rig { return probeRig(t, "{ lambda: true }") }, every: 20, phases: []phase{
		{name: "apply"},
		{name: "a VPC loses its tag, the last of its account", before: withoutData, o: reconcile.Options{AcceptLimits: true}},
		{name: "destroy", o: reconcile.Options{Destroy: true}},
	}},
}

// sharedLife is that of an example of shared endpoints.
func sharedLife(via string) life {
	return life{rig: func(t testing.TB) rig { return shareRig(t, via) }, every: 14, phases: []phase{
		{name: "apply"},
		{name: "a VPC loses its tag, a service is taken out", change: withoutSTS, before: withoutData, o: reconcile.Options{AcceptLimits: true}},
		{name: "destroy", o: reconcile.Options{Destroy: true}},
	}}
}

// withoutData takes the tag off the VPC of the account data in eu-west-1.
func withoutData(s *world.State) error {
	untag(s, "vpc-066666666666666a0")
	return nil
}

func withoutSTS(c *config.Config) {
	s := &c.EndpointShares[0]
	s.Services = slices.DeleteFunc(s.Services, func(x config.SharedService) bool { return x.Label() == "sts" })
}

// byPartner associates a VPC of an account that the configuration does not know,
// by hand; withoutPartner takes it off.
func byPartner(s *world.State) error {
	for z := range s.Estate.Zones.All() {
		z.VPCs = append(slices.Clone(z.VPCs), estate.VPCRef{Region: ireland, ID: "vpc-0333333333333333a"})
		s.Estate.Zones.Put(z)
	}
	untag(s, "vpc-0444444444444444b")
	return nil
}

func withoutPartner(s *world.State) error {
	for z := range s.Estate.Zones.All() {
		z.VPCs = slices.DeleteFunc(slices.Clone(z.VPCs), func(v estate.VPCRef) bool { return v.ID == "vpc-0333333333333333a" })
		s.Estate.Zones.Put(z)
	}
	return nil
}

func untag(s *world.State, vpc string) {
	v, _ := s.Estate.VPCs.Get(vpc)
	v.Tags = estate.Tags{"Name": v.Tags["Name"]}
	s.Estate.VPCs.Put(v)
}

// TestCrashSweep: for each k the process dies after the k-th call that changed
// something, and a new one ends in the same estate, with nothing left to do.
// (A call that changes nothing leaves the world of the call before it.) At
// every commit on the way no name can be claimed by another, every delegation
// is whole, and no answer is lost that stands before and after.
func TestCrashSweep(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(lives)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lives[name].walk(t)
		})
	}
}

// walk sweeps one phase after the other.
func (l life) walk(t *testing.T) {
	if l.every > 1 && testing.Short() {
		t.Skip("long")
	}
	r := l.rig(t)
	w := r.world()
	for i, ph := range l.phases {
		if ph.config != "" {
			r.cfg = loadConfig(t, os.DirFS("testdata/sweep"), l.accounts+".yaml", ph.config+".yaml")
		}
		if ph.change != nil {
			ph.change(r.cfg)
		}
		if ph.before != nil {
			if err := w.Update(ph.before); err != nil {
				t.Fatal(err)
			}
		}
		orders := []uint64{uint64(i)}
		if l.orders > 0 {
			orders = orders[:0]
			for seed := range uint64(l.orders) {
				orders = append(orders, seed)
			}
		}
		var next *world.World
		for _, seed := range orders {
			from := w.Fork(clock.NewVirtual(w.Now()))
			t.Run(fmt.Sprintf("%s/order%d", ph.name, seed), func(t *testing.T) { next = r.sweep(t, from, ph.o, seed, max(l.every, 1)) })
			if t.Failed() || next == nil { // -run left it out
				return
			}
		}
		w = next
	}
}

// maxFailed is how many crash points are shown that end otherwise.
const maxFailed = 3

// sweep runs one phase undisturbed, forking the world after every change, then
// runs it anew from every n-th fork. It gives the world at the end.
func (r rig) sweep(t *testing.T, w *world.World, o reconcile.Options, seed uint64, every int) *world.World {
	ctx := t.Context()
	before := w.Estate()
	var forks []*world.World
	var at []world.Event
	var seenThen []caches
	var mu sync.Mutex // calls are told side by side
	broken := ""      // by the first thing that went wrong; hooks run where a test cannot end
	note := func(problem, when string, args ...any) {
		if problem != "" && broken == "" {
			broken = fmt.Sprintf(when, args...) + ": " + problem
		}
	}
	seen := newCaches(before)
	w.OnCall(func(e world.Event) {
		if e.Changed {
			mu.Lock()
			defer mu.Unlock()
			note(seen.commit(w.Estate(), w.Now()), "after call %d (%s)", e.Number, e.Operation)
			forks, at, seenThen = append(forks, w.Fork(clock.NewVirtual(w.Now()))), append(at, e), append(seenThen, seen.clone())
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
	want := rested(t, w)
	if len(forks) < 5 {
		t.Fatalf("only %d calls changed something", len(forks))
	}
	keep := keeping(before, w.Estate())
	for k, f := range forks {
		note(unsafe(f.Estate(), keep), "after call %d (%s)", at[k].Number, at[k].Operation)
	}
	if broken != "" {
		t.Fatal(broken)
	}
	if os.Getenv("SWEEP_ALL") != "" {
		every = 1
	}
	looked, failed := 0, 0
	for k, f := range forks {
		if k%every != int(seed)%every {
			continue
		}
		if failed == maxFailed {
			t.FailNow()
		}
		looked++
		// A world that continues is watched as well: a recovery may not break
		// what the undisturbed run kept.
		f.OnCall(func(e world.Event) {
			if e.Changed {
				mu.Lock()
				defer mu.Unlock()
				const when = "then call %d (%s)"
				note(unsafe(f.Estate(), keep), when, e.Number, e.Operation)
				note(seenThen[k].commit(f.Estate(), f.Now()), when, e.Number, e.Operation)
			}
		})
		broken = ""
		if err := r.converge(ctx, f, o); err != nil {
			note(err.Error(), "then")
		}
		note(differs(want, rested(t, f)), "another estate")
		if broken != "" {
			t.Errorf("died after call %d (%s %s): %s", at[k].Number, at[k].Account, at[k].Operation, broken)
			failed++
		}
	}
	t.Logf("%d of %d crash points", looked, len(forks))
	return w
}

// caches are the zones whose name servers some resolver may still ask, and until
// when: the delegation to them was seen until then, and both its TTL and that
// of the zone's own NS records count from there (settled point 21). And the
// endpoints whose addresses some resolver may still have.
type caches struct {
	last  estate.Estate
	until map[string]time.Time // by ID of the zone or endpoint
}

func newCaches(e estate.Estate) *caches {
	return &caches{e, map[string]time.Time{}}
}

func (c *caches) clone() caches { return caches{c.last, maps.Clone(c.until)} }

// commit takes a change of the estate: no zone goes that some resolver may
// still ask.
func (c *caches) commit(e estate.Estate, now time.Time) (problem string) {
	for link := range c.last.Records.All() {
		if link.Type != "NS" {
			continue
		}
		for z := range c.last.Zones.By(estate.ByName(link.Name)) {
			if z.ID == link.Zone || z.Private || !plan.PointsAt(link, z) {
				continue
			}
			apex, _ := c.last.Records.Get(estate.RecordKey(z.ID, z.Name, "NS", ""))
			ttl := time.Duration(max(link.TTL, apex.TTL)) * time.Second
			if until := now.Add(ttl); until.After(c.until[z.ID]) {
				c.until[z.ID] = until
			}
		}
	}
	aliased := map[dnsname.Name]bool{}
	for rec := range c.last.Records.All() {
		if rec.Alias != nil {
			aliased[rec.Alias.Name] = true
		}
	}
	for p := range c.last.Endpoints.All() {
		if p.State == estate.EndpointAvailable && (p.PrivateDNS || slices.ContainsFunc(p.Names, func(n estate.EndpointName) bool { return aliased[n.Name] })) {
			c.until[p.ID] = now.Add(plan.NamesTTL)
		}
	}
	for id, until := range c.until {
		if strings.HasPrefix(id, "vpce-") {
			if p, _ := e.Endpoints.Get(id); p.State != estate.EndpointAvailable && now.Before(until) {
				problem = fmt.Sprintf("endpoint %s went at %s; resolvers may have its addresses until %s", id, now, until)
			}
			continue
		}
		if _, stands := e.Zones.Get(id); !stands && now.Before(until) {
			z, _ := c.last.Zones.Get(id)
			problem = fmt.Sprintf("zone %s went at %s; resolvers may ask its servers until %s", z.Name, now, until)
		}
	}
	c.last = e
	return problem
}

// answer is a name that somebody can ask for.
type answer struct {
	from resolve.Vantage
	name dnsname.Name
	kind string
}

// kept is what must hold all the time between two estates.
type kept struct {
	lasting []answer
	either  []choice
}

// choice is a question to which nobody gets another answer than one of two.
type choice struct {
	answer
	before, after resolve.Answer
}

// keeping compares two estates.
func keeping(before, after estate.Estate) kept {
	return kept{lasting(before, after), shared(before, after)}
}

// shared are the private names of endpoints, asked for in VPCs that have none of
// orgdns: nobody is led to nothing on the way from one answer to the next. A
// VPC with endpoints of ours has no answer while its zone has no record yet: AWS
// makes a private zone with a VPC.
func shared(before, after estate.Estate) []choice {
	names, hubs := map[dnsname.Name]bool{}, map[string]bool{}
	for _, e := range []estate.Estate{before, after} {
		for p := range e.Endpoints.All() {
			hubs[p.VPC] = hubs[p.VPC] || p.Tags[plan.TagOwner] != ""
			for _, n := range p.PrivateNames {
				names[n] = true
			}
		}
	}
	b, a := resolve.New(before, resolve.DefaultPolicy), resolve.New(after, resolve.DefaultPolicy)
	var out []choice
	for v := range after.VPCs.All() {
		for _, n := range slices.SortedFunc(maps.Keys(names), dnsname.Name.Compare) {
			if q := (answer{resolve.Vantage{VPC: v.ID}, n, "A"}); !hubs[v.ID] {
				out = append(out, choice{q, b.Resolve(q.from, n, q.kind), a.Resolve(q.from, n, q.kind)})
			}
		}
	}
	return out
}

// lasting are the questions that the internet or a VPC gets an answer to both
// before and after.
func lasting(before, after estate.Estate) []answer {
	b, a := resolve.New(before, resolve.DefaultPolicy), resolve.New(after, resolve.DefaultPolicy)
	var out []answer
	seen := map[answer]bool{}
	vantages := []resolve.Vantage{{}}
	for v := range before.VPCs.All() {
		vantages = append(vantages, resolve.Vantage{VPC: v.ID})
	}
	for _, e := range []estate.Estate{before, after} {
		for rec := range e.Records.All() {
			for _, from := range vantages {
				q := answer{from, rec.Name, rec.Type}
				if !seen[q] && !plan.IsLedger(rec) && b.Resolve(from, q.name, q.kind).Positive() && a.Resolve(from, q.name, q.kind).Positive() {
					out = append(out, q)
				}
				seen[q] = true
			}
		}
	}
	return out
}

// unsafe holds an estate in the middle of a run against what must hold always.
func unsafe(e estate.Estate, keep kept) string {
	for _, f := range append(audit.Claimable(e), audit.Delegations(e)...) {
		if f.Code != audit.Undelegated { // a child zone stands before its parent points at it
			return fmt.Sprintf("%+v", f)
		}
	}
	r := resolve.New(e, resolve.DefaultPolicy)
	for _, q := range keep.lasting {
		if got := r.Resolve(q.from, q.name, q.kind); !got.Positive() {
			return fmt.Sprintf("%s %s has no answer from %s: %s", q.name, q.kind, q.from, got)
		}
	}
	for _, q := range keep.either {
		if got := r.Resolve(q.from, q.name, q.kind); !got.Same(q.before) && !got.Same(q.after) {
			return fmt.Sprintf("%s %s is answered from %s by %s, neither %s nor %s", q.name, q.kind, q.from, got, q.before, q.after)
		}
	}
	return ""
}

// TestFaults: whatever goes wrong at any call, short of death, the run or the
// next one ends in the same estate, with nothing left to do.
func TestFaults(t *testing.T) {
	t.Parallel()
	life := lives["made and taken out"].phases
	for name, x := range map[string]struct {
		rig
		phases []phase
		every  int  // n-th fault; those of shared endpoints take most of a second each
		writes bool // of the calls that write alone
	}{
		"delegations": {acme(t), life, 1, false}, "privateZones": {private(t), life, 1, false},
		"endpointShares by Profile": {shareRig(t, "profile"), life, 401, false}, "endpointShares by Resolver rules": {shareRig(t, "resolver"), life, 401, false},
		"duplicates": {retiring(t), life[:1], 23, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if x.every > 1 && testing.Short() {
				t.Skip("long")
			}
			w := x.world()
			for _, ph := range x.phases {
				t.Run(ph.name, func(t *testing.T) { w = x.faults(t, w, ph.o, x.every, x.writes) })
			}
		})
	}
}

// faults disturbs each call of a phase, or every n-th time, and gives the world
// at its end.
func (r rig) faults(t *testing.T, start *world.World, o reconcile.Options, every int, writes bool) *world.World {
	plain := start.Fork(clock.NewVirtual(start.Now()))
	plain.ForgetCalls()
	if err := r.converge(t.Context(), plain, o); err != nil {
		t.Fatal(err)
	}
	want := rested(t, plain)
	n, turn := 0, 0
	for _, call := range plain.Calls() {
		if writes && call.Reads() {
			continue
		}
		for skip := range min(call.Count, 3) {
			turn++
			for _, kind := range disturbances(call.Reads(), skip, turn) {
				if n++; n%every != 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%s/%d/%s", call.Account, call.Service, call.Operation, skip, kind), func(t *testing.T) {
					w := start.Fork(clock.NewVirtual(start.Now()))
					f := world.Fault{Account: call.Account, Service: call.Service, Operation: call.Operation, Skip: skip, Kind: kind}
					if kind == world.FaultSlow || kind == world.FaultStale {
						f.Delay = 90 * time.Second
					}
					w.Inject(f)
					// The first run may end with an error that says what to do;
					// it must not be the last word.
					first := r.process(w, nil).run(context.WithoutCancel(t.Context()), o)
					if err := r.converge(t.Context(), w, o); err != nil {
						t.Fatalf("first run: %v; then: %v", first, err)
					}
					if first != nil && kind != world.FaultStale {
						t.Errorf("the run gave up: %v", first)
					}
					if d := differs(want, rested(t, w)); d != "" {
						t.Fatalf("another estate, %s", d)
					}
				})
			}
		}
	}
	return plain
}

// disturbances are what goes wrong with the n-th call of an operation. A call that
// was not done fails in four ways, of which one that says so and one that does
// not have their turn. A read that fails is tried again whatever the reason, so
// the first alone does; but each may be answered from the past, as a write is not.
func disturbances(reads bool, n, turn int) []world.FaultKind {
	told := []world.FaultKind{world.FaultThrottle, world.FaultServer}[turn%2]
	silent := []world.FaultKind{world.FaultTimeout, world.FaultReset}[turn/2%2]
	switch {
	case !reads:
		return []world.FaultKind{told, silent, world.FaultLostResponse, world.FaultSlow}
	case n == 0:
		return []world.FaultKind{[]world.FaultKind{told, silent}[turn/4%2], world.FaultStale}
	}
	return []world.FaultKind{world.FaultStale}
}
