package twintest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// TestSessionPolicy: what the run does not need is refused, whatever the role
// may do.
func TestSessionPolicy(t *testing.T) {
	a := newAWS(t, populated(), nil)
	reads := a.sessions.Reader(awsapi.Scope{child: {{Account: child, May: plan.MayReadZones}}})
	if _, err := reads.Read(t.Context(), query(estate.QueryZones, child)); err != nil {
		t.Error(err)
	}
	for _, q := range []estate.Query{query(estate.QueryZone, child, "ZPRIVATE"), query(estate.QueryVPCs, child, "eu-west-1")} {
		if _, err := reads.Read(t.Context(), q); !awsapi.Denied(err) || !strings.Contains(err.Error(), "because no session policy allows") {
			t.Errorf("%s beyond the scope: %v", q, err)
		}
	}
	if _, err := reads.Read(t.Context(), query(estate.QueryZone, parent, "ZPARENT")); err != nil {
		t.Errorf("an account outside the scope cannot be read: %v", err)
	}

	create := func(zone, n string) plan.Step {
		set := record(n, "192.0.2.9")
		set.Zone = zone
		s := batchStep(plan.RecordChange{Verb: plan.VerbCreate, Set: set})
		s.Batch.Zone = zone
		return s
	}
	w := a.sessions.Writer(awsapi.Scope{parent: {{
		Account: parent, May: plan.MayChangeRecords, Zone: "ZPARENT", Names: []dnsname.Name{name("a.example.com")},
	}}})
	tests := []struct {
		step plan.Step
		ok   bool
	}{
		{create("ZPARENT", "a.example.com"), true},
		{create("ZPARENT", "b.example.com"), false},
		{create("ZOTHERA", "a.one.example"), false},
		{zoneStep(plan.Create, ""), false}, // an account outside the scope
	}
	for _, tt := range tests {
		_, err := w.Do(t.Context(), tt.step)
		if tt.ok && err != nil || !tt.ok && !awsapi.Denied(err) {
			t.Errorf("%s %s: %v", tt.step.Address, tt.step.Action, err)
		}
	}
	if len(a.sessions.Notes()) > 0 {
		t.Errorf("notes %v", a.sessions.Notes())
	}
}

// TestRefusals: why a role cannot be assumed, as far as it can be told.
func TestRefusals(t *testing.T) {
	const external = `,"Condition":{"StringEquals":{"sts:ExternalId":"handshake"}}`
	tests := []struct {
		name   string
		trust  string // none: there is no such role
		access awsapi.Access
		want   string // for a role of our own account; in others all four are listed
	}{
		{"missing role", "", awsapi.Access{Role: "orgdns"}, "there is no such role in account %s"},
		{"wrong principal", strings.ReplaceAll(trust(""), string(management), "999999999999"), awsapi.Access{Role: "orgdns"}, "its trust policy does not name the caller"},
		{"missing external ID", trust(external), awsapi.Access{Role: "orgdns"}, "no external ID was sent and the trust policy asks for one"},
		{"wrong external ID", trust(external), awsapi.Access{Role: "orgdns", ExternalID: "guess"}, "the external ID that was sent is not the one in its trust policy"},
	}
	for _, tt := range tests {
		for _, account := range []estate.AccountID{management, child} {
			t.Run(tt.name+" "+string(account), func(t *testing.T) {
				e := populated()
				e.Roles.Delete("arn:aws:iam::" + string(account) + ":role/orgdns")
				if tt.trust != "" {
					r := role(account, everything)
					r.Trust = tt.trust
					e.Roles.Put(r)
				}
				a := newAWS(t, e, func(o *awsapi.Options) { o.Accounts = map[estate.AccountID]awsapi.Access{account: tt.access} })
				_, err := a.sessions.Reader(nil).Read(t.Context(), query(estate.QueryZones, account))
				var refused *awsapi.RoleError
				if !errors.As(err, &refused) || !awsapi.Denied(err) {
					t.Fatalf("error %v", err)
				}
				want := tt.want
				if strings.Contains(want, "%s") {
					want = fmt.Sprintf(want, account)
				}
				reasons, found := len(refused.Reasons), strings.Contains(strings.Join(refused.Reasons, "\n"), want)
				if wantReasons := map[bool]int{true: 1, false: 4}[account == management]; reasons != wantReasons || !found {
					t.Errorf("%d reasons, want %d with %q: %v", reasons, wantReasons, want, err)
				}
				if strings.Contains(err.Error(), "guess") || strings.Contains(err.Error(), "handshake") {
					t.Errorf("an external ID is shown: %v", err)
				}
			})
		}
	}
}

