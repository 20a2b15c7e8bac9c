package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// An element of an XML document, without its namespaces.
type element struct {
	name     string
	attrs    []xml.Attr
	children []*element
	text     []byte
}

// parseXML reads one document. The decoder refuses entities other than XML's
// own, so that a short document stays short. Its raw tokens serve, since
// prefixes are not compared; matching the tags is then done here.
func parseXML(body []byte) (*element, error) {
	dec := xml.NewDecoder(bytes.NewReader(body))
	document := &element{}
	stack := []*element{document}
	for {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if len(stack) > 2*maxDepth {
				return nil, errDepth
			}
			e := &element{name: token.Name.Local, attrs: token.Attr}
			top.children = append(top.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			if token.Name.Local != top.name {
				return nil, fmt.Errorf("element <%s> is closed by </%s>", top.name, token.Name.Local)
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text = append(top.text, token...)
		}
	}
	if len(stack) > 1 {
		return nil, fmt.Errorf("element <%s> is not closed", stack[len(stack)-1].name)
	}
	if len(document.children) != 1 {
		return nil, fmt.Errorf("%d root elements", len(document.children))
	}
	return document.children[0], nil
}

// decodeXML reads a document whose root, of whatever name, is of the shape.
func decodeXML(s *shape, body []byte) (Tree, error) {
	root, err := parseXML(body)
	if err != nil {
		return nil, err
	}
	return structFromXML(s, root, 0)
}

func structFromXML(s *shape, e *element, depth int) (Tree, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	t := Tree{}
	for _, a := range e.attrs {
		m := s.attribute(a.Name)
		if m == nil {
			continue
		}
		v, err := parseScalar(m, a.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.xml, err)
		}
		t[m.name] = v
	}
	for _, child := range e.children {
		m := s.byWire[child.name]
		if m == nil || m.ref.XMLAttribute {
			continue
		}
		if err := addFromXML(t, m, child, depth+1); err != nil {
			return nil, fmt.Errorf("%s: %w", child.name, err)
		}
	}
	return t, nil
}

// attribute finds the member of an XML attribute; prefixes are not compared.
func (s *shape) attribute(name xml.Name) *member {
	for _, m := range s.members {
		if m.ref.XMLAttribute && name.Space != "xmlns" && m.xml[strings.IndexByte(m.xml, ':')+1:] == name.Local {
			return m
		}
	}
	return nil
}

// addFromXML reads one element of a member. A flat list or map has one element
// for each of its items.
func addFromXML(t Tree, m *member, e *element, depth int) error {
	s := m.shape
	switch {
	case m.flat && s.kind == kindList:
		v, err := valueFromXML(s.elem, e, depth)
		list, _ := t[m.name].([]any)
		t[m.name] = append(list, v)
		return err
	case m.flat && s.kind == kindMap:
		values, _ := t[m.name].(map[string]any)
		if values == nil {
			values = map[string]any{}
			t[m.name] = values
		}
		return entryFromXML(values, s, e, depth)
	}
	v, err := valueFromXML(m, e, depth)
	if err == nil {
		t[m.name] = v
	}
	return err
}

