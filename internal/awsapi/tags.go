package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// tagsPerRequest bounds the tags that one request adds, and those it removes
// (API_ChangeTagsForResource).
const tagsPerRequest = 10

// readZoneTags reads the tags of a zone.
func (c *caller) readZoneTags(ctx context.Context, q estate.Query) (Patch, error) {
	out, err := c.route53(q.Account, "").ListTagsForResource(ctx, &route53.ListTagsForResourceInput{
		ResourceType: types.TagResourceTypeHostedzone, ResourceId: &q.ID,
	})
	if Code(err) == "NoSuchHostedZone" {
		return func(e *estate.Estate) { forgetZone(e, q.ID) }, nil
	}
	if err != nil {
		return nil, err
	}
	tags := estate.Tags{}
	for _, t := range out.ResourceTagSet.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return func(e *estate.Estate) {
		if z, ok := e.Zones.Get(q.ID); ok {
			z.Tags = tags
			e.Zones.Put(z)
		}
	}, nil
}

var zoneTagsBinding = binding{
	reads:   []estate.QueryKind{estate.QueryZoneTags},
	do:      (*Writer).doZoneTags,
	settled: (*Writer).settledAtOnce,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayTagZone},
		plan.Update: {plan.MayTagZone},
		plan.Delete: {plan.MayTagZone},
	},
}

func (w *Writer) doZoneTags(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Tags == nil {
		return nil, impossible(s)
	}
	err := w.tagZone(ctx, s.Account, *s.Tags)
	if Code(err) == "NoSuchHostedZone" && len(s.Tags.Set) == 0 {
		err = nil // the tags went with their zone
	}
	return plan.Attributes{}, err
}

// tagZone changes tags in as few requests as their limit allows.
func (w *Writer) tagZone(ctx context.Context, account estate.AccountID, t plan.Tags) error {
	var add []types.Tag
	for _, k := range sortedKeys(t.Set) {
		add = append(add, types.Tag{Key: aws.String(k), Value: aws.String(t.Set[k])})
	}
	remove := slices.Sorted(slices.Values(t.Remove))
	for len(add) > 0 || len(remove) > 0 {
		in := &route53.ChangeTagsForResourceInput{ResourceType: types.TagResourceTypeHostedzone, ResourceId: &t.Zone}
		if n := min(len(add), tagsPerRequest); n > 0 { // an empty list is refused
			in.AddTags, add = add[:n], add[n:]
		}
		if n := min(len(remove), tagsPerRequest); n > 0 {
			in.RemoveTagKeys, remove = remove[:n], remove[n:]
		}
		if _, err := w.route53(account, "").ChangeTagsForResource(ctx, in); err != nil {
			return err
		}
	}
	return nil
}
