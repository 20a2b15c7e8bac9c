package twin_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	ramtypes "github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func (b bench) ram(c aws.Credentials) *ram.Client {
	return ram.NewFromConfig(b.config(c), func(o *ram.Options) { o.HTTPSignerV4 = b.signer() })
}

func (b bench) elb(c aws.Credentials) *elb.Client {
	return elb.NewFromConfig(b.config(c), func(o *elb.Options) { o.HTTPSignerV4 = b.signer() })
}

// TestSharedSubnets: a participant sees the subnets that are shared with it and
// their VPC, uses them and changes neither; only the VPC's owner associates it
// with a zone of the participant's (R8.6, T45).
func TestSharedSubnets(t *testing.T) {
	const app = caller
	b := newBench()
	b.put(t, func(e *estate.Estate) {
		e.Organization = estate.Organization{ID: "o-acme", Management: other, Root: "r-1"}
		for _, id := range []estate.AccountID{owner, app, other} {
			e.Accounts.Put(estate.Account{ID: id, Parent: "r-1", Status: estate.AccountActive})
		}
	})
	hub := b.vpc(t, owner)
	net, participant := b.ec2(keys(owner)), b.ec2(keys(app))
	var subnets []ec2types.Subnet
	for cidr, zone := range map[string]string{"10.0.1.0/24": "eu-west-1a", "10.0.2.0/24": "eu-west-1b", "10.0.3.0/24": "eu-west-1c"} {
		subnets = append(subnets, *must[*ec2.CreateSubnetOutput](t)(net.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{
			VpcId: hub.VPCId, CidrBlock: &cidr, AvailabilityZone: &zone,
			TagSpecifications: []ec2types.TagSpecification{{ResourceType: "subnet", Tags: []ec2types.Tag{{Key: aws.String("owner"), Value: aws.String("net")}}}}})).Subnet)
	}
	described := func(c *ec2.Client, filters ...ec2types.Filter) []ec2types.Subnet {
		t.Helper()
		return must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{Filters: filters})).Subnets
	}
	vpcs := func(c *ec2.Client, owners ...string) []ec2types.Vpc {
		t.Helper()
		return must[*ec2.DescribeVpcsOutput](t)(c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{
			Filters: []ec2types.Filter{{Name: aws.String("owner-id"), Values: owners}}})).Vpcs
	}
	if got := described(participant); len(got) != 0 {
		t.Errorf("before anything is shared: %+v", got)
	}

	if _, err := b.ram(keys(owner)).EnableSharingWithAwsOrganization(t.Context(), &ram.EnableSharingWithAwsOrganizationInput{}); code(err) != "OperationNotPermittedException" {
		t.Errorf("sharing enabled by a member: %v", err)
	}
	must[*ram.EnableSharingWithAwsOrganizationOutput](t)(b.ram(keys(other)).EnableSharingWithAwsOrganization(t.Context(), &ram.EnableSharingWithAwsOrganizationInput{}))
	share := must[*ram.CreateResourceShareOutput](t)(b.ram(keys(owner)).CreateResourceShare(t.Context(), &ram.CreateResourceShareInput{
		Name: aws.String("net"), AllowExternalPrincipals: aws.Bool(false), Principals: []string{app},
		ResourceArns: []string{*subnets[0].SubnetArn, *subnets[1].SubnetArn}})).ResourceShare
	b.clock.Advance(world.Sharing)

	got := described(participant)
	if len(got) != 2 {
		t.Fatalf("the participant sees %d subnets", len(got))
	}
	for _, s := range got {
		if *s.OwnerId != owner || *s.VpcId != *hub.VPCId || len(s.Tags) != 0 || (*s.SubnetArn != *subnets[0].SubnetArn && *s.SubnetArn != *subnets[1].SubnetArn) {
			t.Errorf("a shared subnet %+v", s)
		}
	}
	if all := described(net); len(all) != 3 || len(all[0].Tags) != 1 {
		t.Errorf("the owner sees %+v", all)
	}
	if v := vpcs(participant, owner); len(v) != 1 || *v[0].VpcId != *hub.VPCId || *v[0].OwnerId != owner {
		t.Errorf("VPCs of the owner's: %+v", v)
	}
	if v := vpcs(participant, app); len(v) != 0 {
		t.Errorf("VPCs of its own: %+v", v)
	}
	if n := len(described(participant, ec2types.Filter{Name: aws.String("owner-id"), Values: []string{owner}})); n != 2 {
		t.Errorf("%d subnets by owner", n)
	}
	attribute := must[*ec2.DescribeVpcAttributeOutput](t)(participant.DescribeVpcAttribute(t.Context(), &ec2.DescribeVpcAttributeInput{VpcId: hub.VPCId, Attribute: "enableDnsHostnames"}))
	if !*attribute.EnableDnsHostnames.Value {
		t.Error("the VPC's attribute is not the owner's")
	}

	// It sees the rest that the VPC has, without the owner's tags.
	gateway := must[*ec2.CreateInternetGatewayOutput](t)(net.CreateInternetGateway(t.Context(), &ec2.CreateInternetGatewayInput{
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: "internet-gateway", Tags: []ec2types.Tag{{Key: aws.String("owner"), Value: aws.String("net")}}}}})).InternetGateway
	must[*ec2.AttachInternetGatewayOutput](t)(net.AttachInternetGateway(t.Context(), &ec2.AttachInternetGatewayInput{InternetGatewayId: gateway.InternetGatewayId, VpcId: hub.VPCId}))
	tables := must[*ec2.DescribeRouteTablesOutput](t)(participant.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{})).RouteTables
	acls := must[*ec2.DescribeNetworkAclsOutput](t)(participant.DescribeNetworkAcls(t.Context(), &ec2.DescribeNetworkAclsInput{})).NetworkAcls
	gateways := must[*ec2.DescribeInternetGatewaysOutput](t)(participant.DescribeInternetGateways(t.Context(), &ec2.DescribeInternetGatewaysInput{})).InternetGateways
	if len(tables) != 1 || *tables[0].OwnerId != owner || *tables[0].VpcId != *hub.VPCId {
		t.Errorf("route tables %+v", tables)
	}
	if len(acls) != 1 || *acls[0].OwnerId != owner || len(acls[0].Associations) != 2 {
		t.Errorf("network ACLs %+v", acls)
	}
	if len(gateways) != 1 || *gateways[0].OwnerId != owner || len(gateways[0].Tags) != 0 {
		t.Errorf("internet gateways %+v", gateways)
	}

	// It changes nothing of it.
	mine := *got[0].SubnetId
	for name, call := range map[string]func() error{
		"ModifyVpcAttribute": func() error {
			_, err := participant.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{VpcId: hub.VPCId, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)}})
			return err
		},
		"DeleteVpc": func() error {
			_, err := participant.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: hub.VPCId})
			return err
		},
		"CreateSubnet": func() error {
			_, err := participant.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: hub.VPCId, CidrBlock: aws.String("10.0.9.0/24")})
			return err
		},
		"ModifySubnetAttribute": func() error {
			_, err := participant.ModifySubnetAttribute(t.Context(), &ec2.ModifySubnetAttributeInput{SubnetId: &mine, MapPublicIpOnLaunch: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}})
			return err
		},
		"DeleteSubnet": func() error {
			_, err := participant.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: &mine})
			return err
		},
	} {
		before := b.world.Estate()
		if err := call(); code(err) != "OperationNotPermitted" {
			t.Errorf("%s by a participant: %v", name, err)
		}
		if after := b.world.Estate(); before.VPCs != after.VPCs || before.Subnets != after.Subnets {
			t.Errorf("%s by a participant changed something", name)
		}
	}

	// Its tags are its own, the owner's are the owner's.
	must[*ec2.CreateTagsOutput](t)(participant.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{mine, *hub.VPCId},
		Tags: []ec2types.Tag{{Key: aws.String("kubernetes.io/cluster/c1"), Value: aws.String("shared")}}}))
	if n := len(described(participant, ec2types.Filter{Name: aws.String("tag-key"), Values: []string{"kubernetes.io/cluster/c1"}})); n != 1 {
		t.Errorf("%d subnets by the participant's tag", n)
	}
	if n := len(described(net, ec2types.Filter{Name: aws.String("tag-key"), Values: []string{"kubernetes.io/cluster/c1"}})); n != 0 {
		t.Errorf("%d subnets by the participant's tag, for the owner", n)
	}
	if tags := must[*ec2.DescribeTagsOutput](t)(participant.DescribeTags(t.Context(), &ec2.DescribeTagsInput{})).Tags; len(tags) != 2 {
		t.Errorf("the participant's tags %+v", tags)
	}

	// It puts load balancers there, and then the subnet stays.
	lb := must[*elb.CreateLoadBalancerOutput](t)(b.elb(keys(app)).CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{
		Name: aws.String("api"), Type: "network", Scheme: "internal", Subnets: []string{mine}})).LoadBalancers[0]
	if *lb.VpcId != *hub.VPCId {
		t.Errorf("the load balancer stands in %s", *lb.VpcId)
	}
	if _, err := net.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: &mine}); code(err) != "DependencyViolation" {
		t.Errorf("deletion of a subnet with a participant's load balancer: %v", err)
	}

	// A zone of the participant's reaches the VPC through the VPC's owner.
	own := b.vpc(t, app)
	zone := b.private(t, app, "cluster.test", own)
	theirs, ours := associations{t, b.route53(keys(app)), zone}, associations{t, b.route53(keys(owner)), zone}
	if err := theirs.associate(hub); code(err) != "InvalidVPCId" {
		t.Errorf("association by the participant: %v", err)
	}
	if err := ours.associate(hub); code(err) != "NotAuthorizedException" {
		t.Errorf("association by the owner, not authorized: %v", err)
	}
	if err := theirs.authorize(hub); err != nil {
		t.Errorf("authorization by the participant: %v", err)
	}
	if err := ours.associate(hub); err != nil {
		t.Errorf("association by the owner: %v", err)
	}

	// Unshared, it sees nothing any more.
	must[*ram.DeleteResourceShareOutput](t)(b.ram(keys(owner)).DeleteResourceShare(t.Context(), &ram.DeleteResourceShareInput{ResourceShareArn: share.ResourceShareArn}))
	if n := len(described(participant)); n != 0 {
		t.Errorf("%d subnets after unsharing", n)
	}
	if v := vpcs(participant, owner); len(v) != 0 {
		t.Errorf("VPCs after unsharing: %+v", v)
	}
	if _, err := participant.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{SubnetIds: []string{mine}}); code(err) != "InvalidSubnetID.NotFound" {
		t.Errorf("a subnet that is no longer shared: %v", err)
	}
	left := must[*ram.GetResourceSharesOutput](t)(b.ram(keys(app)).GetResourceShares(t.Context(), &ram.GetResourceSharesInput{ResourceOwner: ramtypes.ResourceOwnerOtherAccounts}))
	if len(left.ResourceShares) != 0 {
		t.Errorf("shares after unsharing: %+v", left.ResourceShares)
	}
	// A member without the permission shares nothing.
	weak := b.user(t, owner, "weak", "")
	if _, err := b.ram(weak).GetResourceShares(t.Context(), &ram.GetResourceSharesInput{ResourceOwner: ramtypes.ResourceOwnerSelf}); code(err) != "AccessDeniedException" || status(err) != 403 {
		t.Errorf("without permission: %v", err)
	}
}
