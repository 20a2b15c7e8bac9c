package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	hub   = estate.AccountID("999999999999")
	third = estate.AccountID("888888888888")
	queue = "arn:aws:sqs:eu-west-1:111111111111:q"
	dead  = "arn:aws:sqs:eu-west-1:111111111111:dead"
)

// bed is a world whose queues are lists in memory. A queue takes what its policy
// allows; one that has none here is not there.
type bed struct {
	worldtest.Client
	clock    *clock.Virtual
	policies map[string]string
	got      map[string][]Message
}

func newBed(t *testing.T) *bed {
	t.Helper()
	cl, c := worldtest.New()
	cl.Policies, cl.Service = func(c *world.Call) world.Authorizer { return iam.Authorizer(c) }, "events"
	b := &bed{cl, c, map[string]string{}, map[string][]Message{}}
	for _, q := range []string{queue, dead} {
		b.policies[q] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*",
			"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:events:eu-west-1:111111111111:rule/*"}}}]}`
	}
	return b
}

// after lets time pass and delivers.
func (b *bed) after(t *testing.T, d time.Duration) {
	t.Helper()
	b.clock.Advance(d)
	send := func(c *world.Call, m Message, authorize Authorize) error {
		policy, ok := b.policies[m.Target]
		if !ok {
			return &smithy.GenericAPIError{Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist."}
		}
		_, account, _, _ := parts(m.Target)
		if err := authorize("sqs:SendMessage", iam.Resource{ARN: m.Target, Account: account, Policy: policy}); err != nil {
			return err
		}
		b.got[m.Target] = append(b.got[m.Target], m)
		return nil
	}
	if err := b.World.Update(func(s *world.State) error {
		Settle(&world.Call{World: b.World, State: s, Now: b.World.Now(), Region: b.Region}, Targets{"sqs": send})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// take is what came to a queue since it was last asked.
func (b *bed) take(arn string) []Message {
	got := b.got[arn]
	b.got[arn] = nil
	return got
}

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls a handler that must refuse with a code and a text.
func refused[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I, code, text string) {
	t.Helper()
	_, err := worldtest.Do(cl, h, in)
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("%T: %v, want %s: %s", in, err, code, text)
	}
}

// rule makes a rule for a source with one target.
func (b *bed) rule(t *testing.T, cl worldtest.Client, bus, source string, target types.Target) {
	t.Helper()
	must(t, cl, putRule, &eventbridge.PutRuleInput{Name: aws.String("r"), EventBusName: given(bus), EventPattern: aws.String(`{"source":["` + source + `"]}`)})
	target.Id = aws.String("t")
	must(t, cl, putTargets, &eventbridge.PutTargetsInput{Rule: aws.String("r"), EventBusName: given(bus), Targets: []types.Target{target}})
}

func entry(source, bus string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{Source: &source, DetailType: aws.String("Test"), Detail: aws.String(`{"n":1}`), EventBusName: given(bus), Resources: []string{"arn:x"}}
}

func (b *bed) put(t *testing.T, cl worldtest.Client, entries ...types.PutEventsRequestEntry) []types.PutEventsResultEntry {
	t.Helper()
	return must(t, cl, putEvents, &eventbridge.PutEventsInput{Entries: entries}).Entries
}

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	name, rule := wire.Tree{"Name": "n"}, wire.Tree{"Rule": "r"}
	arn := "arn:aws:events:eu-west-1:111111111111:rule/r"
	worldtest.Handlers(t, "events", Service(), map[string]wire.Tree{
		"CreateEventBus": name, "DeleteEventBus": name, "DescribeEventBus": name, "UpdateEventBus": {},
		"PutRule": {"Name": "r", "EventPattern": "{}"}, "DeleteRule": name, "DescribeRule": name, "EnableRule": name, "DisableRule": name,
		"PutTargets": {"Rule": "r", "Targets": []any{wire.Tree{"Id": "i", "Arn": queue}}}, "RemoveTargets": {"Rule": "r", "Ids": []any{"i"}},
		"ListTargetsByRule": rule, "ListRuleNamesByTarget": {"TargetArn": queue}, "TestEventPattern": {"EventPattern": "{}", "Event": "{}"},
		"PutEvents":   {"Entries": []any{wire.Tree{"Source": "s", "DetailType": "d", "Detail": "{}"}}},
		"TagResource": {"ResourceARN": arn, "Tags": []any{}}, "UntagResource": {"ResourceARN": arn, "TagKeys": []any{}}, "ListTagsForResource": {"ResourceARN": arn},
	})
}

// TestDelivery: an event comes to the targets of the rules that match, on the
// clock, as the envelope that eb-events-structure.html shows.
func TestDelivery(t *testing.T) {
	b := newBed(t)
	b.rule(t, b.Client, "", "shop", types.Target{Arn: aws.String(queue)})
	id := *b.put(t, b.Client, entry("shop", ""), entry("other", ""))[0].EventId
	if got := b.take(queue); got != nil {
		t.Errorf("delivered within the call: %v", got)
	}
	b.after(t, world.BusDelay)
	want := `{"version":"0","id":"` + id + `","detail-type":"Test","source":"shop","account":"111111111111","time":"2026-03-01T12:00:00Z","region":"eu-west-1","resources":["arn:x"],"detail":{"n":1}}`
	if got := b.take(queue); len(got) != 1 || got[0].Body != want {
		t.Errorf("delivered %+v\nwant %s", got, want)
	}
	must(t, b.Client, disableRule, &eventbridge.DisableRuleInput{Name: aws.String("r")})
	b.put(t, b.Client, entry("shop", ""))
	b.after(t, time.Second)
	if got := b.take(queue); got != nil {
		t.Errorf("delivered by a rule that is off: %v", got)
	}
}

// TestInput: what a target gets instead of the event (eb-transform-target-input.html).
func TestInput(t *testing.T) {
	for _, tt := range []struct {
		target types.Target
		want   string
	}{
		{types.Target{Input: aws.String(`{"a":1}`)}, `{"a":1}`},
		{types.Target{InputPath: aws.String("$.detail.n")}, `1`},
		{types.Target{InputPath: aws.String("$.resources[0]")}, `"arn:x"`},
		{types.Target{InputTransformer: &types.InputTransformer{
			InputPathsMap: map[string]string{"n": "$.detail.n", "s": "$.source", "no": "$.detail.no"},
			InputTemplate: aws.String(`{"number":<n>,"source":<s>,"text":"<s> sent <n><no>","rule":"<aws.events.rule-name>"}`),
		}}, `{"number":1,"source":"shop","text":"shop sent 1","rule":"r"}`},
	} {
		b := newBed(t)
		tt.target.Arn = aws.String(queue)
		b.rule(t, b.Client, "", "shop", tt.target)
		b.put(t, b.Client, entry("shop", ""))
		b.after(t, time.Second)
		if got := b.take(queue); len(got) != 1 || got[0].Body != tt.want {
			t.Errorf("delivered %+v, want %s", got, tt.want)
		}
	}
}

// TestPutEvents: entries that AWS refuses one by one (API_PutEventsResultEntry).
func TestPutEvents(t *testing.T) {
	b := newBed(t)
	reserved, malformed, noType := entry("aws.ec2", ""), entry("shop", ""), entry("shop", "")
	malformed.Detail, noType.DetailType = aws.String(`["a"]`), nil
	out := b.put(t, b.Client, entry("shop", ""), reserved, malformed, noType, entry("shop", estate.EventBusARN(hub, "eu-west-1", "central")))
	var codes []string
	for _, e := range out {
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	if want := []string{"", "NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument", "AccessDeniedException"}; !slices.Equal(codes, want) {
		t.Errorf("codes %q, want %q", codes, want)
	}
	long := entry("shop", "")
	long.Detail = aws.String(`{"a":"` + strings.Repeat("x", maxEvents) + `"}`)
	refused(t, b.Client, putEvents, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{long}}, "ValidationException", "over the limit")
}

// chain makes a bus in the hub that takes events of the organization, a rule of an
// account's default bus that sends there, and one in the hub that sends on.
func (b *bed) chain(t *testing.T, policy string) {
	t.Helper()
	if err := b.World.Update(func(s *world.State) error {
		s.Estate.Organization = estate.Organization{ID: "o-1", Management: hub, Root: "r-1"}
		s.Estate.Units.Put(estate.Unit{ID: "r-1"})
		for _, a := range []estate.AccountID{b.Account, hub} {
			s.Estate.Accounts.Put(estate.Account{ID: a, Parent: "r-1", Status: estate.AccountActive})
		}
		s.Estate.Roles.Put(estate.Role{
			ARN: "arn:aws:iam::111111111111:role/forward", ID: "AROA1", Account: b.Account, Name: "forward", Path: "/",
			Trust:  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
			Inline: map[string]string{"put": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"arn:aws:events:eu-west-1:999999999999:event-bus/central"}]}`},
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	central := b.In(hub, "")
	must(t, central, createEventBus, &eventbridge.CreateEventBusInput{Name: aws.String("central")})
	if policy != "" {
		must(t, central, putPermission, &eventbridge.PutPermissionInput{EventBusName: aws.String("central"), Policy: &policy})
	}
}

