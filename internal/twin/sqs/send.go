package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// dedupInterval is for how long a FIFO queue takes a deduplication ID for the
// same message (Developer Guide, using-messagededuplicationid-property.html).
const dedupInterval = 5 * time.Minute

// sent is what a deduplication ID stands for.
type sent struct {
	message
	at time.Time
}

// dedups are the deduplication IDs, by queue, group where that is the scope, and ID.
var dedups = world.Private[sent]{Name: "sqs.dedups"}

// outgoing is a message to send, from an entry of a batch or a call.
type outgoing struct {
	body       string
	delay      time.Duration
	attributes map[string]types.MessageAttributeValue
	system     map[string]types.MessageSystemAttributeValue
	group      *string
	dedup      *string
}

func (o outgoing) size() int { return size(o.body, o.attributes) }

func sendMessage(_ context.Context, c *world.Call, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	m, err := send(c, q, outgoing{
		aws.ToString(in.MessageBody), seconds(in.DelaySeconds, 0), in.MessageAttributes, in.MessageSystemAttributes, in.MessageGroupId, in.MessageDeduplicationId,
	}, c.Caller.ID)
	if err != nil {
		return nil, err
	}
	r := sentResult(q, m, in.MessageSystemAttributes)
	return &sqs.SendMessageOutput{
		MessageId: r.MessageId, MD5OfMessageBody: r.MD5OfMessageBody, MD5OfMessageAttributes: r.MD5OfMessageAttributes,
		MD5OfMessageSystemAttributes: r.MD5OfMessageSystemAttributes, SequenceNumber: r.SequenceNumber,
	}, nil
}

func sentResult(q estate.Queue, m message, system map[string]types.MessageSystemAttributeValue) types.SendMessageBatchResultEntry {
	r := types.SendMessageBatchResultEntry{MessageId: &m.id, MD5OfMessageBody: aws.String(sum([]byte(m.body)))}
	if s := attributeSum(m.attributes); s != "" {
		r.MD5OfMessageAttributes = &s
	}
	plain := map[string]types.MessageAttributeValue{}
	for name, a := range system {
		plain[name] = types.MessageAttributeValue{DataType: a.DataType, StringValue: a.StringValue}
	}
	if s := attributeSum(plain); s != "" {
		r.MD5OfMessageSystemAttributes = &s
	}
	if q.FIFO {
		r.SequenceNumber = aws.String(m.sequence())
	}
	return r
}

