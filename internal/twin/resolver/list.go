package resolver

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// lists are the domain lists by owner, Region and ID. In the estate a rule
// holds its domains itself; one that was loaded from there has a list that
// derives from it.
var lists = world.Private[domainList]{Name: "resolver.domainLists"}

type domainList struct {
	id      string
	domains []dnsname.Name
}

func listKey(c *world.Call, id string) string {
	return fmt.Sprintf("%s/%s/%s", c.Account(), c.Region, id)
}

// listOf is the domain list of a rule.
func listOf(c *world.Call, g estate.FirewallGroup, r estate.FirewallRule) string {
	if m, ok := rules.Get(c.State, ruleKey(g.ID, r.Priority)); ok {
		return m.list
	}
	return world.Derived("rslvr-fdl", ruleKey(g.ID, r.Priority))
}

// myLists are the caller's domain lists in the Region, by ID.
func myLists(c *world.Call) map[string]domainList {
	out := map[string]domainList{}
	for g := range c.Estate().FirewallGroups.By(estate.ByRegion(c.Account(), c.Region)) {
		for _, r := range g.Rules {
			id := listOf(c, g, r)
			out[id] = domainList{id, r.Domains}
		}
	}
	lists.Walk(c.State, listKey(c, ""), func(_ string, l domainList) bool {
		out[l.id] = l
		return true
	})
	return out
}

// ownList asks for the permission to do the operation on a domain list, and
// finds it.
func ownList(c *world.Call, id *string) (domainList, error) {
	resource := myARN(c, kindList, aws.ToString(id))
	tags, _ := world.Tags.Get(c.State, resource)
	if err := allow(c, resource, tags, nil); err != nil {
		return domainList{}, err
	}
	l, ok := myLists(c)[aws.ToString(id)]
	if !ok {
		return l, missing("Firewall domain list", aws.ToString(id))
	}
	return l, nil
}

func showList(c *world.Call, l domainList) *types.FirewallDomainList {
	m, _ := moreTable.Get(c.State, l.id)
	if m.name == "" {
		m.name = l.id
	}
	return &types.FirewallDomainList{
		Id: &l.id, Arn: aws.String(myARN(c, kindList, l.id)), Name: &m.name, CreatorRequestId: &m.request, DomainCount: aws.Int32(int32(len(l.domains))),
		Status: types.FirewallDomainListStatusComplete, CreationTime: stamp(m.created), ModificationTime: stamp(m.modified), StatusMessage: aws.String(""),
	}
}

func createFirewallDomainList(_ context.Context, c *world.Call, in *sdk.CreateFirewallDomainListInput) (*sdk.CreateFirewallDomainListOutput, error) {
	tags := tagsOf(in.Tags)
	if err := allow(c, myARN(c, kindList, "*"), nil, tags); err != nil {
		return nil, err
	}
	// The operation has no ResourceExistsException.
	if once(c, "Firewall domain list", in.CreatorRequestId) != nil {
		return nil, validation("Firewall domain list with creator request ID '%s' already exists", *in.CreatorRequestId)
	}
	if err := checkTags(c, tags); err != nil {
		return nil, err
	}
	if c.World.Limits && len(myLists(c)) >= listQuota {
		return nil, exceeded(c, "max-domain-lists")
	}
	l := domainList{id: newID(c, "rslvr-fdl")}
	lists.Put(c.State, listKey(c, l.id), l)
	remember(c, l.id, in.CreatorRequestId, aws.ToString(in.Name))
	if len(tags) > 0 {
		world.Tags.Put(c.State, myARN(c, kindList, l.id), tags)
	}
	return &sdk.CreateFirewallDomainListOutput{FirewallDomainList: showList(c, l)}, nil
}

func getFirewallDomainList(_ context.Context, c *world.Call, in *sdk.GetFirewallDomainListInput) (*sdk.GetFirewallDomainListOutput, error) {
	l, err := ownList(c, in.FirewallDomainListId)
	if err != nil {
		return nil, err
	}
	return &sdk.GetFirewallDomainListOutput{FirewallDomainList: showList(c, l)}, nil
}

