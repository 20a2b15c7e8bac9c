package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/recipe"
)

// What a Keeper reads between its sweeps. Of two reads of one thing the one that
// began later counts, whichever came back first: an event is told after what it
// tells of. Other processes write the same zones: before a record is touched that
// leads to a service of which nothing is known, services are read after it.

// refreshed is what a read of a service came to: the names that it had and has.
type refreshed struct {
	service Service
	names   []dnsname.Name
	err     error
}

// refresh reads services again into what is held, and hands over what came of it: of
// all at once, or after each moment of those that were read by then.
func (k *Keeper) refresh(ctx context.Context, services []Service, take func([]refreshed)) {
	had, before, by := map[Service][]dnsname.Name{}, map[Service]estate.LatticeService{}, map[Service]int{}
	k.mu.Lock()
	began, inquiries := k.beginLocked(), k.inquiriesLocked(services)
	for _, s := range services {
		had[s] = k.namesLocked(s)
		before[s], _ = k.held.LatticeServices.Get(s.ARN)
	}
	k.mu.Unlock()
	defer k.end()
	for i, q := range inquiries {
		for _, s := range q.of {
			by[s] = i
		}
	}
	got := make([]reply, len(inquiries))
	asTheyCome(ctx, k.clock, len(inquiries), func(i int) { got[i] = k.ask(ctx, inquiries[i]) }, func(done []int) {
		if len(done) == 0 {
			return
		}
		var patches []func(*estate.Estate)
		for _, i := range done {
			patches = append(patches, got[i].patch)
		}
		k.mu.Lock()
		k.moreLocked(ctx, patches)
		for _, i := range done {
			if got[i].err == nil {
				k.patchLocked(inquiries[i].Service, got[i].patch, began)
			}
		}
		k.mu.Unlock()
		var out []refreshed
		for _, s := range services {
			if i := by[s]; slices.Contains(done, i) {
				out = append(out, refreshed{s, had[s], got[i].err})
			}
		}
		k.found(ctx, out, before, take)
	})
}

// found hands over services that were read. Those that are lost come later than the
// others, if it takes long to find what leads to them.
func (k *Keeper) found(ctx context.Context, read []refreshed, before map[Service]estate.LatticeService, take func([]refreshed)) {
	var parts [2][]refreshed // the others, and the lost
	var lost []estate.LatticeService
	k.mu.Lock()
	for _, r := range read {
		if s := r.service; r.err == nil && k.lostLocked(s, before[s]) {
			parts[1] = append(parts[1], r)
			lost = append(lost, estate.LatticeService{ARN: s.ARN, Account: s.Account, Region: s.Region, CustomDomain: before[s].CustomDomain})
		} else {
			parts[0] = append(parts[0], r)
		}
	}
	k.mu.Unlock()
	var errs [2]map[string]error
	asTheyCome(ctx, k.clock, len(parts), func(i int) {
		if i == 1 {
			errs[i] = k.find(ctx, lost)
		}
	}, func(done []int) {
		var out []refreshed
		for _, i := range done {
			k.complete(parts[i], errs[i])
			out = append(out, parts[i]...)
		}
		if len(out) > 0 {
			take(out)
		}
	})
}

// complete adds to services that were read why nothing is known of some, by ARN, and the
// names that each has now.
func (k *Keeper) complete(read []refreshed, errs map[string]error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range read {
		r := &read[i]
		r.err = cmp.Or(r.err, errs[r.service.ARN])
		for _, n := range k.namesLocked(r.service) {
			if !slices.Contains(r.names, n) {
				r.names = append(r.names, n)
			}
		}
		if r.err != nil {
			r.names = nil // nothing is known, and nothing is done
		}
	}
}

// servicesPage is how many services a page of ListServices holds (VPC Lattice
// API, ListServices: maxResults).
const servicesPage = 100

// inquiry is a read, and the services of which it is to tell.
type inquiry struct {
	Service
	of []Service
}

// inquiriesLocked are the reads that tell of services: each alone, or all of an
// account and Region where that takes fewer calls.
func (k *Keeper) inquiriesLocked(services []Service) []inquiry {
	groups := map[Service][]Service{}
	for _, s := range services {
		groups[s.all()] = append(groups[s.all()], s)
	}
	var out []inquiry
	for all, group := range groups {
		known := 0
		for range k.held.LatticeServices.By(estate.ByRegion(all.Account, all.Region)) {
			known++
		}
		if pages := 1 + (known+len(group))/servicesPage; len(group) > pages {
			out = append(out, inquiry{all, group})
			continue
		}
		for _, s := range group {
			out = append(out, inquiry{s, []Service{s}})
		}
	}
	slices.SortFunc(out, func(a, b inquiry) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.ARN, b.ARN))
	})
	return out
}

