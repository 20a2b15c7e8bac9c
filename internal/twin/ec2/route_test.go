package ec2

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// refuses calls a handler that has to refuse with a code; "" wants success.
func refuses[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I, want string) {
	t.Helper()
	_, err := worldtest.Do(cl, h, in)
	if got, _, _ := strings.Cut(code(err), ":"); got != want {
		t.Errorf("%T: got %q, want %q", in, code(err), want)
	}
}

func table(t *testing.T, cl worldtest.Client, id string) types.RouteTable {
	t.Helper()
	return must(t, cl, describeRouteTables, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{id}}).RouteTables[0]
}

// stateOfRoute is the state of a table's route to a range, "" without one.
func stateOfRoute(t *testing.T, cl worldtest.Client, id, to string) types.RouteState {
	t.Helper()
	for _, r := range table(t, cl, id).Routes {
		if aws.ToString(r.DestinationCidrBlock) == to {
			return r.State
		}
	}
	return ""
}

// TestRoutes: API_CreateRoute, API_ReplaceRoute, API_DeleteRoute.
func TestRoutes(t *testing.T) {
	cl, _ := worldtest.New()
	vpc, other := makeVPC(t, cl, "10.0.0.0/16"), makeVPC(t, cl, "10.1.0.0/16")
	id := *must(t, cl, createRouteTable, &ec2.CreateRouteTableInput{VpcId: &vpc}).RouteTable.RouteTableId
	igw := *must(t, cl, createInternetGateway, &ec2.CreateInternetGatewayInput{}).InternetGateway.InternetGatewayId
	route := func(to string, set func(*ec2.CreateRouteInput)) *ec2.CreateRouteInput {
		in := &ec2.CreateRouteInput{RouteTableId: &id, DestinationCidrBlock: &to}
		if set != nil {
			set(in)
		}
		return in
	}
	gateway := func(in *ec2.CreateRouteInput) { in.GatewayId = &igw }
	absent := func(prefix string) *string { return aws.String(prefix + "-0aaaaaaaaaaaaaaaa") }
	refuses(t, cl, createRoute, route("0.0.0.0/0", gateway), "InvalidParameterValue") // not attached
	must(t, cl, attachInternetGateway, &ec2.AttachInternetGatewayInput{InternetGatewayId: &igw, VpcId: &other})
	refuses(t, cl, createRoute, route("0.0.0.0/0", gateway), "InvalidParameterValue") // to another VPC
	must(t, cl, detachInternetGateway, &ec2.DetachInternetGatewayInput{InternetGatewayId: &igw, VpcId: &other})
	must(t, cl, attachInternetGateway, &ec2.AttachInternetGatewayInput{InternetGatewayId: &igw, VpcId: &vpc})
	for _, tc := range []struct {
		in   *ec2.CreateRouteInput
		want string
	}{
		{route("0.0.0.0/0", nil), "MissingParameter"},
		{route("0.0.0.0", gateway), "InvalidParameterValue"},
		{route("0.0.0.0/0", func(in *ec2.CreateRouteInput) { in.GatewayId = absent("igw") }), "InvalidGatewayID.NotFound"},
		{route("0.0.0.0/0", func(in *ec2.CreateRouteInput) { in.NatGatewayId = absent("nat") }), "InvalidNatGatewayID.NotFound"},
		{route("0.0.0.0/0", func(in *ec2.CreateRouteInput) { in.TransitGatewayId = absent("tgw") }), "InvalidTransitGatewayID.NotFound"},
		{route("0.0.0.0/0", func(in *ec2.CreateRouteInput) { in.VpcPeeringConnectionId = absent("pcx") }), "InvalidVpcPeeringConnectionID.NotFound"},
		{route("0.0.0.0/0", func(in *ec2.CreateRouteInput) { in.NetworkInterfaceId = absent("eni") }), "InvalidNetworkInterfaceID.NotFound"},
		{route("0.0.0.0/0", func(in *ec2.CreateRouteInput) { in.EgressOnlyInternetGatewayId = absent("eigw") }), "NotImplementedByTwin"},
		{route("10.0.4.0/24", gateway), "InvalidParameterValue"},
		{route("10.0.0.0/16", gateway), "RouteAlreadyExists"},
		{route("192.0.2.7/24", gateway), ""},
	} {
		refuses(t, cl, createRoute, tc.in, tc.want)
	}
	if got := stateOfRoute(t, cl, id, "192.0.2.0/24"); got != types.RouteStateActive {
		t.Errorf("the route's range is not canonical, or its state %q", got)
	}
	refuses(t, cl, replaceRoute, &ec2.ReplaceRouteInput{RouteTableId: &id, DestinationCidrBlock: aws.String("198.51.100.0/24"), GatewayId: &igw}, "InvalidParameterValue")
	refuses(t, cl, deleteRoute, &ec2.DeleteRouteInput{RouteTableId: &id, DestinationCidrBlock: aws.String("198.51.100.0/24")}, "InvalidRoute.NotFound")
	refuses(t, cl, deleteRoute, &ec2.DeleteRouteInput{RouteTableId: &id, DestinationCidrBlock: aws.String("10.0.0.0/16")}, "InvalidParameterValue")

	// A world made from the estate alone has the gateway that the route names.
	alone := onlyEstate(cl)
	if g := must(t, alone, describeInternetGateways, &ec2.DescribeInternetGatewaysInput{}).InternetGateways; len(g) != 1 || *g[0].Attachments[0].VpcId != vpc {
		t.Errorf("gateways of a world made from the estate: %+v", g)
	}
	must(t, cl, detachInternetGateway, &ec2.DetachInternetGatewayInput{InternetGatewayId: &igw, VpcId: &vpc})
	if got := stateOfRoute(t, cl, id, "192.0.2.0/24"); got != types.RouteStateBlackhole {
		t.Errorf("the route's state without its target is %q", got)
	}
	must(t, cl, associateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{VpcId: &vpc, CidrBlock: aws.String("10.9.0.0/16")})
	stored, _ := cl.World.Estate().RouteTables.Get(id)
	if !slices.ContainsFunc(stored.Routes, func(r estate.Route) bool { return r.To.String() == "10.9.0.0/16" && r.Target == "local" }) {
		t.Errorf("the estate lacks the local route of a new range: %+v", stored.Routes)
	}
	must(t, cl, deleteRoute, &ec2.DeleteRouteInput{RouteTableId: &id, DestinationCidrBlock: aws.String("192.0.2.0/24")})
	refuses(t, cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &vpc}, "DependencyViolation")
	must(t, cl, deleteRouteTable, &ec2.DeleteRouteTableInput{RouteTableId: &id})
	must(t, cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &vpc})
}

