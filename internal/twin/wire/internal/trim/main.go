// Command trim makes the shape tables of package wire from botocore's service
// models: it keeps the operations that operations.txt lists and the shapes that
// they reach, drops the prose, and applies the corrections below.
//
//	go run ./internal/twin/wire/internal/trim -botocore DIR
//	go run ./internal/twin/wire/internal/trim -vectors DIR
//
// The first DIR is the folder botocore/data of an installed botocore. The
// second is the folder tests/unit/protocols of its repository, Smithy's
// protocol tests in JSON, from which the prose goes too. The tool is run by
// hand when operations.txt or botocore changes; its result is committed.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/twin/wire/internal/model"
)

func main() {
	botocore := flag.String("botocore", "", "trim the models in this `folder`")
	vectors := flag.String("vectors", "", "trim the protocol tests in this `folder`")
	wire := flag.String("wire", "internal/twin/wire", "`folder` of package wire")
	flag.Parse()
	if err := run(*botocore, *vectors, *wire); err != nil {
		fmt.Fprintln(os.Stderr, "trim:", err)
		os.Exit(1)
	}
}

func run(botocore, vectors, wire string) error {
	if botocore == "" && vectors == "" {
		return errors.New("name a folder with -botocore or -vectors")
	}
	if vectors != "" {
		if err := trimVectors(vectors, filepath.Join(wire, "testdata", "protocols")); err != nil {
			return err
		}
	}
	if botocore != "" {
		return trimModels(botocore, filepath.Join(wire, "models"))
	}
	return nil
}

func trimModels(botocore, models string) error {
	text, err := os.ReadFile(filepath.Join(models, "operations.txt"))
	if err != nil {
		return err
	}
	lists, err := model.ParseOperations(string(text))
	if err != nil {
		return err
	}
	for _, list := range lists {
		m, err := read(botocore, list.Service)
		if err != nil {
			return fmt.Errorf("%s: %w", list.Service, err)
		}
		if err := trim(m, list); err != nil {
			return fmt.Errorf("%s: %w", list.Service, err)
		}
		correct(list.Service, m)
		b, err := write(m)
		if err != nil {
			return fmt.Errorf("%s: %w", list.Service, err)
		}
		if err := os.WriteFile(filepath.Join(models, list.Service+".json"), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// read returns the newest model of a service.
func read(botocore, service string) (*model.Model, error) {
	versions, err := os.ReadDir(filepath.Join(botocore, service))
	if err != nil {
		return nil, err
	}
	name := ""
	for _, v := range versions {
		if v.IsDir() {
			name = v.Name() // sorted by name, and the names are dates
		}
	}
	plain := filepath.Join(botocore, service, name, "service-2.json")
	b, err := os.ReadFile(plain)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = readGzip(plain + ".gz")
	}
	if err != nil {
		return nil, err
	}
	m := new(model.Model)
	return m, json.Unmarshal(b, m)
}

func readGzip(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// trim removes what the list does not name, and what nothing reaches then.
func trim(m *model.Model, list model.OperationList) error {
	rest := strings.HasPrefix(m.Metadata.Protocol, "rest-")
	if m.Metadata.XMLNamespace == "" && rest {
		m.Metadata.XMLNamespace = inputNamespace(m)
	}
	m.Others = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(m.Operations)) {
		if list.Has(name) {
			continue
		}
		m.Others[name] = ""
		if http := m.Operations[name].HTTP; rest {
			m.Others[name] = http.Method + " " + http.RequestURI
		}
		delete(m.Operations, name)
	}
	for _, name := range list.Names() {
		if m.Operations[name] == nil {
			return fmt.Errorf("operation %s is listed and not in the model", name)
		}
	}
	reached := map[string]bool{}
	var reach func(*model.Ref)
	reach = func(r *model.Ref) {
		if r != nil && !reached[r.Shape] {
			reached[r.Shape] = true
			m.Shapes[r.Shape].Refs(reach)
		}
	}
	for _, op := range m.Operations {
		reach(op.Input)
		reach(op.Output)
		for i := range op.Errors {
			reach(&op.Errors[i])
		}
	}
	maps.DeleteFunc(m.Shapes, func(name string, _ *model.Shape) bool { return !reached[name] })
	return nil
}

// inputNamespace is the namespace that a rest-xml service wants for its
// requests, which is also that of its answers.
func inputNamespace(m *model.Model) string {
	for _, name := range slices.Sorted(maps.Keys(m.Operations)) {
		if in := m.Operations[name].Input; in != nil && in.XMLNamespace != nil {
			return in.XMLNamespace.URI
		}
	}
	return ""
}

// correct puts back what Smithy's models say and botocore's leave to code.
func correct(service string, m *model.Model) {
	for name, op := range m.Operations {
		op.Name = name // botocore's CloudFront has the version in its names
	}
	switch service {
	case "route53":
		// Integers in Smithy's model; botocore keeps the strings of older days.
		for _, name := range []string{"PageMaxItems", "MaxResults"} {
			if s := m.Shapes[name]; s != nil {
				s.Type = "integer"
			}
		}
	case "cloudfront":
		for _, s := range m.Shapes { // the same
			for i := range s.Members {
				if r := &s.Members[i].Ref; s.Members[i].Name == "MaxItems" && r.Shape == "string" {
					r.Shape = "integer"
				}
			}
		}
	case "s3":
		m.Metadata.XMLNamespace = "http://s3.amazonaws.com/doc/2006-03-01/"
		for _, name := range []string{"AnalyticsFilter", "MetricsFilter"} {
			if s := m.Shapes[name]; s != nil {
				s.Union = true
			}
		}
		// Trait aws.customizations#s3UnwrappedXmlOutput.
		if op := m.Operations["GetBucketLocation"]; op != nil {
			op.Output.Unwrapped = true
		}
	}
}

// write puts each operation and each shape on a line of its own.
func write(m *model.Model) ([]byte, error) {
	var b bytes.Buffer
	var err error
	line := func(prefix string, v any, suffix string) {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		b.WriteString(prefix)
		if e := enc.Encode(v); e != nil && err == nil {
			err = e
		}
		b.Truncate(b.Len() - 1)
		b.WriteString(suffix)
	}
	line("{\"metadata\":", m.Metadata, ",\n\"operations\":{")
	comma := "\n"
	for _, name := range slices.Sorted(maps.Keys(m.Operations)) {
		line(comma+`"`+name+`":`, m.Operations[name], "")
		comma = ",\n"
	}
	line("},\n\"others\":", m.Others, ",\n\"shapes\":{")
	comma = "\n"
	for _, name := range slices.Sorted(maps.Keys(m.Shapes)) {
		line(comma+`"`+name+`":`, m.Shapes[name], "")
		comma = ",\n"
	}
	b.WriteString("}}\n")
	return b.Bytes(), err
}