func valueFromXML(m *member, e *element, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	s := m.shape
	switch s.kind {
	case kindStruct:
		return structFromXML(s, e, depth)
	case kindList:
		list := []any{}
		for _, child := range e.children {
			if child.name != s.elem.wire {
				continue
			}
			v, err := valueFromXML(s.elem, child, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case kindMap:
		values := map[string]any{}
		for _, child := range e.children {
			if child.name != "entry" {
				continue
			}
			if err := entryFromXML(values, s, child, depth+1); err != nil {
				return nil, err
			}
		}
		return values, nil
	case kindString, kindBlob:
		return parseScalar(m, string(e.text))
	}
	return parseScalar(m, strings.TrimSpace(string(e.text)))
}

func entryFromXML(values map[string]any, s *shape, e *element, depth int) error {
	var key string
	var value any
	for _, child := range e.children {
		switch child.name {
		case s.key.wire:
			key = string(child.text)
		case s.elem.wire:
			v, err := valueFromXML(s.elem, child, depth+1)
			if err != nil {
				return err
			}
			value = v
		}
	}
	values[key] = value
	return nil
}

// An xmlWriter writes value trees, members in the model's order.
type xmlWriter struct {
	b   bytes.Buffer
	err error
}

func (w *xmlWriter) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *xmlWriter) text(s string) {
	if err := xml.EscapeText(&w.b, []byte(s)); err != nil {
		w.err = err
	}
}

func (w *xmlWriter) attr(name, value string) {
	w.b.WriteString(` ` + name + `="`)
	w.text(value)
	w.b.WriteByte('"')
}

func (w *xmlWriter) open(name string, xmlns string) {
	w.b.WriteString("<" + name)
	if xmlns != "" {
		w.attr("xmlns", xmlns)
	}
	w.b.WriteByte('>')
}

func (w *xmlWriter) close(name string) { w.b.WriteString("</" + name + ">") }

// leaf writes an element with text.
func (w *xmlWriter) leaf(name, text string) {
	w.open(name, "")
	w.text(text)
	w.close(name)
}

// start opens the element of a member, with its namespace and, for a
// structure, its attributes.
func (w *xmlWriter) start(name string, m *member, v any) {
	w.b.WriteString("<" + name)
	ns := m.ref.XMLNamespace
	if ns == nil {
		ns = m.shape.namespace
	}
	if ns != nil && ns.Prefix != "" {
		w.attr("xmlns:"+ns.Prefix, ns.URI)
	} else if ns != nil {
		w.attr("xmlns", ns.URI)
	}
	if t, ok := v.(map[string]any); ok && m.shape.kind == kindStruct {
		for _, inner := range m.shape.members {
			if a := t[inner.name]; a != nil && inner.ref.XMLAttribute {
				text, err := formatScalar(inner, a)
				if err != nil {
					w.fail("%s: %w", inner.name, err)
				}
				w.attr(inner.xml, text)
			}
		}
	}
	w.b.WriteByte('>')
}

// members writes those of a structure that have a value.
func (w *xmlWriter) members(members []*member, t Tree) {
	for _, m := range members {
		if v := t[m.name]; v != nil && !m.ref.XMLAttribute {
			w.member(m, v)
		}
	}
}

func (w *xmlWriter) member(m *member, v any) {
	s := m.shape
	if m.flat && s.kind == kindList {
		list, ok := v.([]any)
		if !ok {
			w.fail("%s: %T is not a list", m.name, v)
		}
		for _, item := range list {
			if item != nil {
				w.element(m.xml, s.elem, item)
			}
		}
		return
	}
	if m.flat && s.kind == kindMap {
		w.entries(m.xml, m, s, v)
		return
	}
	w.element(m.xml, m, v)
}

// element writes a value between tags of the given name.
func (w *xmlWriter) element(name string, m *member, v any) {
	w.start(name, m, v)
	s := m.shape
	switch s.kind {
	case kindStruct:
		t, ok := v.(map[string]any)
		if !ok {
			w.fail("%s: %T is not a structure", m.name, v)
		}
		w.members(s.members, t)
	case kindList:
		list, ok := v.([]any)
		if !ok {
			w.fail("%s: %T is not a list", m.name, v)
		}
		for _, item := range list {
			if item != nil {
				w.element(s.elem.xml, s.elem, item)
			}
		}
	case kindMap:
		w.entries("entry", &member{shape: &shape{}}, s, v)
	default:
		text, err := formatScalar(m, v)
		if err != nil {
			w.fail("%s: %w", m.name, err)
		}
		w.text(text)
	}
	w.close(name)
}

// entries writes those of a map; as is the member whose namespace they bear.
func (w *xmlWriter) entries(name string, as *member, s *shape, v any) {
	values, ok := v.(map[string]any)
	if !ok {
		w.fail("%s: %T is not a map", s.name, v)
	}
	for _, key := range sortedKeys(values) {
		w.start(name, as, nil)
		w.element(s.key.xml, s.key, key)
		if values[key] != nil {
			w.element(s.elem.xml, s.elem, values[key])
		}
		w.close(name)
	}
}
