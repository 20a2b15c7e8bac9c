package twintest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// What a keeper must not do while its plan has errors: it goes on with the records of
// services, so it has to know which of them no error concerns.

// edited changes the estate of a world.
func edited(t testing.TB, w *world.World, f func(*estate.Estate)) {
	t.Helper()
	if err := w.Update(func(s *world.State) error { f(&s.Estate); return nil }); err != nil {
		t.Fatal(err)
	}
}

// faulty sweeps, and expects a problem of a code.
func faulty(t testing.TB, k *reconcile.Keeper, code string) *reconcile.Swept {
	t.Helper()
	s, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(s.Problems, func(d diag.Diagnostic) bool { return d.Code == code && d.Severity == diag.Error }) {
		t.Errorf("a sweep does not say %s: %v", code, s.Problems)
	}
	return s
}

// unchanged follows services and sweeps, and expects every record set as it was.
func unchanged(t testing.TB, w *world.World, k *reconcile.Keeper, code string, list ...estate.LatticeService) map[string]reconcile.Followed {
	t.Helper()
	before := form(t, estate.Estate{Records: w.Estate().Records})
	out := map[string]reconcile.Followed{}
	for range 2 {
		if s := faulty(t, k, code); len(s.Done)+len(s.Failed) > 0 {
			t.Errorf("%s: a sweep made %v, %v", code, s.Done, s.Failed)
		}
		for _, s := range list {
			got := follow(t, k, s)[s.ARN]
			if len(got.Changes) > 0 {
				t.Errorf("%s: an event of %s made %v", code, s.CustomDomain, got.Changes)
			}
			out[s.ARN] = got
		}
	}
	if after := form(t, estate.Estate{Records: w.Estate().Records}); after != before {
		t.Errorf("%s: records were\n%s\nand are\n%s", code, before, after)
	}
	return out
}

// TestKeeperWhichZone: while it is not clear which zone is meant, neither an event nor
// a sweep touches the zone that was.
func TestKeeperWhichZone(t *testing.T) {
	r := lattices(t, 2)
	w := r.world()
	defer w.Clock.Enter()()
	a, b := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now()), serviceOf(team(1), 2, "b.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{a, b})
	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	swept(t, k)

	// another one of that name, for another VPC
	const twin = "ZCORPINTERNAL2"
	edited(t, w, func(e *estate.Estate) {
		e.VPCs.Put(estate.VPC{ID: "vpc-0d0d0d0d0d0d0d0d0", Account: network, Region: ireland, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, DNSSupport: true, DNSHostnames: true})
		e.Zones.Put(estate.Zone{ID: twin, Account: network, Name: name("corp.internal"), Private: true, CallerReference: "by hand, too", VPCs: []estate.VPCRef{{ID: "vpc-0d0d0d0d0d0d0d0d0", Region: ireland}}})
		for _, rrtype := range []string{"NS", "SOA"} {
			set, _ := e.Records.Get(estate.RecordKey(latticeZone, name("corp.internal"), rrtype, ""))
			set.Zone = twin
			e.Records.Put(set)
		}
	})
	services(t, w, nil, b.ARN)
	c := serviceOf(team(1), 3, "c.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{c})
	if got := unchanged(t, w, k, "ambiguous-zone", a, b, c); got[c.ARN].Err == nil || got[c.ARN].Serves || !got[a.ARN].Serves {
		t.Errorf("two zones: %+v", got)
	}
	edited(t, w, func(e *estate.Estate) {
		e.Zones.Delete(twin)
		for _, rrtype := range []string{"NS", "SOA"} {
			e.Records.Delete(estate.RecordKey(twin, name("corp.internal"), rrtype, ""))
		}
	})
	swept(t, k)
	equal(t, "one zone again", leads(t, w), promised(w))

	// an ID that no zone has; a zone that the configuration is to make, where that of
	// others stands
	for _, x := range []struct{ code, old, with string }{
		{"no-zone", "    account: network\n", "    account: network\n    zoneID: ZNOSUCHZONE\n"},
		{"conflict", "latticeDomains:\n", "privateZones:\n  - { domain: corp.internal, account: network, anchor: { vpc: " + latticeVPC + " } }\nlatticeDomains:\n"},
	} {
		changed := r
		changed.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(strings.Replace(latticesConfig(2, 0, "100%"), x.old, x.with, 1))}}, "orgdns.yaml")
		k.SetPass(changed.process(w, nil).Pass)
		services(t, w, nil, c.ARN)
		unchanged(t, w, k, x.code, a, c)
		services(t, w, []estate.LatticeService{c})
	}
	k.SetPass(r.process(w, nil).Pass)
	if s := swept(t, k); len(s.Done) > 0 {
		t.Errorf("after all a sweep made %v", s.Done)
	}
	equal(t, "after all", leads(t, w), promised(w))
}

