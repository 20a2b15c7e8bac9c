package wire

import (
	"errors"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRoute(t *testing.T) {
	d := newDoor(t, nil)
	form := "application/x-www-form-urlencoded; charset=utf-8"
	cases := []struct {
		request string // method and URL
		signing string
		body    string
		header  string // "Name: value"
		want    string // service.Operation, or the error
		labels  map[string]string
	}{
		{"GET http://route53.amazonaws.com/2013-04-01/hostedzone", "route53", "", "", "route53.ListHostedZones", nil},
		{"GET http://x/2013-04-01/hostedzone/", "route53", "", "", "route53.ListHostedZones", nil},
		{"GET http://x/2013-04-01/hostedzone/Z1", "route53", "", "", "route53.GetHostedZone", map[string]string{"Id": "Z1"}},
		{"GET http://x/2013-04-01/hostedzone/%2Fhostedzone%2FZ1/", "route53", "", "", "route53.GetHostedZone", map[string]string{"Id": "/hostedzone/Z1"}},
		{"POST http://x/2013-04-01/hostedzone/Z1/rrset", "route53", "", "", "route53.ChangeResourceRecordSets", map[string]string{"Id": "Z1"}},
		{"POST http://x/2013-04-01/hostedzone/Z1/rrset/", "", "", "", "route53.ChangeResourceRecordSets", map[string]string{"Id": "Z1"}},
		{"GET http://x/2013-04-01/hostedzonesbyname?dnsname=a", "route53", "", "", "route53.ListHostedZonesByName", nil},
		{"GET http://x/2013-04-01/nothing", "route53", "", "", "route53: UnknownOperationException", nil},
		{"POST http://x/", "route53", "", "", "route53: UnknownOperationException", nil},
		{"POST http://x/", "iam", "Action=ListRoles&Version=2010-05-08", "Content-Type: " + form, "iam.ListRoles", nil},
		{"GET http://x/?Action=GetCallerIdentity&Version=2011-06-15", "sts", "", "", "sts.GetCallerIdentity", nil},
		{"POST http://x/", "", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", "Content-Type: " + form, "sts.AssumeRoleWithWebIdentity", nil},
		{"POST http://x/", "", "Action=AssumeRoleWithWebIdentity", "Content-Type: " + form, "sts.AssumeRoleWithWebIdentity", nil},
		{"POST http://x/", "iam", "Action=CreateSAMLProvider&Version=2010-05-08", "Content-Type: " + form, "iam: NotImplementedByTwin CreateSAMLProvider", nil},
		{"POST http://x/", "iam", "Action=Dance&Version=2010-05-08", "Content-Type: " + form, "iam: InvalidAction", nil},
		{"POST http://x/", "ec2", "Action=Dance&Version=2016-11-15", "Content-Type: " + form, "ec2: InvalidAction", nil},
		{"POST http://x/", "ec2", "Action=DescribeVpcs&Version=2015-10-01", "Content-Type: " + form, "ec2.DescribeVpcs", nil},
		{"POST http://x/", "ec2", "Action=CreateVolume&Version=2016-11-15", "Content-Type: " + form, "ec2: NotImplementedByTwin CreateVolume", nil},
		{"POST http://x/", "ec2", "Action=%zz", "Content-Type: " + form, "ec2: MalformedQueryString", nil},
		{"POST http://x/", "ec2", "", "", "ec2: MissingAction", nil},
		{"POST http://x/", "elasticloadbalancing", "Action=DescribeTags&Version=2015-12-01", "Content-Type: " + form, "elbv2.DescribeTags", nil},
		{"POST http://x/", "organizations", "{}", "X-Amz-Target: AWSOrganizationsV20161128.ListRoots", "organizations.ListRoots", nil},
		{"POST http://x/", "", "{}", "X-Amz-Target: CertificateManager.ListCertificates", "acm.ListCertificates", nil},
		{"POST http://x/", "cloudtrail", "{}", "X-Amz-Target: CloudTrail_20131101.DescribeTrails", "cloudtrail.DescribeTrails", nil},
		{"POST http://x/", "cloudtrail", "{}", "X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails", "cloudtrail.DescribeTrails", nil},
		{"POST http://x/", "organizations", "{}", "X-Amz-Target: AWSOrganizationsV20161128.Dance", "organizations: UnknownOperationException", nil},
		{"POST http://x/", "organizations", "{}", "X-Amz-Target: Dance", "organizations: UnknownOperationException", nil},
		{"POST http://x/", "iam", "{}", "X-Amz-Target: AWSOrganizationsV20161128.ListRoots", "iam: InvalidAction", nil},
		{"POST http://x/", "", "{}", "X-Amz-Target: DynamoDB_20120810.ListTables", ErrNoService.Error(), nil},
		{"POST http://x/", "dynamodb", "{}", "X-Amz-Target: DynamoDB_20120810.ListTables", ErrNoService.Error(), nil},
		{"GET http://x/", "dynamodb", "", "", ErrNoService.Error(), nil},
		{"GET http://x/v2/domainnames/a.example.com", "apigateway", "", "", "apigatewayv2.GetDomainName", map[string]string{"domainName": "a.example.com"}},
		{"GET http://x/v2/tags/arn%3Aaws%3Aapigateway%3A%3A%2Fdomainnames%2Fa", "apigateway", "", "", "apigatewayv2.GetTags", map[string]string{"resource-arn": "arn:aws:apigateway::/domainnames/a"}},
		{"GET http://x/v2/vpclinks", "apigateway", "", "", "apigatewayv2: NotImplementedByTwin GetVpcLinks", nil},
		{"POST http://x/2020-05-31/distribution?WithTags", "cloudfront", "", "", "cloudfront.CreateDistributionWithTags", nil},
		{"POST http://x/2020-05-31/distribution", "cloudfront", "", "", "cloudfront.CreateDistribution", nil},
		{"POST http://x/2020-05-31/tagging?Operation=Tag&Resource=a", "cloudfront", "", "", "cloudfront.TagResource", nil},
		{"POST http://x/2020-05-31/tagging?Operation=Untag&Resource=a", "cloudfront", "", "", "cloudfront.UntagResource", nil},
		{"GET http://s3.eu-west-1.amazonaws.com/", "s3", "", "", "s3.ListBuckets", nil},
		{"GET http://127.0.0.1:4577/?x-id=ListBuckets", "s3", "", "", "s3.ListBuckets", nil},
		{"PUT http://127.0.0.1:4577/b", "s3", "", "", "s3.CreateBucket", map[string]string{"Bucket": "b"}},
		{"PUT http://127.0.0.1:4577/b/?website", "s3", "", "", "s3.PutBucketWebsite", map[string]string{"Bucket": "b"}},
		{"HEAD http://b.localhost:4577/", "s3", "", "", "s3.HeadBucket", map[string]string{"Bucket": "b"}},
		{"HEAD http://localhost:4577/b", "s3", "", "", "s3.HeadBucket", map[string]string{"Bucket": "b"}},
		{"GET http://www.example.com.s3.eu-west-1.amazonaws.com/?location", "s3", "", "", "s3.GetBucketLocation", map[string]string{"Bucket": "www.example.com"}},
		{"GET http://b.s3.localhost:4577/?location", "s3", "", "", "s3.GetBucketLocation", map[string]string{"Bucket": "b"}},
		{"GET http://b.s3-eu-west-1.amazonaws.com/?list-type=2", "s3", "", "", "s3.ListObjectsV2", map[string]string{"Bucket": "b"}},
		{"GET http://b.s3.amazonaws.com/", "s3", "", "", "s3.ListObjects", map[string]string{"Bucket": "b"}},
		{"GET http://s3.amazonaws.com/b?analytics&id=x", "s3", "", "", "s3.GetBucketAnalyticsConfiguration", map[string]string{"Bucket": "b"}},
		{"GET http://s3.amazonaws.com/b?analytics", "s3", "", "", "s3.ListBucketAnalyticsConfigurations", map[string]string{"Bucket": "b"}},
		{"GET http://s3.amazonaws.com/b/a/key/", "s3", "", "", "s3: NotImplementedByTwin GetObject", nil},
		{"PATCH http://s3.amazonaws.com/b", "s3", "", "", "s3: MethodNotAllowed", nil},
	}
	for _, c := range cases {
		method, url, _ := strings.Cut(c.request, " ")
		req := httptest.NewRequest(method, url, nil)
		if name, value, ok := strings.Cut(c.header, ": "); ok {
			req.Header.Set(name, value)
		}
		got, err := d.router.Route(req, []byte(c.body), c.signing)
		shown := ""
		switch {
		case err == nil:
			shown = got.Operation.Service.Name + "." + got.Operation.Name
			if !maps.Equal(got.labels, c.labels) {
				t.Errorf("%s: labels %v, want %v", c.request, got.labels, c.labels)
			}
		case ServiceOf(err) == nil:
			shown = err.Error()
		default:
			shown = ServiceOf(err).Name + ": "
			if e, ok := errors.AsType[*NotImplementedError](err); ok {
				shown += e.ErrorCode() + " " + e.Operation
			}
			if e, ok := errors.AsType[*Error](err); ok {
				shown += e.Code
			}
		}
		if shown != c.want {
			t.Errorf("%s %s: %s, want %s", c.request, c.body, shown, c.want)
		}
	}
}

func TestReadBody(t *testing.T) {
	b, err := ReadBody(httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", MaxBody))))
	if err != nil || len(b) != MaxBody {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	_, err = ReadBody(httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", MaxBody+1))))
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != 413 {
		t.Errorf("one byte too many: %v", err)
	}
}
