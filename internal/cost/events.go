package cost

import (
	"fmt"

	"github.com/orgdns/orgdns/internal/estate"
)

// EventUse is how accounts tell of their VPC Lattice services, and what is
// assumed of a month.
type EventUse struct {
	Hub      estate.AccountID `json:"hub"`      // which has the bus, the queue and the parameter
	Region   estate.Region    `json:"region"`   // of these
	Spokes   []EventSpoke     `json:"spokes"`   // which send
	Events   int64            `json:"events"`   // of all spokes together, spread evenly
	Replicas int64            `json:"replicas"` // processes that poll the queue
}

// EventSpoke is an account and Region that sends.
type EventSpoke struct {
	Account estate.AccountID `json:"account"`
	Region  estate.Region    `json:"region"`
}

// pollsPerHour are those of a process that waits as long as SQS lets it, twenty
// seconds (SQS Developer Guide, sqs-short-and-long-polling.html).
const pollsPerHour = 3600 / 20

// requestsPerEvent: EventBridge sends a message, orgdns receives it, and deletes
// it. Batches of ten need fewer; each is counted as its own.
const requestsPerEvent = 3

// OfEvents is the bill of a month. An event that crosses from an account or a
// Region to another is paid by who sends it; events of AWS's own services are
// free on their own bus (EventBridge pricing).
func (p *Prices) OfEvents(u EventUse) (Bill, error) {
	c := &counter{prices: p, bill: Bill{Date: p.Date}}
	for _, v := range []struct {
		what string
		n    int64
	}{{"events", u.Events}, {"replicas", u.Replicas}} {
		if v.n < 0 || v.n > maxCount {
			return c.bill, fmt.Errorf("%d %s a month are not between 0 and %d", v.n, v.what, maxCount)
		}
	}
	if u.Replicas > maxCount/(p.Hours*pollsPerHour) {
		return c.bill, fmt.Errorf("%d replicas poll more than %d times a month; give fewer", u.Replicas, maxCount)
	}
	all := int64(len(u.Spokes))
	for i, s := range u.Spokes {
		n := u.Events / all
		if int64(i) < u.Events%all {
			n++
		}
		if s.Account != u.Hub || s.Region != u.Region {
			c.count(EventSent, owner{s.Account, s.Region}, n)
		}
	}
	hub := owner{u.Hub, u.Region}
	requests := u.Events*requestsPerEvent + u.Replicas*p.Hours*pollsPerHour
	c.count(QueueRequests, hub, (requests+thousand-1)/thousand)
	c.count(ParameterMonth, hub, 1)
	return c.done(), nil
}

// thousand requests are the unit of QueueRequests: the price of one is less than
// a millionth of a dollar.
const thousand = 1000
