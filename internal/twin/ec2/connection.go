package ec2

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Who may make endpoints to an endpoint service, and the connections that they
// are.

// admits reports whether a service lets the caller make endpoints to it: its
// owner, and its principals (PrivateLink guide, configure-endpoint-service.html).
// That the owner needs no permission is our reading.
func admits(c *world.Call, s estate.EndpointService) bool {
	return s.Account == c.Account() || slices.ContainsFunc(s.Principals, func(p string) bool {
		return p == "*" || p == rootARN(string(c.Account())) || p == c.Caller.ARN || p != "" && p == c.Caller.Role
	})
}

func rootARN(account string) string { return "arn:aws:iam::" + account + ":root" }

var (
	bareAccount   = regexp.MustCompile(`^\d{12}$`)
	principalForm = regexp.MustCompile(`^arn:aws:(iam::\d{12}:(root|user/.+|role/.+)|organizations::\d{12}:(ou|organization)/.+)$`)
)

// principalType is what DescribeVpcEndpointServicePermissions calls a principal.
func principalType(p string) types.PrincipalType {
	switch {
	case p == "*":
		return types.PrincipalTypeAll
	case strings.HasSuffix(p, ":root"):
		return types.PrincipalTypeAccount
	case strings.Contains(p, ":user/"):
		return types.PrincipalTypeUser
	case strings.Contains(p, ":role/"):
		return types.PrincipalTypeRole
	}
	return types.PrincipalTypeOrganizationUnit
}

func permissionID(service, principal string) *string {
	return aws.String(world.Derived("vpce-svc-perm", service+"/"+principal))
}

func modifyVpcEndpointServicePermissions(_ context.Context, c *world.Call, in *ec2.ModifyVpcEndpointServicePermissionsInput) (*ec2.ModifyVpcEndpointServicePermissionsOutput, error) {
	s, err := allowService(c, in.ServiceId, in.DryRun)
	if err != nil {
		return nil, err
	}
	out := &ec2.ModifyVpcEndpointServicePermissionsOutput{ReturnValue: aws.Bool(true)}
	read := func(list []string) ([]string, error) {
		var all []string
		for _, p := range list {
			if bareAccount.MatchString(p) {
				p = rootARN(p)
			}
			if p != "*" && !principalForm.MatchString(p) {
				return nil, fail("InvalidPrincipal", "Invalid Principal: '%s'", p)
			}
			all = append(all, p)
		}
		return all, nil
	}
	add, err := read(in.AddAllowedPrincipals)
	if err != nil {
		return nil, err
	}
	remove, err := read(in.RemoveAllowedPrincipals)
	if err != nil {
		return nil, err
	}
	for _, p := range add {
		if strings.HasPrefix(p, "arn:aws:organizations:") {
			return nil, c.Unsupported("AddAllowedPrincipals of an organization")
		}
	}
	have := slices.DeleteFunc(slices.Clone(s.Principals), func(p string) bool { return slices.Contains(remove, p) })
	for _, p := range add {
		if slices.Contains(have, p) {
			continue
		}
		have = append(have, p)
		out.AddedPrincipals = append(out.AddedPrincipals, types.AddedPrincipal{
			Principal: aws.String(p), PrincipalType: principalType(p), ServiceId: aws.String(s.ID), ServicePermissionId: permissionID(s.ID, p),
		})
	}
	slices.Sort(have)
	s.Principals = have
	c.Estate().EndpointServices.Put(s)
	return out, nil
}

func describeVpcEndpointServicePermissions(_ context.Context, c *world.Call, in *ec2.DescribeVpcEndpointServicePermissionsInput) (*ec2.DescribeVpcEndpointServicePermissionsOutput, error) {
	s, err := allowService(c, in.ServiceId, in.DryRun)
	if err != nil {
		return nil, err
	}
	page, next, err := choose(selection{filters: in.Filters, max: limited(in.MaxResults), token: in.NextToken}, slices.Sorted(slices.Values(s.Principals)),
		func(p string) string { return p },
		func(p string) attributes {
			return attributes{"principal": {p}, "principal-type": {string(principalType(p))}}
		}, nil)
	out := &ec2.DescribeVpcEndpointServicePermissionsOutput{NextToken: next, AllowedPrincipals: []types.AllowedPrincipal{}}
	for _, p := range page {
		out.AllowedPrincipals = append(out.AllowedPrincipals, types.AllowedPrincipal{
			Principal: aws.String(p), PrincipalType: principalType(p), ServiceId: aws.String(s.ID), ServicePermissionId: permissionID(s.ID, p),
		})
	}
	return out, err
}

// connection is an endpoint as the owner of its service sees it.
type connection struct {
	estate.EndpointConnection
	service estate.EndpointService
}

