package iam

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Denied is AWS's refusal of a call; it keeps what decided.
type Denied struct {
	Decision
	Principal string // ARN
	Action    string
	Resource  string
	// Bare leaves out why, as STS does.
	Bare    bool
	Service string // that refuses; it decides the error's code
}

// ErrorCode is AccessDenied in the form that the service has for it.
func (d *Denied) ErrorCode() string {
	switch d.Service {
	case "ec2":
		return "UnauthorizedOperation"
	case "sts", "iam", "route53", "s3", "cloudfront", "elbv2", "sqs":
		return "AccessDenied"
	}
	return "AccessDeniedException"
}

// ErrorMessage names principal, action, resource, and why
// (troubleshoot_access-denied.html).
func (d *Denied) ErrorMessage() string {
	m := "User: " + d.Principal + " is not authorized to perform: " + d.Action
	if d.Service == "ec2" {
		m = "You are not authorized to perform this operation. " + m
	}
	if d.Resource != "*" {
		m += " on resource: " + d.Resource
	}
	if !d.Bare {
		m += " " + d.Because(d.Action)
	}
	return m
}

func (d *Denied) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }
func (d *Denied) Error() string                 { return d.ErrorCode() + ": " + d.ErrorMessage() }

// Unread is a policy that bears on a call and whose text the world does not
// know; nothing can be said about the call.
type Unread struct {
	Policy string // ARN, or where it stands
	Reason error  // nil when the policy is not there at all
}

func (u *Unread) Error() string {
	if u.Reason != nil {
		return "policy " + u.Policy + " cannot be read: " + u.Reason.Error()
	}
	return "the text of policy " + u.Policy + " is not known here"
}

func (u *Unread) Unwrap() error { return u.Reason }

// Resource is what a call is about, where that has a policy of its own.
type Resource struct {
	ARN     string
	Account estate.AccountID
	Policy  string // document; empty when there is none
	Trust   bool   // it is a role, and Policy its trust policy
}

// Authorizer judges the actions of a call by the policies that bear on its
// caller. Whose the resource is does not matter here: handlers find only what
// their caller's account holds, or what was shared with it.
func Authorizer(c *world.Call) world.Authorizer {
	j := judge{call: c}
	return func(action, resource string, conditions world.Conditions) error {
		return j.judge(action, Resource{ARN: resource, Account: c.Account()}, conditions)
	}
}

// Authorize judges an action on a resource with a policy of its own.
func Authorize(c *world.Call, action string, r Resource, conditions world.Conditions) error {
	j := judge{call: c}
	return j.judge(action, r, conditions)
}

// judge gathers once what bears on the caller.
type judge struct {
	call     *world.Call
	gathered bool
	policies Policies
	context  Context
}

func (j *judge) judge(action string, r Resource, conditions world.Conditions) error {
	c := j.call
	if !j.gathered {
		var err error
		if j.policies, err = Gather(c.Estate(), c.Caller); err != nil {
			return err
		}
		j.context = CallerContext(c.Estate(), c.Caller)
		requestContext(c, j.context)
		j.gathered = true
	}
	p := j.policies
	if r.Policy != "" {
		d, err := load(policyOf(r), r.Policy)
		if err != nil {
			return err
		}
		p.Resource = []Policy{d}
	}
	var err error
	if p.RCPs, err = resourceControls(c.Estate(), action, r); err != nil {
		return err
	}
	context := maps.Clone(j.context)
	resourceContext(c.Estate(), r, context)
	maps.Copy(context, conditions)
	d := Decide(Request{
		Principal: principal(c.Caller), Action: action, Resource: r.ARN,
		ResourceAccount: string(r.Account), TrustPolicy: r.Trust, Context: context,
	}, p)
	if d.Allowed {
		return nil
	}
	return &Denied{Decision: d, Principal: c.Caller.ARN, Action: action, Resource: r.ARN, Service: c.Service}
}

func policyOf(r Resource) string {
	if r.Trust {
		return "trust policy of " + r.ARN
	}
	return "policy of " + r.ARN
}

