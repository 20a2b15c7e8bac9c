package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/orgdns/orgdns/internal/diag"
)

// node is a YAML value with its place. Anchors, aliases and merge keys are
// resolved: an aliased value is shared.
type node struct {
	pos   diag.Pos
	shape shape
	text  string // of a scalar, as it is written; without quotes
	items []*node
	pairs []pair
}

type pair struct {
	key   string
	pos   diag.Pos
	value *node
}

type shape int

const (
	null shape = iota
	text
	number
	boolean
	list
	mapping
	broken // could not be made out, which is reported already
)

// value is the value of a key, nil when there is none.
func (n *node) value(key string) *node {
	for _, p := range n.pairs {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// String is the node in a sentence: "found a list".
func (n *node) String() string {
	switch n.shape {
	case null:
		return "nothing"
	case text:
		return "the text " + quote(n.text)
	case number:
		return "the number " + n.text
	case boolean:
		return "the truth value " + n.text
	case list:
		return "a list"
	}
	return "a mapping"
}

// Bounds of one file. The parser's time grows with the square of the nesting.
const (
	maxFile    = 16 << 20 // bytes
	maxNesting = 100
)

// parseYAML reads the one document of a file; a file without one is null. When
// it is not YAML the result is nil, and reported.
func (r *reader) parseYAML(file string, src []byte) *node {
	c := converter{reader: r, file: file, anchors: map[string]*node{}}
	docs, ok := c.bodies(src)
	switch {
	case !ok:
		return nil
	case len(docs) == 0:
		return &node{pos: diag.Pos{File: file, Line: 1, Column: 1}}
	case len(docs) > 1:
		r.problem(c.at(first(docs[1])), CodeDocuments, "the file holds a second YAML document", "", "put it in a file of its own in the same folder; files are merged")
		return nil
	}
	return c.convert(docs[0])
}

// bodies parses the documents of a file, without those that are empty. When it
// is not YAML ok is false, and it is reported.
func (c *converter) bodies(src []byte) (docs []ast.Node, ok bool) {
	fail := func(pos diag.Pos, code, summary, detail, hint string) ([]ast.Node, bool) {
		c.problem(pos, code, summary, detail, hint)
		return nil, false
	}
	start := diag.Pos{File: c.file, Line: 1, Column: 1}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if len(src) > maxFile {
		return fail(start, CodeTooLarge, "the file is too large", fmt.Sprintf("it has %d bytes, at most %d are read", len(src), maxFile), "split it into several files of one folder")
	}
	if line, column, ok := firstBad(src); ok {
		return fail(diag.Pos{File: c.file, Line: line, Column: column}, CodeEncoding, "the file is not UTF-8 text", "", "save it in UTF-8, without control characters")
	}
	tokens := lexer.Tokenize(string(src))
	if t := tooDeep(tokens); t != nil {
		return fail(c.at(t), CodeTooLarge, "the file nests too deep", fmt.Sprintf("at most %d levels are read", maxNesting), "")
	}
	f, err := parse(tokens)
	if err != nil {
		pos, summary := start, err.Error()
		if e, ok := err.(interface {
			GetToken() *token.Token
			GetMessage() string
		}); ok {
			summary = e.GetMessage()
			if e.GetToken() != nil {
				pos = c.at(e.GetToken())
			}
		}
		if tab, ok := indentedByTab(src, pos.Line); ok {
			pos.Line, pos.Column = tab, 1
			return fail(pos, CodeTab, "the line is indented with a tab", "YAML allows spaces only (YAML 1.2 section 6.1)", "put spaces in its place")
		}
		hint := ""
		if strings.HasPrefix(summary, "'@'") {
			hint = `put it in quotes: "@"`
		}
		return fail(pos, CodeSyntax, "this is not YAML", summary, hint)
	}
	for _, d := range f.Docs {
		if _, directive := d.Body.(*ast.DirectiveNode); d.Body == nil || directive {
			continue
		}
		if _, comment := d.Body.(*ast.CommentGroupNode); comment {
			continue
		}
		docs = append(docs, d.Body)
	}
	return docs, true
}

// parse guards against the parser itself: what it panics on is not YAML that
// anybody wrote on purpose.
func parse(tokens token.Tokens) (f *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("the YAML parser failed: %v", p)
		}
	}()
	return parser.Parse(withoutEmpty(tokens), 0, parser.AllowDuplicateMapKey())
}

// withoutEmpty leaves out the documents that hold nothing: the parser drops all
// that stands behind one.
func withoutEmpty(tokens token.Tokens) token.Tokens {
	var out token.Tokens
	for i, t := range tokens {
		if t.Type == token.DocumentHeaderType {
			next := slices.IndexFunc(tokens[i+1:], func(t *token.Token) bool { return t.Type != token.CommentType })
			if next < 0 || tokens[i+1+next].Type == token.DocumentHeaderType {
				continue
			}
		}
		out = append(out, t)
	}
	return out
}

func firstBad(src []byte) (line, column int, bad bool) {
	line, column = 1, 1
	for len(src) > 0 {
		r, size := utf8.DecodeRune(src)
		switch {
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0x7f:
			return line, column, true
		case r == '\n':
			line, column = line+1, 0
		}
		src, column = src[size:], column+1
	}
	return 0, 0, false
}

