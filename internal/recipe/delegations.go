package recipe

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// The recipe delegations: a child zone in the child's account, the NS record of
// the same servers in the parent, records and certificates in the child zone.

const (
	// stableAfter is how long a delegation must have stood unchanged before
	// `ttl: auto` trusts it; matureTTL is the TTL it then gets, the one that
	// Route 53 gives the NS record of a zone (Developer Guide,
	// SOA-NSrecords.html).
	stableAfter = 24 * time.Hour
	matureTTL   = 172800
	// validationTTL is the TTL of certificate validation records.
	validationTTL = 300
)

func delegationAddress(domain dnsname.Name) string { return "delegations/" + domain.String() }
func zoneAddress(domain dnsname.Name) string       { return delegationAddress(domain) + "/zone" }
func linkAddress(domain dnsname.Name) string       { return delegationAddress(domain) + "/ns" }

// delegations asks for what each delegation must know: the parent zone and its
// records, the zones that stand at the name, certificates.
func (n *needs) delegations() {
	for _, d := range n.Config.Delegations {
		child, problems := n.Config.FindAccount(d.Child, n.Estate)
		if len(problems) > 0 {
			continue
		}
		own := false
		for _, z := range n.Estate.ZonesNamed(child.ID, d.Domain, false) {
			n.ask(estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID})
			n.ask(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID})
			if _, _, ours := plan.MarkOf(z, n.Config.Owner); ours {
				own = true
			} else { // it may have been adopted
				n.ask(estate.Query{Kind: estate.QueryZoneTags, Account: z.Account, ID: z.ID})
			}
			if max(z.RecordCount, int64(len(d.Records))) > plan.RecordsWarning {
				n.ask(estate.Query{Kind: estate.QueryLimits, Account: z.Account, ID: z.ID})
			}
			if d.TTL.Auto || retired(n.Estate, z) {
				n.ask(estate.Query{Kind: estate.QueryZoneTags, Account: z.Account, ID: z.ID})
			}
		}
		for _, c := range d.Certificates {
			n.ask(estate.Query{Kind: estate.QueryCertificates, Account: child.ID, Region: certificateRegion(c)})
		}
		if d.Parent.External != "" {
			n.publicCAA(d)
			if own {
				n.ask(estate.Query{Kind: estate.QueryPublic, ID: d.Domain.String() + "/NS"})
			}
			continue
		}
		parent, problems := n.Config.FindAccount(d.Parent.Account, n.Estate)
		if len(problems) > 0 {
			continue
		}
		candidates := parentCandidates(n.Input, d, parent.ID)
		for _, z := range candidates {
			n.ask(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID})
			if len(candidates) > 1 { // which one is it that the world asks?
				n.ask(estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID})
				if _, ok := linkAbove(n.Estate, z.Name); !ok {
					n.ask(estate.Query{Kind: estate.QueryPublic, ID: z.Name.String() + "/NS"})
				}
			}
			if z.RecordCount+int64(len(n.Config.Delegations)) > plan.RecordsWarning {
				n.ask(estate.Query{Kind: estate.QueryLimits, Account: z.Account, ID: z.ID})
			}
		}
	}
}

// retired reports whether a removal of the zone was begun: its NS TTL is as low
// as only a removal makes it.
func retired(e estate.Estate, z estate.Zone) bool {
	apex, ok := e.Records.Get(estate.RecordKey(z.ID, z.Name, "NS", ""))
	return ok && apex.TTL == plan.LowTTL
}

func certificateRegion(c config.Certificate) estate.Region {
	if c.Region == "" {
		return edgeRegion
	}
	return c.Region
}

// parentCandidates are the zones that may be a delegation's parent: the public
// zones of the longest name above it in the parent's account, unless another
// delegation makes a longer one there.
func parentCandidates(in Input, d config.Delegation, account estate.AccountID) []estate.Zone {
	if d.Parent.Zone != "" {
		if z, ok := in.Estate.Zones.Get(d.Parent.Zone); ok && z.Account == account && !z.Private {
			return []estate.Zone{z}
		}
		return nil
	}
	above, chained := chain(in, d, account)
	for name := range d.Domain.Ancestors() {
		if name == d.Domain || !d.Parent.Domain.IsZero() && name != d.Parent.Domain {
			continue
		}
		if chained && name == above.Domain {
			if own, ok := OwnZone(in, above, account); ok {
				return []estate.Zone{own}
			}
			return nil
		}
		if zones := in.Estate.ZonesNamed(account, name, false); len(zones) > 0 {
			return zones
		}
	}
	return nil
}

