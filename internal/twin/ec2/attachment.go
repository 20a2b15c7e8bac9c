package ec2

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// attachmentsOf are the attachments of the caller's VPCs and to its gateways, in
// the Region, each with its state of now.
func attachmentsOf(c *world.Call) []estate.TransitAttachment {
	out := slices.Collect(c.Estate().TransitAttachments.By(estate.ByRegion(c.Account(), c.Region)))
	for a := range c.Estate().TransitAttachments.By(estate.ByOwner(c.Account(), c.Region)) {
		if a.Account != c.Account() {
			out = append(out, a)
		}
	}
	for i, a := range out {
		out[i].State = under(c, a.ID, a.State)
	}
	partedOf(c, attachmentGone, func(a estate.TransitAttachment, state string) {
		if (a.Account == c.Account() || a.Owner == c.Account()) && a.Region == c.Region {
			if a.State != estate.AttachmentRejected {
				a.State = state
			}
			out = append(out, a)
		}
	})
	slices.SortFunc(out, func(a, b estate.TransitAttachment) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// attachedTo reports whether a VPC has a working attachment to a gateway.
func attachedTo(c *world.Call, vpc, gateway string) bool {
	for a := range c.Estate().TransitAttachments.By(estate.ByVPC(vpc)) {
		if a.Gateway == gateway && works(c, a) {
			return true
		}
	}
	return false
}

// works reports whether an attachment carries traffic.
func works(c *world.Call, a estate.TransitAttachment) bool {
	state := under(c, a.ID, a.State)
	return state == estate.AttachmentAvailable || state == transitModifying
}

func noAttachment(id string) error {
	return fail("InvalidTransitGatewayAttachmentID.NotFound", "Transit Gateway Attachment %s was deleted or does not exist.", id)
}

func findAttachment(c *world.Call, id string) (estate.TransitAttachment, error) {
	for _, a := range attachmentsOf(c) {
		if a.ID == id && a.State != estate.AttachmentDeleted && a.State != estate.AttachmentRejected {
			return a, nil
		}
	}
	return estate.TransitAttachment{}, noAttachment(id)
}

// attachmentTags are the tags that the caller gave: the VPC's owner and the
// gateway's have each their own.
func attachmentTags(c *world.Call, a estate.TransitAttachment) estate.Tags {
	if a.Account == c.Account() {
		return a.Tags
	}
	return a.OwnerTags
}

func allowAttachment(c *world.Call, id *string, dryRun *bool) (estate.TransitAttachment, error) {
	a, err := findAttachment(c, aws.ToString(id))
	if denied := allow(c, nil, on(c, "transit-gateway-attachment", aws.ToString(id), attachmentTags(c, a))); denied != nil {
		return a, denied
	}
	if aws.ToString(id) == "" {
		return a, missing("transitGatewayAttachmentId")
	}
	if err != nil {
		return a, err
	}
	return a, allow(c, dryRun)
}

// onePerZone holds subnets to the rules of an attachment: of the VPC, and one a
// zone (API_CreateTransitGatewayVpcAttachment).
func onePerZone(c *world.Call, vpc string, subnets []string) error {
	zones := map[string]bool{}
	for _, id := range subnets {
		s, err := findSubnet(c, id)
		if err != nil {
			return err
		}
		if s.VPC != vpc {
			return fail("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
		}
		if zones[s.Zone] {
			return fail("DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ")
		}
		zones[s.Zone] = true
	}
	if len(zones) == 0 {
		return missing("SubnetIds")
	}
	return nil
}

func createTransitGatewayVpcAttachment(_ context.Context, c *world.Call, in *ec2.CreateTransitGatewayVpcAttachmentInput) (*ec2.CreateTransitGatewayVpcAttachmentOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeTransitGatewayAttachment)
	if denied := allow(c, nil, creating(c, "transit-gateway-attachment", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	g, err := allowTransit(c, seenTransit, in.TransitGatewayId, nil)
	if err != nil {
		return nil, err
	}
	v, err := allowVPC(c, in.VpcId, nil)
	if err != nil {
		return nil, err
	}
	if err := onePerZone(c, v.ID, in.SubnetIds); err != nil {
		return nil, err
	}
	for a := range c.Estate().TransitAttachments.By(estate.ByVPC(v.ID)) {
		if a.Gateway == g.ID {
			return nil, fail("DuplicateTransitGatewayAttachment", "%s has non-deleted Transit Gateway Attachments with same VPC ID.", g.ID)
		}
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a := estate.TransitAttachment{
		ID: newID(c, "tgw-attach", g.ID, v.ID), Gateway: g.ID, Owner: g.Account, Account: v.Account, Region: v.Region, VPC: v.ID,
		Subnets: slices.Clone(in.SubnetIds), State: estate.AttachmentPendingAcceptance, Tags: tags,
	}
	m := transitMore{}
	if o := in.Options; o != nil {
		m.Appliance, m.DNS, m.Six, m.GroupsT = string(o.ApplianceModeSupport), string(o.DnsSupport), string(o.Ipv6Support), string(o.SecurityGroupReferencingSupport)
	}
	transitMoreTable.Put(c.State, a.ID, m)
	madeTable.Put(c.State, a.ID, c.Now)
	c.Estate().TransitAttachments.Put(a)
	if g.Account == v.Account || g.AutoAccept {
		a = attach(c, a, g)
	}
	shown := showAttachment(c, a)
	return &ec2.CreateTransitGatewayVpcAttachmentOutput{TransitGatewayVpcAttachment: &shown}, nil
}

// attach puts an attachment to work: in its gateway's default tables, as far as
// the gateway has such.
func attach(c *world.Call, a estate.TransitAttachment, g estate.TransitGateway) estate.TransitAttachment {
	a.State, a.Table = estate.AttachmentAvailable, g.AssociationTable
	c.Estate().TransitAttachments.Put(a)
	if t, ok := c.Estate().TransitTables.Get(g.PropagationTable); ok {
		t.Propagating = append(slices.Clone(t.Propagating), a.ID)
		putTransitTable(c, t)
	}
	setOut(c, a.ID, transitPending)
	a.State = estate.AttachmentPending
	return a
}

// answerAttachment finds an attachment that waits for the gateway's owner.
func answerAttachment(c *world.Call, id *string, dryRun *bool) (estate.TransitAttachment, error) {
	a, err := allowAttachment(c, id, nil)
	switch {
	case err != nil:
		return a, err
	case a.Owner != c.Account():
		return a, noAttachment(a.ID)
	case a.State != estate.AttachmentPendingAcceptance:
		return a, wrongState(id)
	}
	return a, allow(c, dryRun)
}

func acceptTransitGatewayVpcAttachment(_ context.Context, c *world.Call, in *ec2.AcceptTransitGatewayVpcAttachmentInput) (*ec2.AcceptTransitGatewayVpcAttachmentOutput, error) {
	a, err := answerAttachment(c, in.TransitGatewayAttachmentId, in.DryRun)
	if err != nil {
		return nil, err
	}
	g, _ := c.Estate().TransitGateways.Get(a.Gateway)
	shown := showAttachment(c, attach(c, a, g))
	return &ec2.AcceptTransitGatewayVpcAttachmentOutput{TransitGatewayVpcAttachment: &shown}, nil
}

func rejectTransitGatewayVpcAttachment(_ context.Context, c *world.Call, in *ec2.RejectTransitGatewayVpcAttachmentInput) (*ec2.RejectTransitGatewayVpcAttachmentOutput, error) {
	a, err := answerAttachment(c, in.TransitGatewayAttachmentId, in.DryRun)
	if err != nil {
		return nil, err
	}
	c.Estate().TransitAttachments.Delete(a.ID)
	a.State = estate.AttachmentRejected
	part(c, attachmentGone, a.ID, a)
	shown := showAttachment(c, a)
	return &ec2.RejectTransitGatewayVpcAttachmentOutput{TransitGatewayVpcAttachment: &shown}, nil
}

func modifyTransitGatewayVpcAttachment(_ context.Context, c *world.Call, in *ec2.ModifyTransitGatewayVpcAttachmentInput) (*ec2.ModifyTransitGatewayVpcAttachmentOutput, error) {
	a, err := allowAttachment(c, in.TransitGatewayAttachmentId, nil)
	switch {
	case err != nil:
		return nil, err
	case a.Account != c.Account():
		return nil, noAttachment(a.ID)
	case a.State != estate.AttachmentAvailable:
		return nil, wrongState(in.TransitGatewayAttachmentId)
	}
	subnets := slices.DeleteFunc(append(slices.Clone(a.Subnets), in.AddSubnetIds...), func(s string) bool { return slices.Contains(in.RemoveSubnetIds, s) })
	if err := onePerZone(c, a.VPC, subnets); err != nil {
		return nil, err
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a.Subnets = subnets
	c.Estate().TransitAttachments.Put(a)
	m := moreOfTransit(c, a.ID)
	if o := in.Options; o != nil {
		m.Appliance, m.DNS, m.Six, m.GroupsT = cmp.Or(string(o.ApplianceModeSupport), m.Appliance), cmp.Or(string(o.DnsSupport), m.DNS),
			cmp.Or(string(o.Ipv6Support), m.Six), cmp.Or(string(o.SecurityGroupReferencingSupport), m.GroupsT)
	}
	transitMoreTable.Put(c.State, a.ID, m)
	setOut(c, a.ID, transitModifying)
	a.State = transitModifying
	shown := showAttachment(c, a)
	return &ec2.ModifyTransitGatewayVpcAttachmentOutput{TransitGatewayVpcAttachment: &shown}, nil
}

// deleteTransitGatewayVpcAttachment is for the VPC's owner and the gateway's; the
// routes through it are blackholes from then on (Transit Gateways guide,
// tgw-vpc-attachments.html).
func deleteTransitGatewayVpcAttachment(_ context.Context, c *world.Call, in *ec2.DeleteTransitGatewayVpcAttachmentInput) (*ec2.DeleteTransitGatewayVpcAttachmentOutput, error) {
	a, err := allowAttachment(c, in.TransitGatewayAttachmentId, nil)
	if err != nil {
		return nil, err
	}
	if a.State != estate.AttachmentAvailable && a.State != estate.AttachmentPendingAcceptance {
		return nil, wrongState(in.TransitGatewayAttachmentId)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	c.Estate().TransitAttachments.Delete(a.ID)
	for _, t := range slices.Collect(c.Estate().TransitTables.By(estate.ByGateway(a.Gateway))) {
		t.Propagating, t.Routes = without(t.Propagating, a.ID), slices.Clone(t.Routes)
		for i, r := range t.Routes {
			if !r.Propagated && r.Attachment == a.ID {
				t.Routes[i].State = estate.RouteBlackhole
			}
		}
		putTransitTable(c, t)
	}
	retarget(c, a.VPC, a.Gateway, estate.RouteBlackhole)
	part(c, attachmentGone, a.ID, a)
	a.State = estate.AttachmentDeleting
	shown := showAttachment(c, a)
	return &ec2.DeleteTransitGatewayVpcAttachmentOutput{TransitGatewayVpcAttachment: &shown}, nil
}

func describeTransitGatewayVpcAttachments(_ context.Context, c *world.Call, in *ec2.DescribeTransitGatewayVpcAttachmentsInput) (*ec2.DescribeTransitGatewayVpcAttachmentsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"transitGatewayAttachmentIds", in.TransitGatewayAttachmentIds, in.Filters, in.MaxResults, in.NextToken},
		attachmentsOf(c), estate.TransitAttachment.Key, func(a estate.TransitAttachment) attributes {
			return attributes{
				"state": {a.State}, "transit-gateway-attachment-id": {a.ID}, "transit-gateway-id": {a.Gateway}, "vpc-id": {a.VPC},
			}.tagged(attachmentTags(c, a))
		}, noAttachment)
	out := &ec2.DescribeTransitGatewayVpcAttachmentsOutput{NextToken: next}
	for _, a := range page {
		out.TransitGatewayVpcAttachments = append(out.TransitGatewayVpcAttachments, showAttachment(c, a))
	}
	return out, err
}

func showAttachment(c *world.Call, a estate.TransitAttachment) types.TransitGatewayVpcAttachment {
	m := moreOfTransit(c, a.ID)
	return types.TransitGatewayVpcAttachment{
		TransitGatewayAttachmentId: aws.String(a.ID), TransitGatewayId: aws.String(a.Gateway), VpcId: aws.String(a.VPC), VpcOwnerId: aws.String(string(a.Account)),
		State: types.TransitGatewayAttachmentState(a.State), SubnetIds: a.Subnets, CreationTime: madeAt(c, a.ID), Tags: list(attachmentTags(c, a)),
		Options: &types.TransitGatewayVpcAttachmentOptions{
			ApplianceModeSupport: types.ApplianceModeSupportValue(m.Appliance), DnsSupport: types.DnsSupportValue(m.DNS), Ipv6Support: types.Ipv6SupportValue(m.Six),
			SecurityGroupReferencingSupport: types.SecurityGroupReferencingSupportValue(m.GroupsT),
		},
	}
}

func describeTransitGatewayAttachments(_ context.Context, c *world.Call, in *ec2.DescribeTransitGatewayAttachmentsInput) (*ec2.DescribeTransitGatewayAttachmentsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"transitGatewayAttachmentIds", in.TransitGatewayAttachmentIds, in.Filters, in.MaxResults, in.NextToken},
		attachmentsOf(c), estate.TransitAttachment.Key, func(a estate.TransitAttachment) attributes {
			out := attributes{
				"association.state": nil, "association.transit-gateway-route-table-id": nil, "resource-id": {a.VPC}, "resource-owner-id": {string(a.Account)},
				"resource-type": {"vpc"}, "state": {a.State}, "transit-gateway-attachment-id": {a.ID}, "transit-gateway-id": {a.Gateway},
				"transit-gateway-owner-id": {string(a.Owner)},
			}
			if a.Table != "" {
				out["association.state"], out["association.transit-gateway-route-table-id"] = []string{associationState(c, a)}, []string{a.Table}
			}
			return out.tagged(attachmentTags(c, a))
		}, noAttachment)
	out := &ec2.DescribeTransitGatewayAttachmentsOutput{NextToken: next}
	for _, a := range page {
		shown := types.TransitGatewayAttachment{
			TransitGatewayAttachmentId: aws.String(a.ID), TransitGatewayId: aws.String(a.Gateway), TransitGatewayOwnerId: aws.String(string(a.Owner)),
			ResourceId: aws.String(a.VPC), ResourceOwnerId: aws.String(string(a.Account)), ResourceType: types.TransitGatewayAttachmentResourceTypeVpc,
			State: types.TransitGatewayAttachmentState(a.State), CreationTime: madeAt(c, a.ID), Tags: list(attachmentTags(c, a)),
		}
		if a.Table != "" {
			shown.Association = &types.TransitGatewayAttachmentAssociation{
				State: types.TransitGatewayAssociationState(associationState(c, a)), TransitGatewayRouteTableId: aws.String(a.Table),
			}
		}
		out.TransitGatewayAttachments = append(out.TransitGatewayAttachments, shown)
	}
	return out, err
}

// associationState is the state of an attachment's association with its table.
func associationState(c *world.Call, a estate.TransitAttachment) string {
	return under(c, a.Table+"/"+a.ID, "associated")
}
