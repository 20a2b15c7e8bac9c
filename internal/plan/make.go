package plan

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Input is everything a plan is made of.
type Input struct {
	Owner  string
	Now    time.Time
	Estate estate.Estate
	Wanted []Wanted
	// Adopt takes over foreign objects that stand where ours should.
	Adopt bool
	// Apart are the zones (by ID) whose ledger is written in batches of its
	// own, since the role there is limited by names and types.
	Apart map[string]bool
	// Orders are what must be in effect before what, beyond what follows from
	// references and from deletions.
	Orders []Order
	// Frozen are the IDs of objects of ours of which nobody knows whether, and for
	// whom, they are still wanted: they stay, and where they are wanted they lose
	// nothing that several may have asked for. Of a zone all of ours in it stays.
	Frozen []string
	// Retired are endpoints of others that go: see Retired.
	Retired []Retired
	// Refused are services that get no name, for the plan's; it is added to.
	Refused map[string]diag.Diagnostic
	// Only, where it is not nil, are names of which alone reserved records are
	// compared; of nothing else anything is planned, nor taken out.
	Only []dnsname.Name
}

// Make compares what is wanted with what stands. Problems are in the plan's
// Diagnostics; a plan with errors is not to be carried out.
func Make(in Input) *Plan {
	b := &builder{
		in: in, e: in.Estate, prints: PrintsOf(in.Estate),
		plan: &Plan{
			Version: Version, Owner: in.Owner, Made: in.Now,
			Known: map[string]Attributes{}, Changes: []Change{}, Refused: in.Refused,
		},
		ledgers:  map[string]*ledgerView{},
		wanted:   map[string]bool{},
		knownBy:  map[string]Basis{},
		frozen:   map[string]bool{},
		standing: map[string]bool{},

		unhurried: map[string]bool{}, outdated: map[Ref][]string{}, unreserved: map[string]diag.Diagnostic{},
	}
	if b.plan.Refused == nil {
		b.plan.Refused = map[string]diag.Diagnostic{}
	}
	for _, w := range in.Wanted {
		if b.wanted[w.Address] {
			b.problem(w, diag.Error, "duplicate-address", fmt.Sprintf("%s is wanted twice", w.Address), "", "")
			return b.plan
		}
		b.wanted[w.Address] = true
		b.frozen[w.Address] = w.Frozen
	}
	if in.Only != nil {
		b.records()
		b.orphansAt(in.Only)
		b.finish()
		return b.plan
	}
	// Zones first, then certificates: records refer to both.
	b.zones()
	b.certificates()
	b.objects()
	b.tags()
	b.records()
	b.roles()
	b.associations()
	b.orphanCertificates()
	b.orphanRoles()
	b.orphanAssociations()
	b.orphanRecords()
	b.orphanObjects()
	b.retired()
	b.orphanZones()
	b.finish()
	return b.plan
}

// builder collects a plan; each kind adds its part in a file of its own.
type builder struct {
	in      Input
	e       estate.Estate
	prints  *Prints
	plan    *Plan
	ledgers map[string]*ledgerView // by zone ID
	wanted  map[string]bool        // addresses
	// owned is what each zone of ours that stands is wanted for, by zone ID.
	owned map[string]string
	// wantedRecords are the keys of record sets that are wanted.
	wantedRecords map[string]bool
	// knownBy is what the attributes of a standing zone rest on, by address.
	knownBy map[string]Basis
	// claims are the ledger entries of wanted records, "<zone ID> <entry>".
	claims map[string]bool
	// made are the associations to be made, by zone.
	made map[string][]Dependency
	// unreserved is why reservations are not made, by address.
	unreserved map[string]diag.Diagnostic
	// unhurried are claims that may wait, by address; see withRecords.
	unhurried map[string]bool
	// standing are ledger entries of things other than records that stand,
	// "<zone ID> <entry>"; whoever takes those out withdraws them.
	standing map[string]bool
	// frozen are addresses left as they are, and the records among them whose
	// names are not known.
	frozen        map[string]bool
	frozenUnnamed []Record
	// outdated are the attributes of objects that will be others, as they are now.
	outdated map[Ref][]string
	// own are the standing objects of ours, by objectKey of their mark; kept
	// those that are wanted, by objectKey of their ID; left those of Input.Frozen,
	// by ID.
	own        map[string][]Standing
	kept, left map[string]bool
}

