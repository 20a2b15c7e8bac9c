package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Queues of events, and their dead letters. Standard queues only: a FIFO queue
// would hold events back for an order that means nothing here.

// Attributes of a dead letter that orgdns wrote: why, and of which queue.
const (
	AttributeReason = "orgdns-reason"
	AttributeQueue  = "orgdns-queue"
)

const (
	// queueBatch is how many messages one call takes (API_DeleteMessageBatch).
	queueBatch = 10
	// deadSize is how much of a body goes to the dead letters, so that it fits with
	// the reason whatever the queue's limit is above 256 KiB.
	deadSize, reasonSize = 240 << 10, 8 << 10
)

// QueueID names a queue.
type QueueID struct {
	Account estate.AccountID
	Region  estate.Region
	Name    string
	url     string
}

// ARN is the queue's.
func (q QueueID) ARN() string {
	return fmt.Sprintf("arn:%s:sqs:%s:%s:%s", q.Region.Partition(), q.Region, q.Account, q.Name)
}

// URL is where the queue is called (SQS Developer Guide,
// sqs-queue-message-identifiers.html).
func (q QueueID) URL() string {
	if q.url != "" {
		return q.url
	}
	suffix := "amazonaws.com"
	if q.Region.Partition() == "aws-cn" {
		suffix += ".cn"
	}
	return fmt.Sprintf("https://sqs.%s.%s/%s/%s", q.Region, suffix, q.Account, q.Name)
}

var (
	queueURL  = regexp.MustCompile(`^https?://([^/]+)/(\d{12})/([A-Za-z0-9_-]{1,80})$`)
	queueARN  = regexp.MustCompile(`^arn:aws[a-z-]*:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,80})$`)
	hostPlace = regexp.MustCompile(`(?:^|\.)([a-z]{2}(?:-[a-z]+)+-\d+)\.`)
)

// ParseQueue reads a queue's URL or ARN. fallback is the Region of a URL whose
// host tells none.
func ParseQueue(s string, fallback estate.Region) (QueueID, error) {
	if strings.HasSuffix(s, ".fifo") {
		return QueueID{}, fmt.Errorf("%s is a FIFO queue; events come through a standard queue", s)
	}
	if m := queueARN.FindStringSubmatch(s); m != nil {
		return QueueID{Region: estate.Region(m[1]), Account: estate.AccountID(m[2]), Name: m[3]}, nil
	}
	m := queueURL.FindStringSubmatch(s)
	if m == nil {
		return QueueID{}, fmt.Errorf("%q is neither the URL nor the ARN of an SQS queue, as in https://sqs.eu-west-1.amazonaws.com/222222222222/orgdns-events", s)
	}
	q := QueueID{Region: fallback, Account: estate.AccountID(m[2]), Name: m[3], url: s}
	if at := hostPlace.FindStringSubmatch(m[1]); at != nil {
		q.Region = estate.Region(at[1])
	}
	if q.Region == "" {
		return QueueID{}, fmt.Errorf("the Region of queue %s is not known; name the queue by its ARN", s)
	}
	return q, nil
}

// Message is what a queue holds.
type Message struct {
	ID         string
	Receipt    string
	Body       string
	Sent       time.Time
	Receives   int               // this time included
	Attributes map[string]string // of type String
}

// Queue is a queue, reached by the role of its account.
type Queue struct {
	id     QueueID
	caller *caller

	mu       sync.Mutex
	settings *QueueSettings // once they are known
}

// QueueSettings are what a queue does by itself.
type QueueSettings struct {
	Dead *Queue // where dead letters go; nil without
	// Wait is how long a call waits that does not say so. It should be nothing:
	// SQS cannot tell a call that would not wait from one that does not say.
	Wait time.Duration
}

// Queue reaches a queue; it calls nothing yet. Its session may do nothing but
// take messages from it.
func (s *Sessions) Queue(id QueueID) *Queue { return s.queue(id, plan.MayTakeMessages) }

// DeadLetters reaches a queue of dead letters, to look at them, take them up
// again, and put more there.
func (s *Sessions) DeadLetters(id QueueID) *Queue {
	return s.queue(id, plan.MayTakeMessages, plan.MaySendMessages)
}

// Backlog reaches a queue to send messages to it.
func (s *Sessions) Backlog(id QueueID) *Queue { return s.queue(id, plan.MaySendMessages) }

func (s *Sessions) queue(id QueueID, may ...plan.May) *Queue {
	// It may be encrypted with a key of one's own; which, its role says.
	p := []plan.Permission{{Account: id.Account, Region: id.Region, May: plan.MayUseKeys}}
	for _, m := range may {
		p = append(p, plan.Permission{Account: id.Account, Region: id.Region, Named: id.Name, May: m})
	}
	return &Queue{id: id, caller: s.caller(Scope{id.Account: p}, nil)}
}

func (q *Queue) client() *sqs.Client { return q.caller.sqs(q.id.Account, q.id.Region) }

// Name is the queue's ARN.
func (q *Queue) Name() string { return q.id.ARN() }

