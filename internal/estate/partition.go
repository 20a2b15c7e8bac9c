package estate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// The partition of most accounts. Another one has Regions and ARNs of its own:
// aws-cn, aws-us-gov (IAM User Guide, reference-arns.html). Accounts of two
// partitions never meet, so an estate is of one.
const commercial = "aws"

// Partition of a Region.
func (r Region) Partition() string {
	switch {
	case strings.HasPrefix(string(r), "cn-"):
		return "aws-cn"
	case strings.HasPrefix(string(r), "us-gov-"):
		return "aws-us-gov"
	}
	return commercial
}

// otherRegions are the Regions of other partitions than aws, whose Regions are
// those of regionalZones (AWS Regions and Availability Zones User Guide,
// aws-regions.html).
var otherRegions = []Region{"cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"}

// Regions are those that AWS had when this was written, of all partitions, in
// alphabetical order. It adds one now and then.
func Regions() []Region {
	return slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(otherRegions), maps.Keys(regionalZones))))
}

// PartitionOf is the partition in an ARN; empty for what is none.
func PartitionOf(arn string) string {
	if f := strings.SplitN(arn, ":", 3); len(f) == 3 {
		return f[1]
	}
	return ""
}

// Partition of the estate's accounts: that of who asked, or of the organization;
// aws as long as neither is known.
func (e Estate) Partition() string {
	return cmp.Or(PartitionOf(e.Caller.ARN), PartitionOf(e.Organization.ARN), commercial)
}

// Local is an ARN of the partition aws, as methods of resources give it, as one of
// the estate's own partition.
func (e Estate) Local(arn string) string { return InPartition(e.Partition(), arn) }

// InPartition is an ARN of the partition aws as one of another.
func InPartition(partition, arn string) string {
	if rest, ok := strings.CutPrefix(arn, "arn:"+commercial+":"); ok {
		return "arn:" + partition + ":" + rest
	}
	return arn
}

// member is how a table finds an ARN: without its partition. What is no ARN is
// found as it is.
func member(id string) string {
	if f := strings.SplitN(id, ":", 3); len(f) == 3 && f[0] == "arn" {
		return "arn::" + f[2]
	}
	return id
}
