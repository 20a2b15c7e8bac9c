package ec2

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	worldtest.Handlers(t, "ec2", Service(), map[string]wire.Tree{
		"CreateTags": {"Resources": []any{"vpc-1"}}, "DeleteTags": {"Resources": []any{"vpc-1"}},
	})
}
