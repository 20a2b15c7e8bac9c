package plan

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

func TestValueForms(t *testing.T) {
	for _, tt := range []struct {
		v    Value
		text string
	}{
		{Lit(""), ""},
		{Lit("192.0.2.1"), "192.0.2.1"},
		{Lit("@"), "@@"},
		{Lit("@now+1m0s"), "@@now+1m0s"},
		{Lit("@@a#b"), "@@@a#b"},
		{Of("delegations/a.example/zone", "id"), "@delegations/a.example/zone#id"},
		{Of("d/records/www/A/set #1", "record:*.a.example"), "@d/records/www/A/set #1#record:*.a.example"},
		{In(10 * time.Minute), "@now+10m0s"},
		{In(-time.Second), "@now+-1s"},
	} {
		var back Value
		if err := back.UnmarshalText([]byte(tt.text)); tt.v.String() != tt.text || err != nil || back != tt.v {
			t.Errorf("%#v is %q; %q reads as %#v, %v", tt.v, tt.v.String(), tt.text, back, err)
		}
	}
	for _, tt := range []struct{ text, want string }{
		{"@a", `value "@a" is no reference: it has no address#attribute`},
		{"@#a", `value "@#a" is no reference: it has no address#attribute`},
		{"@now+soon", `value "@now+soon": time: invalid duration "soon"`},
	} {
		var v Value
		if err := v.UnmarshalText([]byte(tt.text)); err == nil || err.Error() != tt.want {
			t.Errorf("%q reads with %v, want %s", tt.text, err, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := Lit(rapid.String().Draw(t, "literal"))
		raw, err := json.Marshal(map[string]Value{"v": v})
		var back map[string]Value
		if err != nil || json.Unmarshal(raw, &back) != nil || back["v"] != v {
			t.Fatalf("%q goes through JSON as %s to %#v, %v", v, raw, back, err)
		}
	})
}

func TestResolveValue(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.FixedZone("x", 3600))
	lookup := func(r Ref) ([]string, bool) {
		got, ok := map[Ref][]string{{"a", "id"}: {"Z1"}, {"a", "ns"}: {"1", "2"}, {"a", "none"}: {}}[r]
		return got, ok
	}
	for _, tt := range []struct {
		v    Value
		want string
	}{
		{Lit("x"), "x"}, {Lit(""), ""}, {Of("a", "id"), "Z1"}, {Of("a", "ns"), "1 2"}, {In(time.Hour), "2026-01-01T12:00:00Z"},
		{Of("a", "none"), "@a#none is not known"}, {Of("b", "id"), "@b#id is not known"},
	} {
		got, err := tt.v.Resolve(now, lookup)
		text := strings.Join(got, " ")
		if err != nil {
			text = err.Error()
		}
		if text != tt.want {
			t.Errorf("%s resolves to %q, want %q", tt.v, text, tt.want)
		}
	}
}

func TestReference(t *testing.T) {
	long := "delegations/" + strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".example.com/zone"
	for _, tt := range []struct{ owner, address, want string }{
		{"acme", "delegations/a.example/zone", "orgdns/acme/delegations/a.example/zone"},
		{"acme", long, "orgdns/acme/" + hash(long, 26)},
	} {
		ref := Reference(tt.owner, tt.address)
		if ref != tt.want {
			t.Errorf("Reference(%s, %s) = %s", tt.owner, tt.address, ref)
		}
		for _, n := range []int{1, 2, 999} {
			whole := NumberedReference(ref, n)
			if len(whole) > maxReference {
				t.Errorf("%s has %d characters", whole, len(whole))
			}
			back, got, ok := ParseReference(whole)
			if back != ref || got != n || !ok || !OwnedBy(back, tt.owner) {
				t.Errorf("ParseReference(%s) = %s, %d, %v", whole, back, got, ok)
			}
		}
	}
	for _, s := range []string{"", "orgdns", "orgdns/", "orgdns/acme/a/", "orgdns/acme/a/x", "orgdns/acme/a/0", "orgdns/acme/a/-1", "terraform/acme/a/1", "2024-01-01"} {
		if ref, n, ok := ParseReference(s); ok {
			t.Errorf("ParseReference(%q) = %q, %d", s, ref, n)
		}
	}
	if OwnedBy("orgdns/acme-web/a", "acme") || OwnedBy("orgdns/acme", "acme") {
		t.Error("another owner's reference is ours")
	}
}

