package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Network interfaces are those of what stands in the estate and has addresses:
// VPC endpoints, load balancers, Resolver endpoints, Lambda functions. They are requester-managed.

// nic is a network interface.
type nic struct {
	id, vpc, subnet, zone string
	owner                 estate.AccountID
	four, six             netip.Addr
	groups                []string
	kind                  types.NetworkInterfaceType
	description           string
	requester             string
}

// nics are the network interfaces of the Region that fit, by identifier; with
// an address of their own, where the estate knows it.
func nics(c *world.Call, fits func(nic) bool) []nic {
	e := c.Estate()
	var out []nic
	add := func(n nic) {
		if fits(n) {
			out = append(out, n)
		}
	}
	for p := range e.Endpoints.All() {
		for _, a := range p.Addresses {
			if p.Region == c.Region {
				add(nic{
					a.Interface, p.VPC, a.Subnet, a.Zone, p.Account, a.IPv4, a.IPv6, p.Groups, types.NetworkInterfaceTypeVpcEndpoint,
					"VPC Endpoint Interface " + p.ID, "727180483921",
				})
			}
		}
	}
	for b := range e.LoadBalancers.All() {
		for _, id := range b.Subnets {
			s, ok := e.Subnets.Get(id)
			if !ok || b.Region != c.Region {
				continue
			}
			kind := types.NetworkInterfaceTypeInterface
			if b.Type == "network" {
				kind = types.NetworkInterfaceTypeNetworkLoadBalancer
			}
			_, name, _ := strings.Cut(b.ARN, "loadbalancer/")
			add(nic{
				world.Derived("eni", b.ARN+"/"+id), b.VPC, id, s.Zone, b.Account, balancerAddress(e, b, s), netip.Addr{}, b.Groups, kind,
				"ELB " + name, "amazon-elb",
			})
		}
	}
	for p := range e.ResolverEndpoints.All() {
		for _, a := range p.Addresses {
			s, _ := e.Subnets.Get(a.Subnet)
			n := nic{
				id: world.Derived("eni", a.ID), vpc: p.VPC, subnet: a.Subnet, zone: s.Zone, owner: p.Account, groups: p.Groups,
				kind: types.NetworkInterfaceTypeInterface, description: "Route 53 Resolver: " + p.ID + ":" + a.ID, requester: "amazon-route53resolver",
			}
			if n.four = a.IP; a.IP.Is6() {
				n.four, n.six = netip.Addr{}, a.IP
			}
			if p.Region == c.Region {
				add(n)
			}
		}
	}
	// Functions with the same subnet and groups share an interface (Lambda
	// Developer Guide, configuration-vpc.html).
	seen := map[string]bool{}
	for f := range e.Functions.All() {
		groups := slices.Sorted(slices.Values(f.Groups))
		for _, id := range f.Subnets {
			s, ok := e.Subnets.Get(id)
			n := nic{
				id: world.Derived("eni", "lambda/"+id+"/"+strings.Join(groups, ",")), vpc: f.VPC, subnet: id, zone: s.Zone, owner: f.Account, groups: groups,
				kind: types.NetworkInterfaceTypeLambda, description: "AWS Lambda VPC ENI-" + f.Name, requester: "amazon-aws-lambda",
			}
			if !ok || f.Region != c.Region || seen[n.id] {
				continue
			}
			seen[n.id] = true
			n.four = world.AddressIn(s.CIDR, n.id)
			add(n)
		}
	}
	slices.SortFunc(out, func(a, b nic) int { return cmp.Compare(a.id, b.id) })
	return out
}

// balancerAddress is the address of a load balancer in a subnet: what its name
// answers there, or else the one that it derives.
func balancerAddress(e *estate.Estate, b estate.LoadBalancer, s estate.Subnet) netip.Addr {
	for t := range e.Targets.By(estate.ByName(b.Name)) {
		for _, ip := range t.Addresses {
			if s.CIDR.Contains(ip) {
				return ip
			}
		}
	}
	return world.AddressIn(s.CIDR, b.ARN)
}

// takenIn are the addresses of a subnet that something has.
func takenIn(c *world.Call, s estate.Subnet) map[netip.Addr]bool {
	out := map[netip.Addr]bool{}
	for _, n := range nics(c, func(n nic) bool { return n.subnet == s.ID }) {
		out[n.four], out[n.six] = true, true
	}
	return out
}

