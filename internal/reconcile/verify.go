package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/resolve"
)

// Check is one name that was asked for, and what came of it.
type Check struct {
	From string `json:"from"` // "internet", a VPC ID
	Name string `json:"name"`
	Type string `json:"type"`
	Want string `json:"want"`
	Got  string `json:"got"`
	OK   bool   `json:"ok"`
	// Computed: nothing of ours can ask from there, so the answer is what the
	// estate says.
	Computed bool `json:"computed,omitempty"`
	// Inside is what looked from inside the VPC, and connected, too: "lambda" or
	// "command". Empty when a resolver was asked.
	Inside string   `json:"inside,omitempty"`
	Pos    diag.Pos `json:"-"`
}

// expectations holds the tests of the configuration against what the rehearsal
// leads to.
func (p *Pass) expectations(out *Planned, o Options) {
	r := resolve.New(out.After, resolve.DefaultPolicy)
	names := p.sharedNames(out.After, o)
	for _, x := range p.Config.Expect {
		vantages, problems := p.vantages(x, out.After)
		out.Diagnostics.Add(problems...)
		for _, v := range vantages {
			a := r.Resolve(v, x.Name, x.Type)
			q := expecting(x, r, names, v)
			if unknown(a) || q.met(a) {
				continue
			}
			out.Diagnostics.Add(diag.Diagnostic{
				Code: "expect", Pos: x.Pos,
				Summary: fmt.Sprintf("%s %s from %s would not be as expected", x.Name, x.Type, v),
				Detail:  "expected " + q.want + "; it would be " + a.String(),
				Hint:    fmt.Sprintf("see `orgdns explain %s --from %s --type %s`", x.Name, v, x.Type),
			})
		}
	}
}

// unknown reports whether the estate cannot tell an answer.
func unknown(a resolve.Answer) bool {
	return a.Outcome == resolve.Outside || a.Outcome == resolve.Unread || a.Outcome == resolve.External
}

// vantages are the places from which a test asks.
func (p *Pass) vantages(x config.Expectation, e estate.Estate) ([]resolve.Vantage, diag.List) {
	if x.From.Internet {
		return []resolve.Vantage{{}}, nil
	}
	vpcs, problems := p.Config.SelectVPCs(x.From.Selector, e)
	for _, q := range recipe.VPCQueries(p.Config, x.From.Selector, e) {
		if a, _ := e.Asked(q); !e.Answered(q) {
			problems.Add(diag.Diagnostic{Code: "unread", Pos: x.Pos, Account: string(q.Account), Region: string(q.Region),
				Summary: fmt.Sprintf("the VPCs from which %s is to be asked could not be read", x.Name),
				Detail:  a.Why(), Hint: "see `orgdns iam` for the role that this account needs"})
		}
	}
	if len(vpcs) == 0 && !problems.HasErrors() {
		problems.Add(diag.Diagnostic{Severity: diag.Warning, Code: "no-vpc", Pos: x.Pos,
			Summary: fmt.Sprintf("no VPC is selected, so %s is asked from nowhere", x.Name)})
	}
	out := make([]resolve.Vantage, len(vpcs))
	for i, v := range vpcs {
		out[i] = resolve.Vantage{VPC: v.ID}
	}
	return out, problems
}

// question is a name that is asked for, and what its answer must be.
type question struct {
	config.Expectation
	want string
	met  func(resolve.Answer) bool
}

// expecting is a test of the configuration as a question from a vantage.
func expecting(x config.Expectation, r *resolve.Resolver, names []recipe.SharedName, v resolve.Vantage) question {
	q := question{x, want(x), func(a resolve.Answer) bool { return met(x, a, r) }}
	if x.ShareName == "" {
		return q
	}
	addresses := shareAddresses(names, x.ShareName, v.VPC)
	q.want = strings.Join(slices.DeleteFunc([]string{"the endpoint of " + x.ShareName + ": " + strings.Join(addresses, ", "), q.want}, func(s string) bool { return s == "" }), " and ")
	q.met = func(a resolve.Answer) bool { return among(a, addresses) && met(x, a, r) }
	return q
}

// sharedNames are the names of shares, where a test speaks of one.
func (p *Pass) sharedNames(e estate.Estate, o Options) []recipe.SharedName {
	if !slices.ContainsFunc(p.Config.Expect, func(x config.Expectation) bool { return x.ShareName != "" }) {
		return nil
	}
	return recipe.SharedNames(p.input(e, p.Ports, o))
}

// met holds an answer against a test.
func met(x config.Expectation, a resolve.Answer, r *resolve.Resolver) bool {
	outcome := outcomeOf(a)
	if x.RCode != "" && outcome != x.RCode && !(x.RCode == "NOERROR" && outcome == "NODATA") {
		return false
	}
	if slices.Contains(x.Not, outcome) {
		return false
	}
	got := a.Values()
	if len(x.Values) > 0 && !slices.Equal(got, slices.Sorted(slices.Values(x.Values))) {
		return false
	}
	if x.ResolvesTo.IsZero() {
		return true
	}
	comesBy := func(rr resolve.RR) bool {
		return rr.Name == x.ResolvesTo || rr.Alias == x.ResolvesTo || strings.TrimSuffix(rr.Value, ".") == x.ResolvesTo.String()
	}
	if slices.ContainsFunc(a.Records, comesBy) {
		return true
	}
	target := r.Resolve(resolve.Vantage{}, x.ResolvesTo, x.Type).Values()
	return len(target) > 0 && slices.Equal(got, target)
}

func outcomeOf(a resolve.Answer) string {
	if a.NoData() {
		return "NODATA"
	}
	return string(a.Outcome)
}

