package organizations

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// tagsPerResource is AWS's limit.
const tagsPerResource = 50

func newTags(list []types.Tag) (estate.Tags, error) {
	tags := estate.Tags{}
	for _, t := range list {
		if _, twice := tags[*t.Key]; twice {
			return nil, invalid(types.InvalidInputExceptionReasonDuplicateTagKey, "Tag keys must be unique among the tags attached to the same entity.")
		}
		tags[*t.Key] = text(t.Value)
	}
	return tags, nil
}

// rootTags are the root's, which the estate does not hold.
var rootTags = world.Private[estate.Tags]{Name: "organizations.rootTags"}

// tagged begins an operation on the tags of an account, a unit, the root or a
// policy. The function returned puts other tags on it.
func tagged(c *world.Call, as role, id string) (estate.Tags, func(estate.Tags), error) {
	settle(c) // may attach policies
	e := c.Estate()
	p, isPolicy := e.Policies.Get(id)
	its := arnOf(e, id)
	if isPolicy {
		its = policyARN(e, p)
	}
	if err := begin(c, as, its); err != nil {
		return nil, nil, err
	}
	if isPolicy {
		return p.Tags, func(t estate.Tags) { p.Tags = t; e.Policies.Put(p) }, nil
	}
	if u, ok := e.Units.Get(id); ok {
		return u.Tags, func(t estate.Tags) { u.Tags = t; e.Units.Put(u) }, nil
	}
	if a, ok := e.Accounts.Get(id); ok && member(e, a.ID) {
		return a.Tags, func(t estate.Tags) { a.Tags = t; e.Accounts.Put(a) }, nil
	}
	if id == e.Organization.Root {
		tags, _ := rootTags.Get(c.State, id)
		return tags, func(t estate.Tags) { rootTags.Put(c.State, id, t) }, nil
	}
	return nil, nil, fail("TargetNotFoundException", "You specified a target that doesn't exist.")
}

func tagResource(_ context.Context, c *world.Call, in *organizations.TagResourceInput) (*organizations.TagResourceOutput, error) {
	tags, put, err := tagged(c, management, *in.ResourceId)
	if err != nil {
		return nil, err
	}
	more, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if tags = tags.With(more); len(tags) > tagsPerResource {
		return nil, violation(types.ConstraintViolationExceptionReasonMaxTagLimitExceeded, "You have exceeded the number of tags allowed on this resource.")
	}
	put(tags)
	return &organizations.TagResourceOutput{}, nil
}

func untagResource(_ context.Context, c *world.Call, in *organizations.UntagResourceInput) (*organizations.UntagResourceOutput, error) {
	tags, put, err := tagged(c, management, *in.ResourceId)
	if err != nil {
		return nil, err
	}
	tags = tags.With(nil)
	for _, k := range in.TagKeys {
		delete(tags, k)
	}
	put(tags)
	return &organizations.UntagResourceOutput{}, nil
}

func listTags(_ context.Context, c *world.Call, in *organizations.ListTagsForResourceInput) (*organizations.ListTagsForResourceOutput, error) {
	tags, _, err := tagged(c, reader, *in.ResourceId)
	if err != nil {
		return nil, err
	}
	keys, next, err := page(slices.Collect(maps.Keys(tags)), itself, in.NextToken, nil)
	out := &organizations.ListTagsForResourceOutput{NextToken: next, Tags: []types.Tag{}}
	for _, k := range keys {
		v := tags[k]
		out.Tags = append(out.Tags, types.Tag{Key: &k, Value: &v})
	}
	return out, err
}
