package awsapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// readTransitGateways reads the gateways that an account owns and those that
// others share with it. What their owner read of those stays.
func (c *caller) readTransitGateways(ctx context.Context, q estate.Query) (Patch, error) {
	var own, shared []estate.TransitGateway
	pages := ec2.NewDescribeTransitGatewaysPaginator(c.ec2(q.Account, q.Region), &ec2.DescribeTransitGatewaysInput{MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.TransitGateways {
			one := estate.TransitGateway{ID: aws.ToString(g.TransitGatewayId), Account: estate.AccountID(aws.ToString(g.OwnerId)), Region: q.Region, State: string(g.State), Tags: ec2Tags(g.Tags)}
			if o := g.Options; o != nil {
				one.ASN = aws.ToInt64(o.AmazonSideAsn)
				one.AutoAccept = o.AutoAcceptSharedAttachments == types.AutoAcceptSharedAttachmentsValueEnable
				one.DNSSupport = o.DnsSupport == types.DnsSupportValueEnable
				if o.DefaultRouteTableAssociation == types.DefaultRouteTableAssociationValueEnable {
					one.AssociationTable = aws.ToString(o.AssociationDefaultRouteTableId)
				}
				if o.DefaultRouteTablePropagation == types.DefaultRouteTablePropagationValueEnable {
					one.PropagationTable = aws.ToString(o.PropagationDefaultRouteTableId)
				}
			}
			switch {
			case one.State == string(types.TransitGatewayStateDeleted):
			case others(q, g.OwnerId):
				shared = append(shared, one)
			default:
				one.Account = q.Account
				own = append(own, one)
			}
		}
	}
	return func(e *estate.Estate) {
		replaceRegion(&e.TransitGateways, q, own)
		for _, g := range shared {
			if _, known := e.TransitGateways.Get(g.ID); !known {
				e.TransitGateways.Put(g)
			}
		}
	}, nil
}

// readTransitAttachments reads the VPC attachments of an account's VPCs and to
// its gateways. Both sides see an attachment; the tags are each side's own, and
// the gateway's owner alone sees the route table.
func (c *caller) readTransitAttachments(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.ec2(q.Account, q.Region)
	var found []estate.TransitAttachment
	pages := ec2.NewDescribeTransitGatewayVpcAttachmentsPaginator(client, &ec2.DescribeTransitGatewayVpcAttachmentsInput{MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.TransitGatewayVpcAttachments {
			if one := attachmentOf(q, a); one.State != estate.AttachmentDeleted {
				found = append(found, one)
			}
		}
	}
	if len(found) > 0 {
		whole, err := attachments(ctx, client, types.Filter{Name: aws.String("resource-type"), Values: []string{string(types.TransitGatewayAttachmentResourceTypeVpc)}})
		if err != nil {
			return nil, err
		}
		for i := range found {
			found[i] = ownersView(q, found[i], whole[found[i].ID])
		}
	}
	return func(e *estate.Estate) {
		known := map[string]estate.TransitAttachment{}
		var gone []string
		for _, key := range []string{estate.ByRegion(q.Account, q.Region), estate.ByOwner(q.Account, q.Region)} {
			for a := range e.TransitAttachments.By(key) {
				known[a.ID] = a
				gone = append(gone, a.ID)
			}
		}
		e.TransitAttachments.Delete(gone...)
		for _, a := range found {
			if before, ok := known[a.ID]; ok {
				if a.Account != q.Account {
					a.Tags = before.Tags
				}
				if a.Owner != q.Account {
					a.OwnerTags, a.Table = before.OwnerTags, before.Table
				}
			}
			e.TransitAttachments.Put(a)
		}
	}, nil
}

// attachmentOf is an attachment as EC2 shows it to an account.
func attachmentOf(q estate.Query, a types.TransitGatewayVpcAttachment) estate.TransitAttachment {
	out := estate.TransitAttachment{
		ID: aws.ToString(a.TransitGatewayAttachmentId), Gateway: aws.ToString(a.TransitGatewayId), Account: estate.AccountID(aws.ToString(a.VpcOwnerId)),
		Region: q.Region, VPC: aws.ToString(a.VpcId), Subnets: slices.Sorted(slices.Values(a.SubnetIds)), State: string(a.State),
	}
	if out.Account == q.Account {
		out.Tags = ec2Tags(a.Tags)
	} else {
		out.OwnerTags = ec2Tags(a.Tags)
	}
	return out
}

// ownersView adds what the other list of attachments tells: whose the gateway
// is, and to its owner the route table.
func ownersView(q estate.Query, a estate.TransitAttachment, whole types.TransitGatewayAttachment) estate.TransitAttachment {
	a.Owner = estate.AccountID(aws.ToString(whole.TransitGatewayOwnerId))
	if a.Owner != q.Account {
		a.OwnerTags = nil
		return a
	}
	a.OwnerTags = ec2Tags(whole.Tags)
	if x := whole.Association; x != nil && (x.State == types.TransitGatewayAssociationStateAssociated || x.State == types.TransitGatewayAssociationStateAssociating) {
		a.Table = aws.ToString(x.TransitGatewayRouteTableId)
	}
	return a
}

// attachments are those that match, by ID.
func attachments(ctx context.Context, client *ec2.Client, filters ...types.Filter) (map[string]types.TransitGatewayAttachment, error) {
	out := map[string]types.TransitGatewayAttachment{}
	pages := ec2.NewDescribeTransitGatewayAttachmentsPaginator(client, &ec2.DescribeTransitGatewayAttachmentsInput{MaxResults: aws.Int32(ec2Page), Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.TransitGatewayAttachments {
			out[aws.ToString(a.TransitGatewayAttachmentId)] = a
		}
	}
	return out, nil
}

// readTransitTables reads the route tables of an account's own gateways, with
// their routes and the attachments that propagate to them.
func (c *caller) readTransitTables(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.ec2(q.Account, q.Region)
	var found []estate.TransitTable
	pages := ec2.NewDescribeTransitGatewayRouteTablesPaginator(client, &ec2.DescribeTransitGatewayRouteTablesInput{MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range page.TransitGatewayRouteTables {
			if t.State == types.TransitGatewayRouteTableStateDeleted || t.State == types.TransitGatewayRouteTableStateDeleting {
				continue
			}
			one := estate.TransitTable{ID: aws.ToString(t.TransitGatewayRouteTableId), Gateway: aws.ToString(t.TransitGatewayId), Account: q.Account, Region: q.Region, Tags: ec2Tags(t.Tags)}
			if err := transitTable(ctx, client, &one); err != nil {
				if absent(err) {
					continue // deleted meanwhile
				}
				return nil, err
			}
			found = append(found, one)
		}
	}
	return func(e *estate.Estate) { replaceRegion(&e.TransitTables, q, found) }, nil
}

func transitTable(ctx context.Context, client *ec2.Client, t *estate.TransitTable) error {
	routes := ec2.NewSearchTransitGatewayRoutesPaginator(client, &ec2.SearchTransitGatewayRoutesInput{
		TransitGatewayRouteTableId: &t.ID, MaxResults: aws.Int32(ec2Page),
		// A filter must be given; these are all types that there are.
		Filters: []types.Filter{{Name: aws.String("type"), Values: []string{string(types.TransitGatewayRouteTypeStatic), string(types.TransitGatewayRouteTypePropagated)}}},
	})
	for routes.HasMorePages() {
		page, err := routes.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.Routes {
			to, err := prefixes("a route of "+t.ID, r.DestinationCidrBlock)
			if err != nil {
				return err
			}
			if len(to) == 0 || r.State == types.TransitGatewayRouteStateDeleted || r.State == types.TransitGatewayRouteStateDeleting {
				continue
			}
			one := estate.TransitRoute{To: to[0], Propagated: r.Type == types.TransitGatewayRouteTypePropagated, State: string(r.State)}
			if len(r.TransitGatewayAttachments) == 0 {
				t.Routes = append(t.Routes, one)
			}
			for _, a := range r.TransitGatewayAttachments {
				one.Attachment = aws.ToString(a.TransitGatewayAttachmentId)
				t.Routes = append(t.Routes, one)
			}
		}
	}
	propagations := ec2.NewGetTransitGatewayRouteTablePropagationsPaginator(client, &ec2.GetTransitGatewayRouteTablePropagationsInput{TransitGatewayRouteTableId: &t.ID, MaxResults: aws.Int32(ec2Page)})
	for propagations.HasMorePages() {
		page, err := propagations.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.TransitGatewayRouteTablePropagations {
			if p.State == types.TransitGatewayPropagationStateEnabled || p.State == types.TransitGatewayPropagationStateEnabling {
				t.Propagating = append(t.Propagating, aws.ToString(p.TransitGatewayAttachmentId))
			}
		}
	}
	slices.Sort(t.Propagating)
	return nil
}

var transitAttachmentBinding = binding{
	reads:   []estate.QueryKind{estate.QueryTransitAttachments},
	do:      (*Writer).doTransitAttachment,
	settled: (*Writer).transitAttachmentSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayMake(plan.KindTransitAttachment)},
		plan.Update: {plan.MayMake(plan.KindTransitAttachment)},
		plan.Await:  {plan.MayReadNetwork},
		plan.Delete: {plan.MayMake(plan.KindTransitAttachment)},
	},
}

func (w *Writer) doTransitAttachment(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.ec2(s.Account, s.Region)
	switch s.Action {
	case plan.Create:
		id, err := w.createAttachment(ctx, client, s)
		if err != nil {
			return nil, err
		}
		return plan.Attributes{"id": {id}}, nil
	case plan.Update:
		return plan.Attributes{"id": {s.ID}}, w.moveAttachment(ctx, client, s)
	case plan.Await:
		return plan.Attributes{}, nil
	case plan.Delete:
		err := w.outlast(ctx, ec2Release, coded("IncorrectState"), func() error {
			_, err := client.DeleteTransitGatewayVpcAttachment(ctx, &ec2.DeleteTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: &s.ID})
			if Code(err) != "IncorrectState" {
				return err
			}
			if a, ok, readErr := describeAttachment(ctx, client, s, s.ID); readErr == nil && (!ok || attachmentGone(a.State)) {
				return nil // deleted by a try whose answer was lost
			}
			return err
		})
		if absent(err) {
			err = nil
		}
		return plan.Attributes{"id": {s.ID}}, err
	}
	return nil, impossible(s)
}

// createAttachment attaches a VPC. It can be attached once to a gateway, so that
// a repeated request is refused: then the attachment with our mark is the one. A
// gateway that was just shared is not known to the account at once.
func (w *Writer) createAttachment(ctx context.Context, client *ec2.Client, s plan.Step) (string, error) {
	o, id := *s.Object, ""
	err := w.outlast(ctx, ec2Appearance, coded("InvalidTransitGatewayID.NotFound"), func() error {
		out, err := client.CreateTransitGatewayVpcAttachment(ctx, &ec2.CreateTransitGatewayVpcAttachmentInput{
			TransitGatewayId: aws.String(o.One("gateway")), VpcId: aws.String(o.One("vpc")), SubnetIds: o.Fields["subnets"],
			TagSpecifications: specified(types.ResourceTypeTransitGatewayAttachment, plan.Marks(w.opt.Owner, s.Address)),
		})
		if err == nil && out.TransitGatewayVpcAttachment != nil {
			id = aws.ToString(out.TransitGatewayVpcAttachment.TransitGatewayAttachmentId)
		}
		return err
	})
	if Code(err) != "DuplicateTransitGatewayAttachment" {
		return id, err
	}
	filters := append(w.marked(s), types.Filter{Name: aws.String("transit-gateway-id"), Values: []string{o.One("gateway")}}, types.Filter{Name: aws.String("vpc-id"), Values: []string{o.One("vpc")}})
	found, readErr := client.DescribeTransitGatewayVpcAttachments(ctx, &ec2.DescribeTransitGatewayVpcAttachmentsInput{Filters: filters})
	if readErr != nil {
		return "", readErr
	}
	for _, a := range found.TransitGatewayVpcAttachments {
		if !attachmentGone(string(a.State)) {
			return aws.ToString(a.TransitGatewayAttachmentId), nil
		}
	}
	return "", hinted(err, "the VPC is attached to that gateway by somebody else, or the attachment of before is still going; run again")
}

// attachmentGone reports whether an attachment is of no use any more.
func attachmentGone(state string) bool {
	switch state {
	case estate.AttachmentDeleting, estate.AttachmentDeleted, estate.AttachmentRejected, "rejecting", "failed", "failing":
		return true
	}
	return false
}

// describeAttachment reads one attachment; false when there is none.
func describeAttachment(ctx context.Context, client *ec2.Client, s plan.Step, id string) (estate.TransitAttachment, bool, error) {
	out, err := client.DescribeTransitGatewayVpcAttachments(ctx, &ec2.DescribeTransitGatewayVpcAttachmentsInput{TransitGatewayAttachmentIds: []string{id}})
	if absent(err) || err == nil && len(out.TransitGatewayVpcAttachments) == 0 {
		return estate.TransitAttachment{}, false, nil
	}
	if err != nil {
		return estate.TransitAttachment{}, false, err
	}
	return attachmentOf(estate.Query{Account: s.Account, Region: s.Region}, out.TransitGatewayVpcAttachments[0]), true, nil
}

// moveAttachment changes the subnets, judged by the attachment as it is now.
func (w *Writer) moveAttachment(ctx context.Context, client *ec2.Client, s plan.Step) error {
	return w.outlast(ctx, ec2Transition, coded("IncorrectState"), func() error {
		a, ok, err := describeAttachment(ctx, client, s, s.ID)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%s: attachment %s does not exist", s.Address, s.ID)
		}
		o := plan.ObjectStep{Fields: s.Object.Fields, Before: map[string][]string{"subnets": a.Subnets}}
		if !o.Changes("subnets") {
			return nil
		}
		_, err = client.ModifyTransitGatewayVpcAttachment(ctx, &ec2.ModifyTransitGatewayVpcAttachmentInput{
			TransitGatewayAttachmentId: &s.ID, AddSubnetIds: o.Added("subnets"), RemoveSubnetIds: o.Removed("subnets"),
		})
		return err
	})
}

