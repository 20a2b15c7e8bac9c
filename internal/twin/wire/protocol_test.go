package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/twin/wire/internal/model"
)

// TestProtocols runs Smithy's protocol tests from the server's side: a request
// must decode to the parameters, a result or error must encode to the answer.
// A case of the table excluded must exist and must fail.
func TestProtocols(t *testing.T) {
	seen := map[string]bool{}
	ran := 0
	for _, direction := range []string{"input", "output"} {
		files, err := filepath.Glob(filepath.Join("testdata", "protocols", direction, "*.json"))
		if err != nil || len(files) != 7 {
			t.Fatalf("%d files of %s tests, want 7: %v", len(files), direction, err)
		}
		for _, file := range files {
			for _, suite := range readSuites(t, file) {
				for i, c := range suite.Cases {
					name := fmt.Sprintf("%s/%s/%s", direction, strings.TrimSuffix(filepath.Base(file), ".json"), c.ID)
					if seen[name] {
						t.Fatalf("two cases %s", name)
					}
					seen[name] = true
					t.Run(name, func(t *testing.T) {
						ran++
						err := runCase(suite, suite.Cases[i])
						reason, out := excluded[name]
						switch {
						case out && err == nil:
							t.Errorf("passes, and is excluded because: %s", reason)
						case !out && err != nil:
							t.Errorf("%s: %v", c.Description, err)
						}
					})
				}
			}
		}
	}
	for name := range excluded {
		if !seen[name] {
			t.Errorf("excluded case %s does not exist", name)
		}
	}
	t.Logf("%d cases, %d of them excluded", ran, len(excluded))
}

func readSuites(t testing.TB, file string) []model.Suite {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var suites []model.Suite
	if err := json.Unmarshal(text, &suites); err != nil {
		t.Fatal(err)
	}
	return suites
}

func runCase(suite model.Suite, c model.Case) error {
	op, err := caseOperation(suite, c)
	if err != nil {
		return err
	}
	switch {
	case c.Serialized != nil:
		return runInput(op, c)
	case c.Error != nil:
		return runError(op, c)
	default:
		return runOutput(op, c)
	}
}

// caseOperation makes a service of the suite's shapes and the case's operation.
func caseOperation(suite model.Suite, c model.Case) (*Operation, error) {
	given := c.Given
	if given.Name == "" {
		given.Name = "OperationName"
	}
	m := model.Model{Metadata: suite.Metadata, Shapes: suite.Shapes, Operations: map[string]*model.Operation{given.Name: &given}}
	if p := Protocol(m.Metadata.Protocol); p == Query || p == EC2 {
		m.Metadata.XMLNamespace = "https://example.com/" // of Smithy's test services
		if p == Query && given.Output != nil && len(m.Shapes[given.Output.Shape].Members) > 0 {
			given.Output.ResultWrapper = given.Name + "Result" // as botocore's own runner does
		}
	}
	table, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	s, err := parse("vectors", table)
	if err != nil {
		return nil, err
	}
	return s.operations[given.Name], nil
}

func runInput(op *Operation, c model.Case) error {
	req := httptest.NewRequest(c.Serialized.Method, "http://example.com"+c.Serialized.URI, nil)
	for name, value := range c.Serialized.Headers {
		req.Header.Set(name, value)
	}
	routed, err := NewRouter(op.Service).Route(req, []byte(c.Serialized.Body), "")
	if err != nil {
		return err
	}
	if routed.Operation != op {
		return fmt.Errorf("routed to %s", routed.Operation.Name)
	}
	got, err := routed.Decode()
	if err != nil {
		return err
	}
	want, err := caseTree(op.in, c.Params)
	if err != nil {
		return err
	}
	if !sameTree(got, want) {
		return fmt.Errorf("decoded\n%v, want\n%v", got, want)
	}
	return nil
}

func runOutput(op *Operation, c model.Case) error {
	tree, err := caseTree(op.out, c.Result)
	if err != nil {
		return err
	}
	got, err := op.Encode(tree, requestID(c))
	if err != nil {
		return err
	}
	if c.Response.Body == "" && (op.Service.Protocol == Query || op.Service.Protocol == EC2) {
		got.Body = nil // the cases say that they do not judge it
	}
	return compareResponse(got, c)
}

// caseError is an error as a handler would return it.
func runError(op *Operation, c model.Case) error {
	shape := op.Service.errors[c.ErrorCode]
	if shape == nil {
		return fmt.Errorf("no error %s", c.ErrorCode)
	}
	tree, err := caseTree(shape, c.Error)
	if err != nil {
		return err
	}
	api := &smithy.GenericAPIError{Code: c.ErrorCode, Message: c.ErrorMessage}
	if m := messageOf(shape.members); m != nil {
		delete(tree, m.name)
	}
	return compareResponse(op.Service.encodeError(api, shape, tree, requestID(c)), c)
}

var errorNamespace = regexp.MustCompile(`<ErrorResponse xmlns=".*?">`)

var requestIDs = regexp.MustCompile(`<[rR]equestI[dD]>(.*?)<`)

// requestID is the one that the expected answer holds.
func requestID(c model.Case) string {
	for name, value := range c.Response.Headers {
		if strings.EqualFold(name, "X-Amzn-RequestId") {
			return value
		}
	}
	if found := requestIDs.FindStringSubmatch(c.Response.Body); found != nil {
		return found[1]
	}
	return "requestid"
}

