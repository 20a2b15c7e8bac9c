package eventbridge

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// ruleOn finds the bus of a call, asks for the permission to do it on a rule, and
// finds that; ok is false where there is none.
func ruleOn(c *world.Call, bus, name *string, given estate.Tags) (b estate.EventBus, r estate.EventRule, ok bool, err error) {
	arn := func(b estate.EventBus) string {
		return estate.EventRuleARN(b.Account, b.Region, b.Name, aws.ToString(name))
	}
	b, err = on(c, bus, arn, tagConditions(nil, given))
	if err != nil {
		return b, r, false, err
	}
	r, ok = c.Estate().EventRules.Get(arn(b))
	return b, r, ok, nil
}

// findRule is ruleOn for a rule that must be there.
func findRule(c *world.Call, bus, name *string) (estate.EventRule, error) {
	b, r, ok, err := ruleOn(c, bus, name, nil)
	if err == nil && !ok {
		err = missing("Rule %s does not exist on EventBus %s.", aws.ToString(name), b.Name)
	}
	return r, err
}

// putRule makes a rule, or changes all of it but its targets and tags; to give it
// tags wants a permission of its own (API_PutRule).
func putRule(_ context.Context, c *world.Call, in *eventbridge.PutRuleInput) (*eventbridge.PutRuleOutput, error) {
	tags := tagsOf(in.Tags)
	b, r, known, err := ruleOn(c, in.EventBusName, in.Name, tags)
	if err != nil {
		return nil, err
	}
	if !known && len(tags) > 0 {
		if err := c.Authorize("events:TagResource", estate.EventRuleARN(b.Account, b.Region, b.Name, aws.ToString(in.Name)), tagConditions(nil, tags)); err != nil {
			return nil, err
		}
	}
	if err := passRole(c, in.RoleArn); err != nil {
		return nil, err
	}
	switch {
	case in.ScheduleExpression != nil:
		return nil, c.Unsupported("ScheduleExpression")
	case aws.ToString(in.EventPattern) == "":
		return nil, invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case !known && c.World.Limits && count(c.Estate().EventRules.By(estate.ByMember(b.ARN))) >= ruleQuota:
		return nil, &types.LimitExceededException{Message: aws.String("The requested resource exceeds the maximum number allowed.")}
	}
	if _, err := compile(*in.EventPattern); err != nil {
		return nil, &types.InvalidEventPatternException{Message: aws.String("Event pattern is not valid. Reason: " + err.Error())}
	}
	if !known {
		r = estate.EventRule{
			ARN: estate.EventRuleARN(b.Account, b.Region, b.Name, *in.Name), Account: b.Account, Region: b.Region, Bus: b.ARN, Name: *in.Name, Maker: c.Account(), Tags: tags,
		}
	}
	r.Pattern, r.Description, r.Role = *in.EventPattern, aws.ToString(in.Description), aws.ToString(in.RoleArn)
	r.State = string(in.State)
	if r.State == "" {
		r.State = string(types.RuleStateEnabled)
	}
	c.Estate().EventRules.Put(r)
	return &eventbridge.PutRuleOutput{RuleArn: &r.ARN}, nil
}

func deleteRule(_ context.Context, c *world.Call, in *eventbridge.DeleteRuleInput) (*eventbridge.DeleteRuleOutput, error) {
	_, r, ok, err := ruleOn(c, in.EventBusName, in.Name, nil)
	if err != nil {
		return nil, err
	}
	if len(r.Targets) > 0 { // API_DeleteRule: RemoveTargets first
		return nil, invalid("Rule can't be deleted since it has targets.")
	}
	if ok {
		c.Estate().EventRules.Delete(r.ARN)
	}
	return &eventbridge.DeleteRuleOutput{}, nil
}

func busName(r estate.EventRule) *string {
	_, name, _ := strings.Cut(r.Bus, "event-bus/")
	return &name
}

// given is a text, or nothing where it is empty.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func describeRule(_ context.Context, c *world.Call, in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
	r, err := findRule(c, in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	return &eventbridge.DescribeRuleOutput{
		Arn: &r.ARN, Name: &r.Name, EventBusName: busName(r), EventPattern: &r.Pattern, State: types.RuleState(r.State),
		Description: given(r.Description), RoleArn: given(r.Role), CreatedBy: given(string(r.Maker)),
	}, nil
}

