package estate

import (
	"net/netip"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// Types of VPC endpoints (EC2 API, VpcEndpoint).
const (
	EndpointInterface      = "Interface"
	EndpointGateway        = "Gateway"
	EndpointServiceNetwork = "ServiceNetwork"
	EndpointResource       = "Resource"
)

// States of a VPC endpoint, and of the connection that an endpoint service sees
// (EC2 API, VpcEndpoint).
const (
	EndpointPendingAcceptance = "pendingAcceptance"
	EndpointPending           = "pending"
	EndpointAvailable         = "available"
	EndpointDeleting          = "deleting"
	EndpointRejected          = "rejected"
	EndpointFailed            = "failed"
	EndpointExpired           = "expired"
)

// Values of DNSIPType (EC2 API, DnsOptions).
const (
	DNSIPv4           = "ipv4"
	DNSDualStack      = "dualstack"
	DNSIPv6           = "ipv6"
	DNSServiceDefined = "service-defined"
)

// Endpoint is a VPC endpoint.
type Endpoint struct {
	ID      string    `json:"id"` // vpce-…
	Account AccountID `json:"account"`
	Region  Region    `json:"region"`
	VPC     string    `json:"vpc"`
	Type    string    `json:"type"`    // EndpointInterface, EndpointGateway, or another that EC2 names
	Service string    `json:"service"` // com.amazonaws.eu-west-1.ec2, com.amazonaws.vpce.eu-west-1.vpce-svc-…
	// ServiceRegion is the Region of the service, where it is another one.
	ServiceRegion Region `json:"serviceRegion,omitempty"`
	State         string `json:"state"` // one of the Endpoint… states
	Policy        string `json:"policy,omitempty"`
	Requester     bool   `json:"requester,omitempty"` // an AWS service made it and manages it

	// What follows is of interface endpoints.
	Subnets   []string          `json:"subnets,omitempty"`
	Addresses []EndpointAddress `json:"addresses,omitempty"` // of its network interfaces, by zone
	Groups    []string          `json:"groups,omitempty"`    // security groups
	// PrivateDNS puts the private names into effect in the VPC (R3.3);
	// InboundOnly for queries through an inbound Resolver endpoint alone
	// (R3.8).
	PrivateDNS  bool   `json:"privateDNS,omitempty"`
	InboundOnly bool   `json:"inboundOnly,omitempty"`
	IPType      string `json:"ipType,omitempty"`    // ipv4, dualstack, ipv6
	DNSIPType   string `json:"dnsIPType,omitempty"` // one of the DNS… types; which records the names have
	// Names are those that AWS generates: the regional name first, then one a
	// zone. PrivateNames are those of the service, such as
	// ec2.eu-west-1.amazonaws.com or *.dkr.ecr.eu-west-1.amazonaws.com; they
	// are known also while PrivateDNS is off, where the service was read.
	Names        []EndpointName `json:"names,omitempty"`
	PrivateNames []dnsname.Name `json:"privateNames,omitempty"`

	// Network is the service network to which an endpoint of that type leads, Resource
	// the resource configuration (ARNs). With PrivateDNS on, VPC Lattice manages
	// hosted zones for what is among Domains (R7.4).
	Network  string         `json:"network,omitempty"`
	Resource string         `json:"resource,omitempty"`
	Domains  PrivateDomains `json:"domains,omitzero"`

	RouteTables []string  `json:"routeTables,omitempty"` // of a gateway endpoint
	Created     time.Time `json:"created,omitzero"`
	Tags        Tags      `json:"tags,omitzero"`
}

func (p Endpoint) Key() string { return p.ID }
func (p Endpoint) IndexKeys() []string {
	keys := []string{ByAccount(p.Account), ByRegion(p.Account, p.Region), ByVPC(p.VPC), ByService(p.Service)}
	for _, n := range p.Names {
		keys = append(keys, ByName(n.Name))
	}
	for _, n := range p.PrivateNames {
		keys = append(keys, ByPrivateName(ManagedZone(n)))
	}
	for _, n := range p.Managed() {
		keys = append(keys, ByManaged(ManagedZone(n), p.VPC))
	}
	return keys
}

// ByManaged is the index key of the endpoints that have a private name in effect
// in a VPC, by the hosted zone that AWS holds it in; with no VPC, the prefix of
// the keys of all VPCs.
func ByManaged(zone dnsname.Name, vpc string) string { return "managed/" + zone.Key() + "\x01" + vpc }

// ByPrivateName is the index key of the endpoints that have a private name, in
// effect or not, by its hosted zone.
func ByPrivateName(zone dnsname.Name) string { return "private/" + zone.Key() }

// ByService is the index key of the endpoints of a service.
func ByService(name string) string { return "service/" + name }

// ARN of the endpoint.
func (p Endpoint) ARN() string {
	return "arn:aws:ec2:" + string(p.Region) + ":" + string(p.Account) + ":vpc-endpoint/" + p.ID
}

// HasRecords reports whether the names of the endpoint have records of a type, A
// or AAAA: DNSIPType says so, IPType where it leaves that open (R3.9).
func (p Endpoint) HasRecords(rrtype string) bool {
	has := p.DNSIPType
	if has == "" || has == DNSServiceDefined {
		has = p.IPType
	}
	return !(has == DNSIPv4 && rrtype == "AAAA" || has == DNSIPv6 && rrtype == "A")
}

// Managed are the names that the endpoint's private DNS answers in its VPC: for
// each there is a hosted zone of AWS's own, ManagedZone, while the endpoint is
// available (R3.3). Whether they work hangs on the VPC's attributes, too (R1.4).
func (p Endpoint) Managed() []dnsname.Name {
	if p.Type != EndpointInterface || !p.PrivateDNS || p.State != EndpointAvailable {
		return nil
	}
	return p.PrivateNames
}

// ManagedZone is the name of the hosted zone in which AWS holds a private name of
// an endpoint: of a wildcard that below which it stands (R3.4).
func ManagedZone(name dnsname.Name) dnsname.Name {
	if above, ok := name.Parent(); ok && name.IsWildcard() {
		return above
	}
	return name
}

// EndpointAddress is a network interface of an interface endpoint.
type EndpointAddress struct {
	Interface string     `json:"interface"` // eni-…
	Subnet    string     `json:"subnet"`
	Zone      string     `json:"zone"` // Availability Zone
	IPv4      netip.Addr `json:"ipv4,omitzero"`
	IPv6      netip.Addr `json:"ipv6,omitzero"`
}

// EndpointName is a name that AWS generates for an interface endpoint; it stands
// in public DNS (R3.1).
type EndpointName struct {
	Name dnsname.Name `json:"name"`
	Zone string       `json:"zone"`         // the hosted zone ID that an alias to it gives
	AZ   string       `json:"az,omitempty"` // the Availability Zone of a zonal name
}

// States of the private DNS name of an endpoint service (EC2 API,
// PrivateDnsNameConfiguration).
const (
	NamePending  = "pendingVerification"
	NameVerified = "verified"
	NameFailed   = "failed"
)

// EndpointService is an endpoint service of an account's own, as its owner sees
// it (EC2 API, ServiceConfiguration).
type EndpointService struct {
	ID            string    `json:"id"`   // vpce-svc-…
	Name          string    `json:"name"` // com.amazonaws.vpce.eu-west-1.vpce-svc-…
	Account       AccountID `json:"account"`
	Region        Region    `json:"region"`
	State         string    `json:"state"`                   // Pending, Available, Deleting, Deleted, Failed
	LoadBalancers []string  `json:"loadBalancers,omitempty"` // ARNs of network load balancers
	Zones         []string  `json:"zones,omitempty"`         // Availability Zones
	Acceptance    bool      `json:"acceptance,omitempty"`    // each connection waits to be accepted
	IPTypes       []string  `json:"ipTypes,omitempty"`       // ipv4, ipv6
	// Regions are those from which endpoints may reach it, its own included.
	Regions []Region `json:"regions,omitempty"`
	// PrivateName is its private DNS name, usable once NameState is
	// NameVerified: when public DNS holds a TXT record VerifyValue at
	// VerifyName below the name (R3.7).
	PrivateName dnsname.Name `json:"privateName,omitzero"`
	NameState   string       `json:"nameState,omitempty"`
	VerifyName  string       `json:"verifyName,omitempty"`  // _6e86v84tqgqubxbwii1m, relative to the private name
	VerifyValue string       `json:"verifyValue,omitempty"` // vpce:l6p0ERxlTt45jevFwOCp
	// Principals that may make endpoints to it: ARNs, or "*".
	Principals  []string             `json:"principals,omitempty"`
	Connections []EndpointConnection `json:"connections,omitempty"`
	Tags        Tags                 `json:"tags,omitzero"`
}

func (s EndpointService) Key() string { return s.ID }
func (s EndpointService) IndexKeys() []string {
	return []string{ByAccount(s.Account), ByRegion(s.Account, s.Region), ByService(s.Name)}
}

// EndpointConnection is an endpoint that was made to a service.
type EndpointConnection struct {
	Endpoint string    `json:"endpoint"`
	Owner    AccountID `json:"owner"`
	State    string    `json:"state"` // one of the Endpoint… states
}

// ServiceOffer is a service to which an account can make endpoints in a Region
// (EC2 API, ServiceDetail).
type ServiceOffer struct {
	Account      AccountID      `json:"account"` // who asked
	Region       Region         `json:"region"`
	Name         string         `json:"name"`
	Owner        string         `json:"owner,omitempty"` // amazon, or an account
	Types        []string       `json:"types,omitempty"` // Interface, Gateway, …
	Zones        []string       `json:"zones,omitempty"` // Availability Zones
	PrivateNames []dnsname.Name `json:"privateNames,omitempty"`
	NameState    string         `json:"nameState,omitempty"` // one of the Name… states
	Acceptance   bool           `json:"acceptance,omitempty"`
	Policy       bool           `json:"policy,omitempty"` // takes endpoint policies
	IPTypes      []string       `json:"ipTypes,omitempty"`
	// ServiceRegion is the Region of the service, where it is another one.
	ServiceRegion Region `json:"serviceRegion,omitempty"`
}

func (o ServiceOffer) Key() string {
	key := string(o.Account) + "/" + string(o.Region) + "/" + o.Name
	if o.ServiceRegion != "" { // a name may be the same everywhere
		key += "/" + string(o.ServiceRegion)
	}
	return key
}
func (o ServiceOffer) IndexKeys() []string { return []string{ByRegion(o.Account, o.Region)} }

// LoadBalancer is a load balancer with what it listens to, as far as an endpoint
// service needs it (ELBv2 API, LoadBalancer and Listener).
type LoadBalancer struct {
	ARN       string       `json:"arn"`
	Account   AccountID    `json:"account"`
	Region    Region       `json:"region"`
	VPC       string       `json:"vpc"`
	Type      string       `json:"type"` // network, application, gateway
	Name      dnsname.Name `json:"name"`
	Subnets   []string     `json:"subnets,omitempty"`
	Groups    []string     `json:"groups,omitempty"`
	Listeners []Listener   `json:"listeners,omitempty"`
	Tags      Tags         `json:"tags,omitzero"`
}

func (b LoadBalancer) Key() string { return b.ARN }
func (b LoadBalancer) IndexKeys() []string {
	return []string{ByRegion(b.Account, b.Region), ByVPC(b.VPC)}
}

// Listener is a port that a load balancer serves.
type Listener struct {
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"` // TCP, TLS, UDP, …
}
