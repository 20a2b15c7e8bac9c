package ec2

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/twin/world"
)

func describeInstances(_ context.Context, c *world.Call, in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"InstanceIds", in.InstanceIds, in.Filters, in.MaxResults, in.NextToken}, instancesOf(c),
		func(i instance) string { return i.ID }, func(i instance) attributes { return instanceAttributes(c, i) }, noInstance)
	out := &ec2.DescribeInstancesOutput{NextToken: next}
	for _, i := range page {
		out.Reservations = append(out.Reservations, types.Reservation{
			OwnerId: aws.String(string(i.Account)), ReservationId: aws.String(world.Derived("r", i.ID)), Instances: []types.Instance{showInstance(c, i)},
		})
	}
	return out, err
}

// instanceAttributes are the filters of API_DescribeInstances, as far as clients
// use them.
func instanceAttributes(c *world.Call, i instance) attributes {
	s := stateOf(c, i)
	return attributes{
		"architecture": {i.Arch}, "availability-zone": {i.Zone}, "image-id": {i.Image}, "instance-id": {i.ID}, "instance-state-code": {itoa(*s.Code)},
		"instance-state-name": {string(s.Name)}, "instance-type": {i.Type}, "instance.group-id": i.Groups, "owner-id": {string(i.Account)},
		"network-interface.network-interface-id": {i.Interface}, "network-interface.group-id": i.Groups, "network-interface.subnet-id": {i.Subnet},
		"network-interface.vpc-id": {i.VPC}, "private-ip-address": {i.Private.String()}, "private-dns-name": {privateName(i)}, "subnet-id": {i.Subnet},
		"vpc-id": {i.VPC}, "tenancy": {string(i.Tenancy)}, "root-device-name": {i.Root}, "root-device-type": {"ebs"}, "monitoring-state": {string(monitoring(i))},
	}.tagged(tagsOf(c, i.ID))
}

