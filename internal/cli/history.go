package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/history"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/store"
)

// storeVariable names the history where no flag does. Its password never shows
// in a list of processes.
const storeVariable = "ORGDNS_STORE"

// storeFlag lets a command be told where the history is kept; without a word of
// it there is none.
func (a *app) storeFlag(c *cobra.Command) {
	var address string
	c.Flags().StringVar(&address, "store", "", "where the history is kept: a SQLite file, or postgres://… (default: $"+storeVariable+")")
	c.PreRunE = func(*cobra.Command, []string) (err error) {
		if address = cmp.Or(address, os.Getenv(storeVariable)); address != "" {
			a.kept, err = store.Open(address, a.clock)
		}
		return err
	}
}

// recorder starts one that keeps what this process does.
func (a *app) recorder(ctx context.Context) *history.Recorder {
	host, _ := os.Hostname() // where that cannot be told, it is not
	run := rand.Text()
	return history.NewRecorder(ctx, a.clock, a.kept, history.Options{Replica: host, Run: run, ID: run})
}

// recording is the history of one run; nil where none is kept. It never stops
// the run.
type recording struct {
	app      *app
	recorder *history.Recorder
	by       string
	plan     plan.Plan // Known grows as the run goes on
}

// record begins the history of a run with who asked for it, and for what.
func (a *app) record(ctx context.Context, action string, p *reconcile.Pass, planned *reconcile.Planned) (*recording, error) {
	if a.kept == nil {
		return nil, nil
	}
	who := estate.Query{Kind: estate.QueryIdentity}
	e, err := p.Ask(ctx, planned.Before, func(e estate.Estate) []estate.Query { // a saved plan came without
		if _, asked := e.Asked(who); asked {
			return nil
		}
		return []estate.Query{who}
	})
	if err != nil {
		return nil, err
	}
	r := &recording{app: a, by: e.Caller.ARN, plan: *planned.Plan}
	r.plan.Known = maps.Clone(r.plan.Known)
	if r.plan.Known == nil {
		r.plan.Known = map[string]plan.Attributes{}
	}
	r.recorder = a.recorder(ctx)
	r.recorder.Record(history.Entry{Time: p.Ports.Clock.Now(), Kind: history.Decision, Action: action, Subject: counts(planned.Plan), By: r.by})
	return r, nil
}

// progress records what becomes of the changes, and shows it.
func (r *recording) progress(show func(apply.Event)) func(apply.Event) {
	if r == nil {
		return show
	}
	return func(e apply.Event) {
		if show != nil {
			show(e)
		}
		r.change(e)
	}
}

// change records that a change has come to an end.
func (r *recording) change(e apply.Event) {
	switch e.State {
	case apply.Done:
		r.plan.Known[e.Change.Address] = e.Attributes
	case apply.Settled:
		if id := callOf(e.Attributes); id != "" {
			done := changeEntry(r.plan.Shown(e.Change), e.At, string(apply.Done), r.by)
			done.Call = id
			r.recorder.Record(inSyncEntry(done, e.At))
		}
		return
	case apply.Failed, apply.Held, apply.Skipped, apply.Stopped:
	default:
		return
	}
	if e.Change.Item().Record != nil && e.Change.Bookkeeping() && e.State != apply.Failed {
		return
	}
	c := r.plan.Shown(e.Change)
	out := changeEntry(c, e.At, string(e.State), r.by)
	attributes := e.Attributes
	if rec := c.Item().Record; rec != nil { // which has no ID: that of its zone
		if ref, later := rec.Zone.Ref(); later {
			attributes = r.plan.Known[ref.Address]
		} else {
			out.Resource, _ = rec.Zone.Literal()
		}
	}
	for _, attribute := range []string{"id", "arn"} {
		if v := attributes[attribute]; len(v) > 0 {
			out.Resource = v[0]
		}
	}
	out.Call = callOf(e.Attributes)
	if e.Err != nil {
		out.Reason = e.Err.Error()
	}
	r.recorder.Record(out)
}

// callOf is Route 53's ID of the change by which something was done; empty where
// it was none of Route 53's.
func callOf(a plan.Attributes) string {
	if id := a["change"]; len(id) > 0 {
		return id[0]
	}
	return ""
}

// inSyncEntry tells that a change is in effect everywhere.
func inSyncEntry(change history.Entry, at time.Time) history.Entry {
	out := change
	out.Time, out.Action, out.Outcome, out.Subject = at, history.InSync, "", fmt.Sprintf("change %s: %s", change.Call, change.Subject)
	out.Before, out.After, out.Reason = "", "", ""
	return out
}

// changeEntry tells of a change as people should read it.
func changeEntry(c plan.Change, at time.Time, outcome, by string) history.Entry {
	out := history.Entry{
		Time: at, Kind: history.Change, Action: string(c.Action), Outcome: outcome, Subject: describe(c),
		Account: c.Account, Region: c.Region, Resource: c.ID, Address: c.Address, Before: itemText(c.Before), After: itemText(c.After),
		By: by, Reason: c.Reason,
	}
	out.Name, out.Zone = namesOf(c.Item())
	return out
}

