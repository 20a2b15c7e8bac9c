package awsapi

import (
	"context"
	"sync"

	"github.com/orgdns/orgdns/internal/clock"
)

// turns is something that is read for several at once: who asks while it is read
// gets what the next read says, with all others who asked meanwhile. So no answer
// is older than its question.
type turns[T any] struct {
	mu           sync.Mutex
	begun, ended int // reads, and the last that says something
	busy         bool
	waiting      []*clock.Mailbox[struct{}]
	value        T
	err          error
}

// next gives what a read says that begins after the call.
func (t *turns[T]) next(ctx context.Context, c clock.Clock, read func(context.Context) (T, error)) (T, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for mine := t.begun + 1; t.ended < mine; {
		if err := ctx.Err(); err != nil {
			var zero T
			return zero, err
		}
		if t.busy {
			box := clock.NewMailbox[struct{}](c)
			t.waiting = append(t.waiting, box)
			t.mu.Unlock()
			box.Receive()
			t.mu.Lock()
		} else {
			t.readLocked(ctx, read)
		}
	}
	return t.value, t.err
}

// readLocked reads; the end of whose turn it is says nothing to the others.
func (t *turns[T]) readLocked(ctx context.Context, read func(context.Context) (T, error)) {
	t.begun++
	t.busy = true
	number := t.begun
	t.mu.Unlock()
	value, err := read(ctx)
	t.mu.Lock()
	if ctx.Err() == nil {
		t.value, t.err, t.ended = value, err, number
	}
	t.busy = false
	for _, box := range t.waiting {
		box.Send(struct{}{})
	}
	t.waiting = nil
}
