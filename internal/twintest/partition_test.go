package twintest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

// seen answers every query with all that an estate holds.
type seen struct{ estate.Estate }

func (s seen) Read(_ context.Context, _ estate.Query) (func(*estate.Estate), error) {
	return func(e *estate.Estate) {
		answers := e.Answers
		*e = s.Estate
		e.Answers.Put(slices.Collect(answers.All())...)
	}, nil
}

// TestSharesInPartitions: in each partition (IAM User Guide, reference-arns.html)
// the examples of shared endpoints are rehearsed to their rest, with the ARNs of that partition alone; what then
// stands there is as wanted, and goes again.
func TestSharesInPartitions(t *testing.T) {
	t.Parallel()
	for _, via := range []string{config.ViaProfile, config.ViaResolver} {
		for partition, regions := range map[string][2]string{
			"aws": {"eu-west-1", "eu-central-1"}, "aws-cn": {"cn-north-1", "cn-northwest-1"}, "aws-us-gov": {"us-gov-west-1", "us-gov-east-1"},
		} {
			t.Run(via+" "+partition, func(t *testing.T) {
				there := strings.NewReplacer("eu-west-1", regions[0], "eu-central-1", regions[1], "arn:aws:", "arn:"+partition+":")
				moved := func(e estate.Estate) (out estate.Estate) {
					raw, err := json.Marshal(e)
					if err == nil {
						err = json.Unmarshal([]byte(there.Replace(string(raw))), &out)
					}
					if err != nil {
						t.Fatal(err)
					}
					return out
				}
				r := shareRig(t, via)
				raw, err := examples.FS.ReadFile("endpointshare-" + via + "/orgdns.yaml")
				if err != nil {
					t.Fatal(err)
				}
				cfg := loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(there.Replace(string(raw)))}}, "orgdns.yaml")
				observed, err := r.process(r.world(), nil).Plan(t.Context(), reconcile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				e := moved(observed.Before)
				made := rehearsed(t, cfg, e, reconcile.Options{})
				if len(made.Changes) < 50 {
					t.Errorf("only %d changes", len(made.Changes))
				}
				if raw, err = json.Marshal(made.Plan); err != nil {
					t.Fatal(err)
				}
				if partition != "aws" && strings.Contains(string(raw), "arn:aws:") {
					t.Error("the plan has an ARN of another partition")
				}

				// what the rehearsal left, as it would stand there
				stands := moved(made.After)
				stands.Caller = e.Caller
				for _, c := range rehearsed(t, cfg, stands, reconcile.Options{AcceptLimits: true}).Changes {
					if !hashed(c.Address) {
						t.Errorf("left to do: %s %s", c.Action, c.Address)
					}
				}
				if gone := rehearsed(t, cfg, stands, reconcile.Options{Destroy: true, AcceptLimits: true}); len(gone.Changes) < 50 {
					t.Errorf("only %d things go", len(gone.Changes))
				}
			})
		}
	}
}

// hashed tells of what has a ledger with hashes of ARNs, which a test cannot
// move to another partition.
func hashed(address string) bool {
	return strings.HasSuffix(address, "share") || slices.Contains(strings.Split(address, "/"), "services")
}

// rehearsed is a plan for an organization of which all was read.
func rehearsed(t *testing.T, cfg *config.Config, e estate.Estate, o reconcile.Options) *reconcile.Planned {
	t.Helper()
	access, err := stage.Accesses(cfg, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	p := &reconcile.Pass{Config: cfg, Ports: reconcile.Ports{Reader: seen{e}, Clock: clock.NewVirtual(start), Code: func(error) string { return "" }},
		Stage: func(_ context.Context, e estate.Estate) (*reconcile.Stage, error) {
			return stage.New(cfg, e, start, access)
		}}
	planned, err := p.Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return planned
}
