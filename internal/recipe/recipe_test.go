package recipe

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const header = `owner: acme
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  dns: { id: "111111111111" }
  api: { id: "222222222222" }
  dev: { id: "333333333333" }
delegations:
`

const simple = "  - { domain: api.example.com, parent: dns, child: api }\n"

func load(t *testing.T, delegations string) *config.Config {
	t.Helper()
	c, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(header + delegations)}})
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	return c
}

// world is an estate with example.com in account dns, read whole.
func world() estate.Estate {
	var e estate.Estate
	for _, a := range []estate.AccountID{"111111111111", "222222222222", "333333333333"} {
		answered(&e, estate.Query{Kind: estate.QueryZones, Account: a})
	}
	zone(&e, "ZP", "111111111111", "example.com", "")
	return e
}

func answered(e *estate.Estate, q estate.Query) { e.Answers.Put(estate.Answer{Query: q}) }

func zone(e *estate.Estate, id string, account estate.AccountID, name, reference string) {
	z := estate.Zone{ID: id, Account: account, Name: dnsname.MustParse(name), CallerReference: reference, Tags: estate.Tags{},
		NameServers: []dnsname.Name{dnsname.MustParse("ns1." + id + ".test"), dnsname.MustParse("ns2." + id + ".test")}}
	e.Zones.Put(z)
	for _, k := range []estate.QueryKind{estate.QueryZone, estate.QueryRecords, estate.QueryZoneTags} {
		answered(e, estate.Query{Kind: k, Account: account, ID: id})
	}
}

// own is the caller reference of the zone of a delegation.
func own(domain string) string {
	return plan.NumberedReference(plan.Reference("acme", zoneAddress(dnsname.MustParse(domain))), 1)
}

func record(e *estate.Estate, zone, name, rrtype string, values ...string) {
	e.Records.Put(estate.RecordSet{Zone: zone, Name: dnsname.MustParse(name), Type: rrtype, TTL: 300, Values: values})
}

func servers(zone string) []string { return []string{"ns1." + zone + ".test", "ns2." + zone + ".test"} }

// brief is what the recipe makes, in lines.
func brief(out Output) string {
	var b strings.Builder
	for _, w := range out.Wanted {
		b.WriteString(w.Address + " in " + string(w.Account))
		if r := w.Item.Record; r != nil {
			fmt.Fprintf(&b, ": %s %s %d in %s (%s)", r.Name, r.Type, r.TTL, r.Zone, r.Statement)
		}
		if w.Frozen {
			b.WriteString(" frozen")
		}
		b.WriteString("\n")
	}
	for _, w := range out.Waiting {
		b.WriteString("waiting for " + w.For + "\n")
	}
	for _, d := range out.Diagnostics {
		fmt.Fprintf(&b, "%s %s: %s", d.Severity, d.Code, d.Summary)
		if d.Detail != "" {
			b.WriteString(" [" + d.Detail + "]")
		}
		b.WriteString("\n")
	}
	return b.String()
}

const (
	zoneLine = "delegations/api.example.com/zone in 222222222222\n"
	linkLine = "delegations/api.example.com/ns in 111111111111: api.example.com NS 300 in ZP (delegation)\n"
)

