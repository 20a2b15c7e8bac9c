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

// Associations of VPCs with private zones: claimed in the ledger of the zone,
// since they carry no mark. Across accounts the zone's owner authorizes, the
// VPC's owner associates, and the authorization is withdrawn (R8.1). What
// somebody else associated is left alone.

// Association is a VPC that uses a private zone, or may be made to.
type Association struct {
	Zone     Value         `json:"zone"` // ID
	ZoneName dnsname.Name  `json:"zoneName"`
	VPC      estate.VPCRef `json:"vpc"`
	// Owner is the account of the zone.
	Owner estate.AccountID `json:"owner"`
	// Unclaimed associations get no ledger entry: they are made, and from then
	// on the administrator's, never let go by us.
	Unclaimed bool `json:"unclaimed,omitempty"`
}

// VPCAttributes are the DNS attributes of a VPC, both on: without them it sees
// no private zone (R1.4).
type VPCAttributes struct {
	VPC       string `json:"vpc"`
	Support   bool   `json:"support,omitempty"`   // enableDnsSupport is to be set
	Hostnames bool   `json:"hostnames,omitempty"` // enableDnsHostnames is to be set
}

// VPCEntry is the identity of an association in the ledger of its zone.
func VPCEntry(vpc string) string { return "VPC " + vpc }

// AnchorComment is the comment of a zone that was made with a VPC. It is set by
// the call that makes both, before anything can stand in the ledger.
func AnchorComment(vpc string) string { return anchorComment + vpc }

const anchorComment = "orgdns: made with "

// madeWith is the VPC with which a zone of ours was made.
func madeWith(z estate.Zone) string {
	vpc, _ := strings.CutPrefix(z.Comment, anchorComment)
	return vpc
}

// vpcsOf are the VPCs that are wanted for a zone, by the zone's address.
func (b *builder) vpcsOf(address string) map[string]bool {
	out := map[string]bool{}
	for _, w := range b.in.Wanted {
		if a := w.Item.Association; a != nil {
			if ref, ok := a.Zone.Ref(); ok && ref.Address == address {
				out[a.VPC.ID] = true
			}
		}
	}
	return out
}

func (b *builder) associations() {
	made := map[string][]Dependency{} // by zone: what must stand before the anchor goes
	for _, w := range b.in.Wanted {
		switch {
		case w.Item.Association != nil:
			if b.association(w, *w.Item.Association) {
				zone := b.zoneKey(w.Item.Association.Zone)
				made[zone] = append(made[zone], Dependency{Address: w.Address})
			}
		case w.Item.VPCAttributes != nil:
			b.attributes(w, *w.Item.VPCAttributes)
		}
	}
	b.made = made
	b.anchors()
}

// association plans one, and reports whether it is to be made.
func (b *builder) association(w Wanted, want Association) bool {
	entry := VPCEntry(want.VPC.ID)
	ids, err := b.known(want.Zone)
	if err != nil && w.Frozen {
		return false
	}
	if err != nil { // the zone is still to be made
		room, ok := b.room(w, want, estate.Zone{Name: want.ZoneName, Account: want.Owner})
		if !ok {
			return false
		}
		needs := b.claimFirst(w, want, entry)
		ref, _ := want.Zone.Ref()
		if b.anchorOf(ref.Address) == want.VPC.ID { // the zone is made with it
			b.after([]Dependency{{Address: ref.Address}}, room)
			for _, d := range needs {
				b.unhurried[d.Address] = true
			}
			return false
		}
		needs = append(needs, room...)
		b.associate(w, want, "", needs, false)
		return true
	}
	z, _ := b.e.Zones.Get(ids[0])
	b.claims[z.ID+" "+entry] = true
	for _, q := range []estate.Query{
		{Kind: estate.QueryZone, Account: z.Account, ID: z.ID},
		{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID},
	} {
		if !b.e.Answered(q) {
			b.unread(w, q)
			return false
		}
	}
	own := b.ledger(z).has[entry]
	_, going := z.Tags[TagDeleteAfter] // its ledger may be withdrawn already
	made := madeWith(z) == want.VPC.ID || going
	stands := slices.Contains(z.VPCs, want.VPC)
	if stands && own {
		b.plan.Managed++
	}
	if w.Frozen {
		return false
	}
	authorized := b.authorized(w, want, z)
	switch {
	case stands && !own && !want.Unclaimed && (b.in.Adopt || made):
		c := b.claim(w, want.Zone, want.ZoneName, want.Owner, entry)
		if !made {
			c.Reason = "adopts the association that stands"
		}
		b.plan.Changes = append(b.plan.Changes, c)
		return false
	case stands:
		if own && authorized { // left behind by a run that stopped
			b.withdraw(w, want, nil)
		}
		return false
	}
	needs, ok := b.room(w, want, z)
	if !ok {
		return false
	}
	if !own {
		needs = append(needs, b.claimFirst(w, want, entry)...)
	}
	b.associate(w, want, z.ID, needs, authorized)
	return true
}

