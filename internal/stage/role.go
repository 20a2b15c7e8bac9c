package stage

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/openshift"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// RoleTrial tries OpenShift's role as an installer or an operator would: without
// an external ID.
type RoleTrial struct {
	Estate    estate.Estate // with the role and the zone, as far as they were read
	Role      openshift.Role
	Zone      string       // ID
	Domain    dnsname.Name // of the cluster
	Principal string       // ARN of who tries
	Now       time.Time
	// Live are ports that reach the role's account through the role, by the
	// principal's own credentials. Without them the role is tried on a twin
	// alone, which knows its trust policy and not what the principal may do.
	Live *reconcile.Ports
}

// Try tries to assume the role, then each of openshift.Actions: live what only
// reads, and on a twin of what was read what writes. STS answers alike to most
// refusals; where the role was read the twin tells them apart.
func (t RoleTrial) Try(ctx context.Context) (openshift.Access, error) {
	out := openshift.Access{Principal: t.Principal, Actions: map[string]openshift.Trial{}}
	named, known := estate.First(t.Estate.Roles.By(estate.ByRole(t.Role.Account, t.Role.Name)))
	known = known && named.ARN == t.Role.ARN
	read := t.Estate.Answered(estate.Query{Kind: estate.QueryRole, Account: t.Role.Account, ID: t.Role.Name})
	if read && !known {
		out.Assumed = openshift.NoRole
		return out, nil
	}
	onTwin := openshift.Access{Actions: map[string]openshift.Trial{}}
	if known {
		ports, err := t.twin("")
		if err != nil {
			return out, err
		}
		if onTwin, err = t.attempt(ctx, ports, true); err != nil {
			return out, err
		}
		if onTwin.Assumed != openshift.Granted {
			onTwin.Assumed = openshift.Distrusted
			for _, id := range externalIDs(named.Trust) {
				with, err := t.twin(id)
				if err != nil {
					return out, err
				}
				if a, err := t.attempt(ctx, with, false); err == nil && a.Assumed == openshift.Granted {
					onTwin.Assumed = openshift.ExternalID
				}
			}
		}
	}
	if t.Live == nil {
		if onTwin.Principal = t.Principal; onTwin.Assumed == openshift.Granted {
			onTwin.Detail = "as its trust policy says; what the principal itself may do was not read"
		}
		return onTwin, nil
	}
	live, err := t.attempt(ctx, *t.Live, false)
	if err != nil {
		return out, err
	}
	out.Assumed, out.Detail = live.Assumed, live.Detail
	switch {
	case live.Assumed == openshift.Granted:
		for _, action := range openshift.Actions {
			out.Actions[action] = live.Actions[action]
			if live.Actions[action] == openshift.Untried {
				out.Actions[action] = onTwin.Actions[action]
			}
		}
	case live.Assumed != openshift.Refused || !known:
	case onTwin.Assumed == openshift.Granted: // by the trust policy it may
		out.Assumed = openshift.Forbidden
	default:
		out.Assumed = onTwin.Assumed
	}
	return out, nil
}

