// Package ram is the twin's AWS Resource Access Manager: resource shares, the
// resources and principals in them, invitations, and sharing within an
// organization. A share reaches its principals only; one outside the
// organization, or any while sharing with it is off, must accept an invitation
// first; and all takes effect a moment later (world.Sharing).
//
// Which resources can be shared, and what each type's default permission allows,
// is a table ([estate.ShareKinds]); a share can have a customer managed
// permission instead. The service that has a resource asks what a consumer may
// do with it (world.Call.MayShared). Not here: IAM users, roles and services as
// principals, sources, shares made of resource policies.
package ram

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's RAM.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createResourceShare),
		wire.Handle(updateResourceShare),
		wire.Handle(deleteResourceShare),
		wire.Handle(getResourceShares),
		wire.Handle(associateResourceShare),
		wire.Handle(disassociateResourceShare),
		wire.Handle(getResourceShareAssociations),
		wire.Handle(getResourceShareInvitations),
		wire.Handle(acceptResourceShareInvitation),
		wire.Handle(rejectResourceShareInvitation),
		wire.Handle(listPendingInvitationResources),
		wire.Handle(listResources),
		wire.Handle(listPrincipals),
		wire.Handle(listResourceSharePermissions),
		wire.Handle(listResourceTypes),
		wire.Handle(createPermission),
		wire.Handle(createPermissionVersion),
		wire.Handle(deletePermission),
		wire.Handle(deletePermissionVersion),
		wire.Handle(setDefaultPermissionVersion),
		wire.Handle(getPermission),
		wire.Handle(listPermissions),
		wire.Handle(listPermissionVersions),
		wire.Handle(listPermissionAssociations),
		wire.Handle(associatePermission),
		wire.Handle(disassociatePermission),
		wire.Handle(enableSharing),
		wire.Handle(tagResource),
		wire.Handle(untagResource),
	}
}

// Quotas of the RAM User Guide, service-quotas.html.
const (
	sharesPerRegion       = 25000
	membersPerShare       = 5000  // resources, and principals
	membersPerRegion      = 25000 // resources, and principals, over all shares
	resourcesPerCall      = 100
	openInvitations       = 250 // of a sender
	permissionsPerRegion  = 1500
	permissionsPerType    = 10
	versionsPerPermission = 5
	tagsPerShare          = 50
)

func text(format string, args ...any) *string { return aws.String(fmt.Sprintf(format, args...)) }

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: text(format, args...)}
}

func malformedARN(arn string) error {
	return &types.MalformedArnException{Message: text("The specified ARN %s is not valid. Verify the ARN and try again.", arn)}
}

// unknown is the refusal of what is not there (hashicorp/terraform-provider-aws#7769).
func unknown(kind, id string) error {
	return &types.UnknownResourceException{Message: text("%s %s could not be found.", kind, id)}
}

// onlyInside is what RAM says of a principal outside the organization where
// none may be (hashicorp/terraform-provider-aws#7769, #12169).
const onlyInside = "The resource you are attempting to share can only be shared within your AWS Organization. " +
	"This error may also occur if you have not enabled sharing with your AWS organization, or that onboarding process is still in progress."

func limitExceeded(format string, args ...any) error {
	return &types.ResourceShareLimitExceededException{Message: text(format, args...)}
}

// request are the condition keys of what a call puts into a share (Service
// Authorization Reference, list_awsresourceaccessmanager.html).
func request(resources, principals []string, external *bool, tags estate.Tags) world.Conditions {
	c := world.Conditions{}
	if len(principals) > 0 {
		c["ram:principal"] = slices.Sorted(slices.Values(principals))
	}
	if len(resources) > 0 {
		c["ram:resourcearn"] = slices.Sorted(slices.Values(resources))
		for _, arn := range resources {
			if k, ok := estate.ShareKindOf(arn); ok && !slices.Contains(c["ram:requestedresourcetype"], k.Name) {
				c["ram:requestedresourcetype"] = append(c["ram:requestedresourcetype"], k.Name)
			}
		}
	}
	if external != nil {
		c["ram:requestedallowsexternalprincipals"] = []string{fmt.Sprint(*external)}
	}
	for k, v := range tags {
		c["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(tags) > 0 {
		c["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
	}
	return c
}

// allow asks for the permission to do the operation on what is no share.
func allow(c *world.Call, resource string, conditions world.Conditions) error {
	return c.Authorize("ram:"+c.Operation, resource, conditions)
}

// own asks for the permission to do the operation on a share of the caller's
// in the Region, and finds it.
func own(c *world.Call, arn *string, conditions world.Conditions) (estate.Share, error) {
	id := aws.ToString(arn)
	s, ok := c.Estate().Shares.Get(id)
	ok = ok && s.Account == c.Account() && s.Region == c.Region
	all := world.Conditions{}
	maps.Copy(all, conditions)
	if ok {
		all["ram:resourcesharename"] = []string{s.Name}
		all["ram:allowsexternalprincipals"] = []string{fmt.Sprint(s.AllowExternal)}
		for k, v := range s.Tags {
			all["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
		}
	}
	if err := allow(c, id, all); err != nil {
		return s, err
	}
	switch {
	case !strings.HasPrefix(id, "arn:aws:ram:"):
		return s, malformedARN(id)
	case !ok:
		return s, unknown("ResourceShare", id)
	}
	return s, nil
}

// newARN makes the ARN of a new share; none that the estate brought along, which a
// world made from it did not count.
func newARN(c *world.Call, name string) string {
	for {
		h := c.State.HexID(c.Account(), "resource-share", string(c.Region)+"/"+name, 32)
		arn := fmt.Sprintf("arn:aws:ram:%s:%s:resource-share/%s", c.Region, c.Account(), uuid(h))
		if _, taken := c.Estate().Shares.Get(arn); !taken {
			return arn
		}
	}
}

// uuid writes 32 hexadecimal digits as RAM does.
func uuid(h string) string {
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}

// page cuts a page out of a list, in the order of its keys.
func page[T any](all []T, key func(T) string, size *int32, token *string) ([]T, *string, error) {
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if token != nil {
		after, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, &types.InvalidNextTokenException{Message: text("The specified value for NextToken is not valid.")}
		}
		all = slices.DeleteFunc(all, func(v T) bool { return key(v) <= string(after) })
	}
	n := 100
	if size != nil {
		n = int(*size)
	}
	if len(all) <= n {
		return all, nil, nil
	}
	return all[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(all[n-1])))), nil
}

// wanted reports whether a list that selects holds a value; an empty one
// selects all.
func wanted(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
