// Package ssm is the twin's AWS Systems Manager Parameter Store: parameters with
// their versions, tags and resource policies, shared by RAM where their tier is
// Advanced. A consumer finds them as shared and reads them by their full ARN.
//
// Not here: SecureString, which needs KMS, labels, parameter policies, data types
// other than text, and the rest of Systems Manager.
package ssm

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Parameter Store.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(putParameter), wire.Handle(getParameter), wire.Handle(getParameters), wire.Handle(getParametersByPath), wire.Handle(getParameterHistory),
		wire.Handle(deleteParameter), wire.Handle(deleteParameters), wire.Handle(describeParameters),
		wire.Handle(putResourcePolicy), wire.Handle(getResourcePolicies), wire.Handle(deleteResourcePolicy),
		wire.Handle(addTagsToResource), wire.Handle(removeTagsFromResource), wire.Handle(listTagsForResource),
	}
}

// Rate is that of an action with the default throughput (AWS General Reference,
// ssm.html, "Parameter Store": 40 a second to get, 3 to put). The page names no
// burst; one second's worth. Others have the figure of PutParameter's page
// neighbours, ten.
func Rate(operation string) world.Rate {
	switch operation {
	case "GetParameter", "GetParameters", "GetParametersByPath":
		return world.Rate{Burst: 40, Refill: 40}
	case "PutParameter":
		return world.Rate{Burst: 3, Refill: 3}
	}
	return world.Rate{Burst: 10, Refill: 10}
}

// Limits of the tiers (Systems Manager User Guide,
// parameter-store-advanced-parameters.html).
const (
	standardSize, advancedSize   = 4 << 10, 8 << 10
	standardQuota, advancedQuota = 10_000, 100_000
	maxVersions                  = 100
	maxLevels                    = 15
)

// history are the versions of a parameter before the latest, oldest first, by ARN.
var history = world.Private[[]estate.Parameter]{Name: "ssm.history"}

func invalid(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func missing(name string) error {
	return &types.ParameterNotFound{Message: aws.String("Parameter " + name + " not found.")}
}

// reference reads what names a parameter in a call: its name or ARN, and after a
// colon its version (User Guide, sysman-paramstore-versions.html).
func reference(c *world.Call, given string) (arn, selector string) {
	fixed := 0
	if strings.HasPrefix(given, "arn:") {
		fixed = 5 // colons that belong to the ARN
	}
	parts := strings.SplitN(given, ":", fixed+2)
	if len(parts) == fixed+2 {
		selector = parts[fixed+1]
		parts = parts[:fixed+1]
	}
	arn = strings.Join(parts, ":")
	if fixed == 0 {
		arn = estate.ParameterARN(c.Account(), c.Region, arn)
	}
	return arn, selector
}

// find finds a parameter and asks for the permission to do the operation on it. One
// of another account needs a policy of its own or a share of RAM
// (parameter-store-shared-parameters.html).
func find(c *world.Call, arn string) (estate.Parameter, bool, error) {
	p, ok := c.Estate().Parameters.Get(arn)
	action, conditions := "ssm:"+c.Operation, tagConditions(p.Tags, nil)
	here := estate.ParameterARN(c.Account(), c.Region, "")
	if strings.HasPrefix(arn, here) || ok && c.MayShared(arn, action) {
		return p, ok && p.Region == c.Region, c.Authorize(action, arn, conditions)
	}
	var err error
	for _, id := range append(slices.Sorted(maps.Keys(p.Policies)), "") { // without any: denied
		if err = iam.Authorize(c, action, iam.Resource{ARN: arn, Account: p.Account, Policy: p.Policies[id]}, conditions); err == nil && id != "" {
			return p, ok && p.Region == c.Region, nil
		}
	}
	if err == nil { // nothing of the sort is there
		err = &iam.Denied{Decision: iam.Decision{Type: iam.ResourceBased}, Principal: c.Caller.ARN, Action: action, Resource: arn, Service: c.Service}
	}
	return p, false, err
}

// version finds a version of a parameter by a selector; empty is the latest.
func version(c *world.Call, p estate.Parameter, selector string) (estate.Parameter, bool) {
	if selector == "" || selector == strconv.FormatInt(p.Version, 10) {
		return p, true
	}
	old, _ := history.Get(c.State, p.ARN)
	for _, v := range old {
		if selector == strconv.FormatInt(v.Version, 10) {
			return v, true
		}
	}
	return p, false
}

func tagConditions(has, given estate.Tags) world.Conditions {
	conditions := world.Conditions{}
	for k, v := range has {
		conditions["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
	}
	for k, v := range given {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(given) > 0 {
		conditions["aws:tagkeys"] = slices.Sorted(maps.Keys(given))
	}
	return conditions
}

// page cuts a page out of a list, in the order of its keys.
func page[T any](all []T, key func(T) string, size *int32, otherwise int32, token *string) ([]T, *string, error) {
	slices.SortStableFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	after, err := base64.RawURLEncoding.DecodeString(aws.ToString(token))
	if err != nil {
		return nil, nil, &types.InvalidNextToken{Message: aws.String("The specified token isn't valid.")}
	}
	all = slices.DeleteFunc(all, func(v T) bool { return token != nil && key(v) <= string(after) })
	n := int(cmp.Or(aws.ToInt32(size), otherwise))
	if all == nil {
		all = []T{}
	}
	if len(all) <= n {
		return all, nil, nil
	}
	return all[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(all[n-1])))), nil
}
