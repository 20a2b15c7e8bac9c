package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// The function that looks from inside a VPC. It has no tags: its name is its
// mark, so that one list tells all that a plan must know.

const (
	// probeTimeout is less than how long an answer is waited for.
	probeTimeout = 55 * time.Second
	probeMemory  = 256 // MiB; the processor's share grows with it
	// rolePropagation: a role that was just made is not known everywhere (IAM User
	// Guide, troubleshoot.html).
	rolePropagation = time.Minute
)

const (
	conflicting  = "ResourceConflictException"
	invalidValue = "InvalidParameterValueException"
)

// readFunctions reads the account's functions.
func (c *caller) readFunctions(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.Function
	pages := lambda.NewListFunctionsPaginator(c.lambda(q.Account, q.Region), &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range page.Functions {
			one := estate.Function{
				ARN: aws.ToString(f.FunctionArn), Name: aws.ToString(f.FunctionName), Account: q.Account, Region: q.Region, Role: aws.ToString(f.Role),
				Code: aws.ToString(f.CodeSha256), Runtime: string(f.Runtime), Handler: aws.ToString(f.Handler), Status: estate.FunctionActive,
			}
			if len(f.Architectures) > 0 {
				one.Architecture = string(f.Architectures[0])
			}
			if v := f.VpcConfig; v != nil {
				one.VPC, one.Subnets, one.Groups = aws.ToString(v.VpcId), slices.Sorted(slices.Values(v.SubnetIds)), slices.Sorted(slices.Values(v.SecurityGroupIds))
			}
			// The variables of others may hold secrets: they are not kept.
			if f.Environment != nil && strings.HasPrefix(one.Name, plan.NamePrefix(c.opt.Owner)) {
				one.Variables = f.Environment.Variables
			}
			found = append(found, one)
		}
	}
	return func(e *estate.Estate) { replaceRegion(&e.Functions, q, found) }, nil
}

var probeRoleBinding = binding{
	reads:   []estate.QueryKind{estate.QueryRole},
	do:      (*Writer).doProbeRole,
	settled: (*Writer).settledAtOnce,
	needs:   making(plan.KindProbeRole, plan.Create, plan.Update, plan.Delete),
}

func (w *Writer) doProbeRole(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	done, err := w.doObjectRole(ctx, s, "Lambda functions that look from inside VPCs; made by orgdns")
	if err == nil {
		done[attrID] = done[attrARN] // how those that stand are told
	}
	return done, err
}

var probeBinding = binding{
	reads:   []estate.QueryKind{estate.QueryFunctions},
	do:      (*Writer).doProbe,
	settled: (*Writer).settledProbe,
	needs:   making(plan.KindProbe, plan.Create, plan.Update, plan.Delete),
}

func (w *Writer) doProbe(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	switch s.Action {
	case plan.Create:
		return w.createProbe(ctx, s)
	case plan.Update:
		return plan.Attributes{attrID: {s.ID}}, w.updateProbe(ctx, s, s.ID)
	case plan.Delete:
		_, err := w.lambda(s.Account, s.Region).DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &s.ID})
		if Code(err) == notFound {
			err = nil
		}
		return plan.Attributes{attrID: {s.ID}}, err
	}
	return nil, impossible(s)
}

// createProbe makes the function. One that has its name already is from a call
// whose answer was lost: it is brought to what is wanted.
func (w *Writer) createProbe(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	code, err := w.packaged(s)
	if err != nil {
		return nil, err
	}
	name := plan.MarkName(w.opt.Owner, s.Address)
	in := &lambda.CreateFunctionInput{
		FunctionName: &name, Description: aws.String("Looks from inside " + s.Object.One("vpc") + "; made by orgdns"),
		Role: aws.String(w.roleARN(s.Account, s.Object.One("role"))), Code: &types.FunctionCode{ZipFile: code},
		Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Architectures: []types.Architecture{types.Architecture(s.Object.One("architecture"))},
		Timeout: aws.Int32(int32(probeTimeout / time.Second)), MemorySize: aws.Int32(probeMemory), Environment: probeEnvironment(s), VpcConfig: probeNetwork(s),
	}
	err = w.outlast(ctx, rolePropagation, coded(invalidValue), func() error {
		_, err := w.lambda(s.Account, s.Region).CreateFunction(ctx, in)
		return err
	})
	if Code(err) == conflicting {
		err = w.updateProbe(ctx, s, name)
	}
	return plan.Attributes{attrID: {name}}, err
}

