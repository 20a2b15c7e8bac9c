// Package worldtest calls the handlers of the twin's services in tests, without
// protocols, signatures and policies.
package worldtest

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Client is somebody who calls a world's services.
type Client struct {
	World   *world.World
	Account estate.AccountID
	Region  estate.Region
	// Authorize judges; without one everything is allowed.
	Authorize world.Authorizer
	// Caller, if set, calls instead of the account's administrator, and Policies
	// judges what it may do; Service is what it calls.
	Caller   world.Caller
	Policies func(*world.Call) world.Authorizer
	Service  string
}

// Start is the time at which New's worlds begin.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// New is a client of a new, empty world on a virtual clock, in account
// 111111111111 and Region eu-west-1.
func New() (Client, *clock.Virtual) {
	c := clock.NewVirtual(Start)
	return Client{World: world.New(c, estate.Estate{}), Account: "111111111111", Region: "eu-west-1"}, c
}

// In is the client in another account or Region; what is empty stays.
func (cl Client) In(account estate.AccountID, region estate.Region) Client {
	if account != "" {
		cl.Account = account
	}
	if region != "" {
		cl.Region = region
	}
	return cl
}

// Do calls a handler in a transaction.
func Do[I, O any](cl Client, handler func(context.Context, *world.Call, *I) (*O, error), in *I) (*O, error) {
	var out *O
	err := cl.World.Update(func(s *world.State) (err error) {
		c := &world.Call{
			World: cl.World, State: s, Region: cl.Region, Now: cl.World.Now(), Since: cl.World.Now(), Authorize: cl.Authorize,
			Caller:    world.Caller{Account: cl.Account, ARN: "arn:aws:iam::" + string(cl.Account) + ":root", Administrator: true},
			Operation: strings.TrimSuffix(reflect.TypeFor[I]().Name(), "Input"), Service: cl.Service,
		}
		if cl.Caller.ARN != "" {
			c.Caller = cl.Caller
		}
		if cl.Policies != nil {
			c.Authorize = cl.Policies(c)
		}
		if c.Authorize == nil {
			c.Authorize = func(string, string, world.Conditions) error { return nil }
		}
		out, err = handler(context.Background(), c, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
