package ram

import (
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// checks refuse, by type of resource, what the caller cannot share. The caller
// owns the ARN's account; what another account shares cannot be shared on.
var checks = map[string]func(c *world.Call, arn, id string) error{
	"ec2:Subnet": func(c *world.Call, _, id string) error { return checkSubnet(c, id) },
	"ec2:TransitGateway": func(c *world.Call, arn, id string) error {
		g, ok := c.Estate().TransitGateways.Get(id)
		return owned(c, ok, g.Account, g.Region, arn)
	},
	"route53profiles:Profile": func(c *world.Call, arn, id string) error {
		p, ok := c.Estate().Profiles.Get(id)
		return owned(c, ok, p.Account, p.Region, arn)
	},
	"route53resolver:FirewallRuleGroup": func(c *world.Call, arn, id string) error {
		g, ok := c.Estate().FirewallGroups.Get(id)
		return owned(c, ok, g.Account, g.Region, arn)
	},
	"route53resolver:ResolverQueryLogConfig": func(c *world.Call, arn, id string) error {
		q, ok := c.Estate().QueryLogConfigs.Get(id)
		return owned(c, ok, q.Account, q.Region, arn)
	},
	"route53resolver:ResolverRule": func(c *world.Call, arn, id string) error {
		r, ok := c.Estate().ResolverRules.Get(id)
		return owned(c, ok, r.Account, r.Region, arn)
	},
	"ssm:Parameter": func(c *world.Call, arn, _ string) error {
		p, ok := c.Estate().Parameters.Get(arn)
		if err := owned(c, ok, p.Account, p.Region, arn); err != nil {
			return err
		}
		if p.Tier != "Advanced" { // parameter-store-shared-parameters.html, "Prerequisites"
			return invalid("The parameter %s is of the standard-parameter tier, and cannot be shared.", p.Name)
		}
		return nil
	},
	"vpc-lattice:ResourceConfiguration": func(c *world.Call, arn, _ string) error {
		r, ok := c.Estate().LatticeResources.Get(arn)
		if err := owned(c, ok && r.Status != estate.LatticeDeleting, r.Account, r.Region, arn); err != nil {
			return err
		}
		if r.Type == estate.ResourceChild { // resource-configuration.html, "Types of resource configurations"
			return invalid("The resource configuration %s is a child, which is shared with its group.", r.ID)
		}
		return nil
	},
	"vpc-lattice:Service": func(c *world.Call, arn, _ string) error {
		v, ok := c.Estate().LatticeServices.Get(arn)
		return owned(c, ok && !v.Gone(), v.Account, v.Region, arn)
	},
	"vpc-lattice:ServiceNetwork": func(c *world.Call, arn, _ string) error {
		n, ok := c.Estate().LatticeNetworks.Get(arn)
		return owned(c, ok, n.Account, n.Region, arn)
	},
}

// owned refuses what is not there, or not the caller's.
func owned(c *world.Call, there bool, account estate.AccountID, region estate.Region, arn string) error {
	if !there || account != c.Account() || region != c.Region {
		return unknown("Resource", arn)
	}
	return nil
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

// checkResource judges whether the caller may put a resource into a share.
func checkResource(c *world.Call, s estate.Share, arn string) error {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[5] == "" {
		return malformedARN(arn)
	}
	k, ok := estate.ShareKindOf(arn)
	switch {
	case !ok:
		return c.Unsupported("ResourceArns of " + parts[2] + ":" + strings.SplitN(parts[5], "/", 2)[0])
	case parts[4] != string(c.Account()) || parts[3] != string(c.Region):
		return unknown("Resource", arn) // only an owner shares, and in its Region
	}
	if err := checks[k.Name](c, arn, strings.TrimPrefix(parts[5], k.Prefix)); err != nil {
		return err
	}
	if k.Inside && (!sharing(c) || hasInvited(s)) {
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
