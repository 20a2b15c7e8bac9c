package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
)

// Keeper is where a Recorder puts entries.
type Keeper interface {
	// Append keeps entries, in this order, all or none; one whose ID it has is
	// left out, so that a call whose answer was lost can be repeated.
	Append(ctx context.Context, entries ...Entry) error
	// Expire removes what is older than is to be kept.
	Expire(ctx context.Context) error
}

// Options are what a Recorder needs besides where to put entries.
type Options struct {
	Replica, Run string // of every entry that names none
	// ID is the beginning of every entry's ID: unique to this recorder.
	ID string
	// Queue is how many entries wait at most; 0 is 10,000, some MiB.
	Queue int
}

const (
	defaultQueue = 10_000
	maxBatch     = 200 // entries in one Append
	// patience is how long a keeper may take for a call.
	patience   = 10 * time.Second
	firstPause = time.Second // between attempts; doubles
	lastPause  = 30 * time.Second
	expiry     = 24 * time.Hour // how often is looked for what has expired
)

// Recorder keeps entries without holding up whoever records them. They wait in
// a queue of bounded length, which one worker empties; when the keeper fails
// or is slow it tries again, and what finds the queue full is dropped. Where
// entries were dropped, an entry of kind Gap takes their place.
type Recorder struct {
	clock  clock.Clock
	keeper Keeper
	o      Options

	base      context.Context // of calls to the keeper
	cut       context.CancelFunc
	pauses    context.Context // of pauses between them: ends when closing
	endPauses context.CancelFunc
	wake      *clock.Mailbox[struct{}] // received by the worker when the queue is empty
	ended     *clock.Mailbox[struct{}]
	expired   time.Time // when it was last looked for; the worker's own

	mu      sync.Mutex
	queue   []Entry
	idle    bool // the worker waits to be woken
	flushes []*clock.Mailbox[error]
	closing bool
	from    time.Time // of the entries that were dropped since the queue was full
	to      time.Time
	dropped int
	counts  Counts
}

// Counts are what a recorder did since it began.
type Counts struct {
	Recorded, Kept, Lost int // entries; gaps are not counted
	Queued               int // entries that wait now
	// Err is why the keeper does not take entries now; nil when it does.
	Err error
}

// NewRecorder starts a recorder, whose owner closes it. ctx gives its values to
// the keeper's calls; its end does not end them, so that what was done last is
// told as well.
func NewRecorder(ctx context.Context, c clock.Clock, k Keeper, o Options) *Recorder {
	o.Queue = cmp.Or(o.Queue, defaultQueue)
	r := &Recorder{clock: c, keeper: k, o: o, wake: clock.NewMailbox[struct{}](c), ended: clock.NewMailbox[struct{}](c)}
	r.base, r.cut = context.WithCancel(context.WithoutCancel(ctx))
	r.pauses, r.endPauses = context.WithCancel(r.base)
	c.Go(r.run)
	return r
}

// Record takes an entry. It never waits. An entry without a time gets the
// clock's.
func (r *Recorder) Record(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Time.IsZero() {
		e.Time = r.clock.Now()
	}
	r.counts.Recorded++
	e.Replica, e.Run = cmp.Or(e.Replica, r.o.Replica), cmp.Or(e.Run, r.o.Run)
	e.ID = cmp.Or(e.ID, fmt.Sprintf("%s-%d", r.o.ID, r.counts.Recorded))
	room := r.o.Queue - len(r.queue)
	if r.dropped > 0 {
		room-- // the gap's
	}
	if r.closing || room <= 0 {
		r.dropLocked(e)
		return
	}
	r.gapLocked()
	r.queue = append(r.queue, e)
	r.wakeLocked()
}

// Counts tells what came of the entries so far.
func (r *Recorder) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.counts
	out.Queued = len(r.queue)
	return out
}

// Close keeps what still waits, and ends the recorder. It gives up at the first
// failure, or when ctx is done. The error says how many entries were lost, if
// any were, since the recorder began. Whoever closes, once, is a worker of the
// clock.
func (r *Recorder) Close(ctx context.Context) error {
	defer context.AfterFunc(ctx, r.cut)()
	r.mu.Lock()
	r.closing = true
	r.endPauses()
	r.wakeLocked()
	r.mu.Unlock()
	r.ended.Receive()
	r.cut()
	c := r.Counts()
	switch {
	case c.Lost == 0:
		return nil
	case c.Err == nil:
		c.Err = errFull
	}
	return fmt.Errorf("%d of %d entries were lost: %w", c.Lost, c.Recorded, c.Err)
}

