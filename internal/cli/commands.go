package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin"
)

func (a *app) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration, without asking AWS",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json("validate", map[string]any{
					"owner": cfg.Owner, "accounts": len(cfg.Accounts), "delegations": len(cfg.Delegations), "privateZones": len(cfg.PrivateZones),
					"endpointShares": len(cfg.EndpointShares), "latticeDomains": len(cfg.LatticeDomains),
				})
			}
			a.printf("The configuration is valid: owner %s, %d account%s, %d delegation%s, %d private zone%s, %d endpoint share%s, %d Lattice domain%s.\n",
				cfg.Owner, len(cfg.Accounts), plural(len(cfg.Accounts)), len(cfg.Delegations), plural(len(cfg.Delegations)),
				len(cfg.PrivateZones), plural(len(cfg.PrivateZones)), len(cfg.EndpointShares), plural(len(cfg.EndpointShares)),
				len(cfg.LatticeDomains), plural(len(cfg.LatticeDomains)))
			return nil
		},
	}
}

// planArgs are the flags by which a pass is planned.
type planArgs struct {
	reconcile.Options
	out string
}

func (p *planArgs) flags(c *cobra.Command) {
	c.Flags().BoolVar(&p.Adopt, "adopt", false, "take over zones and records that stand where ours should")
	c.Flags().BoolVar(&p.MoveRecords, "move-records", false, "carry records that a delegation would hide into the child zone first")
	c.Flags().BoolVar(&p.Sweep, "sweep", false, "look for what is ours in every zone and Region of the accounts, not only where the configuration leads")
	c.Flags().BoolVar(&p.AcceptGap, "accept-gap", false, "let the private DNS and the zone of a shared endpoint change places in a hub, though its names have no answer for a moment")
	c.Flags().BoolVar(&p.CleanupGuidance, "cleanup-guidance", false, "take off the zones of latticeDomains the tags in which AWS's guidance for VPC Lattice keeps its records")
	c.Flags().BoolVar(&p.AcceptOthers, "accept-others", false, "let what is added to a Profile that stands change the answers of VPCs that are not selected")
	c.Flags().BoolVar(&p.AcceptLimits, "accept-limits", false, "go on where limits in the configuration would stop the run")
}

func (a *app) planCommand() *cobra.Command {
	args := &planArgs{}
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what would change: API changes, DNS answers, time; proven on a twin",
		Long: `plan reads the organization, compares it with the configuration, rehearses the
changes on a twin of the organization, and shows what would change: the API
changes by account, the DNS answers with who sees them, and how long AWS's
quotas make it take. Nothing is changed.

What is no longer in the configuration is found where the rest of it leads, and
zones that orgdns made are found anywhere. An adopted zone whose line was taken
out, the last delegation out of a parent, and what an endpoint share made that
was taken out, are found only with --sweep, which reads every zone and Region of
the accounts; destroy always does.

Exit code 0: nothing to do. 2: changes. 1: failed, or a plan that cannot be
applied.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, p, err := a.prepare(c.Context())
			if err != nil {
				return err
			}
			planned, err := p.Plan(c.Context(), args.Options)
			if err != nil {
				return err
			}
			if err := a.showPlan(cfg, "plan", planned.Plan); err != nil {
				return err
			}
			if planned.Diagnostics.HasErrors() {
				return exit(exitFailed)
			}
			if args.out != "" {
				if err := a.savePlan(args.out, *planned.Plan); err != nil {
					return err
				}
				a.say("\nsaved to %s; carry it out with: %s\n", args.out, applying(args.out, a.configPaths))
			}
			if planned.Empty() {
				return nil
			}
			return exit(exitPending)
		},
	}
	args.flags(c)
	c.Flags().StringVar(&args.out, "out", "", "save the plan to a file, for 'orgdns apply FILE'")
	return c
}

// say writes a remark that is no result.
func (a *app) say(format string, args ...any) {
	if a.output != "json" {
		fmt.Fprintf(a.Err, format, args...)
	}
}

func (a *app) prepare(ctx context.Context) (*config.Config, *reconcile.Pass, error) {
	cfg, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	p, err := a.pass(ctx, cfg)
	return cfg, p, err
}

func (a *app) showPlan(cfg *config.Config, kind string, p *plan.Plan) error {
	if a.output == "json" {
		return a.json(kind, p)
	}
	a.diagnostics(p.Diagnostics)
	switch {
	case !p.Diagnostics.HasErrors():
		a.plan(cfg, p)
	case stoppedByLimits(p.Diagnostics): // whoever lifts them must see the plan
		a.say("\nthe plan has errors and cannot be applied\n")
		a.changes(cfg, p)
		a.answers(p.Answers)
	default: // how far it went is no plan
		a.say("\nthere is no plan: what is wrong stands above\n")
	}
	return nil
}

// stoppedByLimits reports whether a plan is whole, but more than the
// configuration allows.
func stoppedByLimits(list diag.List) bool {
	for _, d := range list {
		if d.Severity == diag.Error && d.Code != "policy" && !strings.HasPrefix(d.Code, "limit-") {
			return false
		}
	}
	return true
}

// applyArgs are the flags by which a plan is carried out.
type applyArgs struct {
	planArgs
	wait, yes bool
	command   string // where it is another than apply or destroy
}

func (p *applyArgs) flags(c *cobra.Command) {
	c.Flags().BoolVar(&p.wait, "wait", false, "wait for deadlines, instead of leaving what waits to a later run")
	c.Flags().BoolVarP(&p.yes, "yes", "y", false, "do not ask")
}

// kind is what the result is of, for machines.
func (p *applyArgs) kind() string {
	switch {
	case p.command != "":
		return p.command
	case p.Destroy:
		return "destroy"
	}
	return "apply"
}

func (a *app) applyCommand() *cobra.Command {
	args := &applyArgs{}
	c := &cobra.Command{
		Use:   "apply [PLAN]",
		Short: "Make the organization as configured, then check that the names resolve",
		Long: `apply plans and rehearses as plan does, asks, carries the plan out in every
account, and asks DNS whether the names resolve as promised. With the file of a
saved plan it carries out that plan. What a plan relies on is read again after
the answer, and of a saved one; the plan is refused if that has changed.

A run that stops anywhere, by Ctrl-C or worse, is finished by running again.

Exit code 0: all done. 2: something waits for a deadline, the world outside, or
the next run. 1: failed.`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, files []string) error {
			if len(files) == 1 {
				return a.applySaved(c.Context(), files[0], args)
			}
			cfg, p, err := a.prepare(c.Context())
			if err != nil {
				return err
			}
			return a.planAndApply(c.Context(), cfg, p, args)
		},
	}
	args.planArgs.flags(c)
	args.flags(c)
	a.storeFlag(c)
	return c
}

func (a *app) destroyCommand() *cobra.Command {
	args := &applyArgs{}
	args.Destroy = true
	c := &cobra.Command{
		Use:   "destroy",
		Short: "Take out everything that this configuration owns, in the safe order",
		Long: `destroy removes all that orgdns made for this owner: NS records first, then,
once every cache has forgotten them, the zones. A zone with records of others
stays, and is listed. The deadline stands as a tag on the zone: a later run, or
--wait, carries on. The limits of the configuration do not stop it: everything
is meant to go.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, p, err := a.prepare(c.Context())
			if err != nil {
				return err
			}
			return a.planAndApply(c.Context(), cfg, p, args)
		},
	}
	args.flags(c)
	a.storeFlag(c)
	return c
}

