package acm

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
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

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func request(t *testing.T, cl worldtest.Client, names ...string) *string {
	t.Helper()
	return must(t, cl, requestCertificate, &acm.RequestCertificateInput{
		DomainName: &names[0], SubjectAlternativeNames: names[1:], ValidationMethod: types.ValidationMethodDns,
	}).CertificateArn
}

func describe(t *testing.T, cl worldtest.Client, arn *string) *types.CertificateDetail {
	t.Helper()
	return must(t, cl, describeCertificate, &acm.DescribeCertificateInput{CertificateArn: arn}).Certificate
}

// publish puts records into the public zone example.com, which it makes first.
func publish(t *testing.T, cl worldtest.Client, records ...estate.RecordSet) {
	t.Helper()
	err := cl.World.Update(func(s *world.State) error {
		server := dnsname.MustParse("ns-1.awsdns-00.com")
		zone := estate.Zone{ID: "Z1", Account: cl.Account, Name: dnsname.MustParse("example.com"), NameServers: []dnsname.Name{server}}
		s.Estate.Zones.Put(zone)
		s.Estate.Records.Put(
			estate.RecordSet{Zone: zone.ID, Name: zone.Name, Type: "NS", TTL: 172800, Values: []string{server.FQDN()}},
			estate.RecordSet{Zone: zone.ID, Name: zone.Name, Type: "SOA", TTL: 900, Values: []string{server.FQDN() + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
		)
		for _, r := range records {
			r.Zone = zone.ID
			s.Estate.Records.Put(r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// validation are the records that a certificate asks for.
func validation(d *types.CertificateDetail) []estate.RecordSet {
	var out []estate.RecordSet
	for _, v := range d.DomainValidationOptions {
		out = append(out, estate.RecordSet{
			Name: dnsname.MustParse(*v.ResourceRecord.Name), Type: "CNAME", TTL: 300, Values: []string{*v.ResourceRecord.Value},
		})
	}
	return out
}

func caa(name string, values ...string) estate.RecordSet {
	return estate.RecordSet{Name: dnsname.MustParse(name), Type: "CAA", TTL: 300, Values: values}
}

func TestLife(t *testing.T) {
	cl, clock := worldtest.New()
	publish(t, cl)
	arn := request(t, cl, "api.example.com", "*.api.example.com", "api.example.com")

	d := describe(t, cl, arn)
	if d.Status != types.CertificateStatusPendingValidation || len(d.DomainValidationOptions) != 2 || d.DomainValidationOptions[0].ResourceRecord != nil {
		t.Fatalf("just requested: %s with %d validations", d.Status, len(d.DomainValidationOptions))
	}
	if _, err := worldtest.Do(cl, getCertificate, &acm.GetCertificateInput{CertificateArn: arn}); code(err) != "RequestInProgressException" {
		t.Errorf("GetCertificate of a pending certificate: %v", err)
	}

	clock.Advance(RecordDelay)
	d = describe(t, cl, arn)
	a, b := d.DomainValidationOptions[0].ResourceRecord, d.DomainValidationOptions[1].ResourceRecord
	if *a.Name != *b.Name || *a.Value != *b.Value {
		t.Fatalf("records %s and %s: name and wildcard share theirs", *a.Name, *b.Name)
	}
	if !strings.HasSuffix(*a.Name, ".api.example.com.") || !strings.HasPrefix(*a.Name, "_") || !strings.HasSuffix(*a.Value, ".acm-validations.aws.") {
		t.Errorf("record %s %s", *a.Name, *a.Value)
	}

	clock.Advance(time.Hour)
	if d = describe(t, cl, arn); d.Status != types.CertificateStatusPendingValidation {
		t.Fatalf("without the record: %s", d.Status)
	}
	publish(t, cl, validation(d)...)
	describe(t, cl, arn)
	clock.Advance(IssueDelay - time.Second)
	if d = describe(t, cl, arn); d.Status != types.CertificateStatusPendingValidation {
		t.Fatalf("just before the delay is over: %s", d.Status)
	}
	clock.Advance(time.Minute)
	d = describe(t, cl, arn)
	if d.Status != types.CertificateStatusIssued || d.DomainValidationOptions[0].ValidationStatus != types.DomainStatusSuccess {
		t.Fatalf("after the delay: %s", d.Status)
	}
	if want := worldtest.Start.Add(RecordDelay + time.Hour + IssueDelay); !d.IssuedAt.Equal(want) {
		t.Errorf("issued at %v, want %v", d.IssuedAt, want)
	}
	block, _ := pem.Decode([]byte(*must(t, cl, getCertificate, &acm.GetCertificateInput{CertificateArn: arn}).Certificate))
	x, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !slices.Equal(x.DNSNames, []string{"api.example.com", "*.api.example.com"}) || !x.NotAfter.Equal(*d.NotAfter) {
		t.Errorf("certificate %v, %v", x, err)
	}
	must(t, cl, deleteCertificate, &acm.DeleteCertificateInput{CertificateArn: arn})
	if _, err := worldtest.Do(cl, describeCertificate, &acm.DescribeCertificateInput{CertificateArn: arn}); code(err) != "ResourceNotFoundException" {
		t.Errorf("after its deletion: %v", err)
	}
}

// TestSameRecord: the record depends on account and name, not on certificate
// and Region (dns-validation.html).
func TestSameRecord(t *testing.T) {
	cl, clock := worldtest.New()
	other := cl.In("222222222222", "")
	var records []string
	for _, c := range []worldtest.Client{cl, cl, cl.In("", "us-east-1"), other} {
		arn := request(t, c, "api.example.com")
		clock.Advance(RecordDelay)
		r := describe(t, c, arn).DomainValidationOptions[0].ResourceRecord
		records = append(records, *r.Name+*r.Value)
	}
	if records[0] != records[1] || records[0] != records[2] || records[0] == records[3] {
		t.Errorf("records %v", records)
	}
	if n := cl.World.Estate().Certificates.Len(); n != 4 {
		t.Errorf("%d certificates", n)
	}
}

func TestRecordThatGoesAgain(t *testing.T) {
	cl, clock := worldtest.New()
	publish(t, cl)
	arn := request(t, cl, "api.example.com")
	clock.Advance(RecordDelay)
	r := validation(describe(t, cl, arn))[0]
	publish(t, cl, r)
	describe(t, cl, arn)
	clock.Advance(IssueDelay / 2)
	r.Zone = "Z1"
	if err := cl.World.Update(func(s *world.State) error { s.Estate.Records.Delete(r.Key()); return nil }); err != nil {
		t.Fatal(err)
	}
	describe(t, cl, arn)
	clock.Advance(time.Hour)
	if d := describe(t, cl, arn); d.Status != types.CertificateStatusPendingValidation {
		t.Errorf("got %s", d.Status)
	}
}

func TestTimeout(t *testing.T) {
	cl, clock := worldtest.New()
	publish(t, cl)
	arn := request(t, cl, "api.example.com")
	clock.Advance(ValidationTimeout)
	d := describe(t, cl, arn)
	if d.Status != types.CertificateStatusPendingValidation {
		t.Fatalf("at 72 hours: %s", d.Status)
	}
	publish(t, cl, validation(d)...)
	clock.Advance(time.Second)
	if d = describe(t, cl, arn); d.Status != types.CertificateStatusValidationTimedOut || d.DomainValidationOptions[0].ValidationStatus != types.DomainStatusFailed {
		t.Errorf("after 72 hours: %s", d.Status)
	}
}

// TestCAA follows setup-caa.html, and RFC 8659 where that says no more.
func TestCAA(t *testing.T) {
	for _, tc := range []struct {
		name    string
		records []estate.RecordSet
		want    types.CertificateStatus
	}{
		{"api.example.com", nil, "ISSUED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `0 issue "letsencrypt.org"`)}, "FAILED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `0 issue ";"`)}, "FAILED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `0 issue "letsencrypt.org"`, `0 issue "amazonaws.com"`)}, "ISSUED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `0 issue "amazontrust.com; account=1"`)}, "ISSUED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `0 issue "letsencrypt.org"`), caa("api.example.com", `0 issue "amazon.com"`)}, "ISSUED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `0 issue "amazon.com"`), caa("api.example.com", `0 issue "letsencrypt.org"`)}, "FAILED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `0 iodef "mailto:a@example.com"`)}, "ISSUED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `0 issuewild "letsencrypt.org"`)}, "ISSUED"},
		{"api.example.com", []estate.RecordSet{caa("example.com", `128 future "x"`)}, "FAILED"},
		{"*.api.example.com", []estate.RecordSet{caa("example.com", `0 issuewild "letsencrypt.org"`, `0 issue "amazon.com"`)}, "FAILED"},
		{"*.api.example.com", []estate.RecordSet{caa("example.com", `0 issue "letsencrypt.org"`, `0 issuewild "awstrust.com"`)}, "ISSUED"},
		{"*.api.example.com", []estate.RecordSet{caa("example.com", `0 issue "amazon.com"`)}, "ISSUED"},
	} {
		cl, clock := worldtest.New()
		publish(t, cl, tc.records...)
		arn := request(t, cl, tc.name)
		clock.Advance(RecordDelay)
		publish(t, cl, validation(describe(t, cl, arn))...)
		describe(t, cl, arn)
		clock.Advance(IssueDelay)
		d := describe(t, cl, arn)
		if d.Status != tc.want || (d.FailureReason == types.FailureReasonCaaError) != (tc.want == "FAILED") {
			t.Errorf("%s with %v: %s %s, want %s", tc.name, tc.records, d.Status, d.FailureReason, tc.want)
		}
		if v := d.DomainValidationOptions[0].ValidationStatus; v != types.DomainStatusSuccess {
			t.Errorf("%s: the name is %s", tc.name, v)
		}
	}
}

