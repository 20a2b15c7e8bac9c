package twin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/dns"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// adminPath is the path of the admin interface; no AWS service has one like it.
const adminPath = "/_twin/"

// maxSnapshot is the size in bytes of the largest estate that a reset takes.
const maxSnapshot = 256 << 20

// admin is the interface for whoever runs a twin as a server: JSON, GET and
// POST, from loopback addresses only. An error is {"error": "..."}.
//
//	GET  /_twin/estate     the state as a snapshot
//	GET  /_twin/resolvers  the DNS listeners, which this opens
//	GET  /_twin/calls      the log of calls
//	POST /_twin/reset      back to the start, or to the snapshot in the body
//	GET  /_twin/clock      {"now"}
//	POST /_twin/clock      {"advance": "1h"}
//	GET  /_twin/faults     the faults that have not run out
//	POST /_twin/faults     one fault to add, or a list that replaces all
type admin struct {
	world   *world.World
	dns     *dns.Server
	start   estate.Estate
	advance func(time.Duration)
}

// badRequest is an error of the one who asks.
type badRequest struct {
	status int
	text   string
}

func (b *badRequest) Error() string { return b.text }

func bad(status int, format string, args ...any) error {
	return &badRequest{status, fmt.Sprintf(format, args...)}
}

func (a *admin) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	answer, err := a.serve(req)
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		if b, ok := errors.AsType[*badRequest](err); ok {
			status = b.status
		}
		answer = map[string]string{"error": err.Error()}
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetIndent("", "  ")
	if err := enc.Encode(answer); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A write error means that the client went away; there is nobody to tell.
	_, _ = w.Write(body.Bytes())
}

func (a *admin) serve(req *http.Request) (any, error) {
	if err := fromHere(req); err != nil {
		return nil, err
	}
	type endpoint struct {
		get, post func(*http.Request) (any, error)
	}
	endpoints := map[string]endpoint{
		"estate":    {get: a.estate},
		"resolvers": {get: a.resolvers},
		"calls":     {get: a.calls},
		"reset":     {post: a.reset},
		"clock":     {a.clock, a.moveClock},
		"faults":    {a.faults, a.inject},
	}
	e, ok := endpoints[strings.TrimPrefix(strings.TrimSuffix(req.URL.Path, "/"), adminPath)]
	switch {
	case !ok:
		return nil, bad(http.StatusNotFound, "nothing at %s; there are calls, clock, estate, faults, reset and resolvers", req.URL.Path)
	case req.Method == http.MethodGet && e.get != nil:
		return e.get(req)
	case req.Method == http.MethodPost && e.post != nil:
		return e.post(req)
	}
	return nil, bad(http.StatusMethodNotAllowed, "%s is not for %s", req.Method, req.URL.Path)
}

// fromHere refuses whoever is not on this machine, and web pages that a browser
// on this machine shows: their requests carry another origin, or, with a name
// bound to a loopback address, another host.
func fromHere(req *http.Request) error {
	from, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return bad(http.StatusForbidden, "%s answers to loopback addresses only", adminPath)
	}
	host := req.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, err = netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil && host != "localhost" && !strings.HasSuffix(host, ".localhost") {
		return bad(http.StatusForbidden, "%s is asked for by address or as localhost, not as %s", adminPath, host)
	}
	if err := http.NewCrossOriginProtection().Check(req); err != nil {
		return bad(http.StatusForbidden, "%v", err)
	}
	return nil
}

func (a *admin) estate(*http.Request) (any, error) { return a.world.Estate(), nil }

func (a *admin) calls(*http.Request) (any, error) { return a.world.Calls(), nil }

func (a *admin) resolvers(req *http.Request) (any, error) {
	// Listeners outlive the request that opened them.
	return a.dns.Resolvers(context.WithoutCancel(req.Context()))
}

func (a *admin) reset(req *http.Request) (any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, req.Body, maxSnapshot))
	if err != nil {
		return nil, bad(http.StatusRequestEntityTooLarge, "the snapshot is larger than %d bytes", maxSnapshot)
	}
	e := a.start
	if len(bytes.TrimSpace(body)) > 0 {
		e = estate.Estate{}
		if err := json.Unmarshal(body, &e); err != nil {
			return nil, bad(http.StatusBadRequest, "the body is no snapshot of an estate: %s", misread(err))
		}
	}
	a.world.Reset(e)
	return struct{}{}, nil
}

// clockAnswer is the time of the twin.
type clockAnswer struct {
	Now time.Time `json:"now"`
}

func (a *admin) clock(*http.Request) (any, error) { return clockAnswer{a.world.Now()}, nil }

func (a *admin) moveClock(req *http.Request) (any, error) {
	var in struct {
		Advance string `json:"advance"`
	}
	if err := decode(req, &in); err != nil {
		return nil, err
	}
	d, err := duration("advance", in.Advance)
	if err != nil {
		return nil, err
	}
	a.advance(d)
	a.world.Wake("", time.Time{})
	return clockAnswer{a.world.Now()}, nil
}