// transitAttachmentSettled asks whether an attachment is in service, or gone.
func (w *Writer) transitAttachmentSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id := stepID(s, done)
	a, ok, err := describeAttachment(ctx, w.ec2(s.Account, s.Region), s, id)
	switch {
	case err != nil:
		return false, err
	case s.Action == plan.Delete:
		return !ok || a.State == estate.AttachmentDeleted, nil
	case ok && attachmentGone(a.State):
		return false, goneAttachment(s, a)
	}
	return ok && a.State == estate.AttachmentAvailable, nil
}

func goneAttachment(s plan.Step, a estate.TransitAttachment) error {
	return &Error{Account: s.Account, Region: s.Region, Service: "ec2", Operation: "CreateTransitGatewayVpcAttachment", Code: a.State,
		Message: fmt.Sprintf("attachment %s of %s to %s is %s", a.ID, a.VPC, a.Gateway, a.State), Hint: "once it is gone, run again; the gateway's owner may have rejected it"}
}

var transitAcceptanceBinding = binding{
	reads:   []estate.QueryKind{estate.QueryTransitAttachments, estate.QueryTransitTables},
	do:      (*Writer).doTransitAcceptance,
	settled: (*Writer).transitAcceptanceSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayMake(plan.KindTransitAcceptance)},
		plan.Update: {plan.MayMake(plan.KindTransitAcceptance)},
		plan.Await:  {plan.MayReadNetwork},
		plan.Delete: {plan.MayMake(plan.KindTransitAcceptance)},
	},
}