func TestSaveLoad(t *testing.T) {
	zone, record := dnsname.MustParse("a.example"), Record{Zone: Of("z", "id"), ZoneName: dnsname.MustParse("a.example"), Name: Lit("a.example"), Type: "NS",
		TTL: 60, Values: []Value{Of("z", "nameServers"), Lit("@x")}, Alias: &estate.Alias{Name: dnsname.Root, Zone: "Z"}, Statement: StatementRecords}
	p := &Plan{
		Version: Version, Owner: "o", Made: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Known: map[string]Attributes{"k": {"id": {"Z1"}}},
		Changes: []Change{
			{Address: "z", Action: Create, Account: "1", After: &Item{Zone: &Zone{Name: zone, Reference: "r"}}},
			{Address: "r", Action: Update, Account: "1", Before: &Item{Record: &record}, After: &Item{Record: &record}, Needs: []Dependency{{"z", true}},
				NotBefore: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Delays: []Delay{{"z", time.Minute}}, Settle: true, SettleAfter: []string{"z"},
				Basis: []Basis{{estate.Query{Kind: estate.QueryRecords, ID: "Z1"}, "records", "k", "h"}}, Pos: diag.Pos{File: "f", Line: 1, Column: 2}},
			{Address: "t", Action: Update, After: &Item{ZoneTags: &ZoneTags{Zone: Of("z", "id"), Name: zone, Set: map[string]Value{"a": In(time.Hour)}, Remove: []string{"b"}}}},
			{Address: "c", Action: Await, After: &Item{Certificate: &Certificate{Names: []dnsname.Name{zone}}}},
		},
		Ledgers: []Ledger{{Zone: Lit("Z1"), ZoneName: zone, Owner: "o", Apart: true, Sets: map[int][]string{0: {"NS a"}, 11: {"NS b"}},
			Odd: map[int]estate.RecordSet{0: {Zone: "Z1", Type: "TXT"}}}},
		Waiting: []Waiting{{Address: "x", For: "y"}}, Managed: 3, Diagnostics: diag.List{{Severity: diag.Note, Summary: "s"}},
		Answers: []Answer{{Name: zone, Type: "A", From: []string{"internet"}, New: true}}, Takes: time.Minute, Calls: []Calls{{"1", "route53", "GetChange", 2}},
	}
	raw, err := p.Save()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Load(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, p) {
		t.Errorf("came back as\n%+v\nnot\n%+v", back, p)
	}
	again, err := back.Save()
	if err != nil || !slices.Equal(raw, again) {
		t.Errorf("saved again it is other bytes, %v", err)
	}
	text := string(raw)
	for _, tt := range []struct{ in, want string }{
		{"", "no plan: unexpected end of JSON input"},
		{"[]", "no plan: json: cannot unmarshal array"},
		{"{}", "the plan has version 0; this orgdns reads version 1: plan again"},
		{strings.Replace(text, `"version": 1`, `"version": 2, "new": 1`, 1), "the plan has version 2; this orgdns reads version 1: plan again"},
		{strings.Replace(text, `"owner"`, `"ownr"`, 1), `no plan: json: unknown field "ownr"`},
		{strings.Replace(text, `"@z#id"`, `"@z"`, 1), `no plan: value "@z" is no reference`},
		{text + "x", "no plan: invalid character 'x'"},
		{`{"version": 1, "changes": [{"address": "a", "action": "create"}]}`, `no plan: change "a" has no content`},
		{`{"version": 1, "changes": [{"address": "a", "action": "create", "after": {}}]}`, `no plan: change "a" has no content`},
		{`{"version": 1, "changes": [{"address": "a", "action": "create", "after": {"zone": {"name": "x"}}, "needs": [{"address": "b"}]}]}`, `no plan: change "a" needs "b", which is not in it`},
	} {
		if _, err := Load([]byte(tt.in)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("loads with %v; want %s", err, tt.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	name := dnsname.MustParse("a.example")
	key := estate.RecordKey("Z1", name, "NS", "")
	base := func() estate.Estate {
		var e estate.Estate
		e.Zones.Put(estate.Zone{ID: "Z1", Account: "1", Name: name, CallerReference: "r"})
		e.Records.Put(estate.RecordSet{Zone: "Z1", Name: name, Type: "NS", TTL: 60, Values: []string{"b", "a"}})
		e.Certificates.Put(estate.Certificate{ARN: "c", Status: estate.CertificatePending, Names: []dnsname.Name{name}})
		return e
	}
	places := map[string]string{"zones": "1 a.example", "records": key, "certificates": "c"}
	for _, tt := range []struct {
		name    string
		change  func(*estate.Estate)
		differs string // the table whose fingerprint changes
	}{
		{"nothing", func(*estate.Estate) {}, ""},
		{"another zone elsewhere", func(e *estate.Estate) { e.Zones.Put(estate.Zone{ID: "Z2", Account: "2", Name: name}) }, ""},
		{"a private zone", func(e *estate.Estate) { e.Zones.Put(estate.Zone{ID: "Z2", Account: "1", Name: name, Private: true}) }, ""},
		{"the count of records", func(e *estate.Estate) {
			e.Zones.Put(estate.Zone{ID: "Z1", Account: "1", Name: name, CallerReference: "r", RecordCount: 7})
		}, ""},
		{"a second zone", func(e *estate.Estate) { e.Zones.Put(estate.Zone{ID: "Z2", Account: "1", Name: name}) }, "zones"},
		{"the zone made again", func(e *estate.Estate) {
			e.Zones.Delete("Z1")
			e.Zones.Put(estate.Zone{ID: "Z3", Account: "1", Name: name, CallerReference: "r"})
		}, "zones"},
		{"no zone", func(e *estate.Estate) { e.Zones.Delete("Z1") }, "zones"},
		{"the order of values", func(e *estate.Estate) {
			e.Records.Put(estate.RecordSet{Zone: "Z1", Name: name, Type: "NS", TTL: 60, Values: []string{"a", "b"}})
		}, ""},
		{"another record", func(e *estate.Estate) {
			e.Records.Put(estate.RecordSet{Zone: "Z1", Name: name, Type: "TXT", TTL: 60, Values: []string{"a"}})
		}, ""},
		{"a value", func(e *estate.Estate) {
			e.Records.Put(estate.RecordSet{Zone: "Z1", Name: name, Type: "NS", TTL: 60, Values: []string{"a", "c"}})
		}, "records"},
		{"the TTL", func(e *estate.Estate) {
			e.Records.Put(estate.RecordSet{Zone: "Z1", Name: name, Type: "NS", TTL: 61, Values: []string{"a", "b"}})
		}, "records"},
		{"no record", func(e *estate.Estate) { e.Records.Delete(key) }, "records"},
		{"the status", func(e *estate.Estate) {
			e.Certificates.Put(estate.Certificate{ARN: "c", Status: estate.CertificateIssued, Names: []dnsname.Name{name}})
		}, "certificates"},
		{"its use", func(e *estate.Estate) {
			e.Certificates.Put(estate.Certificate{ARN: "c", Status: estate.CertificatePending, Names: []dnsname.Name{name}, InUse: true})
		}, ""},
	} {
		before, after := base(), base()
		tt.change(&after)
		for table, place := range places {
			a, b := PrintsOf(before).Of(table, place), PrintsOf(after).Of(table, place)
			if a == "" || (a != b) != (table == tt.differs) {
				t.Errorf("%s: %s is %q, then %q", tt.name, table, a, b)
			}
		}
	}
	for table := range places {
		if got := PrintsOf(base()).Of(table, "1 none"); got != "" {
			t.Errorf("what is absent from %s has the fingerprint %q", table, got)
		}
	}
}
