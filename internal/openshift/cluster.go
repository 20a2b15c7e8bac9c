package openshift

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Cluster is whose records stand where.
type Cluster struct {
	InfraID         string // "mine-x7k2p": its records are owned by it
	Account         estate.AccountID
	Domain          dnsname.Name
	DualStack       bool // aliases get AAAA records too
	Private, Public ZoneRef
	Role            Role // for the private zone; the public one is the account's own
}

// ClusterOf makes a cluster of what files say of it: the object DNS goes before
// the install-config. The account is the one that the cluster is in.
func ClusterOf(o Objects, account estate.AccountID) (Cluster, diag.List) {
	var problems diag.List
	c := Cluster{InfraID: o.InfraID, Account: account}
	c.DualStack = o.Infrastructure != nil && o.Infrastructure.DualStack || o.Install != nil && o.Install.DualStack
	lack := func(what, hint string) {
		problems.Add(diag.Diagnostic{Code: CodeMissing, Summary: what, Hint: hint})
	}
	if c.InfraID == "" {
		lack("the cluster's infrastructure name is not known", "give metadata.json of the installation, or the object: oc get infrastructure cluster -o yaml")
	}
	switch {
	case o.DNS != nil:
		c.Domain, c.Private, c.Public, c.Role = o.DNS.Domain, o.DNS.Private, o.DNS.Public, o.DNS.Role
	case o.Install != nil:
		i := *o.Install
		c.Domain, c.Role = i.Domain, i.Role
		if c.Private = (ZoneRef{ID: i.HostedZone.Value, Pos: i.HostedZone.Pos}); c.Private.ID == "" {
			c.Private = ZoneRef{Tags: map[string]string{tagPrefix + c.InfraID: owned, "Name": c.InfraID + "-int"}, Pos: i.Pos}
		}
		if !i.Internal {
			c.Public = ZoneRef{Name: i.BaseDomain, Pos: i.Pos}
		}
	default:
		lack("it is not known in which zones the records stand", "give the object: oc get dns.config.openshift.io cluster -o yaml; or install-config.yaml")
	}
	if c.Private.IsZero() && c.Public.IsZero() && !problems.HasErrors() {
		lack("the cluster has neither a private nor a public zone", "")
	}
	return c, problems
}

// Owner is under whose name the cluster's records stand in the ledgers: each
// cluster has its own, so that what one takes out is never another's.
func (c Cluster) Owner() string {
	const longest = 32 // as configurations allow
	o := "ocp-" + c.InfraID
	return o[:min(len(o), longest)]
}

// The tag that says which cluster uses a resource, and its values: owned goes
// with the cluster, shared does not (openshift/installer, pkg/destroy/aws).
const (
	tagPrefix = "kubernetes.io/cluster/"
	owned     = "owned"
	shared    = "shared"
)

// Tag is the key of the tag of the cluster's zones.
func (c Cluster) Tag() string { return tagPrefix + c.InfraID }

// account is where the zone of a reference stands.
func (c Cluster) account(private bool) estate.AccountID {
	if private && !c.Role.IsZero() {
		return c.Role.Account
	}
	return c.Account
}

// Needs lists the queries that were not asked yet and whose answers the halves
// need next.
func (c Cluster) Needs(e estate.Estate) []estate.Query {
	n := needs{e: e}
	for _, private := range []bool{true, false} {
		ref := c.ref(private)
		if ref.IsZero() {
			continue
		}
		account := c.account(private)
		if ref.ID != "" {
			n.zone(account, ref.ID)
		} else {
			n.ask(estate.Query{Kind: estate.QueryZones, Account: account})
		}
		if len(ref.Tags) > 0 && ref.ID == "" {
			for _, z := range c.candidates(e, private) {
				n.ask(estate.Query{Kind: estate.QueryZoneTags, Account: account, ID: z.ID})
			}
		}
		if z, problem := c.zone(e, private); problem == nil {
			n.ask(estate.Query{Kind: estate.QueryRecords, Account: account, ID: z.ID})
			n.ask(estate.Query{Kind: estate.QueryZoneTags, Account: account, ID: z.ID})
		}
	}
	return n.list
}

