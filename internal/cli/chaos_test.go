package cli_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Replicas of `orgdns serve` as processes that are killed, over a twin that is
// spoken to by HTTP, on the wall clock.

const (
	chaosHub      = estate.AccountID("222222222222")
	chaosZone     = "ZCHAOS"
	chaosTeams    = 20
	chaosReplicas = 3
)

func chaosTeam(i int) estate.AccountID { return estate.AccountID(fmt.Sprintf("5%011d", i)) }

// chaosStep is one thing that happens.
type chaosStep struct {
	at   time.Duration
	what string // make, remove, kill or fault
	n    int    // of the service by its making, of the replica, or of the fault
	team int
	name string // custom domain
}

// chaosFaults are what AWS does to the replicas, besides what its real limits and
// the events meet with.
var chaosFaults = []string{
	`{"service":"route53","operation":"ChangeResourceRecordSets","kind":"lostResponse"}`,
	`{"service":"route53","operation":"ChangeResourceRecordSets","kind":"throttle","count":3}`,
	`{"service":"route53","kind":"throttle","count":5}`,
	`{"service":"route53","operation":"ListResourceRecordSets","kind":"5xx"}`,
	`{"service":"vpc-lattice","operation":"GetService","kind":"reset"}`,
	`{"service":"vpc-lattice","operation":"ListServices","kind":"throttle","count":3}`,
	`{"service":"sqs","operation":"ReceiveMessage","kind":"lostResponse"}`,
	`{"service":"sqs","operation":"DeleteMessageBatch","kind":"lostResponse"}`,
	`{"service":"sqs","kind":"5xx"}`,
	`{"service":"sts","operation":"AssumeRole","kind":"throttle","count":2}`,
}

// chaosScript is what happens in a run: the same seed gives the same. Services are
// made and removed at random, a team claims now and then a name that another one
// has, and every two to four seconds a replica is killed.
func chaosScript(seed uint64, services int, takes time.Duration) []chaosStep {
	random := rand.New(rand.NewPCG(seed, 5))
	names := services * 2 / 5
	var out []chaosStep
	var alive []chaosStep
	having := map[string][]int{} // teams by name
	for made := 0; made < services; {
		if len(alive) > 0 && random.IntN(10) < 3 {
			i := random.IntN(len(alive))
			s := alive[i]
			alive = slices.Delete(alive, i, i+1)
			having[s.name] = slices.DeleteFunc(having[s.name], func(t int) bool { return t == s.team })
			s.what = "remove"
			out = append(out, s)
			continue
		}
		s := chaosStep{what: "make", n: made, team: random.IntN(chaosTeams), name: fmt.Sprintf("n%d.svc.corp.internal", random.IntN(names))}
		if has := having[s.name]; len(has) > 1 || slices.Contains(has, s.team) || len(has) == 1 && random.IntN(3) > 0 {
			continue
		}
		having[s.name] = append(having[s.name], s.team)
		alive, out = append(alive, s), append(out, s)
		made++
	}
	for i := range out {
		out[i].at = takes * time.Duration(i) / time.Duration(len(out))
	}
	for at := time.Second; at < takes; at += 2*time.Second + time.Duration(random.IntN(2000))*time.Millisecond {
		out = append(out, chaosStep{at: at, what: "kill", n: random.IntN(chaosReplicas)})
	}
	for at := time.Second; at < takes; at += time.Duration(500+random.IntN(1000)) * time.Millisecond {
		out = append(out, chaosStep{at: at, what: "fault", n: random.IntN(len(chaosFaults))})
	}
	slices.SortStableFunc(out, func(x, y chaosStep) int { return cmp.Compare(x.at, y.at) })
	return out
}

// chaosEstate is an organization of a network account, whose zone has records of
// others, and of teams.
func chaosEstate() estate.Estate {
	accounts := []estate.AccountID{chaosHub}
	for i := range chaosTeams {
		accounts = append(accounts, chaosTeam(i))
	}
	e := organizationOf(accounts...)
	const vpc = "vpc-0c0c0c0c0c0c0c0c0"
	e.VPCs.Put(estate.VPC{ID: vpc, Account: chaosHub, Region: "eu-west-1", CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, DNSSupport: true, DNSHostnames: true})
	for _, z := range []struct{ id, name string }{{chaosZone, "corp.internal"}, {"ZTHEIRS", "theirs.internal"}} {
		name := dnsname.MustParse(z.name)
		e.Zones.Put(estate.Zone{ID: z.id, Account: chaosHub, Name: name, Private: true, CallerReference: "by hand", VPCs: []estate.VPCRef{{ID: vpc, Region: "eu-west-1"}}, Tags: estate.Tags{"team": "network"}})
		record := func(label, rrtype string, ttl uint32, values ...string) {
			at := name
			if label != "" {
				at = dnsname.MustParse(label + "." + z.name)
			}
			e.Records.Put(estate.RecordSet{Zone: z.id, Name: at, Type: rrtype, TTL: ttl, Values: values})
		}
		record("", "NS", 172800, "ns-1536.awsdns-00.co.uk.")
		record("", "SOA", 900, "ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400")
		record("", "TXT", 300, `"of others"`)
		for i := range 40 {
			record(fmt.Sprintf("h%d", i), "A", 60, fmt.Sprintf("10.0.1.%d", i))
		}
		record("n0.svc", "A", 60, "10.0.2.1") // at names that services are going to claim
		record("n1.svc", "CNAME", 60, "h1."+z.name+".")
		record("n2.svc", "TXT", 60, `"beside"`, `"it"`)
		record(`\052.apps`, "A", 60, "10.0.2.2")
		to := dnsname.MustParse("old-0123456789abcdef0.7d67968.vpc-lattice-svcs.eu-west-1.on.aws")
		e.Records.Put(estate.RecordSet{Zone: z.id, Name: dnsname.MustParse("old." + z.name), Type: "A", Alias: &estate.Alias{Name: to, Zone: "ZLATTICE"}})
	}
	return e
}

