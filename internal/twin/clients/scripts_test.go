package clients_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/dns"
)

// tfMirror names the folder of a Terraform filesystem mirror that holds
// hashicorp/aws 5.100.
const tfMirror = "ORGDNS_TF_MIRROR"

// TestScripts lets clients that others wrote speak to a twin: one server a
// script, at $AWS_ENDPOINT_URL. What a machine lacks is skipped.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("clients outside take seconds")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			ctx, cancel := context.WithCancel(context.Background())
			server, err := twin.Server{Listen: "127.0.0.1:0"}.Start(ctx)
			if err != nil {
				cancel()
				return err
			}
			env.Defer(func() {
				cancel()
				if err := server.Wait(); err != nil {
					t.Error(err)
				}
			})
			env.Setenv("AWS_ENDPOINT_URL", server.URL)
			env.Setenv("AWS_REGION", "eu-west-1")
			env.Setenv("AWS_DEFAULT_REGION", "eu-west-1")
			env.Setenv("AWS_ACCESS_KEY_ID", "111111111111")
			env.Setenv("AWS_SECRET_ACCESS_KEY", "twin")
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Setenv("AWS_MAX_ATTEMPTS", "1")
			env.Setenv("AWS_PAGER", "")
			return terraformConfig(env)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "boto3":
				return exec.Command("python3", "-c", "import boto3").Run() == nil, nil
			case "terraform":
				_, err := exec.LookPath("terraform")
				return err == nil && os.Getenv(tfMirror) != "", nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"capture": capture, "resolver": resolver, "ask": ask, "advance": advance, "hasten": hasten, "zip": zipped, "count": count,
		},
	})
}

// terraformConfig writes a configuration that takes providers from the mirror
// and nothing from the network.
func terraformConfig(env *testscript.Env) error {
	file := filepath.Join(env.WorkDir, "terraform.rc")
	env.Setenv("TF_CLI_CONFIG_FILE", file)
	env.Setenv("TF_IN_AUTOMATION", "1")
	env.Setenv("CHECKPOINT_DISABLE", "1")
	config := fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\n", os.Getenv(tfMirror))
	return os.WriteFile(file, []byte(config), 0o600)
}

// capture VAR: the variable gets what the last command printed.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: capture VAR")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// resolver VPC: DNS_HOST and DNS_PORT become those of a VPC's resolver, or of
// the public one ("internet"), as /_twin/resolvers lists them.
func resolver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: resolver VPC")
	}
	var rows []struct{ VPC, UDP string }
	ts.Check(json.Unmarshal(admin(ts, http.MethodGet, "resolvers", ""), &rows))
	for _, row := range rows {
		if row.VPC == args[0] {
			host, port, err := net.SplitHostPort(row.UDP)
			ts.Check(err)
			ts.Setenv("DNS_HOST", host)
			ts.Setenv("DNS_PORT", port)
			return
		}
	}
	ts.Fatalf("no resolver of %s among %+v", args[0], rows)
}

// ask NAME TYPE: asks the resolver that was chosen, and prints the response code
// and the records.
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ask NAME TYPE")
	}
	name, err := dnsname.Parse(args[0])
	ts.Check(err)
	reply, err := dns.Query(context.Background(), net.JoinHostPort(ts.Getenv("DNS_HOST"), ts.Getenv("DNS_PORT")), name, args[1])
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), reply.RCode)
	for _, r := range reply.Records {
		fmt.Fprintln(ts.Stdout(), r.Name, r.TTL, r.Type, r.Value)
	}
}

// advance DURATION: moves the twin's clock.
func advance(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: advance DURATION")
	}
	admin(ts, http.MethodPost, "clock", fmt.Sprintf(`{"advance":%q}`, args[0]))
}

// hasten PROGRAM ARGS: like exec, while the twin's time runs a hundred times
// as fast, so that what takes minutes there does not hold up the test.
func hasten(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: hasten PROGRAM ARGS")
	}
	stop := make(chan struct{})
	var moving sync.WaitGroup
	moving.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				admin(ts, http.MethodPost, "clock", `{"advance":"10s"}`)
			}
		}
	})
	err := ts.Exec(args[0], args[1:]...)
	close(stop)
	moving.Wait()
	if neg && err == nil {
		ts.Fatalf("%s succeeded, and should not", args[0])
	}
	if !neg {
		ts.Check(err)
	}
}

// zip ARCHIVE FILE: packs a file, as the code of a Lambda function is.
func zipped(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: zip ARCHIVE FILE")
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	w, err := archive.Create(filepath.Base(args[1]))
	ts.Check(err)
	_, err = io.WriteString(w, ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(archive.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

// count: prints how many there are of each kind of resource of which there are any.
func count(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: count")
	}
	var kinds map[string]json.RawMessage
	ts.Check(json.Unmarshal(admin(ts, http.MethodGet, "estate", ""), &kinds))
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		var all []json.RawMessage
		if json.Unmarshal(kinds[kind], &all) == nil { // else no list
			fmt.Fprintln(ts.Stdout(), kind, len(all))
		}
	}
}

// admin asks the twin's admin interface.
func admin(ts *testscript.TestScript, method, what, body string) []byte {
	r, err := http.NewRequest(method, ts.Getenv("AWS_ENDPOINT_URL")+"/_twin/"+what, strings.NewReader(body))
	ts.Check(err)
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	out, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s %s: %s: %s", method, what, answer.Status, out)
	}
	return out
}
