package elbv2

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// answerTTL is the TTL of a load balancer's addresses, in seconds (Developer
// Guide, resource-record-sets-choosing-alias-non-alias.html).
const answerTTL = 60

func createLoadBalancer(_ context.Context, c *world.Call, in *elb.CreateLoadBalancerInput) (*elb.CreateLoadBalancerOutput, error) {
	tags, err := tagsOf(in.Tags)
	name, kind := aws.ToString(in.Name), cmp.Or(in.Type, types.LoadBalancerTypeEnumApplication)
	short := map[types.LoadBalancerTypeEnum]string{types.LoadBalancerTypeEnumApplication: "app", types.LoadBalancerTypeEnumNetwork: "net"}[kind]
	if denied := allow(c, arn(c, "loadbalancer/"+short+"/"+name+"/*"), tags); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	switch {
	case short == "":
		return nil, c.Unsupported("Type=" + string(kind))
	case in.CustomerOwnedIpv4Pool != nil:
		return nil, c.Unsupported("CustomerOwnedIpv4Pool")
	case in.IpamPools != nil:
		return nil, c.Unsupported("IpamPools")
	}
	if err := checkName("load balancer", name); err != nil {
		return nil, err
	}
	lb := balancer{LoadBalancer: types.LoadBalancer{
		LoadBalancerName: in.Name, Type: kind, Scheme: cmp.Or(in.Scheme, types.LoadBalancerSchemeEnumInternetFacing),
		IpAddressType: cmp.Or(in.IpAddressType, types.IpAddressTypeIpv4), CreatedTime: aws.Time(c.Now), SecurityGroups: in.SecurityGroups,
		State: &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive},
	}}
	if err := lb.place(c, in.Subnets, in.SubnetMappings); err != nil {
		return nil, err
	}
	if kind == types.LoadBalancerTypeEnumApplication && len(lb.SecurityGroups) == 0 {
		lb.SecurityGroups = []string{world.Derived("sg", *lb.VpcId)} // the VPC's default group
	}
	lb.enforce("")
	for _, have := range own(c, balancers, "loadbalancer/") {
		if *have.LoadBalancerName != name {
			continue
		}
		if !have.alike(lb) {
			return nil, &types.DuplicateLoadBalancerNameException{Message: text("A load balancer with the same name '%s' exists, but with different settings", name)}
		}
		return &elb.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{have.LoadBalancer}}, nil
	}
	id := c.State.HexID(c.Account(), "loadbalancer", string(c.Region)+"/"+name, 16)
	lb.LoadBalancerArn = aws.String(arn(c, "loadbalancer/"+short+"/"+name+"/"+id))
	if err := lb.named(c, id); err != nil {
		return nil, err
	}
	tagTable.Put(c.State, *lb.LoadBalancerArn, tags)
	lb.put(c)
	made := lb.LoadBalancer
	made.State = &types.LoadBalancerState{Code: types.LoadBalancerStateEnumProvisioning}
	return &elb.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{made}}, nil
}

// enforce says whether security groups judge what comes by endpoints, too: a
// setting of a network load balancer with groups, on by default
// (API_SetSecurityGroups).
func (lb *balancer) enforce(given types.EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum) {
	lb.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic = nil
	if lb.network() && len(lb.SecurityGroups) > 0 {
		lb.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic = aws.String(string(cmp.Or(given, "on")))
	}
}

// alike reports whether two load balancers have the same settings, so that
// creating the one again is no error (API_CreateLoadBalancer).
func (lb balancer) alike(o balancer) bool {
	return lb.Type == o.Type && lb.Scheme == o.Scheme && lb.IpAddressType == o.IpAddressType &&
		slices.Equal(lb.SecurityGroups, o.SecurityGroups) && reflect.DeepEqual(lb.AvailabilityZones, o.AvailabilityZones)
}

func (lb balancer) network() bool { return lb.Type == types.LoadBalancerTypeEnumNetwork }

// named gives the load balancer its DNS name and the zone of aliases to it:
// name-number.region.elb.amazonaws.com, name-id.elb.region.amazonaws.com for a
// network load balancer (the guides' load balancer pages).
func (lb *balancer) named(c *world.Call, id string) error {
	suffix := estate.LoadBalancerSuffix(c.Region, lb.network())
	zone, ok := estate.AliasZone(suffix)
	if !ok {
		return invalid("Elastic Load Balancing has no hosted zone in the Region '%s'", c.Region)
	}
	label := *lb.LoadBalancerName + "-" + id
	if !lb.network() {
		digits, err := hex.DecodeString(id)
		if err != nil {
			return fmt.Errorf("identifier %s: %w", id, err)
		}
		label = fmt.Sprintf("%s-%d", *lb.LoadBalancerName, 100000000+binary.BigEndian.Uint64(digits)%1900000000)
		if lb.Scheme == types.LoadBalancerSchemeEnumInternal {
			label = "internal-" + label
		}
	}
	lb.CanonicalHostedZoneId, lb.DNSName = aws.String(zone.ID), aws.String(label+"."+suffix.String())
	return nil
}

