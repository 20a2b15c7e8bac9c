package eventbridge

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Message is what a target gets.
type Message struct {
	Target     string // ARN
	Body       string
	Group      string            // of a FIFO queue
	Attributes map[string]string // of a dead letter
	Sender     string            // ID of who sends
}

// Authorize judges the action that a delivery is, on the resource that it
// reaches.
type Authorize func(action string, r iam.Resource) error

// Targets deliver to other services, by their part of an ARN ("sqs"). The errors
// are those of the action that the delivery is.
type Targets map[string]func(*world.Call, Message, Authorize) error

// EventBridge's defaults of a retry policy (eb-rule-retry-policy.html).
const (
	maxAge     = 24 * time.Hour
	maxRetries = 185
)

// delivery is an event on its way from a rule to one of its targets.
type delivery struct {
	rule      estate.EventRule
	target    estate.EventTarget
	event     world.BusEvent
	crossed   bool // it came from another account
	forwarded bool // it came from another bus
	began     time.Time
	retries   int32
}

// retried are the deliveries that failed and are tried again.
var retried = world.Agenda[delivery]{Name: "eventbridge.retried"}

// Next is when something is to be delivered.
func Next(s *world.State) (time.Time, bool) {
	at, some := world.Arrivals.Next(s)
	if again, ok := retried.Next(s); ok && (!some || again.Before(at)) {
		return again, true
	}
	return at, some
}

// Settle delivers what has come due, in order of time. c is a call of nobody's.
func Settle(c *world.Call, targets Targets) {
	for {
		next, some := Next(c.State)
		if !some || next.After(c.Now) {
			return
		}
		then := *c
		then.Now, then.Service = next, "events"
		if d, ok := due(retried, &then); ok {
			d.try(&then, targets)
		} else if a, ok := due(world.Arrivals, &then); ok {
			arrive(&then, a, targets)
		}
	}
}

func due[V any](a world.Agenda[V], c *world.Call) (V, bool) {
	_, v, ok := a.Take(c.State, c.Now)
	return v, ok
}

// arrive sends an event of a bus to the targets of the rules that match it.
func arrive(c *world.Call, a world.Arrival, targets Targets) {
	text, err := enveloped(a.Event)
	if err != nil {
		return // a detail that is no JSON, which nobody can have published
	}
	event, err := read(text)
	if err != nil {
		return
	}
	for r := range c.Estate().EventRules.By(estate.ByMember(a.Bus)) {
		p, err := compile(r.Pattern)
		if err != nil || r.State == "DISABLED" || !p.matches(event) {
			continue
		}
		for _, t := range r.Targets {
			d := delivery{rule: r, target: t, event: a.Event, crossed: a.Crossed, forwarded: a.Forwarded, began: c.Now}
			d.try(c, targets)
		}
	}
}

// failure is why a delivery did not succeed; again says that another try may. The
// codes are those of eb-rule-dlq.html.
type failure struct {
	code, message string
	again         bool
}

// try delivers, or else tries again later, or writes a dead letter.
func (d delivery) try(c *world.Call, targets Targets) {
	c.Region = d.rule.Region
	f := d.send(c, targets)
	if f == nil {
		return
	}
	condition := ""
	if f.again {
		limit, age := int32(maxRetries), maxAge
		if d.target.MaxRetries != nil {
			limit = *d.target.MaxRetries
		}
		if d.target.MaxAge > 0 {
			age = d.target.MaxAge
		}
		at := c.Now.Add(d.backoff())
		switch {
		case d.retries >= limit:
			condition = "MaximumRetryAttempts"
		case at.After(d.began.Add(age)):
			condition = "MaximumEventAgeInSeconds"
		default:
			d.retries++
			retried.Add(c.State, at, d)
			c.World.Wake("", at)
			return
		}
	}
	d.bury(c, targets, *f, condition)
}

// backoff is how long to wait before the next try: a second, then twice as long
// each time up to a quarter of an hour, less up to half by jitter that the event
// decides. AWS says "exponential back off and jitter" and no figure.
func (d delivery) backoff() time.Duration {
	wait := time.Second << min(d.retries, 10)
	wait = min(wait, 15*time.Minute)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", d.event.ID, d.target.ID, d.retries))
	return wait - time.Duration(float64(wait/2)*float64(binary.BigEndian.Uint32(sum[:4]))/(1<<32))
}

// bury writes a dead letter, if there is a queue for it that lets EventBridge
// (eb-rule-dlq.html, "Granting permissions to the dead-letter queue").
func (d delivery) bury(c *world.Call, targets Targets, f failure, condition string) {
	if d.target.DeadLetters == "" {
		return
	}
	text, err := enveloped(d.event)
	if err != nil {
		return
	}
	attributes := map[string]string{
		"RULE_ARN": d.rule.ARN, "TARGET_ARN": d.target.ARN, "ERROR_CODE": f.code, "ERROR_MESSAGE": f.message, "RETRY_ATTEMPTS": strconv.Itoa(int(d.retries)),
	}
	if condition != "" {
		attributes["EXHAUSTED_RETRY_CONDITION"] = condition
	}
	as := d.service()
	// A queue that is gone or forbids it loses the letter, as with AWS.
	_ = targets["sqs"](c, Message{Target: d.target.DeadLetters, Body: text, Attributes: attributes, Sender: principal}, func(action string, r iam.Resource) error {
		return iam.AuthorizeService(c, as, action, r)
	})
}

