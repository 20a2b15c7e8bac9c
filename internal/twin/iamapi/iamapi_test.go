package iamapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	policy "github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	trusting = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sts:AssumeRole"}}`
	reading  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"route53:Get*","Resource":"*"}}`
	writing  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"route53:*","Resource":"*"}}`
	writer   = "arn:aws:iam::111111111111:policy/writer"
)

func client() worldtest.Client {
	cl, _ := worldtest.New()
	cl.Policies, cl.Service = policy.Authorizer, "iam"
	return cl
}

type handler[I, O any] = func(context.Context, *world.Call, *I) (*O, error)

// ok calls a handler that must succeed.
func ok[I, O any](t *testing.T, cl worldtest.Client, h handler[I, O], in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls a handler that must refuse with "Code: message".
func refused[I, O any](t *testing.T, cl worldtest.Client, h handler[I, O], in *I, want string) {
	t.Helper()
	_, err := worldtest.Do(cl, h, in)
	got := "no error"
	var e smithy.APIError
	if errors.As(err, &e) {
		got = e.ErrorCode() + ": " + e.ErrorMessage()
	} else if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("%T\n got %s\nwant %s", in, got, want)
	}
}

func newRole(name string) *iam.CreateRoleInput {
	return &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trusting)}
}

// TestShapes holds that every handler fits the service's shape table.
func TestShapes(t *testing.T) {
	s, err := wire.Load("iam")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.NewMux(s, Service()...); err != nil {
		t.Error(err)
	}
}

func TestRoles(t *testing.T) {
	cl := client()
	in := newRole("dns")
	in.Path, in.Description = aws.String("/team/"), aws.String("for DNS")
	in.Tags = []types.Tag{{Key: aws.String("Env"), Value: aws.String("prod")}}
	in.MaxSessionDuration = aws.Int32(7200)
	made := ok(t, cl, createRole, in).Role
	if *made.Arn != "arn:aws:iam::111111111111:role/team/dns" || len(*made.RoleId) != 21 || !strings.HasPrefix(*made.RoleId, "AROA") {
		t.Errorf("role %s %s", *made.Arn, *made.RoleId)
	}
	refused(t, cl, createRole, newRole("DNS"), "EntityAlreadyExists: Role with name DNS already exists.")

	got := ok(t, cl, getRole, &iam.GetRoleInput{RoleName: aws.String("dns")}).Role
	document, err := url.PathUnescape(*got.AssumeRolePolicyDocument)
	if err != nil || document != strings.Replace(trusting, "222222222222", "arn:aws:iam::222222222222:root", 1) || strings.ContainsAny(*got.AssumeRolePolicyDocument, `{":+ `) {
		t.Errorf("document %s", *got.AssumeRolePolicyDocument)
	}
	if *got.MaxSessionDuration != 7200 || len(got.Tags) != 1 || *got.Description != "for DNS" {
		t.Errorf("role %+v", got)
	}
	refused(t, cl, getRole, &iam.GetRoleInput{RoleName: aws.String("none")}, "NoSuchEntity: The role with name none cannot be found.")
	// Another account has roles of its own.
	refused(t, cl.In("222222222222", ""), getRole, &iam.GetRoleInput{RoleName: aws.String("dns")}, "NoSuchEntity: The role with name dns cannot be found.")

	ok(t, cl, updateRole, &iam.UpdateRoleInput{RoleName: aws.String("dns"), MaxSessionDuration: aws.Int32(3600)})
	if got := ok(t, cl, getRole, &iam.GetRoleInput{RoleName: aws.String("dns")}).Role; *got.MaxSessionDuration != 3600 || *got.Description != "for DNS" {
		t.Errorf("updated role %+v", got)
	}

	ok(t, cl, tagRole, &iam.TagRoleInput{RoleName: aws.String("dns"), Tags: []types.Tag{{Key: aws.String("env"), Value: aws.String("test")}}})
	if tags := ok(t, cl, listRoleTags, &iam.ListRoleTagsInput{RoleName: aws.String("dns")}).Tags; len(tags) != 1 || *tags[0].Key != "env" {
		t.Errorf("a tag that differs by case alone: %+v", tags)
	}
	ok(t, cl, untagRole, &iam.UntagRoleInput{RoleName: aws.String("dns"), TagKeys: []string{"ENV"}})
	if tags := ok(t, cl, listRoleTags, &iam.ListRoleTagsInput{RoleName: aws.String("dns")}).Tags; len(tags) != 0 {
		t.Errorf("tags after all were removed: %+v", tags)
	}

	ok(t, cl, putRolePolicy, &iam.PutRolePolicyInput{RoleName: aws.String("dns"), PolicyName: aws.String("p"), PolicyDocument: aws.String(reading)})
	ok(t, cl, attachRolePolicy, &iam.AttachRolePolicyInput{RoleName: aws.String("dns"), PolicyArn: aws.String(policy.AdministratorAccess)})
	refused(t, cl, deleteRole, &iam.DeleteRoleInput{RoleName: aws.String("dns")}, "DeleteConflict: Cannot delete entity, must detach all policies first.")
	ok(t, cl, detachRolePolicy, &iam.DetachRolePolicyInput{RoleName: aws.String("dns"), PolicyArn: aws.String(policy.AdministratorAccess)})
	refused(t, cl, detachRolePolicy, &iam.DetachRolePolicyInput{RoleName: aws.String("dns"), PolicyArn: aws.String(policy.AdministratorAccess)},
		"NoSuchEntity: Policy arn:aws:iam::aws:policy/AdministratorAccess was not found.")
	refused(t, cl, deleteRole, &iam.DeleteRoleInput{RoleName: aws.String("dns")}, "DeleteConflict: Cannot delete entity, must delete policies first.")
	refused(t, cl, getRolePolicy, &iam.GetRolePolicyInput{RoleName: aws.String("dns"), PolicyName: aws.String("q")},
		"NoSuchEntity: The role policy with name q cannot be found.")
	ok(t, cl, deleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: aws.String("dns"), PolicyName: aws.String("p")})
	ok(t, cl, listInstanceProfilesForRole, &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("dns")})
	ok(t, cl, deleteRole, &iam.DeleteRoleInput{RoleName: aws.String("dns")})
	again := ok(t, cl, createRole, newRole("dns")).Role
	if *again.RoleId == *made.RoleId {
		t.Error("a role made again has the ID of the first")
	}
}

