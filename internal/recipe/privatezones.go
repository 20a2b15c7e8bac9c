package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// The recipe privateZones: a private zone in one account, associated with VPCs
// of any, with records, and roles for those who write into it.

func privateZoneAddress(account estate.AccountID, domain dnsname.Name) string {
	return "privateZones/" + string(account) + "/" + domain.String()
}

// privateZones asks for what each private zone must know: the zones that stand
// at the name, the VPCs that are selected, the roles of its writers.
func (n *needs) privateZones() {
	for _, z := range n.Config.PrivateZones {
		account, problems := n.Config.FindAccount(z.Account, n.Estate)
		if len(problems) > 0 {
			continue
		}
		for _, q := range VPCQueries(n.Config, anchorSelector(z, account), n.Estate) {
			n.ask(q)
		}
		for _, s := range z.VPCs {
			n.vpcs(s)
		}
		if len(z.Writers) > 0 && n.Config.Access != nil {
			n.ask(estate.Query{Kind: estate.QueryOrganization})
		}
		for _, w := range z.Writers {
			n.ask(estate.Query{Kind: estate.QueryRole, Account: account.ID, ID: w.Role})
		}
		standing := n.Estate.ZonesNamed(account.ID, z.Domain, true)
		if n.Estate.Answered(estate.Query{Kind: estate.QueryZones, Account: account.ID}) && len(standing) == 0 {
			n.conflicts(z, account, estate.Zone{})
		}
		for _, have := range standing {
			n.privateZone(have)
			if max(have.RecordCount, int64(len(z.Records))) > plan.RecordsWarning || len(have.VPCs) > plan.VPCsWarning {
				n.ask(estate.Query{Kind: estate.QueryLimits, Account: account.ID, ID: have.ID})
			}
			n.conflicts(z, account, have)
		}
	}
}

// privateZone asks for a private zone that stands, all that it has.
func (n *needs) privateZone(z estate.Zone) {
	for _, k := range []estate.QueryKind{estate.QueryZone, estate.QueryRecords, estate.QueryZoneTags} {
		n.ask(estate.Query{Kind: k, Account: z.Account, ID: z.ID})
	}
	if _, _, ours := plan.MarkOf(z, n.Config.Owner); ours {
		n.ask(estate.Query{Kind: estate.QueryAuthorizations, Account: z.Account, ID: z.ID})
	}
	if n.Estate.Answered(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}) {
		for _, e := range plan.ReadLedger(n.Estate, z, n.Config.Owner).Entries() {
			if role, ok := plan.RoleOfEntry(e); ok {
				n.ask(estate.Query{Kind: estate.QueryRole, Account: z.Account, ID: role})
			}
		}
	}
}

// vpcs asks for the VPCs that a selector means.
func (n *needs) vpcs(s config.Selector) {
	for _, q := range VPCQueries(n.Config, s, n.Estate) {
		n.ask(q)
	}
	for _, q := range ownerQueries(n.Input, s) {
		switch {
		case ofOurs(n.Input, q.Account):
			n.ask(q)
		case n.Config.Access != nil:
			n.ask(estate.Query{Kind: estate.QueryAccounts})
		}
	}
}

// ofOurs reports whether an account is in the configuration's list or in the
// organization's. No other is ever reached: the external ID would be shown to
// whoever shares a subnet with us.
func ofOurs(in Input, id estate.AccountID) bool {
	a, known := in.Estate.Accounts.Get(string(id))
	return known && a.Parent != "" || slices.ContainsFunc(in.Config.Accounts, func(a config.Account) bool { return a.ID == id })
}

