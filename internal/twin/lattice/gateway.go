package lattice

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// defaultPerENI is how many IPv4 addresses a network interface of a gateway has
// unless it is said (resource-gateway.html, "IPv4 addresses per ENI").
const defaultPerENI = 16

// createResourceGateway makes a resource gateway in a VPC of the caller's; its name
// is unique in the account (create-resource-gateway.html).
func createResourceGateway(_ context.Context, c *world.Call, in *vpclattice.CreateResourceGatewayInput) (*vpclattice.CreateResourceGatewayOutput, error) {
	tags := estate.Tags(in.Tags)
	if err := may(c, estate.LatticeARN(c.Account(), c.Region, kindGateway, "*"), conditions(nil, tags)); err != nil {
		return nil, err
	}
	id, err := repeated(c, in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	g, ok := c.Estate().LatticeGateways.Get(arnOf(c, kindGateway, &id))
	if !ok {
		if g, err = newGateway(c, in); err != nil {
			return nil, err
		}
		remember(c, in.ClientToken, in, g.ID)
		c.TagsChanged(g.ARN, nil, g.Tags)
	}
	return &vpclattice.CreateResourceGatewayOutput{
		Arn: &g.ARN, Id: &g.ID, Name: &g.Name, Status: types.ResourceGatewayStatus(g.Status), VpcIdentifier: &g.VPC, SubnetIds: g.Subnets, SecurityGroupIds: g.Groups,
		IpAddressType: types.ResourceGatewayIpAddressType(g.IPType), Ipv4AddressesPerEni: moreOf(c, g.ARN).perENI, ResourceConfigDnsResolution: types.ResourceConfigDnsResolution(g.Resolution),
	}, nil
}

func newGateway(c *world.Call, in *vpclattice.CreateResourceGatewayInput) (estate.LatticeGateway, error) {
	e := c.Estate()
	g := estate.LatticeGateway{
		Name: aws.ToString(in.Name), Account: c.Account(), Region: c.Region, VPC: aws.ToString(in.VpcIdentifier), Subnets: in.SubnetIds, Groups: in.SecurityGroupIds,
		IPType: string(cmp.Or(in.IpAddressType, types.ResourceGatewayIpAddressTypeIpv4)), Resolution: string(cmp.Or(in.ResourceConfigDnsResolution, types.ResourceConfigDnsResolutionPublic)),
		Status: estate.LatticeCreating, Created: c.Now, Tags: estate.Tags(in.Tags).With(nil),
	}
	if err := checkTags(g.Tags); err != nil {
		return g, err
	}
	if old, ok := estate.First(e.LatticeGateways.By(estate.ByLatticeName(g.Account, g.Region, g.Name))); ok {
		return g, conflict("RESOURCE_GATEWAY", old.ID, "ResourceGateway with name %s already exists.", g.Name)
	}
	if err := checkPlace(c, g); err != nil {
		return g, err
	}
	if err := over(c, e.LatticeGateways.By(estate.ByVPC(g.VPC)), gateways); err != nil {
		return g, err
	}
	g.ID = newID(c, "rgw", g.Name, func(id string) bool {
		g.ARN = estate.LatticeARN(g.Account, g.Region, kindGateway, id)
		_, taken := e.LatticeGateways.Get(g.ARN)
		return taken
	})
	m := more{updated: c.Now}
	if g.IPType != string(types.ResourceGatewayIpAddressTypeIpv6) {
		m.perENI = aws.Int32(cmp.Or(aws.ToInt32(in.Ipv4AddressesPerEni), defaultPerENI))
	}
	moreTable.Put(c.State, g.ARN, m)
	settleGateway(c, g, estate.LatticeActive)
	return g, nil
}

// checkPlace holds a gateway to a VPC of the caller's with its subnets and groups,
// none of them shared (PrivateLink guide, resource-gateway.html, "Considerations"),
// and to address types that all subnets have: those of IPv6 alone there are none
// here. A VPC and a subnet must be named; no page says so, the model does not.
func checkPlace(c *world.Call, g estate.LatticeGateway) error {
	if g.VPC == "" || len(g.Subnets) == 0 {
		return &world.Undocumented{Rule: "lattice.codes", Err: invalid("vpcIdentifier", "The VPC and its subnets must be given.")}
	}
	v, ok := c.Estate().VPCs.Get(g.VPC)
	if !ok || v.Account != g.Account || v.Region != g.Region {
		return missing("VPC", g.VPC)
	}
	for _, id := range g.Subnets {
		s, ok := c.Estate().Subnets.Get(id)
		switch {
		case !ok || s.VPC != g.VPC:
			return missing("SUBNET", id)
		case g.IPType == string(types.ResourceGatewayIpAddressTypeIpv6), g.IPType == string(types.ResourceGatewayIpAddressTypeDualstack) && !s.CIDR6.IsValid():
			return invalid("ipAddressType", "Subnet %s does not support the address type %s.", id, g.IPType)
		}
	}
	return checkGroups(c, g.VPC, g.Groups)
}

func settleGateway(c *world.Call, g estate.LatticeGateway, to string) {
	c.Estate().LatticeGateways.Put(g)
	c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterLatticeGateway, ID: g.ARN, From: g.Status, To: to})
}