// member puts an account into the organization.
func member(e *estate.Estate, id estate.AccountID, name string) {
	e.Accounts.Put(estate.Account{ID: id, Name: name, Status: estate.AccountActive, Parent: "r-acme"})
}

// organized makes an organization of the accounts, and gives the teams names.
func organized(e *estate.Estate, teams ...string) {
	e.Organization = estate.Organization{ID: "o-acme000001", Management: management, Root: "r-acme", TrustedServices: []string{"ram.amazonaws.com"}}
	member(e, management, "management")
	member(e, network, "network")
	for i, name := range teams {
		member(e, team(i), name)
	}
}

// TestKeeperWhoseName: an account whose name leads to none any more, or to several, or
// that the organization does not tell, keeps the names of its services, and no rival
// gets one.
func TestKeeperWhoseName(t *testing.T) {
	r := lattices(t, 3)
	e := &r.start
	organized(e, "shop", "pay", "other")
	reader, _ := e.Roles.Get("arn:aws:iam::" + string(management) + ":role/orgdns")
	reader.ARN, reader.Name, reader.ID = strings.Replace(reader.ARN, "orgdns", "reader", 1), "reader", "AROAREADER"
	e.Roles.Put(reader)
	r.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(`owner: acme
organization: { access: { account: "` + string(management) + `", role: reader } }
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  network: { id: "` + string(network) + `" }
limits: { deletes: 100% }
latticeDomains:
  - zone: corp.internal
    account: network
    grants:
      - { accounts: [shop, pay], names: "*.svc.corp.internal" }
      - { account: shop, names: "*.shop.corp.internal" }
      - { account: other, names: "*.other.corp.internal" }
`)}}, "orgdns.yaml")
	w := r.world()
	defer w.Clock.Enter()()
	at := func(n int) time.Time { return w.Now().Add(time.Duration(n) * time.Second) }
	mine, alone := serviceOf(team(0), 1, "a.svc.corp.internal", at(1)), serviceOf(team(0), 2, "b.shop.corp.internal", at(2))
	rival, next := serviceOf(team(1), 3, "a.svc.corp.internal", at(3)), serviceOf(team(1), 4, "c.svc.corp.internal", at(4))
	services(t, w, []estate.LatticeService{mine, alone, rival, next})
	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	swept(t, k)
	want := leads(t, w)
	if len(want) != 3 || want["a.svc.corp.internal"] != mine.DNS.Name.String() {
		t.Fatalf("names lead to %v", want)
	}

	for _, x := range []struct {
		name         string
		break_, mend func(*estate.Estate)
		others       bool // the others are known
	}{
		{"renamed", func(e *estate.Estate) { member(e, team(0), "boutique") }, func(e *estate.Estate) { member(e, team(0), "shop") }, true},
		{"two of the name", func(e *estate.Estate) { member(e, "599999999999", "shop") }, func(e *estate.Estate) { e.Accounts.Delete("599999999999") }, true},
		{"refused", func(e *estate.Estate) {
			denied := reader
			denied.Inline = nil
			e.Roles.Put(denied)
		}, func(e *estate.Estate) { e.Roles.Put(reader) }, false},
	} {
		edited(t, w, x.break_)
		got := unchanged(t, w, k, "unknown-account", mine, alone, rival, next)
		if f := got[rival.ARN]; f.Err == nil || f.Serves || !got[mine.ARN].Serves {
			t.Errorf("%s: %+v", x.name, got)
		}
		// gone meanwhile: it cannot be told from one that may not be seen
		services(t, w, nil, alone.ARN)
		if f := unchanged(t, w, k, "unknown-account", alone)[alone.ARN]; f.Err == nil {
			t.Errorf("%s, gone: %+v", x.name, f)
		}
		services(t, w, []estate.LatticeService{alone})
		// whom no unknown account can rival goes on
		s := serviceOf(team(2), 9, "x.other.corp.internal", w.Now())
		services(t, w, []estate.LatticeService{s})
		if f := follow(t, k, s)[s.ARN]; f.Serves != x.others || (f.Err == nil) != x.others {
			t.Errorf("%s, beside it: %+v", x.name, f)
		}
		services(t, w, nil, s.ARN)
		follow(t, k, s)
		edited(t, w, x.mend)
		swept(t, k)
		equal(t, x.name+", mended", leads(t, w), want)
	}
	services(t, w, nil, mine.ARN)
	follow(t, k, mine)
	equal(t, "gone", leads(t, w), promised(w))
}

