package twintest

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// latticeRig is the rig of examples/lattice.
func latticeRig(t testing.TB) rig {
	t.Helper()
	return rig{loadConfig(t, examples.FS, "lattice"), loadEstate(t, "lattice/estate.json")}
}

// latticeComes puts a service into a world, made at its time.
func latticeComes(s *world.State, n int, account estate.AccountID, domain string, at time.Time) estate.LatticeService {
	id := fmt.Sprintf("svc-%017d", n)
	v := estate.LatticeService{
		ID: id, ARN: fmt.Sprintf("arn:aws:vpc-lattice:%s:%s:service/%s", ireland, account, id), Name: "s", Account: account, Region: ireland,
		Status: estate.LatticeActive, CustomDomain: dnsname.MustParse(domain), DNS: world.LatticeName(ireland, "s", id), Created: at,
	}
	s.Estate.LatticeServices.Put(v)
	s.NameLattice(v.ARN)
	return v
}

// latticeGoes takes the service of a custom domain out of a world.
func latticeGoes(s *world.State, domain string) {
	for v := range s.Estate.LatticeServices.By(estate.ByCustomDomain(dnsname.MustParse(domain))) {
		s.Estate.LatticeServices.Delete(v.ARN)
		s.Estate.Targets.Delete(estate.AliasTarget{Name: v.DNS.Name}.Key())
	}
}