func listRules(_ context.Context, c *world.Call, in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	b, err := on(c, in.EventBusName, func(b estate.EventBus) string { return estate.EventRuleARN(b.Account, b.Region, b.Name, "*") }, nil)
	if err != nil {
		return nil, err
	}
	var all []types.Rule
	for r := range c.Estate().EventRules.By(estate.ByMember(b.ARN)) {
		if strings.HasPrefix(r.Name, aws.ToString(in.NamePrefix)) {
			all = append(all, types.Rule{
				Arn: &r.ARN, Name: &r.Name, EventBusName: busName(r), EventPattern: &r.Pattern, State: types.RuleState(r.State),
				Description: given(r.Description), RoleArn: given(r.Role),
			})
		}
	}
	all, token, err := page(all, func(r types.Rule) string { return *r.Name }, in.Limit, in.NextToken)
	return &eventbridge.ListRulesOutput{Rules: all, NextToken: token}, err
}

func enableRule(_ context.Context, c *world.Call, in *eventbridge.EnableRuleInput) (*eventbridge.EnableRuleOutput, error) {
	return &eventbridge.EnableRuleOutput{}, turn(c, in.EventBusName, in.Name, types.RuleStateEnabled)
}

func disableRule(_ context.Context, c *world.Call, in *eventbridge.DisableRuleInput) (*eventbridge.DisableRuleOutput, error) {
	return &eventbridge.DisableRuleOutput{}, turn(c, in.EventBusName, in.Name, types.RuleStateDisabled)
}

func turn(c *world.Call, bus, name *string, to types.RuleState) error {
	r, err := findRule(c, bus, name)
	if err != nil {
		return err
	}
	r.State = string(to)
	c.Estate().EventRules.Put(r)
	return nil
}

// passRole asks for the permission to hand EventBridge a role (eb-use-identity-based.html).
func passRole(c *world.Call, role *string) error {
	if role == nil {
		return nil
	}
	return c.Authorize("iam:PassRole", *role, world.Conditions{"iam:passedtoservice": {principal}})
}

