package recipe

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

const (
	netAccount  = estate.AccountID("111111111111")
	shopAccount = estate.AccountID("222222222222")
	payAccount  = estate.AccountID("333333333333")
)

const latticeHeader = `owner: acme
organization: { access: { account: "000000000000", role: reader } }
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  net: { id: "111111111111" }
  shop: { id: "222222222222" }
  pay: { id: "333333333333" }
latticeDomains:
`

// corp grants names of one zone to two accounts.
const corp = `  - zone: corp.test
    account: net
    grants:
      - { account: shop, names: ["*.svc.corp.test", shop.corp.test] }
      - { accounts: [shop, pay], names: "*.both.corp.test" }
`

// views are two zones of one name, for different VPCs.
const views = `  - zone: corp.test
    account: net
    zoneID: ZC
    grants:
      - { account: shop, names: ["*.svc.corp.test", "*.both.corp.test"] }
  - zone: corp.test
    account: net
    zoneID: ZD
    grants:
      - { account: pay, names: "*.dev.corp.test" }
      - { account: shop, names: "*.both.corp.test" }
`

func loadLattice(t *testing.T, domains string) *config.Config {
	t.Helper()
	c, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(latticeHeader + domains)}})
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	return c
}

// latticeWorld has the private zone corp.test in account net, and every question
// about zones and services answered.
func latticeWorld() estate.Estate {
	var e estate.Estate
	for _, a := range []estate.AccountID{netAccount, shopAccount, payAccount} {
		answered(&e, estate.Query{Kind: estate.QueryZones, Account: a})
		answered(&e, estate.Query{Kind: estate.QueryLatticeServices, Account: a, Region: "eu-west-1"})
	}
	privateCorp(&e, "ZC", "corp.test")
	return e
}

func privateCorp(e *estate.Estate, id, name string) {
	e.Zones.Put(estate.Zone{ID: id, Account: netAccount, Name: dnsname.MustParse(name), Private: true, Tags: estate.Tags{}})
	for _, k := range []estate.QueryKind{estate.QueryZone, estate.QueryRecords} {
		answered(e, estate.Query{Kind: k, Account: netAccount, ID: id})
	}
}

// lattice puts a service; n numbers it, and the lower was made earlier.
func lattice(e *estate.Estate, n int, account estate.AccountID, domain string) estate.LatticeService {
	id := fmt.Sprintf("svc-%017d", n)
	name, err := dnsname.Parse(domain)
	if err != nil {
		panic(err)
	}
	s := estate.LatticeService{
		ID: id, ARN: fmt.Sprintf("arn:aws:vpc-lattice:eu-west-1:%s:service/%s", account, id), Account: account, Region: "eu-west-1",
		Status: estate.LatticeActive, CustomDomain: name, Created: now.Add(time.Duration(n) * time.Second),
		DNS: estate.LatticeName{Name: dnsname.MustParse(fmt.Sprintf("s-%017d.7d67968.vpc-lattice-svcs.eu-west-1.on.aws", n)), Zone: "ZLATTICE"},
	}
	e.LatticeServices.Put(s)
	return s
}

func aliases(e *estate.Estate, zone string, s estate.LatticeService, name string) {
	for _, t := range latticeTypes {
		e.Records.Put(estate.RecordSet{Zone: zone, Name: dnsname.MustParse(name), Type: t, Alias: &estate.Alias{Name: s.DNS.Name, Zone: s.DNS.Zone}})
	}
}

