package reconcile

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// errStopped is the error of names that were not begun with.
var errStopped = errors.New("stopped before it was begun")

// Swept is what came of a sweep.
type Swept struct {
	Planned *Planned
	// Done are the changes that were made, and Failed those that were not.
	Done, Failed []Done
	// Problems are what is wrong: of the plan, and of what was carried out.
	Problems diag.List
}

// Sweep is a whole pass for all recipes. It observes while events go on, plans,
// rehearses, and carries out what no event could have: of what events may do,
// what they missed. A plan that has errors, or cannot be rehearsed, is not carried out,
// but for records of VPC Lattice services, which hang on nothing else; where the limits
// of the configuration stop it, for those that are new. When stop is done,
// which is derived from ctx, calls under way are finished and no more are made. The
// error is for a sweep that could not be made, since nothing could be read.
func (k *Keeper) Sweep(ctx, stop context.Context, o Options) (*Swept, error) {
	defer k.listed()
	pass, e, err := k.observe(stop, o)
	if err != nil {
		return nil, err
	}
	planned, err := pass.planOn(stop, e, o)
	if stop.Err() != nil {
		return nil, stop.Err()
	}
	out := &Swept{Planned: planned, Problems: slices.Clone(planned.Diagnostics)}
	if err == nil && !planned.Diagnostics.HasErrors() {
		err = k.others(ctx, stop, pass, planned, out)
		if len(out.Done) > 0 && stop.Err() == nil { // records may stand on what was made
			if _, _, err := k.observe(stop, o); err != nil && stop.Err() == nil {
				return nil, err
			}
		}
	}
	if err != nil {
		out.Problems.Add(diag.Diagnostic{Code: "not-done", Summary: "the plan is not carried out, but for records of VPC Lattice services", Detail: err.Error(), Hint: "`orgdns plan` by the same configuration says the same"})
	}
	if stop.Err() == nil && !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "limit-answers" }) {
		k.missed(ctx, stop, o, out)
	}
	return out, nil
}

// Look reads the organization, and changes nothing: what is held is then as good
// as after a sweep.
func (k *Keeper) Look(ctx context.Context, o Options) error {
	defer k.listed()
	_, _, err := k.observe(ctx, o)
	return err
}

// observe reads, and takes over what it found.
func (k *Keeper) observe(ctx context.Context, o Options) (*Pass, estate.Estate, error) {
	k.mu.Lock()
	pass, began := k.pass, k.beginLocked()
	k.mu.Unlock()
	defer k.end()
	e, err := pass.Observe(ctx, o)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		return nil, e, err
	}
	k.mergeLocked(e, began)
	k.bound = nil
	clear(k.gone)
	k.moreLocked(ctx, nil)
	return pass, k.held, ctx.Err()
}

// limited reports whether the configuration's limits stop a plan.
func limited(list diag.List) bool {
	return slices.ContainsFunc(list, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && (d.Code == "policy" || strings.HasPrefix(d.Code, "limit-"))
	})
}

// others carries out the changes of a plan that no event brings about. A zone in
// which they write is theirs until the last of them has come to its end there.
func (k *Keeper) others(ctx, stop context.Context, pass *Pass, planned *Planned, out *Swept) error {
	whole := planned.Plan
	o := newOpen(pass, planned.Before, whole, nil, nil)
	events := map[string]bool{}
	for _, byName := range o.zones {
		for _, changes := range byName {
			for _, c := range changes {
				events[c.Address] = true
			}
		}
	}
	sub := *whole
	sub.Changes = slices.DeleteFunc(slices.Clone(whole.Changes), func(c plan.Change) bool { return events[c.Address] })
	if sub.Empty() {
		return nil
	}
	left := zonesOf(&sub)
	k.acquire(sortedKeys(left))
	defer func() { k.release(sortedKeys(left)...) }()
	res, err := pass.Apply(ctx, &sub, ApplyOptions{Stop: stop.Done(), Progress: func(e apply.Event) {
		if zone := zoneOf(&sub, e.Change); left[zone][e.Change.Address] && e.State != apply.Pending && e.State != apply.Running {
			if delete(left[zone], e.Change.Address); len(left[zone]) == 0 {
				delete(left, zone)
				k.release(zone)
			}
		}
		switch e.State {
		case apply.Done:
			out.Done = append(out.Done, Done{At: e.At, Sweep: true, Change: e.Change, Plan: &sub})
		case apply.Failed:
			out.Failed = append(out.Failed, Done{At: e.At, Sweep: true, Change: e.Change, Plan: &sub, Err: e.Err})
		}
	}})
	for _, d := range slices.Concat(out.Done, out.Failed) {
		k.tell(d)
	}
	if err == nil {
		out.Problems.Add(res.Diagnostics...)
	}
	return err
}

// zonesOf are the zones that stand and in which a plan writes, with the addresses
// of these changes.
func zonesOf(p *plan.Plan) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, c := range p.Changes {
		if id := zoneOf(p, c); id != "" {
			if out[id] == nil {
				out[id] = map[string]bool{}
			}
			out[id][c.Address] = true
		}
	}
	return out
}

// zoneOf is the zone that stands and in which a change writes, if there is one.
func zoneOf(p *plan.Plan, c plan.Change) string {
	if r := c.Item().Record; r != nil {
		return standing(p, r.Zone)
	}
	return ""
}

// missed makes what events missed, as it now stands. Where the limits of the
// configuration stop it or the sweep's plan, names that lose records are left alone, and
// the others are made within those limits: no team's deletions hold up other teams'
// names. What stop keeps from being made is no failure.
func (k *Keeper) missed(ctx, stop context.Context, o Options, out *Swept) {
	k.mu.Lock()
	open, pass := k.wholeLocked(), k.pass
	k.mu.Unlock()
	names, stopped := open.within(pass, o, limited(out.Problems))
	out.Problems.Add(stopped...)
	if len(names) == 0 {
		return
	}
	box := make(chan []settledName, len(names)+1) // more than settle tells
	k.settle(ctx, stop, names, true, func(list []settledName) { box <- list })
	close(box)
	for list := range box {
		for _, n := range list {
			out.Done = append(out.Done, n.done...)
			if n.err != nil && !errors.Is(n.err, errStopped) {
				out.Failed = append(out.Failed, Done{At: k.clock.Now(), Sweep: true, Err: n.err})
				d := diag.Diagnostic{Code: "not-done", Summary: "the records of " + n.name.String() + " could not be brought to what is wanted", Detail: n.err.Error()}
				out.Problems.Add(d)
			}
		}
	}
	out.Problems.Sort()
}

// within are the names that the limits of the configuration let be settled, with what
// they stop: all of them; or, where they stop these or are reached anyway, those that
// lose no record; or none.
func (o *open) within(pass *Pass, opt Options, reached bool) (map[dnsname.Name]Ask, diag.List) {
	var stopped diag.List
	for _, deletes := range []bool{true, false} {
		names, part := map[dnsname.Name]Ask{}, *o.plan
		part.Changes, part.Diagnostics, part.Answers = nil, nil, nil
		for _, byName := range o.zones {
			for n, changes := range byName {
				if deletes || !slices.ContainsFunc(changes, func(c plan.Change) bool { return c.Action == plan.Delete }) {
					names[n] = Ask{}
					part.Changes = append(part.Changes, changes...)
				}
			}
		}
		held := &Planned{Plan: &part}
		pass.guard(held, opt)
		if !limited(held.Diagnostics) && !(deletes && reached) {
			return names, stopped
		}
		if !reached && len(stopped) == 0 {
			stopped = held.Diagnostics
		}
	}
	return nil, stopped
}
