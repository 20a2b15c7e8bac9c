package wire

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire/internal/model"
)

// TestTables holds the tables to operations.txt, to two megabytes, and to patterns
// that compile.
func TestTables(t *testing.T) {
	text, err := os.ReadFile("models/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	lists, err := model.ParseOperations(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(lists) != len(Services()) {
		t.Errorf("%d services are listed and %d have tables", len(lists), len(Services()))
	}
	total := 0
	for _, list := range lists {
		s, err := Load(list.Service)
		if err != nil {
			t.Error(err)
			continue
		}
		table, err := os.ReadFile(filepath.Join("models", list.Service+".json"))
		if err != nil {
			t.Fatal(err)
		}
		total += len(table)
		for _, name := range list.Names() {
			if _, err := s.Operation(name); err != nil {
				t.Errorf("%s.%s is listed: %v", s.Name, name, err)
			}
		}
		for _, op := range s.Operations() {
			if !list.Has(op.Name) {
				t.Errorf("%s.%s has a table and is not listed", s.Name, op.Name)
			}
			if op.Name == "" || op.Service != s || op.in == nil || op.out == nil {
				t.Errorf("%s.%s is not whole", s.Name, op.Name)
			}
		}
		for name := range s.others {
			if list.Has(name) {
				t.Errorf("%s.%s is listed and has no table", s.Name, name)
			}
		}
		everyShape(s, func(shape *shape) {
			if shape.pattern != nil && shape.pattern() == nil {
				t.Errorf("%s: pattern of %s does not compile: %s", s.Name, shape.name, shape.source)
			}
		})
	}
	if total > 2<<20 {
		t.Errorf("the tables have %d bytes", total)
	}
}

func everyShape(s *Service, visit func(*shape)) {
	seen := map[*shape]bool{}
	var walk func(*shape)
	walk = func(shape *shape) {
		if seen[shape] {
			return
		}
		seen[shape] = true
		visit(shape)
		for _, m := range shape.members {
			walk(m.shape)
		}
		if shape.elem != nil {
			walk(shape.elem.shape)
		}
	}
	for _, op := range s.operations {
		walk(op.in)
		walk(op.out)
	}
}

func TestLoadUnknown(t *testing.T) {
	_, err := Load("dynamodb")
	if err == nil || !strings.Contains(err.Error(), `no table for service "dynamodb"`) {
		t.Errorf("got %v", err)
	}
}

func TestParseOperations(t *testing.T) {
	cases := []struct{ text, want string }{
		{"a: B*\n  !Bad # no\n\nb: C", ""},
		{"a B", `operations.txt:1: "a" does not end with a colon`},
		{" B", "operations.txt:1: patterns before the first service"},
		{"\na: [", `operations.txt:2: "[": syntax error in pattern`},
	}
	for _, c := range cases {
		lists, err := model.ParseOperations(c.text)
		if err != nil || c.want != "" {
			if err == nil || err.Error() != c.want {
				t.Errorf("%q: %v, want %s", c.text, err, c.want)
			}
			continue
		}
		if len(lists) != 2 || !lists[0].Has("Bid") || lists[0].Has("Bad") || lists[1].Has("Bid") {
			t.Errorf("%q: %+v", c.text, lists)
		}
	}
}