// claimFirst enters an association into the ledger, and gives what it waits for.
func (b *builder) claimFirst(w Wanted, want Association, entry string) []Dependency {
	if want.Unclaimed {
		return nil
	}
	claim := b.claim(w, want.Zone, want.ZoneName, want.Owner, entry)
	b.plan.Changes = append(b.plan.Changes, claim)
	return []Dependency{{Address: claim.Address}}
}

// withRecords lets the claim of the VPC with which a zone is made wait for what
// the zone's records wait for, so that it goes into a batch with them: until then
// the zone's comment tells of it (AnchorComment).
func (b *builder) withRecords() {
	if len(b.unhurried) == 0 {
		return
	}
	needs := map[string][]Dependency{} // of the records, by zone
	for _, c := range b.plan.Changes {
		if r := c.Item().Record; r != nil && r.Entry == "" {
			needs[r.Zone.String()] = append(needs[r.Zone.String()], c.Needs...)
		}
	}
	for i := range b.plan.Changes {
		if c := &b.plan.Changes[i]; b.unhurried[c.Address] {
			c.Needs = append(c.Needs, needs[c.After.Record.Zone.String()]...)
		}
	}
}

// authorized reports whether an authorization for the VPC stands already.
func (b *builder) authorized(w Wanted, want Association, z estate.Zone) bool {
	_, ok := b.e.Authorizations.Get(estate.ZoneAuthorization{Zone: z.ID, VPC: want.VPC}.Key())
	return ok && w.Account != want.Owner
}

// associate adds the three steps, or within one account the one.
func (b *builder) associate(w Wanted, want Association, zone string, needs []Dependency, authorized bool) {
	c := Change{Action: Create, After: &w.Item, Needs: needs}
	if zone != "" {
		q := estate.Query{Kind: estate.QueryZone, Account: want.Owner, ID: zone}
		c.Basis = []Basis{b.basis(q, "associations", zone+"/"+want.VPC.ID)}
	}
	if w.Account != want.Owner {
		if !authorized {
			a := Wanted{Address: w.Address + "/authorization", Account: want.Owner, Pos: w.Pos, Reason: "lets account " + string(w.Account) + " associate its VPC"}
			b.add(a, Change{Action: Create, After: &Item{Authorization: &want}, Needs: slices.Clone(needs)})
			c.Needs = append(c.Needs, Dependency{Address: a.Address})
		}
		b.add(w, c)
		b.withdraw(w, want, []Dependency{{Address: w.Address}})
		return
	}
	b.add(w, c)
}

// withdraw takes an authorization back: the association lives on without it,
// and the zone has room for 1,000 of them.
func (b *builder) withdraw(w Wanted, want Association, needs []Dependency) {
	a := Wanted{Address: withdrawn(w).Address, Account: want.Owner, Pos: w.Pos, Reason: "no longer needed"}
	b.add(a, Change{Action: Delete, Before: &Item{Authorization: &want}, Needs: needs})
}

