package event

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// queue is a queue in memory, on a clock.
type queue struct {
	clock clock.Clock

	mu       sync.Mutex
	messages []*Message
	visible  map[string]time.Time // by ID
	taken    map[string]*Message  // by receipt
	handles  int
	receives int // calls
	deleted  []string
	rejected map[string]string // ID -> reason
	slow     time.Duration     // how long a rejection takes
	broken   error
}

func newQueue(c clock.Clock) *queue {
	return &queue{clock: c, visible: map[string]time.Time{}, taken: map[string]*Message{}, rejected: map[string]string{}}
}

func (q *queue) send(bodies ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, b := range bodies {
		q.messages = append(q.messages, &Message{ID: fmt.Sprintf("m%d", len(q.messages)+1), Body: b, Sent: q.clock.Now()})
	}
}

func (q *queue) Name() string { return "work" }

func (q *queue) Receive(ctx context.Context, wait, hidden time.Duration) ([]Message, error) {
	for {
		q.mu.Lock()
		q.receives++
		if q.broken != nil {
			defer q.mu.Unlock()
			return nil, q.broken
		}
		var out []Message
		for _, m := range q.messages {
			if len(out) == 10 {
				break
			}
			if m.Body != "" && !q.visible[m.ID].After(q.clock.Now()) {
				q.handles++
				m.Receives, m.Receipt = m.Receives+1, fmt.Sprint("r", q.handles)
				q.visible[m.ID] = q.clock.Now().Add(hidden)
				q.taken[m.Receipt] = m
				out = append(out, *m)
			}
		}
		q.mu.Unlock()
		if len(out) > 0 || wait <= 0 {
			return out, nil
		}
		step := min(wait, 500*time.Millisecond)
		if err := q.clock.Sleep(ctx, step); err != nil {
			return nil, err
		}
		wait -= step
	}
}

func (q *queue) find(receipt string) *Message {
	if m := q.taken[receipt]; m != nil && m.Receipt == receipt {
		return m
	}
	return &Message{}
}

func (q *queue) Delete(_ context.Context, list []Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range list {
		q.find(m.Receipt).Body = ""
		q.deleted = append(q.deleted, m.ID)
	}
	return nil
}

func (q *queue) Hide(_ context.Context, list []Message, d time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range list {
		if have := q.find(m.Receipt); have.ID != "" {
			q.visible[have.ID] = q.clock.Now().Add(d)
		}
	}
	return nil
}

func (q *queue) Reject(ctx context.Context, m Message, reason string) error {
	if err := q.clock.Sleep(ctx, q.slow); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.find(m.Receipt).Body = ""
	q.rejected[m.ID] = reason
	return nil
}

// left is how many messages are neither deleted nor rejected.
func (q *queue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, m := range q.messages {
		if m.Body != "" {
			n++
		}
	}
	return n
}

// keeper notes what it is asked for; its work takes time.
type keeper struct {
	clock  clock.Clock
	takes  time.Duration
	fails  func(reconcile.Service) error
	serves bool

	mu     sync.Mutex
	passes [][]reconcile.Service
	sweeps []time.Time
	sweep  func(n int) (*reconcile.Swept, error)
}

func (k *keeper) Concerned(a estate.AccountID, _ estate.Region) bool { return a == shop }

func (k *keeper) Follow(ctx context.Context, asks []reconcile.Ask, tell func([]reconcile.Followed)) {
	var services []reconcile.Service
	for _, a := range asks {
		services = append(services, a.Service)
	}
	k.mu.Lock()
	k.passes = append(k.passes, services)
	k.mu.Unlock()
	err := k.clock.Sleep(ctx, k.takes)
	var out []reconcile.Followed
	for _, s := range services {
		f := reconcile.Followed{Service: s, Serves: k.serves, Err: err}
		if err == nil && k.fails != nil {
			f.Err = k.fails(s)
		}
		out = append(out, f)
	}
	tell(out)
}

func (k *keeper) Sweep(context.Context, context.Context, reconcile.Options) (*reconcile.Swept, error) {
	k.mu.Lock()
	k.sweeps = append(k.sweeps, k.clock.Now())
	n := len(k.sweeps)
	k.mu.Unlock()
	if k.sweep != nil {
		return k.sweep(n)
	}
	return &reconcile.Swept{}, nil
}

func (k *keeper) InSync(context.Context, reconcile.Done) (time.Time, error) {
	return time.Time{}, errors.New("not asked here")
}

// journal keeps what it hears.
type journal struct {
	mu      sync.Mutex
	entries []Entry
	sweeps  []SweepEntry
	swept   func() // optional
}

func (j *journal) Record(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
}

func (j *journal) Sweep(e SweepEntry) {
	if j.swept != nil {
		j.swept()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sweeps = append(j.sweeps, e)
}

func (j *journal) InSync(Hint, reconcile.Done, time.Duration) {}

// outcomes counts what was decided.
func (j *journal) outcomes() map[Outcome]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := map[Outcome]int{}
	for _, e := range j.entries {
		out[e.Outcome]++
	}
	return out
}

// rig is a server with all of it.
type rig struct {
	*Server
	clock   *clock.Virtual
	queue   *queue
	keeper  *keeper
	journal *journal
}

func newRig() rig {
	c := clock.NewVirtual(start)
	r := rig{clock: c, queue: newQueue(c), keeper: &keeper{clock: c}, journal: &journal{}}
	r.Server = &Server{
		Handler: Handler{Keeper: r.keeper, Clock: c, Journal: r.journal}, Queues: []Queue{r.queue}, Interval: 15 * time.Minute,
	}
	return r
}

// serve runs the server for a time, while then happens, and stops it.
func (r rig) serve(ctx context.Context, d time.Duration, then func()) error {
	defer r.clock.Enter()()
	stop, end := context.WithCancel(ctx)
	defer end()
	ended := clock.NewMailbox[error](r.clock)
	r.clock.Go(func() { ended.Send(r.Run(ctx, stop)) })
	if then != nil {
		then()
	}
	if err := r.clock.Sleep(ctx, d); err != nil {
		return err
	}
	end()
	return ended.Receive()
}
