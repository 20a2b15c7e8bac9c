package recipe

import (
	"slices"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Where the services of Lattice domains are looked for, and when one may be there
// that was not found.

// looked are where the services of a granted account are looked for.
func looked(in Input, d config.LatticeDomain, id estate.AccountID) []estate.Query {
	regions := d.Regions
	if len(regions) == 0 {
		regions = in.Config.AccountByID(id).Regions
	}
	out := make([]estate.Query, len(regions))
	for i, r := range regions {
		out[i] = estate.Query{Kind: estate.QueryLatticeServices, Account: id, Region: r}
	}
	return out
}

// owners are where the services are looked for of those who have a grant, in a
// Region.
func (d *latticeDomain) owners(g latticeGrant, r estate.Region) []estate.Query {
	var out []estate.Query
	for _, id := range g.accounts {
		for _, q := range d.queries[id] {
			if q.Region == r {
				out = append(out, q)
			}
		}
	}
	return out
}

// mayStand reports whether the service to which an alias record leads may have its
// name though it is not known to: whether nothing is known of it, and somebody could
// not be asked who may have the name; or whether it stands, and may be of an account
// to which the name is granted, of which it is not known which that is.
func (d *latticeDomain) mayStand(in Input, rec estate.RecordSet) bool {
	_, region, _ := estate.LatticeID(rec.Alias.Name)
	granted := d.granted(rec.Name)
	for s := range in.Estate.LatticeServices.By(estate.ByName(rec.Alias.Name)) {
		return !s.Gone() && s.CustomDomain == rec.Name && slices.ContainsFunc(granted, func(g latticeGrant) bool { return g.unknown }) &&
			!slices.ContainsFunc(granted, func(g latticeGrant) bool { return slices.Contains(g.accounts, s.Account) })
	}
	return slices.ContainsFunc(granted, func(g latticeGrant) bool {
		return g.unknown || slices.ContainsFunc(d.owners(g, region), func(q estate.Query) bool { return !in.Estate.Answered(q) })
	})
}

// latticeDomains asks for the records of each zone, and after them for the services
// of every account that was granted a name: so a service to which a record leads,
// and that is not found, is gone, whoever made the record meanwhile.
func (n *needs) latticeDomains() {
	domains, _ := latticeDomainsOf(n.Input)
	read := true
	for _, d := range domains {
		_, listed := n.Estate.Asked(estate.Query{Kind: estate.QueryZones, Account: d.account})
		read = read && (listed || !active(n.Estate, d.account))
		for _, z := range d.standing(n.Estate) {
			q := estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}
			n.ask(q)
			_, asked := n.Estate.Asked(q)
			read = read && asked
			if z.Private { // who resolves it
				n.ask(estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID})
			}
			if n.CleanupGuidance {
				n.ask(estate.Query{Kind: estate.QueryZoneTags, Account: z.Account, ID: z.ID})
			}
			if mayFill(n.Estate, z) > plan.RecordsWarning {
				n.ask(estate.Query{Kind: estate.QueryLimits, Account: z.Account, ID: z.ID})
			}
		}
	}
	if n.Destroy || !read {
		return
	}
	for _, d := range domains {
		for _, g := range d.grants {
			for _, id := range g.accounts {
				for _, q := range d.queries[id] {
					if active(n.Estate, id) {
						n.ask(q)
					}
				}
			}
		}
	}
}

// knownTarget reports whether the service is known to which an alias record leads.
func knownTarget(e estate.Estate, rec estate.RecordSet) bool {
	for range e.LatticeServices.By(estate.ByName(rec.Alias.Name)) {
		return true
	}
	return false
}

// GrantsKnown reports whether every account is known of which Lattice domains speak:
// EventSpokes has then all to whom names are granted.
func GrantsKnown(in Input) bool {
	_, unknown := latticeDomainsOf(in)
	return len(unknown) == 0
}

// LatticeQueries are where the services are looked for that may have a name; all says
// that of every account to which it is granted it is known which that is.
func LatticeQueries(in Input, name dnsname.Name) (list []estate.Query, all bool) {
	domains, _ := latticeDomainsOf(in)
	all = true
	for _, d := range domains {
		for _, g := range d.granted(name) {
			all = all && !g.unknown
			for _, id := range g.accounts {
				list = append(list, d.queries[id]...)
			}
		}
	}
	return list, all
}

