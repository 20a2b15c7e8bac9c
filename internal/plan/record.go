package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Records: claimed in the ledger of their zone; changed by DELETE and CREATE
// in one batch. What stands without a claim is foreign.

func (b *builder) records() {
	b.wantedRecords, b.claims = map[string]bool{}, map[string]bool{}
	for _, w := range b.in.Wanted {
		if r := w.Item.Record; r != nil && r.Entry != "" {
			b.reserve(w, *r)
		}
	}
	for _, w := range b.in.Wanted {
		if r := w.Item.Record; r != nil && r.Entry == "" {
			b.record(w, *r)
		}
	}
}

func (b *builder) record(w Wanted, want Record) {
	zoneID, err := b.known(want.Zone)
	if err != nil && w.Frozen {
		return
	}
	if err != nil { // the zone is still to be made, so nothing stands in it
		b.add(w, Change{Action: Create, After: &w.Item})
		return
	}
	z, _ := b.e.Zones.Get(zoneID[0])
	q := estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}
	if !b.e.Answered(q) {
		if !w.Frozen {
			b.unread(w, q)
		}
		return
	}
	names, err := b.known(want.Name)
	if err != nil && w.Frozen {
		b.frozenUnnamed = append(b.frozenUnnamed, want)
		return
	}
	if err != nil { // the name is still to be known
		b.ledger(z)
		b.add(w, Change{Action: Create, After: &w.Item})
		return
	}
	name, err := dnsname.Parse(names[0])
	if err != nil {
		b.problem(w, diag.Error, "bad-name", err.Error(), "", "")
		return
	}
	if want.Reserved {
		b.reservedRecord(w, want, z, name)
		return
	}
	key := estate.RecordKey(z.ID, name, want.Type, want.SetID)
	b.wantedRecords[key] = true
	entry := Entry(z.Name, name, want.Type, want.SetID)
	b.claims[z.ID+" "+entry] = true
	if w.Frozen {
		return
	}
	have, stands := b.e.Records.Get(key)
	own := b.ledger(z).has[entry]
	if own && stands {
		b.plan.Managed++
	}
	set, err := want.Set(b.known)
	same := err == nil && stands && set.Same(have)
	c := Change{After: &w.Item, Basis: []Basis{b.basisRecord(z, key)}}
	if stands {
		before := RecordOf(z, have, want.Statement)
		c.Before = &Item{Record: &before}
	}
	switch {
	case same && (own || want.Unclaimed):
		return
	case !stands:
		c.Action = Create
	case want.Statement == StatementApex:
		c.Action = Update
	case want.Unclaimed:
		b.problem(w, diag.Warning, "kept", fmt.Sprintf("%s %s stands in the child zone with another value and is left alone", name, want.Type),
			"standing: "+show(have)+"; in the parent: "+show(set), "")
		return
	case own:
		c.Action = Update
	case b.in.Adopt && same:
		c.Action, c.Reason = Claim, "adopts the record that stands"
	case b.in.Adopt:
		c.Action, c.Reason = Update, "adopts the record that stands, and changes it"
	default:
		b.problem(w, diag.Error, "conflict",
			fmt.Sprintf("%s %s in zone %s (%s, account %s) is not orgdns's", name, want.Type, z.Name, z.ID, z.Account),
			"standing: "+show(have)+"; wanted: "+showWanted(want, set, err == nil),
			"take it over with --adopt, or remove it")
		return
	}
	b.add(w, c)
}

// show is a record set's content for people.
func show(r estate.RecordSet) string {
	if r.Alias != nil {
		return "alias " + r.Alias.Name.String()
	}
	return strings.Join(slices.Sorted(slices.Values(r.Values)), " ") + fmt.Sprintf(" (TTL %d)", r.TTL)
}

func showWanted(want Record, set estate.RecordSet, known bool) string {
	if known {
		return show(set)
	}
	var out []string
	for _, v := range want.Values {
		out = append(out, v.String())
	}
	return strings.Join(out, " ") + " (known after apply)"
}

// isOwn reports whether a record is part of this owner's ledger itself.
func (l *ledgerView) isOwn(r estate.RecordSet) bool {
	_, ok := ledgerNumber(r.Name, l.ZoneName, ledgerLabel(l.Owner))
	return ok && r.Type == "TXT"
}

// ownRecords are the records of a zone that its ledger claims, one by one or by
// a reservation of their names.
func (b *builder) ownRecords(z estate.Zone) []estate.RecordSet {
	l := b.ledger(z)
	if l.claimsNothing() {
		return nil
	}
	var out []estate.RecordSet
	for r := range b.e.Records.Prefix(estate.RecordsOf(z.ID)) {
		if _, reserved := l.reserved.of(r); reserved || l.has[Entry(z.Name, r.Name, r.Type, r.SetID)] {
			out = append(out, r)
		}
	}
	return out
}