func chaosConfig() string {
	var y strings.Builder
	fmt.Fprintf(&y, "owner: chaos\norganization: { access: { account: management, role: orgdns-read } }\ndefaults: { role: orgdns, region: eu-west-1 }\naccounts:\n  management: { id: \"000000000001\" }\n  network: { id: %q }\n", chaosHub)
	var teams []string
	for i := range chaosTeams {
		fmt.Fprintf(&y, "  team%d: { id: %q }\n", i, chaosTeam(i))
		teams = append(teams, fmt.Sprintf("team%d", i))
	}
	fmt.Fprintf(&y, "limits: { deletes: 100%% }\nlatticeDomains:\n  - { zone: corp.internal, account: network, grants: [{ accounts: [%s], names: '*.svc.corp.internal' }] }\nlatticeEvents: { account: network }\n", strings.Join(teams, ", "))
	return y.String()
}

// chaosRun is a run over a twin.
type chaosRun struct {
	*site
	replicas []*replica
	made     map[int]string // ARNs
}

// do lets one thing happen.
func (r *chaosRun) do(s chaosStep) {
	r.t.Helper()
	ctx := r.t.Context()
	c := vpclattice.New(vpclattice.Options{
		Region: "eu-west-1", BaseEndpoint: &r.url, Credentials: credentials.NewStaticCredentialsProvider(string(chaosTeam(s.team)), "twin", ""), RetryMaxAttempts: 10,
	})
	var err error
	switch s.what {
	case "make":
		var out *vpclattice.CreateServiceOutput
		if out, err = c.CreateService(ctx, &vpclattice.CreateServiceInput{
			Name: aws.String(fmt.Sprintf("service-%d", s.n)), CustomDomainName: &s.name, Tags: map[string]string{"NewService": "true"},
		}); err == nil {
			r.made[s.n] = *out.Arn
		}
	case "remove": // the tag first: that a service is deleted no tag tells
		arn := r.made[s.n]
		if _, err = c.UntagResource(ctx, &vpclattice.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"NewService"}}); err == nil {
			_, err = c.DeleteService(ctx, &vpclattice.DeleteServiceInput{ServiceIdentifier: &arn})
		}
	case "kill":
		err = r.replicas[s.n].Process.Kill()
		_ = r.replicas[s.n].Wait() // that it was killed
		r.replicas[s.n] = r.serve()
	case "fault":
		r.admin(http.MethodPost, "faults", chaosFaults[s.n], nil)
	}
	if err != nil {
		r.t.Fatalf("%+v: %v", s, err)
	}
}

// chaosOurs reports whether a record set is one that orgdns may make: an alias to
// Lattice at a granted name, or of the ledger.
func chaosOurs(rec estate.RecordSet) bool {
	name := rec.Name.String()
	return rec.Zone == chaosZone && (rec.Alias != nil && strings.HasSuffix(name, ".svc.corp.internal") || strings.HasPrefix(name, "_orgdns-"))
}

