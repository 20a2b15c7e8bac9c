package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

const (
	ns    = "records/example.com/api/NS"
	gone  = child + "/deadline"
	lower = child + "/ttl"
	final = child + "/deadline-final"
)

// TestRetire walks the removal of a zone: deadline written, TTL lowered, link
// out, all TTLs waited out, then the zone (settled point 21).
func TestRetire(t *testing.T) {
	lowered := func(e *estate.Estate, tags estate.Tags) {
		put(e, estate.Zone{ID: "ZC", Account: "2", Name: api, CallerReference: NumberedReference(Reference(owner, child), 1), Tags: tags},
			set("api.example.com", "NS", LowTTL, values("zc")...))
	}
	unlink := func(e *estate.Estate) {
		z, _ := e.Zones.Get("ZP")
		e.Records.Delete(estate.RecordKey("ZP", api, "NS", ""), estate.RecordKey("ZP", LedgerName(z.Name, owner, 0), "TXT", ""))
	}
	tag := func(d time.Duration) estate.Tags {
		return estate.Tags{TagDeleteAfter: now.Add(d).Format(time.RFC3339)}
	}
	sequence := "update " + gone + "\nupdate " + lower + " <" + gone + "\ndelete " + ns + " <" + gone + " <" + lower +
		"\nupdate " + final + " <" + gone + " <" + lower + " <" + ns + "\n"
	last := "delete " + child + " <" + gone + " <" + final + " <" + lower + " <" + ns + "! " + ns + "+6m0s " + lower + "+48h1m0s\n"
	for _, tt := range []struct {
		name   string
		estate func(e *estate.Estate)
		wanted []Wanted
		want   string
		tag    string // the deadlines that are written
	}{
		{"from the beginning", func(*estate.Estate) {}, nil, sequence + last, "@now+54h1m0s @now+48h1m0s"},
		{"the TTL is low already", func(e *estate.Estate) { lowered(e, nil) }, nil,
			"update " + gone + "\ndelete " + ns + " <" + gone + "\nupdate " + final + " <" + gone + " <" + ns +
				"\ndelete " + child + " <" + gone + " <" + final + " <" + ns + "! " + ns + "+6m0s\n", "@now+6h6m0s @now+6m0s"},
		{"stopped after the TTL was lowered", func(e *estate.Estate) { lowered(e, tag(40*time.Hour)) }, nil,
			"update " + gone + "\ndelete " + ns + " <" + gone + "\nupdate " + final + " <" + gone + " <" + ns +
				"\ndelete " + child + " <" + gone + " <" + final + " <" + ns + "! not before 2026-06-03T04:00:00Z " + ns + "+6m0s\n", "@now+46h1m0s @now+40h1m0s"},
		{"the link is out, the deadline ahead", func(e *estate.Estate) { unlink(e); lowered(e, tag(time.Hour)) }, nil,
			"delete " + child + " not before 2026-06-01T13:00:00Z\n", ""},
		{"the link was taken out by somebody, no deadline", func(e *estate.Estate) { unlink(e) }, nil,
			"update " + gone + "\ndelete " + child + " <" + gone + " " + gone + "+48h1m0s\n", "@now+48h1m0s"},
		{"a broken deadline counts as none", func(e *estate.Estate) { unlink(e); lowered(e, estate.Tags{TagDeleteAfter: "soon"}) }, nil,
			"update " + gone + "\ndelete " + child + " <" + gone + " " + gone + "+2m0s\n", "@now+2m0s"},
		{"records of ours go with the zone", func(e *estate.Estate) {
			unlink(e)
			lowered(e, tag(time.Hour))
			put(e, func() estate.Zone { z, _ := e.Zones.Get("ZC"); return z }(), set("www.api.example.com", "A", 60, "192.0.2.1"))
			claim(e, "ZC", "A www")
		}, nil, "delete records/api.example.com/www/A not before 2026-06-01T13:00:00Z\ndelete " + child + " <records/api.example.com/www/A not before 2026-06-01T13:00:00Z\n", ""},
		{"foreign records keep the zone, not the link", func(e *estate.Estate) {
			z, _ := e.Zones.Get("ZC")
			put(e, z, set("db.api.example.com", "A", 60, "192.0.2.7"))
		}, nil, sequence + "warning foreign-records: zone api.example.com (ZC) stays: it holds records that orgdns did not make [db.api.example.com A]\n", "@now+54h1m0s @now+48h1m0s"},
		{"a foreign link keeps it", func(e *estate.Estate) {
			z, _ := e.Zones.Get("ZP")
			e.Records.Delete(estate.RecordKey("ZP", LedgerName(z.Name, owner, 0), "TXT", ""))
		}, nil, "waiting " + child + " for whoever owns it to remove api.example.com NS in zone example.com (ZP, account 1), which orgdns did not make, which still delegates to zone ZC; until then the zone stays as it is\n", ""},
		{"public DNS still leads to it", func(e *estate.Estate) {
			unlink(e)
			e.Public.Put(estate.PublicAnswer{Name: api, Type: "NS", Values: values("zc")})
		}, nil, "waiting " + child + " for whoever owns it to remove the NS record of api.example.com outside the organization, which public DNS shows, which still delegates to zone ZC; until then the zone stays as it is\n", ""},
		{"public DNS could not be asked", func(e *estate.Estate) {
			unlink(e)
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryPublic, ID: "api.example.com/NS"}, Code: "Unreachable", Message: "no network"})
		}, nil, "error unread: public api.example.com/NS could not be read, so nothing is planned for " + child + " [Unreachable: no network]\n", ""},
		{"its own records unread", func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryRecords, Account: "2", ID: "ZC"}, Code: "AccessDenied", Message: "no"})
		}, []Wanted{wantLinkTo("ns1.other.test")}, "update " + parent + "\nerror unread: records 2 ZC could not be read, so nothing is planned for " + child + " [AccessDenied: no]\n", ""},
		{"the parent's records unread", func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryRecords, Account: "1", ID: "ZP"}, Code: "AccessDenied", Message: "no"})
		}, nil, "error unread: records 1 ZP could not be read, so nothing is planned for " + child + " [AccessDenied: no]\n", ""},
		{"the zones of any account unread", func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZones, Account: "9"}, Code: "AccessDenied", Message: "no"})
		}, []Wanted{wantLinkTo("ns1.other.test")}, "update " + parent + "\nerror unread: zones 9 could not be read, so nothing is planned for " + child + " [AccessDenied: no]\n", ""},
		{"an adopted zone is released", func(e *estate.Estate) {
			z, _ := e.Zones.Get("ZC")
			z.CallerReference, z.Tags = "by hand", estate.Tags{TagOwner: owner, TagAddress: child, "team": "api"}
			put(e, z, set("www.api.example.com", "A", 60, "192.0.2.1"), set("db.api.example.com", "A", 60, "192.0.2.7"))
			claim(e, "ZC", "A www")
		}, nil, "delete " + ns + "\nupdate " + child + " <" + ns + "!\ndelete records/api.example.com/www/A\n", ""},
		{"moved to another account", func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZones, Account: "3"}})
		}, []Wanted{func() Wanted { w := wantZone(); w.Account = "3"; return w }(), wantLink()},
			"create " + child + "\nupdate " + child + "/ZC/deadline\nupdate " + child + "/ZC/ttl <" + child + "/ZC/deadline\n" +
				"update " + parent + " <" + child + "! <" + child + "/ZC/deadline <" + child + "/ZC/ttl\n" +
				"update " + child + "/ZC/deadline-final <" + parent + " <" + child + "/ZC/deadline <" + child + "/ZC/ttl\n" +
				"delete " + child + "/ZC <" + parent + "! <" + child + "/ZC/deadline <" + child + "/ZC/deadline-final <" + child + "/ZC/ttl " + parent + "+6m0s " + child + "/ZC/ttl+48h1m0s\n", "@now+54h1m0s @now+48h1m0s"},
		{"two zones were made for one address", func(e *estate.Estate) {
			unlink(e)
			for _, id := range []string{"ZC", "ZD"} {
				put(e, estate.Zone{ID: id, Account: "2", Name: api, CallerReference: NumberedReference(Reference(owner, child), 1), Tags: tag(-time.Hour)})
			}
		}, nil, "delete " + child + " not before 2026-06-01T11:00:00Z\ndelete " + child + "/ZD not before 2026-06-01T11:00:00Z\n", ""},
		{"an owner's zone of another owner", func(e *estate.Estate) {
			unlink(e)
			z, _ := e.Zones.Get("ZC")
			z.CallerReference = NumberedReference(Reference("other", child), 1)
			e.Zones.Put(z)
		}, nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := delegated()
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryPublic, ID: "api.example.com/NS"}})
			tt.estate(&e)
			p := Make(Input{Owner: owner, Now: now, Estate: e, Wanted: tt.wanted, Apart: map[string]bool{"ZP": true}})
			if got := brief(p); got != tt.want {
				t.Errorf("planned\n%swant\n%s", got, tt.want)
			}
			var got []string
			for _, c := range p.Changes {
				if c.After != nil && c.After.ZoneTags != nil && len(c.After.ZoneTags.Set) > 0 {
					got = append(got, c.After.ZoneTags.Set[TagDeleteAfter].String())
				}
			}
			if got := strings.Join(got, " "); got != tt.tag {
				t.Errorf("deadlines %s, want %s", got, tt.tag)
			}
		})
	}
}

