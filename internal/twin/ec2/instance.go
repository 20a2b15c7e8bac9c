package ec2

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// instanceTable holds the instances by owner, Region and identifier. They do
// nothing; they have an address and are in the way of what they use.
var instanceTable = world.Private[instance]{Name: "ec2.instances"}

type instance struct {
	ID, VPC, Subnet, Zone, Interface string
	Account                          estate.AccountID
	Region                           estate.Region
	Image, Root, Type, Arch, Key     string
	Private, Public                  netip.Addr // Public without an elastic IP, if there is one
	Groups                           []string
	Volumes                          []volume
	Goal                             string // running, stopped, terminated
	Made                             time.Time
	UserData                         string // base64

	Metadata                                         types.InstanceMetadataOptionsResponse
	Monitoring, KeepAlive, NoStop, Optimized, Direct bool // Direct: no source/destination check
	Shutdown, Credits                                string
	Tenancy                                          types.Tenancy
}

// volume is an EBS volume of an instance, which goes with it.
type volume struct {
	ID, Device, Snapshot string
	Kind                 types.VolumeType
	Size, IOPS, Rate     int32
	Encrypted            bool
}

func (i instance) arn() string {
	return "arn:aws:ec2:" + string(i.Region) + ":" + string(i.Account) + ":instance/" + i.ID
}

func (i instance) ended() bool { return i.Goal == "terminated" }

func instancesOf(c *world.Call) []instance {
	var out []instance
	instanceTable.Walk(c.State, place(c), func(_ string, i instance) bool {
		w, _ := wayTable.Get(c.State, i.ID)
		if !i.ended() || c.Now.Before(w.Since.Add(settling+parted)) {
			out = append(out, i)
		}
		return true
	})
	return out
}

func noInstance(id string) error {
	return notFound("InstanceID", "instance", "i", id)
}

func findInstance(c *world.Call, id string) (instance, error) {
	i, ok := instanceTable.Get(c.State, keyed(c, id))
	if !ok {
		return i, noInstance(id)
	}
	return i, nil
}

// instanceBehind finds a running or stopped instance of the caller's by its
// identifier or its network interface's.
func instanceBehind(c *world.Call, id string) (instance, bool) {
	all := instancesOf(c)
	i := slices.IndexFunc(all, func(i instance) bool { return id != "" && !i.ended() && (i.ID == id || i.Interface == id) })
	if i < 0 {
		return instance{}, false
	}
	return all[i], true
}

// specifiedFor are the tags that a request gives to one of the kinds of
// resources that it makes.
func specifiedFor(specs []types.TagSpecification, kinds ...types.ResourceType) (map[types.ResourceType]estate.Tags, error) {
	out := map[types.ResourceType]estate.Tags{}
	for _, s := range specs {
		if !slices.Contains(kinds, s.ResourceType) {
			return nil, fail("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", s.ResourceType)
		}
	}
	for _, kind := range kinds {
		of := slices.DeleteFunc(slices.Clone(specs), func(s types.TagSpecification) bool { return s.ResourceType != kind })
		tags, err := specified(of, kind)
		if err != nil {
			return nil, err
		}
		out[kind] = tags
	}
	return out, nil
}

