package plan

import (
	"fmt"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// recordQuota is how many records a hosted zone holds unless AWS was asked for
// more (Developer Guide, DNSLimitations.html); records above it cost extra.
const recordQuota = 10000

// RecordsWarning is the count of records from which the real quota of a zone is
// asked for.
const RecordsWarning = recordQuota * 9 / 10

// fill is what a plan makes of the number of records of one zone.
type fill struct {
	first         Wanted // that adds a record
	zone          Record
	records       int64
	add, withdraw []string // ledger entries
}

// quotas tells ahead that a zone will be full: what stands, SOA, NS and ledger
// included, with what the plan adds and takes out.
func (b *builder) quotas() {
	fills := map[string]*fill{}
	wanted := map[string]Wanted{}
	for _, w := range b.in.Wanted {
		wanted[w.Address] = w
	}
	for _, c := range b.plan.Changes {
		r := c.Item().Record
		if r == nil {
			continue
		}
		zone := b.zoneKey(r.Zone)
		f := fills[zone]
		if f == nil {
			f = &fill{}
			fills[zone] = f
		}
		f.count(c, wanted)
	}
	for _, zone := range sortedKeys(fills) {
		if f := fills[zone]; f.first.Address != "" {
			b.quota(zone, f)
		}
	}
}

// count adds one change of a record.
func (f *fill) count(c Change, wanted map[string]Wanted) {
	r := c.Item().Record
	entry := r.Name.String() // of a name still to be known, as good as any
	if s, ok := r.Name.Literal(); ok {
		if n, err := dnsname.Parse(s); err == nil {
			entry = Entry(r.ZoneName, n, r.Type, r.SetID)
		}
	}
	switch {
	case r.Entry != "" && c.Action == Claim:
		f.add = append(f.add, r.Entry)
	case r.Entry != "":
		f.withdraw = append(f.withdraw, r.Entry)
	case c.Action == Create || c.Action == Claim:
		if c.Action == Create {
			f.records++
		}
		if f.first.Address == "" {
			f.first, f.zone = wanted[c.Address], *r
		}
		if !r.Unclaimed {
			f.add = append(f.add, entry)
		}
	case c.Action == Delete:
		f.records--
		f.withdraw = append(f.withdraw, entry)
	}
}

func (b *builder) quota(zone string, f *fill) {
	limit := int64(recordQuota)
	total := f.records + 2
	detail := "NS, SOA and the ledger of what orgdns made are counted"
	if z, ok := b.e.Zones.Get(zone); ok {
		total = f.records + max(z.RecordCount, 2)
		if a, asked := b.e.Asked(estate.Query{Kind: estate.QueryLimits, Account: z.Account, ID: z.ID}); asked && a.Code != "" {
			detail += "; the zone's real quota could not be read: " + a.Code
		}
		if q, ok := b.e.Quotas.Get(estate.Quota{Account: z.Account, Code: "MAX_RRSETS_BY_ZONE", ID: z.ID}.Key()); ok {
			limit = q.Value
		}
	}
	ledger := Ledger{ZoneName: f.zone.ZoneName, Owner: b.in.Owner}
	if l := b.ledgers[zone]; l != nil {
		ledger = l.Ledger
	}
	next, _ := ledger.Edit(zone, f.add, f.withdraw)
	total += int64(len(next.Sets) - len(ledger.Sets))
	name := f.zone.ZoneName
	switch {
	case total > limit:
		b.problem(f.first, diag.Error, "quota", fmt.Sprintf("zone %s would hold %d records; the quota is %d", name, total, limit),
			detail,
			"ask for a higher quota of records per hosted zone, or delegate a part of the names further down")
	case total > recordQuota:
		b.problem(f.first, diag.Warning, "quota", fmt.Sprintf("zone %s will hold %d records: within its quota of %d, but AWS charges for those above %d", name, total, limit, recordQuota), "", "")
	case total > limit*9/10:
		b.problem(f.first, diag.Warning, "quota", fmt.Sprintf("zone %s will hold %d of %d records", name, total, limit), "", "ask for a higher quota in time")
	}
}
