package recipe

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// TestForeignResolverEndpoints: what somebody has in the hub is used as long as
// queries get through it; else ours is made, or a choice refused.
func TestForeignResolverEndpoints(t *testing.T) {
	const (
		address = "endpointShares/one/eu-west-1/"
		in, out = "rslvr-in-1", "rslvr-out-1"
		chosen  = ", resolverEndpoints: { inbound: rslvr-in-1, outbound: rslvr-out-1 }"
	)
	rule := func(egress bool, protocol, to string) estate.GroupRule {
		return estate.GroupRule{Egress: egress, Protocol: protocol, From: 53, To: 53, CIDR: netip.MustParsePrefix(to)}
	}
	hub := func(egress bool) []estate.GroupRule {
		return []estate.GroupRule{rule(egress, "udp", "10.0.0.0/16"), rule(egress, "tcp", "10.0.0.0/16")}
	}
	type world struct {
		in, out       []estate.GroupRule
		inBy, outBy   []string
		acl           bool // of the inbound endpoint's subnet: it lets nothing in
		more          string
		wantIn, wantO string // theirs; empty: ours
		errors        []string
	}
	for name, c := range map[string]world{
		"both can be":                   {in: hub(false), out: hub(true), wantIn: in, wantO: out},
		"both are chosen":               {in: hub(false), out: hub(true), more: chosen, wantIn: in, wantO: out},
		"Do53 besides":                  {in: hub(false), out: hub(true), inBy: []string{"Do53", "DoH"}, wantIn: in, wantO: out},
		"inbound from elsewhere alone":  {in: []estate.GroupRule{rule(false, "-1", "192.0.2.0/24")}, out: hub(true), wantO: out},
		"inbound by UDP alone":          {in: hub(false)[:1], out: hub(true), wantO: out},
		"inbound by another subnet":     {in: hub(false), out: hub(true), acl: true, wantO: out},
		"inbound by DoH":                {in: hub(false), out: hub(true), inBy: []string{"DoH"}, wantO: out},
		"outbound to elsewhere alone":   {in: hub(false), out: []estate.GroupRule{rule(true, "-1", "192.0.2.0/24")}, wantIn: in},
		"outbound by DoH":               {in: hub(false), out: hub(true), outBy: []string{"DoH"}, wantIn: in},
		"neither":                       {},
		"chosen inbound from elsewhere": {in: []estate.GroupRule{rule(false, "-1", "192.0.2.0/24")}, out: hub(true), more: chosen, errors: []string{"unfit-endpoint " + in}},
		"chosen outbound to elsewhere":  {in: hub(false), more: chosen, errors: []string{"unfit-endpoint " + out}},
	} {
		t.Run(name, func(t *testing.T) {
			e := shareWorld()
			e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-in", Account: netAccount, Region: "eu-west-1", VPC: "vpc-hub", Rules: c.in},
				estate.SecurityGroup{ID: "sg-out", Account: netAccount, Region: "eu-west-1", VPC: "vpc-hub", Rules: c.out})
			if c.acl {
				e.NetworkACLs.Put(estate.NetworkACL{ID: "acl-a", Account: netAccount, Region: "eu-west-1", VPC: "vpc-hub", Subnets: []string{"subnet-hub-a"}})
			}
			for i, p := range []estate.ResolverEndpoint{
				{ID: in, Direction: estate.EndpointInbound, Groups: []string{"sg-in"}, Protocols: c.inBy},
				{ID: out, Direction: estate.EndpointOutbound, Groups: []string{"sg-out"}, Protocols: c.outBy},
			} {
				p.Account, p.Region, p.VPC, p.Status = netAccount, "eu-west-1", "vpc-hub", estate.StatusOperational
				subnet := []string{"subnet-hub-a", "subnet-hub-b"}[i]
				p.Addresses = []estate.ResolverAddress{{Subnet: subnet, IP: netip.AddrFrom4([4]byte{10, 0, byte(i), 53})}}
				e.ResolverEndpoints.Put(p)
			}
			made := makeShares(t, e, "  - { name: one, account: net, via: resolver, vpc: { tags: { role: hub } }, services: [ec2], consumers: { account: shop }"+c.more+" }\n")
			var errors []string
			for _, d := range made.Diagnostics {
				if d.Severity == diag.Error {
					for _, id := range []string{in, out} {
						if strings.Contains(d.Summary, id) {
							errors = append(errors, d.Code+" "+id)
						}
					}
				}
			}
			if !slices.Equal(errors, c.errors) {
				t.Fatalf("errors %v, want %v: %v", errors, c.errors, made.Diagnostics)
			}
			if len(c.errors) > 0 {
				return
			}
			for label, theirs := range map[string]string{"inbound": c.wantIn, "outbound": c.wantO} {
				ours := slices.ContainsFunc(made.Wanted, func(w plan.Wanted) bool { return w.Address == address+label })
				if ours != (theirs == "") {
					t.Errorf("%s: ours is wanted: %v; %v", label, ours, made.Diagnostics)
				}
				told := slices.ContainsFunc(made.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "unfit-endpoint" && strings.Contains(d.Summary, label) })
				if told != ours {
					t.Errorf("%s: told why it is not used: %v; %v", label, told, made.Diagnostics)
				}
			}
			r := wantedAt(t, made, address+"rules/ec2.eu-west-1.amazonaws.com")
			want := "10.0.0.53"
			if c.wantIn == "" {
				want = ""
			}
			if got := field(r, "targets"); got != want {
				t.Errorf("targets %q, want %q", got, want)
			}
		})
	}
}
