package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// resolverPage is the largest page of all lists of Resolver
// (API_route53resolver_ListResolverEndpoints and its like).
const resolverPage = 100

// Bounds of the addresses of a Resolver endpoint (Developer Guide,
// DNSLimitations.html; API_route53resolver_CreateResolverEndpoint).
const (
	leastAddresses = 2
	mostAddresses  = 6
)

// readResolverEndpoints reads the endpoints of an account with their addresses
// and tags.
func (c *caller) readResolverEndpoints(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.resolver(q.Account, q.Region)
	var found []estate.ResolverEndpoint
	pages := route53resolver.NewListResolverEndpointsPaginator(client, &route53resolver.ListResolverEndpointsInput{MaxResults: aws.Int32(resolverPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.ResolverEndpoints {
			out := estate.ResolverEndpoint{
				ID: aws.ToString(p.Id), Account: q.Account, Region: q.Region, VPC: aws.ToString(p.HostVPCId), Direction: string(p.Direction),
				Name: aws.ToString(p.Name), Status: string(p.Status), Groups: p.SecurityGroupIds, IPType: string(p.ResolverEndpointType),
			}
			for _, protocol := range p.Protocols {
				out.Protocols = append(out.Protocols, string(protocol))
			}
			addresses, err := addressesOf(ctx, client, out.ID)
			if err == nil {
				out.Addresses, err = estateAddresses(addresses)
			}
			if err == nil {
				out.Tags, err = resolverTags(ctx, client, aws.ToString(p.Arn))
			}
			if Code(err) == notFound {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, err
			}
			found = append(found, out)
		}
	}
	return func(e *estate.Estate) {
		var gone []string
		for p := range e.ResolverEndpoints.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, p.ID)
		}
		e.ResolverEndpoints.Delete(gone...)
		e.ResolverEndpoints.Put(found...)
	}, nil
}

