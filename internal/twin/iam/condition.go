package iam

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Context are the condition keys of a request, by their full name in lower
// case (names are not case-sensitive, reference_policies_elements_condition.html).
type Context map[string][]string

// operator compares one value of the request with one of the policy.
type operator struct {
	equal   func(c Context, got string, want pattern) bool
	negated bool // true when the value equals none of the policy's
	wild    bool // asterisk and question mark are wildcards
	vars    bool // policy variables are replaced
	exact   bool // equality of strings, so that large sets can be looked up
}

// operators of reference_policies_elements_condition_operators.html, without
// IfExists and Null.
var operators = func() map[string]operator {
	ops := map[string]operator{
		"StringEquals":           {equal: stringEquals, vars: true, exact: true},
		"StringEqualsIgnoreCase": {equal: foldEquals, vars: true},
		"StringLike":             {equal: like, vars: true, wild: true},
		"Bool":                   {equal: foldEquals, vars: true},
		"BinaryEquals":           {equal: binaryEquals},
		"IpAddress":              {equal: inPrefix},
		"ArnEquals":              {equal: arnLike, vars: true, wild: true},
		"ArnLike":                {equal: arnLike, vars: true, wild: true},
	}
	for of, not := range map[string]string{
		"StringEquals": "StringNotEquals", "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
		"StringLike": "StringNotLike", "IpAddress": "NotIpAddress",
		"ArnEquals": "ArnNotEquals", "ArnLike": "ArnNotLike",
	} {
		op := ops[of]
		op.negated = true
		ops[not] = op
	}
	for name, holds := range map[string]func(cmp int) bool{
		"Equals":            func(cmp int) bool { return cmp == 0 },
		"LessThan":          func(cmp int) bool { return cmp < 0 },
		"LessThanEquals":    func(cmp int) bool { return cmp <= 0 },
		"GreaterThan":       func(cmp int) bool { return cmp > 0 },
		"GreaterThanEquals": func(cmp int) bool { return cmp >= 0 },
	} {
		ops["Numeric"+name] = operator{equal: numeric(holds)}
		ops["Date"+name] = operator{equal: dates(holds)}
	}
	for _, kind := range []string{"Numeric", "Date"} {
		op := ops[kind+"Equals"]
		op.negated = true
		ops[kind+"NotEquals"] = op
	}
	return ops
}()

// condition is one key of a condition operator.
type condition struct {
	operator
	null     bool   // the Null operator
	set      string // "", "ForAllValues", "ForAnyValue"
	ifExists bool
	key      string
	values   []pattern
	exactly  map[string]bool // the values, where there are many plain ones
}

