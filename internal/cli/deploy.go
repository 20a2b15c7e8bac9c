package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/cost"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

func (a *app) deployCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "deploy",
		Short: "Make what tells orgdns of changes at once",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.deployLatticeCommand())
	return c
}

// deployArgs are the flags of deploy.
type deployArgs struct {
	applyArgs
	print, part, dir string
	cost             bool
	prices           string
	use              cost.EventUse
}

func (a *app) deployLatticeCommand() *cobra.Command {
	args := &deployArgs{}
	args.command = "deploy lattice"
	c := &cobra.Command{
		Use:   "lattice",
		Short: "Make the chain by which accounts tell of their VPC Lattice services",
		Long: `lattice makes what the configuration's latticeEvents ask for: in the networking
account an event bus that takes the events of the organization, a queue, the rule
between them, dead-letter queues, and a shared parameter that tells where the bus
is; in each account and Region that was granted names a rule that sends events
to the bus, the role as which it does, and a dead-letter queue. The networking
account comes first. It plans, rehearses and applies as 'orgdns apply' does.

--destroy takes all of it out again, the accounts first. It is refused while a
service has a name, since that would go stale until the next sweep.

--print writes the same for those who deploy by CloudFormation or Terraform, with
the organization and the bus as parameters: what the networking account gets
(hub), what the others get (spoke), and with CloudFormation a StackSet of the
latter that follows new accounts. It asks nobody.

--cost tells what a month of it costs.

Exit code 0: all done. 2: something waits. 1: failed.`,
		Example: `  orgdns deploy lattice
  orgdns deploy lattice --print cloudformation --dir templates
  orgdns deploy lattice --print terraform --part spoke`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			if cfg.LatticeEvents == nil {
				return fmt.Errorf("the configuration has no latticeEvents, so there is nothing to deploy; write it, as in: latticeEvents: { account: network }")
			}
			if err := args.check(c); err != nil {
				return err
			}
			if args.print != "" {
				return a.printChain(cfg, args)
			}
			own, p, err := a.eventsPass(c.Context(), cfg)
			if err != nil {
				return err
			}
			if args.cost {
				return a.chainCost(c.Context(), cfg, p, args)
			}
			if err := a.planAndApply(c.Context(), own, p, &args.applyArgs); err != nil || args.Destroy {
				return err
			}
			a.sayQueue(cfg)
			return nil
		},
	}
	f := c.Flags()
	f.BoolVar(&args.Destroy, "destroy", false, "take all of it out again")
	f.BoolVar(&args.Sweep, "sweep", false, "look for what is ours in every Region of all accounts, such as those that are granted nothing any more")
	f.BoolVar(&args.AcceptLimits, "accept-limits", false, "go on where limits in the configuration would stop the run")
	f.BoolVarP(&args.yes, "yes", "y", false, "do not ask")
	a.storeFlag(c)
	f.StringVar(&args.print, "print", "", "write templates instead: cloudformation or terraform")
	f.StringVar(&args.part, "part", "", "with --print: hub, spoke or stackset")
	f.StringVar(&args.dir, "dir", "", "with --print: write all parts into this folder")
	f.BoolVar(&args.cost, "cost", false, "tell what a month costs instead")
	f.StringVar(&args.prices, "prices", "", "with --cost: price table in place of the one that orgdns comes with")
	f.Int64Var(&args.use.Events, "events", 10_000, "with --cost: assumed events a month of all accounts together")
	f.Int64Var(&args.use.Replicas, "replicas", 1, "with --cost: processes of orgdns that poll the queue")
	proposes(c, "print", func() []string { return sorted(chainFormats) })
	proposes(c, "part", func() []string { return chainParts })
	return c
}