// latticeBrief is what is wanted and told, in lines, reservations left out.
func latticeBrief(out Output) string {
	var b strings.Builder
	for _, w := range out.Wanted {
		r := w.Item.Record
		if r.Entry != "" {
			continue
		}
		fmt.Fprintf(&b, "%s %s -> %s in %s", r.Name, r.Type, r.Alias.Name.Labels()[0], r.Zone)
		if w.Frozen {
			b.WriteString(" frozen")
		}
		b.WriteString("\n")
	}
	for _, id := range out.Frozen {
		b.WriteString(id + " frozen\n")
	}
	for _, d := range out.Diagnostics {
		fmt.Fprintf(&b, "%s %s: %s", d.Severity, d.Code, d.Summary)
		if d.Address != "" && d.Code == config.CodeUnknownAccount {
			b.WriteString(" at " + d.Address)
		}
		if d.Detail != "" {
			b.WriteString(" [" + d.Detail + "]")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// pair are the lines of a name that leads to service n.
func pair(name string, n int) string {
	line := fmt.Sprintf("%s %%s -> s-%017d in ZC\n", name, n)
	return fmt.Sprintf(line, "A") + fmt.Sprintf(line, "AAAA")
}

func TestLatticeDomains(t *testing.T) {
	for _, tt := range []struct {
		name    string
		domains string
		estate  func(*estate.Estate)
		want    string
	}{
		{"nothing", corp, func(*estate.Estate) {}, ""},
		{"a service", corp, func(e *estate.Estate) { lattice(e, 1, shopAccount, "a.svc.corp.test") }, pair("a.svc.corp.test", 1)},
		{"an exact name", corp, func(e *estate.Estate) { lattice(e, 1, shopAccount, "shop.corp.test") }, pair("shop.corp.test", 1)},
		{"upper case and IDN", corp, func(e *estate.Estate) {
			lattice(e, 1, shopAccount, "A.SVC.corp.test")
			lattice(e, 2, shopAccount, "xn--bcher-kva.svc.corp.test")
		}, pair("a.svc.corp.test", 1) + pair("xn--bcher-kva.svc.corp.test", 2)},
		{"without a custom domain, going, failed, outside", corp, func(e *estate.Estate) {
			s := lattice(e, 1, shopAccount, "a.svc.corp.test")
			s.CustomDomain = dnsname.Name{}
			e.LatticeServices.Put(s)
			s = lattice(e, 2, shopAccount, "b.svc.corp.test")
			s.Status = estate.LatticeDeleting
			e.LatticeServices.Put(s)
			s = lattice(e, 3, shopAccount, "c.svc.corp.test")
			s.Status = estate.LatticeCreateFailed
			e.LatticeServices.Put(s)
			lattice(e, 4, shopAccount, "a.example.com")
		}, ""},
		{"not granted", corp, func(e *estate.Estate) {
			lattice(e, 1, payAccount, "a.svc.corp.test")
			lattice(e, 2, shopAccount, "corp.test")
			lattice(e, 3, shopAccount, `\052.svc.corp.test`)
			lattice(e, 4, shopAccount, "_orgdns-0.corp.test")
			lattice(e, 5, shopAccount, "svc.corp.test")
			lattice(e, 6, shopAccount, "_orgdns.svc.corp.test")
		}, `warning not-granted: service svc-00000000000000001 of account 333333333333 does not get the name a.svc.corp.test: it was not granted to account 333333333333, but to others [arn:aws:vpc-lattice:eu-west-1:333333333333:service/svc-00000000000000001; *.svc.corp.test is granted to shop at orgdns.yaml:12:34]
warning not-granted: service svc-00000000000000002 of account 222222222222 does not get the name corp.test: it is the zone's own name [arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000002]
warning not-granted: service svc-00000000000000003 of account 222222222222 does not get the name *.svc.corp.test: a wildcard would answer for names of others [arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000003]
warning not-granted: service svc-00000000000000004 of account 222222222222 does not get the name _orgdns-0.corp.test: names that begin with _orgdns are orgdns's own [arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000004]
warning not-granted: service svc-00000000000000005 of account 222222222222 does not get the name svc.corp.test: it was not granted to account 222222222222 [arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000005]
warning not-granted: service svc-00000000000000006 of account 222222222222 does not get the name _orgdns.svc.corp.test: names that begin with _orgdns are orgdns's own [arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000006]
`},
		{"two claim a name: the older has it", corp, func(e *estate.Estate) {
			lattice(e, 2, shopAccount, "a.both.corp.test")
			lattice(e, 1, payAccount, "a.both.corp.test")
		}, pair("a.both.corp.test", 1) + "warning name-taken: a.both.corp.test is claimed by service svc-00000000000000002 of account 222222222222 as well; service svc-00000000000000001 of account 333333333333 has it [the first keeps the name, the other takes over when it goes]\n"},
		{"two claim a name: it stays where it leads", corp, func(e *estate.Estate) {
			aliases(e, "ZC", lattice(e, 2, shopAccount, "a.both.corp.test"), "a.both.corp.test")
			lattice(e, 1, payAccount, "a.both.corp.test")
		}, pair("a.both.corp.test", 2) + "warning name-taken: a.both.corp.test is claimed by service svc-00000000000000001 of account 333333333333 as well; service svc-00000000000000002 of account 222222222222 has it [the first keeps the name, the other takes over when it goes]\n"},
		{"unread: what may still be there stays", corp, func(e *estate.Estate) {
			aliases(e, "ZC", lattice(e, 1, shopAccount, "a.svc.corp.test"), "a.svc.corp.test")
			aliases(e, "ZC", lattice(e, 2, payAccount, "a.both.corp.test"), "a.both.corp.test")
			e.LatticeServices.Delete("arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000001", "arn:aws:vpc-lattice:eu-west-1:333333333333:service/svc-00000000000000002")
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryLatticeServices, Account: payAccount, Region: "eu-west-1"}, Code: "AccessDeniedException", Message: "no"})
		}, strings.ReplaceAll(pair("a.both.corp.test", 2), "\n", " frozen\n") +
			"warning unread: the VPC Lattice services of account 333333333333 in eu-west-1 could not be read [AccessDeniedException: no]\n"},
		{"unread: nobody else gets the name of what may still be there", corp, func(e *estate.Estate) {
			s := lattice(e, 2, payAccount, "a.both.corp.test")
			aliases(e, "ZC", s, "a.both.corp.test")
			e.LatticeServices.Delete(s.ARN)
			lattice(e, 1, shopAccount, "a.both.corp.test")
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryLatticeServices, Account: payAccount, Region: "eu-west-1"}, Code: "AccessDeniedException", Message: "no"})
		}, strings.ReplaceAll(pair("a.both.corp.test", 2), "\n", " frozen\n") +
			"warning unread: a.both.corp.test is claimed by service svc-00000000000000001 of account 222222222222; it leads to a service that may still have it [s-00000000000000002.7d67968.vpc-lattice-svcs.eu-west-1.on.aws]\n" +
			"warning unread: the VPC Lattice services of account 333333333333 in eu-west-1 could not be read [AccessDeniedException: no]\n"},
		{"unread: one that is known to be going goes", corp, func(e *estate.Estate) {
			s := lattice(e, 2, payAccount, "a.both.corp.test")
			aliases(e, "ZC", s, "a.both.corp.test")
			s.Status = estate.LatticeDeleting
			e.LatticeServices.Put(s)
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryLatticeServices, Account: payAccount, Region: "eu-west-1"}, Code: "AccessDeniedException", Message: "no"})
		}, "warning unread: the VPC Lattice services of account 333333333333 in eu-west-1 could not be read [AccessDeniedException: no]\n"},
		{"an account that is not known: what may be its stays, and nobody else gets the name", strings.Replace(corp, "[shop, pay]", "[shop, lost]", 1), func(e *estate.Estate) {
			aliases(e, "ZC", lattice(e, 2, payAccount, "a.both.corp.test"), "a.both.corp.test") // whose it may be is known from before
			s := lattice(e, 3, payAccount, "b.both.corp.test")
			aliases(e, "ZC", s, "b.both.corp.test")
			e.LatticeServices.Delete(s.ARN)
			for i, name := range []string{"a", "b"} {
				lattice(e, 4+i, shopAccount, name+".both.corp.test")
			}
			going := lattice(e, 6, payAccount, "c.both.corp.test")
			aliases(e, "ZC", going, "c.both.corp.test")
			going.Status = estate.LatticeDeleting
			e.LatticeServices.Put(going)
			s = lattice(e, 7, shopAccount, "d.both.corp.test")
			aliases(e, "ZC", s, "d.both.corp.test")
			aliases(e, "ZC", s, "e.both.corp.test") // somebody pointed it there
			s = lattice(e, 8, payAccount, "f.svc.corp.test")
			aliases(e, "ZC", s, "f.svc.corp.test") // another grant, of which all are known
		}, pair("d.both.corp.test", 7) + strings.ReplaceAll(pair("a.both.corp.test", 2)+pair("b.both.corp.test", 3), "\n", " frozen\n") + `warning unread: a.both.corp.test is claimed by service svc-00000000000000004 of account 222222222222; it leads to a service that may still have it [s-00000000000000002.7d67968.vpc-lattice-svcs.eu-west-1.on.aws]
warning unread: b.both.corp.test is claimed by service svc-00000000000000005 of account 222222222222; it leads to a service that may still have it [s-00000000000000003.7d67968.vpc-lattice-svcs.eu-west-1.on.aws]
warning unread: service svc-00000000000000002 of account 333333333333 does not get the name a.both.corp.test: some of the accounts to which it is granted are not known [arn:aws:vpc-lattice:eu-west-1:333333333333:service/svc-00000000000000002; *.both.corp.test is granted to shop, lost at orgdns.yaml:13:42]
warning not-granted: service svc-00000000000000008 of account 333333333333 does not get the name f.svc.corp.test: it was not granted to account 333333333333, but to others [arn:aws:vpc-lattice:eu-west-1:333333333333:service/svc-00000000000000008; *.svc.corp.test is granted to shop at orgdns.yaml:12:34]
error unknown-account: account "lost" is not in the list of accounts at latticeDomains/111111111111/corp.test/names
`},
		{"the longest zone has the name", corp + `  - { zone: svc.corp.test, account: net, grants: [{ account: pay, names: "*.svc.corp.test" }] }
`, func(e *estate.Estate) {
			privateCorp(e, "ZS", "svc.corp.test")
			lattice(e, 1, shopAccount, "a.svc.corp.test")
			lattice(e, 2, payAccount, "b.svc.corp.test")
		}, strings.ReplaceAll(pair("b.svc.corp.test", 2), "ZC", "ZS") + "warning not-granted: service svc-00000000000000001 of account 222222222222 does not get the name a.svc.corp.test: it was not granted to account 222222222222, but to others [arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000001; *.svc.corp.test is granted to pay at orgdns.yaml:14:74]\n"},
		{"two zones of one name: each has what it grants", views, func(e *estate.Estate) {
			privateCorp(e, "ZD", "corp.test")
			lattice(e, 1, shopAccount, "a.svc.corp.test")
			lattice(e, 2, payAccount, "b.dev.corp.test")
			lattice(e, 3, payAccount, "c.svc.corp.test")
			lattice(e, 4, shopAccount, "d.both.corp.test")
		}, pair("d.both.corp.test", 4) + pair("a.svc.corp.test", 1) + strings.ReplaceAll(pair("d.both.corp.test", 4)+pair("b.dev.corp.test", 2), "ZC", "ZD") +
			`warning not-granted: service svc-00000000000000003 of account 333333333333 does not get the name c.svc.corp.test: it was not granted to account 333333333333, but to others [arn:aws:vpc-lattice:eu-west-1:333333333333:service/svc-00000000000000003; *.svc.corp.test is granted to shop at orgdns.yaml:13:34]
warning not-granted: service svc-00000000000000003 of account 333333333333 does not get the name c.svc.corp.test: it was not granted to account 333333333333 [arn:aws:vpc-lattice:eu-west-1:333333333333:service/svc-00000000000000003]
`},
		{"a service in a Region in which none is looked for", corp, func(e *estate.Estate) {
			s := lattice(e, 1, shopAccount, "a.svc.corp.test")
			s.Region = "eu-central-1"
			e.LatticeServices.Put(s)
		}, "warning not-granted: service svc-00000000000000001 of account 222222222222 does not get the name a.svc.corp.test: services in eu-central-1 are not looked for [arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000001]\n"},
		{"split horizon: what one of the zones grants is not refused by the other", strings.Replace(views, "zoneID: ZD", "public: true", 1), func(e *estate.Estate) {
			e.Zones.Put(estate.Zone{ID: "ZP", Account: netAccount, Name: dnsname.MustParse("corp.test"), Tags: estate.Tags{}})
			answered(e, estate.Query{Kind: estate.QueryRecords, Account: netAccount, ID: "ZP"})
			lattice(e, 1, shopAccount, "a.svc.corp.test")
			lattice(e, 2, shopAccount, "b.both.corp.test")
		}, pair("b.both.corp.test", 2) + pair("a.svc.corp.test", 1) + strings.ReplaceAll(pair("b.both.corp.test", 2), "ZC", "ZP")},
		{"no zone", `  - { zone: other.test, account: net, grants: [] }
`, func(e *estate.Estate) {}, "error no-zone: account 111111111111 has no private zone other.test\n"},
		{"several zones", corp, func(e *estate.Estate) {
			privateCorp(e, "ZD", "corp.test")
			lattice(e, 1, shopAccount, "a.svc.corp.test")
		}, "ZC frozen\nZD frozen\nerror ambiguous-zone: account 111111111111 has 2 private zones corp.test [ZC, ZD]\n"},
		{"a zone of an account that is not known", strings.Replace(corp, "account: net", "account: lost", 1), func(e *estate.Estate) {
			lattice(e, 1, shopAccount, "a.svc.corp.test")
		}, "ZC frozen\nerror unknown-account: account \"lost\" is not in the list of accounts at latticeDomains/lost/corp.test\n"},
		{"a zone with an ID that is none", strings.Replace(corp, "account: net", "account: net\n    zoneID: ZX", 1), func(e *estate.Estate) {
			lattice(e, 1, shopAccount, "a.svc.corp.test")
		}, "ZC frozen\nerror no-zone: account 111111111111 has no private zone corp.test with the ID ZX\n"},
		{"full", corp, func(e *estate.Estate) {
			e.Quotas.Put(estate.Quota{Account: netAccount, Code: "MAX_RRSETS_BY_ZONE", ID: "ZC", Value: 8})
			record(e, "ZC", "corp.test", "NS", "ns")
			record(e, "ZC", "corp.test", "SOA", "soa")
			aliases(e, "ZC", lattice(e, 3, shopAccount, "c.svc.corp.test"), "c.svc.corp.test")
			lattice(e, 2, shopAccount, "a.svc.corp.test")
			lattice(e, 1, shopAccount, "b.svc.corp.test")
		}, pair("b.svc.corp.test", 1) + pair("c.svc.corp.test", 3) +
			"warning quota: zone corp.test has no room for 1 services: it would hold 8 records, and its quota is 8 [a.svc.corp.test (service svc-00000000000000002 of account 222222222222)]\n"},
		{"soon full", corp, func(e *estate.Estate) {
			e.Quotas.Put(estate.Quota{Account: netAccount, Code: "MAX_RRSETS_BY_ZONE", ID: "ZC", Value: 5})
			record(e, "ZC", "corp.test", "NS", "ns")
			record(e, "ZC", "corp.test", "SOA", "soa")
			lattice(e, 1, shopAccount, "b.svc.corp.test")
		}, pair("b.svc.corp.test", 1) + "warning quota: zone corp.test will hold 4 of 5 records\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := latticeWorld()
			tt.estate(&e)
			in := Input{Config: loadLattice(t, tt.domains), Estate: e, Now: now}
			out := Make(in)
			if got := latticeBrief(out); got != tt.want {
				t.Errorf("made\n%swant\n%s", got, tt.want)
			}
			served := map[string]bool{}
			for _, w := range out.Wanted {
				served[w.Service] = true
			}
			for s := range e.LatticeServices.All() { // each has its name, or it is known why not
				why, refused := out.Refused[s.ARN]
				if want := !s.Gone() && s.CustomDomain.Under(dnsname.MustParse("corp.test")); want && served[s.ARN] == refused || !want && (served[s.ARN] || refused) {
					t.Errorf("%s: served %v, refused %v", s.ID, served[s.ARN], refused)
				}
				if refused && !slices.Contains(out.Diagnostics, why) {
					t.Errorf("%s is refused for what is not told: %v", s.ID, why)
				}
				claims := LatticeClaims(in, s.CustomDomain) // which say the same
				i := slices.IndexFunc(claims, func(c LatticeClaim) bool { return c.Service.ARN == s.ARN })
				if (i >= 0) != (served[s.ARN] || refused) || i >= 0 && ((claims[i].Grant != "") != served[s.ARN] || refused != (claims[i].Refused != nil) || refused && *claims[i].Refused != why) {
					t.Errorf("%s claims %v, and is served %v, refused %v", s.ID, claims, served[s.ARN], why)
				}
			}
		})
	}
}

