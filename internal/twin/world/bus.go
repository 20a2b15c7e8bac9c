package world

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
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

// tagVersions count the changes of a resource's tags, by ARN.
var tagVersions = Private[int]{Name: "world.tagVersions"}

// TagsChanged tells EventBridge that the tags of a resource, by its ARN, are others
// than before (Tagging AWS Resources User Guide, tag-monitor.html), on the default
// bus of the resource's account. Of tags that are the same nothing is told. Whether
// it is told that a resource was deleted with its tags on, no page says: nobody
// should count on it, so those who delete do not call this.
func (c *Call) TagsChanged(arn string, before, after estate.Tags) {
	changed := []string{}
	for _, k := range slices.Sorted(maps.Keys(before.With(after))) {
		was, had := before[k]
		if is, has := after[k]; had != has || was != is {
			changed = append(changed, k)
		}
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(changed) == 0 || len(parts) != 6 {
		return
	}
	n, _ := tagVersions.Get(c.State, arn)
	tagVersions.Put(c.State, arn, n+1)
	kind, _, _ := strings.Cut(parts[5], "/")
	detail, _ := json.Marshal(struct { // text and numbers alone, which always have a form
		Changed []string    `json:"changed-tag-keys"`
		Tags    estate.Tags `json:"tags"`
		Service string      `json:"service"`
		Kind    string      `json:"resource-type"`
		Version int         `json:"version"`
	}{changed, after.With(nil), parts[2], kind, n + 1})
	c.Emit(BusEvent{
		Source: "aws.tag", DetailType: "Tag Change on Resource", Account: estate.AccountID(parts[4]), Region: estate.Region(parts[3]),
		Resources: []string{arn}, Detail: string(detail),
	})
}

// Publish puts an event onto a bus, where it arrives after [BusDelay]; it gives
// the event's ID, which is made here where it has none.
func (c *Call) Publish(a Arrival) string {
	if a.Event.ID == "" {
		a.Event.ID = c.State.UUID(a.Event.Account, "event", string(a.Event.Region))
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
