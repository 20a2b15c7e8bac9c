package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/resolve"
)

// rehearse carries the plan out on a twin of what was observed: a conflict, a
// quota, a wrong order or a missing permission shows there. Then it plans
// again: that plan must be empty.
func (p *Pass) rehearse(ctx context.Context, out *Planned, o Options) error {
	p.say("rehearsing on a twin: %d to do", len(out.Changes))
	stage, err := p.Stage(ctx, out.Before)
	if err != nil {
		return err
	}
	p.unproven(out)
	start := stage.Clock.Now()
	res, err := p.run(ctx, stage, out.Plan, false)
	if err != nil {
		return err
	}
	out.Takes = stage.Clock.Now().Sub(start).Round(time.Second)
	out.Calls = stage.Calls()
	if p.refused(out, res) {
		return nil
	}
	out.Waiting = append(out.Waiting, res.Waiting...)
	made := twinMade(res.Attributes)
	second := out.Plan
	for try := 0; try < 3; try++ { // what waits for deadlines is carried on with
		e, err := p.observe(ctx, stage.Ports, unanswered(out.Before), p.needs(stage.Ports, o))
		if err != nil {
			return err
		}
		again := o
		again.Adopt = false
		second = p.make(e, stage.Ports, again)
		second.Changes = slices.DeleteFunc(second.Changes, func(c plan.Change) bool { return tolerated(out, c) || later(out, c) })
		if second.Empty() || second.Diagnostics.HasErrors() {
			break
		}
		if res, err = p.run(ctx, stage, second, true); err != nil {
			return err
		}
		if p.refused(out, res) {
			return nil
		}
		made = append(made, twinMade(res.Attributes)...)
		if try == 0 && !waited(out) {
			break
		}
	}
	if !second.Empty() || second.Diagnostics.HasErrors() {
		p.notEmpty(out, second)
	}
	out.After = stage.Estate()
	out.Answers = p.answers(out, made)
	return nil
}

// unanswered is an estate in which all that could not be read is as unread as it
// was: the twin holds none of it, and would say that it is not there.
func unanswered(before estate.Estate) estate.Estate {
	var e estate.Estate
	for a := range before.Answers.All() {
		if a.Code != "" {
			e.Answers.Put(a)
		}
	}
	return e
}

// tolerated reports whether only an undocumented rule refused a change: it counts
// as done (settled point 16), though the twin has not done it.
func tolerated(out *Planned, c plan.Change) bool {
	return slices.ContainsFunc(out.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Code == apply.CodeUndocumented && d.Address == c.Address
	})
}

// later reports whether a change lets go of an endpoint of others that the plan
// leaves alone: it is judged by what stands, so that is for a run after this one
// (docs/decisions/0019-retirement.md).
func later(out *Planned, c plan.Change) bool {
	return c.Foreign && !slices.ContainsFunc(out.Changes, func(p plan.Change) bool { return p.Foreign && p.ID == c.ID })
}

// waited reports whether the first run left something for a later one.
func waited(out *Planned) bool { return len(out.Waiting) > 0 }

func (p *Pass) run(ctx context.Context, stage *Stage, pl *plan.Plan, wait bool) (*apply.Result, error) {
	return apply.Run(ctx, pl, apply.Options{
		Port: stage.Writer(pl.Permissions()), Clock: stage.Clock, Wait: wait, Tolerated: stage.Tolerated,
	})
}

// refused takes over what went wrong in a rehearsal, and reports whether that
// blocks.
func (p *Pass) refused(out *Planned, res *apply.Result) bool {
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error {
			d.Summary = "the rehearsal failed: " + d.Summary
		}
		out.Diagnostics.Add(d)
	}
	return res.Diagnostics.HasErrors()
}