// TestLatticeNowhere: where it is not known in which Regions the services of a
// granted account are, what may be its stays.
func TestLatticeNowhere(t *testing.T) {
	c, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(`owner: acme
organization: { access: { account: "000000000000", role: reader } }
accounts:
  net: { id: "111111111111", regions: eu-west-1 }
latticeDomains:
  - { zone: corp.test, account: net, grants: [{ account: team-shop, names: "*.svc.corp.test" }] }
`)}})
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	e := latticeWorld()
	e.Accounts.Put(estate.Account{ID: shopAccount, Name: "team-shop", Status: "ACTIVE"})
	gone := lattice(&e, 1, shopAccount, "a.svc.corp.test")
	aliases(&e, "ZC", gone, "a.svc.corp.test")
	e.LatticeServices.Delete(gone.ARN)
	aliases(&e, "ZC", lattice(&e, 2, shopAccount, "b.svc.corp.test"), "b.svc.corp.test")
	in := Input{Config: c, Estate: e, Now: now}
	want := strings.ReplaceAll(pair("a.svc.corp.test", 1)+pair("b.svc.corp.test", 2), "\n", " frozen\n") +
		"warning unread: service svc-00000000000000002 of account 222222222222 does not get the name b.svc.corp.test: some of the accounts to which it is granted are not known [arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-00000000000000002; *.svc.corp.test is granted to team-shop at orgdns.yaml:6:76]\n" +
		"error no-region: it is not known in which Regions the services of account team-shop are to be looked for\n"
	if got := latticeBrief(Make(in)); got != want {
		t.Errorf("made\n%swant\n%s", got, want)
	}
	in.Destroy = true
	if out := Make(in); out.Diagnostics.HasErrors() {
		t.Errorf("to destroy it: %v", out.Diagnostics)
	}
}

