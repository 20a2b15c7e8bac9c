package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Zones: marked by CallerReference, adopted ones by tag. Never changed in
// place; one that nobody wants any more stands until every cache has forgotten
// its name servers.

// LowTTL is the TTL in seconds to which the NS records of a zone are lowered
// before it goes.
const LowTTL = 60

// spread is what Route 53 needs to bring a change to all its servers
// (Developer Guide, resource-record-sets-editing: usually within 60 seconds).
const spread = time.Minute

// margin is how far ahead the first deadline of a zone lies: longer than any
// run takes from there to the removal of the last link.
const margin = 6 * time.Hour

// MarkOf says what a zone is for this owner: the reference by which it was
// made, or the address for which it was adopted.
func MarkOf(z estate.Zone, owner string) (reference string, adopted, ours bool) {
	if ref, _, ok := ParseReference(z.CallerReference); ok && OwnedBy(ref, owner) {
		return ref, false, true
	}
	if z.Tags[TagOwner] == owner {
		return Reference(owner, z.Tags[TagAddress]), true, true
	}
	return "", false, false
}

// OwnZone finds the zone of ours that stands for a wanted zone.
func OwnZone(e estate.Estate, owner string, account estate.AccountID, want Zone) (estate.Zone, bool) {
	for _, z := range e.ZonesNamed(account, want.Name, want.Private()) {
		if ref, _, ours := MarkOf(z, owner); ours && ref == want.Reference {
			return z, true
		}
	}
	return estate.Zone{}, false
}

func (b *builder) zones() {
	b.owned = map[string]string{}
	for _, w := range b.in.Wanted {
		if w.Item.Zone == nil {
			continue
		}
		if z, ok := OwnZone(b.e, b.in.Owner, w.Account, *w.Item.Zone); ok && w.Frozen {
			b.stands(w, z)
			b.owned[z.ID] = w.Address
		}
		if w.Frozen {
			continue
		}
		zones := estate.Query{Kind: estate.QueryZones, Account: w.Account}
		if !b.e.Answered(zones) {
			b.unread(w, zones)
			continue
		}
		want := *w.Item.Zone
		if z, ok := OwnZone(b.e, b.in.Owner, w.Account, want); ok {
			if q := (estate.Query{Kind: estate.QueryZone, Account: w.Account, ID: z.ID}); !b.e.Answered(q) {
				b.owned[z.ID] = w.Address
				b.unread(w, q)
				continue
			}
			b.stands(w, z)
			b.owned[z.ID] = w.Address
			b.plan.Managed++
			continue
		}
		foreign := b.foreign(w, want)
		if i := slices.IndexFunc(foreign, func(z estate.Zone) bool { return z.ID == want.Use }); i >= 0 {
			b.stands(w, foreign[i])
			continue
		}
		switch {
		case len(foreign) == 0:
			b.add(w, Change{Action: Create, After: &w.Item, Basis: []Basis{b.basisZone(w.Account, want.Name)}})
		case len(foreign) == 1 && b.adopts(want):
			z := foreign[0]
			b.stands(w, z)
			b.add(w, Change{Action: Claim, ID: z.ID, After: &w.Item, Reason: "adopts the zone that stands",
				Basis: []Basis{b.basisZone(w.Account, want.Name)}})
		default:
			var ids []string
			for _, z := range foreign {
				ids = append(ids, fmt.Sprintf("%s (caller reference %q)", z.ID, z.CallerReference))
			}
			hint := "take it over with --adopt, or delete it"
			if len(foreign) > 1 {
				hint = "delete the zones that are not in use, then take over the last one with --adopt"
			}
			public := "public"
			if want.Private() {
				public = "private"
			}
			b.problem(w, diag.Error, "conflict",
				fmt.Sprintf("account %s already has a %s zone %s that orgdns did not make", w.Account, public, want.Name),
				"standing: "+strings.Join(ids, ", ")+"; wanted: a zone of our own, "+want.Reference, hint)
		}
	}
}