// TestKeeperUnadopted: beside aliases that were there before orgdns, and are not taken
// over, it writes none: nobody would own it.
func TestKeeperUnadopted(t *testing.T) {
	r := lattices(t, 2)
	w := r.world()
	defer w.Clock.Enter()()
	a, b := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now()), serviceOf(team(1), 2, "b.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{a, b})
	edited(t, w, func(e *estate.Estate) {
		for _, rrtype := range []string{"A", "AAAA"} {
			e.Records.Put(estate.RecordSet{Zone: latticeZone, Name: a.CustomDomain, Type: rrtype, Alias: &estate.Alias{Name: a.DNS.Name, Zone: a.DNS.Zone}})
		}
	})
	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	if got := unchanged(t, w, k, "conflict", a, b); got[b.ARN].Err == nil || got[b.ARN].Serves {
		t.Errorf("without a reservation: %+v", got)
	}
	services(t, w, nil, b.ARN)
	unchanged(t, w, k, "conflict", b)
	services(t, w, []estate.LatticeService{b})
	if err := r.converge(t.Context(), w, reconcile.Options{Adopt: true}); err != nil {
		t.Fatal(err)
	}
	swept(t, k)
	equal(t, "adopted", leads(t, w), promised(w))
	services(t, w, nil, a.ARN, b.ARN)
	follow(t, k, a, b)
	equal(t, "gone", leads(t, w), promised(w))
}

// unrehearsed is a pass whose rehearsals cannot be made.
func unrehearsed(p process) *reconcile.Pass {
	out := *p.Pass
	out.Stage = func(context.Context, estate.Estate) (*reconcile.Stage, error) {
		return nil, errors.New("the twin cannot hold this")
	}
	return &out
}

// TestKeeperUnrehearsed: where a plan cannot be rehearsed, the names of services are
// kept all the same, and nothing else is done.
func TestKeeperUnrehearsed(t *testing.T) {
	r := lattices(t, 1)
	w := r.world()
	defer w.Clock.Enter()()
	a := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{a})
	k := reconcile.NewKeeper(unrehearsed(r.process(w, nil)))
	if s := faulty(t, k, "not-done"); len(s.Done) > 0 || len(leads(t, w)) > 0 {
		t.Errorf("before the names are reserved: %v", s.Done)
	}
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	edited(t, w, func(e *estate.Estate) {
		e.Records.Delete(estate.RecordKey(latticeZone, a.CustomDomain, "A", ""), estate.RecordKey(latticeZone, a.CustomDomain, "AAAA", ""))
	})
	if s := faulty(t, k, "not-done"); len(s.Done) != 2 {
		t.Errorf("repaired %v", s.Done)
	}
	equal(t, "repaired", leads(t, w), promised(w))
	swept(t, k) // nothing to rehearse
}

