package ec2

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Quotas of a Region (VPC User Guide, amazon-vpc-limits.html).
const (
	vpcsPerRegion  = 5
	cidrsPerVPC    = 5
	subnetsPerVPC  = 200
	groupsPerVPC   = 2500 // of the Region, in truth
	gatewaysRegion = 5
	tablesPerVPC   = 200
	aclsPerVPC     = 200
	entriesPerACL  = 20 // in each direction

	transitsPerAccount = 5  // Transit Gateways guide, transit-gateway-quotas.html
	tablesPerTransit   = 20 // the same
)

// vpcTable holds what is said of a VPC and does not matter to names. A VPC
// without an entry has the default values.
var vpcTable = world.Private[vpcMore]{Name: "ec2.vpcs"}

type vpcMore struct {
	tenancy types.Tenancy
	metrics bool // enableNetworkAddressUsageMetrics
}

func vpcsOf(c *world.Call) []estate.VPC {
	return slices.Collect(c.Estate().VPCs.By(estate.ByRegion(c.Account(), c.Region)))
}

func noVPC(id string) error { return notFound("VpcID", "vpc", "vpc", id) }

func findVPC(c *world.Call, id string) (estate.VPC, error) {
	v, ok := c.Estate().VPCs.Get(id)
	switch {
	case ok && v.Account == c.Account() && v.Region == c.Region:
		return v, nil
	case ok && slices.ContainsFunc(sharedVPCs(c), func(v estate.VPC) bool { return v.ID == id }):
		return estate.VPC{}, notOwner("vpc", id)
	}
	return estate.VPC{}, noVPC(id)
}

// allowVPC finds a VPC of the caller's and asks for the permission to do the
// operation on it. Who lacks the permission does not learn whether there is such
// a VPC.
func allowVPC(c *world.Call, id *string, dryRun *bool) (estate.VPC, error) {
	return allowed(c, findVPC, id, dryRun)
}

// allowSeenVPC is allowVPC for what a participant may do as well.
func allowSeenVPC(c *world.Call, id *string, dryRun *bool) (estate.VPC, error) {
	return allowed(c, seenVPC, id, dryRun)
}

func allowed(c *world.Call, find func(*world.Call, string) (estate.VPC, error), id *string, dryRun *bool) (estate.VPC, error) {
	v, err := find(c, aws.ToString(id))
	if denied := allow(c, nil, on(c, "vpc", aws.ToString(id), v.Tags)); denied != nil {
		return estate.VPC{}, denied
	}
	if aws.ToString(id) == "" {
		return estate.VPC{}, missing("vpcId")
	}
	if err != nil {
		return estate.VPC{}, err
	}
	return v, allow(c, dryRun)
}

func defaultVPC(c *world.Call) (estate.VPC, bool) {
	all := vpcsOf(c)
	if i := slices.IndexFunc(all, func(v estate.VPC) bool { return v.Default }); i >= 0 {
		return all[i], true
	}
	return estate.VPC{}, false
}

// parseCIDR reads an IPv4 block and cuts it to its canonical form, as
// API_CreateVpc says.
func parseCIDR(s, parameter string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, fail("InvalidParameterValue", "Value (%s) for parameter %s is invalid. This is not a valid CIDR block.", s, parameter)
	}
	return p.Masked(), nil
}

// vpcRange parses a block for a VPC: /16 to /28 (VPC User Guide,
// vpc-cidr-blocks.html).
func vpcRange(s string) (netip.Prefix, error) {
	p, err := parseCIDR(s, "cidrBlock")
	if err == nil && (p.Bits() < 16 || p.Bits() > 28) {
		err = fail("InvalidVpc.Range", "The CIDR '%s' is invalid.", s)
	}
	return p, err
}

// provided is the IPv6 block that Amazon gives to a VPC: a /56 of the
// documentation range 2001:db8::/32 (RFC 3849), derived from its identifier.
func provided(vpc string) netip.Prefix {
	sum := sha256.Sum256([]byte(vpc))
	a := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, sum[0], sum[1], sum[2]})
	return netip.PrefixFrom(a, 56)
}

