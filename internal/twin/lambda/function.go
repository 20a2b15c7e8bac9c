package lambda

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// service is the principal that runs functions.
const service = "lambda.amazonaws.com"

func createFunction(_ context.Context, c *world.Call, in *lambda.CreateFunctionInput) (*lambda.CreateFunctionOutput, error) {
	arn := arnOf(c, aws.ToString(in.FunctionName))
	if err := allow(c, arn, in.Tags); err != nil {
		return nil, err
	}
	if err := unsupported(c, in.Layers, in.FileSystemConfigs, map[string]bool{
		"Publish": in.Publish, "DeadLetterConfig": in.DeadLetterConfig != nil && aws.ToString(in.DeadLetterConfig.TargetArn) != "",
		"KMSKeyArn": aws.ToString(in.KMSKeyArn) != "", "CodeSigningConfigArn": in.CodeSigningConfigArn != nil, "DurableConfig": in.DurableConfig != nil,
		"CapacityProviderConfig": in.CapacityProviderConfig != nil, "TenancyConfig": in.TenancyConfig != nil, "SnapStart": in.SnapStart != nil && in.SnapStart.ApplyOn == types.SnapStartApplyOnPublishedVersions,
	}); err != nil {
		return nil, err
	}
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	f := fresh(name, arn)
	f.made, f.PackageType = c.Now, cmp.Or(in.PackageType, types.PackageTypeZip)
	if len(in.Architectures) > 0 {
		f.Architectures = in.Architectures
	}
	adopt(c)
	if _, twice := functions.Get(c.State, arn); twice {
		return nil, &types.ResourceConflictException{Message: text("Function already exist: %s", name), Type: aws.String("User")}
	}
	if in.Code == nil {
		return nil, invalid("Please provide a source for function code.")
	}
	if err := f.load(c, in.Code.ZipFile, aws.ToString(in.Code.ImageUri), in.Code.S3Bucket); err != nil {
		return nil, err
	}
	if err := f.configure(c, &lambda.UpdateFunctionConfigurationInput{
		Role: in.Role, Handler: in.Handler, Runtime: in.Runtime, Description: in.Description, Timeout: in.Timeout, MemorySize: in.MemorySize,
		Environment: in.Environment, EphemeralStorage: in.EphemeralStorage, TracingConfig: in.TracingConfig, LoggingConfig: in.LoggingConfig,
		ImageConfig: in.ImageConfig, VpcConfig: in.VpcConfig,
	}); err != nil {
		return nil, err
	}
	f.ready = f.takes()
	f.put(c)
	world.Tags.Put(c.State, arn, in.Tags)
	return as[lambda.CreateFunctionOutput](f.shown(c.Now)), nil
}

// fresh is a function with all that CreateFunction has by default.
func fresh(name, arn string) function {
	return function{FunctionConfiguration: types.FunctionConfiguration{
		FunctionName: &name, FunctionArn: &arn, Version: aws.String("$LATEST"), PackageType: types.PackageTypeZip,
		Architectures: []types.Architecture{types.ArchitectureX8664}, MemorySize: aws.Int32(128), Timeout: aws.Int32(3), Description: aws.String(""),
		EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(512)}, TracingConfig: &types.TracingConfigResponse{Mode: types.TracingModePassThrough},
		SnapStart:     &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff},
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/" + name)},
	}}
}

