// Package cloudfront is the twin's Amazon CloudFront: distributions with their
// alternate names, certificates and life, as alias targets.
//
// Not here: requests to a distribution, invalidations, policies, functions,
// streaming distributions, staging, and distribution tenants. Policies and the
// like that a distribution names are taken as given. A disabled distribution
// keeps its name and addresses until it is deleted.
package cloudfront

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's CloudFront.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createDistribution),
		wire.Handle(createDistributionWithTags),
		wire.Handle(getDistribution),
		wire.Handle(getDistributionConfig),
		wire.Handle(updateDistribution),
		wire.Handle(deleteDistribution),
		wire.Handle(listDistributions),
		wire.Handle(listTagsForResource),
		wire.Handle(tagResource),
		wire.Handle(untagResource),
	}
}

func arn(c *world.Call, id string) string {
	return fmt.Sprintf("arn:aws:cloudfront::%s:distribution/%s", c.Account(), id)
}

// allow asks for a permission on a resource.
func allow(c *world.Call, action, resource string, tags estate.Tags) error {
	conditions := world.Conditions{}
	for k, v := range tags {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	if len(tags) > 0 {
		conditions["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
	}
	return c.Authorize("cloudfront:"+action, resource, conditions)
}

func tagsOf(list *types.Tags) (estate.Tags, error) {
	tags := estate.Tags{}
	if list != nil {
		for _, t := range list.Items {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return tags, checkTags(tags)
}

// checkTags holds tags to the restrictions that AWS sets (Developer Guide,
// tagging.html).
func checkTags(tags estate.Tags) error {
	for k := range tags {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return &types.InvalidTagging{Message: aws.String("Tag keys that begin with 'aws:' are reserved.")}
		}
	}
	if len(tags) > 50 {
		return &types.InvalidTagging{Message: aws.String("A resource can have at most 50 tags.")}
	}
	return nil
}

func listed(tags estate.Tags) *types.Tags {
	out := &types.Tags{Items: []types.Tag{}}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out.Items = append(out.Items, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}
