package awsapi

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

var parent, child = dnsname.MustParse("example.com"), dnsname.MustParse("api.example.com")

// parentPermissions are those of an account that holds a parent zone, with the
// names of its links.
func parentPermissions(names []dnsname.Name) []plan.Permission {
	verbs := []plan.Verb{plan.VerbCreate, plan.VerbDelete}
	out := []plan.Permission{
		{Account: account, May: plan.MayReadZones},
		{Account: account, May: plan.MayReadZone},
		{Account: account, May: plan.MayReadRole, Role: "orgdns"},
		{Account: account, May: plan.MayChangeRecords, Zone: "Z1", ZoneName: parent, Statement: plan.StatementLedger,
			Like: []string{plan.LikeLedger(parent, "acme")}, Types: []string{"TXT"}, Verbs: verbs},
	}
	for _, share := range plan.StatementDelegation.Spread(names) {
		out = append(out, plan.Permission{Account: account, May: plan.MayChangeRecords, Zone: "Z1", ZoneName: parent,
			Statement: share.Statement, Names: share.Names, Types: []string{"NS"}, Verbs: verbs})
	}
	return out
}

func childPermissions() []plan.Permission {
	return []plan.Permission{
		{Account: account, May: plan.MayReadZones},
		{Account: account, May: plan.MayReadVPCs, Region: "eu-west-1"},
		{Account: account, May: plan.MayReadVPCs, Region: "eu-central-1"},
		{Account: account, May: plan.MayCreateZone},
		{Account: account, May: plan.MayDeleteZone},
		{Account: account, May: plan.MayTagZone},
		{Account: account, May: plan.MayMakeCertificates, Region: "eu-west-1"},
		{Account: account, May: plan.MayChangeRecords, ZoneName: child, Statement: plan.StatementRecords,
			Names: []dnsname.Name{child}, Like: []string{plan.LikeUnder(child)}, Types: []string{"TXT", "A"}, Verbs: []plan.Verb{plan.VerbCreate, plan.VerbDelete}},
		{Account: account, May: plan.MayChangeRecords, ZoneName: child, Statement: plan.StatementApex,
			Names: []dnsname.Name{child}, Types: []string{"NS"}, Verbs: []plan.Verb{plan.VerbUpsert}},
		{Account: account, May: plan.MayChangeRecords, ZoneName: dnsname.MustParse("shop.example.com"), Statement: plan.StatementApex,
			Names: []dnsname.Name{dnsname.MustParse("shop.example.com")}, Types: []string{"NS"}, Verbs: []plan.Verb{plan.VerbUpsert}},
	}
}

func names(n, length int) []dnsname.Name {
	var out []dnsname.Name
	for i := range n {
		label := fmt.Sprintf("team-%04d", i)
		label += strings.Repeat("x", length-len(label)-len(".example.com"))
		out = append(out, dnsname.MustParse(label+".example.com"))
	}
	return out
}

func access(estate.AccountID) Access { return Access{Role: "net/orgdns", ExternalID: "handshake"} }

var trusted = Trust{Principal: string(baseAccount), Organization: "o-1"}

// TestDocuments compares with golden files; set UPDATE_GOLDEN to write them.
func TestDocuments(t *testing.T) {
	tests := map[string][]plan.Permission{
		"parent": parentPermissions([]dnsname.Name{child, dnsname.MustParse("*.example.com")}),
		"child":  childPermissions(),
		"runner": {
			{Account: baseAccount, May: plan.MayAssume, Role: "arn:aws:iam::222222222222:role/net/orgdns"},
			{Account: baseAccount, May: plan.MayAssume, Role: "arn:aws:iam::333333333333:role/net/orgdns"},
		},
	}
	for name, permissions := range tests {
		t.Run(name, func(t *testing.T) {
			roles, notes := Documents("aws", trusted, access, permissions)
			if len(notes) > 0 {
				t.Errorf("notes %v", notes)
			}
			var b strings.Builder
			for _, r := range roles {
				fmt.Fprintf(&b, "account %s, role %q\n", r.Account, r.Name)
				if r.Trust != "" {
					fmt.Fprintf(&b, "trust %s\n", indented(t, r.Trust))
				}
				for _, p := range r.Policies {
					fmt.Fprintf(&b, "policy %s %s\n", p.Name, indented(t, p.Document))
				}
			}
			golden(t, name, b.String())
		})
	}
}

