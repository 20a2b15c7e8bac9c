// Package clock is the one source of time: everything that waits, or asks what
// time it is, is handed a [Clock]. [Virtual] is a clock on which simulated
// hours cost nothing and runs are deterministic; the wall clock stands at the
// edge (package awsapi), since layers below read no clock.
package clock

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Clock tells time and lets workers wait. All work that waits on a Clock runs
// in goroutines started by Go, or in one that called Enter, and talks to its
// peers through a [Mailbox] only; then a Virtual clock can see when everybody
// waits.
type Clock interface {
	// Now is the current time.
	Now() time.Time
	// Sleep waits for d, or until ctx is done, whose error it returns.
	Sleep(ctx context.Context, d time.Duration) error
	// Go runs f as a worker of this clock.
	Go(f func())
	// Enter registers the calling goroutine as a worker until the returned
	// function is called.
	Enter() (leave func())
	// parked and unparked bracket a wait for another worker. unparked is
	// called by the worker that ends the wait, on behalf of the one waiting.
	parked()
	unparked()
}

// Mailbox passes values between workers of one clock. Sending never blocks.
type Mailbox[T any] struct {
	clock   Clock
	mu      sync.Mutex
	queue   []T
	waiting chan struct{} // non-nil while a receiver waits
}

// NewMailbox makes an empty mailbox on a clock; one worker receives from it.
func NewMailbox[T any](c Clock) *Mailbox[T] { return &Mailbox[T]{clock: c} }

// Send puts v into the mailbox.
func (m *Mailbox[T]) Send(v T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, v)
	if m.waiting != nil {
		m.clock.unparked()
		close(m.waiting)
		m.waiting = nil
	}
}

// Receive takes the oldest value, waiting for one if need be. Whoever receives
// is a worker of the clock.
func (m *Mailbox[T]) Receive() T {
	m.mu.Lock()
	if len(m.queue) == 0 {
		wait := make(chan struct{})
		m.waiting = wait
		m.mu.Unlock()
		m.clock.parked()
		<-wait
		m.mu.Lock()
	}
	defer m.mu.Unlock()
	v := m.queue[0]
	m.queue = m.queue[1:]
	return v
}

// Wall makes a clock of a real time source: now tells the time, after is
// time.After or the like. The edges make one; tests and rehearsals do not.
func Wall(now func() time.Time, after func(time.Duration) <-chan time.Time) Clock {
	return wall{now, after}
}

type wall struct {
	now   func() time.Time
	after func(time.Duration) <-chan time.Time
}

func (w wall) Now() time.Time { return w.now() }

func (w wall) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.after(d):
		return nil
	}
}

func (w wall) Go(f func())   { go f() }
func (w wall) Enter() func() { return func() {} }
func (w wall) parked()       {}
func (w wall) unparked()     {}

// Ahead is a clock that shows a time d later than another, and waits as it does.
func Ahead(c Clock, d time.Duration) Clock { return ahead{c, d} }

type ahead struct {
	Clock
	d time.Duration
}

func (a ahead) Now() time.Time { return a.Clock.Now().Add(a.d) }

// Inside is a clock for what is called by workers of c and calls Enter itself: a
// worker that entered twice would hold time back while it waits.
func Inside(c Clock) Clock { return inside{c} }

type inside struct{ Clock }

func (inside) Enter() func() { return func() {} }

// Virtual is a clock whose time stands still while any worker runs and jumps
// to the earliest sleeper as soon as all of them wait. Without a worker it
// moves by Advance only.
type Virtual struct {
	mu      sync.Mutex
	now     time.Time
	running int
	seq     int
	sleep   sleepers
}

// NewVirtual makes a clock that shows start.
func NewVirtual(start time.Time) *Virtual { return &Virtual{now: start} }

type sleeper struct {
	ctx  context.Context
	at   time.Time
	seq  int // ties wake in the order in which they went to sleep
	wake chan struct{}
	done bool // woken, or counted as running since its context is done
}

// Now is the virtual time.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// Sleep parks the calling worker until virtual time has moved by d. A caller
// that is no worker of this clock holds time back for nobody: with no worker
// running, time jumps for it at once.
func (v *Virtual) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	v.mu.Lock()
	v.seq++
	s := &sleeper{ctx: ctx, at: v.now.Add(d), seq: v.seq, wake: make(chan struct{})}
	heap.Push(&v.sleep, s)
	v.running--
	v.advanceLocked()
	v.mu.Unlock()
	select {
	case <-s.wake:
		return nil
	case <-ctx.Done():
		v.mu.Lock()
		defer v.mu.Unlock()
		select {
		case <-s.wake: // time came first
			return nil
		default:
		}
		v.unparkLocked(s)
		return ctx.Err()
	}
}

// Go runs f as a worker.
func (v *Virtual) Go(f func()) {
	leave := v.Enter()
	go func() {
		defer leave()
		f()
	}()
}

// Enter registers the calling goroutine as a worker.
func (v *Virtual) Enter() (leave func()) {
	v.unparked()
	return v.parked
}

func (v *Virtual) parked() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running--
	v.advanceLocked()
}

func (v *Virtual) unparked() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running++
}

// Advance moves time by d and wakes who slept until then.
func (v *Virtual) Advance(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(d)
	v.wakeLocked()
}

// unparkLocked counts a sleeper as running, once.
func (v *Virtual) unparkLocked(s *sleeper) {
	if !s.done {
		s.done = true
		v.running++
	}
}

// advanceLocked jumps to the earliest sleeper when no worker runs. Who sleeps
// under a context that is done is about to run: whoever cancels a sleep and
// then waits is not overtaken by time.
func (v *Virtual) advanceLocked() {
	if v.running <= 0 {
		for _, s := range v.sleep {
			if s.ctx.Err() != nil {
				v.unparkLocked(s)
			}
		}
	}
	for v.running <= 0 && len(v.sleep) > 0 {
		if next := v.sleep[0]; next.done {
			heap.Pop(&v.sleep)
			continue
		} else if next.at.After(v.now) {
			v.now = next.at
		}
		v.wakeLocked()
	}
}

// wakeLocked wakes the first sleeper that is due; one at a time, so that
// workers which wake at one instant act in a fixed order.
func (v *Virtual) wakeLocked() {
	for len(v.sleep) > 0 && (v.sleep[0].done || !v.sleep[0].at.After(v.now)) {
		s := heap.Pop(&v.sleep).(*sleeper)
		if s.done {
			continue
		}
		v.unparkLocked(s)
		close(s.wake)
		return
	}
}

type sleepers []*sleeper

func (s sleepers) Len() int { return len(s) }
func (s sleepers) Less(i, j int) bool {
	if s[i].at.Equal(s[j].at) {
		return s[i].seq < s[j].seq
	}
	return s[i].at.Before(s[j].at)
}
func (s sleepers) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *sleepers) Push(x any)   { *s = append(*s, x.(*sleeper)) }
func (s *sleepers) Pop() any {
	old := *s
	x := old[len(old)-1]
	*s = old[:len(old)-1]
	return x
}