// chain finds the delegation of this configuration whose zone is the parent of
// another one.
func chain(in Input, d config.Delegation, account estate.AccountID) (above config.Delegation, ok bool) {
	for _, a := range in.Config.Delegations {
		if !d.Domain.Below(a.Domain) || ok && a.Domain.Depth() <= above.Domain.Depth() {
			continue
		}
		if child, problems := in.Config.FindAccount(a.Child, in.Estate); len(problems) == 0 && child.ID == account {
			above, ok = a, true
		}
	}
	return above, ok
}

// OwnZone finds the zone that orgdns made or adopted for a delegation, in the
// child's account.
func OwnZone(in Input, d config.Delegation, account estate.AccountID) (estate.Zone, bool) {
	return plan.OwnZone(in.Estate, in.Config.Owner, account, plan.Zone{
		Name: d.Domain, Reference: plan.Reference(in.Config.Owner, zoneAddress(d.Domain)),
	})
}

// linkAbove finds the NS record for a name in the nearest zone above it that
// was read.
func linkAbove(e estate.Estate, name dnsname.Name) (estate.RecordSet, bool) {
	for above := range name.Ancestors() {
		if above == name {
			continue
		}
		for z := range e.Zones.By(estate.ByName(above)) {
			if r, ok := e.Records.Get(estate.RecordKey(z.ID, name, "NS", "")); ok && !z.Private {
				return r, true
			}
		}
	}
	return estate.RecordSet{}, false
}

// delegations makes what is wanted.
type delegations struct {
	Input
	out *Output
	// validated are the names for which a validation record is wanted, and its
	// address: certificates of one account share it.
	validated map[dnsname.Name]string
	// links are the wanted NS records in each zone of others.
	links map[string][]*plan.Record
}

func (r *delegations) problem(pos diag.Pos, s diag.Severity, address, code, summary, detail, hint string) {
	r.out.Diagnostics.Add(diag.Diagnostic{Severity: s, Code: code, Summary: summary, Detail: detail, Hint: hint, Address: address, Pos: pos})
}

// apart finds the zones of others that hold links of ours: there the ledger is
// written under a statement of its own.
func (r *delegations) apart() {
	for z := range r.Estate.Zones.All() {
		if _, _, ours := plan.MarkOf(z, r.Config.Owner); !ours && !z.Private {
			r.out.Apart[z.ID] = true
		}
	}
}

func (r *delegations) make() {
	for _, d := range r.Config.Delegations {
		child, problems := r.Config.FindAccount(d.Child, r.Estate)
		if len(problems) > 0 {
			r.out.Diagnostics.Add(problems...)
			continue
		}
		one := &delegation{delegations: r, Delegation: d, child: child.ID, address: delegationAddress(d.Domain)}
		if one.frozen = !active(r.Estate, child.ID); one.frozen {
			r.problem(d.Pos, diag.Warning, one.address, "suspended",
				fmt.Sprintf("account %s is suspended: the delegation of %s is left as it is", child.ID, d.Domain), "", "")
		}
		one.make()
	}
	r.shares()
}

// shares gives the links of each zone of others the policy statements that can
// hold their names.
func (r *delegations) shares() {
	for _, links := range r.links {
		var names []dnsname.Name
		for _, l := range links {
			names = append(names, linkName(*l))
		}
		statement := map[dnsname.Name]plan.Statement{}
		for _, share := range plan.StatementDelegation.Spread(names) {
			for _, n := range share.Names {
				statement[n] = share.Statement
			}
		}
		for _, l := range links {
			l.Statement = statement[linkName(*l)]
		}
	}
}

func linkName(r plan.Record) dnsname.Name {
	s, _ := r.Name.Literal()
	return dnsname.MustParse(s)
}

// delegation is one of them in the making.
type delegation struct {
	*delegations
	config.Delegation
	child   estate.AccountID
	address string
	frozen  bool
	zone    estate.Zone // the child zone, if it stands
	stands  bool
	linked  *estate.RecordSet // the NS record that stands in the parent
	after   []plan.Dependency // what the link waits for
}

