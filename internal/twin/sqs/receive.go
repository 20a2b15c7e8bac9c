package sqs

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// receiveMessage waits on the clock when nothing is there, up to the time asked
// for (Developer Guide, sqs-short-and-long-polling.html). A zero timeout or wait
// cannot be told from none; the queue's own counts.
func receiveMessage(_ context.Context, c *world.Call, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	n := int(in.MaxNumberOfMessages)
	if n == 0 {
		n = 1
	}
	wait, hidden := seconds(in.WaitTimeSeconds, q.Wait), seconds(in.VisibilityTimeout, q.Visibility)
	switch {
	case in.ReceiveRequestAttemptId != nil:
		return nil, c.Unsupported("ReceiveRequestAttemptId")
	case n < 1 || n > maxBatch:
		return nil, invalid("MaxNumberOfMessages", strconv.Itoa(n), "Must be between 1 and 10, if provided.")
	case wait < 0 || wait > 20*time.Second:
		return nil, invalid("WaitTimeSeconds", strconv.Itoa(int(in.WaitTimeSeconds)), "Must be >= 0 and <= 20, if provided.")
	case hidden < 0 || hidden > maxHidden:
		return nil, invalid("VisibilityTimeout", strconv.Itoa(int(in.VisibilityTimeout)), "Must be between 0 and 43200, if provided.")
	}
	if full(c, q) {
		if !q.FIFO && wait == 0 { // quotas-queues.html, "Messages per queue (in flight)"
			return nil, &types.OverLimit{Message: aws.String("Too many messages in flight in " + q.Name + ".")}
		}
		return &sqs.ReceiveMessageOutput{}, nil
	}
	found, next := receivable(c, q, n)
	out := &sqs.ReceiveMessageOutput{}
	system := make([]string, 0, len(in.MessageSystemAttributeNames)+len(in.AttributeNames))
	for _, name := range in.MessageSystemAttributeNames {
		system = append(system, string(name))
	}
	for _, name := range in.AttributeNames { // the older name of the parameter
		system = append(system, string(name))
	}
	for _, m := range found {
		m.receives++
		if m.first.IsZero() {
			m.first = c.Now
		}
		m.received, m.visible = c.Now, c.Now.Add(hidden)
		put(c.State, q, m)
		out.Messages = append(out.Messages, m.shown(q, system, in.MessageAttributeNames))
	}
	if until := c.Since.Add(wait); len(found) == 0 && c.Now.Before(until) {
		if !next.IsZero() && next.Before(until) {
			until = next
		}
		c.Await(q.ARN, until)
	}
	return out, nil
}

// full reports whether as many messages are in flight as may be.
func full(c *world.Call, q estate.Queue) bool {
	h, _ := heads.Get(c.State, q.ARN)
	return c.World.Limits && h.held >= maxInFlight && counted(c.State, q, c.Now).inFlight >= maxInFlight
}

// receivable finds up to n messages that can be received, and when the next one
// can if it is not at once. On its way it drops what is too old, and moves what
// was received too often to the dead-letter queue. A FIFO queue holds back a
// group while one of its messages is in flight or delayed
// (Developer Guide, FIFO-queues-understanding-logic.html).
func receivable(c *world.Call, q estate.Queue, n int) (found []message, next time.Time) {
	var old, dead []message
	blocked := map[string]bool{}
	order.Walk(c.State, q.ARN+"\x00", func(_ string, number int) bool {
		m, ok := messages.Get(c.State, numbered(q, number))
		switch {
		case !ok:
		case !c.Now.Before(m.sent.Add(q.Retention)):
			old = append(old, m)
		case c.Now.Before(m.visible):
			blocked[m.group] = true
			if next.IsZero() || m.visible.Before(next) {
				next = m.visible
			}
			return q.FIFO // of a standard queue none of the rest is earlier
		case q.FIFO && blocked[m.group]:
		case q.DeadLetters != "" && m.receives >= q.MaxReceives:
			dead = append(dead, m)
		default:
			found = append(found, m)
		}
		return len(found) < n
	})
	for _, m := range old {
		remove(c.State, q, m)
	}
	for _, m := range dead {
		bury(c, q, m)
	}
	return found, next
}