func createVpc(_ context.Context, c *world.Call, in *ec2.CreateVpcInput) (*ec2.CreateVpcOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeVpc)
	if denied := allow(c, nil, creating(c, "vpc", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	switch {
	case in.Ipv4IpamPoolId != nil || in.Ipv4NetmaskLength != nil:
		return nil, c.Unsupported("Ipv4IpamPoolId")
	case in.Ipv6CidrBlock != nil || in.Ipv6Pool != nil || in.Ipv6IpamPoolId != nil || in.Ipv6NetmaskLength != nil:
		return nil, c.Unsupported("Ipv6CidrBlock")
	case in.VpcEncryptionControl != nil:
		return nil, c.Unsupported("VpcEncryptionControl")
	case aws.ToString(in.CidrBlock) == "":
		return nil, missing("cidrBlock")
	}
	cidr, err := vpcRange(*in.CidrBlock)
	if err != nil {
		return nil, err
	}
	tenancy := in.InstanceTenancy
	switch tenancy {
	case "":
		tenancy = types.TenancyDefault
	case types.TenancyDefault, types.TenancyDedicated:
	default:
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter instanceTenancy is invalid. Valid values: default, dedicated.", tenancy)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	v, err := putVPC(c, estate.VPC{CIDRs: []netip.Prefix{cidr}, Tags: tags})
	if err != nil {
		return nil, err
	}
	if aws.ToBool(in.AmazonProvidedIpv6CidrBlock) {
		v.CIDRs = append(v.CIDRs, provided(v.ID))
		c.Estate().VPCs.Put(v)
	}
	if tenancy != types.TenancyDefault {
		vpcTable.Put(c.State, v.ID, vpcMore{tenancy: tenancy})
	}
	made := showVPC(c, v)
	made.State = types.VpcStatePending
	return &ec2.CreateVpcOutput{Vpc: &made}, nil
}

// putVPC adds a new VPC, with DNS support on as AWS makes it.
func putVPC(c *world.Call, v estate.VPC) (estate.VPC, error) {
	if c.World.Limits && len(vpcsOf(c)) >= vpcsPerRegion {
		return v, fail("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
	}
	v.ID, v.Account, v.Region, v.DNSSupport = newID(c, "vpc"), c.Account(), c.Region, true
	c.Estate().VPCs.Put(v)
	return v, nil
}

// createDefaultVpc makes the VPC that a new account has in each Region, with a
// subnet in each zone and an internet gateway (VPC User Guide, default-vpc.html).
func createDefaultVpc(_ context.Context, c *world.Call, in *ec2.CreateDefaultVpcInput) (*ec2.CreateDefaultVpcOutput, error) {
	if err := allow(c, in.DryRun, creating(c, "vpc", nil)...); err != nil {
		return nil, err
	}
	if _, ok := defaultVPC(c); ok {
		return nil, fail("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.")
	}
	v, err := putVPC(c, estate.VPC{
		CIDRs: []netip.Prefix{netip.MustParsePrefix("172.31.0.0/16")}, DNSHostnames: true, Default: true, Tags: estate.Tags{},
	})
	if err != nil {
		return nil, err
	}
	for i, z := range here(c).all() {
		cidr := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 31, byte(16 * i), 0}), 20)
		s := estate.Subnet{
			ID: newID(c, "subnet"), VPC: v.ID, Account: c.Account(), Region: c.Region, Zone: z.name, CIDR: cidr, Tags: estate.Tags{},
		}
		c.Estate().Subnets.Put(s)
		subnetTable.Put(c.State, s.ID, subnetMore{standard: true, publicIP: true})
	}
	g := gateway{ID: newID(c, "igw"), VPC: v.ID}
	gatewayTable.Put(c.State, keyed(c, g.ID), g)
	made := showVPC(c, v)
	made.State = types.VpcStatePending
	return &ec2.CreateDefaultVpcOutput{Vpc: &made}, nil
}

func deleteVpc(_ context.Context, c *world.Call, in *ec2.DeleteVpcInput) (*ec2.DeleteVpcOutput, error) {
	v, err := allowVPC(c, in.VpcId, in.DryRun)
	if err != nil {
		return nil, err
	}
	_, endpoints := estate.First(c.Estate().Endpoints.By(estate.ByVPC(v.ID)))
	busy := len(subnetsOf(c, v.ID)) > 0 || endpoints
	for _, g := range gatewaysOf(c) {
		busy = busy || g.VPC == v.ID
	}
	for g := range c.Estate().SecurityGroups.By(estate.ByVPC(v.ID)) {
		busy = busy || g.Name != "default"
	}
	for t := range c.Estate().RouteTables.By(estate.ByVPC(v.ID)) {
		busy = busy || !t.Main
	}
	for a := range c.Estate().NetworkACLs.By(estate.ByVPC(v.ID)) {
		busy = busy || !a.Default
	}
	for range c.Estate().TransitAttachments.By(estate.ByVPC(v.ID)) {
		busy = true
	}
	if busy {
		return nil, fail("DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v.ID)
	}
	c.Estate().SecurityGroups.Delete(defaultGroup(c, v).ID)
	for _, t := range routeTables(c, v) {
		c.Estate().RouteTables.Delete(t.ID)
		tagTable.Delete(c.State, t.ID)
	}
	for _, a := range networkACLs(c, v) {
		c.Estate().NetworkACLs.Delete(a.ID)
		tagTable.Delete(c.State, a.ID)
	}
	for _, p := range slices.Collect(c.Estate().Peerings.By(estate.ByVPC(v.ID))) {
		endPeering(c, p, "deleted")
	}
	c.Estate().VPCs.Delete(v.ID)
	vpcTable.Delete(c.State, v.ID)
	return &ec2.DeleteVpcOutput{}, nil
}

func describeVpcs(_ context.Context, c *world.Call, in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"vpcIds", in.VpcIds, in.Filters, in.MaxResults, in.NextToken}, visibleVPCs(c),
		estate.VPC.Key, func(v estate.VPC) attributes { return vpcAttributes(c, v) }, noVPC)
	out := &ec2.DescribeVpcsOutput{NextToken: next}
	for _, v := range page {
		out.Vpcs = append(out.Vpcs, showVPC(c, v))
	}
	return out, err
}