func (d *delegation) want(w plan.Wanted) {
	if w.Pos == (diag.Pos{}) {
		w.Pos = d.Pos
	}
	w.Frozen = d.frozen
	d.out.Wanted = append(d.out.Wanted, w)
}

func (d *delegation) make() {
	zone := plan.Zone{
		Name: d.Domain, Reference: plan.Reference(d.Config.Owner, zoneAddress(d.Domain)), Adopt: d.Adopt,
		Comment: "orgdns: " + d.Domain.String() + ", owner " + d.Config.Owner,
	}
	parent, parentZone, linked, ok := d.parent()
	d.linked = linked
	if d.zone, d.stands = OwnZone(d.Input, d.Delegation, d.child); !d.stands {
		d.useForeign(&zone, linked)
	}
	d.want(plan.Wanted{
		Address: zoneAddress(d.Domain), Account: d.child, Item: plan.Item{Zone: &zone}, Pos: d.At("domain"),
		Reason: fmt.Sprintf("account %s is to own %s", d.child, d.Domain),
	})
	d.after = []plan.Dependency{{Address: zoneAddress(d.Domain), Settled: true}}
	d.revive()
	d.records()
	if d.Parent.External != "" {
		d.external()
	} else if ok {
		d.occluded(parentZone, linked)
		d.link(parent, parentZone)
	}
	d.certificates()
}

// revive takes back what a removal that was called off has done to the zone: the
// low TTL and the deadline, which would be too early for another removal.
func (d *delegation) revive() {
	if _, adopted, ours := plan.MarkOf(d.zone, d.Input.Config.Owner); !d.stands || !ours || adopted || !retired(d.Estate, d.zone) || d.zone.Tags[plan.TagDeleteAfter] == "" {
		return
	}
	apex, _ := d.Estate.Records.Get(estate.RecordKey(d.zone.ID, d.Domain, "NS", ""))
	apex.TTL = matureTTL
	rec := plan.RecordOf(d.zone, apex, plan.StatementApex)
	rec.Unclaimed = true
	reason := "a removal was begun and called off"
	d.want(plan.Wanted{Address: zoneAddress(d.Domain) + "/revived-ttl", Account: d.child, Item: plan.Item{Record: &rec}, Reason: reason})
	tags := plan.ZoneTags{Zone: plan.Lit(d.zone.ID), Name: d.Domain, Remove: []string{plan.TagDeleteAfter}}
	d.want(plan.Wanted{Address: zoneAddress(d.Domain) + "/revived-deadline", Account: d.child, Item: plan.Item{ZoneTags: &tags}, Reason: reason,
		After: []plan.Dependency{{Address: zoneAddress(d.Domain) + "/revived-ttl"}}}) // which it tells a later run to do
}

// parent finds the parent zone: one that stands, or one of a delegation above.
// linked is the NS record that stands there.
func (d *delegation) parent() (id plan.Value, zone estate.Zone, linked *estate.RecordSet, ok bool) {
	if d.Parent.External != "" {
		return plan.Value{}, estate.Zone{}, nil, false
	}
	account, problems := d.Config.FindAccount(d.Parent.Account, d.Estate)
	if len(problems) > 0 {
		d.out.Diagnostics.Add(problems...)
		return plan.Value{}, estate.Zone{}, nil, false
	}
	if q := (estate.Query{Kind: estate.QueryZones, Account: account.ID}); !d.Estate.Answered(q) {
		a, _ := d.Estate.Asked(q)
		d.problem(d.At("parent"), diag.Error, d.address, "unread",
			fmt.Sprintf("the zones of account %s could not be read, so the parent of %s is not known", account.ID, d.Domain),
			a.Why(), "see `orgdns iam` for the role that this account needs")
		return plan.Value{}, estate.Zone{}, nil, false
	}
	candidates := parentCandidates(d.Input, d.Delegation, account.ID)
	above, chained := chain(d.Input, d.Delegation, account.ID)
	switch {
	case len(candidates) == 0 && chained:
		return plan.Of(zoneAddress(above.Domain), "id"), estate.Zone{Account: account.ID, Name: above.Domain}, nil, true
	case len(candidates) == 0:
		d.noParent(account)
		return plan.Value{}, estate.Zone{}, nil, false
	case len(candidates) > 1:
		if candidates, ok = d.reachable(candidates); !ok {
			return plan.Value{}, estate.Zone{}, nil, false
		}
	}
	zone = candidates[0]
	if _, adopted, ours := plan.MarkOf(zone, d.Config.Owner); ours && !adopted && !(chained && above.Domain == zone.Name) {
		d.problem(d.At("parent"), diag.Error, d.address, "parent-goes",
			fmt.Sprintf("zone %s (%s), the parent of %s, is no longer in the configuration and would be deleted", zone.Name, zone.ID, d.Domain),
			"orgdns made it for a delegation that was taken out",
			fmt.Sprintf("put the delegation of %s back, or first give %s another parent", zone.Name, d.Domain))
		return plan.Value{}, estate.Zone{}, nil, false
	}
	if rec, has := d.Estate.Records.Get(estate.RecordKey(zone.ID, d.Domain, "NS", "")); has {
		linked = &rec
	}
	if chained && above.Domain == zone.Name {
		return plan.Of(zoneAddress(above.Domain), "id"), zone, linked, true
	}
	return plan.Lit(zone.ID), zone, linked, true
}

