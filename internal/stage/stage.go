// Package stage wires the ports of a pass: to AWS, or any endpoint that speaks
// like it, and to a twin on which a plan is rehearsed. Besides package cli and
// the tests it is the one place that sees awsapi and twin together.
package stage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// defaultRegion is where STS is asked when the configuration has no Region.
const defaultRegion estate.Region = "us-east-1"

// Region is where STS is asked; it decides the partition, too.
func Region(cfg *config.Config) estate.Region {
	if cfg.Defaults.Region != "" {
		return cfg.Defaults.Region
	}
	return defaultRegion
}

// Unlisted stands for the accounts that the configuration does not list and the
// organization has: they are reached by the defaults.
const Unlisted estate.AccountID = "unlisted"

// Accesses is how each account is reached; the empty account is the one through
// which the organization is read. An account whose permissions fill more than one
// role is written through several: which is which follows from the configuration
// alone, so that a run finds them as `orgdns iam` named them.
func Accesses(cfg *config.Config, lookup func(string) (string, bool)) (map[estate.AccountID]awsapi.Access, error) {
	out := map[estate.AccountID]awsapi.Access{}
	partition := Region(cfg).Partition()
	needed := map[estate.AccountID][]plan.Permission{}
	for _, p := range recipe.Permissions(recipe.Input{Config: cfg}) {
		needed[p.Account] = append(needed[p.Account], p)
	}
	add := func(id estate.AccountID, role string, external config.Secret, pos diag.Pos) error {
		secret, err := external.Resolve(lookup)
		out[id] = awsapi.Access{Role: role, ExternalID: secret, Roles: awsapi.Spread(partition, id, role, needed[id])}
		if err != nil {
			return diag.Diagnostic{Code: "external-id", Account: string(id), Pos: pos,
				Summary: "the external ID is not known: " + err.Error(), Hint: "set it, or write `externalID` otherwise"}
		}
		return nil
	}
	errs := []error{add(Unlisted, cfg.Defaults.Role, cfg.Defaults.ExternalID, cfg.Defaults.At("externalID"))}
	for _, acc := range cfg.Accounts {
		errs = append(errs, add(acc.ID, acc.Role, acc.ExternalID, acc.At("externalID")))
	}
	if o := cfg.Access; o != nil {
		acc, _ := cfg.Account(o.Account)
		role := o.Role
		if role != "" {
			role = awsapi.RoleARN(partition, acc.ID, role)
		}
		errs = append(errs, add("", role, o.ExternalID, o.At("externalID")))
	}
	for id, by := range cfg.LatticeShares() {
		acc, listed := out[id]
		if !listed {
			acc = out[Unlisted]
		}
		acc.LatticeBy = by
		out[id] = acc
	}
	return out, errors.Join(errs...)
}

// Secrets finds the external IDs of writers, for a pass.
func Secrets(cfg *config.Config, lookup func(string) (string, bool)) func(estate.Estate) (map[string]string, diag.List) {
	return func(e estate.Estate) (map[string]string, diag.List) {
		return recipe.WriterSecrets(cfg, e, func(s config.Secret) (string, error) { return s.Resolve(lookup) })
	}
}

// Ports makes the ports of a pass over an AWS. More options of its sessions may
// be set.
func Ports(owner string, c clock.Clock, base aws.CredentialsProvider, client aws.HTTPClient, endpoint string, region estate.Region, access map[estate.AccountID]awsapi.Access, more ...func(*awsapi.Options)) reconcile.Ports {
	return PortsOf(Sessions(owner, c, base, client, endpoint, region, access, more...), c)
}

// Sessions are what such ports are made of.
func Sessions(owner string, c clock.Clock, base aws.CredentialsProvider, client aws.HTTPClient, endpoint string, region estate.Region, access map[estate.AccountID]awsapi.Access, more ...func(*awsapi.Options)) *awsapi.Sessions {
	opt := awsapi.Options{
		Owner: owner, Base: base, HTTPClient: client, EndpointURL: endpoint,
		Clock: c, Loop: pace.New(c), Region: region, Accounts: access, Default: access[Unlisted],
	}
	for _, set := range more {
		set(&opt)
	}
	return awsapi.New(opt)
}

// Keeping is an option of sessions by which an organization is kept from one sweep
// to the next: an account that AWS throttles for that long is taken for unread, so
// that it holds up no other.
func Keeping(o *awsapi.Options) { o.Patience = 20 * time.Second }

// PortsOf makes the ports of a pass of sessions.
func PortsOf(sessions *awsapi.Sessions, c clock.Clock) reconcile.Ports {
	return reconcile.Ports{
		Reader: reader{sessions.Reader(nil)},
		Writer: func(scope map[estate.AccountID][]plan.Permission) apply.Port {
			return sessions.Writer(awsapi.Scope(scope))
		},
		Clock: c, Code: awsapi.Code, Invoke: sessions.Inside().Invoke,
	}
}

// reader gives awsapi's patches the type of the port.
type reader struct{ *awsapi.Reader }

func (r reader) Read(ctx context.Context, q estate.Query) (func(*estate.Estate), error) {
	return r.Reader.Read(ctx, q)
}

