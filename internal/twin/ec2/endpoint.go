package ec2

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// VPC endpoints stand in the estate whole. An endpoint that was made is pending,
// one that was deleted still holds its names, each for a while (EC2 API,
// VpcEndpoint; that the names of a deleted one stay taken was seen by users).

// Times of an endpoint's life, which AWS does not tell.
const (
	endpointComes = 30 * time.Second
	endpointGoes  = 30 * time.Second
)

// Quotas (PrivateLink guide, vpc-limits-endpoints.html).
const (
	interfaceEndpointsPerVPC = 50
	gatewayEndpointsRegion   = 20
)

// endpointTokens says what a request with a client token asked for and made.
var endpointTokens = world.Private[endpointToken]{Name: "ec2.endpointTokens"}

type endpointToken struct{ asked, id string }

func invalidEndpoint(format string, args ...any) error {
	return fail("InvalidParameter", format, args...)
}

func noEndpoint(id string) error {
	if !ids.MatchString(id) || !strings.HasPrefix(id, "vpce-") {
		return fail("InvalidVpcEndpointId.Malformed", "Invalid id: %q (expecting \"vpce-...\")", id)
	}
	return fail("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", id)
}

func endpointsOf(c *world.Call) []estate.Endpoint {
	return slices.Collect(c.Estate().Endpoints.By(estate.ByRegion(c.Account(), c.Region)))
}

func findEndpoint(c *world.Call, id string) (estate.Endpoint, error) {
	p, ok := c.Estate().Endpoints.Get(id)
	if !ok || p.Account != c.Account() || p.Region != c.Region {
		return estate.Endpoint{}, noEndpoint(id)
	}
	return p, nil
}

