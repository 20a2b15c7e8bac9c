package awsapi

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// readSecurityGroups reads the account's own security groups with their rules.
func (c *caller) readSecurityGroups(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.SecurityGroup
	pages := ec2.NewDescribeSecurityGroupsPaginator(c.ec2(q.Account, q.Region), &ec2.DescribeSecurityGroupsInput{MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.SecurityGroups {
			if others(q, g.OwnerId) {
				continue
			}
			one := estate.SecurityGroup{
				ID: aws.ToString(g.GroupId), Account: q.Account, Region: q.Region, VPC: aws.ToString(g.VpcId),
				Name: aws.ToString(g.GroupName), Description: aws.ToString(g.Description), Tags: ec2Tags(g.Tags),
			}
			for _, side := range []struct {
				egress bool
				list   []types.IpPermission
			}{{false, g.IpPermissions}, {true, g.IpPermissionsEgress}} {
				for _, p := range side.list {
					rules, err := groupRules(one.ID, side.egress, p)
					if err != nil {
						return nil, err
					}
					one.Rules = append(one.Rules, rules...)
				}
			}
			slices.SortFunc(one.Rules, compareRules)
			found = append(found, one)
		}
	}
	return func(e *estate.Estate) { replaceRegion(&e.SecurityGroups, q, found) }, nil
}

func compareRules(a, b estate.GroupRule) int {
	side := func(r estate.GroupRule) string {
		return fmt.Sprint(r.Egress, r.Protocol, " ", r.CIDR, r.PrefixList, r.Group)
	}
	return cmp.Or(cmp.Compare(side(a), side(b)), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

// groupRules takes a permission apart, which has many other sides.
func groupRules(id string, egress bool, p types.IpPermission) ([]estate.GroupRule, error) {
	base := estate.GroupRule{Egress: egress, Protocol: aws.ToString(p.IpProtocol), From: -1, To: -1}
	if p.FromPort != nil {
		base.From = *p.FromPort
	}
	if p.ToPort != nil {
		base.To = *p.ToPort
	}
	var out []estate.GroupRule
	add := func(description *string, set func(*estate.GroupRule)) {
		r := base
		r.Description = aws.ToString(description)
		set(&r)
		out = append(out, r)
	}
	ranges := func(cidr, description *string) error {
		list, err := prefixes("a rule of "+id, cidr)
		for _, c := range list {
			add(description, func(r *estate.GroupRule) { r.CIDR = c })
		}
		return err
	}
	for _, r := range p.IpRanges {
		if err := ranges(r.CidrIp, r.Description); err != nil {
			return nil, err
		}
	}
	for _, r := range p.Ipv6Ranges {
		if err := ranges(r.CidrIpv6, r.Description); err != nil {
			return nil, err
		}
	}
	for _, l := range p.PrefixListIds {
		add(l.Description, func(r *estate.GroupRule) { r.PrefixList = aws.ToString(l.PrefixListId) })
	}
	for _, g := range p.UserIdGroupPairs {
		add(g.Description, func(r *estate.GroupRule) { r.Group = aws.ToString(g.GroupId) })
	}
	return out, nil
}

var securityGroupBinding = binding{
	reads:   []estate.QueryKind{estate.QuerySecurityGroups},
	do:      (*Writer).doSecurityGroup,
	settled: (*Writer).groupSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayMake(plan.KindSecurityGroup)},
		plan.Update: {plan.MayMake(plan.KindSecurityGroup)},
		plan.Delete: {plan.MayMake(plan.KindSecurityGroup)},
		plan.Await:  {plan.MayLimitEgress},
	},
}

func (w *Writer) doSecurityGroup(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.ec2(s.Account, s.Region)
	switch s.Action {
	case plan.Create:
		id, err := w.createGroup(ctx, client, s)
		if err != nil {
			return nil, err
		}
		return plan.Attributes{"id": {id}}, w.admit(ctx, client, id, *s.Object)
	case plan.Update:
		return plan.Attributes{"id": {s.ID}}, w.admit(ctx, client, s.ID, *s.Object)
	case plan.Delete:
		return plan.Attributes{"id": {s.ID}}, w.deleteGroup(ctx, client, s)
	case plan.Await:
		return plan.Attributes{"id": {s.ID}}, nil
	}
	return nil, impossible(s)
}

// createGroup makes a group. Its name is free once in a VPC, so that a repeated
// request is refused: then the group with our mark is the one.
func (w *Writer) createGroup(ctx context.Context, client *ec2.Client, s plan.Step) (string, error) {
	out, err := client.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		VpcId: aws.String(s.Object.One("vpc")), GroupName: aws.String(s.Object.One("name")), Description: aws.String(s.Object.One("description")),
		TagSpecifications: specified(types.ResourceTypeSecurityGroup, plan.Marks(w.opt.Owner, s.Address)),
	})
	if err == nil {
		return aws.ToString(out.GroupId), nil
	}
	if Code(err) != "InvalidGroup.Duplicate" {
		return "", err
	}
	filters := append(w.marked(s), types.Filter{Name: aws.String("vpc-id"), Values: []string{s.Object.One("vpc")}})
	found, readErr := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filters})
	if readErr != nil {
		return "", readErr
	}
	for _, g := range found.SecurityGroups {
		if aws.ToString(g.GroupName) == s.Object.One("name") {
			return aws.ToString(g.GroupId), nil
		}
	}
	return "", hinted(err, "the VPC has a security group of that name that is not ours; rename or delete it")
}

