package config

import (
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// EndpointShare is a set of VPC interface endpoints of one account, the hub,
// that VPCs of others use; or, with ViaOwn, endpoints of each consumer's own.
type EndpointShare struct {
	Source
	Name    string // its label in addresses
	Account AccountRef
	Via     string // one of the Via… values
	// Regions are where all of it is made. They are filled in with the
	// account's, where these are known from the files.
	Regions []estate.Region
	// Hubs select the hub VPCs, one a Region; none with ViaOwn. One without
	// Regions and VPCs selects by its tags in every Region.
	Hubs    []Selector
	Subnets Subnets // of the endpoints; zero for one of each Availability Zone
	// Services are those whose endpoints are shared, Own those that the share
	// makes itself; the endpoints of both are shared alike.
	Services []SharedService
	Own      []OwnService

	// What a Profile carries besides, with ViaProfile. PrivateZones whose
	// Profile is this share's name are carried, too.
	Zones          []SharedZone
	Rules          []string // rslvr-rr-…
	FirewallGroups []SharedFirewallGroup
	QueryLogs      []string // rqlc-…

	Consumers []Selector // at least one
	ShareWith ShareWith  // zero: as follows from the consumers
	External  []AccountRef

	// With ViaProfile. Profiles are those that stand and are added to, one a
	// Region at most; where none is given the share makes its own.
	Profiles            []ProfileRef
	IntoExistingProfile bool

	// With ViaResolver.
	Forward           string // ForwardNames or ForwardSuffix
	ResolverEndpoints ResolverEndpoints

	Connect          Connect
	RetireDuplicates string // one of the Retire… values; empty when they are not looked for
	// AcceptDuplicates are the Accept… differences that somebody looked at: they
	// do not keep duplicates.
	AcceptDuplicates []string
	Probe            *Probe // nil when verify does not look from inside
}

// How consumers come by the endpoints.
const (
	ViaProfile  = "profile"  // by a Route 53 Profile
	ViaResolver = "resolver" // by Resolver endpoints and rules
	ViaOwn      = "own"      // each consumer VPC has endpoints of its own
)

// What is forwarded.
const (
	ForwardNames  = "names"  // a rule for each name
	ForwardSuffix = "suffix" // a rule for each suffix, and SYSTEM rules for what must not go there
)

// What is done with the consumers' own endpoints for the same services.
const (
	RetireReport = "report"
	RetireRemove = "remove"

	AcceptPolicy = "endpoint-policy" // the own endpoint's policy permits more
	AcceptGroup  = "security-group"  // its security groups admit more
	AcceptAlone  = "isolated-subnet" // nothing leads out of the VPC from some of its subnets
)

// Subnets choose subnets of a VPC: these, or those with every one of the tags.
type Subnets struct {
	IDs  []string
	Tags map[string]string
}

// IsZero reports whether nothing is chosen.
func (s Subnets) IsZero() bool { return len(s.IDs) == 0 && len(s.Tags) == 0 }

// Pick chooses a thing that stands, by ID or by every one of its tags. Several
// picks are for several Regions.
type Pick struct {
	Source
	ID   string
	Tags map[string]string
}

// SharedService is a service whose endpoints are shared.
type SharedService struct {
	Source
	Name      string  // as it is written, short or full; see In
	Endpoints []Pick  // that stand and are used, never changed; one a Region at most
	Ports     []int32 // that consumers may reach; 443 when none is written
	Policy    string  // PolicyOrganization, PolicyOpen, or the text of a policy in JSON
	IPType    string  // ipv4, dualstack, ipv6; empty for what suits the subnets
	DNSIPType string  // one of estate's DNS… types; empty for EC2's default
	// InboundOnly keeps the private names for queries that come through an
	// inbound Resolver endpoint.
	InboundOnly   bool
	ServiceRegion estate.Region // empty when the service is in the endpoint's Region
}

// Endpoint policies that need no text.
const (
	PolicyOrganization = "organization" // principals of the organization alone
	PolicyOpen         = "open"         // everybody, as EC2 has it by default
)

// OwnService is an endpoint service that is made from load balancers.
type OwnService struct {
	Source
	Name          string        // its label in addresses
	Account       AccountRef    // the share's when not written
	Region        estate.Region // empty: one service in each Region of the share
	LoadBalancers []LoadBalancerRef
	Domain        dnsname.Name // the private DNS name, may be a wildcard; zero for none
	Acceptance    bool         // each endpoint waits to be accepted; orgdns accepts those of the share
	Ports         []int32      // that consumers may reach; the listeners' when none is written
	// Principals are accounts that may make endpoints to it: the share's
	// account, and with ViaOwn those of the consumers, when none is written.
	Principals []AccountRef
	// Regions are those from which endpoints may reach it besides its own: where
	// nothing is said the share's others, as far as the files tell its Regions.
	Regions []estate.Region
	// Parent holds the public zone for the record that proves the domain; zero
	// for the longest match in the service's account.
	Parent Parent
}

// LoadBalancerRef is a network load balancer that stands.
type LoadBalancerRef struct {
	Source
	ARN  string
	Name string
	Tags map[string]string
}

// SharedZone is a private hosted zone that a Profile carries: one of
// PrivateZones by its domain, or any by its ID.
type SharedZone struct {
	Source
	Domain  dnsname.Name // zero with an ID
	Zone    string       // hosted zone ID, empty with a domain
	Account AccountRef   // that owns the zone; filled in
}

// SharedFirewallGroup is a DNS Firewall rule group that a Profile carries.
type SharedFirewallGroup struct {
	Source
	ID       string // rslvr-frg-…
	Priority int32  // 100 to 9900, lower first
}

// ShareWith is with whom the Profile or the rules are shared.
type ShareWith struct {
	Source
	Organization bool
	Units        []string // by name, by ID, or by path from the root
	Accounts     []AccountRef

	written []AccountRef // accounts or units
}

// IsZero reports whether nothing is said.
func (s ShareWith) IsZero() bool {
	return !s.Organization && len(s.Units) == 0 && len(s.Accounts) == 0
}

// ProfileRef is a Profile that stands, by ID or name.
type ProfileRef struct {
	Source
	ID   string // rp-…
	Name string
}

// ResolverEndpoints are Resolver endpoints that stand and are used, one a
// Region and direction at most; and where those that are made get their
// addresses, one of each Availability Zone when nothing is chosen.
type ResolverEndpoints struct {
	Source
	Inbound, Outbound []Pick
	Subnets           Subnets
}

// Connect is whether what is missing between consumers and hub is made.
type Connect struct {
	Source
	// TransitGateway: by a Transit Gateway, which is one of TransitGateways or,
	// when none is given, the one that the hub VPC is attached to.
	TransitGateway  bool
	TransitGateways []TransitGateway
}

// TransitGateway is a Transit Gateway that stands.
type TransitGateway struct {
	Pick
	Account AccountRef // the share's when not written
}

// Probe is how verify looks from inside a consumer VPC.
type Probe struct {
	Source
	Lambda  bool    // by a Lambda function that orgdns makes in each
	Subnets Subnets // of that function; zero for one of each Availability Zone
	Code    string  // path of the function's program; empty for the one that runs
	Command string  // by this command, which runs `orgdns probe` there
	HTTP    bool    // ask by HTTP, too
}

// In is the name of the service for an endpoint in a Region, and the Region in
// which the service is (AWS PrivateLink Guide, aws-services-privatelink-support.html).
func (s SharedService) In(endpoint estate.Region) (name string, service estate.Region) {
	service = endpoint
	if m := ownServiceName.FindStringSubmatch(s.Name); m != nil {
		service = estate.Region(m[1])
	}
	if s.ServiceRegion != "" {
		service = s.ServiceRegion
	}
	if fullService(s.Name) {
		return s.Name, service
	}
	return "com.amazonaws." + string(service) + "." + s.Name, service
}

// Foreign reports whether it is an endpoint service of somebody's, not one of
// AWS's.
func (s SharedService) Foreign() bool { return ownServiceName.MatchString(s.Name) }

// Label is the service's name in addresses, without a Region: ec2, ecr.dkr,
// vpce-svc-….
func (s SharedService) Label() string {
	if m := ownServiceName.FindStringSubmatch(s.Name); m != nil {
		return m[2]
	}
	if m := awsServiceName.FindStringSubmatch(s.Name); m != nil {
		return m[2]
	}
	return s.Name
}

func fullService(name string) bool {
	return ownServiceName.MatchString(name) || strings.HasPrefix(name, "com.amazonaws.") || strings.HasPrefix(name, "cn.com.amazonaws.") || strings.HasPrefix(name, "aws.")
}