// TestServeUnrehearsed: a server takes events though its first sweep cannot rehearse.
func TestServeUnrehearsed(t *testing.T) {
	r := chained(lattices(t, 1), 1)
	w := r.world()
	defer w.Clock.Enter()()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	services(t, w, []estate.LatticeService{serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())})
	ready := false
	s := r.replica(t, w, func(s *event.Server) {
		s.Keeper, s.Ready = reconcile.NewKeeper(unrehearsed(r.process(w, nil))), func() { ready = true }
	})
	wait(t, w, time.Minute)
	equal(t, "swept", leads(t, w), promised(w))
	b := serviceOf(team(0), 2, "b.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{b})
	told(t, w, "ServiceCreated", b)
	wait(t, w, 5*time.Second)
	equal(t, "told", leads(t, w), promised(w))
	s.end(t)
	if n := s.notes.sweeps; !ready || len(n) != 1 || n[0].Err != nil || !n[0].Swept.Problems.HasErrors() {
		t.Errorf("ready %v, sweeps %+v", ready, n)
	}
}

// behind does something once after a query was answered, before the answer is had.
type behind struct {
	reconcile.Reader
	of estate.Query
	do func(answer estate.Estate)
}

func (b *behind) Read(ctx context.Context, q estate.Query) (func(*estate.Estate), error) {
	patch, err := b.Reader.Read(ctx, q)
	if do := b.do; do != nil && q == b.of {
		b.do = nil
		var answer estate.Estate
		patch(&answer)
		do(answer)
	}
	return patch, err
}

// unlisted refuses to list an account's services.
type unlisted struct {
	reconcile.Reader
	account estate.AccountID
}

func (u unlisted) Read(ctx context.Context, q estate.Query) (func(*estate.Estate), error) {
	if q.Kind == estate.QueryLatticeServices && q.Account == u.account {
		return nil, errors.New("not to be listed")
	}
	return u.Reader.Read(ctx, q)
}

// TestKeeperShared: a list of services holds those that others share. One that is
// gone by a later answer does not come back by it.
func TestKeeperShared(t *testing.T) {
	for _, listed := range []bool{true, false} {
		t.Run(fmt.Sprintf("listed by its owner %v", listed), func(t *testing.T) {
			r := lattices(t, 2)
			organized(&r.start, "lender", "borrower")
			w := r.world()
			defer w.Clock.Enter()()
			lent := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())
			services(t, w, []estate.LatticeService{lent})
			edited(t, w, func(e *estate.Estate) {
				e.Shares.Put(estate.Share{ARN: "arn:aws:ram:eu-west-1:" + string(team(0)) + ":resource-share/1", Account: team(0), Region: ireland, Name: "lent",
					Resources:  []estate.ShareMember{{ID: lent.ARN, Status: estate.ShareAssociated}},
					Principals: []estate.ShareMember{{ID: string(team(1)), Status: estate.ShareAssociated}}})
			})
			pass := *r.process(w, nil).Pass
			swept(t, reconcile.NewKeeper(&pass))
			after := &behind{Reader: pass.Ports.Reader, of: estate.Query{Kind: estate.QueryLatticeServices, Account: team(1), Region: ireland}}
			if pass.Ports.Reader = after; !listed {
				after.Reader = unlisted{after.Reader, team(0)}
			}
			k := reconcile.NewKeeper(&pass)
			swept(t, k)
			x, y := serviceOf(team(1), 2, "x.svc.corp.internal", w.Now()), serviceOf(team(1), 3, "y.svc.corp.internal", w.Now())
			services(t, w, []estate.LatticeService{x, y})
			after.do = func(e estate.Estate) {
				if _, has := e.LatticeServices.Get(lent.ARN); !has {
					t.Error("the list does not have what is shared")
				}
				services(t, w, nil, lent.ARN)
				follow(t, k, lent)
			}
			follow(t, k, x, y)
			again := serviceOf(team(0), 4, "a.svc.corp.internal", w.Now())
			services(t, w, []estate.LatticeService{again})
			got := follow(t, k, again)[again.ARN]
			if after.do != nil || got.Problem != nil || got.Serves != listed || (got.Err == nil) != listed {
				t.Errorf("made anew: %+v", got)
			}
			if listed {
				equal(t, "made anew", leads(t, w), promised(w))
			}
		})
	}
}

