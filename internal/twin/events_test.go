package twin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/orgdns/orgdns/internal/twin/world"
)

func (b bench) events(c aws.Credentials) *eventbridge.Client {
	return eventbridge.NewFromConfig(b.config(c), func(o *eventbridge.Options) { o.HTTPSignerV4 = b.signer() })
}

// TestEventChain: from the default bus of an account to the bus of another, to its
// queue, where a poll waits: it gets the event when the two buses have taken their
// time. Then with faults: what the queue does not take goes to the dead letters.
func TestEventChain(t *testing.T) {
	b := newBench()
	leave := b.clock.Enter()
	defer leave()
	spoke, hub, queues := b.events(keys(caller)), b.events(keys(other)), b.sqs(keys(other))
	const region = "eu-west-1"
	arn := func(service, account, rest string) string {
		return strings.Join([]string{"arn:aws", service, region, account, rest}, ":")
	}
	bus, rule, queue := arn("events", other, "event-bus/central"), arn("events", other, "rule/central/to-queue"), arn("sqs", other, "work")
	pattern := aws.String(`{"source":["shop"],"detail-type":[{"prefix":"Service"}]}`)

	// the hub
	must[*eventbridge.CreateEventBusOutput](t)(hub.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("central")}))
	must[*eventbridge.PutPermissionOutput](t)(hub.PutPermission(t.Context(), &eventbridge.PutPermissionInput{
		EventBusName: aws.String("central"), StatementId: aws.String("spoke"), Action: aws.String("events:PutEvents"), Principal: aws.String(caller),
	}))
	url := map[string]*string{}
	for _, name := range []string{"work", "dead"} {
		url[name] = must[*sqs.CreateQueueOutput](t)(queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
			"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage",
				"Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + rule + `"}}}]}`,
		}})).QueueUrl
	}
	must[*eventbridge.PutRuleOutput](t)(hub.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("to-queue"), EventBusName: aws.String("central"), EventPattern: pattern}))
	must[*eventbridge.PutTargetsOutput](t)(hub.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("to-queue"), EventBusName: aws.String("central"), Targets: []ebtypes.Target{{
		Id: aws.String("queue"), Arn: &queue, DeadLetterConfig: &ebtypes.DeadLetterConfig{Arn: aws.String(arn("sqs", other, "dead"))},
		RetryPolicy: &ebtypes.RetryPolicy{MaximumRetryAttempts: aws.Int32(1)},
	}}}))

	// the spoke
	roles := b.iam(keys(caller))
	role := must[*iam.CreateRoleOutput](t)(roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("forward"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})).Role.Arn
	must[*iam.PutRolePolicyOutput](t)(roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("forward"), PolicyName: aws.String("put"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + bus + `"}]}`)}))
	must[*eventbridge.PutRuleOutput](t)(spoke.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("to-hub"), EventPattern: pattern}))
	must[*eventbridge.PutTargetsOutput](t)(spoke.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("to-hub"), Targets: []ebtypes.Target{{Id: aws.String("hub"), Arn: &bus, RoleArn: role}}}))

	put := func() time.Time {
		out := must[*eventbridge.PutEventsOutput](t)(spoke.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
			{Source: aws.String("shop"), DetailType: aws.String("ServiceCreated"), Detail: aws.String(`{"name":"a"}`)},
			{Source: aws.String("shop"), DetailType: aws.String("Else"), Detail: aws.String(`{}`)},
		}}))
		if out.FailedEntryCount != 0 {
			t.Fatalf("entries refused: %+v", out.Entries)
		}
		return b.clock.Now()
	}
	poll := func(name string) []string {
		out := must[*sqs.ReceiveMessageOutput](t)(queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url[name], MaxNumberOfMessages: 10, WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"}}))
		var got []string
		for _, m := range out.Messages {
			code := ""
			if a, ok := m.MessageAttributes["ERROR_CODE"]; ok {
				code = *a.StringValue + " "
			}
			got = append(got, code+*m.Body)
			must[*sqs.DeleteMessageOutput](t)(queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url[name], ReceiptHandle: m.ReceiptHandle}))
		}
		return got
	}
	from := put()
	got := poll("work")
	if took := b.clock.Now().Sub(from); len(got) != 1 || !strings.Contains(got[0], `"account":"`+caller+`"`) || took != 2*world.BusDelay {
		t.Errorf("after %s: %q", took, got)
	}
	b.world.Inject(world.Fault{Service: "sqs", Operation: "SendMessage", Account: other, Kind: world.FaultThrottle, Count: 2})
	put()
	if got := poll("dead"); len(got) != 1 || !strings.HasPrefix(got[0], "THROTTLING ") {
		t.Errorf("dead letters: %q", got)
	}
	if got := poll("work"); got != nil {
		t.Errorf("delivered in spite of faults: %q", got)
	}
}

// TestEventToFunction: a rule invokes a function that lets EventBridge.
func TestEventToFunction(t *testing.T) {
	b := newBench()
	var payloads []string
	b.world.Functions = map[string]world.Function{"note": func(_ context.Context, in world.Invocation) ([]byte, error) {
		payloads = append(payloads, string(in.Payload))
		return nil, nil
	}}
	role := must[*iam.CreateRoleOutput](t)(b.iam(keys(caller)).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("runs"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})).Role.Arn
	functions := lambda.NewFromConfig(b.config(keys(caller)), func(o *lambda.Options) { o.HTTPSignerV4 = b.signer() })
	f := must[*lambda.CreateFunctionOutput](t)(functions.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("note"), Role: role, PackageType: lambdatypes.PackageTypeImage, Code: &lambdatypes.FunctionCode{ImageUri: aws.String("1.dkr.ecr.eu-west-1.amazonaws.com/note:1")},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"ORGDNS_HANDLER": "note"}},
	})).FunctionArn
	events := b.events(keys(caller))
	must[*eventbridge.PutRuleOutput](t)(events.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["shop"]}`)}))
	must[*eventbridge.PutTargetsOutput](t)(events.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []ebtypes.Target{{Id: aws.String("f"), Arn: f, InputPath: aws.String("$.detail")}}}))
	put := func() {
		must[*eventbridge.PutEventsOutput](t)(events.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{Source: aws.String("shop"), DetailType: aws.String("x"), Detail: aws.String(`{"n":1}`)}}}))
		b.clock.Advance(time.Second)
		must[*eventbridge.ListRulesOutput](t)(events.ListRules(t.Context(), nil)) // any call sees what has come due
	}
	put()
	if payloads != nil {
		t.Errorf("invoked without permission: %q", payloads)
	}
	must[*lambda.AddPermissionOutput](t)(functions.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: f, StatementId: aws.String("events"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("events.amazonaws.com"),
		SourceArn: aws.String("arn:aws:events:eu-west-1:" + caller + ":rule/r"),
	}))
	put()
	if len(payloads) != 1 || payloads[0] != `{"n":1}` {
		t.Errorf("invoked with %q", payloads)
	}
}
