package eventbridge

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// plain refuses by name what the twin does not have of a bus.
func plain(c *world.Call, letters *types.DeadLetterConfig, key *string, log *types.LogConfig, source *string) error {
	switch {
	case letters != nil && letters.Arn != nil:
		return c.Unsupported("DeadLetterConfig")
	case aws.ToString(key) != "":
		return c.Unsupported("KmsKeyIdentifier")
	case log != nil && log.Level != "" && log.Level != types.LevelOff:
		return c.Unsupported("LogConfig")
	case source != nil:
		return c.Unsupported("EventSourceName")
	}
	return nil
}

func createEventBus(_ context.Context, c *world.Call, in *eventbridge.CreateEventBusInput) (*eventbridge.CreateEventBusOutput, error) {
	name, tags := aws.ToString(in.Name), tagsOf(in.Tags)
	arn := estate.EventBusARN(c.Account(), c.Region, name)
	if err := c.Authorize("events:CreateEventBus", arn, tagConditions(nil, tags)); err != nil {
		return nil, err
	}
	if err := plain(c, in.DeadLetterConfig, in.KmsKeyIdentifier, in.LogConfig, in.EventSourceName); err != nil {
		return nil, err
	}
	_, taken := bus(c.Estate(), arn)
	switch {
	case strings.Contains(name, "/"): // API_CreateEventBus: only names of partner sources have one
		return nil, invalid("Event bus name must not contain '/'.")
	case taken:
		return nil, &types.ResourceAlreadyExistsException{Message: aws.String("Event bus " + name + " already exists.")}
	case c.World.Limits && count(c.Estate().EventBuses.By(estate.ByRegion(c.Account(), c.Region))) >= busQuota:
		return nil, &types.LimitExceededException{Message: aws.String("The requested resource exceeds the maximum number allowed.")}
	}
	c.Estate().EventBuses.Put(estate.EventBus{
		ARN: arn, Account: c.Account(), Region: c.Region, Name: name, Description: aws.ToString(in.Description), Tags: tags, Created: c.Now, Modified: c.Now,
	})
	return &eventbridge.CreateEventBusOutput{EventBusArn: &arn, Description: in.Description}, nil
}

func count[V any](rows func(func(V) bool)) (n int) {
	for range rows {
		n++
	}
	return n
}

func updateEventBus(_ context.Context, c *world.Call, in *eventbridge.UpdateEventBusInput) (*eventbridge.UpdateEventBusOutput, error) {
	b, err := on(c, in.Name, nil, nil)
	if err != nil {
		return nil, err
	}
	if err := plain(c, in.DeadLetterConfig, in.KmsKeyIdentifier, in.LogConfig, nil); err != nil {
		return nil, err
	}
	b.Description, b.Modified = aws.ToString(in.Description), c.Now
	c.Estate().EventBuses.Put(b)
	return &eventbridge.UpdateEventBusOutput{Arn: &b.ARN, Name: &b.Name, Description: in.Description}, nil
}

// deleteEventBus deletes a bus without rules; one that is not there is as good as
// deleted (API_DeleteEventBus names no error for it).
func deleteEventBus(_ context.Context, c *world.Call, in *eventbridge.DeleteEventBusInput) (*eventbridge.DeleteEventBusOutput, error) {
	arn := estate.EventBusARN(c.Account(), c.Region, aws.ToString(in.Name))
	if err := c.Authorize("events:DeleteEventBus", arn, nil); err != nil {
		return nil, err
	}
	if *in.Name == estate.DefaultBus {
		return nil, invalid("Cannot delete event bus default.")
	}
	if count(c.Estate().EventRules.By(estate.ByMember(arn))) > 0 {
		return nil, invalid("Cannot delete event bus %s with rules.", *in.Name)
	}
	c.Estate().EventBuses.Delete(arn)
	return &eventbridge.DeleteEventBusOutput{}, nil
}