// ask reads what an inquiry is about. An account of which so many services are being
// read that those of others would find no room had better be asked again.
func (k *Keeper) ask(ctx context.Context, q inquiry) (r reply) {
	k.mu.Lock()
	ports, have := k.pass.Ports, k.asked[q.Account]
	if have > 0 && have+len(q.of) > cmp.Or(k.Crowd, crowd) {
		k.mu.Unlock()
		return reply{err: fmt.Errorf("%d services of account %s are being read already", have, q.Account)}
	}
	k.asked[q.Account] += len(q.of)
	k.mu.Unlock()
	r.patch, r.err = ports.Reader.Read(ctx, q.query())
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked[q.Account] -= len(q.of); k.asked[q.Account] == 0 {
		delete(k.asked, q.Account)
	}
	return r
}

// namesLocked are the custom domain name of a service as it is held, and the names
// that lead to it.
func (k *Keeper) namesLocked(s Service) []dnsname.Name {
	var out []dnsname.Name
	if row, ok := k.held.LatticeServices.Get(s.ARN); ok && !row.CustomDomain.IsZero() {
		out = append(out, row.CustomDomain)
	}
	for _, r := range k.recordsLocked(s) {
		if !slices.Contains(out, r.Name) {
			out = append(out, r.Name)
		}
	}
	return out
}

// recordsLocked are the alias records that lead to a service.
func (k *Keeper) recordsLocked(s Service) []estate.RecordSet {
	return slices.Collect(k.held.Records.By(estate.ByLattice(s.Region, s.ARN[strings.LastIndexByte(s.ARN, '/')+1:])))
}

// moreLocked asks what the recipes need to know once patches are brought in, such
// as the quota of a zone that they fill: nobody plans on the one without the
// other. Lists of services it awaits for a moment: who is not read yet keeps what it
// has. It lets go of the lock while it asks.
func (k *Keeper) moreLocked(ctx context.Context, patches []func(*estate.Estate)) {
	k.reading++
	defer k.endLocked()
	for ctx.Err() == nil {
		e, ports := k.held, k.pass.Ports
		for _, patch := range patches {
			if patch != nil {
				patch(&e)
			}
		}
		var lists, others []estate.Query
		for _, q := range k.pass.needs(ports, Options{})(e) {
			if q.Kind == estate.QueryLatticeServices {
				lists = append(lists, q)
			} else {
				others = append(others, q)
			}
		}
		if len(others) == 0 {
			if !k.listLocked(ctx, lists) {
				return
			}
			continue
		}
		k.tick++
		began := k.tick
		k.mu.Unlock()
		put, _ := answers(ctx, ports, others)
		k.mu.Lock()
		k.learnLocked(ctx, others, put, began)
	}
}

// learnLocked takes over the answers to queries, unless ctx cut them off.
func (k *Keeper) learnLocked(ctx context.Context, list []estate.Query, put func(*estate.Estate), began int) {
	if ctx.Err() != nil {
		return
	}
	e := k.held
	put(&e)
	k.mergeLocked(e, began)
	for _, q := range list {
		switch {
		case !k.held.Answered(q):
		case q.Kind == estate.QueryLatticeServices:
			all := Service{Account: q.Account, Region: q.Region}
			k.readAt[all] = max(k.readAt[all], began)
		case q.Kind == estate.QueryRecords:
			k.doubtLocked(slices.Collect(k.held.Records.Prefix(estate.RecordsOf(q.ID))))
		}
	}
}

// listing is lists of services that are read together.
type listing struct {
	late bool // those that are still under way take longer than a moment
}

// listLocked reads lists of services, each once at a time, whoever wants it. It
// waits for them, but for those that are late; more says that some are there.
func (k *Keeper) listLocked(ctx context.Context, lists []estate.Query) (more bool) {
	var fresh []estate.Query
	l := &listing{}
	for _, q := range lists {
		if k.lists[q] == nil {
			k.lists[q] = l
			fresh = append(fresh, q)
		}
	}
	if len(fresh) > 0 {
		began := k.beginLocked()
		k.clock.Go(func() { k.list(ctx, l, fresh, began) })
	}
	for slices.ContainsFunc(lists, func(q estate.Query) bool { l := k.lists[q]; return l != nil && !l.late }) {
		k.awaitLocked()
	}
	return slices.ContainsFunc(lists, func(q estate.Query) bool { return k.lists[q] == nil })
}

// list reads lists of services for listLocked.
func (k *Keeper) list(ctx context.Context, l *listing, queries []estate.Query, began int) {
	defer k.end()
	k.mu.Lock()
	ports := k.pass.Ports
	k.mu.Unlock()
	got := make([]reply, len(queries))
	asTheyCome(ctx, k.clock, len(queries), func(i int) { got[i] = read(ctx, ports, queries[i]) }, func(done []int) {
		k.mu.Lock()
		defer k.mu.Unlock()
		var there []estate.Query
		for _, i := range done {
			there = append(there, queries[i])
			delete(k.lists, queries[i])
		}
		if len(done) > 0 {
			k.learnLocked(ctx, there, func(e *estate.Estate) {
				for _, i := range done {
					got[i].put(ports, queries[i], e)
				}
			}, began)
		}
		l.late = true
		k.wakeLocked()
	})
}

