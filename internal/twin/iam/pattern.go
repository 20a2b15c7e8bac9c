package iam

import (
	"strings"
	"unicode/utf8"
)

// Wildcards inside a compiled pattern: bytes that no valid UTF-8 holds, so that
// a literal asterisk, ${*} or the value of a variable cannot be taken for one.
const (
	anyRun  = '\xff'
	anyRune = '\xfe'
)

// pattern is a string of a policy with wildcards and policy variables
// (reference_policies_variables.html).
type pattern struct {
	text  string     // wildcards compiled; up to the first variable
	rest  []variable // variables, each with the text behind it
	plain bool       // neither wildcards nor variables
}

type variable struct {
	key        string // lower case
	fallback   string // ${key, 'default'}
	hasDefault bool
	text       string // behind the variable, wildcards compiled
}

// compile reads s. Without wild an asterisk is an asterisk; without variables
// a ${…} is text, as in policies before version 2012-10-17.
func compile(s string, wild, variables bool) pattern {
	p := pattern{plain: true}
	out := &strings.Builder{}
	flush := func() {
		if n := len(p.rest); n > 0 {
			p.rest[n-1].text = out.String()
		} else {
			p.text = out.String()
		}
		out.Reset()
	}
	for len(s) > 0 {
		if variables && strings.HasPrefix(s, "${") {
			if end := strings.IndexByte(s, '}'); end > 0 {
				name := s[2:end]
				s = s[end+1:]
				if name == "*" || name == "?" || name == "$" {
					out.WriteString(name)
					continue
				}
				key, fallback, has := strings.Cut(name, ",")
				flush()
				p.plain = false
				p.rest = append(p.rest, variable{
					key:        strings.ToLower(strings.TrimSpace(key)),
					fallback:   strings.Trim(strings.TrimSpace(fallback), "'"),
					hasDefault: has,
				})
				continue
			}
		}
		switch {
		case wild && s[0] == '*':
			out.WriteByte(anyRun)
			p.plain = false
		case wild && s[0] == '?':
			out.WriteByte(anyRune)
			p.plain = false
		default:
			out.WriteByte(s[0])
		}
		s = s[1:]
	}
	flush()
	return p
}

// expand puts the values of variables in. Only single-valued keys can be used;
// without a value and a default the pattern matches nothing.
func (p pattern) expand(c Context) (string, bool) {
	if len(p.rest) == 0 {
		return p.text, true
	}
	out := p.text
	for _, v := range p.rest {
		values := c[v.key]
		switch {
		case len(values) == 1:
			out += strings.ToValidUTF8(values[0], "\uFFFD")
		case v.hasDefault:
			out += v.fallback
		default:
			return "", false
		}
		out += v.text
	}
	return out, true
}

// match reports whether s matches the pattern as a whole. Wildcards span any
// character, colons and slashes too.
func (p pattern) match(c Context, s string) bool {
	if p.plain {
		return p.text == s
	}
	glob, ok := p.expand(c)
	return ok && matchGlob(glob, s)
}

// matchGlob matches a compiled pattern in time O(len(glob) * len(s)).
func matchGlob(glob, s string) bool {
	star, mark := -1, 0 // behind the last run, and where it began to match
	g, i := 0, 0
	for i < len(s) {
		if g < len(glob) {
			switch glob[g] {
			case anyRun:
				g++
				star, mark = g, i
				continue
			case anyRune:
				_, n := utf8.DecodeRuneInString(s[i:])
				g, i = g+1, i+n
				continue
			case s[i]:
				g, i = g+1, i+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, n := utf8.DecodeRuneInString(s[mark:])
		mark += n
		g, i = star, mark
	}
	for g < len(glob) && glob[g] == anyRun {
		g++
	}
	return g == len(glob)
}

// matchARN matches the six colon-delimited parts of ARNs each on its own
// (reference_policies_elements_condition_operators.html#Conditions_ARN).
func matchARN(glob, arn string) bool {
	want, got := strings.SplitN(glob, ":", 6), strings.SplitN(arn, ":", 6)
	if len(want) != 6 || len(got) != 6 {
		return glob == string([]byte{anyRun})
	}
	for i := range want {
		if !matchGlob(want[i], got[i]) {
			return false
		}
	}
	return true
}
