package apigateway

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// domains holds the domain names by Region and name: a name is unique in a
// Region over all accounts (Developer Guide, how-to-custom-domains.html).
var domains = world.Private[domain]{Name: "apigateway.domains"}

type domain struct {
	types.DomainName
	account estate.AccountID
}

// domainQuota is the number of public custom domain names of an account in a
// Region (Developer Guide, limits.html).
const domainQuota = 120

// answerTTL is the TTL of the addresses, in seconds.
const answerTTL = 60

func (d domain) key(c *world.Call) string { return string(c.Region) + "/" + *d.DomainName.DomainName }
func (d domain) name() string             { return *d.DomainName.DomainName }

// target is the name in AWS's namespace that an alias to the domain gives.
func (d domain) target() string { return *d.DomainNameConfigurations[0].ApiGatewayDomainName }

func createDomainName(_ context.Context, c *world.Call, in *api.CreateDomainNameInput) (*api.CreateDomainNameOutput, error) {
	if err := allow(c, "/domainnames", in.Tags); err != nil {
		return nil, err
	}
	if in.MutualTlsAuthentication != nil {
		return nil, c.Unsupported("MutualTlsAuthentication")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	name, err := dnsname.Parse(aws.ToString(in.DomainName))
	if err != nil {
		return nil, badRequest("Invalid domain name identifier specified: %s", aws.ToString(in.DomainName))
	}
	d := domain{account: c.Account()}
	merge(&d.DomainName, in)
	d.DomainName.DomainName = aws.String(name.String())
	if err := d.free(c, name); err != nil {
		return nil, err
	}
	if err := d.configure(c, name, in.DomainNameConfigurations); err != nil {
		return nil, err
	}
	d.DomainNameArn = aws.String(arn(c, "/domainnames/"+d.name()))
	d.ApiMappingSelectionExpression = aws.String("$request.basepath")
	d.RoutingMode = cmp.Or(in.RoutingMode, types.RoutingModeApiMappingOnly)
	d.put(c)
	return merge(&api.CreateDomainNameOutput{}, d.DomainName), nil
}

// free reports why a name cannot be taken: it is, or another account has a
// name that it overlaps with by a wildcard (how-to-custom-domains.html).
func (d domain) free(c *world.Call, name dnsname.Name) error {
	count := 0
	for _, have := range all(c, domains, string(c.Region)+"/") {
		other := dnsname.MustParse(have.name()) // parsed when it was made
		parent, _ := other.Parent()
		above, _ := name.Parent()
		switch {
		case other == name,
			have.account != c.Account() && name.IsWildcard() && parent == above,
			have.account != c.Account() && other.IsWildcard() && parent == above:
			return conflict("The domain name you provided already exists.")
		}
		if have.account == c.Account() {
			count++
		}
	}
	if c.World.Limits && count >= domainQuota {
		return &types.TooManyRequestsException{LimitType: aws.String("DomainNames"), Message: aws.String("Maximum number of domain names for this account has been reached.")}
	}
	return nil
}

// configure checks and sets the one endpoint of a domain name: regional, with a
// certificate of the Region that is issued and covers the name.
func (d *domain) configure(c *world.Call, name dnsname.Name, configurations []types.DomainNameConfiguration) error {
	if len(configurations) != 1 {
		return badRequest("A domain name must have exactly one domain name configuration")
	}
	f := configurations[0]
	switch {
	case f.EndpointType != "" && f.EndpointType != types.EndpointTypeRegional:
		return badRequest("Endpoint type %s is not supported: the endpoint type of an HTTP or WebSocket API is REGIONAL", f.EndpointType)
	case f.OwnershipVerificationCertificateArn != nil:
		return c.Unsupported("OwnershipVerificationCertificateArn")
	case f.SecurityPolicy == types.SecurityPolicyTls10:
		return badRequest("Security policy TLS_1_0 is not supported")
	case aws.ToString(f.CertificateArn) == "":
		return badRequest("A certificate must be provided")
	}
	cert, ok := c.Issued(*f.CertificateArn, c.Region)
	switch {
	case !ok:
		return badRequest("The provided certificate does not exist or is not issued: %s", *f.CertificateArn)
	case !cert.Covers(name):
		return badRequest("The domain name %s is not covered by the provided certificate", name)
	}
	zone, ok := estate.AliasZone(dnsname.MustParse("execute-api." + string(c.Region) + ".amazonaws.com"))
	if !ok {
		return badRequest("Custom domain names are not supported in %s", c.Region)
	}
	f.EndpointType, f.SecurityPolicy = types.EndpointTypeRegional, cmp.Or(f.SecurityPolicy, types.SecurityPolicyTls12)
	f.IpAddressType, f.DomainNameStatus = cmp.Or(f.IpAddressType, types.IpAddressTypeIpv4), types.DomainNameStatusAvailable
	f.HostedZoneId = aws.String(zone.ID)
	if len(d.DomainNameConfigurations) > 0 && d.DomainNameConfigurations[0].ApiGatewayDomainName != nil {
		f.ApiGatewayDomainName = aws.String(d.target())
	} else {
		f.ApiGatewayDomainName = aws.String("d-" + newID(c, "domain/"+d.name(), 10) + "." + zone.Name.String())
	}
	d.DomainNameConfigurations = []types.DomainNameConfiguration{f}
	return nil
}

// put writes the domain name, and the alias target that it is.
func (d domain) put(c *world.Call) {
	d.forget(c)
	f := d.DomainNameConfigurations[0]
	c.State.Use(*f.CertificateArn, *d.DomainNameArn)
	domains.Put(c.State, d.key(c), d)
	c.Estate().Targets.Put(estate.AliasTarget{
		Name: dnsname.MustParse(d.target()), Zone: *f.HostedZoneId, Kind: estate.TargetAPIGateway, Account: d.account, Region: c.Region,
		Domains:   []dnsname.Name{dnsname.MustParse(d.name())},
		Addresses: world.Addresses(d.target(), 3, f.IpAddressType == types.IpAddressTypeDualstack), TTL: answerTTL,
	})
}

// forget takes the domain name out of the state as it stands there.
func (d domain) forget(c *world.Call) {
	if old, ok := domains.Get(c.State, d.key(c)); ok {
		c.State.Unuse(*old.DomainNameConfigurations[0].CertificateArn, *old.DomainNameArn)
		domains.Delete(c.State, d.key(c))
		c.Estate().Targets.Delete(estate.AliasTarget{Name: dnsname.MustParse(old.target())}.Key())
	}
}

// findDomain asks for the permission to do the operation on a domain name or
// what lies below it, and finds it.
func findDomain(c *world.Call, name *string, below string) (domain, error) {
	n := strings.ToLower(aws.ToString(name))
	if err := allow(c, "/domainnames/"+n+below, nil); err != nil {
		return domain{}, err
	}
	d, ok := domains.Get(c.State, string(c.Region)+"/"+n)
	if !ok || d.account != c.Account() {
		return d, notFound("domain name", n)
	}
	return d, nil
}

func getDomainName(_ context.Context, c *world.Call, in *api.GetDomainNameInput) (*api.GetDomainNameOutput, error) {
	d, err := findDomain(c, in.DomainName, "")
	if err != nil {
		return nil, err
	}
	return merge(&api.GetDomainNameOutput{}, d.DomainName), nil
}

func getDomainNames(_ context.Context, c *world.Call, in *api.GetDomainNamesInput) (*api.GetDomainNamesOutput, error) {
	if err := allow(c, "/domainnames", nil); err != nil {
		return nil, err
	}
	own := []types.DomainName{}
	for _, d := range all(c, domains, string(c.Region)+"/") {
		if d.account == c.Account() {
			own = append(own, d.DomainName)
		}
	}
	items, next, err := page(own, func(d types.DomainName) string { return *d.DomainName }, in.MaxResults, in.NextToken)
	return &api.GetDomainNamesOutput{Items: items, NextToken: next}, err
}

func updateDomainName(_ context.Context, c *world.Call, in *api.UpdateDomainNameInput) (*api.UpdateDomainNameOutput, error) {
	d, err := findDomain(c, in.DomainName, "")
	if err != nil {
		return nil, err
	}
	if in.MutualTlsAuthentication != nil {
		return nil, c.Unsupported("MutualTlsAuthentication")
	}
	if in.DomainNameConfigurations != nil {
		if err := d.configure(c, dnsname.MustParse(d.name()), in.DomainNameConfigurations); err != nil {
			return nil, err
		}
	}
	d.RoutingMode = cmp.Or(in.RoutingMode, d.RoutingMode)
	d.put(c)
	return merge(&api.UpdateDomainNameOutput{}, d.DomainName), nil
}

// deleteDomainName takes its API mappings along.
func deleteDomainName(_ context.Context, c *world.Call, in *api.DeleteDomainNameInput) (*api.DeleteDomainNameOutput, error) {
	d, err := findDomain(c, in.DomainName, "")
	if err != nil {
		return nil, err
	}
	for _, m := range all(c, mappings, owned(c, d.name())+"/") {
		mappings.Delete(c.State, owned(c, d.name(), *m.ApiMappingId))
	}
	d.forget(c)
	return &api.DeleteDomainNameOutput{}, nil
}