// place checks the subnets of a load balancer and puts it there
// (API_CreateLoadBalancer, Subnets).
func (lb *balancer) place(c *world.Call, subnets []string, mappings []types.SubnetMapping) error {
	if len(subnets) > 0 && len(mappings) > 0 {
		return invalid("You can specify either 'Subnets' or 'SubnetMappings', but not both")
	}
	fixed := map[string]*string{}
	for _, m := range mappings {
		if m.AllocationId != nil {
			return c.Unsupported("SubnetMappings.AllocationId")
		}
		subnets = append(subnets, aws.ToString(m.SubnetId))
		fixed[aws.ToString(m.SubnetId)] = m.PrivateIPv4Address
	}
	lb.AvailabilityZones, lb.VpcId = nil, nil
	zones := map[string]bool{}
	for _, id := range subnets {
		s, ok := c.Estate().Subnets.Get(id)
		if !ok || s.Region != c.Region || s.Account != c.Account() && !slices.Contains(c.Shared("ec2", "subnet/"), subnetARN(s)) {
			return &types.SubnetNotFoundException{Message: text("The subnet ID '%s' does not exist", id)}
		}
		if lb.VpcId != nil && *lb.VpcId != s.VPC {
			return &types.InvalidConfigurationRequestException{Message: aws.String("All subnets must belong to the same VPC")}
		}
		if zones[s.Zone] {
			return &types.InvalidConfigurationRequestException{Message: aws.String("A load balancer cannot be attached to multiple subnets in the same Availability Zone")}
		}
		zones[s.Zone], lb.VpcId = true, aws.String(s.VPC)
		az := types.AvailabilityZone{SubnetId: aws.String(id), ZoneName: aws.String(s.Zone), LoadBalancerAddresses: []types.LoadBalancerAddress{}}
		if ip := fixed[id]; ip != nil {
			a, err := netip.ParseAddr(*ip)
			if err != nil || !s.CIDR.Contains(a) {
				return invalid("The private address '%s' is not in the subnet '%s'", *ip, id)
			}
			az.LoadBalancerAddresses = []types.LoadBalancerAddress{{PrivateIPv4Address: ip}}
		}
		lb.AvailabilityZones = append(lb.AvailabilityZones, az)
	}
	if len(zones) == 0 || !lb.network() && len(zones) < 2 {
		return invalid("At least two subnets in two different Availability Zones must be specified")
	}
	slices.SortFunc(lb.AvailabilityZones, func(a, b types.AvailabilityZone) int { return cmp.Compare(*a.ZoneName, *b.ZoneName) })
	return nil
}

// subnetARN is the ARN of a subnet, which may be another account's that shares
// it (VPC User Guide, vpc-sharing-service-behavior.html).
func subnetARN(s estate.Subnet) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:subnet/%s", s.Region, s.Account, s.ID)
}

// used are the ARNs of what the load balancer keeps from deletion.
func (lb balancer) used(c *world.Call) []string {
	var out []string
	for _, z := range lb.AvailabilityZones {
		if s, ok := c.Estate().Subnets.Get(*z.SubnetId); ok {
			out = append(out, subnetARN(s))
		}
	}
	for _, g := range lb.SecurityGroups {
		out = append(out, fmt.Sprintf("arn:aws:ec2:%s:%s:security-group/%s", c.Region, c.Account(), g))
	}
	return out
}

// put writes the load balancer, and the alias target that it is.
func (lb balancer) put(c *world.Call) {
	lb.forget(c)
	for _, u := range lb.used(c) {
		c.State.Use(u, *lb.LoadBalancerArn)
	}
	balancers.Put(c.State, *lb.LoadBalancerArn, lb)
	c.Estate().Targets.Put(estate.AliasTarget{
		Name: lb.domain(), Zone: *lb.CanonicalHostedZoneId, Kind: estate.TargetLoadBalancer,
		Account: c.Account(), Region: c.Region, Addresses: lb.addresses(c), TTL: answerTTL,
	})
	show(c, *lb.LoadBalancerArn)
}

// forget takes the load balancer out of the state as it stands there.
func (lb balancer) forget(c *world.Call) {
	if old, ok := balancers.Get(c.State, *lb.LoadBalancerArn); ok {
		for _, u := range old.used(c) {
			c.State.Unuse(u, *old.LoadBalancerArn)
		}
		balancers.Delete(c.State, *old.LoadBalancerArn)
		c.Estate().Targets.Delete(estate.AliasTarget{Name: old.domain()}.Key())
		show(c, *old.LoadBalancerArn)
	}
}