// admit brings the rules of both sides to those that are wanted, as far as they
// are.
func (w *Writer) admit(ctx context.Context, client *ec2.Client, id string, o plan.ObjectStep) error {
	for _, side := range []string{"ingress", "egress"} {
		if _, wanted := o.Fields[side]; wanted {
			if err := w.admitSide(ctx, client, id, o, side); err != nil {
				return err
			}
		}
	}
	return nil
}

// admitSide brings the rules of one side to those that are wanted, of which the
// group may have some already, in a call to admit and one to revoke. A group is
// made with a rule that lets everything out, which no plan has seen: on that side
// whatever else is open goes.
func (w *Writer) admitSide(ctx context.Context, client *ec2.Client, id string, o plan.ObjectStep, side string) error {
	var group types.SecurityGroup
	err := w.outlast(ctx, ec2Appearance, absent, func() error {
		out, err := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
		if err == nil && len(out.SecurityGroups) > 0 {
			group = out.SecurityGroups[0]
		}
		return err
	})
	if err != nil {
		return err
	}
	egress := side == "egress"
	standing := group.IpPermissions
	if egress {
		standing = group.IpPermissionsEgress
	}
	have := map[string]bool{}
	var revoke []estate.GroupRule
	for _, p := range standing {
		rules, err := groupRules(id, egress, p)
		if err != nil {
			return err
		}
		for _, r := range rules {
			key := ruleKey(r)
			have[key] = have[key] || r.From == r.To
			goes := slices.Contains(o.Removed(side), key) || egress && !slices.Contains(o.Fields[side], key)
			if r.CIDR.IsValid() && goes {
				revoke = append(revoke, r)
			}
		}
	}
	var add []estate.GroupRule
	for _, f := range o.Fields[side] {
		if have[f] {
			continue
		}
		r, err := groupRule(f)
		if err != nil {
			return err
		}
		add = append(add, r)
	}
	err = authorizeRules(ctx, client, id, egress, add)
	if Code(err) == "RulesPerSecurityGroupLimitExceeded" && len(revoke) > 0 {
		return exchangeRules(ctx, client, id, egress, add, revoke)
	}
	if err != nil {
		return err
	}
	return revokeRules(ctx, client, id, egress, revoke)
}

// exchangeRules admits and revokes in a group that has no room for what comes
// beside what goes: one rule after another, first those that take the place of
// others. A rule goes once all that is wanted of its range is admitted, so that
// nobody is kept out meanwhile.
func exchangeRules(ctx context.Context, client *ec2.Client, id string, egress bool, add, revoke []estate.GroupRule) error {
	alike := func(a, b estate.GroupRule) bool {
		return a.Protocol == b.Protocol && a.From == b.From && a.CIDR.Overlaps(b.CIDR)
	}
	replaces := func(r estate.GroupRule) int {
		n := 0
		for _, g := range revoke {
			if alike(r, g) && r.CIDR.Bits() <= g.CIDR.Bits() {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(add, func(a, b estate.GroupRule) int {
		return cmp.Or(cmp.Compare(replaces(b), replaces(a)), a.CIDR.Compare(b.CIDR))
	})
	for ; ; add = add[1:] {
		var gone, stay []estate.GroupRule
		for _, g := range revoke {
			if slices.ContainsFunc(add, func(r estate.GroupRule) bool { return alike(r, g) }) {
				stay = append(stay, g)
			} else {
				gone = append(gone, g)
			}
		}
		if err := revokeRules(ctx, client, id, egress, gone); err != nil || len(add) == 0 {
			return err
		}
		revoke = stay
		if err := authorizeRules(ctx, client, id, egress, add[:1:1]); err != nil {
			return err
		}
	}
}

// authorizeRules admits, and revokeRules takes back. A call that was repeated
// after its answer was lost was done before.
func authorizeRules(ctx context.Context, client *ec2.Client, id string, egress bool, rules []estate.GroupRule) (err error) {
	switch list := permissions(rules); {
	case len(list) == 0:
	case egress:
		_, err = client.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &id, IpPermissions: list})
	default:
		_, err = client.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &id, IpPermissions: list})
	}
	if Code(err) == "InvalidPermission.Duplicate" {
		return nil
	}
	return err
}