// room reports whether the VPC may use a zone: it uses no other one of the same
// name, its own or one that AWS manages for an endpoint, else AWS would refuse
// (R1.28, R3.5). Private DNS of ours that this plan turns off makes room; the
// association waits for that.
func (b *builder) room(w Wanted, want Association, z estate.Zone) (after []Dependency, ok bool) {
	q := estate.Query{Kind: estate.QueryVPCZones, Account: w.Account, Region: want.VPC.Region, ID: want.VPC.ID}
	if !b.e.Answered(q) {
		b.unread(w, q)
		return nil, false
	}
	for other := range b.e.VPCZones.Prefix(want.VPC.ID + "/") {
		if other.Name != z.Name || other.Zone == z.ID {
			continue
		}
		if z.ID == "" && other.Owner == "account "+string(z.Account) { // seen in that account's own list, unless it is behind
			continue
		}
		if off := b.turnedOff(want.VPC.ID, z.Name); len(off) > 0 {
			after = append(after, off...)
			continue
		}
		wanted := z.ID
		if wanted == "" {
			wanted = "a zone of our own"
		}
		b.problem(w, diag.Error, "conflict", fmt.Sprintf("VPC %s (account %s) already uses another zone %s", want.VPC.ID, w.Account, z.Name),
			fmt.Sprintf("standing: %s, owned by %s; wanted: %s, owned by %s", other.Zone, other.Owner, wanted, z.Account),
			"take the VPC off that zone first; where a service owns it, turn the endpoint's private DNS off")
		return nil, false
	}
	return after, true
}

// turnedOff are the changes that turn the private DNS off which answers for a
// zone's name in a VPC.
func (b *builder) turnedOff(vpc string, zone dnsname.Name) []Dependency {
	var out []Dependency
	for _, c := range b.plan.Changes {
		o := c.Item().Object
		if o == nil || o.Kind != KindEndpoint || c.Action != Update || !slices.Equal(o.Fields["privateDNS"], []Value{Bool(false)}) {
			continue
		}
		p, _ := b.e.Endpoints.Get(c.ID)
		if p.VPC == vpc && p.PrivateDNS && slices.ContainsFunc(p.PrivateNames, func(n dnsname.Name) bool { return estate.ManagedZone(n) == zone }) {
			out = append(out, Dependency{Address: c.Address, Settled: true})
		}
	}
	return out
}

func (b *builder) attributes(w Wanted, want VPCAttributes) {
	v, ok := b.e.VPCs.Get(want.VPC)
	want.Support, want.Hostnames = !v.DNSSupport, !v.DNSHostnames
	if !ok || !want.Support && !want.Hostnames {
		return
	}
	b.add(w, Change{Action: Update, After: &Item{VPCAttributes: &want}})
}

// anchorOf is the VPC with which the zone of an address is made.
func (b *builder) anchorOf(address string) string {
	for _, w := range b.in.Wanted {
		if w.Address == address && w.Item.Zone != nil && w.Item.Zone.Anchor != nil {
			return w.Item.Zone.Anchor.ID
		}
	}
	return ""
}

// anchors lets the anchors go that are wanted only while a zone is made.
func (b *builder) anchors() {
	for _, w := range b.in.Wanted {
		z := w.Item.Zone
		if z == nil || !z.AnchorGoes || b.plan.Known[w.Address] != nil || b.vpcsOf(w.Address)[z.Anchor.ID] {
			continue
		}
		want := Association{Zone: Of(w.Address, "id"), ZoneName: z.Name, VPC: *z.Anchor, Owner: w.Account}
		a := Wanted{Address: w.Address + "/anchor", Account: w.Account, Pos: w.Pos, Reason: "the zone was made with it, and is not to keep it"}
		b.add(a, Change{Action: Delete, Before: &Item{Association: &want}, Needs: append(b.made[want.Zone.String()], Dependency{Address: w.Address})})
	}
}