// attempt tries the role through ports; writes tells whether to try what writes,
// too.
func (t RoleTrial) attempt(ctx context.Context, p reconcile.Ports, writes bool) (openshift.Access, error) {
	out := openshift.Access{Assumed: openshift.Granted, Actions: map[string]openshift.Trial{}}
	defer p.Clock.Enter()()
	account, w := t.Role.Account, p.Writer(nil)
	try := func(action string, call func() error) {
		if out.Assumed != openshift.Granted || out.Actions[action] == openshift.Forbidden {
			return
		}
		err := call()
		var role *awsapi.RoleError
		switch {
		case errors.As(err, &role):
			out.Assumed, out.Detail = openshift.Refused, role.Message
			if role.Code == "" || !awsapi.Denied(role.Err) {
				out.Assumed = openshift.Unreadable
			}
			out.Actions = map[string]openshift.Trial{}
		case awsapi.Denied(err):
			out.Actions[action] = openshift.Forbidden
		case err != nil && awsapi.Code(err) == "":
			out.Actions[action] = openshift.Unreadable
		default: // done, or refused for what was asked: who asked may
			out.Actions[action] = openshift.Granted
		}
	}
	reads := func(kind estate.QueryKind) func() error {
		return func() error {
			_, err := p.Reader.Read(ctx, estate.Query{Kind: kind, Account: account, ID: t.Zone})
			return err
		}
	}
	try("route53:GetHostedZone", reads(estate.QueryZone))
	try("route53:ListResourceRecordSets", reads(estate.QueryRecords))
	try("route53:GetChange", func() error {
		_, err := w.Settled(ctx, plan.Step{Kind: plan.KindZone, Account: account}, plan.Attributes{"change": {"C00000000000000000000"}})
		return err
	})
	if !writes {
		return out, ctx.Err()
	}
	for _, label := range []string{"api", "api-int", "*.apps"} {
		name, err := t.Domain.Child(label)
		if err != nil {
			return out, err
		}
		set := estate.RecordSet{Zone: t.Zone, Name: name, Type: "A", TTL: 60, Values: []string{"192.0.2.1"}}
		batch := plan.Batch{Zone: t.Zone, Changes: []plan.RecordChange{{Verb: plan.VerbUpsert, Set: set}}}
		try("route53:ChangeResourceRecordSets", func() error {
			_, err := w.Do(ctx, plan.Step{Kind: plan.KindRecord, Action: plan.Update, Account: account, Batch: &batch})
			return err
		})
	}
	try("route53:ChangeTagsForResource", func() error {
		tags := plan.Tags{Zone: t.Zone, Set: map[string]string{"kubernetes.io/cluster/trial": "shared"}}
		_, err := w.Do(ctx, plan.Step{Kind: plan.KindZoneTags, Action: plan.Update, Account: account, Tags: &tags})
		return err
	})
	return out, ctx.Err()
}

// twin is a twin of what was read, reached by the principal through the role.
// What the principal may do was not read: there it may do everything.
func (t RoleTrial) twin(externalID string) (reconcile.Ports, error) {
	e, role, principal := t.Estate, t.Role.ARN, t.Principal
	if p := t.Role.Partition; p != commercial {
		var err error
		if e, err = movedEstate(p, e); err != nil {
			return reconcile.Ports{}, err
		}
		role, principal = moved(p, role), moved(p, principal)
	}
	caller := world.Caller{Account: accountOf(principal), ARN: principal, ID: "AIDATRIAL", Administrator: true}
	if _, name, ok := strings.Cut(principal, ":role/"); ok {
		caller.Role = principal
		caller.ARN = "arn:" + commercial + ":sts::" + string(caller.Account) + ":assumed-role/" + name[strings.LastIndexByte(name, '/')+1:] + "/trial"
	}
	for _, id := range []estate.AccountID{t.Role.Account, caller.Account} {
		if _, ok := e.Accounts.Get(string(id)); !ok {
			e.Accounts.Put(estate.Account{ID: id, Status: estate.AccountActive})
		}
	}
	c := clock.NewVirtual(t.Now)
	w := world.New(c, e)
	var key world.Credential
	err := w.Update(func(s *world.State) error {
		key = s.NewSession(caller, t.Now, t.Now.AddDate(1, 0, 0))
		return nil
	})
	if err != nil {
		return reconcile.Ports{}, err
	}
	access := map[estate.AccountID]awsapi.Access{t.Role.Account: {Role: role, ExternalID: externalID}}
	base := credentials.NewStaticCredentialsProvider(key.AccessKey, key.Secret, key.Token)
	return Ports("trial", c, base, &http.Client{Transport: twin.New(w)}, "", defaultRegion, access), nil
}

// accountOf is the account in an ARN.
func accountOf(arn string) estate.AccountID {
	if f := strings.SplitN(arn, ":", 6); len(f) == 6 {
		return estate.AccountID(f[4])
	}
	return ""
}

// externalIDs are the external IDs that a trust policy asks for.
func externalIDs(document string) []string {
	var out []string
	var walk func(v any, at string)
	walk = func(v any, at string) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(x, k)
			}
		case []any:
			for _, x := range v {
				walk(x, at)
			}
		case string:
			if strings.EqualFold(at, "sts:ExternalId") {
				out = append(out, v)
			}
		}
	}
	var v any
	if json.Unmarshal([]byte(document), &v) != nil {
		return nil
	}
	walk(v, "")
	slices.Sort(out)
	return out
}
