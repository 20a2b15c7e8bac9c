package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/reconcile"
)

const (
	// hidden is how long a message is kept from others at a time; it is asked for
	// again before that is over, for as long as work goes on.
	hidden = 60 * time.Second
	renew  = 25 * time.Second
	// tries is how often a message is received before it is given up. Each wait is
	// twice the one before, so that the last try comes under two hours after the first.
	tries     = 12
	firstWait = 5 * time.Second
	lastWait  = 30 * time.Minute
	// goings is how often it is looked whether a service that is said to be going
	// has gone: a tag is taken off before the service is deleted.
	goings = 5
	// comings is how often it is looked whether a service is there that is said to be:
	// AWS may show it a moment later than it tells of it.
	comings = 3
)

// Handler decides on messages.
type Handler struct {
	Keeper  Keeper
	Clock   clock.Clock
	Journal SweepJournal
	// TagKey is the tag that marks services, as the configuration in force has it:
	// it is asked for at each batch. Optional; DefaultTagKey without, or when empty.
	TagKey func() string
	// Failed hears what went wrong with a queue; the message comes again then.
	// Optional.
	Failed func(queue string, err error)
	// After hears of a change that was made for a hint, now and then. Optional.
	After func(Hint, reconcile.Done)
}

// Handle decides on messages of a queue, and returns when each was let go, or
// left to come again. It is called by workers of the clock.
func (h *Handler) Handle(ctx context.Context, q Queue, messages []Message) {
	h.handle(ctx, q, messages, func(int) {})
}

// handle is Handle; it tells how many messages were decided, as they are.
func (h *Handler) handle(ctx context.Context, q Queue, messages []Message, free func(n int)) {
	b := &batch{Handler: h, queue: q, taken: h.Clock.Now(), free: free, held: map[string]Message{}, of: map[reconcile.Service][]told{}}
	var asks []reconcile.Ask
	var refused []told
	var why []*Refusal
	tagKey := h.tagKey()
	for _, m := range messages {
		b.held[m.Receipt] = m
		hint, err := h.decode(m, tagKey)
		var r *Refusal
		if errors.As(err, &r) {
			refused, why = append(refused, told{m, r.Hint}), append(why, r)
			continue
		}
		s := reconcile.Service{Account: hint.Account, Region: hint.Region, ARN: hint.Service}
		if len(b.of[s]) == 0 {
			asks = append(asks, reconcile.Ask{Service: s, By: hint.By(), Event: hint.Event})
		}
		b.of[s] = append(b.of[s], told{m, hint})
	}
	defer b.keep(ctx)()
	ended := clock.NewMailbox[struct{}](h.Clock)
	h.Clock.Go(func() { // whoever sends what is refused holds up nobody
		b.refuse(ctx, refused, why)
		ended.Send(struct{}{})
	})
	if len(asks) > 0 {
		h.Keeper.Follow(ctx, asks, func(list []reconcile.Followed) { b.followed(ctx, list) })
	}
	ended.Receive()
}

func (h *Handler) tagKey() string {
	if h.TagKey == nil {
		return DefaultTagKey
	}
	return cmp.Or(h.TagKey(), DefaultTagKey)
}

// decode reads a message, and refuses one of an account that was granted nothing.
func (h *Handler) decode(m Message, tagKey string) (Hint, error) {
	hint, err := Decode(m.Body, tagKey)
	if err == nil && !h.Keeper.Concerned(hint.Account, hint.Region) {
		r := refuse(NotGranted, "no name is granted to account %s in %s", hint.Account, hint.Region)
		r.Hint = hint
		return Hint{}, r
	}
	return hint, err
}

// told is a message with what it says.
type told struct {
	Message
	hint Hint
}

// batch is the messages of one call of Handle.
type batch struct {
	*Handler
	queue Queue
	taken time.Time
	free  func(n int)
	of    map[reconcile.Service][]told

	mu   sync.Mutex
	held map[string]Message // by receipt, those that are not decided
}

// keep keeps the messages from others until the returned function is called.
func (b *batch) keep(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := clock.NewMailbox[struct{}](b.Clock)
	b.Clock.Go(func() {
		defer ended.Send(struct{}{})
		for b.Clock.Sleep(ctx, renew) == nil {
			b.mu.Lock()
			var list []Message
			for _, m := range b.held {
				list = append(list, m)
			}
			b.mu.Unlock()
			slices.SortFunc(list, func(x, y Message) int { return cmp.Compare(x.ID, y.ID) })
			if len(list) > 0 {
				b.failed(b.queue.Hide(ctx, list, hidden))
			}
		}
	})
	return func() {
		cancel()
		ended.Receive()
	}
}

