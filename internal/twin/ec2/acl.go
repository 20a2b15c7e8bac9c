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

// A VPC's default network ACL is derived from it until it was changed; ACLs of
// one's own, and a default one that was changed, stand in the estate. A subnet
// that no ACL of one's own names has the default one (VPC User Guide,
// vpc-network-acls.html).

// aclLast is the first number of the entries that deny the rest; they are shown,
// and cannot be changed.
const aclLast = 32767

func networkACLs(c *world.Call, v estate.VPC) []estate.NetworkACL {
	all := slices.Collect(c.Estate().NetworkACLs.By(estate.ByVPC(v.ID)))
	if !slices.ContainsFunc(all, func(a estate.NetworkACL) bool { return a.Default }) {
		all = append(all, newDefaultACL(v))
	}
	taken := map[string]bool{}
	for i, a := range all {
		all[i].Entries = slices.DeleteFunc(slices.Clone(a.Entries), func(e estate.ACLEntry) bool { return e.Number >= aclLast })
		for _, s := range a.Subnets {
			taken[s] = taken[s] || !a.Default
		}
	}
	for i, a := range all {
		if !a.Default {
			continue
		}
		all[i].Subnets = nil
		for _, s := range subnetsOf(c, v.ID) {
			if !taken[s.ID] {
				all[i].Subnets = append(all[i].Subnets, s.ID)
			}
		}
	}
	slices.SortFunc(all, func(a, b estate.NetworkACL) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// newDefaultACL allows all traffic.
func newDefaultACL(v estate.VPC) estate.NetworkACL {
	a := estate.NetworkACL{ID: world.Derived("acl", v.ID), Account: v.Account, Region: v.Region, VPC: v.ID, Default: true}
	for _, egress := range []bool{true, false} {
		a.Entries = append(a.Entries, estate.ACLEntry{Number: 100, Egress: egress, Allow: true, Protocol: "-1", CIDR: netip.MustParsePrefix("0.0.0.0/0")})
		if slices.ContainsFunc(v.CIDRs, isSix) {
			a.Entries = append(a.Entries, estate.ACLEntry{Number: 101, Egress: egress, Allow: true, Protocol: "-1", CIDR: netip.MustParsePrefix("::/0")})
		}
	}
	return a
}

func noACL(id string) error { return notFound("NetworkAclID", "networkAcl", "acl", id) }

func findACL(c *world.Call, id string) (estate.NetworkACL, error) {
	for _, v := range vpcsOf(c) {
		for _, a := range networkACLs(c, v) {
			if a.ID == id {
				return a, nil
			}
		}
	}
	for _, v := range sharedVPCs(c) {
		if slices.ContainsFunc(networkACLs(c, v), func(a estate.NetworkACL) bool { return a.ID == id }) {
			return estate.NetworkACL{}, notOwner("networkAcl", id)
		}
	}
	return estate.NetworkACL{}, noACL(id)
}

func aclTags(c *world.Call, a estate.NetworkACL) estate.Tags {
	if a.Tags == nil {
		return tagsOf(c, a.ID)
	}
	return a.Tags
}

// putACL stores an ACL that was changed.
func putACL(c *world.Call, a estate.NetworkACL) {
	a.Tags = aclTags(c, a)
	tagTable.Delete(c.State, a.ID)
	c.Estate().NetworkACLs.Put(a)
}

// allowACL finds an ACL and asks for the permission to do the operation on it.
func allowACL(c *world.Call, id *string, dryRun *bool) (estate.NetworkACL, error) {
	a, err := findACL(c, aws.ToString(id))
	if denied := allow(c, nil, on(c, "network-acl", aws.ToString(id), a.Tags)); denied != nil {
		return a, denied
	}
	if aws.ToString(id) == "" {
		return a, missing("networkAclId")
	}
	if err != nil {
		return a, err
	}
	return a, allow(c, dryRun)
}

// createNetworkAcl makes an ACL that denies all until it has entries
// (API_CreateNetworkAcl).
func createNetworkAcl(_ context.Context, c *world.Call, in *ec2.CreateNetworkAclInput) (*ec2.CreateNetworkAclOutput, error) {
	tags, err := specified(in.TagSpecifications, types.ResourceTypeNetworkAcl)
	if denied := allow(c, nil, creating(c, "network-acl", tags)...); denied != nil {
		return nil, denied
	}
	if err != nil {
		return nil, err
	}
	v, err := allowVPC(c, in.VpcId, nil)
	if err != nil {
		return nil, err
	}
	if id, again := repeated(c, in.ClientToken); again {
		a, err := findACL(c, id)
		shown := showACL(c, a)
		return &ec2.CreateNetworkAclOutput{NetworkAcl: &shown, ClientToken: in.ClientToken}, err
	}
	if c.World.Limits && len(networkACLs(c, v)) >= aclsPerVPC {
		return nil, fail("NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached.")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a := estate.NetworkACL{ID: newID(c, "acl"), Account: c.Account(), Region: c.Region, VPC: v.ID, Tags: tags}
	c.Estate().NetworkACLs.Put(a)
	remember(c, in.ClientToken, a.ID)
	shown := showACL(c, a)
	return &ec2.CreateNetworkAclOutput{NetworkAcl: &shown, ClientToken: in.ClientToken}, nil
}

func deleteNetworkAcl(_ context.Context, c *world.Call, in *ec2.DeleteNetworkAclInput) (*ec2.DeleteNetworkAclOutput, error) {
	a, err := allowACL(c, in.NetworkAclId, in.DryRun)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Default:
		return nil, fail("InvalidParameterValue", "cannot delete default network ACL %s", a.ID)
	case len(a.Subnets) > 0:
		return nil, fail("DependencyViolation", "The networkAcl '%s' has dependencies and cannot be deleted.", a.ID)
	}
	c.Estate().NetworkACLs.Delete(a.ID)
	return &ec2.DeleteNetworkAclOutput{}, nil
}

// aclAsk is what making and replacing an entry have in common.
type aclAsk struct {
	number      *int32
	egress      *bool
	action      types.RuleAction
	protocol    *string
	cidr, cidr6 *string
	icmp        *types.IcmpTypeCode
	ports       *types.PortRange
}

// entry reads an entry: protocols by number; TCP and UDP need ports, ICMP type
// and code, which From and To hold (API_CreateNetworkAclEntry).
func (a aclAsk) entry() (estate.ACLEntry, error) {
	e := estate.ACLEntry{Number: aws.ToInt32(a.number), Egress: aws.ToBool(a.egress), Allow: a.action == types.RuleActionAllow, Protocol: aws.ToString(a.protocol)}
	if number, ok := map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "all": "-1"}[e.Protocol]; ok {
		e.Protocol = number
	}
	n, err := strconv.Atoi(e.Protocol)
	switch {
	case a.number == nil:
		return e, missing("ruleNumber")
	case e.Number < 1 || e.Number >= aclLast:
		return e, fail("InvalidParameterValue", "Invalid value '%d' for ruleNumber. Must be between 1 and 32766.", e.Number)
	case a.action != types.RuleActionAllow && a.action != types.RuleActionDeny:
		return e, missing("ruleAction")
	case e.Protocol == "":
		return e, missing("protocol")
	case err != nil || n < -1 || n > 255:
		return e, fail("InvalidParameterValue", "Invalid value '%s' for protocol. Unknown protocol.", e.Protocol)
	}
	given := cmp.Or(aws.ToString(a.cidr), aws.ToString(a.cidr6))
	p, err := netip.ParsePrefix(given)
	if given == "" {
		return e, missing("cidrBlock")
	}
	if err != nil || p.Addr().Is4() != (aws.ToString(a.cidr) != "") {
		return e, fail("InvalidParameterValue", "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", given)
	}
	e.CIDR = p.Masked()
	switch e.Protocol {
	case "6", "17":
		if a.ports == nil || a.ports.From == nil || a.ports.To == nil {
			return e, missing("portRange")
		}
		e.From, e.To = *a.ports.From, *a.ports.To
		if e.From < 0 || e.To > 65535 || e.From > e.To {
			return e, fail("InvalidParameterValue", "Invalid TCP/UDP port range (%d,%d)", e.From, e.To)
		}
	case "1", "58":
		if a.icmp == nil || a.icmp.Type == nil || a.icmp.Code == nil {
			return e, missing("icmpTypeCode")
		}
		e.From, e.To = *a.icmp.Type, *a.icmp.Code
	}
	return e, nil
}

// entryAt is where an ACL has an entry, -1 when it has none of that number.
func entryAt(a estate.NetworkACL, number int32, egress bool) int {
	return slices.IndexFunc(a.Entries, func(e estate.ACLEntry) bool { return e.Number == number && e.Egress == egress })
}

func createNetworkAclEntry(_ context.Context, c *world.Call, in *ec2.CreateNetworkAclEntryInput) (*ec2.CreateNetworkAclEntryOutput, error) {
	a, err := allowACL(c, in.NetworkAclId, nil)
	if err != nil {
		return nil, err
	}
	e, err := aclAsk{in.RuleNumber, in.Egress, in.RuleAction, in.Protocol, in.CidrBlock, in.Ipv6CidrBlock, in.IcmpTypeCode, in.PortRange}.entry()
	if err != nil {
		return nil, err
	}
	if entryAt(a, e.Number, e.Egress) >= 0 {
		return nil, fail("NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", e.Number)
	}
	same := 0
	for _, o := range a.Entries {
		if o.Egress == e.Egress {
			same++
		}
	}
	if c.World.Limits && same >= entriesPerACL {
		return nil, fail("NetworkAclEntryLimitExceeded", "The maximum number of network ACL entries has been reached.")
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a.Entries = append(slices.Clone(a.Entries), e)
	putACL(c, a)
	return &ec2.CreateNetworkAclEntryOutput{}, nil
}

func noEntry(a estate.NetworkACL, number int32, egress bool) error {
	direction := "ingress"
	if egress {
		direction = "egress"
	}
	return fail("InvalidNetworkAclEntry.NotFound", "The network acl %s does not have an %s rule with number %d.", a.ID, direction, number)
}

func replaceNetworkAclEntry(_ context.Context, c *world.Call, in *ec2.ReplaceNetworkAclEntryInput) (*ec2.ReplaceNetworkAclEntryOutput, error) {
	a, err := allowACL(c, in.NetworkAclId, nil)
	if err != nil {
		return nil, err
	}
	e, err := aclAsk{in.RuleNumber, in.Egress, in.RuleAction, in.Protocol, in.CidrBlock, in.Ipv6CidrBlock, in.IcmpTypeCode, in.PortRange}.entry()
	if err != nil {
		return nil, err
	}
	i := entryAt(a, e.Number, e.Egress)
	if i < 0 {
		return nil, noEntry(a, e.Number, e.Egress)
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a.Entries = slices.Clone(a.Entries)
	a.Entries[i] = e
	putACL(c, a)
	return &ec2.ReplaceNetworkAclEntryOutput{}, nil
}

func deleteNetworkAclEntry(_ context.Context, c *world.Call, in *ec2.DeleteNetworkAclEntryInput) (*ec2.DeleteNetworkAclEntryOutput, error) {
	a, err := allowACL(c, in.NetworkAclId, nil)
	if err != nil {
		return nil, err
	}
	i := entryAt(a, aws.ToInt32(in.RuleNumber), aws.ToBool(in.Egress))
	if i < 0 {
		return nil, noEntry(a, aws.ToInt32(in.RuleNumber), aws.ToBool(in.Egress))
	}
	if err := allow(c, in.DryRun); err != nil {
		return nil, err
	}
	a.Entries = slices.Delete(slices.Clone(a.Entries), i, i+1)
	putACL(c, a)
	return &ec2.DeleteNetworkAclEntryOutput{}, nil
}

// aclAssociation is the identifier of a subnet's association with an ACL.
func aclAssociation(acl, subnet string) string { return world.Derived("aclassoc", acl+"/"+subnet) }

// replaceNetworkAclAssociation gives a subnet another ACL
// (API_ReplaceNetworkAclAssociation).
func replaceNetworkAclAssociation(_ context.Context, c *world.Call, in *ec2.ReplaceNetworkAclAssociationInput) (*ec2.ReplaceNetworkAclAssociationOutput, error) {
	to, err := allowACL(c, in.NetworkAclId, nil)
	if err != nil {
		return nil, err
	}
	v, _ := c.Estate().VPCs.Get(to.VPC)
	for _, from := range networkACLs(c, v) {
		i := slices.IndexFunc(from.Subnets, func(s string) bool { return aclAssociation(from.ID, s) == aws.ToString(in.AssociationId) })
		if i < 0 {
			continue
		}
		if err := allow(c, in.DryRun); err != nil {
			return nil, err
		}
		subnet := from.Subnets[i]
		if from.ID != to.ID {
			from.Subnets, to.Subnets = without(from.Subnets, subnet), append(slices.Clone(to.Subnets), subnet)
			if !from.Default {
				putACL(c, from)
			}
			if !to.Default {
				putACL(c, to)
			}
		}
		return &ec2.ReplaceNetworkAclAssociationOutput{NewAssociationId: aws.String(aclAssociation(to.ID, subnet))}, nil
	}
	return nil, fail("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", aws.ToString(in.AssociationId))
}

func describeNetworkAcls(_ context.Context, c *world.Call, in *ec2.DescribeNetworkAclsInput) (*ec2.DescribeNetworkAclsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.NetworkAcl
	for _, v := range visibleVPCs(c) {
		for _, a := range networkACLs(c, v) {
			if shown := showACL(c, a); v.Account == c.Account() || len(shown.Associations) > 0 {
				all = append(all, shown)
			}
		}
	}
	id := func(a types.NetworkAcl) string { return aws.ToString(a.NetworkAclId) }
	slices.SortFunc(all, func(a, b types.NetworkAcl) int { return cmp.Compare(id(a), id(b)) })
	page, next, err := choose(selection{"networkAclIds", in.NetworkAclIds, in.Filters, in.MaxResults, in.NextToken}, all, id,
		aclAttributes, noACL)
	return &ec2.DescribeNetworkAclsOutput{NetworkAcls: page, NextToken: next}, err
}

// aclAttributes are the filters of API_DescribeNetworkAcls.
func aclAttributes(a types.NetworkAcl) attributes {
	out := attributes{
		"association.association-id": nil, "association.network-acl-id": {aws.ToString(a.NetworkAclId)}, "association.subnet-id": nil,
		"default": yes(aws.ToBool(a.IsDefault)), "network-acl-id": {aws.ToString(a.NetworkAclId)}, "owner-id": {aws.ToString(a.OwnerId)},
		"vpc-id": {aws.ToString(a.VpcId)}, "entry.cidr": nil, "entry.icmp.code": nil, "entry.icmp.type": nil,
		"entry.ipv6-cidr": nil, "entry.port-range.from": nil, "entry.port-range.to": nil, "entry.protocol": nil,
		"entry.rule-action": nil, "entry.rule-number": nil,
	}
	add := func(name string, v *string) {
		if v != nil {
			out[name] = append(out[name], *v)
		}
	}
	for _, e := range a.Entries {
		out["entry.rule-number"] = append(out["entry.rule-number"], itoa(*e.RuleNumber))
		out["entry.rule-action"] = append(out["entry.rule-action"], string(e.RuleAction))
		add("entry.protocol", e.Protocol)
		add("entry.cidr", e.CidrBlock)
		add("entry.ipv6-cidr", e.Ipv6CidrBlock)
		if p := e.PortRange; p != nil {
			out["entry.port-range.from"] = append(out["entry.port-range.from"], itoa(*p.From))
			out["entry.port-range.to"] = append(out["entry.port-range.to"], itoa(*p.To))
		}
		if p := e.IcmpTypeCode; p != nil {
			out["entry.icmp.type"] = append(out["entry.icmp.type"], itoa(*p.Type))
			out["entry.icmp.code"] = append(out["entry.icmp.code"], itoa(*p.Code))
		}
	}
	for _, s := range a.Associations {
		add("association.association-id", s.NetworkAclAssociationId)
		add("association.subnet-id", s.SubnetId)
	}
	return out.tagged(unlist(a.Tags))
}

func showACL(c *world.Call, a estate.NetworkACL) types.NetworkAcl {
	out := types.NetworkAcl{
		NetworkAclId: aws.String(a.ID), VpcId: aws.String(a.VPC), OwnerId: aws.String(string(a.Account)), IsDefault: aws.Bool(a.Default),
	}
	if a.Account == c.Account() {
		out.Tags = list(aclTags(c, a))
	}
	entries := slices.Clone(a.Entries)
	v, _ := c.Estate().VPCs.Get(a.VPC)
	for _, egress := range []bool{true, false} {
		entries = append(entries, estate.ACLEntry{Number: aclLast, Egress: egress, Protocol: "-1", CIDR: netip.MustParsePrefix("0.0.0.0/0")})
		if slices.ContainsFunc(v.CIDRs, isSix) {
			entries = append(entries, estate.ACLEntry{Number: aclLast + 1, Egress: egress, Protocol: "-1", CIDR: netip.MustParsePrefix("::/0")})
		}
	}
	slices.SortStableFunc(entries, func(a, b estate.ACLEntry) int {
		if a.Egress != b.Egress {
			if a.Egress {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Number, b.Number)
	})
	for _, e := range entries {
		shown := types.NetworkAclEntry{
			Egress: aws.Bool(e.Egress), Protocol: aws.String(e.Protocol), RuleAction: types.RuleActionDeny, RuleNumber: aws.Int32(e.Number),
		}
		if e.Allow {
			shown.RuleAction = types.RuleActionAllow
		}
		if isSix(e.CIDR) {
			shown.Ipv6CidrBlock = aws.String(e.CIDR.String())
		} else {
			shown.CidrBlock = aws.String(e.CIDR.String())
		}
		switch e.Protocol {
		case "6", "17":
			shown.PortRange = &types.PortRange{From: aws.Int32(e.From), To: aws.Int32(e.To)}
		case "1", "58":
			shown.IcmpTypeCode = &types.IcmpTypeCode{Type: aws.Int32(e.From), Code: aws.Int32(e.To)}
		}
		out.Entries = append(out.Entries, shown)
	}
	for _, s := range a.Subnets {
		if a.Account == c.Account() || sharesSubnet(c, s) {
			out.Associations = append(out.Associations, types.NetworkAclAssociation{
				NetworkAclAssociationId: aws.String(aclAssociation(a.ID, s)), NetworkAclId: aws.String(a.ID), SubnetId: aws.String(s),
			})
		}
	}
	return out
}