// doTransitAcceptance takes an attachment in: it marks it, accepts it, and gives
// it the route tables that are wanted.
func (w *Writer) doTransitAcceptance(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil || s.Object.One("attachment") == "" {
		return nil, impossible(s)
	}
	if s.Action == plan.Await {
		return plan.Attributes{}, nil
	}
	client, o, id := w.ec2(s.Account, s.Region), *s.Object, s.Object.One("attachment")
	done := plan.Attributes{"id": {"accepted/" + id}}
	marks := plan.AcceptanceMarks(w.opt.Owner, s.Address, o.Fields)
	if s.Action == plan.Delete {
		if err := release(ctx, client, id, o.Fields["association"], o.Fields["propagation"]); err != nil {
			return nil, err
		}
		err := setTags(ctx, client, id, nil, sortedKeys(marks))
		if absent(err) {
			err = nil
		}
		return done, err
	}
	a, err := w.waitAttachment(ctx, client, s, id, func(a estate.TransitAttachment) bool {
		return a.State != "initiating" && a.State != "initiatingRequest"
	})
	if err != nil {
		return nil, err
	}
	claimed := plan.AcceptanceMarks(w.opt.Owner, s.Address, map[string][]string{
		"association": union(o.Fields["association"], o.Before["association"]), "propagation": union(o.Fields["propagation"], o.Before["propagation"]),
	})
	tags := a.OwnerTags
	if a.Account == s.Account {
		tags = a.Tags
	}
	return done, w.withLedger(ctx, client, id, tags, plan.TagAcceptedTables, marks, claimed, func() error {
		if a.State == estate.AttachmentPendingAcceptance {
			if err := accept(ctx, client, s, id); err != nil {
				return err
			}
		}
		return w.route(ctx, client, s, id)
	})
}

