package clock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// noLeak fails the test when goroutines are left behind.
func noLeak(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 200 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
	})
}

// TestVirtualOrder holds that a simulation of many workers, which sleep for
// random times and talk through mailboxes, takes the same course every time,
// in order of time, ties in the order in which they went to sleep.
func TestVirtualOrder(t *testing.T) {
	noLeak(t)
	run := func() (log []string, end time.Time) {
		v := NewVirtual(start)
		leave := v.Enter()
		defer leave()
		results := NewMailbox[int](v)
		done := NewMailbox[int](v)
		const workers, rounds = 40, 20
		for w := range workers {
			v.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), 7))
				for range rounds {
					if err := v.Sleep(context.Background(), time.Duration(1+r.IntN(5))*time.Hour); err != nil {
						t.Error(err)
					}
					results.Send(w)
				}
				done.Send(w)
			})
			// Let each go to sleep before the next starts, so that ties are told apart.
			if err := v.Sleep(context.Background(), time.Nanosecond); err != nil {
				t.Error(err)
			}
		}
		for range workers {
			done.Receive()
		}
		for range workers * rounds {
			w := results.Receive()
			log = append(log, fmt.Sprint(w))
		}
		return log, v.Now()
	}
	log, end := run()
	for range 5 {
		again, endAgain := run()
		if !slices.Equal(log, again) || !end.Equal(endAgain) {
			t.Fatalf("another course\n%v, %s\n%v, %s", log, end, again, endAgain)
		}
	}
	if end.Sub(start) < 20*time.Hour {
		t.Errorf("time moved by %s only", end.Sub(start))
	}
}

func TestVirtualStandsStillWhileAnyoneRuns(t *testing.T) {
	noLeak(t)
	v := NewVirtual(start)
	leave := v.Enter()
	box := NewMailbox[time.Time](v)
	v.Go(func() {
		if err := v.Sleep(context.Background(), time.Hour); err != nil {
			t.Error(err)
		}
		box.Send(v.Now())
	})
	for range 100 {
		runtime.Gosched()
	}
	if now := v.Now(); !now.Equal(start) {
		t.Errorf("time moved to %s while a worker ran", now)
	}
	if got := box.Receive(); !got.Equal(start.Add(time.Hour)) {
		t.Errorf("woke at %s", got)
	}
	leave()
}

func TestSleep(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	v := NewVirtual(start)
	w := Wall(time.Now, time.After)
	for _, tt := range []struct {
		ctx  context.Context
		d    time.Duration
		want error
	}{
		{context.Background(), 0, nil},
		{context.Background(), -time.Second, nil},
		{over, time.Hour, context.Canceled},
		{over, 0, context.Canceled},
	} {
		for name, c := range map[string]Clock{"virtual": v, "wall": w} {
			if err := c.Sleep(tt.ctx, tt.d); !errors.Is(err, tt.want) {
				t.Errorf("%s: Sleep(%s) = %v, want %v", name, tt.d, err, tt.want)
			}
		}
	}
	if now := v.Now(); !now.Equal(start) {
		t.Errorf("time moved to %s", now)
	}
}

// TestCancelBeforeJump holds that who cancels a sleep and then waits is not
// overtaken by time: the cancelled sleeper comes back first.
func TestCancelBeforeJump(t *testing.T) {
	noLeak(t)
	for range 300 {
		v := NewVirtual(start)
		leave := v.Enter()
		type woken struct {
			err error
			at  time.Time
		}
		box := NewMailbox[woken](v)
		asleep := NewMailbox[bool](v)
		ctx, cancel := context.WithCancel(context.Background())
		for _, d := range []time.Duration{30 * time.Second, 20 * time.Second} {
			v.Go(func() {
				asleep.Send(true)
				err := v.Sleep(ctx, d)
				box.Send(woken{err, v.Now()})
			})
		}
		v.Go(func() {
			if err := v.Sleep(context.Background(), 25*time.Second); err != nil {
				t.Error(err)
			}
			asleep.Send(true)
		})
		asleep.Receive()
		asleep.Receive()
		if err := v.Sleep(context.Background(), time.Second); err != nil { // all sleep
			t.Fatal(err)
		}
		cancel()
		for range 2 {
			got := box.Receive()
			if !errors.Is(got.err, context.Canceled) || !got.at.Equal(start.Add(time.Second)) {
				t.Fatalf("the cancelled sleep ended with %v at %s", got.err, got.at.Sub(start))
			}
		}
		asleep.Receive()
		if now := v.Now(); !now.Equal(start.Add(25 * time.Second)) {
			t.Fatalf("the other sleeper woke at %s", now.Sub(start))
		}
		leave()
	}
}

