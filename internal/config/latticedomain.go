package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// LatticeDomain is a zone in which the custom domain names of VPC Lattice
// services get their records, as far as their accounts were granted the names.
type LatticeDomain struct {
	Source
	Zone    dnsname.Name
	Account AccountRef
	Public  bool
	ZoneID  string          // empty: the account's only zone of that name
	Regions []estate.Region // where services are looked for; empty: the Regions of their accounts
	Grants  []LatticeGrant
}

// LatticeGrant is who may have which names of a zone for its services.
type LatticeGrant struct {
	Source
	Accounts []AccountRef
	Names    []GrantedName
	Shared   bool // services are read where they are shared with the zone's account

	account *AccountRef
}

// Holds reports whether a name is granted. What is granted below a name leaves
// its wildcard records out (settled point 23).
func (g GrantedName) Holds(n dnsname.Name) bool { return g.Overlaps(GrantedName{Name: n}) }

var latticeDomainKind = object("Lattice domain", "a Lattice domain",
	"A zone in which the custom domain names of VPC Lattice services resolve. A and AAAA alias records come and go with the services, which any granted account makes at any time.",
	[]field[LatticeDomain]{
		key("zone", zoneNameKind, "The name of the zone.", func(d *LatticeDomain) *dnsname.Name { return &d.Zone }).must(),
		key("account", accountRefKind, "The account that owns the zone.", func(d *LatticeDomain) *AccountRef { return &d.Account }).must(),
		key("public", boolKind, "The zone is a public one.", func(d *LatticeDomain) *bool { return &d.Public }).or("false"),
		key("zoneID", zoneIDKind, "The ID of the zone, where the account has several of that name.", func(d *LatticeDomain) *string { return &d.ZoneID }),
		key("regions", oneOrMany(regionKind), "The Regions in which services are looked for.", func(d *LatticeDomain) *[]estate.Region { return &d.Regions }).or("those of each account"),
		key("grants", listOf(latticeGrantKind), "Who may have which names. A service whose custom domain name was not granted to its account gets no record, and is reported.", func(d *LatticeDomain) *[]LatticeGrant { return &d.Grants }).must(),
	}, (*reader).finishLatticeDomain)

var latticeGrantKind = object("Lattice grant", "a grant", "The names that the services of some accounts may have. Within granted names, alias records to VPC Lattice are orgdns's.",
	[]field[LatticeGrant]{
		key("account", optional(accountRefKind), "The account.", func(g *LatticeGrant) **AccountRef { return &g.account }),
		key("accounts", oneOrMany(accountRefKind), "Several accounts, in place of one.", func(g *LatticeGrant) *[]AccountRef { return &g.Accounts }),
		key("names", oneOrMany(grantedKind), "The names, absolute: `x.example.com` that name; `*.example.com` every name below, but no wildcard record.", func(g *LatticeGrant) *[]GrantedName { return &g.Names }).must(),
		key("shared", boolKind, "The accounts share their services with the zone's account by RAM, and orgdns reads them there: for accounts that give it no role. A service that is not shared any more loses its name.", func(g *LatticeGrant) *bool { return &g.Shared }).or("false"),
	}, (*reader).finishLatticeGrant)

func (r *reader) finishLatticeGrant(g *LatticeGrant) {
	if g.account != nil && len(g.Accounts) > 0 {
		r.problem(g.At("account"), CodeKeyConflict, "account and accounts say the same twice", "", "put all of them under accounts")
	}
	if g.account != nil {
		g.Accounts = append(g.Accounts, *g.account)
	}
	if len(g.Accounts) == 0 {
		r.problem(g.Pos, CodeMissingKey, `the key "account" is missing`, "a name is granted to somebody", "write account or accounts")
	}
}

// hostName is what the custom domain name of a service can be (VPC Lattice API,
// CreateService: customDomainName), without its wildcards.
var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)

func (r *reader) finishLatticeDomain(d *LatticeDomain) {
	for i := range d.Grants {
		g := &d.Grants[i]
		for j, n := range g.Names {
			pos := g.At("names", j)
			if !n.Name.IsZero() && !hostName.MatchString(n.Name.String()) {
				r.problem(pos, CodeBadName, n.String()+" cannot be the name of a VPC Lattice service", "it has letters, digits, - and _ only (VPC Lattice API, CreateService)", "remove it")
				continue
			}
			r.granted(pos, d.Zone, n, false, "grant names below it")
		}
		for k := range d.Grants[:i] {
			r.grantedTwice(g, &d.Grants[k])
		}
	}
}

// grantedTwice judges two grants of one zone: a name may be granted to several,
// whoever claims it first has it; the same account twice is a mistake.
func (r *reader) grantedTwice(g, before *LatticeGrant) {
	for _, a := range g.Accounts {
		if !slices.ContainsFunc(before.Accounts, func(b AccountRef) bool { return a.Name == b.Name }) {
			continue
		}
		for j, n := range g.Names {
			if at := slices.Index(before.Names, n); at >= 0 {
				r.problem(g.At("names", j), CodeDuplicate, fmt.Sprintf("%s is granted to %s twice", n, a), "first at "+before.At("names", at).String(), "remove one")
			}
		}
	}
}

