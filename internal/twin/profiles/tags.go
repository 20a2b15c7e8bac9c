package profiles

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53profiles"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func tagsOf(list []types.Tag) estate.Tags {
	tags := estate.Tags{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}

// checkTags holds tags to what AWS allows.
func checkTags(tags estate.Tags) error {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return &types.ValidationException{Message: text("The tag key %s is reserved.", k)}
		}
	}
	if len(tags) > tagQuota {
		return &types.ValidationException{Message: text("A resource has at most %d tags.", tagQuota)}
	}
	return nil
}

// tagged is what has tags: a Profile or an association with a VPC, of the
// caller's own.
func tagged(c *world.Call, resource string) (estate.Tags, func(estate.Tags), error) {
	e, id := c.Estate(), resource[strings.LastIndexByte(resource, '/')+1:]
	if p, ok := e.Profiles.Get(id); ok && p.ARN == resource && p.Account == c.Account() && p.Region == c.Region {
		return p.Tags, func(t estate.Tags) { p.Tags = t; e.Profiles.Put(p) }, nil
	}
	if a, ok := e.ProfileAssociations.Get(id); ok && arn(c, "profile-association", id) == resource && a.Account == c.Account() && a.Region == c.Region {
		return a.Tags, func(t estate.Tags) { a.Tags = t; e.ProfileAssociations.Put(a) }, nil
	}
	return nil, nil, missing("resource", resource)
}

func tagResource(_ context.Context, c *world.Call, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
	tags, put, err := tagged(c, aws.ToString(in.ResourceArn))
	if denied := allow(c, aws.ToString(in.ResourceArn), tags, in.Tags); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	all := tags.With(in.Tags)
	if err := checkTags(all); err != nil {
		return nil, err
	}
	put(all)
	return &sdk.TagResourceOutput{}, nil
}

func untagResource(_ context.Context, c *world.Call, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
	tags, put, err := tagged(c, aws.ToString(in.ResourceArn))
	if denied := allow(c, aws.ToString(in.ResourceArn), tags, nil); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	left := tags.With(nil)
	for _, k := range in.TagKeys {
		delete(left, k)
	}
	put(left)
	return &sdk.UntagResourceOutput{}, nil
}

func listTagsForResource(_ context.Context, c *world.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
	tags, _, err := tagged(c, aws.ToString(in.ResourceArn))
	if denied := allow(c, aws.ToString(in.ResourceArn), tags, nil); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	return &sdk.ListTagsForResourceOutput{Tags: tags.With(nil)}, nil
}
