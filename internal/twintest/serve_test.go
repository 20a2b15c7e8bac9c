package twintest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/stage"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Events through the real chain: the default bus of a team's account, the central
// bus of the network's, its queue, and servers that take from it.

const (
	eventQueue = "orgdns-events"
	eventDead  = "orgdns-events-dead"
)

// chained is a rig with buses, rules and queues between the teams' accounts and
// the network's.
func chained(r rig, teams int) rig {
	e := &r.start
	central, rule := estate.EventBusARN(network, ireland, "central"), estate.EventRuleARN(network, ireland, "central", "to-orgdns")
	var from []string
	pattern := `{"source":["aws.tag","aws.vpc-lattice","vpclattice_information","shop"]}`
	for i := range teams {
		from = append(from, fmt.Sprintf(`"arn:aws:iam::%s:root"`, team(i)))
		role := estate.Role{
			ARN: fmt.Sprintf("arn:aws:iam::%s:role/forward", team(i)), ID: "AROAFORWARD" + string(team(i)), Account: team(i), Path: "/", Name: "forward", MaxSession: 3600,
			Trust:  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
			Inline: map[string]string{"put": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + central + `"}]}`},
		}
		e.Roles.Put(role)
		e.EventRules.Put(estate.EventRule{
			ARN: estate.EventRuleARN(team(i), ireland, estate.DefaultBus, "to-network"), Account: team(i), Region: ireland, Bus: estate.EventBusARN(team(i), ireland, estate.DefaultBus),
			Name: "to-network", Pattern: pattern, State: "ENABLED", Maker: team(i), Targets: []estate.EventTarget{{ID: "network", ARN: central, Role: role.ARN}},
		})
	}
	e.EventBuses.Put(estate.EventBus{ARN: central, Account: network, Region: ireland, Name: "central", Policy: `{"Version":"2012-10-17","Statement":[{"Sid":"teams","Effect":"Allow",
		"Principal":{"AWS":[` + strings.Join(from, ",") + `]},"Action":"events:PutEvents","Resource":"` + central + `"}]}`})
	e.EventRules.Put(estate.EventRule{
		ARN: rule, Account: network, Region: ireland, Bus: central, Name: "to-orgdns", Pattern: pattern, State: "ENABLED", Maker: network,
		Targets: []estate.EventTarget{{ID: "queue", ARN: estate.QueueARN(network, ireland, eventQueue)}},
	})
	queue := estate.Queue{
		ARN: estate.QueueARN(network, ireland, eventQueue), Account: network, Region: ireland, Name: eventQueue,
		Visibility: 30 * time.Second, Retention: 4 * 24 * time.Hour, MaxSize: 1 << 20, DeadLetters: estate.QueueARN(network, ireland, eventDead), MaxReceives: 20,
		Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage",
			"Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + rule + `"}}}]}`,
	}
	dead := queue
	dead.ARN, dead.Name, dead.DeadLetters, dead.MaxReceives, dead.Policy, dead.Retention = queue.DeadLetters, eventDead, "", 0, "", 14*24*time.Hour
	e.Queues.Put(queue, dead)
	return r
}

// notes is a journal that keeps what it hears.
type notes struct {
	mu      sync.Mutex
	entries []event.Entry
	sweeps  []event.SweepEntry
	insync  []time.Duration
}

func (n *notes) Record(e event.Entry) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.entries = append(n.entries, e)
}

func (n *notes) Sweep(e event.SweepEntry) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sweeps = append(n.sweeps, e)
}

func (n *notes) InSync(_ event.Hint, _ reconcile.Done, lag time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.insync = append(n.insync, lag)
}

// outcomes counts the decisions, with the reason of a refusal.
func (n *notes) outcomes() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := map[string]int{}
	for _, e := range n.entries {
		out[strings.TrimSpace(string(e.Outcome)+" "+string(e.Reason))]++
	}
	return out
}

// replica is one server, a process of its own.
type replica struct {
	*event.Server
	notes *notes
	kill  func() // as SIGKILL would
	stop  func()
	ended *clock.Mailbox[error]
}

// replica starts one, from a process of its own.
func (r rig) replica(t testing.TB, w *world.World, change func(*event.Server)) *replica {
	t.Helper()
	access, err := stage.Accesses(r.cfg, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	base := credentials.NewStaticCredentialsProvider(string(management), world.AdministratorSecret, "")
	ctx, kill := context.WithCancel(t.Context())
	sessions := stage.Sessions(r.cfg.Owner, w.Clock, base, &http.Client{Transport: mortal{twin.New(w), ctx}}, "", ireland, access, stage.Keeping)
	p := r.process(w, nil)
	p.Ports = stage.PortsOf(sessions, w.Clock)
	p.Ports.Prober = stage.Prober{World: w}
	id, err := awsapi.ParseQueue(estate.QueueARN(network, ireland, eventQueue), "")
	if err != nil {
		t.Fatal(err)
	}
	out := &replica{notes: &notes{}, kill: kill, ended: clock.NewMailbox[error](w.Clock)}
	out.Server = &event.Server{
		Handler: event.Handler{Keeper: reconcile.NewKeeper(p.Pass), Clock: w.Clock, Journal: out.notes}, Queues: []event.Queue{stage.Queue(sessions.Queue(id))}, Interval: 15 * time.Minute,
	}
	if change != nil {
		change(out.Server)
	}
	stop, end := context.WithCancel(ctx)
	out.stop = end
	w.Clock.Go(func() { out.ended.Send(out.Run(ctx, stop)) })
	return out
}

// end stops a replica, and waits for it.
func (r *replica) end(t testing.TB) {
	t.Helper()
	r.stop()
	if err := r.ended.Receive(); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// mortal is a transport that fails once its process was killed.
type mortal struct {
	http.RoundTripper
	ctx context.Context
}

func (m mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := m.ctx.Err(); err != nil {
		return nil, err
	}
	return m.RoundTripper.RoundTrip(r)
}

// signer signs with a world's time.
type signer struct {
	clock clock.Clock
	v4    *v4.Signer
}

func (s signer) SignHTTP(ctx context.Context, c sdk.Credentials, r *http.Request, hash, service, region string, _ time.Time, o ...func(*v4.SignerOptions)) error {
	return s.v4.SignHTTP(ctx, c, r, hash, service, region, s.clock.Now().UTC(), o...)
}

// tell puts events onto the default bus of an account, ten a call.
func tell(t testing.TB, w *world.World, from estate.AccountID, source, detailType string, details ...string) {
	t.Helper()
	c := eventbridge.New(eventbridge.Options{
		Region: string(ireland), Credentials: credentials.NewStaticCredentialsProvider(string(from), world.AdministratorSecret, ""),
		HTTPClient: &http.Client{Transport: twin.New(w)}, HTTPSignerV4: signer{w.Clock, v4.NewSigner()}, Retryer: sdk.NopRetryer{},
	})
	for part := range slices.Chunk(details, 10) {
		in := &eventbridge.PutEventsInput{}
		for _, d := range part {
			in.Entries = append(in.Entries, types.PutEventsRequestEntry{Source: &source, DetailType: &detailType, Detail: sdk.String(d)})
		}
		out, err := c.PutEvents(t.Context(), in)
		if err != nil || out.FailedEntryCount > 0 {
			t.Fatalf("PutEvents: %+v, %v", out, err)
		}
	}
}

// told tells of services as AWS's guidance does.
func told(t testing.TB, w *world.World, detailType string, list ...estate.LatticeService) {
	t.Helper()
	by := map[estate.AccountID][]string{}
	for _, s := range list {
		by[s.Account] = append(by[s.Account], `{"ServiceArn":"`+s.ARN+`"}`)
	}
	for _, account := range slices.Sorted(maps.Keys(by)) {
		tell(t, w, account, "vpclattice_information", detailType, by[account]...)
	}
}

func wait(t testing.TB, w *world.World, d time.Duration) {
	t.Helper()
	if err := w.Clock.Sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// deadLetters takes what lies among the dead letters, and gives the reasons.
func deadLetters(t testing.TB, r rig, w *world.World) []string {
	t.Helper()
	access, err := stage.Accesses(r.cfg, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	base := credentials.NewStaticCredentialsProvider(string(management), world.AdministratorSecret, "")
	id, err := awsapi.ParseQueue(estate.QueueARN(network, ireland, eventDead), "")
	if err != nil {
		t.Fatal(err)
	}
	q := stage.Sessions(r.cfg.Owner, w.Clock, base, &http.Client{Transport: twin.New(w)}, "", ireland, access).DeadLetters(id)
	var out []string
	for {
		list, err := q.Receive(t.Context(), 0, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			slices.Sort(out)
			return out
		}
		for _, m := range list {
			reason, _, _ := strings.Cut(m.Attributes[awsapi.AttributeReason], ":")
			out = append(out, reason)
		}
		if err := q.Delete(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServeChain: services are made, renamed, taken over and deleted, and their
// names follow within seconds of the event; hostile events change nothing and lie
// among the dead letters; what no event told, the next sweep finds.
func TestServeChain(t *testing.T) {
	r := chained(lattices(t, 3), 3)
	w := r.world()
	defer w.Clock.Enter()()
	s := r.replica(t, w, nil)
	wait(t, w, time.Minute)

	a, b := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now()), serviceOf(team(1), 2, "b.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{a, b})
	told(t, w, "ServiceCreated", a, b)
	wait(t, w, 2*time.Second)
	equal(t, "made", leads(t, w), promised(w))

	again := serviceOf(team(1), 3, "b2.svc.corp.internal", w.Now()) // a custom domain cannot be changed
	services(t, w, []estate.LatticeService{again}, b.ARN)
	told(t, w, "ServiceDeleted", b)
	told(t, w, "ServiceCreated", again)
	wait(t, w, 2*time.Second)
	equal(t, "renamed", leads(t, w), promised(w))

	before := leads(t, w)
	tell(t, w, team(2), "vpclattice_information", "ServiceDeleted", `{"ServiceArn":"`+a.ARN+`"}`, `{"ServiceArn":"arn:aws:vpc-lattice"}`, `{"ServiceArn":["x"]}`)
	tell(t, w, team(2), "shop", "ServiceCreated", `{"ServiceArn":"`+a.ARN+`"}`)
	thief := serviceOf(team(2), 4, "a.svc.corp.internal", w.Now().Add(time.Second))
	apex := serviceOf(team(2), 5, "corp.internal", w.Now())
	services(t, w, []estate.LatticeService{thief, apex})
	told(t, w, "ServiceCreated", thief, apex)
	wait(t, w, 5*time.Second)
	equal(t, "hostile", leads(t, w), before)
	if got, want := deadLetters(t, r, w), []string{"foreign", "forged", "malformed", "malformed"}; !slices.Equal(got, want) {
		t.Errorf("dead letters %q, want %q", got, want)
	}
	if got := s.notes.outcomes(); got["unserved"] != 2 || got["refused forged"] != 1 || got["refused malformed"] != 2 || got["refused foreign"] != 1 || got["applied"] != 4 {
		t.Errorf("outcomes %v", got)
	}
	services(t, w, nil, apex.ARN, thief.ARN)

	services(t, w, nil, a.ARN) // and nobody tells
	wait(t, w, 16*time.Minute)
	equal(t, "swept", leads(t, w), promised(w))
	s.end(t)
	for _, e := range s.notes.entries {
		if e.Outcome == event.Applied && e.Lag > 2*time.Second {
			t.Errorf("%s took %s", e.Hint.Service, e.Lag)
		}
	}
	if len(s.notes.insync) == 0 || s.notes.insync[0] > 70*time.Second {
		t.Errorf("in effect after %v", s.notes.insync)
	}
	if n := s.notes.sweeps[len(s.notes.sweeps)-1]; len(n.Swept.Done) != 2 {
		t.Errorf("the last sweep made %v", n.Swept.Done)
	}
}

// TestServeTags: the whole way, by the tags that AWS tells of: a service is made,
// tagged otherwise, deleted and made anew under its name, and each time a consumer
// VPC's resolver answers accordingly, seconds later.
func TestServeTags(t *testing.T) {
	r := chained(lattices(t, 2), 2)
	w := r.world()
	defer w.Clock.Enter()()
	s := r.replica(t, w, nil)
	wait(t, w, time.Minute)
	spoke := vpclattice.New(vpclattice.Options{
		Region: string(ireland), Credentials: credentials.NewStaticCredentialsProvider(string(team(1)), world.AdministratorSecret, ""),
		HTTPClient: &http.Client{Transport: twin.New(w)}, HTTPSignerV4: signer{w.Clock, v4.NewSigner()}, Retryer: sdk.NopRetryer{},
	})
	answers := func(when string, within time.Duration, want bool) {
		t.Helper()
		wait(t, w, within)
		for _, rrtype := range []string{"A", "AAAA"} {
			a := resolve.New(w.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: latticeVPC}, name("shop.svc.corp.internal"), rrtype)
			if a.Positive() != want {
				t.Errorf("%s: %s is %s", when, rrtype, a)
			}
		}
	}
	create := func() *string {
		t.Helper()
		out, err := spoke.CreateService(t.Context(), &vpclattice.CreateServiceInput{
			Name: sdk.String("shop"), CustomDomainName: sdk.String("shop.svc.corp.internal"), Tags: map[string]string{event.DefaultTagKey: "true", "team": "a"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Arn
	}
	arn := create()
	answers("made", 12*time.Second, true)
	if _, err := spoke.TagResource(t.Context(), &vpclattice.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"team": "b"}}); err != nil {
		t.Fatal(err)
	}
	answers("tagged otherwise", 5*time.Second, true)
	for range 2 {
		if _, err := spoke.UntagResource(t.Context(), &vpclattice.UntagResourceInput{ResourceArn: arn, TagKeys: []string{event.DefaultTagKey}}); err != nil {
			t.Fatal(err)
		}
		answers("its tag is gone, and it stands", 3*time.Second, true)
		if _, err := spoke.DeleteService(t.Context(), &vpclattice.DeleteServiceInput{ServiceIdentifier: arn}); err != nil {
			t.Fatal(err)
		}
		answers("deleted", time.Minute, false)
		arn = create()
		answers("made anew", 12*time.Second, true)
	}
	s.end(t)
	if got := s.notes.outcomes(); got["applied"] != 5 || got["refused irrelevant"] == 0 || got["givenUp"] != 0 || len(deadLetters(t, r, w)) != 0 {
		t.Errorf("outcomes %v", got)
	}
}

// TestServeKilled: a replica is killed when Route 53 has accepted a change and
// before the message is let go. Another finds that all stands, and writes nothing.
func TestServeKilled(t *testing.T) {
	r := chained(lattices(t, 1), 1)
	w := r.world()
	defer w.Clock.Enter()()
	var first *replica
	first = r.replica(t, w, func(s *event.Server) {
		s.Queues[0] = deadly{s.Queues[0], func() { first.kill() }}
	})
	wait(t, w, time.Minute)
	a := serviceOf(team(0), 1, "a.svc.corp.internal", w.Now())
	services(t, w, []estate.LatticeService{a})
	told(t, w, "ServiceCreated", a)
	if err := first.ended.Receive(); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	equal(t, "killed", leads(t, w), promised(w))
	calls(w)
	second := r.replica(t, w, nil)
	wait(t, w, 5*time.Minute)
	second.end(t)
	equal(t, "in the end", leads(t, w), promised(w))
	if c := calls(w); strings.Contains(c, "ChangeResourceRecordSets") {
		t.Errorf("it was written again: %s", c)
	}
	if got := second.notes.outcomes(); got["settled"] != 1 || len(got) != 1 {
		t.Errorf("outcomes %v", got)
	}
}

// deadly is a queue whose process dies when it is to let go of a message.
type deadly struct {
	event.Queue
	die func()
}

func (d deadly) Delete(ctx context.Context, _ []event.Message) error {
	d.die()
	return ctx.Err()
}

// TestServeChaos: three replicas, of which one after the other is killed, share
// what is told of hundreds of services, while events are lost, repeated and late,
// and Route 53 throttles and loses answers. After the last sweep the names are as
// the services say. ORGDNS_CHAOS=300 makes it 2,300 services in some minutes; the
// same number gives the same run.
func TestServeChaos(t *testing.T) {
	t.Parallel()
	steps, seeds := 80, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("ORGDNS_CHAOS")); err == nil {
		steps = n
	} else if testing.Short() {
		steps = 15
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			const teams, names = 20, 500
			r := chained(lattices(t, teams), teams)
			w := r.world()
			defer w.Clock.Enter()()
			w.Inject(
				world.Fault{Service: "vpclattice_information", Kind: world.FaultEventDrop, Count: -1, Share: 0.1, Seed: seed},
				world.Fault{Service: "vpclattice_information", Kind: world.FaultEventRepeat, Count: -1, Share: 0.1, Seed: seed + 1, Delay: time.Minute},
				world.Fault{Service: "vpclattice_information", Kind: world.FaultEventDelay, Count: -1, Share: 0.5, Seed: seed + 2, Delay: time.Minute},
			)
			random := rand.New(rand.NewPCG(seed, 2))
			replicas := make([]*replica, 3)
			for i := range replicas {
				replicas[i] = r.replica(t, w, nil)
			}
			wait(t, w, time.Minute)
			alive, count := map[int]estate.LatticeService{}, 0
			for i := range steps {
				var made, gone []estate.LatticeService
				var arns []string
				for _, n := range random.Perm(names)[:1+random.IntN(13)] {
					if s, stands := alive[n]; stands {
						delete(alive, n)
						gone, arns = append(gone, s), append(arns, s.ARN)
					} else {
						alive[n] = serviceOf(team(n%teams), 1000*(i+1)+n, fmt.Sprintf("n%d.svc.corp.internal", n), w.Now())
						made = append(made, alive[n])
					}
				}
				count += len(made) + len(gone)
				services(t, w, made, arns...)
				told(t, w, "ServiceDeleted", gone...)
				told(t, w, "ServiceCreated", made...)
				switch random.IntN(12) {
				case 0:
					w.Inject(world.Fault{Service: "route53", Operation: "ChangeResourceRecordSets", Kind: world.FaultLostResponse})
				case 1:
					w.Inject(world.Fault{Service: "route53", Kind: world.FaultThrottle, Count: 3})
				case 2:
					w.Inject(world.Fault{Service: "sqs", Kind: world.FaultServer})
				case 3:
					w.Inject(world.Fault{Service: "vpc-lattice", Kind: world.FaultReset})
				case 4:
					k := random.IntN(len(replicas))
					replicas[k].kill()
					_ = replicas[k].ended.Receive() // that it was killed
					replicas[k] = r.replica(t, w, nil)
				}
				wait(t, w, time.Duration(random.IntN(3000))*time.Millisecond)
			}
			wait(t, w, 20*time.Minute) // a sweep of each, and what comes late
			for _, s := range replicas {
				s.end(t)
			}
			w.ClearFaults()
			last := r.replica(t, w, nil)
			wait(t, w, 5*time.Minute)
			last.end(t)
			equal(t, "in the end", leads(t, w), promised(w))
			t.Logf("%d services came and went; %d stand", count, len(alive))
			if got := deadLetters(t, r, w); len(got) != 0 {
				t.Errorf("dead letters %q", got)
			}
			if last := last.notes.sweeps[0]; len(last.Swept.Done) != 0 {
				t.Errorf("a sweep after all of it makes %v", last.Swept.Done)
			}
		})
	}
}

// otherZone is a second zone, in an account of its own.
const otherZone = "ZOTHERINTERNAL"

// twoZones is a rig of three teams with names in two zones of different accounts.
func twoZones(t testing.TB) rig {
	t.Helper()
	r := lattices(t, 3)
	e := &r.start
	admit(e, parent)
	e.VPCs.Put(estate.VPC{ID: "vpc-0d0d0d0d0d0d0d0d0", Account: parent, Region: ireland, DNSSupport: true, DNSHostnames: true})
	e.Zones.Put(estate.Zone{ID: otherZone, Account: parent, Name: name("other.internal"), Private: true, CallerReference: "by hand", VPCs: []estate.VPCRef{{ID: "vpc-0d0d0d0d0d0d0d0d0", Region: ireland}}})
	e.Records.Put(
		estate.RecordSet{Zone: otherZone, Name: name("other.internal"), Type: "NS", TTL: 172800, Values: []string{"ns-1536.awsdns-00.co.uk."}},
		estate.RecordSet{Zone: otherZone, Name: name("other.internal"), Type: "SOA", TTL: 900, Values: []string{"ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
	)
	r.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(`owner: acme
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  network: { id: "` + string(network) + `" }
  other: { id: "` + string(parent) + `" }
  a: { id: "` + string(team(0)) + `" }
  b: { id: "` + string(team(1)) + `" }
  c: { id: "` + string(team(2)) + `" }
