package resolver

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Priorities of a rule group in a VPC (API_route53resolver_AssociateFirewallRuleGroup).
const (
	leastPriority = 100
	mostPriority  = 9900
)

// rules holds what is said of a rule besides the estate, by group and priority.
var rules = world.Private[ruleMore]{Name: "resolver.firewallRules"}

type ruleMore struct {
	name, request, list string
	created, modified   time.Time
}

func ruleKey(group string, priority int32) string { return fmt.Sprintf("%s/%d", group, priority) }

func createFirewallRuleGroup(_ context.Context, c *world.Call, in *sdk.CreateFirewallRuleGroupInput) (*sdk.CreateFirewallRuleGroupOutput, error) {
	tags := tagsOf(in.Tags)
	if err := allow(c, myARN(c, kindGroup, "*"), nil, tags); err != nil {
		return nil, err
	}
	// The operation has no ResourceExistsException.
	if once(c, "Firewall rule group", in.CreatorRequestId) != nil {
		return nil, validation("Firewall rule group with creator request ID '%s' already exists", *in.CreatorRequestId)
	}
	if err := checkTags(c, tags); err != nil {
		return nil, err
	}
	if over(c, c.Estate().FirewallGroups.By(estate.ByRegion(c.Account(), c.Region)), groupQuota) {
		return nil, exceeded(c, "max-rule-groups")
	}
	g := estate.FirewallGroup{ID: newID(c, "rslvr-frg"), Account: c.Account(), Region: c.Region, Tags: tags}
	c.Estate().FirewallGroups.Put(g)
	remember(c, g.ID, in.CreatorRequestId, aws.ToString(in.Name))
	return &sdk.CreateFirewallRuleGroupOutput{FirewallRuleGroup: showGroup(c, g)}, nil
}

func showGroup(c *world.Call, g estate.FirewallGroup) *types.FirewallRuleGroup {
	m, _ := moreTable.Get(c.State, g.ID)
	if m.name == "" {
		m.name = g.ID
	}
	return &types.FirewallRuleGroup{
		Id: &g.ID, Arn: aws.String(g.ARN()), Name: &m.name, OwnerId: aws.String(string(g.Account)), RuleCount: aws.Int32(int32(len(g.Rules))), CreatorRequestId: &m.request,
		ShareStatus: shareStatus(c, g.ARN(), g.Account), Status: types.FirewallRuleGroupStatusComplete, StatusMessage: aws.String(""),
		CreationTime: stamp(m.created), ModificationTime: stamp(m.modified),
	}
}

// seenGroup asks for the permission to do the operation on a rule group, and
// finds it: the caller's own, or one that is shared with it.
func seenGroup(c *world.Call, id *string, given estate.Tags) (estate.FirewallGroup, error) {
	g, ok := c.Estate().FirewallGroups.Get(aws.ToString(id))
	ok = ok && g.Region == c.Region && c.Lent(g.ARN(), g.Account)
	resource := myARN(c, kindGroup, aws.ToString(id))
	var tags estate.Tags
	if ok {
		if resource = g.ARN(); g.Account == c.Account() {
			tags = g.Tags
		}
	}
	if err := allow(c, resource, tags, given); err != nil {
		return g, err
	}
	if !ok {
		return g, missing("Firewall rule group", aws.ToString(id))
	}
	return g, nil
}

// ownGroup is seenGroup for what only the owner may do.
func ownGroup(c *world.Call, id *string) (estate.FirewallGroup, error) {
	g, err := seenGroup(c, id, nil)
	if err == nil && g.Account != c.Account() {
		err = notOwner("Firewall rule group", g.ID, g.Account)
	}
	return g, err
}

func getFirewallRuleGroup(_ context.Context, c *world.Call, in *sdk.GetFirewallRuleGroupInput) (*sdk.GetFirewallRuleGroupOutput, error) {
	g, err := seenGroup(c, in.FirewallRuleGroupId, nil)
	if err != nil {
		return nil, err
	}
	return &sdk.GetFirewallRuleGroupOutput{FirewallRuleGroup: showGroup(c, g)}, nil
}

