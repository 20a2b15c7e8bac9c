package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

const (
	// sessionTime is how long a session lasts; a chain of roles allows no
	// more (IAM User Guide, id_roles.html, role chaining).
	sessionTime = time.Hour
	// expiryMargin is how long before its end a session is begun anew.
	expiryMargin = 5 * time.Minute
	// refusalTime is how long a refusal is remembered, and unreachedTime that
	// nothing answered.
	refusalTime   = time.Minute
	unreachedTime = 5 * time.Second
)

// identity is who the base credentials are.
type identity struct {
	account estate.AccountID
	arn     string
}

// RoleError is a role that could not be assumed.
type RoleError struct {
	Account estate.AccountID
	Role    string // ARN; empty when none is configured
	Base    string // ARN of the identity that tried, as far as it is known
	Code    string
	Message string
	// Reasons are what can be behind it: one when it could be told, else all
	// that STS answers alike.
	Reasons []string
	Err     error
}

// Error says who tried what, and why it may have been refused.
func (e *RoleError) Error() string { return e.Diagnostic().Error() }

// Unwrap is the SDK's error.
func (e *RoleError) Unwrap() error { return e.Err }

// As makes the error a Diagnostic for errors.As.
func (e *RoleError) As(target any) bool { return asDiagnostic(e.Diagnostic, target) }

// Diagnostic is the error as a problem of the estate.
func (e *RoleError) Diagnostic() diag.Diagnostic {
	d := diag.Diagnostic{Code: e.Code, Account: string(e.Account), Summary: "account " + string(e.Account) + " cannot be reached"}
	if e.Role != "" {
		d.Summary = fmt.Sprintf("account %s: %s cannot be assumed", e.Account, e.Role)
	}
	if e.Base != "" {
		d.Summary += " by " + e.Base
	}
	d.Detail = e.Message
	if e.Code != "" {
		d.Detail = e.Code + ": " + e.Message
	}
	switch len(e.Reasons) {
	case 0:
	case 1:
		d.Hint = e.Reasons[0]
	default:
		d.Hint = "one of these: " + strings.Join(e.Reasons, "; or ")
	}
	return d
}

// Retrieve gives the session's credentials, beginning it when need be.
func (s *session) Retrieve(ctx context.Context) (aws.Credentials, error) {
	return s.creds.get(ctx, s.caller.opt.Clock, func(ctx context.Context) (aws.Credentials, time.Time, error) {
		creds, err := s.begin(ctx)
		now := s.caller.opt.Clock.Now()
		if err != nil {
			return creds, now.Add(refusalTime), err
		}
		until := now.Add(sessionTime)
		if creds.CanExpire {
			until = creds.Expires
		}
		return creds, until.Add(-expiryMargin), nil
	})
}

// begin assumes the role, narrowed to the scope of the caller.
func (s *session) begin(ctx context.Context) (aws.Credentials, error) {
	c := s.caller
	if s.role == "" {
		return c.asBase(ctx, s.account)
	}
	if _, err := c.opt.Base.Retrieve(ctx); err != nil {
		return aws.Credentials{}, &NoCredentialsError{err}
	}
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String(c.roleARN(s.account, s.role)),
		RoleSessionName: aws.String(sessionName(c.opt.Owner)),
		DurationSeconds: aws.Int32(int32(sessionTime / time.Second)),
	}
	if s.externalID != "" {
		in.ExternalId = &s.externalID
	}
	client := sts.New(stsOptions(c.config("", "", c.opt.Region, c.opt.Base)))
	permissions := c.permissions(s.account)
	for wide := exact; wide < breadths; wide++ {
		if permissions != nil {
			policy := sessionPolicy(c.partition(), s.account, permissions, wide)
			if len(policy) > maxSessionPolicy {
				continue
			}
			in.Policy = &policy
		}
		out, err := client.AssumeRole(ctx, in)
		if Code(err) == "PackedPolicyTooLarge" && permissions != nil {
			continue // STS packs policies, and has a limit of its own for that
		}
		if err != nil {
			return aws.Credentials{}, c.refusal(ctx, s, *in.RoleArn, err)
		}
		if wide > exact && !(wide <= anyNoun && onlyReads(permissions)) { // reading more is no news
			c.note(s.account, "the session policy is wider than this run needs", "the exact one is longer than STS takes (2,048 characters)")
		}
		got := out.Credentials
		if got == nil || got.AccessKeyId == nil || got.SecretAccessKey == nil || got.SessionToken == nil || got.Expiration == nil {
			return aws.Credentials{}, &RoleError{Account: s.account, Role: *in.RoleArn, Message: "STS answered without credentials"}
		}
		return aws.Credentials{
			AccessKeyID: *got.AccessKeyId, SecretAccessKey: *got.SecretAccessKey, SessionToken: *got.SessionToken,
			CanExpire: true, Expires: *got.Expiration, AccountID: string(s.account), Source: "orgdns",
		}, nil
	}
	return aws.Credentials{}, &RoleError{Account: s.account, Role: *in.RoleArn, Message: "no session policy is small enough for STS"}
}

