package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// The kinds of objects. Their fields:
const (
	// KindSecurityGroup: vpc, name, description, ingress ("tcp 443 10.0.0.0/8",
	// one a range), egress likewise. Attributes: id.
	KindSecurityGroup Kind = "securityGroup"
	// KindEndpoint, an interface endpoint: vpc, service, serviceRegion, subnets,
	// groups, privateDNS, inboundOnly, policy, ipType, dnsIPType; deleteAfter (a
	// time) of one that goes. Attributes: id, arn, name (the regional one),
	// zone (that an alias to it gives).
	KindEndpoint Kind = "endpoint"
	// KindEndpointService: loadBalancers, acceptance, privateName, regions,
	// principals. Attributes: id, name, verifyName, verifyValue.
	KindEndpointService Kind = "endpointService"
	// KindVerification, that the private name of a service is verified:
	// service, name. It is in effect once AWS has verified it.
	KindVerification Kind = "verification"
	// KindConnection, an endpoint that is accepted by its service: service,
	// endpoint.
	KindConnection Kind = "connection"
	// KindPrivateDNS, that the private DNS of an endpoint is on which was made
	// without it: endpoint.
	KindPrivateDNS Kind = "privateDNS"
	// KindProfile: name. Attributes: id, arn.
	KindProfile Kind = "profile"
	// KindProfileResource: profile, resource (ARN), priority.
	KindProfileResource Kind = "profileResource"
	// KindProfileAssociation, in the VPC's account: profile, vpc.
	KindProfileAssociation Kind = "profileAssociation"
	// KindShare, of RAM: name, external, resources (ARNs), principals. Of
	// resources and principals those in its ledger are ours. Attributes: id, arn.
	KindShare Kind = "share"
	// KindInvitation, in the account that accepts: share, account.
	KindInvitation Kind = "invitation"
	// KindResolverEndpoint: direction, vpc, subnets (one address in each),
	// groups. Attributes: id, addresses.
	KindResolverEndpoint Kind = "resolverEndpoint"
	// KindResolverRule: domain, type, endpoint, targets (IP addresses).
	// Attributes: id, arn.
	KindResolverRule Kind = "resolverRule"
	// KindRuleAssociation, in the VPC's account: rule, vpc.
	KindRuleAssociation Kind = "ruleAssociation"
	// KindTransitAttachment, in the VPC's account: gateway, vpc, subnets.
	// Attributes: id.
	KindTransitAttachment Kind = "transitAttachment"
	// KindTransitAcceptance, in the gateway's account: attachment; association
	// and propagation, the route tables for it where the gateway has no default
	// ones.
	KindTransitAcceptance Kind = "transitAcceptance"
	// KindRoutes, the routes of ours in a route table: table, routes
	// ("10.0.0.0/16 tgw-1", the target last).
	KindRoutes Kind = "routes"
	// KindProbeRole and KindProbe: see probe.go.
	KindProbeRole Kind = "probeRole"
	KindProbe     Kind = "probe"
	// KindEventBus, KindEventRule, KindEventRole, KindQueue, KindParameter: see
	// events.go.
	KindEventBus  Kind = "eventBus"
	KindEventRule Kind = "eventRule"
	KindEventRole Kind = "eventRole"
	KindQueue     Kind = "queue"
	KindParameter Kind = "parameter"
)

var objectKinds map[Kind]objectKind

