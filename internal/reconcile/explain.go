package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reach"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/resolve"
)

// Explained is an answer, and what there is to know besides.
type Explained struct {
	resolve.Answer
	// Reach is whether the endpoint that the answer leads to is reached; nil when
	// it leads to none.
	Reach *reach.Verdict `json:"reach,omitempty"`
	// Services are those of VPC Lattice to which it leads. One that no account
	// told of has an ID and a Region alone.
	Services []estate.LatticeService `json:"services,omitempty"`
	// Claims are those of VPC Lattice services to the name.
	Claims []recipe.LatticeClaim `json:"claims,omitempty"`
	// Private are the private zones for the name that had no part in the answer,
	// the most specific first.
	Private []PrivateView `json:"private,omitempty"`
}

// PrivateView is a private zone, and who sees it.
type PrivateView struct {
	ID      string           `json:"id"`
	Name    dnsname.Name     `json:"name"`
	Account estate.AccountID `json:"account"`
	Types   []string         `json:"types,omitempty"` // of the records that it has at the name
	VPCs    []VPCView        `json:"vpcs"`            // that are associated with it
}

// VPCView is a VPC; without an account when none that was asked has it.
type VPCView struct {
	ID      string           `json:"id"`
	Region  estate.Region    `json:"region"`
	Account estate.AccountID `json:"account,omitempty"`
}

// Explain reads what a name depends on and tells what it resolves to, and why; and
// what could not be read. That nobody has the VPC that asks is an error, a
// diag.Diagnostic.
func (p *Pass) Explain(ctx context.Context, from resolve.Vantage, name dnsname.Name, rrtype string) (Explained, diag.List, error) {
	x := explanation{Pass: p, from: from, name: name, names: map[dnsname.Name]bool{name: true}, reached: map[string]bool{}, besides: map[estate.Query]bool{}}
	for {
		var err error
		if x.e, err = p.observe(ctx, p.Ports, x.e, x.needs); err != nil {
			return Explained{}, nil, err
		}
		a := resolve.New(x.e, resolve.DefaultPolicy).Resolve(from, name, rrtype)
		if x.follow(a) {
			continue
		}
		unread := x.unread()
		if len(unread) > 0 && a.Outcome == resolve.Outside { // it may lie where we could not look
			a.Outcome = resolve.Unread
		}
		private := x.private(a)
		unread.Add(x.untold(private)...)
		if _, known := x.e.VPCs.Get(from.VPC); !known && from.VPC != "" {
			return Explained{}, unread, x.noVPC()
		}
		in := p.input(x.e, p.Ports, Options{})
		return Explained{a, Reaches(in, from, a), x.services(a), recipe.LatticeClaims(in, name), private}, unread, nil
	}
}

// explanation is one name under explanation.
type explanation struct {
	*Pass
	from    resolve.Vantage
	name    dnsname.Name
	e       estate.Estate
	names   map[dnsname.Name]bool // the name, and where its CNAMEs lead
	reached map[string]bool       // endpoints that the answer leads to
	// besides are the queries on which no answer rests: what is told besides does.
	besides map[estate.Query]bool
}

// follow notes where an answer leads, and reports whether that is anywhere new.
func (x *explanation) follow(a resolve.Answer) bool {
	before := len(x.names) + len(x.reached)
	for _, rr := range a.Records {
		if n, err := dnsname.Parse(rr.Value); err == nil && rr.Type == "CNAME" {
			x.names[n] = true
		}
	}
	if end, leads := answeredBy(x.e, a); leads {
		x.reached[end.ID] = true
	}
	return len(x.names)+len(x.reached) > before
}