// occupied reports whether a network interface keeps something from deletion.
func occupied(c *world.Call, of func(nic) bool) bool { return len(nics(c, of)) > 0 }

func describeNetworkInterfaces(_ context.Context, c *world.Call, in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	all := nics(c, func(n nic) bool { return n.owner == c.Account() })
	page, next, err := choose(selection{"networkInterfaceIds", in.NetworkInterfaceIds, in.Filters, in.MaxResults, in.NextToken}, all,
		func(n nic) string { return n.id }, nicAttributes,
		func(id string) error {
			return fail("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", id)
		})
	names := map[string]string{}
	for _, g := range groupsOf(c) {
		names[g.ID] = g.Name
	}
	out := &ec2.DescribeNetworkInterfacesOutput{NextToken: next, NetworkInterfaces: []types.NetworkInterface{}}
	for _, n := range page {
		out.NetworkInterfaces = append(out.NetworkInterfaces, showNIC(n, names))
	}
	return out, err
}

// nicAttributes are the filters of API_DescribeNetworkInterfaces.
func nicAttributes(n nic) attributes {
	a := attributes{
		"availability-zone": {n.zone}, "description": {n.description}, "group-id": n.groups, "interface-type": {string(n.kind)},
		"network-interface-id": {n.id}, "owner-id": {string(n.owner)}, "requester-id": {n.requester}, "requester-managed": yes(true),
		"status": {string(types.NetworkInterfaceStatusInUse)}, "subnet-id": {n.subnet}, "vpc-id": {n.vpc}, "addresses.primary": yes(true),
		"private-ip-address": nil, "addresses.private-ip-address": nil, "ipv6-addresses.ipv6-address": nil, "attachment.instance-id": nil,
		"attachment.status": {"attached"}, "attachment.instance-owner-id": {n.requester}, "source-dest-check": yes(true), "tag-key": nil,
		"association.public-ip": nil, "association.allocation-id": nil, "mac-address": nil, "private-dns-name": nil,
	}
	if n.four.IsValid() {
		a["private-ip-address"], a["addresses.private-ip-address"] = []string{n.four.String()}, []string{n.four.String()}
	}
	if n.six.IsValid() {
		a["ipv6-addresses.ipv6-address"] = []string{n.six.String()}
	}
	return a
}

func showNIC(n nic, groupNames map[string]string) types.NetworkInterface {
	out := types.NetworkInterface{
		NetworkInterfaceId: aws.String(n.id), VpcId: aws.String(n.vpc), SubnetId: aws.String(n.subnet), AvailabilityZone: aws.String(n.zone),
		OwnerId: aws.String(string(n.owner)), Description: aws.String(n.description), InterfaceType: n.kind,
		RequesterManaged: aws.Bool(true), RequesterId: aws.String(n.requester), Status: types.NetworkInterfaceStatusInUse,
		SourceDestCheck: aws.Bool(true), Groups: []types.GroupIdentifier{}, Ipv6Addresses: []types.NetworkInterfaceIpv6Address{},
		PrivateIpAddresses: []types.NetworkInterfacePrivateIpAddress{}, TagSet: []types.Tag{},
		Attachment: &types.NetworkInterfaceAttachment{
			AttachmentId: aws.String(world.Derived("ela-attach", n.id)), DeleteOnTermination: aws.Bool(false), DeviceIndex: aws.Int32(1),
			InstanceOwnerId: aws.String("amazon-aws"), Status: types.AttachmentStatusAttached,
		},
	}
	for _, g := range n.groups {
		out.Groups = append(out.Groups, types.GroupIdentifier{GroupId: aws.String(g), GroupName: aws.String(groupNames[g])})
	}
	if n.four.IsValid() {
		out.PrivateIpAddress = aws.String(n.four.String())
		out.PrivateIpAddresses = append(out.PrivateIpAddresses, types.NetworkInterfacePrivateIpAddress{PrivateIpAddress: out.PrivateIpAddress, Primary: aws.Bool(true)})
	}
	if n.six.IsValid() {
		out.Ipv6Address = aws.String(n.six.String())
		out.Ipv6Addresses = append(out.Ipv6Addresses, types.NetworkInterfaceIpv6Address{Ipv6Address: out.Ipv6Address})
	}
	return out
}