func indented(t *testing.T, document string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestSizes: whatever the names, no plan.Document is longer than IAM takes, no role
// holds more than ten, and a batch of one statement finds all its names in one.
func TestSizes(t *testing.T) {
	tests := []struct {
		names, length   int
		policies, roles int
		pattern         bool
		note            string
	}{
		{280, 21, 2, 1, false, "2 policies on one role"},
		{170, 21, 1, 1, false, ""},
		{1000, 40, 9, 1, false, "9 policies on one role"},
		{3000, 40, 25, 3, false, "25 policies on 3 roles"},
		{9000, 40, 1, 1, true, "a pattern stands for the names that orgdns may change"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%dx%d", tt.names, tt.length), func(t *testing.T) {
			permissions := parentPermissions(names(tt.names, tt.length))
			roles, notes := Documents("aws", trusted, access, permissions)
			policies, seen := 0, map[string]int{}
			for i, r := range roles {
				if len(r.Policies) > policiesPerRole {
					t.Errorf("role %s has %d policies", r.Name, len(r.Policies))
				}
				if want := fmt.Sprintf("orgdns-%d", i+1); i > 0 && (r.Name != want || len(r.Places) == 0) {
					t.Errorf("role %d is %s for %v", i, r.Name, r.Places)
				}
				for _, p := range r.Policies {
					policies++
					if len(p.Document) > maxPolicy {
						t.Errorf("policy %s has %d characters", p.Name, len(p.Document))
					}
					for _, st := range parse(t, p.Document).Statement {
						for _, keys := range st.Condition {
							for _, n := range keys[plan.KeyNames] {
								seen[n]++
							}
						}
					}
				}
			}
			if policies != tt.policies || len(roles) != tt.roles {
				t.Errorf("%d policies on %d roles, want %d on %d", policies, len(roles), tt.policies, tt.roles)
			}
			if _, ok := seen["*.example.com"]; ok != tt.pattern {
				t.Errorf("pattern: %v", ok)
			}
			if !tt.pattern {
				for _, n := range names(tt.names, tt.length) {
					if seen[n.Normalized()] != 1 {
						t.Fatalf("%s is in %d statements", n, seen[n.Normalized()])
					}
				}
			}
			got := ""
			if len(notes) > 0 {
				got = notes[0].Summary
			}
			if got != tt.note {
				t.Errorf("notes %v, want %q", notes, tt.note)
			}
		})
	}
}

// TestUnspread: a recipe that did not share out its names gets a pattern.
func TestUnspread(t *testing.T) {
	p := plan.Permission{Account: account, May: plan.MayChangeRecords, Zone: "Z1", ZoneName: parent,
		Statement: plan.StatementDelegation, Names: names(400, 25), Types: []string{"NS"}}
	roles, notes := Documents("aws", trusted, access, []plan.Permission{p})
	if len(notes) != 1 || len(roles) != 1 || !strings.Contains(roles[0].Policies[0].Document, `"*.example.com"`) {
		t.Errorf("%v %v", roles, notes)
	}
}

