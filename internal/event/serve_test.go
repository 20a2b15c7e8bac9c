package event

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/reconcile"
)

// of is the ARN of a service by number.
func of(n int) string { return fmt.Sprintf("%s%04d", service[:len(service)-4], n) }

// events are tag events of services by number.
func events(numbers ...int) []string {
	var out []string
	for _, n := range numbers {
		out = append(out, tagged(shop, of(n), `{"NewService":"true"}`))
	}
	return out
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// TestServe: a single event is followed at once and alone; what comes meanwhile
// goes out together, each service once; every message is let go.
func TestServe(t *testing.T) {
	r := newRig()
	r.keeper.takes = 3 * time.Second
	err := r.serve(t.Context(), time.Minute, func() {
		_ = r.clock.Sleep(t.Context(), 10*time.Second)
		r.queue.send(events(1)...)
		_ = r.clock.Sleep(t.Context(), 500*time.Millisecond)
		r.queue.send(events(2, 3, 2, 2, 4, 1, 1, 5, 6, 7, 8, 9, 10, 11)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.keeper.passes) != 2 || len(r.keeper.passes[0]) != 1 || len(r.keeper.passes[1]) != 11 {
		t.Errorf("passes %v", r.keeper.passes)
	}
	if r.queue.left() != 0 || len(r.queue.deleted) != 15 || len(r.queue.rejected) != 0 {
		t.Errorf("%d left, %d deleted, rejected %v", r.queue.left(), len(r.queue.deleted), r.queue.rejected)
	}
	if got := r.journal.outcomes(); got[Settled] != 15 || len(got) != 1 {
		t.Errorf("outcomes %v", got)
	}
}

// TestBurst: a backlog goes out in full batches, and only so much of it is held
// at a time; no message is received twice, however long the work takes.
func TestBurst(t *testing.T) {
	r := newRig()
	r.keeper.takes = 5 * time.Minute // several times as long as messages are hidden at a time
	r.queue.send(events(upTo(9000)...)...)
	if err := r.serve(t.Context(), time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	if r.queue.left() != 0 {
		t.Errorf("%d messages are left", r.queue.left())
	}
	for i, p := range r.keeper.passes {
		if len(p) > full || i < 9 && len(p) < full*9/10 {
			t.Errorf("pass %d has %d services", i, len(p))
		}
	}
	for _, m := range r.queue.messages {
		if m.Receives != 1 {
			t.Fatalf("message %s was received %d times", m.ID, m.Receives)
		}
	}
}

// TestRoom: no more is taken than there is room for, and what is decided makes room at
// once, though its batch goes on.
func TestRoom(t *testing.T) {
	r := newRig()
	r.Room = 100
	r.keeper.takes = 5 * time.Minute
	for n := range 150 {
		r.queue.send(append(events(n), "{}", "{}", "{}", "{}")...) // four that are refused at once
	}
	taken := func() (n int) {
		r.queue.mu.Lock()
		defer r.queue.mu.Unlock()
		for _, m := range r.queue.messages {
			n += min(m.Receives, 1)
		}
		return n
	}
	err := r.serve(t.Context(), time.Hour, func() {
		_ = r.clock.Sleep(t.Context(), time.Minute)
		if n := taken(); n < 5*75 || n > 5*110 {
			t.Errorf("%d messages are taken at first", n)
		}
	})
	if err != nil || r.queue.left() != 0 {
		t.Errorf("%d messages are left, %v", r.queue.left(), err)
	}
}

// TestStop: what is under way is finished, nothing new is begun.
func TestStop(t *testing.T) {
	r := newRig()
	r.keeper.takes = 90 * time.Second
	r.queue.send(events(1)...)
	if err := r.serve(t.Context(), 10*time.Second, nil); err != nil {
		t.Fatal(err)
	}
	if took := r.clock.Now().Sub(start); r.queue.left() != 0 || took < 90*time.Second || took > 91*time.Second {
		t.Errorf("after %s %d messages are left", took, r.queue.left())
	}
}

// TestRefused: hostile and broken events do not reach the keeper; they lie among
// the dead letters with the reason, or are dropped when they only tell nothing.
func TestRefused(t *testing.T) {
	r := newRig()
	const stranger = "999999999999"
	foreign := strings.ReplaceAll(service, shop, stranger)
	r.queue.send(
		tagged(stranger, foreign, `{"NewService":"true"}`),
		tagged(stranger, service, `{"NewService":"true"}`),
		body("shop", "ServiceCreated", shop, "eu-west-1", `{}`),
		`{"detail":`+strings.Repeat("{", 100),
		tagged(shop, service, `{"NewService":"`+strings.Repeat("x", MaxSize)+`"}`),
		tagged(shop, service, `{"NewService":"no"}`),
		body("aws.tag", "Tag Change on Resource", shop, "eu-west-1", `{"changed-tag-keys":["a"],"service":"vpc-lattice","resource-type":"service"}`, service),
	)
	r.queue.send(events(1)...)
	if err := r.serve(t.Context(), time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, e := range r.journal.entries {
		if e.Outcome == Refused {
			reasons = append(reasons, e.Message+" "+string(e.Reason))
		}
	}
	slices.Sort(reasons)
	want := []string{"m1 notGranted", "m2 forged", "m3 foreign", "m4 malformed", "m5 oversize", "m6 malformed", "m7 irrelevant"}
	if !slices.Equal(reasons, want) {
		t.Errorf("refused %q, want %q", reasons, want)
	}
	if len(r.queue.rejected) != 6 || !strings.HasPrefix(r.queue.rejected["m2"], "forged: account "+stranger) {
		t.Errorf("dead letters %q", r.queue.rejected)
	}
	if len(r.keeper.passes) != 1 || len(r.keeper.passes[0]) != 1 || r.queue.left() != 0 {
		t.Errorf("passes %v, %d left", r.keeper.passes, r.queue.left())
	}
}

// TestRefusedAside: hundreds of events of an account that was granted nothing hold
// up nobody else, and go several at a time.
func TestRefusedAside(t *testing.T) {
	r := newRig()
	r.queue.slow = time.Second
	const stranger, many = "999999999999", 400
	for n := range many {
		r.queue.send(tagged(stranger, strings.ReplaceAll(of(n), shop, stranger), `{"NewService":"true"}`))
	}
	r.queue.send(events(1)...)
	if err := r.serve(t.Context(), 10*time.Second, nil); err != nil {
		t.Fatal(err)
	}
	for _, e := range r.journal.entries {
		if e.Outcome == Settled && e.At.Sub(start) > 2*time.Second {
			t.Errorf("a neighbour waited for %s", e.At.Sub(start))
		}
	}
	if took := r.clock.Now().Sub(start); took > many*time.Second/sideBySide+10*time.Second {
		t.Errorf("it took %s", took)
	}
	if got := r.journal.outcomes(); got[Settled] != 1 || len(r.queue.rejected) != many || r.queue.left() != 0 {
		t.Errorf("outcomes %v, %d rejected, %d left", got, len(r.queue.rejected), r.queue.left())
	}
}

// TestRetry: what fails comes again at growing distances, and is given up with
// the reason in the end; its neighbours are not held up.
func TestRetry(t *testing.T) {
	r := newRig()
	failing := reconcile.Service{Account: shop, Region: "eu-west-1", ARN: of(1)}
	r.keeper.fails = func(s reconcile.Service) error {
		if s == failing {
			return errors.New("AccessDenied:\nsome text")
		}
		return nil
	}
	r.queue.send(events(1, 2)...)
	if err := r.serve(t.Context(), 24*time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	if got := r.journal.outcomes(); got[Settled] != 1 || got[Retried] != tries-1 || got[GivenUp] != 1 {
		t.Errorf("outcomes %v", got)
	}
	if r.queue.rejected["m1"] != "given up after 12 tries: AccessDenied:; some text" || r.queue.left() != 0 {
		t.Errorf("dead letters %q, %d left", r.queue.rejected, r.queue.left())
	}
	last := r.journal.entries[len(r.journal.entries)-1].At.Sub(start)
	if last < time.Hour || last > 6*time.Hour {
		t.Errorf("given up after %s", last)
	}
}

// TestGoing: a service that is said to be going, and stands, is looked at some
// more times, since its tag goes before it does.
func TestGoing(t *testing.T) {
	r := newRig()
	r.keeper.serves = true
	r.queue.send(tagged(shop, service, `{}`))
	r.queue.send(events(1)...)
	if err := r.serve(t.Context(), time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	if got := r.journal.outcomes(); got[Retried] != goings-1 || got[Settled] != 2 || r.queue.left() != 0 {
		t.Errorf("outcomes %v, %d left", got, r.queue.left())
	}
	if last := r.journal.entries[len(r.journal.entries)-1].At.Sub(start); last < time.Minute || last > 3*time.Minute {
		t.Errorf("let go after %s", last)
	}
}

// TestSweeps: one at the start and then at intervals, a little apart from those
// of other replicas; at once when the configuration was changed; soon after one
// that failed. Events wait for the first.
func TestSweeps(t *testing.T) {
	r := newRig()
	r.Jitter = func() float64 { return 1 }
	r.keeper.sweep = func(n int) (*reconcile.Swept, error) {
		if n == 1 {
			return nil, errors.New("AWS is away")
		}
		return &reconcile.Swept{}, nil
	}
	changed := start.Add(20 * time.Minute)
	r.Watch = 5 * time.Second
	r.Reload = func() func(context.Context) bool {
		done := false
		return func(context.Context) bool {
			if !done && r.clock.Now().After(changed) {
				done = true
				return true
			}
			return false
		}
	}()
	ready := time.Time{}
	r.Ready = func() { ready = r.clock.Now() }
	r.journal.swept = func() {
		if n := len(r.keeper.sweeps); n > 1 && ready.IsZero() {
			t.Errorf("not ready when sweep %d is told", n)
		}
	}
	r.queue.send(events(1)...)
	if err := r.serve(t.Context(), time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	var at []string
	for _, s := range r.keeper.sweeps {
		at = append(at, s.Sub(start).String())
	}
	want := []string{"0s", "10s", "16m40s", "20m5s", "36m35s", "53m5s"}
	if !slices.Equal(at, want) {
		t.Errorf("sweeps %q, want %q", at, want)
	}
	var first []int
	for i, s := range r.journal.sweeps {
		if s.First {
			first = append(first, i)
		}
	}
	if !slices.Equal(first, []int{0, 1, 3}) || r.journal.sweeps[0].Err == nil {
		t.Errorf("first sweeps: %v", first)
	}
	if !ready.Equal(start.Add(10*time.Second)) || r.journal.entries[0].At.Before(ready) {
		t.Errorf("ready at %s, the first event decided at %s", ready, r.journal.entries[0].At)
	}
}

// TestTagKey: a tag is that of the configuration which is in force when a batch is
// taken.
func TestTagKey(t *testing.T) {
	r := newRig()
	key := "Before"
	r.TagKey = func() string { return key }
	err := r.serve(t.Context(), time.Minute, func() {
		_ = r.clock.Sleep(t.Context(), 10*time.Second)
		r.queue.send(events(1)...)
		_ = r.clock.Sleep(t.Context(), 10*time.Second)
		key = DefaultTagKey
		r.queue.send(events(2)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.journal.outcomes(); got[Refused] != 1 || got[Settled] != 1 || len(r.keeper.passes) != 1 {
		t.Errorf("outcomes %v, passes %v", got, r.keeper.passes)
	}
}

// TestQueueDown: a queue that fails is told and asked again.
func TestQueueDown(t *testing.T) {
	r := newRig()
	var said []string
	r.Failed = func(queue string, err error) { said = append(said, queue+": "+err.Error()) }
	r.queue.broken = errors.New("away")
	err := r.serve(t.Context(), time.Minute, func() {
		_ = r.clock.Sleep(t.Context(), 35*time.Second)
		r.queue.mu.Lock()
		r.queue.broken = nil
		r.queue.mu.Unlock()
		r.queue.send(events(1)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(said) != 4 || said[0] != "work: away" || r.queue.left() != 0 {
		t.Errorf("said %q; %d left", said, r.queue.left())
	}
}
