package organizations

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// How long AWS takes; it says only that both are asynchronous. Our reading.
const (
	creation = 10 * time.Second
	closure  = time.Minute
)

// request is a CreateAccount under way, or done.
type request struct {
	ID        string
	Requested time.Time
	Account   estate.Account
	Role      string
	Done      bool
	Failure   types.CreateAccountFailureReason // once done
}

var (
	requests = world.Private[request]{Name: "organizations.createAccount"}
	closing  = world.Private[time.Time]{Name: "organizations.closing"} // account -> when it is suspended
)

// settle does what is due by the clock. Every operation begins with it, so
// that nothing has to run in between.
func settle(c *world.Call) {
	e := c.Estate()
	requests.Walk(c.State, "", func(key string, r request) bool {
		if !r.Done && !c.Now.Before(r.Requested.Add(creation)) {
			r.Done = true
			if emailTaken(c, r) {
				r.Failure = types.CreateAccountFailureReasonEmailAlreadyExists
			}
			requests.Put(c.State, key, r)
			if r.Failure != "" {
				return true
			}
			r.Account.Parent = e.Organization.Root
			join(c, r.Account, r.Requested.Add(creation))
			e.Roles.Put(accessRole(c, r))
		}
		return true
	})
	closing.Walk(c.State, "", func(id string, at time.Time) bool {
		if a, ok := e.Accounts.Get(id); ok && !c.Now.Before(at) {
			a.Status = estate.AccountSuspended
			e.Accounts.Put(a)
			closing.Delete(c.State, id)
		}
		return true
	})
}

// accessRole is the role by which the management account reaches a member that
// it made (orgs_manage_accounts_access.html).
func accessRole(c *world.Call, r request) estate.Role {
	id := r.Account.ID
	return estate.Role{
		ARN: "arn:aws:iam::" + string(id) + ":role/" + r.Role, ID: "AROA" + c.State.ID(id, "role", r.Role, 17),
		Account: id, Path: "/", Name: r.Role, Attached: []string{iam.AdministratorAccess}, MaxSession: 3600,
		Created: r.Requested.Add(creation), Tags: estate.Tags{},
		Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` +
			string(c.Estate().Organization.Management) + `:root"},"Action":"sts:AssumeRole"}]}`,
	}
}

// join puts an account into the organization.
func join(c *world.Call, a estate.Account, at time.Time) {
	c.Estate().Accounts.Put(a)
	moments.Put(c.State, "joined/"+string(a.ID), at)
	attachDefaults(c.Estate(), string(a.ID))
}

