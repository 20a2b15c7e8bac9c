package elbv2

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls a handler and gives the code of its refusal.
func refused[I, O any](cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) string {
	_, err := worldtest.Do(cl, h, in)
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

const certificate = "arn:aws:acm:eu-west-1:111111111111:certificate/1"

// network is a world with a VPC, three subnets in two zones, one of another
// VPC, and an issued certificate.
func network(t *testing.T) worldtest.Client {
	t.Helper()
	cl, _ := worldtest.New()
	err := cl.World.Update(func(s *world.State) error {
		e := &s.Estate
		for _, id := range []string{"vpc-1", "vpc-2"} {
			e.VPCs.Put(estate.VPC{ID: id, Account: cl.Account, Region: cl.Region, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}})
		}
		for _, s := range []struct{ id, vpc, zone, cidr string }{
			{"subnet-a", "vpc-1", "eu-west-1a", "10.0.1.0/24"}, {"subnet-b", "vpc-1", "eu-west-1b", "10.0.2.0/24"},
			{"subnet-a2", "vpc-1", "eu-west-1a", "10.0.3.0/24"}, {"subnet-c", "vpc-2", "eu-west-1c", "10.0.4.0/24"},
		} {
			e.Subnets.Put(estate.Subnet{ID: s.id, VPC: s.vpc, Account: cl.Account, Region: cl.Region, Zone: s.zone, CIDR: netip.MustParsePrefix(s.cidr)})
		}
		e.Certificates.Put(estate.Certificate{
			ARN: certificate, Account: cl.Account, Region: cl.Region, Names: []dnsname.Name{dnsname.MustParse("a.example.com")}, Status: estate.CertificateIssued,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

var zones = []string{"subnet-a", "subnet-b"}

func TestCreate(t *testing.T) {
	for _, tc := range []struct {
		in         elb.CreateLoadBalancerInput
		code, name string // refusal, or prefix and suffix of the DNS name joined by "…"
		zone       string
		addresses  int
	}{
		{in: elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: zones}, name: "web-….eu-west-1.elb.amazonaws.com", zone: "Z32O12XQLNTSW2", addresses: 2},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: zones, Scheme: "internal"}, name: "internal-web-….eu-west-1.elb.amazonaws.com", zone: "Z32O12XQLNTSW2", addresses: 2},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: zones, IpAddressType: "dualstack"}, name: "web-….eu-west-1.elb.amazonaws.com", zone: "Z32O12XQLNTSW2", addresses: 4},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("tcp"), Type: "network", Subnets: zones[:1]}, name: "tcp-….elb.eu-west-1.amazonaws.com", zone: "Z2IFOLAFXWLO4F", addresses: 1},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: zones[:1]}, code: "ValidationError"},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: []string{"subnet-a", "subnet-a2"}}, code: "InvalidConfigurationRequest"},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: []string{"subnet-a", "subnet-c"}}, code: "InvalidConfigurationRequest"},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: []string{"subnet-a", "subnet-x"}}, code: "SubnetNotFound"},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("internal-web"), Subnets: zones}, code: "ValidationError"},
		{in: elb.CreateLoadBalancerInput{Name: aws.String(strings.Repeat("a", 33)), Subnets: zones}, code: "ValidationError"},
		{in: elb.CreateLoadBalancerInput{Name: aws.String("web"), Type: "gateway", Subnets: zones}, code: "NotImplementedByTwin"},
	} {
		cl := network(t)
		if got := refused(cl, createLoadBalancer, &tc.in); got != tc.code {
			t.Errorf("%s: got %q, want %q", *tc.in.Name, got, tc.code)
		}
		if tc.code != "" {
			continue
		}
		target, ok := estate.First(cl.World.Estate().Targets.All())
		begin, end, _ := strings.Cut(tc.name, "…")
		if n := target.Name.String(); !ok || !strings.HasPrefix(n, begin) || !strings.HasSuffix(n, end) || target.Zone != tc.zone || len(target.Addresses) != tc.addresses {
			t.Errorf("%s: target %+v", tc.name, target)
		}
		inside := netip.MustParsePrefix("10.0.0.0/16").Contains(target.Addresses[0])
		if inside != (tc.in.Scheme == "internal") {
			t.Errorf("%s: address %s", tc.name, target.Addresses[0])
		}
	}
}