// Flush waits until nothing waits any more, or an attempt failed, which it says:
// what waits stays, and is tried again. It waits no longer than ctx, and is called
// by a worker of the clock.
func (r *Recorder) Flush(ctx context.Context) error {
	r.mu.Lock()
	if len(r.queue) == 0 && r.dropped == 0 {
		r.mu.Unlock()
		return nil
	}
	if err := ctx.Err(); err != nil {
		r.mu.Unlock()
		return err
	}
	box := clock.NewMailbox[error](r.clock)
	r.flushes = append(r.flushes, box)
	r.mu.Unlock()
	defer context.AfterFunc(ctx, func() { box.Send(ctx.Err()) })()
	return box.Receive()
}

// flushedLocked tells who waits for the queue to be empty.
func (r *Recorder) flushedLocked(err error) {
	for _, box := range r.flushes {
		box.Send(err)
	}
	r.flushes = nil
}

var (
	errSlow = fmt.Errorf("no answer within %s", patience)
	errFull = errors.New("the store could not keep up")
)

// dropLocked loses an entry; a gap will tell of it.
func (r *Recorder) dropLocked(e Entry) {
	if r.dropped == 0 {
		r.from = e.Time
	}
	r.to = e.Time
	r.dropped++
	r.counts.Lost++
}

// gapLocked puts an entry in the place of those that were dropped.
func (r *Recorder) gapLocked() {
	if r.dropped == 0 {
		return
	}
	r.queue = append(r.queue, Entry{
		ID: fmt.Sprintf("%s-gap-%d", r.o.ID, r.counts.Lost), Time: r.to, Kind: Gap, From: r.from, Lost: r.dropped,
		Reason: "the store was down, full or slow", Replica: r.o.Replica, Run: r.o.Run,
	})
	r.dropped = 0
}

func (r *Recorder) wakeLocked() {
	if r.idle {
		r.idle = false
		r.wake.Send(struct{}{})
	}
}

// run hands entries to the keeper until the recorder is closed.
func (r *Recorder) run() {
	defer r.ended.Send(struct{}{})
	pause := firstPause
	for {
		batch := r.next()
		if len(batch) == 0 {
			return
		}
		err := r.call(func(ctx context.Context) error { return r.keeper.Append(ctx, batch...) })
		if err == nil {
			r.kept(batch)
			r.expire()
			pause = firstPause
			continue
		}
		if closing := r.failed(err); closing {
			return
		}
		_ = r.clock.Sleep(r.pauses, pause) // closing ends it
		pause = min(2*pause, lastPause)
	}
}

// next waits for entries, which stay in the queue until they are kept. None
// says that the recorder was closed.
func (r *Recorder) next() []Entry {
	for {
		r.mu.Lock()
		if len(r.queue) == 0 {
			r.gapLocked()
		}
		if len(r.queue) > 0 || r.closing {
			defer r.mu.Unlock()
			return slices.Clone(r.queue[:min(len(r.queue), maxBatch)])
		}
		r.idle = true
		r.mu.Unlock()
		r.wake.Receive()
	}
}

// call gives the keeper as long as it may take.
func (r *Recorder) call(f func(context.Context) error) error {
	ctx, end := context.WithCancelCause(r.base)
	over := clock.NewMailbox[struct{}](r.clock)
	r.clock.Go(func() {
		if r.clock.Sleep(ctx, patience) == nil {
			end(errSlow)
		}
		over.Send(struct{}{})
	})
	err := f(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		err = errSlow
	}
	end(nil)
	over.Receive()
	return err
}

func (r *Recorder) kept(batch []Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = slices.Delete(r.queue, 0, len(batch))
	r.counts.Kept += entries(batch)
	r.counts.Err = nil
	if len(r.queue) == 0 && r.dropped == 0 {
		r.flushedLocked(nil)
	}
}

// entries counts those that were recorded: gaps are the recorder's own.
func entries(list []Entry) int {
	n := 0
	for _, e := range list {
		if e.Kind != Gap {
			n++
		}
	}
	return n
}

// failed notes why entries were not kept. A recorder that is being closed loses
// what it has.
func (r *Recorder) failed(err error) (closing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Err = err
	r.flushedLocked(err)
	if r.closing {
		r.counts.Lost += entries(r.queue)
		r.queue = nil
	}
	return r.closing
}

// expire removes old entries, once a day.
func (r *Recorder) expire() {
	now := r.clock.Now()
	if !r.expired.IsZero() && now.Sub(r.expired) < expiry {
		return
	}
	r.expired = now
	if err := r.call(r.keeper.Expire); err != nil {
		r.mu.Lock()
		r.counts.Err = fmt.Errorf("old entries stay: %w", err)
		r.mu.Unlock()
	}
}
