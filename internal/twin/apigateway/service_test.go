package apigateway

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	worldtest.Handlers(t, "apigatewayv2", Service(), nil)
}
