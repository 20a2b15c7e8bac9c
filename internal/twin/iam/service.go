package iam

import (
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// ServicePrincipal is a service of AWS that acts by itself, and for what.
type ServicePrincipal struct {
	Name    string // "events.amazonaws.com"
	Source  string // ARN of the resource of its that acts, such as a rule
	Account estate.AccountID
}

// serviceContext are the condition keys of what a service does by itself
// (reference_policies_condition-keys.html, aws:SourceArn, aws:SourceAccount,
// aws:SourceOrgID, aws:PrincipalIsAWSService).
func serviceContext(c *world.Call, p ServicePrincipal) Context {
	context := make(Context, 16)
	requestContext(c, context)
	context["aws:principalisawsservice"] = []string{"true"}
	context["aws:principalservicename"] = []string{p.Name}
	if p.Source != "" {
		context["aws:sourcearn"] = []string{p.Source}
	}
	context["aws:sourceaccount"] = []string{string(p.Account)}
	organizationContext(c.Estate(), p.Account, "aws:source", context)
	return context
}

// AuthorizeService judges what a service of AWS does by itself with a resource:
// only the resource's policy can allow it.
func AuthorizeService(c *world.Call, p ServicePrincipal, action string, r Resource) error {
	context := serviceContext(c, p)
	resourceContext(c.Estate(), r, context)
	var policies Policies
	if r.Policy != "" {
		d, err := load(policyOf(r), r.Policy)
		if err != nil {
			return err
		}
		policies.Resource = []Policy{d}
	}
	var err error
	if policies.RCPs, err = resourceControls(c.Estate(), action, r); err != nil {
		return err
	}
	d := Decide(Request{Principal: Principal{Service: p.Name}, Action: action, Resource: r.ARN, Context: context}, policies)
	if d.Allowed {
		return nil
	}
	return &Denied{Decision: d, Principal: p.Name, Action: action, Resource: r.ARN, Service: c.Service}
}

// MayAssume reports whether a role trusts a service of AWS
// (id_roles_create_for-service.html).
func MayAssume(c *world.Call, p ServicePrincipal, role estate.Role) bool {
	trust, err := Parse(role.Trust)
	if err != nil {
		return false
	}
	return Decide(Request{
		Principal: Principal{Service: p.Name}, Action: "sts:AssumeRole", Resource: role.ARN, TrustPolicy: true, Context: serviceContext(c, p),
	}, Policies{Resource: []Policy{{Name: "trust policy of " + role.ARN, Document: trust}}}).Allowed
}

// SessionOf is a service's session of a role.
func SessionOf(role estate.Role, name string) world.Caller {
	return world.Caller{
		Account: role.Account, ARN: "arn:aws:sts::" + string(role.Account) + ":assumed-role/" + role.Name + "/" + name, ID: role.ID + ":" + name, Role: role.ARN,
	}
}
