package elbv2

import (
	"context"
	"strings"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// tagged asks for the permission to do the operation on a resource, and finds
// its tags. Everything that has tags has an entry, be it an empty one.
func tagged(c *world.Call, id string, added estate.Tags) (estate.Tags, error) {
	if err := allow(c, id, added); err != nil {
		return nil, err
	}
	tags, ok := tagTable.Get(c.State, id)
	if ok && strings.HasPrefix(id, arn(c, "")) {
		return tags, nil
	}
	switch {
	case strings.Contains(id, ":targetgroup/"):
		return nil, &types.TargetGroupNotFoundException{Message: text("One or more target groups not found")}
	case strings.Contains(id, ":listener/"):
		return nil, &types.ListenerNotFoundException{Message: text("One or more listeners not found")}
	case strings.Contains(id, ":loadbalancer/"):
		return nil, &types.LoadBalancerNotFoundException{Message: text("One or more load balancers not found")}
	}
	return nil, invalid("'%s' is not a valid resource ARN", id)
}

// putTags writes the tags of a resource, and of a load balancer's row.
func putTags(c *world.Call, id string, tags estate.Tags) {
	tagTable.Put(c.State, id, tags)
	if _, ok := balancers.Get(c.State, id); ok {
		show(c, id)
	}
}

func addTags(_ context.Context, c *world.Call, in *elb.AddTagsInput) (*elb.AddTagsOutput, error) {
	added, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	for _, id := range in.ResourceArns {
		tags, err := tagged(c, id, added)
		if err != nil {
			return nil, err
		}
		tags = tags.With(added)
		if err := tooMany(tags); err != nil {
			return nil, err
		}
		putTags(c, id, tags)
	}
	return &elb.AddTagsOutput{}, nil
}

func removeTags(_ context.Context, c *world.Call, in *elb.RemoveTagsInput) (*elb.RemoveTagsOutput, error) {
	for _, id := range in.ResourceArns {
		tags, err := tagged(c, id, nil)
		if err != nil {
			return nil, err
		}
		tags = tags.With(nil)
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		putTags(c, id, tags)
	}
	return &elb.RemoveTagsOutput{}, nil
}

func describeTags(_ context.Context, c *world.Call, in *elb.DescribeTagsInput) (*elb.DescribeTagsOutput, error) {
	out := &elb.DescribeTagsOutput{}
	for _, id := range in.ResourceArns {
		tags, err := tagged(c, id, nil)
		if err != nil {
			return nil, err
		}
		out.TagDescriptions = append(out.TagDescriptions, types.TagDescription{ResourceArn: &id, Tags: listed(tags)})
	}
	return out, nil
}
