// Package retire looks at the endpoints that consumers still have of their own
// for services that are shared with them: what each costs, who would notice if
// it went, and whether it can go. The classic outage is a policy that names the
// endpoint or its VPC: requests through the shared endpoint no longer fit it.
//
// What is found, or could not be read, blocks the removal. Not here: the removal
// itself, and whether a consumer resolves and reaches the shared endpoint at all,
// which the caller adds (Input.Way).
package retire

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/cost"
	"github.com/orgdns/orgdns/internal/estate"
)

// Code names a kind of finding.
type Code string

// The codes that block a removal.
const (
	// Condition: with the shared endpoint a condition on where a request comes
	// from would be decided otherwise (IAM User Guide,
	// reference_policies_condition-keys.html, properties of the network).
	Condition Code = "condition"
	// Unparsed: a policy that cannot be judged, so that it may hold such a
	// condition.
	Unparsed Code = "policy-not-understood"
	// Policy: the own endpoint's policy permits what the shared one's may not.
	Policy Code = "endpoint-policy"
	// Group: the own endpoint admits connections that the shared one does not.
	Group Code = "security-group"
	// Named: a record or a Profile leads to the own endpoint.
	Named Code = "names-endpoint"
	// NoPrivateDNS: the service's names do not lead to the own endpoint, so that
	// whoever uses it does so by its own names (vpce-…), which no reader sees.
	NoPrivateDNS Code = "private-dns-off"
	// Inbound: others resolve through an inbound Resolver endpoint of the VPC, and
	// get there what the VPC gets (Route 53 Developer Guide,
	// resolver-forwarding-inbound-queries.html).
	Inbound Code = "inbound-resolver"
	// Unread: something that could tell of users was not read.
	Unread Code = "unread"
	// NotReady: the shared endpoint, or the way to its names, is not in effect yet.
	NotReady Code = "shared-not-available"
	// NotInEffect: without the own endpoint the VPC would get another answer than
	// the shared one's.
	NotInEffect Code = "not-in-effect"
	// Unreached: the VPC does not reach the shared endpoint, or may not.
	Unreached Code = "unreachable"
	// Isolated: nothing leads out of the VPC from some of its subnets, so that the
	// own endpoint is all that they reach.
	Isolated Code = "isolated-subnet"
	// Managed: an AWS service made the own endpoint and manages it.
	Managed Code = "managed-by-service"
)

// The codes of what somebody may notice, and that blocks nothing.
const (
	Free      Code = "free"            // a gateway endpoint: it costs nothing, and stays
	Wider     Code = "shared-is-wider" // the shared endpoint permits what the own one did not
	Mentioned Code = "mentioned"       // a policy names the endpoint, and is decided as before
	Begun     Code = "removal-begun"   // its private DNS is off since an earlier run is removing it
)

// notices are the codes that block nothing.
var notices = []Code{Free, Wider, Mentioned, Begun}

// Acceptable are the codes that an Input may accept.
var Acceptable = []Code{Policy, Group, Isolated}

// Finding is one thing that was found of an endpoint.
type Finding struct {
	Code    Code             `json:"code"`
	Account estate.AccountID `json:"account,omitempty"` // of what was found
	Where   string           `json:"where"`             // the policy, group or record
	Text    string           `json:"text"`
	Hint    string           `json:"hint,omitempty"`
}

// Duplicate is an endpoint of a consumer for a service that is shared.
type Duplicate struct {
	Endpoint estate.Endpoint `json:"endpoint"`
	Shared   string          `json:"shared,omitempty"` // the endpoint that would serve instead
	Monthly  cost.Money      `json:"monthly"`          // without data, which costs the same at either
	Blocks   []Finding       `json:"blocks,omitempty"`
	Notices  []Finding       `json:"notices,omitempty"`
	// Removable: nothing blocks, and it is not a gateway endpoint.
	Removable bool `json:"removable"`
}

// Report is what there is to retire.
type Report struct {
	Duplicates []Duplicate `json:"duplicates"` // by account, Region, VPC and ID
	// Unread are consumers whose endpoints were not read, so that they may have
	// duplicates that are not listed.
	Unread    []Finding  `json:"unread,omitempty"`
	Monthly   cost.Money `json:"monthly"`   // of all duplicates
	Removable cost.Money `json:"removable"` // of those that can go
}