func compareResponse(got *Response, c model.Case) error {
	var errs []error
	if got.Status != c.Response.StatusCode {
		errs = append(errs, fmt.Errorf("status %d, want %d", got.Status, c.Response.StatusCode))
	}
	for name, want := range c.Response.Headers {
		value := got.Header.Get(name)
		if name == "Content-Type" { // AWS itself is of two minds about the character set
			value, _, _ = strings.Cut(value, ";")
			want, _, _ = strings.Cut(want, ";")
		}
		if value != want {
			errs = append(errs, fmt.Errorf("header %s: %q, want %q", name, value, want))
		}
	}
	if err := compareBodies(got.Body, []byte(c.Response.Body), got.Header.Get("Content-Type")); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func compareBodies(got, want []byte, media string) error {
	if bytes.Equal(got, want) {
		return nil
	}
	switch {
	case strings.Contains(media, "json"):
		g, err := parseJSON(got)
		if err != nil {
			return err
		}
		w, err := parseJSON(want)
		if err != nil {
			w = map[string]any{} // "" stands for no members
		}
		if g, w = sameJSON(g), sameJSON(w); !reflect.DeepEqual(g, w) {
			return fmt.Errorf("body\n%s, want\n%s", got, want)
		}
		return nil
	case strings.Contains(media, "xml"):
		g, err := canonicalXML(got)
		if err != nil {
			return err
		}
		w, err := canonicalXML(want)
		if err != nil {
			return err
		}
		g = errorNamespace.ReplaceAllString(g, "<ErrorResponse>") // AWS's answers have it, Smithy's do not
		if !strings.Contains(w, "ResponseMetadata") {             // Smithy's answers leave it out
			g = strings.Replace(g, "<ResponseMetadata><RequestId>requestid</RequestId></ResponseMetadata>", "", 1)
		}
		if !strings.Contains(w, "requestId") {
			g = strings.Replace(g, "<requestId>requestid</requestId>", "", 1)
		}
		if g != w {
			return fmt.Errorf("body\n%s, want\n%s", g, w)
		}
		return nil
	}
	return fmt.Errorf("body %q, want %q", got, want)
}

// sameJSON makes 1 and 1.0 the same, and drops the namespace of an error's
// type, which botocore's models do not know.
func sameJSON(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = sameJSON(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = sameJSON(v[k])
		}
		if name, ok := v["__type"].(string); ok {
			v["__type"] = name[strings.IndexByte(name, '#')+1:]
		}
	}
	return v
}

// canonicalXML sorts attributes and children of different names, and children
// of one name where they may be a map's entries, with two children each. It
// drops blanks around text.
func canonicalXML(body []byte) (string, error) {
	type node struct {
		name     string
		attrs    []string
		children []string
		names    []string
		text     string
		pairs    []bool
	}
	stack := []*node{{}}
	dec := xml.NewDecoder(bytes.NewReader(body))
	qualified := func(n xml.Name) string {
		if n.Space != "" {
			return n.Space + ":" + n.Local
		}
		return n.Local
	}
	for {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: qualified(token.Name)}
			for _, a := range token.Attr {
				n.attrs = append(n.attrs, fmt.Sprintf(" %s=%q", qualified(a.Name), a.Value))
			}
			slices.Sort(n.attrs)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			order := make([]int, len(top.children))
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(a, b int) int {
				if d := strings.Compare(top.names[a], top.names[b]); d != 0 || !top.pairs[a] || !top.pairs[b] {
					return d
				}
				return strings.Compare(top.children[a], top.children[b])
			})
			inner := strings.TrimSpace(top.text)
			if len(order) > 0 {
				inner = ""
			}
			for _, i := range order {
				inner += top.children[i]
			}
			parent := stack[len(stack)-1]
			parent.names = append(parent.names, top.name)
			parent.pairs = append(parent.pairs, len(top.children) == 2)
			parent.children = append(parent.children, fmt.Sprintf("<%s%s>%s</%s>", top.name, strings.Join(top.attrs, ""), inner, top.name))
		case xml.CharData:
			top.text += string(token)
		}
	}
	return strings.Join(stack[0].children, ""), nil
}

// caseTree reads parameters as the tests write them: blobs as text, times in
// seconds, special numbers as strings.
func caseTree(s *shape, raw json.RawMessage) (Tree, error) {
	if len(raw) == 0 {
		return Tree{}, nil
	}
	v, err := parseJSON(raw)
	if err != nil {
		return nil, err
	}
	tree, ok := caseValue(s, v).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is not a structure", raw)
	}
	return tree, nil
}

func caseValue(s *shape, raw any) any {
	switch v := raw.(type) {
	case nil:
		return nil
	case map[string]any:
		switch s.kind {
		case kindDocument:
			return documentFromJSON(v)
		case kindStruct:
			t := Tree{}
			for name, inner := range v {
				m := s.byName[name]
				if m == nil {
					return fmt.Sprintf("no member %s", name)
				}
				if inner != nil {
					t[name] = caseValue(m.shape, inner)
				}
			}
			return t
		}
		for key := range v {
			v[key] = caseValue(s.elem.shape, v[key])
		}
		return v
	case []any:
		if s.kind == kindDocument {
			return documentFromJSON(v)
		}
		for i := range v {
			v[i] = caseValue(s.elem.shape, v[i])
		}
		return v
	case json.Number:
		f, _ := v.Float64()
		n, _ := v.Int64()
		switch s.kind {
		case kindInt:
			return n
		case kindFloat:
			return f
		case kindTime:
			return time.UnixMilli(int64(math.Round(f * 1000))).UTC()
		}
		return documentFromJSON(v)
	case string:
		switch s.kind {
		case kindBlob:
			return []byte(v)
		case kindFloat:
			f, err := parseFloat(v)
			if err != nil {
				return err
			}
			return f
		}
	}
	return raw
}

// sameTree is equality where NaN is itself.
func sameTree(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || math.IsNaN(a) && math.IsNaN(b))
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key := range a {
			other, ok := b[key]
			if !ok || !sameTree(a[key], other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameTree)
	}
	return reflect.DeepEqual(a, b)
}
