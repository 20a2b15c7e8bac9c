package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/stage"
)

// letter is a message among the dead letters.
type letter struct {
	ID      string       `json:"id"`
	Queue   string       `json:"queue"` // of dead letters
	Sent    time.Time    `json:"sent"`
	Reason  string       `json:"reason"`
	Hint    event.Hint   `json:"event"`
	Refusal event.Reason `json:"refused,omitempty"` // would it be refused now
	Why     string       `json:"why,omitempty"`     // it would be
	Again   again        `json:"again,omitempty"`   // what redrive made of it
	Body    string       `json:"body,omitempty"`
	stray   bool         // it tells of others than can have sent it there
	message awsapi.Message
	from    *awsapi.Queue
}

// again is what became of a dead letter that was to be sent again.
type again string

const (
	sentAgain again = "sent"
	stays     again = "stays"
)

const (
	// lookTime is for how long messages are hidden while they are looked at.
	lookTime = 2 * time.Minute
	// mostLetters bounds what is looked at in one queue.
	mostLetters = 1000
)

// queueArgs are the flags that name queues of events, and the tag that they tell
// of. What they do not say is as the configuration's latticeEvents has it.
type queueArgs struct {
	queues, dead []string
	tagFlagged   string
}

func (p *queueArgs) tagFlag(stringVar func(p *string, name, value, usage string)) {
	stringVar(&p.tagFlagged, "tag-key", "", "the tag whose changes tell that a VPC Lattice service came or went (default that of latticeEvents, or "+event.DefaultTagKey+")")
}

// tagKey is the tag that events tell of under a configuration.
func (p *queueArgs) tagKey(cfg *config.Config) string {
	if p.tagFlagged == "" && cfg.LatticeEvents != nil {
		return cfg.LatticeEvents.Tag
	}
	return cmp.Or(p.tagFlagged, event.DefaultTagKey)
}

// complete fills in the queues that the configuration says.
func (p *queueArgs) complete(cfg *config.Config) {
	if cfg.LatticeEvents == nil {
		return
	}
	if queue, dead := recipe.EventQueues(recipe.Input{Config: cfg}, stage.Region(cfg).Partition()); queue != "" && len(p.queues)+len(p.dead) == 0 {
		p.queues, p.dead = []string{queue}, dead
	}
}

// eventsArgs are the flags of all commands about dead letters.
type eventsArgs struct {
	queueArgs
	all bool
}

func (a *app) eventsCommand() *cobra.Command {
	args := &eventsArgs{}
	c := &cobra.Command{
		Use:   "events",
		Short: "Look at events that were not followed, and send them again",
		Long: `events looks into queues of dead letters: that of each --queue, and each
--dead-letters, such as those of the rules that carry events. What lies there was
refused by 'orgdns serve', was tried many times in vain, or never arrived; the
reason stands beside it. Nothing there is lost for DNS: sweeps read the services
themselves.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	f := c.PersistentFlags()
	f.StringSliceVar(&args.queues, "queue", nil, "URL or ARN of a queue that events are taken from, whose dead letters are meant; may be repeated (default that of latticeEvents)")
	f.StringSliceVar(&args.dead, "dead-letters", nil, "URL or ARN of a queue of dead letters; may be repeated")
	args.tagFlag(f.StringVar)
	list := &cobra.Command{
		Use: "list", Short: "List dead letters", Args: noArgs,
		Example: "  orgdns events list --queue arn:aws:sqs:eu-west-1:222222222222:orgdns-events",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.letters(c.Context(), args, func(_ reached, list []letter) error {
				for i := range list {
					list[i].Body = ""
				}
				return a.showLetters(list)
			})
		},
	}
	show := &cobra.Command{
		Use: "show ID...", Short: "Show dead letters whole", Args: someIDs,
		RunE: func(c *cobra.Command, ids []string) error {
			return a.letters(c.Context(), args, func(_ reached, list []letter) error {
				chosen, err := chosenLetters(list, ids)
				if err != nil {
					return err
				}
				return a.showWhole(chosen)
			})
		},
	}
	redrive := &cobra.Command{
		Use: "redrive [ID...]", Short: "Send dead letters to the queue again",
		Long: `redrive sends dead letters to the queue that events are taken from, the first
--queue, and takes them out of where they lie: those named, or with --all every
one that would not be refused again; of the others it says why they stay. What lies in a queue of another account than
the first --queue's goes on only if it is an event of that account and Region.`,
		RunE: func(c *cobra.Command, ids []string) error {
			if args.all == (len(ids) > 0) {
				return errors.New("name the dead letters to be sent again, or say --all; `orgdns events list` lists them")
			}
			var to awsapi.QueueID
			meant, of := []letter{}, 0
			err := a.letters(c.Context(), args, func(r reached, list []letter) (err error) {
				if len(args.queues) == 0 {
					return errors.New("redrive needs --queue: where the events go")
				}
				if to, err = r.queue(args.queues[0]); err != nil {
					return err
				}
				some, err := a.redrive(c.Context(), r, to, list, ids)
				meant, of = append(meant, some...), of+len(list)
				return err
			})
			if err != nil && !slices.ContainsFunc(meant, letter.sent) {
				return err
			}
			return errors.Join(a.showSent(meant, of, to), err)
		},
	}
	redrive.Flags().BoolVar(&args.all, "all", false, "every dead letter that would not be refused again")
	c.AddCommand(list, show, redrive)
	return c
}

