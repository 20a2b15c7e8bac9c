package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Reservations: an alias record to a VPC Lattice service proves what it leads to,
// not who made it (settled point 5). One entry in the ledger of a zone makes all
// of them at the names that it tells this owner's, so that none needs an entry
// of its own. They are found again by their form, however they came.

// reservation begins such an entry; what follows is readable, since the names
// are found by it when the configuration no longer tells them.
const reservation = "LATTICE "

// Reservation is the ledger entry that reserves a name of a zone, or with below
// every name below it, for alias records to VPC Lattice.
func Reservation(zone, name dnsname.Name, below bool) string {
	rel := name.Relative(zone)
	switch {
	case below && name == zone:
		rel = "*"
	case below:
		rel = "*." + rel
	}
	return reservation + rel
}

// IsLattice reports whether a record set is an alias to a VPC Lattice service, as
// a reservation means it.
func IsLattice(r estate.RecordSet) bool {
	if r.Alias == nil || r.SetID != "" || r.Type != "A" && r.Type != "AAAA" {
		return false
	}
	_, _, ok := estate.LatticeID(r.Alias.Name)
	return ok
}

// reserved are the names that are reserved in a zone, each with its entry.
type reserved struct {
	exact, below map[dnsname.Name]string
	// but are those that others have reserved, too: nobody's until that is settled.
	but *reserved
}

// add takes an entry of the ledger, if it is a reservation.
func (r *reserved) add(zone dnsname.Name, entry string) {
	rel, ok := strings.CutPrefix(entry, reservation)
	if !ok {
		return
	}
	if r.exact == nil {
		r.exact, r.below = map[dnsname.Name]string{}, map[dnsname.Name]string{}
	}
	rest, below := strings.CutPrefix(rel, "*")
	if rest = strings.TrimPrefix(rest, "."); rest != "" {
		rest += "."
	}
	name, err := dnsname.Parse(rest + zone.String())
	switch {
	case err != nil: // somebody edited it
	case below:
		r.below[name] = entry
	default:
		r.exact[name] = entry
	}
}

// of is the reservation under which a record set is ours.
func (r reserved) of(set estate.RecordSet) (entry string, ok bool) {
	if len(r.exact)+len(r.below) == 0 || !IsLattice(set) {
		return "", false
	}
	return r.at(set.Name)
}

// at is the reservation of a name; there is none of the wildcard below a reserved
// name (settled point 23), and none that is in dispute.
func (r reserved) at(name dnsname.Name) (entry string, ok bool) {
	if r.but != nil {
		if _, others := r.but.at(name); others {
			return "", false
		}
	}
	if entry, ok = r.exact[name]; ok || name.IsWildcard() {
		return entry, ok
	}
	for above := range name.Ancestors() {
		if entry, ok = r.below[above]; ok && above != name {
			return entry, true
		}
	}
	return "", false
}

// meets gives an entry that reserves a name which another one reserves as well.
func (r reserved) meets(o reserved) (entry string, found bool) {
	either := func(a, b reserved, mine func(a, b string) string) {
		for n, x := range a.exact {
			if y, in := b.at(n); in && (!found || mine(x, y) < entry) {
				entry, found = mine(x, y), true
			}
		}
		for n, x := range a.below {
			for above := range n.Ancestors() {
				if y, in := b.below[above]; in && (!found || mine(x, y) < entry) {
					entry, found = mine(x, y), true
				}
			}
		}
	}
	either(r, o, func(a, _ string) string { return a })
	either(o, r, func(_, b string) string { return b })
	return entry, found
}

// Reserves gives which names the ledger reserves for alias records to VPC Lattice.
func (l Ledger) Reserves() func(dnsname.Name) bool {
	r := reserved{but: &l.others}
	for _, e := range l.Entries() {
		r.add(l.ZoneName, e)
	}
	return func(name dnsname.Name) bool {
		_, ok := r.at(name)
		return ok
	}
}

