package twintest

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/internal/config"
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

// The first two have endpoints with addresses of both families.
var walkServices = []string{"ec2", "sts", "kms", "sqs", "logs"}

func walkDual(service string) bool { return slices.Contains(walkServices[:2], service) }

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
		e.VPCs.Put(estate.VPC{ID: id, Account: owner, Region: ireland, DNSSupport: true, DNSHostnames: true, Tags: tags, CIDRs: []netip.Prefix{
			netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", n)), netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x::/56", n))}})
		for i, zone := range []string{"a", "b"} {
			e.Subnets.Put(estate.Subnet{ID: fmt.Sprintf("subnet-0%s%d", strings.TrimPrefix(id, "vpc-0")[:15], i), VPC: id, Account: owner, Region: ireland,
				Zone: string(ireland) + zone, CIDR: netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/20", n, 16*i)), CIDR6: netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x:%x::/64", n, i))})
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
	var teams, services []string
	for _, x := range walkServices {
		if walkDual(x) {
			x = "{ name: " + x + ", ipType: dualstack }"
		}
		services = append(services, x)
	}
	for i := range walkAccounts {
		teams = append(teams, fmt.Sprintf("team%d", i))
		fmt.Fprintf(&b, "  team%d: { id: %q, regions: [%s] }\n", i, walkAccount(i), ireland)
	}
	fmt.Fprintf(&b, "endpointShares:\n  - name: shared\n    account: hub\n    via: %s\n    regions: [%s]\n    services: [%s]\n", via, ireland, strings.Join(services, ", "))
	if via != config.ViaOwn {
		fmt.Fprint(&b, "    vpc: { tags: { role: hub } }\n")
	}
	fmt.Fprintf(&b, "    consumers: { accounts: [%s], tags: { dns: corp } }\n", strings.Join(teams, ", "))
	return loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(b.String())}}, "orgdns.yaml")
}

// policies are the default and, for each switch that is true or false, the
// other value of it. (Those that are an outcome say how it fails, which is wrong
// whatever the outcome.)
func policies() map[string]resolve.Policy {
	out := map[string]resolve.Policy{usual: resolve.DefaultPolicy}
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

const usual = "default"

// walkWatch asks from every consumer VPC after every call, where something was
// changed that the answer hangs on.
type walkWatch struct {
	mu       sync.Mutex // calls are told side by side
	hub      string     // VPC
	services []string
	policies map[string]resolve.Policy
	every    int                 // a VPC is asked with every n-th of the policies, each VPC with others, and with the default
	only     string              // a VPC; empty for all
	found    func()              // is called when something is wrong, if it is set
	last     [10]any             // the tables that answers hang on
	seen     map[question]string // what the answer hangs on
	asked    int
	wrong    []string
}

// question is one that a VPC asks about a service's name.
type question struct{ vpc, service string }

func newWalkWatch(policies map[string]resolve.Policy) *walkWatch {
	return newShareWatch(walkHubVPC, walkServices, policies)
}

func newShareWatch(hub string, services []string, policies map[string]resolve.Policy) *walkWatch {
	return &walkWatch{hub: hub, services: services, policies: policies, every: 1, seen: map[question]string{}}
}

func walkName(service string) dnsname.Name {
	return dnsname.MustParse(service + "." + string(ireland) + ".amazonaws.com")
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
		if problem := seen.commit(in.Estate(), in.Now()); problem != "" {
			w.problem("%s: %s", when, problem)
		}
	})
}

func (w *walkWatch) look(e estate.Estate, when string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	tables := [10]any{e.Endpoints, e.Zones, e.Records, e.ResolverRules, e.RuleAssociations, e.ResolverEndpoints, e.Profiles, e.ProfileResources, e.ProfileAssociations, e.Shares}
	if tables == w.last { // the same, not only equal
		return
	}
	w.last = tables
	var resolvers map[string]*resolve.Resolver
	var vpcs []estate.VPC
	for v := range e.VPCs.All() {
		if v.Region == ireland && v.Tags["dns"] == "corp" && (w.only == "" || v.ID == w.only) {
			vpcs = append(vpcs, v)
		}
	}
	for _, service := range w.services {
		common := w.common(e, service)
		for n, v := range vpcs {
			now := common + inVPC(e, v.ID, service)
			if w.seen[question{v.ID, service}] == now {
				continue
			}
			w.seen[question{v.ID, service}] = now
			if resolvers == nil {
				resolvers = map[string]*resolve.Resolver{}
				for policy, p := range w.policies {
					resolvers[policy] = resolve.New(e, p)
				}
			}
			w.ask(e, resolvers, n, v.ID, service, when)
		}
	}
}

