package twintest

import (
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// TestAcrossRegions: services of one Region, of AWS, of one's own and of somebody
// else, are shared in every Region of a share, whichever way: their names lead to
// endpoints in each VPC's own Region.
func TestAcrossRegions(t *testing.T) {
	t.Parallel()
	const service = "com.amazonaws.vpce.eu-west-1.vpce-svc-0777777777777777f"
	lines := []string{"services: [ec2, sts, ecr.dkr]", "services: [ec2, { name: ecr.api, serviceRegion: eu-west-1 }, " + service + "]",
		domainLine, "        region: eu-west-1\n" + domainLine}
	for via, pairs := range map[string][]string{
		"profile":  nil,
		"resolver": {"    via: profile", "    via: resolver"},
		"own": {"    via: profile", "    via: own", "    vpc: { tags: { role: shared-services } }\n", "", "    connect: { transitGateway: { tags: { role: backbone }, account: network } }\n", "",
			expectEC2, "", expectPay, "", "expect:\n", ""},
	} {
		t.Run(via, func(t *testing.T) {
			r := shareVariant(t, "profile", append(pairs, lines...)...)
			r.start.Accounts.Put(estate.Account{ID: "777777777777", Name: "vendor", Status: estate.AccountActive, Parent: r.start.Organization.Root})
			r.start.EndpointServices.Put(estate.EndpointService{
				ID: "vpce-svc-0777777777777777f", Name: service, Account: "777777777777", Region: ireland, State: "Available", IPTypes: []string{"ipv4"}, Regions: []estate.Region{ireland, "eu-central-1"},
				Zones: []string{"eu-west-1a", "eu-west-1b"}, Principals: []string{"*"}, PrivateName: dnsname.MustParse("api.vendor.example"), NameState: estate.NameVerified,
			})
			w := r.world()
			live(t, r, w, func() {
				e := w.Estate()
				found := map[string]map[estate.Region]bool{}
				for p := range e.Endpoints.All() {
					kind := p.Service
					if strings.Contains(kind, "vpce-svc-") && kind != service {
						kind = "payments"
					}
					if p.Region == "eu-central-1" && kind != "com.amazonaws.eu-central-1.ec2" && p.ServiceRegion != ireland || p.Region == ireland && p.ServiceRegion != "" {
						t.Errorf("endpoint %s in %s of %s in %q", p.ID, p.Region, p.Service, p.ServiceRegion)
					}
					if found[kind] == nil {
						found[kind] = map[estate.Region]bool{}
					}
					found[kind][p.Region] = true
				}
				for _, kind := range []string{"com.amazonaws.eu-west-1.ecr.api", service, "payments"} {
					if len(found[kind]) != 2 {
						t.Errorf("endpoints of %s stand in %v", kind, found[kind])
					}
				}
				for v := range e.VPCs.All() {
					if v.Account == "444444444444" && v.Tags["dns"] == "corp" {
						for _, name := range []string{"api.ecr.eu-west-1.amazonaws.com", "api.vendor.example", "pay.payments.example.com"} {
							resolves(t, e, v.ID, name, "10.")
						}
					}
				}
			})
		})
	}
}
