package iamapi

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func createUser(_ context.Context, c *world.Call, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	path := pathOr(in.Path)
	arn := arnOf(c, "user", path, *in.UserName)
	tags, conditions, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if in.PermissionsBoundary != nil {
		conditions["iam:permissionsboundary"] = []string{*in.PermissionsBoundary}
	}
	if err := c.Authorize("iam:CreateUser", arn, conditions); err != nil {
		return nil, err
	}
	users := collect(c.Estate().Users.By(estate.ByAccount(c.Account())), nil)
	for _, u := range users {
		if strings.EqualFold(u.Name, *in.UserName) {
			return nil, fail("EntityAlreadyExists", "User with name %s already exists.", *in.UserName)
		}
	}
	if c.World.Limits {
		if err := within(c, "UsersPerAccount", len(users)+1); err != nil {
			return nil, err
		}
	}
	if in.PermissionsBoundary != nil {
		if err := scoped(c, *in.PermissionsBoundary); err != nil {
			return nil, err
		}
	}
	u := estate.User{
		ARN: arn, ID: "AIDA" + c.State.ID(c.Account(), "user", *in.UserName, 17), Account: c.Account(),
		Path: path, Name: *in.UserName, Boundary: text(in.PermissionsBoundary), Created: second(c), Tags: tags,
	}
	c.Estate().Users.Put(u)
	return &iam.CreateUserOutput{User: wholeUser(u)}, nil
}

// user is a user as lists show it.
func user(u estate.User) *types.User {
	return &types.User{Arn: &u.ARN, UserId: &u.ID, UserName: &u.Name, Path: &u.Path, CreateDate: &u.Created}
}

func wholeUser(u estate.User) *types.User {
	out := user(u)
	out.Tags, out.PermissionsBoundary = tagList(u.Tags), boundary(u.Boundary)
	return out
}

// getUser answers about the caller when no name is given. The administrator
// behind a 12-digit key is a user that no list shows.
func getUser(_ context.Context, c *world.Call, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	name, err := userName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if arn := world.AdministratorARN(c.Account()); strings.HasSuffix(arn, "/"+name) {
		if err := c.Authorize("iam:GetUser", arn, nil); err != nil {
			return nil, err
		}
		admin, _ := c.State.Credential(string(c.Account()))
		return &iam.GetUserOutput{User: user(estate.User{ARN: arn, ID: admin.Caller.ID, Path: "/", Name: name, Created: time.Unix(0, 0).UTC()})}, nil
	}
	h, err := authorized(c, "user", name, nil)
	if err != nil {
		return nil, err
	}
	u, _ := c.Estate().Users.Get(h.arn)
	return &iam.GetUserOutput{User: wholeUser(u)}, nil
}

// userName is the name given, or the caller's.
func userName(c *world.Call, given *string) (string, error) {
	switch {
	case given != nil:
		return *given, nil
	case c.Caller.Role != "":
		return "", fail("ValidationError", "Must specify userName when calling with non-User credentials")
	}
	return c.Caller.ARN[strings.LastIndexByte(c.Caller.ARN, '/')+1:], nil
}