// addressesOf lists the addresses of an endpoint.
func addressesOf(ctx context.Context, client *route53resolver.Client, endpoint string) ([]types.IpAddressResponse, error) {
	var out []types.IpAddressResponse
	pages := route53resolver.NewListResolverEndpointIpAddressesPaginator(client,
		&route53resolver.ListResolverEndpointIpAddressesInput{ResolverEndpointId: &endpoint, MaxResults: aws.Int32(resolverPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.IpAddresses...)
	}
	return out, nil
}

// estateAddresses are those that the endpoint has, or is about to have: not one
// that goes, nor one without an IP yet. One of a dual-stack endpoint has two.
func estateAddresses(list []types.IpAddressResponse) ([]estate.ResolverAddress, error) {
	var out []estate.ResolverAddress
	for _, a := range list {
		if addressGoing(a) {
			continue
		}
		for _, s := range []*string{a.Ip, a.Ipv6} {
			if aws.ToString(s) == "" {
				continue
			}
			ip, err := netip.ParseAddr(*s)
			if err != nil {
				return nil, fmt.Errorf("address %s of a Resolver endpoint: %w", aws.ToString(a.IpId), err)
			}
			out = append(out, estate.ResolverAddress{ID: aws.ToString(a.IpId), Subnet: aws.ToString(a.SubnetId), IP: ip})
		}
	}
	return out, nil
}

func addressGoing(a types.IpAddressResponse) bool {
	switch a.Status {
	case types.IpAddressStatusDeleting, types.IpAddressStatusDetaching, types.IpAddressStatusFailedCreation, types.IpAddressStatusFailedResourceGone:
		return true
	}
	return false
}

func resolverTags(ctx context.Context, client *route53resolver.Client, arn string) (estate.Tags, error) {
	tags := estate.Tags{}
	pages := route53resolver.NewListTagsForResourcePaginator(client, &route53resolver.ListTagsForResourceInput{ResourceArn: &arn, MaxResults: aws.Int32(resolverPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return tags, nil
}

// readResolverRules reads the rules that an account sees: its own with their
// tags, and those that others share with it, whose tags the owner knows. Rules
// that AWS makes are left out.
func (c *caller) readResolverRules(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.resolver(q.Account, q.Region)
	listed, err := listRules(ctx, client)
	if err != nil {
		return nil, err
	}
	var own, shared []estate.ResolverRule
	for _, r := range listed {
		rule, err := ruleOf(q, r)
		if err != nil {
			return nil, err
		}
		if rule.Account != q.Account {
			shared = append(shared, rule)
			continue
		}
		rule.Tags, err = resolverTags(ctx, client, aws.ToString(r.Arn))
		if Code(err) == notFound {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		own = append(own, rule)
	}
	return func(e *estate.Estate) {
		var gone []string
		for r := range e.ResolverRules.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, r.ID)
		}
		e.ResolverRules.Delete(gone...)
		e.ResolverRules.Put(own...)
		for _, r := range shared {
			known, _ := e.ResolverRules.Get(r.ID)
			r.Tags = known.Tags
			e.ResolverRules.Put(r)
		}
	}, nil
}

// listRules lists the rules that people made.
func listRules(ctx context.Context, client *route53resolver.Client) ([]types.ResolverRule, error) {
	var out []types.ResolverRule
	pages := route53resolver.NewListResolverRulesPaginator(client, &route53resolver.ListResolverRulesInput{MaxResults: aws.Int32(resolverPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.ResolverRules {
			switch r.RuleType {
			case types.RuleTypeOptionForward, types.RuleTypeOptionSystem, types.RuleTypeOptionDelegate:
				if strings.Contains(aws.ToString(r.Arn), ":resolver-rule/") {
					out = append(out, r)
				}
			}
		}
	}
	return out, nil
}

// ownerIn is the account in an ARN.
func ownerIn(arn *string) estate.AccountID {
	if parts := strings.SplitN(aws.ToString(arn), ":", 6); len(parts) == 6 {
		return estate.AccountID(parts[4])
	}
	return ""
}

func ruleOf(q estate.Query, r types.ResolverRule) (estate.ResolverRule, error) {
	out := estate.ResolverRule{
		ID: aws.ToString(r.Id), Account: ownerIn(r.Arn), Region: q.Region, Label: aws.ToString(r.Name), Type: string(r.RuleType),
		Endpoint: aws.ToString(r.ResolverEndpointId), Status: string(r.Status),
	}
	var err error
	if s := aws.ToString(r.DomainName); s != "" {
		if out.Domain, err = dnsname.Parse(s); err != nil {
			return out, fmt.Errorf("domain of Resolver rule %s: %w", out.ID, err)
		}
	}
	if s := aws.ToString(r.DelegationRecord); s != "" {
		if out.Delegation, err = dnsname.Parse(s); err != nil {
			return out, fmt.Errorf("delegation record of Resolver rule %s: %w", out.ID, err)
		}
	}
	for _, t := range r.TargetIps {
		s := aws.ToString(t.Ip)
		if s == "" {
			s = aws.ToString(t.Ipv6)
		}
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return out, fmt.Errorf("target of Resolver rule %s: %w", out.ID, err)
		}
		out.Targets = append(out.Targets, estate.RuleTarget{IP: ip, Port: uint16(aws.ToInt32(t.Port))})
	}
	return out, nil
}

// readRuleAssociations reads which rules the account's own VPCs have.
func (c *caller) readRuleAssociations(ctx context.Context, q estate.Query) (Patch, error) {
	listed, err := listRuleAssociations(ctx, c.resolver(q.Account, q.Region))
	if err != nil {
		return nil, err
	}
	var found []estate.RuleAssociation
	for _, a := range listed {
		if strings.HasPrefix(aws.ToString(a.ResolverRuleId), "rslvr-autodefined-") {
			continue
		}
		found = append(found, estate.RuleAssociation{
			ID: aws.ToString(a.Id), Rule: aws.ToString(a.ResolverRuleId), VPC: aws.ToString(a.VPCId),
			Account: q.Account, Region: q.Region, Name: aws.ToString(a.Name), Status: string(a.Status),
		})
	}
	return func(e *estate.Estate) {
		var gone []string
		for a := range e.RuleAssociations.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, a.ID)
		}
		e.RuleAssociations.Delete(gone...)
		e.RuleAssociations.Put(found...)
	}, nil
}

func listRuleAssociations(ctx context.Context, client *route53resolver.Client, filters ...types.Filter) ([]types.ResolverRuleAssociation, error) {
	var out []types.ResolverRuleAssociation
	pages := route53resolver.NewListResolverRuleAssociationsPaginator(client,
		&route53resolver.ListResolverRuleAssociationsInput{MaxResults: aws.Int32(resolverPage), Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.ResolverRuleAssociations...)
	}
	return out, nil
}

var resolverEndpointBinding = binding{
	reads:   []estate.QueryKind{estate.QueryResolverEndpoints},
	do:      (*Writer).doResolverEndpoint,
	settled: (*Writer).resolverEndpointSettled,
	needs:   making(plan.KindResolverEndpoint, plan.Create, plan.Update, plan.Delete, plan.Await),
}

func (w *Writer) doResolverEndpoint(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.resolver(s.Account, s.Region)
	switch s.Action {
	case plan.Create:
		return w.createResolverEndpoint(ctx, client, s)
	case plan.Update:
		return w.moveAddresses(ctx, client, s, s.ID)
	case plan.Await:
		return w.addresses(ctx, client, s, s.ID, 0)
	}
	return plan.Attributes{attrID: {s.ID}}, w.patiently(ctx, func() (bool, error) {
		_, err := client.DeleteResolverEndpoint(ctx, &route53resolver.DeleteResolverEndpointInput{ResolverEndpointId: &s.ID})
		switch Code(err) {
		case notFound:
			return false, nil
		case invalidRequest: // on its way, or rules that go still send through it
			status, _, look := endpointStatus(ctx, client, s.ID)
			if Code(look) == notFound || status == estate.StatusDeleting {
				return false, nil
			}
			return true, err
		}
		return false, err
	})
}

// createResolverEndpoint makes an endpoint, or takes the one that an earlier try
// made. A CreatorRequestId is made of the address and a number, as that of a
// zone: the same call again is then refused or gives what it gave before, also
// when its answer was lost or orgdns came to a sudden end; and since every
// endpoint tells its CreatorRequestId, what was made is found without its tags.
// AWS may remember that of an endpoint that was deleted or is being replaced:
// then the next number is used.
func (w *Writer) createResolverEndpoint(ctx context.Context, client *route53resolver.Client, s plan.Step) (plan.Attributes, error) {
	want := *s.Object
	in := &route53resolver.CreateResolverEndpointInput{
		Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)), Direction: types.ResolverEndpointDirection(want.One("direction")),
		SecurityGroupIds: want.Fields["groups"], Tags: w.resolverMarks(s),
	}
	for _, subnet := range want.Fields["subnets"] {
		in.IpAddresses = append(in.IpAddresses, types.IpAddressRequest{SubnetId: &subnet})
	}
	same := func(p *types.ResolverEndpoint) bool {
		return p != nil && p.Direction == in.Direction && aws.ToString(p.HostVPCId) == want.One("vpc") && p.Status != types.ResolverEndpointStatusDeleting &&
			sameSet(p.SecurityGroupIds, in.SecurityGroupIds)
	}
	reference, others := plan.Reference(w.opt.Owner, s.Address), 0
	for n := 1; n <= maxNumber && others < maxRequests; n++ {
		in.CreatorRequestId = aws.String(plan.NumberedReference(reference, n))
		out, err := client.CreateResolverEndpoint(ctx, in)
		if err == nil && same(out.ResolverEndpoint) {
			return w.addresses(ctx, client, s, aws.ToString(out.ResolverEndpoint.Id), len(in.IpAddresses))
		}
		if err == nil {
			others++
		}
		if err != nil && Code(err) != exists {
			return nil, err
		}
		pages := route53resolver.NewListResolverEndpointsPaginator(client, &route53resolver.ListResolverEndpointsInput{MaxResults: aws.Int32(resolverPage)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, p := range page.ResolverEndpoints {
				if ref, _, ok := plan.ParseReference(aws.ToString(p.CreatorRequestId)); ok && ref == reference && same(&p) {
					return w.moveAddresses(ctx, client, s, aws.ToString(p.Id))
				}
			}
		}
	}
	return nil, usedUp(s)
}

// addresses waits until an endpoint has its IP addresses, and gives them: n of
// them at least.
func (w *Writer) addresses(ctx context.Context, client *route53resolver.Client, s plan.Step, id string, n int) (plan.Attributes, error) {
	a := plan.Attributes{attrID: {id}}
	return a, w.patiently(ctx, func() (bool, error) {
		list, err := addressesOf(ctx, client, id)
		if err != nil {
			return Code(err) == notFound, err // not seen everywhere yet
		}
		a["addresses"] = []string{}
		missing := n - len(list)
		for _, ip := range list {
			switch {
			case addressGoing(ip):
			case aws.ToString(ip.Ip) != "":
				a["addresses"] = append(a["addresses"], *ip.Ip)
			case aws.ToString(ip.Ipv6) != "":
				a["addresses"] = append(a["addresses"], *ip.Ipv6)
			default:
				missing++
			}
		}
		if missing > 0 {
			return true, fmt.Errorf("%s: the Resolver endpoint %s has not got its addresses in %s; run again", s.Address, id, patience)
		}
		return false, nil
	})
}

// moveAddresses brings an endpoint into the wanted subnets, one address in each,
// and never below two addresses or above six. Each change takes an endpoint that
// is operational.
func (w *Writer) moveAddresses(ctx context.Context, client *route53resolver.Client, s plan.Step, id string) (plan.Attributes, error) {
	for {
		if err := w.operational(ctx, client, s, id); err != nil {
			return nil, err
		}
		list, err := addressesOf(ctx, client, id)
		if err != nil {
			return nil, err
		}
		missing := slices.Clone(s.Object.Fields["subnets"])
		var spare []string
		count := 0
		for _, a := range list {
			if addressGoing(a) {
				continue
			}
			count++
			if i := slices.Index(missing, aws.ToString(a.SubnetId)); i >= 0 {
				missing = slices.Delete(missing, i, i+1)
			} else {
				spare = append(spare, aws.ToString(a.IpId))
			}
		}
		switch {
		case len(missing) > 0 && count < mostAddresses:
			_, err = client.AssociateResolverEndpointIpAddress(ctx, &route53resolver.AssociateResolverEndpointIpAddressInput{
				ResolverEndpointId: &id, IpAddress: &types.IpAddressUpdate{SubnetId: &missing[0]},
			})
		case len(spare) > 0 && count > leastAddresses:
			_, err = client.DisassociateResolverEndpointIpAddress(ctx, &route53resolver.DisassociateResolverEndpointIpAddressInput{
				ResolverEndpointId: &id, IpAddress: &types.IpAddressUpdate{IpId: &spare[0]},
			})
		case len(missing) > 0 || len(spare) > 0:
			return nil, fmt.Errorf("%s: the Resolver endpoint %s cannot come to the subnets %s with two to six addresses", s.Address, id, strings.Join(s.Object.Fields["subnets"], ", "))
		default:
			return w.addresses(ctx, client, s, id, count)
		}
		if err != nil {
			return nil, err
		}
	}
}

// operational waits until an endpoint can be changed.
func (w *Writer) operational(ctx context.Context, client *route53resolver.Client, s plan.Step, id string) error {
	return w.patiently(ctx, func() (bool, error) {
		status, message, err := endpointStatus(ctx, client, id)
		switch {
		case err != nil:
			return false, err
		case status == estate.StatusOperational:
			return false, nil
		case status == estate.StatusCreating || status == estate.StatusUpdating || status == string(types.ResolverEndpointStatusAutoRecovering):
			return true, fmt.Errorf("%s: the Resolver endpoint %s is still %s after %s; run again", s.Address, id, status, patience)
		}
		return false, unfit(s, "route53resolver", "GetResolverEndpoint", id, status, message)
	})
}

func endpointStatus(ctx context.Context, client *route53resolver.Client, id string) (status, message string, err error) {
	out, err := client.GetResolverEndpoint(ctx, &route53resolver.GetResolverEndpointInput{ResolverEndpointId: &id})
	if err != nil || out.ResolverEndpoint == nil {
		return "", "", err
	}
	return string(out.ResolverEndpoint.Status), aws.ToString(out.ResolverEndpoint.StatusMessage), nil
}

func (w *Writer) resolverEndpointSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id := idOf(s, done)
	status, message, err := endpointStatus(ctx, w.resolver(s.Account, s.Region), id)
	if status == string(types.ResolverEndpointStatusActionNeeded) && s.Action != plan.Delete {
		return false, unfit(s, "route53resolver", "GetResolverEndpoint", id, status, message)
	}
	return effect{status: status, message: message, err: err}.judge(s, "route53resolver", "GetResolverEndpoint", id)
}

