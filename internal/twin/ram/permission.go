package ram

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// template is a policy template as RAM shows and takes it.
type template struct {
	Effect    string
	Action    []string
	Condition json.RawMessage `json:",omitempty"`
}

// parseTemplate holds a policy template to the rules of API_CreatePermission: it
// allows, names actions of the resource's service, and neither resource nor
// principal. Conditions, which the twin would have to judge, are refused by name.
func parseTemplate(c *world.Call, k estate.ShareKind, policy string) ([]string, error) {
	malformed := func(format string, args ...any) error {
		return &types.MalformedPolicyTemplateException{Message: text(format, args...)}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(policy), &fields); err != nil {
		return nil, malformed("The policy template is not valid JSON: %v", err)
	}
	var effect string
	var actions []string
	for name, raw := range fields {
		var err error
		switch name {
		case "Effect":
			err = json.Unmarshal(raw, &effect)
		case "Action":
			var one string
			if json.Unmarshal(raw, &one) == nil {
				actions = []string{one}
			} else {
				err = json.Unmarshal(raw, &actions)
			}
		case "Condition":
			return nil, c.Unsupported("Condition of PolicyTemplate")
		default:
			err = fmt.Errorf("%s cannot be in it", name)
		}
		if err != nil {
			return nil, malformed("The policy template is not valid: %v", err)
		}
	}
	if !strings.EqualFold(effect, "Allow") || len(actions) == 0 {
		return nil, malformed("The policy template must have the effect Allow and at least one action.")
	}
	for _, a := range actions {
		if !strings.HasPrefix(strings.ToLower(a), k.Service+":") {
			return nil, malformed("The action %s is not supported by the resource type %s.", a, k.Name)
		}
	}
	slices.Sort(actions)
	return actions, nil
}

func kindNamed(name string) (estate.ShareKind, error) {
	for _, k := range estate.ShareKinds {
		if k.Name == name {
			return k, nil
		}
	}
	return estate.ShareKind{}, &types.InvalidParameterException{Message: text("The resource type %s is not known.", name)}
}

// managed finds the type of resource whose default permission has the ARN.
func managed(arn string) (estate.ShareKind, bool) {
	i := slices.IndexFunc(estate.ShareKinds, func(k estate.ShareKind) bool { return k.PermissionARN() == arn })
	if i < 0 {
		return estate.ShareKind{}, false
	}
	return estate.ShareKinds[i], true
}

