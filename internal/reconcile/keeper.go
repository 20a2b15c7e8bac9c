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
	"github.com/orgdns/orgdns/internal/recipe"
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
	// Crowd is how many names may wait for zones that are written: when as many do,
	// the next ones of a zone for which more than a tenth of that wait are to be
	// followed again. So are services of an account when as many are being read
	// there. 0 is 10,000; set it before the first call.
	Crowd int

	mu      sync.Mutex
	pass    *Pass
	held    estate.Estate
	version int                   // grows with what is held, and with the configuration
	open    *open                 // of version
	bound   map[dnsname.Name]bool // what the last whole plan leaves to a sweep: open.bound
	granted map[Service]bool      // to whom names are granted; of the zero Service, whether to others, too; nil: to be found
	ports   map[string]apply.Port
	busy    map[string]bool // zones, by ID, in which somebody writes
	wanted  map[string]int  // zones that a sweep waits for
	waiting []*clock.Mailbox[struct{}]
	// listeners are who waits for names, by zone.
	listeners map[string][]*listener

	// What is read and written while other reads are under way is numbered, so that
	// of two the later counts; see keepread.go.
	tick     int
	reading  int                            // reads under way, a sweep included
	readAt   map[Service]int                // when the last read began that counts
	written  map[string]int                 // when a record set was written or read alone, by key
	doubtAt  map[Service]int                // when a record was learnt of whose service may be there
	searched map[string]int                 // when the last read of all records of a zone began that an event caused
	searchAt map[estate.AccountID]time.Time // when records of an account's zones may be read for events again
	gone     map[string]int                 // when a service was found to be gone without a record, by ARN; since the last sweep
	// How many services of an account events wait to be read, and the lists of services
	// that are under way for whoever is in doubt.
	asked map[estate.AccountID]int
	lists map[estate.Query]*listing
}

// NewKeeper makes one that holds nothing: Sweep comes first.
func NewKeeper(p *Pass) *Keeper {
	p = byWorkers(p)
	return &Keeper{
		clock: p.Ports.Clock, pass: p, ports: map[string]apply.Port{}, busy: map[string]bool{}, wanted: map[string]int{}, listeners: map[string][]*listener{},
		readAt: map[Service]int{}, written: map[string]int{}, doubtAt: map[Service]int{}, searched: map[string]int{}, searchAt: map[estate.AccountID]time.Time{}, gone: map[string]int{},
		asked: map[estate.AccountID]int{}, lists: map[estate.Query]*listing{},
	}
}

// SetPass gives another configuration. Sweep comes next.
func (k *Keeper) SetPass(p *Pass) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pass, k.ports, k.granted, k.bound = byWorkers(p), map[string]apply.Port{}, nil, nil
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

// Ask is a service to be followed, and who asks for that, for people: whoever sent
// an event, and the event's ID.
type Ask struct {
	Service
	By, Event string
}

// Done is a change of a plan that was made, or failed.
type Done struct {
	At    time.Time
	Sweep bool // a sweep made it, not an event
	// By and Event are of the first Ask that waited for it; empty where none did.
	By, Event string
	Change    plan.Change
	Plan      *plan.Plan // of which it is
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
	Absent  bool         // there is no such service, as far as AWS shows it
	// Problem is why it does not get its name, or one that is gone keeps its records.
	Problem *diag.Diagnostic
	// Err says that it could not be read, or its records not be changed: it is to
	// be followed again.
	Err error
}

// Concerned reports whether the services of an account in a Region are looked at:
// whether the configuration in force grants any name to it, or to somebody of whom
// it is not known yet who that is.
func (k *Keeper) Concerned(account estate.AccountID, region estate.Region) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.granted == nil {
		in := k.pass.input(k.held, k.pass.Ports, Options{})
		k.granted = map[Service]bool{{}: !recipe.GrantsKnown(in)}
		for _, s := range recipe.EventSpokes(in) {
			k.granted[Service{Account: s.Account, Region: s.Region}] = true
		}
	}
	return k.granted[Service{Account: account, Region: region}] || k.granted[Service{}]
}

// Follow reads services again and changes records as they now say. It tells of
// each service once, as soon as its records stand, from several workers; of
// those whose records already do at once, and of none later since another takes long
// to be read. It returns when all are told.
func (k *Keeper) Follow(ctx context.Context, asks []Ask, tell func([]Followed)) {
	defer k.listed()
	by := map[Service]Ask{}
	services := make([]Service, len(asks))
	for i, a := range asks {
		by[a.Service], services[i] = a, a.Service
	}
	k.refresh(ctx, services, func(read []refreshed) {
		f := &following{keeper: k, tell: tell, left: map[Service]int{}, of: map[dnsname.Name][]Service{}, out: map[Service]*Followed{}}
		names := map[dnsname.Name]Ask{}
		var at []Service
		for _, r := range read {
			s := r.service
			f.out[s] = &Followed{Service: s, Err: r.err}
			if f.left[s] = len(r.names); f.left[s] == 0 {
				at = append(at, s)
			}
			for _, n := range r.names {
				if f.of[n] = append(f.of[n], s); len(f.of[n]) == 1 {
					names[n] = by[s]
				}
			}
		}
		f.told(at)
		k.settle(ctx, ctx, names, false, f.settled)
	})
}

// following collects what is known of services that were read together.
type following struct {
	keeper *Keeper
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
	f.Absent = !stands && f.Err == nil
	if !stands || s.CustomDomain.IsZero() || s.Gone() {
		for _, rec := range k.recordsLocked(f.Service) {
			o := k.openLocked(rec.Name)
			why, ruled := o.ruled[rec.Name]
			switch {
			case !stands && k.unaskedLocked(rec.Name):
				f.Err = cmp.Or(f.Err, fmt.Errorf("%s leads to %s, and not everybody could be asked whose that may be", rec.Name, f.Service.ARN))
			case ruled:
				f.Problem = &why
			case o.later[rec.Name]:
				f.Err = cmp.Or(f.Err, fmt.Errorf("%s still leads to %s, and is left to a sweep", rec.Name, f.Service.ARN))
			}
		}
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
	o := k.openLocked(f.Name)
	rule, ruled := o.ruled[f.Name]
	switch why, refused := o.plan.Refused[s.ARN]; {
	case refused && (why.Severity == diag.Error || why.Code == "unread"): // it is not known whether it may
		f.Err = why
		k.unaskedLocked(f.Name)
	case refused:
		f.Problem = &why
	case ruled:
		f.Problem = &rule
	case o.has(f.Name):
		f.Err = fmt.Errorf("the records of %s are still to be made", f.Name)
	default:
		f.Problem = &diag.Diagnostic{Severity: diag.Warning, Code: "no-zone", Account: string(s.Account), Region: string(s.Region),
			Summary: fmt.Sprintf("%s, which service %s of account %s wants, lies in no zone of latticeDomains", f.Name, s.ID, s.Account)}
	}
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

// awaitLocked waits until something is let go, such as a zone.
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
	k.wakeLocked()
}

// wakeLocked wakes all who wait for something to be let go.
func (k *Keeper) wakeLocked() {
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