func createVpcEndpoint(_ context.Context, c *world.Call, in *ec2.CreateVpcEndpointInput) (*ec2.CreateVpcEndpointOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeVpcEndpoint)
	needs := creating(c, "vpc-endpoint", tags)
	for _, n := range needs {
		n.conditions["ec2:vpceservicename"] = []string{aws.ToString(in.ServiceName)}
	}
	region := cmp.Or(estate.Region(aws.ToString(in.ServiceRegion)), c.Region)
	if region != c.Region {
		// A permission without an operation (PrivateLink guide,
		// privatelink-share-your-services.html#endpoint-service-cross-region).
		needs = append(needs, need{"vpce:AllowMultiRegion", arn(c, "vpc-endpoint", "*"), world.Conditions{"ec2:region": {string(c.Region)}}})
	}
	if denied := allow(c, nil, needs...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	switch {
	case in.ResourceConfigurationArn != nil:
		return nil, c.Unsupported("ResourceConfigurationArn")
	case in.ServiceNetworkArn != nil:
		return nil, c.Unsupported("ServiceNetworkArn")
	}
	v, err := allowVPC(c, in.VpcId, nil)
	if err != nil {
		return nil, err
	}
	asked, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	if token := aws.ToString(in.ClientToken); token != "" {
		if before, again := endpointTokens.Get(c.State, keyed(c, token)); again && before.asked != string(asked) {
			return nil, fail("IdempotentParameterMismatch", "The client token '%s' was used with other parameters.", token)
		} else if p, ok := c.Estate().Endpoints.Get(before.id); again && ok {
			return &ec2.CreateVpcEndpointOutput{ClientToken: in.ClientToken, VpcEndpoint: showEndpoint(c, p)}, nil
		}
	}
	change := endpointChange{c: c, vpc: v, p: estate.Endpoint{
		Account: c.Account(), Region: c.Region, VPC: v.ID, Type: string(cmp.Or(in.VpcEndpointType, types.VpcEndpointTypeGateway)),
		Service: aws.ToString(in.ServiceName), State: estate.EndpointPending, Created: c.Now, Tags: tags,
	}}
	if region != c.Region {
		change.p.ServiceRegion = region
	}
	if change.offer, err = change.serves(); err != nil {
		return nil, err
	}
	change.p.ID = newID(c, "vpce", v.ID, change.p.Service)
	if err := change.created(in); err != nil {
		return nil, err
	}
	if err := change.quota(); err != nil {
		return nil, err
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	p := change.p
	switch {
	case p.Type == estate.EndpointGateway:
		p.State = estate.EndpointAvailable
	case change.offer.Acceptance:
		p.State = estate.EndpointPendingAcceptance
	default:
		comes(c, p.ID)
	}
	c.Estate().Endpoints.Put(p)
	c.State.Connect(p)
	if token := aws.ToString(in.ClientToken); token != "" {
		endpointTokens.Put(c.State, keyed(c, token), endpointToken{string(asked), p.ID})
	}
	return &ec2.CreateVpcEndpointOutput{ClientToken: in.ClientToken, VpcEndpoint: showEndpoint(c, p)}, nil
}

// comes lets a pending endpoint become available.
func comes(c *world.Call, id string) {
	c.State.Later(c.Now.Add(endpointComes), world.Later{
		Kind: world.LaterEndpoint, ID: id, From: estate.EndpointPending, To: estate.EndpointAvailable,
	})
}

func modifyVpcEndpoint(_ context.Context, c *world.Call, in *ec2.ModifyVpcEndpointInput) (*ec2.ModifyVpcEndpointOutput, error) {
	id := aws.ToString(in.VpcEndpointId)
	p, err := findEndpoint(c, id)
	if denied := allow(c, nil, on(c, "vpc-endpoint", id, p.Tags)); denied != nil {
		return nil, denied
	}
	switch {
	case id == "":
		return nil, missing("vpcEndpointId")
	case err != nil:
		return nil, err
	case p.Requester:
		return nil, fail("OperationNotPermitted", "The VPC endpoint %s is managed by its service.", id)
	case p.State == estate.EndpointDeleting || p.State == estate.EndpointRejected || p.State == estate.EndpointFailed:
		return nil, fail("IncorrectState", "The VPC endpoint %s is in the state %s and cannot be modified.", id, p.State)
	}
	x := endpointChange{c: c, p: p}
	x.vpc, _ = c.Estate().VPCs.Get(p.VPC)
	if x.offer, err = x.serves(); err != nil {
		return nil, err
	}
	if err := x.policy(in.PolicyDocument); err != nil {
		return nil, err
	}
	if aws.ToBool(in.ResetPolicy) {
		x.p.Policy = ""
	}
	if p.Type == estate.EndpointGateway {
		if len(in.AddSubnetIds)+len(in.RemoveSubnetIds)+len(in.SubnetConfigurations) > 0 {
			return nil, invalidEndpoint("Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.")
		}
		err = x.routes(in.AddRouteTableIds, in.RemoveRouteTableIds)
	} else {
		err = x.modified(in)
	}
	if err != nil {
		return nil, err
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	c.Estate().Endpoints.Put(x.p)
	c.State.Connect(x.p)
	return &ec2.ModifyVpcEndpointOutput{Return: aws.Bool(true)}, nil
}

// deleteVpcEndpoints deletes one by one, and tells of those that it could not.
func deleteVpcEndpoints(_ context.Context, c *world.Call, in *ec2.DeleteVpcEndpointsInput) (*ec2.DeleteVpcEndpointsOutput, error) {
	out := &ec2.DeleteVpcEndpointsOutput{Unsuccessful: []types.UnsuccessfulItem{}}
	if len(in.VpcEndpointIds) == 0 {
		return nil, cmp.Or(allow(c, nil, on(c, "vpc-endpoint", "*", nil)), missing("vpcEndpointIds"))
	}
	var found []estate.Endpoint
	for _, id := range in.VpcEndpointIds {
		p, err := findEndpoint(c, id)
		if denied := allow(c, nil, on(c, "vpc-endpoint", id, p.Tags)); denied != nil {
			return nil, denied
		}
		switch {
		case err == nil && p.Requester:
			err = fail("OperationNotPermitted", "The VPC endpoint %s is managed by its service.", id)
			fallthrough
		case err != nil:
			out.Unsuccessful = append(out.Unsuccessful, unsuccessful(id, err))
		case p.State != estate.EndpointDeleting:
			found = append(found, p)
		}
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	for _, p := range found {
		p.State = estate.EndpointDeleting
		c.Estate().Endpoints.Put(p)
		c.State.Connect(p)
		c.State.Later(c.Now.Add(endpointGoes), world.Later{Kind: world.LaterEndpoint, ID: p.ID, From: estate.EndpointDeleting})
	}
	return out, nil
}

// unsuccessful is one failure of an operation over many resources.
func unsuccessful(id string, err error) types.UnsuccessfulItem {
	item := types.UnsuccessfulItemError{Message: aws.String(err.Error())}
	if api, ok := err.(interface {
		ErrorCode() string
		ErrorMessage() string
	}); ok {
		item.Code, item.Message = aws.String(api.ErrorCode()), aws.String(api.ErrorMessage())
	}
	return types.UnsuccessfulItem{ResourceId: aws.String(id), Error: &item}
}

func describeVpcEndpoints(_ context.Context, c *world.Call, in *ec2.DescribeVpcEndpointsInput) (*ec2.DescribeVpcEndpointsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"vpcEndpointIds", in.VpcEndpointIds, in.Filters, limited(in.MaxResults), in.NextToken}, endpointsOf(c),
		estate.Endpoint.Key, func(p estate.Endpoint) attributes {
			return attributes{
				"ip-address-type": {p.IPType}, "service-name": {p.Service}, "service-region": {string(cmp.Or(p.ServiceRegion, p.Region))},
				"vpc-id": {p.VPC}, "vpc-endpoint-id": {p.ID}, "vpc-endpoint-state": {p.State}, "vpc-endpoint-type": {p.Type},
			}.tagged(p.Tags)
		}, noEndpoint)
	out := &ec2.DescribeVpcEndpointsOutput{NextToken: next, VpcEndpoints: []types.VpcEndpoint{}}
	for _, p := range page {
		out.VpcEndpoints = append(out.VpcEndpoints, *showEndpoint(c, p))
	}
	return out, err
}

// describeVpcEndpointAssociations answers for a twin without endpoints to
// resources and service networks: there are none.
func describeVpcEndpointAssociations(_ context.Context, c *world.Call, in *ec2.DescribeVpcEndpointAssociationsInput) (*ec2.DescribeVpcEndpointAssociationsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	for _, id := range in.VpcEndpointIds {
		if _, err := findEndpoint(c, id); err != nil {
			return nil, err
		}
	}
	return &ec2.DescribeVpcEndpointAssociationsOutput{}, nil
}

// fullAccess is the policy of an endpoint that was given none
// (PrivateLink guide, vpc-endpoints-access.html).
const fullAccess = `{
  "Statement": [
    {
      "Action": "*", 
      "Effect": "Allow", 
      "Principal": "*", 
      "Resource": "*"
    }
  ]
}`

func showEndpoint(c *world.Call, p estate.Endpoint) *types.VpcEndpoint {
	out := &types.VpcEndpoint{
		VpcEndpointId: aws.String(p.ID), OwnerId: aws.String(string(p.Account)), VpcId: aws.String(p.VPC), VpcEndpointType: types.VpcEndpointType(p.Type),
		ServiceName: aws.String(p.Service), ServiceRegion: aws.String(string(cmp.Or(p.ServiceRegion, p.Region))),
		// The wire has the states as the API's text does, the SDK's constants do not.
		State: types.State(p.State), PolicyDocument: aws.String(cmp.Or(p.Policy, fullAccess)), RequesterManaged: aws.Bool(p.Requester),
		PrivateDnsEnabled: aws.Bool(p.PrivateDNS), RouteTableIds: p.RouteTables, SubnetIds: p.Subnets, Tags: list(p.Tags),
		IpAddressType: types.IpAddressType(p.IPType), Groups: []types.SecurityGroupIdentifier{}, NetworkInterfaceIds: []string{}, DnsEntries: []types.DnsEntry{},
	}
	if !p.Created.IsZero() {
		out.CreationTimestamp = aws.Time(p.Created)
	}
	if p.Type != estate.EndpointInterface {
		return out
	}
	out.DnsOptions = &types.DnsOptions{DnsRecordIpType: types.DnsRecordIpType(p.DNSIPType)}
	if p.PrivateDNS {
		out.DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint = aws.Bool(p.InboundOnly)
	}
	names := map[string]string{}
	for _, g := range groupsOf(c) {
		names[g.ID] = g.Name
	}
	for _, g := range p.Groups {
		out.Groups = append(out.Groups, types.SecurityGroupIdentifier{GroupId: aws.String(g), GroupName: aws.String(names[g])})
	}
	for _, a := range p.Addresses {
		out.NetworkInterfaceIds = append(out.NetworkInterfaceIds, a.Interface)
	}
	out.DnsEntries = dnsEntries(c, p)
	return out
}

// dnsEntries are the generated names, then the private ones, each in a zone of
// its own. While an endpoint is pending these zones are so, too.
func dnsEntries(c *world.Call, p estate.Endpoint) []types.DnsEntry {
	out := []types.DnsEntry{}
	for _, n := range p.Names {
		out = append(out, types.DnsEntry{DnsName: aws.String(n.Name.String()), HostedZoneId: aws.String(n.Zone)})
	}
	for _, n := range p.PrivateNames {
		if p.PrivateDNS {
			zone := world.ManagedZoneID(c.Estate(), p, n)
			if p.State == estate.EndpointPending {
				zone = "ZONEIDPENDING"
			}
			out = append(out, types.DnsEntry{DnsName: aws.String(n.String()), HostedZoneId: aws.String(zone)})
		}
	}
	return out
}
