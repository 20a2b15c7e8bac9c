package organizations

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// The types of policies that the twin has.
const (
	serviceControl  = string(types.PolicyTypeServiceControlPolicy)
	resourceControl = string(types.PolicyTypeResourceControlPolicy)
)

// Quotas of orgs_reference_limits.html, the same for both types.
const (
	documentSize   = 5120 // characters
	perTarget      = 5    // policies of one type attached to a root, unit or account
	documentIsFull = "You have exceeded the allowed size of a policy document."
)

// fullAccess is the policy that AWS attaches everywhere when a type is enabled.
func fullAccess(policyType string) estate.OrganizationPolicy {
	if policyType == resourceControl {
		return estate.OrganizationPolicy{
			ID: "p-RCPFullAWSAccess", Name: "RCPFullAWSAccess", Type: resourceControl, AWSManaged: true,
			Description: "Allows access to every resource",
			Document:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
		}
	}
	return estate.OrganizationPolicy{
		ID: "p-FullAWSAccess", Name: "FullAWSAccess", Type: serviceControl, AWSManaged: true,
		Description: "Allows access to every operation",
		Document:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	}
}

// attachDefaults attaches to what is new in the organization the policies that
// AWS attaches (orgs_manage_policies_scps.html).
func attachDefaults(e *estate.Estate, target string) {
	for _, t := range e.Organization.PolicyTypes {
		if p, ok := e.Policies.Get(fullAccess(t).ID); ok && !slices.Contains(p.Targets, target) {
			p.Targets = append(slices.Clone(p.Targets), target)
			e.Policies.Put(p)
		}
	}
}

// detachAll detaches every policy from what goes away.
func detachAll(e *estate.Estate, target string) {
	for _, p := range slices.Collect(e.Policies.By(estate.ByAttachment(target))) {
		detach(e, p, target)
	}
}

func detach(e *estate.Estate, p estate.OrganizationPolicy, target string) {
	p.Targets = slices.DeleteFunc(slices.Clone(p.Targets), func(t string) bool { return t == target })
	e.Policies.Put(p)
}

// known refuses the types of policies that the twin does not have.
func known(c *world.Call, t types.PolicyType) error {
	if string(t) != serviceControl && string(t) != resourceControl {
		return c.Unsupported("Type " + string(t))
	}
	return nil
}

// checkDocument judges a policy by what its type may hold
// (orgs_manage_policies_scps_syntax.html, orgs_manage_policies_rcps_syntax.html).
func checkDocument(document, policyType string) error {
	bad := fail("MalformedPolicyDocumentException", "The provided policy document does not meet the requirements of the specified policy type.")
	of := iam.ServiceControl
	if policyType == resourceControl {
		of = iam.ResourceControl
	}
	d, err := iam.Check(document, of)
	if err != nil {
		return bad
	}
	for _, s := range d.Statements {
		if policyType != resourceControl {
			continue
		}
		if s.Allow || s.NotPrincipal || s.NotAction || slices.Contains(s.Actions, "*") ||
			slices.ContainsFunc(s.Principals, func(p iam.PrincipalPattern) bool { return p.Value != "*" || p.Kind != "*" && p.Kind != "AWS" }) {
			return bad
		}
	}
	if len([]rune(document)) > documentSize {
		return violation(types.ConstraintViolationExceptionReasonPolicyContentLimitExceeded, documentIsFull)
	}
	return nil
}

func policyARN(e *estate.Estate, p estate.OrganizationPolicy) string {
	kind := strings.ToLower(p.Type)
	if p.AWSManaged {
		return "arn:aws:organizations::aws:policy/" + kind + "/" + p.ID
	}
	return "arn:aws:organizations::" + string(e.Organization.Management) + ":policy/" + e.Organization.ID + "/" + kind + "/" + p.ID
}

func summary(e *estate.Estate, p estate.OrganizationPolicy) types.PolicySummary {
	its := policyARN(e, p)
	return types.PolicySummary{Id: &p.ID, Arn: &its, Name: &p.Name, Description: &p.Description, Type: types.PolicyType(p.Type), AwsManaged: p.AWSManaged}
}