func (lb balancer) domain() dnsname.Name {
	return dnsname.MustParse(*lb.DNSName) // made by named of checked labels
}

// addresses has one address for each Availability Zone: of the subnet, or a
// public one; IPv6 beside it where the address type has it.
func (lb balancer) addresses(c *world.Call) []netip.Addr {
	six := lb.IpAddressType != types.IpAddressTypeIpv4
	public := world.Addresses(*lb.LoadBalancerArn, len(lb.AvailabilityZones), six)
	if lb.Scheme != types.LoadBalancerSchemeEnumInternal {
		return public
	}
	for i, z := range lb.AvailabilityZones {
		if len(z.LoadBalancerAddresses) > 0 {
			public[i] = netip.MustParseAddr(*z.LoadBalancerAddresses[0].PrivateIPv4Address) // parsed by place
		} else if s, ok := c.Estate().Subnets.Get(*z.SubnetId); ok {
			public[i] = world.AddressIn(s.CIDR, *lb.LoadBalancerArn)
		}
	}
	return public
}

// find asks for the permission to do the operation on a load balancer, and
// finds it.
func find(c *world.Call, id *string) (balancer, error) {
	if err := allow(c, aws.ToString(id), nil); err != nil {
		return balancer{}, err
	}
	lb, ok := balancers.Get(c.State, aws.ToString(id))
	if !ok || !strings.HasPrefix(*id, arn(c, "")) {
		return lb, &types.LoadBalancerNotFoundException{Message: text("Load balancer '%s' not found", aws.ToString(id))}
	}
	return lb, nil
}

// deleteLoadBalancer succeeds also when there is none (API_DeleteLoadBalancer).
func deleteLoadBalancer(_ context.Context, c *world.Call, in *elb.DeleteLoadBalancerInput) (*elb.DeleteLoadBalancerOutput, error) {
	id := aws.ToString(in.LoadBalancerArn)
	if err := allow(c, id, nil); err != nil {
		return nil, err
	}
	lb, ok := balancers.Get(c.State, id)
	if !ok || !strings.HasPrefix(id, arn(c, "")) {
		return &elb.DeleteLoadBalancerOutput{}, nil
	}
	if lb.attribute("deletion_protection.enabled") == "true" {
		return nil, &types.OperationNotPermittedException{Message: text("Load balancer '%s' cannot be deleted because deletion protection is enabled", id)}
	}
	for _, l := range own(c, listeners, "") {
		if *l.LoadBalancerArn == id {
			l.forget(c)
		}
	}
	lb.forget(c)
	tagTable.Delete(c.State, id)
	return &elb.DeleteLoadBalancerOutput{}, nil
}

func describeLoadBalancers(_ context.Context, c *world.Call, in *elb.DescribeLoadBalancersInput) (*elb.DescribeLoadBalancersOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	all := own(c, balancers, "loadbalancer/")
	for _, want := range append(slices.Clone(in.LoadBalancerArns), in.Names...) {
		if !slices.ContainsFunc(all, func(lb balancer) bool { return lb.called(want) }) {
			if strings.HasPrefix(want, "arn:") {
				return nil, &types.LoadBalancerNotFoundException{Message: text("One or more load balancers not found")}
			}
			return nil, &types.LoadBalancerNotFoundException{Message: text("Load balancers '[%s]' not found", want)}
		}
	}
	if len(in.LoadBalancerArns)+len(in.Names) > 0 {
		all = slices.DeleteFunc(all, func(lb balancer) bool {
			return !slices.ContainsFunc(in.LoadBalancerArns, lb.called) && !slices.ContainsFunc(in.Names, lb.called)
		})
	}
	out := &elb.DescribeLoadBalancersOutput{LoadBalancers: []types.LoadBalancer{}}
	all, out.NextMarker = page(all, func(lb balancer) string { return *lb.LoadBalancerArn }, in.Marker, in.PageSize)
	for _, lb := range all {
		out.LoadBalancers = append(out.LoadBalancers, lb.LoadBalancer)
	}
	return out, nil
}

func (lb balancer) called(nameOrARN string) bool {
	return *lb.LoadBalancerArn == nameOrARN || *lb.LoadBalancerName == nameOrARN
}