// accept accepts an attachment, unless a try whose answer was lost has.
func accept(ctx context.Context, client *ec2.Client, s plan.Step, id string) error {
	_, err := client.AcceptTransitGatewayVpcAttachment(ctx, &ec2.AcceptTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: &id})
	if err == nil {
		return nil
	}
	now, ok, readErr := describeAttachment(ctx, client, s, id)
	if readErr != nil || !ok || attachmentGone(now.State) || now.State == estate.AttachmentPendingAcceptance {
		return err
	}
	return nil
}

// waitAttachment reads an attachment until it is as asked, or patience ends.
func (w *Writer) waitAttachment(ctx context.Context, client *ec2.Client, s plan.Step, id string, enough func(estate.TransitAttachment) bool) (estate.TransitAttachment, error) {
	var a estate.TransitAttachment
	early := fmt.Errorf("%s: EC2 did not bring attachment %s further in %s; run again", s.Address, id, ec2Transition)
	err := w.outlast(ctx, ec2Transition, func(err error) bool { return err == early }, func() error {
		found, ok, err := describeAttachment(ctx, client, s, id)
		if err != nil {
			return err
		}
		a = found
		switch {
		case ok && attachmentGone(a.State):
			return goneAttachment(s, a)
		case !ok || !enough(a):
			return early
		}
		return nil
	})
	return a, err
}

