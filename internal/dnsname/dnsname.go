// Package dnsname holds parsed domain names. A [Name] is absolute, lower-case
// and within the limits of RFC 1035 section 2.3.4; nothing else in orgdns
// handles raw dots or escapes. Comparing two Names with == compares names.
//
// Not here: zones, records, and what a name resolves to.
package dnsname

import (
	"bytes"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Name is an absolute domain name. The zero Name is no name at all; see
// [Name.IsZero]. Labels are kept in the form in which Route 53 returns them:
// lower case, every byte outside a-z, 0-9, '-' and '_' as a three-digit octal
// escape (Developer Guide, DomainNameFormat.html).
type Name struct {
	s string // labels joined by dots, no trailing dot; the root is "."
}

// Root is the DNS root.
var Root = Name{"."}

const (
	maxLabel = 63  // bytes, RFC 1035 section 2.3.4
	maxName  = 255 // bytes on the wire, length bytes and root included
	wildcard = `\052`
)

// Error says which rule a name breaks. Hint is what to write instead, when
// there is a nearest valid thing.
type Error struct {
	Input, Rule, Hint string
}

func (e *Error) Error() string {
	msg := fmt.Sprintf("%q is not a domain name: %s", shorten(e.Input), e.Rule)
	if e.Hint != "" {
		msg += "; " + e.Hint
	}
	return msg
}

func shorten(s string) string {
	if len(s) <= 80 {
		return s
	}
	head, tail := 40, len(s)-36
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s)-1 && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + "…" + s[tail:]
}

// Parse reads a name as people and Route 53 write it: a trailing dot is
// optional, case does not matter, `\NNN` is an octal escape and `*` is kept.
// The error is an [*Error].
func Parse(s string) (Name, error) {
	fail := func(rule, hint string) (Name, error) { return Name{}, &Error{s, rule, hint} }
	switch s {
	case "":
		return fail("it is empty", "")
	case ".":
		return Root, nil
	}
	var labels [][]byte
	label := []byte{}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.':
			if len(label) == 0 {
				return fail("it has an empty label", "write one dot between labels")
			}
			labels, label = append(labels, label), []byte{}
		case c == '\\':
			if i+3 >= len(s) || !octal(s[i+1:i+4]) {
				return fail(`a backslash must be followed by three octal digits, \000 to \377`, "")
			}
			n, _ := strconv.ParseUint(s[i+1:i+4], 8, 8)
			label, i = append(label, byte(n)), i+3
		case c >= 0x80:
			return fail("it has a character outside ASCII", "write an internationalized name in its ASCII form, xn--…")
		case c <= ' ' || c == 0x7f:
			return fail("it has a space or a control character", `write it as \NNN, octal`)
		default:
			label = append(label, c)
		}
	}
	if len(label) > 0 {
		labels = append(labels, label)
	}
	n, rule := fromLabels(labels)
	if rule != "" {
		return fail(rule, "")
	}
	return n, nil
}

func octal(s string) bool {
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7'
}

// FromLabels makes a name of raw labels, leftmost first, as they stand in a
// DNS message.
func FromLabels(labels [][]byte) (Name, error) {
	n, rule := fromLabels(labels)
	if rule != "" {
		return Name{}, &Error{string(bytes.Join(labels, []byte{'.'})), rule, ""}
	}
	return n, nil
}

