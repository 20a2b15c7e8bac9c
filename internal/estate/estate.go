// Package estate is the organization as a value: accounts, VPCs, zones,
// records and whatever else decides what a name resolves to, as plain data,
// together with the questions about them that were answered. There is one
// Estate type and three ways to get one: read from AWS, from a snapshot file,
// or out of the twin.
//
// An Estate is copied by assignment, at no cost, and the copies change apart.
// What stands in it is never secret. Not here: how it is read, what should be
// changed, and what a resolver makes of it.
package estate

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// AccountID is the twelve digits of an AWS account.
type AccountID string

// Region is an AWS Region's code, "eu-west-1". Global services have none.
type Region string

// Tags of a resource. A nil map means that they were not read.
type Tags map[string]string

// Estate is the organization's DNS-relevant resources.
type Estate struct {
	Caller       Caller
	Organization Organization
	Accounts     Table[Account]
	Units        Table[Unit]
	Policies     Table[OrganizationPolicy] // service and resource control policies

	VPCs               Table[VPC]
	Subnets            Table[Subnet]
	Shares             Table[Share]
	Invitations        Table[Invitation]
	Permissions        Table[Permission]
	Endpoints          Table[Endpoint]
	EndpointServices   Table[EndpointService]
	Offers             Table[ServiceOffer]
	LoadBalancers      Table[LoadBalancer]
	SecurityGroups     Table[SecurityGroup]
	RouteTables        Table[RouteTable]
	NetworkACLs        Table[NetworkACL]
	Peerings           Table[Peering]
	TransitGateways    Table[TransitGateway]
	TransitAttachments Table[TransitAttachment]
	TransitTables      Table[TransitTable]

	Zones          Table[Zone]
	Records        Table[RecordSet]
	Authorizations Table[ZoneAuthorization]
	VPCZones       Table[VPCZone]
	DelegationSets Table[DelegationSet]
	Targets        Table[AliasTarget]
	Certificates   Table[Certificate]
	Registrations  Table[Registration]

	LatticeServices     Table[LatticeService]
	LatticeNetworks     Table[LatticeNetwork]
	LatticeAssociations Table[LatticeAssociation]
	LatticeGateways     Table[LatticeGateway]
	LatticeResources    Table[LatticeResource]

	ResolverRules        Table[ResolverRule]
	RuleAssociations     Table[RuleAssociation]
	ResolverEndpoints    Table[ResolverEndpoint]
	ResolverConfigs      Table[ResolverConfig]
	FirewallGroups       Table[FirewallGroup]
	FirewallAssociations Table[FirewallAssociation]
	QueryLogConfigs      Table[QueryLogConfig]
	Profiles             Table[Profile]
	ProfileResources     Table[ProfileResource]
	ProfileAssociations  Table[ProfileAssociation]
	Functions            Table[Function]

	Roles           Table[Role]
	Users           Table[User]
	Groups          Table[Group]
	ManagedPolicies Table[ManagedPolicy]

	ResourcePolicies Table[ResourcePolicy]

	Queues     Table[Queue]
	EventBuses Table[EventBus]
	EventRules Table[EventRule]
	Parameters Table[Parameter]
	Trails     Table[Trail]

	Quotas Table[Quota]
	Public Table[PublicAnswer]

	Answers Table[Answer] // what was asked, and what came of it
}

// ByAccount is the index key under which resources are found by owner.
func ByAccount(id AccountID) string { return "account/" + string(id) }

// ByRegion is the index key of an owner's resources in one Region.
func ByRegion(id AccountID, r Region) string { return "region/" + string(id) + "/" + string(r) }