// release takes an attachment off route tables; what is off already is left.
func release(ctx context.Context, client *ec2.Client, id string, associations, propagations []string) error {
	for _, t := range propagations {
		_, err := client.DisableTransitGatewayRouteTablePropagation(ctx, &ec2.DisableTransitGatewayRouteTablePropagationInput{TransitGatewayAttachmentId: &id, TransitGatewayRouteTableId: &t})
		if err != nil && !absent(err) {
			return err
		}
	}
	for _, t := range associations {
		_, err := client.DisassociateTransitGatewayRouteTable(ctx, &ec2.DisassociateTransitGatewayRouteTableInput{TransitGatewayAttachmentId: &id, TransitGatewayRouteTableId: &t})
		if err != nil && !absent(err) {
			return err
		}
	}
	return nil
}

// route brings the route tables of an attachment to those that are wanted, once
// it is in service.
func (w *Writer) route(ctx context.Context, client *ec2.Client, s plan.Step, id string) error {
	o := *s.Object
	if len(o.Fields["association"])+len(o.Fields["propagation"])+len(o.Removed("association"))+len(o.Removed("propagation")) == 0 {
		return nil
	}
	available := func(a estate.TransitAttachment) bool { return a.State == estate.AttachmentAvailable }
	if _, err := w.waitAttachment(ctx, client, s, id, available); err != nil {
		return err
	}
	if err := release(ctx, client, id, o.Removed("association"), o.Removed("propagation")); err != nil {
		return err
	}
	const associated = "Resource.AlreadyAssociated"
	for _, t := range o.Fields["association"] {
		// One that was just taken off its table is on it for a while yet.
		mends := func(err error) bool { return Code(err) == associated && len(o.Removed("association")) > 0 }
		err := w.outlast(ctx, ec2Transition, mends, func() error {
			table, err := associatedTable(ctx, client, id)
			if err != nil || table == t {
				return err
			}
			_, err = client.AssociateTransitGatewayRouteTable(ctx, &ec2.AssociateTransitGatewayRouteTableInput{TransitGatewayAttachmentId: &id, TransitGatewayRouteTableId: &t})
			if Code(err) == associated {
				if table, readErr := associatedTable(ctx, client, id); readErr == nil && table == t {
					return nil // associated by a try whose answer was lost
				}
			}
			return err
		})
		if Code(err) == associated {
			err = hinted(err, "it has another route table: take it off that one first")
		}
		if err != nil {
			return err
		}
	}
	for _, t := range o.Added("propagation") {
		_, err := client.EnableTransitGatewayRouteTablePropagation(ctx, &ec2.EnableTransitGatewayRouteTablePropagationInput{TransitGatewayAttachmentId: &id, TransitGatewayRouteTableId: &t})
		if err != nil && Code(err) != "TransitGatewayRouteTablePropagation.Duplicate" { // that it is enabled is no error
			return err
		}
	}
	return nil
}

