package elbv2

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
)

func TestService(t *testing.T) {
	s, err := wire.Load("elbv2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.NewMux(s, Service()...); err != nil {
		t.Error(err)
	}
}