latticeDomains:
  - { zone: corp.internal, account: network, grants: [{ accounts: [a, b, c], names: "*.svc.corp.internal" }] }
  - { zone: other.internal, account: other, grants: [{ accounts: [a, b, c], names: "*.other.internal" }] }
`)}}, "orgdns.yaml")
	return r
}

// TestServeThrottled: while the account of one zone is throttled, and more messages
// pile up than three replicas have room for, another zone's names follow at once.
func TestServeThrottled(t *testing.T) {
	t.Parallel()
	const slow, room = 600, 160
	r := chained(twoZones(t), 3)
	w := r.world()
	defer w.Clock.Enter()()
	var replicas []*replica
	for range 3 {
		replicas = append(replicas, r.replica(t, w, func(s *event.Server) {
			s.Room = room
			s.Keeper.(*reconcile.Keeper).Crowd = room / 3
		}))
	}
	wait(t, w, time.Minute)
	w.Inject(world.Fault{Account: network, Service: "route53", Operation: "ChangeResourceRecordSets", Kind: world.FaultThrottle, Count: -1})
	var list []estate.LatticeService
	for i := range slow {
		list = append(list, serviceOf(team(i%3), i+1, fmt.Sprintf("s%d.svc.corp.internal", i), w.Now()))
	}
	services(t, w, list)
	told(t, w, "ServiceCreated", list...)
	for i := range 30 {
		s := serviceOf(team(i%3), 10_000+i, fmt.Sprintf("o%d.other.internal", i), w.Now())
		services(t, w, []estate.LatticeService{s})
		told(t, w, "ServiceCreated", s)
		wait(t, w, 2*time.Second)
		if _, ok := w.Estate().Records.Get(estate.RecordKey(otherZone, s.CustomDomain, "AAAA", "")); !ok {
			t.Errorf("%s is not there after 2 s", s.CustomDomain)
		}
	}
	if n := len(leads(t, w)); n != 0 {
		t.Errorf("%d names are there though their account is throttled", n)
	}
	w.ClearFaults()
	wait(t, w, 11*time.Minute) // the longest that one of them stays away
	if n := len(leads(t, w)); n != slow {
		t.Errorf("%d of %d names are there when it no longer is", n, slow)
	}
	for _, s := range replicas {
		s.end(t)
		if got := s.notes.outcomes(); got["retried"] == 0 || got["givenUp"]+got["unserved"] != 0 {
			t.Errorf("outcomes %v", got)
		}
	}
}

// TestServeBurst: 10,000 services come at once, in one zone whose quota was raised.
// Their names are in DNS within 1.1 times what Route 53's token buckets allow for two
// changes each, had they been empty when it began; in few calls.
func TestServeBurst(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	const n, teams = 10_000, 20
	r := chained(lattices(t, teams), teams)
	r.start.Quotas.Put(estate.Quota{Account: network, Code: "MAX_RRSETS_BY_ZONE", ID: latticeZone, Value: 30_000})
	w := r.world()
	defer w.Clock.Enter()()
	s := r.replica(t, w, nil)
	wait(t, w, time.Minute)
	var list []estate.LatticeService
	for i := range n {
		list = append(list, serviceOf(team(i%teams), i+1, fmt.Sprintf("s%05d.svc.corp.internal", i), w.Now()))
	}
	services(t, w, list)
	w.Limits = false // of those who tell
	told(t, w, "ServiceCreated", list...)
	w.Limits = true
	w.Drain()
	w.ForgetCalls()
	began, real := w.Now(), time.Now()
	aliases := func() int {
		out := 0
		for range w.Estate().Records.ByPrefix(estate.AllTargets) {
			out++
		}
		return out
	}
	for aliases() < 2*n && w.Now().Sub(began) < 10*time.Minute {
		wait(t, w, time.Second)
	}
	took := w.Now().Sub(began)
	bound := time.Duration(2*n) * time.Second / 100
	if limit := bound * 11 / 10; took > limit {
		t.Errorf("%s of simulated time; the bound is %s, 1.1 times it %s", took, bound, limit)
	}
	t.Logf("simulated %s (bound %s), real %s", took, bound, time.Since(real).Round(time.Millisecond))
	wait(t, w, time.Minute)
	s.end(t)
	equal(t, "in the end", leads(t, w), promised(w))
	if got := s.notes.outcomes(); got["applied"] != n || len(got) != 1 {
		t.Errorf("outcomes %v", got)
	}
	lists, changes, others := 0, 0, 0
	for _, c := range w.Calls() {
		switch n := c.Count - c.Throttled; {
		case c.Operation == "ListServices" || c.Operation == "GetService":
			lists += c.Count
		case c.Operation == "ChangeResourceRecordSets":
			changes += n
		case c.Service == "route53" && c.Operation != "GetChange": // that one is asked for as long as there is time
			others += n
		}
	}
	if lists > 20*teams*8 || others > 2*changes { // how often the quota is asked for is chance: batches that begin together each ask
		t.Errorf("%d reads of services, %d other calls of Route 53", lists, others)
	}
	golden(t, "lattice-burst.golden", fmt.Sprintf("# 10,000 services at once, told by events\nChangeResourceRecordSets %d\ntokens of changes %g\n", changes, w.Taken("route53/changes/"+string(network))))
	t.Logf("%d reads of services, %d other calls of Route 53", lists, others)
}
