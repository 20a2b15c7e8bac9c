package s3

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls a handler and gives the code of its refusal.
func refused[I, O any](cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) string {
	_, err := worldtest.Do(cl, h, in)
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func create(name, constraint string) *s3.CreateBucketInput {
	in := &s3.CreateBucketInput{Bucket: &name}
	if constraint != "" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(constraint)}
	}
	return in
}

func TestCreateBucket(t *testing.T) {
	cl, _ := worldtest.New()
	east, other := cl.In("", "us-east-1"), cl.In("222222222222", "")
	for _, tc := range []struct {
		what string
		cl   worldtest.Client
		in   *s3.CreateBucketInput
		code string
	}{
		{"no constraint", cl, create("www.example.com", ""), "IllegalLocationConstraintException"},
		{"another Region's constraint", cl, create("www.example.com", "eu-west-2"), "IllegalLocationConstraintException"},
		{"good", cl, create("www.example.com", "eu-west-1"), ""},
		{"again", cl, create("www.example.com", "eu-west-1"), "BucketAlreadyOwnedByYou"},
		{"another account's name", other, create("www.example.com", "eu-west-1"), "BucketAlreadyExists"},
		{"us-east-1", east, create("east.example.com", ""), ""},
		{"us-east-1 again", east, create("east.example.com", ""), ""},
		{"from us-east-1 elsewhere", east, create("far.example.com", "ap-south-1"), ""},
		{"upper case", east, create("WWW.example.com", ""), "InvalidBucketName"},
		{"an address", east, create("192.0.2.1", ""), "InvalidBucketName"},
		{"two dots", east, create("a..b", ""), "InvalidBucketName"},
		{"too short", east, create("ab", ""), "InvalidBucketName"},
		{"reserved prefix", east, create("xn--a", ""), "InvalidBucketName"},
	} {
		if got := refused(tc.cl, createBucket, tc.in); got != tc.code {
			t.Errorf("%s: got %q, want %q", tc.what, got, tc.code)
		}
	}
	if l := must(t, east, getBucketLocation, &s3.GetBucketLocationInput{Bucket: aws.String("far.example.com")}).LocationConstraint; l != "ap-south-1" {
		t.Errorf("location %s", l)
	}
	for _, tc := range []struct {
		cl   worldtest.Client
		name string
		code string
	}{
		{cl, "www.example.com", ""}, {cl, "none.example.com", "NoSuchBucket"}, {cl, "east.example.com", "PermanentRedirect"}, {other, "www.example.com", "AccessDenied"},
	} {
		if got := refused(tc.cl, headBucket, &s3.HeadBucketInput{Bucket: &tc.name}); got != tc.code {
			t.Errorf("HEAD %s by %s: got %q, want %q", tc.name, tc.cl.Account, got, tc.code)
		}
	}
	var names []string
	in := &s3.ListBucketsInput{MaxBuckets: aws.Int32(2)}
	for {
		out := must(t, cl, listBuckets, in)
		for _, b := range out.Buckets {
			names = append(names, *b.Name)
		}
		if in.ContinuationToken = out.ContinuationToken; in.ContinuationToken == nil {
			break
		}
	}
	if got := strings.Join(names, " "); got != "east.example.com far.example.com www.example.com" {
		t.Errorf("buckets %s", got)
	}
}

// TestRedirect: clients learn the bucket's Region from the header.
func TestRedirect(t *testing.T) {
	cl, _ := worldtest.New()
	must(t, cl, createBucket, create("www.example.com", "eu-west-1"))
	_, err := worldtest.Do(cl.In("", "us-east-1"), headBucket, &s3.HeadBucketInput{Bucket: aws.String("www.example.com")})
	table, loadErr := wire.Load("s3")
	if loadErr != nil {
		t.Fatal(loadErr)
	}
	r := table.EncodeError(err, "1")
	if r.Status != 301 || r.Header.Get("x-amz-bucket-region") != "eu-west-1" {
		t.Errorf("status %d, header %v", r.Status, r.Header)
	}
}

