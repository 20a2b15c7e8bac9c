package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated files")

// TestGenerated holds the schema and the reference to the description; with
// -update it writes them (go generate).
func TestGenerated(t *testing.T) {
	for _, f := range []struct {
		path string
		want []byte
	}{
		{"../../schema/orgdns.schema.json", Schema()},
		{"../../docs/configuration.md", Reference()},
	} {
		if *update {
			if err := os.WriteFile(f.path, f.want, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, f.want) {
			t.Errorf("%s is not what the description says: run go generate ./internal/config", f.path)
		}
	}
}

// Every reference in the schema leads somewhere, and every key says what it
// means.
func TestSchemaIsWhole(t *testing.T) {
	var s map[string]any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	definitions := s["definitions"].(map[string]any)
	seen := map[string]bool{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(at, x)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				name := strings.TrimPrefix(ref, "#/definitions/")
				seen[name] = true
				if definitions[name] == nil {
					t.Errorf("%s: %s leads nowhere", at, ref)
				}
			}
			if properties, ok := v["properties"].(map[string]any); ok {
				for key, p := range properties {
					if p.(map[string]any)["description"] == "" {
						t.Errorf("%s.%s has no description", at, key)
					}
				}
			}
			for key, x := range v {
				walk(at+"."+key, x)
			}
		}
	}
	walk("", s)
	for name := range definitions {
		if !seen[name] {
			t.Errorf("the definition %s is not used", name)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d definitions are used", len(seen))
	}
}
