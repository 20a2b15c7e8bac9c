package sqs

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// attribute is one that can be set. set takes its text and reports whether it is
// one; get is empty where the attribute is not shown.
type attribute struct {
	set func(c *world.Call, q *estate.Queue, text string) error
	get func(q estate.Queue) string
	// fifo: it is of FIFO queues alone.
	fifo bool
}

// errValue refuses a value of an attribute.
var errValue = errors.New("no value of the attribute")

// attributes are those of API_SetQueueAttributes, and FifoQueue, which is
// fixed when the queue is made.
var attributes = map[string]attribute{
	"VisibilityTimeout":             span(0, 43200, func(q *estate.Queue) *time.Duration { return &q.Visibility }),
	"DelaySeconds":                  span(0, 900, func(q *estate.Queue) *time.Duration { return &q.Delay }),
	"MessageRetentionPeriod":        span(60, 1209600, func(q *estate.Queue) *time.Duration { return &q.Retention }),
	"ReceiveMessageWaitTimeSeconds": span(0, 20, func(q *estate.Queue) *time.Duration { return &q.Wait }),
	"KmsDataKeyReusePeriodSeconds":  shown(span(60, 86400, func(q *estate.Queue) *time.Duration { return &q.KMSReuse }), func(q estate.Queue) bool { return q.KMSKey != "" }),
	"MaximumMessageSize":            {set: setSize, get: func(q estate.Queue) string { return strconv.Itoa(q.MaxSize) }},
	"Policy":                        {set: setPolicy, get: func(q estate.Queue) string { return q.Policy }},
	"RedrivePolicy":                 {set: setDeadLetters, get: showDeadLetters},
	"RedriveAllowPolicy":            {set: setRedrive, get: showRedrive},
	"KmsMasterKeyId": {
		set: func(_ *world.Call, q *estate.Queue, text string) error {
			if q.KMSKey = text; text != "" {
				q.Encrypted = false
			}
			return nil
		},
		get: func(q estate.Queue) string { return q.KMSKey },
	},
	"SqsManagedSseEnabled": {
		set: func(_ *world.Call, q *estate.Queue, text string) (err error) {
			if q.Encrypted, err = truth(text); q.Encrypted {
				q.KMSKey = "" // sqs-configure-sqs-sse-queue.html: one of the two
			}
			return err
		},
		get: func(q estate.Queue) string { return strconv.FormatBool(q.Encrypted) },
	},
	"FifoQueue": {fifo: true, set: setFIFO, get: func(estate.Queue) string { return "true" }},
	"ContentBasedDeduplication": {
		fifo: true,
		set: func(_ *world.Call, q *estate.Queue, text string) (err error) {
			q.ContentDedup, err = truth(text)
			return err
		},
		get: func(q estate.Queue) string { return strconv.FormatBool(q.ContentDedup) },
	},
	"DeduplicationScope":  choice([]string{"queue", "messageGroup"}, func(q *estate.Queue) *string { return &q.DedupScope }),
	"FifoThroughputLimit": choice([]string{"perQueue", "perMessageGroupId"}, func(q *estate.Queue) *string { return &q.ThroughputLimit }),
}

// span is a whole number of seconds within bounds.
func span(low, high int, field func(*estate.Queue) *time.Duration) attribute {
	return attribute{
		set: func(_ *world.Call, q *estate.Queue, text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < low || n > high {
				return errValue
			}
			*field(q) = time.Duration(n) * time.Second
			return nil
		},
		get: func(q estate.Queue) string { return strconv.Itoa(int(field(&q).Seconds())) },
	}
}

// shown hides an attribute unless a condition holds.
func shown(a attribute, when func(estate.Queue) bool) attribute {
	get := a.get
	a.get = func(q estate.Queue) string {
		if !when(q) {
			return ""
		}
		return get(q)
	}
	return a
}

// choice is one of several words, of FIFO queues.
func choice(words []string, field func(*estate.Queue) *string) attribute {
	return attribute{
		fifo: true,
		set: func(_ *world.Call, q *estate.Queue, text string) error {
			if !slices.Contains(words, text) {
				return errValue
			}
			*field(q) = text
			return nil
		},
		get: func(q estate.Queue) string { return *field(&q) },
	}
}

