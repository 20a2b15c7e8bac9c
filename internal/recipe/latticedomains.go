package recipe

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// The recipe latticeDomains: A and AAAA alias records for the custom domain
// names of VPC Lattice services, in the zone of the longest match. What the
// services say when they are read decides; an event is only a reason to read.

// latticeDomain is one of them with what stands of it.
type latticeDomain struct {
	config.LatticeDomain
	account estate.AccountID // none while it is not known which it is
	why     diag.Diagnostic  // why it is not known
	address string
	zone    estate.Zone // if it stands
	stands  bool
	id      plan.Value
	ours    bool // the configuration makes the zone
	grants  []latticeGrant
	queries map[estate.AccountID][]estate.Query // where the services of a granted account are looked for
}

// latticeGrant is a granted name and who may have it.
type latticeGrant struct {
	config.GrantedName
	pos      diag.Pos
	to       []config.AccountRef
	accounts []estate.AccountID
	shared   bool // they share their services with the zone's account
	unknown  bool // of some of its accounts it is not known which they are, or where they have services
}

// latticeAddress is where a Lattice domain stands in a plan.
func latticeAddress(account estate.AccountID, d config.LatticeDomain) string {
	parts := []string{"latticeDomains", string(account), d.Zone.String()}
	if d.Public {
		parts = append(parts, "public")
	}
	if d.ZoneID != "" {
		parts = append(parts, d.ZoneID)
	}
	return strings.Join(parts, "/")
}

// latticeAccounts are the accounts of which a Lattice domain speaks.
func latticeAccounts(d config.LatticeDomain) []config.AccountRef {
	out := []config.AccountRef{d.Account}
	for _, g := range d.Grants {
		out = append(out, g.Accounts...)
	}
	return out
}

// latticeDomainsOf are those of a configuration whose accounts are known, and
// what is wrong with them.
func latticeDomainsOf(in Input) ([]latticeDomain, diag.List) {
	all, problems := allLatticeDomains(in)
	return slices.DeleteFunc(all, func(d latticeDomain) bool { return d.account == "" }), problems
}

// allLatticeDomains are those, and the others.
func allLatticeDomains(in Input) ([]latticeDomain, diag.List) {
	var out []latticeDomain
	var problems diag.List
	find := func(ref config.AccountRef, address string) (id estate.AccountID, why diag.Diagnostic) {
		a, list := in.Config.FindAccount(ref, in.Estate)
		for _, why = range list {
			why.Address = address
			problems.Add(why)
		}
		return a.ID, why
	}
	for _, c := range in.Config.LatticeDomains {
		d := latticeDomain{LatticeDomain: c, queries: map[estate.AccountID][]estate.Query{}}
		d.account, d.why = find(c.Account, latticeAddress(estate.AccountID(c.Account.Name), c))
		d.address = latticeAddress(cmp.Or(d.account, estate.AccountID(c.Account.Name)), c)
		for _, g := range c.Grants {
			var ids []estate.AccountID
			for _, ref := range g.Accounts {
				id, _ := find(ref, d.address+"/names")
				if id == "" {
					continue
				}
				d.queries[id] = looked(in, c, id)
				if len(d.queries[id]) == 0 && !in.Destroy {
					problems.Add(diag.Diagnostic{
						Severity: diag.Error, Code: "no-region", Address: d.address + "/names", Pos: g.Pos, Account: string(id),
						Summary: fmt.Sprintf("it is not known in which Regions the services of account %s are to be looked for", ref), Hint: "write regions, here or with the account, or defaults.region",
					})
					continue
				}
				ids = append(ids, id)
			}
			for i, n := range g.Names {
				d.grants = append(d.grants, latticeGrant{n, g.At("names", i), g.Accounts, ids, g.Shared, len(ids) < len(g.Accounts)})
			}
		}
		if d.account != "" {
			d.find(in)
		}
		out = append(out, d)
	}
	return out, problems
}

