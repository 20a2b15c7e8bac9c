package estate

import (
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
)

func TestCovers(t *testing.T) {
	c := Certificate{Names: []dnsname.Name{dnsname.MustParse("example.com"), dnsname.MustParse("*.api.example.com")}}
	for name, want := range map[string]bool{
		"example.com": true, "www.example.com": false, "api.example.com": false,
		"beta.api.example.com": true, "a.beta.api.example.com": false, "*.api.example.com": true, "*.example.com": false, "*.beta.api.example.com": false,
	} {
		if got := c.Covers(dnsname.MustParse(name)); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
}
