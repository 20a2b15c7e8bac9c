package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// natTable holds the NAT gateways by owner, Region and identifier; natGone those
// that were deleted.
var (
	natTable = world.Private[natGateway]{Name: "ec2.natGateways"}
	natGone  = world.Private[gone[natGateway]]{Name: "ec2.natGatewaysGone"}
)

type natGateway struct {
	ID, VPC, Subnet, Interface string
	Account                    estate.AccountID
	Region                     estate.Region
	Allocation                 string // of the elastic IP, none of a private one
	Public, Private            netip.Addr
	Failed                     bool // the VPC had no internet gateway
	Made                       time.Time
}

func (n natGateway) arn() string {
	return "arn:aws:ec2:" + string(n.Region) + ":" + string(n.Account) + ":natgateway/" + n.ID
}

func natsOf(c *world.Call) []natGateway {
	var out []natGateway
	natTable.Walk(c.State, place(c), func(_ string, n natGateway) bool {
		out = append(out, n)
		return true
	})
	return out
}

func findNAT(c *world.Call, id string) (natGateway, bool) { return natTable.Get(c.State, keyed(c, id)) }

func noNAT(id string) error {
	return fail("NatGatewayNotFound", "NAT gateway %s was not found", id)
}

// usable finds a subnet that the caller can put something into: its own, or one
// that is shared with it.
func usable(c *world.Call, id *string) (estate.Subnet, error) {
	if aws.ToString(id) == "" {
		return estate.Subnet{}, missing("subnetId")
	}
	for _, s := range visibleSubnets(c) {
		if s.ID == *id {
			return s, nil
		}
	}
	return estate.Subnet{}, noSubnet(*id)
}

