// Package tagging is the twin's Resource Groups Tagging API: what has tags, by
// tag and type, in a Region. It sees the tags that stand in the estate (hosted
// zones, VPCs, subnets, certificates, shares, Profiles, what Resolver and VPC
// Lattice have) and in world.Tags (load balancers and what belongs to them, and
// what else there is).
//
// Not here: other resources, tagging by this API, tag policies, and resources
// that had tags and have none now, which AWS goes on to list.
package tagging

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's Resource Groups Tagging API.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(getResources),
		wire.Handle(getTagKeys),
		wire.Handle(getTagValues),
	}
}

// global is the Region in which resources without one are listed.
const global = "us-east-1"

// Limits of API_GetResources.
const (
	perPage        = 50 // where the request does not say
	maxPerPage     = 100
	minTags        = 100
	maxTags        = 500
	valuesOfFilter = 20
	tokenLife      = 15 * time.Minute
)

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// resource is something that has tags.
type resource struct {
	arn  string
	tags estate.Tags
}

// tagged are the caller's resources with tags in the Region, by ARN.
func tagged(c *world.Call) []resource {
	var out []resource
	add := func(arn string, tags estate.Tags) {
		if len(tags) > 0 {
			out = append(out, resource{arn, tags})
		}
	}
	e, account, region := c.Estate(), c.Account(), string(c.Region)
	if region == global {
		for z := range e.Zones.By(estate.ByAccount(account)) {
			add("arn:aws:route53:::hostedzone/"+z.ID, z.Tags)
		}
	}
	here := estate.ByRegion(account, c.Region)
	ec2 := "arn:aws:ec2:" + region + ":" + string(account) + ":"
	for v := range e.VPCs.By(here) {
		add(ec2+"vpc/"+v.ID, v.Tags)
	}
	for s := range e.Subnets.By(here) {
		add(ec2+"subnet/"+s.ID, s.Tags)
	}
	for s := range e.Shares.By(here) {
		add(s.ARN, s.Tags)
	}
	for v := range e.ResolverEndpoints.By(here) {
		add(v.ARN(), v.Tags)
	}
	for v := range e.ResolverRules.By(here) {
		add(v.ARN(), v.Tags)
	}
	for v := range e.QueryLogConfigs.By(here) {
		add(v.ARN(), v.Tags)
	}
	for v := range e.FirewallGroups.By(here) {
		add(v.ARN(), v.Tags)
	}
	for v := range e.Profiles.By(here) {
		add(v.ARN, v.Tags)
	}
	for v := range e.LatticeServices.By(here) {
		add(v.ARN, v.Tags)
	}
	for v := range e.LatticeNetworks.By(here) {
		add(v.ARN, v.Tags)
	}
	for v := range e.LatticeGateways.By(here) {
		add(v.ARN, v.Tags)
	}
	for v := range e.LatticeResources.By(here) {
		add(v.ARN, v.Tags)
	}
	for v := range e.LatticeAssociations.By(here) {
		add(v.ARN(account), v.Tags)
	}
	for cert := range e.Certificates.By(estate.ByAccount(account)) {
		if cert.Region == c.Region {
			add(cert.ARN, cert.Tags)
		}
	}
	world.Tags.Walk(c.State, "", func(arn string, tags estate.Tags) bool {
		if p := strings.SplitN(arn, ":", 6); len(p) == 6 && p[3] == region && p[4] == string(account) {
			add(arn, tags)
		}
		return true
	})
	slices.SortFunc(out, func(a, b resource) int { return strings.Compare(a.arn, b.arn) })
	return out
}

// is reports whether a resource is of a type, "service" or "service:type", as
// its ARN has them.
func (r resource) is(kind string) bool {
	p := strings.SplitN(r.arn, ":", 6)
	service, name, typed := strings.Cut(kind, ":")
	rest, ok := strings.CutPrefix(p[5], name)
	return p[2] == service && (!typed || ok && (rest == "" || rest[0] == '/' || rest[0] == ':'))
}

// matches reports whether a resource has a tag for every filter: its key, with
// any of its values if it has some.
func (r resource) matches(filters []types.TagFilter) bool {
	for _, f := range filters {
		v, ok := r.tags[aws.ToString(f.Key)]
		if !ok || len(f.Values) > 0 && !slices.Contains(f.Values, v) {
			return false
		}
	}
	return true
}

