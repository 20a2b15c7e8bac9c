package apigateway

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
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

// certified puts a certificate into the world.
func certified(t *testing.T, cl worldtest.Client, status string, names ...string) *string {
	t.Helper()
	cert := estate.Certificate{
		ARN:     "arn:aws:acm:" + string(cl.Region) + ":" + string(cl.Account) + ":certificate/" + names[0] + "/" + status,
		Account: cl.Account, Region: cl.Region, Status: status, Created: worldtest.Start,
	}
	for _, n := range names {
		cert.Names = append(cert.Names, dnsname.MustParse(n))
	}
	if err := cl.World.Update(func(s *world.State) error { s.Estate.Certificates.Put(cert); return nil }); err != nil {
		t.Fatal(err)
	}
	return &cert.ARN
}

func named(name string, cert *string) *api.CreateDomainNameInput {
	return &api.CreateDomainNameInput{DomainName: &name, DomainNameConfigurations: []types.DomainNameConfiguration{{CertificateArn: cert}}}
}

func TestCreateDomainName(t *testing.T) {
	cl, _ := worldtest.New()
	other := cl.In("222222222222", "")
	good := certified(t, cl, estate.CertificateIssued, "api.example.com", "*.api.example.com")
	theirs := certified(t, other, estate.CertificateIssued, "*.api.example.com", "api.example.com")
	pending := certified(t, cl, estate.CertificateTimeout, "api.example.com")
	elsewhere := certified(t, cl.In("", "us-east-1"), estate.CertificateIssued, "api.example.com")
	edge := named("api.example.com", good)
	edge.DomainNameConfigurations[0].EndpointType = types.EndpointTypeEdge
	for _, tc := range []struct {
		what string
		cl   worldtest.Client
		in   *api.CreateDomainNameInput
		code string
	}{
		{"a certificate that is not issued", cl, named("api.example.com", pending), "BadRequestException"},
		{"one of another Region", cl, named("api.example.com", elsewhere), "BadRequestException"},
		{"one of another account", cl, named("api.example.com", theirs), "BadRequestException"},
		{"one of another name", cl, named("www.example.com", good), "BadRequestException"},
		{"one level too deep", cl, named("a.b.api.example.com", good), "BadRequestException"},
		{"edge", cl, edge, "BadRequestException"},
		{"good", cl, named("API.example.com", good), ""},
		{"a name below the wildcard", cl, named("beta.api.example.com", good), ""},
		{"again", cl, named("api.example.com", good), "ConflictException"},
		{"in another account", other, named("api.example.com", theirs), "ConflictException"},
		{"another account's wildcard above it", other, named("*.api.example.com", theirs), "ConflictException"},
		{"the account's own wildcard", cl, named("*.api.example.com", good), ""},
		{"another account's name below a wildcard", other, named("gamma.api.example.com", theirs), "ConflictException"},
		{"in another Region", cl.In("", "us-east-1"), named("api.example.com", elsewhere), ""},
	} {
		if got := refused(tc.cl, createDomainName, tc.in); got != tc.code {
			t.Errorf("%s: got %q, want %q", tc.what, got, tc.code)
		}
	}
	d := must(t, cl, getDomainName, &api.GetDomainNameInput{DomainName: aws.String("api.example.com")})
	f := d.DomainNameConfigurations[0]
	if !strings.HasPrefix(*f.ApiGatewayDomainName, "d-") || !strings.HasSuffix(*f.ApiGatewayDomainName, ".execute-api.eu-west-1.amazonaws.com") ||
		*f.HostedZoneId != "ZLY8HYME6SFDD" || f.DomainNameStatus != types.DomainNameStatusAvailable {
		t.Errorf("configuration %+v", f)
	}
	target, ok := cl.World.Estate().Targets.Get(dnsname.MustParse(*f.ApiGatewayDomainName).Key())
	if !ok || target.Zone != "ZLY8HYME6SFDD" || len(target.Addresses) == 0 || target.Domains[0].String() != "api.example.com" {
		t.Errorf("target %+v", target)
	}

	must(t, cl, updateDomainName, &api.UpdateDomainNameInput{DomainName: d.DomainName, DomainNameConfigurations: []types.DomainNameConfiguration{
		{CertificateArn: good, IpAddressType: types.IpAddressTypeDualstack},
	}})
	after := must(t, cl, getDomainName, &api.GetDomainNameInput{DomainName: d.DomainName})
	if *after.DomainNameConfigurations[0].ApiGatewayDomainName != *f.ApiGatewayDomainName {
		t.Error("an update changed the target's name")
	}
	for _, name := range []string{"api.example.com", "beta.api.example.com", "*.api.example.com"} {
		must(t, cl, deleteDomainName, &api.DeleteDomainNameInput{DomainName: &name})
	}
	err := cl.World.Update(func(s *world.State) error {
		if n := s.Estate.Targets.Len(); n != 1 || len(s.Users(*good)) != 0 {
			t.Errorf("%d targets, certificate used by %v", n, s.Users(*good))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMappings(t *testing.T) {
	cl, _ := worldtest.New()
	cert := certified(t, cl, estate.CertificateIssued, "api.example.com")
	must(t, cl, createDomainName, named("api.example.com", cert))
	domain := aws.String("api.example.com")
	a := must(t, cl, createAPI, &api.CreateApiInput{Name: aws.String("a"), ProtocolType: types.ProtocolTypeHttp})
	if *a.ApiEndpoint != "https://"+*a.ApiId+".execute-api.eu-west-1.amazonaws.com" {
		t.Errorf("endpoint %s", *a.ApiEndpoint)
	}
	mapping := &api.CreateApiMappingInput{ApiId: a.ApiId, DomainName: domain, Stage: aws.String("$default")}
	if code := refused(cl, createAPIMapping, mapping); code != "BadRequestException" {
		t.Errorf("mapping of a stage that is not there: %q", code)
	}
	must(t, cl, createStage, &api.CreateStageInput{ApiId: a.ApiId, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true)})
	m := must(t, cl, createAPIMapping, mapping)
	if code := refused(cl, createAPIMapping, mapping); code != "ConflictException" {
		t.Errorf("mapping again: %q", code)
	}
	if code := refused(cl, deleteAPI, &api.DeleteApiInput{ApiId: a.ApiId}); code != "BadRequestException" {
		t.Errorf("deletion of a mapped API: %q", code)
	}
	if n := len(must(t, cl, getAPIMappings, &api.GetApiMappingsInput{DomainName: domain}).Items); n != 1 {
		t.Errorf("%d mappings", n)
	}
	must(t, cl, deleteAPIMapping, &api.DeleteApiMappingInput{DomainName: domain, ApiMappingId: m.ApiMappingId})
	must(t, cl, deleteAPI, &api.DeleteApiInput{ApiId: a.ApiId})
	if code := refused(cl, getStage, &api.GetStageInput{ApiId: a.ApiId, StageName: aws.String("$default")}); code != "NotFoundException" {
		t.Errorf("stage of a deleted API: %q", code)
	}
}

func TestPagesAndTags(t *testing.T) {
	cl, _ := worldtest.New()
	for range 5 {
		must(t, cl, createAPI, &api.CreateApiInput{Name: aws.String("a"), ProtocolType: types.ProtocolTypeHttp})
	}
	var ids []string
	in := &api.GetApisInput{MaxResults: aws.String("2")}
	for {
		out := must(t, cl, getAPIs, in)
		for _, a := range out.Items {
			ids = append(ids, *a.ApiId)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if len(ids) != 5 || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != 5 {
		t.Errorf("APIs %v", ids)
	}
	id := aws.String("arn:aws:apigateway:eu-west-1::/apis/" + ids[0])
	must(t, cl, tagResource, &api.TagResourceInput{ResourceArn: id, Tags: map[string]string{"a": "1", "b": "2"}})
	must(t, cl, untagResource, &api.UntagResourceInput{ResourceArn: id, TagKeys: []string{"b"}})
	if tags := must(t, cl, getTags, &api.GetTagsInput{ResourceArn: id}).Tags; len(tags) != 1 || tags["a"] != "1" {
		t.Errorf("tags %v", tags)
	}
}