// updateProbe brings code, network and role to what is wanted. The variable that
// the code is known by comes last: until then the code counts as another.
func (w *Writer) updateProbe(ctx context.Context, s plan.Step, name string) error {
	client := w.lambda(s.Account, s.Region)
	if s.Action == plan.Create || s.Object.Changes("code") || s.Object.Changes("architecture") {
		code, err := w.packaged(s)
		if err != nil {
			return err
		}
		in := &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code, Architectures: []types.Architecture{types.Architecture(s.Object.One("architecture"))}}
		if err := w.outlast(ctx, patience, coded(conflicting), func() error {
			_, err := client.UpdateFunctionCode(ctx, in)
			return err
		}); err != nil {
			return err
		}
	}
	in := &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &name, Role: aws.String(w.roleARN(s.Account, s.Object.One("role"))), Environment: probeEnvironment(s), VpcConfig: probeNetwork(s),
	}
	return w.outlast(ctx, patience, coded(conflicting), func() error {
		_, err := client.UpdateFunctionConfiguration(ctx, in)
		return err
	})
}

func probeEnvironment(s plan.Step) *types.Environment {
	return &types.Environment{Variables: map[string]string{plan.ProbeHandler: "probe", plan.ProbeCode: s.Object.One("code")}}
}

func probeNetwork(s plan.Step) *types.VpcConfig {
	return &types.VpcConfig{SubnetIds: s.Object.Fields["subnets"], SecurityGroupIds: s.Object.Fields["groups"]}
}

// packaged is the zip file of the wanted code.
func (w *Writer) packaged(s plan.Step) ([]byte, error) {
	if w.opt.Package == nil {
		return nil, fmt.Errorf("%s: this run has no program for the function", s.Address)
	}
	code, err := w.opt.Package(s.Object.One("code"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Address, err)
	}
	return code, nil
}

// settledProbe reports whether the function is Active and its last update done
// (Lambda Developer Guide, functions-states.html).
func (w *Writer) settledProbe(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	if s.Action == plan.Delete {
		return true, nil
	}
	name := idOf(s, done)
	out, err := w.lambda(s.Account, s.Region).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	switch {
	case Code(err) == notFound: // not seen everywhere yet
		return false, nil
	case err != nil:
		return false, err
	case out.State == types.StateFailed:
		return false, unfit(s, "lambda", "CreateFunction", name, string(out.StateReasonCode), aws.ToString(out.StateReason))
	case out.LastUpdateStatus == types.LastUpdateStatusFailed:
		return false, unfit(s, "lambda", "UpdateFunctionConfiguration", name, string(out.LastUpdateStatusReasonCode), aws.ToString(out.LastUpdateStatusReason))
	}
	return out.State == types.StateActive && out.LastUpdateStatus != types.LastUpdateStatusInProgress, nil
}

// Inside runs the functions that look from inside VPCs. Its sessions may do
// nothing else.
type Inside struct{ *caller }

// Inside gives it.
func (s *Sessions) Inside() *Inside {
	return &Inside{s.caller(nil, []plan.Permission{{May: plan.MayProbe, Named: plan.LikeNames(s.opt.Owner)}})}
}

// Invoke runs a function and gives its answer. That the function itself failed
// is an error, too.
func (i *Inside) Invoke(ctx context.Context, account estate.AccountID, region estate.Region, function string, payload []byte) ([]byte, error) {
	out, err := i.lambda(account, region).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload})
	if err != nil {
		return nil, plain(err)
	}
	if out.FunctionError == nil {
		return out.Payload, nil
	}
	var failure struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(out.Payload, &failure) != nil || failure.ErrorMessage == "" {
		failure.ErrorMessage = string(out.Payload)
	}
	return nil, &Error{Account: account, Region: region, Service: "lambda", Operation: "Invoke", Code: aws.ToString(out.FunctionError),
		Message: function + ": " + failure.ErrorMessage, Hint: "run `orgdns apply` for its present code; if it stays so, invoke it in the console for its log"}
}
