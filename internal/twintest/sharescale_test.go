package twintest

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/cli"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Shared endpoints at the size of a large organization.

var twoRegions = []estate.Region{"eu-west-1", "eu-central-1"}

// The large organization shares ten services with 1,000 VPCs of 200 accounts.
const (
	sharedServices = "ec2, ecr.api, ecr.dkr, kms, logs, monitoring, secretsmanager, sqs, ssm, sts"
	manyAccounts   = 200
	manyVPCs       = 1000
)

// large is a rig of that organization: the consumers in one organizational unit,
// half of their VPCs in each of two Regions, and in each a hub VPC, with which a
// Transit Gateway of the hub's account connects them already.
func large(t testing.TB, via string) rig {
	t.Helper()
	var e estate.Estate
	e.Organization = estate.Organization{ID: "o-large00001", Management: management, Root: "r-larg", TrustedServices: []string{"ram.amazonaws.com"}}
	e.Units.Put(estate.Unit{ID: "ou-larg-work0001", Name: "Workloads", Parent: "r-larg"}, estate.Unit{ID: "ou-larg-infr0001", Name: "Infrastructure", Parent: "r-larg"})
	member := func(id estate.AccountID, name, parent string) {
		admit(&e, id)
		e.Accounts.Put(estate.Account{ID: id, Name: name, Status: estate.AccountActive, Parent: parent})
	}
	member(management, "management", "r-larg")
	member(network, "network", "ou-larg-infr0001")
	for i := range manyAccounts {
		member(team(i), fmt.Sprintf("team%04d", i), "ou-larg-work0001")
	}
	for i, r := range twoRegions {
		e.TransitGateways.Put(estate.TransitGateway{ID: "tgw-" + string(r), Account: network, Region: r, State: "available", ASN: 64512,
			AssociationTable: "tgw-rtb-" + string(r), PropagationTable: "tgw-rtb-" + string(r), DNSSupport: true})
		e.TransitTables.Put(estate.TransitTable{ID: "tgw-rtb-" + string(r), Gateway: "tgw-" + string(r), Account: network, Region: r})
		connected(&e, manyVPCs+i, network, r, estate.Tags{"role": "shared-services"})
	}
	for i := range manyVPCs {
		connected(&e, i, team(i%manyAccounts), twoRegions[(i+i/manyAccounts)%2], estate.Tags{"dns": "corp"})
	}
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(largeConfig(via))}}, "orgdns.yaml"), e}
}

// largeConfig is its configuration.
func largeConfig(via string) string {
	return "owner: large\norganization: { access: { account: management, role: orgdns } }\ndefaults: { role: orgdns, region: eu-west-1 }\n" +
		"accounts:\n  management: { id: \"" + string(management) + "\" }\n  network: { id: \"" + string(network) + "\", regions: [eu-west-1, eu-central-1] }\n" +
		"endpointShares:\n  - name: shared\n    account: network\n    via: " + via + "\n    regions: [eu-west-1, eu-central-1]\n" +
		"    vpc: { tags: { role: shared-services } }\n    services: [" + sharedServices + "]\n" +
		"    consumers: { organizationalUnits: [Workloads], regions: [eu-west-1, eu-central-1], tags: { dns: corp } }\n"
}

// connected puts the n-th VPC into an estate, with two subnets, attached to the
// Transit Gateway of its Region and with routes there and back. Its range is the
// next of its Region's pool.
func connected(e *estate.Estate, n int, account estate.AccountID, r estate.Region, tags estate.Tags) {
	id := fmt.Sprintf("%017x", n+1)
	block := fmt.Sprintf("10.%d.%d", 64*slices.Index(twoRegions, r)+n/2/256, n/2%256)
	v := estate.VPC{ID: "vpc-" + id, Account: account, Region: r, CIDRs: []netip.Prefix{netip.MustParsePrefix(block + ".0/24")},
		DNSSupport: true, DNSHostnames: true, Tags: tags}
	e.VPCs.Put(v)
	var subnets []string
	for i, zone := range []string{"a", "b"} {
		s := estate.Subnet{ID: fmt.Sprintf("subnet-%016x%d", n+1, i), VPC: v.ID, Account: account, Region: r, Zone: string(r) + zone,
			CIDR: netip.MustParsePrefix(fmt.Sprintf("%s.%d/25", block, 128*i))}
		e.Subnets.Put(s)
		subnets = append(subnets, s.ID)
	}
	gateway := "tgw-" + string(r)
	e.TransitAttachments.Put(estate.TransitAttachment{ID: "tgw-attach-" + id, Gateway: gateway, Owner: network, Account: account, Region: r, VPC: v.ID,
		Subnets: subnets, State: estate.AttachmentAvailable, Table: "tgw-rtb-" + string(r)})
	e.RouteTables.Put(estate.RouteTable{ID: "rtb-" + id, Account: account, Region: r, VPC: v.ID, Main: true, Routes: []estate.Route{
		{To: v.CIDRs[0], Target: "local", State: estate.RouteActive, Origin: "CreateRouteTable"},
		{To: netip.MustParsePrefix("10.0.0.0/8"), Target: gateway, State: estate.RouteActive, Origin: "CreateRoute"},
	}})
	table, _ := e.TransitTables.Get("tgw-rtb-" + string(r))
	table.Propagating = append(slices.Clip(table.Propagating), "tgw-attach-"+id)
	table.Routes = append(slices.Clip(table.Routes), estate.TransitRoute{To: v.CIDRs[0], Attachment: "tgw-attach-" + id, Propagated: true, State: estate.RouteActive})
	e.TransitTables.Put(table)
}

