package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestTrees(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"nothing", "", ""},
		{"comments", "# a\n---\n# b\n", ""},
		{"documents", "a: 1\n---\n---\nb: &x [2, \"2\"]\nc: *x\n", "1:1 {\"a\":1}\n4:1 {\"b\":[2,\"2\"],\"c\":[2,\"2\"]}\n"},
		{"empty documents", "---\n---\na: 1\n---\n# x\n---\nb: 2\n---\n# y\n", "3:1 {\"a\":1}\n7:1 {\"b\":2}\n"},
		{"anchors end with their document", "a: &x 1\n---\nb: *x\n", "1:1 {\"a\":1}\n3:1 {\"b\":null}\nerror f:3:4: no anchor &x stands before this alias: an unquoted * begins an alias; put &x before what it stands for\n"},
		{"JSON", "{\n\t\"a\": [true, null, {}],\n\t\"b\": \"\\ud83d\\ude00\\/\\n\"\n}\n", "1:1 {\"a\":[true,null,{}],\"b\":\"😀/\\n\"}\n"},
		{"numbers", "[0x1f, 1_000, +5, 1.5e3, .inf, 017, 0o17, 2024-01-01]", "1:1 [31,1000,5,1.5e3,\".inf\",15,15,\"2024-01-01\"]\n"},
		{"not YAML", "a: [1", "error f:1:4: this is not YAML: sequence end token ']' not found\n"},
		{"a bomb", bomb(), "error f:1:9: aliases multiply the configuration beyond what is read; write fewer aliases\n"},
	} {
		trees, problems := Trees("f", []byte(tt.src))
		var got strings.Builder
		for _, tree := range trees {
			raw, err := json.Marshal(tree)
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			fmt.Fprintf(&got, "%d:%d %s\n", tree.Pos().Line, tree.Pos().Column, raw)
		}
		for _, p := range problems {
			fmt.Fprintf(&got, "%s %s\n", p.Severity, p.Error())
		}
		if got.String() != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got.String(), tt.want)
		}
	}
}

// bomb is ten lists, each of ten aliases of the one before.
func bomb() string {
	s := "a0: &a0 x\n"
	for i := 1; i < 10; i++ {
		alias := fmt.Sprintf("*a%d, ", i-1)
		s += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(alias, 10), ", "))
	}
	return s
}

func TestTree(t *testing.T) {
	trees, problems := Trees("f", []byte("spec:\n  name: x\n  ttl: 30\n  none: null\n  list: [a, b]\nother: [1]\n"))
	if len(problems) > 0 || len(trees) != 1 {
		t.Fatal(problems)
	}
	tree := trees[0]
	spec := tree.At("spec")
	if name, ok := spec.At("name").Text(); name != "x" || !ok || !spec.At("name").IsText() || spec.At("name").Pos().String() != "f:2:9" {
		t.Errorf("name = %q, %v at %s", name, ok, spec.At("name").Pos())
	}
	if ttl, ok := tree.At("spec", "ttl").Text(); ttl != "30" || !ok || spec.At("ttl").IsText() {
		t.Errorf("ttl = %q, %v", ttl, ok)
	}
	for _, absent := range []Tree{{}, spec.At("none"), spec.At("nowhere"), tree.At("spec", "name", "below"), Tree{}.At("a")} {
		if absent.There() || absent.IsMapping() || absent.IsText() || absent.String() != "nothing" || absent.Keys() != nil {
			t.Errorf("%+v is there", absent)
		}
		if _, ok := absent.Items(); ok {
			t.Errorf("%+v has items", absent)
		}
		if _, ok := absent.Text(); ok {
			t.Errorf("%+v has a text", absent)
		}
	}
	items, ok := spec.At("list").Items()
	if !ok || len(items) != 2 || !spec.IsMapping() || strings.Join(spec.Keys(), " ") != "name ttl none list" {
		t.Errorf("items = %v, %v; keys = %v", items, ok, spec.Keys())
	}
	changed, err := tree.With("spec", []any{"x", 1, nil, map[string]string{"a": "\x01\"é"}})
	if err == nil {
		changed, err = changed.With("status", nil)
	}
	raw, _ := json.Marshal(changed)
	if want := `{"spec":["x",1,null,{"a":"\u0001\"é"}],"other":[1],"status":null}`; err != nil || string(raw) != want {
		t.Errorf("With gives %s, %v; want %s", raw, err, want)
	}
	if again, _ := json.Marshal(tree); !strings.Contains(string(again), `"ttl":30`) || strings.Contains(string(again), "status") {
		t.Errorf("With changed its receiver: %s", again)
	}
	if _, err := tree.With("x", func() {}); err == nil {
		t.Error("a function became JSON")
	}
}