func TestLife(t *testing.T) {
	cl := network(t)
	in := &elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: zones, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}
	lb := must(t, cl, createLoadBalancer, in).LoadBalancers[0]
	if again := must(t, cl, createLoadBalancer, in).LoadBalancers[0]; *again.LoadBalancerArn != *lb.LoadBalancerArn {
		t.Error("the same again made another")
	}
	if code := refused(cl, createLoadBalancer, &elb.CreateLoadBalancerInput{Name: in.Name, Subnets: zones, Scheme: "internal"}); code != "DuplicateLoadBalancerName" {
		t.Errorf("the same name with other settings: %q", code)
	}
	group := must(t, cl, createTargetGroup, &elb.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: "HTTP", Port: aws.Int32(80), VpcId: aws.String("vpc-1"),
	}).TargetGroups[0].TargetGroupArn
	forward := []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: group}}
	for _, tc := range []struct {
		in   elb.CreateListenerInput
		code string
	}{
		{elb.CreateListenerInput{Protocol: "TCP", Port: aws.Int32(53), DefaultActions: forward}, "UnsupportedProtocol"},
		{elb.CreateListenerInput{Protocol: "HTTPS", Port: aws.Int32(443), DefaultActions: forward}, "CertificateNotFound"},
		{elb.CreateListenerInput{Protocol: "HTTPS", Port: aws.Int32(443), DefaultActions: forward, Certificates: []types.Certificate{{CertificateArn: aws.String(certificate + "2")}}}, "CertificateNotFound"},
		{elb.CreateListenerInput{Protocol: "HTTP", Port: aws.Int32(80), DefaultActions: []types.Action{{Type: "forward", TargetGroupArn: aws.String("x")}}}, "TargetGroupNotFound"},
		{elb.CreateListenerInput{Protocol: "HTTPS", Port: aws.Int32(443), DefaultActions: forward, Certificates: []types.Certificate{{CertificateArn: aws.String(certificate)}}}, ""},
		{elb.CreateListenerInput{Protocol: "HTTP", Port: aws.Int32(443), DefaultActions: forward}, "DuplicateListener"},
	} {
		tc.in.LoadBalancerArn = lb.LoadBalancerArn
		if got := refused(cl, createListener, &tc.in); got != tc.code {
			t.Errorf("%s %d: got %q, want %q", tc.in.Protocol, *tc.in.Port, got, tc.code)
		}
	}
	users := func() (out []string) {
		err := cl.World.Update(func(s *world.State) error {
			out = s.Users(certificate)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := users(); !slices.Equal(got, []string{*lb.LoadBalancerArn}) {
		t.Errorf("the certificate is used by %v", got)
	}
	if code := refused(cl, deleteTargetGroup, &elb.DeleteTargetGroupInput{TargetGroupArn: group}); code != "ResourceInUse" {
		t.Errorf("deletion of a target group in use: %q", code)
	}
	protect := func(value string) {
		must(t, cl, modifyLoadBalancerAttributes, &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: lb.LoadBalancerArn, Attributes: []types.LoadBalancerAttribute{
			{Key: aws.String("deletion_protection.enabled"), Value: &value},
		}})
	}
	protect("true")
	if code := refused(cl, deleteLoadBalancer, &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn}); code != "OperationNotPermitted" {
		t.Errorf("deletion of what is protected: %q", code)
	}
	protect("false")
	must(t, cl, deleteLoadBalancer, &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	must(t, cl, deleteTargetGroup, &elb.DeleteTargetGroupInput{TargetGroupArn: group})
	if n := cl.World.Estate().Targets.Len(); n != 0 || len(users()) != 0 {
		t.Errorf("left: %d targets, users %v", n, users())
	}
	if code := refused(cl, describeLoadBalancers, &elb.DescribeLoadBalancersInput{Names: []string{"web"}}); code != "LoadBalancerNotFound" {
		t.Errorf("after deletion: %q", code)
	}
}

func TestDescribe(t *testing.T) {
	cl := network(t)
	for _, name := range []string{"a", "b", "c"} {
		must(t, cl, createLoadBalancer, &elb.CreateLoadBalancerInput{Name: &name, Subnets: zones})
	}
	var got []string
	in := &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(2)}
	for {
		out := must(t, cl, describeLoadBalancers, in)
		for _, lb := range out.LoadBalancers {
			got = append(got, *lb.LoadBalancerName)
		}
		if in.Marker = out.NextMarker; in.Marker == nil {
			break
		}
	}
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %v", got)
	}
	if out := must(t, cl, describeLoadBalancers, &elb.DescribeLoadBalancersInput{Names: []string{"b"}}); len(out.LoadBalancers) != 1 {
		t.Errorf("by name: %d", len(out.LoadBalancers))
	}
	if out := must(t, cl.In("222222222222", ""), describeLoadBalancers, &elb.DescribeLoadBalancersInput{}); len(out.LoadBalancers) != 0 {
		t.Errorf("another account sees %d", len(out.LoadBalancers))
	}
}

func TestTags(t *testing.T) {
	cl := network(t)
	id := *must(t, cl, createLoadBalancer, &elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: zones}).LoadBalancers[0].LoadBalancerArn
	must(t, cl, addTags, &elb.AddTagsInput{ResourceArns: []string{id}, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("1")}}})
	must(t, cl, removeTags, &elb.RemoveTagsInput{ResourceArns: []string{id}, TagKeys: []string{"b"}})
	tags := must(t, cl, describeTags, &elb.DescribeTagsInput{ResourceArns: []string{id}}).TagDescriptions[0].Tags
	if len(tags) != 1 || *tags[0].Key != "a" {
		t.Errorf("tags %+v", tags)
	}
	if code := refused(cl.In("222222222222", ""), describeTags, &elb.DescribeTagsInput{ResourceArns: []string{id}}); code != "LoadBalancerNotFound" {
		t.Errorf("from another account: %q", code)
	}
}
