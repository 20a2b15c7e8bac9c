// Package resolver is the twin's Amazon Route 53 Resolver.
package resolver

import (
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Amazon Route 53 Resolver.
func Service() []wire.Handler[*world.Call] { return nil }