// TestTableAssociations: a subnet has one table of its own or the main one, and
// another table can become the main one (VPC User Guide,
// WorkWithRouteTables.html).
func TestTableAssociations(t *testing.T) {
	cl, _ := worldtest.New()
	vpc := makeVPC(t, cl, "10.0.0.0/16")
	subnet := makeSubnet(t, cl, vpc, "10.0.1.0/24")
	first := world.Derived("rtb", vpc)
	a := *must(t, cl, createRouteTable, &ec2.CreateRouteTableInput{VpcId: &vpc, ClientToken: aws.String("t")}).RouteTable.RouteTableId
	if again := *must(t, cl, createRouteTable, &ec2.CreateRouteTableInput{VpcId: &vpc, ClientToken: aws.String("t")}).RouteTable.RouteTableId; again != a {
		t.Error("the same client token made another table")
	}
	b := *must(t, cl, createRouteTable, &ec2.CreateRouteTableInput{VpcId: &vpc}).RouteTable.RouteTableId
	association := must(t, cl, associateRouteTable, &ec2.AssociateRouteTableInput{RouteTableId: &a, SubnetId: &subnet}).AssociationId
	refuses(t, cl, associateRouteTable, &ec2.AssociateRouteTableInput{RouteTableId: &b, SubnetId: &subnet}, "Resource.AlreadyAssociated")
	refuses(t, cl, deleteRouteTable, &ec2.DeleteRouteTableInput{RouteTableId: &a}, "DependencyViolation")
	moved := must(t, cl, replaceRouteTableAssociation, &ec2.ReplaceRouteTableAssociationInput{AssociationId: association, RouteTableId: &b}).NewAssociationId
	if *moved == *association || len(table(t, cl, a).Associations) != 0 || *table(t, cl, b).Associations[0].SubnetId != subnet {
		t.Error("the subnet did not move to the other table")
	}
	refuses(t, cl, disassociateRouteTable, &ec2.DisassociateRouteTableInput{AssociationId: association}, "InvalidAssociationID.NotFound")
	must(t, cl, disassociateRouteTable, &ec2.DisassociateRouteTableInput{AssociationId: moved})
	main := table(t, cl, first).Associations[0].RouteTableAssociationId
	refuses(t, cl, disassociateRouteTable, &ec2.DisassociateRouteTableInput{AssociationId: main}, "InvalidParameterValue")
	must(t, cl, replaceRouteTableAssociation, &ec2.ReplaceRouteTableAssociationInput{AssociationId: main, RouteTableId: &b})
	cl = onlyEstate(cl)
	found := must(t, cl, describeRouteTables, &ec2.DescribeRouteTablesInput{Filters: []types.Filter{{Name: aws.String("association.main"), Values: []string{"true"}}}}).RouteTables
	if len(found) != 1 || *found[0].RouteTableId != b {
		t.Errorf("main tables: %+v", found)
	}
	must(t, cl, deleteRouteTable, &ec2.DeleteRouteTableInput{RouteTableId: &first})
	refuses(t, cl, deleteRouteTable, &ec2.DeleteRouteTableInput{RouteTableId: &b}, "DependencyViolation")
}

