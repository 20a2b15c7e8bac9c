package apply

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Records of one zone are written by one worker at a time, in as few batches
// as Route 53's limits allow. A unit is what must not be split: everything at
// one name. DELETE stands before CREATE, alias targets before aliases
// (settled point 7).

const (
	maxElements   = plan.BatchElements
	maxCharacters = plan.BatchCharacters
)

// zoneQueue gathers the ready record changes of a zone.
type zoneQueue struct {
	id       string
	ready    []*node
	members  []*node // every record change of this zone in the plan
	writing  bool    // its worker is under way
	lingered bool
	unlinger context.CancelFunc
	ledger   plan.Ledger
}

// enqueue puts a ready record change into the queue of its zone.
func (r *run) enqueue(n *node) {
	id, err := r.resolve(n.Item().Record.Zone)
	if err != nil {
		r.fail(n, err)
		return
	}
	q := r.queue(id[0], n)
	q.ready = append(q.ready, n)
	if q.unlinger == nil && !q.writing {
		ctx, cancel := context.WithCancel(r.waits)
		q.unlinger, q.lingered = cancel, false
		r.work(func() func() {
			err := r.o.Clock.Sleep(ctx, linger)
			return func() { q.lingered = q.lingered || err == nil }
		})
	}
}

func (r *run) queue(id string, first *node) *zoneQueue {
	if q := r.zones[id]; q != nil {
		return q
	}
	rec := first.Item().Record
	q := &zoneQueue{id: id, ledger: plan.Ledger{ZoneName: rec.ZoneName, Account: first.Account, Owner: r.plan.Owner}}
	for _, l := range r.ledgers {
		if got, err := r.resolve(l.Zone); err == nil && got[0] == id {
			q.ledger = l
		}
	}
	for _, n := range r.order {
		if m := n.Item().Record; m != nil && m.ZoneName == rec.ZoneName {
			if got, err := r.resolve(m.Zone); err == nil && got[0] == id {
				q.members = append(q.members, n)
			}
		}
	}
	r.zones[id] = q
	return q
}

// flush starts the worker of every zone that has ready changes and nothing
// about to become ready that could share the batch.
func (r *run) flush() {
	for _, id := range slices.Sorted(maps.Keys(r.zones)) {
		q := r.zones[id]
		if r.busy[id] || len(q.ready) == 0 || r.stopped && q.drop() || !q.lingered && slices.ContainsFunc(q.members, r.soon) {
			continue
		}
		q.unlinger()
		q.unlinger, q.writing, r.busy[id] = nil, true, true
		batch := q.ready
		q.ready = nil
		slices.SortFunc(batch, func(a, b *node) int { return cmp.Compare(a.index, b.index) })
		w := &zoneWorker{run: r, ctx: r.ctx, zone: q.id, ledger: q.ledger, account: batch[0].Account}
		var units []unit
		at := map[unitKey]int{}
		for _, n := range batch {
			c, err := r.recordChange(n)
			if err != nil {
				r.fail(n, err)
				continue
			}
			r.set(n, Running, nil)
			units = c.join(units, at)
		}
		r.work(func() func() {
			w.write(units)
			return func() {
				delete(r.busy, id)
				q.writing = false
				q.ledger = w.ledger
				if len(q.ready) > 0 {
					q.lingered, q.unlinger = true, func() {}
				}
				r.freed(id, func() bool { return !r.busy[id] })
			}
		})
	}
}

// drop empties the queue of a run that was stopped.
func (q *zoneQueue) drop() bool {
	q.ready = nil
	if q.unlinger != nil {
		q.unlinger()
		q.unlinger = nil
	}
	return true
}

// soon reports whether a change waits for nothing but calls under way.
func (r *run) soon(n *node) bool {
	if n.state != Pending || n.waitsFor == 0 {
		return false
	}
	for _, d := range n.Needs {
		switch m := r.nodes[d.Address]; {
		case m.state == Settled, m.state == Done && !d.Settled:
		case m.state == Running, m.state == Done && m.settling:
		default:
			return false
		}
	}
	return true
}

// member is one change of a record with everything known.
type member struct {
	node          *node
	before, after *estate.RecordSet
	entry         string // ledger entry, if any
	add, withdraw bool
}

// unit is the members at one name.
type unit struct {
	unitKey
	members []member
}

// unitKey is what the members of a unit have in common.
type unitKey struct {
	name      string
	statement plan.Statement
}