var resolverRuleBinding = binding{
	reads:   []estate.QueryKind{estate.QueryResolverRules},
	do:      (*Writer).doResolverRule,
	settled: (*Writer).resolverRuleSettled,
	needs:   making(plan.KindResolverRule, plan.Create, plan.Update, plan.Delete, plan.Await),
}

func (w *Writer) doResolverRule(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.resolver(s.Account, s.Region)
	arn := estate.InPartition(w.partition(), estate.ResolverRule{ID: s.ID, Account: s.Account, Region: s.Region}.ARN())
	made := plan.Attributes{attrID: {s.ID}, attrARN: {arn}}
	switch s.Action {
	case plan.Create:
		return w.createResolverRule(ctx, client, s)
	case plan.Update:
		return made, w.updateResolverRule(ctx, client, s, s.ID)
	case plan.Await:
		return made, nil
	}
	return made, w.patiently(ctx, func() (bool, error) {
		_, err := client.DeleteResolverRule(ctx, &route53resolver.DeleteResolverRuleInput{ResolverRuleId: &s.ID})
		switch Code(err) {
		case notFound:
			return false, nil
		case "ResourceInUseException": // associations that go still have it
			return true, err
		case invalidRequest:
			status, _, look := ruleStatus(ctx, client, s.ID)
			if Code(look) == notFound || status == estate.StatusDeleting {
				return false, nil
			}
		}
		return false, err
	})
}

