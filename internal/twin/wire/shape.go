package wire

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/orgdns/orgdns/internal/twin/wire/internal/model"
)

// A Tree is a structure as a value tree: by member name of the model, a string,
// bool, int64, float64, []byte, time.Time, []any, Tree for structures and
// unions, map[string]any for maps, or any JSON value for documents. Members
// that were not sent are absent.
type Tree = map[string]any

// A kind is what values of a shape are in a tree.
type kind byte

const (
	kindString kind = iota
	kindBool
	kindInt   // int64
	kindFloat // float64
	kindBlob  // []byte
	kindTime  // time.Time
	kindList
	kindMap
	kindStruct
	kindDocument
)

var kinds = map[string]kind{
	"string": kindString, "character": kindString, "boolean": kindBool,
	"integer": kindInt, "long": kindInt, "short": kindInt, "byte": kindInt, "bigInteger": kindInt,
	"float": kindFloat, "double": kindFloat, "bigDecimal": kindFloat,
	"blob": kindBlob, "timestamp": kindTime, "list": kindList, "map": kindMap, "structure": kindStruct,
}

// A shape is a type of a service.
type shape struct {
	name string

	kind    kind
	bits    int       // of an integer
	members []*member // in the model's order
	byName  map[string]*member
	byWire  map[string]*member // by the member's name in a body
	elem    *member            // of a list, or a map's value
	key     *member            // of a map
	payload *member

	enum     []string
	min, max limit
	pattern  func() *regexp.Regexp // nil when there is none
	source   string                // of the pattern

	union, eventStream, fault, flattened bool
	errorInfo                            model.Error
	locationName, timestampFormat        string
	namespace                            *model.Namespace
}

// A member is the use of a shape: in a structure, list or map.
type member struct {
	name     string
	shape    *shape
	ref      model.Ref
	required bool
	wire     string // name in a request or JSON body, or of the header, query key or label
	xml      string // name in an XML answer
	format   string // timestamp format for its place
	flat     bool
}

// A binding sorts the members of an input or output by their place in HTTP.
type binding struct {
	headers, prefixed, query, labels, body []*member
	queryMap, status                       *member
}

type linker struct {
	service  *Service
	model    *model.Model
	shapes   map[string]*shape
	problems []error
}