// leftAlone reports whether a zone is frozen: all that stands in it stays as well.
func (b *builder) leftAlone(z estate.Zone) bool {
	address := b.owned[z.ID]
	return address != "" && b.frozen[address] || slices.Contains(b.in.Frozen, z.ID)
}

func (b *builder) adopts(want Zone) bool { return b.in.Adopt || want.Adopt }

// foreign are the zones of others that stand where a wanted zone would. Of
// private zones of one name an account may have several, as long as no VPC
// uses two (R1.28): those are in the way that share a VPC with the wanted one,
// and to adopt, all of them.
func (b *builder) foreign(w Wanted, want Zone) []estate.Zone {
	zones := b.e.ZonesNamed(w.Account, want.Name, want.Private())
	if !want.Private() || b.adopts(want) {
		return slices.DeleteFunc(zones, func(z estate.Zone) bool { return want.Pick != "" && z.ID != want.Pick })
	}
	vpcs := b.vpcsOf(w.Address)
	vpcs[want.Anchor.ID] = true
	return slices.DeleteFunc(zones, func(z estate.Zone) bool {
		return !slices.ContainsFunc(z.VPCs, func(v estate.VPCRef) bool { return vpcs[v.ID] })
	})
}

// stands makes the attributes of a standing zone known.
func (b *builder) stands(w Wanted, z estate.Zone) {
	known := Attributes{"id": {z.ID}, "arn": {b.e.Local(z.ARN())}}
	for _, ns := range z.NameServers {
		known["nameServers"] = append(known["nameServers"], ns.String())
	}
	b.plan.Known[w.Address] = known
	b.knownBy[w.Address] = b.basisZone(z.Account, z.Name)
}

func (b *builder) tags() {
	for _, w := range b.in.Wanted {
		t := w.Item.ZoneTags
		if t == nil || w.Frozen {
			continue
		}
		id, err := b.known(t.Zone)
		if err == nil {
			z, _ := b.e.Zones.Get(id[0])
			q := estate.Query{Kind: estate.QueryZoneTags, Account: w.Account, ID: z.ID}
			if !b.e.Answered(q) {
				b.unread(w, q)
				continue
			}
			if b.tagged(z, *t) {
				continue
			}
		}
		b.add(w, Change{Action: Update, After: &w.Item})
	}
}

func (b *builder) tagged(z estate.Zone, t ZoneTags) bool {
	for k, v := range t.Set {
		want, err := b.known(v)
		if err != nil || z.Tags[k] != want[0] {
			return false
		}
	}
	return !slices.ContainsFunc(t.Remove, func(k string) bool { _, has := z.Tags[k]; return has })
}

// orphanZones takes out zones of ours that nobody wants any more: NS TTL
// lowered, deadline written, NS record out of the parent, all TTLs waited out,
// then the zone (settled point 21).
func (b *builder) orphanZones() {
	for z := range b.e.Zones.All() {
		ref, adopted, ours := MarkOf(z, b.in.Owner)
		if !ours || b.owned[z.ID] != "" {
			continue
		}
		b.plan.Managed++
		w := Wanted{Address: orphanAddress(ref, z, b.in.Owner), Account: z.Account, Reason: "no longer in the configuration"}
		if b.wanted[w.Address] {
			w.Address += "/" + z.ID
		}
		b.wanted[w.Address] = true // several zones may have been made for one address
		if z.Private {
			b.retirePrivate(w, z, adopted)
			continue
		}
		b.retire(w, z, adopted)
	}
}

// orphanAddress is the address under which a zone of ours was made.
func orphanAddress(ref string, z estate.Zone, owner string) string {
	if a := strings.TrimPrefix(ref, "orgdns/"+owner+"/"); strings.Contains(a, "/") {
		return a
	}
	return "zones/" + z.Name.String()
}

