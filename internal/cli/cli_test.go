package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orgdns/orgdns/internal/cli"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin"
)

// TestMain makes this binary orgdns when it is called by that name, so that a
// script runs the program as a person does: as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"orgdns": orgdns})
}

func orgdns() {
	streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	if os.Getenv("TWIN_CLOCK") == "" || os.Getenv("AWS_ENDPOINT_URL") == "" {
		os.Exit(cli.Main(streams, os.Args[1:]))
	}
	c, err := newTwinClock(os.Getenv("AWS_ENDPOINT_URL"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(cli.Run(streams, c, os.Args[1:]))
}

// commands are what scripts have besides those of testscript.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"code": code, "twin": startTwin, "clock": advance, "faults": faults, "estate": showEstate,
	"calls": calls, "zone": zone, "record": record, "copyns": copyns, "await": await, "killed": killed, "absent": absent,
	"template": template, "blocks": blocks, "fill": fill, "foreign": foreign,
	"example": example, "ask": ask, "vpcs": vpcs, "associate": associate, "tag": tag, "healthcheck": healthcheck, "hasten": hasten, "until": until,
	"resolver": resolverOf, "server": server, "expand": expand, "runtime": runtimeAPI, "posted": posted,
	"accept": accept, "unshare": unshare, "deployed": deployed, "lattice": latticeCommand, "becomes": becomes, "answers": answers, "mail": mail,
}

// TestScripts runs the scripts of testdata: each is a page of the manual.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:               func(env *testscript.Env) error { return setup(t, env) },
		Cmds:                commands,
		Condition: func(cond string) (bool, error) {
			if cond != "terraform" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			_, err := exec.LookPath("terraform")
			return err == nil && os.Getenv(tfMirror) != "", nil
		},
	})
}

// tfMirror names the folder of a Terraform filesystem mirror that holds
// hashicorp/aws 5.100.
const tfMirror = "ORGDNS_TF_MIRROR"

// setup gives a script an environment in which nothing of this machine's AWS
// settings is left.
func setup(t *testing.T, env *testscript.Env) error {
	for _, v := range slices.Clone(env.Vars) {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			return fmt.Errorf("%s leaks into the scripts", name)
		}
	}
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("AWS_REGION", "eu-west-1")
	env.Setenv("AWS_DEFAULT_REGION", "eu-west-1")
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("AWS_PAGER", "")
	env.Setenv("AWS_MAX_ATTEMPTS", "1")
	env.Setenv("CHECKPOINT_DISABLE", "1")
	env.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(env.WorkDir, "terraform.rc"))
	rc := fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\n", os.Getenv(tfMirror))
	if err := os.WriteFile(filepath.Join(env.WorkDir, "terraform.rc"), []byte(rc), 0o600); err != nil {
		return err
	}
	env.Values[runningKey{}] = &running{t: t}
	return nil
}

// running is the twin of a script.
type running struct {
	t       *testing.T
	url     string
	calls   map[string]int       // when they were last shown
	kept    []string             // what stood, by foreign
	answers map[[3]string]string // what was answered, by answers: VPC, name and type
	lambda  *lambdaAPI
	asked   *prompted // a program that was started by prompt
}

// prompted is a program that waits for an answer at its terminal.
type prompted struct {
	cmd  *exec.Cmd
	ctrl *os.File // the other end of the terminal
}

type runningKey struct{}

func twinOf(ts *testscript.TestScript) *running { return ts.Value(runningKey{}).(*running) }