func TestPaging(t *testing.T) {
	cl := client()
	for i := range 7 {
		ok(t, cl, createRole, newRole(fmt.Sprintf("r%d", i)))
	}
	var names []string
	for in := (&iam.ListRolesInput{MaxItems: aws.Int32(3)}); ; {
		out := ok(t, cl, listRoles, in)
		for _, r := range out.Roles {
			names = append(names, *r.RoleName)
		}
		if !out.IsTruncated {
			break
		}
		// What is deleted between pages disturbs nobody.
		ok(t, cl, deleteRole, &iam.DeleteRoleInput{RoleName: out.Roles[2].RoleName})
		in.Marker = out.Marker
	}
	if got := strings.Join(names, " "); got != "r0 r1 r2 r3 r4 r5 r6" {
		t.Errorf("pages: %s", got)
	}
	refused(t, cl, listRoles, &iam.ListRolesInput{Marker: aws.String("?")}, "ValidationError: Invalid Marker.")
}

func TestTrust(t *testing.T) {
	trust := func(principal string) *string {
		return aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"}}`)
	}
	const invalid = `MalformedPolicyDocument: Invalid principal in policy: "AWS":"%s"`
	cl := client()
	if err := cl.World.Update(func(s *world.State) error { s.Admit("111111111111"); return nil }); err != nil {
		t.Fatal(err)
	}
	trusted := ok(t, cl, createRole, newRole("trusted")).Role
	for principal, want := range map[string]string{
		"222222222222":                   "",
		"arn:aws:iam::222222222222:root": "",
		"*":                              "",
		*trusted.Arn:                     "",
		*trusted.RoleId:                  "",
		"arn:aws:iam::111111111111:user/twin-administrator":      "",
		"arn:aws:sts::111111111111:assumed-role/trusted/session": "",
		"arn:aws:iam::333333333333:role/elsewhere":               "", // an account that the twin does not know
		"arn:aws:iam::111111111111:role/none":                    invalid,
		"arn:aws:iam::111111111111:role/self":                    invalid,
		"arn:aws:iam::111111111111:user/none":                    invalid,
		"arn:aws:sts::111111111111:assumed-role/none/session":    invalid,
		"arn:aws:iam::111111111111:role/*":                       invalid,
		"arn:aws:iam::1111:root":                                 invalid,
		"arn:aws:s3:::bucket":                                    invalid,
		"AROANONE":                                               invalid,
		"22222222222":                                            invalid,
	} {
		in := newRole("self")
		in.AssumeRolePolicyDocument = trust(principal)
		if want != "" {
			refused(t, cl, createRole, in, fmt.Sprintf(want, principal))
			continue
		}
		ok(t, cl, createRole, in)
		ok(t, cl, deleteRole, &iam.DeleteRoleInput{RoleName: aws.String("self")})
	}

	// A deleted principal leaves its ID behind; the next of that name is
	// another.
	in := newRole("trusting")
	in.AssumeRolePolicyDocument = trust(*trusted.Arn)
	ok(t, cl, createRole, in)
	ok(t, cl, deleteRole, &iam.DeleteRoleInput{RoleName: aws.String("trusted")})
	ok(t, cl, createRole, newRole("trusted"))
	got := ok(t, cl, getRole, &iam.GetRoleInput{RoleName: aws.String("trusting")}).Role
	if document, err := url.PathUnescape(*got.AssumeRolePolicyDocument); err != nil || document != *trust(*trusted.RoleId) {
		t.Errorf("trust after its principal was made again: %s", document)
	}
	refused(t, cl, updateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("trusting"), PolicyDocument: trust(*trusted.RoleId)},
		fmt.Sprintf(invalid, *trusted.RoleId))
	ok(t, cl, updateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("trusting"), PolicyDocument: trust("arn:aws:iam::111111111111:role/trusting")})

	refused(t, cl, updateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("trusting"), PolicyDocument: aws.String(reading)},
		"MalformedPolicyDocument: Missing required field Principal")
	long := strings.Replace(trusting, `"222222222222"`, `["222222222222`+strings.Repeat(`","222222222222`, 140)+`"]`, 1)
	refused(t, cl, updateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("trusting"), PolicyDocument: &long},
		"LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048")
}

