package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// TestQuotas: what stands and what is added are counted together, with the
// ledger that grows, in zones of ours and of others, made or still to be made.
func TestQuotas(t *testing.T) {
	many := func(n int) []Wanted {
		out := []Wanted{wantZone()}
		for i := range n {
			out = append(out, wantRecord(fmt.Sprintf("h%d.api.example.com", i), "A", "192.0.2.1"))
		}
		return out
	}
	holds := func(zone string, count int64) func(*estate.Estate) {
		return func(e *estate.Estate) {
			z, _ := e.Zones.Get(zone)
			z.RecordCount = count
			e.Zones.Put(z)
		}
	}
	limits := estate.Query{Kind: estate.QueryLimits, Account: "2", ID: "ZC"}
	for _, tt := range []struct {
		name   string
		estate func(*estate.Estate)
		wanted []Wanted
		want   string
	}{
		{"well within", holds("ZC", 2), many(50), ""},
		{"standing and new together", holds("ZC", 8990), many(20), "warning quota: zone api.example.com will hold 9011 of 10000 records\n"},
		{"one too many", holds("ZC", 9998), many(2), "error quota: zone api.example.com would hold 10001 records; the quota is 10000 [NS, SOA and the ledger of what orgdns made are counted]\n"},
		{"the last that fits", holds("ZC", 9997), many(2), "warning quota: zone api.example.com will hold 10000 of 10000 records\n"},
		{"a higher quota", func(e *estate.Estate) {
			holds("ZC", 9998)(e)
			e.Quotas.Put(estate.Quota{Account: "2", Code: "MAX_RRSETS_BY_ZONE", ID: "ZC", Value: 20000})
		}, many(2), "warning quota: zone api.example.com will hold 10001 records: within its quota of 20000, but AWS charges for those above 10000\n"},
		{"the quota unread", func(e *estate.Estate) {
			holds("ZC", 9998)(e)
			e.Answers.Put(estate.Answer{Query: limits, Code: "AccessDenied"})
		}, many(2), "error quota: zone api.example.com would hold 10001 records; the quota is 10000 [NS, SOA and the ledger of what orgdns made are counted; the zone's real quota could not be read: AccessDenied]\n"},
		{"a parent of others", func(e *estate.Estate) {
			holds("ZP", 9999)(e)
			e.Records.Delete(estate.RecordKey("ZP", api, "NS", ""))
		}, []Wanted{wantZone(), wantLink()}, "warning quota: zone example.com will hold 10000 of 10000 records\n"},
		{"a zone still to be made", func(e *estate.Estate) { *e = world() }, many(9986),
			"error quota: zone api.example.com would hold 10001 records; the quota is 10000 [NS, SOA and the ledger of what orgdns made are counted]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := delegated()
			tt.estate(&e)
			p := Make(Input{Owner: owner, Now: now, Estate: e, Wanted: tt.wanted, Apart: map[string]bool{"ZP": true}})
			got := ""
			for _, d := range p.Diagnostics {
				if d.Code == "quota" {
					got += fmt.Sprintf("%s %s: %s", d.Severity, d.Code, d.Summary)
					if d.Detail != "" {
						got += " [" + d.Detail + "]"
					}
					got += "\n"
				}
			}
			if got != tt.want {
				t.Errorf("said %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTooLarge: what no batch can hold, and a zone whose name leaves no room for
// the ledger, are refused before anything is tried.
func TestTooLarge(t *testing.T) {
	values := func(n, size int, fill string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = strings.Repeat(fill, size)
		}
		return out
	}
	stands := func(n, size int) func(*estate.Estate) {
		return func(e *estate.Estate) {
			z, _ := e.Zones.Get("ZC")
			name, _ := z.Name.Child("t")
			r := estate.RecordSet{Zone: "ZC", Name: name, Type: "TXT", TTL: 300, Values: values(n, size, "x")}
			l := Ledger{ZoneName: z.Name, Owner: owner}
			_, sets := l.Edit("ZC", []string{Entry(z.Name, name, "TXT", "")}, nil)
			e.Records.Put(r, *sets[0].After)
		}
	}
	long := strings.Repeat(strings.Repeat("l", 57)+".", 4)
	zone := func(name string) []Wanted {
		z, r := wantZone(), wantRecord("www."+name, "A", "192.0.2.1")
		z.Item.Zone.Name, r.Item.Record.ZoneName = dnsname.MustParse(name), dnsname.MustParse(name)
		return []Wanted{z, r}
	}
	if got := LikeLedger(dnsname.MustParse("xxxxx"+long[:231]), owner); !strings.HasSuffix(got, "*.xxxxx"+long[:231]) {
		t.Errorf("its pattern is %s", got)
	}
	for _, tt := range []struct {
		name   string
		estate func(*estate.Estate)
		wanted []Wanted
		want   string
	}{
		{"a set that can be replaced", stands(4, 4000), []Wanted{wantZone(), wantRecord("t.api.example.com", "TXT", values(4, 3990, "y")...)}, ""},
		{"a set that cannot", stands(5, 4000), []Wanted{wantZone(), wantRecord("t.api.example.com", "TXT", values(4, 4000, "y")...)},
			"error too-large: the records at t.api.example.com in zone api.example.com are too large to be changed at once: 9 values of 36000 characters, before and after"},
		{"two types at one name", func(*estate.Estate) {}, []Wanted{wantZone(),
			wantRecord("t.api.example.com", "TXT", values(5, 4000, "y")...), wantRecord("t.api.example.com", "SPF", values(5, 4000, "y")...)},
			"error too-large: the records at t.api.example.com in zone api.example.com are too large to be changed at once: 10 values of 40000 characters, before and after"},
		{"a long zone", func(e *estate.Estate) { *e = world() }, zone(long[:231]), ""},
		{"a zone without room for a ledger", func(e *estate.Estate) { *e = world() }, zone("x" + long[:231]),
			"error long-zone: the name of zone x" + long[:231] + " is too long: there is no room for the ledger of what orgdns makes there"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := delegated()
			tt.estate(&e)
			p := Make(Input{Owner: owner, Now: now, Estate: e, Wanted: tt.wanted, Apart: map[string]bool{"ZP": true}})
			got := ""
			for _, d := range p.Diagnostics {
				if d.Code == "too-large" || d.Code == "long-zone" {
					got += fmt.Sprintf("%s %s: %s", d.Severity, d.Code, d.Summary)
				}
			}
			if got != tt.want {
				t.Errorf("said %q, want %q", got, tt.want)
			}
		})
	}
}
