package event

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/reconcile"
)

const (
	// longPoll is the longest that SQS waits (API_ReceiveMessage).
	longPoll = 20 * time.Second
	// window bounds for how long messages are gathered, from the first one.
	window = time.Second
	// full is how many messages are gathered at most: two changes of each fill a
	// batch of Route 53.
	full = 500
	// sideBySide bounds the receives under way in one queue while there is a backlog,
	// and how many messages of a batch are moved to the dead letters at a time.
	sideBySide = 8
	// holding is the default of Server.Room.
	holding = 40 * full
	// pollAgain is how long a queue, or AWS, that failed is left in peace.
	pollAgain = 10 * time.Second
)

// Server takes messages from queues, and sweeps.
type Server struct {
	Handler
	Queues []Queue
	// Room is how many messages of a queue are taken and not decided, about. It must
	// be more than a keeper lets wait for zones that are throttled (reconcile.Keeper),
	// so that those of other zones pass by. 0 is 20,000.
	Room     int
	Interval time.Duration // between sweeps
	Options  reconcile.Options
	// Reload takes over a configuration that was changed, and says that it has; it
	// is called every Watch. Optional.
	Reload func(context.Context) bool
	Watch  time.Duration
	// Jitter gives numbers from 0 to 1, by which replicas sweep at different times.
	Jitter func() float64
	// Ready is called when the first sweep has been made. Optional.
	Ready func()

	mu    sync.Mutex
	asked *clock.Mailbox[struct{}] // where the question under way ends
}

// Run serves until stop is done, and then finishes what is under way; or until
// ctx is, which cuts that off. stop is derived from ctx. It is called by a worker
// of the clock.
func (s *Server) Run(ctx, stop context.Context) error {
	s.After = func(h Hint, d reconcile.Done) { s.ask(stop, h, d) }
	ended := clock.NewMailbox[struct{}](s.Clock)
	ready := make([]*clock.Mailbox[struct{}], len(s.Queues))
	for i := range s.Queues {
		ready[i] = clock.NewMailbox[struct{}](s.Clock)
		s.Clock.Go(func() {
			ready[i].Receive()
			s.take(ctx, stop, s.Queues[i])
			ended.Send(struct{}{})
		})
	}
	s.sweeps(ctx, stop, func() {
		for _, box := range ready {
			box.Send(struct{}{})
		}
		if s.Ready != nil && stop.Err() == nil {
			s.Ready()
		}
	})
	for range s.Queues {
		ended.Receive()
	}
	s.mu.Lock()
	asked := s.asked
	s.mu.Unlock()
	if asked != nil {
		asked.Receive()
	}
	return ctx.Err()
}

// ask asks when a change is in effect everywhere, one change at a time: each
// costs requests that others need more.
func (s *Server) ask(ctx context.Context, h Hint, d reconcile.Done) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != nil {
		return
	}
	ended := clock.NewMailbox[struct{}](s.Clock)
	s.asked = ended
	s.Clock.Go(func() {
		if at, err := s.Keeper.InSync(ctx, d); err == nil {
			s.Journal.InSync(h, d, max(0, at.Sub(h.Time)))
		}
		s.mu.Lock()
		s.asked = nil
		s.mu.Unlock()
		ended.Send(struct{}{})
	})
}

// sweeps sweeps at once, and then at intervals or when the configuration was
// changed. ready is called once, after the first sweep that could be made or at
// the end.
func (s *Server) sweeps(ctx, stop context.Context, ready func()) {
	first, failed := true, 0
	for stop.Err() == nil {
		began := s.Clock.Now()
		swept, err := s.Keeper.Sweep(ctx, stop, s.Options)
		if err != nil && stop.Err() != nil {
			break
		}
		if err == nil && ready != nil {
			ready()
			ready = nil
		}
		s.Journal.Sweep(SweepEntry{At: s.Clock.Now(), First: first, Took: s.Clock.Now().Sub(began), Swept: swept, Err: err})
		rest := s.Interval + time.Duration((s.jitter()-0.5)*float64(s.Interval)/5)
		if err != nil {
			rest = min(rest, pollAgain<<min(failed, 6))
			failed++
		} else {
			failed = 0
		}
		first = s.rest(stop, rest) || first && err != nil
	}
	if ready != nil {
		ready()
	}
}

func (s *Server) jitter() float64 {
	if s.Jitter == nil {
		return 0.5
	}
	return s.Jitter()
}

// rest waits for d, or until the configuration was changed, which it says.
func (s *Server) rest(ctx context.Context, d time.Duration) (changed bool) {
	for d > 0 {
		step := d
		if s.Reload != nil && s.Watch > 0 {
			step = min(step, s.Watch)
		}
		if s.Clock.Sleep(ctx, step) != nil {
			return false
		}
		if d -= step; s.Reload != nil && s.Reload(ctx) {
			return true
		}
	}
	return false
}

// take takes messages from a queue until stop is done, and returns when all of
// them are decided.
func (s *Server) take(ctx, stop context.Context, q Queue) {
	ended, under := clock.NewMailbox[struct{}](s.Clock), 0
	held, most := &room{clock: s.Clock}, cmp.Or(s.Room, holding)
	batch := min(full, most/4)
	for stop.Err() == nil {
		held.await(most - batch)
		messages, err := s.gather(stop, q, batch)
		if err != nil && stop.Err() == nil {
			if s.Failed != nil {
				s.Failed(q.Name(), err)
			}
			_ = s.Clock.Sleep(stop, pollAgain) // its error is that of stop, which ends the loop
		}
		if len(messages) == 0 {
			continue
		}
		under++
		held.add(len(messages))
		s.Clock.Go(func() {
			s.handle(ctx, q, messages, func(n int) { held.add(-n) })
			ended.Send(struct{}{})
		})
	}
	for range under {
		ended.Receive()
	}
}

// room counts the messages of a queue that are not decided.
type room struct {
	clock clock.Clock

	mu    sync.Mutex
	n     int
	most  int
	waits *clock.Mailbox[struct{}] // of who waits until there are no more than most
}

func (r *room) add(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n += n; r.waits != nil && r.n <= r.most {
		r.waits.Send(struct{}{})
		r.waits = nil
	}
}

// await waits until there are no more than most.
func (r *room) await(most int) {
	r.mu.Lock()
	if r.n <= most {
		r.mu.Unlock()
		return
	}
	box := clock.NewMailbox[struct{}](r.clock)
	r.most, r.waits = most, box
	r.mu.Unlock()
	box.Receive()
}

// gather waits for messages, and then takes more as long as there are any at
// once, up to most and for a second: a single event goes on at once, a burst as full
// batches.
func (s *Server) gather(stop context.Context, q Queue, most int) ([]Message, error) {
	out, err := q.Receive(stop, longPoll, hidden)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	until := s.Clock.Now().Add(window)
	for n := 1; len(out) < most && s.Clock.Now().Before(until); n = min(2*n, sideBySide) {
		got := make([][]Message, min(n, (most-len(out)+9)/10))
		arrived := clock.NewMailbox[struct{}](s.Clock)
		for i := range got {
			s.Clock.Go(func() {
				got[i], _ = q.Receive(stop, 0, hidden) // a queue that fails says so at the next long poll
				arrived.Send(struct{}{})
			})
		}
		more := 0
		for range got {
			arrived.Receive()
		}
		for _, list := range got {
			more += len(list)
			out = append(out, list...)
		}
		if more == 0 {
			break
		}
	}
	return out, nil
}
