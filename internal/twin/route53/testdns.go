package route53

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// testDNSAnswer tells what a name server of a public zone answers, whether or
// not the zone is delegated to (API_TestDNSAnswer). Where the query comes from
// (ResolverIP, EDNS0ClientSubnetIP) makes no difference: what routing policies
// choose is the resolver's model, see package resolve.
func testDNSAnswer(_ context.Context, c *world.Call, in *sdk.TestDNSAnswerInput) (*sdk.TestDNSAnswerOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	z, err := ownZone(c, bare(in.HostedZoneId, zonePrefix))
	if err != nil {
		return nil, err
	}
	name, err := dnsname.Parse(aws.ToString(in.RecordName))
	servers := zoneServers(c.Estate(), z)
	switch {
	case err != nil:
		return nil, invalidInput("%s", nameProblem(aws.ToString(in.RecordName)))
	case z.Private:
		return nil, invalidInput("Invalid request: the hosted zone %s is private", z.ID)
	case !name.Under(z.Name):
		return nil, invalidInput("Invalid request: %s does not lie within the hosted zone %s", name, z.Name.Route53())
	case len(servers) == 0:
		return nil, invalidInput("Invalid request: the hosted zone %s has no name servers", z.ID)
	}
	answer := resolve.New(*c.Estate(), resolve.DefaultPolicy).Authoritative(servers[0], name, string(in.RecordType))
	out := &sdk.TestDNSAnswerOutput{
		Nameserver: aws.String(servers[0].String()), Protocol: aws.String("UDP"), ResponseCode: aws.String(string(answer.Outcome)),
		RecordName: in.RecordName, RecordType: types.RRType(in.RecordType), RecordData: []string{},
	}
	for _, r := range answer.Records {
		if r.Value != "" {
			out.RecordData = append(out.RecordData, r.Value)
		}
	}
	return out, nil
}