// reserve plans the entry of a reservation. What stands at its names already is
// somebody's until it is adopted.
func (b *builder) reserve(w Wanted, want Record) {
	id, err := b.known(want.Zone)
	if err != nil {
		if !w.Frozen {
			b.add(w, Change{Action: Claim, After: &w.Item})
		}
		return
	}
	z, _ := b.e.Zones.Get(id[0])
	if q := (estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}); !b.e.Answered(q) {
		if !w.Frozen {
			b.unread(w, q)
		}
		return
	}
	b.claims[z.ID+" "+want.Entry] = true
	l := b.ledger(z)
	var alone reserved
	alone.add(z.Name, want.Entry)
	if theirs, met := l.others.meets(alone); met {
		b.unreserved[w.Address] = b.problem(w, diag.Error, "conflict",
			fmt.Sprintf("%s in zone %s (%s, account %s) is reserved by another owner as well", strings.TrimPrefix(want.Entry, reservation), z.Name, z.ID, z.Account),
			"its ledger, another "+LedgerPrefix+"… there, has "+strings.TrimPrefix(theirs, reservation), "one of the two configurations must grant other names; until then nothing is changed at these")
		return
	}
	if w.Frozen || l.has[want.Entry] {
		return
	}
	var found []string
	for r := range b.e.Records.Prefix(estate.RecordsOf(z.ID)) {
		if _, ours := l.reserved.of(r); !ours && !l.has[Entry(z.Name, r.Name, r.Type, r.SetID)] {
			if _, here := alone.of(r); here {
				found = append(found, r.Name.String()+" "+r.Type)
			}
		}
	}
	if len(found) > 0 && !b.in.Adopt {
		b.unreserved[w.Address] = b.problem(w, diag.Error, "conflict",
			fmt.Sprintf("%d alias records to VPC Lattice stand already at names that %s grants in zone %s (%s, account %s)", len(found), strings.TrimPrefix(want.Entry, reservation), z.Name, z.ID, z.Account),
			some(found, 10), "orgdns keeps all of them there: take them over with --adopt (those of no service then go), or grant other names")
		return
	}
	l.reserved.add(z.Name, want.Entry)
	b.add(w, Change{Action: Claim, After: &w.Item})
}

// some are the first n of a list, for people.
func some(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}

// reservedRecord plans a record under a reservation; z is its zone, which was
// read. Many make such names and none of them shall stop the others, so that
// what somebody else has there is told and passed by. Without a reservation, one
// that stands or is made with it, it would be nobody's, and is not made.
func (b *builder) reservedRecord(w Wanted, want Record, z estate.Zone, name dnsname.Name) {
	key := estate.RecordKey(z.ID, name, want.Type, "")
	b.wantedRecords[key] = true
	l := b.ledger(z)
	if have, taken := b.taken(z, name); taken {
		if want.Type == "A" { // both go together: told once
			b.problem(w, diag.Warning, "conflict", fmt.Sprintf("%s is not made: %s %s stands in zone %s (%s), and is not orgdns's", name, have.Name, have.Type, z.Name, z.ID),
				"standing: "+show(have)+"; wanted: alias "+want.Alias.Name.String(), "remove it, or give the service another name")
		}
		return
	}
	have, stands := b.e.Records.Get(key)
	if w.Frozen {
		return
	}
	if _, reserved := l.reserved.at(name); !reserved { // told with its reservation
		for _, d := range w.After {
			if why, refused := b.unreserved[d.Address]; refused {
				b.plan.Refused[w.Service] = why
			}
		}
		return
	}
	c := Change{Action: Create, After: &w.Item}
	if stands {
		if _, ours := l.reserved.of(have); !ours {
			return
		}
		b.plan.Managed++
		// Whether the target's health is asked for too makes no difference: Lattice
		// tells none.
		if have.Alias.Name == want.Alias.Name && have.Alias.Zone == want.Alias.Zone {
			return
		}
		before := RecordOf(z, have, want.Statement)
		before.Unclaimed = true
		c.Action, c.Before = Update, &Item{Record: &before}
	}
	c.Basis = []Basis{b.basisRecord(z, key)}
	if s, known := b.e.LatticeServices.Get(w.Service); known {
		c.Basis = append(c.Basis, b.basis(estate.Query{Kind: estate.QueryLatticeServices, Account: s.Account, Region: s.Region}, "latticeServices", s.ARN))
	}
	b.add(w, c)
}

// orphansAt takes out reserved records at names that nobody wants.
func (b *builder) orphansAt(names []dnsname.Name) {
	for _, n := range names {
		for above := range n.Ancestors() {
			for z := range b.e.Zones.By(estate.ByName(above)) {
				if slices.Contains(b.in.Frozen, z.ID) || !b.e.Answered(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}) {
					continue
				}
				for r := range b.e.Records.Prefix(estate.RecordsAt(z.ID, n)) {
					if _, ours := b.ledger(z).reserved.of(r); ours && !b.wantedRecords[r.Key()] {
						b.plan.Managed++
						b.plan.Changes = append(b.plan.Changes, b.removal(z, r))
					}
				}
			}
		}
	}
}

// taken finds what keeps alias records from a name: a record set of others that
// cannot stand beside them, or a delegation at or above it (R5.4).
func (b *builder) taken(z estate.Zone, name dnsname.Name) (estate.RecordSet, bool) {
	l := b.ledger(z)
	for r := range b.e.Records.Prefix(estate.RecordsAt(z.ID, name)) {
		switch r.Type {
		case "A", "AAAA", "CNAME":
			if !IsLattice(r) && !l.has[Entry(z.Name, r.Name, r.Type, r.SetID)] {
				return r, true
			}
		}
	}
	for above := range name.Ancestors() {
		if above == z.Name {
			break
		}
		if r, ok := b.e.Records.Get(estate.RecordKey(z.ID, above, "NS", "")); ok {
			return r, true
		}
	}
	return estate.RecordSet{}, false
}