// links are the names that the parent account delegates.
var links = []dnsname.Name{name("api.example.com"), name("*.example.com")}

func leastPermissions() []plan.Permission {
	verbs := []plan.Verb{plan.VerbCreate, plan.VerbDelete}
	domain := name("api.example.com")
	return []plan.Permission{
		{Account: parent, May: plan.MayReadZones},
		{Account: parent, May: plan.MayReadZone},
		{Account: parent, May: plan.MayReadLimits},
		{Account: parent, May: plan.MayReadRole, Role: "orgdns"},
		{Account: parent, May: plan.MayChangeRecords, Zone: "ZPARENT", ZoneName: name("example.com"), Statement: plan.StatementDelegation,
			Names: links, Types: []string{"NS"}, Verbs: verbs},
		{Account: parent, May: plan.MayChangeRecords, Zone: "ZPARENT", ZoneName: name("example.com"), Statement: plan.StatementLedger,
			Like: []string{plan.LikeLedger(name("example.com"), owner)}, Types: []string{"TXT"}, Verbs: verbs},

		{Account: child, May: plan.MayReadOrganization},
		{Account: child, May: plan.MayReadZones},
		{Account: child, May: plan.MayReadZone},
		{Account: child, May: plan.MayReadVPCs, Region: ireland},
		{Account: child, May: plan.MayCreateZone},
		{Account: child, May: plan.MayTagZone},
		{Account: child, May: plan.MayDeleteZone},
		{Account: child, May: plan.MayMakeCertificates, Region: ireland},
		{Account: child, May: plan.MayChangeRecords, ZoneName: domain, Statement: plan.StatementRecords,
			Names: []dnsname.Name{domain}, Like: []string{plan.LikeUnder(domain)}, Types: []string{"A", "TXT"}, Verbs: verbs},
		{Account: child, May: plan.MayChangeRecords, ZoneName: domain, Statement: plan.StatementApex,
			Names: []dnsname.Name{domain}, Types: []string{"NS"}, Verbs: []plan.Verb{plan.VerbUpsert}},

		{Account: management, May: plan.MayReadAccounts},
		{Account: management, May: plan.MayAssume, Role: "arn:aws:iam::111111111111:role/orgdns"},
		{Account: management, May: plan.MayAssume, Role: "arn:aws:iam::333333333333:role/orgdns"},
		{Account: management, May: plan.MayAssume, Role: "arn:aws:iam::000000000001:role/orgdns"},
	}
}

// runner is who runs orgdns in these tests: a user that may do nothing but
// assume the roles.
const runner = "arn:aws:iam::000000000001:user/runner"

// installed is an estate with the roles as documents describe them, leaving
// out one statement.
func installed(t *testing.T, without string) (e estate.Estate, sids []string) {
	t.Helper()
	e = populated()
	e.Roles, e.ManagedPolicies = estate.Table[estate.Role]{}, estate.Table[estate.ManagedPolicy]{}
	roles, notes := awsapi.Documents("aws", awsapi.Trust{Principal: runner, Organization: "o-acme"},
		func(estate.AccountID) awsapi.Access { return awsapi.Access{Role: "orgdns", ExternalID: "handshake"} }, leastPermissions())
	if len(notes) > 0 {
		t.Errorf("notes %v", notes)
	}
	user := estate.User{ARN: runner, ID: "AIDARUNNER", Account: management, Path: "/", Name: "runner", Inline: map[string]string{}}
	for _, r := range roles {
		var attached []string
		for _, p := range r.Policies {
			var d struct {
				Version   string
				Statement []map[string]any
			}
			if err := json.Unmarshal([]byte(p.Document), &d); err != nil {
				t.Fatal(err)
			}
			kept := []map[string]any{}
			for _, st := range d.Statement {
				sid := string(r.Account) + "/" + p.Name + "/" + st["Sid"].(string)
				sids = append(sids, sid)
				if sid != without {
					kept = append(kept, st)
				}
			}
			if len(kept) == 0 {
				continue // a policy has a statement
			}
			d.Statement = kept
			b, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			arn := fmt.Sprintf("arn:aws:iam::%s:policy/%s", r.Account, p.Name)
			e.ManagedPolicies.Put(estate.ManagedPolicy{
				ARN: arn, ID: "ANPA" + p.Name, Account: r.Account, Path: "/", Name: p.Name, Default: "v1",
				Versions: []estate.PolicyVersion{{ID: "v1", Document: string(b)}},
			})
			attached = append(attached, arn)
		}
		if r.Name == "" {
			user.Attached = attached
			continue
		}
		made := role(r.Account, everything)
		made.Trust, made.Inline, made.Attached = r.Trust, nil, attached
		e.Roles.Put(made)
	}
	e.Users.Put(user)
	return e, sids
}