const organizationOnly = `{"Version":"2012-10-17","Statement":[{"Sid":"org","Effect":"Allow","Principal":{"AWS":"*"},"Action":"events:PutEvents",
	"Resource":"arn:aws:events:eu-west-1:999999999999:event-bus/central","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1","events:source":"shop"}}}]}`

// TestOtherAccount: a rule sends to a bus of another account, which the bus's
// policy and the role's must allow, and no further (eb-cross-account.html).
func TestOtherAccount(t *testing.T) {
	bus := estate.EventBusARN(hub, "eu-west-1", "central")
	hubQueue := strings.ReplaceAll(queue, "111111111111", string(hub))
	role := "arn:aws:iam::111111111111:role/forward"
	for _, tt := range []struct {
		what, policy, role, source, code string
	}{
		{"all as it should be", organizationOnly, role, "shop", ""},
		{"a source that the bus does not take", organizationOnly, role, "mall", "NO_PERMISSIONS"},
		{"no policy", "", role, "shop", "NO_PERMISSIONS"},
		{"no role, so no organization", organizationOnly, "", "shop", "NO_PERMISSIONS"},
		{"a role that is not there", organizationOnly, role + "s", "shop", "FAILED_TO_ASSUME_ROLE"},
	} {
		b := newBed(t)
		b.policies[hubQueue] = strings.ReplaceAll(b.policies[queue], "111111111111", string(hub))
		b.chain(t, tt.policy)
		b.rule(t, b.Client, "", tt.source, types.Target{Arn: &bus, RoleArn: given(tt.role), DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String(dead)}})
		b.rule(t, b.In(hub, ""), "central", tt.source, types.Target{Arn: &hubQueue})
		b.put(t, b.Client, entry(tt.source, ""))
		b.after(t, world.BusDelay)
		if got := b.take(hubQueue); got != nil {
			t.Errorf("%s: at the second bus's targets too early: %v", tt.what, got)
		}
		b.after(t, world.BusDelay)
		if got := b.take(hubQueue); (len(got) == 1) != (tt.code == "") || tt.code == "" && !strings.Contains(got[0].Body, `"account":"111111111111"`) {
			t.Errorf("%s: delivered %v", tt.what, got)
		}
		letters := b.take(dead)
		if (len(letters) == 1) != (tt.code != "") || tt.code != "" && letters[0].Attributes["ERROR_CODE"] != tt.code {
			t.Errorf("%s: dead letters %v, want %s", tt.what, letters, tt.code)
		}
	}
}

