package awsapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Limits of IAM (User Guide, reference_iam-quotas.html), and the number of
// roles beyond which a pattern serves an account better.
const (
	maxPolicy       = 6144 // characters of a managed policy, white space not counted
	policiesPerRole = 10
	rolesPerAccount = 5
)

// RoleDocument is an IAM role that orgdns needs, as `orgdns iam` prints it.
type RoleDocument struct {
	Account estate.AccountID `json:"account"`
	// Name of the role; empty for policies of the identity that orgdns runs as.
	Name     string           `json:"name,omitempty"`
	Trust    string           `json:"trust,omitempty"` // JSON
	Policies []PolicyDocument `json:"policies"`
	// Statements are those whose batches are written through this role, when
	// an account needs more than one: Access.Roles.
	Statements []plan.Statement `json:"statements,omitempty"`
}

// PolicyDocument is a managed policy.
type PolicyDocument struct {
	Name     string `json:"name"`
	Document string `json:"document"` // JSON without white space
}

// Trust is who may assume the roles.
type Trust struct {
	Principal    string // an account or the ARN of a role or user
	Organization string // o-…; empty: not limited to one
}

// Documents are the roles that permissions come to, by account. The notes say
// where names had to be spread over several policies or roles, or a pattern
// stands for them.
func Documents(region estate.Region, trust Trust, access func(estate.AccountID) Access, permissions []plan.Permission) ([]RoleDocument, diag.List) {
	by := map[estate.AccountID][]plan.Permission{}
	for _, p := range permissions {
		by[p.Account] = append(by[p.Account], p)
	}
	var out []RoleDocument
	var notes diag.List
	for _, account := range slices.Sorted(maps.Keys(by)) {
		a := access(account)
		role := a.Role[strings.LastIndexByte(a.Role, '/')+1:]
		holders := map[string][]plan.Permission{} // by role; "" is the identity itself
		for _, p := range by[account] {
			holder := role
			if p.May == plan.MayAssume {
				holder = ""
			}
			holders[holder] = append(holders[holder], p)
		}
		for _, name := range slices.Sorted(maps.Keys(holders)) {
			roles, n := pack(partition(region), account, name, holders[name])
			for i := range roles {
				if name != "" {
					roles[i].Trust = trustDocument(partition(region), trust, a.ExternalID)
				}
			}
			out, notes = append(out, roles...), append(notes, n...)
		}
	}
	return out, notes
}

// trustDocument is the trust policy of a role (IAM User Guide,
// id_roles_create_for-user_externalid.html; aws:PrincipalOrgID).
func trustDocument(partition string, t Trust, externalID string) string {
	principal := t.Principal
	if !strings.HasPrefix(principal, "arn:") {
		principal = fmt.Sprintf("arn:%s:iam::%s:root", partition, principal)
	}
	st := statement{
		Effect: "Allow", Principal: map[string]list[string]{"AWS": {principal}},
		Action: list[string]{"sts:AssumeRole"}, Condition: conditions{},
	}
	equals := map[string]list[string]{}
	if externalID != "" {
		equals["sts:ExternalId"] = list[string]{externalID}
	}
	if t.Organization != "" {
		equals["aws:PrincipalOrgID"] = list[string]{t.Organization}
	}
	if len(equals) > 0 {
		st.Condition["StringEquals"] = equals
	}
	return document([]statement{st})
}

