package estate

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
)

func TestResolverTables(t *testing.T) {
	var e Estate
	e.ResolverRules.Put(ResolverRule{ID: "rslvr-rr-1", Account: "111111111111", Region: "eu-west-1", Domain: dnsname.MustParse("corp.test"),
		Type: RuleForward, Targets: []RuleTarget{{IP: netip.MustParseAddr("10.0.0.1")}}})
	e.RuleAssociations.Put(RuleAssociation{ID: "rslvr-rrassoc-1", Rule: "rslvr-rr-1", VPC: "vpc-1"},
		RuleAssociation{ID: "rslvr-rrassoc-2", Rule: "rslvr-rr-1", VPC: "vpc-11"})
	e.ResolverConfigs.Put(ResolverConfig{VPC: "vpc-1", ReverseDisabled: true})
	e.FirewallGroups.Put(FirewallGroup{ID: "rslvr-frg-1", Rules: []FirewallRule{{Priority: 1, Domains: []dnsname.Name{dnsname.MustParse("*.test")}, Action: FirewallBlock, Block: FirewallNXDomain}}})
	e.FirewallAssociations.Put(FirewallAssociation{ID: "rslvr-frgassoc-1", Group: "rslvr-frg-1", VPC: "vpc-1", Priority: 101})
	e.Registrations.Put(Registration{Domain: dnsname.MustParse("example.com"), NameServers: []dnsname.Name{dnsname.MustParse("ns-1.awsdns-01.com")}})

	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back Estate
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != string(b) {
		t.Errorf("round trip: %v\n%s\n%s", err, b, again)
	}
	got := slices.Collect(back.RuleAssociations.By(ByRuleVPC("rslvr-rr-1", "vpc-1")))
	if len(got) != 1 || got[0].ID != "rslvr-rrassoc-1" {
		t.Errorf("associations of the rule with vpc-1: %v", got)
	}
	if n := len(slices.Collect(back.RuleAssociations.By(ByRule("rslvr-rr-1")))); n != 2 {
		t.Errorf("%d associations of the rule, want 2", n)
	}
	if r, ok := First(back.ResolverRules.By(ByName(dnsname.MustParse("corp.test")))); !ok || !reflect.DeepEqual(r.Targets, []RuleTarget{{IP: netip.MustParseAddr("10.0.0.1")}}) {
		t.Errorf("rule for corp.test: %v", r)
	}
}

// TestByPrefix: everything at and below a name is one walk of the index.
func TestByPrefix(t *testing.T) {
	var records Table[RecordSet]
	put := func(owner, rrtype, value string) {
		records.Put(RecordSet{Zone: "Z", Name: dnsname.MustParse(owner), Type: rrtype, Values: []string{value}})
	}
	put("a.test", "CNAME", "x.example.com")
	put("b.test", "CNAME", "y.x.example.com.")
	put("c.test", "CNAME", "xx.example.com")
	put("d.test", "A", "192.0.2.1")
	put("e.test", "NS", "ns.example.com")
	records.Put(RecordSet{Zone: "Z", Name: dnsname.MustParse("f.test"), Type: "A", Alias: &Alias{Name: dnsname.MustParse("x.example.com"), Zone: "Z"}})
	for _, test := range []struct {
		prefix string
		want   []string
	}{
		{ByTarget(dnsname.MustParse("x.example.com")), []string{"a.test", "b.test", "f.test"}},
		{AllTargets, []string{"a.test", "b.test", "c.test", "f.test"}},
		{AllNS, []string{"e.test"}},
	} {
		var got []string
		for rs := range records.ByPrefix(test.prefix) {
			got = append(got, rs.Name.String())
		}
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: %v, want %v", test.prefix, got, test.want)
		}
	}
	if got := slices.Collect(records.By(ByTarget(dnsname.MustParse("x.example.com")))); len(got) != 2 {
		t.Errorf("by target: %v", got)
	}
	put("a.test", "CNAME", "elsewhere.test") // a row that changes leaves its old keys
	if got := slices.Collect(records.By(ByTarget(dnsname.MustParse("x.example.com")))); len(got) != 1 {
		t.Errorf("by target after a change: %v", got)
	}
}
