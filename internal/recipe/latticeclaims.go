package recipe

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// LatticeClaim is a service that claims a name as its custom domain, and what comes
// of it in the zone of one Lattice domain.
type LatticeClaim struct {
	Service estate.LatticeService `json:"service"`
	Zone    dnsname.Name          `json:"zone"`
	Public  bool                  `json:"public,omitempty"`
	// Grant is by which grant it has the name, with its place; empty when Refused
	// says why it has not.
	Grant   string           `json:"grant,omitempty"`
	Refused *diag.Diagnostic `json:"refused,omitempty"`
}

// LatticeClaims are the claims to a name of the services that are known: those that
// have it first, the others by account and ID.
func LatticeClaims(in Input, name dnsname.Name) []LatticeClaim {
	domains, _ := allLatticeDomains(in)
	var out []LatticeClaim
	for _, public := range []bool{false, true} {
		r := &latticeDomains{Input: in, out: &Output{Apart: map[string]bool{}}}
		r.want(slices.DeleteFunc(slices.Clone(domains), func(d latticeDomain) bool { return d.Public != public }))
		var refused []LatticeClaim
		for _, d := range r.longest(name, public) {
			for s := range in.Estate.LatticeServices.By(estate.ByCustomDomain(name)) {
				if !claims(s) {
					continue
				}
				c := LatticeClaim{Service: s, Zone: d.Zone, Public: public}
				g, why := r.mayHave(d, s)
				told, is := r.out.Refused[s.ARN]
				switch {
				case is && (told.Address == d.address || why.Summary != ""):
					c.Refused = &told
					refused = append(refused, c)
				case why.Summary == "":
					c.Grant = g.told()
					out = append(out, c)
				}
			}
		}
		out = append(out, refused...)
	}
	return out
}

// LatticeClaimants are where services are looked for that may claim a name: those of
// every account of the list, granted or not. None when no Lattice domain holds it.
func LatticeClaimants(in Input, name dnsname.Name) []estate.Query {
	domains, _ := latticeDomainsOf(in)
	r := &latticeDomains{Input: in, domains: domains}
	var out []estate.Query
	for _, public := range []bool{false, true} {
		for _, d := range r.longest(name, public) {
			for _, a := range in.Config.Accounts {
				out = append(out, looked(in, d.LatticeDomain, a.ID)...)
			}
		}
	}
	return out
}

// latticeClaim is a name with the service that gets it.
type latticeClaim struct {
	name    dnsname.Name
	service estate.LatticeService
	grant   latticeGrant
}

// claims are the names that services may have, by Lattice domain: each is given
// to the service to which it leads already, else to the oldest.
func (r *latticeDomains) claims() map[*latticeDomain]map[dnsname.Name]latticeClaim {
	out := map[*latticeDomain]map[dnsname.Name]latticeClaim{}
	others := map[*latticeDomain]map[dnsname.Name][]estate.LatticeService{}
	for i := range r.domains {
		out[&r.domains[i]], others[&r.domains[i]] = map[dnsname.Name]latticeClaim{}, map[dnsname.Name][]estate.LatticeService{}
	}
	for s := range r.services() {
		if !claims(s) {
			continue
		}
		for d, g := range r.having(s) {
			claim := latticeClaim{s.CustomDomain, s, g}
			if before, taken := out[d][claim.name]; taken {
				if !r.first(d, claim, before) {
					claim, before = before, claim
				}
				others[d][claim.name] = append(others[d][claim.name], before.service)
			}
			out[d][claim.name] = claim
		}
	}
	for i := range r.domains {
		d := &r.domains[i]
		for name, list := range others[d] {
			has := out[d][name].service
			for _, s := range list {
				r.refuse(r.problem(d, d.Pos, diag.Warning, "name-taken", fmt.Sprintf("%s is claimed by service %s of account %s as well; service %s of account %s has it", name, s.ID, s.Account, has.ID, has.Account), "the first keeps the name, the other takes over when it goes", "give one of them another custom domain name"), s)
			}
		}
	}
	return out
}

// claims reports whether a service claims a name: it has one of its own, and one to
// lead to, and stays.
func claims(s estate.LatticeService) bool {
	return !s.CustomDomain.IsZero() && !s.DNS.Name.IsZero() && !s.Gone()
}