// sendMessageBatch sends what it can: each entry succeeds or fails on its own
// (API_SendMessageBatch).
func sendMessageBatch(_ context.Context, c *world.Call, in *sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.Entries, func(e types.SendMessageBatchRequestEntry) *string { return e.Id }); err != nil {
		return nil, err
	}
	total := 0
	for _, e := range in.Entries {
		total += len(aws.ToString(e.MessageBody))
	}
	if total > maxSize {
		return nil, &types.BatchRequestTooLong{
			Message:           aws.String(fmt.Sprintf("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxSize, total)),
			ErrorCodeOverride: code("BatchRequestTooLong"),
		}
	}
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		m, err := send(c, q, outgoing{
			aws.ToString(e.MessageBody), seconds(e.DelaySeconds, 0), e.MessageAttributes, e.MessageSystemAttributes, e.MessageGroupId, e.MessageDeduplicationId,
		}, c.Caller.ID)
		if err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		r := sentResult(q, m, e.MessageSystemAttributes)
		r.Id = e.Id
		out.Successful = append(out.Successful, r)
	}
	return out, nil
}

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch checks what all batches have in common (API_SendMessageBatch, Errors).
func checkBatch[E any](entries []E, id func(E) *string) error {
	switch {
	case len(entries) == 0:
		return &types.EmptyBatchRequest{Message: aws.String("There should be at least one entry in the request."), ErrorCodeOverride: code("EmptyBatchRequest")}
	case len(entries) > maxBatch:
		return &types.TooManyEntriesInBatchRequest{
			Message:           aws.String(fmt.Sprintf("Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))),
			ErrorCodeOverride: code("TooManyEntriesInBatchRequest"),
		}
	}
	seen := map[string]bool{}
	for _, e := range entries {
		name := aws.ToString(id(e))
		switch {
		case !batchID.MatchString(name):
			return &types.InvalidBatchEntryId{
				Message:           aws.String("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."),
				ErrorCodeOverride: code("InvalidBatchEntryId"),
			}
		case seen[name]:
			return &types.BatchEntryIdsNotDistinct{Message: aws.String("Id " + name + " repeated."), ErrorCodeOverride: code("BatchEntryIdsNotDistinct")}
		}
		seen[name] = true
	}
	return nil
}

// failed is an entry of a batch that failed.
func failed(id *string, err error) types.BatchResultErrorEntry {
	e := types.BatchResultErrorEntry{Id: id, SenderFault: true, Code: aws.String("InternalError"), Message: aws.String(err.Error())}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		e.Code, e.Message = aws.String(api.ErrorCode()), aws.String(api.ErrorMessage())
	}
	return e
}

// send checks a message and puts it into a queue. A FIFO queue answers a
// duplicate as it answered the first (API_SendMessage, MessageDeduplicationId).
func send(c *world.Call, q estate.Queue, o outgoing, sender string) (message, error) {
	if err := o.check(q); err != nil {
		return message{}, err
	}
	m := message{
		body: o.body, attributes: o.attributes, sender: sender, sent: c.Now, group: aws.ToString(o.group), dedup: aws.ToString(o.dedup),
		visible: c.Now.Add(q.Delay),
	}
	if o.delay > 0 {
		m.visible = c.Now.Add(o.delay)
	}
	if trace, ok := o.system["AWSTraceHeader"]; ok {
		m.trace = aws.ToString(trace.StringValue)
	}
	key := ""
	if q.FIFO {
		if m.dedup == "" {
			h := sha256.Sum256([]byte(m.body)) // API_SendMessage: of the body, not of the attributes
			m.dedup = hex.EncodeToString(h[:])
		}
		key = q.ARN + "\x00" + m.dedup
		if q.DedupScope == "messageGroup" {
			key += "\x00" + m.group
		}
		if before, ok := dedups.Get(c.State, key); ok && c.Now.Before(before.at.Add(dedupInterval)) {
			return before.message, nil
		}
	}
	m.id = newID(c.State, q)
	m = add(c.World, c.State, q, m)
	if q.FIFO {
		dedups.Put(c.State, key, sent{m, c.Now})
	}
	return m, nil
}

// newID makes the ID of a message.
func newID(s *world.State, q estate.Queue) string {
	h := s.HexID(q.Account, "message", q.ARN, 32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

var dedupForm = regexp.MustCompile(`^[A-Za-z0-9!-/:-@\[-` + "`" + `{-~]{1,128}$`)

func (o outgoing) check(q estate.Queue) error {
	switch n := o.size(); {
	case o.body == "":
		return fail("MissingParameter", "The request must contain the parameter MessageBody.")
	case n > q.MaxSize:
		return fail("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.MaxSize)
	case o.delay < 0 || o.delay > 15*time.Minute:
		return invalid("DelaySeconds", fmt.Sprint(int(o.delay.Seconds())), "DelaySeconds must be >= 0 and <= 900.")
	case q.FIFO && o.delay > 0:
		return invalid("DelaySeconds", fmt.Sprint(int(o.delay.Seconds())), "The request include parameter that is not valid for this queue type.")
	case q.FIFO && o.group == nil:
		return fail("MissingParameter", "The request must contain the parameter MessageGroupId.")
	case q.FIFO && o.dedup == nil && !q.ContentDedup:
		return fail("InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	case !q.FIFO && o.dedup != nil:
		return invalid("MessageDeduplicationId", *o.dedup, "The request include parameter that is not valid for this queue type.")
	}
	for name, v := range map[string]*string{"MessageGroupId": o.group, "MessageDeduplicationId": o.dedup} {
		if v != nil && !dedupForm.MatchString(*v) {
			return invalid(name, *v, "%s can only include alphanumeric and punctuation characters. 1 to 128 in length.", name)
		}
	}
	if !utf8.ValidString(o.body) || strings.ContainsFunc(o.body, forbidden) {
		return &types.InvalidMessageContents{Message: aws.String("Message has characters that are not allowed: only #x9, #xA, #xD, and those of #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF are.")}
	}
	return checkAttributes(o.attributes, o.system)
}

// forbidden reports whether a message must not have a character (quotas-messages.html).
func forbidden(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// checkAttributes: Developer Guide, sqs-message-metadata.html.
func checkAttributes(attributes map[string]types.MessageAttributeValue, system map[string]types.MessageSystemAttributeValue) error {
	if len(attributes) > 10 {
		return fail("InvalidParameterValue", "Number of message attributes [%d] exceeds the allowed maximum [10].", len(attributes))
	}
	for name, a := range attributes {
		kind, _, _ := strings.Cut(aws.ToString(a.DataType), ".")
		lower := strings.ToLower(name)
		switch {
		case len(name) > 256 || !attributeName.MatchString(name) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
			return fail("InvalidParameterValue", "The message attribute name '%s' is invalid.", name)
		case kind != "String" && kind != "Number" && kind != "Binary":
			return fail("InvalidParameterValue", "The type of message attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
		case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && aws.ToString(a.StringValue) == "":
			return fail("InvalidParameterValue", "The message attribute '%s' must contain a non-empty value of its type.", name)
		}
	}
	for name, a := range system {
		if name != "AWSTraceHeader" || aws.ToString(a.DataType) != "String" || aws.ToString(a.StringValue) == "" {
			return fail("InvalidParameterValue", "The message system attribute '%s' is invalid: only AWSTraceHeader is, as a String.", name)
		}
	}
	return nil
}

// Delivery is a message that a service of AWS sends.
type Delivery struct {
	Queue      string // ARN
	Body       string
	Group      string            // MessageGroupId, where it has one
	Attributes map[string]string // all of type String
	Sender     string            // SenderId
}

// Deliver sends for a service of AWS. authorize judges the action on the queue.
// The errors are those of SendMessage.
func Deliver(c *world.Call, d Delivery, authorize func(action string, r iam.Resource) error) error {
	q, ok := c.Estate().Queues.Get(d.Queue)
	if !ok {
		return missing()
	}
	if err := authorize("sqs:SendMessage", iam.Resource{ARN: q.ARN, Account: q.Account, Policy: q.Policy}); err != nil {
		return err
	}
	if err := lendKey(c, q, authorize); err != nil {
		return err
	}
	o := outgoing{body: d.Body}
	if d.Group != "" {
		o.group = &d.Group
	}
	for name, v := range d.Attributes {
		if o.attributes == nil {
			o.attributes = map[string]types.MessageAttributeValue{}
		}
		o.attributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(v)}
	}
	_, err := send(c, q, o, d.Sender)
	return err
}
