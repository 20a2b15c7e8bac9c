package ec2

import (
	"strings"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// Rate is the bucket of one action in an account and Region, in requests (EC2
// Developer Guide, ec2-api-throttling.html): those that read, those that change
// something, and the actions that have one of their own. Left out are the smaller
// bucket of DescribeSecurityGroups and its like when neither page nor filter is
// asked for, the buckets of resources that RunInstances and its like have besides,
// and what PrivateLink throttles by the organization, at rates that AWS does not
// tell (PrivateLink guide, vpc-limits-endpoints.html).
func Rate(operation string) world.Rate {
	if own, ok := ownRates[operation]; ok {
		return own
	}
	for _, reads := range []string{"Describe", "Get", "Search"} {
		if strings.HasPrefix(operation, reads) {
			return world.Rate{Burst: 100, Refill: 20}
		}
	}
	return world.Rate{Burst: 50, Refill: 5}
}

// ownRates are the page's "uncategorized actions", as far as the twin has them.
var ownRates = map[string]world.Rate{
	"AcceptVpcEndpointConnections":           {Burst: 10, Refill: 1},
	"CreateDefaultVpc":                       {Burst: 1, Refill: 1},
	"CreateNatGateway":                       {Burst: 10, Refill: 1},
	"CreateTags":                             {Burst: 100, Refill: 10},
	"CreateVpcEndpoint":                      {Burst: 4, Refill: 0.3},
	"CreateVpcEndpointServiceConfiguration":  {Burst: 10, Refill: 1},
	"DeleteNatGateway":                       {Burst: 10, Refill: 1},
	"DeleteTags":                             {Burst: 100, Refill: 10},
	"DeleteVpcEndpointServiceConfigurations": {Burst: 10, Refill: 1},
	"DeleteVpcEndpoints":                     {Burst: 4, Refill: 0.3},
	"ModifyVpcEndpoint":                      {Burst: 4, Refill: 0.3},
	"ModifyVpcEndpointServiceConfiguration":  {Burst: 10, Refill: 1},
	"RejectVpcEndpointConnections":           {Burst: 10, Refill: 1},
	"RunInstances":                           {Burst: 5, Refill: 2},
	"StartInstances":                         {Burst: 5, Refill: 2},
	"TerminateInstances":                     {Burst: 100, Refill: 5},
}
