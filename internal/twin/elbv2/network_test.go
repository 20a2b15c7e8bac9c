package elbv2

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// balanced is a network load balancer with a TCP and a TLS listener that forward
// to a target group.
func balanced(t *testing.T, cl worldtest.Client, kind types.TargetTypeEnum) (lb types.LoadBalancer, group *string) {
	t.Helper()
	lb = must(t, cl, createLoadBalancer, &elb.CreateLoadBalancerInput{Name: aws.String("svc"), Type: "network", Scheme: "internal", Subnets: zones}).LoadBalancers[0]
	group = must(t, cl, createTargetGroup, &elb.CreateTargetGroupInput{
		Name: aws.String("svc"), Protocol: "TCP", Port: aws.Int32(80), VpcId: aws.String("vpc-1"), TargetType: kind,
	}).TargetGroups[0].TargetGroupArn
	forward := []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: group}}
	must(t, cl, createListener, &elb.CreateListenerInput{LoadBalancerArn: lb.LoadBalancerArn, Protocol: "TLS", Port: aws.Int32(443), DefaultActions: forward, Certificates: []types.Certificate{{CertificateArn: aws.String(certificate)}}})
	must(t, cl, createListener, &elb.CreateListenerInput{LoadBalancerArn: lb.LoadBalancerArn, Protocol: "TCP", Port: aws.Int32(80), DefaultActions: forward})
	return lb, group
}

// TestRow: the estate holds what an endpoint service needs of a load balancer,
// through each change of it.
func TestRow(t *testing.T) {
	cl := network(t)
	lb, group := balanced(t, cl, types.TargetTypeEnumIp)
	row := func() estate.LoadBalancer {
		t.Helper()
		r, ok := cl.World.Estate().LoadBalancers.Get(*lb.LoadBalancerArn)
		if !ok {
			t.Fatal("the estate does not hold it")
		}
		return r
	}
	r := row()
	if r.Type != "network" || r.VPC != "vpc-1" || r.Account != cl.Account || r.Region != cl.Region || r.Name.String() != *lb.DNSName ||
		!slices.Equal(r.Subnets, zones) || !slices.Equal(r.Listeners, []estate.Listener{{Port: 80, Protocol: "TCP"}, {Port: 443, Protocol: "TLS"}}) {
		t.Errorf("row %+v", r)
	}
	must(t, cl, addTags, &elb.AddTagsInput{ResourceArns: []string{*lb.LoadBalancerArn}, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}})
	list := must(t, cl, describeListeners, &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn}).Listeners
	for _, l := range list {
		if *l.Port == 80 {
			must(t, cl, modifyListener, &elb.ModifyListenerInput{ListenerArn: l.ListenerArn, Port: aws.Int32(8080)})
		} else {
			must(t, cl, deleteListener, &elb.DeleteListenerInput{ListenerArn: l.ListenerArn})
		}
	}
	must(t, cl, setSubnets, &elb.SetSubnetsInput{LoadBalancerArn: lb.LoadBalancerArn, Subnets: zones[:1]})
	if r = row(); !slices.Equal(r.Listeners, []estate.Listener{{Port: 8080, Protocol: "TCP"}}) || r.Tags["a"] != "1" || !slices.Equal(r.Subnets, zones[:1]) {
		t.Errorf("after changes %+v", r)
	}
	must(t, cl, deleteLoadBalancer, &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	if n := cl.World.Estate().LoadBalancers.Len(); n != 0 {
		t.Errorf("%d rows after the deletion", n)
	}
	must(t, cl, deleteTargetGroup, &elb.DeleteTargetGroupInput{TargetGroupArn: group})
}