// endpointsTake is how long ten CreateVpcEndpoint in a Region take: 0.3 a second
// (EC2 Developer Guide, ec2-api-throttling.html).
const endpointsTake = 10 * time.Second * 10 / 3

// shareBound is how long AWS makes it take to share ten services with VPCs, from
// empty buckets, by its quotas and times alone: nothing here is asked of the code.
// The hub's endpoints come one after another, and the last of them is what the
// rest waits for; what a consumer's account has to do, it does beside all others
// (slowest tells whether another bucket takes as long).
func shareBound(via string) time.Duration {
	const (
		endpointLife = 30 * time.Second // pending, before it is available; our guess, as are those of 5 seconds (docs/fidelity.md)
		carried      = 5 * time.Second  // by a Profile, or this by a VPC
		propagation  = 60 * time.Second // of a zone's records (Route 53 Developer Guide, "generally within 60 seconds")
		forwarded    = 5 * time.Second  // a rule by a VPC
	)
	if via == "profile" { // endpoint, what carries it, each VPC
		return endpointsTake + endpointLife + carried + carried
	}
	// The records need the endpoint's name alone, so it becomes available while
	// they propagate.
	return endpointsTake + propagation + forwarded
}

// shareQuotas are how many requests a second AWS lets an account make, in a Region
// where the service has those; with no operation, all of the service together
// (Route 53 Developer Guide, DNSLimitations.html and throttling-api-requests.html;
// EC2 Developer Guide, ec2-api-throttling.html).
var shareQuotas = map[[2]string]float64{
	{"route53", ""}: 10, {"route53", "CreateHostedZone"}: 2, {"route53", "AssociateVPCWithHostedZone"}: 5,
	{"route53resolver", ""}:       5,
	{"ec2", "CreateVpcEndpoint"}:  0.3,
	{"ec2", "ModifyVpcEndpoint"}:  0.3,
	{"ec2", "DeleteVpcEndpoints"}: 0.3,
}