// end keeps what is still to be kept. What was lost is a warning: nothing rests
// on the history.
func (r *recording) end(ctx context.Context) diag.List {
	if r == nil {
		return nil
	}
	leave := r.app.clock.Enter()
	err := r.recorder.Close(context.WithoutCancel(ctx)) // also of a run that was cut off
	leave()
	if err == nil {
		return nil
	}
	return diag.List{{Severity: diag.Warning, Code: "history", Summary: "the history of this run is not whole", Detail: err.Error(),
		Hint: "mend the store, or name another one with --store; what was done stands in AWS, and nothing rests on the history"}}
}

// itemText is the content of a thing, in a line, where the subject does not say
// it.
func itemText(item *plan.Item) string {
	switch {
	case item == nil:
		return ""
	case item.Record != nil && item.Record.Entry != "":
		return item.Record.Entry
	case item.Record != nil:
		return content(item.Record)
	case item.Role != nil:
		return strings.Join(granted(*item.Role), "; ")
	case item.Object != nil:
		return strings.Join(fields(plan.Change{Action: plan.Create, After: item}), "; ")
	}
	return ""
}

// namesOf are the DNS name that a thing is about, and its zone, where it has
// them.
func namesOf(item plan.Item) (name, zone dnsname.Name) {
	known := func(v plan.Value) (n dnsname.Name) {
		if s, ok := v.Literal(); ok {
			n, _ = dnsname.Parse(s) // what is no name is none
		}
		return n
	}
	switch {
	case item.Zone != nil:
		return item.Zone.Name, item.Zone.Name
	case item.ZoneTags != nil:
		return item.ZoneTags.Name, item.ZoneTags.Name
	case item.Record != nil:
		return known(item.Record.Name), item.Record.ZoneName
	case item.Certificate != nil:
		return item.Certificate.Names[0], dnsname.Name{}
	case item.Authorization != nil:
		return item.Authorization.ZoneName, item.Authorization.ZoneName
	case item.Association != nil:
		return item.Association.ZoneName, item.Association.ZoneName
	case item.Role != nil:
		return item.Role.ZoneName, item.Role.ZoneName
	case item.Object != nil:
		for _, field := range []string{"domain", "privateName"} {
			if v := item.Object.Fields[field]; len(v) > 0 {
				return known(v[0]), dnsname.Name{}
			}
		}
	}
	return dnsname.Name{}, dnsname.Name{}
}

// historyArgs are the flags of `orgdns history`.
type historyArgs struct {
	since, until, account, kind string
	older                       string
	query                       history.Query
}

func (a *app) historyCommand() *cobra.Command {
	args := &historyArgs{}
	c := &cobra.Command{
		Use:   "history [NAME]",
		Short: "Tell what happened: events, decisions and changes, and who asked for them",
		Long: `history reads what apply, destroy, deploy, openshift and serve kept with --store: the newest
first, all of it, or that of one name. Where entries were lost, since the store
was down, full or slow, a gap says from when to when, and how many; gaps are
shown whatever else is asked for.`,
		Example: `  orgdns history api.example.com --store history.db
  orgdns history example.com --below --since 7d --kind change
  orgdns history --account shop --since 2026-11-30 --until 2026-12-01`,
		Args:              atMostOne,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, names []string) error {
			if a.kept == nil {
				return fmt.Errorf("where is the history? name it with --store, or in %s: a SQLite file, or postgres://…", storeVariable)
			}
			if err := a.historyQuery(args, names); err != nil {
				return err
			}
			page, err := a.kept.History(c.Context(), args.query)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json("history", page)
			}
			a.history(page)
			return nil
		},
	}
	a.storeFlag(c)
	c.Flags().BoolVar(&args.query.Below, "below", false, "also the names below NAME")
	c.Flags().StringVar(&args.since, "since", "", "from then on: a time (2026-11-30T15:00:00Z), a day, or an age (36h, 7d)")
	c.Flags().StringVar(&args.until, "until", "", "before then, in the same forms")
	c.Flags().StringVar(&args.account, "account", "", "of this account, by its name in the configuration or its twelve digits")
	c.Flags().StringVar(&args.kind, "kind", "", "event, decision, change or gap")
	c.Flags().IntVar(&args.query.Limit, "limit", history.DefaultLimit, "at most that many")
	c.Flags().StringVar(&args.older, "older", "", "go on from the place that stood at the end")
	proposes(c, "account", a.configuredAccounts)
	proposes(c, "kind", kindNames)
	return c
}

func kindNames() []string {
	var out []string
	for _, k := range history.Kinds {
		out = append(out, string(k))
	}
	return out
}

