package deptest

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pages are the documents for people, by path from the root, with their text.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	read := func(at string) {
		raw, err := os.ReadFile(at)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, at)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.ToSlash(name)] = string(raw)
	}
	read(filepath.Join(root, "README.md"))
	read(filepath.Join(root, "CONTRIBUTING.md"))
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(at string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(at) == ".md" {
			read(at)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	// place is a path in backticks with the names that follow it:
	// `internal/config/load.go` `Load`, `reader.files`.
	place = regexp.MustCompile("`((?:internal|cmd|examples|docs|schema)/[\\w/.-]*\\w)`((?:,?\\s`[A-Za-z_]\\w*(?:\\.\\w+)?`)*)")
	link  = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)\s]*)?\)`)
)

// TestPlaces: what documents name is there, files, functions and pages.
func TestPlaces(t *testing.T) {
	declared := map[string][]string{} // by path from the root
	for _, f := range parsed(t) {
		at := strings.TrimPrefix(filepath.ToSlash(filepath.Clean(fset.Position(f.Pos()).Filename)), root+"/")
		declared[at] = declarations(f.File)
	}
	for page, text := range pages(t) {
		for _, m := range place.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s, which is not there", page, m[1])
				continue
			}
			for _, name := range strings.FieldsFunc(m[2], func(r rune) bool { return strings.ContainsRune("`, \n", r) }) {
				if !slices.Contains(declared[m[1]], name) {
					t.Errorf("%s names %s %s, which is not there", page, m[1], name)
				}
			}
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// declarations are the names that a file declares, methods as Type.name.
func declarations(f *ast.File) []string {
	var out []string
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			out = append(out, receiver(d)+d.Name.Name)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					out = append(out, s.Name.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						out = append(out, n.Name)
					}
				}
			}
		}
	}
	return out
}

// receiver is "Type." of a method, without type parameters.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	x := d.Recv.List[0].Type
	for {
		switch e := x.(type) {
		case *ast.StarExpr:
			x = e.X
		case *ast.IndexExpr:
			x = e.X
		case *ast.IndexListExpr:
			x = e.X
		case *ast.Ident:
			return e.Name + "."
		default:
			return ""
		}
	}
}

// TestFidelity: docs/fidelity.md has every rule and every refusal that is our
// reading, and every switch of the resolver.
func TestFidelity(t *testing.T) {
	text := pages(t)["docs/fidelity.md"]
	rules, switches, refusals := 0, 0, 0
	for _, f := range parsed(t) {
		switch {
		case strings.HasPrefix(f.pkg, "twin") && !f.test:
			ast.Inspect(f.File, func(n ast.Node) bool {
				if id, ok := undocumentedRule(n); ok {
					refusals++
					if !strings.Contains(text, "| "+id+" |") {
						t.Errorf("%s: refusal %s is our reading and has no row in docs/fidelity.md", position(n), id)
					}
				}
				return true
			})
		case f.pkg == "resolve" && f.name == "rule.go":
			ast.Inspect(f.File, func(n ast.Node) bool {
				if kv, ok := n.(*ast.KeyValueExpr); ok {
					if id, modelled := modelledRule(kv); modelled {
						rules++
						if !strings.Contains(text, "| "+id+" |") {
							t.Errorf("%s: rule %s is our reading and has no row in docs/fidelity.md", position(kv), id)
						}
					}
				}
				return true
			})
		case f.pkg == "resolve" && f.name == "policy.go":
			ast.Inspect(f.File, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok || spec.Name.Name != "Policy" {
					return true
				}
				for _, field := range spec.Type.(*ast.StructType).Fields.List {
					for _, name := range field.Names {
						switches++
						if !strings.Contains(text, "`"+name.Name+"`") {
							t.Errorf("%s: switch %s is not in docs/fidelity.md", position(name), name.Name)
						}
					}
				}
				return false
			})
		}
	}
	if rules == 0 || switches == 0 || refusals == 0 {
		t.Errorf("found %d rules, %d switches and %d refusals: they stand elsewhere now", rules, switches, refusals)
	}
}

// modelledRule reads an entry "R1.2": {Modelled, …}.
func modelledRule(kv *ast.KeyValueExpr) (id string, ok bool) {
	key, isLit := kv.Key.(*ast.BasicLit)
	value, isComposite := kv.Value.(*ast.CompositeLit)
	if !isLit || key.Kind != token.STRING || !isComposite || len(value.Elts) == 0 {
		return "", false
	}
	first, isName := value.Elts[0].(*ast.Ident)
	id, err := strconv.Unquote(key.Value)
	return id, err == nil && isName && first.Name == "Modelled"
}

// undocumentedRule reads a literal world.Undocumented{Rule: "R8.3", …}.
func undocumentedRule(n ast.Node) (id string, ok bool) {
	lit, isLit := n.(*ast.CompositeLit)
	if !isLit {
		return "", false
	}
	sel, isSel := lit.Type.(*ast.SelectorExpr)
	if !isSel || sel.Sel.Name != "Undocumented" {
		return "", false
	}
	for _, e := range lit.Elts {
		kv, isPair := e.(*ast.KeyValueExpr)
		if !isPair {
			continue
		}
		key, _ := kv.Key.(*ast.Ident)
		value, isText := kv.Value.(*ast.BasicLit)
		if key != nil && key.Name == "Rule" && isText {
			id, err := strconv.Unquote(value.Value)
			return id, err == nil
		}
	}
	return "", false
}
