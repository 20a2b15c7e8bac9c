package ec2

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// code is the code and text of a refusal, "" of success.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// must calls a handler that has to succeed.
func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

func makeVPC(t *testing.T, cl worldtest.Client, cidr string, tags ...string) string {
	t.Helper()
	in := &ec2.CreateVpcInput{CidrBlock: &cidr}
	if len(tags) > 0 {
		spec := types.TagSpecification{ResourceType: types.ResourceTypeVpc}
		for i := 0; i < len(tags); i += 2 {
			spec.Tags = append(spec.Tags, types.Tag{Key: &tags[i], Value: &tags[i+1]})
		}
		in.TagSpecifications = append(in.TagSpecifications, spec)
	}
	return *must(t, cl, createVpc, in).Vpc.VpcId
}

func makeSubnet(t *testing.T, cl worldtest.Client, vpc, cidr string) string {
	t.Helper()
	return *must(t, cl, createSubnet, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: &cidr}).Subnet.SubnetId
}

func TestCreateVpc(t *testing.T) {
	for _, tc := range []struct {
		in   ec2.CreateVpcInput
		want string // CIDR, or code and text
	}{
		{ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")}, "10.0.0.0/16"},
		{ec2.CreateVpcInput{CidrBlock: aws.String("100.68.0.18/18")}, "100.68.0.0/18"},
		{ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/28")}, "10.0.0.0/28"},
		{ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/8")}, "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid."},
		{ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/29")}, "InvalidVpc.Range: The CIDR '10.0.0.0/29' is invalid."},
		{ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0")}, "InvalidParameterValue: Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block."},
		{ec2.CreateVpcInput{}, "MissingParameter: The request must contain the parameter cidrBlock"},
		{ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), DryRun: aws.Bool(true)}, "DryRunOperation: Request would have succeeded, but DryRun flag is set."},
		{ec2.CreateVpcInput{Ipv4IpamPoolId: aws.String("ipam-pool-1")}, "NotImplementedByTwin: The twin does not have the parameter Ipv4IpamPoolId of CreateVpc of "},
		{ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeVpc, Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}},
		}}}, "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use"},
	} {
		cl, _ := worldtest.New()
		out, err := worldtest.Do(cl, createVpc, &tc.in)
		got := code(err)
		if err == nil {
			got = *out.Vpc.CidrBlock
		}
		if got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
		if n := cl.World.Estate().VPCs.Len(); (n == 1) != (err == nil) {
			t.Errorf("%q: %d VPCs stand in the estate", tc.want, n)
		}
	}
}

// TestSameTreatmentSameIdentifiers: identifiers compare between worlds, and
// differ inside one.
func TestSameTreatmentSameIdentifiers(t *testing.T) {
	var worlds [2][]string
	for i := range worlds {
		cl, _ := worldtest.New()
		for _, account := range []estate.AccountID{"111111111111", "111111111111", "222222222222"} {
			worlds[i] = append(worlds[i], makeVPC(t, cl.In(account, ""), "10.0.0.0/16"))
		}
	}
	if !slices.Equal(worlds[0], worlds[1]) {
		t.Errorf("two worlds, two results: %v and %v", worlds[0], worlds[1])
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(worlds[0])))); n != 3 {
		t.Errorf("%d identifiers for 3 VPCs", n)
	}
}

