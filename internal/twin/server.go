package twin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/dns"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Server is a twin for clients outside this process: `orgdns twin`. Its time is
// wall time plus what the admin interface advanced it by; a request may be
// dated by either.
type Server struct {
	// Listen is the address to serve at, "127.0.0.1:4577"; port 0 takes any.
	Listen string
	// ListenAnywhere allows an address that is not loopback. Whoever reaches
	// it is the administrator of every account.
	ListenAnywhere bool
	Estate         estate.Estate
	RealLimits     bool // real AWS quotas and rates
	DNSPortBase    int  // first port of the DNS listeners; 0 takes any
}

// Running is a server that serves.
type Running struct {
	URL    string
	who    estate.AccountID // as whose administrator to begin
	ended  chan struct{}
	result error
}

// Start begins to serve, until ctx is done.
func (s Server) Start(ctx context.Context) (*Running, error) {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen address %q: %w", s.Listen, err)
	}
	if !s.ListenAnywhere && !loopback(host) {
		return nil, fmt.Errorf("listen address %q is not a loopback address: whoever reaches the twin is the administrator of every account in it", s.Listen)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return nil, err
	}
	at := &offsetTime{}
	w := world.New(at.clock(), s.Estate)
	w.Limits = s.RealLimits
	t := New(w)
	t.clientTime = time.Now
	names := dns.New(w, resolve.DefaultPolicy, host, s.DNSPortBase)
	a := &admin{world: w, dns: names, start: s.Estate, advance: at.advance}
	r := &Running{URL: "http://" + reachable(l.Addr()), who: beginner(s.Estate), ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.result = errors.Join(serveHTTP(ctx, l, front{t, a}), names.Close())
	}()
	return r, nil
}

// reachable is an address at which this machine reaches a listener.
func reachable(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err == nil && at.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port()).String()
	}
	return a.String()
}

// front parts the admin interface from the API. It is no http.ServeMux, which
// would clean paths that are signed.
type front struct {
	api   *Twin
	admin *admin
}

func (f front) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if strings.HasPrefix(req.URL.Path, adminPath) {
		f.admin.ServeHTTP(w, req)
		return
	}
	f.api.ServeHTTP(w, req)
}

// loopback reports whether a host is this machine and nothing else.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || host == "localhost"
}

// Wait waits until the server has ended, and says how.
func (r *Running) Wait() error {
	<-r.ended
	return r.result
}

// beginner is an account of an estate, if it has one: the management account.
func beginner(e estate.Estate) estate.AccountID {
	if e.Organization.Management != "" {
		return e.Organization.Management
	}
	for a := range e.Accounts.All() {
		return a.ID
	}
	return "111111111111"
}

// Hints are the lines that tell a person how to use the server.
func (r *Running) Hints() []string {
	return []string{
		"export AWS_ENDPOINT_URL=" + r.URL + " AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1",
		"export AWS_ACCESS_KEY_ID=" + string(r.who) + " AWS_SECRET_ACCESS_KEY=twin  # any 12 digits: the administrator of that account",
		"aws sts get-caller-identity",
		"curl " + r.URL + strings.TrimSuffix(adminPath, "/") + "/resolvers  # DNS servers by VPC, for dig",
	}
}
