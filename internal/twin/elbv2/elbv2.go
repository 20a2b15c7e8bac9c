// Package elbv2 is the twin's Elastic Load Balancing: application and network
// load balancers as alias targets with addresses, and beside them listeners,
// target groups and the health of what is registered in these, as far as clients
// make and read them. The load balancers with their listeners stand in the
// estate, for endpoint services.
//
// Not here: traffic, rules, trust stores, gateway load balancers, and classic
// load balancers. A load balancer is active at once, and no target breaks down.
package elbv2

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Elastic Load Balancing.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createLoadBalancer),
		wire.Handle(deleteLoadBalancer),
		wire.Handle(describeLoadBalancers),
		wire.Handle(describeLoadBalancerAttributes),
		wire.Handle(modifyLoadBalancerAttributes),
		wire.Handle(describeCapacityReservation),
		wire.Handle(setSecurityGroups),
		wire.Handle(setSubnets),
		wire.Handle(setIPAddressType),
		wire.Handle(addTags),
		wire.Handle(removeTags),
		wire.Handle(describeTags),
		wire.Handle(createTargetGroup),
		wire.Handle(modifyTargetGroup),
		wire.Handle(deleteTargetGroup),
		wire.Handle(describeTargetGroups),
		wire.Handle(describeTargetGroupAttributes),
		wire.Handle(modifyTargetGroupAttributes),
		wire.Handle(registerTargets),
		wire.Handle(deregisterTargets),
		wire.Handle(describeTargetHealth),
		wire.Handle(createListener),
		wire.Handle(modifyListener),
		wire.Handle(deleteListener),
		wire.Handle(describeListeners),
		wire.Handle(describeListenerAttributes),
		wire.Handle(modifyListenerAttributes),
		wire.Handle(describeListenerCertificates),
	}
}

// The tables are ordered by ARN, which begins with Region and account.
var (
	balancers = world.Private[balancer]{Name: "elbv2.loadBalancers"}
	groups    = world.Private[targetGroup]{Name: "elbv2.targetGroups"}
	listeners = world.Private[listener]{Name: "elbv2.listeners"}
	tagTable  = world.Tags
)

type balancer struct {
	types.LoadBalancer
	attributes map[string]string
}

type targetGroup struct {
	types.TargetGroup
	attributes map[string]string
}

type listener struct {
	types.Listener
	since      time.Time // when it came
	attributes map[string]string
}

// invalid is the error for input that breaks a rule without an error of its own.
func invalid(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationError", Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func text(format string, args ...any) *string { return aws.String(fmt.Sprintf(format, args...)) }

// arn is an ARN of the caller's; with an empty path the prefix of all.
func arn(c *world.Call, path string) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s", c.Region, c.Account(), path)
}

// allow asks for the permission to do the operation on a resource. Every handler
// calls it first, and so it also takes over what came with the estate.
func allow(c *world.Call, resource string, tags estate.Tags) error {
	adopt(c)
	conditions := world.Conditions{}
	for k, v := range tags {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(tags) > 0 {
		conditions["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
	}
	current, _ := tagTable.Get(c.State, resource)
	for k, v := range current {
		conditions["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
	}
	return c.Authorize("elasticloadbalancing:"+c.Operation, resource, conditions)
}

// own are the values of a table that are the caller's in the Region, by ARN.
func own[V any](c *world.Call, table world.Private[V], path string) []V {
	var out []V
	table.Walk(c.State, arn(c, path), func(_ string, v V) bool {
		out = append(out, v)
		return true
	})
	return out
}

// page cuts a page out of a list in the order of ARNs; the marker is the ARN
// before the page.
func page[V any](all []V, arn func(V) string, marker *string, size *int32) ([]V, *string) {
	after := aws.ToString(marker)
	all = slices.DeleteFunc(slices.Clone(all), func(v V) bool { return arn(v) <= after })
	limit := int(cmp.Or(aws.ToInt32(size), 400))
	if len(all) <= limit {
		return all, nil
	}
	return all[:limit], aws.String(arn(all[limit-1]))
}

// checkName holds a name to the rules of API_CreateLoadBalancer.
func checkName(kind, name string) error {
	ok := len(name) > 0 && name[0] != '-' && name[len(name)-1] != '-'
	for _, r := range name {
		ok = ok && (r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	switch {
	case len(name) > 32:
		return invalid("The %s name '%s' cannot be longer than '32' characters", kind, name)
	case !ok:
		return invalid("The %s name '%s' can only contain characters that are alphanumeric characters and hyphens(-), and must not begin or end with a hyphen", kind, name)
	case kind == "load balancer" && strings.HasPrefix(name, "internal-"):
		return invalid("The load balancer name '%s' cannot begin with 'internal-'", name)
	}
	return nil
}

func tagsOf(list []types.Tag) (estate.Tags, error) {
	tags := estate.Tags{}
	for _, t := range list {
		k := aws.ToString(t.Key)
		if _, twice := tags[k]; twice {
			return nil, &types.DuplicateTagKeysException{Message: text("Tag key '%s' was specified more than once", k)}
		}
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return nil, invalid("Tag keys starting with 'aws:' are reserved for internal use")
		}
		tags[k] = aws.ToString(t.Value)
	}
	return tags, tooMany(tags)
}

// tooMany holds tags to their number (Elastic Load Balancing User Guide).
func tooMany(tags estate.Tags) error {
	if len(tags) > 50 {
		return &types.TooManyTagsException{Message: aws.String("The maximum number of tags on a resource is 50")}
	}
	return nil
}

func listed(tags estate.Tags) []types.Tag {
	out := []types.Tag{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}
