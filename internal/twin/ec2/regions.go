package ec2

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// region is a Region of any partition.
type region struct {
	name  string
	short string // of Zone IDs, "euw1"
	zones string // letters of its Availability Zones
	optIn bool   // it must be enabled first
}

// regions are the Regions with their Availability Zones (AWS Regions and
// Availability Zones User Guide, aws-regions.html and
// aws-availability-zones.html). Of other partitions than aws the twin has no
// more: its ARNs are all of that one.
var regions = []region{
	{"af-south-1", "afs1", "abc", true},
	{"ap-east-1", "ape1", "abc", true},
	{"ap-east-2", "ape2", "abc", true},
	{"ap-northeast-1", "apne1", "acd", false},
	{"ap-northeast-2", "apne2", "abcd", false},
	{"ap-northeast-3", "apne3", "abc", false},
	{"ap-south-1", "aps1", "abc", false},
	{"ap-south-2", "aps2", "abc", true},
	{"ap-southeast-1", "apse1", "abc", false},
	{"ap-southeast-2", "apse2", "abc", false},
	{"ap-southeast-3", "apse3", "abc", true},
	{"ap-southeast-4", "apse4", "abc", true},
	{"ap-southeast-5", "apse5", "abc", true},
	{"ap-southeast-6", "apse6", "abc", true},
	{"ap-southeast-7", "apse7", "abc", true},
	{"ca-central-1", "cac1", "abd", false},
	{"ca-west-1", "caw1", "abc", true},
	{"cn-north-1", "cnn1", "abd", false},
	{"cn-northwest-1", "cnnw1", "abc", false},
	{"eu-central-1", "euc1", "abc", false},
	{"eu-central-2", "euc2", "abc", true},
	{"eu-north-1", "eun1", "abc", false},
	{"eu-south-1", "eus1", "abc", true},
	{"eu-south-2", "eus2", "abc", true},
	{"eu-west-1", "euw1", "abc", false},
	{"eu-west-2", "euw2", "abc", false},
	{"eu-west-3", "euw3", "abc", false},
	{"il-central-1", "ilc1", "abc", true},
	{"me-central-1", "mec1", "abc", true},
	{"me-south-1", "mes1", "abc", true},
	{"mx-central-1", "mxc1", "abc", true},
	{"sa-east-1", "sae1", "abc", false},
	{"us-east-1", "use1", "abcdef", false},
	{"us-east-2", "use2", "abc", false},
	{"us-gov-east-1", "usge1", "abc", false},
	{"us-gov-west-1", "usgw1", "abc", false},
	{"us-west-1", "usw1", "ac", false},
	{"us-west-2", "usw2", "abcd", false},
}

// zone is an Availability Zone.
type zone struct {
	region region
	name   string
	// id is the same place for all accounts. Here the letter decides; in AWS
	// each account's letters are dealt anew.
	id string
}

func (r region) all() []zone {
	var out []zone
	for _, letter := range r.zones {
		out = append(out, zone{r, r.name + string(letter), fmt.Sprintf("%s-az%d", r.short, letter-'a'+1)})
	}
	return out
}

// here is the Region of a call; an unknown one has no zones.
func here(c *world.Call) region {
	i := slices.IndexFunc(regions, func(r region) bool { return r.name == string(c.Region) })
	if i < 0 {
		return region{name: string(c.Region)}
	}
	return regions[i]
}

// status is the opt-in status: in the twin every Region is enabled.
func (r region) status() string {
	if r.optIn {
		return "opted-in"
	}
	return "opt-in-not-required"
}

func describeRegions(_ context.Context, c *world.Call, in *ec2.DescribeRegionsInput) (*ec2.DescribeRegionsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	// Each partition has its own.
	all := slices.DeleteFunc(slices.Clone(regions), func(r region) bool { return r.partition() != c.Region.Partition() })
	page, _, err := choose(selection{ids: in.RegionNames, filters: in.Filters}, all,
		func(r region) string { return r.name },
		func(r region) attributes {
			return attributes{"region-name": {r.name}, "endpoint": {r.endpoint()}, "opt-in-status": {r.status()}}
		},
		func(name string) error { return fail("InvalidParameterValue", "Invalid region provided: %s", name) })
	out := &ec2.DescribeRegionsOutput{}
	for _, r := range page {
		out.Regions = append(out.Regions, types.Region{
			RegionName: aws.String(r.name), Endpoint: aws.String(r.endpoint()), OptInStatus: aws.String(r.status()),
		})
	}
	return out, err
}

func (r region) partition() string { return estate.Region(r.name).Partition() }

func (r region) endpoint() string {
	if r.partition() == "aws-cn" {
		return "ec2." + r.name + ".amazonaws.com.cn"
	}
	return "ec2." + r.name + ".amazonaws.com"
}

func describeAvailabilityZones(_ context.Context, c *world.Call, in *ec2.DescribeAvailabilityZonesInput) (*ec2.DescribeAvailabilityZonesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	all := here(c).all()
	names := slices.Clone(in.ZoneNames)
	for _, id := range in.ZoneIds {
		i := slices.IndexFunc(all, func(z zone) bool { return z.id == id })
		if i < 0 {
			return nil, fail("InvalidParameterValue", "Invalid availability zone-id: [%s]", id)
		}
		names = append(names, all[i].name)
	}
	page, _, err := choose(selection{ids: names, filters: in.Filters}, all,
		func(z zone) string { return z.name },
		func(z zone) attributes {
			return attributes{
				"group-name": {z.group()}, "message": nil, "opt-in-status": {"opt-in-not-required"},
				"parent-zone-id": nil, "parent-zone-name": nil, "region-name": {z.region.name},
				"state": {"available"}, "zone-id": {z.id}, "zone-name": {z.name}, "zone-type": {"availability-zone"},
			}
		},
		func(name string) error {
			return fail("InvalidParameterValue", "Invalid availability zone: [%s]", name)
		})
	out := &ec2.DescribeAvailabilityZonesOutput{}
	for _, z := range page {
		out.AvailabilityZones = append(out.AvailabilityZones, types.AvailabilityZone{
			GroupName: aws.String(z.group()), NetworkBorderGroup: aws.String(z.region.name),
			OptInStatus: types.AvailabilityZoneOptInStatusOptInNotRequired, RegionName: aws.String(z.region.name),
			State: types.AvailabilityZoneStateAvailable, ZoneId: aws.String(z.id), ZoneName: aws.String(z.name),
			ZoneType: aws.String("availability-zone"),
		})
	}
	return out, err
}

func (z zone) group() string { return z.region.name + "-zg-1" }

// describeAccountAttributes answers for an account of today: VPCs only.
func describeAccountAttributes(_ context.Context, c *world.Call, in *ec2.DescribeAccountAttributesInput) (*ec2.DescribeAccountAttributesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	standard := "none"
	if v, ok := defaultVPC(c); ok {
		standard = v.ID
	}
	out := &ec2.DescribeAccountAttributesOutput{}
	for _, a := range []struct {
		name  types.AccountAttributeName
		value string
	}{{"default-vpc", standard}, {"supported-platforms", "VPC"}} {
		if len(in.AttributeNames) == 0 || slices.Contains(in.AttributeNames, a.name) {
			out.AccountAttributes = append(out.AccountAttributes, types.AccountAttribute{
				AttributeName:   aws.String(string(a.name)),
				AttributeValues: []types.AccountAttributeValue{{AttributeValue: aws.String(a.value)}},
			})
		}
	}
	return out, nil
}
