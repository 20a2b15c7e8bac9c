package plan

import (
	"fmt"
	"strings"
	"time"
)

// Value is a string that may become known only while a plan is carried out: a
// literal, a reference to an attribute of another change, or a time counted
// from the moment of doing. As text it is the literal, "@address#attribute" or
// "@now+10m0s"; a literal that starts with "@" has it doubled.
type Value struct {
	literal string
	ref     Ref
	in      time.Duration
}

// Ref names an attribute of a change or of a thing that stands already. An
// attribute may hold several strings; a Value in a list then stands for all of
// them.
type Ref struct{ Address, Attribute string }

// Attributes are what became known by doing a change: "id", "nameServers", ….
type Attributes map[string][]string

// Lit is a value known beforehand.
func Lit(s string) Value { return Value{literal: s} }

// Lits is a list of values known beforehand.
func Lits(ss []string) []Value {
	out := make([]Value, len(ss))
	for i, s := range ss {
		out[i] = Lit(s)
	}
	return out
}

// Of is a reference to an attribute.
func Of(address, attribute string) Value { return Value{ref: Ref{address, attribute}} }

// In is a time, d after the change is done, in RFC 3339.
func In(d time.Duration) Value { return Value{in: d} }

// Ref is the reference, if v is one.
func (v Value) Ref() (Ref, bool) { return v.ref, v.ref.Address != "" }

// Literal is the string, if it is known.
func (v Value) Literal() (string, bool) { return v.literal, v.ref.Address == "" && v.in == 0 }

// String is the text form, with references as people read them.
func (v Value) String() string {
	switch {
	case v.ref.Address != "":
		return "@" + v.ref.Address + "#" + v.ref.Attribute
	case v.in != 0:
		return "@now+" + v.in.String()
	case strings.HasPrefix(v.literal, "@"):
		return "@" + v.literal
	}
	return v.literal
}

// MarshalText is String.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (v *Value) UnmarshalText(b []byte) error {
	s := string(b)
	rest, special := strings.CutPrefix(s, "@")
	switch {
	case !special:
		*v = Lit(s)
	case strings.HasPrefix(rest, "@"):
		*v = Lit(rest)
	case strings.HasPrefix(rest, "now+"):
		d, err := time.ParseDuration(rest[len("now+"):])
		if err != nil {
			return fmt.Errorf("value %q: %w", s, err)
		}
		*v = In(d)
	default:
		i := strings.LastIndexByte(rest, '#') // addresses may hold one, attributes do not
		if i <= 0 {
			return fmt.Errorf("value %q is no reference: it has no address#attribute", s)
		}
		*v = Of(rest[:i], rest[i+1:])
	}
	return nil
}

// Lookup finds the attribute behind a reference.
type Lookup func(Ref) ([]string, bool)

// Resolve gives the strings that a value stands for, at a time.
func (v Value) Resolve(now time.Time, lookup Lookup) ([]string, error) {
	switch {
	case v.ref.Address != "":
		got, ok := lookup(v.ref)
		if !ok || len(got) == 0 {
			return nil, fmt.Errorf("%s is not known", v)
		}
		return got, nil
	case v.in != 0:
		return []string{now.Add(v.in).UTC().Format(time.RFC3339)}, nil
	}
	return []string{v.literal}, nil
}
