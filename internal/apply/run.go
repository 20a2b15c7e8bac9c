// Package apply carries out a plan: it walks the graph of changes, gathers the
// record changes of a zone into batches, waits for what must be in effect, and
// finds the bad change in a batch. Pacing and repetition of single API calls
// are package pace's; which calls they are is package awsapi's.
//
// A run keeps nothing that a later run needs: one that stops anywhere is
// finished by planning and running again.
package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Options are what a run needs besides the plan.
type Options struct {
	Port  Port
	Clock clock.Clock
	// Wait sleeps until deadlines instead of leaving what waits for them to a
	// later run.
	Wait bool
	// Stop, when closed, lets calls under way finish and starts no more.
	Stop <-chan struct{}
	// Progress is told of every change of state, from one goroutine. Optional.
	Progress func(Event)
	// Tolerated names the undocumented rule behind a refusal by the twin; the
	// step then counts as done, with a warning. Optional.
	Tolerated func(error) (rule string, ok bool)
}

// CodeUndocumented is the code of the warning on a change that was tolerated.
const CodeUndocumented = "undocumented"

// State is where a change is in a run.
type State string

// The states of a change.
const (
	Pending State = "pending"
	Running State = "running"
	Done    State = "done"
	Settled State = "settled" // done, and in effect everywhere
	Failed  State = "failed"
	Skipped State = "skipped" // something that it needs failed or waits
	Held    State = "held"    // waits for a deadline or the world outside
	Stopped State = "stopped" // the run was stopped before it
)

// Event is a change of state.
type Event struct {
	Change plan.Change
	State  State
	At     time.Time
	Err    error
	// Attributes are what became known by it, once it is done.
	Attributes plan.Attributes
}

// Result is what a run did.
type Result struct {
	States     map[string]State           // by address
	Attributes map[string]plan.Attributes // what became known, by address
	Waiting    []plan.Waiting
	// Diagnostics are the failures, and warnings on what was tolerated.
	Diagnostics diag.List
}

// Count is the number of changes in a state.
func (r *Result) Count(s State) int {
	n := 0
	for _, have := range r.States {
		if have == s {
			n++
		}
	}
	return n
}

// Complete reports whether every change was done.
func (r *Result) Complete() bool { return r.Count(Done)+r.Count(Settled) == len(r.States) }

// How often settling is asked for, and for how long.
const (
	firstPoll  = 30 * time.Second // Route 53 takes up to 60 seconds
	secondPoll = 31 * time.Second // just past the 60 seconds
	nextPoll   = 10 * time.Second
	longPoll   = 30 * time.Second // of what is not in effect after slow
	slow       = 15 * time.Minute
	objectPoll = 5 * time.Second // objects take seconds to minutes
	// linger bounds how long a batch waits for changes that are about to
	// become ready.
	linger = 30 * time.Second
	// perAccount bounds the calls under way in one account, outside batches.
	perAccount = 8
)

