// Package organizations is the twin's AWS Organizations: one organization a
// world, its accounts, units, service and resource control policies, trusted
// access, delegated administrators and invitations. What its policies do to a
// call is package iam's.
//
// Not here: other types of policies, resource-based delegation policies,
// responsibility transfers, consolidated billing without all features, and what
// AWS asks of an account that leaves. A closed account stays suspended for
// ever; AWS removes it after 90 days.
//
// Rules are those of the Organizations API Reference, by operation, and of the
// User Guide where a file is named.
package organizations

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Organizations.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createOrganization), wire.Handle(describeOrganization), wire.Handle(deleteOrganization),
		wire.Handle(listRoots), wire.Handle(enableAllFeatures),

		wire.Handle(createAccount), wire.Handle(describeCreateAccountStatus), wire.Handle(listCreateAccountStatus),
		wire.Handle(describeAccount), wire.Handle(listAccounts), wire.Handle(listAccountsForParent),
		wire.Handle(moveAccount), wire.Handle(closeAccount), wire.Handle(removeAccount), wire.Handle(leaveOrganization),

		wire.Handle(inviteAccount), wire.Handle(acceptHandshake), wire.Handle(declineHandshake), wire.Handle(cancelHandshake),
		wire.Handle(describeHandshake), wire.Handle(listHandshakesForAccount), wire.Handle(listHandshakesForOrganization),

		wire.Handle(createOrganizationalUnit), wire.Handle(describeOrganizationalUnit), wire.Handle(updateOrganizationalUnit),
		wire.Handle(deleteOrganizationalUnit), wire.Handle(listOrganizationalUnitsForParent),
		wire.Handle(listParents), wire.Handle(listChildren),

		wire.Handle(createPolicy), wire.Handle(describePolicy), wire.Handle(updatePolicy), wire.Handle(deletePolicy),
		wire.Handle(listPolicies), wire.Handle(listPoliciesForTarget), wire.Handle(listTargetsForPolicy),
		wire.Handle(attachPolicy), wire.Handle(detachPolicy), wire.Handle(enablePolicyType), wire.Handle(disablePolicyType),
		wire.Handle(describeResourcePolicy),

		wire.Handle(enableServiceAccess), wire.Handle(disableServiceAccess), wire.Handle(listServiceAccess),
		wire.Handle(registerDelegatedAdministrator), wire.Handle(deregisterDelegatedAdministrator),
		wire.Handle(listDelegatedAdministrators), wire.Handle(listDelegatedServices),

		wire.Handle(tagResource), wire.Handle(untagResource), wire.Handle(listTags),
	}
}

// role is what a caller must be.
type role int

const (
	anyMember  role = iota // of the organization
	reader                 // the management account, or a delegated administrator
	management             // the management account
)

// begin is how every operation on the organization starts: what is due by the
// clock is done, the caller's policies are asked for each resource, and then
// the caller's place.
func begin(c *world.Call, as role, resources ...string) error {
	settle(c)
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	for _, r := range resources {
		if err := c.Authorize("organizations:"+c.Operation, r, nil); err != nil {
			return err
		}
	}
	e := c.Estate()
	if !member(e, c.Account()) {
		return fail("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
	}
	is := c.Account() == e.Organization.Management
	for _, accounts := range e.Organization.Delegated {
		is = is || as == reader && slices.Contains(accounts, c.Account())
	}
	if as != anyMember && !is {
		return fail("AccessDeniedException", "You don't have permissions to access this resource.")
	}
	return nil
}

// member reports whether an account is in the organization.
func member(e *estate.Estate, id estate.AccountID) bool {
	o := e.Organization
	return o.ID != "" && (id == o.Management || e.Path(string(id)) != nil)
}

func fail(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func violation(reason types.ConstraintViolationExceptionReason, message string) error {
	return &types.ConstraintViolationException{Message: &message, Reason: reason}
}

func invalid(reason types.InvalidInputExceptionReason, message string) error {
	return &types.InvalidInputException{Message: &message, Reason: reason}
}

// arn is the ARN of something in the organization; the management account owns
// them all.
func arn(e *estate.Estate, kind, id string) string {
	o := e.Organization
	return "arn:aws:organizations::" + string(o.Management) + ":" + kind + "/" + o.ID + "/" + id
}

// arnOf is the ARN of a root, unit or account by its ID.
func arnOf(e *estate.Estate, id string) string {
	switch {
	case strings.HasPrefix(id, "r-"):
		return arn(e, "root", id)
	case strings.HasPrefix(id, "ou-"):
		return arn(e, "ou", id)
	}
	return arn(e, "account", id)
}

// holds reports whether an ID is that of the root or of a unit.
func holds(e *estate.Estate, id string) bool {
	_, ok := e.Units.Get(id)
	return ok || id == e.Organization.Root
}

// newID is a lower-case identifier.
func newID(c *world.Call, kind, name string, n int) string {
	return strings.ToLower(c.State.ID(c.Account(), "organizations/"+kind, name, n))
}

// page cuts a list, which comes in a fixed order of key, by token and size;
// pages hold at most 20.
func page[T any](list []T, key func(T) string, token *string, max *int32) ([]T, *string, error) {
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if token != nil {
		after, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, invalid(types.InvalidInputExceptionReasonInvalidPaginationToken, "You provided an invalid pagination token.")
		}
		i := slices.IndexFunc(list, func(v T) bool { return key(v) > string(after) })
		if i < 0 {
			i = len(list)
		}
		list = list[i:]
	}
	size := 20
	if max != nil {
		size = int(*max)
	}
	if len(list) <= size {
		return list, nil, nil
	}
	next := base64.RawURLEncoding.EncodeToString([]byte(key(list[size-1])))
	return list[:size], &next, nil
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// moment is a time that the estate does not hold; nil where nobody knows it.
func moment(c *world.Call, of string) *time.Time {
	if t, ok := moments.Get(c.State, of); ok {
		return &t
	}
	return nil
}

// moments are when accounts joined, services were enabled and administrators
// registered, by "joined/ID", "enabled/PRINCIPAL", "delegated/PRINCIPAL/ID".
var moments = world.Private[time.Time]{Name: "organizations.moments"}
