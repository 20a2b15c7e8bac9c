package twintest

import (
	"testing"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/estate"
)

// policied is an organization in which every place where a policy can stand has
// one.
func policied() estate.Estate {
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}]}`
	e := populated()
	root := e.Organization.Root
	e.Policies.Put(
		estate.OrganizationPolicy{ID: "p-scp00001", Name: "scp", Type: "SERVICE_CONTROL_POLICY", Document: document, Targets: []string{root}},
		estate.OrganizationPolicy{ID: "p-rcp00001", Name: "rcp", Type: "RESOURCE_CONTROL_POLICY", Document: document, Targets: []string{root}})
	arn := "arn:aws:iam::" + string(child)
	e.Users.Put(estate.User{ARN: arn + ":user/ann", ID: "AIDAANN", Account: child, Path: "/", Name: "ann", Inline: map[string]string{"in": document}, Created: start, Tags: estate.Tags{}})
	e.Groups.Put(estate.Group{ARN: arn + ":group/ops", ID: "AGPAOPS", Account: child, Path: "/", Name: "ops", Inline: map[string]string{"in": document}, Attached: []string{arn + ":policy/own"}, Created: start})
	e.Roles.Put(estate.Role{ARN: arn + ":role/app", ID: "AROAAPP", Account: child, Path: "/", Name: "app", Trust: document, MaxSession: 7200, Description: "kept",
		Inline: map[string]string{"in": document}, Created: start, Tags: estate.Tags{"team": "app"}})
	e.ManagedPolicies.Put(estate.ManagedPolicy{ARN: arn + ":policy/own", ID: "ANPAOWN", Account: child, Path: "/", Name: "own", Default: "v2", Created: start,
		Versions: []estate.PolicyVersion{{ID: "v1", Document: "{}", Created: start}, {ID: "v2", Document: document, Created: start.Add(1)}}})
	e.ResourcePolicies.Put(
		estate.ResourcePolicy{ARN: "arn:aws:s3:::data.example", Account: child, Region: ireland, Document: document},
		estate.ResourcePolicy{ARN: "arn:aws:s3:::far", Account: child, Region: "eu-central-1", Document: document},
		estate.ResourcePolicy{ARN: "arn:aws:kms:" + string(ireland) + ":" + string(child) + ":key/1", Account: child, Region: ireland, Document: document})
	return e
}

// TestPolicies: every policy that could name an endpoint is read, each from its
// account, Region and service.
func TestPolicies(t *testing.T) {
	want := policied()
	a := newAWS(t, want, nil)
	var got estate.Estate
	reader := a.sessions.Reader(nil)
	read(t, t.Context(), reader, &got, query(estate.QueryControlPolicies, management), query(estate.QueryPrincipals, child),
		query(estate.QueryResourcePolicies, child, string(ireland), estate.PoliciesS3), query(estate.QueryResourcePolicies, child, string(ireland), estate.PoliciesKMS))
	for _, p := range []string{"p-scp00001", "p-rcp00001"} {
		g, _ := got.Policies.Get(p)
		if w, _ := want.Policies.Get(p); g.Document != w.Document || g.Type != w.Type || len(g.Targets) != 1 {
			t.Errorf("%s: read %+v", p, g)
		}
	}
	arn := "arn:aws:iam::" + string(child)
	document := func(e estate.Estate) [6]string {
		u, _ := e.Users.Get(arn + ":user/ann")
		g, _ := e.Groups.Get(arn + ":group/ops")
		r, _ := e.Roles.Get(arn + ":role/app")
		m, _ := e.ManagedPolicies.Get(arn + ":policy/own")
		b, _ := e.ResourcePolicies.Get("arn:aws:s3:::data.example")
		k, _ := e.ResourcePolicies.Get("arn:aws:kms:" + string(ireland) + ":" + string(child) + ":key/1")
		return [6]string{u.Inline["in"], g.Inline["in"], r.Inline["in"] + r.Trust, m.Document(), b.Document, k.Document}
	}
	if g, w := document(got), document(want); g != w || g[3] == "" {
		t.Errorf("read %v", g)
	}
	if got.ResourcePolicies.Len() != 2 {
		t.Errorf("read %d policies of resources, some of another Region", got.ResourcePolicies.Len())
	}
	// What this read does not tell is kept.
	read(t, t.Context(), reader, &want, query(estate.QueryPrincipals, child))
	if r, _ := want.Roles.Get(arn + ":role/app"); r.MaxSession != 7200 || r.Description != "kept" {
		t.Errorf("after another read: %+v", r)
	}
	// What is refused is an error with AWS's code: not an empty answer.
	denied := policied()
	role, _ := denied.Roles.Get(arn + ":role/orgdns")
	role.Inline = map[string]string{"no": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["iam:GetAccountAuthorizationDetails","s3:GetBucketPolicy","kms:GetKeyPolicy"],"Resource":"*"}]}`}
	denied.Roles.Put(role)
	reader = newAWS(t, denied, nil).sessions.Reader(nil)
	for _, q := range []estate.Query{query(estate.QueryPrincipals, child),
		query(estate.QueryResourcePolicies, child, string(ireland), estate.PoliciesS3), query(estate.QueryResourcePolicies, child, string(ireland), estate.PoliciesKMS)} {
		if _, err := reader.Read(t.Context(), q); !awsapi.Denied(err) {
			t.Errorf("%s: %v", q, err)
		}
	}
}
