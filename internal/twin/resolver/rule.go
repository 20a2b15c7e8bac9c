package resolver

import (
	"cmp"
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// internet is the rule that AWS makes in every Region for what no other rule
// takes (R1.7); it is no row of the estate. What it looks like was seen in public
// tests against AWS, those of Terraform's provider and of InSpec.
const internet = "rslvr-autodefined-rr-internet-resolver"

func showInternet(c *world.Call) *types.ResolverRule {
	return &types.ResolverRule{
		Id: aws.String(internet), Arn: text("arn:aws:route53resolver:%s::autodefined-rule/%s", c.Region, internet), CreatorRequestId: aws.String(""),
		DomainName: aws.String("."), Name: aws.String("Internet Resolver"), OwnerId: aws.String("Route 53 Resolver"),
		RuleType: types.RuleTypeOptionRecursive, ShareStatus: types.ShareStatusNotShared, Status: types.ResolverRuleStatusComplete, StatusMessage: aws.String(""),
	}
}

func createResolverRule(_ context.Context, c *world.Call, in *sdk.CreateResolverRuleInput) (*sdk.CreateResolverRuleOutput, error) {
	tags := tagsOf(in.Tags)
	if err := allow(c, myARN(c, kindRule, "*"), nil, tags); err != nil {
		return nil, err
	}
	if err := once(c, "Resolver rule", in.CreatorRequestId); err != nil {
		return nil, err
	}
	if err := checkTags(c, tags); err != nil {
		return nil, err
	}
	if over(c, c.Estate().ResolverRules.By(estate.ByRegion(c.Account(), c.Region)), c.Estate().Raised(c.Account(), estate.QuotaResolverRules, ruleQuota)) {
		return nil, exceeded(c, "max-rules")
	}
	r := estate.ResolverRule{
		Account: c.Account(), Region: c.Region, Label: aws.ToString(in.Name), Type: string(in.RuleType),
		Endpoint: aws.ToString(in.ResolverEndpointId), Status: estate.StatusComplete, Tags: tags,
	}
	if err := checkParameters(in); err != nil {
		return nil, err
	}
	var err error
	if in.RuleType == types.RuleTypeOptionDelegate {
		r.Delegation, err = domain("DelegationRecord", in.DelegationRecord)
	} else {
		r.Domain, err = domain("DomainName", in.DomainName)
	}
	if err != nil {
		return nil, err
	}
	if r.Targets, err = targets(c, in.TargetIps); err != nil {
		return nil, err
	}
	if err := checkOutbound(c, r.Endpoint); err != nil {
		return nil, err
	}
	r.ID = newID(c, "rslvr-rr", r.Domain.String(), r.Type, r.Label)
	c.Estate().ResolverRules.Put(r)
	remember(c, r.ID, in.CreatorRequestId, "")
	return &sdk.CreateResolverRuleOutput{ResolverRule: showRule(c, r)}, nil
}

// checkParameters holds a new rule to what its type has
// (API_route53resolver_CreateResolverRule; R5.12). That a SYSTEM rule has no
// endpoint is our reading.
func checkParameters(in *sdk.CreateResolverRuleInput) error {
	have := map[string]bool{
		"DomainName": in.DomainName != nil, "DelegationRecord": in.DelegationRecord != nil,
		"TargetIps": len(in.TargetIps) > 0, "ResolverEndpointId": in.ResolverEndpointId != nil,
	}
	var needs []string
	switch in.RuleType {
	case types.RuleTypeOptionForward:
		needs = []string{"DomainName", "ResolverEndpointId", "TargetIps"}
	case types.RuleTypeOptionSystem:
		needs = []string{"DomainName"}
	case types.RuleTypeOptionDelegate:
		if have["TargetIps"] {
			return badRequest("Delegate resolver rules need to specify a nameserver name")
		}
		needs = []string{"DelegationRecord", "ResolverEndpointId"}
	default:
		return invalid("RuleType", "Only Resolver can create rules of the type %s.", in.RuleType)
	}
	for _, name := range []string{"DelegationRecord", "DomainName", "ResolverEndpointId", "TargetIps"} {
		need := slices.Contains(needs, name)
		if need && !have[name] {
			return invalid(name, "A rule of the type %s needs %s.", in.RuleType, name)
		}
		if !need && have[name] {
			err := invalid(name, "A rule of the type %s cannot have %s.", in.RuleType, name)
			if name == "TargetIps" {
				return err
			}
			return &world.Undocumented{Rule: "resolver.rule", Err: err}
		}
	}
	return nil
}

// domain parses the name of a rule.
func domain(field string, s *string) (dnsname.Name, error) {
	n, err := dnsname.Parse(aws.ToString(s))
	if err != nil || n.IsWildcard() {
		return n, invalid(field, "The domain name '%s' is not valid.", aws.ToString(s))
	}
	return n, nil
}

// targets parses the targets of a rule: all of one family (R4.3).
func targets(c *world.Call, list []types.TargetAddress) ([]estate.RuleTarget, error) {
	var out []estate.RuleTarget
	for _, t := range list {
		switch {
		case t.Protocol != "" && t.Protocol != types.ProtocolDo53:
			return nil, c.Unsupported("TargetIps.Protocol other than Do53")
		case t.ServerNameIndication != nil:
			return nil, c.Unsupported("TargetIps.ServerNameIndication")
		case (t.Ip == nil) == (t.Ipv6 == nil):
			return nil, invalid("TargetIps", "A target has either Ip or Ipv6.")
		}
		ip, err := netip.ParseAddr(cmp.Or(aws.ToString(t.Ip), aws.ToString(t.Ipv6)))
		switch {
		case err != nil || ip.Is4() != (t.Ip != nil):
			return nil, invalid("TargetIps", "'%s' is not a valid IP address.", cmp.Or(aws.ToString(t.Ip), aws.ToString(t.Ipv6)))
		case len(out) > 0 && out[0].IP.Is4() != ip.Is4():
			return nil, invalid("TargetIps", "The targets of a rule are either IPv4 or IPv6 addresses, not both.")
		case t.Port != nil && (*t.Port < 0 || *t.Port > 65535):
			return nil, invalid("TargetIps", "%d is not a valid port.", *t.Port)
		}
		target := estate.RuleTarget{IP: ip, Port: 53}
		if t.Port != nil {
			target.Port = uint16(*t.Port)
		}
		out = append(out, target)
	}
	if c.World.Limits && len(out) > targetQuota {
		return nil, exceeded(c, "max-target-ips-per-rule")
	}
	return out, nil
}

// checkOutbound refuses what is no outbound endpoint of the caller's in the
// Region; a rule without endpoint has none to check.
func checkOutbound(c *world.Call, id string) error {
	if id == "" {
		return nil
	}
	p, ok := c.Estate().ResolverEndpoints.Get(id)
	switch {
	case !ok || p.Account != c.Account() || p.Region != c.Region:
		return missing("Resolver endpoint", id)
	case p.Direction != estate.EndpointOutbound:
		return badRequest("Resolver endpoint '%s' is not an outbound endpoint.", id)
	case p.Status == estate.StatusDeleting:
		return &types.ResourceUnavailableException{Message: text("Resolver endpoint '%s' is being deleted.", id), ResourceType: aws.String("Resolver endpoint")}
	}
	return nil
}

// seenRule asks for the permission to do the operation on a rule, and finds it:
// the caller's own, or one that is shared with it.
func seenRule(c *world.Call, id *string) (estate.ResolverRule, error) {
	r, ok := c.Estate().ResolverRules.Get(aws.ToString(id))
	ok = ok && r.Region == c.Region && c.Lent(r.ARN(), r.Account)
	resource := myARN(c, kindRule, aws.ToString(id))
	var tags estate.Tags
	if ok {
		resource = r.ARN()
		if r.Account == c.Account() {
			tags = r.Tags
		}
	}
	if err := allow(c, resource, tags, nil); err != nil {
		return r, err
	}
	if !ok {
		return r, noRule(aws.ToString(id))
	}
	return r, nil
}

// noRule has the text that was seen in an emulator's patch of its refusal.
func noRule(id string) error {
	return &types.ResourceNotFoundException{Message: text("[RSLVR-00703] Resolver rule with ID \"%s\" does not exist.", id), ResourceType: aws.String("Resolver rule")}
}

// ownRule is seenRule for what only the owner may do (R4.8). The code is our
// reading.
func ownRule(c *world.Call, id *string) (estate.ResolverRule, error) {
	if aws.ToString(id) == internet {
		if err := allow(c, myARN(c, kindRule, internet), nil, nil); err != nil {
			return estate.ResolverRule{}, err
		}
		return estate.ResolverRule{}, badRequest("[RSLVR-00713] The autodefined rule cannot be changed.")
	}
	r, err := seenRule(c, id)
	if err == nil && r.Account != c.Account() {
		err = &types.AccessDeniedException{Message: text("Resolver rule '%s' is shared with you by account %s; only its owner can change it.", r.ID, r.Account)}
	}
	return r, err
}

func ruleStatus(c *world.Call, r estate.ResolverRule) types.ResolverRuleStatus {
	m, _ := moreTable.Get(c.State, r.ID)
	if r.Status != estate.StatusDeleting && c.Now.Before(m.until) {
		return types.ResolverRuleStatusUpdating
	}
	return types.ResolverRuleStatus(cmp.Or(r.Status, estate.StatusComplete))
}

func showRule(c *world.Call, r estate.ResolverRule) *types.ResolverRule {
	m, _ := moreTable.Get(c.State, r.ID)
	out := &types.ResolverRule{
		Id: &r.ID, Arn: aws.String(r.ARN()), CreatorRequestId: &m.request, Name: some(r.Label), OwnerId: aws.String(string(r.Account)), RuleType: types.RuleTypeOption(r.Type),
		ResolverEndpointId: some(r.Endpoint), ShareStatus: shareStatus(c, r.ARN(), r.Account), Status: ruleStatus(c, r), StatusMessage: text("Resolver rule %s is %s.", r.ID, ruleStatus(c, r)),
		CreationTime: stamp(m.created), ModificationTime: stamp(m.modified),
	}
	if !r.Domain.IsZero() {
		out.DomainName = aws.String(r.Domain.FQDN())
	}
	if !r.Delegation.IsZero() {
		out.DelegationRecord = aws.String(r.Delegation.FQDN())
	}
	for _, t := range r.Targets {
		a := types.TargetAddress{Port: aws.Int32(int32(cmp.Or(t.Port, 53))), Protocol: types.ProtocolDo53}
		if t.IP.Is4() {
			a.Ip = aws.String(t.IP.String())
		} else {
			a.Ipv6 = aws.String(t.IP.String())
		}
		out.TargetIps = append(out.TargetIps, a)
	}
	return out
}

func getResolverRule(_ context.Context, c *world.Call, in *sdk.GetResolverRuleInput) (*sdk.GetResolverRuleOutput, error) {
	if aws.ToString(in.ResolverRuleId) == internet {
		if err := allow(c, myARN(c, kindRule, internet), nil, nil); err != nil {
			return nil, err
		}
		return &sdk.GetResolverRuleOutput{ResolverRule: showInternet(c)}, nil
	}
	r, err := seenRule(c, in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	return &sdk.GetResolverRuleOutput{ResolverRule: showRule(c, r)}, nil
}

// lent are the resources of others in the Region that the caller may use: those
// in shares, and those that an estate shows whose shares were not read.
func lent[V estate.Row](c *world.Call, t estate.Table[V], kind string, of func(V) (arn string, owner estate.AccountID, region estate.Region)) []V {
	var out []V
	if c.Estate().Closed() {
		for _, a := range c.Shared("route53resolver", kind+"/") {
			if v, ok := t.Get(a[strings.LastIndexByte(a, '/')+1:]); ok {
				out = append(out, v)
			}
		}
		return out
	}
	for v := range t.All() {
		if a, owner, region := of(v); owner != c.Account() && region == c.Region && c.Lent(a, owner) {
			out = append(out, v)
		}
	}
	return out
}

func listResolverRules(_ context.Context, c *world.Call, in *sdk.ListResolverRulesInput) (*sdk.ListResolverRulesOutput, error) {
	if err := allow(c, myARN(c, kindRule, "*"), nil, nil); err != nil {
		return nil, err
	}
	rules := append(slices.Collect(c.Estate().ResolverRules.By(estate.ByRegion(c.Account(), c.Region))),
		lent(c, c.Estate().ResolverRules, kindRule, func(r estate.ResolverRule) (string, estate.AccountID, estate.Region) {
			return r.ARN(), r.Account, r.Region
		})...)
	all := []types.ResolverRule{*showInternet(c)}
	for _, r := range rules {
		all = append(all, *showRule(c, r))
	}
	all, err := filtered(all, in.Filters, func(r types.ResolverRule) attributes {
		return attributes{
			"creatorrequestid": opt(r.CreatorRequestId), "domainname": opt(r.DomainName), "name": opt(r.Name), "type": one(r.RuleType),
			"resolverendpointid": opt(r.ResolverEndpointId), "status": one(r.Status),
		}
	})
	if err != nil {
		return nil, err
	}
	list, next, err := page(all, func(r types.ResolverRule) string { return *r.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListResolverRulesOutput{ResolverRules: list, NextToken: next, MaxResults: in.MaxResults}, err
}

// updateResolverRule changes a rule, with effect at once in every VPC (the text
// of the refusal was seen in a public client's test; its code is our reading).
func updateResolverRule(_ context.Context, c *world.Call, in *sdk.UpdateResolverRuleInput) (*sdk.UpdateResolverRuleOutput, error) {
	r, err := ownRule(c, in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	switch ruleStatus(c, r) {
	case types.ResolverRuleStatusUpdating:
		return nil, &types.ResourceUnavailableException{Message: text("[RSLVR-00705] Cannot update Resolver Rule because it's currently updating."), ResourceType: aws.String("Resolver rule")}
	case types.ResolverRuleStatusDeleting:
		return nil, &types.ResourceUnavailableException{Message: text("Resolver rule '%s' is being deleted.", r.ID), ResourceType: aws.String("Resolver rule")}
	}
	if len(in.Config.TargetIps) > 0 {
		if r.Type != estate.RuleForward {
			return nil, invalid("TargetIps", "A rule of the type %s cannot have TargetIps.", r.Type)
		}
		if r.Targets, err = targets(c, in.Config.TargetIps); err != nil {
			return nil, err
		}
	}
	if id := aws.ToString(in.Config.ResolverEndpointId); id != "" {
		if r.Type == estate.RuleSystem {
			return nil, &world.Undocumented{Rule: "resolver.rule", Err: invalid("ResolverEndpointId", "A rule of the type %s cannot have ResolverEndpointId.", r.Type)}
		}
		if err := checkOutbound(c, id); err != nil {
			return nil, err
		}
		r.Endpoint = id
	}
	if in.Config.Name != nil {
		r.Label = *in.Config.Name
	}
	c.Estate().ResolverRules.Put(r)
	touch(c, r.ID, func(m *more) { m.until = c.Now.Add(RuleDelay) })
	return &sdk.UpdateResolverRuleOutput{ResolverRule: showRule(c, r)}, nil
}

// deleteResolverRule refuses while VPCs have the rule, whoever's they are (R4.9).
func deleteResolverRule(_ context.Context, c *world.Call, in *sdk.DeleteResolverRuleInput) (*sdk.DeleteResolverRuleOutput, error) {
	r, err := ownRule(c, in.ResolverRuleId)
	if err != nil {
		return nil, err
	}
	inUse := func(by string) error {
		return &types.ResourceInUseException{Message: text("Please disassociate Resolver rule '%s' from %s before you delete it.", r.ID, by), ResourceType: aws.String("Resolver rule")}
	}
	for _, a := range standing(c, estate.ByRule(r.ID)) {
		return nil, inUse("VPC '" + a.VPC + "'")
	}
	if m, ok := estate.First(c.Estate().ProfileResources.By(estate.ByMember(r.ARN()))); ok {
		return nil, &world.Undocumented{Rule: "resolver.inProfile", Err: inUse("Profile '" + m.Profile + "'")}
	}
	if r.Status == estate.StatusDeleting {
		return nil, badRequest("Resolver rule '%s' is being deleted.", r.ID)
	}
	r.Status = estate.StatusDeleting
	c.Estate().ResolverRules.Put(r)
	out := showRule(c, r)
	forget(c, r.ID, r.ARN())
	c.State.Later(c.Now.Add(RuleDelay), world.Later{Kind: world.LaterResolverRule, ID: r.ID, From: r.Status})
	return &sdk.DeleteResolverRuleOutput{ResolverRule: out}, nil
}

// ruleActions are what a recipient of a rule may do (R4.10).
var ruleActions = []string{"GetResolverRule", "AssociateResolverRule", "DisassociateResolverRule", "ListResolverRules", "ListResolverRuleAssociations"}

func getResolverRulePolicy(_ context.Context, c *world.Call, in *sdk.GetResolverRulePolicyInput) (*sdk.GetResolverRulePolicyOutput, error) {
	doc, err := sharingPolicy(c, aws.ToString(in.Arn), kindRule, ruleActions)
	return &sdk.GetResolverRulePolicyOutput{ResolverRulePolicy: doc}, err
}

// putResolverRulePolicy is how RAM itself shares a rule.
func putResolverRulePolicy(_ context.Context, c *world.Call, in *sdk.PutResolverRulePolicyInput) (*sdk.PutResolverRulePolicyOutput, error) {
	return nil, putPolicy(c, aws.ToString(in.Arn), kindRule)
}

// putPolicy asks for the permission and refuses: the twin shares by RAM alone.
func putPolicy(c *world.Call, resource, kind string) error {
	if err := allow(c, resource, nil, nil); err != nil {
		return err
	}
	if !owned(c, resource, kind) {
		return &types.UnknownResourceException{Message: text("The resource '%s' does not exist.", resource)}
	}
	return world.NotImplemented("The twin does not have " + c.Operation + " of " + c.Service + ": share the resource by RAM (CreateResourceShare)")
}

// owned reports whether an ARN is that of a resource of the caller's.
func owned(c *world.Call, resource, kind string) bool {
	_, err := findTagged(c, resource)
	return err == nil && strings.HasPrefix(resource, myARN(c, kind, ""))
}

// sharingPolicy is the policy that RAM gives to a shared resource, made of its
// shares.
func sharingPolicy(c *world.Call, resource, kind string, actions []string) (*string, error) {
	if err := allow(c, resource, nil, nil); err != nil {
		return nil, err
	}
	var principals []string
	for s := range c.Estate().Shares.By(estate.ByMember(resource)) {
		for _, p := range s.Principals {
			if s.Account == c.Account() && p.Status == estate.ShareAssociated && !slices.Contains(principals, p.ID) {
				principals = append(principals, p.ID)
			}
		}
	}
	if !owned(c, resource, kind) || len(principals) == 0 {
		return nil, &types.UnknownResourceException{Message: text("The resource '%s' has no policy.", resource)}
	}
	slices.Sort(principals)
	full := make([]string, len(actions))
	for i, a := range actions {
		full[i] = "route53resolver:" + a
	}
	type statement struct {
		Effect    string
		Principal map[string][]string
		Action    []string
		Resource  []string
	}
	doc, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"Allow", map[string][]string{"AWS": principals}, full, []string{resource}}}})
	return aws.String(string(doc)), err
}
