package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// template FILE: a CloudFormation template reads back: every resource has a type
// and properties, every reference has its target, and every policy is a document.
func template(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: template FILE")
	}
	var t struct {
		AWSTemplateFormatVersion string
		Parameters               map[string]struct{ Type string }
		Resources                map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &t))
	if t.AWSTemplateFormatVersion != "2010-09-09" || len(t.Resources) == 0 {
		ts.Fatalf("%s is no template", args[0])
	}
	var references func(v any)
	references = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				references(x)
			}
		case map[string]any:
			if to, ok := v["Ref"].(string); ok {
				_, parameter := t.Parameters[to]
				if _, resource := t.Resources[to]; !resource && !parameter {
					ts.Fatalf("nothing is called %s", to)
				}
			}
			for _, x := range v {
				references(x)
			}
		}
	}
	needs := map[string][]string{
		"AWS::IAM::Role":          {"RoleName", "AssumeRolePolicyDocument", "ManagedPolicyArns"},
		"AWS::IAM::ManagedPolicy": {"ManagedPolicyName", "PolicyDocument"},
	}
	for name, r := range t.Resources {
		if needs[r.Type] == nil {
			ts.Fatalf("%s is of type %q", name, r.Type)
		}
		for _, key := range needs[r.Type] {
			if r.Properties[key] == nil {
				ts.Fatalf("%s has no %s", name, key)
			}
			if document, ok := r.Properties[key].(map[string]any); strings.HasSuffix(key, "Document") && (!ok || document["Statement"] == nil) {
				ts.Fatalf("%s of %s is no policy", key, name)
			}
		}
		references(r.Properties)
	}
}

// blocks DOC FILE: writes the shell of a document, block by block, for this
// script's twin.
func blocks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: blocks DOC FILE")
	}
	raw, err := os.ReadFile(filepath.Join(here, "..", "..", args[0]))
	ts.Check(err)
	var out strings.Builder
	in := false
	for line := range strings.Lines(string(raw)) {
		switch {
		case strings.HasPrefix(line, "```sh"):
			in = true
		case strings.HasPrefix(line, "```"):
			in = false
		case in:
			out.WriteString(strings.ReplaceAll(line, "http://127.0.0.1:4577", twinOf(ts).url))
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(out.String()), 0o666))
}
