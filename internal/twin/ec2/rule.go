package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// rulesPerGroup is the quota of a security group, for each direction (VPC User
// Guide, amazon-vpc-limits.html).
const rulesPerGroup = 60

// asked is what the four operations on rules have in common.
type asked struct {
	group, name    *string
	dryRun         *bool
	permissions    []types.IpPermission
	cidr, protocol *string // the older form, one rule
	from, to       *int32
}

func (a asked) rules(egress bool) ([]estate.GroupRule, error) {
	ask := a.permissions
	if a.protocol != nil || a.cidr != nil {
		ask = append(slices.Clone(ask), types.IpPermission{
			IpProtocol: a.protocol, FromPort: a.from, ToPort: a.to, IpRanges: []types.IpRange{{CidrIp: a.cidr}},
		})
	}
	var out []estate.GroupRule
	for _, p := range ask {
		base := estate.GroupRule{Egress: egress, Protocol: protocol(aws.ToString(p.IpProtocol)), From: -1, To: -1}
		switch {
		case base.Protocol == "":
			return nil, missing("ipProtocol")
		case base.Protocol == "-1":
		case p.FromPort == nil || p.ToPort == nil:
			if base.Protocol == "tcp" || base.Protocol == "udp" {
				return nil, fail("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
			}
		default:
			base.From, base.To = *p.FromPort, *p.ToPort
			if base.Protocol == "tcp" || base.Protocol == "udp" {
				if base.From < 0 || base.To > 65535 || base.From > base.To {
					return nil, fail("InvalidParameterValue", "Invalid TCP/UDP port range (%d,%d)", base.From, base.To)
				}
			}
		}
		add := func(cidr, text *string) error {
			q, err := netip.ParsePrefix(aws.ToString(cidr))
			if err != nil {
				return fail("InvalidParameterValue", "CIDR block %s is malformed", aws.ToString(cidr))
			}
			r := base
			r.CIDR, r.Description = q.Masked(), aws.ToString(text)
			out = append(out, r)
			return nil
		}
		for _, v := range p.IpRanges {
			if err := add(v.CidrIp, v.Description); err != nil {
				return nil, err
			}
		}
		for _, v := range p.Ipv6Ranges {
			if err := add(v.CidrIpv6, v.Description); err != nil {
				return nil, err
			}
		}
		for _, v := range p.PrefixListIds {
			r := base
			r.PrefixList, r.Description = aws.ToString(v.PrefixListId), aws.ToString(v.Description)
			out = append(out, r)
		}
		for _, v := range p.UserIdGroupPairs {
			r := base
			r.Group, r.Description = aws.ToString(v.GroupId), aws.ToString(v.Description)
			out = append(out, r)
		}
	}
	return out, nil
}

// sameRule reports whether two rules allow the same; identifier and description
// do not matter.
func sameRule(r, o estate.GroupRule) bool {
	r.ID, r.Description, o.ID, o.Description = "", "", "", ""
	return r == o
}

// protocol gives the name where EC2 shows one for a number.
func protocol(s string) string {
	if name, ok := map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}[s]; ok {
		return name
	}
	return s
}

