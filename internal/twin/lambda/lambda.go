// Package lambda is the twin's AWS Lambda: functions of zip files and images,
// with their VPC, their states over time, resource policies and tags.
//
// Of code the twin keeps a digest and runs nothing, but functions of orgdns
// itself: one whose environment has [HandlerVariable] is run in-process, by
// what World.Functions has under that name. The Invoke of any other is refused
// with 501 NotImplementedByTwin that names it. Not here: published versions,
// aliases, layers, event sources, URLs, and functions of other accounts.
package lambda

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// HandlerVariable is the environment variable that names the function of orgdns
// that a Lambda function is.
const HandlerVariable = "ORGDNS_HANDLER"

// Service is every operation of the twin's AWS Lambda.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createFunction),
		wire.Handle(getFunction),
		wire.Handle(getFunctionConfiguration),
		wire.Handle(getFunctionCodeSigningConfig),
		wire.Handle(listFunctions),
		wire.Handle(listVersions),
		wire.Handle(updateFunctionCode),
		wire.Handle(updateFunctionConfiguration),
		wire.Handle(deleteFunction),
		wire.Handle(invoke),
		wire.Handle(addPermission),
		wire.Handle(removePermission),
		wire.Handle(getPolicy),
		wire.Handle(tagResource),
		wire.Handle(untagResource),
		wire.Handle(listTags),
	}
}

// functions are ordered by ARN.
var functions = world.Private[function]{Name: "lambda.functions"}

type function struct {
	types.FunctionConfiguration
	image      string // URI
	made       time.Time
	updated    time.Time     // when an update began; zero: none did
	ready      time.Duration // how long the last change takes
	statements []string      // of the resource policy
}

// How long it takes until a function is Active, or an update Successful. AWS
// says that it depends, and longer with a VPC (Lambda Developer Guide,
// functions-states.html, configuration-vpc.html).
const (
	starting    = 2 * time.Second
	startingVPC = 30 * time.Second
)

func (f function) takes() time.Duration {
	if f.vpc() != "" {
		return startingVPC
	}
	return starting
}

// vpc is the VPC that the function runs in; empty for none.
func (f function) vpc() string {
	if f.VpcConfig == nil {
		return ""
	}
	return aws.ToString(f.VpcConfig.VpcId)
}

// shown is the configuration as of now.
func (f function) shown(now time.Time) types.FunctionConfiguration {
	out := f.FunctionConfiguration
	out.State, out.LastUpdateStatus = types.StateActive, types.LastUpdateStatusSuccessful
	switch {
	case f.updated.IsZero() && now.Before(f.made.Add(f.ready)):
		out.State, out.StateReasonCode = types.StatePending, types.StateReasonCodeCreating
		out.StateReason = aws.String("The function is being created.")
	case !f.updated.IsZero() && now.Before(f.updated.Add(f.ready)):
		out.LastUpdateStatus, out.LastUpdateStatusReasonCode = types.LastUpdateStatusInProgress, "Creating"
		out.LastUpdateStatusReason = aws.String("The function is being created.")
	}
	return out
}

// as copies a configuration into an operation's output, which has its fields.
func as[T any](f types.FunctionConfiguration) *T {
	out := new(T)
	from, to := reflect.ValueOf(f), reflect.ValueOf(out).Elem()
	for i := range from.NumField() {
		name := from.Type().Field(i).Name
		if field := to.FieldByName(name); field.IsValid() && field.CanSet() {
			field.Set(from.Field(i))
		}
	}
	return out
}

func text(format string, args ...any) *string { return aws.String(fmt.Sprintf(format, args...)) }

func invalid(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: text(format, args...), Type: aws.String("User")}
}

func notFound(arn string) error {
	return &types.ResourceNotFoundException{Message: text("Function not found: %s", arn), Type: aws.String("User")}
}

// arnOf is the ARN of a function of the caller's, by its name, its ARN or a part
// of that (API_GetFunction, FunctionName).
func arnOf(c *world.Call, name string) string {
	parts := strings.Split(name, ":")
	switch {
	case len(parts) >= 7 && parts[0] == "arn":
		return strings.Join(parts[:7], ":")
	case len(parts) == 3 && parts[1] == "function": // account:function:name
		return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", c.Region, parts[0], parts[2])
	}
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", c.Region, c.Account(), parts[0])
}

// allow asks for the permission to do the operation.
func allow(c *world.Call, arn string, tags estate.Tags) error {
	action := map[string]string{"Invoke": "InvokeFunction"}[c.Operation]
	conditions := world.Conditions{}
	for k, v := range tags {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(tags) > 0 {
		conditions["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
	}
	current, _ := world.Tags.Get(c.State, arn)
	for k, v := range current {
		conditions["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
	}
	return c.Authorize("lambda:"+cmp.Or(action, c.Operation), arn, conditions)
}

// find asks for the permission to do the operation on a function, and finds it.
// Only its unpublished version exists.
func find(c *world.Call, name, qualifier *string) (function, error) {
	arn := arnOf(c, aws.ToString(name))
	if err := allow(c, arn, nil); err != nil {
		return function{}, err
	}
	adopt(c)
	f, ok := functions.Get(c.State, arn)
	if !ok || !strings.HasPrefix(arn, arnOf(c, "")) {
		return f, notFound(arn)
	}
	if q := aws.ToString(qualifier); q != "" && q != "$LATEST" {
		return f, notFound(arn + ":" + q)
	}
	return f, nil
}

// changeable refuses a change of a function on which another is under way.
func (f function) changeable(c *world.Call) error {
	s := f.shown(c.Now)
	switch {
	case s.State == types.StatePending:
		return &types.ResourceConflictException{Message: text("The operation cannot be performed at this time. The function is currently in the following state: Pending"), Type: aws.String("User")}
	case s.LastUpdateStatus == types.LastUpdateStatusInProgress:
		return &types.ResourceConflictException{Message: text("The operation cannot be performed at this time. An update is in progress for resource: %s", *f.FunctionArn), Type: aws.String("User")}
	}
	return nil
}
