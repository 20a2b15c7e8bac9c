// Package resolver is the twin's Amazon Route 53 Resolver: endpoints, rules and
// their associations with VPCs, the configurations of VPCs, query logging and
// DNS Firewall. What decides how names resolve stands in the estate, where
// package resolve reads it; here is what AWS lets whom do with it.
//
// A rule, a firewall rule group and a query logging configuration are lent by
// RAM: a consumer associates them with its VPCs and changes nothing. What was
// unshared acts as if disassociated (R4.9), and its associations go when
// somebody looks at them.
//
// Not here: Outposts, DNS Firewall Advanced, AWS's own domain lists, imports of
// domain lists, metrics and DNS64.
package resolver

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Amazon Route 53 Resolver.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createResolverEndpoint), wire.Handle(getResolverEndpoint), wire.Handle(listResolverEndpoints),
		wire.Handle(updateResolverEndpoint), wire.Handle(deleteResolverEndpoint), wire.Handle(listResolverEndpointIPAddresses),
		wire.Handle(associateResolverEndpointIPAddress), wire.Handle(disassociateResolverEndpointIPAddress),
		wire.Handle(createResolverRule), wire.Handle(getResolverRule), wire.Handle(listResolverRules),
		wire.Handle(updateResolverRule), wire.Handle(deleteResolverRule),
		wire.Handle(getResolverRulePolicy), wire.Handle(putResolverRulePolicy),
		wire.Handle(associateResolverRule), wire.Handle(disassociateResolverRule),
		wire.Handle(getResolverRuleAssociation), wire.Handle(listResolverRuleAssociations),
		wire.Handle(getResolverConfig), wire.Handle(listResolverConfigs), wire.Handle(updateResolverConfig),
		wire.Handle(getResolverDnssecConfig), wire.Handle(listResolverDnssecConfigs), wire.Handle(updateResolverDnssecConfig),
		wire.Handle(getFirewallConfig), wire.Handle(listFirewallConfigs), wire.Handle(updateFirewallConfig),
		wire.Handle(createResolverQueryLogConfig), wire.Handle(getResolverQueryLogConfig), wire.Handle(listResolverQueryLogConfigs),
		wire.Handle(deleteResolverQueryLogConfig), wire.Handle(associateResolverQueryLogConfig), wire.Handle(disassociateResolverQueryLogConfig),
		wire.Handle(getResolverQueryLogConfigAssociation), wire.Handle(listResolverQueryLogConfigAssociations),
		wire.Handle(getResolverQueryLogConfigPolicy), wire.Handle(putResolverQueryLogConfigPolicy),
		wire.Handle(createFirewallDomainList), wire.Handle(getFirewallDomainList), wire.Handle(listFirewallDomainLists),
		wire.Handle(deleteFirewallDomainList), wire.Handle(updateFirewallDomains), wire.Handle(listFirewallDomains),
		wire.Handle(createFirewallRuleGroup), wire.Handle(getFirewallRuleGroup), wire.Handle(listFirewallRuleGroups),
		wire.Handle(deleteFirewallRuleGroup), wire.Handle(getFirewallRuleGroupPolicy), wire.Handle(putFirewallRuleGroupPolicy),
		wire.Handle(createFirewallRule), wire.Handle(updateFirewallRule), wire.Handle(deleteFirewallRule), wire.Handle(listFirewallRules),
		wire.Handle(associateFirewallRuleGroup), wire.Handle(disassociateFirewallRuleGroup), wire.Handle(updateFirewallRuleGroupAssociation),
		wire.Handle(getFirewallRuleGroupAssociation), wire.Handle(listFirewallRuleGroupAssociations),
		wire.Handle(tagResource), wire.Handle(untagResource), wire.Handle(listTagsForResource),
	}
}

// AllRequests is the rate over all actions of an account in a Region
// (Developer Guide, DNSLimitations.html#limits-api-requests-resolver). The page
// names no burst; here it is one second's worth.
var AllRequests = world.Rate{Burst: 5, Refill: 5}

// Rate is that of one action: no more than of all.
func Rate(string) world.Rate { return AllRequests }

// Quotas of an account in a Region (Developer Guide, DNSLimitations.html).
const (
	endpointQuota    = 4
	addressQuota     = 6 // of an endpoint
	ruleQuota        = 1000
	targetQuota      = 6    // of a rule
	associationQuota = 2000 // of rules, counted on the VPC's account
	logQuota         = 20
	logVPCQuota      = 100
	groupQuota       = 1000
	groupVPCQuota    = 5 // rule groups of a VPC
	groupRuleQuota   = 100
	listQuota        = 1000
	domainQuota      = 100000 // of all domain lists
	tagQuota         = 50
)