// Receive waits for messages, in whole seconds up to 20, and takes ten at most;
// nobody else gets them for hidden.
func (q *Queue) Receive(ctx context.Context, wait, hidden time.Duration) ([]Message, error) {
	out, err := q.client().ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(q.id.URL()), MaxNumberOfMessages: queueBatch,
		WaitTimeSeconds: seconds(wait), VisibilityTimeout: seconds(hidden),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp,
		},
		MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		return nil, plain(err)
	}
	list := make([]Message, len(out.Messages))
	for i, m := range out.Messages {
		list[i] = Message{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body), Attributes: map[string]string{}}
		list[i].Receives, _ = strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
		if ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
			list[i].Sent = time.UnixMilli(ms).UTC()
		}
		for name, a := range m.MessageAttributes {
			if a.StringValue != nil {
				list[i].Attributes[name] = *a.StringValue
			}
		}
	}
	return list, nil
}

func seconds(d time.Duration) int32 { return int32(d / time.Second) }

// Delete lets go of messages, ten a call. One that is gone already is no error.
func (q *Queue) Delete(ctx context.Context, list []Message) error {
	var errs []error
	for part := range slices.Chunk(list, queueBatch) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(q.id.URL())}
		for i := range part {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &part[i].Receipt})
		}
		out, err := q.client().DeleteMessageBatch(ctx, in)
		if err != nil {
			errs = append(errs, plain(err))
			continue
		}
		errs = append(errs, q.entries("DeleteMessageBatch", out.Failed))
	}
	return errors.Join(errs...)
}

// Hide keeps messages from others until d from now, in whole seconds and one at
// least, since the SDK leaves none out. One that others may have already stays as
// it is.
func (q *Queue) Hide(ctx context.Context, list []Message, d time.Duration) error {
	var errs []error
	for part := range slices.Chunk(list, queueBatch) {
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(q.id.URL())}
		for i := range part {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &part[i].Receipt, VisibilityTimeout: max(1, seconds(d)),
			})
		}
		out, err := q.client().ChangeMessageVisibilityBatch(ctx, in)
		if err != nil {
			errs = append(errs, plain(err))
			continue
		}
		errs = append(errs, q.entries("ChangeMessageVisibilityBatch", out.Failed))
	}
	return errors.Join(errs...)
}

// entries is the error of the entries of a batch that failed by no fault of ours:
// a receipt that no longer counts is one.
func (q *Queue) entries(operation string, failed []types.BatchResultErrorEntry) error {
	for _, f := range failed {
		if !f.SenderFault {
			return &Error{
				Account: q.id.Account, Region: q.id.Region, Service: "sqs", Operation: operation, Code: aws.ToString(f.Code),
				Message: fmt.Sprintf("%s (%d messages of queue %s)", aws.ToString(f.Message), len(failed), q.id.Name),
			}
		}
	}
	return nil
}

// Settings are the queue's settings, asked for once.
func (q *Queue) Settings(ctx context.Context) (QueueSettings, error) {
	q.mu.Lock()
	known := q.settings
	q.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	attributes, err := q.attributes(ctx, types.QueueAttributeNameRedrivePolicy, types.QueueAttributeNameReceiveMessageWaitTimeSeconds)
	if err != nil {
		return QueueSettings{}, err
	}
	var out QueueSettings
	if wait, err := strconv.Atoi(attributes[string(types.QueueAttributeNameReceiveMessageWaitTimeSeconds)]); err == nil {
		out.Wait = time.Duration(wait) * time.Second
	}
	if text := attributes[string(types.QueueAttributeNameRedrivePolicy)]; text != "" {
		var policy struct {
			Target string `json:"deadLetterTargetArn"`
		}
		if err := json.Unmarshal([]byte(text), &policy); err != nil {
			return out, fmt.Errorf("queue %s: its redrive policy: %w", q.Name(), err)
		}
		id, err := ParseQueue(policy.Target, q.id.Region)
		if err != nil {
			return out, fmt.Errorf("queue %s: its redrive policy: %w", q.Name(), err)
		}
		out.Dead = q.caller.DeadLetters(id)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settings = &out
	return out, nil
}

func (q *Queue) attributes(ctx context.Context, names ...types.QueueAttributeName) (map[string]string, error) {
	out, err := q.client().GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(q.id.URL()), AttributeNames: names})
	if err != nil {
		return nil, plain(err)
	}
	return out.Attributes, nil
}

// Depth is how many messages wait in the queue, about (API_GetQueueAttributes).
func (q *Queue) Depth(ctx context.Context) (int, error) {
	a, err := q.attributes(ctx, types.QueueAttributeNameApproximateNumberOfMessages)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(a[string(types.QueueAttributeNameApproximateNumberOfMessages)])
}

// Reject puts a message among the dead letters, with the reason, and lets go of
// it. Where there is no queue for these, it is only let go. A body that is too
// long for the reason to go with it is cut.
func (q *Queue) Reject(ctx context.Context, m Message, reason string) error {
	settings, err := q.Settings(ctx)
	if err != nil {
		return err
	}
	if dead := settings.Dead; dead != nil {
		letter := Message{Body: atMost(m.Body, deadSize), Attributes: map[string]string{AttributeReason: atMost(reason, reasonSize), AttributeQueue: q.Name()}}
		if err := dead.Send(ctx, letter); err != nil {
			return err
		}
	}
	return q.Delete(ctx, []Message{m})
}

// Send puts a message into the queue.
func (q *Queue) Send(ctx context.Context, m Message) error {
	in := &sqs.SendMessageInput{QueueUrl: aws.String(q.id.URL()), MessageBody: &m.Body, MessageAttributes: map[string]types.MessageAttributeValue{}}
	for _, name := range sortedKeys(m.Attributes) {
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(m.Attributes[name])}
	}
	_, err := q.client().SendMessage(ctx, in)
	return plain(err)
}

func atMost(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
