package lattice

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// privateRanges are those of the addresses that a resource may have
// (resource-configuration.html, "Resource definition").
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// createResource makes a resource configuration; its name is unique in the account
// (API_CreateResourceConfiguration).
func createResource(_ context.Context, c *world.Call, in *vpclattice.CreateResourceConfigurationInput) (*vpclattice.CreateResourceConfigurationOutput, error) {
	tags := estate.Tags(in.Tags)
	if err := may(c, estate.LatticeARN(c.Account(), c.Region, kindResource, "*"), conditions(nil, tags)); err != nil {
		return nil, err
	}
	if in.Type == types.ResourceConfigurationTypeArn { // databases of RDS, which is not here
		return nil, c.Unsupported("Type ARN")
	}
	id, err := repeated(c, in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	r, ok := c.Estate().LatticeResources.Get(arnOf(c, kindResource, &id))
	if !ok {
		if r, err = newResource(c, in); err != nil {
			return nil, err
		}
		remember(c, in.ClientToken, in, r.ID)
		c.TagsChanged(r.ARN, nil, r.Tags)
	}
	g := resourceOf(c, r)
	return &vpclattice.CreateResourceConfigurationOutput{
		Arn: g.Arn, Id: g.Id, Name: g.Name, Type: g.Type, Status: g.Status, ResourceGatewayId: g.ResourceGatewayId, ResourceConfigurationGroupId: g.ResourceConfigurationGroupId,
		CustomDomainName: g.CustomDomainName, GroupDomain: g.GroupDomain, DomainVerificationId: g.DomainVerificationId, DomainVerificationArn: g.DomainVerificationArn, CreatedAt: g.CreatedAt,
		PortRanges: g.PortRanges, Protocol: g.Protocol, ResourceConfigurationDefinition: g.ResourceConfigurationDefinition, AllowAssociationToShareableServiceNetwork: g.AllowAssociationToShareableServiceNetwork,
	}, nil
}

func newResource(c *world.Call, in *vpclattice.CreateResourceConfigurationInput) (estate.LatticeResource, error) {
	e := c.Estate()
	r := estate.LatticeResource{
		Name: aws.ToString(in.Name), Account: c.Account(), Region: c.Region, Type: string(in.Type), Status: estate.LatticeCreating, Created: c.Now, Tags: estate.Tags(in.Tags).With(nil),
	}
	if err := checkTags(r.Tags); err != nil {
		return r, err
	}
	if old, ok := estate.First(e.LatticeResources.By(estate.ByLatticeName(r.Account, r.Region, r.Name))); ok {
		return r, conflict("RESOURCE_CONFIGURATION", old.ID, "ResourceConfiguration with name %s already exists.", r.Name)
	}
	g, err := placeResource(c, in, &r)
	if err != nil {
		return r, err
	}
	m := more{updated: c.Now, shareable: aws.ToBool(in.AllowAssociationToShareableServiceNetwork), ports: in.PortRanges}
	if r.Type != estate.ResourceChild {
		m.protocol = cmp.Or(in.Protocol, types.ProtocolTypeTcp)
	}
	if r.Type != estate.ResourceGroup {
		if m.definition, r.Target, err = definition(c, in.ResourceConfigurationDefinition, g); err != nil {
			return r, err
		}
	}
	if err := nameResource(c, in, &r); err != nil {
		return r, err
	}
	if err := over(c, e.LatticeResources.By(estate.ByRegion(r.Account, r.Region)), resources); err != nil {
		return r, err
	}
	r.ID = newID(c, "rcfg", r.Name, func(id string) bool {
		r.ARN = estate.LatticeARN(r.Account, r.Region, kindResource, id)
		_, taken := e.LatticeResources.Get(r.ARN)
		return taken
	})
	moreTable.Put(c.State, r.ARN, m)
	settleResource(c, r, estate.LatticeActive)
	for a := range e.LatticeAssociations.By(estate.ByMember(r.Group)) {
		c.State.NameResources(a) // a child's, where its group is associated
	}
	return r, nil
}

// placeResource sets the gateway of a resource configuration, and of a child the
// group, whose gateway it has. What each type must and must not name is told in
// the parameters of API_CreateResourceConfiguration.
func placeResource(c *world.Call, in *vpclattice.CreateResourceConfigurationInput, r *estate.LatticeResource) (estate.LatticeGateway, error) {
	e, child := c.Estate(), r.Type == estate.ResourceChild
	switch {
	case child != (in.ResourceConfigurationGroupIdentifier != nil):
		return estate.LatticeGateway{}, invalid("resourceConfigurationGroupIdentifier", "A resource configuration of type CHILD, and no other, names its group.")
	case child == (in.ResourceGatewayIdentifier != nil):
		return estate.LatticeGateway{}, invalid("resourceGatewayIdentifier", "A resource configuration names its resource gateway; one of type CHILD has that of its group.")
	case (r.Type == estate.ResourceGroup) == (in.ResourceConfigurationDefinition != nil):
		return estate.LatticeGateway{}, invalid("resourceConfigurationDefinition", "A resource configuration has a definition; one of type GROUP has none.")
	case child:
		group, ok := e.LatticeResources.Get(arnOf(c, kindResource, in.ResourceConfigurationGroupIdentifier))
		if !ok || group.Account != r.Account || group.Region != r.Region || group.Type != estate.ResourceGroup || group.Status == estate.LatticeDeleting {
			return estate.LatticeGateway{}, missing("RESOURCE_CONFIGURATION", idOf(*in.ResourceConfigurationGroupIdentifier))
		}
		if err := over(c, childrenOf(e, group.ARN), children); err != nil {
			return estate.LatticeGateway{}, err
		}
		r.Group, r.Gateway = group.ARN, group.Gateway
	default:
		r.Gateway = arnOf(c, kindGateway, in.ResourceGatewayIdentifier)
	}
	g, ok := e.LatticeGateways.Get(r.Gateway)
	if !ok || g.Account != r.Account || g.Region != r.Region || g.Status == estate.LatticeDeleting {
		return g, missing("RESOURCE_GATEWAY", idOf(r.Gateway))
	}
	return g, nil
}

func childrenOf(e *estate.Estate, group string) func(func(estate.LatticeResource) bool) {
	return func(yield func(estate.LatticeResource) bool) {
		for r := range e.LatticeResources.By(estate.ByMember(group)) {
			if r.Group == group && !yield(r) {
				return
			}
		}
	}
}

// nameResource sets the custom domain, the group's domain and what verifies it: a
// child's custom domain lies below its group's domain, if that has one
// (resource-configuration.html, "Custom domain names for resource providers").
func nameResource(c *world.Call, in *vpclattice.CreateResourceConfigurationInput, r *estate.LatticeResource) (err error) {
	switch {
	case r.Type == estate.ResourceGroup && aws.ToString(in.CustomDomainName) != "":
		return invalid("customDomainName", "A resource configuration of type GROUP has a group domain in place of a custom domain name.")
	case r.Type != estate.ResourceGroup && aws.ToString(in.GroupDomain) != "":
		return invalid("groupDomain", "Only a resource configuration of type GROUP has a group domain.")
	}
	if r.CustomDomain, err = domainOf(in.CustomDomainName); err != nil {
		return err
	}
	if r.GroupDomain, err = domainOf(in.GroupDomain); err != nil {
		return err
	}
	group, _ := c.Estate().LatticeResources.Get(r.Group)
	if !group.GroupDomain.IsZero() && !r.CustomDomain.IsZero() && !r.CustomDomain.Below(group.GroupDomain) {
		return invalid("customDomainName", "The custom domain name %s is not a subdomain of the group domain %s.", r.CustomDomain, group.GroupDomain)
	}
	if in.DomainVerificationIdentifier == nil {
		return nil
	}
	v, err := ownVerification(c, in.DomainVerificationIdentifier)
	if err != nil {
		return err
	}
	if domain := cmp.Or(r.CustomDomain, r.GroupDomain); !domain.Under(v.domain) {
		return &world.Undocumented{Rule: "lattice.codes", Err: invalid("domainVerificationIdentifier", "The domain verification %s is of %s.", v.id, v.domain)}
	}
	r.Verification, r.Verified = v.arn, v.status == types.VerificationStatusVerified
	return nil
}

// definition judges how a resource is found: by a domain name, or by an address of
// its own VPC (resource-configuration.html, "Resource definition").
func definition(c *world.Call, in types.ResourceConfigurationDefinition, g estate.LatticeGateway) (types.ResourceConfigurationDefinition, dnsname.Name, error) {
	switch d := in.(type) {
	case *types.ResourceConfigurationDefinitionMemberDnsResource:
		n, err := domainOf(d.Value.DomainName)
		if err == nil && (n.IsZero() || d.Value.IpAddressType == types.ResourceConfigurationIpAddressTypeDualstack) {
			err = invalid("resourceConfigurationDefinition", "A domain name and the address type IPV4 or IPV6 must be given.") // DnsResource, ipAddressType
		}
		return in, n, err
	case *types.ResourceConfigurationDefinitionMemberIpResource:
		ip, err := netip.ParseAddr(aws.ToString(d.Value.IpAddress))
		if err == nil && (slices.ContainsFunc(privateRanges, func(p netip.Prefix) bool { return p.Contains(ip) }) || inSubnet(c, g.VPC, ip)) {
			return in, dnsname.Name{}, nil
		}
		return nil, dnsname.Name{}, invalid("resourceConfigurationDefinition", "%s is no private address of the VPC %s.", aws.ToString(d.Value.IpAddress), g.VPC)
	}
	return nil, dnsname.Name{}, c.Unsupported("ResourceConfigurationDefinition.arnResource")
}

// inSubnet reports whether a VPC has an IPv6 address.
func inSubnet(c *world.Call, vpc string, ip netip.Addr) bool {
	for s := range c.Estate().Subnets.By(estate.ByVPC(vpc)) {
		if s.CIDR6.IsValid() && s.CIDR6.Contains(ip) {
			return true
		}
	}
	return false
}

func settleResource(c *world.Call, r estate.LatticeResource, to string) {
	c.Estate().LatticeResources.Put(r)
	c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterLatticeResource, ID: r.ARN, From: r.Status, To: to})
}

