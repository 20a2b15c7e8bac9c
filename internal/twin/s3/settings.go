package s3

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// A website needs a bucket policy and no block of public access, so clients
// set them; the twin keeps them and grants nothing by them. The policy stands in
// the estate.

func putBucketPolicy(_ context.Context, c *world.Call, in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
	b, err := find(c, in.Bucket, "PutBucketPolicy")
	if err != nil {
		return nil, err
	}
	if !json.Valid([]byte(aws.ToString(in.Policy))) {
		return nil, fail(http.StatusBadRequest, "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
	}
	c.Estate().ResourcePolicies.Put(estate.ResourcePolicy{ARN: arnOf(b.name), Account: b.account, Region: b.region, Document: *in.Policy})
	return &s3.PutBucketPolicyOutput{}, nil
}

func getBucketPolicy(_ context.Context, c *world.Call, in *s3.GetBucketPolicyInput) (*s3.GetBucketPolicyOutput, error) {
	b, err := find(c, in.Bucket, "GetBucketPolicy")
	if err != nil {
		return nil, err
	}
	p, ok := c.Estate().ResourcePolicies.Get(arnOf(b.name))
	if !ok {
		return nil, none("NoSuchBucketPolicy", "The bucket policy does not exist")
	}
	return &s3.GetBucketPolicyOutput{Policy: &p.Document}, nil
}

func deleteBucketPolicy(_ context.Context, c *world.Call, in *s3.DeleteBucketPolicyInput) (*s3.DeleteBucketPolicyOutput, error) {
	b, err := find(c, in.Bucket, "DeleteBucketPolicy")
	if err != nil {
		return nil, err
	}
	buckets.Put(c.State, b.name, b) // which the estate may have known by its policy alone
	c.Estate().ResourcePolicies.Delete(arnOf(b.name))
	return &s3.DeleteBucketPolicyOutput{}, nil
}

func putPublicAccessBlock(_ context.Context, c *world.Call, in *s3.PutPublicAccessBlockInput) (*s3.PutPublicAccessBlockOutput, error) {
	b, err := find(c, in.Bucket, "PutBucketPublicAccessBlock")
	if err != nil {
		return nil, err
	}
	b.block = in.PublicAccessBlockConfiguration
	for _, field := range []**bool{&b.block.BlockPublicAcls, &b.block.BlockPublicPolicy, &b.block.IgnorePublicAcls, &b.block.RestrictPublicBuckets} {
		*field = aws.Bool(aws.ToBool(*field))
	}
	buckets.Put(c.State, b.name, b)
	return &s3.PutPublicAccessBlockOutput{}, nil
}

func getPublicAccessBlock(_ context.Context, c *world.Call, in *s3.GetPublicAccessBlockInput) (*s3.GetPublicAccessBlockOutput, error) {
	b, err := find(c, in.Bucket, "GetBucketPublicAccessBlock")
	if err != nil {
		return nil, err
	}
	if b.block == nil {
		return nil, none("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
	}
	return &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: b.block}, nil
}

func deletePublicAccessBlock(_ context.Context, c *world.Call, in *s3.DeletePublicAccessBlockInput) (*s3.DeletePublicAccessBlockOutput, error) {
	b, err := find(c, in.Bucket, "PutBucketPublicAccessBlock")
	if err != nil {
		return nil, err
	}
	b.block = nil
	buckets.Put(c.State, b.name, b)
	return &s3.DeletePublicAccessBlockOutput{}, nil
}

// Every other setting is that of a new bucket.

var getBucketACL = setting("GetBucketAcl",
	func(in *s3.GetBucketAclInput) *string { return in.Bucket },
	func(c *world.Call) (*s3.GetBucketAclOutput, error) {
		id := aws.String(canonical(c.Account()))
		return &s3.GetBucketAclOutput{Owner: &types.Owner{ID: id}, Grants: []types.Grant{{
			Grantee: &types.Grantee{Type: types.TypeCanonicalUser, ID: id}, Permission: types.PermissionFullControl,
		}}}, nil
	})

var getBucketAccelerateConfiguration = setting("GetAccelerateConfiguration",
	func(in *s3.GetBucketAccelerateConfigurationInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketAccelerateConfigurationOutput, error) {
		return &s3.GetBucketAccelerateConfigurationOutput{}, nil
	})

var getBucketCORS = setting("GetBucketCORS",
	func(in *s3.GetBucketCorsInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketCorsOutput, error) {
		return nil, none("NoSuchCORSConfiguration", "The CORS configuration does not exist")
	})

// getBucketEncryption: new buckets are encrypted with S3's keys (User Guide,
// default-bucket-encryption.html).
var getBucketEncryption = setting("GetEncryptionConfiguration",
	func(in *s3.GetBucketEncryptionInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketEncryptionOutput, error) {
		return &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
			Rules: []types.ServerSideEncryptionRule{{
				ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256},
				BucketKeyEnabled:                   aws.Bool(false),
			}},
		}}, nil
	})

var getBucketLifecycleConfiguration = setting("GetLifecycleConfiguration",
	func(in *s3.GetBucketLifecycleConfigurationInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketLifecycleConfigurationOutput, error) {
		return nil, none("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
	})

var getBucketLogging = setting("GetBucketLogging",
	func(in *s3.GetBucketLoggingInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketLoggingOutput, error) { return &s3.GetBucketLoggingOutput{}, nil })

// getBucketOwnershipControls: new buckets have ACLs off (User Guide,
// about-object-ownership.html).
var getBucketOwnershipControls = setting("GetBucketOwnershipControls",
	func(in *s3.GetBucketOwnershipControlsInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketOwnershipControlsOutput, error) {
		return &s3.GetBucketOwnershipControlsOutput{OwnershipControls: &types.OwnershipControls{
			Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}},
		}}, nil
	})

var getBucketReplication = setting("GetReplicationConfiguration",
	func(in *s3.GetBucketReplicationInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketReplicationOutput, error) {
		return nil, none("ReplicationConfigurationNotFoundError", "The replication configuration was not found")
	})

var getBucketRequestPayment = setting("GetBucketRequestPayment",
	func(in *s3.GetBucketRequestPaymentInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketRequestPaymentOutput, error) {
		return &s3.GetBucketRequestPaymentOutput{Payer: types.PayerBucketOwner}, nil
	})

var getBucketVersioning = setting("GetBucketVersioning",
	func(in *s3.GetBucketVersioningInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetBucketVersioningOutput, error) {
		return &s3.GetBucketVersioningOutput{}, nil
	})

var getObjectLockConfiguration = setting("GetBucketObjectLockConfiguration",
	func(in *s3.GetObjectLockConfigurationInput) *string { return in.Bucket },
	func(*world.Call) (*s3.GetObjectLockConfigurationOutput, error) {
		return nil, none("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket")
	})

func listObjectsV2(_ context.Context, c *world.Call, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	b, err := find(c, in.Bucket, "ListBucket")
	return &s3.ListObjectsV2Output{
		Name: aws.String(b.name), Prefix: in.Prefix, KeyCount: aws.Int32(0), MaxKeys: aws.Int32(1000), IsTruncated: aws.Bool(false),
	}, err
}

func listObjectVersions(_ context.Context, c *world.Call, in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
	b, err := find(c, in.Bucket, "ListBucketVersions")
	return &s3.ListObjectVersionsOutput{
		Name: aws.String(b.name), Prefix: in.Prefix, MaxKeys: aws.Int32(1000), IsTruncated: aws.Bool(false),
	}, err
}
