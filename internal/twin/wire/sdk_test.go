package wire

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	latticetypes "github.com/aws/aws-sdk-go-v2/service/vpclattice/types"
)

// clients are the SDK's, by the table's name. EC2's is left to the package that
// has its handlers: it costs a minute of compiling, and NewMux checks the same.
var clients = map[string]reflect.Type{
	"acm":           reflect.TypeFor[*acm.Client](),
	"apigatewayv2":  reflect.TypeFor[*apigatewayv2.Client](),
	"cloudfront":    reflect.TypeFor[*cloudfront.Client](),
	"cloudtrail":    reflect.TypeFor[*cloudtrail.Client](),
	"events":        reflect.TypeFor[*eventbridge.Client](),
	"kms":           reflect.TypeFor[*kms.Client](),
	"sqs":           reflect.TypeFor[*sqs.Client](),
	"ssm":           reflect.TypeFor[*ssm.Client](),
	"elbv2":         reflect.TypeFor[*elasticloadbalancingv2.Client](),
	"iam":           reflect.TypeFor[*iam.Client](),
	"organizations": reflect.TypeFor[*organizations.Client](),
	"ram":           reflect.TypeFor[*ram.Client](),
	"route53":       reflect.TypeFor[*route53.Client](),
	"s3":            reflect.TypeFor[*s3.Client](),
	"sts":           reflect.TypeFor[*sts.Client](),

	"vpc-lattice":              reflect.TypeFor[*vpclattice.Client](),
	"lambda":                   reflect.TypeFor[*lambda.Client](),
	"resourcegroupstaggingapi": reflect.TypeFor[*resourcegroupstaggingapi.Client](),
	"route53profiles":          reflect.TypeFor[*route53profiles.Client](),
	"route53resolver":          reflect.TypeFor[*route53resolver.Client](),
}

// unions are the members of the unions that handlers take.
var unions = []reflect.Type{
	reflect.TypeFor[latticetypes.ResourceConfigurationDefinitionMemberArnResource](),
	reflect.TypeFor[latticetypes.ResourceConfigurationDefinitionMemberDnsResource](),
	reflect.TypeFor[latticetypes.ResourceConfigurationDefinitionMemberIpResource](),
}

// refused are the operations that no handler can take, since a union is in them.
var refused = []string{
	"acm.SearchCertificates",
	"s3.GetBucketAnalyticsConfiguration", "s3.GetBucketMetricsConfiguration",
	"s3.ListBucketAnalyticsConfigurations", "s3.ListBucketMetricsConfigurations",
	"s3.PutBucketAnalyticsConfiguration", "s3.PutBucketMetricsConfiguration",
}

// TestTablesFitSDK plans every operation of every table against the SDK's
// structs, as registering a handler for it would.
func TestTablesFitSDK(t *testing.T) {
	for _, name := range Services() {
		client := clients[name]
		if client == nil {
			if name != "ec2" {
				t.Errorf("no client for the table of %s", name)
			}
			continue
		}
		s, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range s.Operations() {
			full := name + "." + op.Name
			method, ok := client.MethodByName(op.Name)
			if !ok {
				t.Errorf("the SDK has no operation %s", full)
				continue
			}
			p := planner{made: map[planKey]*plan{}, unions: unions}
			p.plan(op.in, method.Type.In(2).Elem(), "input")
			p.plan(op.out, method.Type.Out(0).Elem(), "output")
			if slices.Contains(refused, full) {
				if len(p.problems) == 0 || !strings.Contains(p.problems[0].Error(), "is a union") {
					t.Errorf("%s is refused for no union: %v", full, p.problems)
				}
				continue
			}
			for _, problem := range p.problems {
				t.Errorf("%s: %v", full, problem)
			}
		}
	}
}

// TestUnion: a union goes into the type of its member and back; one whose members
// a handler does not name is refused when the handler is registered.
func TestUnion(t *testing.T) {
	s, err := Load("vpc-lattice")
	if err != nil {
		t.Fatal(err)
	}
	op, err := s.Operation("CreateResourceConfiguration")
	if err != nil {
		t.Fatal(err)
	}
	handler := Handle(func(_ context.Context, _ string, in *vpclattice.CreateResourceConfigurationInput) (*vpclattice.CreateResourceConfigurationOutput, error) {
		return &vpclattice.CreateResourceConfigurationOutput{ResourceConfigurationDefinition: in.ResourceConfigurationDefinition}, nil
	})
	if _, err := NewMux(s, handler); err == nil || !strings.Contains(err.Error(), "is a union") {
		t.Errorf("without its members: %v", err)
	}
	mux, err := NewMux(s, handler.Union(latticetypes.ResourceConfigurationDefinitionMemberArnResource{},
		latticetypes.ResourceConfigurationDefinitionMemberDnsResource{}, latticetypes.ResourceConfigurationDefinitionMemberIpResource{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range []Tree{
		{"dnsResource": Tree{"domainName": "db.corp", "ipAddressType": "IPV4"}}, {"ipResource": Tree{"ipAddress": "10.0.0.1"}}, {"arnResource": Tree{"arn": "arn:aws:rds:1"}},
	} {
		out, err := mux.Serve(t.Context(), "", op, Tree{"name": "db", "type": "SINGLE", "resourceConfigurationDefinition": definition})
		if err != nil || !reflect.DeepEqual(out["resourceConfigurationDefinition"], definition) {
			t.Errorf("%v came back as %v, %v", definition, out, err)
		}
	}
}
