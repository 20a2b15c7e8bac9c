package config

import (
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
)

// kind is one sort of value: how it is read, and how it is described. All
// kinds together are the description of the configuration.
type kind[T any] struct {
	*desc
	read func(r *reader, n *node) (T, bool)
}

// desc is what the schema and the reference say about a kind.
type desc struct {
	word   string         // a value of it in a sentence: "a domain name"
	schema map[string]any // of a scalar
	name   string         // of an object
	doc    string         // of an object
	fields []fieldDesc    // of an object
	item   *desc          // of a list
	values *desc          // of a mapping from names
	either []*desc        // of alternatives
}

type fieldDesc struct {
	key, doc, def string
	required      bool
	value         *desc
}

// reader gathers what reading finds.
type reader struct {
	problems diag.List
	reported map[diag.Diagnostic]bool // what aliases repeat is reported once
	refs     []AccountRef
	left     int // values that may still be read; aliases can multiply them
}

// maxValues bounds what aliases can make of a file.
const maxValues = 1_000_000

func newReader() *reader {
	return &reader{reported: map[diag.Diagnostic]bool{}, left: maxValues}
}

func (r *reader) add(d diag.Diagnostic) {
	if !r.reported[d] {
		r.reported[d] = true
		r.problems.Add(d)
	}
}

func (r *reader) problem(pos diag.Pos, code, summary, detail, hint string) {
	r.add(diag.Diagnostic{Code: code, Pos: pos, Summary: summary, Detail: detail, Hint: hint})
}

// spend counts a value that is read; false when it is broken, or when there
// are too many.
func (r *reader) spend(n *node) bool {
	if n.shape == broken {
		return false
	}
	r.left--
	if r.left == 0 {
		r.problem(n.pos, CodeTooLarge, "aliases multiply the configuration beyond what is read", "", "write fewer aliases")
	}
	return r.left > 0
}

func (r *reader) wrongType(n *node, want string) {
	hint := ""
	if (n.shape == number || n.shape == boolean) && strings.HasPrefix(want, "text") {
		hint = "put it in quotes: " + quote(n.text)
	}
	r.problem(n.pos, CodeWrongType, "expected "+want+", found "+n.String(), "", hint)
}

// fault is what is wrong with a scalar.
type fault struct{ code, summary, detail, hint string }

// scalar is a kind written as one text, or as another shape when it says so.
func scalar[T any](word string, schema map[string]any, parse func(s string) (T, *fault), shapes ...shape) kind[T] {
	if len(shapes) == 0 {
		shapes = []shape{text}
	}
	want := word
	if shapes[0] == text {
		want = "text, " + word
	}
	return kind[T]{&desc{word: word, schema: schema}, func(r *reader, n *node) (v T, ok bool) {
		if !r.spend(n) {
			return v, false
		}
		for _, s := range shapes {
			if n.shape != s {
				continue
			}
			v, f := parse(n.text)
			if f != nil {
				r.problem(n.pos, f.code, f.summary, f.detail, f.hint)
			}
			return v, f == nil
		}
		r.wrongType(n, want)
		return v, false
	}}
}

// enum is one of a few words.
func enum(word string, values ...string) kind[string] {
	return scalar(word, map[string]any{"enum": values}, func(s string) (string, *fault) {
		for _, v := range values {
			if s == v {
				return s, nil
			}
		}
		hint := nearest(s, values)
		if hint == "" {
			hint = "write one of " + strings.Join(values, ", ")
		}
		return "", &fault{CodeBadValue, quote(s) + " is not " + word, "", hint}
	})
}

// listOf is a list. Entries that cannot be read are left out.
func listOf[T any](k kind[T]) kind[[]T] {
	return kind[[]T]{&desc{word: "a list", item: k.desc}, func(r *reader, n *node) (out []T, ok bool) {
		switch {
		case !r.spend(n):
			return nil, false
		case n.shape == null:
			return nil, true
		case n.shape != list:
			r.wrongType(n, "a list")
			return nil, false
		}
		for _, item := range n.items {
			if v, ok := k.read(r, item); ok {
				out = append(out, v)
			}
		}
		return out, true
	}}
}

