package twintest

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Shared endpoints at the size of a large organization.

var twoRegions = []estate.Region{"eu-west-1", "eu-central-1"}

// sharedServices are the ten that the large organization shares.
const sharedServices = "ec2, ecr.api, ecr.dkr, kms, logs, monitoring, secretsmanager, sqs, ssm, sts"

// large is a rig of vpcs consumer VPCs of accounts in one organizational
// unit, in two Regions alternately, and a hub VPC in each. A Transit Gateway of
// the hub's account connects them already.
func large(t testing.TB, via string, accounts, vpcs int) rig {
	t.Helper()
	y := "owner: large\norganization: { access: { account: management, role: orgdns } }\ndefaults: { role: orgdns, region: eu-west-1 }\n" +
		"accounts:\n  management: { id: \"" + string(management) + "\" }\n  network: { id: \"" + string(network) + "\", regions: [eu-west-1, eu-central-1] }\n" +
		"endpointShares:\n  - name: shared\n    account: network\n    via: " + via + "\n    regions: [eu-west-1, eu-central-1]\n" +
		"    vpc: { tags: { role: shared-services } }\n    services: [" + sharedServices + "]\n" +
		"    consumers: { organizationalUnits: [Workloads], regions: [eu-west-1, eu-central-1], tags: { dns: corp } }\n"
	var e estate.Estate
	e.Organization = estate.Organization{ID: "o-large00001", Management: management, Root: "r-larg", TrustedServices: []string{"ram.amazonaws.com"}}
	e.Units.Put(estate.Unit{ID: "ou-larg-work0001", Name: "Workloads", Parent: "r-larg"}, estate.Unit{ID: "ou-larg-infr0001", Name: "Infrastructure", Parent: "r-larg"})
	member := func(id estate.AccountID, name, parent string) {
		admit(&e, id)
		e.Accounts.Put(estate.Account{ID: id, Name: name, Status: estate.AccountActive, Parent: parent})
	}
	member(management, "management", "r-larg")
	member(network, "network", "ou-larg-infr0001")
	n := 0
	vpc := func(account estate.AccountID, r estate.Region, tags estate.Tags) {
		id := fmt.Sprintf("%017x", n+1)
		v := estate.VPC{ID: "vpc-" + id, Account: account, Region: r, CIDRs: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/24", n/256, n%256))},
			DNSSupport: true, DNSHostnames: true, Tags: tags}
		e.VPCs.Put(v)
		var subnets []string
		for i, zone := range []string{"a", "b"} {
			s := estate.Subnet{ID: fmt.Sprintf("subnet-%016x%d", n+1, i), VPC: v.ID, Account: account, Region: r, Zone: string(r) + zone,
				CIDR: netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.%d/25", n/256, n%256, 128*i))}
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
		table.Propagating = append(table.Propagating, "tgw-attach-"+id)
		table.Routes = append(table.Routes, estate.TransitRoute{To: v.CIDRs[0], Attachment: "tgw-attach-" + id, Propagated: true, State: estate.RouteActive})
		e.TransitTables.Put(table)
		n++
	}
	for _, r := range twoRegions {
		e.TransitGateways.Put(estate.TransitGateway{ID: "tgw-" + string(r), Account: network, Region: r, State: "available", ASN: 64512,
			AssociationTable: "tgw-rtb-" + string(r), PropagationTable: "tgw-rtb-" + string(r), DNSSupport: true})
		e.TransitTables.Put(estate.TransitTable{ID: "tgw-rtb-" + string(r), Gateway: "tgw-" + string(r), Account: network, Region: r})
		vpc(network, r, estate.Tags{"role": "shared-services"})
	}
	for i := range accounts {
		member(team(i), fmt.Sprintf("team%04d", i), "ou-larg-work0001")
	}
	for i := range vpcs {
		vpc(team(i%accounts), twoRegions[i/accounts%2], estate.Tags{"dns": "corp"})
	}
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(y)}}, "orgdns.yaml"), e}
}