func listFirewallRuleGroups(_ context.Context, c *world.Call, in *sdk.ListFirewallRuleGroupsInput) (*sdk.ListFirewallRuleGroupsOutput, error) {
	if err := allow(c, myARN(c, kindGroup, "*"), nil, nil); err != nil {
		return nil, err
	}
	groups := append(slices.Collect(c.Estate().FirewallGroups.By(estate.ByRegion(c.Account(), c.Region))),
		lent(c, c.Estate().FirewallGroups, kindGroup, func(g estate.FirewallGroup) (string, estate.AccountID, estate.Region) {
			return g.ARN(), g.Account, g.Region
		})...)
	var all []types.FirewallRuleGroupMetadata
	for _, g := range groups {
		s := showGroup(c, g)
		all = append(all, types.FirewallRuleGroupMetadata{Id: s.Id, Arn: s.Arn, Name: s.Name, OwnerId: s.OwnerId, ShareStatus: s.ShareStatus, CreatorRequestId: s.CreatorRequestId})
	}
	list, next, err := page(all, func(g types.FirewallRuleGroupMetadata) string { return *g.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListFirewallRuleGroupsOutput{FirewallRuleGroups: list, NextToken: next}, err
}

func deleteFirewallRuleGroup(_ context.Context, c *world.Call, in *sdk.DeleteFirewallRuleGroupInput) (*sdk.DeleteFirewallRuleGroupOutput, error) {
	g, err := ownGroup(c, in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	if a, ok := estate.First(c.Estate().FirewallAssociations.By("group/" + g.ID)); ok {
		return nil, conflict("Firewall rule group '%s' is associated with VPC '%s'.", g.ID, a.VPC)
	}
	if m, ok := estate.First(c.Estate().ProfileResources.By(estate.ByMember(g.ARN()))); ok {
		return nil, &world.Undocumented{Rule: "resolver.inProfile", Err: conflict("Firewall rule group '%s' is associated with Profile '%s'.", g.ID, m.Profile)}
	}
	out := showGroup(c, g)
	out.Status = types.FirewallRuleGroupStatusDeleting
	for _, r := range g.Rules {
		rules.Delete(c.State, ruleKey(g.ID, r.Priority))
	}
	c.Estate().FirewallGroups.Delete(g.ID)
	forget(c, g.ID, g.ARN())
	return &sdk.DeleteFirewallRuleGroupOutput{FirewallRuleGroup: out}, nil
}

func getFirewallRuleGroupPolicy(_ context.Context, c *world.Call, in *sdk.GetFirewallRuleGroupPolicyInput) (*sdk.GetFirewallRuleGroupPolicyOutput, error) {
	doc, err := sharingPolicy(c, aws.ToString(in.Arn), kindGroup, []string{"GetFirewallRuleGroup", "ListFirewallRuleGroups", "AssociateFirewallRuleGroup", "DisassociateFirewallRuleGroup"})
	return &sdk.GetFirewallRuleGroupPolicyOutput{FirewallRuleGroupPolicy: doc}, err
}

func putFirewallRuleGroupPolicy(_ context.Context, c *world.Call, in *sdk.PutFirewallRuleGroupPolicyInput) (*sdk.PutFirewallRuleGroupPolicyOutput, error) {
	return nil, putPolicy(c, aws.ToString(in.Arn), kindGroup)
}

// queryTypes are those that a rule can be for, by name; others are by number.
var queryTypes = []string{"A", "AAAA", "CAA", "CNAME", "DS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "TXT"}

var numbered = regexp.MustCompile(`^TYPE([0-9]{1,5})$`)

func checkType(s string) error {
	if s == "" || slices.Contains(queryTypes, s) {
		return nil
	}
	if m := numbered.FindStringSubmatch(s); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n >= 1 && n <= 65534 {
			return nil
		}
	}
	return validation("The query type '%s' is not valid.", s)
}

// settingsOf are what a rule does, as requests have them.
type settingsOf struct {
	action   types.Action
	block    types.BlockResponse
	override *string
	kind     types.BlockOverrideDnsType
	ttl      *int32
	redirect types.FirewallDomainRedirectionAction
}

// apply puts settings on a rule; what blocks says how, and what it overrides
// with (API_route53resolver_CreateFirewallRule).
func (s settingsOf) apply(r estate.FirewallRule) (estate.FirewallRule, error) {
	if s.action != "" {
		r.Action = string(s.action)
	}
	if s.redirect != "" {
		r.FirstOnly = s.redirect == types.FirewallDomainRedirectionActionTrustRedirectionDomain
	}
	if r.Action != estate.FirewallBlock {
		r.Block, r.Override, r.OverrideTTL = "", dnsname.Name{}, 0
		return r, nil
	}
	if s.block != "" {
		r.Block = string(s.block)
	}
	switch {
	case r.Block == "":
		return r, validation("A rule with the action BLOCK needs BlockResponse.")
	case r.Block != estate.FirewallOverride:
		r.Override, r.OverrideTTL = dnsname.Name{}, 0
		return r, nil
	case s.block == "" && s.override == nil && s.ttl == nil:
		return r, nil // as before
	case s.override == nil || s.kind == "" || s.ttl == nil:
		return r, validation("A rule with the block response OVERRIDE needs BlockOverrideDomain, BlockOverrideDnsType and BlockOverrideTtl.")
	}
	n, err := dnsname.Parse(*s.override)
	if err != nil {
		return r, validation("The domain '%s' is not valid.", *s.override)
	}
	r.Override, r.OverrideTTL = n, uint32(*s.ttl)
	return r, nil
}

func createFirewallRule(_ context.Context, c *world.Call, in *sdk.CreateFirewallRuleInput) (*sdk.CreateFirewallRuleOutput, error) {
	g, err := ownGroup(c, in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	if in.DnsThreatProtection != "" || in.ConfidenceThreshold != "" || in.FirewallRuleType != nil {
		return nil, c.Unsupported("DnsThreatProtection")
	}
	l, ok := myLists(c)[aws.ToString(in.FirewallDomainListId)]
	if !ok {
		return nil, missing("Firewall domain list", aws.ToString(in.FirewallDomainListId))
	}
	if err := checkType(aws.ToString(in.Qtype)); err != nil {
		return nil, err
	}
	if c.World.Limits && len(g.Rules) >= groupRuleQuota {
		return nil, exceeded(c, "max-rules-per-rule-group")
	}
	r := estate.FirewallRule{Priority: aws.ToInt32(in.Priority), Domains: l.domains, Type: aws.ToString(in.Qtype)}
	if r, err = (settingsOf{in.Action, in.BlockResponse, in.BlockOverrideDomain, in.BlockOverrideDnsType, in.BlockOverrideTtl, in.FirewallDomainRedirectionAction}).apply(r); err != nil {
		return nil, err
	}
	for _, o := range g.Rules {
		if listOf(c, g, o) == l.id && o.Type == r.Type {
			return nil, validation("Firewall rule group '%s' has a rule with the domain list '%s' and this query type.", g.ID, l.id)
		}
	}
	if err := free(g, r.Priority); err != nil {
		return nil, err
	}
	g.Rules = append(slices.Clone(g.Rules), r)
	putRules(c, g)
	rules.Put(c.State, ruleKey(g.ID, r.Priority), ruleMore{name: aws.ToString(in.Name), request: aws.ToString(in.CreatorRequestId), list: l.id, created: c.Now, modified: c.Now})
	return &sdk.CreateFirewallRuleOutput{FirewallRule: showFirewallRule(c, g, r)}, nil
}

// free refuses a priority that another rule of the group has.
func free(g estate.FirewallGroup, priority int32) error {
	if slices.ContainsFunc(g.Rules, func(r estate.FirewallRule) bool { return r.Priority == priority }) {
		return validation("Firewall rule group '%s' has a rule with the priority %d.", g.ID, priority)
	}
	return nil
}

// putRules stores a group with its rules in order.
func putRules(c *world.Call, g estate.FirewallGroup) {
	slices.SortFunc(g.Rules, func(a, b estate.FirewallRule) int { return int(a.Priority) - int(b.Priority) })
	c.Estate().FirewallGroups.Put(g)
	touch(c, g.ID, nil)
}

func showFirewallRule(c *world.Call, g estate.FirewallGroup, r estate.FirewallRule) *types.FirewallRule {
	m, _ := rules.Get(c.State, ruleKey(g.ID, r.Priority))
	if m.name == "" {
		m.name = ruleKey(g.ID, r.Priority)
	}
	out := &types.FirewallRule{
		FirewallRuleGroupId: &g.ID, FirewallDomainListId: aws.String(listOf(c, g, r)), Name: aws.String(strings.ReplaceAll(m.name, "/", "-")), CreatorRequestId: &m.request,
		Priority: &r.Priority, Action: types.Action(r.Action), BlockResponse: types.BlockResponse(r.Block), Qtype: some(r.Type),
		FirewallDomainRedirectionAction: types.FirewallDomainRedirectionActionInspectRedirectionDomain, CreationTime: stamp(m.created), ModificationTime: stamp(m.modified),
	}
	if r.FirstOnly {
		out.FirewallDomainRedirectionAction = types.FirewallDomainRedirectionActionTrustRedirectionDomain
	}
	if r.Block == estate.FirewallOverride {
		out.BlockOverrideDnsType = types.BlockOverrideDnsTypeCname
		out.BlockOverrideDomain, out.BlockOverrideTtl = aws.String(r.Override.FQDN()), aws.Int32(int32(r.OverrideTTL))
	}
	return out
}

// findRule finds a rule by its list and query type.
func findRule(c *world.Call, g estate.FirewallGroup, list, kind *string) (int, error) {
	i := slices.IndexFunc(g.Rules, func(r estate.FirewallRule) bool {
		return listOf(c, g, r) == aws.ToString(list) && r.Type == aws.ToString(kind)
	})
	if i < 0 {
		return i, missing("Firewall rule with the domain list", aws.ToString(list))
	}
	return i, nil
}

func updateFirewallRule(_ context.Context, c *world.Call, in *sdk.UpdateFirewallRuleInput) (*sdk.UpdateFirewallRuleOutput, error) {
	g, err := ownGroup(c, in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	if in.DnsThreatProtection != "" || in.ConfidenceThreshold != "" || in.FirewallRuleType != nil || in.FirewallThreatProtectionId != nil {
		return nil, c.Unsupported("DnsThreatProtection")
	}
	i, err := findRule(c, g, in.FirewallDomainListId, in.Qtype)
	if err != nil {
		return nil, err
	}
	r := g.Rules[i]
	key := ruleKey(g.ID, r.Priority)
	m, ok := rules.Get(c.State, key)
	if !ok {
		m.list = listOf(c, g, r)
	}
	if r, err = (settingsOf{in.Action, in.BlockResponse, in.BlockOverrideDomain, in.BlockOverrideDnsType, in.BlockOverrideTtl, in.FirewallDomainRedirectionAction}).apply(r); err != nil {
		return nil, err
	}
	if in.Priority != nil && *in.Priority != r.Priority {
		if err := free(g, *in.Priority); err != nil {
			return nil, err
		}
		r.Priority = *in.Priority
		rules.Delete(c.State, key)
	}
	if in.Name != nil {
		m.name = *in.Name
	}
	m.modified = c.Now
	rules.Put(c.State, ruleKey(g.ID, r.Priority), m)
	g.Rules = slices.Clone(g.Rules)
	g.Rules[i] = r
	putRules(c, g)
	return &sdk.UpdateFirewallRuleOutput{FirewallRule: showFirewallRule(c, g, r)}, nil
}

func deleteFirewallRule(_ context.Context, c *world.Call, in *sdk.DeleteFirewallRuleInput) (*sdk.DeleteFirewallRuleOutput, error) {
	g, err := ownGroup(c, in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	if in.FirewallThreatProtectionId != nil {
		return nil, c.Unsupported("FirewallThreatProtectionId")
	}
	i, err := findRule(c, g, in.FirewallDomainListId, in.Qtype)
	if err != nil {
		return nil, err
	}
	r := g.Rules[i]
	out := showFirewallRule(c, g, r)
	g.Rules = slices.Delete(slices.Clone(g.Rules), i, i+1)
	putRules(c, g)
	rules.Delete(c.State, ruleKey(g.ID, r.Priority))
	return &sdk.DeleteFirewallRuleOutput{FirewallRule: out}, nil
}

func listFirewallRules(_ context.Context, c *world.Call, in *sdk.ListFirewallRulesInput) (*sdk.ListFirewallRulesOutput, error) {
	g, err := ownGroup(c, in.FirewallRuleGroupId)
	if err != nil {
		return nil, err
	}
	var all []types.FirewallRule
	for _, r := range g.Rules {
		if (in.Action == "" || string(in.Action) == r.Action) && (in.Priority == nil || *in.Priority == r.Priority) {
			all = append(all, *showFirewallRule(c, g, r))
		}
	}
	list, next, err := page(all, func(r types.FirewallRule) string { return fmt.Sprintf("%010d", *r.Priority) }, in.MaxResults, in.NextToken)
	return &sdk.ListFirewallRulesOutput{FirewallRules: list, NextToken: next}, err
}

// protection is of the associations that may not be changed, by ID.
var protection = world.Private[types.MutationProtectionStatus]{Name: "resolver.mutationProtection"}

func showGroupAssociation(c *world.Call, a estate.FirewallAssociation) *types.FirewallRuleGroupAssociation {
	m, _ := moreTable.Get(c.State, a.ID)
	if m.name == "" {
		m.name = a.ID
	}
	protected, ok := protection.Get(c.State, a.ID)
	if !ok {
		protected = types.MutationProtectionStatusDisabled
	}
	return &types.FirewallRuleGroupAssociation{
		Id: &a.ID, Arn: aws.String(myARN(c, kindGroupAssociation, a.ID)), FirewallRuleGroupId: &a.Group, VpcId: &a.VPC, Name: &m.name, Priority: &a.Priority, CreatorRequestId: &m.request,
		MutationProtection: protected, Status: types.FirewallRuleGroupAssociationStatusComplete, StatusMessage: aws.String(""),
		CreationTime: stamp(m.created), ModificationTime: stamp(m.modified),
	}
}

// guarded are the rule groups in effect in a VPC; those that were unshared go.
func guarded(c *world.Call, v estate.VPC) []estate.FirewallAssociation {
	e := c.Estate()
	var out []estate.FirewallAssociation
	var dead []string
	for a := range e.FirewallAssociations.By(estate.ByVPC(v.ID)) {
		if g, ok := e.FirewallGroups.Get(a.Group); ok && !e.Lends(g.ARN(), g.Account, v.Account) || !ok && e.Closed() {
			dead = append(dead, a.ID)
			continue
		}
		out = append(out, a)
	}
	e.FirewallAssociations.Delete(dead...)
	return out
}

func checkPriority(priority int32) error {
	if priority < leastPriority || priority > mostPriority {
		return validation("The priority of a rule group in a VPC is between %d and %d.", leastPriority, mostPriority)
	}
	return nil
}

func associateFirewallRuleGroup(_ context.Context, c *world.Call, in *sdk.AssociateFirewallRuleGroupInput) (*sdk.AssociateFirewallRuleGroupOutput, error) {
	tags := tagsOf(in.Tags)
	g, err := seenGroup(c, in.FirewallRuleGroupId, tags)
	if err != nil {
		return nil, err
	}
	v, ok := ownVPC(c, aws.ToString(in.VpcId))
	if !ok {
		return nil, missing("VPC", aws.ToString(in.VpcId))
	}
	// The operation has no ResourceExistsException.
	if once(c, "Firewall rule group association", in.CreatorRequestId) != nil {
		return nil, validation("Firewall rule group association with creator request ID '%s' already exists", *in.CreatorRequestId)
	}
	if err := checkTags(c, tags); err != nil {
		return nil, err
	}
	a := estate.FirewallAssociation{Group: g.ID, VPC: v.ID, Priority: aws.ToInt32(in.Priority)}
	if err := checkPriority(a.Priority); err != nil {
		return nil, err
	}
	all := guarded(c, v)
	for _, o := range all {
		if o.Group == g.ID {
			return nil, conflict("Firewall rule group '%s' is already associated with VPC '%s'.", g.ID, v.ID)
		}
		if o.Priority == a.Priority {
			return nil, validation("VPC '%s' has a rule group with the priority %d.", v.ID, a.Priority)
		}
	}
	if c.World.Limits && len(all) >= groupVPCQuota {
		return nil, exceeded(c, "max-rule-groups-per-vpc")
	}
	a.ID = newID(c, "rslvr-frgassoc")
	c.Estate().FirewallAssociations.Put(a)
	remember(c, a.ID, in.CreatorRequestId, aws.ToString(in.Name))
	if in.MutationProtection != "" {
		protection.Put(c.State, a.ID, in.MutationProtection)
	}
	if len(tags) > 0 {
		world.Tags.Put(c.State, myARN(c, kindGroupAssociation, a.ID), tags)
	}
	return &sdk.AssociateFirewallRuleGroupOutput{FirewallRuleGroupAssociation: showGroupAssociation(c, a)}, nil
}

// ownGroupAssociation finds an association with a VPC of the caller's.
func ownGroupAssociation(c *world.Call, id string) (estate.FirewallAssociation, bool) {
	a, ok := c.Estate().FirewallAssociations.Get(id)
	v, mine := ownVPC(c, a.VPC)
	return a, ok && mine && slices.Contains(guarded(c, v), a)
}

// allowedAssociation asks for the permission to do the operation on one, and
// finds it.
func allowedAssociation(c *world.Call, id *string) (estate.FirewallAssociation, error) {
	resource := myARN(c, kindGroupAssociation, aws.ToString(id))
	tags, _ := world.Tags.Get(c.State, resource)
	if err := allow(c, resource, tags, nil); err != nil {
		return estate.FirewallAssociation{}, err
	}
	a, ok := ownGroupAssociation(c, aws.ToString(id))
	if !ok {
		return a, missing("Firewall rule group association", aws.ToString(id))
	}
	return a, nil
}

func getFirewallRuleGroupAssociation(_ context.Context, c *world.Call, in *sdk.GetFirewallRuleGroupAssociationInput) (*sdk.GetFirewallRuleGroupAssociationOutput, error) {
	a, err := allowedAssociation(c, in.FirewallRuleGroupAssociationId)
	if err != nil {
		return nil, err
	}
	return &sdk.GetFirewallRuleGroupAssociationOutput{FirewallRuleGroupAssociation: showGroupAssociation(c, a)}, nil
}

func listFirewallRuleGroupAssociations(_ context.Context, c *world.Call, in *sdk.ListFirewallRuleGroupAssociationsInput) (*sdk.ListFirewallRuleGroupAssociationsOutput, error) {
	if err := allow(c, myARN(c, kindGroupAssociation, "*"), nil, nil); err != nil {
		return nil, err
	}
	var all []types.FirewallRuleGroupAssociation
	for v := range c.Estate().VPCs.By(estate.ByRegion(c.Account(), c.Region)) {
		for _, a := range guarded(c, v) {
			s := showGroupAssociation(c, a)
			if (in.FirewallRuleGroupId == nil || *in.FirewallRuleGroupId == a.Group) && (in.VpcId == nil || *in.VpcId == a.VPC) &&
				(in.Priority == nil || *in.Priority == a.Priority) && (in.Status == "" || in.Status == s.Status) {
				all = append(all, *s)
			}
		}
	}
	list, next, err := page(all, func(a types.FirewallRuleGroupAssociation) string { return *a.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListFirewallRuleGroupAssociationsOutput{FirewallRuleGroupAssociations: list, NextToken: next}, err
}

// updateFirewallRuleGroupAssociation changes an association; a protected one
// must lose its protection first.
func updateFirewallRuleGroupAssociation(_ context.Context, c *world.Call, in *sdk.UpdateFirewallRuleGroupAssociationInput) (*sdk.UpdateFirewallRuleGroupAssociationOutput, error) {
	a, err := allowedAssociation(c, in.FirewallRuleGroupAssociationId)
	if err != nil {
		return nil, err
	}
	if p, _ := protection.Get(c.State, a.ID); p == types.MutationProtectionStatusEnabled && in.MutationProtection != types.MutationProtectionStatusDisabled {
		return nil, protected(a)
	}
	if in.Priority != nil {
		if err := checkPriority(*in.Priority); err != nil {
			return nil, err
		}
		for o := range c.Estate().FirewallAssociations.By(estate.ByVPC(a.VPC)) {
			if o.ID != a.ID && o.Priority == *in.Priority {
				return nil, validation("VPC '%s' has a rule group with the priority %d.", a.VPC, o.Priority)
			}
		}
		a.Priority = *in.Priority
	}
	if in.MutationProtection != "" {
		protection.Put(c.State, a.ID, in.MutationProtection)
	}
	c.Estate().FirewallAssociations.Put(a)
	touch(c, a.ID, func(m *more) {
		if in.Name != nil {
			m.name = *in.Name
		}
	})
	return &sdk.UpdateFirewallRuleGroupAssociationOutput{FirewallRuleGroupAssociation: showGroupAssociation(c, a)}, nil
}

func protected(a estate.FirewallAssociation) error {
	return validation("The association '%s' has mutation protection, and cannot be changed or removed.", a.ID)
}

func disassociateFirewallRuleGroup(_ context.Context, c *world.Call, in *sdk.DisassociateFirewallRuleGroupInput) (*sdk.DisassociateFirewallRuleGroupOutput, error) {
	a, err := allowedAssociation(c, in.FirewallRuleGroupAssociationId)
	if err != nil {
		return nil, err
	}
	if p, _ := protection.Get(c.State, a.ID); p == types.MutationProtectionStatusEnabled {
		return nil, protected(a)
	}
	out := showGroupAssociation(c, a)
	out.Status = types.FirewallRuleGroupAssociationStatusDeleting
	c.Estate().FirewallAssociations.Delete(a.ID)
	protection.Delete(c.State, a.ID)
	forget(c, a.ID, *out.Arn)
	return &sdk.DisassociateFirewallRuleGroupOutput{FirewallRuleGroupAssociation: out}, nil
}
