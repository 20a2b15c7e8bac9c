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

// States of a Transit Gateway and what belongs to it (EC2 API, TransitGateway).
const (
	transitPending   = "pending"
	transitAvailable = "available"
	transitModifying = "modifying"
)

// transitMoreTable holds what is said of a Transit Gateway or an attachment and
// does not matter to what can be reached.
var transitMoreTable = world.Private[transitMore]{Name: "ec2.transit"}

type transitMore struct {
	Description              string
	ECMP, Multicast, GroupsT string // enable, disable
	CIDRs                    []string
	Appliance, DNS, Six      string // of an attachment
}

var (
	transitGone    = world.Private[gone[estate.TransitGateway]]{Name: "ec2.transitGatewaysGone"}
	attachmentGone = world.Private[gone[estate.TransitAttachment]]{Name: "ec2.transitAttachmentsGone"}
)

const (
	enable  = "enable"
	disable = "disable"
)

func enabled(b bool) string {
	if b {
		return enable
	}
	return disable
}

// transitsOf are the gateways that the caller owns, and those shared with it,
// each with its state of now.
func transitsOf(c *world.Call) []estate.TransitGateway {
	out := slices.Collect(c.Estate().TransitGateways.By(estate.ByRegion(c.Account(), c.Region)))
	for _, arn := range c.Shared("ec2", "transit-gateway/") {
		if g, ok := c.Estate().TransitGateways.Get(arn[strings.LastIndexByte(arn, '/')+1:]); ok {
			out = append(out, g)
		}
	}
	for i, g := range out {
		out[i].State = under(c, g.ID, cmp.Or(g.State, transitAvailable))
	}
	partedOf(c, transitGone, func(g estate.TransitGateway, state string) {
		if g.Account == c.Account() && g.Region == c.Region {
			g.State = state
			out = append(out, g)
		}
	})
	slices.SortFunc(out, func(a, b estate.TransitGateway) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func noTransit(id string) error {
	if err := notFound("TransitGatewayID", "transitGateway", "tgw", id); strings.Contains(err.Error(), "Malformed") {
		return err
	}
	return fail("InvalidTransitGatewayID.NotFound", "Transit Gateway %s was deleted or does not exist.", id)
}

// seenTransit finds a gateway that the caller sees and that is not deleted.
func seenTransit(c *world.Call, id string) (estate.TransitGateway, error) {
	for _, g := range transitsOf(c) {
		if g.ID == id && g.State != "deleted" {
			return g, nil
		}
	}
	return estate.TransitGateway{}, noTransit(id)
}

// findTransit finds a gateway of the caller's.
func findTransit(c *world.Call, id string) (estate.TransitGateway, error) {
	g, err := seenTransit(c, id)
	if err == nil && g.Account != c.Account() {
		return g, notOwner("transitGateway", id)
	}
	return g, err
}

func allowTransit(c *world.Call, find func(*world.Call, string) (estate.TransitGateway, error), id *string, dryRun *bool) (estate.TransitGateway, error) {
	g, err := find(c, aws.ToString(id))
	tags := g.Tags
	if g.Account != c.Account() {
		tags = nil
	}
	if denied := allow(c, nil, on(c, "transit-gateway", aws.ToString(id), tags)); denied != nil {
		return g, denied
	}
	if aws.ToString(id) == "" {
		return g, missing("transitGatewayId")
	}
	if err != nil {
		return g, err
	}
	if c.Operation != "DescribeTransitGateways" && g.State != transitAvailable {
		return g, wrongState(id)
	}
	return g, allow(c, dryRun)
}

// wrongState refuses what has to wait until a resource is available.
func wrongState(id *string) error {
	return fail("IncorrectState", "%s is in invalid state", aws.ToString(id))
}

// createTransitGateway makes a gateway with the options of API_CreateTransitGateway,
// and its default route table unless both uses of it are off.
func createTransitGateway(_ context.Context, c *world.Call, in *ec2.CreateTransitGatewayInput) (*ec2.CreateTransitGatewayOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeTransitGateway)
	if denied := allow(c, nil, creating(c, "transit-gateway", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	o := in.Options
	if o == nil {
		o = &types.TransitGatewayRequestOptions{}
	}
	asn := cmp.Or(aws.ToInt64(o.AmazonSideAsn), 64512)
	if !privateASN(asn) {
		return nil, fail("InvalidParameterValue", "Value (%d) for parameter AmazonSideAsn is invalid. The range is 64512 to 65534 for 16-bit ASNs and 4200000000 to 4294967294 for 32-bit ASNs.", asn)
	}
	if c.World.Limits && len(slices.Collect(c.Estate().TransitGateways.By(estate.ByRegion(c.Account(), c.Region)))) >= transitsPerAccount {
		return nil, fail("TransitGatewayLimitExceeded", "You have reached the limit of transit gateways.")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	g := estate.TransitGateway{
		ID: newID(c, "tgw"), Account: c.Account(), Region: c.Region, State: transitAvailable, ASN: asn, Tags: tags,
		AutoAccept: o.AutoAcceptSharedAttachments == types.AutoAcceptSharedAttachmentsValueEnable,
		DNSSupport: o.DnsSupport != types.DnsSupportValueDisable,
	}
	associate := o.DefaultRouteTableAssociation != types.DefaultRouteTableAssociationValueDisable
	propagate := o.DefaultRouteTablePropagation != types.DefaultRouteTablePropagationValueDisable
	if associate || propagate {
		t := estate.TransitTable{ID: newID(c, "tgw-rtb"), Gateway: g.ID, Account: g.Account, Region: g.Region, Tags: estate.Tags{}}
		c.Estate().TransitTables.Put(t)
		madeTable.Put(c.State, t.ID, c.Now)
		if associate {
			g.AssociationTable = t.ID
		}
		if propagate {
			g.PropagationTable = t.ID
		}
	}
	c.Estate().TransitGateways.Put(g)
	transitMoreTable.Put(c.State, g.ID, transitMore{
		Description: aws.ToString(in.Description), CIDRs: o.TransitGatewayCidrBlocks,
		ECMP:      cmp.Or(string(o.VpnEcmpSupport), enable),
		Multicast: cmp.Or(string(o.MulticastSupport), disable),
		GroupsT:   cmp.Or(string(o.SecurityGroupReferencingSupport), disable),
	})
	madeTable.Put(c.State, g.ID, c.Now)
	setOut(c, g.ID, transitPending)
	g.State = transitPending
	shown := showTransit(c, g)
	return &ec2.CreateTransitGatewayOutput{TransitGateway: &shown}, nil
}

// privateASN reports whether a number is one of the private ranges (RFC 6996).
func privateASN(n int64) bool {
	return n >= 64512 && n <= 65534 || n >= 4200000000 && n <= 4294967294
}

func modifyTransitGateway(_ context.Context, c *world.Call, in *ec2.ModifyTransitGatewayInput) (*ec2.ModifyTransitGatewayOutput, error) {
	g, err := allowTransit(c, findTransit, in.TransitGatewayId, nil)
	if err != nil {
		return nil, err
	}
	more := moreOfTransit(c, g.ID)
	if in.Description != nil {
		more.Description = *in.Description
	}
	if o := in.Options; o != nil {
		if o.EncryptionSupport != "" {
			return nil, c.Unsupported("Options.EncryptionSupport")
		}
		for _, id := range []*string{o.AssociationDefaultRouteTableId, o.PropagationDefaultRouteTableId} {
			if t, ok := c.Estate().TransitTables.Get(aws.ToString(id)); id != nil && (!ok || t.Gateway != g.ID) {
				return nil, noTransitTable(*id)
			}
		}
		switch {
		case o.DefaultRouteTableAssociation == types.DefaultRouteTableAssociationValueDisable:
			g.AssociationTable = ""
		case o.AssociationDefaultRouteTableId != nil:
			g.AssociationTable = *o.AssociationDefaultRouteTableId
		case o.DefaultRouteTableAssociation != "" && g.AssociationTable == "":
			return nil, missing("AssociationDefaultRouteTableId")
		}
		switch {
		case o.DefaultRouteTablePropagation == types.DefaultRouteTablePropagationValueDisable:
			g.PropagationTable = ""
		case o.PropagationDefaultRouteTableId != nil:
			g.PropagationTable = *o.PropagationDefaultRouteTableId
		case o.DefaultRouteTablePropagation != "" && g.PropagationTable == "":
			return nil, missing("PropagationDefaultRouteTableId")
		}
		if o.AutoAcceptSharedAttachments != "" {
			g.AutoAccept = o.AutoAcceptSharedAttachments == types.AutoAcceptSharedAttachmentsValueEnable
		}
		if o.DnsSupport != "" {
			g.DNSSupport = o.DnsSupport == types.DnsSupportValueEnable
		}
		if o.AmazonSideAsn != nil {
			if !privateASN(*o.AmazonSideAsn) {
				return nil, fail("InvalidParameterValue", "Value (%d) for parameter AmazonSideAsn is invalid.", *o.AmazonSideAsn)
			}
			g.ASN = *o.AmazonSideAsn
		}
		more.ECMP = cmp.Or(string(o.VpnEcmpSupport), more.ECMP)
		more.GroupsT = cmp.Or(string(o.SecurityGroupReferencingSupport), more.GroupsT)
		more.CIDRs = slices.DeleteFunc(append(slices.Clone(more.CIDRs), o.AddTransitGatewayCidrBlocks...), func(s string) bool { return slices.Contains(o.RemoveTransitGatewayCidrBlocks, s) })
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	c.Estate().TransitGateways.Put(g)
	transitMoreTable.Put(c.State, g.ID, more)
	setOut(c, g.ID, transitModifying)
	g.State = transitModifying
	shown := showTransit(c, g)
	return &ec2.ModifyTransitGatewayOutput{TransitGateway: &shown}, nil
}

// deleteTransitGateway takes the gateway away with its route tables, once it has
// no attachments (Transit Gateways guide, tgw-transit-gateways.html).
func deleteTransitGateway(_ context.Context, c *world.Call, in *ec2.DeleteTransitGatewayInput) (*ec2.DeleteTransitGatewayOutput, error) {
	g, err := allowTransit(c, findTransit, in.TransitGatewayId, nil)
	if err != nil {
		return nil, err
	}
	var attached []string
	for a := range c.Estate().TransitAttachments.By(estate.ByGateway(g.ID)) {
		attached = append(attached, a.ID)
	}
	partedOf(c, attachmentGone, func(a estate.TransitAttachment, state string) {
		if a.Gateway == g.ID && state == "deleting" && a.State != estate.AttachmentRejected {
			attached = append(attached, a.ID)
		}
	})
	if len(attached) > 0 {
		return nil, fail("IncorrectState", "%s has non-deleted Transit Gateway Attachments: %s.", g.ID, strings.Join(attached, ", "))
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	for _, t := range slices.Collect(c.Estate().TransitTables.By(estate.ByGateway(g.ID))) {
		c.Estate().TransitTables.Delete(t.ID)
	}
	c.Estate().TransitGateways.Delete(g.ID)
	part(c, transitGone, g.ID, g)
	g.State = "deleting"
	shown := showTransit(c, g)
	return &ec2.DeleteTransitGatewayOutput{TransitGateway: &shown}, nil
}

func describeTransitGateways(_ context.Context, c *world.Call, in *ec2.DescribeTransitGatewaysInput) (*ec2.DescribeTransitGatewaysOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"transitGatewayIds", in.TransitGatewayIds, in.Filters, in.MaxResults, in.NextToken}, transitsOf(c),
		estate.TransitGateway.Key, func(g estate.TransitGateway) attributes { return transitAttributes(c, g) }, noTransit)
	out := &ec2.DescribeTransitGatewaysOutput{NextToken: next}
	for _, g := range page {
		out.TransitGateways = append(out.TransitGateways, showTransit(c, g))
	}
	return out, err
}

// transitAttributes are the filters of API_DescribeTransitGateways.
func transitAttributes(c *world.Call, g estate.TransitGateway) attributes {
	o := showTransit(c, g).Options
	a := attributes{
		"options.propagation-default-route-table-id": {g.PropagationTable}, "options.association-default-route-table-id": {g.AssociationTable},
		"options.amazon-side-asn":                 {itoa(int32(g.ASN))},
		"options.auto-accept-shared-attachments":  {string(o.AutoAcceptSharedAttachments)},
		"options.default-route-table-association": {string(o.DefaultRouteTableAssociation)},
		"options.default-route-table-propagation": {string(o.DefaultRouteTablePropagation)},
		"options.dns-support":                     {string(o.DnsSupport)}, "options.vpn-ecmp-support": {string(o.VpnEcmpSupport)},
		"owner-id": {string(g.Account)}, "state": {g.State}, "transit-gateway-id": {g.ID},
	}
	if g.Account != c.Account() {
		return a.tagged(nil)
	}
	return a.tagged(g.Tags)
}

// moreOfTransit is what the estate does not hold of a gateway or an attachment,
// with the values that AWS sets.
func moreOfTransit(c *world.Call, id string) transitMore {
	m, _ := transitMoreTable.Get(c.State, id)
	m.ECMP, m.Multicast = cmp.Or(m.ECMP, enable), cmp.Or(m.Multicast, disable)
	m.Appliance, m.DNS, m.Six = cmp.Or(m.Appliance, disable), cmp.Or(m.DNS, enable), cmp.Or(m.Six, disable)
	if m.GroupsT == "" {
		m.GroupsT = enabled(strings.HasPrefix(id, "tgw-attach-"))
	}
	return m
}

func showTransit(c *world.Call, g estate.TransitGateway) types.TransitGateway {
	m := moreOfTransit(c, g.ID)
	out := types.TransitGateway{
		TransitGatewayId: aws.String(g.ID), TransitGatewayArn: aws.String(g.ARN()), OwnerId: aws.String(string(g.Account)),
		State: types.TransitGatewayState(g.State), CreationTime: madeAt(c, g.ID), Description: aws.String(m.Description),
		Options: &types.TransitGatewayOptions{
			AmazonSideAsn: aws.Int64(g.ASN), TransitGatewayCidrBlocks: m.CIDRs,
			AutoAcceptSharedAttachments:     types.AutoAcceptSharedAttachmentsValue(enabled(g.AutoAccept)),
			DefaultRouteTableAssociation:    types.DefaultRouteTableAssociationValue(enabled(g.AssociationTable != "")),
			AssociationDefaultRouteTableId:  word(g.AssociationTable),
			DefaultRouteTablePropagation:    types.DefaultRouteTablePropagationValue(enabled(g.PropagationTable != "")),
			PropagationDefaultRouteTableId:  word(g.PropagationTable),
			DnsSupport:                      types.DnsSupportValue(enabled(g.DNSSupport)),
			VpnEcmpSupport:                  types.VpnEcmpSupportValue(m.ECMP),
			MulticastSupport:                types.MulticastSupportValue(m.Multicast),
			SecurityGroupReferencingSupport: types.SecurityGroupReferencingSupportValue(m.GroupsT),
		},
	}
	if g.Account == c.Account() {
		out.Tags = list(g.Tags)
	}
	return out
}
