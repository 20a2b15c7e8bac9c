package twintest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

// leastPrivilege is the rig with exactly the roles that `orgdns iam` prints.
func leastPrivilege(t *testing.T, r rig) (rig, []awsapi.RoleDocument) {
	t.Helper()
	return printed(t, r, r.start)
}

// printed is leastPrivilege with what was known when they were printed.
func printed(t *testing.T, r rig, known estate.Estate) (rig, []awsapi.RoleDocument) {
	t.Helper()
	access, err := stage.Accesses(r.cfg, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	permissions := recipe.Permissions(recipe.Input{Config: r.cfg, Estate: known, Now: start})
	docs, _ := awsapi.Documents("aws", awsapi.Trust{Principal: string(management)}, func(id estate.AccountID) awsapi.Access { return access[id] }, permissions)
	for role := range r.start.Roles.All() {
		if role.Name == "orgdns" {
			r.start.Roles.Delete(role.Key())
		}
	}
	for i, d := range docs {
		r.start.Roles.Put(roleOf(d, i, nil))
	}
	return r, docs
}

// roleOf is a printed role as it stands in the account; without may leave a
// statement out.
func roleOf(d awsapi.RoleDocument, i int, without func(policy string, statement int) bool) estate.Role {
	role := estate.Role{
		ARN: fmt.Sprintf("arn:aws:iam::%s:role/%s", d.Account, d.Name), ID: fmt.Sprintf("AROALEAST%d", i), Account: d.Account,
		Path: "/", Name: d.Name, Trust: d.Trust, Inline: map[string]string{}, MaxSession: 3600,
	}
	for _, p := range d.Policies {
		left := cut(p.Document, func(n int) bool { return without != nil && without(p.Name, n) })
		if len(statements(left)) > 0 { // IAM takes no empty policy
			role.Inline[p.Name] = left
		}
	}
	return role
}

// cut leaves statements out of a policy document.
func cut(document string, out func(int) bool) string {
	var doc struct {
		Version   string
		Statement []json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		panic(err)
	}
	var kept []json.RawMessage
	for n, s := range doc.Statement {
		if !out(n) {
			kept = append(kept, s)
		}
	}
	doc.Statement = kept
	raw, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func statements(document string) (sids []string) {
	var doc struct{ Statement []struct{ Sid string } }
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		panic(err)
	}
	for _, s := range doc.Statement {
		sids = append(sids, s.Sid)
	}
	return sids
}

// wholeLife makes everything, and takes it out again. Steps that could not be
// proven count as a failure.
func wholeLife(t *testing.T, r rig) error {
	w := r.world()
	for _, ph := range lives["made and taken out"].phases {
		planned, err := r.process(w, nil).Plan(t.Context(), ph.o)
		if err != nil {
			return err
		}
		for _, c := range planned.Changes {
			if len(c.Unproven) > 0 {
				return fmt.Errorf("%s: %s is not proven: %s", ph.name, c.Address, c.Unproven)
			}
		}
		if err := r.converge(t.Context(), w, ph.o); err != nil {
			return fmt.Errorf("%s: %w", ph.name, err)
		}
	}
	return nil
}

// TestLeastPrivilege: the whole life of examples/acme runs with exactly the
// policies that `orgdns iam` prints, and every statement of them is needed.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	r, docs := leastPrivilege(t, acme(t))
	if err := wholeLife(t, r); err != nil {
		t.Fatal(err)
	}
	for i, d := range docs {
		if d.Account == management {
			continue // holds nothing of the configuration; it is only listed
		}
		for _, p := range d.Policies {
			for n, sid := range statements(p.Document) {
				t.Run(fmt.Sprintf("%s/without/%s", d.Account, sid), func(t *testing.T) {
					less := r
					less.start.Roles.Put(roleOf(d, i, func(policy string, statement int) bool { return policy == p.Name && statement == n }))
					if err := wholeLife(t, less); err == nil {
						t.Errorf("statement %s of policy %s in account %s is not needed", sid, p.Name, d.Account)
					}
				})
			}
		}
	}
}

// spread is a rig whose parent account needs two roles: 250 names of 211
// characters, which fill ten statements.
func spread(t *testing.T) rig {
	t.Helper()
	long := strings.Repeat("x", 62)
	var y strings.Builder
	y.WriteString("owner: spread\ndefaults: { role: orgdns, region: eu-west-1 }\naccounts:\n  dns: { id: \"111111111111\" }\n  api: { id: \"333333333333\" }\n")
	y.WriteString("delegations:\n")
	for i := range 250 {
		fmt.Fprintf(&y, "  - { domain: t%03d.%s.%s.%s.example.com, parent: { account: dns, domain: example.com }, child: api }\n", i, long, long, long)
	}
	r := many(t, 0)
	admit(&r.start, child)
	r.cfg = loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(y.String())}}, "orgdns.yaml")
	return r
}

// TestSeveralRoles: where one role cannot hold all policies, each batch is
// written through the role whose policy has its statement. The run goes through
// with the roles that `orgdns iam` prints, whether or not it read the
// organization; with the statements of either role alone it is refused.
func TestSeveralRoles(t *testing.T) {
	t.Parallel()
	base := spread(t)
	tests := []struct {
		name     string
		observed bool
		without  string // the role that may not change records
	}{
		{"read first", true, ""},
		{"from the configuration alone", false, ""},
		{"the first role alone", false, "orgdns-2"},
		{"the second role alone", false, "orgdns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := base
			known := estate.Estate{}
			if tt.observed {
				known = r.start
			}
			r, docs := printed(t, r, known)
			var roles []string
			for i, d := range docs {
				if d.Account != parent {
					continue
				}
				roles = append(roles, d.Name)
				if d.Name == tt.without {
					r.start.Roles.Put(roleOf(d, i, func(policy string, n int) bool {
						for _, p := range d.Policies {
							if p.Name == policy {
								return strings.HasPrefix(statements(p.Document)[n], "Delegation")
							}
						}
						return false
					}))
				}
			}
			if got := strings.Join(roles, " "); got != "orgdns orgdns-2" {
				t.Fatalf("the parent account has roles %q", got)
			}
			w := r.world()
			err := r.converge(t.Context(), w, reconcile.Options{})
			if tt.without == "" {
				if err != nil {
					t.Fatalf("%.500s", err)
				}
				err = r.converge(t.Context(), w, reconcile.Options{Destroy: true})
			}
			if (err == nil) != (tt.without == "") || err != nil && !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("without %q: %.500s", tt.without, fmt.Sprint(err))
			}
		})
	}
}