// find finds the zone: one that the configuration makes, or the one that stands.
func (d *latticeDomain) find(in Input) {
	made := func(address string, z plan.Zone) {
		z.Name, z.Reference = d.Zone, plan.Reference(in.Config.Owner, address)
		d.id, d.ours = plan.Of(address, "id"), true
		if d.zone, d.stands = plan.OwnZone(in.Estate, in.Config.Owner, d.account, z); d.stands && in.Only != nil {
			d.id = plan.Lit(d.zone.ID)
		}
	}
	is := func(ref config.AccountRef) bool {
		a, problems := in.Config.FindAccount(ref, in.Estate)
		return len(problems) == 0 && a.ID == d.account
	}
	for _, z := range in.Config.PrivateZones {
		if !d.Public && !in.Destroy && z.Domain == d.Zone && d.ZoneID == "" && !z.Foreign && is(z.Account) {
			made(privateZoneAddress(d.account, z.Domain)+"/zone", plan.Zone{Anchor: &estate.VPCRef{}})
			return
		}
	}
	for _, x := range in.Config.Delegations {
		if d.Public && !in.Destroy && x.Domain == d.Zone && d.ZoneID == "" && is(x.Child) {
			made(zoneAddress(x.Domain), plan.Zone{})
			return
		}
	}
	if list := d.standing(in.Estate); len(list) == 1 {
		d.zone, d.stands, d.id = list[0], true, plan.Lit(list[0].ID)
	}
}

// standing are the zones that the configuration may mean.
func (d *latticeDomain) standing(e estate.Estate) []estate.Zone {
	list := e.ZonesNamed(d.account, d.Zone, !d.Public)
	if d.ZoneID == "" {
		return list
	}
	return slices.DeleteFunc(list, func(z estate.Zone) bool { return z.ID != d.ZoneID })
}

// mayMean are the zones that stand and that the configuration may mean as long as
// it is not clear which, or that it meant before.
func (d *latticeDomain) mayMean(e estate.Estate) []estate.Zone {
	var out []estate.Zone
	for z := range e.Zones.By(estate.ByName(d.Zone)) {
		if z.Private != d.Public && (d.account == "" || z.Account == d.account) {
			out = append(out, z)
		}
	}
	return out
}

// granted are the grants that hold a name.
func (d *latticeDomain) granted(name dnsname.Name) []latticeGrant {
	return slices.DeleteFunc(slices.Clone(d.grants), func(g latticeGrant) bool { return !g.Holds(name) })
}

// latticeDomains makes what is wanted.
type latticeDomains struct {
	Input
	out     *Output
	domains []latticeDomain
}

func (r *latticeDomains) make() {
	domains, problems := allLatticeDomains(r.Input)
	r.out.Diagnostics.Add(problems...)
	r.want(domains)
}

// want makes what is wanted of Lattice domains.
func (r *latticeDomains) want(domains []latticeDomain) {
	r.domains = domains
	claims := r.claims()
	for i := range r.domains {
		d := &r.domains[i]
		if why, settled := r.settled(d); !settled {
			for _, c := range claims[d] {
				r.refuse(why, c.service)
			}
			for _, z := range d.mayMean(r.Estate) {
				r.out.Frozen = append(r.out.Frozen, z.ID)
			}
			continue
		}
		if d.stands {
			if _, _, ours := plan.MarkOf(d.zone, r.Config.Owner); !ours {
				r.out.Apart[d.zone.ID] = true
			}
		}
		r.reserve(d)
		kept := r.keep(d, claims[d])
		r.records(d, claims[d])
		if r.CleanupGuidance && d.stands {
			r.cleanup(d)
		}
		r.out.Wanted = append(r.out.Wanted, kept...)
	}
}

func (r *latticeDomains) problem(d *latticeDomain, pos diag.Pos, s diag.Severity, code, summary, detail, hint string) diag.Diagnostic {
	out := diag.Diagnostic{Severity: s, Code: code, Summary: summary, Detail: detail, Hint: hint, Address: d.address, Pos: pos}
	r.out.Diagnostics.Add(out)
	return out
}

// refuse notes why a service does not get its name.
func (r *latticeDomains) refuse(why diag.Diagnostic, s estate.LatticeService) {
	if r.out.Refused == nil {
		r.out.Refused = map[string]diag.Diagnostic{}
	}
	r.out.Refused[s.ARN] = why
}

