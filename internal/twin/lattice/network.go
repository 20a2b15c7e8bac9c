package lattice

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func createServiceNetwork(_ context.Context, c *world.Call, in *vpclattice.CreateServiceNetworkInput) (*vpclattice.CreateServiceNetworkOutput, error) {
	tags, auth := estate.Tags(in.Tags), cmp.Or(in.AuthType, types.AuthTypeNone)
	if err := may(c, estate.LatticeARN(c.Account(), c.Region, kindNetwork, "*"), conditions(nil, tags, "vpc-lattice:authtype", string(auth))); err != nil {
		return nil, err
	}
	if in.SharingConfig != nil && !aws.ToBool(in.SharingConfig.Enabled) {
		return nil, c.Unsupported("SharingConfig")
	}
	e, name := c.Estate(), aws.ToString(in.Name)
	id, err := repeated(c, in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	n, ok := e.LatticeNetworks.Get(arnOf(c, kindNetwork, &id))
	if !ok {
		if n, err = newNetwork(c, name, tags); err != nil {
			return nil, err
		}
		moreTable.Put(c.State, n.ARN, more{auth: auth, updated: c.Now})
		remember(c, in.ClientToken, in, n.ID)
	}
	return &vpclattice.CreateServiceNetworkOutput{Arn: &n.ARN, Id: &n.ID, Name: &n.Name, AuthType: moreOf(c, n.ARN).auth, SharingConfig: in.SharingConfig}, nil
}

// newNetwork makes a service network whose name is new (API_CreateServiceNetwork).
func newNetwork(c *world.Call, name string, tags estate.Tags) (estate.LatticeNetwork, error) {
	e := c.Estate()
	n := estate.LatticeNetwork{Name: name, Account: c.Account(), Region: c.Region, Created: c.Now, Tags: tags.With(nil)}
	if err := checkTags(tags); err != nil {
		return n, err
	}
	if old, ok := estate.First(e.LatticeNetworks.By(estate.ByLatticeName(n.Account, n.Region, name))); ok {
		return n, conflict("SERVICE_NETWORK", old.ID, "ServiceNetwork with name %s already exists.", name)
	}
	if err := over(c, e.LatticeNetworks.By(estate.ByRegion(n.Account, n.Region)), networks); err != nil {
		return n, err
	}
	n.ID = newID(c, "sn", name, func(id string) bool {
		n.ARN = estate.LatticeARN(n.Account, n.Region, kindNetwork, id)
		_, taken := e.LatticeNetworks.Get(n.ARN)
		return taken
	})
	e.LatticeNetworks.Put(n)
	c.TagsChanged(n.ARN, nil, n.Tags)
	return n, nil
}

// network finds a service network that the caller may do the operation on.
func network(c *world.Call, identifier *string) (estate.LatticeNetwork, error) {
	arn := arnOf(c, kindNetwork, identifier)
	n, ok := c.Estate().LatticeNetworks.Get(arn)
	var has estate.Tags
	if n.Account == c.Account() {
		has = n.Tags
	}
	if err := may(c, arn, conditions(has, nil)); err != nil {
		return n, err
	}
	if !ok || n.Region != c.Region {
		return n, missing("SERVICE_NETWORK", idOf(arn))
	}
	return n, nil
}

// counted is how many services, VPCs and resource configurations a service network
// has.
func counted(c *world.Call, arn string) (services, vpcs, resources *int64) {
	services, vpcs, resources = new(int64), new(int64), new(int64)
	for a := range c.Estate().LatticeAssociations.By(estate.ByMember(arn)) {
		switch {
		case a.VPC != "":
			*vpcs++
		case a.Resource != "":
			*resources++
		default:
			*services++
		}
	}
	return services, vpcs, resources
}

func getServiceNetwork(_ context.Context, c *world.Call, in *vpclattice.GetServiceNetworkInput) (*vpclattice.GetServiceNetworkOutput, error) {
	n, err := network(c, in.ServiceNetworkIdentifier)
	if err != nil {
		return nil, err
	}
	m := moreOf(c, n.ARN)
	services, vpcs, _ := counted(c, n.ARN)
	return &vpclattice.GetServiceNetworkOutput{
		Arn: &n.ARN, Id: &n.ID, Name: &n.Name, AuthType: m.auth, CreatedAt: at(n.Created), LastUpdatedAt: at(m.updated),
		NumberOfAssociatedServices: services, NumberOfAssociatedVPCs: vpcs,
	}, nil
}

// listServiceNetworks lists the caller's own and those that others share with it
// (API_ListServiceNetworks).
func listServiceNetworks(_ context.Context, c *world.Call, in *vpclattice.ListServiceNetworksInput) (*vpclattice.ListServiceNetworksOutput, error) {
	if err := c.Authorize("vpc-lattice:ListServiceNetworks", "*", nil); err != nil {
		return nil, err
	}
	all, next, err := page(visible(c, c.Estate().LatticeNetworks, kindNetwork), estate.LatticeNetwork.Key, in.MaxResults, in.NextToken)
	out := &vpclattice.ListServiceNetworksOutput{NextToken: next}
	for _, n := range all {
		services, vpcs, resources := counted(c, n.ARN)
		out.Items = append(out.Items, types.ServiceNetworkSummary{
			Arn: &n.ARN, Id: &n.ID, Name: &n.Name, CreatedAt: at(n.Created), LastUpdatedAt: at(moreOf(c, n.ARN).updated),
			NumberOfAssociatedServices: services, NumberOfAssociatedVPCs: vpcs, NumberOfAssociatedResourceConfigurations: resources,
		})
	}
	return out, err
}

func updateServiceNetwork(_ context.Context, c *world.Call, in *vpclattice.UpdateServiceNetworkInput) (*vpclattice.UpdateServiceNetworkOutput, error) {
	n, err := network(c, in.ServiceNetworkIdentifier)
	if err != nil {
		return nil, err
	}
	m := moreOf(c, n.ARN)
	m.auth, m.updated = in.AuthType, c.Now
	moreTable.Put(c.State, n.ARN, m)
	return &vpclattice.UpdateServiceNetworkOutput{Arn: &n.ARN, Id: &n.ID, Name: &n.Name, AuthType: m.auth}, nil
}

// deleteServiceNetwork deletes a service network that nothing is associated with
// (API_DeleteServiceNetwork; the texts are of gruntwork-io/cloud-nuke#1158, #1159).
func deleteServiceNetwork(_ context.Context, c *world.Call, in *vpclattice.DeleteServiceNetworkInput) (*vpclattice.DeleteServiceNetworkOutput, error) {
	n, err := network(c, in.ServiceNetworkIdentifier)
	if err != nil {
		return nil, err
	}
	switch services, vpcs, resources := counted(c, n.ARN); {
	case *services > 0:
		return nil, conflict("SERVICE_NETWORK", n.ID, "ServiceNetwork %s has service(s) associated.", n.ID)
	case *vpcs > 0:
		return nil, conflict("SERVICE_NETWORK", n.ID, "ServiceNetwork %s has VPC(s) associated.", n.ID)
	case *resources > 0:
		return nil, conflict("SERVICE_NETWORK", n.ID, "ServiceNetwork %s has resource configuration(s) associated.", n.ID)
	}
	c.Estate().LatticeNetworks.Delete(n.ARN)
	forget(c, n.ARN)
	return &vpclattice.DeleteServiceNetworkOutput{}, nil
}
