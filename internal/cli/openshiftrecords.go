package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/openshift"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

// recordsArgs are the flags by which a cluster's records are written.
type recordsArgs struct {
	openshift.Changes
	api, internal, apps string // names of load balancers
	status              string
	yes                 bool
}

func (r *recordsArgs) flags(c *cobra.Command, args *openshiftArgs) {
	c.Flags().StringVar(&args.external, "external-id", "", "external ID that the role asks for, or env:NAME")
	c.Flags().BoolVarP(&r.yes, "yes", "y", false, "do not ask")
}

func (a *app) openshiftRecords(args *openshiftArgs) *cobra.Command {
	r := &recordsArgs{}
	c := &cobra.Command{
		Use:   "records FILE...",
		Short: "Write the records of a cluster: those of its installation, and of DNSRecord objects",
		Long: `records writes a cluster's records into its private zone, through the role, and
into its public zone, with the credentials that orgdns runs with. Among the
files must be one that names the cluster (metadata.json, or the object
Infrastructure), and one that names its zones (the object DNS, or
install-config.yaml).

With --api, --api-int and --apps it writes api, api-int and *.apps, which lead
to these load balancers; beyond them the DNSRecord objects of the files say what
stands. What was changed by hand is put right. Each zone is planned, rehearsed
and written apart: when one fails, that is said, and the other goes on.

Exit code 0: both zones are as wanted. 1: something failed.`,
		Example: `  orgdns openshift records metadata.json install-config.yaml --api-int int-1.elb.eu-west-1.amazonaws.com
  oc get dns.config.openshift.io,infrastructure,dnsrecord -A -o yaml | orgdns openshift records - --complete --status -`,
		Args: someFiles,
		RunE: func(c *cobra.Command, files []string) error {
			b := openshift.Balancers{}
			given := false
			for _, f := range []struct {
				flag, name string
				into       *openshift.Balancer
			}{{"api", r.api, &b.API}, {"api-int", r.internal, &b.Internal}, {"apps", r.apps, &b.Apps}} {
				if f.name == "" {
					continue
				}
				name, err := dnsname.Parse(f.name)
				if target, known := estate.AliasZone(name); err != nil || !known || target.Kind != estate.TargetLoadBalancer {
					return fmt.Errorf("--%s is %q; it must be the DNS name of a load balancer", f.flag, f.name)
				}
				f.into.Name, given = name, true
			}
			if given {
				r.Balancers = &b
			}
			return a.clusterRecords(c.Context(), args, r, files)
		},
	}
	r.flags(c, args)
	a.storeFlag(c)
	c.Flags().StringVar(&r.api, "api", "", "load balancer of api in the public zone")
	c.Flags().StringVar(&r.internal, "api-int", "", "load balancer of api and api-int in the private zone")
	c.Flags().StringVar(&r.apps, "apps", "", "load balancer of *.apps")
	c.Flags().BoolVar(&r.Complete, "complete", false, "the DNSRecords given are all that the cluster has: records of others go")
	c.Flags().BoolVar(&r.Adopt, "adopt", false, "take over records that stand already and are not the cluster's")
	c.Flags().StringVar(&r.status, "status", "", "write the DNSRecords with their conditions to a file, or - for standard output")
	return c
}

func (a *app) openshiftDestroy(args *openshiftArgs) *cobra.Command {
	r := &recordsArgs{}
	r.Destroy = true
	c := &cobra.Command{
		Use:   "destroy metadata.json FILE...",
		Short: "Take out a cluster's records and its tag from both zones, and nothing else",
		Long: `destroy takes out the records that 'orgdns openshift records' wrote for a
cluster, and the tag kubernetes.io/cluster/<infrastructure name>, from both
zones. Zones stay, and so do records of others, even below the cluster's domain.

Among the files must be one that names the cluster (metadata.json) and one that
names its zones (the object DNS, or install-config.yaml).`,
		Args: someFiles,
		RunE: func(c *cobra.Command, files []string) error {
			return a.clusterRecords(c.Context(), args, r, files)
		},
	}
	r.flags(c, args)
	a.storeFlag(c)
	return c
}

// side is a cluster's part in one of its zones.
type side struct {
	cluster openshift.Cluster // with that zone alone
	cfg     *config.Config
	pass    *reconcile.Pass
	planned *reconcile.Planned
	result  sideResult
	failed  map[string]error // by address, or by zone ID
}

// ready reports whether there is a plan, with something to do.
func (x *side) ready() bool { return x.planned != nil && len(x.failed) == 0 && !x.planned.Empty() }