func init() {
	objectKinds = map[Kind]objectKind{
		KindSecurityGroup:      {query: estate.QuerySecurityGroups, fixed: []string{"vpc", "name", "description"}, gathered: []string{"egress"}, standing: standingGroups},
		KindEndpoint:           {query: estate.QueryEndpoints, fixed: []string{"vpc", "service", "serviceRegion"}, standing: standingEndpoints},
		KindEndpointService:    {query: estate.QueryEndpointServices, determines: map[string][]string{"privateName": {"verifyName", "verifyValue"}}, gathered: []string{"principals"}, standing: standingServices},
		KindVerification:       {early: true, query: estate.QueryEndpointServices, done: verified},
		KindConnection:         {query: estate.QueryEndpointServices, done: connected, early: true},
		KindPrivateDNS:         {query: estate.QueryEndpoints, done: privatelyNamed},
		KindProfile:            {query: estate.QueryProfiles, fixed: []string{"name"}, standing: standingProfiles},
		KindProfileResource:    {query: estate.QueryProfiles, fixed: []string{"profile", "resource"}, named: true, standing: standingProfileResources},
		KindProfileAssociation: {query: estate.QueryProfileAssociations, fixed: []string{"profile", "vpc"}, named: true, standing: standingProfileAssociations},
		KindShare:              {query: estate.QueryShares, fixed: []string{"name"}, gathered: []string{"principals", "resources", "external"}, standing: standingShares},
		KindInvitation:         {query: estate.QueryInvitations, done: accepted},
		KindResolverEndpoint:   {query: estate.QueryResolverEndpoints, fixed: []string{"direction", "vpc", "groups"}, determines: map[string][]string{"subnets": {"addresses"}}, standing: standingResolverEndpoints},
		KindResolverRule:       {query: estate.QueryResolverRules, fixed: []string{"domain", "type"}, standing: standingRules},
		KindRuleAssociation:    {query: estate.QueryRuleAssociations, fixed: []string{"rule", "vpc"}, named: true, standing: standingRuleAssociations},
		KindTransitAttachment:  {query: estate.QueryTransitAttachments, fixed: []string{"gateway", "vpc"}, standing: standingAttachments},
		KindTransitAcceptance:  {early: true, query: estate.QueryTransitAttachments, fixed: []string{"attachment"}, gathered: tableFields, standing: standingAcceptances},
		KindRoutes:             {query: estate.QueryRouteTables, fixed: []string{"table"}, gathered: []string{"routes"}, standing: standingRoutes},
		KindProbeRole:          {query: estate.QueryRole, id: ProbeRole, fixed: []string{"name"}, standing: standingProbeRoles},
		KindProbe:              {query: estate.QueryFunctions, named: true, standing: standingProbes},
		KindEventBus:           {apart: true, query: estate.QueryEvents, id: NamePrefix, fixed: []string{"name"}, standing: standingBuses},
		KindEventRule:          {apart: true, query: estate.QueryEvents, id: NamePrefix, fixed: []string{"bus", "name"}, standing: standingEventRules},
		KindEventRole:          {apart: true, query: estate.QueryRole, id: EventName, fixed: []string{"name"}, standing: standingEventRoles},
		KindQueue:              {apart: true, query: estate.QueryQueues, id: NamePrefix, fixed: []string{"name"}, standing: standingQueues},
		KindParameter:          {apart: true, query: estate.QueryParameters, id: NamePrefix, fixed: []string{"name"}, standing: standingParameters},
	}
}

func one(s string) []string {
	if s == "" {
		return []string{}
	}
	return []string{s}
}

func truth(b bool) []string {
	if b {
		return []string{True}
	}
	return []string{False}
}

func standingGroups(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for g := range e.SecurityGroups.All() {
			sides := map[bool][]string{false: {}, true: {}}
			for _, r := range g.Rules {
				if r.CIDR.IsValid() {
					sides[r.Egress] = append(sides[r.Egress], fmt.Sprintf("%s %d %s", r.Protocol, r.From, r.CIDR))
				}
			}
			s := Standing{Kind: KindSecurityGroup, ID: g.ID, Account: g.Account, Region: g.Region, Tags: g.Tags,
				Fields:     map[string][]string{"vpc": one(g.VPC), "name": one(g.Name), "description": one(g.Description), "ingress": sides[false], "egress": sides[true]},
				Attributes: Attributes{"id": {g.ID}}}
			if !yield(s) {
				return
			}
		}
	}
}

