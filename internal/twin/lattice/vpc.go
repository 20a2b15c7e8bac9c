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

// createVPCAssociation lets a VPC of the caller's into a service network; a VPC is
// in one at most (service-network-associations.html).
func createVPCAssociation(_ context.Context, c *world.Call, in *vpclattice.CreateServiceNetworkVpcAssociationInput) (*vpclattice.CreateServiceNetworkVpcAssociationOutput, error) {
	e, tags, vpc := c.Estate(), estate.Tags(in.Tags), aws.ToString(in.VpcIdentifier)
	networkARN := arnOf(c, kindNetwork, in.ServiceNetworkIdentifier)
	asked := conditions(nil, tags, "vpc-lattice:servicenetworkarn", networkARN, "vpc-lattice:vpcid", vpc)
	if len(in.SecurityGroupIds) > 0 {
		asked["vpc-lattice:securitygroupids"] = in.SecurityGroupIds
	}
	for _, arn := range []string{networkARN, estate.LatticeARN(c.Account(), c.Region, kindVPCAssociation, "*")} {
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
		if n, there := e.LatticeNetworks.Get(networkARN); !there || n.Region != c.Region {
			return nil, missing("SERVICE_NETWORK", idOf(networkARN))
		}
		if err := checkVPC(c, vpc, in.SecurityGroupIds); err != nil {
			return nil, err
		}
		private, err := privateDomains(in.PrivateDnsEnabled, in.DnsOptions)
		if err != nil {
			return nil, err
		}
		a = estate.LatticeAssociation{Network: networkARN, VPC: vpc, Groups: in.SecurityGroupIds, PrivateDNS: aws.ToBool(in.PrivateDnsEnabled), Domains: private}
		if a, err = associate(c, a, tags, vpcAssociations); err != nil {
			return nil, err
		}
		remember(c, in.ClientToken, in, a.ID)
	}
	return &vpclattice.CreateServiceNetworkVpcAssociationOutput{
		Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkVpcAssociationStatus(a.Status), CreatedBy: aws.String(string(a.Account)),
		SecurityGroupIds: a.Groups, PrivateDnsEnabled: &a.PrivateDNS, DnsOptions: dnsOptions(a),
	}, nil
}

// privateDomains reads the custom domains of resources for which VPC Lattice is to
// manage zones in the VPC: verified ones unless another preference is given, which
// only private DNS may have, and domains only where the preference speaks of them
// (API_DnsOptions). Nothing of it can be changed (resource-configuration.html, "Custom
// domain names for resource consumers").
func privateDomains(on *bool, o *types.DnsOptions) (p estate.PrivateDomains, err error) {
	switch {
	case !aws.ToBool(on) && o != nil:
		return p, invalid("dnsOptions", "DNS options are only supported when private DNS is enabled.")
	case !aws.ToBool(on):
		return p, nil
	case o == nil:
		o = &types.DnsOptions{}
	}
	p.Preference = string(cmp.Or(o.PrivateDnsPreference, types.PrivateDnsPreferenceVerifiedDomainsOnly))
	specifies := p.Preference == estate.DomainsSpecified || p.Preference == estate.DomainsVerifiedAndSpecified
	if specifies != (len(o.PrivateDnsSpecifiedDomains) > 0) {
		return p, invalid("privateDnsSpecifiedDomains", "Domains are specified with the preferences %s and %s, and only there.", estate.DomainsSpecified, estate.DomainsVerifiedAndSpecified)
	}
	for _, d := range o.PrivateDnsSpecifiedDomains {
		n, err := domainOf(&d)
		if err != nil {
			return p, err
		}
		p.Specified = append(p.Specified, n)
	}
	return p, nil
}

func dnsOptions(a estate.LatticeAssociation) *types.DnsOptions {
	if !a.PrivateDNS {
		return nil
	}
	o := &types.DnsOptions{PrivateDnsPreference: types.PrivateDnsPreference(cmp.Or(a.Domains.Preference, estate.DomainsVerified))}
	for _, n := range a.Domains.Specified {
		o.PrivateDnsSpecifiedDomains = append(o.PrivateDnsSpecifiedDomains, n.String())
	}
	return o
}

// checkVPC holds a VPC to be the caller's, with the security groups, and in no
// service network (sharing.html: a consumer associates its own).
func checkVPC(c *world.Call, id string, groups []string) error {
	v, ok := c.Estate().VPCs.Get(id)
	if !ok || v.Account != c.Account() || v.Region != c.Region {
		return missing("VPC", id)
	}
	if a, ok := associated(c, id); ok {
		return conflict("VPC", id, "VPC %s is already associated with ServiceNetwork %s.", id, idOf(a.Network))
	}
	return checkGroups(c, id, groups)
}

func associated(c *world.Call, vpc string) (estate.LatticeAssociation, bool) {
	return estate.First(c.Estate().LatticeAssociations.By(estate.ByVPC(vpc)))
}

