// Package reconcile is one pass of orgdns: observe, plan, rehearse, apply,
// verify. It owns the ports through which the organization is read and names
// are probed; the port through which it is changed is package apply's. The
// rehearsal runs the same executor on another set of the same ports.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/resolve"
)

// Reader answers queries about the organization. It has no way to change
// anything.
type Reader interface {
	// Read asks one query and gives what it adds to an estate. An error is
	// final: AWS refused, or could not be reached.
	Read(ctx context.Context, q estate.Query) (func(*estate.Estate), error)
}

// Prober asks DNS itself.
type Prober interface {
	// Probe asks from a vantage. ErrNoProbe says that nothing stands there
	// that could ask.
	Probe(ctx context.Context, from resolve.Vantage, name dnsname.Name, rrtype string) (resolve.Answer, error)
}

// ErrNoProbe is the error of a Prober that cannot ask from a vantage: a VPC of
// an account in which nothing of ours runs.
var ErrNoProbe = errors.New("nothing can ask from there")

// Ports are how a pass reaches an organization: AWS, or a twin.
type Ports struct {
	Reader Reader
	Prober Prober
	// Writer gives the write port of a run, narrowed to what the plan does.
	Writer func(map[estate.AccountID][]plan.Permission) apply.Port
	Clock  clock.Clock
	// Invoke runs a Lambda function and gives its answer; that the function failed
	// is an error. Nil where none can be run.
	Invoke func(ctx context.Context, account estate.AccountID, region estate.Region, function string, payload []byte) ([]byte, error)
	// Command runs a command of the configuration's that looks from inside a VPC,
	// with input, and gives its output. Nil where none can be run.
	Command func(ctx context.Context, command string, from estate.VPC, input []byte) ([]byte, error)
	// Code is the AWS error code of an error.
	Code func(error) string
}

// Stage is a twin on which a plan is rehearsed.
type Stage struct {
	Ports
	// Estate is what the twin holds now, and Calls what was called there.
	Estate func() estate.Estate
	Calls  func() []plan.Calls
	// Tolerated names the undocumented rule behind a refusal.
	Tolerated func(error) (rule string, ok bool)
}

// Pass is one configuration over one organization.
type Pass struct {
	Config *config.Config
	Ports  Ports
	// Stage makes a twin of what was observed.
	Stage func(ctx context.Context, e estate.Estate) (*Stage, error)
	// Codes are the programs of probes' functions, by their path in the
	// configuration.
	Codes map[string]recipe.Code
	// Secrets are the external IDs of writers, by the address of their role.
	// Optional.
	Secrets func(estate.Estate) (map[string]string, diag.List)
	// Source says what is wanted in place of the configuration's recipes; Config
	// is then how accounts are reached, and the limits. Optional.
	Source *Source
	// Progress is told what goes on, in a few words. Optional.
	Progress func(string)
}

// Source is what is wanted by something other than the recipes: what must be
// known for it, given what is known, and the plan.
type Source struct {
	Needs func(e estate.Estate, o Options) []estate.Query
	Make  func(e estate.Estate, now time.Time, o Options) *plan.Plan
}

// Options change what a pass does.
type Options struct {
	Destroy      bool
	Sweep        bool
	Adopt        bool
	MoveRecords  bool
	AcceptLimits bool
	AcceptGap    bool
	AcceptOthers bool
	// CleanupGuidance: see recipe.Input.
	CleanupGuidance bool
}

func (p *Pass) say(format string, args ...any) {
	if p.Progress != nil {
		p.Progress(fmt.Sprintf(format, args...))
	}
}

func (p *Pass) input(e estate.Estate, ports Ports, o Options) recipe.Input {
	var secrets map[string]string
	if p.Secrets != nil {
		secrets, _ = p.Secrets(e) // what is not known is reported where it is needed
	}
	return recipe.Input{Config: p.Config, Estate: e, Secrets: secrets, Codes: p.Codes, Now: ports.Clock.Now(), Destroy: o.Destroy, Sweep: o.Sweep || o.Destroy, MoveRecords: o.MoveRecords,
		AcceptGap: o.AcceptGap, AcceptOthers: o.AcceptOthers, CleanupGuidance: o.CleanupGuidance}
}