// ledgerView is a ledger with its entries as a set, and the names that they
// reserve.
type ledgerView struct {
	Ledger
	has      map[string]bool
	reserved reserved
}

func (l *ledgerView) claimsNothing() bool {
	return len(l.has)+len(l.reserved.exact)+len(l.reserved.below) == 0
}

// ledger reads the ledger of a zone once. Zones whose records were not read
// have none.
func (b *builder) ledger(z estate.Zone) *ledgerView {
	if l := b.ledgers[z.ID]; l != nil {
		return l
	}
	l := &ledgerView{Ledger: ReadLedger(b.e, z, b.in.Owner), has: map[string]bool{}}
	l.Apart = b.in.Apart[z.ID]
	l.reserved.but = &l.others
	for _, e := range l.Entries() {
		l.has[e] = true
		l.reserved.add(z.Name, e)
	}
	b.ledgers[z.ID] = l
	return l
}

func (b *builder) problem(w Wanted, s diag.Severity, code, summary, detail, hint string) diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: s, Code: code, Summary: summary, Detail: detail, Hint: hint,
		Address: w.Address, Account: string(w.Account), Region: string(w.Region), Pos: w.Pos,
	}
	b.plan.Diagnostics.Add(d)
	if w.Service != "" {
		b.plan.Refused[w.Service] = d
	}
	return d
}

// unread reports that something is not known, so that nothing is planned on it.
func (b *builder) unread(w Wanted, q estate.Query) {
	detail := "it was not asked"
	if a, ok := b.e.Asked(q); ok {
		detail = a.Why()
	}
	b.problem(w, diag.Error, "unread",
		fmt.Sprintf("%s could not be read, so nothing is planned for %s", q, w.Address), detail,
		"what cannot be read is not absent: see `orgdns iam` for the role that this account needs")
}

// add puts a change of something wanted into the plan.
func (b *builder) add(w Wanted, c Change) {
	c.Address, c.Account, c.Region, c.Pos = w.Address, w.Account, w.Region, w.Pos
	if c.Reason == "" {
		c.Reason = w.Reason
	}
	c.Settle, c.SettleAfter = w.Settle, w.SettleAfter
	c.Needs = append(c.Needs, w.After...)
	b.plan.Changes = append(b.plan.Changes, c)
}

// known resolves a value with what stands already.
func (b *builder) known(v Value) ([]string, error) {
	return v.Resolve(b.in.Now, func(r Ref) ([]string, bool) {
		got, ok := b.plan.Known[r.Address][r.Attribute]
		return got, ok
	})
}

// zoneKey is the ID of a zone, or while it is to be made the reference to it.
func (b *builder) zoneKey(v Value) string {
	if id, err := b.known(v); err == nil {
		return id[0]
	}
	return v.String()
}

// finish adds what follows from all changes together: the dependencies behind
// references, one unit per name, ledgers, the order.
func (b *builder) finish() {
	p := b.plan
	records := map[string]string{} // made in this plan, by place -> address
	for _, c := range p.Changes {
		if c.After != nil && c.After.Record != nil {
			records[place(c.After.Record.Zone, c.After.Record.Name.String(), c.After.Record.Type)] = c.Address
		}
	}
	objects := map[string]bool{}
	for _, c := range p.Changes {
		objects[c.Address] = c.Item().Object != nil
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.After == nil {
			continue
		}
		for _, r := range c.After.refs() {
			// An object is in use only when it is in effect.
			settled := c.After.Object != nil && objects[r.Address] && !objectKinds[c.After.Object.Kind].early
			c.Needs = append(c.Needs, Dependency{Address: r.Address, Settled: settled})
			if basis, ok := b.knownBy[r.Address]; ok && !slices.Contains(c.Basis, basis) {
				c.Basis = append(c.Basis, basis)
			}
		}
		if r := c.After.Record; r != nil && r.Alias != nil { // a target within its zone comes first
			c.Needs = append(c.Needs, Dependency{Address: records[place(r.Zone, r.Alias.Name.String(), r.Type)]})
		}
	}
	b.cuts()
	b.moves()
	b.inOrder()
	b.probesGo()
	b.servedLast()
	b.reachedWhenNamed()
	b.orders()
	b.forgotten()
	b.withRecords()
	b.unite()
	b.quotas()
	b.objectQuotas()
	changing := map[string]bool{}
	for _, c := range p.Changes {
		changing[c.Address] = true
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		c.Needs = tidy(c.Needs, c.Address, changing)
		c.SettleAfter = slices.DeleteFunc(slices.Clone(c.SettleAfter), func(a string) bool { return !changing[a] })
	}
	b.trimKnown()
	b.changedLedgers()
	order(p)
	p.Diagnostics.Sort()
}