// freeAddress is an address of a subnet that nothing of the twin's has: the one
// that was asked for, or one derived from who gets it.
func freeAddress(c *world.Call, s estate.Subnet, who string, asked *string) (netip.Addr, error) {
	taken := map[netip.Addr]bool{}
	natTable.Walk(c.State, "", func(_ string, n natGateway) bool {
		taken[n.Private] = taken[n.Private] || n.Subnet == s.ID
		return true
	})
	instanceTable.Walk(c.State, "", func(_ string, i instance) bool {
		taken[i.Private] = taken[i.Private] || i.Subnet == s.ID && !i.ended()
		return true
	})
	for p := range c.Estate().Endpoints.By(estate.ByVPC(s.VPC)) {
		for _, a := range p.Addresses {
			taken[a.IPv4] = taken[a.IPv4] || a.Subnet == s.ID
		}
	}
	if asked != nil {
		a, err := netip.ParseAddr(*asked)
		switch {
		case err != nil || !s.CIDR.Contains(a):
			return a, fail("InvalidParameterValue", "Address %s does not fall within the subnet's address range", *asked)
		case taken[a]:
			return a, fail("InvalidIPAddress.InUse", "Address %s is in use.", *asked)
		}
		return a, nil
	}
	for range 1 << max(0, 32-s.CIDR.Bits()) {
		if a := world.AddressIn(s.CIDR, who); !taken[a] {
			return a, nil
		}
		who += "+"
	}
	return netip.Addr{}, fail("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
}

// createNatGateway makes a gateway; a public one in a VPC without an internet
// gateway comes to nothing and says so (VPC User Guide,
// nat-gateway-troubleshooting.html).
func createNatGateway(_ context.Context, c *world.Call, in *ec2.CreateNatGatewayInput) (*ec2.CreateNatGatewayOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeNatgateway)
	if denied := allow(c, nil, creating(c, "natgateway", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	switch {
	case in.AvailabilityMode == types.AvailabilityModeRegional || len(in.AvailabilityZoneAddresses) > 0 || in.VpcId != nil:
		return nil, c.Unsupported("AvailabilityMode")
	case len(in.SecondaryAllocationIds) > 0 || in.SecondaryPrivateIpAddressCount != nil || len(in.SecondaryPrivateIpAddresses) > 0:
		return nil, c.Unsupported("SecondaryAllocationIds")
	}
	s, err := usable(c, in.SubnetId)
	if err != nil {
		return nil, err
	}
	if id, again := repeated(c, in.ClientToken); again {
		n, _ := findNAT(c, id)
		shown := showNAT(c, n, under(c, id, n.state()))
		return &ec2.CreateNatGatewayOutput{NatGateway: &shown, ClientToken: in.ClientToken}, nil
	}
	n := natGateway{ID: newID(c, "nat"), VPC: s.VPC, Subnet: s.ID, Account: c.Account(), Region: c.Region, Made: c.Now}
	n.Interface = world.Derived("eni", n.ID)
	if n.Private, err = freeAddress(c, s, n.ID, in.PrivateIpAddress); err != nil {
		return nil, err
	}
	if in.ConnectivityType != types.ConnectivityTypePrivate {
		a, err := findAddress(c, aws.ToString(in.AllocationId))
		if err != nil {
			return nil, err
		}
		if a.Interface != "" {
			return nil, fail("Resource.AlreadyAssociated", "Elastic IP address [%s] is already associated", a.ID)
		}
		n.Allocation, n.Public = a.ID, a.IP
		n.Failed = !hasGateway(c, s.VPC)
		if !n.Failed {
			a.Interface, a.Private = n.Interface, n.Private
			addressTable.Put(c.State, keyed(c, a.ID), a)
		}
	} else if in.AllocationId != nil {
		return nil, fail("InvalidParameterCombination", "The parameter AllocationId cannot be used with the private connectivity type.")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	natTable.Put(c.State, keyed(c, n.ID), n)
	tagTable.Put(c.State, n.ID, tags)
	if !n.Failed {
		c.State.Use(subnetARN(s), n.arn())
	}
	remember(c, in.ClientToken, n.ID)
	setOut(c, n.ID, "pending")
	shown := showNAT(c, n, "pending")
	return &ec2.CreateNatGatewayOutput{NatGateway: &shown, ClientToken: in.ClientToken}, nil
}

// hasGateway reports whether a VPC has an internet gateway, whoever owns it.
func hasGateway(c *world.Call, vpc string) bool {
	return slices.ContainsFunc(append(gatewaysOf(c), sharedGateways(c)...), func(g gateway) bool { return g.VPC == vpc })
}

func (n natGateway) state() string {
	if n.Failed {
		return "failed"
	}
	return "available"
}

func deleteNatGateway(_ context.Context, c *world.Call, in *ec2.DeleteNatGatewayInput) (*ec2.DeleteNatGatewayOutput, error) {
	id := aws.ToString(in.NatGatewayId)
	if err := allow(c, nil, on(c, "natgateway", id, tagsOf(c, id))); err != nil {
		return nil, err
	}
	if id == "" {
		return nil, missing("natGatewayId")
	}
	n, ok := findNAT(c, id)
	if !ok {
		return nil, noNAT(id)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	natTable.Delete(c.State, keyed(c, id))
	if s, ok := c.Estate().Subnets.Get(n.Subnet); ok {
		c.State.Unuse(subnetARN(s), n.arn())
	}
	freeInterface(c, n.Interface)
	retarget(c, n.VPC, n.ID, estate.RouteBlackhole)
	part(c, natGone, n.ID, n)
	return &ec2.DeleteNatGatewayOutput{NatGatewayId: in.NatGatewayId}, nil
}

func describeNatGateways(_ context.Context, c *world.Call, in *ec2.DescribeNatGatewaysInput) (*ec2.DescribeNatGatewaysOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.NatGateway
	for _, n := range natsOf(c) {
		all = append(all, showNAT(c, n, under(c, n.ID, n.state())))
	}
	partedOf(c, natGone, func(n natGateway, state string) {
		if n.Account == c.Account() && n.Region == c.Region {
			all = append(all, showNAT(c, n, state))
		}
	})
	id := func(n types.NatGateway) string { return aws.ToString(n.NatGatewayId) }
	slices.SortFunc(all, func(a, b types.NatGateway) int { return cmp.Compare(id(a), id(b)) })
	page, next, err := choose(selection{"natGatewayIds", in.NatGatewayIds, in.Filter, in.MaxResults, in.NextToken}, all, id,
		func(n types.NatGateway) attributes {
			return attributes{
				"nat-gateway-id": {id(n)}, "state": {string(n.State)}, "subnet-id": {aws.ToString(n.SubnetId)}, "vpc-id": {aws.ToString(n.VpcId)},
			}.tagged(unlist(n.Tags))
		}, noNAT)
	return &ec2.DescribeNatGatewaysOutput{NatGateways: page, NextToken: next}, err
}

func showNAT(c *world.Call, n natGateway, state string) types.NatGateway {
	out := types.NatGateway{
		NatGatewayId: aws.String(n.ID), VpcId: aws.String(n.VPC), SubnetId: aws.String(n.Subnet), State: types.NatGatewayState(state),
		ConnectivityType: types.ConnectivityTypePrivate, CreateTime: aws.Time(n.Made), Tags: list(tagsOf(c, n.ID)),
	}
	if state == "failed" {
		out.FailureCode, out.FailureMessage = aws.String("Gateway.NotAttached"), aws.String("Network "+n.VPC+" has no Internet gateway attached")
	}
	a := types.NatGatewayAddress{
		NetworkInterfaceId: aws.String(n.Interface), PrivateIp: aws.String(n.Private.String()), IsPrimary: aws.Bool(true), Status: types.NatGatewayAddressStatusSucceeded,
	}
	if n.Allocation != "" {
		out.ConnectivityType = types.ConnectivityTypePublic
		a.AllocationId, a.PublicIp, a.AssociationId = aws.String(n.Allocation), aws.String(n.Public.String()), aws.String(addressAssociation(n.Allocation, n.Interface))
	}
	out.NatGatewayAddresses = []types.NatGatewayAddress{a}
	return out
}
