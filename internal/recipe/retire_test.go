package recipe

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/retire"
)

// beside is [shareWorld] with the shared endpoint in effect and reached by a
// peering, and an endpoint of vpc-shop's own for the same.
func beside() estate.Estate {
	e := shareWorld()
	ec2 := dnsname.MustParse("ec2.eu-west-1.amazonaws.com")
	at := func(p estate.Endpoint, subnet, ip string) {
		p.Addresses = []estate.EndpointAddress{{Subnet: subnet, Zone: "eu-west-1a", IPv4: netip.MustParseAddr(ip)}}
		p.PrivateNames, p.IPType, p.DNSIPType = []dnsname.Name{ec2}, estate.DNSIPv4, estate.DNSIPv4
		e.Endpoints.Put(p)
	}
	at(hubEndpoint(&e, "ec2"), "subnet-hub-a", "10.0.0.9")
	at(estate.Endpoint{ID: "vpce-own", Account: shopAccount, Region: "eu-west-1", VPC: "vpc-shop", Type: estate.EndpointInterface, Service: "com.amazonaws.eu-west-1.ec2",
		State: estate.EndpointAvailable, PrivateDNS: true}, "subnet-shop-a", "10.1.0.9")
	e.Peerings.Put(estate.Peering{ID: "pcx-1", State: estate.PeeringActive, Requester: estate.PeeringSide{VPC: "vpc-hub", Account: netAccount, Region: "eu-west-1"}, Accepter: estate.PeeringSide{VPC: "vpc-shop", Account: shopAccount, Region: "eu-west-1"}})
	for vpc, to := range map[string]string{"hub": "10.1.0.0/16", "shop": "10.0.0.0/16"} {
		t, _ := e.RouteTables.Get("rtb-" + vpc)
		t.Routes = []estate.Route{{To: netip.MustParsePrefix(to), Target: "pcx-1", State: estate.RouteActive}}
		e.RouteTables.Put(t)
	}
	return e
}

// TestRetireIsolated: an own endpoint stays for subnets out of which nothing
// leads, though the others reach the shared one.
func TestRetireIsolated(t *testing.T) {
	look := func(e estate.Estate) []string {
		in := shareInput(t, e, "  - { name: one, account: net, via: profile, vpc: { tags: { role: hub } }, services: [ec2], consumers: { account: shop }, retireDuplicates: remove }\n")
		s := newShare(in, in.Config.EndpointShares[0], in.Config.AccountByID(netAccount), &Output{}).in("eu-west-1")
		own, _ := in.Estate.Endpoints.Get("vpce-own")
		v, _ := in.Estate.VPCs.Get("vpc-shop")
		var out []string
		for _, f := range s.way(own, s.services[0].standing, v, s.services[0], true) {
			if f.Code == retire.Isolated || f.Code == retire.Unreached {
				out = append(out, string(f.Code)+": "+f.Text)
			}
		}
		return out
	}
	e := beside()
	if got := look(e); got != nil {
		t.Errorf("of a VPC out of which every subnet leads: %v", got)
	}
	e.RouteTables.Put(estate.RouteTable{ID: "rtb-alone", Account: shopAccount, Region: "eu-west-1", VPC: "vpc-shop", Subnets: []string{"subnet-shop-b"}})
	if got := look(e); len(got) != 1 || !strings.HasPrefix(got[0], "isolated-subnet: ") || !strings.Contains(got[0], "subnet-shop-b") || strings.Contains(got[0], "subnet-shop-a") {
		t.Errorf("of a VPC with a subnet out of which nothing leads: %v", got)
	}
}
