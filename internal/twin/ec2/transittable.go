package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

var transitTableGone = world.Private[gone[estate.TransitTable]]{Name: "ec2.transitTablesGone"}

// transitTablesOf are the route tables of the caller's gateways.
func transitTablesOf(c *world.Call) []estate.TransitTable {
	return slices.Collect(c.Estate().TransitTables.By(estate.ByRegion(c.Account(), c.Region)))
}

// putTransitTable stores a table with the routes that its propagations give: the
// ranges of the VPCs, as far as no static route has the same, and no VPC that
// propagates already overlaps (Transit Gateways guide, tgw-vpc-attachments.html,
// how-transit-gateways-work.html).
func putTransitTable(c *world.Call, t estate.TransitTable) {
	t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r estate.TransitRoute) bool { return r.Propagated })
	static := len(t.Routes)
	for _, id := range t.Propagating {
		a, _ := c.Estate().TransitAttachments.Get(id)
		v, _ := c.Estate().VPCs.Get(a.VPC)
		taken := slices.ContainsFunc(t.Routes[static:], func(r estate.TransitRoute) bool { return slices.ContainsFunc(v.CIDRs, r.To.Overlaps) })
		for _, p := range v.CIDRs {
			if !taken && !slices.ContainsFunc(t.Routes[:static], func(r estate.TransitRoute) bool { return r.To == p }) {
				t.Routes = append(t.Routes, estate.TransitRoute{To: p, Attachment: id, Propagated: true, State: estate.RouteActive})
			}
		}
	}
	c.Estate().TransitTables.Put(t)
}

// repropagate keeps the Transit Gateways' tables true to a VPC's ranges.
func repropagate(c *world.Call, vpc string) {
	for a := range c.Estate().TransitAttachments.By(estate.ByVPC(vpc)) {
		for _, t := range slices.Collect(c.Estate().TransitTables.By(estate.ByGateway(a.Gateway))) {
			if slices.Contains(t.Propagating, a.ID) {
				putTransitTable(c, t)
			}
		}
	}
}

func noTransitTable(id string) error {
	return fail("InvalidRouteTableID.NotFound", "Transit Gateway Route Table %s was deleted or does not exist.", id)
}

// allowTransitTable finds a table and asks for the permission to do the operation
// on it.
func allowTransitTable(c *world.Call, id *string, dryRun *bool) (estate.TransitTable, error) {
	t, ok := c.Estate().TransitTables.Get(aws.ToString(id))
	ok = ok && t.Account == c.Account() && t.Region == c.Region
	if !ok {
		t = estate.TransitTable{}
	}
	if denied := allow(c, nil, on(c, "transit-gateway-route-table", aws.ToString(id), t.Tags)); denied != nil {
		return t, denied
	}
	if aws.ToString(id) == "" {
		return t, missing("transitGatewayRouteTableId")
	}
	if !ok {
		return t, noTransitTable(*id)
	}
	return t, allow(c, dryRun)
}

