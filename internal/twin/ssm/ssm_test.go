package ssm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

func bed() worldtest.Client {
	cl, _ := worldtest.New()
	cl.Policies, cl.Service = func(c *world.Call) world.Authorizer { return iam.Authorizer(c) }, "ssm"
	return cl
}

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls a handler that must refuse with a code and a text.
func refused[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I, code, text string) {
	t.Helper()
	_, err := worldtest.Do(cl, h, in)
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("%T: %v, want %s: %s", in, err, code, text)
	}
}

func put(name, value string, change func(*ssm.PutParameterInput)) *ssm.PutParameterInput {
	in := &ssm.PutParameterInput{Name: &name, Value: &value, Type: types.ParameterTypeString}
	if change != nil {
		change(in)
	}
	return in
}

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	name := wire.Tree{"Name": "n"}
	arn := wire.Tree{"ResourceArn": "arn:aws:ssm:eu-west-1:111111111111:parameter/n"}
	worldtest.Handlers(t, "ssm", Service(), map[string]wire.Tree{
		"PutParameter": {"Name": "n", "Value": "v"}, "GetParameter": name, "GetParameterHistory": name, "DeleteParameter": name,
		"GetParameters": {"Names": []any{"n"}}, "DeleteParameters": {"Names": []any{"n"}}, "GetParametersByPath": {"Path": "/"},
		"PutResourcePolicy":   {"ResourceArn": arn["ResourceArn"], "Policy": "{}"},
		"GetResourcePolicies": arn, "DeleteResourcePolicy": {"ResourceArn": arn["ResourceArn"], "PolicyId": "i", "PolicyHash": "h"},
		"AddTagsToResource":      {"ResourceType": "Parameter", "ResourceId": "n", "Tags": []any{}},
		"RemoveTagsFromResource": {"ResourceType": "Parameter", "ResourceId": "n", "TagKeys": []any{}},
		"ListTagsForResource":    {"ResourceType": "Parameter", "ResourceId": "n"},
	})
}

// TestVersions: an overwritten parameter keeps its versions, and is read by number
// (sysman-paramstore-versions.html).
func TestVersions(t *testing.T) {
	cl := bed()
	must(t, cl, putParameter, put("/net/bus", "one", func(in *ssm.PutParameterInput) {
		in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}
	}))
	refused(t, cl, putParameter, put("/net/bus", "two", nil), "ParameterAlreadyExists", "set the overwrite option")
	over := func(in *ssm.PutParameterInput) { in.Overwrite = aws.Bool(true) }
	if v := must(t, cl, putParameter, put("/net/bus", "two", over)).Version; v != 2 {
		t.Errorf("version %d", v)
	}
	get := func(name string) string {
		t.Helper()
		return *must(t, cl, getParameter, &ssm.GetParameterInput{Name: &name}).Parameter.Value
	}
	for name, want := range map[string]string{"/net/bus": "two", "/net/bus:1": "one", "arn:aws:ssm:eu-west-1:111111111111:parameter/net/bus": "two", "arn:aws:ssm:eu-west-1:111111111111:parameter/net/bus:1": "one"} {
		if got := get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	refused(t, cl, getParameter, &ssm.GetParameterInput{Name: aws.String("/net/bus:3")}, "ParameterVersionNotFound", "3")
	refused(t, cl, getParameter, &ssm.GetParameterInput{Name: aws.String("/net/none")}, "ParameterNotFound", "/net/none")
	refused(t, cl, getParameter, &ssm.GetParameterInput{Name: aws.String("arn:x")}, "AccessDeniedException", "")
	if h := must(t, cl, getParameterHistory, &ssm.GetParameterHistoryInput{Name: aws.String("/net/bus")}).Parameters; len(h) != 2 || *h[0].Value != "one" || h[1].Version != 2 {
		t.Errorf("history %+v", h)
	}
	must(t, cl, removeTagsFromResource, &ssm.RemoveTagsFromResourceInput{ResourceType: "Parameter", ResourceId: aws.String("/net/bus"), TagKeys: []string{"a"}})
	must(t, cl, addTagsToResource, &ssm.AddTagsToResourceInput{ResourceType: "Parameter", ResourceId: aws.String("/net/bus"), Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}})
	if tags := must(t, cl, listTagsForResource, &ssm.ListTagsForResourceInput{ResourceType: "Parameter", ResourceId: aws.String("/net/bus")}).TagList; len(tags) != 1 || *tags[0].Key != "b" {
		t.Errorf("tags %+v", tags)
	}
	out := must(t, cl, deleteParameters, &ssm.DeleteParametersInput{Names: []string{"/net/bus", "/net/none"}})
	if len(out.DeletedParameters) != 1 || len(out.InvalidParameters) != 1 {
		t.Errorf("deleted %+v", out)
	}
	if v := must(t, cl, putParameter, put("/net/bus", "three", nil)).Version; v != 1 {
		t.Errorf("a new one has the version %d", v)
	}
}

