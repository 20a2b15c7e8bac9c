package iam_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

const (
	allowAll  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	member    = "111111111111"
	manager   = "999999999999"
	outsider  = "555555555555"
	writerARN = "arn:aws:iam::111111111111:role/writer"
)

// organization is root / workloads / member, the management account in the
// root, an account outside, and a role and a user in the member.
func organization() *world.State {
	s := &world.State{}
	e := &s.Estate
	e.Organization = estate.Organization{ID: "o-1", Management: manager, Root: "r-1",
		PolicyTypes: []string{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"}}
	e.Units.Put(estate.Unit{ID: "ou-1", Name: "workloads", Parent: "r-1"})
	e.Accounts.Put(estate.Account{ID: member, Parent: "ou-1"}, estate.Account{ID: manager, Parent: "r-1"}, estate.Account{ID: outsider})
	e.Policies.Put(
		estate.OrganizationPolicy{ID: "p-FullAWSAccess", Name: "FullAWSAccess", Type: "SERVICE_CONTROL_POLICY", Document: allowAll,
			Targets: []string{"r-1", "ou-1", member, manager}},
		estate.OrganizationPolicy{ID: "p-1", Name: "no-ec2", Type: "SERVICE_CONTROL_POLICY", Targets: []string{"r-1"},
			Document: `{"Version":"2012-10-17","Statement":{"Sid":"NoEC2","Effect":"Deny","Action":"ec2:*","Resource":"*"}}`},
		estate.OrganizationPolicy{ID: "p-RCPFullAWSAccess", Name: "RCPFullAWSAccess", Type: "RESOURCE_CONTROL_POLICY", Targets: []string{"r-1", "ou-1", member},
			Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`},
		estate.OrganizationPolicy{ID: "p-2", Name: "inside", Type: "RESOURCE_CONTROL_POLICY", Targets: []string{"ou-1"},
			Document: `{"Version":"2012-10-17","Statement":{"Sid":"Inside","Effect":"Deny","Principal":"*","Action":["sts:AssumeRole","route53:*"],"Resource":"*",
				"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}}}`},
	)
	e.Roles.Put(estate.Role{ARN: writerARN, ID: "AROA1", Account: member, Name: "writer", Tags: estate.Tags{"Team": "dns", "Env": "prod"},
		Attached: []string{"arn:aws:iam::aws:policy/AmazonRoute53FullAccess", "arn:aws:iam::111111111111:policy/own"}, Boundary: "arn:aws:iam::aws:policy/PowerUserAccess",
		Inline: map[string]string{"conditional": `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"test:Team","Resource":"arn:aws:test:::${aws:PrincipalTag/Team}"},
			{"Effect":"Allow","Action":"test:Path","Resource":"*","Condition":{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-1/*/ou-1/*"}}},
			{"Effect":"Allow","Action":"test:Region","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}},
			{"Effect":"Allow","Action":"test:Address","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}},
			{"Effect":"Allow","Action":"test:Issued","Resource":"*","Condition":{"DateGreaterThan":{"aws:TokenIssueTime":"2026-01-01"},"DateLessThan":{"aws:CurrentTime":"2027-01-01"}}},
			{"Effect":"Allow","Action":"test:Own","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}","aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}},
			{"Effect":"Allow","Action":"test:Key","Resource":"*","Condition":{"StringEquals":{"test:key":"v"}}},
			{"Effect":"Allow","Action":"test:User","Resource":"*","Condition":{"Null":{"aws:username":"false"}}},
			{"Effect":"Allow","Action":["iam:GetRole","ec2:DescribeVpcs"],"Resource":"*"}]}`}})
	e.ManagedPolicies.Put(estate.ManagedPolicy{ARN: "arn:aws:iam::111111111111:policy/own", Default: "v2", Versions: []estate.PolicyVersion{
		{ID: "v1", Document: allowAll},
		{ID: "v2", Document: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"acm:*","Resource":"*"}}`}}})
	e.Users.Put(estate.User{ARN: "arn:aws:iam::111111111111:user/ana", ID: "AIDA1", Account: member, Name: "ana"},
		estate.User{ARN: "arn:aws:iam::111111111111:user/bad", ID: "AIDA2", Account: member, Name: "bad", Attached: []string{"arn:aws:iam::111111111111:policy/unread"}})
	return s
}

func session(change func(*world.Caller)) world.Caller {
	c := world.Caller{Account: member, ARN: "arn:aws:sts::111111111111:assumed-role/writer/s", ID: "AROA1:s", Role: writerARN,
		IssuedAt: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), SourceIP: netip.MustParseAddr("127.0.0.1")}
	if change != nil {
		change(&c)
	}
	return c
}

func administrator(account string) world.Caller {
	id := estate.AccountID(account)
	return world.Caller{Account: id, ARN: world.AdministratorARN(id), ID: "AIDA0", Administrator: true}
}

func TestAuthorizer(t *testing.T) {
	writer := session(nil)
	tests := []struct {
		name             string
		who              world.Caller
		service          string
		action, resource string
		conditions       world.Conditions
		want             string // end of the message; empty: allowed
	}{
		{"AWS's managed policy", writer, "route53", "route53:GetHostedZone", "arn:aws:route53:::hostedzone/Z", nil, ""},
		{"default version of its own", writer, "acm", "acm:ListCertificates", "*", nil, ""},
		{"older version of its own", writer, "sqs", "sqs:SendMessage", "*", nil, "because no identity-based policy allows the sqs:SendMessage action"},
		{"boundary", writer, "iam", "iam:GetRole", writerARN, nil, "because no permissions boundary allows the iam:GetRole action"},
		{"SCP", writer, "ec2", "ec2:DescribeVpcs", "*", nil,
			"UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:sts::111111111111:assumed-role/writer/s " +
				"is not authorized to perform: ec2:DescribeVpcs with an explicit deny in a service control policy"},
		{"SCP binds the administrator", administrator(member), "ec2", "ec2:DescribeVpcs", "*", nil, "with an explicit deny in a service control policy"},
		{"SCP spares the management account", administrator(manager), "ec2", "ec2:DescribeVpcs", "*", nil, ""},
		{"SCP ends at the organization", administrator(outsider), "ec2", "ec2:DescribeVpcs", "*", nil, ""},
		{"RCPs reach only some services", administrator(member), "route53", "route53:GetHostedZone", "*", nil, ""},
		{"variable of a tag", writer, "test", "test:Team", "arn:aws:test:::dns", nil, ""},
		{"session tags go first", session(func(c *world.Caller) { c.Tags = estate.Tags{"Team": "web"} }), "test", "test:Team", "arn:aws:test:::dns", nil,
			"because no identity-based policy allows the test:Team action"},
		{"organization path", writer, "test", "test:Path", "*", nil, ""},
		{"Region", writer, "test", "test:Region", "*", nil, ""},
		{"address", writer, "test", "test:Address", "*", nil, ""},
		{"times", writer, "test", "test:Issued", "*", nil, ""},
		{"owner of the resource", writer, "test", "test:Own", "*", nil, ""},
		{"key of the service", writer, "test", "test:Key", "*", world.Conditions{"test:key": {"v"}}, ""},
		{"key of the service, absent", writer, "test", "test:Key", "*", nil, "because no identity-based policy allows the test:Key action"},
		{"a session is no user", writer, "test", "test:User", "*", nil, "because no identity-based policy allows the test:User action"},
		{"role made again", session(func(c *world.Caller) { c.ID = "AROA0:s" }), "route53", "route53:GetHostedZone", "*", nil,
			"because no identity-based policy allows the route53:GetHostedZone action"},
		{"user without policies", world.Caller{Account: member, ARN: "arn:aws:iam::111111111111:user/ana", ID: "AIDA1"}, "organizations", "organizations:ListAccounts", "*", nil,
			"AccessDeniedException: User: arn:aws:iam::111111111111:user/ana is not authorized to perform: organizations:ListAccounts " +
				"because no identity-based policy allows the organizations:ListAccounts action"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &world.Call{State: organization(), Caller: tt.who, Service: tt.service, Region: "eu-west-1", Now: time.Date(2026, 5, 1, 1, 0, 0, 0, time.UTC)}
			err := iam.Authorizer(c)(tt.action, tt.resource, tt.conditions)
			var denied *iam.Denied
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (!errors.As(err, &denied) || !strings.HasSuffix(err.Error(), tt.want)):
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestDeniedSaysWhere: a refusal names the policy and its statement.
func TestDeniedSaysWhere(t *testing.T) {
	c := &world.Call{State: organization(), Caller: session(nil), Service: "ec2"}
	var denied *iam.Denied
	if err := iam.Authorizer(c)("ec2:CreateVpc", "arn:aws:ec2:eu-west-1:111111111111:vpc/*", nil); !errors.As(err, &denied) {
		t.Fatal(err)
	}
	if got, want := denied.String(), "denied by service control policy no-ec2 (p-1), NoEC2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAuthorizeResource(t *testing.T) {
	trust := func(principal string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"}}`
	}
	for name, tt := range map[string]struct {
		who    world.Caller
		policy string
		want   string
	}{
		"a member":                     {administrator(member), trust(member), ""},
		"trust alone, from outside":    {administrator(outsider), trust(outsider), "denied by resource control policy inside (p-2), Inside"},
		"management is in too":         {administrator(manager), trust(manager), ""},
		"member that is not trusted":   {administrator(member), trust(manager), "no role trust policy allows it"},
		"policy that cannot be parsed": {administrator(member), `{`, "unread"},
	} {
		c := &world.Call{State: organization(), Caller: tt.who, Service: "sts"}
		err := iam.Authorize(c, "sts:AssumeRole", iam.Resource{ARN: writerARN, Account: member, Policy: tt.policy, Trust: true}, nil)
		got := ""
		var denied *iam.Denied
		var unread *iam.Unread
		switch {
		case errors.As(err, &denied):
			got = denied.Decision.String()
		case errors.As(err, &unread):
			got = "unread"
		case err != nil:
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestUnread: what is attached and not known is neither allowed nor denied.
func TestUnread(t *testing.T) {
	c := &world.Call{State: organization(), Caller: world.Caller{Account: member, ARN: "arn:aws:iam::111111111111:user/bad", ID: "AIDA2"}}
	var unread *iam.Unread
	if err := iam.Authorizer(c)("route53:ListHostedZones", "*", nil); !errors.As(err, &unread) || !strings.HasSuffix(unread.Policy, "policy/unread") {
		t.Errorf("%v", err)
	}
}

// BenchmarkAuthorizer judges one call of a role session in an organization:
// three levels of SCPs, four policies of its own, a boundary.
func BenchmarkAuthorizer(b *testing.B) {
	c := &world.Call{State: organization(), Caller: session(nil), Service: "route53", Region: "us-east-1"}
	for b.Loop() {
		if err := iam.Authorizer(c)("route53:GetHostedZone", "arn:aws:route53:::hostedzone/Z", nil); err != nil {
			b.Fatal(err)
		}
	}
}
