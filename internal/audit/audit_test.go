package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

func name(s string) dnsname.Name { return dnsname.MustParse(s) }

func names(s ...string) []dnsname.Name {
	var out []dnsname.Name
	for _, n := range s {
		out = append(out, name(n))
	}
	return out
}

const (
	ns1 = "ns-1.awsdns-01.com"
	ns2 = "ns-2.awsdns-02.net"
	ns3 = "ns-3.awsdns-03.org"
	ns4 = "ns-4.awsdns-04.co.uk"
)

// world is example.com in one account with api.example.com delegated from it to
// another, and everything in order.
func world() estate.Estate {
	var e estate.Estate
	e.Accounts.Put(estate.Account{ID: "111111111111"}, estate.Account{ID: "333333333333"})
	zone(&e, "ZTOP", "111111111111", "example.com", ns1, ns2)
	zone(&e, "ZAPI", "333333333333", "api.example.com", ns3, ns4)
	record(&e, "ZTOP", "api.example.com", "NS", ns3+".", ns4+".")
	return e
}

func zone(e *estate.Estate, id string, account estate.AccountID, apex string, servers ...string) {
	e.Zones.Put(estate.Zone{ID: id, Account: account, Name: name(apex), NameServers: names(servers...)})
	record(e, id, apex, "NS", servers...)
}

func record(e *estate.Estate, zone, owner, rrtype string, values ...string) {
	e.Records.Put(estate.RecordSet{Zone: zone, Name: name(owner), Type: rrtype, TTL: 300, Values: values})
}

func alias(e *estate.Estate, zone, owner, rrtype, target, targetZone string) {
	e.Records.Put(estate.RecordSet{Zone: zone, Name: name(owner), Type: rrtype,
		Alias: &estate.Alias{Name: name(target), Zone: targetZone}})
}

// read makes the estate one that was read from AWS, with the zones of these
// accounts.
func read(e *estate.Estate, accounts ...estate.AccountID) {
	e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryIdentity}})
	for _, a := range accounts {
		e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZones, Account: a}})
	}
}

