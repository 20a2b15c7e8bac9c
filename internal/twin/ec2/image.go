package ec2

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// amazonImages are the images that there are, of Amazon Linux (Amazon Linux
// 2023 User Guide, ec2.html; Amazon Linux 2 release notes). All are owned by
// amazon; versions are examples.
var amazonImages = []struct{ name, description, arch, device, made string }{
	{"al2023-ami-2023.6.20250303.0-kernel-6.1-arm64", "Amazon Linux 2023 AMI 2023.6.20250303.0 arm64 HVM kernel-6.1", "arm64", "/dev/xvda", "2025-03-01T01:15:26.000Z"},
	{"al2023-ami-2023.6.20250303.0-kernel-6.1-x86_64", "Amazon Linux 2023 AMI 2023.6.20250303.0 x86_64 HVM kernel-6.1", "x86_64", "/dev/xvda", "2025-03-01T01:15:25.000Z"},
	{"al2023-ami-minimal-2023.6.20250303.0-kernel-6.1-x86_64", "Amazon Linux 2023 AMI 2023.6.20250303.0 x86_64 Minimal HVM kernel-6.1", "x86_64", "/dev/xvda", "2025-03-01T01:15:24.000Z"},
	{"amzn2-ami-hvm-2.0.20250305.0-arm64-gp2", "Amazon Linux 2 LTS Arm64 AMI 2.0.20250305.0 arm64 HVM gp2", "arm64", "/dev/xvda", "2025-03-06T20:55:26.000Z"},
	{"amzn2-ami-hvm-2.0.20250305.0-x86_64-gp2", "Amazon Linux 2 AMI 2.0.20250305.0 x86_64 HVM gp2", "x86_64", "/dev/xvda", "2025-03-06T20:55:25.000Z"},
	{"amzn2-ami-kernel-5.10-hvm-2.0.20250305.0-x86_64-gp2", "Amazon Linux 2 Kernel 5.10 AMI 2.0.20250305.0 x86_64 HVM gp2", "x86_64", "/dev/xvda", "2025-03-06T20:55:24.000Z"},
}

// amazonOwner is the account behind "amazon".
const amazonOwner = "137112412989"

// images are the images of the Region, by identifier.
func images(c *world.Call) []types.Image {
	var out []types.Image
	for _, i := range amazonImages {
		id := world.Derived("ami", string(c.Region)+"/"+i.name)
		volume := types.VolumeTypeGp3
		if strings.HasSuffix(i.name, "gp2") {
			volume = types.VolumeTypeGp2
		}
		image := types.Image{
			ImageId: aws.String(id), Name: aws.String(i.name), Description: aws.String(i.description), Architecture: types.ArchitectureValues(i.arch),
			CreationDate: aws.String(i.made), ImageLocation: aws.String("amazon/" + i.name), ImageOwnerAlias: aws.String("amazon"), OwnerId: aws.String(amazonOwner),
			ImageType: types.ImageTypeValuesMachine, Public: aws.Bool(true), State: types.ImageStateAvailable, EnaSupport: aws.Bool(true),
			Hypervisor: types.HypervisorTypeXen, PlatformDetails: aws.String("Linux/UNIX"), UsageOperation: aws.String("RunInstances"),
			RootDeviceName: aws.String(i.device), RootDeviceType: types.DeviceTypeEbs, VirtualizationType: types.VirtualizationTypeHvm, SriovNetSupport: aws.String("simple"),
			BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String(i.device), Ebs: &types.EbsBlockDevice{
				DeleteOnTermination: aws.Bool(true), SnapshotId: aws.String(world.Derived("snap", id)), VolumeSize: aws.Int32(8), VolumeType: volume, Encrypted: aws.Bool(false),
			}}},
		}
		if strings.HasPrefix(i.name, "al2023") {
			image.BootMode, image.ImdsSupport = types.BootModeValuesUefiPreferred, types.ImdsSupportValuesV20
		}
		out = append(out, image)
	}
	slices.SortFunc(out, func(a, b types.Image) int { return cmp.Compare(*a.ImageId, *b.ImageId) })
	return out
}

