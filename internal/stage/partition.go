package stage

import (
	"context"
	"encoding/json"
	"fmt"
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

// movedEstate is an estate with all its ARNs moved, wherever it has some.
func movedEstate(partition string, e estate.Estate) (estate.Estate, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return estate.Estate{}, err
	}
	var out estate.Estate
	if err := json.Unmarshal([]byte(moved(partition, string(raw))), &out); err != nil {
		return estate.Estate{}, fmt.Errorf("an estate of the partition %s: %w", partition, err)
	}
	for s := range e.Shares.All() {
		to, _ := out.Shares.Get(moved(partition, s.ARN))
		var members []string
		for _, m := range slices.Concat(s.Resources, s.Principals) {
			members = append(members, m.ID)
		}
		to.Tags = movedLedger(partition, s.Tags, members)
		out.Shares.Put(to)
	}
	for s := range e.EndpointServices.All() {
		to, _ := out.EndpointServices.Get(s.ID)
		to.Tags = movedLedger(partition, s.Tags, s.Principals)
		out.EndpointServices.Put(to)
	}
	return out, nil
}

// movedLedger are tags with the ledger of members moved, which has hashes of
// their ARNs.
func movedLedger(partition string, tags estate.Tags, members []string) estate.Tags {
	var ours []string
	for _, m := range members {
		if plan.InLedger(tags, plan.TagMembers, m) {
			ours = append(ours, moved(partition, m))
		}
	}
	if len(ours) == 0 {
		return tags
	}
	return tags.With(plan.MemberTags(plan.TagMembers, ours))
}

func each(list []string, do func(string) string) []string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = do(list[i])
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
