package history_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/history"
)

var start = time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)

// keeper is a store in memory, with its faults.
type keeper struct {
	clock clock.Clock

	mu      sync.Mutex
	kept    []history.Entry
	err     error         // Append fails
	deaf    bool          // Append keeps, and its answer is lost
	slow    time.Duration // Append takes that long
	expires []time.Time
}

func (k *keeper) Append(ctx context.Context, entries ...history.Entry) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.slow > 0 {
		slow := k.slow
		k.mu.Unlock()
		err := k.clock.Sleep(ctx, slow)
		k.mu.Lock()
		if err != nil {
			return err
		}
	}
	if k.err != nil {
		return k.err
	}
	for _, e := range entries {
		if !slices.ContainsFunc(k.kept, func(have history.Entry) bool { return have.ID == e.ID }) {
			k.kept = append(k.kept, e)
		}
	}
	if k.deaf {
		k.deaf = false
		return errors.New("connection reset")
	}
	return nil
}

func (k *keeper) Expire(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expires = append(k.expires, k.clock.Now())
	return nil
}

func (k *keeper) set(f func(*keeper)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f(k)
}

// subjects are the kept entries in short, gaps as their number.
func (k *keeper) subjects() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []string
	for _, e := range k.kept {
		if e.Kind == history.Gap {
			e.Subject = fmt.Sprintf("(%d lost)", e.Lost)
		}
		out = append(out, e.Subject)
	}
	return strings.Join(out, " ")
}

// world is a recorder on a clock, of which the test is a worker.
func world(t testing.TB, queue int) (*clock.Virtual, *keeper, *history.Recorder) {
	c := clock.NewVirtual(start)
	t.Cleanup(c.Enter())
	k := &keeper{clock: c}
	return c, k, history.NewRecorder(t.Context(), c, k, history.Options{Replica: "a", Run: "r1", ID: "a-r1", Queue: queue})
}

func record(r *history.Recorder, subjects ...string) {
	for _, s := range subjects {
		r.Record(history.Entry{Kind: history.Change, Subject: s})
	}
}

func wait(t testing.TB, c clock.Clock, d time.Duration) {
	t.Helper()
	if err := c.Sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func TestRecorder(t *testing.T) {
	c, k, r := world(t, 0)
	record(r, "one", "two")
	wait(t, c, time.Second)
	r.Record(history.Entry{Kind: history.Event, Subject: "three", Run: "r2", Time: start.Add(-time.Hour)})
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []history.Entry{
		{ID: "a-r1-1", Time: start, Kind: history.Change, Subject: "one", Replica: "a", Run: "r1"},
		{ID: "a-r1-2", Time: start, Kind: history.Change, Subject: "two", Replica: "a", Run: "r1"},
		{ID: "a-r1-3", Time: start.Add(-time.Hour), Kind: history.Event, Subject: "three", Replica: "a", Run: "r2"},
	}
	if !slices.Equal(k.kept, want) {
		t.Errorf("kept\n%v\nwant\n%v", k.kept, want)
	}
	if got := r.Counts(); got != (history.Counts{Recorded: 3, Kept: 3}) {
		t.Errorf("counts are %+v", got)
	}
	r.Record(history.Entry{Kind: history.Event}) // comes too late, and does no harm
	if got := r.Counts(); got.Lost != 1 {
		t.Errorf("counts are %+v after it was closed", got)
	}
}

// TestRecorderGap: whatever ails the store, whoever records goes on at once, and
// what was lost is told in its place.
func TestRecorderGap(t *testing.T) {
	for name, ail := range map[string]func(*keeper){
		"down": func(k *keeper) { k.err = errors.New("connection refused") },
		"full": func(k *keeper) { k.err = errors.New("database or disk is full") },
		"slow": func(k *keeper) { k.slow = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			c, k, r := world(t, 3)
			k.set(ail)
			record(r, "1", "2", "3")
			wait(t, c, time.Minute)
			record(r, "4")
			wait(t, c, time.Minute)
			record(r, "5")
			if now := c.Now(); now != start.Add(2*time.Minute) {
				t.Errorf("recording took until %v", now)
			}
			counts := r.Counts()
			if counts.Err == nil || counts.Lost != 2 || counts.Queued != 3 || counts.Kept != 0 {
				t.Errorf("counts are %+v", counts)
			}
			k.set(func(k *keeper) { k.err, k.slow = nil, 0 })
			wait(t, c, time.Minute)
			record(r, "6")
			if err := r.Close(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "2 of 6 entries were lost") {
				t.Errorf("closing says %v", err)
			}
			if got, want := k.subjects(), "1 2 3 (2 lost) 6"; got != want {
				t.Errorf("kept %s, want %s", got, want)
			}
			if gap := k.kept[3]; gap.From != start.Add(time.Minute) || gap.Time != start.Add(2*time.Minute) || gap.Replica != "a" || gap.ID == "" {
				t.Errorf("the gap is %+v", gap)
			}
			if got := r.Counts(); got.Err != nil || got.Kept != 4 {
				t.Errorf("counts are %+v at the end", got)
			}
		})
	}
}