func standingEndpoints(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for p := range e.Endpoints.All() {
			s := Standing{Kind: KindEndpoint, ID: p.ID, Account: p.Account, Region: p.Region, Tags: p.Tags,
				Fields: map[string][]string{
					"vpc": one(p.VPC), "service": one(p.Service), "serviceRegion": one(string(p.ServiceRegion)), "subnets": p.Subnets, "groups": p.Groups,
					"privateDNS": truth(p.PrivateDNS), "inboundOnly": truth(p.InboundOnly), "policy": one(NormalDocument(p.Policy)),
					"ipType": one(p.IPType), "dnsIPType": one(p.DNSIPType),
				},
				Attributes: EndpointAttributes(p, e.Partition()),
				Going:      p.State == estate.EndpointDeleting || p.State == "deleted",
				// The owner of a service may still accept an endpoint that was rejected.
				Pending: p.State == estate.EndpointPending || p.State == estate.EndpointPendingAcceptance || p.State == estate.EndpointRejected,
				Failed:  p.State == estate.EndpointFailed || p.State == estate.EndpointExpired,
			}
			if until := p.Tags[TagDeleteAfter]; until != "" {
				s.Fields["deleteAfter"] = []string{until}
			}
			if !yield(s) {
				return
			}
		}
	}
}

// EndpointAttributes are what others may refer to of an endpoint.
func EndpointAttributes(p estate.Endpoint, partition string) Attributes {
	out := Attributes{"id": {p.ID}, "arn": {estate.InPartition(partition, p.ARN())}}
	if len(p.Names) > 0 {
		out["name"], out["zone"] = []string{p.Names[0].Name.String()}, []string{p.Names[0].Zone}
	}
	return out
}

// NormalDocument is a policy in one spelling, so that two can be compared; what
// is no JSON stays as it is.
func NormalDocument(s string) string {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return s
	}
	return string(raw)
}

func standingServices(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for v := range e.EndpointServices.All() {
			regions := []string{}
			for _, r := range v.Regions {
				regions = append(regions, string(r))
			}
			s := Standing{Kind: KindEndpointService, ID: v.ID, Account: v.Account, Region: v.Region, Tags: v.Tags,
				Fields: map[string][]string{
					"loadBalancers": v.LoadBalancers, "acceptance": truth(v.Acceptance), "privateName": one(v.PrivateName.String()),
					"regions": regions, "principals": ledgered(v.Tags, v.Principals),
				},
				Attributes: ServiceAttributes(v),
				Going:      v.State == "Deleting" || v.State == "Deleted", Pending: v.State == "Pending",
				Stale: staleLedger(v.Tags, TagMembers, v.Principals),
			}
			if v.PrivateName.IsZero() {
				s.Fields["privateName"] = []string{}
			}
			if !yield(s) {
				return
			}
		}
	}
}

// ServiceAttributes are what others may refer to of an endpoint service: with a
// private name the name and the value of the TXT record that proves it.
func ServiceAttributes(v estate.EndpointService) Attributes {
	out := Attributes{"id": {v.ID}, "name": {v.Name}}
	if !v.PrivateName.IsZero() && v.VerifyName != "" {
		// A wildcard is verified for what it stands below.
		out["verifyName"] = []string{v.VerifyName + "." + estate.ManagedZone(v.PrivateName).String()}
		out["verifyValue"] = []string{strconv.Quote(v.VerifyValue)}
	}
	return out
}

// verified reports whether the private name of a service is.
func verified(e estate.Estate, f map[string][]string) bool {
	v, ok := e.EndpointServices.Get(f["service"][0])
	return ok && v.NameState == estate.NameVerified && slices.Equal(f["name"], one(v.PrivateName.String()))
}

// connected reports whether a service accepted an endpoint.
func connected(e estate.Estate, f map[string][]string) bool {
	v, _ := e.EndpointServices.Get(f["service"][0])
	return slices.ContainsFunc(v.Connections, func(c estate.EndpointConnection) bool {
		return c.Endpoint == f["endpoint"][0] && c.State == estate.EndpointAvailable
	})
}

// privatelyNamed reports whether the private DNS of an endpoint is on.
func privatelyNamed(e estate.Estate, f map[string][]string) bool {
	p, _ := e.Endpoints.Get(f["endpoint"][0])
	return p.PrivateDNS
}

func standingProfiles(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for p := range e.Profiles.All() {
			if !yield(Standing{Kind: KindProfile, ID: p.ID, Account: p.Account, Region: p.Region, Tags: p.Tags,
				Fields:     map[string][]string{"name": one(p.Name)},
				Attributes: Attributes{"id": {p.ID}, "arn": {p.ARN}},
				Going:      p.Status == estate.StatusDeleting, Pending: p.Status == estate.StatusCreating || p.Status == estate.StatusFailed,
			}) {
				return
			}
		}
	}
}

