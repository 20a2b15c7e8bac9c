package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Keeper keeps an organization as its configuration says, from one sweep to the
// next: between them it holds what was observed, so that an event costs the
// reads and the changes of what it names. [Keeper.Sweep] is a whole pass;
// [Keeper.Follow] reads some services again, plans on what is held, and changes
// their records, each zone by one worker at a time.
//
// What an event may change is only record sets of VPC Lattice services under a
// reservation. Those are not rehearsed: each is a compare-and-swap that Route 53
// judges, in a zone whose plan the last sweep rehearsed
// (docs/decisions/0021-held-estate.md).
//
// Methods may be called concurrently, by workers of the clock and by nobody else;
// one Sweep at a time.
type Keeper struct {
	clock clock.Clock
	// Told hears of every change that was made or failed, from several workers.
	// Optional; set it before the first call.
	Told func(Done)

	mu      sync.Mutex
	pass    *Pass
	held    estate.Estate
	version int   // grows with what is held, and with the configuration
	open    *open // of version
	ports   map[string]apply.Port
	busy    map[string]bool // zones, by ID, in which somebody writes
	wanted  map[string]int  // zones that a sweep waits for
	waiting []*clock.Mailbox[struct{}]
	// listeners are who waits for names, by zone.
	listeners map[string][]*listener

	tick     int             // numbers the reads
	reading  int             // reads under way, a sweep included
	readAt   map[Service]int // of the last read that counts, while reads are under way
	sweeping bool
	written  map[string]bool // keys of record sets written or read again since the sweep began
}

// NewKeeper makes one that holds nothing: Sweep comes first.
func NewKeeper(p *Pass) *Keeper {
	p = byWorkers(p)
	return &Keeper{
		clock: p.Ports.Clock, pass: p, ports: map[string]apply.Port{}, busy: map[string]bool{}, wanted: map[string]int{}, listeners: map[string][]*listener{},
		readAt: map[Service]int{}, written: map[string]bool{},
	}
}

// SetPass gives another configuration. Sweep comes next.
func (k *Keeper) SetPass(p *Pass) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pass, k.ports = byWorkers(p), map[string]apply.Port{}
	k.version++
}

// byWorkers is a pass whose methods are called by workers of its clock.
func byWorkers(p *Pass) *Pass {
	out := *p
	out.Ports.Clock = clock.Inside(p.Ports.Clock)
	return &out
}

// Service names a VPC Lattice service, or without an ARN all of an account in a
// Region.
type Service struct {
	Account estate.AccountID
	Region  estate.Region
	ARN     string
}

func (s Service) query() estate.Query {
	q := estate.Query{Kind: estate.QueryLatticeServices, Account: s.Account, Region: s.Region, ID: s.ARN}
	if s.ARN != "" {
		q.Kind = estate.QueryLatticeService
	}
	return q
}

func (s Service) all() Service { return Service{Account: s.Account, Region: s.Region} }

// Done is a change of a plan that was made, or failed.
type Done struct {
	At     time.Time
	Sweep  bool // a sweep made it, not an event
	Change plan.Change
	Plan   *plan.Plan // of which it is
	// Call is Route 53's ID of the change, where an event may bring it about.
	Call string
	Err  error

	port apply.Port
}

// Followed is what came of following a service.
type Followed struct {
	Service Service
	Name    dnsname.Name // its custom domain name, if it stands and has one
	Serves  bool         // a record leads from there to it
	Changes []Done       // what was changed at its names meanwhile
	// Problem is why it does not get its name.
	Problem *diag.Diagnostic
	// Err says that it could not be read, or its records not be changed: it is to
	// be followed again.
	Err error
}

// Concerned reports whether the services of an account in a Region are looked
// at: whether any name is granted to it.
func (k *Keeper) Concerned(account estate.AccountID, region estate.Region) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, asked := k.held.Asked(Service{Account: account, Region: region}.query())
	return asked
}