// sideResult is what came of it, for machines.
type sideResult struct {
	Zone        string                 `json:"zone"` // private, public
	ID          string                 `json:"id,omitempty"`
	Changes     map[string]apply.State `json:"changes"`
	Diagnostics diag.List              `json:"diagnostics,omitempty"`
}

func (a *app) clusterRecords(ctx context.Context, args *openshiftArgs, r *recordsArgs, files []string) error {
	out := a.Out
	if r.status == "-" { // the objects alone go there
		a.Out = a.Err
	}
	objects, err := a.readObjects(files)
	if err != nil {
		return err
	}
	region := estate.Region("")
	if objects.Install != nil {
		region = objects.Install.Region
	}
	s, err := a.site(ctx, args, region, "")
	if err != nil {
		return err
	}
	cluster, problems := openshift.ClusterOf(objects, s.account)
	if problems.HasErrors() {
		return problems.Err()
	}
	if !r.Destroy {
		r.Records = objects.Records
	}
	sides, err := a.sides(ctx, args, r, s, cluster)
	if err != nil {
		return err
	}
	failed, changes := a.planSides(ctx, r, sides)
	if err := ctx.Err(); err != nil {
		return err
	}
	if changes && !r.yes {
		if err := a.confirm(ctx); err != nil {
			return err
		}
		for _, x := range sides {
			if x.ready() {
				if err := fresh(ctx, x.pass, x.planned.Plan, reconcile.Options{}); err != nil {
					return err
				}
			}
		}
	}
	for _, x := range sides {
		if x.ready() {
			if err := a.applySide(ctx, r, x); err != nil {
				return err
			}
			failed = failed || len(x.failed) > 0
		}
	}
	if err := a.writeStatus(out, r, sides); err != nil {
		return err
	}
	if a.output == "json" && r.status != "-" {
		var results []sideResult
		for _, x := range sides {
			results = append(results, x.result)
		}
		kind := map[bool]string{false: "openshift records", true: "openshift destroy"}[r.Destroy]
		if err := a.json(kind, results); err != nil {
			return err
		}
	}
	if failed {
		return exit(exitFailed)
	}
	if changes {
		a.say("\nDone.\n")
	}
	return nil
}

// sides splits a cluster by its zones, each with credentials of its own.
func (a *app) sides(ctx context.Context, args *openshiftArgs, r *recordsArgs, s *site, cluster openshift.Cluster) ([]*side, error) {
	var out []*side
	for _, private := range []bool{true, false} {
		one := cluster.Only(private)
		if private && cluster.Private.IsZero() || !private && cluster.Public.IsZero() {
			continue
		}
		account := s.cfg.AccountByID(cmp.Or(one.Role.Account, s.account))
		access := s.access[account.ID]
		if !one.Role.IsZero() {
			secret, err := config.NewSecret(args.external).Resolve(os.LookupEnv)
			if err != nil {
				return nil, fmt.Errorf("--external-id: %w", err)
			}
			access = awsapi.Access{Role: one.Role.ARN, ExternalID: secret}
		}
		account.Role = access.Role
		x := &side{cluster: one, failed: map[string]error{}, cfg: &config.Config{
			Owner: one.Owner(), Accounts: []config.Account{account}, Defaults: config.Defaults{Region: stage.Region(s.cfg)},
		}}
		x.result = sideResult{Zone: zoneSort(private), Changes: map[string]apply.State{}}
		var err error
		if x.pass, err = a.passBy(ctx, x.cfg, map[estate.AccountID]awsapi.Access{account.ID: access}); err != nil {
			return nil, err
		}
		rehearsal := x.pass.Stage
		x.pass.Stage = func(ctx context.Context, e estate.Estate) (*reconcile.Stage, error) {
			return rehearsal(ctx, one.Guess(e))
		}
		x.pass.Source = &reconcile.Source{Needs: func(e estate.Estate, _ reconcile.Options) []estate.Query { return one.Needs(e) }, Make: func(e estate.Estate, now time.Time, _ reconcile.Options) *plan.Plan {
			halves, problems := x.halves(r, e, now)
			p := &plan.Plan{Version: plan.Version, Owner: one.Owner(), Made: now, Changes: []plan.Change{}}
			for _, h := range halves {
				p = h.Make()
			}
			for _, d := range problems { // those of one object hold nothing else up
				if d.Address == "" {
					p.Diagnostics.Add(d)
				}
			}
			return p
		}}
		out = append(out, x)
	}
	return out, nil
}

func zoneSort(private bool) string {
	if private {
		return "private"
	}
	return "public"
}

func (x *side) changes(r *recordsArgs, e estate.Estate, now time.Time) openshift.Changes {
	in := r.Changes
	in.Estate, in.Now = e, now
	return in
}

