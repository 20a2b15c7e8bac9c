package ec2

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestNATGateway: from an elastic IP to the routes through it (VPC User Guide,
// vpc-nat-gateway.html, nat-gateway-troubleshooting.html).
func TestNATGateway(t *testing.T) {
	cl, clk := worldtest.New()
	vpc := makeVPC(t, cl, "10.0.0.0/16")
	subnet := makeSubnet(t, cl, vpc, "10.0.0.0/24")
	eip := must(t, cl, allocateAddress, &ec2.AllocateAddressInput{}).AllocationId
	ask := &ec2.CreateNatGatewayInput{SubnetId: &subnet, AllocationId: eip}
	state := func(id *string) types.NatGatewayState {
		return must(t, cl, describeNatGateways, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{*id}}).NatGateways[0].State
	}
	failed := must(t, cl, createNatGateway, ask).NatGateway.NatGatewayId
	clk.Advance(settling)
	if got := state(failed); got != "failed" {
		t.Errorf("without an internet gateway: %s", got)
	}
	igw := must(t, cl, createInternetGateway, &ec2.CreateInternetGatewayInput{}).InternetGateway.InternetGatewayId
	must(t, cl, attachInternetGateway, &ec2.AttachInternetGatewayInput{InternetGatewayId: igw, VpcId: &vpc})
	nat := must(t, cl, createNatGateway, ask).NatGateway
	if nat.State != "pending" || *nat.NatGatewayAddresses[0].AllocationId != *eip {
		t.Errorf("made: %+v", nat)
	}
	refuses(t, cl, createNatGateway, ask, "Resource.AlreadyAssociated")
	clk.Advance(settling)
	if got := state(nat.NatGatewayId); got != "available" {
		t.Errorf("state %s", got)
	}
	main := world.Derived("rtb", vpc)
	must(t, cl, createRoute, &ec2.CreateRouteInput{RouteTableId: &main, DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: nat.NatGatewayId})
	refuses(t, cl, detachInternetGateway, &ec2.DetachInternetGatewayInput{InternetGatewayId: igw, VpcId: &vpc}, "DependencyViolation")
	refuses(t, cl, releaseAddress, &ec2.ReleaseAddressInput{AllocationId: eip}, "InvalidIPAddress.InUse")
	refuses(t, cl, deleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &subnet}, "DependencyViolation")
	must(t, cl, deleteNatGateway, &ec2.DeleteNatGatewayInput{NatGatewayId: nat.NatGatewayId})
	if got := stateOfRoute(t, cl, main, "0.0.0.0/0"); got != types.RouteStateBlackhole {
		t.Errorf("the route without its target is %q", got)
	}
	clk.Advance(settling)
	if got := state(nat.NatGatewayId); got != "deleted" {
		t.Errorf("state %s", got)
	}
	must(t, cl, releaseAddress, &ec2.ReleaseAddressInput{AllocationId: eip})
	must(t, cl, detachInternetGateway, &ec2.DetachInternetGatewayInput{InternetGatewayId: igw, VpcId: &vpc})
	must(t, cl, deleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &subnet})
}