func createTransitGatewayRouteTable(_ context.Context, c *world.Call, in *ec2.CreateTransitGatewayRouteTableInput) (*ec2.CreateTransitGatewayRouteTableOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeTransitGatewayRouteTable)
	if denied := allow(c, nil, creating(c, "transit-gateway-route-table", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	g, err := allowTransit(c, findTransit, in.TransitGatewayId, nil)
	if err != nil {
		return nil, err
	}
	if c.World.Limits && len(slices.Collect(c.Estate().TransitTables.By(estate.ByGateway(g.ID)))) >= tablesPerTransit {
		return nil, fail("TransitGatewayRouteTableLimitExceeded", "You have reached the limit of transit gateway route tables.")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t := estate.TransitTable{ID: newID(c, "tgw-rtb"), Gateway: g.ID, Account: g.Account, Region: g.Region, Tags: tags}
	c.Estate().TransitTables.Put(t)
	madeTable.Put(c.State, t.ID, c.Now)
	setOut(c, t.ID, transitPending)
	shown := showTransitTable(c, t, transitPending)
	return &ec2.CreateTransitGatewayRouteTableOutput{TransitGatewayRouteTable: &shown}, nil
}

// deleteTransitGatewayRouteTable refuses a default table and one with
// associations (Transit Gateways guide, tgw-route-tables.html).
func deleteTransitGatewayRouteTable(_ context.Context, c *world.Call, in *ec2.DeleteTransitGatewayRouteTableInput) (*ec2.DeleteTransitGatewayRouteTableOutput, error) {
	t, err := allowTransitTable(c, in.TransitGatewayRouteTableId, in.DryRun)
	if err != nil {
		return nil, err
	}
	g, _ := c.Estate().TransitGateways.Get(t.Gateway)
	if g.AssociationTable == t.ID || g.PropagationTable == t.ID {
		return nil, fail("IncorrectState", "Cannot delete a default route table: %s", t.ID)
	}
	for a := range c.Estate().TransitAttachments.By(estate.ByGateway(t.Gateway)) {
		if a.Table == t.ID {
			return nil, fail("IncorrectState", "Cannot delete a route table while it is associated: %s", t.ID)
		}
	}
	c.Estate().TransitTables.Delete(t.ID)
	part(c, transitTableGone, t.ID, t)
	shown := showTransitTable(c, t, "deleting")
	return &ec2.DeleteTransitGatewayRouteTableOutput{TransitGatewayRouteTable: &shown}, nil
}

func describeTransitGatewayRouteTables(_ context.Context, c *world.Call, in *ec2.DescribeTransitGatewayRouteTablesInput) (*ec2.DescribeTransitGatewayRouteTablesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.TransitGatewayRouteTable
	for _, t := range transitTablesOf(c) {
		all = append(all, showTransitTable(c, t, under(c, t.ID, transitAvailable)))
	}
	partedOf(c, transitTableGone, func(t estate.TransitTable, state string) {
		if t.Account == c.Account() && t.Region == c.Region {
			all = append(all, showTransitTable(c, t, state))
		}
	})
	id := func(t types.TransitGatewayRouteTable) string { return aws.ToString(t.TransitGatewayRouteTableId) }
	slices.SortFunc(all, func(a, b types.TransitGatewayRouteTable) int { return cmp.Compare(id(a), id(b)) })
	page, next, err := choose(selection{"transitGatewayRouteTableIds", in.TransitGatewayRouteTableIds, in.Filters, in.MaxResults, in.NextToken}, all, id,
		func(t types.TransitGatewayRouteTable) attributes {
			return attributes{
				"default-association-route-table": yes(aws.ToBool(t.DefaultAssociationRouteTable)), "default-propagation-route-table": yes(aws.ToBool(t.DefaultPropagationRouteTable)),
				"state": {string(t.State)}, "transit-gateway-id": {aws.ToString(t.TransitGatewayId)}, "transit-gateway-route-table-id": {id(t)},
			}.tagged(unlist(t.Tags))
		}, noTransitTable)
	return &ec2.DescribeTransitGatewayRouteTablesOutput{TransitGatewayRouteTables: page, NextToken: next}, err
}

func showTransitTable(c *world.Call, t estate.TransitTable, state string) types.TransitGatewayRouteTable {
	g, _ := c.Estate().TransitGateways.Get(t.Gateway)
	return types.TransitGatewayRouteTable{
		TransitGatewayRouteTableId: aws.String(t.ID), TransitGatewayId: aws.String(t.Gateway), State: types.TransitGatewayRouteTableState(state),
		CreationTime: madeAt(c, t.ID), Tags: list(t.Tags),
		DefaultAssociationRouteTable: aws.Bool(g.AssociationTable == t.ID), DefaultPropagationRouteTable: aws.Bool(g.PropagationTable == t.ID),
	}
}

// tableAndAttachment finds a table of the caller's and an attachment to its
// gateway, which work.
func tableAndAttachment(c *world.Call, table, attachment *string) (estate.TransitTable, estate.TransitAttachment, error) {
	t, err := allowTransitTable(c, table, nil)
	if err != nil {
		return t, estate.TransitAttachment{}, err
	}
	if aws.ToString(attachment) == "" {
		return t, estate.TransitAttachment{}, missing("transitGatewayAttachmentId")
	}
	if _, err := findAttachment(c, *attachment); err != nil {
		return t, estate.TransitAttachment{}, err
	}
	a, ok := c.Estate().TransitAttachments.Get(*attachment)
	switch {
	case !ok || a.Gateway != t.Gateway:
		return t, a, noAttachment(*attachment)
	case !works(c, a):
		return t, a, wrongState(attachment)
	case under(c, t.ID, transitAvailable) != transitAvailable:
		return t, a, wrongState(table)
	}
	return t, a, nil
}

func associateTransitGatewayRouteTable(_ context.Context, c *world.Call, in *ec2.AssociateTransitGatewayRouteTableInput) (*ec2.AssociateTransitGatewayRouteTableOutput, error) {
	t, a, err := tableAndAttachment(c, in.TransitGatewayRouteTableId, in.TransitGatewayAttachmentId)
	if err != nil {
		return nil, err
	}
	if a.Table != "" {
		return nil, fail("Resource.AlreadyAssociated", "Transit Gateway Attachment %s is already associated to a route table.", a.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a.Table = t.ID
	c.Estate().TransitAttachments.Put(a)
	setOut(c, t.ID+"/"+a.ID, "associating")
	return &ec2.AssociateTransitGatewayRouteTableOutput{Association: showAssociation(t, a, types.TransitGatewayAssociationStateAssociating)}, nil
}

func showAssociation(t estate.TransitTable, a estate.TransitAttachment, state types.TransitGatewayAssociationState) *types.TransitGatewayAssociation {
	return &types.TransitGatewayAssociation{
		ResourceId: aws.String(a.VPC), ResourceType: types.TransitGatewayAttachmentResourceTypeVpc, State: state,
		TransitGatewayAttachmentId: aws.String(a.ID), TransitGatewayRouteTableId: aws.String(t.ID),
	}
}

func disassociateTransitGatewayRouteTable(_ context.Context, c *world.Call, in *ec2.DisassociateTransitGatewayRouteTableInput) (*ec2.DisassociateTransitGatewayRouteTableOutput, error) {
	t, a, err := tableAndAttachment(c, in.TransitGatewayRouteTableId, in.TransitGatewayAttachmentId)
	if err != nil {
		return nil, err
	}
	if a.Table != t.ID {
		return nil, fail("InvalidAssociation.NotFound", "Association of %s with %s does not exist.", a.ID, t.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a.Table = ""
	c.Estate().TransitAttachments.Put(a)
	return &ec2.DisassociateTransitGatewayRouteTableOutput{Association: showAssociation(t, a, types.TransitGatewayAssociationStateDisassociating)}, nil
}

func enableTransitGatewayRouteTablePropagation(_ context.Context, c *world.Call, in *ec2.EnableTransitGatewayRouteTablePropagationInput) (*ec2.EnableTransitGatewayRouteTablePropagationOutput, error) {
	t, a, err := tableAndAttachment(c, in.TransitGatewayRouteTableId, in.TransitGatewayAttachmentId)
	if err != nil {
		return nil, err
	}
	if in.TransitGatewayRouteTableAnnouncementId != nil {
		return nil, c.Unsupported("TransitGatewayRouteTableAnnouncementId")
	}
	if slices.Contains(t.Propagating, a.ID) {
		return nil, fail("TransitGatewayRouteTablePropagation.Duplicate", "Propagation of %s to %s already exists.", a.ID, t.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t.Propagating = append(slices.Clone(t.Propagating), a.ID)
	putTransitTable(c, t)
	return &ec2.EnableTransitGatewayRouteTablePropagationOutput{Propagation: showPropagation(t, a, types.TransitGatewayPropagationStateEnabled)}, nil
}

func showPropagation(t estate.TransitTable, a estate.TransitAttachment, state types.TransitGatewayPropagationState) *types.TransitGatewayPropagation {
	return &types.TransitGatewayPropagation{
		ResourceId: aws.String(a.VPC), ResourceType: types.TransitGatewayAttachmentResourceTypeVpc, State: state,
		TransitGatewayAttachmentId: aws.String(a.ID), TransitGatewayRouteTableId: aws.String(t.ID),
	}
}

func disableTransitGatewayRouteTablePropagation(_ context.Context, c *world.Call, in *ec2.DisableTransitGatewayRouteTablePropagationInput) (*ec2.DisableTransitGatewayRouteTablePropagationOutput, error) {
	t, a, err := tableAndAttachment(c, in.TransitGatewayRouteTableId, in.TransitGatewayAttachmentId)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(t.Propagating, a.ID) {
		return nil, fail("TransitGatewayRouteTablePropagation.NotFound", "Propagation of %s to %s does not exist.", a.ID, t.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t.Propagating = without(t.Propagating, a.ID)
	putTransitTable(c, t)
	return &ec2.DisableTransitGatewayRouteTablePropagationOutput{Propagation: showPropagation(t, a, types.TransitGatewayPropagationStateDisabled)}, nil
}

// transitRoute judges a static route that is asked for.
func transitRoute(c *world.Call, table, cidr, attachment *string, blackhole *bool) (estate.TransitTable, estate.TransitRoute, error) {
	t, err := allowTransitTable(c, table, nil)
	if err != nil {
		return t, estate.TransitRoute{}, err
	}
	p, err := netip.ParsePrefix(aws.ToString(cidr))
	if err != nil {
		return t, estate.TransitRoute{}, fail("InvalidParameterValue", "Value (%s) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", aws.ToString(cidr))
	}
	r := estate.TransitRoute{To: p.Masked(), State: estate.RouteActive}
	switch {
	case aws.ToBool(blackhole) && aws.ToString(attachment) != "":
		return t, r, fail("InvalidParameterCombination", "A route is either a blackhole or goes to an attachment.")
	case aws.ToBool(blackhole):
		r.State = estate.RouteBlackhole
		return t, r, nil
	}
	_, a, err := tableAndAttachment(c, table, attachment)
	r.Attachment = a.ID
	return t, r, err
}

// staticRoute is where a table has a static route to a range, -1 when it has none.
func staticRoute(t estate.TransitTable, p netip.Prefix) int {
	return slices.IndexFunc(t.Routes, func(r estate.TransitRoute) bool { return r.To == p && !r.Propagated })
}

func createTransitGatewayRoute(_ context.Context, c *world.Call, in *ec2.CreateTransitGatewayRouteInput) (*ec2.CreateTransitGatewayRouteOutput, error) {
	t, r, err := transitRoute(c, in.TransitGatewayRouteTableId, in.DestinationCidrBlock, in.TransitGatewayAttachmentId, in.Blackhole)
	if err != nil {
		return nil, err
	}
	if staticRoute(t, r.To) >= 0 {
		return nil, fail("RouteAlreadyExists", "Route %s already exists in Transit Gateway Route Table %s.", r.To, t.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t.Routes = append(slices.Clone(t.Routes), r)
	putTransitTable(c, t)
	return &ec2.CreateTransitGatewayRouteOutput{Route: showTransitRoute(c, r)}, nil
}

func replaceTransitGatewayRoute(_ context.Context, c *world.Call, in *ec2.ReplaceTransitGatewayRouteInput) (*ec2.ReplaceTransitGatewayRouteOutput, error) {
	t, r, err := transitRoute(c, in.TransitGatewayRouteTableId, in.DestinationCidrBlock, in.TransitGatewayAttachmentId, in.Blackhole)
	if err != nil {
		return nil, err
	}
	i := staticRoute(t, r.To)
	if i < 0 {
		return nil, fail("InvalidRoute.NotFound", "Route %s does not exist in Transit Gateway Route Table %s.", r.To, t.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	t.Routes = slices.Clone(t.Routes)
	t.Routes[i] = r
	putTransitTable(c, t)
	return &ec2.ReplaceTransitGatewayRouteOutput{Route: showTransitRoute(c, r)}, nil
}

func deleteTransitGatewayRoute(_ context.Context, c *world.Call, in *ec2.DeleteTransitGatewayRouteInput) (*ec2.DeleteTransitGatewayRouteOutput, error) {
	t, err := allowTransitTable(c, in.TransitGatewayRouteTableId, nil)
	if err != nil {
		return nil, err
	}
	p, err := netip.ParsePrefix(aws.ToString(in.DestinationCidrBlock))
	if err != nil {
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", aws.ToString(in.DestinationCidrBlock))
	}
	i := staticRoute(t, p.Masked())
	if i < 0 {
		return nil, fail("InvalidRoute.NotFound", "Route %s does not exist in Transit Gateway Route Table %s.", p, t.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	shown := showTransitRoute(c, t.Routes[i])
	shown.State = types.TransitGatewayRouteStateDeleted
	t.Routes = slices.Delete(slices.Clone(t.Routes), i, i+1)
	putTransitTable(c, t)
	return &ec2.DeleteTransitGatewayRouteOutput{Route: shown}, nil
}

func showTransitRoute(c *world.Call, r estate.TransitRoute) *types.TransitGatewayRoute {
	out := &types.TransitGatewayRoute{DestinationCidrBlock: aws.String(r.To.String()), State: types.TransitGatewayRouteState(r.State), Type: types.TransitGatewayRouteTypeStatic}
	if r.Propagated {
		out.Type = types.TransitGatewayRouteTypePropagated
	}
	if r.Attachment != "" {
		a, _ := c.Estate().TransitAttachments.Get(r.Attachment)
		out.TransitGatewayAttachments = []types.TransitGatewayRouteAttachment{{
			ResourceId: aws.String(a.VPC), ResourceType: types.TransitGatewayAttachmentResourceTypeVpc, TransitGatewayAttachmentId: aws.String(r.Attachment),
		}}
	}
	return out
}

// searchTransitGatewayRoutes finds routes by at least one filter
// (API_SearchTransitGatewayRoutes).
func searchTransitGatewayRoutes(_ context.Context, c *world.Call, in *ec2.SearchTransitGatewayRoutesInput) (*ec2.SearchTransitGatewayRoutesOutput, error) {
	t, err := allowTransitTable(c, in.TransitGatewayRouteTableId, in.DryRun)
	if err != nil {
		return nil, err
	}
	if len(in.Filters) == 0 {
		return nil, missing("Filters")
	}
	limit := int(cmp.Or(aws.ToInt32(in.MaxResults), 1000))
	if in.MaxResults != nil && (limit < 5 || limit > 1000) {
		return nil, fail("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.", limit)
	}
	routes := slices.Clone(t.Routes)
	slices.SortFunc(routes, func(a, b estate.TransitRoute) int {
		return cmp.Or(a.To.Addr().Compare(b.To.Addr()), cmp.Compare(a.To.Bits(), b.To.Bits()))
	})
	out := &ec2.SearchTransitGatewayRoutesOutput{Routes: []types.TransitGatewayRoute{}, AdditionalRoutesAvailable: aws.Bool(false)}
	for _, r := range routes {
		ok, err := searched(c, t, r, in.Filters)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if len(out.Routes) == limit {
			out.AdditionalRoutesAvailable = aws.Bool(true)
			break
		}
		out.Routes = append(out.Routes, *showTransitRoute(c, r))
	}
	return out, nil
}

func searched(c *world.Call, t estate.TransitTable, r estate.TransitRoute, filters []types.Filter) (bool, error) {
	shown := showTransitRoute(c, r)
	a := attributes{
		"attachment.transit-gateway-attachment-id": nil, "attachment.resource-id": nil, "attachment.resource-type": nil, "prefix-list-id": nil,
		"state": {string(shown.State)}, "type": {string(shown.Type)},
	}
	for _, at := range shown.TransitGatewayAttachments {
		a["attachment.transit-gateway-attachment-id"] = []string{*at.TransitGatewayAttachmentId}
		a["attachment.resource-id"], a["attachment.resource-type"] = []string{*at.ResourceId}, []string{string(at.ResourceType)}
	}
	var plain []types.Filter
	match := true
	for _, f := range filters {
		by := map[string]func(p netip.Prefix) bool{
			"route-search.exact-match":     func(p netip.Prefix) bool { return r.To == p },
			"route-search.subnet-of-match": func(p netip.Prefix) bool { return p.Contains(r.To.Addr()) && p.Bits() <= r.To.Bits() },
			"route-search.supernet-of-match": func(p netip.Prefix) bool {
				return r.To.Contains(p.Addr()) && r.To.Bits() <= p.Bits()
			},
			"route-search.longest-prefix-match": func(p netip.Prefix) bool {
				return r.To.Contains(p.Addr()) && r.To.Bits() <= p.Bits() && !slices.ContainsFunc(t.Routes, func(o estate.TransitRoute) bool {
					return o.To.Contains(p.Addr()) && o.To.Bits() <= p.Bits() && o.To.Bits() > r.To.Bits()
				})
			},
		}[aws.ToString(f.Name)]
		if by == nil {
			plain = append(plain, f)
			continue
		}
		any := false
		for _, v := range f.Values {
			p, err := netip.ParsePrefix(v)
			if err != nil {
				if addr, bad := netip.ParseAddr(v); bad == nil {
					p, err = addr.Prefix(addr.BitLen())
				}
			}
			if err != nil {
				return false, fail("InvalidParameterValue", "Value (%s) for filter %s is invalid. This is not a valid CIDR block.", v, aws.ToString(f.Name))
			}
			any = any || by(p.Masked())
		}
		match = match && any
	}
	ok, err := a.matches(plain)
	return ok && match, err
}

// byAttachment are the filters of the lists of associations and propagations.
func byAttachment(id, resource, kind string) attributes {
	return attributes{"transit-gateway-attachment-id": {id}, "resource-id": {resource}, "resource-type": {kind}}
}

func getTransitGatewayRouteTableAssociations(_ context.Context, c *world.Call, in *ec2.GetTransitGatewayRouteTableAssociationsInput) (*ec2.GetTransitGatewayRouteTableAssociationsOutput, error) {
	t, err := allowTransitTable(c, in.TransitGatewayRouteTableId, in.DryRun)
	if err != nil {
		return nil, err
	}
	var all []types.TransitGatewayRouteTableAssociation
	for a := range c.Estate().TransitAttachments.By(estate.ByGateway(t.Gateway)) {
		if a.Table == t.ID {
			all = append(all, types.TransitGatewayRouteTableAssociation{
				ResourceId: aws.String(a.VPC), ResourceType: types.TransitGatewayAttachmentResourceTypeVpc,
				State: types.TransitGatewayAssociationState(associationState(c, a)), TransitGatewayAttachmentId: aws.String(a.ID),
			})
		}
	}
	page, next, err := choose(selection{filters: in.Filters, max: in.MaxResults, token: in.NextToken}, all,
		func(a types.TransitGatewayRouteTableAssociation) string {
			return aws.ToString(a.TransitGatewayAttachmentId)
		},
		func(a types.TransitGatewayRouteTableAssociation) attributes {
			return byAttachment(aws.ToString(a.TransitGatewayAttachmentId), aws.ToString(a.ResourceId), string(a.ResourceType))
		}, nil)
	return &ec2.GetTransitGatewayRouteTableAssociationsOutput{Associations: page, NextToken: next}, err
}

func getTransitGatewayRouteTablePropagations(_ context.Context, c *world.Call, in *ec2.GetTransitGatewayRouteTablePropagationsInput) (*ec2.GetTransitGatewayRouteTablePropagationsOutput, error) {
	t, err := allowTransitTable(c, in.TransitGatewayRouteTableId, in.DryRun)
	if err != nil {
		return nil, err
	}
	var all []types.TransitGatewayRouteTablePropagation
	for _, id := range slices.Sorted(slices.Values(t.Propagating)) {
		a, _ := c.Estate().TransitAttachments.Get(id)
		all = append(all, types.TransitGatewayRouteTablePropagation{
			ResourceId: aws.String(a.VPC), ResourceType: types.TransitGatewayAttachmentResourceTypeVpc,
			State: types.TransitGatewayPropagationStateEnabled, TransitGatewayAttachmentId: aws.String(id),
		})
	}
	page, next, err := choose(selection{filters: in.Filters, max: in.MaxResults, token: in.NextToken}, all,
		func(a types.TransitGatewayRouteTablePropagation) string {
			return aws.ToString(a.TransitGatewayAttachmentId)
		},
		func(a types.TransitGatewayRouteTablePropagation) attributes {
			return byAttachment(aws.ToString(a.TransitGatewayAttachmentId), aws.ToString(a.ResourceId), string(a.ResourceType))
		}, nil)
	return &ec2.GetTransitGatewayRouteTablePropagationsOutput{TransitGatewayRouteTablePropagations: page, NextToken: next}, err
}

func getTransitGatewayAttachmentPropagations(_ context.Context, c *world.Call, in *ec2.GetTransitGatewayAttachmentPropagationsInput) (*ec2.GetTransitGatewayAttachmentPropagationsOutput, error) {
	a, err := allowAttachment(c, in.TransitGatewayAttachmentId, in.DryRun)
	if err != nil {
		return nil, err
	}
	var all []types.TransitGatewayAttachmentPropagation
	for t := range c.Estate().TransitTables.By(estate.ByGateway(a.Gateway)) {
		if slices.Contains(t.Propagating, a.ID) {
			all = append(all, types.TransitGatewayAttachmentPropagation{State: types.TransitGatewayPropagationStateEnabled, TransitGatewayRouteTableId: aws.String(t.ID)})
		}
	}
	id := func(p types.TransitGatewayAttachmentPropagation) string {
		return aws.ToString(p.TransitGatewayRouteTableId)
	}
	page, next, err := choose(selection{filters: in.Filters, max: in.MaxResults, token: in.NextToken}, all, id,
		func(p types.TransitGatewayAttachmentPropagation) attributes {
			return attributes{"transit-gateway-route-table-id": {id(p)}}
		}, nil)
	return &ec2.GetTransitGatewayAttachmentPropagationsOutput{TransitGatewayAttachmentPropagations: page, NextToken: next}, err
}