// createResolverRule makes a rule, or takes the one that an earlier try made, as
// createResolverEndpoint does.
func (w *Writer) createResolverRule(ctx context.Context, client *route53resolver.Client, s plan.Step) (plan.Attributes, error) {
	want := *s.Object
	in := &route53resolver.CreateResolverRuleInput{
		Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)), RuleType: types.RuleTypeOption(want.One("type")), DomainName: aws.String(want.One("domain")),
		ResolverEndpointId: optional(want.One("endpoint")), TargetIps: targetsOf(want), Tags: w.resolverMarks(s),
	}
	domain, err := dnsname.Parse(want.One("domain"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Address, err)
	}
	same := func(r *types.ResolverRule) bool {
		if r == nil || r.RuleType != in.RuleType || r.Status == types.ResolverRuleStatusDeleting {
			return false
		}
		n, err := dnsname.Parse(aws.ToString(r.DomainName))
		return err == nil && n == domain
	}
	made := func(r types.ResolverRule) plan.Attributes {
		return plan.Attributes{attrID: {aws.ToString(r.Id)}, attrARN: {aws.ToString(r.Arn)}}
	}
	reference, others := plan.Reference(w.opt.Owner, s.Address), 0
	for n := 1; n <= maxNumber && others < maxRequests; n++ {
		in.CreatorRequestId = aws.String(plan.NumberedReference(reference, n))
		var out *route53resolver.CreateResolverRuleOutput
		err := w.patiently(ctx, func() (again bool, err error) {
			out, err = client.CreateResolverRule(ctx, in)
			return Code(err) == unavailable, err
		})
		if err == nil && same(out.ResolverRule) {
			return made(*out.ResolverRule), nil
		}
		if err == nil {
			others++
		}
		if err != nil && Code(err) != exists {
			return nil, err
		}
		rules, err := listRules(ctx, client)
		if err != nil {
			return nil, err
		}
		for _, r := range rules {
			if ref, _, ok := plan.ParseReference(aws.ToString(r.CreatorRequestId)); !ok || ref != reference || !same(&r) {
				continue
			}
			have, err := ruleOf(estate.Query{Region: s.Region}, r)
			if err != nil {
				return nil, err
			}
			targets := []string{}
			for _, t := range have.Targets {
				targets = append(targets, t.IP.String())
			}
			if have.Endpoint != want.One("endpoint") || !sameSet(targets, want.Fields["targets"]) {
				if err := w.updateResolverRule(ctx, client, s, have.ID); err != nil {
					return nil, err
				}
			}
			return made(r), nil
		}
	}
	return nil, usedUp(s)
}