// snapshot is the file form of an Estate.
type snapshot struct {
	Version              int                   `json:"version"`
	Caller               Caller                `json:"caller,omitzero"`
	Organization         Organization          `json:"organization,omitzero"`
	Accounts             []Account             `json:"accounts,omitempty"`
	Units                []Unit                `json:"units,omitempty"`
	Policies             []OrganizationPolicy  `json:"policies,omitempty"`
	VPCs                 []VPC                 `json:"vpcs,omitempty"`
	Subnets              []Subnet              `json:"subnets,omitempty"`
	Shares               []Share               `json:"shares,omitempty"`
	Invitations          []Invitation          `json:"invitations,omitempty"`
	Permissions          []Permission          `json:"permissions,omitempty"`
	Endpoints            []Endpoint            `json:"endpoints,omitempty"`
	EndpointServices     []EndpointService     `json:"endpointServices,omitempty"`
	Offers               []ServiceOffer        `json:"offers,omitempty"`
	LoadBalancers        []LoadBalancer        `json:"loadBalancers,omitempty"`
	SecurityGroups       []SecurityGroup       `json:"securityGroups,omitempty"`
	RouteTables          []RouteTable          `json:"routeTables,omitempty"`
	NetworkACLs          []NetworkACL          `json:"networkACLs,omitempty"`
	Peerings             []Peering             `json:"peerings,omitempty"`
	TransitGateways      []TransitGateway      `json:"transitGateways,omitempty"`
	TransitAttachments   []TransitAttachment   `json:"transitAttachments,omitempty"`
	TransitTables        []TransitTable        `json:"transitTables,omitempty"`
	Zones                []Zone                `json:"zones,omitempty"`
	Records              []RecordSet           `json:"records,omitempty"`
	Authorizations       []ZoneAuthorization   `json:"authorizations,omitempty"`
	VPCZones             []VPCZone             `json:"vpcZones,omitempty"`
	DelegationSets       []DelegationSet       `json:"delegationSets,omitempty"`
	Targets              []AliasTarget         `json:"targets,omitempty"`
	Certificates         []Certificate         `json:"certificates,omitempty"`
	Registrations        []Registration        `json:"registrations,omitempty"`
	LatticeServices      []LatticeService      `json:"latticeServices,omitempty"`
	LatticeNetworks      []LatticeNetwork      `json:"latticeNetworks,omitempty"`
	LatticeAssociations  []LatticeAssociation  `json:"latticeAssociations,omitempty"`
	LatticeGateways      []LatticeGateway      `json:"latticeGateways,omitempty"`
	LatticeResources     []LatticeResource     `json:"latticeResources,omitempty"`
	ResolverRules        []ResolverRule        `json:"resolverRules,omitempty"`
	RuleAssociations     []RuleAssociation     `json:"ruleAssociations,omitempty"`
	ResolverEndpoints    []ResolverEndpoint    `json:"resolverEndpoints,omitempty"`
	ResolverConfigs      []ResolverConfig      `json:"resolverConfigs,omitempty"`
	FirewallGroups       []FirewallGroup       `json:"firewallGroups,omitempty"`
	FirewallAssociations []FirewallAssociation `json:"firewallAssociations,omitempty"`
	QueryLogConfigs      []QueryLogConfig      `json:"queryLogConfigs,omitempty"`
	Profiles             []Profile             `json:"profiles,omitempty"`
	ProfileResources     []ProfileResource     `json:"profileResources,omitempty"`
	ProfileAssociations  []ProfileAssociation  `json:"profileAssociations,omitempty"`
	Functions            []Function            `json:"functions,omitempty"`
	Roles                []Role                `json:"roles,omitempty"`
	Users                []User                `json:"users,omitempty"`
	Groups               []Group               `json:"groups,omitempty"`
	ManagedPolicies      []ManagedPolicy       `json:"managedPolicies,omitempty"`
	ResourcePolicies     []ResourcePolicy      `json:"resourcePolicies,omitempty"`
	Queues               []Queue               `json:"queues,omitempty"`
	EventBuses           []EventBus            `json:"eventBuses,omitempty"`
	EventRules           []EventRule           `json:"eventRules,omitempty"`
	Parameters           []Parameter           `json:"parameters,omitempty"`
	Trails               []Trail               `json:"trails,omitempty"`
	Quotas               []Quota               `json:"quotas,omitempty"`
	Public               []PublicAnswer        `json:"public,omitempty"`
	Answers              []Answer              `json:"answers,omitempty"`
}

// snapshotVersion grows when a file of before can no longer be read.
const snapshotVersion = 1

