package twintest

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Private zones at the size of their quotas.

var threeRegions = []estate.Region{"eu-west-1", "eu-central-1", "us-east-1"}

// crowd is a rig of one private zone and the VPCs of many accounts, each with
// as many in three Regions. The first account owns the zone, and its first VPC
// is the anchor.
func crowd(t testing.TB, accounts, vpcs int) rig {
	t.Helper()
	var y strings.Builder
	y.WriteString("owner: crowd\ndefaults: { role: orgdns, region: eu-west-1 }\naccounts:\n")
	var e estate.Estate
	admit(&e, management)
	for i := range accounts {
		fmt.Fprintf(&y, "  team%04d: { id: \"%s\", regions: [%s, %s, %s] }\n", i, team(i), threeRegions[0], threeRegions[1], threeRegions[2])
		admit(&e, team(i))
		for j := range vpcs {
			v := estate.VPC{
				ID: fmt.Sprintf("vpc-%08x%09x", i, j), Account: team(i), Region: threeRegions[j%len(threeRegions)],
				CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, DNSSupport: true, DNSHostnames: true, Tags: estate.Tags{"dns": "corp"},
			}
			if i == 0 && j == 0 {
				v.Tags = estate.Tags{"dns": "corp", "role": "anchor"}
			}
			e.VPCs.Put(v)
		}
	}
	y.WriteString("limits: { deletes: 100% }\nprivateZones:\n")
	y.WriteString("  - { domain: corp.internal, account: team0000, anchor: { tags: { role: anchor } }, vpcs: [{ tags: { dns: corp } }] }\n")
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(y.String())}}, "orgdns.yaml"), e}
}

func ownerOrGuests(id estate.AccountID) string {
	switch id {
	case management:
		return "management"
	case team(0):
		return "owner"
	}
	return "guests"
}

// quotaBound is how long AWS's buckets make the calls of a run take, were they
// empty when it began: of each account the slowest bucket, of all accounts the
// slowest (resolution.md, section 9).
func quotaBound(w *world.World) time.Duration {
	refill := map[string]float64{ // tokens a second, where it is not 10
		"AssociateVPCWithHostedZone": 5, "DisassociateVPCFromHostedZone": 5, "CreateHostedZone": 2, "DeleteHostedZone": 5,
		"DescribeVpcs": 20, "DescribeVpcAttribute": 20, // of each Region
	}
	tokens := map[string]float64{} // changes
	for _, op := range []string{"AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone", "CreateHostedZone", "DeleteHostedZone"} {
		tokens[op] = 2
	}
	requests, changes := map[estate.AccountID]float64{}, map[estate.AccountID]float64{}
	slowest := 0.0
	for _, c := range w.Calls() {
		rate := 10.0
		if r := refill[c.Operation]; r > 0 {
			rate = r
		}
		n := float64(c.Count - c.Throttled)
		switch c.Service {
		case "route53":
			requests[c.Account] += n
			changes[c.Account] += n * tokens[c.Operation]
			slowest = max(slowest, n/rate, requests[c.Account]/10, changes[c.Account]/100)
		case "ec2":
			slowest = max(slowest, n/float64(len(threeRegions))/rate)
		}
	}
	return time.Duration(slowest * float64(time.Second))
}