// chaosForeign is what of the zones and their records is somebody else's, as text.
func chaosForeign(t *testing.T, e estate.Estate) string {
	t.Helper()
	var lines []string
	add := func(v any) {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(raw))
	}
	for z := range e.Zones.All() {
		z.RecordCount = 0
		add(z)
	}
	for rec := range e.Records.All() {
		if !chaosOurs(rec) {
			add(rec)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// check holds the zone against what the services say: each name that one of them
// has leads to it, A and AAAA; one that two have leads to one of these; where there
// is a record of others it leads nowhere; and there are no other names.
func (r *chaosRun) check(e estate.Estate) (names, rivals int) {
	t := r.t
	t.Helper()
	claims := map[string][]string{} // the generated names, by custom domain
	for s := range e.LatticeServices.All() {
		claims[s.CustomDomain.String()] = append(claims[s.CustomDomain.String()], s.DNS.Name.String())
	}
	delete(claims, "n0.svc.corp.internal")
	delete(claims, "n1.svc.corp.internal")
	leads := map[string]map[string]string{} // by name and type
	for rec := range e.Records.All() {
		if !chaosOurs(rec) || rec.Alias == nil {
			continue
		}
		name := rec.Name.String()
		if leads[name] == nil {
			leads[name] = map[string]string{}
		}
		leads[name][rec.Type] = rec.Alias.Name.String()
	}
	for _, name := range slices.Sorted(maps.Keys(leads)) {
		if got := leads[name]; len(got) != 2 || got["A"] != got["AAAA"] || !slices.Contains(claims[name], got["A"]) {
			t.Errorf("%s leads to %v; its services are %v", name, got, claims[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if leads[name] == nil {
			t.Errorf("%s leads nowhere; its services are %v", name, claims[name])
		}
		if len(claims[name]) > 1 {
			rivals++
		}
	}
	return len(claims), rivals
}

// TestChaos: three replicas share what is told of the services of twenty accounts,
// while one in ten events is dropped and one in ten repeated, others overtake each
// other, Route 53 throttles and loses answers, two accounts want one name, and every
// few seconds a replica is killed and another one started. After the last sweep the
// zone has exactly what the services say, and nothing of anybody else was touched.
// ORGDNS_CHAOS_SEEDS=1,2 makes it 2,000 services, with events up to a minute late,
// once for each seed: the same seed gives the same services, faults and kills at the
// same times. What the processes are at then is the machine's.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	services, takes, late := 240, 16*time.Second, 8*time.Second
	seeds := []uint64{1}
	if list := os.Getenv("ORGDNS_CHAOS_SEEDS"); list != "" {
		services, takes, late, seeds = 2000, 120*time.Second, time.Minute, nil
		for s := range strings.SplitSeq(list, ",") {
			seed, err := strconv.ParseUint(s, 10, 64)
			if err != nil {
				t.Fatalf("ORGDNS_CHAOS_SEEDS: %v", err)
			}
			seeds = append(seeds, seed)
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { chaos(t, seed, services, takes, late) })
	}
}

func chaos(t *testing.T, seed uint64, services int, takes, late time.Duration) {
	began := time.Now()
	r := &chaosRun{site: newSite(t, chaosEstate(), chaosConfig()), made: map[int]string{}}
	before := chaosForeign(t, r.estate())
	r.output("deploy", "lattice", "--yes")
	for range chaosReplicas {
		r.replicas = append(r.replicas, r.serve())
	}
	for _, c := range r.replicas {
		r.ready(c)
	}
	r.admin(http.MethodPost, "faults", fmt.Sprintf(`[{"service":"aws.tag","kind":"eventDrop","count":-1,"share":0.1,"seed":%d},
		{"service":"aws.tag","kind":"eventRepeat","count":-1,"share":0.1,"seed":%d,"delay":%q},
		{"service":"aws.tag","kind":"eventDelay","count":-1,"share":0.5,"seed":%d,"delay":%q}]`, seed, seed+1, late, seed+2, late), nil)

	script := chaosScript(seed, services, takes)
	if !slices.Equal(script, chaosScript(seed, services, takes)) || slices.Equal(script, chaosScript(seed+1, services, takes)) {
		t.Fatal("what happens is not the seed's")
	}
	counts, ready := map[string]int{}, time.Now()
	for _, step := range script {
		time.Sleep(time.Until(ready.Add(step.at))) // one that is late happens at once
		r.do(step)
		counts[step.what]++
	}
	happened := time.Since(ready)
	time.Sleep(late + time.Second) // what comes late has come
	for _, c := range r.replicas {
		r.stop(c)
	}
	r.admin(http.MethodPost, "faults", "[]", nil)
	last := r.serve()
	r.ready(last)
	r.stop(last)

	after := r.estate()
	names, rivals := r.check(after)
	if got := chaosForeign(t, after); got != before {
		t.Errorf("something of others is not as it was:\n%s\nit was\n%s", got, before)
	}
	if out := r.output("plan"); !strings.Contains(out, "Nothing to do") {
		t.Errorf("a plan after all of it:\n%s", out)
	}
	if out := r.output("events", "list"); !strings.Contains(strings.ToLower(out), "no dead letters") {
		t.Errorf("dead letters:\n%s", out)
	}
	var calls []struct {
		Service          string
		Count, Throttled int
	}
	r.admin(http.MethodGet, "calls", "", &calls)
	all, throttled := 0, 0
	for _, c := range calls {
		all, throttled = all+c.Count, throttled+c.Throttled
	}
	if counts["kill"] < int(takes/(5*time.Second)) || rivals == 0 || throttled == 0 {
		t.Errorf("it was no chaos: %v, %d rivals, %d calls were throttled", counts, rivals, throttled)
	}
	t.Logf("%d services made and %d removed in %s, %d replicas killed, %d faults; %d names stand, %d of them claimed twice; %d calls, %d of them throttled; %s in all",
		counts["make"], counts["remove"], happened.Round(time.Second), counts["kill"], counts["fault"], names, rivals, all, throttled, time.Since(began).Round(time.Second))
}
