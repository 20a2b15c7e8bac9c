package organizations

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

type handler[I, O any] = func(context.Context, *world.Call, *I) (*O, error)

// ok calls a handler that must succeed.
func ok[I, O any](t *testing.T, cl worldtest.Client, h handler[I, O], in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls a handler that must refuse with that code, and reason if the
// error has one.
func refused[I, O any](t *testing.T, cl worldtest.Client, h handler[I, O], in *I, want string) {
	t.Helper()
	_, err := worldtest.Do(cl, h, in)
	got := "no error"
	var e smithy.APIError
	var v *types.ConstraintViolationException
	var i *types.InvalidInputException
	switch {
	case errors.As(err, &v):
		got = string(v.Reason)
	case errors.As(err, &i):
		got = string(i.Reason)
	case errors.As(err, &e):
		got = strings.TrimSuffix(e.ErrorCode(), "Exception")
	case err != nil:
		got = err.Error()
	}
	if got != want {
		t.Errorf("%T: %s (%v), want %s", in, got, err, want)
	}
}

const management111 = "111111111111"

// bench is an organization of account 111111111111.
func bench(t *testing.T) (worldtest.Client, *clock.Virtual, string) {
	t.Helper()
	cl, clk := worldtest.New()
	cl.Policies, cl.Service = iam.Authorizer, "organizations"
	ok(t, cl, createOrganization, &organizations.CreateOrganizationInput{})
	root := cl.World.Estate().Organization.Root
	ok(t, cl, enablePolicyType, &organizations.EnablePolicyTypeInput{RootId: &root, PolicyType: types.PolicyTypeServiceControlPolicy})
	return cl, clk, root
}

// newMember makes an account and waits for it.
func newMember(t *testing.T, cl worldtest.Client, clk *clock.Virtual, name string) string {
	t.Helper()
	s := ok(t, cl, createAccount, &organizations.CreateAccountInput{AccountName: &name, Email: aws.String(name + "@example.com")}).CreateAccountStatus
	clk.Advance(creation)
	s = ok(t, cl, describeCreateAccountStatus, &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: s.Id}).CreateAccountStatus
	if s.State != types.CreateAccountStateSucceeded {
		t.Fatalf("account %s: %s", name, s.State)
	}
	return *s.AccountId
}

func TestShapes(t *testing.T) {
	s, err := wire.Load("organizations")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.NewMux(s, Service()...); err != nil {
		t.Error(err)
	}
}

func TestOrganization(t *testing.T) {
	cl, _ := worldtest.New()
	cl.Policies, cl.Service = iam.Authorizer, "organizations"
	refused(t, cl, describeOrganization, &organizations.DescribeOrganizationInput{}, "AWSOrganizationsNotInUse")
	o := ok(t, cl, createOrganization, &organizations.CreateOrganizationInput{}).Organization
	if *o.MasterAccountId != management111 || o.FeatureSet != types.OrganizationFeatureSetAll ||
		*o.MasterAccountArn != "arn:aws:organizations::111111111111:account/"+*o.Id+"/111111111111" {
		t.Errorf("organization %+v", o)
	}
	refused(t, cl, createOrganization, &organizations.CreateOrganizationInput{}, "AlreadyInOrganization")
	refused(t, cl.In("222222222222", ""), createOrganization, &organizations.CreateOrganizationInput{}, "NotImplementedByTwin")
	refused(t, cl.In("222222222222", ""), listAccounts, &organizations.ListAccountsInput{}, "AWSOrganizationsNotInUse")

	roots := ok(t, cl, listRoots, &organizations.ListRootsInput{}).Roots
	if len(roots) != 1 || len(roots[0].PolicyTypes) != 0 {
		t.Errorf("roots %+v", roots)
	}
	enabled := ok(t, cl, enablePolicyType, &organizations.EnablePolicyTypeInput{RootId: roots[0].Id, PolicyType: types.PolicyTypeServiceControlPolicy}).Root
	if len(enabled.PolicyTypes) != 1 || enabled.PolicyTypes[0].Status != types.PolicyTypeStatusEnabled {
		t.Errorf("root %+v", enabled)
	}
	for _, target := range []*string{roots[0].Id, aws.String(management111)} {
		list := ok(t, cl, listPoliciesForTarget, &organizations.ListPoliciesForTargetInput{TargetId: target, Filter: types.PolicyTypeServiceControlPolicy}).Policies
		if len(list) != 1 || *list[0].Id != "p-FullAWSAccess" || !list[0].AwsManaged {
			t.Errorf("policies of %s: %+v", *target, list)
		}
	}
	if s := ok(t, cl, listServiceAccess, &organizations.ListAWSServiceAccessForOrganizationInput{}).EnabledServicePrincipals; len(s) != 0 {
		t.Errorf("trusted access %+v", s)
	}
	ok(t, cl, deleteOrganization, &organizations.DeleteOrganizationInput{})
	refused(t, cl, describeOrganization, &organizations.DescribeOrganizationInput{}, "AWSOrganizationsNotInUse")
}