func someIDs(c *cobra.Command, ids []string) error {
	if len(ids) == 0 {
		return fmt.Errorf("`%s` takes the ID of a dead letter; `orgdns events list` lists them", c.CommandPath())
	}
	return nil
}

// deadQueue is a queue of dead letters.
type deadQueue struct {
	id awsapi.QueueID // as it was named
	of *awsapi.Queue  // whose dead letters are meant; nil where the queue itself is
	at *awsapi.Queue  // nil until it is known

	taken []awsapi.Message // without bodies: all that was read
}

// stray reports whether an event cannot have come there by itself. In a queue of
// an account that tells, there are events of that account and Region alone:
// EventBridge wrote who sent those, but the account itself can let anybody write
// others there. What lies with the hub, which takes the events, may be anybody's.
func (d *deadQueue) stray(h event.Hint, hub estate.AccountID) bool {
	return d.id.Account != hub && h.Account != "" && (h.Account != d.id.Account || h.Region != d.id.Region)
}

// read takes what lies there, mostLetters at most.
func (d *deadQueue) read(ctx context.Context) ([]awsapi.Message, error) {
	if d.at == nil {
		settings, err := d.of.Settings(ctx)
		if err != nil {
			return nil, err
		}
		if d.at = settings.Dead; d.at == nil {
			return nil, fmt.Errorf("--queue: %s has no dead-letter queue", d.id.ARN())
		}
	}
	var out []awsapi.Message
	for len(out) < mostLetters {
		got, err := d.at.Receive(ctx, time.Second, lookTime) // a long poll asks all of SQS's servers
		if err != nil || len(got) == 0 {
			return out, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// letters reads the dead letters, does something with them, and lets others have
// those that are left. A queue that cannot be read is told, and left out.
// With args.all it goes on in rounds as long as a queue has more than one round
// looks at.
func (a *app) letters(ctx context.Context, args *eventsArgs, do func(reached, []letter) error) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	r, queues, err := a.deadLetters(ctx, cfg, args)
	if err != nil {
		return err
	}
	defer func() {
		for _, d := range queues {
			if d.at != nil {
				_ = d.at.Hide(a.cut, d.taken, 0) // they are there again after a while in any case
			}
		}
	}()
	for seen := (map[[2]string]bool{}); ; {
		list, more, err := a.round(ctx, args, cfg, queues)
		if err != nil {
			return err
		}
		before := len(seen)
		list = slices.DeleteFunc(list, func(l letter) bool { // it is there again, since it lay open for long
			at := [2]string{l.Queue, l.ID}
			again := seen[at]
			seen[at] = true
			return again
		})
		if err := do(r, list); err != nil {
			return err
		}
		if !args.all || more == 0 || len(seen) == before {
			return nil
		}
	}
}

// round reads dead letters, mostLetters of each queue at most, and says how many
// queues may have more.
func (a *app) round(ctx context.Context, args *eventsArgs, cfg *config.Config, queues []*deadQueue) (list []letter, more int, err error) {
	read, errs := make([][]awsapi.Message, len(queues)), make([]error, len(queues))
	leave := a.clock.Enter()
	besides(a.clock, len(queues), func(i int) { read[i], errs[i] = queues[i].read(ctx) })
	leave()
	if err := a.unread(queues, errs); err != nil {
		return nil, 0, err
	}
	for i, d := range queues {
		if len(read[i]) >= mostLetters {
			more++
			if !args.all {
				a.diagnostics(diag.List{{Severity: diag.Warning, Code: "more", Summary: fmt.Sprintf("%s may have more dead letters than the %d that were looked at", d.at.Name(), len(read[i])),
					Hint: "`orgdns events redrive --all` goes on until none is left"}})
			}
		}
		for _, m := range read[i] {
			d.taken = append(d.taken, awsapi.Message{ID: m.ID, Receipt: m.Receipt})
			l := a.letter(m, d.at, args.tagKey(cfg))
			if len(args.queues) > 0 && d.stray(l.Hint, queues[0].id.Account) {
				l.stray, l.Refusal = true, event.Forged
				l.Why = fmt.Sprintf("it lies in %s, and says that it is an event of account %s in %s; no rule brings it there", l.Queue, l.Hint.Account, l.Hint.Region)
			}
			list = append(list, l)
		}
	}
	slices.SortStableFunc(list, func(x, y letter) int { return x.Sent.Compare(y.Sent) })
	return list, more, nil
}

// unread tells of queues that could not be read. It is an error if none could.
func (a *app) unread(queues []*deadQueue, errs []error) error {
	var list diag.List
	for i, d := range queues {
		if errs[i] != nil {
			list.Add(diag.Diagnostic{Severity: diag.Warning, Code: "unread", Summary: "the dead letters of " + d.id.ARN() + " could not be read, and are left out", Detail: errs[i].Error(),
				Hint: "`orgdns deploy lattice` makes the queues of latticeEvents; `orgdns iam` prints what their accounts must allow"})
		}
	}
	if len(list) == len(queues) {
		return errors.Join(errs...)
	}
	a.diagnostics(list)
	return nil
}

// deadLetters are the queues that the flags mean.
func (a *app) deadLetters(ctx context.Context, cfg *config.Config, args *eventsArgs) (reached, []*deadQueue, error) {
	if args.complete(cfg); len(args.queues)+len(args.dead) == 0 {
		return reached{}, nil, errors.New("no queue is named; name one with --queue or --dead-letters, or write latticeEvents")
	}
	access, err := stage.Accesses(cfg, os.LookupEnv)
	if err != nil {
		return reached{}, nil, err
	}
	sessions, _, err := a.connect(ctx, cfg, access, unanswered(a.progress()))
	if err != nil {
		return reached{}, nil, err
	}
	leave := a.clock.Enter()
	err = sessions.Identify(ctx)
	leave()
	if err != nil {
		return reached{}, nil, err
	}
	r := reached{sessions, stage.Region(cfg)}
	var out []*deadQueue
	for _, name := range args.queues {
		id, err := r.queue(name)
		if err != nil {
			return r, nil, fmt.Errorf("--queue: %w", err)
		}
		out = append(out, &deadQueue{id: id, of: sessions.Queue(id)})
	}
	for _, name := range args.dead {
		id, err := r.queue(name)
		if err != nil {
			return r, nil, fmt.Errorf("--dead-letters: %w", err)
		}
		out = append(out, &deadQueue{id: id, at: sessions.DeadLetters(id)})
	}
	return r, out, nil
}

// letter says what a dead letter is.
func (a *app) letter(m awsapi.Message, q *awsapi.Queue, tagKey string) letter {
	l := letter{ID: m.ID, Queue: q.Name(), Sent: m.Sent, Reason: m.Attributes[awsapi.AttributeReason], Body: m.Body, message: m, from: q}
	if l.Reason == "" { // EventBridge's (EventBridge User Guide, eb-rule-dlq.html)
		l.Reason = strings.TrimSpace(m.Attributes["ERROR_CODE"] + " " + m.Attributes["ERROR_MESSAGE"])
	}
	if l.Reason == "" {
		l.Reason = fmt.Sprintf("received %d times and never let go", m.Receives)
	}
	hint, err := event.Decode(m.Body, tagKey)
	var r *event.Refusal
	if l.Hint = hint; errors.As(err, &r) {
		l.Hint, l.Refusal, l.Why = r.Hint, r.Reason, r.Detail
	}
	return l
}

func chosenLetters(list []letter, ids []string) ([]letter, error) {
	var out []letter
	for _, id := range ids {
		i := slices.IndexFunc(list, func(l letter) bool { return l.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("no dead letter %s is there", id)
		}
		out = append(out, list[i])
	}
	return out, nil
}

func (a *app) showLetters(list []letter) error {
	if a.output == "json" {
		return a.json("events", append([]letter{}, list...))
	}
	if len(list) == 0 {
		a.printf("No dead letters.\n")
	}
	for _, l := range list {
		what := l.Hint.Service
		if what == "" {
			what = "account " + string(l.Hint.Account)
		}
		if l.Hint.Account == "" {
			what = "no event"
		}
		a.printf("%s  %s  %s\n    %s\n", l.ID, l.Sent.Format(time.RFC3339), printable(what), printable(l.Reason))
	}
	return nil
}

func (a *app) showWhole(list []letter) error {
	if a.output == "json" {
		return a.json("events", list)
	}
	for _, l := range list {
		a.printf("%s\n  queue    %s\n  sent     %s\n  reason   %s\n", l.ID, l.Queue, l.Sent.Format(time.RFC3339), printable(l.Reason))
		if l.Hint.Account != "" {
			a.printf("  event    %s, %s, account %s in %s, at %s\n", printable(l.Hint.Event), orNone(string(l.Hint.Form)), l.Hint.Account, l.Hint.Region, l.Hint.Time.Format(time.RFC3339))
		}
		if l.Hint.Service != "" {
			a.printf("  service  %q\n", l.Hint.Service)
		}
		if l.Refusal != "" {
			a.printf("  now      it would be refused: %s: %s\n", l.Refusal, printable(l.Why))
		}
		a.printf("  body     %q\n", l.Body)
	}
	return nil
}

// printable is what a stranger wrote, without what moves a terminal's cursor, or
// turns the direction of what is read.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

func orNone(s string) string {
	if s == "" {
		return "of no known form"
	}
	return s
}

func (l letter) sent() bool { return l.Again == sentAgain }

// redrive sends dead letters again: each is taken out once it was sent, so that
// one may be sent twice, and none is lost. It gives those that were meant, with
// what became of them.
func (a *app) redrive(ctx context.Context, r reached, queue awsapi.QueueID, list []letter, ids []string) (meant []letter, err error) {
	meant = slices.Clone(list)
	if len(ids) > 0 {
		if meant, err = chosenLetters(list, ids); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(meant, func(l letter) bool { return l.stray }); i >= 0 {
			return nil, fmt.Errorf("dead letter %s is not sent: %s", meant[i].ID, meant[i].Why)
		}
	}
	for i := range meant {
		meant[i].Again = stays
	}
	a.finishing.Store(true)
	defer a.finishing.Store(false)
	to := r.sessions.Backlog(queue)
	for i := range meant {
		l := &meant[i]
		if l.Refusal != "" && len(ids) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return meant, err
		}
		if err := to.Send(a.cut, awsapi.Message{Body: l.Body}); err != nil {
			return meant, err
		}
		l.Again = sentAgain
		if err := l.from.Delete(a.cut, []awsapi.Message{l.message}); err != nil {
			return meant, err
		}
	}
	return meant, nil
}

// showSent tells which dead letters were sent again, of so many, and why others
// were not.
func (a *app) showSent(meant []letter, of int, to awsapi.QueueID) error {
	if a.output == "json" {
		return a.json("events", meant)
	}
	sent := 0
	stay := map[string][]string{} // reason -> IDs
	for _, l := range meant {
		if l.sent() {
			sent++
			continue
		}
		why := fmt.Sprintf("it would be refused again: %s: %s", l.Refusal, l.Why)
		if l.Refusal == "" {
			why = "not sent, because of the error"
		}
		stay[why] = append(stay[why], l.ID)
	}
	a.printf("%d of %d dead letter%s sent to %s.\n", sent, of, plural(of), to.ARN())
	if len(stay) > 0 {
		a.printf("These stay; `orgdns events show ID` shows one whole:\n")
	}
	for _, why := range sorted(stay) {
		a.printf("  %s\n    %s\n", printable(why), listed(slices.Sorted(slices.Values(stay[why]))))
	}
	return nil
}
