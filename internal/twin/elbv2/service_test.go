package elbv2

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	worldtest.Handlers(t, "elbv2", Service(), map[string]wire.Tree{
		"AddTags": {"ResourceArns": []any{"arn:1"}}, "RemoveTags": {"ResourceArns": []any{"arn:1"}}, "DescribeTags": {"ResourceArns": []any{"arn:1"}},
	})
}
