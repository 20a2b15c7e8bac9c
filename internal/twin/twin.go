// Package twin assembles an AWS of many accounts in this process: the services,
// the path that every call takes (see serve.go), and two doors to it, an
// [http.RoundTripper] for SDK clients of the same process and an
// [http.Handler] for clients outside.
//
// Not here: what a service does (its own package), what the world holds
// (package world), DNS (package dns).
package twin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// Twin serves the AWS APIs of a [world.World]. It costs nothing to make, and
// several may share a World: each is then a client process of its own, which a
// death fault can end.
type Twin struct {
	world    *world.World
	assembly *assembly
	requests atomic.Int64
	dead     atomic.Pointer[Death]
	// clientTime is the time that clients sign with, where it may differ from
	// the world's; nil where it does not.
	clientTime func() time.Time
}

// New makes a Twin of a world, in which Lambda runs orgdns's own functions.
func New(w *world.World) *Twin {
	if w.Functions == nil {
		w.Functions = functions
	}
	return &Twin{world: w, assembly: assembled()}
}

// RoundTrip serves an API call of this process, for use as an
// [http.Client]'s Transport. The credential scope decides service and Region,
// the host only where a call is not signed or names a bucket. The caller is a
// worker of the world's clock, if that is virtual.
//
// Transport faults are the errors that net/http would give; after a death
// fault every error is a [*Death].
func (t *Twin) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	if d := t.dead.Load(); d != nil {
		return nil, d
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	response, err := t.serve(req.Context(), req)
	if d, died := errors.AsType[*Death](err); died {
		t.dead.CompareAndSwap(nil, d)
	}
	if err != nil {
		return nil, err
	}
	return response.HTTP(req), nil
}

// ServeHTTP serves an API call of another process. Of transport faults, a
// reset resets the connection and all others close it.
func (t *Twin) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	defer t.world.Clock.Enter()()
	response, err := t.serve(req.Context(), req)
	switch {
	case err == nil:
		// A write error means that the client went away; there is nobody to tell.
		_ = response.Write(w)
	case errors.Is(err, syscall.ECONNRESET):
		reset(w)
	default:
		panic(http.ErrAbortHandler)
	}
}

// reset ends the connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Failing that, the connection is closed in the ordinary way.
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// Serve serves API calls on a listener until ctx is done, and waits for those
// under way. It closes the listener.
func (t *Twin) Serve(ctx context.Context, l net.Listener) error { return serveHTTP(ctx, l, t) }

// grace is how long a server that ends waits for the calls under way.
const grace = 3 * time.Second

func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var active sync.WaitGroup // handlers; http.Server.Close does not wait for them
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			active.Add(1)
			defer active.Done()
			h.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 30 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		limit, stop := context.WithTimeout(requests, grace)
		defer stop()
		if server.Shutdown(limit) != nil {
			cancel() // ends every wait
			err = server.Close()
		}
		<-served
	}
	cancel()
	active.Wait()
	return err
}
