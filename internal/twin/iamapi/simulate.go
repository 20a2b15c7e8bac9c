package iamapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
	policy "github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// simulation is what both operations of the simulator ask.
type simulation struct {
	actions, resources []string
	resourcePolicy     *string
	owner              *string
	context            []types.ContextEntry
	marker             *string
	max                *int32
}

// simulatePrincipalPolicy judges actions by the policies of a user or role and
// those given besides (API_SimulatePrincipalPolicy).
func simulatePrincipalPolicy(_ context.Context, c *world.Call, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	source := *in.PolicySourceArn
	if err := c.Authorize("iam:SimulatePrincipalPolicy", source, nil); err != nil {
		return nil, err
	}
	caller := world.Caller{Account: c.Account(), ARN: source}
	if r, ok := c.Estate().Roles.Get(source); ok && r.Account == c.Account() {
		caller.Role, caller.ID = r.ARN, r.ID
	} else if u, ok := c.Estate().Users.Get(source); ok && u.Account == c.Account() {
		caller.ID = u.ID
	} else if admin, _ := c.State.Credential(string(c.Account())); source == admin.Caller.ARN {
		caller = admin.Caller
	} else {
		return nil, fail("NoSuchEntity", "The entity with ARN %s cannot be found.", source)
	}
	p, err := policy.Gather(c.Estate(), caller)
	if err != nil {
		return nil, err
	}
	given, err := inputs(in.PolicyInputList, "PolicyInputList")
	if err != nil {
		return nil, err
	}
	p.Identity = append(p.Identity, given...)
	if in.PermissionsBoundaryPolicyInputList != nil {
		if p.Boundary, err = inputs(in.PermissionsBoundaryPolicyInputList, "PermissionsBoundaryPolicyInputList"); err != nil {
			return nil, err
		}
	}
	results, truncated, next, err := simulate(c, caller, p, simulation{in.ActionNames, in.ResourceArns, in.ResourcePolicy,
		in.ResourceOwner, in.ContextEntries, in.Marker, in.MaxItems})
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: results, IsTruncated: truncated, Marker: next}, err
}

// simulateCustomPolicy judges actions by the policies given
// (API_SimulateCustomPolicy).
func simulateCustomPolicy(_ context.Context, c *world.Call, in *iam.SimulateCustomPolicyInput) (*iam.SimulateCustomPolicyOutput, error) {
	if err := c.Authorize("iam:SimulateCustomPolicy", "*", nil); err != nil {
		return nil, err
	}
	var p policy.Policies
	var err error
	if p.Identity, err = inputs(in.PolicyInputList, "PolicyInputList"); err != nil {
		return nil, err
	}
	if in.PermissionsBoundaryPolicyInputList != nil {
		if p.Boundary, err = inputs(in.PermissionsBoundaryPolicyInputList, "PermissionsBoundaryPolicyInputList"); err != nil {
			return nil, err
		}
	}
	caller := world.Caller{Account: c.Account(), ARN: text(in.CallerArn)}
	results, truncated, next, err := simulate(c, caller, p, simulation{in.ActionNames, in.ResourceArns, in.ResourcePolicy,
		in.ResourceOwner, in.ContextEntries, in.Marker, in.MaxItems})
	return &iam.SimulateCustomPolicyOutput{EvaluationResults: results, IsTruncated: truncated, Marker: next}, err
}

func inputs(documents []string, name string) ([]policy.Policy, error) {
	out := []policy.Policy{}
	for i, text := range documents {
		d, err := policy.Parse(text)
		if err != nil {
			return nil, fail("InvalidInput", "%s", err)
		}
		out = append(out, policy.Policy{Name: name + "." + strconv.Itoa(i+1), Document: d})
	}
	return out, nil
}

func simulate(c *world.Call, caller world.Caller, p policy.Policies, s simulation) ([]types.EvaluationResult, bool, *string, error) {
	ctx := policy.CallerContext(c.Estate(), caller)
	for _, e := range s.context {
		ctx[strings.ToLower(text(e.ContextKeyName))] = e.ContextKeyValues
	}
	if s.resourcePolicy != nil {
		d, err := policy.Parse(*s.resourcePolicy)
		if err != nil {
			return nil, false, nil, fail("InvalidInput", "%s", err)
		}
		p.Resource = []policy.Policy{{Name: "ResourcePolicy", Document: d}}
	}
	owner := c.Account()
	if s.owner != nil {
		owner = estate.AccountID(strings.TrimSuffix(strings.TrimPrefix(*s.owner, "arn:aws:iam::"), ":root"))
	}
	resources := s.resources
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	type numbered struct {
		at int
		types.EvaluationResult
	}
	var list []numbered
	entity := caller.Role
	if entity == "" {
		entity = caller.ARN
	}
	for _, action := range s.actions {
		for _, resource := range resources {
			d := policy.Decide(policy.Request{
				Principal: policy.Principal{ARN: caller.ARN, Account: string(caller.Account), Entity: entity, ID: caller.ID},
				Action:    action, Resource: resource, ResourceAccount: string(owner), Context: ctx,
			}, p)
			list = append(list, numbered{len(list), result(action, resource, d, p)})
		}
	}
	list, truncated, next, err := page(list, func(n numbered) string { return fmt.Sprintf("%09d", n.at) }, s.marker, s.max)
	results := []types.EvaluationResult{}
	for _, n := range list {
		results = append(results, n.EvaluationResult)
	}
	return results, truncated, next, err
}

func result(action, resource string, d policy.Decision, p policy.Policies) types.EvaluationResult {
	r := types.EvaluationResult{
		EvalActionName: &action, EvalResourceName: &resource, EvalDecision: types.PolicyEvaluationDecisionTypeImplicitDeny,
		MatchedStatements: []types.Statement{}, MissingContextValues: []string{},
	}
	if p.SCPs != nil {
		r.OrganizationsDecisionDetail = &types.OrganizationsDecisionDetail{AllowedByOrganizations: d.Type != policy.ServiceControl}
	}
	if p.Boundary != nil {
		r.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: d.Type != policy.Boundary}
	}
	switch {
	case d.Allowed:
		r.EvalDecision = types.PolicyEvaluationDecisionTypeAllowed
	case d.Explicit:
		r.EvalDecision = types.PolicyEvaluationDecisionTypeExplicitDeny
	}
	if d.Policy != "" && slices.Contains([]policy.PolicyType{policy.IdentityBased, policy.ResourceBased, policy.Boundary}, d.Type) {
		r.MatchedStatements = append(r.MatchedStatements, types.Statement{SourcePolicyId: &d.Policy, SourcePolicyType: sourceType(d)})
	}
	return r
}

func sourceType(d policy.Decision) types.PolicySourceType {
	switch {
	case d.Type == policy.ResourceBased:
		return types.PolicySourceTypeResource
	case strings.HasPrefix(d.Policy, "arn:aws:iam::aws:"):
		return types.PolicySourceTypeAwsManaged
	case strings.HasPrefix(d.Policy, "arn:"):
		return types.PolicySourceTypeUserManaged
	case strings.Contains(d.Policy, ":role/"):
		return types.PolicySourceTypeRole
	case strings.Contains(d.Policy, ":user/"):
		return types.PolicySourceTypeUser
	}
	return types.PolicySourceTypeNone
}
