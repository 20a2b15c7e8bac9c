package ec2

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// What comes with a VPC is derived from it: the default network ACL and the
// main route table (VPC User Guide, vpc-network-acls.html and
// VPC_Route_Tables.html). The twin makes no others.

func findACL(c *world.Call, id string) (estate.VPC, error) {
	return owner(c, "acl", id, notFound("NetworkAclID", "networkAcl", "acl", id))
}

func findRouteTable(c *world.Call, id string) (estate.VPC, error) {
	return owner(c, "rtb", id, notFound("RouteTableID", "routeTable", "rtb", id))
}

// owner finds the VPC that a derived resource comes with.
func owner(c *world.Call, prefix, id string, unknown error) (estate.VPC, error) {
	all := vpcsOf(c)
	i := slices.IndexFunc(all, func(v estate.VPC) bool { return world.Derived(prefix, v.ID) == id })
	if i < 0 {
		return estate.VPC{}, unknown
	}
	return all[i], nil
}

func describeNetworkAcls(_ context.Context, c *world.Call, in *ec2.DescribeNetworkAclsInput) (*ec2.DescribeNetworkAclsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.NetworkAcl
	for _, v := range visibleVPCs(c) {
		all = append(all, defaultACL(c, v))
	}
	id := func(a types.NetworkAcl) string { return aws.ToString(a.NetworkAclId) }
	slices.SortFunc(all, func(a, b types.NetworkAcl) int { return cmp.Compare(id(a), id(b)) })
	page, next, err := choose(selection{"networkAclIds", in.NetworkAclIds, in.Filters, in.MaxResults, in.NextToken}, all, id,
		func(a types.NetworkAcl) attributes {
			out := attributes{
				"association.association-id": nil, "association.network-acl-id": {id(a)}, "association.subnet-id": nil,
				"default": yes(aws.ToBool(a.IsDefault)), "network-acl-id": {id(a)}, "owner-id": {aws.ToString(a.OwnerId)},
				"vpc-id": {aws.ToString(a.VpcId)}, "entry.cidr": nil, "entry.icmp.code": nil, "entry.icmp.type": nil,
				"entry.ipv6-cidr": nil, "entry.port-range.from": nil, "entry.port-range.to": nil, "entry.protocol": {"-1"},
				"entry.rule-action": {"allow", "deny"}, "entry.rule-number": nil,
			}
			for _, e := range a.Entries {
				out["entry.rule-number"] = append(out["entry.rule-number"], itoa(*e.RuleNumber))
				if e.CidrBlock != nil {
					out["entry.cidr"] = []string{*e.CidrBlock}
				} else {
					out["entry.ipv6-cidr"] = []string{*e.Ipv6CidrBlock}
				}
			}
			for _, s := range a.Associations {
				out["association.association-id"] = append(out["association.association-id"], *s.NetworkAclAssociationId)
				out["association.subnet-id"] = append(out["association.subnet-id"], *s.SubnetId)
			}
			return out.tagged(tagsBy(c, aws.ToString(a.OwnerId), id(a)))
		}, func(id string) error { _, err := findACL(c, id); return err })
	return &ec2.DescribeNetworkAclsOutput{NetworkAcls: page, NextToken: next}, err
}

