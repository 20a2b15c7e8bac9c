// Package sqs is the twin's Amazon SQS: standard and FIFO queues, their messages
// on the clock, long polls, dead-letter queues and moves out of them, queue
// policies. Queues stand in the estate, messages in the world.
//
// A long poll is parked on the clock ([world.Call.Await]). A service of AWS sends
// by [Deliver], judged by the queue's policy as AWS judges it.
//
// Not here: AddPermission and RemovePermission, aliases of KMS keys, fair queues.
package sqs

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Amazon SQS.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createQueue), wire.Handle(deleteQueue), wire.Handle(getQueueURL), wire.Handle(listQueues),
		wire.Handle(getQueueAttributes), wire.Handle(setQueueAttributes), wire.Handle(purgeQueue),
		wire.Handle(tagQueue), wire.Handle(untagQueue), wire.Handle(listQueueTags), wire.Handle(listDeadLetterSourceQueues),
		wire.Handle(sendMessage), wire.Handle(sendMessageBatch), wire.Handle(receiveMessage),
		wire.Handle(deleteMessage), wire.Handle(deleteMessageBatch),
		wire.Handle(changeMessageVisibility), wire.Handle(changeMessageVisibilityBatch),
		wire.Handle(startMessageMoveTask), wire.Handle(cancelMessageMoveTask), wire.Handle(listMessageMoveTasks),
	}
}

// Limits (Developer Guide, quotas-messages.html, quotas-queues.html, quotas-fifo.html).
const (
	maxSize     = 1 << 20 // of a message or a batch, bytes
	maxBatch    = 10
	maxInFlight = 120_000
	maxHidden   = 12 * time.Hour // visibility timeout, counted from the receipt
	// again is for how long a name stays taken after its queue was deleted
	// (API_CreateQueue), and how long a purge keeps the next from starting
	// (API_PurgeQueue).
	again = time.Minute
)

// fail is a refusal of one of the codes that the model does not name.
func fail(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// invalid refuses a parameter, in the words that clients show (aws/aws-sdk-js#1750).
func invalid(parameter, value, reason string, args ...any) error {
	return fail("InvalidParameterValue", "Value %s for parameter %s is invalid. Reason: %s", value, parameter, fmt.Sprintf(reason, args...))
}

// code is the code of an error in the query protocol, which clients of the JSON
// protocol still see (API_Operations, awsQueryCompatible).
func code(name string) *string { return aws.String("AWS.SimpleQueueService." + name) }

func missing() error {
	return &types.QueueDoesNotExist{Message: aws.String("The specified queue does not exist."), ErrorCodeOverride: code("NonExistentQueue")}
}

func unsupported(format string, args ...any) error {
	return &types.UnsupportedOperation{Message: aws.String(fmt.Sprintf(format, args...)), ErrorCodeOverride: code("UnsupportedOperation")}
}

// url is the address of a queue.
func url(q estate.Queue) *string {
	return aws.String(fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", q.Region, q.Account, q.Name))
}

// find finds the queue that a URL names in the call's Region, and asks for the
// permission to do the operation on it: its host does not matter, as clients of
// a twin see another. A queue of another account needs a policy
// (Developer Guide, sqs-overview-of-managing-access.html).
func find(c *world.Call, address *string) (estate.Queue, error) {
	parts := strings.Split(strings.TrimSuffix(aws.ToString(address), "/"), "/")
	if len(parts) < 2 {
		parts = []string{string(c.Account()), parts[0]}
	}
	return findARN(c, estate.QueueARN(estate.AccountID(parts[len(parts)-2]), c.Region, parts[len(parts)-1]), c.Operation)
}

// findARN finds a queue and asks for the permission to do an operation on it.
func findARN(c *world.Call, arn, operation string) (estate.Queue, error) {
	q, ok := c.Estate().Queues.Get(arn)
	action := "sqs:" + strings.TrimSuffix(operation, "Batch") // sqs-using-identity-based-policies.html: no actions of their own
	var err error
	if ok && (q.Policy != "" || q.Account != c.Account()) {
		err = iam.Authorize(c, action, iam.Resource{ARN: q.ARN, Account: q.Account, Policy: q.Policy}, tagConditions(q.Tags, nil))
	} else {
		err = c.Authorize(action, arn, tagConditions(q.Tags, nil))
	}
	if err == nil && !ok {
		err = missing()
	}
	if err == nil {
		err = useKey(c, q, action)
	}
	return q, err
}

// local refuses what another account cannot be allowed to do, whatever the
// policy (API reference, for instance API_SetQueueAttributes: "Cross-account
// permissions don't apply to this action").
func local(c *world.Call, address *string) (estate.Queue, error) {
	q, err := find(c, address)
	if err == nil && q.Account != c.Account() {
		err = &iam.Denied{
			Decision: iam.Decision{Type: iam.ResourceBased}, Principal: c.Caller.ARN, Action: "sqs:" + c.Operation, Resource: q.ARN, Service: c.Service,
		}
	}
	return q, err
}

// tagConditions are the condition keys of a resource's tags and of those that
// a request gives.
func tagConditions(has, given estate.Tags) world.Conditions {
	conditions := world.Conditions{}
	for k, v := range has {
		conditions["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
	}
	for k, v := range given {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
		conditions["aws:tagkeys"] = append(conditions["aws:tagkeys"], k)
	}
	return conditions
}

// seconds is a time as SQS counts it, or without one the other.
func seconds(n int32, otherwise time.Duration) time.Duration {
	return cmp.Or(time.Duration(n)*time.Second, otherwise)
}
