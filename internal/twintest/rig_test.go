package twintest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// rig is a configuration and the organization that it starts from.
type rig struct {
	cfg   *config.Config
	start estate.Estate
}

// acme is the rig of examples/acme.
func acme(t testing.TB) rig {
	t.Helper()
	return rig{loadConfig(t, examples.FS, "acme"), loadEstate(t, "acme/estate.json")}
}

// private is the rig of examples/privatezone.
func private(t testing.TB) rig {
	t.Helper()
	return rig{loadConfig(t, examples.FS, "privatezone"), loadEstate(t, "privatezone/estate.json")}
}

func loadConfig(t testing.TB, fsys fs.FS, paths ...string) *config.Config {
	t.Helper()
	cfg, problems := config.Load(fsys, paths...)
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	return cfg
}

func loadEstate(t testing.TB, path string) estate.Estate {
	t.Helper()
	raw, err := examples.FS.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var e estate.Estate
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// world makes the organization, with AWS's limits, on a clock of its own.
func (r rig) world() *world.World {
	w := world.New(clock.NewVirtual(start), r.start)
	w.Limits = true
	return w
}

// process is one run of the program against a world: its sessions and caches
// end with it.
type process struct {
	*reconcile.Pass
	world *world.World
}

// process starts one. Its calls may be disturbed by jitter.
func (r rig) process(w *world.World, jitter *rand.Rand) process {
	access, err := stage.Accesses(r.cfg, os.LookupEnv)
	if err != nil {
		panic(err)
	}
	base := credentials.NewStaticCredentialsProvider(string(management), world.AdministratorSecret, "")
	ports := stage.Ports(r.cfg.Owner, w.Clock, base, &http.Client{Transport: twin.New(w)}, "", ireland, access, stage.Package(stage.StandIn), stage.Keeping)
	ports.Prober = stage.Prober{World: w}
	if jitter != nil {
		writer := ports.Writer
		ports.Writer = func(p map[estate.AccountID][]plan.Permission) apply.Port {
			return shaken{writer(p), w.Clock, jitter}
		}
	}
	return process{&reconcile.Pass{
		Config: r.cfg, Ports: ports, Codes: map[string]recipe.Code{"": {Hash: "0123456789abcdef", Architecture: "arm64"}}, Secrets: stage.Secrets(r.cfg, os.LookupEnv),
		Stage: func(_ context.Context, e estate.Estate) (*reconcile.Stage, error) {
			return stage.New(r.cfg, e, w.Now(), access)
		},
	}, w}
}

// shaken is a write port whose calls come in another order: each waits a while
// first.
type shaken struct {
	apply.Port
	clock clock.Clock
	rand  *rand.Rand
}

func (s shaken) Do(ctx context.Context, step plan.Step) (plan.Attributes, error) {
	h := rand.New(rand.NewPCG(s.rand.Uint64(), uint64(len(step.Address))))
	if err := s.clock.Sleep(ctx, time.Duration(h.IntN(90_000))*time.Millisecond); err != nil {
		return nil, err
	}
	return s.Port.Do(ctx, step)
}

// run plans and applies once, waiting for deadlines.
func (p process) run(ctx context.Context, o reconcile.Options) error {
	planned, err := p.plan(ctx, o)
	if err != nil {
		return err
	}
	return p.apply(ctx, planned)
}

func (p process) plan(ctx context.Context, o reconcile.Options) (*reconcile.Planned, error) {
	planned, err := p.Plan(ctx, o)
	if err != nil {
		return nil, err
	}
	return planned, planned.Diagnostics.Err()
}

func (p process) apply(ctx context.Context, planned *reconcile.Planned) error {
	res, err := p.Apply(ctx, planned.Plan, reconcile.ApplyOptions{Wait: true})
	if err != nil {
		return err
	}
	if err := res.Diagnostics.Err(); err != nil {
		return err
	}
	if !res.Complete() {
		return fmt.Errorf("not complete: %v", res.States)
	}
	return nil
}

// converge runs until nothing is left to do: what waits for the deadline of an
// earlier run needs a run more. The last plan is empty.
func (r rig) converge(ctx context.Context, w *world.World, o reconcile.Options) error {
	return converge(ctx, func() process { return r.process(w, nil) }, o)
}

// converge runs a program that is started anew each time.
func converge(ctx context.Context, start func() process, o reconcile.Options) error {
	for range 4 {
		p := start()
		planned, err := p.plan(ctx, o)
		if err != nil {
			return err
		}
		if planned.Empty() {
			return nil
		}
		if err := p.apply(ctx, planned); err != nil {
			return err
		}
	}
	return errors.New("no rest after four runs")
}

// rested is the form of a world once AWS has brought to its end what was on its
// way when the run ended, such as an endpoint that goes.
func rested(t testing.TB, w *world.World) string {
	t.Helper()
	return form(t, w.Fork(clock.NewVirtual(w.Now().Add(time.Hour))).Estate())
}

// form is an estate as text, without times: what two runs must agree on.
func form(t testing.TB, e estate.Estate) string {
	t.Helper()
	var certificates []estate.Certificate
	for c := range e.Certificates.All() {
		c.Created, c.Issued = time.Time{}, time.Time{}
		certificates = append(certificates, c)
	}
	e.Certificates.Put(certificates...)
	var endpoints []estate.Endpoint
	for p := range e.Endpoints.All() {
		if p.State == estate.EndpointDeleting { // as good as absent
			e.Endpoints.Delete(p.ID)
			continue
		}
		p.Created = time.Time{}
		endpoints = append(endpoints, p)
	}
	e.Endpoints.Put(endpoints...)
	var shares []estate.Share
	for s := range e.Shares.All() {
		s.Created = time.Time{}
		s.Resources, s.Principals = timeless(s.Resources), timeless(s.Principals)
		shares = append(shares, s)
	}
	e.Shares.Put(shares...)
	for t := range e.RouteTables.All() { // one that nobody touched need not be listed: it comes with its VPC
		if t.Main && len(t.Tags) == 0 && !slices.ContainsFunc(t.Routes, func(r estate.Route) bool { return r.Target != "local" }) {
			e.RouteTables.Delete(t.ID)
		}
	}
	var invitations []estate.Invitation
	for i := range e.Invitations.All() {
		i.Made = time.Time{}
		invitations = append(invitations, i)
	}
	e.Invitations.Put(invitations...)
	var roles []estate.Role
	for r := range e.Roles.All() {
		r.Created = time.Time{}
		roles = append(roles, r)
	}
	e.Roles.Put(roles...)
	var zones []estate.Zone
	for z := range e.Zones.All() {
		tags := estate.Tags{}
		for k, v := range z.Tags {
			if k == plan.TagDeleteAfter || k == plan.TagStableSince {
				v = "a time"
			}
			tags[k] = v
		}
		z.Tags = tags
		if i := strings.LastIndexByte(z.CallerReference, '/'); strings.HasPrefix(z.CallerReference, "orgdns/") {
			z.CallerReference = z.CallerReference[:i]
		}
		zones = append(zones, z)
	}
	e.Zones.Put(zones...)
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var sorted any
	if err := json.Unmarshal(raw, &sorted); err != nil {
		t.Fatal(err)
	}
	unordered(sorted)
	if raw, err = json.MarshalIndent(sorted, "", " "); err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// unordered sorts all lists: the order in which steps were done side by side is
// no difference.
func unordered(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			unordered(x)
		}
	case []any:
		text := map[string]any{}
		for i, x := range v {
			unordered(x)
			raw, _ := json.Marshal(x)
			text[fmt.Sprintf("%s %d", raw, i)] = x
		}
		for i, k := range slices.Sorted(maps.Keys(text)) {
			v[i] = text[k]
		}
	}
}