func noImage(id string) error {
	if !strings.HasPrefix(id, "ami-") {
		return fail("InvalidAMIID.Malformed", "Invalid id: %q (expecting \"ami-...\")", id)
	}
	return fail("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
}

func findImage(c *world.Call, id string) (types.Image, error) {
	for _, i := range images(c) {
		if *i.ImageId == id {
			return i, nil
		}
	}
	return types.Image{}, noImage(id)
}

func describeImages(_ context.Context, c *world.Call, in *ec2.DescribeImagesInput) (*ec2.DescribeImagesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(images(c), func(types.Image) bool {
		owned := len(in.Owners) == 0 || slices.Contains(in.Owners, "amazon") || slices.Contains(in.Owners, amazonOwner)
		users := len(in.ExecutableUsers) == 0 || slices.Contains(in.ExecutableUsers, "all")
		return !owned || !users
	})
	page, next, err := choose(selection{"imageIds", in.ImageIds, in.Filters, in.MaxResults, in.NextToken}, all,
		func(i types.Image) string { return aws.ToString(i.ImageId) }, imageAttributes, noImage)
	return &ec2.DescribeImagesOutput{Images: page, NextToken: next}, err
}

// imageAttributes are filters of API_DescribeImages.
func imageAttributes(i types.Image) attributes {
	a := attributes{
		"architecture": {string(i.Architecture)}, "creation-date": {aws.ToString(i.CreationDate)}, "description": {aws.ToString(i.Description)},
		"ena-support": yes(aws.ToBool(i.EnaSupport)), "hypervisor": {string(i.Hypervisor)}, "image-id": {aws.ToString(i.ImageId)},
		"image-type": {string(i.ImageType)}, "is-public": yes(aws.ToBool(i.Public)), "name": {aws.ToString(i.Name)}, "owner-alias": {aws.ToString(i.ImageOwnerAlias)},
		"owner-id": {aws.ToString(i.OwnerId)}, "platform": nil, "root-device-name": {aws.ToString(i.RootDeviceName)}, "root-device-type": {string(i.RootDeviceType)},
		"state": {string(i.State)}, "virtualization-type": {string(i.VirtualizationType)}, "block-device-mapping.volume-type": nil,
		"block-device-mapping.delete-on-termination": nil, "block-device-mapping.device-name": nil, "block-device-mapping.encrypted": nil,
		"block-device-mapping.snapshot-id": nil, "block-device-mapping.volume-size": nil,
	}
	for _, b := range i.BlockDeviceMappings {
		a["block-device-mapping.volume-type"], a["block-device-mapping.device-name"] = []string{string(b.Ebs.VolumeType)}, []string{*b.DeviceName}
		a["block-device-mapping.delete-on-termination"], a["block-device-mapping.encrypted"] = yes(*b.Ebs.DeleteOnTermination), yes(*b.Ebs.Encrypted)
		a["block-device-mapping.snapshot-id"], a["block-device-mapping.volume-size"] = []string{*b.Ebs.SnapshotId}, []string{itoa(*b.Ebs.VolumeSize)}
	}
	return a.tagged(unlist(i.Tags))
}

// instanceFamilies and instanceSizes are the types of instances that there are
// (Amazon EC2 User Guide, instance-types.html).
var (
	instanceFamilies = map[string]struct{ arch, hypervisor string }{
		"t2": {"x86_64", "xen"}, "t3": {"x86_64", "nitro"}, "t3a": {"x86_64", "nitro"}, "t4g": {"arm64", "nitro"},
		"m5": {"x86_64", "nitro"}, "m6i": {"x86_64", "nitro"}, "m6g": {"arm64", "nitro"}, "m7i": {"x86_64", "nitro"}, "m7g": {"arm64", "nitro"},
		"c5": {"x86_64", "nitro"}, "c6i": {"x86_64", "nitro"}, "c6g": {"arm64", "nitro"}, "c7i": {"x86_64", "nitro"}, "c7g": {"arm64", "nitro"},
	}
	instanceSizes = map[string]struct {
		cpus       int32
		memory     int64 // MiB, of the families t and m; c has half
		burstsOnly bool
	}{
		"nano": {2, 512, true}, "micro": {2, 1024, true}, "small": {2, 2048, true}, "medium": {2, 4096, true},
		"large": {2, 8192, false}, "xlarge": {4, 16384, false}, "2xlarge": {8, 32768, false},
	}
)

// instanceTypeOf describes a type, if it is one of those.
func instanceTypeOf(name string) (types.InstanceTypeInfo, bool) {
	family, size, _ := strings.Cut(name, ".")
	f, ok := instanceFamilies[family]
	s, known := instanceSizes[size]
	bursts := strings.HasPrefix(family, "t")
	if !ok || !known || s.burstsOnly && !bursts {
		return types.InstanceTypeInfo{}, false
	}
	memory, threads := s.memory, int32(2)
	if strings.HasPrefix(family, "c") {
		memory /= 2
	}
	if f.arch == "arm64" {
		threads = 1
	}
	cpus := s.cpus
	if family == "t2" && s.burstsOnly && size != "medium" {
		cpus, threads = 1, 1
	}
	return types.InstanceTypeInfo{
		InstanceType: types.InstanceType(name), BurstablePerformanceSupported: aws.Bool(bursts), CurrentGeneration: aws.Bool(true), BareMetal: aws.Bool(false),
		Hypervisor: types.InstanceTypeHypervisor(f.hypervisor), FreeTierEligible: aws.Bool(name == "t2.micro" || name == "t3.micro"),
		ProcessorInfo:            &types.ProcessorInfo{SupportedArchitectures: []types.ArchitectureType{types.ArchitectureType(f.arch)}},
		VCpuInfo:                 &types.VCpuInfo{DefaultVCpus: aws.Int32(cpus), DefaultCores: aws.Int32(max(1, cpus/threads)), DefaultThreadsPerCore: aws.Int32(threads)},
		MemoryInfo:               &types.MemoryInfo{SizeInMiB: aws.Int64(memory)},
		SupportedUsageClasses:    []types.UsageClassType{types.UsageClassTypeOnDemand, types.UsageClassTypeSpot},
		SupportedRootDeviceTypes: []types.RootDeviceType{types.RootDeviceTypeEbs}, SupportedVirtualizationTypes: []types.VirtualizationType{types.VirtualizationTypeHvm},
		InstanceStorageSupported: aws.Bool(false), HibernationSupported: aws.Bool(true), DedicatedHostsSupported: aws.Bool(!bursts), AutoRecoverySupported: aws.Bool(true),
		NetworkInfo: &types.NetworkInfo{
			MaximumNetworkInterfaces: aws.Int32(3), Ipv4AddressesPerInterface: aws.Int32(10), Ipv6Supported: aws.Bool(true), EnaSupport: types.EnaSupportRequired,
		},
	}, true
}

func noInstanceType(name string) error {
	return fail("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", name)
}

func describeInstanceTypes(_ context.Context, c *world.Call, in *ec2.DescribeInstanceTypesInput) (*ec2.DescribeInstanceTypesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.InstanceTypeInfo
	for family := range instanceFamilies {
		for size := range instanceSizes {
			if t, ok := instanceTypeOf(family + "." + size); ok {
				all = append(all, t)
			}
		}
	}
	id := func(t types.InstanceTypeInfo) string { return string(t.InstanceType) }
	slices.SortFunc(all, func(a, b types.InstanceTypeInfo) int { return cmp.Compare(id(a), id(b)) })
	var asked []string
	for _, t := range in.InstanceTypes {
		asked = append(asked, string(t))
	}
	page, next, err := choose(selection{"InstanceTypes", asked, in.Filters, in.MaxResults, in.NextToken}, all, id,
		func(t types.InstanceTypeInfo) attributes {
			a := attributes{
				"instance-type": {id(t)}, "burstable-performance-supported": yes(aws.ToBool(t.BurstablePerformanceSupported)), "bare-metal": yes(false),
				"current-generation": yes(true), "free-tier-eligible": yes(aws.ToBool(t.FreeTierEligible)), "hypervisor": {string(t.Hypervisor)},
				"processor-info.supported-architecture": nil, "vcpu-info.default-vcpus": nil, "memory-info.size-in-mib": nil,
			}
			if t.ProcessorInfo != nil {
				a["processor-info.supported-architecture"] = []string{string(t.ProcessorInfo.SupportedArchitectures[0])}
				a["vcpu-info.default-vcpus"], a["memory-info.size-in-mib"] = []string{itoa(*t.VCpuInfo.DefaultVCpus)}, []string{itoa(int32(*t.MemoryInfo.SizeInMiB))}
			}
			return a
		}, noInstanceType)
	return &ec2.DescribeInstanceTypesOutput{InstanceTypes: page, NextToken: next}, err
}