// updateResolverRule changes where a rule sends to.
func (w *Writer) updateResolverRule(ctx context.Context, client *route53resolver.Client, s plan.Step, id string) error {
	return w.patiently(ctx, func() (bool, error) {
		_, err := client.UpdateResolverRule(ctx, &route53resolver.UpdateResolverRuleInput{ResolverRuleId: &id, Config: &types.ResolverRuleConfig{
			Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)), ResolverEndpointId: optional(s.Object.One("endpoint")), TargetIps: targetsOf(*s.Object),
		}})
		return Code(err) == unavailable, err
	})
}

// dnsPort is where targets of rules listen.
const dnsPort = 53

func targetsOf(o plan.ObjectStep) []types.TargetAddress {
	var out []types.TargetAddress
	for _, s := range o.Fields["targets"] {
		t := types.TargetAddress{Port: aws.Int32(dnsPort)}
		if ip, err := netip.ParseAddr(s); err == nil && ip.Is6() {
			t.Ipv6 = &s
		} else {
			t.Ip = &s
		}
		out = append(out, t)
	}
	return out
}

func ruleStatus(ctx context.Context, client *route53resolver.Client, id string) (status, message string, err error) {
	out, err := client.GetResolverRule(ctx, &route53resolver.GetResolverRuleInput{ResolverRuleId: &id})
	if err != nil || out.ResolverRule == nil {
		return "", "", err
	}
	return string(out.ResolverRule.Status), aws.ToString(out.ResolverRule.StatusMessage), nil
}