// orphanRecords takes out records that the ledgers claim and nobody wants, and
// claims behind which nothing stands.
func (b *builder) orphanRecords() {
	pending := b.pending()
	for z := range b.e.Zones.All() {
		if b.leftAlone(z) || !b.e.Answered(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}) {
			continue
		}
		l := b.ledger(z)
		if l.claimsNothing() {
			continue
		}
		after := map[string][]Dependency{} // what goes before a reservation
		retiring := b.retiring(z) || b.retiringPrivate(z)
		claimed := map[string]bool{}
		for _, r := range b.ownRecords(z) {
			claimed[Entry(z.Name, r.Name, r.Type, r.SetID)] = true
			if b.wantedRecords[r.Key()] || b.mayBe(pending, z, r) {
				continue
			}
			b.plan.Managed++
			c := b.removal(z, r)
			if entry, ok := l.reserved.of(r); ok {
				after[entry] = append(after[entry], Dependency{Address: c.Address})
			}
			if retiring && !b.goesAtOnce(r) { // goes with its zone
				continue
			}
			if b.handedOver(z, r, c.Address) {
				b.plan.Changes = append(b.plan.Changes, c)
			}
		}
		b.forgetClaims(z, l, claimed, after)
	}
}

// retiring reports whether a zone is one that we made, and goes.
func (b *builder) retiring(z estate.Zone) bool {
	_, adopted, ours := MarkOf(z, b.in.Owner)
	return ours && !adopted && !z.Private && b.owned[z.ID] == ""
}

// label names a zone in addresses: by its name, and by its ID too where
// several have that name.
func (b *builder) label(z estate.Zone) string {
	for other := range b.e.Zones.By(estate.ByName(z.Name)) {
		if other.ID != z.ID {
			return z.Name.String() + "/" + z.ID
		}
	}
	return z.Name.String()
}

// cuts orders what happens below a delegation in its parent zone (R5.4: the NS
// record hides the names below it): what is hidden by a new one goes after it,
// and what comes into sight when one goes stands before.
func (b *builder) cuts() {
	at := map[string]int{} // by zone and name
	names := make([]dnsname.Name, len(b.plan.Changes))
	for i, c := range b.plan.Changes {
		r := c.Item().Record
		if r == nil || r.Entry != "" {
			continue
		}
		name, err := b.known(r.Name)
		if err != nil {
			continue
		}
		names[i], _ = dnsname.Parse(name[0])
		if r.Type == "NS" && names[i] != r.ZoneName && (c.Action == Create || c.Action == Delete) {
			at[b.zoneKey(r.Zone)+" "+names[i].Key()] = i
		}
	}
	for i := range b.plan.Changes {
		c := &b.plan.Changes[i]
		r := c.Item().Record
		if names[i].IsZero() {
			continue
		}
		for above := range names[i].Ancestors() {
			j, found := at[b.zoneKey(r.Zone)+" "+above.Key()]
			switch cut := &b.plan.Changes[j]; {
			case !found || above == names[i]:
			case cut.Action == Create && c.Action == Delete:
				c.Needs = append(c.Needs, Dependency{Address: cut.Address, Settled: true})
			case cut.Action == Delete && c.Action == Create:
				cut.Needs = append(cut.Needs, Dependency{Address: c.Address, Settled: true})
			}
			if above == r.ZoneName {
				break
			}
		}
	}
}

// moves orders reserved names that move between zones: one goes from the old zone once
// it stands in the new one.
func (b *builder) moves() {
	type place struct{ name, rrtype string }
	reserved := func(c Change, a Action) (at place, r *Record, ok bool) {
		if r = c.Item().Record; c.Action != a || r == nil || !r.Unclaimed || r.Alias == nil {
			return at, nil, false
		}
		name, ok := r.Name.Literal()
		return place{name, r.Type}, r, ok
	}
	made := map[place][]Change{}
	for _, c := range b.plan.Changes {
		if at, _, ok := reserved(c, Create); ok {
			made[at] = append(made[at], c)
		}
	}
	for i := range b.plan.Changes {
		c := &b.plan.Changes[i]
		at, r, ok := reserved(*c, Delete)
		if !ok {
			continue
		}
		for _, to := range made[at] {
			if b.zoneKey(to.After.Record.Zone) != b.zoneKey(r.Zone) {
				c.Needs = append(c.Needs, Dependency{Address: to.Address, Settled: true})
			}
		}
	}
}

// pending are the records whose names are still to be known: the validation
// record of a certificate that is being made.
func (b *builder) pending() []Record {
	out := slices.Clone(b.frozenUnnamed)
	for _, c := range b.plan.Changes {
		if c.After != nil && c.After.Record != nil {
			if _, err := b.known(c.After.Record.Name); err != nil {
				out = append(out, *c.After.Record)
			}
		}
	}
	return out
}

// mayBe reports whether a record may be one of those, so that it must not be
// taken for an orphan. One whose name one of them had until now is none of them.
func (b *builder) mayBe(pending []Record, z estate.Zone, r estate.RecordSet) bool {
	had := func(rec Record) bool {
		ref, _ := rec.Name.Ref()
		return slices.Contains(b.outdated[ref], r.Name.String())
	}
	return !slices.ContainsFunc(pending, had) && slices.ContainsFunc(pending, func(rec Record) bool {
		id, err := b.known(rec.Zone)
		return err == nil && id[0] == z.ID && rec.Type == r.Type
	})
}