func TestFindings(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*estate.Estate)
		want   []string // code name type
	}{
		{"in order", func(*estate.Estate) {}, nil},
		{"child zone deleted", func(e *estate.Estate) { e.Zones.Delete("ZAPI") },
			[]string{"claimable-delegation api.example.com NS", "lame-delegation api.example.com NS"}},
		{"child zone made anew on other servers", func(e *estate.Estate) {
			zone(e, "ZAPI", "333333333333", "api.example.com", "ns-5.awsdns-05.com", "ns-6.awsdns-06.net")
		}, []string{"claimable-delegation api.example.com NS", "lame-delegation api.example.com NS"}},
		{"one server is another's", func(e *estate.Estate) { record(e, "ZTOP", "api.example.com", "NS", ns3, ns1) },
			[]string{"claimable-delegation api.example.com NS", "partial-delegation api.example.com NS"}},
		{"one server too few", func(e *estate.Estate) { record(e, "ZTOP", "api.example.com", "NS", ns3) },
			[]string{"partial-delegation api.example.com NS"}},
		{"servers of two zones", func(e *estate.Estate) {
			zone(e, "ZAPI2", "333333333333", "api.example.com", "ns-5.awsdns-05.com", "ns-6.awsdns-06.net")
			record(e, "ZTOP", "api.example.com", "NS", ns3, "ns-5.awsdns-05.com")
		}, []string{"partial-delegation api.example.com NS"}},
		{"delegated to another provider", func(e *estate.Estate) { record(e, "ZTOP", "shop.example.com", "NS", "ns1.provider.test") }, nil},
		{"not delegated", func(e *estate.Estate) { e.Records.Delete(estate.RecordKey("ZTOP", name("api.example.com"), "NS", "")) },
			[]string{"undelegated-zone api.example.com NS"}},
		{"delegated by a registration", func(e *estate.Estate) {
			e.Records.Delete(estate.RecordKey("ZTOP", name("api.example.com"), "NS", ""))
			e.Registrations.Put(estate.Registration{Domain: name("api.example.com"), NameServers: names(ns3, ns4)})
		}, nil},
		{"registered on servers without the zone", func(e *estate.Estate) {
			e.Registrations.Put(estate.Registration{Domain: name("example.org"), NameServers: names(ns3, ns4)})
		}, []string{"claimable-delegation example.org NS", "lame-delegation example.org NS"}},
		{"NS in a private zone", func(e *estate.Estate) {
			e.Zones.Put(estate.Zone{ID: "ZPRIV", Name: name("corp.test"), Private: true})
			record(e, "ZPRIV", "a.corp.test", "NS", ns3)
		}, nil},
		{"DS for an unsigned zone", func(e *estate.Estate) { record(e, "ZTOP", "api.example.com", "DS", "1 13 2 00") },
			[]string{"ds-without-signing api.example.com DS"}},
		{"DS for a signed zone", func(e *estate.Estate) {
			record(e, "ZTOP", "api.example.com", "DS", "1 13 2 00")
			e.Zones.Put(estate.Zone{ID: "ZAPI", Name: name("api.example.com"), NameServers: names(ns3, ns4), Signed: true})
		}, nil},
		{"alias to a missing record", func(e *estate.Estate) { alias(e, "ZTOP", "a.example.com", "A", "b.example.com", "ZTOP") },
			[]string{"dangling-alias a.example.com A"}},
		{"alias to a record of another type", func(e *estate.Estate) {
			record(e, "ZTOP", "b.example.com", "AAAA", "2001:db8::1")
			alias(e, "ZTOP", "a.example.com", "A", "b.example.com", "ZTOP")
		}, []string{"dangling-alias a.example.com A"}},
		{"alias to a record", func(e *estate.Estate) {
			record(e, "ZTOP", "b.example.com", "A", "192.0.2.1")
			alias(e, "ZTOP", "a.example.com", "A", "b.example.com", "ZTOP")
		}, nil},
		{"alias to a load balancer that is gone", func(e *estate.Estate) {
			alias(e, "ZTOP", "a.example.com", "A", "lb-1.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2")
		}, []string{"dangling-alias a.example.com A"}},
		{"alias to an interface endpoint that is gone: nobody can take the name", func(e *estate.Estate) {
			alias(e, "ZTOP", "a.example.com", "A", "vpce-1-x.ec2.eu-west-1.vpce.amazonaws.com", "ZVPCE")
		}, []string{"dangling-alias a.example.com A"}},
		{"CNAME to an interface endpoint that is gone", func(e *estate.Estate) {
			record(e, "ZTOP", "a.example.com", "CNAME", "vpce-1-x.ec2.eu-west-1.vpce.amazonaws.com")
		}, nil},
		{"alias to an interface endpoint", func(e *estate.Estate) {
			alias(e, "ZTOP", "a.example.com", "A", "vpce-1-x.ec2.eu-west-1.vpce.amazonaws.com", "ZVPCE")
			e.Endpoints.Put(estate.Endpoint{ID: "vpce-1", State: estate.EndpointAvailable,
				Names: []estate.EndpointName{{Name: name("vpce-1-x.ec2.eu-west-1.vpce.amazonaws.com"), Zone: "ZVPCE"}}})
		}, nil},
		{"alias to a load balancer by its dualstack name", func(e *estate.Estate) {
			alias(e, "ZTOP", "a.example.com", "A", "dualstack.lb-1.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2")
			e.Targets.Put(estate.AliasTarget{Name: name("lb-1.eu-west-1.elb.amazonaws.com"), Kind: estate.TargetLoadBalancer})
		}, nil},
		{"alias to a website whose bucket is gone", func(e *estate.Estate) {
			alias(e, "ZTOP", "a.example.com", "A", "s3-website-eu-west-1.amazonaws.com", "Z1BKCTXD74EZPE")
			e.Targets.Put(website("b.example.com"))
		}, []string{"claimable-target a.example.com A", "dangling-alias a.example.com A"}},
		{"alias to a website", func(e *estate.Estate) {
			alias(e, "ZTOP", "a.example.com", "A", "s3-website-eu-west-1.amazonaws.com", "Z1BKCTXD74EZPE")
			e.Targets.Put(website("a.example.com"))
		}, nil},
		{"CNAME to a website whose bucket is gone", func(e *estate.Estate) {
			record(e, "ZTOP", "a.example.com", "CNAME", "mine.s3-website.eu-central-1.amazonaws.com")
		}, []string{"claimable-target a.example.com CNAME"}},
		{"CNAME to a website", func(e *estate.Estate) {
			record(e, "ZTOP", "a.example.com", "CNAME", "mine.s3-website-eu-west-1.amazonaws.com")
			e.Targets.Put(website("mine"))
		}, nil},
		{"CNAME to a free environment", func(e *estate.Estate) {
			record(e, "ZTOP", "a.example.com", "CNAME", "shop.eu-west-1.elasticbeanstalk.com")
		}, []string{"claimable-target a.example.com CNAME"}},
		{"CNAME to a distribution that is gone", func(e *estate.Estate) {
			record(e, "ZTOP", "a.example.com", "CNAME", "d111111abcdef8.cloudfront.net")
		}, []string{"claimable-target a.example.com CNAME"}},
		{"CNAME to a load balancer: its name is drawn at random", func(e *estate.Estate) {
			record(e, "ZTOP", "a.example.com", "CNAME", "lb-1.eu-west-1.elb.amazonaws.com")
		}, nil},
		{"targets not known", func(e *estate.Estate) {
			read(e, "111111111111", "333333333333")
			alias(e, "ZTOP", "a.example.com", "A", "s3-website-eu-west-1.amazonaws.com", "Z1BKCTXD74EZPE")
			record(e, "ZTOP", "b.example.com", "CNAME", "d111111abcdef8.cloudfront.net")
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := world()
			test.change(&e)
			var got []string
			for _, f := range All(e) {
				got = append(got, fmt.Sprintf("%s %s %s", f.Code, f.Name, f.Type))
				if f.Text == "" || f.Diagnostic().Hint == "" || !strings.Contains(f.Diagnostic().Error(), f.Name.String()) {
					t.Errorf("%s says too little: %+v", f.Code, f.Diagnostic())
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("findings %q, want %q", got, test.want)
			}
			for _, f := range Claimable(e) {
				if f.Code != ClaimableDelegation && f.Code != ClaimableTarget {
					t.Errorf("Claimable found %s", f.Code)
				}
			}
		})
	}
}