// TestLatticeDomains: services come, change and go; a name answers in every
// consumer VPC as long as its service stands, and with that service's addresses.
func TestLatticeDomains(t *testing.T) {
	r := latticeRig(t)
	w := r.world()
	ctx := t.Context()
	answer := func(name, rrtype string) string {
		t.Helper()
		var out []string
		for _, vpc := range []string{"vpc-0333333333333333a", "vpc-0444444444444444a", "vpc-0444444444444444b"} {
			a := resolve.New(w.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: vpc}, dnsname.MustParse(name), rrtype)
			if s := a.String(); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		return strings.Join(out, " | ")
	}
	pass := func() *reconcile.Planned {
		t.Helper()
		if err := r.converge(ctx, w, reconcile.Options{}); err != nil {
			t.Fatal(err)
		}
		planned, err := r.process(w, nil).Plan(ctx, reconcile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return planned
	}
	update := func(f func(*world.State)) {
		t.Helper()
		if err := w.Update(func(s *world.State) error { f(s); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	is := func(name, want string) {
		t.Helper()
		if got := answer(name, "A"); got != want {
			t.Errorf("%s A is %s, want %s", name, got, want)
		}
	}
	addresses := func(name string) string {
		t.Helper()
		for v := range w.Estate().LatticeServices.By(estate.ByCustomDomain(dnsname.MustParse(name))) {
			for target := range w.Estate().Targets.By(estate.ByName(v.DNS.Name)) {
				return target.Addresses[0].String()
			}
		}
		t.Fatalf("no service has %s", name)
		return ""
	}

	before := form(t, w.Estate())
	is("orders.svc.corp.acme.internal", "NXDOMAIN")
	pass()
	is("orders.svc.corp.acme.internal", addresses("orders.svc.corp.acme.internal"))
	is("stock.svc.corp.acme.internal", addresses("stock.svc.corp.acme.internal"))
	is("ledger.pay.corp.acme.internal", addresses("ledger.pay.corp.acme.internal"))
	if got := answer("ledger.pay.corp.acme.internal", "AAAA"); !strings.HasPrefix(got, "fd00:ec2:80::") {
		t.Errorf("AAAA is %s", got)
	}
	verified, err := r.process(w, nil).Verify(ctx, reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, c := range verified.Checks {
		if !c.OK {
			t.Errorf("verify: %+v", c)
		}
		if strings.HasPrefix(c.Want, "what svc-") {
			asked++
		}
	}
	if asked != 2*(4+2) { // one name from the anchor and three VPCs, two names from one, A and AAAA
		t.Errorf("%d questions for services", asked)
	}

	// Another claims a name that is had, and one that it was not granted.
	update(func(s *world.State) {
		latticeComes(s, 1, "444444444444", "cart.svc.corp.acme.internal", w.Now())
		latticeComes(s, 2, "333333333333", "orders.svc.corp.acme.internal", w.Now())
		latticeComes(s, 3, "444444444444", "orders.svc.corp.acme.internal", w.Now())
	})
	planned := pass()
	is("cart.svc.corp.acme.internal", addresses("cart.svc.corp.acme.internal"))
	var told []string
	for _, d := range planned.Diagnostics {
		if d.Code == "not-granted" || d.Code == "name-taken" {
			told = append(told, d.Code+": "+d.Summary)
		}
	}
	want := []string{
		"name-taken: orders.svc.corp.acme.internal is claimed by service svc-00000000000000003 of account 444444444444 as well; service svc-0a1b2c3d4e5f60001 of account 444444444444 has it",
		"not-granted: service svc-00000000000000002 of account 333333333333 does not get the name orders.svc.corp.acme.internal: it was not granted to account 333333333333, but to others",
	}
	if slices.Sort(told); !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}

	r.cfg.Expect = nil // the names go with their services
	// The first goes: the second takes over. Another goes: its name is gone.
	first := answer("orders.svc.corp.acme.internal", "A")
	update(func(s *world.State) {
		arn := "arn:aws:vpc-lattice:eu-west-1:444444444444:service/svc-0a1b2c3d4e5f60001"
		v, _ := s.Estate.LatticeServices.Get(arn)
		s.Estate.LatticeServices.Delete(arn)
		s.Estate.Targets.Delete(estate.AliasTarget{Name: v.DNS.Name}.Key())
		latticeGoes(s, "ledger.pay.corp.acme.internal")
	})
	pass()
	if got := answer("orders.svc.corp.acme.internal", "A"); got == first || !strings.HasPrefix(got, "169.254.171.") {
		t.Errorf("after the takeover orders is %s, before it was %s", got, first)
	}
	is("ledger.pay.corp.acme.internal", "NXDOMAIN")

	// Drift is repaired, what others have at granted names is left alone.
	update(func(s *world.State) {
		for z := range s.Estate.Zones.By(estate.ByName(dnsname.MustParse("corp.acme.internal"))) {
			s.Estate.Records.Delete(estate.RecordKey(z.ID, dnsname.MustParse("cart.svc.corp.acme.internal"), "AAAA", ""))
			s.Estate.Records.Put(estate.RecordSet{Zone: z.ID, Name: dnsname.MustParse("cart.svc.corp.acme.internal"), Type: "TXT", TTL: 60, Values: []string{`"theirs"`}})
		}
	})
	pass()
	if got := answer("cart.svc.corp.acme.internal", "AAAA"); !strings.HasPrefix(got, "fd00:ec2:80::") {
		t.Errorf("drift was not repaired: AAAA is %s", got)
	}
	if got := answer("cart.svc.corp.acme.internal", "TXT"); got != `"theirs"` {
		t.Errorf("a record of others was touched: TXT is %s", got)
	}
	update(func(s *world.State) {
		for rec := range s.Estate.Records.All() {
			if rec.Type == "TXT" && rec.Values[0] == `"theirs"` {
				s.Estate.Records.Delete(rec.Key())
			}
		}
		s.Estate.LatticeServices, s.Estate.Targets = r.start.LatticeServices, estate.Table[estate.AliasTarget]{}
		for v := range r.start.LatticeServices.All() {
			s.NameLattice(v.ARN)
		}
	})
	if err := r.converge(ctx, w, reconcile.Options{Destroy: true}); err != nil {
		t.Fatal(err)
	}
	if after := form(t, w.Estate()); after != before {
		t.Errorf("destroy leaves something: %s", differs(before, after))
	}
}

// TestLatticeForeignZone: the zone is somebody else's, with records of theirs and
// aliases that stood before. Nothing is taken without --adopt, and with it no
// answer changes but that of a service which is gone.
func TestLatticeForeignZone(t *testing.T) {
	r := latticeRig(t)
	r.cfg.PrivateZones = nil
	const zone = "ZTHEIRS00000000000001"
	name := dnsname.MustParse("corp.acme.internal")
	r.start.Zones.Put(estate.Zone{ID: zone, Account: network, Name: name, Private: true, CallerReference: "by hand", RecordCount: 5,
		VPCs: []estate.VPCRef{{Region: ireland, ID: "vpc-0333333333333333a"}, {Region: ireland, ID: "vpc-0444444444444444a"}, {Region: "eu-central-1", ID: "vpc-0444444444444444b"}}})
	r.start.Records.Put(
		estate.RecordSet{Zone: zone, Name: name, Type: "NS", TTL: 172800, Values: []string{"ns-0.awsdns-00.com."}},
		estate.RecordSet{Zone: zone, Name: name, Type: "SOA", TTL: 900, Values: []string{"ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
		estate.RecordSet{Zone: zone, Name: dnsname.MustParse("db.svc.corp.acme.internal"), Type: "A", TTL: 60, Values: []string{"10.0.0.1"}},
	)
	gone := world.LatticeName(ireland, "gone", "svc-00000000000000009")
	orders, _ := r.start.LatticeServices.Get("arn:aws:vpc-lattice:eu-west-1:444444444444:service/svc-0a1b2c3d4e5f60001")
	alias := func(name string, to estate.LatticeName) {
		r.start.Records.Put(estate.RecordSet{Zone: zone, Name: dnsname.MustParse(name), Type: "A", Alias: &estate.Alias{Name: to.Name, Zone: to.Zone}})
	}
	alias("orders.svc.corp.acme.internal", orders.DNS)
	alias("gone.svc.corp.acme.internal", gone)
	w := r.world()
	ctx := t.Context()

	planned, err := r.process(w, nil).Plan(ctx, reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err == nil || !strings.Contains(err.Error(), "2 alias records to VPC Lattice stand already") {
		t.Fatalf("without --adopt: %v", err)
	}
	if err := r.converge(ctx, w, reconcile.Options{Adopt: true}); err != nil {
		t.Fatal(err)
	}
	ask := func(name, rrtype string) string {
		return resolve.New(w.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: "vpc-0333333333333333a"}, dnsname.MustParse(name), rrtype).String()
	}
	for q, want := range map[[2]string]string{
		{"db.svc.corp.acme.internal", "A"}:   "10.0.0.1",
		{"gone.svc.corp.acme.internal", "A"}: "NXDOMAIN",
	} {
		if got := ask(q[0], q[1]); got != want {
			t.Errorf("%s %s is %s, want %s", q[0], q[1], got, want)
		}
	}
	for _, rrtype := range []string{"A", "AAAA"} {
		if got := ask("orders.svc.corp.acme.internal", rrtype); strings.Contains(got, "N") {
			t.Errorf("orders %s is %s", rrtype, got)
		}
	}
	if err := r.converge(ctx, w, reconcile.Options{Destroy: true}); err != nil {
		t.Fatal(err)
	}
	left := 0
	for rec := range w.Estate().Records.Prefix(estate.RecordsOf(zone)) {
		left++
		if plan.IsLattice(rec) || plan.IsLedger(rec) {
			t.Errorf("destroy leaves %s %s", rec.Name, rec.Type)
		}
	}
	if left != 3 {
		t.Errorf("destroy leaves %d records, want the three of others", left)
	}
}

// TestGuidanceTakeover: a zone with 400 records and an installation of AWS's
// guidance, its aliases and its tags, is taken over. No answer changes at any call,
// its tags go, and what it wrote for services that are gone goes, too.
func TestGuidanceTakeover(t *testing.T) {
	t.Parallel()
	r := latticeCrowd(t, 40, 0)
	z, _ := r.start.Zones.Get("ZCROWD")
	z.Tags = estate.Tags{"team": "network"}
	names := map[string]string{} // by name, the answer
	for i := range 400 {
		name := dnsname.MustParse(fmt.Sprintf("h%03d.corp.test", i))
		r.start.Records.Put(estate.RecordSet{Zone: z.ID, Name: name, Type: "A", TTL: 60, Values: []string{fmt.Sprintf("10.0.1.%d", i%250)}})
		names[name.String()] = ""
	}
	n := 0
	for s := range r.start.LatticeServices.All() {
		for _, rrtype := range []string{"A", "AAAA"} {
			r.start.Records.Put(estate.RecordSet{Zone: z.ID, Name: s.CustomDomain, Type: rrtype, Alias: &estate.Alias{Name: s.DNS.Name, Zone: s.DNS.Zone, EvaluateTargetHealth: true}})
		}
		if n++; n <= 30 { // no more tags fit
			z.Tags[s.ARN] = s.CustomDomain.String()
		}
		names[s.CustomDomain.String()] = ""
	}
	gone := world.LatticeName(ireland, "s", "svc-0000000000000aaaa")
	r.start.Records.Put(estate.RecordSet{Zone: z.ID, Name: dnsname.MustParse("gone.team0001.corp.test"), Type: "A", Alias: &estate.Alias{Name: gone.Name, Zone: gone.Zone}})
	r.start.Zones.Put(z)

	w := r.world()
	answers := func(e estate.Estate) string {
		from := resolve.New(e, resolve.DefaultPolicy)
		var out strings.Builder
		for _, name := range slices.Sorted(maps.Keys(names)) {
			for _, rrtype := range []string{"A", "AAAA"} {
				fmt.Fprintln(&out, name, rrtype, from.Resolve(resolve.Vantage{VPC: "vpc-0444444444444444a"}, dnsname.MustParse(name), rrtype))
			}
		}
		return out.String()
	}
	before := answers(w.Estate())
	if strings.Count(before, "169.254.171.") != 40 {
		t.Fatal("the guidance's records do not answer")
	}
	var mu sync.Mutex
	changed := ""
	w.OnCall(func(e world.Event) {
		mu.Lock()
		defer mu.Unlock()
		if after := answers(w.Estate()); e.Changed && after != before && changed == "" {
			changed = e.Operation + ": " + differs(before, after)
		}
	})
	o := reconcile.Options{Adopt: true, CleanupGuidance: true}
	if err := r.converge(t.Context(), w, o); err != nil {
		t.Fatal(err)
	}
	if changed != "" {
		t.Errorf("an answer changed: %s", changed)
	}
	z, _ = w.Estate().Zones.Get("ZCROWD")
	if len(z.Tags) != 1 || z.Tags["team"] != "network" {
		t.Errorf("tags that stay: %v", z.Tags)
	}
	if _, stands := w.Estate().Records.Get(estate.RecordKey(z.ID, dnsname.MustParse("gone.team0001.corp.test"), "A", "")); stands {
		t.Error("the record of a service that is gone stays")
	}
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil { // without the flags
		t.Fatal(err)
	}
}

// latticeChanges lets a service come, another go, and a third claim the name of a
// fourth, which goes.
func latticeChanges(s *world.State) error {
	latticeGoes(s, "orders.svc.corp.acme.internal")
	latticeGoes(s, "stock.svc.corp.acme.internal")
	latticeComes(s, 1, "444444444444", "orders.svc.corp.acme.internal", start)
	latticeComes(s, 2, "333333333333", "pay.corp.acme.internal", start)
	return nil
}

// latticeCrowd is a rig of n services of 20 accounts in one zone of somebody
// else's, whose quota of records is given.
func latticeCrowd(t testing.TB, n int, quota int64) rig {
	t.Helper()
	const accounts = 20
	var y strings.Builder
	y.WriteString("owner: crowd\ndefaults: { role: orgdns, region: eu-west-1 }\naccounts:\n  net: { id: \"" + string(parent) + "\" }\n")
	for i := range accounts {
		fmt.Fprintf(&y, "  team%04d: { id: \"%s\" }\n", i, team(i))
	}
	y.WriteString("limits: { deletes: 100% }\nlatticeDomains:\n  - zone: corp.test\n    account: net\n    grants:\n")
	for i := range accounts {
		fmt.Fprintf(&y, "      - { account: team%04d, names: \"*.team%04d.corp.test\" }\n", i, i)
	}
	var e estate.Estate
	admit(&e, management)
	admit(&e, parent)
	name := dnsname.MustParse("corp.test")
	z := estate.Zone{ID: "ZCROWD", Account: parent, Name: name, Private: true, CallerReference: "by hand", RecordCount: 2, VPCs: []estate.VPCRef{{Region: ireland, ID: "vpc-0444444444444444a"}}}
	e.Zones.Put(z)
	e.VPCs.Put(estate.VPC{ID: "vpc-0444444444444444a", Account: parent, Region: ireland, DNSSupport: true, DNSHostnames: true})
	e.Records.Put(
		estate.RecordSet{Zone: z.ID, Name: name, Type: "NS", TTL: 172800, Values: []string{"ns-0.awsdns-00.com."}},
		estate.RecordSet{Zone: z.ID, Name: name, Type: "SOA", TTL: 900, Values: []string{"ns-0.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
	)
	if quota > 0 {
		e.Quotas.Put(estate.Quota{Account: parent, Code: "MAX_RRSETS_BY_ZONE", ID: z.ID, Value: quota})
	}
	s := &world.State{Estate: e}
	for i := range accounts {
		admit(&s.Estate, team(i))
	}
	for i := range n {
		latticeComes(s, i, team(i%accounts), fmt.Sprintf("s%05d.team%04d.corp.test", i, i%accounts), start.Add(time.Duration(i)*time.Millisecond))
	}
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(y.String())}}, "orgdns.yaml"), s.Estate}
}

func crowdParty(id estate.AccountID) string {
	switch id {
	case management:
		return "management"
	case parent:
		return "network"
	}
	return "spokes"
}

// TestLatticeSweepScale: 10,000 services that nobody told of are found and named in
// one pass, from empty token buckets; then one that went is taken out.
func TestLatticeSweepScale(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const n = 10_000
	r := latticeCrowd(t, n, 22_000)
	w := r.world()
	w.Drain()
	began, real := w.Now(), time.Now()
	p := r.process(w, nil)
	planned, err := p.Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Code == "quota" && strings.Contains(d.Summary, "will hold 20002 of 22000 records")
	}) {
		t.Errorf("no warning above 80 %%: %v", planned.Diagnostics)
	}
	res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	took := w.Now().Sub(began)
	// The bound: two changes a service and the ledger's set, at 100 a second.
	const bound = (2*n + 1) * time.Second / 100
	if limit := bound * 11 / 10; took > limit {
		t.Errorf("plan and apply took %s of simulated time; the bound is %s, 1.1 times it %s", took, bound, limit)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	t.Logf("simulated %s (bound %s), real %s, %d MB from the system", took, bound, time.Since(real).Round(time.Millisecond), mem.Sys>>20)
	golden(t, "lattice-sweep.golden", "# 10,000 services found by a pass: calls\n"+callCounts(w, crowdParty))
	w.ForgetCalls()
	again, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !again.Empty() {
		t.Fatalf("the second plan has %d changes", len(again.Changes))
	}
	golden(t, "lattice-sweep-again.golden", "# a pass with nothing to do: calls\n"+callCounts(w, crowdParty))
}

// TestLatticeFullZone: with the default quota of 10,000 records the youngest get
// none, and are told by name.
func TestLatticeFullZone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	r := latticeCrowd(t, 5010, 0)
	w := r.world()
	if err := r.process(w, nil).run(t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Code == "quota" && strings.Contains(d.Summary, "has no room for")
	})
	if i < 0 || !strings.Contains(planned.Diagnostics[i].Detail, "s05009.team0009.corp.test (service svc-00000000000005009 of account "+string(team(9))+")") || strings.Contains(planned.Diagnostics[i].Detail, "s04990") {
		t.Errorf("what has no room is not told: %v", planned.Diagnostics)
	}
	if !planned.Empty() {
		t.Errorf("the second plan has %d changes", len(planned.Changes))
	}
}

// TestLatticeShared: the services of accounts that give orgdns no role are read where
// they are shared, in a pass and for an event; of many such accounts a list is not read
// for each; and what is not shared any more has no name.
func TestLatticeShared(t *testing.T) {
	t.Parallel()
	const teams = 40
	r := lattices(t, teams)
	r.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(strings.Replace(latticesConfig(teams, 0, "100%"), "grants: [{ ", "grants: [{ shared: true, ", 1))}}, "orgdns.yaml")
	var names []string
	for i := range teams {
		names = append(names, fmt.Sprintf("team%04d", i))
		r.start.Roles.Delete(fmt.Sprintf("arn:aws:iam::%s:role/orgdns", team(i)))
	}
	organized(&r.start, names...)
	w := r.world()
	defer w.Clock.Enter()()
	share := func(v estate.LatticeService) {
		services(t, w, []estate.LatticeService{v})
		edited(t, w, func(e *estate.Estate) {
			e.Shares.Put(estate.Share{ARN: "arn:aws:ram:eu-west-1:" + string(v.Account) + ":resource-share/" + v.ID, Account: v.Account, Region: ireland, Name: v.ID,
				Resources:  []estate.ShareMember{{ID: v.ARN, Status: estate.ShareAssociated}},
				Principals: []estate.ShareMember{{ID: string(network), Status: estate.ShareAssociated}}})
		})
	}
	var list []estate.LatticeService
	for i := range teams {
		v := serviceOf(team(i), i, fmt.Sprintf("s%d.svc.corp.internal", i), w.Now())
		list = append(list, v)
		share(v)
	}
	hidden := serviceOf(team(0), 500, "hidden.svc.corp.internal", w.Now()) // not shared
	services(t, w, []estate.LatticeService{hidden})
	if err := r.process(w, nil).run(t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	equal(t, "shared", leads(t, w), promisedOf(list))
	w.ForgetCalls()
	again, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	noErr(t, err)
	if !again.Empty() || len(again.Diagnostics) > 0 {
		t.Errorf("the second plan: %v, %v", again.Changes, again.Diagnostics)
	}
	lists := 0
	for _, c := range w.Calls() {
		if c.Operation == "ListServices" {
			lists += c.Count
		}
		if c.Account != management && c.Account != network {
			t.Errorf("%s was asked of account %s", c.Operation, c.Account)
		}
		if c.Operation == "AssumeRole" && c.Count > 4 {
			t.Errorf("%d roles were assumed", c.Count)
		}
	}
	if lists > teams/3 { // those that are under way at once share one
		t.Errorf("%d lists of %d accounts that share with one", lists, teams)
	}

	k := reconcile.NewKeeper(r.process(w, nil).Pass)
	swept(t, k)
	late := serviceOf(team(1), 501, "late.svc.corp.internal", w.Now())
	share(late)
	if got := follow(t, k, late)[late.ARN]; got.Err != nil || !got.Serves {
		t.Errorf("an event of what is shared: %+v", got)
	}
	equal(t, "late", leads(t, w), promisedOf(append(list, late)))
	edited(t, w, func(e *estate.Estate) {
		e.Shares.Delete("arn:aws:ram:eu-west-1:" + string(team(1)) + ":resource-share/" + late.ID)
	})
	if got := follow(t, k, late)[late.ARN]; got.Err != nil || got.Serves {
		t.Errorf("an event of what is shared no more: %+v", got)
	}
	equal(t, "shared no more", leads(t, w), promisedOf(list))
}