// TestLatticeShares: of an account that shares its services nothing is asked but by the
// zone's account; its part of the chain is its people's.
func TestLatticeShares(t *testing.T) {
	c := loadLattice(t, `  - zone: corp.test
    account: net
    grants:
      - { account: shop, shared: true, names: "*.svc.corp.test" }
      - { account: pay, names: "*.pay.corp.test" }
latticeEvents: { account: net, cloudTrail: true }
`)
	e := latticeWorld()
	e.Organization = estate.Organization{ID: "o-acme", Root: "r-acme", Management: netAccount}
	in := Input{Config: c, Estate: e, Now: now}
	for _, q := range Needs(in) {
		if q.Account == shopAccount && q.Kind != estate.QueryLatticeServices {
			t.Errorf("asks %v", q)
		}
	}
	for _, p := range Permissions(in) {
		if p.Account == shopAccount {
			t.Errorf("permits in the account that shares: %+v", p)
		}
	}
	if !slices.ContainsFunc(Permissions(in), func(p plan.Permission) bool {
		return p.Account == netAccount && p.May == plan.MayReadLattice && p.Region == "eu-west-1"
	}) {
		t.Error("the zone's account may not read services")
	}
	if got := EventSpokes(in); !slices.Equal(got, []EventSpoke{{shopAccount, "eu-west-1"}, {payAccount, "eu-west-1"}}) {
		t.Errorf("spokes %v", got)
	}
	if _, dead := EventQueues(in, "aws"); strings.Contains(strings.Join(dead, " "), string(shopAccount)) {
		t.Errorf("dead letters of the account that shares: %v", dead)
	}
	for _, q := range EventNeeds(in) {
		if q.Account == shopAccount {
			t.Errorf("asks %v", q)
		}
	}
	out := MakeEvents(in)
	for _, w := range out.Wanted {
		if w.Account == shopAccount {
			t.Errorf("wants %s", w.Address)
		}
	}
	if !slices.ContainsFunc(out.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Code == "shared-spoke" && d.Detail == "222222222222 in eu-west-1"
	}) {
		t.Errorf("told %v", out.Diagnostics)
	}

	outside := func() (told, wanted bool) {
		out := MakeEvents(in)
		return slices.ContainsFunc(out.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "outside" && d.Account == string(payAccount) }),
			slices.ContainsFunc(out.Wanted, func(w plan.Wanted) bool { return w.Account == payAccount })
	}
	if told, wanted := outside(); told || !wanted {
		t.Error("an account is outside before the organization's were read")
	}
	answered(&in.Estate, estate.Query{Kind: estate.QueryAccounts})
	if told, wanted := outside(); !told || wanted {
		t.Error("an account outside the organization gets a rule whose events never come in")
	}
}

