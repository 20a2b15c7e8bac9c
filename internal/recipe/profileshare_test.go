package recipe

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// baseProfile puts the Profile base of account net into an estate; the VPCs have it.
func baseProfile(e *estate.Estate, vpcs ...string) estate.Profile {
	p := estate.Profile{ID: "rp-base", ARN: "arn:aws:route53profiles:eu-west-1:111111111111:profile/rp-base", Account: netAccount, Region: "eu-west-1", Name: "base", Status: estate.StatusComplete}
	e.Profiles.Put(p)
	for _, id := range vpcs {
		v, _ := e.VPCs.Get(id)
		e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "rpassoc-" + id, Profile: p.ID, VPC: id, Account: v.Account, Region: v.Region, Name: "theirs", Status: estate.StatusComplete})
	}
	return p
}

// lend shares a Profile by somebody else's share.
func lend(e *estate.Estate, p estate.Profile, to ...estate.AccountID) {
	s := estate.Share{ARN: "arn:aws:ram:eu-west-1:111111111111:resource-share/theirs", Account: p.Account, Region: p.Region, Name: "theirs", Tags: estate.Tags{},
		Resources: []estate.ShareMember{{ID: p.ARN, Status: estate.ShareAssociated}}}
	for _, a := range to {
		s.Principals = append(s.Principals, estate.ShareMember{ID: string(a), Status: estate.ShareAssociated, External: true})
	}
	e.Shares.Put(s)
}

const intoBase = "  - { name: one, account: net, via: profile, vpc: { tags: { role: hub } }, services: [ec2], consumers: { account: shop }, profile: { name: base } }\n"

// TestGivenProfile: what is added to a Profile that the share names changes the
// answers of every VPC that has it, and whoever cannot use it is given it.
func TestGivenProfile(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*estate.Estate, estate.Profile)
		accept  bool
		told    string // of the strangers, by how grave it is
		lent    string // to these, by our share
		without bool   // no association of ours for the consumer
		asks    bool   // in account pay, which VPCs have it
	}{
		{"nobody has it", func(*estate.Estate, estate.Profile) {}, false, "note: ", "222222222222", false, false},
		{"the consumer can use it", func(e *estate.Estate, p estate.Profile) { lend(e, p, shopAccount) }, false, "note: ", "", false, false},
		{"the consumer has it", func(e *estate.Estate, p estate.Profile) {
			lend(e, p, shopAccount)
			baseProfile(e, "vpc-shop")
		}, false, "note: ", "", true, false},
		{"a stranger has it", func(e *estate.Estate, p estate.Profile) {
			lend(e, p, payAccount)
			baseProfile(e, "vpc-pay")
		}, false, "error: not selected, and their answers change: vpc-pay (account 333333333333)", "222222222222", false, true},
		{"and that is accepted", func(e *estate.Estate, p estate.Profile) {
			lend(e, p, payAccount)
			baseProfile(e, "vpc-pay")
		}, true, "note: not selected, and their answers change: vpc-pay (account 333333333333)", "222222222222", false, true},
		{"and all is there already", func(e *estate.Estate, p estate.Profile) {
			lend(e, p, payAccount)
			baseProfile(e, "vpc-pay")
			ours := hubEndpoint(e, "ec2")
			e.ProfileResources.Put(estate.ProfileResource{ID: "rpr-1", Profile: p.ID, ARN: ours.ARN(), Type: estate.ProfileEndpoint, Name: "theirs", Status: estate.StatusComplete})
		}, false, "", "222222222222", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := shareWorld()
			tt.change(&e, baseProfile(&e))
			in := shareInput(t, e, intoBase)
			in.AcceptOthers = tt.accept
			out := Make(in)
			told := ""
			for _, d := range out.Diagnostics {
				if d.Code == "others-change" {
					told += d.Severity.String() + ": " + d.Detail
				}
			}
			if told != tt.told {
				t.Errorf("told %q, not %q", told, tt.told)
			}
			lent, associated := "", false
			for _, w := range out.Wanted {
				switch w.Address {
				case "endpointShares/one/eu-west-1/share":
					lent = field(*w.Item.Object, "principals")
					if got := field(*w.Item.Object, "resources"); got != "arn:aws:route53profiles:eu-west-1:111111111111:profile/rp-base" {
						t.Errorf("shares %s", got)
					}
				case "profiles/eu-west-1/rp-base/vpcs/vpc-shop":
					associated = true
				}
			}
			if lent != tt.lent {
				t.Errorf("lent to %q, not %q", lent, tt.lent)
			}
			if associated == tt.without {
				t.Errorf("associated: %t", associated)
			}
			if _, asked := in.Estate.Asked(estate.Query{Kind: estate.QueryProfileAssociations, Account: payAccount, Region: "eu-west-1"}); asked != tt.asks {
				t.Errorf("who has it is asked in account pay: %t", asked)
			}
			if others := slices.DeleteFunc(slices.Clone(out.Diagnostics), func(d diag.Diagnostic) bool { return d.Code == "others-change" }); others.HasErrors() {
				t.Error(others.Err())
			}
		})
	}
}

