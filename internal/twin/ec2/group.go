package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// defaultGroup finds the default group of a VPC. Until it was changed it stands
// nowhere and is derived from the VPC.
func defaultGroup(c *world.Call, v estate.VPC) estate.SecurityGroup {
	for g := range c.Estate().SecurityGroups.By(estate.ByVPC(v.ID)) {
		if g.Name == "default" {
			return g
		}
	}
	return newDefaultGroup(v)
}

// newDefaultGroup allows what comes from itself and all that goes out (VPC
// User Guide, default-security-group.html).
func newDefaultGroup(v estate.VPC) estate.SecurityGroup {
	id := world.Derived("sg", v.ID)
	return estate.SecurityGroup{
		ID: id, Account: v.Account, Region: v.Region, VPC: v.ID, Name: "default", Description: "default VPC security group",
		Rules: []estate.GroupRule{
			{ID: world.Derived("sgr", id+"/in"), Protocol: "-1", From: -1, To: -1, Group: id},
			outward(id),
		},
	}
}

// outward is the rule that every new group has.
func outward(group string) estate.GroupRule {
	return estate.GroupRule{
		ID: world.Derived("sgr", group+"/out"), Egress: true, Protocol: "-1", From: -1, To: -1, CIDR: netip.MustParsePrefix("0.0.0.0/0"),
	}
}