// twin [-empty|[-only] FILE...]: starts a twin of testdata/estates/base.json, changed by
// the snapshots of the files or examples of these names, of the first of these instead, or of nothing, and points the script's AWS settings at it. The
// administrator of the management account runs orgdns.
func startTwin(ts *testscript.TestScript, neg bool, args []string) {
	r := twinOf(ts)
	if neg || r.url != "" {
		ts.Fatalf("usage: twin [FILE...], once")
	}
	server := twin.Server{Listen: "127.0.0.1:0"}
	switch {
	case slices.Equal(args, []string{"-empty"}):
	case len(args) >= 2 && args[0] == "-only":
		server.Estate = merged(ts, []byte(ts.ReadFile(args[1])), args[2:])
	default:
		raw, err := os.ReadFile(filepath.Join(here, "testdata", "estates", "base.json"))
		ts.Check(err)
		server.Estate = merged(ts, raw, args)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := server.Start(ctx)
	if err != nil {
		cancel()
		ts.Fatalf("%v", err)
	}
	ts.Defer(func() {
		cancel()
		if err := s.Wait(); err != nil {
			r.t.Errorf("twin: %v", err)
		}
	})
	r.url = s.URL
	ts.Setenv("AWS_ENDPOINT_URL", s.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", "000000000001")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "twin")
	ts.Setenv("TWIN_CLOCK", "1")
}

// merged adds snapshots to the base: lists grow, and what has the identity of
// something in the list replaces it.
func merged(ts *testscript.TestScript, raw []byte, files []string) estate.Estate {
	base := map[string]any{}
	ts.Check(json.Unmarshal(raw, &base))
	for _, f := range files {
		more := map[string]any{}
		if _, err := os.Stat(ts.MkAbs(f)); err != nil { // that of an example
			f = filepath.Join(here, "..", "..", "examples", f, "estate.json")
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(f)), &more))
		for k, v := range more {
			list, ok := v.([]any)
			have, _ := base[k].([]any)
			if !ok {
				base[k] = v
				continue
			}
			for _, x := range list {
				have = slices.DeleteFunc(have, func(h any) bool { return identity(h) == identity(x) })
				have = append(have, x)
			}
			base[k] = have
		}
	}
	raw, err := json.Marshal(base)
	ts.Check(err)
	var e estate.Estate
	ts.Check(json.Unmarshal(raw, &e))
	return e
}

// here is the folder of this package.
var here = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir
}()

func identity(v any) string {
	m, _ := v.(map[string]any)
	for _, k := range []string{"arn", "id"} {
		if m[k] != nil {
			return fmt.Sprint(m[k])
		}
	}
	return fmt.Sprint(m["zone"], m["name"], m["type"], m["setID"])
}

// code N PROGRAM ARGS: like exec, of a program that must exit with N.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARGS")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// clock DURATION: moves the twin's time, and with it orgdns's.
func advance(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: clock DURATION")
	}
	_, err := admin(twinOf(ts).url, http.MethodPost, "clock", fmt.Sprintf(`{"advance":%q}`, args[0]))
	ts.Check(err)
}

// faults FILE: the twin's faults become those of the file.
func faults(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: faults FILE")
	}
	_, err := admin(twinOf(ts).url, http.MethodPost, "faults", ts.ReadFile(args[0]))
	ts.Check(err)
}

func snapshot(ts *testscript.TestScript) estate.Estate {
	raw, err := admin(twinOf(ts).url, http.MethodGet, "estate", "")
	ts.Check(err)
	var e estate.Estate
	ts.Check(json.Unmarshal(raw, &e))
	return e
}

// estate [ZONE]: prints the zones, or the records of the zones of a name
// without the ledger, SOA and apex NS.
func showEstate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: estate [ZONE]")
	}
	e := snapshot(ts)
	var lines []string
	for z := range e.Zones.All() {
		if len(args) == 0 {
			lines = append(lines, fmt.Sprintf("%s %s", z.Account, z.Name))
			continue
		}
		if z.Name.String() != args[0] {
			continue
		}
		for r := range e.Records.Prefix(estate.RecordsBelow(z.ID, z.Name)) {
			if r.Type == "SOA" || r.Type == "NS" && r.Name == z.Name || strings.HasPrefix(r.Name.String(), "_orgdns") {
				continue
			}
			values := strings.Join(r.Values, " ")
			if r.Alias != nil {
				values = "alias " + r.Alias.Name.String()
			}
			lines = append(lines, fmt.Sprintf("%s %d %s %s", r.Name, r.TTL, r.Type, values))
		}
	}
	slices.Sort(lines)
	fmt.Fprintln(ts.Stdout(), strings.Join(lines, "\n"))
}

