package recipe

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// TestProbeReaches: a function is let out to the hub, and to an endpoint of its
// VPC's own as long as that answers there and stays; also where these are more
// than a security group has rules.
func TestProbeReaches(t *testing.T) {
	const group = "endpointShares/one/eu-west-1/vpcs/vpc-shop" + plan.ProbeGroup
	egress := func(e estate.Estate) string {
		in := shareInput(t, e, "  - { name: one, account: net, via: profile, vpc: { tags: { role: hub } }, services: [ec2], consumers: { account: shop }, probe: { lambda: true } }\n")
		in.Codes = map[string]Code{"": {Hash: "1", Architecture: "arm64"}}
		return field(wantedAt(t, Make(in), group), "egress")
	}
	change := func(do func(*estate.Endpoint)) estate.Estate {
		e := beside()
		p, _ := e.Endpoints.Get("vpce-own")
		do(&p)
		e.Endpoints.Put(p)
		return e
	}
	both := "tcp 443 10.0.0.0/16 tcp 443 10.1.0.9/32"
	if got := egress(beside()); got != both {
		t.Errorf("beside an own endpoint: %s", got)
	}
	if got := egress(change(func(p *estate.Endpoint) { p.Addresses[0].IPv6 = netip.MustParseAddr("2001:db8::9") })); got != both+" tcp 443 2001:db8::9/128" {
		t.Errorf("beside one of both families: %s", got)
	}
	if got := egress(change(func(p *estate.Endpoint) { p.PrivateDNS = false })); got != "tcp 443 10.0.0.0/16" {
		t.Errorf("beside one that does not answer: %s", got)
	}
	if got := egress(change(func(p *estate.Endpoint) { p.VPC = "vpc-pay" })); got != "tcp 443 10.0.0.0/16" {
		t.Errorf("beside one of another VPC: %s", got)
	}
	many := egress(change(func(p *estate.Endpoint) {
		for i := range 200 {
			p.Addresses = append(p.Addresses, estate.EndpointAddress{IPv4: netip.MustParseAddr(fmt.Sprintf("10.1.1.%d", i))})
		}
	}))
	if n := strings.Count(many, "tcp"); n > 60 || !strings.HasPrefix(many, both[:19]) {
		t.Errorf("%d rules: %s", n, many)
	}
}
