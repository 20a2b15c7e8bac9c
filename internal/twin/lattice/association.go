package lattice

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// createServiceAssociation puts a service into a service network. The caller owns
// one of them (API_CreateServiceNetworkServiceAssociation); the custom domain must
// be the only one of its name there (R7.3).
func createServiceAssociation(_ context.Context, c *world.Call, in *vpclattice.CreateServiceNetworkServiceAssociationInput) (*vpclattice.CreateServiceNetworkServiceAssociationOutput, error) {
	e, tags := c.Estate(), estate.Tags(in.Tags)
	serviceARN, networkARN := arnOf(c, kindService, in.ServiceIdentifier), arnOf(c, kindNetwork, in.ServiceNetworkIdentifier)
	asked := conditions(nil, tags, "vpc-lattice:servicearn", serviceARN, "vpc-lattice:servicenetworkarn", networkARN)
	for _, arn := range []string{serviceARN, networkARN, estate.LatticeARN(c.Account(), c.Region, kindServiceAssociation, "*")} {
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
		v, there := e.LatticeServices.Get(serviceARN)
		n, both := e.LatticeNetworks.Get(networkARN)
		switch {
		case !there || v.Region != c.Region:
			return nil, missing("SERVICE", idOf(serviceARN))
		case !both || n.Region != c.Region:
			return nil, missing("SERVICE_NETWORK", idOf(networkARN))
		case v.Account != c.Account() && n.Account != c.Account():
			return nil, &world.Undocumented{Rule: "lattice.codes", Err: denied("A service and a service network that are both shared with you cannot be associated.")}
		}
		if err := joinable(c, v, n); err != nil {
			return nil, err
		}
		if a, err = associate(c, estate.LatticeAssociation{Network: n.ARN, Service: v.ARN}, tags, serviceAssociations); err != nil {
			return nil, err
		}
		remember(c, in.ClientToken, in, a.ID)
	}
	v, _ := e.LatticeServices.Get(a.Service)
	return &vpclattice.CreateServiceNetworkServiceAssociationOutput{
		Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkServiceAssociationStatus(a.Status), CreatedBy: aws.String(string(a.Account)),
		CustomDomainName: domain(v), DnsEntry: entry(v),
	}, nil
}

// joinable refuses a service that cannot come into a service network.
func joinable(c *world.Call, v estate.LatticeService, n estate.LatticeNetwork) error {
	if v.Gone() {
		return conflict("SERVICE", v.ID, "Service %s is %s.", v.ID, v.Status)
	}
	for a := range c.Estate().LatticeAssociations.By(estate.ByMember(n.ARN)) {
		other, _ := c.Estate().LatticeServices.Get(a.Service)
		switch {
		case a.Service == v.ARN:
			return conflict("SERVICE_NETWORK_SERVICE_ASSOCIATION", a.ID, "Service %s is already associated with ServiceNetwork %s.", v.ID, n.ID)
		case a.Service != "" && !v.CustomDomain.IsZero() && other.CustomDomain == v.CustomDomain:
			return conflict("SERVICE_NETWORK_SERVICE_ASSOCIATION", a.ID, "The custom domain name %s is already used by service %s in ServiceNetwork %s.", v.CustomDomain, other.ID, n.ID)
		}
	}
	return nil
}

// associate makes an association, which takes a while.
func associate(c *world.Call, a estate.LatticeAssociation, tags estate.Tags, q quota) (estate.LatticeAssociation, error) {
	if err := checkTags(tags); err != nil {
		return a, err
	}
	prefix, of := prefixOf(a), a.Network+" "+a.VPC+a.Member()
	rows := func(yield func(estate.LatticeAssociation) bool) {
		for other := range c.Estate().LatticeAssociations.By(estate.ByMember(a.Network)) {
			if prefixOf(other) == prefix && !yield(other) {
				return
			}
		}
	}
	if err := over(c, rows, q); err != nil {
		return a, err
	}
	a.ID = newID(c, prefix, of, func(id string) bool {
		_, taken := c.Estate().LatticeAssociations.Get(id)
		return taken
	})
	a.Account, a.Region, a.Status, a.Created, a.Tags = c.Account(), c.Region, estate.LatticeCreating, c.Now, tags.With(nil)
	settle(c, a, estate.LatticeActive)
	c.TagsChanged(a.ARN(a.Account), nil, a.Tags)
	return a, nil
}

// prefixOf is what the IDs of associations of a kind begin with.
func prefixOf(a estate.LatticeAssociation) string {
	switch {
	case a.VPC != "":
		return "snva"
	case a.Resource != "":
		return "snra"
	}
	return "snsa"
}

// settle writes an association whose status comes to another.
func settle(c *world.Call, a estate.LatticeAssociation, to string) {
	c.Estate().LatticeAssociations.Put(a)
	c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterLatticeAssociation, ID: a.ID, From: a.Status, To: to})
}

// member is the owner of what is associated with a service network.
func member(c *world.Call, a estate.LatticeAssociation) estate.AccountID {
	if a.VPC == "" {
		return ownerOf(a.Member())
	}
	v, _ := c.Estate().VPCs.Get(a.VPC)
	return v.Account
}

// sees reports whether the caller is shown an association: its maker, the owners
// of both sides, and whom the service network is shared with (sharing.html).
func sees(c *world.Call, a estate.LatticeAssociation) bool {
	return a.Account == c.Account() || member(c, a) == c.Account() || c.Lent(a.Network, ownerOf(a.Network))
}

