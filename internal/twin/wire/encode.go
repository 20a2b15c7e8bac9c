package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/orgdns/orgdns/internal/twin/wire/internal/model"
)

// A Response is an HTTP answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Encode writes the output of the operation. The request ID goes where the
// protocol has it: a header, and in query and ec2 answers the body. An error
// means that the tree is not of the output's shape.
func (op *Operation) Encode(out Tree, requestID string) (*Response, error) {
	r := &Response{Status: op.status, Header: http.Header{}}
	r.Header.Set(op.Service.requestIDHeader(), requestID)
	var err error
	switch op.Service.Protocol {
	case Query, EC2:
		r.Header.Set("Content-Type", op.Service.xmlType())
		r.Body, err = op.queryBody(out, requestID)
	case JSON:
		r.Header.Set("Content-Type", op.Service.jsonType())
		w := jsonWriter{}
		w.object(op.outWire.body, out)
		r.Body, err = w.b, w.err
	default:
		err = op.encodeREST(r, out)
	}
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", op.Service.Name, op.Name, err)
	}
	return r, nil
}

func (s *Service) jsonType() string {
	if s.Protocol == RestJSON {
		return "application/json"
	}
	return "application/x-amz-json-" + s.jsonVersion
}

func (s *Service) xmlType() string {
	switch s.Protocol {
	case EC2:
		return "text/xml;charset=UTF-8"
	case Query:
		return "text/xml"
	}
	return "application/xml"
}

func (s *Service) requestIDHeader() string {
	if s.Name == "s3" {
		return "X-Amz-Request-Id"
	}
	return "X-Amzn-Requestid"
}

// queryBody wraps the members: <OpResponse><OpResult>…</OpResult><ResponseMetadata>…,
// in ec2 without the inner element.
func (op *Operation) queryBody(out Tree, requestID string) ([]byte, error) {
	var w xmlWriter
	root := op.Name + "Response"
	w.open(root, op.Service.xmlNamespace)
	if op.Service.Protocol == EC2 {
		w.leaf("requestId", requestID)
		w.members(op.out.members, out)
	} else {
		if op.outRef.ResultWrapper != "" {
			w.open(op.outRef.ResultWrapper, "")
			w.members(op.out.members, out)
			w.close(op.outRef.ResultWrapper)
		}
		w.open("ResponseMetadata", "")
		w.leaf("RequestId", requestID)
		w.close("ResponseMetadata")
	}
	w.close(root)
	return w.b.Bytes(), w.err
}

// encodeREST puts each member where it is bound.
func (op *Operation) encodeREST(r *Response, out Tree) error {
	if err := writeHeaders(r, &op.outWire, out); err != nil {
		return err
	}
	if m := op.out.payload; m != nil {
		return op.writePayload(r, m, out[m.name])
	}
	if op.outRef.Shape == "" {
		return nil
	}
	if op.Service.Protocol == RestJSON {
		r.Header.Set("Content-Type", op.Service.jsonType())
		w := jsonWriter{}
		w.object(op.outWire.body, out)
		r.Body = w.b
		return w.err
	}
	r.Header.Set("Content-Type", op.Service.xmlType())
	if len(op.outWire.body) == 0 {
		return nil
	}
	var w xmlWriter
	root := op.out.locationName
	if root == "" {
		root = op.out.name
	}
	if op.outRef.Unwrapped {
		m := op.outWire.body[0]
		text, _ := out[m.name].(string)
		w.open(m.xml, op.Service.xmlNamespace)
		w.text(text)
		w.close(m.xml)
	} else {
		self := member{shape: op.out}
		if op.out.namespace == nil && op.Service.xmlNamespace != "" {
			self.ref.XMLNamespace = &model.Namespace{URI: op.Service.xmlNamespace}
		}
		w.start(root, &self, out)
		w.members(op.outWire.body, out)
		w.close(root)
	}
	r.Body = w.b.Bytes()
	return w.err
}

func (op *Operation) writePayload(r *Response, m *member, v any) error {
	switch v := v.(type) {
	case nil:
		if op.Service.Protocol == RestJSON && m.shape.kind == kindStruct {
			r.Header.Set("Content-Type", "application/json")
			r.Body = []byte("{}")
		}
		return nil
	case []byte:
		setDefault(r.Header, "Content-Type", "application/octet-stream")
		r.Body = v
		return nil
	case string:
		if m.shape.kind == kindString {
			setDefault(r.Header, "Content-Type", "text/plain")
			r.Body = []byte(v)
			return nil
		}
	}
	if op.Service.Protocol == RestJSON {
		r.Header.Set("Content-Type", "application/json")
		w := jsonWriter{}
		w.value(m, v)
		r.Body = w.b
		return w.err
	}
	r.Header.Set("Content-Type", op.Service.xmlType())
	var w xmlWriter
	root := *m
	if root.ref.XMLNamespace == nil && m.shape.namespace == nil && op.Service.xmlNamespace != "" {
		root.ref.XMLNamespace = &model.Namespace{URI: op.Service.xmlNamespace}
	}
	w.element(payloadName(m), &root, v)
	r.Body = w.b.Bytes()
	return w.err
}