func (w *Writer) resolverRuleSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id, client := idOf(s, done), w.resolver(s.Account, s.Region)
	return w.inEffect(ctx, s, id, func(ctx context.Context) effect {
		status, message, err := ruleStatus(ctx, client, id)
		return effect{status: status, message: message, err: err}
	}, func(ctx context.Context, _ []question) (map[string]effect, error) {
		list, err := listRules(ctx, client)
		out := map[string]effect{}
		for _, r := range list {
			out[aws.ToString(r.Id)] = effect{status: string(r.Status), message: aws.ToString(r.StatusMessage)}
		}
		return out, err
	}).judge(s, "route53resolver", "GetResolverRule", id)
}

var ruleAssociationBinding = binding{
	reads:   []estate.QueryKind{estate.QueryRuleAssociations},
	do:      (*Writer).doRuleAssociation,
	settled: (*Writer).ruleAssociationSettled,
	needs:   making(plan.KindRuleAssociation, plan.Create, plan.Delete, plan.Await),
}

// doRuleAssociation associates a rule with a VPC, in the VPC's account. A rule
// that another account shares may take a while to be seen there.
func (w *Writer) doRuleAssociation(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.resolver(s.Account, s.Region)
	rule, vpc := s.Object.One("rule"), s.Object.One("vpc")
	made := plan.Attributes{attrID: {s.ID}}
	switch s.Action {
	case plan.Await:
		return made, nil
	case plan.Create:
		err := w.patiently(ctx, func() (bool, error) {
			out, err := client.AssociateResolverRule(ctx, &route53resolver.AssociateResolverRuleInput{
				ResolverRuleId: &rule, VPCId: &vpc, Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)),
			})
			switch {
			case err == nil:
				made[attrID] = []string{aws.ToString(out.ResolverRuleAssociation.Id)}
				return false, nil
			case Code(err) == exists:
				a, look := ruleAssociation(ctx, client, rule, vpc)
				if look != nil || a == nil {
					return false, errors.Join(look, err)
				}
				if a.Status == types.ResolverRuleAssociationStatusDeleting {
					return true, err
				}
				made[attrID] = []string{aws.ToString(a.Id)}
				return false, nil
			}
			return Code(err) == unavailable || notShared(err), err
		})
		return made, err
	}
	_, err := client.DisassociateResolverRule(ctx, &route53resolver.DisassociateResolverRuleInput{ResolverRuleId: &rule, VPCId: &vpc})
	switch Code(err) {
	case notFound:
		return made, nil
	case invalidRequest:
		a, look := ruleAssociation(ctx, client, rule, vpc)
		if look == nil && (a == nil || a.Status == types.ResolverRuleAssociationStatusDeleting) {
			return made, nil
		}
	}
	return made, err
}

