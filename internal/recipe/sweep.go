package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// sweep asks for all that may bear a mark of ours: the ledger and the tags of
// every zone, and in every Region of every account the objects of every kind.
func (n *needs) sweep() {
	for z := range n.Estate.Zones.All() {
		for _, k := range []estate.QueryKind{estate.QueryRecords, estate.QueryZoneTags} {
			n.ask(estate.Query{Kind: k, Account: z.Account, ID: z.ID})
		}
	}
	for _, a := range accounts(n.Input) {
		for _, q := range sweptObjects(n.Input, a) {
			n.ask(q)
		}
	}
	for _, k := range plan.Kinds {
		for o := range plan.Objects(n.Estate, k) {
			if o.OwnedBy(n.Config.Owner) {
				n.around(o)
			}
		}
	}
}

// sweptObjects are how an account is searched for objects. To destroy a
// configuration without shares is no reason to: the roles that it needs may not.
func sweptObjects(in Input, a config.Account) []estate.Query {
	if in.Destroy && len(in.Config.EndpointShares) == 0 || !active(in.Estate, a.ID) {
		return nil
	}
	var out []estate.Query
	for _, r := range a.Regions {
		out = append(out, plan.ObjectQueries(in.Config.Owner, a.ID, r)...)
	}
	return out
}

// around asks for what an object of ours hangs on, so that a rehearsal can take
// it away.
func (n *needs) around(o plan.Standing) {
	kinds := []estate.QueryKind{estate.QueryVPCs, estate.QuerySubnets}
	switch o.Kind {
	case plan.KindEndpointService:
		kinds = append(kinds, estate.QueryLoadBalancers)
	case plan.KindTransitAttachment, plan.KindTransitAcceptance, plan.KindRoutes:
		kinds = append(kinds, estate.QueryTransitGateways, estate.QueryTransitTables)
	}
	for _, k := range kinds {
		n.ask(estate.Query{Kind: k, Account: o.Account, Region: o.Region})
	}
}

// unswept lists what a sweep could not look at: something of ours may stand
// there. Accounts that are suspended hold nothing that answers. An account whose
// role is for zones alone may not be asked for objects: that is a note.
func unswept(in Input) diag.List {
	var out diag.List
	add := func(severity diag.Severity, account estate.AccountID, summary, detail string) {
		out.Add(diag.Diagnostic{Severity: severity, Code: "unread", Account: string(account), Summary: summary, Detail: detail,
			Hint: "see `orgdns iam` for the role that this account needs"})
	}
	for a := range in.Estate.Answers.All() {
		severity := diag.Warning
		switch a.Query.Kind {
		case estate.QueryZones:
			severity = diag.Error
		case estate.QueryRecords, estate.QueryZoneTags:
		default:
			continue
		}
		if a.Code != "" && active(in.Estate, a.Query.Account) {
			add(severity, a.Query.Account, fmt.Sprintf("%s could not be read, so what is ours there is not found", a.Query), a.Why())
		}
	}
	for _, a := range accounts(in) {
		var refused []string
		for _, q := range sweptObjects(in, a) {
			if answer, asked := in.Estate.Asked(q); asked && answer.Code != "" {
				refused = append(refused, fmt.Sprintf("%s %s (%s)", q.Kind, q.Region, answer.Code))
			}
		}
		if len(refused) > 0 {
			add(diag.Note, a.ID, fmt.Sprintf("account %s could not be asked for all that endpoint shares make, so what is ours there is not found", a.ID), strings.Join(slices.Sorted(slices.Values(refused)), ", "))
		}
	}
	return out
}