// TestTrustOfUnreadRoles: in an estate that was read, a role that nobody asked
// for may well exist.
func TestTrustOfUnreadRoles(t *testing.T) {
	cl := client()
	err := cl.World.Update(func(s *world.State) error {
		s.Admit("111111111111")
		s.Estate.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryRole, Account: "111111111111", ID: "absent"}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	in := newRole("r")
	in.AssumeRolePolicyDocument = aws.String(strings.Replace(trusting, "222222222222", "arn:aws:iam::111111111111:role/absent", 1))
	refused(t, cl, createRole, in, `MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:role/absent"`)
	in.AssumeRolePolicyDocument = aws.String(strings.Replace(trusting, "222222222222", "arn:aws:iam::111111111111:role/team/unread", 1))
	ok(t, cl, createRole, in)
}

func TestManagedPolicies(t *testing.T) {
	cl := client()
	arn := aws.String(writer)
	create := &iam.CreatePolicyInput{PolicyName: aws.String("writer"), PolicyDocument: aws.String(reading)}
	ok(t, cl, createPolicy, create)
	refused(t, cl, createPolicy, create, "EntityAlreadyExists: A policy called writer already exists. Duplicate names are not allowed.")
	big := strings.Replace(reading, "route53:Get*", "route53:"+strings.Repeat("x", 6144), 1)
	refused(t, cl, createPolicy, &iam.CreatePolicyInput{PolicyName: aws.String("big"), PolicyDocument: &big}, "LimitExceeded: Cannot exceed quota for PolicySize: 6144")
	fits := strings.Replace(reading, "Get*", strings.Repeat("x", 6144-len(reading)+4), 1) + strings.Repeat(" \n", 500)
	ok(t, cl, createPolicy, &iam.CreatePolicyInput{PolicyName: aws.String("fits"), PolicyDocument: &fits})
	refused(t, cl, createPolicy, &iam.CreatePolicyInput{PolicyName: aws.String("bad"), PolicyDocument: aws.String(`{"Version":"2012-10-17"}`)},
		"MalformedPolicyDocument: Syntax errors in policy.")
	refused(t, cl, getPolicy, &iam.GetPolicyInput{PolicyArn: aws.String(writer + "s")}, "NoSuchEntity: Policy "+writer+"s was not found.")
	refused(t, cl.In("222222222222", ""), getPolicy, &iam.GetPolicyInput{PolicyArn: arn}, "NoSuchEntity: Policy "+writer+" was not found.")

	v2 := ok(t, cl, createPolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(writing), SetAsDefault: true}).PolicyVersion
	if *v2.VersionId != "v2" || !v2.IsDefaultVersion {
		t.Errorf("second version %+v", v2)
	}
	refused(t, cl, deletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")},
		"DeleteConflict: Cannot delete the default version of a policy.")
	ok(t, cl, setDefaultPolicyVersion, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	ok(t, cl, deletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	for _, want := range []string{"v3", "v4", "v5", "v6"} {
		if got := ok(t, cl, createPolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(writing)}).PolicyVersion; *got.VersionId != want {
			t.Errorf("version %s, want %s: numbers are not used again", *got.VersionId, want)
		}
	}
	refused(t, cl, createPolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(writing)},
		"LimitExceeded: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
	list := ok(t, cl, listPolicyVersions, &iam.ListPolicyVersionsInput{PolicyArn: arn}).Versions
	if len(list) != 5 || *list[0].VersionId != "v6" || *list[4].VersionId != "v1" {
		t.Errorf("versions %+v", list)
	}
	refused(t, cl, getPolicyVersion, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")},
		"NoSuchEntity: Policy "+writer+" version v2 does not exist or is not attachable.")

	ok(t, cl, createRole, newRole("dns"))
	ok(t, cl, attachRolePolicy, &iam.AttachRolePolicyInput{RoleName: aws.String("dns"), PolicyArn: arn})
	ok(t, cl, attachRolePolicy, &iam.AttachRolePolicyInput{RoleName: aws.String("dns"), PolicyArn: arn})
	if got := ok(t, cl, getPolicy, &iam.GetPolicyInput{PolicyArn: arn}).Policy; *got.AttachmentCount != 1 || *got.DefaultVersionId != "v1" {
		t.Errorf("policy %+v", got)
	}
	entities := ok(t, cl, listEntitiesForPolicy, &iam.ListEntitiesForPolicyInput{PolicyArn: arn})
	if len(entities.PolicyRoles) != 1 || len(entities.PolicyUsers) != 0 {
		t.Errorf("entities %+v", entities)
	}
	refused(t, cl, deletePolicy, &iam.DeletePolicyInput{PolicyArn: arn}, "DeleteConflict: Cannot delete a policy attached to entities.")
	ok(t, cl, detachRolePolicy, &iam.DetachRolePolicyInput{RoleName: aws.String("dns"), PolicyArn: arn})
	refused(t, cl, deletePolicy, &iam.DeletePolicyInput{PolicyArn: arn}, "DeleteConflict: This policy has more than one version. "+
		"Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	for _, v := range []string{"v3", "v4", "v5", "v6"} {
		ok(t, cl, deletePolicyVersion, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: &v})
	}
	ok(t, cl, deletePolicy, &iam.DeletePolicyInput{PolicyArn: arn})
	refused(t, cl, attachRolePolicy, &iam.AttachRolePolicyInput{RoleName: aws.String("dns"), PolicyArn: arn},
		"NoSuchEntity: Policy "+writer+" does not exist or is not attachable.")
	refused(t, cl, putRoleBoundary, &iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("dns"), PermissionsBoundary: arn},
		"NoSuchEntity: Scope ARN: "+writer+" does not exist or is not attachable.")
	refused(t, cl, deletePolicy, &iam.DeletePolicyInput{PolicyArn: aws.String(policy.AdministratorAccess)},
		"AccessDenied: User: arn:aws:iam::111111111111:root is not authorized to perform: iam:DeletePolicy on resource: policy arn:aws:iam::aws:policy/AdministratorAccess")
	if local := ok(t, cl, listPolicies, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}).Policies; len(local) != 1 {
		t.Errorf("local policies %+v", local)
	}
}

