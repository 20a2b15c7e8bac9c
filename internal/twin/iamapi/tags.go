package iamapi

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// newTags reads the tags of a request, with their condition keys.
func newTags(list []types.Tag) (estate.Tags, world.Conditions, error) {
	tags, conditions, folded := estate.Tags{}, world.Conditions{}, map[string]bool{}
	for _, t := range list {
		k := strings.ToLower(*t.Key)
		if folded[k] {
			return nil, nil, fail("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		folded[k] = true
		tags[*t.Key] = text(t.Value)
		conditions["aws:requesttag/"+k] = []string{text(t.Value)}
		conditions["aws:tagkeys"] = append(conditions["aws:tagkeys"], *t.Key)
	}
	return tags, conditions, nil
}

// joined puts tags over others; IAM's tag keys do not differ by case alone.
func joined(old, more estate.Tags) (estate.Tags, error) {
	out := old.With(nil)
	for _, k := range slices.Sorted(maps.Keys(more)) {
		for had := range out {
			if strings.EqualFold(had, k) {
				delete(out, had)
			}
		}
		out[k] = more[k]
	}
	if len(out) > tagsPerResource {
		return nil, fail("LimitExceeded", "The number of tags has reached the maximum limit.")
	}
	return out, nil
}

func without(old estate.Tags, keys []string) estate.Tags {
	out := old.With(nil)
	for k := range old {
		if slices.ContainsFunc(keys, func(gone string) bool { return strings.EqualFold(gone, k) }) {
			delete(out, k)
		}
	}
	return out
}

// tagList is the tags by key.
func tagList(tags estate.Tags) []types.Tag {
	out := []types.Tag{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		v := tags[k]
		out = append(out, types.Tag{Key: &k, Value: &v})
	}
	return out
}

func tagPage(tags estate.Tags, marker *string, max *int32) ([]types.Tag, bool, *string, error) {
	return page(tagList(tags), func(t types.Tag) string { return *t.Key }, marker, max)
}

func tagHolder(c *world.Call, kind, name string, list []types.Tag) error {
	tags, conditions, err := newTags(list)
	if err != nil {
		return err
	}
	h, err := authorized(c, kind, name, conditions)
	if err != nil {
		return err
	}
	if h.tags, err = joined(h.tags, tags); err != nil {
		return err
	}
	h.put(c)
	return nil
}

func untagHolder(c *world.Call, kind, name string, keys []string) error {
	h, err := authorized(c, kind, name, world.Conditions{"aws:tagkeys": keys})
	if err != nil {
		return err
	}
	h.tags = without(h.tags, keys)
	h.put(c)
	return nil
}

func tagRole(_ context.Context, c *world.Call, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	return &iam.TagRoleOutput{}, tagHolder(c, "role", *in.RoleName, in.Tags)
}

func untagRole(_ context.Context, c *world.Call, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	return &iam.UntagRoleOutput{}, untagHolder(c, "role", *in.RoleName, in.TagKeys)
}

func listRoleTags(_ context.Context, c *world.Call, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	h, err := authorized(c, "role", *in.RoleName, nil)
	if err != nil {
		return nil, err
	}
	tags, truncated, next, err := tagPage(h.tags, in.Marker, in.MaxItems)
	return &iam.ListRoleTagsOutput{Tags: tags, IsTruncated: truncated, Marker: next}, err
}

func tagUser(_ context.Context, c *world.Call, in *iam.TagUserInput) (*iam.TagUserOutput, error) {
	return &iam.TagUserOutput{}, tagHolder(c, "user", *in.UserName, in.Tags)
}

func untagUser(_ context.Context, c *world.Call, in *iam.UntagUserInput) (*iam.UntagUserOutput, error) {
	return &iam.UntagUserOutput{}, untagHolder(c, "user", *in.UserName, in.TagKeys)
}

func listUserTags(_ context.Context, c *world.Call, in *iam.ListUserTagsInput) (*iam.ListUserTagsOutput, error) {
	h, err := authorized(c, "user", *in.UserName, nil)
	if err != nil {
		return nil, err
	}
	tags, truncated, next, err := tagPage(h.tags, in.Marker, in.MaxItems)
	return &iam.ListUserTagsOutput{Tags: tags, IsTruncated: truncated, Marker: next}, err
}

func tagPolicy(_ context.Context, c *world.Call, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
	tags, conditions, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	p, err := ownPolicy(c, *in.PolicyArn, conditions)
	if err != nil {
		return nil, err
	}
	if p.Tags, err = joined(p.Tags, tags); err != nil {
		return nil, err
	}
	c.Estate().ManagedPolicies.Put(p)
	return &iam.TagPolicyOutput{}, nil
}

func untagPolicy(_ context.Context, c *world.Call, in *iam.UntagPolicyInput) (*iam.UntagPolicyOutput, error) {
	p, err := ownPolicy(c, *in.PolicyArn, world.Conditions{"aws:tagkeys": in.TagKeys})
	if err != nil {
		return nil, err
	}
	p.Tags = without(p.Tags, in.TagKeys)
	c.Estate().ManagedPolicies.Put(p)
	return &iam.UntagPolicyOutput{}, nil
}

func listPolicyTags(_ context.Context, c *world.Call, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
	p, err := policyFor(c, *in.PolicyArn, nil)
	if err != nil {
		return nil, err
	}
	tags, truncated, next, err := tagPage(p.Tags, in.Marker, in.MaxItems)
	return &iam.ListPolicyTagsOutput{Tags: tags, IsTruncated: truncated, Marker: next}, err
}