// pack puts the statements of one account into policies, and the policies
// into roles.
func pack(partition string, account estate.AccountID, name string, permissions []plan.Permission) ([]RoleDocument, diag.List) {
	var notes diag.List
	note := func(summary, detail string) {
		notes.Add(diag.Diagnostic{Severity: diag.Note, Code: "iam-size", Account: string(account), Summary: summary, Detail: detail})
	}
	general, records := statements(partition, account, permissions, exact)
	if slices.ContainsFunc(general, tooLong) {
		general, _ = statements(partition, account, permissions, anyZone)
		note("the policy lets orgdns read and tag any zone of the account", "a list of its zones is longer than a managed policy (6,144 characters)")
	}
	if slices.ContainsFunc(records, tooLong) {
		records = recordStatements(arns{partition: partition, account: account}, patterns(permissions, true), exact)
		note("a pattern stands for the names that orgdns may change", "the names of one statement are longer than a managed policy (6,144 characters)")
	}
	policies := fill(general, records)
	if len(policies) > policiesPerRole*rolesPerAccount || name == "" && len(policies) > policiesPerRole {
		records = recordStatements(arns{partition: partition, account: account}, patterns(permissions, false), exact)
		policies = fill(general, records)
		note("a pattern stands for the names that orgdns may change", "the names would fill more policies than roles can hold")
	}
	switch n := len(policies); {
	case n > policiesPerRole:
		note(fmt.Sprintf("%d policies on %d roles", n, (n+policiesPerRole-1)/policiesPerRole), "a role holds 10 managed policies of 6,144 characters; batches of records are cut along them")
	case n > 1:
		note(fmt.Sprintf("%d policies on one role", n), "a managed policy holds 6,144 characters; batches of records are cut along them")
	}
	var out []RoleDocument
	for chunk := range slices.Chunk(policies, policiesPerRole) {
		r := RoleDocument{Account: account, Name: name}
		if len(out) > 0 {
			r.Name = fmt.Sprintf("%s-%d", name, len(out)+1)
			r.Statements = written(chunk, permissions)
		}
		base := r.Name
		if base == "" {
			base = "orgdns-runner"
		}
		for i, statements := range chunk {
			p := PolicyDocument{Name: base, Document: document(statements)}
			if i > 0 {
				p.Name = fmt.Sprintf("%s-%d", base, i+1)
			}
			r.Policies = append(r.Policies, p)
		}
		out = append(out, r)
	}
	return out, notes
}

func tooLong(st statement) bool { return len(document([]statement{st})) > maxPolicy }

// fill puts each statement into the first policy that has room for it.
func fill(groups ...[]statement) [][]statement {
	var out [][]statement
	var sizes []int
	empty := len(document(nil)) - len("null") + len("[]")
	for _, st := range slices.Concat(groups...) {
		size := len(document([]statement{st})) - empty + len(",")
		i := slices.IndexFunc(sizes, func(have int) bool { return have+size <= maxPolicy })
		if i < 0 {
			i = len(out)
			out, sizes = append(out, nil), append(sizes, empty-len(","))
		}
		out[i], sizes[i] = append(out[i], st), sizes[i]+size
	}
	return out
}

// patterns are the permissions with a pattern for the names below the zone:
// for all that change records by name, or for those alone that are too long.
func patterns(permissions []plan.Permission, long bool) []plan.Permission {
	var out []plan.Permission
	seen := map[string]bool{}
	for _, p := range permissions {
		size := 0
		for _, n := range p.Names {
			size += plan.NameSize(n)
		}
		if len(p.Names) == 0 || long && size <= plan.StatementSize || p.ZoneName.IsZero() {
			out = append(out, p)
			continue
		}
		p.Names, p.Like = nil, append(slices.Clone(p.Like), plan.LikeUnder(p.ZoneName))
		if key := fmt.Sprint(p.Zone, p.ZoneName, p.Like, p.Types, p.Verbs); !seen[key] { // shares of one statement are one again
			seen[key] = true
			out = append(out, p)
		}
	}
	return out
}

// written are the statements of record changes in some policies.
func written(policies [][]statement, permissions []plan.Permission) []plan.Statement {
	var out []plan.Statement
	for _, p := range permissions {
		if p.May != plan.MayChangeRecords {
			continue
		}
		for _, st := range slices.Concat(policies...) {
			if st.Sid == sid(p.Statement) {
				out = append(out, p.Statement)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