// timeless are members without the times of their statuses.
func timeless(list []estate.ShareMember) []estate.ShareMember {
	list = slices.Clone(list)
	for i := range list {
		list[i].Since = time.Time{}
	}
	return list
}

// differs shows the first lines in which two forms differ.
func differs(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for i := range max(len(x), len(y)) {
		var l, r string
		if i < len(x) {
			l = x[i]
		}
		if i < len(y) {
			r = y[i]
		}
		if l != r {
			out = append(out, fmt.Sprintf("line %d:\n  %s\n  %s", i+1, l, r))
		}
	}
	return strings.Join(out[:min(len(out), 6)], "\n")
}

// callCounts are the calls of a world, as lines of a golden file; accounts are
// named by who. Those that were refused for their rate are left out: which of
// several at one moment finds a bucket empty is chance.
func callCounts(w *world.World, who func(estate.AccountID) string) string {
	counts := map[string]int{}
	for _, c := range w.Calls() {
		counts[fmt.Sprintf("%-10s %-14s %s", who(c.Account), c.Service, c.Operation)] += c.Count - c.Throttled
	}
	var lines []string
	for k, n := range counts {
		lines = append(lines, fmt.Sprintf("%s %d", k, n))
	}
	slices.SortFunc(lines, cmp.Compare[string])
	return strings.Join(lines, "\n") + "\n"
}

// golden compares with a file of testdata; UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (UPDATE_GOLDEN=1 writes it anew): %s\ngot:\n%s", path, differs(string(want), got), got)
	}
}