func authorize(c *world.Call, a asked, egress bool, specs []types.TagSpecification) ([]types.SecurityGroupRule, error) {
	g, err := allowGroup(c, a.group, a.name, nil)
	if err != nil {
		return nil, err
	}
	tags, err := specified(specs, types.ResourceTypeSecurityGroupRule)
	if err != nil {
		return nil, err
	}
	rules, err := a.rules(egress)
	if err != nil {
		return nil, err
	}
	if len(rules) == 0 {
		return nil, missing("ipPermissions")
	}
	if err := allow(c, a.dryRun); err != nil {
		return nil, err
	}
	g.Rules = slices.Clone(g.Rules)
	var out []types.SecurityGroupRule
	for _, r := range rules {
		if r.Group != "" && r.Group != g.ID {
			if o, err := findGroup(c, r.Group); err != nil || o.VPC != g.VPC {
				return nil, fail("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
			}
		}
		count := 0
		for _, have := range g.Rules {
			if sameRule(have, r) {
				return nil, fail("InvalidPermission.Duplicate", "the specified rule %q already exists", ruleText(r))
			}
			if have.Egress == egress {
				count++
			}
		}
		if c.World.Limits && count >= c.Estate().Raised(g.Account, estate.QuotaRulesPerSecurityGroup, rulesPerGroup) {
			return nil, fail("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
		}
		r.ID = newID(c, "sgr", g.ID, strconv.FormatBool(egress), ruleText(r))
		g.Rules = append(g.Rules, r)
		if len(tags) > 0 {
			tagTable.Put(c.State, r.ID, tags)
		}
		out = append(out, showRule(c, g, r))
	}
	c.Estate().SecurityGroups.Put(g)
	return out, nil
}

// ruleText is a rule as error messages show it.
func ruleText(r estate.GroupRule) string {
	peer := "peer: " + cmp.Or(r.Group, r.PrefixList)
	if r.CIDR.IsValid() {
		peer = "peer: " + r.CIDR.String()
	}
	if r.Protocol == "-1" {
		return peer + ", ALL, ALLOW"
	}
	return peer + ", " + r.Protocol + ", from port: " + itoa(r.From) + ", to port: " + itoa(r.To) + ", ALLOW"
}

func revoke(c *world.Call, a asked, egress bool, ids []string) ([]types.RevokedSecurityGroupRule, error) {
	g, err := allowGroup(c, a.group, a.name, nil)
	if err != nil {
		return nil, err
	}
	rules, err := a.rules(egress)
	if err != nil {
		return nil, err
	}
	if err := allow(c, a.dryRun); err != nil {
		return nil, err
	}
	g.Rules = slices.Clone(g.Rules)
	var out []types.RevokedSecurityGroupRule
	remove := func(is func(estate.GroupRule) bool) bool {
		i := slices.IndexFunc(g.Rules, is)
		if i < 0 {
			return false
		}
		r := showRule(c, g, g.Rules[i])
		out = append(out, types.RevokedSecurityGroupRule{
			SecurityGroupRuleId: r.SecurityGroupRuleId, GroupId: r.GroupId, IsEgress: r.IsEgress, IpProtocol: r.IpProtocol,
			FromPort: r.FromPort, ToPort: r.ToPort, CidrIpv4: r.CidrIpv4, CidrIpv6: r.CidrIpv6, PrefixListId: r.PrefixListId, Description: r.Description,
		})
		tagTable.Delete(c.State, g.Rules[i].ID)
		g.Rules = slices.Delete(g.Rules, i, i+1)
		return true
	}
	for _, id := range ids {
		if !remove(func(r estate.GroupRule) bool { return r.ID == id && r.Egress == egress }) {
			return nil, fail("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
		}
	}
	for _, r := range rules {
		if !remove(func(have estate.GroupRule) bool { return sameRule(have, r) }) {
			return nil, fail("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
	}
	c.Estate().SecurityGroups.Put(g)
	return out, nil
}

func authorizeSecurityGroupIngress(_ context.Context, c *world.Call, in *ec2.AuthorizeSecurityGroupIngressInput) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	rules, err := authorize(c, asked{in.GroupId, in.GroupName, in.DryRun, in.IpPermissions, in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort}, false, in.TagSpecifications)
	return &ec2.AuthorizeSecurityGroupIngressOutput{Return: aws.Bool(err == nil), SecurityGroupRules: rules}, err
}

func authorizeSecurityGroupEgress(_ context.Context, c *world.Call, in *ec2.AuthorizeSecurityGroupEgressInput) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	rules, err := authorize(c, asked{in.GroupId, nil, in.DryRun, in.IpPermissions, in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort}, true, in.TagSpecifications)
	return &ec2.AuthorizeSecurityGroupEgressOutput{Return: aws.Bool(err == nil), SecurityGroupRules: rules}, err
}

func revokeSecurityGroupIngress(_ context.Context, c *world.Call, in *ec2.RevokeSecurityGroupIngressInput) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	rules, err := revoke(c, asked{in.GroupId, in.GroupName, in.DryRun, in.IpPermissions, in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort}, false, in.SecurityGroupRuleIds)
	return &ec2.RevokeSecurityGroupIngressOutput{Return: aws.Bool(err == nil), RevokedSecurityGroupRules: rules}, err
}

func revokeSecurityGroupEgress(_ context.Context, c *world.Call, in *ec2.RevokeSecurityGroupEgressInput) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	rules, err := revoke(c, asked{in.GroupId, nil, in.DryRun, in.IpPermissions, in.CidrIp, in.IpProtocol, in.FromPort, in.ToPort}, true, in.SecurityGroupRuleIds)
	return &ec2.RevokeSecurityGroupEgressOutput{Return: aws.Bool(err == nil), RevokedSecurityGroupRules: rules}, err
}

func describeSecurityGroupRules(_ context.Context, c *world.Call, in *ec2.DescribeSecurityGroupRulesInput) (*ec2.DescribeSecurityGroupRulesOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.SecurityGroupRule
	for _, g := range groupsOf(c) {
		for _, r := range g.Rules {
			all = append(all, showRule(c, g, r))
		}
	}
	id := func(r types.SecurityGroupRule) string { return aws.ToString(r.SecurityGroupRuleId) }
	slices.SortFunc(all, func(a, b types.SecurityGroupRule) int { return cmp.Compare(id(a), id(b)) })
	page, next, err := choose(selection{"securityGroupRuleIds", in.SecurityGroupRuleIds, in.Filters, in.MaxResults, in.NextToken}, all, id,
		func(r types.SecurityGroupRule) attributes {
			tags := estate.Tags{}
			for _, t := range r.Tags {
				tags[*t.Key] = *t.Value
			}
			return attributes{"group-id": {aws.ToString(r.GroupId)}, "security-group-rule-id": {id(r)}}.tagged(tags)
		},
		func(id string) error {
			return fail("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
		})
	return &ec2.DescribeSecurityGroupRulesOutput{SecurityGroupRules: page, NextToken: next}, err
}

func showRule(c *world.Call, g estate.SecurityGroup, r estate.GroupRule) types.SecurityGroupRule {
	out := types.SecurityGroupRule{
		SecurityGroupRuleId: aws.String(r.ID), SecurityGroupRuleArn: aws.String(arn(c, "security-group-rule", r.ID)),
		GroupId: aws.String(g.ID), GroupOwnerId: aws.String(string(c.Account())), IsEgress: aws.Bool(r.Egress),
		IpProtocol: aws.String(r.Protocol), FromPort: aws.Int32(r.From), ToPort: aws.Int32(r.To),
		PrefixListId: word(r.PrefixList), Description: word(r.Description), Tags: list(tagsOf(c, r.ID)),
	}
	switch {
	case r.Group != "":
		out.ReferencedGroupInfo = &types.ReferencedSecurityGroup{GroupId: aws.String(r.Group), UserId: aws.String(string(c.Account()))}
	case isSix(r.CIDR):
		out.CidrIpv6 = aws.String(r.CIDR.String())
	case r.CIDR.IsValid():
		out.CidrIpv4 = aws.String(r.CIDR.String())
	}
	return out
}
