package worldtest

import (
	"context"
	"errors"
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Handlers checks that the handlers of a service fit its table, that each asks
// for a permission before it does anything and gives the denial back, and that
// none panics or fails without an error code. They get inputs that have nothing
// but what inputs says, by operation.
func Handlers(t *testing.T, service string, handlers []wire.Handler[*world.Call], inputs map[string]wire.Tree) {
	t.Helper()
	table, err := wire.Load(service)
	if err != nil {
		t.Fatal(err)
	}
	mux, err := wire.NewMux(table, handlers...)
	if err != nil {
		t.Fatal(err)
	}
	denied := errors.New("denied")
	for _, op := range table.Operations() {
		if !mux.Has(op.Name) {
			continue
		}
		in := inputs[op.Name]
		if in == nil {
			in = wire.Tree{}
		}
		serve := func(authorize error) error {
			cl, _ := New()
			return cl.World.Update(func(s *world.State) error {
				_, err := mux.Serve(context.Background(), &world.Call{
					World: cl.World, State: s, Region: cl.Region, Service: service, Operation: op.Name, Now: cl.World.Now(),
					Caller:    world.Caller{Account: cl.Account},
					Authorize: func(string, string, world.Conditions) error { return authorize },
				}, op, in)
				return err
			})
		}
		if err := serve(denied); !errors.Is(err, denied) {
			t.Errorf("%s without permission: %v", op.Name, err)
		}
		var coded interface{ ErrorCode() string }
		if err := op.Validate(in); err != nil {
			continue // such an input never reaches the handler
		}
		if err := serve(nil); err != nil && !errors.As(err, &coded) {
			t.Errorf("%s: %v, which is no error of AWS's", op.Name, err)
		}
	}
}