// vpcAttributes are the filters of API_DescribeVpcs.
func vpcAttributes(c *world.Call, v estate.VPC) attributes {
	a := attributes{
		"cidr": nil, "dhcp-options-id": {dhcpOptions(c)}, "is-default": yes(v.Default), "owner-id": {string(v.Account)},
		"state": {"available"}, "vpc-id": {v.ID}, "instance-tenancy": {string(tenancy(c, v.ID))},
		"cidr-block-association.cidr-block": nil, "cidr-block-association.association-id": nil, "cidr-block-association.state": nil,
		"ipv6-cidr-block-association.ipv6-cidr-block": nil, "ipv6-cidr-block-association.ipv6-pool": nil,
		"ipv6-cidr-block-association.association-id": nil, "ipv6-cidr-block-association.state": nil,
	}
	for i, p := range v.CIDRs {
		prefix, block := "cidr-block-association.", "cidr-block"
		if p.Addr().Is6() {
			prefix, block = "ipv6-cidr-block-association.", "ipv6-cidr-block"
			a[prefix+"ipv6-pool"] = []string{"Amazon"}
		} else if i == 0 {
			a["cidr"] = []string{p.String()}
		}
		a[prefix+block] = append(a[prefix+block], p.String())
		a[prefix+"association-id"] = append(a[prefix+"association-id"], association(v.ID, p))
		a[prefix+"state"] = []string{"associated"}
	}
	return a.tagged(v.Tags)
}

// association is the identifier of a VPC's or a subnet's block.
func association(of string, p netip.Prefix) string {
	return world.Derived(of[:max(0, len(of)-18)]+"cidr-assoc", of+"/"+p.String())
}

func tenancy(c *world.Call, vpc string) types.Tenancy {
	if more, ok := vpcTable.Get(c.State, vpc); ok && more.tenancy != "" {
		return more.tenancy
	}
	return types.TenancyDefault
}

func showVPC(c *world.Call, v estate.VPC) types.Vpc {
	out := types.Vpc{
		VpcId: aws.String(v.ID), OwnerId: aws.String(string(v.Account)), State: types.VpcStateAvailable,
		DhcpOptionsId: aws.String(dhcpOptions(c)), InstanceTenancy: tenancy(c, v.ID), IsDefault: aws.Bool(v.Default), Tags: list(v.Tags),
	}
	for _, p := range v.CIDRs {
		if p.Addr().Is6() {
			out.Ipv6CidrBlockAssociationSet = append(out.Ipv6CidrBlockAssociationSet, showCIDR6(v, p, types.VpcCidrBlockStateCodeAssociated))
			continue
		}
		if out.CidrBlock == nil {
			out.CidrBlock = aws.String(p.String())
		}
		out.CidrBlockAssociationSet = append(out.CidrBlockAssociationSet, showCIDR(v, p, types.VpcCidrBlockStateCodeAssociated))
	}
	return out
}

func showCIDR(v estate.VPC, p netip.Prefix, state types.VpcCidrBlockStateCode) types.VpcCidrBlockAssociation {
	return types.VpcCidrBlockAssociation{
		AssociationId: aws.String(association(v.ID, p)), CidrBlock: aws.String(p.String()),
		CidrBlockState: &types.VpcCidrBlockState{State: state},
	}
}

