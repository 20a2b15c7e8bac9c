package reconcile

import (
	"context"
	"fmt"
	"slices"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/resolve"
)

// latticeNames are that each custom domain name of a VPC Lattice service answers
// as the name does that Lattice generated. Whether a record is right is the zone's
// business, whether a VPC sees the zone the VPC's: every name is asked from one
// place that resolves the zone, and every such place for one name.
func (p *Pass) latticeNames(ctx context.Context, r *resolve.Resolver, in recipe.Input) ([]Check, error) {
	var out []Check
	zone := ""
	for _, n := range recipe.LatticeNames(in) {
		from := vantagesOf(n.Zone)
		if n.Zone.ID == zone && len(from) > 1 {
			from = from[:1]
		}
		zone = n.Zone.ID
		for _, v := range from {
			for _, rrtype := range []string{"A", "AAAA"} {
				c, err := p.latticeName(ctx, r, v, n, rrtype)
				if err != nil {
					return out, err
				}
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// vantagesOf are the places that resolve a zone.
func vantagesOf(z estate.Zone) []resolve.Vantage {
	if !z.Private {
		return []resolve.Vantage{{}}
	}
	out := make([]resolve.Vantage, len(z.VPCs))
	for i, v := range z.VPCs {
		out[i] = resolve.Vantage{VPC: v.ID}
	}
	return out
}

// latticeName asks for one name of a service, and for the one that it stands for.
func (p *Pass) latticeName(ctx context.Context, r *resolve.Resolver, v resolve.Vantage, n recipe.LatticeName, rrtype string) (Check, error) {
	target := n.Service.DNS.Name
	var want []string
	if a, err := p.Ports.Prober.Probe(ctx, v, target, rrtype); err == nil {
		want = a.Values()
	} else if ctx.Err() != nil {
		return Check{}, ctx.Err()
	}
	x := config.Expectation{Name: n.Name, Type: rrtype, ResolvesTo: target}
	x.Pos = n.Pos
	q := question{x, fmt.Sprintf("what %s of account %s resolves to", n.Service.ID, n.Service.Account), func(a resolve.Answer) bool {
		return met(x, a, r) || len(want) > 0 && slices.Equal(a.Values(), want)
	}}
	return p.check(ctx, r, v, q)
}
