// Package route53 is Route 53 of the twin: hosted zones, record sets, changes,
// tags, delegation sets, limits, associations with VPCs and health checks, as
// handlers over the world's state. Texts of errors are AWS's where they were
// seen in public; the functions that make them say where.
//
// Not here: traffic policies, CIDR collections and DNSSEC keys, whose
// operations have no handler; what a name resolves to (package resolve); and
// the rates of requests, which the assembly takes from [Rate]. Neither enforced
// is that AWS reserves example.com and its like (InvalidDomainName "… is
// reserved by AWS!"): examples and tests live on those names.
//
// "One change in flight per zone" (PriorRequestNotComplete) means a call that
// has not been answered. Handlers run one after another, so it arises only while
// an answer is slow.
package route53

import (
	"time"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Propagation is how long a change is PENDING before it is INSYNC: "generally
// within 60 seconds" (API_ChangeResourceRecordSets).
const Propagation = time.Minute

// Handlers are the operations that the twin has.
func Handlers() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createHostedZone),
		wire.Handle(getHostedZone),
		wire.Handle(updateHostedZoneComment),
		wire.Handle(deleteHostedZone),
		wire.Handle(listHostedZones),
		wire.Handle(listHostedZonesByName),
		wire.Handle(listHostedZonesByVPC),
		wire.Handle(getHostedZoneCount),
		wire.Handle(changeResourceRecordSets),
		wire.Handle(listResourceRecordSets),
		wire.Handle(getChange),
		wire.Handle(associateVPC),
		wire.Handle(disassociateVPC),
		wire.Handle(createAuthorization),
		wire.Handle(deleteAuthorization),
		wire.Handle(listAuthorizations),
		wire.Handle(createDelegationSet),
		wire.Handle(getDelegationSet),
		wire.Handle(listDelegationSets),
		wire.Handle(deleteDelegationSet),
		wire.Handle(changeTags),
		wire.Handle(listTags),
		wire.Handle(listTagsOfMany),
		wire.Handle(getAccountLimit),
		wire.Handle(getHostedZoneLimit),
		wire.Handle(getDelegationSetLimit),
		wire.Handle(getDNSSEC),
		wire.Handle(testDNSAnswer),
		wire.Handle(listGeoLocations),
		wire.Handle(getGeoLocation),
		wire.Handle(createHealthCheck),
		wire.Handle(getHealthCheck),
		wire.Handle(getHealthCheckCount),
		wire.Handle(listHealthChecks),
		wire.Handle(deleteHealthCheck),
	}
}

// Service is the name under which signatures, rates and the log of calls know
// Route 53.
const Service = "route53"

// AllActions is the bucket over every request of an account.
var AllActions = world.Rate{Burst: 50, Refill: 10}

// Rate is the bucket of one action in an account, in requests (Developer Guide,
// throttling-api-requests.html).
func Rate(operation string) world.Rate {
	switch operation {
	case "AssociateVPCWithHostedZone":
		return world.Rate{Burst: 20, Refill: 5}
	case "DisassociateVPCFromHostedZone":
		return world.Rate{Burst: 10, Refill: 5}
	case "CreateHostedZone":
		return world.Rate{Burst: 40, Refill: 2}
	case "DeleteHostedZone":
		return world.Rate{Burst: 40, Refill: 5}
	}
	return AllActions
}

// changeRate is the bucket of changes in an account (same page): CREATE and
// DELETE of a record cost 1, UPSERT 2, and making or deleting a zone or the
// association of a VPC 2.
var changeRate = world.Rate{Burst: 1500, Refill: 100}

const zoneChangeCost = 2

// spend takes tokens for changes; refused requests cost none.
func spend(c *world.Call, tokens int) error {
	if c.World.Take(Service+"/changes/"+string(c.Account()), changeRate, float64(tokens)) {
		return nil
	}
	return throttled()
}

// quota is how many of something an account may have: what the estate says of
// the account, or AWS's default (Developer Guide, DNSLimitations.html). Without
// the world's Limits there is none, and ok is false.
func quota(c *world.Call, account estate.AccountID, code, id string) (n int64, ok bool) {
	return quotaValue(c.Estate(), account, code, id), c.World.Limits
}

func quotaValue(e *estate.Estate, account estate.AccountID, code, id string) int64 {
	if q, ok := e.Quotas.Get(estate.Quota{Account: account, Code: code, ID: id}.Key()); ok {
		return q.Value
	}
	return quotas[code]
}

// Codes of quotas, as GetAccountLimit and its like name them; those below the
// line have no operation that tells them.
const (
	quotaZones            = "MAX_HOSTED_ZONES_BY_OWNER"
	quotaHealthChecks     = "MAX_HEALTH_CHECKS_BY_OWNER"
	quotaDelegationSets   = "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER"
	quotaPolicies         = "MAX_TRAFFIC_POLICIES_BY_OWNER"
	quotaPolicyInstances  = "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER"
	quotaRecords          = "MAX_RRSETS_BY_ZONE"
	quotaVPCs             = "MAX_VPCS_ASSOCIATED_BY_ZONE"
	quotaZonesOfSet       = "MAX_ZONES_BY_REUSABLE_DELEGATION_SET"
	quotaValues           = "values of a record set"
	quotaGroup            = "record sets of one name and type"
	quotaGeoProximity     = "geoproximity record sets of one name and type"
	quotaVPCAuthorization = "VPC association authorizations of a zone"
)

var quotas = map[string]int64{
	quotaZones: 500, quotaHealthChecks: 200, quotaDelegationSets: 100, quotaPolicies: 50, quotaPolicyInstances: 5,
	quotaRecords: 10_000, quotaVPCs: 300, quotaZonesOfSet: 100,
	quotaValues: 400, quotaGroup: 100, quotaGeoProximity: 30, quotaVPCAuthorization: 1000,
}
