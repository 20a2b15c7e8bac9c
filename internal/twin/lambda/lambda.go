// Package lambda is the twin's AWS Lambda.
package lambda

import (
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's AWS Lambda.
func Service() []wire.Handler[*world.Call] { return nil }