// join puts a member into its unit, whose index at knows.
func (m member) join(units []unit, at map[unitKey]int) []unit {
	rec := m.node.Item().Record
	key := unitKey{rec.Name.String(), rec.Statement}
	for _, s := range []*estate.RecordSet{m.after, m.before} {
		if s != nil {
			key.name = s.Name.String()
		}
	}
	if i, ok := at[key]; ok {
		units[i].members = append(units[i].members, m)
		return units
	}
	at[key] = len(units)
	return append(units, unit{key, []member{m}})
}

// recordChange resolves a change of a record.
func (r *run) recordChange(n *node) (member, error) {
	m := member{node: n}
	rec := n.Item().Record
	if rec.Entry != "" {
		m.entry, m.add, m.withdraw = rec.Entry, n.Action == plan.Claim, n.Action != plan.Claim
		return m, nil
	}
	if n.Before != nil && n.Action != plan.Claim {
		set, err := n.Before.Record.Set(r.resolve)
		if err != nil {
			return m, err
		}
		m.before = &set
	}
	if n.After != nil {
		set, err := n.After.Record.Set(r.resolve)
		if err != nil {
			return m, err
		}
		m.after = &set
		if !rec.Unclaimed {
			m.entry, m.add = plan.Entry(rec.ZoneName, set.Name, set.Type, set.SetID), true
		}
		if n.Action == plan.Claim {
			m.after = nil
		}
	} else if !rec.Unclaimed && m.before != nil {
		m.entry, m.withdraw = plan.Entry(rec.ZoneName, m.before.Name, m.before.Type, m.before.SetID), true
	}
	return m, nil
}

// changes are the record changes of a unit, DELETE first.
func (u unit) changes() []plan.RecordChange {
	var out []plan.RecordChange
	for _, m := range u.members {
		if m.before != nil && u.statement != plan.StatementApex {
			out = append(out, plan.RecordChange{Verb: plan.VerbDelete, Set: *m.before})
		}
	}
	for _, m := range u.members {
		if m.after == nil {
			continue
		}
		verb := plan.VerbCreate
		if u.statement == plan.StatementApex {
			verb = plan.VerbUpsert
		}
		out = append(out, plan.RecordChange{Verb: verb, Set: *m.after})
	}
	return out
}

// size counts elements and characters as Route 53 does.
func size(changes []plan.RecordChange) (elements, characters int) {
	for _, c := range changes {
		e, n := max(1, len(c.Set.Values)), 0
		for _, v := range c.Set.Values {
			n += len(v)
		}
		if c.Verb == plan.VerbUpsert {
			e, n = 2*e, 2*n
		}
		elements, characters = elements+e, characters+n
	}
	return elements, characters
}

// zoneWorker writes the units of one zone, one call at a time.
type zoneWorker struct {
	run     *run
	ctx     context.Context
	zone    string
	account estate.AccountID
	ledger  plan.Ledger
}

// write carries out units: statement by statement, in full batches.
func (w *zoneWorker) write(units []unit) {
	var claimed map[string]bool
	var entries []unit // that change in the ledger alone
	if w.ledger.Apart {
		var err error
		if claimed, err = w.claim(units); err != nil {
			w.fail(units, err)
			return
		}
		for _, u := range units {
			if len(u.changes()) == 0 {
				entries = append(entries, u)
			}
		}
	}
	byStatement := map[plan.Statement][]unit{}
	for _, u := range units {
		if !w.ledger.Apart || len(u.changes()) > 0 {
			byStatement[u.statement] = append(byStatement[u.statement], u)
		}
	}
	var gone []unit
	for _, st := range slices.Sorted(maps.Keys(byStatement)) {
		if w.shares(st) {
			gone = append(gone, w.writeShared(st, byStatement[st])...)
			continue
		}
		for _, batch := range batches(byStatement[st]) {
			gone = append(gone, w.send(st, batch)...)
		}
	}
	if w.ledger.Apart {
		w.withdraw(units, gone, entries, claimed)
	}
}

// shares reports whether the ledger goes into the batches of a statement.
func (w *zoneWorker) shares(st plan.Statement) bool {
	return !w.ledger.Apart && st == plan.StatementRecords
}

