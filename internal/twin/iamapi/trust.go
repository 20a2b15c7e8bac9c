package iamapi

import (
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// checkTrust judges a trust policy: its grammar, its size, and that the
// principals it names exist, as IAM does (troubleshoot_iam-trust-policies.html).
// It comes back as IAM keeps it: account IDs in the form of the root's ARN, which
// is how GetRole shows them.
func checkTrust(c *world.Call, document string) (kept string, err error) {
	d, err := checked(document, iam.Trust)
	if err != nil {
		return "", err
	}
	kept = document
	for _, s := range d.Statements {
		for _, p := range s.Principals {
			if !exists(c.Estate(), p) {
				return "", fail("MalformedPolicyDocument", "%s", &iam.InvalidPrincipal{Principal: p})
			}
			if p.Kind == "AWS" && isAccount(p.Value) {
				kept = iam.ReplacePrincipal(kept, p.Value, "arn:aws:iam::"+p.Value+":root")
			}
		}
	}
	return kept, within(c, "ACLSizePerRole", iam.Size(document))
}

// exists reports whether a principal can be named. Accounts outside the twin
// may exist, and services do; roles and users of accounts that it knows must.
func exists(e *estate.Estate, p iam.PrincipalPattern) bool {
	if p.Kind != "AWS" || p.Value == "*" {
		return true
	}
	if !strings.HasPrefix(p.Value, "arn:") {
		return isAccount(p.Value) || hasID(e, p.Value)
	}
	parts := strings.SplitN(p.Value, ":", 6)
	if len(parts) != 6 || parts[1] != "aws" || parts[3] != "" || !isAccount(parts[4]) {
		return false
	}
	account := estate.AccountID(parts[4])
	kind, name, _ := strings.Cut(parts[5], "/")
	switch {
	case parts[2] == "iam" && parts[5] == "root":
		return true
	case name == "" || parts[2] != "iam" && parts[2] != "sts":
		return false
	case !knows(e, account):
		return kind == "role" || kind == "user" || kind == "assumed-role" || kind == "federated-user"
	}
	switch parts[2] + ":" + kind {
	case "iam:user":
		_, ok := e.Users.Get(p.Value)
		return ok || p.Value == world.AdministratorARN(account) || unread(e, account, "")
	case "iam:role":
		_, ok := e.Roles.Get(p.Value)
		return ok || unread(e, account, name[strings.LastIndexByte(name, '/')+1:])
	case "sts:assumed-role":
		role, session, _ := strings.Cut(name, "/")
		_, ok := estate.First(e.Roles.By(estate.ByRole(account, role)))
		return session != "" && (ok || unread(e, account, role))
	}
	return false
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// knows reports whether the twin has an account.
func knows(e *estate.Estate, id estate.AccountID) bool {
	_, ok := e.Accounts.Get(string(id))
	return ok
}

// unread reports whether the estate was read from somewhere and nobody asked
// for that role: then it may well exist.
func unread(e *estate.Estate, account estate.AccountID, role string) bool {
	return e.Answers.Len() > 0 && !e.Answered(estate.Query{Kind: estate.QueryRole, Account: account, ID: role})
}

func hasID(e *estate.Estate, id string) bool {
	for r := range e.Roles.All() {
		if r.ID == id {
			return true
		}
	}
	for u := range e.Users.All() {
		if u.ID == id {
			return true
		}
	}
	return false
}

// forgetPrincipal does what IAM does to trust policies when a principal that
// they name is deleted: its unique ID takes the place of its ARN, so that a
// later one of the same name is not trusted
// (reference_policies_elements_principal.html#principal-roles).
func forgetPrincipal(e *estate.Estate, arn, id string) {
	var changed []estate.Role
	for r := range e.Roles.All() {
		if !strings.Contains(r.Trust, arn) {
			continue
		}
		if trust := iam.ReplacePrincipal(r.Trust, arn, id); trust != r.Trust {
			r.Trust = trust
			changed = append(changed, r)
		}
	}
	e.Roles.Put(changed...)
}
