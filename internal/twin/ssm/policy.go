package ssm

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// own finds a parameter of the caller's by its ARN for what is done with its
// policies.
func own(c *world.Call, arn *string) (estate.Parameter, error) {
	id := aws.ToString(arn)
	p, ok := c.Estate().Parameters.Get(id)
	if err := c.Authorize("ssm:"+c.Operation, id, tagConditions(p.Tags, nil)); err != nil {
		return p, err
	}
	if !ok || p.Account != c.Account() || p.Region != c.Region {
		return p, &types.ResourceNotFoundException{Message: aws.String("The resource " + id + " is not there.")}
	}
	return p, nil
}

func hash(policy string) *string { return aws.String(fmt.Sprintf("%x", sha256.Sum256([]byte(policy)))) }

// putResourcePolicy puts a policy on a parameter of the Advanced tier; to change
// one its ID and hash are given (API_PutResourcePolicy).
func putResourcePolicy(_ context.Context, c *world.Call, in *ssm.PutResourcePolicyInput) (*ssm.PutResourcePolicyOutput, error) {
	p, err := own(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	policy, id := aws.ToString(in.Policy), aws.ToString(in.PolicyId)
	if _, err := iam.Check(policy, iam.ResourceBased); err != nil {
		return nil, &types.MalformedResourcePolicyDocumentException{Message: aws.String(err.Error())}
	}
	switch old, there := p.Policies[id]; {
	case p.Tier != string(types.ParameterTierAdvanced):
		return nil, &types.ResourcePolicyInvalidParameterException{Message: aws.String("A resource policy needs a parameter of the advanced-parameter tier.")}
	case id == "":
		h := c.State.HexID(c.Account(), "policy", p.ARN, 32)
		id = strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
	case !there:
		return nil, &types.ResourcePolicyNotFoundException{Message: aws.String("The policy " + id + " is not there.")}
	case aws.ToString(in.PolicyHash) != *hash(old):
		return nil, &types.ResourcePolicyConflictException{Message: aws.String("The hash provided in the call doesn't match the stored hash.")}
	}
	p.Policies = maps.Clone(p.Policies)
	if p.Policies == nil {
		p.Policies = map[string]string{}
	}
	p.Policies[id] = policy
	c.Estate().Parameters.Put(p)
	return &ssm.PutResourcePolicyOutput{PolicyId: &id, PolicyHash: hash(policy)}, nil
}

func getResourcePolicies(_ context.Context, c *world.Call, in *ssm.GetResourcePoliciesInput) (*ssm.GetResourcePoliciesOutput, error) {
	p, err := own(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	all := []types.GetResourcePoliciesResponseEntry{}
	for _, id := range slices.Sorted(maps.Keys(p.Policies)) {
		all = append(all, types.GetResourcePoliciesResponseEntry{PolicyId: &id, Policy: aws.String(p.Policies[id]), PolicyHash: hash(p.Policies[id])})
	}
	all, token, err := page(all, func(e types.GetResourcePoliciesResponseEntry) string { return *e.PolicyId }, in.MaxResults, 50, in.NextToken)
	return &ssm.GetResourcePoliciesOutput{Policies: all, NextToken: token}, err
}

func deleteResourcePolicy(_ context.Context, c *world.Call, in *ssm.DeleteResourcePolicyInput) (*ssm.DeleteResourcePolicyOutput, error) {
	p, err := own(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if in.DeletionMode != "" {
		return nil, c.Unsupported("DeletionMode")
	}
	id := aws.ToString(in.PolicyId)
	switch old, there := p.Policies[id]; {
	case !there:
		return nil, &types.ResourcePolicyNotFoundException{Message: aws.String("The policy " + id + " is not there.")}
	case aws.ToString(in.PolicyHash) != *hash(old):
		return nil, &types.ResourcePolicyConflictException{Message: aws.String("The hash provided in the call doesn't match the stored hash.")}
	}
	p.Policies = maps.Clone(p.Policies)
	delete(p.Policies, id)
	c.Estate().Parameters.Put(p)
	return &ssm.DeleteResourcePolicyOutput{}, nil
}

func tagsOf(list []types.Tag) estate.Tags {
	tags := estate.Tags{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}

// tagged finds a parameter of the caller's by name for what is done with its tags.
func tagged(c *world.Call, kind types.ResourceTypeForTagging, name *string, given estate.Tags) (estate.Parameter, error) {
	arn := estate.ParameterARN(c.Account(), c.Region, aws.ToString(name))
	p, ok := c.Estate().Parameters.Get(arn)
	if err := c.Authorize("ssm:"+c.Operation, arn, tagConditions(p.Tags, given)); err != nil {
		return p, err
	}
	switch {
	case kind != types.ResourceTypeForTaggingParameter:
		return p, c.Unsupported("ResourceType " + string(kind))
	case !ok:
		return p, &types.InvalidResourceId{Message: aws.String("The resource ID " + aws.ToString(name) + " is not valid.")}
	}
	return p, nil
}

func addTagsToResource(_ context.Context, c *world.Call, in *ssm.AddTagsToResourceInput) (*ssm.AddTagsToResourceOutput, error) {
	given := tagsOf(in.Tags)
	p, err := tagged(c, in.ResourceType, in.ResourceId, given)
	if err != nil {
		return nil, err
	}
	if p.Tags = p.Tags.With(given); len(p.Tags) > 50 {
		return nil, &types.TooManyTagsError{Message: aws.String("The Targets parameter includes too many tags.")}
	}
	c.Estate().Parameters.Put(p)
	return &ssm.AddTagsToResourceOutput{}, nil
}

func removeTagsFromResource(_ context.Context, c *world.Call, in *ssm.RemoveTagsFromResourceInput) (*ssm.RemoveTagsFromResourceOutput, error) {
	p, err := tagged(c, in.ResourceType, in.ResourceId, nil)
	if err != nil {
		return nil, err
	}
	p.Tags = p.Tags.With(nil)
	for _, k := range in.TagKeys {
		delete(p.Tags, k)
	}
	c.Estate().Parameters.Put(p)
	return &ssm.RemoveTagsFromResourceOutput{}, nil
}

func listTagsForResource(_ context.Context, c *world.Call, in *ssm.ListTagsForResourceInput) (*ssm.ListTagsForResourceOutput, error) {
	p, err := tagged(c, in.ResourceType, in.ResourceId, nil)
	if err != nil {
		return nil, err
	}
	out := &ssm.ListTagsForResourceOutput{TagList: []types.Tag{}}
	for _, k := range slices.Sorted(maps.Keys(p.Tags)) {
		out.TagList = append(out.TagList, types.Tag{Key: &k, Value: aws.String(p.Tags[k])})
	}
	return out, nil
}
