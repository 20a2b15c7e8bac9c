package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/history"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
	"github.com/orgdns/orgdns/internal/store"
)

const smallest = "owner: acme\ndefaults: { role: orgdns, region: eu-west-1 }\naccounts:\n  dns: { id: \"111111111111\" }\n"

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSource: a configuration is another one when what is read is: a file's
// content, a file more; not when it is written again, and not while it changes.
func TestSource(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	s := &source{paths: []string{dir}}
	load := func(wantChanged bool, wantOwner string) {
		t.Helper()
		cfg, problems, changed, err := s.load(t.Context())
		if err != nil || changed != wantChanged {
			t.Fatalf("changed: %v, %v; want %v", changed, err, wantChanged)
		}
		if wantOwner == "" != problems.HasErrors() || wantOwner != "" && cfg.Owner != wantOwner {
			t.Errorf("%+v: %v", cfg, problems)
		}
	}
	write(t, file, smallest)
	load(true, "acme")
	write(t, file, smallest)
	still(t, s)
	changed := func(owner string) {
		t.Helper()
		still(t, s)
		load(true, owner)
		still(t, s)
	}
	write(t, file, strings.Replace(smallest, "acme", "other", 1))
	changed("other")
	write(t, filepath.Join(dir, "b.yaml"), "owners: x\n")
	changed("")
	write(t, file, "")
	still(t, s)
	write(t, file, smallest[:len(smallest)/2])
	still(t, s)
	write(t, file, strings.Replace(smallest, "acme", "third", 1))
	write(t, filepath.Join(dir, "b.yaml"), "limits: { deletes: 10% }\n")
	changed("third")
	s.forget()
	load(true, "third")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	changed("")
}

// still fails where a look tells of a change.
func still(t *testing.T, s *source) {
	t.Helper()
	if _, _, changed, err := s.load(t.Context()); changed || err != nil {
		t.Fatalf("changed: %v, %v", changed, err)
	}
}

// deleting is a queue that deletes, or does not.
type deleting struct {
	event.Queue
	gone int
	err  error
}

func (q *deleting) Delete(_ context.Context, list []event.Message) error {
	q.gone += len(list)
	return q.err
}

// TestLambdaQueue: what is decided is deleted before the invocation ends, and comes
// again where it could not be.
func TestLambdaQueue(t *testing.T) {
	inner := &deleting{}
	q := &lambdaQueue{Queue: inner, done: map[string]bool{}}
	if err := q.Delete(t.Context(), []event.Message{{Receipt: "a"}, {Receipt: "b"}}); err != nil || inner.gone != 2 || !q.done["a"] || !q.done["b"] {
		t.Errorf("%v, %d deleted, done %v", err, inner.gone, q.done)
	}
	inner.err = errors.New("no")
	if err := q.Delete(t.Context(), []event.Message{{Receipt: "c"}}); err == nil || q.done["c"] {
		t.Errorf("not deleted, and done: %v", err)
	}
}

// TestSourceGit: it is the commit that counts, not what lies in the work tree.
func TestSourceGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", args[0], err, out)
		}
	}
	s := &source{git: dir, paths: []string{"dns"}}
	if _, _, _, err := s.load(t.Context()); err == nil {
		t.Error("a folder that is no checkout is taken")
	}
	if err := os.Mkdir(filepath.Join(dir, "dns"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "dns", "a.yaml"), smallest)
	run("init", "-q")
	run("add", ".")
	run("commit", "-q", "-m", "a")
	write(t, filepath.Join(dir, "dns", "a.yaml"), "not: committed\n")
	cfg, problems, changed, err := s.load(t.Context())
	if err != nil || problems.HasErrors() || !changed || cfg.Owner != "acme" || len(s.at) != 40 {
		t.Fatalf("%+v %v %v %v at %s", cfg, problems, changed, err, s.at)
	}
	if _, _, changed, err := s.load(t.Context()); changed || err != nil {
		t.Errorf("the same commit: %v %v", changed, err)
	}
	run("commit", "-q", "-a", "-m", "b")
	_, problems, changed, err = s.load(t.Context())
	if err != nil || !changed || !problems.HasErrors() || problems[0].Pos.File != "dns/a.yaml" {
		t.Errorf("the next commit: %v %v %v", changed, err, problems)
	}
}

