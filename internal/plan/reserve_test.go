package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

func latticeAlias(name, rrtype string, service int) estate.RecordSet {
	target := dnsname.MustParse(fmt.Sprintf("s-%017d.7d67968.vpc-lattice-svcs.eu-west-1.on.aws", service))
	return estate.RecordSet{Zone: "ZC", Name: dnsname.MustParse(name), Type: rrtype, Alias: &estate.Alias{Name: target, Zone: "ZL"}}
}

// latticeZone is the zone corp.test of account 1, with records.
func latticeZone(records ...estate.RecordSet) estate.Estate {
	var e estate.Estate
	put(&e, estate.Zone{ID: "ZC", Account: "1", Name: dnsname.MustParse("corp.test"), Private: true}, records...)
	return e
}

// reserving wants reservations of names, "*.x" for what is below.
func reserving(names ...string) []Wanted {
	var out []Wanted
	zone := dnsname.MustParse("corp.test")
	for _, n := range names {
		rest, below := strings.CutPrefix(n, "*.")
		out = append(out, Wanted{Address: "names/" + n, Account: "1", Item: Item{Record: &Record{
			Zone: Lit("ZC"), ZoneName: zone, Name: Lit("corp.test"), Type: "TXT", Statement: StatementRecords, Entry: Reservation(zone, dnsname.MustParse(rest), below),
		}}})
	}
	return out
}

func aliasing(name, rrtype string, service int) Wanted {
	r := RecordOf(estate.Zone{ID: "ZC", Name: dnsname.MustParse("corp.test")}, latticeAlias(name, rrtype, service), StatementRecords)
	r.Reserved, r.Unclaimed = true, true
	return Wanted{Address: "records/" + name + "/" + rrtype, Account: "1", Item: Item{Record: &r}}
}

// TestReservedByAnother: names that another owner of the zone has reserved are told, and
// nothing there is made, changed or deleted, whoever came first.
func TestReservedByAnother(t *testing.T) {
	for _, tt := range []struct {
		ours, theirs string
		meet         bool
	}{
		{"*.svc.corp.test", "LATTICE *.svc", true},
		{"*.svc.corp.test", "LATTICE *.b.svc", true},
		{"*.b.svc.corp.test", "LATTICE *.svc", true},
		{"*.svc.corp.test", "LATTICE a.svc", true},
		{"a.svc.corp.test", "LATTICE *.svc", true},
		{"a.svc.corp.test", "LATTICE a.svc", true},
		{"a.svc.corp.test", "LATTICE *", true},
		{"*.svc.corp.test", "LATTICE svc", false},
		{"svc.corp.test", "LATTICE *.svc", false},
		{"*.svc.corp.test", "LATTICE *.dev", false},
		{"*.svc.corp.test", "A a.svc", false},
	} {
		for _, had := range []bool{false, true} {
			e := latticeZone(latticeAlias("z.corp.test", "A", 9))
			claimFor(&e, "beta", "ZC", tt.theirs)
			rest, below := strings.CutPrefix(tt.ours, "*.")
			if had {
				claim(&e, "ZC", Reservation(dnsname.MustParse("corp.test"), dnsname.MustParse(rest), below))
				stale := latticeAlias(strings.Replace(tt.ours, "*.", "a.b.", 1), "A", 2)
				e.Records.Put(stale)
			}
			new := aliasing(strings.Replace(tt.ours, "*.", "n.b.", 1), "A", 3)
			new.Service, new.After = "new", []Dependency{{Address: "names/" + tt.ours}}
			p := Make(Input{Owner: owner, Now: now, Estate: e, Wanted: append(reserving(tt.ours), new)})
			conflict := slices.ContainsFunc(p.Diagnostics, func(d diag.Diagnostic) bool {
				return d.Code == "conflict" && strings.Contains(d.Summary, "reserved by another owner") && strings.Contains(d.Detail, strings.TrimPrefix(tt.theirs, reservation))
			})
			if conflict != tt.meet {
				t.Errorf("%s beside %s: told %v", tt.ours, tt.theirs, p.Diagnostics)
			}
			partly := had && tt.theirs == "LATTICE a.svc" && strings.HasPrefix(tt.ours, "*.") // the other names are in no dispute
			if tt.meet && !partly && len(p.Changes) != 0 {
				t.Errorf("%s beside %s: plans %v", tt.ours, tt.theirs, p.Changes)
			}
			if !tt.meet && len(p.Changes) == 0 {
				t.Errorf("%s beside %s: plans nothing", tt.ours, tt.theirs)
			}
		}
	}
}