func putTargets(_ context.Context, c *world.Call, in *eventbridge.PutTargetsInput) (*eventbridge.PutTargetsOutput, error) {
	r, err := findRule(c, in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	r.Targets = slices.Clone(r.Targets)
	for _, t := range in.Targets {
		if err := passRole(c, t.RoleArn); err != nil {
			return nil, err
		}
		target, err := targetOf(c, r, t)
		if err != nil {
			return nil, err
		}
		r.Targets = slices.DeleteFunc(r.Targets, func(old estate.EventTarget) bool { return old.ID == target.ID })
		r.Targets = append(r.Targets, target)
	}
	if len(r.Targets) > targetQuota { // not adjustable, so it holds without limits too
		return nil, &types.LimitExceededException{Message: aws.String("The requested resource exceeds the maximum number allowed.")}
	}
	slices.SortFunc(r.Targets, func(a, b estate.EventTarget) int { return strings.Compare(a.ID, b.ID) })
	c.Estate().EventRules.Put(r)
	return &eventbridge.PutTargetsOutput{FailedEntries: []types.PutTargetsResultEntry{}}, nil
}

// targetOf checks a target (API_PutTargets, eb-targets.html).
func targetOf(c *world.Call, r estate.EventRule, t types.Target) (estate.EventTarget, error) {
	out := estate.EventTarget{
		ID: aws.ToString(t.Id), ARN: aws.ToString(t.Arn), Role: aws.ToString(t.RoleArn), Input: aws.ToString(t.Input), InputPath: aws.ToString(t.InputPath),
	}
	service, account, region, ok := parts(out.ARN)
	if !ok {
		return out, invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", out.ARN)
	}
	if t.AppSyncParameters != nil || t.BatchParameters != nil || t.EcsParameters != nil || t.HttpParameters != nil || t.KinesisParameters != nil ||
		t.RedshiftDataParameters != nil || t.RunCommandParameters != nil || t.SageMakerPipelineParameters != nil {
		return out, c.Unsupported("Targets of other services than SQS, Lambda and EventBridge")
	}
	if !slices.Contains([]string{"sqs", "lambda", "events"}, service) {
		return out, world.NotImplemented("The twin delivers events to SQS, Lambda and event buses, not to " + out.ARN)
	}
	if service != "events" && (region != r.Region || account != r.Account && out.Role == "") {
		return out, invalid("Parameter RoleArn is not valid. Reason: a target in another account is of the same Region and needs a role (eb-service-cross-account.html).")
	}
	fifo := service == "sqs" && strings.HasSuffix(out.ARN, ".fifo")
	if t.SqsParameters != nil {
		out.Group = aws.ToString(t.SqsParameters.MessageGroupId)
	}
	if fifo != (out.Group != "") {
		return out, invalid("Parameter(s) SqsParameters must be specified for target: %s, a FIFO queue, and for no other.", out.ID)
	}
	if d := t.DeadLetterConfig; d != nil && d.Arn != nil {
		service, _, region, ok := parts(*d.Arn)
		if !ok || service != "sqs" || region != r.Region || strings.HasSuffix(*d.Arn, ".fifo") { // eb-rule-dlq: a standard queue of the Region
			return out, invalid("Parameter DeadLetterConfig is not valid. Reason: it is a standard queue of SQS in the Region of the rule.")
		}
		out.DeadLetters = *d.Arn
	}
	if p := t.RetryPolicy; p != nil {
		out.MaxRetries = p.MaximumRetryAttempts
		out.MaxAge = time.Duration(aws.ToInt32(p.MaximumEventAgeInSeconds)) * time.Second
	}
	err := shape(service, &out, t.InputTransformer)
	return out, err
}

// parts are those of an ARN of a target.
func parts(arn string) (service string, account estate.AccountID, region estate.Region, ok bool) {
	p := strings.SplitN(arn, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[5] == "" || len(p[4]) != 12 || p[3] == "" {
		return "", "", "", false
	}
	return p[2], estate.AccountID(p[4]), estate.Region(p[3]), true
}

func removeTargets(_ context.Context, c *world.Call, in *eventbridge.RemoveTargetsInput) (*eventbridge.RemoveTargetsOutput, error) {
	r, err := findRule(c, in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	out := &eventbridge.RemoveTargetsOutput{FailedEntries: []types.RemoveTargetsResultEntry{}}
	left := slices.Clone(r.Targets)
	for _, id := range in.Ids {
		n := len(left)
		left = slices.DeleteFunc(left, func(t estate.EventTarget) bool { return t.ID == id })
		if len(left) == n {
			out.FailedEntryCount++
			out.FailedEntries = append(out.FailedEntries, types.RemoveTargetsResultEntry{
				TargetId: &id, ErrorCode: aws.String("ResourceNotFoundException"), ErrorMessage: aws.String("Rule " + r.Name + " does not have a target with the Id " + id + "."),
			})
		}
	}
	r.Targets = left
	c.Estate().EventRules.Put(r)
	return out, nil
}

func listTargetsByRule(_ context.Context, c *world.Call, in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
	r, err := findRule(c, in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	all := []types.Target{}
	for _, t := range r.Targets {
		all = append(all, shownTarget(t))
	}
	all, token, err := page(all, func(t types.Target) string { return *t.Id }, in.Limit, in.NextToken)
	return &eventbridge.ListTargetsByRuleOutput{Targets: all, NextToken: token}, err
}

func shownTarget(t estate.EventTarget) types.Target {
	out := types.Target{Id: &t.ID, Arn: &t.ARN, RoleArn: given(t.Role), Input: given(t.Input), InputPath: given(t.InputPath)}
	if t.Template != "" {
		out.InputTransformer = &types.InputTransformer{InputTemplate: &t.Template, InputPathsMap: t.Paths}
	}
	if t.Group != "" {
		out.SqsParameters = &types.SqsParameters{MessageGroupId: &t.Group}
	}
	if t.DeadLetters != "" {
		out.DeadLetterConfig = &types.DeadLetterConfig{Arn: &t.DeadLetters}
	}
	if t.MaxRetries != nil || t.MaxAge > 0 {
		out.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: t.MaxRetries}
		if t.MaxAge > 0 {
			out.RetryPolicy.MaximumEventAgeInSeconds = aws.Int32(int32(t.MaxAge.Seconds()))
		}
	}
	return out
}

func listRuleNamesByTarget(_ context.Context, c *world.Call, in *eventbridge.ListRuleNamesByTargetInput) (*eventbridge.ListRuleNamesByTargetOutput, error) {
	b, err := on(c, in.EventBusName, func(b estate.EventBus) string { return estate.EventRuleARN(b.Account, b.Region, b.Name, "*") }, nil)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for r := range c.Estate().EventRules.By(estate.ByMember(b.ARN)) {
		if slices.ContainsFunc(r.Targets, func(t estate.EventTarget) bool { return t.ARN == aws.ToString(in.TargetArn) }) {
			all = append(all, r.Name)
		}
	}
	all, token, err := page(all, func(s string) string { return s }, in.Limit, in.NextToken)
	return &eventbridge.ListRuleNamesByTargetOutput{RuleNames: all, NextToken: token}, err
}
