// Package inside is the network of the machine that a probe runs on: the VPC's
// resolver, and connections by TCP, TLS and HTTP. What is asked and how it is
// judged is package probe's.
package inside

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/probe"
)

// Network is a [probe.Network].
type Network struct {
	Clock clock.Clock // by which certificates are valid
	// Roots are who may sign certificates; nil for those of the system.
	Roots *x509.CertPool
}

const (
	resolvConf = "/etc/resolv.conf"
	// patience is how long each step may take: a server's answer, a connection,
	// a handshake with what is asked over it.
	patience    = 5 * time.Second
	maxServers  = 3        // of resolv.conf, as resolv.conf(5) has it
	maxResponse = 64 << 10 // bytes of an HTTP response that are read
	maxNames    = 20       // of a certificate, that are reported
)

// Resolve asks the resolver over UDP and, when the answer is cut off, over TCP.
func (n Network) Resolve(ctx context.Context, by probe.Resolver, name dnsname.Name, rrtype string) (string, []string, error) {
	servers := []string{by.String()}
	if by.IsZero() {
		conf, err := mdns.ClientConfigFromFile(resolvConf)
		if err != nil {
			return "", nil, fmt.Errorf("the system's resolver is not known: %w", err)
		}
		if len(conf.Servers) == 0 {
			return "", nil, fmt.Errorf("%s names no resolver", resolvConf)
		}
		servers = nil
		for _, s := range conf.Servers[:min(len(conf.Servers), maxServers)] {
			servers = append(servers, net.JoinHostPort(s, conf.Port))
		}
	}
	m := new(mdns.Msg)
	m.SetQuestion(presentation(name), mdns.StringToType[rrtype])
	m.SetEdns0(4096, false)
	var errs []error
	for _, server := range servers {
		in, err := exchange(ctx, m, server)
		if err != nil {
			errs = append(errs, fmt.Errorf("the resolver %s does not answer: %s", server, brief(err)))
			continue
		}
		return mdns.RcodeToString[in.Rcode], values(in.Answer), nil
	}
	return "", nil, errors.Join(errs...)
}

// presentation writes a name as RFC 1035 section 5.1 has it.
func presentation(n dnsname.Name) string {
	out := ""
	for _, l := range n.Labels() {
		for _, c := range l {
			switch {
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
				out += string(rune(c))
			default:
				out += fmt.Sprintf(`\%03d`, c)
			}
		}
		out += "."
	}
	if out == "" {
		return "."
	}
	return out
}

func exchange(ctx context.Context, m *mdns.Msg, server string) (*mdns.Msg, error) {
	var in *mdns.Msg
	for _, network := range []string{"udp", "tcp"} {
		var err error
		c := mdns.Client{Net: network, UDPSize: 4096, Timeout: patience}
		if in, _, err = c.ExchangeContext(ctx, m, server); err != nil {
			return nil, err
		}
		if !in.Truncated {
			break
		}
	}
	return in, nil
}

// values are the addresses of an answer and the names that lead to them.
func values(list []mdns.RR) []string {
	var out []string
	for _, rr := range list {
		switch rr := rr.(type) {
		case *mdns.CNAME:
			out = append(out, rr.Target)
		case *mdns.A:
			out = append(out, rr.A.String())
		case *mdns.AAAA:
			out = append(out, rr.AAAA.String())
		}
	}
	return out
}

// Connect connects by TCP, shakes hands, and asks, as far as c says.
func (n Network) Connect(ctx context.Context, to netip.Addr, c probe.Connect) probe.Connection {
	out := probe.Connection{Address: to, Port: c.Port, TCP: probe.OK}
	dialing, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(dialing, "tcp", netip.AddrPortFrom(to, c.Port).String())
	if err != nil {
		out.TCP = brief(err)
		return out
	}
	defer conn.Close()
	ctx, cancel = context.WithTimeout(ctx, patience)
	defer cancel()
	// Whoever talks and never ends is cut off.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if c.TLS {
		secured := tls.Client(conn, &tls.Config{ServerName: c.ServerName.String(), RootCAs: n.Roots, Time: n.Clock.Now})
		out.TLS, out.CertificateNames = n.shake(ctx, secured)
		if out.TLS != probe.OK {
			return out
		}
		conn = secured
	}
	if c.Path != "" {
		out.HTTP = status(ctx, conn, c)
	}
	return out
}

// shake is the result of a handshake, and what the certificate is for, also when
// it is refused.
func (n Network) shake(ctx context.Context, conn *tls.Conn) (string, []string) {
	err := conn.HandshakeContext(ctx)
	certificates := conn.ConnectionState().PeerCertificates
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		certificates = refused.UnverifiedCertificates
	}
	var names []string
	if len(certificates) > 0 {
		names = slices.Clone(certificates[0].DNSNames)
		for _, ip := range certificates[0].IPAddresses {
			names = append(names, ip.String())
		}
		names = names[:min(len(names), maxNames)]
	}
	if err != nil {
		return brief(err), names
	}
	return probe.OK, names
}

// status asks by HTTP/1.1 and gives the status; redirects are not followed.
func status(ctx context.Context, conn net.Conn, c probe.Connect) string {
	host := c.ServerName.String()
	if c.Port != 80 && c.Port != 443 {
		host = net.JoinHostPort(host, strconv.Itoa(int(c.Port)))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+c.Path, nil)
	if err != nil {
		return brief(err)
	}
	req.Header.Set("User-Agent", "orgdns-probe")
	req.Close = true
	if err := req.Write(conn); err != nil {
		return brief(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxResponse)), req)
	if err != nil {
		return brief(err)
	}
	defer resp.Body.Close()
	return strconv.Itoa(resp.StatusCode)
}

// brief is an error without the addresses that stand beside it anyway.
func brief(err error) string {
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", patience)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}
