package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// A VPC's main route table is derived from it until it was changed; tables of
// one's own, and a main one that was changed, stand in the estate (VPC User
// Guide, VPC_Route_Tables.html).

// routeTables are the route tables of a VPC, with the local routes and those of
// its gateway endpoints, by identifier.
func routeTables(c *world.Call, v estate.VPC) []estate.RouteTable {
	all := slices.Collect(c.Estate().RouteTables.By(estate.ByVPC(v.ID)))
	if !slices.ContainsFunc(all, func(t estate.RouteTable) bool { return t.Main }) {
		all = append(all, estate.RouteTable{ID: world.Derived("rtb", v.ID), Account: v.Account, Region: v.Region, VPC: v.ID, Main: true})
	}
	for i := range all {
		all[i].Routes = completeRoutes(c, v, all[i])
	}
	slices.SortFunc(all, func(a, b estate.RouteTable) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// completeRoutes are a table's routes with those that follow from the VPC's
// ranges and its gateway endpoints.
func completeRoutes(c *world.Call, v estate.VPC, t estate.RouteTable) []estate.Route {
	var out []estate.Route
	for _, p := range v.CIDRs {
		out = append(out, estate.Route{To: p, Target: "local", State: estate.RouteActive, Origin: string(types.RouteOriginCreateRouteTable)})
	}
	for _, r := range t.Routes {
		if r.Target == "local" || strings.HasPrefix(r.Target, "vpce-") && r.PrefixList != "" {
			continue
		}
		r.State, r.Origin = cmp.Or(r.State, estate.RouteActive), cmp.Or(r.Origin, string(types.RouteOriginCreateRoute))
		out = append(out, r)
	}
	for p := range c.Estate().Endpoints.By(estate.ByVPC(v.ID)) {
		if p.Type == estate.EndpointGateway && p.State != estate.EndpointDeleting && slices.Contains(p.RouteTables, t.ID) {
			out = append(out, estate.Route{PrefixList: prefixListOf(p.Service), Target: p.ID, State: estate.RouteActive, Origin: string(types.RouteOriginCreateRoute)})
		}
	}
	return out
}

// prefixListOf is the prefix list of a service with gateway endpoints.
func prefixListOf(service string) string { return world.Derived("pl", service) }

// putTable stores a table as whoever reads the estate should see it.
func putTable(c *world.Call, t estate.RouteTable) {
	v, _ := c.Estate().VPCs.Get(t.VPC)
	t.Routes = completeRoutes(c, v, t)
	c.Estate().RouteTables.Put(t)
}

// restoreTables keeps the tables of a VPC that stand in the estate true to its
// ranges.
func restoreTables(c *world.Call, vpc string) {
	for _, t := range slices.Collect(c.Estate().RouteTables.By(estate.ByVPC(vpc))) {
		putTable(c, t)
	}
}

// retarget gives the routes to a target another state; in tables of one VPC, or
// with none of all.
func retarget(c *world.Call, vpc, target, state string) {
	for _, t := range slices.Collect(c.Estate().RouteTables.All()) {
		if vpc != "" && t.VPC != vpc {
			continue
		}
		routes, changed := slices.Clone(t.Routes), false
		for i, r := range routes {
			if r.Target == target && r.State != state {
				routes[i].State, changed = state, true
			}
		}
		if changed {
			t.Routes = routes
			c.Estate().RouteTables.Put(t)
		}
	}
}

func noRouteTable(id string) error { return notFound("RouteTableID", "routeTable", "rtb", id) }

func findRouteTable(c *world.Call, id string) (estate.RouteTable, error) {
	for _, v := range vpcsOf(c) {
		for _, t := range routeTables(c, v) {
			if t.ID == id {
				return t, nil
			}
		}
	}
	for _, v := range sharedVPCs(c) {
		if slices.ContainsFunc(routeTables(c, v), func(t estate.RouteTable) bool { return t.ID == id }) {
			return estate.RouteTable{}, notOwner("routeTable", id)
		}
	}
	return estate.RouteTable{}, noRouteTable(id)
}

// tableTags are a route table's tags, whether it stands in the estate or not.
func tableTags(c *world.Call, t estate.RouteTable) estate.Tags {
	if t.Tags == nil {
		return tagsOf(c, t.ID)
	}
	return t.Tags
}

// allowTable finds a route table and asks for the permission to do the
// operation on it.
func allowTable(c *world.Call, id *string, dryRun *bool) (estate.RouteTable, error) {
	t, err := findRouteTable(c, aws.ToString(id))
	if denied := allow(c, nil, on(c, "route-table", aws.ToString(id), t.Tags)); denied != nil {
		return t, denied
	}
	if aws.ToString(id) == "" {
		return t, missing("routeTableId")
	}
	if err != nil {
		return t, err
	}
	return t, allow(c, dryRun)
}

func createRouteTable(_ context.Context, c *world.Call, in *ec2.CreateRouteTableInput) (*ec2.CreateRouteTableOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeRouteTable)
	if denied := allow(c, nil, creating(c, "route-table", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	v, err := allowVPC(c, in.VpcId, nil)
	if err != nil {
		return nil, err
	}
	if id, again := repeated(c, in.ClientToken); again {
		t, err := findRouteTable(c, id)
		shown := showTable(c, t)
		return &ec2.CreateRouteTableOutput{RouteTable: &shown, ClientToken: in.ClientToken}, err
	}
	if c.World.Limits && len(routeTables(c, v)) >= tablesPerVPC {
		return nil, fail("RouteTableLimitExceeded", "The maximum number of route tables has been reached.")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t := estate.RouteTable{ID: newID(c, "rtb"), Account: c.Account(), Region: c.Region, VPC: v.ID, Tags: tags}
	putTable(c, t)
	remember(c, in.ClientToken, t.ID)
	t, _ = findRouteTable(c, t.ID)
	shown := showTable(c, t)
	return &ec2.CreateRouteTableOutput{RouteTable: &shown, ClientToken: in.ClientToken}, nil
}

func deleteRouteTable(_ context.Context, c *world.Call, in *ec2.DeleteRouteTableInput) (*ec2.DeleteRouteTableOutput, error) {
	t, err := allowTable(c, in.RouteTableId, in.DryRun)
	if err != nil {
		return nil, err
	}
	if t.Main || len(t.Subnets) > 0 {
		return nil, fail("DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted.", t.ID)
	}
	c.Estate().RouteTables.Delete(t.ID)
	return &ec2.DeleteRouteTableOutput{}, nil
}

// tableAssociation is the identifier of a table's association with a subnet, or
// as the main one with its VPC.
func tableAssociation(table, with string) string {
	return world.Derived("rtbassoc", table+"/"+with)
}

// associatedTable finds an association: its table, and the subnet, none of the
// main one.
func associatedTable(c *world.Call, id *string) (t estate.RouteTable, subnet string, err error) {
	for _, v := range vpcsOf(c) {
		for _, t := range routeTables(c, v) {
			if t.Main && tableAssociation(t.ID, v.ID) == aws.ToString(id) {
				return t, "", nil
			}
			for _, s := range t.Subnets {
				if tableAssociation(t.ID, s) == aws.ToString(id) {
					return t, s, nil
				}
			}
		}
	}
	return t, "", fail("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", aws.ToString(id))
}

func associateRouteTable(_ context.Context, c *world.Call, in *ec2.AssociateRouteTableInput) (*ec2.AssociateRouteTableOutput, error) {
	t, err := allowTable(c, in.RouteTableId, nil)
	if err != nil {
		return nil, err
	}
	if in.GatewayId != nil || in.PublicIpv4Pool != nil {
		return nil, c.Unsupported("GatewayId")
	}
	s, err := allowSubnet(c, in.SubnetId, in.DryRun)
	if err != nil {
		return nil, err
	}
	if s.VPC != t.VPC {
		return nil, fail("InvalidParameterValue", "Route table %s and subnet %s belong to different networks", t.ID, s.ID)
	}
	for o := range c.Estate().RouteTables.By(estate.ByVPC(s.VPC)) {
		if o.ID != t.ID && slices.Contains(o.Subnets, s.ID) {
			return nil, fail("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", o.ID)
		}
	}
	if !slices.Contains(t.Subnets, s.ID) {
		t.Subnets = append(slices.Clone(t.Subnets), s.ID)
		adopt(c, t)
	}
	return &ec2.AssociateRouteTableOutput{
		AssociationId:    aws.String(tableAssociation(t.ID, s.ID)),
		AssociationState: &types.RouteTableAssociationState{State: types.RouteTableAssociationStateCodeAssociated},
	}, nil
}

// adopt stores a table that was changed; a derived one takes its tags with it.
func adopt(c *world.Call, t estate.RouteTable) {
	t.Tags = tableTags(c, t)
	tagTable.Delete(c.State, t.ID)
	putTable(c, t)
}

func disassociateRouteTable(_ context.Context, c *world.Call, in *ec2.DisassociateRouteTableInput) (*ec2.DisassociateRouteTableOutput, error) {
	t, subnet, err := associatedTable(c, in.AssociationId)
	if denied := allow(c, nil, on(c, "route-table", cmp.Or(t.ID, "*"), t.Tags)); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	if subnet == "" {
		return nil, fail("InvalidParameterValue", "cannot disassociate the main route table association %s", aws.ToString(in.AssociationId))
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t.Subnets = without(t.Subnets, subnet)
	adopt(c, t)
	return &ec2.DisassociateRouteTableOutput{}, nil
}

// without is a list without one of its entries.
func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(o string) bool { return o == s })
}

// replaceRouteTableAssociation moves a subnet to another table, or makes another
// table the main one (API_ReplaceRouteTableAssociation).
func replaceRouteTableAssociation(_ context.Context, c *world.Call, in *ec2.ReplaceRouteTableAssociationInput) (*ec2.ReplaceRouteTableAssociationOutput, error) {
	to, err := allowTable(c, in.RouteTableId, nil)
	if err != nil {
		return nil, err
	}
	from, subnet, err := associatedTable(c, in.AssociationId)
	if err != nil {
		return nil, err
	}
	if from.VPC != to.VPC {
		return nil, fail("InvalidParameterValue", "Route table %s and network %s belong to different networks", to.ID, from.VPC)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	with := cmp.Or(subnet, to.VPC)
	if from.ID != to.ID {
		if subnet == "" {
			from.Main, to.Main = false, true
		} else {
			from.Subnets, to.Subnets = without(from.Subnets, subnet), append(slices.Clone(to.Subnets), subnet)
		}
		adopt(c, from)
		adopt(c, to)
	}
	return &ec2.ReplaceRouteTableAssociationOutput{
		NewAssociationId: aws.String(tableAssociation(to.ID, with)),
		AssociationState: &types.RouteTableAssociationState{State: types.RouteTableAssociationStateCodeAssociated},
	}, nil
}

// routeAsk is what CreateRoute and ReplaceRoute have in common.
type routeAsk struct {
	cidr, cidr6, list                               *string
	gateway, nat, transit, peering, iface, instance *string
	local                                           *bool
	unsupported                                     bool
}

// destination is the route's range or prefix list, in canonical form.
func destination(cidr, cidr6, list *string) (estate.Route, string, error) {
	if aws.ToString(list) != "" {
		return estate.Route{PrefixList: *list}, *list, nil
	}
	given := cmp.Or(aws.ToString(cidr), aws.ToString(cidr6))
	if given == "" {
		return estate.Route{}, "", missing("destinationCidrBlock")
	}
	p, err := netip.ParsePrefix(given)
	if err != nil || p.Addr().Is4() != (aws.ToString(cidr) != "") {
		return estate.Route{}, "", fail("InvalidParameterValue", "Value (%s) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", given)
	}
	return estate.Route{To: p.Masked()}, p.Masked().String(), nil
}

// route judges the target of a route for a table (API_CreateRoute).
func (a routeAsk) route(c *world.Call, t estate.RouteTable) (r estate.Route, to string, err error) {
	r, to, err = destination(a.cidr, a.cidr6, a.list)
	if err != nil {
		return r, to, err
	}
	if r.PrefixList != "" {
		return r, to, c.Unsupported("DestinationPrefixListId")
	}
	if a.unsupported {
		return r, to, c.Unsupported("a route's target other than a gateway, Transit Gateway, peering connection or network interface")
	}
	r.State, r.Origin = estate.RouteActive, string(types.RouteOriginCreateRoute)
	var targets []string
	for _, id := range []*string{a.gateway, a.nat, a.transit, a.peering, a.iface, a.instance} {
		if aws.ToString(id) != "" {
			targets = append(targets, *id)
		}
	}
	if aws.ToBool(a.local) {
		targets = append(targets, "local")
	}
	switch {
	case len(targets) == 0:
		return r, to, missing("gatewayId")
	case len(targets) > 1:
		return r, to, fail("InvalidParameterCombination", "The request may contain only one target of the route.")
	}
	r.Target = targets[0]
	v, _ := c.Estate().VPCs.Get(t.VPC)
	apart := func(noun string) error {
		return fail("InvalidParameterValue", "route table %s and %s %s belong to different networks", t.ID, noun, r.Target)
	}
	switch {
	case a.gateway != nil && strings.HasPrefix(r.Target, "igw-"):
		if g, err := findGateway(c, r.Target); err != nil {
			return r, to, fail("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", r.Target)
		} else if g.VPC != t.VPC {
			return r, to, apart("network gateway")
		}
	case a.gateway != nil && r.Target != "local":
		return r, to, fail("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", r.Target)
	case a.nat != nil:
		n, ok := findNAT(c, r.Target)
		if !ok {
			return r, to, fail("InvalidNatGatewayID.NotFound", "The natGateway ID '%s' does not exist", r.Target)
		}
		if n.VPC != t.VPC {
			return r, to, apart("nat gateway")
		}
	case a.transit != nil:
		// A gateway that the VPC is not attached to is as good as none.
		if !attachedTo(c, t.VPC, r.Target) {
			return r, to, fail("InvalidTransitGatewayID.NotFound", "The transitGateway ID '%s' does not exist.", r.Target)
		}
	case a.peering != nil:
		p, ok := c.Estate().Peerings.Get(r.Target)
		if !ok || p.Requester.VPC != t.VPC && p.Accepter.VPC != t.VPC {
			return r, to, fail("InvalidVpcPeeringConnectionID.NotFound", "The vpcPeeringConnection ID '%s' does not exist", r.Target)
		}
		if p.State != estate.PeeringActive {
			r.State = estate.RouteBlackhole // until it is accepted (Peering Guide, vpc-peering-routing.html)
		}
	case a.iface != nil || a.instance != nil:
		i, ok := instanceBehind(c, r.Target)
		if !ok && a.iface != nil {
			return r, to, fail("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", r.Target)
		}
		if !ok {
			return r, to, noInstance(r.Target)
		}
		if i.VPC != t.VPC {
			return r, to, apart("interface")
		}
		r.Target = i.Interface
	}
	// A range inside the VPC's may go to a middlebox alone (VPC User Guide,
	// RouteTables.html).
	inside := slices.ContainsFunc(v.CIDRs, func(p netip.Prefix) bool { return p.Contains(r.To.Addr()) && p.Bits() < r.To.Bits() })
	if inside && a.nat == nil && a.iface == nil && a.instance == nil && r.Target != "local" {
		return r, to, fail("InvalidParameterValue", "Route target is not supported. This VPC CIDR's more specific route only supports local, NAT, NIC, GWLBE target.")
	}
	return r, to, nil
}

// routeIndex is where a table has a route to a destination, -1 when it has none.
func routeIndex(t estate.RouteTable, r estate.Route) int {
	return slices.IndexFunc(t.Routes, func(o estate.Route) bool { return o.To == r.To && o.PrefixList == r.PrefixList })
}

func createRoute(_ context.Context, c *world.Call, in *ec2.CreateRouteInput) (*ec2.CreateRouteOutput, error) {
	t, err := allowTable(c, in.RouteTableId, nil)
	if err != nil {
		return nil, err
	}
	r, to, err := routeAsk{
		cidr: in.DestinationCidrBlock, cidr6: in.DestinationIpv6CidrBlock, list: in.DestinationPrefixListId,
		gateway: in.GatewayId, nat: in.NatGatewayId, transit: in.TransitGatewayId, peering: in.VpcPeeringConnectionId,
		iface: in.NetworkInterfaceId, instance: in.InstanceId,
		unsupported: in.CarrierGatewayId != nil || in.CoreNetworkArn != nil || in.EgressOnlyInternetGatewayId != nil || in.LocalGatewayId != nil || in.OdbNetworkArn != nil || in.VpcEndpointId != nil,
	}.route(c, t)
	if err != nil {
		return nil, err
	}
	if i := routeIndex(t, r); i >= 0 {
		if t.Routes[i].Target == r.Target {
			return &ec2.CreateRouteOutput{Return: aws.Bool(true)}, allow(c, in.DryRun) // as it is already
		}
		return nil, fail("RouteAlreadyExists", "The route identified by %s already exists.", to)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t.Routes = append(slices.Clone(t.Routes), r)
	adopt(c, t)
	return &ec2.CreateRouteOutput{Return: aws.Bool(true)}, nil
}

func replaceRoute(_ context.Context, c *world.Call, in *ec2.ReplaceRouteInput) (*ec2.ReplaceRouteOutput, error) {
	t, err := allowTable(c, in.RouteTableId, nil)
	if err != nil {
		return nil, err
	}
	r, to, err := routeAsk{
		cidr: in.DestinationCidrBlock, cidr6: in.DestinationIpv6CidrBlock, list: in.DestinationPrefixListId,
		gateway: in.GatewayId, nat: in.NatGatewayId, transit: in.TransitGatewayId, peering: in.VpcPeeringConnectionId,
		iface: in.NetworkInterfaceId, instance: in.InstanceId, local: in.LocalTarget,
		unsupported: in.CarrierGatewayId != nil || in.CoreNetworkArn != nil || in.EgressOnlyInternetGatewayId != nil || in.LocalGatewayId != nil || in.OdbNetworkArn != nil || in.VpcEndpointId != nil,
	}.route(c, t)
	if err != nil {
		return nil, err
	}
	i := routeIndex(t, r)
	switch {
	case i < 0:
		return nil, fail("InvalidParameterValue", "There is no route defined for '%s' in the route table. Use CreateRoute instead.", to)
	case t.Routes[i].Target == "local" && r.Target != "local":
		return nil, c.Unsupported("another target of the local route")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t.Routes = slices.Clone(t.Routes)
	t.Routes[i] = r
	adopt(c, t)
	return &ec2.ReplaceRouteOutput{}, nil
}

func deleteRoute(_ context.Context, c *world.Call, in *ec2.DeleteRouteInput) (*ec2.DeleteRouteOutput, error) {
	t, err := allowTable(c, in.RouteTableId, nil)
	if err != nil {
		return nil, err
	}
	r, to, err := destination(in.DestinationCidrBlock, in.DestinationIpv6CidrBlock, in.DestinationPrefixListId)
	if err != nil {
		return nil, err
	}
	i := routeIndex(t, r)
	switch {
	case i < 0:
		return nil, fail("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", to, t.ID)
	case t.Routes[i].Target == "local":
		return nil, fail("InvalidParameterValue", "cannot remove local route %s in route table %s", to, t.ID)
	case t.Routes[i].PrefixList != "":
		return nil, fail("InvalidParameterValue", "cannot remove VPC endpoint route %s in route table %s", to, t.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t.Routes = slices.Delete(slices.Clone(t.Routes), i, i+1)
	adopt(c, t)
	return &ec2.DeleteRouteOutput{}, nil
}

func describeRouteTables(_ context.Context, c *world.Call, in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.RouteTable
	for _, v := range visibleVPCs(c) {
		for _, t := range routeTables(c, v) {
			if shown := showTable(c, t); v.Account == c.Account() || len(shown.Associations) > 0 {
				all = append(all, shown)
			}
		}
	}
	id := func(t types.RouteTable) string { return aws.ToString(t.RouteTableId) }
	slices.SortFunc(all, func(a, b types.RouteTable) int { return cmp.Compare(id(a), id(b)) })
	page, next, err := choose(selection{"routeTableIds", in.RouteTableIds, in.Filters, in.MaxResults, in.NextToken}, all, id,
		tableAttributes, noRouteTable)
	return &ec2.DescribeRouteTablesOutput{RouteTables: page, NextToken: next}, err
}

// tableAttributes are the filters of API_DescribeRouteTables.
func tableAttributes(t types.RouteTable) attributes {
	out := attributes{
		"association.gateway-id": nil, "association.route-table-association-id": nil, "association.route-table-id": nil,
		"association.subnet-id": nil, "association.main": nil, "owner-id": {aws.ToString(t.OwnerId)},
		"route-table-id": {aws.ToString(t.RouteTableId)}, "vpc-id": {aws.ToString(t.VpcId)},
		"route.destination-cidr-block": nil, "route.destination-ipv6-cidr-block": nil, "route.destination-prefix-list-id": nil,
		"route.egress-only-internet-gateway-id": nil, "route.gateway-id": nil, "route.instance-id": nil, "route.nat-gateway-id": nil,
		"route.transit-gateway-id": nil, "route.origin": nil, "route.state": nil, "route.vpc-peering-connection-id": nil,
	}
	add := func(name string, v *string) {
		if v != nil {
			out[name] = append(out[name], *v)
		}
	}
	for _, a := range t.Associations {
		add("association.route-table-association-id", a.RouteTableAssociationId)
		add("association.route-table-id", a.RouteTableId)
		add("association.subnet-id", a.SubnetId)
		out["association.main"] = append(out["association.main"], yes(*a.Main)...)
	}
	for _, r := range t.Routes {
		add("route.destination-cidr-block", r.DestinationCidrBlock)
		add("route.destination-ipv6-cidr-block", r.DestinationIpv6CidrBlock)
		add("route.destination-prefix-list-id", r.DestinationPrefixListId)
		add("route.gateway-id", r.GatewayId)
		add("route.instance-id", r.InstanceId)
		add("route.nat-gateway-id", r.NatGatewayId)
		add("route.transit-gateway-id", r.TransitGatewayId)
		add("route.vpc-peering-connection-id", r.VpcPeeringConnectionId)
		add("route.origin", aws.String(string(r.Origin)))
		add("route.state", aws.String(string(r.State)))
	}
	return out.tagged(unlist(t.Tags))
}

func showTable(c *world.Call, t estate.RouteTable) types.RouteTable {
	out := types.RouteTable{RouteTableId: aws.String(t.ID), VpcId: aws.String(t.VPC), OwnerId: aws.String(string(t.Account))}
	if t.Account == c.Account() {
		out.Tags = list(tableTags(c, t))
	}
	add := func(with string, subnet *string) {
		out.Associations = append(out.Associations, types.RouteTableAssociation{
			Main: aws.Bool(subnet == nil), RouteTableId: aws.String(t.ID), SubnetId: subnet, RouteTableAssociationId: aws.String(tableAssociation(t.ID, with)),
			AssociationState: &types.RouteTableAssociationState{State: types.RouteTableAssociationStateCodeAssociated},
		})
	}
	if t.Main {
		add(t.VPC, nil)
	}
	for _, s := range t.Subnets {
		if t.Account == c.Account() || sharesSubnet(c, s) {
			add(s, aws.String(s))
		}
	}
	for _, r := range t.Routes {
		out.Routes = append(out.Routes, showRoute(c, r))
	}
	return out
}

// sharesSubnet reports whether a subnet is shared with the caller.
func sharesSubnet(c *world.Call, id string) bool {
	return slices.ContainsFunc(sharedSubnets(c), func(s estate.Subnet) bool { return s.ID == id })
}

func showRoute(c *world.Call, r estate.Route) types.Route {
	out := types.Route{Origin: types.RouteOrigin(r.Origin), State: types.RouteState(r.State), DestinationPrefixListId: word(r.PrefixList)}
	switch {
	case r.PrefixList != "":
	case isSix(r.To):
		out.DestinationIpv6CidrBlock = aws.String(r.To.String())
	default:
		out.DestinationCidrBlock = aws.String(r.To.String())
	}
	target := aws.String(r.Target)
	switch kind, _, _ := strings.Cut(r.Target, "-"); kind {
	case "nat":
		out.NatGatewayId = target
	case "tgw":
		out.TransitGatewayId = target
	case "pcx":
		out.VpcPeeringConnectionId = target
	case "eni":
		out.NetworkInterfaceId = target
		if i, ok := instanceBehind(c, r.Target); ok {
			out.InstanceId, out.InstanceOwnerId = aws.String(i.ID), aws.String(string(i.Account))
		}
	default: // local, an internet gateway, a gateway endpoint
		out.GatewayId = target
	}
	return out
}