// slowest is the bucket that takes longest for the calls of a world that change
// something.
func slowest(w *world.World) (which string, took time.Duration) {
	n := map[string]int{}
	rate := map[string]float64{}
	for _, c := range w.Calls() {
		if c.Reads() {
			continue
		}
		for _, op := range []string{"", c.Operation} {
			if r := shareQuotas[[2]string{c.Service, op}]; r > 0 {
				key := fmt.Sprint(c.Account, " ", c.Region, " ", c.Service, " ", op)
				n[key], rate[key] = n[key]+c.Count-c.Throttled, r
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(n)) {
		if d := time.Duration(float64(n[key]) / rate[key] * float64(time.Second)); d > took {
			which, took = key, d
		}
	}
	return which, took
}

// tally counts the calls of one step after another.
type tally struct {
	t     *testing.T
	steps []string
	calls map[string][]int // by who, service and operation; by step
}

// add takes the calls of a world, as callCounts has them, and forgets them there.
// That few were refused for their rate is held here.
func (c *tally) add(step string, w *world.World) {
	c.steps = append(c.steps, step)
	n, refused := 0, 0
	for _, call := range w.Calls() {
		key := fmt.Sprintf("%-10s %-15s %s", shareParty(call.Account), call.Service, call.Operation)
		row := append(c.calls[key], make([]int, len(c.steps)-len(c.calls[key]))...)
		row[len(row)-1] += call.Count - call.Throttled
		c.calls[key] = row
		n, refused = n+call.Count, refused+call.Throttled
	}
	w.ForgetCalls()
	if refused > 10+n/20 {
		c.t.Errorf("%s: %d of %d calls were refused for their rate", step, refused, n)
	}
	c.t.Logf("%s: %d calls, %d refused for their rate", step, n-refused, refused)
}

// String is a table with a column for each step.
func (c *tally) String() string {
	var b strings.Builder
	line := func(what string, cells []int) {
		row := fmt.Sprintf("%-67s", what)
		for i := range c.steps {
			cell := ""
			if i < len(cells) && cells[i] > 0 {
				cell = fmt.Sprint(cells[i])
			}
			row += fmt.Sprintf(" %6s", cell)
		}
		b.WriteString(strings.TrimRight(row, " ") + "\n")
	}
	for i, s := range c.steps {
		fmt.Fprintf(&b, "# %d: %s\n", i+1, s)
	}
	sum := make([]int, len(c.steps))
	for _, k := range slices.Sorted(maps.Keys(c.calls)) {
		line(k, c.calls[k])
		for i, n := range c.calls[k] {
			sum[i] += n
		}
	}
	line("together", sum)
	return b.String()
}

// TestThousandVPCs: 1,000 consumer VPCs in 200 accounts and two Regions get the
// names of ten services, from empty token buckets, with AWS's limits on a
// simulated clock. Then nothing is to be done; then one VPC more; then nothing.
func TestThousandVPCs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for _, via := range []string{"profile", "resolver"} {
		t.Run(via, func(t *testing.T) {
			r := large(t, via)
			w := r.world()
			w.Drain()
			calls := &tally{t: t, calls: map[string][]int{}}
			var which string // is the slowest bucket of the last apply
			var longest time.Duration
			step := func(what string, changes int) (simulated time.Duration) {
				t.Helper()
				began, real, used := w.Now(), time.Now(), cpuTime()
				p := r.process(w, nil)
				planned, err := p.Plan(t.Context(), reconcile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range planned.Diagnostics {
					if d.Severity != diag.Note {
						t.Fatalf("%s: %v: %s: %s", what, d.Severity, d.Summary, d.Detail)
					}
				}
				if len(planned.Changes) != changes {
					t.Fatalf("%s: %d changes, want %d", what, len(planned.Changes), changes)
				}
				calls.add(what+": plan", w)
				if changes > 0 {
					res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
					if err != nil {
						t.Fatal(err)
					}
					if err := res.Diagnostics.Err(); err != nil || !res.Complete() {
						t.Fatal(err, res.States)
					}
					which, longest = slowest(w)
					calls.add(what+": apply", w)
				}
				var mem runtime.MemStats
				runtime.ReadMemStats(&mem)
				simulated = w.Now().Sub(began)
				t.Logf("%s: %d changes; simulated %s, real %s, processor %s; %d MB from the system", what, changes, simulated.Round(100*time.Millisecond),
					time.Since(real).Round(10*time.Millisecond), (cpuTime() - used).Round(10*time.Millisecond), mem.Sys>>20)
				return simulated
			}
			all, more := 1046, 2 // of each Region group, Profile, share, ten endpoints that the Profile carries; an association for each VPC
			if via == "resolver" {
				all, more = 10112, 12
			}
			took, bound := step("1,000 VPCs", all), shareBound(via)
			if limit := bound * 12 / 10; took > limit {
				t.Errorf("plan and apply took %s of simulated time; the bound is %s, 1.2 times it %s", took, bound, limit)
			}
			if longest > endpointsTake+time.Millisecond {
				t.Errorf("what bounds the run is not the hub's endpoints, which take %s, but %s, which takes %s", endpointsTake, which, longest)
			}
			t.Logf("simulated %s, bound %s; slowest is %s, which takes %s", took.Round(100*time.Millisecond), bound, which, longest)
			step("nothing to do", 0)
			if err := w.Update(func(s *world.State) error {
				connected(&s.Estate, manyVPCs+len(twoRegions), team(0), twoRegions[0], estate.Tags{"dns": "corp"})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			step("one VPC more", more)
			step("nothing to do again", 0)
			golden(t, "share-thousand-"+via+".golden", calls.String())
		})
	}
}

// TestThousandVPCsCost: what each way to share costs that organization, as orgdns
// cost prints it: every sum, the date of the prices, and where they are from
// (docs/cost.md); the same by another table.
func TestThousandVPCsCost(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 200 accounts")
	}
	r := large(t, "profile")
	server, err := twin.Server{Listen: "127.0.0.1:0", Estate: r.start}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": string(management), "AWS_SECRET_ACCESS_KEY": world.AdministratorSecret,
		"AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "COLUMNS": "80", "NO_COLOR": "1",
	} {
		t.Setenv(k, v)
	}
	path := t.TempDir() + "/orgdns.yaml"
	if err := os.WriteFile(path, []byte(largeConfig("profile")), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"cost-thousand.golden":        nil,
		"cost-thousand-prices.golden": {"--prices", "testdata/prices.json"},
	} {
		var out, problems bytes.Buffer
		if code := cli.Run(cli.Streams{Out: &out, Err: &problems}, awsapi.Wall(), append([]string{"cost", "--config", path}, args...)); code != 0 {
			t.Fatalf("exit code %d: %s", code, problems.String())
		}
		golden(t, name, out.String())
	}
}

// BenchmarkThousandVPCs is a plan with nothing to do for that organization, in a
// process of its own: some 6,700 API calls through the SDK, and what is wanted
// held against what stands, 1,046 things by Profile and 10,112 by Resolver.
func BenchmarkThousandVPCs(b *testing.B) {
	for _, via := range []string{"profile", "resolver"} {
		b.Run(via, func(b *testing.B) {
			r := large(b, via)
			w := r.world()
			if err := r.process(w, nil).run(b.Context(), reconcile.Options{}); err != nil {
				b.Fatal(err)
			}
			calls := 0
			for b.Loop() {
				w.ForgetCalls()
				planned, err := r.process(w, nil).Plan(b.Context(), reconcile.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if !planned.Empty() {
					b.Fatalf("%d changes", len(planned.Changes))
				}
				calls = 0
				for _, c := range w.Calls() {
					calls += c.Count
				}
			}
			b.ReportMetric(float64(calls), "calls/op")
		})
	}
}