func truth(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errValue
}

func setSize(_ *world.Call, q *estate.Queue, text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1024 || n > maxSize {
		return errValue
	}
	q.MaxSize = n
	return nil
}

func setFIFO(_ *world.Call, q *estate.Queue, text string) error {
	if on, err := truth(text); err != nil || on != q.FIFO { // the name says what it is
		return errValue
	}
	return nil
}

func setPolicy(_ *world.Call, q *estate.Queue, text string) error {
	if text != "" {
		if _, err := iam.Check(text, iam.ResourceBased); err != nil {
			return errValue
		}
	}
	q.Policy = text
	return nil
}

// redriveJSON is a RedrivePolicy. Clients write the number as text too.
type redriveJSON struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"`
}

// setDeadLetters: the dead-letter queue is there, of the same account, Region and
// type, and lets this one (Developer Guide, sqs-dead-letter-queues.html).
func setDeadLetters(c *world.Call, q *estate.Queue, text string) error {
	if text == "" {
		q.DeadLetters, q.MaxReceives = "", 0
		return nil
	}
	var in redriveJSON
	if json.Unmarshal([]byte(text), &in) != nil {
		return errValue
	}
	n, err := strconv.Atoi(strings.Trim(in.Max.String(), `"`))
	if err != nil || n < 1 || n > 1000 {
		return errValue
	}
	target, ok := c.Estate().Queues.Get(in.Target)
	if !ok || target.Account != q.Account || target.Region != q.Region || target.FIFO != q.FIFO || !takes(target, q.ARN) {
		return errValue
	}
	q.DeadLetters, q.MaxReceives = in.Target, n
	return nil
}

// takes reports whether a queue takes the dead letters of another.
func takes(target estate.Queue, source string) bool {
	switch target.Redrive.Permission {
	case "denyAll":
		return false
	case "byQueue":
		return slices.Contains(target.Redrive.Sources, source)
	}
	return true
}

func showDeadLetters(q estate.Queue) string {
	if q.DeadLetters == "" {
		return ""
	}
	return text(redriveJSON{q.DeadLetters, json.Number(strconv.Itoa(q.MaxReceives))})
}

// allowJSON is a RedriveAllowPolicy.
type allowJSON struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns,omitempty"`
}

func setRedrive(_ *world.Call, q *estate.Queue, text string) error {
	var in allowJSON
	if text != "" {
		if json.Unmarshal([]byte(text), &in) != nil {
			return errValue
		}
		byQueue := in.Permission == "byQueue"
		if byQueue != (len(in.Sources) > 0) || len(in.Sources) > 10 || !byQueue && in.Permission != "allowAll" && in.Permission != "denyAll" {
			return errValue
		}
	}
	q.Redrive = estate.QueueRedrive(in)
	return nil
}

func showRedrive(q estate.Queue) string {
	if q.Redrive.Permission == "" {
		return ""
	}
	return text(allowJSON(q.Redrive))
}

// text is a value as JSON; none of those here can fail.
func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(out)
}

// configure sets attributes on a queue, in the order of their names.
func configure(c *world.Call, q *estate.Queue, given map[string]string, made bool) error {
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		a, ok := attributes[name]
		if !ok || a.fifo && !q.FIFO || name == "FifoQueue" && made {
			return &types.InvalidAttributeName{Message: aws.String("Unknown Attribute " + name + ".")}
		}
		if a.set(c, q, given[name]) != nil {
			return badValue(name, given[name])
		}
	}
	if q.ThroughputLimit == "perMessageGroupId" && q.DedupScope != "messageGroup" { // API_SetQueueAttributes, FifoThroughputLimit
		return badValue("FifoThroughputLimit", q.ThroughputLimit)
	}
	return nil
}

func badValue(name, value string) error {
	return &types.InvalidAttributeValue{Message: aws.String("Invalid value for the parameter " + name + ". Reason: " + strconv.Quote(value) + " is not valid.")}
}
