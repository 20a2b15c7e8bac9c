package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/openshift"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

// openshiftArgs are the flags by which a cluster and who installs it are named.
type openshiftArgs struct {
	account  string // of the cluster
	external string // external ID of the role
}

func (a *app) openshiftCommand() *cobra.Command {
	args := &openshiftArgs{}
	c := &cobra.Command{
		Use:   "openshift",
		Short: "Check, prepare and keep the DNS of OpenShift clusters in shared VPCs",
		Long: `openshift reads the files by which OpenShift says what DNS a cluster wants:
install-config.yaml, metadata.json, and objects as 'oc get … -o yaml' prints
them. See docs/openshift.md.

The cluster's account is reached with the credentials that orgdns runs with,
others through the roles of the configuration, if there is an orgdns.yaml here
or --config names one.`,
		Args: known,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&args.account, "account", "", "the cluster's account, by name or number (default: that of the credentials)")
	c.AddCommand(a.openshiftCheck(args), a.openshiftPrepare(args), a.openshiftRecords(args), a.openshiftDestroy(args))
	return c
}

// someFiles refuses a command without files.
func someFiles(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("`%s` takes files, or - for standard input; see `%s --help`", c.CommandPath(), c.CommandPath())
	}
	return nil
}

// readObjects reads files; their problems are printed, errors end the command.
func (a *app) readObjects(names []string) (openshift.Objects, error) {
	var files []openshift.File
	for _, name := range names {
		data, err := io.ReadAll(a.In)
		if name != "-" {
			data, err = os.ReadFile(name)
		}
		if err != nil {
			return openshift.Objects{}, err
		}
		files = append(files, openshift.File{Name: name, Data: data})
	}
	objects, problems := openshift.Read(files...)
	if problems.HasErrors() {
		return objects, problems.Err()
	}
	a.diagnostics(problems)
	return objects, nil
}

// readInstall is readObjects where an install-config must be among the files.
func (a *app) readInstall(names []string) (openshift.Objects, error) {
	objects, err := a.readObjects(names)
	if err == nil && objects.Install == nil {
		err = fmt.Errorf("there is no install-config in %s; a copy must be kept, since the installer consumes the file", strings.Join(names, ", "))
	}
	return objects, err
}

// site is how the accounts around a cluster are reached.
type site struct {
	cfg     *config.Config // the accounts; empty when there is no configuration
	access  map[estate.AccountID]awsapi.Access
	caller  estate.Caller
	known   estate.Estate // the caller
	account estate.AccountID
}

// site finds out who runs orgdns and which account the cluster is in: the one
// that was named, else that of the principal, else the caller's.
func (a *app) site(ctx context.Context, args *openshiftArgs, region estate.Region, principal string) (*site, error) {
	s := &site{cfg: &config.Config{Owner: "openshift"}}
	_, err := os.Stat("orgdns.yaml")
	if len(a.configPaths) > 0 || err == nil {
		if s.cfg, err = a.load(); err != nil {
			return nil, err
		}
	}
	if region != "" {
		s.cfg.Defaults.Region = region
	}
	if s.access, err = stage.Accesses(s.cfg, os.LookupEnv); err != nil {
		return nil, err
	}
	p, err := a.passBy(ctx, s.cfg, s.access)
	if err != nil {
		return nil, err
	}
	who := estate.Query{Kind: estate.QueryIdentity}
	s.known, err = p.Ask(ctx, s.known, func(e estate.Estate) []estate.Query {
		if _, asked := e.Asked(who); asked {
			return nil
		}
		return []estate.Query{who}
	})
	if err != nil {
		return nil, err
	}
	s.caller = s.known.Caller
	s.account = cmp.Or(accountOf(principal), s.caller.Account)
	if args.account != "" {
		account, ok := s.cfg.Account(config.AccountRef{Name: args.account})
		if !ok {
			return nil, fmt.Errorf("--account %s is not in the list of accounts; write its twelve digits", args.account)
		}
		s.account = account.ID
	}
	s.access[s.caller.Account] = awsapi.Access{}
	return s, nil
}

// accountOf is the account in an ARN, or the twelve digits themselves.
func accountOf(principal string) estate.AccountID {
	if f := strings.SplitN(principal, ":", 6); len(f) == 6 {
		return estate.AccountID(f[4])
	}
	return estate.AccountID(principal)
}

