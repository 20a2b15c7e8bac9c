package iamapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
	policy "github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func createPolicy(_ context.Context, c *world.Call, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	path := pathOr(in.Path)
	arn := arnOf(c, "policy", path, *in.PolicyName)
	tags, conditions, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := c.Authorize("iam:CreatePolicy", arn, conditions); err != nil {
		return nil, err
	}
	if err := checkManaged(*in.PolicyDocument); err != nil {
		return nil, err
	}
	policies := collect(c.Estate().ManagedPolicies.By(estate.ByAccount(c.Account())), nil)
	for _, p := range policies {
		if strings.EqualFold(p.Name, *in.PolicyName) {
			return nil, fail("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", *in.PolicyName)
		}
	}
	if c.World.Limits {
		if err := within(c, "PoliciesPerAccount", len(policies)+1); err != nil {
			return nil, err
		}
	}
	p := estate.ManagedPolicy{
		ARN: arn, ID: "ANPA" + c.State.ID(c.Account(), "policy", *in.PolicyName, 17), Account: c.Account(),
		Path: path, Name: *in.PolicyName, Description: text(in.Description), Created: second(c), Tags: tags,
		Versions: []estate.PolicyVersion{{ID: "v1", Document: *in.PolicyDocument, Created: second(c)}}, Default: "v1",
	}
	c.Estate().ManagedPolicies.Put(p)
	return &iam.CreatePolicyOutput{Policy: managedPolicy(c, p)}, nil
}

func checkManaged(document string) error {
	if _, err := checked(document, policy.IdentityBased); err != nil {
		return err
	}
	if policy.Size(document) > managedSize {
		return fail("LimitExceeded", "Cannot exceed quota for PolicySize: %d", managedSize)
	}
	return nil
}

// awsPolicy is a policy of AWS's in the form of a customer's.
func awsPolicy(arn string) (estate.ManagedPolicy, bool) {
	document, ok := policy.Managed(arn)
	path, name := pathAndName(arn)
	long := time.Date(2015, 2, 6, 18, 40, 0, 0, time.UTC) // when AWS introduced managed policies
	return estate.ManagedPolicy{
		ARN: arn, ID: fmt.Sprintf("ANPA%.17s", strings.ToUpper(name)+"AWSMANAGEDPOLICYX"), Path: path, Name: name, Created: long,
		Versions: []estate.PolicyVersion{{ID: "v1", Document: document, Created: long}}, Default: "v1",
	}, ok
}

// policyFor finds a managed policy for a call that needs it. The caller's
// account sees its own and AWS's.
func policyFor(c *world.Call, arn string, conditions world.Conditions) (estate.ManagedPolicy, error) {
	p, ok := c.Estate().ManagedPolicies.Get(arn)
	if ok && p.Account != c.Account() {
		ok = false
	}
	if !ok {
		p, ok = awsPolicy(arn)
	}
	all := world.Conditions{}
	if ok {
		all = resourceTags(p.Tags)
	}
	for k, v := range conditions {
		all[k] = v
	}
	if err := c.Authorize("iam:"+c.Operation, arn, all); err != nil {
		return p, err
	}
	if !ok {
		return p, fail("NoSuchEntity", "Policy %s was not found.", arn)
	}
	return p, nil
}

// ownPolicy is policyFor for a call that changes it.
func ownPolicy(c *world.Call, arn string, conditions world.Conditions) (estate.ManagedPolicy, error) {
	p, err := policyFor(c, arn, conditions)
	if err == nil && p.Account != c.Account() {
		return p, fail("AccessDenied", "User: %s is not authorized to perform: iam:%s on resource: policy %s", c.Caller.ARN, c.Operation, arn)
	}
	return p, err
}

// uses are the roles and users of the caller's account that a policy is
// attached to, or is the boundary of.
func uses(c *world.Call, arn string) (attached, bounded []holder) {
	add := func(h holder) {
		if slices.Contains(h.attached, arn) {
			attached = append(attached, h)
		}
		if h.boundary == arn {
			bounded = append(bounded, h)
		}
	}
	for r := range c.Estate().Roles.By(estate.ByAccount(c.Account())) {
		add(holderOf(c, "role", r.Name))
	}
	for u := range c.Estate().Users.By(estate.ByAccount(c.Account())) {
		add(holderOf(c, "user", u.Name))
	}
	return attached, bounded
}

