package twintest

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

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

// The walk from one mechanism to the next: 5 services, 20 consumer VPCs of 5
// accounts.

const (
	walkHub      = estate.AccountID("222222222222")
	walkHubVPC   = "vpc-0222222222222200a"
	walkAccounts = 5
	walkVPCs     = 4 // of an account
)

var walkServices = []string{"ec2", "sts", "kms", "sqs", "logs"}

func walkAccount(i int) estate.AccountID { return estate.AccountID(fmt.Sprintf("30000000000%d", i)) }

// walkEstate is a hub and the consumers, with nothing made yet.
func walkEstate() estate.Estate {
	var e estate.Estate
	e.Organization = estate.Organization{
		ID: "o-walkexample", ARN: "arn:aws:organizations::" + string(management) + ":organization/o-walkexample",
		Management: management, Root: "r-walk", TrustedServices: []string{"ram.amazonaws.com"},
	}
	admin := func(id estate.AccountID, name string) {
		e.Roles.Put(estate.Role{
			ARN: "arn:aws:iam::" + string(id) + ":role/" + name, ID: "AROA" + string(id) + "00" + strings.ToUpper(name[:3]), Account: id, Path: "/", Name: name, MaxSession: 3600,
			Trust:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + string(management) + `:root"},"Action":"sts:AssumeRole"}]}`,
			Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Inline: map[string]string{}, Created: start,
		})
	}
	account := func(id estate.AccountID, name string) {
		e.Accounts.Put(estate.Account{ID: id, Name: name, Email: name + "@example.com", Status: estate.AccountActive, Parent: "r-walk"})
		admin(id, "orgdns")
	}
	vpc := func(id string, owner estate.AccountID, n int, tags estate.Tags) {
		e.VPCs.Put(estate.VPC{ID: id, Account: owner, Region: ireland, CIDRs: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", n))},
			DNSSupport: true, DNSHostnames: true, Tags: tags})
		for i, zone := range []string{"a", "b"} {
			e.Subnets.Put(estate.Subnet{ID: fmt.Sprintf("subnet-0%s%d", strings.TrimPrefix(id, "vpc-0")[:15], i), VPC: id, Account: owner, Region: ireland,
				Zone: string(ireland) + zone, CIDR: netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/20", n, 16*i))})
		}
	}
	account(management, "management")
	admin(management, "orgdns-read")
	account(walkHub, "hub")
	vpc(walkHubVPC, walkHub, 10, estate.Tags{"role": "hub"})
	for i := range walkAccounts {
		account(walkAccount(i), fmt.Sprintf("team%d", i))
		for j := range walkVPCs {
			vpc(fmt.Sprintf("vpc-03000000000%d%d00a", i, j), walkAccount(i), 20+10*i+j, estate.Tags{"dns": "corp"})
		}
	}
	return e
}

// walkConfig is the configuration with one mechanism.
func walkConfig(t testing.TB, via string) *config.Config {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "owner: walk\norganization: { access: { account: management, role: orgdns-read } }\ndefaults: { role: orgdns, region: %s }\naccounts:\n", ireland)
	fmt.Fprintf(&b, "  management: { id: %q }\n  hub: { id: %q, regions: [%s] }\n", management, walkHub, ireland)
	var teams []string
	for i := range walkAccounts {
		teams = append(teams, fmt.Sprintf("team%d", i))
		fmt.Fprintf(&b, "  team%d: { id: %q, regions: [%s] }\n", i, walkAccount(i), ireland)
	}
	fmt.Fprintf(&b, "endpointShares:\n  - name: shared\n    account: hub\n    via: %s\n    regions: [%s]\n    services: [%s]\n", via, ireland, strings.Join(walkServices, ", "))
	if via != config.ViaOwn {
		fmt.Fprint(&b, "    vpc: { tags: { role: hub } }\n")
	}
	fmt.Fprintf(&b, "    consumers: { accounts: [%s], tags: { dns: corp } }\n", strings.Join(teams, ", "))
	return loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(b.String())}}, "orgdns.yaml")
}

// policies are the default and, for each switch that is true or false, the
// other value of it.
func policies() map[string]resolve.Policy {
	out := map[string]resolve.Policy{"default": resolve.DefaultPolicy}
	v := reflect.ValueOf(resolve.DefaultPolicy)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Type.Kind() == reflect.Bool {
			p := resolve.DefaultPolicy
			reflect.ValueOf(&p).Elem().Field(i).SetBool(!v.Field(i).Bool())
			out[f.Name+" flipped"] = p
		}
	}
	return out
}

