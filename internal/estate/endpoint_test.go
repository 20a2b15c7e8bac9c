package estate

import (
	"slices"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
)

func TestManaged(t *testing.T) {
	names := []dnsname.Name{dnsname.MustParse("ec2.eu-west-1.amazonaws.com"), dnsname.MustParse("*.ec2.eu-west-1.amazonaws.com")}
	on := Endpoint{Type: EndpointInterface, State: EndpointAvailable, PrivateDNS: true, PrivateNames: names}
	if got := on.Managed(); !slices.Equal(got, names) {
		t.Errorf("available with private DNS: %v", got)
	}
	for what, change := range map[string]func(*Endpoint){
		"private DNS off": func(p *Endpoint) { p.PrivateDNS = false },
		"pending":         func(p *Endpoint) { p.State = EndpointPending },
		"deleting":        func(p *Endpoint) { p.State = EndpointDeleting },
		"gateway":         func(p *Endpoint) { p.Type = EndpointGateway },
	} {
		p := on
		change(&p)
		if got := p.Managed(); got != nil {
			t.Errorf("%s: %v", what, got)
		}
	}
	for _, n := range names {
		if got := ManagedZone(n); got != names[0] {
			t.Errorf("zone of %s: %s", n, got)
		}
	}
}