func standingProfileResources(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for r := range e.ProfileResources.All() {
			p, _ := e.Profiles.Get(r.Profile)
			priority := []string{}
			if r.Priority != 0 {
				priority = one(strconv.Itoa(int(r.Priority)))
			}
			if !yield(Standing{Kind: KindProfileResource, ID: r.ID, Account: p.Account, Region: p.Region, Name: r.Name,
				Fields:     map[string][]string{"profile": one(r.Profile), "resource": one(r.ARN), "priority": priority},
				Attributes: Attributes{"id": {r.ID}},
				Going:      r.Status == estate.StatusDeleting, Pending: inProgress(r.Status), Failed: r.Status == estate.StatusFailed,
			}) {
				return
			}
		}
	}
}

func inProgress(status string) bool {
	return status == estate.StatusCreating || status == estate.StatusUpdating
}

func standingProfileAssociations(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for a := range e.ProfileAssociations.All() {
			if !yield(Standing{Kind: KindProfileAssociation, ID: a.ID, Account: a.Account, Region: a.Region, Name: a.Name,
				Fields:     map[string][]string{"profile": one(a.Profile), "vpc": one(a.VPC)},
				Attributes: Attributes{"id": {a.ID}},
				Going:      a.Status == estate.StatusDeleting, Pending: inProgress(a.Status), Failed: a.Status == estate.StatusFailed,
			}) {
				return
			}
		}
	}
}

func standingShares(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for v := range e.Shares.All() {
			s := Standing{Kind: KindShare, ID: v.ARN, Account: v.Account, Region: v.Region, Tags: v.Tags,
				Fields:     map[string][]string{"name": one(v.Name), "external": truth(v.AllowExternal)},
				Attributes: Attributes{"id": {v.ARN}, "arn": {v.ARN}},
			}
			var members []string
			for field, list := range map[string][]estate.ShareMember{"resources": v.Resources, "principals": v.Principals} {
				ids := []string{}
				for _, m := range list {
					if m.Status == estate.ShareAssociated || m.Status == estate.ShareAssociating {
						ids = append(ids, m.ID)
					}
					// An account that comes in may have to accept, a step of its own.
					s.Pending = s.Pending || m.Status == estate.ShareAssociating && strings.HasPrefix(m.ID, "arn:")
				}
				s.Fields[field] = ledgered(v.Tags, ids)
				members = append(members, ids...)
			}
			s.Stale = staleLedger(v.Tags, TagMembers, members)
			if !yield(s) {
				return
			}
		}
	}
}

// accepted reports whether an account has a share already: no invitation waits,
// and none will come, since the share names the account.
func accepted(e estate.Estate, f map[string][]string) bool {
	share, account := f["share"][0], f["account"][0]
	for i := range e.Invitations.By(estate.ByMember(share)) {
		if i.Status == "PENDING" && string(i.Receiver) == account {
			return false
		}
	}
	s, known := e.Shares.Get(share)
	p, _ := estate.ShareMemberIn(s.Principals, account)
	return !known || p.Status == estate.ShareAssociated
}

func standingResolverEndpoints(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for p := range e.ResolverEndpoints.All() {
			s := Standing{Kind: KindResolverEndpoint, ID: p.ID, Account: p.Account, Region: p.Region, Tags: p.Tags,
				Fields:     map[string][]string{"direction": one(p.Direction), "vpc": one(p.VPC), "groups": p.Groups, "subnets": {}},
				Attributes: Attributes{"id": {p.ID}, "addresses": {}},
				Going:      p.Status == estate.StatusDeleting, Pending: inProgress(p.Status),
			}
			for _, a := range p.Addresses {
				s.Fields["subnets"] = append(s.Fields["subnets"], a.Subnet)
				s.Attributes["addresses"] = append(s.Attributes["addresses"], a.IP.String())
			}
			if !yield(s) {
				return
			}
		}
	}
}

