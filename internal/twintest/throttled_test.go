package twintest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// What takes its time, or is refused for its rate, holds up nobody else.

// TestServeThrottledSpoke: the services of one account cannot be read since somebody
// uses up its rate, and more messages of it pile up than there is room for. Others'
// names follow at once, sweeps go on, and the account's names stay; when it can be
// read again, its messages come again.
func TestServeThrottledSpoke(t *testing.T) {
	t.Parallel()
	const slow, room = 240, 160
	r := chained(lattices(t, 3), 3)
	w := r.world()
	defer w.Clock.Enter()()
	stood := serviceOf(team(2), 1, "stood.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{stood})
	s := r.replica(t, w, func(s *event.Server) {
		s.Room = room
		s.Keeper.(*reconcile.Keeper).Crowd = room / 3
	})
	wait(t, w, time.Minute)
	w.Inject(world.Fault{Account: team(2), Service: "vpc-lattice", Kind: world.FaultThrottle, Count: -1})
	var list []estate.LatticeService
	for i := range slow {
		list = append(list, serviceOf(team(2), 10+i, fmt.Sprintf("s%d.svc.corp.internal", i), w.Now()))
	}
	services(t, w, list)
	told(t, w, "ServiceCreated", list...)
	for i := range 10 {
		// one of the account that is throttled is told beside it, into the same batch
		other, same := serviceOf(team(i%2), 10_000+i, fmt.Sprintf("o%d.svc.corp.internal", i), w.Now()), serviceOf(team(2), 20_000+i, fmt.Sprintf("x%d.svc.corp.internal", i), w.Now())
		services(t, w, []estate.LatticeService{other, same})
		told(t, w, "ServiceCreated", other, same)
		wait(t, w, 3*time.Second)
		if leads(t, w)[other.CustomDomain.String()] == "" {
			t.Errorf("%s is not there after 3 s", other.CustomDomain)
		}
	}
	sweeps := len(s.notes.sweeps)
	wait(t, w, 40*time.Minute)
	if n := len(s.notes.sweeps) - sweeps; n < 2 {
		t.Errorf("%d sweeps in 40 minutes", n)
	}
	for _, e := range s.notes.sweeps[sweeps:] {
		if e.Err != nil || e.Took > time.Minute || !slices.ContainsFunc(e.Swept.Problems, func(d diag.Diagnostic) bool { return d.Code == "unread" }) {
			t.Errorf("a sweep took %s: %v, %v", e.Took, e.Err, e.Swept.Problems)
		}
	}
	if got := leads(t, w); got["stood.svc.corp.internal"] != stood.DNS.Name.String() || len(got) != 11 {
		t.Errorf("names lead to %v", got)
	}
	w.ClearFaults()
	wait(t, w, 31*time.Minute) // the longest that a message stays away
	equal(t, "when it is no longer throttled", leads(t, w), promised(w))
	s.end(t)
	if got := s.notes.outcomes(); got["retried"] == 0 || got["givenUp"]+got["unserved"] != 0 || got["applied"] < 10 {
		t.Errorf("outcomes %v", got)
	}
	if last := s.notes.sweeps[len(s.notes.sweeps)-1]; len(last.Swept.Problems) != 0 || !last.Swept.Planned.Empty() {
		t.Errorf("the last sweep finds %v, plans %v", last.Swept.Problems, last.Swept.Planned.Changes)
	}
}

// sluggish answers queries about the services of an account late.
type sluggish struct {
	reconcile.Reader
	clock   clock.Clock
	account estate.AccountID
	by      time.Duration
}

func (s *sluggish) Read(ctx context.Context, q estate.Query) (func(*estate.Estate), error) {
	if (q.Kind == estate.QueryLatticeServices || q.Kind == estate.QueryLatticeService) && q.Account == s.account {
		if err := s.clock.Sleep(ctx, s.by); err != nil {
			return nil, err
		}
	}
	return s.Reader.Read(ctx, q)
}

// TestKeeperSlow: an account that answers late holds up its own services alone: neither
// those that are followed with them, nor those that come while it is in doubt whose a
// record is that another process made.
func TestKeeperSlow(t *testing.T) {
	t.Parallel()
	r := lattices(t, 3)
	w := r.world()
	defer w.Clock.Enter()()
	a, pass := reconcile.NewKeeper(r.process(w, nil).Pass), *r.process(w, nil).Pass
	slow := &sluggish{pass.Ports.Reader, w.Clock, team(0), 0}
	pass.Ports.Reader = slow
	b := reconcile.NewKeeper(&pass)
	swept(t, a)
	swept(t, b)
	slow.by = 20 * time.Second
	calls(w)

	// followed together: each is told when it is there, in one call of Route 53 at a time
	var list []estate.LatticeService
	for i := range 6 {
		list = append(list, serviceOf(team(i%3), i, fmt.Sprintf("n%d.svc.corp.internal", i), w.Now()))
	}
	services(t, w, list)
	began, after := w.Now(), map[string]time.Duration{}
	for arn, got := range follow(t, b, list...) {
		if got.Err != nil || !got.Serves || len(got.Changes) != 2 {
			t.Fatalf("%s: %+v", arn, got)
		}
		after[got.Name.String()] = got.Changes[0].At.Sub(began).Round(time.Second)
	}
	if want := map[string]time.Duration{
		"n0.svc.corp.internal": 20 * time.Second, "n3.svc.corp.internal": 20 * time.Second, "n1.svc.corp.internal": time.Second,
		"n4.svc.corp.internal": time.Second, "n2.svc.corp.internal": time.Second, "n5.svc.corp.internal": time.Second,
	}; !maps.Equal(after, want) {
		t.Errorf("changed after %v, want %v", after, want)
	}
	if c := calls(w); c != "ChangeResourceRecordSets 2, ListServices 1, ListServices 1, ListServices 1" {
		t.Errorf("they cost %s", c)
	}

	// in doubt: a rival of the slow account's service, made by the other keeper
	first := serviceOf(team(0), 20, "pay.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{first})
	follow(t, a, first)
	rival := serviceOf(team(1), 21, "pay.svc.corp.internal", w.Now().Add(time.Second))
	services(t, w, []estate.LatticeService{rival})
	began = w.Now()
	ended := clock.NewMailbox[reconcile.Followed](w.Clock)
	w.Clock.Go(func() { ended.Send(follow(t, b, rival)[rival.ARN]) })
	wait(t, w, 100*time.Millisecond)
	other := serviceOf(team(2), 22, "other.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{other})
	if got := follow(t, b, other)[other.ARN]; got.Err != nil || !got.Serves || got.Changes[0].At.Sub(began) > 2*time.Second {
		t.Errorf("beside a doubt: %+v", got)
	}
	if got := ended.Receive(); got.Err == nil || got.Serves {
		t.Errorf("a rival of who is not read yet: %+v", got)
	}
	if c := calls(w); c != "ChangeResourceRecordSets 3, GetService 1, GetService 1, GetService 1, ListResourceRecordSets 2, ListServices 1, ListServices 1, ListServices 1" {
		t.Errorf("they cost %s", c)
	}
	if got := follow(t, b, rival)[rival.ARN]; got.Err != nil || got.Problem == nil || got.Problem.Code != "name-taken" { // the list has come meanwhile
		t.Errorf("a rival: %+v", got)
	}
	services(t, w, nil, rival.ARN)
	equal(t, "in the end", leads(t, w), promised(w))
}

// TestServeUnheard: an account tells of services that nobody knows, one a second for
// minutes. What that costs Route 53 is a small part of what the zone's account may ask
// for, and a service that another process served and that is gone among them loses its
// name soon.
func TestServeUnheard(t *testing.T) {
	t.Parallel()
	const records, seconds = 3000, 300
	r := chained(lattices(t, 2), 2)
	for i := range records {
		r.start.Records.Put(estate.RecordSet{Zone: latticeZone, Name: name(fmt.Sprintf("h%d.corp.internal", i)), Type: "A", TTL: 60, Values: []string{"10.0.0.1"}})
	}
	w := r.world()
	defer w.Clock.Enter()()
	s := r.replica(t, w, nil)
	other := reconcile.NewKeeper(r.process(w, nil).Pass)
	swept(t, other)
	wait(t, w, 3*time.Minute)
	gone := serviceOf(team(1), 1, "gone.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{gone})
	follow(t, other, gone)
	equal(t, "by another process", leads(t, w), promised(w))
	w.ForgetCalls()
	left := time.Duration(0)
	for i := range seconds {
		told(t, w, "ServiceDeleted", serviceOf(team(0), 1000+i, "", w.Now()))
		if i == 100 {
			services(t, w, nil, gone.ARN)
			told(t, w, "ServiceDeleted", gone)
		}
		wait(t, w, time.Second)
		if i > 100 && left == 0 && len(leads(t, w)) == 0 {
			left = time.Duration(i-99) * time.Second
		}
	}
	if left == 0 || left > 90*time.Second {
		t.Errorf("the name was gone after %s", left)
	}
	lists := 0
	for _, c := range w.Calls() {
		if c.Operation == "ListResourceRecordSets" {
			lists += c.Count
		}
	}
	if most := seconds / 2 * 11 / 10; lists < 20 || lists > most {
		t.Errorf("%d lists of records in %d seconds, want at most %d", lists, seconds, most)
	}
	wait(t, w, 30*time.Minute) // all that came again is known to be gone
	if got := s.notes.outcomes(); got["settled"] != seconds || got["applied"] != 1 || got["givenUp"] != 0 {
		t.Errorf("outcomes %v", got)
	}
	s.end(t)
}

// TestServeThrottledZone: all that an account may ask of Route 53 is used up, reads as
// well as writes. Names in another account's zone follow at once, though the same batch
// tells of services that nobody knows, for which records are to be looked for there.
func TestServeThrottledZone(t *testing.T) {
	t.Parallel()
	r := chained(twoZones(t), 3)
	w := r.world()
	defer w.Clock.Enter()()
	s := r.replica(t, w, nil)
	wait(t, w, time.Minute)
	w.Inject(world.Fault{Account: network, Service: "route53", Kind: world.FaultThrottle, Count: -1})
	for i := range 10 {
		o := serviceOf(team(i%3), 100+i, fmt.Sprintf("o%d.other.internal", i), w.Now())
		services(t, w, []estate.LatticeService{o})
		told(t, w, "ServiceDeleted", serviceOf(team(i%3), 200+i, "", w.Now()))
		told(t, w, "ServiceCreated", o)
		wait(t, w, 3*time.Second)
		if _, ok := w.Estate().Records.Get(estate.RecordKey(otherZone, o.CustomDomain, "AAAA", "")); !ok {
			t.Errorf("%s is not there after 3 s", o.CustomDomain)
		}
	}
	late := serviceOf(team(0), 300, "late.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{late})
	sweeps := len(s.notes.sweeps)
	wait(t, w, 20*time.Minute)
	if len(s.notes.sweeps) == sweeps || len(leads(t, w)) != 0 {
		t.Errorf("%d sweeps, names %v", len(s.notes.sweeps)-sweeps, leads(t, w))
	}
	w.ClearFaults()
	wait(t, w, 31*time.Minute)
	if leads(t, w)["late.svc.corp.internal"] == "" {
		t.Error("the name that nobody told of is not there")
	}
	s.end(t)
	if got := s.notes.outcomes(); got["applied"] != 10 || got["settled"] != 10 || got["givenUp"] != 0 {
		t.Errorf("outcomes %v", got)
	}
}

// TestServeEarly: an event is there before AWS shows the service of which it tells.
func TestServeEarly(t *testing.T) {
	t.Parallel()
	r := chained(lattices(t, 1), 1)
	w := r.world()
	defer w.Clock.Enter()()
	s := r.replica(t, w, nil)
	wait(t, w, time.Minute)
	early, never := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now()), serviceOf(team(0), 2, "b.svc.corp.internal", w.Now())
	told(t, w, "ServiceCreated", early, never)
	wait(t, w, 2*time.Second)
	services(t, w, []estate.LatticeService{early})
	wait(t, w, time.Minute)
	equal(t, "shown later", leads(t, w), promised(w))
	s.end(t)
	if got := s.notes.outcomes(); got["applied"] != 1 || got["settled"] != 1 || got["retried"] != 3 {
		t.Errorf("outcomes %v", got)
	}
}

// TestKeeperSearchBesideSweep: what a search of records found for an event counts more
// than what a sweep read before it, and takes over after it.
func TestKeeperSearchBesideSweep(t *testing.T) {
	t.Parallel()
	r := lattices(t, 2)
	w := r.world()
	defer w.Clock.Enter()()
	a, pass := reconcile.NewKeeper(r.process(w, nil).Pass), *r.process(w, nil).Pass
	slow := &sluggish{pass.Ports.Reader, w.Clock, team(0), 0}
	pass.Ports.Reader = slow
	b := reconcile.NewKeeper(&pass)
	swept(t, a)
	swept(t, b)
	slow.by = 500 * time.Millisecond // the lists of a sweep, after the records
	ended := clock.NewMailbox[struct{}](w.Clock)
	w.Clock.Go(func() {
		swept(t, b)
		ended.Send(struct{}{})
	})
	wait(t, w, 100*time.Millisecond)
	gone := serviceOf(team(1), 1, "gone.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{gone})
	follow(t, a, gone)
	services(t, w, nil, gone.ARN)
	if got := follow(t, b, gone)[gone.ARN]; got.Err != nil || len(got.Changes) != 2 {
		t.Errorf("beside a sweep: %+v", got)
	}
	ended.Receive()
	equal(t, "in the end", leads(t, w), promised(w))
}
