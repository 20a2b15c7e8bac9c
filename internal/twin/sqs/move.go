package sqs

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// task moves messages out of a dead-letter queue (API_StartMessageMoveTask).
type task struct {
	id      string
	source  string // ARN
	target  string // ARN; empty: each to the queue that it came from
	rate    int    // asked for; 0: as SQS likes
	status  string
	reason  string
	started time.Time
	until   int // messages of a higher number came after the start
	left    int
	moved   int64
}

// The statuses of a task (API_ListMessageMoveTasksResultEntry).
const (
	running   = "RUNNING"
	completed = "COMPLETED"
	cancelled = "CANCELLED"
	stopped   = "FAILED"
)

// tasks are by queue and ID, which grows. steps are when running ones go on: each
// second, at their rate.
var (
	tasks = world.Private[task]{Name: "sqs.tasks"}
	steps = world.Agenda[string]{Name: "sqs.steps"}
)

// maxRate is how many messages a task moves a second
// (API_StartMessageMoveTask, MaxNumberOfMessagesPerSecond).
const maxRate = 500

func (t task) key() string { return t.source + "\x00" + t.id }

func (t task) handle() string { return base64.StdEncoding.EncodeToString([]byte(t.key())) }

// tasksOf are a queue's tasks, the latest first.
func tasksOf(s *world.State, arn string) []task {
	var all []task
	tasks.Walk(s, arn+"\x00", func(_ string, t task) bool {
		all = append(all, t)
		return true
	})
	slices.SortStableFunc(all, func(a, b task) int { return b.started.Compare(a.started) })
	return all
}

func noQueue() error {
	return &types.ResourceNotFoundException{Message: aws.String("The resource that you specified for the SourceArn parameter doesn't exist.")}
}