// checkLatticeDomains judges what needs more than one of them, or accounts.
func (c *Config) checkLatticeDomains(r *reader) {
	slices.SortStableFunc(c.LatticeDomains, func(a, b LatticeDomain) int { return a.Zone.Compare(b.Zone) })
	c.sharedOnce(r)
	for i := range c.LatticeDomains {
		d := &c.LatticeDomains[i]
		for j := range c.LatticeDomains[:i] {
			other := &c.LatticeDomains[j]
			same, _ := c.same(d.Account, other.Account)
			if !same || d.Zone != other.Zone || d.Zone.IsZero() || d.Public != other.Public {
				continue
			}
			switch {
			case d.ZoneID == other.ZoneID:
				r.problem(d.At("zone"), CodeDuplicate, fmt.Sprintf("the zone %s of account %s stands twice", d.Zone, d.Account), "first at "+other.At("zone").String(), "put both into one")
			case d.ZoneID == "" || other.ZoneID == "":
				r.problem(d.At("zone"), CodeDuplicate, fmt.Sprintf("which zones %s of account %s are meant is not clear", d.Zone, d.Account), "the other is at "+other.At("zone").String(), "write the zoneID of both")
			}
		}
		if names := c.nowhere(d); len(names) > 0 {
			r.problem(d.Pos, CodeMissingKey, "no Region is known in which the services of "+strings.Join(names, ", ")+" are looked for", "neither the Lattice domain, nor the account, nor the defaults have one", "write regions")
		}
		for k := range c.PrivateZones {
			if z := &c.PrivateZones[k]; !d.Public && z.Domain == d.Zone {
				if same, _ := c.same(d.Account, z.Account); same {
					r.latticeNames(d, z)
				}
			}
		}
	}
}

// nowhere are the granted accounts of a Lattice domain that have no Region.
func (c *Config) nowhere(d *LatticeDomain) []string {
	var out []string
	for _, g := range d.Grants {
		for _, ref := range g.Accounts {
			if a, ok := c.Account(ref); ok && len(a.Regions)+len(d.Regions) == 0 && c.Defaults.Region == "" && !slices.Contains(out, ref.Name) {
				out = append(out, ref.Name)
			}
		}
	}
	return out
}

// LatticeShares gives by which account the services of another are read, for those of
// whom the configuration says that they share them.
func (c *Config) LatticeShares() map[estate.AccountID]estate.AccountID {
	out := map[estate.AccountID]estate.AccountID{}
	for i := range c.LatticeDomains {
		d := &c.LatticeDomains[i]
		hub, _ := c.Account(d.Account)
		for _, g := range d.Grants {
			for _, ref := range g.Accounts {
				if a, ok := c.Account(ref); ok && g.Shared {
					out[a.ID] = hub.ID
				}
			}
		}
	}
	return out
}

// sharedOnce judges that all grants of an account say alike how its services are read.
func (c *Config) sharedOnce(r *reader) {
	type reading struct {
		by  estate.AccountID // none: by a role of the account's own
		pos diag.Pos
	}
	first := map[estate.AccountID]reading{}
	for i := range c.LatticeDomains {
		d := &c.LatticeDomains[i]
		hub, known := c.Account(d.Account)
		for j := range d.Grants {
			g := &d.Grants[j]
			here := reading{pos: g.Pos}
			if g.Shared {
				here.by = hub.ID
			}
			for _, ref := range append([]AccountRef{d.Account}, g.Accounts...) {
				if _, listed := c.Account(ref); g.Shared && !listed && c.Access != nil && !ref.IsZero() {
					r.problem(g.At("shared"), CodeUnknownAccount, "account "+quote(ref.Name)+" is not in the list of accounts",
						"how an account is read is decided by the configuration alone, before the organization is read", "add it under accounts, or write its twelve digits")
				}
			}
			for _, ref := range g.Accounts {
				a, ok := c.Account(ref)
				if !ok || !known {
					continue
				}
				if g.Shared && a.ID == hub.ID {
					r.problem(g.At("shared"), CodeKeyConflict, fmt.Sprintf("account %s shares nothing with itself", ref), "the zone is its own", "remove shared")
				}
				if before, is := first[a.ID]; is && before.by != here.by {
					r.problem(g.Pos, CodeKeyConflict, fmt.Sprintf("the services of %s are read in two ways", ref), "the other grant is at "+before.pos.String(), "write shared in all its grants, of zones of one account, or in none")
				}
				first[a.ID] = here
			}
		}
	}
}

// latticeNames judges grants of a zone that the configuration writes to as well:
// a name has one owner.
func (r *reader) latticeNames(d *LatticeDomain, z *PrivateZone) {
	taken := func(pos diag.Pos, name GrantedName) {
		for i := range d.Grants {
			g := &d.Grants[i]
			if at := slices.IndexFunc(g.Names, name.Overlaps); at >= 0 {
				r.problem(pos, CodeTwoOwners, fmt.Sprintf("%s is granted to VPC Lattice services", name), "granted at "+g.At("names", at).String(), "remove it, or narrow the grant")
				return
			}
		}
	}
	for i := range z.Records {
		if rec := &z.Records[i]; !rec.Name.IsZero() && slices.Contains([]string{"A", "AAAA", "CNAME"}, rec.Type) {
			taken(rec.At("name"), GrantedName{Name: rec.Name})
		}
	}
	for i := range z.Writers {
		for j, n := range z.Writers[i].Names {
			if w := &z.Writers[i]; !w.Overlap {
				taken(w.At("names", j), n)
			}
		}
	}
}
