package twintest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// eventRig is what `orgdns deploy lattice` makes for a configuration.
type eventRig struct{ rig }

// latticeEvents is the networking account of examples/privatezone, the shop as a
// spoke in two Regions and the partner in one. More keys of latticeEvents may be
// set.
func latticeEvents(t testing.TB, more string) eventRig {
	t.Helper()
	text := `owner: acme-private
organization: { access: { account: management, role: orgdns-read } }
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  management: { id: "000000000001" }
  network:    { id: "222222222222", regions: [eu-west-1, eu-west-3] }
  shop:       { id: "444444444444", regions: [eu-west-1, eu-central-1] }
  partner:    { id: "333333333333" }
latticeDomains:
  - zone: corp.acme.internal
    account: network
    grants:
      - { account: shop, names: ["*.shop.corp.acme.internal"] }
      - { account: partner, names: ["*.partner.corp.acme.internal"] }
latticeEvents: { account: network` + more + ` }
`
	r := rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}}, "orgdns.yaml"), loadEstate(t, "privatezone/estate.json")}
	admit(&r.start, "333333333333")
	r.start.Organization.TrustedServices = []string{estate.ShareService}
	for a := range r.start.Accounts.All() {
		if a.Parent == "" { // one outside the organization cannot be let in
			a.Parent = r.start.Organization.Root
			r.start.Accounts.Put(a)
		}
	}
	return eventRig{r}
}

// process starts the program.
func (r eventRig) process(w *world.World) process {
	own, source := reconcile.Events(r.cfg)
	p := rig{own, r.start}.process(w, nil)
	p.Source = source
	return p
}

func (r eventRig) converge(ctx context.Context, w *world.World, o reconcile.Options) error {
	return converge(ctx, func() process { return r.process(w) }, o)
}

// timelessEvents is an estate without the times of what the chain is made of.
func timelessEvents(e estate.Estate) estate.Estate {
	for b := range e.EventBuses.All() {
		b.Created, b.Modified = time.Time{}, time.Time{}
		e.EventBuses.Put(b)
	}
	for q := range e.Queues.All() {
		q.Created, q.Modified = time.Time{}, time.Time{}
		e.Queues.Put(q)
	}
	for p := range e.Parameters.All() {
		p.Modified, p.Version = time.Time{}, 0
		e.Parameters.Put(p)
	}
	return e
}

// allForms is every setting that changes what is told.
const allForms = ", cloudTrail: true, guidance: true, tag: Published"