// Observe asks until the recipes need to know nothing more. What was refused
// stands in the estate as an Answer with a code.
func (p *Pass) Observe(ctx context.Context, o Options) (estate.Estate, error) {
	return p.observe(ctx, p.Ports, estate.Estate{}, p.needs(p.Ports, o))
}

// Ask asks until needs lists nothing, on top of what is known.
func (p *Pass) Ask(ctx context.Context, e estate.Estate, needs func(estate.Estate) []estate.Query) (estate.Estate, error) {
	return p.observe(ctx, p.Ports, e, needs)
}

// needs is what must be known for a plan.
func (p *Pass) needs(ports Ports, o Options) func(estate.Estate) []estate.Query {
	return func(e estate.Estate) []estate.Query {
		if p.Source == nil {
			return recipe.Needs(p.input(e, ports, o))
		}
		return p.Source.Needs(e, o)
	}
}

// whoAsks is asked by everybody: a rehearsal needs to know who runs it.
var whoAsks = estate.Query{Kind: estate.QueryIdentity}

// observe asks until needs lists nothing, each round side by side. Where AWS cannot
// be asked even who asks, nothing else can be: that is the one error of all of it.
func (p *Pass) observe(ctx context.Context, ports Ports, e estate.Estate, needs func(estate.Estate) []estate.Query) (estate.Estate, error) {
	p.Config.Tell(&e)
	for {
		list := needs(e)
		if len(list) == 0 {
			return e, ctx.Err()
		}
		if _, asked := e.Asked(whoAsks); !asked && !slices.Contains(list, whoAsks) {
			list = append(list, whoAsks)
		}
		p.say("reading: %s", summary(list))
		put, errs := answers(ctx, ports, list)
		if err := ctx.Err(); err != nil {
			return e, err
		}
		if i := slices.Index(list, whoAsks); i >= 0 && errs[i] != nil {
			return e, p.unreached(errs[i])
		}
		put(&e)
	}
}

// unreached is the error of a pass that cannot ask AWS at all.
func (p *Pass) unreached(err error) error {
	var d diag.Diagnostic
	if n := len(p.Config.Accounts); n > 0 && errors.As(err, &d) {
		d.Summary += fmt.Sprintf(", so none of the configuration's accounts (%d) can be reached", n)
		return d
	}
	return err
}

// inFlight bounds the queries under way.
const inFlight = 64

// answers asks queries side by side, and gives what brings the answers into an
// estate, in the order of the list, so that the same organization gives the same
// estate; and the errors of those that were refused.
func answers(ctx context.Context, ports Ports, list []estate.Query) (put func(*estate.Estate), errs []error) {
	got := make([]reply, len(list))
	sideBySide(ports.Clock, len(list), inFlight, func(i int) { got[i] = read(ctx, ports, list[i]) })
	for _, r := range got {
		errs = append(errs, r.err)
	}
	return func(into *estate.Estate) {
		for i, q := range list {
			got[i].put(ports, q, into)
		}
	}, errs
}

// reply is what came of a query: what brings the answer into an estate, or why it
// was refused.
type reply struct {
	patch func(*estate.Estate)
	err   error
}

// put brings it into an estate, with the note that it was asked.
func (r reply) put(ports Ports, q estate.Query, into *estate.Estate) {
	a := estate.Answer{Query: q}
	if r.err != nil {
		a.Code, a.Message = cmpOr(ports.Code(r.err), "Unreachable"), r.err.Error()
	} else {
		r.patch(into)
	}
	into.Answers.Put(a)
}

// sideBySide does n things, at most so many at a time, and waits for all.
func sideBySide(c clock.Clock, n, atOnce int, do func(i int)) {
	defer c.Enter()()
	done := clock.NewMailbox[struct{}](c)
	started := 0
	start := func() {
		i := started
		started++
		c.Go(func() {
			do(i)
			done.Send(struct{}{})
		})
	}
	for started < min(atOnce, n) {
		start()
	}
	for range n {
		done.Receive()
		if started < n {
			start()
		}
	}
}

// moment is how long what is there waits for what is still to come.
const moment = time.Second