// payloadName is the root element of a payload: the member's XML name where it
// has one of its own, else the shape's.
func payloadName(m *member) string {
	switch {
	case m.xml != m.name:
		return m.xml
	case m.shape.locationName != "":
		return m.shape.locationName
	}
	return m.shape.name
}

func setDefault(h http.Header, key, value string) {
	if h.Get(key) == "" {
		h.Set(key, value)
	}
}

// writeHeaders writes the members that are headers, and the status.
func writeHeaders(r *Response, b *binding, out Tree) error {
	for _, m := range b.headers {
		v := out[m.name]
		if v == nil {
			continue
		}
		text, err := formatHeader(m, v)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		r.Header.Set(m.wire, text)
	}
	for _, m := range b.prefixed {
		values, _ := out[m.name].(map[string]any)
		for _, key := range sortedKeys(values) {
			text, err := formatScalar(m.shape.elem, values[key])
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			r.Header.Set(m.ref.LocationName+key, text)
		}
	}
	if b.status != nil {
		if code, ok := out[b.status.name].(int64); ok {
			r.Status = int(code)
		}
	}
	return nil
}

func formatHeader(m *member, v any) (string, error) {
	if text, ok := v.(string); ok && m.ref.JSONValue {
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	}
	list, ok := v.([]any)
	if !ok {
		return formatScalar(m, v)
	}
	elem := *m.shape.elem
	if elem.ref.TimestampFormat == "" && elem.shape.timestampFormat == "" {
		elem.format = formatHTTP
	}
	parts := make([]string, len(list))
	for i, item := range list {
		text, err := formatScalar(&elem, item)
		if err != nil {
			return "", err
		}
		if elem.shape.kind == kindString && strings.ContainsAny(text, `",`) {
			text = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
		}
		parts[i] = text
	}
	return strings.Join(parts, ", "), nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// A jsonWriter writes value trees, members in the model's order.
type jsonWriter struct {
	b   []byte
	err error
}

func (w *jsonWriter) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *jsonWriter) object(members []*member, t Tree) {
	w.b = append(w.b, '{')
	comma := false
	for _, m := range members {
		v := t[m.name]
		if v == nil {
			continue
		}
		if comma {
			w.b = append(w.b, ',')
		}
		comma = true
		w.string(m.wire)
		w.b = append(w.b, ':')
		w.value(m, v)
	}
	w.b = append(w.b, '}')
}

func (w *jsonWriter) value(m *member, v any) {
	s := m.shape
	if s.kind == kindDocument {
		b, err := json.Marshal(v)
		if err != nil {
			w.fail("%s: %w", m.name, err)
		}
		w.b = append(w.b, b...)
		return
	}
	switch v := v.(type) {
	case nil:
		w.b = append(w.b, "null"...)
	case map[string]any:
		if s.kind == kindStruct {
			w.object(s.members, v)
			return
		}
		if s.kind != kindMap {
			w.fail("%s: a map is not a %s", m.name, s.name)
			return
		}
		w.b = append(w.b, '{')
		for i, key := range sortedKeys(v) {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.string(key)
			w.b = append(w.b, ':')
			w.value(s.elem, v[key])
		}
		w.b = append(w.b, '}')
	case []any:
		if s.kind != kindList {
			w.fail("%s: a list is not a %s", m.name, s.name)
			return
		}
		w.b = append(w.b, '[')
		for i, item := range v {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.value(s.elem, item)
		}
		w.b = append(w.b, ']')
	default:
		w.scalar(m, v)
	}
}

func (w *jsonWriter) scalar(m *member, v any) {
	text, err := formatScalar(m, v)
	if err != nil {
		w.fail("%s: %w", m.name, err)
	}
	number := m.shape.kind == kindInt || m.shape.kind == kindBool || m.shape.kind == kindTime && m.format == formatUnix
	if m.shape.kind == kindFloat {
		number = text != "NaN" && !strings.HasSuffix(text, "Infinity")
	}
	if number {
		w.b = append(w.b, text...)
		return
	}
	w.string(text)
}

// string writes a JSON string, with as few escapes as RFC 8259 section 7 allows.
func (w *jsonWriter) string(s string) {
	const hex = "0123456789abcdef"
	w.b = append(w.b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.b = append(w.b, '\\', byte(r))
		case r == '\n':
			w.b = append(w.b, `\n`...)
		case r < 0x20:
			w.b = append(w.b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			w.b = utf8.AppendRune(w.b, r)
		}
	}
	w.b = append(w.b, '"')
}