// historyQuery reads the flags.
func (a *app) historyQuery(args *historyArgs, names []string) (err error) {
	q := &args.query
	if len(names) == 1 {
		if q.Name, err = dnsname.Parse(names[0]); err != nil {
			return err
		}
	} else if q.Below {
		return fmt.Errorf("--below is for a NAME; without one all is shown")
	}
	if q.Since, err = a.moment("since", args.since); err != nil {
		return err
	}
	if q.Until, err = a.moment("until", args.until); err != nil {
		return err
	}
	if q.Kind = history.Kind(args.kind); args.kind != "" && !strings.Contains(" "+strings.Join(kindNames(), " ")+" ", " "+args.kind+" ") {
		return fmt.Errorf("--kind is %q; it must be one of %s", args.kind, strings.Join(kindNames(), ", "))
	}
	if q.Limit <= 0 {
		return fmt.Errorf("--limit is %d; it must be 1 or more", q.Limit)
	}
	if args.account != "" {
		if q.Account, err = a.accountID(args.account); err != nil {
			return err
		}
	}
	if args.older != "" {
		if err := q.Older.UnmarshalText([]byte(args.older)); err != nil {
			return fmt.Errorf("--older: %w", err)
		}
	}
	return nil
}

// moment reads a time, a day or an age.
func (a *app) moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	age, err := history.ParseAge(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s is %q; write a time (2026-11-30T15:00:00Z), a day (2026-11-30, from midnight UTC), or an age (36h, 7d)", flag, text)
	}
	return a.clock.Now().Add(-age), nil
}

// accountID is an account by its digits, or by its name where there is a
// configuration.
func (a *app) accountID(text string) (estate.AccountID, error) {
	ref := config.AccountRef{Name: text}
	if acc, ok := new(config.Config).Account(ref); ok {
		return acc.ID, nil
	}
	cfg, err := a.load()
	if err != nil {
		return "", fmt.Errorf("--account %s is not twelve digits, and for a name there must be a configuration: %w", text, err)
	}
	acc, ok := cfg.Account(ref)
	if !ok {
		return "", fmt.Errorf("--account %s is not in the configuration; write its twelve digits", text)
	}
	return acc.ID, nil
}

// history prints entries, two lines or more each.
func (a *app) history(page history.Page) {
	if len(page.Entries) == 0 {
		a.printf("Nothing is kept that was asked for.\n")
	}
	for _, e := range page.Entries {
		a.printf("%s  %s\n", a.paint(a.Out, dim, e.Time.Format(time.RFC3339)), a.headline(e))
		for _, line := range [][2]string{{"was", e.Before}, {"now", e.After}, {"why", why(e)}, {"by", strings.TrimLeft(e.By+eventText(e.Event), ", ")}, {"id", callText(e)}} {
			if line[1] != "" {
				a.printf("    %-3s %s\n", line[0], oneLine(line[1]))
			}
		}
	}
	if !page.Next.IsZero() {
		place, _ := page.Next.MarshalText()
		a.say("\nthere is more: --older %s\n", place)
	}
}

func eventText(id string) string {
	if id == "" {
		return ""
	}
	return ", event " + id
}

// callText is Route 53's ID of a change, and whether it is known to be in effect.
func callText(e history.Entry) string {
	switch {
	case e.Call == "" || e.Action == history.InSync:
		return ""
	case e.InSync.IsZero():
		return e.Call + ", not asked when it was INSYNC"
	}
	return fmt.Sprintf("%s, INSYNC by %s", e.Call, e.InSync.Format(time.RFC3339))
}

func why(e history.Entry) string {
	if e.Kind == history.Gap || e.Reason == recipe.Configured {
		return ""
	}
	return e.Reason
}

// outcomeColours are of the words that people look for.
var outcomeColours = map[string]string{
	string(apply.Done): green, string(apply.Failed): red, string(apply.Held): yellow, string(apply.Skipped): yellow, string(apply.Stopped): yellow,
}

// headline is an entry in a line.
func (a *app) headline(e history.Entry) string {
	if e.Kind == history.Gap {
		return a.paint(a.Out, yellow, fmt.Sprintf("%-8s  %d entr%s lost since %s: %s", e.Kind, e.Lost, map[bool]string{true: "y was", false: "ies were"}[e.Lost == 1], e.From.Format(time.RFC3339), e.Reason))
	}
	out := []string{fmt.Sprintf("%-8s ", e.Kind)}
	if e.Outcome != "" {
		out = append(out, a.paint(a.Out, outcomeColours[e.Outcome], e.Outcome+":"))
	}
	out = append(out, e.Action)
	if subject := cmp.Or(e.Subject, e.Name.String(), e.Resource); subject != "" {
		out = append(out, subject)
	}
	if e.Account != "" {
		out = append(out, "("+strings.TrimRight(string(e.Account)+" "+string(e.Region), " ")+")")
	}
	return strings.Join(out, " ")
}

// oneLine is a text without line breaks, such as an error of AWS's.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