// TestLatticeEvents: with exactly the policies that `orgdns iam` prints the chain
// is made, a second plan is empty, a changed configuration changes it in place,
// and destroy leaves what was there before.
func TestLatticeEvents(t *testing.T) {
	t.Parallel()
	full := latticeEvents(t, "")
	least, docs := printed(t, full.rig, full.start)
	if len(docs) < 4 {
		t.Fatalf("roles for %d accounts alone", len(docs))
	}
	r := eventRig{least}
	w := r.world()
	planned, err := r.process(w).Plan(t.Context(), reconcile.Options{})
	noErr(t, err)
	for _, d := range planned.Diagnostics {
		if d.Severity != diag.Note {
			t.Errorf("%v: %s: %s", d.Severity, d.Summary, d.Detail)
		}
	}
	for _, c := range planned.Changes {
		for _, u := range c.Unproven {
			if !strings.HasPrefix(u, "sharing within the organization") { // no API tells it but to the management account
				t.Errorf("%s is unproven: %s", c.Address, u)
			}
		}
	}
	noErr(t, r.converge(t.Context(), w, reconcile.Options{}))
	e := w.Estate()
	if got := fmt.Sprint(e.EventBuses.Len(), e.EventRules.Len(), e.Queues.Len(), e.Parameters.Len(), e.Shares.Len()); got != "1 4 6 1 1" {
		t.Errorf("buses, rules, queues, parameters and shares: %s", got)
	}

	changed := latticeEvents(t, allForms)
	changed.start = r.start
	before := e.EventRules
	noErr(t, changed.converge(t.Context(), w, reconcile.Options{}))
	for rule := range w.Estate().EventRules.All() {
		old, ok := before.Get(rule.ARN)
		if !ok || old.Pattern == rule.Pattern || !strings.Contains(rule.Pattern, "Published") {
			t.Errorf("rule %s has pattern %s", rule.ARN, rule.Pattern)
		}
	}
	// the bus moves to another Region: the accounts send there, and a sweep lets the
	// old one go
	moved := latticeEvents(t, allForms+", region: eu-west-3")
	moved.start = full.start
	elsewhere := w.Fork(clock.NewVirtual(w.Now()))
	noErr(t, elsewhere.Update(func(s *world.State) error {
		for role := range moved.start.Roles.All() {
			s.Estate.Roles.Put(role)
		}
		return nil
	}))
	noErr(t, moved.converge(t.Context(), elsewhere, reconcile.Options{Sweep: true}))
	e = elsewhere.Estate()
	for b := range e.EventBuses.All() {
		if b.Region != "eu-west-3" {
			t.Errorf("bus %s still stands", b.ARN)
		}
	}
	if got := fmt.Sprint(e.EventBuses.Len(), e.EventRules.Len(), e.Queues.Len(), e.Parameters.Len(), e.Shares.Len()); got != "1 4 6 1 1" {
		t.Errorf("moved: buses, rules, queues, parameters and shares: %s", got)
	}
	noErr(t, changed.converge(t.Context(), w, reconcile.Options{Destroy: true}))
	if d := differs(form(t, r.start), form(t, w.Estate())); d != "" {
		t.Errorf("destroy leaves something else than was there before: %s", d)
	}
}