func showCIDR6(v estate.VPC, p netip.Prefix, state types.VpcCidrBlockStateCode) types.VpcIpv6CidrBlockAssociation {
	return types.VpcIpv6CidrBlockAssociation{
		AssociationId: aws.String(association(v.ID, p)), Ipv6CidrBlock: aws.String(p.String()),
		Ipv6CidrBlockState: &types.VpcCidrBlockState{State: state}, Ipv6Pool: aws.String("Amazon"),
		NetworkBorderGroup: aws.String(string(v.Region)), IpSource: types.IpSourceAmazon, Ipv6AddressAttribute: types.Ipv6AddressAttributePublic,
	}
}

// modifyVpcAttribute changes one attribute. Hostnames need support (VPC User
// Guide, vpc-dns-updating.html; API_ModifyVpcAttribute).
func modifyVpcAttribute(_ context.Context, c *world.Call, in *ec2.ModifyVpcAttributeInput) (*ec2.ModifyVpcAttributeOutput, error) {
	v, err := allowVPC(c, in.VpcId, nil)
	if err != nil {
		return nil, err
	}
	given := 0
	for _, a := range []*types.AttributeBooleanValue{in.EnableDnsSupport, in.EnableDnsHostnames, in.EnableNetworkAddressUsageMetrics} {
		if a != nil {
			given++
			if a.Value == nil {
				return nil, missing("value")
			}
		}
	}
	switch {
	case given == 0:
		return nil, fail("MissingParameter", "Either 'enableDnsSupport', 'enableDnsHostnames' or 'enableNetworkAddressUsageMetrics' should be provided")
	case given > 1:
		return nil, fail("InvalidParameterCombination", "Fields for multiple attribute types specified")
	case in.EnableDnsSupport != nil:
		v.DNSSupport = *in.EnableDnsSupport.Value
		if !v.DNSSupport && v.DNSHostnames {
			return nil, &world.Undocumented{Rule: "R1.3", Err: fail("InvalidParameterCombination",
				"The enableDnsSupport attribute of VPC %s cannot be disabled while enableDnsHostnames is enabled.", v.ID)}
		}
	case in.EnableDnsHostnames != nil:
		v.DNSHostnames = *in.EnableDnsHostnames.Value
		if v.DNSHostnames && !v.DNSSupport {
			return nil, fail("InvalidParameterCombination", "The enableDnsHostnames attribute of VPC %s cannot be enabled while enableDnsSupport is disabled.", v.ID)
		}
	default:
		more, _ := vpcTable.Get(c.State, v.ID)
		more.metrics = *in.EnableNetworkAddressUsageMetrics.Value
		vpcTable.Put(c.State, v.ID, more)
	}
	c.Estate().VPCs.Put(v)
	return &ec2.ModifyVpcAttributeOutput{}, nil
}

func describeVpcAttribute(_ context.Context, c *world.Call, in *ec2.DescribeVpcAttributeInput) (*ec2.DescribeVpcAttributeOutput, error) {
	v, err := allowSeenVPC(c, in.VpcId, in.DryRun)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcAttributeOutput{VpcId: aws.String(v.ID)}
	value := func(b bool) *types.AttributeBooleanValue { return &types.AttributeBooleanValue{Value: aws.Bool(b)} }
	switch in.Attribute {
	case types.VpcAttributeNameEnableDnsSupport:
		out.EnableDnsSupport = value(v.DNSSupport)
	case types.VpcAttributeNameEnableDnsHostnames:
		out.EnableDnsHostnames = value(v.DNSHostnames)
	case types.VpcAttributeNameEnableNetworkAddressUsageMetrics:
		more, _ := vpcTable.Get(c.State, v.ID)
		out.EnableNetworkAddressUsageMetrics = value(more.metrics)
	case "":
		return nil, missing("attribute")
	default:
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", in.Attribute)
	}
	return out, nil
}

