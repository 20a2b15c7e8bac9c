package ec2

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// lend shares a gateway with an account outside the organization.
func lend(t *testing.T, cl worldtest.Client, gateway, to string) {
	t.Helper()
	if err := cl.World.Update(func(s *world.State) error {
		g, _ := s.Estate.TransitGateways.Get(gateway)
		since := cl.World.Now().Add(-time.Minute)
		s.Estate.Shares.Put(estate.Share{
			ARN: "arn:aws:ram:eu-west-1:111111111111:resource-share/a", Account: g.Account, Region: g.Region, Name: "net", AllowExternal: true,
			Resources:  []estate.ShareMember{{ID: g.ARN(), Status: estate.ShareAssociated, Since: since}},
			Principals: []estate.ShareMember{{ID: to, Status: estate.ShareAssociated, External: true, Since: since}},
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// hubAndSpoke is an available gateway of the first account, and a VPC with a
// subnet in two zones for each account.
func hubAndSpoke(t *testing.T, o *types.TransitGatewayRequestOptions) (hub, spoke worldtest.Client, clk *clock.Virtual, gateway string, vpcs [2]string, subnets [2][]string) {
	t.Helper()
	hub, clk = worldtest.New()
	spoke = hub.In(member, "")
	gateway = *must(t, hub, createTransitGateway, &ec2.CreateTransitGatewayInput{Options: o}).TransitGateway.TransitGatewayId
	for i, cl := range []worldtest.Client{hub, spoke} {
		net := []string{"10.0.", "10.1."}[i]
		vpcs[i] = makeVPC(t, cl, net+"0.0/16")
		for _, zone := range []string{"a", "b"} {
			subnets[i] = append(subnets[i], *must(t, cl, createSubnet, &ec2.CreateSubnetInput{
				VpcId: &vpcs[i], CidrBlock: aws.String(net + map[string]string{"a": "1", "b": "2"}[zone] + ".0/24"), AvailabilityZone: aws.String("eu-west-1" + zone),
			}).Subnet.SubnetId)
		}
	}
	clk.Advance(settling)
	return hub, spoke, clk, gateway, vpcs, subnets
}

// TestTransitGateway: options, states and the default table
// (API_CreateTransitGateway, API_DeleteTransitGateway).
func TestTransitGateway(t *testing.T) {
	cl, clk := worldtest.New()
	id := must(t, cl, createTransitGateway, &ec2.CreateTransitGatewayInput{Description: aws.String("net")}).TransitGateway.TransitGatewayId
	show := func() types.TransitGateway {
		return must(t, cl, describeTransitGateways, &ec2.DescribeTransitGatewaysInput{TransitGatewayIds: []string{*id}}).TransitGateways[0]
	}
	if g := show(); g.State != "pending" || *g.Options.AmazonSideAsn != 64512 || g.Options.DnsSupport != "enable" || g.Options.AutoAcceptSharedAttachments != "disable" {
		t.Errorf("a new gateway: %s %+v", g.State, g.Options)
	}
	refuses(t, cl, deleteTransitGateway, &ec2.DeleteTransitGatewayInput{TransitGatewayId: id}, "IncorrectState")
	refuses(t, cl, createTransitGateway, &ec2.CreateTransitGatewayInput{Options: &types.TransitGatewayRequestOptions{AmazonSideAsn: aws.Int64(1)}}, "InvalidParameterValue")
	clk.Advance(settling)
	tables := must(t, cl, describeTransitGatewayRouteTables, &ec2.DescribeTransitGatewayRouteTablesInput{}).TransitGatewayRouteTables
	if len(tables) != 1 || !*tables[0].DefaultAssociationRouteTable || !*tables[0].DefaultPropagationRouteTable {
		t.Fatalf("tables: %+v", tables)
	}
	refuses(t, cl, deleteTransitGatewayRouteTable, &ec2.DeleteTransitGatewayRouteTableInput{TransitGatewayRouteTableId: tables[0].TransitGatewayRouteTableId}, "IncorrectState")
	must(t, cl, modifyTransitGateway, &ec2.ModifyTransitGatewayInput{TransitGatewayId: id, Options: &types.ModifyTransitGatewayOptions{
		DefaultRouteTableAssociation: "disable", AutoAcceptSharedAttachments: "enable",
	}})
	clk.Advance(settling)
	if g := show(); g.State != "available" || g.Options.AssociationDefaultRouteTableId != nil || g.Options.PropagationDefaultRouteTableId == nil || g.Options.AutoAcceptSharedAttachments != "enable" || *g.Description != "net" {
		t.Errorf("changed: %s %+v", g.State, g.Options)
	}
	must(t, cl, deleteTransitGateway, &ec2.DeleteTransitGatewayInput{TransitGatewayId: id})
	if g := show(); g.State != "deleting" {
		t.Errorf("state %s", g.State)
	}
	clk.Advance(settling)
	if g := show(); g.State != "deleted" || cl.World.Estate().TransitGateways.Len()+cl.World.Estate().TransitTables.Len() != 0 {
		t.Errorf("state %s", g.State)
	}
	clk.Advance(parted)
	refuses(t, cl, describeTransitGateways, &ec2.DescribeTransitGatewaysInput{TransitGatewayIds: []string{*id}}, "InvalidTransitGatewayID.NotFound")
}

// TestAttachments: one of an account with which the gateway is shared waits to be
// accepted, each account has its own tags, and a route needs it (Transit
// Gateways guide, tgw-vpc-attachments.html; VPC User Guide, RouteTables.html).
func TestAttachments(t *testing.T) {
	hub, spoke, clk, gateway, vpcs, subnets := hubAndSpoke(t, nil)
	tag := func(v string) []types.Tag { return []types.Tag{{Key: aws.String("Side"), Value: &v}} }
	ask := &ec2.CreateTransitGatewayVpcAttachmentInput{TransitGatewayId: &gateway, VpcId: &vpcs[1], SubnetIds: subnets[1]}
	refuses(t, spoke, createTransitGatewayVpcAttachment, ask, "InvalidTransitGatewayID.NotFound")
	lend(t, hub, gateway, member)
	more := makeSubnet(t, spoke, vpcs[1], "10.1.3.0/24")
	refuses(t, spoke, createTransitGatewayVpcAttachment, &ec2.CreateTransitGatewayVpcAttachmentInput{
		TransitGatewayId: &gateway, VpcId: &vpcs[1], SubnetIds: append(slices.Clone(subnets[1]), more),
	}, "DuplicateSubnetsInSameZone")
	refuses(t, spoke, createTransitGatewayVpcAttachment, &ec2.CreateTransitGatewayVpcAttachmentInput{TransitGatewayId: &gateway, VpcId: &vpcs[1], SubnetIds: subnets[0]}, "InvalidSubnetID.NotFound")
	id := must(t, spoke, createTransitGatewayVpcAttachment, ask).TransitGatewayVpcAttachment.TransitGatewayAttachmentId
	refuses(t, spoke, createTransitGatewayVpcAttachment, ask, "DuplicateTransitGatewayAttachment")
	state := func(cl worldtest.Client) types.TransitGatewayAttachmentState {
		for _, a := range must(t, cl, describeTransitGatewayVpcAttachments, &ec2.DescribeTransitGatewayVpcAttachmentsInput{}).TransitGatewayVpcAttachments {
			if *a.TransitGatewayAttachmentId == *id {
				return a.State
			}
		}
		return ""
	}
	if a, b := state(hub), state(spoke); a != "pendingAcceptance" || b != a || state(hub.In("333333333333", "")) != "" {
		t.Errorf("states %q and %q", a, b)
	}
	main := world.Derived("rtb", vpcs[1])
	route := &ec2.CreateRouteInput{RouteTableId: &main, DestinationCidrBlock: aws.String("10.0.0.0/16"), TransitGatewayId: &gateway}
	refuses(t, spoke, createRoute, route, "InvalidTransitGatewayID.NotFound")
	refuses(t, spoke, acceptTransitGatewayVpcAttachment, &ec2.AcceptTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: id}, "InvalidTransitGatewayAttachmentID.NotFound")
	must(t, hub, acceptTransitGatewayVpcAttachment, &ec2.AcceptTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: id})
	refuses(t, hub, acceptTransitGatewayVpcAttachment, &ec2.AcceptTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: id}, "IncorrectState")
	if got := state(spoke); got != "pending" {
		t.Errorf("accepted: %q", got)
	}
	clk.Advance(settling)
	must(t, spoke, createRoute, route)
	must(t, spoke, createTags, &ec2.CreateTagsInput{Resources: []string{*id}, Tags: tag("spoke")})
	must(t, hub, createTags, &ec2.CreateTagsInput{Resources: []string{*id}, Tags: tag("hub")})
	stored, _ := hub.World.Estate().TransitAttachments.Get(*id)
	if stored.Tags["Side"] != "spoke" || stored.OwnerTags["Side"] != "hub" || stored.State != estate.AttachmentAvailable || stored.Table == "" {
		t.Errorf("the attachment in the estate: %+v", stored)
	}
	refuses(t, hub, deleteTransitGateway, &ec2.DeleteTransitGatewayInput{TransitGatewayId: &gateway}, "IncorrectState")
	refuses(t, spoke, deleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &subnets[1][0]}, "DependencyViolation")
	must(t, spoke, modifyTransitGatewayVpcAttachment, &ec2.ModifyTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: id, RemoveSubnetIds: subnets[1][:1]})
	must(t, spoke, deleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &subnets[1][0]})
	clk.Advance(settling)
	must(t, spoke, deleteTransitGatewayVpcAttachment, &ec2.DeleteTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: id})
	if got := stateOfRoute(t, spoke, main, "10.0.0.0/16"); got != types.RouteStateBlackhole {
		t.Errorf("the route without attachment is %q", got)
	}
	clk.Advance(settling)
	if got := state(hub); got != "deleted" {
		t.Errorf("deleted: %q", got)
	}
	again := must(t, spoke, createTransitGatewayVpcAttachment, &ec2.CreateTransitGatewayVpcAttachmentInput{TransitGatewayId: &gateway, VpcId: &vpcs[1], SubnetIds: subnets[1][1:]}).TransitGatewayVpcAttachment.TransitGatewayAttachmentId
	must(t, hub, rejectTransitGatewayVpcAttachment, &ec2.RejectTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: again})
	must(t, hub, deleteTransitGateway, &ec2.DeleteTransitGatewayInput{TransitGatewayId: &gateway})
}

