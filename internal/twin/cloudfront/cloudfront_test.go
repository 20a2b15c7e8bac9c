package cloudfront

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
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

// certified puts an issued certificate into the world.
func certified(t *testing.T, cl worldtest.Client, region estate.Region, names ...string) string {
	t.Helper()
	cert := estate.Certificate{
		ARN:     "arn:aws:acm:" + string(region) + ":" + string(cl.Account) + ":certificate/1",
		Account: cl.Account, Region: region, Status: estate.CertificateIssued,
	}
	for _, n := range names {
		cert.Names = append(cert.Names, dnsname.MustParse(n))
	}
	if err := cl.World.Update(func(s *world.State) error { s.Estate.Certificates.Put(cert); return nil }); err != nil {
		t.Fatal(err)
	}
	return cert.ARN
}

func config(reference, certificate string, aliases ...string) *types.DistributionConfig {
	f := &types.DistributionConfig{
		CallerReference: &reference, Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins:              &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{Id: aws.String("o"), DomainName: aws.String("o.example.com")}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{TargetOriginId: aws.String("o"), ViewerProtocolPolicy: types.ViewerProtocolPolicyAllowAll},
	}
	if aliases != nil {
		f.Aliases = &types.Aliases{Quantity: aws.Int32(int32(len(aliases))), Items: aliases}
	}
	if certificate != "" {
		f.ViewerCertificate = &types.ViewerCertificate{ACMCertificateArn: &certificate, SSLSupportMethod: types.SSLSupportMethodSniOnly}
	}
	return f
}

func TestCreate(t *testing.T) {
	cl, _ := worldtest.New()
	cl.Region = "us-east-1"
	other := cl.In("222222222222", "")
	cert := certified(t, cl, "us-east-1", "example.com", "*.example.com")
	theirs := certified(t, other, "us-east-1", "*.example.com", "example.com")
	elsewhere := certified(t, cl, "eu-west-1", "example.com")
	odd := config("odd", "")
	odd.DefaultCacheBehavior.TargetOriginId = aws.String("x")
	uneven := config("uneven", cert, "a.example.com")
	uneven.Aliases.Quantity = aws.Int32(2)
	for _, tc := range []struct {
		what   string
		cl     worldtest.Client
		config *types.DistributionConfig
		code   string
	}{
		{"no alias", cl, config("1", ""), ""},
		{"the same again", cl, config("1", ""), ""},
		{"the reference with other content", cl, config("1", cert), "DistributionAlreadyExists"},
		{"an alias without a certificate", cl, config("2", "", "www.example.com"), "InvalidViewerCertificate"},
		{"a certificate of another Region", cl, config("2", elsewhere, "example.com"), "InvalidViewerCertificate"},
		{"a certificate of another name", cl, config("2", cert, "a.b.example.com"), "InvalidViewerCertificate"},
		{"two aliases", cl, config("2", cert, "example.com", "www.example.com"), ""},
		{"an alias that is taken", cl, config("3", cert, "www.example.com"), "CNAMEAlreadyExists"},
		{"one that is taken by another account", other, config("3", theirs, "www.example.com"), "CNAMEAlreadyExists"},
		{"a wildcard over another account's", other, config("3", theirs, "*.example.com"), "CNAMEAlreadyExists"},
		{"a wildcard over one's own", cl, config("3", cert, "*.example.com"), ""},
		{"an origin that is not there", cl, odd, "NoSuchOrigin"},
		{"a wrong quantity", cl, uneven, "InconsistentQuantities"},
	} {
		if got := refused(tc.cl, createDistribution, &cloudfront.CreateDistributionInput{DistributionConfig: tc.config}); got != tc.code {
			t.Errorf("%s: got %q, want %q", tc.what, got, tc.code)
		}
	}
	if n := cl.World.Estate().Targets.Len(); n != 3 {
		t.Errorf("%d targets, want 3", n)
	}
}

