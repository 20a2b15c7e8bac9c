package world

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
)

// BusEvent is an event as EventBridge has it (EventBridge User Guide,
// eb-events-structure.html).
type BusEvent struct {
	ID         string // set when it is published
	Source     string // "aws.tag"
	DetailType string
	Account    estate.AccountID
	Region     estate.Region
	Time       time.Time
	Resources  []string // ARNs
	Detail     string   // a JSON object
}

// Arrival is an event that comes to a bus.
type Arrival struct {
	Bus   string // ARN
	Event BusEvent
	// Crossed: a rule of another account sent it; Forwarded: one of another bus
	// of the same account did. Neither goes on that way
	// (eb-cross-account.html).
	Crossed, Forwarded bool
}

// Arrivals are the events on their way. Whoever has the rules takes them.
var Arrivals = Agenda[Arrival]{Name: "world.arrivals"}

// BusDelay is how long an event takes from its publication to the targets of a
// rule, on each bus. AWS names no figure.
const BusDelay = 100 * time.Millisecond

// Emit puts an event of a service of AWS onto the default bus of the event's
// account and Region, the caller's where it names none: best effort, as faults
// have it ([FaultEventDrop]).
func (c *Call) Emit(e BusEvent) {
	if e.Account == "" {
		e.Account = c.Account()
	}
	if e.Region == "" {
		e.Region = c.Region
	}
	if e.Time.IsZero() {
		e.Time = c.Now
	}
	c.Publish(Arrival{Bus: estate.EventBusARN(e.Account, e.Region, estate.DefaultBus), Event: e})
}

// Publish puts an event onto a bus, where it arrives after [BusDelay]; it gives
// the event's ID, which is made here where it has none.
func (c *Call) Publish(a Arrival) string {
	if a.Event.ID == "" {
		h := c.State.HexID(a.Event.Account, "event", string(a.Event.Region), 32)
		a.Event.ID = fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
	}
	dropped, repeated, late, lateAgain := c.World.eventFaults(a.Event)
	times := []time.Duration{late}
	if repeated {
		times = append(times, lateAgain)
	}
	for _, d := range times {
		if !dropped {
			at := c.Now.Add(BusDelay + d)
			Arrivals.Add(c.State, at, a)
			c.World.Wake("", at)
		}
	}
	return a.Event.ID
}

// eventFaults are what faults do to an event.
func (w *World) eventFaults(e BusEvent) (dropped, repeated bool, late, lateAgain time.Duration) {
	w.faultsMu.Lock()
	defer w.faultsMu.Unlock()
	for _, f := range w.faults {
		if !f.Kind.OfEvents() || !f.selects(e.Account, e.Source, e.DetailType) {
			continue
		}
		if share := f.draw(e.ID, "share"); f.Share > 0 && share >= f.Share || !f.take() {
			continue
		}
		switch f.Kind {
		case FaultEventDrop:
			dropped = true
		case FaultEventRepeat:
			repeated = true
			lateAgain = max(lateAgain, f.late(e.ID, "again"))
		case FaultEventDelay:
			late = max(late, f.late(e.ID, "late"))
		}
	}
	return dropped, repeated, late, max(late, lateAgain)
}

// draw is a number from 0 to 1 that depends on the fault's seed and the event
// alone.
func (f *Fault) draw(event, what string) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %s", f.Seed, f.Kind, event, what))
	return float64(binary.BigEndian.Uint32(sum[:4])) / (1 << 32)
}

func (f *Fault) late(event, what string) time.Duration {
	return time.Duration(f.draw(event, what) * float64(f.Delay))
}

// DeliveryFault is the kind of the first fault that hits what a service of AWS
// does at a target, empty if none does: of those that name that service and leave
// the work undone. It may be called inside a transaction.
func (w *World) DeliveryFault(key CallKey) FaultKind {
	w.faultsMu.Lock()
	defer w.faultsMu.Unlock()
	for _, f := range w.faults {
		switch f.Kind {
		case FaultThrottle, FaultServer, FaultTimeout, FaultReset:
			if f.Service != "" && f.selects(key.Account, key.Service, key.Operation) && f.take() {
				return f.Kind
			}
		}
	}
	return ""
}