// orphanAssociations lets go what the ledgers of private zones list and nobody
// wants.
func (b *builder) orphanAssociations() {
	for z := range b.e.Zones.All() {
		if !z.Private || b.leftAlone(z) || !b.e.Answered(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}) {
			continue
		}
		l := b.ledger(z)
		goes := b.anchorGoes(z)
		stay := len(b.made[z.ID])
		var gone []estate.VPCRef
		remains := false // one that stands
		for _, v := range z.VPCs {
			switch entry := VPCEntry(v.ID); {
			case b.claims[z.ID+" "+entry] || !l.has[entry] && v.ID != goes:
				stay++
				remains = true
			default:
				b.standing[z.ID+" "+entry] = true
				gone = append(gone, v)
			}
		}
		if b.retiringPrivate(z) {
			continue // such a zone goes with its associations
		}
		b.orphanAuthorizations(z)
		if len(gone) == 0 {
			continue
		}
		b.plan.Managed += len(gone)
		if q := (estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID}); !b.e.Answered(q) {
			b.unread(Wanted{Address: "zones/" + b.label(z), Account: z.Account}, q)
			continue
		}
		if stay == 0 {
			last := gone[0]
			gone = gone[1:]
			b.problem(Wanted{Address: "zones/" + b.label(z), Account: z.Account}, diag.Warning, "last-vpc",
				fmt.Sprintf("VPC %s stays on zone %s (%s): a private zone keeps at least one", last.ID, z.Name, z.ID), "",
				"select another VPC, or take the zone out of the configuration")
		}
		first := b.made[z.ID]
		if remains { // so that those to be made find room
			first = nil
		}
		var room []Dependency
		for _, v := range gone {
			room = append(room, b.disassociate(z, v, first))
		}
		if remains && int64(len(z.VPCs)+len(b.made[z.ID])) > VPCLimit(b.e, z) {
			b.after(b.made[z.ID], room)
		}
	}
}

// orphanAuthorizations withdraws what a run that stopped left behind for VPCs
// that are no longer wanted: they were never associated.
func (b *builder) orphanAuthorizations(z estate.Zone) {
	for a := range b.e.Authorizations.Prefix(z.ID + "/") {
		entry := z.ID + " " + VPCEntry(a.VPC.ID)
		if !b.ledger(z).has[VPCEntry(a.VPC.ID)] || b.claims[entry] || b.standing[entry] {
			continue
		}
		b.standing[entry] = true
		want := Association{Zone: Lit(z.ID), ZoneName: z.Name, VPC: a.VPC, Owner: z.Account}
		w := Wanted{Address: "associations/" + b.label(z) + "/" + a.VPC.ID, Account: z.Account}
		b.withdraw(w, want, nil)
		b.plan.Changes = append(b.plan.Changes, b.forgetEntry(z, VPCEntry(a.VPC.ID), withdrawn(w)))
	}
}

// withdrawn is the change that takes the authorization for an association back.
func withdrawn(w Wanted) Dependency {
	return Dependency{Address: w.Address + "/authorization-withdrawn"}
}

// after makes changes wait for others.
func (b *builder) after(these, others []Dependency) {
	waits := map[string]bool{}
	for _, d := range these {
		waits[d.Address] = true
	}
	for i := range b.plan.Changes {
		if c := &b.plan.Changes[i]; waits[c.Address] {
			c.Needs = append(c.Needs, others...)
		}
	}
}

// anchorGoes is the anchor of a zone of ours that is not to keep it.
func (b *builder) anchorGoes(z estate.Zone) string {
	for _, w := range b.in.Wanted {
		if w.Address == b.owned[z.ID] && w.Item.Zone != nil && w.Item.Zone.AnchorGoes {
			return w.Item.Zone.Anchor.ID
		}
	}
	return ""
}

