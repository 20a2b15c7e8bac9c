package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// load reads files that must be without a problem.
func load(t testing.TB, files map[string]string, paths ...string) *Config {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	c, problems := Load(fsys, paths...)
	for _, p := range problems {
		if p.Code != CodeUnknownRegion { // which TestUnknownRegion holds
			t.Error(p)
		}
	}
	return c
}

const good = `owner: acme-network
organization:
  access: { account: root, role: orgdns-read }
defaults: { role: team/orgdns, region: eu-west-1 }
accounts:
  root: { id: "000000000001" }
  dns: { id: "111111111111", role: dns-admin }
  api: { id: "333333333333", regions: [eu-central-1, us-east-1] }
  network: { id: "222222222222", externalID: env:ORGDNS_EXTERNAL_ID }
delegations:
  - { domain: dev.api.example.com, parent: api, child: network, ttl: auto }
  - domain: API.example.com.
    parent: { account: dns, domain: example.com, zone: Z0123 }
    child: api
    ttl: 1h30m
    certificate:
      - { names: "*.api.example.com", usedBy: cloudFront }
      - { region: eu-west-3 }
    records:
      - { name: beta, alias: { apiGateway: d-abc123.execute-api.eu-west-1.amazonaws.com, evaluateTargetHealth: true } }
      - { name: "@", type: AAAA, ttl: 600, values: ["2001:DB8:0::1"] }
      - { name: "*.x", type: A, values: [192.0.2.2, 192.0.2.1] }
      - { name: www.api.example.com., type: CNAME, values: WWW.example.org }
      - { name: bucket, type: AAAA, alias: { s3Website: bucket.api.example.com.s3-website-eu-west-1.amazonaws.com } }
      - { name: edge, alias: { apiGateway: d111111abcdef8.cloudfront.net } }
      - { name: new, alias: { loadBalancer: x-1.xx-new-1.elb.amazonaws.com, region: xx-new-1 } }
      - { name: split, type: A, values: 192.0.2.1, set: blue, weight: 0 }
      - { name: split, type: A, values: 192.0.2.2, set: green, weight: 255, healthCheck: abc }
      - { name: near, type: A, values: 192.0.2.1, set: eu, latency: eu-west-1 }
      - { name: spare, type: A, values: 192.0.2.1, set: a, failover: primary }
      - { name: geo, type: A, values: 192.0.2.1, set: ny, geolocation: { country: US, subdivision: NY } }
      - { name: far, type: A, values: 192.0.2.1, set: ldn, geoproximity: { latitude: "51.5", longitude: "-0.1", bias: -10 } }
      - { name: many, type: A, values: 192.0.2.1, set: one, multivalue: true }
    adopt: true
    moveRecords: true
  - { domain: partner.example.org, parent: { external: registrar }, child: "555555555555" }
  - { domain: own.example.net, parent: network, child: Sandbox of the organization }
expect:
  - { from: { accounts: [api, Sandbox], organizationalUnits: Workloads, region: eu-west-1, tags: { dns: corp } }, name: beta.api.example.com, type: AAAA, values: "2001:db8:0:0::1" }
  - { from: internet, name: beta.api.example.com, not: NXDOMAIN, resolvesTo: d-abc123.execute-api.eu-west-1.amazonaws.com. }
limits: { deletes: 3, answers: 0 }
policies: { changes: noDeletes }
`