// TestThirdAccount: the hub cannot pass on to a third account what it got from
// another.
func TestThirdAccount(t *testing.T) {
	b := newBed(t)
	b.chain(t, organizationOnly)
	bus, far := estate.EventBusARN(hub, "eu-west-1", "central"), estate.EventBusARN(third, "eu-west-1", "default")
	must(t, b.In(third, ""), putPermission, &eventbridge.PutPermissionInput{StatementId: aws.String("s"), Action: aws.String("events:PutEvents"), Principal: aws.String(string(hub))})
	b.rule(t, b.Client, "", "shop", types.Target{Arn: &bus, RoleArn: aws.String("arn:aws:iam::111111111111:role/forward")})
	hubDead := strings.ReplaceAll(dead, "111111111111", string(hub))
	b.policies[hubDead] = strings.ReplaceAll(b.policies[dead], "111111111111", string(hub))
	b.rule(t, b.In(hub, ""), "central", "shop", types.Target{Arn: &far, DeadLetterConfig: &types.DeadLetterConfig{Arn: &hubDead}})
	thirdQueue := strings.ReplaceAll(queue, "111111111111", string(third))
	b.policies[thirdQueue] = strings.ReplaceAll(b.policies[queue], "111111111111", string(third))
	b.rule(t, b.In(third, ""), "", "shop", types.Target{Arn: &thirdQueue})
	b.put(t, b.Client, entry("shop", ""))
	b.put(t, b.In(hub, ""), entry("shop", "central"))
	b.after(t, time.Minute)
	if letters := b.take(hubDead); len(letters) != 1 || letters[0].Attributes["ERROR_CODE"] != "THIRD_ACCOUNT_HOP_DETECTED" {
		t.Errorf("dead letters of the hub: %v", letters)
	}
	if got := b.take(thirdQueue); len(got) != 1 || !strings.Contains(got[0].Body, string(hub)) {
		t.Errorf("in the third account: %v, want the hub's own event alone", got)
	}
}