func (b *batch) failed(err error) {
	if err != nil && b.Failed != nil && !errors.Is(err, context.Canceled) {
		b.Failed(b.queue.Name(), err)
	}
}

// decided takes messages out of those that are kept.
func (b *batch) decided(list []Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.held)
	for _, m := range list {
		delete(b.held, m.Receipt)
	}
	b.free(before - len(b.held))
}

// refuse lets go of what is not followed: what only tells nothing new is
// dropped, the rest goes to the dead letters.
func (b *batch) refuse(ctx context.Context, list []told, why []*Refusal) {
	var dropped []Message
	rejected, under := clock.NewMailbox[struct{}](b.Clock), 0
	for i, m := range list {
		if why[i].Reason == Irrelevant {
			dropped = append(dropped, m.Message)
		} else {
			if under == sideBySide {
				rejected.Receive()
				under--
			}
			under++
			b.Clock.Go(func() {
				b.decided([]Message{m.Message})
				b.failed(b.queue.Reject(ctx, m.Message, why[i].Error()))
				rejected.Send(struct{}{})
			})
		}
		e := b.entry(m, Refused)
		e.Reason, e.Detail = why[i].Reason, why[i].Detail
		b.Journal.Record(e)
	}
	for range under {
		rejected.Receive()
	}
	b.letGo(ctx, dropped)
}

func (b *batch) letGo(ctx context.Context, list []Message) {
	if len(list) > 0 {
		b.decided(list)
		b.failed(b.queue.Delete(ctx, list))
	}
}

func (b *batch) entry(m told, o Outcome) Entry {
	e := Entry{At: b.Clock.Now(), Outcome: o, Queue: b.queue.Name(), Message: m.ID, Taken: b.taken, Hint: m.hint}
	if !m.hint.Time.IsZero() {
		e.Lag = max(0, e.At.Sub(m.hint.Time))
	}
	return e
}

// followed decides on the messages about services.
func (b *batch) followed(ctx context.Context, list []reconcile.Followed) {
	var done []Message
	var entries []Entry
	for _, f := range list {
		for _, m := range b.of[f.Service] {
			if m.hint.Gone && f.Serves && f.Err == nil && m.Receives < goings {
				f.Err = errors.New("the service is said to be going, and stands")
			}
			if !m.hint.Gone && f.Absent && f.Err == nil && m.Receives < comings {
				f.Err = errors.New("the service is said to be there, and is not found")
			}
			if f.Err != nil {
				b.again(ctx, m, f)
				continue
			}
			done = append(done, m.Message)
			e := b.entry(m, Settled)
			e.Name = nameOf(f)
			for _, d := range f.Changes {
				if d.Err == nil {
					e.Outcome = Applied
					e.Changes = append(e.Changes, string(d.Change.Action)+" "+d.Change.Address)
				}
			}
			if f.Problem != nil {
				e.Outcome, e.Code, e.Detail = Unserved, f.Problem.Code, f.Problem.Summary
			}
			entries = append(entries, e)
		}
	}
	b.letGo(ctx, done)
	for _, e := range entries {
		b.Journal.Record(e)
	}
	for _, f := range list {
		for _, d := range f.Changes {
			if b.After != nil && d.Err == nil && d.Call != "" {
				b.After(b.of[f.Service][0].hint, d)
				return
			}
		}
	}
}

// nameOf is the name of a service; of one that is gone, the name of which records
// went.
func nameOf(f reconcile.Followed) dnsname.Name {
	if !f.Name.IsZero() || len(f.Changes) == 0 {
		return f.Name
	}
	text, _ := f.Changes[0].Change.Item().Record.Name.Literal()
	name, _ := dnsname.Parse(text) // a name of a plan is one
	return name
}

// again leaves a message to come again, or gives it up.
func (b *batch) again(ctx context.Context, m told, f reconcile.Followed) {
	b.decided([]Message{m.Message})
	e := b.entry(m, Retried)
	e.Name, e.Detail = f.Name, oneLine(f.Err)
	if m.Receives >= tries {
		e.Outcome = GivenUp
		b.failed(b.queue.Reject(ctx, m.Message, fmt.Sprintf("given up after %d tries: %s", m.Receives, e.Detail)))
	} else {
		b.failed(b.queue.Hide(ctx, []Message{m.Message}, min(firstWait<<min(m.Receives-1, 12), lastWait)))
	}
	b.Journal.Record(e)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
