package s3

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	worldtest.Handlers(t, "s3", Service(), nil)
}
