package awsapi

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// TestOneSession: workers who want one account at once share one AssumeRole,
// also when it has to be repeated; it is begun anew before its end.
func TestOneSession(t *testing.T) {
	faults := 3
	f := &fake{}
	var c *clock.Virtual
	f.answer = func(r request) (int, string, error) {
		if strings.HasPrefix(r.URL.Host, "sts.eu-west-1.") {
			if faults--; faults >= 0 {
				return 0, "", &net.OpError{Op: "read", Err: errors.New("reset")}
			}
			return 200, assumed(c.Now().Add(time.Hour)), nil
		}
		return 200, noZones, nil
	}
	var s *Sessions
	s, c = over(t, f, nil)
	reader := s.Reader(nil)
	q := estate.Query{Kind: estate.QueryZones, Account: account}
	ask := func(n int) {
		t.Helper()
		done := clock.NewMailbox[error](c)
		for range n {
			c.Go(func() {
				_, err := reader.Read(t.Context(), q)
				done.Send(err)
			})
		}
		for range n {
			if err := done.Receive(); err != nil {
				t.Error(err)
			}
		}
	}
	ask(5)
	if n := f.count("Action=AssumeRole"); n != 4 {
		t.Errorf("%d requests for AssumeRole, want 3 that were lost and 1", n)
	}
	ask(5)
	if n := f.count("Action=AssumeRole"); n != 4 {
		t.Errorf("a standing session was begun anew")
	}
	c.Advance(56 * time.Minute)
	ask(2)
	if n := f.count("Action=AssumeRole"); n != 5 {
		t.Errorf("%d requests for AssumeRole after 56 minutes, want one more", n)
	}
	for _, r := range f.requests {
		if !strings.HasPrefix(r.URL.Host, "sts.") {
			continue
		}
		v := r.form()
		for k, want := range map[string]string{
			"RoleArn": "arn:aws:iam::222222222222:role/orgdns", "RoleSessionName": "orgdns-acme",
			"ExternalId": "handshake", "DurationSeconds": "3600",
		} {
			if v.Get(k) != want {
				t.Errorf("%s is %q, want %q", k, v.Get(k), want)
			}
		}
		if p := v.Get("Policy"); !strings.Contains(p, "route53:List") || strings.Contains(p, "route53:Change") || strings.Contains(p, `:*"`) {
			t.Errorf("a reader's session policy is %s", p)
		}
	}
}

// TestEndedSession: a session that AWS ends before its time is begun anew, once for
// all calls that met its end; one that stays refused is not asked for without end.
func TestEndedSession(t *testing.T) {
	sessions, ended := 0, 0 // begun, and how many of them AWS takes for ended
	f := &fake{}
	f.answer = func(r request) (int, string, error) {
		if strings.HasPrefix(r.URL.Host, "sts.") {
			sessions++
			return 200, strings.Replace(assumed(start.Add(time.Hour)), "ASIA", fmt.Sprintf("ASIA%d", sessions), 1), nil
		}
		for n := range ended {
			if strings.Contains(r.Header.Get("Authorization"), fmt.Sprintf("ASIA%d/", n+1)) {
				return 403, refused("ExpiredToken"), nil
			}
		}
		return 200, noZones, nil
	}
	s, c := over(t, f, nil)
	reader := s.Reader(nil)
	ask := func() error {
		done := clock.NewMailbox[error](c)
		for range 5 {
			c.Go(func() {
				_, err := reader.Read(t.Context(), estate.Query{Kind: estate.QueryZones, Account: account})
				done.Send(err)
			})
		}
		var errs []error
		for range 5 {
			errs = append(errs, done.Receive())
		}
		return errors.Join(errs...)
	}
	if err := ask(); err != nil || sessions != 1 {
		t.Fatalf("%d sessions, %v", sessions, err)
	}
	ended = 1
	if err := ask(); err != nil || sessions != 2 {
		t.Errorf("after its end: %d sessions, want 2; %v", sessions, err)
	}
	ended = 100
	before := len(f.requests)
	if err := ask(); Code(err) != "ExpiredToken" {
		t.Errorf("sessions that are refused: %v", err)
	}
	if n := len(f.requests) - before; n > 20 {
		t.Errorf("%d requests by five calls whose sessions are refused", n)
	}
}

