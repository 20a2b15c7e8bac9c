package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin"
)

// site is a twin of an organization, with AWS's limits and spoken to by HTTP, and a
// folder with a configuration, in which the program runs as processes on the wall
// clock.
type site struct {
	t        *testing.T
	url, dir string
	started  int
}

func newSite(t *testing.T, e estate.Estate, config string) *site {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	s, err := twin.Server{Listen: "127.0.0.1:0", Estate: e, RealLimits: true}.Start(ctx)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := s.Wait(); err != nil {
			t.Errorf("twin: %v", err)
		}
	})
	r := &site{t: t, url: s.URL, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.dir, "orgdns.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// organizationOf is an organization of a management account and others, each with a
// role for orgdns that may do everything.
func organizationOf(accounts ...estate.AccountID) estate.Estate {
	const management = estate.AccountID("000000000001")
	var e estate.Estate
	e.Organization = estate.Organization{
		ID: "o-acmeexample", ARN: "arn:aws:organizations::000000000001:organization/o-acmeexample", Management: management, Root: "r-acme",
		TrustedServices: []string{estate.ShareService},
	}
	for _, id := range append([]estate.AccountID{management}, accounts...) {
		e.Accounts.Put(estate.Account{ID: id, Name: "account " + string(id), Status: estate.AccountActive, Parent: "r-acme"})
		roles := []string{"orgdns"}
		if id == management {
			roles = append(roles, "orgdns-read")
		}
		for i, name := range roles {
			e.Roles.Put(estate.Role{
				ARN: fmt.Sprintf("arn:aws:iam::%s:role/%s", id, name), ID: fmt.Sprintf("AROAORGDNS%d%s", i, id), Account: id, Path: "/", Name: name, MaxSession: 3600,
				Trust:  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000001:root"},"Action":"sts:AssumeRole"}]}`,
				Inline: map[string]string{"all": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
			})
		}
	}
	return e
}

// replica is a process of `orgdns serve`.
type replica struct {
	*exec.Cmd
	log string // where it writes
}

// orgdns is a process of the program: this binary under its name.
func (r *site) orgdns(args ...string) *exec.Cmd {
	r.t.Helper()
	path, err := exec.LookPath("orgdns")
	if err != nil {
		r.t.Fatal(err)
	}
	c := exec.CommandContext(r.t.Context(), path, args...)
	c.Dir = r.dir
	c.Env = []string{
		"HOME=" + r.dir, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + r.url, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=000000000001", "AWS_SECRET_ACCESS_KEY=twin",
		"AWS_EC2_METADATA_DISABLED=true",
	}
	return c
}

// output runs it to its end, which must be well, and gives what it prints.
func (r *site) output(args ...string) string {
	r.t.Helper()
	c := r.orgdns(args...)
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	if err := c.Run(); err != nil {
		r.t.Fatalf("orgdns %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), problems.String())
	}
	return out.String()
}

// serve starts a replica; more flags may be given.
func (r *site) serve(args ...string) *replica {
	r.t.Helper()
	r.started++
	out := &replica{r.orgdns(append([]string{"serve", "--listen", ""}, args...)...), filepath.Join(r.dir, fmt.Sprintf("%d.log", r.started))}
	log, err := os.Create(out.log)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close() // the process has its own
	out.Stderr = log
	if err := out.Start(); err != nil {
		r.t.Fatal(err)
	}
	return out
}

// ready waits until a replica has made its first sweep.
func (r *site) ready(c *replica) {
	r.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		raw, err := os.ReadFile(c.log)
		switch {
		case err != nil:
			r.t.Fatal(err)
		case bytes.Contains(raw, []byte("msg=sweep outcome=done")):
			return
		case time.Now().After(end):
			r.t.Fatalf("no sweep is made:\n%s", raw)
		}
	}
}

// stop ends a replica, which must be well.
func (r *site) stop(c *replica) {
	r.t.Helper()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		raw, _ := os.ReadFile(c.log)
		r.t.Errorf("a replica ended with %v:\n%s", err, raw[max(0, len(raw)-4000):])
	}
}

func (r *site) admin(method, what, body string, into any) {
	r.t.Helper()
	raw, err := admin(r.url, method, what, body)
	if err == nil && into != nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *site) estate() (e estate.Estate) {
	r.t.Helper()
	r.admin(http.MethodGet, "estate", "", &e)
	return e
}

// metrics are those of a replica that listens, by name with labels.
func (r *site) metrics(c *replica) map[string]float64 {
	r.t.Helper()
	raw, err := os.ReadFile(c.log)
	if err != nil {
		r.t.Fatal(err)
	}
	at := regexp.MustCompile(`address=(http://\S+)`).FindSubmatch(raw)
	if at == nil {
		r.t.Fatalf("it does not say where it listens:\n%s", raw)
	}
	resp, err := http.Get(string(at[1]) + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && name != "#" {
			if out[name], err = strconv.ParseFloat(value, 64); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		r.t.Fatal(err)
	}
	return out
}
