// Package dns lets the twin be asked over the network: a resolver for each VPC,
// each inbound Resolver endpoint, the public recursive view ("internet"), and
// the public name servers, each on
// a UDP and a TCP port of its own. What they answer is resolve's, over the
// world as it stands at that moment; this package only turns it into messages.
//
// Left out: zone transfers, ANY, DNSSEC records, caching, and the forwarding of
// queries to real servers.
package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	mdns "github.com/miekg/dns"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Internet is the VPC of the public recursive view in a [Listener].
const Internet = "internet"

// Listener is one DNS server of the twin, as /_twin/resolvers shows it. UDP and
// TCP are the same address and port.
type Listener struct {
	VPC string `json:"vpc"` // Internet for the public view; none for a name server
	// Endpoint is the Resolver endpoint through which queries enter the VPC.
	Endpoint string           `json:"endpoint,omitempty"`
	Account  estate.AccountID `json:"account"`
	Region   estate.Region    `json:"region"`
	UDP      string           `json:"udp"` // host:port
	TCP      string           `json:"tcp"`
}

// Server is the DNS side of a world. Listeners open when they are asked for.
type Server struct {
	world  *world.World
	policy resolve.Policy
	host   string
	base   int

	mu     sync.Mutex
	open   map[string]*listener // by VPC ID, Internet, or the name server's host name
	closed bool
}

type listener struct {
	Listener
	port    int
	servers []*mdns.Server
	ended   sync.WaitGroup
	errs    chan error // from each server, once
}

// New makes the DNS side of a world, with nothing open yet. Host is the address
// to listen on, "127.0.0.1"; ports are given from portBase up, or by the system
// when it is 0.
func New(w *world.World, p resolve.Policy, host string, portBase int) *Server {
	return &Server{world: w, policy: p, host: host, base: portBase, open: map[string]*listener{}}
}

