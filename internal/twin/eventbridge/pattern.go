package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Event patterns (EventBridge User Guide, eb-event-patterns.html,
// eb-create-pattern-operators.html): an object names fields of the event, each
// with a list of which one must match.

// patternSize is the longest pattern, in characters (eb-quota.html).
const patternSize = 2048

// matcher judges the values at one place of an event: several where the event
// has a list there, none where it has nothing.
type matcher func(leaves []any) bool

// pattern is a compiled one: fields that must all match, and alternatives of
// which one must.
type pattern struct {
	fields map[string]any // *pattern or []matcher
	or     []*pattern
}

// compile reads a pattern. The error says what EventBridge would not take.
func compile(text string) (*pattern, error) {
	if len([]rune(text)) > patternSize {
		return nil, fmt.Errorf("it is longer than %d characters", patternSize)
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, errors.New("it is no JSON: " + err.Error())
	}
	if dec.More() {
		return nil, errors.New("there is more than one JSON value")
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("it must be an object")
	}
	return object(o, "")
}

func object(o map[string]any, path string) (*pattern, error) {
	if len(o) == 0 {
		return nil, fmt.Errorf("%q: empty objects are not allowed", path)
	}
	p := &pattern{fields: map[string]any{}}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		switch v := o[key].(type) {
		case map[string]any:
			inner, err := object(v, at)
			if err != nil {
				return nil, err
			}
			p.fields[key] = inner
		case []any:
			if alternatives, ok := isOr(key, v); ok {
				for _, a := range alternatives {
					inner, err := object(a, at)
					if err != nil {
						return nil, err
					}
					p.or = append(p.or, inner)
				}
				continue
			}
			list, err := matchers(v, at)
			if err != nil {
				return nil, err
			}
			p.fields[key] = list
		default:
			return nil, fmt.Errorf("%q must be an object or an array", at)
		}
	}
	return p, nil
}

// isOr reports whether a key is the operator $or: a list of two objects or more.
// Otherwise it is a field of that name.
func isOr(key string, list []any) ([]map[string]any, bool) {
	if key != "$or" || len(list) < 2 {
		return nil, false
	}
	var out []map[string]any
	for _, v := range list {
		o, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		out = append(out, o)
	}
	return out, true
}

func matchers(list []any, at string) ([]matcher, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%q: empty arrays are not allowed", at)
	}
	var out []matcher
	for _, v := range list {
		var m matcher
		var err error
		switch v := v.(type) {
		case map[string]any:
			m, err = operator(v)
		case []any:
			err = errors.New("an array within an array is not allowed")
		default:
			m = some(func(got any) bool { return got == v })
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", at, err)
		}
		out = append(out, m)
	}
	return out, nil
}

// some holds when one of the values passes. Numbers are compared as they are
// written, so that 300 is not 300.0 (eb-create-pattern.html).
func some(test func(any) bool) matcher {
	return func(leaves []any) bool { return slices.ContainsFunc(leaves, test) }
}

// text holds for strings that pass.
func text(test func(string) bool) func(any) bool {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && test(s)
	}
}

// operator is an object in place of a value: {"prefix": "a"}.
func operator(o map[string]any) (matcher, error) {
	if len(o) != 1 {
		return nil, errors.New("a match expression has exactly one key")
	}
	for name, v := range o {
		switch name {
		case "exists":
			want, ok := v.(bool)
			if !ok {
				return nil, errors.New("exists must be true or false")
			}
			return func(leaves []any) bool { return (len(leaves) > 0) == want }, nil
		case "numeric":
			test, err := numeric(v)
			return some(test), err
		case "anything-but":
			test, err := anythingBut(v)
			return some(func(got any) bool { return !test(got) }), err
		case "cidr":
			s, _ := v.(string)
			prefix, err := netip.ParsePrefix(s)
			if err != nil {
				return nil, errors.New("cidr must be a CIDR block")
			}
			return some(text(func(s string) bool {
				a, err := netip.ParseAddr(s)
				return err == nil && prefix.Contains(a)
			})), nil
		}
		test, err := textual(name, v)
		return some(test), err
	}
	return nil, nil
}

// textual are the operators on strings.
func textual(name string, v any) (func(any) bool, error) {
	if folded, ok := v.(map[string]any); ok && (name == "prefix" || name == "suffix") {
		s, ok := folded["equals-ignore-case"].(string)
		if !ok || len(folded) != 1 {
			return nil, fmt.Errorf("%s takes a string, or equals-ignore-case with one", name)
		}
		s = strings.ToLower(s)
		if name == "prefix" {
			return text(func(got string) bool { return strings.HasPrefix(strings.ToLower(got), s) }), nil
		}
		return text(func(got string) bool { return strings.HasSuffix(strings.ToLower(got), s) }), nil
	}
	s, ok := v.(string)
	if !ok && slices.Contains([]string{"prefix", "suffix", "equals-ignore-case", "wildcard"}, name) {
		return nil, fmt.Errorf("%s must be a string", name)
	}
	switch name {
	case "prefix":
		return text(func(got string) bool { return strings.HasPrefix(got, s) }), nil
	case "suffix":
		return text(func(got string) bool { return strings.HasSuffix(got, s) }), nil
	case "equals-ignore-case":
		return text(func(got string) bool { return strings.EqualFold(got, s) }), nil
	case "wildcard":
		parts, err := wildcard(s)
		if err != nil {
			return nil, err
		}
		return text(func(got string) bool { return fits(got, parts) }), nil
	}
	return nil, fmt.Errorf("unrecognized match type %s", name)
}