// disassociate lets one VPC go, in the zone's account, which may do that alone
// (API_DisassociateVPCFromHostedZone), after what must be done first.
func (b *builder) disassociate(z estate.Zone, v estate.VPCRef, first []Dependency) Dependency {
	want := Association{Zone: Lit(z.ID), ZoneName: z.Name, VPC: v, Owner: z.Account}
	w := Wanted{Address: "associations/" + b.label(z) + "/" + v.ID, Account: z.Account, Reason: "no longer selected"}
	q := estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID}
	b.add(w, Change{Action: Delete, Before: &Item{Association: &want}, Needs: slices.Clone(first),
		Basis: []Basis{b.basis(q, "associations", z.ID+"/"+v.ID)}})
	if b.ledger(z).has[VPCEntry(v.ID)] {
		gone := []Dependency{{Address: w.Address}}
		if _, ok := b.e.Authorizations.Get(estate.ZoneAuthorization{Zone: z.ID, VPC: v}.Key()); ok {
			b.withdraw(w, want, nil)
			gone = append(gone, withdrawn(w))
		}
		b.plan.Changes = append(b.plan.Changes, b.forgetEntry(z, VPCEntry(v.ID), gone...))
	}
	return Dependency{Address: w.Address}
}

// retiringPrivate reports whether a zone is a private one that we made, and
// goes.
func (b *builder) retiringPrivate(z estate.Zone) bool {
	_, adopted, ours := MarkOf(z, b.in.Owner)
	return ours && !adopted && z.Private && b.owned[z.ID] == ""
}

// retirePrivate plans the removal of a private zone of ours. Its associations
// go with it, those of others keep it. That it goes is tagged first: once the
// ledger is withdrawn nothing else tells its associations from those of others.
func (b *builder) retirePrivate(w Wanted, z estate.Zone, adopted bool) {
	for _, k := range []estate.QueryKind{estate.QueryRecords, estate.QueryZone, estate.QueryZoneTags} {
		if q := (estate.Query{Kind: k, Account: z.Account, ID: z.ID}); !b.e.Answered(q) {
			b.unread(w, q)
			return
		}
	}
	if adopted {
		b.release(w, z, nil)
		return
	}
	_, going := z.Tags[TagDeleteAfter]
	l := b.ledger(z)
	var others []string
	for _, v := range z.VPCs {
		if !going && !l.has[VPCEntry(v.ID)] && madeWith(z) != v.ID {
			others = append(others, "VPC "+v.ID)
		}
	}
	if keeps := append(b.keeps(z), others...); len(keeps) > 0 {
		b.problem(w, diag.Warning, "foreign-records", fmt.Sprintf("zone %s (%s) stays: others use it", z.Name, z.ID),
			strings.Join(keeps, ", "), "delete these records, take these VPCs off, or hand the zone over")
		b.plan.Waiting = append(b.plan.Waiting, Waiting{Address: w.Address,
			For: fmt.Sprintf("others to leave zone %s (%s); until then it stays, with the records and VPCs of ours", z.Name, z.ID)})
		return
	}
	c := Change{Action: Delete, ID: z.ID, Before: zoneItem(z), Basis: []Basis{b.basisZone(z.Account, z.Name)}}
	if !going {
		tag := Wanted{Address: w.Address + "/goes", Account: w.Account, Reason: "tells a later run that the zone goes with its VPCs"}
		b.add(tag, Change{Action: Update, After: &Item{ZoneTags: &ZoneTags{Zone: Lit(z.ID), Name: z.Name,
			Set: map[string]Value{TagDeleteAfter: In(time.Second)}}}})
		c.Needs = append(c.Needs, Dependency{Address: tag.Address})
	}
	first := slices.Clone(c.Needs)
	for _, v := range z.VPCs {
		if entry := VPCEntry(v.ID); l.has[entry] {
			f := b.forgetEntry(z, entry, first...)
			f.Reason = "goes with the zone"
			b.plan.Changes = append(b.plan.Changes, f)
			c.Needs = append(c.Needs, Dependency{Address: f.Address})
		}
	}
	for _, r := range b.ownRecords(z) {
		rec := b.removal(z, r)
		rec.Needs = append(rec.Needs, first...)
		b.plan.Changes = append(b.plan.Changes, rec)
		c.Needs = append(c.Needs, Dependency{Address: rec.Address})
	}
	for _, e := range l.Entries() { // roles, and claims behind which nothing stands
		c.Needs = append(c.Needs, Dependency{Address: "ledger/" + b.label(z) + "/" + e})
	}
	b.add(w, c)
}