// TestAdopt: a world made of an estate alone knows its load balancers, and can
// change and delete them.
func TestAdopt(t *testing.T) {
	from := network(t)
	lb, _ := balanced(t, from, types.TargetTypeEnumIp)
	cl := from
	cl.World = world.New(clock.NewVirtual(worldtest.Start), from.World.Estate())

	got := must(t, cl, describeLoadBalancers, &elb.DescribeLoadBalancersInput{Names: []string{"svc"}}).LoadBalancers[0]
	if *got.LoadBalancerArn != *lb.LoadBalancerArn || *got.DNSName != *lb.DNSName || got.Scheme != lb.Scheme || *got.VpcId != *lb.VpcId ||
		*got.CanonicalHostedZoneId != *lb.CanonicalHostedZoneId || len(got.AvailabilityZones) != 2 || *got.AvailabilityZones[0].ZoneName != "eu-west-1a" {
		t.Errorf("got %+v", got)
	}
	list := must(t, cl, describeListeners, &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn}).Listeners
	if len(list) != 2 {
		t.Fatalf("%d listeners", len(list))
	}
	must(t, cl, deleteListener, &elb.DeleteListenerInput{ListenerArn: list[0].ListenerArn})
	if n := len(must(t, cl, describeListeners, &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn}).Listeners); n != 1 {
		t.Errorf("%d listeners after a deletion", n)
	}
	if n := len(must(t, cl.In("222222222222", ""), describeLoadBalancers, &elb.DescribeLoadBalancersInput{}).LoadBalancers); n != 0 {
		t.Errorf("another account sees %d", n)
	}
	must(t, cl, deleteLoadBalancer, &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	if n := cl.World.Estate().LoadBalancers.Len(); n != 0 {
		t.Errorf("%d rows after the deletion", n)
	}
}

// TestHealth: the states of API_TargetHealth, on the clock.
func TestHealth(t *testing.T) {
	cl := network(t)
	c := cl.World.Clock.(*clock.Virtual)
	lb, group := balanced(t, cl, types.TargetTypeEnumIp)
	id := func(ips ...string) (out []types.TargetDescription) {
		for _, ip := range ips {
			out = append(out, types.TargetDescription{Id: &ip})
		}
		return out
	}
	must(t, cl, registerTargets, &elb.RegisterTargetsInput{TargetGroupArn: group, Targets: id("10.0.1.10", "10.0.4.10")})
	health := func(ip string) string {
		t.Helper()
		h := must(t, cl, describeTargetHealth, &elb.DescribeTargetHealthInput{TargetGroupArn: group, Targets: id(ip)}).TargetHealthDescriptions[0]
		return string(h.TargetHealth.State) + " " + string(h.TargetHealth.Reason)
	}
	is := func(when, ip, want string) {
		t.Helper()
		if got := health(ip); got != want {
			t.Errorf("%s: %s is %q, want %q", when, ip, got, want)
		}
	}
	is("at first", "10.0.1.10", "initial Elb.InitialHealthChecking")
	c.Advance(5*30*time.Second - time.Second)
	is("before the fifth check", "10.0.1.10", "initial Elb.InitialHealthChecking")
	c.Advance(time.Second)
	is("after the fifth check", "10.0.1.10", "healthy ")
	is("never registered", "10.0.1.11", "unused Target.NotRegistered")
	must(t, cl, setSubnets, &elb.SetSubnetsInput{LoadBalancerArn: lb.LoadBalancerArn, Subnets: zones[1:]})
	is("with its zone not enabled", "10.0.1.10", "unused Target.NotInUse")
	must(t, cl, setSubnets, &elb.SetSubnetsInput{LoadBalancerArn: lb.LoadBalancerArn, Subnets: zones})

	must(t, cl, deregisterTargets, &elb.DeregisterTargetsInput{TargetGroupArn: group, Targets: id("10.0.1.10")})
	is("deregistered", "10.0.1.10", "draining Target.DeregistrationInProgress")
	c.Advance(5 * time.Minute)
	is("drained", "10.0.1.10", "unused Target.NotRegistered")
	must(t, cl, deleteLoadBalancer, &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	is("without a load balancer", "10.0.4.10", "unused Target.NotInUse")
	if got := refused(cl, registerTargets, &elb.RegisterTargetsInput{TargetGroupArn: group, Targets: id("8.8.8.8")}); got != "InvalidTarget" {
		t.Errorf("a public address: %q", got)
	}
}

// TestBalancerAsTarget: an Application Load Balancer behind a network load
// balancer must listen on the port.
func TestBalancerAsTarget(t *testing.T) {
	cl := network(t)
	c := cl.World.Clock.(*clock.Virtual)
	_, group := balanced(t, cl, types.TargetTypeEnumAlb)
	inner := must(t, cl, createLoadBalancer, &elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: zones}).LoadBalancers[0].LoadBalancerArn
	in := &elb.RegisterTargetsInput{TargetGroupArn: group, Targets: []types.TargetDescription{{Id: inner}}}
	if got := refused(cl, registerTargets, in); got != "InvalidTarget" {
		t.Errorf("without a listener: %q", got)
	}
	l := must(t, cl, createListener, &elb.CreateListenerInput{
		LoadBalancerArn: inner, Protocol: "HTTP", Port: aws.Int32(80),
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("200")}}},
	}).Listeners[0].ListenerArn
	must(t, cl, registerTargets, in)
	c.Advance(time.Hour)
	state := func() types.TargetHealthStateEnum {
		return must(t, cl, describeTargetHealth, &elb.DescribeTargetHealthInput{TargetGroupArn: group}).TargetHealthDescriptions[0].TargetHealth.State
	}
	if got := state(); got != "healthy" {
		t.Errorf("with a listener: %s", got)
	}
	must(t, cl, deleteListener, &elb.DeleteListenerInput{ListenerArn: l})
	if got := state(); got != "unhealthy" {
		t.Errorf("with its listener gone: %s", got)
	}
	if got := refused(cl, createTargetGroup, &elb.CreateTargetGroupInput{Name: aws.String("b"), Protocol: "TLS", Port: aws.Int32(80), VpcId: aws.String("vpc-1"), TargetType: "alb"}); got != "ValidationError" {
		t.Errorf("a group of the type alb for TLS: %q", got)
	}
}