// removal is the change that deletes a claimed record.
func (b *builder) removal(z estate.Zone, r estate.RecordSet) Change {
	claimed := b.ledger(z).has[Entry(z.Name, r.Name, r.Type, r.SetID)]
	st := StatementRecords
	switch {
	case b.in.Apart[z.ID] && claimed:
		st = StatementGone
	case b.in.Apart[z.ID]:
		st = StatementLattice
	}
	before := RecordOf(z, r, st)
	before.Unclaimed = !claimed
	address := "records/" + b.label(z) + "/" + r.Name.Relative(z.Name) + "/" + r.Type
	if r.SetID != "" {
		address += "/" + r.SetID
	}
	return Change{
		Address: address, Action: Delete, Account: z.Account, Before: &Item{Record: &before},
		Reason: b.removed(r, claimed), Basis: []Basis{b.basisRecord(z, r.Key())},
	}
}

// removed says why a record goes: that of a VPC Lattice service goes by what its
// service says, and by what is granted.
func (b *builder) removed(r estate.RecordSet, claimed bool) string {
	if claimed || !IsLattice(r) || !b.e.AskedAny(estate.QueryLatticeServices) {
		return "no longer in the configuration"
	}
	s, known := estate.First(b.e.LatticeServices.By(estate.ByName(r.Alias.Name)))
	if !known {
		id, region, _ := estate.LatticeID(r.Alias.Name)
		return fmt.Sprintf("service %s in %s, to which it leads, is gone, or is looked for in no account and Region that may have the name", id, region)
	}
	why, refused := b.plan.Refused[s.ARN]
	switch {
	case s.Gone():
		return fmt.Sprintf("service %s of account %s, to which it leads, is going: %s", s.ID, s.Account, s.Status)
	case refused && s.CustomDomain == r.Name:
		return why.Summary
	}
	return fmt.Sprintf("service %s of account %s, to which it leads, does not claim the name", s.ID, s.Account)
}

// handedOver reports whether an NS record of ours may go. A claim alone proves
// nothing (settled point 4): one that names servers outside Route 53 was not
// left so by us, and is a conflict. One that points at a zone which is not ours
// goes with a warning: the zone was made again by hand, and stays.
func (b *builder) handedOver(z estate.Zone, r estate.RecordSet, address string) bool {
	if r.Type != "NS" {
		return true
	}
	problem := diag.Diagnostic{Address: address, Account: string(z.Account)}
	leadsTo := func(z estate.Zone) bool { return !z.Private && PointsAt(r, z) }
	known := false
	for child := range b.e.Zones.By(estate.ByName(r.Name)) {
		known = known || leadsTo(child)
	}
	if !known && !b.in.Adopt && slices.ContainsFunc(r.Values, func(v string) bool { return !route53Server.MatchString(v) }) {
		problem.Code = "conflict"
		problem.Summary = fmt.Sprintf("%s NS in zone %s (%s) is no longer wanted, but somebody changed it", r.Name, z.Name, z.ID)
		problem.Detail = "standing: " + show(r) + "; orgdns delegates to servers of Route 53 only"
		problem.Hint = "delete it by hand, or let orgdns delete it with --adopt"
		b.plan.Diagnostics.Add(problem)
		return false
	}
	for child := range b.e.Zones.By(estate.ByName(r.Name)) {
		if _, _, ours := MarkOf(child, b.in.Owner); ours || !leadsTo(child) {
			continue
		}
		problem.Severity, problem.Code = diag.Warning, "handed-over"
		problem.Summary = fmt.Sprintf("%s NS goes, though it points at a zone that orgdns did not make: %s in account %s", r.Name, child.ID, child.Account)
		problem.Hint = "the zone itself stays"
		b.plan.Diagnostics.Add(problem)
	}
	return true
}

// route53Server is the form of the names of Route 53's name servers (Developer
// Guide, SOA-NSrecords.html).
var route53Server = regexp.MustCompile(`^ns-\d+\.awsdns-\d+\.(com|net|org|co\.uk)\.?$`)

// forgetClaims withdraws entries behind which no record stands and none is
// wanted, each after what goes before it.
func (b *builder) forgetClaims(z estate.Zone, l *ledgerView, claimed map[string]bool, after map[string][]Dependency) {
	for _, e := range l.Entries() {
		if claimed[e] || b.claims[z.ID+" "+e] || b.standing[z.ID+" "+e] {
			continue
		}
		before := Record{Zone: Lit(z.ID), ZoneName: z.Name, Name: Lit(z.Name.String()), Type: "TXT", Statement: b.ledgerStatement(z), Entry: e}
		b.plan.Changes = append(b.plan.Changes, Change{
			Address: "ledger/" + b.label(z) + "/" + e, Action: Forget, Account: z.Account,
			Before: &Item{Record: &before}, Reason: Nothing, Needs: after[e],
		})
	}
}

func (b *builder) ledgerStatement(z estate.Zone) Statement {
	if b.in.Apart[z.ID] {
		return StatementLedger
	}
	return StatementRecords
}