// conditions reads a Condition element.
func conditions(raw json.RawMessage, variables bool) ([]condition, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	byOperator, err := object(raw)
	if err != nil {
		return nil, err
	}
	var out []condition
	for _, name := range slices.Sorted(maps.Keys(byOperator)) {
		proto, err := parseOperator(name)
		if err != nil {
			return nil, err
		}
		keys, err := object(byOperator[name])
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			c := proto
			c.key = strings.ToLower(key)
			list, err := oneOrMore(keys[key])
			if err != nil {
				return nil, err
			}
			plain := true
			for _, raw := range list {
				value, err := scalar(raw)
				if err != nil {
					return nil, err
				}
				p := compile(value, c.wild, c.vars && variables)
				plain = plain && p.plain
				c.values = append(c.values, p)
			}
			if c.exact && plain && len(c.values) > 8 {
				c.exactly = map[string]bool{}
				for _, p := range c.values {
					c.exactly[p.text] = true
				}
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// scalar is a condition's value as text: JSON strings, numbers and booleans.
func scalar(raw json.RawMessage) (string, error) {
	switch {
	case raw[0] == '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return "", errSyntax
		}
		return s, nil
	case raw[0] == '{', raw[0] == '[', raw[0] == 'n':
		return "", errSyntax
	}
	return string(raw), nil
}

func parseOperator(name string) (c condition, err error) {
	full := name
	if set, rest, ok := strings.Cut(name, ":"); ok {
		if set != "ForAllValues" && set != "ForAnyValue" {
			return c, malformed("Invalid Condition type : %s.", full)
		}
		c.set, name = set, rest
	}
	if name == "Null" {
		c.null = true
		return c, nil
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	op, ok := operators[name]
	if !ok {
		return c, malformed("Invalid Condition type : %s.", full)
	}
	c.operator = op
	return c, nil
}

// holds judges the condition
// (reference_policies_elements_condition_operators.html,
// reference_policies_condition-single-vs-multi-valued-context-keys.html).
func (c condition) holds(ctx Context) bool {
	got := ctx[c.key]
	absent := !slices.ContainsFunc(got, func(v string) bool { return v != "" })
	if c.null {
		return slices.ContainsFunc(c.values, func(p pattern) bool {
			return strings.EqualFold(p.text, strconv.FormatBool(len(got) == 0))
		})
	}
	if len(got) == 0 && c.ifExists {
		return true
	}
	switch c.set {
	case "ForAllValues": // an empty set, or nothing but empty strings: true
		return absent || !slices.ContainsFunc(got, func(v string) bool { return c.matches(ctx, v) == c.negated })
	case "ForAnyValue":
		return !absent && slices.ContainsFunc(got, func(v string) bool { return c.matches(ctx, v) != c.negated })
	}
	// An absent key matches nothing, so that negated operators hold. Several
	// values without a set operator: AWS leaves that open; one match counts.
	return slices.ContainsFunc(got, func(v string) bool { return c.matches(ctx, v) }) != c.negated
}

// matches reports whether a value of the request matches one of the policy.
func (c condition) matches(ctx Context, got string) bool {
	if c.exactly != nil {
		return c.exactly[got]
	}
	return slices.ContainsFunc(c.values, func(p pattern) bool { return c.equal(ctx, got, p) })
}

func stringEquals(c Context, got string, want pattern) bool {
	text, ok := want.expand(c)
	return ok && text == got
}

func foldEquals(c Context, got string, want pattern) bool {
	text, ok := want.expand(c)
	return ok && strings.EqualFold(text, got)
}

func like(c Context, got string, want pattern) bool { return want.match(c, got) }

func arnLike(c Context, got string, want pattern) bool {
	text, ok := want.expand(c)
	return ok && matchARN(text, got)
}

// binaryEquals compares bytes; both sides are base64.
func binaryEquals(_ Context, got string, want pattern) bool {
	a, errA := base64.StdEncoding.DecodeString(got)
	b, errB := base64.StdEncoding.DecodeString(want.text)
	return errA == nil && errB == nil && slices.Equal(a, b)
}

// inPrefix holds for an address in a CIDR block; one without a length is that
// address alone.
func inPrefix(_ Context, got string, want pattern) bool {
	addr, err := netip.ParseAddr(got)
	if err != nil {
		return false
	}
	if prefix, err := netip.ParsePrefix(want.text); err == nil {
		return prefix.Contains(addr.Unmap())
	}
	single, err := netip.ParseAddr(want.text)
	return err == nil && single.Unmap() == addr.Unmap()
}

func numeric(holds func(int) bool) func(Context, string, pattern) bool {
	return func(_ Context, got string, want pattern) bool {
		a, errA := strconv.ParseFloat(got, 64)
		b, errB := strconv.ParseFloat(want.text, 64)
		switch {
		case errA != nil || errB != nil || a != a || b != b:
			return false
		case a < b:
			return holds(-1)
		case a > b:
			return holds(1)
		}
		return holds(0)
	}
}

func dates(holds func(int) bool) func(Context, string, pattern) bool {
	return func(_ Context, got string, want pattern) bool {
		a, okA := parseDate(got)
		b, okB := parseDate(want.text)
		return okA && okB && holds(a.Compare(b))
	}
}

// parseDate reads the W3C profile of ISO 8601, or seconds since 1970. Four
// digits are a year.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly, "2006-01-02T15:04Z07:00", time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}
