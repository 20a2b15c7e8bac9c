package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
)

// Zones under a Keeper. Each is written by one worker at a time; what becomes
// due meanwhile waits and goes out together. A zone whose account is throttled
// holds up no other.

// open is what is left to be done on the estate that is held, as far as an event
// may do it: at some names, or at all.
type open struct {
	version int
	covers  map[dnsname.Name]bool // nil: all
	plan    *plan.Plan
	zones   map[string]map[dnsname.Name][]plan.Change // by zone ID and name
	later   map[dnsname.Name]bool                     // left to a sweep
	bound   map[dnsname.Name]bool                     // of these, those that go with what is no event's
	ruled   map[dnsname.Name]diag.Diagnostic          // left as it is: the configuration rules a change out
}

// has reports whether something is left to be done at a name.
func (o *open) has(n dnsname.Name) bool {
	for _, byName := range o.zones {
		if len(byName[n]) > 0 {
			return true
		}
	}
	return o.later[n]
}

// openLocked plans names on what is held, unless nothing has changed since. What goes
// with changes that are no event's only a whole plan tells: one is made after each
// sweep, and by its word these names are left to the next.
func (k *Keeper) openLocked(names ...dnsname.Name) *open {
	if k.bound == nil {
		k.wholeLocked()
	}
	if k.open.version != k.version {
		k.open = &open{version: k.version, covers: map[dnsname.Name]bool{}}
	}
	if k.open.covers == nil {
		return k.open
	}
	more := slices.DeleteFunc(slices.Clone(names), func(n dnsname.Name) bool { return k.open.covers[n] })
	if len(more) > 0 || k.open.plan == nil {
		slices.SortFunc(more, dnsname.Name.Compare)
		more = append([]dnsname.Name{}, slices.Compact(more)...)
		k.open.add(newOpen(k.pass, k.held, k.pass.makeOnly(k.held, k.pass.Ports, Options{}, more), k.bound, more))
		for _, n := range more {
			k.open.covers[n] = true
		}
	}
	return k.open
}

// wholeLocked plans all names.
func (k *Keeper) wholeLocked() *open {
	o := newOpen(k.pass, k.held, k.pass.make(k.held, k.pass.Ports, Options{}), nil, nil)
	o.version = k.version
	k.open, k.bound = o, o.bound
	return o
}

// add takes in what is left to be done at other names.
func (o *open) add(more *open) {
	if o.plan == nil {
		o.plan, o.zones, o.later, o.ruled = more.plan, more.zones, more.later, more.ruled
		return
	}
	o.plan.Changes = append(o.plan.Changes, more.plan.Changes...)
	maps.Copy(o.plan.Refused, more.plan.Refused)
	maps.Copy(o.later, more.later)
	maps.Copy(o.ruled, more.ruled)
	for zone, byName := range more.zones {
		if o.zones[zone] == nil {
			o.zones[zone] = byName
		} else {
			maps.Copy(o.zones[zone], byName)
		}
	}
}

// newOpen takes out of a plan for an estate what an event may do, of some names or of
// all (nil). Names that are bound are left to a sweep.
func newOpen(p *Pass, e estate.Estate, made *plan.Plan, bound map[dnsname.Name]bool, only []dnsname.Name) *open {
	in := p.input(e, p.Ports, Options{})
	in.Only = only
	barred := recipe.LatticeBarred(in, made.Diagnostics)
	o := &open{plan: made, zones: map[string]map[dnsname.Name][]plan.Change{}, later: map[dnsname.Name]bool{}, bound: map[dnsname.Name]bool{}, ruled: map[dnsname.Name]diag.Diagnostic{}}
	apart, mine := map[string]bool{}, map[string]bool{}
	for _, c := range made.Changes {
		zone, name, ok := eventfulAt(made, c)
		why, ruled := p.ruledOut(c)
		mine[c.Address] = ok && !barred(zone, name) && !ruled
		if ruled && !name.IsZero() {
			o.ruled[name] = why
		}
		apart[c.Address] = !mine[c.Address] || bound[name]
	}
	spread(made, apart)
	for _, c := range made.Changes {
		zone, name, _ := eventfulAt(made, c)
		if name.IsZero() {
			continue
		}
		if apart[c.Address] {
			o.later[name] = true
			o.bound[name] = o.bound[name] || mine[c.Address]
			continue
		}
		if o.zones[zone] == nil {
			o.zones[zone] = map[dnsname.Name][]plan.Change{}
		}
		o.zones[zone][name] = append(o.zones[zone][name], c)
	}
	return o
}

