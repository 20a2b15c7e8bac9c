package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/history"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// journal hears of every decision of serve: a line of the log, metrics, and
// spans where traces are asked for.
type journal struct {
	app     *app
	ctx     func() context.Context // of the program; spans want one
	handle  func(slog.Record)
	metrics *metrics
	spans   *spans
	kept    *history.Recorder // nil where no history is kept
	swept   func()            // after each sweep; optional

	mu     sync.Mutex
	silent map[string]time.Time // why AWS did not answer -> when that was told last
}

func (a *app) newJournal(ctx context.Context) (*journal, error) {
	var h slog.Handler = slog.NewTextHandler(a.Err, nil)
	if a.output == "json" {
		h = slog.NewJSONHandler(a.Err, nil)
	}
	j := &journal{app: a, metrics: newMetrics(), ctx: func() context.Context { return ctx }}
	j.handle = func(r slog.Record) { _ = h.Handle(ctx, r) } // nobody is there to be told that stderr is gone
	var err error
	if a.kept != nil {
		j.kept = a.recorder(ctx)
		j.metrics.history(j.kept)
	}
	j.spans, err = newSpans(func(problem error) { j.warn(a.clock.Now(), "traces were not sent", "error", problem.Error()) })
	return j, err
}

func (j *journal) close(ctx context.Context) error {
	err := j.spans.close(ctx)
	if j.kept != nil {
		defer j.app.clock.Enter()()
		err = errors.Join(err, j.kept.Close(ctx))
	}
	return err
}

// flush keeps and sends what waits; it is called by a worker of the clock.
func (j *journal) flush(ctx context.Context) error {
	err := j.spans.flush(ctx)
	if j.kept != nil {
		err = errors.Join(err, j.kept.Flush(ctx))
	}
	return err
}

// keep puts an entry into the history.
func (j *journal) keep(e history.Entry) {
	if j.kept != nil {
		j.kept.Record(e)
	}
}

// line writes a line of the log, with the time of the clock.
func (j *journal) line(at time.Time, level slog.Level, message string, pairs ...any) {
	r := slog.NewRecord(at, level, message, 0)
	r.Add(pairs...)
	j.handle(r)
}

func (j *journal) note(at time.Time, message string, pairs ...any) {
	j.line(at, slog.LevelInfo, message, pairs...)
}

func (j *journal) warn(at time.Time, message string, pairs ...any) {
	j.line(at, slog.LevelWarn, message, pairs...)
}

// some are the pairs of which the value is not empty.
func some(pairs ...any) []any {
	var out []any
	for i := 0; i < len(pairs); i += 2 {
		if s, isText := pairs[i+1].(string); !isText || s != "" {
			out = append(out, pairs[i], pairs[i+1])
		}
	}
	return out
}

// Record hears of a message.
func (j *journal) Record(e event.Entry) {
	level := slog.LevelInfo
	if e.Outcome != event.Applied && e.Outcome != event.Settled && e.Reason != event.Irrelevant {
		level = slog.LevelWarn
	}
	changes := ""
	for i, c := range e.Changes {
		if i > 0 {
			changes += ", "
		}
		changes += c
	}
	j.line(e.At, level, "event", some("outcome", string(e.Outcome), "reason", string(e.Reason), "code", e.Code, "form", string(e.Hint.Form),
		"account", string(e.Hint.Account), "region", string(e.Hint.Region), "service", e.Hint.Service, "name", nameText(e), "changes", changes,
		"detail", e.Detail, "event", e.Hint.Event, "message", e.Message, "queue", e.Queue, "lag", lagText(e.Lag))...)
	j.metrics.event(e)
	j.spans.event(j.ctx(), e)
	came, made := eventEntries(e)
	j.keep(came)
	j.keep(made)
}

