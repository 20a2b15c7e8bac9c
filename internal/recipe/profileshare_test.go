package recipe

import (
	"slices"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
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
				case "endpointShares/one/eu-west-1/vpcs/vpc-shop":
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
