package wire

import (
	"context"
	"errors"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// config points SDK clients at a door.
func config(d *door) aws.Config {
	return aws.Config{
		Region:     "eu-west-1",
		HTTPClient: d,
		Credentials: aws.CredentialsProviderFunc(func(_ context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "111111111111", SecretAccessKey: "twin"}, nil
		}),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// TestRoundTrip sends an input through the SDK's client and back: the handler
// must see what was sent, and the client what was answered. ResultMetadata is
// the client's own.
func TestRoundTrip(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

	roundTrip(t, "sts", &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::222222222222:role/orgdns"), RoleSessionName: aws.String("a@b"), DurationSeconds: aws.Int32(900),
	}, &sts.AssumeRoleOutput{
		PackedPolicySize: aws.Int32(4),
	}, func(c aws.Config) any { return sts.NewFromConfig(c).AssumeRole })

	roundTrip(t, "route53", &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String("Z1"),
		ChangeBatch: &r53types.ChangeBatch{Comment: aws.String(`<&">`), Changes: []r53types.Change{{
			Action: r53types.ChangeActionCreate,
			ResourceRecordSet: &r53types.ResourceRecordSet{
				Name: aws.String("a.example.com"), Type: r53types.RRTypeTxt, TTL: aws.Int64(300),
				ResourceRecords: []r53types.ResourceRecord{{Value: aws.String(`"x  y"`)}, {Value: aws.String(`"z"`)}},
			},
		}}},
	}, &route53.ChangeResourceRecordSetsOutput{
		ChangeInfo: &r53types.ChangeInfo{Id: aws.String("/change/C1"), Status: r53types.ChangeStatusPending, SubmittedAt: &now},
	}, func(c aws.Config) any { return route53.NewFromConfig(c).ChangeResourceRecordSets })

	roundTrip(t, "route53", &route53.ListHostedZonesByNameInput{DNSName: aws.String("example.com."), MaxItems: aws.Int32(100)},
		&route53.ListHostedZonesByNameOutput{
			IsTruncated: false, MaxItems: aws.Int32(100),
			HostedZones: []r53types.HostedZone{{Id: aws.String("/hostedzone/Z1"), Name: aws.String("example.com."), CallerReference: aws.String("x"), ResourceRecordSetCount: aws.Int64(2)}},
		}, func(c aws.Config) any { return route53.NewFromConfig(c).ListHostedZonesByName })

	roundTrip(t, "iam", &iam.CreateRoleInput{
		RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String("{}"),
		Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("")}, {Key: aws.String("b"), Value: aws.String("2")}},
	}, &iam.CreateRoleOutput{
		Role: &iamtypes.Role{Arn: aws.String("arn"), RoleName: aws.String("r"), CreateDate: &now, Path: aws.String("/"), RoleId: aws.String("AROA")},
	}, func(c aws.Config) any { return iam.NewFromConfig(c).CreateRole })

	roundTrip(t, "organizations", &organizations.ListAccountsInput{MaxResults: aws.Int32(20)}, &organizations.ListAccountsOutput{
		NextToken: aws.String("n"),
		Accounts:  []orgtypes.Account{{Id: aws.String("111111111111"), Status: orgtypes.AccountStatusActive, JoinedTimestamp: &now}},
	}, func(c aws.Config) any { return organizations.NewFromConfig(c).ListAccounts })

	roundTrip(t, "acm", &acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), SubjectAlternativeNames: []string{"b.example.com"}},
		&acm.RequestCertificateOutput{CertificateArn: aws.String("arn:aws:acm:eu-west-1:111111111111:certificate/x")},
		func(c aws.Config) any { return acm.NewFromConfig(c).RequestCertificate })

	roundTrip(t, "apigatewayv2", &apigatewayv2.CreateDomainNameInput{
		DomainName:               aws.String("api.example.com"),
		DomainNameConfigurations: []apitypes.DomainNameConfiguration{{EndpointType: apitypes.EndpointTypeRegional, CertificateUploadDate: &now}},
		Tags:                     map[string]string{"a": "1", "b": ""},
	}, &apigatewayv2.CreateDomainNameOutput{
		DomainName: aws.String("api.example.com"),
		DomainNameConfigurations: []apitypes.DomainNameConfiguration{{
			ApiGatewayDomainName: aws.String("d-abc.execute-api.eu-west-1.amazonaws.com"), HostedZoneId: aws.String("ZLY8HYME6SFDD"),
		}},
	}, func(c aws.Config) any { return apigatewayv2.NewFromConfig(c).CreateDomainName })

	roundTrip(t, "elbv2", &elasticloadbalancingv2.DescribeLoadBalancersInput{Names: []string{"a", "b"}, PageSize: aws.Int32(5)},
		&elasticloadbalancingv2.DescribeLoadBalancersOutput{LoadBalancers: []elbtypes.LoadBalancer{
			{LoadBalancerName: aws.String("a"), CanonicalHostedZoneId: aws.String("Z32O12XQLNTSW2"), State: &elbtypes.LoadBalancerState{Code: elbtypes.LoadBalancerStateEnumActive}},
		}}, func(c aws.Config) any { return elasticloadbalancingv2.NewFromConfig(c).DescribeLoadBalancers })

	roundTrip(t, "cloudfront", &cloudfront.ListDistributionsInput{MaxItems: aws.Int32(3)}, &cloudfront.ListDistributionsOutput{
		DistributionList: &cftypes.DistributionList{
			IsTruncated: aws.Bool(false), Marker: aws.String(""), MaxItems: aws.Int32(3), Quantity: aws.Int32(0), Items: []cftypes.DistributionSummary{},
		},
	}, func(c aws.Config) any { return cloudfront.NewFromConfig(c).ListDistributions })

	roundTrip(t, "cloudfront", &cloudfront.DeleteDistributionInput{Id: aws.String("E1"), IfMatch: aws.String("etag")},
		&cloudfront.DeleteDistributionOutput{}, func(c aws.Config) any { return cloudfront.NewFromConfig(c).DeleteDistribution })

	roundTrip(t, "s3", &s3.GetBucketLocationInput{Bucket: aws.String("b.example.com")},
		&s3.GetBucketLocationOutput{LocationConstraint: s3types.BucketLocationConstraintEuWest1},
		func(c aws.Config) any { return s3.NewFromConfig(c).GetBucketLocation })

	roundTrip(t, "s3", &s3.PutBucketWebsiteInput{
		Bucket: aws.String("bucket"), WebsiteConfiguration: &s3types.WebsiteConfiguration{IndexDocument: &s3types.IndexDocument{Suffix: aws.String("index.html")}},
	}, &s3.PutBucketWebsiteOutput{}, func(c aws.Config) any { return s3.NewFromConfig(c).PutBucketWebsite })

	roundTrip(t, "s3", &s3.GetBucketTaggingInput{Bucket: aws.String("bucket")},
		&s3.GetBucketTaggingOutput{TagSet: []s3types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}},
		func(c aws.Config) any { return s3.NewFromConfig(c).GetBucketTagging })

	roundTrip(t, "s3", &s3.HeadBucketInput{Bucket: aws.String("bucket")},
		&s3.HeadBucketOutput{BucketRegion: aws.String("eu-west-1")}, func(c aws.Config) any { return s3.NewFromConfig(c).HeadBucket })
}

