package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/orgdns/orgdns/internal/event"
)

// spans are traces: one of each event, from its time to the decision, and one of
// each sweep. Nil sends none.
type spans struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// newSpans reads where traces go from the environment, as the OpenTelemetry
// specification has it (specs/otel/protocol/exporter). The SDK reads the rest:
// OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER.
func newSpans(lost func(error)) (*spans, error) {
	at := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if base := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); at == "" && base != "" {
		at = strings.TrimSuffix(base, "/") + "/v1/traces"
	}
	if at == "" {
		return nil, nil
	}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT is %q; it must be an http or https URL, since traces go by OTLP over HTTP", at)
	}
	e := &otlp{url: at, header: http.Header{}, client: &http.Client{Timeout: 10 * time.Second}, lost: lost}
	for _, pair := range strings.Split(os.Getenv("OTEL_EXPORTER_OTLP_HEADERS"), ",") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			if plain, err := url.PathUnescape(strings.TrimSpace(value)); err == nil {
				value = plain
			}
			e.header.Set(strings.TrimSpace(name), value)
		}
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(e))
	return &spans{p, p.Tracer("github.com/orgdns/orgdns")}, nil
}

func (s *spans) close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	return s.provider.Shutdown(ctx)
}

// flush sends what waits.
func (s *spans) flush(ctx context.Context) error {
	if s == nil {
		return nil
	}
	return s.provider.ForceFlush(ctx)
}

// event is the way of an event: on its way to the queue and in it, and then until
// it was decided.
func (s *spans) event(ctx context.Context, e event.Entry) {
	if s == nil {
		return
	}
	began := e.Taken
	if !e.Hint.Time.IsZero() && e.Hint.Time.Before(began) {
		began = e.Hint.Time
	}
	ctx, whole := s.tracer.Start(ctx, "event", trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("messaging.system", "aws_sqs"), attribute.String("messaging.message.id", e.Message), attribute.String("messaging.destination.name", e.Queue),
		attribute.String("cloud.account.id", string(e.Hint.Account)), attribute.String("cloud.region", string(e.Hint.Region)),
		attribute.String("orgdns.form", string(e.Hint.Form)), attribute.String("orgdns.service", e.Hint.Service), attribute.String("orgdns.name", nameText(e)),
		attribute.String("orgdns.outcome", string(e.Outcome)), attribute.String("orgdns.reason", string(e.Reason)), attribute.StringSlice("orgdns.changes", e.Changes),
	))
	part := func(name string, from, to time.Time) {
		_, span := s.tracer.Start(ctx, name, trace.WithTimestamp(from))
		span.End(trace.WithTimestamp(to))
	}
	part("delivery", began, e.Taken)
	part("decision", e.Taken, e.At)
	switch e.Outcome {
	case event.Retried, event.GivenUp, event.Refused:
		whole.SetStatus(codes.Error, e.Detail)
	}
	whole.End(trace.WithTimestamp(e.At))
}

func (s *spans) sweep(ctx context.Context, e event.SweepEntry) {
	if s == nil {
		return
	}
	_, span := s.tracer.Start(ctx, "sweep", trace.WithTimestamp(e.At.Add(-e.Took)), trace.WithAttributes(attribute.Bool("orgdns.first", e.First)))
	if e.Err != nil {
		span.SetStatus(codes.Error, e.Err.Error())
	} else {
		span.SetAttributes(attribute.Int("orgdns.changes", len(e.Swept.Done)), attribute.Int("orgdns.failed", len(e.Swept.Failed)))
		if err := e.Swept.Problems.Err(); err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
	}
	span.End(trace.WithTimestamp(e.At))
}

// otlp sends spans by OTLP over HTTP in JSON (OpenTelemetry specification,
// specs/otlp: OTLP/HTTP, JSON Protobuf encoding).
type otlp struct {
	url    string
	header http.Header
	client *http.Client
	lost   func(error)
}

