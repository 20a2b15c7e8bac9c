package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// TestObjectQuotas: what stands, whoever made it, and what is wanted are counted
// together, and a plan that would exceed a quota says which and of what.
func TestObjectQuotas(t *testing.T) {
	const account, region = estate.AccountID("222222222222"), estate.Region("eu-west-1")
	answered := func(e *estate.Estate, kinds ...Kind) {
		for _, k := range kinds {
			e.Answers.Put(estate.Answer{Query: ObjectQuery(k, owner, account, region)})
		}
	}
	// wanted are n objects with fields that are numbered.
	wanted := func(n int, k Kind, fields func(i int) map[string][]Value) []Wanted {
		var out []Wanted
		for i := range n {
			out = append(out, Wanted{Address: fmt.Sprintf("%s/%05d", k, i), Account: account, Region: region, Item: Item{Object: &Object{Kind: k, Fields: fields(i)}}})
		}
		return out
	}
	id := func(i int) string { return fmt.Sprintf("%05d", i) }
	onProfile := func(profile Value) func(i int) map[string][]Value {
		return func(i int) map[string][]Value {
			return map[string][]Value{"profile": {profile}, "vpc": Lits([]string{"vpc-new" + id(i)})}
		}
	}
	onVPC := func(i int) map[string][]Value {
		return map[string][]Value{"rule": Lits([]string{"rslvr-rr-1"}), "vpc": Lits([]string{"vpc-" + id(i)})}
	}
	carries := func(arn string) func(i int) map[string][]Value {
		return func(i int) map[string][]Value {
			return map[string][]Value{"profile": Lits([]string{"rp-1"}), "resource": Lits([]string{arn + id(i)}), "priority": {}}
		}
	}
	endpoint := func(i int) map[string][]Value {
		return map[string][]Value{"vpc": Lits([]string{"vpc-hub"}), "service": Lits([]string{"s" + id(i)}), "subnets": Lits([]string{"subnet-1"})}
	}
	share := func(n int) func(int) map[string][]Value {
		return func(int) map[string][]Value {
			principals := make([]string, n)
			for i := range principals {
				principals[i] = fmt.Sprintf("%012d", i)
			}
			return map[string][]Value{"name": Lits([]string{"s"}), "principals": Lits(principals)}
		}
	}
	standing := func(n int) func(e *estate.Estate) {
		return func(e *estate.Estate) {
			e.Profiles.Put(estate.Profile{ID: "rp-1", Account: account, Region: region})
			for i := range n {
				e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "rpassoc-" + id(i), Profile: "rp-1", VPC: "vpc-" + id(i), Account: "9", Region: region, Status: estate.StatusComplete})
			}
		}
	}
	for _, tt := range []struct {
		name   string
		estate func(*estate.Estate)
		wanted []Wanted
		want   string
	}{
		{"the last VPC of a Profile", standing(990), wanted(10, KindProfileAssociation, onProfile(Lit("rp-1"))), ""},
		{"a VPC too many", standing(990), wanted(11, KindProfileAssociation, onProfile(Lit("rp-1"))), "Profile rp-1 would have 1001 VPCs; the quota is 1000"},
		{"on another Profile", standing(990), wanted(11, KindProfileAssociation, onProfile(Lit("rp-2"))), ""},
		{"a VPC that goes", func(e *estate.Estate) {
			standing(990)(e)
			a, _ := e.ProfileAssociations.Get("rpassoc-00000")
			a.Account, a.Name = account, MarkName(owner, "gone")
			e.ProfileAssociations.Put(a)
		}, wanted(11, KindProfileAssociation, onProfile(Lit("rp-1"))), ""},
		{"a Profile to be made", nil, append(wanted(1, KindProfile, func(int) map[string][]Value { return map[string][]Value{"name": Lits([]string{"p"})} }),
			wanted(1001, KindProfileAssociation, onProfile(Of("profile/00000", "id")))...), "Profile profile/00000 would have 1001 VPCs; the quota is 1000"},
		{"Profiles", func(e *estate.Estate) {
			for i := range 5 {
				e.Profiles.Put(estate.Profile{ID: "rp-" + id(i), Account: account, Region: region})
			}
		}, wanted(1, KindProfile, func(int) map[string][]Value { return map[string][]Value{"name": Lits([]string{"p"})} }),
			"account 222222222222 in eu-west-1 would have 6 Profiles; the quota is 5"},
		{"rules on VPCs", nil, wanted(2001, KindRuleAssociation, onVPC), "account 222222222222 in eu-west-1 would have 2001 associations of Resolver rules with VPCs; the quota is 2000"},
		{"rules", nil, wanted(1001, KindResolverRule, func(i int) map[string][]Value {
			return map[string][]Value{"domain": Lits([]string{"d" + id(i) + ".example"})}
		}),
			"account 222222222222 in eu-west-1 would have 1001 Resolver rules; the quota is 1000"},
		{"Resolver endpoints", nil, wanted(5, KindResolverEndpoint, func(i int) map[string][]Value { return map[string][]Value{"direction": Lits([]string{"INBOUND"})} }),
			"account 222222222222 in eu-west-1 would have 5 Resolver endpoints; the quota is 4"},
		{"firewalls of a Profile", nil, wanted(6, KindProfileResource, carries("arn:aws:route53resolver:eu-west-1:222222222222:firewall-rule-group/g")),
			"Profile rp-1 would have 6 DNS Firewall rule groups; the quota is 5"},
		{"query logs of a Profile", nil, wanted(3, KindProfileResource, carries("arn:aws:route53resolver:eu-west-1:222222222222:resolver-query-log-config/q")),
			"Profile rp-1 would have 3 query logging configurations; the quota is 2"},
		{"endpoints of a Profile have none", nil, wanted(60, KindProfileResource, carries("arn:aws:ec2:eu-west-1:222222222222:vpc-endpoint/vpce-")), ""},
		{"endpoints of a VPC", func(e *estate.Estate) {
			e.Endpoints.Put(estate.Endpoint{ID: "vpce-1", Account: account, Region: region, VPC: "vpc-hub", Type: estate.EndpointGateway, State: estate.EndpointAvailable},
				estate.Endpoint{ID: "vpce-2", Account: account, Region: region, VPC: "vpc-hub", Type: estate.EndpointInterface, State: estate.EndpointAvailable, Subnets: []string{"subnet-1"}})
		}, wanted(50, KindEndpoint, endpoint), "VPC vpc-hub would have 51 interface endpoints; the quota is 50"},
		{"a quota that was raised", func(e *estate.Estate) {
			standing(990)(e)
			e.Quotas.Put(estate.Quota{Account: account, Code: estate.QuotaVPCsPerProfile, Value: 1001})
		}, wanted(11, KindProfileAssociation, onProfile(Lit("rp-1"))), ""},
		{"a quota that was raised, for all", func(e *estate.Estate) {
			e.Quotas.Put(estate.Quota{Code: estate.QuotaResolverEndpoints, Value: 8})
		}, wanted(9, KindResolverEndpoint, func(i int) map[string][]Value { return map[string][]Value{"direction": Lits([]string{"INBOUND"})} }),
			"account 222222222222 in eu-west-1 would have 9 Resolver endpoints; the quota is 8"},
		{"principals of a share", nil, wanted(1, KindShare, share(5001)), "the resource share would hold 5001 principals; the quota is 5000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e estate.Estate
			answered(&e, KindProfile, KindProfileAssociation, KindRuleAssociation, KindResolverRule, KindResolverEndpoint, KindEndpoint, KindShare)
			if tt.estate != nil {
				tt.estate(&e)
			}
			var got []string
			for _, d := range Make(Input{Owner: owner, Now: now, Estate: e, Wanted: tt.wanted}).Diagnostics {
				raise := !strings.Contains(d.Summary, "DNS Firewall") && !strings.Contains(d.Summary, "query logging")
				if d.Address == "" || d.Hint == "" || !strings.Contains(d.Detail, ".html") || strings.Contains(d.Hint, "`quotas: {") != raise {
					t.Errorf("who, where or what to do is missing: %+v", d)
				}
				got = append(got, d.Summary)
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("said %q, want %q", s, tt.want)
			}
		})
	}
}
