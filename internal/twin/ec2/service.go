package ec2

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Endpoint services of an account's own, behind network load balancers.

// VerifyDelay is how long after the request AWS looks for the TXT record of a
// private name, which it does not tell.
const VerifyDelay = 60 * time.Second

// verifyTable holds since when the private name of a service is verified, by the
// service.
var verifyTable = world.Private[time.Time]{Name: "ec2.verifications"}

// Settle ends the verifications of private names that are due at a time: public
// DNS has the TXT record, or the verification failed (PrivateLink guide,
// manage-dns-names.html). The assembly calls it before each call.
func Settle(s *world.State, now time.Time) {
	var due []string
	verifyTable.Walk(s, "", func(id string, since time.Time) bool {
		if !now.Before(since.Add(VerifyDelay)) {
			due = append(due, id)
		}
		return true
	})
	if len(due) == 0 {
		return
	}
	policy := resolve.DefaultPolicy
	policy.Closed = true
	dns := resolve.New(s.Estate, policy)
	for _, id := range due {
		verifyTable.Delete(s, id)
		service, ok := s.Estate.EndpointServices.Get(id)
		if !ok || service.PrivateName.IsZero() {
			continue
		}
		service.NameState = estate.NameFailed
		if proven(dns, s.Estate.Public, service) {
			service.NameState = estate.NameVerified
		}
		s.Estate.EndpointServices.Put(service)
	}
}

// proven reports whether public DNS has the service's TXT record: at the private
// name, or at a domain above it, which proves its subdomains
// (manage-dns-names.html, "You can verify the domain of a subdomain"). What was
// seen there counts as well, where the world does not hold the zone.
func proven(dns *resolve.Resolver, seen estate.Table[estate.PublicAnswer], s estate.EndpointService) bool {
	for n := range estate.ManagedZone(s.PrivateName).Ancestors() {
		name, err := n.Child(s.VerifyName)
		if err != nil || n.Depth() < 2 {
			continue
		}
		there, _ := seen.Get(estate.PublicAnswer{Name: name, Type: "TXT"}.Key())
		for _, v := range append(dns.Resolve(resolve.Vantage{}, name, "TXT").Values(), there.Values...) {
			if strings.Trim(v, `"`) == s.VerifyValue {
				return true
			}
		}
	}
	return false
}

func noService(id string) error {
	return fail("InvalidVpcEndpointServiceId.NotFound", "The VpcEndpointService Id '%s' does not exist", id)
}

func servicesOf(c *world.Call) []estate.EndpointService {
	return slices.Collect(c.Estate().EndpointServices.By(estate.ByRegion(c.Account(), c.Region)))
}

func findService(c *world.Call, id string) (estate.EndpointService, error) {
	s, ok := c.Estate().EndpointServices.Get(id)
	if !ok || s.Account != c.Account() || s.Region != c.Region {
		return estate.EndpointService{}, noService(id)
	}
	return s, nil
}

// allowService finds a service of the caller's, and asks for the permission to
// do the operation on it.
func allowService(c *world.Call, id *string, dryRun *bool, more ...need) (estate.EndpointService, error) {
	s, err := findService(c, aws.ToString(id))
	if denied := allow(c, nil, append(more, on(c, "vpc-endpoint-service", aws.ToString(id), s.Tags))...); denied != nil {
		return estate.EndpointService{}, denied
	}
	if aws.ToString(id) == "" {
		return estate.EndpointService{}, missing("serviceId")
	}
	if err != nil {
		return estate.EndpointService{}, err
	}
	return s, allow(c, dryRun)
}

// multiRegion is the permission that other Regions need; it has no operation
// (PrivateLink guide, privatelink-share-your-services.html).
func multiRegion(c *world.Call, regions []string) []need {
	for _, r := range regions {
		if r != string(c.Region) {
			return []need{{"vpce:AllowMultiRegion", arn(c, "vpc-endpoint-service", "*"), world.Conditions{"ec2:region": {string(c.Region)}}}}
		}
	}
	return nil
}

