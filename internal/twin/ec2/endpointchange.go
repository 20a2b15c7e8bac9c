package ec2

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// endpointChange is what a request makes of an endpoint, checked step by step.
type endpointChange struct {
	c     *world.Call
	p     estate.Endpoint
	vpc   estate.VPC
	offer offer
	fixed map[string]types.SubnetConfiguration // by subnet
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