// eventEntries tell of a message: that it came, and what was made of it.
func eventEntries(e event.Entry) (came, made history.Entry) {
	about := history.Entry{Account: e.Hint.Account, Region: e.Hint.Region, Resource: e.Hint.Service, Name: e.Name, By: e.Hint.By(), Event: e.Hint.Event}
	came, made = about, about
	came.Kind, came.Time, came.Action, came.Subject = history.Event, e.Taken, "hear of", subject(e)
	if e.Hint.Gone {
		came.Subject += ", which is said to be going"
	}
	made.Kind, made.Time, made.Action, made.Outcome, made.Subject, made.Reason = history.Decision, e.At, "follow", string(e.Outcome), subject(e), because(e)
	if e.Outcome == event.Refused {
		made.Action, made.Outcome = "refuse", string(e.Reason)
	}
	return came, made
}

// subject is what a message is about: a service and its name, as far as they are
// known.
func subject(e event.Entry) string {
	_, id, known := strings.Cut(e.Hint.Service, ":service/")
	switch {
	case !known:
		return "message " + e.Message
	case e.Name.IsZero():
		return "VPC Lattice service " + id
	}
	return fmt.Sprintf("VPC Lattice service %s as %s", id, e.Name)
}

// changed counts what was changed for an event, by action.
func changed(changes []string) string {
	count := map[string]int{}
	for _, c := range changes {
		action, _, _ := strings.Cut(c, " ")
		count[action]++
	}
	var out []string
	for _, action := range slices.Sorted(maps.Keys(count)) {
		out = append(out, fmt.Sprintf("%s %d record%s", action, count[action], plural(count[action])))
	}
	return strings.Join(out, ", ")
}

// because is why it was decided so.
func because(e event.Entry) string {
	switch {
	case e.Detail != "":
		return e.Detail
	case e.Outcome == event.Applied:
		return changed(e.Changes)
	case e.Outcome == event.Settled && e.Name.IsZero():
		return "it has no name, and no record leads to it"
	case e.Outcome == event.Settled:
		return "its records stand as they should already"
	}
	return ""
}

func nameText(e event.Entry) string {
	if e.Name.IsZero() {
		return ""
	}
	return e.Name.String()
}

func lagText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.Round(time.Millisecond).String()
}

// Sweep hears of a sweep.
func (j *journal) Sweep(e event.SweepEntry) {
	j.metrics.sweep(e)
	j.spans.sweep(j.ctx(), e)
	j.keep(sweepEntry(e))
	if j.swept != nil {
		defer j.swept()
	}
	if e.Err != nil {
		j.line(e.At, slog.LevelError, "sweep", "outcome", "failed", "took", e.Took.Round(time.Millisecond).String(), "detail", e.Err.Error())
		return
	}
	outcome, level := "done", slog.LevelInfo
	if e.Swept.Problems.HasErrors() {
		outcome, level = "incomplete", slog.LevelError
	}
	for _, d := range e.Swept.Problems {
		if d.Severity != diag.Note {
			at := slog.LevelWarn
			if d.Severity == diag.Error {
				at = slog.LevelError
			}
			j.line(e.At, at, "problem", some("code", d.Code, "summary", d.Summary, "detail", d.Detail, "hint", d.Hint, "address", d.Address, "account", d.Account,
				"region", d.Region, "position", d.Pos.String())...)
		}
	}
	j.line(e.At, level, "sweep", "outcome", outcome, "first", e.First, "changes", len(e.Swept.Done), "failed", len(e.Swept.Failed), "waiting", len(e.Swept.Planned.Waiting),
		"took", e.Took.Round(time.Millisecond).String())
}

// sweepEntry tells of a sweep.
func sweepEntry(e event.SweepEntry) history.Entry {
	out := history.Entry{Time: e.At, Kind: history.Decision, Action: "sweep", Outcome: "failed"}
	if e.Err != nil {
		out.Reason = e.Err.Error()
		return out
	}
	out.By, out.Outcome = e.Swept.Planned.Before.Caller.ARN, "done"
	out.Subject = fmt.Sprintf("%d done, %d failed", len(e.Swept.Done), len(e.Swept.Failed))
	if err := e.Swept.Problems.Err(); err != nil {
		out.Outcome, out.Reason = "incomplete", err.Error()
	}
	return out
}