// TestReservedMoves: a reserved name that moves to another zone goes from the old one
// once it stands in the new one.
func TestReservedMoves(t *testing.T) {
	e := latticeZone(latticeAlias("a.svc.corp.test", "A", 1), latticeAlias("b.svc.corp.test", "A", 2))
	claim(&e, "ZC", "LATTICE *.svc")
	deeper := estate.Zone{ID: "ZD", Account: "1", Name: dnsname.MustParse("svc.corp.test"), Private: true}
	put(&e, deeper)
	claim(&e, "ZD", "LATTICE *")
	r := RecordOf(deeper, latticeAlias("a.svc.corp.test", "A", 1), StatementRecords)
	r.Reserved, r.Unclaimed, r.Zone = true, true, Lit("ZD")
	kept := reserving("*.svc.corp.test")[0]
	p := Make(Input{Owner: owner, Now: now, Estate: e, Wanted: []Wanted{kept, {Address: "moved", Account: "1", Item: Item{Record: &r}}}})
	needs := map[string][]Dependency{}
	for _, c := range p.Changes {
		needs[string(c.Action)+" "+c.Address] = c.Needs
	}
	if got := needs["delete records/corp.test/a.svc/A"]; !slices.Contains(got, Dependency{Address: "moved", Settled: true}) {
		t.Errorf("the old record goes after %v, of %v", got, needs)
	}
	if got := needs["delete records/corp.test/b.svc/A"]; len(got) != 0 {
		t.Errorf("a record that moves nowhere goes after %v", got)
	}
}