// decisions are some of each kind.
func decisions(at time.Time, j *journal) {
	hint := event.Hint{Event: "e1", Form: event.FormTag, Account: "444444444444", Region: "eu-west-1", Service: "arn:aws:vpc-lattice:eu-west-1:444444444444:service/svc-1", Time: at.Add(-2 * time.Second)}
	j.Record(event.Entry{At: at, Taken: at.Add(-time.Second), Outcome: event.Applied, Queue: "q", Message: "m1", Hint: hint, Name: dnsname.MustParse("a.corp.internal"), Changes: []string{"create x", "create y"}, Lag: 2 * time.Second})
	j.Record(event.Entry{At: at, Taken: at, Outcome: event.Refused, Queue: "q", Message: "m2", Reason: event.Malformed, Detail: "it is no event"})
	j.called("222222222222", "route53", "ChangeResourceRecordSets", false)
	j.called("222222222222", "route53", "ChangeResourceRecordSets", true)
	record := &plan.Item{Record: &plan.Record{Zone: plan.Lit("Z1"), ZoneName: dnsname.MustParse("corp.internal"), Name: plan.Lit("a.corp.internal"), Type: "A", Alias: &estate.Alias{Name: dnsname.MustParse("b.example"), Zone: "Z2"}}}
	done := reconcile.Done{At: at, Sweep: true, Change: plan.Change{Address: "x", Action: plan.Create, Account: "222222222222", After: record}, Call: "C1"}
	j.changed(done)
	done.Err = errors.New("refused")
	j.changed(done)
	second := reconcile.Done{At: at, By: hint.By(), Event: "e1", Change: done.Change, Call: "C2"}
	j.changed(second)
	j.InSync(hint, second, 40*time.Second)
	problems := diag.List{
		{Severity: diag.Warning, Code: "not-granted", Summary: "service svc-2 does not get the name b"},
		{Severity: diag.Error, Code: "unread", Summary: "the zones could not be read", Hint: "see `orgdns iam`"},
	}
	full := diag.Diagnostic{Severity: diag.Warning, Code: "quota", Summary: "zone corp.internal has no room for 2 services"} // which is one line, and two claims
	refused := map[string]diag.Diagnostic{"svc-2": problems[0], "svc-3": problems[1], "svc-4": full, "svc-5": full}
	j.Sweep(event.SweepEntry{At: at, First: true, Took: 3 * time.Second, Swept: &reconcile.Swept{Planned: &reconcile.Planned{Plan: &plan.Plan{}}, Done: []reconcile.Done{done}}})
	j.Sweep(event.SweepEntry{At: at, Took: 3 * time.Second, Swept: &reconcile.Swept{Planned: &reconcile.Planned{Plan: &plan.Plan{Refused: refused}}, Done: []reconcile.Done{done}, Problems: problems}})
	j.Sweep(event.SweepEntry{At: at, Took: time.Second, Err: errors.New("AWS is away")})
	j.deadLetters("dead", 3)
	j.queueFailed("q", errors.New("away"))
	j.notTaken(problems.Err(), "sha256:1")
}

