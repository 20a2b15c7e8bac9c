package awsapi

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
)

// vpcsPage is the largest page of VPCs (API_DescribeVpcs).
const vpcsPage = 1000

// readVPCs reads the account's own VPCs in a Region with the two attributes
// that name resolution depends on; each takes a call of its own. Of VPCs that
// others share with it, it tells that the account takes part.
func (c *caller) readVPCs(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.ec2(q.Account, q.Region)
	var vpcs, shared []estate.VPC
	pages := ec2.NewDescribeVpcsPaginator(client, &ec2.DescribeVpcsInput{MaxResults: aws.Int32(vpcsPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Vpcs {
			vpc, err := vpcOf(q, v)
			if err != nil {
				return nil, err
			}
			if owner := estate.AccountID(aws.ToString(v.OwnerId)); owner != q.Account {
				vpc.Account, vpc.Tags = owner, nil // whose tags and attributes the owner knows
				shared = append(shared, vpc)
				continue
			}
			if vpc.DNSSupport, err = vpcAttribute(ctx, client, vpc.ID, types.VpcAttributeNameEnableDnsSupport); err != nil {
				return nil, err
			}
			if vpc.DNSHostnames, err = vpcAttribute(ctx, client, vpc.ID, types.VpcAttributeNameEnableDnsHostnames); err != nil {
				return nil, err
			}
			vpcs = append(vpcs, vpc)
		}
	}
	return func(e *estate.Estate) {
		participants := map[string][]estate.AccountID{}
		var gone []string
		for v := range e.VPCs.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, v.ID)
			participants[v.ID] = v.Participants
		}
		e.VPCs.Delete(gone...)
		for _, v := range vpcs {
			v.Participants = participants[v.ID]
			e.VPCs.Put(v)
		}
		for _, v := range shared {
			if known, ok := e.VPCs.Get(v.ID); ok {
				v = known
			}
			if !slices.Contains(v.Participants, q.Account) {
				v.Participants = append(slices.Clone(v.Participants), q.Account)
			}
			e.VPCs.Put(v)
		}
	}, nil
}

// readSubnets reads the subnets that an account sees, with those that others
// share with it.
func (c *caller) readSubnets(ctx context.Context, q estate.Query) (Patch, error) {
	var subnets []estate.Subnet
	pages := ec2.NewDescribeSubnetsPaginator(c.ec2(q.Account, q.Region), &ec2.DescribeSubnetsInput{MaxResults: aws.Int32(vpcsPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Subnets {
			subnet := estate.Subnet{
				ID: aws.ToString(s.SubnetId), VPC: aws.ToString(s.VpcId), Account: estate.AccountID(aws.ToString(s.OwnerId)),
				Region: q.Region, Zone: aws.ToString(s.AvailabilityZone), ZoneID: aws.ToString(s.AvailabilityZoneId), Tags: estate.Tags{},
			}
			if s.CidrBlock != nil { // one of IPv6 alone has none
				cidr, err := netip.ParsePrefix(*s.CidrBlock)
				if err != nil {
					return nil, fmt.Errorf("CIDR block of %s: %w", subnet.ID, err)
				}
				subnet.CIDR = cidr
			}
			for _, a := range s.Ipv6CidrBlockAssociationSet {
				if a.Ipv6CidrBlockState == nil || a.Ipv6CidrBlockState.State != types.SubnetCidrBlockStateCodeAssociated {
					continue
				}
				cidr, err := netip.ParsePrefix(aws.ToString(a.Ipv6CidrBlock))
				if err != nil {
					return nil, fmt.Errorf("IPv6 CIDR block of %s: %w", subnet.ID, err)
				}
				subnet.CIDR6 = cidr
			}
			for _, t := range s.Tags {
				subnet.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
			subnets = append(subnets, subnet)
		}
	}
	return func(e *estate.Estate) {
		var gone []string
		for s := range e.Subnets.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, s.ID)
		}
		e.Subnets.Delete(gone...)
		e.Subnets.Put(subnets...)
	}, nil
}

func vpcAttribute(ctx context.Context, client *ec2.Client, id string, name types.VpcAttributeName) (bool, error) {
	out, err := client.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &id, Attribute: name})
	if err != nil {
		return false, err
	}
	value := out.EnableDnsSupport
	if name == types.VpcAttributeNameEnableDnsHostnames {
		value = out.EnableDnsHostnames
	}
	return value != nil && aws.ToBool(value.Value), nil
}

func vpcOf(q estate.Query, v types.Vpc) (estate.VPC, error) {
	out := estate.VPC{
		ID: aws.ToString(v.VpcId), Account: q.Account, Region: q.Region,
		Default: aws.ToBool(v.IsDefault), Tags: estate.Tags{},
	}
	blocks := []string{aws.ToString(v.CidrBlock)}
	for _, a := range v.CidrBlockAssociationSet {
		if b := aws.ToString(a.CidrBlock); b != blocks[0] && a.CidrBlockState != nil && a.CidrBlockState.State == types.VpcCidrBlockStateCodeAssociated {
			blocks = append(blocks, b)
		}
	}
	for _, a := range v.Ipv6CidrBlockAssociationSet {
		if a.Ipv6CidrBlockState != nil && a.Ipv6CidrBlockState.State == types.VpcCidrBlockStateCodeAssociated {
			blocks = append(blocks, aws.ToString(a.Ipv6CidrBlock))
		}
	}
	for _, b := range blocks {
		p, err := netip.ParsePrefix(b)
		if err != nil {
			return out, fmt.Errorf("CIDR block of %s: %w", out.ID, err)
		}
		out.CIDRs = append(out.CIDRs, p)
	}
	for _, t := range v.Tags {
		out.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out, nil
}