// Input is what a report is made of.
type Input struct {
	Estate estate.Estate
	Shared []string // endpoint IDs
	// Coming are shared endpoints that do not stand yet: what they serve, and
	// where. Their duplicates are counted, and judged once they stand.
	Coming    []estate.Endpoint
	Consumers []string // VPC IDs
	// Kept tells endpoints that are nobody's duplicates: those that orgdns made,
	// for this owner or another, and those that a share uses. Optional.
	Kept func(estate.Endpoint) bool
	// Begun tells endpoints whose private DNS an earlier run took off. Optional.
	Begun func(estate.Endpoint) bool
	// Way tells what else speaks against a removal: how the VPC would resolve and
	// reach the shared endpoint. Optional.
	Way    func(own, shared estate.Endpoint, v estate.VPC) []Finding
	Prices *cost.Prices
	// Accepted are codes, of Acceptable, that somebody looked at: they no
	// longer block.
	Accepted []Code
}

// Pair is an endpoint of a consumer's own, and the shared one for the same.
type Pair struct{ Own, Shared estate.Endpoint }

// Pairs are the duplicates, by account, Region, VPC and ID: what a consumer VPC
// has for a service that is shared with it, from the same Region and to the same,
// and that is not going already. What else is a duplicate is said nowhere.
func Pairs(in Input) []Pair {
	shared := map[serving]estate.Endpoint{}
	for _, id := range slices.Sorted(slices.Values(in.Shared)) {
		if p, ok := in.Estate.Endpoints.Get(id); ok {
			if _, twice := shared[servingOf(p)]; !twice {
				shared[servingOf(p)] = p
			}
		}
	}
	for _, p := range in.Coming {
		if _, stands := shared[servingOf(p)]; !stands {
			shared[servingOf(p)] = p
		}
	}
	var out []Pair
	for _, id := range slices.Compact(slices.Sorted(slices.Values(in.Consumers))) {
		for p := range in.Estate.Endpoints.By(estate.ByVPC(id)) {
			by, ok := shared[servingOf(p)]
			switch {
			case !ok, p.VPC == by.VPC, p.State == estate.EndpointDeleting, slices.Contains(in.Shared, p.ID), in.Kept != nil && in.Kept(p):
			default:
				out = append(out, Pair{p, by})
			}
		}
	}
	slices.SortFunc(out, func(x, y Pair) int {
		a, b := x.Own, y.Own
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.VPC, b.VPC), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// NearQueries are what must be known of the account of a duplicate, and of that
// of its VPC: zones, Profiles and Resolver endpoints that may lead to it, and the
// zones that the VPC uses, whoever owns them.
func NearQueries(e estate.Estate, p estate.Endpoint) []estate.Query {
	owners := []estate.AccountID{p.Account}
	var out []estate.Query
	if v, ok := e.VPCs.Get(p.VPC); ok {
		out = append(out, estate.Query{Kind: estate.QueryVPCZones, Account: v.Account, Region: v.Region, ID: v.ID})
		if v.Account != p.Account {
			owners = append(owners, v.Account)
		}
	}
	for _, a := range owners {
		out = append(out, estate.Query{Kind: estate.QueryZones, Account: a},
			estate.Query{Kind: estate.QueryProfiles, Account: a, Region: p.Region},
			estate.Query{Kind: estate.QueryResolverEndpoints, Account: a, Region: p.Region})
	}
	return out
}

// Queries are what must be known of the consumers' organization before anything
// can go, in the Regions of the shared endpoints: what Find takes for unread
// otherwise. The accounts must be known.
func Queries(e estate.Estate, regions []estate.Region) []estate.Query {
	var out []estate.Query
	if e.Organization.ID != "" {
		out = append(out, estate.Query{Kind: estate.QueryControlPolicies})
	}
	for a := range e.Accounts.All() {
		if a.Status != "" && a.Status != estate.AccountActive {
			continue
		}
		out = append(out, estate.Query{Kind: estate.QueryPrincipals, Account: a.ID})
		for _, r := range slices.Compact(slices.Sorted(slices.Values(regions))) {
			for _, service := range []string{estate.PoliciesKMS, estate.PoliciesS3} {
				out = append(out, estate.Query{Kind: estate.QueryResourcePolicies, Account: a.ID, Region: r, ID: service})
			}
		}
	}
	return out
}

// Find lists the duplicates with all that was found of each.
func Find(in Input) Report {
	var r Report
	var read []string
	f := &finder{Input: in, e: in.Estate, policies: index(sources(in.Estate)), unread: map[estate.Region][]Finding{}}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(in.Consumers))) {
		v, ok := f.e.VPCs.Get(id)
		if q := (estate.Query{Kind: estate.QueryEndpoints, Account: v.Account, Region: v.Region}); !ok || !f.known(q) {
			r.Unread = append(r.Unread, Finding{Code: Unread, Account: v.Account, Where: id,
				Text: "the endpoints of the VPC were not read, so what it has of its own is not known", Hint: "let orgdns read its account"})
			continue
		}
		read = append(read, id)
	}
	in.Consumers = read
	for _, pair := range Pairs(in) {
		v, _ := f.e.VPCs.Get(pair.Own.VPC)
		d := f.judge(pair.Own, pair.Shared, v)
		r.Monthly += d.Monthly
		if d.Removable {
			r.Removable += d.Monthly
		}
		r.Duplicates = append(r.Duplicates, d)
	}
	return r
}