func TestCreateAccount(t *testing.T) {
	cl, clk, root := bench(t)
	create := &organizations.CreateAccountInput{AccountName: aws.String("dns"), Email: aws.String("dns@example.com")}
	s := ok(t, cl, createAccount, create).CreateAccountStatus
	if s.State != types.CreateAccountStateInProgress || s.AccountId != nil {
		t.Errorf("at once: %+v", s)
	}
	clk.Advance(creation - 1)
	if list := ok(t, cl, listAccounts, &organizations.ListAccountsInput{}).Accounts; len(list) != 1 {
		t.Errorf("accounts before it is made: %+v", list)
	}
	clk.Advance(1)
	list := ok(t, cl, listAccounts, &organizations.ListAccountsInput{}).Accounts
	if len(list) != 2 {
		t.Fatalf("accounts after: %+v", list)
	}
	s = ok(t, cl, describeCreateAccountStatus, &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: s.Id}).CreateAccountStatus
	id := *s.AccountId
	a := ok(t, cl, describeAccount, &organizations.DescribeAccountInput{AccountId: &id}).Account
	if *a.Name != "dns" || a.Status != types.AccountStatusActive || a.JoinedMethod != types.AccountJoinedMethodCreated ||
		!a.JoinedTimestamp.Equal(worldtest.Start.Add(creation)) || a.Paths[0] != cl.World.Estate().Organization.ID+"/"+root+"/"+id+"/" {
		t.Errorf("account %+v", a)
	}

	// The management account can assume the member's access role.
	e := cl.World.Estate()
	role, found := e.Roles.Get("arn:aws:iam::" + id + ":role/OrganizationAccountAccessRole")
	if !found {
		t.Fatal("no access role")
	}
	for account, want := range map[string]bool{management111: true, id: false} {
		err := cl.World.Update(func(s *world.State) error {
			admin, _ := s.Credential(account)
			return iam.Authorize(&world.Call{State: s, Caller: admin.Caller, Service: "sts"}, "sts:AssumeRole",
				iam.Resource{ARN: role.ARN, Account: role.Account, Policy: role.Trust, Trust: true}, nil)
		})
		if (err == nil) != want {
			t.Errorf("account %s assumes the access role: %v", account, err)
		}
	}

	// The same address again fails, as a status.
	s = ok(t, cl, createAccount, create).CreateAccountStatus
	clk.Advance(creation)
	s = ok(t, cl, describeCreateAccountStatus, &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: s.Id}).CreateAccountStatus
	if s.State != types.CreateAccountStateFailed || s.FailureReason != types.CreateAccountFailureReasonEmailAlreadyExists || s.AccountId != nil {
		t.Errorf("the same address: %+v", s)
	}
	if failed := ok(t, cl, listCreateAccountStatus, &organizations.ListCreateAccountStatusInput{States: []types.CreateAccountState{types.CreateAccountStateFailed}}).CreateAccountStatuses; len(failed) != 1 {
		t.Errorf("failed requests %+v", failed)
	}
	refused(t, cl, describeCreateAccountStatus, &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: aws.String("car-00000000")}, "CreateAccountStatusNotFound")
}