// asRunner makes a twin and the sessions of its runner.
func asRunner(t *testing.T, e estate.Estate) aws {
	t.Helper()
	a := newAWS(t, e, nil)
	var key world.Credential
	if err := a.world.Update(func(s *world.State) error {
		key = s.NewKey(world.Caller{Account: management, ARN: runner, ID: "AIDARUNNER"}, start)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return a.as(key.AccessKey, key.Secret, "", awsapi.Access{Role: "orgdns", ExternalID: "handshake"})
}

// TestLeast: the roles as printed suffice for all that orgdns does, and each
// statement is needed.
func TestLeast(t *testing.T) {
	e, sids := installed(t, "")
	if err := everyCall(t, asRunner(t, e)); err != nil {
		t.Fatal(err)
	}
	for _, sid := range sids {
		t.Run(sid, func(t *testing.T) {
			e, _ := installed(t, sid)
			if err := everyCall(t, asRunner(t, e)); !awsapi.Denied(err) {
				t.Errorf("without this statement: %v", err)
			}
		})
	}
}

// everyCall does what the permissions are for, until something fails.
func everyCall(t *testing.T, a aws) error {
	ctx := t.Context()
	reader, w := a.sessions.Reader(nil), a.sessions.Writer(nil)
	for _, q := range []estate.Query{
		query(estate.QueryAccounts, management), query(estate.QueryOrganization, child),
		query(estate.QueryZones, parent), query(estate.QueryRecords, parent, "ZPARENT"), query(estate.QueryZone, parent, "ZPARENT"),
		query(estate.QueryLimits, parent), query(estate.QueryLimits, parent, "ZPARENT"), query(estate.QueryRole, parent, "orgdns"),
		query(estate.QueryZones, child), query(estate.QueryVPCs, child, "eu-west-1"), query(estate.QueryCertificates, child, "eu-west-1"),
	} {
		if _, err := reader.Read(ctx, q); err != nil {
			return err
		}
	}
	change := func(account estate.AccountID, zone string, verb plan.Verb, n, rrtype string, values ...string) error {
		return changeRecord(ctx, w, account, zone, verb, n, rrtype, values...)
	}
	if _, err := w.Do(ctx, zoneStep(plan.Create, "")); err != nil {
		return err
	}
	made, err := w.Do(ctx, zoneStep(plan.Create, "")) // finds it
	if err != nil {
		return err
	}
	id := made["id"][0]
	ledger := plan.LedgerName(name("example.com"), owner, 1).String()
	steps := []func() error{
		func() error { _, err := w.Do(ctx, zoneStep(plan.Claim, id)); return err },
		func() error { return change(child, id, plan.VerbCreate, "www.api.example.com", "A", "192.0.2.1") },
		func() error { return change(child, id, plan.VerbDelete, "www.api.example.com", "A", "192.0.2.1") },
		func() error { return change(child, id, plan.VerbUpsert, "api.example.com", "NS", "ns.example.net.") },
		func() error { return change(parent, "ZPARENT", plan.VerbCreate, ledger, "TXT", `"NS api"`) },
		func() error {
			return change(parent, "ZPARENT", plan.VerbCreate, "api.example.com", "NS", "ns.example.net.")
		},
		func() error {
			return change(parent, "ZPARENT", plan.VerbDelete, "api.example.com", "NS", "ns.example.net.")
		},
		func() error { return change(parent, "ZPARENT", plan.VerbDelete, ledger, "TXT", `"NS api"`) },
		func() error {
			cert, err := w.Do(ctx, certificateStep(plan.Create, ""))
			if err != nil {
				return err
			}
			if _, err := w.Do(ctx, certificateStep(plan.Claim, cert["arn"][0])); err != nil {
				return err
			}
			_, err = w.Do(ctx, certificateStep(plan.Delete, cert["arn"][0]))
			return err
		},
		func() error { _, err := w.Do(ctx, zoneStep(plan.Delete, id)); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// changeRecord sends one change, and asks whether it is in effect.
func changeRecord(ctx context.Context, w *awsapi.Writer, account estate.AccountID, zone string, verb plan.Verb, n, rrtype string, values ...string) error {
	s := batchStep(plan.RecordChange{Verb: verb, Set: estate.RecordSet{Zone: zone, Name: name(n), Type: rrtype, TTL: 300, Values: values}})
	s.Account, s.Batch.Zone = account, zone
	done, err := w.Do(ctx, s)
	if err == nil {
		_, err = w.Settled(ctx, s, done)
	}
	return err
}

// TestBeyond: what the roles as printed do not permit.
func TestBeyond(t *testing.T) {
	e, _ := installed(t, "")
	a := asRunner(t, e)
	w := a.sessions.Writer(nil)
	made := do(t, w, zoneStep(plan.Create, ""))
	ledger := plan.LedgerName(name("example.com"), owner, 0).String()
	tests := []struct {
		name    string
		account estate.AccountID
		zone    string
		verb    plan.Verb
		record  string
		rrtype  string
	}{
		{"another name's servers", parent, "ZPARENT", plan.VerbCreate, "shop.example.com", "NS"},
		{"a name below a delegated one", parent, "ZPARENT", plan.VerbCreate, "x.api.example.com", "NS"},
		{"another type at a delegated name", parent, "ZPARENT", plan.VerbCreate, "api.example.com", "TXT"},
		{"overwriting a delegation", parent, "ZPARENT", plan.VerbUpsert, "api.example.com", "NS"},
		{"the servers of the parent zone itself", parent, "ZPARENT", plan.VerbUpsert, "example.com", "NS"},
		{"another owner's ledger", parent, "ZPARENT", plan.VerbCreate, plan.LedgerName(name("example.com"), "other", 0).String(), "TXT"},
		{"the ledger with another type", parent, "ZPARENT", plan.VerbCreate, ledger, "NS"},
		{"another zone of the parent account", parent, "ZOTHERA", plan.VerbCreate, "api.example.com", "NS"},
		{"a name outside the child's domain", child, made["id"][0], plan.VerbCreate, "example.com", "TXT"},
		{"overwriting a record of the child", child, made["id"][0], plan.VerbUpsert, "www.api.example.com", "TXT"},
		{"a type that was not granted", child, made["id"][0], plan.VerbCreate, "www.api.example.com", "NS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			value := `"text"`
			if tt.rrtype == "NS" {
				value = "ns.example.net."
			}
			if err := changeRecord(t.Context(), w, tt.account, tt.zone, tt.verb, tt.record, tt.rrtype, value); !awsapi.Denied(err) {
				t.Errorf("error %v", err)
			}
		})
	}
	both := batchStep(
		plan.RecordChange{Verb: plan.VerbCreate, Set: estate.RecordSet{Zone: "ZPARENT", Name: name(ledger), Type: "TXT", TTL: 60, Values: []string{`"NS api"`}}},
		plan.RecordChange{Verb: plan.VerbCreate, Set: estate.RecordSet{Zone: "ZPARENT", Name: links[0], Type: "NS", TTL: 60, Values: []string{"ns.example.net."}}},
	)
	if _, err := w.Do(t.Context(), both); !awsapi.Denied(err) {
		t.Errorf("ledger and delegation in one batch: %v", err)
	}
}
