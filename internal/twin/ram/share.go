package ram

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// deleted are the shares that are no more. RAM shows them for two hours
// (RAM User Guide, working-with-sharing-delete.html).
var deleted = world.Private[gone]{Name: "ram.deleted"}

type gone struct {
	estate.Share
	at time.Time
}

const shownFor = 2 * time.Hour

// tokens are the client tokens of CreateResourceShare, by account, Region and
// token.
var tokens = world.Private[made]{Name: "ram.tokens"}

type made struct{ arn, of string }

func createResourceShare(_ context.Context, c *world.Call, in *ram.CreateResourceShareInput) (*ram.CreateResourceShareOutput, error) {
	tags, err := tagsOf(in.Tags)
	external := in.AllowExternalPrincipals == nil || *in.AllowExternalPrincipals
	all := "arn:aws:ram:" + string(c.Region) + ":" + string(c.Account()) + ":resource-share/*"
	if denied := allow(c, all, request(in.ResourceArns, in.Principals, &external, tags)); denied != nil {
		return nil, denied
	}
	switch {
	case err != nil:
		return nil, err
	case in.Sources != nil:
		return nil, c.Unsupported("Sources")
	case in.ResourceShareConfiguration != nil:
		return nil, c.Unsupported("ResourceShareConfiguration")
	}
	of := strings.Join(append(append([]string{aws.ToString(in.Name)}, in.ResourceArns...), append(slices.Clone(in.Principals), in.PermissionArns...)...), " ")
	key := string(c.Account()) + "/" + string(c.Region) + "/" + aws.ToString(in.ClientToken)
	if before, ok := tokens.Get(c.State, key); ok && in.ClientToken != nil {
		s, stands := c.Estate().Shares.Get(before.arn)
		if before.of != of || !stands {
			return nil, &types.IdempotentParameterMismatchException{Message: text("The client token %s was used before with other parameters.", *in.ClientToken)}
		}
		return &ram.CreateResourceShareOutput{ResourceShare: show(s), ClientToken: in.ClientToken}, nil
	}
	s := estate.Share{
		ARN: newARN(c, aws.ToString(in.Name)), Account: c.Account(), Region: c.Region, Name: aws.ToString(in.Name), AllowExternal: external, Created: c.Now, Tags: tags,
	}
	for _, arn := range in.PermissionArns {
		if s.Permissions, err = withPermission(c, s.Permissions, arn, 0, false); err != nil {
			return nil, err
		}
	}
	if s, err = add(c, s, in.ResourceArns, in.Principals); err != nil {
		return nil, err
	}
	if in.ClientToken != nil {
		tokens.Put(c.State, key, made{s.ARN, of})
	}
	return &ram.CreateResourceShareOutput{ResourceShare: show(s), ClientToken: in.ClientToken}, nil
}

func updateResourceShare(_ context.Context, c *world.Call, in *ram.UpdateResourceShareInput) (*ram.UpdateResourceShareOutput, error) {
	s, err := own(c, in.ResourceShareArn, request(nil, nil, in.AllowExternalPrincipals, nil))
	if err != nil {
		return nil, err
	}
	if in.Name != nil {
		s.Name = *in.Name
	}
	if in.AllowExternalPrincipals != nil {
		s.AllowExternal = *in.AllowExternalPrincipals
		if !s.AllowExternal && hasInvited(s) {
			return nil, &types.OperationNotPermittedException{Message: text(onlyInside)}
		}
	}
	c.Estate().Shares.Put(s)
	return &ram.UpdateResourceShareOutput{ResourceShare: show(s), ClientToken: in.ClientToken}, nil
}

func deleteResourceShare(_ context.Context, c *world.Call, in *ram.DeleteResourceShareInput) (*ram.DeleteResourceShareOutput, error) {
	s, err := own(c, in.ResourceShareArn, nil)
	if err != nil {
		return nil, err
	}
	c.Estate().Shares.Delete(s.ARN)
	for _, p := range s.Principals {
		withdraw(c, s.ARN, []string{p.ID})
	}
	deleted.Put(c.State, s.ARN, gone{s, c.Now})
	return &ram.DeleteResourceShareOutput{ReturnValue: aws.Bool(true), ClientToken: in.ClientToken}, nil
}

func show(s estate.Share) *types.ResourceShare {
	return &types.ResourceShare{
		ResourceShareArn: &s.ARN, Name: &s.Name, OwningAccountId: aws.String(string(s.Account)), AllowExternalPrincipals: &s.AllowExternal,
		Status: types.ResourceShareStatusActive, CreationTime: &s.Created, LastUpdatedTime: &s.Created,
		FeatureSet: types.ResourceShareFeatureSetStandard, Tags: listed(s.Tags),
	}
}