func standingRules(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for r := range e.ResolverRules.All() {
			s := Standing{Kind: KindResolverRule, ID: r.ID, Account: r.Account, Region: r.Region, Tags: r.Tags,
				Fields:     map[string][]string{"domain": one(r.Domain.String()), "type": one(r.Type), "endpoint": one(r.Endpoint), "targets": {}},
				Attributes: Attributes{"id": {r.ID}, "arn": {e.Local(r.ARN())}},
				Going:      r.Status == estate.StatusDeleting, Pending: inProgress(r.Status) || r.Status == estate.StatusFailed,
			}
			for _, t := range r.Targets {
				s.Fields["targets"] = append(s.Fields["targets"], t.IP.String())
			}
			if !yield(s) {
				return
			}
		}
	}
}

func standingRuleAssociations(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for a := range e.RuleAssociations.All() {
			if !yield(Standing{Kind: KindRuleAssociation, ID: a.ID, Account: a.Account, Region: a.Region, Name: a.Name,
				Fields:     map[string][]string{"rule": one(a.Rule), "vpc": one(a.VPC)},
				Attributes: Attributes{"id": {a.ID}},
				Going:      a.Status == estate.StatusDeleting, Pending: inProgress(a.Status), Failed: a.Status == estate.StatusFailed,
			}) {
				return
			}
		}
	}
}

func attachmentGoing(state string) bool {
	switch state {
	case estate.AttachmentDeleting, estate.AttachmentDeleted, estate.AttachmentRejected, "rejecting", "failing", "failed":
		return true
	}
	return false
}

func standingAttachments(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for a := range e.TransitAttachments.All() {
			if !yield(Standing{Kind: KindTransitAttachment, ID: a.ID, Account: a.Account, Region: a.Region, Tags: a.Tags,
				Fields:     map[string][]string{"gateway": one(a.Gateway), "vpc": one(a.VPC), "subnets": a.Subnets},
				Attributes: Attributes{"id": {a.ID}},
				Going:      attachmentGoing(a.State), Pending: a.State == estate.AttachmentPending,
			}) {
				return
			}
		}
	}
}

// AcceptanceMarks are the tags of an attachment that the gateway's owner took in
// for us, with the ledger of the route tables that it was given for us. Their
// keys are not those of Marks: where one account owns both the gateway and the
// VPC, the attachment carries the marks of both sides.
func AcceptanceMarks(owner, address string, fields map[string][]string) map[string]string {
	m := Marks(owner, address)
	out := map[string]string{tagAccepted + "owner": m[TagOwner], tagAccepted + "address": m[TagAddress]}
	var tables []string
	for _, f := range tableFields {
		for _, t := range fields[f] {
			tables = append(tables, f+" "+t)
		}
	}
	maps.Copy(out, MemberTags(TagAcceptedTables, tables))
	return out
}

const (
	tagAccepted = "orgdns:accepted-"
	// TagAcceptedTables is the key of the ledger among AcceptanceMarks.
	TagAcceptedTables = tagAccepted + "tables"
)

// tableFields are the fields of an acceptance that name route tables.
var tableFields = []string{"association", "propagation"}

// acceptedTags are those of the gateway's owner.
func acceptedTags(a estate.TransitAttachment) estate.Tags {
	if a.Owner == a.Account {
		return a.Tags
	}
	return a.OwnerTags
}

func acceptanceMarks(tags estate.Tags) estate.Tags {
	if tags[tagAccepted+"owner"] == "" {
		return nil
	}
	return estate.Tags{TagOwner: tags[tagAccepted+"owner"], TagAddress: tags[tagAccepted+"address"]}
}

// standingAcceptances are the attachments that their gateway's owner took care
// of. Of their route tables those in the ledger are ours.
func standingAcceptances(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for a := range e.TransitAttachments.All() {
			tags := acceptedTags(a)
			s := Standing{Kind: KindTransitAcceptance, ID: "accepted/" + a.ID, Account: a.Owner, Region: a.Region, Tags: acceptanceMarks(tags),
				Fields:     map[string][]string{"attachment": one(a.ID), "association": {}, "propagation": {}},
				Attributes: Attributes{"id": {"accepted/" + a.ID}},
				Going:      attachmentGoing(a.State), Pending: a.State == estate.AttachmentPending,
			}
			if a.State == estate.AttachmentPendingAcceptance {
				s.Tags = nil // marked, and not accepted: to be done again
			}
			var tables []string
			given := func(field, table string) {
				tables = append(tables, field+" "+table)
				if InLedger(tags, TagAcceptedTables, field+" "+table) {
					s.Fields[field] = append(s.Fields[field], table)
				}
			}
			given("association", a.Table)
			for t := range e.TransitTables.By(estate.ByGateway(a.Gateway)) {
				if slices.Contains(t.Propagating, a.ID) {
					given("propagation", t.ID)
				}
			}
			s.Stale = staleLedger(tags, TagAcceptedTables, tables)
			if !yield(s) {
				return
			}
		}
	}
}

