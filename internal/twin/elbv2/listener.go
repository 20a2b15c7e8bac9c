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

// defaultPolicy is the TLS policy of a listener made without one
// (API_CreateListener, SslPolicy).
const defaultPolicy = "ELBSecurityPolicy-2016-08"

func createListener(_ context.Context, c *world.Call, in *elb.CreateListenerInput) (*elb.CreateListenerOutput, error) {
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	lb, err := find(c, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if in.MutualAuthentication != nil && aws.ToString(in.MutualAuthentication.Mode) != "off" {
		return nil, c.Unsupported("MutualAuthentication")
	}
	path := strings.TrimPrefix(*lb.LoadBalancerArn, arn(c, "loadbalancer/"))
	l := listener{Listener: types.Listener{
		ListenerArn:     aws.String(arn(c, "listener/"+path+"/"+c.State.HexID(c.Account(), "listener", path, 16))),
		LoadBalancerArn: lb.LoadBalancerArn, Port: in.Port, Protocol: in.Protocol, DefaultActions: in.DefaultActions,
		Certificates: in.Certificates, SslPolicy: in.SslPolicy, AlpnPolicy: in.AlpnPolicy, MutualAuthentication: in.MutualAuthentication,
	}, since: c.Now}
	if err := l.check(c, lb); err != nil {
		return nil, err
	}
	l.put(c)
	tagTable.Put(c.State, *l.ListenerArn, tags)
	return &elb.CreateListenerOutput{Listeners: []types.Listener{l.Listener}}, nil
}

func (l listener) secure() bool {
	return l.Protocol == types.ProtocolEnumHttps || l.Protocol == types.ProtocolEnumTls
}

// check holds a listener to the rules of API_CreateListener.
func (l *listener) check(c *world.Call, lb balancer) error {
	if l.Port == nil || l.Protocol == "" {
		return invalid("A listener must have a port and a protocol")
	}
	web := l.Protocol == types.ProtocolEnumHttp || l.Protocol == types.ProtocolEnumHttps
	if web == lb.network() {
		return &types.UnsupportedProtocolException{Message: text("Protocol '%s' is not supported by the load balancer", l.Protocol)}
	}
	for _, o := range own(c, listeners, "") {
		if *o.LoadBalancerArn == *l.LoadBalancerArn && *o.Port == *l.Port && *o.ListenerArn != *l.ListenerArn {
			return &types.DuplicateListenerException{Message: text("A listener already exists on this port for this load balancer '%s'", *l.LoadBalancerArn)}
		}
	}
	if !l.secure() {
		l.Certificates, l.SslPolicy = nil, nil
	} else if len(l.Certificates) != 1 {
		return &types.CertificateNotFoundException{Message: text("A certificate must be specified for %s listeners", l.Protocol)}
	} else {
		l.SslPolicy = aws.String(cmp.Or(aws.ToString(l.SslPolicy), defaultPolicy))
		id := aws.ToString(l.Certificates[0].CertificateArn)
		if _, ok := c.Issued(id, c.Region); !ok {
			return &types.CertificateNotFoundException{Message: text("Certificate '%s' not found", id)}
		}
	}
	for _, id := range l.targets() {
		g, ok := groups.Get(c.State, id)
		if !ok || !strings.HasPrefix(id, arn(c, "")) {
			return &types.TargetGroupNotFoundException{Message: text("Target groups '[%s]' not found", id)}
		}
		if takes := forwards[l.Protocol]; takes != nil && !slices.Contains(takes, g.Protocol) {
			return &types.IncompatibleProtocolsException{Message: text("A %s listener cannot forward to the target group '%s', whose protocol is %s", l.Protocol, id, g.Protocol)}
		}
	}
	return nil
}

// forwards are the protocols of the target groups of a network load balancer's
// listeners (Network Load Balancers, load-balancer-target-groups.html, "Routing
// configuration").
var forwards = map[types.ProtocolEnum][]types.ProtocolEnum{
	types.ProtocolEnumTcp:    {types.ProtocolEnumTcp, types.ProtocolEnumTcpUdp},
	types.ProtocolEnumTls:    {types.ProtocolEnumTcp, types.ProtocolEnumTls},
	types.ProtocolEnumUdp:    {types.ProtocolEnumUdp, types.ProtocolEnumTcpUdp},
	types.ProtocolEnumTcpUdp: {types.ProtocolEnumTcpUdp},
}

// targets are the target groups of the default actions.
func (l listener) targets() []string {
	var out []string
	for _, a := range l.DefaultActions {
		if a.TargetGroupArn != nil {
			out = append(out, *a.TargetGroupArn)
		}
		if a.ForwardConfig != nil {
			for _, g := range a.ForwardConfig.TargetGroups {
				out = append(out, aws.ToString(g.TargetGroupArn))
			}
		}
	}
	return out
}

// used are the ARNs of what the listener keeps from deletion. A certificate is
// used by the load balancer, as ACM shows it.
func (l listener) used() (used []string, user string) {
	for _, cert := range l.Certificates {
		used = append(used, *cert.CertificateArn)
	}
	return used, *l.LoadBalancerArn
}

func (l listener) put(c *world.Call) {
	l.forget(c)
	used, user := l.used()
	for _, u := range used {
		c.State.Use(u, user)
	}
	for _, g := range l.targets() {
		c.State.Use(g, *l.ListenerArn)
	}
	listeners.Put(c.State, *l.ListenerArn, l)
	if _, ok := tagTable.Get(c.State, *l.ListenerArn); !ok {
		tagTable.Put(c.State, *l.ListenerArn, nil)
	}
	show(c, *l.LoadBalancerArn)
}

// forget takes the listener out of the state as it stands there; what another
// listener of the load balancer uses stays in use.
func (l listener) forget(c *world.Call) {
	old, ok := listeners.Get(c.State, *l.ListenerArn)
	if !ok {
		return
	}
	listeners.Delete(c.State, *old.ListenerArn)
	used, user := old.used()
	for _, o := range own(c, listeners, "") {
		if *o.LoadBalancerArn == user {
			others, _ := o.used()
			used = slices.DeleteFunc(used, func(u string) bool { return slices.Contains(others, u) })
		}
	}
	for _, u := range used {
		c.State.Unuse(u, user)
	}
	for _, g := range old.targets() {
		c.State.Unuse(g, *old.ListenerArn)
	}
	show(c, *old.LoadBalancerArn)
}

// findListener asks for the permission to do the operation on a listener, and
// finds it.
func findListener(c *world.Call, id *string) (listener, error) {
	if err := allow(c, aws.ToString(id), nil); err != nil {
		return listener{}, err
	}
	l, ok := listeners.Get(c.State, aws.ToString(id))
	if !ok || !strings.HasPrefix(*id, arn(c, "")) {
		return l, &types.ListenerNotFoundException{Message: text("One or more listeners not found")}
	}
	return l, nil
}

func modifyListener(_ context.Context, c *world.Call, in *elb.ModifyListenerInput) (*elb.ModifyListenerOutput, error) {
	l, err := findListener(c, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	if in.MutualAuthentication != nil && aws.ToString(in.MutualAuthentication.Mode) != "off" {
		return nil, c.Unsupported("MutualAuthentication")
	}
	if in.Port != nil {
		l.Port = in.Port
	}
	l.Protocol = cmp.Or(in.Protocol, l.Protocol)
	if in.Certificates != nil {
		l.Certificates = in.Certificates
	}
	if in.SslPolicy != nil {
		l.SslPolicy = in.SslPolicy
	}
	if in.AlpnPolicy != nil {
		l.AlpnPolicy = in.AlpnPolicy
	}
	if in.DefaultActions != nil {
		l.DefaultActions = in.DefaultActions
	}
	lb, _ := balancers.Get(c.State, *l.LoadBalancerArn)
	if err := l.check(c, lb); err != nil {
		return nil, err
	}
	l.put(c)
	return &elb.ModifyListenerOutput{Listeners: []types.Listener{l.Listener}}, nil
}

func deleteListener(_ context.Context, c *world.Call, in *elb.DeleteListenerInput) (*elb.DeleteListenerOutput, error) {
	l, err := findListener(c, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	l.forget(c)
	tagTable.Delete(c.State, *l.ListenerArn)
	return &elb.DeleteListenerOutput{}, nil
}

func describeListeners(_ context.Context, c *world.Call, in *elb.DescribeListenersInput) (*elb.DescribeListenersOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	all := own(c, listeners, "listener/")
	if in.LoadBalancerArn != nil {
		if _, ok := balancers.Get(c.State, *in.LoadBalancerArn); !ok || !strings.HasPrefix(*in.LoadBalancerArn, arn(c, "")) {
			return nil, &types.LoadBalancerNotFoundException{Message: text("Load balancer '%s' not found", *in.LoadBalancerArn)}
		}
		all = slices.DeleteFunc(all, func(l listener) bool { return *l.LoadBalancerArn != *in.LoadBalancerArn })
	} else if len(in.ListenerArns) == 0 {
		return nil, invalid("You must specify either listener ARNs or a load balancer ARN")
	}
	for _, want := range in.ListenerArns {
		if !slices.ContainsFunc(all, func(l listener) bool { return *l.ListenerArn == want }) {
			return nil, &types.ListenerNotFoundException{Message: text("One or more listeners not found")}
		}
	}
	if len(in.ListenerArns) > 0 {
		all = slices.DeleteFunc(all, func(l listener) bool { return !slices.Contains(in.ListenerArns, *l.ListenerArn) })
	}
	out := &elb.DescribeListenersOutput{Listeners: []types.Listener{}}
	all, out.NextMarker = page(all, func(l listener) string { return *l.ListenerArn }, in.Marker, in.PageSize)
	for _, l := range all {
		out.Listeners = append(out.Listeners, l.Listener)
	}
	return out, nil
}

// describeListenerCertificates lists the one certificate that a listener has.
func describeListenerCertificates(_ context.Context, c *world.Call, in *elb.DescribeListenerCertificatesInput) (*elb.DescribeListenerCertificatesOutput, error) {
	l, err := findListener(c, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	out := &elb.DescribeListenerCertificatesOutput{Certificates: []types.Certificate{}}
	for _, cert := range l.Certificates {
		out.Certificates = append(out.Certificates, types.Certificate{CertificateArn: cert.CertificateArn, IsDefault: aws.Bool(true)})
	}
	return out, nil
}

// defaults are the attributes that are not empty (API_ListenerAttribute).
func (l listener) defaults() map[string]string {
	switch l.Protocol {
	case types.ProtocolEnumHttp, types.ProtocolEnumHttps:
		return map[string]string{"routing.http.response.server.enabled": "true"}
	case types.ProtocolEnumTcp:
		return map[string]string{"tcp.idle_timeout.seconds": "350"}
	}
	return nil
}

func (l listener) attributeList() []types.ListenerAttribute {
	values := l.defaults()
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, l.attributes)
	out := []types.ListenerAttribute{}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		out = append(out, types.ListenerAttribute{Key: aws.String(k), Value: aws.String(values[k])})
	}
	return out
}

func describeListenerAttributes(_ context.Context, c *world.Call, in *elb.DescribeListenerAttributesInput) (*elb.DescribeListenerAttributesOutput, error) {
	l, err := findListener(c, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	return &elb.DescribeListenerAttributesOutput{Attributes: l.attributeList()}, nil
}

func modifyListenerAttributes(_ context.Context, c *world.Call, in *elb.ModifyListenerAttributesInput) (*elb.ModifyListenerAttributesOutput, error) {
	l, err := findListener(c, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	after := map[string]string{}
	maps.Copy(after, l.attributes)
	for _, a := range in.Attributes {
		after[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	l.attributes = after
	listeners.Put(c.State, *l.ListenerArn, l)
	return &elb.ModifyListenerAttributesOutput{Attributes: l.attributeList()}, nil
}