func TestWebsite(t *testing.T) {
	for _, tc := range []struct {
		region         estate.Region
		endpoint, zone string
	}{
		{"eu-west-1", "s3-website-eu-west-1.amazonaws.com", "Z1BKCTXD74EZPE"},
		{"eu-central-1", "s3-website.eu-central-1.amazonaws.com", "Z21DNDUVLTQW6Q"},
	} {
		cl, _ := worldtest.New()
		cl.Region = tc.region
		name := aws.String("www.example.com")
		must(t, cl, createBucket, create(*name, string(tc.region)))
		if code := refused(cl, getBucketWebsite, &s3.GetBucketWebsiteInput{Bucket: name}); code != "NoSuchWebsiteConfiguration" {
			t.Errorf("no website yet: %q", code)
		}
		if code := refused(cl, putBucketWebsite, &s3.PutBucketWebsiteInput{Bucket: name, WebsiteConfiguration: &types.WebsiteConfiguration{}}); code != "InvalidArgument" {
			t.Errorf("an empty website: %q", code)
		}
		must(t, cl, putBucketWebsite, &s3.PutBucketWebsiteInput{Bucket: name, WebsiteConfiguration: &types.WebsiteConfiguration{
			IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")},
		}})
		if w := must(t, cl, getBucketWebsite, &s3.GetBucketWebsiteInput{Bucket: name}); *w.IndexDocument.Suffix != "index.html" {
			t.Errorf("website %+v", w)
		}
		target, ok := estate.First(cl.World.Estate().Targets.All())
		if !ok || target.Name.String() != tc.endpoint || target.Zone != tc.zone || target.Domains[0].String() != *name || len(target.Addresses) == 0 {
			t.Errorf("target %+v", target)
		}
		must(t, cl, deleteBucket, &s3.DeleteBucketInput{Bucket: name})
		if n := cl.World.Estate().Targets.Len(); n != 0 {
			t.Errorf("%d targets are left", n)
		}
	}
}

// TestSettings: what Terraform reads of a bucket answers as for a new one.
func TestSettings(t *testing.T) {
	cl, _ := worldtest.New()
	name := aws.String("www.example.com")
	must(t, cl, createBucket, create(*name, "eu-west-1"))
	for _, tc := range []struct{ what, got, want string }{
		{"policy", refused(cl, getBucketPolicy, &s3.GetBucketPolicyInput{Bucket: name}), "NoSuchBucketPolicy"},
		{"tags", refused(cl, getBucketTagging, &s3.GetBucketTaggingInput{Bucket: name}), "NoSuchTagSet"},
		{"CORS", refused(cl, getBucketCORS, &s3.GetBucketCorsInput{Bucket: name}), "NoSuchCORSConfiguration"},
		{"life cycle", refused(cl, getBucketLifecycleConfiguration, &s3.GetBucketLifecycleConfigurationInput{Bucket: name}), "NoSuchLifecycleConfiguration"},
		{"replication", refused(cl, getBucketReplication, &s3.GetBucketReplicationInput{Bucket: name}), "ReplicationConfigurationNotFoundError"},
		{"object lock", refused(cl, getObjectLockConfiguration, &s3.GetObjectLockConfigurationInput{Bucket: name}), "ObjectLockConfigurationNotFoundError"},
		{"versioning", refused(cl, getBucketVersioning, &s3.GetBucketVersioningInput{Bucket: name}), ""},
		{"another bucket", refused(cl, getBucketVersioning, &s3.GetBucketVersioningInput{Bucket: aws.String("none")}), "NoSuchBucket"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.what, tc.got, tc.want)
		}
	}
	must(t, cl, putBucketTagging, &s3.PutBucketTaggingInput{Bucket: name, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}})
	if tags := must(t, cl, getBucketTagging, &s3.GetBucketTaggingInput{Bucket: name}).TagSet; len(tags) != 1 {
		t.Errorf("tags %+v", tags)
	}
	must(t, cl, deletePublicAccessBlock, &s3.DeletePublicAccessBlockInput{Bucket: name})
	if code := refused(cl, getPublicAccessBlock, &s3.GetPublicAccessBlockInput{Bucket: name}); code != "NoSuchPublicAccessBlockConfiguration" {
		t.Errorf("public access block: %q", code)
	}
	must(t, cl, putBucketPolicy, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String("{}")})
	if p := must(t, cl, getBucketPolicy, &s3.GetBucketPolicyInput{Bucket: name}).Policy; *p != "{}" {
		t.Errorf("policy %s", *p)
	}
}