func TestDescribeVpcs(t *testing.T) {
	cl, _ := worldtest.New()
	a := makeVPC(t, cl, "10.0.0.0/16", "Name", "a", "dns", "corp")
	b := makeVPC(t, cl, "10.1.0.0/16", "Name", "b*")
	d := *must(t, cl, createDefaultVpc, &ec2.CreateDefaultVpcInput{}).Vpc.VpcId
	makeVPC(t, cl.In("222222222222", ""), "10.9.0.0/16", "dns", "corp")
	makeVPC(t, cl.In("", "us-east-1"), "10.9.0.0/16", "dns", "corp")
	filter := func(name string, values ...string) ec2.DescribeVpcsInput {
		return ec2.DescribeVpcsInput{Filters: []types.Filter{{Name: &name, Values: values}}}
	}
	absent := "vpc-0aaaaaaaaaaaaaaaa"
	for _, tc := range []struct {
		in   ec2.DescribeVpcsInput
		want []string
		code string
	}{
		{in: ec2.DescribeVpcsInput{}, want: []string{a, b, d}},
		{in: ec2.DescribeVpcsInput{VpcIds: []string{b}}, want: []string{b}},
		{in: ec2.DescribeVpcsInput{VpcIds: []string{absent}}, code: "InvalidVpcID.NotFound: The vpc ID '" + absent + "' does not exist"},
		{in: ec2.DescribeVpcsInput{VpcIds: []string{"x"}}, code: `InvalidVpcID.Malformed: Invalid id: "x" (expecting "vpc-...")`},
		{in: filter("tag:dns", "corp"), want: []string{a}},
		{in: filter("tag:Name", "*"), want: []string{a, b}},
		{in: filter("tag:Name", `b\*`), want: []string{b}},
		{in: filter("tag:Name", "?"), want: []string{a}},
		{in: filter("tag-key", "dns"), want: []string{a}},
		{in: filter("cidr", "10.0.0.0/16", "10.1.0.0/16"), want: []string{a, b}},
		{in: filter("is-default", "true"), want: []string{d}},
		{in: filter("isDefault", "true"), code: "InvalidParameterValue: The filter 'isDefault' is invalid"},
		{in: filter("state", "available"), want: []string{a, b, d}},
		{in: filter("state", "pending")},
		{in: filter("owner-id", "111111111111"), want: []string{a, b, d}},
		{in: filter("vpc-id", a, d), want: []string{a, d}},
		{in: filter("cidr-block-association.cidr-block", "172.31.0.0/16"), want: []string{d}},
		{in: ec2.DescribeVpcsInput{Filters: []types.Filter{
			{Name: aws.String("tag:dns"), Values: []string{"corp"}}, {Name: aws.String("cidr"), Values: []string{"10.1.0.0/16"}},
		}}},
		{in: ec2.DescribeVpcsInput{MaxResults: aws.Int32(4)}, code: "InvalidParameterValue: Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than or equal to 5."},
		{in: ec2.DescribeVpcsInput{MaxResults: aws.Int32(5), VpcIds: []string{a}}, code: "InvalidParameterCombination: The parameter vpcIds cannot be used with the parameter maxResults"},
	} {
		out, err := worldtest.Do(cl, describeVpcs, &tc.in)
		if got := code(err); got != tc.code {
			t.Errorf("%+v: got %q, want %q", tc.in.Filters, got, tc.code)
			continue
		}
		var got []string
		if out != nil {
			for _, v := range out.Vpcs {
				got = append(got, *v.VpcId)
			}
		}
		slices.Sort(tc.want)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%v: got %v, want %v", tc.in.Filters, got, tc.want)
		}
	}
}

