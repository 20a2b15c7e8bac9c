package plan

import (
	"fmt"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// objectQuota is a quota on objects of a kind. What it was raised to no API that
// orgdns uses tells; the configuration may.
type objectQuota struct {
	kind  Kind
	name  string // one of estate's Quota… names; empty where AWS never raises it
	fixed int    // then it is this
	// of names what has the quota that an object counts against; false when it
	// counts for nothing.
	of   func(account estate.AccountID, region estate.Region, fields map[string]string) (what string, counts bool)
	unit string // "Resolver rules"
	page string
	hint string
}

const (
	route53Quotas     = "Developer Guide, DNSLimitations.html"
	privateLinkQuotas = "PrivateLink guide, vpc-limits-endpoints.html"
	ramQuotas         = "RAM User Guide, service-quotas.html"
)

// objectQuotas are those that a large organization comes to first.
var objectQuotas = []objectQuota{
	{KindProfileAssociation, estate.QuotaVPCsPerProfile, 0, byField("profile", "Profile"), "VPCs", route53Quotas, "share by several Profiles, with the VPCs spread over as many shares"},
	{KindRuleAssociation, estate.QuotaRuleAssociations, 0, byRegion, "associations of Resolver rules with VPCs", route53Quotas, "write `forward: suffix` to need fewer rules, or share by a Profile"},
	{KindResolverRule, estate.QuotaResolverRules, 0, byRegion, "Resolver rules", route53Quotas, "write `forward: suffix` to need fewer rules, or share by a Profile"},
	{KindResolverEndpoint, estate.QuotaResolverEndpoints, 0, byRegion, "Resolver endpoints", route53Quotas, "use those that stand (`resolverEndpoints`)"},
	{KindProfile, estate.QuotaProfiles, 0, byRegion, "Profiles", route53Quotas, "use one that stands (`profile`)"},
	{KindProfileResource, estate.QuotaZonesPerProfile, 0, carried("hostedzone/"), "private zones", route53Quotas, "spread them over several Profiles"},
	{KindProfileResource, estate.QuotaRulesPerProfile, 0, carried("resolver-rule/"), "Resolver rules", route53Quotas, "spread them over several Profiles"},
	{KindProfileResource, "", 5, carried("firewall-rule-group/"), "DNS Firewall rule groups", route53Quotas, "join rule groups"},
	{KindProfileResource, "", 2, carried("resolver-query-log-config/"), "query logging configurations", route53Quotas, "leave some out"},
	{KindEndpoint, estate.QuotaEndpointsPerVPC, 0, interfaces, "interface endpoints", privateLinkQuotas, "spread the services over several hub VPCs"},
}

func byRegion(account estate.AccountID, region estate.Region, _ map[string]string) (string, bool) {
	return fmt.Sprintf("account %s in %s", account, region), true
}

func byField(field, word string) func(estate.AccountID, estate.Region, map[string]string) (string, bool) {
	return func(_ estate.AccountID, _ estate.Region, f map[string]string) (string, bool) {
		return word + " " + f[field], f[field] != ""
	}
}

// interfaces counts interface endpoints by VPC: others are in no subnet.
func interfaces(_ estate.AccountID, _ estate.Region, f map[string]string) (string, bool) {
	return "VPC " + f["vpc"], f["subnets"] != ""
}

// carried counts what a Profile carries, by the part of an ARN that tells the
// kind of resource. There is no quota of endpoints.
func carried(kind string) func(estate.AccountID, estate.Region, map[string]string) (string, bool) {
	return func(_ estate.AccountID, _ estate.Region, f map[string]string) (string, bool) {
		parts := strings.SplitN(f["resource"], ":", 6)
		return "Profile " + f["profile"], len(parts) == 6 && strings.HasPrefix(parts[5], kind)
	}
}

// objectQuotas tells ahead that a quota on objects would be exceeded: what
// stands, whoever made it, with what the plan makes and deletes. What is not
// read is not counted, so the rest is left to AWS.
func (b *builder) objectQuotas() {
	for _, q := range objectQuotas {
		counts, first := map[string]int{}, map[string]Change{}
		for _, c := range b.plan.Changes {
			if c.Action == Create && c.Item().Kind() == q.kind {
				if what, ok := q.of(c.Account, c.Region, b.fields(*c.After.Object)); ok {
					if counts[what] == 0 {
						first[what] = c
					}
					counts[what]++
				}
			}
		}
		if len(counts) == 0 {
			continue
		}
		going := map[string]bool{}
		for _, c := range b.plan.Changes {
			if c.Action == Delete && c.Item().Kind() == q.kind {
				going[c.ID] = true
			}
		}
		for s := range Objects(b.e, q.kind) {
			if what, ok := q.of(s.Account, s.Region, firsts(s.Fields)); ok && counts[what] > 0 && !s.Going && !going[s.ID] {
				counts[what]++
			}
		}
		for _, what := range sortedKeys(counts) {
			limit := q.fixed
			if q.name != "" {
				limit = b.limit(b.holder(first[what]), q.name)
			}
			if counts[what] > limit {
				b.overQuota(first[what], q.name, fmt.Sprintf("%s would have %d %s; the quota is %d", what, counts[what], q.unit, limit), q.page, q.hint)
			}
		}
	}
	for _, c := range b.plan.Changes {
		if c.Item().Kind() != KindShare || c.After == nil {
			continue
		}
		for _, q := range []struct{ field, name string }{{"resources", estate.QuotaResourcesPerShare}, {"principals", estate.QuotaPrincipalsPerShare}} {
			if n, limit := len(c.After.Object.Fields[q.field]), b.limit(c.Account, q.name); n > limit {
				b.overQuota(c, q.name, fmt.Sprintf("the resource share would hold %d %s; the quota is %d", n, q.field, limit), ramQuotas,
					"share with units or with the organization (`shareWith`): each counts as one principal")
			}
		}
	}
}

// limit is a quota of an account, as far as it is known.
func (b *builder) limit(account estate.AccountID, name string) int {
	return b.e.Raised(account, name, estate.UsualQuota(name))
}

// holder is the account whose quota a change counts against: of what is put on a
// Profile its owner's (Developer Guide, sharing-profiles.html), else its own.
func (b *builder) holder(c Change) estate.AccountID {
	profile := b.fields(*c.After.Object)["profile"]
	if p, ok := b.e.Profiles.Get(profile); ok {
		return p.Account
	}
	for _, w := range b.in.Wanted {
		if w.Address == profile {
			return w.Account
		}
	}
	return c.Account
}

func (b *builder) overQuota(c Change, name, summary, page, hint string) {
	if name != "" {
		hint += fmt.Sprintf("; where AWS has raised it, write `quotas: { %s: … }`", name)
	}
	w := Wanted{Address: c.Address, Account: c.Account, Region: c.Region, Pos: c.Pos}
	b.problem(w, diag.Error, "quota", summary, page+"; what is not read is not counted", hint)
}

// fields are the first values of an object's fields: as they are known, else the
// address of what they refer to, so that objects which refer to the same thing
// have the same.
func (b *builder) fields(o Object) map[string]string {
	out := map[string]string{}
	for f, values := range o.Fields {
		if len(values) == 0 {
			continue
		}
		if got, err := b.known(values[0]); err == nil && len(got) > 0 {
			out[f] = got[0]
		} else if r, ok := values[0].Ref(); ok {
			out[f] = r.Address
		}
	}
	return out
}

func firsts(fields map[string][]string) map[string]string {
	out := map[string]string{}
	for f, values := range fields {
		if len(values) > 0 {
			out[f] = values[0]
		}
	}
	return out
}