// TestLatticeEventsStatements: every statement that the chain adds to the policies
// is needed for its life.
func TestLatticeEventsStatements(t *testing.T) {
	t.Parallel()
	full := latticeEvents(t, "")
	life := func(r rig) error {
		w := eventRig{r}.world()
		for _, o := range []reconcile.Options{{}, {Destroy: true}} {
			if err := (eventRig{r}).converge(t.Context(), w, o); err != nil {
				return err
			}
		}
		return nil
	}
	least, docs := printed(t, full.rig, full.start)
	noErr(t, life(least))
	tried := 0
	for i, d := range docs {
		for _, p := range d.Policies {
			for n, sid := range statements(p.Document) {
				// What others of the configuration need, and what AWS asks for and
				// the twin does not (policies of a share's resources).
				if d.Account == management || !strings.Contains(sid, "Event") && !strings.Contains(sid, "Queue") && !strings.Contains(sid, "Parameter") &&
					sid != "MakeShares" && sid != "Organization" {
					continue
				}
				tried++
				t.Run(fmt.Sprintf("%s/without/%s", d.Account, sid), func(t *testing.T) {
					less := least
					less.start.Roles.Put(roleOf(d, i, func(policy string, statement int) bool { return policy == p.Name && statement == n }))
					if err := life(less); err == nil {
						t.Errorf("statement %s of policy %s in account %s is not needed", sid, p.Name, d.Account)
					}
				})
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d statements were tried", tried)
	}
}

// TestLatticeEventsCrash: a run that dies after any call that changed something is
// finished by the next, in the same estate; so is removal.
func TestLatticeEventsCrash(t *testing.T) {
	r := latticeEvents(t, allForms)
	w := r.world()
	for _, o := range []reconcile.Options{{}, {Destroy: true}} {
		t.Run(fmt.Sprintf("destroy %v", o.Destroy), func(t *testing.T) {
			var forks []*world.World
			var at []string
			w.OnCall(func(e world.Event) {
				if e.Changed {
					forks, at = append(forks, w.Fork(clock.NewVirtual(w.Now()))), append(at, string(e.Account)+" "+e.Operation)
				}
			})
			noErr(t, r.converge(t.Context(), w, o))
			w.OnCall(func(world.Event) {})
			want := form(t, timelessEvents(w.Estate()))
			if len(forks) < 20 {
				t.Fatalf("only %d calls changed something", len(forks))
			}
			for k, f := range forks {
				if testing.Short() && k%4 != 0 {
					continue
				}
				if err := r.converge(t.Context(), f, o); err != nil {
					t.Errorf("died after %s: %v", at[k], err)
				} else if d := differs(want, form(t, timelessEvents(f.Estate()))); d != "" {
					t.Errorf("died after %s: another estate: %s", at[k], d)
				}
			}
		})
	}
}

// TestLatticeEventsDrift: what somebody changed of what brings events is seen and
// mended: what a target gets in place of the event, and the times and sizes of a
// queue. A target that somebody else put on the hub's rule stays, and is told.
func TestLatticeEventsDrift(t *testing.T) {
	t.Parallel()
	r := latticeEvents(t, "")
	made := r.world()
	noErr(t, r.converge(t.Context(), made, reconcile.Options{}))
	name := plan.EventName(plan.EventsOwner(r.cfg.Owner))
	queue := estate.QueueARN(network, ireland, name)
	target := func(change func(*estate.EventTarget)) func(*estate.Estate) {
		return func(e *estate.Estate) {
			v, _ := e.EventRules.Get(estate.EventRuleARN(network, ireland, name, name))
			v.Targets = slices.Clone(v.Targets)
			change(&v.Targets[0])
			e.EventRules.Put(v)
		}
	}
	setting := func(change func(*estate.Queue)) func(*estate.Estate) {
		return func(e *estate.Estate) {
			q, _ := e.Queues.Get(queue)
			change(&q)
			e.Queues.Put(q)
		}
	}
	for _, x := range []struct {
		name   string
		drift  func(*estate.Estate)
		object plan.Kind
		field  string
	}{
		{"an input", target(func(v *estate.EventTarget) { v.Input = `{"account":"444444444444"}` }), plan.KindEventRule, "input"},
		{"a part of the event", target(func(v *estate.EventTarget) { v.InputPath = "$.detail" }), plan.KindEventRule, "input"},
		{"a template", target(func(v *estate.EventTarget) { v.Template, v.Paths = `{"account":"<x>"}`, map[string]string{"x": "$.id"} }), plan.KindEventRule, "input"},
		{"a delay", setting(func(q *estate.Queue) { q.Delay = 15 * time.Minute }), plan.KindQueue, "delay"},
		{"small messages", setting(func(q *estate.Queue) { q.MaxSize = 1024 }), plan.KindQueue, "maxSize"},
		{"calls that wait", setting(func(q *estate.Queue) { q.Wait = 20 * time.Second }), plan.KindQueue, "wait"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := made.Fork(clock.NewVirtual(made.Now()))
			noErr(t, w.Update(func(s *world.State) error {
				x.drift(&s.Estate)
				return nil
			}))
			planned, err := r.process(w).Plan(t.Context(), reconcile.Options{})
			noErr(t, err)
			if len(planned.Changes) != 1 {
				t.Fatalf("%d changes", len(planned.Changes))
			}
			o, before := planned.Changes[0].After.Object, planned.Changes[0].Before.Object
			if o.Kind != x.object || slices.Equal(o.Fields[x.field], before.Fields[x.field]) {
				t.Errorf("%s is changed: %v -> %v", o.Kind, before.Fields, o.Fields)
			}
			noErr(t, r.converge(t.Context(), w, reconcile.Options{}))
			if d := differs(form(t, timelessEvents(made.Estate())), form(t, timelessEvents(w.Estate()))); d != "" {
				t.Errorf("not mended: %s", d)
			}
		})
	}
	t.Run("a target of another", func(t *testing.T) {
		w := made.Fork(clock.NewVirtual(made.Now()))
		noErr(t, w.Update(func(s *world.State) error {
			v, _ := s.Estate.EventRules.Get(estate.EventRuleARN(network, ireland, name, name))
			v.Targets = append(slices.Clone(v.Targets), estate.EventTarget{ID: "theirs", ARN: queue, Input: `{"account":"444444444444"}`})
			s.Estate.EventRules.Put(v)
			return nil
		}))
		before := form(t, w.Estate())
		planned, err := r.process(w).Plan(t.Context(), reconcile.Options{})
		noErr(t, err)
		if len(planned.Changes) > 0 || !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
			return d.Severity == diag.Warning && d.Code == "foreign-target" && d.Account == string(network) && strings.Contains(d.Summary, "theirs ("+queue+")")
		}) {
			t.Errorf("%d changes, %+v", len(planned.Changes), planned.Diagnostics)
		}
		noErr(t, r.converge(t.Context(), w, reconcile.Options{}))
		if d := differs(before, form(t, w.Estate())); d != "" {
			t.Errorf("it is touched: %s", d)
		}
	})
}

