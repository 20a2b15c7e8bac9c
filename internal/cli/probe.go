package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/dns"
)

// prober asks DNS over the network: from the internet through this machine's
// resolver, or, when AWS is a twin, through the resolvers that it has in every
// VPC.
type prober struct {
	endpoint string

	mu      sync.Mutex
	servers map[string]string // vantage -> host:port
}

func newProber(endpoint string) *prober { return &prober{endpoint: endpoint} }

// Probe asks one name.
func (p *prober) Probe(ctx context.Context, from resolve.Vantage, name dnsname.Name, rrtype string) (resolve.Answer, error) {
	server, err := p.server(ctx, from)
	if err != nil {
		return resolve.Answer{}, err
	}
	reply, err := dns.Query(ctx, server, name, rrtype)
	if err != nil {
		return resolve.Answer{}, fmt.Errorf("asking %s for %s %s: %w", server, name, rrtype, err)
	}
	return resolve.Answer{
		Name: name, Type: rrtype, Outcome: resolve.Outcome(reply.RCode),
		Records: reply.Records, Authority: reply.Authority,
	}, nil
}

// server finds whom to ask from a vantage. A VPC may be newer than the list.
func (p *prober) server(ctx context.Context, from resolve.Vantage) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	where := from.VPC
	if where == "" {
		where = dns.Internet
	}
	if s, ok := p.servers[where]; ok {
		return s, nil
	}
	if p.endpoint != "" {
		list, err := twinResolvers(ctx, p.endpoint)
		if err != nil {
			return "", err
		}
		if list != nil {
			p.servers = byVantage(list)
			if s, ok := p.servers[where]; ok {
				return s, nil
			}
		}
	}
	if from.VPC != "" {
		return "", reconcile.ErrNoProbe
	}
	conf, err := mdns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil || len(conf.Servers) == 0 {
		return "", fmt.Errorf("this machine has no DNS resolver: %w", err)
	}
	return net.JoinHostPort(conf.Servers[0], conf.Port), nil
}

// twinResolvers lists the resolvers of a twin; nil when the endpoint is none.
func twinResolvers(ctx context.Context, endpoint string) ([]dns.Listener, error) {
	var list []dns.Listener
	err := askTwin(ctx, endpoint, "resolvers", &list)
	if errors.Is(err, errNoTwin) {
		return nil, nil
	}
	return list, err
}

// twinAhead is how far the clock of a twin was moved ahead; zero when the
// endpoint is none.
func twinAhead(ctx context.Context, endpoint string, now time.Time) time.Duration {
	var at struct{ Now time.Time }
	if endpoint == "" || askTwin(ctx, endpoint, "clock", &at) != nil || at.Now.Sub(now) < time.Minute {
		return 0
	}
	return at.Now.Sub(now)
}

var errNoTwin = errors.New("AWS_ENDPOINT_URL is no twin")

// askTwin reads from a twin's admin interface.
func askTwin(ctx context.Context, endpoint, what string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(endpoint, "/")+"/_twin/"+what, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("AWS_ENDPOINT_URL: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(into) != nil {
		return errNoTwin
	}
	return nil
}