func principal(c world.Caller) Principal {
	p := Principal{ARN: c.ARN, Account: string(c.Account), Entity: c.Role, ID: uniqueID(c)}
	if c.Role == "" {
		p.Entity = c.ARN
	}
	return p
}

// uniqueID is that of the user or role; a session's goes on with its name.
func uniqueID(c world.Caller) string {
	id, _, _ := strings.Cut(c.ID, ":")
	return id
}

// Gather finds the policies that bear on a caller: SCPs, its own, boundary and
// session policies. The sessions of a role that was deleted, even if one of the
// same name was made since, have none. The error is an [*Unread].
func Gather(e *estate.Estate, c world.Caller) (p Policies, err error) {
	if c.Account != e.Organization.Management { // orgs_manage_policies_scps.html: not affected
		if p.SCPs, err = controls(e, c.Account, "SERVICE_CONTROL_POLICY"); err != nil {
			return p, err
		}
	}
	owner, inline, attached, boundary := c.ARN, map[string]string(nil), []string(nil), ""
	if c.Administrator {
		attached = []string{AdministratorAccess}
	} else if c.Role != "" {
		if r, ok := e.Roles.Get(c.Role); ok && r.ID == uniqueID(c) {
			owner, inline, attached, boundary = r.ARN, r.Inline, r.Attached, r.Boundary
		}
	} else if u, ok := e.Users.Get(c.ARN); ok && u.ID == c.ID {
		inline, attached, boundary = u.Inline, u.Attached, u.Boundary
	}
	for _, name := range slices.Sorted(maps.Keys(inline)) {
		d, err := load("inline policy "+name+" of "+owner, inline[name])
		if err != nil {
			return p, err
		}
		p.Identity = append(p.Identity, d)
	}
	for _, arn := range attached {
		d, err := loadManaged(e, arn)
		if err != nil {
			return p, err
		}
		p.Identity = append(p.Identity, d)
	}
	if boundary != "" {
		d, err := loadManaged(e, boundary)
		if err != nil {
			return p, err
		}
		p.Boundary = []Policy{d}
	}
	for i, text := range c.SessionPolicies {
		d, err := load("session policy "+strconv.Itoa(i+1)+" of "+c.ARN, text)
		if err != nil {
			return p, err
		}
		p.Session = append(p.Session, d)
	}
	return p, nil
}

func load(name, text string) (Policy, error) {
	d, err := Parse(text)
	if err != nil {
		return Policy{}, &Unread{name, err}
	}
	return Policy{name, d}, nil
}

// ManagedDocument is the text of a managed policy, the customer's or AWS's.
func ManagedDocument(e *estate.Estate, arn string) (string, bool) {
	if p, ok := e.ManagedPolicies.Get(arn); ok {
		return p.Document(), true
	}
	return Managed(arn)
}

func loadManaged(e *estate.Estate, arn string) (Policy, error) {
	text, ok := ManagedDocument(e, arn)
	if !ok {
		return Policy{}, &Unread{Policy: arn}
	}
	return load(arn, text)
}

// controls are the policies of a type by level, from the root to the account;
// nil outside the organization and where the type is not enabled
// (orgs_manage_policies_scps_evaluation.html).
func controls(e *estate.Estate, account estate.AccountID, policyType string) ([][]Policy, error) {
	if !slices.Contains(e.Organization.PolicyTypes, policyType) {
		return nil, nil
	}
	var levels [][]Policy
	for _, target := range e.Path(string(account)) {
		level := []Policy{}
		for p := range e.Policies.By(estate.ByAttachment(target)) {
			if p.Type != policyType {
				continue
			}
			d, err := load(p.Name+" ("+p.ID+")", p.Document)
			if err != nil {
				return nil, err
			}
			level = append(level, d)
		}
		levels = append(levels, level)
	}
	return levels, nil
}