// ownerQueries are what must be asked of the owners of VPCs that are shared with
// selected accounts: the owner alone knows their tags and attributes, and
// associates them.
func ownerQueries(in Input, s config.Selector) []estate.Query {
	s.Tags = nil
	var out []estate.Query
	for _, v := range selected(in, s) {
		if q := (estate.Query{Kind: estate.QueryVPCs, Account: v.Account, Region: v.Region}); !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	return out
}

// conflicts asks what zones the VPCs use that are to be associated.
func (n *needs) conflicts(z config.PrivateZone, account config.Account, have estate.Zone) {
	if have.ID != "" && !n.Estate.Answered(estate.Query{Kind: estate.QueryZone, Account: have.Account, ID: have.ID}) {
		return
	}
	selectors := z.VPCs
	if !z.Anchor.Release { // somebody may have let it go
		selectors = append(slices.Clone(selectors), anchorSelector(z, account))
	}
	for _, s := range selectors {
		for _, v := range selected(n.Input, s) {
			if !slices.Contains(have.VPCs, v.Ref()) {
				n.ask(estate.Query{Kind: estate.QueryVPCZones, Account: v.Account, Region: v.Region, ID: v.ID})
			}
		}
	}
}

// ofAll reports whether a selector means the VPCs of all accounts of the
// organization.
func ofAll(cfg *config.Config, s config.Selector) bool {
	return cfg.Access != nil && len(s.Accounts) == 0 && len(s.Units) == 0
}

// selected are the VPCs that a selector means, those shared with a selected
// account included.
func selected(in Input, s config.Selector) []estate.VPC {
	ids, _ := in.Config.SelectAccounts(s, in.Estate)
	accounts := map[estate.AccountID]bool{}
	for _, id := range ids {
		accounts[id] = true
	}
	of := func(id estate.AccountID) bool { return accounts[id] }
	var out []estate.VPC
	for v := range in.Estate.VPCs.All() {
		if (of(v.Account) || slices.ContainsFunc(v.Participants, of)) && s.Matches(v) {
			out = append(out, v)
		}
	}
	return out
}

func anchorSelector(z config.PrivateZone, account config.Account) config.Selector {
	s := z.Anchor.Selector
	s.Accounts = []config.AccountRef{{Name: string(account.ID), Pos: z.Account.Pos}}
	return s
}

// privateZones makes what is wanted.
type privateZones struct {
	Input
	out *Output
}

func (r *privateZones) make() {
	for _, z := range r.Config.PrivateZones {
		account, problems := r.Config.FindAccount(z.Account, r.Estate)
		if len(problems) > 0 {
			r.out.Diagnostics.Add(problems...)
			continue
		}
		one := &privateZone{privateZones: r, PrivateZone: z, account: account, address: privateZoneAddress(account.ID, z.Domain)}
		if one.frozen = !active(r.Estate, account.ID); one.frozen {
			one.problem(z.Pos, diag.Warning, "suspended", fmt.Sprintf("account %s is suspended: the private zone %s is left as it is", account.ID, z.Domain), "", "")
		}
		one.make()
	}
}

// privateZone is one of them in the making.
type privateZone struct {
	*privateZones
	config.PrivateZone
	account config.Account
	address string
	frozen  bool
	zone    estate.Zone // if it stands
	stands  bool
	found   [][]estate.VPC  // what each of its selectors means
	claimed map[string]bool // what its ledger lists
}

func (z *privateZone) problem(pos diag.Pos, s diag.Severity, code, summary, detail, hint string) {
	z.out.Diagnostics.Add(diag.Diagnostic{Severity: s, Code: code, Summary: summary, Detail: detail, Hint: hint, Address: z.address, Pos: pos})
}

func (z *privateZone) want(w plan.Wanted) {
	if w.Pos == (diag.Pos{}) {
		w.Pos = z.Pos
	}
	w.Frozen = w.Frozen || z.frozen
	z.out.Wanted = append(z.out.Wanted, w)
}

func (z *privateZone) id() plan.Value {
	if z.Foreign {
		return plan.Lit(z.Zone)
	}
	return plan.Of(z.address+"/zone", "id")
}

func (z *privateZone) make() {
	if z.Foreign {
		z.foreign()
		return
	}
	item := plan.Zone{
		Name: z.Domain, Reference: plan.Reference(z.Config.Owner, z.address+"/zone"), Adopt: z.Adopt, Pick: z.Zone, Anchor: &estate.VPCRef{},
	}
	z.zone, z.stands = plan.OwnZone(z.Estate, z.Config.Owner, z.account.ID, item)
	if z.frozen && !z.stands { // nor can it be read
		z.want(plan.Wanted{Address: z.address + "/zone", Account: z.account.ID, Item: plan.Item{Zone: &item}, Pos: z.At("domain")})
		return
	}
	z.look()
	z.picked()
	anchor, ok := z.anchor()
	if ok {
		item.Anchor, item.AnchorGoes, item.Comment = &estate.VPCRef{Region: anchor.Region, ID: anchor.ID}, z.Anchor.Release, plan.AnchorComment(anchor.ID)
	} else if !z.stands { // nothing can be made without
		z.frozen = true
	}
	z.want(plan.Wanted{
		Address: z.address + "/zone", Account: z.account.ID, Item: plan.Item{Zone: &item}, Pos: z.At("domain"),
		Reason: fmt.Sprintf("account %s is to own %s", z.account.ID, z.Domain),
	})
	z.revive()
	z.vpcs(anchor, ok)
	z.records()
	z.writers()
}

// foreign wants what is to be in a zone that stays somebody else's.
func (z *privateZone) foreign() {
	if z.zone, z.stands = z.Estate.Zones.Get(z.PrivateZone.Zone); !z.stands || z.zone.Account != z.account.ID || !z.zone.Private {
		z.problem(z.Pos, diag.Error, "unread", fmt.Sprintf("account %s has no private zone %s", z.account.ID, z.PrivateZone.Zone), "", "")
		return
	}
	z.look()
	z.vpcs(estate.VPC{}, false)
	z.records()
	z.writers()
}

// look finds once what is asked for again and again.
func (z *privateZone) look() {
	z.claimed = map[string]bool{}
	if z.stands {
		for _, entry := range plan.ReadLedger(z.Estate, z.zone, z.Config.Owner).Entries() {
			z.claimed[entry] = true
		}
	}
	for _, s := range z.VPCs {
		z.found = append(z.found, selected(z.Input, s))
	}
}

// picked says when the zone that the configuration names cannot be the one.
func (z *privateZone) picked() {
	if z.Zone == "" || !z.Estate.Answered(estate.Query{Kind: estate.QueryZones, Account: z.account.ID}) {
		return
	}
	have, ok := z.Estate.Zones.Get(z.Zone)
	summary, hint := "", "give the ID of a private zone of that name, or none to have one made"
	switch {
	case !ok || have.Account != z.account.ID:
		summary = fmt.Sprintf("account %s has no zone %s", z.account.ID, z.Zone)
	case !have.Private:
		summary, hint = fmt.Sprintf("zone %s (%s) is public", z.Zone, have.Name), "AWS never turns a public zone into a private one; "+hint
	case have.Name != z.Domain:
		summary = fmt.Sprintf("zone %s is %s, not %s", z.Zone, have.Name, z.Domain)
	default:
		return
	}
	z.problem(z.At("zone"), diag.Error, "zone", summary, "", hint)
}

// revive takes back that a removal was begun which is called off.
func (z *privateZone) revive() {
	if _, goes := z.zone.Tags[plan.TagDeleteAfter]; !z.stands || !goes {
		return
	}
	tags := plan.ZoneTags{Zone: plan.Lit(z.zone.ID), Name: z.Domain, Remove: []string{plan.TagDeleteAfter}}
	var after []plan.Dependency
	for _, found := range z.found { // until they are claimed again, the tag tells whose they are
		for _, v := range found {
			after = append(after, plan.Dependency{Address: z.vpcAddress(v.ID) + "/claim"})
		}
	}
	z.want(plan.Wanted{Address: z.address + "/zone/revived", Account: z.account.ID, Item: plan.Item{ZoneTags: &tags}, After: after,
		Reason: "a removal was begun and called off"})
}

func (z *privateZone) vpcAddress(id string) string { return z.address + "/vpcs/" + id }

// anchor finds the one VPC with which the zone is made.
func (z *privateZone) anchor() (estate.VPC, bool) {
	s := anchorSelector(z.PrivateZone, z.account)
	severity := diag.Error
	if z.stands { // it is no longer needed
		severity = diag.Warning
	}
	if !z.read(s, z.At("anchor"), severity) {
		return estate.VPC{}, false
	}
	found, _ := z.Config.SelectVPCs(s, z.Estate)
	found = slices.DeleteFunc(found, func(v estate.VPC) bool { return v.Account != z.account.ID })
	switch {
	case len(found) == 1:
		return found[0], true
	case len(found) == 0:
		z.problem(z.At("anchor"), severity, "no-anchor", fmt.Sprintf("account %s has no VPC that the anchor of %s selects", z.account.ID, z.Domain),
			"AWS makes a private zone only with a VPC of its own account", "tag one, or name it by its ID; `regions` of the account says where VPCs are looked for")
	default:
		var ids []string
		for _, v := range found {
			ids = append(ids, v.ID+" in "+string(v.Region))
		}
		z.problem(z.At("anchor"), severity, "ambiguous-anchor", fmt.Sprintf("the anchor of %s selects %d VPCs; it must be one", z.Domain, len(found)),
			strings.Join(ids, ", "), "name one by its ID")
	}
	return estate.VPC{}, false
}

// read reports whether all VPCs of a selector could be read, and says what not.
func (z *privateZone) read(s config.Selector, pos diag.Pos, severity diag.Severity) bool {
	ok := true
	if q := (estate.Query{Kind: estate.QueryAccounts}); ofAll(z.Config, s) && !z.Estate.Answered(q) {
		ok = false
		a, _ := z.Estate.Asked(q)
		z.problem(pos, severity, "unread", "the accounts of the organization could not be read, whose VPCs may be selected",
			a.Why(), "what cannot be read is not absent: nothing there is let go; see `orgdns iam` for the role in organization.access")
	}
	asked := VPCQueries(z.Config, s, z.Estate)
	for _, q := range ownerQueries(z.Input, s) {
		if !slices.Contains(asked, q) {
			asked = append(asked, q)
		}
	}
	for _, q := range asked {
		if z.Estate.Answered(q) {
			continue
		}
		ok = false
		a, _ := z.Estate.Asked(q)
		z.problem(pos, severity, "unread", fmt.Sprintf("the VPCs of account %s in %s could not be read", q.Account, q.Region),
			a.Why(), "what cannot be read is not absent: nothing there is let go; see `orgdns iam` for the role that this account needs")
	}
	return ok
}

// vpcs wants the associations: of the anchor, and of what is selected.
func (z *privateZone) vpcs(anchor estate.VPC, anchored bool) {
	wanted := map[string]estate.VPC{}
	if anchored && !z.Anchor.Release {
		wanted[anchor.ID] = anchor
	}
	complete, suspended := anchored, false
	for i, s := range z.VPCs {
		pos := z.At("vpcs", i)
		if !z.read(s, pos, diag.Warning) {
			complete = false
		}
		_, problems := z.Config.SelectAccounts(s, z.Estate)
		z.out.Diagnostics.Add(problems...)
		complete = complete && !problems.HasErrors()
		suspended = suspended || slices.ContainsFunc(problems, func(d diag.Diagnostic) bool { return d.Code == config.CodeSuspended })
		if len(z.found[i]) == 0 && complete {
			z.problem(pos, diag.Warning, "no-vpc", fmt.Sprintf("no VPC is selected for %s", z.Domain), "", "")
		}
		for _, v := range z.found[i] {
			wanted[v.ID] = v
		}
	}
	for _, v := range z.zone.VPCs {
		_, selected := wanted[v.ID]
		_, read := z.Estate.VPCs.Get(v.ID)
		if !selected && (!complete || suspended && !read) { // nobody knows whether it is still selected
			z.associate(estate.VPC{ID: v.ID, Region: v.Region, Account: z.account.ID}, true)
		}
	}
	for _, id := range sortedVPCs(wanted) {
		v := wanted[id]
		if !active(z.Estate, v.Account) {
			z.problem(z.At("vpcs"), diag.Warning, "suspended", fmt.Sprintf("VPC %s is left as it is: its account %s is suspended", id, v.Account), "", "")
			z.associate(v, true)
			continue
		}
		if q := (estate.Query{Kind: estate.QueryVPCs, Account: v.Account, Region: v.Region}); !z.Estate.Answered(q) {
			a, _ := z.Estate.Asked(q) // it was seen by a participant
			z.problem(z.At("vpcs"), diag.Warning, "unread", fmt.Sprintf("VPC %s is left as it is: the VPCs of its owner, account %s, could not be read", id, v.Account),
				a.Why(), "only the owner of a shared VPC can associate it: see `orgdns iam` for the role that this account needs")
			z.associate(v, true)
			continue
		}
		z.associate(v, false)
		z.visible(v)
	}
	others := z.others(wanted, anchor)
	total := len(wanted) + len(others)
	if _, kept := wanted[anchor.ID]; anchored && !kept && (!z.stands || slices.Contains(z.zone.VPCs, anchor.Ref())) {
		total++ // it goes last
	}
	z.quota(int64(total))
}

func sortedVPCs(m map[string]estate.VPC) []string {
	out := make([]string, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func (z *privateZone) associate(v estate.VPC, frozen bool) {
	z.want(plan.Wanted{
		Address: z.vpcAddress(v.ID), Account: v.Account, Region: v.Region, Pos: z.At("vpcs"), Frozen: frozen,
		Item:   plan.Item{Association: &plan.Association{Zone: z.id(), ZoneName: z.Domain, VPC: v.Ref(), Owner: z.account.ID, Unclaimed: z.NoLedger}},
		Reason: fmt.Sprintf("%s of account %s is to resolve %s", v.ID, v.Account, z.Domain),
	})
}

// visible sees to the DNS attributes without which a VPC does not see the zone
// (R1.4).
func (z *privateZone) visible(v estate.VPC) {
	var off []string
	if !v.DNSSupport {
		off = append(off, "enableDnsSupport")
	}
	if !v.DNSHostnames {
		off = append(off, "enableDnsHostnames")
	}
	switch {
	case len(off) == 0:
	case !z.FixVPCAttributes:
		z.problem(z.At("vpcs"), diag.Warning, "invisible", fmt.Sprintf("VPC %s (account %s) will not see %s: %s is off there", v.ID, v.Account, z.Domain, strings.Join(off, " and ")),
			"a private zone needs both attributes (VPC User Guide, AmazonDNS-concepts.html)", "turn it on, or write `fixVpcAttributes: true`")
	default:
		z.want(plan.Wanted{
			Address: z.vpcAddress(v.ID) + "/attributes", Account: v.Account, Region: v.Region, Pos: z.At("fixVpcAttributes"),
			Item: plan.Item{VPCAttributes: &plan.VPCAttributes{VPC: v.ID}}, Reason: "without it the VPC sees no private zone",
		})
	}
}

// quota tells ahead that a zone will have too many VPCs.
func (z *privateZone) quota(total int64) {
	if limit := plan.VPCLimit(z.Estate, z.zone); total > limit {
		z.problem(z.At("vpcs"), diag.Error, "quota", fmt.Sprintf("zone %s would have %d VPCs; the quota is %d", z.Domain, total, limit), "",
			"share the zone by a Route 53 Profile, which has room for 1,000 VPCs, or ask AWS for a higher quota of VPCs per private zone")
	}
}

// others shows the VPCs that somebody else associated: they are left alone.
func (z *privateZone) others(wanted map[string]estate.VPC, anchor estate.VPC) []string {
	var ids []string
	for _, v := range z.zone.VPCs {
		if _, is := wanted[v.ID]; !is && v.ID != anchor.ID && !z.claimed[plan.VPCEntry(v.ID)] {
			ids = append(ids, v.ID)
		}
	}
	if len(ids) > 0 {
		z.problem(z.At("vpcs"), diag.Note, "others", fmt.Sprintf("zone %s (%s) is also used by VPCs that somebody else associated; they are left alone", z.Domain, z.zone.ID), strings.Join(ids, ", "), "")
	}
	return ids
}

// records wants the configured records.
func (z *privateZone) records() {
	for i, rec := range z.Records {
		w, ok := configured(z.id(), z.Domain, rec, z.problem)
		if !ok {
			continue
		}
		z.want(plan.Wanted{Address: recordAddress(z.address, "records", z.Domain, rec.Name, rec.Type, rec.SetID), Account: z.account.ID,
			Item: plan.Item{Record: &w}, Pos: z.At("records", i), Reason: Configured})
	}
}

// writers wants the roles of those who write.
func (z *privateZone) writers() {
	if q := (estate.Query{Kind: estate.QueryOrganization}); len(z.Writers) > 0 && z.Config.Access != nil && !z.Estate.Answered(q) {
		a, _ := z.Estate.Asked(q)
		z.problem(z.At("writers"), diag.Error, "unread", "the ID of the organization could not be read, to which the roles of writers are limited",
			a.Why(), "see `orgdns iam` for the role in organization.access")
		return
	}
	for i, w := range z.Writers {
		address := z.address + "/writers/" + w.Role
		role, problems := writerRole(z.Input, z.PrivateZone, w, z.id())
		if len(problems) > 0 {
			z.out.Diagnostics.Add(problems...)
			continue
		}
		if !w.ExternalID.IsZero() {
			secret, ok := z.Secrets[address]
			if !ok {
				z.problem(w.At("externalID"), diag.Error, "external-id", fmt.Sprintf("the external ID of writer %s is not known", w.Role), "", "set the environment variable that `externalID` names")
				continue
			}
			role.ExternalID = plan.NewSecret(secret)
		}
		z.want(plan.Wanted{Address: address, Account: z.account.ID, Item: plan.Item{Role: &role}, Pos: z.At("writers", i),
			Reason: fmt.Sprintf("lets %s write into %s", who(w), z.Domain)})
	}
}

// Served is a private zone of ours that stands, and the VPCs that are to
// resolve it.
type Served struct {
	config.PrivateZone
	Zone estate.Zone
	VPCs []estate.VPC
}

// ServedZones are the private zones that stand, with the selected VPCs that
// are associated.
func ServedZones(in Input) []Served {
	var out []Served
	for _, z := range in.Config.PrivateZones {
		account, problems := in.Config.FindAccount(z.Account, in.Estate)
		if len(problems) > 0 {
			continue
		}
		zone, ok := plan.OwnZone(in.Estate, in.Config.Owner, account.ID, plan.Zone{
			Name: z.Domain, Reference: plan.Reference(in.Config.Owner, privateZoneAddress(account.ID, z.Domain)+"/zone"), Anchor: &estate.VPCRef{},
		})
		if !ok {
			continue
		}
		s := Served{PrivateZone: z, Zone: zone}
		for _, sel := range z.VPCs {
			for _, v := range selected(in, sel) {
				known := slices.ContainsFunc(s.VPCs, func(have estate.VPC) bool { return have.ID == v.ID })
				if !known && slices.Contains(zone.VPCs, v.Ref()) {
					s.VPCs = append(s.VPCs, v)
				}
			}
		}
		out = append(out, s)
	}
	return out
}

// writerRole is the role of a writer, without its external ID.
func writerRole(in Input, z config.PrivateZone, w config.Writer, id plan.Value) (plan.Role, diag.List) {
	role := plan.Role{
		Name: w.Role, Zone: id, ZoneName: z.Domain, Partition: in.Estate.Partition(), Path: w.Path, Organization: in.Estate.Organization.ID,
		Tagging: w.Tagging, Principals: w.Principals, Unclaimed: z.NoLedger,
	}
	if w.Path == "" && len(w.Principals) == 0 {
		account, problems := in.Config.FindAccount(w.Account, in.Estate)
		if len(problems) > 0 {
			return role, problems
		}
		role.Principals = []string{string(account.ID)}
	}
	grant := plan.Grant{Types: w.Types, Wild: w.Wildcards}
	for _, n := range w.Names {
		if n.Below {
			grant.Below = append(grant.Below, n.Name)
		} else {
			grant.Names = append(grant.Names, n.Name)
		}
	}
	for _, a := range w.Actions {
		grant.Verbs = append(grant.Verbs, plan.Verb(a))
	}
	role.Grants = []plan.Grant{grant}
	if !w.Ledger.IsZero() {
		role.Grants = append(role.Grants, plan.Grant{
			Names: []dnsname.Name{w.Ledger}, Types: []string{"TXT"}, Verbs: []plan.Verb{plan.VerbCreate, plan.VerbDelete, plan.VerbUpsert},
		})
	}
	return role, nil
}

// WriterRole is the role of a writer and where it stands, for whoever makes it
// by other means.
type WriterRole struct {
	plan.Role
	Account estate.AccountID // of the role
	From    estate.AccountID // from which it is assumed; empty for a path of the organization
	ZoneID  string           // empty when it was not read
	Secret  config.Secret    // the external ID, zero without one
}

// WriterRoles are the roles of all writers.
func WriterRoles(in Input) ([]WriterRole, diag.List) {
	var out []WriterRole
	var problems diag.List
	for _, z := range in.Config.PrivateZones {
		account, list := in.Config.FindAccount(z.Account, in.Estate)
		problems.Add(list...)
		zone, _ := plan.OwnZone(in.Estate, in.Config.Owner, account.ID, plan.Zone{
			Name: z.Domain, Reference: plan.Reference(in.Config.Owner, privateZoneAddress(account.ID, z.Domain)+"/zone"), Anchor: &estate.VPCRef{},
		})
		for _, w := range z.Writers {
			role, list := writerRole(in, z, w, plan.Lit(zone.ID))
			problems.Add(list...)
			from, _ := in.Config.FindAccount(w.Account, in.Estate)
			out = append(out, WriterRole{role, account.ID, from.ID, zone.ID, w.ExternalID})
		}
	}
	return out, problems
}

func who(w config.Writer) string {
	if w.Path != "" {
		return w.Path
	}
	return w.Account.Name
}

// WriterSecrets are the external IDs of writers, by the address of their role.
func WriterSecrets(cfg *config.Config, e estate.Estate, resolve func(config.Secret) (string, error)) (map[string]string, diag.List) {
	out := map[string]string{}
	var problems diag.List
	for _, z := range cfg.PrivateZones {
		account, list := cfg.FindAccount(z.Account, e)
		if len(list) > 0 {
			continue // reported where the zone is made
		}
		for _, w := range z.Writers {
			if w.ExternalID.IsZero() {
				continue
			}
			s, err := resolve(w.ExternalID)
			if err != nil {
				problems.Add(diag.Diagnostic{Code: "external-id", Pos: w.At("externalID"), Summary: "the external ID is not known: " + err.Error(), Hint: "set it, or write `externalID` otherwise"})
				continue
			}
			out[privateZoneAddress(account.ID, z.Domain)+"/writers/"+w.Role] = s
		}
	}
	return out, problems
}