// unsupported refuses by name what the twin does not have.
func unsupported(c *world.Call, layers []string, files []types.FileSystemConfig, given map[string]bool) error {
	given["Layers"], given["FileSystemConfigs"] = len(layers) > 0, len(files) > 0
	var names []string
	for name, there := range given {
		if there {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return c.Unsupported(slices.Min(names))
}

// load takes the function's code; of it a digest is kept.
func (f *function) load(c *world.Call, file []byte, image string, bucket *string) error {
	switch {
	case bucket != nil:
		return c.Unsupported("S3Bucket")
	case f.PackageType == types.PackageTypeImage && image == "":
		return invalid("Please provide ImageUri when packageType is Image.")
	case f.PackageType == types.PackageTypeImage:
		f.image, f.CodeSha256, f.CodeSize = image, text("%x", sha256.Sum256([]byte(image))), 0
		return nil
	case image != "":
		return invalid("Please don't provide ImageUri when updating a function with packageType Zip.")
	}
	if _, err := zip.NewReader(bytes.NewReader(file), int64(len(file))); err != nil {
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	sum := sha256.Sum256(file)
	f.CodeSha256, f.CodeSize = aws.String(base64.StdEncoding.EncodeToString(sum[:])), int64(len(file))
	return nil
}

// configure changes what is given, and marks a new revision.
func (f *function) configure(c *world.Call, in *lambda.UpdateFunctionConfigurationInput) error {
	if in.Role != nil {
		if err := c.Authorize("iam:PassRole", *in.Role, world.Conditions{"iam:passedtoservice": {service}}); err != nil {
			return err
		}
		f.Role = in.Role
	}
	role, err := assumable(c, aws.ToString(f.Role))
	if err != nil {
		return err
	}
	set(&f.Handler, in.Handler)
	set(&f.Description, in.Description)
	set(&f.Timeout, in.Timeout)
	set(&f.MemorySize, in.MemorySize)
	set(&f.EphemeralStorage, in.EphemeralStorage)
	f.Runtime = cmp.Or(in.Runtime, f.Runtime)
	if f.PackageType == types.PackageTypeZip && (aws.ToString(f.Handler) == "" || f.Runtime == "") {
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if f.Runtime != "" {
		f.RuntimeVersionConfig = &types.RuntimeVersionConfig{RuntimeVersionArn: text("arn:aws:lambda:%s::runtime:%x", c.Region, sha256.Sum256([]byte(f.Runtime)))}
	}
	if in.Environment != nil {
		f.Environment = nil
		if len(in.Environment.Variables) > 0 {
			f.Environment = &types.EnvironmentResponse{Variables: in.Environment.Variables}
		}
	}
	if in.TracingConfig != nil {
		f.TracingConfig = &types.TracingConfigResponse{Mode: in.TracingConfig.Mode}
	}
	if in.LoggingConfig != nil {
		logging := *in.LoggingConfig
		logging.LogFormat = cmp.Or(logging.LogFormat, types.LogFormatText)
		logging.LogGroup = aws.String(cmp.Or(aws.ToString(logging.LogGroup), "/aws/lambda/"+*f.FunctionName))
		f.LoggingConfig = &logging
	}
	if in.ImageConfig != nil {
		f.ImageConfigResponse = &types.ImageConfigResponse{ImageConfig: in.ImageConfig}
	}
	if in.VpcConfig != nil {
		if f.VpcConfig, err = placed(c, role, in.VpcConfig); err != nil {
			return err
		}
	}
	f.revise(c)
	return nil
}

// revise gives the function a new revision.
func (f *function) revise(c *world.Call) {
	h := c.State.HexID(c.Account(), "function", *f.FunctionArn, 32)
	f.RevisionId = text("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
	f.LastModified = aws.String(c.Now.Format("2006-01-02T15:04:05.000-0700"))
}

// set changes a field when a value was given.
func set[T any](field **T, given *T) {
	if given != nil {
		*field = given
	}
}

// assumable finds a role of the caller's that Lambda may assume (Lambda
// Developer Guide, lambda-intro-execution-role.html).
func assumable(c *world.Call, arn string) (estate.Role, error) {
	refused := invalid("The role defined for the function cannot be assumed by Lambda.")
	role, ok := c.Estate().Roles.Get(arn)
	if !ok || role.Account != c.Account() {
		return role, refused
	}
	if !iam.MayAssume(c, iam.ServicePrincipal{Name: service, Account: c.Account()}, role) {
		return role, refused
	}
	return role, nil
}

// placed checks subnets and security groups, which the function's role must be
// able to use (configuration-vpc.html). Without any the function leaves its VPC.
func placed(c *world.Call, role estate.Role, in *types.VpcConfig) (*types.VpcConfigResponse, error) {
	out := &types.VpcConfigResponse{SubnetIds: in.SubnetIds, SecurityGroupIds: in.SecurityGroupIds, Ipv6AllowedForDualStack: aws.Bool(aws.ToBool(in.Ipv6AllowedForDualStack))}
	switch {
	case len(in.SubnetIds)+len(in.SecurityGroupIds) == 0:
		return nil, nil
	case len(in.SubnetIds) == 0 || len(in.SecurityGroupIds) == 0:
		return nil, invalid("SubnetIds and SecurityIds must coexist or be both empty list.")
	}
	as := *c
	as.Caller = iam.SessionOf(role, "lambda")
	for _, action := range []string{"CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"} {
		if iam.Authorizer(&as)("ec2:"+action, "*", nil) != nil {
			return nil, invalid("The provided execution role does not have permissions to call %s on EC2", action)
		}
	}
	e := c.Estate()
	for _, id := range in.SubnetIds {
		s, ok := e.Subnets.Get(id)
		if !ok || s.Region != c.Region || s.Account != c.Account() && !slices.Contains(c.Shared("ec2", "subnet/"), subnetARN(s)) {
			return nil, invalid("Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID '%s' does not exist", id)
		}
		if out.VpcId != nil && *out.VpcId != s.VPC {
			return nil, invalid("Security Groups and subnets must belong to the same VPC.")
		}
		out.VpcId = aws.String(s.VPC)
	}
	for _, id := range in.SecurityGroupIds {
		g, ok := e.SecurityGroups.Get(id)
		switch {
		case ok && (g.Account != c.Account() || g.Region != c.Region) || !strings.HasPrefix(id, "sg-"):
			return nil, invalid("Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: The security group '%s' does not exist", id)
		case ok && g.VPC != *out.VpcId:
			return nil, invalid("Security Groups and subnets must belong to the same VPC.")
		}
	}
	return out, nil
}

func getFunction(_ context.Context, c *world.Call, in *lambda.GetFunctionInput) (*lambda.GetFunctionOutput, error) {
	f, err := find(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	config := f.shown(c.Now)
	code := &types.FunctionCodeLocation{RepositoryType: aws.String("S3"), Location: text("https://awslambda-%s-tasks.s3.%[1]s.amazonaws.com/snapshots/%s/%s", c.Region, c.Account(), *f.FunctionName)}
	if f.PackageType == types.PackageTypeImage {
		repository, _, _ := strings.Cut(f.image, ":")
		code = &types.FunctionCodeLocation{RepositoryType: aws.String("ECR"), ImageUri: &f.image, ResolvedImageUri: text("%s@sha256:%s", repository, *f.CodeSha256)}
	}
	tags, _ := world.Tags.Get(c.State, *f.FunctionArn)
	return &lambda.GetFunctionOutput{Configuration: &config, Code: code, Tags: tags}, nil
}

func getFunctionConfiguration(_ context.Context, c *world.Call, in *lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
	f, err := find(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return as[lambda.GetFunctionConfigurationOutput](f.shown(c.Now)), nil
}

// getFunctionCodeSigningConfig answers that the function has none.
func getFunctionCodeSigningConfig(_ context.Context, c *world.Call, in *lambda.GetFunctionCodeSigningConfigInput) (*lambda.GetFunctionCodeSigningConfigOutput, error) {
	f, err := find(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	return &lambda.GetFunctionCodeSigningConfigOutput{FunctionName: f.FunctionName}, nil
}

func listFunctions(_ context.Context, c *world.Call, in *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	adopt(c)
	out := &lambda.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}}
	limit, last := int(cmp.Or(aws.ToInt32(in.MaxItems), 50)), ""
	functions.Walk(c.State, arnOf(c, ""), func(arn string, f function) bool {
		if arn <= aws.ToString(in.Marker) {
			return true
		}
		if len(out.Functions) == limit {
			out.NextMarker = &last
			return false
		}
		out.Functions, last = append(out.Functions, f.shown(c.Now)), arn
		return true
	})
	return out, nil
}

func listVersions(_ context.Context, c *world.Call, in *lambda.ListVersionsByFunctionInput) (*lambda.ListVersionsByFunctionOutput, error) {
	f, err := find(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	latest := f.shown(c.Now)
	latest.FunctionArn = aws.String(*f.FunctionArn + ":$LATEST")
	return &lambda.ListVersionsByFunctionOutput{Versions: []types.FunctionConfiguration{latest}}, nil
}

func updateFunctionCode(_ context.Context, c *world.Call, in *lambda.UpdateFunctionCodeInput) (*lambda.UpdateFunctionCodeOutput, error) {
	f, err := find(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if err := unsupported(c, nil, nil, map[string]bool{"Publish": in.Publish, "DryRun": in.DryRun}); err != nil {
		return nil, err
	}
	if err := f.unchanged(c, in.RevisionId); err != nil {
		return nil, err
	}
	if err := f.load(c, in.ZipFile, aws.ToString(in.ImageUri), in.S3Bucket); err != nil {
		return nil, err
	}
	if len(in.Architectures) > 0 {
		f.Architectures = in.Architectures
	}
	f.revise(c)
	f.updated, f.ready = c.Now, starting
	f.put(c)
	return as[lambda.UpdateFunctionCodeOutput](f.shown(c.Now)), nil
}

// unchanged refuses a change while another is under way, or of another revision than
// the caller has seen.
func (f function) unchanged(c *world.Call, revision *string) error {
	if revision != nil && *revision != *f.RevisionId {
		return &types.PreconditionFailedException{Message: text("The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"), Type: aws.String("User")}
	}
	return f.changeable(c)
}

func updateFunctionConfiguration(_ context.Context, c *world.Call, in *lambda.UpdateFunctionConfigurationInput) (*lambda.UpdateFunctionConfigurationOutput, error) {
	f, err := find(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if err := unsupported(c, in.Layers, in.FileSystemConfigs, map[string]bool{
		"DeadLetterConfig": in.DeadLetterConfig != nil && aws.ToString(in.DeadLetterConfig.TargetArn) != "", "KMSKeyArn": aws.ToString(in.KMSKeyArn) != "",
		"DurableConfig": in.DurableConfig != nil, "CapacityProviderConfig": in.CapacityProviderConfig != nil, "SnapStart": in.SnapStart != nil && in.SnapStart.ApplyOn == types.SnapStartApplyOnPublishedVersions,
	}); err != nil {
		return nil, err
	}
	if err := f.unchanged(c, in.RevisionId); err != nil {
		return nil, err
	}
	before := f.vpc()
	if err := f.configure(c, in); err != nil {
		return nil, err
	}
	f.updated, f.ready = c.Now, starting
	if f.vpc() != before {
		f.ready = f.takes()
	}
	f.put(c)
	return as[lambda.UpdateFunctionConfigurationOutput](f.shown(c.Now)), nil
}

func deleteFunction(_ context.Context, c *world.Call, in *lambda.DeleteFunctionInput) (*lambda.DeleteFunctionOutput, error) {
	f, err := find(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	f.forget(c)
	return &lambda.DeleteFunctionOutput{StatusCode: 204}, nil
}

// invoke runs a function of orgdns itself. It is run inside the call's
// transaction, on the estate as it is now: it gets values and must not wait.
func invoke(ctx context.Context, c *world.Call, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	f, err := find(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if f.shown(c.Now).State == types.StatePending {
		return nil, f.changeable(c)
	}
	if in.InvocationType == types.InvocationTypeDryRun {
		return &lambda.InvokeOutput{StatusCode: 204}, nil
	}
	run, err := f.code(c, in.Payload)
	if err != nil {
		return nil, err
	}
	payload, err := run(ctx)
	out := &lambda.InvokeOutput{StatusCode: 200, ExecutedVersion: f.Version, Payload: payload}
	if err != nil {
		failure, marshal := json.Marshal(map[string]string{"errorMessage": err.Error(), "errorType": "Error"})
		if marshal != nil {
			return nil, marshal
		}
		out.FunctionError, out.Payload = aws.String("Unhandled"), failure
	}
	if in.InvocationType == types.InvocationTypeEvent {
		return &lambda.InvokeOutput{StatusCode: 202}, nil // nobody waits for what it answers
	}
	return out, nil
}

// code is the function of orgdns that a function is, with what it is called with.
func (f function) code(c *world.Call, payload []byte) (func(context.Context) ([]byte, error), error) {
	name := ""
	if f.Environment != nil {
		name = f.Environment.Variables[HandlerVariable]
	}
	run := c.World.Functions[name]
	if run == nil {
		return nil, world.NotImplemented(fmt.Sprintf("The twin runs no code: Invoke of the function %s, whose %s is %q, is not a function of orgdns that it has", *f.FunctionArn, HandlerVariable, name))
	}
	call := world.Invocation{Function: *f.FunctionArn, Account: f.account(), Region: c.Region, VPC: f.vpc(), Payload: payload, Estate: *c.Estate(), Now: c.Now}
	if f.VpcConfig != nil {
		call.Subnets, call.Groups = f.VpcConfig.SubnetIds, f.VpcConfig.SecurityGroupIds
	}
	return func(ctx context.Context) ([]byte, error) { return run(ctx, call) }, nil
}

// account is the function's owner.
func (f function) account() estate.AccountID {
	return estate.AccountID(strings.Split(*f.FunctionArn, ":")[4])
}

// Deliver invokes a function for a service of AWS, which does not wait for what
// it answers, nor mind its errors (Lambda Developer Guide,
// invocation-async.html). authorize judges the action on the function.
func Deliver(ctx context.Context, c *world.Call, arn, payload string, authorize func(action string, r iam.Resource) error) error {
	f, ok := functions.Get(c.State, arn)
	if !ok {
		return notFound(arn)
	}
	if err := authorize("lambda:InvokeFunction", iam.Resource{ARN: arn, Account: f.account(), Policy: f.policy()}); err != nil {
		return err
	}
	run, err := f.code(c, []byte(payload))
	if err != nil {
		return err
	}
	_, _ = run(ctx)
	return nil
}
