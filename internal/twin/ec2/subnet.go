package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// subnetTable holds what is said of a subnet and does not matter to names.
var subnetTable = world.Private[subnetMore]{Name: "ec2.subnets"}

type subnetMore struct {
	standard bool // made with the default VPC
	publicIP bool // MapPublicIpOnLaunch
	assign6  bool // AssignIpv6AddressOnCreation
	dns64    bool
	a, aaaa  bool // EnableResourceNameDns…RecordOnLaunch
	hostname types.HostnameType
}

func subnetsOf(c *world.Call, vpc string) []estate.Subnet {
	return slices.Collect(c.Estate().Subnets.By(estate.ByVPC(vpc)))
}

func noSubnet(id string) error { return notFound("SubnetID", "subnet", "subnet", id) }

func findSubnet(c *world.Call, id string) (estate.Subnet, error) {
	s, ok := c.Estate().Subnets.Get(id)
	switch {
	case ok && s.Account == c.Account() && s.Region == c.Region:
		return s, nil
	case ok && slices.ContainsFunc(sharedSubnets(c), func(s estate.Subnet) bool { return s.ID == id }):
		return estate.Subnet{}, notOwner("subnet", id)
	}
	return estate.Subnet{}, noSubnet(id)
}

// subnetARN is the ARN of a subnet, which names its owner.
func subnetARN(s estate.Subnet) string {
	return "arn:aws:ec2:" + string(s.Region) + ":" + string(s.Account) + ":subnet/" + s.ID
}

// allowSubnet finds a subnet and asks for the permission to do the operation
// on it.
func allowSubnet(c *world.Call, id *string, dryRun *bool) (estate.Subnet, error) {
	s, err := findSubnet(c, aws.ToString(id))
	if denied := allow(c, nil, on(c, "subnet", aws.ToString(id), s.Tags)); denied != nil {
		return estate.Subnet{}, denied
	}
	if aws.ToString(id) == "" {
		return estate.Subnet{}, missing("subnetId")
	}
	if err != nil {
		return estate.Subnet{}, err
	}
	return s, allow(c, dryRun)
}

