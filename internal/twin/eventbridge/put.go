package eventbridge

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// maxEvents is the size of all entries of a call, in bytes (API_PutEvents; how it
// is counted: eb-putevents.html#eb-putevent-size).
const maxEvents = 1 << 20

// putEvents publishes what it can: each entry succeeds or fails on its own.
func putEvents(_ context.Context, c *world.Call, in *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
	if in.EndpointId != nil {
		return nil, c.Unsupported("EndpointId")
	}
	total := 0
	for _, e := range in.Entries {
		total += len(aws.ToString(e.Source)) + len(aws.ToString(e.DetailType)) + len(aws.ToString(e.Detail)) + len(strings.Join(e.Resources, ""))
		if e.Time != nil {
			total += 14
		}
	}
	out := &eventbridge.PutEventsOutput{Entries: []types.PutEventsResultEntry{}}
	for _, e := range in.Entries {
		arn := busARN(c, e.EventBusName)
		_, owner, _, _ := parts(arn)
		other := owner != c.Account()
		denied := mayPut(c, arn, owner, aws.ToString(e.Source), aws.ToString(e.DetailType))
		if _, known := errors.AsType[*iam.Denied](denied); denied != nil && (!known || !other) {
			return nil, denied
		}
		if total > maxEvents {
			return nil, invalid("Total size of the entries in the request is over the limit.")
		}
		r := types.PutEventsResultEntry{}
		code, message := refuseEntry(e)
		if denied != nil {
			code, message = "AccessDeniedException", denied.Error()
		}
		if code != "" {
			r.ErrorCode, r.ErrorMessage = &code, &message
			out.FailedEntryCount++
		} else {
			r.EventId = aws.String(c.Publish(world.Arrival{Bus: arn, Event: eventOf(c, e), Crossed: other}))
		}
		out.Entries = append(out.Entries, r)
	}
	return out, nil
}

// mayPut asks for the permission to put an event onto a bus of an owner.
func mayPut(c *world.Call, arn string, owner estate.AccountID, source, detailType string) error {
	b, _ := bus(c.Estate(), arn)
	conditions := putConditions(source, detailType)
	if b.Policy == "" && owner == c.Account() {
		return c.Authorize("events:PutEvents", arn, conditions)
	}
	return iam.Authorize(c, "events:PutEvents", iam.Resource{ARN: arn, Account: owner, Policy: b.Policy}, conditions)
}

// putConditions are the condition keys of PutEvents
// (Service Authorization Reference, list_amazoneventbridge.html).
func putConditions(source, detailType string) world.Conditions {
	conditions := world.Conditions{}
	for key, v := range map[string]string{"events:source": source, "events:detail-type": detailType} {
		if v != "" {
			conditions[key] = []string{v}
		}
	}
	return conditions
}

// refuseEntry says what is wrong with an entry (API_PutEventsResultEntry; the texts
// are of localstack/localstack#10675 and baselime/lambda-node-opentelemetry#1).
func refuseEntry(e types.PutEventsRequestEntry) (code, message string) {
	for _, field := range []struct {
		name  string
		value *string
	}{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if aws.ToString(field.value) == "" {
			return "InvalidArgument", "Parameter " + field.name + " is not valid. Reason: " + field.name + " is a required argument."
		}
	}
	if strings.HasPrefix(*e.Source, "aws.") { // eb-events-structure.html: reserved
		return "NotAuthorizedForSourceException", "Not authorized for the source."
	}
	if v, err := read(*e.Detail); err != nil {
		return "MalformedDetail", "Detail is malformed."
	} else if _, ok := v.(map[string]any); !ok {
		return "MalformedDetail", "Detail is malformed."
	}
	return "", ""
}

func eventOf(c *world.Call, e types.PutEventsRequestEntry) world.BusEvent {
	at := c.Now
	if e.Time != nil {
		at = *e.Time
	}
	return world.BusEvent{
		Source: *e.Source, DetailType: *e.DetailType, Account: c.Account(), Region: c.Region, Time: at, Resources: e.Resources, Detail: *e.Detail,
	}
}

// envelope is an event as targets get it (eb-events-structure.html).
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// enveloped is the event as JSON. Its detail was read before.
func enveloped(e world.BusEvent) (string, error) {
	resources := e.Resources
	if resources == nil {
		resources = []string{}
	}
	out, err := json.Marshal(envelope{
		"0", e.ID, e.DetailType, e.Source, string(e.Account), e.Time.UTC().Format(time.RFC3339), string(e.Region), resources, json.RawMessage(e.Detail),
	})
	return string(out), err
}

// testEventPattern needs an event with all fields but the version
// (API_TestEventPattern).
func testEventPattern(_ context.Context, c *world.Call, in *eventbridge.TestEventPatternInput) (*eventbridge.TestEventPatternOutput, error) {
	if err := c.Authorize("events:TestEventPattern", "*", nil); err != nil {
		return nil, err
	}
	p, err := compile(aws.ToString(in.EventPattern))
	if err != nil {
		return nil, &types.InvalidEventPatternException{Message: aws.String("Event pattern is not valid. Reason: " + err.Error())}
	}
	event, err := read(aws.ToString(in.Event))
	o, ok := event.(map[string]any)
	if err != nil || !ok {
		return nil, invalid("Parameter Event is not valid. Reason: it is no JSON object.")
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if _, there := o[name]; !there {
			return nil, invalid("Parameter Event is not valid. Reason: it has no %s.", name)
		}
	}
	return &eventbridge.TestEventPatternOutput{Result: p.matches(event)}, nil
}
