// Package history is what orgdns tells people of what came in, what it decided
// and what it changed: entries, questions about them, and a recorder that
// never holds up the work of which it tells. It is for people: nothing reads it
// back to act on it, and losing it loses no DNS.
//
// Not here: where entries are kept. That is package store.
package history

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Kind is what an entry tells of.
type Kind string

// The kinds of entries.
const (
	Event    Kind = "event"    // something came in: a tag event, a file that changed
	Decision Kind = "decision" // what was made of it, or of a plan: taken up, refused, carried out
	Change   Kind = "change"   // a step in AWS, done or failed
	Gap      Kind = "gap"      // entries were lost
)

// Kinds lists every kind.
var Kinds = []Kind{Event, Decision, Change, Gap}

// InSync is the action of a Change that tells that another one, of the same Call,
// is in effect everywhere: INSYNC (Route 53 API, ChangeInfo).
const InSync = "insync"

// Entry is one fact. Only Kind is required. It holds no secret: whoever makes
// one puts in what a plan may show.
type Entry struct {
	// ID is unique, so that an entry is kept once however often it is sent. A
	// Recorder gives one, and a store does to what has none.
	ID   string    `json:"id,omitempty"`
	Time time.Time `json:"time"` // kept to the microsecond; of a Gap, when the last lost entry was recorded
	Kind Kind      `json:"kind"`
	// Action is create, update, delete and the like, of a Decision also refuse;
	// Outcome is what came of it: done, failed, held.
	Action  string `json:"action,omitempty"`
	Outcome string `json:"outcome,omitempty"`
	Subject string `json:"subject,omitempty"` // what it is about, in words

	Name     dnsname.Name     `json:"name,omitzero"`
	Zone     dnsname.Name     `json:"zone,omitzero"`
	Account  estate.AccountID `json:"account,omitempty"`
	Region   estate.Region    `json:"region,omitempty"`
	Resource string           `json:"resource,omitempty"` // ARN or ID of the service, the zone, …
	Address  string           `json:"address,omitempty"`  // in the plan

	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// By is who asked: the ARN of the caller, or the form of the event; Event is
	// the ID of that event.
	By     string `json:"by,omitempty"`
	Event  string `json:"event,omitempty"`
	Reason string `json:"reason,omitempty"`

	// Call is Route 53's ID of the change that was made, with others of its batch;
	// InSync is when it was seen to be in effect everywhere, where that was asked: a
	// store fills it in, from the entry of the action InSync with the same Call.
	Call   string    `json:"call,omitempty"`
	InSync time.Time `json:"inSync,omitzero"`

	Replica string `json:"replica,omitempty"` // which process recorded it, where there are several
	Run     string `json:"run,omitempty"`     // which pass it belongs to

	// Of a Gap: when the first lost entry was recorded, and how many were lost.
	From time.Time `json:"from,omitzero"`
	Lost int       `json:"lost,omitempty"`
}

// maxText is the most bytes that a text of an entry keeps: more than a managed
// policy has (6,144 characters, IAM User Guide, reference_iam-quotas.html).
const maxText = 8 << 10

// Clean makes an entry one that every store takes: texts are UTF-8 without
// NUL, which PostgreSQL refuses (Documentation, datatype-character.html), and
// cut where they are longer than 8 KiB; times are UTC, in microseconds.
func (e Entry) Clean() Entry {
	for _, text := range []*string{&e.ID, (*string)(&e.Kind), &e.Action, &e.Outcome, &e.Subject, (*string)(&e.Account), (*string)(&e.Region),
		&e.Resource, &e.Address, &e.Before, &e.After, &e.By, &e.Event, &e.Reason, &e.Call, &e.Replica, &e.Run} {
		*text = clean(*text)
	}
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	if !e.From.IsZero() {
		e.From = e.From.UTC().Truncate(time.Microsecond)
	}
	return e
}

func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	end := maxText - len("…")
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// Query asks for entries; what is zero asks for anything. Gaps within the
// times are part of every answer, since what is asked for may be among what was
// lost.
type Query struct {
	Name    dnsname.Name
	Below   bool // also the names below Name
	Account estate.AccountID
	Kind    Kind
	Since   time.Time // not before
	Until   time.Time // before
	Limit   int       // at most that many; 0 is DefaultLimit
	Older   Cursor    // go on where a Page ended
}

// DefaultLimit is how many entries a page has.
const DefaultLimit = 100

// Page is entries, the newest first; of one instant, those kept last first.
type Page struct {
	Entries []Entry `json:"entries"`
	// Next is where the next, older page begins; zero at the end.
	Next Cursor `json:"next,omitzero"`
}

// Cursor is a place between two pages.
type Cursor struct {
	At  time.Time
	Seq int64
}

// IsZero reports whether it is no place.
func (c Cursor) IsZero() bool { return c.Seq == 0 }

// MarshalText writes microseconds since 1970 and a number.
func (c Cursor) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d-%d", c.At.UnixMicro(), c.Seq), nil
}

// UnmarshalText reads what MarshalText wrote.
func (c *Cursor) UnmarshalText(b []byte) error {
	at, seq, _ := strings.Cut(string(b), "-")
	micros, bad := strconv.ParseInt(at, 10, 64)
	n, badSeq := strconv.ParseInt(seq, 10, 64)
	if cmp.Or(bad, badSeq) != nil || n <= 0 {
		return fmt.Errorf("%q is no place in the history; copy the one at the end of a page", b)
	}
	*c = Cursor{time.UnixMicro(micros).UTC(), n}
	return nil
}

// Retention is how long entries are kept, unless the store's address says
// something else.
const Retention = 90 * 24 * time.Hour

// ParseAge reads a span of time: whole days, 90d, or as Go writes it, 36h or
// 1h30m. It is more than nothing.
func ParseAge(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int64
		if n, err = strconv.ParseInt(days, 10, 32); err == nil && n > maxDays {
			err = strconv.ErrRange
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is no span of time; write days or hours, such as 90d or 36h", s)
	}
	return d, nil
}

// maxDays is about as many as a Duration holds.
const maxDays = 100_000
