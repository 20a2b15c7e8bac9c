// Package event takes in what tells that VPC Lattice services came, changed or
// went, and keeps their names in step: it decodes events, refuses what cannot be
// true, gathers them for a moment, hands the services to package reconcile, and
// lets go of a message once its change is in Route 53. Between events it sweeps,
// so that what was never told is found all the same.
//
// An event is only a hint. Several replicas may take from one queue: each reads
// the truth from AWS, and every change of a record is a compare-and-swap.
//
// Not here: queues of AWS (package awsapi), Lambda, metrics, logs and history
// (package cli), which hear of every decision through a [Journal].
package event

import (
	"context"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// Queue is where messages come from.
type Queue interface {
	// Name is the queue's, for people.
	Name() string
	// Receive waits for messages, up to wait, and takes ten at most; nobody else
	// gets them for hidden. None is no error.
	Receive(ctx context.Context, wait, hidden time.Duration) ([]Message, error)
	// Delete lets go of messages. One that is gone already is no error.
	Delete(ctx context.Context, list []Message) error
	// Hide keeps messages from others until d from now.
	Hide(ctx context.Context, list []Message, d time.Duration) error
	// Reject moves a message to the dead-letter queue, with the reason, and lets
	// go of it. Where there is no such queue, it only lets go.
	Reject(ctx context.Context, m Message, reason string) error
}

// Message is what a queue holds.
type Message struct {
	ID       string // the queue's
	Receipt  string // by which the queue knows that we have it
	Body     string
	Sent     time.Time
	Receives int // how often it was received, this time included
	// Attributes are beside the body: of a dead letter, why it lies there.
	Attributes map[string]string
}

// Keeper keeps the organization as it is configured: *reconcile.Keeper.
type Keeper interface {
	Concerned(estate.AccountID, estate.Region) bool
	Follow(ctx context.Context, asks []reconcile.Ask, tell func([]reconcile.Followed))
	Sweep(ctx, stop context.Context, o reconcile.Options) (*reconcile.Swept, error)
	InSync(ctx context.Context, d reconcile.Done) (time.Time, error)
}

// Journal hears of every decision, from several workers: a log, metrics, a
// history. What it does with that is its own business, and must not take long.
type Journal interface {
	Record(Entry)
}

// Outcome is what was decided.
type Outcome string

// The outcomes of a message.
const (
	Applied  Outcome = "applied"  // records were changed for it
	Settled  Outcome = "settled"  // all stands as it should already
	Unserved Outcome = "unserved" // the service may not have its name, or the configuration rules out the change: see Code
	Refused  Outcome = "refused"  // the event is not followed: see Reason
	Retried  Outcome = "retried"  // it could not be done now, and comes again
	GivenUp  Outcome = "givenUp"  // it could not be done, many times
)

// Outcomes lists every outcome.
var Outcomes = []Outcome{Applied, Settled, Unserved, Refused, Retried, GivenUp}

// Entry is a decision about a message.
type Entry struct {
	At      time.Time     `json:"at"`
	Outcome Outcome       `json:"outcome"`
	Queue   string        `json:"queue"`
	Message string        `json:"message"` // ID
	Taken   time.Time     `json:"taken"`   // out of the queue
	Hint    Hint          `json:"hint,omitzero"`
	Name    dnsname.Name  `json:"name,omitzero"` // that the service has; or had, when records went
	Changes []string      `json:"changes,omitempty"`
	Reason  Reason        `json:"reason,omitempty"` // of a refusal
	Code    string        `json:"code,omitempty"`   // of a problem
	Detail  string        `json:"detail,omitempty"`
	Lag     time.Duration `json:"lag,omitempty"` // from the event to this
}

// SweepEntry is what came of a sweep.
type SweepEntry struct {
	At    time.Time
	First bool // since the start, or since the configuration was changed
	Took  time.Duration
	Swept *reconcile.Swept // nil when it could not be made
	Err   error
}

// SweepJournal is a Journal that hears of sweeps, too.
type SweepJournal interface {
	Journal
	Sweep(SweepEntry)
	// InSync hears how long after an event a change that was made for it was in
	// effect everywhere. Not every change is asked for.
	InSync(h Hint, d reconcile.Done, lag time.Duration)
}