func checkGroups(c *world.Call, vpc string, groups []string) error {
	for _, id := range groups {
		if g, ok := c.Estate().SecurityGroups.Get(id); !ok || g.VPC != vpc {
			return missing("SECURITY_GROUP", id)
		}
	}
	return nil
}

func getVPCAssociation(_ context.Context, c *world.Call, in *vpclattice.GetServiceNetworkVpcAssociationInput) (*vpclattice.GetServiceNetworkVpcAssociationOutput, error) {
	a, err := association(c, kindVPCAssociation, in.ServiceNetworkVpcAssociationIdentifier)
	if err != nil {
		return nil, err
	}
	s := vpcSummary(c, a)
	return &vpclattice.GetServiceNetworkVpcAssociationOutput{
		Id: s.Id, Arn: s.Arn, Status: s.Status, CreatedBy: s.CreatedBy, CreatedAt: s.CreatedAt, VpcId: s.VpcId, SecurityGroupIds: a.Groups,
		ServiceNetworkId: s.ServiceNetworkId, ServiceNetworkArn: s.ServiceNetworkArn, ServiceNetworkName: s.ServiceNetworkName, PrivateDnsEnabled: s.PrivateDnsEnabled, DnsOptions: s.DnsOptions,
	}, nil
}

func vpcSummary(c *world.Call, a estate.LatticeAssociation) types.ServiceNetworkVpcAssociationSummary {
	n, _ := c.Estate().LatticeNetworks.Get(a.Network)
	return types.ServiceNetworkVpcAssociationSummary{
		Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkVpcAssociationStatus(a.Status), CreatedBy: aws.String(string(a.Account)), CreatedAt: at(a.Created),
		VpcId: &a.VPC, ServiceNetworkId: &n.ID, ServiceNetworkArn: &n.ARN, ServiceNetworkName: &n.Name, PrivateDnsEnabled: &a.PrivateDNS, DnsOptions: dnsOptions(a),
	}
}

// listVPCAssociations lists those of a service network or of a VPC, one of which
// must be given.
func listVPCAssociations(_ context.Context, c *world.Call, in *vpclattice.ListServiceNetworkVpcAssociationsInput) (*vpclattice.ListServiceNetworkVpcAssociationsOutput, error) {
	if err := c.Authorize("vpc-lattice:ListServiceNetworkVpcAssociations", "*", nil); err != nil {
		return nil, err
	}
	if in.ServiceNetworkIdentifier == nil && in.VpcIdentifier == nil {
		return nil, invalid("serviceNetworkIdentifier", "The service network or the VPC must be given.")
	}
	rows, next, err := page(associations(c, in.ServiceNetworkIdentifier, func(a estate.LatticeAssociation) bool {
		return a.VPC != "" && (in.VpcIdentifier == nil || a.VPC == *in.VpcIdentifier)
	}), estate.LatticeAssociation.Key, in.MaxResults, in.NextToken)
	out := &vpclattice.ListServiceNetworkVpcAssociationsOutput{NextToken: next}
	for _, a := range rows {
		out.Items = append(out.Items, vpcSummary(c, a))
	}
	return out, err
}

// updateVPCAssociation changes the security groups, which only its maker may
// (sharing.html).
func updateVPCAssociation(_ context.Context, c *world.Call, in *vpclattice.UpdateServiceNetworkVpcAssociationInput) (*vpclattice.UpdateServiceNetworkVpcAssociationOutput, error) {
	a, err := association(c, kindVPCAssociation, in.ServiceNetworkVpcAssociationIdentifier)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Account != c.Account():
		return nil, &world.Undocumented{Rule: "lattice.codes", Err: denied("Association %s was made by another account.", a.ID)}
	case a.Status != estate.LatticeActive:
		return nil, conflict("ASSOCIATION", a.ID, "Association %s is %s.", a.ID, a.Status)
	}
	if err := checkGroups(c, a.VPC, in.SecurityGroupIds); err != nil {
		return nil, err
	}
	a.Groups, a.Status = in.SecurityGroupIds, estate.LatticeUpdating
	settle(c, a, estate.LatticeActive)
	return &vpclattice.UpdateServiceNetworkVpcAssociationOutput{
		Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkVpcAssociationStatus(a.Status), CreatedBy: aws.String(string(a.Account)), SecurityGroupIds: a.Groups,
	}, nil
}

func deleteVPCAssociation(_ context.Context, c *world.Call, in *vpclattice.DeleteServiceNetworkVpcAssociationInput) (*vpclattice.DeleteServiceNetworkVpcAssociationOutput, error) {
	a, err := association(c, kindVPCAssociation, in.ServiceNetworkVpcAssociationIdentifier)
	if err == nil {
		a, err = dissolve(c, a)
	}
	if err != nil {
		return nil, err
	}
	return &vpclattice.DeleteServiceNetworkVpcAssociationOutput{Id: &a.ID, Arn: aws.String(a.ARN(c.Account())), Status: types.ServiceNetworkVpcAssociationStatus(a.Status)}, nil
}