// asBase is the base identity itself, for an account without a role.
func (s *Sessions) asBase(ctx context.Context, account estate.AccountID) (aws.Credentials, error) {
	who, err := s.whoami(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	if account != "" && who.account != account {
		return aws.Credentials{}, &RoleError{
			Account: account, Base: who.arn, Message: "no role is configured for it",
			Reasons: []string{"set a role for this account in the configuration"},
		}
	}
	creds, err := s.opt.Base.Retrieve(ctx)
	if err != nil {
		return creds, &RoleError{Account: account, Base: who.arn, Message: err.Error(), Err: err}
	}
	return creds, nil
}

// Identify asks AWS who the base credentials are, which needs no permission (API
// GetCallerIdentity). Where that fails nothing else can be done: the error is a
// *NoCredentialsError or an *Error.
func (s *Sessions) Identify(ctx context.Context) error {
	_, err := s.whoami(ctx)
	return err
}

// whoami is the base identity, asked for once.
func (s *Sessions) whoami(ctx context.Context) (identity, error) {
	return s.base.get(ctx, s.opt.Clock, func(ctx context.Context) (identity, time.Time, error) {
		if _, err := s.opt.Base.Retrieve(ctx); err != nil {
			return identity{}, s.opt.Clock.Now().Add(refusalTime), &NoCredentialsError{err}
		}
		out, err := sts.New(stsOptions(s.config("", "", s.opt.Region, s.opt.Base))).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		now := s.opt.Clock.Now()
		switch {
		case Unreached(err):
			return identity{}, now.Add(unreachedTime), plain(err)
		case err != nil:
			return identity{}, now.Add(refusalTime), plain(err)
		}
		return identity{estate.AccountID(aws.ToString(out.Account)), aws.ToString(out.Arn)}, now.AddDate(100, 0, 0), nil
	})
}

// refusal says why a role could not be assumed, as far as that can be known:
// STS answers alike whether the role is missing, does not trust the caller,
// wants another external ID, or the caller may not assume it. Where the base
// identity lives in the role's account, the role is read to tell.
func (s *Sessions) refusal(ctx context.Context, at *session, role string, err error) error {
	e := &RoleError{Account: at.account, Role: role, Code: Code(err), Message: err.Error(), Err: err}
	var own *Error
	if errors.As(err, &own) {
		e.Message, e.Code = own.Message, own.Code
	}
	if ctx.Err() != nil {
		return err
	}
	who, werr := s.whoami(ctx)
	if werr == nil {
		e.Base = who.arn
	}
	switch {
	case denied[e.Code]:
		external := "no external ID was sent and the trust policy asks for one (sts:ExternalId)"
		if at.externalID != "" {
			external = "the external ID that was sent is not the one in its trust policy (sts:ExternalId)"
		}
		all := []string{
			"there is no such role in account " + string(at.account),
			"its trust policy does not name the caller, or a condition there does not hold",
			external,
			"the caller's own policies, or a service control policy, do not allow sts:AssumeRole on it",
		}
		e.Reasons = all
		if werr == nil && who.account == at.account {
			if i := s.readRefusal(ctx, at, who, role); i >= 0 {
				e.Reasons = all[i : i+1]
			}
		}
	case e.Code == "RegionDisabledException":
		e.Reasons = []string{"activate STS in Region " + string(s.opt.Region) + ", or choose another"}
	default:
		if own != nil && own.Hint != "" {
			e.Reasons = []string{own.Hint}
		}
	}
	return e
}

// readRefusal reads the role as the base identity and finds which of the four
// reasons holds, -1 when it cannot be told.
func (s *Sessions) readRefusal(ctx context.Context, at *session, who identity, role string) int {
	client := iam.New(iamOptions(s.config(at.account, "", s.global(), s.opt.Base)))
	name := role[strings.LastIndexByte(role, '/')+1:]
	out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	switch {
	case Code(err) == "NoSuchEntity":
		return 0
	case err != nil || out.Role == nil:
		return -1
	case aws.ToString(out.Role.Arn) != role:
		return 0 // of that name, but in another path
	}
	document, err := url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
	if err != nil {
		return -1
	}
	return judgeTrust(document, who.arn, at.externalID)
}

// trust is what judgeTrust understands of a trust policy.
type trust struct {
	Statement list[struct {
		Effect    string
		Action    list[string]
		Principal json.RawMessage
		Condition map[string]map[string]list[string]
	}]
}

// judgeTrust finds why a trust policy in the caller's own account did not let
// it in: 1 not named, 2 the external ID, 3 the caller's own policies; -1 when
// the policy holds more than it understands.
func judgeTrust(document, caller, externalID string) int {
	var t trust
	if json.Unmarshal([]byte(document), &t) != nil {
		return -1
	}
	named := false
	for _, st := range t.Statement {
		if st.Effect != "Allow" || !slices.ContainsFunc(st.Action, func(a string) bool {
			return strings.EqualFold(a, "sts:AssumeRole") || strings.EqualFold(a, "sts:*") || a == "*"
		}) {
			if st.Effect != "Allow" {
				return -1
			}
			continue
		}
		if !trusts(st.Principal, caller) {
			continue
		}
		named = true
		for operator, keys := range st.Condition {
			for key, want := range keys {
				if !strings.EqualFold(key, "sts:ExternalId") || operator != "StringEquals" {
					return -1
				}
				if !slices.Contains(want, externalID) {
					return 2
				}
			}
		}
	}
	if !named {
		return 1
	}
	return 3
}

// trusts reports whether a principal element names the caller, its role or its
// account.
func trusts(principal json.RawMessage, caller string) bool {
	var anyone string
	if json.Unmarshal(principal, &anyone) == nil {
		return anyone == "*"
	}
	var p struct{ AWS list[string] }
	if json.Unmarshal(principal, &p) != nil {
		return false
	}
	account := string(accountOf(caller))
	names := []string{"*", account, caller, fmt.Sprintf("arn:%s:iam::%s:root", estate.PartitionOf(caller), account)}
	// arn:aws:sts::ID:assumed-role/NAME/SESSION is the role NAME, whose path
	// the session's ARN does not show.
	if _, rest, ok := strings.Cut(caller, ":assumed-role/"); ok {
		role, _, _ := strings.Cut(rest, "/")
		for _, n := range p.AWS {
			if accountOf(n) == accountOf(caller) && strings.Contains(n, ":role/") && strings.HasSuffix(n, "/"+role) {
				return true
			}
		}
	}
	return slices.ContainsFunc(p.AWS, func(n string) bool { return slices.Contains(names, n) })
}

// sessionName is "orgdns-<owner>" in the characters and the length that STS
// takes (API_AssumeRole, RoleSessionName).
func sessionName(owner string) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@-", r)) {
			return r
		}
		return '-'
	}, "orgdns-"+owner)
	return name[:min(len(name), 64)]
}