// walkWatch asks from every consumer VPC after every call, where something was
// changed that its answers hang on.
type walkWatch struct {
	mu       sync.Mutex              // calls are told side by side
	hub      string                  // VPC
	names    map[dnsname.Name]string // of each private name the service
	policies map[string]resolve.Policy
	only     string            // a VPC; empty for all
	seen     map[string]string // by VPC, what its answers hang on
	asked    int
	wrong    []string
}

func newWalkWatch(policies map[string]resolve.Policy) *walkWatch {
	return newShareWatch(walkHubVPC, walkServices, policies)
}

func newShareWatch(hub string, services []string, policies map[string]resolve.Policy) *walkWatch {
	w := &walkWatch{hub: hub, policies: policies, seen: map[string]string{}, names: map[dnsname.Name]string{}}
	for _, s := range services {
		w.names[dnsname.MustParse(s+"."+string(ireland)+".amazonaws.com")] = "com.amazonaws." + string(ireland) + "." + s
	}
	return w
}

// at is the hook. It also sees that no address goes that a resolver may still
// have in its cache.
func (w *walkWatch) at(in *world.World) {
	seen := newCaches(in.Estate())
	in.OnCall(func(e world.Event) {
		when := fmt.Sprintf("after call %d (%s %s)", e.Number, e.Account, e.Operation)
		w.look(in.Estate(), when)
		if !e.Changed {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if problem := seen.commit(in.Estate(), in.Now()); problem != "" && len(w.wrong) < 20 {
			w.wrong = append(w.wrong, when+": "+problem)
		}
	})
}

func (w *walkWatch) look(e estate.Estate, when string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	common := w.common(e)
	var resolvers map[string]*resolve.Resolver
	for v := range e.VPCs.All() {
		if v.Region != ireland || v.Tags["dns"] != "corp" || w.only != "" && v.ID != w.only {
			continue
		}
		now := common + ofVPC(e, v.ID)
		if w.seen[v.ID] == now {
			continue
		}
		w.seen[v.ID] = now
		if resolvers == nil {
			resolvers = map[string]*resolve.Resolver{}
			for name, p := range w.policies {
				resolvers[name] = resolve.New(e, p)
			}
		}
		for policy, r := range resolvers {
			for name, service := range w.names {
				w.asked++
				if problem := rightAnswer(e, []string{v.ID, w.hub}, service, r.Resolve(resolve.Vantage{VPC: v.ID}, name, "A")); problem != "" && len(w.wrong) < 20 {
					w.wrong = append(w.wrong, fmt.Sprintf("%s: %s from %s with %s: %s", when, name, v.ID, policy, problem))
				}
			}
		}
	}
}

// common is what answers in every VPC hang on, ofVPC what those of one do.
func (w *walkWatch) common(e estate.Estate) string {
	var b strings.Builder
	b.WriteString(ofVPC(e, w.hub))
	for r := range e.ResolverRules.All() {
		fmt.Fprint(&b, r.ID, r.Status, r.Targets)
	}
	for p := range e.ResolverEndpoints.All() {
		fmt.Fprint(&b, p.ID, p.Status)
	}
	for r := range e.ProfileResources.All() {
		fmt.Fprint(&b, r.ID, r.Status)
	}
	for s := range e.Shares.All() {
		fmt.Fprint(&b, s.ARN, s.Resources, s.Principals)
	}
	for z := range e.Zones.All() {
		fmt.Fprint(&b, z.ID, z.VPCs)
	}
	for r := range e.Records.All() {
		fmt.Fprint(&b, r.Zone, r.Name, r.Type)
	}
	return b.String()
}

func ofVPC(e estate.Estate, id string) string {
	var b strings.Builder
	for p := range e.Endpoints.By(estate.ByVPC(id)) {
		fmt.Fprint(&b, p.ID, p.State, p.PrivateDNS)
	}
	for a := range e.ProfileAssociations.By(estate.ByVPC(id)) {
		fmt.Fprint(&b, a.ID, a.Status)
	}
	for a := range e.RuleAssociations.By(estate.ByVPC(id)) {
		fmt.Fprint(&b, a.ID, a.Status)
	}
	return b.String()
}

// rightAnswer says what is wrong with an answer: it must be addresses of an
// endpoint of the service that stands in one of the VPCs.
func rightAnswer(e estate.Estate, vpcs []string, service string, a resolve.Answer) string {
	if len(a.Records) == 0 {
		return "no answer: " + a.String()
	}
	for _, rr := range a.Records {
		right := false
		for _, at := range vpcs {
			for p := range e.Endpoints.By(estate.ByVPC(at)) {
				right = right || p.Service == service && p.State == estate.EndpointAvailable &&
					slices.ContainsFunc(p.Addresses, func(x estate.EndpointAddress) bool { return x.IPv4.String() == rr.Value })
			}
		}
		if rr.Type != "A" || !right {
			return "a wrong answer: " + a.String()
		}
	}
	return ""
}

var walkOptions = reconcile.Options{AcceptLimits: true}

// walkPlan plans a phase.
func walkPlan(t *testing.T, r rig, w *world.World) *reconcile.Planned {
	t.Helper()
	planned, err := r.process(w, nil).Plan(t.Context(), walkOptions)
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return planned
}

// walkApply carries out a plan to its end.
func walkApply(t *testing.T, r rig, w *world.World, p *plan.Plan) {
	t.Helper()
	res, err := r.process(w, nil).Apply(t.Context(), p, reconcile.ApplyOptions{Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Diagnostics.Err(); err != nil || !res.Complete() {
		t.Fatal(err, res.States)
	}
}

// walkSwap are two steps of a transition, in the order that the plan has.
type walkSwap struct {
	name        string
	first, then func(plan.Change) bool
}

// objectStep is a step with an object of a kind in a VPC, or anywhere.
func objectStep(k plan.Kind, a plan.Action, vpc string) func(plan.Change) bool {
	return func(c plan.Change) bool {
		o := c.Item().Object
		if o == nil || o.Kind != k || c.Action != a {
			return false
		}
		return vpc == "" || slices.Contains(o.Fields["vpc"], plan.Lit(vpc))
	}
}

// lastDeadline is the step after which an endpoint waits for the caches, by a part of
// its address.
func lastDeadline(part string) func(plan.Change) bool {
	return func(c plan.Change) bool {
		return strings.Contains(c.Address, part) && strings.HasSuffix(c.Address, "/deadline-final")
	}
}

// TestMigrationWalk: at every step from own endpoints to Resolver rules, to a
// Profile and back to own endpoints, each consumer VPC has the right answer for
// each private name, whatever AWS does where no page says so; and no address goes
// that somebody may still have in a cache.
func TestMigrationWalk(t *testing.T) {
	t.Parallel()
	const vpc = "vpc-030000000001100a"
	r := rig{walkConfig(t, config.ViaOwn), walkEstate()}
	w := r.world()
	walkApply(t, r, w, walkPlan(t, r, w).Plan)
	for _, ph := range []struct {
		via   string
		swaps []walkSwap
	}{
		{config.ViaResolver, []walkSwap{
			{"the rule before the own endpoint goes", objectStep(plan.KindRuleAssociation, plan.Create, vpc), objectStep(plan.KindEndpoint, plan.Delete, vpc)},
			{"the deadline before the own endpoint goes", lastDeadline(vpc), objectStep(plan.KindEndpoint, plan.Delete, vpc)},
		}},
		{config.ViaProfile, []walkSwap{
			{"the Profile before the rule goes", objectStep(plan.KindProfileAssociation, plan.Create, vpc), objectStep(plan.KindRuleAssociation, plan.Delete, vpc)},
			{"the rule's association before its share goes", objectStep(plan.KindRuleAssociation, plan.Delete, vpc), objectStep(plan.KindShare, plan.Delete, "")},
		}},
		{config.ViaOwn, []walkSwap{
			{"the own endpoint before the Profile goes", objectStep(plan.KindEndpoint, plan.Create, vpc), objectStep(plan.KindProfileAssociation, plan.Delete, vpc)},
			{"the deadline before the hub's endpoint goes", lastDeadline("/endpoints/"), objectStep(plan.KindEndpoint, plan.Delete, walkHubVPC)},
			{"the Profile before the hub's endpoint goes", objectStep(plan.KindProfileAssociation, plan.Delete, vpc), objectStep(plan.KindEndpoint, plan.Delete, walkHubVPC)},
		}},
	} {
		t.Run("to "+ph.via, func(t *testing.T) {
			r.cfg = walkConfig(t, ph.via)
			before := w.Fork(clock.NewVirtual(w.Now()))
			planned := walkPlan(t, r, w)
			watch := newWalkWatch(policies())
			watch.look(w.Estate(), "before")
			watch.at(w)
			walkApply(t, r, w, planned.Plan)
			watch.look(w.Estate(), "at the end")
			for _, x := range watch.wrong {
				t.Error(x)
			}
			t.Logf("%d changes, %d questions", len(planned.Changes), watch.asked)
			for _, c := range walkPlan(t, r, w).Changes {
				t.Errorf("left to do: %s %s", c.Action, c.Address)
			}
			if t.Failed() {
				t.FailNow()
			}
			for _, s := range ph.swaps {
				t.Run("swapped/"+s.name, func(t *testing.T) {
					f := before.Fork(clock.NewVirtual(before.Now()))
					watch := newWalkWatch(map[string]resolve.Policy{"default": resolve.DefaultPolicy})
					watch.at(f)
					// What fails for being out of order is part of the matter.
					if _, err := r.process(f, nil).Apply(t.Context(), swapped(t, planned.Plan, s), reconcile.ApplyOptions{Wait: true}); err != nil {
						t.Fatal(err)
					}
					if len(watch.wrong) == 0 {
						t.Error("the walk does not see that the steps are swapped")
					}
				})
			}
		})
		if t.Failed() {
			return
		}
	}
}

// swapped is a plan in which the second of two steps comes first.
func swapped(t *testing.T, p *plan.Plan, s walkSwap) *plan.Plan {
	t.Helper()
	q := *p
	q.Changes = slices.Clone(p.Changes)
	i, j := slices.IndexFunc(q.Changes, s.first), slices.IndexFunc(q.Changes, s.then)
	if i < 0 || j < 0 {
		t.Fatalf("the plan has no such steps: %d, %d", i, j)
	}
	first, then := &q.Changes[i], &q.Changes[j]
	then.Needs = nil
	first.Needs = append(slices.Clone(first.Needs), plan.Dependency{Address: then.Address, Settled: true})
	return &q
}

// TestHubStays: what answers in a live hub, private DNS or zones, stays when the
// mechanism changes, and a note says so; with a gap accepted it follows.
func TestHubStays(t *testing.T) {
	t.Parallel()
	r := rig{walkConfig(t, config.ViaResolver), walkEstate()}
	w := r.world()
	gap := reconcile.Options{AcceptLimits: true, AcceptGap: true}
	for _, ph := range []struct {
		via   string
		o     reconcile.Options
		zones bool // answer, not private DNS
		note  bool
	}{
		{config.ViaResolver, walkOptions, true, false},
		{config.ViaProfile, walkOptions, true, true},
		{config.ViaProfile, gap, false, false},
		{config.ViaResolver, walkOptions, false, true},
		{config.ViaResolver, gap, true, false},
	} {
		r.cfg = walkConfig(t, ph.via)
		if err := r.converge(t.Context(), w, ph.o); err != nil {
			t.Fatal(ph.via, err)
		}
		e := w.Estate()
		for p := range e.Endpoints.By(estate.ByVPC(walkHubVPC)) {
			if p.PrivateDNS == ph.zones {
				t.Errorf("via %s, gap accepted: %v: private DNS of %s is %v", ph.via, ph.o.AcceptGap, p.Service, p.PrivateDNS)
			}
		}
		want := 0
		if ph.zones {
			want = len(walkServices)
		}
		if e.Zones.Len() != want {
			t.Errorf("via %s, gap accepted: %v: %d zones", ph.via, ph.o.AcceptGap, e.Zones.Len())
		}
		planned := walkPlan(t, r, w)
		if kept := slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "kept" }); kept != ph.note {
			t.Errorf("via %s, gap accepted: %v: it is said that the hub stays: %v", ph.via, ph.o.AcceptGap, kept)
		}
		watch := newWalkWatch(policies())
		watch.look(e, "via "+ph.via)
		for _, x := range watch.wrong {
			t.Error(x)
		}
	}
}