func TestDelegations(t *testing.T) {
	stable := func(d time.Duration) func(*estate.Estate) {
		return func(e *estate.Estate) {
			zone(e, "ZC", "222222222222", "api.example.com", own("api.example.com"))
			record(e, "ZP", "api.example.com", "NS", servers("zc")...)
			z, _ := e.Zones.Get("ZC")
			z.NameServers = []dnsname.Name{dnsname.MustParse("ns1.zc.test"), dnsname.MustParse("ns2.zc.test")}
			z.Tags = estate.Tags{plan.TagStableSince: now.Add(-d).Format(time.RFC3339)}
			e.Zones.Put(z)
		}
	}
	auto := "  - { domain: api.example.com, parent: dns, child: api, ttl: auto }\n"
	external := "  - { domain: api.example.com, parent: { external: registrar }, child: api }\n"
	for _, tt := range []struct {
		name   string
		config string
		estate func(*estate.Estate)
		move   bool
		want   string
	}{
		{"one delegation", simple, func(*estate.Estate) {}, false, zoneLine + linkLine},
		{"a chain, its middle still to be made", simple + "  - { domain: dev.api.example.com, parent: api, child: dev }\n", func(*estate.Estate) {}, false,
			zoneLine + linkLine + "delegations/dev.api.example.com/zone in 333333333333\n" +
				"delegations/dev.api.example.com/ns in 222222222222: dev.api.example.com NS 300 in @delegations/api.example.com/zone#id (records)\n"},
		{"the longest match is the parent", "  - { domain: a.api.example.com, parent: dns, child: api }\n", func(e *estate.Estate) {
			zone(e, "ZL", "111111111111", "api.example.com", "")
		}, false, "delegations/a.api.example.com/zone in 222222222222\ndelegations/a.api.example.com/ns in 111111111111: a.api.example.com NS 300 in ZL (delegation)\n"},
		{"no parent", "  - { domain: api.example.org, parent: dns, child: api }\n", func(*estate.Estate) {}, false,
			"delegations/api.example.org/zone in 222222222222\nerror no-parent: account dns (111111111111) has no public zone above api.example.org [its public zones: example.com]\n"},
		{"two parents, one delegated from above", simple, func(e *estate.Estate) {
			zone(e, "ZQ", "111111111111", "example.com", "")
			e.Public.Put(estate.PublicAnswer{Name: dnsname.MustParse("example.com"), Type: "NS", Values: servers("ZP")})
		}, false, zoneLine + linkLine + "note parent-chosen: ZP is the parent of api.example.com: of 2 zones named example.com it is the one that is delegated from above [as public DNS says]\n"},
		{"two parents, nobody knows which", simple, func(e *estate.Estate) { zone(e, "ZQ", "111111111111", "example.com", "") }, false,
			zoneLine + "error ambiguous-parent: there are 2 public zones named example.com, and none of them is known to be delegated from above [candidates: ZP, ZQ]\n"},
		{"a parent elsewhere, the zone to be made", external, func(*estate.Estate) {}, false,
			zoneLine + "waiting for registrar to set the NS records of api.example.com to the zone's name servers, known after apply\n"},
		{"a parent elsewhere, not set", external, func(e *estate.Estate) { zone(e, "ZC", "222222222222", "api.example.com", own("api.example.com")) }, false,
			zoneLine + "waiting for registrar to set the NS records of api.example.com to ns1.zc.test, ns2.zc.test\n"},
		{"a parent elsewhere, set wrong", external, func(e *estate.Estate) {
			zone(e, "ZC", "222222222222", "api.example.com", own("api.example.com"))
			e.Public.Put(estate.PublicAnswer{Name: dnsname.MustParse("api.example.com"), Type: "NS", Values: []string{"b.test", "a.test"}})
		}, false, zoneLine + "waiting for registrar to set the NS records of api.example.com to ns1.zc.test, ns2.zc.test; public DNS says a.test, b.test\n"},
		{"a parent elsewhere, set right", external, func(e *estate.Estate) {
			zone(e, "ZC", "222222222222", "api.example.com", own("api.example.com"))
			e.Public.Put(estate.PublicAnswer{Name: dnsname.MustParse("api.example.com"), Type: "NS", Values: []string{"ns2.zc.test.", "NS1.zc.test."}})
		}, false, zoneLine},
		{"records of the parent are occluded", simple, func(e *estate.Estate) {
			record(e, "ZP", "www.api.example.com", "A", "192.0.2.1")
			record(e, "ZP", "api.example.com", "TXT", `"x"`)
			record(e, "ZP", "xapi.example.com", "A", "192.0.2.1")
		}, false, zoneLine + linkLine +
			"warning occluded: api.example.com TXT in zone example.com will not be seen any more [now \"x\"; then no TXT record (NODATA)]\n" +
			"warning occluded: www.api.example.com A in zone example.com will not be seen any more [now 192.0.2.1; then no such name (NXDOMAIN), unless another record stands at or below it]\n"},
		{"records of the parent are carried over", simple, func(e *estate.Estate) { record(e, "ZP", "www.api.example.com", "A", "192.0.2.1") }, true,
			zoneLine + "delegations/api.example.com/moved/www/A in 222222222222: www.api.example.com A 300 in @delegations/api.example.com/zone#id (records)\n" + linkLine},
		{"ttl auto, young", auto, stable(23 * time.Hour), false, zoneLine + linkLine},
		{"ttl auto, stable for a day", auto, stable(24 * time.Hour), false, zoneLine + strings.Replace(linkLine, "NS 300", "NS 172800", 1)},
		{"ttl auto, new", auto, func(*estate.Estate) {}, false, zoneLine + linkLine + "delegations/api.example.com/stable-since in 222222222222\n"},
		{"the zone was made again by hand", simple, func(e *estate.Estate) {
			zone(e, "ZF", "222222222222", "api.example.com", "by hand")
			record(e, "ZP", "api.example.com", "NS", servers("zold")...)
			p, _ := e.Zones.Get("ZP")
			_, sets := plan.ReadLedger(*e, p, "acme").Edit("ZP", []string{"NS api"}, nil)
			e.Records.Put(*sets[0].After)
		}, false, zoneLine + linkLine + "warning zone-remade: zone api.example.com (ZF) was made again by somebody else; the delegation follows it [orgdns did not make it and will not delete it]\n"},
		{"a suspended account", simple, func(e *estate.Estate) {
			e.Accounts.Put(estate.Account{ID: "222222222222", Status: estate.AccountSuspended})
		}, false, strings.ReplaceAll(zoneLine+linkLine, "\n", " frozen\n") +
			"warning suspended: account 222222222222 is suspended: the delegation of api.example.com is left as it is\n"},
		{"an NS TTL that somebody lowered", simple, func(e *estate.Estate) {
			zone(e, "ZC", "222222222222", "api.example.com", own("api.example.com"))
			e.Records.Put(estate.RecordSet{Zone: "ZC", Name: dnsname.MustParse("api.example.com"), Type: "NS", TTL: plan.LowTTL, Values: servers("ZC")})
		}, false, zoneLine + linkLine},
		{"the parent is going", "  - { domain: dev.api.example.com, parent: api, child: dev }\n", func(e *estate.Estate) {
			zone(e, "ZC", "222222222222", "api.example.com", own("api.example.com"))
		}, false, "delegations/dev.api.example.com/zone in 333333333333\nerror parent-goes: zone api.example.com (ZC), the parent of dev.api.example.com, is no longer in the configuration and would be deleted [orgdns made it for a delegation that was taken out]\n"},
		{"CAA above an external parent", "  - { domain: api.example.com, parent: { external: registrar }, child: api, certificate: { names: api.example.com } }\n", func(e *estate.Estate) {
			e.Public.Put(estate.PublicAnswer{Name: dnsname.MustParse("example.com"), Type: "CAA", Values: []string{`0 issue "letsencrypt.org"`}})
		}, false, zoneLine + "waiting for registrar to set the NS records of api.example.com to the zone's name servers, known after apply\nerror caa: a certificate for api.example.com would never be issued: the CAA records at example.com do not allow Amazon [0 issue \"letsencrypt.org\"]\n"},
		{"the parent's zones unread", simple, func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZones, Account: "111111111111"}, Code: "AccessDenied", Message: "no"})
		}, false, zoneLine + "error unread: the zones of account 111111111111 could not be read, so the parent of api.example.com is not known [AccessDenied: no]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := world()
			tt.estate(&e)
			out := Make(Input{Config: load(t, tt.config), Estate: e, Now: now, MoveRecords: tt.move})
			if got := brief(out); got != tt.want {
				t.Errorf("made\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// TestNeeds holds which questions follow from which answers.
func TestNeeds(t *testing.T) {
	c := load(t, simple)
	var e estate.Estate
	var rounds []string
	for range 5 {
		list := Needs(Input{Config: c, Estate: e, Now: now})
		if len(list) == 0 {
			break
		}
		var round []string
		for _, q := range list {
			round = append(round, q.String())
			answered(&e, q)
			if q.Kind == estate.QueryZones && q.Account == "111111111111" {
				e.Zones.Put(estate.Zone{ID: "ZP", Account: q.Account, Name: dnsname.MustParse("example.com")},
					estate.Zone{ID: "ZX", Account: q.Account, Name: dnsname.MustParse("example.net")})
			}
		}
		rounds = append(rounds, strings.Join(round, ", "))
	}
	want := []string{"identity, zones 111111111111, zones 222222222222, zones 333333333333", "records 111111111111 ZP"}
	if !slices.Equal(rounds, want) {
		t.Errorf("asked\n     %q\nwant %q", rounds, want)
	}
}

// TestShareAccounts holds whose accounts and which selections an endpoint share
// brings, and when it takes the organization to know them.
func TestShareAccounts(t *testing.T) {
	const share = `organization: { access: { account: dns } }
endpointShares:
  - name: s
    account: api
    via: profile
    vpc: { tags: { a: b } }
    services: ec2
    own: [{ name: o, account: "444444444444", loadBalancer: { name: x }, parent: "555555555555", principals: %s }]
    zones: [{ zone: Z1, account: "666666666666" }]
    connect: { transitGateway: { tags: { a: b }, account: "777777777777" } }
    consumers: { %s }
    shareWith: [%s]
    external: ["%s"]
`
	reached := "111111111111 222222222222 333333333333 444444444444 555555555555 666666666666 777777777777"
	for _, test := range []struct {
		principal, consumers, with, external string
		unlisted, asks                       bool
	}{
		{"dns", "account: dev", "dev", "888888888888", false, false},
		{"Partner", "account: dev", "dev", "888888888888", true, true},
		{"dns", "account: Sandbox", "dev", "888888888888", true, true},
		{"dns", "organizationalUnits: W", "dev", "888888888888", true, true},
		{"dns", "account: dev", "Workloads", "888888888888", true, true},
		{"dns", "account: dev", "dev", "Partner", true, true},
		{"dns", "tags: { dns: corp }", "dev", "888888888888", false, true},
	} {
		c := load(t, fmt.Sprintf(share, test.principal, test.consumers, test.with, test.external))
		if got := Unlisted(c); got != test.unlisted {
			t.Errorf("%+v: unlisted is %t", test, got)
		}
		asks := slices.ContainsFunc(Needs(Input{Config: c, Now: now}), func(q estate.Query) bool { return q.Kind == estate.QueryAccounts })
		if asks != test.asks {
			t.Errorf("%+v: asks for the organization: %t", test, asks)
		}
		if got := len(selectors(c)); got != 1 {
			t.Errorf("%+v: %d selections", test, got)
		}
		var ids []string
		for _, a := range accounts(Input{Config: c}) {
			ids = append(ids, string(a.ID))
		}
		if got := strings.Join(ids, " "); got != reached {
			t.Errorf("%+v: reaches %s", test, got)
		}
	}
}

// TestNeedsCAA climbs from the domain upwards, and no further than it must.
func TestNeedsCAA(t *testing.T) {
	c := load(t, "  - { domain: a.api.example.com, parent: { external: registrar }, child: api, certificate: { names: a.api.example.com } }\n")
	e := world()
	var asked []string
	for range 9 {
		for _, q := range Needs(Input{Config: c, Estate: e, Now: now}) {
			answered(&e, q)
			if q.Kind == estate.QueryPublic {
				asked = append(asked, q.ID)
			}
			if q.ID == "example.com/CAA" {
				e.Public.Put(estate.PublicAnswer{Name: dnsname.MustParse("example.com"), Type: "CAA", Values: []string{`0 issue "amazon.com"`}})
			}
		}
	}
	if want := []string{"api.example.com/CAA", "example.com/CAA"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

func TestCAA(t *testing.T) {
	for _, tt := range []struct {
		values   []string
		wildcard bool
		want     bool
	}{
		{nil, false, true},
		{[]string{`0 issue "amazon.com"`}, false, true},
		{[]string{`0 issue "letsencrypt.org"`, `0 issue "amazonaws.com"`}, false, true},
		{[]string{`0 issue "letsencrypt.org"`}, false, false},
		{[]string{`0 issue "letsencrypt.org"`}, true, false},
		{[]string{`0 issue ";"`}, false, false},
		{[]string{`0 issue "amazon.com; account=1"`}, false, true},
		{[]string{`0 ISSUE "Amazon.com"`}, false, true},
		{[]string{`0 issue "amazon.com"`, `0 issuewild ";"`}, false, true},
		{[]string{`0 issue "amazon.com"`, `0 issuewild ";"`}, true, false},
		{[]string{`0 issue "letsencrypt.org"`, `0 issuewild "amazon.com"`}, true, true},
		{[]string{`0 issuewild "letsencrypt.org"`}, false, true},
		{[]string{`0 iodef "mailto:x@example.com"`}, false, true},
	} {
		if got := allowed(tt.values, tt.wildcard); got != tt.want {
			t.Errorf("%q let Amazon issue (wildcard %v): %v, want %v", tt.values, tt.wildcard, got, tt.want)
		}
	}
}