// TestLatticeStalePlan: a saved plan is refused once a service to which it writes an
// alias is going, gone or another one; what else happens in the zone does not matter.
func TestLatticeStalePlan(t *testing.T) {
	r := lattices(t, 2)
	w := r.world()
	defer w.Clock.Enter()()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	a := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{a})
	planned, err := r.process(w, nil).plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := planned.Save()
	if err != nil {
		t.Fatal(err)
	}
	saved, err := plan.Load(raw)
	if err != nil || len(saved.Changes) != 2 {
		t.Fatalf("saved %v, %v", saved, err)
	}
	stale := func(what string, want bool) {
		t.Helper()
		list, err := r.process(w, nil).Stale(t.Context(), saved, reconcile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := list.HasErrors(); got != want || want && (list[0].Code != "stale-plan" || list[0].Address != saved.Changes[0].Address || !strings.Contains(list[0].Detail, a.ARN)) {
			t.Errorf("%s: %v", what, list)
		}
	}
	services(t, w, []estate.LatticeService{serviceOf(team(0), 2, "b.svc.corp.internal", w.Now()), serviceOf(team(1), 3, "a.svc.corp.internal", w.Now())})
	edited(t, w, func(e *estate.Estate) {
		tagged := a
		tagged.Tags = estate.Tags{"team": "a"}
		e.LatticeServices.Put(tagged)
		e.Records.Put(estate.RecordSet{Zone: latticeZone, Name: dnsname.MustParse("c.corp.internal"), Type: "A", TTL: 60, Values: []string{"10.0.0.11"}})
	})
	stale("others come", false)
	going := a
	going.Status = estate.LatticeDeleting
	services(t, w, []estate.LatticeService{going})
	stale("it is going", true)
	services(t, w, nil, a.ARN)
	stale("it is gone", true)
	services(t, w, []estate.LatticeService{a})
	stale("as before", false)
	if err := r.process(w, nil).apply(t.Context(), planned); err != nil {
		t.Fatal(err)
	}
}

// TestKeeperPolicy: what the configuration rules out, no event does, and no sweep; what
// it does not is made beside it. Whoever tells of it is told why, once.
func TestKeeperPolicy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		changes        string
		deletes, moves bool // what it lets be done
	}{
		{"createOnly", false, false},
		{"noDeletes", false, true},
		{"all", true, true},
	} {
		t.Run(tt.changes, func(t *testing.T) {
			r := lattices(t, 1)
			r.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(latticesConfig(1, 0, "100%") + "policies: { changes: " + tt.changes + " }\n")}}, "orgdns.yaml")
			w := r.world()
			defer w.Clock.Enter()()
			gone, moved := serviceOf(team(0), 1, "gone.svc.corp.internal", w.Now()), serviceOf(team(0), 2, "moved.svc.corp.internal", w.Now())
			services(t, w, []estate.LatticeService{gone, moved})
			k := reconcile.NewKeeper(r.process(w, nil).Pass)
			swept(t, k)
			again := serviceOf(team(0), 3, "moved.svc.corp.internal", w.Now())
			fresh := serviceOf(team(0), 4, "fresh.svc.corp.internal", w.Now())
			missed := serviceOf(team(0), 5, "missed.svc.corp.internal", w.Now())
			services(t, w, []estate.LatticeService{again, fresh, missed}, gone.ARN, moved.ARN)
			want := promised(w)
			if !tt.moves {
				want["moved.svc.corp.internal"] = moved.DNS.Name.String()
			}
			if !tt.deletes {
				want["gone.svc.corp.internal"] = gone.DNS.Name.String()
			}
			unheard := maps.Clone(want)
			delete(unheard, "missed.svc.corp.internal")
			got := follow(t, k, gone, moved, again, fresh)
			equal(t, "told", leads(t, w), unheard)
			for arn, lets := range map[string]bool{gone.ARN: tt.deletes, moved.ARN: tt.moves, again.ARN: tt.moves, fresh.ARN: true} {
				f := got[arn]
				if f.Err != nil || lets != (f.Problem == nil) || lets != (len(f.Changes) == 2) || !lets && f.Problem.Code != "policy" {
					t.Errorf("%s: %+v", arn, f)
				}
			}
			for range 2 {
				s, err := k.Sweep(t.Context(), t.Context(), reconcile.Options{})
				if err != nil || s.Problems.HasErrors() == tt.deletes {
					t.Errorf("a sweep: %v, %v", err, s.Problems)
				}
				equal(t, "swept", leads(t, w), want)
			}
		})
	}
}