// Follow reads services again and changes records as they now say. It tells of
// each service once, as soon as its records stand, from several workers; of
// those whose records already do at once. It returns when all are told.
func (k *Keeper) Follow(ctx context.Context, services []Service, tell func([]Followed)) {
	read := k.refresh(ctx, services)
	f := &following{keeper: k, ctx: ctx, tell: tell, left: map[Service]int{}, of: map[dnsname.Name][]Service{}, out: map[Service]*Followed{}}
	names := map[dnsname.Name]bool{}
	for _, s := range services {
		f.out[s] = &Followed{Service: s, Err: read[s].err}
		f.left[s] = len(read[s].names)
		for _, n := range read[s].names {
			f.of[n] = append(f.of[n], s)
			names[n] = true
		}
	}
	var at []Service
	for _, s := range services {
		if f.left[s] == 0 {
			at = append(at, s)
		}
	}
	f.told(at)
	k.settle(ctx, ctx, names, false, f.settled)
}

// following collects what is known of the services of one Follow.
type following struct {
	keeper *Keeper
	ctx    context.Context
	tell   func([]Followed)

	mu   sync.Mutex
	left map[Service]int // names that are not settled
	of   map[dnsname.Name][]Service
	out  map[Service]*Followed
}

// settled takes names that are as they should be, or failed.
func (f *following) settled(names []settledName) {
	f.mu.Lock()
	var ready []Service
	for _, n := range names {
		for _, s := range f.of[n.name] {
			o := f.out[s]
			o.Changes = append(o.Changes, n.done...)
			o.Err = cmp.Or(o.Err, n.err)
			if f.left[s]--; f.left[s] == 0 {
				ready = append(ready, s)
			}
		}
	}
	f.mu.Unlock()
	f.told(ready)
}

func (f *following) told(services []Service) {
	if len(services) == 0 {
		return
	}
	list := make([]Followed, len(services))
	for i, s := range services {
		list[i] = *f.out[s]
		f.keeper.judge(&list[i])
	}
	f.tell(list)
}

// judge says whether a service has its name now.
func (k *Keeper) judge(f *Followed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, stands := k.held.LatticeServices.Get(f.Service.ARN)
	if !stands || s.CustomDomain.IsZero() || s.Gone() {
		return
	}
	if s.DNS.Name.IsZero() {
		f.Err = cmp.Or(f.Err, fmt.Errorf("service %s of account %s has no DNS entry yet", s.ID, s.Account))
		return
	}
	f.Name = s.CustomDomain
	for r := range k.held.Records.By(estate.ByTarget(s.DNS.Name)) {
		f.Serves = f.Serves || r.Name == s.CustomDomain
	}
	if f.Serves || f.Err != nil {
		return
	}
	o := k.openLocked()
	switch why, refused := o.plan.Refused[s.ARN]; {
	case refused && (why.Severity == diag.Error || why.Code == "unread"): // it is not known whether it may
		f.Err = why
	case refused:
		f.Problem = &why
	case o.has(f.Name):
		f.Err = fmt.Errorf("the records of %s are still to be made", f.Name)
	default:
		f.Problem = &diag.Diagnostic{Severity: diag.Warning, Code: "no-zone", Account: string(s.Account), Region: string(s.Region),
			Summary: fmt.Sprintf("%s, which service %s of account %s wants, lies in no zone of latticeDomains", f.Name, s.ID, s.Account)}
	}
}

// refreshed is what a read of a service came to: the names that it had and has.
type refreshed struct {
	names []dnsname.Name
	err   error
}

// refresh reads services again into what is held.
func (k *Keeper) refresh(ctx context.Context, services []Service) map[Service]refreshed {
	out := map[Service]refreshed{}
	k.mu.Lock()
	queries := k.queriesLocked(services)
	began, ports := k.beginLocked(), k.pass.Ports
	for _, s := range services {
		out[s] = refreshed{names: k.namesLocked(s)}
	}
	k.mu.Unlock()
	defer k.end()

	patches, errs := make([]func(*estate.Estate), len(queries)), map[Service]error{}
	failed := make([]error, len(queries))
	sideBySide(k.clock, len(queries), inFlight, func(i int) { patches[i], failed[i] = ports.Reader.Read(ctx, queries[i].query()) })

	k.mu.Lock()
	defer k.mu.Unlock()
	k.moreLocked(ctx, patches)
	for i, q := range queries {
		if errs[q] = failed[i]; failed[i] == nil {
			k.patchLocked(q, patches[i], began)
		}
	}
	for _, s := range services {
		r := out[s]
		for _, n := range k.namesLocked(s) {
			if !slices.Contains(r.names, n) {
				r.names = append(r.names, n)
			}
		}
		if r.err = cmp.Or(errs[s], errs[s.all()]); r.err != nil {
			r.names = nil // nothing is known, and nothing is done
		}
		out[s] = r
	}
	return out
}

