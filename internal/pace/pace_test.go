package pace

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/clock"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// call is an error of its class.
type failure Class

func (f failure) Error() string { return fmt.Sprintf("class %d", int(f)) }

func classify(err error) Class {
	var f failure
	if errors.As(err, &f) {
		return Class(f)
	}
	return Final
}

// aws is a token bucket as AWS keeps it.
type aws struct {
	clock         clock.Clock
	burst, refill float64
	tokens        float64
	at            time.Time
	refused       int
}

func (a *aws) take(n float64) error {
	now := a.clock.Now()
	a.tokens = min(a.burst, a.tokens+now.Sub(a.at).Seconds()*a.refill)
	a.at = now
	if a.tokens < n {
		a.refused++
		return failure(Throttled)
	}
	a.tokens -= n
	return nil
}

// TestEmptyBucket holds that 1,000 calls take at most 1.1 times what the quota
// allows from an empty bucket, though the loop believes it full at first.
func TestEmptyBucket(t *testing.T) {
	for _, tt := range []struct{ tokens, burst, refill float64 }{{1, 50, 10}, {1, 40, 2}, {1, 600, 600}, {50, 1000, 100}, {1000, 1000, 100}, {1, 1, 1}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			v := clock.NewVirtual(start)
			defer v.Enter()()
			a := &aws{clock: v, burst: tt.burst, refill: tt.refill, at: start}
			l := New(v)
			for range 1000 {
				err := l.Call(context.Background(), "1", []Cost{{"b", tt.tokens, tt.burst, tt.refill}}, 0, classify, func(context.Context) error { return a.take(tt.tokens) })
				if err != nil {
					t.Fatal(err)
				}
			}
			bound := time.Duration(1000 * tt.tokens / tt.refill * float64(time.Second))
			if took := v.Now().Sub(start); took > bound*11/10 {
				t.Errorf("took %s; the quota allows %s", took, bound)
			}
			if a.refused > 20 {
				t.Errorf("refused %d times", a.refused)
			}
		})
	}
}

// TestBuckets holds the waits against a model: calls are made at once while
// tokens last, then at the rate of the slowest bucket, 95 % of its refill.
func TestBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := clock.NewVirtual(start)
		defer v.Enter()()
		l := New(v)
		type bucket struct{ tokens, burst, rate float64 }
		model := map[string]*bucket{}
		var costs []Cost
		for _, name := range []string{"requests", "changes"} {
			c := Cost{name, 0, float64(rapid.IntRange(1, 100).Draw(t, "burst")), float64(rapid.IntRange(1, 50).Draw(t, "refill"))}
			costs = append(costs, c)
			for _, account := range []string{"1", "2"} {
				model[account+name] = &bucket{c.Burst, c.Burst, c.Refill * 0.95}
			}
		}
		pass := func(d time.Duration) {
			for _, b := range model {
				b.tokens = min(b.burst, b.tokens+d.Seconds()*b.rate)
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "calls") {
			if idle := time.Duration(rapid.IntRange(0, 3000).Draw(t, "idle")) * time.Millisecond; idle > 0 {
				if err := v.Sleep(context.Background(), idle); err != nil {
					t.Fatal(err)
				}
				pass(idle)
			}
			account := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "account")
			var want time.Duration
			for i := range costs {
				costs[i].Tokens = float64(rapid.IntRange(0, 40).Draw(t, "tokens"))
				b := model[account+costs[i].Bucket]
				if b.tokens -= costs[i].Tokens; b.tokens < 0 {
					want = max(want, time.Duration(-b.tokens/b.rate*float64(time.Second)))
				}
			}
			before := v.Now()
			if err := l.Call(context.Background(), account, costs, 0, classify, func(context.Context) error { return nil }); err != nil {
				t.Fatal(err)
			}
			got := v.Now().Sub(before)
			if math.Abs((got - want).Seconds()) > 0.001 {
				t.Fatalf("waited %s, want %s", got, want)
			}
			pass(got)
		}
	})
}