// routesOf are a table's routes as "range type state attachment".
func routesOf(t *testing.T, cl worldtest.Client, id string, filters ...types.Filter) []string {
	t.Helper()
	if len(filters) == 0 {
		filters = []types.Filter{{Name: aws.String("state"), Values: []string{"active", "blackhole"}}}
	}
	var out []string
	for _, r := range must(t, cl, searchTransitGatewayRoutes, &ec2.SearchTransitGatewayRoutesInput{TransitGatewayRouteTableId: &id, Filters: filters}).Routes {
		to := ""
		for _, a := range r.TransitGatewayAttachments {
			to = *a.ResourceId
		}
		out = append(out, strings.TrimSpace(strings.Join([]string{*r.DestinationCidrBlock, string(r.Type), string(r.State), to}, " ")))
	}
	return out
}

// TestTransitTables: association, propagation and static routes; a VPC that
// overlaps is not propagated (Transit Gateways guide, how-transit-gateways-work.html,
// tgw-route-tables.html, tgw-vpc-attachments.html).
func TestTransitTables(t *testing.T) {
	hub, spoke, clk, gateway, vpcs, subnets := hubAndSpoke(t, &types.TransitGatewayRequestOptions{AutoAcceptSharedAttachments: "enable", DefaultRouteTableAssociation: "disable"})
	lend(t, hub, gateway, member)
	var ids [2]*string
	for i, cl := range []worldtest.Client{hub, spoke} {
		a := must(t, cl, createTransitGatewayVpcAttachment, &ec2.CreateTransitGatewayVpcAttachmentInput{TransitGatewayId: &gateway, VpcId: &vpcs[i], SubnetIds: subnets[i]}).TransitGatewayVpcAttachment
		if ids[i] = a.TransitGatewayAttachmentId; a.State != "pending" {
			t.Errorf("attachment %d is %s", i, a.State)
		}
	}
	table := must(t, hub, createTransitGatewayRouteTable, &ec2.CreateTransitGatewayRouteTableInput{TransitGatewayId: &gateway}).TransitGatewayRouteTable.TransitGatewayRouteTableId
	clk.Advance(settling)
	g, _ := hub.World.Estate().TransitGateways.Get(gateway)
	want := []string{"10.0.0.0/16 propagated active " + vpcs[0], "10.1.0.0/16 propagated active " + vpcs[1]}
	if got := routesOf(t, hub, g.PropagationTable); !slices.Equal(got, want) {
		t.Errorf("default table: %q, want %q", got, want)
	}
	associate := &ec2.AssociateTransitGatewayRouteTableInput{TransitGatewayRouteTableId: table, TransitGatewayAttachmentId: ids[1]}
	refuses(t, spoke, associateTransitGatewayRouteTable, associate, "InvalidRouteTableID.NotFound")
	must(t, hub, associateTransitGatewayRouteTable, associate)
	refuses(t, hub, associateTransitGatewayRouteTable, associate, "Resource.AlreadyAssociated")
	clk.Advance(settling)
	if a := must(t, hub, getTransitGatewayRouteTableAssociations, &ec2.GetTransitGatewayRouteTableAssociationsInput{TransitGatewayRouteTableId: table}).Associations; len(a) != 1 || a[0].State != "associated" {
		t.Errorf("associations: %+v", a)
	}
	refuses(t, hub, deleteTransitGatewayRouteTable, &ec2.DeleteTransitGatewayRouteTableInput{TransitGatewayRouteTableId: table}, "IncorrectState")
	propagate := &ec2.EnableTransitGatewayRouteTablePropagationInput{TransitGatewayRouteTableId: table, TransitGatewayAttachmentId: ids[0]}
	must(t, hub, enableTransitGatewayRouteTablePropagation, propagate)
	refuses(t, hub, enableTransitGatewayRouteTablePropagation, propagate, "TransitGatewayRouteTablePropagation.Duplicate")
	if p := must(t, hub, getTransitGatewayAttachmentPropagations, &ec2.GetTransitGatewayAttachmentPropagationsInput{TransitGatewayAttachmentId: ids[0]}).TransitGatewayAttachmentPropagations; len(p) != 2 {
		t.Errorf("propagations: %+v", p)
	}
	static := func(to string, attachment *string) *ec2.CreateTransitGatewayRouteInput {
		in := &ec2.CreateTransitGatewayRouteInput{TransitGatewayRouteTableId: table, DestinationCidrBlock: &to, TransitGatewayAttachmentId: attachment}
		if attachment == nil {
			in.Blackhole, in.TransitGatewayAttachmentId = aws.Bool(true), aws.String("") // as Terraform asks
		}
		return in
	}
	must(t, hub, createTransitGatewayRoute, static("0.0.0.0/0", ids[1]))
	must(t, hub, createTransitGatewayRoute, static("10.0.0.0/16", nil))
	refuses(t, hub, createTransitGatewayRoute, static("0.0.0.0/0", nil), "RouteAlreadyExists")
	must(t, hub, associateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{VpcId: &vpcs[0], CidrBlock: aws.String("10.8.0.0/16")})
	hub = onlyEstate(hub)
	spoke = hub.In(member, "")
	want = []string{"0.0.0.0/0 static active " + vpcs[1], "10.0.0.0/16 static blackhole", "10.8.0.0/16 propagated active " + vpcs[0]}
	if got := routesOf(t, hub, *table); !slices.Equal(got, want) {
		t.Errorf("a static route goes before a propagated one: %q, want %q", got, want)
	}
	if got := routesOf(t, hub, *table, types.Filter{Name: aws.String("route-search.longest-prefix-match"), Values: []string{"10.8.4.0/24"}}); !slices.Equal(got, want[2:]) {
		t.Errorf("longest match: %q", got)
	}
	must(t, hub, deleteTransitGatewayRoute, &ec2.DeleteTransitGatewayRouteInput{TransitGatewayRouteTableId: table, DestinationCidrBlock: aws.String("10.0.0.0/16")})
	refuses(t, hub, deleteTransitGatewayRoute, &ec2.DeleteTransitGatewayRouteInput{TransitGatewayRouteTableId: table, DestinationCidrBlock: aws.String("10.0.0.0/16")}, "InvalidRoute.NotFound")
	if got := routesOf(t, hub, *table)[1]; got != "10.0.0.0/16 propagated active "+vpcs[0] {
		t.Errorf("without the static route: %q", got)
	}
	overlaps := makeVPC(t, hub, "10.1.0.0/20")
	subnet := makeSubnet(t, hub, overlaps, "10.1.0.0/24")
	must(t, hub, createTransitGatewayVpcAttachment, &ec2.CreateTransitGatewayVpcAttachmentInput{TransitGatewayId: &gateway, VpcId: &overlaps, SubnetIds: []string{subnet}})
	if got := routesOf(t, hub, g.PropagationTable); slices.ContainsFunc(got, func(r string) bool { return strings.Contains(r, overlaps) }) {
		t.Errorf("a VPC that overlaps is propagated: %q", got)
	}
	must(t, hub, disableTransitGatewayRouteTablePropagation, &ec2.DisableTransitGatewayRouteTablePropagationInput{TransitGatewayRouteTableId: table, TransitGatewayAttachmentId: ids[0]})
	must(t, spoke, deleteTransitGatewayVpcAttachment, &ec2.DeleteTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: ids[1]})
	if got := routesOf(t, hub, *table); !slices.Equal(got, []string{"0.0.0.0/0 static blackhole"}) {
		t.Errorf("without the attachments: %q", got)
	}
}