// Only is the cluster as if it had but one of its zones: each is read, planned
// and written apart, with its own credentials.
func (c Cluster) Only(private bool) Cluster {
	if private {
		c.Public = ZoneRef{}
	} else {
		c.Private, c.Role = ZoneRef{}, Role{}
	}
	return c
}

// who writes to a zone.
func (c Cluster) who(private bool) string {
	if private && !c.Role.IsZero() {
		return "the role " + c.Role.ARN
	}
	return "the cluster's own credentials"
}

func (c Cluster) ref(private bool) ZoneRef {
	if private {
		return c.Private
	}
	return c.Public
}

// candidates are the account's zones of that sort that can hold the cluster's
// records.
func (c Cluster) candidates(e estate.Estate, private bool) []estate.Zone {
	var out []estate.Zone
	for name := range c.Domain.Ancestors() {
		for z := range e.Zones.By(estate.ByName(name)) {
			if z.Account == c.account(private) && z.Private == private {
				out = append(out, z)
			}
		}
	}
	return out
}

func sort(private bool) string {
	if private {
		return "private"
	}
	return "public"
}

// zone finds the zone of a reference in the estate.
func (c Cluster) zone(e estate.Estate, private bool) (estate.Zone, *diag.Diagnostic) {
	ref, account := c.ref(private), c.account(private)
	fail := func(summary, detail, hint string) (estate.Zone, *diag.Diagnostic) {
		return estate.Zone{}, &diag.Diagnostic{Code: CodeZone, Summary: summary, Detail: detail, Hint: hint, Account: string(account), Pos: ref.Pos}
	}
	q := zoneAnswer(e, account, ref.ID)
	if a, asked := e.Asked(q); !asked || a.Code != "" {
		detail := "it was not asked"
		if asked {
			detail = a.Why()
		}
		if q.Kind == estate.QueryZone {
			return fail(fmt.Sprintf("could not read the %s zone %s of account %s with %s", sort(private), ref.ID, account, c.who(private)), detail, "")
		}
		return fail(fmt.Sprintf("the zones of account %s could not be read", account), detail, "")
	}
	if ref.ID != "" {
		z, ok := e.Zones.Get(ref.ID)
		switch {
		case !ok:
			return fail(fmt.Sprintf("there is no zone %s in account %s", ref.ID, account), "", "the private zone is looked for in the role's account, else in the cluster's; the public one in the cluster's")
		case z.Account != account:
			return fail(fmt.Sprintf("zone %s is in account %s, not in %s", ref.ID, z.Account, account), "", "give the role of the account that holds the zone")
		case z.Private != private:
			return fail(fmt.Sprintf("zone %s (%s) is %s, not %s", z.Name, z.ID, sort(z.Private), sort(private)), "", "write the ID of a "+sort(private)+" zone")
		case !c.Domain.Under(z.Name):
			return fail(fmt.Sprintf("zone %s (%s) cannot hold records of %s", z.Name, z.ID, c.Domain), "its name is not the cluster's domain, nor above it", "")
		}
		return z, nil
	}
	var found []estate.Zone
	for _, z := range c.candidates(e, private) {
		if ref.Name == z.Name || len(ref.Tags) > 0 && z.Tags.Match(ref.Tags) {
			found = append(found, z)
		}
	}
	wanted := "named " + ref.Name.String()
	if len(ref.Tags) > 0 {
		wanted = "tagged " + sortedTags(ref.Tags)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return fail(fmt.Sprintf("there is no %s zone %s in account %s", sort(private), wanted, account), "", "make it, or write the zone's ID in the object DNS")
	}
	return fail(fmt.Sprintf("%d %s zones of account %s are %s: %s and %s", len(found), sort(private), account, wanted, found[0].ID, found[1].ID), "", "write the zone's ID in the object DNS")
}

// Balancer is a load balancer as an alias needs it.
type Balancer struct {
	Name dnsname.Name
	Zone string // its canonical hosted zone ID; by the name, when empty
}

// Balancers are the load balancers that the installation made. One without a
// name is not there yet; its records stay as they are.
type Balancers struct {
	API, Internal, Apps Balancer // api for the public; api and api-int inside; *.apps
}