func listFirewallDomainLists(_ context.Context, c *world.Call, in *sdk.ListFirewallDomainListsInput) (*sdk.ListFirewallDomainListsOutput, error) {
	if err := allow(c, myARN(c, kindList, "*"), nil, nil); err != nil {
		return nil, err
	}
	var all []types.FirewallDomainListMetadata
	for _, l := range myLists(c) {
		s := showList(c, l)
		all = append(all, types.FirewallDomainListMetadata{Id: s.Id, Arn: s.Arn, Name: s.Name, CreatorRequestId: s.CreatorRequestId})
	}
	list, next, err := page(all, func(l types.FirewallDomainListMetadata) string { return *l.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListFirewallDomainListsOutput{FirewallDomainLists: list, NextToken: next}, err
}

// users changes the rules of the caller's groups that use a list, and counts
// them.
func users(c *world.Call, list string, change func(*estate.FirewallRule)) int {
	n := 0
	for g := range c.Estate().FirewallGroups.By(estate.ByRegion(c.Account(), c.Region)) {
		g.Rules = slices.Clone(g.Rules)
		used := false
		for i := range g.Rules {
			if listOf(c, g, g.Rules[i]) == list {
				change(&g.Rules[i])
				used = true
				n++
			}
		}
		if used {
			c.Estate().FirewallGroups.Put(g)
		}
	}
	return n
}

func deleteFirewallDomainList(_ context.Context, c *world.Call, in *sdk.DeleteFirewallDomainListInput) (*sdk.DeleteFirewallDomainListOutput, error) {
	l, err := ownList(c, in.FirewallDomainListId)
	if err != nil {
		return nil, err
	}
	if users(c, l.id, func(*estate.FirewallRule) {}) > 0 {
		return nil, conflict("Firewall domain list '%s' is used by a rule.", l.id)
	}
	out := showList(c, l)
	out.Status = types.FirewallDomainListStatusDeleting
	lists.Delete(c.State, listKey(c, l.id))
	forget(c, l.id, myARN(c, kindList, l.id))
	return &sdk.DeleteFirewallDomainListOutput{FirewallDomainList: out}, nil
}

const domainsPerCall = 1000 // API_route53resolver_UpdateFirewallDomains

func updateFirewallDomains(_ context.Context, c *world.Call, in *sdk.UpdateFirewallDomainsInput) (*sdk.UpdateFirewallDomainsOutput, error) {
	l, err := ownList(c, in.FirewallDomainListId)
	if err != nil {
		return nil, err
	}
	if len(in.Domains) > domainsPerCall {
		return nil, &types.LimitExceededException{Message: text("At most %d domains can be given in a call.", domainsPerCall)}
	}
	var given []dnsname.Name
	for _, s := range in.Domains {
		n, err := dnsname.Parse(s)
		if err != nil {
			return nil, validation("The domain '%s' is not valid.", s)
		}
		given = append(given, n)
	}
	switch in.Operation {
	case types.FirewallDomainUpdateOperationAdd:
		l.domains = append(slices.Clone(l.domains), given...)
	case types.FirewallDomainUpdateOperationRemove:
		l.domains = slices.DeleteFunc(slices.Clone(l.domains), func(n dnsname.Name) bool { return slices.Contains(given, n) })
	default:
		l.domains = given
	}
	l.domains = slices.Clone(l.domains)
	slices.SortFunc(l.domains, dnsname.Name.Compare)
	l.domains = slices.Compact(l.domains)
	total := len(l.domains)
	for id, o := range myLists(c) {
		if id != l.id {
			total += len(o.domains)
		}
	}
	if c.World.Limits && total > domainQuota {
		return nil, exceeded(c, "max-domains")
	}
	lists.Put(c.State, listKey(c, l.id), l)
	users(c, l.id, func(r *estate.FirewallRule) { r.Domains = l.domains })
	touch(c, l.id, nil)
	out := showList(c, l)
	return &sdk.UpdateFirewallDomainsOutput{Id: out.Id, Name: out.Name, Status: out.Status, StatusMessage: out.StatusMessage}, nil
}

func listFirewallDomains(_ context.Context, c *world.Call, in *sdk.ListFirewallDomainsInput) (*sdk.ListFirewallDomainsOutput, error) {
	l, err := ownList(c, in.FirewallDomainListId)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for _, n := range l.domains {
		all = append(all, n.FQDN())
	}
	list, next, err := page(all, func(s string) string { return s }, in.MaxResults, in.NextToken)
	return &sdk.ListFirewallDomainsOutput{Domains: list, NextToken: next}, err
}