// MarshalJSON gives the snapshot form: lists in key order, the same bytes for
// the same estate.
func (e Estate) MarshalJSON() ([]byte, error) {
	return json.Marshal(snapshot{
		Version:              snapshotVersion,
		Caller:               e.Caller,
		Organization:         e.Organization,
		Accounts:             slices.Collect(e.Accounts.All()),
		Units:                slices.Collect(e.Units.All()),
		Policies:             slices.Collect(e.Policies.All()),
		VPCs:                 slices.Collect(e.VPCs.All()),
		Subnets:              slices.Collect(e.Subnets.All()),
		Shares:               slices.Collect(e.Shares.All()),
		Invitations:          slices.Collect(e.Invitations.All()),
		Permissions:          slices.Collect(e.Permissions.All()),
		Endpoints:            slices.Collect(e.Endpoints.All()),
		EndpointServices:     slices.Collect(e.EndpointServices.All()),
		Offers:               slices.Collect(e.Offers.All()),
		LoadBalancers:        slices.Collect(e.LoadBalancers.All()),
		SecurityGroups:       slices.Collect(e.SecurityGroups.All()),
		RouteTables:          slices.Collect(e.RouteTables.All()),
		NetworkACLs:          slices.Collect(e.NetworkACLs.All()),
		Peerings:             slices.Collect(e.Peerings.All()),
		TransitGateways:      slices.Collect(e.TransitGateways.All()),
		TransitAttachments:   slices.Collect(e.TransitAttachments.All()),
		TransitTables:        slices.Collect(e.TransitTables.All()),
		Zones:                slices.Collect(e.Zones.All()),
		Records:              slices.Collect(e.Records.All()),
		Authorizations:       slices.Collect(e.Authorizations.All()),
		VPCZones:             slices.Collect(e.VPCZones.All()),
		DelegationSets:       slices.Collect(e.DelegationSets.All()),
		Targets:              slices.Collect(e.Targets.All()),
		Certificates:         slices.Collect(e.Certificates.All()),
		Registrations:        slices.Collect(e.Registrations.All()),
		LatticeServices:      slices.Collect(e.LatticeServices.All()),
		LatticeNetworks:      slices.Collect(e.LatticeNetworks.All()),
		LatticeAssociations:  slices.Collect(e.LatticeAssociations.All()),
		LatticeGateways:      slices.Collect(e.LatticeGateways.All()),
		LatticeResources:     slices.Collect(e.LatticeResources.All()),
		ResolverRules:        slices.Collect(e.ResolverRules.All()),
		RuleAssociations:     slices.Collect(e.RuleAssociations.All()),
		ResolverEndpoints:    slices.Collect(e.ResolverEndpoints.All()),
		ResolverConfigs:      slices.Collect(e.ResolverConfigs.All()),
		FirewallGroups:       slices.Collect(e.FirewallGroups.All()),
		FirewallAssociations: slices.Collect(e.FirewallAssociations.All()),
		QueryLogConfigs:      slices.Collect(e.QueryLogConfigs.All()),
		Profiles:             slices.Collect(e.Profiles.All()),
		ProfileResources:     slices.Collect(e.ProfileResources.All()),
		ProfileAssociations:  slices.Collect(e.ProfileAssociations.All()),
		Functions:            slices.Collect(e.Functions.All()),
		Roles:                slices.Collect(e.Roles.All()),
		Users:                slices.Collect(e.Users.All()),
		Groups:               slices.Collect(e.Groups.All()),
		ManagedPolicies:      slices.Collect(e.ManagedPolicies.All()),
		ResourcePolicies:     slices.Collect(e.ResourcePolicies.All()),
		Queues:               slices.Collect(e.Queues.All()),
		EventBuses:           slices.Collect(e.EventBuses.All()),
		EventRules:           slices.Collect(e.EventRules.All()),
		Parameters:           slices.Collect(e.Parameters.All()),
		Trails:               slices.Collect(e.Trails.All()),
		Quotas:               slices.Collect(e.Quotas.All()),
		Public:               slices.Collect(e.Public.All()),
		Answers:              slices.Collect(e.Answers.All()),
	})
}

