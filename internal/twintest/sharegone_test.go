package twintest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Shares, Regions and accounts that are taken out of the configuration.

// leftBehind are the rigs of an example of rules before and after something was
// taken out, by what that is.
func leftBehind(t *testing.T) map[string][2]rig {
	t.Helper()
	const consumers = "consumers: { accounts: [shop, api, data]"
	quiet := []string{expectEC2, "", "  - { from: { account: network, tags: { role: shared-services }, region: eu-central-1 }, name: sts.eu-central-1.amazonaws.com, not: NXDOMAIN }\n", "", "expect:\n", ""}
	with := func(pairs ...string) rig {
		return shareVariant(t, "resolver", append(slices.Clone(quiet), pairs...)...)
	}
	whole := with()
	none := *whole.cfg
	none.EndpointShares = nil
	return map[string][2]rig{
		"a Region":   {whole, with(bothRegions, "    regions: [eu-west-1]\n")},
		"a share":    {whole, {&none, whole.start}},
		"an account": {whole, with(consumers, "consumers: { accounts: [shop, api]")},
	}
}

// TestShareLeftBehind: what is taken out of the configuration goes in order: while
// a VPC has a rule it has the hub's answer. What stands at the end is what would
// have been made without it.
func TestShareLeftBehind(t *testing.T) {
	t.Parallel()
	for name, rigs := range leftBehind(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rigs[0].world()
			if err := rigs[0].converge(t.Context(), w, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			asked := 0
			w.OnCall(func(call world.Event) {
				if strings.HasPrefix(call.Operation, "List") || strings.HasPrefix(call.Operation, "Describe") || strings.HasPrefix(call.Operation, "Get") {
					return
				}
				for _, wrong := range ruled(w.Estate(), &asked) {
					t.Errorf("after %s: %s", call.Operation, wrong)
				}
			})
			if err := rigs[1].converge(t.Context(), w, reconcile.Options{AcceptLimits: true}); err != nil {
				t.Fatal(err)
			}
			if asked == 0 {
				t.Error("nothing was asked")
			}
			fresh := rigs[1].world()
			if err := rigs[1].converge(t.Context(), fresh, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			if left, want := fmt.Sprint(remains(rigs[0], w.Estate())), fmt.Sprint(remains(rigs[1], fresh.Estate())); left != want {
				t.Errorf("%s stand, made without it it is %s", left, want)
			}
		})
	}
}

// ruled asks in each consumer VPC for the names of the rules that are on it.
func ruled(e estate.Estate, asked *int) []string {
	var wrong []string
	answers := resolve.New(e, resolve.DefaultPolicy)
	for a := range e.RuleAssociations.All() {
		rule, _ := e.ResolverRules.Get(a.Rule)
		if a.Status != estate.StatusComplete || rule.Type != estate.RuleForward {
			continue
		}
		*asked++
		if got := answers.Resolve(resolve.Vantage{VPC: a.VPC}, rule.Domain, "A"); len(got.Values()) == 0 || !strings.HasPrefix(got.Values()[0], "10.") {
			wrong = append(wrong, fmt.Sprintf("%s from %s: %s", rule.Domain, a.VPC, got))
		}
	}
	return wrong
}

// TestShareLeftUnread: what could not be read that may hang on it keeps what was
// taken out of the configuration, in the hub as at consumers.
func TestShareLeftUnread(t *testing.T) {
	t.Parallel()
	const data = estate.AccountID("666666666666")
	for name, rigs := range leftBehind(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rigs[0].world()
			if err := rigs[0].converge(t.Context(), w, reconcile.Options{}); err != nil {
				t.Fatal(err)
			}
			for what, f := range map[string]world.Fault{
				"rules":            {Account: walkHub, Service: "route53resolver", Operation: "ListResolverRules"},
				"endpoints":        {Account: walkHub, Service: "route53resolver", Operation: "ListResolverEndpoints"},
				"shares":           {Account: walkHub, Service: "ram", Operation: "GetResourceShares"},
				"on VPCs":          {Account: data, Service: "route53resolver", Operation: "ListResolverRuleAssociations"},
				"Profiles on VPCs": {Account: data, Service: "route53profiles", Operation: "ListProfileAssociations"},
			} {
				t.Run(what, func(t *testing.T) {
					at := w.Fork(clock.NewVirtual(w.Now()))
					f.Kind, f.Count = world.FaultServer, -1
					at.Inject(f)
					planned := unreadPlan(t, rigs[1], at)
					for _, c := range planned.Changes {
						t.Errorf("%s %s (%s): %s", c.Action, c.Address, c.ID, c.Reason)
					}
					if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
						return d.Code == "unread" && d.Severity == diag.Warning && strings.Contains(d.Summary+d.Detail, string(f.Account))
					}) {
						t.Errorf("nobody says so: %v", planned.Diagnostics)
					}
				})
			}
		})
	}
}