func (d *delegation) noParent(account config.Account) {
	var names []string
	for z := range d.Estate.Zones.By(estate.ByAccount(account.ID)) {
		if !z.Private {
			names = append(names, z.Name.String())
		}
	}
	detail := "it has no public zone at all"
	if len(names) > 0 {
		slices.Sort(names)
		detail = "its public zones: " + strings.Join(names[:min(len(names), 8)], ", ")
	}
	d.problem(d.At("parent"), diag.Error, d.address, "no-parent",
		fmt.Sprintf("account %s (%s) has no public zone above %s", account.Name, account.ID, d.Domain), detail,
		"name the account that owns the parent zone, or write `parent: { external: … }` for a parent elsewhere")
}

// reachable picks, of several zones of one name, the one that is delegated from
// above, and says so.
func (d *delegation) reachable(zones []estate.Zone) ([]estate.Zone, bool) {
	var servers []string
	where := ""
	if rec, ok := linkAbove(d.Estate, zones[0].Name); ok {
		servers, where = rec.Values, "the NS record in zone "+rec.Zone
	} else if a, ok := d.Estate.Public.Get(estate.PublicAnswer{Name: zones[0].Name, Type: "NS"}.Key()); ok {
		servers, where = a.Values, "public DNS"
	}
	var ids []string
	for _, z := range zones {
		ids = append(ids, z.ID)
		if serves(z, servers) {
			d.problem(d.At("parent"), diag.Note, d.address, "parent-chosen",
				fmt.Sprintf("%s is the parent of %s: of %d zones named %s it is the one that is delegated from above", z.ID, d.Domain, len(zones), z.Name),
				"as "+where+" says", "")
			return []estate.Zone{z}, true
		}
	}
	d.problem(d.At("parent"), diag.Error, d.address, "ambiguous-parent",
		fmt.Sprintf("there are %d public zones named %s, and none of them is known to be delegated from above", len(zones), zones[0].Name),
		"candidates: "+strings.Join(ids, ", "), "write `parent: { account: …, zone: … }`, or delete the zones that are not in use")
	return nil, false
}

// serves reports whether the servers are exactly a zone's.
func serves(z estate.Zone, servers []string) bool {
	var got []dnsname.Name
	for _, s := range servers {
		if n, err := dnsname.Parse(s); err == nil {
			got = append(got, n)
		}
	}
	slices.SortFunc(got, dnsname.Name.Compare)
	want := slices.SortedFunc(slices.Values(z.NameServers), dnsname.Name.Compare)
	return len(want) > 0 && slices.Equal(got, want)
}

// useForeign takes the zone that stands in the child's account as the child
// zone when the link in the parent is ours already: the zone was deleted and
// made again by hand.
func (d *delegation) useForeign(zone *plan.Zone, linked *estate.RecordSet) {
	zones := d.Estate.ZonesNamed(d.child, d.Domain, false)
	if linked == nil || len(zones) != 1 || d.Adopt {
		return
	}
	parent, _ := d.Estate.Zones.Get(linked.Zone)
	if !plan.ReadLedger(d.Estate, parent, d.Config.Owner).Has(plan.Entry(parent.Name, d.Domain, "NS", "")) {
		return
	}
	d.zone, d.stands, zone.Use = zones[0], true, zones[0].ID
	d.problem(d.At("domain"), diag.Warning, d.address, "zone-remade",
		fmt.Sprintf("zone %s (%s) was made again by somebody else; the delegation follows it", d.Domain, zone.Use),
		"orgdns did not make it and will not delete it", "adopt it with --adopt to have orgdns own it")
}

