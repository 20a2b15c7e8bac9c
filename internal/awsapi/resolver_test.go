package awsapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/plan"
)

// TestRuleAssociationWaits: a rule that is not shared yet is tried again, and one
// that the VPC has already is taken.
func TestRuleAssociationWaits(t *testing.T) {
	step := object(plan.KindRuleAssociation, plan.Create, "", map[string][]string{"rule": {"rslvr-rr-1"}, "vpc": {"vpc-1"}}, nil)
	for _, tt := range []struct {
		code  string
		times int
		fails bool
	}{{notFound, 3, false}, {"AccessDeniedException", 2, false}, {exists, 1, false}, {notFound, 1000, true}, {"LimitExceededException", 1, true}} {
		var calls []string
		tried := 0
		w := told(t, &calls, func(operation, body string) (int, string) {
			if operation == "ListResolverRuleAssociations" {
				return 200, `{"ResolverRuleAssociations":[{"Id":"rslvr-rrassoc-1","ResolverRuleId":"rslvr-rr-1","VPCId":"vpc-1","Status":"COMPLETE"}]}`
			}
			if tried++; tried <= tt.times {
				return 400, refusal(tt.code)
			}
			return 200, `{"ResolverRuleAssociation":{"Id":"rslvr-rrassoc-1","Status":"CREATING"}}`
		})
		made, err := w.Do(t.Context(), step)
		if (err != nil) != tt.fails || err == nil && made["id"][0] != "rslvr-rrassoc-1" {
			t.Errorf("%s: %v, %v", tt.code, made, err)
		}
	}
}

// TestResolverEndpointMadeOnce: a request that was made before leads to what
// stands, and to the next number where that is another one or goes.
func TestResolverEndpointMadeOnce(t *testing.T) {
	fields := map[string][]string{"direction": {"INBOUND"}, "vpc": {"vpc-1"}, "groups": {"sg-1"}, "subnets": {"subnet-a", "subnet-b"}}
	for _, tt := range []struct{ name, status, group, want string }{
		{"lost answer", "OPERATIONAL", "sg-1", "rslvr-in-1"},
		{"being deleted", "DELETING", "sg-1", "rslvr-in-2"},
		{"being replaced", "OPERATIONAL", "sg-0", "rslvr-in-2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls []string
			reference := plan.NumberedReference(plan.Reference("acme", "a"), 1)
			w := told(t, &calls, func(operation, body string) (int, string) {
				endpoint := `{"Id":%q,"CreatorRequestId":%q,"Direction":"INBOUND","HostVPCId":"vpc-1","SecurityGroupIds":[%q],"Status":%q}`
				switch operation {
				case "CreateResolverEndpoint":
					if strings.Contains(body, reference) {
						return 400, refusal(exists)
					}
					return 200, fmt.Sprintf(`{"ResolverEndpoint":`+endpoint+`}`, "rslvr-in-2", "x", "sg-1", "CREATING")
				case "ListResolverEndpoints":
					return 200, fmt.Sprintf(`{"ResolverEndpoints":[`+endpoint+`]}`, "rslvr-in-1", reference, tt.group, tt.status)
				case "GetResolverEndpoint":
					return 200, fmt.Sprintf(`{"ResolverEndpoint":`+endpoint+`}`, "rslvr-in-1", reference, tt.group, tt.status)
				}
				return 200, `{"IpAddresses":[{"IpId":"rni-1","SubnetId":"subnet-a","Ip":"10.0.0.4","Status":"ATTACHED"},{"IpId":"rni-2","SubnetId":"subnet-b","Ip":"10.0.1.4","Status":"ATTACHED"}]}`
			})
			made, err := w.Do(t.Context(), object(plan.KindResolverEndpoint, plan.Create, "", fields, nil))
			if err != nil || made["id"][0] != tt.want || !slices.Equal(made["addresses"], []string{"10.0.0.4", "10.0.1.4"}) {
				t.Errorf("%v, %v, calls %v", made, err, calls)
			}
		})
	}
}