func TestRefusals(t *testing.T) {
	role := func(trust string) string {
		trust = strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D", " ", "%20").Replace(trust)
		return `<GetRoleResponse><GetRoleResult><Role><Arn>arn:aws:iam::111111111111:role/orgdns</Arn><RoleName>orgdns</RoleName><RoleId>A</RoleId>
<Path>/</Path><CreateDate>2026-01-02T03:04:05Z</CreateDate><AssumeRolePolicyDocument>` + trust + `</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`
	}
	const allow = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111111111111:root"}`
	const (
		missing  = "there is no such role in account "
		trusts   = "its trust policy does not name the caller, or a condition there does not hold"
		noID     = "no external ID was sent and the trust policy asks for one (sts:ExternalId)"
		wrongID  = "the external ID that was sent is not the one in its trust policy (sts:ExternalId)"
		policies = "the caller's own policies, or a service control policy, do not allow sts:AssumeRole on it"
	)
	tests := []struct {
		name   string
		in     estate.AccountID // the role's account
		access Access
		code   string
		role   string // GetRole's answer, for a role of the base account
		want   []string
	}{
		{"another account's role", account, Access{Role: "orgdns"}, "AccessDenied", "", []string{missing + "222222222222", trusts, noID, policies}},
		{"with an external ID", account, Access{Role: "orgdns", ExternalID: "x"}, "AccessDenied", "", []string{missing + "222222222222", trusts, wrongID, policies}},
		{"a missing role of our own", baseAccount, Access{Role: "orgdns"}, "AccessDenied", refused("NoSuchEntity"), []string{missing + "111111111111"}},
		{"a role that may not be read", baseAccount, Access{Role: "orgdns"}, "AccessDenied", refused("AccessDenied"), []string{missing + "111111111111", trusts, noID, policies}},
		{"one that trusts somebody else", baseAccount, Access{Role: "orgdns"}, "AccessDenied", role(strings.ReplaceAll(allow, "111111111111", "999999999999") + "}}"), []string{trusts}},
		{"one that wants an external ID", baseAccount, Access{Role: "orgdns"}, "AccessDenied", role(allow + `,"Condition":{"StringEquals":{"sts:ExternalId":"x"}}}}`), []string{noID}},
		{"one that trusts us", baseAccount, Access{Role: "orgdns"}, "AccessDenied", role(allow + "}}"), []string{policies}},
		{"one that is not understood", baseAccount, Access{Role: "orgdns"}, "AccessDenied", role(allow + `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}`), []string{missing + "111111111111", trusts, noID, policies}},
		{"a Region without STS", account, Access{Role: "orgdns"}, "RegionDisabledException", "", []string{"activate STS in Region eu-west-1, or choose another"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{answer: func(r request) (int, string, error) {
				switch r.form().Get("Action") {
				case "AssumeRole":
					return 403, refused(tt.code), nil
				case "GetCallerIdentity":
					return 200, identified, nil
				case "GetRole":
					if strings.HasPrefix(tt.role, "<ErrorResponse>") {
						return 404, tt.role, nil
					}
					return 200, tt.role, nil
				}
				t.Errorf("unexpected %s %s", r.URL, r.body)
				return 500, "", nil
			}}
			s, _ := over(t, f, func(o *Options) { o.Accounts = map[estate.AccountID]Access{tt.in: tt.access} })
			r := s.Reader(nil)
			for range 2 { // a refusal is remembered
				_, err := r.Read(t.Context(), estate.Query{Kind: estate.QueryZones, Account: tt.in})
				var refused *RoleError
				if !errors.As(err, &refused) {
					t.Fatalf("error %v", err)
				}
				if Code(err) != tt.code || refused.Base != "arn:aws:iam::111111111111:user/admin" || strings.Join(refused.Reasons, "\n") != strings.Join(tt.want, "\n") {
					t.Errorf("%q by %s: %q, want %q", Code(err), refused.Base, refused.Reasons, tt.want)
				}
				if strings.Contains(err.Error(), "SDK") || !strings.HasPrefix(err.Error(), "account "+string(tt.in)+": arn:aws:iam::"+string(tt.in)+":role/orgdns cannot be assumed by ") {
					t.Errorf("text %q", err)
				}
			}
			if n := f.count("Action=AssumeRole"); n != 1 {
				t.Errorf("%d requests for AssumeRole", n)
			}
		})
	}
}

