package openshift

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// The accounts of the tests: dns holds the private zone and the VPC, app the
// cluster and the public zone.
const (
	dns estate.AccountID = "111111111111"
	app estate.AccountID = "222222222222"
)

const (
	privateID = "Z0PRIVATE00000000001"
	publicID  = "Z0PUBLIC000000000001"
	roleName  = "mine"
)

func answer(e *estate.Estate, code string, qs ...estate.Query) {
	for _, q := range qs {
		a := estate.Answer{Query: q, Code: code}
		if code != "" {
			a.Message = "no"
		}
		e.Answers.Put(a)
	}
}

func zones(a estate.AccountID) estate.Query { return estate.Query{Kind: estate.QueryZones, Account: a} }
func ofZone(k estate.QueryKind, a estate.AccountID, id string) estate.Query {
	return estate.Query{Kind: k, Account: a, ID: id}
}

// world is where the install-config good-install.yaml works.
func world() estate.Estate {
	var e estate.Estate
	ref := estate.VPCRef{Region: "eu-west-1", ID: "vpc-0123456789abcdef0"}
	e.VPCs.Put(estate.VPC{ID: ref.ID, Account: dns, Region: ref.Region, DNSSupport: true, DNSHostnames: true})
	for i := range 2 {
		e.Subnets.Put(estate.Subnet{ID: fmt.Sprintf("subnet-0123456789abcdef%d", i), VPC: ref.ID, Account: dns, Region: ref.Region})
	}
	e.Zones.Put(
		estate.Zone{ID: privateID, Account: dns, Name: dnsname.MustParse("mine.example.com"), Private: true, VPCs: []estate.VPCRef{ref}, Tags: estate.Tags{}},
		estate.Zone{ID: publicID, Account: app, Name: dnsname.MustParse("example.com"), Tags: estate.Tags{}},
	)
	e.Records.Put(
		estate.RecordSet{Zone: privateID, Name: dnsname.MustParse("mine.example.com"), Type: "NS", TTL: 172800, Values: []string{"ns-0.awsdns-00.com."}},
		estate.RecordSet{Zone: publicID, Name: dnsname.MustParse("www.example.com"), Type: "A", TTL: 300, Values: []string{"192.0.2.9"}},
	)
	e.Roles.Put(estate.Role{ARN: "arn:aws:iam::111111111111:role/dns/mine", Account: dns, Path: "/dns/", Name: roleName,
		Trust: `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:user/installer"},"Action":"sts:AssumeRole"}}`})
	answer(&e, "", zones(dns), zones(app),
		ofZone(estate.QueryZone, dns, privateID), ofZone(estate.QueryRecords, dns, privateID), ofZone(estate.QueryZoneTags, dns, privateID),
		ofZone(estate.QueryRecords, app, publicID), ofZone(estate.QueryZoneTags, app, publicID),
		ofZone(estate.QueryRole, dns, roleName),
		estate.Query{Kind: estate.QuerySubnets, Account: app, Region: "eu-west-1"},
		estate.Query{Kind: estate.QueryVPCs, Account: dns, Region: "eu-west-1"})
	return e
}

func granted() Access {
	a := Access{Principal: "arn:aws:iam::222222222222:user/installer", Assumed: Granted, Actions: map[string]Trial{}}
	for _, action := range Actions {
		a.Actions[action] = Granted
	}
	return a
}

func change[V estate.Row](t *estate.Table[V], key string, f func(*V)) {
	v, ok := t.Get(key)
	if !ok {
		panic(key)
	}
	t.Delete(key)
	f(&v)
	t.Put(v)
}

