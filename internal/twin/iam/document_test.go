package iam

import (
	"errors"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const invalidPrincipal = `Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/*"`
	tests := []struct {
		of   PolicyType
		text string
		want string // empty: accepted
	}{
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, ""},
		{IdentityBased, ``, "Syntax errors in policy."},
		{IdentityBased, `[]`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2012-10-17"}`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":[]}`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}} x`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2012-10-17","Extra":1,"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","effect":"Deny","Action":"s3:*","Resource":"*"}}`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Effect":"Deny","Action":"s3:*","Resource":"*"}}`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}}`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":1,"Resource":"*"}}`, "Syntax errors in policy."},
		{IdentityBased, `{"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, "The policy must contain a valid version string"},
		{IdentityBased, `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, "Policy document must be version 2012-10-17 or greater."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"allow","Action":"s3:*","Resource":"*"}}`, "Missing required field Effect cannot be empty!"},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}}`, "Policy statement must contain actions."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*"}}`, "Policy statement must contain resources."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3","Resource":"*"}}`,
			"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get:x","Resource":"*"}}`, "Actions/Condition can contain only one colon."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s_3:Get","Resource":"*"}}`, "Vendor s_3 is not valid"},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"bucket"}}`, `Resource bucket must be in ARN format or "*".`},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"arn:s3:::bucket"}}`,
			`Partition "s3" is not valid for resource "arn:s3:::bucket:*".`},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*","Principal":"*"}}`,
			"Policy document should not specify a principal."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"s3:*","Resource":"*"}]}`,
			"Statement IDs (SID) in a single policy must be unique."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}}`,
			"Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLikes":{"aws:x":"y"}}}}`,
			"Invalid Condition type : StringLikes."},
		{IdentityBased, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:x":true},"NumericEquals":{"aws:y":[1,2]}}}}`, ""},

		{Trust, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}}`, ""},
		{Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},"Action":["sts:AssumeRole","sts:TagSession"]}}`, ""},
		{Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`, "Missing required field Principal"},
		{Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}`, "Has prohibited field Resource"},
		{Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:Get"}}`, "AssumeRole policy may only specify STS AssumeRole actions."},
		{Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/*"},"Action":"sts:AssumeRole"}}`, invalidPrincipal},
		{Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Aws":"111111111111"},"Action":"sts:AssumeRole"}}`, "Syntax errors in policy."},
	}
	for _, tt := range tests {
		_, err := Check(tt.text, tt.of)
		var m *Malformed
		switch {
		case err == nil && tt.want != "":
			t.Errorf("%s: accepted, want %q", tt.text, tt.want)
		case err != nil && (!errors.As(err, &m) || m.Message != tt.want):
			t.Errorf("%s: %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestManagedPolicies(t *testing.T) {
	for _, arn := range ManagedARNs() {
		text, ok := Managed(arn)
		if !ok || !strings.HasPrefix(arn, "arn:aws:iam::aws:policy/") {
			t.Errorf("%s: not found", arn)
		}
		if _, err := Check(text, IdentityBased); err != nil {
			t.Errorf("%s: %v", arn, err)
		}
	}
	if _, ok := Managed("arn:aws:iam::aws:policy/None"); ok {
		t.Error("a policy that is not there was found")
	}
}

func TestSize(t *testing.T) {
	if got := Size("{ \"a\":\t\n1 }"); got != 7 {
		t.Errorf("size %d, want 7", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":"s3:*","Resource":"a${aws:x, 'y'}*?","Condition":{"ForAllValues:ArnLikeIfExists":{"aws:y":["a:b:c:d:e:*",1,true]}}}]}`, "arn:aws:s3:::b")
	f.Add(`{"Statement":{"Effect":"Deny","NotPrincipal":"*","NotAction":[],"NotResource":["${","${}","${*}"],"Condition":{"Null":{"k":"true"},"NumericLessThan":{"k":"NaN"}}}}`, "\xff\xfe")
	for _, text := range managed {
		f.Add(text, "*")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		for _, of := range []PolicyType{IdentityBased, Trust, ResourceBased} {
			d, err := Check(text, of)
			if err != nil {
				if _, ok := IsMalformed(err); !ok {
					t.Fatalf("%T is no Malformed", err)
				}
				continue
			}
			p := []Policy{{"p", d}}
			r := Request{Principal: Principal{ARN: value}, Action: value, Resource: value, Context: Context{"k": {value}, "aws:y": {value, "1"}, "aws:x": {value}}}
			got := Decide(r, Policies{Identity: p, Resource: p})
			if again := Decide(r, Policies{Identity: p, Resource: p}); again != got {
				t.Fatalf("%+v, then %+v", got, again)
			}
		}
	})
}