func createVpcEndpointServiceConfiguration(_ context.Context, c *world.Call, in *ec2.CreateVpcEndpointServiceConfigurationInput) (*ec2.CreateVpcEndpointServiceConfigurationOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeVpcEndpointService)
	if denied := allow(c, nil, append(creating(c, "vpc-endpoint-service", tags), multiRegion(c, in.SupportedRegions)...)...); denied != nil {
		return nil, denied
	}
	switch {
	case err != nil:
		return nil, err
	case len(in.GatewayLoadBalancerArns) > 0:
		return nil, c.Unsupported("GatewayLoadBalancerArns")
	}
	if token := aws.ToString(in.ClientToken); token != "" {
		before, again := endpointTokens.Get(c.State, keyed(c, "service/"+token))
		if s, ok := c.Estate().EndpointServices.Get(before.id); again && ok {
			return &ec2.CreateVpcEndpointServiceConfigurationOutput{ClientToken: in.ClientToken, ServiceConfiguration: showService(s)}, nil
		}
	}
	id := newID(c, "vpce-svc", slices.Sorted(slices.Values(in.NetworkLoadBalancerArns))...)
	s := estate.EndpointService{
		ID: id, Name: "com.amazonaws.vpce." + string(c.Region) + "." + id, Account: c.Account(), Region: c.Region,
		State: string(types.ServiceStateAvailable), IPTypes: in.SupportedIpAddressTypes, Regions: []estate.Region{c.Region}, Tags: tags,
		// Where it is not said, the safe side is our reading.
		Acceptance: in.AcceptanceRequired == nil || *in.AcceptanceRequired,
	}
	if len(s.IPTypes) == 0 {
		s.IPTypes = []string{"ipv4"}
	}
	if err := balance(c, &s, in.NetworkLoadBalancerArns, nil); err != nil {
		return nil, err
	}
	if err := reach(&s, in.SupportedRegions, nil); err != nil {
		return nil, err
	}
	if err := checkTypes(s.IPTypes); err != nil {
		return nil, err
	}
	if in.PrivateDnsName != nil {
		if err := nameService(&s, *in.PrivateDnsName); err != nil {
			return nil, err
		}
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	c.Estate().EndpointServices.Put(s)
	if token := aws.ToString(in.ClientToken); token != "" {
		endpointTokens.Put(c.State, keyed(c, "service/"+token), endpointToken{id: id})
	}
	return &ec2.CreateVpcEndpointServiceConfigurationOutput{ClientToken: in.ClientToken, ServiceConfiguration: showService(s)}, nil
}

// balance adds and removes load balancers; the service is in their zones. At
// least one must be left.
func balance(c *world.Call, s *estate.EndpointService, add, remove []string) error {
	have := slices.DeleteFunc(slices.Clone(s.LoadBalancers), func(arn string) bool { return slices.Contains(remove, arn) })
	for _, arn := range add {
		b, ok := c.Estate().LoadBalancers.Get(arn)
		switch {
		case !ok || b.Account != c.Account() || b.Region != c.Region:
			return invalidEndpoint("Load balancer '%s' not found", arn)
		case b.Type != "network":
			return invalidEndpoint("Load balancer '%s' is not a Network Load Balancer.", arn)
		}
		if !slices.Contains(have, arn) {
			have = append(have, arn)
		}
	}
	if len(have) == 0 {
		return invalidEndpoint("An endpoint service must have at least one load balancer.")
	}
	s.LoadBalancers, s.Zones = have, nil
	for _, arn := range have {
		b, _ := c.Estate().LoadBalancers.Get(arn)
		for _, id := range b.Subnets {
			if subnet, ok := c.Estate().Subnets.Get(id); ok && !slices.Contains(s.Zones, subnet.Zone) {
				s.Zones = append(s.Zones, subnet.Zone)
			}
		}
	}
	slices.Sort(s.Zones)
	return nil
}

// reach adds and removes Regions from which the service can be used; its own
// stays (PrivateLink guide, privatelink-share-your-services.html).
func reach(s *estate.EndpointService, add, remove []string) error {
	for _, r := range append(slices.Clone(add), remove...) {
		if len(zonesOf(estate.Region(r))) == 0 {
			return fail("InvalidParameterValue", "Invalid region provided: %s", r)
		}
	}
	all := slices.DeleteFunc(slices.Clone(s.Regions), func(r estate.Region) bool { return r != s.Region && slices.Contains(remove, string(r)) })
	for _, r := range add {
		if !slices.Contains(all, estate.Region(r)) {
			all = append(all, estate.Region(r))
		}
	}
	slices.Sort(all)
	s.Regions = all
	return nil
}