func TestWhoMayAsk(t *testing.T) {
	cl, clk, _ := bench(t)
	id := newMember(t, cl, clk, "network")
	inside := cl.In(estate.AccountID(id), "")
	ok(t, inside, describeOrganization, &organizations.DescribeOrganizationInput{})
	_, err := worldtest.Do(inside, listAccounts, &organizations.ListAccountsInput{})
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != "AccessDeniedException" || e.ErrorMessage() != "You don't have permissions to access this resource." {
		t.Errorf("a member lists accounts: %v", err)
	}
	register := &organizations.RegisterDelegatedAdministratorInput{AccountId: &id, ServicePrincipal: aws.String("ram.amazonaws.com")}
	refused(t, cl, registerDelegatedAdministrator, register, "SERVICE_ACCESS_NOT_ENABLED")
	ok(t, cl, enableServiceAccess, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: register.ServicePrincipal})
	ok(t, cl, registerDelegatedAdministrator, register)
	refused(t, cl, registerDelegatedAdministrator, register, "AccountAlreadyRegistered")
	refused(t, cl, registerDelegatedAdministrator, &organizations.RegisterDelegatedAdministratorInput{AccountId: aws.String(management111), ServicePrincipal: register.ServicePrincipal},
		"CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR")
	if list := ok(t, inside, listAccounts, &organizations.ListAccountsInput{}).Accounts; len(list) != 2 {
		t.Errorf("a delegated administrator lists %+v", list)
	}
	refused(t, inside, createAccount, &organizations.CreateAccountInput{AccountName: aws.String("x"), Email: aws.String("x@example.com")}, "AccessDenied")
	if list := ok(t, inside, listDelegatedAdministrators, &organizations.ListDelegatedAdministratorsInput{}).DelegatedAdministrators; len(list) != 1 || *list[0].Id != id || list[0].DelegationEnabledDate == nil {
		t.Errorf("delegated administrators %+v", list)
	}
	if list := ok(t, cl, listDelegatedServices, &organizations.ListDelegatedServicesForAccountInput{AccountId: &id}).DelegatedServices; len(list) != 1 {
		t.Errorf("services %+v", list)
	}
	refused(t, cl, removeAccount, &organizations.RemoveAccountFromOrganizationInput{AccountId: &id}, "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")
	refused(t, cl, disableServiceAccess, &organizations.DisableAWSServiceAccessInput{ServicePrincipal: register.ServicePrincipal}, "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE")
	ok(t, cl, deregisterDelegatedAdministrator, &organizations.DeregisterDelegatedAdministratorInput{AccountId: &id, ServicePrincipal: register.ServicePrincipal})
	refused(t, inside, listAccounts, &organizations.ListAccountsInput{}, "AccessDenied")
	ok(t, cl, disableServiceAccess, &organizations.DisableAWSServiceAccessInput{ServicePrincipal: register.ServicePrincipal})
}

