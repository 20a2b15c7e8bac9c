package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

func (a *app) lambdaEventsCommand() *cobra.Command {
	args := &serveArgs{}
	c := &cobra.Command{
		Use:   "events",
		Short: "Be the Lambda function that takes events, and sweeps",
		Long: `lambda events is what the bootstrap of a Lambda function runs that has an SQS queue
as event source, with ReportBatchItemFailures: what 'orgdns serve' does with events,
by batches that Lambda gathers. A message whose records could not be changed is
given back, and comes again. Invoked by a schedule of EventBridge, or with
{"sweep": true}, it makes a sweep. How such a function is made is in docs/serve.md.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			k, err := a.keeping(c.Context(), args)
			if err != nil {
				return err
			}
			defer k.close(c.Context())
			f := &lambdaEvents{keeping: k}
			return a.lambdaServe(c.Context(), f.handle)
		},
	}
	args.flags(c)
	a.storeFlag(c)
	c.Flags().DurationVar(&args.interval, "interval", 15*time.Minute, "how long what was read of the organization is good for")
	return c
}

// lambdaEvents handles invocations, one at a time. What it holds lives as long as
// Lambda keeps the process.
type lambdaEvents struct {
	*keeping
	read time.Time // when the organization was; zero: never
}

// handle takes an invocation: a batch of a queue, or the order to sweep.
func (l *lambdaEvents) handle(ctx context.Context, payload []byte) ([]byte, error) {
	defer l.clock.Enter()()
	var in struct {
		Sweep      bool           `json:"sweep"`
		DetailType string         `json:"detail-type"` // of a schedule (EventBridge User Guide, eb-run-lambda-schedule.html)
		Records    []lambdaRecord `json:"Records"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, fmt.Errorf("neither a batch of SQS nor a schedule: %w", err)
	}
	defer l.flush(ctx)
	switch {
	case in.Sweep || in.DetailType == "Scheduled Event":
		return l.sweep(ctx)
	case len(in.Records) == 0:
		return nil, errors.New("neither a batch of SQS nor a schedule: there are no Records")
	}
	return l.batch(ctx, in.Records)
}

// flushTime is how long an invocation may take for history and traces in the end.
const flushTime = 2 * time.Second

// flush keeps and sends what the invocation told: Lambda freezes the process after
// the answer, and may never thaw it (Lambda Developer Guide,
// lambda-runtime-environment.html).
func (l *lambdaEvents) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	if err := l.journal.flush(ctx); err != nil {
		l.journal.warn(l.clock.Now(), "traces or history are late", "error", strings.TrimSpace(err.Error()))
	}
}

func (l *lambdaEvents) sweep(ctx context.Context) ([]byte, error) {
	began := l.clock.Now()
	swept, err := l.keeper.Sweep(ctx, ctx, reconcile.Options{AcceptLimits: l.args.limits})
	l.journal.Sweep(event.SweepEntry{At: l.clock.Now(), First: l.read.IsZero(), Took: l.clock.Now().Sub(began), Swept: swept, Err: err})
	if err != nil {
		return nil, err
	}
	l.read = began
	if err := swept.Problems.Err(); err != nil {
		return nil, fmt.Errorf("the sweep is incomplete: %w", err) // an alarm on the function's errors tells of it
	}
	return json.Marshal(map[string]int{"changes": len(swept.Done), "failed": len(swept.Failed)})
}

// lambdaRecord is a message as Lambda hands it over (Lambda Developer Guide,
// with-sqs.html).
type lambdaRecord struct {
	ID         string `json:"messageId"`
	Receipt    string `json:"receiptHandle"`
	Body       string `json:"body"`
	Source     string `json:"eventSource"`
	Queue      string `json:"eventSourceARN"`
	Attributes struct {
		Receives string `json:"ApproximateReceiveCount"`
		Sent     string `json:"SentTimestamp"` // milliseconds
	} `json:"attributes"`
}

func (r lambdaRecord) message() event.Message {
	m := event.Message{ID: r.ID, Receipt: r.Receipt, Body: r.Body}
	m.Receives, _ = strconv.Atoi(r.Attributes.Receives) // Lambda's own; zero is as good as unknown
	if ms, err := strconv.ParseInt(r.Attributes.Sent, 10, 64); err == nil {
		m.Sent = time.UnixMilli(ms).UTC()
	}
	return m
}

// batch decides on a batch, and gives back what is to come again (Lambda
// Developer Guide, services-sqs-errorhandling.html: partial batch responses).
func (l *lambdaEvents) batch(ctx context.Context, records []lambdaRecord) ([]byte, error) {
	if l.read.IsZero() || l.clock.Now().Sub(l.read) > l.args.interval {
		began := l.clock.Now()
		if err := l.keeper.Look(ctx, reconcile.Options{}); err != nil {
			return nil, fmt.Errorf("the organization could not be read: %w", err)
		}
		l.read = began
	}
	id, err := l.queue(records[0].Queue) // one source has one queue
	if err != nil {
		return nil, err
	}
	q := &lambdaQueue{Queue: stage.Queue(l.sessions.Queue(id)), done: map[string]bool{}}
	var messages []event.Message
	for _, r := range records {
		messages = append(messages, r.message())
	}
	h := l.handler()
	h.Handle(ctx, q, messages)
	type failure struct {
		ID string `json:"itemIdentifier"`
	}
	out := struct {
		Failures []failure `json:"batchItemFailures"`
	}{[]failure{}}
	for _, m := range messages {
		if !q.done[m.Receipt] {
			out.Failures = append(out.Failures, failure{m.ID})
		}
	}
	return json.Marshal(out)
}

// lambdaQueue notes which messages are let go of. They are deleted at once, since
// they would come again before a long invocation answers; that Lambda deletes them
// once more does no harm.
type lambdaQueue struct {
	event.Queue

	mu   sync.Mutex
	done map[string]bool // by receipt
}

func (q *lambdaQueue) finished(list ...event.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range list {
		q.done[m.Receipt] = true
	}
}

func (q *lambdaQueue) Delete(ctx context.Context, list []event.Message) error {
	err := q.Queue.Delete(ctx, list)
	if err == nil {
		q.finished(list...)
	}
	return err
}

func (q *lambdaQueue) Reject(ctx context.Context, m event.Message, reason string) error {
	err := q.Queue.Reject(ctx, m, reason)
	if err == nil {
		q.finished(m)
	}
	return err
}
