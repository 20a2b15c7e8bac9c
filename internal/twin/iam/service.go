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

// AuthorizeService judges what a service of AWS does by itself with a resource:
// only the resource's policy can allow it
// (reference_policies_condition-keys.html, aws:SourceArn, aws:SourceAccount,
// aws:SourceOrgID, aws:PrincipalIsAWSService).
func AuthorizeService(c *world.Call, p ServicePrincipal, action string, r Resource) error {
	context := make(Context, 16)
	requestContext(c, context)
	context["aws:principalisawsservice"] = []string{"true"}
	context["aws:principalservicename"] = []string{p.Name}
	context["aws:sourcearn"] = []string{p.Source}
	context["aws:sourceaccount"] = []string{string(p.Account)}
	organizationContext(c.Estate(), p.Account, "aws:source", context)
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