// writeShared writes units together with the ledger, which grows and shrinks
// from batch to batch: each takes as many as fit with the sets that it changes.
// What is withdrawn from one set goes together.
func (w *zoneWorker) writeShared(st plan.Statement, units []unit) []unit {
	number := map[string]int{}
	for n, set := range w.ledger.Sets {
		for _, e := range set {
			number[e] = n + 1
		}
	}
	set := func(u unit) int {
		for _, m := range u.members {
			if m.withdraw {
				return number[m.entry]
			}
		}
		return 0
	}
	slices.SortStableFunc(units, func(a, b unit) int { return cmp.Compare(set(a), set(b)) })
	var done []unit
	for len(units) > 0 {
		n := w.fit(units)
		done = append(done, w.send(st, units[:n:n])...)
		units = units[n:]
	}
	return done
}

// fit is how many of the units fit into one batch with the ledger, at least one.
func (w *zoneWorker) fit(units []unit) int {
	most, elements, characters := 0, 0, 0
	for _, u := range units {
		e, c := size(u.changes())
		if elements, characters = elements+e, characters+c; elements > maxElements || characters > maxCharacters {
			break
		}
		most++
	}
	n := sort.Search(most, func(i int) bool { // the first that is too many
		changes, _, _ := w.changes(units[:i+1])
		e, c := size(changes)
		return e > maxElements || c > maxCharacters
	})
	return max(n, 1)
}

// changes are the record changes of units that share a batch with the ledger,
// the ledger that they leave, and the sets of it that change.
func (w *zoneWorker) changes(units []unit) ([]plan.RecordChange, plan.Ledger, []plan.SetChange) {
	var changes []plan.RecordChange
	var add, withdraw []string
	for _, u := range units {
		changes = append(changes, u.changes()...)
		for _, m := range u.members {
			if m.add {
				add = append(add, m.entry)
			}
			if m.withdraw {
				withdraw = append(withdraw, m.entry)
			}
		}
	}
	next, sets := w.ledger.Edit(w.zone, add, withdraw)
	return append(changes, setChanges(sets)...), next, sets
}

// batches cuts units along the limits.
func batches(units []unit) [][]unit {
	var out [][]unit
	var batch []unit
	elements, characters := 0, 0
	for _, u := range units {
		e, c := size(u.changes())
		if len(batch) > 0 && (elements+e > maxElements || characters+c > maxCharacters) {
			out, batch, elements, characters = append(out, batch), nil, 0, 0
		}
		batch, elements, characters = append(batch, u), elements+e, characters+c
	}
	if len(batch) > 0 {
		out = append(out, batch)
	}
	return out
}

// do sends one batch.
func (w *zoneWorker) do(st plan.Statement, changes []plan.RecordChange) (plan.Attributes, error) {
	slices.SortStableFunc(changes, func(a, b plan.RecordChange) int { // DELETE first, aliases last
		rank := func(c plan.RecordChange) int {
			switch {
			case c.Verb == plan.VerbDelete && c.Set.Alias != nil:
				return 0
			case c.Verb == plan.VerbDelete:
				return 1
			case c.Set.Alias == nil:
				return 2
			}
			return 3
		}
		return cmp.Compare(rank(a), rank(b))
	})
	return w.run.o.Port.Do(w.ctx, plan.Step{
		Address: "zone " + w.ledger.ZoneName.String(), Kind: plan.KindRecord, Action: plan.Update, Account: w.account, ID: w.zone,
		Batch: &plan.Batch{Zone: w.zone, ZoneName: w.ledger.ZoneName, Statement: st, Changes: changes},
	})
}

// send writes one batch of units and gives those that are done. A batch that
// is refused for what it holds is judged by the state of its sets, then halved.
func (w *zoneWorker) send(st plan.Statement, units []unit) []unit {
	if len(units) == 0 {
		return nil
	}
	var changes []plan.RecordChange
	next := w.ledger
	var sets []plan.SetChange
	if w.shares(st) {
		changes, next, sets = w.changes(units)
		if e, c := size(changes); e > maxElements || c > maxCharacters {
			if len(units) > 1 {
				return w.halve(st, units)
			}
			return w.alone(units)
		}
	} else {
		for _, u := range units {
			changes = append(changes, u.changes()...)
		}
	}
	if len(changes) == 0 { // a claim that stands already, a withdrawal apart
		w.finish(units, nil)
		return units
	}
	attrs, err := w.do(st, changes)
	switch {
	case err == nil:
		w.ledger = next
		w.finish(units, attrs)
		return units
	case st == plan.StatementGone && len(units) > 1 && w.run.o.Port.Denied(err): // each may be permitted by a statement of its own
		return w.halve(st, units)
	case !w.run.o.Port.Refused(err):
		w.fail(units, err)
		return nil
	}
	done, rest, err2 := w.judge(units, sets)
	switch {
	case err2 != nil:
		w.fail(units, fmt.Errorf("%w; and what stands could not be read: %w", err, err2))
		return nil
	case len(rest) < len(units) || w.reread(sets):
		return append(done, w.send(st, rest)...)
	case len(rest) == 1:
		w.fail(rest, err)
		return nil
	}
	return w.halve(st, rest)
}