func describeEventBus(_ context.Context, c *world.Call, in *eventbridge.DescribeEventBusInput) (*eventbridge.DescribeEventBusOutput, error) {
	b, err := on(c, in.Name, nil, nil)
	if err != nil {
		return nil, err
	}
	s := shownBus(b)
	return &eventbridge.DescribeEventBusOutput{
		Arn: s.Arn, Name: s.Name, Description: s.Description, Policy: s.Policy, CreationTime: s.CreationTime, LastModifiedTime: s.LastModifiedTime,
	}, nil
}

func shownBus(b estate.EventBus) types.EventBus {
	out := types.EventBus{Arn: &b.ARN, Name: &b.Name}
	if b.Description != "" {
		out.Description = &b.Description
	}
	if b.Policy != "" {
		out.Policy = &b.Policy
	}
	if !b.Created.IsZero() {
		out.CreationTime, out.LastModifiedTime = &b.Created, &b.Modified
	}
	return out
}

func listEventBuses(_ context.Context, c *world.Call, in *eventbridge.ListEventBusesInput) (*eventbridge.ListEventBusesOutput, error) {
	if err := c.Authorize("events:ListEventBuses", "*", nil); err != nil {
		return nil, err
	}
	standard, _ := bus(c.Estate(), busARN(c, nil))
	all := []types.EventBus{shownBus(standard)}
	for b := range c.Estate().EventBuses.By(estate.ByRegion(c.Account(), c.Region)) {
		if b.Name != estate.DefaultBus {
			all = append(all, shownBus(b))
		}
	}
	all = slices.DeleteFunc(all, func(b types.EventBus) bool { return !strings.HasPrefix(*b.Name, aws.ToString(in.NamePrefix)) })
	all, token, err := page(all, func(b types.EventBus) string { return *b.Name }, in.Limit, in.NextToken)
	return &eventbridge.ListEventBusesOutput{EventBuses: all, NextToken: token}, err
}

// document is a bus's policy, of which PutPermission writes statements.
type document struct {
	Version   string
	Statement []json.RawMessage
}

type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    any
	Resource  any
	Condition map[string]map[string]string `json:",omitempty"`
}

// statements are those of a policy without the one of an ID, and whether that was
// there.
func statements(policy, id string) (d document, found bool) {
	d.Version = "2012-10-17"
	if policy != "" && json.Unmarshal([]byte(policy), &d) != nil {
		return d, false
	}
	n := len(d.Statement)
	d.Statement = slices.DeleteFunc(d.Statement, func(raw json.RawMessage) bool {
		var s struct{ Sid string }
		return json.Unmarshal(raw, &s) == nil && s.Sid == id
	})
	return d, len(d.Statement) < n
}

// putPermission puts a whole policy, or one statement (API_PutPermission).
func putPermission(_ context.Context, c *world.Call, in *eventbridge.PutPermissionInput) (*eventbridge.PutPermissionOutput, error) {
	b, err := on(c, in.EventBusName, nil, nil)
	if err != nil {
		return nil, err
	}
	policy := aws.ToString(in.Policy)
	if policy == "" {
		if policy, err = withStatement(b, in); err != nil {
			return nil, err
		}
	} else if in.StatementId != nil || in.Principal != nil || in.Action != nil {
		return nil, invalid("Parameters StatementId, Action, Principal, or Condition must not be specified with Policy.")
	}
	if _, err := iam.Check(policy, iam.ResourceBased); err != nil {
		return nil, invalid("Parameter Policy is not valid. Reason: %v", err)
	}
	if len(policy) > policyQuota {
		return nil, &types.PolicyLengthExceededException{Message: aws.String("The event bus policy is longer than 10240 characters.")}
	}
	b.Policy, b.Modified = policy, c.Now
	c.Estate().EventBuses.Put(b)
	return &eventbridge.PutPermissionOutput{}, nil
}

