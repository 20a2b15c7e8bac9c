package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

var start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const (
	owner = "acme"
	// latency is what a call takes, inSync when a change is in effect.
	latency = 200 * time.Millisecond
	inSync  = 40 * time.Second
)

var (
	errRefused = errors.New("InvalidChangeBatch")
	errFinal   = errors.New("AccessDenied")
	errDoubt   = errors.New("given up after 8 tries: InternalFailure")
)

// fault is what befalls a call.
type fault int

const (
	none     fault = iota
	denied         // refused for good, nothing done
	lost           // done, the answer lost; the port repeats and is refused for what stands
	doubtful       // done, the answer lost, and every repetition fails
	failing        // not done, and every repetition fails
)

// route53 is a small Route 53 in memory, behind the port of apply: atomic
// batches, exact DELETE, its limits, changes that take time to be in effect.
type route53 struct {
	t     testing.TB
	clock *clock.Virtual

	mu       sync.Mutex
	zones    map[string]estate.Zone
	records  estate.Table[estate.RecordSet]
	inFlight map[string]int
	done     map[string]time.Time // by address: when Do answered
	log      []string             // of calls, in short
	batches  []*plan.Batch
	faults   func(call int, s plan.Step) fault
	poison   string    // a value that no batch may hold
	before   func(int) // called before a call is carried out
	calls    int
	foreign  map[string]bool // keys of records that somebody else made
	settled  map[string]error
	tags     map[string]string
}

func newRoute53(t testing.TB) *route53 {
	return &route53{
		t: t, clock: clock.NewVirtual(start), zones: map[string]estate.Zone{}, inFlight: map[string]int{}, done: map[string]time.Time{},
		faults: func(int, plan.Step) fault { return none }, before: func(int) {}, foreign: map[string]bool{}, settled: map[string]error{}, tags: map[string]string{},
	}
}

// zone puts a zone in, with a record that is not ours.
func (f *route53) zone(id, name string) estate.Zone {
	z := estate.Zone{ID: id, Account: "1", Name: dnsname.MustParse(name)}
	f.zones[id] = z
	f.stranger(id, estate.RecordSet{Name: z.Name, Type: "NS", TTL: 172800, Values: []string{"ns1.test"}})
	return z
}

// stranger puts in a record that somebody else made.
func (f *route53) stranger(zone string, r estate.RecordSet) {
	r.Zone = zone
	f.records.Put(r)
	f.foreign[r.Key()] = true
}

func (f *route53) estate() estate.Estate {
	e := estate.Estate{Records: f.records}
	for _, id := range slices.Sorted(maps.Keys(f.zones)) {
		z := f.zones[id]
		e.Zones.Put(z)
		e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZones, Account: z.Account}},
			estate.Answer{Query: estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: id}})
	}
	return e
}

func (f *route53) Do(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	f.mu.Lock()
	call := f.calls
	f.calls++
	if s.Batch != nil {
		if f.inFlight[s.Batch.Zone]++; f.inFlight[s.Batch.Zone] > 1 {
			f.t.Errorf("%d calls under way in zone %s", f.inFlight[s.Batch.Zone], s.Batch.Zone)
		}
	}
	f.mu.Unlock()
	if err := f.clock.Sleep(ctx, latency); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.Batch != nil {
		f.inFlight[s.Batch.Zone]--
		f.batches = append(f.batches, s.Batch)
	}
	f.before(call)
	what := f.faults(call, s)
	if what == denied || what == failing {
		f.log = append(f.log, fmt.Sprintf("%s %s: failed", s.Action, s.Address))
		return nil, map[fault]error{denied: errFinal, failing: errDoubt}[what]
	}
	attrs := plan.Attributes{"change": {fmt.Sprintf("C%d", call)}}
	var err error
	if s.Batch != nil {
		err = f.change(s.Batch)
	} else {
		switch s.Kind {
		case plan.KindZone:
			attrs["id"], attrs["nameServers"] = []string{"Z-" + s.Zone.Name.String()}, []string{"ns1.test", "ns2.test"}
			f.zones[attrs["id"][0]] = estate.Zone{ID: attrs["id"][0], Account: s.Account, Name: s.Zone.Name}
		case plan.KindZoneTags:
			maps.Copy(f.tags, s.Tags.Set)
		}
	}
	f.log = append(f.log, fmt.Sprintf("%s %s%s", s.Action, s.Address, map[bool]string{true: ": refused"}[err != nil]))
	if err == nil && what == lost && s.Batch != nil {
		return nil, errRefused
	}
	if err == nil && what == doubtful {
		return nil, errDoubt
	}
	f.done[s.Address] = f.clock.Now()
	return attrs, err
}

// change carries out a batch, or nothing of it.
func (f *route53) change(b *plan.Batch) error {
	table := f.records
	elements, characters := size(b.Changes)
	if elements > maxElements || characters > maxCharacters {
		f.t.Errorf("a batch has %d elements, %d characters", elements, characters)
		return errRefused
	}
	created := false
	for _, c := range b.Changes {
		if c.Set.Zone != b.Zone {
			f.t.Errorf("a change of zone %s in a batch for %s", c.Set.Zone, b.Zone)
		}
		have, stands := table.Get(c.Set.Key())
		switch c.Verb {
		case plan.VerbDelete:
			if created {
				f.t.Error("DELETE after CREATE")
			}
			if !stands || !have.Same(c.Set) {
				return errRefused
			}
			table.Delete(c.Set.Key())
		case plan.VerbCreate:
			created = true
			if stands || slices.Contains(c.Set.Values, f.poison) && f.poison != "" {
				return errRefused
			}
			if a := c.Set.Alias; a != nil && a.Zone == b.Zone {
				if _, ok := estate.First(table.Prefix(estate.RecordsAt(b.Zone, a.Name))); !ok {
					return errRefused
				}
			}
			table.Put(c.Set)
		case plan.VerbUpsert:
			if c.Set.Name != b.ZoneName {
				f.t.Errorf("UPSERT of %s", c.Set.Name)
			}
			table.Put(c.Set)
		}
	}
	f.records = table
	f.claimed()
	return nil
}

// claimed fails the test when a record that we made has no ledger entry.
func (f *route53) claimed() {
	ledgers := map[string]plan.Ledger{}
	for r := range f.records.All() {
		if f.foreign[r.Key()] || plan.IsLedger(r) {
			continue
		}
		z := f.zones[r.Zone]
		if _, ok := ledgers[z.ID]; !ok {
			ledgers[z.ID] = plan.ReadLedger(estate.Estate{Records: f.records}, z, owner)
		}
		if !ledgers[z.ID].Has(plan.Entry(z.Name, r.Name, r.Type, r.SetID)) {
			f.t.Errorf("%s %s stands without a ledger entry", r.Name, r.Type)
		}
	}
}

func (f *route53) Settled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	if err := f.clock.Sleep(ctx, latency); err != nil {
		return false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.settled[s.Address]; err != nil {
		return false, err
	}
	f.log = append(f.log, "settled? "+s.Address)
	at, ok := f.done[s.Address]
	return !ok || f.clock.Now().Sub(at) >= inSync, nil
}

func (f *route53) Records(ctx context.Context, _ estate.AccountID, zone string, ids []plan.RecordID) ([]estate.RecordSet, error) {
	if err := f.clock.Sleep(ctx, latency); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []estate.RecordSet
	for _, id := range ids {
		if r, ok := f.records.Get(estate.RecordKey(zone, id.Name, id.Type, id.SetID)); ok {
			out = append(out, r)
		}
	}
	return out, nil
}

func (f *route53) Refused(err error) bool { return errors.Is(err, errRefused) }

func (f *route53) Denied(err error) bool { return errors.Is(err, errFinal) }

// record is a wanted record of a standing zone.
func record(z estate.Zone, name, rrtype string, ttl uint32, values ...string) plan.Wanted {
	st := plan.StatementRecords
	return plan.Wanted{Address: name + "." + z.Name.String() + "/" + rrtype, Account: z.Account, Item: plan.Item{Record: &plan.Record{
		Zone: plan.Lit(z.ID), ZoneName: z.Name, Name: plan.Lit(name + "." + z.Name.String()), Type: rrtype, TTL: ttl, Values: plan.Lits(values), Statement: st,
	}}}
}

// plan makes the plan that leads to what is wanted.
func (f *route53) plan(apart bool, wanted ...plan.Wanted) *plan.Plan {
	in := plan.Input{Owner: owner, Now: f.clock.Now(), Estate: f.estate(), Wanted: wanted, Apart: map[string]bool{}}
	for id := range f.zones {
		in.Apart[id] = apart
	}
	for i := range wanted {
		if r := wanted[i].Item.Record; r != nil && apart {
			r.Statement = plan.StatementDelegation
		}
	}
	return plan.Make(in)
}

// run carries out a plan.
func (f *route53) run(p *plan.Plan, o Options) *Result {
	f.t.Helper()
	o.Port, o.Clock = f, f.clock
	r, err := Run(context.Background(), p, o)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// states are the states of a result in lines, then its problems.
func states(r *Result) string {
	var b strings.Builder
	for _, a := range slices.Sorted(maps.Keys(r.States)) {
		fmt.Fprintf(&b, "%s %s\n", r.States[a], a)
	}
	for _, d := range r.Diagnostics {
		fmt.Fprintf(&b, "%s %s%s: %s\n", d.Severity, map[bool]string{true: d.Code + " "}[d.Code != ""], d.Address, d.Summary)
	}
	for _, w := range r.Waiting {
		fmt.Fprintf(&b, "waiting %s for %s\n", w.Address, w.For)
	}
	return b.String()
}
