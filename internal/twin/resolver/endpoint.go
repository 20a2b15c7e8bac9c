package resolver

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Kinds of resources, as their ARNs have them.
const (
	kindEndpoint         = "resolver-endpoint"
	kindRule             = "resolver-rule"
	kindLog              = "resolver-query-log-config"
	kindGroup            = "firewall-rule-group"
	kindGroupAssociation = "firewall-rule-group-association"
	kindList             = "firewall-domain-list"
)

// leastAddresses is how many addresses an endpoint has at least (R4.1).
const leastAddresses = 2

func createResolverEndpoint(_ context.Context, c *world.Call, in *sdk.CreateResolverEndpointInput) (*sdk.CreateResolverEndpointOutput, error) {
	tags := tagsOf(in.Tags)
	if err := allow(c, myARN(c, kindEndpoint, "*"), nil, tags); err != nil {
		return nil, err
	}
	switch {
	case in.OutpostArn != nil || in.PreferredInstanceType != nil:
		return nil, c.Unsupported("OutpostArn")
	case aws.ToBool(in.Dns64Enabled):
		return nil, c.Unsupported("Dns64Enabled")
	case aws.ToBool(in.Ipv6InternetAccessEnabled):
		return nil, c.Unsupported("Ipv6InternetAccessEnabled")
	case aws.ToBool(in.RniEnhancedMetricsEnabled) || aws.ToBool(in.TargetNameServerMetricsEnabled):
		return nil, c.Unsupported("metrics")
	case in.ResolverEndpointType != "" && in.ResolverEndpointType != types.ResolverEndpointTypeIpv4: // its subnets have no IPv6
		return nil, c.Unsupported("ResolverEndpointType other than IPV4")
	}
	if err := once(c, "Resolver endpoint", in.CreatorRequestId); err != nil {
		return nil, err
	}
	if err := checkTags(c, tags); err != nil {
		return nil, err
	}
	if over(c, c.Estate().ResolverEndpoints.By(estate.ByRegion(c.Account(), c.Region)), c.Estate().Raised(c.Account(), estate.QuotaResolverEndpoints, endpointQuota)) {
		return nil, exceeded(c, "max-endpoints")
	}
	protocols, err := protocolsOf(string(in.Direction), in.Protocols)
	if err != nil {
		return nil, err
	}
	if len(in.IpAddresses) < leastAddresses {
		return nil, badRequest("Resolver endpoint needs to have at least %d IP addresses.", leastAddresses)
	}
	prefix := "rslvr-in"
	if in.Direction == types.ResolverEndpointDirectionOutbound {
		prefix = "rslvr-out"
	}
	p := estate.ResolverEndpoint{
		ID: newID(c, prefix, aws.ToString(in.IpAddresses[0].SubnetId), aws.ToString(in.Name)), Account: c.Account(), Region: c.Region, Direction: string(in.Direction), Name: aws.ToString(in.Name),
		Status: estate.StatusCreating, Groups: slices.Clone(in.SecurityGroupIds), IPType: string(types.ResolverEndpointTypeIpv4), Protocols: protocols, Tags: tags,
	}
	for _, a := range in.IpAddresses {
		if p, err = withAddress(c, p, a.SubnetId, a.Ip, a.Ipv6); err != nil {
			return nil, err
		}
	}
	if err := checkGroups(c, p); err != nil {
		return nil, err
	}
	c.Estate().ResolverEndpoints.Put(p)
	remember(c, p.ID, in.CreatorRequestId, "")
	c.State.Later(c.Now.Add(EndpointDelay), world.Later{Kind: world.LaterResolverEndpoint, ID: p.ID, From: p.Status, To: estate.StatusOperational})
	return &sdk.CreateResolverEndpointOutput{ResolverEndpoint: showEndpoint(c, p)}, nil
}

