package iam

import (
	"fmt"
	"strings"
	"testing"
)

func TestConditions(t *testing.T) {
	const (
		ops   = "reference_policies_elements_condition_operators.html"
		multi = "reference_policies_condition-single-vs-multi-valued-context-keys.html"
		logic = "reference_policies_condition-logic-multiple-context-keys-or-values.html"
		vars  = "reference_policies_variables.html"
	)
	ctx := Context{
		"aws:username": {"ana"}, "aws:principaltag/team": {"dns"}, "aws:tagkeys": {"Env", "Team"}, "aws:empty": {""},
		"aws:sourceip": {"203.0.113.7"}, "aws:six": {"2001:db8:1234:5678::1"}, "aws:currenttime": {"2026-05-01T12:00:00Z"},
		"s3:max-keys": {"10"}, "aws:securetransport": {"true"}, "aws:principalarn": {"arn:aws:iam::111111111111:role/team/writer"},
		"aws:sourcearn": {"arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"},
		"bin:key":       {"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}, "star": {"a*b"},
	}
	tests := []struct {
		source, condition string
		want              bool
	}{
		{ops, `"StringEquals":{"aws:username":"ana"}`, true},
		{ops, `"StringEquals":{"AWS:UserName":"ana"}`, true},
		{ops, `"StringEquals":{"aws:username":"Ana"}`, false},
		{logic, `"StringEquals":{"aws:username":["bob","ana"]}`, true},
		{logic, `"StringEquals":{"aws:username":"ana","aws:PrincipalTag/team":"web"}`, false},
		{logic, `"StringNotEquals":{"aws:username":["bob","ana"]}`, false},
		{logic, `"StringNotEquals":{"aws:username":["bob","eve"]}`, true},
		{ops, `"StringEqualsIgnoreCase":{"aws:username":"ANA"}`, true},
		{ops, `"StringNotEqualsIgnoreCase":{"aws:username":"ANA"}`, false},
		{ops, `"StringEquals":{"aws:username":"a*"}`, false},
		{ops, `"StringLike":{"aws:username":"a*"}`, true},
		{ops, `"StringLike":{"aws:username":"?na"}`, true},
		{ops, `"StringLike":{"aws:username":"?ana"}`, false},
		{ops, `"StringNotLike":{"aws:username":"b*"}`, true},
		{ops, `"StringEquals":{"aws:absent":"x"}`, false},
		{ops, `"StringNotEquals":{"aws:absent":"x"}`, true},
		{ops, `"StringEqualsIfExists":{"aws:absent":"x"}`, true},
		{ops, `"StringEqualsIfExists":{"aws:username":"x"}`, false},
		{ops, `"StringNotEqualsIfExists":{"aws:username":"x"}`, true},

		{ops, `"NumericLessThanEquals":{"s3:max-keys":"10"}`, true},
		{ops, `"NumericLessThan":{"s3:max-keys":10}`, false},
		{ops, `"NumericGreaterThan":{"s3:max-keys":"9.5"}`, true},
		{ops, `"NumericGreaterThanEquals":{"s3:max-keys":"11"}`, false},
		{ops, `"NumericEquals":{"s3:max-keys":"10.0"}`, true},
		{ops, `"NumericNotEquals":{"s3:max-keys":["10","11"]}`, false},
		{ops, `"NumericEquals":{"aws:username":"10"}`, false},

		{ops, `"DateGreaterThan":{"aws:CurrentTime":"2026-05-01T11:59:59Z"}`, true},
		{ops, `"DateLessThan":{"aws:CurrentTime":"2026-05-01"}`, false},
		{ops, `"DateLessThanEquals":{"aws:CurrentTime":"2026-05-01T14:00+02:00"}`, true},
		{ops, `"DateGreaterThanEquals":{"aws:CurrentTime":"1777636800"}`, true},
		{ops, `"DateEquals":{"aws:CurrentTime":"2026"}`, false},
		{ops, `"DateNotEquals":{"aws:CurrentTime":"2026"}`, true},

		{ops, `"Bool":{"aws:SecureTransport":"true"}`, true},
		{ops, `"Bool":{"aws:SecureTransport":false}`, false},
		{ops, `"Bool":{"aws:absent":"false"}`, false},
		{ops, `"BoolIfExists":{"aws:absent":"true"}`, true},
		{ops, `"BinaryEquals":{"bin:key":"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}`, true},
		{ops, `"BinaryEquals":{"bin:key":"QQ=="}`, false},

		{ops, `"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, true},
		{ops, `"IpAddress":{"aws:SourceIp":["198.51.100.0/24","2001:DB8:1234:5678::/64"]}`, false},
		{ops, `"IpAddress":{"aws:six":["203.0.113.0/24","2001:DB8:1234:5678::/64"]}`, true},
		{ops, `"IpAddress":{"aws:SourceIp":"203.0.113.7"}`, true},
		{ops, `"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, false},
		{ops, `"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}`, true},

		{ops, `"StringLike":{"aws:SourceArn":"arn:aws:someservice:*:111122223333:finance/*"}`, true},
		{ops, `"ArnLike":{"aws:SourceArn":"arn:aws:someservice:*:111122223333:finance/*"}`, false},
		{ops, `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}`, true},
		{ops, `"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/team/?riter"}`, true},
		{ops, `"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}`, false},
		{ops, `"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/*"}`, true},

		{ops, `"Null":{"aws:absent":"true"}`, true},
		{ops, `"Null":{"aws:username":"true"}`, false},
		{ops, `"Null":{"aws:username":false}`, true},

		{multi, `"ForAllValues:StringEquals":{"aws:TagKeys":["Env","Team","Cost"]}`, true},
		{multi, `"ForAllValues:StringEquals":{"aws:TagKeys":["Env"]}`, false},
		{multi, `"ForAllValues:StringEquals":{"aws:absent":["Env"]}`, true},
		{multi, `"ForAllValues:StringEquals":{"aws:empty":["Env"]}`, true},
		{multi, `"ForAllValues:StringNotEquals":{"aws:TagKeys":["Cost"]}`, true},
		{multi, `"ForAllValues:StringNotEquals":{"aws:TagKeys":["Env"]}`, false},
		{multi, `"ForAnyValue:StringEquals":{"aws:TagKeys":["Env"]}`, true},
		{multi, `"ForAnyValue:StringLike":{"aws:TagKeys":["C*","T*"]}`, true},
		{multi, `"ForAnyValue:StringEquals":{"aws:TagKeys":["Cost"]}`, false},
		{multi, `"ForAnyValue:StringEquals":{"aws:absent":["Env"]}`, false},
		{multi, `"ForAnyValue:StringNotEquals":{"aws:TagKeys":["Env"]}`, true},
		{multi, `"ForAllValues:StringEquals":{"aws:TagKeys":["a","b","c","d","e","f","g","h","Env","Team"]}`, true},
		{multi, `"ForAllValues:StringEquals":{"aws:TagKeys":["a","b","c","d","e","f","g","h","i","Team"]}`, false},

		{vars, `"StringEquals":{"aws:username":"${aws:username}"}`, true},
		{vars, `"StringLike":{"aws:principalarn":"*/${aws:absent, 'writer'}"}`, true},
		{vars, `"StringEquals":{"aws:username":"${aws:absent}"}`, false},
		{vars, `"StringEquals":{"aws:username":"${aws:TagKeys}"}`, false},
		{vars, `"StringLike":{"star":"a${*}b"}`, true},
		{vars, `"StringLike":{"aws:username":"a${*}"}`, false},
		{vars, `"ArnLike":{"aws:principalarn":"arn:aws:iam::*:role/*/w${?}iter"}`, false},
	}
	for _, tt := range tests {
		got := allows(t, "2012-10-17", "*", tt.condition, ctx, "x")
		if got != tt.want {
			t.Errorf("%s: %s: %v, want %v", tt.source, tt.condition, got, tt.want)
		}
	}
	if allows(t, "2008-10-17", "*", `"StringEquals":{"aws:username":"${aws:username}"}`, ctx, "x") {
		t.Error(vars + ": version 2008-10-17 knows no variables")
	}
}

func TestResources(t *testing.T) {
	ctx := Context{"aws:username": {"ana"}, "aws:evil": {"*"}}
	for _, tt := range []struct {
		pattern, resource string
		want              bool
	}{
		{"arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/ana/x", true},
		{"arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/bob/x", false},
		{"arn:aws:s3:::${aws:evil}", "arn:aws:s3:::secret", false}, // a value is no wildcard
		{"arn:aws:s3:::${aws:absent}*", "arn:aws:s3:::x", false},
		{"arn:aws:route53:::hostedzone/Z?1", "arn:aws:route53:::hostedzone/Zé1", true},
		{"arn:aws:route53:::hostedzone/*", "*", false},
		{"*", "*", true},
		{"arn:aws:iam::1111*", "arn:aws:iam::111111111111:role/x", true},
		{"arn:aws:s3:::*a*b*c", "arn:aws:s3:::xxaxxbxxbxxc", true},
		{"arn:aws:s3:::*a*b*c", "arn:aws:s3:::xxaxxbxxbxxcd", false},
	} {
		if got := allows(t, "2012-10-17", tt.pattern, "", ctx, tt.resource); got != tt.want {
			t.Errorf("%s on %s: %v", tt.pattern, tt.resource, got)
		}
	}
}

// TestGlobIsNotExponential would not end if the glob tried every split.
func TestGlobIsNotExponential(t *testing.T) {
	if allows(t, "2012-10-17", strings.Repeat("*a", 200)+"b", "", Context{}, strings.Repeat("a", 5000)) {
		t.Error("matched")
	}
}

func allows(t *testing.T, version, resource, condition string, ctx Context, on string) bool {
	t.Helper()
	d, err := Parse(fmt.Sprintf(`{"Version":%q,"Statement":{"Effect":"Allow","Action":"*","Resource":%q,"Condition":{%s}}}`,
		version, resource, condition))
	if err != nil {
		t.Fatal(err)
	}
	return Decide(Request{Action: "a:B", Resource: on, Context: ctx}, Policies{Identity: []Policy{{"p", d}}}).Allowed
}
