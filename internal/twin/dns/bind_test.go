package dns

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
)

// bind is a running BIND, the real name server that answers are compared with.
type bind struct {
	dir  string
	addr string
}

const (
	namedConf = `
options {
	directory "%[1]s";
	pid-file none;
	session-keyfile none;
	listen-on port %[2]d { 127.0.0.1; };
	listen-on-v6 { none; };
	recursion no;
	minimal-responses no;
	zero-no-soa-ttl no;
	allow-new-zones yes;
	empty-zones-enable no;
	check-names primary ignore;
	check-integrity no;
	dnssec-validation no;
	notify no;
};
key control { algorithm hmac-sha256; secret "%[4]s"; };
controls { inet 127.0.0.1 port %[3]d allow { 127.0.0.1; } keys { control; }; };
`
	rndcConf = `
key control { algorithm hmac-sha256; secret "%[2]s"; };
options { default-server 127.0.0.1; default-port %[1]d; default-key control; };
`
	controlKey = "c2VjcmV0IG9mIG5vIHdvcnRo" // BIND wants one, on loopback too
)

// startBIND runs BIND on loopback until the test ends; without the program the
// test is skipped.
func startBIND(t *testing.T) *bind {
	t.Helper()
	named, err := exec.LookPath("named")
	if err != nil {
		t.Skip("no BIND here to compare with (Debian package bind9): ", err)
	}
	if _, err := exec.LookPath("rndc"); err != nil {
		t.Skip("no rndc here to control BIND with (Debian package bind9): ", err)
	}
	b := &bind{dir: t.TempDir()}
	port, control := freePort(t), freePort(t)
	b.addr = fmt.Sprintf("127.0.0.1:%d", port)
	b.write(t, "named.conf", fmt.Sprintf(namedConf, b.dir, port, control, controlKey))
	b.write(t, "rndc.conf", fmt.Sprintf(rndcConf, control, controlKey))
	var log strings.Builder
	cmd := exec.Command(named, "-g", "-n", "1", "-c", filepath.Join(b.dir, "named.conf"))
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		<-ended
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		out, err := b.rndc("status")
		if err == nil {
			return b
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("BIND ended: %v\n%s", err, log.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("BIND does not start: %s", out)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

type fataler interface {
	Fatalf(format string, args ...any)
}

func (b *bind) write(t fataler, name, text string) {
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		t.Fatalf("%v", err)
	}
}

func (b *bind) rndc(args ...string) (string, error) {
	out, err := exec.Command("rndc", append([]string{"-c", filepath.Join(b.dir, "rndc.conf")}, args...)...).CombinedOutput()
	return string(out), err
}

// serve adds a zone.
func (b *bind) serve(t fataler, apex, masterFile string) {
	b.write(t, apex+".zone", masterFile)
	out, err := b.rndc("addzone", apex, fmt.Sprintf(`{ type primary; file "%s.zone"; };`, apex))
	if err != nil {
		t.Fatalf("BIND does not take the zone: %v\n%s\n%s", err, out, masterFile)
	}
}

// ask sends one query without asking for recursion.
func (b *bind) ask(t fataler, q *mdns.Msg) *mdns.Msg {
	c := mdns.Client{UDPSize: maxUDP, Timeout: 10 * time.Second}
	in, _, err := c.Exchange(q, b.addr)
	if err != nil {
		t.Fatalf("BIND: %v", err)
	}
	return in
}