// gateway finds a resource gateway that the caller may do the operation on.
func gateway(c *world.Call, identifier *string) (estate.LatticeGateway, error) {
	arn := arnOf(c, kindGateway, identifier)
	g, ok := c.Estate().LatticeGateways.Get(arn)
	if err := may(c, arn, conditions(g.Tags, nil)); err != nil {
		return g, err
	}
	if !ok || g.Region != c.Region {
		return g, missing("RESOURCE_GATEWAY", idOf(arn))
	}
	return g, nil
}

func getResourceGateway(_ context.Context, c *world.Call, in *vpclattice.GetResourceGatewayInput) (*vpclattice.GetResourceGatewayOutput, error) {
	g, err := gateway(c, in.ResourceGatewayIdentifier)
	if err != nil {
		return nil, err
	}
	s := gatewaySummary(c, g)
	return &vpclattice.GetResourceGatewayOutput{
		Arn: s.Arn, Id: s.Id, Name: s.Name, Status: s.Status, VpcId: s.VpcIdentifier, SubnetIds: s.SubnetIds, SecurityGroupIds: s.SecurityGroupIds, IpAddressType: s.IpAddressType,
		Ipv4AddressesPerEni: s.Ipv4AddressesPerEni, ResourceConfigDnsResolution: s.ResourceConfigDnsResolution, CreatedAt: s.CreatedAt, LastUpdatedAt: s.LastUpdatedAt, ServiceManaged: aws.Bool(false),
	}, nil
}

func gatewaySummary(c *world.Call, g estate.LatticeGateway) types.ResourceGatewaySummary {
	m := moreOf(c, g.ARN)
	return types.ResourceGatewaySummary{
		Arn: &g.ARN, Id: &g.ID, Name: &g.Name, Status: types.ResourceGatewayStatus(g.Status), VpcIdentifier: &g.VPC, SubnetIds: g.Subnets, SecurityGroupIds: g.Groups,
		IpAddressType: types.ResourceGatewayIpAddressType(g.IPType), Ipv4AddressesPerEni: m.perENI, ResourceConfigDnsResolution: types.ResourceConfigDnsResolution(g.Resolution),
		CreatedAt: at(g.Created), LastUpdatedAt: at(m.updated),
	}
}

func listResourceGateways(_ context.Context, c *world.Call, in *vpclattice.ListResourceGatewaysInput) (*vpclattice.ListResourceGatewaysOutput, error) {
	if err := c.Authorize("vpc-lattice:ListResourceGateways", "*", nil); err != nil {
		return nil, err
	}
	all, next, err := page(visible(c, c.Estate().LatticeGateways, kindGateway), estate.LatticeGateway.Key, in.MaxResults, in.NextToken)
	out := &vpclattice.ListResourceGatewaysOutput{NextToken: next}
	for _, g := range all {
		out.Items = append(out.Items, gatewaySummary(c, g))
	}
	return out, err
}

// updateResourceGateway changes the security groups, and nothing else
// (API_UpdateResourceGateway).
func updateResourceGateway(_ context.Context, c *world.Call, in *vpclattice.UpdateResourceGatewayInput) (*vpclattice.UpdateResourceGatewayOutput, error) {
	g, err := gateway(c, in.ResourceGatewayIdentifier)
	if err != nil {
		return nil, err
	}
	if g.Status != estate.LatticeActive {
		return nil, conflict("RESOURCE_GATEWAY", g.ID, "ResourceGateway %s is %s.", g.ID, g.Status)
	}
	if err := checkGroups(c, g.VPC, in.SecurityGroupIds); err != nil {
		return nil, err
	}
	g.Groups, g.Status = in.SecurityGroupIds, estate.LatticeUpdating
	settleGateway(c, g, estate.LatticeActive)
	m := moreOf(c, g.ARN)
	m.updated = c.Now
	moreTable.Put(c.State, g.ARN, m)
	return &vpclattice.UpdateResourceGatewayOutput{
		Arn: &g.ARN, Id: &g.ID, Name: &g.Name, Status: types.ResourceGatewayStatus(g.Status), VpcId: &g.VPC, SubnetIds: g.Subnets, SecurityGroupIds: g.Groups, IpAddressType: types.IpAddressType(g.IPType),
	}, nil
}

// deleteResourceGateway deletes a gateway behind which there are no resource
// configurations (delete-resource-gateway.html).
func deleteResourceGateway(_ context.Context, c *world.Call, in *vpclattice.DeleteResourceGatewayInput) (*vpclattice.DeleteResourceGatewayOutput, error) {
	g, err := gateway(c, in.ResourceGatewayIdentifier)
	if err != nil {
		return nil, err
	}
	if g.Status != estate.LatticeDeleting {
		if _, used := estate.First(c.Estate().LatticeResources.By(estate.ByMember(g.ARN))); used {
			return nil, conflict("RESOURCE_GATEWAY", g.ID, "ResourceGateway %s has resource configuration(s) associated.", g.ID)
		}
		g.Status = estate.LatticeDeleting
		settleGateway(c, g, "")
		forget(c, g.ARN)
	}
	return &vpclattice.DeleteResourceGatewayOutput{Arn: &g.ARN, Id: &g.ID, Name: &g.Name, Status: types.ResourceGatewayStatus(g.Status)}, nil
}