// principalOf is who stands behind a session: its role. A session's ARN does not
// show the path of the role.
func principalOf(arn string) string {
	head, rest, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn
	}
	role, _, _ := strings.Cut(rest, "/")
	return strings.Replace(head, ":sts:", ":iam:", 1) + ":role/" + role
}

// through are the accounts, the role's among them reached through the role
// itself, when the configuration has no way of its own.
func (s *site) through(role openshift.Role) map[estate.AccountID]awsapi.Access {
	access := maps.Clone(s.access)
	if _, ok := access[role.Account]; !ok && !role.IsZero() {
		access[role.Account] = awsapi.Access{Role: role.ARN}
	}
	return access
}

// operatorRole is the role that ccoctl makes for the ingress operator of a
// cluster with credentialsMode Manual (openshift/cloud-credential-operator,
// ccoctl aws create-iam-roles), unless another is named.
func operatorRole(i openshift.InstallConfig, account estate.AccountID, named string) string {
	name := i.Name + "-openshift-ingress-operator-cloud-credentials"
	return cmp.Or(named, awsapi.RoleARN(i.Region.Partition(), account, name[:min(len(name), 64)]))
}

func (a *app) openshiftCheck(args *openshiftArgs) *cobra.Command {
	var principal, operator string
	c := &cobra.Command{
		Use:   "check install-config.yaml",
		Short: "Say whether the DNS of an installation will work, before it is tried",
		Long: `check holds an install-config against the accounts: subnets, VPC, private zone,
association, role, public zone, records that stand in the way. The role is
tried as the installer would: without an external ID, live where that changes
nothing, and on a twin of what was read for what writes.

Run it as the installer's identity, or name that with --installer-principal.

Exit code 0: it will work. 1: it will not. 2: that cannot be told.`,
		Example: `  orgdns openshift check install-config.yaml
  orgdns openshift check install-config.yaml --installer-principal arn:aws:iam::222222222222:role/installer`,
		Args: someFiles,
		RunE: func(c *cobra.Command, files []string) error {
			objects, err := a.readInstall(files)
			if err != nil {
				return err
			}
			report, err := a.checkInstall(c.Context(), args, *objects.Install, principal, operator)
			if err != nil {
				return err
			}
			if a.output == "json" {
				err = a.json("openshift check", report)
			} else {
				a.printf("%s", report)
			}
			switch {
			case err != nil || report.State == openshift.OK:
				return err
			case report.State == openshift.Unknown:
				return exit(exitPending)
			}
			return exit(exitFailed)
		},
	}
	c.Flags().StringVar(&principal, "installer-principal", "", "ARN of the role or user that installs (default: who runs orgdns)")
	c.Flags().StringVar(&operator, "operator-principal", "", "ARN of the ingress operator's own role (default: as ccoctl names it)")
	return c
}

func (a *app) checkInstall(ctx context.Context, args *openshiftArgs, i openshift.InstallConfig, principal, operator string) (openshift.Report, error) {
	s, err := a.site(ctx, args, i.Region, principal)
	if err != nil {
		return openshift.Report{}, err
	}
	if principal == "" && s.caller.Account != s.account && !i.Role.IsZero() {
		return openshift.Report{}, fmt.Errorf("the credentials are of account %s, and the cluster is to be in %s: say who installs with --installer-principal", s.caller.Account, s.account)
	}
	p, err := a.passBy(ctx, s.cfg, s.through(i.Role))
	if err != nil {
		return openshift.Report{}, err
	}
	in := openshift.Input{Install: i, Account: s.account}
	operator = operatorRole(i, s.account, operator)
	operates := estate.Query{Kind: estate.QueryRole, Account: s.account, ID: operator[strings.LastIndexByte(operator, '/')+1:]}
	in.Estate, err = p.Ask(ctx, s.known, func(e estate.Estate) []estate.Query {
		in.Estate = e
		list := openshift.Needs(in)
		if _, asked := e.Asked(operates); !asked && i.Credentials.Value == openshift.Manual && !i.Role.IsZero() {
			list = append(list, operates)
		}
		return list
	})
	if err != nil || i.Role.IsZero() {
		return openshift.Check(in), err
	}
	self := principalOf(s.caller.ARN)
	trial := stage.RoleTrial{
		Estate: in.Estate, Role: i.Role, Zone: i.HostedZone.Value, Domain: i.Domain,
		Principal: principalOf(cmp.Or(principal, self)), Now: p.Ports.Clock.Now(),
	}
	if trial.Principal == self {
		live, err := a.passBy(ctx, s.cfg, map[estate.AccountID]awsapi.Access{i.Role.Account: {Role: i.Role.ARN}})
		if err != nil {
			return openshift.Report{}, err
		}
		trial.Live = &live.Ports
	}
	if in.Installer, err = trial.Try(ctx); err != nil {
		return openshift.Report{}, err
	}
	if _, there := in.Estate.Roles.Get(operator); there {
		trial.Principal, trial.Live = operator, nil
		if in.Operator, err = trial.Try(ctx); err != nil {
			return openshift.Report{}, err
		}
	}
	return openshift.Check(in), nil
}