// TestTakenFromGivenProfile: what goes out of a Profile of somebody else's is an
// error while a VPC has it that is not selected, unless that is accepted.
func TestTakenFromGivenProfile(t *testing.T) {
	for name, tt := range map[string]struct {
		has, resource string
		accept        bool
		told          string
	}{
		"a stranger has it":          {"vpc-pay", plan.MarkName("acme", "gone"), false, "error: not selected, and their answers change: vpc-pay (account 333333333333)"},
		"and that is accepted":       {"vpc-pay", plan.MarkName("acme", "gone"), true, "note: not selected, and their answers change: vpc-pay (account 333333333333)"},
		"who has it is selected":     {"vpc-shop", plan.MarkName("acme", "gone"), false, ""},
		"somebody else put it there": {"vpc-pay", "theirs", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := shareWorld()
			p := baseProfile(&e, tt.has)
			lend(&e, p, payAccount)
			ours := hubEndpoint(&e, "ec2")
			e.ProfileResources.Put(estate.ProfileResource{ID: "rpr-1", Profile: p.ID, ARN: ours.ARN(), Type: estate.ProfileEndpoint, Name: "theirs", Status: estate.StatusComplete},
				estate.ProfileResource{ID: "rpr-2", Profile: p.ID, ARN: "arn:aws:ec2:eu-west-1:111111111111:vpc-endpoint/vpce-gone", Type: estate.ProfileEndpoint, Name: tt.resource, Status: estate.StatusComplete})
			in := shareInput(t, e, intoBase)
			in.AcceptOthers = tt.accept
			told := ""
			for _, d := range Make(in).Diagnostics {
				if d.Code == "others-change" && strings.Contains(d.Summary, "taken out") {
					told += d.Severity.String() + ": " + d.Detail
				}
			}
			if told != tt.told {
				t.Errorf("told %q, not %q", told, tt.told)
			}
		})
	}
}

// TestSameProfile: shares that name one Profile associate a VPC with it once, put
// into it once what they have in common, and take nothing off while one of them wants
// it; with two Profiles the same VPC is an error.
func TestSameProfile(t *testing.T) {
	const (
		share  = "  - { name: NAME, account: net, via: profile, vpc: { tags: { role: hub } }, services: [SERVICE], consumers: [{ account: shop }, { account: OTHER }], zones: [Z1], profile: { name: base } }\n"
		common = "profiles/eu-west-1/rp-base/"
	)
	one := strings.NewReplacer("NAME", "one", "SERVICE", "ec2", "OTHER", "pay").Replace(share)
	two := strings.NewReplacer("NAME", "two", "SERVICE", "sts", "OTHER", "out").Replace(share)
	world := func() estate.Estate {
		e := shareWorld()
		baseProfile(&e)
		e.Zones.Put(estate.Zone{ID: "Z1", Account: netAccount, Name: dnsname.MustParse("corp.test"), Private: true})
		return e
	}
	wanted := func(out Output, k plan.Kind) map[string]plan.Wanted {
		list := map[string]plan.Wanted{}
		for _, w := range out.Wanted {
			if w.Item.Kind() == k {
				list[w.Address] = w
			}
		}
		return list
	}
	out := makeShares(t, world(), one+two)
	if err := out.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	on := wanted(out, plan.KindProfileAssociation)
	if got := slices.Sorted(maps.Keys(on)); !slices.Equal(got, []string{common + "vpcs/vpc-out", common + "vpcs/vpc-pay", common + "vpcs/vpc-shop"}) {
		t.Fatalf("associates %v", got)
	}
	for _, resource := range []string{"endpointShares/one/eu-west-1/profile/ec2", "endpointShares/two/eu-west-1/profile/sts", common + "zones/corp.test"} {
		if !slices.Contains(on[common+"vpcs/vpc-shop"].After, settled(resource)) {
			t.Errorf("the VPC of both is associated before the Profile carries %s: %v", resource, on[common+"vpcs/vpc-shop"].After)
		}
	}
	if got := wanted(out, plan.KindProfileResource); len(got) != 3 {
		t.Errorf("the Profile is to carry %v", slices.Sorted(maps.Keys(got)))
	}

	e := world()
	for id, account := range map[string]estate.AccountID{"vpc-shop": shopAccount, "vpc-pay": payAccount, "vpc-out": "444444444444"} {
		e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "rpassoc-" + id, Profile: "rp-base", VPC: id, Account: account, Region: "eu-west-1",
			Name: plan.MarkName("acme", common+"vpcs/"+id), Status: estate.StatusComplete})
	}
	for _, left := range []struct{ shares, gone string }{{one + two, ""}, {one, "rpassoc-vpc-out"}, {two, "rpassoc-vpc-pay"}} {
		in := shareInput(t, e, left.shares)
		in.AcceptOthers = true
		out := Make(in)
		if err := out.Diagnostics.Err(); err != nil {
			t.Fatal(err)
		}
		gone := ""
		for _, c := range plan.Make(plan.Input{Owner: "acme", Now: now, Estate: in.Estate, Wanted: out.Wanted, Orders: out.Orders, Frozen: out.Frozen}).Changes {
			if c.Item().Kind() == plan.KindProfileAssociation {
				gone += string(c.Action) + " " + c.ID
			}
		}
		if want := strings.TrimSpace("delete " + left.gone); gone != want && (left.gone != "" || gone != "") {
			t.Errorf("of the associations: %q, want %q", gone, want)
		}
	}

	apart := makeShares(t, world(), one+strings.Replace(two, ", profile: { name: base }", "", 1))
	i := slices.IndexFunc(apart.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "two-profiles" })
	if i < 0 || apart.Diagnostics[i].Summary != "1 VPC(s) are selected by shares with two Profiles, rp-base and endpointShares/two/eu-west-1/profile: vpc-shop (account 222222222222)" {
		t.Errorf("two Profiles are not refused: %v", apart.Diagnostics)
	}
}