// protocolsOf are the protocols of an endpoint, Do53 where none is given, in the
// combinations that its direction allows (API_route53resolver_CreateResolverEndpoint).
func protocolsOf(direction string, asked []types.Protocol) ([]string, error) {
	out := []string{}
	for _, p := range asked {
		if !slices.Contains(out, string(p)) {
			out = append(out, string(p))
		}
	}
	if len(out) == 0 {
		return []string{string(types.ProtocolDo53)}, nil
	}
	slices.Sort(out)
	doh, fips := slices.Contains(out, string(types.ProtocolDoh)), slices.Contains(out, string(types.ProtocolDohfips))
	switch {
	case direction == estate.EndpointDelegation && (doh || fips),
		direction == estate.EndpointOutbound && fips,
		doh && fips:
		return nil, invalid("Protocols", "The protocols %v are not valid for an endpoint with the direction %s.", out, direction)
	}
	return out, nil
}

// withAddress adds an address to an endpoint: in a subnet of the caller's own,
// all of one VPC (R4.11). Where none is given one is taken from the subnet.
func withAddress(c *world.Call, p estate.ResolverEndpoint, subnet, v4, v6 *string) (estate.ResolverEndpoint, error) {
	if v6 != nil {
		return p, c.Unsupported("Ipv6")
	}
	s, ok := c.Estate().Subnets.Get(aws.ToString(subnet))
	switch {
	case !ok || s.Account != c.Account() || s.Region != c.Region:
		return p, invalid("SubnetId", "The subnet '%s' does not exist or is not yours; a participant cannot have endpoints in a shared subnet.", aws.ToString(subnet))
	case p.VPC != "" && p.VPC != s.VPC:
		return p, badRequest("Resolver endpoint cannot have IP addresses in subnets of more than one VPC: %s and %s.", p.VPC, s.VPC)
	case c.World.Limits && len(addressIDs(p)) >= addressQuota:
		return p, exceeded(c, "max-ip-addresses-per-endpoint")
	}
	p.VPC = s.VPC
	taken := takenIn(c, p)
	a := estate.ResolverAddress{ID: newID(c, "rni", p.ID, s.ID), Subnet: s.ID}
	if v4 != nil {
		ip, err := netip.ParseAddr(*v4)
		if err != nil || !usable(s.CIDR, ip) {
			return p, badRequest("[RSLVR-00405] IP address '%s' is not in subnet CIDR range or is reserved.", *v4)
		}
		if taken[ip] {
			return p, exists("IP address", "IP address '%s' is in use.", *v4)
		}
		a.IP = ip
	} else {
		for i := 0; !a.IP.IsValid() || taken[a.IP]; i++ {
			if i == 1<<16 {
				return p, badRequest("The subnet '%s' has no free IP address.", s.ID)
			}
			a.IP = world.AddressIn(s.CIDR, fmt.Sprintf("%s/%d", a.ID, i))
		}
	}
	p.Addresses = append(slices.Clone(p.Addresses), a)
	return p, nil
}

// usable reports whether an address of a subnet can be given away: not the first
// four, not the last (VPC User Guide, subnet-sizing.html).
func usable(subnet netip.Prefix, ip netip.Addr) bool {
	if !subnet.Contains(ip) {
		return false
	}
	first := subnet.Masked().Addr()
	for range 4 {
		if ip == first {
			return false
		}
		first = first.Next()
	}
	return subnet.Contains(ip.Next())
}

// takenIn are the addresses that endpoints have in the VPC of one, its own
// included.
func takenIn(c *world.Call, p estate.ResolverEndpoint) map[netip.Addr]bool {
	taken := map[netip.Addr]bool{}
	for _, a := range p.Addresses {
		taken[a.IP] = true
	}
	for o := range c.Estate().ResolverEndpoints.By(estate.ByVPC(p.VPC)) {
		for _, a := range o.Addresses {
			taken[a.IP] = true
		}
	}
	for o := range c.Estate().Endpoints.By(estate.ByVPC(p.VPC)) {
		for _, a := range o.Addresses {
			taken[a.IPv4] = true
		}
	}
	return taken
}

// addressIDs are the addresses of an endpoint; one of a dual-stack endpoint is
// two IPs with one ID.
func addressIDs(p estate.ResolverEndpoint) []string {
	var out []string
	for _, a := range p.Addresses {
		if !slices.Contains(out, a.ID) {
			out = append(out, a.ID)
		}
	}
	return out
}

