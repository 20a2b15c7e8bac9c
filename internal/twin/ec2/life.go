package ec2

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// What takes a while to come and to go stands in the estate as what it will be:
// a gateway that is there or gone. Only those who ask meanwhile are told of the
// way. How long it takes is our guess; AWS says minutes (docs/fidelity.md,
// ec2.settling).

// settling is how long the way to a state takes, and parted how long what is
// deleted is still shown.
const (
	settling = 20 * time.Second
	parted   = time.Hour
)

// wayTable holds since when a resource is on the way, and through which state.
var wayTable = world.Private[way]{Name: "ec2.ways"}

type way struct {
	State string
	Since time.Time
}

// setOut begins the way of a resource to its state through another.
func setOut(c *world.Call, id, through string) { wayTable.Put(c.State, id, way{through, c.Now}) }

// under is the state of a resource as it is shown: the one on the way, or the
// one that it has.
func under(c *world.Call, id, state string) string {
	if w, ok := wayTable.Get(c.State, id); ok && c.Now.Before(w.Since.Add(settling)) {
		return w.State
	}
	return state
}

// madeTable holds when a resource was made, for those whose type in the estate
// does not say.
var madeTable = world.Private[time.Time]{Name: "ec2.made"}

// madeAt is when a resource was made; the zero time of one that the estate
// brought along is given as that of EC2's first public beta.
func madeAt(c *world.Call, id string) *time.Time {
	at, ok := madeTable.Get(c.State, id)
	if !ok {
		at = time.Date(2006, 8, 24, 0, 0, 0, 0, time.UTC)
	}
	return aws.Time(at)
}

// gone is a resource that was deleted and is still shown.
type gone[T any] struct {
	Row   T
	Since time.Time
}

// leaving is the state of what was deleted at a time: deleting, then deleted;
// none when it is no longer shown.
func leaving(c *world.Call, since time.Time) string {
	switch {
	case c.Now.Before(since.Add(settling)):
		return "deleting"
	case c.Now.Before(since.Add(settling + parted)):
		return "deleted"
	}
	return ""
}

// part notes what was deleted, and forgets what is shown no more.
func part[T any](c *world.Call, table world.Private[gone[T]], id string, row T) {
	var old []string
	table.Walk(c.State, "", func(key string, g gone[T]) bool {
		if leaving(c, g.Since) == "" {
			old = append(old, key)
		}
		return true
	})
	for _, key := range old {
		table.Delete(c.State, key)
	}
	table.Put(c.State, id, gone[T]{row, c.Now})
}

// partedOf are the resources that were deleted and are still shown, each with
// its state.
func partedOf[T any](c *world.Call, table world.Private[gone[T]], f func(row T, state string)) {
	table.Walk(c.State, "", func(_ string, g gone[T]) bool {
		if state := leaving(c, g.Since); state != "" {
			f(g.Row, state)
		}
		return true
	})
}

// tokenTable says what a request with a client token made, by owner, Region,
// operation and token.
var tokenTable = world.Private[string]{Name: "ec2.tokens"}

// repeated is what an earlier request of the same token made (EC2 API Reference,
// Run_Instance_Idempotency.html).
func repeated(c *world.Call, token *string) (id string, again bool) {
	if aws.ToString(token) == "" {
		return "", false
	}
	return tokenTable.Get(c.State, keyed(c, c.Operation+"/"+*token))
}

// remember notes what a request with a token made.
func remember(c *world.Call, token *string, id string) {
	if aws.ToString(token) != "" {
		tokenTable.Put(c.State, keyed(c, c.Operation+"/"+*token), id)
	}
}

// unlist is the inverse of list.
func unlist(tags []types.Tag) estate.Tags {
	out := estate.Tags{}
	for _, t := range tags {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}