// ruleAssociation finds the association of a rule with a VPC; nil if there is
// none.
func ruleAssociation(ctx context.Context, client *route53resolver.Client, rule, vpc string) (*types.ResolverRuleAssociation, error) {
	list, err := listRuleAssociations(ctx, client,
		types.Filter{Name: aws.String("ResolverRuleId"), Values: []string{rule}}, types.Filter{Name: aws.String("VPCId"), Values: []string{vpc}})
	for _, a := range list {
		if aws.ToString(a.ResolverRuleId) == rule && aws.ToString(a.VPCId) == vpc {
			return &a, err
		}
	}
	return nil, err
}

func (w *Writer) ruleAssociationSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id, client := idOf(s, done), w.resolver(s.Account, s.Region)
	effectOf := func(a types.ResolverRuleAssociation) effect {
		return effect{status: string(a.Status), message: aws.ToString(a.StatusMessage)}
	}
	return w.inEffect(ctx, s, id, func(ctx context.Context) effect {
		out, err := client.GetResolverRuleAssociation(ctx, &route53resolver.GetResolverRuleAssociationInput{ResolverRuleAssociationId: &id})
		if err != nil || out.ResolverRuleAssociation == nil {
			return effect{err: err}
		}
		return effectOf(*out.ResolverRuleAssociation)
	}, func(ctx context.Context, all []question) (map[string]effect, error) {
		list, err := listRuleAssociations(ctx, client, types.Filter{Name: aws.String("VPCId"), Values: fieldOf(all, "vpc")})
		out := map[string]effect{}
		for _, a := range list {
			out[aws.ToString(a.Id)] = effectOf(a)
		}
		return out, err
	}).judge(s, "route53resolver", "GetResolverRuleAssociation", id)
}

func (w *Writer) resolverMarks(s plan.Step) []types.Tag {
	marks := plan.Marks(w.opt.Owner, s.Address)
	var out []types.Tag
	for _, k := range sortedKeys(marks) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(marks[k])})
	}
	return out
}