func TestWithoutRole(t *testing.T) {
	f := &fake{answer: func(r request) (int, string, error) {
		if r.form().Get("Action") == "GetCallerIdentity" {
			return 200, identified, nil
		}
		return 200, noZones, nil
	}}
	s, _ := over(t, f, func(o *Options) { o.Accounts = nil })
	r := s.Reader(nil)
	if _, err := r.Read(t.Context(), estate.Query{Kind: estate.QueryZones, Account: baseAccount}); err != nil {
		t.Error(err)
	}
	_, err := r.Read(t.Context(), estate.Query{Kind: estate.QueryZones, Account: account})
	const want = "account 222222222222 cannot be reached by arn:aws:iam::111111111111:user/admin: no role is configured for it; " +
		"set a role for this account in the configuration"
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
	if n := f.count("Action=GetCallerIdentity"); n != 1 {
		t.Errorf("the identity was asked for %d times", n)
	}
}

// TestPackedPolicy: STS packs policies and may refuse one that is short
// enough; then a wider one is taken, and noted.
func TestPackedPolicy(t *testing.T) {
	f := &fake{}
	f.answer = func(r request) (int, string, error) {
		if strings.HasPrefix(r.URL.Host, "sts.") {
			if strings.Contains(r.form().Get("Policy"), "Z1") {
				return 400, refused("PackedPolicyTooLarge"), nil
			}
			return 200, assumed(start.Add(time.Hour)), nil
		}
		return 200, changed, nil
	}
	s, _ := over(t, f, nil)
	w := s.Writer(Scope{account: {{Account: account, May: plan.MayChangeRecords, Zone: "Z1"}}})
	if _, err := w.Do(t.Context(), batch(plan.VerbCreate)); err != nil {
		t.Fatal(err)
	}
	notes := s.Notes()
	if len(notes) != 1 || notes[0].Account != string(account) || notes[0].Summary != "the session policy is wider than this run needs" {
		t.Errorf("notes %v", notes)
	}
}

// TestOtherRoles: batches of a statement go through the role that holds it.
func TestOtherRoles(t *testing.T) {
	f := &fake{answer: func(r request) (int, string, error) {
		if strings.HasPrefix(r.URL.Host, "sts.") {
			return 200, assumed(start.Add(time.Hour)), nil
		}
		return 200, changed, nil
	}}
	s, _ := over(t, f, func(o *Options) {
		o.Accounts[account] = Access{Role: "orgdns", Roles: map[Place]string{{parent, "delegation"}: "orgdns", {parent, "delegation-9"}: "orgdns-2"}}
	})
	w := s.Writer(nil)
	step := batch(plan.VerbCreate)
	step.Batch.ZoneName = parent
	for _, st := range []plan.Statement{"delegation", "delegation-9"} {
		step.Batch.Statement = st
		if _, err := w.Do(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	var roles []string
	for _, r := range f.requests {
		if arn := r.form().Get("RoleArn"); arn != "" {
			roles = append(roles, arn[strings.LastIndexByte(arn, '/')+1:])
		}
	}
	if strings.Join(roles, " ") != "orgdns orgdns-2" {
		t.Errorf("roles %v", roles)
	}
}

// TestGoneRole: which role held the statement of what left the configuration is
// not known, so each is tried; the first refusal is the one that is told.
func TestGoneRole(t *testing.T) {
	for _, holder := range []string{"orgdns", "orgdns-2", "orgdns-3", ""} {
		last := ""
		f := &fake{}
		f.answer = func(r request) (int, string, error) {
			if arn := r.form().Get("RoleArn"); arn != "" {
				last = arn[strings.LastIndexByte(arn, '/')+1:]
				return 200, assumed(start.Add(time.Hour)), nil
			}
			if last != holder {
				return 403, strings.Replace(refused("AccessDenied"), "<Message>", "<Message>"+last+" may not: ", 1), nil
			}
			return 200, changed, nil
		}
		s, _ := over(t, f, func(o *Options) {
			o.Accounts[account] = Access{Role: "orgdns", Roles: map[Place]string{
				{parent, "delegation"}: "orgdns", {parent, "delegation-9"}: "orgdns-2", {parent, "delegation-19"}: "orgdns-3"}}
		})
		step := batch(plan.VerbDelete)
		step.Batch.ZoneName, step.Batch.Statement = parent, plan.StatementGone
		_, err := s.Writer(nil).Do(t.Context(), step)
		if (err == nil) != (holder != "") || err != nil && !strings.Contains(err.Error(), "orgdns may not") {
			t.Errorf("held by %q: %v", holder, err)
		}
	}
}

func TestSessionName(t *testing.T) {
	for owner, want := range map[string]string{
		"acme-network":          "orgdns-acme-network",
		"a team/ü":              "orgdns-a-team--",
		strings.Repeat("x", 80): "orgdns-" + strings.Repeat("x", 57),
	} {
		if got := sessionName(owner); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