// controlled are the services that resource control policies reach, of those
// that the twin may have (orgs_manage_policies_rcps.html, "List of AWS services
// that support RCPs").
var controlled = []string{"s3", "sts", "sqs", "kms", "secretsmanager", "dynamodb", "ecr", "logs"}

func resourceControls(e *estate.Estate, action string, r Resource) ([][]Policy, error) {
	service, _, _ := strings.Cut(action, ":")
	if r.Account == e.Organization.Management || !slices.Contains(controlled, strings.ToLower(service)) {
		return nil, nil
	}
	return controls(e, r.Account, "RESOURCE_CONTROL_POLICY")
}

// CallerContext are the global condition keys that say who calls
// (reference_policies_condition-keys.html#condition-keys-principal-properties).
func CallerContext(e *estate.Estate, c world.Caller) Context {
	ctx := make(Context, 32) // room for the keys of request and resource too
	ctx["aws:principalarn"] = []string{principal(c).Entity}
	ctx["aws:principalaccount"] = []string{string(c.Account)}
	ctx["aws:principalisawsservice"] = []string{"false"}
	ctx["aws:userid"] = []string{c.ID}
	tags := c.Tags
	if c.Role != "" {
		ctx["aws:principaltype"] = []string{"AssumedRole"}
		if r, ok := e.Roles.Get(c.Role); ok {
			tags = r.Tags.With(c.Tags)
		}
	} else {
		ctx["aws:principaltype"] = []string{"User"}
		ctx["aws:username"] = []string{c.ARN[strings.LastIndexByte(c.ARN, '/')+1:]}
		if u, ok := e.Users.Get(c.ARN); ok {
			tags = u.Tags.With(c.Tags)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		ctx["aws:principaltag/"+strings.ToLower(k)] = []string{tags[k]}
	}
	if !c.IssuedAt.IsZero() {
		ctx["aws:tokenissuetime"] = []string{c.IssuedAt.UTC().Format(time.RFC3339)}
		ctx["aws:multifactorauthpresent"] = []string{"false"}
	}
	if c.SourceIdentity != "" {
		ctx["aws:sourceidentity"] = []string{c.SourceIdentity}
	}
	organizationContext(e, c.Account, "aws:principal", ctx)
	return ctx
}

// organizationContext adds the keys of an account's place in the organization,
// under a prefix.
func organizationContext(e *estate.Estate, account estate.AccountID, prefix string, ctx Context) {
	path := e.Path(string(account))
	if path == nil {
		return
	}
	ctx[prefix+"orgid"] = []string{e.Organization.ID}
	// The path ends with the unit that the account lies in, and a slash.
	ctx[prefix+"orgpaths"] = []string{e.Organization.ID + "/" + strings.Join(path[:len(path)-1], "/") + "/"}
}

// requestContext adds the keys of the request and of the network. The twin
// stands for AWS's TLS endpoints, whichever way it was reached.
func requestContext(c *world.Call, ctx Context) {
	ctx["aws:currenttime"] = []string{c.Now.UTC().Format(time.RFC3339)}
	ctx["aws:epochtime"] = []string{strconv.FormatInt(c.Now.Unix(), 10)}
	ctx["aws:requestedregion"] = []string{string(c.Region)}
	ctx["aws:securetransport"] = []string{"true"}
	ctx["aws:viaawsservice"] = []string{"false"}
	if c.Caller.SourceIP.IsValid() {
		ctx["aws:sourceip"] = []string{c.Caller.SourceIP.String()}
	}
}

func resourceContext(e *estate.Estate, r Resource, ctx Context) {
	if r.Account == "" {
		return
	}
	ctx["aws:resourceaccount"] = []string{string(r.Account)}
	organizationContext(e, r.Account, "aws:resource", ctx)
}

// String says what decided, for people and tests.
func (d Decision) String() string {
	if d.Allowed || d.Explicit {
		verb := "denied"
		if d.Allowed {
			verb = "allowed"
		}
		return fmt.Sprintf("%s by %s %s, %s", verb, d.Type, d.Policy, d.Statement)
	}
	return "no " + string(d.Type) + " allows it"
}
