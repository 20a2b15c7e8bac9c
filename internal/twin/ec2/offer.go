package ec2

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// offer is a service to which the caller can make endpoints in the Region.
type offer struct {
	estate.ServiceOffer
	id   string                  // vpce-svc-…
	own  *estate.EndpointService // the service, where it is of an account's own
	tags estate.Tags
}

// region is that of the service.
func (o offer) region(c *world.Call) estate.Region { return cmp.Or(o.ServiceRegion, c.Region) }

// has reports whether the service has endpoints of a type.
func (o offer) has(kind string) bool { return slices.Contains(o.Types, kind) }

// offersIn are the services of a Region that the caller can use from its own,
// by name; of accounts those that admit it. Where an estate was read, those of AWS and of accounts outside the
// estate are the ones that AWS told; else they are those of awsServices.
func offersIn(c *world.Call, r estate.Region, admits func(*world.Call, estate.EndpointService) bool) []offer {
	e, from := c.Estate(), c.Region
	byName := map[string]offer{}
	asked := estate.Query{Kind: estate.QueryOffers, Account: c.Account(), Region: from}
	if r != from {
		asked.ID = string(r)
	}
	if e.Answered(asked) {
		for o := range e.Offers.By(estate.ByRegion(c.Account(), from)) {
			if cmp.Or(o.ServiceRegion, from) == r {
				byName[o.Name] = offer{ServiceOffer: o, id: serviceIDOf(o.Name)}
			}
		}
	} else {
		for _, s := range awsServices {
			if s.only != nil && !slices.Contains(s.only, r) || r != from && !s.cross || len(zonesOf(r)) == 0 {
				continue
			}
			o := estate.ServiceOffer{
				Account: c.Account(), Region: from, Name: "com.amazonaws." + string(r) + "." + s.name, Owner: "amazon", Types: s.types,
				Zones: zonesOf(r), PrivateNames: s.privateNames(r), NameState: estate.NameVerified, Policy: true, IPTypes: []string{"ipv4", "ipv6"},
			}
			if o.Types == nil || r != from {
				o.Types = []string{estate.EndpointInterface} // nothing else crosses Regions
			}
			if r != from {
				o.ServiceRegion = r
			}
			byName[o.Name] = offer{ServiceOffer: o, id: serviceIDOf(o.Name)}
		}
	}
	for s := range e.EndpointServices.All() {
		delete(byName, s.Name)
		if s.Region != r || r != from && !slices.Contains(s.Regions, from) || !admits(c, s) {
			continue
		}
		o := estate.ServiceOffer{
			Account: c.Account(), Region: from, Name: s.Name, Owner: string(s.Account), Types: []string{estate.EndpointInterface},
			Zones: zonesFor(c, s), NameState: s.NameState, Acceptance: s.Acceptance, IPTypes: s.IPTypes,
		}
		if !s.PrivateName.IsZero() {
			o.PrivateNames = []dnsname.Name{s.PrivateName}
		}
		if r != from {
			o.ServiceRegion = r
		}
		byName[s.Name] = offer{o, s.ID, &s, s.Tags}
	}
	var out []offer
	for _, o := range byName {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b offer) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// zonesFor are the zones of a service by the names that the caller has for them,
// where the IDs of the zones are known (AWS Regions and Availability Zones User
// Guide, az-ids.html).
func zonesFor(c *world.Call, s estate.EndpointService) []string {
	ids, names := map[string]string{}, map[string]string{}
	for sub := range c.Estate().Subnets.By(estate.ByRegion(s.Account, s.Region)) {
		ids[sub.Zone] = sub.ZoneID
	}
	for sub := range c.Estate().Subnets.By(estate.ByRegion(c.Account(), c.Region)) {
		names[sub.ZoneID] = sub.Zone
	}
	var out []string
	for _, z := range s.Zones {
		if id := ids[z]; id != "" && s.Account != c.Account() && s.Region == c.Region {
			if z = names[id]; z == "" {
				continue // the caller has no subnet there
			}
		}
		out = append(out, z)
	}
	return out
}

func findOffer(c *world.Call, name string, r estate.Region, admits func(*world.Call, estate.EndpointService) bool) (offer, error) {
	all := offersIn(c, cmp.Or(r, c.Region), admits)
	if i := slices.IndexFunc(all, func(o offer) bool { return o.Name == name }); i >= 0 {
		return all[i], nil
	}
	return offer{}, noOffer(name)
}

// noOffer is the refusal of a service that does not exist, is not offered in the
// Region, or does not admit the caller; which of them AWS does not tell
// (hashicorp/terraform-provider-aws, and what SAP and Snowflake tell their
// customers).
func noOffer(name string) error {
	return fail("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", name)
}

// zonesOf are the Availability Zones of a Region.
func zonesOf(r estate.Region) []string {
	var out []string
	for _, known := range regions {
		if known.name == string(r) {
			for _, z := range known.all() {
				out = append(out, z.name)
			}
		}
	}
	return out
}

// serviceIDOf is the identifier of a service by its name.
func serviceIDOf(name string) string {
	if i := strings.LastIndex(name, ".vpce-svc-"); i >= 0 {
		return name[i+1:]
	}
	return world.Derived("vpce-svc", name)
}

// describeVpcEndpointServices shows a service that has gateway and interface
// endpoints twice, as AWS does (terraform-aws-modules/terraform-aws-vpc#579).
func describeVpcEndpointServices(_ context.Context, c *world.Call, in *ec2.DescribeVpcEndpointServicesInput) (*ec2.DescribeVpcEndpointServicesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	type row struct {
		key, kind string
		offer
	}
	from := []string{string(c.Region)}
	if len(in.ServiceRegions) > 0 {
		from = in.ServiceRegions
	}
	var all []row
	names := map[string]bool{}
	for _, r := range from {
		for _, o := range offersIn(c, estate.Region(r), admits) {
			names[o.Name] = true
			for _, kind := range o.Types {
				if len(in.ServiceNames) == 0 || slices.Contains(in.ServiceNames, o.Name) {
					all = append(all, row{o.Name + "\x00" + kind, kind, o})
				}
			}
		}
	}
	for _, n := range in.ServiceNames {
		if !names[n] {
			return nil, noOffer(n)
		}
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Compare(a.key, b.key) })
	page, next, err := choose(selection{filters: in.Filters, max: limited(in.MaxResults), token: in.NextToken}, all,
		func(r row) string { return r.key },
		func(r row) attributes {
			return attributes{
				"owner": {r.Owner}, "service-name": {r.Name}, "service-region": {string(r.offer.region(c))},
				"service-type": {r.kind}, "supported-ip-address-types": r.IPTypes,
			}.tagged(r.tags)
		}, nil)
	out := &ec2.DescribeVpcEndpointServicesOutput{NextToken: next, ServiceNames: []string{}, ServiceDetails: []types.ServiceDetail{}}
	for _, r := range page {
		out.ServiceNames = append(out.ServiceNames, r.Name)
		out.ServiceDetails = append(out.ServiceDetails, showOffer(c, r.offer, r.kind))
	}
	return out, err
}

