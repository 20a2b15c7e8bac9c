package lattice

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// createService makes a service; its generated name is there at once
// (API_CreateService).
func createService(_ context.Context, c *world.Call, in *vpclattice.CreateServiceInput) (*vpclattice.CreateServiceOutput, error) {
	tags, auth := estate.Tags(in.Tags), cmp.Or(in.AuthType, types.AuthTypeNone)
	if err := may(c, estate.LatticeARN(c.Account(), c.Region, kindService, "*"), conditions(nil, tags, "vpc-lattice:authtype", string(auth))); err != nil {
		return nil, err
	}
	e, name, certificate := c.Estate(), aws.ToString(in.Name), aws.ToString(in.CertificateArn)
	id, err := repeated(c, in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	if v, ok := e.LatticeServices.Get(arnOf(c, kindService, &id)); ok {
		return created(c, v), nil
	}
	domain, err := domainOf(in.CustomDomainName)
	if err != nil {
		return nil, err
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	if err := checkCertificate(c, certificate); err != nil {
		return nil, err
	}
	if old, ok := estate.First(e.LatticeServices.By(estate.ByLatticeName(c.Account(), c.Region, name))); ok {
		return nil, conflict("SERVICE", old.ID, "Service with name %s already exists.", name)
	}
	if err := over(c, e.LatticeServices.By(estate.ByRegion(c.Account(), c.Region)), services); err != nil {
		return nil, err
	}
	v := estate.LatticeService{
		Name: name, Account: c.Account(), Region: c.Region, Status: estate.LatticeCreating, CustomDomain: domain, Created: c.Now, Tags: tags.With(nil),
	}
	v.ID = newID(c, "svc", name, func(id string) bool {
		v.ARN = estate.LatticeARN(v.Account, v.Region, kindService, id)
		_, taken := e.LatticeServices.Get(v.ARN)
		return taken
	})
	v.DNS = world.LatticeName(v.Region, name, v.ID)
	e.LatticeServices.Put(v)
	c.State.NameLattice(v.ARN)
	c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterLatticeService, ID: v.ARN, From: v.Status, To: estate.LatticeActive})
	moreTable.Put(c.State, v.ARN, more{auth: auth, certificate: certificate, updated: c.Now})
	if certificate != "" {
		c.State.Use(certificate, v.ARN)
	}
	remember(c, in.ClientToken, in, v.ID)
	c.TagsChanged(v.ARN, nil, v.Tags)
	return created(c, v), nil
}

// domainOf reads a custom domain. That what is no domain name is refused no page
// says; wildcards, apexes and names of anybody are taken.
func domainOf(name *string) (dnsname.Name, error) {
	if aws.ToString(name) == "" {
		return dnsname.Name{}, nil
	}
	n, err := dnsname.Parse(*name)
	if err != nil {
		return n, &world.Undocumented{Rule: "lattice.domain", Err: invalid("customDomainName", "%s is not a domain name: %v", *name, err)}
	}
	return n, nil
}

// checkCertificate holds a certificate to be an issued one of the caller's in the
// Region (service-byoc.html; the code is our reading).
func checkCertificate(c *world.Call, arn string) error {
	if arn == "" {
		return nil
	}
	if _, ok := c.Issued(arn, c.Region); !ok {
		return &world.Undocumented{Rule: "lattice.codes", Err: invalid("certificateArn", "The certificate %s is not there, or not issued.", arn)}
	}
	return nil
}

// service finds a service that the caller may do the operation on: its own, or one
// of another account that lets it.
func service(c *world.Call, identifier *string) (estate.LatticeService, error) {
	arn := arnOf(c, kindService, identifier)
	v, ok := c.Estate().LatticeServices.Get(arn)
	var has estate.Tags
	if v.Account == c.Account() {
		has = v.Tags
	}
	if err := may(c, arn, conditions(has, nil)); err != nil {
		return v, err
	}
	if !ok || v.Region != c.Region {
		return v, missing("SERVICE", idOf(arn))
	}
	return v, nil
}

func entry(v estate.LatticeService) *types.DnsEntry {
	return &types.DnsEntry{DomainName: aws.String(v.DNS.Name.String()), HostedZoneId: &v.DNS.Zone}
}

func domain(v estate.LatticeService) *string {
	if v.CustomDomain.IsZero() {
		return nil
	}
	return aws.String(v.CustomDomain.String())
}

func created(c *world.Call, v estate.LatticeService) *vpclattice.CreateServiceOutput {
	m := moreOf(c, v.ARN)
	return &vpclattice.CreateServiceOutput{
		Arn: &v.ARN, Id: &v.ID, Name: &v.Name, Status: types.ServiceStatus(v.Status), AuthType: m.auth, CertificateArn: given(m.certificate),
		CustomDomainName: domain(v), DnsEntry: entry(v),
	}
}