// TestMoveAddresses: an endpoint comes into other subnets with never fewer than
// two addresses, each change after the one before is in effect.
func TestMoveAddresses(t *testing.T) {
	subnets, busy := []string{"subnet-a", "subnet-b"}, 0
	var calls []string
	w := told(t, &calls, func(operation, body string) (int, string) {
		switch operation {
		case "GetResolverEndpoint":
			if busy--; busy >= 0 {
				return 200, `{"ResolverEndpoint":{"Status":"UPDATING"}}`
			}
			return 200, `{"ResolverEndpoint":{"Status":"OPERATIONAL"}}`
		case "ListResolverEndpointIpAddresses":
			var list []string
			for i, s := range subnets {
				list = append(list, fmt.Sprintf(`{"IpId":"rni-%s","SubnetId":%q,"Ip":"10.0.%d.4"}`, s, s, i))
			}
			return 200, `{"IpAddresses":[` + strings.Join(list, ",") + `]}`
		}
		if busy > 0 {
			t.Errorf("%s while the endpoint is being updated", operation)
		}
		busy = 2
		i := strings.Index(body, "subnet-")
		subnet := body[i : i+len("subnet-a")]
		if operation == "AssociateResolverEndpointIpAddress" {
			subnets = append(subnets, subnet)
		} else {
			subnets = slices.DeleteFunc(subnets, func(s string) bool { return s == subnet })
		}
		if len(subnets) < 2 {
			t.Errorf("%v after %s", subnets, operation)
		}
		return 200, `{}`
	})
	made, err := w.Do(t.Context(), object(plan.KindResolverEndpoint, plan.Update, "rslvr-in-1", map[string][]string{"subnets": {"subnet-c", "subnet-d"}}, map[string][]string{"subnets": {"subnet-a", "subnet-b"}}))
	if err != nil || !slices.Equal(subnets, []string{"subnet-c", "subnet-d"}) || len(made["addresses"]) != 2 {
		t.Errorf("%v, %v, %v", subnets, made, err)
	}
}

// TestGoneIsDeleted: what does not stand any more is deleted well, and settled.
func TestGoneIsDeleted(t *testing.T) {
	fields := map[string][]string{"rule": {"r"}, "vpc": {"vpc-1"}, "profile": {"rp-1"}, "resource": {"arn:r"}}
	for _, k := range []plan.Kind{plan.KindResolverEndpoint, plan.KindResolverRule, plan.KindRuleAssociation, plan.KindProfile, plan.KindProfileResource, plan.KindProfileAssociation, plan.KindShare} {
		var calls []string
		w := told(t, &calls, func(string, string) (int, string) {
			if k == plan.KindShare {
				return 400, refusal(unknownShare)
			}
			return 404, refusal(notFound)
		})
		step := object(k, plan.Delete, "x", fields, fields)
		made, err := w.Do(t.Context(), step)
		if err != nil {
			t.Errorf("%s: %v", k, err)
		}
		if settled, err := w.Settled(t.Context(), step, made); !settled || err != nil {
			t.Errorf("%s: settled %v, %v", k, settled, err)
		}
	}
}

// TestProfileAssociation: a VPC whose Profile of before is going is tried again,
// one that keeps another Profile is not, and one that has it already is done.
func TestProfileAssociation(t *testing.T) {
	for _, tt := range []struct {
		profile, status string
		fails           bool
		tries           int
	}{{"rp-1", "CREATING", false, 1}, {"rp-0", "DELETING", false, 2}, {"rp-0", "COMPLETE", true, 1}} {
		var calls []string
		tried := 0
		w := told(t, &calls, func(operation, body string) (int, string) {
			if strings.HasPrefix(operation, "GET ") {
				return 200, fmt.Sprintf(`{"ProfileAssociations":[{"Id":"rpassoc-1","ProfileId":%q,"ResourceId":"vpc-1","Status":%q}]}`, tt.profile, tt.status)
			}
			if tried++; tried == 1 {
				return 409, refusal(conflict)
			}
			return 200, `{"ProfileAssociation":{"Id":"rpassoc-1"}}`
		})
		made, err := w.Do(t.Context(), object(plan.KindProfileAssociation, plan.Create, "", map[string][]string{"profile": {"rp-1"}, "vpc": {"vpc-1"}}, nil))
		if (err != nil) != tt.fails || tried != tt.tries || err == nil && made["id"][0] != "rpassoc-1" {
			t.Errorf("%+v: %v, %v, calls %v", tt, made, err, calls)
		}
	}
}