// calls [-w]: prints the calls since they were last printed, -w those only that
// change something.
func calls(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 || len(args) == 1 && args[0] != "-w" {
		ts.Fatalf("usage: calls [-w]")
	}
	now := callCounts(ts)
	r := twinOf(ts)
	out := ""
	for _, k := range slices.Sorted(maps.Keys(now)) {
		op := strings.Fields(k)[2]
		if n := now[k] - r.calls[k]; n > 0 && !(len(args) == 1 && reads(op)) {
			out += fmt.Sprintf("%s %d\n", k, n)
		}
	}
	if out == "" {
		out = "none\n"
	}
	fmt.Fprint(ts.Stdout(), out)
	r.calls = now
}

// reads reports whether an operation changes nothing.
func reads(op string) bool {
	return slices.ContainsFunc([]string{"List", "Get", "Describe", "Search", "Assume"}, func(p string) bool { return strings.HasPrefix(op, p) })
}

func callCounts(ts *testscript.TestScript) map[string]int {
	raw, err := admin(twinOf(ts).url, http.MethodGet, "calls", "")
	ts.Check(err)
	var rows []struct {
		Account, Service, Operation string
		Count                       int
	}
	ts.Check(json.Unmarshal(raw, &rows))
	out := map[string]int{}
	for _, x := range rows {
		out[x.Account+" "+x.Service+" "+x.Operation] += x.Count
	}
	return out
}

// patience bounds how long a script waits for another process.
const patience = 30 * time.Second

// await FILE TEXT: waits until the file has the text. await call OPERATION:
// until the twin was asked for it.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT | await call OPERATION")
	}
	seen := func() bool {
		raw, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(raw), args[1])
	}
	if args[0] == "call" {
		seen = func() bool {
			for k := range callCounts(ts) {
				if strings.HasSuffix(k, " "+args[1]) {
					return true
				}
			}
			return false
		}
	}
	for end := time.Now().Add(patience); !seen(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("%s does not come", strings.Join(args, " "))
		}
	}
}

// absent TEXT FILE...: no file holds the text.
func absent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: absent TEXT FILE...")
	}
	for _, f := range args[1:] {
		content := ts.ReadFile(f)
		if content == "" {
			ts.Fatalf("%s is empty, so it proves nothing", f)
		}
		if strings.Contains(content, args[0]) {
			ts.Fatalf("%s holds %q", f, args[0])
		}
	}
}

// admin asks a twin's admin interface.
func admin(url, method, what, body string) ([]byte, error) {
	req, err := http.NewRequest(method, url+"/_twin/"+what, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, what, resp.Status, out)
	}
	return out, err
}

// twinClock is virtual time that takes the twin with it: whoever wakes has moved
// the twin's clock first, so that waiting costs nothing and is nowhere skipped.
type twinClock struct {
	*clock.Virtual
	url string

	mu    sync.Mutex
	moved time.Time // until when the twin was moved
}

func newTwinClock(url string) (*twinClock, error) {
	raw, err := admin(url, http.MethodGet, "clock", "")
	if err != nil {
		return nil, err
	}
	var at struct{ Now time.Time }
	if err := json.Unmarshal(raw, &at); err != nil {
		return nil, err
	}
	return &twinClock{Virtual: clock.NewVirtual(at.Now), url: url, moved: at.Now}, nil
}

// Sleep waits in virtual time.
func (c *twinClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := c.Virtual.Sleep(ctx, d); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	by := c.Now().Sub(c.moved)
	if by <= 0 {
		return nil
	}
	c.moved = c.Now()
	_, err := admin(c.url, http.MethodPost, "clock", fmt.Sprintf(`{"advance":%q}`, by))
	return err
}
