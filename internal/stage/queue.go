package stage

import (
	"context"
	"time"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/event"
)

// Queue is a queue of AWS as package event wants it.
func Queue(q *awsapi.Queue) event.Queue { return queue{q} }

type queue struct{ *awsapi.Queue }

func (q queue) Receive(ctx context.Context, wait, hidden time.Duration) ([]event.Message, error) {
	list, err := q.Queue.Receive(ctx, wait, hidden)
	out := make([]event.Message, len(list))
	for i, m := range list {
		out[i] = event.Message(m)
	}
	return out, err
}

func (q queue) Delete(ctx context.Context, list []event.Message) error {
	return q.Queue.Delete(ctx, messages(list))
}

func (q queue) Hide(ctx context.Context, list []event.Message, d time.Duration) error {
	return q.Queue.Hide(ctx, messages(list), d)
}

func (q queue) Reject(ctx context.Context, m event.Message, reason string) error {
	return q.Queue.Reject(ctx, awsapi.Message(m), reason)
}

func messages(list []event.Message) []awsapi.Message {
	out := make([]awsapi.Message, len(list))
	for i, m := range list {
		out[i] = awsapi.Message(m)
	}
	return out
}