// asTheyCome does n things side by side, and hands over which of them are done: all
// at once, or after each moment those that are by then, which may be none. It returns
// when all are handed over and taken. It is called by a worker of the clock.
func asTheyCome(ctx context.Context, c clock.Clock, n int, do func(i int), take func(done []int)) {
	const tick, all, end = -1, -2, -3
	box := clock.NewMailbox[int](c)
	ticking, stop := context.WithCancel(ctx)
	c.Go(func() {
		for c.Sleep(ticking, moment) == nil {
			box.Send(tick)
		}
		box.Send(end)
	})
	c.Go(func() {
		sideBySide(c, n, inFlight, func(i int) {
			do(i)
			box.Send(i)
		})
		stop()
		box.Send(all)
	})
	var done []int
	for under := 2; under > 0; {
		switch i := box.Receive(); i {
		case end:
			under--
		case tick, all:
			if i == tick { // what takes after all ends in the place of what did
				under++
			}
			list := slices.Sorted(slices.Values(done))
			done = nil
			c.Go(func() {
				take(list)
				box.Send(end)
			})
		default:
			done = append(done, i)
		}
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// read asks AWS, or public DNS.
func read(ctx context.Context, ports Ports, q estate.Query) (r reply) {
	if q.Kind == estate.QueryPublic {
		r.patch, r.err = public(ctx, ports, q)
	} else {
		r.patch, r.err = ports.Reader.Read(ctx, q)
	}
	return r
}

// public asks public DNS.
func public(ctx context.Context, ports Ports, q estate.Query) (func(*estate.Estate), error) {
	i := strings.LastIndexByte(q.ID, '/')
	name, err := dnsname.Parse(q.ID[:i])
	if err != nil {
		return nil, err
	}
	rrtype := q.ID[i+1:]
	a, err := ports.Prober.Probe(ctx, resolve.Vantage{}, name, rrtype)
	if err != nil {
		return nil, err
	}
	switch a.Outcome {
	case resolve.ServFail, resolve.Refused, resolve.NoResponse: // no answer is not "no such name"
		return nil, fmt.Errorf("public DNS answers %s for %s %s", a.Outcome, name, rrtype)
	}
	return func(e *estate.Estate) {
		e.Public.Put(estate.PublicAnswer{Name: name, Type: rrtype, RCode: string(a.Outcome), Values: a.Values(), TTL: a.TTL})
	}, nil
}

// summary counts queries by kind, for progress.
func summary(list []estate.Query) string {
	counts := map[estate.QueryKind]int{}
	for _, q := range list {
		counts[q.Kind]++
	}
	var parts []string
	for k, n := range counts {
		part := string(k)
		if n > 1 {
			part += fmt.Sprintf(" (%d)", n)
		}
		parts = append(parts, part)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// Planned is a plan with the estates that it leads from and to.
type Planned struct {
	*plan.Plan
	Before estate.Estate
	After  estate.Estate // as the rehearsal found; Before when there is nothing to do
}

// Plan observes, compares and rehearses. A plan whose Diagnostics have errors
// is not to be applied; the error is for a pass that could not be made.
func (p *Pass) Plan(ctx context.Context, o Options) (*Planned, error) {
	e, err := p.Observe(ctx, o)
	if err != nil {
		return nil, err
	}
	return p.planOn(ctx, e, o)
}

// planOn compares and rehearses on what was observed. With the error of a rehearsal
// that could not be made it gives the plan all the same.
func (p *Pass) planOn(ctx context.Context, e estate.Estate, o Options) (*Planned, error) {
	made := p.make(e, p.Ports, o)
	out := &Planned{Plan: made, Before: e, After: e}
	if made.Diagnostics.HasErrors() {
		return out, nil
	}
	if !made.Empty() {
		e, err := p.observeRoles(ctx, e, made)
		if err == nil {
			out.Before = e
			err = p.rehearse(ctx, out, o)
		}
		if err != nil {
			p.guard(out, o)
			return out, fmt.Errorf("rehearsal: %w", err)
		}
	}
	if !o.Destroy && !made.Diagnostics.HasErrors() {
		p.expectations(out, o)
		p.connectivity(out, o)
		p.rounds(out, o)
	}
	p.guard(out, o)
	made.Diagnostics.Sort()
	return out, nil
}

// make is the plan for an estate, before any rehearsal.
func (p *Pass) make(e estate.Estate, ports Ports, o Options) *plan.Plan {
	if p.Source != nil {
		return p.Source.Make(e, ports.Clock.Now(), o)
	}
	return p.makeOnly(e, ports, o, nil)
}

// makeOnly is make of some names of VPC Lattice services, or of everything (nil).
func (p *Pass) makeOnly(e estate.Estate, ports Ports, o Options, only []dnsname.Name) *plan.Plan {
	in := p.input(e, ports, o)
	in.Only = only
	made := recipe.Make(in)
	out := plan.Make(plan.Input{
		Owner: p.Config.Owner, Now: in.Now, Estate: e, Wanted: made.Wanted, Adopt: o.Adopt, Apart: made.Apart, Orders: made.Orders, Frozen: made.Frozen, Retired: made.Retired, Refused: made.Refused, Only: only,
	})
	out.Diagnostics.Add(made.Diagnostics...)
	out.Waiting = append(out.Waiting, made.Waiting...)
	out.Duplicates = made.Duplicates
	if only != nil {
		return out
	}
	if err := p.savings(in, made, out.Duplicates); err != nil {
		out.Diagnostics.Add(diag.Diagnostic{Severity: diag.Warning, Code: "cost", Summary: err.Error()})
	}
	out.Diagnostics.Sort()
	return out
}

// observeRoles reads IAM in the accounts where something will be written.
func (p *Pass) observeRoles(ctx context.Context, e estate.Estate, made *plan.Plan) (estate.Estate, error) {
	var list []estate.Query
	seen := map[estate.AccountID]bool{}
	for _, c := range made.Changes {
		if a := p.Config.AccountByID(c.Account); !seen[c.Account] && a.Role != "" {
			list = append(list, estate.Query{Kind: estate.QueryRole, Account: c.Account, ID: a.Role})
		}
		seen[c.Account] = true
	}
	return p.observe(ctx, p.Ports, e, func(e estate.Estate) []estate.Query {
		return slices.DeleteFunc(slices.Clone(list), func(q estate.Query) bool { _, asked := e.Asked(q); return asked })
	})
}

// guard stops a run that would delete more, or change more answers, than the
// configuration allows (settled point 18).
func (p *Pass) guard(out *Planned, o Options) {
	deletes, changed := 0, 0
	for _, c := range out.Changes {
		if c.Action == plan.Delete && !c.Bookkeeping() {
			deletes++
		}
	}
	seen := map[string]bool{}
	for _, a := range out.Answers {
		if key := a.Name.String() + " " + a.Type; !a.New && !seen[key] {
			seen[key] = true
			changed++
		}
	}
	p.policies(out)
	if o.AcceptLimits || o.Destroy {
		return
	}
	limits := p.Config.Limits
	if allowed := limits.Deletes.Of(out.Managed); deletes > allowed {
		out.Diagnostics.Add(diag.Diagnostic{
			Code: "limit-deletes", Pos: limits.At("deletes"),
			Summary: fmt.Sprintf("the plan deletes %d of %d managed things; the limit is %d (%s)", deletes, out.Managed, allowed, limits.Deletes),
			Hint:    "look at the plan; if it is what you want, repeat with --accept-limits",
		})
	}
	if limits.Answers != nil && changed > *limits.Answers {
		out.Diagnostics.Add(diag.Diagnostic{
			Code: "limit-answers", Pos: limits.At("answers"),
			Summary: fmt.Sprintf("the plan changes %d answers that somebody has now; the limit is %d", changed, *limits.Answers),
			Hint:    "look at the answers in the plan; if it is what you want, repeat with --accept-limits",
		})
	}
}

// policies refuses kinds of change that the configuration rules out.
func (p *Pass) policies(out *Planned) {
	for _, c := range out.Changes {
		if why, ruledOut := p.ruledOut(c); ruledOut {
			out.Diagnostics.Add(why)
		}
	}
}

// ruledOut reports whether the configuration lets nobody make such a change, neither
// a run nor an event.
func (p *Pass) ruledOut(c plan.Change) (why diag.Diagnostic, is bool) {
	switch changes := p.Config.Policies.Changes; {
	case c.Bookkeeping():
	case changes == config.ChangesNoDeletes:
		is = c.Action == plan.Delete
	case changes == config.ChangesCreateOnly:
		is = c.Action != plan.Create && c.Action != plan.Await
	}
	if !is {
		return why, false
	}
	return diag.Diagnostic{
		Code: "policy", Pos: p.Config.Policies.At("changes"), Address: c.Address, Account: string(c.Account),
		Summary: fmt.Sprintf("the configuration does not let orgdns %s %s", c.Action, c.Address),
		Detail:  "policies.changes is " + p.Config.Policies.Changes,
	}, true
}
