package sqs

import (
	"cmp"
	"context"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// deleted are when queues were, by ARN.
var deleted = world.Private[time.Time]{Name: "sqs.deleted"}

// createQueue gives the queue that stands back when all that is asked for is as
// it has it; tags want a permission of their own (API_CreateQueue).
func createQueue(_ context.Context, c *world.Call, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name := aws.ToString(in.QueueName)
	arn := estate.QueueARN(c.Account(), c.Region, name)
	err := c.Authorize("sqs:CreateQueue", arn, tagConditions(nil, in.Tags))
	if err == nil && len(in.Tags) > 0 {
		err = c.Authorize("sqs:TagQueue", arn, tagConditions(nil, in.Tags))
	}
	if err != nil {
		return nil, err
	}
	bare, fifo := strings.CutSuffix(name, ".fifo")
	if !queueName.MatchString(bare) || len(name) > 80 {
		return nil, fail("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	q := estate.Queue{
		ARN: arn, Account: c.Account(), Region: c.Region, Name: name, FIFO: fifo, Encrypted: true, Tags: in.Tags, Created: c.Now, Modified: c.Now,
		Visibility: 30 * time.Second, Retention: 4 * 24 * time.Hour, MaxSize: maxSize, KMSReuse: 5 * time.Minute,
	}
	if fifo {
		q.DedupScope, q.ThroughputLimit = "queue", "perQueue"
		if in.Attributes["FifoQueue"] == "" {
			return nil, fail("InvalidParameterValue", "The name of a queue that ends with .fifo needs the attribute FifoQueue")
		}
	}
	if old, ok := c.Estate().Queues.Get(arn); ok {
		changed := old
		if err := configure(c, &changed, in.Attributes, false); err != nil {
			return nil, err
		}
		for name := range in.Attributes {
			if a := attributes[name]; a.get(old) != a.get(changed) {
				return nil, &types.QueueNameExists{
					Message:           aws.String("A queue already exists with the same name and a different value for attribute " + name),
					ErrorCodeOverride: aws.String("QueueAlreadyExists"),
				}
			}
		}
		return &sqs.CreateQueueOutput{QueueUrl: url(old)}, nil
	}
	if at, ok := deleted.Get(c.State, arn); ok && c.Now.Before(at.Add(again)) {
		return nil, &types.QueueDeletedRecently{
			Message:           aws.String("You must wait 60 seconds after deleting a queue before you can create another with the same name."),
			ErrorCodeOverride: code("QueueDeletedRecently"),
		}
	}
	if err := configure(c, &q, in.Attributes, false); err != nil {
		return nil, err
	}
	if q.Tags == nil {
		q.Tags = estate.Tags{}
	}
	c.Estate().Queues.Put(q)
	return &sqs.CreateQueueOutput{QueueUrl: url(q)}, nil
}

// deleteQueue deletes the queue with its messages (API_DeleteQueue).
func deleteQueue(_ context.Context, c *world.Call, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	q, err := local(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	clear(c.State, q)
	heads.Delete(c.State, q.ARN)
	deleted.Put(c.State, q.ARN, c.Now)
	c.Estate().Queues.Delete(q.ARN)
	return &sqs.DeleteQueueOutput{}, nil
}

func getQueueURL(_ context.Context, c *world.Call, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	owner := estate.AccountID(cmp.Or(aws.ToString(in.QueueOwnerAWSAccountId), string(c.Account())))
	q, err := findARN(c, estate.QueueARN(owner, c.Region, aws.ToString(in.QueueName)), c.Operation)
	if err != nil {
		return nil, err
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: url(q)}, nil
}

func listQueues(_ context.Context, c *world.Call, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	if err := c.Authorize("sqs:ListQueues", "*", nil); err != nil {
		return nil, err
	}
	all := []string{}
	for q := range c.Estate().Queues.By(estate.ByRegion(c.Account(), c.Region)) {
		if strings.HasPrefix(q.Name, aws.ToString(in.QueueNamePrefix)) {
			all = append(all, *url(q))
		}
	}
	page, token, err := page(all, in.MaxResults, in.NextToken)
	return &sqs.ListQueuesOutput{QueueUrls: page, NextToken: token}, err
}

// listDeadLetterSourceQueues names the queues whose dead letters this one takes.
func listDeadLetterSourceQueues(_ context.Context, c *world.Call, in *sqs.ListDeadLetterSourceQueuesInput) (*sqs.ListDeadLetterSourceQueuesOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for source := range c.Estate().Queues.By(estate.ByMember(q.ARN)) {
		all = append(all, *url(source))
	}
	page, token, err := page(all, in.MaxResults, in.NextToken)
	return &sqs.ListDeadLetterSourceQueuesOutput{QueueUrls: page, NextToken: token}, err
}

// page cuts a page out of URLs; without a size there is one page of at most a
// thousand (API_ListQueues).
func page(all []string, size *int32, token *string) ([]string, *string, error) {
	slices.Sort(all)
	after, err := base64.RawURLEncoding.DecodeString(aws.ToString(token))
	if err != nil {
		return nil, nil, invalid("NextToken", *token, "It is not one that was given.")
	}
	i, _ := slices.BinarySearch(all, string(after)+"\x00")
	all = all[i:]
	if n := int(cmp.Or(aws.ToInt32(size), 1000)); len(all) > n {
		all = all[:n]
		if size != nil {
			return all, aws.String(base64.RawURLEncoding.EncodeToString([]byte(all[n-1]))), nil
		}
	}
	return all, nil, nil
}

func getQueueAttributes(_ context.Context, c *world.Call, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, err := find(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	n := counted(c.State, q, c.Now)
	values := map[string]string{
		"QueueArn": q.ARN, "CreatedTimestamp": strconv.FormatInt(q.Created.Unix(), 10), "LastModifiedTimestamp": strconv.FormatInt(q.Modified.Unix(), 10),
		"ApproximateNumberOfMessages": strconv.Itoa(n.visible), "ApproximateNumberOfMessagesNotVisible": strconv.Itoa(n.inFlight), "ApproximateNumberOfMessagesDelayed": strconv.Itoa(n.delayed),
	}
	for name, a := range attributes {
		if !a.fifo || q.FIFO {
			values[name] = a.get(q)
		}
	}
	out := map[string]string{}
	for _, name := range in.AttributeNames {
		if _, known := values[string(name)]; !known && name != types.QueueAttributeNameAll && !attributes[string(name)].fifo {
			return nil, &types.InvalidAttributeName{Message: aws.String("Unknown Attribute " + string(name) + ".")}
		}
		for key, v := range values {
			if v != "" && (name == types.QueueAttributeNameAll || string(name) == key) {
				out[key] = v
			}
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: out}, nil
}

func setQueueAttributes(_ context.Context, c *world.Call, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	q, err := local(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := configure(c, &q, in.Attributes, true); err != nil {
		return nil, err
	}
	q.Modified = c.Now
	c.Estate().Queues.Put(q)
	return &sqs.SetQueueAttributesOutput{}, nil
}

// purgeQueue deletes every message at once; AWS takes up to a minute.
func purgeQueue(_ context.Context, c *world.Call, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	q, err := local(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	h, _ := heads.Get(c.State, q.ARN)
	if !h.purged.IsZero() && c.Now.Before(h.purged.Add(again)) {
		return nil, &types.PurgeQueueInProgress{
			Message:           aws.String("Only one PurgeQueue operation on " + q.Name + " is allowed every 60 seconds."),
			ErrorCodeOverride: code("PurgeQueueInProgress"),
		}
	}
	clear(c.State, q)
	h, _ = heads.Get(c.State, q.ARN)
	h.purged = c.Now
	heads.Put(c.State, q.ARN, h)
	return &sqs.PurgeQueueOutput{}, nil
}

func tagQueue(_ context.Context, c *world.Call, in *sqs.TagQueueInput) (*sqs.TagQueueOutput, error) {
	q, err := local(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.Tags = q.Tags.With(in.Tags)
	c.Estate().Queues.Put(q)
	return &sqs.TagQueueOutput{}, nil
}

func untagQueue(_ context.Context, c *world.Call, in *sqs.UntagQueueInput) (*sqs.UntagQueueOutput, error) {
	q, err := local(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.Tags = q.Tags.With(nil)
	for _, k := range in.TagKeys {
		delete(q.Tags, k)
	}
	c.Estate().Queues.Put(q)
	return &sqs.UntagQueueOutput{}, nil
}

func listQueueTags(_ context.Context, c *world.Call, in *sqs.ListQueueTagsInput) (*sqs.ListQueueTagsOutput, error) {
	q, err := local(c, in.QueueUrl)
	return &sqs.ListQueueTagsOutput{Tags: q.Tags}, err
}