// shareBound is how long AWS makes it take to share ten services with VPCs, of
// which an account has at most perAccount in a Region, from empty buckets. The
// hub's endpoints come one after another, and the last of them is what the rest
// waits for; what a consumer's account has to do, it does beside all others.
func shareBound(via string, perAccount int) time.Duration {
	const (
		services     = 10
		endpoints    = services * time.Second * 10 / 3 // CreateVpcEndpoint: 0.3 a second
		endpointLife = 30 * time.Second                // pending, before it is available; see ec2.endpointComes
		propagation  = 60 * time.Second                // of a zone's records
		associated   = 5 * time.Second                 // what a Profile carries, and a Profile or a rule on a VPC; see profiles.Delay
	)
	if via == "profile" { // endpoint, what carries it, each VPC
		return endpoints + endpointLife + associated + associated
	}
	// Resolver: 5 requests a second for an association of each rule with each
	// VPC, a list before and one after. The records need the endpoint's name
	// alone, so it becomes available while they propagate.
	requests := time.Duration(services*perAccount+2) * time.Second / 5
	return max(endpoints+propagation, requests) + associated
}

// TestThousandVPCs: 1,000 consumer VPCs in 200 accounts and two Regions get the
// names of ten services, from empty token buckets, with AWS's limits on a
// simulated clock. Then nothing is to be done, and then one VPC more.
func TestThousandVPCs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, via := range []string{"profile", "resolver"} {
		t.Run(via, func(t *testing.T) {
			r := large(t, via, 200, 1000)
			w := r.world()
			w.Drain()
			var calls strings.Builder
			step := func(what string, empty bool) (simulated time.Duration) {
				t.Helper()
				w.ForgetCalls()
				began, real := w.Now(), time.Now()
				p := rig{r.cfg, w.Estate()}.process(w, nil)
				planned, err := p.Plan(t.Context(), reconcile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range planned.Diagnostics {
					if d.Severity != diag.Note {
						t.Fatalf("%s: %v: %s: %s", what, d.Severity, d.Summary, d.Detail)
					}
				}
				if planned.Empty() != empty {
					t.Fatalf("%s: %d changes", what, len(planned.Changes))
				}
				plan := time.Since(real)
				fmt.Fprintf(&calls, "# %s, %d changes: calls of the plan\n%s", what, len(planned.Changes), callCounts(w, shareParty))
				w.ForgetCalls()
				if !empty {
					res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
					if err != nil {
						t.Fatal(err)
					}
					if err := res.Diagnostics.Err(); err != nil || !res.Complete() {
						t.Fatal(err, res.States)
					}
					fmt.Fprintf(&calls, "# %s: calls of the apply\n%s", what, callCounts(w, shareParty))
				}
				var mem runtime.MemStats
				runtime.ReadMemStats(&mem)
				simulated = w.Now().Sub(began)
				t.Logf("%s: %d changes; simulated %s; real time: plan %s, all %s; %d MB from the system", what, len(planned.Changes), simulated,
					plan.Round(time.Millisecond), time.Since(real).Round(time.Millisecond), mem.Sys>>20)
				return simulated
			}
			simulated := step("1,000 VPCs", false)
			bound := shareBound(via, 3)
			if limit := bound * 12 / 10; simulated > limit {
				t.Errorf("plan and apply took %s of simulated time; the bound is %s, 1.2 times it %s", simulated, bound, limit)
			}
			step("nothing to do", true)
			more := large(t, via, 200, 1001)
			e := w.Estate()
			for v := range more.start.VPCs.All() {
				if _, known := e.VPCs.Get(v.ID); !known {
					w = oneMore(w, more.start, v.ID)
				}
			}
			step("one VPC more", false)
			step("nothing to do again", true)
			golden(t, "share-thousand-"+via+".golden", calls.String())
		})
	}
}

// oneMore is a world with a VPC more, and its network.
func oneMore(w *world.World, all estate.Estate, id string) *world.World {
	e := w.Estate()
	v, _ := all.VPCs.Get(id)
	e.VPCs.Put(v)
	for s := range all.Subnets.By("vpc/" + id) {
		e.Subnets.Put(s)
	}
	for a := range all.TransitAttachments.By(estate.ByVPC(id)) {
		e.TransitAttachments.Put(a)
	}
	for r := range all.RouteTables.By(estate.ByVPC(id)) {
		e.RouteTables.Put(r)
	}
	for table := range all.TransitTables.All() {
		e.TransitTables.Put(table)
	}
	next := world.New(clock.NewVirtual(w.Now().Add(time.Hour)), e)
	next.Limits = true
	return next
}
