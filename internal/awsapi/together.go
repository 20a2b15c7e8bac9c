package awsapi

import (
	"context"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/plan"
)

// moment is how long a question of whether something is in effect waits for
// others like it. It is short beside the seconds that AWS takes, and long beside
// the time between two writes in an account whose requests are few (Resolver: 5
// a second), so that the questions of many writes become one.
const moment = 2 * time.Second

// together makes one look of the questions that are asked of an account and
// Region within a moment: where many ask, a list is cheaper than a call for
// each. The look begins after every question that it answers.
type together struct {
	mu      sync.Mutex
	waiting map[place][]question
}

// place is what questions must have in common.
type place struct {
	kind            plan.Kind
	account, region string
}

// question is whether what a step made, changed or deleted is in effect.
type question struct {
	step   plan.Step
	id     string
	answer *clock.Mailbox[effect]
}

// effect is what AWS says of something's way into effect, or out of it; nothing
// where it is not there.
type effect struct {
	status, message string
	privateDNS      string // of an endpoint: whether it is on
	err             error
}

// inEffect judges whether what a step is about is in effect: by get when nobody
// else asks, else by list, which tells of all that are asked for, by ID.
func (w *Writer) inEffect(ctx context.Context, s plan.Step, id string, get func(context.Context) effect, list func(context.Context, []question) (map[string]effect, error)) effect {
	at := place{s.Kind, string(s.Account), string(s.Region)}
	mine := question{s, id, clock.NewMailbox[effect](w.opt.Clock)}
	if w.asked.join(at, mine) {
		err := w.opt.Clock.Sleep(ctx, moment)
		all := w.asked.end(at)
		var found map[string]effect
		switch {
		case err != nil:
		case len(all) == 1:
			found = map[string]effect{id: get(ctx)}
		default:
			found, err = list(ctx, all)
		}
		for _, q := range all {
			got := found[q.id]
			if err != nil {
				got.err = err
			}
			q.answer.Send(got)
		}
	}
	return mine.answer.Receive()
}

// join adds a question, and reports whether it is the first at its place.
func (t *together) join(at place, q question) (first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[place][]question{}
	}
	t.waiting[at] = append(t.waiting[at], q)
	return len(t.waiting[at]) == 1
}

// end takes all questions of a place.
func (t *together) end(at place) []question {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer delete(t.waiting, at)
	return t.waiting[at]
}

// fieldOf are the values that a field has in the steps of questions, once each.
func fieldOf(all []question, field string) []string {
	seen := map[string]bool{}
	for _, q := range all {
		seen[q.step.Object.One(field)] = true
	}
	return sortedKeys(seen)
}

// idsOf are the IDs of questions, once each.
func idsOf(all []question) []string {
	seen := map[string]bool{}
	for _, q := range all {
		seen[q.id] = true
	}
	return sortedKeys(seen)
}
