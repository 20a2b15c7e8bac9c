package iamapi

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/orgdns/orgdns/internal/twin/world"
)

func putUserPolicy(_ context.Context, c *world.Call, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
	h, err := authorized(c, "user", *in.UserName, nil)
	if err != nil {
		return nil, err
	}
	return &iam.PutUserPolicyOutput{}, h.putInline(c, *in.PolicyName, *in.PolicyDocument)
}

func getUserPolicy(_ context.Context, c *world.Call, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
	h, err := authorized(c, "user", *in.UserName, nil)
	if err != nil {
		return nil, err
	}
	document, err := h.inlineDocument(*in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &iam.GetUserPolicyOutput{UserName: in.UserName, PolicyName: in.PolicyName, PolicyDocument: document}, nil
}

func listUserPolicies(_ context.Context, c *world.Call, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
	h, err := authorized(c, "user", *in.UserName, nil)
	if err != nil {
		return nil, err
	}
	names, truncated, next, err := page(slices.Collect(maps.Keys(h.inline)), itself, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListUserPoliciesOutput{PolicyNames: names, IsTruncated: truncated, Marker: next}, nil
}

func deleteUserPolicy(_ context.Context, c *world.Call, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
	h, err := authorized(c, "user", *in.UserName, nil)
	if err != nil {
		return nil, err
	}
	return &iam.DeleteUserPolicyOutput{}, h.deleteInline(c, *in.PolicyName)
}

func attachUserPolicy(_ context.Context, c *world.Call, in *iam.AttachUserPolicyInput) (*iam.AttachUserPolicyOutput, error) {
	h, err := authorized(c, "user", *in.UserName, policyARN(*in.PolicyArn))
	if err != nil {
		return nil, err
	}
	return &iam.AttachUserPolicyOutput{}, h.attach(c, *in.PolicyArn)
}

func detachUserPolicy(_ context.Context, c *world.Call, in *iam.DetachUserPolicyInput) (*iam.DetachUserPolicyOutput, error) {
	h, err := authorized(c, "user", *in.UserName, policyARN(*in.PolicyArn))
	if err != nil {
		return nil, err
	}
	return &iam.DetachUserPolicyOutput{}, h.detach(c, *in.PolicyArn)
}

func listAttachedUserPolicies(_ context.Context, c *world.Call, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
	h, err := authorized(c, "user", *in.UserName, nil)
	if err != nil {
		return nil, err
	}
	list, truncated, next, err := h.attachedPage(in.PathPrefix, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: list, IsTruncated: truncated, Marker: next}, nil
}

func putUserBoundary(_ context.Context, c *world.Call, in *iam.PutUserPermissionsBoundaryInput) (*iam.PutUserPermissionsBoundaryOutput, error) {
	h, err := authorized(c, "user", *in.UserName, world.Conditions{"iam:permissionsboundary": {*in.PermissionsBoundary}})
	if err != nil {
		return nil, err
	}
	return &iam.PutUserPermissionsBoundaryOutput{}, h.setBoundary(c, *in.PermissionsBoundary)
}

func deleteUserBoundary(_ context.Context, c *world.Call, in *iam.DeleteUserPermissionsBoundaryInput) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
	h, err := authorized(c, "user", *in.UserName, nil)
	if err != nil {
		return nil, err
	}
	h.boundary = ""
	h.put(c)
	return &iam.DeleteUserPermissionsBoundaryOutput{}, nil
}
