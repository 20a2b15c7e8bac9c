package elbv2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// targets are what is registered, by the ARN of its target group, NUL, and what
// tells it apart in there.
var targets = world.Private[target]{Name: "elbv2.targets"}

type target struct {
	types.TargetDescription
	since time.Time // when it was registered
	left  time.Time // when it was deregistered; zero: it was not
}

func (t target) key(group string) string {
	return group + "\x00" + aws.ToString(t.Id) + "\x00" + strconv.Itoa(int(aws.ToInt32(t.Port)))
}

// described fills in what a description of a target may leave out.
func (g targetGroup) described(d types.TargetDescription) target {
	if d.Port == nil && g.TargetType != types.TargetTypeEnumLambda {
		d.Port = g.Port
	}
	return target{TargetDescription: d}
}

// elsewhere are the ranges outside its VPC in which a target may be (Network
// Load Balancers, load-balancer-target-groups.html, "Target type").
var elsewhere = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// admits judges whether what is described may be a target of the group
// (API_RegisterTargets).
func (g targetGroup) admits(c *world.Call, t target) error {
	id := aws.ToString(t.Id)
	refused := func(format string, args ...any) error {
		return &types.InvalidTargetException{Message: text(format, args...)}
	}
	switch g.TargetType {
	case types.TargetTypeEnumInstance:
		if !strings.HasPrefix(id, "i-") {
			return refused("The following targets are not in the target group VPC '%s': '%s'", aws.ToString(g.VpcId), id)
		}
	case types.TargetTypeEnumIp:
		a, err := netip.ParseAddr(id)
		if err != nil {
			return refused("The IP address '%s' is not a valid IP address", id)
		}
		v, _ := c.Estate().VPCs.Get(aws.ToString(g.VpcId))
		holds := func(p netip.Prefix) bool { return p.Contains(a) }
		if a.Is4() && !slices.ContainsFunc(v.CIDRs, holds) && !slices.ContainsFunc(elsewhere, holds) {
			return refused("The IP address '%s' is not within a valid range for a target of the VPC '%s'", id, v.ID)
		}
	case types.TargetTypeEnumAlb:
		lb, ok := balancers.Get(c.State, id)
		switch {
		case !ok || !strings.HasPrefix(id, arn(c, "")) || lb.network():
			return refused("The target '%s' is not an Application Load Balancer", id)
		case aws.ToString(lb.VpcId) != aws.ToString(g.VpcId):
			return refused("The target '%s' is not in the VPC '%s'", id, aws.ToString(g.VpcId))
		case !listens(c, id, aws.ToInt32(t.Port)):
			return refused("The target '%s' has no listener on port %d", id, aws.ToInt32(t.Port))
		}
	}
	return nil
}

// listens reports whether a load balancer has a listener on a port.
func listens(c *world.Call, balancer string, port int32) bool {
	return slices.ContainsFunc(listenersOf(c, balancer), func(l listener) bool { return *l.Port == port })
}

// registered are the targets of a group that are there or draining.
func (g targetGroup) registered(c *world.Call) []target {
	var out []target
	targets.Walk(c.State, *g.TargetGroupArn+"\x00", func(_ string, t target) bool {
		if t.left.IsZero() || c.Now.Before(t.left.Add(g.delay())) {
			out = append(out, t)
		}
		return true
	})
	return out
}