// settings are how an administrator of an account reaches a world.
func settings(w *world.World, account estate.AccountID) sdk.Config {
	return sdk.Config{
		Region: string(ireland), HTTPClient: &http.Client{Transport: twin.New(w)}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(string(account), world.AdministratorSecret, ""),
	}
}

func queuesOf(w *world.World, account estate.AccountID) *sqs.Client {
	return sqs.NewFromConfig(settings(w, account), func(o *sqs.Options) { o.HTTPSignerV4 = signer{w.Clock, v4.NewSigner()} })
}

// TestLatticeEventFlow: what a spoke's services do comes to the queue, from both
// its Regions, and nothing else does: neither another source, nor what an account
// outside the organization sends, nor a message that is put in past the bus.
func TestLatticeEventFlow(t *testing.T) {
	const stranger = estate.AccountID("999999999999")
	r := latticeEvents(t, allForms)
	r.start.Accounts.Put(estate.Account{ID: stranger, Name: "stranger", Status: estate.AccountActive})
	w := r.world()
	noErr(t, r.converge(t.Context(), w, reconcile.Options{}))
	leave := w.Clock.Enter()
	defer leave()

	owner := plan.EventsOwner(r.cfg.Owner)
	name := plan.EventName(owner)
	hub := queuesOf(w, network)
	url := func(queue string) *string {
		out, err := hub.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &queue})
		noErr(t, err)
		return out.QueueUrl
	}
	// take empties a queue after what is on its way has come.
	take := func(queue string) []string {
		noErr(t, w.Clock.Sleep(t.Context(), time.Minute))
		var got []string
		for {
			out, err := hub.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url(queue), MaxNumberOfMessages: 10})
			noErr(t, err)
			if len(out.Messages) == 0 {
				slices.Sort(got)
				return got
			}
			for _, m := range out.Messages {
				got = append(got, *m.Body)
				_, err := hub.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url(queue), ReceiptHandle: m.ReceiptHandle})
				noErr(t, err)
			}
		}
	}
	emit := func(account estate.AccountID, region estate.Region, source, kind, detail string) {
		noErr(t, w.Update(func(s *world.State) error {
			c := world.Call{World: w, State: s, Now: w.Now(), Region: region}
			c.Emit(world.BusEvent{Source: source, DetailType: kind, Account: account, Region: region, Detail: detail})
			return nil
		}))
	}
	tagged := `{"changed-tag-keys":["Published"],"service":"vpc-lattice","resource-type":"service","tags":{"Published":"true"}}`

	// what is told, in every form
	emit(shop, ireland, "aws.tag", "Tag Change on Resource", tagged)
	emit(shop, "eu-central-1", "aws.tag", "Tag Change on Resource", tagged)
	emit(partner, ireland, "aws.vpc-lattice", "AWS API Call via CloudTrail", `{"eventSource":"vpc-lattice.amazonaws.com","eventName":"DeleteService"}`)
	emit(shop, ireland, "vpclattice_information", "ServiceCreated", `{"name":"x"}`)
	// what is not
	emit(shop, ireland, "aws.tag", "Tag Change on Resource", strings.Replace(tagged, `"Published"]`, `"Other"]`, 1))
	emit(shop, ireland, "aws.tag", "Tag Change on Resource", strings.Replace(tagged, "vpc-lattice", "ec2", 1))
	emit(partner, ireland, "aws.vpc-lattice", "AWS API Call via CloudTrail", `{"eventSource":"vpc-lattice.amazonaws.com","eventName":"CreateListener"}`)
	emit(shop, ireland, "aws.ec2", "Tag Change on Resource", tagged)
	emit(stranger, ireland, "aws.tag", "Tag Change on Resource", tagged)
	got := take(name)
	if len(got) != 4 {
		t.Fatalf("%d events in the queue: %s", len(got), got)
	}
	for i, want := range []string{`"account":"333333333333"`, `"account":"444444444444"`, `"account":"444444444444"`, `"account":"444444444444"`} {
		if !strings.Contains(strings.Join(got, "\n"), want) || !strings.Contains(got[i], `"detail"`) {
			t.Errorf("no event with %s: %s", want, got)
		}
	}
	if dead := append(take(name+"-undelivered"), take(name+"-unhandled")...); len(dead) > 0 {
		t.Errorf("dead letters: %s", dead)
	}

	// a real service: that it is tagged, and since a trail records it the call, too
	noErr(t, w.Update(func(s *world.State) error {
		s.Estate.Trails.Put(estate.Trail{ARN: "arn:aws:cloudtrail:eu-west-1:000000000001:trail/all", Name: "all", Account: management, Region: ireland, Everywhere: true, Organization: true, Logging: true})
		return nil
	}))
	lattice := vpclattice.NewFromConfig(settings(w, shop), func(o *vpclattice.Options) { o.HTTPSignerV4 = signer{w.Clock, v4.NewSigner()} })
	made, err := lattice.CreateService(t.Context(), &vpclattice.CreateServiceInput{Name: sdk.String("pay"), CustomDomainName: sdk.String("pay.shop.corp.acme.internal"), Tags: map[string]string{"Published": "true"}})
	noErr(t, err)
	if got := take(name); len(got) != 2 || !strings.Contains(got[0]+got[1], *made.Arn) || !strings.Contains(got[0]+got[1], `"eventName":"CreateService"`) {
		t.Errorf("of a service that was made comes %s", got)
	}

	// the bus itself lets in the organization, and these sources
	bus := estate.EventBusARN(network, ireland, name)
	put := func(from estate.AccountID, source, kind string) string {
		c := eventbridge.NewFromConfig(settings(w, from), func(o *eventbridge.Options) { o.HTTPSignerV4 = signer{w.Clock, v4.NewSigner()} })
		out, err := c.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
			Source: &source, DetailType: &kind, Detail: sdk.String(`{}`), EventBusName: &bus,
		}}})
		if err != nil {
			return awsapi.Code(err)
		}
		return sdk.ToString(out.Entries[0].ErrorCode)
	}
	if code := put(partner, "vpclattice_information", "ServiceDeleted"); code != "" {
		t.Errorf("an account of the organization may not put what the guidance sends: %s", code)
	}
	for _, x := range []struct {
		from         estate.AccountID
		source, kind string
	}{{stranger, "vpclattice_information", "ServiceDeleted"}, {partner, "shop", "ServiceDeleted"}, {partner, "vpclattice_information", "Else"}} {
		if code := put(x.from, x.source, x.kind); code == "" {
			t.Errorf("account %s may put %s of %s", x.from, x.kind, x.source)
		}
	}
	if got := take(name); len(got) != 1 || !strings.Contains(got[0], `"account":"333333333333"`) {
		t.Errorf("in the queue: %s", got)
	}

	// nobody sends past the bus: not even the administrator of the account
	for _, queue := range []string{name, name + "-undelivered", name + "-unhandled"} {
		for _, from := range []estate.AccountID{network, partner} {
			_, err := queuesOf(w, from).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url(queue), MessageBody: sdk.String(got[0])})
			if !awsapi.Denied(err) {
				t.Errorf("account %s sends to %s: %v", from, queue, err)
			}
		}
	}

	// but orgdns, which puts dead letters back
	as, err := sts.NewFromConfig(settings(w, management), func(o *sts.Options) { o.HTTPSignerV4 = signer{w.Clock, v4.NewSigner()} }).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: sdk.String("arn:aws:iam::222222222222:role/orgdns"), RoleSessionName: sdk.String("redrive"),
	})
	noErr(t, err)
	own := settings(w, network)
	own.Credentials = credentials.NewStaticCredentialsProvider(*as.Credentials.AccessKeyId, *as.Credentials.SecretAccessKey, *as.Credentials.SessionToken)
	_, err = sqs.NewFromConfig(own, func(o *sqs.Options) { o.HTTPSignerV4 = signer{w.Clock, v4.NewSigner()} }).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url(name), MessageBody: sdk.String("again")})
	if noErr(t, err); len(take(name)) != 1 {
		t.Error("what orgdns puts back does not come")
	}

	// a spoke finds the parameter as shared, and reads it by its ARN
	reader := ssm.NewFromConfig(settings(w, partner), func(o *ssm.Options) { o.HTTPSignerV4 = signer{w.Clock, v4.NewSigner()} })
	shared, err := reader.DescribeParameters(t.Context(), &ssm.DescribeParametersInput{Shared: sdk.Bool(true)})
	noErr(t, err)
	if len(shared.Parameters) != 1 {
		t.Fatalf("%d parameters are shared", len(shared.Parameters))
	}
	value, err := reader.GetParameter(t.Context(), &ssm.GetParameterInput{Name: shared.Parameters[0].ARN})
	if noErr(t, err); *value.Parameter.Value != bus {
		t.Errorf("the parameter says %s", *value.Parameter.Value)
	}

	// what does not come to the bus is a dead letter of the spoke
	noErr(t, w.Update(func(s *world.State) error {
		b, _ := s.Estate.EventBuses.Get(bus)
		b.Policy = ""
		s.Estate.EventBuses.Put(b)
		return nil
	}))
	emit(shop, ireland, "aws.tag", "Tag Change on Resource", tagged)
	noErr(t, w.Clock.Sleep(t.Context(), time.Minute))
	spoke := queuesOf(w, shop)
	dead, err := spoke.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: sdk.String(name + "-unsent")})
	noErr(t, err)
	letters, err := spoke.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: dead.QueueUrl, MessageAttributeNames: []string{"All"}})
	if noErr(t, err); len(letters.Messages) != 1 || *letters.Messages[0].MessageAttributes["ERROR_CODE"].StringValue != "NO_PERMISSIONS" {
		t.Errorf("dead letters of the spoke: %+v", letters.Messages)
	}
}