func policy(e *estate.Estate, p estate.OrganizationPolicy) *types.Policy {
	s := summary(e, p)
	return &types.Policy{Content: &p.Document, PolicySummary: &s}
}

// policyFor begins an operation on a policy and the targets.
func policyFor(c *world.Call, as role, id string, targets ...string) (estate.OrganizationPolicy, error) {
	settle(c) // may attach policies
	e := c.Estate()
	p, ok := e.Policies.Get(id)
	if !ok {
		p = estate.OrganizationPolicy{ID: id, Type: serviceControl}
	}
	resources := []string{policyARN(e, p)}
	for _, t := range targets {
		resources = append(resources, arnOf(e, t))
	}
	if err := begin(c, as, resources...); err != nil {
		return p, err
	}
	if !ok {
		return p, fail("PolicyNotFoundException", "You specified a policy that doesn't exist.")
	}
	return p, nil
}

func createPolicy(_ context.Context, c *world.Call, in *organizations.CreatePolicyInput) (*organizations.CreatePolicyOutput, error) {
	if err := begin(c, management); err != nil {
		return nil, err
	}
	if err := known(c, in.Type); err != nil {
		return nil, err
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	if err := checkDocument(*in.Content, string(in.Type)); err != nil {
		return nil, err
	}
	if policyNamed(e, string(in.Type), *in.Name, "") {
		return nil, fail("DuplicatePolicyException", "A policy with the same name already exists.")
	}
	p := estate.OrganizationPolicy{ID: "p-" + newID(c, "policy", *in.Name, 10), Name: *in.Name, Description: text(in.Description),
		Type: string(in.Type), Document: *in.Content, Tags: tags}
	e.Policies.Put(p)
	return &organizations.CreatePolicyOutput{Policy: policy(e, p)}, nil
}

func policyNamed(e *estate.Estate, policyType, name, but string) bool {
	for p := range e.Policies.All() {
		if p.Type == policyType && p.Name == name && p.ID != but {
			return true
		}
	}
	return false
}

func describePolicy(_ context.Context, c *world.Call, in *organizations.DescribePolicyInput) (*organizations.DescribePolicyOutput, error) {
	p, err := policyFor(c, reader, *in.PolicyId)
	if err != nil {
		return nil, err
	}
	return &organizations.DescribePolicyOutput{Policy: policy(c.Estate(), p)}, nil
}

// ownPolicy is policyFor for what changes it; AWS's own stay as they are.
func ownPolicy(c *world.Call, id string) (estate.OrganizationPolicy, error) {
	p, err := policyFor(c, management, id)
	if err == nil && p.AWSManaged {
		return p, invalid(types.InvalidInputExceptionReasonImmutablePolicy, "You specified a policy that is managed by AWS and can't be modified.")
	}
	return p, err
}

func updatePolicy(_ context.Context, c *world.Call, in *organizations.UpdatePolicyInput) (*organizations.UpdatePolicyOutput, error) {
	p, err := ownPolicy(c, *in.PolicyId)
	if err != nil {
		return nil, err
	}
	if in.Name != nil {
		if policyNamed(c.Estate(), p.Type, *in.Name, p.ID) {
			return nil, fail("DuplicatePolicyException", "A policy with the same name already exists.")
		}
		p.Name = *in.Name
	}
	if in.Description != nil {
		p.Description = *in.Description
	}
	if in.Content != nil {
		if err := checkDocument(*in.Content, p.Type); err != nil {
			return nil, err
		}
		p.Document = *in.Content
	}
	c.Estate().Policies.Put(p)
	return &organizations.UpdatePolicyOutput{Policy: policy(c.Estate(), p)}, nil
}

func deletePolicy(_ context.Context, c *world.Call, in *organizations.DeletePolicyInput) (*organizations.DeletePolicyOutput, error) {
	p, err := ownPolicy(c, *in.PolicyId)
	if err != nil {
		return nil, err
	}
	if len(p.Targets) > 0 {
		return nil, fail("PolicyInUseException", "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.")
	}
	c.Estate().Policies.Delete(p.ID)
	return &organizations.DeletePolicyOutput{}, nil
}

func summaryPage(c *world.Call, list []estate.OrganizationPolicy, token *string, max *int32) ([]types.PolicySummary, *string, error) {
	list, next, err := page(list, func(p estate.OrganizationPolicy) string { return p.ID }, token, max)
	out := []types.PolicySummary{}
	for _, p := range list {
		out = append(out, summary(c.Estate(), p))
	}
	return out, next, err
}

func ofType(t types.PolicyType) func(estate.OrganizationPolicy) bool {
	return func(p estate.OrganizationPolicy) bool { return p.Type != string(t) }
}

func listPolicies(_ context.Context, c *world.Call, in *organizations.ListPoliciesInput) (*organizations.ListPoliciesOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(slices.Collect(c.Estate().Policies.All()), ofType(in.Filter))
	out, next, err := summaryPage(c, list, in.NextToken, in.MaxResults)
	return &organizations.ListPoliciesOutput{Policies: out, NextToken: next}, err
}

func listPoliciesForTarget(_ context.Context, c *world.Call, in *organizations.ListPoliciesForTargetInput) (*organizations.ListPoliciesForTargetOutput, error) {
	e := c.Estate()
	if err := begin(c, reader, arnOf(e, *in.TargetId)); err != nil {
		return nil, err
	}
	if err := targetExists(e, *in.TargetId); err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(slices.Collect(e.Policies.By(estate.ByAttachment(*in.TargetId))), ofType(in.Filter))
	out, next, err := summaryPage(c, list, in.NextToken, in.MaxResults)
	return &organizations.ListPoliciesForTargetOutput{Policies: out, NextToken: next}, err
}

func targetExists(e *estate.Estate, id string) error {
	if e.Path(id) == nil {
		return fail("TargetNotFoundException", "You specified a target that doesn't exist.")
	}
	return nil
}

func listTargetsForPolicy(_ context.Context, c *world.Call, in *organizations.ListTargetsForPolicyInput) (*organizations.ListTargetsForPolicyOutput, error) {
	p, err := policyFor(c, reader, *in.PolicyId)
	if err != nil {
		return nil, err
	}
	ids, next, err := page(slices.Clone(p.Targets), itself, in.NextToken, in.MaxResults)
	out := &organizations.ListTargetsForPolicyOutput{NextToken: next, Targets: []types.PolicyTargetSummary{}}
	for _, id := range ids {
		out.Targets = append(out.Targets, target(c.Estate(), id))
	}
	return out, err
}

func target(e *estate.Estate, id string) types.PolicyTargetSummary {
	its, name, kind := arnOf(e, id), "Root", types.TargetTypeRoot
	if u, ok := e.Units.Get(id); ok {
		name, kind = u.Name, types.TargetTypeOrganizationalUnit
	} else if a, ok := e.Accounts.Get(id); ok {
		name, kind = a.Name, types.TargetTypeAccount
	}
	return types.PolicyTargetSummary{TargetId: &id, Arn: &its, Name: &name, Type: kind}
}

func attachPolicy(_ context.Context, c *world.Call, in *organizations.AttachPolicyInput) (*organizations.AttachPolicyOutput, error) {
	p, err := policyFor(c, management, *in.PolicyId, *in.TargetId)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	if err := targetExists(e, *in.TargetId); err != nil {
		return nil, err
	}
	attached := slices.DeleteFunc(slices.Collect(e.Policies.By(estate.ByAttachment(*in.TargetId))), ofType(types.PolicyType(p.Type)))
	switch {
	case !slices.Contains(e.Organization.PolicyTypes, p.Type):
		return nil, fail("PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types.")
	case slices.Contains(p.Targets, *in.TargetId):
		return nil, fail("DuplicatePolicyAttachmentException", "A policy with the specified name and type already exists.")
	case len(attached) >= perTarget:
		return nil, violation(types.ConstraintViolationExceptionReasonMaxPolicyTypeAttachmentLimitExceeded,
			"You have exceeded the maximum number of policies of a certain type that can be attached to an entity at one time.")
	}
	p.Targets = append(slices.Clone(p.Targets), *in.TargetId)
	e.Policies.Put(p)
	return &organizations.AttachPolicyOutput{}, nil
}

func detachPolicy(_ context.Context, c *world.Call, in *organizations.DetachPolicyInput) (*organizations.DetachPolicyOutput, error) {
	p, err := policyFor(c, management, *in.PolicyId, *in.TargetId)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	if err := targetExists(e, *in.TargetId); err != nil {
		return nil, err
	}
	attached := slices.DeleteFunc(slices.Collect(e.Policies.By(estate.ByAttachment(*in.TargetId))), ofType(types.PolicyType(p.Type)))
	switch {
	case !slices.Contains(p.Targets, *in.TargetId):
		return nil, fail("PolicyNotAttachedException", "The policy isn't attached to the specified target in the specified root.")
	case p.ID == fullAccess(resourceControl).ID:
		return nil, invalid(types.InvalidInputExceptionReasonNonDetachablePolicy, "You can't detach this policy.")
	case p.Type == serviceControl && len(attached) == 1:
		return nil, violation(types.ConstraintViolationExceptionReasonMinPolicyTypeAttachmentLimitExceeded,
			"You attempted to detach a policy from an entity that would cause the entity to have fewer than the minimum number of policies of a certain type required.")
	}
	detach(e, p, *in.TargetId)
	return &organizations.DetachPolicyOutput{}, nil
}

// typeFor begins an operation on a type of policies in the root.
func typeFor(c *world.Call, rootID string, t types.PolicyType) error {
	if err := begin(c, management, arn(c.Estate(), "root", rootID)); err != nil {
		return err
	}
	if rootID != c.Estate().Organization.Root {
		return fail("RootNotFoundException", "You specified a root that doesn't exist.")
	}
	return known(c, t)
}

func enablePolicyType(_ context.Context, c *world.Call, in *organizations.EnablePolicyTypeInput) (*organizations.EnablePolicyTypeOutput, error) {
	if err := typeFor(c, *in.RootId, in.PolicyType); err != nil {
		return nil, err
	}
	e, t := c.Estate(), string(in.PolicyType)
	if slices.Contains(e.Organization.PolicyTypes, t) {
		return nil, fail("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.")
	}
	e.Organization.PolicyTypes = slices.Sorted(slices.Values(append(slices.Clone(e.Organization.PolicyTypes), t)))
	p, have := e.Policies.Get(fullAccess(t).ID)
	if !have {
		p = fullAccess(t)
	}
	p.Targets = []string{e.Organization.Root}
	for u := range e.Units.All() {
		p.Targets = append(p.Targets, u.ID)
	}
	for _, a := range members(c, "") {
		p.Targets = append(p.Targets, string(a.ID))
	}
	e.Policies.Put(p)
	return &organizations.EnablePolicyTypeOutput{Root: root(e)}, nil
}

// disablePolicyType also detaches every policy of the type
// (API_DisablePolicyType).
func disablePolicyType(_ context.Context, c *world.Call, in *organizations.DisablePolicyTypeInput) (*organizations.DisablePolicyTypeOutput, error) {
	if err := typeFor(c, *in.RootId, in.PolicyType); err != nil {
		return nil, err
	}
	e, t := c.Estate(), string(in.PolicyType)
	if !slices.Contains(e.Organization.PolicyTypes, t) {
		return nil, fail("PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types.")
	}
	e.Organization.PolicyTypes = slices.DeleteFunc(slices.Clone(e.Organization.PolicyTypes), func(have string) bool { return have == t })
	for _, p := range slices.DeleteFunc(slices.Collect(e.Policies.All()), ofType(in.PolicyType)) {
		p.Targets = nil
		e.Policies.Put(p)
	}
	return &organizations.DisablePolicyTypeOutput{Root: root(e)}, nil
}

// describeResourcePolicy: the twin has no delegation policies.
func describeResourcePolicy(_ context.Context, c *world.Call, _ *organizations.DescribeResourcePolicyInput) (*organizations.DescribeResourcePolicyOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	return nil, fail("ResourcePolicyNotFoundException", "You specified a resource policy that doesn't exist.")
}