func createAccount(_ context.Context, c *world.Call, in *organizations.CreateAccountInput) (*organizations.CreateAccountOutput, error) {
	if err := begin(c, management); err != nil {
		return nil, err
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	r := request{ID: "car-" + newID(c, "request", *in.AccountName, 32), Requested: c.Now, Role: "OrganizationAccountAccessRole",
		Account: estate.Account{ID: newAccountID(c, *in.AccountName), Name: *in.AccountName, Email: *in.Email, Status: estate.AccountActive, Tags: tags}}
	if in.RoleName != nil {
		r.Role = *in.RoleName
	}
	requests.Put(c.State, r.ID, r)
	return &organizations.CreateAccountOutput{CreateAccountStatus: status(r)}, nil
}

// newAccountID is twelve digits that no account has.
func newAccountID(c *world.Call, name string) estate.AccountID {
	for {
		h := fnv.New64a()
		_, _ = h.Write([]byte(newID(c, "account", name, 52))) // a hash takes every write
		id := estate.AccountID(fmt.Sprintf("%012d", h.Sum64()%1_000_000_000_000))
		_, taken := c.Estate().Accounts.Get(string(id))
		requests.Walk(c.State, "", func(_ string, r request) bool {
			taken = taken || r.Account.ID == id
			return !taken
		})
		if !taken {
			return id
		}
	}
}

// emailTaken reports whether another account has the address; then the
// creation fails.
func emailTaken(c *world.Call, r request) bool {
	for a := range c.Estate().Accounts.All() {
		if a.ID != r.Account.ID && strings.EqualFold(a.Email, r.Account.Email) {
			return true
		}
	}
	return false
}

func status(r request) *types.CreateAccountStatus {
	account := string(r.Account.ID)
	s := &types.CreateAccountStatus{Id: &r.ID, AccountName: &r.Account.Name, RequestedTimestamp: &r.Requested, State: types.CreateAccountStateInProgress}
	at := r.Requested.Add(creation)
	switch {
	case r.Failure != "":
		s.State, s.FailureReason, s.CompletedTimestamp = types.CreateAccountStateFailed, r.Failure, &at
	case r.Done:
		s.State, s.AccountId, s.CompletedTimestamp = types.CreateAccountStateSucceeded, &account, &at
	}
	return s
}

func describeCreateAccountStatus(_ context.Context, c *world.Call, in *organizations.DescribeCreateAccountStatusInput) (*organizations.DescribeCreateAccountStatusOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	r, ok := requests.Get(c.State, *in.CreateAccountRequestId)
	if !ok {
		return nil, fail("CreateAccountStatusNotFoundException", "You specified a create account request that doesn't exist.")
	}
	return &organizations.DescribeCreateAccountStatusOutput{CreateAccountStatus: status(r)}, nil
}

func listCreateAccountStatus(_ context.Context, c *world.Call, in *organizations.ListCreateAccountStatusInput) (*organizations.ListCreateAccountStatusOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	list := []types.CreateAccountStatus{}
	requests.Walk(c.State, "", func(_ string, r request) bool {
		if s := status(r); len(in.States) == 0 || slices.Contains(in.States, s.State) {
			list = append(list, *s)
		}
		return true
	})
	list, next, err := page(list, func(s types.CreateAccountStatus) string { return text(s.Id) }, in.NextToken, in.MaxResults)
	return &organizations.ListCreateAccountStatusOutput{CreateAccountStatuses: list, NextToken: next}, err
}

func account(c *world.Call, a estate.Account) types.Account {
	e := c.Estate()
	id, its := string(a.ID), arn(e, "account", string(a.ID))
	method := types.AccountJoinedMethodInvited
	if _, made := madeHere(c, a.ID); made {
		method = types.AccountJoinedMethodCreated
	}
	state := a.Status
	if state == "" {
		state = estate.AccountActive
	}
	return types.Account{
		Id: &id, Arn: &its, Name: &a.Name, Email: &a.Email, JoinedMethod: method, JoinedTimestamp: moment(c, "joined/"+id),
		Status: types.AccountStatus(state), State: types.AccountState(state),
		Paths: []string{e.Organization.ID + "/" + strings.Join(e.Path(id), "/") + "/"},
	}
}

// madeHere finds the request that an account came from.
func madeHere(c *world.Call, id estate.AccountID) (found request, ok bool) {
	requests.Walk(c.State, "", func(_ string, r request) bool {
		if r.Account.ID == id && r.Failure == "" {
			found, ok = r, true
		}
		return !ok
	})
	return found, ok
}

// memberAccount finds an account of the organization.
func memberAccount(c *world.Call, id string) (estate.Account, error) {
	a, ok := c.Estate().Accounts.Get(id)
	if !ok || !member(c.Estate(), a.ID) {
		return a, fail("AccountNotFoundException", "You specified an account that doesn't exist.")
	}
	return a, nil
}

func describeAccount(_ context.Context, c *world.Call, in *organizations.DescribeAccountInput) (*organizations.DescribeAccountOutput, error) {
	if err := begin(c, reader, arn(c.Estate(), "account", *in.AccountId)); err != nil {
		return nil, err
	}
	a, err := memberAccount(c, *in.AccountId)
	if err != nil {
		return nil, err
	}
	out := account(c, a)
	return &organizations.DescribeAccountOutput{Account: &out}, nil
}

// members are the accounts of the organization, or those directly in a parent.
func members(c *world.Call, parent string) []estate.Account {
	var out []estate.Account
	if parent != "" {
		return slices.Collect(c.Estate().Accounts.By(estate.ByParent(parent)))
	}
	for a := range c.Estate().Accounts.All() {
		if member(c.Estate(), a.ID) {
			out = append(out, a)
		}
	}
	return out
}

func accountPage(c *world.Call, list []estate.Account, token *string, max *int32) ([]types.Account, *string, error) {
	list, next, err := page(list, func(a estate.Account) string { return string(a.ID) }, token, max)
	out := []types.Account{}
	for _, a := range list {
		out = append(out, account(c, a))
	}
	return out, next, err
}

func listAccounts(_ context.Context, c *world.Call, in *organizations.ListAccountsInput) (*organizations.ListAccountsOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	list, next, err := accountPage(c, members(c, ""), in.NextToken, in.MaxResults)
	return &organizations.ListAccountsOutput{Accounts: list, NextToken: next}, err
}

func listAccountsForParent(_ context.Context, c *world.Call, in *organizations.ListAccountsForParentInput) (*organizations.ListAccountsForParentOutput, error) {
	if err := inParent(c, *in.ParentId); err != nil {
		return nil, err
	}
	list, next, err := accountPage(c, members(c, *in.ParentId), in.NextToken, in.MaxResults)
	return &organizations.ListAccountsForParentOutput{Accounts: list, NextToken: next}, err
}

// inParent begins a list of what lies in a root or unit.
func inParent(c *world.Call, id string) error {
	if err := begin(c, reader, arnOf(c.Estate(), id)); err != nil {
		return err
	}
	if !holds(c.Estate(), id) {
		return fail("ParentNotFoundException", "You specified parent that doesn't exist.")
	}
	return nil
}

func moveAccount(_ context.Context, c *world.Call, in *organizations.MoveAccountInput) (*organizations.MoveAccountOutput, error) {
	e := c.Estate()
	err := begin(c, management, arn(e, "account", *in.AccountId), arnOf(e, *in.SourceParentId), arnOf(e, *in.DestinationParentId))
	if err != nil {
		return nil, err
	}
	a, err := memberAccount(c, *in.AccountId)
	switch {
	case err != nil:
		return nil, err
	case !holds(e, *in.DestinationParentId):
		return nil, fail("DestinationParentNotFoundException", "You specified a destination parent that doesn't exist.")
	case a.Parent == *in.DestinationParentId:
		return nil, fail("DuplicateAccountException", "The account is already in the destination container.")
	case a.Parent != *in.SourceParentId:
		return nil, fail("SourceParentNotFoundException", "You specified a source parent that doesn't exist.")
	}
	a.Parent = *in.DestinationParentId
	e.Accounts.Put(a)
	return &organizations.MoveAccountOutput{}, nil
}

func closeAccount(_ context.Context, c *world.Call, in *organizations.CloseAccountInput) (*organizations.CloseAccountOutput, error) {
	if err := begin(c, management, arn(c.Estate(), "account", *in.AccountId)); err != nil {
		return nil, err
	}
	a, err := memberAccount(c, *in.AccountId)
	switch {
	case err != nil:
		return nil, err
	case a.ID == c.Estate().Organization.Management:
		return nil, violation(types.ConstraintViolationExceptionReasonCannotCloseManagementAccount, "You can't close the management account.")
	case a.Status == estate.AccountPendingClosure:
		return nil, fail("ConflictException", "The account is being closed.")
	case a.Status == estate.AccountSuspended:
		return nil, fail("AccountAlreadyClosedException", "You attempted to close an account that is already closed.")
	}
	a.Status = estate.AccountPendingClosure
	c.Estate().Accounts.Put(a)
	closing.Put(c.State, string(a.ID), c.Now.Add(closure))
	return &organizations.CloseAccountOutput{}, nil
}

// leave takes an account out of the organization.
func leave(c *world.Call, a estate.Account) {
	detachAll(c.Estate(), string(a.ID))
	a.Parent = ""
	c.Estate().Accounts.Put(a)
	moments.Delete(c.State, "joined/"+string(a.ID))
}

// canLeave judges whether an account may leave.
func canLeave(c *world.Call, a estate.Account) error {
	if a.ID == c.Estate().Organization.Management {
		return fail("MasterCannotLeaveOrganizationException", "You can't remove a management account from an organization.")
	}
	for _, accounts := range c.Estate().Organization.Delegated {
		if slices.Contains(accounts, a.ID) {
			return violation(types.ConstraintViolationExceptionReasonCannotRemoveDelegatedAdministratorFromOrg,
				"You attempted to remove an account from the organization that is registered as a delegated administrator for a service integrated with your organization.")
		}
	}
	return nil
}

func removeAccount(_ context.Context, c *world.Call, in *organizations.RemoveAccountFromOrganizationInput) (*organizations.RemoveAccountFromOrganizationOutput, error) {
	if err := begin(c, management, arn(c.Estate(), "account", *in.AccountId)); err != nil {
		return nil, err
	}
	a, err := memberAccount(c, *in.AccountId)
	if err != nil {
		return nil, err
	}
	if err := canLeave(c, a); err != nil {
		return nil, err
	}
	leave(c, a)
	return &organizations.RemoveAccountFromOrganizationOutput{}, nil
}

func leaveOrganization(_ context.Context, c *world.Call, _ *organizations.LeaveOrganizationInput) (*organizations.LeaveOrganizationOutput, error) {
	if err := begin(c, anyMember); err != nil {
		return nil, err
	}
	a, err := memberAccount(c, string(c.Account()))
	if err != nil {
		return nil, err
	}
	if err := canLeave(c, a); err != nil {
		return nil, err
	}
	leave(c, a)
	return &organizations.LeaveOrganizationOutput{}, nil
}