func managedPolicy(c *world.Call, p estate.ManagedPolicy) *types.Policy {
	attached, bounded := uses(c, p.ARN)
	a, b := int32(len(attached)), int32(len(bounded))
	updated := p.Created
	if n := len(p.Versions); n > 0 {
		updated = p.Versions[n-1].Created
	}
	return &types.Policy{
		Arn: &p.ARN, PolicyId: &p.ID, PolicyName: &p.Name, Path: &p.Path, Description: optional(p.Description),
		DefaultVersionId: &p.Default, CreateDate: &p.Created, UpdateDate: &updated, IsAttachable: true,
		AttachmentCount: &a, PermissionsBoundaryUsageCount: &b, Tags: tagList(p.Tags),
	}
}

func getPolicy(_ context.Context, c *world.Call, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, err := policyFor(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyOutput{Policy: managedPolicy(c, p)}, nil
}

func listPolicies(_ context.Context, c *world.Call, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	if err := c.Authorize("iam:ListPolicies", arnOf(c, "policy", pathOr(in.PathPrefix), ""), nil); err != nil {
		return nil, err
	}
	var list []estate.ManagedPolicy
	if in.Scope != types.PolicyScopeTypeAws {
		list = collect(c.Estate().ManagedPolicies.By(estate.ByAccount(c.Account())), nil)
	}
	if in.Scope != types.PolicyScopeTypeLocal {
		for _, arn := range policy.ManagedARNs() {
			p, _ := awsPolicy(arn)
			list = append(list, p)
		}
	}
	list = slices.DeleteFunc(list, func(p estate.ManagedPolicy) bool {
		attached, bounded := uses(c, p.ARN)
		return !strings.HasPrefix(p.Path, pathOr(in.PathPrefix)) || in.OnlyAttached && len(attached) == 0 ||
			in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary && len(bounded) == 0 ||
			in.PolicyUsageFilter == types.PolicyUsageTypePermissionsPolicy && len(attached) == 0
	})
	list, truncated, next, err := page(list, func(p estate.ManagedPolicy) string { return p.Name + " " + p.ARN }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPoliciesOutput{IsTruncated: truncated, Marker: next, Policies: []types.Policy{}}
	for _, p := range list {
		shown := managedPolicy(c, p)
		shown.Tags, shown.Description = nil, nil // API_ListPolicies
		out.Policies = append(out.Policies, *shown)
	}
	return out, nil
}

func deletePolicy(_ context.Context, c *world.Call, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	p, err := ownPolicy(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	attached, bounded := uses(c, p.ARN)
	switch {
	case len(attached)+len(bounded) > 0:
		return nil, fail("DeleteConflict", "Cannot delete a policy attached to entities.")
	case len(p.Versions) > 1:
		return nil, fail("DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	c.Estate().ManagedPolicies.Delete(p.ARN)
	return &iam.DeletePolicyOutput{}, nil
}

// lastVersion is the highest number of a policy's versions so far, by the
// policy's ID: numbers are not used again
// (access_policies_managed-versioning.html).
var lastVersion = world.Private[int]{Name: "iam.lastVersion"}

// number is that of a version, 0 where its ID has none.
func number(v estate.PolicyVersion) int {
	n, err := strconv.Atoi(strings.TrimPrefix(v.ID, "v"))
	if err != nil {
		return 0
	}
	return n
}

func createPolicyVersion(_ context.Context, c *world.Call, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	p, err := ownPolicy(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	if err := checkManaged(*in.PolicyDocument); err != nil {
		return nil, err
	}
	if len(p.Versions) >= policyVersions {
		return nil, fail("LimitExceeded", "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", policyVersions)
	}
	n, _ := lastVersion.Get(c.State, p.ID)
	for _, v := range p.Versions {
		n = max(n, number(v))
	}
	n++
	lastVersion.Put(c.State, p.ID, n)
	v := estate.PolicyVersion{ID: "v" + strconv.Itoa(n), Document: *in.PolicyDocument, Created: second(c)}
	p.Versions = append(slices.Clone(p.Versions), v)
	if in.SetAsDefault {
		p.Default = v.ID
	}
	c.Estate().ManagedPolicies.Put(p)
	return &iam.CreatePolicyVersionOutput{PolicyVersion: version(p, v)}, nil
}

// version is a version without its document.
func version(p estate.ManagedPolicy, v estate.PolicyVersion) *types.PolicyVersion {
	return &types.PolicyVersion{VersionId: &v.ID, IsDefaultVersion: v.ID == p.Default, CreateDate: &v.Created}
}

func findVersion(p estate.ManagedPolicy, id string) (int, error) {
	i := slices.IndexFunc(p.Versions, func(v estate.PolicyVersion) bool { return v.ID == id })
	if i < 0 {
		return i, fail("NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", p.ARN, id)
	}
	return i, nil
}

func getPolicyVersion(_ context.Context, c *world.Call, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := policyFor(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	i, err := findVersion(p, *in.VersionId)
	if err != nil {
		return nil, err
	}
	out := version(p, p.Versions[i])
	out.Document = encoded(p.Versions[i].Document)
	return &iam.GetPolicyVersionOutput{PolicyVersion: out}, nil
}

func listPolicyVersions(_ context.Context, c *world.Call, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	p, err := policyFor(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	newest := func(v estate.PolicyVersion) string { return fmt.Sprintf("%09d", 999_999_999-number(v)) }
	list, truncated, next, err := page(slices.Clone(p.Versions), newest, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPolicyVersionsOutput{IsTruncated: truncated, Marker: next, Versions: []types.PolicyVersion{}}
	for _, v := range list {
		out.Versions = append(out.Versions, *version(p, v))
	}
	return out, nil
}

func deletePolicyVersion(_ context.Context, c *world.Call, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	p, err := ownPolicy(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	i, err := findVersion(p, *in.VersionId)
	if err != nil {
		return nil, err
	}
	if p.Default == *in.VersionId {
		return nil, fail("DeleteConflict", "Cannot delete the default version of a policy.")
	}
	p.Versions = slices.Delete(slices.Clone(p.Versions), i, i+1)
	c.Estate().ManagedPolicies.Put(p)
	return &iam.DeletePolicyVersionOutput{}, nil
}

func setDefaultPolicyVersion(_ context.Context, c *world.Call, in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	p, err := ownPolicy(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	if _, err := findVersion(p, *in.VersionId); err != nil {
		return nil, err
	}
	p.Default = *in.VersionId
	c.Estate().ManagedPolicies.Put(p)
	return &iam.SetDefaultPolicyVersionOutput{}, nil
}

func listEntitiesForPolicy(_ context.Context, c *world.Call, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	p, err := policyFor(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	attached, bounded := uses(c, p.ARN)
	list := attached
	if in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary {
		list = bounded
	}
	kind := strings.ToLower(string(in.EntityFilter))
	list = slices.DeleteFunc(list, func(h holder) bool {
		path := h.arn[strings.Index(h.arn, ":"+h.kind)+len(h.kind)+1:]
		return (kind == "role" || kind == "user" || kind == "group") && kind != h.kind || !strings.HasPrefix(path, pathOr(in.PathPrefix))
	})
	list, truncated, next, err := page(list, func(h holder) string { return h.arn }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListEntitiesForPolicyOutput{IsTruncated: truncated, Marker: next,
		PolicyRoles: []types.PolicyRole{}, PolicyUsers: []types.PolicyUser{}, PolicyGroups: []types.PolicyGroup{}}
	for _, h := range list {
		if h.kind == "role" {
			r, _ := c.Estate().Roles.Get(h.arn)
			out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleName: &r.Name, RoleId: &r.ID})
		} else {
			u, _ := c.Estate().Users.Get(h.arn)
			out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserName: &u.Name, UserId: &u.ID})
		}
	}
	return out, nil
}
