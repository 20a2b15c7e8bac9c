package awsapi

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
)

// vpcsPage is the largest page of VPCs (API_DescribeVpcs).
const vpcsPage = 1000

// readVPCs reads the account's own VPCs in a Region with the two attributes
// that name resolution depends on; each takes a call of its own.
func (c *caller) readVPCs(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.ec2(q.Account, q.Region)
	var vpcs []estate.VPC
	pages := ec2.NewDescribeVpcsPaginator(client, &ec2.DescribeVpcsInput{MaxResults: aws.Int32(vpcsPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Vpcs {
			if owner := estate.AccountID(aws.ToString(v.OwnerId)); owner != q.Account {
				continue // shared with this account
			}
			vpc, err := vpcOf(q, v)
			if err != nil {
				return nil, err
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
		var gone []string
		for v := range e.VPCs.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, v.ID)
		}
		e.VPCs.Delete(gone...)
		e.VPCs.Put(vpcs...)
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
