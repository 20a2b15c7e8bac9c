package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	role     = "arn:aws:iam::111111111111:role/runs"
	stranger = "arn:aws:iam::111111111111:role/strange" // which Lambda may not assume
	bare     = "arn:aws:iam::111111111111:role/bare"    // which may do nothing
)

// bed has roles, and a VPC with a subnet and a security group.
func bed(t *testing.T) (worldtest.Client, *clock.Virtual) {
	t.Helper()
	cl, c := worldtest.New()
	trust := func(service string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
	}
	if err := cl.World.Update(func(s *world.State) error {
		e := &s.Estate
		e.Roles.Put(
			estate.Role{ARN: role, ID: "AROA1", Account: cl.Account, Name: "runs", Path: "/", Trust: trust("lambda.amazonaws.com"), Attached: []string{"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"}},
			estate.Role{ARN: stranger, ID: "AROA2", Account: cl.Account, Name: "strange", Path: "/", Trust: trust("ec2.amazonaws.com")},
			estate.Role{ARN: bare, ID: "AROA3", Account: cl.Account, Name: "bare", Path: "/", Trust: trust("lambda.amazonaws.com")},
		)
		for _, v := range []struct {
			vpc     string
			account estate.AccountID
		}{{"vpc-1", cl.Account}, {"vpc-2", cl.Account}, {"vpc-9", "999999999999"}} {
			n := strings.TrimPrefix(v.vpc, "vpc-")
			e.VPCs.Put(estate.VPC{ID: v.vpc, Account: v.account, Region: cl.Region})
			e.Subnets.Put(estate.Subnet{ID: "subnet-" + n, VPC: v.vpc, Account: v.account, Region: cl.Region, CIDR: netip.MustParsePrefix("10.0.0.0/24")})
			e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-" + n, VPC: v.vpc, Account: v.account, Region: cl.Region})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return cl, c
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

func archive(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("main.py")
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func probe(t *testing.T, change func(*lambda.CreateFunctionInput)) *lambda.CreateFunctionInput {
	in := &lambda.CreateFunctionInput{
		FunctionName: aws.String("probe"), Role: aws.String(role), Runtime: types.RuntimePython312, Handler: aws.String("main.handler"),
		Code: &types.FunctionCode{ZipFile: archive(t, "a")}, Environment: &types.Environment{Variables: map[string]string{HandlerVariable: "probe"}},
		VpcConfig: &types.VpcConfig{SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}}, Tags: map[string]string{"a": "1"},
	}
	if change != nil {
		change(in)
	}
	return in
}

// TestLife: Pending, Active, updates one at a time, deletion (Lambda Developer
// Guide, functions-states.html).
func TestLife(t *testing.T) {
	cl, c := bed(t)
	made := must(t, cl, createFunction, probe(t, nil))
	if made.State != types.StatePending || *made.VpcConfig.VpcId != "vpc-1" || *made.Timeout != 3 || *made.MemorySize != 128 {
		t.Errorf("made %+v", made)
	}
	refused(t, cl, createFunction, probe(t, nil), "ResourceConflictException", "already exist")
	refused(t, cl, invoke, &lambda.InvokeInput{FunctionName: aws.String("probe")}, "ResourceConflictException", "Pending")
	shown := func() *lambda.GetFunctionOutput {
		return must(t, cl, getFunction, &lambda.GetFunctionInput{FunctionName: made.FunctionArn})
	}
	c.Advance(startingVPC)
	if f := shown(); f.Configuration.State != types.StateActive || f.Configuration.LastUpdateStatus != types.LastUpdateStatusSuccessful || f.Tags["a"] != "1" {
		t.Errorf("after a while %+v", f.Configuration)
	}
	// placed are the statuses of what has network interfaces in the VPC.
	placed := func() (out []string) {
		e := cl.World.Estate()
		for f := range e.Functions.By(estate.ByVPC("vpc-1")) {
			if slices.Equal(f.Subnets, []string{"subnet-1"}) && slices.Equal(f.Groups, []string{"sg-1"}) {
				out = append(out, f.Status)
			}
		}
		return out
	}
	if got := placed(); !slices.Equal(got, []string{estate.FunctionActive}) {
		t.Errorf("in the VPC stands %v", got)
	}
	code := must(t, cl, updateFunctionCode, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("probe"), ZipFile: archive(t, "b")})
	if *code.CodeSha256 == *made.CodeSha256 || code.LastUpdateStatus != types.LastUpdateStatusInProgress || *code.RevisionId == *made.RevisionId {
		t.Errorf("after new code %+v", code)
	}
	more := &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("probe"), Timeout: aws.Int32(30), VpcConfig: &types.VpcConfig{}}
	refused(t, cl, updateFunctionConfiguration, more, "ResourceConflictException", "update is in progress")
	c.Advance(starting)
	must(t, cl, updateFunctionConfiguration, more)
	c.Advance(starting)
	if f := shown().Configuration; *f.Timeout != 30 || f.VpcConfig != nil || !slices.Equal(placed(), []string{estate.FunctionReleasing}) {
		t.Errorf("after an update %+v, in the VPC stands %v", f, placed())
	}
	c.Advance(estate.FunctionRelease)
	if got := placed(); len(got) > 0 {
		t.Errorf("long after the function left its VPC there stands %v", got)
	}
	if n := len(must(t, cl, listFunctions, &lambda.ListFunctionsInput{}).Functions); n != 1 {
		t.Errorf("%d functions", n)
	}
	must(t, cl, deleteFunction, &lambda.DeleteFunctionInput{FunctionName: aws.String("probe")})
	refused(t, cl, getFunction, &lambda.GetFunctionInput{FunctionName: aws.String("probe")}, "ResourceNotFoundException", *made.FunctionArn)
}

// TestRelease: Lambda takes network interfaces away as the function's role, and no
// more once that is gone.
func TestRelease(t *testing.T) {
	for name, goes := range map[string]bool{"the role stays": false, "the role goes": true} {
		t.Run(name, func(t *testing.T) {
			cl, c := bed(t)
			must(t, cl, createFunction, probe(t, nil))
			c.Advance(startingVPC)
			must(t, cl, deleteFunction, &lambda.DeleteFunctionInput{FunctionName: aws.String("probe")})
			if goes {
				if err := cl.World.Update(func(s *world.State) error { s.Estate.Roles.Delete(role); return nil }); err != nil {
					t.Fatal(err)
				}
			}
			c.Advance(2 * estate.FunctionRelease)
			if left := cl.World.Estate().Functions.Len(); left > 0 != goes {
				t.Errorf("%d functions have network interfaces", left)
			}
		})
	}
}

// TestRefusals: roles, code and places that Lambda refuses.
func TestRefusals(t *testing.T) {
	cl, _ := bed(t)
	for _, tc := range []struct {
		change     func(*lambda.CreateFunctionInput)
		code, text string
	}{
		{func(in *lambda.CreateFunctionInput) { in.Role = aws.String(stranger) }, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."},
		{func(in *lambda.CreateFunctionInput) { in.Role = aws.String(role + "2") }, "InvalidParameterValueException", "cannot be assumed"},
		{func(in *lambda.CreateFunctionInput) { in.Role = aws.String(bare) }, "InvalidParameterValueException", "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"},
		{func(in *lambda.CreateFunctionInput) { in.VpcConfig.SubnetIds = []string{"subnet-9"} }, "InvalidParameterValueException", "subnet-9"},
		{func(in *lambda.CreateFunctionInput) { in.VpcConfig.SecurityGroupIds = []string{"sg-9"} }, "InvalidParameterValueException", "sg-9"},
		{func(in *lambda.CreateFunctionInput) { in.VpcConfig.SecurityGroupIds = []string{"sg-2"} }, "InvalidParameterValueException", "same VPC"},
		{func(in *lambda.CreateFunctionInput) { in.VpcConfig.SubnetIds = []string{"subnet-1", "subnet-2"} }, "InvalidParameterValueException", "same VPC"},
		{func(in *lambda.CreateFunctionInput) { in.VpcConfig.SecurityGroupIds = nil }, "InvalidParameterValueException", "coexist"},
		{func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = []byte("x") }, "InvalidParameterValueException", "unzip"},
		{func(in *lambda.CreateFunctionInput) { in.Handler = nil }, "InvalidParameterValueException", "mandatory"},
		{func(in *lambda.CreateFunctionInput) { in.Layers = []string{"arn:aws:lambda:eu-west-1:1:layer:l:1"} }, "NotImplementedByTwin", "Layers"},
	} {
		refused(t, cl, createFunction, probe(t, tc.change), tc.code, tc.text)
	}
	image := probe(t, func(in *lambda.CreateFunctionInput) {
		in.PackageType, in.Runtime, in.Handler = types.PackageTypeImage, "", nil
		in.Code = &types.FunctionCode{ImageUri: aws.String("111111111111.dkr.ecr.eu-west-1.amazonaws.com/probe:1")}
	})
	must(t, cl, createFunction, image)
	if code := must(t, cl, getFunction, &lambda.GetFunctionInput{FunctionName: aws.String("probe")}).Code; *code.ImageUri != *image.Code.ImageUri {
		t.Errorf("code %+v", code)
	}
}

// TestInvoke: a function of orgdns runs where it is placed; any other is refused
// by name.
func TestInvoke(t *testing.T) {
	cl, c := bed(t)
	cl.World.Functions = map[string]world.Function{"probe": func(_ context.Context, in world.Invocation) ([]byte, error) {
		if string(in.Payload) == "fail" {
			return nil, errors.New("no route")
		}
		_, there := in.Estate.VPCs.Get(in.VPC)
		return fmt.Appendf(nil, "%s %v %v %t %s", in.VPC, in.Subnets, in.Groups, there, in.Payload), nil
	}}
	must(t, cl, createFunction, probe(t, nil))
	must(t, cl, createFunction, probe(t, func(in *lambda.CreateFunctionInput) {
		in.FunctionName, in.Environment = aws.String("other"), nil
	}))
	c.Advance(startingVPC)
	call := func(kind types.InvocationType, payload string) *lambda.InvokeOutput {
		return must(t, cl, invoke, &lambda.InvokeInput{FunctionName: aws.String("probe"), InvocationType: kind, Payload: []byte(payload)})
	}
	if out := call("", "hello"); out.StatusCode != 200 || string(out.Payload) != "vpc-1 [subnet-1] [sg-1] true hello" || out.FunctionError != nil {
		t.Errorf("answer %d %s", out.StatusCode, out.Payload)
	}
	if out := call("RequestResponse", "fail"); out.StatusCode != 200 || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), "no route") {
		t.Errorf("failure %d %s", out.StatusCode, out.Payload)
	}
	if out := call("Event", "hello"); out.StatusCode != 202 || out.Payload != nil {
		t.Errorf("event %d %s", out.StatusCode, out.Payload)
	}
	refused(t, cl, invoke, &lambda.InvokeInput{FunctionName: aws.String("other")}, "NotImplementedByTwin", "arn:aws:lambda:eu-west-1:111111111111:function:other")
}

