package sqs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

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

func newQueue(t *testing.T, cl worldtest.Client, name string, attributes map[string]string) *string {
	t.Helper()
	return must(t, cl, createQueue, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}).QueueUrl
}

func post(t *testing.T, cl worldtest.Client, queue *string, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		must(t, cl, sendMessage, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &b})
	}
}

// take receives up to ten messages, and gives their bodies in order.
func take(t *testing.T, cl worldtest.Client, queue *string) (all []types.Message, bodies []string) {
	t.Helper()
	all = must(t, cl, receiveMessage, &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"}}).Messages
	for _, m := range all {
		bodies = append(bodies, *m.Body)
	}
	return all, bodies
}

func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	q := "https://sqs.eu-west-1.amazonaws.com/111111111111/q"
	queue, arn := wire.Tree{"QueueUrl": q}, wire.Tree{"SourceArn": "arn:aws:sqs:eu-west-1:111111111111:q"}
	inputs := map[string]wire.Tree{
		"CreateQueue": {"QueueName": "q"}, "GetQueueUrl": {"QueueName": "q"}, "CancelMessageMoveTask": {"TaskHandle": "x"},
		"StartMessageMoveTask": arn, "ListMessageMoveTasks": arn,
		"SetQueueAttributes": {"QueueUrl": q, "Attributes": wire.Tree{}}, "TagQueue": {"QueueUrl": q, "Tags": wire.Tree{}}, "UntagQueue": {"QueueUrl": q, "TagKeys": []any{}},
		"SendMessage": {"QueueUrl": q, "MessageBody": "b"}, "DeleteMessage": {"QueueUrl": q, "ReceiptHandle": "h"},
		"ChangeMessageVisibility": {"QueueUrl": q, "ReceiptHandle": "h", "VisibilityTimeout": int64(1)},
	}
	for _, op := range []string{"SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"} {
		inputs[op] = wire.Tree{"QueueUrl": q, "Entries": []any{}}
	}
	for _, op := range []string{"DeleteQueue", "GetQueueAttributes", "PurgeQueue", "ListQueueTags", "ListDeadLetterSourceQueues", "ReceiveMessage"} {
		inputs[op] = queue
	}
	worldtest.Handlers(t, "sqs", Service(), inputs)
}

// TestVisibility: what was received is hidden until its time is over, and its
// old receipt deletes nothing (API_DeleteMessage, API_ChangeMessageVisibility).
func TestVisibility(t *testing.T) {
	cl, clock := worldtest.New()
	q := newQueue(t, cl, "q", map[string]string{"VisibilityTimeout": "30"})
	post(t, cl, q, "a", "b")
	first, bodies := take(t, cl, q)
	want(t, "received", bodies, "a", "b")
	if _, again := take(t, cl, q); again != nil {
		t.Errorf("received twice: %q", again)
	}
	must(t, cl, deleteMessage, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: first[0].ReceiptHandle})
	must(t, cl, changeMessageVisibility, &sqs.ChangeMessageVisibilityInput{QueueUrl: q, ReceiptHandle: first[1].ReceiptHandle, VisibilityTimeout: 60})
	clock.Advance(30 * time.Second)
	if _, early := take(t, cl, q); early != nil {
		t.Errorf("received %q although hidden for longer", early)
	}
	clock.Advance(30 * time.Second)
	refused(t, cl, changeMessageVisibility, &sqs.ChangeMessageVisibilityInput{QueueUrl: q, ReceiptHandle: first[1].ReceiptHandle, VisibilityTimeout: 60},
		"InvalidParameterValue", "Message does not exist or is not available for visibility timeout change.")
	second, bodies := take(t, cl, q)
	want(t, "received again", bodies, "b")
	if n := second[0].Attributes["ApproximateReceiveCount"]; n != "2" {
		t.Errorf("received %s times", n)
	}
	must(t, cl, deleteMessage, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: first[1].ReceiptHandle})
	refused(t, cl, changeMessageVisibility, &sqs.ChangeMessageVisibilityInput{QueueUrl: q, ReceiptHandle: second[0].ReceiptHandle, VisibilityTimeout: 43201}, "InvalidParameterValue", "43200")
	must(t, cl, changeMessageVisibility, &sqs.ChangeMessageVisibilityInput{QueueUrl: q, ReceiptHandle: second[0].ReceiptHandle})
	third, bodies := take(t, cl, q)
	want(t, "given back at once", bodies, "b")
	must(t, cl, deleteMessage, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: third[0].ReceiptHandle})
	refused(t, cl, deleteMessage, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: aws.String("x")}, "ReceiptHandleIsInvalid", "not a valid receipt handle")
	clock.Advance(time.Hour)
	if _, left := take(t, cl, q); left != nil {
		t.Errorf("left: %q", left)
	}
}

