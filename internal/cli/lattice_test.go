package cli_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/rogpeppe/go-internal/testscript"
)

// Commands of scripts by which teams make VPC Lattice services.

// lattice ACCOUNT make SERVICE DOMAIN [KEY=VALUE] | tag SERVICE KEY=VALUE | untag
// SERVICE KEY | remove SERVICE: as the account's administrator in eu-west-1.
func latticeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: lattice ACCOUNT make|tag|untag|remove SERVICE [DOMAIN] [KEY[=VALUE]]")
	}
	c := vpclattice.New(vpclattice.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(twinOf(ts).url), Credentials: credentials.NewStaticCredentialsProvider(args[0], "twin", ""),
	})
	ctx, what, service, rest := context.Background(), args[1], args[2], args[3:]
	tags := map[string]string{}
	for _, a := range rest {
		if key, value, ok := strings.Cut(a, "="); ok {
			tags[key] = value
		}
	}
	if what == "make" {
		_, err := c.CreateService(ctx, &vpclattice.CreateServiceInput{Name: &service, CustomDomainName: &rest[0], Tags: tags})
		ts.Check(err)
		return
	}
	var arn *string
	list, err := c.ListServices(ctx, &vpclattice.ListServicesInput{})
	ts.Check(err)
	for _, s := range list.Items {
		if *s.Name == service {
			arn = s.Arn
		}
	}
	if arn == nil {
		ts.Fatalf("account %s has no service %s", args[0], service)
	}
	switch what {
	case "tag":
		_, err = c.TagResource(ctx, &vpclattice.TagResourceInput{ResourceArn: arn, Tags: tags})
	case "untag":
		_, err = c.UntagResource(ctx, &vpclattice.UntagResourceInput{ResourceArn: arn, TagKeys: rest})
	case "remove":
		_, err = c.DeleteService(ctx, &vpclattice.DeleteServiceInput{ServiceIdentifier: arn})
	default:
		ts.Fatalf("%s is none of make, tag, untag, remove", what)
	}
	ts.Check(err)
}

// becomes FROM NAME TYPE REGEXP: asks as ask does, until the answer is one that is
// waited for.
func becomes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: becomes FROM NAME TYPE REGEXP")
	}
	want, err := regexp.Compile(args[3])
	ts.Check(err)
	ts.Check(become(twinOf(ts).url, args[0], args[1], args[2], want))
}

// become waits until the resolver of a VPC answers as is wanted.
func become(url, from, name, rrtype string, want *regexp.Regexp) error {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		got, err := answerOf(url, from, name, rrtype)
		if err != nil || want.MatchString(got) {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s %s is %q from %s, and does not become %s", name, rrtype, got, from, want)
		}
	}
}

// TestLatticeReadme runs the commands of examples/lattice/README.md in their order,
// at other ports: all succeed, and what follows dig as a comment is what it answers,
// a moment later at most.
func TestLatticeReadme(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("clients outside take seconds")
	}
	for _, program := range []string{"bash", "aws", "curl", "dig"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s", program)
		}
	}
	raw, err := os.ReadFile("../../examples/lattice/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nanswers() { for i in $(seq 100); do [[ \"$($1)\" == $2 ]] && return; sleep 0.2; done; echo \"$1: $($1), not $2\"; return 1; }\n")
	asked := 0
	for i, block := range strings.Split(string(raw), "```") {
		if i%2 == 0 {
			continue
		}
		kind, lines, _ := strings.Cut(block, "\n")
		if kind != "sh" {
			t.Fatalf("a block of %q is not run", kind)
		}
		for line := range strings.Lines(lines) {
			if command, want, ok := strings.Cut(strings.TrimSpace(line), "# "); ok && strings.HasPrefix(line, "dig ") {
				asked++
				line = fmt.Sprintf("answers '%s' '%s'\n", strings.TrimSpace(command), strings.NewReplacer("nothing", "", "…", "*").Replace(want))
			}
			script.WriteString(line)
		}
	}
	if asked < 4 {
		t.Fatalf("only %d questions are asked", asked)
	}
	ports := freePorts(t, 8) // the twin, serve, and six for DNS
	text := strings.NewReplacer("--dns-port-base 5300", fmt.Sprintf("--dns-port-base %d --listen 127.0.0.1:%d", ports[2], ports[0]), "4577", fmt.Sprint(ports[0]),
		"-p 5302", fmt.Sprintf("-p %d", ports[2]+2), "orgdns serve", fmt.Sprintf("orgdns serve --listen 127.0.0.1:%d", ports[1]), "9090", fmt.Sprint(ports[1])).Replace(script.String())
	c := exec.CommandContext(t.Context(), "bash", "-c", text)
	if c.Dir, err = filepath.Abs("../.."); err != nil {
		t.Fatal(err)
	}
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true"}
	c.WaitDelay = time.Second // for what it started, and left
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "reason=notGranted") && !strings.Contains(string(out), "code=not-granted") {
		t.Errorf("%v:\n%s", err, out)
	}
}

// freePorts are ports of loopback, one after the other, that nobody has just now.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		first := l.Addr().(*net.TCPAddr).Port
		open, ports := []net.Listener{l}, []int{first}
		for len(ports) < n && err == nil {
			if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+len(ports))); err == nil {
				open, ports = append(open, l), append(ports, first+len(ports))
			}
		}
		for _, l := range open {
			_ = l.Close() // it was open only to see
		}
		if len(ports) == n {
			return ports
		}
	}
	t.Fatalf("there are no %d free ports beside each other", n)
	return nil
}
