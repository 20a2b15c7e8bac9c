package awsapi

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// eventsPage is the largest page of the lists of EventBridge (API_ListRules and its
// like, Limit).
const eventsPage = 100

// readEvents reads the event buses whose names begin so, and the rules of such
// names on these and on the default bus, with their targets.
func (c *caller) readEvents(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.events(q.Account, q.Region)
	buses, err := listBuses(ctx, client, q)
	if err != nil {
		return nil, err
	}
	var rules []estate.EventRule
	for _, b := range append(buses, estate.EventBus{Name: estate.DefaultBus}) {
		found, err := rulesOn(ctx, client, q, b)
		if err != nil {
			return nil, err
		}
		rules = append(rules, found...)
	}
	return func(e *estate.Estate) {
		replaceRegion(&e.EventBuses, q, buses)
		replaceRegion(&e.EventRules, q, rules)
	}, nil
}

func listBuses(ctx context.Context, client *eventbridge.Client, q estate.Query) ([]estate.EventBus, error) {
	var out []estate.EventBus
	in := &eventbridge.ListEventBusesInput{NamePrefix: optional(q.ID), Limit: aws.Int32(eventsPage)}
	for {
		page, err := client.ListEventBuses(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, b := range page.EventBuses {
			tags, err := eventTags(ctx, client, aws.ToString(b.Arn))
			if err != nil {
				return nil, err
			}
			out = append(out, estate.EventBus{
				ARN: aws.ToString(b.Arn), Account: q.Account, Region: q.Region, Name: aws.ToString(b.Name), Description: aws.ToString(b.Description),
				Policy: aws.ToString(b.Policy), Created: aws.ToTime(b.CreationTime), Modified: aws.ToTime(b.LastModifiedTime), Tags: tags,
			})
		}
		if in.NextToken = page.NextToken; page.NextToken == nil {
			return out, nil
		}
	}
}

// rulesOn lists the rules of a bus.
func rulesOn(ctx context.Context, client *eventbridge.Client, q estate.Query, b estate.EventBus) ([]estate.EventRule, error) {
	var out []estate.EventRule
	in := &eventbridge.ListRulesInput{EventBusName: &b.Name, NamePrefix: optional(q.ID), Limit: aws.Int32(eventsPage)}
	for {
		page, err := client.ListRules(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rules {
			one := estate.EventRule{
				ARN: aws.ToString(r.Arn), Account: q.Account, Region: q.Region, Name: aws.ToString(r.Name), Description: aws.ToString(r.Description),
				Pattern: aws.ToString(r.EventPattern), State: string(r.State), Role: aws.ToString(r.RoleArn), Bus: busOf(aws.ToString(r.Arn), b.Name),
			}
			if one.Tags, err = eventTags(ctx, client, one.ARN); err != nil {
				return nil, err
			}
			if one.Targets, err = eventTargets(ctx, client, b.Name, one.Name); err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		if in.NextToken = page.NextToken; page.NextToken == nil {
			return out, nil
		}
	}
}

// busOf is the ARN of the bus of a rule.
func busOf(rule, bus string) string {
	head, _, _ := strings.Cut(rule, ":rule/")
	return head + ":event-bus/" + bus
}

func eventTargets(ctx context.Context, client *eventbridge.Client, bus, rule string) ([]estate.EventTarget, error) {
	var out []estate.EventTarget
	in := &eventbridge.ListTargetsByRuleInput{EventBusName: &bus, Rule: &rule, Limit: aws.Int32(eventsPage)}
	for {
		page, err := client.ListTargetsByRule(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Targets {
			one := estate.EventTarget{
				ID: aws.ToString(t.Id), ARN: aws.ToString(t.Arn), Role: aws.ToString(t.RoleArn), Input: aws.ToString(t.Input), InputPath: aws.ToString(t.InputPath),
			}
			if x := t.InputTransformer; x != nil {
				one.Template, one.Paths = aws.ToString(x.InputTemplate), x.InputPathsMap
			}
			if p := t.SqsParameters; p != nil {
				one.Group = aws.ToString(p.MessageGroupId)
			}
			if d := t.DeadLetterConfig; d != nil {
				one.DeadLetters = aws.ToString(d.Arn)
			}
			if p := t.RetryPolicy; p != nil {
				one.MaxRetries, one.MaxAge = p.MaximumRetryAttempts, time.Duration(aws.ToInt32(p.MaximumEventAgeInSeconds))*time.Second
			}
			out = append(out, one)
		}
		if in.NextToken = page.NextToken; page.NextToken == nil {
			return out, nil
		}
	}
}

func eventTags(ctx context.Context, client *eventbridge.Client, arn string) (estate.Tags, error) {
	got, err := client.ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return nil, err
	}
	out := estate.Tags{}
	for _, t := range got.Tags {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out, nil
}

func markedEvents(owner, address string) []types.Tag {
	marks := plan.Marks(owner, address)
	var out []types.Tag
	for _, k := range sortedKeys(marks) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(marks[k])})
	}
	return out
}

// taken is the error of a name under which something stands that is not ours.
func taken(s plan.Step, service, operation, what string) error {
	return &Error{
		Account: s.Account, Region: s.Region, Service: service, Operation: operation,
		Message: what + " stands already and bears no mark of ours", Hint: "delete it, or give it another name",
	}
}

// ours reports whether tags are the marks of a step's object.
func (w *Writer) ours(s plan.Step, tags estate.Tags) bool {
	for k, v := range plan.Marks(w.opt.Owner, s.Address) {
		if tags[k] != v {
			return false
		}
	}
	return true
}

// standing looks for a bus or rule with the name of what a step makes: one with
// our marks is from a call whose answer was lost.
func (w *Writer) standing(ctx context.Context, client *eventbridge.Client, s plan.Step, arn, operation string) (bool, error) {
	tags, err := eventTags(ctx, client, arn)
	switch {
	case Code(err) == notFound:
		return false, nil
	case err != nil:
		return false, err
	case !w.ours(s, tags):
		return false, taken(s, "events", operation, arn)
	}
	return true, nil
}

func (w *Writer) regionalARN(s plan.Step, service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", w.opt.Region.Partition(), service, s.Region, s.Account, resource)
}

var eventBusBinding = binding{
	reads:   []estate.QueryKind{estate.QueryEvents},
	do:      (*Writer).doEventBus,
	settled: (*Writer).settledAtOnce,
	needs:   making(plan.KindEventBus, plan.Create, plan.Update, plan.Delete),
}

// doEventBus makes a bus with its marks, then sets its policy.
func (w *Writer) doEventBus(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client, name := w.events(s.Account, s.Region), s.Object.One("name")
	arn := w.regionalARN(s, "events", "event-bus/"+name)
	made := plan.Attributes{attrID: {arn}, attrARN: {arn}}
	if s.Action == plan.Delete { // one that is gone is no error (API_DeleteEventBus)
		_, err := client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &name})
		return made, err
	}
	if s.Action == plan.Create {
		_, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &name, Tags: markedEvents(w.opt.Owner, s.Address)})
		if Code(err) == "ResourceAlreadyExistsException" {
			_, err = w.standing(ctx, client, s, arn, "CreateEventBus")
		}
		if err != nil {
			return nil, err
		}
	}
	_, err := client.PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: &name, Policy: aws.String(s.Object.One("policy"))})
	return made, err
}