// resource finds a resource configuration that the caller may do the operation on;
// a child may be read by those who may read its group ("when added, it is
// automatically accessible to those who can access the group").
func resource(c *world.Call, identifier *string) (estate.LatticeResource, error) {
	arn := arnOf(c, kindResource, identifier)
	r, ok := c.Estate().LatticeResources.Get(arn)
	var has estate.Tags
	if r.Account == c.Account() {
		has = r.Tags
	}
	asked := arn
	if r.Account != c.Account() && r.Group != "" {
		asked = r.Group
	}
	if err := may(c, asked, conditions(has, nil)); err != nil {
		return r, err
	}
	if !ok || r.Region != c.Region {
		return r, missing("RESOURCE_CONFIGURATION", idOf(arn))
	}
	return r, nil
}

// resourceOf is a resource configuration as the API tells it.
func resourceOf(c *world.Call, r estate.LatticeResource) *vpclattice.GetResourceConfigurationOutput {
	m := moreOf(c, r.ARN)
	return &vpclattice.GetResourceConfigurationOutput{
		Arn: &r.ARN, Id: &r.ID, Name: &r.Name, Type: types.ResourceConfigurationType(r.Type), Status: types.ResourceConfigurationStatus(r.Status),
		ResourceGatewayId: given(idOf(r.Gateway)), ResourceConfigurationGroupId: given(idOf(r.Group)), CustomDomainName: nameOf(r.CustomDomain), GroupDomain: nameOf(r.GroupDomain),
		DomainVerificationId: given(idOf(r.Verification)), DomainVerificationArn: given(r.Verification), DomainVerificationStatus: verificationOf(c, r),
		PortRanges: m.ports, Protocol: m.protocol, ResourceConfigurationDefinition: m.definition, AllowAssociationToShareableServiceNetwork: &m.shareable,
		AmazonManaged: aws.Bool(false), CreatedAt: at(r.Created), LastUpdatedAt: at(m.updated),
	}
}