func want(x config.Expectation) string {
	var parts []string
	if !x.ResolvesTo.IsZero() {
		parts = append(parts, "what "+x.ResolvesTo.String()+" resolves to")
	}
	if len(x.Values) > 0 {
		parts = append(parts, strings.Join(x.Values, ", "))
	}
	if x.RCode != "" {
		parts = append(parts, x.RCode)
	}
	for _, n := range x.Not {
		parts = append(parts, "not "+n)
	}
	return strings.Join(parts, " and ")
}

// Verified is what came of asking DNS after a run, and what still waits: for the
// world outside, or for the next run.
type Verified struct {
	Checks  []Check
	Waiting []plan.Waiting
}

// Verify observes again and asks DNS for what the configuration promises: that
// each delegation is answered by its child zone, and every test.
func (p *Pass) Verify(ctx context.Context, o Options) (Verified, error) {
	e, err := p.Observe(ctx, o)
	if err != nil || o.Destroy {
		return Verified{}, err
	}
	in := p.input(e, p.Ports, o)
	made := p.make(e, p.Ports, o)
	out := Verified{Waiting: append(made.Waiting, left(made, in.Now)...)}
	r := resolve.New(e, resolve.DefaultPolicy)
	for _, d := range p.Config.Delegations {
		child, _ := p.Config.FindAccount(d.Child, e)
		z, ok := recipe.OwnZone(in, d, child.ID)
		if !ok || d.Parent.External != "" {
			continue // waits for a registrar, used as somebody else made it, or not there: the plan says so
		}
		servers := make([]string, len(z.NameServers))
		for i, ns := range z.NameServers {
			servers[i] = ns.FQDN()
		}
		slices.Sort(servers)
		x := config.Expectation{Source: d.Source, Name: d.Domain, Type: "NS", Values: servers}
		c, err := p.check(ctx, r, resolve.Vantage{}, expecting(x, r, nil, resolve.Vantage{}))
		if err != nil {
			return out, err
		}
		out.Checks = append(out.Checks, c)
	}
	for _, z := range recipe.ServedZones(in) {
		soa, ok := e.Records.Get(estate.RecordKey(z.Zone.ID, z.Domain, "SOA", ""))
		x := config.Expectation{Source: z.Source, Name: z.Domain, Type: "SOA", Values: soa.Values}
		for _, v := range z.VPCs {
			if !ok || !v.DNSSupport || !v.DNSHostnames { // the plan says that it is invisible there
				continue
			}
			c, err := p.check(ctx, r, resolve.Vantage{VPC: v.ID}, expecting(x, r, nil, resolve.Vantage{}))
			if err != nil {
				return out, err
			}
			out.Checks = append(out.Checks, c)
		}
	}
	promised, err := p.promises(ctx, r, in)
	out.Checks = append(out.Checks, promised...)
	if err != nil {
		return out, err
	}
	named, err := p.latticeNames(ctx, r, in)
	out.Checks = append(out.Checks, named...)
	if err != nil {
		return out, err
	}
	inside, err := p.inside(ctx, in)
	out.Checks = append(out.Checks, inside...)
	if err != nil {
		return out, err
	}
	names := p.sharedNames(e, o)
	for _, x := range p.Config.Expect {
		vantages, _ := p.vantages(x, e)
		for _, v := range vantages {
			c, err := p.check(ctx, r, v, expecting(x, r, names, v))
			if err != nil {
				return out, err
			}
			out.Checks = append(out.Checks, c)
		}
	}
	return out, nil
}

// left is what a run leaves to the next one, which judges by what stands then
// (docs/decisions/0019-retirement.md): endpoints of others that can go.
func left(made *plan.Plan, now time.Time) []plan.Waiting {
	var out []plan.Waiting
	for _, c := range made.Changes {
		switch {
		case !c.Foreign || c.Action != plan.Delete:
		case c.NotBefore.After(now):
			out = append(out, plan.Waiting{Address: c.Address, For: plan.Forgetting, Until: c.NotBefore})
		default:
			out = append(out, plan.Waiting{Address: c.Address, For: "the next run, which removes " + c.ID + "; run again now"})
		}
	}
	return out
}

// check asks one name from one vantage.
func (p *Pass) check(ctx context.Context, r *resolve.Resolver, v resolve.Vantage, x question) (Check, error) {
	for try := 0; ; try++ {
		c, err := p.checkOnce(ctx, r, v, x)
		if err != nil || c.OK || c.Computed || try == checkTries {
			return c, err
		}
		if try == 0 {
			p.say("waiting for %s %s to be seen from %s", x.Name, x.Type, v)
		}
		if err := p.Ports.Clock.Sleep(ctx, checkPause); err != nil {
			return c, err
		}
	}
}

// A change takes up to a minute to reach all name servers; until then DNS may
// answer as before.
const (
	checkTries = 6
	checkPause = 15 * time.Second
)

func (p *Pass) checkOnce(ctx context.Context, r *resolve.Resolver, v resolve.Vantage, x question) (Check, error) {
	c := Check{From: v.String(), Name: x.Name.String(), Type: x.Type, Want: x.want, Pos: x.Pos}
	a, err := p.Ports.Prober.Probe(ctx, v, x.Name, x.Type)
	switch {
	case errors.Is(err, ErrNoProbe):
		a, c.Computed = r.Resolve(v, x.Name, x.Type), true
	case err != nil:
		if ctx.Err() != nil {
			return c, ctx.Err()
		}
		c.Got = err.Error()
		return c, nil
	}
	c.Got, c.OK = a.String(), x.met(a)
	return c, nil
}
