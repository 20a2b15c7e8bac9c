package twintest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// The keeper: services come, change and go between its sweeps.

const (
	latticeZone = "ZCORPINTERNAL"
	latticeVPC  = "vpc-0c0c0c0c0c0c0c0c0"
)

// lattices is a rig of a private zone of the network's, in which the services of
// teams get names below svc.corp.internal.
func lattices(t testing.TB, teams int) rig { return granting(t, teams, 0, "100%") }

// granting is that rig, with nothing granted to the first teams, and a limit of
// deletes.
func granting(t testing.TB, teams, without int, deletes string) rig {
	t.Helper()
	var e estate.Estate
	admit(&e, management)
	admit(&e, network)
	for i := range teams {
		admit(&e, team(i))
	}
	e.VPCs.Put(estate.VPC{ID: latticeVPC, Account: network, Region: ireland, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, DNSSupport: true, DNSHostnames: true})
	zone := dnsname.MustParse("corp.internal")
	e.Zones.Put(estate.Zone{ID: latticeZone, Account: network, Name: zone, Private: true, CallerReference: "by hand", VPCs: []estate.VPCRef{{ID: latticeVPC, Region: ireland}}})
	e.Records.Put(
		estate.RecordSet{Zone: latticeZone, Name: zone, Type: "NS", TTL: 172800, Values: []string{"ns-1536.awsdns-00.co.uk."}},
		estate.RecordSet{Zone: latticeZone, Name: zone, Type: "SOA", TTL: 900, Values: []string{"ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
		estate.RecordSet{Zone: latticeZone, Name: dnsname.MustParse("db.corp.internal"), Type: "A", TTL: 60, Values: []string{"10.0.0.10"}},
	)
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(latticesConfig(teams, without, deletes))}}, "orgdns.yaml"), e}
}

// latticesConfig is the configuration of that rig.
func latticesConfig(teams, without int, deletes string) string {
	var y strings.Builder
	fmt.Fprintf(&y, "owner: acme\ndefaults: { role: orgdns, region: eu-west-1 }\naccounts:\n  network: { id: \"%s\" }\n", network)
	var names []string
	for i := range teams {
		if i >= without {
			names = append(names, fmt.Sprintf("team%04d", i))
		}
		fmt.Fprintf(&y, "  team%04d: { id: \"%s\", regions: [eu-west-1] }\n", i, team(i))
	}
	fmt.Fprintf(&y, "limits: { deletes: %s }\nlatticeDomains:\n  - zone: corp.internal\n    account: network\n    grants: [{ accounts: [%s], names: '*.svc.corp.internal' }]\n", deletes, strings.Join(names, ", "))
	return y.String()
}

// latticeARN is the ARN of a team's service by number.
func latticeARN(of estate.AccountID, n int) string {
	return fmt.Sprintf("arn:aws:vpc-lattice:%s:%s:service/svc-%017x", ireland, of, n)
}

// serviceOf is a service of a team with a name.
func serviceOf(of estate.AccountID, n int, name string, at time.Time) estate.LatticeService {
	arn := latticeARN(of, n)
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	s := estate.LatticeService{
		ID: id, ARN: arn, Name: fmt.Sprintf("service-%d", n), Account: of, Region: ireland, Status: estate.LatticeActive, Created: at,
		DNS: world.LatticeName(ireland, fmt.Sprintf("service-%d", n), id),
	}
	if name != "" {
		s.CustomDomain = dnsname.MustParse(name)
	}
	return s
}

