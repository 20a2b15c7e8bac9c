package ec2

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

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
