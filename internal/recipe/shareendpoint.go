package recipe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// An interface endpoint of a share, in the hub or in a consumer's VPC.

// endpointOf wants an interface endpoint.
func (s *shareIn) endpointOf(one *sharedService, address string, v estate.VPC, group plan.Value, have []string, privateDNS bool) {
	fields := map[string][]plan.Value{
		"vpc": lits(v.ID), "service": {one.service}, "groups": {group},
		"serviceRegion": nonEmpty(string(one.ServiceRegion)),
		"subnets":       lits(s.spread(v, s.chosenSubnets(v), s.zonesFor(one, v.Account), have)...),
	}
	if len(fields["subnets"]) == 0 {
		s.problem(one.pos, diag.Error, "no-subnet", fmt.Sprintf("VPC %s (account %s) has no subnet for an endpoint of %s", v.ID, v.Account, one.label),
			"an interface endpoint has an address in a subnet of a zone in which the service is offered", "add a subnet, or choose others by `subnets`")
		return
	}
	if one.policy {
		fields["policy"] = lits(s.policyOf(one))
	}
	if one.IPType != "" {
		fields["ipType"] = lits(one.IPType)
	}
	if one.DNSIPType != "" {
		fields["dnsIPType"] = lits(one.DNSIPType)
	}
	if one.InboundOnly {
		fields["inboundOnly"] = lits(plan.True)
	}
	w := plan.Wanted{Pos: one.pos, Settle: true, Reason: "serves " + one.label}
	if privateDNS && one.acceptance {
		s.want(nameAddress(one, address), v.Account, object(plan.KindPrivateDNS, map[string][]plan.Value{"endpoint": {plan.Of(address, "id")}}),
			plan.Wanted{Pos: one.pos, Settle: true, After: one.after, Reason: "AWS refuses it until the endpoint is accepted"})
	} else {
		fields["privateDNS"] = []plan.Value{plan.Bool(privateDNS)}
		w.After = one.after
	}
	if one.own != nil && one.acceptance {
		w.SettleAfter = []string{address + "/accepted"}
		s.acceptance(one, address)
	}
	s.want(address, v.Account, object(plan.KindEndpoint, fields), w)
}

// zonesFor are the zones of availability in which an account's endpoints to a
// service can be, by name or by ID; none where they are not known, or those of
// another Region. Names differ by account, so they are those that the account is
// offered (R3.1).
func (s *shareIn) zonesFor(one *sharedService, account estate.AccountID) []string {
	switch {
	case one.ServiceRegion != "":
		return nil
	case one.own != nil:
		return s.balancedZones(one)
	case account == s.hub.ID:
		return one.zones
	}
	name, _ := one.service.Literal()
	offer, _ := s.Estate.Offers.Get(estate.ServiceOffer{Account: account, Region: s.region, Name: name}.Key())
	return offer.Zones
}

// balancedZones are those of a service of one's own: of its load balancers, as far
// as the service that stands has them.
func (s *shareIn) balancedZones(one *sharedService) []string {
	provider, problems := s.Config.FindAccount(one.own.Account, s.Estate)
	if len(problems) > 0 {
		return nil
	}
	service, _ := s.standingService(one, provider.ID)
	var out []string
	for _, b := range s.balancers(*one.own, provider.ID) {
		for _, id := range b.Subnets {
			sub, known := s.Estate.Subnets.Get(id)
			if known && (len(service.Zones) == 0 || slices.Contains(service.Zones, sub.Zone)) {
				out = append(out, cmp.Or(sub.ZoneID, sub.Zone))
			}
		}
	}
	return out
}

// picked are the endpoints of the hub VPC that the configuration chooses for a
// service, and why others that it chooses in the Region cannot be used.
func (s *shareIn) picked(one *sharedService) (fit []estate.Endpoint, unfit []string) {
	service, _ := one.service.Literal()
	look := func(p estate.Endpoint) {
		switch {
		case p.VPC != s.vpc.ID:
			unfit = append(unfit, p.ID+" is in VPC "+p.VPC)
		case p.Service != service:
			unfit = append(unfit, p.ID+" is for "+p.Service)
		case p.State != estate.EndpointAvailable:
			unfit = append(unfit, p.ID+" is "+p.State)
		case !slices.ContainsFunc(fit, func(f estate.Endpoint) bool { return f.ID == p.ID }):
			fit = append(fit, p)
		}
	}
	for _, pick := range one.Endpoints {
		if pick.ID != "" {
			if p, ok := s.Estate.Endpoints.Get(pick.ID); ok && p.Region == s.region {
				look(p)
			}
			continue
		}
		for p := range s.Estate.Endpoints.By(estate.ByVPC(s.vpc.ID)) {
			if p.Service == service && p.Tags.Match(pick.Tags) {
				look(p)
			}
		}
	}
	return fit, unfit
}