var eventRuleBinding = binding{
	reads:   []estate.QueryKind{estate.QueryEvents},
	do:      (*Writer).doEventRule,
	settled: (*Writer).settledAtOnce,
	needs:   making(plan.KindEventRule, plan.Create, plan.Update, plan.Delete),
}

// doEventRule makes a rule with its marks and its target, or changes both.
// PutRule changes a rule that stands, whoever made it: so one is looked for first.
func (w *Writer) doEventRule(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client, name := w.events(s.Account, s.Region), s.Object.One("name")
	_, bus, _ := strings.Cut(s.Object.One("bus"), ":event-bus/")
	resource := "rule/" + name
	if bus != estate.DefaultBus {
		resource = "rule/" + bus + "/" + name
	}
	arn := w.regionalARN(s, "events", resource)
	made := plan.Attributes{attrID: {arn}, attrARN: {arn}}
	if s.Action == plan.Delete {
		return made, deleteRule(ctx, client, bus, name)
	}
	in := &eventbridge.PutRuleInput{
		Name: &name, EventBusName: &bus, EventPattern: aws.String(s.Object.One("pattern")), State: types.RuleState(s.Object.One("state")),
	}
	if s.Action == plan.Create {
		stands, err := w.standing(ctx, client, s, arn, "PutRule")
		if err != nil {
			return nil, err
		}
		if !stands { // tags of a rule that stands are not changed by it (API_PutRule)
			in.Tags = markedEvents(w.opt.Owner, s.Address)
		}
	}
	if _, err := client.PutRule(ctx, in); err != nil {
		return nil, err
	}
	return made, w.putTarget(ctx, client, s, bus, name)
}