func revokeRules(ctx context.Context, client *ec2.Client, id string, egress bool, rules []estate.GroupRule) (err error) {
	switch list := permissions(rules); {
	case len(list) == 0:
	case egress:
		_, err = client.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &id, IpPermissions: list})
	default:
		_, err = client.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &id, IpPermissions: list})
	}
	if Code(err) == "InvalidPermission.NotFound" {
		return nil
	}
	return err
}

// groupSettled asks, where a group is waited for, whether Lambda has let go of the
// network interfaces of its function.
func (w *Writer) groupSettled(ctx context.Context, s plan.Step, _ plan.Attributes) (bool, error) {
	if s.Action != plan.Await {
		return true, nil
	}
	left, err := w.ec2(s.Account, s.Region).DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{s.ID}}},
	})
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(left.NetworkInterfaces, func(n types.NetworkInterface) bool { return n.InterfaceType == types.NetworkInterfaceTypeLambda }), nil
}

// deleteGroup deletes a group once nothing uses it any more.
func (w *Writer) deleteGroup(ctx context.Context, client *ec2.Client, s plan.Step) error {
	err := w.outlast(ctx, ec2Release, coded("DependencyViolation"), func() error {
		_, err := client.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &s.ID})
		return err
	})
	if absent(err) {
		err = nil
	}
	if Code(err) == "DependencyViolation" {
		err = hinted(err, "take it first off what uses it: endpoints, instances, functions, rules of other groups")
	}
	return err
}

// ruleKey is a rule as plan.KindSecurityGroup's fields have it.
func ruleKey(r estate.GroupRule) string {
	return fmt.Sprintf("%s %d %s", r.Protocol, r.From, r.CIDR)
}

func groupRule(field string) (estate.GroupRule, error) {
	bad := fmt.Errorf("rule %q is not of the form %q", field, "tcp 443 10.0.0.0/8")
	parts := strings.Fields(field)
	if len(parts) != 3 {
		return estate.GroupRule{}, bad
	}
	port, err := strconv.ParseInt(parts[1], 10, 32)
	if err != nil {
		return estate.GroupRule{}, bad
	}
	cidr, err := netip.ParsePrefix(parts[2])
	if err != nil {
		return estate.GroupRule{}, bad
	}
	return estate.GroupRule{Protocol: parts[0], From: int32(port), To: int32(port), CIDR: cidr}, nil
}

// permissions puts rules of the same protocol and ports together.
func permissions(rules []estate.GroupRule) []types.IpPermission {
	slices.SortFunc(rules, func(a, b estate.GroupRule) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), a.CIDR.Compare(b.CIDR))
	})
	var out []types.IpPermission
	for i, r := range rules {
		if i == 0 || r.Protocol != rules[i-1].Protocol || r.From != rules[i-1].From || r.To != rules[i-1].To {
			p := types.IpPermission{IpProtocol: aws.String(r.Protocol)}
			if r.Protocol != "-1" { // all protocols have all ports
				p.FromPort, p.ToPort = aws.Int32(r.From), aws.Int32(r.To)
			}
			out = append(out, p)
		}
		last := &out[len(out)-1]
		if r.CIDR.Addr().Is4() {
			last.IpRanges = append(last.IpRanges, types.IpRange{CidrIp: aws.String(r.CIDR.String())})
		} else {
			last.Ipv6Ranges = append(last.Ipv6Ranges, types.Ipv6Range{CidrIpv6: aws.String(r.CIDR.String())})
		}
	}
	return out
}