func TestDescribePages(t *testing.T) {
	cl, _ := worldtest.New()
	want := map[string]bool{}
	for i := range 17 {
		want[makeVPC(t, cl, fmt.Sprintf("10.%d.0.0/16", i))] = true
	}
	pages := 0
	for in := (&ec2.DescribeVpcsInput{MaxResults: aws.Int32(5)}); ; pages++ {
		out := must(t, cl, describeVpcs, in)
		for _, v := range out.Vpcs {
			if !want[*v.VpcId] {
				t.Errorf("%s came twice", *v.VpcId)
			}
			delete(want, *v.VpcId)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if len(want) > 0 || pages != 3 {
		t.Errorf("%d VPCs left out, %d pages before the last", len(want), pages)
	}
}

func TestVpcAttributes(t *testing.T) {
	on, off := &types.AttributeBooleanValue{Value: aws.Bool(true)}, &types.AttributeBooleanValue{Value: aws.Bool(false)}
	cl, _ := worldtest.New()
	id := makeVPC(t, cl, "10.0.0.0/16")
	for _, step := range []struct {
		in   ec2.ModifyVpcAttributeInput
		code string // without the text
		want [2]bool
	}{
		{ec2.ModifyVpcAttributeInput{EnableDnsHostnames: on, EnableDnsSupport: on}, "InvalidParameterCombination", [2]bool{true, false}}, // R1.3
		{ec2.ModifyVpcAttributeInput{}, "MissingParameter", [2]bool{true, false}},
		{ec2.ModifyVpcAttributeInput{EnableDnsHostnames: on}, "", [2]bool{true, true}},
		{ec2.ModifyVpcAttributeInput{EnableDnsSupport: off}, "InvalidParameterCombination", [2]bool{true, true}},
		{ec2.ModifyVpcAttributeInput{EnableDnsHostnames: off}, "", [2]bool{true, false}},
		{ec2.ModifyVpcAttributeInput{EnableDnsSupport: off}, "", [2]bool{false, false}},
		{ec2.ModifyVpcAttributeInput{EnableDnsHostnames: on}, "InvalidParameterCombination", [2]bool{false, false}},
		{ec2.ModifyVpcAttributeInput{EnableNetworkAddressUsageMetrics: on}, "", [2]bool{false, false}},
	} {
		step.in.VpcId = &id
		_, err := worldtest.Do(cl, modifyVpcAttribute, &step.in)
		if got, _, _ := strings.Cut(code(err), ":"); got != step.code {
			t.Errorf("%+v: got %q, want %q", step.in, got, step.code)
		}
		support := must(t, cl, describeVpcAttribute, &ec2.DescribeVpcAttributeInput{VpcId: &id, Attribute: types.VpcAttributeNameEnableDnsSupport})
		hostnames := must(t, cl, describeVpcAttribute, &ec2.DescribeVpcAttributeInput{VpcId: &id, Attribute: types.VpcAttributeNameEnableDnsHostnames})
		if got := [2]bool{*support.EnableDnsSupport.Value, *hostnames.EnableDnsHostnames.Value}; got != step.want {
			t.Errorf("%+v: support and hostnames are %v, want %v", step.in, got, step.want)
		}
	}
	usage := must(t, cl, describeVpcAttribute, &ec2.DescribeVpcAttributeInput{VpcId: &id, Attribute: types.VpcAttributeNameEnableNetworkAddressUsageMetrics})
	if !*usage.EnableNetworkAddressUsageMetrics.Value {
		t.Error("usage metrics were not turned on")
	}
}

func TestCidrAssociations(t *testing.T) {
	cl, _ := worldtest.New()
	cl.World.Limits = true
	id := makeVPC(t, cl, "10.0.0.0/16")
	for _, step := range []struct{ cidr, want string }{
		{"10.1.0.0/16", ""},
		{"100.64.0.0/16", ""},
		{"10.0.128.0/20", "InvalidVpc.Range"},
		{"192.168.0.0/16", "InvalidVpc.Range"},
		{"10.2.0.0/15", "InvalidVpc.Range"},
		{"10.2.0.0/16", ""},
		{"10.3.0.0/16", ""},
		{"10.4.0.0/16", "CidrLimitExceeded"},
	} {
		_, err := worldtest.Do(cl, associateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{VpcId: &id, CidrBlock: &step.cidr})
		if got, _, _ := strings.Cut(code(err), ":"); got != step.want {
			t.Errorf("%s: got %q, want %q", step.cidr, code(err), step.want)
		}
	}
	makeSubnet(t, cl, id, "10.1.4.0/24")
	blocks := must(t, cl, describeVpcs, &ec2.DescribeVpcsInput{VpcIds: []string{id}}).Vpcs[0].CidrBlockAssociationSet
	want := map[string]string{
		"10.0.0.0/16": "OperationNotPermitted", "10.1.0.0/16": "InvalidCidrBlock.InUse", "100.64.0.0/16": "",
		"10.2.0.0/16": "", "10.3.0.0/16": "",
	}
	if len(blocks) != len(want) {
		t.Fatalf("%d blocks, want %d", len(blocks), len(want))
	}
	for _, b := range blocks {
		_, err := worldtest.Do(cl, disassociateVpcCidrBlock, &ec2.DisassociateVpcCidrBlockInput{AssociationId: b.AssociationId})
		if got, _, _ := strings.Cut(code(err), ":"); got != want[*b.CidrBlock] {
			t.Errorf("%s: got %q, want %q", *b.CidrBlock, code(err), want[*b.CidrBlock])
		}
	}
	six := must(t, cl, associateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{VpcId: &id, AmazonProvidedIpv6CidrBlock: aws.Bool(true)})
	if p := *six.Ipv6CidrBlockAssociation.Ipv6CidrBlock; !strings.HasPrefix(p, "2001:db8:") || !strings.HasSuffix(p, "::/56") {
		t.Errorf("IPv6 block %s", p)
	}
}

func TestSubnets(t *testing.T) {
	cl, _ := worldtest.New()
	id := makeVPC(t, cl, "10.0.0.0/16")
	for _, step := range []struct{ cidr, zone, want string }{
		{"10.0.1.0/24", "eu-west-1b", ""},
		{"10.0.1.128/25", "eu-west-1a", "InvalidSubnet.Conflict: The CIDR '10.0.1.128/25' conflicts with another subnet"},
		{"10.1.0.0/24", "", "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid."},
		{"10.0.2.0/29", "", "InvalidSubnet.Range: The CIDR '10.0.2.0/29' is invalid."},
		{"10.0.2.0/24", "eu-west-1z", "InvalidParameterValue: Value (eu-west-1z) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: eu-west-1a, eu-west-1b, eu-west-1c."},
		{"10.0.2.0/24", "", ""},
	} {
		in := &ec2.CreateSubnetInput{VpcId: &id, CidrBlock: &step.cidr}
		if step.zone != "" {
			in.AvailabilityZone = &step.zone
		}
		_, err := worldtest.Do(cl, createSubnet, in)
		if got := code(err); got != step.want {
			t.Errorf("%s: got %q, want %q", step.cidr, got, step.want)
		}
	}
	out := must(t, cl, describeSubnets, &ec2.DescribeSubnetsInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{id}}, {Name: aws.String("availability-zone-id"), Values: []string{"euw1-az2"}},
	}})
	if len(out.Subnets) != 1 || *out.Subnets[0].CidrBlock != "10.0.1.0/24" || *out.Subnets[0].AvailableIpAddressCount != 251 {
		t.Fatalf("found %+v", out.Subnets)
	}
	first := *out.Subnets[0].SubnetId
	must(t, cl, modifySubnetAttribute, &ec2.ModifySubnetAttributeInput{SubnetId: &first, MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
	if s := must(t, cl, describeSubnets, &ec2.DescribeSubnetsInput{SubnetIds: []string{first}}).Subnets[0]; !*s.MapPublicIpOnLaunch {
		t.Error("MapPublicIpOnLaunch was not turned on")
	}

	_, err := worldtest.Do(cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &id})
	if want := "DependencyViolation: The vpc '" + id + "' has dependencies and cannot be deleted."; code(err) != want {
		t.Errorf("got %q, want %q", code(err), want)
	}
	for s := range cl.World.Estate().Subnets.All() {
		must(t, cl, deleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &s.ID})
	}
	must(t, cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &id})
	if e := cl.World.Estate(); e.VPCs.Len()+e.Subnets.Len() != 0 {
		t.Error("the estate is not empty")
	}
}

