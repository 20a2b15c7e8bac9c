package iam

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Size is the length of a document as IAM's quotas count it: without white
// space (reference_iam-quotas.html).
func Size(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

var (
	sidForm    = regexp.MustCompile(`^[0-9A-Za-z]*$`)
	vendorForm = regexp.MustCompile(`^[0-9A-Za-z.-]+$`)
)

// Check parses a document and judges whether it may stand as a policy of that
// type. The error is a [*Malformed] with the text of IAM's
// MalformedPolicyDocument; whether its principals exist is for the caller to
// see.
func Check(text string, of PolicyType) (*Document, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	named := of == Trust || of == ResourceBased || of == ResourceControl
	if !named && d.Version != "2012-10-17" {
		return nil, malformed("Policy document must be version 2012-10-17 or greater.")
	}
	seen := map[string]bool{}
	for _, s := range d.Statements {
		if s.Sid != "" && seen[s.Sid] {
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		seen[s.Sid] = true
		if !named && !sidForm.MatchString(s.Sid) {
			return nil, malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		}
		if err := s.check(of, named); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (s Statement) check(of PolicyType, named bool) error {
	switch {
	case len(s.Actions) == 0 && of == Trust:
		return malformed("Missing required field Action")
	case len(s.Actions) == 0:
		return malformed("Policy statement must contain actions.")
	case named && s.Principals == nil:
		return malformed("Missing required field Principal")
	case !named && s.Principals != nil:
		return malformed("Policy document should not specify a principal.")
	case of == Trust && (s.Resources != nil || s.NotResource):
		return malformed("Has prohibited field Resource")
	case of == Trust && s.NotPrincipal && s.Allow, of == Trust && s.NotAction:
		return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
	case of != Trust && len(s.Resources) == 0:
		return malformed("Policy statement must contain resources.")
	}
	for _, a := range s.Actions {
		if err := checkAction(a); err != nil {
			return err
		}
		if of == Trust && !trustAction(a) {
			return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
		}
	}
	for _, r := range s.Resources {
		if err := checkResource(r); err != nil {
			return err
		}
	}
	for _, p := range s.Principals {
		if p.Kind == "AWS" && p.Value != "*" && strings.ContainsAny(p.Value, "*?") {
			return &InvalidPrincipal{p}
		}
	}
	return nil
}

// InvalidPrincipal is a principal that does not exist or cannot be named. It
// unwraps to a [*Malformed].
type InvalidPrincipal struct{ Principal PrincipalPattern }

func (e *InvalidPrincipal) Error() string { return e.Unwrap().Error() }

func (e *InvalidPrincipal) Unwrap() error {
	return malformed(`Invalid principal in policy: "%s":"%s"`, e.Principal.Kind, e.Principal.Value)
}

// trustAction reports whether a trust policy may hold the action
// (id_roles_create_for-custom.html). "sts:*" is one of them, "*" is not.
func trustAction(action string) bool {
	vendor, name, _ := strings.Cut(strings.ToLower(action), ":")
	if vendor != "sts" {
		return false
	}
	p := compile(name, true, false)
	return slices.ContainsFunc([]string{
		"assumerole", "assumerolewithsaml", "assumerolewithwebidentity", "tagsession", "setsourceidentity", "setcontext",
	}, func(n string) bool { return p.match(nil, n) })
}

func checkAction(action string) error {
	if action == "*" {
		return nil
	}
	vendor, name, ok := strings.Cut(action, ":")
	switch {
	case !ok:
		return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	case strings.Contains(name, ":"):
		return malformed("Actions/Condition can contain only one colon.")
	case !vendorForm.MatchString(vendor):
		return malformed("Vendor %s is not valid", vendor)
	}
	return nil
}

func checkResource(resource string) error {
	if resource == "*" {
		return nil
	}
	parts := strings.SplitN(resource, ":", 6)
	switch {
	case len(parts) < 2:
		return malformed(`Resource %s must be in ARN format or "*".`, resource)
	case parts[0] != "arn" && parts[0] != "*":
		return malformed(`Resource %s must be in ARN format or "*".`, resource)
	case !slices.Contains([]string{"aws", "aws-cn", "aws-us-gov", "*"}, parts[1]):
		rest := append(slices.Clone(parts[2:]), "*", "*", "*", "*")[:4]
		return malformed(`Partition "%s" is not valid for resource "arn:%s:%s".`, parts[1], parts[1], strings.Join(rest, ":"))
	case len(parts) < 3:
		return malformed("Resource vendor must be fully qualified and cannot contain regexes.")
	case parts[2] == "iam" && len(parts) > 3 && parts[3] != "" && parts[3] != "*":
		return malformed("IAM resource %s cannot contain region information.", resource)
	case parts[2] == "s3" && len(parts) > 3 && parts[3] != "" && parts[3] != "*":
		return malformed("Resource %s can not contain region information.", resource)
	}
	return nil
}
