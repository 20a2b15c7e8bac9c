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

// How long a request waits to be accepted, and how long what came to nothing is
// still shown: to who brought it about, and to the other side (VPC Peering
// Guide, vpc-peering-basics.html).
const (
	peeringWaits  = 7 * 24 * time.Hour
	peeringShort  = 2 * time.Hour
	peeringLong   = 2 * 24 * time.Hour
	peeringFailed = "failed"
)

// peeringGone holds the connections that failed, were rejected or deleted, with
// the account that brought it about.
var peeringGone = world.Private[gone[endedPeering]]{Name: "ec2.peeringsGone"}

type endedPeering struct {
	estate.Peering
	By estate.AccountID
}

func endPeering(c *world.Call, p estate.Peering, state string) {
	c.Estate().Peerings.Delete(p.ID)
	p.State = state
	peeringGone.Put(c.State, p.ID, gone[endedPeering]{endedPeering{p, c.Account()}, c.Now})
	retarget(c, "", p.ID, estate.RouteBlackhole)
}

// sideOf reports whether the caller has a side of a connection, in its Region.
func sideOf(c *world.Call, s estate.PeeringSide) bool {
	return s.Account == c.Account() && s.Region == c.Region
}

// peeringsOf are the connections that the caller sees, each with its state of
// now.
func peeringsOf(c *world.Call) []estate.Peering {
	var out []estate.Peering
	for p := range c.Estate().Peerings.By(estate.ByRegion(c.Account(), c.Region)) {
		if since, ok := madeTable.Get(c.State, p.ID); ok && p.State == estate.PeeringPending && !c.Now.Before(since.Add(peeringWaits)) {
			p.State = "expired"
			if !c.Now.Before(since.Add(peeringWaits + peeringLong)) {
				continue
			}
		}
		p.State = under(c, p.ID, p.State)
		out = append(out, p)
	}
	peeringGone.Walk(c.State, "", func(_ string, g gone[endedPeering]) bool {
		shown := peeringLong
		if g.Row.By == c.Account() || g.Row.State == peeringFailed {
			shown = peeringShort
		}
		sees := sideOf(c, g.Row.Requester) || sideOf(c, g.Row.Accepter) && g.Row.State != peeringFailed
		if sees && c.Now.Before(g.Since.Add(shown)) {
			out = append(out, g.Row.Peering)
		}
		return true
	})
	slices.SortFunc(out, func(a, b estate.Peering) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b estate.Peering) bool { return a.ID == b.ID })
}

func noPeering(id string) error {
	return notFound("VpcPeeringConnectionID", "vpcPeeringConnection", "pcx", id)
}

func findPeering(c *world.Call, id string) (estate.Peering, error) {
	for _, p := range peeringsOf(c) {
		if p.ID == id {
			return p, nil
		}
	}
	return estate.Peering{}, noPeering(id)
}

// peeringTags are the tags that the caller gave; each account has its own.
func peeringTags(c *world.Call, p estate.Peering) estate.Tags {
	if p.Requester.Account == c.Account() {
		return p.Tags
	}
	tags, _ := participantTags.Get(c.State, participant(c, p.ID))
	return tags
}

func allowPeering(c *world.Call, id *string, dryRun *bool) (estate.Peering, error) {
	p, err := findPeering(c, aws.ToString(id))
	if denied := allow(c, nil, on(c, "vpc-peering-connection", aws.ToString(id), peeringTags(c, p))); denied != nil {
		return p, denied
	}
	if aws.ToString(id) == "" {
		return p, missing("vpcPeeringConnectionId")
	}
	if err != nil {
		return p, err
	}
	return p, allow(c, dryRun)
}