func TestDefaultVpc(t *testing.T) {
	cl, _ := worldtest.New()
	v := must(t, cl, createDefaultVpc, &ec2.CreateDefaultVpcInput{}).Vpc
	_, err := worldtest.Do(cl, createDefaultVpc, &ec2.CreateDefaultVpcInput{})
	if want := "DefaultVpcAlreadyExists: A Default VPC already exists for this account in this region."; code(err) != want {
		t.Errorf("got %q, want %q", code(err), want)
	}
	stands, _ := cl.World.Estate().VPCs.Get(*v.VpcId)
	if !stands.DNSHostnames || !stands.DNSSupport || cl.World.Estate().Subnets.Len() != 3 {
		t.Errorf("default VPC %+v with %d subnets", stands, cl.World.Estate().Subnets.Len())
	}
}

// TestDefaults: what Terraform reads with a VPC is there (settled point 27).
func TestDefaults(t *testing.T) {
	cl, _ := worldtest.New()
	id := makeVPC(t, cl, "10.0.0.0/16")
	subnet := makeSubnet(t, cl, id, "10.0.0.0/24")
	where := func(more ...string) []types.Filter {
		f := []types.Filter{{Name: aws.String("vpc-id"), Values: []string{id}}}
		for i := 0; i < len(more); i += 2 {
			f = append(f, types.Filter{Name: &more[i], Values: []string{more[i+1]}})
		}
		return f
	}
	acls := must(t, cl, describeNetworkAcls, &ec2.DescribeNetworkAclsInput{Filters: where("default", "true")}).NetworkAcls
	tables := must(t, cl, describeRouteTables, &ec2.DescribeRouteTablesInput{Filters: where("association.main", "true")}).RouteTables
	groups := must(t, cl, describeSecurityGroups, &ec2.DescribeSecurityGroupsInput{Filters: where("group-name", "default")}).SecurityGroups
	if len(acls) != 1 || len(tables) != 1 || len(groups) != 1 {
		t.Fatalf("%d network ACLs, %d main route tables, %d default groups", len(acls), len(tables), len(groups))
	}
	if a := acls[0].Associations; len(a) != 1 || *a[0].SubnetId != subnet {
		t.Errorf("associations of the network ACL: %+v", a)
	}
	if r := tables[0].Routes; len(r) != 1 || *r[0].DestinationCidrBlock != "10.0.0.0/16" || *r[0].GatewayId != "local" {
		t.Errorf("routes: %+v", r)
	}
	g := groups[0]
	if len(g.IpPermissions) != 1 || *g.IpPermissions[0].UserIdGroupPairs[0].GroupId != *g.GroupId || *g.IpPermissionsEgress[0].IpRanges[0].CidrIp != "0.0.0.0/0" {
		t.Errorf("rules of the default group: %+v, %+v", g.IpPermissions, g.IpPermissionsEgress)
	}
	if _, err := worldtest.Do(cl, deleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: g.GroupId}); !strings.HasPrefix(code(err), "CannotDelete") {
		t.Errorf("deleting the default group: %q", code(err))
	}
}

