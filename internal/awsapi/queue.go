package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// queuesPage is the largest page of ListQueues (API_ListQueues, MaxResults).
const queuesPage = 1000

// noQueue reports whether a queue is not there. SQS has two names for the code, by
// protocol; the SDK's type is one.
func noQueue(err error) bool {
	_, no := errors.AsType[*types.QueueDoesNotExist](err)
	return no
}

// deletedRecently reports whether a queue of the name went less than a minute ago
// (API_CreateQueue).
func deletedRecently(err error) bool {
	_, recently := errors.AsType[*types.QueueDeletedRecently](err)
	return recently
}

// The policies of dead letters, as attributes have them (API_SetQueueAttributes).
type redrivePolicy struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"`
}

type redriveAllow struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns,omitempty"`
}

// readQueues reads the queues whose names begin so.
func (c *caller) readQueues(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.sqs(q.Account, q.Region)
	var found []estate.Queue
	pages := sqs.NewListQueuesPaginator(client, &sqs.ListQueuesInput{QueueNamePrefix: optional(q.ID), MaxResults: aws.Int32(queuesPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, url := range page.QueueUrls {
			one, err := readQueue(ctx, client, url)
			if noQueue(err) { // listed for a minute after it went
				continue
			}
			if err != nil {
				return nil, err
			}
			one.Account, one.Region = q.Account, q.Region
			found = append(found, one)
		}
	}
	return func(e *estate.Estate) { replaceRegion(&e.Queues, q, found) }, nil
}

func readQueue(ctx context.Context, client *sqs.Client, url string) (estate.Queue, error) {
	got, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return estate.Queue{}, err
	}
	tags, err := client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &url})
	if err != nil {
		return estate.Queue{}, err
	}
	a := got.Attributes
	seconds := func(name string) time.Duration {
		n, _ := strconv.Atoi(a[name]) // a number, or not set
		return time.Duration(n) * time.Second
	}
	out := estate.Queue{
		ARN: a["QueueArn"], Name: url[strings.LastIndexByte(url, '/')+1:], Policy: a["Policy"], KMSKey: a["KmsMasterKeyId"], Encrypted: a["SqsManagedSseEnabled"] == "true",
		Visibility: seconds("VisibilityTimeout"), Delay: seconds("DelaySeconds"), Retention: seconds("MessageRetentionPeriod"), Wait: seconds("ReceiveMessageWaitTimeSeconds"),
		KMSReuse: seconds("KmsDataKeyReusePeriodSeconds"), FIFO: a["FifoQueue"] == "true", Tags: tags.Tags,
	}
	if out.Tags == nil {
		out.Tags = estate.Tags{}
	}
	out.MaxSize, _ = strconv.Atoi(a["MaximumMessageSize"])
	var dead redrivePolicy
	if json.Unmarshal([]byte(a["RedrivePolicy"]), &dead) == nil {
		out.DeadLetters = dead.Target
		out.MaxReceives, _ = strconv.Atoi(dead.Max.String())
	}
	var allow redriveAllow
	if json.Unmarshal([]byte(a["RedriveAllowPolicy"]), &allow) == nil {
		out.Redrive = estate.QueueRedrive(allow)
	}
	return out, nil
}

var queueBinding = binding{
	reads:   []estate.QueryKind{estate.QueryQueues},
	do:      (*Writer).doQueue,
	settled: (*Writer).settledAtOnce,
	needs:   making(plan.KindQueue, plan.Create, plan.Update, plan.Delete),
}

// doQueue makes a queue with its marks and attributes, sets those of one that
// stands, or deletes it. CreateQueue gives any queue of that name and these
// attributes, whoever made it: so one is looked for first.
func (w *Writer) doQueue(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client, name := w.sqs(s.Account, s.Region), s.Object.One("name")
	arn := w.regionalARN(s, "sqs", name)
	made := plan.Attributes{attrID: {arn}, attrARN: {arn}}
	got, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	switch {
	case noQueue(err) && s.Action == plan.Delete:
		return made, nil
	case noQueue(err) && s.Action == plan.Create:
		in := &sqs.CreateQueueInput{QueueName: &name, Attributes: w.queueAttributes(s), Tags: plan.Marks(w.opt.Owner, s.Address)}
		return made, w.outlast(ctx, patience, deletedRecently, func() error {
			_, err := client.CreateQueue(ctx, in)
			return err
		})
	case err != nil:
		return nil, err
	case s.Action == plan.Delete:
		if _, err := client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: got.QueueUrl}); !noQueue(err) {
			return made, err
		}
		return made, nil
	case s.Action == plan.Create:
		tags, err := client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: got.QueueUrl})
		if err != nil {
			return nil, err
		}
		if !w.ours(s, tags.Tags) {
			return nil, taken(s, "sqs", "CreateQueue", "queue "+name)
		}
	}
	_, err = client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: got.QueueUrl, Attributes: w.queueAttributes(s)})
	return made, err
}

// queueAttributes are the attributes of a wanted queue, as its fields say.
func (w *Writer) queueAttributes(s plan.Step) map[string]string {
	o := s.Object
	allow := redriveAllow{Permission: "denyAll"}
	for _, name := range slices.Sorted(slices.Values(o.Fields["admits"])) {
		allow.Permission, allow.Sources = "byQueue", append(allow.Sources, w.regionalARN(s, "sqs", name))
	}
	out := map[string]string{
		"Policy": o.One("policy"), "VisibilityTimeout": o.One("visibility"), "MessageRetentionPeriod": o.One("retention"), "RedriveAllowPolicy": asJSON(allow),
		"DelaySeconds": o.One("delay"), "ReceiveMessageWaitTimeSeconds": o.One("wait"), "MaximumMessageSize": o.One("maxSize"),
	}
	if key := o.One("encryption"); key != plan.EncryptedBySQS {
		out["KmsMasterKeyId"] = key
	} else {
		out["SqsManagedSseEnabled"] = "true"
	}
	switch dead := o.One("deadLetters"); {
	case dead != "":
		out["RedrivePolicy"] = asJSON(redrivePolicy{dead, json.Number(o.One("maxReceives"))})
	case s.Action == plan.Update && o.Changes("deadLetters"):
		out["RedrivePolicy"] = ""
	}
	return out
}

// asJSON is a value of texts and numbers, which cannot fail.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
