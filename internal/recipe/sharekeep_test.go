package recipe

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// planned is the plan of what the recipe made.
func (s *sharing) planned(t *testing.T, out Output) *plan.Plan {
	t.Helper()
	planned := plan.Make(plan.Input{Owner: "acme", Now: now, Estate: s.e, Wanted: out.Wanted, Apart: out.Apart, Orders: out.Orders, Frozen: out.Frozen})
	for _, d := range planned.Diagnostics {
		t.Error(d.Code, d.Summary)
	}
	return planned
}

// changes are what it does, in lines.
func (s *sharing) changes(t *testing.T, out Output) []string {
	t.Helper()
	var lines []string
	for _, c := range s.planned(t, out).Changes {
		lines = append(lines, string(c.Action)+" "+c.Address)
	}
	return lines
}

// lent puts a share of ours at an address, by which all of an ARN is with principals.
func (s *sharing) lent(address, arn string, principals ...string) {
	v := estate.Share{ARN: "arn:aws:ram:eu-west-1:111111111111:resource-share/" + address, Account: netAccount, Region: "eu-west-1", Name: "orgdns-shared",
		Resources: []estate.ShareMember{{ID: arn, Status: estate.ShareAssociated}}, Tags: estate.Tags(plan.Marks("acme", address))}
	for _, p := range principals {
		v.Principals = append(v.Principals, estate.ShareMember{ID: p, Status: estate.ShareAssociated})
	}
	maps.Copy(v.Tags, plan.MemberTags(plan.TagMembers, append(slices.Clone(principals), arn)))
	s.e.Shares.Put(v)
}

// inAccess is a share in a configuration that reads the organization.
func inAccess(t *testing.T, share string) *sharing {
	t.Helper()
	return sharingOf(t, strings.Replace(latticeHeader, "latticeDomains:\n", "endpointShares:\n", 1)+share)
}

// TestShareAccountsUnread: where the organization's accounts tell with whom a share
// is, or whose VPCs it selects, and they alone were refused, it is not taken from
// the organization.
func TestShareAccountsUnread(t *testing.T) {
	const everywhere = "arn:aws:organizations::111111111111:organization/o-acme"
	for name, of := range map[string]string{
		"consumers anywhere":          "consumers: { tags: { name: shop } }",
		"shared with the whole":       "consumers: { accounts: [shop] }, shareWith: organization",
		"shared with a unit":          "consumers: { accounts: [shop] }, shareWith: [Workloads]",
		"consumers anywhere, and one": "consumers: [{ accounts: [shop] }, { tags: { name: pay } }]",
	} {
		t.Run(name, func(t *testing.T) {
			s := inAccess(t, strings.Replace(sharedEC2, "consumers: { accounts: [shop, pay] }", of, 1))
			s.endpoint("ec2")
			s.lent(sharedBase+"/share", "arn:aws:route53profiles:eu-west-1:111111111111:profile/rp-ours", everywhere)
			s.refused[estate.Query{Kind: estate.QueryAccounts}] = true
			out := s.make()
			if got := s.changes(t, out); len(got) > 0 {
				t.Errorf("%q", got)
			}
			if got := codes(out, diag.Warning); !slices.Equal(got, []string{"unread"}) {
				t.Errorf("warnings %v", got)
			}
		})
	}
}

// TestShareSuspended: what the hub admits for a suspended consumer, and lends it,
// stays; one that never had anything of it holds up nothing.
func TestShareSuspended(t *testing.T) {
	const profile = "arn:aws:route53profiles:eu-west-1:111111111111:profile/rp-ours"
	for name, tt := range map[string]struct {
		lent []string
		want string
	}{
		"has it":       {[]string{"222222222222", "333333333333"}, "tcp 443 10.0.0.0/15 tcp 443 10.2.0.0/16"},
		"never had it": {[]string{"222222222222"}, "tcp 443 10.0.0.0/15"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharing(t, sharedEC2)
			s.endpoint("ec2")
			s.lent(sharedBase+"/share", profile, tt.lent...)
			s.e.VPCs.Delete("vpc-pay") // nobody can read it
			s.e.Accounts.Put(estate.Account{ID: payAccount, Name: "pay", Status: "SUSPENDED"})
			g := estate.SecurityGroup{ID: "sg-1", Account: netAccount, Region: "eu-west-1", VPC: "vpc-hub", Tags: estate.Tags(plan.Marks("acme", sharedBase+"/group"))}
			for _, c := range []string{"10.0.0.0/15", "10.2.0.0/16"} {
				g.Rules = append(g.Rules, estate.GroupRule{Protocol: "tcp", From: 443, To: 443, CIDR: netip.MustParsePrefix(c)})
			}
			s.e.SecurityGroups.Put(g)
			out := s.make()
			if got := field(wantedAt(t, out, sharedBase+"/group"), "ingress"); got != tt.want {
				t.Errorf("admits %s", got)
			}
			for _, c := range s.planned(t, out).Changes {
				if got := strings.Fields(field(*c.Item().Object, "principals")); c.Address == sharedBase+"/share" && !slices.Equal(slices.Sorted(slices.Values(got)), tt.lent) {
					t.Errorf("is to be lent to %v", got)
				}
			}
			if told := slices.Contains(codes(out, diag.Warning), "suspended"); told != (len(tt.lent) > 1) {
				t.Errorf("warnings %v", codes(out, diag.Warning))
			}
		})
	}
}