// TestLatticeCleanup: of the guidance's tags those go whose names are granted; by the
// others it removes records that are its own.
func TestLatticeCleanup(t *testing.T) {
	e := latticeWorld()
	answered(&e, estate.Query{Kind: estate.QueryZoneTags, Account: netAccount, ID: "ZC"})
	granted, other := lattice(&e, 1, shopAccount, "a.svc.corp.test"), lattice(&e, 2, payAccount, "b.pay.corp.test")
	z, _ := e.Zones.Get("ZC")
	z.Tags = estate.Tags{granted.ARN: "a.svc.corp.test", other.ARN: "b.pay.corp.test", "team": "network"}
	e.Zones.Put(z)
	out := Make(Input{Config: loadLattice(t, corp), Estate: e, Now: now, CleanupGuidance: true})
	var removed []string
	for _, w := range out.Wanted {
		if w.Item.ZoneTags != nil {
			removed = append(removed, w.Item.ZoneTags.Remove...)
		}
	}
	if !slices.Equal(removed, []string{granted.ARN}) {
		t.Errorf("removes %v, want that of %s alone", removed, granted.ARN)
	}
	if told := latticeBrief(Output{Diagnostics: out.Diagnostics}); !strings.Contains(told, "note guidance-tags: 1 tags of the guidance stay on the zone corp.test") {
		t.Errorf("told %s", told)
	}
}

