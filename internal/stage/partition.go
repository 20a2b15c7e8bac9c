package stage

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// The twin is an AWS of the partition aws. An organization of another one
// (aws-cn, aws-us-gov: IAM User Guide, reference-arns.html) is rehearsed as if it
// stood there: its ARNs are those of the partition aws meanwhile.

const commercial = "aws"

// moved is text with the ARNs of a partition as those of the partition aws.
func moved(partition, text string) string {
	return strings.ReplaceAll(text, "arn:"+partition+":", "arn:"+commercial+":")
}

// movedEstate is an estate with all its ARNs moved.
func movedEstate(partition string, e estate.Estate) estate.Estate {
	m := func(s string) string { return moved(partition, s) }
	e.Caller.ARN = m(e.Caller.ARN)
	for _, r := range slices.Collect(e.Roles.All()) {
		e.Roles.Delete(r.Key())
		r.ARN, r.Trust, r.Boundary = m(r.ARN), m(r.Trust), m(r.Boundary)
		r.Attached = slices.Clone(r.Attached)
		for i, a := range r.Attached {
			r.Attached[i] = m(a)
		}
		r.Inline = maps.Clone(r.Inline)
		for name, document := range r.Inline {
			r.Inline[name] = m(document)
		}
		e.Roles.Put(r)
	}
	for _, p := range slices.Collect(e.ManagedPolicies.All()) {
		e.ManagedPolicies.Delete(p.Key())
		p.ARN = m(p.ARN)
		p.Versions = slices.Clone(p.Versions)
		for i := range p.Versions {
			p.Versions[i].Document = m(p.Versions[i].Document)
		}
		e.ManagedPolicies.Put(p)
	}
	for _, f := range slices.Collect(e.Functions.All()) {
		e.Functions.Delete(f.Key())
		f.ARN, f.Role = m(f.ARN), m(f.Role)
		e.Functions.Put(f)
	}
	for _, c := range slices.Collect(e.Certificates.All()) {
		e.Certificates.Delete(c.Key())
		c.ARN = m(c.ARN)
		e.Certificates.Put(c)
	}
	movedEvents(&e, m)
	return e
}

// movedEvents moves what brings events.
func movedEvents(e *estate.Estate, m func(string) string) {
	e.Organization.ARN = m(e.Organization.ARN)
	for _, b := range slices.Collect(e.EventBuses.All()) {
		e.EventBuses.Delete(b.Key())
		b.ARN, b.Policy = m(b.ARN), m(b.Policy)
		e.EventBuses.Put(b)
	}
	for _, r := range slices.Collect(e.EventRules.All()) {
		e.EventRules.Delete(r.Key())
		r.ARN, r.Bus = m(r.ARN), m(r.Bus)
		r.Targets = slices.Clone(r.Targets)
		for i, t := range r.Targets {
			t.ARN, t.Role, t.DeadLetters = m(t.ARN), m(t.Role), m(t.DeadLetters)
			r.Targets[i] = t
		}
		e.EventRules.Put(r)
	}
	for _, q := range slices.Collect(e.Queues.All()) {
		e.Queues.Delete(q.Key())
		q.ARN, q.Policy, q.DeadLetters = m(q.ARN), m(q.Policy), m(q.DeadLetters)
		q.Redrive.Sources = each(q.Redrive.Sources, m)
		e.Queues.Put(q)
	}
	for _, p := range slices.Collect(e.Parameters.All()) {
		e.Parameters.Delete(p.Key())
		p.ARN, p.Value = m(p.ARN), m(p.Value)
		e.Parameters.Put(p)
	}
	for _, s := range slices.Collect(e.Shares.All()) {
		e.Shares.Delete(s.Key())
		var ours []string // the ledger has hashes of members
		for _, member := range slices.Concat(s.Resources, s.Principals) {
			if plan.InLedger(s.Tags, plan.TagMembers, member.ID) {
				ours = append(ours, m(member.ID))
			}
		}
		s.ARN, s.Tags = m(s.ARN), s.Tags.With(plan.MemberTags(plan.TagMembers, ours))
		s.Resources, s.Principals = movedMembers(s.Resources, m), movedMembers(s.Principals, m)
		e.Shares.Put(s)
	}
}

func each(list []string, do func(string) string) []string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = do(list[i])
	}
	return list
}

func movedMembers(list []estate.ShareMember, m func(string) string) []estate.ShareMember {
	list = slices.Clone(list)
	for i := range list {
		list[i].ID = m(list[i].ID)
	}
	return list
}

func movedAccess(partition string, access map[estate.AccountID]awsapi.Access) map[estate.AccountID]awsapi.Access {
	out := map[estate.AccountID]awsapi.Access{}
	for id, a := range access {
		a.Role, a.Roles = moved(partition, a.Role), maps.Clone(a.Roles)
		for at, role := range a.Roles {
			a.Roles[at] = moved(partition, role)
		}
		out[id] = a
	}
	return out
}

// movedPort carries out the steps of a plan, whose IDs were not moved.
type movedPort struct {
	apply.Port
	partition string
}

func (p movedPort) Do(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	return p.Port.Do(ctx, p.step(s))
}

// step is a step with its ID and the fields of its object moved.
func (p movedPort) step(s plan.Step) plan.Step {
	m := func(v string) string { return moved(p.partition, v) }
	s.ID = m(s.ID)
	if s.Object != nil {
		o := plan.ObjectStep{Fields: map[string][]string{}, Before: map[string][]string{}}
		for f, v := range s.Object.Fields {
			o.Fields[f] = each(v, m)
		}
		for f, v := range s.Object.Before {
			o.Before[f] = each(v, m)
		}
		s.Object = &o
	}
	return s
}

func (p movedPort) Settled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	return p.Port.Settled(ctx, p.step(s), done)
}