// serving is what an endpoint serves, and where.
type serving struct {
	region, of estate.Region
	service    string
}

func servingOf(p estate.Endpoint) serving {
	return serving{p.Region, cmp.Or(p.ServiceRegion, p.Region), p.Service}
}

type finder struct {
	Input
	e        estate.Estate
	policies library
	unread   map[estate.Region][]Finding // by Region of the service, made once
}

// known reports whether what a query asks for is in the estate.
func (f *finder) known(q estate.Query) bool { return f.e.Answered(q) || f.e.Closed() }

func (f *finder) judge(p, shared estate.Endpoint, v estate.VPC) Duplicate {
	d := Duplicate{Endpoint: p, Shared: shared.ID, Monthly: f.Prices.Endpoint(p).Total}
	if p.Type != estate.EndpointInterface {
		d.Shared = ""
		d.Notices = []Finding{{Code: Free, Account: p.Account, Where: p.ID, Text: "a gateway endpoint costs nothing and stays; routes go before names"}}
		return d
	}
	add := func(findings ...Finding) {
		for _, x := range findings {
			switch {
			case slices.Contains(notices, x.Code),
				slices.Contains(Acceptable, x.Code) && slices.Contains(f.Accepted, x.Code):
				d.Notices = append(d.Notices, x)
			default:
				d.Blocks = append(d.Blocks, x)
			}
		}
	}
	if p.Requester {
		add(Finding{Managed, p.Account, p.ID, "an AWS service made this endpoint and manages it", "remove it through that service"})
	}
	if shared.ID == "" {
		add(Finding{NotReady, shared.Account, p.Service, "the shared endpoint does not stand yet", "judged once it does"})
		return d
	}
	if shared.State != estate.EndpointAvailable {
		add(Finding{NotReady, shared.Account, shared.ID, fmt.Sprintf("the shared endpoint is %s, not available", cmp.Or(shared.State, "in no known state")), "wait until it is"})
	}
	switch {
	case p.PrivateDNS:
	case f.Begun != nil && f.Begun(p):
		add(Finding{Begun, p.Account, p.ID, "its private DNS was taken off by an earlier run, which removes it", ""})
	default:
		add(Finding{NoPrivateDNS, p.Account, p.ID, "private DNS is off: who uses it does so by its own names (vpce-…), and nobody else can tell",
			"ask those who made it, and delete it by hand"})
	}
	add(f.names(p)...)
	add(f.inbound(p)...)
	add(f.groups(p, shared, v)...)
	add(comparePolicies(p, shared)...)
	add(f.conditions(p, shared)...)
	add(f.unknown(cmp.Or(p.ServiceRegion, p.Region))...)
	if f.Way != nil {
		add(f.Way(p, shared, v)...)
	}
	d.Removable = len(d.Blocks) == 0
	return d
}