// checkGroups refuses security groups that are not the caller's in the VPC. An
// estate that was read in part may not hold them.
func checkGroups(c *world.Call, p estate.ResolverEndpoint) error {
	e := c.Estate()
	if len(p.Groups) == 0 {
		return invalid("SecurityGroupIds", "A Resolver endpoint needs a security group.")
	}
	unread := !e.Closed() && !e.Answered(estate.Query{Kind: estate.QuerySecurityGroups, Account: c.Account(), Region: c.Region})
	for _, id := range p.Groups {
		g, ok := e.SecurityGroups.Get(id)
		if !ok && (unread || id == world.Derived("sg", p.VPC)) { // the VPC's default group
			continue
		}
		if !ok || g.Account != c.Account() || g.VPC != p.VPC {
			return invalid("SecurityGroupIds", "The security group '%s' does not exist in VPC '%s'.", id, p.VPC)
		}
	}
	return nil
}

// ownEndpoint asks for the permission to do the operation on an endpoint of the
// caller's, and finds it.
func ownEndpoint(c *world.Call, id *string) (estate.ResolverEndpoint, error) {
	p, ok := c.Estate().ResolverEndpoints.Get(aws.ToString(id))
	ok = ok && p.Account == c.Account() && p.Region == c.Region
	var tags estate.Tags
	if ok {
		tags = p.Tags
	}
	if err := allow(c, myARN(c, kindEndpoint, aws.ToString(id)), tags, nil); err != nil {
		return p, err
	}
	if !ok {
		return p, missing("Resolver endpoint", aws.ToString(id))
	}
	return p, nil
}

// endpointStatus is what the API shows.
func endpointStatus(c *world.Call, p estate.ResolverEndpoint) types.ResolverEndpointStatus {
	if m, _ := moreTable.Get(c.State, p.ID); p.Status == estate.StatusOperational && c.Now.Before(m.until) {
		return types.ResolverEndpointStatusUpdating
	}
	return types.ResolverEndpointStatus(p.Status)
}

func showEndpoint(c *world.Call, p estate.ResolverEndpoint) *types.ResolverEndpoint {
	m, _ := moreTable.Get(c.State, p.ID)
	out := &types.ResolverEndpoint{
		Id: &p.ID, Arn: aws.String(p.ARN()), CreatorRequestId: &m.request, Name: some(p.Name), Direction: types.ResolverEndpointDirection(p.Direction),
		HostVPCId: &p.VPC, IpAddressCount: aws.Int32(int32(len(addressIDs(p)))), SecurityGroupIds: slices.Clone(p.Groups), Status: endpointStatus(c, p),
		ResolverEndpointType: types.ResolverEndpointType(cmp.Or(p.IPType, string(types.ResolverEndpointTypeIpv4))),
		CreationTime:         stamp(m.created), ModificationTime: stamp(m.modified), StatusMessage: text("[Trace id: 1-%s] Endpoint is %s.", p.ID, endpointStatus(c, p)),
	}
	for _, protocol := range p.Protocols {
		out.Protocols = append(out.Protocols, types.Protocol(protocol))
	}
	if len(out.Protocols) == 0 {
		out.Protocols = []types.Protocol{types.ProtocolDo53}
	}
	return out
}