func TestSecurityGroups(t *testing.T) {
	cl, _ := worldtest.New()
	id := makeVPC(t, cl, "10.0.0.0/16")
	create := &ec2.CreateSecurityGroupInput{GroupName: aws.String("dns"), Description: aws.String("queries"), VpcId: &id}
	g := *must(t, cl, createSecurityGroup, create).GroupId
	if _, err := worldtest.Do(cl, createSecurityGroup, create); !strings.HasPrefix(code(err), "InvalidGroup.Duplicate") {
		t.Errorf("the same name again: %q", code(err))
	}
	port := []types.IpPermission{{
		IpProtocol: aws.String("17"), FromPort: aws.Int32(53), ToPort: aws.Int32(53),
		IpRanges: []types.IpRange{{CidrIp: aws.String("10.0.0.0/8")}, {CidrIp: aws.String("192.168.0.0/16"), Description: aws.String("office")}},
	}}
	in := &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &g, IpPermissions: port}
	if n := len(must(t, cl, authorizeSecurityGroupIngress, in).SecurityGroupRules); n != 2 {
		t.Errorf("%d rules, want 2", n)
	}
	if _, err := worldtest.Do(cl, authorizeSecurityGroupIngress, in); !strings.HasPrefix(code(err), "InvalidPermission.Duplicate") {
		t.Errorf("the same rule again: %q", code(err))
	}
	shown := must(t, cl, describeSecurityGroups, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{g}}).SecurityGroups[0]
	if p := shown.IpPermissions; len(p) != 1 || *p[0].IpProtocol != "udp" || len(p[0].IpRanges) != 2 {
		t.Errorf("permissions %+v", p)
	}
	must(t, cl, revokeSecurityGroupIngress, &ec2.RevokeSecurityGroupIngressInput{GroupId: &g, IpPermissions: port})
	if _, err := worldtest.Do(cl, revokeSecurityGroupIngress, &ec2.RevokeSecurityGroupIngressInput{GroupId: &g, IpPermissions: port}); !strings.HasPrefix(code(err), "InvalidPermission.NotFound") {
		t.Errorf("revoked twice: %q", code(err))
	}
	if rules := must(t, cl, describeSecurityGroupRules, &ec2.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{g}}},
	}).SecurityGroupRules; len(rules) != 1 || !*rules[0].IsEgress {
		t.Errorf("rules left: %+v", rules)
	}
	if _, err := worldtest.Do(cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &id}); !strings.HasPrefix(code(err), "DependencyViolation") {
		t.Errorf("VPC with a group: %q", code(err))
	}
	must(t, cl, deleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: &g})
	must(t, cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &id})
}