func TestTree(t *testing.T) {
	cl, clk, root := bench(t)
	id := newMember(t, cl, clk, "dns")
	newUnit := func(parent, name string) *organizations.CreateOrganizationalUnitInput {
		return &organizations.CreateOrganizationalUnitInput{ParentId: &parent, Name: &name}
	}
	parent, top := root, ""
	for depth := 1; depth <= 5; depth++ {
		u := ok(t, cl, createOrganizationalUnit, newUnit(parent, fmt.Sprint("level", depth))).OrganizationalUnit
		if parent = *u.Id; depth == 1 {
			top = parent
		}
	}
	refused(t, cl, createOrganizationalUnit, newUnit(parent, "level6"), "OU_DEPTH_LIMIT_EXCEEDED")
	refused(t, cl, createOrganizationalUnit, newUnit(root, "Level1"), "DuplicateOrganizationalUnit")
	refused(t, cl, createOrganizationalUnit, newUnit("r-none", "x"), "ParentNotFound")

	move := func(from, to string) *organizations.MoveAccountInput {
		return &organizations.MoveAccountInput{AccountId: &id, SourceParentId: &from, DestinationParentId: &to}
	}
	refused(t, cl, moveAccount, move(top, parent), "SourceParentNotFound")
	refused(t, cl, moveAccount, move(root, "ou-none"), "DestinationParentNotFound")
	refused(t, cl, moveAccount, move(root, root), "DuplicateAccount")
	ok(t, cl, moveAccount, move(root, top))
	if p := ok(t, cl, listParents, &organizations.ListParentsInput{ChildId: &id}).Parents; len(p) != 1 || *p[0].Id != top || p[0].Type != types.ParentTypeOrganizationalUnit {
		t.Errorf("parents %+v", p)
	}
	if p := ok(t, cl, listParents, &organizations.ListParentsInput{ChildId: &top}).Parents; *p[0].Id != root || p[0].Type != types.ParentTypeRoot {
		t.Errorf("parents of the unit %+v", p)
	}
	refused(t, cl, listParents, &organizations.ListParentsInput{ChildId: aws.String("999999999999")}, "ChildNotFound")
	if a := ok(t, cl, listAccountsForParent, &organizations.ListAccountsForParentInput{ParentId: &top}).Accounts; len(a) != 1 || *a[0].Id != id {
		t.Errorf("accounts of the unit %+v", a)
	}
	units := ok(t, cl, listChildren, &organizations.ListChildrenInput{ParentId: &top, ChildType: types.ChildTypeOrganizationalUnit}).Children
	accounts := ok(t, cl, listChildren, &organizations.ListChildrenInput{ParentId: &top, ChildType: types.ChildTypeAccount}).Children
	if len(units) != 1 || len(accounts) != 1 {
		t.Errorf("children %+v %+v", units, accounts)
	}
	refused(t, cl, deleteOrganizationalUnit, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &top}, "OrganizationalUnitNotEmpty")
	ok(t, cl, deleteOrganizationalUnit, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &parent})
	refused(t, cl, describeOrganizationalUnit, &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: &parent}, "OrganizationalUnitNotFound")
	ok(t, cl, updateOrganizationalUnit, &organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: &top, Name: aws.String("workloads")})
	if u := ok(t, cl, listOrganizationalUnitsForParent, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &root}).OrganizationalUnits; len(u) != 1 || *u[0].Name != "workloads" {
		t.Errorf("units %+v", u)
	}
}