// InSync hears when a change was in effect.
func (j *journal) InSync(h event.Hint, d reconcile.Done, lag time.Duration) {
	j.metrics.inSync(lag)
	j.keep(inSyncEntry(doneEntry(d, "done"), j.app.clock.Now()))
}

// changed hears of a change.
func (j *journal) changed(d reconcile.Done) {
	cause, outcome, level, detail := "event", "done", slog.LevelInfo, ""
	if d.Sweep {
		cause = "sweep"
	}
	if d.Err != nil {
		outcome, level, detail = "failed", slog.LevelError, d.Err.Error()
	}
	j.line(d.At, level, "change", some("outcome", outcome, "cause", cause, "action", string(d.Change.Action), "address", d.Change.Address,
		"account", string(d.Change.Account), "reason", d.Change.Reason, "event", d.Event, "call", d.Call, "detail", detail)...)
	j.metrics.changed(cause, outcome, d)
	if j.kept == nil {
		return
	}
	entry := doneEntry(d, outcome)
	if d.Err != nil {
		entry.Reason = detail
	}
	j.keep(entry)
}

// doneEntry tells of a change that serve made.
func doneEntry(d reconcile.Done, outcome string) history.Entry {
	c, by := d.Change, "event"
	if d.Plan != nil {
		c = d.Plan.Shown(c)
	}
	if d.Sweep {
		by = "sweep"
	}
	out := changeEntry(c, d.At, outcome, cmp.Or(d.By, by))
	out.Event, out.Call = d.Event, d.Call
	return out
}

// called hears of a call of AWS.
func (j *journal) called(account estate.AccountID, service, operation string, throttled bool) {
	j.metrics.called(account, service, operation, throttled)
}

// silentAgain is after what time it is told again that AWS does not answer.
const silentAgain = time.Minute

// unanswered hears that nothing answered a call, which is made again.
func (j *journal) unanswered(why string) {
	now := j.app.clock.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	if last, told := j.silent[why]; told && now.Sub(last) < silentAgain {
		return
	}
	if j.silent == nil {
		j.silent = map[string]time.Time{}
	}
	j.silent[why] = now
	j.warn(now, "waiting for AWS, which does not answer", "detail", why)
}

func (j *journal) queueFailed(queue string, err error) {
	j.metrics.queueFailed(queue)
	j.line(j.app.clock.Now(), slog.LevelError, "queue", "queue", queue, "detail", err.Error())
}

func (j *journal) deadLetters(queue string, n int) { j.metrics.deadLetters(queue, n) }

// taken hears of a configuration that is in force now, notTaken of one that is
// not.
func (j *journal) taken(cfg *config.Config, at string) {
	j.metrics.configured(true)
	j.note(j.app.clock.Now(), "configuration", "outcome", "taken", "owner", cfg.Owner, "version", at)
	j.keep(history.Entry{Time: j.app.clock.Now(), Kind: history.Event, Action: "update", Outcome: "taken", Subject: "the configuration " + at})
}

func (j *journal) notTaken(err error, at string) {
	j.metrics.configured(false)
	j.keep(history.Entry{Time: j.app.clock.Now(), Kind: history.Event, Action: "update", Outcome: "refused", Subject: "the configuration " + at, Reason: err.Error()})
	var list diag.List
	collect(err, &list)
	for _, d := range list {
		j.line(j.app.clock.Now(), slog.LevelError, "configuration", some("outcome", "refused", "version", at, "code", d.Code, "summary", d.Summary, "detail", d.Detail,
			"hint", d.Hint, "position", d.Pos.String())...)
	}
}