// link wants the NS record in the parent.
func (d *delegation) link(parent plan.Value, zone estate.Zone) {
	rec := plan.Record{
		Zone: parent, ZoneName: zone.Name, Name: plan.Lit(d.Domain.String()), Type: "NS",
		TTL: d.ttl(), Values: []plan.Value{plan.Of(zoneAddress(d.Domain), "nameServers")}, Statement: plan.StatementRecords,
	}
	if d.out.Apart[zone.ID] { // which share of the names it is in, shares decides
		rec.Statement = plan.StatementDelegation
		d.links[zone.ID] = append(d.links[zone.ID], &rec)
	}
	d.want(plan.Wanted{
		Address: linkAddress(d.Domain), Account: zone.Account, Item: plan.Item{Record: &rec}, Pos: d.At("parent"),
		After: d.after, Reason: fmt.Sprintf("%s is answered by account %s", d.Domain, d.child),
	})
	if d.TTL.Auto {
		d.stable()
	}
}

// ttl is the TTL of the link: as configured, or with `auto` as its age allows.
func (d *delegation) ttl() uint32 {
	if d.TTL.Auto && d.stands && d.inPlace() {
		if since, err := time.Parse(time.RFC3339, d.zone.Tags[plan.TagStableSince]); err == nil && d.Now.Sub(since) >= stableAfter {
			return matureTTL
		}
	}
	return d.TTL.Seconds
}

// inPlace reports whether the link stands and names the child's servers.
func (d *delegation) inPlace() bool {
	return d.linked != nil && serves(d.zone, d.linked.Values)
}

// stable wants the time since which the link has stood unchanged, as a tag on
// the child zone: anew whenever the link changes.
func (d *delegation) stable() {
	if d.stands && d.inPlace() && d.zone.Tags[plan.TagStableSince] != "" {
		return
	}
	tags := plan.ZoneTags{
		Zone: plan.Of(zoneAddress(d.Domain), "id"), Name: d.Domain, Set: map[string]plan.Value{plan.TagStableSince: plan.In(time.Second)},
	}
	d.want(plan.Wanted{
		Address: d.address + "/stable-since", Account: d.child, Item: plan.Item{ZoneTags: &tags}, Pos: d.At("ttl"),
		After: []plan.Dependency{{Address: linkAddress(d.Domain)}}, Reason: "a day of stability earns the long TTL",
	})
}

// external compares the child's servers with what public DNS says, for a
// parent that orgdns cannot write.
func (d *delegation) external() {
	want := make([]string, len(d.zone.NameServers))
	for i, n := range d.zone.NameServers {
		want[i] = n.String()
	}
	seen, _ := d.Estate.Public.Get(estate.PublicAnswer{Name: d.Domain, Type: "NS"}.Key())
	if d.stands && serves(d.zone, seen.Values) {
		return
	}
	w := plan.Waiting{Address: d.address + "/registrar"}
	if d.stands {
		w.For = fmt.Sprintf("%s to set the NS records of %s to %s", d.Parent.External, d.Domain, strings.Join(want, ", "))
		if len(seen.Values) > 0 {
			w.For += "; public DNS says " + strings.Join(slices.Sorted(slices.Values(seen.Values)), ", ")
		}
	} else {
		w.For = fmt.Sprintf("%s to set the NS records of %s to the zone's name servers, known after apply", d.Parent.External, d.Domain)
	}
	d.out.Waiting = append(d.out.Waiting, w)
}

// records wants the configured records of the child zone.
func (d *delegation) records() {
	for i, rec := range d.Records {
		w, ok := configured(plan.Of(zoneAddress(d.Domain), "id"), d.Domain, rec, func(pos diag.Pos, s diag.Severity, code, summary, detail, hint string) {
			d.problem(pos, s, d.address, code, summary, detail, hint)
		})
		if !ok {
			continue
		}
		address := recordAddress(d.address, "records", d.Domain, rec.Name, rec.Type, rec.SetID)
		d.want(plan.Wanted{Address: address, Account: d.child, Item: plan.Item{Record: &w}, Pos: d.At("records", i),
			Reason: Configured})
		d.after = append(d.after, plan.Dependency{Address: address})
	}
}

