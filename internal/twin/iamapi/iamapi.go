// Package iamapi is the twin's IAM as a service: roles, users, access keys,
// inline and managed policies, boundaries, tags, and the policy simulator. What
// policies mean is package iam's.
//
// Not here: groups (those of an estate show in the account's details alone),
// instance profiles, identity providers, MFA, server
// certificates, service-linked roles, renaming. Lists of them are empty; what
// would make one has no handler. IAM's eventual consistency is a fault of the
// world, not of this package.
//
// Texts of errors are AWS's as issue trackers show them; statuses come from the
// shape tables.
package iamapi

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's IAM.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createRole), wire.Handle(getRole), wire.Handle(listRoles), wire.Handle(updateRole),
		wire.Handle(updateRoleDescription), wire.Handle(updateAssumeRolePolicy), wire.Handle(deleteRole),

		wire.Handle(createUser), wire.Handle(getUser), wire.Handle(listUsers), wire.Handle(deleteUser),
		wire.Handle(createAccessKey), wire.Handle(listAccessKeys), wire.Handle(updateAccessKey),
		wire.Handle(deleteAccessKey), wire.Handle(getAccessKeyLastUsed),

		wire.Handle(putRolePolicy), wire.Handle(getRolePolicy), wire.Handle(listRolePolicies), wire.Handle(deleteRolePolicy),
		wire.Handle(putUserPolicy), wire.Handle(getUserPolicy), wire.Handle(listUserPolicies), wire.Handle(deleteUserPolicy),
		wire.Handle(attachRolePolicy), wire.Handle(detachRolePolicy), wire.Handle(listAttachedRolePolicies),
		wire.Handle(attachUserPolicy), wire.Handle(detachUserPolicy), wire.Handle(listAttachedUserPolicies),
		wire.Handle(putRoleBoundary), wire.Handle(deleteRoleBoundary),
		wire.Handle(putUserBoundary), wire.Handle(deleteUserBoundary),

		wire.Handle(createPolicy), wire.Handle(getPolicy), wire.Handle(listPolicies), wire.Handle(deletePolicy),
		wire.Handle(createPolicyVersion), wire.Handle(getPolicyVersion), wire.Handle(listPolicyVersions),
		wire.Handle(deletePolicyVersion), wire.Handle(setDefaultPolicyVersion), wire.Handle(listEntitiesForPolicy),

		wire.Handle(tagRole), wire.Handle(untagRole), wire.Handle(listRoleTags),
		wire.Handle(tagUser), wire.Handle(untagUser), wire.Handle(listUserTags),
		wire.Handle(tagPolicy), wire.Handle(untagPolicy), wire.Handle(listPolicyTags),

		wire.Handle(simulatePrincipalPolicy), wire.Handle(simulateCustomPolicy), wire.Handle(getAccountAuthorizationDetails),

		wire.Handle(listAccountAliases), wire.Handle(listOpenIDConnectProviders), wire.Handle(getOpenIDConnectProvider),
		wire.Handle(listInstanceProfiles), wire.Handle(listInstanceProfilesForRole),
		wire.Handle(listGroups), wire.Handle(listGroupsForUser), wire.Handle(listMFADevices), wire.Handle(listSSHPublicKeys),
		wire.Handle(listSigningCertificates), wire.Handle(listServiceSpecificCredentials), wire.Handle(listVirtualMFADevices),
		wire.Handle(getLoginProfile), wire.Handle(deleteLoginProfile),
	}
}

// Quotas of reference_iam-quotas.html. Those of [adjustable] may be raised by
// AWS; their codes are the names that AWS's messages have for them.
const (
	managedSize     = 6144  // characters of a managed policy
	roleInlineSize  = 10240 // of all inline policies of a role together
	userInlineSize  = 2048
	policyVersions  = 5
	accessKeys      = 2
	tagsPerResource = 50
)

var adjustable = map[string]int64{
	"ACLSizePerRole": 2048, "PoliciesPerRole": 10, "PoliciesPerUser": 10,
	"RolesPerAccount": 1000, "UsersPerAccount": 5000, "PoliciesPerAccount": 1500,
}

// within refuses what would exceed an adjustable quota: the estate's value for
// the account, or the default.
func within(c *world.Call, code string, n int) error {
	limit := adjustable[code]
	if q, ok := c.Estate().Quotas.Get(estate.Quota{Account: c.Account(), Code: code}.Key()); ok {
		limit = q.Value
	}
	if int64(n) > limit {
		return fail("LimitExceeded", "Cannot exceed quota for %s: %d", code, limit)
	}
	return nil
}

func fail(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// checked is iam.Check with IAM's error.
func checked(document string, of iam.PolicyType) (*iam.Document, error) {
	d, err := iam.Check(document, of)
	if err != nil {
		return nil, fail("MalformedPolicyDocument", "%s", err)
	}
	return d, nil
}

// encoded is a document as IAM answers it: percent-encoded (RFC 3986).
func encoded(document string) *string {
	s := strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
	return &s
}

func arnOf(c *world.Call, kind, path, name string) string {
	return "arn:aws:iam::" + string(c.Account()) + ":" + kind + path + name
}

// pathOr is a path, "/" when there is none.
func pathOr(p *string) string {
	if p == nil || *p == "" {
		return "/"
	}
	return *p
}

// second is the time of a call as IAM keeps times.
func second(c *world.Call) time.Time { return c.Now.Truncate(time.Second) }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// optional is nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// page cuts a list, which is sorted by key, by marker and size.
func page[T any](list []T, key func(T) string, marker *string, max *int32) (items []T, truncated bool, next *string, err error) {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if marker != nil {
		after, err := base64.RawURLEncoding.DecodeString(*marker)
		if err != nil {
			return nil, false, nil, fail("ValidationError", "Invalid Marker.")
		}
		i, found := slices.BinarySearchFunc(list, string(after), func(v T, k string) int { return strings.Compare(key(v), k) })
		if found {
			i++
		}
		list = list[i:]
	}
	size := 100
	if max != nil {
		size = int(*max)
	}
	if len(list) <= size {
		return list, false, nil, nil
	}
	m := base64.RawURLEncoding.EncodeToString([]byte(key(list[size-1])))
	return list[:size], true, &m, nil
}

// collect gathers what a walk yields and keep lets through.
func collect[V any](seq func(func(V) bool), keep func(V) bool) []V {
	var out []V
	seq(func(v V) bool {
		if keep == nil || keep(v) {
			out = append(out, v)
		}
		return true
	})
	return out
}