func (x *side) halves(r *recordsArgs, e estate.Estate, now time.Time) ([]openshift.Half, diag.List) {
	return x.cluster.Halves(x.changes(r, e, now))
}

// planSides plans and rehearses each side, and shows it. What fails is said,
// and holds up no other side.
func (a *app) planSides(ctx context.Context, r *recordsArgs, sides []*side) (failed, changes bool) {
	told := map[string]bool{}
	for _, x := range sides {
		planned, err := x.pass.Plan(ctx, reconcile.Options{AcceptLimits: true})
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			a.fail(x, "plan", err)
			failed = true
			continue
		}
		x.planned = planned
		halves, problems := x.halves(r, planned.Before, x.pass.Ports.Clock.Now())
		for _, d := range problems {
			if d.Address != "" && !told[d.Address] { // of an object, the same in both zones
				told[d.Address], failed = true, true
				a.diagnostics(diag.List{d})
			}
		}
		for _, h := range halves {
			x.result.ID = h.Zone.ID
		}
		if planned.Diagnostics.HasErrors() {
			for _, d := range planned.Diagnostics {
				if d.Severity == diag.Error {
					a.fail(x, "change records", d)
				}
			}
			failed = true
			continue
		}
		if a.output == "json" {
			changes = changes || !planned.Empty()
			continue
		}
		a.printf("\n%s\n", a.paint(a.Out, bold, fmt.Sprintf("The %s zone, with %s", x.result.Zone, x.who())))
		a.diagnostics(planned.Diagnostics)
		a.plan(x.cfg, planned.Plan)
		changes = changes || !planned.Empty()
	}
	return failed, changes
}

func (x *side) who() string {
	if x.cluster.Role.IsZero() {
		return "the cluster's own credentials"
	}
	return "the role " + x.cluster.Role.ARN
}

// fail keeps that something could not be done on a side, and says it: which
// zone, which role, which action.
func (a *app) fail(x *side, action string, err error) {
	key := x.result.ID
	var own diag.Diagnostic
	if errors.As(err, &own) && own.Address != "" && x.planned != nil && !x.planned.Diagnostics.HasErrors() {
		key = own.Address
	}
	x.failed[key] = errors.Join(x.failed[key], err)
	if own.Code != openshift.CodeZone { // that one says who and where
		own = diag.Diagnostic{Code: openshift.CodeFailed, Account: own.Account, Hint: own.Hint, Pos: own.Pos,
			Summary: fmt.Sprintf("could not %s in the %s zone %s with %s", action, x.result.Zone, x.result.ID, x.who()),
			Detail:  err.Error()}
		var d diag.Diagnostic
		if errors.As(err, &d) {
			own.Detail = d.Summary
			if d.Detail != "" {
				own.Detail += ": " + d.Detail
			}
		}
	}
	x.result.Diagnostics.Add(own)
	a.diagnostics(diag.List{own})
}

// applySide carries out the plan of a side.
func (a *app) applySide(ctx context.Context, r *recordsArgs, x *side) error {
	action := "openshift records"
	if r.Destroy {
		action = "openshift destroy"
	}
	res, err := a.apply(ctx, action, x.pass, x.planned, false)
	if err != nil {
		return err
	}
	a.waits.line()
	x.result.Changes = res.States
	for _, d := range res.Diagnostics {
		if d.Severity == diag.Error {
			a.fail(x, "change records", d)
		} else {
			a.diagnostics(diag.List{d})
		}
	}
	if res.Count(apply.Stopped) > 0 {
		a.fail(x, "finish", errors.New("the run was stopped; run the same command again to finish"))
	}
	for address, state := range res.States {
		if (state == apply.Skipped || state == apply.Stopped) && x.failed[address] == nil {
			x.failed[address] = fmt.Errorf("%s: what goes before it failed", address)
		}
	}
	return nil
}

// writeStatus writes the DNSRecord objects with what came of them.
func (a *app) writeStatus(stdout io.Writer, r *recordsArgs, sides []*side) error {
	if r.status == "" {
		return nil
	}
	var outcomes []openshift.Outcome
	var now time.Time
	for _, x := range sides {
		var e estate.Estate
		if x.planned != nil {
			e = x.planned.Before
		}
		now = x.pass.Ports.Clock.Now()
		halves, problems := x.halves(r, e, now)
		outcomes = append(outcomes, x.cluster.Outcomes(x.changes(r, e, now), halves, problems, x.failed)...)
	}
	raw, err := openshift.Status(r.Records, outcomes, now)
	if err != nil {
		return err
	}
	if r.status == "-" {
		_, err = stdout.Write(raw)
		return err
	}
	return os.WriteFile(r.status, raw, 0o600)
}