// privateName is the IP-based name (Amazon EC2 User Guide,
// ec2-instance-naming.html).
func privateName(i instance) string {
	domain := string(i.Region) + ".compute.internal"
	if i.Region == "us-east-1" {
		domain = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(i.Private.String(), ".", "-") + "." + domain
}

func publicName(c *world.Call, i instance, a netip.Addr) string {
	if v, _ := c.Estate().VPCs.Get(i.VPC); !v.DNSHostnames || !a.IsValid() {
		return ""
	}
	domain := string(i.Region) + ".compute.amazonaws.com"
	if i.Region == "us-east-1" {
		domain = "compute-1.amazonaws.com"
	}
	return "ec2-" + strings.ReplaceAll(a.String(), ".", "-") + "." + domain
}

func groupNames(c *world.Call, i instance) []types.GroupIdentifier {
	var out []types.GroupIdentifier
	for _, id := range i.Groups {
		g, _ := findGroup(c, id)
		out = append(out, types.GroupIdentifier{GroupId: aws.String(id), GroupName: aws.String(g.Name)})
	}
	return out
}

func showInstance(c *world.Call, i instance) types.Instance {
	state := stateOf(c, i)
	kind, _ := instanceTypeOf(i.Type)
	out := types.Instance{
		InstanceId: aws.String(i.ID), ImageId: aws.String(i.Image), InstanceType: types.InstanceType(i.Type), Architecture: types.ArchitectureValues(i.Arch), State: state,
		AmiLaunchIndex: aws.Int32(0), LaunchTime: aws.Time(i.Made), EbsOptimized: aws.Bool(i.Optimized), EnaSupport: aws.Bool(true), Hypervisor: types.HypervisorTypeXen,
		VirtualizationType: types.VirtualizationTypeHvm, RootDeviceName: aws.String(i.Root), RootDeviceType: types.DeviceTypeEbs, PlatformDetails: aws.String("Linux/UNIX"),
		Placement:  &types.Placement{AvailabilityZone: aws.String(i.Zone), Tenancy: i.Tenancy, GroupName: aws.String("")},
		Monitoring: &types.Monitoring{State: monitoring(i)}, Tags: list(tagsOf(c, i.ID)),
		HibernationOptions: &types.HibernationOptions{Configured: aws.Bool(false)}, EnclaveOptions: &types.EnclaveOptions{Enabled: aws.Bool(false)},
		MaintenanceOptions:               &types.InstanceMaintenanceOptions{AutoRecovery: types.InstanceAutoRecoveryStateDefault, RebootMigration: types.InstanceRebootMigrationStateDefault},
		CapacityReservationSpecification: &types.CapacityReservationSpecificationResponse{CapacityReservationPreference: types.CapacityReservationPreferenceOpen},
		MetadataOptions:                  &i.Metadata, UsageOperation: aws.String("RunInstances"), UsageOperationUpdateTime: aws.Time(i.Made),
		PrivateDnsName: aws.String(""), PublicDnsName: aws.String(""), StateTransitionReason: aws.String(""),
	}
	if kind.VCpuInfo != nil {
		out.CpuOptions = &types.CpuOptions{CoreCount: kind.VCpuInfo.DefaultCores, ThreadsPerCore: kind.VCpuInfo.DefaultThreadsPerCore}
	}
	if i.ended() {
		out.StateReason = &types.StateReason{Code: aws.String("Client.UserInitiatedShutdown"), Message: aws.String("Client.UserInitiatedShutdown: User initiated shutdown")}
		return out // what it had is given back
	}
	more, _ := subnetTable.Get(c.State, i.Subnet)
	public, held := i.Public, false
	if i.Goal == "stopped" {
		public = netip.Addr{}
	}
	for _, a := range addressesOf(c) {
		if a.Interface == i.Interface {
			public, held = a.IP, true
		}
	}
	private, name := aws.String(i.Private.String()), aws.String(privateName(i))
	out.VpcId, out.SubnetId, out.PrivateIpAddress, out.PrivateDnsName = aws.String(i.VPC), aws.String(i.Subnet), private, name
	out.SecurityGroups, out.SourceDestCheck = groupNames(c, i), aws.Bool(!i.Direct)
	out.PrivateDnsNameOptions = &types.PrivateDnsNameOptionsResponse{
		HostnameType: cmp.Or(more.hostname, types.HostnameTypeIpName), EnableResourceNameDnsARecord: aws.Bool(more.a), EnableResourceNameDnsAAAARecord: aws.Bool(more.aaaa),
	}
	mac := sha256.Sum256([]byte(i.Interface))
	nic := types.InstanceNetworkInterface{
		NetworkInterfaceId: aws.String(i.Interface), OwnerId: aws.String(string(i.Account)), VpcId: out.VpcId, SubnetId: out.SubnetId, Groups: out.SecurityGroups,
		PrivateIpAddress: private, PrivateDnsName: name, SourceDestCheck: out.SourceDestCheck, Status: types.NetworkInterfaceStatusInUse, InterfaceType: aws.String("interface"),
		MacAddress: aws.String(fmt.Sprintf("02:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4])), Description: aws.String(""),
		Attachment: &types.InstanceNetworkInterfaceAttachment{
			AttachmentId: aws.String(world.Derived("eni-attach", i.ID)), AttachTime: aws.Time(i.Made), DeleteOnTermination: aws.Bool(true), DeviceIndex: aws.Int32(0),
			NetworkCardIndex: aws.Int32(0), Status: types.AttachmentStatusAttached,
		},
	}
	at := types.InstancePrivateIpAddress{Primary: aws.Bool(true), PrivateIpAddress: private, PrivateDnsName: name}
	if public.IsValid() {
		out.PublicIpAddress, out.PublicDnsName = aws.String(public.String()), aws.String(publicName(c, i, public))
		owner := "amazon"
		if held {
			owner = string(i.Account)
		}
		nic.Association = &types.InstanceNetworkInterfaceAssociation{IpOwnerId: aws.String(owner), PublicIp: out.PublicIpAddress, PublicDnsName: out.PublicDnsName}
		at.Association = nic.Association
	}
	nic.PrivateIpAddresses = []types.InstancePrivateIpAddress{at}
	out.NetworkInterfaces = []types.InstanceNetworkInterface{nic}
	for _, v := range i.Volumes {
		out.BlockDeviceMappings = append(out.BlockDeviceMappings, types.InstanceBlockDeviceMapping{DeviceName: aws.String(v.Device), Ebs: &types.EbsInstanceBlockDevice{
			VolumeId: aws.String(v.ID), AttachTime: aws.Time(i.Made), DeleteOnTermination: aws.Bool(true), Status: types.AttachmentStatusAttached,
		}})
	}
	return out
}

// describeInstanceAttribute gives one attribute (API_DescribeInstanceAttribute).
func describeInstanceAttribute(_ context.Context, c *world.Call, in *ec2.DescribeInstanceAttributeInput) (*ec2.DescribeInstanceAttributeOutput, error) {
	id := aws.ToString(in.InstanceId)
	if err := allow(c, nil, on(c, "instance", id, tagsOf(c, id))); err != nil {
		return nil, err
	}
	i, err := findInstance(c, id)
	if err != nil {
		return nil, err
	}
	value := func(s string) *types.AttributeValue { return &types.AttributeValue{Value: word(s)} }
	is := func(b bool) *types.AttributeBooleanValue { return &types.AttributeBooleanValue{Value: aws.Bool(b)} }
	out := &ec2.DescribeInstanceAttributeOutput{InstanceId: in.InstanceId}
	switch in.Attribute {
	case types.InstanceAttributeNameDisableApiTermination:
		out.DisableApiTermination = is(i.KeepAlive)
	case types.InstanceAttributeNameDisableApiStop:
		out.DisableApiStop = is(i.NoStop)
	case types.InstanceAttributeNameInstanceInitiatedShutdownBehavior:
		out.InstanceInitiatedShutdownBehavior = value(i.Shutdown)
	case types.InstanceAttributeNameUserData:
		out.UserData = value(i.UserData)
	case types.InstanceAttributeNameInstanceType:
		out.InstanceType = value(i.Type)
	case types.InstanceAttributeNameSourceDestCheck:
		out.SourceDestCheck = is(!i.Direct)
	case types.InstanceAttributeNameEbsOptimized:
		out.EbsOptimized = is(i.Optimized)
	case types.InstanceAttributeNameRootDeviceName:
		out.RootDeviceName = value(i.Root)
	case types.InstanceAttributeNameGroupSet:
		out.Groups = groupNames(c, i)
	case types.InstanceAttributeNameEnaSupport:
		out.EnaSupport = is(true)
	case "":
		return nil, missing("attribute")
	default:
		return nil, c.Unsupported("Attribute " + string(in.Attribute))
	}
	return out, allow(c, in.DryRun)
}

func describeInstanceCreditSpecifications(_ context.Context, c *world.Call, in *ec2.DescribeInstanceCreditSpecificationsInput) (*ec2.DescribeInstanceCreditSpecificationsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(instancesOf(c), func(i instance) bool { return !strings.HasPrefix(i.Type, "t") || i.ended() })
	page, next, err := choose(selection{"InstanceIds", in.InstanceIds, in.Filters, in.MaxResults, in.NextToken}, all,
		func(i instance) string { return i.ID }, func(i instance) attributes { return attributes{"instance-id": {i.ID}} }, noInstance)
	out := &ec2.DescribeInstanceCreditSpecificationsOutput{NextToken: next}
	for _, i := range page {
		out.InstanceCreditSpecifications = append(out.InstanceCreditSpecifications, types.InstanceCreditSpecification{InstanceId: aws.String(i.ID), CpuCredits: aws.String(i.Credits)})
	}
	return out, err
}

// describeInstanceStatus tells of running instances, or of all
// (API_DescribeInstanceStatus); all are well.
func describeInstanceStatus(_ context.Context, c *world.Call, in *ec2.DescribeInstanceStatusInput) (*ec2.DescribeInstanceStatusOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(instancesOf(c), func(i instance) bool {
		return !aws.ToBool(in.IncludeAllInstances) && stateOf(c, i).Name != types.InstanceStateNameRunning && !slices.Contains(in.InstanceIds, i.ID)
	})
	page, next, err := choose(selection{"InstanceIds", in.InstanceIds, in.Filters, in.MaxResults, in.NextToken}, all,
		func(i instance) string { return i.ID }, func(i instance) attributes {
			s := stateOf(c, i)
			return attributes{"availability-zone": {i.Zone}, "instance-state-code": {itoa(*s.Code)}, "instance-state-name": {string(s.Name)}}
		}, noInstance)
	out := &ec2.DescribeInstanceStatusOutput{NextToken: next}
	for _, i := range page {
		status := &types.InstanceStatusSummary{Status: types.SummaryStatusOk}
		state := stateOf(c, i)
		switch {
		case state.Name == types.InstanceStateNameRunning:
		case !aws.ToBool(in.IncludeAllInstances):
			continue
		default:
			status = &types.InstanceStatusSummary{Status: types.SummaryStatusNotApplicable}
		}
		out.InstanceStatuses = append(out.InstanceStatuses, types.InstanceStatus{
			InstanceId: aws.String(i.ID), AvailabilityZone: aws.String(i.Zone), InstanceState: state, InstanceStatus: status, SystemStatus: status,
		})
	}
	return out, err
}
