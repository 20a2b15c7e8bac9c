package config

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
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

// Patterns of identifiers (EC2 User Guide, resource-ids.html; Route 53 API), and
// of service names (EC2 API, DescribeVpcEndpointServices).
var (
	labelPattern    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`) // ours
	servicePattern  = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
	ownServiceName  = regexp.MustCompile(`^(?:cn\.)?com\.amazonaws\.vpce\.([a-z0-9-]+)\.(vpce-svc-[0-9a-f]+)$`)
	awsServiceName  = regexp.MustCompile(`^(?:cn\.)?com\.amazonaws\.([a-z]{2,4}(?:-[a-z]+)+-[0-9])\.(.+)$`)
	endpointID      = regexp.MustCompile(`^vpce-[0-9a-f]{8,17}$`)
	subnetID        = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	gatewayID       = regexp.MustCompile(`^tgw-[0-9a-f]{8,17}$`)
	profileID       = regexp.MustCompile(`^rp-[0-9a-z]{1,64}$`)
	ruleID          = regexp.MustCompile(`^rslvr-(autodefined-)?rr-[0-9a-z-]{1,64}$`)
	firewallGroupID = regexp.MustCompile(`^rslvr-frg-[0-9a-z]{1,64}$`)
	queryLogID      = regexp.MustCompile(`^rqlc-[0-9a-z]{1,64}$`)
	inboundID       = regexp.MustCompile(`^rslvr-in-[0-9a-z]{1,64}$`)
	outboundID      = regexp.MustCompile(`^rslvr-out-[0-9a-z]{1,64}$`)
	balancerARN     = regexp.MustCompile(`^arn:aws(-cn|-us-gov)?:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/net/[A-Za-z0-9-]{1,32}/[0-9a-f]+$`)
)

var (
	shareNameKind     = lower("a name for addresses", labelPattern, "write up to 40 lower-case letters, digits and -")
	serviceNameKind   = lower("the name of a service", servicePattern, `write it as in "ec2", "ecr.dkr" or "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"`)
	subnetIDKind      = pattern[string]("a subnet ID", subnetID, `write it as in "subnet-0123456789abcdef0"`)
	ruleIDKind        = pattern[string]("the ID of a Resolver rule", ruleID, `write it as in "rslvr-rr-0123456789abcdef0"`)
	queryLogIDKind    = pattern[string]("the ID of a query log configuration", queryLogID, `write it as in "rqlc-0123456789abcdef0"`)
	portKind          = integer[int32]("a port", 1, 65535)
	ipTypeKind        = enum("an IP address type", estate.DNSIPv4, estate.DNSDualStack, estate.DNSIPv6)
	dnsIPTypeKind     = enum("a type of DNS records", estate.DNSIPv4, estate.DNSDualStack, estate.DNSIPv6, estate.DNSServiceDefined)
	endpointsKind     = oneOrMany(pick("endpoint", "an endpoint", endpointID, `write it as in "vpce-0123456789abcdef0"`))
	inboundsKind      = oneOrMany(pick("inbound endpoint", "an inbound endpoint", inboundID, `write it as in "rslvr-in-0123456789abcdef0"`))
	outboundsKind     = oneOrMany(pick("outbound endpoint", "an outbound endpoint", outboundID, `write it as in "rslvr-out-0123456789abcdef0"`))
	firewallGroupKind = object("firewall group", "a firewall group", "A DNS Firewall rule group that the Profile carries.",
		[]field[SharedFirewallGroup]{
			key("id", pattern[string]("the ID of a rule group", firewallGroupID, `write it as in "rslvr-frg-0123456789abcdef0"`), "Its ID.", func(g *SharedFirewallGroup) *string { return &g.ID }).must(),
			key("priority", integer[int32]("a priority", 100, 9900), "Its place among the groups, the lowest first.", func(g *SharedFirewallGroup) *int32 { return &g.Priority }).must(),
		}, nil)
)

// lower is pattern for names that are written in lower case.
func lower(word string, re *regexp.Regexp, hint string) kind[string] {
	return scalar(word, map[string]any{"type": "string", "pattern": jsonPattern(re)}, func(s string) (string, *fault) {
		if re.MatchString(s) {
			return s, nil
		}
		f := &fault{CodeBadValue, quote(s) + " is not " + word, "", hint}
		if l := strings.ToLower(s); l != s && re.MatchString(l) {
			f.detail, f.hint = "it is written in lower case", "did you mean "+quote(l)+"?"
		}
		return "", f
	})
}

// pick reads {id} or {tags}; the ID alone for short.
func pick(name, word string, re *regexp.Regexp, hint string) kind[Pick] {
	id := pattern[string]("the ID of "+word, re, hint)
	return short(object(name, word, "One that stands, by ID or by tags.",
		[]field[Pick]{
			key("id", id, "Its ID.", func(p *Pick) *string { return &p.ID }),
			key("tags", tagsKind, "Its tags, in every Region.", func(p *Pick) *map[string]string { return &p.Tags }),
		}, func(r *reader, p *Pick) { r.one(p.Source, word, "id", "tags") }),
		id, func(id string, pos diag.Pos) Pick { return Pick{Source: Source{Pos: pos}, ID: id} })
}

// one reports a thing that is not chosen, or chosen twice.
func (r *reader) one(s Source, word string, keys ...string) {
	var used []string
	for _, k := range keys {
		if s.node.value(k) != nil {
			used = append(used, k)
		}
	}
	switch {
	case len(used) == 0:
		r.problem(s.Pos, CodeMissingKey, word+" is not chosen", "", "write one of "+strings.Join(keys, ", "))
	case len(used) > 1:
		r.problem(s.At(used[1]), CodeKeyConflict, word+" is chosen by one key, not "+strings.Join(used, " and "), "", "keep one")
	}
}

// subnetsKind reads {tags}, or IDs.
var subnetsKind = func() kind[Subnets] {
	type chosen struct {
		Source
		tags map[string]string
	}
	byTags := object("subnets", "a choice of subnets", "The subnets of the VPC that have these tags.",
		[]field[chosen]{
			key("tags", tagsKind, "Tags that a subnet has, each with this value.", func(c *chosen) *map[string]string { return &c.tags }).must(),
		}, nil)
	ids := oneOrMany(subnetIDKind)
	d := &desc{word: "subnets", either: append([]*desc{byTags.desc}, ids.either...)}
	return kind[Subnets]{d, func(r *reader, n *node) (Subnets, bool) {
		if n.shape == mapping {
			c, ok := byTags.read(r, n)
			return Subnets{Tags: c.tags}, ok
		}
		v, ok := ids.read(r, n)
		return Subnets{IDs: v}, ok
	}}
}()

// hubKind reads a hub VPC, as an anchor is chosen.
var hubKind = func() kind[Selector] {
	type hub struct {
		Source
		vpc    string
		region estate.Region
		tags   map[string]string
	}
	k := object("hub", "a hub VPC", "Exactly one VPC of the account in a Region, by ID or by tags.",
		[]field[hub]{
			key("vpc", vpcIDKind, "Its ID.", func(h *hub) *string { return &h.vpc }),
			key("tags", tagsKind, "Its tags.", func(h *hub) *map[string]string { return &h.tags }),
			key("region", regionKind, "Its Region.", func(h *hub) *estate.Region { return &h.region }).or("each Region of the share"),
		}, func(r *reader, h *hub) {
			if h.vpc == "" && len(h.tags) == 0 && h.node.value("vpc") == nil {
				r.problem(h.Pos, CodeMissingKey, "the hub VPC is not chosen", "", "write vpc or tags")
			}
		})
	whole := kind[Selector]{k.desc, func(r *reader, n *node) (Selector, bool) {
		h, ok := k.read(r, n)
		out := Selector{Source: h.Source, Tags: h.tags}
		if h.vpc != "" {
			out.VPCs = []string{h.vpc}
		}
		if h.region != "" {
			out.Regions = []estate.Region{h.region}
		}
		return out, ok
	}}
	return short(whole, vpcIDKind, func(id string, pos diag.Pos) Selector {
		return Selector{Source: Source{Pos: pos}, VPCs: []string{id}}
	})
}()

var policyKind = scalar("an endpoint policy", map[string]any{"type": "string", "minLength": 1}, func(s string) (string, *fault) {
	var statement map[string]any
	if s == PolicyOrganization || s == PolicyOpen || json.Unmarshal([]byte(s), &statement) == nil && statement != nil {
		return s, nil
	}
	hint := nearest(s, []string{PolicyOrganization, PolicyOpen})
	if hint == "" {
		hint = "write organization, open, or the text of a policy in JSON"
	}
	return "", &fault{CodeBadValue, quote(s) + " is not an endpoint policy", "", hint}
})

var sharedServiceKind = short(object("shared service", "a service", "A service whose endpoints are shared.",
	[]field[SharedService]{
		key("name", serviceNameKind, "Short, as in `ec2` for `com.amazonaws.REGION.ec2`, or whole, as in `com.amazonaws.vpce.eu-west-1.vpce-svc-…`.", func(s *SharedService) *string { return &s.Name }).must(),
		key("endpoint", endpointsKind, "An endpoint that stands in the hub VPC; it is used and never changed. By IDs, one a Region.", func(s *SharedService) *[]Pick { return &s.Endpoints }).or("one is made"),
		key("ports", oneOrMany(portKind), "The TCP ports that its security group opens to the consumers.", func(s *SharedService) *[]int32 { return &s.Ports }).or("443"),
		key("policy", policyKind, "Who may use it: `organization`, `open`, or the text of a policy in JSON.", func(s *SharedService) *string { return &s.Policy }).or("organization"),
		key("ipType", ipTypeKind, "The addresses of the endpoint.", func(s *SharedService) *string { return &s.IPType }).or("as EC2 chooses"),
		key("dnsIPType", dnsIPTypeKind, "The records that its names have.", func(s *SharedService) *string { return &s.DNSIPType }).or("as EC2 chooses"),
		key("inboundOnly", boolKind, "Its private names hold only for queries that come through an inbound Resolver endpoint, as S3 offers.", func(s *SharedService) *bool { return &s.InboundOnly }).or("false"),
		key("serviceRegion", regionKind, "The Region of the service, where it is not the endpoint's.", func(s *SharedService) *estate.Region { return &s.ServiceRegion }).or("the endpoint's Region"),
	}, (*reader).finishSharedService), serviceNameKind, func(name string, pos diag.Pos) SharedService {
	return SharedService{Source: Source{Pos: pos}, Name: name, Ports: []int32{443}, Policy: PolicyOrganization}
})

var loadBalancerKind = object("load balancer", "a load balancer", "A network load balancer that stands, by one of its ARN, its name and its tags.",
	[]field[LoadBalancerRef]{
		key("arn", pattern[string]("the ARN of a network load balancer", balancerARN, `write it as in "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/shop/0123456789abcdef"`), "Its ARN.", func(l *LoadBalancerRef) *string { return &l.ARN }),
		key("name", freeText, "Its name, in each Region of the service.", func(l *LoadBalancerRef) *string { return &l.Name }),
		key("tags", tagsKind, "Its tags, in each Region of the service.", func(l *LoadBalancerRef) *map[string]string { return &l.Tags }),
	}, func(r *reader, l *LoadBalancerRef) { r.one(l.Source, "the load balancer", "arn", "name", "tags") })

var ownServiceKind = object("own service", "an endpoint service of one's own", "An endpoint service that is made from a network load balancer, and shared as the others are.",
	[]field[OwnService]{
		key("name", shareNameKind, "Its name in addresses, unique in the share: up to 40 lower-case letters, digits and `-`.", func(s *OwnService) *string { return &s.Name }).must(),
		key("account", accountRefKind, "The account that provides it.", func(s *OwnService) *AccountRef { return &s.Account }).or("the share's account"),
		key("region", regionKind, "Its Region.", func(s *OwnService) *estate.Region { return &s.Region }).or("that of the load balancer's ARN; else one service in each Region of the share"),
		key("loadBalancer", oneOrMany(loadBalancerKind), "The load balancers behind it.", func(s *OwnService) *[]LoadBalancerRef { return &s.LoadBalancers }).must(),
		key("domain", nameKind, "Its private DNS name; a wildcard covers all names below. The record that proves it is put into the public zone, and the proof is awaited.", func(s *OwnService) *dnsname.Name { return &s.Domain }).or("none: only the names that AWS generates"),
		key("acceptance", boolKind, "Each endpoint waits to be accepted. Those of the share are accepted.", func(s *OwnService) *bool { return &s.Acceptance }).or("false"),
		key("ports", oneOrMany(portKind), "The TCP ports that the endpoint's security group opens to the consumers.", func(s *OwnService) *[]int32 { return &s.Ports }).or("those of the load balancer's listeners"),
		key("principals", oneOrMany(accountRefKind), "The accounts that may make endpoints to it.", func(s *OwnService) *[]AccountRef { return &s.Principals }).or("the share's account; with `via: own` those of the consumers"),
		key("supportedRegions", oneOrMany(regionKind), "Regions from which endpoints may reach it, besides its own.", func(s *OwnService) *[]estate.Region { return &s.Regions }).or("the other Regions of the share, with `region`"),
		key("parent", parentKind, "The account, or the zone, that holds the public zone for the record that proves the domain.", func(s *OwnService) *Parent { return &s.Parent }).or("the longest match in its account"),
	}, (*reader).finishOwnService)

// sharedZoneKind takes the ID of a zone for short, too.
var sharedZoneKind = short(object("shared zone", "a zone", "A private hosted zone that the Profile carries.",
	[]field[SharedZone]{
		key("domain", zoneNameKind, "The domain of one of `privateZones`.", func(z *SharedZone) *dnsname.Name { return &z.Domain }),
		key("zone", zoneIDKind, "The ID of any other zone.", func(z *SharedZone) *string { return &z.Zone }),
		key("account", accountRefKind, "The account that owns it.", func(z *SharedZone) *AccountRef { return &z.Account }).or("that of `privateZones`; for an ID the share's"),
	}, func(r *reader, z *SharedZone) { r.one(z.Source, "the zone", "domain", "zone") }),
	scalar("a domain or a hosted zone ID", nameSchema, func(s string) (SharedZone, *fault) {
		if zoneID.MatchString(s) {
			return SharedZone{Zone: s}, nil
		}
		n, f := parseZone(s)
		return SharedZone{Domain: n}, f
	}), func(z SharedZone, pos diag.Pos) SharedZone {
		z.Source = Source{Pos: pos}
		return z
	})

var shareWithKind = func() kind[ShareWith] {
	organization := enum("organization", "organization")
	entries := listOf(kind[AccountRef]{&desc{word: "an account or a unit", schema: map[string]any{"type": "string", "minLength": 1}}, func(r *reader, n *node) (AccountRef, bool) {
		s, ok := freeText.read(r, n)
		return AccountRef{s, n.pos}, ok
	}})
	d := &desc{word: "organization, or a list of accounts and units", either: []*desc{organization.desc, entries.desc}}
	return kind[ShareWith]{d, func(r *reader, n *node) (ShareWith, bool) {
		out := ShareWith{Source: Source{Pos: n.pos}}
		if n.shape == text {
			_, ok := organization.read(r, n)
			out.Organization = ok
			return out, ok
		}
		if n.shape != list && n.shape != broken {
			r.wrongType(n, d.word)
			return out, false
		}
		v, ok := entries.read(r, n)
		out.written = v
		return out, ok
	}}
}()

var profileRefKind = object("profile", "a Profile", "A Profile that stands, by ID or by name.",
	[]field[ProfileRef]{
		key("id", pattern[string]("the ID of a Profile", profileID, `write it as in "rp-0123456789abcdef"`), "Its ID.", func(p *ProfileRef) *string { return &p.ID }),
		key("name", freeText, "Its name, in every Region.", func(p *ProfileRef) *string { return &p.Name }),
	}, func(r *reader, p *ProfileRef) { r.one(p.Source, "the Profile", "id", "name") })

var resolverEndpointsKind = object("resolver endpoints", "Resolver endpoints", "Those that stand are used; what is not given is made.",
	[]field[ResolverEndpoints]{
		key("inbound", inboundsKind, "An inbound endpoint that stands in the hub VPC. By IDs, one a Region.", func(e *ResolverEndpoints) *[]Pick { return &e.Inbound }).or("one is made"),
		key("outbound", outboundsKind, "An outbound endpoint that stands in the account. By IDs, one a Region.", func(e *ResolverEndpoints) *[]Pick { return &e.Outbound }).or("one is made"),
		key("subnets", subnetsKind, "Where those that are made get their addresses: two Availability Zones or more.", func(e *ResolverEndpoints) *Subnets { return &e.Subnets }).or("the share's `subnets`"),
	}, nil)

var transitGatewayKind = func() kind[TransitGateway] {
	const word = "a Transit Gateway"
	return object("transit gateway", word, "A Transit Gateway that stands, by ID or by tags.",
		[]field[TransitGateway]{
			key("id", pattern[string]("the ID of "+word, gatewayID, `write it as in "tgw-0123456789abcdef0"`), "Its ID.", func(t *TransitGateway) *string { return &t.ID }),
			key("tags", tagsKind, "Its tags, in every Region.", func(t *TransitGateway) *map[string]string { return &t.Tags }),
			key("account", accountRefKind, "The account that owns it.", func(t *TransitGateway) *AccountRef { return &t.Account }).or("the share's account"),
		}, func(r *reader, t *TransitGateway) { r.one(t.Source, "the Transit Gateway", "id", "tags") })
}()

var connectKind = short(object("connect", "a connection", "How consumers are connected with the hub VPC, where they are not.",
	[]field[Connect]{
		key("transitGateway", oneOrMany(transitGatewayKind), "By this Transit Gateway: attachments, their acceptance, and routes both ways are made where they are missing. By IDs, one a Region.", func(c *Connect) *[]TransitGateway { return &c.TransitGateways }).must(),
	}, func(_ *reader, c *Connect) { c.TransitGateway = true }),
	enum("none or transitGateway", "none", "transitGateway"), func(s string, pos diag.Pos) Connect {
		return Connect{Source: Source{Pos: pos}, TransitGateway: s == "transitGateway"}
	})

var probeKind = func() kind[*Probe] {
	type lambda struct {
		on      bool
		subnets Subnets
		code    string
	}
	type inVPC struct {
		Source
		subnets Subnets
		code    string
	}
	function := object("probe function", "a Lambda function", "",
		[]field[inVPC]{
			key("subnets", subnetsKind, "The subnets of the consumer VPC in which it runs.", func(v *inVPC) *Subnets { return &v.subnets }).or("one of each Availability Zone"),
			key("code", freeText, "The function's program: the path of an orgdns for Linux, on amd64 or arm64, from where orgdns is run.", func(v *inVPC) *string { return &v.code }).or("the orgdns that runs, if it is one"),
		}, nil)
	lambdaKind := short(kind[lambda]{function.desc, func(r *reader, n *node) (lambda, bool) {
		v, ok := function.read(r, n)
		return lambda{ok, v.subnets, v.code}, ok
	}}, boolKind, func(on bool, _ diag.Pos) lambda { return lambda{on: on} })
	type probe struct {
		Source
		lambda  lambda
		command string
		http    bool
	}
	k := object("probe", "a probe", "How names and connections are tested from inside the consumer VPCs.",
		[]field[probe]{
			key("lambda", lambdaKind, "By a Lambda function that is made in each VPC, with the least privilege.", func(p *probe) *lambda { return &p.lambda }).or("false"),
			key("command", freeText, "By a command of yours, which runs `orgdns probe` inside the VPC in `$ORGDNS_VPC`, with the request on its input and the report on its output.", func(p *probe) *string { return &p.command }),
			key("http", boolKind, "Ask by HTTP, too.", func(p *probe) *bool { return &p.http }).or("false"),
		}, func(r *reader, p *probe) {
			if !p.lambda.on && p.command == "" && p.node.value("lambda") == nil && p.node.value("command") == nil {
				r.problem(p.Pos, CodeMissingKey, "the probe has nothing to run by", "", "write lambda or command")
			}
			if p.lambda.on && p.command != "" {
				r.problem(p.At("command"), CodeKeyConflict, "the probe runs by one thing, not lambda and command", "", "keep one")
			}
		})
	return kind[*Probe]{k.desc, func(r *reader, n *node) (*Probe, bool) {
		p, ok := k.read(r, n)
		return &Probe{p.Source, p.lambda.on, p.lambda.subnets, p.lambda.code, p.command, p.http}, ok
	}}
}()

var endpointShareKind = object("endpoint share", "an endpoint share",
	"One set of VPC interface endpoints in one account that VPCs of all others use, so that the services' names resolve to it everywhere. All of it is made in each Region.",
	[]field[EndpointShare]{
		key("name", shareNameKind, "Its name in addresses, unique: up to 40 lower-case letters, digits and `-`.", func(s *EndpointShare) *string { return &s.Name }).must(),
		key("account", accountRefKind, "The hub account: it owns the endpoints, and the Profile or the Resolver endpoints and rules.", func(s *EndpointShare) *AccountRef { return &s.Account }).must(),
		key("via", enum("a way to share", ViaProfile, ViaResolver, ViaOwn), "`profile`: by a Route 53 Profile; `resolver`: by Resolver endpoints and rules; `own`: nothing is shared, each consumer VPC gets endpoints of its own.", func(s *EndpointShare) *string { return &s.Via }).must(),
		key("regions", oneOrMany(regionKind), "The Regions in which all of it is made.", func(s *EndpointShare) *[]estate.Region { return &s.Regions }).or("the account's Regions"),
		key("vpc", oneOrMany(hubKind), "The hub VPC of each Region. Required, but not with `via: own`.", func(s *EndpointShare) *[]Selector { return &s.Hubs }),
		key("subnets", subnetsKind, "Where the endpoints get their addresses.", func(s *EndpointShare) *Subnets { return &s.Subnets }).or("one subnet of each Availability Zone"),
		key("services", oneOrMany(sharedServiceKind), "The services whose endpoints are shared.", func(s *EndpointShare) *[]SharedService { return &s.Services }),
		key("own", listOf(ownServiceKind), "Endpoint services of one's own, made and shared.", func(s *EndpointShare) *[]OwnService { return &s.Own }),
		key("zones", oneOrMany(sharedZoneKind), "Private hosted zones that the Profile carries: domains of `privateZones`, or IDs.", func(s *EndpointShare) *[]SharedZone { return &s.Zones }),
		key("rules", oneOrMany(ruleIDKind), "Resolver rules that the Profile carries.", func(s *EndpointShare) *[]string { return &s.Rules }),
		key("firewallGroups", listOf(firewallGroupKind), "DNS Firewall rule groups that the Profile carries.", func(s *EndpointShare) *[]SharedFirewallGroup { return &s.FirewallGroups }),
		key("queryLogs", oneOrMany(queryLogIDKind), "Query log configurations that the Profile carries.", func(s *EndpointShare) *[]string { return &s.QueryLogs }),
		key("consumers", oneOrMany(selectorKind), "The VPCs that use the endpoints, found anew at each run.", func(s *EndpointShare) *[]Selector { return &s.Consumers }).must(),
		key("shareWith", shareWithKind, "With whom the Profile or the rules are shared: `organization`, or a list. What is the name or the digits of an account under `accounts`, or twelve digits, is an account; all else is a unit, by name, by ID, or by path.", func(s *EndpointShare) *ShareWith { return &s.ShareWith }).or("as the consumers are selected"),
		key("external", oneOrMany(accountRefKind), "Accounts outside the organization with which it may be shared.", func(s *EndpointShare) *[]AccountRef { return &s.External }).or("none"),
		key("profile", oneOrMany(profileRefKind), "A Profile that stands, to which all is added. By IDs, one a Region.", func(s *EndpointShare) *[]ProfileRef { return &s.Profiles }).or("one is made"),
		key("intoExistingProfile", boolKind, "A VPC that has another Profile keeps it, and all is added to that one, where we may. The plan lists every VPC whose answers change.", func(s *EndpointShare) *bool { return &s.IntoExistingProfile }).or("false: it is a conflict"),
		key("forward", enum("names or suffix", ForwardNames, ForwardSuffix), "With `via: resolver`, a rule for each name, or one for each suffix (`REGION.amazonaws.com`) with SYSTEM rules for what must not be forwarded.", func(s *EndpointShare) *string { return &s.Forward }).or("names"),
		key("resolverEndpoints", resolverEndpointsKind, "Resolver endpoints that stand and are used.", func(s *EndpointShare) *ResolverEndpoints { return &s.ResolverEndpoints }),
		key("connect", connectKind, "`none`: what cannot be reached is reported. `transitGateway`, or a mapping that names it: what is missing is made.", func(s *EndpointShare) *Connect { return &s.Connect }).or("none"),
		key("retireDuplicates", enum("a way to treat duplicates", RetireReport, RetireRemove), "The consumers' own endpoints for the same services: `report` them with their cost and who would notice; `remove` deletes those that nobody would miss, though orgdns did not make them.", func(s *EndpointShare) *string { return &s.RetireDuplicates }).or("they are left alone"),
		key("acceptDuplicates", oneOrMany(enum("a difference", AcceptPolicy, AcceptGroup, AcceptAlone)), "What does not keep an own endpoint, since somebody looked at it: `endpoint-policy`, that its policy permits what the shared one's does not; `security-group`, that its security groups admit whom the shared one's do not; `isolated-subnet`, that nothing leads out of the VPC from some of its subnets.", func(s *EndpointShare) *[]string { return &s.AcceptDuplicates }).or("all of them keep it"),
		key("probe", probeKind, "Verify from inside the consumer VPCs.", func(s *EndpointShare) **Probe { return &s.Probe }).or("nothing runs there"),
	}, (*reader).finishEndpointShare)

func (r *reader) finishSharedService(s *SharedService) {
	if len(s.Ports) == 0 {
		s.Ports = []int32{443}
	}
	if s.Policy == "" {
		s.Policy = PolicyOrganization
	}
	if m := ownServiceName.FindStringSubmatch(s.Name); m != nil && s.ServiceRegion != "" && string(s.ServiceRegion) != m[1] {
		r.problem(s.At("serviceRegion"), CodeRegion, fmt.Sprintf("the service is in %s, as its name says, not in %s", m[1], s.ServiceRegion), "", "remove the key")
	}
	if s.IPType != "" && s.IPType != estate.DNSDualStack && s.DNSIPType != "" && s.DNSIPType != estate.DNSServiceDefined && s.DNSIPType != s.IPType {
		r.problem(s.At("dnsIPType"), CodeKeyConflict, fmt.Sprintf("an endpoint with %s addresses has no other records", s.IPType), "AWS PrivateLink Guide, privatelink-access-aws-services.html", "write `ipType: dualstack`, or remove the key")
	}
}

func (r *reader) finishOwnService(s *OwnService) {
	if !s.Domain.IsZero() {
		base := s.Domain
		if base.IsWildcard() {
			base, _ = base.Parent()
		}
		switch inner := slices.ContainsFunc(base.Labels(), func(l []byte) bool { return string(l) == "*" }); {
		case inner:
			r.problem(s.At("domain"), CodeWildcard, quote(s.node.value("domain").text)+" has a * below its first label", "a wildcard is the first label (RFC 4592 section 2.1.1)", "write one service for each name")
		case base.Depth() < 2:
			r.problem(s.At("domain"), CodeBadName, quote(s.Domain.String())+" cannot be proven: it is the domain of nobody's own", "the proof is a record in the domain's public zone", "write a name below a domain of yours")
		}
		if p := s.Parent.Domain; !p.IsZero() && !base.Under(p) {
			r.problem(s.Parent.At("domain"), CodeOutside, fmt.Sprintf("%s does not lie in %s", s.Domain, p), "the record that proves the domain stands in its own public zone", "leave parent.domain out for the longest match")
		}
	}
	regions := map[estate.Region]bool{}
	for i := range s.LoadBalancers {
		l := &s.LoadBalancers[i]
		at := arnRegion(l.ARN)
		if l.ARN == "" {
			continue
		}
		regions[at] = true
		if s.Region != "" && at != s.Region {
			r.problem(l.At("arn"), CodeRegion, fmt.Sprintf("the load balancer is in %s, the service in %s", at, s.Region), "a service takes load balancers of its own Region", "change one of them")
		}
	}
	if s.Region == "" && len(regions) == 1 {
		for at := range regions {
			s.Region = at
		}
	}
	if len(s.Regions) > 0 && s.Region == "" {
		r.problem(s.At("supportedRegions"), CodeRegion, "the Region of the service is not known", "without it one service is made in each Region of the share, and none needs others", "add region")
	}
}

// arnRegion is the Region in an ARN.
func arnRegion(arn string) estate.Region {
	if parts := strings.Split(arn, ":"); len(parts) > 4 {
		return estate.Region(parts[3])
	}
	return ""
}

func (r *reader) finishEndpointShare(s *EndpointShare) {
	if s.Forward == "" {
		s.Forward = ForwardNames
	}
	for i := range s.Own {
		if s.Own[i].Account.IsZero() {
			s.Own[i].Account = s.Account
		}
	}
	for i := range s.Connect.TransitGateways {
		if s.Connect.TransitGateways[i].Account.IsZero() {
			s.Connect.TransitGateways[i].Account = s.Account
		}
	}
	forbid := func(why string, keys ...string) {
		for _, k := range keys {
			if s.node.value(k) != nil {
				r.problem(s.At(k), CodeKeyConflict, "the key "+k+" is not for `via: "+s.Via+"`", why, "remove it, or choose another via")
			}
		}
	}
	if s.Via == ViaResolver || s.Via == ViaOwn {
		forbid("only a Profile carries it", "zones", "rules", "firewallGroups", "queryLogs")
		forbid("there is no Profile", "profile", "intoExistingProfile")
	}
	switch s.Via {
	case ViaProfile:
		forbid("only rules forward to Resolver endpoints", "resolverEndpoints")
	case ViaOwn:
		forbid("no endpoints are shared, so nobody has to reach any", "vpc", "connect")
		forbid("nothing is shared with consumers", "shareWith", "external", "resolverEndpoints")
		forbid("the consumers' own endpoints are what is wanted", "retireDuplicates", "acceptDuplicates")
		for i := range s.Services {
			if len(s.Services[i].Endpoints) > 0 {
				r.problem(s.Services[i].At("endpoint"), CodeKeyConflict, "the key endpoint is not for `via: own`", "each consumer VPC has an endpoint of its own", "remove it, or choose another via")
			}
		}
	}
	if s.Forward == ForwardSuffix && s.Via != ViaResolver && s.Via != "" {
		r.problem(s.At("forward"), CodeKeyConflict, "`forward: suffix` is not for `via: "+s.Via+"`", "only rules forward", "remove it, or write `via: resolver`")
	}
	if (s.Via == ViaProfile || s.Via == ViaResolver) && s.node.value("vpc") == nil {
		r.problem(s.Pos, CodeMissingKey, `the key "vpc" is missing`, "the endpoints stand in a hub VPC", "write its ID or tags, or `via: own`")
	}
	if s.node.value("retireDuplicates") == nil && s.node.value("acceptDuplicates") != nil && s.Via != ViaOwn {
		r.problem(s.At("acceptDuplicates"), CodeKeyConflict, "nothing is accepted where duplicates are not looked for", "", "write retireDuplicates, or remove the key")
	}
	r.finishSharedNames(s)
	r.twiceIn(s, "regions", len(s.Regions), func(i int) string { return string(s.Regions[i]) })
	r.twiceIn(s, "rules", len(s.Rules), func(i int) string { return s.Rules[i] })
	r.twiceIn(s, "queryLogs", len(s.QueryLogs), func(i int) string { return s.QueryLogs[i] })
	for i := range s.FirewallGroups {
		g := &s.FirewallGroups[i]
		for j := range s.FirewallGroups[:i] {
			other := &s.FirewallGroups[j]
			switch {
			case g.ID == other.ID && g.ID != "":
				r.problem(g.At("id"), CodeDuplicate, "the rule group "+g.ID+" stands twice", "first at "+other.At("id").String(), "remove one")
			case g.Priority == other.Priority && g.Priority != 0:
				r.problem(g.At("priority"), CodeDuplicate, fmt.Sprintf("two rule groups have the priority %d", g.Priority), "first at "+other.At("priority").String(), "give each its own")
			}
		}
	}
}

// twiceIn reports what stands twice in a list of texts.
func (r *reader) twiceIn(s *EndpointShare, key string, n int, text func(i int) string) {
	first := map[string]int{}
	for i := range n {
		if j, twice := first[text(i)]; twice {
			r.problem(s.At(key, i), CodeDuplicate, text(i)+" stands twice", "first at "+s.At(key, j).String(), "remove one")
			continue
		}
		first[text(i)] = i
	}
}

// finishSharedNames judges what the services of a share are called: each has a
// place of its own in addresses, and one endpoint answers for each name.
func (r *reader) finishSharedNames(s *EndpointShare) {
	labels := map[string]diag.Pos{}
	domains := map[dnsname.Name]diag.Pos{}
	for i := range s.Services {
		v := &s.Services[i]
		label := v.Label()
		if v.ServiceRegion != "" {
			label += " of " + string(v.ServiceRegion)
		}
		if before, twice := labels[label]; twice && v.Name != "" {
			r.problem(v.At("name"), CodeDuplicate, "the service "+label+" stands twice", "first at "+before.String(), "remove one")
			continue
		}
		labels[label] = v.At("name")
	}
	for i := range s.Own {
		v := &s.Own[i]
		if before, twice := labels[v.Name]; twice && v.Name != "" {
			r.problem(v.At("name"), CodeDuplicate, "two services are called "+v.Name, "first at "+before.String(), "give each its own name")
		} else {
			labels[v.Name] = v.At("name")
		}
		if before, twice := domains[v.Domain]; twice && !v.Domain.IsZero() {
			r.problem(v.At("domain"), CodeTwoOwners, "two services have the private DNS name "+v.Domain.String(), "first at "+before.String(), "give each its own")
		} else {
			domains[v.Domain] = v.At("domain")
		}
	}
}

// checkEndpointShares judges what needs more than one share, and fills in what
// other sections say.
func (c *Config) checkEndpointShares(r *reader) {
	for i := range c.EndpointShares {
		s := &c.EndpointShares[i]
		c.checkShareRegions(r, s)
		c.checkShareWith(r, s)
		c.checkSharedZones(r, s)
		empty := func(key string) bool {
			n := s.node.value(key)
			return n == nil || n.shape == null || n.shape == list && len(n.items) == 0
		}
		carries := func(z PrivateZone) bool { return z.Profile == s.Name }
		if empty("services") && empty("own") && empty("zones") && empty("rules") && empty("firewallGroups") && empty("queryLogs") && !slices.ContainsFunc(c.PrivateZones, carries) {
			r.problem(s.Pos, CodeMissingKey, "there is nothing to share", "", "write services, own or zones, or remove the share")
		}
		for j := range s.Own {
			s.Own[j].reach(s.Regions)
			c.checkOwnService(r, &s.Own[j])
			if o := &s.Own[j]; o.Region != "" && len(s.Regions) > 0 && !slices.Contains(s.Regions, o.Region) {
				r.problem(o.At("region"), CodeRegion, fmt.Sprintf("the service %s is in %s, which is not a Region of the share", o.Name, o.Region), "a service is made, and told of, in a Region of its share", "add "+string(o.Region)+" to regions")
			}
		}
		for j := range c.EndpointShares[:i] {
			other := &c.EndpointShares[j]
			if s.Name == other.Name && s.Name != "" {
				r.problem(s.At("name"), CodeDuplicate, "two endpoint shares are called "+s.Name, "first at "+other.At("name").String(), "give each its own name")
			}
			c.checkTwoShares(r, other, s)
		}
	}
	for i := range c.PrivateZones {
		c.checkCarried(r, &c.PrivateZones[i])
	}
	slices.SortStableFunc(c.EndpointShares, func(a, b EndpointShare) int { return strings.Compare(a.Name, b.Name) })
}

// checkShareRegions finds the Regions of a share, and the hub VPC of each.
func (c *Config) checkShareRegions(r *reader, s *EndpointShare) {
	if s.node.value("regions") == nil {
		if a, ok := c.Account(s.Account); ok {
			s.Regions = a.Regions
		} else if c.Defaults.Region != "" {
			s.Regions = []estate.Region{c.Defaults.Region}
		}
		if len(s.Regions) == 0 && !s.Account.IsZero() {
			r.problem(s.Pos, CodeRegion, "the Regions of the share are not known", "", "add regions, or those of the account, or defaults.region")
		}
	}
	if len(s.Regions) == 0 || len(s.Hubs) == 0 {
		return
	}
	all := -1 // the hub that is selected in every Region
	first := map[estate.Region]int{}
	for i, h := range s.Hubs {
		switch {
		case len(h.Regions) == 0 && len(h.VPCs) > 0:
		case len(h.Regions) == 0 && all >= 0:
			r.problem(h.Pos, CodeDuplicate, "two hub VPCs are selected in every Region", "first at "+s.Hubs[all].Pos.String(), "add region, or remove one")
		case len(h.Regions) == 0:
			all = i
		case !slices.Contains(s.Regions, h.Regions[0]):
			r.problem(h.At("region"), CodeRegion, string(h.Regions[0])+" is not a Region of the share", "", "add it to regions, or remove this VPC")
		default:
			if j, twice := first[h.Regions[0]]; twice {
				r.problem(h.At("region"), CodeDuplicate, string(h.Regions[0])+" has two hub VPCs", "first at "+s.Hubs[j].Pos.String(), "remove one")
				continue
			}
			first[h.Regions[0]] = i
		}
	}
	if all < 0 && len(s.Hubs) != len(s.Regions) {
		r.problem(s.At("vpc"), CodeRegion, fmt.Sprintf("the share has %s, and %s", count(len(s.Regions), "Region"), count(len(s.Hubs), "hub VPC")), "there is one in each Region", "name the VPC of each Region, or select it by tags")
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return itoa(n) + " " + what + "s"
}

// checkShareWith tells accounts from units, and units that cannot be read.
func (c *Config) checkShareWith(r *reader, s *EndpointShare) {
	const summary, hint = "units cannot be read without access to the organization", "add organization.access, or name the accounts"
	for _, sel := range s.Consumers {
		if len(sel.Units) > 0 && c.Access == nil {
			r.problem(sel.At("organizationalUnits"), CodeSelector, summary, "", hint)
		}
	}
	for _, ref := range s.ShareWith.written {
		if _, ok := c.Account(ref); ok {
			s.ShareWith.Accounts = append(s.ShareWith.Accounts, ref)
			continue
		}
		s.ShareWith.Units = append(s.ShareWith.Units, ref.Name)
		if c.Access == nil {
			r.problem(ref.Pos, CodeSelector, quote(ref.Name)+" is no account of the list, and "+summary, "", hint)
		}
	}
}

// checkSharedZones finds the zones that a share names by their domains.
func (c *Config) checkSharedZones(r *reader, s *EndpointShare) {
	for i := range s.Zones {
		z := &s.Zones[i]
		if z.Zone != "" && z.Account.IsZero() {
			z.Account = s.Account
		}
		for j := range s.Zones[:i] {
			other := &s.Zones[j]
			if same, _ := c.same(z.Account, other.Account); z.Domain == other.Domain && z.Zone == other.Zone && (same || z.Account.IsZero()) {
				r.problem(z.Pos, CodeDuplicate, "the zone "+z.what()+" stands twice", "first at "+other.Pos.String(), "remove one")
			}
		}
		if z.Domain.IsZero() {
			continue
		}
		var owners []AccountRef
		var known []string
		for k := range c.PrivateZones {
			p := &c.PrivateZones[k]
			known = append(known, p.Domain.String())
			if same, _ := c.same(p.Account, z.Account); p.Domain == z.Domain && (same || z.Account.IsZero()) {
				owners = append(owners, p.Account)
			}
		}
		switch {
		case len(owners) == 1:
			z.Account = owners[0]
		case len(owners) > 1:
			r.problem(z.Pos, CodeMissingKey, fmt.Sprintf("%s of privateZones have the domain %s", count(len(owners), "account"), z.Domain), "", "write it as in { domain: "+z.Domain.String()+", account: "+owners[0].Name+" }")
		default:
			hint := nearest(z.Domain.String(), known)
			if hint == "" {
				hint = "add it to privateZones, or write the ID of the zone"
			}
			r.problem(z.Pos, CodeUnknownZone, "privateZones has no zone "+z.Domain.String(), "", hint)
		}
	}
}

func (z SharedZone) what() string {
	if z.Zone != "" {
		return z.Zone
	}
	return z.Domain.String()
}

// reach fills in from where endpoints may reach a service of one Region: from the
// share's other ones, unless it is said.
func (s *OwnService) reach(regions []estate.Region) {
	if s.Region == "" || s.node.value("supportedRegions") != nil {
		return
	}
	for _, at := range regions {
		if at != s.Region {
			s.Regions = append(s.Regions, at)
		}
	}
}

// checkOwnService judges what the accounts of the list say of a service.
func (c *Config) checkOwnService(r *reader, s *OwnService) {
	owner, known := c.Account(s.Account)
	for i := range s.LoadBalancers {
		l := &s.LoadBalancers[i]
		if parts := strings.Split(l.ARN, ":"); known && len(parts) > 4 && parts[4] != string(owner.ID) && owner.ID != "" {
			r.problem(l.At("arn"), CodeUnknownAccount, fmt.Sprintf("the load balancer is in account %s, the service in %s", parts[4], owner.ID), "a service takes load balancers of its own account", "write account: with the load balancer's")
		}
	}
}

// checkCarried judges a private zone that the Profile of a share carries.
func (c *Config) checkCarried(r *reader, z *PrivateZone) {
	switch {
	case z.via == "" && z.Profile == "":
		return
	case z.Profile == "" && z.node.value("profile") == nil:
		r.problem(z.At("via"), CodeMissingKey, `the key "profile" is missing`, "it names the endpoint share whose Profile carries the zone", "")
		return
	case z.via == "" && z.node.value("via") == nil:
		r.problem(z.At("profile"), CodeMissingKey, "the zone has a Profile, and does not say that it is reached by it", "", "add `via: profile`")
	}
	if z.node.value("vpcs") != nil {
		r.problem(z.At("vpcs"), CodeKeyConflict, "a zone that a Profile carries has no VPCs of its own", "its VPCs are the consumers of the endpoint share", "remove vpcs, or via and profile")
	}
	if z.Profile == "" {
		return
	}
	var known []string
	for i := range c.EndpointShares {
		s := &c.EndpointShares[i]
		if s.Name == z.Profile {
			if s.Via != ViaProfile && s.Via != "" {
				r.problem(z.At("profile"), CodeKeyConflict, fmt.Sprintf("the endpoint share %s has no Profile: it is via %s", s.Name, s.Via), "see "+s.At("via").String(), "name a share with `via: profile`, or associate the VPCs")
			}
			return
		}
		if s.Via == ViaProfile {
			known = append(known, s.Name)
		}
	}
	hint := nearest(z.Profile, known)
	if hint == "" {
		hint = "name an endpoint share with `via: profile`"
	}
	r.problem(z.At("profile"), CodeUnknownShare, "there is no endpoint share "+quote(z.Profile), "", hint)
}

// checkTwoShares finds names that two shares would answer in one VPC.
func (c *Config) checkTwoShares(r *reader, a, b *EndpointShare) {
	together := slices.ContainsFunc(a.Consumers, func(x Selector) bool {
		return slices.ContainsFunc(b.Consumers, func(y Selector) bool { return c.meet(x, y) })
	})
	if !together || disjoint(a.Regions, b.Regions) {
		return
	}
	report := func(pos, before diag.Pos, what string) {
		r.problem(pos, CodeTwoOwners, fmt.Sprintf("the endpoint shares %s and %s both answer for %s", a.Name, b.Name, what), fmt.Sprintf("some of their consumers can be the same VPCs; it is in %s at %s", a.Name, before), "remove it from one, or narrow the consumers")
	}
	for i := range b.Services {
		for j := range a.Services {
			x, y := &a.Services[j], &b.Services[i]
			same := slices.ContainsFunc(b.Regions, func(at estate.Region) bool {
				nx, rx := x.In(at)
				ny, ry := y.In(at)
				return slices.Contains(a.Regions, at) && nx == ny && rx == ry
			})
			if same {
				report(y.At("name"), x.At("name"), y.Label())
			}
		}
	}
	for i := range b.Own {
		for j := range a.Own {
			if x, y := &a.Own[j], &b.Own[i]; x.Domain == y.Domain && !y.Domain.IsZero() {
				report(y.At("domain"), x.At("domain"), y.Domain.String())
			}
		}
	}
}

// meet reports whether two selections can mean one VPC, as far as the files
// show. Which accounts are in which unit only the organization knows: units of
// different names, and a unit beside an account, are taken for apart.
func (c *Config) meet(a, b Selector) bool {
	if len(a.Regions) > 0 && len(b.Regions) > 0 && disjoint(a.Regions, b.Regions) ||
		len(a.VPCs) > 0 && len(b.VPCs) > 0 && disjoint(a.VPCs, b.VPCs) {
		return false
	}
	for k, v := range a.Tags {
		if w, ok := b.Tags[k]; ok && v != w {
			return false
		}
	}
	everybody := func(s Selector) bool { return len(s.Accounts) == 0 && len(s.Units) == 0 }
	if everybody(a) || everybody(b) {
		return true
	}
	inside := func(x, y string) bool { return x == y || strings.HasPrefix(x, y+"/") }
	return slices.ContainsFunc(a.Accounts, func(x AccountRef) bool {
		return slices.ContainsFunc(b.Accounts, func(y AccountRef) bool { same, _ := c.same(x, y); return same })
	}) || slices.ContainsFunc(a.Units, func(x string) bool {
		return slices.ContainsFunc(b.Units, func(y string) bool { return inside(x, y) || inside(y, x) })
	})
}

// disjoint reports whether two lists have nothing in common.
func disjoint[T comparable](a, b []T) bool {
	return !slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}