func TestRequestRefused(t *testing.T) {
	long := strings.Repeat("a", 60) + ".example.com"
	many := []string{}
	for i := range nameQuota {
		many = append(many, fmt.Sprintf("n%d.example.com", i))
	}
	for _, tc := range []struct {
		in   acm.RequestCertificateInput
		want string
	}{
		{acm.RequestCertificateInput{DomainName: aws.String("a.example.com")}, "NotImplementedByTwin"}, // by e-mail
		{acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), ValidationMethod: "DNS", CertificateAuthorityArn: aws.String("arn:aws:acm-pca:x")}, "NotImplementedByTwin"},
		{acm.RequestCertificateInput{DomainName: &long, ValidationMethod: "DNS"}, "InvalidDomainValidationOptionsException"},
		{acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), SubjectAlternativeNames: []string{long}, ValidationMethod: "DNS"}, ""},
		{acm.RequestCertificateInput{DomainName: aws.String("com"), ValidationMethod: "DNS"}, "InvalidDomainValidationOptionsException"},
		{acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), SubjectAlternativeNames: many, ValidationMethod: "DNS"}, "LimitExceededException"},
		{acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), SubjectAlternativeNames: many[1:], ValidationMethod: "DNS"}, ""},
		{acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), ValidationMethod: "DNS", KeyAlgorithm: "RSA_4096"}, "InvalidParameterException"},
		{acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), ValidationMethod: "DNS", Tags: []types.Tag{{Key: aws.String("aws:x")}}}, "InvalidTagException"},
		{acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), ValidationMethod: "DNS", DomainValidationOptions: []types.DomainValidationOption{
			{DomainName: aws.String("a.example.com"), ValidationDomain: aws.String("example.org")},
		}}, "InvalidDomainValidationOptionsException"},
	} {
		cl, _ := worldtest.New()
		cl.World.Limits = true
		_, err := worldtest.Do(cl, requestCertificate, &tc.in)
		if code(err) != tc.want {
			t.Errorf("%+v: got %v, want %q", tc.in, err, tc.want)
		}
	}
}