func startMessageMoveTask(_ context.Context, c *world.Call, in *sqs.StartMessageMoveTaskInput) (*sqs.StartMessageMoveTaskOutput, error) {
	source, err := movable(c, in.SourceArn)
	if err != nil {
		return nil, err
	}
	t := task{source: source.ARN, target: aws.ToString(in.DestinationArn), rate: int(aws.ToInt32(in.MaxNumberOfMessagesPerSecond)), status: running, started: c.Now}
	if _, used := estate.First(c.Estate().Queues.By(estate.ByMember(source.ARN))); !used {
		return nil, fail("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
	}
	if t.target != "" {
		target, ok := c.Estate().Queues.Get(t.target)
		switch {
		case !ok:
			return nil, &types.ResourceNotFoundException{Message: aws.String("The resource that you specified for the DestinationArn parameter doesn't exist.")}
		case target.ARN == source.ARN || target.FIFO != source.FIFO:
			return nil, invalid("DestinationArn", t.target, "It is another queue of the same type.")
		}
	}
	if in.MaxNumberOfMessagesPerSecond != nil && (t.rate < 1 || t.rate > maxRate) {
		return nil, invalid("MaxNumberOfMessagesPerSecond", "", "Must be between 1 and 500, if provided.")
	}
	if all := tasksOf(c.State, source.ARN); len(all) > 0 && all[0].status == running {
		return nil, unsupported("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	h, _ := heads.Get(c.State, source.ARN)
	n := counted(c.State, source, c.Now)
	t.id, t.until, t.left = c.State.HexID(source.Account, "task", source.ARN, 16), h.last, n.visible+n.inFlight+n.delayed
	tasks.Put(c.State, t.key(), t)
	steps.Add(c.State, c.Now.Add(time.Second), t.key())
	return &sqs.StartMessageMoveTaskOutput{TaskHandle: aws.String(t.handle())}, nil
}

// movable finds the queue of a task and asks for the permissions that its start
// needs there (Developer Guide, sqs-configure-dead-letter-queue-redrive.html).
func movable(c *world.Call, arn *string) (estate.Queue, error) {
	needed := []string{c.Operation}
	if c.Operation == "StartMessageMoveTask" {
		needed = append(needed, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
	}
	var q estate.Queue
	for _, operation := range needed {
		var err error
		if q, err = findARN(c, aws.ToString(arn), operation); err != nil {
			if _, gone := errors.AsType[*types.QueueDoesNotExist](err); gone {
				return q, noQueue()
			}
			return q, err
		}
	}
	return q, nil
}

func cancelMessageMoveTask(_ context.Context, c *world.Call, in *sqs.CancelMessageMoveTaskInput) (*sqs.CancelMessageMoveTaskOutput, error) {
	raw, err := base64.StdEncoding.DecodeString(aws.ToString(in.TaskHandle))
	arn, _, _ := strings.Cut(string(raw), "\x00")
	if _, denied := movable(c, &arn); denied != nil {
		return nil, denied
	}
	t, ok := tasks.Get(c.State, string(raw))
	switch {
	case err != nil || !ok:
		return nil, &types.ResourceNotFoundException{Message: aws.String("Task does not exist.")}
	case t.status != running:
		return nil, unsupported("Only active tasks can be cancelled.")
	}
	t.status = cancelled
	tasks.Put(c.State, t.key(), t)
	return &sqs.CancelMessageMoveTaskOutput{ApproximateNumberOfMessagesMoved: t.moved}, nil
}

func listMessageMoveTasks(_ context.Context, c *world.Call, in *sqs.ListMessageMoveTasksInput) (*sqs.ListMessageMoveTasksOutput, error) {
	q, err := movable(c, in.SourceArn)
	if err != nil {
		return nil, err
	}
	n := int(aws.ToInt32(in.MaxResults))
	if in.MaxResults == nil {
		n = 1 // API_ListMessageMoveTasks: the default is the latest
	}
	if n < 1 || n > 10 {
		return nil, invalid("MaxResults", "", "Must be between 1 and 10, if provided.")
	}
	out := &sqs.ListMessageMoveTasksOutput{}
	for _, t := range tasksOf(c.State, q.ARN) {
		if len(out.Results) == n {
			break
		}
		e := types.ListMessageMoveTasksResultEntry{
			SourceArn: aws.String(t.source), Status: aws.String(t.status), StartedTimestamp: t.started.UnixMilli(),
			ApproximateNumberOfMessagesMoved: t.moved, ApproximateNumberOfMessagesToMove: aws.Int64(int64(t.left)),
		}
		if t.target != "" {
			e.DestinationArn = aws.String(t.target)
		}
		if t.rate > 0 {
			e.MaxNumberOfMessagesPerSecond = aws.Int32(int32(t.rate))
		}
		if t.status == running {
			e.TaskHandle = aws.String(t.handle())
		}
		if t.reason != "" {
			e.FailureReason = aws.String(t.reason)
		}
		out.Results = append(out.Results, e)
	}
	return out, nil
}

// Next is when a task that moves messages goes on.
func Next(s *world.State) (time.Time, bool) { return steps.Next(s) }

// Settle moves what tasks have moved by now.
func Settle(c *world.Call) {
	for {
		at, key, ok := steps.Take(c.State, c.Now)
		if !ok {
			return
		}
		if t, ok := tasks.Get(c.State, key); ok && t.status == running {
			then := *c
			then.Now = at
			t.step(&then)
		}
	}
}

// step moves the messages of a second.
func (t task) step(c *world.Call) {
	q, ok := c.Estate().Queues.Get(t.source)
	rate := t.rate
	if rate == 0 {
		rate = maxRate
	}
	var found []message
	if ok {
		order.Walk(c.State, q.ARN+"\x00", func(_ string, number int) bool {
			if m, ok := messages.Get(c.State, numbered(q, number)); ok && number <= t.until && !c.Now.Before(m.visible) && c.Now.Before(m.sent.Add(q.Retention)) {
				found = append(found, m)
			}
			return len(found) < rate
		})
	}
	for _, m := range found {
		target, ok := c.Estate().Queues.Get(t.target)
		if t.target == "" {
			target, ok = c.Estate().Queues.Get(m.source)
		}
		if !ok {
			t.status, t.reason = stopped, "AWS.SimpleQueueService.NonExistentQueue"
			break
		}
		remove(c.State, q, m)
		// It counts as a new one (sqs-configure-dead-letter-queue-redrive.html).
		m.id, m.source, m.sent, m.visible, m.receives, m.first = newID(c.State, target), "", c.Now, c.Now, 0, time.Time{}
		add(c.World, c.State, target, m)
		t.moved++
		t.left--
	}
	switch {
	case t.status != running:
	case len(found) < rate:
		t.status = completed
	default:
		steps.Add(c.State, c.Now.Add(time.Second), t.key())
	}
	tasks.Put(c.State, t.key(), t)
}
