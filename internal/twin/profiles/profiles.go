// Package profiles is the twin's Amazon Route 53 Profiles.
package profiles

import (
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Amazon Route 53 Profiles.
func Service() []wire.Handler[*world.Call] { return nil }