// TestTimes: delay and retention on the clock (API_SetQueueAttributes).
func TestTimes(t *testing.T) {
	cl, clock := worldtest.New()
	q := newQueue(t, cl, "q", map[string]string{"DelaySeconds": "5", "MessageRetentionPeriod": "60"})
	post(t, cl, q, "a")
	must(t, cl, sendMessage, &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("late"), DelaySeconds: 50})
	shown := func() string {
		a := must(t, cl, getQueueAttributes, &sqs.GetQueueAttributesInput{QueueUrl: q, AttributeNames: []types.QueueAttributeName{"All"}}).Attributes
		return a["ApproximateNumberOfMessages"] + a["ApproximateNumberOfMessagesNotVisible"] + a["ApproximateNumberOfMessagesDelayed"]
	}
	if got := shown(); got != "002" {
		t.Errorf("visible, in flight, delayed: %s", got)
	}
	clock.Advance(5 * time.Second)
	_, bodies := take(t, cl, q)
	want(t, "after the queue's delay", bodies, "a")
	if got := shown(); got != "011" {
		t.Errorf("visible, in flight, delayed: %s", got)
	}
	clock.Advance(45 * time.Second)
	_, bodies = take(t, cl, q)
	want(t, "after all delays", bodies, "a", "late")
	clock.Advance(10 * time.Second)
	if got := shown(); got != "000" {
		t.Errorf("after the retention: %s", got)
	}
}

// TestDeadLetters: received in vain too often; and back by a task
// (Developer Guide, sqs-dead-letter-queues.html).
func TestDeadLetters(t *testing.T) {
	cl, clock := worldtest.New()
	dead := newQueue(t, cl, "dead", nil)
	arn := "arn:aws:sqs:eu-west-1:111111111111:dead"
	q := newQueue(t, cl, "q", map[string]string{"VisibilityTimeout": "1", "RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":"2"}`})
	var bodies []string
	for i := range 3 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	post(t, cl, q, bodies...)
	for range 2 {
		_, got := take(t, cl, q)
		want(t, "received", got, bodies...)
		clock.Advance(time.Second)
	}
	if _, got := take(t, cl, q); got != nil {
		t.Errorf("received a third time: %q", got)
	}
	letters, got := take(t, cl, dead)
	want(t, "dead letters", got, bodies...)
	if from := letters[0].Attributes["DeadLetterQueueSourceArn"]; from != "arn:aws:sqs:eu-west-1:111111111111:q" {
		t.Errorf("a dead letter from %s", from)
	}
	if from := must(t, cl, listDeadLetterSourceQueues, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead}).QueueUrls; !slices.Equal(from, []string{*q}) {
		t.Errorf("sources %q", from)
	}
	clock.Advance(time.Minute)
	must(t, cl, startMessageMoveTask, &sqs.StartMessageMoveTaskInput{SourceArn: &arn, MaxNumberOfMessagesPerSecond: aws.Int32(2)})
	refused(t, cl, startMessageMoveTask, &sqs.StartMessageMoveTaskInput{SourceArn: &arn}, "AWS.SimpleQueueService.UnsupportedOperation", "already")
	refused(t, cl, startMessageMoveTask, &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(strings.ReplaceAll(arn, "dead", "q"))}, "InvalidParameterValue", "Dead Letter Queue")
	settled := func() types.ListMessageMoveTasksResultEntry {
		if err := cl.World.Update(func(s *world.State) error {
			Settle(&world.Call{World: cl.World, State: s, Now: cl.World.Now()})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return must(t, cl, listMessageMoveTasks, &sqs.ListMessageMoveTasksInput{SourceArn: &arn}).Results[0]
	}
	clock.Advance(time.Second)
	if r := settled(); *r.Status != "RUNNING" || r.ApproximateNumberOfMessagesMoved != 2 || *r.ApproximateNumberOfMessagesToMove != 1 {
		t.Errorf("after a second %s, %d moved", *r.Status, r.ApproximateNumberOfMessagesMoved)
	}
	clock.Advance(time.Second)
	if r := settled(); *r.Status != "COMPLETED" || r.ApproximateNumberOfMessagesMoved != 3 {
		t.Errorf("after two seconds %s, %d moved", *r.Status, r.ApproximateNumberOfMessagesMoved)
	}
	_, got = take(t, cl, q)
	want(t, "moved back", got, bodies...)
	refused(t, cl, createQueue, &sqs.CreateQueueInput{QueueName: aws.String("r"), Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `s","maxReceiveCount":2}`}}, "InvalidAttributeValue", "RedrivePolicy")
	must(t, cl, setQueueAttributes, &sqs.SetQueueAttributesInput{QueueUrl: dead, Attributes: map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`}})
	refused(t, cl, createQueue, &sqs.CreateQueueInput{QueueName: aws.String("r"), Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":2}`}}, "InvalidAttributeValue", "RedrivePolicy")
}

