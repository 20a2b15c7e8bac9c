package awsapi

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
	"github.com/orgdns/orgdns/internal/plan"
)

func TestEveryKindIsBound(t *testing.T) {
	for _, k := range plan.Kinds {
		b, ok := bindings[k]
		if !ok || b.do == nil || b.settled == nil || len(b.reads) == 0 || len(b.needs) == 0 {
			t.Errorf("kind %s is not bound: %+v", k, b)
		}
		for _, q := range b.reads {
			if reads[q] == nil {
				t.Errorf("kind %s is seen by query %s, which AWS is not asked", k, q)
			}
		}
		for action, needs := range b.needs {
			for _, may := range needs {
				if len(parts[may]) == 0 {
					t.Errorf("to %s a %s needs %q, which has no statement", action, k, may)
				}
			}
		}
	}
	if len(bindings) != len(plan.Kinds) {
		t.Errorf("%d bindings for %d kinds", len(bindings), len(plan.Kinds))
	}
}

// TestEveryKindIsPermitted: a run that does nothing but one change of an object
// may do what it needs.
func TestEveryKindIsPermitted(t *testing.T) {
	for _, k := range plan.Kinds {
		for a, needs := range bindings[k].needs {
			p := plan.Plan{Owner: "acme", Changes: []plan.Change{{Account: account, Action: a, After: &plan.Item{Object: &plan.Object{Kind: k}}}}}
			if p.Changes[0].Item().Kind() != k || !slices.ContainsFunc(needs, func(m plan.May) bool { return m == plan.MayMake(k) || m == plan.MayMake(plan.KindEndpoint) }) {
				continue // no object
			}
			for _, may := range p.Permissions()[account] {
				if len(parts[may.May]) == 0 {
					t.Errorf("to %s a %s alone is permitted by %q, which has no statement", a, k, may.May)
				}
			}
		}
	}
}

// TestWhatCannotBeDone: an action without permissions is refused without a
// call.
func TestWhatCannotBeDone(t *testing.T) {
	f := &fake{answer: func(r request) (int, string, error) {
		t.Errorf("called %s", r.URL)
		return 500, "", nil
	}}
	s, _ := over(t, f, nil)
	actions := []plan.Action{plan.Create, plan.Update, plan.Delete, plan.Claim, plan.Forget, plan.Await}
	for _, k := range plan.Kinds {
		for _, a := range actions {
			if len(Needs(k, a)) > 0 {
				continue
			}
			_, err := s.Writer(nil).Do(t.Context(), plan.Step{Address: "a", Kind: k, Action: a, Account: account, Tags: &plan.Tags{}})
			if err == nil {
				t.Errorf("%s of %s needs no permission, and is done", a, k)
			}
		}
	}
}

