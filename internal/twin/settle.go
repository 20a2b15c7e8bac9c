package twin

import (
	"time"

	"github.com/orgdns/orgdns/internal/twin/sqs"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// settle does what services that work by themselves have done by now. It runs
// before every call's own work, so that nobody sees a world of before.
func settle(c *world.Call) {
	sqs.Settle(c)
}

// next is when settle has something to do again, which calls that wait must see.
func next(s *world.State) (time.Time, bool) { return sqs.Next(s) }