// Changes is what a cluster's records should become.
type Changes struct {
	Estate estate.Estate
	Now    time.Time
	// Balancers of the installation; nil leaves its records as they are.
	Balancers *Balancers
	// Records are DNSRecord objects, all of which could be read. When they are
	// Complete, all that the cluster has, a record of ours whose object is gone
	// goes; else only that of an object that is being deleted does. What the
	// installation made, api, api-int and *.apps, does not go by that.
	Records  []DNSRecord
	Complete bool
	// Destroy takes out the cluster's records and tags.
	Destroy bool
	// Adopt takes over records that stand already and are not the cluster's.
	Adopt bool
}

// Half is the cluster's part in one of its zones, planned and carried out apart
// from the other: a role that fails holds up nothing but its own zone.
type Half struct {
	Ref  ZoneRef
	Zone estate.Zone
	Role Role // zero: the account's own credentials
	// Plan is what plan.Make takes. Its estate holds no other zone, since what
	// is not wanted there is no orphan.
	Plan plan.Input
	// tagGoesFirst: the cluster goes, and its tag could not be read.
	tagGoesFirst bool
	// objects are the DNSRecords by the addresses of their changes.
	objects map[string]string
}

// Make is the plan of the half. Where a tag could not be read it is taken off
// before the records go: only they tell a later run that it may stand.
func (h Half) Make() *plan.Plan {
	p := plan.Make(h.Plan)
	i := slices.IndexFunc(p.Changes, func(c plan.Change) bool { return c.Item().ZoneTags != nil })
	if !h.tagGoesFirst || i < 0 {
		return p
	}
	tag := p.Changes[i]
	p.Changes = slices.Insert(slices.Delete(p.Changes, i, i+1), 0, tag)
	for j := 1; j < len(p.Changes); j++ {
		p.Changes[j].Needs = append(p.Changes[j].Needs, plan.Dependency{Address: tag.Address})
	}
	return p
}

// Private reports which of the two zones it is.
func (h Half) Private() bool { return h.Zone.Private }

// Halves gives what is wanted in each zone: the private one first. A zone that
// cannot be used is reported, and the other is given all the same. Problems
// whose address is that of a DNSRecord object concern that record alone.
func (c Cluster) Halves(in Changes) ([]Half, diag.List) {
	var out []Half
	var problems diag.List
	refused := map[string]diag.Diagnostic{}
	if !in.Destroy {
		refused = conflicts(in.Records)
		for _, d := range in.Records {
			if _, ok := refused[d.Object]; !ok && !d.Going && !d.Unmanaged && !d.Name.Below(c.Domain) {
				refused[d.Object] = diag.Diagnostic{Code: CodeOutside, Pos: d.Pos, Address: d.Object,
					Summary: fmt.Sprintf("DNSRecord %s: %s is not below the cluster's domain, %s", d.Object, d.Name, c.Domain),
					Detail:  "a cluster may write its own names only", Hint: "give it a name below " + c.Domain.String()}
			}
		}
		for _, object := range slices.Sorted(maps.Keys(refused)) {
			problems.Add(refused[object])
		}
	}
	for _, private := range []bool{true, false} {
		ref := c.ref(private)
		if ref.IsZero() {
			continue
		}
		z, problem := c.zone(in.Estate, private)
		if problem != nil {
			problems.Add(*problem)
			continue
		}
		h := &half{c: c, in: in, refused: refused, wanted: map[string]bool{}, Half: Half{Ref: ref, Zone: z, objects: map[string]string{}}}
		if private {
			h.Role = c.Role
		}
		h.Plan.Owner, h.Plan.Now, h.Plan.Adopt = c.Owner(), in.Now, in.Adopt
		h.Plan.Estate = in.Estate
		if !h.Role.IsZero() { // whoever limits the role by names permits the ledger apart
			h.Plan.Apart = map[string]bool{z.ID: true}
		}
		h.make()
		for other := range in.Estate.Zones.All() {
			if other.ID != z.ID {
				h.Plan.Estate.Zones.Delete(other.ID)
			}
		}
		out = append(out, h.Half)
	}
	return out, problems
}