// What follows is the message TracesData, as far as it is used.
type (
	otlpValue struct {
		String *string    `json:"stringValue,omitempty"`
		Bool   *bool      `json:"boolValue,omitempty"`
		Int    *string    `json:"intValue,omitempty"` // 64 bits are text
		Array  *otlpArray `json:"arrayValue,omitempty"`
	}
	otlpArray struct {
		Values []otlpValue `json:"values"`
	}
	otlpPair struct {
		Key   string    `json:"key"`
		Value otlpValue `json:"value"`
	}
	otlpStatus struct {
		Message string `json:"message,omitempty"`
		Code    int    `json:"code,omitempty"`
	}
	otlpSpan struct {
		Trace      string     `json:"traceId"`
		Span       string     `json:"spanId"`
		Parent     string     `json:"parentSpanId,omitempty"`
		Name       string     `json:"name"`
		Kind       int        `json:"kind"`
		Start      string     `json:"startTimeUnixNano"`
		End        string     `json:"endTimeUnixNano"`
		Attributes []otlpPair `json:"attributes,omitempty"`
		Status     otlpStatus `json:"status"`
	}
	otlpScope struct {
		Scope struct {
			Name string `json:"name"`
		} `json:"scope"`
		Spans []otlpSpan `json:"spans"`
	}
	otlpResource struct {
		Resource struct {
			Attributes []otlpPair `json:"attributes"`
		} `json:"resource"`
		Scopes []otlpScope `json:"scopeSpans"`
	}
)

// ExportSpans sends spans, once: what a collector does not take is lost, and told.
func (o *otlp) ExportSpans(ctx context.Context, list []sdktrace.ReadOnlySpan) error {
	if len(list) == 0 {
		return nil
	}
	var out otlpResource
	out.Resource.Attributes = otlpPairs(list[0].Resource().Attributes())
	out.Scopes = make([]otlpScope, 1)
	out.Scopes[0].Scope.Name = list[0].InstrumentationScope().Name
	for _, s := range list {
		span := otlpSpan{
			Trace: s.SpanContext().TraceID().String(), Span: s.SpanContext().SpanID().String(), Name: s.Name(), Kind: int(s.SpanKind()),
			Start: strconv.FormatInt(s.StartTime().UnixNano(), 10), End: strconv.FormatInt(s.EndTime().UnixNano(), 10), Attributes: otlpPairs(s.Attributes()),
		}
		if s.Parent().IsValid() {
			span.Parent = s.Parent().SpanID().String()
		}
		switch s.Status().Code {
		case codes.Ok:
			span.Status.Code = 1
		case codes.Error:
			span.Status = otlpStatus{s.Status().Description, 2}
		}
		out.Scopes[0].Spans = append(out.Scopes[0].Spans, span)
	}
	raw, err := json.Marshal(map[string][]otlpResource{"resourceSpans": {out}})
	if err == nil {
		err = o.post(ctx, raw)
	}
	if err != nil {
		o.lost(err)
	}
	return nil // it was told; the SDK would print it
}

func (o *otlp) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = o.header.Clone()
	req.Header.Set("Content-Type", "application/json")
	resp, err := o.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s: %s", o.url, resp.Status, strings.TrimSpace(string(said)))
	}
	return nil
}

// Shutdown has nothing to end.
func (o *otlp) Shutdown(context.Context) error { return nil }

func otlpPairs(list []attribute.KeyValue) []otlpPair {
	var out []otlpPair
	for _, kv := range list {
		var v otlpValue
		switch kv.Value.Type() {
		case attribute.BOOL:
			b := kv.Value.AsBool()
			v.Bool = &b
		case attribute.INT64:
			n := strconv.FormatInt(kv.Value.AsInt64(), 10)
			v.Int = &n
		case attribute.STRINGSLICE:
			v.Array = &otlpArray{Values: []otlpValue{}}
			for _, s := range kv.Value.AsStringSlice() {
				v.Array.Values = append(v.Array.Values, otlpValue{String: &s})
			}
		default:
			s := kv.Value.String()
			v.String = &s
		}
		out = append(out, otlpPair{string(kv.Key), v})
	}
	return out
}
