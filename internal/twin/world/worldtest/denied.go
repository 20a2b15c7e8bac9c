package worldtest

import (
	"context"
	"errors"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Denied checks that every handler of a service asks for a permission before
// it does anything, and gives the denial back. The handlers get inputs that
// have nothing but what inputs says, by operation.
func Denied(t *testing.T, service string, handlers []wire.Handler[*world.Call], inputs map[string]wire.Tree) {
	t.Helper()
	table, err := wire.Load(service)
	if err != nil {
		t.Fatal(err)
	}
	mux, err := wire.NewMux(table, handlers...)
	if err != nil {
		t.Fatal(err)
	}
	cl, _ := New()
	denied := errors.New("denied")
	for _, op := range table.Operations() {
		if !mux.Has(op.Name) {
			continue
		}
		in := inputs[op.Name]
		if in == nil {
			in = wire.Tree{}
		}
		err := cl.World.Update(func(s *world.State) error {
			_, err := mux.Serve(context.Background(), &world.Call{
				World: cl.World, State: s, Region: cl.Region, Service: service, Operation: op.Name, Now: cl.World.Now(),
				Caller:    world.Caller{Account: cl.Account},
				Authorize: func(string, string, world.Conditions) error { return denied },
			}, op, in)
			return err
		})
		if !errors.Is(err, denied) {
			t.Errorf("%s without permission: %v", op.Name, err)
		}
	}
	var empty estate.Estate
	if got, err := cl.World.Estate().MarshalJSON(); err != nil {
		t.Error(err)
	} else if want, err := empty.MarshalJSON(); err != nil || string(got) != string(want) {
		t.Errorf("without permission the estate became %s", got)
	}
}
