package twintest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

func query(kind estate.QueryKind, account estate.AccountID, rest ...string) estate.Query {
	q := estate.Query{Kind: kind, Account: account}
	for _, s := range rest {
		if strings.Count(s, "-") == 2 {
			q.Region = estate.Region(s)
		} else {
			q.ID = s
		}
	}
	return q
}

// all are the queries that between them see all of populated().
func all() []estate.Query {
	q := []estate.Query{
		query(estate.QueryIdentity, ""), query(estate.QueryIdentity, child),
		query(estate.QueryOrganization, child), query(estate.QueryAccounts, management),
		query(estate.QueryZones, parent), query(estate.QueryZones, child),
		query(estate.QueryVPCs, child, "eu-west-1"), query(estate.QueryVPCs, child, "eu-central-1"),
		query(estate.QueryCertificates, child, "eu-west-1"),
		query(estate.QueryRole, management, "orgdns"), query(estate.QueryRole, parent, "orgdns"), query(estate.QueryRole, child, "orgdns"),
	}
	for _, z := range []string{"ZPARENT", "ZOTHERA", "ZOTHERB", "ZPRIVATE"} {
		account := parent
		if z == "ZPRIVATE" {
			account = child
		}
		for _, k := range []estate.QueryKind{estate.QueryZone, estate.QueryRecords, estate.QueryZoneTags} {
			q = append(q, query(k, account, z))
		}
	}
	return q
}

