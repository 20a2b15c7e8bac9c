package cloudfront

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
)

func TestService(t *testing.T) {
	s, err := wire.Load("cloudfront")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.NewMux(s, Service()...); err != nil {
		t.Error(err)
	}
}