// moreLocked asks what the recipes need to know once patches are brought in, such
// as the quota of a zone that they fill: nobody plans on the one without the
// other. It lets go of the lock while it asks.
func (k *Keeper) moreLocked(ctx context.Context, patches []func(*estate.Estate)) {
	for ctx.Err() == nil {
		e, ports := k.held, k.pass.Ports
		for _, patch := range patches {
			if patch != nil {
				patch(&e)
			}
		}
		list := k.pass.needs(ports, Options{})(e)
		if len(list) == 0 {
			return
		}
		k.mu.Unlock()
		put := answers(ctx, ports, list)
		k.mu.Lock()
		if ctx.Err() == nil {
			put(&k.held)
			k.version++
		}
	}
}

// servicesPage is how many services a page of ListServices holds (VPC Lattice
// API, ListServices: maxResults).
const servicesPage = 100

// queriesLocked are the reads that tell of services: each alone, or all of an
// account and Region where that takes fewer calls.
func (k *Keeper) queriesLocked(services []Service) []Service {
	groups := map[Service][]Service{}
	for _, s := range services {
		groups[s.all()] = append(groups[s.all()], s)
	}
	var out []Service
	for all, group := range groups {
		known := 0
		for range k.held.LatticeServices.By(estate.ByRegion(all.Account, all.Region)) {
			known++
		}
		if pages := 1 + (known+len(group))/servicesPage; len(group) > pages {
			out = append(out, all)
		} else {
			out = append(out, group...)
		}
	}
	slices.SortFunc(out, compareServices)
	return slices.Compact(out)
}

func compareServices(a, b Service) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.ARN, b.ARN))
}

// namesLocked is the custom domain name of a service as it is held.
func (k *Keeper) namesLocked(s Service) []dnsname.Name {
	if row, ok := k.held.LatticeServices.Get(s.ARN); ok && !row.CustomDomain.IsZero() {
		return []dnsname.Name{row.CustomDomain}
	}
	return nil
}

// beginLocked numbers a read. Of two reads of one thing the one that began later
// counts: an event is told after what it tells of.
func (k *Keeper) beginLocked() int {
	k.tick++
	k.reading++
	return k.tick
}

func (k *Keeper) end() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.reading--; k.reading == 0 {
		clear(k.readAt)
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
		k.held.Answers.Put(estate.Answer{Query: s.query()})
		for one, at := range k.readAt {
			if one.all() == all && one.ARN != "" && at > began {
				keepService(&k.held, before, one.ARN)
			}
		}
	}
	k.version++
}

// keepService takes a service over as another estate has it.
func keepService(e *estate.Estate, from estate.Estate, arn string) {
	if row, ok := from.LatticeServices.Get(arn); ok {
		e.LatticeServices.Put(row)
	} else {
		e.LatticeServices.Delete(arn)
	}
}

// mergeLocked takes an estate over that was read since began: what was read or
// written later counts.
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
	for key := range k.written {
		if set, ok := k.held.Records.Get(key); ok {
			e.Records.Put(set)
		} else {
			e.Records.Delete(key)
		}
	}
	clear(k.written)
	k.held = e
	k.version++
}

// acquire waits until nobody writes in any of the zones, and takes them.
func (k *Keeper) acquire(zones []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, z := range zones {
		k.wanted[z]++
	}
	for slices.ContainsFunc(zones, func(z string) bool { return k.busy[z] }) {
		k.awaitLocked()
	}
	for _, z := range zones {
		if k.wanted[z]--; k.wanted[z] == 0 {
			delete(k.wanted, z)
		}
		k.busy[z] = true
	}
}

// awaitLocked waits until a zone is let go.
func (k *Keeper) awaitLocked() {
	box := clock.NewMailbox[struct{}](k.clock)
	k.waiting = append(k.waiting, box)
	k.mu.Unlock()
	box.Receive()
	k.mu.Lock()
}

func (k *Keeper) release(zones ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, z := range zones {
		delete(k.busy, z)
	}
	waiting := k.waiting
	k.waiting = nil
	for _, box := range waiting {
		box.Send(struct{}{})
	}
}

func (k *Keeper) tell(d Done) {
	if k.Told != nil {
		k.Told(d)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