// place names a record by what is known of it beforehand.
func place(zone Value, name, rrtype string) string { return zone.String() + " " + name + " " + rrtype }

// unite gives all record changes of one name the same needs, since they go
// into one batch: a CNAME that becomes an A, the records of a weighted group.
func (b *builder) unite() {
	groups := map[string][]int{}
	for i, c := range b.plan.Changes {
		if r := c.Item().Record; r != nil {
			key := b.zoneKey(r.Zone) + " " + r.Name.String() + " " + string(r.Statement)
			groups[key] = append(groups[key], i)
		}
	}
	for _, g := range groups {
		if len(g) < 2 {
			continue
		}
		var needs []Dependency
		var delays []Delay
		var notBefore time.Time
		members := map[string]bool{}
		for _, i := range g {
			c := b.plan.Changes[i]
			members[c.Address] = true
			needs, delays = append(needs, c.Needs...), append(delays, c.Delays...)
			if c.NotBefore.After(notBefore) {
				notBefore = c.NotBefore
			}
		}
		needs = slices.DeleteFunc(needs, func(d Dependency) bool { return members[d.Address] })
		for _, i := range g {
			c := &b.plan.Changes[i]
			c.Needs, c.Delays, c.NotBefore = slices.Clone(needs), slices.Clone(delays), notBefore
		}
	}
}

// tidy sorts dependencies, drops those on what does not change, and keeps the
// stronger of two on one address.
func tidy(needs []Dependency, self string, changing map[string]bool) []Dependency {
	strongest := map[string]bool{}
	for _, d := range needs {
		if d.Address != self && changing[d.Address] {
			strongest[d.Address] = strongest[d.Address] || d.Settled
		}
	}
	out := make([]Dependency, 0, len(strongest))
	for _, a := range sortedKeys(strongest) {
		out = append(out, Dependency{a, strongest[a]})
	}
	return out
}

// trimKnown keeps the attributes that changes refer to.
func (b *builder) trimKnown() {
	used := map[string]bool{}
	for _, c := range b.plan.Changes {
		for _, item := range []*Item{c.Before, c.After} {
			if item == nil {
				continue
			}
			for _, r := range item.refs() {
				used[r.Address] = true
			}
		}
	}
	for a := range b.plan.Known {
		if !used[a] {
			delete(b.plan.Known, a)
		}
	}
}

// changedLedgers puts the ledgers that the changes touch into the plan: as
// they stand, or empty where the zone is still to be made.
func (b *builder) changedLedgers() {
	seen := map[string]bool{}
	for _, c := range b.plan.Changes {
		r := c.Item().Record
		if r == nil || r.Unclaimed {
			continue
		}
		if id, err := b.known(r.Zone); err == nil {
			if l := b.ledgers[id[0]]; l != nil && !seen[id[0]] {
				seen[id[0]] = true
				b.plan.Ledgers = append(b.plan.Ledgers, l.Ledger)
			}
		} else if !seen[r.Zone.String()] {
			seen[r.Zone.String()] = true
			b.plan.Ledgers = append(b.plan.Ledgers, Ledger{Zone: r.Zone, ZoneName: r.ZoneName, Account: c.Account, Owner: b.in.Owner})
		}
	}
	slices.SortFunc(b.plan.Ledgers, func(x, y Ledger) int { return strings.Compare(x.Zone.String(), y.Zone.String()) })
}