// prepareArgs are the flags of prepare.
type prepareArgs struct {
	applyArgs
	prep      openshift.Preparation
	principal string
	operator  string
	holder    string
	finalize  bool
}

func (a *app) openshiftPrepare(args *openshiftArgs) *cobra.Command {
	args2 := &prepareArgs{}
	c := &cobra.Command{
		Use:   "prepare install-config.yaml [metadata.json]",
		Short: "Make the private zone, its association and the role, in the account that holds the zone",
		Long: `prepare makes what an installation needs in the account that holds the private
zone: the zone, unless hostedZone names one that stands; its association with
the cluster's VPC; and the role, which may change the cluster's names in that
zone and no other, trusted to the installer's principal. It plans, rehearses
and asks as apply does, and says what to write into the install-config.

With credentialsMode Manual the ingress operator has a role of its own, which
exists only once ccoctl has made it, and IAM refuses a trust policy that names
a role which does not exist: run again with --finalize then.

With metadata.json, which the installer writes, the role may also keep the
ledger that 'orgdns openshift records' writes.`,
		Args: someFiles,
		RunE: func(c *cobra.Command, files []string) error {
			objects, err := a.readInstall(files)
			if err != nil {
				return err
			}
			args2.prep.Install, args2.prep.InfraID = *objects.Install, objects.InfraID
			return a.prepareInstall(c.Context(), args, args2)
		},
	}
	f := c.Flags()
	f.StringVar(&args2.principal, "installer-principal", "", "who installs: ARN of a role or user, or an account (default: who runs orgdns, in the cluster's account)")
	f.BoolVar(&args2.finalize, "finalize", false, "trust the ingress operator's role, too")
	f.StringVar(&args2.operator, "operator-principal", "", "ARN of that role (default: as ccoctl names it)")
	f.StringVar(&args.external, "external-id", "", "external ID that the role asks for, or env:NAME; a stock installer sends none")
	f.StringVar(&args2.holder, "zone-account", "", "account that holds the zone, by name or number, when hostedZoneRole is not given")
	f.StringVar(&args2.prep.Role, "role", "", "name of the role, when hostedZoneRole is not given")
	f.StringVar(&args2.prep.Anchor, "anchor", "", "VPC of the zone's account with which the zone is made, where the cluster's belongs to another")
	f.BoolVar(&args2.prep.FixVPC, "fix-vpc-attributes", false, "turn on the DNS attributes of the VPC")
	args2.planArgs.flags(c)
	args2.applyArgs.flags(c)
	a.storeFlag(c)
	return c
}

func (a *app) prepareInstall(ctx context.Context, args *openshiftArgs, o *prepareArgs) error {
	i := o.prep.Install
	s, err := a.site(ctx, args, i.Region, o.principal)
	if err != nil {
		return err
	}
	o.prep.Account, o.prep.ExternalID = s.account, args.external
	if o.holder != "" {
		holder, ok := s.cfg.Account(config.AccountRef{Name: o.holder})
		if !ok {
			return fmt.Errorf("--zone-account %s is not in the list of accounts; write its twelve digits", o.holder)
		}
		o.prep.Holder = holder.ID
	}
	switch {
	case strings.HasPrefix(o.principal, "arn:"):
		o.prep.Principals = []string{principalOf(o.principal)}
	case o.principal == "" && s.caller.Account == s.account:
		o.prep.Principals = []string{principalOf(s.caller.ARN)}
	}
	if o.finalize {
		if i.Credentials.Value == openshift.Manual {
			o.prep.Operator = operatorRole(i, s.account, o.operator)
		} else {
			a.say("note: credentialsMode is %s: the ingress operator has the installer's credentials, so nobody else is to be trusted\n", cmp.Or(i.Credentials.Value, "not given"))
		}
	}
	p, err := a.passBy(ctx, s.cfg, s.access)
	if err != nil {
		return err
	}
	if o.prep.Estate, err = p.Ask(ctx, s.known, func(e estate.Estate) []estate.Query {
		o.prep.Estate = e
		return o.prep.Needs()
	}); err != nil {
		return err
	}
	zone, problems := o.prep.Zone()
	if problems.HasErrors() {
		return problems.Err()
	}
	cfg := s.configure(o.prep.Owner(), zone)
	if p, err = a.passBy(ctx, cfg, s.access); err != nil {
		return err
	}
	p.Secrets = stage.Secrets(cfg, os.LookupEnv)
	if err := a.planAndApply(ctx, cfg, p, &o.applyArgs); err != nil {
		return err
	}
	return a.prepared(ctx, p, o, zone)
}

