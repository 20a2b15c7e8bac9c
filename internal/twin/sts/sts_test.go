package sts

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	callerAccount = "111111111111"
	owner         = "222222222222"
	roleARN       = "arn:aws:iam::222222222222:role/team/dns"
	userARN       = "arn:aws:iam::111111111111:user/ana"
)

func trust(principal, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"` +
		condition + `},{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["sts:TagSession","sts:SetSourceIdentity"]}]}`
}

const withExternalID = `,"Condition":{"StringEquals":{"sts:ExternalId":"handshake"}}`

// bench is a world with a role in one account and a user in another.
func bench(t *testing.T, trust string) (worldtest.Client, *clock.Virtual) {
	t.Helper()
	cl, clk := worldtest.New()
	cl.Policies, cl.Service = iam.Authorizer, "sts"
	err := cl.World.Update(func(s *world.State) error {
		s.Estate.Roles.Put(estate.Role{ARN: roleARN, ID: "AROAROLE", Account: owner, Path: "/team/", Name: "dns", Trust: trust, MaxSession: 7200,
			Inline: map[string]string{"all": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`}})
		s.Estate.Users.Put(estate.User{ARN: userARN, ID: "AIDAANA", Account: callerAccount, Path: "/", Name: "ana",
			Inline: map[string]string{"assume": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"` + roleARN + `"}}`}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cl, clk
}

// as is the client with somebody's credentials.
func as(t *testing.T, cl worldtest.Client, accessKey string) worldtest.Client {
	t.Helper()
	k, ok := cl.World.Credential(accessKey)
	if !ok {
		t.Fatalf("no credential %s", accessKey)
	}
	cl.Caller, cl.Account = k.Caller, k.Caller.Account
	return cl
}

func assume(change func(*sts.AssumeRoleInput)) *sts.AssumeRoleInput {
	in := &sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("run"), ExternalId: aws.String("handshake")}
	if change != nil {
		change(in)
	}
	return in
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

func TestAssumeRole(t *testing.T) {
	const administrator = "arn:aws:iam::111111111111:user/twin-administrator"
	refusal := "AccessDenied: User: " + administrator + " is not authorized to perform: sts:AssumeRole on resource: " + roleARN
	account := trust("arn:aws:iam::111111111111:root", withExternalID)
	tests := []struct {
		name   string
		trust  string
		change func(*sts.AssumeRoleInput)
		want   string // empty: granted
	}{
		{"account named", account, nil, ""},
		{"account by its ID", trust("111111111111", withExternalID), nil, ""},
		{"principal named", trust(administrator, ""), nil, ""},
		{"missing role", account, func(in *sts.AssumeRoleInput) { *in.RoleArn += "x" }, refusal + "x"},
		{"wrong principal", trust("arn:aws:iam::111111111111:user/ana", ""), nil, refusal},
		{"wrong account", trust("arn:aws:iam::333333333333:root", ""), nil, refusal},
		{"missing external ID", account, func(in *sts.AssumeRoleInput) { in.ExternalId = nil }, refusal},
		{"wrong external ID", account, func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("Handshake") }, refusal},
		{"outside the organization", trust("111111111111", `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`), nil, refusal},
		{"malformed ARN", account, func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::222222222222:user/dns") },
			"ValidationError: Request ARN is invalid"},
		{"too long", account, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(7201) },
			"ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"as long as may be", account, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(7200) }, ""},
		{"malformed session policy", account, func(in *sts.AssumeRoleInput) { in.Policy = aws.String("{}") },
			"MalformedPolicyDocument: Syntax errors in policy."},
		{"managed session policy that is not there", account, func(in *sts.AssumeRoleInput) {
			in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/None")}}
		}, "ValidationError: Policy arn:aws:iam::aws:policy/None does not exist or is not attachable."},
		{"packed too large", account, func(in *sts.AssumeRoleInput) {
			in.Policy = aws.String(allow(strings.Repeat("x", 1900)))
			in.Tags = []types.Tag{{Key: aws.String(strings.Repeat("k", 100)), Value: aws.String(strings.Repeat("v", 200))}}
		}, "PackedPolicyTooLarge: Packed policy consumes 113% of allotted space, please use smaller policy."},
		{"tag twice", account, func(in *sts.AssumeRoleInput) {
			in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("A"), Value: aws.String("1")}}
		}, "InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cl, _ := bench(t, tt.trust)
			out, err := worldtest.Do(as(t, cl, callerAccount), assumeRole, assume(tt.change))
			if tt.want != "" {
				got := "no error"
				var e smithy.APIError
				if errors.As(err, &e) {
					got = strings.TrimSuffix(e.ErrorCode(), "Exception") + ": " + e.ErrorMessage()
				}
				if got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, want := *out.AssumedRoleUser.Arn, "arn:aws:sts::222222222222:assumed-role/dns/run"; got != want {
				t.Errorf("session %s, want %s", got, want)
			}
			session := as(t, cl, *out.Credentials.AccessKeyId)
			id, err := worldtest.Do(session, getCallerIdentity, &sts.GetCallerIdentityInput{})
			if err != nil || *id.UserId != "AROAROLE:run" || *id.Account != owner {
				t.Errorf("identity %+v, %v", id, err)
			}
		})
	}
}

// allow is a session policy over one resource.
func allow(name string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"route53:*","Resource":"arn:aws:route53:::` + name + `"}]}`
}

// TestSessionPolicyTextLimit: 2,048 characters fit, one more does not.
func TestSessionPolicyTextLimit(t *testing.T) {
	cl, _ := bench(t, trust("111111111111", ""))
	for n, want := range map[int]string{2048: "", 2049: "ValidationError"} {
		_, err := worldtest.Do(as(t, cl, callerAccount), assumeRole, assume(func(in *sts.AssumeRoleInput) {
			p := allow("x")
			in.Policy = aws.String(p + strings.Repeat(" ", n-len(p)))
		}))
		if code(err) != want {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}

// TestIdentityMustAllow: a trust policy that names the account leaves it to the
// account's policies.
func TestIdentityMustAllow(t *testing.T) {
	cl, _ := bench(t, trust("111111111111", ""))
	user := cl
	user.Caller = world.Caller{Account: callerAccount, ARN: userARN, ID: "AIDAANA"}
	if _, err := worldtest.Do(user, assumeRole, assume(nil)); err != nil {
		t.Errorf("a user whose policy allows: %v", err)
	}
	user.Caller.ID = "AIDAFORMER" // of a user of the same name that was deleted
	if _, err := worldtest.Do(user, assumeRole, assume(nil)); code(err) != "AccessDenied" {
		t.Errorf("a user that was deleted: %v", err)
	}
}

func TestNarrowSession(t *testing.T) {
	cl, _ := bench(t, trust("111111111111", ""))
	out, err := worldtest.Do(as(t, cl, callerAccount), assumeRole, assume(func(in *sts.AssumeRoleInput) {
		in.Policy = aws.String(allow("hostedzone/Z1"))
		in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/AWSCertificateManagerReadOnly")}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if out.PackedPolicySize == nil || *out.PackedPolicySize <= 0 {
		t.Error("no packed size")
	}
	session := as(t, cl, *out.Credentials.AccessKeyId)
	for action, want := range map[string]string{
		"route53:GetHostedZone arn:aws:route53:::hostedzone/Z1": "",
		"acm:ListCertificates *":                                "", // one of the session policies suffices
		"route53:GetHostedZone arn:aws:route53:::hostedzone/Z2": "User: arn:aws:sts::222222222222:assumed-role/dns/run is not authorized to perform: " +
			"route53:GetHostedZone on resource: arn:aws:route53:::hostedzone/Z2 because no session policy allows the route53:GetHostedZone action",
	} {
		err := cl.World.Update(func(s *world.State) error {
			name, resource, _ := strings.Cut(action, " ")
			return iam.Authorizer(&world.Call{State: s, Caller: session.Caller, Service: "route53"})(name, resource, nil)
		})
		var e smithy.APIError
		if errors.As(err, &e) != (want != "") || want != "" && e.ErrorMessage() != want {
			t.Errorf("%s: %v, want %q", action, err, want)
		}
	}
	if _, err := worldtest.Do(session, assumeRole, assume(nil)); code(err) != "AccessDenied" {
		t.Errorf("AssumeRole, which the session policies leave out: %v", err)
	}
}

func TestExpiry(t *testing.T) {
	cl, clk := bench(t, trust("111111111111", ""))
	out, err := worldtest.Do(as(t, cl, callerAccount), assumeRole, assume(func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(900) }))
	if err != nil {
		t.Fatal(err)
	}
	k, ok := cl.World.Credential(*out.Credentials.AccessKeyId)
	if !ok || !k.Expires.Equal(worldtest.Start.Add(15*time.Minute)) || !k.Expires.Equal(*out.Credentials.Expiration) {
		t.Fatalf("expires %v", k.Expires)
	}
	clk.Advance(15*time.Minute - 1)
	if k.Expired(cl.World.Now()) {
		t.Error("expired before its end")
	}
	clk.Advance(1)
	if !k.Expired(cl.World.Now()) {
		t.Error("alive after its end")
	}
}

func TestChain(t *testing.T) {
	cl, _ := bench(t, trust("*", ""))
	tag := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	out, err := worldtest.Do(as(t, cl, callerAccount), assumeRole, assume(func(in *sts.AssumeRoleInput) {
		in.Tags, in.TransitiveTagKeys, in.SourceIdentity = []types.Tag{tag("team", "dns"), tag("run", "7")}, []string{"team"}, aws.String("ana")
	}))
	if err != nil {
		t.Fatal(err)
	}
	first := as(t, cl, *out.Credentials.AccessKeyId)
	for name, tt := range map[string]struct {
		change func(*sts.AssumeRoleInput)
		want   string
	}{
		"one hour":                  {nil, ""},
		"more than one hour":        {func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) }, "ValidationError"},
		"a transitive tag again":    {func(in *sts.AssumeRoleInput) { in.Tags = []types.Tag{tag("Team", "web")} }, "InvalidParameterValue"},
		"another source identity":   {func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("bob") }, "AccessDenied"},
		"a tag that may be set":     {func(in *sts.AssumeRoleInput) { in.Tags = []types.Tag{tag("run", "8")} }, ""},
		"a transitive key, no tag":  {func(in *sts.AssumeRoleInput) { in.TransitiveTagKeys = []string{"none"} }, "InvalidParameterValue"},
		"the same source identity ": {func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("ana") }, ""},
	} {
		out, err := worldtest.Do(first, assumeRole, assume(tt.change))
		if code(err) != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
			continue
		}
		if err == nil {
			got := as(t, cl, *out.Credentials.AccessKeyId).Caller
			if got.Tags["team"] != "dns" || got.SourceIdentity != "ana" {
				t.Errorf("%s: passed on %v, %q", name, got.Tags, got.SourceIdentity)
			}
		}
	}
}

func TestSuspendedAccount(t *testing.T) {
	cl, _ := bench(t, trust("*", ""))
	err := cl.World.Update(func(s *world.State) error {
		s.Estate.Accounts.Put(estate.Account{ID: owner, Status: estate.AccountSuspended})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := worldtest.Do(as(t, cl, callerAccount), assumeRole, assume(nil)); code(err) != "AccessDenied" {
		t.Errorf("a role of a suspended account: %v", err)
	}
}

func TestSessionToken(t *testing.T) {
	cl, _ := bench(t, trust("*", ""))
	out, err := worldtest.Do(as(t, cl, callerAccount), getSessionToken, &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.Credentials.Expiration.Sub(worldtest.Start); got != 12*time.Hour {
		t.Errorf("lasts %v", got)
	}
	session := as(t, cl, *out.Credentials.AccessKeyId)
	if session.Caller.ARN != world.AdministratorARN(callerAccount) || !session.Caller.Administrator {
		t.Errorf("session of %+v", session.Caller)
	}
	if _, err := worldtest.Do(session, getSessionToken, &sts.GetSessionTokenInput{}); code(err) != "AccessDenied" {
		t.Errorf("a session asks for a session: %v", err)
	}
	info, err := worldtest.Do(session, getAccessKeyInfo, &sts.GetAccessKeyInfoInput{AccessKeyId: out.Credentials.AccessKeyId})
	if err != nil || *info.Account != callerAccount {
		t.Errorf("account of the key: %+v, %v", info, err)
	}
	if _, err := worldtest.Do(session, getAccessKeyInfo, &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String("not-a-key-of-aws")}); code(err) != "ValidationError" {
		t.Errorf("a key that is none: %v", err)
	}
}