func (a *app) planAndApply(ctx context.Context, cfg *config.Config, p *reconcile.Pass, args *applyArgs) error {
	planned, err := p.Plan(ctx, args.Options)
	if err != nil {
		return err
	}
	if a.output != "json" || planned.Diagnostics.HasErrors() {
		if err := a.showPlan(cfg, args.kind(), planned.Plan); err != nil {
			return err
		}
	}
	if planned.Diagnostics.HasErrors() {
		return exit(exitFailed)
	}
	if !planned.Empty() && !args.yes {
		if err := a.confirm(ctx); err != nil {
			return err
		}
		if err := fresh(ctx, p, planned.Plan, args.Options); err != nil {
			return err
		}
	}
	return a.carryOut(ctx, cfg, p, planned, args)
}

// confirm asks on a terminal; elsewhere --yes must have been given.
func (a *app) confirm(ctx context.Context) error {
	if _, tty := terminal(a.In); !tty {
		return fmt.Errorf("there is no terminal to ask on; look at the plan, and repeat with --yes")
	}
	fmt.Fprint(a.Err, "\nCarry this out? Only `yes` is taken: ")
	yes := make(chan bool, 1)
	go func() { // nothing but input ends a read: after Ctrl-C it ends with the process
		line, err := bufio.NewReader(a.In).ReadString('\n')
		yes <- err == nil && strings.TrimSpace(line) == "yes"
	}()
	select {
	case y := <-yes:
		if y {
			return nil
		}
	case <-ctx.Done():
	}
	return errors.New("nothing was changed")
}

// outcome is the result of apply for machines.
type outcome struct {
	Changes     map[string]apply.State `json:"changes"`
	Waiting     []plan.Waiting         `json:"waiting,omitempty"`
	Diagnostics diag.List              `json:"diagnostics,omitempty"`
	Checks      []reconcile.Check      `json:"checks,omitempty"`
}