// defaultACL allows all traffic and has every subnet of the VPC.
func defaultACL(c *world.Call, v estate.VPC) types.NetworkAcl {
	id := world.Derived("acl", v.ID)
	a := types.NetworkAcl{
		NetworkAclId: aws.String(id), VpcId: aws.String(v.ID), OwnerId: aws.String(string(v.Account)),
		IsDefault: aws.Bool(true), Tags: list(tagsBy(c, string(v.Account), id)),
	}
	six := slices.ContainsFunc(v.CIDRs, isSix)
	for _, egress := range []bool{true, false} {
		entry := func(number int32, action types.RuleAction, cidr, cidr6 *string) {
			a.Entries = append(a.Entries, types.NetworkAclEntry{
				CidrBlock: cidr, Ipv6CidrBlock: cidr6, Egress: aws.Bool(egress), Protocol: aws.String("-1"),
				RuleAction: action, RuleNumber: aws.Int32(number),
			})
		}
		entry(100, types.RuleActionAllow, aws.String("0.0.0.0/0"), nil)
		if six {
			entry(101, types.RuleActionAllow, nil, aws.String("::/0"))
		}
		entry(32767, types.RuleActionDeny, aws.String("0.0.0.0/0"), nil)
		if six {
			entry(32768, types.RuleActionDeny, nil, aws.String("::/0"))
		}
	}
	subnets := subnetsOf(c, v.ID)
	if v.Account != c.Account() {
		subnets = slices.DeleteFunc(sharedSubnets(c), func(s estate.Subnet) bool { return s.VPC != v.ID })
	}
	for _, s := range subnets {
		a.Associations = append(a.Associations, types.NetworkAclAssociation{
			NetworkAclAssociationId: aws.String(world.Derived("aclassoc", s.ID)), NetworkAclId: aws.String(id), SubnetId: aws.String(s.ID),
		})
	}
	return a
}

func describeRouteTables(_ context.Context, c *world.Call, in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.RouteTable
	for _, v := range visibleVPCs(c) {
		all = append(all, mainRouteTable(c, v))
	}
	id := func(t types.RouteTable) string { return aws.ToString(t.RouteTableId) }
	slices.SortFunc(all, func(a, b types.RouteTable) int { return cmp.Compare(id(a), id(b)) })
	page, next, err := choose(selection{"routeTableIds", in.RouteTableIds, in.Filters, in.MaxResults, in.NextToken}, all, id,
		func(t types.RouteTable) attributes {
			out := attributes{
				"association.gateway-id": nil, "association.route-table-association-id": {world.Derived("rtbassoc", aws.ToString(t.VpcId))},
				"association.route-table-id": {id(t)}, "association.subnet-id": nil, "association.main": yes(true),
				"owner-id": {aws.ToString(t.OwnerId)}, "route-table-id": {id(t)}, "route.destination-cidr-block": nil,
				"route.destination-ipv6-cidr-block": nil, "route.destination-prefix-list-id": nil,
				"route.egress-only-internet-gateway-id": nil, "route.gateway-id": {"local"}, "route.instance-id": nil,
				"route.nat-gateway-id": nil, "route.transit-gateway-id": nil, "route.origin": {"CreateRouteTable"},
				"route.state": {"active"}, "route.vpc-peering-connection-id": nil, "vpc-id": {aws.ToString(t.VpcId)},
			}
			for _, r := range t.Routes {
				for name, v := range map[string]*string{
					"route.destination-cidr-block": r.DestinationCidrBlock, "route.destination-ipv6-cidr-block": r.DestinationIpv6CidrBlock,
				} {
					if v != nil {
						out[name] = append(out[name], *v)
					}
				}
			}
			return out.tagged(tagsBy(c, aws.ToString(t.OwnerId), id(t)))
		}, func(id string) error { _, err := findRouteTable(c, id); return err })
	return &ec2.DescribeRouteTablesOutput{RouteTables: page, NextToken: next}, err
}

// mainRouteTable has the local routes only.
func mainRouteTable(c *world.Call, v estate.VPC) types.RouteTable {
	id := world.Derived("rtb", v.ID)
	t := types.RouteTable{
		RouteTableId: aws.String(id), VpcId: aws.String(v.ID), OwnerId: aws.String(string(v.Account)), Tags: list(tagsBy(c, string(v.Account), id)),
		Associations: []types.RouteTableAssociation{{
			Main: aws.Bool(true), RouteTableId: aws.String(id), RouteTableAssociationId: aws.String(world.Derived("rtbassoc", v.ID)),
			AssociationState: &types.RouteTableAssociationState{State: types.RouteTableAssociationStateCodeAssociated},
		}},
	}
	for _, p := range v.CIDRs {
		r := types.Route{GatewayId: aws.String("local"), Origin: types.RouteOriginCreateRouteTable, State: types.RouteStateActive}
		if isSix(p) {
			r.DestinationIpv6CidrBlock = aws.String(p.String())
		} else {
			r.DestinationCidrBlock = aws.String(p.String())
		}
		t.Routes = append(t.Routes, r)
	}
	return t
}