// services are those in question.
func (r *latticeDomains) services() iter.Seq[estate.LatticeService] {
	if r.Only == nil {
		return r.Estate.LatticeServices.All()
	}
	return func(yield func(estate.LatticeService) bool) {
		for _, n := range r.Only {
			for s := range r.Estate.LatticeServices.By(estate.ByCustomDomain(n)) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// standing are the records of a zone at the names in question.
func (r *latticeDomains) standing(z estate.Zone) iter.Seq[estate.RecordSet] {
	if r.Only == nil {
		return r.Estate.Records.Prefix(estate.RecordsOf(z.ID))
	}
	return func(yield func(estate.RecordSet) bool) {
		for _, n := range r.Only {
			for rec := range r.Estate.Records.Prefix(estate.RecordsAt(z.ID, n)) {
				if !yield(rec) {
					return
				}
			}
		}
	}
}

// having are the Lattice domains in which a service gets its custom domain name, with
// the grants: those of the longest match, among private zones and among public ones, as
// far as they grant it. Where none does, that is said.
func (r *latticeDomains) having(s estate.LatticeService) map[*latticeDomain]latticeGrant {
	out := map[*latticeDomain]latticeGrant{}
	var refusals []diag.Diagnostic
	for _, d := range slices.Concat(r.longest(s.CustomDomain, false), r.longest(s.CustomDomain, true)) {
		if g, why := r.mayHave(d, s); why.Summary == "" {
			out[d] = g
		} else {
			refusals = append(refusals, why)
		}
	}
	if len(out) == 0 {
		for _, why := range refusals {
			r.out.Diagnostics.Add(why)
			r.refuse(why, s)
		}
	}
	return out
}

// longest are the Lattice domains of the longest match for a name, among private zones
// or among public ones. Zones of one name are several views, and each has grants of its
// own.
func (r *latticeDomains) longest(name dnsname.Name, public bool) []*latticeDomain {
	var out []*latticeDomain
	for i := range r.domains {
		d := &r.domains[i]
		if d.Public != public || !name.Under(d.Zone) || len(out) > 0 && d.Zone.Depth() < out[0].Zone.Depth() {
			continue
		}
		if len(out) > 0 && d.Zone.Depth() > out[0].Zone.Depth() {
			out = nil
		}
		out = append(out, d)
	}
	return out
}

// mayHave judges whether a service may have its custom domain name in a zone,
// and says why not.
func (r *latticeDomains) mayHave(d *latticeDomain, s estate.LatticeService) (latticeGrant, diag.Diagnostic) {
	name, why, code := s.CustomDomain, "", "not-granted"
	detail, hint := s.ARN, "its team makes the service anew, with another custom domain name"
	switch {
	case name == d.Zone:
		why = "it is the zone's own name"
	case name.IsWildcard():
		why = "a wildcard would answer for names of others"
	case config.Reserved(name):
		why = "names that begin with _orgdns are orgdns's own"
	default:
		granted := d.granted(name)
		for _, g := range granted {
			if slices.Contains(g.accounts, s.Account) {
				if len(d.owners(latticeGrant{accounts: []estate.AccountID{s.Account}}, s.Region)) > 0 {
					return g, diag.Diagnostic{}
				}
				why, hint = fmt.Sprintf("services in %s are not looked for", s.Region), fmt.Sprintf("to have them looked for, add %s to the regions of latticeDomains %s, or of the account", s.Region, d.Zone)
			}
		}
		if why != "" {
			break
		}
		why = fmt.Sprintf("it was not granted to account %s", s.Account)
		if len(granted) > 0 {
			why += ", but to others"
		}
		for _, g := range granted {
			detail += "; " + g.told()
		}
		hint = fmt.Sprintf("to let it have the name, add { account: %s, names: %s } to the grants of latticeDomains %s", r.Config.AccountByID(s.Account).Name, name, d.Zone)
		if slices.ContainsFunc(granted, func(g latticeGrant) bool { return g.unknown }) {
			why, code, hint = "some of the accounts to which it is granted are not known", "unread", "let orgdns read the organization, or write the twelve digits of the accounts"
		}
	}
	return latticeGrant{}, diag.Diagnostic{
		Severity: diag.Warning, Code: code, Address: d.address, Pos: d.At("grants"), Detail: detail, Hint: hint,
		Summary: fmt.Sprintf("service %s of account %s does not get the name %s: %s", s.ID, s.Account, name, why),
	}
}

// told is a grant in words, with its place.
func (g latticeGrant) told() string {
	const most = 5
	var to []string
	for i, a := range g.to {
		if i == most {
			to = append(to, fmt.Sprintf("%d more", len(g.to)-most))
			break
		}
		to = append(to, a.Name)
	}
	return strings.TrimSuffix(fmt.Sprintf("%s is granted to %s at %s", g, strings.Join(to, ", "), g.pos), " at ")
}

// first reports whether a claim goes before another: the service to which the
// name leads keeps it, else the older has it.
func (r *latticeDomains) first(d *latticeDomain, a, b latticeClaim) bool {
	leads := func(c latticeClaim) bool {
		have, ok := r.Estate.Records.Get(estate.RecordKey(d.zone.ID, c.name, "A", ""))
		return d.stands && ok && plan.IsLattice(have) && have.Alias.Name == c.service.DNS.Name
	}
	if leads(a) != leads(b) {
		return leads(a)
	}
	return cmp.Or(a.service.Created.Compare(b.service.Created), cmp.Compare(a.service.ARN, b.service.ARN)) < 0
}
