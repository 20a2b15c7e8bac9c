// Package profiles is the twin's Amazon Route 53 Profiles: a Profile carries
// private zones, Resolver rules, DNS Firewall rule groups, interface endpoints
// and query logging configurations into every VPC that is associated with it.
// What it does to names package resolve reads from the estate; here is what AWS
// lets whom do with it.
//
// A Profile is lent by RAM: a consumer sees it and its resources, associates its
// own VPCs, and changes nothing, unless the share has a customer-managed
// permission (R2.10). What was unshared is in effect no more (R2.9), and its
// associations go when somebody looks at them.
//
// Not here: resource properties of endpoints, IAM's condition keys of resources.
package profiles

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Amazon Route 53 Profiles.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createProfile), wire.Handle(getProfile), wire.Handle(listProfiles), wire.Handle(deleteProfile),
		wire.Handle(associateProfile), wire.Handle(disassociateProfile), wire.Handle(getProfileAssociation), wire.Handle(listProfileAssociations),
		wire.Handle(associateResourceToProfile), wire.Handle(disassociateResourceFromProfile), wire.Handle(updateProfileResourceAssociation),
		wire.Handle(getProfileResourceAssociation), wire.Handle(listProfileResourceAssociations),
		wire.Handle(tagResource), wire.Handle(untagResource), wire.Handle(listTagsForResource),
	}
}

// Quotas (Developer Guide, DNSLimitations.html#limits-api-entities-route53-profiles).
const (
	profileQuota = 5 // of an account in a Region
	vpcQuota     = 1000
	tagQuota     = 200
)

// resourceQuota is how many of a kind a Profile carries; there is none for
// endpoints in the table.
var resourceQuota = map[string]int{
	estate.ProfileZone: 5000, estate.ProfileRule: 1000, estate.ProfileFirewallGroup: 5, estate.ProfileQueryLog: 2,
}

// raisedQuota is what the estate calls those that AWS raises.
var raisedQuota = map[string]string{estate.ProfileZone: estate.QuotaZonesPerProfile, estate.ProfileRule: estate.QuotaRulesPerProfile}

// Delay is how long AWS takes to put an association into effect, or out of it.
// It says only that this is asynchronous.
const Delay = 5 * time.Second

// moreTable holds what is said of Profiles and associations and does not stand
// in the estate, by ID.
var moreTable = world.Private[more]{Name: "profiles.more"}

type more struct {
	token             string           // ClientToken
	owner             estate.AccountID // who attached a resource
	created, modified time.Time
}

// tokens are the client tokens of CreateProfile, by account, Region and token.
var tokens = world.Private[string]{Name: "profiles.tokens"}

func text(format string, args ...any) *string { return aws.String(fmt.Sprintf(format, args...)) }

func conflict(format string, args ...any) error {
	return &types.ConflictException{Message: text(format, args...)}
}

func invalid(field, format string, args ...any) error {
	return &types.InvalidParameterException{Message: text(format, args...), FieldName: &field}
}

// missing has the text of aws-cloudformation/cloudformation-coverage-roadmap#2044.
func missing(kind, id string) error {
	return &types.ResourceNotFoundException{Message: text("Can't find the resource with ID %q.", id), ResourceType: &kind}
}

func exceeded(kind string, quota int) error {
	return &types.LimitExceededException{Message: text("The limit of %d is exceeded.", quota), ResourceType: &kind}
}

func notPermitted(format string, args ...any) error {
	return &types.AccessDeniedException{Message: text(format, args...)}
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

// arn is the ARN of a resource of the caller's in its Region.
func arn(c *world.Call, kind, id string) string {
	return "arn:aws:route53profiles:" + string(c.Region) + ":" + string(c.Account()) + ":" + kind + "/" + id
}

// newID makes the ID of a new resource; none that the estate brought along, which
// a world made from it did not count. What it is of tells it from others of its
// kind, so that it is the same in whichever order they are made.
func newID(c *world.Call, prefix string, of ...string) string {
	for {
		id, taken := prefix+"-"+c.State.HexID(c.Account(), prefix, strings.Join(append([]string{string(c.Region)}, of...), "/"), 17), false
		switch e := c.Estate(); prefix {
		case "rp":
			_, taken = e.Profiles.Get(id)
		case "rpr":
			_, taken = e.ProfileResources.Get(id)
		case "rpassoc":
			_, taken = e.ProfileAssociations.Get(id)
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
	return c.Authorize("route53profiles:"+c.Operation, resource, conditions)
}

// remember notes a new resource.
func remember(c *world.Call, id, token string) {
	moreTable.Put(c.State, id, more{token: token, owner: c.Account(), created: c.Now, modified: c.Now})
}

// at is a time as the API has it; one that nobody knows is left out.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// page cuts a page out of a list, in the order of its keys.
func page[T any](all []T, key func(T) string, size *int32, token *string) ([]T, *string, error) {
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if token != nil {
		after, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, &types.InvalidNextTokenException{Message: aws.String("The NextToken you provided isn't valid.")}
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