func (l *linker) fail(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

func (l *linker) operation(op *model.Operation) *Operation {
	o := &Operation{
		Service: l.service, Name: op.Name, Unsigned: op.AuthType == "none",
		method: op.HTTP.Method, uri: op.HTTP.RequestURI, status: op.HTTP.ResponseCode,
		in: &shape{kind: kindStruct}, out: &shape{kind: kindStruct},
	}
	if o.status == 0 {
		o.status = 200
	}
	if op.Input != nil {
		o.inRef, o.in = *op.Input, l.shape(op.Input.Shape)
	}
	if op.Output != nil {
		o.outRef, o.out = *op.Output, l.shape(op.Output.Shape)
	}
	o.inWire, o.outWire = bind(o.in, false), bind(o.out, true)
	for _, ref := range op.Errors {
		e := l.shape(ref.Shape)
		code := e.errorInfo.Code
		if code == "" {
			code = e.name
		}
		l.service.errors[code] = e
		if l.service.errors[e.name] == nil {
			l.service.errors[e.name] = e
		}
	}
	return o
}

// shape links a shape of the model, once. Shapes may contain themselves.
func (l *linker) shape(name string) *shape {
	if s := l.shapes[name]; s != nil {
		return s
	}
	s := &shape{name: name}
	l.shapes[name] = s
	m := l.model.Shapes[name]
	if m == nil {
		l.fail("shape %s is missing", name)
		return s
	}
	k, ok := kinds[m.Type]
	if !ok {
		l.fail("shape %s: unknown type %q", name, m.Type)
	}
	s.kind = k
	if m.Document {
		s.kind = kindDocument
	}
	s.bits = map[string]int{"byte": 8, "short": 16, "integer": 32}[m.Type]
	s.enum, s.union, s.eventStream = m.Enum, m.Union, m.EventStream
	s.fault, s.flattened = m.Fault, m.Flattened
	s.locationName, s.namespace, s.timestampFormat = m.LocationName, m.XMLNamespace, m.TimestampFormat
	if m.Error != nil {
		s.errorInfo = *m.Error
	}
	s.min, s.max = newLimit(m.Min), newLimit(m.Max)
	if m.Pattern != "" {
		s.source, s.pattern = m.Pattern, sync.OnceValue(func() *regexp.Regexp { return compile(m.Pattern) })
	}
	s.byName, s.byWire = map[string]*member{}, map[string]*member{}
	for i := range m.Members {
		mem := l.member(m.Members[i].Name, m.Members[i].Ref)
		mem.required = slices.Contains(m.Required, mem.name)
		s.members = append(s.members, mem)
		s.byName[mem.name] = mem
		if mem.ref.Location == "" {
			s.byWire[mem.wire] = mem
		}
	}
	if m.Payload != "" {
		if s.payload = s.byName[m.Payload]; s.payload == nil {
			l.fail("shape %s: payload %s is not a member", name, m.Payload)
		}
	}
	switch s.kind {
	case kindList:
		if m.Member == nil {
			l.fail("list %s has no member", name)
			break
		}
		s.elem = l.member("member", *m.Member)
	case kindMap:
		if m.Key == nil || m.Value == nil {
			l.fail("map %s has no key or value", name)
			break
		}
		s.key, s.elem = l.member("key", *m.Key), l.member("value", *m.Value)
	}
	return s
}

func (l *linker) member(name string, ref model.Ref) *member {
	m := &member{name: name, ref: ref, shape: l.shape(ref.Shape), wire: name, xml: name}
	if ref.LocationName != "" {
		m.wire, m.xml = ref.LocationName, ref.LocationName
	}
	m.flat = ref.Flattened || m.shape.flattened
	if l.service.Protocol == EC2 {
		m.wire = ec2Name(m)
	}
	m.format = ref.TimestampFormat
	if m.format == "" {
		m.format = m.shape.timestampFormat
	}
	if m.format == "" {
		m.format = defaultFormat(l.service.Protocol, ref.Location)
	}
	return m
}

// ec2Name is the name in an EC2 request: queryName, else the XML name with a
// capital. https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
func ec2Name(m *member) string {
	if m.ref.QueryName != "" {
		return m.ref.QueryName
	}
	if m.wire == "" {
		return ""
	}
	return strings.ToUpper(m.wire[:1]) + m.wire[1:]
}

// bind sorts the members by place; without a place they belong to the body, and
// so do a request's places in an answer.
func bind(s *shape, answer bool) binding {
	var b binding
	for _, m := range s.members {
		place := m.ref.Location
		if answer && (place == "querystring" || place == "uri") {
			place = ""
		}
		switch place {
		case "header":
			b.headers = append(b.headers, m)
		case "headers":
			b.prefixed = append(b.prefixed, m)
		case "querystring":
			if m.shape.kind == kindMap {
				b.queryMap = m
			} else {
				b.query = append(b.query, m)
			}
		case "uri":
			b.labels = append(b.labels, m)
		case "statusCode":
			b.status = m
		default:
			if s.payload == nil {
				b.body = append(b.body, m)
			}
		}
	}
	return b
}

// compile translates a pattern of the models, which are Java's, to Go's. What
// Go's engine cannot hold is loosened: look-around goes, and so do upper bounds
// over 1,000. It returns nil for a pattern that still does not compile.
func compile(pattern string) *regexp.Regexp {
	for _, r := range patternRules {
		pattern = r.from.ReplaceAllString(pattern, r.to)
	}
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return nil
	}
	return re
}

var patternRules = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`), `\x{$1}`},
	{regexp.MustCompile(`\(\?<?[!=][^()]*(\([^()]*\))?[^()]*\)`), ``},
	{regexp.MustCompile(`\{(\d+),\d{4,}\}`), `{$1,}`},
}