// New makes a twin of what was observed, with AWS's limits, on a clock that
// does not wait. What decides on access and was not read is taken as granted
// there: the plan says of such steps that they are not proven.
func New(cfg *config.Config, e estate.Estate, now time.Time, access map[estate.AccountID]awsapi.Access) (*reconcile.Stage, error) {
	c := clock.NewVirtual(now)
	partition, region := Region(cfg).Partition(), Region(cfg)
	if e.Caller.ARN != "" {
		partition = estate.PartitionOf(e.Caller.ARN)
	}
	if partition != commercial {
		var err error
		if e, err = movedEstate(partition, e); err != nil {
			return nil, err
		}
		access, region = movedAccess(partition, access), defaultRegion
	}
	access = readByOwners(&e, access)
	grantUnread(cfg, &e, access)
	if o := access[""]; o.Role != "" { // through which the organization is read; nobody reads its policies
		grant(&e, o.Role)
	}
	shareUnread(&e)
	w := world.New(c, e)
	w.Limits = true
	caller := e.Caller
	if caller.Account == "" {
		return nil, fmt.Errorf("the identity that runs orgdns could not be read (GetCallerIdentity), so nothing can be rehearsed")
	}
	var key world.Credential
	err := w.Update(func(s *world.State) error {
		key = s.NewSession(world.Caller{Account: caller.Account, ARN: caller.ARN, ID: "AIDAREHEARSAL", Administrator: true}, now, now.AddDate(1, 0, 0))
		return nil
	})
	if err != nil {
		return nil, err
	}
	base := credentials.NewStaticCredentialsProvider(key.AccessKey, key.Secret, key.Token)
	ports := Ports(cfg.Owner, c, base, &http.Client{Transport: twin.New(w)}, "", region, access, Package(StandIn))
	ports.Prober = Prober{w}
	if partition != commercial {
		writer := ports.Writer
		ports.Writer = func(scope map[estate.AccountID][]plan.Permission) apply.Port {
			return movedPort{writer(scope), partition}
		}
	}
	return &reconcile.Stage{
		Ports: ports, Estate: w.Estate, Tolerated: twin.Undocumented,
		Calls: func() []plan.Calls {
			var out []plan.Calls
			for _, n := range w.Calls() {
				out = append(out, plan.Calls{Account: n.Account, Service: n.Service, Operation: n.Operation, Count: n.Count})
			}
			return out
		},
	}, nil
}

// shareUnread takes what was not read of the organization as what sharing needs:
// that RAM may share within it, and that the accounts are in it.
func shareUnread(e *estate.Estate) {
	if e.Organization.TrustedServices == nil {
		e.Organization.TrustedServices = []string{estate.ShareService}
	}
	if e.Answered(estate.Query{Kind: estate.QueryAccounts}) || e.Organization.ID == "" {
		return
	}
	if e.Organization.Root == "" {
		e.Organization.Root = "r-unread"
	}
	var accounts []estate.Account
	for a := range e.Accounts.All() {
		if a.Parent == "" {
			a.Parent = e.Organization.Root
			accounts = append(accounts, a)
		}
	}
	e.Accounts.Put(accounts...)
}

// readByOwners has services that are read where they are shared be read by their
// owners, since nobody reads the shares.
func readByOwners(e *estate.Estate, access map[estate.AccountID]awsapi.Access) map[estate.AccountID]awsapi.Access {
	out := maps.Clone(access)
	for id, a := range out {
		if a.LatticeBy == "" {
			continue
		}
		a.LatticeBy = ""
		if a.Role == "" {
			a.Role = "shares"
			grant(e, awsapi.RoleARN(commercial, id, a.Role))
		}
		out[id] = a
	}
	return out
}

// grantUnread gives each account whose role was not read one that may do
// everything.
func grantUnread(cfg *config.Config, e *estate.Estate, access map[estate.AccountID]awsapi.Access) {
	accounts := map[estate.AccountID]config.Account{}
	for q := range e.Answers.All() {
		if id := q.Query.Account; id != "" {
			accounts[id] = cfg.AccountByID(id)
		}
	}
	for id, a := range accounts {
		if _, known := e.Accounts.Get(string(id)); !known {
			e.Accounts.Put(estate.Account{ID: id, Name: a.Name, Status: estate.AccountActive})
		}
		if a.Role == "" || e.Answered(estate.Query{Kind: estate.QueryRole, Account: id, ID: a.Role}) {
			continue
		}
		reached, listed := access[id]
		if !listed {
			reached = access[Unlisted]
		}
		for _, role := range append(reached.Others(), reached.Role) {
			grant(e, awsapi.RoleARN(commercial, id, role))
		}
	}
}

// grant makes a role that may do everything, unless it was read.
func grant(e *estate.Estate, arn string) {
	account, path, ok := strings.Cut(strings.TrimPrefix(arn, "arn:aws:iam::"), ":role/")
	if _, known := e.Roles.Get(arn); known || !ok {
		return
	}
	i := strings.LastIndexByte(path, '/') + 1
	e.Roles.Put(estate.Role{
		ARN: arn, ID: "AROAREHEARSAL", Account: estate.AccountID(account), Path: "/" + path[:i], Name: path[i:],
		Trust:      fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}]}`, e.Caller.Account),
		Attached:   []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
		MaxSession: 3600,
	})
}

// Prober answers from a twin's own state, without a socket.
type Prober struct{ World *world.World }

func (p Prober) Probe(_ context.Context, from resolve.Vantage, name dnsname.Name, rrtype string) (resolve.Answer, error) {
	return resolve.New(p.World.Estate(), resolve.DefaultPolicy).Resolve(from, name, rrtype), nil
}