func getService(_ context.Context, c *world.Call, in *vpclattice.GetServiceInput) (*vpclattice.GetServiceOutput, error) {
	v, err := service(c, in.ServiceIdentifier)
	if err != nil {
		return nil, err
	}
	m := moreOf(c, v.ARN)
	return &vpclattice.GetServiceOutput{
		Arn: &v.ARN, Id: &v.ID, Name: &v.Name, Status: types.ServiceStatus(v.Status), AuthType: m.auth, CertificateArn: given(m.certificate),
		CustomDomainName: domain(v), DnsEntry: entry(v), CreatedAt: at(v.Created), LastUpdatedAt: at(m.updated),
	}, nil
}

// listServices lists the caller's own and those that others share with it
// (API_ListServices).
func listServices(_ context.Context, c *world.Call, in *vpclattice.ListServicesInput) (*vpclattice.ListServicesOutput, error) {
	if err := c.Authorize("vpc-lattice:ListServices", "*", nil); err != nil {
		return nil, err
	}
	all, next, err := page(visible(c, c.Estate().LatticeServices, kindService), estate.LatticeService.Key, in.MaxResults, in.NextToken)
	out := &vpclattice.ListServicesOutput{NextToken: next}
	for _, v := range all {
		out.Items = append(out.Items, types.ServiceSummary{
			Arn: &v.ARN, Id: &v.ID, Name: &v.Name, Status: types.ServiceStatus(v.Status), CustomDomainName: domain(v), DnsEntry: entry(v),
			CreatedAt: at(v.Created), LastUpdatedAt: at(moreOf(c, v.ARN).updated),
		})
	}
	return out, err
}

// updateService changes what can be changed; a custom domain cannot
// (API_UpdateService, R7.3).
func updateService(_ context.Context, c *world.Call, in *vpclattice.UpdateServiceInput) (*vpclattice.UpdateServiceOutput, error) {
	v, err := service(c, in.ServiceIdentifier)
	if err != nil {
		return nil, err
	}
	certificate := aws.ToString(in.CertificateArn)
	if err := checkCertificate(c, certificate); err != nil {
		return nil, err
	}
	if v.Status != estate.LatticeActive {
		return nil, conflict("SERVICE", v.ID, "Service %s is %s.", v.ID, v.Status)
	}
	m := moreOf(c, v.ARN)
	m.auth, m.updated = cmp.Or(in.AuthType, m.auth), c.Now
	if certificate != "" && certificate != m.certificate {
		c.State.Unuse(m.certificate, v.ARN)
		c.State.Use(certificate, v.ARN)
		m.certificate = certificate
	}
	moreTable.Put(c.State, v.ARN, m)
	return &vpclattice.UpdateServiceOutput{
		Arn: &v.ARN, Id: &v.ID, Name: &v.Name, AuthType: m.auth, CertificateArn: given(m.certificate), CustomDomainName: domain(v),
	}, nil
}

// deleteService deletes a service that no service network has, with its policies
// (API_DeleteService). Its name goes when it has gone. That its tags are told as
// gone no page says; AWS's guidance relies on it (README of
// aws-solutions-library-samples/guidance-for-amazon-vpc-lattice-automated-dns-configuration-on-aws,
// "Uninstall the Guidance").
func deleteService(_ context.Context, c *world.Call, in *vpclattice.DeleteServiceInput) (*vpclattice.DeleteServiceOutput, error) {
	v, err := service(c, in.ServiceIdentifier)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	if v.Status != estate.LatticeDeleting {
		if _, ok := estate.First(e.LatticeAssociations.By(estate.ByMember(v.ARN))); ok {
			return nil, conflict("SERVICE", v.ID, "Service %s has service network(s) associated.", v.ID)
		}
		v.Status = estate.LatticeDeleting
		e.LatticeServices.Put(v)
		c.State.Later(c.Now.Add(Delay), world.Later{Kind: world.LaterLatticeService, ID: v.ARN, From: v.Status})
		if m := moreOf(c, v.ARN); m.certificate != "" {
			c.State.Unuse(m.certificate, v.ARN)
		}
		forget(c, v.ARN)
	}
	return &vpclattice.DeleteServiceOutput{Arn: &v.ARN, Id: &v.ID, Name: &v.Name, Status: types.ServiceStatus(v.Status)}, nil
}

// forget drops what was said of a resource.
func forget(c *world.Call, arn string) {
	moreTable.Delete(c.State, arn)
	policies.Delete(c.State, arn)
	authPolicies.Delete(c.State, arn)
}