func describeVpcEndpointConnections(_ context.Context, c *world.Call, in *ec2.DescribeVpcEndpointConnectionsInput) (*ec2.DescribeVpcEndpointConnectionsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []connection
	for _, s := range servicesOf(c) {
		for _, x := range s.Connections {
			all = append(all, connection{x, s})
		}
	}
	slices.SortFunc(all, func(a, b connection) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	page, next, err := choose(selection{filters: in.Filters, max: limited(in.MaxResults), token: in.NextToken}, all,
		func(x connection) string { return x.Endpoint },
		func(x connection) attributes {
			p, _ := c.Estate().Endpoints.Get(x.Endpoint)
			return attributes{
				"ip-address-type": {cmp.Or(p.IPType, "ipv4")}, "service-id": {x.service.ID}, "vpc-endpoint-owner": {string(x.Owner)},
				"vpc-endpoint-region": {string(cmp.Or(p.Region, x.service.Region))}, "vpc-endpoint-state": {x.State}, "vpc-endpoint-id": {x.Endpoint},
			}
		}, nil)
	out := &ec2.DescribeVpcEndpointConnectionsOutput{NextToken: next, VpcEndpointConnections: []types.VpcEndpointConnection{}}
	for _, x := range page {
		p, _ := c.Estate().Endpoints.Get(x.Endpoint)
		shown := types.VpcEndpointConnection{
			ServiceId: aws.String(x.service.ID), VpcEndpointId: aws.String(x.Endpoint), VpcEndpointOwner: aws.String(string(x.Owner)),
			VpcEndpointState: types.State(x.State), NetworkLoadBalancerArns: x.service.LoadBalancers, IpAddressType: types.IpAddressType(cmp.Or(p.IPType, "ipv4")),
			VpcEndpointRegion:       aws.String(string(cmp.Or(p.Region, x.service.Region))),
			VpcEndpointConnectionId: aws.String(world.Derived("vpce-con", x.service.ID+"/"+x.Endpoint)),
		}
		if !p.Created.IsZero() {
			shown.CreationTimestamp = aws.Time(p.Created)
		}
		for _, n := range p.Names {
			shown.DnsEntries = append(shown.DnsEntries, types.DnsEntry{DnsName: aws.String(n.Name.String()), HostedZoneId: aws.String(n.Zone)})
		}
		out.VpcEndpointConnections = append(out.VpcEndpointConnections, shown)
	}
	return out, err
}

func acceptVpcEndpointConnections(_ context.Context, c *world.Call, in *ec2.AcceptVpcEndpointConnectionsInput) (*ec2.AcceptVpcEndpointConnectionsOutput, error) {
	failed, err := decideConnections(c, in.ServiceId, in.VpcEndpointIds, in.DryRun, estate.EndpointPending,
		estate.EndpointPendingAcceptance, estate.EndpointRejected)
	return &ec2.AcceptVpcEndpointConnectionsOutput{Unsuccessful: failed}, err
}

func rejectVpcEndpointConnections(_ context.Context, c *world.Call, in *ec2.RejectVpcEndpointConnectionsInput) (*ec2.RejectVpcEndpointConnectionsOutput, error) {
	failed, err := decideConnections(c, in.ServiceId, in.VpcEndpointIds, in.DryRun, estate.EndpointRejected,
		estate.EndpointPendingAcceptance, estate.EndpointPending, estate.EndpointAvailable)
	return &ec2.RejectVpcEndpointConnectionsOutput{Unsuccessful: failed}, err
}

// decideConnections brings connections of a service from some states to one. An
// endpoint that was accepted is pending for a while; of one that is in no
// account of the estate only the connection is known.
func decideConnections(c *world.Call, service *string, endpoints []string, dryRun *bool, to string, from ...string) ([]types.UnsuccessfulItem, error) {
	s, err := allowService(c, service, dryRun)
	if err != nil {
		return nil, err
	}
	if len(endpoints) == 0 {
		return nil, missing("vpcEndpointIds")
	}
	failed := []types.UnsuccessfulItem{}
	for _, id := range endpoints {
		i := slices.IndexFunc(s.Connections, func(x estate.EndpointConnection) bool { return x.Endpoint == id })
		switch {
		case i < 0:
			failed = append(failed, unsuccessful(id, noEndpoint(id)))
			continue
		case s.Connections[i].State == to || to == estate.EndpointPending && s.Connections[i].State == estate.EndpointAvailable:
			continue // as it is wanted
		case !slices.Contains(from, s.Connections[i].State):
			failed = append(failed, unsuccessful(id, invalidEndpoint("The VPC endpoint %s is in the state %s.", id, s.Connections[i].State)))
			continue
		}
		p, known := c.Estate().Endpoints.Get(id)
		if known {
			p.State = to
			c.Estate().Endpoints.Put(p)
			if to == estate.EndpointPending {
				comes(c, id)
			}
			c.State.Connect(p)
			s, _ = c.Estate().EndpointServices.Get(s.ID)
			continue
		}
		s.Connections = slices.Clone(s.Connections)
		s.Connections[i].State = to
		if to == estate.EndpointPending {
			s.Connections[i].State = estate.EndpointAvailable
		}
		c.Estate().EndpointServices.Put(s)
	}
	return failed, nil
}