// How long AWS takes. It says only that these are asynchronous.
const (
	// EndpointDelay is until an endpoint works, or is gone.
	EndpointDelay = 10 * time.Second
	// AssociationDelay is until a rule is in effect in a VPC, or no longer.
	AssociationDelay = 5 * time.Second
	// RuleDelay is until a changed rule is in effect, or a deleted one gone.
	RuleDelay = 3 * time.Second
)

// moreTable holds what is said of a resource and does not stand in the estate,
// by its ID.
var moreTable = world.Private[more]{Name: "resolver.resources"}

type more struct {
	request           string // CreatorRequestId
	name              string // of what has none in the estate
	created, modified time.Time
	until             time.Time // it shows UPDATING before; what was changed is in effect already
}

// requests are the creator request IDs in use, by account, Region, operation
// and ID.
var requests = world.Private[string]{Name: "resolver.requests"}

// once refuses a second creation with a creator request ID
// (API_route53resolver_CreateResolverEndpoint; the text is that of aws/aws-cdk#5012).
func once(c *world.Call, noun string, request *string) error {
	key := requestKey(c, aws.ToString(request))
	if _, used := requests.Get(c.State, key); used && request != nil {
		return exists(noun, "%s with creator request ID '%s' already exists", noun, *request)
	}
	return nil
}

func requestKey(c *world.Call, request string) string {
	return fmt.Sprintf("%s/%s/%s/%s", c.Account(), c.Region, c.Operation, request)
}

// remember notes a new resource.
func remember(c *world.Call, id string, request *string, name string) more {
	m := more{request: aws.ToString(request), name: name, created: c.Now, modified: c.Now}
	moreTable.Put(c.State, id, m)
	if request != nil {
		requests.Put(c.State, requestKey(c, *request), id)
	}
	return m
}

// touch notes that a resource was changed now.
func touch(c *world.Call, id string, change func(*more)) {
	m, _ := moreTable.Get(c.State, id)
	m.modified = c.Now
	if change != nil {
		change(&m)
	}
	moreTable.Put(c.State, id, m)
}

// forget drops what is known of a resource besides the estate.
func forget(c *world.Call, id, arn string) {
	m, _ := moreTable.Get(c.State, id)
	moreTable.Delete(c.State, id)
	for _, op := range creators {
		key := fmt.Sprintf("%s/%s/%s/%s", c.Account(), c.Region, op, m.request)
		if of, ok := requests.Get(c.State, key); ok && of == id {
			requests.Delete(c.State, key)
		}
	}
	world.Tags.Delete(c.State, arn)
}

// creators are the operations that take a creator request ID.
var creators = []string{
	"CreateResolverEndpoint", "CreateResolverRule", "CreateResolverQueryLogConfig", "CreateFirewallRuleGroup", "CreateFirewallDomainList", "AssociateFirewallRuleGroup",
}

// stamp writes a time as Resolver does; one that nobody knows is left out.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return aws.String(t.UTC().Format(time.RFC3339Nano))
}

func text(format string, args ...any) *string { return aws.String(fmt.Sprintf(format, args...)) }

// some is nil for an empty string.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func invalid(field, format string, args ...any) error {
	return &types.InvalidParameterException{Message: text(format, args...), FieldName: some(field)}
}

func badRequest(format string, args ...any) error {
	return &types.InvalidRequestException{Message: text(format, args...)}
}

func validation(format string, args ...any) error {
	return &types.ValidationException{Message: text(format, args...)}
}

func conflict(format string, args ...any) error {
	return &types.ConflictException{Message: text(format, args...)}
}

func exists(kind, format string, args ...any) error {
	return &types.ResourceExistsException{Message: text(format, args...), ResourceType: &kind}
}

// missing is the refusal of what is not there.
func missing(kind, id string) error {
	return &types.ResourceNotFoundException{Message: text("%s with ID '%s' does not exist.", kind, id), ResourceType: &kind}
}

// exceeded is the refusal of what is too much (the text is that of
// pulumi/pulumi-aws#5388).
func exceeded(c *world.Call, quota string) error {
	return &types.LimitExceededException{Message: text("Account '%s' has exceeded '%s'.", c.Account(), quota), ResourceType: &quota}
}

