package route53

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Tags per request and per resource (API_ChangeTagsForResource; Developer
// Guide, health-checks-tagging.html), and resources per ListTagsForResources.
const (
	maxTagChanges = 10
	maxTags       = 50
	maxTagged     = 10
)

func tagARN(kind types.TagResourceType, id string) string {
	if kind == types.TagResourceTypeHealthcheck {
		return checkARN(id)
	}
	return zoneARN(id)
}

// tagsOf finds the tags of a zone or health check of the caller's.
func tagsOf(c *world.Call, kind types.TagResourceType, id string) (estate.Tags, error) {
	if kind == types.TagResourceTypeHealthcheck {
		h, err := ownCheck(c, id)
		return h.Tags, err
	}
	z, err := ownZone(c, id)
	return z.Tags, err
}

func changeTags(_ context.Context, c *world.Call, in *sdk.ChangeTagsForResourceInput) (*sdk.ChangeTagsForResourceOutput, error) {
	id := bare(in.ResourceId, zonePrefix)
	if err := authorize(c, tagARN(in.ResourceType, id), nil); err != nil {
		return nil, err
	}
	old, err := tagsOf(c, in.ResourceType, id)
	switch {
	case err != nil:
		return nil, err
	case len(in.AddTags) == 0 && len(in.RemoveTagKeys) == 0:
		return nil, invalidInput("Invalid request: AddTags or RemoveTagKeys must be specified")
	case len(in.AddTags) > maxTagChanges || len(in.RemoveTagKeys) > maxTagChanges:
		return nil, invalidInput("Invalid request: at most %d tags can be added and at most %d removed", maxTagChanges, maxTagChanges)
	}
	tags := old.With(nil)
	for _, k := range in.RemoveTagKeys {
		delete(tags, k)
	}
	added := map[string]bool{}
	for _, t := range in.AddTags {
		k := aws.ToString(t.Key)
		if k == "" || added[k] {
			return nil, invalidInput("Invalid request: the tag key %q is empty or given twice", k)
		}
		added[k] = true
		tags[k] = aws.ToString(t.Value)
	}
	if len(tags) > maxTags {
		return nil, invalidInput("Invalid request: a resource can have at most %d tags", maxTags)
	}
	if in.ResourceType == types.TagResourceTypeHealthcheck {
		h, _ := checks.Get(c.State, id)
		h.Tags = tags
		checks.Put(c.State, id, h)
	} else {
		z, _ := c.Estate().Zones.Get(id)
		z.Tags = tags
		c.Estate().Zones.Put(z)
	}
	return &sdk.ChangeTagsForResourceOutput{}, nil
}

func tagSet(c *world.Call, kind types.TagResourceType, id string) (*types.ResourceTagSet, error) {
	if err := authorize(c, tagARN(kind, id), nil); err != nil {
		return nil, err
	}
	tags, err := tagsOf(c, kind, id)
	if err != nil {
		return nil, err
	}
	set := &types.ResourceTagSet{ResourceId: aws.String(id), ResourceType: kind, Tags: []types.Tag{}}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		set.Tags = append(set.Tags, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return set, nil
}

func listTags(_ context.Context, c *world.Call, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
	set, err := tagSet(c, in.ResourceType, bare(in.ResourceId, zonePrefix))
	if err != nil {
		return nil, err
	}
	return &sdk.ListTagsForResourceOutput{ResourceTagSet: set}, nil
}

func listTagsOfMany(_ context.Context, c *world.Call, in *sdk.ListTagsForResourcesInput) (*sdk.ListTagsForResourcesOutput, error) {
	if n := len(in.ResourceIds); n == 0 || n > maxTagged {
		return nil, invalidInput("Invalid request: 1 to %d resources can be listed, but %d were given", maxTagged, n)
	}
	out := &sdk.ListTagsForResourcesOutput{}
	for _, id := range in.ResourceIds {
		set, err := tagSet(c, in.ResourceType, bare(&id, zonePrefix))
		if err != nil {
			return nil, err
		}
		out.ResourceTagSets = append(out.ResourceTagSets, *set)
	}
	return out, nil
}