// retire plans the removal of one zone of ours.
func (b *builder) retire(w Wanted, z estate.Zone, adopted bool) {
	for _, q := range []estate.Query{
		{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID},
		{Kind: estate.QueryZone, Account: z.Account, ID: z.ID},
		{Kind: estate.QueryZoneTags, Account: z.Account, ID: z.ID},
	} {
		if !b.e.Answered(q) {
			b.unread(w, q)
			return
		}
	}
	for a := range b.e.Answers.All() { // the parent may lie where we cannot look
		if a.Query.Kind == estate.QueryZones && a.Code != "" && !b.suspended(a.Query.Account) {
			b.unread(w, a.Query)
			return
		}
	}
	for parent := range b.ancestors(z.Name) {
		if q := (estate.Query{Kind: estate.QueryRecords, Account: parent.Account, ID: parent.ID}); !b.e.Answered(q) {
			b.unread(w, q)
			return
		}
	}
	links, foreign := b.links(z)
	public := estate.Query{Kind: estate.QueryPublic, ID: z.Name.String() + "/NS"}
	if len(links)+len(foreign) == 0 && !b.e.Answered(public) {
		b.unread(w, public)
		return
	}
	if len(foreign) > 0 {
		b.plan.Waiting = append(b.plan.Waiting, Waiting{Address: w.Address,
			For: fmt.Sprintf("whoever owns it to remove %s, which still delegates to zone %s; until then the zone stays as it is", strings.Join(foreign, " and "), z.ID)})
		return
	}
	if adopted {
		b.release(w, z, links)
		return
	}
	keeps := b.keeps(z)
	if len(keeps) > 0 {
		b.problem(w, diag.Warning, "foreign-records", fmt.Sprintf("zone %s (%s) stays: it holds records that orgdns did not make", z.Name, z.ID),
			strings.Join(keeps, ", "), "delete them, or hand the zone over; the delegation to it goes")
	}
	apex, _ := b.e.Records.Get(estate.RecordKey(z.ID, z.Name, "NS", ""))
	gone, deadline := b.forget(w, z, apex, links)
	if len(keeps) > 0 {
		return
	}
	c := Change{Action: Delete, ID: z.ID, Before: zoneItem(z), NotBefore: deadline, Needs: gone}
	for _, link := range links {
		c.Delays = append(c.Delays, Delay{link.address, seconds(max(link.ttl, LowTTL)) + spread})
	}
	if len(links) > 0 && apex.TTL > LowTTL {
		c.Delays = append(c.Delays, Delay{w.Address + "/ttl", seconds(apex.TTL) + spread})
	}
	if deadline.IsZero() && len(links) == 0 { // linked by somebody else until when we do not know
		c.Delays = append(c.Delays, Delay{w.Address + "/deadline", seconds(apex.TTL) + spread})
	}
	last := slices.Clone(c.Needs)
	for _, r := range b.ownRecords(z) {
		rec := b.removal(z, r)
		last = append(last, Dependency{Address: rec.Address})
		if b.goesAtOnce(r) { // see orphanRecords
			continue
		}
		rec.Needs, rec.Delays, rec.NotBefore = append(rec.Needs, c.Needs...), c.Delays, c.NotBefore
		b.plan.Changes = append(b.plan.Changes, rec)
	}
	c.Needs = last
	c.Basis = []Basis{b.basisZone(z.Account, z.Name)}
	for parent := range b.ancestors(z.Name) { // nobody may have linked it again
		c.Basis = append(c.Basis, b.basisRecord(parent, estate.RecordKey(parent.ID, z.Name, "NS", "")))
	}
	b.add(w, c)
}

// suspended reports whether an account is known to be closed or suspended: what
// it holds cannot be read, and answers no more.
func (b *builder) suspended(id estate.AccountID) bool {
	a, ok := b.e.Accounts.Get(string(id))
	return ok && a.Status != "" && a.Status != estate.AccountActive
}

