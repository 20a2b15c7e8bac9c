package ec2

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const member = "222222222222"

// TestPeering: across accounts and Regions, from the request to the end (VPC
// Peering Guide, vpc-peering-basics.html, vpc-peering-dns.html).
func TestPeering(t *testing.T) {
	cl, clock := worldtest.New()
	far := cl.In(member, "eu-central-1")
	vpc, peer := makeVPC(t, cl, "10.0.0.0/16"), makeVPC(t, far, "10.1.0.0/16")
	ask := &ec2.CreateVpcPeeringConnectionInput{VpcId: &vpc, PeerVpcId: &peer, PeerOwnerId: aws.String(member), PeerRegion: aws.String("eu-central-1")}
	id := must(t, cl, createVpcPeeringConnection, ask).VpcPeeringConnection.VpcPeeringConnectionId
	status := func(cl worldtest.Client) string {
		for _, p := range must(t, cl, describeVpcPeeringConnections, &ec2.DescribeVpcPeeringConnectionsInput{}).VpcPeeringConnections {
			if *p.VpcPeeringConnectionId == *id {
				return string(p.Status.Code)
			}
		}
		return ""
	}
	main := world.Derived("rtb", vpc)
	must(t, cl, createRoute, &ec2.CreateRouteInput{RouteTableId: &main, DestinationCidrBlock: aws.String("10.1.0.0/16"), VpcPeeringConnectionId: id})
	if got := stateOfRoute(t, cl, main, "10.1.0.0/16"); got != types.RouteStateBlackhole {
		t.Errorf("a route to a connection that waits is %q", got)
	}
	refuses(t, cl, createVpcPeeringConnection, ask, "VpcPeeringConnectionAlreadyExists")
	refuses(t, cl, acceptVpcPeeringConnection, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: id}, "OperationNotPermitted")
	refuses(t, cl.In("333333333333", ""), acceptVpcPeeringConnection, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: id}, "InvalidVpcPeeringConnectionID.NotFound")
	must(t, far, acceptVpcPeeringConnection, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: id})
	if got := status(cl); got != "provisioning" {
		t.Errorf("just accepted: %q", got)
	}
	clock.Advance(settling)
	if got := status(cl); got != estate.PeeringActive {
		t.Errorf("accepted: %q", got)
	}
	if got := stateOfRoute(t, cl, main, "10.1.0.0/16"); got != types.RouteStateActive {
		t.Errorf("a route to an active connection is %q", got)
	}
	refuses(t, far, acceptVpcPeeringConnection, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: id}, "InvalidStateTransition")

	dns := &types.PeeringConnectionOptionsRequest{AllowDnsResolutionFromRemoteVpc: aws.Bool(true)}
	mine := &ec2.ModifyVpcPeeringConnectionOptionsInput{VpcPeeringConnectionId: id, RequesterPeeringConnectionOptions: dns}
	refuses(t, cl, modifyVpcPeeringConnectionOptions, mine, "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled")
	hostnames := func(vpc string) *ec2.ModifyVpcAttributeInput {
		return &ec2.ModifyVpcAttributeInput{VpcId: &vpc, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)}}
	}
	must(t, cl, modifyVpcAttribute, hostnames(vpc))
	must(t, far, modifyVpcAttribute, hostnames(peer))
	must(t, cl, modifyVpcPeeringConnectionOptions, mine)
	refuses(t, cl, modifyVpcPeeringConnectionOptions, &ec2.ModifyVpcPeeringConnectionOptionsInput{VpcPeeringConnectionId: id, AccepterPeeringConnectionOptions: dns}, "OperationNotPermitted")
	if p, _ := cl.World.Estate().Peerings.Get(*id); !p.Requester.DNS || p.Accepter.DNS {
		t.Errorf("options in the estate: %+v", p)
	}
	must(t, far, deleteVpcPeeringConnection, &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: id})
	if got := stateOfRoute(t, cl, main, "10.1.0.0/16"); got != types.RouteStateBlackhole || cl.World.Estate().Peerings.Len() != 0 {
		t.Errorf("a route to a deleted connection is %q", got)
	}
	clock.Advance(peeringShort)
	if a, b := status(cl), status(far); a != "deleted" || b != "" {
		t.Errorf("two hours later one side sees %q, and who deleted %q", a, b)
	}
}

// TestPeeringComesToNothing: overlapping ranges fail, a request expires after
// seven days, tags are each account's own (VPC Peering Guide,
// vpc-peering-basics.html).
func TestPeeringComesToNothing(t *testing.T) {
	cl, clock := worldtest.New()
	other := cl.In(member, "")
	vpc, same, apart := makeVPC(t, cl, "10.0.0.0/16"), makeVPC(t, other, "10.0.128.0/20"), makeVPC(t, other, "10.1.0.0/16")
	ask := func(peer string) types.VpcPeeringConnection {
		return *must(t, cl, createVpcPeeringConnection, &ec2.CreateVpcPeeringConnectionInput{VpcId: &vpc, PeerVpcId: &peer, PeerOwnerId: aws.String(member)}).VpcPeeringConnection
	}
	for _, peer := range []string{same, "vpc-0aaaaaaaaaaaaaaaa"} {
		if p := ask(peer); p.Status.Code != "failed" {
			t.Errorf("with %s: %s", peer, p.Status.Code)
		}
	}
	if n := len(must(t, other, describeVpcPeeringConnections, &ec2.DescribeVpcPeeringConnectionsInput{}).VpcPeeringConnections); n != 0 {
		t.Errorf("the other side sees %d failed connections", n)
	}
	p := ask(apart)
	id := p.VpcPeeringConnectionId
	must(t, other, createTags, &ec2.CreateTagsInput{Resources: []string{*id}, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	if shown := must(t, cl, describeVpcPeeringConnections, &ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: []string{*id}}).VpcPeeringConnections[0]; len(shown.Tags) != 0 {
		t.Errorf("the requester sees the accepter's tags: %v", shown.Tags)
	}
	refuses(t, other, deleteVpcPeeringConnection, &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: id}, "OperationNotPermitted")
	clock.Advance(7 * 24 * time.Hour)
	refuses(t, other, acceptVpcPeeringConnection, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: id}, "InvalidStateTransition")
	p = ask(apart)
	must(t, other, rejectVpcPeeringConnection, &ec2.RejectVpcPeeringConnectionInput{VpcPeeringConnectionId: p.VpcPeeringConnectionId})
	refuses(t, other, acceptVpcPeeringConnection, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: p.VpcPeeringConnectionId}, "InvalidStateTransition")
}
