package awsapi

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
)

// Route tables, network ACLs and peering. Those of other owners, which a VPC's
// participants see, are left to their owner's read.

// routeTablesPage is the largest page of route tables (DescribeRouteTables,
// MaxResults).
const routeTablesPage = 100

func readError(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }

// others reports whether what a query found belongs to another account.
func others(q estate.Query, owner *string) bool {
	return aws.ToString(owner) != "" && aws.ToString(owner) != string(q.Account)
}

func (c *caller) readRouteTables(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.RouteTable
	pages := ec2.NewDescribeRouteTablesPaginator(c.ec2(q.Account, q.Region), &ec2.DescribeRouteTablesInput{MaxResults: aws.Int32(routeTablesPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range page.RouteTables {
			if others(q, t.OwnerId) {
				continue
			}
			one, err := routeTableOf(q, t)
			if err != nil {
				return nil, err
			}
			found = append(found, one)
		}
	}
	return func(e *estate.Estate) { replaceRegion(&e.RouteTables, q, found) }, nil
}

func routeTableOf(q estate.Query, t types.RouteTable) (estate.RouteTable, error) {
	out := estate.RouteTable{ID: aws.ToString(t.RouteTableId), Account: q.Account, Region: q.Region, VPC: aws.ToString(t.VpcId), Tags: ec2Tags(t.Tags)}
	for _, a := range t.Associations {
		if a.AssociationState != nil && a.AssociationState.State != types.RouteTableAssociationStateCodeAssociated {
			continue
		}
		out.Main = out.Main || aws.ToBool(a.Main)
		if a.SubnetId != nil {
			out.Subnets = append(out.Subnets, *a.SubnetId)
		}
	}
	slices.Sort(out.Subnets)
	for _, r := range t.Routes {
		one := estate.Route{PrefixList: aws.ToString(r.DestinationPrefixListId), Target: routeTarget(r), State: string(r.State), Origin: string(r.Origin)}
		to, err := prefixes("a route of "+out.ID, r.DestinationCidrBlock, r.DestinationIpv6CidrBlock)
		if err != nil {
			return out, err
		}
		if len(to) > 0 {
			one.To = to[0]
		}
		out.Routes = append(out.Routes, one)
	}
	return out, nil
}

// routeTarget is the one thing that a route goes to. A route to an instance
// names its interface, too.
func routeTarget(r types.Route) string {
	for _, id := range []*string{
		r.TransitGatewayId, r.VpcPeeringConnectionId, r.NatGatewayId, r.NetworkInterfaceId, r.InstanceId,
		r.EgressOnlyInternetGatewayId, r.CarrierGatewayId, r.LocalGatewayId, r.CoreNetworkArn, r.GatewayId,
	} {
		if aws.ToString(id) != "" {
			return *id
		}
	}
	return ""
}

func (c *caller) readNetworkACLs(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.NetworkACL
	pages := ec2.NewDescribeNetworkAclsPaginator(c.ec2(q.Account, q.Region), &ec2.DescribeNetworkAclsInput{MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.NetworkAcls {
			if others(q, a.OwnerId) {
				continue
			}
			one := estate.NetworkACL{
				ID: aws.ToString(a.NetworkAclId), Account: q.Account, Region: q.Region, VPC: aws.ToString(a.VpcId),
				Default: aws.ToBool(a.IsDefault), Tags: ec2Tags(a.Tags),
			}
			for _, s := range a.Associations {
				one.Subnets = append(one.Subnets, aws.ToString(s.SubnetId))
			}
			slices.Sort(one.Subnets)
			for _, x := range a.Entries {
				cidr, err := prefixes("an entry of "+one.ID, x.CidrBlock, x.Ipv6CidrBlock)
				if err != nil {
					return nil, err
				}
				entry := estate.ACLEntry{Number: aws.ToInt32(x.RuleNumber), Egress: aws.ToBool(x.Egress), Allow: x.RuleAction == types.RuleActionAllow, Protocol: aws.ToString(x.Protocol)}
				if len(cidr) > 0 {
					entry.CIDR = cidr[0]
				}
				if x.PortRange != nil {
					entry.From, entry.To = aws.ToInt32(x.PortRange.From), aws.ToInt32(x.PortRange.To)
				}
				one.Entries = append(one.Entries, entry)
			}
			slices.SortStableFunc(one.Entries, func(a, b estate.ACLEntry) int { return cmp.Compare(a.Number, b.Number) })
			found = append(found, one)
		}
	}
	return func(e *estate.Estate) { replaceRegion(&e.NetworkACLs, q, found) }, nil
}

// readPeerings reads the peering connections that an account takes part in, on
// either side. Tags are each side's own: of those that this one does not see,
// what the other read stays.
func (c *caller) readPeerings(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.Peering
	pages := ec2.NewDescribeVpcPeeringConnectionsPaginator(c.ec2(q.Account, q.Region), &ec2.DescribeVpcPeeringConnectionsInput{MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.VpcPeeringConnections {
			one := estate.Peering{ID: aws.ToString(p.VpcPeeringConnectionId), Tags: ec2Tags(p.Tags)}
			if p.Status != nil {
				one.State = string(p.Status.Code)
			}
			for side, info := range map[*estate.PeeringSide]*types.VpcPeeringConnectionVpcInfo{&one.Requester: p.RequesterVpcInfo, &one.Accepter: p.AccepterVpcInfo} {
				if *side, err = peeringSide(one.ID, info); err != nil {
					return nil, err
				}
			}
			found = append(found, one)
		}
	}
	return func(e *estate.Estate) {
		known := map[string]estate.Peering{}
		for p := range e.Peerings.By(estate.ByRegion(q.Account, q.Region)) {
			known[p.ID] = p
		}
		for i, p := range found {
			if before, ok := known[p.ID]; ok && len(p.Tags) == 0 && p.Requester.Account != p.Accepter.Account {
				found[i].Tags = before.Tags
			}
		}
		replaceRegion(&e.Peerings, q, found)
	}, nil
}

func peeringSide(id string, v *types.VpcPeeringConnectionVpcInfo) (estate.PeeringSide, error) {
	if v == nil {
		return estate.PeeringSide{}, nil
	}
	out := estate.PeeringSide{
		Account: estate.AccountID(aws.ToString(v.OwnerId)), Region: estate.Region(aws.ToString(v.Region)), VPC: aws.ToString(v.VpcId),
		DNS: v.PeeringOptions != nil && aws.ToBool(v.PeeringOptions.AllowDnsResolutionFromRemoteVpc),
	}
	blocks := []*string{v.CidrBlock}
	for _, b := range v.CidrBlockSet {
		blocks = append(blocks, b.CidrBlock)
	}
	for _, b := range v.Ipv6CidrBlockSet {
		blocks = append(blocks, b.Ipv6CidrBlock)
	}
	var err error
	if out.CIDRs, err = prefixes("a side of "+id, blocks...); err != nil {
		return out, err
	}
	slices.SortFunc(out.CIDRs, netip.Prefix.Compare)
	out.CIDRs = slices.Compact(out.CIDRs)
	return out, nil
}