// listed waits for the lists of services that are under way.
func (k *Keeper) listed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for q, l := range maps.Clone(k.lists) {
		for k.lists[q] == l {
			k.awaitLocked()
		}
	}
}

// doubtLocked takes in that records were read after services were: those to which
// they lead may have come meanwhile, by the hand of another process. Until
// moreLocked has looked for them again, they are not known to be gone.
func (k *Keeper) doubtLocked(records []estate.RecordSet) {
	for _, q := range recipe.LatticeDoubts(k.pass.input(k.held, k.pass.Ports, Options{}), records) {
		k.tick++
		k.doubtAt[Service{Account: q.Account, Region: q.Region}] = k.tick
		k.forgetLocked(q)
	}
}

// forgetLocked lets a query be asked again.
func (k *Keeper) forgetLocked(q estate.Query) {
	k.held.Answers.Delete(estate.Answer{Query: q}.Key())
	k.version++
}

// unaskedLocked reports whether somebody could not be asked whose service may have a
// name, or is not known; who refused is asked again with the next event.
func (k *Keeper) unaskedLocked(n dnsname.Name) bool {
	list, all := recipe.LatticeQueries(k.pass.input(k.held, k.pass.Ports, Options{}), n)
	out := !all
	for _, q := range list {
		a, asked := k.held.Asked(q)
		if out = out || !asked || a.Code != ""; a.Code != "" {
			k.forgetLocked(q)
		}
	}
	return out
}

// lostLocked reports whether a service is gone of which another process may have made
// a record: none is held. before is what was held of it before it was read.
func (k *Keeper) lostLocked(s Service, before estate.LatticeService) bool {
	row, stands := k.held.LatticeServices.Get(s.ARN)
	nameless := before.ARN != "" && before.CustomDomain.IsZero() // a name never changes
	return s.ARN != "" && (!stands || row.Gone()) && !nameless && len(k.recordsLocked(s)) == 0
}

const (
	// recordsPage is how many record sets a page holds (API_ListResourceRecordSets,
	// maxitems).
	recordsPage = 300
	// searchRest is how long the zones of an account are left in peace after a page of
	// their records was read for events: Route 53 answers ten requests a second of an
	// account, to everybody there.
	searchRest = 2 * time.Second
)

// find sees to it that the records are known that may lead to services that are lost,
// and says of which that is not so yet: those of an account's zones are read now and
// then only, however many events ask for it, and each read serves all who asked before
// it.
func (k *Keeper) find(ctx context.Context, lost []estate.LatticeService) map[string]error {
	if len(lost) == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.gone)+len(lost) > crowd { // no sweep was made for long
		clear(k.gone)
	}
	of := map[estate.AccountID][]estate.LatticeService{}
	for _, s := range lost {
		if _, known := k.gone[s.ARN]; !known {
			k.gone[s.ARN] = k.tick
		}
		of[s.Account] = append(of[s.Account], s)
	}
	zones, unread := map[estate.AccountID][]estate.Query{}, map[estate.Query]bool{}
	for account, list := range of {
		zones[account] = recipe.LatticeZones(k.pass.input(k.held, k.pass.Ports, Options{}), list)
		for _, q := range zones[account] {
			unread[q] = unread[q] || slices.ContainsFunc(list, func(s estate.LatticeService) bool { return k.searched[q.ID] <= k.gone[s.ARN] })
		}
	}
	failed := k.searchLocked(ctx, unread)
	k.moreLocked(ctx, nil)
	out := map[string]error{}
	for _, s := range lost {
		for _, q := range zones[s.Account] {
			if k.searched[q.ID] <= k.gone[s.ARN] {
				out[s.ARN] = cmp.Or(failed[q], ctx.Err(), fmt.Errorf("it is not known yet whether a record of zone %s leads to %s: they are read for events again at %s",
					q.ID, s.ARN, k.searchAt[q.Account].UTC().Format(time.TimeOnly)))
			}
		}
	}
	return out
}