// TestGatewayEndpointRoutes: a gateway endpoint adds a route to a prefix list to
// its tables, which nobody deletes (PrivateLink guide, gateway-endpoints.html).
func TestGatewayEndpointRoutes(t *testing.T) {
	cl, _ := worldtest.New()
	vpc := makeVPC(t, cl, "10.0.0.0/16")
	id := world.Derived("rtb", vpc)
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Endpoints.Put(estate.Endpoint{
			ID: "vpce-0aaaaaaaaaaaaaaaa", Account: cl.Account, Region: cl.Region, VPC: vpc, Type: estate.EndpointGateway,
			Service: "com.amazonaws.eu-west-1.s3", State: estate.EndpointAvailable, RouteTables: []string{id},
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	routes := table(t, cl, id).Routes
	if len(routes) != 2 || !strings.HasPrefix(aws.ToString(routes[1].DestinationPrefixListId), "pl-") || *routes[1].GatewayId != "vpce-0aaaaaaaaaaaaaaaa" {
		t.Fatalf("routes: %+v", routes)
	}
	refuses(t, cl, deleteRoute, &ec2.DeleteRouteInput{RouteTableId: &id, DestinationPrefixListId: routes[1].DestinationPrefixListId}, "InvalidParameterValue")
}

// TestNetworkACLs: API_CreateNetworkAclEntry, API_ReplaceNetworkAclAssociation.
func TestNetworkACLs(t *testing.T) {
	cl, _ := worldtest.New()
	vpc := makeVPC(t, cl, "10.0.0.0/16")
	subnet := makeSubnet(t, cl, vpc, "10.0.1.0/24")
	base := world.Derived("acl", vpc)
	id := *must(t, cl, createNetworkAcl, &ec2.CreateNetworkAclInput{VpcId: &vpc}).NetworkAcl.NetworkAclId
	show := func(id string) types.NetworkAcl {
		return must(t, cl, describeNetworkAcls, &ec2.DescribeNetworkAclsInput{NetworkAclIds: []string{id}}).NetworkAcls[0]
	}
	if n := len(show(id).Entries); n != 2 {
		t.Errorf("a new ACL has %d entries, want the two that deny the rest", n)
	}
	entry := func(number int32, protocol string, ports *types.PortRange) *ec2.CreateNetworkAclEntryInput {
		return &ec2.CreateNetworkAclEntryInput{
			NetworkAclId: &id, RuleNumber: &number, Egress: aws.Bool(false), Protocol: &protocol, RuleAction: types.RuleActionAllow,
			CidrBlock: aws.String("10.0.0.0/8"), PortRange: ports,
		}
	}
	https := &types.PortRange{From: aws.Int32(443), To: aws.Int32(443)}
	refuses(t, cl, createNetworkAclEntry, entry(100, "6", nil), "MissingParameter")
	refuses(t, cl, createNetworkAclEntry, entry(32767, "6", https), "InvalidParameterValue")
	refuses(t, cl, createNetworkAclEntry, entry(100, "400", https), "InvalidParameterValue")
	refuses(t, cl, createNetworkAclEntry, entry(100, "tcp", https), "")
	refuses(t, cl, createNetworkAclEntry, entry(100, "-1", nil), "NetworkAclEntryAlreadyExists")
	must(t, cl, replaceNetworkAclEntry, &ec2.ReplaceNetworkAclEntryInput{
		NetworkAclId: &id, RuleNumber: aws.Int32(100), Egress: aws.Bool(false), Protocol: aws.String("-1"), RuleAction: types.RuleActionDeny, CidrBlock: aws.String("0.0.0.0/0"),
	})
	refuses(t, cl, deleteNetworkAclEntry, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: &id, RuleNumber: aws.Int32(100), Egress: aws.Bool(true)}, "InvalidNetworkAclEntry.NotFound")
	a := show(base).Associations[0].NetworkAclAssociationId
	moved := must(t, cl, replaceNetworkAclAssociation, &ec2.ReplaceNetworkAclAssociationInput{AssociationId: a, NetworkAclId: &id}).NewAssociationId
	cl = onlyEstate(cl)
	stored, _ := cl.World.Estate().NetworkACLs.Get(id)
	if !slices.Equal(stored.Subnets, []string{subnet}) || len(stored.Entries) != 1 || stored.Entries[0].Allow || len(show(base).Associations) != 0 {
		t.Errorf("the ACL in the estate: %+v", stored)
	}
	refuses(t, cl, deleteNetworkAcl, &ec2.DeleteNetworkAclInput{NetworkAclId: &id}, "DependencyViolation")
	refuses(t, cl, deleteNetworkAcl, &ec2.DeleteNetworkAclInput{NetworkAclId: &base}, "InvalidParameterValue")
	must(t, cl, replaceNetworkAclAssociation, &ec2.ReplaceNetworkAclAssociationInput{AssociationId: moved, NetworkAclId: &base})
	must(t, cl, deleteNetworkAcl, &ec2.DeleteNetworkAclInput{NetworkAclId: &id})
}
