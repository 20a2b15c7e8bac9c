package lattice

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// createResourceAssociation puts a resource configuration into a service network.
// The caller owns one of them (resource-configuration.html, "Accessing resources").
func createResourceAssociation(_ context.Context, c *world.Call, in *vpclattice.CreateServiceNetworkResourceAssociationInput) (*vpclattice.CreateServiceNetworkResourceAssociationOutput, error) {
	e, tags := c.Estate(), estate.Tags(in.Tags)
	resourceARN, networkARN := arnOf(c, kindResource, in.ResourceConfigurationIdentifier), arnOf(c, kindNetwork, in.ServiceNetworkIdentifier)
	asked := conditions(nil, tags, "vpc-lattice:servicenetworkarn", networkARN)
	for _, arn := range []string{resourceARN, networkARN, estate.LatticeARN(c.Account(), c.Region, kindResourceAssociation, "*")} {
		if err := may(c, arn, asked); err != nil {
			return nil, err
		}
	}
	id, err := repeated(c, in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	a, ok := e.LatticeAssociations.Get(id)
	if !ok {
		r, there := e.LatticeResources.Get(resourceARN)
		n, both := e.LatticeNetworks.Get(networkARN)
		switch {
		case !there || r.Region != c.Region:
			return nil, missing("RESOURCE_CONFIGURATION", idOf(resourceARN))
		case !both || n.Region != c.Region:
			return nil, missing("SERVICE_NETWORK", idOf(networkARN))
		}
		if err := mayJoin(c, r, n); err != nil {
			return nil, err
		}
		if a, err = associate(c, estate.LatticeAssociation{Network: n.ARN, Resource: r.ARN, PrivateDNS: aws.ToBool(in.PrivateDnsEnabled)}, tags, resourceAssociations); err != nil {
			return nil, err
		}
		c.State.NameResources(a)
		remember(c, in.ClientToken, in, a.ID)
	}
	return &vpclattice.CreateServiceNetworkResourceAssociationOutput{
		Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkResourceAssociationStatus(a.Status), CreatedBy: aws.String(string(a.Account)), PrivateDnsEnabled: &a.PrivateDNS,
	}, nil
}

// mayJoin refuses a resource configuration that cannot come into a service network.
// Every service network here can be shared, and its owner must allow that
// (resource-configuration.html, "Association with service network type"); the codes
// are our reading, and that a child comes with its group alone.
func mayJoin(c *world.Call, r estate.LatticeResource, n estate.LatticeNetwork) error {
	switch {
	case r.Account != c.Account() && n.Account != c.Account():
		return &world.Undocumented{Rule: "lattice.codes", Err: denied("A resource configuration and a service network that are both shared with you cannot be associated.")}
	case r.Type == estate.ResourceChild:
		return &world.Undocumented{Rule: "lattice.codes", Err: invalid("resourceConfigurationIdentifier", "%s is a child, which is associated with its group.", r.ID)}
	case !moreOf(c, r.ARN).shareable:
		return &world.Undocumented{Rule: "lattice.codes", Err: invalid("resourceConfigurationIdentifier", "%s cannot be associated with a service network that can be shared.", r.ID)}
	case r.Status == estate.LatticeDeleting:
		return conflict("RESOURCE_CONFIGURATION", r.ID, "ResourceConfiguration %s is %s.", r.ID, r.Status)
	}
	for a := range c.Estate().LatticeAssociations.By(estate.ByMember(n.ARN)) {
		if a.Resource == r.ARN {
			return conflict("SERVICE_NETWORK_RESOURCE_ASSOCIATION", a.ID, "ResourceConfiguration %s is already associated with ServiceNetwork %s.", r.ID, n.ID)
		}
	}
	return nil
}

func getResourceAssociation(_ context.Context, c *world.Call, in *vpclattice.GetServiceNetworkResourceAssociationInput) (*vpclattice.GetServiceNetworkResourceAssociationOutput, error) {
	a, err := association(c, kindResourceAssociation, in.ServiceNetworkResourceAssociationIdentifier)
	if err != nil {
		return nil, err
	}
	r, _ := c.Estate().LatticeResources.Get(a.Resource)
	s := resourceAssociationSummary(c, a)
	return &vpclattice.GetServiceNetworkResourceAssociationOutput{
		Id: s.Id, Arn: s.Arn, Status: s.Status, CreatedBy: s.CreatedBy, CreatedAt: s.CreatedAt, ResourceConfigurationId: s.ResourceConfigurationId, ResourceConfigurationArn: s.ResourceConfigurationArn,
		ResourceConfigurationName: s.ResourceConfigurationName, ServiceNetworkId: s.ServiceNetworkId, ServiceNetworkArn: s.ServiceNetworkArn, ServiceNetworkName: s.ServiceNetworkName,
		DnsEntry: s.DnsEntry, PrivateDnsEntry: s.PrivateDnsEntry, PrivateDnsEnabled: s.PrivateDnsEnabled, IsManagedAssociation: s.IsManagedAssociation, DomainVerificationStatus: verificationOf(c, r),
	}, nil
}

// resourceAssociationSummary tells the generated name, which a group has none of
// (its children have), and the custom domain as private entry.
func resourceAssociationSummary(c *world.Call, a estate.LatticeAssociation) types.ServiceNetworkResourceAssociationSummary {
	r, _ := c.Estate().LatticeResources.Get(a.Resource)
	n, _ := c.Estate().LatticeNetworks.Get(a.Network)
	s := types.ServiceNetworkResourceAssociationSummary{
		Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkResourceAssociationStatus(a.Status), CreatedBy: aws.String(string(a.Account)), CreatedAt: at(a.Created),
		ResourceConfigurationId: &r.ID, ResourceConfigurationArn: &r.ARN, ResourceConfigurationName: &r.Name, ServiceNetworkId: &n.ID, ServiceNetworkArn: &n.ARN, ServiceNetworkName: &n.Name,
		PrivateDnsEnabled: &a.PrivateDNS, IsManagedAssociation: aws.Bool(false),
	}
	if r.Type != estate.ResourceGroup {
		host := world.ResourceName(a, r)
		s.DnsEntry = &types.DnsEntry{DomainName: nameOf(host.Name), HostedZoneId: &host.Zone}
	}
	if a.PrivateDNS && !r.CustomDomain.IsZero() {
		s.PrivateDnsEntry = &types.DnsEntry{DomainName: nameOf(r.CustomDomain)}
	}
	return s
}

// listResourceAssociations lists those of a service network or of a resource
// configuration; that one of them must be given is as with services.
func listResourceAssociations(_ context.Context, c *world.Call, in *vpclattice.ListServiceNetworkResourceAssociationsInput) (*vpclattice.ListServiceNetworkResourceAssociationsOutput, error) {
	if err := c.Authorize("vpc-lattice:ListServiceNetworkResourceAssociations", "*", nil); err != nil {
		return nil, err
	}
	switch {
	case aws.ToBool(in.IncludeChildren):
		return nil, c.Unsupported("IncludeChildren")
	case in.ServiceNetworkIdentifier == nil && in.ResourceConfigurationIdentifier == nil:
		return nil, &world.Undocumented{Rule: "lattice.codes", Err: invalid("serviceNetworkIdentifier", "The service network or the resource configuration must be given.")}
	}
	rows, next, err := page(associations(c, in.ServiceNetworkIdentifier, func(a estate.LatticeAssociation) bool {
		return a.Resource != "" && (in.ResourceConfigurationIdentifier == nil || a.Resource == arnOf(c, kindResource, in.ResourceConfigurationIdentifier))
	}), estate.LatticeAssociation.Key, in.MaxResults, in.NextToken)
	out := &vpclattice.ListServiceNetworkResourceAssociationsOutput{NextToken: next}
	for _, a := range rows {
		out.Items = append(out.Items, resourceAssociationSummary(c, a))
	}
	return out, err
}

func deleteResourceAssociation(_ context.Context, c *world.Call, in *vpclattice.DeleteServiceNetworkResourceAssociationInput) (*vpclattice.DeleteServiceNetworkResourceAssociationOutput, error) {
	a, err := association(c, kindResourceAssociation, in.ServiceNetworkResourceAssociationIdentifier)
	if err == nil {
		a, err = dissolve(c, a)
	}
	if err != nil {
		return nil, err
	}
	return &vpclattice.DeleteServiceNetworkResourceAssociationOutput{Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkResourceAssociationStatus(a.Status)}, nil
}