// bury moves a message to the dead-letter queue; it stays where that is gone. In
// a standard queue it keeps the time at which it was sent, in a FIFO queue it
// gets a new one (Developer Guide, sqs-dead-letter-queues.html).
func bury(c *world.Call, q estate.Queue, m message) {
	target, ok := c.Estate().Queues.Get(q.DeadLetters)
	if !ok {
		return
	}
	remove(c.State, q, m)
	m.source, m.visible = q.ARN, c.Now
	if target.FIFO {
		m.sent = c.Now
	}
	m.receives, m.first = 0, time.Time{}
	add(c.World, c.State, target, m)
}

func deleteMessage(_ context.Context, c *world.Call, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.DeleteMessageOutput{}, drop(c, q, aws.ToString(in.ReceiptHandle))
}

func deleteMessageBatch(_ context.Context, c *world.Call, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.Entries, func(e types.DeleteMessageBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	out := &sqs.DeleteMessageBatchOutput{}
	for _, e := range in.Entries {
		if err := drop(c, q, aws.ToString(e.ReceiptHandle)); err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

// drop deletes a message by its receipt handle. A standard queue says yes to a
// handle that is not the last one, and deletes nothing; a FIFO queue refuses one
// whose time is over (API_DeleteMessage; aws/aws-sdk-js#1750).
func drop(c *world.Call, q estate.Queue, handle string) error {
	m, latest, ok := handled(c.State, q, handle)
	switch {
	case !ok:
		return badHandle(handle)
	case q.FIFO && m.number > 0 && (!latest || !m.inFlight(c.Now)):
		return invalid("ReceiptHandle", handle, "The receipt handle has expired.")
	case latest && m.number > 0:
		remove(c.State, q, m)
		c.World.Wake(q.ARN, c.Now) // the rest of its group
	}
	return nil
}

func badHandle(handle string) error {
	return &types.ReceiptHandleIsInvalid{Message: aws.String("The input receipt handle \"" + handle + "\" is not a valid receipt handle.")}
}

func changeMessageVisibility(_ context.Context, c *world.Call, in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.ChangeMessageVisibilityOutput{}, hide(c, q, aws.ToString(in.ReceiptHandle), in.VisibilityTimeout)
}

func changeMessageVisibilityBatch(_ context.Context, c *world.Call, in *sqs.ChangeMessageVisibilityBatchInput) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.Entries, func(e types.ChangeMessageVisibilityBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	for _, e := range in.Entries {
		if err := hide(c, q, aws.ToString(e.ReceiptHandle), e.VisibilityTimeout); err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

// hide changes until when a message in flight is hidden: at most twelve hours
// after it was received (API_ChangeMessageVisibility; the texts are of
// mapbox/ecs-watchbot#135 and aws/aws-sdk-js-v3#2983).
func hide(c *world.Call, q estate.Queue, handle string, timeout int32) error {
	m, latest, ok := handled(c.State, q, handle)
	d := time.Duration(timeout) * time.Second
	switch {
	case !ok:
		return badHandle(handle)
	case d < 0 || d > maxHidden:
		return invalid("VisibilityTimeout", strconv.Itoa(int(timeout)), "Must be between 0 and 43200, if provided.")
	case !latest || m.number == 0 || !m.inFlight(c.Now):
		return invalid("ReceiptHandle", handle, "Message does not exist or is not available for visibility timeout change.")
	case c.Now.Add(d).After(m.received.Add(maxHidden)):
		return invalid("VisibilityTimeout", strconv.Itoa(int(timeout)), "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	}
	m.visible = c.Now.Add(d)
	put(c.State, q, m)
	c.World.Wake(q.ARN, m.visible)
	return nil
}