func associateVpcCidrBlock(_ context.Context, c *world.Call, in *ec2.AssociateVpcCidrBlockInput) (*ec2.AssociateVpcCidrBlockOutput, error) {
	v, err := allowVPC(c, in.VpcId, nil)
	if err != nil {
		return nil, err
	}
	out := &ec2.AssociateVpcCidrBlockOutput{VpcId: aws.String(v.ID)}
	switch {
	case in.Ipv4IpamPoolId != nil || in.Ipv4NetmaskLength != nil:
		return nil, c.Unsupported("Ipv4IpamPoolId")
	case in.Ipv6CidrBlock != nil || in.Ipv6Pool != nil || in.Ipv6IpamPoolId != nil || in.Ipv6NetmaskLength != nil:
		return nil, c.Unsupported("Ipv6CidrBlock")
	case aws.ToBool(in.AmazonProvidedIpv6CidrBlock):
		p := provided(v.ID)
		if slices.Contains(v.CIDRs, p) {
			return nil, fail("CidrLimitExceeded", "This network '%s' has met its maximum number of allowed CIDRs: 1", v.ID)
		}
		v.CIDRs = append(slices.Clone(v.CIDRs), p)
		six := showCIDR6(v, p, types.VpcCidrBlockStateCodeAssociating)
		out.Ipv6CidrBlockAssociation = &six
	case aws.ToString(in.CidrBlock) == "":
		return nil, missing("cidrBlock")
	default:
		p, err := vpcRange(*in.CidrBlock)
		if err != nil {
			return nil, err
		}
		if err := joins(c, v, p); err != nil {
			return nil, err
		}
		v.CIDRs = append(slices.Clone(v.CIDRs), p)
		four := showCIDR(v, p, types.VpcCidrBlockStateCodeAssociating)
		out.CidrBlockAssociation = &four
	}
	c.Estate().VPCs.Put(v)
	restoreTables(c, v.ID)
	repropagate(c, v.ID)
	return out, nil
}

// private are the ranges of RFC 1918. A VPC in one of them takes no block of
// another; 198.19.0.0/16 is closed to all of them (VPC User Guide,
// vpc-cidr-blocks.html#add-cidr-block-restrictions).
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("198.19.0.0/16"),
}

// joins reports why a block cannot be added to a VPC.
func joins(c *world.Call, v estate.VPC, p netip.Prefix) error {
	four := 0
	for _, have := range v.CIDRs {
		if have.Overlaps(p) {
			return fail("InvalidVpc.Range", "The CIDR '%s' overlaps with the CIDR '%s' of VPC %s.", p, have, v.ID)
		}
		if have.Addr().Is4() {
			four++
		}
	}
	if c.World.Limits && four >= cidrsPerVPC {
		return fail("CidrLimitExceeded", "This network '%s' has met its maximum number of allowed CIDRs: %d", v.ID, cidrsPerVPC)
	}
	within := func(q netip.Prefix) func(netip.Prefix) bool {
		return func(r netip.Prefix) bool { return r.Overlaps(q) }
	}
	from, to := slices.IndexFunc(private, within(v.CIDRs[0])), slices.IndexFunc(private, within(p))
	if from != to && to >= 0 {
		return fail("InvalidVpc.Range", "The CIDR '%s' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Subnets.html#VPC_Sizing", p)
	}
	return nil
}

func disassociateVpcCidrBlock(_ context.Context, c *world.Call, in *ec2.DisassociateVpcCidrBlockInput) (*ec2.DisassociateVpcCidrBlockOutput, error) {
	id := aws.ToString(in.AssociationId)
	if err := allow(c, nil, on(c, "vpc", "*", nil)); err != nil {
		return nil, err
	}
	for _, v := range vpcsOf(c) {
		i := slices.IndexFunc(v.CIDRs, func(p netip.Prefix) bool { return association(v.ID, p) == id })
		if i < 0 {
			continue
		}
		p := v.CIDRs[i]
		if i == 0 {
			return nil, fail("OperationNotPermitted", "The vpc CIDR block with association ID %s may not be disassociated. It is the primary IPv4 CIDR block of the VPC", id)
		}
		for _, s := range subnetsOf(c, v.ID) {
			if p.Overlaps(s.CIDR) || s.CIDR6.IsValid() && p.Overlaps(s.CIDR6) {
				return nil, fail("InvalidCidrBlock.InUse", "The vpc %s currently has a subnet within CIDR block %s", v.ID, p)
			}
		}
		out := &ec2.DisassociateVpcCidrBlockOutput{VpcId: aws.String(v.ID)}
		if p.Addr().Is6() {
			six := showCIDR6(v, p, types.VpcCidrBlockStateCodeDisassociating)
			out.Ipv6CidrBlockAssociation = &six
		} else {
			four := showCIDR(v, p, types.VpcCidrBlockStateCodeDisassociating)
			out.CidrBlockAssociation = &four
		}
		v.CIDRs = slices.Delete(slices.Clone(v.CIDRs), i, i+1)
		c.Estate().VPCs.Put(v)
		restoreTables(c, v.ID)
		repropagate(c, v.ID)
		return out, nil
	}
	return nil, fail("InvalidVpcCidrBlockAssociationID.NotFound", "The vpc CIDR block association ID '%s' does not exist", id)
}

// keyed is the key of a resource in a private table, by owner and Region.
func keyed(c *world.Call, id string) string { return place(c) + id }

func place(c *world.Call) string { return fmt.Sprintf("%s/%s/", c.Account(), c.Region) }