// settled reports whether it is clear which zone is meant, and says what is not.
func (r *latticeDomains) settled(d *latticeDomain) (why diag.Diagnostic, ok bool) {
	if d.ours || d.stands {
		return why, true
	}
	if d.account == "" {
		return d.why, false
	}
	if !active(r.Estate, d.account) {
		return r.problem(d, d.Pos, diag.Warning, "suspended", fmt.Sprintf("account %s is suspended: the zone %s is left as it is", d.account, d.Zone), "", ""), false
	}
	if q := (estate.Query{Kind: estate.QueryZones, Account: d.account}); !r.Estate.Answered(q) {
		a, _ := r.Estate.Asked(q)
		return r.problem(d, d.At("account"), diag.Error, "unread", fmt.Sprintf("the zones of account %s could not be read", d.account), a.Why(), "see `orgdns iam` for the role that this account needs"), false
	}
	kind := "private"
	if d.Public {
		kind = "public"
	}
	list := d.standing(r.Estate)
	if len(list) == 0 {
		name := d.Zone.String()
		if d.ZoneID != "" {
			name += " with the ID " + d.ZoneID
		}
		return r.problem(d, d.At("zone"), diag.Error, "no-zone", fmt.Sprintf("account %s has no %s zone %s", d.account, kind, name), "", "make one with privateZones or delegations, or write `public` where it is a public one"), false
	}
	var ids []string
	for _, z := range list {
		ids = append(ids, z.ID)
	}
	return r.problem(d, d.At("zone"), diag.Error, "ambiguous-zone", fmt.Sprintf("account %s has %d %s zones %s", d.account, len(list), kind, d.Zone), strings.Join(ids, ", "), "name one by `zoneID`"), false
}

// reserve wants the reservation of every granted name, once.
func (r *latticeDomains) reserve(d *latticeDomain) {
	seen := map[string]bool{}
	for _, g := range d.grants {
		entry := plan.Reservation(d.Zone, g.Name, g.Below)
		if seen[entry] {
			continue
		}
		seen[entry] = true
		st := plan.StatementRecords
		if r.out.Apart[d.zone.ID] && d.stands {
			st = plan.StatementLedger
		}
		r.out.Wanted = append(r.out.Wanted, plan.Wanted{
			Address: reservationAddress(d, g), Account: d.account, Pos: d.At("grants"), Reason: "keeps alias records to VPC Lattice at these names orgdns's",
			Item: plan.Item{Record: &plan.Record{Zone: d.id, ZoneName: d.Zone, Name: plan.Lit(d.Zone.String()), Type: "TXT", Statement: st, Entry: entry}},
		})
	}
}

func reservationAddress(d *latticeDomain, g latticeGrant) string {
	return d.address + "/names/" + g.String()
}

// guidanceTag is the form of the tags in which AWS's guidance keeps what it has
// written into a zone: the ARN of a service, and its custom domain name as value.
var guidanceTag = regexp.MustCompile(`^arn:[a-z-]+:vpc-lattice:[a-z0-9-]+:\d{12}:service/svc-[0-9a-f]+$`)

// cleanup takes the guidance's tags of granted names off a zone, once the names are
// reserved: whoever still ran it would then find no record to delete. Its other names
// are its own, and it knows them by its tags alone.
func (r *latticeDomains) cleanup(d *latticeDomain) {
	tags := plan.ZoneTags{Zone: d.id, Name: d.Zone}
	left := 0
	for k, v := range d.zone.Tags {
		if !guidanceTag.MatchString(k) {
			continue
		}
		if name, err := dnsname.Parse(v); err == nil && len(d.granted(name)) > 0 {
			tags.Remove = append(tags.Remove, k)
		} else {
			left++
		}
	}
	if left > 0 {
		r.problem(d, d.At("grants"), diag.Note, "guidance-tags", fmt.Sprintf("%d tags of the guidance stay on the zone %s: their names are granted to nobody here", left, d.Zone),
			"the guidance still needs them to remove its records", "grant the names, and run with --cleanup-guidance again")
	}
	if len(tags.Remove) == 0 {
		return
	}
	slices.Sort(tags.Remove)
	w := plan.Wanted{Address: d.address + "/guidance", Account: d.account, Pos: d.Pos, Item: plan.Item{ZoneTags: &tags}, Reason: "the guidance's tags, of no use any more"}
	for _, g := range d.grants {
		w.After = append(w.After, plan.Dependency{Address: reservationAddress(d, g)})
	}
	r.out.Wanted = append(r.out.Wanted, w)
}

// records wants A and AAAA for every name, as many as the zone has room for.
func (r *latticeDomains) records(d *latticeDomain, claims map[dnsname.Name]latticeClaim) {
	list := make([]latticeClaim, 0, len(claims))
	for _, c := range claims {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b latticeClaim) int { return a.name.Compare(b.name) })
	for _, c := range r.room(d, list) {
		for _, rrtype := range latticeTypes {
			r.out.Wanted = append(r.out.Wanted, plan.Wanted{
				Address: recordAddress(d.address, "records", d.Zone, c.name, rrtype, ""), Account: d.account, Service: c.service.ARN, Pos: d.Pos,
				Reason: fmt.Sprintf("service %s of account %s in %s", c.service.ID, c.service.Account, c.service.Region),
				After:  []plan.Dependency{{Address: reservationAddress(d, c.grant)}},
				Item:   plan.Item{Record: r.record(d, c.name, rrtype, &estate.Alias{Name: c.service.DNS.Name, Zone: c.service.DNS.Zone})},
			})
		}
	}
}

