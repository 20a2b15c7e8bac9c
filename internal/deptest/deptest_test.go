package deptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// root is the folder of go.mod.
const root = "../.."

// file is a parsed Go file of ours.
type file struct {
	pkg  string // as in table
	name string
	test bool
	*ast.File
}

var fset = token.NewFileSet()

// files parses every Go file of the module, once.
var files = sync.OnceValues(func() ([]file, error) {
	var out []file
	err := filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if at != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(fset, at, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(at))
		if err != nil {
			return err
		}
		out = append(out, file{short(filepath.ToSlash(dir)), name, strings.HasSuffix(name, "_test.go"), f})
		return nil
	})
	return out, err
})

// short is a package's name in the table.
func short(dir string) string { return strings.TrimPrefix(dir, "internal/") }

func parsed(t *testing.T) []file {
	t.Helper()
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// position is where a node stands, from the root of the module.
func position(n ast.Node) string {
	p := fset.Position(n.Pos())
	name, err := filepath.Rel(root, p.Filename)
	if err != nil {
		name = p.Filename
	}
	return fmt.Sprintf("%s:%d", filepath.ToSlash(name), p.Line)
}

// TestLayers holds the imports of every package against the table.
func TestLayers(t *testing.T) {
	unknown := map[string]bool{}
	for _, f := range parsed(t) {
		r, ok := table[f.pkg]
		if !ok {
			if !unknown[f.pkg] {
				t.Errorf("package %s is not in the table: give it a layer in internal/deptest/table_test.go and docs/architecture.md", f.pkg)
			}
			unknown[f.pkg] = true
			continue
		}
		for _, spec := range f.Imports {
			if problem := r.judge(f, importPath(spec)); problem != "" {
				t.Errorf("%s: %s %s", position(spec), f.pkg, problem)
			}
		}
	}
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value // which no rule allows
	}
	return p
}

// judge says what is wrong with an import, nothing when it is allowed.
func (r rule) judge(f file, imported string) string {
	refuse := func(why string) string {
		layer := ""
		if r.layer != "" {
			layer = "(layer " + r.layer + ") "
		}
		return layer + "must not import " + imported + why
	}
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	ours = short(ours)
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case isOurs && table[ours].testOnly && !f.test:
		return refuse(", which is for tests")
	case isOurs && (ours == f.pkg || slices.Contains(r.ours, ours) || f.test && slices.Contains(r.tests, ours)):
		return ""
	case isOurs:
		return refuse("")
	case strings.Contains(first, "."):
		allowed := r.other
		if f.test {
			allowed = slices.Concat(r.other, r.otherTests)
		}
		if !slices.ContainsFunc(allowed, func(m string) bool { return under(imported, m) }) {
			return refuse("")
		}
	case r.pure && !f.test && touches(imported):
		return refuse(": it opens no file and no socket")
	}
	return ""
}

func under(imported, module string) bool {
	return imported == module || strings.HasPrefix(imported, module+"/")
}

// touches reports whether a package of the standard library is one with which
// code reaches beyond its own memory.
func touches(std string) bool {
	switch top, _, _ := strings.Cut(std, "/"); top {
	case "net":
		return std != "net/netip" && std != "net/url"
	case "os", "syscall", "plugin":
		return true
	}
	return std == "path/filepath" || std == "io/ioutil"
}

// TestTransitive follows the imports of the pure packages, and of their tests,
// through the packages of others: no client of AWS, and no network outside
// tests.
func TestTransitive(t *testing.T) {
	var pure []string
	for p, r := range table {
		if r.pure {
			pure = append(pure, module+"/internal/"+p)
		}
	}
	slices.Sort(pure)
	imports := list(t, pure...)
	for start := range imports {
		name, variant, isTest := strings.Cut(start, " ")
		if isTest && !strings.HasPrefix(name, module) || !isTest && !slices.Contains(pure, name) {
			continue
		}
		chain := reach(imports, start, func(p string) bool {
			return under(p, sdk) || under(p, smithy) || !isTest && (p == "net" || p == "net/http" || p == "os/exec")
		})
		if chain != nil {
			t.Errorf("%s %s reaches beyond itself: %s", name, variant, strings.Join(chain, " -> "))
		}
	}
}