func roundTrip[I, O any](t *testing.T, service string, in *I, out *O, method func(aws.Config) any) {
	t.Helper()
	var got *I
	d := newDoor(t, map[string][]Handler[string]{service: {handle(func(in *I) (*O, error) {
		got = in
		return out, nil
	})}})
	call := reflect.ValueOf(method(config(d)))
	results := call.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(in)})
	name := reflect.TypeFor[I]().Name()
	if err, _ := results[1].Interface().(error); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !sameExported(in, got) {
		t.Errorf("%s: the handler got %+v, want %+v", name, got, in)
	}
	answer := results[0].Interface().(*O)
	reflect.ValueOf(answer).Elem().FieldByName("ResultMetadata").Set(reflect.ValueOf(middleware.Metadata{}))
	if !sameExported(answer, out) {
		t.Errorf("%s: the client got %+v, want %+v", name, answer, out)
	}
}

// sameExported ignores what the SDK's clients keep in unexported fields.
func sameExported(a, b any) bool { return reflect.DeepEqual(exported(a), exported(b)) }

func exported(v any) any {
	var walk func(reflect.Value) any
	walk = func(v reflect.Value) any {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				return nil
			}
			return walk(v.Elem())
		case reflect.Slice:
			list := []any{}
			for i := range v.Len() {
				list = append(list, walk(v.Index(i)))
			}
			return list
		case reflect.Struct:
			if v.Type() == timeType {
				return v.Interface().(time.Time).UnixMilli()
			}
			fields := map[string]any{}
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					fields[v.Type().Field(i).Name] = walk(v.Field(i))
				}
			}
			return fields
		}
		return v.Interface()
	}
	return walk(reflect.ValueOf(v))
}

// TestEmptyLists holds that a handler need not make an empty list of nothing
// where AWS always lists, and that it is not made elsewhere.
func TestEmptyLists(t *testing.T) {
	d := newDoor(t, map[string][]Handler[string]{
		"route53": {
			handle(func(*route53.ListHostedZonesInput) (*route53.ListHostedZonesOutput, error) { return nil, nil }),
			handle(func(*route53.GetHostedZoneInput) (*route53.GetHostedZoneOutput, error) {
				return &route53.GetHostedZoneOutput{DelegationSet: &r53types.DelegationSet{}}, nil
			}),
		},
		"organizations": {handle(func(*organizations.ListRootsInput) (*organizations.ListRootsOutput, error) { return nil, nil })},
	})
	cases := []struct{ method, url, target, body string }{
		{"GET", "https://x/2013-04-01/hostedzone", "", `<ListHostedZonesResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><HostedZones></HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>`},
		{"GET", "https://x/2013-04-01/hostedzone/Z1", "", `<GetHostedZoneResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><DelegationSet><NameServers></NameServers></DelegationSet></GetHostedZoneResponse>`},
		{"POST", "https://x/", "AWSOrganizationsV20161128.ListRoots", `{"Roots":[]}`},
	}
	for _, c := range cases {
		req := httptest.NewRequest(c.method, c.url, nil)
		if c.target != "" {
			req.Header.Set("X-Amz-Target", c.target)
		}
		r, err := d.answer(req)
		if err != nil || string(r.Body) != c.body {
			t.Errorf("%s %s: %s, %v, want %s", c.url, c.target, r.Body, err, c.body)
		}
	}
}

// TestErrors sends errors through the SDK's clients, in each protocol.
func TestErrors(t *testing.T) {
	batch := &r53types.InvalidChangeBatch{Message: aws.String("[Tried to create resource record set [name='a.', type='A'] but it already exists]"), Messages: []string{"one", "two"}}
	cases := []struct {
		name     string
		service  string
		handlers []Handler[string]
		call     func(context.Context, aws.Config) error
		code     string
		message  string
		status   int
	}{
		{
			"route53 with members", "route53",
			[]Handler[string]{handle(func(*route53.ChangeResourceRecordSetsInput) (*route53.ChangeResourceRecordSetsOutput, error) {
				return nil, batch
			})},
			func(ctx context.Context, c aws.Config) error {
				_, err := route53.NewFromConfig(c).ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
					HostedZoneId: aws.String("Z1"), ChangeBatch: &r53types.ChangeBatch{Changes: []r53types.Change{{
						Action: "CREATE", ResourceRecordSet: &r53types.ResourceRecordSet{Name: aws.String("a"), Type: "A"},
					}}},
				})
				if e, ok := errors.AsType[*r53types.InvalidChangeBatch](err); !ok || !reflect.DeepEqual(e.Messages, batch.Messages) {
					t.Errorf("InvalidChangeBatch came as %#v", err)
				}
				return err
			},
			"InvalidChangeBatch", *batch.Message, 400,
		},
		{
			"route53 status of the model", "route53",
			[]Handler[string]{handle(func(*route53.GetHostedZoneInput) (*route53.GetHostedZoneOutput, error) {
				return nil, &r53types.NoSuchHostedZone{Message: aws.String("No hosted zone found with ID: Z9")}
			})},
			func(ctx context.Context, c aws.Config) error {
				_, err := route53.NewFromConfig(c).GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("/hostedzone/Z9")})
				return err
			},
			"NoSuchHostedZone", "No hosted zone found with ID: Z9", 404,
		},
		{
			"query by code", "iam",
			[]Handler[string]{handle(func(*iam.GetRoleInput) (*iam.GetRoleOutput, error) {
				return nil, &iamtypes.NoSuchEntityException{Message: aws.String("no role")}
			})},
			func(ctx context.Context, c aws.Config) error {
				_, err := iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")})
				if _, ok := errors.AsType[*iamtypes.NoSuchEntityException](err); !ok {
					t.Errorf("NoSuchEntityException came as %#v", err)
				}
				return err
			},
			"NoSuchEntity", "no role", 404,
		},
		{
			"query common", "sts",
			[]Handler[string]{handle(func(*sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
				return nil, &smithy.GenericAPIError{Code: "AccessDenied", Message: "User is not authorized"}
			})},
			func(ctx context.Context, c aws.Config) error {
				_, err := sts.NewFromConfig(c).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::1:role/longer"), RoleSessionName: aws.String("ab")})
				return err
			},
			"AccessDenied", "User is not authorized", 403,
		},
		{
			"json", "organizations",
			[]Handler[string]{handle(func(*organizations.DescribeAccountInput) (*organizations.DescribeAccountOutput, error) {
				return nil, &orgtypes.AccountNotFoundException{Message: aws.String("You specified an account that doesn't exist.")}
			})},
			func(ctx context.Context, c aws.Config) error {
				_, err := organizations.NewFromConfig(c).DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: aws.String("999999999999")})
				if _, ok := errors.AsType[*orgtypes.AccountNotFoundException](err); !ok {
					t.Errorf("AccountNotFoundException came as %#v", err)
				}
				return err
			},
			"AccountNotFoundException", "You specified an account that doesn't exist.", 400,
		},
		{
			"rest-json", "apigatewayv2",
			[]Handler[string]{handle(func(*apigatewayv2.GetDomainNameInput) (*apigatewayv2.GetDomainNameOutput, error) {
				return nil, &apitypes.NotFoundException{Message: aws.String("Invalid domain name identifier specified"), ResourceType: aws.String("x")}
			})},
			func(ctx context.Context, c aws.Config) error {
				_, err := apigatewayv2.NewFromConfig(c).GetDomainName(ctx, &apigatewayv2.GetDomainNameInput{DomainName: aws.String("a")})
				return err
			},
			"NotFoundException", "Invalid domain name identifier specified", 404,
		},
		{
			"s3 without a model", "s3",
			[]Handler[string]{handle(func(*s3.GetBucketTaggingInput) (*s3.GetBucketTaggingOutput, error) {
				return nil, &Error{Code: "NoSuchTagSet", Message: "The TagSet does not exist", Status: 404}
			})},
			func(ctx context.Context, c aws.Config) error {
				_, err := s3.NewFromConfig(c).GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: aws.String("b")})
				return err
			},
			"NoSuchTagSet", "The TagSet does not exist", 404,
		},
		{
			"no handler", "", nil,
			func(ctx context.Context, c aws.Config) error {
				_, err := route53.NewFromConfig(c).ListHostedZones(ctx, &route53.ListHostedZonesInput{})
				return err
			},
			"NotImplementedByTwin", "The twin does not have the operation ListHostedZones of route53", 501,
		},
		{
			"no table", "", nil,
			func(ctx context.Context, c aws.Config) error {
				_, err := cloudfront.NewFromConfig(c).ListFunctions(ctx, &cloudfront.ListFunctionsInput{})
				return err
			},
			"NotImplementedByTwin", "The twin does not have the operation ListFunctions of cloudfront", 501,
		},
		{
			"fault of the twin", "sts",
			[]Handler[string]{handle(func(*sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
				return nil, errors.New("broken")
			})},
			func(ctx context.Context, c aws.Config) error {
				_, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
				return err
			},
			"InternalFailure", "broken", 500,
		},
		{
			"validation", "iam", nil,
			func(ctx context.Context, c aws.Config) error {
				_, err := iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("a b")})
				return err
			},
			"ValidationError", `1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`, 400,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDoor(t, map[string][]Handler[string]{c.service: c.handlers})
			err := c.call(t.Context(), config(d))
			api, ok := errors.AsType[smithy.APIError](err)
			if !ok {
				t.Fatalf("no API error: %v", err)
			}
			if api.ErrorCode() != c.code || api.ErrorMessage() != c.message {
				t.Errorf("%s: %q, want %s: %q", api.ErrorCode(), api.ErrorMessage(), c.code, c.message)
			}
			var response interface{ HTTPStatusCode() int }
			var id interface{ ServiceRequestID() string }
			if !errors.As(err, &response) || response.HTTPStatusCode() != c.status {
				t.Errorf("status of %v, want %d", err, c.status)
			}
			if !errors.As(err, &id) || id.ServiceRequestID() != "request-1" {
				t.Errorf("request ID of %v", err)
			}
		})
	}
}
