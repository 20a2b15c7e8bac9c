package wire

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A formNode is a key of a query call, cut at its dots.
type formNode struct {
	value    string
	set      bool
	children map[string]*formNode
}

func parseForm(form url.Values) *formNode {
	root := &formNode{}
	for key, values := range form {
		if strings.Count(key, ".") > 4*maxDepth {
			continue // deeper than any shape is read
		}
		n := root
		for rest, more := key, true; more; {
			var part string
			part, rest, more = strings.Cut(rest, ".")
			next := n.children[part]
			if next == nil {
				if n.children == nil {
					n.children = map[string]*formNode{}
				}
				next = &formNode{}
				n.children[part] = next
			}
			n = next
		}
		n.value, n.set = values[0], true
	}
	return root
}

// find follows a name, which may hold dots itself.
func (n *formNode) find(name string) *formNode {
	if n == nil {
		return nil
	}
	if next := n.children[name]; next != nil {
		return next
	}
	head, tail, ok := strings.Cut(name, ".")
	if !ok {
		return nil
	}
	return n.children[head].find(tail)
}

// numbered returns the children that are numbers, in their order; a gap is no
// error, as at AWS.
func (n *formNode) numbered() []*formNode {
	type item struct {
		at   int
		node *formNode
	}
	var items []item
	for key, child := range n.children {
		if at, err := strconv.Atoi(key); err == nil && at >= 0 {
			items = append(items, item{at, child})
		}
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.at, b.at) })
	nodes := make([]*formNode, len(items))
	for i, it := range items {
		nodes[i] = it.node
	}
	return nodes
}

// A formReader reads the body of query calls, or of ec2 calls, where lists are
// always flat. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
type formReader struct{ ec2 bool }

func (r formReader) structure(n *formNode, s *shape, depth int) (Tree, error) {
	t := Tree{}
	for _, m := range s.members {
		child := n.find(m.wire)
		if child == nil {
			continue
		}
		v, err := r.value(child, m, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.wire, err)
		}
		if v != nil {
			t[m.name] = v
		}
	}
	return t, nil
}

// value reads a node; nil says that the node holds nothing of this shape.
func (r formReader) value(n *formNode, m *member, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	s := m.shape
	switch s.kind {
	case kindStruct:
		t, err := r.structure(n, s, depth)
		if err != nil || len(t) == 0 && !n.set && n.children == nil {
			return nil, err
		}
		return t, nil
	case kindList:
		items := n
		if !m.flat && !r.ec2 {
			items = n.find(s.elem.wire)
		}
		if items == nil {
			if n.set { // "Name=" is an empty list
				return []any{}, nil
			}
			return nil, nil
		}
		list := []any{}
		for _, item := range items.numbered() {
			v, err := r.value(item, s.elem, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case kindMap:
		entries := n
		if !m.flat && n.children["entry"] != nil {
			entries = n.children["entry"]
		}
		values := map[string]any{}
		for _, entry := range entries.numbered() {
			key, value := entry.find(s.key.wire), entry.find(s.elem.wire)
			if key == nil || value == nil {
				return nil, errors.New("an entry lacks its key or value")
			}
			v, err := r.value(value, s.elem, depth+1)
			if err != nil {
				return nil, err
			}
			values[key.value] = v
		}
		return values, nil
	}
	if !n.set || n.value == "" && s.kind != kindString && s.kind != kindBlob {
		return nil, nil
	}
	return parseScalar(m, n.value)
}