// dhcpOptions is the identifier of the Region's default set of DHCP options,
// which every VPC has.
func dhcpOptions(c *world.Call) string { return world.Derived("dopt", place(c)) }

func describeDhcpOptions(_ context.Context, c *world.Call, in *ec2.DescribeDhcpOptionsInput) (*ec2.DescribeDhcpOptionsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	domain := string(c.Region) + ".compute.internal"
	if c.Region == "us-east-1" {
		domain = "ec2.internal"
	}
	id := dhcpOptions(c)
	value := func(s string) []types.AttributeValue { return []types.AttributeValue{{Value: aws.String(s)}} }
	all := []types.DhcpOptions{{
		DhcpOptionsId: aws.String(id), OwnerId: aws.String(string(c.Account())), Tags: list(tagsOf(c, id)),
		DhcpConfigurations: []types.DhcpConfiguration{
			{Key: aws.String("domain-name"), Values: value(domain)},
			{Key: aws.String("domain-name-servers"), Values: value("AmazonProvidedDNS")},
		},
	}}
	page, next, err := choose(selection{"dhcpOptionsIds", in.DhcpOptionsIds, in.Filters, in.MaxResults, in.NextToken}, all,
		func(o types.DhcpOptions) string { return aws.ToString(o.DhcpOptionsId) },
		func(types.DhcpOptions) attributes {
			return attributes{
				"dhcp-options-id": {id}, "owner-id": {string(c.Account())},
				"key": {"domain-name", "domain-name-servers"}, "value": {domain, "AmazonProvidedDNS"},
			}.tagged(tagsOf(c, id))
		},
		func(id string) error { return notFound("DhcpOptionsID", "dhcpOptions", "dopt", id) })
	return &ec2.DescribeDhcpOptionsOutput{DhcpOptions: page, NextToken: next}, err
}

// describeNetworkInterfaces answers for a twin without instances: there are none.
func describeNetworkInterfaces(_ context.Context, c *world.Call, in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	for _, id := range in.NetworkInterfaceIds {
		return nil, fail("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", id)
	}
	return &ec2.DescribeNetworkInterfacesOutput{}, nil
}

// describeVpcClassicLink answers as AWS does since EC2-Classic is gone: no VPC
// has it (EC2 API Reference, API_DescribeVpcClassicLink).
func describeVpcClassicLink(_ context.Context, c *world.Call, in *ec2.DescribeVpcClassicLinkInput) (*ec2.DescribeVpcClassicLinkOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, _, err := choose(selection{ids: in.VpcIds, filters: in.Filters}, vpcsOf(c), estate.VPC.Key,
		func(v estate.VPC) attributes {
			return attributes{"is-classic-link-enabled": yes(false)}.tagged(v.Tags)
		}, noVPC)
	out := &ec2.DescribeVpcClassicLinkOutput{}
	for _, v := range page {
		out.Vpcs = append(out.Vpcs, types.VpcClassicLink{ClassicLinkEnabled: aws.Bool(false), VpcId: aws.String(v.ID), Tags: list(v.Tags)})
	}
	return out, err
}

func describeVpcClassicLinkDNSSupport(_ context.Context, c *world.Call, in *ec2.DescribeVpcClassicLinkDnsSupportInput) (*ec2.DescribeVpcClassicLinkDnsSupportOutput, error) {
	if err := allow(c, nil, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{parameter: "vpcIds", ids: in.VpcIds, max: in.MaxResults, token: in.NextToken}, vpcsOf(c),
		estate.VPC.Key, func(estate.VPC) attributes { return attributes{} }, noVPC)
	out := &ec2.DescribeVpcClassicLinkDnsSupportOutput{NextToken: next}
	for _, v := range page {
		out.Vpcs = append(out.Vpcs, types.ClassicLinkDnsSupport{ClassicLinkDnsSupported: aws.Bool(false), VpcId: aws.String(v.ID)})
	}
	return out, err
}
