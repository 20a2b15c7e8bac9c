package twin

import (
	"context"
	"time"

	"github.com/orgdns/orgdns/internal/twin/eventbridge"
	"github.com/orgdns/orgdns/internal/twin/lambda"
	"github.com/orgdns/orgdns/internal/twin/sqs"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// settle does what services that work by themselves have done by now: messages
// are moved, events delivered. It runs before every call's own work, so that
// nobody sees a world of before; in a call of nobody's.
func settle(ctx context.Context, call *world.Call) {
	if at, some := next(call.State); !some || at.After(call.Now) {
		return
	}
	c := &world.Call{World: call.World, State: call.State, Region: call.Region, Now: call.Now}
	sqs.Settle(c)
	eventbridge.Settle(c, eventbridge.Targets{
		"sqs": func(c *world.Call, m eventbridge.Message, authorize eventbridge.Authorize) error {
			return sqs.Deliver(c, sqs.Delivery{Queue: m.Target, Body: m.Body, Group: m.Group, Attributes: m.Attributes, Sender: m.Sender}, authorize)
		},
		"lambda": func(c *world.Call, m eventbridge.Message, authorize eventbridge.Authorize) error {
			return lambda.Deliver(ctx, c, m.Target, m.Body, authorize)
		},
	})
}

// next is when settle has something to do again, which calls that wait must see.
func next(s *world.State) (time.Time, bool) {
	at, some := sqs.Next(s)
	if other, ok := eventbridge.Next(s); ok && (!some || other.Before(at)) {
		return other, true
	}
	return at, some
}
