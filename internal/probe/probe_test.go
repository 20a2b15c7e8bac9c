package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
)

var (
	ec2 = dnsname.MustParse("ec2.eu-west-1.amazonaws.com")
	one = netip.MustParseAddr("10.0.0.1")
	two = netip.MustParseAddr("10.0.0.2")
)

func TestReadRequest(t *testing.T) {
	r, err := ReadRequest(strings.NewReader(`{"resolver": "10.0.0.2", "names": [
		{"name": "EC2.eu-west-1.amazonaws.com.", "want": ["10.0.0.1"], "connect": [{"port": 443, "tls": true, "path": "/"}]},
		{"name": "gone.example.com", "type": "AAAA", "none": true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Names[0]; n.Name != ec2 || n.Type != "A" || !n.Connect[0].TLS || n.Want[0] != one || r.Resolver.String() != "10.0.0.2:53" || !r.Names[1].None {
		t.Errorf("read %+v", r)
	}
	for _, tc := range []struct{ in, want string }{
		{`{`, "unexpected EOF"},
		{`{"names": []}`, "no name"},
		{`{"names": [{"name": "a.example.com"}]} {}`, "something follows"},
		{`{"nmaes": []}`, "unknown field"},
		{`{"resolver": "dns.example.com", "names": []}`, "is no resolver"},
		{`{"names": [{"name": "a..example.com"}]}`, "empty label"},
		{`{"names": [{"name": ""}]}`, "write a whole name"},
		{`{"names": [{"name": "*.example.com"}]}`, "for a wildcard one below it"},
		{`{"names": [{"name": "a.example.com", "type": "TXT"}]}`, "A or AAAA"},
		{`{"names": [{"name": "a.example.com", "none": true, "want": ["10.0.0.1"]}]}`, "keep one"},
		{`{"names": [{"name": "a.example.com", "want": ["ten"]}]}`, "unable to parse IP"},
		{`{"names": [{"name": "a.example.com", "connect": [{"port": 0}]}]}`, "has no port"},
		{`{"names": [{"name": "a.example.com", "connect": [{"port": 65536}]}]}`, "cannot unmarshal"},
		{`{"names": [{"name": "a.example.com", "connect": [{"port": 1}, {"port": 1}]}]}`, "stands twice"},
		{`{"names": [{"name": "a.example.com", "connect": [{"port": 1, "serverName": "b.example.com"}]}]}`, "neither TLS nor a path"},
		{`{"names": [{"name": "a.example.com", "connect": [{"port": 1, "path": "x"}]}]}`, "is no path"},
		{`{"names": [{"name": "a.example.com", "connect": [{"port": 1, "path": "/a\r\nHost: b"}]}]}`, "is no path"},
		{`{"names": [{"name": "a.example.com", "connect": [` + strings.Repeat(`{"port": 1},`, MaxConnects) + `{"port": 2}]}]}`, "the most is 16"},
		{`{"names": [` + strings.Repeat(`{"name": "a.example.com"},`, MaxNames) + `{"name": "a.example.com"}]}`, "the most is 200"},
		{strings.Repeat(" ", MaxSize+1), "longer than"},
	} {
		if _, err := ReadRequest(strings.NewReader(tc.in)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.80s: %v, want %s", tc.in, err, tc.want)
		}
	}
}

func TestReadReport(t *testing.T) {
	for _, in := range []string{
		`{"results": [{"name": "ec2.eu-west-1.amazonaws.com", "type": "A", "rcode": "NOERROR", "more": 1}]}`,
		`{"version": 1, "kind": "probe", "result": {"results": [{"name": "ec2.eu-west-1.amazonaws.com", "type": "A", "rcode": "NOERROR"}]}}`,
	} {
		if r, err := ReadReport(strings.NewReader(in)); err != nil || len(r.Results) != 1 || r.Results[0].Name != ec2 {
			t.Errorf("%s: %+v %v", in, r, err)
		}
	}
	for _, in := range []string{`{}`, `"sh: orgdns: not found"`, ``, strings.Repeat(" ", MaxSize+1)} {
		if r, err := ReadReport(strings.NewReader(in)); err == nil {
			t.Errorf("%.40q is taken for %+v", in, r)
		}
	}
}

// TestJudge: what counts as wanted, and what a report cannot claim.
func TestJudge(t *testing.T) {
	good := Connection{Address: one, Port: 443, TCP: OK, TLS: OK, HTTP: "403"}
	answered := func(values ...string) Result {
		return Result{Name: ec2, Type: "A", RCode: "NOERROR", Answers: values}
	}
	with := func(r Result, list ...Connection) Result { r.Connections = list; return r }
	tcp := []Connect{{Port: 443}}
	all := []Connect{{Port: 443, TLS: true, Path: "/"}}
	for _, tc := range []struct {
		name Name
		got  Result
		want string
	}{
		{Name{}, answered("10.0.0.1"), ""},
		{Name{Want: []netip.Addr{one, two}}, answered("vpce.example.com.", "10.0.0.2"), ""},
		{Name{Want: []netip.Addr{one}}, answered("10.0.0.1", "10.0.0.2"), "the answer has 10.0.0.2, and not only 10.0.0.1"},
		{Name{}, answered("vpce.example.com."), "it has no address"},
		{Name{}, Result{Name: ec2, Type: "A", RCode: "NXDOMAIN"}, "the answer is NXDOMAIN"},
		{Name{}, Result{Name: ec2, Type: "A", Error: "no\x1b[2J answer"}, "no�[2J answer"},
		{Name{}, Result{Name: ec2, Type: "AAAA", RCode: "NOERROR"}, "in its place"},
		{Name{None: true}, Result{Name: ec2, Type: "A", RCode: "NXDOMAIN"}, ""},
		{Name{None: true}, answered(), ""},
		{Name{None: true}, answered("10.0.0.1"), "should have none"},
		{Name{None: true}, Result{Name: ec2, Type: "A", RCode: "SERVFAIL"}, "the answer is SERVFAIL"},
		{Name{Connect: all}, with(answered("10.0.0.1"), good), ""},
		{Name{Connect: all}, with(answered("10.0.0.1", "10.0.0.2"), good), "10.0.0.2:443 was not tried"},
		{Name{Connect: all}, answered("10.0.0.1"), "was not tried"},
		{Name{Connect: tcp}, with(answered("10.0.0.1"), Connection{Address: one, Port: 443, TCP: "refused"}), "10.0.0.1:443: TCP: refused"},
		{Name{Connect: all}, with(answered("10.0.0.1"), Connection{Address: one, Port: 443, TCP: OK}), "TLS: not tried"},
		{Name{Connect: all}, with(answered("10.0.0.1"), Connection{Address: one, Port: 443, TCP: OK, TLS: OK, HTTP: "EOF"}), "HTTP: EOF"},
	} {
		tc.name.Name, tc.name.Type = ec2, "A"
		got := Request{Names: []Name{tc.name}}.Judge(Report{[]Result{tc.got}})[0]
		if text := strings.Join(got, "; "); tc.want == "" && text != "" || !strings.Contains(text, tc.want) {
			t.Errorf("%+v of %+v: %q, want %q", tc.got, tc.name, text, tc.want)
		}
	}
	if got := (Request{Names: []Name{{Name: ec2}}}).Judge(Report{}); len(got) != 1 || len(got[0]) != 1 {
		t.Errorf("an empty report: %v", got)
	}
}

// fake answers slowly on a clock.
type fake struct{ clock clock.Clock }

func (f fake) Resolve(ctx context.Context, _ Resolver, name dnsname.Name, _ string) (string, []string, error) {
	if err := f.clock.Sleep(ctx, time.Second); err != nil {
		return "", nil, err
	}
	if name == ec2 {
		return "", nil, errors.New("silence")
	}
	return "NOERROR", []string{"10.0.0.1", "10.0.0.2"}, nil
}

func (f fake) Connect(_ context.Context, to netip.Addr, c Connect) Connection {
	return Connection{Address: to, Port: c.Port, TCP: c.ServerName.String()}
}

// TestRun: every name is looked at, sixteen at a time, in the order of the
// request.
func TestRun(t *testing.T) {
	c := clock.NewVirtual(time.Time{})
	r := Request{}
	for i := range 40 {
		r.Names = append(r.Names, Name{Name: dnsname.MustParse(fmt.Sprintf("n%d.example.com", i)), Type: "A", Connect: []Connect{{Port: 1}, {Port: 2, ServerName: ec2}}})
	}
	r.Names[3].Name = ec2
	got := Run(t.Context(), c, fake{c}, r)
	for i, x := range got.Results {
		var names []string
		for _, y := range x.Connections {
			names = append(names, y.TCP)
		}
		want := []string{r.Names[i].Name.String(), ec2.String(), r.Names[i].Name.String(), ec2.String()}
		if x.Name != r.Names[i].Name || x.Duration != time.Second || i != 3 && !slices.Equal(names, want) || (i == 3) != (x.Error == "silence") {
			t.Errorf("result %d: %+v", i, x)
		}
	}
	if took := c.Now().Sub(time.Time{}); took != 3*time.Second {
		t.Errorf("40 names of a second took %s, sixteen at a time", took)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := Run(ended, c, fake{c}, r); !strings.Contains(got.Results[39].Error, "no time left") {
		t.Errorf("without time: %+v", got.Results[39])
	}
}