// TestLatticeNeeds holds which questions follow from which answers.
func TestLatticeNeeds(t *testing.T) {
	in := Input{Config: loadLattice(t, strings.Replace(corp, "account: net\n", "account: net\n    regions: [eu-west-1, eu-central-1]\n", 1))}
	in.Estate.Accounts.Put(estate.Account{ID: payAccount, Status: estate.AccountSuspended})
	text := func() string {
		var lines []string
		for _, q := range Needs(in) {
			lines = append(lines, q.String())
		}
		return strings.Join(lines, "\n")
	}
	want := `identity
zones 111111111111
zones 222222222222`
	if got := text(); got != want {
		t.Errorf("at first\n%s\nwant\n%s", got, want)
	}
	for _, q := range Needs(in) {
		answered(&in.Estate, q)
	}
	in.Estate.Zones.Put(estate.Zone{ID: "ZC", Account: netAccount, Name: dnsname.MustParse("corp.test"), Private: true, RecordCount: 9001})
	if got, want := text(), "records 111111111111 ZC\nzone 111111111111 ZC\nlimits 111111111111 ZC"; got != want {
		t.Errorf("then\n%s\nwant\n%s", got, want)
	}
	for _, q := range Needs(in) {
		answered(&in.Estate, q)
	}
	if got, want := text(), "latticeServices 222222222222 eu-west-1\nlatticeServices 222222222222 eu-central-1"; got != want {
		t.Errorf("after the records\n%s\nwant\n%s", got, want)
	}
}

// TestLatticeReserves holds what is reserved, each name once.
func TestLatticeReserves(t *testing.T) {
	out := Make(Input{Config: loadLattice(t, corp), Estate: latticeWorld(), Now: now})
	var got []string
	for _, w := range out.Wanted {
		got = append(got, w.Item.Record.Entry)
	}
	if want := "LATTICE *.svc, LATTICE shop, LATTICE *.both"; strings.Join(got, ", ") != want {
		t.Errorf("reserved %s, want %s", got, want)
	}
	if !out.Apart["ZC"] {
		t.Error("the ledger of a zone of others is written under a statement of its own")
	}
	if r := out.Wanted[0].Item.Record; r.Statement != plan.StatementLedger {
		t.Errorf("statement %s", r.Statement)
	}
}