// Run carries out a plan. The error is for a run that could not be made at
// all; failed changes are in the Result.
func Run(ctx context.Context, p *plan.Plan, o Options) (*Result, error) {
	if p.Version != plan.Version {
		return nil, fmt.Errorf("the plan has version %d; this orgdns carries out version %d", p.Version, plan.Version)
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	if o.Tolerated == nil {
		o.Tolerated = func(error) (string, bool) { return "", false }
	}
	r := &run{
		ctx: ctx, o: o, plan: p,
		nodes:   map[string]*node{},
		zones:   map[string]*zoneQueue{},
		running: map[estate.AccountID]int{},
		backlog: backlog{},
		busy:    map[string]bool{},
		result:  &Result{States: map[string]State{}, Attributes: map[string]plan.Attributes{}},
	}
	for i := range p.Changes {
		c := p.Changes[i]
		n := &node{Change: c, state: Pending, index: i}
		r.nodes[c.Address] = n
		r.order = append(r.order, n)
	}
	for _, n := range r.order {
		n.waitsFor = len(n.Needs)
		for _, d := range n.Needs {
			need := r.nodes[d.Address]
			if need == nil {
				return nil, fmt.Errorf("the plan is broken: %s needs %s, which is not in it", n.Address, d.Address)
			}
			need.dependents = append(need.dependents, n)
			need.mustSettle = need.mustSettle || d.Settled
		}
		n.mustSettle = n.mustSettle || n.Settle
		for _, a := range n.SettleAfter {
			if m := r.nodes[a]; m != nil {
				m.settlers = append(m.settlers, n)
			}
		}
	}
	r.ledgers = append(r.ledgers, p.Ledgers...)
	r.waits, r.endWaits = context.WithCancel(ctx)
	defer r.endWaits()
	defer o.Clock.Enter()()
	r.events = clock.NewMailbox[func()](o.Clock)
	if o.Stop != nil {
		finished := make(chan struct{})
		defer close(finished)
		go func() {
			select {
			case <-o.Stop:
				r.events.Send(func() { r.stopped = true })
			case <-finished:
			}
		}()
	}
	r.loop()
	return r.result, nil
}

// run is the state of one Run. Only its own goroutine touches it; workers send
// functions to it.
type run struct {
	ctx     context.Context
	waits   context.Context // ends when the run is stopped
	o       Options
	plan    *plan.Plan
	nodes   map[string]*node
	order   []*node
	zones   map[string]*zoneQueue
	ledgers []plan.Ledger
	events  *clock.Mailbox[func()]
	active  int // workers under way
	running map[estate.AccountID]int
	backlog backlog
	// busy are the zones in which a call is under way: AWS refuses a second
	// one (PriorRequestNotComplete, ConcurrentModification).
	busy    map[string]bool
	stopped bool
	result  *Result

	endWaits context.CancelFunc
}

// node is a change in the graph.
type node struct {
	plan.Change
	index      int
	state      State
	waitsFor   int // needs that are not met
	dependents []*node
	settlers   []*node // settle only after this one
	mustSettle bool
	settling   bool
	doneAt     time.Time
	attributes plan.Attributes
	step       plan.Step // as done, for settling
}

func (n *node) finished() bool { return n.state != Pending && n.state != Running }

// loop starts what is ready and handles what workers report, until nothing is
// under way.
func (r *run) loop() {
	for _, n := range r.order {
		if n.waitsFor == 0 {
			r.ready(n)
		}
	}
	r.flush()
	for r.active > 0 {
		r.events.Receive()()
		if r.stopped = r.stopped || r.ctx.Err() != nil; r.stopped {
			r.endWaits()
		}
		r.flush()
	}
	for _, n := range r.order {
		if n.state == Pending {
			r.set(n, Stopped, nil)
		}
		r.result.States[n.Address] = n.state
		if n.attributes != nil {
			r.result.Attributes[n.Address] = n.attributes
		}
	}
	r.result.Diagnostics.Sort()
}

// work runs f as a worker; what f returns is run by the loop.
func (r *run) work(f func() func()) {
	r.active++
	r.o.Clock.Go(func() {
		then := f()
		r.events.Send(func() {
			r.active--
			then()
		})
	})
}

func (r *run) set(n *node, s State, err error) {
	n.state = s
	r.o.Progress(Event{n.Change, s, r.o.Clock.Now(), err, n.attributes})
}

// ready starts a change whose needs are met, or holds it for its deadline.
func (r *run) ready(n *node) {
	if r.stopped {
		return
	}
	until := n.NotBefore
	for _, d := range n.Delays {
		if after := r.nodes[d.After]; after != nil && !after.doneAt.IsZero() {
			until = later(until, after.doneAt.Add(d.Wait))
		}
	}
	if wait := until.Sub(r.o.Clock.Now()); wait > 0 {
		if !r.o.Wait {
			what := "every cache to forget the old name servers"
			if n.Item().Object != nil {
				what = plan.Forgetting
			}
			r.hold(n, plan.Waiting{Address: n.Address, For: what, Until: until})
			return
		}
		r.work(func() func() {
			err := r.o.Clock.Sleep(r.waits, wait)
			return func() {
				if err == nil {
					r.ready(n)
				}
			}
		})
		return
	}
	if n.Item().Record != nil {
		r.enqueue(n)
		return
	}
	r.start(n)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// hold leaves a change, and what needs it, to a later run.
func (r *run) hold(n *node, w plan.Waiting) {
	r.result.Waiting = append(r.result.Waiting, w)
	r.set(n, Held, nil)
	r.abandon(n)
}

// fail ends a change with an error; what needs it is skipped.
func (r *run) fail(n *node, err error) {
	if errors.Is(err, context.Canceled) && r.stopped {
		r.set(n, Stopped, err)
		return
	}
	var d diag.Diagnostic
	if !errors.As(err, &d) {
		d = diag.Diagnostic{Summary: fmt.Sprintf("could not %s %s", n.Action, n.Address), Detail: err.Error()}
	}
	if d.Address == "" {
		d.Address = n.Address
	}
	if d.Account == "" {
		d.Account, d.Region = string(n.Account), string(n.Region)
	}
	d.Pos = n.Pos
	r.result.Diagnostics.Add(d)
	r.set(n, Failed, err)
	r.abandon(n)
}

// warn reports what is no failure of one change; workers may call it.
func (r *run) warn(d diag.Diagnostic) {
	r.events.Send(func() { r.result.Diagnostics.Add(d) })
}

// abandon skips everything that needs n, directly or not. What needs n done,
// and no more, goes on when n was done.
func (r *run) abandon(n *node) {
	for _, d := range n.dependents {
		stops := func(need plan.Dependency) bool { return need.Address == n.Address && (need.Settled || n.state != Done) }
		if d.state == Pending && slices.ContainsFunc(d.Needs, stops) {
			r.set(d, Skipped, nil)
			r.abandon(d)
		}
	}
	for _, m := range n.settlers {
		if m.state == Done && n.state != Done {
			r.settle(m)
		}
	}
}

// start carries out a change that is no record, within its account's bound.
func (r *run) start(n *node) {
	if r.running[n.Account] >= perAccount {
		r.backlog.add(string(n.Account), n)
		return
	}
	step, err := r.step(n)
	if err != nil {
		r.fail(n, err)
		return
	}
	zone := ""
	if step.Association != nil {
		if zone = step.Association.Zone; r.busy[zone] {
			r.backlog.add(zone, n)
			return
		}
		r.busy[zone] = true
	}
	r.running[n.Account]++
	r.set(n, Running, nil)
	r.work(func() func() {
		attrs, err := r.o.Port.Do(r.ctx, step)
		return func() {
			r.running[n.Account]--
			delete(r.busy, zone)
			n.step = step
			switch {
			case err == nil:
				r.done(n, attrs)
			case r.tolerate(n, err):
				r.done(n, nil)
			default:
				r.fail(n, err)
			}
			r.freed(zone, func() bool { return !r.busy[zone] })
			r.freed(string(n.Account), func() bool { return r.running[n.Account] < perAccount })
		}
	})
}

// tolerate turns a refusal behind which only our reading stands into a warning.
func (r *run) tolerate(n *node, err error) bool {
	rule, ok := r.o.Tolerated(err)
	if ok {
		r.result.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: CodeUndocumented, Address: n.Address, Account: string(n.Account), Pos: n.Pos,
			Summary: fmt.Sprintf("AWS may refuse to %s %s", n.Action, n.Address),
			Detail:  fmt.Sprintf("%v (rule %s is our reading; no AWS page states it)", err, rule),
		})
	}
	return ok
}

