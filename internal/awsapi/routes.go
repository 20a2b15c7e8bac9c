package awsapi

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

var routesBinding = binding{
	reads:   []estate.QueryKind{estate.QueryRouteTables},
	do:      (*Writer).doRoutes,
	settled: (*Writer).settledAtOnce,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayMake(plan.KindRoutes)},
		plan.Update: {plan.MayMake(plan.KindRoutes)},
		plan.Delete: {plan.MayMake(plan.KindRoutes)},
	},
}

// doRoutes brings our routes in a table to those that are wanted. The ledger on
// the table lists a route before it is made and until it is gone.
func (w *Writer) doRoutes(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil || s.Object.One("table") == "" {
		return nil, impossible(s)
	}
	client, o := w.ec2(s.Account, s.Region), *s.Object
	id := o.One("table")
	wanted, unwanted := o.Fields["routes"], o.Removed("routes")
	if s.Action == plan.Delete {
		wanted, unwanted = nil, o.Fields["routes"]
	}
	table, ok, err := describeRouteTable(ctx, client, s, id)
	if err != nil {
		return nil, err
	}
	if !ok && s.Action == plan.Delete {
		return plan.Attributes{"id": {s.ID}}, nil
	}
	if !ok {
		return nil, fmt.Errorf("%s: route table %s does not exist", s.Address, id)
	}
	key := plan.RoutesTag(w.opt.Owner)
	during := plan.MemberTags(key, union(wanted, unwanted))
	if s.Action == plan.Delete {
		during = nil // it lists them already
	}
	err = w.withLedger(ctx, client, id, table.Tags, key, plan.MemberTags(key, wanted), during, func() error {
		for _, r := range unwanted { // first: a range has one route
			if err := deleteRoute(ctx, client, table, r); err != nil {
				return err
			}
		}
		for _, r := range wanted {
			if err := w.createRoute(ctx, client, s, table, r); err != nil {
				return err
			}
		}
		return nil
	})
	if s.Action == plan.Delete && absent(err) {
		err = nil // the table went meanwhile, and its routes with it
	}
	return plan.Attributes{"id": {"routes/" + id}}, err
}

// describeRouteTable reads one table; false when there is none.
func describeRouteTable(ctx context.Context, client *ec2.Client, s plan.Step, id string) (estate.RouteTable, bool, error) {
	out, err := client.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{id}})
	if absent(err) || err == nil && len(out.RouteTables) == 0 {
		return estate.RouteTable{}, false, nil
	}
	if err != nil {
		return estate.RouteTable{}, false, err
	}
	t, err := routeTableOf(estate.Query{Account: s.Account, Region: s.Region}, out.RouteTables[0])
	return t, err == nil, err
}

// routeOf takes a route of plan.KindRoutes apart.
func routeOf(field string) (netip.Prefix, string, error) {
	cidr, target, _ := strings.Cut(field, " ")
	to, err := netip.ParsePrefix(cidr)
	if err != nil || target == "" {
		return to, target, fmt.Errorf("route %q is not of the form %q", field, "10.0.0.0/16 tgw-1")
	}
	return to, target, nil
}

// routed is what a table has for a range; none when it has no route of its own
// for it.
func routed(t estate.RouteTable, to netip.Prefix) string {
	for _, r := range t.Routes {
		if r.To == to {
			return r.Target
		}
	}
	return ""
}

// createRoute makes a route that is not there. A gateway that was just shared,
// and a VPC that was just attached, are not known everywhere at once.
func (w *Writer) createRoute(ctx context.Context, client *ec2.Client, s plan.Step, table estate.RouteTable, field string) error {
	to, target, err := routeOf(field)
	if err != nil {
		return err
	}
	if routed(table, to) == target {
		return nil
	}
	in := &ec2.CreateRouteInput{RouteTableId: &table.ID}
	if to.Addr().Is4() {
		in.DestinationCidrBlock = aws.String(to.String())
	} else {
		in.DestinationIpv6CidrBlock = aws.String(to.String())
	}
	kind, _, _ := strings.Cut(target, "-")
	switch kind {
	case "tgw":
		in.TransitGatewayId = &target
	case "pcx":
		in.VpcPeeringConnectionId = &target
	case "nat":
		in.NatGatewayId = &target
	case "eni":
		in.NetworkInterfaceId = &target
	case "eigw":
		in.EgressOnlyInternetGatewayId = &target
	case "vpce":
		in.VpcEndpointId = &target
	default:
		in.GatewayId = &target
	}
	err = w.outlast(ctx, ec2Appearance, coded("InvalidTransitGatewayID.NotFound"), func() error {
		_, err := client.CreateRoute(ctx, in)
		return err
	})
	if Code(err) != "RouteAlreadyExists" {
		return err
	}
	now, _, readErr := describeRouteTable(ctx, client, s, table.ID)
	if readErr == nil && routed(now, to) == target {
		return nil // made by a try whose answer was lost
	}
	return hinted(err, fmt.Sprintf("route table %s leads %s elsewhere; delete that route, or leave it out of the share", table.ID, to))
}

// deleteRoute deletes a route that still goes where we led it.
func deleteRoute(ctx context.Context, client *ec2.Client, table estate.RouteTable, field string) error {
	to, target, err := routeOf(field)
	if err != nil {
		return err
	}
	if routed(table, to) != target {
		return nil
	}
	in := &ec2.DeleteRouteInput{RouteTableId: &table.ID}
	if to.Addr().Is4() {
		in.DestinationCidrBlock = aws.String(to.String())
	} else {
		in.DestinationIpv6CidrBlock = aws.String(to.String())
	}
	if _, err = client.DeleteRoute(ctx, in); absent(err) {
		return nil
	}
	return err
}
