package resolve

import "net/netip"

// Policy holds every choice that AWS does not document, one field a switch of
// the index in docs/fidelity.md, and what is known of the world. Begin with
// DefaultPolicy; the zero Policy is another model, not a default.
//
// Switches for what services refuse (duplicate rule names, two zones of one name
// in a Profile, the order of checks of AssociateVPCWithHostedZone) stand with
// these services.
type Policy struct {
	// Closed says that the estate holds all that there is, as in the twin: a
	// name that is nowhere does not exist. In an open estate such a name is
	// Outside, and an alias target that is not held is answered by its name.
	// Estate.Closed tells when an estate is closed anyway.
	Closed bool
	// Unhealthy are the health checks that fail, by ID.
	Unhealthy map[string]bool

	// DNSSupportOff is the outcome in a VPC without DNS support (R1.2).
	DNSSupportOff Outcome
	// HostnamesOffFallsThrough lets evaluation go on with custom rules and
	// recursion where private zones do not apply (R1.4); else SERVFAIL.
	HostnamesOffFallsThrough bool
	// SystemKeepsZones lets a SYSTEM rule switch off shallower FORWARD rules
	// only, so that private zones still answer (R1.13, R1.14); else it means
	// recursion.
	SystemKeepsZones bool
	// AutodefinedUnknown is the outcome for an unknown name under an
	// autodefined local zone (R1.22).
	AutodefinedUnknown Outcome
	// PrivateNegativeStrict answers NODATA only for a name that exists, as
	// public zones do; without, a private zone says NXDOMAIN whenever it has
	// no record of that name and type (R1.25).
	PrivateNegativeStrict bool
	// NoForwardTarget is the outcome of a rule that reaches none of its
	// targets, or has no outbound endpoint any more (R4.5).
	NoForwardTarget Outcome
	// ProfileOriginFirst lets a VPC's own private zone beat its Profile's
	// FORWARD rule of the same name; else rules come before zones wherever
	// they are from (R2.6).
	ProfileOriginFirst bool
	// ProfileDelegates lets a Profile carry DELEGATE rules (R2.1).
	ProfileDelegates bool
	// ProfileNeedsPrivateDNS lets an endpoint's private names count in the
	// VPCs of a Profile only while its private DNS is on (R2.12).
	ProfileNeedsPrivateDNS bool
	// FirewallByPriority orders the DNS Firewall groups of a VPC and of its
	// Profile by priority together, the VPC's first at the same; else all of
	// the VPC's come first (R2.1; no page says).
	FirewallByPriority bool
	// EndpointWholeSet answers an endpoint's name with the addresses of all
	// its network interfaces; else with the first (R3.1).
	EndpointWholeSet bool
	// ManagedZoneNegative lets the zone of a private name, or of a custom domain of
	// VPC Lattice, answer for all that is below it, NXDOMAIN where it has nothing
	// (R3.4); else such names are resolved as if it were not there.
	ManagedZoneNegative bool
	// ForwardBeatsManaged lets a FORWARD rule of exactly a private name's zone
	// win over it, as over a private zone (R3.6).
	ForwardBeatsManaged bool
	// ZoneBeatsLattice lets any other zone of a name answer before the one that
	// VPC Lattice manages for the custom domain of a resource (R7.4); else that of
	// VPC Lattice does.
	ZoneBeatsLattice bool
	// KeepUnverifiedName answers the private name of an endpoint service also
	// when its verification does not stand any more (R3.7).
	KeepUnverifiedName bool
	// VPCPlus2 is the outcome of a FORWARD rule whose target is the resolver
	// of a VPC (R4.4).
	VPCPlus2 Outcome
	// Servers are what servers outside the estate are known to answer, by
	// address (R4.4); anything else asked of them is External.
	Servers map[netip.Addr][]RR
	// Loop is the outcome of a query that comes back to itself (R4.7).
	Loop Outcome
	// DelegateDeepest takes the deepest of several DELEGATE rules that match,
	// else the first by ID (R5.13).
	DelegateDeepest bool
	// InboundDelegationRecursion lets an INBOUND_DELEGATION endpoint resolve
	// what its private zones do not hold; else it refuses (R5.17).
	InboundDelegationRecursion bool
	// OccludeBelowCut hides a public zone's records at and below a delegated
	// name (R5.4).
	OccludeBelowCut bool
	// Lame is the outcome when no listed server holds the zone (R5.6).
	Lame Outcome
	// PrivateCutWithoutDelegate makes an NS record in a private zone a cut even
	// where no DELEGATE rule matches (R5.15).
	PrivateCutWithoutDelegate bool
	// ChaseInZone lets a name server follow a CNAME inside its zone, as RFC
	// 1034 section 4.3.2 has it; the final answer of a resolver is the same
	// either way.
	ChaseInZone bool
	// DanglingAlias is the outcome of an alias whose target is gone (R6.8);
	// NoError is NODATA.
	DanglingAlias Outcome
	// AliasTTL is the TTL in seconds of an alias to an AWS resource whose own
	// is not known (R6.6).
	AliasTTL uint32
	// CNAMERestart lets the resolver follow a CNAME from the start of the
	// evaluation, in the same VPC (R6.10); without, it stops at the CNAME.
	CNAMERestart bool
	// MaxHops is the number of CNAMEs followed before SERVFAIL (R6.10).
	MaxHops int
	// WildcardENT applies wildcards only below the closest encloser, empty
	// non-terminals counted as names (R6.14, R6.15); without, the nearest
	// wildcard above answers.
	WildcardENT bool
}

// DefaultPolicy is the model of reference: each switch as its rule says.
var DefaultPolicy = Policy{
	DNSSupportOff:            NoResponse,
	HostnamesOffFallsThrough: true,
	SystemKeepsZones:         true,
	AutodefinedUnknown:       NXDomain,
	PrivateNegativeStrict:    true,
	NoForwardTarget:          ServFail,
	ProfileOriginFirst:       true,
	ProfileNeedsPrivateDNS:   true,
	FirewallByPriority:       true,
	EndpointWholeSet:         true,
	ManagedZoneNegative:      true,
	ForwardBeatsManaged:      true,
	ZoneBeatsLattice:         true,
	KeepUnverifiedName:       true,
	VPCPlus2:                 ServFail,
	Loop:                     ServFail,
	DelegateDeepest:          true,
	OccludeBelowCut:          true,
	Lame:                     ServFail,
	ChaseInZone:              true,
	DanglingAlias:            NoError,
	AliasTTL:                 60,
	CNAMERestart:             true,
	MaxHops:                  16,
	WildcardENT:              true,
}