// step fills in everything that a change needs to know.
func (r *run) step(n *node) (plan.Step, error) {
	item := n.Item()
	s := plan.Step{
		Address: n.Address, Kind: item.Kind(), Action: n.Action, Account: n.Account, Region: n.Region, ID: n.ID,
		Zone: item.Zone, Certificate: item.Certificate,
	}
	s.VPCAttributes = item.VPCAttributes
	for _, a := range []*plan.Association{item.Authorization, item.Association} {
		if a != nil {
			id, err := r.resolve(a.Zone)
			if err != nil {
				return s, err
			}
			s.Association = &plan.ZoneVPC{Zone: id[0], VPC: a.VPC}
		}
	}
	if o := item.Object; o != nil {
		s.Object = &plan.ObjectStep{}
		var err error
		if s.Object.Fields, err = o.Resolved(r.resolve); err != nil {
			return s, err
		}
		if n.Before != nil && n.Before.Object != nil {
			if s.Object.Before, err = n.Before.Object.Resolved(r.resolve); err != nil {
				return s, err
			}
		}
	}
	if role := item.Role; role != nil {
		s.Role = &plan.RoleStep{Name: role.Name}
		if n.After != nil {
			id, err := r.resolve(role.Zone)
			if err != nil {
				return s, err
			}
			s.Role.Description = "Writes into the zone " + role.ZoneName.String() + "; made by orgdns"
			s.Role.Trust, s.Role.Policy = role.TrustPolicy(), role.Policy(id[0])
		}
	}
	if t := item.ZoneTags; t != nil {
		id, err := r.resolve(t.Zone)
		if err != nil {
			return s, err
		}
		s.Tags = &plan.Tags{Zone: id[0], Set: map[string]string{}, Remove: t.Remove}
		for k, v := range t.Set {
			got, err := r.resolve(v)
			if err != nil {
				return s, err
			}
			s.Tags.Set[k] = got[0]
		}
	}
	return s, nil
}