// wildcard cuts a text at its stars; \* and \\ are the characters themselves.
func wildcard(s string) ([]string, error) {
	parts, star := []string{""}, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '*' && star:
			return nil, errors.New("consecutive wildcard characters are not allowed")
		case s[i] == '*':
			parts, star = append(parts, ""), true
			continue
		case s[i] == '\\':
			if i++; i == len(s) || s[i] != '*' && s[i] != '\\' {
				return nil, errors.New("invalid escape character in wildcard")
			}
		}
		parts[len(parts)-1] += s[i : i+1]
		star = false
	}
	return parts, nil
}

func fits(s string, parts []string) bool {
	if len(parts) == 1 {
		return s == parts[0]
	}
	last := len(parts) - 1
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		_, rest, ok := strings.Cut(s, part)
		if !ok {
			return false
		}
		s = rest
	}
	return strings.HasSuffix(s, parts[last])
}

// anythingBut judges what must not be there: values, or one operator with a
// string or a list of them.
func anythingBut(v any) (func(any) bool, error) {
	var tests []func(any) bool
	add := func(name string, v any) error {
		list, many := v.([]any)
		if !many {
			list = []any{v}
		}
		if len(list) == 0 {
			return errors.New("anything-but must not be empty")
		}
		for _, item := range list {
			test, err := textual(name, item)
			if name == "" {
				switch item.(type) {
				case string, json.Number:
					test, err = func(got any) bool { return got == item }, nil
				default:
					err = errors.New("anything-but takes strings, numbers, or one operator")
				}
			}
			if err != nil {
				return err
			}
			tests = append(tests, test)
		}
		return nil
	}
	o, operator := v.(map[string]any)
	if operator && len(o) != 1 {
		return nil, errors.New("anything-but takes one operator")
	}
	var err error
	if !operator {
		err = add("", v)
	}
	for name, inner := range o {
		err = add(name, inner)
	}
	return func(got any) bool {
		return slices.ContainsFunc(tests, func(t func(any) bool) bool { return t(got) })
	}, err
}

// numeric reads ["=", 5], or one or both bounds: [">", 0, "<=", 5]. Numbers are
// between -5e9 and 5e9, with up to six decimals (eb-create-pattern-operators.html).
func numeric(v any) (func(any) bool, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list)%2 != 0 || len(list) > 4 {
		return nil, errors.New("numeric takes a list of an operator and a number, or two of both")
	}
	var tests []func(float64) bool
	var shape string
	for i := 0; i < len(list); i += 2 {
		op, _ := list[i].(string)
		number, ok := list[i+1].(json.Number)
		n, err := number.Float64()
		if !ok || err != nil || n < -5e9 || n > 5e9 {
			return nil, errors.New("a value of numeric must be a number between -5e9 and 5e9")
		}
		test := map[string]func(float64) bool{
			"=": func(f float64) bool { return f == n }, "<": func(f float64) bool { return f < n }, "<=": func(f float64) bool { return f <= n },
			">": func(f float64) bool { return f > n }, ">=": func(f float64) bool { return f >= n },
		}[op]
		if test == nil {
			return nil, fmt.Errorf("unrecognized numeric range operator %q", op)
		}
		tests, shape = append(tests, test), shape+op[:1]
	}
	if len(tests) == 2 && shape != "><" {
		return nil, errors.New("a numeric range goes from its lower to its upper bound")
	}
	return func(got any) bool {
		number, ok := got.(json.Number)
		f, err := number.Float64()
		return ok && err == nil && !slices.ContainsFunc(tests, func(t func(float64) bool) bool { return !t(f) })
	}, nil
}

// matches judges an event, read with its numbers as they are written.
func (p *pattern) matches(event any) bool {
	if list, ok := event.([]any); ok { // of a list of objects one must match whole
		return slices.ContainsFunc(list, p.matches)
	}
	o, _ := event.(map[string]any)
	for key, want := range p.fields {
		value, there := o[key]
		switch want := want.(type) {
		case *pattern:
			if !want.matches(value) {
				return false
			}
		case []matcher:
			leaves := leavesOf(value, there)
			if !slices.ContainsFunc(want, func(m matcher) bool { return m(leaves) }) {
				return false
			}
		}
	}
	return len(p.or) == 0 || slices.ContainsFunc(p.or, func(a *pattern) bool { return a.matches(event) })
}

// leavesOf are the values at a place. An object there is no leaf, so that exists
// does not see it (eb-create-pattern-operators.html, "Exists matching").
func leavesOf(value any, there bool) []any {
	switch v := value.(type) {
	case map[string]any:
		return nil
	case []any:
		var out []any
		for _, inner := range v {
			out = append(out, leavesOf(inner, true)...)
		}
		return out
	}
	if !there {
		return nil
	}
	return []any{value}
}

// read is a JSON value with its numbers as they are written.
func read(text string) (any, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("there is more than one JSON value")
	}
	return v, nil
}
