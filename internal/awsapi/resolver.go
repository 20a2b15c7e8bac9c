package awsapi

import (
	"context"
	"fmt"
	"net/netip"
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

func (w *Writer) resolverMarks(s plan.Step) []types.Tag {
	marks := plan.Marks(w.opt.Owner, s.Address)
	var out []types.Tag
	for _, k := range sortedKeys(marks) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(marks[k])})
	}
	return out
}