// Defaults of the attributes (API_LoadBalancerAttribute).
var (
	commonAttributes = map[string]string{
		"access_logs.s3.bucket": "", "access_logs.s3.enabled": "false", "access_logs.s3.prefix": "",
		"deletion_protection.enabled": "false", "load_balancing.cross_zone.enabled": "false", "zonal_shift.config.enabled": "false",
	}
	applicationAttributes = map[string]string{
		"client_keep_alive.seconds": "3600", "connection_logs.s3.bucket": "", "connection_logs.s3.enabled": "false", "connection_logs.s3.prefix": "",
		"health_check_logs.s3.bucket": "", "health_check_logs.s3.enabled": "false", "health_check_logs.s3.prefix": "",
		"idle_timeout.timeout_seconds": "60", "load_balancing.cross_zone.enabled": "true", "routing.http.desync_mitigation_mode": "defensive",
		"routing.http.drop_invalid_header_fields.enabled": "false", "routing.http.preserve_host_header.enabled": "false",
		"routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false", "routing.http.xff_client_port.enabled": "false",
		"routing.http.xff_header_processing.mode": "append", "routing.http2.enabled": "true", "waf.fail_open.enabled": "false",
	}
	networkAttributes = map[string]string{
		"dns_record.client_routing_policy": "any_availability_zone", "secondary_ips.auto_assigned.per_subnet": "0",
	}
)

func (lb balancer) defaults() map[string]string {
	out := maps.Clone(commonAttributes)
	if lb.network() {
		maps.Copy(out, networkAttributes)
	} else {
		maps.Copy(out, applicationAttributes)
	}
	return out
}

func (lb balancer) attribute(key string) string {
	if v, ok := lb.attributes[key]; ok {
		return v
	}
	return lb.defaults()[key]
}

func (lb balancer) attributeList() []types.LoadBalancerAttribute {
	var out []types.LoadBalancerAttribute
	for _, k := range slices.Sorted(maps.Keys(lb.defaults())) {
		out = append(out, types.LoadBalancerAttribute{Key: aws.String(k), Value: aws.String(lb.attribute(k))})
	}
	return out
}

func describeLoadBalancerAttributes(_ context.Context, c *world.Call, in *elb.DescribeLoadBalancerAttributesInput) (*elb.DescribeLoadBalancerAttributesOutput, error) {
	lb, err := find(c, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	return &elb.DescribeLoadBalancerAttributesOutput{Attributes: lb.attributeList()}, nil
}

func modifyLoadBalancerAttributes(_ context.Context, c *world.Call, in *elb.ModifyLoadBalancerAttributesInput) (*elb.ModifyLoadBalancerAttributesOutput, error) {
	lb, err := find(c, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	after, known := map[string]string{}, lb.defaults()
	maps.Copy(after, lb.attributes)
	for _, a := range in.Attributes {
		if _, ok := known[aws.ToString(a.Key)]; !ok {
			return nil, &types.InvalidConfigurationRequestException{Message: text("Load balancer attribute key '%s' is not recognized", aws.ToString(a.Key))}
		}
		after[*a.Key] = aws.ToString(a.Value)
	}
	lb.attributes = after
	balancers.Put(c.State, *lb.LoadBalancerArn, lb)
	return &elb.ModifyLoadBalancerAttributesOutput{Attributes: lb.attributeList()}, nil
}

// describeCapacityReservation answers that none was made.
func describeCapacityReservation(_ context.Context, c *world.Call, in *elb.DescribeCapacityReservationInput) (*elb.DescribeCapacityReservationOutput, error) {
	_, err := find(c, in.LoadBalancerArn)
	return &elb.DescribeCapacityReservationOutput{}, err
}

func setSecurityGroups(_ context.Context, c *world.Call, in *elb.SetSecurityGroupsInput) (*elb.SetSecurityGroupsOutput, error) {
	lb, err := find(c, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if lb.network() && len(lb.SecurityGroups) == 0 && len(in.SecurityGroups) > 0 {
		return nil, &types.InvalidConfigurationRequestException{Message: text("Security groups cannot be associated with the Network Load Balancer '%s', since it was created without one", *lb.LoadBalancerName)}
	}
	lb.SecurityGroups = in.SecurityGroups
	lb.enforce(types.EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum(cmp.Or(
		string(in.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic), aws.ToString(lb.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic))))
	lb.put(c)
	return &elb.SetSecurityGroupsOutput{
		SecurityGroupIds: lb.SecurityGroups,
		EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: types.EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum(aws.ToString(lb.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic)),
	}, nil
}

func setSubnets(_ context.Context, c *world.Call, in *elb.SetSubnetsInput) (*elb.SetSubnetsOutput, error) {
	lb, err := find(c, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if err := lb.place(c, in.Subnets, in.SubnetMappings); err != nil {
		return nil, err
	}
	lb.IpAddressType = cmp.Or(in.IpAddressType, lb.IpAddressType)
	lb.put(c)
	return &elb.SetSubnetsOutput{AvailabilityZones: lb.AvailabilityZones, IpAddressType: lb.IpAddressType}, nil
}

func setIPAddressType(_ context.Context, c *world.Call, in *elb.SetIpAddressTypeInput) (*elb.SetIpAddressTypeOutput, error) {
	lb, err := find(c, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	lb.IpAddressType = in.IpAddressType
	lb.put(c)
	return &elb.SetIpAddressTypeOutput{IpAddressType: lb.IpAddressType}, nil
}