// association finds an association of a kind that the caller is shown, by its ID
// or its ARN in the caller's account.
func association(c *world.Call, kind string, identifier *string) (estate.LatticeAssociation, error) {
	arn := arnOf(c, kind, identifier)
	a, ok := c.Estate().LatticeAssociations.Get(idOf(arn))
	ok = ok && a.ARN(c.Account()) == arn && a.Region == c.Region && sees(c, a)
	var has estate.Tags
	if ok && a.Account == c.Account() {
		has = a.Tags
	}
	if err := may(c, arn, conditions(has, nil, "vpc-lattice:servicenetworkarn", a.Network)); err != nil {
		return a, err
	}
	if !ok {
		return a, missing("ASSOCIATION", idOf(arn))
	}
	return a, nil
}

// dissolve ends an association: its maker may, and the owners of both sides; not
// while it is being made or changed (API_DeleteServiceNetworkServiceAssociation,
// sharing.html).
func dissolve(c *world.Call, a estate.LatticeAssociation) (estate.LatticeAssociation, error) {
	switch {
	case a.Account != c.Account() && member(c, a) != c.Account() && ownerOf(a.Network) != c.Account():
		return a, &world.Undocumented{Rule: "lattice.codes", Err: denied("Association %s was made by another account.", a.ID)}
	case a.Status == estate.LatticeCreating || a.Status == estate.LatticeUpdating:
		return a, conflict("ASSOCIATION", a.ID, "Association %s is %s.", a.ID, a.Status)
	case a.Status != estate.LatticeDeleting:
		a.Status = estate.LatticeDeleting
		settle(c, a, "")
	}
	return a, nil
}

func getServiceAssociation(_ context.Context, c *world.Call, in *vpclattice.GetServiceNetworkServiceAssociationInput) (*vpclattice.GetServiceNetworkServiceAssociationOutput, error) {
	a, err := association(c, kindServiceAssociation, in.ServiceNetworkServiceAssociationIdentifier)
	if err != nil {
		return nil, err
	}
	s := serviceSummary(c, a)
	return &vpclattice.GetServiceNetworkServiceAssociationOutput{
		Id: s.Id, Arn: s.Arn, Status: s.Status, CreatedBy: s.CreatedBy, CreatedAt: s.CreatedAt, ServiceId: s.ServiceId, ServiceArn: s.ServiceArn, ServiceName: s.ServiceName,
		ServiceNetworkId: s.ServiceNetworkId, ServiceNetworkArn: s.ServiceNetworkArn, ServiceNetworkName: s.ServiceNetworkName, DnsEntry: s.DnsEntry, CustomDomainName: s.CustomDomainName,
	}, nil
}

func serviceSummary(c *world.Call, a estate.LatticeAssociation) types.ServiceNetworkServiceAssociationSummary {
	v, _ := c.Estate().LatticeServices.Get(a.Service)
	n, _ := c.Estate().LatticeNetworks.Get(a.Network)
	return types.ServiceNetworkServiceAssociationSummary{
		Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkServiceAssociationStatus(a.Status), CreatedBy: aws.String(string(a.Account)), CreatedAt: at(a.Created),
		ServiceId: &v.ID, ServiceArn: &v.ARN, ServiceName: &v.Name, ServiceNetworkId: &n.ID, ServiceNetworkArn: &n.ARN, ServiceNetworkName: &n.Name,
		DnsEntry: entry(v), CustomDomainName: domain(v),
	}
}

// listServiceAssociations lists those of a service network or of a service, one
// of which must be given.
func listServiceAssociations(_ context.Context, c *world.Call, in *vpclattice.ListServiceNetworkServiceAssociationsInput) (*vpclattice.ListServiceNetworkServiceAssociationsOutput, error) {
	if err := c.Authorize("vpc-lattice:ListServiceNetworkServiceAssociations", "*", nil); err != nil {
		return nil, err
	}
	if in.ServiceNetworkIdentifier == nil && in.ServiceIdentifier == nil {
		return nil, invalid("serviceNetworkIdentifier", "The service network or the service must be given.")
	}
	rows, next, err := page(associations(c, in.ServiceNetworkIdentifier, func(a estate.LatticeAssociation) bool {
		return a.Service != "" && (in.ServiceIdentifier == nil || a.Service == arnOf(c, kindService, in.ServiceIdentifier))
	}), estate.LatticeAssociation.Key, in.MaxResults, in.NextToken)
	out := &vpclattice.ListServiceNetworkServiceAssociationsOutput{NextToken: next}
	for _, a := range rows {
		out.Items = append(out.Items, serviceSummary(c, a))
	}
	return out, err
}

// associations are those that the caller is shown, of a service network if one is
// given.
func associations(c *world.Call, network *string, want func(estate.LatticeAssociation) bool) []estate.LatticeAssociation {
	e := c.Estate()
	rows := e.LatticeAssociations.All()
	if network != nil {
		rows = e.LatticeAssociations.By(estate.ByMember(arnOf(c, kindNetwork, network)))
	}
	return slices.DeleteFunc(slices.Collect(rows), func(a estate.LatticeAssociation) bool { return a.Region != c.Region || !want(a) || !sees(c, a) })
}

func deleteServiceAssociation(_ context.Context, c *world.Call, in *vpclattice.DeleteServiceNetworkServiceAssociationInput) (*vpclattice.DeleteServiceNetworkServiceAssociationOutput, error) {
	a, err := association(c, kindServiceAssociation, in.ServiceNetworkServiceAssociationIdentifier)
	if err == nil {
		a, err = dissolve(c, a)
	}
	if err != nil {
		return nil, err
	}
	return &vpclattice.DeleteServiceNetworkServiceAssociationOutput{Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkServiceAssociationStatus(a.Status)}, nil
}
