package reconcile

import (
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
)

// Events is what a pass needs to make what tells orgdns of VPC Lattice services,
// or to remove it: the configuration by which it reaches the accounts, under an
// owner of its own, and what is wanted. cfg has LatticeEvents.
func Events(cfg *config.Config) (*config.Config, *Source) {
	input := func(e estate.Estate, now time.Time, o Options) recipe.Input {
		return recipe.Input{Config: cfg, Estate: e, Now: now, Destroy: o.Destroy, Sweep: o.Sweep || o.Destroy}
	}
	own := &config.Config{
		Source: cfg.Source, Owner: plan.EventsOwner(cfg.Owner), Access: cfg.Access, Defaults: cfg.Defaults, Accounts: cfg.Accounts, Limits: cfg.Limits, Policies: cfg.Policies,
	}
	return own, &Source{
		Needs: func(e estate.Estate, o Options) []estate.Query { return recipe.EventNeeds(input(e, time.Time{}, o)) },
		Make: func(e estate.Estate, now time.Time, o Options) *plan.Plan {
			made := recipe.MakeEvents(input(e, now, o))
			out := plan.Make(plan.Input{Owner: own.Owner, Now: now, Estate: e, Wanted: made.Wanted, Orders: made.Orders})
			out.Diagnostics.Add(made.Diagnostics...)
			out.Diagnostics.Sort()
			return out
		},
	}
}