// TestRefusals: names, tiers, values that PutParameter refuses (API_PutParameter).
func TestRefusals(t *testing.T) {
	cl := bed()
	for _, tt := range []struct {
		in         *ssm.PutParameterInput
		code, text string
	}{
		{put("aws-x", "v", nil), "ValidationException", "can't be prefixed"},
		{put("a b", "v", nil), "ValidationException", "mix of letters"},
		{put("a/b", "v", nil), "ValidationException", "fully qualified"},
		{put(strings.Repeat("/a", 16), "v", nil), "HierarchyLevelLimitExceededException", "15 levels"},
		{put("n", "v", func(in *ssm.PutParameterInput) { in.Type = "" }), "ValidationException", "type is required"},
		{put("n", "v", func(in *ssm.PutParameterInput) { in.Type = types.ParameterTypeSecureString }), "NotImplementedByTwin", "SecureString"},
		{put("n", "{{m}}", nil), "ValidationException", "nest"},
		{put("n", "v", func(in *ssm.PutParameterInput) { in.AllowedPattern = aws.String(`^\d+$`) }), "ParameterPatternMismatchException", ""},
		{put("n", strings.Repeat("x", 4097), nil), "ValidationException", "4096"},
		{put("n", strings.Repeat("x", 8193), func(in *ssm.PutParameterInput) { in.Tier = types.ParameterTierAdvanced }), "ValidationException", "8192"},
	} {
		refused(t, cl, putParameter, tt.in, tt.code, tt.text)
	}
	out := must(t, cl, putParameter, put("n", strings.Repeat("x", 4097), func(in *ssm.PutParameterInput) { in.Tier = types.ParameterTierIntelligentTiering }))
	if out.Tier != types.ParameterTierAdvanced {
		t.Errorf("a long value has the tier %s", out.Tier)
	}
	refused(t, cl, putParameter, put("n", "v", func(in *ssm.PutParameterInput) {
		in.Overwrite, in.Tier = aws.Bool(true), types.ParameterTierStandard
	}), "ValidationException", "downgrade")
}

