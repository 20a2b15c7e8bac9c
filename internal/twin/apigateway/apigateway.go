// Package apigateway is the twin's Amazon API Gateway (version 2): custom
// domain names as alias targets, and APIs, stages and mappings as far as
// clients make and read them beside a domain name.
//
// Not here: routes, integrations and deployments, requests to an API, mutual
// TLS, private domain names, and version 1 with its edge-optimized names.
package apigateway

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's API Gateway.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createDomainName),
		wire.Handle(getDomainName),
		wire.Handle(getDomainNames),
		wire.Handle(updateDomainName),
		wire.Handle(deleteDomainName),
		wire.Handle(createAPI),
		wire.Handle(getAPI),
		wire.Handle(getAPIs),
		wire.Handle(updateAPI),
		wire.Handle(deleteAPI),
		wire.Handle(createStage),
		wire.Handle(getStage),
		wire.Handle(getStages),
		wire.Handle(updateStage),
		wire.Handle(deleteStage),
		wire.Handle(createAPIMapping),
		wire.Handle(getAPIMapping),
		wire.Handle(getAPIMappings),
		wire.Handle(updateAPIMapping),
		wire.Handle(deleteAPIMapping),
		wire.Handle(getTags),
		wire.Handle(tagResource),
		wire.Handle(untagResource),
	}
}

// methods are the actions of IAM: API Gateway's are named by HTTP method
// (Developer Guide, api-gateway-control-access-using-iam-policies-to-invoke-api.html).
var methods = []struct{ prefix, action string }{
	{"Create", "POST"}, {"Tag", "POST"}, {"Get", "GET"}, {"Update", "PATCH"}, {"Delete", "DELETE"}, {"Untag", "DELETE"},
}

// arn is the ARN of a path, which names no account.
func arn(c *world.Call, path string) string {
	return fmt.Sprintf("arn:aws:apigateway:%s::%s", c.Region, path)
}

// allow asks for the permission to do the operation on a path.
func allow(c *world.Call, path string, tags map[string]string) error {
	action := ""
	for _, m := range methods {
		if strings.HasPrefix(c.Operation, m.prefix) {
			action = "apigateway:" + m.action
		}
	}
	conditions := world.Conditions{}
	for k, v := range tags {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(tags) > 0 {
		conditions["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
	}
	return c.Authorize(action, arn(c, path), conditions)
}

func badRequest(format string, args ...any) error {
	return &types.BadRequestException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func conflict(format string, args ...any) error {
	return &types.ConflictException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func notFound(kind, id string) error {
	return &types.NotFoundException{Message: aws.String(fmt.Sprintf("Invalid %s identifier specified %s", kind, id)), ResourceType: aws.String(kind)}
}

// checkTags holds tags to the restrictions that AWS sets (Developer Guide,
// apigateway-tagging.html).
func checkTags(tags map[string]string) error {
	for k := range tags {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return badRequest("Tag keys beginning with 'aws:' are reserved: %s", k)
		}
	}
	if len(tags) > 50 {
		return badRequest("A resource can have at most 50 tags")
	}
	return nil
}

// newID makes an identifier of n lower-case letters and digits.
func newID(c *world.Call, kind string, n int) string {
	return strings.ToLower(c.State.ID(c.Account(), "apigateway/"+kind, string(c.Region), n))
}

// owned is the key of a resource of the caller's in the Region.
func owned(c *world.Call, path ...string) string {
	return fmt.Sprintf("%s/%s/%s", c.Account(), c.Region, strings.Join(path, "/"))
}

// all are the values under a key.
func all[V any](c *world.Call, table world.Private[V], prefix string) []V {
	out := []V{}
	table.Walk(c.State, prefix, func(_ string, v V) bool {
		out = append(out, v)
		return true
	})
	return out
}

// page cuts a page out of a list that is in the order of its identifiers; the
// token is the identifier before the page.
func page[V any](list []V, id func(V) string, size, token *string) ([]V, *string, error) {
	limit, err := strconv.Atoi(cmp.Or(aws.ToString(size), "500"))
	if err != nil || limit < 1 {
		return nil, nil, badRequest("Invalid value for maxResults: %s", aws.ToString(size))
	}
	list = slices.DeleteFunc(list, func(v V) bool { return id(v) <= aws.ToString(token) })
	if len(list) <= limit {
		return list, nil, nil
	}
	return list[:limit], aws.String(id(list[limit-1])), nil
}

// merge copies into dst the fields of src that are set and that dst has with
// the same type: the members that inputs, resources and outputs share.
func merge[D any](dst *D, src any) *D {
	to, from := reflect.ValueOf(dst).Elem(), reflect.Indirect(reflect.ValueOf(src))
	for i := range from.NumField() {
		f := from.Type().Field(i)
		target := to.FieldByName(f.Name)
		if f.IsExported() && target.IsValid() && target.Type() == f.Type && !from.Field(i).IsZero() {
			target.Set(from.Field(i))
		}
	}
	return dst
}