func TestIdempotencyToken(t *testing.T) {
	cl, clock := worldtest.New()
	in := &acm.RequestCertificateInput{DomainName: aws.String("a.example.com"), ValidationMethod: "DNS", IdempotencyToken: aws.String("t")}
	first := *must(t, cl, requestCertificate, in).CertificateArn
	clock.Advance(time.Hour - time.Second)
	if again := *must(t, cl, requestCertificate, in).CertificateArn; again != first {
		t.Error("within an hour: another certificate")
	}
	if elsewhere := *must(t, cl.In("", "us-east-1"), requestCertificate, in).CertificateArn; elsewhere == first {
		t.Error("in another Region: the same certificate")
	}
	clock.Advance(time.Second)
	if later := *must(t, cl, requestCertificate, in).CertificateArn; later == first {
		t.Error("after an hour: the same certificate")
	}
}

func TestInUse(t *testing.T) {
	cl, _ := worldtest.New()
	arn := request(t, cl, "a.example.com")
	user := "arn:aws:apigateway:eu-west-1::/domainnames/a.example.com"
	use := func(f func(*world.State, string, string)) {
		if err := cl.World.Update(func(s *world.State) error { f(s, *arn, user); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	use((*world.State).Use)
	if d := describe(t, cl, arn); !slices.Equal(d.InUseBy, []string{user}) {
		t.Errorf("in use by %v", d.InUseBy)
	}
	if _, err := worldtest.Do(cl, deleteCertificate, &acm.DeleteCertificateInput{CertificateArn: arn}); code(err) != "ResourceInUseException" {
		t.Errorf("deletion of what is in use: %v", err)
	}
	use((*world.State).Unuse)
	must(t, cl, deleteCertificate, &acm.DeleteCertificateInput{CertificateArn: arn})
}

func TestList(t *testing.T) {
	cl, clock := worldtest.New()
	var want []string
	for i := range 7 {
		want = append(want, *request(t, cl, fmt.Sprintf("n%d.example.com", i)))
		clock.Advance(time.Second)
	}
	request(t, cl.In("222222222222", ""), "other.example.com")
	must(t, cl, requestCertificate, &acm.RequestCertificateInput{DomainName: aws.String("ec.example.com"), ValidationMethod: "DNS", KeyAlgorithm: types.KeyAlgorithmEcPrime256v1})

	var got []string
	in := &acm.ListCertificatesInput{MaxItems: aws.Int32(3), SortBy: types.SortByCreatedAt, SortOrder: types.SortOrderAscending}
	for {
		out := must(t, cl, listCertificates, in)
		for _, s := range out.CertificateSummaryList {
			got = append(got, *s.CertificateArn)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, tc := range []struct {
		in   acm.ListCertificatesInput
		want int
	}{
		{acm.ListCertificatesInput{}, 7},
		{acm.ListCertificatesInput{CertificateStatuses: []types.CertificateStatus{"ISSUED"}}, 0},
		{acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: []types.KeyAlgorithm{types.KeyAlgorithmEcPrime256v1}}}, 1},
		{acm.ListCertificatesInput{Includes: &types.Filters{KeyUsage: []types.KeyUsageName{types.KeyUsageNameDigitalSignature}}}, 0},
	} {
		if n := len(must(t, cl, listCertificates, &tc.in).CertificateSummaryList); n != tc.want {
			t.Errorf("%+v: %d certificates, want %d", tc.in, n, tc.want)
		}
	}
}

func TestTags(t *testing.T) {
	cl, _ := worldtest.New()
	arn := request(t, cl, "a.example.com")
	must(t, cl, addTagsToCertificate, &acm.AddTagsToCertificateInput{CertificateArn: arn, Tags: []types.Tag{
		{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("c")},
	}})
	must(t, cl, removeTagsFromCertificate, &acm.RemoveTagsFromCertificateInput{CertificateArn: arn, Tags: []types.Tag{
		{Key: aws.String("a"), Value: aws.String("other")}, {Key: aws.String("c")},
	}})
	var got []string
	for _, tag := range must(t, cl, listTagsForCertificate, &acm.ListTagsForCertificateInput{CertificateArn: arn}).Tags {
		got = append(got, *tag.Key+"="+*tag.Value)
	}
	if !slices.Equal(got, []string{"a=1", "b=2"}) {
		t.Errorf("tags %v", got)
	}
}

func TestOthersCertificates(t *testing.T) {
	cl, _ := worldtest.New()
	arn := request(t, cl, "a.example.com")
	for _, c := range []worldtest.Client{cl.In("222222222222", ""), cl.In("", "us-east-1")} {
		if _, err := worldtest.Do(c, describeCertificate, &acm.DescribeCertificateInput{CertificateArn: arn}); code(err) != "ResourceNotFoundException" {
			t.Errorf("from %s in %s: %v", c.Account, c.Region, err)
		}
	}
}
