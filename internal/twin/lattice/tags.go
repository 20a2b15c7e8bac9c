package lattice

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// checkTags holds tags to what AWS allows.
func checkTags(tags estate.Tags) error {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return invalid("tags", "The tag key %s is reserved.", k)
		}
	}
	if len(tags) > tagQuota {
		return invalid("tags", "A resource has at most %d tags.", tagQuota)
	}
	return nil
}

// tagged finds what an ARN of the caller's names, with its tags and a way to set
// them.
func tagged(c *world.Call, arn string) (tags estate.Tags, set func(estate.Tags), ok bool) {
	e := c.Estate()
	if v, ok := e.LatticeServices.Get(arn); ok && v.Region == c.Region {
		return v.Tags, func(t estate.Tags) { v.Tags = t; e.LatticeServices.Put(v) }, true
	}
	if n, ok := e.LatticeNetworks.Get(arn); ok && n.Region == c.Region {
		return n.Tags, func(t estate.Tags) { n.Tags = t; e.LatticeNetworks.Put(n) }, true
	}
	if g, ok := e.LatticeGateways.Get(arn); ok && g.Region == c.Region {
		return g.Tags, func(t estate.Tags) { g.Tags = t; e.LatticeGateways.Put(g) }, true
	}
	if r, ok := e.LatticeResources.Get(arn); ok && r.Region == c.Region {
		return r.Tags, func(t estate.Tags) { r.Tags = t; e.LatticeResources.Put(r) }, true
	}
	if _, err := ownVerification(c, &arn); err == nil {
		tags, _ := world.Tags.Get(c.State, arn)
		return tags, func(t estate.Tags) { world.Tags.Put(c.State, arn, t) }, true
	}
	a, ok := e.LatticeAssociations.Get(idOf(arn))
	return a.Tags, func(t estate.Tags) { a.Tags = t; e.LatticeAssociations.Put(a) }, ok && a.Region == c.Region && a.ARN(a.Account) == arn
}

// ofTags finds what is tagged, and asks for the permission to do the operation on
// it.
func ofTags(c *world.Call, arn *string, given estate.Tags) (estate.Tags, func(estate.Tags), error) {
	tags, set, ok := tagged(c, aws.ToString(arn))
	if err := may(c, aws.ToString(arn), conditions(tags, given)); err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, missing("RESOURCE", aws.ToString(arn))
	}
	return tags, set, nil
}

func tagResource(_ context.Context, c *world.Call, in *vpclattice.TagResourceInput) (*vpclattice.TagResourceOutput, error) {
	tags, set, err := ofTags(c, in.ResourceArn, in.Tags)
	if err != nil {
		return nil, err
	}
	all := tags.With(in.Tags)
	if err := checkTags(all); err != nil {
		return nil, err
	}
	set(all)
	c.TagsChanged(*in.ResourceArn, tags, all)
	return &vpclattice.TagResourceOutput{}, nil
}

func untagResource(_ context.Context, c *world.Call, in *vpclattice.UntagResourceInput) (*vpclattice.UntagResourceOutput, error) {
	tags, set, err := ofTags(c, in.ResourceArn, nil)
	if err != nil {
		return nil, err
	}
	left := tags.With(nil)
	for _, k := range in.TagKeys {
		delete(left, k)
	}
	set(left)
	c.TagsChanged(*in.ResourceArn, tags, left)
	return &vpclattice.UntagResourceOutput{}, nil
}

func listTagsForResource(_ context.Context, c *world.Call, in *vpclattice.ListTagsForResourceInput) (*vpclattice.ListTagsForResourceOutput, error) {
	tags, _, err := ofTags(c, in.ResourceArn, nil)
	if err != nil {
		return nil, err
	}
	return &vpclattice.ListTagsForResourceOutput{Tags: tags.With(nil)}, nil
}
