package organizations

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// createOrganization makes the caller's account the management account of an
// organization with all features. API_CreateOrganization says that service
// control policies are then enabled in the root; those who create organizations
// find them disabled and enable them (Terraform's provider, issue 4545 and pull
// request 8588; cloudformation-coverage-roadmap, issue 1901), and so do callers
// of the twin.
func createOrganization(_ context.Context, c *world.Call, in *organizations.CreateOrganizationInput) (*organizations.CreateOrganizationOutput, error) {
	e := c.Estate()
	if err := c.Authorize("organizations:CreateOrganization", "*", nil); err != nil {
		return nil, err
	}
	switch {
	case member(e, c.Account()):
		return nil, fail("AlreadyInOrganizationException", "The AWS account is already a member of an organization.")
	case e.Organization.ID != "":
		return nil, world.NotImplemented("The twin has one organization, " + e.Organization.ID + " of account " + string(e.Organization.Management))
	case in.FeatureSet != "" && in.FeatureSet != types.OrganizationFeatureSetAll:
		return nil, c.Unsupported("FeatureSet " + string(in.FeatureSet))
	}
	c.State.Admit(c.Account())
	o := estate.Organization{ID: "o-" + newID(c, "organization", "", 10), Management: c.Account(), Root: "r-" + newID(c, "root", "", 4)}
	o.ARN = "arn:aws:organizations::" + string(o.Management) + ":organization/" + o.ID
	e.Organization = o
	e.Policies.Put(fullAccess(serviceControl))
	a, _ := e.Accounts.Get(string(c.Account()))
	a.Parent = o.Root
	if a.Email == "" {
		a.Email = string(a.ID) + "@account.invalid" // every account has one
	}
	join(c, a, c.Now)
	return &organizations.CreateOrganizationOutput{Organization: organization(e)}, nil
}

func organization(e *estate.Estate) *types.Organization {
	o := e.Organization
	its, account := arn(e, "account", string(o.Management)), string(o.Management)
	a, _ := e.Accounts.Get(account)
	return &types.Organization{
		Id: &o.ID, Arn: &o.ARN, FeatureSet: types.OrganizationFeatureSetAll,
		MasterAccountId: &account, MasterAccountArn: &its, MasterAccountEmail: &a.Email,
		// "Do not use": it does not say what is enabled (API_Organization).
		AvailablePolicyTypes: []types.PolicyTypeSummary{{Type: types.PolicyTypeServiceControlPolicy, Status: types.PolicyTypeStatusEnabled}},
	}
}

func describeOrganization(_ context.Context, c *world.Call, _ *organizations.DescribeOrganizationInput) (*organizations.DescribeOrganizationOutput, error) {
	if err := begin(c, anyMember); err != nil {
		return nil, err
	}
	return &organizations.DescribeOrganizationOutput{Organization: organization(c.Estate())}, nil
}

// enableAllFeatures has nothing to enable: the twin has no other organizations.
func enableAllFeatures(_ context.Context, c *world.Call, _ *organizations.EnableAllFeaturesInput) (*organizations.EnableAllFeaturesOutput, error) {
	if err := begin(c, management); err != nil {
		return nil, err
	}
	message := "Your organization already has all features enabled."
	return nil, &types.HandshakeConstraintViolationException{Message: &message,
		Reason: types.HandshakeConstraintViolationExceptionReasonOrganizationAlreadyHasAllFeatures}
}

func deleteOrganization(_ context.Context, c *world.Call, _ *organizations.DeleteOrganizationInput) (*organizations.DeleteOrganizationOutput, error) {
	if err := begin(c, management); err != nil {
		return nil, err
	}
	e := c.Estate()
	own := slices.ContainsFunc(slices.Collect(e.Policies.All()), func(p estate.OrganizationPolicy) bool { return !p.AWSManaged })
	if len(members(c, "")) > 1 || e.Units.Len() > 0 || own {
		return nil, fail("OrganizationNotEmptyException", "The organization isn't empty. To delete an organization, you must first remove all accounts except the management account, delete all OUs, and delete all policies.")
	}
	a, err := memberAccount(c, string(c.Account()))
	if err != nil {
		return nil, err
	}
	leave(c, a)
	e.Policies = estate.Table[estate.OrganizationPolicy]{}
	e.Organization = estate.Organization{}
	return &organizations.DeleteOrganizationOutput{}, nil
}