// goesAtOnce reports whether a record of a zone that goes is taken out before
// the zone's own deadline: a delegation whose child goes as well. One whose
// child stays must answer as long as anybody asks the zone.
func (b *builder) goesAtOnce(r estate.RecordSet) bool {
	if r.Type != "NS" {
		return false
	}
	for child := range b.e.Zones.By(estate.ByName(r.Name)) {
		if !child.Private && PointsAt(r, child) && !b.retiring(child) {
			return false
		}
	}
	return true
}

// release takes our tags off an adopted zone once no link of ours points at it.
// The zone stays as it is: its TTL is not ours to change.
func (b *builder) release(w Wanted, z estate.Zone, links []link) {
	c := Change{Action: Update, ID: z.ID, Reason: "releases the zone, which orgdns did not make; it stays"}
	tags := ZoneTags{Zone: Lit(z.ID), Name: z.Name}
	for _, k := range []string{TagAddress, TagDeleteAfter, TagOwner, TagStableSince} {
		if _, has := z.Tags[k]; has {
			tags.Remove = append(tags.Remove, k)
		}
	}
	c.After = &Item{ZoneTags: &tags}
	for _, l := range links {
		c.Needs = append(c.Needs, Dependency{Address: l.address, Settled: true})
	}
	b.add(w, c)
}

// forget plans what makes the world forget a zone: deadline, low TTL, links
// out. The deadline comes first, since it holds the TTL of before; how long it
// will take until the links are out is not known then, so it lies a margin
// ahead, and is written again when they are. It gives the changes that the
// deletion needs, and the deadline that stands already.
func (b *builder) forget(w Wanted, z estate.Zone, apex estate.RecordSet, links []link) (gone []Dependency, deadline time.Time) {
	if tag := z.Tags[TagDeleteAfter]; tag != "" {
		if t, err := time.Parse(time.RFC3339, tag); err == nil {
			deadline = t
		}
	}
	if len(links) == 0 && !deadline.IsZero() {
		return nil, deadline
	}
	wait := seconds(max(apex.TTL, LowTTL))
	for _, l := range links {
		wait = max(wait, seconds(l.ttl))
	}
	// A run that stopped before the links went may have lowered the TTL; what
	// it had to wait for still holds.
	if left := deadline.Sub(b.in.Now); apex.TTL <= LowTTL && left > wait {
		wait = left.Round(time.Second)
	}
	tag := Wanted{Address: w.Address + "/deadline", Account: w.Account, Reason: "resolvers may use the zone's servers until then"}
	deadlineIn := func(d time.Duration) *Item {
		return &Item{ZoneTags: &ZoneTags{Zone: Lit(z.ID), Name: z.Name, Set: map[string]Value{TagDeleteAfter: In(d)}}}
	}
	ahead := wait + spread
	if len(links) > 0 {
		ahead += margin
	}
	if apex.TTL > LowTTL && len(links) > 0 {
		low := Wanted{Address: w.Address + "/ttl", Account: w.Account, Reason: "so that resolvers ask again sooner",
			After: []Dependency{{Address: tag.Address}}}
		before, after := RecordOf(z, apex, StatementApex), RecordOf(z, apex, StatementApex)
		before.Unclaimed, after.Unclaimed, after.TTL = true, true, LowTTL
		b.add(low, Change{Action: Update, Before: &Item{Record: &before}, After: &Item{Record: &after},
			Basis: []Basis{b.basisRecord(z, apex.Key())}})
		gone = append(gone, Dependency{Address: low.Address})
	}
	b.add(tag, Change{Action: Update, After: deadlineIn(ahead)})
	gone = append(gone, Dependency{Address: tag.Address})
	first := slices.Clone(gone)
	for _, l := range links {
		for i := range b.plan.Changes {
			if b.plan.Changes[i].Address == l.address {
				b.plan.Changes[i].Needs = append(b.plan.Changes[i].Needs, first...)
			}
		}
		gone = append(gone, Dependency{Address: l.address, Settled: true})
	}
	if len(links) > 0 { // now that all is done, the time from which it counts is known
		final := Wanted{Address: w.Address + "/deadline-final", Account: w.Account, Reason: tag.Reason}
		for _, d := range gone {
			final.After = append(final.After, Dependency{Address: d.Address})
		}
		b.add(final, Change{Action: Update, After: deadlineIn(wait + spread)})
		gone = append(gone, Dependency{Address: final.Address})
	}
	return gone, deadline
}