// checkPicks refuses a choice that no endpoint fits, or several, rather than have
// another one made.
func (s *shareIn) checkPicks() {
	for _, one := range s.services {
		if one.used || s.Via == config.ViaOwn {
			continue
		}
		fit, unfit := s.picked(one)
		var ids []string
		for _, p := range fit {
			ids = append(ids, p.ID)
		}
		switch {
		case len(fit) > 1:
			s.problem(one.pos, diag.Error, "ambiguous-endpoint", fmt.Sprintf("`endpoint` of %s selects %d endpoints in VPC %s; it must be one", one.label, len(fit), s.vpc.ID), strings.Join(ids, ", "), "name one by its ID")
		case len(unfit) > 0 || slices.ContainsFunc(one.Endpoints, s.isHere):
			s.problem(one.pos, diag.Error, "no-endpoint", fmt.Sprintf("VPC %s (account %s in %s) has no endpoint that `endpoint` of %s selects", s.vpc.ID, s.hub.ID, s.region, one.label),
				strings.Join(unfit, "; "), "choose one that is available there, or none to have one made")
		}
	}
}

// isHere reports whether a choice must be found in this Region: of an ID or of tags
// that an endpoint has in another Region of the share, it is a choice for that one.
func (s *shareIn) isHere(pick config.Pick) bool {
	if _, stands := s.Estate.Endpoints.Get(pick.ID); stands {
		return false
	}
	for p := range s.Estate.Endpoints.All() {
		if pick.ID == "" && p.Account == s.hub.ID && p.Region != s.region && p.Tags.Match(pick.Tags) && slices.Contains(shareRegions(s.EndpointShare, s.hub), p.Region) {
			return false
		}
	}
	return !slices.ContainsFunc(shareRegions(s.EndpointShare, s.hub), func(r estate.Region) bool {
		return !s.Estate.Answered(estate.Query{Kind: estate.QueryEndpoints, Account: s.hub.ID, Region: r})
	})
}

// nameAddress is what must be in effect before an endpoint answers for its
// private names. AWS refuses private DNS in the request for an endpoint that
// waits to be accepted (hashicorp/terraform-provider-aws#7148), so there it is a
// step of its own.
func nameAddress(one *sharedService, address string) string {
	if one.acceptance {
		return address + "/privateDNS"
	}
	return address
}

// acceptance wants an endpoint accepted by a service of one's own, in the Region
// of the service.
func (s *shareIn) acceptance(one *sharedService, address string) {
	provider, problems := s.Config.FindAccount(one.own.Account, s.Estate)
	if len(problems) > 0 {
		return // told with the service
	}
	at := *s
	if one.ServiceRegion != "" {
		at.region = one.ServiceRegion
	}
	at.want(address+"/accepted", provider.ID, object(plan.KindConnection, map[string][]plan.Value{
		"service": {plan.Of(s.ownAddress(one), "id")}, "endpoint": {plan.Of(address, "id")},
	}), plan.Wanted{Pos: one.pos, Settle: true, Reason: "the service asks for acceptance"})
}

func (s *shareIn) chosenSubnets(v estate.VPC) config.Subnets {
	if v.ID == s.vpc.ID || s.Via == config.ViaOwn {
		return s.Subnets
	}
	return config.Subnets{}
}

func nonEmpty(v string) []plan.Value {
	if v == "" {
		return []plan.Value{}
	}
	return lits(v)
}

// policyOf is the policy of an endpoint in one spelling.
func (s *shareIn) policyOf(one *sharedService) string {
	switch one.Policy {
	case config.PolicyOpen:
		return plan.NormalDocument(`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`)
	case config.PolicyOrganization:
		return s.organizationPolicy(strings.TrimSuffix(one.Label(), "-fips") == "sts")
	}
	return plan.NormalDocument(one.Policy)
}

// organizationPolicy admits the principals of the organization and of the accounts
// outside it with which the share is. Whoever calls STS
// with a token or an assertion of an identity provider is no principal yet, so
// there the role has to be the organization's (IAM User Guide,
// reference_sts_vpc_endpoint_policies.html).
func (s *shareIn) organizationPolicy(sts bool) string {
	var statements []string
	admit := func(key string, values ...string) {
		statements = append(statements, admits(`"*"`, "aws:Principal"+key, values))
		if sts {
			statements = append(statements, admits(federated, "aws:Resource"+key, values))
		}
	}
	admit("OrgID", s.Estate.Organization.ID)
	if outside := s.outside(); len(outside) > 0 {
		admit("Account", outside...)
	}
	return plan.NormalDocument(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

const federated = `["sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity"]`

// admits is a statement for whoever is, or uses, what a condition key names.
func admits(actions, key string, values []string) string {
	list, err := json.Marshal(plan.List[string](values))
	if err != nil { // strings: cannot be
		return ""
	}
	return fmt.Sprintf(`{"Effect":"Allow","Principal":"*","Action":%s,"Resource":"*","Condition":{"StringEquals":{%q:%s}}}`, actions, key, list)
}

// outside are the accounts beyond the organization with which the share is.
func (s *shareIn) outside() []string {
	if len(s.External) == 0 {
		return nil // a selector without accounts selects them all
	}
	ids, _ := s.Config.SelectAccounts(config.Selector{Accounts: s.External}, s.Estate)
	var out []string
	for _, id := range ids {
		out = append(out, string(id))
	}
	slices.Sort(out)
	return out
}
