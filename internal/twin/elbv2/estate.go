package elbv2

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// A load balancer with its listeners stands in the estate too, where endpoint
// services find it. [show] writes the row after each change; [adopt] makes a
// load balancer of a row that came with the estate.

// show writes the row of a load balancer, or takes it away when there is none.
func show(c *world.Call, id string) {
	e := c.Estate()
	lb, ok := balancers.Get(c.State, id)
	if !ok {
		e.LoadBalancers.Delete(id)
		return
	}
	row := estate.LoadBalancer{
		ARN: id, Account: c.Account(), Region: c.Region, VPC: aws.ToString(lb.VpcId), Type: string(lb.Type), Name: lb.domain(),
		Groups: slices.Sorted(slices.Values(lb.SecurityGroups)),
	}
	for _, z := range lb.AvailabilityZones {
		row.Subnets = append(row.Subnets, *z.SubnetId)
	}
	for _, l := range listenersOf(c, id) {
		row.Listeners = append(row.Listeners, estate.Listener{Port: *l.Port, Protocol: string(l.Protocol)})
	}
	slices.SortFunc(row.Listeners, func(a, b estate.Listener) int { return cmp.Compare(a.Port, b.Port) })
	if tags, _ := tagTable.Get(c.State, id); len(tags) > 0 {
		row.Tags = tags
	}
	e.LoadBalancers.Put(row)
}

// listenersOf are the listeners of a load balancer, by ARN.
func listenersOf(c *world.Call, id string) []listener {
	return slices.DeleteFunc(own(c, listeners, "listener/"), func(l listener) bool { return *l.LoadBalancerArn != id })
}

// adopt makes load balancers of the caller's rows that came with the estate, as
// far as a row tells: such a one is internal unless its addresses are known and
// lie outside its VPC, a listener has no actions, and a TLS listener no
// certificate.
func adopt(c *world.Call) {
	e := c.Estate()
	for row := range e.LoadBalancers.By(estate.ByRegion(c.Account(), c.Region)) {
		if _, ok := balancers.Get(c.State, row.ARN); ok {
			continue
		}
		path, ours := strings.CutPrefix(row.ARN, arn(c, "loadbalancer/"))
		parts := strings.Split(path, "/") // kind, name, identifier
		if !ours || len(parts) != 3 {
			continue
		}
		kind := types.LoadBalancerTypeEnum(row.Type)
		lb := balancer{LoadBalancer: types.LoadBalancer{
			LoadBalancerArn: aws.String(row.ARN), LoadBalancerName: aws.String(parts[1]), Type: kind, Scheme: types.LoadBalancerSchemeEnumInternal,
			DNSName: aws.String(row.Name.String()), VpcId: aws.String(row.VPC), IpAddressType: types.IpAddressTypeIpv4, SecurityGroups: row.Groups,
			CreatedTime: aws.Time(c.Now), State: &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive},
		}}
		zone, _ := estate.AliasZone(estate.LoadBalancerSuffix(c.Region, lb.network()))
		lb.CanonicalHostedZoneId = aws.String(zone.ID)
		if target, ok := estate.First(e.Targets.By(estate.ByName(row.Name))); ok {
			lb.CanonicalHostedZoneId = aws.String(target.Zone)
			v, _ := e.VPCs.Get(row.VPC)
			for _, a := range target.Addresses {
				if a.Is4() && !slices.ContainsFunc(v.CIDRs, func(p netip.Prefix) bool { return p.Contains(a) }) {
					lb.Scheme = types.LoadBalancerSchemeEnumInternetFacing
				}
			}
		}
		for _, id := range row.Subnets {
			s, _ := e.Subnets.Get(id)
			lb.AvailabilityZones = append(lb.AvailabilityZones, types.AvailabilityZone{
				SubnetId: aws.String(id), ZoneName: aws.String(s.Zone), LoadBalancerAddresses: []types.LoadBalancerAddress{},
			})
		}
		for _, u := range lb.used(c) {
			c.State.Use(u, row.ARN)
		}
		balancers.Put(c.State, row.ARN, lb)
		tagTable.Put(c.State, row.ARN, row.Tags)
		for _, in := range row.Listeners {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", row.ARN, in.Port))
			l := listener{Listener: types.Listener{
				ListenerArn:     aws.String(arn(c, fmt.Sprintf("listener/%s/%x", path, sum[:8]))),
				LoadBalancerArn: lb.LoadBalancerArn, Port: aws.Int32(in.Port), Protocol: types.ProtocolEnum(in.Protocol), DefaultActions: []types.Action{},
			}, since: c.Now}
			if l.secure() {
				l.SslPolicy = aws.String(defaultPolicy)
			}
			listeners.Put(c.State, *l.ListenerArn, l)
			tagTable.Put(c.State, *l.ListenerArn, nil)
		}
	}
}