// TestFIFO: order within a group, which one message in flight holds back;
// deduplication for five minutes (Developer Guide, FIFO-queues-understanding-logic.html).
func TestFIFO(t *testing.T) {
	cl, clock := worldtest.New()
	refused(t, cl, createQueue, &sqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"FifoQueue": "true"}}, "InvalidAttributeName", "FifoQueue")
	q := newQueue(t, cl, "q.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
	refused(t, cl, sendMessage, &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("a")}, "MissingParameter", "MessageGroupId")
	ids := map[string]string{}
	for _, m := range []struct{ group, body string }{{"1", "a"}, {"1", "b"}, {"2", "c"}, {"1", "a"}} {
		out := must(t, cl, sendMessage, &sqs.SendMessageInput{QueueUrl: q, MessageBody: &m.body, MessageGroupId: &m.group})
		if before, twice := ids[m.body]; twice && before != *out.MessageId {
			t.Errorf("%s has the IDs %s and %s", m.body, before, *out.MessageId)
		}
		ids[m.body] = *out.MessageId
	}
	one := must(t, cl, receiveMessage, &sqs.ReceiveMessageInput{QueueUrl: q}).Messages
	want(t, "first", []string{*one[0].Body}, "a")
	_, rest := take(t, cl, q)
	want(t, "while a is in flight", rest, "c")
	must(t, cl, deleteMessage, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: one[0].ReceiptHandle})
	got, rest := take(t, cl, q)
	want(t, "after a was deleted", rest, "b")
	clock.Advance(30 * time.Second)
	refused(t, cl, deleteMessage, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: got[0].ReceiptHandle}, "InvalidParameterValue", "The receipt handle has expired.")
	clock.Advance(dedupInterval)
	must(t, cl, sendMessage, &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("a"), MessageGroupId: aws.String("1")})
	_, rest = take(t, cl, q)
	want(t, "later", rest, "b", "c", "a")
}

// TestSums: checksums as clients compute them: of "hello", and of the attributes
// of sqs-message-metadata.html's algorithm, worked out with Python's hashlib.
func TestSums(t *testing.T) {
	cl, _ := worldtest.New()
	q := newQueue(t, cl, "q", nil)
	out := must(t, cl, sendMessage, &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("hello"), MessageAttributes: map[string]types.MessageAttributeValue{
		"b": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}}, "a": {DataType: aws.String("String"), StringValue: aws.String("x")},
	}})
	if *out.MD5OfMessageBody != "5d41402abc4b2a76b9719d911017c592" || *out.MD5OfMessageAttributes != "3e9b4c785db2deb306cf4009ae214dab" {
		t.Errorf("sums %s and %s", *out.MD5OfMessageBody, *out.MD5OfMessageAttributes)
	}
	m := must(t, cl, receiveMessage, &sqs.ReceiveMessageInput{QueueUrl: q, MessageAttributeNames: []string{"a.*"}}).Messages[0]
	if len(m.MessageAttributes) != 1 || m.Attributes != nil {
		t.Errorf("attributes %v, %v that were not asked for", m.MessageAttributes, m.Attributes)
	}
}

