package estate

import (
	"net/netip"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// Types of Resolver rules (API_route53resolver_CreateResolverRule).
const (
	RuleForward  = "FORWARD"
	RuleSystem   = "SYSTEM"
	RuleDelegate = "DELEGATE"
)

// ResolverRule is a custom Route 53 Resolver rule; those that AWS makes itself
// are no rows, they follow from the VPC.
type ResolverRule struct {
	ID      string       `json:"id"` // rslvr-rr-…
	Account AccountID    `json:"account"`
	Region  Region       `json:"region"`
	Label   string       `json:"label,omitempty"` // its Name in the API, for people
	Domain  dnsname.Name `json:"domain"`
	Type    string       `json:"type"` // one of the Rule… types
	Targets []RuleTarget `json:"targets,omitempty"`
	// Endpoint is the outbound endpoint that a FORWARD or DELEGATE rule sends
	// through.
	Endpoint string `json:"endpoint,omitempty"`
	// Delegation is the DelegationRecord of a DELEGATE rule, which has no
	// Domain: name servers at or below this name are asked (R5.13).
	Delegation dnsname.Name `json:"delegation,omitzero"`
	Status     string       `json:"status,omitempty"` // StatusComplete, …; empty counts as complete
	Tags       Tags         `json:"tags,omitzero"`
}

// ARN of the rule.
func (r ResolverRule) ARN() string {
	return "arn:aws:route53resolver:" + string(r.Region) + ":" + string(r.Account) + ":resolver-rule/" + r.ID
}

func (r ResolverRule) Key() string { return r.ID }
func (r ResolverRule) IndexKeys() []string {
	keys := []string{ByRegion(r.Account, r.Region)}
	if r.Type == RuleDelegate {
		keys = append(keys, ByDelegation(r.Delegation))
	} else {
		keys = append(keys, ByName(r.Domain))
	}
	if r.Endpoint != "" {
		keys = append(keys, ByEndpoint(r.Endpoint))
	}
	for _, t := range r.Targets {
		keys = append(keys, ByAddress(t.IP))
	}
	return keys
}

// ByDelegation is the index key of DELEGATE rules by their DelegationRecord.
func ByDelegation(n dnsname.Name) string { return AllDelegations + n.Key() }

// AllDelegations is the prefix of the index keys of every DELEGATE rule.
const AllDelegations = "delegation/"

// ByEndpoint is the index key of the rules that send through an outbound
// endpoint.
func ByEndpoint(id string) string { return "endpoint/" + id }

// RuleTarget is where a FORWARD rule sends queries.
type RuleTarget struct {
	IP   netip.Addr `json:"ip"`
	Port uint16     `json:"port,omitempty"` // 0 is 53
}

// RuleAssociation puts a Resolver rule into effect in a VPC.
type RuleAssociation struct {
	ID      string    `json:"id"` // rslvr-rrassoc-…
	Rule    string    `json:"rule"`
	VPC     string    `json:"vpc"`
	Account AccountID `json:"account,omitempty"` // the VPC's owner
	Region  Region    `json:"region,omitempty"`
	Name    string    `json:"name,omitempty"`
	Status  string    `json:"status,omitempty"` // StatusComplete, …; empty counts as complete
}

func (a RuleAssociation) Key() string { return a.ID }
func (a RuleAssociation) IndexKeys() []string {
	return []string{ByRegion(a.Account, a.Region), ByVPC(a.VPC), ByRule(a.Rule), ByRuleVPC(a.Rule, a.VPC)}
}

// ByRule is the index key of the associations of a Resolver rule.
func ByRule(rule string) string { return "rule/" + rule }

// ByRuleVPC is the index key of the association of one rule with one VPC.
func ByRuleVPC(rule, vpc string) string { return "rule/" + rule + "/" + vpc }

// Directions of Resolver endpoints (API_route53resolver_CreateResolverEndpoint).
const (
	EndpointInbound    = "INBOUND"
	EndpointOutbound   = "OUTBOUND"
	EndpointDelegation = "INBOUND_DELEGATION"
)

// ResolverEndpoint is a Route 53 Resolver endpoint.
type ResolverEndpoint struct {
	ID        string            `json:"id"` // rslvr-in-…, rslvr-out-…
	Account   AccountID         `json:"account"`
	Region    Region            `json:"region"`
	VPC       string            `json:"vpc"`
	Direction string            `json:"direction"` // one of the Endpoint… directions
	Name      string            `json:"name,omitempty"`
	Status    string            `json:"status"` // StatusOperational, …
	Groups    []string          `json:"groups,omitempty"`
	IPType    string            `json:"ipType,omitempty"`    // IPV4, DUALSTACK, IPV6
	Protocols []string          `json:"protocols,omitempty"` // Do53, DoH, DoH-FIPS
	Addresses []ResolverAddress `json:"addresses,omitempty"`
	Tags      Tags              `json:"tags,omitzero"`
}

// ARN of the endpoint.
func (p ResolverEndpoint) ARN() string {
	return "arn:aws:route53resolver:" + string(p.Region) + ":" + string(p.Account) + ":resolver-endpoint/" + p.ID
}

func (p ResolverEndpoint) Key() string { return p.ID }

// IndexKeys are the owner, the VPC, and the addresses, by which a forward rule
// names an endpoint.
func (p ResolverEndpoint) IndexKeys() []string {
	keys := []string{ByRegion(p.Account, p.Region), ByVPC(p.VPC)}
	for _, a := range p.Addresses {
		keys = append(keys, ByAddress(a.IP))
	}
	return keys
}

// Serves reports whether the endpoint takes queries, also while it is being
// changed or mended (API_route53resolver_ResolverEndpoint, Status). One of no
// status is of a snapshot from before it was read.
func (p ResolverEndpoint) Serves() bool {
	switch p.Status {
	case "", StatusOperational, StatusUpdating, "AUTO_RECOVERING":
		return true
	}
	return false
}

// ByAddress is the index key of what has an IP address.
func ByAddress(ip netip.Addr) string { return "address/" + ip.String() }

// ResolverAddress is an address of a Resolver endpoint.
type ResolverAddress struct {
	ID     string     `json:"id"` // rni-…
	Subnet string     `json:"subnet"`
	IP     netip.Addr `json:"ip"`
}

// QueryLogConfig is a query logging configuration, as far as a Profile carries
// it; answers do not depend on it.
type QueryLogConfig struct {
	ID          string    `json:"id"` // rqlc-…
	Account     AccountID `json:"account"`
	Region      Region    `json:"region"`
	Name        string    `json:"name"`
	Destination string    `json:"destination"` // ARN
	Tags        Tags      `json:"tags,omitzero"`
}

// ARN of the configuration.
func (c QueryLogConfig) ARN() string {
	return "arn:aws:route53resolver:" + string(c.Region) + ":" + string(c.Account) + ":resolver-query-log-config/" + c.ID
}

func (c QueryLogConfig) Key() string         { return c.ID }
func (c QueryLogConfig) IndexKeys() []string { return []string{ByRegion(c.Account, c.Region)} }

// ResolverConfig is a VPC's own Resolver configuration
// (API_route53resolver_UpdateResolverConfig); a VPC without one has the
// defaults.
type ResolverConfig struct {
	VPC string `json:"vpc"`
	// ReverseDisabled takes away the autodefined rules for reverse lookups.
	ReverseDisabled bool `json:"reverseDisabled,omitempty"`
}

func (c ResolverConfig) Key() string { return c.VPC }

// Actions and block responses of DNS Firewall rules
// (API_route53resolver_CreateFirewallRule).
const (
	FirewallAllow    = "ALLOW"
	FirewallAlert    = "ALERT"
	FirewallBlock    = "BLOCK"
	FirewallNoData   = "NODATA"
	FirewallNXDomain = "NXDOMAIN"
	FirewallOverride = "OVERRIDE"
)

// FirewallGroup is a DNS Firewall rule group.
type FirewallGroup struct {
	ID      string         `json:"id"` // rslvr-frg-…
	Account AccountID      `json:"account"`
	Region  Region         `json:"region"`
	Rules   []FirewallRule `json:"rules,omitempty"`
	Tags    Tags           `json:"tags,omitzero"`
}

// ARN of the group.
func (g FirewallGroup) ARN() string {
	return "arn:aws:route53resolver:" + string(g.Region) + ":" + string(g.Account) + ":firewall-rule-group/" + g.ID
}

func (g FirewallGroup) Key() string         { return g.ID }
func (g FirewallGroup) IndexKeys() []string { return []string{ByRegion(g.Account, g.Region)} }

// FirewallRule is one rule of a group, with the names of its domain list.
type FirewallRule struct {
	Priority int32 `json:"priority"` // unique in the group, lower first
	// Domains of the rule's list; a wildcard covers everything below it, "*"
	// alone everything.
	Domains []dnsname.Name `json:"domains"`
	Type    string         `json:"type,omitempty"` // the one query type inspected; empty is every type
	Action  string         `json:"action"`         // one of the Firewall… actions
	Block   string         `json:"block,omitempty"`
	// Override is the CNAME that a blocked name is answered with.
	Override    dnsname.Name `json:"override,omitzero"`
	OverrideTTL uint32       `json:"overrideTTL,omitempty"` // seconds
	// FirstOnly inspects the name asked and trusts what it redirects to
	// (TRUST_REDIRECTION_DOMAIN).
	FirstOnly bool `json:"firstOnly,omitempty"`
}

// FirewallAssociation puts a rule group into effect in a VPC.
type FirewallAssociation struct {
	ID       string `json:"id"` // rslvr-frgassoc-…
	Group    string `json:"group"`
	VPC      string `json:"vpc"`
	Priority int32  `json:"priority"` // unique in the VPC, lower first
}

func (a FirewallAssociation) Key() string { return a.ID }
func (a FirewallAssociation) IndexKeys() []string {
	return []string{ByVPC(a.VPC), "group/" + a.Group}
}

// Registration is a delegation made outside the estate: a domain at its
// registrar (Route 53 Domains or another), or a subdomain in a parent zone that
// is held elsewhere. Without one, a public zone that has no public zone above
// it in the estate counts as delegated.
type Registration struct {
	Domain      dnsname.Name   `json:"domain"`
	NameServers []dnsname.Name `json:"nameServers"`
	Account     AccountID      `json:"account,omitempty"` // with Route 53 Domains
}

func (r Registration) Key() string { return r.Domain.Key() }
