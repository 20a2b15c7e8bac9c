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
	return e
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
	s.ID = moved(p.partition, s.ID)
	return p.Port.Do(ctx, s)
}

func (p movedPort) Settled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	s.ID = moved(p.partition, s.ID)
	return p.Port.Settled(ctx, s, done)
}