// over reports whether there are as many rows as a quota allows.
func over[V any](c *world.Call, rows func(func(V) bool), quota int) bool {
	if !c.World.Limits {
		return false
	}
	n := 0
	for range rows {
		if n++; n >= quota {
			return true
		}
	}
	return false
}

// arn is the ARN of a resource of Resolver.
func arn(region estate.Region, account estate.AccountID, kind, id string) string {
	return "arn:aws:route53resolver:" + string(region) + ":" + string(account) + ":" + kind + "/" + id
}

// myARN is arn of the caller's in its Region.
func myARN(c *world.Call, kind, id string) string { return arn(c.Region, c.Account(), kind, id) }

// newID makes the ID of a new resource; none that the estate brought along, which
// a world made from it did not count. What it is of tells it from others of its
// kind, so that it is the same in whichever order they are made.
func newID(c *world.Call, prefix string, of ...string) string {
	for {
		id, taken := prefix+"-"+c.State.HexID(c.Account(), prefix, strings.Join(append([]string{string(c.Region)}, of...), "/"), 17), false
		switch e := c.Estate(); prefix {
		case "rslvr-rr":
			_, taken = e.ResolverRules.Get(id)
		case "rslvr-rrassoc":
			_, taken = e.RuleAssociations.Get(id)
		case "rslvr-in", "rslvr-out":
			_, taken = e.ResolverEndpoints.Get(id)
		case "rslvr-frg":
			_, taken = e.FirewallGroups.Get(id)
		case "rslvr-frgassoc":
			_, taken = e.FirewallAssociations.Get(id)
		case "rqlc":
			_, taken = e.QueryLogConfigs.Get(id)
		}
		if !taken {
			return id
		}
	}
}

// allow asks for the permission to do the operation on a resource, by its ARN,
// with its tags and those that the request gives.
func allow(c *world.Call, resource string, has, given estate.Tags) error {
	conditions := world.Conditions{}
	for k, v := range has {
		conditions["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
	}
	for k, v := range given {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(given) > 0 {
		conditions["aws:tagkeys"] = slices.Sorted(maps.Keys(given))
	}
	return c.Authorize("route53resolver:"+c.Operation, resource, conditions)
}

// ownVPC finds a VPC of the caller's in the Region.
func ownVPC(c *world.Call, id string) (estate.VPC, bool) {
	v, ok := c.Estate().VPCs.Get(id)
	return v, ok && v.Account == c.Account() && v.Region == c.Region
}

// shareStatus is how a resource stands to the caller.
func shareStatus(c *world.Call, arn string, owner estate.AccountID) types.ShareStatus {
	switch {
	case owner != c.Account():
		return types.ShareStatusSharedWithMe
	case c.IsShared(arn, owner):
		return types.ShareStatusSharedByMe
	}
	return types.ShareStatusNotShared
}

// page cuts a page out of a list, in the order of its keys.
func page[T any](all []T, key func(T) string, size *int32, token *string) ([]T, *string, error) {
	slices.SortStableFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if token != nil {
		after, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, &types.InvalidNextTokenException{Message: aws.String("The value that you specified for NextToken is not valid.")}
		}
		all = slices.DeleteFunc(all, func(v T) bool { return key(v) <= string(after) })
	}
	n := 100
	if size != nil {
		n = int(*size)
	}
	if all == nil {
		all = []T{}
	}
	if len(all) <= n {
		return all, nil, nil
	}
	return all[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(all[n-1])))), nil
}

// attributes are what a list can be filtered by, by the name of the filter in
// lower case without underscores: DomainName was once DOMAIN_NAME
// (API_route53resolver_Filter).
type attributes map[string][]string

// filtered drops what does not match every filter, with one of its values.
func filtered[T any](all []T, filters []types.Filter, of func(T) attributes) ([]T, error) {
	var zero T
	known := of(zero)
	for _, f := range filters {
		name := strings.ToLower(strings.ReplaceAll(aws.ToString(f.Name), "_", ""))
		if _, ok := known[name]; !ok {
			return nil, invalid("Filters", "The filter '%s' is invalid", aws.ToString(f.Name))
		}
		all = slices.DeleteFunc(all, func(v T) bool {
			return !slices.ContainsFunc(of(v)[name], func(s string) bool { return slices.Contains(f.Values, s) })
		})
	}
	return all, nil
}

// one is the value of an attribute that has one.
func one[S ~string](v S) []string { return []string{string(v)} }

// opt is the value of an attribute that may have one.
func opt(v *string) []string { return []string{aws.ToString(v)} }