// needs lists what the names depend on: every zone at or above them, and the VPC
// that asks; and what is told besides.
func (x *explanation) needs(e estate.Estate) []estate.Query {
	x.e = e
	var list []estate.Query
	ask := func(q estate.Query) {
		if _, asked := e.Asked(q); !asked && !slices.Contains(list, q) {
			list = append(list, q)
		}
	}
	for _, a := range x.Config.Accounts {
		ask(estate.Query{Kind: estate.QueryZones, Account: a.ID})
		if x.from.VPC != "" {
			for _, r := range a.Regions {
				ask(estate.Query{Kind: estate.QueryVPCs, Account: a.ID, Region: r})
			}
		}
	}
	if x.from.VPC != "" {
		shareNeeds(e, x.from.VPC, ask)
		for id := range x.reached {
			if end, ok := e.Endpoints.Get(id); ok {
				for _, q := range reach.Needs(e, x.from.VPC, end) {
					ask(q)
				}
			}
		}
	}
	in := x.input(e, x.Ports, Options{})
	for name := range x.names {
		who, _ := recipe.LatticeQueries(in, name)
		for _, q := range who { // who may have it
			ask(q)
		}
		for above := range name.Ancestors() {
			for z := range e.Zones.By(estate.ByName(above)) {
				ask(estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID})
				ask(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID})
			}
		}
	}
	for _, q := range x.more(in) {
		if _, asked := e.Asked(q); !asked && !slices.Contains(list, q) {
			x.besides[q] = true
			ask(q)
		}
	}
	slices.SortFunc(list, func(a, b estate.Query) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// more lists what is told besides the answer rests on: who claims the name and may
// not have it; whose the VPCs are that see a private zone for it; and which accounts
// there are, when none has the VPC that asks.
func (x *explanation) more(in recipe.Input) []estate.Query {
	list := recipe.LatticeClaimants(in, x.name)
	for _, z := range x.zones() {
		for _, v := range z.VPCs {
			if _, known := x.e.VPCs.Get(v.ID); known {
				continue
			}
			for _, a := range x.Config.Accounts {
				if slices.Contains(a.Regions, v.Region) {
					list = append(list, estate.Query{Kind: estate.QueryVPCs, Account: a.ID, Region: v.Region})
				}
			}
		}
	}
	if _, known := x.e.VPCs.Get(x.from.VPC); x.from.VPC != "" && !known && x.Config.Access != nil && x.e.Answers.Len() > 0 { // after a first round
		list = append(list, estate.Query{Kind: estate.QueryAccounts})
	}
	return list
}

// zones are the private zones for the name, the most specific first.
func (x *explanation) zones() []estate.Zone {
	var out []estate.Zone
	for above := range x.name.Ancestors() {
		for z := range x.e.Zones.By(estate.ByName(above)) {
			if z.Private {
				out = append(out, z)
			}
		}
	}
	return out
}

// unread lists the queries that were refused and on which the answer may rest.
func (x *explanation) unread() diag.List {
	var out diag.List
	for a := range x.e.Answers.All() {
		if a.Code != "" && !x.besides[a.Query] {
			out.Add(diag.Diagnostic{Severity: diag.Warning, Code: "unread", Account: string(a.Query.Account), Region: string(a.Query.Region),
				Summary: a.Query.String() + " could not be read", Detail: a.Message})
		}
	}
	return out
}

// untold says what could not be read of that which is told besides, once a kind.
func (x *explanation) untold(private []PrivateView) diag.List {
	what := map[estate.QueryKind]string{
		estate.QueryLatticeServices: "the VPC Lattice services of %s could not be read, so what they claim is not told",
		estate.QueryVPCs:            "the VPCs of %s could not be read, so of some that see a private zone it is not told whose they are",
		estate.QueryAccounts:        "%s could not be read",
	}
	type refused struct {
		whose []string
		why   string
	}
	kinds := map[estate.QueryKind]refused{}
	strange := slices.ContainsFunc(private, func(z PrivateView) bool {
		return slices.ContainsFunc(z.VPCs, func(v VPCView) bool { return v.Account == "" })
	})
	for a := range x.e.Answers.All() {
		if q := a.Query; a.Code != "" && x.besides[q] && (strange || q.Kind != estate.QueryVPCs) {
			whose := "the accounts of the organization"
			if q.Account != "" {
				whose = x.title(q.Account)
			}
			k := kinds[q.Kind]
			if !slices.Contains(k.whose, whose) {
				k.whose = append(k.whose, whose)
			}
			kinds[q.Kind] = refused{k.whose, cmp.Or(k.why, a.Message)}
		}
	}
	var out diag.List
	for _, kind := range []estate.QueryKind{estate.QueryLatticeServices, estate.QueryVPCs, estate.QueryAccounts} {
		if k := kinds[kind]; len(k.whose) > 0 {
			out.Add(diag.Diagnostic{Severity: diag.Note, Code: "unread", Summary: fmt.Sprintf(what[kind], few(k.whose)), Detail: k.why})
		}
	}
	return out
}

// title is an account in words: its name in the configuration or the organization,
// and its ID.
func (x *explanation) title(id estate.AccountID) string {
	name := x.Config.AccountByID(id).Name
	if a, ok := x.e.Accounts.Get(string(id)); ok && name == string(id) {
		name = a.Name
	}
	if name == string(id) || name == "" {
		return string(id)
	}
	return fmt.Sprintf("%s (%s)", name, id)
}

// few lists what there may be many of.
func few(list []string) string {
	const most = 5
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// noVPC says that none of the accounts that were asked has the VPC that asks: what
// is known of it, which VPCs are, and which accounts were not asked.
func (x *explanation) noVPC() diag.Diagnostic {
	var detail, known []string
	for _, z := range x.zones() {
		for _, v := range z.VPCs {
			if v.ID == x.from.VPC {
				detail = append(detail, fmt.Sprintf("private zone %s of account %s is associated with it, so it stands in %s, in an account or a Region that `accounts` does not have", z.Name, x.title(z.Account), v.Region))
			}
		}
	}
	hint := "if it stands, add its account to `accounts`, with its Region"
	var has, refused, rest []string
	for _, a := range x.Config.Accounts {
		for _, r := range a.Regions {
			if !x.e.Answered(estate.Query{Kind: estate.QueryVPCs, Account: a.ID, Region: r}) {
				refused = append(refused, fmt.Sprintf("%s in %s", x.title(a.ID), r))
				hint = "see `orgdns iam` for the role that this account needs"
				continue
			}
			n := 0
			for v := range x.e.VPCs.By(estate.ByRegion(a.ID, r)) {
				known = append(known, v.ID)
				n++
			}
			has = append(has, fmt.Sprintf("%d of %s in %s", n, x.title(a.ID), r))
		}
	}
	if len(has) > 0 {
		detail = append(detail, "VPCs are known: "+few(has))
	}
	if len(refused) > 0 {
		detail = append(detail, "VPCs could not be read of "+few(refused))
	}
	for a := range x.e.Accounts.All() {
		if !slices.ContainsFunc(x.Config.Accounts, func(c config.Account) bool { return c.ID == a.ID }) {
			rest = append(rest, x.title(a.ID))
		}
	}
	if len(rest) > 0 {
		detail = append(detail, "the organization has accounts that `accounts` does not, so they were not asked: "+few(rest))
	}
	if near := diag.Nearest(x.from.VPC, known); near != "" {
		v, _ := x.e.VPCs.Get(near)
		hint = fmt.Sprintf("did you mean %s, of account %s in %s?", v.ID, x.title(v.Account), v.Region)
	}
	return diag.Diagnostic{Code: "unknown-vpc", Summary: fmt.Sprintf("no account that was asked has the VPC %s", x.from.VPC), Detail: strings.Join(detail, "; "), Hint: hint}
}

// services are those of VPC Lattice to which an answer leads, by an alias or a CNAME.
func (x *explanation) services(a resolve.Answer) []estate.LatticeService {
	var out []estate.LatticeService
	add := func(n dnsname.Name) {
		id, region, ok := estate.LatticeID(n)
		if !ok || slices.ContainsFunc(out, func(s estate.LatticeService) bool { return s.DNS.Name == n }) {
			return
		}
		s, known := estate.First(x.e.LatticeServices.By(estate.ByName(n)))
		if !known {
			s = estate.LatticeService{ID: id, Region: region, DNS: estate.LatticeName{Name: n}}
		}
		out = append(out, s)
	}
	for _, rr := range a.Records {
		add(rr.Name)
		add(rr.Alias)
		if target, err := dnsname.Parse(rr.Value); err == nil && rr.Type == "CNAME" {
			add(target)
		}
	}
	return out
}

// private are the private zones for the name that had no part in an answer.
func (x *explanation) private(a resolve.Answer) []PrivateView {
	var out []PrivateView
	for _, z := range x.zones() {
		if slices.ContainsFunc(a.Trace, func(s resolve.Step) bool { return s.Zone == z.ID }) || x.from.VPC != "" && a.Positive() {
			continue
		}
		v := PrivateView{ID: z.ID, Name: z.Name, Account: z.Account, VPCs: []VPCView{}}
		for rs := range x.e.Records.Prefix(estate.RecordsAt(z.ID, x.name)) {
			if !slices.Contains(v.Types, rs.Type) {
				v.Types = append(v.Types, rs.Type)
			}
		}
		for _, ref := range z.VPCs {
			vpc, _ := x.e.VPCs.Get(ref.ID)
			v.VPCs = append(v.VPCs, VPCView{ref.ID, ref.Region, vpc.Account})
		}
		out = append(out, v)
	}
	return out
}