// services changes the services of a world.
func services(t testing.TB, w *world.World, put []estate.LatticeService, gone ...string) {
	t.Helper()
	err := w.Update(func(s *world.State) error {
		for _, v := range put {
			s.Estate.LatticeServices.Put(v)
			s.NameLattice(v.ARN)
		}
		for _, arn := range gone {
			if v, ok := s.Estate.LatticeServices.Get(arn); ok {
				s.Estate.LatticeServices.Delete(arn)
				s.Estate.Targets.Delete(estate.AliasTarget{Name: v.DNS.Name}.Key())
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// leads is what every name of the zone leads to by alias, A and AAAA alike.
func leads(t testing.TB, w *world.World) map[string]string {
	t.Helper()
	out := map[string]string{}
	for r := range w.Estate().Records.Prefix(estate.RecordsOf(latticeZone)) {
		if r.Alias != nil {
			key := r.Name.String()
			if was, ok := out[key]; ok && was != r.Alias.Name.String() {
				t.Errorf("%s leads to %s and %s", key, was, r.Alias.Name)
			}
			out[key] = r.Alias.Name.String()
			out[key+" n"] += "x"
		}
	}
	for k, n := range maps.Clone(out) {
		if name, count := strings.CutSuffix(k, " n"); count {
			delete(out, k)
			if n != "xx" {
				t.Errorf("%s has %d alias records", name, len(n))
			}
		}
	}
	return out
}

// promised is what the names should lead to by the services that there are; no
// two of them have the same name.
func promised(w *world.World) map[string]string {
	out := map[string]string{}
	for s := range w.Estate().LatticeServices.All() {
		if !s.CustomDomain.IsZero() && !s.Gone() {
			out[s.CustomDomain.String()] = s.DNS.Name.String()
		}
	}
	return out
}

// follow follows services as an event would, and gives what came of each.
func follow(t testing.TB, k *reconcile.Keeper, list ...estate.LatticeService) map[string]reconcile.Followed {
	t.Helper()
	var all []reconcile.Ask
	for _, s := range list {
		all = append(all, reconcile.Ask{Service: reconcile.Service{Account: s.Account, Region: s.Region, ARN: s.ARN}, By: "test", Event: "about " + s.ID})
	}
	var mu sync.Mutex
	out := map[string]reconcile.Followed{}
	k.Follow(t.Context(), all, func(told []reconcile.Followed) {
		mu.Lock()
		defer mu.Unlock()
		for _, f := range told {
			if _, twice := out[f.Service.ARN]; twice {
				t.Errorf("%s was told twice", f.Service.ARN)
			}
			out[f.Service.ARN] = f
		}
	})
	if len(out) != len(all) {
		t.Errorf("%d services followed, %d told", len(all), len(out))
	}
	return out
}

func swept(t testing.TB, k *reconcile.Keeper) *reconcile.Swept {
	t.Helper()
	s, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Problems.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func equal(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s: names lead to\n%v\nwant\n%v", what, got, want)
	}
}

// calls counts what was called of Route 53 and VPC Lattice since the last time.
func calls(w *world.World) string {
	var out []string
	for _, c := range w.Calls() {
		if c.Service == "route53" || c.Service == "vpc-lattice" {
			out = append(out, fmt.Sprintf("%s %d", c.Operation, c.Count))
		}
	}
	w.ForgetCalls()
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// TestKeeper: the life of services between two sweeps, each step at the cost of
// what it touches.
func TestKeeper(t *testing.T) {
	r := lattices(t, 2)
	w := r.world()
	defer w.Clock.Enter()()
	first := serviceOf(team(0), 1, "shop.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{first})
	p := r.process(w, nil)
	k := reconcile.NewKeeper(p.Pass)
	swept(t, k)
	equal(t, "after the first sweep", leads(t, w), promised(w))
	calls(w)

	// a service that is new
	second := serviceOf(team(1), 2, "pay.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{second})
	got := follow(t, k, second)[second.ARN]
	equal(t, "made", leads(t, w), promised(w))
	if got.Err != nil || !got.Serves || got.Name != second.CustomDomain || len(got.Changes) != 2 || got.Changes[0].Call == "" ||
		got.Changes[0].By != "test" || got.Changes[0].Event != "about "+second.ID {
		t.Errorf("made: %+v", got)
	}
	if at, err := k.InSync(t.Context(), got.Changes[0]); err != nil || at.Sub(got.Changes[0].At) > 70*time.Second {
		t.Errorf("in effect at %s: %v", at, err)
	}
	if c := calls(w); !strings.HasPrefix(c, "ChangeResourceRecordSets 1, GetChange ") || strings.Contains(c, "ListResourceRecordSets") {
		t.Errorf("a new service costs %s", c)
	}

	// told again, and nothing new: nothing is written
	if got := follow(t, k, second, first)[first.ARN]; got.Err != nil || !got.Serves || len(got.Changes) != 0 {
		t.Errorf("told again: %+v", got)
	}
	if c := calls(w); strings.Contains(c, "Change") {
		t.Errorf("told again costs %s", c)
	}

	// made anew under the same name: one batch, and never both
	again := serviceOf(team(1), 3, "pay.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{again}, second.ARN)
	follow(t, k, again, second)
	equal(t, "made anew", leads(t, w), promised(w))
	if c := calls(w); !strings.HasPrefix(c, "ChangeResourceRecordSets 1") {
		t.Errorf("made anew costs %s", c)
	}

	// a second claim: the first keeps the name, and the second takes over
	rival := serviceOf(team(0), 4, "pay.svc.corp.internal", w.Now().Add(time.Second))
	services(t, w, []estate.LatticeService{rival})
	if got := follow(t, k, rival)[rival.ARN]; got.Err != nil || got.Serves || got.Problem == nil || got.Problem.Code != "name-taken" || len(got.Changes) != 0 {
		t.Errorf("a second claim: %+v", got)
	}
	services(t, w, nil, again.ARN)
	if got := follow(t, k, again)[again.ARN]; got.Err != nil || len(got.Changes) != 2 {
		t.Errorf("the first is gone: %+v", got)
	}
	equal(t, "taken over", leads(t, w), promised(w))

	// names that it must not have
	for i, name := range []string{"corp.internal", "db.corp.internal", "_orgdns-4e.svc.corp.internal", "*.svc.corp.internal", "svc.corp.internal", "www.example.com"} {
		s := serviceOf(team(1), 10+i, name, w.Now())
		services(t, w, []estate.LatticeService{s})
		if got := follow(t, k, s)[s.ARN]; got.Err != nil || got.Serves || got.Problem == nil || len(got.Changes) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
		services(t, w, nil, s.ARN)
	}
	equal(t, "refused", leads(t, w), promised(w))

	// gone
	services(t, w, nil, first.ARN)
	follow(t, k, first)
	equal(t, "gone", leads(t, w), promised(w))
	answer := resolve.New(w.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: latticeVPC}, first.CustomDomain, "A")
	if answer.Positive() {
		t.Errorf("%s still answers %s", first.CustomDomain, answer)
	}
	if s := swept(t, k); len(s.Done) != 0 {
		t.Errorf("a sweep still finds %d changes: %v", len(s.Done), s.Done)
	}
}

// TestKeeperDrift: what was changed behind its back is found: by the refusal of
// the next change there, or else by the sweep. What others put there stays.
func TestKeeperDrift(t *testing.T) {
	r := lattices(t, 1)
	w := r.world()
	defer w.Clock.Enter()()
	a, b := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now()), serviceOf(team(0), 2, "b.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{a, b})
	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	var told []reconcile.Done
	k.Told = func(d reconcile.Done) { told = append(told, d) }
	swept(t, k)
	edit := func(f func(*estate.Estate)) {
		t.Helper()
		if err := w.Update(func(s *world.State) error { f(&s.Estate); return nil }); err != nil {
			t.Fatal(err)
		}
	}

	// a record is gone, and then its service
	edit(func(e *estate.Estate) {
		e.Records.Delete(estate.RecordKey(latticeZone, a.CustomDomain, "A", ""), estate.RecordKey(latticeZone, a.CustomDomain, "AAAA", ""))
	})
	services(t, w, nil, a.ARN)
	told = nil
	if got := follow(t, k, a)[a.ARN]; got.Err != nil {
		t.Errorf("gone twice: %+v", got)
	}
	equal(t, "gone twice", leads(t, w), promised(w))

	// somebody else took a name before the service came
	c := serviceOf(team(0), 3, "c.svc.corp.internal", w.Now())
	foreign := estate.RecordSet{Zone: latticeZone, Name: c.CustomDomain, Type: "CNAME", TTL: 60, Values: []string{"db.corp.internal."}}
	edit(func(e *estate.Estate) { e.Records.Put(foreign) })
	services(t, w, []estate.LatticeService{c})
	if got := follow(t, k, c)[c.ARN]; got.Err != nil || got.Serves || got.Problem == nil || got.Problem.Code != "conflict" {
		t.Errorf("a name of others: %+v, %v", got, got.Err)
	}
	if have, ok := w.Estate().Records.Get(foreign.Key()); !ok || !have.Same(foreign) {
		t.Error("a record of others was touched")
	}

	// an alias was pointed elsewhere
	edit(func(e *estate.Estate) {
		for _, rrtype := range []string{"A", "AAAA"} {
			set, _ := e.Records.Get(estate.RecordKey(latticeZone, b.CustomDomain, rrtype, ""))
			set.Alias = &estate.Alias{Name: c.DNS.Name, Zone: c.DNS.Zone}
			e.Records.Put(set)
		}
	})
	services(t, w, nil, c.ARN)
	told = nil
	if s := swept(t, k); len(s.Done) != 2 || len(told) != 2 || !told[0].Sweep {
		t.Errorf("repaired %v, told %v", s.Done, told)
	}
	equal(t, "repaired", leads(t, w), promised(w))
}

// TestKeeperUnread: what cannot be read is not absent, and is to be followed
// again.
func TestKeeperUnread(t *testing.T) {
	r := lattices(t, 2)
	w := r.world()
	defer w.Clock.Enter()()
	a := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{a})
	p := r.process(w, nil)
	k := reconcile.NewKeeper(p.Pass)
	swept(t, k)
	blind := *p.Pass
	blind.Ports.Reader = unreadable{p.Ports.Reader, team(0)}
	k.SetPass(&blind)
	services(t, w, nil, a.ARN)
	if got := follow(t, k, a)[a.ARN]; got.Err == nil || len(got.Changes) != 0 {
		t.Errorf("unread: %+v", got)
	}
	s, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{})
	if err != nil || len(s.Done)+len(s.Failed) != 0 {
		t.Errorf("a sweep made %v, %v", s, err)
	}
	if len(leads(t, w)) != 1 {
		t.Error("the record of a service that could not be read is gone")
	}
	k.SetPass(p.Pass)
	swept(t, k)
	equal(t, "read again", leads(t, w), promised(w))
}

// TestKeeperOthers: two keepers share a zone, as replicas do. What the one made, of
// which the other knows nothing, is neither taken from a service that stands nor left
// behind by one that is gone; and by what the records say no other service profits.
func TestKeeperOthers(t *testing.T) {
	r := lattices(t, 2)
	w := r.world()
	defer w.Clock.Enter()()
	services(t, w, []estate.LatticeService{serviceOf(team(0), 1, "shop.svc.corp.internal", w.Now())})
	before := &meanwhile{}
	a, pass := reconcile.NewKeeper(r.process(w, nil).Pass), *r.process(w, nil).Pass
	before.Reader, pass.Ports.Reader = pass.Ports.Reader, before
	b := reconcile.NewKeeper(&pass)
	swept(t, a)
	swept(t, b)
	calls(w)

	// a rival is told to the one that does not know who has the name
	first := serviceOf(team(0), 2, "pay.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{first})
	follow(t, a, first)
	rival := serviceOf(team(1), 3, "pay.svc.corp.internal", w.Now().Add(time.Second))
	services(t, w, []estate.LatticeService{rival})
	if got := follow(t, b, rival)[rival.ARN]; got.Err != nil || got.Serves || got.Problem == nil || got.Problem.Code != "name-taken" {
		t.Errorf("a rival: %+v", got)
	}
	if at := leads(t, w)["pay.svc.corp.internal"]; at != first.DNS.Name.String() {
		t.Errorf("the first lost its name to %s", at)
	}
	services(t, w, nil, first.ARN)
	if got := follow(t, b, first)[first.ARN]; got.Err != nil || len(got.Changes) != 2 {
		t.Errorf("the first is gone: %+v", got)
	}
	equal(t, "the rival takes over", leads(t, w), promised(w))

	// the same, but who has the name cannot be asked for
	second := serviceOf(team(0), 4, "till.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{second})
	follow(t, a, second)
	rival = serviceOf(team(1), 5, "till.svc.corp.internal", w.Now().Add(time.Second))
	services(t, w, []estate.LatticeService{rival})
	before.Reader = unreadable{before.Reader, team(0)}
	if got := follow(t, b, rival)[rival.ARN]; got.Err == nil || got.Serves {
		t.Errorf("a rival of who cannot be asked for: %+v", got)
	}
	if at := leads(t, w)["till.svc.corp.internal"]; at != second.DNS.Name.String() {
		t.Errorf("who cannot be asked for lost its name to %s", at)
	}
	before.Reader = before.Reader.(unreadable).Reader
	if got := follow(t, b, rival)[rival.ARN]; got.Err != nil || got.Problem == nil || got.Problem.Code != "name-taken" { // and no sweep in between
		t.Errorf("a rival, asked again: %+v", got)
	}
	services(t, w, nil, rival.ARN)
	equal(t, "who cannot be asked for keeps its name", leads(t, w), promised(w))

	// services made and removed by way of different keepers, told twice
	var short []estate.LatticeService
	for i := range 20 {
		short = append(short, serviceOf(team(i%2), 10+i, fmt.Sprintf("n%d.svc.corp.internal", i), w.Now()))
	}
	services(t, w, short)
	follow(t, a, short...)
	for _, s := range short {
		services(t, w, nil, s.ARN)
	}
	calls(w)
	for arn, got := range follow(t, b, short...) {
		if got.Err != nil || len(got.Changes) != 2 {
			t.Errorf("%s is gone: %+v", arn, got)
		}
	}
	equal(t, "gone", leads(t, w), promised(w))
	if c := calls(w); c != "ChangeResourceRecordSets 1, ListResourceRecordSets 1, ListServices 2, ListServices 2" {
		t.Errorf("gone costs %s", c) // the lists of both accounts: in place of 20 services, and after the records
	}
	follow(t, b, short...)
	if c := calls(w); strings.Contains(c, "ListResourceRecordSets") {
		t.Errorf("gone, told again, costs %s", c)
	}

	// services that were there for a moment, told one by one at once, while a list of
	// records takes its time: all that come meanwhile come again, and share the next one
	wait(t, w, time.Minute)
	before.kind, before.do = estate.QueryRecords, func() { wait(t, w, 5*time.Second) }
	ended := clock.NewMailbox[bool](w.Clock)
	var moment []estate.LatticeService
	for i := range 20 {
		s := serviceOf(team(i%2), 200+i, "", w.Now())
		moment = append(moment, s)
		w.Clock.Go(func() { ended.Send(follow(t, b, s)[s.ARN].Err == nil) })
	}
	known := 0
	for range moment {
		if ended.Receive() {
			known++
		}
	}
	if c := calls(w); known == 0 || known == len(moment) || !strings.Contains(c, "ListResourceRecordSets 1") {
		t.Errorf("%d of them are known to be gone; they cost %s", known, c)
	}
	wait(t, w, 5*time.Second)
	for range 2 {
		for arn, got := range follow(t, b, moment...) {
			if got.Err != nil || len(got.Changes) != 0 {
				t.Errorf("%s comes again: %+v", arn, got)
			}
		}
	}
	if c := calls(w); !strings.Contains(c, "ListResourceRecordSets 1") {
		t.Errorf("they cost %s when they come again", c)
	}

	// one going, of which the record is not known
	wait(t, w, 5*time.Second)
	going := serviceOf(team(0), 40, "going.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{going})
	follow(t, a, going)
	going.Status = estate.LatticeDeleting
	services(t, w, []estate.LatticeService{going})
	if got := follow(t, b, going)[going.ARN]; got.Err != nil || len(got.Changes) != 2 {
		t.Errorf("going: %+v", got)
	}
	equal(t, "going", leads(t, w), promised(w))

	// a service comes while a sweep reads
	late := serviceOf(team(0), 50, "late.svc.corp.internal", w.Now())
	before.kind, before.do = estate.QueryRecords, func() {
		services(t, w, []estate.LatticeService{late})
		follow(t, a, late)
	}
	if s := swept(t, b); len(s.Done) != 0 {
		t.Errorf("a sweep beside a new service made %v", s.Done)
	}
	equal(t, "beside a sweep", leads(t, w), promised(w))
}

// TestKeeperGrants: who is granted names is what the configuration in force says,
// before a sweep has looked there; what it grants and does not have yet is to be
// followed again.
func TestKeeperGrants(t *testing.T) {
	r := granting(t, 3, 1, "100%")
	w := r.world()
	defer w.Clock.Enter()()
	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	swept(t, k)
	concerned := func(when string, want ...bool) {
		t.Helper()
		for i, want := range want {
			if got := k.Concerned(team(i), ireland); got != want {
				t.Errorf("%s, team %d is concerned: %v", when, i, got)
			}
		}
	}
	concerned("at first", false, true, true)
	some := granting(t, 3, 0, "100%").cfg
	granted := func(change func(*config.LatticeDomain)) {
		t.Helper()
		domain := some.LatticeDomains[0]
		domain.Grants = slices.Clone(domain.Grants)
		change(&domain)
		cfg := *some
		cfg.LatticeDomains = []config.LatticeDomain{domain}
		r.cfg = &cfg
		k.SetPass(r.process(w, nil).Pass)
	}

	// one more has names that are reserved already
	granted(func(*config.LatticeDomain) {})
	concerned("granted to all", true, true, true)
	s := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{s})
	if got := follow(t, k, s)[s.ARN]; got.Err != nil || !got.Serves {
		t.Errorf("granted anew: %+v", got)
	}

	// names that are still to be reserved
	granted(func(d *config.LatticeDomain) {
		g := d.Grants[0]
		g.Names = []config.GrantedName{{Name: name("new.corp.internal"), Below: true}}
		d.Grants = append(d.Grants, g)
	})
	next := serviceOf(team(1), 2, "b.new.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{next})
	if got := follow(t, k, next)[next.ARN]; got.Err == nil || got.Serves {
		t.Errorf("names that are not reserved yet: %+v", got)
	}

	// somebody of whom it is not known who that is
	granted(func(d *config.LatticeDomain) {
		g := d.Grants[0]
		g.Accounts = []config.AccountRef{{Name: "somebody"}}
		d.Grants = append(slices.Clone(d.Grants), g)
		d.Grants[0].Accounts = d.Grants[0].Accounts[1:]
	})
	concerned("granted to who is not known", true, true, true)
	third := serviceOf(team(0), 3, "c.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{third})
	if got := follow(t, k, third)[third.ARN]; got.Err == nil || got.Serves {
		t.Errorf("it may be who is granted the name: %+v", got)
	}

	// taken out
	granted(func(d *config.LatticeDomain) { d.Grants[0].Accounts = d.Grants[0].Accounts[1:] })
	concerned("taken out", false, true, true)
}

// meanwhile does something once before a query of a kind is asked.
type meanwhile struct {
	reconcile.Reader
	kind estate.QueryKind
	do   func()
}

func (m *meanwhile) Read(ctx context.Context, q estate.Query) (func(*estate.Estate), error) {
	if do := m.do; do != nil && q.Kind == m.kind {
		m.do = nil
		do()
	}
	return m.Reader.Read(ctx, q)
}

// TestKeeperLimits: what the limits of the configuration keep a sweep from, no event
// does on the way.
func TestKeeperLimits(t *testing.T) {
	r := granting(t, 2, 0, "25%")
	w := r.world()
	defer w.Clock.Enter()()
	var list []estate.LatticeService
	for i := range 12 {
		list = append(list, serviceOf(team(0), i, fmt.Sprintf("n%d.svc.corp.internal", i), w.Now()))
	}
	services(t, w, list)
	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	swept(t, k)
	r.cfg = granting(t, 2, 1, "25%").cfg // the first team's grant was taken out
	k.SetPass(r.process(w, nil).Pass)
	for i := range 2 {
		s := serviceOf(team(1), 100+i, fmt.Sprintf("m%d.svc.corp.internal", i), w.Now())
		services(t, w, []estate.LatticeService{s})
		if got := follow(t, k, s)[s.ARN]; !got.Serves || got.Err != nil {
			t.Errorf("a service beside them: %+v", got)
		}
		equal(t, "while the limit stands", leads(t, w), promised(w))
		unheard := serviceOf(team(1), 200+i, fmt.Sprintf("u%d.svc.corp.internal", i), w.Now())
		services(t, w, []estate.LatticeService{unheard})
		got, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{})
		if err != nil || len(got.Done) != 2 || !slices.ContainsFunc(got.Problems, func(d diag.Diagnostic) bool { return d.Code == "limit-deletes" }) {
			t.Errorf("a sweep beyond the limit: %+v, %v", got, err)
		}
		equal(t, "after a sweep that was stopped", leads(t, w), promised(w))
	}
	if _, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{AcceptLimits: true}); err != nil {
		t.Fatal(err)
	}
	if got := leads(t, w); len(got) != 4 {
		t.Errorf("when they are lifted, names lead to %v", got)
	}
}

// TestKeeperGrantOut: a sweep takes the records of a grant that was taken out, and only
// then forgets whose they are.
func TestKeeperGrantOut(t *testing.T) {
	t.Parallel()
	r := lattices(t, 1)
	less, more := r, r
	more.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(strings.Replace(latticesConfig(1, 0, "100%"), "names: '*.svc.corp.internal'", "names: ['*.svc.corp.internal', '*.dev.corp.internal']", 1))}}, "orgdns.yaml")
	w := r.world()
	defer w.Clock.Enter()()
	stays := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{stays, serviceOf(team(0), 2, "b.dev.corp.internal", w.Now())})
	k := reconcile.NewKeeper(more.process(w, nil).Pass)
	swept(t, k)
	equal(t, "at first", leads(t, w), promised(w))
	k.SetPass(less.process(w, nil).Pass)
	if _, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	equal(t, "without the grant", leads(t, w), promisedOf([]estate.LatticeService{stays}))
	if again := swept(t, k); !again.Planned.Empty() {
		t.Errorf("another sweep plans %v", again.Planned.Changes)
	}
	for rec := range w.Estate().Records.Prefix(estate.RecordsOf(latticeZone)) {
		if text := strings.Join(rec.Values, " "); strings.Contains(text, "*.dev") {
			t.Errorf("the ledger still has %s", text)
		}
	}
}

// TestKeeperNameToRecord: a name that goes from a service to a record of the
// configuration is one change of both, by a sweep.
func TestKeeperNameToRecord(t *testing.T) {
	t.Parallel()
	r := lattices(t, 1)
	vpc, _ := r.start.VPCs.Get(latticeVPC)
	vpc.Tags = estate.Tags{"role": "anchor"}
	r.start.VPCs.Put(vpc)
	w := r.world()
	defer w.Clock.Enter()()
	given := func(names, records string) *reconcile.Pass {
		text := strings.Replace(latticesConfig(1, 0, "100%"), "names: '*.svc.corp.internal'", "names: ["+names+"]", 1)
		r.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(text + "privateZones:\n  - { domain: corp.internal, account: network, adopt: true, anchor: { tags: { role: anchor } }, records: [" + records + "] }\n")}}, "orgdns.yaml")
		return r.process(w, nil).Pass
	}
	services(t, w, []estate.LatticeService{serviceOf(team(0), 1, "pay.corp.internal", w.Now()), serviceOf(team(0), 2, "a.svc.corp.internal", w.Now())})
	k := reconcile.NewKeeper(given("'*.svc.corp.internal', pay.corp.internal", ""))
	swept(t, k)
	equal(t, "at first", leads(t, w), promised(w))
	k.SetPass(given("'*.svc.corp.internal'", "{ name: pay, type: CNAME, ttl: 60s, values: db.corp.internal }"))
	for range 2 {
		if s, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{}); err != nil || s.Problems.HasErrors() {
			t.Fatal(err, s.Problems)
		}
	}
	if got := leads(t, w); len(got) != 1 {
		t.Errorf("aliases at %v", got)
	}
	if _, made := w.Estate().Records.Get(estate.RecordKey(latticeZone, name("pay.corp.internal"), "CNAME", "")); !made {
		t.Error("the record of the configuration does not stand")
	}
	if again := swept(t, k); !again.Planned.Empty() {
		t.Errorf("another sweep plans %v", again.Planned.Changes)
	}
}

// TestKeeperDeeperZone: a name that a deeper zone is to hold stays where it is until it
// stands there.
func TestKeeperDeeperZone(t *testing.T) {
	t.Parallel()
	const deeper = "  - zone: svc.corp.internal\n    account: network\n    grants: [{ accounts: [team0000], names: '*.svc.corp.internal' }]\n"
	const made = "privateZones:\n  - domain: svc.corp.internal\n    account: network\n    anchor: { tags: { role: anchor } }\n"
	const wrong = "  - { zone: nowhere.internal, account: network, grants: [{ account: team0000, names: '*.nowhere.internal' }] }\n"
	r := lattices(t, 1)
	vpc, _ := r.start.VPCs.Get(latticeVPC)
	vpc.Tags = estate.Tags{"role": "anchor"}
	r.start.VPCs.Put(vpc)
	w := r.world()
	defer w.Clock.Enter()()
	given := func(more string) *reconcile.Pass {
		r.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(latticesConfig(1, 0, "100%") + more)}}, "orgdns.yaml")
		return r.process(w, nil).Pass
	}
	services(t, w, []estate.LatticeService{serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())})
	k := reconcile.NewKeeper(given(""))
	swept(t, k)
	for _, tt := range []struct{ name, more string }{
		{"a zone that does not stand", deeper},
		{"an account that is none", strings.Replace(deeper, "account: network", "account: '999999999999'", 1)},
		{"a zone that another error keeps from being made", deeper + wrong + made},
	} {
		k.SetPass(given(tt.more))
		for range 2 {
			s, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{})
			if err != nil || len(s.Done) != 0 || !s.Problems.HasErrors() {
				t.Errorf("%s: %+v, %v", tt.name, s, err)
			}
			equal(t, tt.name, leads(t, w), promised(w))
		}
	}

	k.SetPass(given(deeper + made))
	k.Told = func(d reconcile.Done) {
		if d.Change.Action == plan.Delete && !stands(w, "a.svc.corp.internal", latticeZone) {
			t.Errorf("%s went before it stood in the deeper zone", d.Change.Address)
		}
	}
	for range 3 {
		if s, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{}); err != nil || s.Problems.HasErrors() {
			t.Fatal(err, s.Problems)
		}
	}
	if got := leads(t, w); len(got) != 0 {
		t.Errorf("the zone above still has %v", got)
	}
	if !stands(w, "a.svc.corp.internal", latticeZone) {
		t.Error("the deeper zone has no such name")
	}
	if again := swept(t, k); !again.Planned.Empty() {
		t.Errorf("another sweep plans %v", again.Planned.Changes)
	}
}

// stands reports whether a name has an alias in another zone than that of the ID.
func stands(w *world.World, name, but string) bool {
	for rec := range w.Estate().Records.All() {
		if rec.Alias != nil && rec.Name.String() == name && rec.Zone != but {
			return true
		}
	}
	return false
}

// TestKeeperSweepsBeside: a sweep that has made its last change in a zone holds up no
// event there, however long another zone takes.
func TestKeeperSweepsBeside(t *testing.T) {
	r := twoZones(t)
	w := r.world()
	defer w.Clock.Enter()()
	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	swept(t, k)
	cfg := *r.cfg
	cfg.LatticeDomains = slices.Clone(cfg.LatticeDomains)
	for i := range cfg.LatticeDomains { // both zones get one more reservation, which no event makes
		d := &cfg.LatticeDomains[i]
		g := d.Grants[0]
		g.Names = []config.GrantedName{{Name: name("new." + d.Zone.String()), Below: true}}
		d.Grants = append(slices.Clone(d.Grants), g)
	}
	r.cfg = &cfg
	k.SetPass(r.process(w, nil).Pass)
	w.Inject(world.Fault{Account: parent, Service: "route53", Operation: "ChangeResourceRecordSets", Kind: world.FaultThrottle, Count: -1})
	var sweep, event atomic.Bool
	ended := clock.NewMailbox[struct{}](w.Clock)
	w.Clock.Go(func() {
		if _, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{}); err != nil {
			t.Error(err)
		}
		sweep.Store(true)
		ended.Send(struct{}{})
	})
	wait(t, w, time.Minute)
	s := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{s})
	w.Clock.Go(func() {
		if got := follow(t, k, s)[s.ARN]; !got.Serves || got.Err != nil {
			t.Errorf("beside a sweep: %+v", got)
		}
		event.Store(true)
		ended.Send(struct{}{})
	})
	wait(t, w, 5*time.Second)
	if sweep.Load() || !event.Load() {
		t.Errorf("the sweep has ended: %v; the event: %v", sweep.Load(), event.Load())
	}
	w.ClearFaults()
	ended.Receive()
	ended.Receive()
	if s := swept(t, k); len(s.Done) != 0 {
		t.Errorf("another sweep makes %v", s.Done)
	}
}

// TestKeeperStops: a sweep that is told to stop ends with the batch that is under way,
// and nothing has failed; the next one makes the rest.
func TestKeeperStops(t *testing.T) {
	const n = 1100 // three batches
	r := lattices(t, 1)
	w := r.world()
	defer w.Clock.Enter()()
	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	swept(t, k)
	var list []estate.LatticeService
	for i := range n {
		list = append(list, serviceOf(team(0), i, fmt.Sprintf("n%d.svc.corp.internal", i), w.Now()))
	}
	services(t, w, list)
	stop, end := context.WithCancel(t.Context())
	k.Told = func(reconcile.Done) { end() }
	got, err := k.Sweep(t.Context(), stop, reconcile.Options{})
	if err != nil || len(got.Failed) != 0 || got.Problems.HasErrors() {
		t.Errorf("a sweep that was stopped: %v, %v", err, got.Problems)
	}
	if made := len(leads(t, w)); made == 0 || made > 500 || len(got.Done) != 2*made {
		t.Errorf("%d names were made, and %d changes told", made, len(got.Done))
	}
	swept(t, k)
	equal(t, "in the end", leads(t, w), promised(w))
}

// unreadable refuses to read an account's services.
type unreadable struct {
	reconcile.Reader
	account estate.AccountID
}

func (u unreadable) Read(ctx context.Context, q estate.Query) (func(*estate.Estate), error) {
	if (q.Kind == estate.QueryLatticeServices || q.Kind == estate.QueryLatticeService) && q.Account == u.account {
		return nil, errors.New("not to be read")
	}
	return u.Reader.Read(ctx, q)
}

// TestKeeperSideBySide: services come and go at random while many follow them at
// once, in the order in which nobody thought of, and sweeps run beside; in the
// end the names are as the services say. Two keepers share the zone.
func TestKeeperSideBySide(t *testing.T) {
	t.Parallel()
	steps := 200
	if testing.Short() {
		steps = 60
	}
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := lattices(t, 3)
			w := r.world()
			leave := w.Clock.Enter()
			defer leave()
			var keepers []*reconcile.Keeper
			random := rand.New(rand.NewPCG(seed, 1))
			for range 2 {
				k := reconcile.NewKeeper(r.process(w, random).Pass)
				swept(t, k)
				keepers = append(keepers, k)
			}
			under := 0
			ended := clock.NewMailbox[struct{}](w.Clock)
			run := func(f func()) {
				under++
				w.Clock.Go(func() {
					f()
					ended.Send(struct{}{})
				})
			}
			alive := map[int]estate.LatticeService{}
			for i := range steps {
				n := random.IntN(20)
				s, stands := alive[n]
				if stands {
					services(t, w, nil, s.ARN)
					delete(alive, n)
				} else {
					s = serviceOf(team(n%3), 1000*(i+1)+n, fmt.Sprintf("n%d.svc.corp.internal", n), w.Now())
					services(t, w, []estate.LatticeService{s})
					alive[n] = s
				}
				if random.IntN(10) > 0 { // else the event is lost
					k := keepers[random.IntN(2)]
					run(func() { follow(t, k, s) })
				}
				if i%100 == 50 {
					k := keepers[i/100%2]
					run(func() {
						if _, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{}); err != nil {
							t.Error(err)
						}
					})
				}
				if err := w.Clock.Sleep(t.Context(), time.Duration(random.IntN(4000))*time.Millisecond); err != nil {
					t.Fatal(err)
				}
			}
			for range under {
				ended.Receive()
			}
			for _, k := range keepers {
				if _, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			equal(t, "in the end", leads(t, w), promised(w))
			if s := swept(t, keepers[0]); len(s.Done) != 0 {
				t.Errorf("after the last sweep another one finds %v", s.Done)
			}
			if have, ok := w.Estate().Records.Get(estate.RecordKey(latticeZone, dnsname.MustParse("db.corp.internal"), "A", "")); !ok || have.Values[0] != "10.0.0.10" {
				t.Error("a record of others was touched")
			}
		})
	}
}