// limited cuts a page size to what these operations give at most
// (API_DescribeVpcEndpoints).
func limited(max *int32) *int32 {
	if aws.ToInt32(max) > 1000 {
		return aws.Int32(1000)
	}
	return max
}

func showOffer(c *world.Call, o offer, kind string) types.ServiceDetail {
	d := types.ServiceDetail{
		ServiceName: aws.String(o.Name), ServiceId: aws.String(o.id), Owner: aws.String(o.Owner), ServiceRegion: aws.String(string(o.region(c))),
		ServiceType:       []types.ServiceTypeDetail{{ServiceType: types.ServiceType(kind)}},
		AvailabilityZones: o.Zones, AcceptanceRequired: aws.Bool(o.Acceptance), ManagesVpcEndpoints: aws.Bool(false),
		VpcEndpointPolicySupported: aws.Bool(o.Policy), BaseEndpointDnsNames: []string{baseOf(o.Name, o.region(c))}, Tags: list(o.tags),
	}
	for _, t := range o.IPTypes {
		d.SupportedIpAddressTypes = append(d.SupportedIpAddressTypes, types.ServiceConnectivityType(t))
	}
	if kind == estate.EndpointGateway {
		d.BaseEndpointDnsNames = []string{strings.Replace(baseOf(o.Name, o.region(c)), ".vpce.", ".", 1)}
		return d
	}
	for i, n := range o.PrivateNames {
		if i == 0 {
			d.PrivateDnsName, d.PrivateDnsNameVerificationState = aws.String(n.String()), types.DnsNameState(o.NameState)
		}
		d.PrivateDnsNames = append(d.PrivateDnsNames, types.PrivateDnsDetails{PrivateDnsName: aws.String(n.String())})
	}
	return d
}