// alone writes a unit that fills a batch by itself: its ledger goes in batches of
// its own, claims before it and withdrawals after it, as where it is apart.
func (w *zoneWorker) alone(units []unit) []unit {
	apart := *w
	apart.ledger.Apart = true
	apart.write(units)
	apart.ledger.Apart = false
	w.ledger = apart.ledger
	return nil
}

func (w *zoneWorker) halve(st plan.Statement, units []unit) []unit {
	half := len(units) / 2
	return slices.Concat(w.send(st, units[:half]), w.send(st, units[half:]))
}

// judge reads the sets of a refused batch again: a unit that stands as wanted,
// ledger included, was done by a call whose answer was lost; one that stands
// neither as it was nor as wanted was changed by somebody else.
func (w *zoneWorker) judge(units []unit, sets []plan.SetChange) (done, rest []unit, err error) {
	var ids []plan.RecordID
	for _, u := range units {
		for _, c := range u.changes() {
			ids = append(ids, recordID(c.Set))
		}
	}
	stand, err := w.standing(ids)
	if err != nil {
		return nil, nil, err
	}
	ledger, err := w.ledgerStands(sets)
	if err != nil {
		return nil, nil, err
	}
	for _, u := range units {
		after, stale := true, ""
		for _, m := range u.members {
			key, want := m.key()
			have, ok := stand[key]
			is := func(s *estate.RecordSet) bool { return s == nil && !ok || s != nil && ok && s.Same(have) }
			after = after && is(want)
			if !is(want) && !is(m.before) {
				stale = fmt.Sprintf("%s %s was changed meanwhile: it stands as %s", key.Name, key.Type, describe(have, ok))
			}
		}
		switch {
		case after && ledger:
			w.finish([]unit{u}, nil)
			done = append(done, u)
		case stale != "":
			w.fail([]unit{u}, diag.Diagnostic{Code: "stale", Summary: stale, Hint: "plan again; nothing was overwritten"})
		default:
			rest = append(rest, u)
		}
	}
	if ledger && len(sets) > 0 && len(done) > 0 { // what we wrote is what stands
		w.reread(sets)
	}
	return done, rest, nil
}

// key is the place of a member's record, and what should stand there.
func (m member) key() (plan.RecordID, *estate.RecordSet) {
	switch {
	case m.after != nil:
		return recordID(*m.after), m.after
	case m.before != nil:
		return recordID(*m.before), nil
	}
	return plan.RecordID{}, nil
}

func recordID(s estate.RecordSet) plan.RecordID {
	return plan.RecordID{Name: s.Name, Type: s.Type, SetID: s.SetID}
}

func describe(s estate.RecordSet, ok bool) string {
	switch {
	case !ok:
		return "nothing"
	case s.Alias != nil:
		return "alias " + s.Alias.Name.String()
	}
	return strings.Join(s.Values, " ")
}

func (w *zoneWorker) standing(ids []plan.RecordID) (map[plan.RecordID]estate.RecordSet, error) {
	sets, err := w.run.o.Port.Records(w.ctx, w.account, w.zone, ids)
	out := map[plan.RecordID]estate.RecordSet{}
	for _, s := range sets {
		out[recordID(s)] = s
	}
	return out, err
}

// finish and fail report units to the loop.
func (w *zoneWorker) finish(units []unit, attrs plan.Attributes) {
	w.run.report(units, func(n *node) { w.run.done(n, attrs) })
}

func (w *zoneWorker) fail(units []unit, err error) {
	w.run.report(units, func(n *node) {
		if w.run.tolerate(n, err) {
			w.run.done(n, nil)
			return
		}
		w.run.fail(n, err)
	})
}

func (r *run) report(units []unit, f func(*node)) {
	r.events.Send(func() {
		for _, u := range units {
			for _, m := range u.members {
				m.node.step = plan.Step{Address: m.node.Address, Kind: plan.KindRecord, Action: m.node.Action, Account: m.node.Account}
				f(m.node)
			}
		}
	})
}
