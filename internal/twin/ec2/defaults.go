package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

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