// spread sets apart, by address, what goes with changes that are: what needs them, what
// they need, such as the deletion of aliases before their reservation goes, and the
// other changes of their names, which are one batch.
func spread(p *plan.Plan, apart map[string]bool) {
	units := make([]string, len(p.Changes))
	for i, c := range p.Changes {
		if r := c.Item().Record; r != nil && r.Entry == "" {
			name, _ := r.Name.Literal()
			units[i] = "at " + standing(p, r.Zone) + " " + name
		}
	}
	for more := true; more; {
		more = false
		set := func(key string) {
			more = more || !apart[key]
			apart[key] = true
		}
		for i, c := range p.Changes {
			if units[i] != "" && apart[units[i]] || slices.ContainsFunc(c.Needs, func(d plan.Dependency) bool { return apart[d.Address] }) {
				set(c.Address)
			}
			if !apart[c.Address] {
				continue
			}
			for _, d := range c.Needs {
				set(d.Address)
			}
			if units[i] != "" {
				set(units[i])
			}
		}
	}
}

// eventfulAt is where a change is that an event may bring about: of an alias
// record to a VPC Lattice service, ours by a reservation, in a zone that stands. The
// name is given also where it is such a record, but has to wait.
func eventfulAt(p *plan.Plan, c plan.Change) (zone string, name dnsname.Name, ok bool) {
	r := c.Item().Record
	if r == nil || r.Entry != "" || !r.Unclaimed || r.Alias == nil {
		return "", name, false
	}
	text, literal := r.Name.Literal()
	if _, _, lattice := estate.LatticeID(r.Alias.Name); !lattice || !literal {
		return "", name, false
	}
	name, err := dnsname.Parse(text)
	id := standing(p, r.Zone)
	return id, name, err == nil && id != "" && c.NotBefore.IsZero() && len(c.Delays) == 0
}

// standing is the ID of a zone that stands, empty for one that is still to be
// made.
func standing(p *plan.Plan, zone plan.Value) string {
	id, err := zone.Resolve(p.Made, func(ref plan.Ref) ([]string, bool) {
		got, ok := p.Known[ref.Address][ref.Attribute]
		return got, ok
	})
	if err != nil || len(id) != 1 {
		return ""
	}
	return id[0]
}

// settledName is a name that has nothing left to be done, or failed, and what was
// done there.
type settledName struct {
	name dnsname.Name
	done []Done
	err  error
}

// attempts is how often a name is tried when somebody else wrote it meanwhile.
const attempts = 4

// settle brings names to what is wanted there, and tells of each in the end,
// zone by zone. When stop is done, calls under way are finished and no more made.
func (k *Keeper) settle(ctx, stop context.Context, names map[dnsname.Name]Ask, sweep bool, tell func([]settledName)) {
	k.mu.Lock()
	o := k.openLocked(slices.Collect(maps.Keys(names))...)
	k.mu.Unlock()
	at := map[string][]dnsname.Name{}
	var idle []settledName
	for n := range names {
		open := false
		for zone, byName := range o.zones {
			if len(byName[n]) > 0 {
				at[zone], open = append(at[zone], n), true
			}
		}
		if !open {
			idle = append(idle, settledName{name: n})
		}
	}
	slices.SortFunc(idle, func(a, b settledName) int { return a.name.Compare(b.name) })
	tell(idle)
	// A name may lie in several zones, a private and a public one: it is told
	// when all of them are done.
	gather := &gathering{left: map[dnsname.Name]int{}, sum: map[dnsname.Name]settledName{}, tell: tell}
	for _, list := range at {
		for _, n := range list {
			gather.left[n]++
		}
	}
	zones := sortedKeys(at)
	sideBySide(k.clock, len(zones), max(1, len(zones)), func(i int) {
		list := at[zones[i]]
		slices.SortFunc(list, dnsname.Name.Compare)
		l := &listener{sweep: sweep, asks: names, waits: len(list), done: map[dnsname.Name][]Done{}}
		for _, n := range list {
			l.done[n] = nil
		}
		k.settleZone(ctx, stop, zones[i], list, l, gather.add)
	})
}

