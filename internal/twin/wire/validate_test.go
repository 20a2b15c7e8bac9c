package wire

import (
	"errors"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	cases := []struct {
		operation string
		in        Tree
		want      string // code: message, or ""
	}{
		{"iam.GetRole", Tree{"RoleName": "r"}, ""},
		{"iam.GetRole", Tree{}, "ValidationError: 1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null"},
		{
			"iam.TagRole",
			Tree{"RoleName": strings.Repeat("r", 65), "Tags": []any{Tree{"Key": "a", "Value": "b"}, Tree{"Key": "", "Value": "("}}},
			"ValidationError: 4 validation errors detected: Value '" + strings.Repeat("r", 65) + "' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64; " +
				"Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; ",
		},
		{"iam.ListRoles", Tree{"MaxItems": int64(0)}, "ValidationError: 1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{
			"organizations.ListPolicies", Tree{"Filter": "X"},
			"ValidationException: 1 validation error detected: Value 'X' at 'filter' failed to satisfy constraint: Member must satisfy enum value set: [SERVICE_CONTROL_POLICY, ",
		},
		{
			"acm.RequestCertificate", Tree{"DomainName": "a.example", "SubjectAlternativeNames": []any{"c.example", ""}},
			"ValidationException: 1 validation error detected: Value '[c.example, ]' at 'subjectAlternativeNames' failed to satisfy constraint: Member must satisfy constraint: " +
				"[Member must have length less than or equal to 253, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ",
		},
		{"ec2.DeleteVpc", Tree{}, "MissingParameter: The request must contain the parameter VpcId"},
		{"ec2.CreateTags", Tree{"Resources": []any{"vpc-1"}, "Tags": []any{Tree{"Key": "a"}}}, ""},
		{
			"route53.GetHostedZone", Tree{"Id": strings.Repeat("Z", 33)},
			"InvalidInput: 1 validation error detected: Value '" + strings.Repeat("Z", 33) + "' at 'resourceId' failed to satisfy constraint: Member must have length less than or equal to 32",
		},
		{"route53.ChangeResourceRecordSets", changes(Tree{"Name": "a", "Type": "A"}), ""},
		{
			"route53.ChangeResourceRecordSets", changes(Tree{"Name": "a"}),
			`InvalidInput: Invalid XML ; cvc-complex-type.2.4.b: The content of element 'ResourceRecordSet' is not complete. One of '{"https://route53.amazonaws.com/doc/2013-04-01/":Type}' is expected.`,
		},
		{
			"route53.ChangeResourceRecordSets", changes(Tree{"Name": "a", "Type": "B"}),
			"InvalidInput: Invalid XML ; cvc-enumeration-valid: Value 'B' is not facet-valid with respect to enumeration '[SOA, A, ",
		},
		{
			"route53.ChangeResourceRecordSets", changes(Tree{"Name": "a", "Type": "A", "TTL": int64(-1)}),
			"InvalidInput: Invalid XML ; cvc-minInclusive-valid: Value '-1' is not facet-valid with respect to minInclusive '0' for type 'TTL'.",
		},
		{
			"route53.ChangeResourceRecordSets",
			changes(Tree{"Name": "a", "Type": "A", "AliasTarget": Tree{"HostedZoneId": strings.Repeat("v", 33), "DNSName": "b", "EvaluateTargetHealth": false}}),
			"InvalidInput: Invalid XML ; cvc-maxLength-valid: Value '" + strings.Repeat("v", 33) + "' with length = '33' is not facet-valid with respect to maxLength '32' for type 'ResourceId'.",
		},
		{
			"route53.ChangeResourceRecordSets", changes(Tree{"Name": "a", "Type": "A", "ResourceRecords": []any{}}),
			`InvalidInput: Invalid XML ; cvc-complex-type.2.4.b: The content of element 'ResourceRecords' is not complete. One of '{"https://route53.amazonaws.com/doc/2013-04-01/":ResourceRecord}' is expected.`,
		},
		{
			"cloudfront.CreateDistribution", Tree{"DistributionConfig": Tree{"CallerReference": "a", "Comment": "", "Enabled": true, "DefaultCacheBehavior": Tree{"TargetOriginId": "a", "ViewerProtocolPolicy": "allow-all"},
				"Origins": Tree{"Quantity": int64(1), "Items": []any{Tree{"Id": "a"}}}}},
			"MalformedXML: 1 validation error detected: Value null at 'distributionConfig.origins.items.1.member.domainName' failed to satisfy constraint: Member must not be null",
		},
	}
	for _, c := range cases {
		service, name, _ := strings.Cut(c.operation, ".")
		err := operation(t, service, name).Validate(c.in)
		got := ""
		if e, ok := errors.AsType[*Error](err); ok {
			got = e.Error()
		} else if err != nil {
			t.Errorf("%s: %v is no *Error", c.operation, err)
		}
		if got != c.want && (c.want == "" || strings.HasSuffix(c.want, "'.") || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s:\n%s, want\n%s", c.operation, got, c.want)
		}
	}
}

func changes(set Tree) Tree {
	return Tree{"HostedZoneId": "Z1", "ChangeBatch": Tree{"Changes": []any{Tree{"Action": "CREATE", "ResourceRecordSet": set}}}}
}

func operation(t testing.TB, service, name string) *Operation {
	t.Helper()
	s, err := Load(service)
	if err != nil {
		t.Fatal(err)
	}
	op, err := s.Operation(name)
	if err != nil {
		t.Fatal(err)
	}
	return op
}
