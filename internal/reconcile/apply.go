package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// ApplyOptions change how a plan is carried out.
type ApplyOptions struct {
	Wait     bool
	Stop     <-chan struct{}
	Progress func(apply.Event)
}

// Apply carries out a plan.
func (p *Pass) Apply(ctx context.Context, pl *plan.Plan, o ApplyOptions) (*apply.Result, error) {
	return apply.Run(ctx, pl, apply.Options{
		Port: p.Ports.Writer(pl.Permissions()), Clock: p.Ports.Clock, Wait: o.Wait, Stop: o.Stop, Progress: o.Progress,
	})
}

// Stale reads what a plan relies on and reports everything that has become
// something else since it was made (settled point 15): of a saved plan, or of one
// that lay before a person. Other changes in a busy zone do not matter. What the
// plan deletes of others is judged anew, by the options of the run: who would
// notice stands in policies, groups, routes and names of the whole organization.
func (p *Pass) Stale(ctx context.Context, pl *plan.Plan, o Options) (diag.List, error) {
	e, err := p.observe(ctx, p.Ports, estate.Estate{}, func(e estate.Estate) []estate.Query {
		var list []estate.Query
		seen := map[estate.Query]bool{}
		for _, c := range pl.Changes {
			for _, b := range c.Basis {
				if _, asked := e.Asked(b.Query); !asked && !seen[b.Query] {
					seen[b.Query] = true
					list = append(list, b.Query)
				}
			}
		}
		return list
	})
	if err != nil {
		return nil, err
	}
	var out diag.List
	prints := plan.PrintsOf(e)
	for _, c := range pl.Changes {
		for _, b := range c.Basis {
			if a, _ := e.Asked(b.Query); a.Code != "" {
				out.Add(diag.Diagnostic{Code: "unread", Address: c.Address, Account: string(c.Account),
					Summary: fmt.Sprintf("%s could not be read, so the plan cannot be held against it", b.Query), Detail: a.Message})
				continue
			}
			if now := prints.Of(b.Table, b.Key); now != b.Hash {
				out.Add(diag.Diagnostic{Code: "stale-plan", Address: c.Address, Account: string(c.Account),
					Summary: fmt.Sprintf("what %s relies on has changed since the plan was made", c.Address),
					Detail:  fmt.Sprintf("%s: %s", b.Query, became(e, b, now)),
					Hint:    "plan again, look at it, and apply that plan"})
			}
		}
	}
	if slices.ContainsFunc(pl.Changes, func(c plan.Change) bool { return c.Foreign }) {
		if e, err = p.observe(ctx, p.Ports, e, p.needs(p.Ports, o)); err != nil {
			return nil, err
		}
		out.Add(retained(pl, p.make(e, p.Ports, o))...)
	}
	out.Sort()
	return out, nil
}

// became says what stands now at the place of a basis, whose hash is now another.
func became(e estate.Estate, b plan.Basis, now string) string {
	switch r, stands := e.Records.Get(b.Key); {
	case b.Table == "records" && stands && r.Alias != nil:
		return fmt.Sprintf("%s %s is now an alias of %s", r.Name, r.Type, r.Alias.Name)
	case b.Table == "records" && stands:
		return fmt.Sprintf("%s %s is now %s", r.Name, r.Type, strings.Join(r.Values, ", "))
	case now == "":
		return b.Key + " stands no more"
	case b.Hash == "":
		return b.Key + " stands now"
	}
	return b.Key
}

// retained are the endpoints of others that a plan deletes, and one made now would
// not.
func retained(before, now *plan.Plan) diag.List {
	var out diag.List
	for _, c := range before.Changes {
		if again, still := now.Change(c.Address); !c.Foreign || c.Action != plan.Delete || still && again.Action == plan.Delete && again.ID == c.ID {
			continue
		}
		var found []string
		for _, d := range now.Duplicates {
			for _, x := range d.Endpoints {
				for _, f := range x.Findings {
					if text := f.Where + ": " + f.Text; x.ID == c.ID && f.Blocks && !slices.Contains(found, text) {
						found = append(found, text)
					}
				}
			}
		}
		out.Add(diag.Diagnostic{Code: "stale-plan", Address: c.Address, Account: string(c.Account), Region: string(c.Region),
			Summary: fmt.Sprintf("endpoint %s would not be removed any more", c.ID),
			Detail:  strings.Join(found, "; "),
			Hint:    "plan again, look at it, and apply that plan"})
	}
	return out
}