func (d delivery) service() iam.ServicePrincipal {
	return iam.ServicePrincipal{Name: principal, Source: d.rule.ARN, Account: d.rule.Account}
}

// send makes one try.
func (d delivery) send(c *world.Call, targets Targets) *failure {
	service, account, region, _ := parts(d.target.ARN)
	operation := map[string]string{"sqs": "SendMessage", "lambda": "Invoke", "events": "PutEvents"}[service]
	if f := faulty(c, world.CallKey{Account: account, Region: region, Service: service, Operation: operation}); f != nil {
		return f
	}
	authorize, f := d.as(c)
	if f != nil {
		return f
	}
	if service == "events" {
		return d.forward(c, account, authorize)
	}
	text, err := enveloped(d.event)
	if err == nil {
		text, err = payload(d.rule, d.target, text, c.Now)
	}
	if err != nil {
		return &failure{code: "INVALID_JSON", message: err.Error()}
	}
	return failed(targets[service](c, Message{Target: d.target.ARN, Body: text, Group: d.target.Group, Sender: principal}, authorize))
}

// faulty is what a fault of calls of the target's service does to a delivery.
func faulty(c *world.Call, key world.CallKey) *failure {
	switch c.World.DeliveryFault(key) {
	case world.FaultThrottle:
		return &failure{"THROTTLING", "Rate exceeded", true}
	case world.FaultServer:
		return &failure{"ERROR_FROM_TARGET", "The target answered with an internal error.", true}
	case world.FaultTimeout, world.FaultReset:
		return &failure{"TIMEOUT", "The target did not answer.", true}
	}
	return nil
}

// as is with whose permissions the delivery is made: those of the target's role,
// which must trust EventBridge, else EventBridge's own, which the target's policy
// grants (eb-use-resource-based.html).
func (d delivery) as(c *world.Call) (Authorize, *failure) {
	if d.target.Role == "" {
		p := d.service()
		return func(action string, r iam.Resource) error { return iam.AuthorizeService(c, p, action, r) }, nil
	}
	role, ok := c.Estate().Roles.Get(d.target.Role)
	if !ok || role.Account != d.rule.Account || !iam.MayAssume(c, d.service(), role) {
		return nil, &failure{code: "FAILED_TO_ASSUME_ROLE", message: "EventBridge cannot assume the role " + d.target.Role + "."}
	}
	as := *c
	as.Caller = iam.SessionOf(role, "events")
	conditions := putConditions(d.event.Source, d.event.DetailType)
	conditions["aws:sourcearn"] = []string{d.rule.ARN}
	return func(action string, r iam.Resource) error { return iam.Authorize(&as, action, r, conditions) }, nil
}

// forward puts the event onto another bus. It goes to one other bus of an account,
// and to one other account, not on from there (eb-cross-account.html). Without a
// role a bus of the same account is as good as one's own, and one of another
// account grants it to the account itself, which the conditions of an
// organization do not cover ("must also have an IAM role", same page).
func (d delivery) forward(c *world.Call, account estate.AccountID, authorize Authorize) *failure {
	other := account != d.rule.Account
	switch {
	case other && d.crossed:
		return &failure{code: "THIRD_ACCOUNT_HOP_DETECTED", message: "The event came from another account already."}
	case !other && d.forwarded:
		return nil // not sent, and no error of the list says so
	}
	b, ok := bus(c.Estate(), d.target.ARN)
	if !ok {
		return &failure{code: "NO_RESOURCE", message: "Event bus " + d.target.ARN + " does not exist."}
	}
	r := iam.Resource{ARN: b.ARN, Account: b.Account, Policy: b.Policy}
	var err error
	switch {
	case d.target.Role != "":
		err = authorize("events:PutEvents", r)
	case other:
		as := *c
		as.Caller = world.Caller{Account: d.rule.Account, ARN: "arn:aws:iam::" + string(d.rule.Account) + ":root", Administrator: true}
		conditions := putConditions(d.event.Source, d.event.DetailType)
		conditions["aws:sourcearn"], conditions["aws:principalorgid"], conditions["aws:principalorgpaths"] = []string{d.rule.ARN}, nil, nil
		err = iam.Authorize(&as, "events:PutEvents", r, conditions)
	}
	if err != nil {
		return failed(err)
	}
	c.Publish(world.Arrival{Bus: b.ARN, Event: d.event, Crossed: d.crossed || other, Forwarded: !other})
	return nil
}

// failed says of a target's refusal what EventBridge makes of it.
func failed(err error) *failure {
	if err == nil {
		return nil
	}
	if _, denied := errors.AsType[*iam.Denied](err); denied {
		return &failure{code: "NO_PERMISSIONS", message: err.Error()}
	}
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case !ok:
		return &failure{code: "INTERNAL_ERROR", message: err.Error()}
	case api.ErrorCode() == "AWS.SimpleQueueService.NonExistentQueue", api.ErrorCode() == "ResourceNotFoundException":
		return &failure{code: "NO_RESOURCE", message: api.ErrorMessage()}
	case api.ErrorFault() == smithy.FaultServer:
		return &failure{code: "ERROR_FROM_TARGET", message: api.ErrorMessage()}
	}
	return &failure{code: "INVALID_PARAMETER", message: api.ErrorMessage()}
}
