package twin_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const (
	caller = "111111111111"
	owner  = "222222222222"
	other  = "333333333333"

	roleARN = "arn:aws:iam::" + owner + ":role/dns"
	trust   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
		"Principal":{"AWS":"arn:aws:iam::` + caller + `:root"},
		"Condition":{"StringEquals":{"sts:ExternalId":"secret-handshake"}}}]}`
	permissions = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["route53:ListHostedZones","route53:CreateHostedZone"],"Resource":"*"},
		{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`
)

// withRole makes the role that the tests assume.
func withRole(t *testing.T, b bench) {
	t.Helper()
	c := b.iam(keys(owner))
	must[*iam.CreateRoleOutput](t)(c.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("dns"), AssumeRolePolicyDocument: aws.String(trust)}))
	must[*iam.PutRolePolicyOutput](t)(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("dns"), PolicyName: aws.String("dns"), PolicyDocument: aws.String(permissions)}))
}

func assume(role, externalID string) *sts.AssumeRoleInput {
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test"), DurationSeconds: aws.Int32(900)}
	if externalID != "" {
		in.ExternalId = &externalID
	}
	return in
}

// session are the credentials of an AssumeRole answer.
func session(c *ststypes.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func TestAssumeRoleRefusals(t *testing.T) {
	b := newBench()
	withRole(t, b)
	tests := []struct {
		name, account string
		in            *sts.AssumeRoleInput
		want          string
	}{
		{"granted", caller, assume(roleARN, "secret-handshake"), ""},
		{"missing role", caller, assume(roleARN+"-not", "secret-handshake"), "AccessDenied"},
		{"missing account", caller, assume("arn:aws:iam::999999999999:role/dns", "secret-handshake"), "AccessDenied"},
		{"wrong principal", other, assume(roleARN, "secret-handshake"), "AccessDenied"},
		{"owner's own administrator", owner, assume(roleARN, "secret-handshake"), "AccessDenied"},
		{"missing external ID", caller, assume(roleARN, ""), "AccessDenied"},
		{"wrong external ID", caller, assume(roleARN, "another"), "AccessDenied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := b.sts(keys(tt.account)).AssumeRole(t.Context(), tt.in); code(err) != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestExpiredSession(t *testing.T) {
	b := newBench()
	withRole(t, b)
	out := must[*sts.AssumeRoleOutput](t)(b.sts(keys(caller)).AssumeRole(t.Context(), assume(roleARN, "secret-handshake")))
	c := b.sts(session(out.Credentials))
	id := must[*sts.GetCallerIdentityOutput](t)(c.GetCallerIdentity(t.Context(), nil))
	if want := "arn:aws:sts::" + owner + ":assumed-role/dns/test"; *id.Arn != want || *id.Account != owner {
		t.Errorf("the session is %s, want %s", *id.Arn, want)
	}
	b.clock.Advance(15*time.Minute - time.Second)
	if _, err := c.GetCallerIdentity(t.Context(), nil); err != nil {
		t.Errorf("in the last second: %v", err)
	}
	b.clock.Advance(time.Second)
	if _, err := c.GetCallerIdentity(t.Context(), nil); code(err) != "ExpiredToken" {
		t.Errorf("after its end: %v", err)
	}
	if _, err := c.AssumeRole(t.Context(), assume(roleARN, "secret-handshake")); code(err) != "ExpiredToken" {
		t.Errorf("AssumeRole after its end: %v", err)
	}
}

func TestNarrowSession(t *testing.T) {
	b := newBench()
	withRole(t, b)
	in := assume(roleARN, "secret-handshake")
	in.Policy = aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"route53:ListHostedZones","Resource":"*"}]}`)
	out := must[*sts.AssumeRoleOutput](t)(b.sts(keys(caller)).AssumeRole(t.Context(), in))
	narrow := session(out.Credentials)
	zones := b.route53(narrow)
	if _, err := zones.ListHostedZones(t.Context(), nil); err != nil {
		t.Errorf("what the session policy allows: %v", err)
	}
	_, err := zones.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("1")})
	if code(err) != "AccessDenied" {
		t.Errorf("what the session policy leaves out: %v", err)
	}
	if _, err := b.sts(narrow).AssumeRole(t.Context(), assume(roleARN, "secret-handshake")); code(err) != "AccessDenied" {
		t.Errorf("AssumeRole that the session policy leaves out: %v", err)
	}
	if b.world.Estate().Zones.Len() != 0 {
		t.Error("a refused call changed the world")
	}
}
