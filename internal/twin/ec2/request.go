package ec2

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// fail makes an EC2 error; EC2 models none (EC2 API Reference,
// errors-overview.html).
func fail(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// missing is the refusal of a request without a parameter that it needs.
func missing(parameter string) error {
	return fail("MissingParameter", "The request must contain the parameter %s", parameter)
}

// arn is the ARN of a resource of the caller's.
func arn(c *world.Call, kind, id string) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:%s/%s", c.Region, c.Account(), kind, id)
}

// need is one permission that a request needs.
type need struct {
	action, resource string
	conditions       world.Conditions
}

// on is the permission to do the operation that was called on an existing
// resource; its tags are condition keys.
func on(c *world.Call, kind, id string, tags estate.Tags) need {
	conditions := world.Conditions{"ec2:region": {string(c.Region)}}
	for k, v := range tags {
		conditions["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
		conditions["ec2:resourcetag/"+strings.ToLower(k)] = []string{v}
	}
	return need{"ec2:" + c.Operation, arn(c, kind, id), conditions}
}

// creating is the permission to make a resource, and the one to tag it (Amazon
// EC2 User Guide, supported-iam-actions-tagging.html).
func creating(c *world.Call, kind string, tags estate.Tags) []need {
	conditions := requested(tags)
	conditions["ec2:region"] = []string{string(c.Region)}
	needs := []need{{"ec2:" + c.Operation, arn(c, kind, "*"), conditions}}
	if len(tags) > 0 {
		tagging := maps.Clone(conditions)
		tagging["ec2:createaction"] = []string{c.Operation}
		needs = append(needs, need{"ec2:CreateTags", arn(c, kind, "*"), tagging})
	}
	return needs
}

// reading is the permission of a Describe operation, which knows no resources.
func reading(c *world.Call) need {
	return need{"ec2:" + c.Operation, "*", world.Conditions{"ec2:region": {string(c.Region)}}}
}

// requested are the condition keys of the tags in a request.
func requested(tags estate.Tags) world.Conditions {
	conditions := world.Conditions{}
	for k, v := range tags {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(tags) > 0 {
		conditions["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
	}
	return conditions
}

// allow asks for all permissions, then ends a dry run as EC2 does.
func allow(c *world.Call, dryRun *bool, needs ...need) error {
	for _, n := range needs {
		if err := c.Authorize(n.action, n.resource, n.conditions); err != nil {
			return err
		}
	}
	if aws.ToBool(dryRun) {
		return fail("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	}
	return nil
}

// newID makes the identifier of a new resource; none that the estate brought
// along, which a world made from it did not count. What it is of tells it from
// others of its kind, so that it is the same in whichever order they are made.
func newID(c *world.Call, prefix string, of ...string) string {
	for {
		id := prefix + "-0" + c.State.HexID(c.Account(), prefix, strings.Join(append([]string{string(c.Region)}, of...), "/"), 16)
		if !taken(c.Estate(), prefix, id) {
			return id
		}
	}
}

// taken reports whether an estate has a resource of an identifier.
func taken(e *estate.Estate, prefix, id string) (has bool) {
	switch prefix {
	case "vpc":
		_, has = e.VPCs.Get(id)
	case "subnet":
		_, has = e.Subnets.Get(id)
	case "sg":
		_, has = e.SecurityGroups.Get(id)
	case "sgr":
		for g := range e.SecurityGroups.All() {
			has = has || slices.ContainsFunc(g.Rules, func(r estate.GroupRule) bool { return r.ID == id })
		}
	case "rtb":
		_, has = e.RouteTables.Get(id)
	case "acl":
		_, has = e.NetworkACLs.Get(id)
	case "pcx":
		_, has = e.Peerings.Get(id)
	case "eni":
		for p := range e.Endpoints.All() {
			has = has || slices.ContainsFunc(p.Addresses, func(a estate.EndpointAddress) bool { return a.Interface == id })
		}
	case "tgw":
		_, has = e.TransitGateways.Get(id)
	case "tgw-attach":
		_, has = e.TransitAttachments.Get(id)
	case "tgw-rtb":
		_, has = e.TransitTables.Get(id)
	case "vpce":
		_, has = e.Endpoints.Get(id)
	case "vpce-svc":
		_, has = e.EndpointServices.Get(id)
	case "igw", "nat":
		for t := range e.RouteTables.All() {
			has = has || slices.ContainsFunc(t.Routes, func(r estate.Route) bool { return r.Target == id })
		}
	}
	return has
}

var ids = regexp.MustCompile(`^[a-z]+-([0-9a-f]{8}|[0-9a-f]{17})$`)

// notFound is the error for an identifier that names nothing of the caller's
// in the Region: kind is "Vpc" in codes, noun as the text has it.
func notFound(kind, noun, prefix, id string) error {
	if !ids.MatchString(id) || !strings.HasPrefix(id, prefix+"-") {
		return fail("Invalid"+kind+".Malformed", "Invalid id: %q (expecting %q)", id, prefix+"-...")
	}
	return fail("Invalid"+kind+".NotFound", "The %s ID '%s' does not exist", noun, id)
}

// attributes are what a resource shows to filters, by the filter's name. Every
// filter that the resource type knows is there, be it without a value.
type attributes map[string][]string

// tagged adds the filters tag:KEY and tag-key.
func (a attributes) tagged(tags estate.Tags) attributes {
	a["tag-key"] = nil
	for k, v := range tags {
		a["tag:"+k] = []string{v}
		a["tag-key"] = append(a["tag-key"], k)
	}
	return a
}

// matches applies filters: all must match, each with any of its values
// (EC2 API Reference, Using_Filtering.html).
func (a attributes) matches(filters []types.Filter) (bool, error) {
	all := true
	for _, f := range filters {
		name := aws.ToString(f.Name)
		values, known := a[name]
		if !known && !strings.HasPrefix(name, "tag:") {
			return false, fail("InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		if len(f.Values) > 200 {
			return false, fail("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200")
		}
		all = all && slices.ContainsFunc(values, func(v string) bool {
			return slices.ContainsFunc(f.Values, func(p string) bool { return wild(p, v) })
		})
	}
	return all, nil
}

// wild matches * and ?, which a backslash makes literal.
func wild(pattern, s string) bool {
	if !strings.ContainsAny(pattern, `*?\`) {
		return pattern == s
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			b.WriteString("(?s:.*)")
		case c == '?':
			b.WriteString("(?s:.)")
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	re, err := regexp.Compile("^" + b.String() + "$")
	return err == nil && re.MatchString(s)
}

// selection is what all Describe operations ask for.
type selection struct {
	parameter string // of the identifiers, "vpcIds"
	ids       []string
	filters   []types.Filter
	max       *int32
	token     *string
}

// choose cuts the page out of all resources of a kind, which are in the order
// of their identifiers.
func choose[T any](s selection, all []T, id func(T) string, attrs func(T) attributes, unknown func(string) error) (page []T, next *string, err error) {
	if s.max != nil {
		switch {
		case len(s.ids) > 0:
			return nil, nil, fail("InvalidParameterCombination", "The parameter %s cannot be used with the parameter maxResults", s.parameter)
		case *s.max < 5:
			return nil, nil, fail("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value greater than or equal to 5.", *s.max)
		case *s.max > 1000:
			return nil, nil, fail("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value smaller than or equal to 1000.", *s.max)
		}
	}
	after := ""
	if t := aws.ToString(s.token); t != "" {
		b, err := base64.RawURLEncoding.DecodeString(t)
		if err != nil {
			return nil, nil, fail("InvalidNextToken", "The token '%s' is invalid.", t)
		}
		after = string(b)
	}
	for _, want := range s.ids {
		if !slices.ContainsFunc(all, func(v T) bool { return id(v) == want }) {
			return nil, nil, unknown(want)
		}
	}
	var none T
	if _, err := attrs(none).matches(s.filters); err != nil {
		return nil, nil, err
	}
	limit := int(aws.ToInt32(s.max))
	for _, v := range all {
		if id(v) <= after || len(s.ids) > 0 && !slices.Contains(s.ids, id(v)) {
			continue
		}
		if ok, err := attrs(v).matches(s.filters); err != nil {
			return nil, nil, err
		} else if !ok {
			continue
		}
		if limit > 0 && len(page) == limit {
			token := base64.RawURLEncoding.EncodeToString([]byte(id(page[limit-1])))
			return page, &token, nil
		}
		page = append(page, v)
	}
	return page, nil, nil
}

func yes(b bool) []string { return []string{fmt.Sprint(b)} }