// RoutesAddress is the address of the routes of ours in a route table.
func RoutesAddress(table string) string { return "routes/" + table }

// standingRoutes are the route tables in which an owner has routes.
func standingRoutes(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for t := range e.RouteTables.All() {
			for _, owner := range routeOwners(t.Tags) {
				s := Standing{Kind: KindRoutes, ID: "routes/" + t.ID, Account: t.Account, Region: t.Region, Tags: Marks(owner, RoutesAddress(t.ID)),
					Fields:     map[string][]string{"table": one(t.ID), "routes": {}},
					Attributes: Attributes{"id": {"routes/" + t.ID}},
				}
				var routes []string
				for _, r := range t.Routes {
					route := r.To.String() + " " + r.Target
					routes = append(routes, route)
					if r.To.IsValid() && InLedger(t.Tags, RoutesTag(owner), route) {
						s.Fields["routes"] = append(s.Fields["routes"], route)
					}
				}
				s.Stale = staleLedger(t.Tags, RoutesTag(owner), routes)
				if !yield(s) {
					return
				}
			}
		}
	}
}

// The ledger of what can carry no mark, on the thing that it hangs on: tags
// whose value lists hashes of the members.
const (
	TagMembers = "orgdns:members" // of a share or an endpoint service
	tagRoutes  = "orgdns:routes/" // of a route table, with the owner
)

// RoutesTag is the key of an owner's ledger on a route table.
func RoutesTag(owner string) string { return tagRoutes + owner }

func routeOwners(tags estate.Tags) []string {
	var out []string
	for k := range tags {
		if rest, ok := strings.CutPrefix(k, tagRoutes); ok {
			owner, _, _ := strings.Cut(rest, ".")
			if !slices.Contains(out, owner) {
				out = append(out, owner)
			}
		}
	}
	slices.Sort(out)
	return out
}

// memberHash is how many characters of a hash stand for a member.
const memberHash = 10

// MemberTags is a ledger: as many tags as the members need, "key", "key.2", ….
func MemberTags(key string, members []string) map[string]string {
	out := map[string]string{}
	var hashes []string
	for _, m := range members {
		hashes = append(hashes, hash(m, memberHash))
	}
	slices.Sort(hashes)
	for i, chunk := range slices.Collect(slices.Chunk(slices.Compact(hashes), maxTag/(memberHash+1))) {
		k := key
		if i > 0 {
			k = fmt.Sprintf("%s.%d", key, i+1)
		}
		out[k] = strings.Join(chunk, " ")
	}
	return out
}

// InLedger reports whether the ledger in the tags of a thing lists a member.
func InLedger(tags estate.Tags, key, member string) bool {
	return slices.Contains(ledgerEntries(tags, key), hash(member, memberHash))
}

// ledgerEntries are the hashes that a ledger lists.
func ledgerEntries(tags estate.Tags, key string) []string {
	var out []string
	for k, v := range tags {
		if k == key || strings.HasPrefix(k, key+".") {
			out = append(out, strings.Fields(v)...)
		}
	}
	return out
}

// staleLedger reports whether a ledger lists something that is not among the
// members.
func staleLedger(tags estate.Tags, key string, members []string) bool {
	known := map[string]bool{}
	for _, m := range members {
		known[hash(m, memberHash)] = true
	}
	return slices.ContainsFunc(ledgerEntries(tags, key), func(h string) bool { return !known[h] })
}

// ledgered are the members that the ledger in the tags lists.
func ledgered(tags estate.Tags, members []string) []string {
	out := []string{}
	for _, m := range members {
		if InLedger(tags, TagMembers, m) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
