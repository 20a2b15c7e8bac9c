package resolve

// Policy holds every choice that AWS does not document, one field a switch of
// the index in docs/fidelity.md, and what is known of the world. Begin with
// DefaultPolicy; the zero Policy is another model, not a default.
//
// Switches for what services refuse (duplicate rule names, the order of checks
// of AssociateVPCWithHostedZone) stand with these services.
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
	// NoForwardTarget is the outcome of a FORWARD rule without a target (R4.5).
	NoForwardTarget Outcome
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
	OccludeBelowCut:          true,
	Lame:                     ServFail,
	ChaseInZone:              true,
	DanglingAlias:            NoError,
	AliasTTL:                 60,
	CNAMERestart:             true,
	MaxHops:                  16,
	WildcardENT:              true,
}