func TestLife(t *testing.T) {
	cl, clock := worldtest.New()
	cl.Region = "us-east-1"
	cert := certified(t, cl, "us-east-1", "www.example.com")
	made := must(t, cl, createDistributionWithTags, &cloudfront.CreateDistributionWithTagsInput{DistributionConfigWithTags: &types.DistributionConfigWithTags{
		DistributionConfig: config("1", cert, "www.example.com"), Tags: &types.Tags{Items: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}},
	}})
	id := made.Distribution.Id
	target, ok := cl.World.Estate().Targets.Get(dnsname.MustParse(*made.Distribution.DomainName).Key())
	if !ok || target.Zone != "Z2FDTNDATAQYW2" || len(target.Addresses) != 8 || target.Domains[0].String() != "www.example.com" {
		t.Errorf("target %+v", target)
	}
	status := func() string {
		return *must(t, cl, getDistribution, &cloudfront.GetDistributionInput{Id: id}).Distribution.Status
	}
	if s := status(); s != "InProgress" {
		t.Errorf("just made: %s", s)
	}
	clock.Advance(DeployDelay)
	if s := status(); s != "Deployed" {
		t.Errorf("after the delay: %s", s)
	}
	remove := func(etag *string) string {
		return refused(cl, deleteDistribution, &cloudfront.DeleteDistributionInput{Id: id, IfMatch: etag})
	}
	if code := remove(made.ETag); code != "DistributionNotDisabled" {
		t.Errorf("deletion of an enabled one: %q", code)
	}
	off := config("1", cert, "www.example.com")
	off.Enabled, off.IsIPV6Enabled = aws.Bool(false), aws.Bool(false)
	for _, tc := range []struct {
		etag *string
		code string
	}{{nil, "InvalidIfMatchVersion"}, {aws.String("E1"), "PreconditionFailed"}} {
		if code := refused(cl, updateDistribution, &cloudfront.UpdateDistributionInput{Id: id, IfMatch: tc.etag, DistributionConfig: off}); code != tc.code {
			t.Errorf("update: got %q, want %q", code, tc.code)
		}
	}
	updated := must(t, cl, updateDistribution, &cloudfront.UpdateDistributionInput{Id: id, IfMatch: made.ETag, DistributionConfig: off})
	if target, _ := estate.First(cl.World.Estate().Targets.All()); len(target.Addresses) != 4 {
		t.Errorf("without IPv6: %v", target.Addresses)
	}
	if code := remove(updated.ETag); code != "DistributionNotDisabled" {
		t.Errorf("deletion in progress: %q", code)
	}
	clock.Advance(DeployDelay)
	if code := remove(made.ETag); code != "PreconditionFailed" {
		t.Errorf("deletion with an old ETag: %q", code)
	}
	if code := remove(updated.ETag); code != "" {
		t.Errorf("deletion: %q", code)
	}
	if code := refused(cl, getDistribution, &cloudfront.GetDistributionInput{Id: id}); code != "NoSuchDistribution" {
		t.Errorf("after deletion: %q", code)
	}
	if c, _ := cl.World.Estate().Certificates.Get(cert); c.InUse || cl.World.Estate().Targets.Len() != 0 {
		t.Errorf("left: certificate in use %t, %d targets", c.InUse, cl.World.Estate().Targets.Len())
	}
}

func TestListAndTags(t *testing.T) {
	cl, _ := worldtest.New()
	cl.Region = "us-east-1"
	ids := map[string]bool{}
	var arn *string
	for _, r := range []string{"1", "2", "3"} {
		d := must(t, cl, createDistribution, &cloudfront.CreateDistributionInput{DistributionConfig: config(r, "")}).Distribution
		ids[*d.Id], arn = true, d.ARN
	}
	in := &cloudfront.ListDistributionsInput{MaxItems: aws.Int32(2)}
	pages := 0
	for {
		list := must(t, cl, listDistributions, in).DistributionList
		pages++
		for _, d := range list.Items {
			delete(ids, *d.Id)
		}
		if in.Marker = list.NextMarker; !*list.IsTruncated {
			break
		}
	}
	if len(ids) != 0 || pages != 2 {
		t.Errorf("%d left out, %d pages", len(ids), pages)
	}
	must(t, cl, tagResource, &cloudfront.TagResourceInput{Resource: arn, Tags: &types.Tags{Items: []types.Tag{
		{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b")},
	}}})
	must(t, cl, untagResource, &cloudfront.UntagResourceInput{Resource: arn, TagKeys: &types.TagKeys{Items: []string{"b"}}})
	if tags := must(t, cl, listTagsForResource, &cloudfront.ListTagsForResourceInput{Resource: arn}).Tags.Items; len(tags) != 1 || *tags[0].Key != "a" {
		t.Errorf("tags %+v", tags)
	}
	if code := refused(cl.In("222222222222", ""), listTagsForResource, &cloudfront.ListTagsForResourceInput{Resource: arn}); code != "NoSuchResource" {
		t.Errorf("from another account: %q", code)
	}
}