// groupsOf are the security groups of the caller in the Region, by identifier.
func groupsOf(c *world.Call) []estate.SecurityGroup {
	out := slices.Collect(c.Estate().SecurityGroups.By(estate.ByRegion(c.Account(), c.Region)))
	for _, v := range vpcsOf(c) {
		if g := defaultGroup(c, v); !slices.ContainsFunc(out, func(o estate.SecurityGroup) bool { return o.ID == g.ID }) {
			out = append(out, g)
		}
	}
	for i, g := range out {
		out[i].Rules = named(g)
	}
	slices.SortFunc(out, func(a, b estate.SecurityGroup) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// named are the rules of a group, each with an identifier: an estate that was
// written by hand may have none.
func named(g estate.SecurityGroup) []estate.GroupRule {
	out := slices.Clone(g.Rules)
	for i, r := range out {
		if r.ID == "" {
			out[i].ID = world.Derived("sgr", g.ID+"/"+ruleText(r)+"/"+yes(r.Egress)[0])
		}
	}
	return out
}

func noGroup(id string) error {
	if !strings.HasPrefix(id, "sg-") {
		return fail("InvalidGroupId.Malformed", "Invalid id: %q (expecting \"sg-...\")", id)
	}
	return fail("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

func findGroup(c *world.Call, id string) (estate.SecurityGroup, error) {
	all := groupsOf(c)
	if i := slices.IndexFunc(all, func(g estate.SecurityGroup) bool { return g.ID == id }); i >= 0 {
		return all[i], nil
	}
	return estate.SecurityGroup{}, noGroup(id)
}

// groupTags are the tags of a group, if there is one.
func groupTags(c *world.Call, id string) estate.Tags {
	g, _ := findGroup(c, id)
	return g.Tags
}

// allowGroup finds a group and asks for the permission to do the operation on
// it. A name is that of a group of the default VPC.
func allowGroup(c *world.Call, id, name *string, dryRun *bool) (estate.SecurityGroup, error) {
	want := aws.ToString(id)
	if want == "" && name != nil {
		v, ok := defaultVPC(c)
		all := groupsOf(c)
		i := slices.IndexFunc(all, func(g estate.SecurityGroup) bool { return ok && g.VPC == v.ID && g.Name == *name })
		if i < 0 {
			return estate.SecurityGroup{}, fail("InvalidGroup.NotFound", "The security group '%s' does not exist", *name)
		}
		want = all[i].ID
	}
	if err := allow(c, nil, on(c, "security-group", want, groupTags(c, want))); err != nil {
		return estate.SecurityGroup{}, err
	}
	if want == "" {
		return estate.SecurityGroup{}, missing("groupId")
	}
	g, err := findGroup(c, want)
	if err != nil {
		return estate.SecurityGroup{}, err
	}
	return g, allow(c, dryRun)
}

// groupText are the characters of a group's name and description
// (API_CreateSecurityGroup).
var groupText = regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)

func createSecurityGroup(_ context.Context, c *world.Call, in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeSecurityGroup)
	if denied := allow(c, nil, creating(c, "security-group", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	id := in.VpcId
	if id == nil {
		v, ok := defaultVPC(c)
		if !ok {
			return nil, fail("VPCIdNotSpecified", "No default VPC for this user")
		}
		id = &v.ID
	}
	v, err := allowSeenVPC(c, id, nil)
	if err != nil {
		return nil, err
	}
	name, text := aws.ToString(in.GroupName), aws.ToString(in.Description)
	switch {
	case name == "":
		return nil, missing("groupName")
	case text == "":
		return nil, missing("groupDescription")
	case !groupText.MatchString(name) || strings.HasPrefix(strings.ToLower(name), "sg-"):
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*.", name)
	case !groupText.MatchString(text):
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.", text)
	case name == "default":
		return nil, fail("InvalidParameterValue", "Cannot use reserved security group name: default")
	}
	all := groupsOf(c)
	if slices.ContainsFunc(all, func(g estate.SecurityGroup) bool { return g.VPC == v.ID && g.Name == name }) {
		return nil, fail("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.ID)
	}
	if c.World.Limits && len(all) >= groupsPerVPC {
		return nil, fail("SecurityGroupLimitExceeded", "The maximum number of security groups for VPC '%s' has been reached.", v.ID)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	g := estate.SecurityGroup{
		ID: newID(c, "sg", v.ID, name), Account: c.Account(), Region: c.Region, VPC: v.ID, Name: name, Description: text, Tags: tags,
	}
	g.Rules = []estate.GroupRule{outward(g.ID)}
	c.Estate().SecurityGroups.Put(g)
	return &ec2.CreateSecurityGroupOutput{GroupId: &g.ID, Tags: list(tags), SecurityGroupArn: aws.String(arn(c, "security-group", g.ID))}, nil
}

func deleteSecurityGroup(_ context.Context, c *world.Call, in *ec2.DeleteSecurityGroupInput) (*ec2.DeleteSecurityGroupOutput, error) {
	g, err := allowGroup(c, in.GroupId, in.GroupName, in.DryRun)
	if err != nil {
		return nil, err
	}
	if g.Name == "default" {
		return nil, fail("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.ID)
	}
	named := slices.ContainsFunc(groupsOf(c), func(o estate.SecurityGroup) bool {
		return o.ID != g.ID && slices.ContainsFunc(o.Rules, func(r estate.GroupRule) bool { return r.Group == g.ID })
	})
	if named || len(c.State.Users(arn(c, "security-group", g.ID))) > 0 || occupied(c, func(n nic) bool { return slices.Contains(n.groups, g.ID) }) {
		return nil, fail("DependencyViolation", "resource %s has a dependent object", g.ID)
	}
	c.Estate().SecurityGroups.Delete(g.ID)
	for _, r := range g.Rules {
		tagTable.Delete(c.State, r.ID)
	}
	return &ec2.DeleteSecurityGroupOutput{GroupId: &g.ID, Return: aws.Bool(true)}, nil
}

func describeSecurityGroups(_ context.Context, c *world.Call, in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	filters := in.Filters
	if len(in.GroupNames) > 0 {
		v, _ := defaultVPC(c)
		filters = append(slices.Clone(filters),
			types.Filter{Name: aws.String("vpc-id"), Values: []string{v.ID}},
			types.Filter{Name: aws.String("group-name"), Values: in.GroupNames})
	}
	page, next, err := choose(selection{"groupIds", in.GroupIds, filters, in.MaxResults, in.NextToken}, groupsOf(c),
		estate.SecurityGroup.Key, func(g estate.SecurityGroup) attributes { return groupAttributes(c, g) }, noGroup)
	out := &ec2.DescribeSecurityGroupsOutput{NextToken: next}
	for _, g := range page {
		out.SecurityGroups = append(out.SecurityGroups, types.SecurityGroup{
			GroupId: aws.String(g.ID), GroupName: aws.String(g.Name), Description: aws.String(g.Description), VpcId: aws.String(g.VPC),
			OwnerId: aws.String(string(c.Account())), SecurityGroupArn: aws.String(arn(c, "security-group", g.ID)), Tags: list(g.Tags),
			IpPermissions: permissions(c, g.Rules, false), IpPermissionsEgress: permissions(c, g.Rules, true),
		})
	}
	return out, err
}

// groupAttributes are the filters of API_DescribeSecurityGroups.
func groupAttributes(c *world.Call, g estate.SecurityGroup) attributes {
	a := attributes{
		"description": {g.Description}, "group-id": {g.ID}, "group-name": {g.Name}, "owner-id": {string(c.Account())}, "vpc-id": {g.VPC},
	}
	for _, prefix := range []string{"ip-permission.", "egress.ip-permission."} {
		for _, name := range []string{"cidr", "from-port", "group-id", "group-name", "ipv6-cidr", "prefix-list-id", "protocol", "to-port", "user-id"} {
			a[prefix+name] = nil
		}
	}
	for _, r := range g.Rules {
		prefix := "ip-permission."
		if r.Egress {
			prefix = "egress.ip-permission."
		}
		add := func(name, value string) {
			if value != "" {
				a[prefix+name] = append(a[prefix+name], value)
			}
		}
		cidr := "cidr"
		if isSix(r.CIDR) {
			cidr = "ipv6-cidr"
		}
		if r.CIDR.IsValid() {
			add(cidr, r.CIDR.String())
		}
		add("from-port", itoa(r.From))
		add("to-port", itoa(r.To))
		add("protocol", r.Protocol)
		add("group-id", r.Group)
		add("prefix-list-id", r.PrefixList)
	}
	return a.tagged(g.Tags)
}

// permissions puts rules of one protocol and port range together, as EC2 does.
func permissions(c *world.Call, rules []estate.GroupRule, egress bool) []types.IpPermission {
	out := []types.IpPermission{}
	for _, r := range rules {
		if r.Egress != egress {
			continue
		}
		i := slices.IndexFunc(out, func(p types.IpPermission) bool {
			return *p.IpProtocol == r.Protocol && (p.FromPort == nil || *p.FromPort == r.From && *p.ToPort == r.To)
		})
		if i < 0 {
			i = len(out)
			out = append(out, types.IpPermission{IpProtocol: aws.String(r.Protocol)})
			if r.Protocol != "-1" {
				out[i].FromPort, out[i].ToPort = aws.Int32(r.From), aws.Int32(r.To)
			}
		}
		p, text := &out[i], word(r.Description)
		switch {
		case r.Group != "":
			p.UserIdGroupPairs = append(p.UserIdGroupPairs, types.UserIdGroupPair{
				GroupId: aws.String(r.Group), UserId: aws.String(string(c.Account())), Description: text,
			})
		case r.PrefixList != "":
			p.PrefixListIds = append(p.PrefixListIds, types.PrefixListId{PrefixListId: aws.String(r.PrefixList), Description: text})
		case isSix(r.CIDR):
			p.Ipv6Ranges = append(p.Ipv6Ranges, types.Ipv6Range{CidrIpv6: aws.String(r.CIDR.String()), Description: text})
		default:
			p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: aws.String(r.CIDR.String()), Description: text})
		}
	}
	return out
}

func isSix(p netip.Prefix) bool { return p.IsValid() && p.Addr().Is6() }

// word is a pointer to s, none to an empty one.
func word(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }
