package s3

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// bucketQuota is the number of buckets of an account (User Guide,
// BucketRestrictions.html).
const bucketQuota = 10000

// answerTTL is the TTL of a website endpoint's addresses, in seconds.
const answerTTL = 5

type bucket struct {
	name    string
	account estate.AccountID
	region  estate.Region
	created time.Time
	tags    estate.Tags
	website *types.WebsiteConfiguration
	block   *types.PublicAccessBlockConfiguration
}

// bucketName is the form of a name (User Guide, bucketnamingrules.html).
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func validName(name string) bool {
	_, address := netip.ParseAddr(name)
	reserved := slices.ContainsFunc([]string{"xn--", "sthree-", "amzn-s3-demo-"}, func(p string) bool { return strings.HasPrefix(name, p) }) ||
		slices.ContainsFunc([]string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}, func(p string) bool { return strings.HasSuffix(name, p) })
	return bucketName.MatchString(name) && !strings.Contains(name, "..") && address != nil && !reserved
}

// blocked is that new buckets block public access (User Guide,
// create-bucket-faq.html).
func blocked() *types.PublicAccessBlockConfiguration {
	return &types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
	}
}

func createBucket(_ context.Context, c *world.Call, in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
	name := aws.ToString(in.Bucket)
	if err := c.Authorize("s3:CreateBucket", arnOf(name), nil); err != nil {
		return nil, err
	}
	if !validName(name) {
		return nil, fail(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.")
	}
	if aws.ToBool(in.ObjectLockEnabledForBucket) {
		return nil, c.Unsupported("ObjectLockEnabledForBucket")
	}
	b := bucket{name: name, account: c.Account(), region: c.Region, created: c.Now, tags: estate.Tags{}, block: blocked()}
	constraint := ""
	if f := in.CreateBucketConfiguration; f != nil {
		if f.Location != nil || f.Bucket != nil {
			return nil, c.Unsupported("CreateBucketConfiguration.Location")
		}
		constraint = string(f.LocationConstraint)
		b.tags = tagsOf(f.Tags)
		if err := checkTags(b.tags); err != nil {
			return nil, err
		}
	}
	// us-east-1 makes buckets everywhere, the others their own only
	// (API_CreateBucket, LocationConstraint).
	switch {
	case constraint == "" && c.Region != "us-east-1":
		return nil, fail(http.StatusBadRequest, "IllegalLocationConstraintException", "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case constraint == "EU":
		b.region = "eu-west-1"
	case constraint != "":
		b.region = estate.Region(constraint)
	}
	if c.Region != "us-east-1" && b.region != c.Region {
		return nil, fail(http.StatusBadRequest, "IllegalLocationConstraintException", "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", constraint)
	}
	if have, exists := get(c, name); exists {
		switch {
		case have.account != c.Account():
			return nil, fail(http.StatusConflict, "BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.")
		case have.region != "us-east-1" || b.region != "us-east-1": // there, making one again is no error
			return nil, fail(http.StatusConflict, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
		}
		b = have
	}
	if c.World.Limits && len(owned(c)) >= bucketQuota {
		return nil, fail(http.StatusBadRequest, "TooManyBuckets", "You have attempted to create more buckets than allowed")
	}
	buckets.Put(c.State, name, b)
	return &s3.CreateBucketOutput{Location: aws.String("/" + name), BucketArn: aws.String(arnOf(name))}, nil
}

func headBucket(_ context.Context, c *world.Call, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	b, err := find(c, in.Bucket, "ListBucket")
	if err != nil {
		return nil, err
	}
	return &s3.HeadBucketOutput{
		BucketRegion: aws.String(string(b.region)), AccessPointAlias: aws.Bool(false), BucketArn: aws.String(arnOf(b.name)),
	}, nil
}

func deleteBucket(_ context.Context, c *world.Call, in *s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
	b, err := find(c, in.Bucket, "DeleteBucket")
	if err != nil {
		return nil, err
	}
	b.website = nil
	b.put(c)
	buckets.Delete(c.State, b.name)
	c.Estate().ResourcePolicies.Delete(arnOf(b.name))
	return &s3.DeleteBucketOutput{}, nil
}

// owned are the caller's buckets, by name.
func owned(c *world.Call) []bucket {
	var out []bucket
	buckets.Walk(c.State, "", func(_ string, b bucket) bool {
		if b.account == c.Account() {
			out = append(out, b)
		}
		return true
	})
	for p := range c.Estate().ResourcePolicies.By(estate.ByAccount(c.Account())) {
		name, ok := strings.CutPrefix(p.ARN, arnOf(""))
		if _, known := buckets.Get(c.State, name); ok && !known {
			b, _ := get(c, name)
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b bucket) int { return strings.Compare(a.name, b.name) })
	return out
}

func listBuckets(_ context.Context, c *world.Call, in *s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
	if err := c.Authorize("s3:ListAllMyBuckets", "*", nil); err != nil {
		return nil, err
	}
	out := &s3.ListBucketsOutput{Owner: &types.Owner{ID: aws.String(canonical(c.Account()))}, Prefix: in.Prefix, Buckets: []types.Bucket{}}
	for _, b := range owned(c) {
		if b.name <= aws.ToString(in.ContinuationToken) || !strings.HasPrefix(b.name, aws.ToString(in.Prefix)) ||
			in.BucketRegion != nil && *in.BucketRegion != string(b.region) {
			continue
		}
		if limit := int(aws.ToInt32(in.MaxBuckets)); limit > 0 && len(out.Buckets) == limit {
			out.ContinuationToken = out.Buckets[limit-1].Name
			break
		}
		out.Buckets = append(out.Buckets, types.Bucket{
			Name: aws.String(b.name), CreationDate: aws.Time(b.created), BucketRegion: aws.String(string(b.region)),
			BucketArn: aws.String(arnOf(b.name)),
		})
	}
	return out, nil
}

// getBucketLocation answers from every Region; us-east-1 is no constraint
// (API_GetBucketLocation).
func getBucketLocation(_ context.Context, c *world.Call, in *s3.GetBucketLocationInput) (*s3.GetBucketLocationOutput, error) {
	b, err := visit(c, in.Bucket, "GetBucketLocation")
	if err != nil {
		return nil, err
	}
	out := &s3.GetBucketLocationOutput{}
	if b.region != "us-east-1" {
		out.LocationConstraint = types.BucketLocationConstraint(b.region)
	}
	return out, nil
}

// put writes the bucket, and with a website the alias target that it is: the
// Region's website endpoint, which tells buckets apart by name.
func (b bucket) put(c *world.Call) {
	buckets.Put(c.State, b.name, b)
	endpoint, ok := estate.S3WebsiteEndpoint(b.region)
	name, err := dnsname.Parse(b.name)
	if !ok || err != nil { // refused by putBucketWebsite
		return
	}
	zone, _ := estate.AliasZone(endpoint)
	target := estate.AliasTarget{
		Name: endpoint, Zone: zone.ID, Kind: estate.TargetS3Website, Account: b.account, Region: b.region,
		Domains: []dnsname.Name{name}, Addresses: world.Addresses(endpoint.String(), 2, false), TTL: answerTTL,
	}
	if b.website == nil {
		c.Estate().Targets.Delete(target.Key())
	} else {
		c.Estate().Targets.Put(target)
	}
}

func putBucketWebsite(_ context.Context, c *world.Call, in *s3.PutBucketWebsiteInput) (*s3.PutBucketWebsiteOutput, error) {
	b, err := find(c, in.Bucket, "PutBucketWebsite")
	if err != nil {
		return nil, err
	}
	w := in.WebsiteConfiguration
	_, hosted := estate.S3WebsiteEndpoint(b.region)
	switch {
	case !hosted:
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "Website hosting is not available in %s.", b.region)
	case w.RedirectAllRequestsTo != nil && (w.IndexDocument != nil || w.ErrorDocument != nil || w.RoutingRules != nil):
		return nil, fail(http.StatusBadRequest, "InvalidArgument", "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.")
	case w.RedirectAllRequestsTo == nil && (w.IndexDocument == nil || aws.ToString(w.IndexDocument.Suffix) == ""):
		return nil, fail(http.StatusBadRequest, "InvalidArgument", "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
	case w.IndexDocument != nil && strings.Contains(*w.IndexDocument.Suffix, "/"):
		return nil, fail(http.StatusBadRequest, "InvalidArgument", "The IndexDocument Suffix is not well formed")
	}
	b.website = w
	b.put(c)
	return &s3.PutBucketWebsiteOutput{}, nil
}

func getBucketWebsite(_ context.Context, c *world.Call, in *s3.GetBucketWebsiteInput) (*s3.GetBucketWebsiteOutput, error) {
	b, err := find(c, in.Bucket, "GetBucketWebsite")
	if err != nil {
		return nil, err
	}
	w := b.website
	if w == nil {
		return nil, none("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
	}
	return &s3.GetBucketWebsiteOutput{
		IndexDocument: w.IndexDocument, ErrorDocument: w.ErrorDocument, RedirectAllRequestsTo: w.RedirectAllRequestsTo, RoutingRules: w.RoutingRules,
	}, nil
}

func deleteBucketWebsite(_ context.Context, c *world.Call, in *s3.DeleteBucketWebsiteInput) (*s3.DeleteBucketWebsiteOutput, error) {
	b, err := find(c, in.Bucket, "DeleteBucketWebsite")
	if err != nil {
		return nil, err
	}
	b.website = nil
	b.put(c)
	return &s3.DeleteBucketWebsiteOutput{}, nil
}

func tagsOf(list []types.Tag) estate.Tags {
	tags := estate.Tags{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}

// checkTags holds tags to the restrictions that AWS sets (User Guide,
// CostAllocTagging.html).
func checkTags(tags estate.Tags) error {
	for k := range tags {
		if strings.HasPrefix(k, "aws:") {
			return fail(http.StatusBadRequest, "InvalidTag", "System tags cannot be added/updated by requester")
		}
	}
	if len(tags) > 50 {
		return fail(http.StatusBadRequest, "BadRequest", "Object tags cannot be greater than 50")
	}
	return nil
}

// putBucketTagging puts one set of tags in place of the other.
func putBucketTagging(_ context.Context, c *world.Call, in *s3.PutBucketTaggingInput) (*s3.PutBucketTaggingOutput, error) {
	b, err := find(c, in.Bucket, "PutBucketTagging")
	if err != nil {
		return nil, err
	}
	b.tags = tagsOf(in.Tagging.TagSet)
	if err := checkTags(b.tags); err != nil {
		return nil, err
	}
	buckets.Put(c.State, b.name, b)
	return &s3.PutBucketTaggingOutput{}, nil
}

func getBucketTagging(_ context.Context, c *world.Call, in *s3.GetBucketTaggingInput) (*s3.GetBucketTaggingOutput, error) {
	b, err := find(c, in.Bucket, "GetBucketTagging")
	if err != nil {
		return nil, err
	}
	if len(b.tags) == 0 {
		return nil, none("NoSuchTagSet", "The TagSet does not exist")
	}
	out := &s3.GetBucketTaggingOutput{}
	for _, k := range slices.Sorted(maps.Keys(b.tags)) {
		out.TagSet = append(out.TagSet, types.Tag{Key: aws.String(k), Value: aws.String(b.tags[k])})
	}
	return out, nil
}

func deleteBucketTagging(_ context.Context, c *world.Call, in *s3.DeleteBucketTaggingInput) (*s3.DeleteBucketTaggingOutput, error) {
	b, err := find(c, in.Bucket, "PutBucketTagging")
	if err != nil {
		return nil, err
	}
	b.tags = estate.Tags{}
	buckets.Put(c.State, b.name, b)
	return &s3.DeleteBucketTaggingOutput{}, nil
}
