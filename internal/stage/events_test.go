package stage_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

// whole answers every query with all that an estate holds.
type whole struct{ estate.Estate }

func (w whole) Read(_ context.Context, _ estate.Query) (func(*estate.Estate), error) {
	return func(e *estate.Estate) {
		answers := e.Answers
		*e = w.Estate
		e.Answers = answers
	}, nil
}

// TestEventsInPartitions: in each partition what tells of VPC Lattice services is
// rehearsed to its rest; what then stands is as wanted there, and goes again.
func TestEventsInPartitions(t *testing.T) {
	for partition, region := range map[string]string{"aws": "eu-west-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"} {
		t.Run(partition, func(t *testing.T) {
			cfg := load(t, `owner: acme
defaults: { role: orgdns, region: `+region+` }
accounts:
  hub:  { id: "111111111111" }
  shop: { id: "333333333333" }
latticeDomains:
  - { zone: corp.example, account: hub, grants: [{ account: shop, names: "*.corp.example" }] }
latticeEvents: { account: hub, guidance: true }
`)
			access, err := stage.Accesses(cfg, func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatal(err)
			}
			var e estate.Estate
			e.Caller = estate.Caller{Account: "000000000001", ARN: "arn:" + partition + ":iam::000000000001:user/somebody"}
			e.Organization = estate.Organization{ID: "o-acmeexample", ARN: "arn:" + partition + ":organizations::000000000001:organization/o-acmeexample", Management: "000000000001"}
			for _, id := range []estate.AccountID{"000000000001", "111111111111", "333333333333"} {
				e.Accounts.Put(estate.Account{ID: id, Status: estate.AccountActive})
				e.Roles.Put(estate.Role{ARN: "arn:" + partition + ":iam::" + string(id) + ":role/orgdns", ID: "AROA" + string(id), Account: id, Path: "/", Name: "orgdns", MaxSession: 3600,
					Trust:  `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + e.Caller.ARN + `"},"Action":"sts:AssumeRole"}}`,
					Inline: map[string]string{"all": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`}})
			}
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			own, source := reconcile.Events(cfg)
			planned := func(e estate.Estate, o reconcile.Options) *reconcile.Planned {
				t.Helper()
				p := &reconcile.Pass{Config: own, Source: source, Ports: reconcile.Ports{Reader: whole{e}, Clock: clock.NewVirtual(now), Code: func(error) string { return "" }},
					Stage: func(_ context.Context, e estate.Estate) (*reconcile.Stage, error) {
						return stage.New(own, e, now, access)
					}}
				out, err := p.Plan(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				if err := out.Diagnostics.Err(); err != nil {
					t.Fatal(err)
				}
				return out
			}
			made := planned(e, reconcile.Options{})
			if made.Empty() {
				t.Fatal("nothing to do")
			}
			raw, err := json.Marshal(made.Plan)
			if err != nil {
				t.Fatal(err)
			}
			if partition != "aws" && strings.Contains(string(raw), "arn:aws:") {
				t.Errorf("the plan has an ARN of another partition: %s", raw)
			}

			// what the rehearsal left, as it would stand there
			after := made.After
			after.Answers = estate.Estate{}.Answers
			if raw, err = json.Marshal(after); err != nil {
				t.Fatal(err)
			}
			var stands estate.Estate
			if err := json.Unmarshal([]byte(strings.ReplaceAll(string(raw), "arn:aws:", "arn:"+partition+":")), &stands); err != nil {
				t.Fatal(err)
			}
			stands.Caller = e.Caller
			var left []string
			for _, c := range planned(stands, reconcile.Options{}).Changes {
				if c.Account != "" && !strings.HasSuffix(c.Address, "share") { // whose ledger has hashes of ARNs
					left = append(left, c.Address)
				}
			}
			if len(left) > 0 {
				t.Errorf("left to do: %s", left)
			}
			if gone := planned(stands, reconcile.Options{Destroy: true}); len(gone.Changes) < 8 {
				t.Errorf("only %d things go", len(gone.Changes))
			}
		})
	}
}
