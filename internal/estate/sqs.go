package estate

import (
	"strings"
	"time"
)

// Queue is a queue of Amazon SQS without its messages (SQS API,
// API_SetQueueAttributes; durations are in whole seconds there).
type Queue struct {
	ARN         string        `json:"arn"`
	Account     AccountID     `json:"account"`
	Region      Region        `json:"region"`
	Name        string        `json:"name"`
	Visibility  time.Duration `json:"visibility"`      // VisibilityTimeout
	Delay       time.Duration `json:"delay,omitempty"` // DelaySeconds
	Retention   time.Duration `json:"retention"`       // MessageRetentionPeriod
	Wait        time.Duration `json:"wait,omitempty"`  // ReceiveMessageWaitTimeSeconds
	MaxSize     int           `json:"maxSize"`         // of a message, bytes
	Policy      string        `json:"policy,omitempty"`
	DeadLetters string        `json:"deadLetters,omitempty"` // ARN of the queue for what was received in vain
	MaxReceives int           `json:"maxReceives,omitempty"` // how often, until it goes there
	// Redrive says whose dead letters the queue takes: every queue's of its
	// account and Region when empty.
	Redrive   QueueRedrive  `json:"redrive,omitzero"`
	KMSKey    string        `json:"kmsKey,omitempty"` // ID, ARN or alias; empty without one
	KMSReuse  time.Duration `json:"kmsReuse,omitempty"`
	Encrypted bool          `json:"encrypted,omitempty"` // with a key of SQS itself
	// A FIFO queue keeps the order of each message group.
	FIFO            bool      `json:"fifo,omitempty"`
	ContentDedup    bool      `json:"contentDedup,omitempty"`
	DedupScope      string    `json:"dedupScope,omitempty"`      // queue or messageGroup
	ThroughputLimit string    `json:"throughputLimit,omitempty"` // perQueue or perMessageGroupId
	Created         time.Time `json:"created,omitzero"`
	Modified        time.Time `json:"modified,omitzero"`
	Tags            Tags      `json:"tags,omitzero"`
}

// QueueRedrive is a RedriveAllowPolicy.
type QueueRedrive struct {
	Permission string   `json:"permission,omitempty"` // allowAll, denyAll, byQueue
	Sources    []string `json:"sources,omitempty"`    // ARNs, of byQueue
}

func (q Queue) Key() string { return q.ARN }

// IndexKeys are the owner, and the queue that takes its dead letters.
func (q Queue) IndexKeys() []string {
	return []string{ByAccount(q.Account), ByRegion(q.Account, q.Region), ByMember(q.DeadLetters)}
}

// QueueARN is the ARN of a queue.
func QueueARN(account AccountID, region Region, name string) string {
	return strings.Join([]string{"arn:aws:sqs", string(region), string(account), name}, ":")
}
