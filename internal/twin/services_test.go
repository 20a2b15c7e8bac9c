package twin_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func (b bench) ec2(c aws.Credentials) *ec2.Client {
	return ec2.NewFromConfig(b.config(c), func(o *ec2.Options) { o.HTTPSignerV4 = b.signer() })
}

func TestEC2(t *testing.T) {
	b := newBench()
	c := b.ec2(keys(caller))
	vpc := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(t.Context(), &ec2.CreateVpcInput{
		CidrBlock: aws.String("10.0.0.0/16"),
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeVpc,
			Tags: []ec2types.Tag{{Key: aws.String("dns"), Value: aws.String("corp")}}}},
	})).Vpc
	must[*ec2.CreateSubnetOutput](t)(c.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: vpc.VpcId, CidrBlock: aws.String("10.0.1.0/24")}))
	found := func(c *ec2.Client, tag string) int {
		out := must[*ec2.DescribeVpcsOutput](t)(c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{
			Filters: []ec2types.Filter{{Name: aws.String("tag:dns"), Values: []string{tag}}}}))
		return len(out.Vpcs)
	}
	if n := found(c, "corp"); n != 1 {
		t.Errorf("%d VPCs with the tag", n)
	}
	if n := found(c, "other"); n != 0 {
		t.Errorf("%d VPCs with another tag", n)
	}
	if n := found(b.ec2(keys(other)), "corp"); n != 0 {
		t.Errorf("%d VPCs in another account", n)
	}
	elsewhere := ec2.New(c.Options(), func(o *ec2.Options) { o.Region = "eu-central-1" })
	if n := found(elsewhere, "corp"); n != 0 {
		t.Errorf("%d VPCs in another Region", n)
	}
	if _, err := c.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: vpc.VpcId}); code(err) != "DependencyViolation" {
		t.Errorf("deletion with a subnet in it: %v", err)
	}
	if _, err := c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-00000000000000000"}}); code(err) != "InvalidVpcID.NotFound" {
		t.Errorf("an unknown VPC: %v", err)
	}
	wrong := keys(caller)
	wrong.SecretAccessKey = "another"
	if _, err := b.ec2(wrong).DescribeVpcs(t.Context(), nil); code(err) != "AuthFailure" {
		t.Errorf("a wrong secret: %v", err)
	}
}

// A user with keys of its own may do what its policies say.
func TestUserKeys(t *testing.T) {
	b := newBench()
	c := b.iam(keys(caller))
	name := aws.String("operator")
	must[*iam.CreateUserOutput](t)(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}))
	key := must[*iam.CreateAccessKeyOutput](t)(c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})).AccessKey
	user := aws.Credentials{AccessKeyID: *key.AccessKeyId, SecretAccessKey: *key.SecretAccessKey}
	id := must[*sts.GetCallerIdentityOutput](t)(b.sts(user).GetCallerIdentity(t.Context(), nil))
	if want := "arn:aws:iam::" + caller + ":user/operator"; *id.Arn != want {
		t.Errorf("the key is of %s, want %s", *id.Arn, want)
	}
	zones := b.route53(user)
	if _, err := zones.GetHostedZoneCount(t.Context(), nil); code(err) != "AccessDenied" {
		t.Errorf("without a policy: %v", err)
	}
	must[*iam.AttachUserPolicyOutput](t)(c.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{
		UserName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonRoute53ReadOnlyAccess")}))
	if _, err := zones.GetHostedZoneCount(t.Context(), nil); err != nil {
		t.Errorf("with a policy: %v", err)
	}
	if _, err := createZone(t.Context(), zones, "example.com"); code(err) != "AccessDenied" {
		t.Errorf("beyond the policy: %v", err)
	}
	must[*iam.UpdateAccessKeyOutput](t)(c.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
		UserName: name, AccessKeyId: key.AccessKeyId, Status: "Inactive"}))
	if _, err := zones.GetHostedZoneCount(t.Context(), nil); code(err) != "InvalidClientTokenId" {
		t.Errorf("with an inactive key: %v", err)
	}
}

// TestEC2Rates: each action has a bucket of its own in an account and Region, and
// an action that AWS names apart another one (ec2-api-throttling.html).
func TestEC2Rates(t *testing.T) {
	b := newBench()
	b.world.Limits = true
	c := b.ec2(keys(caller))
	vpc := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})).Vpc.VpcId
	attempts := []struct {
		name          string
		burst, second int // calls from a full bucket, and after ten seconds more
		call          func() error
	}{
		{"to read", 100, 100, func() error { _, err := c.DescribeSubnets(t.Context(), nil); return err }},
		{"to read something else", 100, 100, func() error { _, err := c.DescribeRouteTables(t.Context(), nil); return err }},
		{"to change", 50, 50, func() error {
			_, err := c.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{VpcId: vpc, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}})
			return err
		}},
		{"apart", 4, 3, func() error {
			_, err := c.DeleteVpcEndpoints(t.Context(), &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{"vpce-00000000000000000"}})
			return err
		}},
	}
	until := func(call func() error) int {
		for n := range 200 {
			if err := call(); code(err) == "RequestLimitExceeded" {
				return n
			} else if err != nil {
				t.Fatal(err)
			}
		}
		return 200
	}
	for _, tt := range attempts {
		if got := until(tt.call); got != tt.burst {
			t.Errorf("%s: %d calls from a full bucket, want %d", tt.name, got, tt.burst)
		}
	}
	b.clock.Advance(10 * time.Second)
	for _, tt := range attempts {
		if got := until(tt.call); got != tt.second {
			t.Errorf("%s: %d calls ten seconds later, want %d", tt.name, got, tt.second)
		}
	}
}