// TestJournal: each decision is a line of JSON with the clock's time, and a metric
// that Prometheus reads; health and readiness tell what they should.
func TestJournal(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var log strings.Builder
	a := &app{Streams: Streams{Err: &log}, output: "json", clock: clock.NewVirtual(at)}
	j, err := a.newJournal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k := &keeping{app: a, clock: a.clock, journal: j}
	var ready atomic.Bool
	end, err := k.listen(t.Context(), "127.0.0.1:0", &ready)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	var listening struct{ Address string }
	if err := json.Unmarshal([]byte(log.String()), &listening); err != nil {
		t.Fatal(err)
	}
	get := func(path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, listening.Address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	if status, _ := get("/healthz"); status != 200 {
		t.Errorf("health: %d", status)
	}
	if status, _ := get("/readyz"); status != 503 {
		t.Errorf("ready before the first sweep: %d", status)
	}
	ready.Store(true)
	if status, _ := get("/readyz"); status != 200 {
		t.Errorf("not ready after it: %d", status)
	}
	log.Reset()
	decisions(at, j)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 12 {
		t.Errorf("%d lines:\n%s", len(lines), log.String())
	}
	for _, line := range lines {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil || one["time"] != "2026-01-02T03:04:05Z" || one["msg"] == "" {
			t.Errorf("%v: %s", err, line)
		}
	}
	if want := `{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"event","outcome":"applied","form":"tag","account":"444444444444","region":"eu-west-1",` +
		`"service":"arn:aws:vpc-lattice:eu-west-1:444444444444:service/svc-1","name":"a.corp.internal","changes":"create x, create y","event":"e1","message":"m1","queue":"q","lag":"2s"}`; lines[0] != want {
		t.Errorf("the line of an event is\n%s\nwant\n%s", lines[0], want)
	}
	_, page := get("/metrics")
	for _, want := range []string{
		`orgdns_events_total{form="tag",outcome="applied",reason=""} 1`, `orgdns_events_total{form="",outcome="refused",reason="malformed"} 1`,
		`orgdns_event_change_seconds_sum 2`, `orgdns_event_insync_seconds_sum 40`,
		`orgdns_aws_calls_total{account="222222222222",operation="ChangeResourceRecordSets",service="route53"} 2`,
		`orgdns_aws_throttles_total{account="222222222222",operation="ChangeResourceRecordSets",service="route53"} 1`,
		`orgdns_changes_total{action="create",cause="sweep",outcome="done"} 1`, `orgdns_changes_total{action="create",cause="sweep",outcome="failed"} 1`, `orgdns_changes_total{action="create",cause="event",outcome="done"} 1`,
		`orgdns_drift_repaired_total 1`, `orgdns_claims_refused{code="not-granted"} 1`, `orgdns_claims_refused{code="name-taken"} 0`, `orgdns_claims_refused{code="conflict"} 0`,
		`orgdns_claims_refused{code="quota"} 2`, `orgdns_claims_refused{code="other"} 1`,
		`orgdns_sweeps_total{outcome="done"} 1`, `orgdns_sweeps_total{outcome="incomplete"} 1`, `orgdns_sweeps_total{outcome="failed"} 1`,
		`orgdns_last_sweep_timestamp_seconds 1.767323045e+09`, `orgdns_dead_letters{queue="dead"} 3`, `orgdns_queue_errors_total{queue="q"} 1`,
		`orgdns_configuration_valid 0`, `orgdns_configuration_errors_total 1`,
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// TestTraces: events and sweeps go to a collector as it takes them, with the
// headers of the environment; what it does not take is told.
func TestTraces(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	status := http.StatusOK
	var got []string
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got = append(got, r.URL.Path+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("X-Key")+" "+string(raw))
		w.WriteHeader(status)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL+"/")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b")
	t.Setenv("OTEL_SERVICE_NAME", "orgdns-test")
	run := func() string {
		t.Helper()
		got = nil
		var log strings.Builder
		a := &app{Streams: Streams{Err: &log}, clock: clock.NewVirtual(at)}
		j, err := a.newJournal(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		decisions(at, j)
		if err := j.close(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		return log.String()
	}
	run()
	if len(got) != 1 || !strings.HasPrefix(got[0], "/v1/traces application/json a b {") {
		t.Fatalf("the collector got %q", got)
	}
	var sent struct {
		ResourceSpans []otlpResource
	}
	if err := json.Unmarshal([]byte(got[0][strings.IndexByte(got[0], '{'):]), &sent); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range sent.ResourceSpans[0].Scopes[0].Spans {
		if len(s.Trace) != 32 || len(s.Span) != 16 {
			t.Errorf("span %+v", s)
		}
		if s.Name == "event" && s.Parent == "" && s.Start == "1767323043000000000" && (s.End != "1767323045000000000" || s.Kind != 5) {
			t.Errorf("the span of an event: %+v", s)
		}
		names = append(names, s.Name)
	}
	if want := "delivery decision event delivery decision event sweep sweep sweep"; strings.Join(names, " ") != want {
		t.Errorf("spans %q, want %s", names, want)
	}
	if !strings.Contains(got[0], `{"key":"service.name","value":{"stringValue":"orgdns-test"}}`) {
		t.Errorf("no service name in %s", got[0])
	}
	status = http.StatusBadGateway
	if said := run(); !strings.Contains(said, "traces were not sent") || !strings.Contains(said, "502") {
		t.Errorf("a collector that fails: %s", said)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")
	if _, err := newSpans(func(error) {}); err == nil {
		t.Error("an endpoint for gRPC is taken")
	}
}

// TestLambdaKeeps: what an invocation told is kept and sent before its answer is
// given, since the process may never run again.
func TestLambdaKeeps(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var sent atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		sent.Add(int64(strings.Count(string(raw), `"name":"event"`)))
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	var log strings.Builder
	a := &app{Streams: Streams{Err: &log}, clock: clock.NewVirtual(at)}
	var err error
	if a.kept, err = store.Open(filepath.Join(t.TempDir(), "history.db"), a.clock); err != nil {
		t.Fatal(err)
	}
	j, err := a.newJournal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	decisions(at, j)
	l := &lambdaEvents{keeping: &keeping{app: a, clock: a.clock, journal: j}}
	if _, err := l.handle(t.Context(), []byte(`{}`)); err == nil {
		t.Error("what is neither a batch nor a schedule is taken")
	}
	page, err := a.kept.History(t.Context(), history.Query{})
	if err != nil || len(page.Entries) != 12 || sent.Load() != 2 {
		t.Errorf("%d entries are kept, %d events sent: %v", len(page.Entries), sent.Load(), err)
	}
	byEvent := 0
	for _, e := range page.Entries {
		if e.Event == "e1" && e.By == "account 444444444444 (tag)" {
			byEvent++
		}
	}
	if byEvent != 4 { // the event, the decision, a change, and that it is INSYNC
		t.Errorf("%d entries tell which event asked for them", byEvent)
	}
	var out strings.Builder
	a.Out = &out
	a.history(page)
	if !strings.Contains(out.String(), "    by  account 444444444444 (tag), event e1\n") {
		t.Errorf("shown is\n%s", out.String())
	}
	if strings.Contains(log.String(), "are late") {
		t.Error(log.String())
	}
	if err := j.close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// answering is an AWS that is not there for the first calls, and then tells who
// asks.
type answering struct{ calls, silent int }

func (a *answering) Do(*http.Request) (*http.Response, error) {
	if a.calls++; a.calls <= a.silent {
		return nil, &url.Error{Op: "Post", URL: "https://sts.eu-west-1.amazonaws.com/", Err: errors.New("connection refused")}
	}
	body := `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>000000000001</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	status := http.StatusOK
	if a.silent < 0 {
		body, status = `<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>`, http.StatusForbidden
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// TestServeWaits: at the start serve waits for AWS as long as nothing answers, and
// tells of it now and then; what AWS refuses ends it.
func TestServeWaits(t *testing.T) {
	var log strings.Builder
	a := &app{Streams: Streams{Err: &log}, clock: clock.NewVirtual(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))}
	j, err := a.newJournal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wait := func(aws *answering) error {
		k := &keeping{app: a, args: &serveArgs{}, clock: a.clock, journal: j}
		k.sessions = stage.Sessions("acme", a.clock, credentials.NewStaticCredentialsProvider("key", "secret", ""), aws, "", "eu-west-1", nil,
			func(o *awsapi.Options) { o.Unanswered = j.unanswered })
		_, err := k.patientQueues(t.Context())
		return err
	}
	late := &answering{silent: 100}
	if err := wait(late); err != nil || late.calls != 101 {
		t.Errorf("%d calls, %v", late.calls, err)
	}
	if n := strings.Count(log.String(), `"waiting for AWS, which does not answer" detail="connection refused"`); n < 3 || n > 20 {
		t.Errorf("told %d times:\n%s", n, log.String())
	}
	refusing := &answering{silent: -1}
	if err := wait(refusing); awsapi.Code(err) != "InvalidClientTokenId" || refusing.calls != 1 {
		t.Errorf("%d calls, %v", refusing.calls, err)
	}
}
