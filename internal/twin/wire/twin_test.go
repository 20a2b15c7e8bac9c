package wire

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

// A door is a twin of handlers without state, rights or signatures: what the
// tests need of an assembly.
type door struct {
	router *Router
	muxes  map[*Service]*Mux[string]
}

// newDoor takes handlers by the name of their table.
func newDoor(t testing.TB, handlers map[string][]Handler[string]) *door {
	t.Helper()
	d := &door{muxes: map[*Service]*Mux[string]{}}
	var services []*Service
	for _, name := range Services() {
		s, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		mux, err := NewMux(s, handlers[name]...)
		if err != nil {
			t.Fatal(err)
		}
		services, d.muxes[s] = append(services, s), mux
	}
	d.router = NewRouter(services...)
	return d
}

// RoundTrip answers as AWS would.
func (d *door) RoundTrip(req *http.Request) (*http.Response, error) {
	r, err := d.answer(req)
	if err != nil {
		return nil, err
	}
	return r.HTTP(req), nil
}

func (d *door) Do(req *http.Request) (*http.Response, error) { return d.RoundTrip(req) }

func (d *door) answer(req *http.Request) (*Response, error) {
	body, err := ReadBody(req)
	if err != nil {
		return nil, err
	}
	call, err := d.router.Route(req, body, signingName(req))
	if err != nil {
		s := ServiceOf(err)
		if s == nil {
			return nil, err
		}
		return s.EncodeError(err, "request-1"), nil
	}
	op := call.Operation
	in, err := call.Decode()
	if err == nil {
		err = op.Validate(in)
	}
	var out Tree
	if err == nil {
		out, err = d.muxes[op.Service].Serve(req.Context(), signingName(req), op, in)
	}
	var r *Response
	if err == nil {
		r, err = op.Encode(out, "request-1")
	}
	if err != nil {
		return op.Service.EncodeError(err, "request-1"), nil
	}
	return r, nil
}

// signingName is the service of the credential scope.
func signingName(req *http.Request) string {
	_, credential, _ := strings.Cut(req.Header.Get("Authorization"), "Credential=")
	parts := strings.Split(credential, "/")
	if len(parts) < 4 {
		return ""
	}
	return parts[3]
}

// handle is Handle for handlers that look at their input only.
func handle[I, O any](serve func(*I) (*O, error)) Handler[string] {
	return Handle(func(_ context.Context, _ string, in *I) (*O, error) { return serve(in) })
}
