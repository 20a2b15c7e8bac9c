package iam

import (
	"slices"
	"strconv"
	"strings"
)

// PolicyType names a type of policy as AWS's messages do
// (troubleshoot_access-denied.html).
type PolicyType string

// The types of policies.
const (
	ServiceControl  PolicyType = "service control policy"
	ResourceControl PolicyType = "resource control policy"
	ResourceBased   PolicyType = "resource-based policy"
	Trust           PolicyType = "role trust policy"
	IdentityBased   PolicyType = "identity-based policy"
	Boundary        PolicyType = "permissions boundary"
	Session         PolicyType = "session policy"
)

// Policy is a document and where it stands.
type Policy struct {
	Name string // its ARN, or "inline policy NAME of ROLE"
	*Document
}

// Policies are all that bear on one request. A nil list of SCPs, RCPs,
// Boundary or Session means that this type does not apply; an empty one allows
// nothing.
type Policies struct {
	SCPs     [][]Policy // per level, from the root to the principal's account
	RCPs     [][]Policy // per level, from the root to the resource's account
	Resource []Policy   // of the resource, its trust policy if it is a role
	Identity []Policy
	Boundary []Policy
	Session  []Policy
}

// Principal is who makes a request.
type Principal struct {
	ARN     string // user, or session of a role
	Account string
	Entity  string // ARN of the user, or of the role behind the session
	ID      string // unique ID of that user or role: AIDA…, AROA…
	Service string // "lambda.amazonaws.com", for a service; then nothing else
}

// Request is what is judged.
type Request struct {
	Principal Principal
	Action    string // "route53:GetHostedZone"
	Resource  string // ARN, or "*"
	// ResourceAccount owns the resource, where that is not the principal's
	// account.
	ResourceAccount string
	// TrustPolicy: the resource is a role that is to be assumed. Its policy
	// must allow even inside one account.
	TrustPolicy bool
	Context     Context
}

// Decision says whether a request is allowed, and what decided.
type Decision struct {
	Allowed  bool
	Explicit bool       // denied by a statement, not for want of one
	Type     PolicyType // that allowed, denied, or has nothing that allows
	// Policy and Statement (its Sid, or its number from 1) that allowed or
	// denied; empty where nothing allows.
	Policy    string
	Statement string
}

// Because is the end of AWS's message on a refusal
// (troubleshoot_access-denied.html).
func (d Decision) Because(action string) string {
	if !d.Explicit {
		return "because no " + string(d.Type) + " allows the " + action + " action"
	}
	article := "a "
	switch d.Type {
	case IdentityBased:
		article = "an "
	case Trust:
		article = "the "
	}
	return "with an explicit deny in " + article + string(d.Type)
}

// Decide judges a request
// (reference_policies_evaluation-logic_policy-eval-denyallow.html and
// reference_policies_evaluation-logic-cross-account.html): an explicit deny
// anywhere; then every level of SCPs and of RCPs must allow; then what grants,
// which is the resource's own policy or the identity's; then what limits.
func Decide(r Request, p Policies) Decision {
	resourceType := ResourceBased
	if r.TrustPolicy {
		resourceType = Trust
	}
	types := []struct {
		of     PolicyType
		levels [][]Policy
	}{
		{ServiceControl, p.SCPs}, {ResourceControl, p.RCPs}, {resourceType, [][]Policy{p.Resource}},
		{IdentityBased, [][]Policy{p.Identity}}, {Boundary, [][]Policy{p.Boundary}}, {Session, [][]Policy{p.Session}},
	}
	for _, t := range types {
		for _, level := range t.levels {
			if d, _, ok := find(r, level, t.of, false); ok {
				return d
			}
		}
	}
	for _, t := range types[:2] {
		for _, level := range t.levels {
			if _, _, ok := find(r, level, t.of, true); !ok {
				return Decision{Type: t.of}
			}
		}
	}

	granted, scope, byResource := find(r, p.Resource, resourceType, true)
	crossAccount := r.ResourceAccount != "" && r.ResourceAccount != r.Principal.Account
	if !byResource && (crossAccount || r.TrustPolicy) {
		return Decision{Type: resourceType}
	}
	if r.Principal.Service != "" {
		if byResource {
			return granted
		}
		return Decision{Type: ResourceBased}
	}
	// Inside one account, a resource's policy that names the user or the
	// session itself is not limited by anything implicit; one that names the
	// role, or everybody, is limited by boundary and session policy; one that
	// names the account leaves it to the identity's policies. (That "*" ranks
	// with the role is our reading.)
	if byResource && !crossAccount && scope == scopeSelf {
		return granted
	}
	if !byResource || crossAccount || scope == scopeAccount {
		d, _, ok := find(r, p.Identity, IdentityBased, true)
		if !ok {
			return Decision{Type: IdentityBased}
		}
		granted = d
	}
	for _, t := range types[4:] {
		if t.levels[0] == nil {
			continue
		}
		if _, _, ok := find(r, t.levels[0], t.of, true); !ok {
			return Decision{Type: t.of}
		}
	}
	return granted
}

