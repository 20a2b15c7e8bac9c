package reach

import (
	"slices"

	"github.com/orgdns/orgdns/internal/estate"
)

// Needs lists what must be asked to judge the way from a VPC to an endpoint,
// also what was asked already; the VPCs themselves must be known. It lists more
// once attachments are known: their gateways' owners. So it is called again
// until it lists nothing new.
func Needs(e estate.Estate, vpc string, p estate.Endpoint) []estate.Query {
	var out []estate.Query
	ask := func(a estate.AccountID, r estate.Region, kinds ...estate.QueryKind) {
		for _, k := range kinds {
			q := estate.Query{Kind: k, Account: a, Region: r}
			if !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	from, ok := e.VPCs.Get(vpc)
	to, ok2 := e.VPCs.Get(p.VPC)
	if !ok || !ok2 {
		return nil
	}
	ask(p.Account, p.Region, estate.QuerySecurityGroups)
	for _, v := range []estate.VPC{from, to} {
		ask(v.Account, v.Region, estate.QuerySubnets, estate.QueryRouteTables, estate.QueryNetworkACLs)
		if from.ID == to.ID {
			continue
		}
		ask(v.Account, v.Region, estate.QueryPeerings, estate.QueryTransitAttachments)
		for a := range e.TransitAttachments.By(estate.ByVPC(v.ID)) {
			if owner, ok := (network{e}).owner(a.Gateway); ok {
				ask(owner, v.Region, estate.QueryTransitGateways, estate.QueryTransitAttachments, estate.QueryTransitTables)
			}
		}
	}
	for _, id := range p.Groups {
		g, _ := e.SecurityGroups.Get(id)
		for _, r := range g.Rules {
			if _, held := e.SecurityGroups.Get(r.Group); r.Group != "" && !held {
				ask(from.Account, from.Region, estate.QuerySecurityGroups)
			}
		}
	}
	return out
}