func website(bucket string) estate.AliasTarget {
	return estate.AliasTarget{Name: name("s3-website-eu-west-1.amazonaws.com"), Zone: "Z1BKCTXD74EZPE",
		Kind: estate.TargetS3Website, Domains: names(bucket)}
}

// TestUnproven: what was not read is not absent.
func TestUnproven(t *testing.T) {
	for _, test := range []struct {
		accounts []estate.AccountID
		unproven bool
		severity diag.Severity
	}{
		{[]estate.AccountID{"111111111111", "333333333333"}, false, diag.Error},
		{[]estate.AccountID{"111111111111"}, true, diag.Warning},
	} {
		e := world()
		e.Zones.Delete("ZAPI")
		read(&e, test.accounts...)
		fs := Claimable(e)
		if len(fs) != 1 || fs[0].Unproven != test.unproven || fs[0].Diagnostic().Severity != test.severity {
			t.Errorf("zones read in %v: %+v", test.accounts, fs)
		}
	}
}

// BenchmarkClaimable: 1,000 delegations from one zone of 10,000 other records
// to 1,000 zones.
func BenchmarkClaimable(b *testing.B) {
	var e estate.Estate
	zone(&e, "ZTOP", "111111111111", "example.com", ns1, ns2)
	for i := range 10_000 {
		record(&e, "ZTOP", fmt.Sprintf("h%d.example.com", i), "A", "192.0.2.1")
	}
	for i := range 1000 {
		child := fmt.Sprintf("c%d.example.com", i)
		zone(&e, fmt.Sprintf("Z%d", i), "333333333333", child, ns3, ns4)
		record(&e, "ZTOP", child, "NS", ns3, ns4)
	}
	for b.Loop() {
		if fs := Claimable(e); len(fs) > 0 {
			b.Fatal(fs)
		}
	}
}