// TestLoad holds every field to what was written.
func TestLoad(t *testing.T) {
	c := load(t, map[string]string{"orgdns.yaml": good})
	account := func(name string) Account {
		a, ok := c.Account(AccountRef{Name: name})
		if !ok {
			t.Errorf("no account %q", name)
		}
		return a
	}
	domains := []string{}
	for _, d := range c.Delegations {
		domains = append(domains, d.Domain.String())
	}
	api, ok := c.Holder(dnsname.MustParse("deep.beta.api.example.com"))
	if !ok {
		t.Fatal("nobody holds api.example.com")
	}
	record := func(name string) string {
		var out []string
		for _, r := range api.Records {
			if r.Name.String() != name {
				continue
			}
			s := fmt.Sprintf("%s %d %v", r.Type, r.TTL, r.Values)
			if a := r.Alias; a != nil {
				s = fmt.Sprintf("%s alias %s %s %q %t", r.Type, a.Kind, a.Target, a.Region, a.EvaluateTargetHealth)
			}
			if r.SetID != "" {
				j, _ := json.Marshal(r.Routing)
				s += " " + r.SetID + " " + string(j) + r.HealthCheck
			}
			out = append(out, s)
		}
		return strings.Join(out, "; ")
	}
	first := c.Expect[0]
	for _, test := range []struct{ what, got, want string }{
		{"owner", c.Owner, "acme-network"},
		{"access", fmt.Sprint(c.Access.Account, " ", c.Access.Role, " ", c.Access.Pos), "root orgdns-read orgdns.yaml:3:11"},
		{"limits", fmt.Sprint(c.Limits.Deletes, " ", *c.Limits.Answers), "3 0"},
		{"policies", c.Policies.Changes, "noDeletes"},
		{"default role", account("api").Role, "team/orgdns"},
		{"own role", account("dns").Role, "dns-admin"},
		{"default Region", fmt.Sprint(account("dns").Regions), "[eu-west-1]"},
		{"own Regions", fmt.Sprint(account("api").Regions), "[eu-central-1 us-east-1]"},
		{"by digits", account("222222222222").Name, "network"},
		{"outside the list", fmt.Sprint(account("999999999999").Role, account("999999999999").Regions), "team/orgdns[eu-west-1]"},
		{"secret's variable", account("network").ExternalID.Env(), "ORGDNS_EXTERNAL_ID"},
		{"order", strings.Join(domains, " "), "api.example.com dev.api.example.com own.example.net partner.example.org"},
		{"holder", api.Domain.String(), "api.example.com"},
		{"parent", fmt.Sprint(api.Parent.Account, " ", api.Parent.Domain, " ", api.Parent.Zone), "dns example.com Z0123"},
		{"external", c.Delegations[3].Parent.External, "registrar"},
		{"child by digits", c.Delegations[3].Child.Name, "555555555555"},
		{"TTL", fmt.Sprint(api.TTL), "{false 5400}"},
		{"TTL auto", fmt.Sprint(c.Delegations[1].TTL), "{true 300}"},
		{"TTL by default", fmt.Sprint(c.Delegations[3].TTL), "{false 300}"},
		{"flags", fmt.Sprint(api.Adopt, api.MoveRecords, c.Delegations[1].Adopt, c.Delegations[1].MoveRecords), "true true false false"},
		{"certificate", fmt.Sprint(api.Certificates[0].Names, " ", api.Certificates[0].Region), "[*.api.example.com] us-east-1"},
		{"certificate of the domain", fmt.Sprint(api.Certificates[1].Names, " ", api.Certificates[1].Region), "[api.example.com] eu-west-3"},
		{"alias", record("beta.api.example.com"), `A alias apiGateway d-abc123.execute-api.eu-west-1.amazonaws.com "eu-west-1" true`},
		{"apex", record("api.example.com"), "AAAA 600 [2001:db8::1]"},
		{"wildcard", record("*.x.api.example.com"), "A 300 [192.0.2.2 192.0.2.1]"},
		{"CNAME", record("www.api.example.com"), "CNAME 300 [www.example.org.]"},
		{"bucket", record("bucket.api.example.com"), `AAAA alias s3Website s3-website-eu-west-1.amazonaws.com "eu-west-1" false`},
		{"edge", record("edge.api.example.com"), `A alias apiGateway d111111abcdef8.cloudfront.net "" false`},
		{"new Region", record("new.api.example.com"), `A alias loadBalancer x-1.xx-new-1.elb.amazonaws.com "xx-new-1" false`},
		{"weight", record("split.api.example.com"), `A 300 [192.0.2.1] blue {"weight":0}; A 300 [192.0.2.2] green {"weight":255}abc`},
		{"latency", record("near.api.example.com"), `A 300 [192.0.2.1] eu {"latency":"eu-west-1"}`},
		{"failover", record("spare.api.example.com"), `A 300 [192.0.2.1] a {"failover":"PRIMARY"}`},
		{"geolocation", record("geo.api.example.com"), `A 300 [192.0.2.1] ny {"geo":{"country":"US","subdivision":"NY"}}`},
		{"geoproximity", record("far.api.example.com"), `A 300 [192.0.2.1] ldn {"geoProximity":{"latitude":"51.5","longitude":"-0.1","bias":-10}}`},
		{"multivalue", record("many.api.example.com"), `A 300 [192.0.2.1] one {"multiValue":true}`},
		{"test", fmt.Sprint(first.From.Accounts, first.From.Units, first.From.Regions, first.From.Tags, first.From.Internet, first.Type, first.Values), "[api Sandbox] [Workloads] [eu-west-1] map[dns:corp] falseAAAA[2001:db8::1]"},
		{"test from the internet", fmt.Sprint(c.Expect[1].From.Internet, c.Expect[1].Type, c.Expect[1].Not, c.Expect[1].ResolvesTo), "trueA[NXDOMAIN] d-abc123.execute-api.eu-west-1.amazonaws.com"},
		{"place of a thing", api.Pos.String(), "orgdns.yaml:12:5"},
		{"place of a key", api.At("child").String(), "orgdns.yaml:14:12"},
		{"place of an entry", api.Records[2].At("values", 1).String(), "orgdns.yaml:22:53"},
		{"place of a key not written", c.Delegations[1].At("records").String(), "orgdns.yaml:11:5"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, test.got, test.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	c := load(t, map[string]string{"a.yaml": "owner: x\naccounts:\n# none yet\n"})
	if c.Limits.Deletes != (Allowance{25, true}) || c.Limits.Answers != nil || c.Policies.Changes != ChangesAll || c.Defaults.Role != "orgdns" || c.Access != nil {
		t.Errorf("got %+v", c)
	}
}

func TestAllowance(t *testing.T) {
	for _, test := range []struct {
		a       Allowance
		managed int
		want    int
	}{
		{Allowance{25, true}, 0, 10}, {Allowance{25, true}, 39, 10}, {Allowance{25, true}, 1000, 250},
		{Allowance{3, false}, 1000, 3}, {Allowance{0, false}, 1000, 0},
	} {
		if got := test.a.Of(test.managed); got != test.want {
			t.Errorf("%s of %d: got %d, want %d", test.a, test.managed, got, test.want)
		}
	}
}

func TestValues(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, test := range []struct{ rrtype, in, want string }{
		{"A", "192.0.2.1", "192.0.2.1"},
		{"AAAA", "2001:DB8::0001", "2001:db8::1"},
		{"CNAME", "Example.ORG", "example.org."},
		{"CNAME", "localhost.", "localhost."},
		{"MX", "010  Mail.example.com.", "10 mail.example.com."},
		{"MX", "0 .", "0 ."},
		{"SRV", "1 10 5269 xmpp.example.com", "1 10 5269 xmpp.example.com."},
		{"CAA", `0 issue "amazon.com"`, `0 issue "amazon.com"`},
		{"CAA", "0 issue amazon.com", `0 issue "amazon.com"`},
		{"DS", "12345 13 2 49FD46E6", "12345 13 2 49FD46E6"},
		{"TLSA", "3 1 1 00ff", "3 1 1 00ff"},
		{"SSHFP", "4 2 00ff", "4 2 00ff"},
		{"NAPTR", `100 50 "u" "sip+E2U" "!^.*$!sip:a b@example.com!" .`, `100 50 "u" "sip+E2U" "!^.*$!sip:a b@example.com!" .`},
		{"HTTPS", `1 . alpn="h2,h3"`, `1 . alpn="h2,h3"`},
		{"SVCB", "1 svc.example.com port=8443", "1 svc.example.com. port=8443"},
		{"TXT", "v=spf1 -all", `"v=spf1 -all"`},
		{"TXT", `"a" "b\"c" "\042"`, `"a" "b\"c" "\042"`},
		{"TXT", `say "hi" \ é`, `"say \042hi\042 \134 \303\251"`},
		{"TXT", long, `"` + long[:255] + `" "` + long[255:] + `"`},
	} {
		got, f := parseValue(test.rrtype, test.in)
		if f != nil || got != test.want {
			t.Errorf("%s %s: got %s %v, want %s", test.rrtype, test.in, got, f, test.want)
		}
		if again, f := parseValue(test.rrtype, got); f != nil || again != got {
			t.Errorf("%s %s: read again it is %s %v", test.rrtype, got, again, f)
		}
	}
}

func TestFolder(t *testing.T) {
	files := map[string]string{
		"conf/a.yaml":       "owner: acme\ndefaults: { role: x }\naccounts: { dns: { id: \"111111111111\" } }\ndelegations: [ { domain: a.example.com, parent: dns, child: api } ]\n",
		"conf/b.yml":        "defaults: { region: eu-west-1 }\naccounts: { api: { id: \"333333333333\" } }\ndelegations:\n  - { domain: b.example.com, parent: dns, child: api }\n",
		"conf/.hidden.yaml": "[",
		"conf/notes.txt":    "not read",
		"conf/sub/c.yaml":   "not: read",
	}
	for _, paths := range [][]string{{"conf"}, {"conf", "conf/a.yaml"}, {"conf/b.yml", "conf/a.yaml"}} {
		c := load(t, files, paths...)
		if len(c.Accounts) != 2 || len(c.Delegations) != 2 || c.Defaults.Role != "x" || c.Defaults.Region != "eu-west-1" {
			t.Errorf("%v: got %+v", paths, c)
		}
		if got := c.Delegations[1].Pos.String(); got != "conf/b.yml:4:5" {
			t.Errorf("%v: the second delegation stands at %s", paths, got)
		}
	}
}

func TestBadFolder(t *testing.T) {
	a := "owner: acme\ndefaults: { role: x }\naccounts:\n  dns: { id: \"111111111111\" }\n  api: { id: \"333333333333\" }\ndelegations:\n  - { domain: api.example.com, parent: dns, child: api }\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		paths []string
		want  string
	}{
		{"twice", map[string]string{"a.yaml": a, "b.yaml": "owner: acme\ndefaults: { role: y }\naccounts:\n  api: { id: \"333333333333\" }\ndelegations:\n  - { domain: api.example.com, parent: dns, child: api }\n"}, nil,
			"duplicate b.yaml:1:1: \"owner\" is set in two files: first at a.yaml:1:1; remove one\n" +
				"duplicate b.yaml:2:13: \"role\" under defaults is set in two files: first at a.yaml:2:13; remove one\n" +
				"duplicate b.yaml:4:3: \"api\" under accounts is set in two files: first at a.yaml:5:3; remove one\n" +
				"duplicate b.yaml:6:15: api.example.com is delegated twice: first at a.yaml:7:15; remove one\n"},
		{"two owners", map[string]string{"a.yaml": a, "b.yaml": "delegations:\n  - { domain: api.example.com, parent: dns, child: dns }\n"}, nil,
			"two-owners b.yaml:2:15: api.example.com is delegated twice, to api and to dns: first at a.yaml:7:15; remove one\n"},
		{"problems of both", map[string]string{"b.yaml": "ownr: x\n", "a.yaml": "owner: [\n"}, nil,
			"yaml-syntax a.yaml:1:8: this is not YAML: sequence end token ']' not found\n" +
				"missing-key b.yaml:1:1: the key \"owner\" is missing: it is required in a configuration\n" +
				"unknown-key b.yaml:1:1: unknown key \"ownr\"; did you mean \"owner\"?\n"},
		{"one file empty", map[string]string{"a.yaml": a, "b.yaml": "# to come\n"}, nil,
			"file b.yaml:1:1: the file holds no configuration; write at least one section, or remove the file\n"},
		{"no file", map[string]string{"a.txt": a}, nil, "file .: the folder holds no *.yaml file; name a file, or a folder with one\n"},
		{"absent", map[string]string{"a.yaml": a}, []string{"b.yaml"}, "file b.yaml: cannot be read: file does not exist\n"},
		{"path outside", map[string]string{"a.yaml": a}, []string{"../a.yaml"}, "file ../a.yaml: cannot be read: file does not exist\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := problemsOf(test.files, test.paths...); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestAnchors(t *testing.T) {
	c := load(t, map[string]string{"orgdns.yaml": api + `      - &base { name: a, type: A, values: [192.0.2.1], ttl: 1m }
      - { <<: *base, name: b }
      - <<: [{ ttl: 2m }, *base]
        name: c
      - { name: d, type: TXT, values: !!str 42 }
`})
	var got []string
	for _, r := range c.Delegations[0].Records {
		got = append(got, fmt.Sprint(r.Name.Relative(c.Delegations[0].Domain), r.TTL, r.Values))
	}
	want := []string{"a60 [192.0.2.1]", "b60 [192.0.2.1]", "c120 [192.0.2.1]", `d300 ["42"]`}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A few aliases can stand for more values than there is memory.
func TestAliasesMultiply(t *testing.T) {
	var b strings.Builder
	b.WriteString("owner: x\naccounts: { dns: { id: \"111111111111\" } }\ndelegations:\n  - &d\n    domain: a.example.com\n    parent: dns\n    child: \"333333333333\"\n    records:\n")
	b.WriteString("      - &r { name: a, type: A, values: &v [")
	b.WriteString(strings.Repeat("192.0.2.1, ", 300) + "] }\n")
	b.WriteString(strings.Repeat("      - *r\n", 4000))
	if got := problemsOf(map[string]string{"a.yaml": b.String()}); !strings.Contains(got, "too-large ") {
		t.Errorf("got %.200s", got)
	}
}

func TestSecret(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"ID": "hidden-value", "EMPTY": ""}[name]
		return v, ok
	}
	for _, test := range []struct{ in, want, err string }{
		{"hidden-value", "hidden-value", ""},
		{"env:ID", "hidden-value", ""},
		{"env:EMPTY", "", "the environment variable EMPTY is not set"},
		{"env:OTHER", "", "the environment variable OTHER is not set"},
	} {
		s := NewSecret(test.in)
		got, err := s.Resolve(env)
		if got != test.want || err == nil != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("%s: got %q %v", test.in, got, err)
		}
	}
	if v, err := (Secret{}).Resolve(env); v != "" || err != nil || !(Secret{}).IsZero() {
		t.Errorf("no secret: %q %v", v, err)
	}

	// However it is printed, alone or inside, it does not show.
	s := NewSecret("hidden-value")
	a := Account{ExternalID: s}
	inner := struct{ secret Secret }{s}
	j, err := json.Marshal(map[string]any{"secret": s, "account": a})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "account", a)
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %q %x %s %d", s, s, s, s, s, s, s), fmt.Sprintf("%v %+v %#v", a, a, a),
		fmt.Sprintf("%v %+v %#v", inner, inner, inner), fmt.Sprintf("%#v", []Secret{s}), string(j), log.String(),
		problemsOf(map[string]string{"a.yaml": "owner: x\ndefaults: { externalID: \"hidden-value !\" }\naccounts: { a: { id: \"111111111111\", externalID: [hidden-value] } }\n"}),
	} {
		if strings.Contains(text, "hidden-value") || text == "" {
			t.Errorf("shows: %s", text)
		}
	}
}

