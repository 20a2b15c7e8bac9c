package config

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
)

// Load reads the configuration from files of fsys, or from all *.yaml and *.yml
// files of folders (not of folders below them); without a path, from the root
// folder. It reports every problem, in the order of the files. The Config is
// never nil; with errors among the problems it is incomplete.
func Load(fsys fs.FS, paths ...string) (*Config, diag.List) {
	r := newReader()
	var whole *node
	for _, file := range r.files(fsys, paths) {
		src, err := fs.ReadFile(fsys, file)
		if err != nil {
			r.cannotRead(file, err)
			continue
		}
		n := r.parseYAML(file, src)
		switch {
		case n == nil, n.shape == broken:
		case n.shape == null:
			r.problem(diag.Pos{File: file, Line: 1, Column: 1}, CodeFile, "the file holds no configuration", "", "write at least one section, or remove the file")
		case n.shape != mapping:
			r.problem(n.pos, CodeWrongType, "expected a mapping of sections, found "+n.String(), "", "begin with owner: and accounts:")
		case whole == nil:
			whole = n
		default:
			whole = r.merge(whole, n)
		}
	}
	c := &Config{}
	if whole != nil {
		// A section whose lines are all commented out is no section.
		whole.pairs = slices.DeleteFunc(whole.pairs, func(p pair) bool { return p.value.shape == null })
		*c, _ = root.read(r, whole)
		c.check(r)
	}
	r.problems.Sort()
	return c, r.problems
}

// files lists what is to be read, each file once, in the order given.
func (r *reader) files(fsys fs.FS, paths []string) []string {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var out []string
	add := func(file string) {
		if !slices.Contains(out, file) {
			out = append(out, file)
		}
	}
	for _, p := range paths {
		info, err := fs.Stat(fsys, p)
		if err != nil {
			r.cannotRead(p, err)
			continue
		}
		if !info.IsDir() {
			add(p)
			continue
		}
		entries, err := fs.ReadDir(fsys, p)
		if err != nil {
			r.cannotRead(p, err)
			continue
		}
		before := len(out)
		for _, e := range entries {
			ext := path.Ext(e.Name())
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && (ext == ".yaml" || ext == ".yml") {
				add(path.Join(p, e.Name()))
			}
		}
		if len(out) == before {
			r.problem(diag.Pos{File: p}, CodeFile, "the folder holds no *.yaml file", "", "name a file, or a folder with one")
		}
	}
	return out
}

func (r *reader) cannotRead(file string, err error) {
	reason := err.Error()
	var p *fs.PathError
	if errors.As(err, &p) {
		reason = p.Err.Error()
	}
	r.problem(diag.Pos{File: file}, CodeFile, "cannot be read", reason, "")
}

// merge unites two files: mappings are united, lists appended; what stands in
// both otherwise is reported. Only sections are united: an account belongs to
// one file.
func (r *reader) merge(a, b *node) *node {
	out := &node{pos: a.pos, shape: mapping, pairs: slices.Clone(a.pairs)}
	for _, p := range b.pairs {
		i := slices.IndexFunc(out.pairs, func(q pair) bool { return q.key == p.key })
		if i < 0 {
			out.pairs = append(out.pairs, p)
			continue
		}
		old := out.pairs[i]
		switch x, y := old.value, p.value; {
		case y.shape == null:
		case x.shape == null:
			out.pairs[i] = p
		case x.shape == list && y.shape == list:
			out.pairs[i].value = &node{pos: x.pos, shape: list, items: slices.Concat(x.items, y.items)}
		case x.shape == mapping && y.shape == mapping:
			out.pairs[i].value = r.unite(p.key, x, y)
		default:
			r.twice(quote(p.key), old, p)
		}
	}
	return out
}

func (r *reader) unite(section string, a, b *node) *node {
	out := &node{pos: a.pos, shape: mapping, pairs: slices.Clone(a.pairs)}
	first := map[string]pair{}
	for _, p := range a.pairs {
		first[p.key] = p
	}
	for _, p := range b.pairs {
		if old, twice := first[p.key]; twice {
			r.twice(quote(p.key)+" under "+section, old, p)
			continue
		}
		out.pairs = append(out.pairs, p)
	}
	return out
}

func (r *reader) twice(what string, old, again pair) {
	r.problem(again.pos, CodeDuplicate, what+" is set in two files", "first at "+old.pos.String(), "remove one")
}
