// Package lattice is the twin's Amazon VPC Lattice, as far as names hang on it:
// services with their custom domain and generated name, resource configurations,
// their gateways and the verification of their domains, service networks, and what
// is associated with them; tags, policies, and sharing by RAM. The generated name
// of a service or a resource is an alias target of the estate, so that it answers
// (R7.2); for the custom domain of a service Lattice makes no record (R7.3), for that
// of a resource zones in VPCs ([estate.Estate.LatticeZones], R7.4).
//
// Not here: listeners, rules, target groups, traffic and what auth policies do to
// it, access logs, resources that are named by an ARN, endpoints to resources and
// service networks other than those that come with an estate.
package lattice

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's VPC Lattice.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createService), wire.Handle(getService), wire.Handle(listServices), wire.Handle(updateService), wire.Handle(deleteService),
		wire.Handle(createServiceNetwork), wire.Handle(getServiceNetwork), wire.Handle(listServiceNetworks), wire.Handle(updateServiceNetwork), wire.Handle(deleteServiceNetwork),
		wire.Handle(createServiceAssociation), wire.Handle(getServiceAssociation), wire.Handle(listServiceAssociations), wire.Handle(deleteServiceAssociation),
		wire.Handle(createVPCAssociation), wire.Handle(getVPCAssociation), wire.Handle(listVPCAssociations), wire.Handle(updateVPCAssociation), wire.Handle(deleteVPCAssociation),
		wire.Handle(createResourceGateway), wire.Handle(getResourceGateway), wire.Handle(listResourceGateways), wire.Handle(updateResourceGateway), wire.Handle(deleteResourceGateway),
		wire.Handle(createResource).Union(definitions...), wire.Handle(getResource), wire.Handle(listResources), wire.Handle(updateResource), wire.Handle(deleteResource),
		wire.Handle(createResourceAssociation), wire.Handle(getResourceAssociation), wire.Handle(listResourceAssociations), wire.Handle(deleteResourceAssociation),
		wire.Handle(startDomainVerification), wire.Handle(getDomainVerification), wire.Handle(listDomainVerifications), wire.Handle(deleteDomainVerification),
		wire.Handle(tagResource), wire.Handle(untagResource), wire.Handle(listTagsForResource),
		wire.Handle(putResourcePolicy), wire.Handle(getResourcePolicy), wire.Handle(deleteResourcePolicy),
		wire.Handle(putAuthPolicy), wire.Handle(getAuthPolicy), wire.Handle(deleteAuthPolicy),
	}
}

// definitions are the members of ResourceConfigurationDefinition.
var definitions = []any{
	types.ResourceConfigurationDefinitionMemberArnResource{}, types.ResourceConfigurationDefinitionMemberDnsResource{}, types.ResourceConfigurationDefinitionMemberIpResource{},
}

// Delay is how long AWS takes to make, change and delete what has a status. It
// says only that this is asynchronous.
const Delay = 5 * time.Second

// quota is one of Service Quotas (VPC Lattice User Guide, quotas.html).
type quota struct {
	code, of string
	n        int
}

var (
	services             = quota{"L-620C821E", "SERVICE", 2000} // of an account in a Region
	networks             = quota{"L-9CAD07FB", "SERVICE_NETWORK", 50}
	resources            = quota{"L-5FF8F9B9", "RESOURCE_CONFIGURATION", 2000}
	domains              = quota{"L-73D0F278", "DOMAIN_VERIFICATION", 5}
	gateways             = quota{"L-0DCA4434", "RESOURCE_GATEWAY", 500}                    // of a VPC
	children             = quota{"L-9BC96FEF", "RESOURCE_CONFIGURATION", 60}               // of a group
	serviceAssociations  = quota{"L-75D4A19E", "SERVICE_NETWORK_SERVICE_ASSOCIATION", 500} // of a service network
	vpcAssociations      = quota{"L-EF6E2D62", "SERVICE_NETWORK_VPC_ASSOCIATION", 500}
	resourceAssociations = quota{"L-6095700C", "SERVICE_NETWORK_RESOURCE_ASSOCIATION", 500}
)

// tagQuota is how many tags a request may have (API_TagResource), and so a
// resource.
const tagQuota = 200

// The kinds of resources, as their ARNs have them.
const (
	kindService            = "service"
	kindNetwork            = "servicenetwork"
	kindServiceAssociation = "servicenetworkserviceassociation"
	kindVPCAssociation     = "servicenetworkvpcassociation"

	kindGateway             = "resourcegateway"
	kindResource            = "resourceconfiguration"
	kindResourceAssociation = "servicenetworkresourceassociation"
	kindVerification        = "domainverification"
)

// moreTable holds what is said of resources of VPC Lattice and does not stand in the
// estate, by ARN.
var moreTable = world.Private[more]{Name: "lattice.more"}

type more struct {
	auth        types.AuthType
	certificate string // ARN
	updated     time.Time

	perENI *int32 // of a resource gateway

	definition types.ResourceConfigurationDefinition // of a resource configuration, as what follows
	ports      []string
	protocol   types.ProtocolType
	shareable  bool // it may come into service networks that can be shared
}

func moreOf(c *world.Call, arn string) more {
	m, _ := moreTable.Get(c.State, arn)
	m.auth = cmp.Or(m.auth, types.AuthTypeNone)
	return m
}

func text(format string, args ...any) *string { return aws.String(fmt.Sprintf(format, args...)) }

func conflict(kind, id, format string, args ...any) error {
	return &types.ConflictException{Message: text(format, args...), ResourceType: &kind, ResourceId: &id}
}

func missing(kind, id string) error {
	return &types.ResourceNotFoundException{Message: text("%s %s was not found.", kind, id), ResourceType: &kind, ResourceId: &id}
}