// TestRecorderOnce: a call whose answer was lost is repeated, and keeps nothing
// twice.
func TestRecorderOnce(t *testing.T) {
	c, k, r := world(t, 0)
	k.set(func(k *keeper) { k.deaf = true })
	record(r, "1", "2")
	wait(t, c, time.Minute)
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := k.subjects(); got != "1 2" {
		t.Errorf("kept %s", got)
	}
}

// TestRecorderClose: the end does not wait for a store that is down longer than
// one answer may take.
func TestRecorderClose(t *testing.T) {
	for _, ail := range []func(*keeper){
		func(k *keeper) { k.err = errors.New("refused") },
		func(k *keeper) { k.slow = time.Hour },
	} {
		c, k, r := world(t, 0)
		k.set(ail)
		record(r, "1", "2")
		wait(t, c, time.Hour)
		began := c.Now()
		err := r.Close(t.Context())
		if took := c.Now().Sub(began); err == nil || took > 10*time.Second {
			t.Errorf("closing took %v and says %v", took, err)
		}
		if got := r.Counts(); got.Lost != 2 || got.Queued != 0 {
			t.Errorf("counts are %+v", got)
		}
	}
	_, k, r := world(t, 0)
	k.set(func(k *keeper) { k.slow = time.Hour })
	record(r, "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Close(ctx); err == nil {
		t.Error("closing in a hurry lost nothing")
	}
}

// TestRecorderFlush: all that was recorded is kept then, whoever comes after; a
// store that fails is told, one that hangs is waited for no longer than asked, and
// neither loses anything.
func TestRecorderFlush(t *testing.T) {
	_, k, r := world(t, 0)
	if err := r.Flush(t.Context()); err != nil {
		t.Errorf("nothing waits: %v", err)
	}
	k.set(func(k *keeper) { k.slow = time.Second })
	for range 500 {
		record(r, "x")
	}
	if err := r.Flush(t.Context()); err != nil || len(k.kept) != 500 {
		t.Errorf("%d are kept, %v", len(k.kept), err)
	}
	k.set(func(k *keeper) { k.err = errors.New("refused") })
	record(r, "x")
	if err := r.Flush(t.Context()); err == nil || err.Error() != "refused" {
		t.Errorf("a store that refuses: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Flush(ctx); err == nil { // the store's own reason, or that nobody waits
		t.Error("in a hurry: nothing is told")
	}
	k.set(func(k *keeper) { k.err = nil })
	if err := r.Flush(t.Context()); err != nil || len(k.kept) != 501 {
		t.Errorf("%d are kept in the end, %v", len(k.kept), err)
	}
}

func TestRecorderExpires(t *testing.T) {
	c, k, r := world(t, 0)
	for range 50 {
		record(r, "x")
		wait(t, c, time.Hour)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []time.Time{start, start.Add(24 * time.Hour), start.Add(48 * time.Hour)}
	if !slices.Equal(k.expires, want) {
		t.Errorf("looked for old entries at %v, want %v", k.expires, want)
	}
}

// TestRecorderOrder: whatever happens, entries are kept in order, and each gap
// tells exactly what is missing where it stands.
func TestRecorderOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := clock.NewVirtual(start)
		defer c.Enter()()
		k := &keeper{clock: c}
		r := history.NewRecorder(t.Context(), c, k, history.Options{ID: "a", Queue: rapid.IntRange(1, 6).Draw(rt, "queue")})
		var recorded []time.Time
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"record", "record", "down", "slow", "deaf", "up", "wait"}).Draw(rt, "step") {
			case "record":
				for range rapid.IntRange(1, 4).Draw(rt, "entries") {
					record(r, fmt.Sprint(len(recorded)))
					recorded = append(recorded, c.Now())
				}
			case "down":
				k.set(func(k *keeper) { k.err = errors.New("down") })
			case "slow":
				k.set(func(k *keeper) { k.slow = 4 * time.Second })
			case "deaf":
				k.set(func(k *keeper) { k.deaf = true })
			case "up":
				k.set(func(k *keeper) { k.err, k.slow = nil, 0 })
			case "wait":
				wait(t, c, time.Duration(rapid.IntRange(1, 40).Draw(rt, "seconds"))*time.Second)
			}
		}
		k.set(func(k *keeper) { k.err, k.slow, k.deaf = nil, 0, false })
		wait(t, c, time.Minute)
		err := r.Close(t.Context())
		counts := r.Counts()
		if counts.Recorded != len(recorded) || counts.Kept+counts.Lost != counts.Recorded || (err != nil) != (counts.Lost > 0) {
			rt.Fatalf("counts are %+v of %d, and closing says %v", counts, len(recorded), err)
		}
		next := 0
		for _, e := range k.kept {
			if e.Kind == history.Gap {
				if e.Lost < 1 || e.From != recorded[next] || e.Time != recorded[next+e.Lost-1] {
					rt.Fatalf("a gap after %d entries is %+v; recorded at %v", next, e, recorded)
				}
				next += e.Lost
				continue
			}
			if e.Subject != fmt.Sprint(next) {
				rt.Fatalf("kept %s, where %d comes next", k.subjects(), next)
			}
			next++
		}
		if next != len(recorded) {
			rt.Fatalf("%d entries of %d are accounted for", next, len(recorded))
		}
	})
}
