package cost

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
)

// node is a JSON value with its place, which encoding/json does not tell.
type node struct {
	at     int  // offset of its first byte
	kind   byte // '{', '[', 's'tring, 'n'umber, or 0 for what a table does not hold
	text   string
	fields []field
	items  []node
}

type field struct {
	name  string
	at    int
	value node
}

type syntaxError struct {
	at   int
	text string
}

func parse(raw []byte) (node, *syntaxError) {
	p := &parser{raw: raw, dec: json.NewDecoder(bytes.NewReader(raw))}
	p.dec.UseNumber()
	n, err := p.value()
	if err == nil {
		if at := p.next(); at < len(raw) {
			return n, &syntaxError{at, "more follows the table"}
		}
		return n, nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, &syntaxError{len(raw), "it ends too early"}
	}
	return n, &syntaxError{p.after(" \t\r\n"), err.Error()}
}

type parser struct {
	raw []byte
	dec *json.Decoder
}

// next is where the next token starts.
func (p *parser) next() int { return p.after(" \t\r\n,:") }

// after is where what the decoder has not read starts, less some bytes.
func (p *parser) after(skipped string) int {
	at := int(p.dec.InputOffset())
	for at < len(p.raw) && strings.IndexByte(skipped, p.raw[at]) >= 0 {
		at++
	}
	return at
}

func (p *parser) value() (node, error) {
	n := node{at: p.next()}
	token, err := p.dec.Token()
	if err != nil {
		return n, err
	}
	switch t := token.(type) {
	case string:
		n.kind, n.text = 's', t
	case json.Number:
		n.kind, n.text = 'n', t.String()
	case json.Delim:
		n.kind = byte(t)
		for p.dec.More() {
			f := field{at: p.next()}
			if t == '{' {
				name, err := p.dec.Token()
				if err != nil {
					return n, err
				}
				f.name, _ = name.(string) // the decoder takes no other key
			}
			if f.value, err = p.value(); err != nil {
				return n, err
			}
			if t == '{' {
				n.fields = append(n.fields, f)
			} else {
				n.items = append(n.items, f.value)
			}
		}
		if _, err := p.dec.Token(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// position is the line and column of an offset.
func position(file string, raw []byte, at int) diag.Pos {
	before := raw[:min(at, len(raw))]
	return diag.Pos{File: file, Line: bytes.Count(before, []byte("\n")) + 1, Column: len(before) - bytes.LastIndexByte(before, '\n')}
}