func TestInternetGateways(t *testing.T) {
	cl, _ := worldtest.New()
	id := makeVPC(t, cl, "10.0.0.0/16")
	g := must(t, cl, createInternetGateway, &ec2.CreateInternetGatewayInput{}).InternetGateway.InternetGatewayId
	attach := &ec2.AttachInternetGatewayInput{InternetGatewayId: g, VpcId: &id}
	must(t, cl, attachInternetGateway, attach)
	if _, err := worldtest.Do(cl, attachInternetGateway, attach); !strings.HasPrefix(code(err), "Resource.AlreadyAssociated") {
		t.Errorf("attached twice: %q", code(err))
	}
	found := must(t, cl, describeInternetGateways, &ec2.DescribeInternetGatewaysInput{Filters: []types.Filter{{Name: aws.String("attachment.vpc-id"), Values: []string{id}}}})
	if len(found.InternetGateways) != 1 || len(found.InternetGateways[0].Attachments) != 1 {
		t.Errorf("found %+v", found.InternetGateways)
	}
	for _, fails := range []error{
		second(worldtest.Do(cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &id})),
		second(worldtest.Do(cl, deleteInternetGateway, &ec2.DeleteInternetGatewayInput{InternetGatewayId: g})),
	} {
		if !strings.HasPrefix(code(fails), "DependencyViolation") {
			t.Errorf("got %q", code(fails))
		}
	}
	must(t, cl, detachInternetGateway, &ec2.DetachInternetGatewayInput{InternetGatewayId: g, VpcId: &id})
	must(t, cl, deleteInternetGateway, &ec2.DeleteInternetGatewayInput{InternetGatewayId: g})
}

func second[T any](_ T, err error) error { return err }