func (p *Pass) notEmpty(out *Planned, second *plan.Plan) {
	var left []string
	for _, c := range second.Changes {
		left = append(left, string(c.Action)+" "+c.Address)
	}
	for _, d := range second.Diagnostics {
		if d.Severity == diag.Error {
			left = append(left, d.Summary)
		}
	}
	out.Diagnostics.Add(diag.Diagnostic{
		Code:    "not-settled",
		Summary: "the plan does not lead to a rest: after its rehearsal a second plan would still change something",
		Detail:  strings.Join(left, "; "),
		Hint:    "this is a fault of orgdns; please report it with the output of `orgdns plan --output json`",
	})
}

// trustUnread says what is not known of a resource share, how to look, and how to
// mend it: only the management account, or a delegated administrator, may ask
// (Organizations API, ListAWSServiceAccessForOrganization; RAM User Guide,
// getting-started-sharing.html).
const trustUnread = "sharing within the organization: whether RAM may is not read; in the management account `aws organizations list-aws-service-access-for-organization` tells (ram.amazonaws.com), and `aws ram enable-sharing-with-aws-organization` lets it"

// unproven marks the changes that a rehearsal cannot prove, since something
// that decides on them was not read.
func (p *Pass) unproven(out *Planned) {
	for i := range out.Changes {
		c := &out.Changes[i]
		if c.After != nil && c.After.Record != nil && c.After.Record.Health != "" {
			c.Unproven = append(c.Unproven, "health check "+c.After.Record.Health+": orgdns reads none")
		}
		if c.Item().Kind() == plan.KindShare && c.Action != plan.Delete && out.Before.Organization.TrustedServices == nil {
			c.Unproven = append(c.Unproven, trustUnread)
		}
		role := p.Config.AccountByID(c.Account).Role
		if role == "" {
			c.Unproven = append(c.Unproven, "permission: the caller's own policies were not read")
			continue
		}
		if a, _ := out.Before.Asked(estate.Query{Kind: estate.QueryRole, Account: c.Account, ID: role}); a.Code != "" {
			c.Unproven = append(c.Unproven, fmt.Sprintf("permission: the policies of role %s in account %s could not be read (%s)", role, c.Account, a.Code))
		}
	}
}

// made is a value that only the twin made, and what a person sees for it.
type made struct{ value, shown string }

// twinMade collects the values that must not be taken for AWS's.
func twinMade(attributes map[string]plan.Attributes) []made {
	var out []made
	for _, attrs := range attributes {
		for k, values := range attrs {
			for _, v := range values {
				if k != "change" && v != "" {
					out = append(out, made{strings.TrimSuffix(v, "."), "(known after apply)"})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b made) int { return strings.Compare(b.value, a.value) })
	return out
}

// answers are the DNS answers that the rehearsal changed.
func (p *Pass) answers(out *Planned, twins []made) []plan.Answer {
	hide := map[string]string{}
	for _, m := range twins {
		hide[m.value] = m.shown
	}
	before := resolve.New(out.Before, resolve.DefaultPolicy)
	after := resolve.New(out.After, resolve.DefaultPolicy)
	var list []plan.Answer
	for _, c := range resolve.Diff(before, after, resolve.Touched(out.Before, out.After)...) {
		if _, twin := hide[c.Name.String()]; twin || strings.HasPrefix(c.Name.String(), plan.LedgerPrefix) {
			continue // of use to AWS and orgdns alone
		}
		a := plan.Answer{
			Name: c.Name, Type: c.Type, Before: c.Before.String(), After: mask(c.After, hide), New: !c.Before.Positive(),
		}
		for _, v := range c.Vantages {
			a.From = append(a.From, v.String())
		}
		list = append(list, a)
	}
	return list
}

// mask shows an answer with the twin's own values hidden.
func mask(a resolve.Answer, hide map[string]string) string {
	values := a.Values()
	hidden := map[string]bool{}
	var out []string
	for _, v := range values {
		if shown, ok := hide[strings.TrimSuffix(v, ".")]; ok {
			if !hidden[shown] {
				out = append(out, shown)
			}
			hidden[shown] = true
			continue
		}
		out = append(out, v)
	}
	if len(hidden) == 0 {
		return a.String()
	}
	return strings.Join(out, ", ")
}
