package apply

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// The ledger of a zone: where it is written apart, entries go in before the
// records and come out after them.

// claim writes the entries of all units in batches of the ledger alone, and
// gives those that are new.
func (w *zoneWorker) claim(units []unit) (map[string]bool, error) {
	var add []string
	claimed := map[string]bool{}
	for _, u := range units {
		for _, m := range u.members {
			if m.add && !claimed[m.entry] && !w.ledger.Has(m.entry) {
				add, claimed[m.entry] = append(add, m.entry), true
			}
		}
	}
	return claimed, w.editLedger(add, nil)
}

// withdraw takes entries out after the records: of what is gone, of entries
// that change alone, and the new claims of records that did not follow.
func (w *zoneWorker) withdraw(units, done, entries []unit, claimed map[string]bool) {
	var list []string
	for _, u := range slices.Concat(done, entries) {
		for _, m := range u.members {
			if m.withdraw {
				list = append(list, m.entry)
			}
		}
	}
	failed := w.unfollowed(units, done, claimed)
	err := w.editLedger(nil, append(list, failed...))
	if err == nil {
		w.finish(entries, nil)
		return
	}
	w.fail(entries, err)
	if len(list)+len(failed) > 0 && len(entries) == 0 {
		w.run.warn(diag.Diagnostic{
			Severity: diag.Warning, Code: "ledger", Address: "zone " + w.ledger.ZoneName.String(), Account: string(w.account),
			Summary: fmt.Sprintf("the ledger of %s still claims records that are gone", w.ledger.ZoneName),
			Detail:  err.Error(), Hint: "plan again: what stands behind no record is withdrawn",
		})
	}
}

// unfollowed are the new claims of units that failed and whose records do not
// stand as we wanted them: they are somebody else's, or nobody's. Where that
// cannot be read the claim stays, since the record may be ours.
func (w *zoneWorker) unfollowed(units, done []unit, claimed map[string]bool) []string {
	finished := map[*node]bool{}
	for _, u := range done {
		for _, m := range u.members {
			finished[m.node] = true
		}
	}
	var open []member
	var ids []plan.RecordID
	for _, u := range units {
		for _, m := range u.members {
			if m.after != nil && claimed[m.entry] && !finished[m.node] {
				open, ids = append(open, m), append(ids, recordID(*m.after))
			}
		}
	}
	if len(open) == 0 {
		return nil
	}
	stand, err := w.standing(ids)
	if err != nil {
		return nil
	}
	var out []string
	for _, m := range open {
		if have, ok := stand[recordID(*m.after)]; !ok || !have.Same(*m.after) {
			out = append(out, m.entry)
		}
	}
	return out
}

// editLedger writes the ledger alone, in as many batches as its limits ask
// for. A set that is no longer as it was read is read again, once.
func (w *zoneWorker) editLedger(add, withdraw []string) error {
	number := map[string]int{} // so that a batch rewrites few sets
	for n, set := range w.ledger.Sets {
		for _, e := range set {
			number[e] = n
		}
	}
	slices.SortStableFunc(withdraw, func(a, b string) int { return cmp.Compare(number[a], number[b]) })
	for len(add)+len(withdraw) > 0 {
		a, d := add, withdraw
		var err error
		for try := 0; try < 2; try++ {
			next, sets := w.ledger.Edit(w.zone, a, d)
			for e, c := size(setChanges(sets)); (e > maxElements || c > maxCharacters) && len(a)+len(d) > 1; e, c = size(setChanges(sets)) {
				a, d = a[:(len(a)+1)/2], d[:(len(d)+1)/2]
				if len(a) > 0 && len(d) > 0 {
					d = nil
				}
				next, sets = w.ledger.Edit(w.zone, a, d)
			}
			if len(sets) == 0 {
				err = nil
				break
			}
			if _, err = w.do(plan.StatementLedger, setChanges(sets)); err == nil {
				w.ledger = next
				break
			}
			if !w.run.o.Port.Refused(err) || !w.reread(sets) {
				break
			}
		}
		if err != nil {
			return err
		}
		add, withdraw = add[len(a):], withdraw[len(d):]
	}
	return nil
}

func setChanges(sets []plan.SetChange) []plan.RecordChange {
	var deletes, creates []plan.RecordChange
	for _, s := range sets {
		if s.Before != nil {
			deletes = append(deletes, plan.RecordChange{Verb: plan.VerbDelete, Set: *s.Before})
		}
		if s.After != nil {
			creates = append(creates, plan.RecordChange{Verb: plan.VerbCreate, Set: *s.After})
		}
	}
	return append(deletes, creates...)
}

// ledgerStands reports whether ledger sets stand as they should after a batch.
func (w *zoneWorker) ledgerStands(sets []plan.SetChange) (bool, error) {
	stand, err := w.standing(ledgerIDs(sets))
	if err != nil {
		return false, err
	}
	for _, s := range sets {
		have, ok := stand[plan.RecordID{Name: s.Name, Type: "TXT"}]
		if ok != (s.After != nil) || ok && !s.After.Same(have) {
			return false, nil
		}
	}
	return true, nil
}

func ledgerIDs(sets []plan.SetChange) []plan.RecordID {
	var ids []plan.RecordID
	for _, s := range sets {
		ids = append(ids, plan.RecordID{Name: s.Name, Type: "TXT"})
	}
	return ids
}

// reread takes the ledger sets as they stand now, and reports whether that is
// news.
func (w *zoneWorker) reread(sets []plan.SetChange) bool {
	if len(sets) == 0 {
		return false
	}
	stand, err := w.standing(ledgerIDs(sets))
	if err != nil {
		return false
	}
	next, news := w.ledger.Reread(sets, func(s plan.SetChange) (estate.RecordSet, bool) {
		have, ok := stand[plan.RecordID{Name: s.Name, Type: "TXT"}]
		return have, ok
	})
	w.ledger = next
	return news
}