// TestLimits: what SQS refuses (quotas-messages.html, API_SendMessageBatch).
func TestLimits(t *testing.T) {
	cl, clock := worldtest.New()
	q := newQueue(t, cl, "q", map[string]string{"MaximumMessageSize": "1024"})
	for _, tc := range []struct {
		in         sqs.SendMessageInput
		code, text string
	}{
		{sqs.SendMessageInput{MessageBody: aws.String(strings.Repeat("x", 1025))}, "InvalidParameterValue", "shorter than 1024 bytes"},
		{sqs.SendMessageInput{MessageBody: aws.String("\x00")}, "InvalidMessageContents", "not allowed"},
		{sqs.SendMessageInput{MessageBody: aws.String("x"), DelaySeconds: 901}, "InvalidParameterValue", "900"},
		{sqs.SendMessageInput{MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{"a": {DataType: aws.String("Text"), StringValue: aws.String("x")}}}, "InvalidParameterValue", "Binary, Number, String"},
	} {
		tc.in.QueueUrl = q
		refused(t, cl, sendMessage, &tc.in, tc.code, tc.text)
	}
	refused(t, cl, receiveMessage, &sqs.ReceiveMessageInput{QueueUrl: q, MaxNumberOfMessages: 11}, "InvalidParameterValue", "between 1 and 10")
	entry := func(id string) types.SendMessageBatchRequestEntry {
		return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: aws.String("x")}
	}
	refused(t, cl, sendMessageBatch, &sqs.SendMessageBatchInput{QueueUrl: q}, "AWS.SimpleQueueService.EmptyBatchRequest", "at least one")
	refused(t, cl, sendMessageBatch, &sqs.SendMessageBatchInput{QueueUrl: q, Entries: []types.SendMessageBatchRequestEntry{entry("a"), entry("a")}}, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "a")
	refused(t, cl, sendMessageBatch, &sqs.SendMessageBatchInput{QueueUrl: q, Entries: make([]types.SendMessageBatchRequestEntry, 11)}, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "10")
	long := entry("b")
	long.MessageBody = aws.String(strings.Repeat("x", 1025))
	out := must(t, cl, sendMessageBatch, &sqs.SendMessageBatchInput{QueueUrl: q, Entries: []types.SendMessageBatchRequestEntry{entry("a"), long}})
	if len(out.Successful) != 1 || len(out.Failed) != 1 || *out.Failed[0].Code != "InvalidParameterValue" || !out.Failed[0].SenderFault {
		t.Errorf("a batch of which one is too long: %+v", out)
	}
	must(t, cl, purgeQueue, &sqs.PurgeQueueInput{QueueUrl: q})
	if _, left := take(t, cl, q); left != nil {
		t.Errorf("left after a purge: %q", left)
	}
	refused(t, cl, purgeQueue, &sqs.PurgeQueueInput{QueueUrl: q}, "AWS.SimpleQueueService.PurgeQueueInProgress", "60 seconds")
	if *newQueue(t, cl, "q", map[string]string{"MaximumMessageSize": "1024"}) != *q {
		t.Error("the same queue has another URL")
	}
	refused(t, cl, createQueue, &sqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"MaximumMessageSize": "2048"}}, "QueueAlreadyExists", "MaximumMessageSize")
	must(t, cl, deleteQueue, &sqs.DeleteQueueInput{QueueUrl: q})
	refused(t, cl, receiveMessage, &sqs.ReceiveMessageInput{QueueUrl: q}, "AWS.SimpleQueueService.NonExistentQueue", "does not exist")
	refused(t, cl, createQueue, &sqs.CreateQueueInput{QueueName: aws.String("q")}, "AWS.SimpleQueueService.QueueDeletedRecently", "60 seconds")
	clock.Advance(time.Minute)
	newQueue(t, cl, "q", nil)
}