// TestLatticeEventsStay: the chain is not removed while a service has a name, nor
// while that is not known; a spoke that cannot be read is left as it is, and holds
// up nobody.
func TestLatticeEventsStay(t *testing.T) {
	r := latticeEvents(t, "")
	zone := estate.Zone{ID: "Z0LATTICE", Account: network, Name: dnsname.MustParse("corp.acme.internal"), Private: true, CallerReference: "by hand",
		VPCs: []estate.VPCRef{{Region: ireland, ID: "vpc-0222222222222222a"}}}
	name := dnsname.MustParse("pay.shop.corp.acme.internal")
	r.start.Zones.Put(zone)
	w := r.world()
	noErr(t, w.Update(func(s *world.State) error {
		v := latticeComes(s, 1, shop, name.String(), w.Now())
		s.Estate.Records.Put(estate.RecordSet{Zone: zone.ID, Name: name, Type: "A", Alias: &estate.Alias{Name: v.DNS.Name, Zone: v.DNS.Zone}})
		return nil
	}))
	noErr(t, r.converge(t.Context(), w, reconcile.Options{}))
	refused := func(w *world.World, code, text string) {
		t.Helper()
		planned, err := r.process(w).Plan(t.Context(), reconcile.Options{Destroy: true})
		noErr(t, err)
		if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
			return d.Severity == diag.Error && d.Code == code && strings.Contains(d.Summary+d.Detail, text)
		}) {
			t.Errorf("the chain goes: %+v", planned.Diagnostics)
		}
	}
	refused(w, "live-names", name.String())
	noErr(t, w.Update(func(s *world.State) error {
		latticeGoes(s, name.String())
		return nil
	}))
	// as long as nobody knows whether the service stands
	unread := w.Fork(clock.NewVirtual(w.Now()))
	unread.Inject(world.Fault{Service: "vpc-lattice", Operation: "ListServices", Account: shop, Kind: world.FaultServer, Count: 1000})
	refused(unread, "live-names", name.String())
	// and no longer: the record leads nowhere
	noErr(t, r.converge(t.Context(), w, reconcile.Options{Destroy: true}))

	// the partner lets nobody in
	noErr(t, w.Update(func(s *world.State) error {
		s.Estate.Roles.Delete("arn:aws:iam::333333333333:role/orgdns")
		return nil
	}))
	noErr(t, r.converge(t.Context(), w, reconcile.Options{}))
	e := w.Estate()
	if e.EventRules.Len() != 3 {
		t.Errorf("%d rules, want those of the hub and of two Regions of the shop", e.EventRules.Len())
	}
	refused(w, "unread", string(partner))
}