// duration reads a duration that goes forward.
func duration(key, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, bad(http.StatusBadRequest, `%q is %q; wanted is a duration such as "90s" or "1h"`, key, text)
	}
	return d, nil
}

// faultJSON is a fault as the interface has it, with a readable delay.
type faultJSON struct {
	world.Fault
	Delay string `json:"delay,omitempty"`
}

func (a *admin) faults(*http.Request) (any, error) {
	out := []faultJSON{}
	for _, f := range a.world.Faults() {
		j := faultJSON{Fault: f}
		if f.Delay > 0 {
			j.Delay = f.Delay.String()
		}
		out = append(out, j)
	}
	return out, nil
}

func (a *admin) inject(req *http.Request) (any, error) {
	var raw json.RawMessage
	if err := decode(req, &raw); err != nil {
		return nil, err
	}
	list := bytes.HasPrefix(raw, []byte("["))
	if !list {
		raw = append(append([]byte("["), raw...), ']')
	}
	var in []faultJSON
	if err := strict(raw, &in); err != nil {
		return nil, err
	}
	var faults []world.Fault
	for _, f := range in {
		if err := f.check(); err != nil {
			return nil, err
		}
		faults = append(faults, f.Fault)
	}
	if list {
		a.world.ClearFaults()
	}
	a.world.Inject(faults...)
	return a.faults(req)
}

// check finds what is wrong with a fault, and reads its delay.
func (f *faultJSON) check() error {
	switch f.Kind {
	case world.FaultThrottle, world.FaultServer, world.FaultTimeout, world.FaultLostResponse,
		world.FaultSlow, world.FaultStale, world.FaultReset, world.FaultDeath,
		world.FaultEventDrop, world.FaultEventRepeat, world.FaultEventDelay:
	default:
		return bad(http.StatusBadRequest, "kind %q is none of throttle, 5xx, timeout, lostResponse, slow, stale, reset, death, eventDrop, eventRepeat, eventDelay", f.Kind)
	}
	if f.Delay != "" {
		var err error
		if f.Fault.Delay, err = duration("delay", f.Delay); err != nil {
			return err
		}
	}
	if f.Fault.Delay == 0 && (f.Kind == world.FaultSlow || f.Kind == world.FaultStale || f.Kind == world.FaultEventDelay) {
		return bad(http.StatusBadRequest, `a fault of kind %s needs a "delay"`, f.Kind)
	}
	if f.Skip < 0 || f.Count < -1 {
		return bad(http.StatusBadRequest, `"skip" is at least 0, "count" at least -1 (for ever)`)
	}
	if f.Share < 0 || f.Share > 1 || (f.Share > 0 || f.Seed > 0) && !f.Kind.OfEvents() {
		return bad(http.StatusBadRequest, `"share" is from 0 to 1, and with "seed" of events alone`)
	}
	if f.Kind.OfEvents() {
		return nil // its service is a source, which may be anything
	}
	if f.Service == "" {
		if f.Operation != "" {
			return bad(http.StatusBadRequest, `an "operation" needs its "service"`)
		}
		return nil
	}
	service, err := wire.Load(f.Service)
	if err != nil {
		return bad(http.StatusBadRequest, "%v", err)
	}
	if f.Operation != "" {
		if _, err := service.Operation(f.Operation); err != nil {
			return bad(http.StatusBadRequest, "%v", err)
		}
	}
	return nil
}

// decode reads the JSON body of a request.
func decode(req *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, req.Body, 1<<20))
	if err != nil {
		return bad(http.StatusBadRequest, "%v", err)
	}
	return strict(body, into)
}

// misread says what is wrong with a body, in terms of JSON and not of the types
// that hold it here.
func misread(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		wanted := map[reflect.Kind]string{
			reflect.String: "a string", reflect.Int: "a whole number", reflect.Int32: "a whole number", reflect.Int64: "a whole number",
			reflect.Uint32: "a whole number", reflect.Bool: "true or false", reflect.Slice: "a list", reflect.Map: "an object", reflect.Struct: "an object",
		}[t.Type.Kind()]
		if wanted == "" {
			wanted = "something else"
		}
		where := "the whole of it"
		if t.Field != "" {
			where = strconv.Quote(t.Field[strings.LastIndexByte(t.Field, '.')+1:])
		}
		return fmt.Sprintf("%s is a JSON %s; wanted is %s", where, strings.Fields(t.Value)[0], wanted)
	}
	switch {
	case errors.Is(err, io.EOF):
		return "it is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// strict reads one JSON value that has no key that is not known.
func strict(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return bad(http.StatusBadRequest, "the body is not the JSON wanted: %s", misread(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return bad(http.StatusBadRequest, "there is more than one JSON value in the body")
	}
	return nil
}