func getResolverEndpoint(_ context.Context, c *world.Call, in *sdk.GetResolverEndpointInput) (*sdk.GetResolverEndpointOutput, error) {
	p, err := ownEndpoint(c, in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	return &sdk.GetResolverEndpointOutput{ResolverEndpoint: showEndpoint(c, p)}, nil
}

func listResolverEndpoints(_ context.Context, c *world.Call, in *sdk.ListResolverEndpointsInput) (*sdk.ListResolverEndpointsOutput, error) {
	if err := allow(c, myARN(c, kindEndpoint, "*"), nil, nil); err != nil {
		return nil, err
	}
	var all []types.ResolverEndpoint
	for p := range c.Estate().ResolverEndpoints.By(estate.ByRegion(c.Account(), c.Region)) {
		all = append(all, *showEndpoint(c, p))
	}
	all, err := filtered(all, in.Filters, func(p types.ResolverEndpoint) attributes {
		return attributes{
			"creatorrequestid": opt(p.CreatorRequestId), "direction": one(p.Direction), "hostvpcid": opt(p.HostVPCId), "name": opt(p.Name),
			"ipaddresscount": {fmt.Sprint(aws.ToInt32(p.IpAddressCount))}, "securitygroupids": p.SecurityGroupIds, "status": one(p.Status),
		}
	})
	if err != nil {
		return nil, err
	}
	list, next, err := page(all, func(p types.ResolverEndpoint) string { return *p.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListResolverEndpointsOutput{ResolverEndpoints: list, NextToken: next, MaxResults: in.MaxResults}, err
}

func listResolverEndpointIPAddresses(_ context.Context, c *world.Call, in *sdk.ListResolverEndpointIpAddressesInput) (*sdk.ListResolverEndpointIpAddressesOutput, error) {
	p, err := ownEndpoint(c, in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	m, _ := moreTable.Get(c.State, p.ID)
	status := types.IpAddressStatusAttached
	switch p.Status {
	case estate.StatusCreating:
		status = types.IpAddressStatusCreating
	case estate.StatusDeleting:
		status = types.IpAddressStatusDeleting
	}
	var all []types.IpAddressResponse
	for _, id := range addressIDs(p) {
		r := types.IpAddressResponse{IpId: &id, Status: status, CreationTime: stamp(m.created), ModificationTime: stamp(m.modified), StatusMessage: text("This IP address is %s.", status)}
		for _, a := range p.Addresses {
			switch {
			case a.ID != id:
			case a.IP.Is4():
				r.Ip, r.SubnetId = aws.String(a.IP.String()), &a.Subnet
			default:
				r.Ipv6, r.SubnetId = aws.String(a.IP.String()), &a.Subnet
			}
		}
		all = append(all, r)
	}
	list, next, err := page(all, func(r types.IpAddressResponse) string { return *r.IpId }, in.MaxResults, in.NextToken)
	return &sdk.ListResolverEndpointIpAddressesOutput{IpAddresses: list, NextToken: next, MaxResults: in.MaxResults}, err
}

func updateResolverEndpoint(_ context.Context, c *world.Call, in *sdk.UpdateResolverEndpointInput) (*sdk.UpdateResolverEndpointOutput, error) {
	p, err := ownEndpoint(c, in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	switch {
	case aws.ToBool(in.Dns64Enabled):
		return nil, c.Unsupported("Dns64Enabled")
	case aws.ToBool(in.Ipv6InternetAccessEnabled):
		return nil, c.Unsupported("Ipv6InternetAccessEnabled")
	case aws.ToBool(in.RniEnhancedMetricsEnabled) || aws.ToBool(in.TargetNameServerMetricsEnabled):
		return nil, c.Unsupported("metrics")
	case in.UpdateIpAddresses != nil:
		return nil, c.Unsupported("UpdateIpAddresses")
	case in.ResolverEndpointType != "" && string(in.ResolverEndpointType) != cmp.Or(p.IPType, string(types.ResolverEndpointTypeIpv4)):
		return nil, c.Unsupported("ResolverEndpointType")
	}
	if p, err = settled(c, p); err != nil {
		return nil, err
	}
	if in.Protocols != nil {
		if p.Protocols, err = protocolsOf(p.Direction, in.Protocols); err != nil {
			return nil, err
		}
	}
	if in.Name != nil {
		p.Name = *in.Name
	}
	return &sdk.UpdateResolverEndpointOutput{ResolverEndpoint: update(c, p)}, nil
}

// settled refuses to change an endpoint that is on its way.
func settled(c *world.Call, p estate.ResolverEndpoint) (estate.ResolverEndpoint, error) {
	if status := endpointStatus(c, p); status != types.ResolverEndpointStatusOperational {
		return p, badRequest("Cannot change Resolver endpoint '%s' while its status is %s.", p.ID, status)
	}
	return p, nil
}

// update stores a changed endpoint, which goes on working.
func update(c *world.Call, p estate.ResolverEndpoint) *types.ResolverEndpoint {
	c.Estate().ResolverEndpoints.Put(p)
	touch(c, p.ID, func(m *more) { m.until = c.Now.Add(EndpointDelay) })
	return showEndpoint(c, p)
}

func associateResolverEndpointIPAddress(_ context.Context, c *world.Call, in *sdk.AssociateResolverEndpointIpAddressInput) (*sdk.AssociateResolverEndpointIpAddressOutput, error) {
	p, err := ownEndpoint(c, in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	if p, err = settled(c, p); err != nil {
		return nil, err
	}
	if in.IpAddress.IpId != nil {
		return nil, badRequest("An IP address that is added is given by its subnet.")
	}
	if p, err = withAddress(c, p, in.IpAddress.SubnetId, in.IpAddress.Ip, in.IpAddress.Ipv6); err != nil {
		return nil, err
	}
	return &sdk.AssociateResolverEndpointIpAddressOutput{ResolverEndpoint: update(c, p)}, nil
}

func disassociateResolverEndpointIPAddress(_ context.Context, c *world.Call, in *sdk.DisassociateResolverEndpointIpAddressInput) (*sdk.DisassociateResolverEndpointIpAddressOutput, error) {
	p, err := ownEndpoint(c, in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	if p, err = settled(c, p); err != nil {
		return nil, err
	}
	want := in.IpAddress
	if want.IpId == nil && (want.SubnetId == nil || want.Ip == nil) {
		return nil, badRequest("[RSLVR-00503] Need to specify either the IP ID or both subnet and IP address in order to remove IP address.")
	}
	i := slices.IndexFunc(p.Addresses, func(a estate.ResolverAddress) bool {
		if want.IpId != nil {
			return a.ID == *want.IpId
		}
		return a.Subnet == *want.SubnetId && a.IP.String() == *want.Ip
	})
	switch {
	case i < 0:
		return nil, missing("IP address", cmp.Or(aws.ToString(want.IpId), aws.ToString(want.Ip)))
	case len(addressIDs(p)) <= leastAddresses:
		return nil, badRequest("Resolver endpoint needs to have at least %d IP addresses.", leastAddresses)
	}
	id := p.Addresses[i].ID
	p.Addresses = slices.DeleteFunc(slices.Clone(p.Addresses), func(a estate.ResolverAddress) bool { return a.ID == id })
	return &sdk.DisassociateResolverEndpointIpAddressOutput{ResolverEndpoint: update(c, p)}, nil
}

// deleteResolverEndpoint refuses while rules send through the endpoint (text:
// hashicorp/terraform-provider-aws#11948).
func deleteResolverEndpoint(_ context.Context, c *world.Call, in *sdk.DeleteResolverEndpointInput) (*sdk.DeleteResolverEndpointOutput, error) {
	p, err := ownEndpoint(c, in.ResolverEndpointId)
	if err != nil {
		return nil, err
	}
	for r := range c.Estate().ResolverRules.By(estate.ByRegion(c.Account(), c.Region)) {
		if r.Endpoint == p.ID {
			return nil, badRequest("[RSLVR-00600] Cannot delete resolver endpoint unless its related resolver rules are deleted. "+
				"The following rules still exist for this resolver endpoint: %q", r.ID)
		}
	}
	if p.Status == estate.StatusDeleting {
		return nil, badRequest("Resolver endpoint '%s' is being deleted.", p.ID)
	}
	p.Status = estate.StatusDeleting
	c.Estate().ResolverEndpoints.Put(p)
	out := showEndpoint(c, p)
	forget(c, p.ID, p.ARN())
	c.State.Later(c.Now.Add(EndpointDelay), world.Later{Kind: world.LaterResolverEndpoint, ID: p.ID, From: p.Status})
	return &sdk.DeleteResolverEndpointOutput{ResolverEndpoint: out}, nil
}