// list is the imports of packages, of their tests and of all that these
// import, by path; those of tests are named "path [path.test]".
func list(t *testing.T, packages ...string) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps", "-test", "-json=ImportPath,Imports"}, packages...)...)
	cmd.Dir = root
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, problems.String())
	}
	imports := map[string][]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return imports
		} else if err != nil {
			t.Fatal(err)
		}
		imports[p.ImportPath] = p.Imports
	}
}

// reach is a shortest chain of imports from a package to one that is bad.
func reach(imports map[string][]string, start string, bad func(string) bool) []string {
	from := map[string]string{start: ""}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if bad(at) {
			var chain []string
			for ; at != ""; at = from[at] {
				chain = append([]string{at}, chain...)
			}
			return chain
		}
		for _, next := range imports[at] {
			if _, seen := from[next]; !seen {
				from[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// TestBans finds calls of what only edges may call.
func TestBans(t *testing.T) {
	used := map[string]bool{}
	for _, f := range parsed(t) {
		if f.test {
			continue
		}
		names := map[string]string{} // local name -> path
		for _, spec := range f.Imports {
			p := importPath(spec)
			local := path.Base(p)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			names[local] = p
		}
		for _, decl := range f.Decls {
			place := f.pkg + "/" + f.name
			if fn, ok := decl.(*ast.FuncDecl); ok {
				place += " " + fn.Name.Name
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				x, ok := sel.X.(*ast.Ident)
				if !ok {
					return true
				}
				for _, b := range bans {
					if names[x.Name] != b.path || !slices.Contains(b.names, sel.Sel.Name) {
						continue
					}
					if i := slices.IndexFunc(b.but, func(but string) bool { return within(place, but) }); i >= 0 {
						used[b.but[i]+" "+b.path] = true
						continue
					}
					t.Errorf("%s: %s.%s: %s", position(sel), x.Name, sel.Sel.Name, b.why)
				}
				return true
			})
		}
	}
	for _, b := range bans {
		for _, but := range b.but {
			if !used[but+" "+b.path] {
				t.Errorf("%s no longer uses package %s: take the exception out of the table", but, b.path)
			}
		}
	}
}

// within reports whether a place, "package/file.go Function", lies in another.
func within(place, in string) bool {
	rest, ok := strings.CutPrefix(place, in)
	return ok && (rest == "" || rest[0] == '/' && !strings.Contains(rest[1:], "/") || rest[0] == ' ')
}

// TestPackageComments requires of every package that it says what it is for.
func TestPackageComments(t *testing.T) {
	said := map[string]bool{}
	for _, f := range parsed(t) {
		if !f.test {
			said[f.pkg] = said[f.pkg] || f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != ""
		} else if _, ok := said[f.pkg]; !ok {
			said[f.pkg] = false
		}
	}
	for p, ok := range said {
		if !ok {
			t.Errorf("package %s has no package comment: say what it is for and what it leaves out", p)
		}
	}
}

// TestJudge shows that the rules can fail.
func TestJudge(t *testing.T) {
	code, test := file{pkg: "plan"}, file{pkg: "plan", test: true}
	for _, c := range []struct {
		from     file
		imported string
		allowed  bool
	}{
		{code, "fmt", true},
		{code, "net/netip", true},
		{code, "net/http", false},
		{code, "os", false},
		{test, "os", true},
		{code, module + "/internal/estate", true},
		{code, module + "/internal/config", false},
		{test, module + "/internal/config", false},
		{code, module + "/internal/twin/world/worldtest", false},
		{code, rapid, false},
		{test, rapid, true},
		{test, sdk + "/service/route53", false},
	} {
		if problem := table[c.from.pkg].judge(c.from, c.imported); (problem == "") != c.allowed {
			t.Errorf("%s imports %s (test file: %v): %q", c.from.pkg, c.imported, c.from.test, problem)
		}
	}
	acm := file{pkg: "twin/acm"}
	if table["twin/acm"].judge(acm, module+"/internal/twin/route53") == "" {
		t.Error("a service of the twin may import another")
	}
	chain := reach(map[string][]string{"a": {"b", "c"}, "b": {"d"}, "c": {"net"}}, "a", func(p string) bool { return p == "net" })
	if got := strings.Join(chain, " "); got != "a c net" {
		t.Errorf("reach finds %q", got)
	}
	if !within("cli/cli.go Main", "cli") || !within("cli/cli.go Main", "cli/cli.go") || within("cli/cli.go Main", "cl") || within("twin/dns/dns.go New", "twin") {
		t.Error("within is wrong")
	}
}
