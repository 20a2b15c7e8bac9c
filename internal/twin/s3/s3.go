// Package s3 is the twin's Amazon S3: buckets and their websites, as alias
// targets, and the other settings of a bucket as far as clients read them
// beside these.
//
// Not here: objects (a bucket is always empty), access by policy of a bucket or
// its ACL, and the settings that names do not depend on, which answer as they
// do for a new bucket.
package s3

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's S3.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createBucket),
		wire.Handle(headBucket),
		wire.Handle(deleteBucket),
		wire.Handle(listBuckets),
		wire.Handle(getBucketLocation),
		wire.Handle(putBucketWebsite),
		wire.Handle(getBucketWebsite),
		wire.Handle(deleteBucketWebsite),
		wire.Handle(putBucketTagging),
		wire.Handle(getBucketTagging),
		wire.Handle(deleteBucketTagging),
		wire.Handle(putBucketPolicy),
		wire.Handle(getBucketPolicy),
		wire.Handle(deleteBucketPolicy),
		wire.Handle(putPublicAccessBlock),
		wire.Handle(getPublicAccessBlock),
		wire.Handle(deletePublicAccessBlock),
		wire.Handle(getBucketACL),
		wire.Handle(getBucketAccelerateConfiguration),
		wire.Handle(getBucketCORS),
		wire.Handle(getBucketEncryption),
		wire.Handle(getBucketLifecycleConfiguration),
		wire.Handle(getBucketLogging),
		wire.Handle(getBucketOwnershipControls),
		wire.Handle(getBucketReplication),
		wire.Handle(getBucketRequestPayment),
		wire.Handle(getBucketVersioning),
		wire.Handle(getObjectLockConfiguration),
		wire.Handle(listObjectsV2),
		wire.Handle(listObjectVersions),
	}
}

// failure is an error of S3's that the SDK has no type for (API Reference,
// ErrorResponses.html).
type failure struct {
	smithy.GenericAPIError
	status int
	region estate.Region // of the bucket, where the refusal tells it
}

// HTTPStatusCode is the status that S3 answers with.
func (f *failure) HTTPStatusCode() int { return f.status }

// HTTPHeader tells clients where the bucket is.
func (f *failure) HTTPHeader() http.Header {
	h := http.Header{}
	if f.region != "" {
		h.Set("X-Amz-Bucket-Region", string(f.region))
	}
	return h
}

func fail(status int, code, format string, args ...any) error {
	return &failure{smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}, status, ""}
}

// none is the refusal to show a setting that the bucket does not have.
func none(code, message string) error { return fail(http.StatusNotFound, code, "%s", message) }

// find asks for a permission on a bucket, and finds it. Buckets of others are
// refused, and those of another Region are moved.
func find(c *world.Call, name *string, action string) (bucket, error) {
	b, err := visit(c, name, action)
	if err == nil && b.region != c.Region {
		const text = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."
		err = &failure{smithy.GenericAPIError{Code: "PermanentRedirect", Message: text, Fault: smithy.FaultClient}, http.StatusMovedPermanently, b.region}
	}
	return b, err
}

// visit is find from whichever Region.
func visit(c *world.Call, name *string, action string) (bucket, error) {
	n := aws.ToString(name)
	if err := c.Authorize("s3:"+action, arnOf(n), nil); err != nil {
		return bucket{}, err
	}
	b, ok := get(c, n)
	switch {
	case !ok:
		return b, fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	case b.account != c.Account():
		return b, fail(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	return b, nil
}

// setting makes a handler that reads a setting which no bucket of the twin has
// other than a new one.
func setting[I, O any](action string, bucket func(*I) *string, answer func(*world.Call) (*O, error)) func(context.Context, *world.Call, *I) (*O, error) {
	return func(_ context.Context, c *world.Call, in *I) (*O, error) {
		if _, err := find(c, bucket(in), action); err != nil {
			return nil, err
		}
		return answer(c)
	}
}

// buckets holds those of all accounts by name, which is unique over the
// partition.
var buckets = world.Private[bucket]{Name: "s3.buckets"}

func arnOf(name string) string { return "arn:aws:s3:::" + name }

// get finds a bucket. One that the estate knows by its policy alone, since it
// was read from AWS, is a new one in all other ways.
func get(c *world.Call, name string) (bucket, bool) {
	b, ok := buckets.Get(c.State, name)
	if p, has := c.Estate().ResourcePolicies.Get(arnOf(name)); has && !ok {
		b, ok = bucket{name: name, account: p.Account, region: p.Region, tags: estate.Tags{}, block: blocked()}, true
	}
	return b, ok
}

// canonical is the canonical user ID of an account, derived from it.
func canonical(account estate.AccountID) string {
	id := ""
	for i := range 4 {
		id += world.Derived("user", fmt.Sprint(account, "/", i))[len("user-0"):]
	}
	return id
}
