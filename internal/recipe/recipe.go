// Package recipe turns the configuration into what must be known of the
// organization and what is wanted there: one file a recipe. Everything is
// values in, values out; asking is package reconcile's business, comparing
// with what stands is package plan's.
package recipe

import (
	"slices"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Configured is the reason of what is wanted for no other.
const Configured = "in the configuration"

// Input is what a recipe sees.
type Input struct {
	Config *config.Config
	Estate estate.Estate // what is known so far
	Now    time.Time
	// Destroy wants nothing, so that all that is owned goes.
	Destroy bool
	// Sweep looks for what is ours in every zone and Region of the accounts, also
	// where neither the configuration nor a zone's reference leads: links, zones
	// that were adopted, objects of shares, in lines that are no longer there.
	Sweep bool
	// MoveRecords carries occluded records of a parent into the child zone.
	MoveRecords bool
	// AcceptGap lets a hub's endpoint and zone change places, though the names
	// have no answer for a moment; AcceptOthers lets a Profile that stands change
	// the answers of VPCs that are not selected.
	AcceptGap, AcceptOthers bool
	// CleanupGuidance takes off zones of Lattice domains the tags in which AWS's
	// guidance for VPC Lattice keeps its records.
	CleanupGuidance bool
	// Codes are the programs of probes' functions, by the path that the
	// configuration has.
	Codes map[string]Code
	// Secrets are the external IDs of writers, by the address of their role.
	Secrets map[string]string
	// Only, where it is not nil, are names of VPC Lattice services: what is wanted is
	// made of these alone, and of nothing else. The zones must stand in which they lie.
	Only []dnsname.Name
}

// Output is what the recipes make of it.
type Output struct {
	Wanted      []plan.Wanted
	Apart       map[string]bool // see plan.Input
	Orders      []plan.Order    // see plan.Input
	Frozen      []string        // see plan.Input
	Retired     []plan.Retired  // see plan.Input
	Duplicates  []plan.Duplicates
	Waiting     []plan.Waiting
	Diagnostics diag.List
	Refused     map[string]diag.Diagnostic // see plan.Input
}

// Needs lists the queries that were not asked yet and whose answers the recipes
// need next. It is called again until it lists nothing.
func Needs(in Input) []estate.Query {
	n := &needs{Input: in, seen: map[estate.Query]bool{}}
	n.organization()
	for _, a := range accounts(in) {
		n.ask(estate.Query{Kind: estate.QueryZones, Account: a.ID})
	}
	n.privateZones()
	n.endpointShares()
	n.latticeDomains()
	n.delegations() // to destroy, too: adopted zones and links show only there
	if !in.Destroy {
		n.expectations()
	}
	n.goneShares()
	n.orphans()
	if in.Sweep {
		n.sweep()
	}
	return n.list
}

// Make gives what is wanted.
func Make(in Input) Output {
	out := Output{Apart: map[string]bool{}, Refused: map[string]diag.Diagnostic{}}
	d := &delegations{Input: in, out: &out, validated: map[dnsname.Name]string{}, links: map[string][]*plan.Record{}}
	d.apart()
	if in.Only != nil {
		l := &latticeDomains{Input: in, out: &out}
		l.make()
		out.Diagnostics.Sort()
		return out
	}
	if !in.Destroy {
		d.make()
		p := &privateZones{in, &out}
		p.make()
		s := &endpointShares{in, &out}
		s.make()
		l := &latticeDomains{Input: in, out: &out}
		l.make()
	}
	keepGone(in, &out)
	unseenProbes(in, &out)
	if in.Sweep {
		out.Diagnostics.Add(unswept(in)...)
	}
	out.Diagnostics.Sort()
	return out
}

// needs collects queries.
type needs struct {
	Input
	list []estate.Query
	seen map[estate.Query]bool
}

func (n *needs) ask(q estate.Query) {
	if _, asked := n.Estate.Asked(q); asked || n.seen[q] {
		return
	}
	n.seen[q] = true
	n.list = append(n.list, q)
}

// organization asks who we are, and for the accounts of the organization where
// the configuration names some that are not in its list, or one cannot be read.
func (n *needs) organization() {
	n.ask(estate.Query{Kind: estate.QueryIdentity})
	outside := Unlisted(n.Config)
	for _, z := range n.Config.PrivateZones { // or what is selected would hang on what else is asked
		outside = outside || slices.ContainsFunc(z.VPCs, func(s config.Selector) bool { return ofAll(n.Config, s) })
	}
	for _, x := range n.Config.EndpointShares {
		outside = outside || x.ShareWith.Organization || slices.ContainsFunc(x.Consumers, func(s config.Selector) bool { return ofAll(n.Config, s) })
	}
	for _, a := range accounts(n.Input) { // one that cannot be read may be suspended
		zones, _ := n.Estate.Asked(estate.Query{Kind: estate.QueryZones, Account: a.ID})
		outside = outside || zones.Code != ""
	}
	if outside && n.Config.Access != nil {
		n.ask(estate.Query{Kind: estate.QueryOrganization})
		n.ask(estate.Query{Kind: estate.QueryAccounts})
	}
}

// selectors are all selections of VPCs in a configuration.
func selectors(cfg *config.Config) []config.Selector {
	var out []config.Selector
	for _, e := range cfg.Expect {
		out = append(out, e.From.Selector)
	}
	for _, z := range cfg.PrivateZones {
		out = append(out, z.VPCs...)
	}
	for _, s := range cfg.EndpointShares {
		out = append(out, s.Consumers...)
	}
	return out
}

// shareAccounts are the accounts in which an endpoint share makes or changes
// something, besides the consumers'.
func shareAccounts(s config.EndpointShare) []config.AccountRef {
	out := []config.AccountRef{s.Account}
	for _, o := range s.Own {
		out = append(out, o.Account, o.Parent.Account)
	}
	for _, z := range s.Zones {
		out = append(out, z.Account)
	}
	for _, t := range s.Connect.TransitGateways {
		out = append(out, t.Account)
	}
	return slices.DeleteFunc(out, config.AccountRef.IsZero)
}

// Unlisted reports whether a configuration speaks of accounts that are not in
// its list: by their own names, or by units.
func Unlisted(cfg *config.Config) bool {
	unlisted := func(r config.AccountRef) bool {
		_, ok := cfg.Account(r)
		return !ok && !r.IsZero()
	}
	var refs []config.AccountRef
	for _, d := range cfg.Delegations {
		refs = append(refs, d.Child, d.Parent.Account)
	}
	for _, z := range cfg.PrivateZones {
		refs = append(refs, z.Account)
		for _, w := range z.Writers {
			refs = append(refs, w.Account)
		}
	}
	units := false
	for _, s := range cfg.EndpointShares {
		refs = append(append(append(refs, shareAccounts(s)...), s.External...), s.ShareWith.Accounts...)
		for _, o := range s.Own {
			refs = append(refs, o.Principals...)
		}
		units = units || len(s.ShareWith.Units) > 0
	}
	for _, d := range cfg.LatticeDomains {
		refs = append(refs, latticeAccounts(d)...)
	}
	if v := cfg.LatticeEvents; v != nil {
		refs = append(refs, v.Account)
	}
	for _, s := range selectors(cfg) {
		refs = append(refs, s.Accounts...)
		units = units || len(s.Units) > 0
	}
	return units || slices.ContainsFunc(refs, unlisted)
}

// accounts are all accounts that the configuration reaches, by ID. One that only
// shares services gives no role, and is not reached.
func accounts(in Input) []config.Account {
	byID := map[estate.AccountID]config.Account{}
	sharing, selected := in.Config.LatticeShares(), len(selectors(in.Config)) > 0
	for _, a := range in.Config.Accounts {
		if sharing[a.ID] == "" || selected {
			byID[a.ID] = a
		}
	}
	for _, d := range in.Config.Delegations {
		for _, ref := range []config.AccountRef{d.Child, d.Parent.Account} {
			if a, problems := in.Config.FindAccount(ref, in.Estate); !ref.IsZero() && len(problems) == 0 {
				byID[a.ID] = a
			}
		}
	}
	for _, z := range in.Config.PrivateZones {
		if a, problems := in.Config.FindAccount(z.Account, in.Estate); len(problems) == 0 {
			byID[a.ID] = a
		}
	}
	for _, s := range in.Config.EndpointShares {
		for _, ref := range shareAccounts(s) {
			if a, problems := in.Config.FindAccount(ref, in.Estate); len(problems) == 0 {
				byID[a.ID] = a
			}
		}
	}
	if v := in.Config.LatticeEvents; v != nil {
		if a, problems := in.Config.FindAccount(v.Account, in.Estate); len(problems) == 0 {
			byID[a.ID] = a
		}
	}
	for _, d := range in.Config.LatticeDomains {
		for _, ref := range latticeAccounts(d) {
			if a, problems := in.Config.FindAccount(ref, in.Estate); len(problems) == 0 && sharing[a.ID] == "" {
				byID[a.ID] = a
			}
		}
	}
	var ids []estate.AccountID
	for id := range byID {
		if active(in.Estate, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	out := make([]config.Account, len(ids))
	for i, id := range ids {
		out[i] = byID[id]
	}
	return out
}

// active reports whether an account can be used, as far as the organization
// was read.
func active(e estate.Estate, id estate.AccountID) bool {
	a, ok := e.Accounts.Get(string(id))
	return !ok || a.Status == "" || a.Status == estate.AccountActive
}

// expectations asks for the VPCs from which names are tested.
func (n *needs) expectations() {
	for _, e := range n.Config.Expect {
		if e.From.Internet {
			continue
		}
		for _, q := range VPCQueries(n.Config, e.From.Selector, n.Estate) {
			n.ask(q)
		}
	}
}

// VPCQueries are what must be asked to know the VPCs that a selector means.
func VPCQueries(cfg *config.Config, s config.Selector, e estate.Estate) []estate.Query {
	var out []estate.Query
	ids, _ := cfg.SelectAccounts(s, e)
	for _, id := range ids {
		regions := s.Regions
		if len(regions) == 0 {
			regions = cfg.AccountByID(id).Regions
		}
		for _, r := range regions {
			out = append(out, estate.Query{Kind: estate.QueryVPCs, Account: id, Region: r})
		}
	}
	return out
}

// orphans asks for what the removal of zones that nobody wants any more needs
// to know: the zone, its records and tags, and every zone that may point at it.
func (n *needs) orphans() {
	wanted := map[string]bool{}
	if !n.Destroy {
		for _, d := range n.Config.Delegations {
			a, _ := n.Config.FindAccount(d.Child, n.Estate)
			wanted[string(a.ID)+" "+plan.Reference(n.Config.Owner, zoneAddress(d.Domain))] = true
		}
		for _, z := range n.Config.PrivateZones {
			a, _ := n.Config.FindAccount(z.Account, n.Estate)
			wanted[string(a.ID)+" "+plan.Reference(n.Config.Owner, privateZoneAddress(a.ID, z.Domain)+"/zone")] = true
		}
	}
	for z := range n.Estate.Zones.All() {
		ref, _, ours := plan.MarkOf(z, n.Config.Owner)
		if !ours || wanted[string(z.Account)+" "+ref] {
			continue
		}
		if z.Private {
			n.privateZone(z)
			continue
		}
		for _, k := range []estate.QueryKind{estate.QueryZone, estate.QueryRecords, estate.QueryZoneTags} {
			n.ask(estate.Query{Kind: k, Account: z.Account, ID: z.ID})
		}
		n.certificatesOf(z.Account)
		linked := false
		for above := range z.Name.Ancestors() {
			if above == z.Name {
				continue
			}
			for p := range n.Estate.Zones.By(estate.ByName(above)) {
				if p.Private {
					continue
				}
				n.ask(estate.Query{Kind: estate.QueryRecords, Account: p.Account, ID: p.ID})
				rec, has := n.Estate.Records.Get(estate.RecordKey(p.ID, z.Name, "NS", ""))
				read := n.Estate.Answered(estate.Query{Kind: estate.QueryRecords, Account: p.Account, ID: p.ID})
				linked = linked || !read || has && (z.NameServers == nil || plan.PointsAt(rec, z))
			}
		}
		if !linked {
			n.ask(estate.Query{Kind: estate.QueryPublic, ID: z.Name.String() + "/NS"})
		}
	}
}

// certificatesOf asks for the certificates of an account wherever a
// configuration of before may have wanted some.
func (n *needs) certificatesOf(id estate.AccountID) {
	for _, r := range append(slices.Clone(n.Config.AccountByID(id).Regions), edgeRegion) {
		n.ask(estate.Query{Kind: estate.QueryCertificates, Account: id, Region: r})
	}
}

// edgeRegion is where CloudFront and edge-optimized API Gateway domains take
// their certificates from (ACM User Guide, acm-regions.html).
const edgeRegion estate.Region = "us-east-1"
