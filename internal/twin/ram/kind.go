package ram

import (
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// kind is a type of resource that can be shared (RAM User Guide, shareable.html).
type kind struct {
	name            string // as RAM has it, "ec2:Subnet"
	service, prefix string // of its ARNs
	inside          bool   // only within the organization
	permission      string // the default one
	// check refuses a resource that the caller cannot share.
	check func(c *world.Call, id string) error
}

var kinds = []kind{
	{"ec2:Subnet", "ec2", "subnet/", true, "AWSRAMDefaultPermissionSubnet", checkSubnet},
}

// checkSubnet holds a subnet to the rules of sharing: one's own, and not of a
// default VPC (VPC User Guide, vpc-share-prerequisites.html).
func checkSubnet(c *world.Call, id string) error {
	s, ok := c.Estate().Subnets.Get(id)
	if !ok || s.Account != c.Account() || s.Region != c.Region {
		return unknown("Resource", "arn:aws:ec2:"+string(c.Region)+":"+string(c.Account())+":subnet/"+id)
	}
	if v, _ := c.Estate().VPCs.Get(s.VPC); v.Default {
		return invalid("The subnet %s is in a default VPC, and cannot be shared.", id)
	}
	return nil
}

// kindOf finds the type of a resource.
func kindOf(arn string) (kind, bool) {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		for _, k := range kinds {
			if k.service == parts[2] && strings.HasPrefix(parts[5], k.prefix) {
				return k, true
			}
		}
	}
	return kind{}, false
}

// checkResource judges whether the caller may put a resource into a share.
func checkResource(c *world.Call, s estate.Share, arn string) error {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[5] == "" {
		return malformedARN(arn)
	}
	k, ok := kindOf(arn)
	switch {
	case !ok:
		return c.Unsupported("ResourceArns of " + parts[2] + ":" + strings.SplitN(parts[5], "/", 2)[0])
	case parts[4] != string(c.Account()) || parts[3] != string(c.Region):
		return unknown("Resource", arn) // only an owner shares, and in its Region
	}
	if err := k.check(c, strings.TrimPrefix(parts[5], k.prefix)); err != nil {
		return err
	}
	if k.inside && (!sharing(c) || hasInvited(s)) {
		return invalid(onlyInside)
	}
	return nil
}

// sharing reports whether the caller shares with its organization.
func sharing(c *world.Call) bool {
	e := c.Estate()
	return e.Path(string(c.Account())) != nil && trusts(e)
}

// hasInvited reports whether a share has principals that were invited.
func hasInvited(s estate.Share) bool {
	for _, p := range s.Principals {
		if p.External || p.Status == estate.ShareAssociating {
			return true
		}
	}
	return false
}