func TestInlineSizeIsOfAllTogether(t *testing.T) {
	cl := client()
	ok(t, cl, createRole, newRole("dns"))
	half := strings.Replace(reading, "Get*", strings.Repeat("x", 5120-len(reading)+4), 1)
	put := func(name, document string) *iam.PutRolePolicyInput {
		return &iam.PutRolePolicyInput{RoleName: aws.String("dns"), PolicyName: &name, PolicyDocument: &document}
	}
	ok(t, cl, putRolePolicy, put("a", half))
	ok(t, cl, putRolePolicy, put("b", half+"  "))
	ok(t, cl, putRolePolicy, put("a", half)) // instead of, not beside
	refused(t, cl, putRolePolicy, put("c", reading), "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role dns")
	if got := ok(t, cl, listRolePolicies, &iam.ListRolePoliciesInput{RoleName: aws.String("dns")}).PolicyNames; strings.Join(got, " ") != "a b" {
		t.Errorf("policies %v", got)
	}
}

func TestTenPoliciesPerRole(t *testing.T) {
	cl := client()
	ok(t, cl, createRole, newRole("dns"))
	for i := range 11 {
		name := fmt.Sprintf("p%d", i)
		arn := ok(t, cl, createPolicy, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(reading)}).Policy.Arn
		in := &iam.AttachRolePolicyInput{RoleName: aws.String("dns"), PolicyArn: arn}
		if i < 10 {
			ok(t, cl, attachRolePolicy, in)
			continue
		}
		refused(t, cl, attachRolePolicy, in, "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10")
		err := cl.World.Update(func(s *world.State) error {
			s.Estate.Quotas.Put(estate.Quota{Account: "111111111111", Code: "PoliciesPerRole", Value: 20})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ok(t, cl, attachRolePolicy, in)
	}
}

func TestUsersAndKeys(t *testing.T) {
	cl := client()
	ana := aws.String("ana")
	ok(t, cl, createUser, &iam.CreateUserInput{UserName: ana})
	refused(t, cl, createUser, &iam.CreateUserInput{UserName: aws.String("Ana")}, "EntityAlreadyExists: User with name Ana already exists.")
	key := ok(t, cl, createAccessKey, &iam.CreateAccessKeyInput{UserName: ana}).AccessKey
	credential, found := cl.World.Credential(*key.AccessKeyId)
	if !found || credential.Secret != *key.SecretAccessKey || credential.Caller.ARN != "arn:aws:iam::111111111111:user/ana" {
		t.Fatalf("credential %+v", credential)
	}
	snapshot, err := cl.World.Estate().MarshalJSON()
	if err != nil || strings.Contains(string(snapshot), *key.SecretAccessKey) || strings.Contains(string(snapshot), *key.AccessKeyId) {
		t.Errorf("the snapshot holds a key, or cannot be made: %v", err)
	}

	// The user may do what its policies allow, and asks about itself.
	self := cl
	self.Caller = credential.Caller
	refused(t, self, getUser, &iam.GetUserInput{}, "AccessDenied: User: arn:aws:iam::111111111111:user/ana is not authorized to perform: iam:GetUser "+
		"on resource: arn:aws:iam::111111111111:user/ana because no identity-based policy allows the iam:GetUser action")
	own := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:GetUser","iam:*AccessKey*"],"Resource":"arn:aws:iam::*:user/${aws:username}"}}`
	ok(t, cl, putUserPolicy, &iam.PutUserPolicyInput{UserName: ana, PolicyName: aws.String("own"), PolicyDocument: &own})
	if got := ok(t, self, getUser, &iam.GetUserInput{}).User; *got.UserName != "ana" {
		t.Errorf("user %+v", got)
	}
	second := ok(t, self, createAccessKey, &iam.CreateAccessKeyInput{}).AccessKey
	refused(t, self, createAccessKey, &iam.CreateAccessKeyInput{}, "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2")
	ok(t, self, updateAccessKey, &iam.UpdateAccessKeyInput{AccessKeyId: second.AccessKeyId, Status: types.StatusTypeInactive})
	if _, found := cl.World.Credential(*second.AccessKeyId); found {
		t.Error("an inactive key still signs")
	}
	listed := ok(t, self, listAccessKeys, &iam.ListAccessKeysInput{}).AccessKeyMetadata
	if len(listed) != 2 {
		t.Errorf("keys %+v", listed)
	}
	if got := ok(t, cl, getAccessKeyLastUsed, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key.AccessKeyId}); *got.UserName != "ana" {
		t.Errorf("key's user %+v", got)
	}
	refused(t, cl, deleteUser, &iam.DeleteUserInput{UserName: ana}, "DeleteConflict: Cannot delete entity, must delete access keys first.")
	for _, k := range listed {
		ok(t, cl, deleteAccessKey, &iam.DeleteAccessKeyInput{UserName: ana, AccessKeyId: k.AccessKeyId})
	}
	refused(t, cl, deleteAccessKey, &iam.DeleteAccessKeyInput{UserName: ana, AccessKeyId: key.AccessKeyId},
		"NoSuchEntity: The Access Key with id "+*key.AccessKeyId+" cannot be found.")
	ok(t, cl, deleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: ana, PolicyName: aws.String("own")})
	ok(t, cl, deleteUser, &iam.DeleteUserInput{UserName: ana})
	refused(t, cl, getUser, &iam.GetUserInput{UserName: ana}, "NoSuchEntity: The user with name ana cannot be found.")

	admin, _ := cl.World.Credential("111111111111")
	self.Caller = admin.Caller
	if got := ok(t, self, getUser, &iam.GetUserInput{}).User; *got.UserName != "twin-administrator" || *got.UserId != admin.Caller.ID {
		t.Errorf("the administrator %+v", got)
	}
}

