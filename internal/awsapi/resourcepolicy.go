package awsapi

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/orgdns/orgdns/internal/estate"
)

// readResourcePolicies reads the policies of all buckets, or of all KMS keys, of
// an account in a Region. One that cannot be read fails the whole query: it may
// be the one that names an endpoint.
func (c *caller) readResourcePolicies(ctx context.Context, q estate.Query) (Patch, error) {
	read, ok := map[string]func(context.Context, estate.Query) ([]estate.ResourcePolicy, error){
		estate.PoliciesS3: c.bucketPolicies, estate.PoliciesKMS: c.keyPolicies,
	}[q.ID]
	if !ok {
		return nil, fmt.Errorf("AWS is not asked for %s", q)
	}
	found, err := read(ctx, q)
	if err != nil {
		return nil, err
	}
	return func(e *estate.Estate) {
		var gone []string
		for p := range e.ResourcePolicies.By(estate.ByRegion(q.Account, q.Region)) {
			if arnService(p.ARN) == q.ID {
				gone = append(gone, p.Key())
			}
		}
		e.ResourcePolicies.Delete(gone...)
		e.ResourcePolicies.Put(found...)
	}, nil
}

// arnService is the service in an ARN (IAM User Guide, reference-arns.html).
func arnService(arn string) string {
	if parts := strings.SplitN(arn, ":", 4); len(parts) == 4 {
		return parts[2]
	}
	return ""
}

// bucketPage is how many buckets are listed at once; without a number the list
// is not in pages (API_ListBuckets).
const bucketPage = 1000

func (c *caller) bucketPolicies(ctx context.Context, q estate.Query) ([]estate.ResourcePolicy, error) {
	client := c.s3(q.Account, q.Region)
	var out []estate.ResourcePolicy
	pages := s3.NewListBucketsPaginator(client, &s3.ListBucketsInput{MaxBuckets: aws.Int32(bucketPage), BucketRegion: aws.String(string(q.Region))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, b := range page.Buckets {
			got, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: b.Name})
			if code := Code(err); code == "NoSuchBucketPolicy" || code == "NoSuchBucket" { // deleted meanwhile
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("policy of bucket %s: %w", aws.ToString(b.Name), err)
			}
			out = append(out, estate.ResourcePolicy{
				ARN: fmt.Sprintf("arn:%s:s3:::%s", c.partition(), aws.ToString(b.Name)), Account: q.Account, Region: q.Region, Document: aws.ToString(got.Policy),
			})
		}
	}
	return out, nil
}

// keyPage is the largest page of keys (API_ListKeys, Limit).
const keyPage = 1000

func (c *caller) keyPolicies(ctx context.Context, q estate.Query) ([]estate.ResourcePolicy, error) {
	client := c.kms(q.Account, q.Region)
	var out []estate.ResourcePolicy
	pages := kms.NewListKeysPaginator(client, &kms.ListKeysInput{Limit: aws.Int32(keyPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Keys {
			got, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: k.KeyId})
			if Code(err) == "NotFoundException" { // deleted meanwhile
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("policy of key %s: %w", aws.ToString(k.KeyArn), err)
			}
			out = append(out, estate.ResourcePolicy{ARN: aws.ToString(k.KeyArn), Account: q.Account, Region: q.Region, Document: aws.ToString(got.Policy)})
		}
	}
	return out, nil
}