// TestRoundTrip: what is read of an estate is that estate, read once or again
// over what was read.
func TestRoundTrip(t *testing.T) {
	want := populated()
	a := newAWS(t, want, nil)
	want.Caller = estate.Caller{Account: management, ARN: "arn:aws:iam::000000000001:user/twin-administrator"}
	other, _ := want.Certificates.Get("arn:aws:acm:eu-west-1:333333333333:certificate/22222222-2222-4222-8222-222222222222")
	other.Validation = nil // not ours, so not asked for
	want.Certificates.Put(other)

	var got estate.Estate
	reader := a.sessions.Reader(nil)
	for i := range 2 {
		read(t, t.Context(), reader, &got, all()...)
		if g, w := text(t, got), text(t, want); g != w {
			t.Fatalf("read %d times: %s", i+1, firstDifference(g, w))
		}
	}
	if n := a.count("AssumeRole"); n != 3 {
		t.Errorf("%d sessions for 3 accounts", n)
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			from := max(0, i-12)
			return fmt.Sprintf("line %d: got %s, want %s, after\n%s", i+1, g[i], w[i], strings.Join(w[from:i], "\n"))
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// TestGone: what is no more goes from the estate, and that it is no more is an
// answer.
func TestGone(t *testing.T) {
	before := populated()
	after := before
	for r := range before.Records.Prefix(estate.RecordsOf("ZOTHERA")) {
		after.Records.Delete(r.Key())
	}
	after.Zones.Delete("ZOTHERA")
	after.Certificates.Delete("arn:aws:acm:eu-west-1:333333333333:certificate/11111111-1111-4111-8111-111111111111")
	after.VPCs.Delete("vpc-0b")
	a := newAWS(t, after, nil)
	tests := []struct {
		query estate.Query
		gone  func(estate.Estate) bool
	}{
		{query(estate.QueryZones, parent), func(e estate.Estate) bool { return e.Zones.Len() == 3 && e.Records.Len() == 21 }},
		{query(estate.QueryZone, parent, "ZOTHERA"), func(e estate.Estate) bool { return e.Zones.Len() == 3 && e.Records.Len() == 21 }},
		{query(estate.QueryRecords, parent, "ZOTHERA"), func(e estate.Estate) bool { return e.Records.Len() == 21 }},
		{query(estate.QueryZoneTags, parent, "ZOTHERA"), func(e estate.Estate) bool { return e.Zones.Len() == 3 }},
		{query(estate.QueryCertificates, child, "eu-west-1"), func(e estate.Estate) bool { return e.Certificates.Len() == 1 }},
		{query(estate.QueryVPCs, child, "eu-central-1"), func(e estate.Estate) bool { return e.VPCs.Len() == 1 }},
		{query(estate.QueryRole, child, "missing"), func(e estate.Estate) bool { return e.Roles.Len() == 3 }},
	}
	for _, tt := range tests {
		t.Run(tt.query.String(), func(t *testing.T) {
			e := before
			read(t, t.Context(), a.sessions.Reader(nil), &e, tt.query)
			if !tt.gone(e) {
				t.Errorf("%d zones, %d records, %d certificates, %d VPCs, %d roles",
					e.Zones.Len(), e.Records.Len(), e.Certificates.Len(), e.VPCs.Len(), e.Roles.Len())
			}
		})
	}
}

// TestPages: full pages, and no more calls than they take.
func TestPages(t *testing.T) {
	e := populated()
	for i := range 250 {
		z, records := zone(fmt.Sprintf("ZMANY%03d", i), child, fmt.Sprintf("z%d.example", i))
		e.Zones.Put(z)
		e.Records.Put(records...)
	}
	for i := range 700 {
		e.Records.Put(estate.RecordSet{Zone: "ZMANY000", Name: name(fmt.Sprintf("r%d.z0.example", i)), Type: "A", TTL: 60, Values: []string{"192.0.2.1"}})
	}
	a := newAWS(t, e, nil)
	var got estate.Estate
	read(t, t.Context(), a.sessions.Reader(nil), &got, query(estate.QueryZones, child), query(estate.QueryRecords, child, "ZMANY000"))
	if got.Zones.Len() != 251 || got.Records.Len() != 702 {
		t.Errorf("%d zones, %d records", got.Zones.Len(), got.Records.Len())
	}
	if zones, records := a.count("ListHostedZones"), a.count("ListResourceRecordSets"); zones != 3 || records != 3 {
		t.Errorf("%d pages of zones, %d of records, want 3 and 3", zones, records)
	}
}

func TestLimits(t *testing.T) {
	a := newAWS(t, populated(), nil)
	var e estate.Estate
	read(t, t.Context(), a.sessions.Reader(nil), &e, query(estate.QueryLimits, parent), query(estate.QueryLimits, parent, "ZPARENT"))
	want := []estate.Quota{
		{Account: parent, Code: "MAX_HOSTED_ZONES_BY_OWNER", Value: 500, Used: 3},
		{Account: parent, Code: "MAX_RRSETS_BY_ZONE", ID: "ZPARENT", Value: 10000, Used: 17},
	}
	if got := slices.Collect(e.Quotas.All()); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestRecords: the sets that stand, in few calls, whatever order AWS lists
// them in.
func TestRecords(t *testing.T) {
	a := newAWS(t, populated(), nil)
	w := a.sessions.Writer(nil)
	id := func(n, rrtype, set string) plan.RecordID {
		return plan.RecordID{Name: name(n), Type: rrtype, SetID: set}
	}
	few := []plan.RecordID{
		id("w.example.com", "A", "two"), id("w.example.com", "A", "three"), id("*.example.com", "A", ""),
		id("example.com", "NS", ""), id("missing.example.com", "A", ""),
	}
	many := slices.Clone(few)
	for i := range 20 {
		many = append(many, id(fmt.Sprintf("missing%d.example.com", i), "A", ""))
	}
	for _, ids := range [][]plan.RecordID{few, many} {
		before := a.count("ListResourceRecordSets")
		got, err := w.Records(t.Context(), parent, "ZPARENT", ids)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, r := range got {
			keys = append(keys, strings.TrimSpace(r.Name.String()+" "+r.Type+" "+r.SetID))
		}
		slices.Sort(keys)
		if want := []string{"*.example.com A", "example.com NS", "w.example.com A two"}; !slices.Equal(keys, want) {
			t.Errorf("%q, want %q", keys, want)
		}
		if n := a.count("ListResourceRecordSets") - before; n > 4 {
			t.Errorf("%d calls for %d sets", n, len(ids))
		}
	}
}