func denied(format string, args ...any) error {
	return &types.AccessDeniedException{Message: text(format, args...)}
}

func invalid(field, format string, args ...any) error {
	m := text(format, args...)
	return &types.ValidationException{
		Message: m, Reason: types.ValidationExceptionReasonFieldValidationFailed, FieldList: []types.ValidationExceptionField{{Name: &field, Message: m}},
	}
}

// over refuses one more of rows when there are as many as a quota allows.
func over[V any](c *world.Call, rows func(func(V) bool), q quota) error {
	n := 0
	if c.World.Limits {
		for range rows {
			n++
		}
	}
	if n < q.n {
		return nil
	}
	return &types.ServiceQuotaExceededException{
		Message: text("The quota of %d is reached.", q.n), ResourceType: &q.of, ServiceCode: aws.String("vpc-lattice"), QuotaCode: &q.code,
	}
}

// arnOf is the ARN of what a request names: by its ARN, or by the ID of one of
// the caller's own (API_CreateServiceNetworkServiceAssociation).
func arnOf(c *world.Call, kind string, identifier *string) string {
	id := aws.ToString(identifier)
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return estate.LatticeARN(c.Account(), c.Region, kind, id)
}

// idOf is the ID in an ARN.
func idOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// ownerOf is the account in an ARN.
func ownerOf(arn string) estate.AccountID {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return estate.AccountID(parts[4])
	}
	return ""
}

// may asks for the permission to do the operation on a resource. One of another
// account needs a share of RAM that lets the caller, or a policy of the resource
// (sharing.html; API_PutResourcePolicy). Where the owner's shares were not read, what
// is seen may be read.
func may(c *world.Call, arn string, conditions world.Conditions) error {
	action, owner := "vpc-lattice:"+c.Operation, ownerOf(arn)
	unread := !c.Estate().Closed() && !c.Estate().Answered(estate.Query{Kind: estate.QueryShares, Account: owner, Region: c.Region})
	if owner == c.Account() || c.MayShared(arn, action) || unread && strings.HasPrefix(c.Operation, "Get") {
		return c.Authorize(action, arn, conditions)
	}
	p, _ := policies.Get(c.State, arn)
	return iam.Authorize(c, action, iam.Resource{ARN: arn, Account: owner, Policy: p.text}, conditions)
}

// visible are the rows of a table, whose keys are ARNs, that the caller sees in its
// Region: its own, and those that others share with it, as far as shares are known.
func visible[V estate.Row](c *world.Call, t estate.Table[V], kind string) []V {
	all := slices.Collect(t.By(estate.ByRegion(c.Account(), c.Region)))
	for _, arn := range c.Shared("vpc-lattice", kind+"/") {
		if v, ok := t.Get(arn); ok {
			all = append(all, v)
		}
	}
	return all
}

// conditions are the condition keys of a request: the tags that a resource has
// and those that the request gives, and pairs of a key and its value (Service
// Authorization Reference, list_amazonvpclattice.html).
func conditions(has, given estate.Tags, more ...string) world.Conditions {
	out := world.Conditions{}
	for k, v := range has {
		out["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
	}
	for k, v := range given {
		out["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(given) > 0 {
		out["aws:tagkeys"] = slices.Sorted(maps.Keys(given))
	}
	for pair := range slices.Chunk(more, 2) {
		out[pair[0]] = append(out[pair[0]], pair[1])
	}
	return out
}

// made is what a request with a client token came to.
type made struct{ request, id string }

var tokens = world.Private[made]{Name: "lattice.tokens"}

// repeated finds what the same request with the same client token made before.
// With other parameters the token is refused (API_CreateService, clientToken).
func repeated(c *world.Call, token *string, in any) (id string, err error) {
	m, ok := tokens.Get(c.State, tokenKey(c, token))
	switch {
	case token == nil || !ok:
		return "", nil
	case m.request != asked(in):
		return "", &world.Undocumented{Rule: "lattice.codes", Err: conflict("REQUEST", *token, "The client token was used before with other parameters.")}
	}
	return m.id, nil
}

// remember notes what a request with a client token made.
func remember(c *world.Call, token *string, in any, id string) {
	if token != nil {
		tokens.Put(c.State, tokenKey(c, token), made{asked(in), id})
	}
}

func tokenKey(c *world.Call, token *string) string {
	return strings.Join([]string{string(c.Account()), string(c.Region), c.Operation, aws.ToString(token)}, "/")
}

// asked is a request as text. Inputs are plain data, which always has one.
func asked(in any) string {
	b, _ := json.Marshal(in)
	return string(b)
}

// newID makes the ID of a new resource; none that the estate brought along.
func newID(c *world.Call, prefix, of string, taken func(id string) bool) string {
	for {
		if id := prefix + "-" + c.State.HexID(c.Account(), prefix, string(c.Region)+"/"+of, 17); !taken(id) {
			return id
		}
	}
}

// at is a time as the API has it; one that nobody knows is left out.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// given is text that may be none.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// page cuts a page out of a list, in the order of its keys.
func page[T any](all []T, key func(T) string, size *int32, token *string) ([]T, *string, error) {
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	after, err := base64.RawURLEncoding.DecodeString(aws.ToString(token))
	if err != nil {
		return nil, nil, invalid("nextToken", "The nextToken is not valid.")
	}
	all = slices.DeleteFunc(all, func(v T) bool { return token != nil && key(v) <= string(after) })
	n := int(cmp.Or(aws.ToInt32(size), 100))
	if len(all) <= n {
		return all, nil, nil
	}
	return all[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(all[n-1])))), nil
}