func getResources(_ context.Context, c *world.Call, in *api.GetResourcesInput) (*api.GetResourcesOutput, error) {
	if err := c.Authorize("tag:GetResources", "*", nil); err != nil {
		return nil, err
	}
	if aws.ToBool(in.IncludeComplianceDetails) || aws.ToBool(in.ExcludeCompliantResources) {
		return nil, c.Unsupported("IncludeComplianceDetails")
	}
	size := perPage
	if in.ResourcesPerPage != nil {
		size = int(*in.ResourcesPerPage)
	}
	switch {
	case size < 1 || size > maxPerPage:
		return nil, invalid("ResourcesPerPage must be between 1 and %d", maxPerPage)
	case in.TagsPerPage != nil && (*in.TagsPerPage < minTags || *in.TagsPerPage > maxTags):
		return nil, invalid("TagsPerPage must be between %d and %d", minTags, maxTags)
	case len(in.ResourceARNList) > 0 && len(in.TagFilters)+len(in.ResourceTypeFilters) > 0:
		return nil, invalid("ResourceARNList cannot be used with TagFilters or ResourceTypeFilters")
	}
	for _, f := range in.TagFilters {
		if aws.ToString(f.Key) == "" || len(f.Values) > valuesOfFilter {
			return nil, invalid("A TagFilter must have a key, and at most %d values", valuesOfFilter)
		}
	}
	after, err := parseToken(c, in.PaginationToken)
	if err != nil {
		return nil, err
	}
	out := &api.GetResourcesOutput{PaginationToken: aws.String(""), ResourceTagMappingList: []types.ResourceTagMapping{}}
	tags := 0
	for _, r := range tagged(c) {
		if r.arn <= after || !r.matches(in.TagFilters) ||
			len(in.ResourceARNList) > 0 && !slices.Contains(in.ResourceARNList, r.arn) ||
			len(in.ResourceTypeFilters) > 0 && !slices.ContainsFunc(in.ResourceTypeFilters, r.is) {
			continue
		}
		tags += len(r.tags)
		if n := len(out.ResourceTagMappingList); n == size || n > 0 && in.TagsPerPage != nil && tags > int(*in.TagsPerPage) {
			out.PaginationToken = token(c, *out.ResourceTagMappingList[n-1].ResourceARN)
			break
		}
		m := types.ResourceTagMapping{ResourceARN: aws.String(r.arn), Tags: []types.Tag{}}
		for _, k := range slices.Sorted(maps.Keys(r.tags)) {
			m.Tags = append(m.Tags, types.Tag{Key: aws.String(k), Value: aws.String(r.tags[k])})
		}
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, m)
	}
	return out, nil
}

// token is good for what comes after an item, for fifteen minutes.
func token(c *world.Call, after string) *string {
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.Now.Unix(), 10) + " " + after)))
}

func parseToken(c *world.Call, t *string) (after string, err error) {
	if aws.ToString(t) == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*t)
	if err != nil {
		return "", invalid("The PaginationToken is not valid")
	}
	made, after, _ := strings.Cut(string(raw), " ")
	seconds, err := strconv.ParseInt(made, 10, 64)
	switch {
	case err != nil:
		return "", invalid("The PaginationToken is not valid")
	case c.Now.After(time.Unix(seconds, 0).Add(tokenLife)):
		return "", &types.PaginationTokenExpiredException{Message: aws.String("The PaginationToken has expired")}
	}
	return after, nil
}

func getTagKeys(_ context.Context, c *world.Call, in *api.GetTagKeysInput) (*api.GetTagKeysOutput, error) {
	if err := c.Authorize("tag:GetTagKeys", "*", nil); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, r := range tagged(c) {
		for k := range r.tags {
			found[k] = true
		}
	}
	keys, next, err := page(c, found, in.PaginationToken)
	return &api.GetTagKeysOutput{TagKeys: keys, PaginationToken: next}, err
}

func getTagValues(_ context.Context, c *world.Call, in *api.GetTagValuesInput) (*api.GetTagValuesOutput, error) {
	if err := c.Authorize("tag:GetTagValues", "*", nil); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, r := range tagged(c) {
		if v, ok := r.tags[aws.ToString(in.Key)]; ok {
			found[v] = true
		}
	}
	values, next, err := page(c, found, in.PaginationToken)
	return &api.GetTagValuesOutput{TagValues: values, PaginationToken: next}, err
}

// page cuts a page out of a set, in order.
func page(c *world.Call, set map[string]bool, t *string) (items []string, next *string, err error) {
	after, err := parseToken(c, t)
	if err != nil {
		return nil, nil, err
	}
	items, next = []string{}, aws.String("")
	for _, v := range slices.Sorted(maps.Keys(set)) {
		if t != nil && *t != "" && v <= after {
			continue
		}
		if len(items) == maxPerPage {
			return items, token(c, items[len(items)-1]), nil
		}
		items = append(items, v)
	}
	return items, next, nil
}