// order sorts changes so that each stands after what it needs, and otherwise
// by address: the same input gives the same bytes.
func order(p *Plan) {
	byAddress := map[string]*Change{}
	for i := range p.Changes {
		byAddress[p.Changes[i].Address] = &p.Changes[i]
	}
	addresses := sortedKeys(byAddress)
	state := map[string]int{} // 1 on the stack, 2 placed
	sorted := make([]Change, 0, len(addresses))
	var place func(a string, path []string)
	place = func(a string, path []string) {
		c := byAddress[a]
		if c == nil || state[a] == 2 {
			return
		}
		if state[a] == 1 {
			p.Diagnostics.Add(diag.Diagnostic{
				Code: "cycle", Address: a,
				Summary: "the changes wait for each other: " + strings.Join(append(path, a), " -> "),
			})
			return
		}
		state[a] = 1
		for _, d := range c.Needs {
			place(d.Address, append(path, a))
		}
		state[a] = 2
		sorted = append(sorted, *c)
	}
	for _, a := range addresses {
		place(a, nil)
	}
	p.Changes = sorted
}

// basisZone is the basis of a change that relies on which zones of a name an
// account has.
func (b *builder) basisZone(account estate.AccountID, name dnsname.Name) Basis {
	return b.basis(estate.Query{Kind: estate.QueryZones, Account: account}, "zones", string(account)+" "+name.String())
}

func (b *builder) basisRecord(z estate.Zone, key string) Basis {
	return b.basis(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}, "records", key)
}

func (b *builder) basis(q estate.Query, table, key string) Basis {
	return Basis{q, table, key, b.prints.Of(table, key)}
}

// Prints are the fingerprints of an estate.
type Prints struct {
	e       estate.Estate
	objects *objectIndex
}

// PrintsOf gives those of an estate.
func PrintsOf(e estate.Estate) *Prints { return &Prints{e, indexOf(e)} }

// Of is a hash of what the estate holds at a place that a Basis names, empty
// when it holds nothing.
func (p *Prints) Of(table, key string) string {
	e := p.e
	switch table {
	case "zones":
		account, name, _ := strings.Cut(key, " ")
		parsed, err := dnsname.Parse(name)
		if err != nil {
			return ""
		}
		var ids []string
		for z := range e.Zones.By(estate.ByName(parsed)) {
			if string(z.Account) == account && !z.Private {
				ids = append(ids, z.ID+" "+z.CallerReference)
			}
		}
		return fingerprint(ids, len(ids) > 0)
	case "records":
		r, ok := e.Records.Get(key)
		r.Values = slices.Sorted(slices.Values(r.Values))
		return fingerprint(r, ok)
	case "associations": // of a zone: which VPC uses it
		zone, vpc, _ := strings.Cut(key, "/")
		z, ok := e.Zones.Get(zone)
		return fingerprint(slices.ContainsFunc(z.VPCs, func(v estate.VPCRef) bool { return v.ID == vpc }), ok)
	case "roles":
		account, name, _ := strings.Cut(key, "/")
		for r := range e.Roles.By(estate.ByRole(estate.AccountID(account), name)) {
			return fingerprint([]any{r.ARN, r.Trust, r.Inline, r.Attached, r.Tags[TagOwner]}, true)
		}
	case "objects":
		return p.objects.fingerprint(key)
	case "latticeServices": // its name, and what an alias to it says
		s, ok := e.LatticeServices.Get(key)
		return fingerprint([]any{s.CustomDomain, s.DNS, s.Gone()}, ok)
	case "certificates":
		c, ok := e.Certificates.Get(key)
		return fingerprint([]any{c.ARN, c.Status, c.Names}, ok)
	}
	return ""
}

func fingerprint(v any, ok bool) string {
	if !ok {
		return ""
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(raw)
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:16])
}