// runInstances makes instances in a subnet (API_RunInstances), with one network
// interface each.
func runInstances(_ context.Context, c *world.Call, in *ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	tags, err := specifiedFor(in.TagSpecifications, types.ResourceTypeInstance, types.ResourceTypeVolume, types.ResourceTypeNetworkInterface)
	if denied := allow(c, nil, creating(c, "instance", tags[types.ResourceTypeInstance])...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	for name, given := range map[string]bool{
		"IamInstanceProfile": in.IamInstanceProfile != nil, "LaunchTemplate": in.LaunchTemplate != nil, "InstanceMarketOptions": in.InstanceMarketOptions != nil,
		"Ipv6AddressCount": aws.ToInt32(in.Ipv6AddressCount) > 0, "Ipv6Addresses": len(in.Ipv6Addresses) > 0, "SecurityGroups": len(in.SecurityGroups) > 0,
		"KeyName": in.KeyName != nil, "SecondaryInterfaces": len(in.SecondaryInterfaces) > 0, "LicenseSpecifications": len(in.LicenseSpecifications) > 0,
		"NetworkInterfaces": len(in.NetworkInterfaces) > 1,
	} {
		if given {
			return nil, c.Unsupported(name)
		}
	}
	if id, again := repeated(c, in.ClientToken); again {
		i, err := findInstance(c, id)
		return &ec2.RunInstancesOutput{
			Instances: []types.Instance{showInstance(c, i)}, OwnerId: aws.String(string(i.Account)), ReservationId: aws.String(world.Derived("r", i.ID)),
		}, err
	}
	image, err := findImage(c, aws.ToString(in.ImageId))
	if err != nil {
		return nil, err
	}
	kind, ok := instanceTypeOf(string(in.InstanceType))
	switch {
	case in.InstanceType == "" || !ok:
		return nil, c.Unsupported("InstanceType " + string(in.InstanceType))
	case string(kind.ProcessorInfo.SupportedArchitectures[0]) != string(image.Architecture):
		return nil, fail("InvalidParameterValue", "The architecture '%s' of the specified instance type does not match the architecture '%s' of the specified AMI.", kind.ProcessorInfo.SupportedArchitectures[0], image.Architecture)
	case aws.ToInt32(in.MinCount) < 1 || aws.ToInt32(in.MaxCount) < aws.ToInt32(in.MinCount):
		return nil, fail("InvalidParameterValue", "Value (%d) for parameter maxCount is invalid.", aws.ToInt32(in.MaxCount))
	}
	subnetID, groups, address, public := in.SubnetId, in.SecurityGroupIds, in.PrivateIpAddress, (*bool)(nil)
	for _, n := range in.NetworkInterfaces {
		if n.NetworkInterfaceId != nil || n.SecondaryPrivateIpAddressCount != nil || len(n.PrivateIpAddresses) > 0 || aws.ToInt32(n.Ipv6AddressCount) > 0 || len(n.Ipv6Addresses) > 0 {
			return nil, c.Unsupported("NetworkInterfaces")
		}
		subnetID, groups, address, public = n.SubnetId, n.Groups, n.PrivateIpAddress, n.AssociatePublicIpAddress
	}
	if subnetID == nil {
		v, _ := defaultVPC(c)
		for _, s := range subnetsOf(c, v.ID) {
			subnetID = &s.ID
			break
		}
		if subnetID == nil {
			return nil, fail("MissingInput", "No subnets found for the default VPC '%s'. Please specify a subnet.", v.ID)
		}
	}
	s, err := usable(c, subnetID)
	if err != nil {
		return nil, err
	}
	if len(groups) == 0 {
		v, _ := c.Estate().VPCs.Get(s.VPC)
		if v.Account != c.Account() {
			return nil, missing("SecurityGroupId") // the default group is the owner's
		}
		groups = []string{defaultGroup(c, v).ID}
	}
	for _, id := range groups {
		g, err := findGroup(c, id)
		if err != nil {
			return nil, err
		}
		if g.VPC != s.VPC {
			return nil, fail("InvalidParameter", "Security group %s and subnet %s belong to different networks.", g.ID, s.ID)
		}
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	more, _ := subnetTable.Get(c.State, s.ID)
	out := &ec2.RunInstancesOutput{OwnerId: aws.String(string(c.Account()))}
	for n := range *in.MaxCount {
		i := instance{
			ID: newID(c, "i"), VPC: s.VPC, Subnet: s.ID, Zone: s.Zone, Account: c.Account(), Region: c.Region, Image: *image.ImageId, Root: *image.RootDeviceName,
			Type: string(in.InstanceType), Arch: string(image.Architecture), Groups: groups, Goal: "running", Made: c.Now, UserData: aws.ToString(in.UserData),
			Monitoring: in.Monitoring != nil && aws.ToBool(in.Monitoring.Enabled), KeepAlive: aws.ToBool(in.DisableApiTermination), NoStop: aws.ToBool(in.DisableApiStop),
			Optimized: aws.ToBool(in.EbsOptimized), Shutdown: cmp.Or(string(in.InstanceInitiatedShutdownBehavior), "stop"), Credits: "standard", Tenancy: types.TenancyDefault,
		}
		if in.Placement != nil && in.Placement.Tenancy != "" {
			i.Tenancy = in.Placement.Tenancy
		}
		if !strings.HasPrefix(i.Type, "t2") {
			i.Credits = "unlimited" // the default from T3 on (burstable-performance-instances-unlimited-mode.html)
		}
		if in.CreditSpecification != nil {
			i.Credits = aws.ToString(in.CreditSpecification.CpuCredits)
		}
		i.Interface = world.Derived("eni", i.ID)
		if i.Private, err = freeAddress(c, s, i.ID, address); err != nil {
			return nil, err
		}
		if public != nil && *public || public == nil && more.publicIP {
			i.Public = world.Addresses(i.ID, 1, false)[0]
		}
		i.Metadata = metadata(in.MetadataOptions, image)
		i.Volumes = volumes(i, image, in.BlockDeviceMappings)
		instanceTable.Put(c.State, keyed(c, i.ID), i)
		tagTable.Put(c.State, i.ID, tags[types.ResourceTypeInstance])
		for _, v := range i.Volumes {
			tagTable.Put(c.State, v.ID, tags[types.ResourceTypeVolume])
		}
		c.State.Use(subnetARN(s), i.arn())
		for _, g := range groups {
			c.State.Use(arn(c, "security-group", g), i.arn())
		}
		setOut(c, i.ID, "pending")
		if n == 0 {
			remember(c, in.ClientToken, i.ID)
			out.ReservationId = aws.String(world.Derived("r", i.ID))
		}
		out.Instances = append(out.Instances, showInstance(c, i))
	}
	return out, nil
}

// metadata are the options of the instance metadata service with AWS's defaults,
// which the image has a say in (configuring-instance-metadata-options.html).
func metadata(o *types.InstanceMetadataOptionsRequest, image types.Image) types.InstanceMetadataOptionsResponse {
	out := types.InstanceMetadataOptionsResponse{
		State: types.InstanceMetadataOptionsStateApplied, HttpEndpoint: types.InstanceMetadataEndpointStateEnabled, HttpTokens: types.HttpTokensStateOptional,
		HttpPutResponseHopLimit: aws.Int32(1), HttpProtocolIpv6: types.InstanceMetadataProtocolStateDisabled, InstanceMetadataTags: types.InstanceMetadataTagsStateDisabled,
	}
	if image.ImdsSupport == types.ImdsSupportValuesV20 {
		out.HttpTokens, out.HttpPutResponseHopLimit = types.HttpTokensStateRequired, aws.Int32(2)
	}
	if o != nil {
		out.HttpEndpoint, out.HttpTokens = cmp.Or(o.HttpEndpoint, out.HttpEndpoint), cmp.Or(o.HttpTokens, out.HttpTokens)
		out.HttpProtocolIpv6, out.InstanceMetadataTags = cmp.Or(o.HttpProtocolIpv6, out.HttpProtocolIpv6), cmp.Or(o.InstanceMetadataTags, out.InstanceMetadataTags)
		if o.HttpPutResponseHopLimit != nil {
			out.HttpPutResponseHopLimit = o.HttpPutResponseHopLimit
		}
	}
	return out
}

// volumes are the volumes of an instance: its image's, as the request changes
// them, and those that the request adds.
func volumes(i instance, image types.Image, asked []types.BlockDeviceMapping) []volume {
	var out []volume
	for _, m := range slices.Concat(image.BlockDeviceMappings, asked) {
		if m.Ebs == nil || m.DeviceName == nil {
			continue
		}
		at := slices.IndexFunc(out, func(v volume) bool { return v.Device == *m.DeviceName })
		if at < 0 {
			at = len(out)
			out = append(out, volume{ID: world.Derived("vol", i.ID+*m.DeviceName), Device: *m.DeviceName, Kind: types.VolumeTypeGp2, Size: 8})
		}
		v := &out[at]
		v.Kind, v.Size = cmp.Or(m.Ebs.VolumeType, v.Kind), cmp.Or(aws.ToInt32(m.Ebs.VolumeSize), v.Size)
		v.Snapshot, v.Encrypted = cmp.Or(aws.ToString(m.Ebs.SnapshotId), v.Snapshot), aws.ToBool(m.Ebs.Encrypted) || v.Encrypted
		v.IOPS, v.Rate = aws.ToInt32(m.Ebs.Iops), aws.ToInt32(m.Ebs.Throughput)
		switch v.Kind {
		case types.VolumeTypeGp3: // general-purpose.html
			v.IOPS, v.Rate = cmp.Or(v.IOPS, 3000), cmp.Or(v.Rate, 125)
		case types.VolumeTypeGp2:
			v.IOPS = max(100, 3*v.Size)
		}
	}
	return out
}

// codes are the numbers of the states (EC2 API, InstanceState).
var codes = map[string]int32{"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}

func stateOf(c *world.Call, i instance) *types.InstanceState {
	name := under(c, i.ID, i.Goal)
	return &types.InstanceState{Code: aws.Int32(codes[name]), Name: types.InstanceStateName(name)}
}

// allowInstances finds instances and asks for the permission to do the operation
// on each.
func allowInstances(c *world.Call, ids []string, dryRun *bool) ([]instance, error) {
	var out []instance
	for _, id := range ids {
		if err := allow(c, nil, on(c, "instance", id, tagsOf(c, id))); err != nil {
			return nil, err
		}
		i, err := findInstance(c, id)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	if len(ids) == 0 {
		if err := allow(c, nil, on(c, "instance", "*", nil)); err != nil {
			return nil, err
		}
		return nil, missing("InstanceId")
	}
	return out, allow(c, dryRun)
}

// turn leads instances to a state; those that are there or ended stay.
func turn(c *world.Call, all []instance, through, goal string) []types.InstanceStateChange {
	var out []types.InstanceStateChange
	for _, i := range all {
		change := types.InstanceStateChange{InstanceId: aws.String(i.ID), PreviousState: stateOf(c, i)}
		if i.Goal != goal && !i.ended() {
			i.Goal = goal
			instanceTable.Put(c.State, keyed(c, i.ID), i)
			setOut(c, i.ID, through)
		}
		change.CurrentState = stateOf(c, i)
		out = append(out, change)
	}
	return out
}

func terminateInstances(_ context.Context, c *world.Call, in *ec2.TerminateInstancesInput) (*ec2.TerminateInstancesOutput, error) {
	all, err := allowInstances(c, in.InstanceIds, in.DryRun)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.KeepAlive {
			return nil, fail("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", i.ID)
		}
	}
	out := &ec2.TerminateInstancesOutput{TerminatingInstances: turn(c, all, "shutting-down", "terminated")}
	for _, i := range all {
		if s, ok := c.Estate().Subnets.Get(i.Subnet); ok {
			c.State.Unuse(subnetARN(s), i.arn())
		}
		for _, g := range i.Groups {
			c.State.Unuse(arn(c, "security-group", g), i.arn())
		}
		freeInterface(c, i.Interface)
		retarget(c, i.VPC, i.Interface, estate.RouteBlackhole)
	}
	return out, nil
}

func stopInstances(_ context.Context, c *world.Call, in *ec2.StopInstancesInput) (*ec2.StopInstancesOutput, error) {
	all, err := allowInstances(c, in.InstanceIds, in.DryRun)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		switch {
		case i.NoStop:
			return nil, fail("OperationNotPermitted", "The instance '%s' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.", i.ID)
		case i.ended() || stateOf(c, i).Name == types.InstanceStateNamePending:
			return nil, fail("IncorrectInstanceState", "This instance '%s' is not in a state from which it can be stopped.", i.ID)
		}
	}
	return &ec2.StopInstancesOutput{StoppingInstances: turn(c, all, "stopping", "stopped")}, nil
}

func startInstances(_ context.Context, c *world.Call, in *ec2.StartInstancesInput) (*ec2.StartInstancesOutput, error) {
	all, err := allowInstances(c, in.InstanceIds, in.DryRun)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.ended() || stateOf(c, i).Name == types.InstanceStateNameStopping {
			return nil, fail("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be started.", i.ID)
		}
	}
	return &ec2.StartInstancesOutput{StartingInstances: turn(c, all, "pending", "running")}, nil
}

func monitor(c *world.Call, ids []string, dryRun *bool, to bool) ([]types.InstanceMonitoring, error) {
	all, err := allowInstances(c, ids, dryRun)
	var out []types.InstanceMonitoring
	for _, i := range all {
		i.Monitoring = to
		instanceTable.Put(c.State, keyed(c, i.ID), i)
		out = append(out, types.InstanceMonitoring{InstanceId: aws.String(i.ID), Monitoring: &types.Monitoring{State: monitoring(i)}})
	}
	return out, err
}

func monitoring(i instance) types.MonitoringState {
	if i.Monitoring {
		return types.MonitoringStateEnabled
	}
	return types.MonitoringStateDisabled
}

func monitorInstances(_ context.Context, c *world.Call, in *ec2.MonitorInstancesInput) (*ec2.MonitorInstancesOutput, error) {
	out, err := monitor(c, in.InstanceIds, in.DryRun, true)
	return &ec2.MonitorInstancesOutput{InstanceMonitorings: out}, err
}

func unmonitorInstances(_ context.Context, c *world.Call, in *ec2.UnmonitorInstancesInput) (*ec2.UnmonitorInstancesOutput, error) {
	out, err := monitor(c, in.InstanceIds, in.DryRun, false)
	return &ec2.UnmonitorInstancesOutput{InstanceMonitorings: out}, err
}

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

// modifyInstanceAttribute changes one attribute; the type only of a stopped
// instance (API_ModifyInstanceAttribute).
func modifyInstanceAttribute(_ context.Context, c *world.Call, in *ec2.ModifyInstanceAttributeInput) (*ec2.ModifyInstanceAttributeOutput, error) {
	id := aws.ToString(in.InstanceId)
	if err := allow(c, nil, on(c, "instance", id, tagsOf(c, id))); err != nil {
		return nil, err
	}
	i, err := findInstance(c, id)
	if err != nil {
		return nil, err
	}
	switch {
	case in.DisableApiTermination != nil:
		i.KeepAlive = aws.ToBool(in.DisableApiTermination.Value)
	case in.DisableApiStop != nil:
		i.NoStop = aws.ToBool(in.DisableApiStop.Value)
	case in.SourceDestCheck != nil:
		i.Direct = !aws.ToBool(in.SourceDestCheck.Value)
	case in.InstanceInitiatedShutdownBehavior != nil:
		i.Shutdown = aws.ToString(in.InstanceInitiatedShutdownBehavior.Value)
	case len(in.Groups) > 0:
		for _, id := range in.Groups {
			if g, err := findGroup(c, id); err != nil || g.VPC != i.VPC {
				return nil, noGroup(id)
			}
		}
		for _, g := range i.Groups {
			c.State.Unuse(arn(c, "security-group", g), i.arn())
		}
		for _, g := range in.Groups {
			c.State.Use(arn(c, "security-group", g), i.arn())
		}
		i.Groups = in.Groups
	case in.InstanceType != nil || in.EbsOptimized != nil || in.UserData != nil:
		if stateOf(c, i).Name != types.InstanceStateNameStopped {
			return nil, fail("IncorrectInstanceState", "The instance '%s' is not in the 'stopped' state.", i.ID)
		}
		if in.InstanceType != nil {
			kind, ok := instanceTypeOf(aws.ToString(in.InstanceType.Value))
			if !ok || string(kind.ProcessorInfo.SupportedArchitectures[0]) != i.Arch {
				return nil, c.Unsupported("InstanceType " + aws.ToString(in.InstanceType.Value))
			}
			i.Type = string(kind.InstanceType)
		}
		if in.EbsOptimized != nil {
			i.Optimized = aws.ToBool(in.EbsOptimized.Value)
		}
		if in.UserData != nil {
			i.UserData = string(in.UserData.Value)
		}
	default:
		return nil, c.Unsupported("Attribute " + string(in.Attribute))
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	instanceTable.Put(c.State, keyed(c, i.ID), i)
	return &ec2.ModifyInstanceAttributeOutput{}, nil
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

// owned is a volume with the instance that has it.
type owned struct {
	volume
	of instance
}

// volumesOf are the volumes of the caller's instances, by identifier.
func volumesOf(c *world.Call) []owned {
	var out []owned
	for _, i := range instancesOf(c) {
		for _, v := range i.Volumes {
			if !i.ended() {
				out = append(out, owned{v, i})
			}
		}
	}
	slices.SortFunc(out, func(a, b owned) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func noVolume(id string) error { return notFound("Volume", "volume", "vol", id) }

func describeVolumes(_ context.Context, c *world.Call, in *ec2.DescribeVolumesInput) (*ec2.DescribeVolumesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	page, next, err := choose(selection{"volumeIds", in.VolumeIds, in.Filters, in.MaxResults, in.NextToken}, volumesOf(c),
		func(v owned) string { return v.ID }, func(v owned) attributes {
			return attributes{
				"attachment.device": {v.Device}, "attachment.instance-id": {v.of.ID}, "attachment.status": {"attached"}, "attachment.delete-on-termination": yes(true),
				"availability-zone": {v.of.Zone}, "encrypted": yes(v.Encrypted), "size": {itoa(v.Size)}, "status": {"in-use"}, "volume-id": {v.ID},
				"volume-type": {string(v.Kind)}, "snapshot-id": {v.Snapshot},
			}.tagged(tagsOf(c, v.ID))
		}, noVolume)
	out := &ec2.DescribeVolumesOutput{NextToken: next}
	for _, v := range page {
		shown := types.Volume{
			VolumeId: aws.String(v.ID), AvailabilityZone: aws.String(v.of.Zone), CreateTime: aws.Time(v.of.Made), Encrypted: aws.Bool(v.Encrypted), Size: aws.Int32(v.Size),
			SnapshotId: aws.String(v.Snapshot), State: types.VolumeStateInUse, VolumeType: v.Kind, MultiAttachEnabled: aws.Bool(false), Tags: list(tagsOf(c, v.ID)),
			Attachments: []types.VolumeAttachment{{
				AttachTime: aws.Time(v.of.Made), DeleteOnTermination: aws.Bool(true), Device: aws.String(v.Device), InstanceId: aws.String(v.of.ID),
				State: types.VolumeAttachmentStateAttached, VolumeId: aws.String(v.ID),
			}},
		}
		if v.IOPS > 0 {
			shown.Iops = aws.Int32(v.IOPS)
		}
		if v.Rate > 0 {
			shown.Throughput = aws.Int32(v.Rate)
		}
		out.Volumes = append(out.Volumes, shown)
	}
	return out, err
}