// tooDeep finds the token at which flow collections, or block collections begun
// on one line, nest too deep. Those begun on lines of their own are bounded by
// the size of the file.
func tooDeep(tokens token.Tokens) *token.Token {
	flow, line, onLine := 0, 0, 0
	for _, t := range tokens {
		if t.Position != nil && t.Position.Line != line {
			line, onLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(0, flow-1)
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			onLine++
		}
		if flow > maxNesting || onLine > maxNesting {
			return t
		}
	}
	return nil
}

// indentedByTab finds the line, at or next to the one complained of, that
// begins with a tab.
func indentedByTab(src []byte, line int) (int, bool) {
	lines := strings.Split(string(src), "\n")
	for _, l := range []int{line, line + 1, line - 1} {
		if l >= 1 && l <= len(lines) {
			if indent := lines[l-1][:len(lines[l-1])-len(strings.TrimLeft(lines[l-1], " \t"))]; strings.Contains(indent, "\t") {
				return l, true
			}
		}
	}
	return 0, false
}

type converter struct {
	*reader
	file    string
	anchors map[string]*node
}

func (c *converter) at(t *token.Token) diag.Pos {
	if t == nil || t.Position == nil {
		return diag.Pos{File: c.file}
	}
	return diag.Pos{File: c.file, Line: max(1, t.Position.Line), Column: max(1, t.Position.Column)}
}

// first is the token at which a person sees the value begin.
func first(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return first(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return first(n.Key)
	}
	return n.GetToken()
}

func (c *converter) convert(n ast.Node) *node {
	out := &node{pos: c.at(first(n))}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		out.shape, out.text = boolean, n.GetToken().Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.shape, out.text = number, n.GetToken().Value
	case *ast.StringNode:
		out.shape, out.text = text, n.Value
	case *ast.LiteralNode:
		out.shape, out.text = text, n.Value.Value
	case *ast.SequenceNode:
		out.shape = list
		for _, v := range n.Values {
			out.items = append(out.items, c.convert(v))
		}
	case *ast.MappingNode:
		c.fill(out, n.Values)
	case *ast.MappingValueNode:
		c.fill(out, []*ast.MappingValueNode{n})
	case *ast.AnchorNode:
		v := c.convert(n.Value)
		c.anchors[n.Name.GetToken().Value] = v
		return v
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if v, ok := c.anchors[name]; ok {
			return v
		}
		hint := "put &" + name + " before what it stands for"
		if strings.HasPrefix(name, ".") {
			hint = "put a name that begins with * in quotes: " + quote("*"+name)
		}
		c.problem(out.pos, CodeAlias, "no anchor &"+name+" stands before this alias", "an unquoted * begins an alias", hint)
		out.shape = broken
	case *ast.TagNode:
		v := c.convert(n.Value)
		if n.Start.Value == "!!str" && (v.shape == number || v.shape == boolean || v.shape == text) {
			s := *v
			s.shape = text
			return &s
		}
		c.problem(out.pos, CodeTag, "the YAML tag "+quote(n.Start.Value)+" has no meaning here", "", "leave it out")
		out.shape = broken
	case *ast.CommentGroupNode:
	default:
		c.problem(out.pos, CodeSyntax, "this is not YAML that a configuration can hold", n.Type().String(), "")
		out.shape = broken
	}
	return out
}

func (c *converter) fill(out *node, values []*ast.MappingValueNode) {
	out.shape = mapping
	var merged []*node
	seen := map[string]diag.Pos{}
	for _, mv := range values {
		pos := c.at(first(mv.Key))
		if _, merge := mv.Key.(*ast.MergeKeyNode); merge {
			merged = append(merged, c.merged(mv.Value)...)
			continue
		}
		key := c.convert(mv.Key)
		value := c.convert(mv.Value)
		switch key.shape {
		case broken:
			continue
		case list, mapping, null:
			c.problem(pos, CodeWrongType, "expected a key, found "+key.String(), "", "")
			continue
		}
		if before, twice := seen[key.text]; twice {
			c.problem(pos, CodeDuplicate, "the key "+quote(key.text)+" stands twice", "first at "+before.String(), "remove one")
			continue
		}
		seen[key.text] = pos
		out.pairs = append(out.pairs, pair{key.text, pos, value})
	}
	// Keys of the mapping win over merged ones, earlier merges over later.
	for _, m := range merged {
		for _, p := range m.pairs {
			if _, there := seen[p.key]; !there {
				seen[p.key] = p.pos
				out.pairs = append(out.pairs, p)
			}
		}
	}
}

// merged are the mappings under a merge key: one, or a list of them.
func (c *converter) merged(v ast.Node) []*node {
	n := c.convert(v)
	switch n.shape {
	case broken:
		return nil
	case mapping:
		return []*node{n}
	case list:
		for _, item := range n.items {
			if item.shape != mapping {
				c.problem(n.pos, CodeWrongType, "a merge key takes mappings", "", "")
				return nil
			}
		}
		return n.items
	}
	c.problem(n.pos, CodeWrongType, "a merge key takes a mapping, found "+n.String(), "", "")
	return nil
}
