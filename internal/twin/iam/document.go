// Package iam judges requests by AWS's policy language: identity, resource,
// trust and session policies, permissions boundaries, service and resource
// control policies, combined as AWS combines them. [Decide] is pure: policies
// and a request in, a [Decision] out, which says what decided. [Authorizer]
// gathers from the world what Decide needs to judge a call.
//
// Not here: what a service does with the decision. Sources are pages of the IAM
// User Guide, named by their file; where they leave a case open, the comment
// says that it is our reading.
package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Document is a parsed policy. It does not change.
type Document struct {
	Version    string // "2012-10-17", "2008-10-17", or empty
	ID         string
	Statements []Statement
}

// Statement is one statement of a policy.
type Statement struct {
	Sid   string
	Allow bool // else Deny

	// Principals are nil where the statement has no Principal element.
	Principals   []PrincipalPattern
	NotPrincipal bool

	Actions   []string // as written
	NotAction bool

	Resources   []string // as written
	NotResource bool

	actions    []pattern
	resources  []pattern
	conditions []condition
}

// PrincipalPattern is an entry of a Principal element.
type PrincipalPattern struct {
	Kind  string // "AWS", "Service", "Federated", "CanonicalUser"; "*" for the bare asterisk
	Value string
}

// Malformed says why AWS refuses a document, in AWS's words where they are
// known.
type Malformed struct{ Message string }

func (m *Malformed) Error() string { return m.Message }

func malformed(format string, args ...any) error {
	return &Malformed{fmt.Sprintf(format, args...)}
}

// errSyntax is IAM's answer to whatever breaks the grammar
// (reference_policies_grammar.html).
var errSyntax = &Malformed{"Syntax errors in policy."}

// parsed holds documents by their text: every call is judged by the same few.
var parsed = struct {
	sync.RWMutex
	byText map[string]*Document
}{byText: map[string]*Document{}}

// parsedMax bounds the number of documents that are held.
const parsedMax = 4096

// Parse reads a policy by the grammar alone; [Check] also judges whether it
// may stand where it shall stand. The error is a [*Malformed]. Documents are
// shared between callers.
func Parse(text string) (*Document, error) {
	parsed.RLock()
	d := parsed.byText[text]
	parsed.RUnlock()
	if d != nil {
		return d, nil
	}
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	parsed.Lock()
	defer parsed.Unlock()
	if len(parsed.byText) >= parsedMax {
		clear(parsed.byText)
	}
	parsed.byText[text] = d
	return d, nil
}

func parse(text string) (*Document, error) {
	top, err := object([]byte(text), "Version", "Id", "Statement")
	if err != nil {
		return nil, err
	}
	d := &Document{}
	for name, into := range map[string]*string{"Version": &d.Version, "Id": &d.ID} {
		if raw, ok := top[name]; ok && json.Unmarshal(raw, into) != nil {
			return nil, errSyntax
		}
	}
	if _, ok := top["Version"]; ok && d.Version != "2012-10-17" && d.Version != "2008-10-17" {
		return nil, malformed("The policy must contain a valid version string")
	}
	list, err := oneOrMore(top["Statement"])
	if err != nil || len(list) == 0 {
		return nil, errSyntax
	}
	for _, raw := range list {
		s, err := d.statement(raw)
		if err != nil {
			return nil, err
		}
		d.Statements = append(d.Statements, s)
	}
	return d, nil
}

