package iam

import (
	"fmt"
	"strings"
	"testing"
)

const (
	pageLogic   = "reference_policies_evaluation-logic_policy-eval-denyallow.html"
	pageBasics  = "reference_policies_evaluation-logic_policy-eval-basics.html"
	pageCross   = "reference_policies_evaluation-logic-cross-account.html"
	pagePrinc   = "reference_policies_elements_principal.html"
	pageDenied  = "troubleshoot_access-denied.html"
	pageConfuse = "confused-deputy.html"
)

func doc(t testing.TB, statements ...string) *Document {
	t.Helper()
	d, err := Parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// some makes policies of statements, each "allow|deny ACTION [RESOURCE]".
func some(t testing.TB, short ...string) []Policy {
	out := []Policy{}
	for i, s := range short {
		f := append(strings.Fields(s), "*")
		effect := map[string]string{"allow": "Allow", "deny": "Deny"}[f[0]]
		out = append(out, Policy{fmt.Sprint("p", i+1), doc(t, fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":%q}`, effect, f[1], f[2]))})
	}
	return out
}

func TestDecide(t *testing.T) {
	const (
		user    = "arn:aws:iam::111111111111:user/ana"
		role    = "arn:aws:iam::111111111111:role/writer"
		session = "arn:aws:sts::111111111111:assumed-role/writer/s"
	)
	ana := Principal{ARN: user, Account: "111111111111", Entity: user, ID: "AIDA1"}
	writer := Principal{ARN: session, Account: "111111111111", Entity: role, ID: "AROA1"}
	named := func(principal string) []Policy {
		return []Policy{{"bucket policy", doc(t, `{"Sid":"S","Effect":"Allow","Principal":`+principal+`,"Action":"s3:*","Resource":"*"}`)}}
	}
	trust := func(principal string) []Policy {
		return []Policy{{"trust policy", doc(t, `{"Effect":"Allow","Principal":`+principal+`,"Action":"sts:AssumeRole"}`)}}
	}
	all := some(t, "allow *")
	full := [][]Policy{all, all}

	tests := []struct {
		name   string
		source string
		who    Principal
		action string
		of     string // owner of the resource
		trust  bool
		p      Policies
		want   string // "allow TYPE", or the end of the message
	}{
		{"nothing allows", pageLogic, ana, "s3:Get", "", false, Policies{},
			"because no identity-based policy allows the s3:Get action"},
		{"identity allows", pageLogic, ana, "s3:Get", "", false, Policies{Identity: all}, "allow identity-based policy p1 statement 1"},
		{"actions ignore case", "reference_policies_elements_action.html", ana, "S3:geT", "", false,
			Policies{Identity: some(t, "allow s3:G?t")}, "allow identity-based policy p1 statement 1"},
		{"explicit deny wins", pageLogic, ana, "s3:Get", "", false, Policies{Identity: some(t, "allow *", "deny s3:*")},
			"with an explicit deny in an identity-based policy"},
		{"deny of another resource", pageLogic, ana, "s3:Get", "", false,
			Policies{Identity: some(t, "allow *", "deny s3:* arn:aws:s3:::other")}, "allow identity-based policy p1 statement 1"},
		{"deny in an SCP", pageDenied, ana, "s3:Get", "", false,
			Policies{Identity: all, SCPs: [][]Policy{all, some(t, "allow *", "deny s3:Get")}},
			"with an explicit deny in a service control policy"},
		{"every level of SCPs must allow", "orgs_manage_policies_scps_evaluation.html", ana, "s3:Get", "", false,
			Policies{Identity: all, SCPs: [][]Policy{all, {}, all}}, "because no service control policy allows the s3:Get action"},
		{"one SCP of a level suffices", "orgs_manage_policies_scps_evaluation.html", ana, "s3:Get", "", false,
			Policies{Identity: all, SCPs: [][]Policy{all, some(t, "allow ec2:*", "allow s3:*")}}, "allow identity-based policy p1 statement 1"},
		{"SCPs grant nothing", pageBasics, ana, "s3:Get", "", false, Policies{SCPs: full},
			"because no identity-based policy allows the s3:Get action"},
		{"deny in an RCP", pageDenied, ana, "s3:Get", "", false,
			Policies{Identity: all, RCPs: [][]Policy{{{"r", doc(t, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`)}}}},
			"with an explicit deny in a resource control policy"},
		{"boundary does not allow", pageDenied, ana, "s3:Get", "", false,
			Policies{Identity: all, Boundary: some(t, "allow ec2:*")}, "because no permissions boundary allows the s3:Get action"},
		{"deny in the boundary", pageDenied, ana, "s3:Get", "", false,
			Policies{Identity: all, Boundary: some(t, "allow *", "deny s3:*")}, "with an explicit deny in a permissions boundary"},
		{"boundary grants nothing", pageBasics, ana, "s3:Get", "", false, Policies{Boundary: all},
			"because no identity-based policy allows the s3:Get action"},
		{"session policy too narrow", pageDenied, writer, "s3:Get", "", false,
			Policies{Identity: all, Session: some(t, "allow route53:*")}, "because no session policy allows the s3:Get action"},
		{"deny in the session policy", pageDenied, writer, "s3:Get", "", false,
			Policies{Identity: all, Session: some(t, "allow *", "deny s3:*")}, "with an explicit deny in a session policy"},
		{"session policy grants nothing", "access_policies.html#policies_session", writer, "s3:Get", "", false, Policies{Session: all},
			"because no identity-based policy allows the s3:Get action"},

		{"resource's policy names the user", pageLogic, ana, "s3:Get", "", false,
			Policies{Resource: named(`{"AWS":"` + user + `"}`), Boundary: some(t, "allow ec2:*")}, "allow resource-based policy bucket policy S"},
		{"resource's policy names the session", pageLogic, writer, "s3:Get", "", false,
			Policies{Resource: named(`{"AWS":"` + session + `"}`), Boundary: []Policy{}, Session: []Policy{}}, "allow resource-based policy bucket policy S"},
		{"resource's policy names the role", pageLogic, writer, "s3:Get", "", false,
			Policies{Resource: named(`{"AWS":"` + role + `"}`)}, "allow resource-based policy bucket policy S"},
		{"… within the boundary", pageLogic, writer, "s3:Get", "", false,
			Policies{Resource: named(`{"AWS":"` + role + `"}`), Boundary: some(t, "allow ec2:*")},
			"because no permissions boundary allows the s3:Get action"},
		{"… within the session policy", pageLogic, writer, "s3:Get", "", false,
			Policies{Resource: named(`{"AWS":"` + role + `"}`), Session: some(t, "allow ec2:*")},
			"because no session policy allows the s3:Get action"},
		{"resource's policy names the account", pagePrinc, ana, "s3:Get", "", false,
			Policies{Resource: named(`{"AWS":"111111111111"}`)}, "because no identity-based policy allows the s3:Get action"},
		{"resource's policy names everybody", pagePrinc, ana, "s3:Get", "", false,
			Policies{Resource: named(`"*"`)}, "allow resource-based policy bucket policy S"},
		{"resource's policy names another", pagePrinc, ana, "s3:Get", "", false,
			Policies{Resource: named(`{"AWS":"arn:aws:iam::111111111111:user/bob"}`)},
			"because no identity-based policy allows the s3:Get action"},
		{"identity suffices inside the account", pageBasics, ana, "s3:Get", "", false,
			Policies{Identity: all, Resource: named(`{"AWS":"999999999999"}`)}, "allow identity-based policy p1 statement 1"},

		{"cross-account: both allow", pageCross, ana, "s3:Get", "222222222222", false,
			Policies{Identity: all, Resource: named(`{"AWS":"` + user + `"}`)}, "allow identity-based policy p1 statement 1"},
		{"cross-account: identity alone", pageCross, ana, "s3:Get", "222222222222", false, Policies{Identity: all},
			"because no resource-based policy allows the s3:Get action"},
		{"cross-account: resource alone", pageCross, ana, "s3:Get", "222222222222", false,
			Policies{Resource: named(`{"AWS":"` + user + `"}`)}, "because no identity-based policy allows the s3:Get action"},

		{"trust names the account, identity allows", "id_roles_create_for-user.html", ana, "sts:AssumeRole", "222222222222", true,
			Policies{Identity: all, Resource: trust(`{"AWS":"arn:aws:iam::111111111111:root"}`)}, "allow identity-based policy p1 statement 1"},
		{"trust names the account, identity does not", pageCross, ana, "sts:AssumeRole", "222222222222", true,
			Policies{Resource: trust(`{"AWS":"arn:aws:iam::111111111111:root"}`)},
			"because no identity-based policy allows the sts:AssumeRole action"},
		{"trust names the user of its own account", pageLogic, ana, "sts:AssumeRole", "111111111111", true,
			Policies{Resource: trust(`{"AWS":"` + user + `"}`)}, "allow role trust policy trust policy statement 1"},
		{"trust names another account", pageDenied, ana, "sts:AssumeRole", "222222222222", true,
			Policies{Identity: all, Resource: trust(`{"AWS":"333333333333"}`)}, "because no role trust policy allows the sts:AssumeRole action"},
		{"trust must allow even inside the account", pageLogic, ana, "sts:AssumeRole", "111111111111", true,
			Policies{Identity: all, Resource: trust(`{"AWS":"333333333333"}`)}, "because no role trust policy allows the sts:AssumeRole action"},
		{"deny in the trust policy", pageDenied, ana, "sts:AssumeRole", "111111111111", true,
			Policies{Identity: all, Resource: []Policy{{"t", doc(t,
				`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`,
				`{"Effect":"Deny","Principal":{"AWS":"`+user+`"},"Action":"sts:*"}`)}}},
			"with an explicit deny in the role trust policy"},
		{"trust names the unique ID", "reference_identifiers.html#identifiers-unique-ids", writer, "sts:AssumeRole", "222222222222", true,
			Policies{Identity: all, Resource: trust(`{"AWS":"AROA1"}`)}, "allow identity-based policy p1 statement 1"},
		{"deny by NotPrincipal spares the role", "reference_policies_elements_notprincipal.html", writer, "s3:Get", "", false,
			Policies{Identity: all, Resource: []Policy{{"b", doc(t,
				`{"Effect":"Deny","NotPrincipal":{"AWS":"`+role+`"},"Action":"s3:*","Resource":"*"}`)}}},
			"allow identity-based policy p1 statement 1"},
		{"deny by NotPrincipal hits the others", "reference_policies_elements_notprincipal.html", ana, "s3:Get", "", false,
			Policies{Identity: all, Resource: []Policy{{"b", doc(t,
				`{"Effect":"Deny","NotPrincipal":{"AWS":"`+role+`"},"Action":"s3:*","Resource":"*"}`)}}},
			"with an explicit deny in a resource-based policy"},
		{"a service by its principal", pagePrinc, Principal{Service: "lambda.amazonaws.com"}, "sts:AssumeRole", "", true,
			Policies{Resource: trust(`{"Service":"lambda.amazonaws.com"}`)}, "allow role trust policy trust policy statement 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Decide(Request{Principal: tt.who, Action: tt.action, Resource: "arn:aws:s3:::b/k",
				ResourceAccount: tt.of, TrustPolicy: tt.trust, Context: Context{}}, tt.p)
			got := d.Because(tt.action)
			if d.Allowed {
				got = fmt.Sprintf("allow %s %s %s", d.Type, d.Policy, d.Statement)
			}
			if got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.source, got, tt.want)
			}
		})
	}
}

// TestPerStatement is the example of Route 53's Developer Guide,
// specifying-rrset-conditions.html, in the form that settled it for orgdns: a
// batch must fit one statement as a whole.
func TestPerStatement(t *testing.T) {
	statement := func(name string) string {
		return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Action":"route53:ChangeResourceRecordSets","Resource":"*","Condition":{
			"ForAllValues:StringEquals":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":[%q],
			"route53:ChangeResourceRecordSetsRecordTypes":["NS"]}}}`, name, name+".example.com")
	}
	p := Policies{Identity: []Policy{{"grants", doc(t, statement("api"), statement("shop"))}}}
	for _, tt := range []struct {
		names, types []string
		want         bool
	}{
		{[]string{"api.example.com"}, []string{"NS"}, true},
		{[]string{"shop.example.com", "shop.example.com"}, []string{"NS", "NS"}, true},
		{[]string{"api.example.com", "shop.example.com"}, []string{"NS"}, false},
		{[]string{"api.example.com"}, []string{"NS", "TXT"}, false},
		{nil, nil, true}, // an empty set satisfies ForAllValues
	} {
		got := Decide(Request{Action: "route53:ChangeResourceRecordSets", Resource: "arn:aws:route53:::hostedzone/Z", Context: Context{
			"route53:changeresourcerecordsetsnormalizedrecordnames": tt.names,
			"route53:changeresourcerecordsetsrecordtypes":           tt.types,
		}}, p)
		if got.Allowed != tt.want {
			t.Errorf("%v %v: %+v", tt.names, tt.types, got)
		}
	}
}

// BenchmarkDecide judges a batch of 1,000 names against 20 statements of 280
// names each, five thousand in all, of which the last fits.
func BenchmarkDecide(b *testing.B) {
	var statements, batch []string
	for s := range 20 {
		var names []string
		for n := range 280 {
			names = append(names, fmt.Sprintf(`"n%d.s%d.example.com"`, n, s))
		}
		statements = append(statements, `{"Effect":"Allow","Action":"route53:ChangeResourceRecordSets","Resource":"*","Condition":{
			"ForAllValues:StringEquals":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":[`+strings.Join(names, ",")+`]}}}`)
	}
	for n := range 1000 {
		batch = append(batch, fmt.Sprintf("n%d.s19.example.com", n%280))
	}
	p := Policies{Identity: []Policy{{"grants", doc(b, statements...)}}}
	r := Request{Action: "route53:ChangeResourceRecordSets", Resource: "arn:aws:route53:::hostedzone/Z",
		Context: Context{"route53:changeresourcerecordsetsnormalizedrecordnames": batch}}
	for b.Loop() {
		if !Decide(r, p).Allowed {
			b.Fatal("refused")
		}
	}
}
