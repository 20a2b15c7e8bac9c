package recipe

import (
	"slices"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
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