func listRoots(_ context.Context, c *world.Call, _ *organizations.ListRootsInput) (*organizations.ListRootsOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	return &organizations.ListRootsOutput{Roots: []types.Root{*root(c.Estate())}}, nil
}

func root(e *estate.Estate) *types.Root {
	id, name, its := e.Organization.Root, "Root", arn(e, "root", e.Organization.Root)
	r := &types.Root{Id: &id, Arn: &its, Name: &name, PolicyTypes: []types.PolicyTypeSummary{}}
	for _, t := range slices.Sorted(slices.Values(e.Organization.PolicyTypes)) {
		r.PolicyTypes = append(r.PolicyTypes, types.PolicyTypeSummary{Type: types.PolicyType(t), Status: types.PolicyTypeStatusEnabled})
	}
	return r
}

func enableServiceAccess(_ context.Context, c *world.Call, in *organizations.EnableAWSServiceAccessInput) (*organizations.EnableAWSServiceAccessOutput, error) {
	if err := begin(c, management); err != nil {
		return nil, err
	}
	o := &c.Estate().Organization
	if !slices.Contains(o.TrustedServices, *in.ServicePrincipal) {
		o.TrustedServices = slices.Sorted(slices.Values(append(slices.Clone(o.TrustedServices), *in.ServicePrincipal)))
		moments.Put(c.State, "enabled/"+*in.ServicePrincipal, c.Now)
	}
	return &organizations.EnableAWSServiceAccessOutput{}, nil
}

func disableServiceAccess(_ context.Context, c *world.Call, in *organizations.DisableAWSServiceAccessInput) (*organizations.DisableAWSServiceAccessOutput, error) {
	if err := begin(c, management); err != nil {
		return nil, err
	}
	o := &c.Estate().Organization
	if len(o.Delegated[*in.ServicePrincipal]) > 0 {
		return nil, violation(types.ConstraintViolationExceptionReasonDelegatedAdministratorExistsForThisService,
			"You attempted to disable service access for a service that still has a delegated administrator.")
	}
	o.TrustedServices = slices.DeleteFunc(slices.Clone(o.TrustedServices), func(s string) bool { return s == *in.ServicePrincipal })
	moments.Delete(c.State, "enabled/"+*in.ServicePrincipal)
	return &organizations.DisableAWSServiceAccessOutput{}, nil
}

func listServiceAccess(_ context.Context, c *world.Call, in *organizations.ListAWSServiceAccessForOrganizationInput) (*organizations.ListAWSServiceAccessForOrganizationOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	list, next, err := page(slices.Clone(c.Estate().Organization.TrustedServices), itself, in.NextToken, in.MaxResults)
	out := &organizations.ListAWSServiceAccessForOrganizationOutput{NextToken: next, EnabledServicePrincipals: []types.EnabledServicePrincipal{}}
	for _, s := range list {
		out.EnabledServicePrincipals = append(out.EnabledServicePrincipals, types.EnabledServicePrincipal{ServicePrincipal: &s, DateEnabled: moment(c, "enabled/"+s)})
	}
	return out, err
}

func itself(s string) string { return s }

func registerDelegatedAdministrator(_ context.Context, c *world.Call, in *organizations.RegisterDelegatedAdministratorInput) (*organizations.RegisterDelegatedAdministratorOutput, error) {
	a, err := delegate(c, *in.AccountId)
	if err != nil {
		return nil, err
	}
	o := &c.Estate().Organization
	s := *in.ServicePrincipal
	switch {
	case a.ID == o.Management:
		return nil, violation(types.ConstraintViolationExceptionReasonCannotRegisterMasterAsDelegatedAdministrator,
			"You can't register the management account as a delegated administrator.")
	case a.Status == estate.AccountSuspended || a.Status == estate.AccountPendingClosure:
		return nil, violation(types.ConstraintViolationExceptionReasonCannotRegisterSuspendedAccountAsDelegatedAdministrator,
			"You can't register a suspended account as a delegated administrator.")
	case !slices.Contains(o.TrustedServices, s):
		return nil, violation(types.ConstraintViolationExceptionReasonServiceAccessNotEnabled,
			"You attempted to register a delegated administrator before you enabled service access. Call the EnableAWSServiceAccess API first.")
	case slices.Contains(o.Delegated[s], a.ID):
		return nil, fail("AccountAlreadyRegisteredException", "The specified account is already a delegated administrator for this AWS service.")
	}
	setDelegated(o, s, slices.Sorted(slices.Values(append(slices.Clone(o.Delegated[s]), a.ID))))
	moments.Put(c.State, "delegated/"+s+"/"+string(a.ID), c.Now)
	return &organizations.RegisterDelegatedAdministratorOutput{}, nil
}