// TestPolicy: statements of the resource policy, and tags.
func TestPolicy(t *testing.T) {
	cl, _ := bed(t)
	arn := must(t, cl, createFunction, probe(t, nil)).FunctionArn
	name := aws.String("probe")
	refused(t, cl, getPolicy, &lambda.GetPolicyInput{FunctionName: name}, "ResourceNotFoundException", "")
	in := &lambda.AddPermissionInput{FunctionName: name, StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("222222222222")}
	must(t, cl, addPermission, in)
	refused(t, cl, addPermission, in, "ResourceConflictException", "already exists")
	if p := must(t, cl, getPolicy, &lambda.GetPolicyInput{FunctionName: name}).Policy; !strings.Contains(*p, `"AWS":"arn:aws:iam::222222222222:root"`) {
		t.Errorf("policy %s", *p)
	}
	must(t, cl, removePermission, &lambda.RemovePermissionInput{FunctionName: name, StatementId: aws.String("s")})
	must(t, cl, tagResource, &lambda.TagResourceInput{Resource: arn, Tags: map[string]string{"b": "2"}})
	must(t, cl, untagResource, &lambda.UntagResourceInput{Resource: arn, TagKeys: []string{"a"}})
	if tags := must(t, cl, listTags, &lambda.ListTagsInput{Resource: arn}).Tags; len(tags) != 1 || tags["b"] != "2" {
		t.Errorf("tags %v", tags)
	}
}
