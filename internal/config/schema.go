package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:generate go test -run ^TestGenerated$ -update

// Schema is the JSON Schema (draft 7, which editors understand best) of a
// configuration file.
func Schema() []byte {
	s := schemaOf(root.desc)
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "orgdns configuration"
	delete(s, "required") // a file of a folder need not say all
	definitions := map[string]any{}
	for _, d := range objects(root.desc)[1:] {
		definitions[d.name] = schemaOf(d)
	}
	s["definitions"] = definitions
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		panic(err) // the description holds only maps, lists and texts
	}
	return b.Bytes()
}

// schemaOf is the schema of an object; all else inside is written in place.
func schemaOf(d *desc) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range d.fields {
		s := map[string]any{"description": f.doc}
		if v := inPlace(f.value); v["$ref"] != nil {
			s["allOf"] = []any{v} // draft 7 ignores what stands beside $ref
		} else {
			for k, val := range v {
				s[k] = val
			}
		}
		properties[f.key] = s
		if f.required {
			required = append(required, f.key)
		}
	}
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	if d.doc != "" {
		s["description"] = d.doc
	}
	return s
}

func inPlace(d *desc) map[string]any {
	switch {
	case d.name != "":
		return map[string]any{"$ref": "#/definitions/" + d.name}
	case d.item != nil:
		return map[string]any{"type": "array", "items": inPlace(d.item)}
	case d.values != nil:
		return map[string]any{"type": "object", "additionalProperties": inPlace(d.values)}
	case d.either != nil:
		var all []any
		for _, e := range d.either {
			all = append(all, inPlace(e))
		}
		return map[string]any{"anyOf": all}
	}
	return d.schema
}

// objects are the objects of a description, each once, in the order in which a
// reader meets them.
func objects(d *desc) []*desc {
	var out []*desc
	var walk func(*desc)
	walk = func(d *desc) {
		if d == nil || slices.Contains(out, d) {
			return
		}
		if d.name != "" {
			out = append(out, d)
		}
		for _, f := range d.fields {
			walk(f.value)
		}
		walk(d.item)
		walk(d.values)
		for _, e := range d.either {
			walk(e)
		}
	}
	walk(d)
	return out
}

// Reference is the reference of the configuration, in Markdown.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString("# Configuration\n\n<!-- Written by go generate from internal/config/fields.go. -->\n\n")
	b.WriteString(root.doc + "\n\nAn editor checks and completes it with `schema/orgdns.schema.json`; the first line of a file may say\n`# yaml-language-server: $schema=../schema/orgdns.schema.json`.\n")
	for _, d := range objects(root.desc) {
		fmt.Fprintf(&b, "\n## %s\n\n", d.name)
		if d.doc != "" && d != root.desc {
			b.WriteString(d.doc + "\n\n")
		}
		b.WriteString("| key | value | default | meaning |\n| --- | --- | --- | --- |\n")
		for _, f := range d.fields {
			def := f.def
			if f.required {
				def = "required"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.key, valueOf(f.value), def, strings.ReplaceAll(f.doc, "|", `\|`))
		}
	}
	return b.Bytes()
}

// valueOf is what a key takes, with links to the objects.
func valueOf(d *desc) string {
	switch {
	case d.name != "":
		return fmt.Sprintf("[%s](#%s)", d.name, strings.ToLower(strings.ReplaceAll(d.name, " ", "-")))
	case d.item != nil:
		return "list of " + valueOf(d.item)
	case d.values != nil:
		return "mapping of names to " + valueOf(d.values)
	case d.either != nil:
		var words []string
		for _, e := range d.either {
			words = append(words, valueOf(e))
		}
		return strings.Join(words, ", or ")
	case d.schema["enum"] != nil:
		var words []string
		for _, v := range d.schema["enum"].([]string) {
			words = append(words, "`"+v+"`")
		}
		return strings.Join(words, ", ")
	}
	for _, article := range []string{"a ", "an "} {
		if word, ok := strings.CutPrefix(d.word, article); ok {
			return word
		}
	}
	return d.word
}