var latticeTypes = []string{"A", "AAAA"}

func (r *latticeDomains) record(d *latticeDomain, name dnsname.Name, rrtype string, alias *estate.Alias) *plan.Record {
	st := plan.StatementRecords
	if d.stands && r.out.Apart[d.zone.ID] {
		st = plan.StatementLattice
	}
	return &plan.Record{Zone: d.id, ZoneName: d.Zone, Name: plan.Lit(name.String()), Type: rrtype, Alias: alias, Statement: st, Unclaimed: true, Reserved: true}
}

// room leaves out the youngest services for which the zone has no room, and
// tells them by name; it warns from 80 % of the zone's quota on.
func (r *latticeDomains) room(d *latticeDomain, list []latticeClaim) []latticeClaim {
	limit, count, stands := int64(plan.RecordsQuota), int64(2), map[dnsname.Name]bool{} // NS and SOA
	if d.stands {
		limit = plan.RecordsLimit(r.Estate, d.zone)
		if r.Only != nil && mayFill(r.Estate, d.zone)*5 < limit*4 {
			return list // far from it: it need not be counted
		}
		count = 0
		for range r.Estate.Records.Prefix(estate.RecordsOf(d.zone.ID)) {
			count++
		}
		for _, c := range list {
			_, stands[c.name] = r.Estate.Records.Get(estate.RecordKey(d.zone.ID, c.name, "A", ""))
		}
	}
	var young []latticeClaim
	for _, c := range list {
		if !stands[c.name] {
			young = append(young, c)
		}
	}
	slices.SortFunc(young, func(a, b latticeClaim) int {
		return cmp.Or(a.service.Created.Compare(b.service.Created), a.name.Compare(b.name))
	})
	fit := max(0, (limit-count-int64(len(d.grants)/latticeEntries)-1)/int64(len(latticeTypes)))
	total := count + int64(len(young)*len(latticeTypes))
	if int64(len(young)) <= fit {
		if total*5 >= limit*4 { // whether or not there are new ones: events bring them between plans
			r.problem(d, d.At("zone"), diag.Warning, "quota", fmt.Sprintf("zone %s will hold %d of %d records", d.Zone, total, limit), "", "ask for a higher quota of records per hosted zone in time")
		}
		return list
	}
	out := map[dnsname.Name]bool{}
	var names []string
	for _, c := range young[fit:] {
		out[c.name] = true
		names = append(names, fmt.Sprintf("%s (service %s of account %s)", c.name, c.service.ID, c.service.Account))
	}
	why := r.problem(d, d.At("zone"), diag.Warning, "quota", fmt.Sprintf("zone %s has no room for %d services: it would hold %d records, and its quota is %d", d.Zone, len(names), total, limit), strings.Join(names, ", "),
		"ask for a higher quota of records per hosted zone, or give a part of the names a zone of its own")
	for _, c := range young[fit:] {
		r.refuse(why, c.service)
	}
	return slices.DeleteFunc(list, func(c latticeClaim) bool { return out[c.name] })
}

// mayFill is how many records a zone may hold when every service has its own.
func mayFill(e estate.Estate, z estate.Zone) int64 {
	return z.RecordCount + int64(e.LatticeServices.Len()*len(latticeTypes))
}

// latticeEntries is how many reservations a set of the ledger holds at least: a
// name has 255 characters at most, a set 8,000.
const latticeEntries = 30