// oneOrMany is a list, or its only entry.
func oneOrMany[T any](k kind[T]) kind[[]T] {
	many := listOf(k)
	return kind[[]T]{&desc{word: k.word + ", or a list", either: []*desc{k.desc, many.desc}}, func(r *reader, n *node) ([]T, bool) {
		if n.shape == list || n.shape == null {
			return many.read(r, n)
		}
		v, ok := k.read(r, n)
		if !ok {
			return nil, false
		}
		return []T{v}, true
	}}
}

// named is a mapping from names to values, in the order of the file.
func named[T any](k kind[T], put func(r *reader, v *T, name string, pos diag.Pos)) kind[[]T] {
	return kind[[]T]{&desc{word: "a mapping", values: k.desc}, func(r *reader, n *node) (out []T, ok bool) {
		switch {
		case !r.spend(n):
			return nil, false
		case n.shape == null:
			return nil, true
		case n.shape != mapping:
			r.wrongType(n, "a mapping")
			return nil, false
		}
		for _, p := range n.pairs {
			if v, ok := k.read(r, p.value); ok {
				put(r, &v, p.key, p.pos)
				out = append(out, v)
			}
		}
		return out, true
	}}
}

// optional is a kind whose absence shows.
func optional[T any](k kind[T]) kind[*T] {
	return kind[*T]{k.desc, func(r *reader, n *node) (*T, bool) {
		v, ok := k.read(r, n)
		return &v, ok
	}}
}

// short is an object that can be written as a scalar for short.
func short[T, U any](object kind[T], scalar kind[U], from func(U, diag.Pos) T) kind[T] {
	d := &desc{word: scalar.word + ", or a mapping", either: []*desc{scalar.desc, object.desc}}
	return kind[T]{d, func(r *reader, n *node) (out T, ok bool) {
		switch n.shape {
		case mapping:
			return object.read(r, n)
		case list, null:
			r.wrongType(n, d.word)
			return out, false
		case broken:
			return out, false
		}
		v, ok := scalar.read(r, n)
		if !ok {
			return out, false
		}
		return from(v, n.pos), true
	}}
}

// field is one key of an object of type S.
type field[S any] struct {
	fieldDesc
	read func(r *reader, n *node, into *S)
}

// key describes a key: how its value is read, what it means, where it goes.
func key[S, V any](name string, k kind[V], doc string, at func(*S) *V) field[S] {
	return field[S]{
		fieldDesc: fieldDesc{key: name, doc: doc, value: k.desc},
		read: func(r *reader, n *node, into *S) {
			if v, ok := k.read(r, n); ok {
				*at(into) = v
			}
		},
	}
}

// must makes the key required.
func (f field[S]) must() field[S] {
	f.required = true
	return f
}

// or states what holds when the key is not written; whoever fills it in is
// elsewhere.
func (f field[S]) or(def string) field[S] {
	f.def = def
	return f
}

// object is a mapping with known keys. finish, when given, judges what was
// read.
func object[S any](name, word, doc string, fields []field[S], finish func(r *reader, v *S)) kind[S] {
	d := &desc{word: word, name: name, doc: doc}
	known := map[string]field[S]{}
	var keys []string
	for _, f := range fields {
		known[f.key] = f
		keys = append(keys, f.key)
		d.fields = append(d.fields, f.fieldDesc)
	}
	return kind[S]{d, func(r *reader, n *node) (v S, ok bool) {
		if !r.spend(n) {
			return v, false
		}
		if n.shape != mapping {
			r.wrongType(n, word+", a mapping")
			return v, false
		}
		if s, ok := any(&v).(interface{ source() *Source }); ok {
			*s.source() = Source{Pos: n.pos, node: n}
		}
		for _, p := range n.pairs {
			f, ok := known[p.key]
			if !ok {
				hint := nearest(p.key, keys)
				if hint == "" {
					hint = "known here: " + strings.Join(keys, ", ")
				}
				r.problem(p.pos, CodeUnknownKey, "unknown key "+quote(p.key), "", hint)
				continue
			}
			f.read(r, p.value, &v)
		}
		for _, f := range fields {
			if f.required && n.value(f.key) == nil {
				r.problem(n.pos, CodeMissingKey, "the key "+quote(f.key)+" is missing", "it is required in "+word, "")
			}
		}
		if finish != nil {
			finish(r, &v)
		}
		return v, true
	}}
}