// resolve gives the strings that a value stands for now.
func (r *run) resolve(v plan.Value) ([]string, error) {
	return v.Resolve(r.o.Clock.Now(), func(ref plan.Ref) ([]string, bool) {
		if n := r.nodes[ref.Address]; n != nil && n.attributes != nil {
			if got, ok := n.attributes[ref.Attribute]; ok {
				return got, true
			}
		}
		got, ok := r.plan.Known[ref.Address][ref.Attribute]
		return got, ok
	})
}

// done ends a change well, and starts what waited for it.
func (r *run) done(n *node, attrs plan.Attributes) {
	n.doneAt, n.attributes = r.o.Clock.Now(), attrs
	r.set(n, Done, nil)
	r.met(n, false)
	for _, m := range n.settlers {
		if m.state == Done {
			r.settle(m)
		}
	}
	r.settle(n)
}

// met counts a need as met for the dependents that asked for this much.
func (r *run) met(n *node, settled bool) {
	for _, d := range n.dependents {
		for _, need := range d.Needs {
			if need.Address == n.Address && need.Settled == settled {
				if d.waitsFor--; d.waitsFor == 0 && d.state == Pending {
					r.ready(d)
				}
			}
		}
	}
}

// settle asks until a change is in effect, if anybody needs that and what must
// come before was done.
func (r *run) settle(n *node) {
	if !n.mustSettle || n.settling || r.stopped {
		return
	}
	for _, a := range n.SettleAfter {
		if m := r.nodes[a]; m != nil && m.state != Done && m.state != Settled {
			if !m.finished() {
				return
			}
			n.settling = true // and never will in this run
			r.result.Waiting = append(r.result.Waiting, plan.Waiting{Address: n.Address, For: a + " (" + string(m.state) + ")"})
			r.abandon(n)
			return
		}
	}
	n.settling = true
	step, attrs := n.step, n.attributes
	r.work(func() func() {
		ok, err := r.poll(step, attrs)
		return func() {
			switch {
			case errors.Is(err, context.Canceled) && r.stopped: // done, and a later run sees to the rest
			case err != nil && r.tolerate(n, err), ok:
				r.set(n, Settled, nil)
				r.met(n, true)
			case err != nil:
				r.fail(n, err)
			default:
				r.result.Waiting = append(r.result.Waiting, plan.Waiting{Address: n.Address, For: "AWS to bring it into effect"})
				r.abandon(n)
			}
		}
	})
}

// poll asks at growing distances; false means that patience ended.
func (r *run) poll(step plan.Step, attrs plan.Attributes) (bool, error) {
	if step.Action == plan.Await {
		if ok, err := r.o.Port.Settled(r.ctx, step, attrs); ok || err != nil {
			return ok, err
		}
	}
	wait := firstPoll
	for waited := time.Duration(0); waited < step.Patience(); waited += wait {
		switch {
		case step.Object != nil && waited < time.Minute:
			wait = objectPoll
		case waited >= slow:
			wait = longPoll
		case waited >= firstPoll+secondPoll:
			wait = nextPoll
		case waited >= firstPoll:
			wait = secondPoll
		}
		if err := r.o.Clock.Sleep(r.waits, wait); err != nil {
			return false, err
		}
		if ok, err := r.o.Port.Settled(r.ctx, step, attrs); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