// half makes one Half.
type half struct {
	Half
	c       Cluster
	in      Changes
	refused map[string]diag.Diagnostic
	wanted  map[string]bool // name and type
	// tagFirst: the tag is set before the first record.
	tagFirst bool
}

func (h *half) address(what string) string {
	return "openshift/" + h.c.InfraID + "/" + sort(h.Zone.Private) + "/" + what
}

func (h *half) add(what string, item plan.Item, frozen bool, reason string, pos diag.Pos) string {
	w := plan.Wanted{Address: h.address(what), Account: h.Zone.Account, Item: item, Frozen: frozen, Reason: reason, Pos: pos}
	if item.Record != nil && h.tagFirst && !frozen {
		w.After = []plan.Dependency{{Address: h.address("tag")}}
	}
	h.Plan.Wanted = append(h.Plan.Wanted, w)
	return w.Address
}

func (h *half) make() {
	tags := plan.ZoneTags{Zone: plan.Lit(h.Zone.ID), Name: h.Zone.Name}
	if h.in.Destroy {
		tags.Remove = []string{h.c.Tag()}
		h.tag(tags, "the cluster goes")
		return
	}
	value := shared
	if h.Ref.Tags[h.c.Tag()] != "" { // found by it: the zone is the cluster's own
		value = h.Ref.Tags[h.c.Tag()]
	}
	tags.Set = map[string]plan.Value{h.c.Tag(): plan.Lit(value)}
	h.tag(tags, "says which cluster uses the zone")
	h.day2()
	h.installed()
	h.keep()
}

// tag wants the cluster's tag set or taken off. The role that OpenShift asks for
// may change tags and not read them: where they are not known the tag is set
// before the cluster's first record, and goes with its last.
func (h *half) tag(tags plan.ZoneTags, reason string) {
	if z, tagged, guessed := h.c.guess(h.in.Estate, h.Zone); guessed {
		if tagged != h.in.Destroy {
			return
		}
		h.Plan.Estate.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZoneTags, Account: z.Account, ID: z.ID}})
		h.Plan.Estate.Zones.Put(z)
		h.tagFirst, h.tagGoesFirst = !h.in.Destroy, h.in.Destroy
	}
	h.add("tag", plan.Item{ZoneTags: &tags}, false, reason, h.Ref.Pos)
}

// guess is a zone whose tags were refused, with the cluster's tag when records
// of the cluster stand in it.
func (c Cluster) guess(e estate.Estate, z estate.Zone) (with estate.Zone, tagged, guessed bool) {
	a, asked := e.Asked(estate.Query{Kind: estate.QueryZoneTags, Account: z.Account, ID: z.ID})
	if guessed = asked && a.Code != ""; !guessed {
		return z, false, false
	}
	z.Tags = estate.Tags{}
	if tagged = len(plan.ReadLedger(e, z, c.Owner()).Entries()) > 0; tagged {
		z.Tags[c.Tag()] = shared
	}
	return z, tagged, true
}

// Guess is an estate with the cluster's tag on the zones whose tags were
// refused and which must have it: for a rehearsal, where they can be read.
func (c Cluster) Guess(e estate.Estate) estate.Estate {
	for _, private := range []bool{true, false} {
		if c.ref(private).IsZero() {
			continue
		}
		if z, problem := c.zone(e, private); problem == nil {
			if z, _, guessed := c.guess(e, z); guessed {
				e.Zones.Put(z)
			}
		}
	}
	return e
}

// installed are the names that the installation makes, unless a DNSRecord does.
func (h *half) installed() {
	if h.in.Balancers == nil {
		return
	}
	b := *h.in.Balancers
	api := b.API
	if h.Zone.Private {
		api = b.Internal
		h.alias(b.Internal, "api-int", "the installation's", diag.Pos{}, "")
	}
	h.alias(api, "api", "the installation's", diag.Pos{}, "")
	h.alias(b.Apps, "*.apps", "the installation's", diag.Pos{}, "")
}

