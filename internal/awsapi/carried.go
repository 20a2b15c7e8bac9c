package awsapi

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// What a Profile carries and nothing else of orgdns deals with: it is read by its
// ID, never changed.

// readFirewallGroup reads a DNS Firewall rule group of an account with its rules.
func (c *caller) readFirewallGroup(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.resolver(q.Account, q.Region)
	got, err := client.GetFirewallRuleGroup(ctx, &route53resolver.GetFirewallRuleGroupInput{FirewallRuleGroupId: &q.ID})
	if Code(err) == notFound {
		return func(e *estate.Estate) {
			if g, _ := e.FirewallGroups.Get(q.ID); g.Region == q.Region {
				e.FirewallGroups.Delete(q.ID)
			}
		}, nil
	}
	if err != nil {
		return nil, err
	}
	group := estate.FirewallGroup{ID: q.ID, Account: estate.AccountID(aws.ToString(got.FirewallRuleGroup.OwnerId)), Region: q.Region}
	pages := route53resolver.NewListFirewallRulesPaginator(client, &route53resolver.ListFirewallRulesInput{FirewallRuleGroupId: &q.ID, MaxResults: aws.Int32(resolverPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.FirewallRules {
			rule, err := firewallRule(ctx, client, r)
			if err != nil {
				return nil, fmt.Errorf("rule %s of %s: %w", aws.ToString(r.Name), q.ID, err)
			}
			group.Rules = append(group.Rules, rule)
		}
	}
	return func(e *estate.Estate) { e.FirewallGroups.Put(group) }, nil
}

func firewallRule(ctx context.Context, client *route53resolver.Client, r types.FirewallRule) (estate.FirewallRule, error) {
	out := estate.FirewallRule{
		Priority: aws.ToInt32(r.Priority), Type: aws.ToString(r.Qtype), Action: string(r.Action), Block: string(r.BlockResponse),
		OverrideTTL: uint32(aws.ToInt32(r.BlockOverrideTtl)),
		FirstOnly:   r.FirewallDomainRedirectionAction == types.FirewallDomainRedirectionActionTrustRedirectionDomain,
	}
	var err error
	if name := aws.ToString(r.BlockOverrideDomain); name != "" {
		if out.Override, err = dnsname.Parse(name); err != nil {
			return out, err
		}
	}
	out.Domains, err = firewallDomains(ctx, client, r.FirewallDomainListId)
	return out, err
}

// firewallDomains are the names of a domain list. Of one that AWS manages nobody
// sees them (Developer Guide, resolver-dns-firewall-managed-domain-lists.html).
func firewallDomains(ctx context.Context, client *route53resolver.Client, list *string) ([]dnsname.Name, error) {
	if list == nil {
		return nil, nil // a rule without one judges by threat protection
	}
	got, err := client.GetFirewallDomainList(ctx, &route53resolver.GetFirewallDomainListInput{FirewallDomainListId: list})
	if err != nil || aws.ToString(got.FirewallDomainList.ManagedOwnerName) != "" {
		return nil, err
	}
	var out []dnsname.Name
	pages := route53resolver.NewListFirewallDomainsPaginator(client, &route53resolver.ListFirewallDomainsInput{FirewallDomainListId: list, MaxResults: aws.Int32(domainsPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Domains {
			n, err := dnsname.Parse(s)
			if err != nil {
				return nil, err
			}
			out = append(out, n)
		}
	}
	return out, nil
}

// domainsPage is the largest page of ListFirewallDomains
// (API_route53resolver_ListFirewallDomains).
const domainsPage = 5000

// readQueryLog reads a query logging configuration of an account.
func (c *caller) readQueryLog(ctx context.Context, q estate.Query) (Patch, error) {
	got, err := c.resolver(q.Account, q.Region).GetResolverQueryLogConfig(ctx, &route53resolver.GetResolverQueryLogConfigInput{ResolverQueryLogConfigId: &q.ID})
	if Code(err) == notFound {
		return func(e *estate.Estate) {
			if l, _ := e.QueryLogConfigs.Get(q.ID); l.Region == q.Region {
				e.QueryLogConfigs.Delete(q.ID)
			}
		}, nil
	}
	if err != nil {
		return nil, err
	}
	l := got.ResolverQueryLogConfig
	config := estate.QueryLogConfig{
		ID: q.ID, Account: estate.AccountID(aws.ToString(l.OwnerId)), Region: q.Region, Name: aws.ToString(l.Name), Destination: aws.ToString(l.DestinationArn),
	}
	return func(e *estate.Estate) { e.QueryLogConfigs.Put(config) }, nil
}