// verificationOf is what consumers are told of the custom domain; a child has what
// its group has.
func verificationOf(c *world.Call, r estate.LatticeResource) types.VerificationStatus {
	group, _ := c.Estate().LatticeResources.Get(r.Group)
	if r.Verified || group.Verified {
		return types.VerificationStatusVerified
	}
	v, _ := verifications.Get(c.State, cmp.Or(r.Verification, group.Verification))
	return v.status
}

func nameOf(n dnsname.Name) *string {
	if n.IsZero() {
		return nil
	}
	return aws.String(n.String())
}

func getResource(_ context.Context, c *world.Call, in *vpclattice.GetResourceConfigurationInput) (*vpclattice.GetResourceConfigurationOutput, error) {
	r, err := resource(c, in.ResourceConfigurationIdentifier)
	if err != nil {
		return nil, err
	}
	return resourceOf(c, r), nil
}

// listResources lists the caller's own and those that others share with it
// (API_ListResourceConfigurations).
func listResources(_ context.Context, c *world.Call, in *vpclattice.ListResourceConfigurationsInput) (*vpclattice.ListResourceConfigurationsOutput, error) {
	if err := c.Authorize("vpc-lattice:ListResourceConfigurations", "*", nil); err != nil {
		return nil, err
	}
	of := func(kind string, identifier *string, has string) bool {
		return identifier == nil || arnOf(c, kind, identifier) == has
	}
	seen := slices.DeleteFunc(visible(c, c.Estate().LatticeResources, kindResource), func(r estate.LatticeResource) bool {
		return !of(kindGateway, in.ResourceGatewayIdentifier, r.Gateway) || !of(kindResource, in.ResourceConfigurationGroupIdentifier, r.Group) ||
			!of(kindVerification, in.DomainVerificationIdentifier, r.Verification)
	})
	all, next, err := page(seen, estate.LatticeResource.Key, in.MaxResults, in.NextToken)
	out := &vpclattice.ListResourceConfigurationsOutput{NextToken: next}
	for _, r := range all {
		g := resourceOf(c, r)
		out.Items = append(out.Items, types.ResourceConfigurationSummary{
			Arn: g.Arn, Id: g.Id, Name: g.Name, Type: g.Type, Status: g.Status, ResourceGatewayId: g.ResourceGatewayId, ResourceConfigurationGroupId: g.ResourceConfigurationGroupId,
			CustomDomainName: g.CustomDomainName, GroupDomain: g.GroupDomain, DomainVerificationId: g.DomainVerificationId, AmazonManaged: g.AmazonManaged,
			CreatedAt: g.CreatedAt, LastUpdatedAt: g.LastUpdatedAt,
		})
	}
	return out, err
}

