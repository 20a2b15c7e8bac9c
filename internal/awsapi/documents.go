package awsapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Limits of IAM (User Guide, reference_iam-quotas.html), and the number of
// roles beyond which a pattern serves an account better.
const (
	maxPolicy       = 6144 // characters of a managed policy, white space not counted
	policiesPerRole = 10
	rolesPerAccount = 5
	// generalPolicies of the first role are kept for what is not about records,
	// so that what is known of the zones moves no record statement to another
	// role.
	generalPolicies = 2
	// zoneIDSize is the longest ID of a hosted zone (API_GetHostedZone).
	zoneIDSize = 32
)

// Place is where records are changed: a zone, under a statement.
type Place struct {
	Zone      dnsname.Name   `json:"zone"`
	Statement plan.Statement `json:"statement"`
}

// RoleDocument is an IAM role that orgdns needs, as `orgdns iam` prints it.
type RoleDocument struct {
	Account estate.AccountID `json:"account"`
	// Name of the role; empty for policies of the identity that orgdns runs as.
	Name     string           `json:"name,omitempty"`
	Path     string           `json:"path,omitempty"`  // of the role; empty is /
	Trust    string           `json:"trust,omitempty"` // JSON
	Policies []PolicyDocument `json:"policies"`
	// Places are those written through this role, when an account needs more
	// than one: Access.Roles.
	Places []Place `json:"places,omitempty"`
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
func Documents(partition string, trust Trust, access func(estate.AccountID) Access, permissions []plan.Permission) ([]RoleDocument, diag.List) {
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
			roles, n := pack(partition, account, name, holders[name])
			for i := range roles {
				if name != "" {
					roles[i].Trust, roles[i].Path = trustDocument(partition, trust, a.ExternalID), rolePath(a.Role)
				}
			}
			out, notes = append(out, roles...), append(notes, n...)
		}
	}
	return out, notes
}

// Spread are the roles of an account for what its first role cannot hold, as
// Documents names them: Access.Roles.
func Spread(partition string, account estate.AccountID, role string, permissions []plan.Permission) map[Place]string {
	if role == "" {
		return nil
	}
	var own []plan.Permission
	for _, p := range permissions {
		if p.Account == account && p.May != plan.MayAssume {
			own = append(own, p)
		}
	}
	docs, _ := pack(partition, account, role[strings.LastIndexByte(role, '/')+1:], own)
	var out map[Place]string
	for i, d := range docs {
		for _, at := range d.Places {
			if out == nil {
				out = map[Place]string{}
			}
			out[at] = nth(role, i)
		}
	}
	return out
}

// rolePath is the path of a role given by name or ARN; empty is /.
func rolePath(role string) string {
	if strings.HasPrefix(role, "arn:") {
		_, role, _ = strings.Cut(role, ":role/")
	}
	i := strings.LastIndexByte(role, '/')
	if i <= 0 {
		return ""
	}
	return "/" + strings.TrimPrefix(role[:i+1], "/")
}

// nth is the name of an account's role: orgdns, orgdns-2, …
func nth(role string, i int) string {
	if i == 0 {
		return role
	}
	return fmt.Sprintf("%s-%d", role, i+1)
}

// trustDocument is the trust policy of a role.
func trustDocument(partition string, t Trust, externalID string) string {
	return plan.Role{
		Partition: partition, Principals: []string{t.Principal}, Organization: t.Organization, ExternalID: plan.NewSecret(externalID),
	}.TrustPolicy()
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
	held := fill(records)
	if len(fill(general)) > generalPolicies {
		general, _ = statements(partition, account, permissions, anyZone)
		note("the policy lets orgdns read and tag any zone of the account", "a list of its zones would fill more policies than a role has to spare")
	}
	if len(held) > policiesPerRole*rolesPerAccount-generalPolicies || name == "" && len(held) > policiesPerRole-generalPolicies {
		records = recordStatements(arns{partition: partition, account: account}, patterns(permissions, false), exact)
		held = fill(records)
		note("a pattern stands for the names that orgdns may change", "the names would fill more policies than roles can hold")
	}
	var roles [][][]statement // by role and policy
	if first := policiesPerRole - generalPolicies; len(held) <= first {
		roles = [][][]statement{fill(general, records)}
	} else {
		rest := slices.Collect(slices.Chunk(held[first:], policiesPerRole))
		for _, p := range permissions { // who reads the first role reads the others too
			if p.May != plan.MayReadRole {
				continue
			}
			for i := range rest {
				p := p
				p.Role = nth(p.Role, i+1)
				permissions = append(permissions, p)
			}
		}
		general, _ = statements(partition, account, permissions, exact)
		if len(fill(general)) > generalPolicies {
			general, _ = statements(partition, account, permissions, anyZone)
		}
		roles = append([][][]statement{slices.Concat(fill(general), held[:first])}, rest...)
	}
	policies := 0
	for _, r := range roles {
		policies += len(r)
	}
	switch {
	case len(roles) > 1:
		note(fmt.Sprintf("%d policies on %d roles", policies, len(roles)), "a role holds 10 managed policies of 6,144 characters; batches of records are cut along them")
	case policies > 1:
		note(fmt.Sprintf("%d policies on one role", policies), "a managed policy holds 6,144 characters; batches of records are cut along them")
	}
	var out []RoleDocument
	for i, held := range roles {
		r := RoleDocument{Account: account, Name: name}
		if len(roles) > 1 {
			r.Name, r.Places = nth(name, i), written(held)
		}
		base := r.Name
		if base == "" {
			base = "orgdns-runner"
		}
		for i, statements := range held {
			r.Policies = append(r.Policies, PolicyDocument{Name: nth(base, i), Document: document(statements)})
		}
		out = append(out, r)
	}
	return out, notes
}

func tooLong(st statement) bool { return len(document([]statement{st})) > maxPolicy }

// fill puts each statement into the first policy that has room for it. A zone
// takes the room of the longest ID, so that it does not matter whether its own
// is known.
func fill(groups ...[]statement) [][]statement {
	var out [][]statement
	var sizes []int
	empty := len(document(nil))
	for _, st := range slices.Concat(groups...) {
		size := len(document([]statement{st})) - empty + len(",")
		for _, r := range st.Resource {
			if _, id, ok := strings.Cut(r, ":hostedzone/"); ok && len(st.places) > 0 {
				size += zoneIDSize - len(id)
			}
		}
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

// written are the places that some policies permit.
func written(policies [][]statement) []Place {
	var out []Place
	for _, st := range slices.Concat(policies...) {
		out = append(out, st.places...)
	}
	slices.SortFunc(out, func(a, b Place) int {
		return cmp.Or(a.Zone.Compare(b.Zone), cmp.Compare(a.Statement, b.Statement))
	})
	return slices.Compact(out)
}