// putTarget sets the rule's target of ours. A role that was just made may not be
// known to EventBridge yet.
func (w *Writer) putTarget(ctx context.Context, client *eventbridge.Client, s plan.Step, bus, rule string) error {
	number := func(field string) *int32 {
		n, err := strconv.ParseInt(s.Object.One(field), 10, 32)
		if err != nil {
			return nil
		}
		return aws.Int32(int32(n))
	}
	in := &eventbridge.PutTargetsInput{EventBusName: &bus, Rule: &rule, Targets: []types.Target{{
		Id: aws.String(plan.EventTarget), Arn: aws.String(s.Object.One("target")), RoleArn: optional(s.Object.One("role")),
		DeadLetterConfig: &types.DeadLetterConfig{Arn: optional(s.Object.One("deadLetters"))},
		RetryPolicy:      &types.RetryPolicy{MaximumEventAgeInSeconds: number("maxAge"), MaximumRetryAttempts: number("maxRetries")},
	}}}
	return w.outlast(ctx, rolePropagation, coded("ValidationException"), func() error {
		out, err := client.PutTargets(ctx, in)
		if err != nil {
			return err
		}
		for _, f := range out.FailedEntries {
			return &Error{Account: s.Account, Region: s.Region, Service: "events", Operation: "PutTargets", Code: aws.ToString(f.ErrorCode),
				Message: aws.ToString(f.ErrorMessage), Hint: "run again"}
		}
		return nil
	})
}

// deleteRule takes our target off a rule, then deletes it. One with targets of
// others is refused by EventBridge.
func deleteRule(ctx context.Context, client *eventbridge.Client, bus, rule string) error {
	_, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{EventBusName: &bus, Rule: &rule, Ids: []string{plan.EventTarget}})
	if err == nil {
		_, err = client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{EventBusName: &bus, Name: &rule})
	}
	switch Code(err) {
	case notFound:
		return nil
	case "ValidationException":
		return hinted(err, "somebody else has targets on this rule; take them off, and run again")
	}
	return err
}

var eventRoleBinding = binding{
	reads:   []estate.QueryKind{estate.QueryRole},
	do:      (*Writer).doEventRole,
	settled: (*Writer).settledAtOnce,
	needs:   making(plan.KindEventRole, plan.Create, plan.Update, plan.Delete),
}

func (w *Writer) doEventRole(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	return w.doObjectRole(ctx, s, "EventBridge, which sends events to orgdns; made by orgdns")
}

// doObjectRole makes, changes or deletes a role that is an object.
func (w *Writer) doObjectRole(ctx context.Context, s plan.Step, description string) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	s.Role = &plan.RoleStep{Name: s.Object.One("name"), Trust: s.Object.One("trust"), Policy: s.Object.One("policy"), Description: description}
	if _, err := w.doRole(ctx, s); err != nil {
		return nil, err
	}
	return plan.Attributes{attrID: {s.Role.Name}, attrARN: {w.roleARN(s.Account, s.Role.Name)}}, nil
}