// TestRetries: a target that is busy is tried again until its policy says enough;
// one that forbids or is gone is not (eb-rule-retry-policy.html, eb-rule-dlq.html).
func TestRetries(t *testing.T) {
	letters := &types.DeadLetterConfig{Arn: aws.String(dead)}
	for _, tt := range []struct {
		what      string
		target    types.Target
		faults    int // how many tries are throttled
		spoil     func(*bed)
		delivered int
		want      map[string]string
	}{
		{"busy for a while", types.Target{}, 3, nil, 1, nil},
		{"too few retries", types.Target{RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(2)}}, 3, nil, 0,
			map[string]string{"ERROR_CODE": "THROTTLING", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "2"}},
		{"no retries", types.Target{RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(0)}}, 1, nil, 0,
			map[string]string{"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "0"}},
		{"too old", types.Target{RetryPolicy: &types.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(60)}}, 1000, nil, 0,
			map[string]string{"EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds"}},
		{"forbidden", types.Target{}, 0, func(b *bed) { b.policies[queue] = "" }, 0,
			map[string]string{"ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0", "RULE_ARN": "arn:aws:events:eu-west-1:111111111111:rule/r", "TARGET_ARN": queue}},
		{"gone", types.Target{}, 0, func(b *bed) { delete(b.policies, queue) }, 0, map[string]string{"ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "The specified queue does not exist."}},
		{"nowhere to put the letter", types.Target{}, 0, func(b *bed) { clear(b.policies) }, 0, nil},
	} {
		b := newBed(t)
		tt.target.Arn, tt.target.DeadLetterConfig = aws.String(queue), letters
		b.rule(t, b.Client, "", "shop", tt.target)
		if tt.spoil != nil {
			tt.spoil(b)
		}
		if tt.faults > 0 {
			b.World.Inject(world.Fault{Service: "sqs", Operation: "SendMessage", Kind: world.FaultThrottle, Count: tt.faults})
		}
		b.put(t, b.Client, entry("shop", ""))
		b.after(t, 10*time.Minute)
		if got := b.take(queue); len(got) != tt.delivered {
			t.Errorf("%s: delivered %v", tt.what, got)
		}
		got := b.take(dead)
		if (len(got) == 1) != (tt.want != nil) {
			t.Errorf("%s: dead letters %v", tt.what, got)
			continue
		}
		for k, v := range tt.want {
			if got[0].Attributes[k] != v {
				t.Errorf("%s: %s is %q, want %q", tt.what, k, got[0].Attributes[k], v)
			}
		}
	}
}

// TestEventFaults: of a thousand events of a service a tenth is lost, a tenth
// comes twice, and all come up to a minute late; the same seed, the same events.
func TestEventFaults(t *testing.T) {
	run := func(seed uint64) (order []string) {
		b := newBed(t)
		b.rule(t, b.Client, "", "aws.tag", types.Target{Arn: aws.String(queue), InputPath: aws.String("$.detail.n")})
		b.World.Inject(
			world.Fault{Service: "aws.tag", Kind: world.FaultEventDrop, Count: -1, Share: 0.1, Seed: seed},
			world.Fault{Service: "aws.tag", Kind: world.FaultEventRepeat, Count: -1, Share: 0.1, Seed: seed, Delay: time.Minute},
			world.Fault{Service: "aws.tag", Kind: world.FaultEventDelay, Count: -1, Seed: seed, Delay: time.Minute},
		)
		for n := range 1000 {
			if err := b.World.Update(func(s *world.State) error {
				c := &world.Call{World: b.World, State: s, Now: b.World.Now(), Region: b.Region, Caller: world.Caller{Account: b.Account}}
				c.Emit(world.BusEvent{Source: "aws.tag", DetailType: "Tag Change on Resource", Detail: fmt.Sprintf(`{"n":%d}`, n)})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		b.after(t, 2*time.Minute)
		for _, m := range b.take(queue) {
			order = append(order, m.Body)
		}
		return order
	}
	got := run(1)
	seen, twice := map[string]bool{}, 0
	for _, n := range got {
		if seen[n] {
			twice++
		}
		seen[n] = true
	}
	if lost := 1000 - len(seen); lost < 60 || lost > 140 || twice < 60 || twice > 140 {
		t.Errorf("%d lost, %d twice of 1000", lost, twice)
	}
	if slices.IsSortedFunc(got, func(a, b string) int { return len(a) - len(b) }) {
		t.Error("nothing was reordered")
	}
	if !slices.Equal(got, run(1)) || slices.Equal(got, run(2)) {
		t.Error("the seed does not decide")
	}
}

// TestRefusals: what the API does not take.
func TestRefusals(t *testing.T) {
	b := newBed(t)
	pattern := aws.String(`{"source":["shop"]}`)
	refused(t, b.Client, putRule, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":"shop"}`)}, "InvalidEventPatternException", "Event pattern is not valid. Reason: ")
	refused(t, b.Client, putRule, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: pattern, EventBusName: aws.String("none")}, "ResourceNotFoundException", "none")
	refused(t, b.Client, putRule, &eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 hour)")}, "NotImplementedByTwin", "ScheduleExpression")
	must(t, b.Client, putRule, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: pattern})
	for _, tt := range []struct {
		target types.Target
		code   string
	}{
		{types.Target{Arn: aws.String("q")}, "ValidationException"},
		{types.Target{Arn: aws.String("arn:aws:sns:eu-west-1:111111111111:t")}, "NotImplementedByTwin"},
		{types.Target{Arn: aws.String(queue + ".fifo")}, "ValidationException"},
		{types.Target{Arn: aws.String(queue), Input: aws.String("{}"), InputPath: aws.String("$.a")}, "ValidationException"},
		{types.Target{Arn: aws.String(queue), InputPath: aws.String("detail")}, "ValidationException"},
		{types.Target{Arn: aws.String(queue), DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String(dead + ".fifo")}}, "ValidationException"},
		{types.Target{Arn: aws.String(strings.ReplaceAll(queue, "111111111111", "222222222222"))}, "ValidationException"},
	} {
		tt.target.Id = aws.String("t")
		refused(t, b.Client, putTargets, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{tt.target}}, tt.code, "")
	}
	var many []types.Target
	for i := range 6 {
		many = append(many, types.Target{Id: aws.String(fmt.Sprint(i)), Arn: aws.String(queue)})
	}
	refused(t, b.Client, putTargets, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: many}, "LimitExceededException", "")
	must(t, b.Client, putTargets, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: many[:2]})
	refused(t, b.Client, deleteRule, &eventbridge.DeleteRuleInput{Name: aws.String("r")}, "ValidationException", "has targets")
	if out := must(t, b.Client, removeTargets, &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"0", "1", "7"}}); out.FailedEntryCount != 1 || *out.FailedEntries[0].TargetId != "7" {
		t.Errorf("targets that are not there: %+v", out)
	}
	must(t, b.Client, deleteRule, &eventbridge.DeleteRuleInput{Name: aws.String("r")})
	if rules := must(t, b.Client, listRules, &eventbridge.ListRulesInput{}).Rules; len(rules) != 0 {
		t.Errorf("rules left: %v", rules)
	}
	// A bus's policy by statements, as PutPermission writes it.
	must(t, b.Client, putPermission, &eventbridge.PutPermissionInput{StatementId: aws.String("s"), Action: aws.String("events:PutEvents"), Principal: aws.String("*"),
		Condition: &types.Condition{Type: aws.String("StringEquals"), Key: aws.String("aws:PrincipalOrgID"), Value: aws.String("o-1")}})
	if p := aws.ToString(must(t, b.Client, describeEventBus, &eventbridge.DescribeEventBusInput{}).Policy); !strings.Contains(p, `"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`) {
		t.Errorf("policy %s", p)
	}
	refused(t, b.Client, removePermission, &eventbridge.RemovePermissionInput{StatementId: aws.String("x")}, "ResourceNotFoundException", "")
	must(t, b.Client, removePermission, &eventbridge.RemovePermissionInput{StatementId: aws.String("s")})
	if p := must(t, b.Client, describeEventBus, &eventbridge.DescribeEventBusInput{}).Policy; p != nil {
		t.Errorf("policy left: %s", *p)
	}
}