// ownPermission asks for the permission to do the operation on a customer
// managed permission of the caller's in the Region, and finds it.
func ownPermission(c *world.Call, arn *string) (estate.Permission, error) {
	id := aws.ToString(arn)
	p, ok := c.Estate().Permissions.Get(id)
	ok = ok && p.Account == c.Account() && p.Region == c.Region
	conditions := world.Conditions{}
	if ok {
		conditions["ram:permissionarn"], conditions["ram:permissionresourcetype"] = []string{id}, []string{p.Type}
		for k, v := range p.Tags {
			conditions["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
		}
	}
	if err := allow(c, id, conditions); err != nil {
		return p, err
	}
	switch _, aws := managed(id); {
	case !strings.HasPrefix(id, "arn:aws:ram:"):
		return p, malformedARN(id)
	case aws:
		return p, notPermitted("The permission %s is managed by AWS and cannot be changed.", id)
	case !ok:
		return p, unknown("Permission", id)
	}
	return p, nil
}

func notPermitted(format string, args ...any) error {
	return &types.OperationNotPermittedException{Message: text(format, args...)}
}

func createPermission(_ context.Context, c *world.Call, in *ram.CreatePermissionInput) (*ram.CreatePermissionOutput, error) {
	tags, err := tagsOf(in.Tags)
	conditions := request(nil, nil, nil, tags)
	conditions["ram:permissionresourcetype"] = []string{aws.ToString(in.ResourceType)}
	arn := fmt.Sprintf("arn:aws:ram:%s:%s:permission/%s", c.Region, c.Account(), aws.ToString(in.Name))
	if denied := allow(c, arn, conditions); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	k, err := kindNamed(aws.ToString(in.ResourceType))
	if err != nil {
		return nil, err
	}
	actions, err := parseTemplate(c, k, aws.ToString(in.PolicyTemplate))
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	if _, twice := e.Permissions.Get(arn); twice {
		return nil, &types.PermissionAlreadyExistsException{Message: text("A permission of the name %s exists already.", *in.Name)}
	}
	all, ofType := 0, 0
	for p := range e.Permissions.By(estate.ByRegion(c.Account(), c.Region)) {
		if all++; p.Type == k.Name {
			ofType++
		}
	}
	if c.World.Limits && (all >= permissionsPerRegion || ofType >= permissionsPerType) {
		return nil, &types.PermissionLimitExceededException{Message: text("At most %d customer managed permissions, and %d of a resource type, can be in a Region.", permissionsPerRegion, permissionsPerType)}
	}
	p := estate.Permission{
		ARN: arn, Account: c.Account(), Region: c.Region, Name: *in.Name, Type: k.Name, Default: 1, Tags: tags,
		Versions: []estate.PermissionVersion{{Version: 1, Actions: actions, Policy: *in.PolicyTemplate}},
	}
	e.Permissions.Put(p)
	return &ram.CreatePermissionOutput{Permission: summary(p, 0, "ATTACHABLE"), ClientToken: in.ClientToken}, nil
}

// createPermissionVersion makes a version, which becomes the default one
// (API_CreatePermissionVersion); shares keep the version that they have.
func createPermissionVersion(_ context.Context, c *world.Call, in *ram.CreatePermissionVersionInput) (*ram.CreatePermissionVersionOutput, error) {
	p, err := ownPermission(c, in.PermissionArn)
	if err != nil {
		return nil, err
	}
	k, err := kindNamed(p.Type)
	if err != nil {
		return nil, err
	}
	actions, err := parseTemplate(c, k, aws.ToString(in.PolicyTemplate))
	if err != nil {
		return nil, err
	}
	if len(p.Versions) >= versionsPerPermission {
		return nil, &types.PermissionVersionsLimitExceededException{Message: text("A permission can have at most %d versions.", versionsPerPermission)}
	}
	p.Default = p.Versions[len(p.Versions)-1].Version + 1
	p.Versions = append(slices.Clone(p.Versions), estate.PermissionVersion{Version: p.Default, Actions: actions, Policy: *in.PolicyTemplate})
	c.Estate().Permissions.Put(p)
	return &ram.CreatePermissionVersionOutput{Permission: detail(p, p.Default), ClientToken: in.ClientToken}, nil
}

// sharesWith are the caller's shares that have a permission, in a version or,
// with 0, in any.
func sharesWith(c *world.Call, arn string, version int) []estate.Share {
	var out []estate.Share
	for s := range c.Estate().Shares.By(estate.ByRegion(c.Account(), c.Region)) {
		if slices.ContainsFunc(s.Permissions, func(p estate.SharePermission) bool { return p.ARN == arn && (version == 0 || p.Version == version) }) {
			out = append(out, s)
		}
	}
	return out
}

func deletePermission(_ context.Context, c *world.Call, in *ram.DeletePermissionInput) (*ram.DeletePermissionOutput, error) {
	p, err := ownPermission(c, in.PermissionArn)
	if err != nil {
		return nil, err
	}
	if len(sharesWith(c, p.ARN, 0)) > 0 {
		return nil, notPermitted("The permission %s is associated with a resource share and cannot be deleted.", p.ARN)
	}
	c.Estate().Permissions.Delete(p.ARN)
	return &ram.DeletePermissionOutput{ReturnValue: aws.Bool(true), PermissionStatus: types.PermissionStatusDeleted, ClientToken: in.ClientToken}, nil
}

func deletePermissionVersion(_ context.Context, c *world.Call, in *ram.DeletePermissionVersionInput) (*ram.DeletePermissionVersionOutput, error) {
	p, err := ownPermission(c, in.PermissionArn)
	if err != nil {
		return nil, err
	}
	n := int(aws.ToInt32(in.PermissionVersion))
	i := slices.IndexFunc(p.Versions, func(v estate.PermissionVersion) bool { return v.Version == n })
	switch {
	case i < 0:
		return nil, unknown("Permission version", strconv.Itoa(n))
	case n == p.Default:
		return nil, notPermitted("The default version of the permission %s cannot be deleted.", p.ARN)
	case len(sharesWith(c, p.ARN, n)) > 0:
		return nil, notPermitted("The version %d of the permission %s is associated with a resource share and cannot be deleted.", n, p.ARN)
	}
	p.Versions = slices.Delete(slices.Clone(p.Versions), i, i+1)
	c.Estate().Permissions.Put(p)
	return &ram.DeletePermissionVersionOutput{ReturnValue: aws.Bool(true), PermissionStatus: types.PermissionStatusDeleted, ClientToken: in.ClientToken}, nil
}

func setDefaultPermissionVersion(_ context.Context, c *world.Call, in *ram.SetDefaultPermissionVersionInput) (*ram.SetDefaultPermissionVersionOutput, error) {
	p, err := ownPermission(c, in.PermissionArn)
	if err != nil {
		return nil, err
	}
	v, ok := p.Version(int(aws.ToInt32(in.PermissionVersion)))
	if !ok {
		return nil, unknown("Permission version", strconv.Itoa(int(aws.ToInt32(in.PermissionVersion))))
	}
	p.Default = v.Version
	c.Estate().Permissions.Put(p)
	return &ram.SetDefaultPermissionVersionOutput{ReturnValue: aws.Bool(true), ClientToken: in.ClientToken}, nil
}

// seen is a permission, AWS's or the caller's, as a customer managed one.
func seen(c *world.Call, arn string) (estate.Permission, error) {
	if k, ok := managed(arn); ok {
		policy, err := json.Marshal(template{Effect: "Allow", Action: k.Actions})
		return estate.Permission{
			ARN: arn, Name: k.Permission, Type: k.Name, Default: 1,
			Versions: []estate.PermissionVersion{{Version: 1, Actions: k.Actions, Policy: string(policy)}},
		}, err
	}
	p, ok := c.Estate().Permissions.Get(arn)
	switch {
	case !strings.HasPrefix(arn, "arn:aws:ram:"):
		return p, malformedARN(arn)
	case !ok || p.Account != c.Account() || p.Region != c.Region:
		return p, unknown("Permission", arn)
	}
	return p, nil
}

func summary(p estate.Permission, version int, status string) *types.ResourceSharePermissionSummary {
	version = cmp.Or(version, p.Default)
	kind, isDefault := types.PermissionTypeCustomerManaged, false
	if _, ok := managed(p.ARN); ok {
		kind, isDefault = types.PermissionTypeAwsManaged, true
	}
	return &types.ResourceSharePermissionSummary{
		Arn: &p.ARN, Name: &p.Name, ResourceType: &p.Type, Version: aws.String(strconv.Itoa(version)), DefaultVersion: aws.Bool(version == p.Default),
		IsResourceTypeDefault: &isDefault, PermissionType: kind, FeatureSet: types.PermissionFeatureSetStandard, Status: &status, Tags: listed(p.Tags),
	}
}

func detail(p estate.Permission, version int) *types.ResourceSharePermissionDetail {
	v, _ := p.Version(version)
	s := summary(p, v.Version, "")
	return &types.ResourceSharePermissionDetail{
		Arn: s.Arn, Name: s.Name, ResourceType: s.ResourceType, Version: s.Version, DefaultVersion: s.DefaultVersion, Permission: &v.Policy,
		IsResourceTypeDefault: s.IsResourceTypeDefault, PermissionType: s.PermissionType, FeatureSet: s.FeatureSet, Status: types.PermissionStatusAttachable, Tags: s.Tags,
	}
}

func getPermission(_ context.Context, c *world.Call, in *ram.GetPermissionInput) (*ram.GetPermissionOutput, error) {
	if err := allow(c, aws.ToString(in.PermissionArn), nil); err != nil {
		return nil, err
	}
	p, err := seen(c, aws.ToString(in.PermissionArn))
	if err != nil {
		return nil, err
	}
	v, ok := p.Version(int(aws.ToInt32(in.PermissionVersion)))
	if !ok {
		return nil, unknown("Permission version", strconv.Itoa(int(*in.PermissionVersion)))
	}
	return &ram.GetPermissionOutput{Permission: detail(p, v.Version)}, nil
}

func summaryKey(p types.ResourceSharePermissionSummary) string { return *p.Arn + " " + *p.Version }

func listPermissions(_ context.Context, c *world.Call, in *ram.ListPermissionsInput) (*ram.ListPermissionsOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	if err := knownType(in.ResourceType); err != nil {
		return nil, err
	}
	all := []types.ResourceSharePermissionSummary{}
	add := func(p estate.Permission) {
		s := *summary(p, 0, "ATTACHABLE")
		if (in.ResourceType == nil || *in.ResourceType == p.Type) && (in.PermissionType == "" || in.PermissionType == types.PermissionTypeFilterAll || string(in.PermissionType) == string(s.PermissionType)) {
			all = append(all, s)
		}
	}
	for _, k := range estate.ShareKinds {
		p, err := seen(c, k.PermissionARN())
		if err != nil {
			return nil, err
		}
		add(p)
	}
	for p := range c.Estate().Permissions.By(estate.ByRegion(c.Account(), c.Region)) {
		add(p)
	}
	list, next, err := page(all, summaryKey, in.MaxResults, in.NextToken)
	return &ram.ListPermissionsOutput{Permissions: list, NextToken: next}, err
}

func listPermissionVersions(_ context.Context, c *world.Call, in *ram.ListPermissionVersionsInput) (*ram.ListPermissionVersionsOutput, error) {
	if err := allow(c, aws.ToString(in.PermissionArn), nil); err != nil {
		return nil, err
	}
	p, err := seen(c, aws.ToString(in.PermissionArn))
	if err != nil {
		return nil, err
	}
	all := []types.ResourceSharePermissionSummary{}
	for _, v := range p.Versions {
		all = append(all, *summary(p, v.Version, "ATTACHABLE"))
	}
	list, next, err := page(all, summaryKey, in.MaxResults, in.NextToken)
	return &ram.ListPermissionVersionsOutput{Permissions: list, NextToken: next}, err
}

// permissionsOf are the permissions of a share: those put on it, and the default
// one of each other type of resource that it holds.
func permissionsOf(c *world.Call, s estate.Share) []estate.SharePermission {
	out := slices.Clone(s.Permissions)
	for _, r := range s.Resources {
		k, _ := estate.ShareKindOf(r.ID)
		if p := c.Estate().PermissionOf(s, k); !slices.ContainsFunc(out, func(o estate.SharePermission) bool { return o.ARN == p.ARN }) {
			p.Version = 1
			out = append(out, p)
		}
	}
	return out
}

func listResourceSharePermissions(_ context.Context, c *world.Call, in *ram.ListResourceSharePermissionsInput) (*ram.ListResourceSharePermissionsOutput, error) {
	s, err := own(c, in.ResourceShareArn, nil)
	if err != nil {
		return nil, err
	}
	all := []types.ResourceSharePermissionSummary{}
	for _, sp := range permissionsOf(c, s) {
		p, err := seen(c, sp.ARN)
		if err != nil {
			return nil, err
		}
		one := summary(p, sp.Version, "ASSOCIATED")
		one.CreationTime, one.LastUpdatedTime = &s.Created, &s.Created
		all = append(all, *one)
	}
	list, next, err := page(all, summaryKey, in.MaxResults, in.NextToken)
	return &ram.ListResourceSharePermissionsOutput{Permissions: list, NextToken: next}, err
}

func listPermissionAssociations(_ context.Context, c *world.Call, in *ram.ListPermissionAssociationsInput) (*ram.ListPermissionAssociationsOutput, error) {
	if err := allow(c, cmp.Or(aws.ToString(in.PermissionArn), "*"), nil); err != nil {
		return nil, err
	}
	if err := knownType(in.ResourceType); err != nil {
		return nil, err
	}
	all := []types.AssociatedPermission{}
	for _, s := range sharesOf(c, types.ResourceOwnerSelf) {
		for _, sp := range permissionsOf(c, s) {
			p, err := seen(c, sp.ARN)
			if err != nil {
				return nil, err
			}
			one := summary(p, sp.Version, "ASSOCIATED")
			if in.PermissionArn != nil && *in.PermissionArn != p.ARN || in.ResourceType != nil && *in.ResourceType != p.Type ||
				in.PermissionVersion != nil && strconv.Itoa(int(*in.PermissionVersion)) != *one.Version || in.DefaultVersion != nil && *in.DefaultVersion != *one.DefaultVersion ||
				in.AssociationStatus != "" && in.AssociationStatus != types.ResourceShareAssociationStatusAssociated ||
				in.FeatureSet != "" && in.FeatureSet != one.FeatureSet {
				continue
			}
			all = append(all, types.AssociatedPermission{
				Arn: one.Arn, PermissionVersion: one.Version, DefaultVersion: one.DefaultVersion, FeatureSet: one.FeatureSet, Status: one.Status,
				ResourceType: one.ResourceType, ResourceShareArn: &s.ARN, LastUpdatedTime: &s.Created,
			})
		}
	}
	list, next, err := page(all, func(p types.AssociatedPermission) string { return *p.ResourceShareArn + " " + *p.Arn }, in.MaxResults, in.NextToken)
	return &ram.ListPermissionAssociationsOutput{Permissions: list, NextToken: next}, err
}

// withPermission puts a permission on a share's list. A type of resource has
// one: another is refused, unless it shall be replaced
// (API_AssociateResourceSharePermission).
func withPermission(c *world.Call, list []estate.SharePermission, arn string, version int, replace bool) ([]estate.SharePermission, error) {
	p, err := seen(c, arn)
	if err != nil {
		return nil, err
	}
	v, ok := p.Version(version)
	if !ok {
		return nil, unknown("Permission version", strconv.Itoa(version))
	}
	out := slices.Clone(list)
	add := estate.SharePermission{ARN: arn, Version: v.Version}
	for i, have := range out {
		other, err := seen(c, have.ARN)
		if err != nil {
			return nil, err
		}
		switch {
		case other.Type != p.Type:
			continue
		case !replace && have != add:
			return nil, notPermitted("The resource share has the permission %s for the resource type %s. Set replace to put another in its place.", have.ARN, p.Type)
		}
		out[i] = add
		return out, nil
	}
	return append(out, add), nil
}

func associatePermission(_ context.Context, c *world.Call, in *ram.AssociateResourceSharePermissionInput) (*ram.AssociateResourceSharePermissionOutput, error) {
	s, err := own(c, in.ResourceShareArn, world.Conditions{"ram:permissionarn": {aws.ToString(in.PermissionArn)}})
	if err != nil {
		return nil, err
	}
	// What the share holds has a permission already, be it the default one.
	if s.Permissions, err = withPermission(c, permissionsOf(c, s), aws.ToString(in.PermissionArn), int(aws.ToInt32(in.PermissionVersion)), aws.ToBool(in.Replace)); err != nil {
		return nil, err
	}
	c.Estate().Shares.Put(s)
	return &ram.AssociateResourceSharePermissionOutput{ReturnValue: aws.Bool(true), ClientToken: in.ClientToken}, nil
}

// disassociatePermission takes a permission off a share that holds no resource of
// its type (API_DisassociateResourceSharePermission).
func disassociatePermission(_ context.Context, c *world.Call, in *ram.DisassociateResourceSharePermissionInput) (*ram.DisassociateResourceSharePermissionOutput, error) {
	id := aws.ToString(in.PermissionArn)
	s, err := own(c, in.ResourceShareArn, world.Conditions{"ram:permissionarn": {id}})
	if err != nil {
		return nil, err
	}
	p, err := seen(c, id)
	if err != nil {
		return nil, err
	}
	has := func(sp estate.SharePermission) bool { return sp.ARN == id }
	switch {
	case slices.ContainsFunc(s.Resources, func(m estate.ShareMember) bool { k, _ := estate.ShareKindOf(m.ID); return k.Name == p.Type }):
		return nil, notPermitted("The resource share has resources of the type %s; its permission cannot be taken off.", p.Type)
	case !slices.ContainsFunc(s.Permissions, has):
		return nil, unknown("Permission", id)
	}
	s.Permissions = slices.DeleteFunc(slices.Clone(s.Permissions), has)
	c.Estate().Shares.Put(s)
	return &ram.DisassociateResourceSharePermissionOutput{ReturnValue: aws.Bool(true), ClientToken: in.ClientToken}, nil
}

func listResourceTypes(_ context.Context, c *world.Call, in *ram.ListResourceTypesInput) (*ram.ListResourceTypesOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	all := []types.ServiceNameAndResourceType{}
	for _, k := range estate.ShareKinds {
		if in.ResourceRegionScope != types.ResourceRegionScopeFilterGlobal {
			all = append(all, types.ServiceNameAndResourceType{ResourceType: &k.Name, ServiceName: &k.Service, ResourceRegionScope: types.ResourceRegionScopeRegional})
		}
	}
	list, next, err := page(all, func(t types.ServiceNameAndResourceType) string { return *t.ResourceType }, in.MaxResults, in.NextToken)
	return &ram.ListResourceTypesOutput{ResourceTypes: list, NextToken: next}, err
}