func checkTypes(list []string) error {
	for _, t := range list {
		if t != "ipv4" && t != "ipv6" {
			return fail("InvalidParameterValue", "Value (%s) for parameter SupportedIpAddressTypes is invalid.", t)
		}
	}
	if len(list) == 0 {
		return invalidEndpoint("An endpoint service must support at least one IP address type.")
	}
	return nil
}

// nameService gives the service a private name, which waits to be verified. Each
// service has a name and value of its own for that.
func nameService(s *estate.EndpointService, text string) error {
	name, err := dnsname.Parse(text)
	if err != nil || name.Depth() < 2 {
		return invalidEndpoint("The private DNS name %s is invalid.", text)
	}
	if name == s.PrivateName {
		return nil
	}
	sum := sha256.Sum256([]byte(s.ID + "/" + name.String()))
	code := base32.StdEncoding.EncodeToString(sum[:])
	s.PrivateName, s.NameState = name, estate.NamePending
	s.VerifyName, s.VerifyValue = "_"+strings.ToLower(code[:20]), "vpce:"+code[20:40]
	return nil
}

func modifyVpcEndpointServiceConfiguration(_ context.Context, c *world.Call, in *ec2.ModifyVpcEndpointServiceConfigurationInput) (*ec2.ModifyVpcEndpointServiceConfigurationOutput, error) {
	s, err := allowService(c, in.ServiceId, in.DryRun, multiRegion(c, append(slices.Clone(in.AddSupportedRegions), in.RemoveSupportedRegions...))...)
	if err != nil {
		return nil, err
	}
	if len(in.AddGatewayLoadBalancerArns)+len(in.RemoveGatewayLoadBalancerArns) > 0 {
		return nil, c.Unsupported("AddGatewayLoadBalancerArns")
	}
	if err := balance(c, &s, in.AddNetworkLoadBalancerArns, in.RemoveNetworkLoadBalancerArns); err != nil {
		return nil, err
	}
	if err := reach(&s, in.AddSupportedRegions, in.RemoveSupportedRegions); err != nil {
		return nil, err
	}
	families := slices.DeleteFunc(slices.Clone(s.IPTypes), func(t string) bool { return slices.Contains(in.RemoveSupportedIpAddressTypes, t) })
	for _, t := range in.AddSupportedIpAddressTypes {
		if !slices.Contains(families, t) {
			families = append(families, t)
		}
	}
	if s.IPTypes = families; checkTypes(families) != nil {
		return nil, checkTypes(families)
	}
	if in.AcceptanceRequired != nil {
		s.Acceptance = *in.AcceptanceRequired
	}
	switch {
	case aws.ToBool(in.RemovePrivateDnsName):
		s.PrivateName, s.NameState, s.VerifyName, s.VerifyValue = dnsname.Name{}, "", "", ""
		verifyTable.Delete(c.State, s.ID)
	case in.PrivateDnsName != nil:
		before := s.PrivateName
		if err := nameService(&s, *in.PrivateDnsName); err != nil {
			return nil, err
		}
		if s.PrivateName != before {
			verifyTable.Delete(c.State, s.ID)
		}
	}
	c.Estate().EndpointServices.Put(s)
	return &ec2.ModifyVpcEndpointServiceConfigurationOutput{Return: aws.Bool(true)}, nil
}

// connected reports whether a connection keeps a service.
func connected(x estate.EndpointConnection) bool {
	return x.State == estate.EndpointPendingAcceptance || x.State == estate.EndpointPending || x.State == estate.EndpointAvailable
}