func TestPunycode(t *testing.T) {
	// RFC 3492 section 7.1 (A, B, L), and names that registries use.
	for in, want := range map[string]string{
		"ليهمابتكلموشعربي؟": "",
		"他们为什么不说中文":         "xn--ihqwcrb4cv8a8dqg056pqjye",
		"3年b組金八先生":          "xn--3b-ww4c5e180e575a65lsy2b",
		"bücher":            "xn--bcher-kva",
		"MÜNCHEN":           "xn--mnchen-3ya",
		"plain":             "plain",
		"a\u0301":           "",
	} {
		got, ok := asciiForm(in)
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

// TestUnknownRegion: a Region that nobody knows is taken and warned of wherever one
// can stand, since AWS adds some; one that cannot be is an error.
func TestUnknownRegion(t *testing.T) {
	text := `owner: acme
defaults: { role: orgdns, region: eu-wset-1 }
accounts:
  net: { id: "222222222222", regions: [eu-west-1, us-gov-west-1, eu-west-9, mars-north-1] }
privateZones:
  - { domain: corp.test, account: net, anchor: { vpc: vpc-0123456789abcdef0, region: ap-suotheast-2 }, vpcs: { account: net, region: eu-west-11 } }
`
	c, problems := Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}}, "orgdns.yaml")
	var got strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&got, "%s %s %s: %s; %s\n", p.Severity, p.Code, p.Pos, p.Summary, p.Hint)
	}
	want := `warning unknown-region orgdns.yaml:2:35: "eu-wset-1" is no Region that orgdns knows; did you mean "eu-west-1"?
warning unknown-region orgdns.yaml:4:66: "eu-west-9" is no Region that orgdns knows; if AWS has added it, all is well
warning unknown-region orgdns.yaml:4:77: "mars-north-1" is no Region that orgdns knows; if AWS has added it, all is well
warning unknown-region orgdns.yaml:6:86: "ap-suotheast-2" is no Region that orgdns knows; did you mean "ap-southeast-2"?
error bad-value orgdns.yaml:6:134: "eu-west-11" is not a Region; write its code, as in "eu-west-1"
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if c != nil && (c.Defaults.Region != "eu-wset-1" || len(c.Accounts[0].Regions) != 4) {
		t.Errorf("read %+v", c)
	}
}

// TestMended: the name that was meant lies in the zone, is a wildcard only where the
// name was one, and is told only of names that have something in common with the zone.
func TestMended(t *testing.T) {
	label := rapid.SampledFrom([]string{"a", "www", "shop", "corp", "crop", "acme", "acmee", "internal", "test", "com", "a-very-long-label-of-somebody-elses"})
	name := rapid.Custom(func(rt *rapid.T) dnsname.Name {
		return dnsname.MustParse(strings.Join(rapid.SliceOfN(label, 1, 5).Draw(rt, "labels"), "."))
	})
	rapid.Check(t, func(rt *rapid.T) {
		zone, n := name.Draw(rt, "zone"), name.Draw(rt, "name")
		if rapid.Bool().Draw(rt, "wildcard") {
			n = n.Wildcard()
		}
		meant, ok := mended(n, zone)
		if n.Under(zone) {
			return // never asked
		}
		if ok && (!meant.Under(zone) || meant.IsWildcard() != n.IsWildcard()) {
			rt.Fatalf("%s outside %s: %s", n, zone, meant)
		}
		have := map[string]bool{}
		for _, l := range n.Labels() {
			have[string(l)] = true
		}
		common := slices.ContainsFunc(zone.Labels(), func(l []byte) bool { return have[string(l)] })
		if ok && !common && n.Depth() > 1 && diag.Nearest(n.String(), []string{meant.String()}) == "" {
			rt.Fatalf("%s has nothing in common with %s, and %s was told", n, zone, meant)
		}
	})
	for _, tt := range [][3]string{
		{"*.example.com", "corp.test", ""},
		{"*.example.org", "example.com", "*.example.com"},
		{"*.exmaple.com", "example.com", "*.example.com"},
		{"*.com", "example.com", ""},
		{"*", "example.com", ""},
		{"*.shop.acme.internal", "corp.acme.internal", "*.shop.corp.acme.internal"},
		{"www.crop.acme.internal", "corp.acme.internal", "www.corp.acme.internal"},
		{"www.somebody-elses-name-altogether.com", "ours-and-nobody-elses.com", ""},
		{"foo.com", "bar.com", ""},
		{"beta", "api.example.com", "beta.api.example.com"},
	} {
		got, _ := mended(dnsname.MustParse(tt[0]), dnsname.MustParse(tt[1]))
		if got.String() != tt[2] {
			t.Errorf("%s in %s: got %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}

func organized(answered bool) estate.Estate {
	var e estate.Estate
	e.Organization.Root = "r-x"
	e.Units.Put(
		estate.Unit{ID: "ou-1", Name: "Workloads", Parent: "r-x"}, estate.Unit{ID: "ou-2", Name: "Prod", Parent: "ou-1"},
		estate.Unit{ID: "ou-3", Name: "Infra", Parent: "r-x"}, estate.Unit{ID: "ou-4", Name: "Prod", Parent: "ou-3"},
	)
	account := func(id, name, parent, status string) {
		e.Accounts.Put(estate.Account{ID: estate.AccountID(id), Name: name, Parent: parent, Status: status})
	}
	account("333333333333", "api", "ou-1", estate.AccountActive)
	account("444444444444", "Shop", "ou-2", estate.AccountActive)
	account("555555555555", "old", "ou-2", estate.AccountSuspended)
	account("666666666666", "Lab", "ou-4", estate.AccountActive)
	account("777777777777", "Twin", "ou-4", estate.AccountActive)
	account("888888888888", "Twin", "ou-4", estate.AccountActive)
	for i, id := range []string{"333333333333", "444444444444", "666666666666"} {
		for _, r := range []string{"eu-west-1", "us-east-1"} {
			tags := estate.Tags{"dns": "corp"}
			if r == "us-east-1" {
				tags = nil
			}
			e.VPCs.Put(estate.VPC{ID: fmt.Sprintf("vpc-%d-%s", i, r), Account: estate.AccountID(id), Region: estate.Region(r), Tags: tags})
		}
	}
	if answered {
		e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryAccounts}})
	}
	return e
}

func TestSelect(t *testing.T) {
	c := load(t, map[string]string{"a.yaml": "owner: x\naccounts:\n  api: { id: \"333333333333\" }\norganization: { access: { account: api } }\n"})
	ref := func(names ...string) (out []AccountRef) {
		for _, n := range names {
			out = append(out, AccountRef{Name: n})
		}
		return out
	}
	for _, test := range []struct {
		name     string
		s        Selector
		e        estate.Estate
		want     string
		problems string
	}{
		{"account", Selector{Accounts: ref("api")}, organized(true), "vpc-0-eu-west-1 vpc-0-us-east-1", ""},
		{"its own name", Selector{Accounts: ref("Shop", "666666666666")}, organized(true), "vpc-1-eu-west-1 vpc-1-us-east-1 vpc-2-eu-west-1 vpc-2-us-east-1", ""},
		{"Region and tags", Selector{Accounts: ref("api", "Shop"), Regions: []estate.Region{"eu-west-1"}, Tags: map[string]string{"dns": "corp"}}, organized(true), "vpc-0-eu-west-1 vpc-1-eu-west-1", ""},
		{"IDs", Selector{VPCs: []string{"vpc-2-us-east-1"}}, organized(true), "vpc-2-us-east-1", "note: account old (555555555555) is suspended and is skipped"},
		{"unit with units below", Selector{Units: []string{"Workloads"}, Tags: map[string]string{"dns": "corp"}}, organized(true), "vpc-0-eu-west-1 vpc-1-eu-west-1", "note: account old (555555555555) is suspended and is skipped"},
		{"unit by ID", Selector{Units: []string{"ou-4"}, Regions: []estate.Region{"us-east-1"}}, organized(true), "vpc-2-us-east-1", ""},
		{"unit by path", Selector{Units: []string{"/Infra/Prod"}, Regions: []estate.Region{"us-east-1"}}, organized(true), "vpc-2-us-east-1", ""},
		{"unit and account", Selector{Units: []string{"Infra"}, Accounts: ref("api"), Regions: []estate.Region{"us-east-1"}}, organized(true), "vpc-0-us-east-1 vpc-2-us-east-1", ""},
		{"two units of one name", Selector{Units: []string{"Prod"}}, organized(true), "", "error: several units are called \"Prod\": Infra/Prod, Workloads/Prod; write the path or the ID of one"},
		{"no such unit", Selector{Units: []string{"Worklods"}}, organized(true), "", "error: the organization has no unit \"Worklods\"; did you mean \"Workloads\"?"},
		{"units unread", Selector{Units: []string{"Workloads"}}, organized(false), "", "error: units cannot be selected: the accounts of the organization could not be read; give organization.access a role in the management account or a delegated administrator"},
		{"no such account", Selector{Accounts: ref("Shpo")}, organized(true), "", "error: account \"Shpo\" is not in the list of accounts; did you mean \"Shop\"?"},
		{"two accounts of one name", Selector{Accounts: ref("Twin")}, organized(true), "", "error: \"Twin\" is the name of several accounts: 777777777777, 888888888888; write the twelve digits of one of them"},
		{"suspended account", Selector{Accounts: ref("old")}, organized(true), "", "note: account old (555555555555) is suspended and is skipped"},
	} {
		t.Run(test.name, func(t *testing.T) {
			vpcs, list := c.SelectVPCs(test.s, test.e)
			var ids, problems []string
			for _, v := range vpcs {
				ids = append(ids, v.ID)
			}
			for _, p := range list {
				problems = append(problems, p.Severity.String()+": "+p.Error())
			}
			if got := strings.Join(ids, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if got := strings.Join(problems, "\n"); got != test.problems {
				t.Errorf("problems %s, want %s", got, test.problems)
			}
		})
	}
}

// FuzzLoad holds reading to: no panic, an end, the same problems twice, and
// places in the file.
func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add(api + "      - &a { name: \"@\", type: TXT, values: ['\"a\" \"b'] }\n      - <<: *a\n")
	f.Add("%YAML 1.2\n---\n? a\n: !!str |2-\n  b\n...\n")
	f.Add("{owner: x, accounts: {a: {id: '1'}}, delegations: [{domain: '\\052.ä', parent: {}, child: 5}]}")
	f.Fuzz(func(t *testing.T, text string) {
		fsys := fstest.MapFS{"a.yaml": {Data: []byte(text)}}
		c, list := Load(fsys)
		_, again := Load(fsys)
		if !slices.Equal(list, again) {
			t.Errorf("problems %v, then %v", list, again)
		}
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 2 // either ends a line
		for _, p := range list {
			if p.Code == "" || p.Summary == "" || p.Pos.File != "a.yaml" || p.Pos.Line < 1 || p.Pos.Line > lines || p.Pos.Column < 1 {
				t.Errorf("problem %+v", p)
			}
		}
		if list.HasErrors() {
			return
		}
		for _, d := range c.Delegations {
			if d.Domain.IsZero() || d.Child.IsZero() || d.Parent.Account.IsZero() == (d.Parent.External == "") {
				t.Errorf("delegation %+v", d)
			}
			for _, r := range d.Records {
				if !r.Name.Under(d.Domain) || r.Type == "" || (r.Alias == nil) == (len(r.Values) == 0) {
					t.Errorf("record %+v", r)
				}
			}
		}
	})
}

// BenchmarkLoad reads one delegation with 10,000 records.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	text.WriteString(api)
	for i := range 10_000 {
		fmt.Fprintf(&text, "      - { name: host%d, type: A, values: [192.0.2.%d, 192.0.2.%d] }\n", i, i%250, i%250+1)
	}
	fsys := fstest.MapFS{"a.yaml": {Data: []byte(text.String())}}
	b.ReportAllocs()
	for b.Loop() {
		if c, list := Load(fsys); list.HasErrors() || len(c.Delegations[0].Records) != 10_000 {
			b.Fatal(list)
		}
	}
}
