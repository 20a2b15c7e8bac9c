package plan

import (
	"fmt"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// RecordsQuota is how many records a hosted zone holds unless AWS was asked for
// more (Developer Guide, DNSLimitations.html); records above it cost extra.
const RecordsQuota = 10000

// RecordsWarning is the count of records from which the real quota of a zone is
// asked for.
const RecordsWarning = RecordsQuota * 9 / 10

// RecordsLimit is how many records a zone may hold, as far as its quota was read.
func RecordsLimit(e estate.Estate, z estate.Zone) int64 {
	if q, ok := e.Quotas.Get(estate.Quota{Account: z.Account, Code: "MAX_RRSETS_BY_ZONE", ID: z.ID}.Key()); ok {
		return q.Value
	}
	return RecordsQuota
}

// vpcQuota is how many VPCs a private zone has unless AWS was asked for more
// (Developer Guide, DNSLimitations.html).
const vpcQuota = 300

// VPCsWarning is the count of VPCs from which the real quota of a private zone
// is asked for.
const VPCsWarning = vpcQuota * 9 / 10

// VPCLimit is how many VPCs a private zone may have, as far as its quota was
// read.
func VPCLimit(e estate.Estate, z estate.Zone) int64 {
	if q, ok := e.Quotas.Get(estate.Quota{Account: z.Account, Code: "MAX_VPCS_ASSOCIATED_BY_ZONE", ID: z.ID}.Key()); ok && z.ID != "" {
		return q.Value
	}
	return vpcQuota
}

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
		f := fills[zone]
		if f.first.Address != "" {
			b.quota(zone, f)
		}
		if name := f.zone.ZoneName; len(f.add) > 0 && !hasLedger(name, b.in.Owner) {
			b.problem(f.first, diag.Error, "long-zone",
				fmt.Sprintf("the name of zone %s is too long: there is no room for the ledger of what orgdns makes there", name),
				"the ledger stands below the zone as TXT records "+ledgerLabel(b.in.Owner)+"-<n>, and a name has 255 bytes at most", "choose a shorter domain")
		}
	}
	b.tooLarge(wanted)
}

// Limits of a ChangeResourceRecordSets request (API_ChangeResourceRecordSets):
// ResourceRecord elements, an alias counting as one, and characters in all
// Value elements; UPSERT counts twice.
const (
	BatchElements   = 1000
	BatchCharacters = 32000
)

// tooLarge refuses changes that no batch can hold. What stands at one name is
// replaced by DELETE and CREATE in one batch, so that it never lacks an answer.
func (b *builder) tooLarge(wanted map[string]Wanted) {
	type unit struct {
		first                Change
		elements, characters int
	}
	units := map[string]*unit{}
	for _, c := range b.plan.Changes {
		r := c.Item().Record
		if r == nil || r.Entry != "" || c.Action == Claim {
			continue
		}
		key := fmt.Sprint(b.zoneKey(r.Zone), " ", r.Name, " ", r.Statement)
		u := units[key]
		if u == nil {
			u = &unit{first: c}
			units[key] = u
		}
		for _, i := range []*Item{c.Before, c.After} {
			if i == nil {
				continue
			}
			u.elements += max(1, len(i.Record.Values))
			for _, v := range i.Record.Values {
				s, _ := v.Literal()
				u.characters += len(s)
			}
		}
	}
	for _, key := range sortedKeys(units) {
		u := units[key]
		if u.elements <= BatchElements && u.characters <= BatchCharacters {
			continue
		}
		r := u.first.Item().Record
		w := wanted[u.first.Address]
		w.Address, w.Account = u.first.Address, u.first.Account
		b.problem(w, diag.Error, "too-large",
			fmt.Sprintf("the records at %s in zone %s are too large to be changed at once: %d values of %d characters, before and after", r.Name, r.ZoneName, u.elements, u.characters),
			fmt.Sprintf("one change batch of Route 53 holds %d values of %d characters in all", BatchElements, BatchCharacters),
			"give it fewer or shorter values, or delete what stands there by hand first")
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
	limit := int64(RecordsQuota)
	total := f.records + 2
	detail := "NS, SOA and the ledger of what orgdns made are counted"
	if z, ok := b.e.Zones.Get(zone); ok {
		total = f.records + max(z.RecordCount, 2)
		if a, asked := b.e.Asked(estate.Query{Kind: estate.QueryLimits, Account: z.Account, ID: z.ID}); asked && a.Code != "" {
			detail += "; the zone's real quota could not be read: " + a.Code
		}
		limit = RecordsLimit(b.e, z)
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
	case total > RecordsQuota:
		b.problem(f.first, diag.Warning, "quota", fmt.Sprintf("zone %s will hold %d records: within its quota of %d, but AWS charges for those above %d", name, total, limit, RecordsQuota), "", "")
	case total > limit*9/10:
		b.problem(f.first, diag.Warning, "quota", fmt.Sprintf("zone %s will hold %d of %d records", name, total, limit), "", "ask for a higher quota in time")
	}
}