// TestServeDeployed: with exactly the policies that `orgdns iam` prints, what
// `orgdns deploy lattice` made brings the events of services to `orgdns serve`,
// and their names answer in a consumer VPC seconds after they were made.
func TestServeDeployed(t *testing.T) {
	full := latticeRig(t)
	full.start.Organization.TrustedServices = []string{estate.ShareService}
	r, _ := printed(t, full, full.start)
	w := r.world()
	noErr(t, r.converge(t.Context(), w, reconcile.Options{}))
	noErr(t, eventRig{r}.converge(t.Context(), w, reconcile.Options{}))
	defer w.Clock.Enter()()
	server := r.replica(t, w, func(s *event.Server) { s.Queues = []event.Queue{r.deployedQueue(t, w)} })
	wait(t, w, time.Minute)
	answers := func(when string, want bool) {
		t.Helper()
		a := resolve.New(w.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: "vpc-0444444444444444a"}, dnsname.MustParse("new.svc.corp.acme.internal"), "A")
		if a.Positive() != want {
			t.Errorf("%s: %s", when, a)
		}
	}
	answers("before", false)
	lattice := r.spoke(w, shop, ireland)
	made, err := lattice.CreateService(t.Context(), &vpclattice.CreateServiceInput{
		Name: sdk.String("new"), CustomDomainName: sdk.String("new.svc.corp.acme.internal"), Tags: map[string]string{event.DefaultTagKey: "true"},
	})
	noErr(t, err)
	wait(t, w, 12*time.Second)
	answers("made", true)
	_, err = lattice.UntagResource(t.Context(), &vpclattice.UntagResourceInput{ResourceArn: made.Arn, TagKeys: []string{event.DefaultTagKey}})
	noErr(t, err)
	_, err = lattice.DeleteService(t.Context(), &vpclattice.DeleteServiceInput{ServiceIdentifier: made.Arn})
	noErr(t, err)
	wait(t, w, time.Minute)
	answers("deleted", false)
	server.end(t)
	if got := server.notes.outcomes(); got["applied"] != 2 || got["givenUp"] != 0 {
		t.Errorf("outcomes %v", got)
	}
}
