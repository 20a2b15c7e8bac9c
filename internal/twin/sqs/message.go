package sqs

import (
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// message is one in a queue.
type message struct {
	id         string
	number     int // in its queue, from 1
	body       string
	attributes map[string]types.MessageAttributeValue
	trace      string // AWSTraceHeader
	sender     string // ID of the principal
	group      string
	dedup      string
	source     string // ARN of the queue that it came from as a dead letter
	sent       time.Time
	first      time.Time // when it was received for the first time
	received   time.Time // and for the last
	visible    time.Time // from when on it can be received
	receives   int
}

// inFlight reports whether it was received and may not be again yet.
func (m message) inFlight(now time.Time) bool { return m.receives > 0 && now.Before(m.visible) }

// messages are those of all queues, by queue and number; order has the numbers of
// a queue in the order in which they can be received: of a standard queue by the
// time from which on, of a FIFO queue as they came.
var (
	messages = world.Private[message]{Name: "sqs.messages"}
	order    = world.Private[int]{Name: "sqs.order"}
)

// head is what is known of a queue's messages at large.
type head struct {
	last   int // number given
	held   int // messages
	purged time.Time
}

var heads = world.Private[head]{Name: "sqs.heads"}

// numbered sorts as the numbers do.
func numbered(q estate.Queue, n int) string { return fmt.Sprintf("%s\x00%020d", q.ARN, n) }

func place(q estate.Queue, m message) string {
	if q.FIFO {
		return numbered(q, m.number)
	}
	return fmt.Sprintf("%s\x00%020d %020d", q.ARN, m.visible.UnixNano(), m.number)
}

// add puts a new message into a queue, and wakes who waits for it.
func add(w *world.World, s *world.State, q estate.Queue, m message) message {
	h, _ := heads.Get(s, q.ARN)
	h.last++
	h.held++
	heads.Put(s, q.ARN, h)
	m.number = h.last
	messages.Put(s, numbered(q, m.number), m)
	order.Put(s, place(q, m), m.number)
	w.Wake(q.ARN, m.visible)
	return m
}

// put changes a message that is there.
func put(s *world.State, q estate.Queue, m message) {
	if old, ok := messages.Get(s, numbered(q, m.number)); ok {
		order.Delete(s, place(q, old))
	}
	messages.Put(s, numbered(q, m.number), m)
	order.Put(s, place(q, m), m.number)
}

// remove takes a message out of a queue.
func remove(s *world.State, q estate.Queue, m message) {
	order.Delete(s, place(q, m))
	messages.Delete(s, numbered(q, m.number))
	h, _ := heads.Get(s, q.ARN)
	h.held--
	heads.Put(s, q.ARN, h)
}

// walk visits the messages in the order in which they can be received, those
// that are too old to be there excepted.
func walk(s *world.State, q estate.Queue, now time.Time, f func(message) bool) {
	order.Walk(s, q.ARN+"\x00", func(_ string, n int) bool {
		m, ok := messages.Get(s, numbered(q, n))
		return !ok || !now.Before(m.sent.Add(q.Retention)) || f(m)
	})
}

// clear takes everything out of a queue.
func clear(s *world.State, q estate.Queue) {
	var all []message
	messages.Walk(s, q.ARN+"\x00", func(_ string, m message) bool {
		all = append(all, m)
		return true
	})
	for _, m := range all {
		remove(s, q, m)
	}
}

type counts struct{ visible, inFlight, delayed int }

func counted(s *world.State, q estate.Queue, now time.Time) (n counts) {
	walk(s, q, now, func(m message) bool {
		switch {
		case m.inFlight(now):
			n.inFlight++
		case now.Before(m.visible):
			n.delayed++
		default:
			n.visible++
		}
		return true
	})
	return n
}

// handle is the receipt handle of a message's last receipt.
func (m message) handle(q estate.Queue) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", q.ARN, m.number, m.receives))
}

// handled finds what a receipt handle is of; ok is false where it is no handle of
// the queue's. A message that is gone has no number.
func handled(s *world.State, q estate.Queue, handle string) (m message, latest, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(handle)
	parts := strings.Split(string(raw), " ")
	if err != nil || len(parts) != 3 || parts[0] != q.ARN {
		return m, false, false
	}
	number, errNumber := strconv.Atoi(parts[1])
	receipt, errReceipt := strconv.Atoi(parts[2])
	if errNumber != nil || errReceipt != nil {
		return m, false, false
	}
	m, _ = messages.Get(s, numbered(q, number))
	return m, m.receives == receipt, true
}

// sum is the MD5 of a body in hexadecimal digits.
func sum(body []byte) string {
	d := md5.Sum(body)
	return hex.EncodeToString(d[:])
}

// attributeSum is the MD5 of attributes; empty without any (Developer Guide,
// sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation).
func attributeSum(attributes map[string]types.MessageAttributeValue) string {
	if len(attributes) == 0 {
		return ""
	}
	var b []byte
	add := func(v string) { b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...) }
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		add(name)
		add(*a.DataType)
		if strings.HasPrefix(*a.DataType, "Binary") {
			b = append(b, 2)
			add(string(a.BinaryValue))
		} else {
			b = append(b, 1)
			add(*a.StringValue)
		}
	}
	return sum(b)
}

// sequence is a FIFO queue's sequence number: 20 digits that grow.
func (m message) sequence() string { return fmt.Sprintf("%020d", m.number) }

// shown is the message as it is received, with the attributes asked for.
func (m message) shown(q estate.Queue, system []string, named []string) types.Message {
	all := map[string]string{
		"SenderId": m.sender, "SentTimestamp": millis(m.sent), "ApproximateReceiveCount": strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": millis(m.first), "MessageGroupId": m.group, "AWSTraceHeader": m.trace, "DeadLetterQueueSourceArn": m.source,
	}
	if q.FIFO {
		all["MessageDeduplicationId"], all["SequenceNumber"] = m.dedup, m.sequence()
	}
	digest, handle := sum([]byte(m.body)), m.handle(q)
	out := types.Message{Body: &m.body, MD5OfBody: &digest, MessageId: &m.id, ReceiptHandle: &handle}
	for name, v := range all {
		if v != "" && (slices.Contains(system, name) || slices.Contains(system, "All")) {
			if out.Attributes == nil {
				out.Attributes = map[string]string{}
			}
			out.Attributes[name] = v
		}
	}
	for name, a := range m.attributes {
		if slices.ContainsFunc(named, func(want string) bool { return asked(want, name) }) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]types.MessageAttributeValue{}
			}
			out.MessageAttributes[name] = a
		}
	}
	if s := attributeSum(out.MessageAttributes); s != "" {
		out.MD5OfMessageAttributes = &s
	}
	return out
}

// asked reports whether a name is asked for: itself, All, or a prefix with ".*"
// (API_ReceiveMessage, MessageAttributeNames).
func asked(want, name string) bool {
	prefix, some := strings.CutSuffix(want, ".*")
	return want == "All" || want == name || some && strings.HasPrefix(name, prefix)
}

func millis(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// size is what counts of a message (quotas-messages.html, "Message size").
func size(body string, attributes map[string]types.MessageAttributeValue) int {
	n := len(body)
	for name, a := range attributes {
		n += len(name) + len(*a.DataType) + cmp.Or(len(a.BinaryValue), len(deref(a.StringValue)))
	}
	return n
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