func withStatement(b estate.EventBus, in *eventbridge.PutPermissionInput) (string, error) {
	who := aws.ToString(in.Principal)
	switch {
	case in.StatementId == nil || in.Principal == nil || in.Action == nil:
		return "", invalid("Parameters StatementId, Action and Principal must be specified without Policy.")
	case in.Condition != nil && who != "*":
		return "", invalid("Parameter Condition is not valid. Reason: it needs the Principal *.")
	}
	s := statement{Sid: *in.StatementId, Effect: "Allow", Action: *in.Action, Resource: b.ARN, Principal: "*"}
	if who != "*" {
		s.Principal = map[string]string{"AWS": "arn:aws:iam::" + who + ":root"}
	}
	if k := in.Condition; k != nil {
		if aws.ToString(k.Type) != "StringEquals" || aws.ToString(k.Key) != "aws:PrincipalOrgID" {
			return "", invalid("Parameter Condition is not valid. Reason: it is StringEquals of aws:PrincipalOrgID.")
		}
		s.Condition = map[string]map[string]string{"StringEquals": {"aws:PrincipalOrgID": aws.ToString(k.Value)}}
	}
	d, _ := statements(b.Policy, s.Sid)
	raw, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	d.Statement = append(d.Statement, raw)
	out, err := json.Marshal(d)
	return string(out), err
}

func removePermission(_ context.Context, c *world.Call, in *eventbridge.RemovePermissionInput) (*eventbridge.RemovePermissionOutput, error) {
	b, err := on(c, in.EventBusName, nil, nil)
	if err != nil {
		return nil, err
	}
	d, found := statements(b.Policy, aws.ToString(in.StatementId))
	switch {
	case in.RemoveAllPermissions || found && len(d.Statement) == 0:
		b.Policy = ""
	case !found:
		return nil, missing("Statement with the provided id does not exist.")
	default:
		out, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		b.Policy = string(out)
	}
	b.Modified = c.Now
	c.Estate().EventBuses.Put(b)
	return &eventbridge.RemovePermissionOutput{}, nil
}

// tagged finds the bus or rule that an ARN names, of the caller's, and what puts
// its tags.
func tagged(c *world.Call, arn *string, given estate.Tags) (estate.Tags, func(estate.Tags), error) {
	id := aws.ToString(arn)
	b, isBus := bus(c.Estate(), id)
	r, isRule := c.Estate().EventRules.Get(id)
	has := b.Tags
	if isRule {
		has = r.Tags
	}
	if err := c.Authorize("events:"+c.Operation, id, tagConditions(has, given)); err != nil {
		return nil, nil, err
	}
	switch {
	case isBus && b.Account == c.Account():
		return has, func(t estate.Tags) { b.Tags = t; c.Estate().EventBuses.Put(b) }, nil
	case isRule && r.Account == c.Account():
		return has, func(t estate.Tags) { r.Tags = t; c.Estate().EventRules.Put(r) }, nil
	}
	return nil, nil, missing("Resource %s does not exist.", id)
}

func tagResource(_ context.Context, c *world.Call, in *eventbridge.TagResourceInput) (*eventbridge.TagResourceOutput, error) {
	given := tagsOf(in.Tags)
	has, put, err := tagged(c, in.ResourceARN, given)
	if err != nil {
		return nil, err
	}
	put(has.With(given))
	return &eventbridge.TagResourceOutput{}, nil
}

func untagResource(_ context.Context, c *world.Call, in *eventbridge.UntagResourceInput) (*eventbridge.UntagResourceOutput, error) {
	has, put, err := tagged(c, in.ResourceARN, nil)
	if err != nil {
		return nil, err
	}
	left := has.With(nil)
	for _, k := range in.TagKeys {
		delete(left, k)
	}
	put(left)
	return &eventbridge.UntagResourceOutput{}, nil
}

func listTagsForResource(_ context.Context, c *world.Call, in *eventbridge.ListTagsForResourceInput) (*eventbridge.ListTagsForResourceOutput, error) {
	has, _, err := tagged(c, in.ResourceARN, nil)
	out := &eventbridge.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for k, v := range has {
		out.Tags = append(out.Tags, types.Tag{Key: &k, Value: &v})
	}
	slices.SortFunc(out.Tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return out, err
}
