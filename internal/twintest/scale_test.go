package twintest

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// many is a rig of n delegations from one zone to n accounts. Names have at
// most 40 characters (settled point 14).
func many(t testing.TB, n int) rig {
	t.Helper()
	var y strings.Builder
	y.WriteString("owner: many\ndefaults: { role: orgdns, region: eu-west-1 }\naccounts:\n  dns: { id: \"111111111111\" }\n")
	for i := range n {
		fmt.Fprintf(&y, "  team%04d: { id: \"%s\" }\n", i, team(i))
	}
	y.WriteString("limits: { deletes: 100% }\ndelegations:\n")
	for i := range n {
		fmt.Fprintf(&y, "  - { domain: team%04d.example.com, parent: dns, child: team%04d }\n", i, i)
	}
	cfg := loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(y.String())}}, "orgdns.yaml")

	var e estate.Estate
	zone := dnsname.MustParse("example.com")
	z := estate.Zone{ID: "ZPARENT", Account: parent, Name: zone, CallerReference: "by hand", RecordCount: 2}
	var servers []string
	for i, tld := range []string{"com", "net", "org", "co.uk"} {
		ns := fmt.Sprintf("ns-%d.awsdns-%02d.%s", 100+512*i, i, tld)
		z.NameServers, servers = append(z.NameServers, dnsname.MustParse(ns)), append(servers, ns+".")
	}
	e.Zones.Put(z)
	e.Records.Put(
		estate.RecordSet{Zone: z.ID, Name: zone, Type: "NS", TTL: 172800, Values: servers},
		estate.RecordSet{Zone: z.ID, Name: zone, Type: "SOA", TTL: 900, Values: []string{servers[0] + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
	)
	admit(&e, management)
	admit(&e, parent)
	for i := range n {
		admit(&e, team(i))
	}
	return rig{cfg, e}
}

func team(i int) estate.AccountID { return estate.AccountID(fmt.Sprintf("5%011d", i)) }

// admit gives an account its orgdns role.
func admit(e *estate.Estate, id estate.AccountID) {
	e.Accounts.Put(estate.Account{ID: id, Status: estate.AccountActive})
	e.Roles.Put(estate.Role{
		ARN: fmt.Sprintf("arn:aws:iam::%s:role/orgdns", id), ID: "AROA" + string(id), Account: id, Path: "/", Name: "orgdns", MaxSession: 3600,
		Trust:  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000001:root"},"Action":"sts:AssumeRole"}]}`,
		Inline: map[string]string{"all": everything},
	})
}

func who(id estate.AccountID) string {
	switch id {
	case management:
		return "management"
	case parent:
		return "parent"
	}
	return "children"
}

// TestThousand: 1,000 delegations from one parent to 1,000 accounts, from empty
// token buckets, with AWS's limits on a simulated clock.
func TestThousand(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const n = 1000
	r := many(t, n)
	w := r.world()
	w.Drain()
	began, real := w.Now(), time.Now()
	var changes, tokens int
	last := w.Estate()
	w.OnCall(func(e world.Event) {
		if e.Account == parent && e.Operation == "ChangeResourceRecordSets" {
			changes++
			tokens += tokensOf(last, w.Estate())
			last = w.Estate()
		}
	})
	p := r.process(w, nil)
	planned, err := p.Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	if got := len(planned.Changes); got != 2*n {
		t.Fatalf("%d changes, want a zone and an NS record for each", got)
	}
	res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	took := w.Now().Sub(began)

	// The bound. Children work side by side, each with a bucket of its own:
	// one CreateHostedZone (2 requests a second; the least rate of its calls)
	// and its INSYNC. Then the parent writes an NS record each and the ledger
	// sets, one change each at 100 a second, for which its bucket has filled
	// since the beginning.
	const propagation = 60 * time.Second
	create := time.Second / 2
	ledger := 4
	filled := time.Duration(n+ledger) * time.Second / 100
	bound := max(create+propagation, filled)
	if limit := bound * 12 / 10; took > limit {
		t.Errorf("plan and apply took %s of simulated time; the bound is %s, 1.2 times it %s", took, bound, limit)
	}
	if changes > 8 {
		t.Errorf("%d write calls in the parent account, at most 8 are allowed", changes)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	t.Logf("simulated %s (bound %s), real %s, %d MB from the system", took, bound, time.Since(real).Round(time.Millisecond), mem.Sys>>20)
	golden(t, "thousand-calls.golden", fmt.Sprintf("# plan and apply: calls\n%s# change tokens in the parent: %d\n", callCounts(w, who), tokens))

	w.ForgetCalls()
	again, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !again.Empty() {
		t.Fatalf("the second plan has %d changes", len(again.Changes))
	}
	golden(t, "thousand-again.golden", "# a plan with nothing to do: calls\n"+callCounts(w, who))
}

// tokensOf counts the change tokens that a batch in the parent zone has cost, by
// what it left: one for each CREATE and each DELETE.
func tokensOf(before, after estate.Estate) int {
	n := 0
	for r := range after.Records.Prefix(estate.RecordsOf("ZPARENT")) {
		if old, stood := before.Records.Get(r.Key()); !stood {
			n++
		} else if !old.Same(r) {
			n += 2
		}
	}
	for r := range before.Records.Prefix(estate.RecordsOf("ZPARENT")) {
		if _, stands := after.Records.Get(r.Key()); !stands {
			n++
		}
	}
	return n
}

// BenchmarkThousand is the whole of TestThousand's plan and apply: some 17,000
// API calls through the SDK, two runs of the executor.
func BenchmarkThousand(b *testing.B) {
	r := many(b, 1000)
	for b.Loop() {
		w := world.New(clock.NewVirtual(start), r.start)
		w.Limits = true
		if err := r.process(w, nil).run(b.Context(), reconcile.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