// TestThreeHundredVPCs: 300 VPCs of 50 accounts in three Regions, the anchor
// among them, associated with one zone from empty token buckets, with AWS's
// limits on a simulated clock. Calls on one zone are serial.
func TestThreeHundredVPCs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	r := crowd(t, 50, 6)
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
	planTook := time.Since(real)
	res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	took := w.Now().Sub(began)
	bound := quotaBound(w)
	if limit := bound * 12 / 10; took > limit {
		t.Errorf("plan and apply took %s of simulated time; the bound is %s, 1.2 times it %s", took, bound, limit)
	}
	for z := range w.Estate().Zones.All() {
		if len(z.VPCs) != 300 {
			t.Errorf("zone %s has %d VPCs", z.Name, len(z.VPCs))
		}
	}
	if n := w.Estate().Authorizations.Len(); n > 0 {
		t.Errorf("%d authorizations are left", n)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	t.Logf("simulated %s (bound %s), real %s of which plan %s, %d MB from the system",
		took, bound, time.Since(real).Round(time.Millisecond), planTook.Round(time.Millisecond), mem.Sys>>20)
	golden(t, "vpcs-calls.golden", "# plan and apply: calls\n"+callCounts(w, ownerOrGuests))

	w.ForgetCalls()
	again, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !again.Empty() {
		t.Fatalf("the second plan has %d changes, the first of them %s", len(again.Changes), again.Changes[0].Address)
	}
	golden(t, "vpcs-again.golden", "# a plan with nothing to do: calls\n"+callCounts(w, ownerOrGuests))
	var writes []string
	w.OnCall(func(e world.Event) {
		if e.Changed && e.Service != "sts" {
			writes = append(writes, e.Operation)
		}
	})
	if err := r.process(w, nil).run(t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	if len(writes) > 0 {
		t.Errorf("the second apply writes: %v", writes)
	}
}

// TestTooManyVPCs: beyond the quota of VPCs the plan refuses before anything is
// done, and names the ways out.
func TestTooManyVPCs(t *testing.T) {
	t.Parallel()
	r := crowd(t, 50, 6)
	one, _ := r.start.VPCs.Get("vpc-00000001000000000")
	one.ID = "vpc-00000001000000006"
	r.start.VPCs.Put(one)
	w := r.world()
	planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(planned.Diagnostics.Err())
	for _, want := range []string{"zone corp.internal would have 301 VPCs; the quota is 300", "a Route 53 Profile", "a higher quota"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// TestExchangeAtQuota: where the zone is full, a VPC that is let go makes room
// for another before that is associated.
func TestExchangeAtQuota(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	r := crowd(t, 50, 6)
	w := r.world()
	if err := r.process(w, nil).run(t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	e := w.Estate()
	gone, _ := e.VPCs.Get("vpc-00000001000000000")
	came := gone
	gone.Tags, came.ID = nil, "vpc-00000001000000006"
	e.VPCs.Put(gone, came)
	next := rig{r.cfg, e}
	w = next.world()
	if err := next.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	for z := range w.Estate().Zones.All() {
		if slices.Contains(z.VPCs, gone.Ref()) || !slices.Contains(z.VPCs, came.Ref()) || len(z.VPCs) != 300 {
			t.Errorf("zone %s has %d VPCs: %v", z.Name, len(z.VPCs), z.VPCs)
		}
	}
}

// phonebook is a rig of one private zone with n records, and as many changes of
// them as change makes: it is given the number of a record and answers with its
// name and address.
func phonebook(t testing.TB, n int, change func(i int) (name, address string)) rig {
	t.Helper()
	r := crowd(t, 1, 1)
	var y strings.Builder
	y.WriteString("owner: crowd\ndefaults: { role: orgdns, region: eu-west-1 }\naccounts:\n")
	fmt.Fprintf(&y, "  team0000: { id: \"%s\" }\n", team(0))
	y.WriteString("limits: { deletes: 100% }\nprivateZones:\n  - domain: corp.internal\n    account: team0000\n    anchor: { tags: { role: anchor } }\n    records:\n")
	for i := range n {
		name, address := entry(i)
		if change != nil {
			name, address = change(i)
		}
		if name == "" {
			continue
		}
		fmt.Fprintf(&y, "      - { name: %s, type: A, ttl: 1m, values: %s }\n", name, address)
	}
	r.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(y.String())}}, "orgdns.yaml")
	return r
}

func entry(i int) (name, address string) {
	return fmt.Sprintf("host-%05d", i), fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
}

// tenOf picks ten of 9,900, spread over all of them.
func tenOf(i int) bool { return i%990 == 7 }

// TestManyRecords: 9,900 records of one private zone, near its quota of 10,000.
// The zone is read once, in 34 pages; what changes goes into as few batches as
// limits and ledger allow.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const n = 9900
	w := phonebook(t, n, nil).world()
	// step plans and applies with full buckets, and gives the calls of both.
	step := func(name string, change func(int) (string, string)) string {
		t.Helper()
		w.Clock.(*clock.Virtual).Advance(time.Hour)
		loading, used := time.Now(), cpuTime()
		r := phonebook(t, n, change)
		began := time.Now()
		p := r.process(w, nil)
		w.ForgetCalls()
		planned, err := p.Plan(t.Context(), reconcile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := planned.Diagnostics.Err(); err != nil {
			t.Fatal(err)
		}
		configured, took := began.Sub(loading), time.Since(began)
		used = cpuTime() - used
		calls := "# " + name + ": calls of the plan\n" + callCounts(w, ownerOrGuests)
		w.ForgetCalls()
		res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Diagnostics.Err(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d changes; real time: configuration %s, plan %s; processors %s", name, len(planned.Changes),
			configured.Round(time.Millisecond), took.Round(time.Millisecond), used.Round(time.Millisecond))
		return calls + "# " + name + ": calls of the apply\n" + callCounts(w, ownerOrGuests)
	}
	var out strings.Builder
	out.WriteString(step("all are new", nil))
	out.WriteString(step("nothing to do", nil))
	out.WriteString(step("ten have another address", func(i int) (string, string) {
		name, address := entry(i)
		if tenOf(i) {
			address = fmt.Sprintf("10.200.0.%d", i/990)
		}
		return name, address
	}))
	out.WriteString(step("ten have another name", func(i int) (string, string) {
		name, address := entry(i)
		if tenOf(i) {
			name = fmt.Sprintf("other-%05d", i)
		}
		return name, address
	}))
	out.WriteString(step("all but ten go", func(i int) (string, string) {
		if name, address := entry(i); tenOf(i) {
			return name, address
		}
		return "", ""
	}))
	golden(t, "records-calls.golden", out.String())
}

// TestRecordQuota: a zone that would hold more than its quota is refused by
// name, before anything is done; where AWS granted more it is a warning.
func TestRecordQuota(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const n = 9979 // with NS, SOA and 19 ledger sets it holds 10,000
	plan := func(r rig) string {
		t.Helper()
		planned, err := r.process(r.world(), nil).Plan(t.Context(), reconcile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, d := range planned.Diagnostics {
			out = append(out, d.Severity.String()+": "+d.Summary)
		}
		return strings.Join(out, "\n")
	}
	if got, want := plan(phonebook(t, n, nil)), "warning: zone corp.internal will hold 10000 of 10000 records"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	if got, want := plan(phonebook(t, n+1, nil)), "error: zone corp.internal would hold 10001 records; the quota is 10000"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}

	w := phonebook(t, 1, nil).world()
	if err := phonebook(t, 1, nil).process(w, nil).run(t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	more := phonebook(t, n+1, nil)
	more.start = w.Estate()
	for z := range w.Estate().Zones.All() {
		more.start.Quotas.Put(estate.Quota{Account: z.Account, Code: "MAX_RRSETS_BY_ZONE", ID: z.ID, Value: 12000})
	}
	if got, want := plan(more), "warning: zone corp.internal will hold 10001 records: within its quota of 12000, but AWS charges for those above 10000"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

// BenchmarkManyRecords is a plan that changes ten of 9,900 records: reading the
// configuration and the zone, the rehearsal, and the answers.
func BenchmarkManyRecords(b *testing.B) {
	w := phonebook(b, 9900, nil).world()
	if err := phonebook(b, 9900, nil).process(w, nil).run(b.Context(), reconcile.Options{}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w.Clock.(*clock.Virtual).Advance(time.Hour)
		r := phonebook(b, 9900, func(i int) (string, string) {
			name, address := entry(i)
			if tenOf(i) {
				address = "10.200.0.1"
			}
			return name, address
		})
		if planned, err := r.process(w, nil).Plan(b.Context(), reconcile.Options{}); err != nil || len(planned.Changes) != 10 {
			b.Fatal(err)
		}
	}
}
