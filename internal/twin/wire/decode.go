package wire

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// maxDepth bounds the nesting of what is decoded; shapes may contain themselves.
const maxDepth = 64

var errDepth = errors.New("nested too deeply")

// Decode reads the input of the request as a value tree. The error is an
// [*Error] that says what could not be read; constraints are for
// [Operation.Validate].
func (q *Request) Decode() (Tree, error) {
	s := q.Operation.Service
	in, err := q.bindings()
	if err != nil {
		return nil, malformed(s, false, err)
	}
	if err := q.body(in); err != nil {
		return nil, malformed(s, true, err)
	}
	return in, nil
}

// body adds what the body holds. The query, ec2 and json protocols have no
// other place.
func (q *Request) body(in Tree) (err error) {
	op := q.Operation
	var body Tree
	switch op.Service.Protocol {
	case Query, EC2:
		body, err = formReader{ec2: op.Service.Protocol == EC2}.structure(parseForm(q.form), op.in, 0)
	case JSON:
		body, err = decodeJSON(op.inWire.body, q.Body)
	default:
		switch {
		case op.in.payload != nil:
			return q.payload(in, op.in.payload)
		case len(op.inWire.body) == 0 || len(q.Body) == 0:
			return nil
		case op.Service.Protocol == RestJSON:
			body, err = decodeJSON(op.inWire.body, q.Body)
		default:
			body, err = decodeXML(op.in, q.Body)
		}
	}
	maps.Copy(in, body)
	return err
}

// bindings reads what a REST call has outside its body.
// https://smithy.io/2.0/spec/http-bindings.html
func (q *Request) bindings() (Tree, error) {
	in := Tree{}
	if p := q.Operation.Service.Protocol; p != RestXML && p != RestJSON {
		return in, nil
	}
	b := &q.Operation.inWire
	for _, m := range b.labels {
		text, ok := q.labels[m.wire]
		if !ok {
			continue
		}
		v, err := parseScalar(m, text)
		if err != nil {
			return nil, fmt.Errorf("label %s: %w", m.wire, err)
		}
		in[m.name] = v
	}
	for _, m := range b.query {
		v, err := parseParameter(m, q.query[m.wire])
		if err != nil {
			return nil, fmt.Errorf("query parameter %s: %w", m.wire, err)
		}
		if v != nil {
			in[m.name] = v
		}
	}
	if m := b.queryMap; m != nil {
		in[m.name] = q.queryParams(m)
	}
	for _, m := range b.headers {
		v, err := parseHeader(m, q.HTTP.Header.Values(m.wire))
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", m.wire, err)
		}
		if v != nil {
			in[m.name] = v
		}
	}
	for _, m := range b.prefixed {
		if values := prefixedHeaders(q.HTTP.Header, m.ref.LocationName); len(values) > 0 {
			in[m.name] = values
		}
	}
	return in, nil
}

// queryParams gathers the whole query string: a server gives the map also what
// other members bind. https://smithy.io/2.0/spec/http-bindings.html#httpqueryparams-trait
func (q *Request) queryParams(m *member) map[string]any {
	params := map[string]any{}
	for key, values := range q.query {
		if m.shape.elem.shape.kind != kindList {
			params[key] = values[0]
			continue
		}
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		params[key] = list
	}
	return params
}

// parseParameter reads one query parameter; one without text is absent for
// anything but a string.
func parseParameter(m *member, values []string) (any, error) {
	if len(values) == 0 {
		return nil, nil
	}
	if m.shape.kind != kindList {
		if values[0] == "" && m.shape.kind != kindString {
			return nil, nil
		}
		return parseScalar(m, values[0])
	}
	list := make([]any, 0, len(values))
	for _, text := range values {
		v, err := parseScalar(m.shape.elem, text)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func parseHeader(m *member, values []string) (any, error) {
	if len(values) == 0 {
		return nil, nil
	}
	text := strings.Join(values, ",")
	if m.ref.JSONValue {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		return string(b), nil
	}
	if m.shape.kind != kindList {
		return parseScalar(m, strings.TrimSpace(text))
	}
	elem := *m.shape.elem
	if elem.ref.TimestampFormat == "" && elem.shape.timestampFormat == "" {
		elem.format = formatHTTP
	}
	list := []any{}
	if text == "" {
		return list, nil
	}
	for _, part := range splitHeader(text, elem.shape.kind == kindTime && elem.format == formatHTTP) {
		v, err := parseScalar(&elem, part)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// splitHeader cuts a header's list at commas, but not inside quotes, nor at
// the comma inside an HTTP date.
func splitHeader(text string, dates bool) []string {
	var parts []string
	var part strings.Builder
	quoted, commas := false, 0
	flush := func() {
		parts = append(parts, strings.TrimSpace(part.String()))
		part.Reset()
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\' && i+1 < len(text):
			i++
			part.WriteByte(text[i])
		case c == ',' && !quoted:
			if commas++; dates && commas%2 == 1 {
				part.WriteByte(c)
				continue
			}
			flush()
		default:
			part.WriteByte(c)
		}
	}
	flush()
	return parts
}

func prefixedHeaders(h http.Header, prefix string) map[string]any {
	values := map[string]any{}
	for name := range h {
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			values[strings.ToLower(name[len(prefix):])] = h.Get(name)
		}
	}
	return values
}

// payload reads the member that is the whole body.
func (q *Request) payload(in Tree, m *member) error {
	if len(q.Body) == 0 {
		return nil
	}
	switch m.shape.kind {
	case kindBlob:
		in[m.name] = q.Body
		return nil
	case kindString:
		in[m.name] = string(q.Body)
		return nil
	}
	var v any
	var err error
	if q.Operation.Service.Protocol == RestXML {
		v, err = decodeXML(m.shape, q.Body)
	} else {
		var raw any
		if raw, err = parseJSON(q.Body); err == nil {
			v, err = fromJSON(m, raw, 0)
		}
	}
	if err == nil && v != nil {
		in[m.name] = v
	}
	return err
}

// decodeJSON reads a JSON object's members.
func decodeJSON(members []*member, body []byte) (Tree, error) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return Tree{}, nil
	}
	raw, err := parseJSON(body)
	if err != nil {
		return nil, err
	}
	object, ok := raw.(map[string]any)
	if !ok {
		return nil, errors.New("the body is not a JSON object")
	}
	return structFromJSON(members, object, 0)
}