// settleZone brings names of one zone to what is wanted there.
func (k *Keeper) settleZone(ctx, stop context.Context, zone string, names []dnsname.Name, l *listener, tell func([]settledName)) {
	tries := map[dnsname.Name]int{}
	if err := k.listen(zone, l); err != nil {
		failed := make([]settledName, len(names))
		for i, n := range names {
			failed[i] = settledName{name: n, err: err}
		}
		tell(failed)
		return
	}
	defer k.ignore(zone, l)
	for len(names) > 0 {
		k.mu.Lock()
		for stop.Err() == nil && (k.busy[zone] || k.wanted[zone] > 0) && slices.ContainsFunc(names, k.openAtLocked(zone, names)) {
			k.awaitLocked()
		}
		var ready []settledName
		open := k.openAtLocked(zone, names)
		left := slices.DeleteFunc(slices.Clone(names), func(n dnsname.Name) bool {
			settled := settledName{name: n, done: l.done[n], err: ctx.Err()}
			if settled.err == nil && stop.Err() != nil && open(n) {
				settled.err = errStopped
			}
			if open(n) && settled.err == nil {
				return false
			}
			ready = append(ready, settled)
			return true
		})
		l.waits = len(left)
		var w work
		if len(left) > 0 {
			w = k.takeLocked(zone, left)
			w.sweep = l.sweep
		}
		k.mu.Unlock()
		tell(ready)
		if names = left; len(left) == 0 {
			return
		}
		got := k.do(ctx, w)
		var failed []settledName
		k.mu.Lock()
		names = slices.DeleteFunc(names, func(n dnsname.Name) bool {
			err := got.failed[n]
			if err == nil {
				return false
			}
			if tries[n]++; got.moved[n] && tries[n] < attempts { // plan again, on what stands now
				return false
			}
			failed = append(failed, settledName{n, l.done[n], err})
			return true
		})
		l.waits = len(names)
		k.mu.Unlock()
		tell(failed)
	}
}

// listener hears of the changes that are made at some names of a zone, whoever
// makes them.
type listener struct {
	sweep bool // on behalf of a sweep
	asks  map[dnsname.Name]Ask
	// Guarded by the keeper: what was done, and how many names are not settled.
	done  map[dnsname.Name][]Done
	waits int
}

// crowd is the default of Keeper.Crowd.
const crowd = 10_000

// listen begins to wait for names. An event's had better come again when so many
// wait, and so many of these for this zone, that those of other zones would find no
// room: that is the error.
func (k *Keeper) listen(zone string, l *listener) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	here, all, most := 0, 0, cmp.Or(k.Crowd, crowd)
	for z, list := range k.listeners {
		for _, o := range list {
			if o.sweep {
				continue
			}
			if all += o.waits; z == zone {
				here += o.waits
			}
		}
	}
	if !l.sweep && all >= most && here > most/10 {
		return fmt.Errorf("%d names wait for zone %s already", here, zone)
	}
	k.listeners[zone] = append(k.listeners[zone], l)
	return nil
}

func (k *Keeper) ignore(zone string, l *listener) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.listeners[zone] = slices.DeleteFunc(k.listeners[zone], func(o *listener) bool { return o == l })
}

// openAtLocked gives at which of some names of a zone something is left to be done.
func (k *Keeper) openAtLocked(zone string, names []dnsname.Name) func(dnsname.Name) bool {
	byName := k.openLocked(names...).zones[zone]
	return func(n dnsname.Name) bool { return len(byName[n]) > 0 }
}

// work is a part of what is open in a zone, as much as one batch takes.
type work struct {
	zone  string
	plan  *plan.Plan
	port  apply.Port
	sweep bool // on behalf of a sweep
}