// delegate begins an operation on a delegated administrator.
func delegate(c *world.Call, id string) (estate.Account, error) {
	if err := begin(c, management, arn(c.Estate(), "account", id)); err != nil {
		return estate.Account{}, err
	}
	return memberAccount(c, id)
}

func setDelegated(o *estate.Organization, service string, accounts []estate.AccountID) {
	all := map[string][]estate.AccountID{}
	maps.Copy(all, o.Delegated)
	all[service] = accounts
	if len(accounts) == 0 {
		delete(all, service)
	}
	o.Delegated = all
}

func deregisterDelegatedAdministrator(_ context.Context, c *world.Call, in *organizations.DeregisterDelegatedAdministratorInput) (*organizations.DeregisterDelegatedAdministratorOutput, error) {
	a, err := delegate(c, *in.AccountId)
	if err != nil {
		return nil, err
	}
	o := &c.Estate().Organization
	i := slices.Index(o.Delegated[*in.ServicePrincipal], a.ID)
	if i < 0 {
		return nil, fail("AccountNotRegisteredException", "The specified account is not a delegated administrator for this AWS service.")
	}
	setDelegated(o, *in.ServicePrincipal, slices.Delete(slices.Clone(o.Delegated[*in.ServicePrincipal]), i, i+1))
	moments.Delete(c.State, "delegated/"+*in.ServicePrincipal+"/"+string(a.ID))
	return &organizations.DeregisterDelegatedAdministratorOutput{}, nil
}

func listDelegatedAdministrators(_ context.Context, c *world.Call, in *organizations.ListDelegatedAdministratorsInput) (*organizations.ListDelegatedAdministratorsOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	// The date is that of the service asked for, or of the first one.
	services := map[estate.AccountID]string{}
	for _, s := range slices.Sorted(maps.Keys(c.Estate().Organization.Delegated)) {
		for _, id := range c.Estate().Organization.Delegated[s] {
			if _, have := services[id]; !have && (in.ServicePrincipal == nil || *in.ServicePrincipal == s) {
				services[id] = s
			}
		}
	}
	ids, next, err := page(slices.Collect(maps.Keys(services)), func(id estate.AccountID) string { return string(id) }, in.NextToken, in.MaxResults)
	out := &organizations.ListDelegatedAdministratorsOutput{NextToken: next, DelegatedAdministrators: []types.DelegatedAdministrator{}}
	for _, id := range ids {
		a, _ := c.Estate().Accounts.Get(string(id))
		as := account(c, a)
		out.DelegatedAdministrators = append(out.DelegatedAdministrators, types.DelegatedAdministrator{
			Id: as.Id, Arn: as.Arn, Name: as.Name, Email: as.Email, Status: as.Status, State: as.State,
			JoinedMethod: as.JoinedMethod, JoinedTimestamp: as.JoinedTimestamp,
			DelegationEnabledDate: moment(c, "delegated/"+services[id]+"/"+string(id)),
		})
	}
	return out, err
}

func listDelegatedServices(_ context.Context, c *world.Call, in *organizations.ListDelegatedServicesForAccountInput) (*organizations.ListDelegatedServicesForAccountOutput, error) {
	if err := begin(c, reader, arn(c.Estate(), "account", *in.AccountId)); err != nil {
		return nil, err
	}
	a, err := memberAccount(c, *in.AccountId)
	if err != nil {
		return nil, err
	}
	var services []string
	for s, accounts := range c.Estate().Organization.Delegated {
		if slices.Contains(accounts, a.ID) {
			services = append(services, s)
		}
	}
	if len(services) == 0 {
		return nil, fail("AccountNotRegisteredException", "The specified account is not a delegated administrator for this AWS service.")
	}
	services, next, err := page(services, itself, in.NextToken, in.MaxResults)
	out := &organizations.ListDelegatedServicesForAccountOutput{NextToken: next, DelegatedServices: []types.DelegatedService{}}
	for _, s := range services {
		out.DelegatedServices = append(out.DelegatedServices, types.DelegatedService{ServicePrincipal: &s, DelegationEnabledDate: moment(c, "delegated/"+s+"/"+string(a.ID))})
	}
	return out, err
}
