package ec2

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// volume is an EBS volume of an instance, which goes with it.
type volume struct {
	ID, Device, Snapshot string
	Kind                 types.VolumeType
	Size, IOPS, Rate     int32
	Encrypted            bool
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