// configure is a configuration of one private zone, with the accounts that it
// needs.
func (s *site) configure(owner string, zone config.PrivateZone) *config.Config {
	cfg := &config.Config{Owner: owner, Defaults: s.cfg.Defaults, Limits: s.cfg.Limits, PrivateZones: []config.PrivateZone{zone}}
	refs := []config.AccountRef{zone.Account, zone.Writers[0].Account}
	for _, v := range zone.VPCs {
		refs = append(refs, v.Accounts...)
	}
	seen := map[estate.AccountID]bool{}
	for _, ref := range refs {
		account, _ := s.cfg.Account(ref)
		if account.ID == s.caller.Account {
			account.Role = ""
		}
		if !seen[account.ID] {
			seen[account.ID] = true
			cfg.Accounts = append(cfg.Accounts, account)
		}
	}
	return cfg
}

// preparedResult is what prepare leads to, for machines.
type preparedResult struct {
	HostedZone     string            `json:"hostedZone"`
	HostedZoneRole string            `json:"hostedZoneRole"`
	AssumePolicy   string            `json:"assumePolicy"`
	AddOns         []openshift.AddOn `json:"addOns"`
}

// prepared says what to do with what was made.
func (a *app) prepared(ctx context.Context, p *reconcile.Pass, o *prepareArgs, z config.PrivateZone) error {
	e, err := p.Observe(ctx, o.Options)
	if err != nil {
		return err
	}
	holder, _ := p.Config.Account(z.Account)
	id := z.Zone
	for _, have := range e.ZonesNamed(holder.ID, z.Domain, true) {
		if _, _, ours := plan.MarkOf(have, p.Config.Owner); ours && id == "" {
			id = have.ID
		}
	}
	role, ok := estate.First(e.Roles.By(estate.ByRole(holder.ID, o.prep.RoleName())))
	if id == "" || !ok {
		return fmt.Errorf("the zone or the role is not there yet; run again")
	}
	i := o.prep.Install
	policy := plan.NewDocument(plan.PolicyStatement{Effect: "Allow", Action: plan.List[string]{"sts:AssumeRole"}, Resource: plan.List[string]{role.ARN}})
	to := openshift.Role{ARN: role.ARN, Partition: estate.PartitionOf(role.ARN), Account: holder.ID, Name: role.Name}
	external := ""
	if o.prep.ExternalID != "" {
		external = "EXTERNAL-ID" // a secret
	}
	addOns := openshift.AddOns(to, id, string(i.Region), external)
	if a.output == "json" {
		return a.json("openshift prepare", preparedResult{id, role.ARN, policy, addOns})
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, "For install-config.yaml"))
	a.printf("  platform:\n    aws:\n      hostedZone: %s\n      hostedZoneRole: %s\n", id, role.ARN)
	a.printf("\n%s\n%s\n", a.paint(a.Out, bold, fmt.Sprintf("Policy for the installer, in account %s", o.prep.Account)), indented(policy))
	if external != "" {
		a.printf("\n%s\n", "The role asks for an external ID. A stock installer sends none, nor does the\ningress operator: they cannot assume it. Leave --external-id out for them.")
	}
	if i.Credentials.Value == openshift.Manual && o.prep.Operator == "" {
		a.printf("\n%s\n", "credentialsMode is Manual: once the ingress operator's role is there, run again\nwith --finalize. It needs the same policy.")
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, "Add-ons that write records of their own"))
	for _, x := range addOns {
		a.printf("  %s\n    %s\n", x.Title, strings.Join(x.Lines, "\n    "))
	}
	return nil
}