// names finds what leads to the endpoint by its own names or addresses.
func (f *finder) names(p estate.Endpoint) []Finding {
	var out []Finding
	for r := range f.e.ProfileResources.By(estate.ByMember(p.ARN())) {
		out = append(out, Finding{Named, p.Account, r.Profile, "a Route 53 Profile carries the endpoint", "take it out of the Profile first"})
	}
	found := func(r estate.RecordSet) {
		z, _ := f.e.Zones.Get(r.Zone)
		out = append(out, Finding{Named, z.Account, r.Zone, fmt.Sprintf("the record %s %s leads to the endpoint", r.Name, r.Type), "point it to the shared endpoint, or remove it"})
	}
	for _, n := range p.Names {
		for r := range f.e.Records.By(estate.ByTarget(n.Name)) {
			found(r)
		}
	}
	for _, z := range f.zones(p) {
		if !f.known(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}) {
			out = append(out, Finding{Unread, z.Account, z.ID, fmt.Sprintf("the records of %s were not read, and may lead to the endpoint", z.Name), "let orgdns read the zone"})
			continue
		}
		for r := range f.e.Records.Prefix(estate.RecordsOf(z.ID)) {
			if slices.ContainsFunc(r.Values, func(v string) bool { return hasAddress(p, v) }) {
				found(r)
			}
		}
	}
	for _, q := range NearQueries(f.e, p) {
		if what := near[q.Kind]; !f.known(q) {
			out = append(out, Finding{Unread, q.Account, cmp.Or(q.ID, string(q.Account)), "the " + what + " were not read, and may lead to the endpoint or elsewhere", "let orgdns read them"})
		}
	}
	return out
}

// near is what NearQueries ask for.
var near = map[estate.QueryKind]string{
	estate.QueryZones: "zones of the account", estate.QueryProfiles: "Route 53 Profiles of the account", estate.QueryResolverEndpoints: "Resolver endpoints of the account",
	estate.QueryVPCZones: "zones that the VPC uses",
}

// inbound finds the doors through which others resolve as the VPC does.
func (f *finder) inbound(p estate.Endpoint) []Finding {
	var out []Finding
	for r := range f.e.ResolverEndpoints.By(estate.ByVPC(p.VPC)) {
		if r.Direction == estate.EndpointInbound {
			out = append(out, Finding{Inbound, r.Account, r.ID, "others may resolve the service's names through this inbound Resolver endpoint of the VPC, and would get addresses of the shared endpoint",
				"see who asks there and whether they reach the shared endpoint; then delete the own one by hand"})
		}
	}
	return out
}

// zones are those of the endpoint's account and those of its VPC.
func (f *finder) zones(p estate.Endpoint) []estate.Zone {
	by := map[string]estate.Zone{}
	for _, key := range []string{estate.ByAccount(p.Account), estate.ByVPC(p.VPC)} {
		for z := range f.e.Zones.By(key) {
			by[z.ID] = z
		}
	}
	var out []estate.Zone
	for _, z := range by {
		out = append(out, z)
	}
	slices.SortFunc(out, func(a, b estate.Zone) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func hasAddress(p estate.Endpoint, value string) bool {
	ip, err := netip.ParseAddr(value)
	return err == nil && slices.ContainsFunc(p.Addresses, func(a estate.EndpointAddress) bool { return a.IPv4 == ip || a.IPv6 == ip })
}

// unknown are the questions about the organization that were not answered: a
// finding for each kind of question, with the accounts.
func (f *finder) unknown(r estate.Region) []Finding {
	if out, done := f.unread[r]; done {
		return out
	}
	var out []Finding
	if !f.known(estate.Query{Kind: estate.QueryAccounts}) {
		out = append(out, Finding{Unread, "", "organization", "the accounts of the organization were not read, and their policies may name the endpoint", "let orgdns read them"})
	}
	missing := map[string][]string{}
	for _, q := range Queries(f.e, []estate.Region{r}) {
		if f.known(q) {
			continue
		}
		what := "service and resource control policies"
		switch q.Kind {
		case estate.QueryPrincipals:
			what = "roles, users, groups and managed policies"
		case estate.QueryResourcePolicies:
			what = map[string]string{estate.PoliciesS3: "bucket policies", estate.PoliciesKMS: "policies of KMS keys"}[q.ID]
		}
		missing[what] = append(missing[what], string(q.Account))
	}
	for _, what := range slices.Sorted(keys(missing)) {
		out = append(out, Finding{Unread, "", what, fmt.Sprintf("the %s%s were not read, and may name the endpoint or its VPC", what, inAccounts(missing[what])), "let orgdns read them"})
	}
	f.unread[r] = out
	return out
}

// inAccounts names the first few accounts.
func inAccounts(list []string) string {
	const few = 3
	switch {
	case len(list) == 1 && list[0] == "":
		return ""
	case len(list) == 1:
		return " of account " + list[0]
	case len(list) <= few:
		return " of accounts " + strings.Join(list, ", ")
	}
	return fmt.Sprintf(" of %d accounts (%s, …)", len(list), strings.Join(list[:few], ", "))
}