// TestCheck holds each report against a golden file.
func TestCheck(t *testing.T) {
	install, problems := read(t, "read/good-install.yaml")
	if len(problems) > 0 {
		t.Fatal(show(problems))
	}
	zone := func(f func(*estate.Zone)) func(*Input) {
		return func(in *Input) { change(&in.Estate.Zones, privateID, f) }
	}
	assumed := func(trial Trial) func(*Input) {
		return func(in *Input) {
			in.Installer = Access{Principal: "arn:aws:iam::222222222222:user/installer", Assumed: trial, Detail: "AccessDenied"}
		}
	}
	refuse := func(q estate.Query) func(*Input) {
		return func(in *Input) { answer(&in.Estate, "AccessDenied", q) }
	}
	record := func(zone, name, rrtype string) func(*Input) {
		return func(in *Input) {
			in.Estate.Records.Put(estate.RecordSet{Zone: zone, Name: dnsname.MustParse(name), Type: rrtype, TTL: 60, Values: []string{"x"}})
		}
	}
	cases := map[string]func(*Input){
		"good": func(*Input) {},
		"good-parent-zone": func(in *Input) {
			zone(func(z *estate.Zone) { z.Name = dnsname.MustParse("example.com") })(in)
			record(privateID, "api.other.example.com", "A")(in)
		},
		"good-internal": func(in *Input) {
			in.Install.Internal = true
			in.Estate.Zones.Delete(publicID)
		},
		"good-own-zone": func(in *Input) {
			in.Install.HostedZone, in.Install.Role, in.Install.Credentials, in.Install.Subnets = Text{}, Role{}, Text{}, nil
			in.Install.Unmanaged = true
		},
		"good-manual": func(in *Input) { in.Install.Credentials.Value = Manual },
		"good-manual-finalized": func(in *Input) {
			in.Install.Credentials.Value, in.Operator = Manual, granted()
			in.Operator.Principal = "arn:aws:iam::222222222222:role/mine-openshift-ingress-operator"
		},
		"operator-denied": func(in *Input) {
			in.Install.Credentials.Value, in.Operator = Manual, granted()
			in.Operator.Actions["route53:GetChange"] = Forbidden
		},
		"operator-refused": func(in *Input) { in.Install.Credentials.Value, in.Operator.Assumed = Manual, Distrusted },
		"credentials":      func(in *Input) { in.Install.Credentials = Text{} },
		"role-no-zone":     func(in *Input) { in.Install.HostedZone = Text{} },
		"zone-no-subnets":  func(in *Input) { in.Install.Subnets = nil },
		"zone-gone":        func(in *Input) { in.Estate.Zones.Delete(privateID) },
		"zone-public":      zone(func(z *estate.Zone) { z.Private = false }),
		"zone-elsewhere":   zone(func(z *estate.Zone) { z.Account = app }),
		"zone-elsewhere-no-role": func(in *Input) {
			in.Install.Role = Role{}
		},
		"zone-unread": func(in *Input) {
			in.Estate.Zones.Delete(privateID)
			refuse(zones(dns))(in)
			refuse(ofZone(estate.QueryZone, dns, privateID))(in)
		},
		"good-bare-role": refuse(zones(dns)), // the zone alone can be read
		"domain":         zone(func(z *estate.Zone) { z.Name = dnsname.MustParse("ine.example.com") }),
		"unassociated":   zone(func(z *estate.Zone) { z.VPCs = []estate.VPCRef{{Region: "eu-west-1", ID: "vpc-00000001"}} }),
		"wrong-region":   zone(func(z *estate.Zone) { z.VPCs = []estate.VPCRef{{Region: "us-east-1", ID: "vpc-0123456789abcdef0"}} }),
		"partition":      func(in *Input) { in.Install.Role.Partition = "aws-cn" },
		"partition-vpc":  zone(func(z *estate.Zone) { z.VPCs = []estate.VPCRef{{Region: "us-gov-west-1", ID: "vpc-00000001"}} }),
		"association-unread": func(in *Input) {
			refuse(ofZone(estate.QueryZone, dns, privateID))(in)
		},
		"attributes": func(in *Input) {
			change(&in.Estate.VPCs, "vpc-0123456789abcdef0", func(v *estate.VPC) { v.DNSSupport, v.DNSHostnames = false, false })
		},
		"vpc-gone": func(in *Input) { in.Estate.VPCs.Delete("vpc-0123456789abcdef0") },
		"vpc-unread": func(in *Input) {
			in.Estate.VPCs.Delete("vpc-0123456789abcdef0")
			refuse(estate.Query{Kind: estate.QueryVPCs, Account: dns, Region: "eu-west-1"})(in)
		},
		"subnet-gone":    func(in *Input) { in.Estate.Subnets.Delete("subnet-0123456789abcdef1") },
		"subnets-unread": refuse(estate.Query{Kind: estate.QuerySubnets, Account: app, Region: "eu-west-1"}),
		"two-vpcs": func(in *Input) {
			change(&in.Estate.Subnets, "subnet-0123456789abcdef1", func(s *estate.Subnet) { s.VPC = "vpc-00000002" })
		},
		"records": func(in *Input) {
			for _, name := range []string{"api", "api-int", "*.apps", "a", "b", "c"} {
				record(privateID, name+".mine.example.com", "A")(in)
			}
			record(publicID, "api.mine.example.com", "A")(in)
		},
		"records-ledger": record(privateID, "_orgdns-abc.mine.example.com", "TXT"),
		"records-unread": refuse(ofZone(estate.QueryRecords, dns, privateID)),
		"rival": func(in *Input) {
			in.Estate.Zones.Put(estate.Zone{ID: "Z0RIVAL", Account: app, Name: dnsname.MustParse("apps.mine.example.com"), Private: true, VPCs: []estate.VPCRef{{Region: "eu-west-1", ID: "vpc-0123456789abcdef0"}}})
		},
		"rival-service": func(in *Input) {
			in.Estate.Zones.Put(estate.Zone{ID: "Z0RIVAL", Account: app, Name: dnsname.MustParse("mine.example.com"), Private: true, LinkedService: "vpce.amazonaws.com", VPCs: []estate.VPCRef{{Region: "eu-west-1", ID: "vpc-0123456789abcdef0"}}})
		},
		"role-gone":         func(in *Input) { in.Estate.Roles.Delete("arn:aws:iam::111111111111:role/dns/mine") },
		"role-other-path":   func(in *Input) { in.Install.Role.ARN = "arn:aws:iam::111111111111:role/mine" },
		"role-unread":       func(in *Input) { unreadRole(in); in.Installer = Access{} },
		"role-unread-works": unreadRole,
		"role-unread-gone":  func(in *Input) { unreadRole(in); assumed(NoRole)(in) },
		"role-refused":      func(in *Input) { unreadRole(in); assumed(Refused)(in) },
		"trust":             assumed(Distrusted),
		"trust-external-id": assumed(ExternalID),
		"trust-external-id-read": func(in *Input) {
			in.Installer = Access{}
			change(&in.Estate.Roles, "arn:aws:iam::111111111111:role/dns/mine", func(r *estate.Role) {
				r.Trust = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"STS:ExternalID":"x"}}}]}`
			})
		},
		"trust-own-permission": assumed(Forbidden),
		"trust-unreadable":     assumed(Unreadable),
		"permissions": func(in *Input) {
			in.Installer.Actions["route53:ChangeTagsForResource"] = Forbidden
			in.Installer.Actions["route53:GetChange"] = Forbidden
		},
		"permissions-change":  func(in *Input) { in.Installer.Actions["route53:GetChange"] = Forbidden },
		"permissions-untried": func(in *Input) { delete(in.Installer.Actions, "route53:GetHostedZone") },
		"public-gone":         func(in *Input) { in.Estate.Zones.Delete(publicID) },
		"public-twice": func(in *Input) {
			in.Estate.Zones.Put(estate.Zone{ID: "Z0SECOND", Account: app, Name: dnsname.MustParse("example.com")})
		},
		"public-unread": refuse(zones(app)),
	}
	if *update {
		old, _ := filepath.Glob("testdata/check/*.txt")
		for _, f := range old {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		in := Input{Install: *install.Install, Estate: world(), Account: app, Installer: granted()}
		in.Install.Subnets = slices.Clone(in.Install.Subnets)
		cases[name](&in)
		r := Check(in)
		if good := strings.HasPrefix(name, "good") || name == "role-unread-works"; (r.State == OK) != good {
			t.Errorf("%s: %s", name, r)
		}
		for _, line := range strings.Split(r.String(), "\n") {
			if len(line) > 80 && strings.Contains(line[26:], " ") { // a long word stays whole
				t.Errorf("%s: %d columns: %s", name, len(line), line)
			}
		}
		golden(t, "check/"+name+".txt", r.String())
	}
	files, _ := filepath.Glob("testdata/check/*.txt")
	if len(files) != len(cases) {
		t.Errorf("%d golden files for %d cases", len(files), len(cases))
	}
}

func unreadRole(in *Input) {
	in.Estate.Roles.Delete("arn:aws:iam::111111111111:role/dns/mine")
	answer(&in.Estate, "AccessDenied", ofZone(estate.QueryRole, dns, roleName))
}

// TestNeeds: each round asks what the one before made known, until nothing is
// left; and every answer that Check misses is asked for.
func TestNeeds(t *testing.T) {
	install, _ := read(t, "read/good-install.yaml")
	whole := world()
	e := whole
	e.Answers = estate.Table[estate.Answer]{}
	e.Zones, e.Subnets = estate.Table[estate.Zone]{}, estate.Table[estate.Subnet]{}
	in := Input{Install: *install.Install, Estate: e, Account: app, Installer: granted()}
	var rounds []string
	for {
		list := Needs(in)
		if len(list) == 0 {
			break
		}
		var round []string
		for _, q := range list {
			round = append(round, q.String())
			answer(&in.Estate, "", q)
		}
		rounds = append(rounds, strings.Join(round, ", "))
		in.Estate.Zones, in.Estate.Subnets = whole.Zones, whole.Subnets
	}
	want := []string{
		"subnets 222222222222 eu-west-1, zones 222222222222, zones 111111111111, role 111111111111 mine",
		"vpcs 111111111111 eu-west-1, records 222222222222 Z0PUBLIC000000000001, zone 111111111111 Z0PRIVATE00000000001, records 111111111111 Z0PRIVATE00000000001",
	}
	if !slices.Equal(rounds, want) {
		t.Errorf("rounds\n got %s\nwant %s", strings.Join(rounds, "\n"), strings.Join(want, "\n"))
	}
	if r := Check(in); r.State != OK {
		t.Errorf("after all answers: %s", r)
	}
}

func TestAsksExternalID(t *testing.T) {
	for _, tt := range []struct {
		trust string
		want  bool
	}{
		{`x`, false},
		{`{"Statement":"x"}`, false},
		{`{"Statement":[]}`, false},
		{`{"Statement":{"Effect":"Allow"}}`, false},
		{`{"Statement":{"Effect":"Allow","Condition":{"StringLike":{"sts:externalid":["a"]}}}}`, true},
		{`{"Statement":{"Effect":"Allow","Condition":{"StringEqualsIfExists":{"sts:ExternalId":"a"}}}}`, false},
		{`{"Statement":{"Effect":"Allow","Condition":{"Null":{"sts:ExternalId":"true"}}}}`, false},
		{`{"Statement":[{"Effect":"Allow","Condition":{"StringEquals":{"sts:ExternalId":"a"}}},{"Effect":"Allow"}]}`, false},
		{`{"Statement":[{"Effect":"Allow","Condition":{"StringEquals":{"sts:ExternalId":"a"}}},{"Effect":"Deny"}]}`, true},
	} {
		if got := asksExternalID(tt.trust); got != tt.want {
			t.Errorf("asksExternalID(%s) = %v", tt.trust, got)
		}
	}
}