func fromLabels(labels [][]byte) (n Name, rule string) {
	if len(labels) == 0 {
		return Root, ""
	}
	var b strings.Builder
	size := 1
	for i, l := range labels {
		if len(l) == 0 {
			return Name{}, "it has an empty label"
		}
		if len(l) > maxLabel {
			return Name{}, fmt.Sprintf("a label has %d bytes, at most %d are allowed", len(l), maxLabel)
		}
		size += len(l) + 1
		if i > 0 {
			b.WriteByte('.')
		}
		for _, c := range l {
			switch {
			case c >= 'A' && c <= 'Z':
				b.WriteByte(c + 'a' - 'A')
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
				b.WriteByte(c)
			default:
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
	}
	if size > maxName {
		return Name{}, fmt.Sprintf("it has %d bytes, at most %d are allowed", size, maxName)
	}
	return Name{b.String()}, ""
}

// MustParse is Parse for names that stand in code and tests.
func MustParse(s string) Name {
	n, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return n
}

// IsZero reports whether n is no name.
func (n Name) IsZero() bool { return n.s == "" }

// String is the name as people write it: no trailing dot, a leading wildcard
// label as `*`.
func (n Name) String() string {
	if rest, ok := strings.CutPrefix(n.s, wildcard); ok && (rest == "" || rest[0] == '.') {
		return "*" + rest
	}
	return n.s
}

// FQDN is String with the trailing dot.
func (n Name) FQDN() string {
	if n == Root || n.IsZero() {
		return n.s
	}
	return n.String() + "."
}

// Route53 is the name as the Route 53 API returns it: `\052` for a wildcard
// and a trailing dot.
func (n Name) Route53() string {
	if n == Root || n.IsZero() {
		return n.s
	}
	return n.s + "."
}

// Normalized is the name as the condition key
// route53:ChangeResourceRecordSetsNormalizedRecordNames holds it: as Route53,
// without the trailing dot (Developer Guide, specifying-rrset-conditions.html).
func (n Name) Normalized() string { return n.s }

// Labels are the raw labels, leftmost first, as in a DNS message.
func (n Name) Labels() [][]byte {
	if n == Root || n.IsZero() {
		return nil
	}
	var out [][]byte
	for _, l := range strings.Split(n.s, ".") {
		raw := make([]byte, 0, len(l))
		for i := 0; i < len(l); i++ {
			if l[i] != '\\' {
				raw = append(raw, l[i])
				continue
			}
			c, _ := strconv.ParseUint(l[i+1:i+4], 8, 8)
			raw, i = append(raw, byte(c)), i+3
		}
		out = append(out, raw)
	}
	return out
}

// Depth is the number of labels; the root has none.
func (n Name) Depth() int {
	if n == Root || n.IsZero() {
		return 0
	}
	return strings.Count(n.s, ".") + 1
}

// Parent is the name without its leftmost label. The root has no parent: ok is
// false.
func (n Name) Parent() (parent Name, ok bool) {
	if n == Root || n.IsZero() {
		return Name{}, false
	}
	if _, rest, found := strings.Cut(n.s, "."); found {
		return Name{rest}, true
	}
	return Root, true
}

// Ancestors walks from n itself up to the root.
func (n Name) Ancestors() iter.Seq[Name] {
	return func(yield func(Name) bool) {
		for ok := !n.IsZero(); ok; n, ok = n.Parent() {
			if !yield(n) {
				return
			}
		}
	}
}

// Under reports whether n is zone or lies below it, at a label boundary.
func (n Name) Under(zone Name) bool {
	if n.IsZero() || zone.IsZero() {
		return false
	}
	if zone == Root || n == zone {
		return true
	}
	cut := len(n.s) - len(zone.s)
	return cut > 1 && n.s[cut-1] == '.' && n.s[cut:] == zone.s
}

// Below reports whether n lies below zone and is not zone itself.
func (n Name) Below(zone Name) bool { return n != zone && n.Under(zone) }

// IsWildcard reports whether the leftmost label is `*` and nothing else; only
// there is it a wildcard (Developer Guide, DomainNameFormat.html).
func (n Name) IsWildcard() bool {
	return strings.HasPrefix(n.s, wildcard+".") || n.s == wildcard
}

// Wildcard is `*` below n. It is no name when it would be too long.
func (n Name) Wildcard() Name {
	w, _ := n.Child("*")
	return w
}

// Child is n with one label, or several joined by dots, put before it.
func (n Name) Child(label string) (Name, error) {
	if n == Root {
		return Parse(label)
	}
	return Parse(label + "." + n.s)
}

// Relative is the part of n before zone, "@" for zone itself. n must be under
// zone; otherwise the whole name is returned.
func (n Name) Relative(zone Name) string {
	switch {
	case n == zone:
		return "@"
	case zone == Root || !n.Under(zone):
		return n.String()
	}
	return Name{n.s[:len(n.s)-len(zone.s)-1]}.String()
}

// Key is a string whose byte order is the order of names from the root down,
// so that everything under a name is one run of keys. It is the order in which
// Route 53 lists records and zones: the labels reversed, raw, each followed by
// a dot, "com.example.www." (API_ListResourceRecordSets). What would be
// mistaken for the dot or for a separator of keys stays escaped.
func (n Name) Key() string {
	if n == Root || n.IsZero() {
		return ""
	}
	labels := strings.Split(n.s, ".")
	var b strings.Builder
	b.Grow(len(n.s) + 1)
	for i := len(labels) - 1; i >= 0; i-- {
		writeKey(&b, labels[i])
		b.WriteByte('.')
	}
	return b.String()
}

// writeKey writes a label raw, but for control characters, the dot and the
// backslash.
func writeKey(b *strings.Builder, label string) {
	for {
		plain, rest, escaped := strings.Cut(label, `\`)
		b.WriteString(plain)
		if !escaped {
			return
		}
		c, _ := strconv.ParseUint(rest[:3], 8, 8)
		if c < ' ' || c == '.' || c == '\\' {
			b.WriteByte('\\')
			b.WriteString(rest[:3])
		} else {
			b.WriteByte(byte(c))
		}
		label = rest[3:]
	}
}

// Compare orders names from the root down, as [Name.Key] does; a parent stands
// before its children.
func (n Name) Compare(other Name) int { return strings.Compare(n.Key(), other.Key()) }

// MarshalText gives String; a zero Name is empty.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *Name) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*n = Name{}
		return nil
	}
	*n, err = Parse(string(b))
	return err
}