func deleteVpcEndpointServiceConfigurations(_ context.Context, c *world.Call, in *ec2.DeleteVpcEndpointServiceConfigurationsInput) (*ec2.DeleteVpcEndpointServiceConfigurationsOutput, error) {
	out := &ec2.DeleteVpcEndpointServiceConfigurationsOutput{Unsuccessful: []types.UnsuccessfulItem{}}
	if len(in.ServiceIds) == 0 {
		return nil, cmp.Or(allow(c, nil, on(c, "vpc-endpoint-service", "*", nil)), missing("serviceIds"))
	}
	var found []string
	for _, id := range in.ServiceIds {
		s, err := findService(c, id)
		if denied := allow(c, nil, on(c, "vpc-endpoint-service", id, s.Tags)); denied != nil {
			return nil, denied
		}
		switch {
		case err != nil:
			err = fail("InvalidVpcEndpointService.NotFound", "The VpcEndpointService Id '%s' does not exist", id)
		case slices.ContainsFunc(s.Connections, connected):
			err = fail("ExistingVpcEndpointConnections", "Service has existing active VPC Endpoint connections!")
		}
		if err != nil {
			out.Unsuccessful = append(out.Unsuccessful, unsuccessful(id, err))
			continue
		}
		found = append(found, id)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	for _, id := range found {
		c.Estate().EndpointServices.Delete(id)
		verifyTable.Delete(c.State, id)
	}
	return out, nil
}

func describeVpcEndpointServiceConfigurations(_ context.Context, c *world.Call, in *ec2.DescribeVpcEndpointServiceConfigurationsInput) (*ec2.DescribeVpcEndpointServiceConfigurationsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"serviceIds", in.ServiceIds, in.Filters, limited(in.MaxResults), in.NextToken}, servicesOf(c),
		estate.EndpointService.Key, func(s estate.EndpointService) attributes {
			return attributes{
				"service-name": {s.Name}, "service-id": {s.ID}, "service-state": {s.State}, "supported-ip-address-types": s.IPTypes,
			}.tagged(s.Tags)
		}, noService)
	out := &ec2.DescribeVpcEndpointServiceConfigurationsOutput{NextToken: next, ServiceConfigurations: []types.ServiceConfiguration{}}
	for _, s := range page {
		out.ServiceConfigurations = append(out.ServiceConfigurations, *showService(s))
	}
	return out, err
}

func showService(s estate.EndpointService) *types.ServiceConfiguration {
	out := &types.ServiceConfiguration{
		ServiceId: aws.String(s.ID), ServiceName: aws.String(s.Name), ServiceState: types.ServiceState(s.State),
		ServiceType:        []types.ServiceTypeDetail{{ServiceType: types.ServiceTypeInterface}},
		AcceptanceRequired: aws.Bool(s.Acceptance), AvailabilityZones: s.Zones, ManagesVpcEndpoints: aws.Bool(false),
		NetworkLoadBalancerArns: s.LoadBalancers, BaseEndpointDnsNames: []string{baseOf(s.Name, s.Region)},
		RemoteAccessEnabled: aws.Bool(len(s.Regions) > 1), Tags: list(s.Tags),
	}
	for _, t := range s.IPTypes {
		out.SupportedIpAddressTypes = append(out.SupportedIpAddressTypes, types.ServiceConnectivityType(t))
	}
	for _, r := range s.Regions {
		out.SupportedRegions = append(out.SupportedRegions, types.SupportedRegionDetail{Region: aws.String(string(r)), ServiceState: aws.String(s.State)})
	}
	if !s.PrivateName.IsZero() {
		out.PrivateDnsName = aws.String(s.PrivateName.String())
		out.PrivateDnsNameConfiguration = &types.PrivateDnsNameConfiguration{
			State: types.DnsNameState(s.NameState), Type: aws.String("TXT"), Name: aws.String(s.VerifyName), Value: aws.String(s.VerifyValue),
		}
	}
	return out
}

// startVerification lets AWS look for the TXT record, after a while. A name that
// was verified stays so until then.
func startVerification(_ context.Context, c *world.Call, in *ec2.StartVpcEndpointServicePrivateDnsVerificationInput) (*ec2.StartVpcEndpointServicePrivateDnsVerificationOutput, error) {
	s, err := allowService(c, in.ServiceId, in.DryRun)
	if err != nil {
		return nil, err
	}
	if s.PrivateName.IsZero() {
		return nil, invalidEndpoint("The service %s does not have a private DNS name.", s.ID)
	}
	if s.NameState == estate.NameFailed {
		s.NameState = estate.NamePending
		c.Estate().EndpointServices.Put(s)
	}
	verifyTable.Put(c.State, s.ID, c.Now)
	return &ec2.StartVpcEndpointServicePrivateDnsVerificationOutput{ReturnValue: aws.Bool(true)}, nil
}