func createSubnet(_ context.Context, c *world.Call, in *ec2.CreateSubnetInput) (*ec2.CreateSubnetOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeSubnet)
	if denied := allow(c, nil, creating(c, "subnet", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	v, err := allowVPC(c, in.VpcId, nil)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Ipv4IpamPoolId != nil || in.Ipv4NetmaskLength != nil || in.Ipv6IpamPoolId != nil || in.Ipv6NetmaskLength != nil:
		return nil, c.Unsupported("Ipv4IpamPoolId")
	case in.OutpostArn != nil:
		return nil, c.Unsupported("OutpostArn")
	case aws.ToBool(in.Ipv6Native):
		return nil, c.Unsupported("Ipv6Native")
	case aws.ToString(in.CidrBlock) == "":
		return nil, missing("cidrBlock")
	}
	z, err := placed(c, aws.ToString(in.AvailabilityZone), aws.ToString(in.AvailabilityZoneId))
	if err != nil {
		return nil, err
	}
	cidr, err := parseCIDR(*in.CidrBlock, "cidrBlock")
	if err != nil {
		return nil, err
	}
	var six netip.Prefix
	if in.Ipv6CidrBlock != nil {
		six, err = netip.ParsePrefix(*in.Ipv6CidrBlock)
		if err != nil || !six.Addr().Is6() || six != six.Masked() || six.Bits() < 44 || six.Bits() > 64 || six.Bits()%4 != 0 {
			return nil, fail("InvalidParameterValue", "Value (%s) for parameter ipv6CidrBlock is invalid. This is not a valid IPv6 CIDR block.", *in.Ipv6CidrBlock)
		}
	}
	for _, p := range []netip.Prefix{cidr, six} {
		if err := fits(c, v, p); err != nil {
			return nil, err
		}
	}
	if c.World.Limits && len(subnetsOf(c, v.ID)) >= subnetsPerVPC {
		return nil, fail("SubnetLimitExceeded", "The maximum number of subnets has been reached.")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	s := estate.Subnet{ID: newID(c, "subnet"), VPC: v.ID, Account: c.Account(), Region: c.Region, Zone: z.name, CIDR: cidr, CIDR6: six, Tags: tags}
	c.Estate().Subnets.Put(s)
	made := showSubnet(c, s)
	made.State = types.SubnetStatePending
	return &ec2.CreateSubnetOutput{Subnet: &made}, nil
}

// placed finds the Availability Zone that a request names, by name or ID; the
// first one when it names none.
func placed(c *world.Call, name, id string) (zone, error) {
	all := here(c).all()
	parameter, value := "availabilityZone", name
	if name == "" && id != "" {
		parameter, value = "availabilityZoneId", id
	}
	allowed := ""
	for i, z := range all {
		if value == "" || value == z.name && id == "" || value == z.id || name == z.name && id == z.id {
			return z, nil
		}
		if i > 0 {
			allowed += ", "
		}
		allowed += z.name
	}
	return zone{}, fail("InvalidParameterValue", "Value (%s) for parameter %s is invalid. Subnets can currently only be created in the following availability zones: %s.", value, parameter, allowed)
}

// fits reports why a block cannot be a subnet's: it must lie in one of the
// VPC's, be /16 to /28, and overlap no other subnet (VPC User Guide,
// subnet-sizing.html).
func fits(c *world.Call, v estate.VPC, p netip.Prefix) error {
	if !p.IsValid() {
		return nil
	}
	inside := slices.ContainsFunc(v.CIDRs, func(q netip.Prefix) bool { return q.Contains(p.Addr()) && q.Bits() <= p.Bits() })
	if !inside || p.Addr().Is4() && (p.Bits() < 16 || p.Bits() > 28) {
		return fail("InvalidSubnet.Range", "The CIDR '%s' is invalid.", p)
	}
	for _, s := range subnetsOf(c, v.ID) {
		if s.CIDR.Overlaps(p) || s.CIDR6.IsValid() && s.CIDR6.Overlaps(p) {
			return fail("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", p)
		}
	}
	return nil
}

func deleteSubnet(_ context.Context, c *world.Call, in *ec2.DeleteSubnetInput) (*ec2.DeleteSubnetOutput, error) {
	s, err := allowSubnet(c, in.SubnetId, in.DryRun)
	if err != nil {
		return nil, err
	}
	if len(c.State.Users(subnetARN(s))) > 0 || holdsSubnet(c, s) || occupied(c, func(n nic) bool { return n.subnet == s.ID }) {
		return nil, fail("DependencyViolation", "The subnet '%s' has dependencies and cannot be deleted.", s.ID)
	}
	leaveSubnet(c, s)
	c.Estate().Subnets.Delete(s.ID)
	subnetTable.Delete(c.State, s.ID)
	return &ec2.DeleteSubnetOutput{}, nil
}

// holdsSubnet reports whether something of the estate has an interface in a
// subnet.
func holdsSubnet(c *world.Call, s estate.Subnet) bool {
	for a := range c.Estate().TransitAttachments.By(estate.ByVPC(s.VPC)) {
		if slices.Contains(a.Subnets, s.ID) {
			return true
		}
	}
	for p := range c.Estate().Endpoints.By(estate.ByVPC(s.VPC)) {
		if slices.Contains(p.Subnets, s.ID) {
			return true
		}
	}
	return false
}

// leaveSubnet takes a subnet out of the route table and the ACL that name it.
func leaveSubnet(c *world.Call, s estate.Subnet) {
	for _, t := range slices.Collect(c.Estate().RouteTables.By(estate.ByVPC(s.VPC))) {
		if slices.Contains(t.Subnets, s.ID) {
			t.Subnets = without(t.Subnets, s.ID)
			c.Estate().RouteTables.Put(t)
		}
	}
	for _, a := range slices.Collect(c.Estate().NetworkACLs.By(estate.ByVPC(s.VPC))) {
		if slices.Contains(a.Subnets, s.ID) {
			a.Subnets = without(a.Subnets, s.ID)
			c.Estate().NetworkACLs.Put(a)
		}
	}
}

func describeSubnets(_ context.Context, c *world.Call, in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	all := visibleSubnets(c)
	page, next, err := choose(selection{"subnetIds", in.SubnetIds, in.Filters, in.MaxResults, in.NextToken}, all,
		estate.Subnet.Key, func(s estate.Subnet) attributes { return subnetAttributes(c, s) }, noSubnet)
	out := &ec2.DescribeSubnetsOutput{NextToken: next}
	for _, s := range page {
		out.Subnets = append(out.Subnets, showSubnet(c, s))
	}
	return out, err
}

// subnetAttributes are the filters of API_DescribeSubnets.
func subnetAttributes(c *world.Call, s estate.Subnet) attributes {
	shown := showSubnet(c, s)
	standard := yes(*shown.DefaultForAz)
	zoneName, zoneID := []string{s.Zone}, []string{aws.ToString(shown.AvailabilityZoneId)}
	cidr := []string{aws.ToString(shown.CidrBlock)}
	a := attributes{
		"availability-zone": zoneName, "availabilityZone": zoneName, "availability-zone-id": zoneID, "availabilityZoneId": zoneID,
		"available-ip-address-count": nil, "cidr-block": cidr, "cidr": cidr, "cidrBlock": cidr, "customer-owned-ipv4-pool": nil,
		"default-for-az": standard, "defaultForAz": standard, "enable-dns64": yes(*shown.EnableDns64), "enable-lni-at-device-index": nil,
		"ipv6-cidr-block-association.ipv6-cidr-block": nil, "ipv6-cidr-block-association.association-id": nil,
		"ipv6-cidr-block-association.state": nil, "ipv6-native": yes(false), "map-customer-owned-ip-on-launch": yes(false),
		"map-public-ip-on-launch": yes(*shown.MapPublicIpOnLaunch), "outpost-arn": nil, "owner-id": {string(s.Account)},
		"private-dns-name-options-on-launch.hostname-type":                        {string(shown.PrivateDnsNameOptionsOnLaunch.HostnameType)},
		"private-dns-name-options-on-launch.enable-resource-name-dns-a-record":    yes(*shown.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord),
		"private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": yes(*shown.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord),
		"state": {"available"}, "subnet-arn": {subnetARN(s)}, "subnet-id": {s.ID}, "vpc-id": {s.VPC},
	}
	if n := shown.AvailableIpAddressCount; n != nil {
		a["available-ip-address-count"] = []string{itoa(*n)}
	}
	for _, six := range shown.Ipv6CidrBlockAssociationSet {
		a["ipv6-cidr-block-association.ipv6-cidr-block"] = []string{*six.Ipv6CidrBlock}
		a["ipv6-cidr-block-association.association-id"] = []string{*six.AssociationId}
		a["ipv6-cidr-block-association.state"] = []string{string(six.Ipv6CidrBlockState.State)}
	}
	return a.tagged(s.Tags)
}

func showSubnet(c *world.Call, s estate.Subnet) types.Subnet {
	more, _ := subnetTable.Get(c.State, s.ID)
	if more.hostname == "" {
		more.hostname = types.HostnameTypeIpName
	}
	out := types.Subnet{
		SubnetId: aws.String(s.ID), SubnetArn: aws.String(subnetARN(s)), VpcId: aws.String(s.VPC), OwnerId: aws.String(string(s.Account)),
		AvailabilityZone: aws.String(s.Zone), CidrBlock: aws.String(s.CIDR.String()), State: types.SubnetStateAvailable, Tags: list(s.Tags),
		DefaultForAz: aws.Bool(more.standard), MapPublicIpOnLaunch: aws.Bool(more.publicIP), MapCustomerOwnedIpOnLaunch: aws.Bool(false),
		AssignIpv6AddressOnCreation: aws.Bool(more.assign6), EnableDns64: aws.Bool(more.dns64), Ipv6Native: aws.Bool(false),
		PrivateDnsNameOptionsOnLaunch: &types.PrivateDnsNameOptionsOnLaunch{
			HostnameType: more.hostname, EnableResourceNameDnsARecord: aws.Bool(more.a), EnableResourceNameDnsAAAARecord: aws.Bool(more.aaaa),
		},
	}
	if s.CIDR.IsValid() {
		// Five addresses of every subnet are reserved (subnet-sizing.html).
		out.AvailableIpAddressCount = aws.Int32(1<<(32-s.CIDR.Bits()) - 5)
	}
	for _, z := range here(c).all() {
		if z.name == s.Zone {
			out.AvailabilityZoneId = aws.String(cmp.Or(s.ZoneID, z.id))
		}
	}
	if s.CIDR6.IsValid() {
		out.Ipv6CidrBlockAssociationSet = []types.SubnetIpv6CidrBlockAssociation{{
			AssociationId: aws.String(association(s.ID, s.CIDR6)), Ipv6CidrBlock: aws.String(s.CIDR6.String()),
			Ipv6CidrBlockState: &types.SubnetCidrBlockState{State: types.SubnetCidrBlockStateCodeAssociated},
			IpSource:           types.IpSourceAmazon, Ipv6AddressAttribute: types.Ipv6AddressAttributePublic,
		}}
	}
	return out
}

// modifySubnetAttribute changes one attribute (API_ModifySubnetAttribute).
func modifySubnetAttribute(_ context.Context, c *world.Call, in *ec2.ModifySubnetAttributeInput) (*ec2.ModifySubnetAttributeOutput, error) {
	s, err := allowSubnet(c, in.SubnetId, nil)
	if err != nil {
		return nil, err
	}
	switch {
	case in.CustomerOwnedIpv4Pool != nil || in.MapCustomerOwnedIpOnLaunch != nil:
		return nil, c.Unsupported("MapCustomerOwnedIpOnLaunch")
	case in.EnableLniAtDeviceIndex != nil || in.DisableLniAtDeviceIndex != nil:
		return nil, c.Unsupported("EnableLniAtDeviceIndex")
	}
	more, _ := subnetTable.Get(c.State, s.ID)
	given := 0
	for _, a := range []struct {
		value *types.AttributeBooleanValue
		field *bool
	}{
		{in.MapPublicIpOnLaunch, &more.publicIP}, {in.AssignIpv6AddressOnCreation, &more.assign6}, {in.EnableDns64, &more.dns64},
		{in.EnableResourceNameDnsARecordOnLaunch, &more.a}, {in.EnableResourceNameDnsAAAARecordOnLaunch, &more.aaaa},
	} {
		if a.value != nil {
			given++
			*a.field = aws.ToBool(a.value.Value)
		}
	}
	if in.PrivateDnsHostnameTypeOnLaunch != "" {
		given++
		more.hostname = in.PrivateDnsHostnameTypeOnLaunch
	}
	switch {
	case given == 0:
		return nil, fail("MissingParameter", "The request must contain an attribute to modify")
	case given > 1:
		return nil, fail("InvalidParameterCombination", "Fields for multiple attribute types specified")
	case more.assign6 && !s.CIDR6.IsValid():
		return nil, fail("InvalidParameterValue", "Invalid value '%s' for subnetId. Subnet does not have an IPv6 CIDR block.", s.ID)
	}
	subnetTable.Put(c.State, s.ID, more)
	return &ec2.ModifySubnetAttributeOutput{}, nil
}