// link is an NS record of ours that this plan takes out.
type link struct {
	address string
	ttl     uint32
}

// links finds the NS records that point at a zone: those that this plan takes
// out, and those that stay.
func (b *builder) links(z estate.Zone) (ours []link, foreign []string) {
	for parent := range b.ancestors(z.Name) {
		rec, ok := b.e.Records.Get(estate.RecordKey(parent.ID, z.Name, "NS", ""))
		if !ok || !PointsAt(rec, z) {
			continue
		}
		i := slices.IndexFunc(b.plan.Changes, func(c Change) bool {
			if c.Before == nil || c.Before.Record == nil || c.Action != Delete && c.Action != Update {
				return false
			}
			r := c.Before.Record
			id, _ := r.Zone.Literal()
			name, _ := r.Name.Literal()
			return id == parent.ID && r.Type == "NS" && name == z.Name.String()
		})
		if i < 0 {
			foreign = append(foreign, fmt.Sprintf("%s NS in zone %s (%s, account %s), which orgdns did not make", z.Name, parent.Name, parent.ID, parent.Account))
			continue
		}
		ours = append(ours, link{b.plan.Changes[i].Address, rec.TTL})
	}
	if seen, ok := b.e.Public.Get(estate.PublicAnswer{Name: z.Name, Type: "NS"}.Key()); ok && len(ours)+len(foreign) == 0 &&
		PointsAt(estate.RecordSet{Values: seen.Values}, z) {
		foreign = append(foreign, "the NS record of "+z.Name.String()+" outside the organization, which public DNS shows")
	}
	return ours, foreign
}

// ancestors walks the public zones strictly above a name.
func (b *builder) ancestors(name dnsname.Name) func(yield func(estate.Zone) bool) {
	return func(yield func(estate.Zone) bool) {
		for n := range name.Ancestors() {
			if n == name {
				continue
			}
			for z := range b.e.Zones.By(estate.ByName(n)) {
				if !z.Private && !yield(z) {
					return
				}
			}
		}
	}
}

// PointsAt reports whether an NS record names a server of a zone.
func PointsAt(rec estate.RecordSet, z estate.Zone) bool {
	return slices.ContainsFunc(rec.Values, func(v string) bool {
		n, err := dnsname.Parse(v)
		return err == nil && slices.Contains(z.NameServers, n)
	})
}

// keeps lists the records of a zone that orgdns did not make and will not
// delete.
func (b *builder) keeps(z estate.Zone) []string {
	l := b.ledger(z)
	var out []string
	for r := range b.e.Records.Prefix(estate.RecordsOf(z.ID)) {
		apex := r.Name == z.Name && (r.Type == "NS" || r.Type == "SOA")
		_, reserved := l.reserved.of(r)
		if !apex && !l.isOwn(r) && !reserved && !l.has[Entry(z.Name, r.Name, r.Type, r.SetID)] {
			out = append(out, r.Name.String()+" "+r.Type)
		}
	}
	return out
}

func zoneItem(z estate.Zone) *Item {
	ref, _, _ := ParseReference(z.CallerReference)
	item := Zone{Name: z.Name, Reference: ref, Comment: z.Comment}
	if z.Private {
		item.Anchor = &estate.VPCRef{}
		if len(z.VPCs) > 0 {
			item.Anchor = &z.VPCs[0]
		}
	}
	return &Item{Zone: &item}
}

func seconds(ttl uint32) time.Duration { return time.Duration(ttl) * time.Second }
