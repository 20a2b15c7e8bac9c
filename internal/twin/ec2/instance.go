package ec2

import (
	"cmp"
	"context"
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
