package ec2

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
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

// endpointChange is what a request makes of an endpoint, checked step by step.
type endpointChange struct {
	c     *world.Call
	p     estate.Endpoint
	vpc   estate.VPC
	offer offer
	fixed map[string]types.SubnetConfiguration // by subnet
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

// serves finds the service, and judges whether it has endpoints of that type
// (hashicorp/terraform#24478).
func (x *endpointChange) serves() (offer, error) {
	if x.p.Service == "" {
		return offer{}, missing("serviceName")
	}
	if x.p.Type != estate.EndpointInterface && x.p.Type != estate.EndpointGateway {
		return offer{}, x.c.Unsupported("VpcEndpointType=" + x.p.Type)
	}
	if x.p.ID != "" {
		return x.connected(), nil
	}
	o, err := findOffer(x.c, x.p.Service, x.p.ServiceRegion, admits)
	if err == nil && !o.has(x.p.Type) {
		err = invalidEndpoint("Endpoint type (%s) does not match available service types ([%s]).", x.p.Type, strings.Join(o.Types, ", "))
	}
	return o, err
}

// connected is the service of an endpoint that stands. That it is connected needs
// no permission any more (PrivateLink guide, configure-endpoint-service.html), and
// nobody has to have asked what is offered.
func (x *endpointChange) connected() offer {
	whoever := func(*world.Call, estate.EndpointService) bool { return true }
	if o, err := findOffer(x.c, x.p.Service, x.p.ServiceRegion, whoever); err == nil {
		return o
	}
	return offer{id: serviceIDOf(x.p.Service), ServiceOffer: estate.ServiceOffer{Name: x.p.Service, Types: []string{x.p.Type}, PrivateNames: x.p.PrivateNames, ServiceRegion: x.p.ServiceRegion}}
}

// created does what a request to make an endpoint says. The refusals of what the
// other type has: ansible-collections/amazon.aws#576,
// nanlabs/terraform-aws-starter#18.
func (x *endpointChange) created(in *ec2.CreateVpcEndpointInput) error {
	if err := x.policy(in.PolicyDocument); err != nil {
		return err
	}
	subnets := slices.Clone(in.SubnetIds)
	if x.p.Type == estate.EndpointGateway {
		switch {
		case len(subnets)+len(in.SubnetConfigurations) > 0:
			return invalidEndpoint("Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.")
		case len(in.SecurityGroupIds) > 0:
			return invalidEndpoint("Security Group IDs are only supported for Interface type VPC Endpoints.")
		case aws.ToBool(in.PrivateDnsEnabled):
			return invalidEndpoint("Private DNS is only supported for Interface type VPC Endpoints.")
		}
		x.p.IPType = string(cmp.Or(in.IpAddressType, types.IpAddressTypeIpv4))
		return x.routes(in.RouteTableIds, nil)
	}
	if len(in.RouteTableIds) > 0 {
		return invalidEndpoint("Route table IDs are only supported for Gateway type VPC Endpoint.")
	}
	x.p.PrivateNames = x.offer.PrivateNames
	if err := x.addressType(in.IpAddressType); err != nil {
		return err
	}
	for _, s := range x.configured(in.SubnetConfigurations) {
		if !slices.Contains(subnets, s) {
			subnets = append(subnets, s)
		}
	}
	if err := x.groups(in.SecurityGroupIds, nil); err != nil {
		return err
	}
	if err := x.subnets(subnets, nil); err != nil {
		return err
	}
	// AWS turns private DNS on where it is not asked (API_CreateVpcEndpoint,
	// until 2023); that this is so only for what AWS offers, and not for services
	// that have gateway endpoints, is our reading.
	on := in.PrivateDnsEnabled != nil && *in.PrivateDnsEnabled ||
		in.PrivateDnsEnabled == nil && x.offer.Owner == "amazon" && len(x.offer.PrivateNames) > 0 && !x.offer.has(estate.EndpointGateway)
	return x.privateDNS(on, in.DnsOptions, true)
}

// policy checks an endpoint policy (EC2 API Reference, errors-overview.html).
func (x *endpointChange) policy(document *string) error {
	if document == nil {
		return nil
	}
	if _, err := iam.Parse(*document); err != nil {
		return fail("InvalidPolicyDocument", "The specified policy document is not a valid JSON policy document. %v", err)
	}
	x.p.Policy = *document
	return nil
}

// routes adds and removes route tables of a gateway endpoint. A table has one
// route for a prefix list; the refusal is common in issue trackers.
func (x *endpointChange) routes(add, remove []string) error {
	tables := slices.DeleteFunc(slices.Clone(x.p.RouteTables), func(id string) bool { return slices.Contains(remove, id) })
	for _, id := range add {
		if err := allow(x.c, nil, on(x.c, "route-table", id, nil)); err != nil {
			return err
		}
		if t, ok := x.c.Estate().RouteTables.Get(id); ok && t.Account == x.c.Account() && t.VPC != x.vpc.ID {
			return invalidEndpoint("Route table %s does not belong to VPC %s.", id, x.vpc.ID)
		}
		if _, err := findRouteTable(x.c, id); err != nil {
			return err
		}
		for p := range x.c.Estate().Endpoints.By(estate.ByVPC(x.vpc.ID)) {
			if p.ID != x.p.ID && p.Service == x.p.Service && p.State != estate.EndpointDeleting && slices.Contains(p.RouteTables, id) {
				return fail("RouteAlreadyExists", "route table %s already has a route with destination-prefix-list-id %s", id, world.Derived("pl", x.p.Service))
			}
		}
		if !slices.Contains(tables, id) {
			tables = append(tables, id)
		}
	}
	slices.Sort(tables)
	x.p.RouteTables = tables
	return nil
}

// addressType sets the IP address type, which the service must have.
func (x *endpointChange) addressType(t types.IpAddressType) error {
	t = cmp.Or(t, types.IpAddressType(cmp.Or(x.p.IPType, string(types.IpAddressTypeIpv4))))
	if !slices.Contains(t.Values(), t) {
		return fail("InvalidParameterValue", "Value (%s) for parameter IpAddressType is invalid.", t)
	}
	for _, family := range []string{"ipv4", "ipv6"} {
		wanted := t == types.IpAddressTypeDualstack || string(t) == family
		if wanted && len(x.offer.IPTypes) > 0 && !slices.Contains(x.offer.IPTypes, family) {
			return invalidEndpoint("The VPC endpoint service %s does not support the IP address type: %s.", x.p.Service, t)
		}
	}
	x.p.IPType = string(t)
	return nil
}

// configured notes the addresses that a request wants in subnets.
func (x *endpointChange) configured(list []types.SubnetConfiguration) []string {
	var subnets []string
	x.fixed = map[string]types.SubnetConfiguration{}
	for _, s := range list {
		x.fixed[aws.ToString(s.SubnetId)] = s
		subnets = append(subnets, aws.ToString(s.SubnetId))
	}
	return subnets
}

// groups adds and removes security groups; without any it is the VPC's default
// group (API_CreateVpcEndpoint).
func (x *endpointChange) groups(add, remove []string) error {
	have := slices.DeleteFunc(slices.Clone(x.p.Groups), func(id string) bool { return slices.Contains(remove, id) })
	all := groupsOf(x.c)
	for _, id := range add {
		if err := allow(x.c, nil, on(x.c, "security-group", id, nil)); err != nil {
			return err
		}
		g, err := findGroup(x.c, id)
		if err != nil {
			return err
		}
		if g.VPC != x.vpc.ID {
			return invalidEndpoint("Security group %s does not belong to VPC %s.", id, x.vpc.ID)
		}
		if !slices.Contains(have, id) {
			have = append(have, id)
		}
	}
	for _, g := range all {
		if len(have) == 0 && g.VPC == x.vpc.ID && g.Name == "default" {
			have = append(have, g.ID)
		}
	}
	x.p.Groups = have
	return nil
}

// subnets adds and removes subnets with their network interfaces and zonal
// names. One per Availability Zone (openshift's operators remove first for the
// refusal's sake), and only zones of the service.
func (x *endpointChange) subnets(add, remove []string) error {
	keep := func(id string) bool { return !slices.Contains(remove, id) }
	addresses := slices.DeleteFunc(slices.Clone(x.p.Addresses), func(a estate.EndpointAddress) bool { return !keep(a.Subnet) })
	for _, id := range remove {
		if !slices.Contains(x.p.Subnets, id) {
			return invalidEndpoint("The subnet %s is not one of VPC endpoint %s.", id, x.p.ID)
		}
	}
	for _, id := range add {
		if slices.ContainsFunc(addresses, func(a estate.EndpointAddress) bool { return a.Subnet == id }) {
			if _, asked := x.fixed[id]; !asked {
				continue
			}
			addresses = slices.DeleteFunc(addresses, func(a estate.EndpointAddress) bool { return a.Subnet == id }) // replaced
		}
		s, err := findSubnet(x.c, id)
		if denied := allow(x.c, nil, on(x.c, "subnet", id, s.Tags)); denied != nil {
			return denied
		}
		if err != nil {
			return err
		}
		switch {
		case s.VPC != x.vpc.ID:
			return invalidEndpoint("Subnet %s does not belong to VPC %s.", id, x.vpc.ID)
		case slices.ContainsFunc(addresses, func(a estate.EndpointAddress) bool { return a.Zone == s.Zone }):
			return fail("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of %s", id)
		case x.p.ServiceRegion == "" && len(x.offer.Zones) > 0 && !slices.Contains(x.offer.Zones, s.Zone):
			return invalidEndpoint("The VPC endpoint service %s does not support the availability zone of the subnet: %s.", x.p.Service, id)
		}
		a, err := x.address(s)
		if err != nil {
			return err
		}
		addresses = append(addresses, a)
	}
	slices.SortFunc(addresses, func(a, b estate.EndpointAddress) int { return cmp.Compare(a.Zone, b.Zone) })
	x.p.Addresses, x.p.Subnets = addresses, nil
	for _, a := range addresses {
		x.p.Subnets = append(x.p.Subnets, a.Subnet)
	}
	x.p.Names = generated(x.c, x.p, x.offer)
	return nil
}

// address makes a network interface in a subnet, at the address that was asked
// for or one that is free. Which one AWS takes it does not say.
func (x *endpointChange) address(s estate.Subnet) (estate.EndpointAddress, error) {
	a := estate.EndpointAddress{Subnet: s.ID, Zone: s.Zone, Interface: newID(x.c, "eni", x.p.ID, s.ID)}
	want := x.fixed[s.ID]
	taken := takenIn(x.c, s)
	for _, p := range x.p.Addresses {
		delete(taken, p.IPv4) // its own, which is replaced
	}
	parse := func(text *string, within netip.Prefix) (netip.Addr, error) {
		ip, err := netip.ParseAddr(aws.ToString(text))
		switch {
		case err != nil || !within.IsValid() || !within.Contains(ip):
			return ip, fail("InvalidParameterValue", "The address %s is not in the subnet %s.", aws.ToString(text), s.ID)
		case taken[ip]:
			return ip, fail("InvalidIPAddress.InUse", "Address %s is in use.", ip)
		}
		return ip, nil
	}
	var err error
	if x.p.IPType != string(types.IpAddressTypeIpv6) {
		if want.Ipv4 != nil {
			a.IPv4, err = parse(want.Ipv4, s.CIDR)
		} else {
			a.IPv4, err = freeIn(s.CIDR, x.p.ID+"/"+s.ID, taken)
		}
		if err != nil {
			return a, err
		}
	}
	if x.p.IPType != string(types.IpAddressTypeIpv4) {
		if !s.CIDR6.IsValid() {
			return a, invalidEndpoint("The subnet %s does not have an IPv6 CIDR block, which the IP address type %s needs.", s.ID, x.p.IPType)
		}
		if want.Ipv6 != nil {
			a.IPv6, err = parse(want.Ipv6, s.CIDR6)
		} else {
			sum := sha256.Sum256([]byte(a.Interface))
			six := s.CIDR6.Addr().As16()
			copy(six[8:], sum[:8])
			a.IPv6 = netip.AddrFrom16(six)
		}
	}
	return a, err
}

// readdress gives the network interfaces the addresses that the IP address type
// has, and keeps those that they have.
func (x *endpointChange) readdress() error {
	x.p.Addresses = slices.Clone(x.p.Addresses)
	for i, a := range x.p.Addresses {
		if a.IPv4.IsValid() == (x.p.IPType != estate.DNSIPv6) && a.IPv6.IsValid() == (x.p.IPType != estate.DNSIPv4) {
			continue
		}
		s, ok := x.c.Estate().Subnets.Get(a.Subnet)
		if !ok {
			return noSubnet(a.Subnet)
		}
		b, err := x.address(s)
		if err != nil {
			return err
		}
		b.Interface = a.Interface
		if a.IPv4.IsValid() && b.IPv4.IsValid() {
			b.IPv4 = a.IPv4
		}
		x.p.Addresses[i] = b
	}
	return nil
}

// freeIn is an address of a subnet that nobody has, the same for the same who.
func freeIn(subnet netip.Prefix, who string, taken map[netip.Addr]bool) (netip.Addr, error) {
	first := subnet.Masked().Addr()
	for range 4 {
		first = first.Next() // the first four are reserved (subnet-sizing.html)
	}
	usable := 1<<(32-subnet.Bits()) - 5
	ip := world.AddressIn(subnet, who)
	for range usable {
		if !taken[ip] {
			return ip, nil
		}
		ip = ip.Next()
		if !subnet.Contains(ip) || !subnet.Contains(ip.Next()) {
			ip = first
		}
	}
	return ip, fail("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
}

// generated are the names that AWS makes for an endpoint: the regional one, then
// one a zone, which endpoints across Regions do not have (R3.1; PrivateLink
// guide, privatelink-share-your-services.html). S3's are wildcards
// (privatelink-interface-endpoints.html).
func generated(c *world.Call, p estate.Endpoint, o offer) []estate.EndpointName {
	sum := sha256.Sum256([]byte("name/" + p.ID))
	random := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
	base := baseOf(p.Service, o.region(c))
	zone, ok := endpointZones[c.Region]
	if !ok {
		sum := sha256.Sum256([]byte("endpoints/" + c.Region))
		zone = "Z" + base32.StdEncoding.EncodeToString(sum[:])[:20]
	}
	before := ""
	if strings.HasPrefix(base, "s3.") {
		before = "*."
	}
	if len(p.Names) > 0 {
		// What was read keeps its names.
		first := strings.TrimPrefix(p.Names[0].Name.String(), "*.")
		label, rest, _ := strings.Cut(first, ".")
		random, base, zone = strings.TrimPrefix(label, p.ID+"-"), rest, p.Names[0].Zone
	}
	name := func(az string) estate.EndpointName {
		label := p.ID + "-" + random
		if az != "" {
			label += "-" + az
		}
		return estate.EndpointName{Name: dnsname.MustParse(before + label + "." + base), Zone: zone, AZ: az}
	}
	out := []estate.EndpointName{name("")}
	for _, a := range p.Addresses {
		if p.ServiceRegion == "" {
			out = append(out, name(a.Zone))
		}
	}
	return out
}

// privateDNS sets whether the private names are in effect, and how.
func (x *endpointChange) privateDNS(want bool, options *types.DnsOptionsSpecification, creates bool) error {
	p, was := &x.p, x.p.PrivateDNS
	p.PrivateDNS = want
	if options == nil {
		options = &types.DnsOptionsSpecification{}
	}
	if options.PrivateDnsPreference != nil || options.PrivateDnsSpecifiedDomains != nil {
		return x.c.Unsupported("DnsOptions.PrivateDnsPreference")
	}
	// Only a dual-stack endpoint may have records of another type than its
	// addresses (R3.9).
	record := cmp.Or(string(options.DnsRecordIpType), p.DNSIPType, p.IPType)
	if options.DnsRecordIpType == "" && p.IPType != estate.DNSDualStack {
		record = p.IPType
	}
	switch {
	case !slices.Contains([]string{estate.DNSIPv4, estate.DNSDualStack, estate.DNSIPv6, estate.DNSServiceDefined}, record):
		return fail("InvalidParameterValue", "Value (%s) for parameter DnsRecordIpType is invalid.", record)
	case record != p.IPType && record != estate.DNSServiceDefined && p.IPType != estate.DNSDualStack:
		return invalidEndpoint("DnsRecordIpType %s is not supported with the IP address type %s.", record, p.IPType)
	}
	p.DNSIPType = record
	// PrivateDnsOnlyForInboundResolverEndpoint defaults to true where there is
	// private DNS (S3 guide, privatelink-interface-endpoints.html).
	inbound := options.PrivateDnsOnlyForInboundResolverEndpoint
	switch {
	case !x.offer.has(estate.EndpointGateway):
		if aws.ToBool(inbound) {
			return invalidEndpoint("PrivateDnsOnlyForInboundResolverEndpoint is not supported for the service %s.", p.Service)
		}
		p.InboundOnly = false
	case inbound != nil:
		p.InboundOnly = *inbound
	case want && !was:
		p.InboundOnly = true
	}
	if !want || was && inbound == nil {
		return nil
	}
	if len(p.PrivateNames) == 0 {
		return invalidEndpoint("Private DNS can't be enabled because the service %s does not provide a private DNS name.", p.Service)
	}
	if p.InboundOnly && !x.gateway() {
		return invalidEndpoint("To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC %s must have a Gateway endpoint for the service.", x.vpc.ID)
	}
	if was {
		return nil
	}
	switch {
	case x.offer.NameState != "" && x.offer.NameState != estate.NameVerified:
		return invalidEndpoint("Private DNS can't be enabled because the service %s has not verified the private DNS name.", p.Service)
	case creates && x.offer.Acceptance, p.State == estate.EndpointPendingAcceptance:
		return invalidEndpoint("Private DNS can only be enabled after the endpoint connection is accepted by the owner of %s.", p.Service)
	case !x.vpc.DNSSupport || !x.vpc.DNSHostnames:
		return invalidEndpoint("Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", x.vpc.ID)
	}
	return x.conflict()
}

// gateway reports whether the VPC has a gateway endpoint for the service.
func (x *endpointChange) gateway() bool {
	for p := range x.c.Estate().Endpoints.By(estate.ByVPC(x.vpc.ID)) {
		if p.Type == estate.EndpointGateway && p.Service == x.p.Service && p.State == estate.EndpointAvailable {
			return true
		}
	}
	return false
}

// conflict refuses private names of which the VPC has a zone: a customer's, or
// that of another endpoint (R3.5).
func (x *endpointChange) conflict() error {
	for _, n := range x.p.PrivateNames {
		zone := estate.ManagedZone(n)
		for z := range x.c.Estate().Zones.By(estate.ByVPC(x.vpc.ID)) {
			if z.Name == zone {
				return x.conflicting(zone)
			}
		}
		for _, z := range x.c.State.ManagedZones(x.vpc.ID) {
			if z.Name == zone && z.Endpoint != x.p.ID {
				return x.conflicting(zone)
			}
		}
	}
	return nil
}

func (x *endpointChange) conflicting(zone dnsname.Name) error {
	return invalidEndpoint("private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s", zone, x.vpc.ID)
}

func (x *endpointChange) quota() error {
	if !x.c.World.Limits {
		return nil
	}
	n, most := 0, x.c.Estate().Raised(x.c.Account(), estate.QuotaEndpointsPerVPC, interfaceEndpointsPerVPC)
	if x.p.Type == estate.EndpointGateway {
		most = gatewayEndpointsRegion
	}
	for _, p := range endpointsOf(x.c) {
		if p.Type == x.p.Type && (p.VPC == x.vpc.ID || p.Type == estate.EndpointGateway) {
			n++
		}
	}
	if n >= most {
		return fail("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")
	}
	return nil
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

// modified changes an interface endpoint.
func (x *endpointChange) modified(in *ec2.ModifyVpcEndpointInput) error {
	if len(in.AddRouteTableIds)+len(in.RemoveRouteTableIds) > 0 {
		return invalidEndpoint("Route table IDs are only supported for Gateway type VPC Endpoint.")
	}
	if err := x.addressType(in.IpAddressType); err != nil {
		return err
	}
	add := append(slices.Clone(in.AddSubnetIds), x.configured(in.SubnetConfigurations)...)
	if err := x.readdress(); err != nil {
		return err
	}
	if err := x.subnets(add, in.RemoveSubnetIds); err != nil {
		return err
	}
	if err := x.groups(in.AddSecurityGroupIds, in.RemoveSecurityGroupIds); err != nil {
		return err
	}
	want := x.p.PrivateDNS
	if in.PrivateDnsEnabled != nil {
		want = *in.PrivateDnsEnabled
	}
	if !x.p.PrivateDNS {
		x.p.PrivateNames = x.offer.PrivateNames
	}
	return x.privateDNS(want, in.DnsOptions, false)
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

// prefixLists are those of AWS's services that have gateway endpoints. Their
// ranges are no part of names.
func prefixLists(c *world.Call) []types.PrefixList {
	var out []types.PrefixList
	for _, o := range offersIn(c, c.Region, admits) {
		if o.has(estate.EndpointGateway) {
			out = append(out, types.PrefixList{PrefixListId: aws.String(world.Derived("pl", o.Name)), PrefixListName: aws.String(o.Name)})
		}
	}
	slices.SortFunc(out, func(a, b types.PrefixList) int { return cmp.Compare(*a.PrefixListId, *b.PrefixListId) })
	return out
}

func prefixListAttributes(l types.PrefixList) attributes {
	return attributes{"prefix-list-id": {aws.ToString(l.PrefixListId)}, "prefix-list-name": {aws.ToString(l.PrefixListName)}, "owner-id": {"AWS"}}
}

func noPrefixList(id string) error {
	return fail("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", id)
}

func describePrefixLists(_ context.Context, c *world.Call, in *ec2.DescribePrefixListsInput) (*ec2.DescribePrefixListsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"prefixListIds", in.PrefixListIds, in.Filters, in.MaxResults, in.NextToken}, prefixLists(c),
		func(l types.PrefixList) string { return aws.ToString(l.PrefixListId) }, prefixListAttributes, noPrefixList)
	return &ec2.DescribePrefixListsOutput{PrefixLists: page, NextToken: next}, err
}

func describeManagedPrefixLists(_ context.Context, c *world.Call, in *ec2.DescribeManagedPrefixListsInput) (*ec2.DescribeManagedPrefixListsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"prefixListIds", in.PrefixListIds, in.Filters, in.MaxResults, in.NextToken}, prefixLists(c),
		func(l types.PrefixList) string { return aws.ToString(l.PrefixListId) }, prefixListAttributes, noPrefixList)
	out := &ec2.DescribeManagedPrefixListsOutput{NextToken: next}
	for _, l := range page {
		out.PrefixLists = append(out.PrefixLists, types.ManagedPrefixList{
			PrefixListId: l.PrefixListId, PrefixListName: l.PrefixListName, OwnerId: aws.String("AWS"), AddressFamily: aws.String("IPv4"),
			State: types.PrefixListStateCreateComplete, PrefixListArn: aws.String(fmt.Sprintf("arn:aws:ec2:%s:aws:prefix-list/%s", c.Region, *l.PrefixListId)),
		})
	}
	return out, err
}