// Resolvers are the listeners of the public view, of every VPC and of every
// inbound Resolver endpoint, in this order and then by ID. Those of VPCs and
// endpoints made since the last call are opened, those of deleted ones closed.
func (s *Server) Resolvers(ctx context.Context) ([]Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.world.Estate()
	var out []Listener
	for key, l := range s.open {
		_, isVPC := e.VPCs.Get(key)
		_, isEndpoint := e.ResolverEndpoints.Get(key)
		if !isVPC && !isEndpoint && l.VPC != Internet && l.VPC != "" {
			delete(s.open, key)
			if err := l.close(); err != nil {
				return nil, err
			}
		}
	}
	l, err := s.listenLocked(ctx, Internet, Listener{VPC: Internet}, s.recursive(resolve.Vantage{}))
	if err != nil {
		return nil, err
	}
	out = append(out, l)
	for v := range e.VPCs.All() {
		l, err := s.listenLocked(ctx, v.ID, Listener{VPC: v.ID, Account: v.Account, Region: v.Region},
			s.recursive(resolve.Vantage{VPC: v.ID}))
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	for p := range e.ResolverEndpoints.All() {
		if p.Direction == estate.EndpointOutbound {
			continue
		}
		l, err := s.listenLocked(ctx, p.ID, Listener{VPC: p.VPC, Endpoint: p.ID, Account: p.Account, Region: p.Region}, s.entering(p.ID))
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// entering answers what enters a VPC through an inbound Resolver endpoint; one
// that is gone by now answers nothing.
func (s *Server) entering(id string) answerer {
	return func(q mdns.Question, name dnsname.Name) resolve.Answer {
		r, qtype := s.resolver(), mdns.TypeToString[q.Qtype]
		p, ok := s.world.Estate().ResolverEndpoints.Get(id)
		switch {
		case !ok || !p.Serves():
			return resolve.Answer{Name: name, Type: qtype, Outcome: resolve.NoResponse}
		case p.Direction == estate.EndpointDelegation:
			return r.Delegation(p, name, qtype)
		}
		return r.Resolve(resolve.Vantage{VPC: p.VPC, Inbound: true}, name, qtype)
	}
}

// NameServer is the listener of one public name server, given by its host name.
// It answers for the zones of the world that are on it, and refuses the rest.
func (s *Server) NameServer(ctx context.Context, host dnsname.Name) (Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listenLocked(ctx, host.String(), Listener{}, func(q mdns.Question, name dnsname.Name) resolve.Answer {
		return s.resolver().Authoritative(host, name, mdns.TypeToString[q.Qtype])
	})
}

func (s *Server) recursive(from resolve.Vantage) answerer {
	return func(q mdns.Question, name dnsname.Name) resolve.Answer {
		return s.resolver().Resolve(from, name, mdns.TypeToString[q.Qtype])
	}
}

// resolver is over the world of now; making one costs nothing.
func (s *Server) resolver() *resolve.Resolver { return resolve.New(s.world.Estate(), s.policy) }

// Close ends all listeners and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for _, l := range s.open {
		errs = append(errs, l.close())
	}
	clear(s.open)
	return errors.Join(errs...)
}

// listenLocked gives the listener of that key, opening it if need be.
func (s *Server) listenLocked(ctx context.Context, key string, l Listener, answer answerer) (Listener, error) {
	if s.closed {
		return Listener{}, net.ErrClosed
	}
	if open, ok := s.open[key]; ok {
		return open.Listener, nil
	}
	udp, tcp, err := s.bindLocked(ctx)
	if err != nil {
		return Listener{}, fmt.Errorf("DNS listener for %s: %w", key, err)
	}
	l.UDP, l.TCP = udp.LocalAddr().String(), tcp.Addr().String()
	open := &listener{Listener: l, port: tcp.Addr().(*net.TCPAddr).Port, errs: make(chan error, 2)}
	h := handler{answer: answer, recursive: l.VPC != "" && !delegation(s.world.Estate(), l.Endpoint)}
	for _, server := range []*mdns.Server{{PacketConn: udp, Handler: h, UDPSize: maxUDP}, {Listener: tcp, Handler: h}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		open.servers = append(open.servers, server)
		open.ended.Go(func() { open.errs <- server.ActivateAndServe() })
		<-started // so that it can be shut down
	}
	s.open[key] = open
	return l, nil
}

// delegation reports whether a Resolver endpoint is asked by name servers, which
// want no recursion (R5.17).
func delegation(e estate.Estate, endpoint string) bool {
	p, ok := e.ResolverEndpoints.Get(endpoint)
	return ok && p.Direction == estate.EndpointDelegation
}

const bindTries = 32 // for a port that is free for both UDP and TCP

// bindLocked takes a port for both UDP and TCP.
func (s *Server) bindLocked(ctx context.Context) (net.PacketConn, net.Listener, error) {
	var lc net.ListenConfig
	port := s.base
	if s.base > 0 { // the lowest that none of ours has
		taken := make([]int, 0, len(s.open))
		for _, l := range s.open {
			taken = append(taken, l.port)
		}
		slices.Sort(taken)
		for _, p := range taken {
			if p == port {
				port++
			}
		}
	}
	var errs []error
	for range bindTries {
		tcp, err := lc.Listen(ctx, "tcp", net.JoinHostPort(s.host, strconv.Itoa(port)))
		if err != nil {
			return nil, nil, err
		}
		udp, err := lc.ListenPacket(ctx, "udp", tcp.Addr().String())
		if err == nil {
			return udp, tcp, nil
		}
		errs = append(errs, err, tcp.Close())
		if port != 0 || ctx.Err() != nil {
			break
		}
	}
	return nil, nil, errors.Join(errs...)
}

func (l *listener) close() error {
	var errs []error
	for _, server := range l.servers {
		errs = append(errs, server.Shutdown())
	}
	l.ended.Wait()
	for range l.servers {
		errs = append(errs, <-l.errs)
	}
	return errors.Join(errs...)
}
