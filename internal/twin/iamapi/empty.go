package iamapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// What clients list before they delete a role or a user, or to show an account,
// and of which the twin has none.

func listAccountAliases(_ context.Context, c *world.Call, _ *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
	return &iam.ListAccountAliasesOutput{AccountAliases: []string{}}, c.Authorize("iam:ListAccountAliases", "*", nil)
}

func listOpenIDConnectProviders(_ context.Context, c *world.Call, _ *iam.ListOpenIDConnectProvidersInput) (*iam.ListOpenIDConnectProvidersOutput, error) {
	return &iam.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: []types.OpenIDConnectProviderListEntry{}},
		c.Authorize("iam:ListOpenIDConnectProviders", arnOf(c, "oidc-provider", "/", "*"), nil)
}

func getOpenIDConnectProvider(_ context.Context, c *world.Call, in *iam.GetOpenIDConnectProviderInput) (*iam.GetOpenIDConnectProviderOutput, error) {
	if err := c.Authorize("iam:GetOpenIDConnectProvider", *in.OpenIDConnectProviderArn, nil); err != nil {
		return nil, err
	}
	return nil, fail("NoSuchEntity", "OpenIDConnect Provider not found for arn %s", *in.OpenIDConnectProviderArn)
}

func listInstanceProfiles(_ context.Context, c *world.Call, in *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	return &iam.ListInstanceProfilesOutput{InstanceProfiles: []types.InstanceProfile{}},
		c.Authorize("iam:ListInstanceProfiles", arnOf(c, "instance-profile", pathOr(in.PathPrefix), ""), nil)
}

func listInstanceProfilesForRole(_ context.Context, c *world.Call, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	_, err := authorized(c, "role", *in.RoleName, nil)
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{}}, err
}

func listGroups(_ context.Context, c *world.Call, in *iam.ListGroupsInput) (*iam.ListGroupsOutput, error) {
	return &iam.ListGroupsOutput{Groups: []types.Group{}}, c.Authorize("iam:ListGroups", arnOf(c, "group", pathOr(in.PathPrefix), ""), nil)
}

func listGroupsForUser(_ context.Context, c *world.Call, in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	_, err := authorized(c, "user", *in.UserName, nil)
	return &iam.ListGroupsForUserOutput{Groups: []types.Group{}}, err
}

// ofUser authorizes a list of what a user has, the caller's own by default.
func ofUser(c *world.Call, given *string) error {
	name, err := userName(c, given)
	if err != nil {
		return err
	}
	_, err = authorized(c, "user", name, nil)
	return err
}

func listMFADevices(_ context.Context, c *world.Call, in *iam.ListMFADevicesInput) (*iam.ListMFADevicesOutput, error) {
	return &iam.ListMFADevicesOutput{MFADevices: []types.MFADevice{}}, ofUser(c, in.UserName)
}

func listSSHPublicKeys(_ context.Context, c *world.Call, in *iam.ListSSHPublicKeysInput) (*iam.ListSSHPublicKeysOutput, error) {
	return &iam.ListSSHPublicKeysOutput{SSHPublicKeys: []types.SSHPublicKeyMetadata{}}, ofUser(c, in.UserName)
}

func listSigningCertificates(_ context.Context, c *world.Call, in *iam.ListSigningCertificatesInput) (*iam.ListSigningCertificatesOutput, error) {
	return &iam.ListSigningCertificatesOutput{Certificates: []types.SigningCertificate{}}, ofUser(c, in.UserName)
}

func listServiceSpecificCredentials(_ context.Context, c *world.Call, in *iam.ListServiceSpecificCredentialsInput) (*iam.ListServiceSpecificCredentialsOutput, error) {
	return &iam.ListServiceSpecificCredentialsOutput{ServiceSpecificCredentials: []types.ServiceSpecificCredentialMetadata{}}, ofUser(c, in.UserName)
}

func listVirtualMFADevices(_ context.Context, c *world.Call, _ *iam.ListVirtualMFADevicesInput) (*iam.ListVirtualMFADevicesOutput, error) {
	return &iam.ListVirtualMFADevicesOutput{VirtualMFADevices: []types.VirtualMFADevice{}},
		c.Authorize("iam:ListVirtualMFADevices", arnOf(c, "mfa", "/", ""), nil)
}

func getLoginProfile(_ context.Context, c *world.Call, in *iam.GetLoginProfileInput) (*iam.GetLoginProfileOutput, error) {
	if err := ofUser(c, in.UserName); err != nil {
		return nil, err
	}
	return nil, noLoginProfile(c, in.UserName)
}

func deleteLoginProfile(_ context.Context, c *world.Call, in *iam.DeleteLoginProfileInput) (*iam.DeleteLoginProfileOutput, error) {
	if err := ofUser(c, in.UserName); err != nil {
		return nil, err
	}
	return nil, noLoginProfile(c, in.UserName)
}

func noLoginProfile(c *world.Call, given *string) error {
	name, err := userName(c, given)
	if err != nil {
		return err
	}
	return fail("NoSuchEntity", "Login Profile for User %s cannot be found.", name)
}