// TestInstances: an instance comes and goes on the clock, has an address of its
// subnet and is in the way of its subnet and groups (Amazon EC2 User Guide,
// ec2-instance-lifecycle.html).
func TestInstances(t *testing.T) {
	cl, clk := worldtest.New()
	vpc := makeVPC(t, cl, "10.0.0.0/16")
	subnet := makeSubnet(t, cl, vpc, "10.0.0.0/28")
	group := must(t, cl, createSecurityGroup, &ec2.CreateSecurityGroupInput{GroupName: aws.String("a"), Description: aws.String("a"), VpcId: &vpc}).GroupId
	found := must(t, cl, describeImages, &ec2.DescribeImagesInput{Owners: []string{"amazon"}, Filters: []types.Filter{
		{Name: aws.String("name"), Values: []string{"al2023-ami-2023*-x86_64"}}, {Name: aws.String("virtualization-type"), Values: []string{"hvm"}},
	}}).Images
	if len(found) != 1 {
		t.Fatalf("%d images", len(found))
	}
	ask := func(kind types.InstanceType, n int32) *ec2.RunInstancesInput {
		return &ec2.RunInstancesInput{ImageId: found[0].ImageId, InstanceType: kind, SubnetId: &subnet, SecurityGroupIds: []string{*group}, MinCount: aws.Int32(1), MaxCount: &n}
	}
	refuses(t, cl, runInstances, ask("t4g.micro", 1), "InvalidParameterValue") // another architecture
	refuses(t, cl, runInstances, ask("x9.mega", 1), "NotImplementedByTwin")
	refuses(t, cl, runInstances, &ec2.RunInstancesInput{ImageId: aws.String("ami-0aaaaaaaaaaaaaaaa"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)}, "InvalidAMIID.NotFound")
	refuses(t, cl, runInstances, ask("t3.micro", 12), "InsufficientFreeAddressesInSubnet") // 16 addresses, 5 reserved (subnet-sizing.html)
	made := must(t, cl, runInstances, ask("t3.micro", 11)).Instances
	var addresses, ids []string
	for _, i := range made {
		addresses, ids = append(addresses, *i.PrivateIpAddress), append(ids, *i.InstanceId)
	}
	slices.Sort(addresses)
	if n := len(slices.Compact(addresses)); n != 11 || made[0].State.Name != "pending" || made[0].MetadataOptions.HttpTokens != "required" {
		t.Errorf("%d addresses of 11 instances; %+v", n, made[0].State)
	}
	clk.Advance(settling)
	running := must(t, cl, describeInstances, &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"running"}}}}).Reservations
	if len(running) != 11 {
		t.Errorf("%d run", len(running))
	}
	if v := must(t, cl, describeVolumes, &ec2.DescribeVolumesInput{Filters: []types.Filter{{Name: aws.String("attachment.instance-id"), Values: ids[:1]}}}).Volumes; len(v) != 1 || v[0].VolumeType != "gp3" || *v[0].Iops != 3000 {
		t.Errorf("volumes %+v", v)
	}
	refuses(t, cl, modifyInstanceAttribute, &ec2.ModifyInstanceAttributeInput{InstanceId: &ids[0], InstanceType: &types.AttributeValue{Value: aws.String("t3.small")}}, "IncorrectInstanceState")
	must(t, cl, stopInstances, &ec2.StopInstancesInput{InstanceIds: ids[:1]})
	clk.Advance(settling)
	must(t, cl, modifyInstanceAttribute, &ec2.ModifyInstanceAttributeInput{InstanceId: &ids[0], InstanceType: &types.AttributeValue{Value: aws.String("t3.small")}})
	must(t, cl, startInstances, &ec2.StartInstancesInput{InstanceIds: ids[:1]})
	must(t, cl, modifyInstanceAttribute, &ec2.ModifyInstanceAttributeInput{InstanceId: &ids[0], DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
	refuses(t, cl, terminateInstances, &ec2.TerminateInstancesInput{InstanceIds: ids}, "OperationNotPermitted")
	must(t, cl, modifyInstanceAttribute, &ec2.ModifyInstanceAttributeInput{InstanceId: &ids[0], DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(false)}})
	refuses(t, cl, deleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: group}, "DependencyViolation")
	refuses(t, cl, deleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &subnet}, "DependencyViolation")
	if got := must(t, cl, terminateInstances, &ec2.TerminateInstancesInput{InstanceIds: ids}).TerminatingInstances[0]; got.CurrentState.Name != "shutting-down" {
		t.Errorf("state %+v", got)
	}
	clk.Advance(settling)
	if i := must(t, cl, describeInstances, &ec2.DescribeInstancesInput{InstanceIds: ids[:1]}).Reservations[0].Instances[0]; i.State.Name != "terminated" || *i.State.Code != 48 {
		t.Errorf("state %+v", i.State)
	}
	clk.Advance(parted)
	refuses(t, cl, describeInstances, &ec2.DescribeInstancesInput{InstanceIds: ids[:1]}, "InvalidInstanceID.NotFound")
	must(t, cl, deleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: group})
	must(t, cl, deleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &subnet})
}