// updateResource changes how the resource is found, its ports, and whether it may
// come into service networks that can be shared; its custom domain cannot be
// changed (API_UpdateResourceConfiguration, R7.4).
func updateResource(_ context.Context, c *world.Call, in *vpclattice.UpdateResourceConfigurationInput) (*vpclattice.UpdateResourceConfigurationOutput, error) {
	r, err := resource(c, in.ResourceConfigurationIdentifier)
	if err != nil {
		return nil, err
	}
	if r.Status != estate.LatticeActive {
		return nil, conflict("RESOURCE_CONFIGURATION", r.ID, "ResourceConfiguration %s is %s.", r.ID, r.Status)
	}
	m := moreOf(c, r.ARN)
	if in.ResourceConfigurationDefinition != nil {
		if r.Type == estate.ResourceGroup {
			return nil, invalid("resourceConfigurationDefinition", "A resource configuration of type GROUP has no definition.")
		}
		g, _ := c.Estate().LatticeGateways.Get(r.Gateway)
		if m.definition, r.Target, err = definition(c, in.ResourceConfigurationDefinition, g); err != nil {
			return nil, err
		}
	}
	if in.AllowAssociationToShareableServiceNetwork != nil {
		m.shareable = *in.AllowAssociationToShareableServiceNetwork
	}
	if in.PortRanges != nil {
		m.ports = in.PortRanges
	}
	m.updated, r.Status = c.Now, estate.LatticeUpdating
	moreTable.Put(c.State, r.ARN, m)
	settleResource(c, r, estate.LatticeActive)
	g := resourceOf(c, r)
	return &vpclattice.UpdateResourceConfigurationOutput{
		Arn: g.Arn, Id: g.Id, Name: g.Name, Type: g.Type, Status: g.Status, ResourceGatewayId: g.ResourceGatewayId, ResourceConfigurationGroupId: g.ResourceConfigurationGroupId,
		PortRanges: g.PortRanges, Protocol: g.Protocol, ResourceConfigurationDefinition: g.ResourceConfigurationDefinition, AllowAssociationToShareableServiceNetwork: g.AllowAssociationToShareableServiceNetwork,
	}, nil
}

// deleteResource deletes a resource configuration that no service network has, no
// endpoint leads to, and no children belong to; that these are refused is our
// reading of the operation's ConflictException.
func deleteResource(_ context.Context, c *world.Call, in *vpclattice.DeleteResourceConfigurationInput) (*vpclattice.DeleteResourceConfigurationOutput, error) {
	r, err := resource(c, in.ResourceConfigurationIdentifier)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	if r.Status == estate.LatticeDeleting {
		return &vpclattice.DeleteResourceConfigurationOutput{}, nil
	}
	if _, has := estate.First(childrenOf(e, r.ARN)); has {
		return nil, &world.Undocumented{Rule: "lattice.codes", Err: conflict("RESOURCE_CONFIGURATION", r.ID, "ResourceConfiguration %s has child resource configuration(s).", r.ID)}
	}
	if _, has := estate.First(e.LatticeAssociations.By(estate.ByMember(r.ARN))); has {
		return nil, &world.Undocumented{Rule: "lattice.codes", Err: conflict("RESOURCE_CONFIGURATION", r.ID, "ResourceConfiguration %s has service network(s) associated.", r.ID)}
	}
	for p := range e.Endpoints.All() {
		if p.Resource == r.ARN {
			return nil, &world.Undocumented{Rule: "lattice.codes", Err: conflict("RESOURCE_CONFIGURATION", r.ID, "ResourceConfiguration %s has VPC endpoint(s) associated.", r.ID)}
		}
	}
	r.Status = estate.LatticeDeleting
	settleResource(c, r, "")
	for a := range e.LatticeAssociations.By(estate.ByMember(r.Group)) {
		c.State.UnnameResource(a, r)
	}
	forget(c, r.ARN)
	return &vpclattice.DeleteResourceConfigurationOutput{}, nil
}
