package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/stage"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/dns"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// demoExample is the folder of package examples that the demo applies.
const demoExample = "acme"

func (a *app) demoCommand() *cobra.Command {
	var keep bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job on a twin of an example organization",
		Long: `demo makes a twin of an example organization in this process, applies the
configuration examples/acme there through the AWS APIs, and asks real DNS
queries over UDP before and after. It touches no AWS account.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), keep) },
	}
	c.Flags().BoolVar(&keep, "keep", false, "leave the twin running afterwards, to look at it with dig and the AWS CLI")
	return c
}

func (a *app) demo(ctx context.Context, keep bool) error {
	cfg, problems := config.Load(examples.FS, demoExample)
	a.diagnostics(problems)
	if problems.HasErrors() {
		return exit(exitFailed)
	}
	start, err := readEstate(examples.FS, demoExample+"/estate.json")
	if err != nil {
		return err
	}
	c := clock.NewVirtual(a.clock.Now())
	w := world.New(c, start)
	w.Limits = true
	names := dns.New(w, resolve.DefaultPolicy, "127.0.0.1", 0)
	defer names.Close()
	p, err := a.demoPass(ctx, cfg, w, names)
	if err != nil {
		return err
	}
	a.printf("An example organization, on a twin in this process: %d accounts, %d VPCs,\nzone %s in account dns. Real AWS APIs, real DNS; simulated time.\n",
		start.Accounts.Len(), start.VPCs.Len(), "example.com")
	questions := a.questions(cfg, start)
	before := ask(ctx, p.Ports.Prober, questions)

	a.printf("\n%s\n", a.paint(a.Out, bold, "$ orgdns plan"))
	planned, err := p.Plan(ctx, reconcile.Options{})
	if err != nil {
		return err
	}
	a.diagnostics(planned.Diagnostics)
	if planned.Diagnostics.HasErrors() {
		return exit(exitFailed)
	}
	a.plan(cfg, planned.Plan)

	a.printf("\n%s\n", a.paint(a.Out, bold, "$ orgdns apply"))
	if err := a.carryOut(ctx, cfg, p, planned, &applyArgs{wait: true, yes: true}); err != nil {
		return err
	}
	a.sideBySide(questions, before, ask(ctx, p.Ports.Prober, questions))
	again, err := p.Plan(ctx, reconcile.Options{})
	if err != nil {
		return err
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, "$ orgdns plan"))
	a.plan(cfg, again.Plan)
	if !keep {
		a.printf(`
Next:
  orgdns demo --keep                      the same, and the twin stays up
  orgdns explain beta.api.example.com     why a name resolves as it does
  examples/acme/                          the configuration just applied
  docs/                                   how it works, every key, its limits
`)
		return nil
	}
	return a.keep(ctx, w.Estate())
}

// demoPass wires the configuration to a twin, as pass does to AWS.
func (a *app) demoPass(ctx context.Context, cfg *config.Config, w *world.World, names *dns.Server) (*reconcile.Pass, error) {
	access, err := stage.Accesses(cfg, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	operator, _ := cfg.Account(cfg.Access.Account)
	base := credentials.NewStaticCredentialsProvider(string(operator.ID), world.AdministratorSecret, "")
	ports := stage.Ports(cfg.Owner, w.Clock, base, &http.Client{Transport: twin.New(w)}, "", stage.Region(cfg), access)
	list, err := names.Resolvers(ctx)
	if err != nil {
		return nil, err
	}
	ports.Prober = &prober{servers: byVantage(list)}
	return &reconcile.Pass{
		Config: cfg, Ports: ports, Progress: a.progress(), Secrets: stage.Secrets(cfg, os.LookupEnv),
		Stage: func(_ context.Context, e estate.Estate) (*reconcile.Stage, error) {
			return stage.New(cfg, e, w.Now(), access)
		},
	}, nil
}

// keep serves the estate that the demo made until it is stopped.
func (a *app) keep(ctx context.Context, e estate.Estate) error {
	running, err := twin.Server{Listen: "127.0.0.1:4577", Estate: e}.Start(ctx)
	if errors.Is(err, syscall.EADDRINUSE) { // another twin, perhaps
		running, err = twin.Server{Listen: "127.0.0.1:0", Estate: e}.Start(ctx)
	}
	if err != nil {
		return err
	}
	list, err := twinResolvers(ctx, running.URL)
	if err != nil {
		return err
	}
	a.printf("\nThe twin stays up until Ctrl-C. In another terminal:\n\n")
	for _, h := range running.Hints() {
		a.printf("  %s\n", h)
	}
	for _, l := range list {
		if l.VPC == dns.Internet {
			host, port, _ := strings.Cut(l.UDP, ":")
			a.printf("  dig @%s -p %s beta.api.example.com\n", host, port)
		}
	}
	a.printf("  aws route53 list-hosted-zones\n")
	return running.Wait()
}

// question is one DNS query of the demo.
type question struct {
	from  resolve.Vantage
	where string
	name  dnsname.Name
	kind  string
}

// questions are the delegated names' records, asked from the internet and from
// one VPC of each account that has some.
func (a *app) questions(cfg *config.Config, e estate.Estate) []question {
	type place struct {
		from  resolve.Vantage
		where string
	}
	places := []place{{where: "internet"}}
	seen := map[estate.AccountID]bool{}
	for v := range e.VPCs.All() {
		if !seen[v.Account] {
			seen[v.Account] = true
			places = append(places, place{resolve.Vantage{VPC: v.ID}, "VPC in " + cfg.AccountByID(v.Account).Name})
		}
	}
	var out []question
	for _, d := range cfg.Delegations {
		for i, p := range places {
			if i == 0 {
				out = append(out, question{p.from, p.where, d.Domain, "NS"})
			}
			for j, rec := range d.Records {
				if !rec.Name.IsWildcard() && (i == 0 || j == 0) {
					out = append(out, question{p.from, p.where, rec.Name, rec.Type})
				}
			}
		}
	}
	return out
}

func ask(ctx context.Context, p reconcile.Prober, list []question) []string {
	out := make([]string, len(list))
	for i, q := range list {
		answer, err := p.Probe(ctx, q.from, q.name, q.kind)
		if err != nil {
			out[i] = err.Error()
			continue
		}
		out[i] = answer.String()
	}
	return out
}

// sideBySide prints answers before and after, those that are alike together.
func (a *app) sideBySide(list []question, before, after []string) {
	a.printf("\n%s\n", a.paint(a.Out, bold, "The same questions over UDP, before and after"))
	type line struct{ what, before, after string }
	places := map[line][]string{}
	var order []line
	for i, q := range list {
		l := line{q.name.String() + " " + q.kind, before[i], after[i]}
		if places[l] == nil {
			order = append(order, l)
		}
		places[l] = append(places[l], q.where)
	}
	for _, l := range order {
		a.printf("  %s, from %s\n", l.what, together(places[l]))
		a.printf("      %s -> %s\n", clip(l.before, 24), a.paint(a.Out, green, clip(l.after, 44)))
	}
}

// together names places, the VPCs among them in one go.
func together(places []string) string {
	var out, accounts []string
	for _, p := range places {
		if account, ok := strings.CutPrefix(p, "VPC in "); ok {
			accounts = append(accounts, account)
			continue
		}
		out = append(out, p)
	}
	if len(accounts) > 0 {
		out = append(out, "VPC"+plural(len(accounts))+" in "+strings.Join(accounts, ", "))
	}
	return strings.Join(out, ", ")
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-1] + "…"
}

func byVantage(list []dns.Listener) map[string]string {
	out := map[string]string{}
	for _, l := range list {
		if l.Endpoint == "" { // not through an inbound endpoint
			out[l.VPC] = l.UDP
		}
	}
	return out
}

// readEstate reads a snapshot file.
func readEstate(fsys fs.FS, path string) (estate.Estate, error) {
	raw, err := fs.ReadFile(fsys, path)
	if err != nil {
		return estate.Estate{}, err
	}
	var e estate.Estate
	if err := json.Unmarshal(raw, &e); err != nil {
		return estate.Estate{}, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}