// UnmarshalJSON reads the snapshot form.
func (e *Estate) UnmarshalJSON(b []byte) error {
	var head struct{ Version int }
	if err := json.Unmarshal(b, &head); err != nil {
		return fmt.Errorf("estate snapshot: %w", err)
	}
	if head.Version != snapshotVersion {
		return fmt.Errorf("estate snapshot has version %d; this orgdns reads version %d", head.Version, snapshotVersion)
	}
	var s snapshot
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return fmt.Errorf("estate snapshot: %w", err)
	}
	*e = Estate{Caller: s.Caller, Organization: s.Organization}
	e.Accounts.Put(s.Accounts...)
	e.Units.Put(s.Units...)
	e.Policies.Put(s.Policies...)
	e.VPCs.Put(s.VPCs...)
	e.Subnets.Put(s.Subnets...)
	e.Shares.Put(s.Shares...)
	e.Invitations.Put(s.Invitations...)
	e.Permissions.Put(s.Permissions...)
	e.Endpoints.Put(s.Endpoints...)
	e.EndpointServices.Put(s.EndpointServices...)
	e.Offers.Put(s.Offers...)
	e.LoadBalancers.Put(s.LoadBalancers...)
	e.SecurityGroups.Put(s.SecurityGroups...)
	e.RouteTables.Put(s.RouteTables...)
	e.NetworkACLs.Put(s.NetworkACLs...)
	e.Peerings.Put(s.Peerings...)
	e.TransitGateways.Put(s.TransitGateways...)
	e.TransitAttachments.Put(s.TransitAttachments...)
	e.TransitTables.Put(s.TransitTables...)
	e.Zones.Put(s.Zones...)
	e.Records.Put(s.Records...)
	e.Authorizations.Put(s.Authorizations...)
	e.VPCZones.Put(s.VPCZones...)
	e.DelegationSets.Put(s.DelegationSets...)
	e.Targets.Put(s.Targets...)
	e.Certificates.Put(s.Certificates...)
	e.Registrations.Put(s.Registrations...)
	e.LatticeServices.Put(s.LatticeServices...)
	e.LatticeNetworks.Put(s.LatticeNetworks...)
	e.LatticeAssociations.Put(s.LatticeAssociations...)
	e.LatticeGateways.Put(s.LatticeGateways...)
	e.LatticeResources.Put(s.LatticeResources...)
	e.ResolverRules.Put(s.ResolverRules...)
	e.RuleAssociations.Put(s.RuleAssociations...)
	e.ResolverEndpoints.Put(s.ResolverEndpoints...)
	e.ResolverConfigs.Put(s.ResolverConfigs...)
	e.FirewallGroups.Put(s.FirewallGroups...)
	e.FirewallAssociations.Put(s.FirewallAssociations...)
	e.QueryLogConfigs.Put(s.QueryLogConfigs...)
	e.Profiles.Put(s.Profiles...)
	e.ProfileResources.Put(s.ProfileResources...)
	e.ProfileAssociations.Put(s.ProfileAssociations...)
	e.Functions.Put(s.Functions...)
	e.Roles.Put(s.Roles...)
	e.Users.Put(s.Users...)
	e.Groups.Put(s.Groups...)
	e.ManagedPolicies.Put(s.ManagedPolicies...)
	e.ResourcePolicies.Put(s.ResourcePolicies...)
	e.Queues.Put(s.Queues...)
	e.EventBuses.Put(s.EventBuses...)
	e.EventRules.Put(s.EventRules...)
	e.Parameters.Put(s.Parameters...)
	e.Trails.Put(s.Trails...)
	e.Quotas.Put(s.Quotas...)
	e.Public.Put(s.Public...)
	e.Answers.Put(s.Answers...)
	return nil
}

// Write writes the snapshot form, indented.
func (e Estate) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(e)
}

// Match reports whether the tags have every wanted key and value.
func (t Tags) Match(want map[string]string) bool {
	for k, v := range want {
		if got, ok := t[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// With is a copy of the tags with others put over them.
func (t Tags) With(more map[string]string) Tags {
	out := Tags{}
	maps.Copy(out, t)
	maps.Copy(out, more)
	return out
}