// TestTurns holds that callers are served in the order in which they came, and
// that accounts do not wait for each other.
func TestTurns(t *testing.T) {
	v := clock.NewVirtual(start)
	defer v.Enter()()
	l := New(v)
	type turn struct {
		caller int
		at     time.Duration
	}
	done := clock.NewMailbox[turn](v)
	const callers = 20
	for i := range callers {
		v.Go(func() {
			err := l.Call(context.Background(), "1", []Cost{{"b", 1, 5, 1}}, 0, classify, func(context.Context) error { return nil })
			if err != nil {
				t.Error(err)
			}
			done.Send(turn{i, v.Now().Sub(start)})
		})
		if err := v.Sleep(context.Background(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Call(context.Background(), "2", []Cost{{"b", 1, 5, 1}}, 0, classify, func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if at := v.Now().Sub(start); at > callers*time.Millisecond {
		t.Errorf("another account waited until %s", at)
	}
	for i := range callers {
		got := done.Receive()
		want := time.Duration(0)
		if i >= 5 {
			want = time.Duration(float64(i-4) / 0.95 * float64(time.Second))
		}
		if d := got.at - want; got.caller != i || d.Abs() > callers*time.Millisecond {
			t.Errorf("turn %d was caller %d's, at %s; want %s", i, got.caller, got.at, want)
		}
	}
}

func TestClasses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		errs   []Class // of the calls, before one that succeeds
		calls  int
		err    string
		atMost time.Duration
	}{
		{"success", nil, 1, "", 0},
		{"final", []Class{Final}, 1, "class 0", 0},
		{"busy once", []Class{Busy}, 2, "", time.Second},
		{"busy long", slices.Repeat([]Class{Busy}, 39), 40, "", 15 * time.Minute},
		{"busy too long", slices.Repeat([]Class{Busy}, 40), 40, "given up after 40 tries: class 2", 15 * time.Minute},
		{"doubt", slices.Repeat([]Class{Doubt}, 7), 8, "", time.Minute},
		{"too much doubt", slices.Repeat([]Class{Doubt}, 8), 8, "given up after 8 tries: class 3", time.Minute},
		{"throttled long", slices.Repeat([]Class{Throttled}, 200), 201, "", 20 * time.Minute},
		{"one of each", []Class{Doubt, Busy, Throttled, Final}, 4, "class 0", time.Minute},
		{"classes are counted apart", append(slices.Repeat([]Class{Doubt}, 7), slices.Repeat([]Class{Busy}, 39)...), 47, "", 20 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := clock.NewVirtual(start)
			defer v.Enter()()
			calls := 0
			err := New(v).Call(context.Background(), "1", []Cost{{"b", 1, 50, 10}}, 0, classify, func(context.Context) error {
				if calls++; calls <= len(tt.errs) {
					return failure(tt.errs[calls-1])
				}
				return nil
			})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if calls != tt.calls || got != tt.err {
				t.Errorf("%d calls, error %q; want %d, %q", calls, got, tt.calls, tt.err)
			}
			if took := v.Now().Sub(start); took > tt.atMost {
				t.Errorf("took %s, at most %s wanted", took, tt.atMost)
			}
		})
	}
}

// TestThrottled holds that a refusal teaches: the tries come further apart
// when somebody else drinks from the bucket, and one refused call makes the
// callers after it wait.
func TestThrottled(t *testing.T) {
	for _, costs := range [][]Cost{{{"b", 1, 50, 10}}, {{"b", 1, 50, 10}, {"c", 10, 1000, 100}}, nil} {
		v := clock.NewVirtual(start)
		leave := v.Enter()
		var at []time.Duration
		err := New(v).Call(context.Background(), "1", costs, 0, classify, func(context.Context) error {
			if at = append(at, v.Now().Sub(start)); len(at) < 8 {
				return failure(Throttled)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(at); i++ {
			gap := at[i] - at[i-1]
			if gap < 100*time.Millisecond || i > 1 && i < 6 && gap <= at[i-1]-at[i-2] {
				t.Errorf("with costs %v, tries at %v: they do not come further apart", costs, at)
				break
			}
		}
		leave()
	}
}

// TestPatience holds that a call that AWS throttles ends with the caller's patience,
// and that time spent on anything else does not count.
func TestPatience(t *testing.T) {
	for _, costs := range [][]Cost{{{"b", 1, 50, 10}}, nil} {
		v := clock.NewVirtual(start)
		leave := v.Enter()
		l := New(v)
		if err := v.Sleep(context.Background(), time.Hour); err != nil {
			t.Fatal(err)
		}
		began, calls := v.Now(), 0
		err := l.Call(context.Background(), "1", costs, 20*time.Second, classify, func(context.Context) error {
			if calls++; calls == 1 {
				_ = v.Sleep(context.Background(), time.Minute) // on a context that has no end
				return failure(Doubt)
			}
			return failure(Throttled)
		})
		if took := v.Now().Sub(began) - time.Minute; !errors.Is(err, failure(Throttled)) || took < 20*time.Second || took > time.Minute || calls < 5 {
			t.Errorf("with costs %v: %v after %s and %d calls", costs, err, took, calls)
		}
		began, calls = v.Now(), 0
		err = l.Call(context.Background(), "1", costs, 20*time.Second, classify, func(context.Context) error {
			if calls++; calls < 4 {
				return failure(Throttled)
			}
			return nil
		})
		if err != nil {
			t.Errorf("with costs %v: throttled three times: %v after %s", costs, err, v.Now().Sub(began))
		}
		leave()
	}
}

// TestRefusedTogether holds that calls which find a bucket empty at one moment
// come again one after another, not all at once.
func TestRefusedTogether(t *testing.T) {
	v := clock.NewVirtual(start)
	defer v.Enter()()
	l, a := New(v), &aws{clock: v, burst: 5, refill: 5, at: start}
	done := clock.NewMailbox[error](v)
	const calls = 8
	for range calls {
		v.Go(func() {
			done.Send(l.Call(context.Background(), "1", []Cost{{"b", 1, 5, 5}}, 0, classify, func(ctx context.Context) error {
				if err := v.Sleep(ctx, time.Millisecond); err != nil { // all are on their way before one is refused
					return err
				}
				return a.take(1)
			}))
		})
	}
	for range calls {
		if err := done.Receive(); err != nil {
			t.Fatal(err)
		}
	}
	if a.refused > calls {
		t.Errorf("%d calls were refused %d times", calls, a.refused)
	}
}

func TestContextEnds(t *testing.T) {
	for _, tt := range []struct {
		name  string
		costs []Cost
		class Class
		calls int // before the context ends
	}{
		{"waiting for tokens", []Cost{{"b", 100, 1, 1}}, Final, 0},
		{"between tries", nil, Busy, 3},
		{"throttled", []Cost{{"b", 1, 50, 10}}, Throttled, 3},
		{"throttled without a bucket", nil, Throttled, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := clock.NewVirtual(start)
			defer v.Enter()()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			calls := 0
			done := clock.NewMailbox[error](v)
			l := New(v)
			v.Go(func() {
				done.Send(l.Call(ctx, "1", tt.costs, 0, classify, func(context.Context) error {
					if calls++; calls == tt.calls {
						cancel()
					}
					return failure(tt.class)
				}))
			})
			if tt.calls == 0 {
				if err := v.Sleep(context.Background(), time.Second); err != nil {
					t.Fatal(err)
				}
				cancel()
			}
			err := done.Receive()
			if err == nil || calls != tt.calls {
				t.Errorf("error %v after %d calls, want %d", err, calls, tt.calls)
			}
			if tt.calls == 0 && !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if took := v.Now().Sub(start); took > 5*time.Second {
				t.Errorf("ended at %s", took)
			}
		})
	}
}

// TestGivenBack holds that who leaves the queue gives its tokens back, so that
// the next caller does not wait for a call that was never made.
func TestGivenBack(t *testing.T) {
	v := clock.NewVirtual(start)
	defer v.Enter()()
	l := New(v)
	cost := []Cost{{"b", 100, 100, 1}}
	ctx, cancel := context.WithCancel(context.Background())
	nothing := func(context.Context) error { return nil }
	if err := l.Call(context.Background(), "1", cost, 0, classify, nothing); err != nil {
		t.Fatal(err)
	}
	done := clock.NewMailbox[error](v)
	v.Go(func() { done.Send(l.Call(ctx, "1", cost, 0, classify, nothing)) })
	if err := v.Sleep(context.Background(), time.Second); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := done.Receive(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := l.Call(context.Background(), "1", cost, 0, classify, nothing); err != nil {
		t.Fatal(err)
	}
	if took := v.Now().Sub(start); took > 110*time.Second {
		t.Errorf("served after %s; the bucket was full again after 106 s", took)
	}
}
