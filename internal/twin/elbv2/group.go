package elbv2

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/orgdns/orgdns/internal/twin/world"
)

func createTargetGroup(_ context.Context, c *world.Call, in *elb.CreateTargetGroupInput) (*elb.CreateTargetGroupOutput, error) {
	tags, err := tagsOf(in.Tags)
	name := aws.ToString(in.Name)
	if denied := allow(c, arn(c, "targetgroup/"+name+"/*"), tags); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	if err := checkName("target group", name); err != nil {
		return nil, err
	}
	g := types.TargetGroup{
		TargetGroupName: in.Name, Protocol: in.Protocol, Port: in.Port, VpcId: in.VpcId, ProtocolVersion: in.ProtocolVersion,
		TargetType: cmp.Or(in.TargetType, types.TargetTypeEnumInstance), IpAddressType: cmp.Or(in.IpAddressType, types.TargetGroupIpAddressTypeEnumIpv4),
		HealthCheckEnabled: in.HealthCheckEnabled, HealthCheckPath: in.HealthCheckPath, HealthCheckPort: in.HealthCheckPort,
		HealthCheckProtocol: in.HealthCheckProtocol, HealthCheckIntervalSeconds: in.HealthCheckIntervalSeconds,
		HealthCheckTimeoutSeconds: in.HealthCheckTimeoutSeconds, HealthyThresholdCount: in.HealthyThresholdCount,
		UnhealthyThresholdCount: in.UnhealthyThresholdCount, Matcher: in.Matcher, TargetControlPort: in.TargetControlPort,
	}
	if g.TargetType == types.TargetTypeEnumAlb && g.Protocol != types.ProtocolEnumTcp {
		return nil, invalid("A target group of the type 'alb' must have the protocol TCP, not '%s'", g.Protocol)
	}
	if err := fillHealthCheck(c, &g); err != nil {
		return nil, err
	}
	for _, have := range own(c, groups, "targetgroup/") {
		if *have.TargetGroupName == name {
			return nil, &types.DuplicateTargetGroupNameException{Message: text("A target group with the same name '%s' exists, but with different settings", name)}
		}
	}
	id := arn(c, "targetgroup/"+name+"/"+c.State.HexID(c.Account(), "targetgroup", string(c.Region)+"/"+name, 16))
	g.TargetGroupArn = &id
	groups.Put(c.State, id, targetGroup{TargetGroup: g})
	tagTable.Put(c.State, id, tags)
	return &elb.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{g}}, nil
}

// fillHealthCheck checks a target group and sets what was left out, as
// API_CreateTargetGroup says for each member.
func fillHealthCheck(c *world.Call, g *types.TargetGroup) error {
	web := g.Protocol == types.ProtocolEnumHttp || g.Protocol == types.ProtocolEnumHttps
	lambda := g.TargetType == types.TargetTypeEnumLambda
	if !lambda {
		v, ok := c.Estate().VPCs.Get(aws.ToString(g.VpcId))
		switch {
		case g.Protocol == "" || g.Port == nil:
			return invalid("A port and a protocol must be specified")
		case g.VpcId == nil:
			return invalid("A VPC ID must be specified")
		case !ok || v.Account != c.Account() || v.Region != c.Region:
			return invalid("The VPC ID '%s' is not found", *g.VpcId)
		}
	}
	timeout, interval, healthy, unhealthy := int32(10), int32(30), int32(5), int32(2)
	protocol := types.ProtocolEnumTcp
	switch {
	case lambda:
		timeout, interval = 30, 35
	case web:
		timeout, protocol = 5, types.ProtocolEnumHttp
		if g.Protocol == types.ProtocolEnumHttp && g.ProtocolVersion == nil || g.Protocol == types.ProtocolEnumHttps && g.ProtocolVersion == nil {
			g.ProtocolVersion = aws.String("HTTP1")
		}
	}
	if g.HealthCheckProtocol == "" {
		g.HealthCheckProtocol = protocol
	}
	if web || lambda || g.HealthCheckProtocol == types.ProtocolEnumHttp || g.HealthCheckProtocol == types.ProtocolEnumHttps {
		g.HealthCheckPath = aws.String(cmp.Or(aws.ToString(g.HealthCheckPath), "/"))
		if g.Matcher == nil {
			g.Matcher = &types.Matcher{HttpCode: aws.String("200")}
		}
	}
	g.HealthCheckPort = aws.String(cmp.Or(aws.ToString(g.HealthCheckPort), "traffic-port"))
	if g.HealthCheckEnabled == nil {
		g.HealthCheckEnabled = aws.Bool(!lambda)
	}
	for _, v := range []struct {
		field **int32
		value int32
	}{{&g.HealthCheckTimeoutSeconds, timeout}, {&g.HealthCheckIntervalSeconds, interval}, {&g.HealthyThresholdCount, healthy}, {&g.UnhealthyThresholdCount, unhealthy}} {
		if *v.field == nil {
			*v.field = aws.Int32(v.value)
		}
	}
	return nil
}

