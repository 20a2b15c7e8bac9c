package ec2

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// gatewayTable holds the internet gateways by owner, Region and identifier.
var gatewayTable = world.Private[gateway]{Name: "ec2.internetGateways"}

type gateway struct{ ID, VPC string }

func gatewaysOf(c *world.Call) []gateway {
	var out []gateway
	gatewayTable.Walk(c.State, place(c), func(_ string, g gateway) bool {
		out = append(out, g)
		return true
	})
	// An estate holds no internet gateways; one that a route goes to is there,
	// and attached.
	for t := range c.Estate().RouteTables.By(estate.ByRegion(c.Account(), c.Region)) {
		for _, r := range t.Routes {
			named := func(g gateway) bool { return g.ID == r.Target }
			if strings.HasPrefix(r.Target, "igw-") && r.State != estate.RouteBlackhole && !slices.ContainsFunc(out, named) {
				out = append(out, gateway{ID: r.Target, VPC: t.VPC})
			}
		}
	}
	slices.SortFunc(out, func(a, b gateway) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func noGateway(id string) error {
	return notFound("InternetGatewayID", "internetGateway", "igw", id)
}

func findGateway(c *world.Call, id string) (gateway, error) {
	all := gatewaysOf(c)
	if i := slices.IndexFunc(all, func(g gateway) bool { return g.ID == id }); i >= 0 {
		return all[i], nil
	}
	return gateway{}, noGateway(id)
}

func createInternetGateway(_ context.Context, c *world.Call, in *ec2.CreateInternetGatewayInput) (*ec2.CreateInternetGatewayOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeInternetGateway)
	if denied := allow(c, in.DryRun, creating(c, "internet-gateway", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	if c.World.Limits && len(gatewaysOf(c)) >= gatewaysRegion {
		return nil, fail("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.")
	}
	g := gateway{ID: newID(c, "igw")}
	gatewayTable.Put(c.State, keyed(c, g.ID), g)
	tagTable.Put(c.State, g.ID, tags)
	made := showGateway(c, g)
	return &ec2.CreateInternetGatewayOutput{InternetGateway: &made}, nil
}

// mappedIn reports whether an elastic IP belongs to an interface of a VPC.
func mappedIn(c *world.Call, a address, vpc string) bool {
	i, ok := instanceBehind(c, a.Interface)
	return ok && i.VPC == vpc || slices.ContainsFunc(natsOf(c), func(n natGateway) bool { return n.Interface == a.Interface && n.VPC == vpc })
}

// allowGateway finds a gateway and asks for the permission to do the operation
// on it.
func allowGateway(c *world.Call, id *string, dryRun *bool) (gateway, error) {
	want := aws.ToString(id)
	if err := allow(c, nil, on(c, "internet-gateway", want, tagsOf(c, want))); err != nil {
		return gateway{}, err
	}
	if want == "" {
		return gateway{}, missing("internetGatewayId")
	}
	g, err := findGateway(c, want)
	if err != nil {
		return gateway{}, err
	}
	return g, allow(c, dryRun)
}

func deleteInternetGateway(_ context.Context, c *world.Call, in *ec2.DeleteInternetGatewayInput) (*ec2.DeleteInternetGatewayOutput, error) {
	g, err := allowGateway(c, in.InternetGatewayId, in.DryRun)
	if err != nil {
		return nil, err
	}
	if g.VPC != "" {
		return nil, fail("DependencyViolation", "The internetGateway '%s' has dependencies and cannot be deleted.", g.ID)
	}
	gatewayTable.Delete(c.State, keyed(c, g.ID))
	tagTable.Delete(c.State, g.ID)
	return &ec2.DeleteInternetGatewayOutput{}, nil
}

func attachInternetGateway(_ context.Context, c *world.Call, in *ec2.AttachInternetGatewayInput) (*ec2.AttachInternetGatewayOutput, error) {
	g, err := allowGateway(c, in.InternetGatewayId, nil)
	if err != nil {
		return nil, err
	}
	v, err := allowVPC(c, in.VpcId, in.DryRun)
	if err != nil {
		return nil, err
	}
	if g.VPC != "" {
		return nil, fail("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.ID, g.VPC)
	}
	if slices.ContainsFunc(gatewaysOf(c), func(o gateway) bool { return o.VPC == v.ID }) {
		return nil, fail("InvalidParameterValue", "Network %s already has an internet gateway attached", v.ID)
	}
	g.VPC = v.ID
	retarget(c, v.ID, g.ID, estate.RouteActive)
	gatewayTable.Put(c.State, keyed(c, g.ID), g)
	return &ec2.AttachInternetGatewayOutput{}, nil
}

func detachInternetGateway(_ context.Context, c *world.Call, in *ec2.DetachInternetGatewayInput) (*ec2.DetachInternetGatewayOutput, error) {
	g, err := allowGateway(c, in.InternetGatewayId, nil)
	if err != nil {
		return nil, err
	}
	v, err := allowVPC(c, in.VpcId, in.DryRun)
	if err != nil {
		return nil, err
	}
	if g.VPC != v.ID {
		return nil, fail("Gateway.NotAttached", "resource %s is not attached to network %s", g.ID, v.ID)
	}
	for _, a := range addressesOf(c) {
		if mappedIn(c, a, v.ID) {
			return nil, fail("DependencyViolation", "Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", v.ID)
		}
	}
	g.VPC = ""
	retarget(c, v.ID, g.ID, estate.RouteBlackhole)
	gatewayTable.Put(c.State, keyed(c, g.ID), g)
	return &ec2.DetachInternetGatewayOutput{}, nil
}

func describeInternetGateways(_ context.Context, c *world.Call, in *ec2.DescribeInternetGatewaysInput) (*ec2.DescribeInternetGatewaysOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	all := append(gatewaysOf(c), sharedGateways(c)...)
	slices.SortFunc(all, func(a, b gateway) int { return cmp.Compare(a.ID, b.ID) })
	page, next, err := choose(selection{"internetGatewayIds", in.InternetGatewayIds, in.Filters, in.MaxResults, in.NextToken}, all,
		func(g gateway) string { return g.ID },
		func(g gateway) attributes {
			a := attributes{
				"attachment.state": nil, "attachment.vpc-id": nil, "internet-gateway-id": {g.ID}, "owner-id": {gatewayOwner(c, g)},
			}
			if g.VPC != "" {
				a["attachment.state"], a["attachment.vpc-id"] = []string{"available"}, []string{g.VPC}
			}
			return a.tagged(tagsBy(c, gatewayOwner(c, g), g.ID))
		}, noGateway)
	out := &ec2.DescribeInternetGatewaysOutput{NextToken: next}
	for _, g := range page {
		out.InternetGateways = append(out.InternetGateways, showGateway(c, g))
	}
	return out, err
}

func showGateway(c *world.Call, g gateway) types.InternetGateway {
	out := types.InternetGateway{
		InternetGatewayId: aws.String(g.ID), OwnerId: aws.String(gatewayOwner(c, g)), Tags: list(tagsBy(c, gatewayOwner(c, g), g.ID)),
	}
	if g.VPC != "" {
		// EC2 says "available" here, which the enumeration does not have.
		out.Attachments = []types.InternetGatewayAttachment{{State: "available", VpcId: aws.String(g.VPC)}}
	}
	return out
}
