package estate

import (
	"cmp"
	"slices"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// Types of a resource configuration (VPC Lattice API, ResourceConfigurationSummary).
const (
	ResourceSingle = "SINGLE"
	ResourceGroup  = "GROUP"
	ResourceChild  = "CHILD" // of a group, or of one of type ARN, whose children AWS makes
	ResourceARN    = "ARN"   // a resource of AWS, such as a database
)

// Where VPC Lattice resolves the domain names that lead to resources behind a
// gateway (VPC Lattice API, CreateResourceGateway).
const (
	ResolvedInVPC    = "IN_VPC"
	ResolvedInPublic = "PUBLIC"
)

// Preferences of a consumer (VPC Lattice API, DnsOptions; EC2 API, DnsOptions).
const (
	DomainsVerified             = "VERIFIED_DOMAINS_ONLY"
	DomainsAll                  = "ALL_DOMAINS"
	DomainsVerifiedAndSpecified = "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS"
	DomainsSpecified            = "SPECIFIED_DOMAINS_ONLY"
)

// LatticeGateway is where traffic for resources enters their VPC (VPC Lattice API,
// ResourceGatewaySummary).
type LatticeGateway struct {
	ID         string    `json:"id"` // rgw-…
	ARN        string    `json:"arn"`
	Name       string    `json:"name"`
	Account    AccountID `json:"account"`
	Region     Region    `json:"region"`
	VPC        string    `json:"vpc"`
	Subnets    []string  `json:"subnets,omitempty"`
	Groups     []string  `json:"groups,omitempty"` // security groups
	IPType     string    `json:"ipType,omitempty"` // IPV4, IPV6, DUALSTACK
	Resolution string    `json:"resolution"`       // ResolvedInVPC or ResolvedInPublic
	Status     string    `json:"status"`           // one of the Lattice… states
	Created    time.Time `json:"created,omitzero"`
	Tags       Tags      `json:"tags,omitzero"`
}

func (g LatticeGateway) Key() string { return g.ARN }
func (g LatticeGateway) IndexKeys() []string {
	return []string{ByAccount(g.Account), ByRegion(g.Account, g.Region), ByVPC(g.VPC), ByLatticeName(g.Account, g.Region, g.Name)}
}

// LatticeResource is a resource, or a group of them, that can be reached
// from other VPCs through its gateway (VPC Lattice API,
// ResourceConfigurationSummary).
type LatticeResource struct {
	ID      string    `json:"id"` // rcfg-…
	ARN     string    `json:"arn"`
	Name    string    `json:"name"`
	Account AccountID `json:"account"`
	Region  Region    `json:"region"`
	Type    string    `json:"type"`              // one of the Resource… types
	Gateway string    `json:"gateway,omitempty"` // its ARN; of a child its group's
	Group   string    `json:"group,omitempty"`   // of a child, the group's ARN
	Status  string    `json:"status"`            // one of the Lattice… states
	// CustomDomain is the name that its owner gave it, none or one, and never
	// changed. GroupDomain is of a group: its children's lie below.
	CustomDomain dnsname.Name `json:"customDomain,omitzero"`
	GroupDomain  dnsname.Name `json:"groupDomain,omitzero"`
	// Verified: its owner proved that the domain is theirs, by the domain verification
	// that it names. It stays so when the proof goes, for all who use it by then
	// (create-and-verify.html).
	Verified     bool   `json:"verified,omitempty"`
	Verification string `json:"verification,omitempty"` // ARN
	// Target is the domain name that leads to the resource, where that is how it is
	// found.
	Target  dnsname.Name `json:"target,omitzero"`
	Created time.Time    `json:"created,omitzero"`
	Tags    Tags         `json:"tags,omitzero"`
}

func (r LatticeResource) Key() string { return r.ARN }
func (r LatticeResource) IndexKeys() []string {
	keys := []string{ByAccount(r.Account), ByRegion(r.Account, r.Region), ByLatticeName(r.Account, r.Region, r.Name)}
	if !r.CustomDomain.IsZero() {
		keys = append(keys, ByCustomDomain(ManagedZone(r.CustomDomain)))
	}
	for _, of := range []string{r.Gateway, r.Group, r.Verification} {
		if of != "" {
			keys = append(keys, ByMember(of))
		}
	}
	return keys
}

// PrivateDomains are the custom domains for which a consumer lets VPC Lattice
// manage hosted zones in a VPC (R3.12).
type PrivateDomains struct {
	Preference string         `json:"preference,omitempty"` // one of the Domains… preferences; none is DomainsVerified
	Specified  []dnsname.Name `json:"specified,omitempty"`  // a wildcard stands for all below
}

// Take reports whether a custom domain is among them.
func (p PrivateDomains) Take(domain dnsname.Name, verified bool) bool {
	specified := slices.ContainsFunc(p.Specified, func(n dnsname.Name) bool {
		return n == domain || n.IsWildcard() && domain.Below(ManagedZone(n))
	})
	switch p.Preference {
	case DomainsAll:
		return true
	case DomainsSpecified:
		return specified
	case DomainsVerifiedAndSpecified:
		return verified || specified
	}
	return verified
}

// LatticeZone is a hosted zone that VPC Lattice manages in a VPC: it holds the
// custom domain of a resource configuration (R7.4; VPC Lattice User Guide,
// resource-configuration.html, "Custom domain names for resource consumers").
type LatticeZone struct {
	Name     dnsname.Name // of the zone
	Resource LatticeResource
	// Endpoint of the VPC through which the resource is reached; where there is
	// none, Association is of the resource with the service network of the VPC.
	Endpoint    Endpoint
	Association LatticeAssociation
}

// Host is the name that VPC Lattice generated for the resource in the service
// network through which the VPC reaches it; empty where an endpoint leads there.
func (z LatticeZone) Host() dnsname.Name {
	if z.Endpoint.ID != "" {
		return dnsname.Name{}
	}
	return LatticeResourceName(z.Association, z.Resource)
}

// Holds reports whether the zone has records at a name: at the custom domain, or at
// all that it stands for.
func (z LatticeZone) Holds(name dnsname.Name) bool {
	return name == z.Resource.CustomDomain || z.Resource.CustomDomain.IsWildcard() && name.Below(z.Name)
}

// latticeResources is in the names of all resources that were seen in public,
// whatever their Region.
const latticeResources = "4232ccc"

// LatticeResourceName is the name that VPC Lattice generates for a resource of an
// association, or for a child of its group (AWS CLI, examples of
// get-service-network-resource-association and of describe-vpc-endpoint-associations).
func LatticeResourceName(a LatticeAssociation, r LatticeResource) dnsname.Name {
	n, _ := dnsname.Parse(a.ID + "." + r.ID + "." + latticeResources + ".vpc-lattice-rsc." + string(a.Region) + ".on.aws")
	return n
}

// LatticeZones are the hosted zones that VPC Lattice manages in a VPC, by the ID of
// their resource configurations. Whether they work hangs on the VPC's attributes,
// too (R1.4).
func (e Estate) LatticeZones(vpc string) []LatticeZone {
	var out []LatticeZone
	for r := range e.LatticeResources.All() {
		if z, ok := e.LatticeZone(r, vpc); ok {
			out = append(out, z)
		}
	}
	slices.SortFunc(out, func(a, b LatticeZone) int { return cmp.Compare(a.Resource.ID, b.Resource.ID) })
	return out
}

// LatticeZone is the hosted zone that VPC Lattice manages for a resource
// configuration in a VPC, if there is one. Of several ways to the resource, an
// endpoint of its own comes first, then one to a service network.
func (e Estate) LatticeZone(r LatticeResource, vpc string) (LatticeZone, bool) {
	z := LatticeZone{Name: ManagedZone(r.CustomDomain), Resource: r}
	group, _ := e.LatticeResources.Get(r.Group)
	if !e.latticeNames(r, group, vpc) {
		return z, false
	}
	always := r.Type == ResourceARN || group.Type == ResourceARN
	takes := func(on bool, p PrivateDomains) bool {
		return always || on && p.Take(r.CustomDomain, r.Verified || group.Verified)
	}
	through := func(network string) bool { // the association's own flag overrides
		for a := range e.LatticeAssociations.By(ByMember(network)) {
			if a.Resource != "" && (a.Resource == r.ARN || a.Resource == r.Group) && a.stands() && (always || a.PrivateDNS) {
				z.Association = a
				return true
			}
		}
		return false
	}
	var networks []Endpoint
	for p := range e.Endpoints.By(ByVPC(vpc)) {
		if p.State != EndpointAvailable || !takes(p.PrivateDNS, p.Domains) {
			continue
		}
		switch p.Type {
		case EndpointResource:
			if p.Resource == r.ARN || p.Resource != "" && p.Resource == r.Group {
				z.Endpoint = p
				return z, true
			}
		case EndpointServiceNetwork:
			networks = append(networks, p)
		}
	}
	for _, p := range networks {
		if through(p.Network) {
			z.Endpoint = p
			return z, true
		}
	}
	for a := range e.LatticeAssociations.By(ByVPC(vpc)) {
		if a.stands() && takes(a.PrivateDNS, a.Domains) && through(a.Network) {
			return z, true
		}
	}
	return z, false
}

// stands reports whether an association is in effect.
func (a LatticeAssociation) stands() bool {
	return a.Status == LatticeActive || a.Status == LatticeUpdating
}

// latticeNames reports whether a resource configuration has a custom domain that a
// zone in the VPC may be for: a child's lies below its group's; and where the
// resource is in the VPC itself, there is no zone for one of type ARN, nor for one
// that would hide the very name by which its gateway finds the resource there.
func (e Estate) latticeNames(r, group LatticeResource, vpc string) bool {
	domain, gateway := r.CustomDomain, e.gateway(r, group)
	switch {
	case domain.IsZero() || r.Status != LatticeActive && r.Status != LatticeUpdating:
		return false
	case group.Type == ResourceGroup && (group.GroupDomain.IsZero() || !domain.Below(group.GroupDomain)):
		return false
	case r.Group != "" && group.ARN == "":
		return false
	case gateway.VPC != vpc:
		return true
	case r.Type == ResourceARN || group.Type == ResourceARN:
		return false
	}
	hides := r.Target.Under(domain) || !group.GroupDomain.IsZero() && r.Target.Under(group.GroupDomain)
	return r.Target.IsZero() || gateway.Resolution != ResolvedInVPC || !hides
}

func (e Estate) gateway(r, group LatticeResource) LatticeGateway {
	g, _ := e.LatticeGateways.Get(cmp.Or(r.Gateway, group.Gateway))
	return g
}
