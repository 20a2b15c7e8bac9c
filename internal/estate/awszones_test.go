package estate

import (
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
)

func TestAliasZone(t *testing.T) {
	for _, tt := range []struct{ name, zone, kind string }{
		{"my-lb-123.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2", TargetLoadBalancer},
		{"dualstack.my-lb-123.us-east-1.elb.amazonaws.com", "Z35SXDOTRQ7X7K", TargetLoadBalancer},
		{"my-nlb-123.elb.us-east-1.amazonaws.com", "Z26RNL4JYFTOTI", TargetLoadBalancer},
		{"d-abc123.execute-api.us-east-2.amazonaws.com", "ZOJJZC49E0EPZ", TargetAPIGateway},
		{"s3-website-eu-west-1.amazonaws.com", "Z1BKCTXD74EZPE", TargetS3Website},
		{"s3-website.eu-central-1.amazonaws.com", "Z21DNDUVLTQW6Q", TargetS3Website},
		{"d111111abcdef8.cloudfront.net", "Z2FDTNDATAQYW2", TargetCloudFront},
		{"s3-website.eu-west-1.amazonaws.com", "", ""},
		{"vpce-1.ec2.eu-west-1.vpce.amazonaws.com", "", ""},
		{"www.example.com", "", ""},
	} {
		z, ok := AliasZone(dnsname.MustParse(tt.name))
		if z.ID != tt.zone || z.Kind != tt.kind || ok != (tt.zone != "") {
			t.Errorf("AliasZone(%s) = %+v, %v; want %s, %s", tt.name, z, ok, tt.zone, tt.kind)
		}
		if ok && !IsAWSZone(z.ID) {
			t.Errorf("IsAWSZone(%s) = false", z.ID)
		}
	}
	if IsAWSZone("Z0000000000000") {
		t.Error("IsAWSZone of an unknown zone = true")
	}
}

// TestAWSZonesUnique fails when an ID was copied into two rows.
func TestAWSZonesUnique(t *testing.T) {
	seen := map[string]dnsname.Name{}
	for _, z := range awsZones().byName {
		if other, twice := seen[z.ID]; twice {
			t.Errorf("%s is the zone of %s and of %s", z.ID, other, z.Name)
		}
		seen[z.ID] = z.Name
	}
}
