package inside

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/probe"
)

// resolver answers A queries for www by a CNAME and many addresses: cut off over
// UDP, whole over TCP. Anything else does not exist.
func resolver(t *testing.T) probe.Resolver {
	t.Helper()
	h := mdns.HandlerFunc(func(w mdns.ResponseWriter, q *mdns.Msg) {
		m := new(mdns.Msg)
		m.SetReply(q)
		if q.Question[0].Name != "www.example.com." {
			m.Rcode = mdns.RcodeNameError
		} else {
			m.Answer = append(m.Answer, &mdns.CNAME{Hdr: mdns.RR_Header{Name: q.Question[0].Name, Rrtype: mdns.TypeCNAME, Class: 1}, Target: "a.example.com."})
			m.Answer = append(m.Answer, &mdns.A{Hdr: mdns.RR_Header{Name: "a.example.com.", Rrtype: mdns.TypeA, Class: 1}, A: net.IP{127, 0, 0, 1}})
		}
		if _, udp := w.RemoteAddr().(*net.UDPAddr); udp && m.Rcode == 0 {
			m.Answer, m.Truncated = nil, true
		}
		_ = w.WriteMsg(m)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*mdns.Server{{Listener: l, Handler: h}, {PacketConn: p, Handler: h}} {
		ended, up := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		go func() { defer close(ended); _ = s.ActivateAndServe() }()
		<-up
		t.Cleanup(func() { _ = s.Shutdown(); <-ended })
	}
	return probe.Resolver{AddrPort: netip.MustParseAddrPort(l.Addr().String())}
}

func TestResolve(t *testing.T) {
	by := resolver(t)
	n := Network{}
	rcode, answers, err := n.Resolve(t.Context(), by, dnsname.MustParse("www.example.com"), "A")
	if err != nil || rcode != "NOERROR" || !slices.Equal(answers, []string{"a.example.com.", "127.0.0.1"}) {
		t.Errorf("www: %s %v %v", rcode, answers, err)
	}
	if rcode, answers, err := n.Resolve(t.Context(), by, dnsname.MustParse("no.example.com"), "A"); err != nil || rcode != "NXDOMAIN" || answers != nil {
		t.Errorf("no: %s %v %v", rcode, answers, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	by.AddrPort = netip.MustParseAddrPort(silent.LocalAddr().String())
	if _, _, err := n.Resolve(ctx, by, dnsname.MustParse("www.example.com"), "A"); err == nil || !strings.Contains(err.Error(), by.String()+" does not answer: no answer within") {
		t.Errorf("silence: %v", err)
	}
}

func TestConnect(t *testing.T) {
	teapot := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && strings.HasPrefix(r.Host, "example.com:") {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	plain, secure := httptest.NewServer(teapot), httptest.NewTLSServer(teapot) // its certificate is for example.com
	defer plain.Close()
	defer secure.Close()
	secure.Config.ErrorLog = nil
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	now := clock.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	at := func(s *httptest.Server) netip.AddrPort { return netip.MustParseAddrPort(s.Listener.Addr().String()) }
	example, other := dnsname.MustParse("example.com"), dnsname.MustParse("other.example.org")
	look := func(n Network, to netip.AddrPort, c probe.Connect) probe.Connection {
		c.Port = to.Port()
		return n.Connect(t.Context(), to.Addr(), c)
	}
	n := Network{Clock: now, Roots: roots}
	if got := look(n, at(plain), probe.Connect{}); got.TCP != probe.OK || got.TLS != "" || got.HTTP != "" {
		t.Errorf("TCP: %+v", got)
	}
	if got := look(n, at(plain), probe.Connect{ServerName: example, Path: "/health"}); got.HTTP != "418" {
		t.Errorf("HTTP: %+v", got)
	}
	if got := look(n, at(secure), probe.Connect{TLS: true, ServerName: example, Path: "/health"}); got.TLS != probe.OK || got.HTTP != "418" || !slices.Contains(got.CertificateNames, "example.com") {
		t.Errorf("HTTPS: %+v", got)
	}
	if got := look(n, at(secure), probe.Connect{TLS: true, ServerName: other, Path: "/"}); !strings.Contains(got.TLS, "not other.example.org") || got.HTTP != "" || !slices.Contains(got.CertificateNames, "example.com") {
		t.Errorf("another name: %+v", got)
	}
	if got := look(Network{Clock: now, Roots: x509.NewCertPool()}, at(secure), probe.Connect{TLS: true, ServerName: example}); !strings.Contains(got.TLS, "unknown authority") {
		t.Errorf("another root: %+v", got)
	}
	late := Network{Clock: clock.NewVirtual(time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)), Roots: roots}
	if got := look(late, at(secure), probe.Connect{TLS: true, ServerName: example}); !strings.Contains(got.TLS, "expired") {
		t.Errorf("a century later: %+v", got)
	}
	if got := look(n, at(plain), probe.Connect{TLS: true, ServerName: example}); got.TCP != probe.OK || got.TLS == probe.OK || got.TLS == "" {
		t.Errorf("TLS with a server that has none: %+v", got)
	}
	closed := at(plain)
	plain.Close()
	if got := look(n, closed, probe.Connect{}); !strings.Contains(got.TCP, "refused") {
		t.Errorf("nobody listens: %+v", got)
	}
}

// TestSilentServer: who takes a connection and says nothing is cut off.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	to := netip.MustParseAddrPort(l.Addr().String())
	got := Network{Clock: clock.NewVirtual(time.Time{})}.Connect(ctx, to.Addr(), probe.Connect{Port: to.Port(), ServerName: dnsname.MustParse("example.com"), Path: "/"})
	if got.TCP != probe.OK || !strings.HasPrefix(got.HTTP, "no answer within") {
		t.Errorf("silence: %+v", got)
	}
}