func parse(t *testing.T, document string) plan.Document {
	t.Helper()
	var p plan.Document
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSessionPolicies(t *testing.T) {
	many := func(n int) []plan.Permission {
		var out []plan.Permission
		for i := range n {
			out = append(out, plan.Permission{Account: account, May: plan.MayChangeRecords, Zone: fmt.Sprintf("Z%020d", i)})
		}
		return out
	}
	tests := []struct {
		name        string
		permissions []plan.Permission
		wide        breadth
		has, hasNot []string
	}{
		{"every read", readAll, anyNoun, []string{`"route53:List*"`, `"acm:Describe*"`, `"iam:Get*"`, `"ec2:Search*"`}, []string{`route53:Change`, `:*"`}},
		{"nothing", []plan.Permission{}, exact, []string{`"Deny"`}, []string{"Allow"}},
		{"a child", childPermissions(), exact, []string{`"*.api.example.com"`, `"UPSERT"`, `"eu-central-1"`}, []string{"Sid", "Null"}},
		{"two links", parentPermissions([]dnsname.Name{child, dnsname.MustParse("shop.example.com")}), exact,
			[]string{`"shop.example.com"`, "hostedzone/Z1", "_orgdns-"}, nil},
		{"300 links", parentPermissions(names(300, 30)), anyName, []string{`"NS"`, "hostedzone/Z1"}, []string{"team-"}},
		{"100 zones", many(100), anyZone, []string{"hostedzone/*", "ChangeResourceRecordSets"}, []string{"Z000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wide, got := exact, ""
			for ; wide < breadths; wide++ {
				if got = sessionPolicy("aws", account, tt.permissions, wide); len(got) <= maxSessionPolicy {
					break
				}
			}
			if wide != tt.wide {
				t.Errorf("breadth %d, want %d: %s", wide, tt.wide, got)
			}
			parse(t, got)
			for _, s := range tt.has {
				if !strings.Contains(got, s) {
					t.Errorf("no %s in %s", s, got)
				}
			}
			for _, s := range tt.hasNot {
				if strings.Contains(got, s) {
					t.Errorf("%s in %s", s, got)
				}
			}
		})
	}
}

func TestPartitions(t *testing.T) {
	for region, want := range map[estate.Region]string{
		"eu-west-1": "arn:aws:route53:::hostedzone/Z1", "cn-north-1": "arn:aws-cn:route53:::hostedzone/Z1",
		"us-gov-west-1": "arn:aws-us-gov:route53:::hostedzone/Z1",
	} {
		p := sessionPolicy(region.Partition(), account, []plan.Permission{{May: plan.MayReadZone, Zone: "Z1"}}, exact)
		if !strings.Contains(p, `"`+want+`"`) {
			t.Errorf("%s: %s", region, p)
		}
	}
}

// TestQueueKey: who takes messages may use the key that encrypts them, no other, and
// through SQS alone.
func TestQueueKey(t *testing.T) {
	const id, foreign = "1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:eu-west-1:999999999999:"
	own := "arn:aws:kms:eu-west-1:" + string(account) + ":key/"
	via := `{"StringLike":{"kms:ViaService":"sqs.eu-west-1.amazonaws.com"}}`
	bears := `{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/events"},"StringLike":{"kms:ViaService":"sqs.eu-west-1.amazonaws.com"}}`
	for _, x := range []struct {
		key, resource, condition string
		wide                     breadth
	}{
		{id, own + id, via, exact},
		{"mrk-1234abcd12ab34cd56ef1234567890ab", own + "mrk-1234abcd12ab34cd56ef1234567890ab", via, exact},
		{foreign + "key/" + id, foreign + "key/" + id, via, exact},
		{"alias/events", own + "*", bears, exact},
		{foreign + "alias/events", foreign + "key/*", bears, exact},
		{"", "arn:aws:kms:eu-west-1:*:key/*", via, exact}, // of a session, which the role limits
		{"alias/events", "arn:aws:kms:*:*:key/*", `{"StringLike":{"kms:ViaService":"sqs.*.amazonaws.com"}}`, anyZone},
	} {
		general, _ := statements("aws", account, []plan.Permission{{Account: account, May: plan.MayUseKeys, Region: "eu-west-1", Key: x.key}}, x.wide)
		if len(general) != 1 {
			t.Fatalf("%q: %d statements", x.key, len(general))
		}
		got := general[0]
		if c, err := json.Marshal(got.Condition); err != nil || len(got.Resource) != 1 || got.Resource[0] != x.resource || string(c) != x.condition {
			t.Errorf("%q: %v under %s, want %s under %s", x.key, got.Resource, c, x.resource, x.condition)
		}
	}
}
