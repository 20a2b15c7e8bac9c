// Package eventbridge is the twin's Amazon EventBridge: event buses with their
// policies, rules with event patterns, and the delivery of events to targets: a
// queue, a function, a bus of this or another account, with retries and
// dead-letter queues.
//
// Nothing is delivered inside the call that publishes an event: it arrives on
// the clock ([world.Arrivals]), and [Settle] takes it from there. Events of AWS's
// own services come by [world.Call.Emit].
//
// Not here: schedules, archives and replays, partner sources, API destinations,
// pipes, the encryption of buses, managed rules, other targets.
package eventbridge

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Amazon EventBridge.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createEventBus), wire.Handle(updateEventBus), wire.Handle(deleteEventBus), wire.Handle(describeEventBus), wire.Handle(listEventBuses),
		wire.Handle(putPermission), wire.Handle(removePermission),
		wire.Handle(putRule), wire.Handle(deleteRule), wire.Handle(describeRule), wire.Handle(listRules), wire.Handle(enableRule), wire.Handle(disableRule),
		wire.Handle(putTargets), wire.Handle(removeTargets), wire.Handle(listTargetsByRule), wire.Handle(listRuleNamesByTarget),
		wire.Handle(putEvents), wire.Handle(testEventPattern),
		wire.Handle(tagResource), wire.Handle(untagResource), wire.Handle(listTagsForResource),
	}
}

// Quotas of an account in a Region (eb-quota.html).
const (
	busQuota    = 100
	ruleQuota   = 300 // of a bus
	targetQuota = 5   // of a rule
	policyQuota = 10240
)

// Rate is that of an action: PutEvents has the figure of the smaller Regions
// (eb-quota.html, "PutEvents throttle limit"), the others 50 a second ("Throttle
// limit in transactions per second" of the control plane). No burst is named;
// one second's worth.
func Rate(operation string) world.Rate {
	if operation == "PutEvents" {
		return world.Rate{Burst: 600, Refill: 600}
	}
	return world.Rate{Burst: 50, Refill: 50}
}

// principal is the service that delivers.
const principal = "events.amazonaws.com"

func fail(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func invalid(format string, args ...any) error { return fail("ValidationException", format, args...) }

func missing(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// busARN is the ARN of a bus by its name, or its ARN.
func busARN(c *world.Call, name *string) string {
	n := cmp.Or(aws.ToString(name), estate.DefaultBus)
	if strings.HasPrefix(n, "arn:") {
		return n
	}
	return estate.EventBusARN(c.Account(), c.Region, n)
}

// bus finds a bus. The default one is in every account and Region.
func bus(e *estate.Estate, arn string) (estate.EventBus, bool) {
	if b, ok := e.EventBuses.Get(arn); ok {
		return b, true
	}
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[5] != "event-bus/"+estate.DefaultBus {
		return estate.EventBus{}, false
	}
	return estate.EventBus{ARN: arn, Region: estate.Region(parts[3]), Account: estate.AccountID(parts[4]), Name: estate.DefaultBus, Tags: estate.Tags{}}, true
}

// on finds the bus of a call by its name or ARN, and asks for the permission to do
// an action on a resource of it: the bus itself, or what a function names. What
// belongs to another account needs the bus's policy (eb-event-bus-perms.html).
func on(c *world.Call, name *string, resource func(estate.EventBus) string, conditions world.Conditions) (estate.EventBus, error) {
	arn := busARN(c, name)
	b, ok := bus(c.Estate(), arn)
	if resource != nil && ok {
		arn = resource(b)
	}
	action := "events:" + c.Operation
	var err error
	if ok && (b.Account != c.Account() || b.Policy != "") {
		err = iam.Authorize(c, action, iam.Resource{ARN: arn, Account: b.Account, Policy: b.Policy}, conditions)
	} else {
		err = c.Authorize(action, arn, conditions)
	}
	switch {
	case err != nil:
		return b, err
	case !ok || b.Region != c.Region:
		return b, missing("Event bus %s does not exist.", aws.ToString(name))
	}
	return b, nil
}

func tagsOf(list []types.Tag) estate.Tags {
	tags := estate.Tags{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
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
	slices.Sort(conditions["aws:tagkeys"])
	return conditions
}

// page cuts a page out of a list, in the order of its keys.
func page[T any](all []T, key func(T) string, size *int32, token *string) ([]T, *string, error) {
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	after, err := base64.RawURLEncoding.DecodeString(aws.ToString(token))
	if err != nil {
		return nil, nil, invalid("Parameter NextToken is not valid.")
	}
	all = slices.DeleteFunc(all, func(v T) bool { return token != nil && key(v) <= string(after) })
	n := int(cmp.Or(aws.ToInt32(size), 100))
	if len(all) <= n {
		return all, nil, nil
	}
	return all[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(all[n-1])))), nil
}