// ask asks from the n-th VPC for a service's name.
func (w *walkWatch) ask(e estate.Estate, resolvers map[string]*resolve.Resolver, n int, vpc, service, when string) {
	for i, policy := range slices.Sorted(maps.Keys(resolvers)) {
		if policy != usual && i%w.every != n%w.every {
			continue
		}
		for _, kind := range []string{"A", "AAAA"} {
			w.asked++
			a := resolvers[policy].Resolve(resolve.Vantage{VPC: vpc}, walkName(service), kind)
			if problem := rightAnswer(e, []string{vpc, w.hub}, service, kind, a); problem != "" {
				w.problem("%s: %s %s from %s with %s: %s", when, service, kind, vpc, policy, problem)
			}
		}
	}
}

func (w *walkWatch) problem(format string, args ...any) {
	if len(w.wrong) < 20 {
		w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
	}
	if w.found != nil {
		w.found()
	}
}

// common is what the answers for a service's name hang on in every VPC: all there
// is in the hub, of what leads there, and of who may use it.
func (w *walkWatch) common(e estate.Estate, service string) string {
	var b strings.Builder
	b.WriteString(inVPC(e, w.hub, service))
	carried := map[string]bool{}
	for p := range e.Endpoints.By(estate.ByVPC(w.hub)) {
		if p.Service == serviceName(service) {
			carried[p.ARN()] = true
		}
	}
	for z := range e.Zones.By(estate.ByName(walkName(service))) {
		carried[z.ARN()] = true
		fmt.Fprintln(&b, z.ID, z.VPCs)
		for r := range e.Records.Prefix(estate.RecordsBelow(z.ID, z.Name)) {
			fmt.Fprintln(&b, r.Name, r.Type, r.Values, r.Alias)
		}
	}
	for r := range e.ResolverRules.All() {
		if r.Domain == walkName(service) {
			r.Tags = nil
			fmt.Fprintln(&b, r)
		}
	}
	for p := range e.ResolverEndpoints.All() {
		p.Tags = nil
		fmt.Fprintln(&b, p)
	}
	for p := range e.Profiles.All() {
		fmt.Fprintln(&b, p.ID, p.Status)
	}
	for r := range e.ProfileResources.All() {
		if carried[r.ARN] {
			fmt.Fprintln(&b, r)
		}
	}
	for s := range e.Shares.All() {
		fmt.Fprintln(&b, s.ARN, s.Resources, s.Principals)
	}
	return b.String()
}

// inVPC is what they hang on in one.
func inVPC(e estate.Estate, id, service string) string {
	var b strings.Builder
	for p := range e.Endpoints.By(estate.ByVPC(id)) {
		if p.Service == serviceName(service) {
			fmt.Fprintln(&b, p.ID, p.State, p.PrivateDNS, p.PrivateNames, p.IPType, p.DNSIPType, p.Addresses)
		}
	}
	for a := range e.ProfileAssociations.By(estate.ByVPC(id)) {
		fmt.Fprintln(&b, a)
	}
	for a := range e.RuleAssociations.By(estate.ByVPC(id)) {
		if r, ok := e.ResolverRules.Get(a.Rule); !ok || r.Domain == walkName(service) {
			fmt.Fprintln(&b, a)
		}
	}
	return b.String()
}

func serviceName(service string) string { return "com.amazonaws." + string(ireland) + "." + service }

// rightAnswer says what is wrong with an answer: it must be addresses of an
// endpoint of the service that stands in one of the VPCs, or that there are none,
// where the endpoints have none of that family.
func rightAnswer(e estate.Estate, vpcs []string, service, kind string, a resolve.Answer) string {
	right, there := map[string]bool{}, false
	for _, at := range vpcs {
		for p := range e.Endpoints.By(estate.ByVPC(at)) {
			if p.Service != serviceName(service) || p.State != estate.EndpointAvailable {
				continue
			}
			there = there || p.HasRecords(kind)
			for _, x := range p.Addresses {
				right[map[string]netip.Addr{"A": x.IPv4, "AAAA": x.IPv6}[kind].String()] = true
			}
		}
	}
	if len(a.Records) == 0 && (there || a.Outcome != resolve.NoError && a.Outcome != resolve.NXDomain) {
		return "no answer: " + a.String()
	}
	for _, rr := range a.Records {
		if rr.Type != kind || !right[rr.Value] {
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
