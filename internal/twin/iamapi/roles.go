package iamapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func createRole(_ context.Context, c *world.Call, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	path := pathOr(in.Path)
	arn := arnOf(c, "role", path, *in.RoleName)
	tags, conditions, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if in.PermissionsBoundary != nil {
		conditions["iam:permissionsboundary"] = []string{*in.PermissionsBoundary}
	}
	err = c.Authorize("iam:CreateRole", arn, conditions)
	if err == nil && len(tags) > 0 { // User Guide, id_tags_roles.html
		err = c.Authorize("iam:TagRole", arn, conditions)
	}
	if err != nil {
		return nil, err
	}
	roles := collect(c.Estate().Roles.By(estate.ByAccount(c.Account())), nil)
	for _, r := range roles {
		if strings.EqualFold(r.Name, *in.RoleName) { // "names are not distinguished by case"
			return nil, fail("EntityAlreadyExists", "Role with name %s already exists.", *in.RoleName)
		}
	}
	if c.World.Limits {
		if err := within(c, "RolesPerAccount", len(roles)+1); err != nil {
			return nil, err
		}
	}
	trust, err := checkTrust(c, *in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	if in.PermissionsBoundary != nil {
		if err := scoped(c, *in.PermissionsBoundary); err != nil {
			return nil, err
		}
	}
	r := estate.Role{
		ARN: arn, ID: "AROA" + c.State.ID(c.Account(), "role", *in.RoleName, 17), Account: c.Account(),
		Path: path, Name: *in.RoleName, Description: text(in.Description), Trust: trust,
		Boundary: text(in.PermissionsBoundary), MaxSession: 3600, Created: second(c), Tags: tags,
	}
	if in.MaxSessionDuration != nil {
		r.MaxSession = *in.MaxSessionDuration
	}
	c.Estate().Roles.Put(r)
	return &iam.CreateRoleOutput{Role: whole(r)}, nil
}

// role is a role as lists show it.
func role(r estate.Role) *types.Role {
	return &types.Role{
		Arn: &r.ARN, RoleId: &r.ID, RoleName: &r.Name, Path: &r.Path, Description: optional(r.Description),
		AssumeRolePolicyDocument: encoded(r.Trust), CreateDate: &r.Created, MaxSessionDuration: &r.MaxSession,
	}
}

// whole is a role with what lists leave out.
func whole(r estate.Role) *types.Role {
	out := role(r)
	out.Tags = tagList(r.Tags)
	out.PermissionsBoundary = boundary(r.Boundary)
	return out
}

func boundary(arn string) *types.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: &arn,
		PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}

func getRole(_ context.Context, c *world.Call, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := authorizedRole(c, *in.RoleName)
	if err != nil {
		return nil, err
	}
	out := whole(r)
	out.RoleLastUsed = &types.RoleLastUsed{} // the twin does not track use
	return &iam.GetRoleOutput{Role: out}, nil
}

func authorizedRole(c *world.Call, name string) (estate.Role, error) {
	h, err := authorized(c, "role", name, nil)
	if err != nil {
		return estate.Role{}, err
	}
	r, _ := c.Estate().Roles.Get(h.arn)
	return r, nil
}

func listRoles(_ context.Context, c *world.Call, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	if err := c.Authorize("iam:ListRoles", arnOf(c, "role", pathOr(in.PathPrefix), ""), nil); err != nil {
		return nil, err
	}
	list := collect(c.Estate().Roles.By(estate.ByAccount(c.Account())),
		func(r estate.Role) bool { return strings.HasPrefix(r.Path, pathOr(in.PathPrefix)) })
	list, truncated, next, err := page(list, func(r estate.Role) string { return r.Name }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolesOutput{IsTruncated: truncated, Marker: next, Roles: []types.Role{}}
	for _, r := range list {
		out.Roles = append(out.Roles, *role(r))
	}
	return out, nil
}

func updateRole(_ context.Context, c *world.Call, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	r, err := authorizedRole(c, *in.RoleName)
	if err != nil {
		return nil, err
	}
	if in.Description != nil {
		r.Description = *in.Description
	}
	if in.MaxSessionDuration != nil {
		r.MaxSession = *in.MaxSessionDuration
	}
	c.Estate().Roles.Put(r)
	return &iam.UpdateRoleOutput{}, nil
}

func updateRoleDescription(_ context.Context, c *world.Call, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	r, err := authorizedRole(c, *in.RoleName)
	if err != nil {
		return nil, err
	}
	r.Description = *in.Description
	c.Estate().Roles.Put(r)
	return &iam.UpdateRoleDescriptionOutput{Role: whole(r)}, nil
}

func updateAssumeRolePolicy(_ context.Context, c *world.Call, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	r, err := authorizedRole(c, *in.RoleName)
	if err != nil {
		return nil, err
	}
	if r.Trust, err = checkTrust(c, *in.PolicyDocument); err != nil {
		return nil, err
	}
	c.Estate().Roles.Put(r)
	return &iam.UpdateAssumeRolePolicyOutput{}, nil
}

func deleteRole(_ context.Context, c *world.Call, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, nil)
	if err != nil {
		return nil, err
	}
	if err := h.deletable(); err != nil {
		return nil, err
	}
	r, _ := c.Estate().Roles.Get(h.arn)
	c.Estate().Roles.Delete(h.arn)
	forgetPrincipal(c.Estate(), r.ARN, r.ID)
	return &iam.DeleteRoleOutput{}, nil
}