// searchLocked reads all records of zones, of accounts that were left in peace for long
// enough, and says which could not be read. It lets go of the lock meanwhile.
func (k *Keeper) searchLocked(ctx context.Context, zones map[estate.Query]bool) map[estate.Query]error {
	var list []estate.Query
	now, until := k.clock.Now(), map[estate.AccountID]time.Time{}
	for q, wanted := range zones {
		if !wanted || now.Before(k.searchAt[q.Account]) {
			continue
		}
		list = append(list, q)
		pages := 1
		for range k.held.Records.Prefix(estate.RecordsOf(q.ID)) {
			pages++
		}
		pages = (pages + recordsPage - 1) / recordsPage
		if until[q.Account].IsZero() {
			until[q.Account] = now
		}
		until[q.Account] = until[q.Account].Add(time.Duration(pages) * searchRest)
	}
	maps.Copy(k.searchAt, until)
	slices.SortFunc(list, func(a, b estate.Query) int { return cmp.Compare(a.ID, b.ID) })
	began, ports, got := k.beginLocked(), k.pass.Ports, make([]reply, len(list))
	defer k.endLocked()
	k.mu.Unlock()
	sideBySide(k.clock, len(list), inFlight, func(i int) { got[i] = read(ctx, ports, list[i]) })
	k.mu.Lock()
	failed := map[estate.Query]error{}
	for i, q := range list {
		if failed[q] = got[i].err; got[i].err == nil {
			e := k.held
			got[i].patch(&e)
			k.mergeLocked(e, began)
			k.doubtLocked(slices.Collect(k.held.Records.Prefix(estate.RecordsOf(q.ID))))
			k.searched[q.ID] = began
		}
	}
	return failed
}

// beginLocked numbers a read.
func (k *Keeper) beginLocked() int {
	k.tick++
	k.reading++
	return k.tick
}

func (k *Keeper) end() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.endLocked()
}

func (k *Keeper) endLocked() {
	if k.reading--; k.reading == 0 {
		clear(k.readAt)
		clear(k.written)
		clear(k.doubtAt)
	}
}

// patchLocked brings the answer about a service, or about all of an account and
// Region, into what is held.
func (k *Keeper) patchLocked(s Service, patch func(*estate.Estate), began int) {
	all := s.all()
	if k.readAt[all] > began || k.readAt[s] > began {
		return
	}
	before := k.held
	patch(&k.held)
	k.readAt[s] = began
	if s == all {
		if k.doubtAt[all] < began {
			k.held.Answers.Put(estate.Answer{Query: s.query()})
		}
		for one, at := range k.readAt { // a list has services of others, too
			if one.ARN != "" && at > began {
				keepService(&k.held, before, one.ARN)
			}
		}
	}
	if !sameServices(before, k.held, s) { // else what was planned holds
		k.version++
	}
}

// sameServices reports whether two estates know the same of a service, or of all of
// an account and Region.
func sameServices(a, b estate.Estate, s Service) bool {
	rows := func(e estate.Estate) []estate.LatticeService {
		if s.ARN == "" {
			return slices.Collect(e.LatticeServices.By(estate.ByRegion(s.Account, s.Region)))
		}
		row, _ := e.LatticeServices.Get(s.ARN)
		return []estate.LatticeService{row}
	}
	q := s.all().query()
	return a.Answered(q) == b.Answered(q) && slices.EqualFunc(rows(a), rows(b), estate.LatticeService.Same)
}

// keepService takes a service over as another estate has it.
func keepService(e *estate.Estate, from estate.Estate, arn string) {
	if row, ok := from.LatticeServices.Get(arn); ok {
		e.LatticeServices.Put(row)
	} else {
		e.LatticeServices.Delete(arn)
	}
}

// mergeLocked takes an estate over that was read since began: what was read, written
// or learnt later counts.
func (k *Keeper) mergeLocked(e estate.Estate, began int) {
	for s, at := range k.readAt {
		switch {
		case at <= began:
		case s.ARN != "":
			keepService(&e, k.held, s.ARN)
		default:
			for row := range e.LatticeServices.By(estate.ByRegion(s.Account, s.Region)) {
				keepService(&e, k.held, row.ARN)
			}
			e.LatticeServices.Put(slices.Collect(k.held.LatticeServices.By(estate.ByRegion(s.Account, s.Region)))...)
		}
	}
	for s, at := range k.doubtAt {
		if at <= began {
			continue
		}
		if a, asked := k.held.Asked(s.query()); asked {
			e.Answers.Put(a)
		} else {
			e.Answers.Delete(estate.Answer{Query: s.query()}.Key())
		}
	}
	for zone, at := range k.searched {
		if at <= began {
			continue
		}
		for set := range e.Records.Prefix(estate.RecordsOf(zone)) {
			e.Records.Delete(set.Key())
		}
		e.Records.Put(slices.Collect(k.held.Records.Prefix(estate.RecordsOf(zone)))...)
	}
	for key, at := range k.written {
		if at <= began {
			continue
		}
		if set, ok := k.held.Records.Get(key); ok {
			e.Records.Put(set)
		} else {
			e.Records.Delete(key)
		}
	}
	k.held, k.granted = e, nil
	k.version++
}