// occluded lists the records of the parent at and below the delegated name:
// once the link stands, nobody sees them any more (RFC 1034 section 4.2.1).
func (d *delegation) occluded(parent estate.Zone, linked *estate.RecordSet) {
	if parent.ID == "" || linked != nil && d.stands && serves(d.zone, linked.Values) {
		return
	}
	for r := range d.Estate.Records.Prefix(estate.RecordsBelow(parent.ID, d.Domain)) {
		if r.Name == d.Domain && (r.Type == "NS" || r.Type == "DS") {
			continue
		}
		if r.Type == "NS" && d.delegatesOn(r.Name) { // its link stands below before ours hides it here
			d.after = append(d.after, plan.Dependency{Address: linkAddress(r.Name), Settled: true})
			continue
		}
		if r.Name == d.Domain && r.Type == "CNAME" { // neither beside an NS record nor at a zone's apex (R6.4)
			d.problem(d.At("domain"), diag.Error, d.address, "cname-in-parent",
				fmt.Sprintf("zone %s (%s) holds a CNAME at %s, beside which no NS record can stand", parent.Name, parent.ID, d.Domain),
				"standing: "+show(r), "put what it leads to into the child zone, as an alias or address records, and delete the CNAME")
			continue
		}
		after, configured := d.answerBelow(r)
		if !configured && (d.Input.MoveRecords || d.Delegation.MoveRecords) && d.move(parent, r) {
			continue
		}
		hint := "carry it into the child zone with --move-records, or put it into the configuration"
		if configured {
			hint = ""
		}
		d.problem(d.At("domain"), diag.Warning, d.address, "occluded",
			fmt.Sprintf("%s %s in zone %s will not be seen any more", r.Name, r.Type, parent.Name),
			"now "+show(r)+"; then "+after, hint)
	}
}

// delegatesOn reports whether the configuration delegates a name on from d's
// own zone.
func (d *delegation) delegatesOn(name dnsname.Name) bool {
	return slices.ContainsFunc(d.Config.Delegations, func(other config.Delegation) bool {
		if other.Domain != name || other.Parent.External != "" {
			return false
		}
		account, problems := d.Config.FindAccount(other.Parent.Account, d.Estate)
		above, chained := chain(d.Input, other, account.ID)
		return len(problems) == 0 && chained && above.Domain == d.Domain
	})
}

// answerBelow says what the child zone will answer in place of a record of the
// parent.
func (d *delegation) answerBelow(r estate.RecordSet) (string, bool) {
	for _, rec := range d.Records {
		if rec.Name == r.Name && rec.Type == r.Type {
			if rec.Alias != nil {
				return "alias " + rec.Alias.Target.String(), true
			}
			return strings.Join(rec.Values, " "), true
		}
	}
	if d.stands {
		if have, ok := d.Estate.Records.Get(estate.RecordKey(d.zone.ID, r.Name, r.Type, r.SetID)); ok {
			return show(have), true
		}
	}
	if r.Name == d.Domain {
		return "no " + r.Type + " record (NODATA)", false
	}
	return "no such name (NXDOMAIN), unless another record stands at or below it", false
}

// move wants a copy of a parent's record in the child zone; it belongs to the
// child from then on.
func (d *delegation) move(parent estate.Zone, r estate.RecordSet) bool {
	if r.Alias != nil && r.Alias.Zone == parent.ID { // its target would be in another zone (R6.2)
		return false
	}
	w := plan.RecordOf(estate.Zone{Name: d.Domain}, r, plan.StatementRecords)
	w.Zone, w.Unclaimed = plan.Of(zoneAddress(d.Domain), "id"), true
	address := recordAddress(d.address, "moved", d.Domain, r.Name, r.Type, r.SetID)
	d.want(plan.Wanted{Address: address, Account: d.child, Item: plan.Item{Record: &w}, Pos: d.At("domain"),
		Reason: "carried over from zone " + parent.Name.String()})
	d.after = append(d.after, plan.Dependency{Address: address, Settled: true})
	return true
}

func show(r estate.RecordSet) string {
	if r.Alias != nil {
		return "alias " + r.Alias.Name.String()
	}
	return strings.Join(r.Values, " ")
}