// takeLocked takes a zone, with the changes of names first, and then of other names
// for which somebody waits, as far as the batch has room. What nobody waits for is
// a sweep's, which the limits of the configuration may stop.
func (k *Keeper) takeLocked(zone string, names []dnsname.Name) work {
	var rest []dnsname.Name
	for _, l := range k.listeners[zone] {
		rest = append(rest, slices.Collect(maps.Keys(l.done))...)
	}
	slices.SortFunc(rest, dnsname.Name.Compare)
	rest = rest[:min(len(rest), plan.BatchElements)] // more than a batch holds
	o := k.openLocked(slices.Concat(names, rest)...)
	byName := o.zones[zone]
	taken, elements := map[dnsname.Name]bool{}, 0
	sub := *o.plan
	sub.Changes, sub.Waiting, sub.Diagnostics, sub.Answers = nil, nil, nil, nil
	add := func(n dnsname.Name) bool {
		if taken[n] || elements+2*len(byName[n]) > plan.BatchElements {
			return taken[n]
		}
		taken[n] = true
		for _, c := range byName[n] {
			sub.Changes = append(sub.Changes, c)
			if elements++; c.Action == plan.Update {
				elements++
			}
		}
		return true
	}
	for _, n := range names {
		if len(byName[n]) > 0 && !add(n) {
			break
		}
	}
	for _, n := range rest {
		if len(byName[n]) > 0 && !add(n) {
			break
		}
	}
	order := map[string]int{}
	for i, c := range o.plan.Changes {
		order[c.Address] = i
	}
	slices.SortFunc(sub.Changes, func(a, b plan.Change) int { return order[a.Address] - order[b.Address] })
	k.busy[zone] = true
	if k.ports[zone] == nil { // a session is begun once: what it may do does not hang on the names
		k.ports[zone] = k.pass.Ports.Writer(sub.Permissions())
	}
	return work{zone: zone, plan: &sub, port: k.ports[zone]}
}

// outcome is what came of work, by name.
type outcome struct {
	failed map[dnsname.Name]error
	moved  map[dnsname.Name]bool // what stands there is not what was held
}

// do carries work out, brings it into what is held, and lets the zone go.
func (k *Keeper) do(ctx context.Context, w work) outcome {
	defer k.release(w.zone)
	out := outcome{map[dnsname.Name]error{}, map[dnsname.Name]bool{}}
	errs := map[string]error{}
	res, err := apply.Run(ctx, w.plan, apply.Options{Port: w.port, Clock: k.clock, Progress: func(e apply.Event) {
		if e.Err != nil {
			errs[e.Change.Address] = e.Err
		}
	}})
	var doubtful []plan.RecordID
	var told []Done
	k.mu.Lock()
	for _, c := range w.plan.Changes {
		_, name, _ := eventfulAt(w.plan, c)
		d := Done{At: k.clock.Now(), Sweep: w.sweep, Change: c, Plan: w.plan, Err: err, port: w.port}
		for _, l := range k.listeners[w.zone] {
			if _, listens := l.done[name]; listens && d.Event == "" {
				d.By, d.Event = l.asks[name].By, l.asks[name].Event
			}
		}
		if err == nil {
			switch s := res.States[c.Address]; s {
			case apply.Done, apply.Settled:
				if id := res.Attributes[c.Address]["change"]; len(id) > 0 {
					d.Call = id[0]
				}
				k.writtenLocked(w, c)
			default:
				if d.Err = errs[c.Address]; d.Err == nil {
					d.Err = fmt.Errorf("%s: %s", c.Address, s)
				}
			}
		}
		if told = append(told, d); d.Err != nil {
			out.failed[name] = errors.Join(out.failed[name], d.Err)
			if err == nil && (stale(d.Err) || w.port.Refused(d.Err)) {
				for _, t := range []string{"A", "AAAA", "CNAME"} { // whatever of these stands decides
					doubtful = append(doubtful, plan.RecordID{Name: name, Type: t})
				}
			}
			continue
		}
		for _, l := range k.listeners[w.zone] {
			if have, listens := l.done[name]; listens {
				l.done[name] = append(have, d)
			}
		}
	}
	k.mu.Unlock()
	k.lookAgain(ctx, w, doubtful, out.moved)
	for _, d := range told {
		k.tell(d)
	}
	return out
}

