package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// A Handler serves one operation. C is what the twin tells its handlers about a
// call besides the input, such as the caller.
type Handler[C any] struct {
	operation string
	in, out   reflect.Type
	unions    []reflect.Type
	serve     func(ctx context.Context, call C, fill func(in reflect.Value) error) (out reflect.Value, err error)
}

// Handle makes a handler of a function over the SDK's input and output structs.
// The operation is the input type's name without "Input", as in
// CreateHostedZoneInput.
func Handle[C, I, O any](serve func(ctx context.Context, call C, in *I) (*O, error)) Handler[C] {
	return Handler[C]{
		operation: strings.TrimSuffix(reflect.TypeFor[I]().Name(), "Input"),
		in:        reflect.TypeFor[I](),
		out:       reflect.TypeFor[O](),
		serve: func(ctx context.Context, call C, fill func(reflect.Value) error) (reflect.Value, error) {
			in := new(I)
			if err := fill(reflect.ValueOf(in).Elem()); err != nil {
				return reflect.Value{}, err
			}
			out, err := serve(ctx, call, in)
			if out == nil {
				out = new(O)
			}
			return reflect.ValueOf(out).Elem(), err
		},
	}
}

// Union names the types that stand for the members of the unions in a handler's
// input and output, by a value of each. The handlers of a service share them.
func (h Handler[C]) Union(members ...any) Handler[C] {
	for _, m := range members {
		h.unions = append(h.unions, reflect.TypeOf(m))
	}
	return h
}

// A Mux has the handlers of one service.
type Mux[C any] struct {
	service  *Service
	handlers map[string]bound[C]
}

type bound[C any] struct {
	Handler[C]
	in, out *plan
}

// NewMux checks that each handler's operation is in the table, once, and that
// every member of its input and output has a field; the error lists all that
// does not fit.
func NewMux[C any](s *Service, handlers ...Handler[C]) (*Mux[C], error) {
	m := &Mux[C]{service: s, handlers: map[string]bound[C]{}}
	p := planner{made: map[planKey]*plan{}}
	for _, h := range handlers {
		p.unions = append(p.unions, h.unions...)
	}
	for _, h := range handlers {
		op, err := s.Operation(h.operation)
		if err != nil {
			p.fail(h.operation, "%v", err)
			continue
		}
		if _, twice := m.handlers[h.operation]; twice {
			p.fail(h.operation, "handled twice")
		}
		m.handlers[h.operation] = bound[C]{
			Handler: h,
			in:      p.plan(op.in, h.in, h.operation+"Input"),
			out:     p.plan(op.out, h.out, h.operation+"Output"),
		}
	}
	if len(p.problems) > 0 {
		return nil, fmt.Errorf("handlers of %s: %w", s.Name, errors.Join(p.problems...))
	}
	return m, nil
}

// Has reports whether the operation has a handler.
func (m *Mux[C]) Has(operation string) bool {
	_, ok := m.handlers[operation]
	return ok
}

// Serve calls the handler of the operation. Without one the error is a
// [*NotImplementedError]; a handler's own error comes back as it is. In an output
// a nil slice is absent and an empty one is there, but the lists of List and
// Describe operations are always there, and so is what the model requires.
func (m *Mux[C]) Serve(ctx context.Context, call C, op *Operation, in Tree) (Tree, error) {
	h, ok := m.handlers[op.Name]
	if !ok {
		return nil, &NotImplementedError{Service: m.service, Operation: op.Name}
	}
	out, err := h.serve(ctx, call, func(dst reflect.Value) error {
		if err := h.in.fill(dst, in); err != nil {
			return malformed(m.service, true, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	v, err := h.out.tree(out)
	if err != nil {
		return nil, fmt.Errorf("%s.%s: output: %w", m.service.Name, op.Name, err)
	}
	t := v.(Tree)
	if strings.HasPrefix(op.Name, "List") || strings.HasPrefix(op.Name, "Describe") {
		for _, member := range op.out.members {
			if t[member.name] == nil && member.shape.kind == kindList {
				t[member.name] = []any{} // as AWS answers; clients look for the key
			}
		}
	}
	return t, nil
}

// Write sends the answer through a server.
func (r *Response) Write(w http.ResponseWriter) error {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.Status)
	_, err := w.Write(r.Body)
	return err
}

// HTTP is the answer as a client receives it; to a HEAD it has no body.
func (r *Response) HTTP(req *http.Request) *http.Response {
	body := r.Body
	if req.Method == http.MethodHead {
		body = nil
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status)), StatusCode: r.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.Header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}
