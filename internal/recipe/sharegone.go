package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Shares that the configuration has no more, or no more in a Region. What was
// read of one in the hub leads to it: a zone, which is seen wherever zones are, or
// something else where another share looks. It goes in order, names first; so
// all must be known that may hang on it, there and in the accounts that it is
// with. Until then it stays (see keep).

// gone are those shares, with the zones that are left of each.
func gone(in Input) []*shareIn {
	var out []*shareIn
	of := func(name string, hub estate.AccountID, r estate.Region) *shareIn {
		for _, s := range out {
			if s.Name == name && s.hub.ID == hub && s.region == r {
				return s
			}
		}
		one := newShare(in, config.EndpointShare{Name: name}, config.Account{ID: hub}, &Output{})
		for _, c := range in.Config.EndpointShares {
			if c.Name == name {
				one.EndpointShare = c
			}
		}
		out = append(out, one.in(r))
		return out[len(out)-1]
	}
	for z := range in.Estate.Zones.All() {
		if name, r, ok := shareOfZone(in, z); ok && !wantsShare(in, name, z.Account, r) {
			s := of(name, z.Account, r)
			s.left = append(s.left, z.ID)
		}
	}
	for _, k := range inHub {
		for o := range plan.Objects(in.Estate, k) {
			name, r, what := shareOfAddress(o.Tags[plan.TagAddress])
			if r == o.Region && what != "own" && what != "vpcs" && o.OwnedBy(in.Config.Owner) && !o.Going && !wantsShare(in, name, o.Account, r) {
				of(name, o.Account, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b *shareIn) int { return strings.Compare(a.address, b.address) })
	return out
}

// inHub are the kinds of things in a hub that bear the address of their share; of
// some there are others with its consumers, apart.
var inHub = []plan.Kind{plan.KindSecurityGroup, plan.KindEndpoint, plan.KindProfile, plan.KindResolverEndpoint, plan.KindResolverRule, plan.KindShare}

// shareOfAddress takes the address of something that a share made apart.
func shareOfAddress(address string) (name string, r estate.Region, what string) {
	if parts := strings.SplitN(address, "/", 5); len(parts) > 3 && parts[0] == "endpointShares" {
		return parts[1], estate.Region(parts[2]), parts[3]
	}
	return "", "", ""
}

// wantsShare reports whether the configuration has a share of a hub in a Region.
func wantsShare(in Input, name string, hub estate.AccountID, r estate.Region) bool {
	return !in.Destroy && slices.ContainsFunc(in.Config.EndpointShares, func(s config.EndpointShare) bool {
		a, problems := in.Config.FindAccount(s.Account, in.Estate)
		return s.Name == name && len(problems) == 0 && a.ID == hub && slices.Contains(shareRegions(s, a), r)
	})
}

// shareOfZone is the share for which a zone of ours was made. Of a reference that
// is too long there is a hash; what leads to an endpoint is still of a share.
func shareOfZone(in Input, z estate.Zone) (name string, r estate.Region, ok bool) {
	ref, _, ours := plan.MarkOf(z, in.Config.Owner)
	if !ours || !z.Private {
		return "", "", false
	}
	address := strings.TrimPrefix(ref, plan.Reference(in.Config.Owner, ""))
	if name, r, what := shareOfAddress(address); what == "zones" {
		return name, r, true
	}
	if strings.Contains(address, "/") || len(z.VPCs) == 0 {
		return "", "", false
	}
	r = z.VPCs[0].Region
	for _, s := range in.Config.EndpointShares {
		if ref == plan.Reference(in.Config.Owner, ShareAddress(s.Name, r)+"/zones/"+z.Name.String()+"/zone") {
			return s.Name, r, true
		}
	}
	for rec := range in.Estate.Records.Prefix(estate.RecordsOf(z.ID)) {
		if rec.Alias != nil && rec.Alias.Name.Below(endpointNames) {
			return "", r, true
		}
	}
	return "", "", false
}

// endpointNames is the domain of the names of interface endpoints (AWS PrivateLink
// Guide, privatelink-access-aws-services.html).
var endpointNames = dnsname.MustParse("vpce.amazonaws.com")

// users are the accounts of ours that may have something of a share that is gone:
// with which it is; of a unit or the organization those that the configuration
// selects for it, or all that are in it. Unknown, when these could not be read.
func (s *shareIn) users() (out []estate.AccountID, known bool) {
	within := false
	for o := range plan.Objects(s.Estate, plan.KindShare) {
		if o.OwnedBy(s.Config.Owner) && o.Region == s.region && o.Account == s.hub.ID && strings.HasPrefix(o.Tags[plan.TagAddress], s.address+"/") {
			for _, p := range o.Fields["principals"] {
				within = within || !isAccount(p)
				out = merged(out, []estate.AccountID{estate.AccountID(p)})
			}
		}
	}
	known = !within || s.Estate.Answered(estate.Query{Kind: estate.QueryAccounts})
	for _, sel := range s.Consumers {
		ids, _ := s.Config.SelectAccounts(sel, s.Estate)
		out = merged(out, ids)
	}
	if within && len(s.Consumers) == 0 {
		for a := range s.Estate.Accounts.All() {
			if slices.ContainsFunc(s.Estate.Path(string(a.ID)), func(id string) bool {
				return slices.Contains(out, estate.AccountID(s.Estate.Organization.UnitARN(id)))
			}) {
				out = merged(out, []estate.AccountID{a.ID})
			}
		}
	}
	return slices.DeleteFunc(out, func(id estate.AccountID) bool {
		return !isAccount(string(id)) || id == s.hub.ID || !ofOurs(s.Input, id) || !active(s.Estate, id)
	}), known
}

// goneShares asks for what may hang on shares that are gone, and for what a
// rehearsal must know to take it away.
func (n *needs) goneShares() {
	for _, s := range gone(n.Input) {
		at := func(account estate.AccountID, kinds ...estate.QueryKind) {
			for _, k := range kinds {
				n.ask(estate.Query{Kind: k, Account: account, Region: s.region})
			}
		}
		at(s.hub.ID, linkQueries...)
		at(s.hub.ID, hubQueries...)
		users, known := s.users()
		if !known && n.Config.Access != nil {
			n.ask(estate.Query{Kind: estate.QueryOrganization})
			n.ask(estate.Query{Kind: estate.QueryAccounts})
		}
		for _, account := range users {
			at(account, linkQueries...)
			at(account, consumerQueries...)
		}
		for _, k := range plan.Kinds {
			for o := range plan.Objects(n.Estate, k) {
				if o.Region == s.region && o.OwnedBy(n.Config.Owner) {
					n.around(o)
				}
			}
		}
	}
}

// keepGone keeps what is left of shares that are gone of which not all is known.
func keepGone(in Input, out *Output) {
	for _, s := range gone(in) {
		s.out = out
		var unread []string
		must := func(q estate.Query) {
			if a, _ := in.Estate.Asked(q); !in.Estate.Answered(q) {
				unread = append(unread, strings.TrimSpace(fmt.Sprintf("%s: %s", q, a.Why())))
			}
		}
		for _, k := range hubQueries {
			must(estate.Query{Kind: k, Account: s.hub.ID, Region: s.region})
		}
		users, known := s.users()
		if !known {
			must(estate.Query{Kind: estate.QueryAccounts})
		}
		for _, account := range users {
			for _, k := range consumerQueries {
				must(estate.Query{Kind: k, Account: account, Region: s.region})
			}
		}
		if len(unread) == 0 {
			continue
		}
		s.problem(diag.Pos{}, diag.Warning, "unread", fmt.Sprintf("%s is no longer in the configuration, and what stands of it stays as it is: not all that hangs on it could be read", s.here()),
			strings.Join(unread, "; "), "what cannot be read is not absent: let orgdns read these accounts in "+string(s.region)+" until it is gone")
		s.freeze()
		s.keep()
	}
}
