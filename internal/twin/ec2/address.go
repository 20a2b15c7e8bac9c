package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// addressTable holds the elastic IPs by owner, Region and allocation.
var addressTable = world.Private[address]{Name: "ec2.addresses"}

type address struct {
	ID        string // eipalloc-…
	IP        netip.Addr
	Interface string // that it is associated with
	Private   netip.Addr
}

// addressesRegion is the quota of elastic IPs (Amazon EC2 User Guide,
// elastic-ip-addresses-eip.html).
const addressesRegion = 5

func addressesOf(c *world.Call) []address {
	var out []address
	addressTable.Walk(c.State, place(c), func(_ string, a address) bool {
		out = append(out, a)
		return true
	})
	return out
}

func noAddress(id string) error {
	return fail("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
}

func findAddress(c *world.Call, id string) (address, error) {
	if id == "" {
		return address{}, missing("AllocationId")
	}
	a, ok := addressTable.Get(c.State, keyed(c, id))
	if !ok {
		return a, noAddress(id)
	}
	return a, nil
}

func addressAssociation(allocation, iface string) string {
	return world.Derived("eipassoc", allocation+"/"+iface)
}

// freeInterface ends the association of an interface with an elastic IP.
func freeInterface(c *world.Call, iface string) {
	for _, a := range addressesOf(c) {
		if a.Interface == iface {
			a.Interface, a.Private = "", netip.Addr{}
			addressTable.Put(c.State, keyed(c, a.ID), a)
		}
	}
}

func allocateAddress(_ context.Context, c *world.Call, in *ec2.AllocateAddressInput) (*ec2.AllocateAddressOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeElasticIp)
	if denied := allow(c, nil, creating(c, "elastic-ip", tags)...); denied != nil {
		return nil, denied
	}
	switch {
	case err != nil:
		return nil, err
	case in.Address != nil || in.CustomerOwnedIpv4Pool != nil || in.IpamPoolId != nil || in.PublicIpv4Pool != nil:
		return nil, c.Unsupported("PublicIpv4Pool")
	case c.World.Limits && len(addressesOf(c)) >= addressesRegion:
		return nil, fail("AddressLimitExceeded", "The maximum number of addresses has been reached.")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a := address{ID: newID(c, "eipalloc")}
	a.IP = world.Addresses(a.ID, 1, false)[0]
	addressTable.Put(c.State, keyed(c, a.ID), a)
	tagTable.Put(c.State, a.ID, tags)
	return &ec2.AllocateAddressOutput{
		AllocationId: aws.String(a.ID), PublicIp: aws.String(a.IP.String()), Domain: types.DomainTypeVpc, PublicIpv4Pool: aws.String("amazon"),
		NetworkBorderGroup: aws.String(string(c.Region)),
	}, nil
}

func allowAddress(c *world.Call, id *string) (address, error) {
	if err := allow(c, nil, on(c, "elastic-ip", aws.ToString(id), tagsOf(c, aws.ToString(id)))); err != nil {
		return address{}, err
	}
	return findAddress(c, aws.ToString(id))
}

func releaseAddress(_ context.Context, c *world.Call, in *ec2.ReleaseAddressInput) (*ec2.ReleaseAddressOutput, error) {
	a, err := allowAddress(c, in.AllocationId)
	if err != nil {
		return nil, err
	}
	if a.Interface != "" {
		return nil, fail("InvalidIPAddress.InUse", "Address %s is in use.", a.IP)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	addressTable.Delete(c.State, keyed(c, a.ID))
	tagTable.Delete(c.State, a.ID)
	return &ec2.ReleaseAddressOutput{}, nil
}

func associateAddress(_ context.Context, c *world.Call, in *ec2.AssociateAddressInput) (*ec2.AssociateAddressOutput, error) {
	a, err := allowAddress(c, in.AllocationId)
	if err != nil {
		return nil, err
	}
	want := cmp.Or(aws.ToString(in.InstanceId), aws.ToString(in.NetworkInterfaceId))
	i, ok := instanceBehind(c, want)
	switch {
	case want == "":
		return nil, missing("InstanceId")
	case !ok && in.InstanceId != nil:
		return nil, noInstance(want)
	case !ok:
		return nil, fail("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", want)
	case !hasGateway(c, i.VPC):
		return nil, fail("Gateway.NotAttached", "Network %s is not attached to any internet gateway", i.VPC)
	case a.Interface != "" && a.Interface != i.Interface && !aws.ToBool(in.AllowReassociation):
		return nil, fail("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", a.ID, addressAssociation(a.ID, a.Interface))
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	freeInterface(c, i.Interface)
	a.Interface, a.Private = i.Interface, i.Private
	addressTable.Put(c.State, keyed(c, a.ID), a)
	return &ec2.AssociateAddressOutput{AssociationId: aws.String(addressAssociation(a.ID, a.Interface))}, nil
}

func disassociateAddress(_ context.Context, c *world.Call, in *ec2.DisassociateAddressInput) (*ec2.DisassociateAddressOutput, error) {
	if err := allow(c, nil, on(c, "elastic-ip", "*", nil)); err != nil {
		return nil, err
	}
	for _, a := range addressesOf(c) {
		if a.Interface == "" || addressAssociation(a.ID, a.Interface) != aws.ToString(in.AssociationId) {
			continue
		}
		if _, ok := instanceBehind(c, a.Interface); !ok {
			return nil, fail("AuthFailure", "You do not have permission to access the specified resource.") // a NAT gateway's
		}
		if err := allow(c, in.DryRun); err != nil {
			return nil, err
		}
		freeInterface(c, a.Interface)
		return &ec2.DisassociateAddressOutput{}, nil
	}
	return nil, fail("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", aws.ToString(in.AssociationId))
}

func describeAddresses(_ context.Context, c *world.Call, in *ec2.DescribeAddressesInput) (*ec2.DescribeAddressesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	all := addressesOf(c)
	filters := in.Filters
	for _, ip := range in.PublicIps {
		if !slices.ContainsFunc(all, func(a address) bool { return a.IP.String() == ip }) {
			return nil, fail("InvalidAddress.NotFound", "Address '%s' not found.", ip)
		}
	}
	if len(in.PublicIps) > 0 {
		filters = append(slices.Clone(filters), types.Filter{Name: aws.String("public-ip"), Values: in.PublicIps})
	}
	page, _, err := choose(selection{ids: in.AllocationIds, filters: filters}, all, func(a address) string { return a.ID },
		func(a address) attributes {
			s := showAddress(c, a)
			one := func(p *string) []string {
				if p == nil {
					return nil
				}
				return []string{*p}
			}
			return attributes{
				"allocation-id": {a.ID}, "association-id": one(s.AssociationId), "instance-id": one(s.InstanceId), "network-border-group": {string(c.Region)},
				"network-interface-id": one(s.NetworkInterfaceId), "network-interface-owner-id": one(s.NetworkInterfaceOwnerId),
				"private-ip-address": one(s.PrivateIpAddress), "public-ip": {a.IP.String()}, "domain": {"vpc"},
			}.tagged(tagsOf(c, a.ID))
		}, noAddress)
	out := &ec2.DescribeAddressesOutput{}
	for _, a := range page {
		out.Addresses = append(out.Addresses, showAddress(c, a))
	}
	return out, err
}

func showAddress(c *world.Call, a address) types.Address {
	out := types.Address{
		AllocationId: aws.String(a.ID), PublicIp: aws.String(a.IP.String()), Domain: types.DomainTypeVpc, PublicIpv4Pool: aws.String("amazon"),
		NetworkBorderGroup: aws.String(string(c.Region)), Tags: list(tagsOf(c, a.ID)),
	}
	if a.Interface != "" {
		out.AssociationId, out.NetworkInterfaceId = aws.String(addressAssociation(a.ID, a.Interface)), aws.String(a.Interface)
		out.NetworkInterfaceOwnerId, out.PrivateIpAddress = aws.String(string(c.Account())), aws.String(a.Private.String())
		if i, ok := instanceBehind(c, a.Interface); ok {
			out.InstanceId = aws.String(i.ID)
		}
	}
	return out
}

// describeAddressesAttribute answers that no address has a reverse name of its
// own, which the twin cannot set.
func describeAddressesAttribute(_ context.Context, c *world.Call, in *ec2.DescribeAddressesAttributeInput) (*ec2.DescribeAddressesAttributeOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"allocationIds", in.AllocationIds, nil, in.MaxResults, in.NextToken}, addressesOf(c),
		func(a address) string { return a.ID }, func(address) attributes { return attributes{} }, noAddress)
	out := &ec2.DescribeAddressesAttributeOutput{NextToken: next}
	for _, a := range page {
		out.Addresses = append(out.Addresses, types.AddressAttribute{AllocationId: aws.String(a.ID), PublicIp: aws.String(a.IP.String())})
	}
	return out, err
}