// scope is how a statement's Principal element names the principal.
type scope int

const (
	scopeNone    scope = iota
	scopeAccount       // by its account
	scopeRole          // by its role, or as anybody
	scopeSelf          // by its own ARN or ID
)

// find looks for the statement that allows, or denies, the request; among
// allowing ones for one with the widest scope.
func find(r Request, policies []Policy, of PolicyType, allow bool) (d Decision, best scope, ok bool) {
	named := of == ResourceBased || of == Trust || of == ResourceControl
	action := strings.ToLower(r.Action)
	for _, p := range policies {
		for i, s := range p.Statements {
			if s.Allow != allow {
				continue
			}
			sc := scopeRole
			if named {
				sc = s.names(r.Principal)
			}
			if sc <= best || !s.applies(r, action, of == Trust) {
				continue
			}
			d = Decision{Allowed: allow, Explicit: !allow, Type: of, Policy: p.Name, Statement: s.label(i)}
			best, ok = sc, true
			if !allow || !named || best == scopeSelf {
				return d, best, true
			}
		}
	}
	return d, best, ok
}

func (s Statement) label(i int) string {
	if s.Sid != "" {
		return s.Sid
	}
	return "statement " + strconv.Itoa(i+1)
}

// applies reports whether action, resource and conditions of a statement fit.
// A trust policy has no Resource element: the role is meant.
func (s Statement) applies(r Request, action string, trust bool) bool {
	if slices.ContainsFunc(s.actions, func(p pattern) bool { return p.match(nil, action) }) == s.NotAction {
		return false
	}
	if !trust && slices.ContainsFunc(s.resources, func(p pattern) bool { return p.match(r.Context, r.Resource) }) == s.NotResource {
		return false
	}
	for _, c := range s.conditions {
		if !c.holds(r.Context) {
			return false
		}
	}
	return true
}

// names says how the Principal element names a principal
// (reference_policies_elements_principal.html). A NotPrincipal element exempts
// those that it names themselves or by their role, not whole accounts
// (reference_policies_elements_notprincipal.html).
func (s Statement) names(p Principal) scope {
	best := scopeNone
	for _, pp := range s.Principals {
		best = max(best, pp.names(p))
	}
	if s.NotPrincipal {
		if best >= scopeRole {
			return scopeNone
		}
		return scopeRole
	}
	return best
}

func (pp PrincipalPattern) names(p Principal) scope {
	switch {
	case pp.Kind == "*", pp.Kind == "AWS" && pp.Value == "*":
		return scopeRole
	case pp.Kind == "Service":
		if p.Service != "" && pp.Value == p.Service {
			return scopeSelf
		}
		return scopeNone
	case pp.Kind != "AWS" || p.Service != "":
		return scopeNone
	case pp.Value == p.ARN, pp.Value == p.ID && p.ARN == p.Entity:
		return scopeSelf
	case pp.Value == p.Entity, pp.Value == p.ID:
		return scopeRole
	case pp.Value == p.Account, pp.Value == "arn:aws:iam::"+p.Account+":root":
		return scopeAccount
	}
	return scopeNone
}
