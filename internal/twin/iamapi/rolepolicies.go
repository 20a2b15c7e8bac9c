package iamapi

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/orgdns/orgdns/internal/twin/world"
)

func putRolePolicy(_ context.Context, c *world.Call, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, nil)
	if err != nil {
		return nil, err
	}
	return &iam.PutRolePolicyOutput{}, h.putInline(c, *in.PolicyName, *in.PolicyDocument)
}

func getRolePolicy(_ context.Context, c *world.Call, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, nil)
	if err != nil {
		return nil, err
	}
	document, err := h.inlineDocument(*in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: document}, nil
}

func listRolePolicies(_ context.Context, c *world.Call, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, nil)
	if err != nil {
		return nil, err
	}
	names, truncated, next, err := page(slices.Collect(maps.Keys(h.inline)), itself, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListRolePoliciesOutput{PolicyNames: names, IsTruncated: truncated, Marker: next}, nil
}

func deleteRolePolicy(_ context.Context, c *world.Call, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, nil)
	if err != nil {
		return nil, err
	}
	return &iam.DeleteRolePolicyOutput{}, h.deleteInline(c, *in.PolicyName)
}

func attachRolePolicy(_ context.Context, c *world.Call, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, policyARN(*in.PolicyArn))
	if err != nil {
		return nil, err
	}
	return &iam.AttachRolePolicyOutput{}, h.attach(c, *in.PolicyArn)
}

func detachRolePolicy(_ context.Context, c *world.Call, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, policyARN(*in.PolicyArn))
	if err != nil {
		return nil, err
	}
	return &iam.DetachRolePolicyOutput{}, h.detach(c, *in.PolicyArn)
}

func listAttachedRolePolicies(_ context.Context, c *world.Call, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, nil)
	if err != nil {
		return nil, err
	}
	list, truncated, next, err := h.attachedPage(in.PathPrefix, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: list, IsTruncated: truncated, Marker: next}, nil
}

func putRoleBoundary(_ context.Context, c *world.Call, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, world.Conditions{"iam:permissionsboundary": {*in.PermissionsBoundary}})
	if err != nil {
		return nil, err
	}
	return &iam.PutRolePermissionsBoundaryOutput{}, h.setBoundary(c, *in.PermissionsBoundary)
}

func deleteRoleBoundary(_ context.Context, c *world.Call, in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, nil)
	if err != nil {
		return nil, err
	}
	h.boundary = ""
	h.put(c)
	return &iam.DeleteRolePermissionsBoundaryOutput{}, nil
}