// delay is how long a target drains that was deregistered.
func (g targetGroup) delay() time.Duration {
	n, err := strconv.Atoi(cmp.Or(g.attributes["deregistration_delay.timeout_seconds"], groupAttributes["deregistration_delay.timeout_seconds"]))
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

func registerTargets(_ context.Context, c *world.Call, in *elb.RegisterTargetsInput) (*elb.RegisterTargetsOutput, error) {
	g, err := findGroup(c, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	for _, d := range in.Targets {
		t := g.described(d)
		if err := g.admits(c, t); err != nil {
			return nil, err
		}
		if before, ok := targets.Get(c.State, t.key(*g.TargetGroupArn)); ok && before.left.IsZero() {
			continue
		}
		t.since = c.Now
		targets.Put(c.State, t.key(*g.TargetGroupArn), t)
	}
	if there := g.registered(c); g.TargetType == types.TargetTypeEnumAlb && len(there) > 1 {
		return nil, &types.TooManyTargetsException{Message: text("The target group '%s' can have 1 target", *g.TargetGroupName)}
	}
	return &elb.RegisterTargetsOutput{}, nil
}

// deregisterTargets lets targets drain; one that no load balancer uses is gone
// at once (API_DeregisterTargets).
func deregisterTargets(_ context.Context, c *world.Call, in *elb.DeregisterTargetsInput) (*elb.DeregisterTargetsOutput, error) {
	g, err := findGroup(c, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	_, used := g.users(c)
	for _, d := range in.Targets {
		key := g.described(d).key(*g.TargetGroupArn)
		t, ok := targets.Get(c.State, key)
		switch {
		case !ok: // gone before: no error
		case !used:
			targets.Delete(c.State, key)
		case t.left.IsZero():
			t.left = c.Now
			targets.Put(c.State, key, t)
		}
	}
	return &elb.DeregisterTargetsOutput{}, nil
}

// users are the load balancers that forward to the group.
func (g targetGroup) users(c *world.Call) (list []balancer, any bool) {
	for _, id := range showGroup(c, g).LoadBalancerArns {
		if lb, ok := balancers.Get(c.State, id); ok {
			list = append(list, lb)
		}
	}
	return list, len(list) > 0
}

// health is what health checks say of a target (API_TargetHealth): it is
// initial for as many checks as make it healthy, from when it was registered and
// its group in use, then healthy, for nothing in this world breaks down; but an
// Application Load Balancer that does not listen fails.
func (g targetGroup) health(c *world.Call, t target) *types.TargetHealth {
	state := func(s types.TargetHealthStateEnum, reason types.TargetHealthReasonEnum, description string) *types.TargetHealth {
		return &types.TargetHealth{State: s, Reason: reason, Description: aws.String(description)}
	}
	lbs, used := g.users(c)
	switch {
	case t.since.IsZero():
		return state(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotRegistered, "Target is not registered to the target group")
	case !t.left.IsZero():
		return state(types.TargetHealthStateEnumDraining, types.TargetHealthReasonEnumDeregistrationInProgress, "Target deregistration is in progress")
	case !used:
		return state(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotInUse, "Target group is not configured to receive traffic from the load balancer")
	case !slices.ContainsFunc(lbs, func(lb balancer) bool { return lb.reaches(g.zone(c, t)) }):
		return state(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotInUse, "Target is in an Availability Zone that is not enabled for the load balancer")
	case g.TargetType == types.TargetTypeEnumLambda || !aws.ToBool(g.HealthCheckEnabled):
		return state(types.TargetHealthStateEnumUnavailable, types.TargetHealthReasonEnumHealthCheckDisabled, "Health checks are not enabled for this target")
	}
	var since time.Time // in use
	for _, l := range own(c, listeners, "listener/") {
		if slices.Contains(l.targets(), *g.TargetGroupArn) && (since.IsZero() || l.since.Before(since)) {
			since = l.since
		}
	}
	if t.since.After(since) {
		since = t.since
	}
	checks := time.Duration(*g.HealthyThresholdCount**g.HealthCheckIntervalSeconds) * time.Second
	switch {
	case c.Now.Before(since.Add(checks)):
		return state(types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumInitialHealthChecking, "Initial health checks in progress")
	case g.TargetType == types.TargetTypeEnumAlb && !listens(c, *t.Id, aws.ToInt32(t.Port)):
		return state(types.TargetHealthStateEnumUnhealthy, types.TargetHealthReasonEnumFailedHealthChecks, "Health checks failed")
	}
	return &types.TargetHealth{State: types.TargetHealthStateEnumHealthy}
}

// zone is the Availability Zone of an address in the VPC; empty where that does
// not matter or is not known.
func (g targetGroup) zone(c *world.Call, t target) string {
	a, err := netip.ParseAddr(aws.ToString(t.Id))
	if err != nil || aws.ToString(t.AvailabilityZone) == "all" {
		return ""
	}
	for s := range c.Estate().Subnets.By(estate.ByVPC(aws.ToString(g.VpcId))) {
		if s.CIDR.Contains(a) {
			return s.Zone
		}
	}
	return ""
}

// reaches reports whether an Availability Zone is enabled for a load balancer.
func (lb balancer) reaches(zone string) bool {
	return zone == "" || slices.ContainsFunc(lb.AvailabilityZones, func(z types.AvailabilityZone) bool { return aws.ToString(z.ZoneName) == zone })
}

func describeTargetHealth(_ context.Context, c *world.Call, in *elb.DescribeTargetHealthInput) (*elb.DescribeTargetHealthOutput, error) {
	g, err := findGroup(c, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	list := g.registered(c)
	if len(in.Targets) > 0 {
		var asked []target
		for _, d := range in.Targets {
			t := g.described(d)
			if i := slices.IndexFunc(list, func(have target) bool { return have.key("") == t.key("") }); i >= 0 {
				t = list[i]
			}
			asked = append(asked, t)
		}
		list = asked
	}
	out := &elb.DescribeTargetHealthOutput{TargetHealthDescriptions: []types.TargetHealthDescription{}}
	for _, t := range list {
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, types.TargetHealthDescription{
			Target: &t.TargetDescription, TargetHealth: g.health(c, t), HealthCheckPort: healthCheckPort(g, t),
		})
	}
	return out, nil
}

func healthCheckPort(g targetGroup, t target) *string {
	if port := aws.ToString(g.HealthCheckPort); port != "traffic-port" {
		return &port
	}
	return aws.String(strconv.Itoa(int(aws.ToInt32(t.Port))))
}