// createVpcPeeringConnection asks for a connection. It fails, without an error,
// when the VPCs overlap or the other one is not there
// (API_CreateVpcPeeringConnection).
func createVpcPeeringConnection(_ context.Context, c *world.Call, in *ec2.CreateVpcPeeringConnectionInput) (*ec2.CreateVpcPeeringConnectionOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeVpcPeeringConnection)
	if denied := allow(c, nil, creating(c, "vpc-peering-connection", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	v, err := allowVPC(c, in.VpcId, nil)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.PeerVpcId) == "" {
		return nil, missing("peerVpcId")
	}
	side := estate.PeeringSide{
		Account: estate.AccountID(cmp.Or(aws.ToString(in.PeerOwnerId), string(c.Account()))),
		Region:  estate.Region(cmp.Or(aws.ToString(in.PeerRegion), string(c.Region))), VPC: *in.PeerVpcId,
	}
	peer, there := c.Estate().VPCs.Get(side.VPC)
	there = there && peer.Account == side.Account && peer.Region == side.Region
	if sideOf(c, side) && !there {
		return nil, noVPC(side.VPC)
	}
	for p := range c.Estate().Peerings.By(estate.ByVPC(v.ID)) {
		p, err := findPeering(c, p.ID)
		waits := err == nil && (p.State == estate.PeeringPending || p.State == estate.PeeringActive || p.State == "provisioning")
		if waits && (p.Requester.VPC == side.VPC || p.Accepter.VPC == side.VPC) {
			return nil, fail("VpcPeeringConnectionAlreadyExists", "A VPC peering connection between %s and %s already exists: %s", v.ID, side.VPC, p.ID)
		}
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	p := estate.Peering{
		ID: newID(c, "pcx"), State: estate.PeeringPending, Tags: tags, Accepter: side,
		Requester: estate.PeeringSide{Account: v.Account, Region: v.Region, VPC: v.ID, CIDRs: v.CIDRs},
	}
	madeTable.Put(c.State, p.ID, c.Now)
	overlaps := slices.ContainsFunc(v.CIDRs, func(a netip.Prefix) bool { return slices.ContainsFunc(peer.CIDRs, a.Overlaps) })
	if !there || overlaps {
		endPeering(c, p, peeringFailed)
		p.State = peeringFailed
	} else {
		c.Estate().Peerings.Put(p)
	}
	shown := showPeering(c, p)
	return &ec2.CreateVpcPeeringConnectionOutput{VpcPeeringConnection: &shown}, nil
}

// transition refuses what the state of a connection does not allow.
func transition(p estate.Peering, to string) error {
	return fail("InvalidStateTransition", "Invalid state transition for %s, attempted to transition from %s to %s", p.ID, p.State, to)
}

// answering finds a connection for its accepter to answer.
func answering(c *world.Call, id *string, dryRun *bool, verb, to string) (estate.Peering, error) {
	p, err := allowPeering(c, id, nil)
	switch {
	case err != nil:
		return p, err
	case p.Accepter.Account != c.Account():
		return p, fail("OperationNotPermitted", "User %s cannot %s peering %s", c.Account(), verb, p.ID)
	case p.Accepter.Region != c.Region:
		return p, fail("OperationNotPermitted", "Incorrect region (%s) specified for this request. VPC peering connection %s must be %sed in region %s", c.Region, p.ID, verb, p.Accepter.Region)
	case p.State != estate.PeeringPending:
		return p, transition(p, to)
	}
	return p, allow(c, dryRun)
}

func acceptVpcPeeringConnection(_ context.Context, c *world.Call, in *ec2.AcceptVpcPeeringConnectionInput) (*ec2.AcceptVpcPeeringConnectionOutput, error) {
	p, err := answering(c, in.VpcPeeringConnectionId, in.DryRun, "accept", "provisioning")
	if err != nil {
		return nil, err
	}
	v, _ := c.Estate().VPCs.Get(p.Accepter.VPC)
	p.State, p.Accepter.CIDRs = estate.PeeringActive, v.CIDRs
	c.Estate().Peerings.Put(p)
	setOut(c, p.ID, "provisioning")
	retarget(c, "", p.ID, estate.RouteActive)
	p.State = "provisioning"
	shown := showPeering(c, p)
	return &ec2.AcceptVpcPeeringConnectionOutput{VpcPeeringConnection: &shown}, nil
}

func rejectVpcPeeringConnection(_ context.Context, c *world.Call, in *ec2.RejectVpcPeeringConnectionInput) (*ec2.RejectVpcPeeringConnectionOutput, error) {
	p, err := answering(c, in.VpcPeeringConnectionId, in.DryRun, "reject", "rejected")
	if err != nil {
		return nil, err
	}
	endPeering(c, p, "rejected")
	return &ec2.RejectVpcPeeringConnectionOutput{Return: aws.Bool(true)}, nil
}

// deleteVpcPeeringConnection: each side may delete an active one, the requester
// one that waits (API_DeleteVpcPeeringConnection).
func deleteVpcPeeringConnection(_ context.Context, c *world.Call, in *ec2.DeleteVpcPeeringConnectionInput) (*ec2.DeleteVpcPeeringConnectionOutput, error) {
	p, err := allowPeering(c, in.VpcPeeringConnectionId, nil)
	if err != nil {
		return nil, err
	}
	switch p.State {
	case estate.PeeringActive, "provisioning", estate.PeeringPending:
	default:
		return nil, transition(p, "deleted")
	}
	if p.State == estate.PeeringPending && p.Requester.Account != c.Account() {
		return nil, fail("OperationNotPermitted", "User %s cannot delete peering %s", c.Account(), p.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	endPeering(c, p, "deleted")
	return &ec2.DeleteVpcPeeringConnectionOutput{Return: aws.Bool(true)}, nil
}

// modifyVpcPeeringConnectionOptions: each account sets its own side's, of an
// active connection between VPCs with DNS hostnames
// (API_ModifyVpcPeeringConnectionOptions).
func modifyVpcPeeringConnectionOptions(_ context.Context, c *world.Call, in *ec2.ModifyVpcPeeringConnectionOptionsInput) (*ec2.ModifyVpcPeeringConnectionOptionsOutput, error) {
	p, err := allowPeering(c, in.VpcPeeringConnectionId, nil)
	if err != nil {
		return nil, err
	}
	if p.State != estate.PeeringActive {
		return nil, fail("OperationNotPermitted", "Peering %s is not active. Peering options can be added only to active peerings.", p.ID)
	}
	if in.AccepterPeeringConnectionOptions == nil && in.RequesterPeeringConnectionOptions == nil {
		return nil, missing("accepterPeeringConnectionOptions")
	}
	out := &ec2.ModifyVpcPeeringConnectionOptionsOutput{}
	for _, o := range []struct {
		name string
		side *estate.PeeringSide
		ask  *types.PeeringConnectionOptionsRequest
		out  **types.PeeringConnectionOptions
	}{
		{"accepter", &p.Accepter, in.AccepterPeeringConnectionOptions, &out.AccepterPeeringConnectionOptions},
		{"requester", &p.Requester, in.RequesterPeeringConnectionOptions, &out.RequesterPeeringConnectionOptions},
	} {
		if o.ask == nil || o.ask.AllowDnsResolutionFromRemoteVpc == nil {
			continue
		}
		if !sideOf(c, *o.side) {
			return nil, fail("OperationNotPermitted", "User %s cannot modify peering options of the %s VPC of %s in %s", c.Account(), o.name, p.ID, c.Region)
		}
		o.side.DNS = *o.ask.AllowDnsResolutionFromRemoteVpc
		for _, id := range []string{p.Requester.VPC, p.Accepter.VPC} {
			if v, _ := c.Estate().VPCs.Get(id); o.side.DNS && !v.DNSHostnames {
				return nil, fail("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled", "To enable DNS hostname resolution for the VPC peering connection, DNS hostname support must be enabled for the VPCs.")
			}
		}
		*o.out = &types.PeeringConnectionOptions{
			AllowDnsResolutionFromRemoteVpc: aws.Bool(o.side.DNS), AllowEgressFromLocalClassicLinkToRemoteVpc: aws.Bool(false),
			AllowEgressFromLocalVpcToRemoteClassicLink: aws.Bool(false),
		}
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	c.Estate().Peerings.Put(p)
	return out, nil
}

func describeVpcPeeringConnections(_ context.Context, c *world.Call, in *ec2.DescribeVpcPeeringConnectionsInput) (*ec2.DescribeVpcPeeringConnectionsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"vpcPeeringConnectionIds", in.VpcPeeringConnectionIds, in.Filters, in.MaxResults, in.NextToken},
		peeringsOf(c), estate.Peering.Key, func(p estate.Peering) attributes { return peeringAttributes(c, p) }, noPeering)
	out := &ec2.DescribeVpcPeeringConnectionsOutput{NextToken: next}
	for _, p := range page {
		out.VpcPeeringConnections = append(out.VpcPeeringConnections, showPeering(c, p))
	}
	return out, err
}

// peeringAttributes are the filters of API_DescribeVpcPeeringConnections.
func peeringAttributes(c *world.Call, p estate.Peering) attributes {
	a := attributes{
		"expiration-time": nil, "status-code": {p.State}, "status-message": {peeringMessage(p)}, "vpc-peering-connection-id": {p.ID},
	}
	for name, s := range map[string]estate.PeeringSide{"accepter-vpc-info": p.Accepter, "requester-vpc-info": p.Requester} {
		a[name+".owner-id"], a[name+".vpc-id"] = []string{string(s.Account)}, []string{s.VPC}
		a[name+".cidr-block"] = nil
		for _, q := range s.CIDRs {
			a[name+".cidr-block"] = append(a[name+".cidr-block"], q.String())
		}
	}
	return a.tagged(peeringTags(c, p))
}

func peeringMessage(p estate.Peering) string {
	switch p.State {
	case estate.PeeringPending:
		return "Pending Acceptance by " + string(p.Accepter.Account)
	case estate.PeeringActive:
		return "Active"
	case peeringFailed:
		return "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
	}
	return p.State
}

func showPeering(c *world.Call, p estate.Peering) types.VpcPeeringConnection {
	active := p.State == estate.PeeringActive
	side := func(s estate.PeeringSide) *types.VpcPeeringConnectionVpcInfo {
		out := &types.VpcPeeringConnectionVpcInfo{OwnerId: aws.String(string(s.Account)), Region: aws.String(string(s.Region)), VpcId: aws.String(s.VPC)}
		for _, q := range s.CIDRs {
			if isSix(q) {
				out.Ipv6CidrBlockSet = append(out.Ipv6CidrBlockSet, types.Ipv6CidrBlock{Ipv6CidrBlock: aws.String(q.String())})
				continue
			}
			if out.CidrBlock == nil {
				out.CidrBlock = aws.String(q.String())
			}
			out.CidrBlockSet = append(out.CidrBlockSet, types.CidrBlock{CidrBlock: aws.String(q.String())})
		}
		if active {
			out.PeeringOptions = &types.VpcPeeringConnectionOptionsDescription{
				AllowDnsResolutionFromRemoteVpc: aws.Bool(s.DNS), AllowEgressFromLocalClassicLinkToRemoteVpc: aws.Bool(false),
				AllowEgressFromLocalVpcToRemoteClassicLink: aws.Bool(false),
			}
		}
		return out
	}
	out := types.VpcPeeringConnection{
		VpcPeeringConnectionId: aws.String(p.ID), RequesterVpcInfo: side(p.Requester), AccepterVpcInfo: side(p.Accepter), Tags: list(peeringTags(c, p)),
		Status: &types.VpcPeeringConnectionStateReason{Code: types.VpcPeeringConnectionStateReasonCode(p.State), Message: aws.String(peeringMessage(p))},
	}
	if p.State == estate.PeeringPending {
		out.ExpirationTime = aws.Time(madeAt(c, p.ID).Add(peeringWaits))
	}
	return out
}