// TestLists: by path and by filters, in pages (API_GetParametersByPath,
// API_ParameterStringFilter).
func TestLists(t *testing.T) {
	cl := bed()
	for _, n := range []string{"/a/one", "/a/two", "/a/deep/three", "/b/four", "five"} {
		must(t, cl, putParameter, put(n, n, nil))
	}
	path := func(p string, deep bool) (names []string) {
		var token *string
		for {
			out := must(t, cl, getParametersByPath, &ssm.GetParametersByPathInput{Path: &p, Recursive: &deep, MaxResults: aws.Int32(2), NextToken: token})
			for _, v := range out.Parameters {
				names = append(names, *v.Name)
			}
			if token = out.NextToken; token == nil {
				return names
			}
		}
	}
	described := func(key, option string, values ...string) (names []string) {
		for _, p := range must(t, cl, describeParameters, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{{Key: &key, Option: &option, Values: values}}}).Parameters {
			names = append(names, *p.Name)
		}
		return names
	}
	for got, want := range map[string]string{
		fmt.Sprint(path("/a", false)): "[/a/one /a/two]", fmt.Sprint(path("/a/", true)): "[/a/deep/three /a/one /a/two]", fmt.Sprint(path("/", false)): "[five]",
		fmt.Sprint(described("Name", "BeginsWith", "/b", "five")): "[/b/four five]", fmt.Sprint(described("Name", "Contains", "three")): "[/a/deep/three]",
		fmt.Sprint(described("Path", "Recursive", "/b")): "[/b/four]", fmt.Sprint(described("Tier", "Equals", "Advanced")): "[]",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	refused(t, cl, describeParameters, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Colour"), Values: []string{"x"}}}}, "InvalidFilterKey", "Colour")
}

// TestSharing: a consumer finds an Advanced parameter that RAM shares and reads it by
// its ARN, with permission of its own too; nobody else does
// (parameter-store-shared-parameters.html).
func TestSharing(t *testing.T) {
	cl := bed()
	out := must(t, cl, putParameter, put("/net/bus", "arn:bus", func(in *ssm.PutParameterInput) { in.Tier = types.ParameterTierAdvanced }))
	if out.Tier != types.ParameterTierAdvanced {
		t.Fatalf("tier %s", out.Tier)
	}
	arn := estate.ParameterARN(cl.Account, cl.Region, "/net/bus")
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Shares.Put(estate.Share{
			ARN: "arn:aws:ram:eu-west-1:111111111111:resource-share/1", Account: cl.Account, Region: cl.Region, AllowExternal: true,
			Resources:  []estate.ShareMember{{ID: arn, Status: estate.ShareAssociated}},
			Principals: []estate.ShareMember{{ID: "222222222222", Status: estate.ShareAssociated, External: true}},
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	consumer, stranger := cl.In("222222222222", ""), cl.In("333333333333", "")
	find := func(c worldtest.Client) []types.ParameterMetadata {
		return must(t, c, describeParameters, &ssm.DescribeParametersInput{Shared: aws.Bool(true), Filters: []types.ParametersFilter{{Key: "Name", Values: []string{"/net/bus"}}}}).Parameters
	}
	if found := find(consumer); len(found) != 1 || *found[0].ARN != arn {
		t.Fatalf("found %+v", found)
	}
	if v := must(t, consumer, getParameter, &ssm.GetParameterInput{Name: &arn}).Parameter.Value; *v != "arn:bus" {
		t.Errorf("read %s", *v)
	}
	refused(t, consumer, getParameter, &ssm.GetParameterInput{Name: aws.String("/net/bus")}, "ParameterNotFound", "/net/bus")
	if own := must(t, consumer, describeParameters, &ssm.DescribeParametersInput{}).Parameters; len(own) != 0 {
		t.Errorf("among its own: %+v", own)
	}
	if found := find(stranger); len(found) != 0 {
		t.Errorf("a stranger found %+v", found)
	}
	refused(t, stranger, getParameter, &ssm.GetParameterInput{Name: &arn}, "AccessDeniedException", "resource-based policy")
	bare := consumer
	bare.Caller = world.Caller{Account: consumer.Account, ARN: "arn:aws:iam::222222222222:user/bare", ID: "AIDA1"}
	refused(t, bare, getParameter, &ssm.GetParameterInput{Name: &arn}, "AccessDeniedException", "identity-based policy")

	// A policy without RAM does as well, for reading.
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"333333333333"},"Action":"ssm:GetParameter","Resource":"*"}]}`
	made := must(t, cl, putResourcePolicy, &ssm.PutResourcePolicyInput{ResourceArn: &arn, Policy: &policy})
	must(t, stranger, getParameter, &ssm.GetParameterInput{Name: &arn})
	refused(t, cl, deleteResourcePolicy, &ssm.DeleteResourcePolicyInput{ResourceArn: &arn, PolicyId: made.PolicyId, PolicyHash: aws.String("x")}, "ResourcePolicyConflictException", "")
	must(t, cl, deleteResourcePolicy, &ssm.DeleteResourcePolicyInput{ResourceArn: &arn, PolicyId: made.PolicyId, PolicyHash: made.PolicyHash})
	refused(t, stranger, getParameter, &ssm.GetParameterInput{Name: &arn}, "AccessDeniedException", "")
	must(t, cl, putParameter, put("plain", "v", nil))
	refused(t, cl, putResourcePolicy, &ssm.PutResourcePolicyInput{ResourceArn: aws.String(estate.ParameterARN(cl.Account, cl.Region, "plain")), Policy: &policy}, "ResourcePolicyInvalidParameterException", "advanced")
}
