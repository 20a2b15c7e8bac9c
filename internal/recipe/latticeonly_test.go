package recipe

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// TestLatticeOnly: of some names the same is planned alone as of them among all.
func TestLatticeOnly(t *testing.T) {
	const domains = corp + `  - { zone: svc.corp.test, account: net, grants: [{ account: pay, names: "*.svc.corp.test" }] }
  - { zone: corp.test, account: net, public: true, grants: [{ account: shop, names: "*.both.corp.test" }] }
  - { zone: gone.corp.test, account: net, grants: [{ account: shop, names: "*.gone.corp.test" }] }
`
	cfg := loadLattice(t, domains)
	var names []dnsname.Name
	for _, n := range []string{"a.svc", "b.svc", "a.both", "b.both", "shop", "a.gone", "svc", "x"} {
		names = append(names, dnsname.MustParse(n+".corp.test"))
	}
	zones := []string{"ZC", "ZS", "ZP"}
	rapid.Check(t, func(t *rapid.T) {
		e := latticeWorld()
		privateCorp(&e, "ZS", "svc.corp.test")
		e.Zones.Put(estate.Zone{ID: "ZP", Account: netAccount, Name: dnsname.MustParse("corp.test"), Tags: estate.Tags{}})
		answered(&e, estate.Query{Kind: estate.QueryRecords, Account: netAccount, ID: "ZP"})
		for _, id := range zones {
			z, _ := e.Zones.Get(id)
			var entries []string
			for _, entry := range []string{"LATTICE *", "LATTICE *.svc", "LATTICE *.both", "LATTICE shop", "CNAME x"} {
				if rapid.Bool().Draw(t, id+" "+entry) {
					entries = append(entries, entry)
				}
			}
			_, sets := plan.ReadLedger(e, z, "acme").Edit(id, entries, nil)
			for _, s := range sets {
				e.Records.Put(*s.After)
			}
		}
		for n := range rapid.IntRange(0, 8).Draw(t, "services") {
			s := lattice(&e, n, rapid.SampledFrom([]estate.AccountID{shopAccount, payAccount}).Draw(t, "account"), rapid.SampledFrom(names).Draw(t, "name").String())
			switch rapid.IntRange(0, 5).Draw(t, "state") {
			case 0:
				s.Status = estate.LatticeDeleting
				e.LatticeServices.Put(s)
			case 1:
				e.LatticeServices.Delete(s.ARN)
			case 2:
				s.Region = "eu-central-1"
				e.LatticeServices.Put(s)
			}
			if rapid.Bool().Draw(t, "aliased") {
				aliases(&e, rapid.SampledFrom(zones).Draw(t, "zone"), s, rapid.SampledFrom(names).Draw(t, "at").String())
			}
		}
		if rapid.Bool().Draw(t, "foreign") {
			e.Records.Put(estate.RecordSet{Zone: "ZC", Name: rapid.SampledFrom(names).Draw(t, "foreign at"), Type: rapid.SampledFrom([]string{"CNAME", "NS", "TXT"}).Draw(t, "type"), TTL: 60, Values: []string{"x.test."}})
		}
		if rapid.Bool().Draw(t, "refused") {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryLatticeServices, Account: payAccount, Region: "eu-west-1"}, Code: "AccessDeniedException"})
		}
		adopt := rapid.Bool().Draw(t, "adopt")
		planned := func(only []dnsname.Name) (changes map[string][]string, refused map[string]string) {
			made := Make(Input{Config: cfg, Estate: e, Now: now, Only: only})
			p := plan.Make(plan.Input{Owner: "acme", Now: now, Estate: e, Wanted: made.Wanted, Adopt: adopt, Apart: made.Apart, Frozen: made.Frozen, Refused: made.Refused, Only: only})
			changes, refused = map[string][]string{}, map[string]string{}
			for _, c := range p.Changes {
				if r := c.Item().Record; r != nil && r.Alias != nil {
					n, _ := r.Name.Literal()
					n = strings.TrimSuffix(n, ".")
					changes[n] = append(changes[n], fmt.Sprintf("%s %s -> %s", c.Action, c.Address, r.Alias.Name))
				}
			}
			for arn, why := range p.Refused {
				s, _ := e.LatticeServices.Get(arn)
				n := s.CustomDomain.String()
				refused[n] += arn + " " + why.Code + "\n"
			}
			for n := range changes {
				slices.Sort(changes[n])
			}
			return changes, refused
		}
		all, whyAll := planned(nil)
		check := func(only []dnsname.Name) {
			got, why := planned(only)
			for _, n := range only {
				if !slices.Equal(got[n.String()], all[n.String()]) {
					t.Errorf("of %v, at %s: planned %v, among all %v", only, n, got[n.String()], all[n.String()])
				}
				a, b := strings.Split(why[n.String()], "\n"), strings.Split(whyAll[n.String()], "\n")
				slices.Sort(a)
				slices.Sort(b)
				if !slices.Equal(a, b) {
					t.Errorf("of %v, at %s: refused %v, among all %v", only, n, a, b)
				}
			}
		}
		check(names)
		for _, n := range names {
			check([]dnsname.Name{n})
		}
	})
}