func parseJSON(body []byte) (any, error) {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("text after the JSON value")
	}
	return v, nil
}

func structFromJSON(members []*member, object map[string]any, depth int) (Tree, error) {
	t := Tree{}
	for _, m := range members {
		raw := object[m.wire]
		if raw == nil {
			continue
		}
		v, err := fromJSON(m, raw, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.wire, err)
		}
		t[m.name] = v
	}
	return t, nil
}

// fromJSON reads a value of a member's shape. A null inside a list or map is nil.
func fromJSON(m *member, raw any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	s := m.shape
	switch s.kind {
	case kindDocument:
		return documentFromJSON(raw), nil
	case kindStruct:
		if object, ok := raw.(map[string]any); ok {
			return structFromJSON(s.members, object, depth)
		}
	case kindMap:
		object, ok := raw.(map[string]any)
		if !ok {
			break
		}
		values := make(map[string]any, len(object))
		for key, raw := range object {
			v, err := nullable(s.elem, raw, depth+1)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			values[key] = v
		}
		return values, nil
	case kindList:
		array, ok := raw.([]any)
		if !ok {
			break
		}
		list := make([]any, len(array))
		for i, raw := range array {
			v, err := nullable(s.elem, raw, depth+1)
			if err != nil {
				return nil, fmt.Errorf("%d: %w", i+1, err)
			}
			list[i] = v
		}
		return list, nil
	default:
		return scalarFromJSON(m, raw)
	}
	return nil, fmt.Errorf("a %s was expected", s.name)
}

func nullable(m *member, raw any, depth int) (any, error) {
	if raw == nil {
		return nil, nil
	}
	return fromJSON(m, raw, depth)
}

func scalarFromJSON(m *member, raw any) (any, error) {
	switch raw := raw.(type) {
	case bool:
		if m.shape.kind == kindBool {
			return raw, nil
		}
	case json.Number:
		switch m.shape.kind {
		case kindInt:
			if v, err := parseInt(m.shape, raw.String()); err == nil {
				return v, nil
			}
			f, err := raw.Float64() // 1.0 and 1e3 are integers too
			if err != nil || f != float64(int64(f)) {
				return nil, fmt.Errorf("%s is not an integer", raw)
			}
			return parseInt(m.shape, fmt.Sprint(int64(f)))
		case kindFloat:
			return parseFloat(raw.String())
		case kindTime:
			f, err := raw.Float64()
			if err != nil {
				return nil, err
			}
			return unixTime(f)
		}
	case string:
		switch m.shape.kind {
		case kindString, kindBlob, kindTime:
			return parseScalar(m, raw)
		case kindFloat:
			if raw == "NaN" || raw == "Infinity" || raw == "-Infinity" {
				return parseFloat(raw)
			}
		}
	}
	return nil, fmt.Errorf("%T cannot be read as %s", raw, m.shape.name)
}

// documentFromJSON gives the tree's numbers.
func documentFromJSON(raw any) any {
	switch raw := raw.(type) {
	case json.Number:
		if n, err := raw.Int64(); err == nil {
			return n
		}
		f, err := raw.Float64()
		if err != nil {
			return raw.String()
		}
		return f
	case []any:
		for i := range raw {
			raw[i] = documentFromJSON(raw[i])
		}
	case map[string]any:
		for k := range raw {
			raw[k] = documentFromJSON(raw[k])
		}
	}
	return raw
}