// alias wants the alias records of a name: A, and AAAA beside it, which goes
// into the same batch.
func (h *half) alias(b Balancer, label, reason string, pos diag.Pos, object string) {
	name, err := h.c.Domain.Child(label)
	if b.Name.IsZero() || err != nil || h.wanted[name.String()] {
		return
	}
	h.wanted[name.String()] = true
	if b.Zone == "" {
		zone, _ := estate.AliasZone(b.Name)
		b.Zone = zone.ID
	}
	types := []string{"A"}
	if h.c.DualStack || reachable6(h.in.Estate, b.Name) {
		types = append(types, "AAAA")
	}
	for _, rrtype := range types {
		rec := h.recordOf(name, rrtype)
		rec.Alias = &estate.Alias{Name: b.Name, Zone: b.Zone}
		h.claim(object, h.add(label+"/"+rrtype, plan.Item{Record: &rec}, false, reason, pos))
	}
}

// reachable6 reports whether a load balancer is known to have IPv6 addresses.
func reachable6(e estate.Estate, name dnsname.Name) bool {
	t, ok := e.Targets.Get(name.Key())
	if !ok {
		return false
	}
	for _, a := range t.Addresses {
		if a.Is6() {
			return true
		}
	}
	return false
}

func (h *half) recordOf(name dnsname.Name, rrtype string) plan.Record {
	return plan.Record{
		Zone: plan.Lit(h.Zone.ID), ZoneName: h.Zone.Name, Name: plan.Lit(name.String()), Type: rrtype,
		Statement: plan.StatementRecords,
	}
}

func (h *half) claim(object, address string) {
	if object != "" {
		h.objects[address] = object
	}
}

func (h *half) day2() {
	records := slices.Clone(h.in.Records)
	slices.SortFunc(records, func(a, b DNSRecord) int { return strings.Compare(a.Object, b.Object) })
	for _, d := range records {
		if _, no := h.refused[d.Object]; no || d.Going || d.Unmanaged {
			continue
		}
		label, reason := d.Name.Relative(h.c.Domain), "DNSRecord "+d.Object
		if b, ok := d.balancer(); ok {
			h.alias(b, label, reason, d.Pos, d.Object)
			continue
		}
		h.wanted[d.Name.String()] = true
		rec := h.recordOf(d.Name, d.Type)
		rec.TTL = d.TTL
		for _, t := range d.Targets {
			v := t.Value
			if d.Type == "CNAME" {
				if n, err := dnsname.Parse(v); err == nil {
					v = n.String() + "."
				}
			}
			rec.Values = append(rec.Values, plan.Lit(v))
		}
		h.claim(d.Object, h.add(label+"/"+d.Type, plan.Item{Record: &rec}, false, reason, d.Pos))
	}
}

// keep freezes the records that this run does not speak of, so that they are
// no orphans: those of the installation on day 2, those of day 2 during the
// installation, those of refused objects, and what is handed to others.
func (h *half) keep() {
	held := map[string]bool{} // by objects that are refused or not managed here
	for _, d := range h.in.Records {
		if _, no := h.refused[d.Object]; no || d.Unmanaged {
			held[d.Name.String()] = true
		}
	}
	var ours []string
	for _, label := range []string{"api", "api-int", "*.apps"} {
		if n, err := h.c.Domain.Child(label); err == nil {
			ours = append(ours, n.String())
		}
	}
	gone := map[string]bool{} // an object that goes takes even *.apps along
	for _, d := range h.in.Records {
		if d.Going && !held[d.Name.String()] {
			gone[d.Name.String()] = true
		}
	}
	for rec := range h.in.Estate.Records.Prefix(estate.RecordsBelow(h.Zone.ID, h.c.Domain)) {
		name := rec.Name.String()
		orphan := h.in.Complete && !held[name] && !slices.Contains(ours, name)
		if h.wanted[name] || gone[name] || orphan || plan.IsLedger(rec) {
			continue
		}
		item := plan.RecordOf(h.Zone, rec, plan.StatementRecords)
		what := rec.Name.Relative(h.c.Domain) + "/" + rec.Type
		if rec.SetID != "" {
			what += "/" + rec.SetID
		}
		h.add(what, plan.Item{Record: &item}, true, "not spoken of in this run", h.Ref.Pos)
	}
}