// TestCancelFromOutside holds that a context which ends by a hand that knows
// nothing of the clock wakes a sleeper, and that time goes on afterwards.
func TestCancelFromOutside(t *testing.T) {
	noLeak(t)
	v := NewVirtual(start)
	leave := v.Enter()
	ctx, cancel := context.WithCancel(context.Background())
	box := NewMailbox[error](v)
	hold := make(chan struct{})
	v.Go(func() { <-hold }) // keeps time still
	v.Go(func() { box.Send(v.Sleep(ctx, time.Hour)) })
	go cancel()
	if err := box.Receive(); !errors.Is(err, context.Canceled) {
		t.Errorf("Sleep = %v", err)
	}
	close(hold)
	if err := v.Sleep(context.Background(), time.Minute); err != nil || !v.Now().Equal(start.Add(time.Minute)) {
		t.Errorf("then Sleep = %v, at %s", err, v.Now())
	}
	leave()
}

func TestAdvance(t *testing.T) {
	noLeak(t)
	v := NewVirtual(start)
	v.Advance(time.Hour)
	if !v.Now().Equal(start.Add(time.Hour)) {
		t.Errorf("without a worker Advance leads to %s", v.Now())
	}
	leave := v.Enter() // holds time still, as a server's handler would
	box := NewMailbox[string](v)
	parked := make(chan struct{}, 3)
	for _, w := range []struct {
		name string
		d    time.Duration
	}{{"c", 50 * time.Minute}, {"a", 10 * time.Minute}, {"b", 20 * time.Minute}} {
		v.Go(func() {
			parked <- struct{}{}
			if err := v.Sleep(context.Background(), w.d); err != nil {
				t.Error(err)
			}
			box.Send(w.name)
		})
	}
	for range 3 {
		<-parked
	}
	for v.sleepers() < 3 {
		runtime.Gosched()
	}
	v.Advance(30 * time.Minute)
	if got := box.Receive() + box.Receive(); got != "ab" {
		t.Errorf("by Advance woke %s", got)
	}
	if now := v.Now(); !now.Equal(start.Add(90 * time.Minute)) {
		t.Errorf("now %s", now.Sub(start))
	}
	if got := box.Receive(); got != "c" || !v.Now().Equal(start.Add(110*time.Minute)) {
		t.Errorf("%s woke at %s", got, v.Now().Sub(start))
	}
	leave()
}

func (v *Virtual) sleepers() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.sleep)
}

// TestMailbox holds order and count under many senders, on both clocks.
func TestMailbox(t *testing.T) {
	for name, c := range map[string]Clock{"virtual": NewVirtual(start), "wall": Wall(time.Now, time.After)} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			defer c.Enter()()
			const senders, each = 50, 200
			type message struct{ from, n int }
			box := NewMailbox[message](c)
			for s := range senders {
				c.Go(func() {
					for n := range each {
						box.Send(message{s, n})
					}
				})
			}
			next := [senders]int{}
			for range senders * each {
				m := box.Receive()
				if m.n != next[m.from] {
					t.Fatalf("sender %d: got %d, want %d", m.from, m.n, next[m.from])
				}
				next[m.from]++
			}
		})
	}
}

// TestVirtualManyWorkers runs a thousand workers for a simulated day.
func TestVirtualManyWorkers(t *testing.T) {
	noLeak(t)
	v := NewVirtual(start)
	leave := v.Enter()
	done := NewMailbox[struct{}](v)
	var running atomic.Int32
	var mu sync.Mutex
	latest := start
	for w := range 1000 {
		v.Go(func() {
			running.Add(1)
			for range 24 {
				if err := v.Sleep(context.Background(), time.Hour+time.Duration(w)*time.Millisecond); err != nil {
					t.Error(err)
				}
				mu.Lock()
				if now := v.Now(); now.Before(latest) {
					t.Errorf("time ran back from %s to %s", latest, now)
				} else {
					latest = now
				}
				mu.Unlock()
			}
			running.Add(-1)
			done.Send(struct{}{})
		})
	}
	for range 1000 {
		done.Receive()
	}
	if want := start.Add(24*time.Hour + 24*999*time.Millisecond); !v.Now().Equal(want) || running.Load() != 0 {
		t.Errorf("ended at %s with %d running, want %s", v.Now(), running.Load(), want)
	}
	leave()
}

func TestWall(t *testing.T) {
	noLeak(t)
	now := start
	ticks := make(chan time.Time, 1)
	w := Wall(func() time.Time { return now }, func(d time.Duration) <-chan time.Time {
		now = now.Add(d)
		ticks <- now
		return ticks
	})
	if err := w.Sleep(context.Background(), time.Minute); err != nil || !w.Now().Equal(start.Add(time.Minute)) {
		t.Errorf("Sleep = %v, then %s", err, w.Now())
	}
	never := Wall(time.Now, func(time.Duration) <-chan time.Time { return nil })
	ctx, cancel := context.WithCancel(context.Background())
	cancelled := make(chan error)
	never.Go(func() { cancelled <- never.Sleep(ctx, time.Hour) })
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("Sleep = %v", err)
	}
}