func TestTags(t *testing.T) {
	cl, _ := worldtest.New()
	id := makeVPC(t, cl, "10.0.0.0/16", "Name", "a")
	group := world.Derived("sg", id)
	tag := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	must(t, cl, createTags, &ec2.CreateTagsInput{Resources: []string{id, group}, Tags: []types.Tag{tag("dns", "corp"), tag("Name", "b")}})
	must(t, cl, deleteTags, &ec2.DeleteTagsInput{Resources: []string{id}, Tags: []types.Tag{tag("dns", "other")}})
	must(t, cl, deleteTags, &ec2.DeleteTagsInput{Resources: []string{group}, Tags: []types.Tag{{Key: aws.String("Name")}}})
	var got []string
	for _, d := range must(t, cl, describeTags, &ec2.DescribeTagsInput{}).Tags {
		got = append(got, string(d.ResourceType)+" "+*d.Key+"="+*d.Value)
	}
	slices.Sort(got)
	if want := []string{"security-group dns=corp", "vpc Name=b", "vpc dns=corp"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	v, _ := cl.World.Estate().VPCs.Get(id)
	if v.Tags["dns"] != "corp" || v.Tags["Name"] != "b" {
		t.Errorf("tags in the estate: %v", v.Tags)
	}
	many := &ec2.CreateTagsInput{Resources: []string{id}}
	for i := range 49 {
		many.Tags = append(many.Tags, tag(fmt.Sprint("k", i), ""))
	}
	if _, err := worldtest.Do(cl, createTags, many); !strings.HasPrefix(code(err), "TagLimitExceeded") {
		t.Errorf("51 tags: %q", code(err))
	}
	if _, err := worldtest.Do(cl.In("222222222222", ""), createTags, &ec2.CreateTagsInput{Resources: []string{id}, Tags: []types.Tag{tag("a", "b")}}); !strings.HasPrefix(code(err), "InvalidVpcID.NotFound") {
		t.Errorf("tagging another account's VPC: %q", code(err))
	}
}

func TestRegionsAndZones(t *testing.T) {
	cl, _ := worldtest.New()
	seen := 0
	for _, in := range []estate.Region{"eu-west-1", "cn-north-1", "us-gov-west-1"} { // one of each partition
		for _, r := range must(t, cl.In(cl.Account, in), describeRegions, &ec2.DescribeRegionsInput{}).Regions {
			seen++
			if estate.Region(*r.RegionName).Partition() != in.Partition() {
				t.Errorf("%s is told in %s", *r.RegionName, in)
			}
		}
	}
	if seen != len(regions) {
		t.Errorf("%d Regions, want %d", seen, len(regions))
	}
	if r := must(t, cl, describeRegions, &ec2.DescribeRegionsInput{RegionNames: []string{"eu-west-1"}}).Regions; len(r) != 1 || *r[0].Endpoint != "ec2.eu-west-1.amazonaws.com" {
		t.Errorf("found %+v", r)
	}
	zones := must(t, cl, describeAvailabilityZones, &ec2.DescribeAvailabilityZonesInput{ZoneIds: []string{"euw1-az3"}}).AvailabilityZones
	if len(zones) != 1 || *zones[0].ZoneName != "eu-west-1c" {
		t.Errorf("found %+v", zones)
	}
	if !slices.EqualFunc(regions, estate.Regions(), func(a region, b estate.Region) bool { return a.name == string(b) }) {
		t.Error("the Regions are not those of package estate")
	}
	if !slices.IsSortedFunc(regions, func(a, b region) int { return strings.Compare(a.name, b.name) }) {
		t.Error("the table of Regions is not sorted")
	}
}

func TestQuotas(t *testing.T) {
	cl, _ := worldtest.New()
	cl.World.Limits = true
	for i := range vpcsPerRegion {
		makeVPC(t, cl, fmt.Sprintf("10.%d.0.0/16", i))
	}
	_, err := worldtest.Do(cl, createVpc, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	if want := "VpcLimitExceeded: The maximum number of VPCs has been reached."; code(err) != want {
		t.Errorf("got %q, want %q", code(err), want)
	}
	makeVPC(t, cl.In("", "us-east-1"), "10.0.0.0/16")
}

// TestAuthorization: actions and resources are IAM's, and who may not do a
// thing does not learn what there is.
func TestAuthorization(t *testing.T) {
	cl, _ := worldtest.New()
	id := makeVPC(t, cl, "10.0.0.0/16", "dns", "corp")
	denied := errors.New("denied")
	var asked []string
	cl.Authorize = func(action, resource string, _ world.Conditions) error {
		asked = append(asked, action+" "+resource)
		return nil
	}
	makeVPC(t, cl, "10.1.0.0/16", "a", "b")
	must(t, cl, describeVpcs, &ec2.DescribeVpcsInput{})
	must(t, cl, createSubnet, &ec2.CreateSubnetInput{VpcId: &id, CidrBlock: aws.String("10.0.0.0/24")})
	must(t, cl, createTags, &ec2.CreateTagsInput{Resources: []string{id}, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	want := []string{
		"ec2:CreateVpc arn:aws:ec2:eu-west-1:111111111111:vpc/*",
		"ec2:CreateTags arn:aws:ec2:eu-west-1:111111111111:vpc/*",
		"ec2:DescribeVpcs *",
		"ec2:CreateSubnet arn:aws:ec2:eu-west-1:111111111111:subnet/*",
		"ec2:CreateSubnet arn:aws:ec2:eu-west-1:111111111111:vpc/" + id,
		"ec2:CreateTags arn:aws:ec2:eu-west-1:111111111111:vpc/" + id,
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked for\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
	cl.Authorize = func(_, _ string, conditions world.Conditions) error {
		if !slices.Contains(conditions["aws:resourcetag/dns"], "corp") {
			return denied
		}
		return nil
	}
	must(t, cl, describeVpcAttribute, &ec2.DescribeVpcAttributeInput{VpcId: &id, Attribute: types.VpcAttributeNameEnableDnsSupport})
	for _, absent := range []string{"vpc-0aaaaaaaaaaaaaaaa", ""} {
		_, err := worldtest.Do(cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &absent})
		if absent != "" && !errors.Is(err, denied) {
			t.Errorf("got %v, want the denial", err)
		}
	}
}
