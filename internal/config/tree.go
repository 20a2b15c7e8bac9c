package config

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
)

// Tree is a value of a YAML or JSON file with its place: for files of others,
// whose keys this package does not know. Anchors, aliases and merge keys are
// resolved. The zero Tree is a value that is not there.
type Tree struct{ n *node }

// Trees reads the documents of a YAML or JSON file, and the problems that keep
// it from being one. Empty documents are left out.
func Trees(file string, src []byte) ([]Tree, diag.List) {
	r := newReader()
	c := converter{reader: r, file: file}
	docs, ok := c.bodies(src)
	if !ok {
		return nil, r.problems
	}
	var out []Tree
	for _, d := range docs {
		c.anchors = map[string]*node{} // they end with their document (YAML 1.2 section 9.2)
		if n := c.convert(d); r.bounded(n) && n.shape != null {
			out = append(out, Tree{n})
		}
	}
	return out, r.problems
}

// bounded spends every value, aliased ones each time that they are met.
func (r *reader) bounded(n *node) bool {
	if !r.spend(n) {
		return false
	}
	for _, i := range n.items {
		if !r.bounded(i) && r.left <= 0 {
			return false
		}
	}
	for _, p := range n.pairs {
		if !r.bounded(p.value) && r.left <= 0 {
			return false
		}
	}
	return true
}

// At is the value under keys of mappings; a value that is null is not there.
func (t Tree) At(keys ...string) Tree {
	for _, k := range keys {
		if t.n == nil {
			return Tree{}
		}
		t = Tree{t.n.value(k)}
	}
	if t.n == nil || t.n.shape == null {
		return Tree{}
	}
	return t
}

// There reports whether the value is there.
func (t Tree) There() bool { return t.n != nil }

// Pos is where the value stands.
func (t Tree) Pos() diag.Pos {
	if t.n == nil {
		return diag.Pos{}
	}
	return t.n.pos
}

// String is the value in a sentence, "found a list". It repeats what a scalar
// says.
func (t Tree) String() string {
	if t.n == nil {
		return "nothing"
	}
	return t.n.String()
}

// Text is a text, or a number or truth value as it is written; ok is false
// for anything else.
func (t Tree) Text() (s string, ok bool) {
	if t.n == nil {
		return "", false
	}
	return t.n.text, t.n.shape == text || t.n.shape == number || t.n.shape == boolean
}

// IsText reports whether the value is a text, and no number or truth value.
func (t Tree) IsText() bool { return t.n != nil && t.n.shape == text }

// IsMapping reports whether the value has keys.
func (t Tree) IsMapping() bool { return t.n != nil && t.n.shape == mapping }

// Items are the entries of a list; ok is false for anything else.
func (t Tree) Items() (items []Tree, ok bool) {
	if t.n == nil || t.n.shape != list {
		return nil, false
	}
	for _, i := range t.n.items {
		items = append(items, Tree{i})
	}
	return items, true
}

// Keys are the keys of a mapping, as they stand in the file.
func (t Tree) Keys() []string {
	var out []string
	if t.n != nil {
		for _, p := range t.n.pairs {
			out = append(out, p.key)
		}
	}
	return out
}

// With is the mapping with the value of a key put in, in its old place where
// the key was there. The value is what encoding/json takes.
func (t Tree) With(key string, value any) (Tree, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return Tree{}, err
	}
	docs, problems := Trees("", raw) // JSON is YAML
	if err := problems.Err(); err != nil {
		return Tree{}, err
	}
	put := pair{key: key, value: &node{}}
	if len(docs) == 1 {
		put.value = docs[0].n
	}
	n := node{shape: mapping}
	if t.n != nil {
		n = *t.n
	}
	n.pairs = slices.Clone(n.pairs)
	if i := slices.IndexFunc(n.pairs, func(p pair) bool { return p.key == key }); i >= 0 {
		n.pairs[i] = put
	} else {
		n.pairs = append(n.pairs, put)
	}
	return Tree{&n}, nil
}

// MarshalJSON writes the value with its keys in the order of the file.
func (t Tree) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	if err := t.n.json(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (n *node) json(b *bytes.Buffer) error {
	put := func(v any) error {
		raw, err := json.Marshal(v)
		b.Write(raw)
		return err
	}
	if n == nil {
		return put(nil)
	}
	switch n.shape {
	case text:
		return put(n.text)
	case boolean:
		return put(strings.EqualFold(n.text, "true"))
	case number:
		return put(jsonNumber(n.text))
	case list:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := item.json(b); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case mapping:
		b.WriteByte('{')
		for i, p := range n.pairs {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := put(p.key); err != nil {
				return err
			}
			b.WriteByte(':')
			if err := p.value.json(b); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		return nil
	}
	return put(nil)
}

// jsonNumber is a YAML number as JSON writes it; what JSON has no number for
// stays text.
func jsonNumber(s string) any {
	if json.Valid([]byte(s)) {
		return json.RawMessage(s)
	}
	if i, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 0, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return f
	}
	return s
}