func listUsers(_ context.Context, c *world.Call, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	if err := c.Authorize("iam:ListUsers", arnOf(c, "user", pathOr(in.PathPrefix), ""), nil); err != nil {
		return nil, err
	}
	list := collect(c.Estate().Users.By(estate.ByAccount(c.Account())),
		func(u estate.User) bool { return strings.HasPrefix(u.Path, pathOr(in.PathPrefix)) })
	list, truncated, next, err := page(list, func(u estate.User) string { return u.Name }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListUsersOutput{IsTruncated: truncated, Marker: next, Users: []types.User{}}
	for _, u := range list {
		out.Users = append(out.Users, *user(u))
	}
	return out, nil
}

func deleteUser(_ context.Context, c *world.Call, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	h, err := authorized(c, "user", *in.UserName, nil)
	if err != nil {
		return nil, err
	}
	if len(c.State.Keys(h.arn)) > 0 {
		return nil, fail("DeleteConflict", "Cannot delete entity, must delete access keys first.")
	}
	if err := h.deletable(); err != nil {
		return nil, err
	}
	u, _ := c.Estate().Users.Get(h.arn)
	c.Estate().Users.Delete(h.arn)
	forgetPrincipal(c.Estate(), u.ARN, u.ID)
	return &iam.DeleteUserOutput{}, nil
}

func createAccessKey(_ context.Context, c *world.Call, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	h, err := keyHolder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if len(c.State.Keys(h.arn)) >= accessKeys {
		return nil, fail("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: %d", accessKeys)
	}
	u, _ := c.Estate().Users.Get(h.arn)
	k := c.State.NewKey(world.Caller{Account: u.Account, ARN: u.ARN, ID: u.ID}, second(c))
	return &iam.CreateAccessKeyOutput{AccessKey: &types.AccessKey{UserName: &u.Name, AccessKeyId: &k.AccessKey,
		SecretAccessKey: &k.Secret, Status: types.StatusTypeActive, CreateDate: &k.Created}}, nil
}

func keyHolder(c *world.Call, given *string) (holder, error) {
	name, err := userName(c, given)
	if err != nil {
		return holder{}, err
	}
	return authorized(c, "user", name, nil)
}

func listAccessKeys(_ context.Context, c *world.Call, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	h, err := keyHolder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	list, truncated, next, err := page(c.State.Keys(h.arn), func(k world.Credential) string { return k.AccessKey }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListAccessKeysOutput{IsTruncated: truncated, Marker: next, AccessKeyMetadata: []types.AccessKeyMetadata{}}
	for _, k := range list {
		out.AccessKeyMetadata = append(out.AccessKeyMetadata, types.AccessKeyMetadata{
			UserName: &h.name, AccessKeyId: &k.AccessKey, Status: status(k), CreateDate: &k.Created})
	}
	return out, nil
}

func status(k world.Credential) types.StatusType {
	if k.Inactive {
		return types.StatusTypeInactive
	}
	return types.StatusTypeActive
}

// keyOf finds a key of a user.
func keyOf(c *world.Call, h holder, id string) (world.Credential, error) {
	for _, k := range c.State.Keys(h.arn) {
		if k.AccessKey == id {
			return k, nil
		}
	}
	return world.Credential{}, fail("NoSuchEntity", "The Access Key with id %s cannot be found.", id)
}

func updateAccessKey(_ context.Context, c *world.Call, in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	h, err := keyHolder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := keyOf(c, h, *in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	k.Inactive = in.Status != types.StatusTypeActive
	c.State.SetKey(k)
	return &iam.UpdateAccessKeyOutput{}, nil
}

func deleteAccessKey(_ context.Context, c *world.Call, in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	h, err := keyHolder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if _, err := keyOf(c, h, *in.AccessKeyId); err != nil {
		return nil, err
	}
	c.State.DeleteKey(*in.AccessKeyId)
	return &iam.DeleteAccessKeyOutput{}, nil
}

// getAccessKeyLastUsed says whose a key is; the twin does not track use, and
// answers as for a key never used (API_AccessKeyLastUsed).
func getAccessKeyLastUsed(_ context.Context, c *world.Call, in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	if err := c.Authorize("iam:GetAccessKeyLastUsed", "*", nil); err != nil {
		return nil, err
	}
	k, ok := c.State.Credential(*in.AccessKeyId)
	if !ok || k.Caller.Account != c.Account() || k.Token != "" || k.Caller.Administrator {
		return nil, fail("NoSuchEntity", "The Access Key with id %s cannot be found.", *in.AccessKeyId)
	}
	name, never := k.Caller.ARN[strings.LastIndexByte(k.Caller.ARN, '/')+1:], "N/A"
	return &iam.GetAccessKeyLastUsedOutput{UserName: &name, AccessKeyLastUsed: &types.AccessKeyLastUsed{Region: &never, ServiceName: &never}}, nil
}