// getResourceShares lists the caller's shares, or those of others that reach it.
// What was deleted is listed as such for a while.
func getResourceShares(_ context.Context, c *world.Call, in *ram.GetResourceSharesInput) (*ram.GetResourceSharesOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	var all []types.ResourceShare
	for _, s := range sharesOf(c, in.ResourceOwner) {
		if in.PermissionArn == nil || slices.ContainsFunc(permissionsOf(c, s), func(p estate.SharePermission) bool {
			return p.ARN == *in.PermissionArn && (in.PermissionVersion == nil || p.Version == int(*in.PermissionVersion))
		}) {
			all = append(all, *show(s))
		}
	}
	if in.ResourceOwner == types.ResourceOwnerSelf && in.PermissionArn == nil {
		deleted.Walk(c.State, "arn:aws:ram:"+string(c.Region)+":"+string(c.Account())+":", func(_ string, g gone) bool {
			if c.Now.Before(g.at.Add(shownFor)) {
				s := show(g.Share)
				s.Status, s.LastUpdatedTime = types.ResourceShareStatusDeleted, &g.at
				all = append(all, *s)
			}
			return true
		})
	}
	for _, arn := range in.ResourceShareArns {
		if !slices.ContainsFunc(all, func(s types.ResourceShare) bool { return *s.ResourceShareArn == arn }) {
			return nil, unknown("ResourceShare", arn)
		}
	}
	all = slices.DeleteFunc(all, func(s types.ResourceShare) bool {
		return !wanted(in.ResourceShareArns, *s.ResourceShareArn) || in.Name != nil && *in.Name != *s.Name ||
			in.ResourceShareStatus != "" && in.ResourceShareStatus != s.Status || !tagged(s.Tags, in.TagFilters)
	})
	list, next, err := page(all, func(s types.ResourceShare) string { return *s.ResourceShareArn }, in.MaxResults, in.NextToken)
	if list == nil {
		list = []types.ResourceShare{}
	}
	return &ram.GetResourceSharesOutput{ResourceShares: list, NextToken: next}, err
}

// sharesOf are the shares in the Region that the caller owns, or those of
// others that reach it. Tags are the owner's to see.
func sharesOf(c *world.Call, owner types.ResourceOwner) []estate.Share {
	e := c.Estate()
	if owner == types.ResourceOwnerSelf {
		return slices.Collect(e.Shares.By(estate.ByRegion(c.Account(), c.Region)))
	}
	var out []estate.Share
	reach := e.SharedWith(c.Account())
	for _, arn := range slices.Sorted(maps.Keys(reach)) {
		if s, _ := e.Shares.Get(arn); s.Region == c.Region && !c.Now.Before(reach[arn].Add(world.Sharing)) {
			s.Tags = nil
			out = append(out, s)
		}
	}
	return out
}

func tagged(tags []types.Tag, filters []types.TagFilter) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(tags, func(t types.Tag) bool {
			return *t.Key == aws.ToString(f.TagKey) && wanted(f.TagValues, *t.Value)
		}) {
			return false
		}
	}
	return true
}

func tagsOf(list []types.Tag) (estate.Tags, error) {
	tags := estate.Tags{}
	for _, t := range list {
		if strings.HasPrefix(strings.ToLower(aws.ToString(t.Key)), "aws:") {
			return nil, invalid("Tag keys beginning with 'aws:' are reserved: %s", *t.Key)
		}
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

func listed(tags estate.Tags) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

func tagResource(_ context.Context, c *world.Call, in *ram.TagResourceInput) (*ram.TagResourceOutput, error) {
	tags, err := tagsOf(in.Tags)
	s, denied := own(c, either(in.ResourceShareArn, in.ResourceArn), request(nil, nil, nil, tags))
	if denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	s.Tags = s.Tags.With(tags)
	if len(s.Tags) > tagsPerShare {
		return nil, &types.TagLimitExceededException{Message: text("A resource share can have at most %d tags.", tagsPerShare)}
	}
	c.Estate().Shares.Put(s)
	return &ram.TagResourceOutput{}, nil
}

func untagResource(_ context.Context, c *world.Call, in *ram.UntagResourceInput) (*ram.UntagResourceOutput, error) {
	s, err := own(c, either(in.ResourceShareArn, in.ResourceArn), world.Conditions{"aws:tagkeys": in.TagKeys})
	if err != nil {
		return nil, err
	}
	s.Tags = s.Tags.With(nil)
	for _, k := range in.TagKeys {
		delete(s.Tags, k)
	}
	c.Estate().Shares.Put(s)
	return &ram.UntagResourceOutput{}, nil
}

func either(a, b *string) *string {
	if a != nil {
		return a
	}
	return b
}