// check refuses flags that do not go together.
func (p *deployArgs) check(c *cobra.Command) error {
	set := func(names ...string) (name string) {
		for _, n := range names {
			if c.Flags().Changed(n) {
				return n
			}
		}
		return ""
	}
	switch {
	case p.print != "" && p.cost, p.print != "" && p.Destroy, p.cost && p.Destroy:
		return fmt.Errorf("--print, --cost and --destroy do not go together; give one")
	case p.print == "" && set("part", "dir") != "":
		return fmt.Errorf("--%s is for --print", set("part", "dir"))
	case !p.cost && set("events", "replicas", "prices") != "":
		return fmt.Errorf("--%s is for --cost", set("events", "replicas", "prices"))
	case p.print != "" && chainFormats[p.print].write == nil:
		return fmt.Errorf("--print is %q; it must be cloudformation or terraform", p.print)
	case p.part != "" && !slices.Contains(chainParts, p.part):
		return fmt.Errorf("--part is %q; it must be hub, spoke or stackset", p.part)
	case p.part != "" && p.dir != "":
		return fmt.Errorf("--part and --dir do not go together: --dir is for all parts")
	case p.print == "terraform" && p.part == "stackset":
		return fmt.Errorf("a StackSet is a thing of CloudFormation; print it with --print cloudformation, or use the part spoke for each account")
	}
	return nil
}

// sayQueue names the queue for whoever runs orgdns serve.
func (a *app) sayQueue(cfg *config.Config) {
	if queue, _ := recipe.EventQueues(recipe.Input{Config: cfg}, stage.Region(cfg).Partition()); queue != "" {
		a.say("Events come to %s, from which `orgdns serve` takes them.\n", queue)
	}
}

// eventsPass is a pass that makes the chain, under its own owner.
func (a *app) eventsPass(ctx context.Context, cfg *config.Config) (*config.Config, *reconcile.Pass, error) {
	access, err := stage.Accesses(cfg, os.LookupEnv)
	if err != nil {
		return nil, nil, err
	}
	own, source := reconcile.Events(cfg)
	p, err := a.passBy(ctx, own, access)
	if err == nil {
		p.Source = source
	}
	return own, p, err
}

// chainCost tells what the chain costs. The organization is read only where the
// configuration names accounts that are not in its list.
func (a *app) chainCost(ctx context.Context, cfg *config.Config, p *reconcile.Pass, args *deployArgs) error {
	prices, err := readPrices(args.prices)
	if err != nil {
		return err
	}
	var e estate.Estate
	if recipe.Unlisted(cfg) {
		if e, err = p.Observe(ctx, args.Options); err != nil {
			return err
		}
	}
	in := recipe.Input{Config: cfg, Estate: e}
	use := args.use
	hub, problems := cfg.FindAccount(cfg.LatticeEvents.Account, e)
	if problems.HasErrors() {
		return problems.Err()
	}
	use.Hub, use.Region = hub.ID, cfg.LatticeEvents.Region
	for _, s := range recipe.EventSpokes(in) {
		use.Spokes = append(use.Spokes, cost.EventSpoke(s))
	}
	bill, err := prices.OfEvents(use)
	if err != nil {
		return err
	}
	return a.showChainCost(prices, args, use, bill)
}

// chainCosts is the result of deploy lattice --cost.
type chainCosts struct {
	Prices  priceTable    `json:"prices"`
	Assumed cost.EventUse `json:"assumed"`
	Bill    cost.Bill     `json:"bill"`
}

func (a *app) showChainCost(prices *cost.Prices, args *deployArgs, use cost.EventUse, bill cost.Bill) error {
	out := chainCosts{priceTable{prices.Date, prices.Hours, prices.Sources(bill)}, use, bill}
	if a.output == "json" {
		return a.json("deploy lattice cost", out)
	}
	a.printf("%s\n", a.paint(a.Out, bold, fmt.Sprintf("USD a month, with %d events (--events) of %d account%s and Region%s", use.Events, len(use.Spokes), plural(len(use.Spokes)), plural(len(use.Spokes)))))
	var last string
	for _, l := range bill.Lines {
		if at := fmt.Sprintf("%s in %s", l.Account, l.Region); at != last {
			last = at
			who := "sends"
			if l.Account == use.Hub && l.Region == use.Region {
				who = "the networking account"
			}
			a.printf("  %s, %s\n", at, who)
		}
		price := l.Price.String()
		if l.Unconfirmed {
			price += "?"
		}
		unit, _, _ := strings.Cut(l.Unit, " ")
		a.printf("    %-42s%s\n", l.What, fmt.Sprintf("%21s = %10s", fmt.Sprintf("%d %s x %s", l.Count, unit, price), l.Sum))
	}
	a.printf("  %-44s%34s\n", "together", bill.Total)
	a.priceSources(out.Prices, args.prices)
	a.uncertain(bill.Notes)
	return nil
}