// TestForwards: what a listener can forward to, and security groups of a network
// load balancer (API_SetSecurityGroups).
func TestForwards(t *testing.T) {
	cl := network(t)
	lb, _ := balanced(t, cl, types.TargetTypeEnumIp)
	udp := must(t, cl, createTargetGroup, &elb.CreateTargetGroupInput{Name: aws.String("udp"), Protocol: "UDP", Port: aws.Int32(53), VpcId: aws.String("vpc-1")}).TargetGroups[0].TargetGroupArn
	in := &elb.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancerArn, Protocol: "TCP", Port: aws.Int32(53), DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: udp}},
	}
	if got := refused(cl, createListener, in); got != "IncompatibleProtocols" {
		t.Errorf("TCP to UDP: %q", got)
	}
	in.Protocol = "UDP"
	must(t, cl, createListener, in)
	if got := refused(cl, setSecurityGroups, &elb.SetSecurityGroupsInput{LoadBalancerArn: lb.LoadBalancerArn, SecurityGroups: []string{"sg-1"}}); got != "InvalidConfigurationRequest" {
		t.Errorf("groups for one made without: %q", got)
	}
	with := must(t, cl, createLoadBalancer, &elb.CreateLoadBalancerInput{Name: aws.String("with"), Type: "network", Subnets: zones, SecurityGroups: []string{"sg-1"}}).LoadBalancers[0]
	if aws.ToString(with.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic) != "on" {
		t.Errorf("enforcement %v", with.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic)
	}
	if row, _ := cl.World.Estate().LoadBalancers.Get(*with.LoadBalancerArn); !slices.Equal(row.Groups, []string{"sg-1"}) {
		t.Errorf("row %+v", row)
	}
}