// LatticeBarred gives where alias records are not to be changed by themselves, whatever
// a plan says that has these problems: at names of which no reservation stands in the
// zone; where it is not known which zone is meant, or an error concerns what the
// configuration says of the name, its Lattice domain or a grant; and at names that a
// Lattice domain of a deeper zone holds, as long as that is not clear either, or they do
// not resolve there yet.
func LatticeBarred(in Input, problems diag.List) func(zone string, name dnsname.Name) bool {
	b := &barred{wrong: map[string]bool{}, meant: map[string][]*latticeDomain{}, reserved: map[string]func(dnsname.Name) bool{}}
	for _, p := range problems {
		if p.Severity == diag.Error && p.Address != "" {
			b.wrong[p.Address] = true
		}
	}
	b.Input, b.out = in, &Output{}
	b.domains, _ = allLatticeDomains(in)
	for i := range b.domains {
		for _, z := range b.domains[i].mayMean(in.Estate) {
			b.meant[z.ID] = append(b.meant[z.ID], &b.domains[i])
		}
	}
	return func(zone string, name dnsname.Name) bool {
		return !b.reserves(zone, name) || slices.ContainsFunc(b.meant[zone], func(d *latticeDomain) bool { return b.unclear(d, name) }) || b.moves(zone, name)
	}
}

type barred struct {
	latticeDomains
	wrong    map[string]bool                    // what has an error, by address
	meant    map[string][]*latticeDomain        // by zone that it may mean
	reserved map[string]func(dnsname.Name) bool // by zone
	held     map[*latticeDomain]map[dnsname.Name]latticeClaim
}

func (b *barred) reserves(zone string, name dnsname.Name) bool {
	if b.reserved[zone] == nil {
		z, _ := b.Estate.Zones.Get(zone)
		b.reserved[zone] = plan.ReadLedger(b.Estate, z, b.Config.Owner).Reserves()
	}
	return b.reserved[zone](name)
}

// unclear reports whether it is not known which zone a Lattice domain means, or an
// error concerns it or its grant of a name.
func (b *barred) unclear(d *latticeDomain, name dnsname.Name) bool {
	return !d.stands || b.wrong[d.address] || slices.ContainsFunc(d.granted(name), func(g latticeGrant) bool {
		return g.unknown || b.wrong[reservationAddress(d, g)]
	})
}

// moves reports whether a name of a zone is a deeper zone's by the configuration, and
// does not resolve there yet.
func (b *barred) moves(zone string, name dnsname.Name) bool {
	z, _ := b.Estate.Zones.Get(zone)
	return slices.ContainsFunc(b.longest(name, !z.Private), func(d *latticeDomain) bool {
		if d.Zone.Depth() <= z.Name.Depth() {
			return false
		}
		if b.unclear(d, name) {
			return true
		}
		if b.held == nil {
			b.held = b.claims()
		}
		have, ok := b.Estate.Records.Get(estate.RecordKey(d.zone.ID, name, "A", ""))
		_, claimed := b.held[d][name]
		return claimed && !(ok && plan.IsLattice(have))
	})
}

// LatticeDoubts are where services are to be looked for, given records of zones:
// wherever those may be to which the records lead, and of which nothing is known.
func LatticeDoubts(in Input, records []estate.RecordSet) []estate.Query {
	type grant struct {
		domain, number int
		region         estate.Region
	}
	var out []estate.Query
	var domains []latticeDomain
	seen := map[grant]bool{}
	for _, rec := range records {
		if !plan.IsLattice(rec) || knownTarget(in.Estate, rec) {
			continue
		}
		if domains == nil {
			domains, _ = latticeDomainsOf(in)
		}
		_, region, _ := estate.LatticeID(rec.Alias.Name)
		for i := range domains {
			d := &domains[i]
			for j, g := range d.grants {
				if key := (grant{i, j, region}); d.zone.ID == rec.Zone && g.Holds(rec.Name) && !seen[key] {
					seen[key] = true
					out = append(out, d.owners(g, region)...)
				}
			}
		}
	}
	return out
}

// LatticeZones are how the records are read that may lead to services that are gone,
// and are not known: those of the zones in which the account of one has names, of
// one whose custom domain is known those of its zones.
func LatticeZones(in Input, gone []estate.LatticeService) []estate.Query {
	domains, _ := latticeDomainsOf(in)
	var out []estate.Query
	for _, d := range domains {
		if d.stands && slices.ContainsFunc(gone, func(s estate.LatticeService) bool {
			_, taken := in.Estate.Records.Get(estate.RecordKey(d.zone.ID, s.CustomDomain, "A", ""))
			return !taken && slices.ContainsFunc(d.grants, func(g latticeGrant) bool {
				return slices.Contains(g.accounts, s.Account) && (s.CustomDomain.IsZero() || g.Holds(s.CustomDomain))
			})
		}) {
			out = append(out, estate.Query{Kind: estate.QueryRecords, Account: d.zone.Account, ID: d.zone.ID})
		}
	}
	return out
}