// stale reports whether a change failed since somebody else wrote its records.
func stale(err error) bool {
	var d diag.Diagnostic
	return errors.As(err, &d) && d.Code == "stale"
}

// writtenLocked brings a change that was made into what is held.
func (k *Keeper) writtenLocked(w work, c plan.Change) {
	known := func(v plan.Value) ([]string, error) {
		return v.Resolve(k.clock.Now(), func(ref plan.Ref) ([]string, bool) {
			got, ok := w.plan.Known[ref.Address][ref.Attribute]
			return got, ok
		})
	}
	for _, side := range []struct {
		item *plan.Item
		put  bool
	}{{c.Before, false}, {c.After, true}} {
		if side.item == nil {
			continue
		}
		set, err := side.item.Record.Set(known)
		if err != nil {
			continue // then it could not have been written
		}
		k.recordLocked(set, side.put)
	}
}

func (k *Keeper) recordLocked(set estate.RecordSet, stands bool) {
	if stands {
		k.held.Records.Put(set)
	} else {
		k.held.Records.Delete(set.Key())
	}
	if k.reading > 0 {
		k.tick++
		k.written[set.Key()] = k.tick
	}
	k.version++
}

// lookAgain reads record sets again that are not what was held, and notes the
// names where they differ. To what they lead is looked for again, too.
func (k *Keeper) lookAgain(ctx context.Context, w work, ids []plan.RecordID, moved map[dnsname.Name]bool) {
	if len(ids) == 0 || len(w.plan.Changes) == 0 {
		return
	}
	stand, err := w.port.Records(ctx, w.plan.Changes[0].Account, w.zone, ids)
	if err != nil {
		return // the names stay failed
	}
	found := map[plan.RecordID]estate.RecordSet{}
	for _, s := range stand {
		found[plan.RecordID{Name: s.Name, Type: s.Type, SetID: s.SetID}] = s
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var learnt []estate.RecordSet
	for _, id := range ids {
		have, held := k.held.Records.Get(estate.RecordKey(w.zone, id.Name, id.Type, id.SetID))
		is, stands := found[id]
		if held == stands && (!held || have.Same(is)) {
			continue
		}
		moved[id.Name] = true
		if !stands {
			is = have
		} else {
			learnt = append(learnt, is)
		}
		k.recordLocked(is, stands)
	}
	k.doubtLocked(learnt)
	k.moreLocked(ctx, nil)
}

// gathering tells of names that lie in several zones once all are done.
type gathering struct {
	tell func([]settledName)

	mu   sync.Mutex
	left map[dnsname.Name]int
	sum  map[dnsname.Name]settledName
}

func (g *gathering) add(names []settledName) {
	var ready []settledName
	g.mu.Lock()
	for _, n := range names {
		sum := g.sum[n.name]
		sum.name, sum.done, sum.err = n.name, append(sum.done, n.done...), errors.Join(sum.err, n.err)
		g.sum[n.name] = sum
		if g.left[n.name]--; g.left[n.name] == 0 {
			ready = append(ready, sum)
		}
	}
	g.mu.Unlock()
	if len(ready) > 0 {
		g.tell(ready)
	}
}

// inSyncPoll is how often it is asked whether a change is in effect, and
// inSyncTime for how long.
const (
	inSyncPoll = 5 * time.Second
	inSyncTime = 5 * time.Minute
)

// InSync waits until a change is in effect everywhere, and says when it was seen
// to be.
func (k *Keeper) InSync(ctx context.Context, d Done) (time.Time, error) {
	step := plan.Step{Address: d.Change.Address, Kind: plan.KindRecord, Action: d.Change.Action, Account: d.Change.Account}
	for until := k.clock.Now().Add(inSyncTime); ; {
		if err := k.clock.Sleep(ctx, inSyncPoll); err != nil {
			return time.Time{}, err
		}
		ok, err := d.port.Settled(ctx, step, plan.Attributes{"change": {d.Call}})
		now := k.clock.Now()
		if ok || err != nil {
			return now, err
		}
		if now.After(until) {
			return now, fmt.Errorf("change %s is not in effect after %s", d.Call, inSyncTime)
		}
	}
}