// associatedTable is the route table of an attachment, as the gateway's owner
// sees it.
func associatedTable(ctx context.Context, client *ec2.Client, id string) (string, error) {
	whole, err := attachments(ctx, client, types.Filter{Name: aws.String("transit-gateway-attachment-id"), Values: []string{id}})
	if err != nil {
		return "", err
	}
	x := whole[id].Association
	if x == nil || x.State == types.TransitGatewayAssociationStateDisassociated || x.State == types.TransitGatewayAssociationStateDisassociating {
		return "", nil
	}
	return aws.ToString(x.TransitGatewayRouteTableId), nil
}

// transitAcceptanceSettled asks whether an attachment is in service on the route
// table that is wanted.
func (w *Writer) transitAcceptanceSettled(ctx context.Context, s plan.Step, _ plan.Attributes) (bool, error) {
	if s.Object == nil {
		return false, impossible(s)
	}
	client, id := w.ec2(s.Account, s.Region), s.Object.One("attachment")
	if s.Action == plan.Delete {
		table, err := associatedTable(ctx, client, id)
		return err == nil && (table == "" || !slices.Contains(s.Object.Fields["association"], table)), err
	}
	a, ok, err := describeAttachment(ctx, client, s, id)
	switch {
	case err != nil:
		return false, err
	case ok && attachmentGone(a.State):
		return false, goneAttachment(s, a)
	case !ok || a.State != estate.AttachmentAvailable:
		return false, nil
	}
	wanted := s.Object.One("association")
	if wanted == "" {
		return true, nil
	}
	whole, err := attachments(ctx, client, types.Filter{Name: aws.String("transit-gateway-attachment-id"), Values: []string{id}})
	if err != nil {
		return false, err
	}
	x := whole[id].Association
	return x != nil && x.State == types.TransitGatewayAssociationStateAssociated && aws.ToString(x.TransitGatewayRouteTableId) == wanted, nil
}