func TestSimulate(t *testing.T) {
	cl := client()
	ok(t, cl, createRole, newRole("dns"))
	ok(t, cl, putRolePolicy, &iam.PutRolePolicyInput{RoleName: aws.String("dns"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"route53:*","Resource":"*"},
		{"Effect":"Deny","Action":"route53:Delete*","Resource":"*"},
		{"Effect":"Allow","Action":"iam:GetRole","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}]}`)})
	ok(t, cl, putRoleBoundary, &iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("dns"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AmazonRoute53FullAccess")})
	in := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::111111111111:role/dns"), MaxItems: aws.Int32(3),
		ActionNames:    []string{"route53:GetHostedZone", "route53:DeleteHostedZone", "acm:ListCertificates", "iam:GetRole"},
		ContextEntries: []types.ContextEntry{{ContextKeyName: aws.String("aws:RequestedRegion"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{"us-east-1"}}},
	}
	var got []string
	for {
		out := ok(t, cl, simulatePrincipalPolicy, in)
		for _, r := range out.EvaluationResults {
			got = append(got, fmt.Sprintf("%s %s %v %d", *r.EvalActionName, r.EvalDecision, r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary, len(r.MatchedStatements)))
		}
		if !out.IsTruncated {
			break
		}
		in.Marker = out.Marker
	}
	want := []string{"route53:GetHostedZone allowed true 1", "route53:DeleteHostedZone explicitDeny true 1",
		"acm:ListCertificates implicitDeny true 0", "iam:GetRole implicitDeny false 0"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	refused(t, cl, simulatePrincipalPolicy, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String("arn:aws:iam::222222222222:role/dns"), ActionNames: in.ActionNames},
		"NoSuchEntity: The entity with ARN arn:aws:iam::222222222222:role/dns cannot be found.")
	custom := ok(t, cl, simulateCustomPolicy, &iam.SimulateCustomPolicyInput{PolicyInputList: []string{reading}, ActionNames: []string{"route53:GetHostedZone"}}).EvaluationResults
	if len(custom) != 1 || custom[0].EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
		t.Errorf("custom %+v", custom)
	}
}

// TestAccountDetails: everything that has policies, in pages over all kinds.
func TestAccountDetails(t *testing.T) {
	cl := client()
	ok(t, cl, createRole, newRole("reader"))
	ok(t, cl, putRolePolicy, &iam.PutRolePolicyInput{RoleName: aws.String("reader"), PolicyName: aws.String("read"), PolicyDocument: aws.String(reading)})
	ok(t, cl, createUser, &iam.CreateUserInput{UserName: aws.String("ann")})
	ok(t, cl, createPolicy, &iam.CreatePolicyInput{PolicyName: aws.String("writer"), PolicyDocument: aws.String(reading)})
	ok(t, cl, createPolicyVersion, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(writer), PolicyDocument: aws.String(writing), SetAsDefault: true})
	ok(t, cl, attachRolePolicy, &iam.AttachRolePolicyInput{RoleName: aws.String("reader"), PolicyArn: aws.String(writer)})
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Groups.Put(estate.Group{ARN: "arn:aws:iam::111111111111:group/ops", Account: "111111111111", Name: "ops", Path: "/", Inline: map[string]string{"in": writing}})
		s.Estate.Roles.Put(estate.Role{ARN: "arn:aws:iam::222222222222:role/else", Account: "222222222222", Name: "else", Path: "/"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var got []string
	in := &iam.GetAccountAuthorizationDetailsInput{
		MaxItems: aws.Int32(1), Filter: []types.EntityType{types.EntityTypeRole, types.EntityTypeUser, types.EntityTypeGroup, types.EntityTypeLocalManagedPolicy},
	}
	for range 5 {
		out := ok(t, cl, getAccountAuthorizationDetails, in)
		for _, u := range out.UserDetailList {
			got = append(got, *u.UserName)
		}
		for _, g := range out.GroupDetailList {
			got = append(got, *g.GroupName+" "+*g.GroupPolicyList[0].PolicyName)
		}
		for _, r := range out.RoleDetailList {
			got = append(got, *r.RoleName+" "+*r.RolePolicyList[0].PolicyName+" "+*r.AttachedManagedPolicies[0].PolicyName)
		}
		for _, p := range out.Policies {
			got = append(got, fmt.Sprint(*p.PolicyName, " ", *p.DefaultVersionId, " ", len(p.PolicyVersionList)))
		}
		if in.Marker = out.Marker; !out.IsTruncated {
			break
		}
	}
	if want := "ann, ops in, reader read writer, writer v2 2"; strings.Join(got, ", ") != want || in.Marker != nil {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	in = &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeAWSManagedPolicy}}
	if out := ok(t, cl, getAccountAuthorizationDetails, in); len(out.Policies) != len(policy.ManagedARNs()) || len(out.RoleDetailList) != 0 {
		t.Errorf("of AWS: %d policies", len(out.Policies))
	}
}