func TestReserved(t *testing.T) {
	const svc = "*.svc.corp.test"
	foreign := estate.RecordSet{Name: dnsname.MustParse("a.svc.corp.test"), Type: "CNAME", TTL: 60, Values: []string{"x.test"}}
	for _, tt := range []struct {
		name   string
		e      estate.Estate
		claims []string
		wanted []Wanted
		adopt  bool
		want   string
	}{
		{"the first service", latticeZone(), nil, append(reserving(svc), aliasing("a.svc.corp.test", "A", 1), aliasing("a.svc.corp.test", "AAAA", 1)), false,
			"claim names/*.svc.corp.test\ncreate records/a.svc.corp.test/A after names/*.svc.corp.test\ncreate records/a.svc.corp.test/AAAA after names/*.svc.corp.test\n"},
		{"as wanted", latticeZone(latticeAlias("a.svc.corp.test", "A", 1)), []string{"LATTICE *.svc"}, append(reserving(svc), aliasing("a.svc.corp.test", "A", 1)), false, ""},
		{"another service", latticeZone(latticeAlias("a.svc.corp.test", "A", 1)), []string{"LATTICE *.svc"}, append(reserving(svc), aliasing("a.svc.corp.test", "A", 2)), false,
			"update records/a.svc.corp.test/A\n"},
		{"a service that went", latticeZone(latticeAlias("a.svc.corp.test", "A", 1), latticeAlias("b.corp.test", "A", 1), latticeAlias(`\052.svc.corp.test`, "A", 1), set("c.svc.corp.test", "A", 60, "10.0.0.1")),
			[]string{"LATTICE *.svc"}, reserving(svc), false, "delete records/corp.test/a.svc/A\n"},
		{"a grant that went", latticeZone(latticeAlias("a.svc.corp.test", "A", 1)), []string{"LATTICE *.svc", "LATTICE x"}, reserving("x.corp.test"), false,
			"delete records/corp.test/a.svc/A\nforget ledger/corp.test/LATTICE *.svc after records/corp.test/a.svc/A\n"},
		{"standing before the first run", latticeZone(latticeAlias("a.svc.corp.test", "A", 1), latticeAlias("gone.svc.corp.test", "A", 2)), nil,
			append(reserving(svc), aliasing("a.svc.corp.test", "A", 1)), false,
			"error conflict: 2 alias records to VPC Lattice stand already at names that *.svc grants in zone corp.test (ZC, account 1)\n"},
		{"beside those, none that nothing would cover", latticeZone(latticeAlias("a.svc.corp.test", "A", 1)), []string{"LATTICE x"},
			append(reserving(svc, "x.corp.test"), aliasing("a.svc.corp.test", "A", 2), aliasing("b.svc.corp.test", "A", 3), aliasing("x.corp.test", "A", 4)), false,
			"create records/x.corp.test/A\nerror conflict: 1 alias records to VPC Lattice stand already at names that *.svc grants in zone corp.test (ZC, account 1)\n"},
		{"adopted", latticeZone(latticeAlias("a.svc.corp.test", "A", 1), latticeAlias("gone.svc.corp.test", "A", 2)), nil,
			append(reserving(svc), aliasing("a.svc.corp.test", "A", 1)), true, "claim names/*.svc.corp.test\ndelete records/corp.test/gone.svc/A\n"},
		{"somebody else's CNAME", latticeZone(foreign), []string{"LATTICE *.svc"},
			append(reserving(svc), aliasing("a.svc.corp.test", "A", 1), aliasing("a.svc.corp.test", "AAAA", 1), aliasing("b.svc.corp.test", "A", 2)), false,
			"create records/b.svc.corp.test/A\nwarning conflict: a.svc.corp.test is not made: a.svc.corp.test CNAME stands in zone corp.test (ZC), and is not orgdns's\n"},
		{"a delegation above", latticeZone(set("svc.corp.test", "NS", 60, "ns.test")), []string{"LATTICE *.svc"}, append(reserving(svc), aliasing("a.svc.corp.test", "A", 1)), false,
			"warning conflict: a.svc.corp.test is not made: svc.corp.test NS stands in zone corp.test (ZC), and is not orgdns's\n"},
		{"beside a TXT record of others", latticeZone(set("a.svc.corp.test", "TXT", 60, `"x"`)), []string{"LATTICE *.svc"}, append(reserving(svc), aliasing("a.svc.corp.test", "A", 1)), false,
			"create records/a.svc.corp.test/A\n"},
		{"frozen", latticeZone(latticeAlias("a.svc.corp.test", "A", 1)), []string{"LATTICE *.svc"}, append(reserving(svc), func() Wanted {
			w := aliasing("a.svc.corp.test", "A", 1)
			w.Frozen = true
			return w
		}()), false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			claim(&tt.e, "ZC", tt.claims...)
			for i := range tt.wanted {
				if w := &tt.wanted[i]; w.Item.Record.Entry == "" {
					w.Service, w.After = w.Address, []Dependency{{Address: "names/" + svc}}
				}
			}
			p := Make(Input{Owner: owner, Now: now, Estate: tt.e, Wanted: tt.wanted, Adopt: tt.adopt})
			var lines []string
			for _, c := range p.Changes {
				line := string(c.Action) + " " + c.Address
				for _, d := range c.Needs {
					line += " after " + d.Address
				}
				lines = append(lines, line+"\n")
			}
			slices.Sort(lines)
			for _, d := range p.Diagnostics {
				lines = append(lines, fmt.Sprintf("%s %s: %s\n", d.Severity, d.Code, d.Summary))
			}
			if got := strings.Join(lines, ""); got != tt.want {
				t.Errorf("planned\n%swant\n%s", got, tt.want)
			}
			for _, w := range tt.wanted { // each is made or stands, or it is known why not
				if w.Service == "" || w.Frozen {
					continue
				}
				have, stands := tt.e.Records.Get(estate.RecordKey("ZC", dnsname.MustParse(w.Item.Record.Name.String()), "A", ""))
				_, changes := p.Change(w.Address)
				served := changes || stands && IsLattice(have) && (tt.adopt || ReadLedger(tt.e, estate.Zone{ID: "ZC", Name: dnsname.MustParse("corp.test")}, owner).Reserves()(have.Name))
				if _, refused := p.Refused[w.Service]; w.Item.Record.Type == "A" && served == refused {
					t.Errorf("%s: served %v, refused %v", w.Service, served, refused)
				}
			}
		})
	}
}

// TestFrozenZone: nothing of ours goes from a zone that nobody may judge.
func TestFrozenZone(t *testing.T) {
	e := latticeZone(latticeAlias("a.svc.corp.test", "A", 1), set("b.corp.test", "A", 60, "10.0.0.1"))
	claim(&e, "ZC", "LATTICE *.svc", "A b", "A gone")
	for frozen, want := range map[string]int{"ZC": 0, "ZX": 4} {
		if p := Make(Input{Owner: owner, Now: now, Estate: e, Frozen: []string{frozen}}); len(p.Changes) != want {
			t.Errorf("with %s frozen %d things are taken out, want %d: %v", frozen, len(p.Changes), want, p.Changes)
		}
	}
}