func (a *app) carryOut(ctx context.Context, cfg *config.Config, p *reconcile.Pass, planned *reconcile.Planned, args *applyArgs) error {
	out := outcome{Changes: map[string]apply.State{}, Waiting: planned.Waiting}
	if !planned.Empty() {
		res, err := a.apply(ctx, args.kind(), p, planned, args.wait)
		if err != nil {
			return err
		}
		out.Changes, out.Diagnostics = res.States, res.Diagnostics
		// What the plan waits for besides its own changes, and what these left.
		outside := slices.DeleteFunc(slices.Clone(planned.Waiting), func(w plan.Waiting) bool {
			_, own := planned.Change(w.Address)
			return own
		})
		out.Waiting = stillWaiting(outside, res.Waiting)
		if n := res.Count(apply.Stopped); n > 0 {
			out.Diagnostics.Add(diag.Diagnostic{Code: "stopped", Summary: fmt.Sprintf("stopped with %d change%s left", n, plural(n)), Hint: "run the same command again to finish"})
		}
	}
	a.waits.over(waitDNS)
	if !out.Diagnostics.HasErrors() {
		verified, err := p.Verify(ctx, args.Options)
		switch {
		case err != nil && ctx.Err() != nil:
			out.Diagnostics.Add(diag.Diagnostic{Code: "stopped", Summary: "stopped before all names were verified", Hint: "`orgdns verify` does that"})
		case err != nil:
			return err
		default:
			out.verified(verified, planned, args.Destroy)
		}
	}
	a.waits.line()
	return a.showOutcome(args.kind(), out)
}

// verified adds what was seen after a run. Unless all was to go, it has looked
// again for what is waited for besides the run's own changes.
func (o *outcome) verified(v reconcile.Verified, planned *reconcile.Planned, destroy bool) {
	o.Checks = v.Checks
	if !destroy {
		o.Waiting = slices.DeleteFunc(o.Waiting, func(w plan.Waiting) bool {
			_, own := planned.Change(w.Address)
			return !own
		})
	}
	o.Waiting = stillWaiting(v.Waiting, o.Waiting)
}

// apply carries out a plan, shows what happens, and keeps it where a history is
// kept.
func (a *app) apply(ctx context.Context, action string, p *reconcile.Pass, planned *reconcile.Planned, wait bool) (*apply.Result, error) {
	a.finishing.Store(true)
	defer a.finishing.Store(false)
	kept, err := a.record(ctx, action, p, planned)
	if err != nil {
		return nil, err
	}
	res, err := p.Apply(a.cut, planned.Plan, reconcile.ApplyOptions{Wait: wait, Stop: ctx.Done(), Progress: kept.progress(a.events())})
	lost := kept.end(ctx)
	if err != nil {
		return nil, err
	}
	res.Diagnostics = append(res.Diagnostics, lost...)
	return res, nil
}

// stillWaiting is what the recipes wait for now that more is known, and the
// deadlines that a run left.
func stillWaiting(outside, run []plan.Waiting) []plan.Waiting {
	return append(outside, slices.DeleteFunc(run, func(w plan.Waiting) bool {
		return slices.ContainsFunc(outside, func(o plan.Waiting) bool { return o.Address == w.Address })
	})...)
}

func (a *app) showOutcome(kind string, out outcome) error {
	failed := out.Diagnostics.HasErrors()
	for _, c := range out.Checks {
		failed = failed || !c.OK
	}
	if a.output == "json" {
		if err := a.json(kind, out); err != nil {
			return err
		}
	} else {
		a.checks(out.Checks)
		a.waiting(out.Waiting)
		a.diagnostics(out.Diagnostics)
	}
	switch {
	case failed:
		return exit(exitFailed)
	case len(out.Waiting) > 0:
		return exit(exitPending)
	}
	if len(out.Changes) > 0 {
		a.say("\nDone.\n")
	}
	return nil
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := version()
			if a.output == "json" {
				return a.json("version", map[string]string{"version": v})
			}
			a.printf("orgdns %s\n", v)
			return nil
		},
	}
}

// version is the module's version, or the commit that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "devel"
}

func (a *app) twinCommand() *cobra.Command {
	var server twin.Server
	var file string
	c := &cobra.Command{
		Use:   "twin",
		Short: "Run an AWS of many accounts on this machine, with DNS for every VPC",
		Long: `twin serves the AWS APIs that orgdns needs, for many accounts, under the real
rules between them, to any client: the AWS CLI, SDKs, Terraform. Without an
estate it is an empty world, in which a 12-digit access key ID with the secret
"twin" is the administrator of that account.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if file != "" {
				e, err := readEstate(osFS{}, file)
				if err != nil {
					return err
				}
				server.Estate = e
			}
			running, err := server.Start(c.Context())
			if err != nil {
				return err
			}
			for _, line := range running.Hints() {
				a.printf("%s\n", line)
			}
			return running.Wait()
		},
	}
	c.Flags().StringVar(&server.Listen, "listen", "127.0.0.1:4577", "address to serve at")
	c.Flags().BoolVar(&server.ListenAnywhere, "listen-anywhere", false, "allow an address that is not loopback: whoever reaches it is administrator of every account")
	c.Flags().StringVar(&file, "estate", "", "snapshot of the estate to start from")
	c.Flags().BoolVar(&server.RealLimits, "real-limits", false, "enforce AWS's quotas and rates")
	c.Flags().IntVar(&server.DNSPortBase, "dns-port-base", 0, "first port of the DNS listeners (default: any)")
	return c
}