func (d *Document) statement(raw json.RawMessage) (s Statement, err error) {
	fields, err := object(raw, "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
		"Resource", "NotResource", "Condition")
	if err != nil {
		return s, err
	}
	var effect string
	for name, into := range map[string]*string{"Sid": &s.Sid, "Effect": &effect} {
		if raw, ok := fields[name]; ok && json.Unmarshal(raw, into) != nil {
			return s, errSyntax
		}
	}
	switch effect {
	case "Allow":
		s.Allow = true
	case "Deny":
	default:
		return s, malformed("Missing required field Effect cannot be empty!")
	}

	var value json.RawMessage
	if value, s.NotPrincipal, err = either(fields, "Principal"); err != nil {
		return s, err
	} else if value != nil {
		if s.Principals, err = principals(value); err != nil {
			return s, err
		}
	}
	if value, s.NotAction, err = either(fields, "Action"); err != nil {
		return s, err
	} else if s.Actions, err = texts(value); err != nil {
		return s, err
	}
	if value, s.NotResource, err = either(fields, "Resource"); err != nil {
		return s, err
	} else if s.Resources, err = texts(value); err != nil {
		return s, err
	}
	variables := d.Version == "2012-10-17" // reference_policies_variables.html
	for _, a := range s.Actions {
		s.actions = append(s.actions, compile(strings.ToLower(a), true, false))
	}
	for _, r := range s.Resources {
		s.resources = append(s.resources, compile(r, true, variables))
	}
	s.conditions, err = conditions(fields["Condition"], variables)
	return s, err
}

// either is the value of an element or of its Not form; both are too many.
func either(fields map[string]json.RawMessage, name string) (value json.RawMessage, not bool, err error) {
	value, ok := fields[name]
	negated, not := fields["Not"+name]
	if ok && not {
		return nil, false, errSyntax
	}
	if not {
		value = negated
	}
	return value, not, nil
}

func principals(raw json.RawMessage) ([]PrincipalPattern, error) {
	if bytes.Equal(raw, []byte(`"*"`)) {
		return []PrincipalPattern{{"*", "*"}}, nil
	}
	fields, err := object(raw, "AWS", "Service", "Federated", "CanonicalUser")
	if err != nil {
		return nil, err
	}
	out := []PrincipalPattern{}
	for _, kind := range []string{"AWS", "Service", "Federated", "CanonicalUser"} {
		values, err := texts(fields[kind])
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			out = append(out, PrincipalPattern{kind, v})
		}
	}
	if len(out) == 0 {
		return nil, errSyntax
	}
	return out, nil
}

// object reads a JSON object strictly: no name twice, none but those allowed
// (all when none is given), nothing behind it.
func object(raw []byte, allowed ...string) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errSyntax
	}
	out := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok || allowed != nil && !slices.Contains(allowed, name) {
			return nil, errSyntax
		}
		if _, twice := out[name]; twice {
			return nil, errSyntax
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return nil, errSyntax
		}
		out[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, errSyntax
	}
	if dec.More() {
		return nil, errSyntax
	}
	return out, nil
}

// oneOrMore reads a list, or a single value as a list of one. Absent is empty.
func oneOrMore(raw json.RawMessage) ([]json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if raw[0] != '[' {
		return []json.RawMessage{raw}, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil, errSyntax
	}
	return list, nil
}

// texts reads a string or a list of strings.
func texts(raw json.RawMessage) ([]string, error) {
	list, err := oneOrMore(raw)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, raw := range list {
		if raw[0] != '"' {
			return nil, errSyntax
		}
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil, errSyntax
		}
		out = append(out, s)
	}
	return out, nil
}

// IsMalformed reports whether err says that a document is malformed, and why.
func IsMalformed(err error) (message string, ok bool) {
	var m *Malformed
	if errors.As(err, &m) {
		return m.Message, true
	}
	return "", false
}

// ReplacePrincipal puts another principal in the place of one, wherever the
// Principal elements of a policy name it. The rest of the text stays as it is,
// and all of it if it is no policy.
func ReplacePrincipal(text, from, to string) string {
	top, err := object([]byte(text), "Version", "Id", "Statement")
	if err != nil {
		return text
	}
	statements, err := oneOrMore(top["Statement"])
	if err != nil {
		return text
	}
	for _, raw := range statements {
		fields, err := object(raw)
		if err != nil {
			return text
		}
		for _, name := range []string{"Principal", "NotPrincipal"} {
			if old := string(fields[name]); old != "" {
				text = strings.ReplaceAll(text, old, strings.ReplaceAll(old, `"`+from+`"`, `"`+to+`"`))
			}
		}
	}
	return text
}