// findGroup asks for the permission to do the operation on a target group, and
// finds it.
func findGroup(c *world.Call, id *string) (targetGroup, error) {
	if err := allow(c, aws.ToString(id), nil); err != nil {
		return targetGroup{}, err
	}
	g, ok := groups.Get(c.State, aws.ToString(id))
	if !ok || !strings.HasPrefix(*id, arn(c, "")) {
		return g, &types.TargetGroupNotFoundException{Message: text("One or more target groups not found")}
	}
	return g, nil
}

func modifyTargetGroup(_ context.Context, c *world.Call, in *elb.ModifyTargetGroupInput) (*elb.ModifyTargetGroupOutput, error) {
	g, err := findGroup(c, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	g.HealthCheckProtocol = cmp.Or(in.HealthCheckProtocol, g.HealthCheckProtocol)
	set(&g.HealthCheckEnabled, in.HealthCheckEnabled)
	set(&g.HealthCheckPath, in.HealthCheckPath)
	set(&g.HealthCheckPort, in.HealthCheckPort)
	set(&g.HealthCheckIntervalSeconds, in.HealthCheckIntervalSeconds)
	set(&g.HealthCheckTimeoutSeconds, in.HealthCheckTimeoutSeconds)
	set(&g.HealthyThresholdCount, in.HealthyThresholdCount)
	set(&g.UnhealthyThresholdCount, in.UnhealthyThresholdCount)
	set(&g.Matcher, in.Matcher)
	groups.Put(c.State, *g.TargetGroupArn, g)
	return &elb.ModifyTargetGroupOutput{TargetGroups: []types.TargetGroup{showGroup(c, g)}}, nil
}

// set changes a field when a value was given.
func set[T any](field **T, given *T) {
	if given != nil {
		*field = given
	}
}

// deleteTargetGroup succeeds also when there is none (API_DeleteTargetGroup).
func deleteTargetGroup(_ context.Context, c *world.Call, in *elb.DeleteTargetGroupInput) (*elb.DeleteTargetGroupOutput, error) {
	id := aws.ToString(in.TargetGroupArn)
	if err := allow(c, id, nil); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(id, arn(c, "")) {
		return &elb.DeleteTargetGroupOutput{}, nil
	}
	if len(c.State.Users(id)) > 0 {
		return nil, &types.ResourceInUseException{Message: text("Target group '%s' is currently in use by a listener or a rule", id)}
	}
	if g, ok := groups.Get(c.State, id); ok {
		for _, t := range g.registered(c) {
			targets.Delete(c.State, t.key(id))
		}
	}
	groups.Delete(c.State, id)
	tagTable.Delete(c.State, id)
	return &elb.DeleteTargetGroupOutput{}, nil
}

func describeTargetGroups(_ context.Context, c *world.Call, in *elb.DescribeTargetGroupsInput) (*elb.DescribeTargetGroupsOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	all := own(c, groups, "targetgroup/")
	called := func(g targetGroup, want string) bool { return *g.TargetGroupArn == want || *g.TargetGroupName == want }
	wanted := append(slices.Clone(in.TargetGroupArns), in.Names...)
	for _, want := range wanted {
		if !slices.ContainsFunc(all, func(g targetGroup) bool { return called(g, want) }) {
			return nil, &types.TargetGroupNotFoundException{Message: text("One or more target groups not found")}
		}
	}
	if len(wanted) > 0 {
		all = slices.DeleteFunc(all, func(g targetGroup) bool {
			return !slices.ContainsFunc(wanted, func(want string) bool { return called(g, want) })
		})
	}
	var shown []types.TargetGroup
	for _, g := range all {
		if s := showGroup(c, g); in.LoadBalancerArn == nil || slices.Contains(s.LoadBalancerArns, *in.LoadBalancerArn) {
			shown = append(shown, s)
		}
	}
	out := &elb.DescribeTargetGroupsOutput{}
	out.TargetGroups, out.NextMarker = page(shown, func(g types.TargetGroup) string { return *g.TargetGroupArn }, in.Marker, in.PageSize)
	return out, nil
}

// showGroup adds the load balancers whose listeners forward to the group.
func showGroup(c *world.Call, g targetGroup) types.TargetGroup {
	out := g.TargetGroup
	out.LoadBalancerArns = []string{}
	for _, l := range own(c, listeners, "listener/") {
		if slices.Contains(l.targets(), *g.TargetGroupArn) && !slices.Contains(out.LoadBalancerArns, *l.LoadBalancerArn) {
			out.LoadBalancerArns = append(out.LoadBalancerArns, *l.LoadBalancerArn)
		}
	}
	return out
}

// groupAttributes are the defaults of a target group (API_TargetGroupAttribute).
var groupAttributes = map[string]string{
	"deregistration_delay.timeout_seconds": "300", "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
	"stickiness.enabled": "false", "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
	"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}

var webGroupAttributes = map[string]string{
	"load_balancing.algorithm.anomaly_mitigation": "off", "load_balancing.algorithm.type": "round_robin", "slow_start.duration_seconds": "0",
	"stickiness.app_cookie.cookie_name": "", "stickiness.app_cookie.duration_seconds": "86400",
	"stickiness.lb_cookie.duration_seconds": "86400", "stickiness.type": "lb_cookie",
}

var networkGroupAttributes = map[string]string{
	"deregistration_delay.connection_termination.enabled": "false", "preserve_client_ip.enabled": "true", "proxy_protocol_v2.enabled": "false",
	"stickiness.type": "source_ip", "target_health_state.unhealthy.connection_termination.enabled": "true",
	"target_health_state.unhealthy.draining_interval_seconds": "0",
}

func (g targetGroup) attributeList() []types.TargetGroupAttribute {
	values := maps.Clone(groupAttributes)
	if g.Protocol == types.ProtocolEnumHttp || g.Protocol == types.ProtocolEnumHttps {
		maps.Copy(values, webGroupAttributes)
	} else {
		maps.Copy(values, networkGroupAttributes)
	}
	maps.Copy(values, g.attributes)
	var out []types.TargetGroupAttribute
	for _, k := range slices.Sorted(maps.Keys(values)) {
		out = append(out, types.TargetGroupAttribute{Key: aws.String(k), Value: aws.String(values[k])})
	}
	return out
}

func describeTargetGroupAttributes(_ context.Context, c *world.Call, in *elb.DescribeTargetGroupAttributesInput) (*elb.DescribeTargetGroupAttributesOutput, error) {
	g, err := findGroup(c, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	return &elb.DescribeTargetGroupAttributesOutput{Attributes: g.attributeList()}, nil
}

func modifyTargetGroupAttributes(_ context.Context, c *world.Call, in *elb.ModifyTargetGroupAttributesInput) (*elb.ModifyTargetGroupAttributesOutput, error) {
	g, err := findGroup(c, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	after := map[string]string{}
	maps.Copy(after, g.attributes)
	for _, a := range in.Attributes {
		after[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	g.attributes = after
	groups.Put(c.State, *g.TargetGroupArn, g)
	return &elb.ModifyTargetGroupAttributesOutput{Attributes: g.attributeList()}, nil
}