// keep gives the records of services that may still be there: of which nothing is
// known, in accounts that could not be read; and of those to which the name may be
// granted, by what account nobody knows. What is not known is not absent, so no other
// service gets such a name.
func (r *latticeDomains) keep(d *latticeDomain, claims map[dnsname.Name]latticeClaim) []plan.Wanted {
	seen := map[estate.AccountID]bool{}
	for _, g := range d.grants {
		for _, id := range g.accounts {
			if seen[id] {
				continue
			}
			seen[id] = true
			for _, q := range d.queries[id] {
				if !r.Estate.Answered(q) {
					r.unread(d, q)
				}
			}
		}
	}
	if !d.stands {
		return nil
	}
	records, held := r.standing(d.zone), map[dnsname.Name]bool{}
	for rec := range records {
		if plan.IsLattice(rec) && d.mayStand(r.Input, rec) {
			held[rec.Name] = true
		}
	}
	var out []plan.Wanted
	for rec := range records {
		if !held[rec.Name] || !plan.IsLattice(rec) {
			continue
		}
		if c, claimed := claims[rec.Name]; claimed {
			delete(claims, rec.Name)
			r.refuse(r.problem(d, d.Pos, diag.Warning, "unread", fmt.Sprintf("%s is claimed by service %s of account %s; it leads to a service that may still have it", rec.Name, c.service.ID, c.service.Account), rec.Alias.Name.String(), ""), c.service)
		}
		out = append(out, plan.Wanted{
			Address: recordAddress(d.address, "records", d.Zone, rec.Name, rec.Type, ""), Account: d.account, Pos: d.Pos, Frozen: true,
			Item: plan.Item{Record: r.record(d, rec.Name, rec.Type, rec.Alias)},
		})
	}
	return out
}

// unread says that the services of an account could not be read.
func (r *latticeDomains) unread(d *latticeDomain, q estate.Query) {
	a, asked := r.Estate.Asked(q)
	if !asked && active(r.Estate, q.Account) {
		return // about to be asked
	}
	why := a.Why()
	if !asked {
		why = "the account is suspended"
	}
	r.problem(d, d.At("grants"), diag.Warning, "unread", fmt.Sprintf("the VPC Lattice services of account %s in %s could not be read", q.Account, q.Region), why,
		"what cannot be read is not absent: its records stay; see `orgdns iam` for the role that this account needs")
}

// LatticeName is a name that a service has, and from where it resolves.
type LatticeName struct {
	Name    dnsname.Name
	Service estate.LatticeService
	Zone    estate.Zone
	Pos     diag.Pos
}

// LatticeNames are the names of services whose zones stand, in the order of
// zones and names.
func LatticeNames(in Input) []LatticeName {
	r := &latticeDomains{Input: in, out: &Output{Apart: map[string]bool{}}}
	r.domains, _ = allLatticeDomains(in)
	claims := r.claims()
	var out []LatticeName
	for i := range r.domains {
		d := &r.domains[i]
		var list []LatticeName
		for name, c := range claims[d] {
			if have, ok := in.Estate.Records.Get(estate.RecordKey(d.zone.ID, name, "A", "")); d.stands && ok && plan.IsLattice(have) {
				list = append(list, LatticeName{name, c.service, d.zone, d.Pos})
			}
		}
		slices.SortFunc(list, func(a, b LatticeName) int { return a.Name.Compare(b.Name) })
		out = append(out, list...)
	}
	return out
}

// latticeDomain permits reading services in every granted account, and alias
// records of the granted names, with their reservation, in the zone.
func (p *permissions) latticeDomain(in Input, d latticeDomain) {
	for _, g := range d.grants {
		for _, id := range g.accounts {
			for _, q := range d.queries[id] {
				if g.shared {
					id = d.account
				}
				p.add(plan.Permission{Account: id, May: plan.MayReadLattice, Region: q.Region})
			}
		}
	}
	p.add(plan.Permission{Account: d.account, May: plan.MayReadLimits})
	if d.ours { // a zone of our own, permitted with its recipe
		return
	}
	records := plan.Permission{
		Account: d.account, May: plan.MayChangeRecords, Zone: d.zone.ID, ZoneName: d.Zone, Statement: plan.StatementLattice,
		Types: latticeTypes, Verbs: []plan.Verb{plan.VerbCreate, plan.VerbDelete},
	}
	size := 0
	for _, g := range d.grants {
		size += plan.NameSize(g.Name) + len("*.")
		if g.Below {
			records.Like = append(records.Like, plan.LikeUnder(g.Name))
		} else {
			records.Names = append(records.Names, g.Name)
		}
	}
	if size > plan.StatementSize { // a pattern in place of names (settled point 25)
		records.Names, records.Like = nil, []string{plan.LikeUnder(d.Zone)}
	}
	p.add(records)
	p.add(plan.Permission{
		Account: d.account, May: plan.MayChangeRecords, Zone: d.zone.ID, ZoneName: d.Zone,
		Statement: plan.StatementLedger, Like: []string{plan.LikeLedger(d.Zone, in.Config.Owner)}, Types: []string{"TXT"}, Verbs: records.Verbs,
	})
}