func TestPaging(t *testing.T) {
	cl, clk, _ := bench(t)
	for i := range 44 {
		name := fmt.Sprint("a", i)
		ok(t, cl, createAccount, &organizations.CreateAccountInput{AccountName: &name, Email: aws.String(name + "@example.com")})
	}
	clk.Advance(creation)
	seen, pages := map[string]bool{}, 0
	for in := (&organizations.ListAccountsInput{}); ; pages++ {
		out := ok(t, cl, listAccounts, in)
		if len(out.Accounts) > 20 {
			t.Errorf("a page of %d", len(out.Accounts))
		}
		for _, a := range out.Accounts {
			if seen[*a.Id] {
				t.Errorf("account %s twice", *a.Id)
			}
			seen[*a.Id] = true
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if len(seen) != 45 || pages != 2 {
		t.Errorf("%d accounts on %d pages", len(seen), pages+1)
	}
	refused(t, cl, listAccounts, &organizations.ListAccountsInput{NextToken: aws.String("?")}, "INVALID_NEXT_TOKEN")
}

const (
	denyEC2 = `{"Version":"2012-10-17","Statement":[{"Sid":"NoEC2","Effect":"Deny","Action":"ec2:*","Resource":"*"}]}`
	onlyOwn = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}`
)

func TestPolicies(t *testing.T) {
	cl, clk, root := bench(t)
	id := newMember(t, cl, clk, "dns")
	scp := func(name, content string) *organizations.CreatePolicyInput {
		return &organizations.CreatePolicyInput{Name: &name, Content: &content, Description: aws.String(""), Type: types.PolicyTypeServiceControlPolicy}
	}
	p := ok(t, cl, createPolicy, scp("no-ec2", denyEC2)).Policy.PolicySummary
	if want := "arn:aws:organizations::111111111111:policy/" + cl.World.Estate().Organization.ID + "/service_control_policy/" + *p.Id; *p.Arn != want {
		t.Errorf("ARN %s, want %s", *p.Arn, want)
	}
	refused(t, cl, createPolicy, scp("no-ec2", denyEC2), "DuplicatePolicy")
	refused(t, cl, createPolicy, scp("bad", onlyOwn), "MalformedPolicyDocument")
	refused(t, cl, createPolicy, scp("long", strings.Replace(denyEC2, "ec2:*", "ec2:"+strings.Repeat("x", 5120), 1)), "POLICY_CONTENT_LIMIT_EXCEEDED")

	may := func(action string) error {
		return cl.World.Update(func(s *world.State) error {
			admin, _ := s.Credential(id)
			return iam.Authorizer(&world.Call{State: s, Caller: admin.Caller, Service: "ec2"})(action, "*", nil)
		})
	}
	if err := may("ec2:DescribeVpcs"); err != nil {
		t.Errorf("before the policy is attached: %v", err)
	}
	attach := &organizations.AttachPolicyInput{PolicyId: p.Id, TargetId: &root}
	ok(t, cl, attachPolicy, attach)
	if err := may("ec2:DescribeVpcs"); err == nil || !strings.HasSuffix(err.Error(), "with an explicit deny in a service control policy") {
		t.Errorf("with the policy attached to the root: %v", err)
	}
	refused(t, cl, attachPolicy, attach, "DuplicatePolicyAttachment")
	refused(t, cl, attachPolicy, &organizations.AttachPolicyInput{PolicyId: p.Id, TargetId: aws.String("999999999999")}, "TargetNotFound")
	refused(t, cl, deletePolicy, &organizations.DeletePolicyInput{PolicyId: p.Id}, "PolicyInUse")
	ok(t, cl, updatePolicy, &organizations.UpdatePolicyInput{PolicyId: p.Id, Content: aws.String(strings.Replace(denyEC2, "ec2", "acm", 1))})
	if err := may("ec2:DescribeVpcs"); err != nil {
		t.Errorf("after the policy was changed: %v", err)
	}
	full := aws.String("p-FullAWSAccess")
	refused(t, cl, updatePolicy, &organizations.UpdatePolicyInput{PolicyId: full, Name: aws.String("x")}, "IMMUTABLE_POLICY")
	refused(t, cl, detachPolicy, &organizations.DetachPolicyInput{PolicyId: full, TargetId: &id}, "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
	for i := range 4 {
		more := ok(t, cl, createPolicy, scp(fmt.Sprint("more", i), denyEC2)).Policy.PolicySummary.Id
		in := &organizations.AttachPolicyInput{PolicyId: more, TargetId: &root}
		if i < 3 {
			ok(t, cl, attachPolicy, in)
		} else {
			refused(t, cl, attachPolicy, in, "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
		}
	}
	targets := ok(t, cl, listTargetsForPolicy, &organizations.ListTargetsForPolicyInput{PolicyId: full}).Targets
	if len(targets) != 3 {
		t.Errorf("targets %+v", targets)
	}
	ok(t, cl, detachPolicy, &organizations.DetachPolicyInput{PolicyId: p.Id, TargetId: &root})
	refused(t, cl, detachPolicy, &organizations.DetachPolicyInput{PolicyId: p.Id, TargetId: &root}, "PolicyNotAttached")
	ok(t, cl, deletePolicy, &organizations.DeletePolicyInput{PolicyId: p.Id})
	refused(t, cl, describePolicy, &organizations.DescribePolicyInput{PolicyId: p.Id}, "PolicyNotFound")

	rcp := &organizations.CreatePolicyInput{Name: aws.String("own"), Content: aws.String(onlyOwn), Description: aws.String(""), Type: types.PolicyTypeResourceControlPolicy}
	own := ok(t, cl, createPolicy, rcp).Policy.PolicySummary.Id
	refused(t, cl, attachPolicy, &organizations.AttachPolicyInput{PolicyId: own, TargetId: &id}, "PolicyTypeNotEnabled")
	enable := &organizations.EnablePolicyTypeInput{RootId: &root, PolicyType: types.PolicyTypeResourceControlPolicy}
	ok(t, cl, enablePolicyType, enable)
	refused(t, cl, enablePolicyType, enable, "PolicyTypeAlreadyEnabled")
	ok(t, cl, attachPolicy, &organizations.AttachPolicyInput{PolicyId: own, TargetId: &id})
	refused(t, cl, detachPolicy, &organizations.DetachPolicyInput{PolicyId: aws.String("p-RCPFullAWSAccess"), TargetId: &id}, "NON_DETACHABLE_POLICY")
	for _, bad := range []string{
		strings.Replace(onlyOwn, "Deny", "Allow", 1), strings.Replace(onlyOwn, `"sts:AssumeRole"`, `"*"`, 1),
		strings.Replace(onlyOwn, `"Principal":"*"`, `"Principal":{"AWS":"111111111111"}`, 1), denyEC2,
	} {
		refused(t, cl, createPolicy, &organizations.CreatePolicyInput{Name: aws.String("bad"), Content: &bad, Type: types.PolicyTypeResourceControlPolicy}, "MalformedPolicyDocument")
	}
	ok(t, cl, disablePolicyType, &organizations.DisablePolicyTypeInput{RootId: &root, PolicyType: types.PolicyTypeResourceControlPolicy})
	if list := ok(t, cl, listPoliciesForTarget, &organizations.ListPoliciesForTargetInput{TargetId: &id, Filter: types.PolicyTypeResourceControlPolicy}).Policies; len(list) != 0 {
		t.Errorf("policies of a disabled type: %+v", list)
	}
}

// TestSettleKeepsAttachments: an account that comes to be during a call on a
// policy stays attached to it.
func TestSettleKeepsAttachments(t *testing.T) {
	cl, clk, _ := bench(t)
	ok(t, cl, createAccount, &organizations.CreateAccountInput{AccountName: aws.String("a"), Email: aws.String("a@example.com")})
	clk.Advance(creation)
	ok(t, cl, tagResource, &organizations.TagResourceInput{ResourceId: aws.String("p-FullAWSAccess"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	if got := ok(t, cl, listTargetsForPolicy, &organizations.ListTargetsForPolicyInput{PolicyId: aws.String("p-FullAWSAccess")}).Targets; len(got) != 3 {
		t.Errorf("targets %+v", got)
	}
}

func TestCloseAccount(t *testing.T) {
	cl, clk, _ := bench(t)
	id := newMember(t, cl, clk, "old")
	in := &organizations.CloseAccountInput{AccountId: &id}
	refused(t, cl, closeAccount, &organizations.CloseAccountInput{AccountId: aws.String(management111)}, "CANNOT_CLOSE_MANAGEMENT_ACCOUNT")
	ok(t, cl, closeAccount, in)
	state := func() types.AccountState {
		return ok(t, cl, describeAccount, &organizations.DescribeAccountInput{AccountId: &id}).Account.State
	}
	if got := state(); got != types.AccountStatePendingClosure {
		t.Errorf("at once: %s", got)
	}
	refused(t, cl, closeAccount, in, "Conflict")
	clk.Advance(closure)
	if got := state(); got != types.AccountStateSuspended {
		t.Errorf("after: %s", got)
	}
	refused(t, cl, closeAccount, in, "AccountAlreadyClosed")
}

func TestInvitation(t *testing.T) {
	cl, clk, _ := bench(t)
	guest := cl.In("222222222222", "")
	invite := &organizations.InviteAccountToOrganizationInput{Target: &types.HandshakeParty{Id: aws.String("222222222222"), Type: types.HandshakePartyTypeAccount}}
	h := ok(t, cl, inviteAccount, invite).Handshake
	refused(t, cl, inviteAccount, invite, "DuplicateHandshake")
	refused(t, cl, acceptHandshake, &organizations.AcceptHandshakeInput{HandshakeId: h.Id}, "HandshakeNotFound")
	if list := ok(t, guest, listHandshakesForAccount, &organizations.ListHandshakesForAccountInput{}).Handshakes; len(list) != 1 || list[0].State != types.HandshakeStateOpen {
		t.Errorf("invitations %+v", list)
	}
	ok(t, guest, declineHandshake, &organizations.DeclineHandshakeInput{HandshakeId: h.Id})
	refused(t, guest, acceptHandshake, &organizations.AcceptHandshakeInput{HandshakeId: h.Id}, "InvalidHandshakeTransition")

	h = ok(t, cl, inviteAccount, invite).Handshake
	clk.Advance(invitationLasts + time.Second)
	if got := ok(t, guest, describeHandshake, &organizations.DescribeHandshakeInput{HandshakeId: h.Id}).Handshake.State; got != types.HandshakeStateExpired {
		t.Errorf("after 15 days: %s", got)
	}
	h = ok(t, cl, inviteAccount, invite).Handshake
	ok(t, guest, acceptHandshake, &organizations.AcceptHandshakeInput{HandshakeId: h.Id})
	refused(t, guest, acceptHandshake, &organizations.AcceptHandshakeInput{HandshakeId: h.Id}, "HandshakeAlreadyInState")
	ok(t, guest, describeOrganization, &organizations.DescribeOrganizationInput{})
	a := ok(t, cl, describeAccount, &organizations.DescribeAccountInput{AccountId: aws.String("222222222222")}).Account
	if a.JoinedMethod != types.AccountJoinedMethodInvited {
		t.Errorf("joined %s", a.JoinedMethod)
	}
	e := cl.World.Estate()
	if _, found := e.Roles.Get("arn:aws:iam::222222222222:role/OrganizationAccountAccessRole"); found {
		t.Error("an invited account got an access role")
	}
	ok(t, guest, leaveOrganization, &organizations.LeaveOrganizationInput{})
	refused(t, guest, describeOrganization, &organizations.DescribeOrganizationInput{}, "AWSOrganizationsNotInUse")
	refused(t, cl, removeAccount, &organizations.RemoveAccountFromOrganizationInput{AccountId: aws.String(management111)}, "MasterCannotLeaveOrganization")
}

func TestTags(t *testing.T) {
	cl, clk, root := bench(t)
	id := newMember(t, cl, clk, "dns")
	tag := []types.Tag{{Key: aws.String("team"), Value: aws.String("dns")}, {Key: aws.String("env"), Value: aws.String("prod")}}
	for _, target := range []string{id, root, "p-FullAWSAccess"} {
		ok(t, cl, tagResource, &organizations.TagResourceInput{ResourceId: &target, Tags: tag})
		ok(t, cl, untagResource, &organizations.UntagResourceInput{ResourceId: &target, TagKeys: []string{"team"}})
		if got := ok(t, cl, listTags, &organizations.ListTagsForResourceInput{ResourceId: &target}).Tags; len(got) != 1 || *got[0].Key != "env" {
			t.Errorf("tags of %s: %+v", target, got)
		}
	}
	refused(t, cl, tagResource, &organizations.TagResourceInput{ResourceId: aws.String("999999999999"), Tags: tag}, "TargetNotFound")
	refused(t, cl, tagResource, &organizations.TagResourceInput{ResourceId: &id, Tags: append(tag, tag[0])}, "DUPLICATE_TAG_KEY")
}