// TestAccess: another account needs the queue's policy, a service of AWS its
// conditions (Developer Guide, sqs-overview-of-managing-access.html).
func TestAccess(t *testing.T) {
	cl, _ := worldtest.New()
	cl.Policies, cl.Service = func(c *world.Call) world.Authorizer { return iam.Authorizer(c) }, "sqs"
	q := newQueue(t, cl, "q", nil)
	other := cl.In("222222222222", "")
	in := &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("x")}
	refused(t, other, sendMessage, in, "AccessDenied", "because no resource-based policy allows the sqs:SendMessage action")
	rule := "arn:aws:events:eu-west-1:111111111111:rule/r"
	policy := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":["sqs:SendMessage","sqs:DeleteQueue"],"Resource":"*"},
		{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + rule + `"}}}]}`
	must(t, cl, setQueueAttributes, &sqs.SetQueueAttributesInput{QueueUrl: q, Attributes: map[string]string{"Policy": policy}})
	must(t, other, sendMessage, in)
	refused(t, other, receiveMessage, &sqs.ReceiveMessageInput{QueueUrl: q}, "AccessDenied", "sqs:ReceiveMessage")
	refused(t, other, deleteQueue, &sqs.DeleteQueueInput{QueueUrl: q}, "AccessDenied", "sqs:DeleteQueue")
	must(t, cl, receiveMessage, &sqs.ReceiveMessageInput{QueueUrl: q})
	deliver := func(queue, rule string) error {
		return cl.World.Update(func(s *world.State) error {
			c := &world.Call{World: cl.World, State: s, Now: cl.World.Now(), Region: cl.Region, Service: "sqs"}
			p := iam.ServicePrincipal{Name: "events.amazonaws.com", Source: rule, Account: cl.Account}
			return Deliver(c, Delivery{Queue: queue, Body: "e", Attributes: map[string]string{"RULE_ARN": rule}}, func(action string, r iam.Resource) error {
				return iam.AuthorizeService(c, p, action, r)
			})
		})
	}
	arn := estate.QueueARN(cl.Account, cl.Region, "q")
	var denied *iam.Denied
	if err := deliver(arn, rule); err != nil {
		t.Errorf("delivery by the rule that is named: %v", err)
	}
	if err := deliver(arn, rule+"2"); !errors.As(err, &denied) {
		t.Errorf("delivery by another rule: %v", err)
	}
	var gone *types.QueueDoesNotExist
	if err := deliver(arn+"2", rule); !errors.As(err, &gone) {
		t.Errorf("delivery to no queue: %v", err)
	}

	// A key of the account's own: its policy decides for a service, IAM for who calls.
	key := "arn:aws:kms:eu-west-1:" + string(cl.Account) + ":key/1"
	hold := func(document string) {
		t.Helper()
		if err := cl.World.Update(func(s *world.State) error {
			s.Estate.ResourcePolicies.Put(estate.ResourcePolicy{ARN: key, Account: cl.Account, Region: cl.Region, Document: document})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	must(t, cl, setQueueAttributes, &sqs.SetQueueAttributesInput{QueueUrl: q, Attributes: map[string]string{"KmsMasterKeyId": "1"}})
	var locked *types.KmsAccessDenied
	hold(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"kms:Decrypt","Resource":"*"}]}`)
	if err := deliver(arn, rule); !errors.As(err, &locked) || !strings.Contains(err.Error(), "kms:GenerateDataKey") {
		t.Errorf("delivery past a key whose policy does not let EventBridge use it: %v", err)
	}
	hold(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"}]}`)
	if err := deliver(arn, rule); err != nil {
		t.Errorf("delivery by a key whose policy lets EventBridge use it: %v", err)
	}
	must(t, cl, receiveMessage, &sqs.ReceiveMessageInput{QueueUrl: q})
	refused(t, other, sendMessage, in, "KMS.AccessDeniedException", "kms:GenerateDataKey")
	// What SQS asks of KMS for a caller comes through SQS, and bears the alias of the queue.
	for _, x := range []struct{ key, condition, no string }{
		{"1", `"StringEquals":{"kms:ViaService":"sqs.eu-west-1.amazonaws.com"}`, ""},
		{"1", `"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}`, "kms:Decrypt"},
		{"1", `"Bool":{"aws:ViaAWSService":"true"}`, ""},
		{"1", `"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/q"}`, "kms:Decrypt"},
		{"alias/q", `"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/q"}`, ""},
		{"alias/other", `"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/q"}`, "kms:Decrypt"},
	} {
		must(t, cl, setQueueAttributes, &sqs.SetQueueAttributesInput{QueueUrl: q, Attributes: map[string]string{"KmsMasterKeyId": x.key}})
		limited := cl
		limited.Caller = world.Caller{Account: cl.Account, ARN: "arn:aws:iam::" + string(cl.Account) + ":user/limited", Administrator: true, SessionPolicies: []string{
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{` + x.condition + `}}]}`,
		}}
		if in := (&sqs.ReceiveMessageInput{QueueUrl: q}); x.no == "" {
			must(t, limited, receiveMessage, in)
		} else {
			refused(t, limited, receiveMessage, in, "KMS.AccessDeniedException", x.no)
		}
	}
	must(t, cl, setQueueAttributes, &sqs.SetQueueAttributesInput{QueueUrl: q, Attributes: map[string]string{"KmsMasterKeyId": "alias/aws/sqs"}})
	if err := deliver(arn, rule); !errors.As(err, &locked) {
		t.Errorf("delivery by a key that AWS manages, which EventBridge may not use: %v", err)
	}
}
