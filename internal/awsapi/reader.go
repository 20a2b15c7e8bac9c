package awsapi

import (
	"context"
	"fmt"

	"github.com/orgdns/orgdns/internal/estate"
)

// Reader answers queries about the organization. It has no method that writes.
type Reader struct{ *caller }

// Patch brings an answer into the estate: what was read replaces all that the
// estate held about the query, and what the query does not tell is kept.
type Patch = func(*estate.Estate)

// reads is how each kind of query is answered.
var reads = map[estate.QueryKind]func(*caller, context.Context, estate.Query) (Patch, error){
	estate.QueryIdentity:       (*caller).readIdentity,
	estate.QueryOrganization:   (*caller).readOrganization,
	estate.QueryAccounts:       (*caller).readAccounts,
	estate.QueryZones:          (*caller).readZones,
	estate.QueryZone:           (*caller).readZone,
	estate.QueryRecords:        (*caller).readRecords,
	estate.QueryZoneTags:       (*caller).readZoneTags,
	estate.QueryVPCs:           (*caller).readVPCs,
	estate.QuerySubnets:        (*caller).readSubnets,
	estate.QueryAuthorizations: (*caller).readAuthorizations,
	estate.QueryVPCZones:       (*caller).readVPCZones,
	estate.QueryCertificates:   (*caller).readCertificates,
	estate.QueryRole:           (*caller).readRole,
	estate.QueryLimits:         (*caller).readLimits,

	estate.QueryPrincipals:       (*caller).readPrincipals,
	estate.QueryControlPolicies:  (*caller).readControlPolicies,
	estate.QueryResourcePolicies: (*caller).readResourcePolicies,

	estate.QueryEndpoints:           (*caller).readEndpoints,
	estate.QueryEndpointServices:    (*caller).readEndpointServices,
	estate.QueryOffers:              (*caller).readOffers,
	estate.QueryLoadBalancers:       (*caller).readLoadBalancers,
	estate.QuerySecurityGroups:      (*caller).readSecurityGroups,
	estate.QueryRouteTables:         (*caller).readRouteTables,
	estate.QueryNetworkACLs:         (*caller).readNetworkACLs,
	estate.QueryPeerings:            (*caller).readPeerings,
	estate.QueryTransitGateways:     (*caller).readTransitGateways,
	estate.QueryTransitAttachments:  (*caller).readTransitAttachments,
	estate.QueryTransitTables:       (*caller).readTransitTables,
	estate.QueryResolverEndpoints:   (*caller).readResolverEndpoints,
	estate.QueryResolverRules:       (*caller).readResolverRules,
	estate.QueryRuleAssociations:    (*caller).readRuleAssociations,
	estate.QueryFirewallGroup:       (*caller).readFirewallGroup,
	estate.QueryQueryLog:            (*caller).readQueryLog,
	estate.QueryProfiles:            (*caller).readProfiles,
	estate.QueryProfileAssociations: (*caller).readProfileAssociations,
	estate.QueryShares:              (*caller).readShares,
	estate.QueryInvitations:         (*caller).readInvitations,
	estate.QueryFunctions:           (*caller).readFunctions,
	estate.QueryLatticeServices:     (*caller).readLatticeServices,
	estate.QueryLatticeService:      (*caller).readLatticeService,
	estate.QueryTrails:              (*caller).readTrails,

	estate.QueryEvents:     (*caller).readEvents,
	estate.QueryQueues:     (*caller).readQueues,
	estate.QueryParameters: (*caller).readParameters,
}

// Read answers a query. It touches no estate: the patch is applied by whoever
// owns one, who also records the Answer, with Code(err) when the query was
// refused. That something does not exist is an answer, not an error.
func (r *Reader) Read(ctx context.Context, q estate.Query) (Patch, error) {
	read, ok := reads[q.Kind]
	if !ok {
		return nil, fmt.Errorf("AWS is not asked for %s", q)
	}
	patch, err := read(r.caller, ctx, q)
	if err != nil {
		return nil, plain(err)
	}
	return patch, nil
}