func wantLinkTo(server string) Wanted {
	w := wantLink()
	w.After, w.Item.Record.Values = nil, []Value{Lit(server)}
	return w
}

// TestRetireChain takes out a zone and one delegated on from it, together: no
// zone goes while anything still points at it.
func TestRetireChain(t *testing.T) {
	e := delegated()
	dev := dnsname.MustParse("dev.api.example.com")
	devAddress := "delegations/dev.api.example.com/zone"
	put(&e, estate.Zone{ID: "ZD", Account: "3", Name: dev, CallerReference: NumberedReference(Reference(owner, devAddress), 1)})
	link := set("dev.api.example.com", "NS", 600, values("zd")...)
	link.Zone = "ZC"
	e.Records.Put(link)
	claim(&e, "ZC", "NS dev")
	p := Make(Input{Owner: owner, Now: now, Estate: e, Apart: map[string]bool{"ZP": true}})
	devNS := "records/api.example.com/dev/NS"
	want := strings.Join([]string{
		"update " + gone,
		"update " + lower + " <" + gone,
		"delete " + ns + " <" + gone + " <" + lower,
		"update " + final + " <" + gone + " <" + lower + " <" + ns,
		"update " + devAddress + "/deadline",
		"update " + devAddress + "/ttl <" + devAddress + "/deadline",
		"delete " + devNS + " <" + devAddress + "/deadline <" + devAddress + "/ttl",
		"delete " + child + " <" + gone + " <" + final + " <" + lower + " <" + devNS + " <" + ns + "! " + ns + "+6m0s " + lower + "+48h1m0s",
		"update " + devAddress + "/deadline-final <" + devAddress + "/deadline <" + devAddress + "/ttl <" + devNS,
		"delete " + devAddress + " <" + devAddress + "/deadline <" + devAddress + "/deadline-final <" + devAddress + "/ttl <" + devNS + "! " + devNS + "+11m0s " + devAddress + "/ttl+48h1m0s",
		"",
	}, "\n")
	if got := brief(p); got != want {
		t.Errorf("planned\n%swant\n%s", got, want)
	}
	if p.Managed != 4 {
		t.Errorf("%d things are managed, want 4", p.Managed)
	}
}