// TestOperations: the table of operations is the whole surface, each is used,
// and each is permitted by some statement.
func TestOperations(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "costs.go" || name == "policy.go" {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	operations := map[string]bool{}
	for _, s := range services {
		for op := range s.operations {
			operations[action(s.prefix, op)] = true
			if !strings.Contains(source.String(), "."+op+"(ctx") && !strings.Contains(source.String(), ".New"+op+"Paginator(") {
				t.Errorf("%s %s is in the table and not called", s.prefix, op)
			}
		}
	}
	permitted := map[string]bool{"route53:ChangeResourceRecordSets": true, "sts:GetCallerIdentity": true /* needs no permission */}
	// What services ask for on the way to what is called (the pages stand at the
	// parts).
	behind := map[string]bool{}
	for _, a := range []string{
		"route53resolver:TagResource", "route53profiles:TagResource",
		"ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:ModifyNetworkInterfaceAttribute", "ec2:DeleteNetworkInterface",
		"ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeAvailabilityZones", "ec2:DescribeVpcEndpoints",
		"route53resolver:GetFirewallConfig", "route53resolver:GetResolverConfig", "route53resolver:GetResolverDnssecConfig",
		"route53resolver:GetFirewallRuleGroup", "route53resolver:GetResolverQueryLogConfig",
		"route53profiles:GetProfilePolicy", "route53profiles:PutProfilePolicy",
		"route53resolver:GetResolverRulePolicy", "route53resolver:PutResolverRulePolicy",
		"ec2:GetResourcePolicy", "ec2:PutResourcePolicy", "ec2:DeleteResourcePolicy", "iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey",
		"events:TagResource", "sqs:TagQueue", "ssm:AddTagsToResource", "ssm:GetResourcePolicies", "ssm:PutResourcePolicy", "ssm:DeleteResourcePolicy",
	} {
		behind[a] = true
	}
	for _, may := range slices.Sorted(maps.Keys(parts)) {
		for _, p := range parts[may] {
			for _, a := range p.actions {
				permitted[a] = true
				// vpce:AllowMultiRegion is a permission without an operation (PrivateLink
				// Guide, privatelink-share-your-services.html#endpoint-service-cross-region).
				if !operations[a] && !behind[a] && a != "vpce:AllowMultiRegion" {
					t.Errorf("%s permits %s, which is never called", may, a)
				}
			}
		}
	}
	for op := range operations {
		if !permitted[op] {
			t.Errorf("nothing permits %s", op)
		}
	}
}

func TestCosts(t *testing.T) {
	changes := func(actions ...types.ChangeAction) *route53.ChangeResourceRecordSetsInput {
		b := &types.ChangeBatch{}
		for _, a := range actions {
			b.Changes = append(b.Changes, types.Change{Action: a})
		}
		return &route53.ChangeResourceRecordSetsInput{ChangeBatch: b}
	}
	requests := pace.Cost{Bucket: "route53 requests", Tokens: 1, Burst: 50, Refill: 10}
	tokens := func(n float64) pace.Cost {
		return pace.Cost{Bucket: "route53 changes", Tokens: n, Burst: 1500, Refill: 100}
	}
	tests := []struct {
		service, operation string
		input              any
		want               []pace.Cost
	}{
		{"Route 53", "ListHostedZones", &route53.ListHostedZonesInput{}, []pace.Cost{requests}},
		{"Route 53", "CreateHostedZone", &route53.CreateHostedZoneInput{}, []pace.Cost{
			requests, {Bucket: "route53 CreateHostedZone", Tokens: 1, Burst: 40, Refill: 2}, tokens(2)}},
		{"Route 53", "DeleteHostedZone", &route53.DeleteHostedZoneInput{}, []pace.Cost{
			requests, {Bucket: "route53 DeleteHostedZone", Tokens: 1, Burst: 40, Refill: 5}, tokens(2)}},
		{"Route 53", "ChangeResourceRecordSets", changes("CREATE", "DELETE", "UPSERT"), []pace.Cost{requests, tokens(4)}},
		{"ACM", "RequestCertificate", nil, []pace.Cost{{Bucket: "acm eu-west-1 RequestCertificate", Tokens: 1, Burst: 5, Refill: 5}}},
		{"EC2", "DescribeVpcs", nil, []pace.Cost{{Bucket: "ec2 eu-west-1 DescribeVpcs", Tokens: 1, Burst: 100, Refill: 20}}},
		{"STS", "AssumeRole", nil, []pace.Cost{{Bucket: "sts eu-west-1 requests", Tokens: 1, Burst: 600, Refill: 600}}},
		{"IAM", "GetRole", nil, nil},
	}
	for _, tt := range tests {
		got, err := services[tt.service].costs(tt.operation, "eu-west-1", tt.input)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.operation, got, err, tt.want)
		}
	}
	if _, err := services["Route 53"].costs("CreateHealthCheck", "", nil); err == nil {
		t.Error("an operation that is not in the table has a cost")
	}
}

func TestUnknownQuery(t *testing.T) {
	s, _ := over(t, &fake{}, nil)
	for _, k := range []estate.QueryKind{estate.QueryPublic, estate.QueryTargets, "else"} {
		if _, err := s.Reader(nil).Read(t.Context(), estate.Query{Kind: k}); err == nil {
			t.Errorf("%s is asked of AWS", k)
		}
	}
}
