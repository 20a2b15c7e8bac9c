package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// recordTypes are the types of Route 53 (Developer Guide,
// ResourceRecordTypes.html) without SOA, which it keeps for itself, and SPF,
// which RFC 7208 section 3.1 discontinued.
var recordTypes = []string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}

// oneName are the types whose value is one name.
var oneName = []string{"CNAME", "NS", "PTR"}

// Bounds of a value (Developer Guide, DNSLimitations.html and
// ResourceRecordTypes.html#TXTFormat).
const (
	maxValueCount = 400
	maxTXTString  = 255  // bytes of one quoted string
	maxTXT        = 4000 // characters of one value
)

// parseValue reads a value as people write it and gives it as Route 53 takes
// it: addresses in their canonical form, names with a trailing dot, text
// quoted.
func parseValue(rrtype, s string) (string, *fault) {
	bad := func(want, hint string) (string, *fault) {
		return "", &fault{CodeBadRecord, quote(s) + " is not " + want, "", hint}
	}
	switch rrtype {
	case "A":
		a, err := netip.ParseAddr(s)
		switch {
		case err == nil && a.Is4():
			return a.String(), nil
		case err == nil && a.Zone() == "":
			return bad("an IPv4 address", "did you mean the type AAAA?")
		}
		if n, err := dnsname.Parse(s); err == nil && n.Depth() > 1 && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") {
			return bad("an IPv4 address", "did you mean the type CNAME?")
		}
		return bad("an IPv4 address", "")
	case "AAAA":
		a, err := netip.ParseAddr(s)
		switch {
		case err == nil && a.Is6() && a.Zone() == "":
			return a.String(), nil
		case err == nil && a.Is4():
			return bad("an IPv6 address", "did you mean the type A?")
		}
		return bad("an IPv6 address", "")
	case "CNAME", "NS", "PTR": // oneName
		return parseTarget(s)
	case "TXT":
		return parseTXT(s)
	}
	form := valueForms[rrtype]
	fields := splitFields(s)
	if len(fields) < len(form.parts) || len(fields) > len(form.parts) && !form.open {
		return bad("the value of a record of type "+rrtype, "write it as in "+quote(form.example))
	}
	for i, part := range form.parts {
		v, f := part(fields[i])
		if f != nil {
			if f.code == "" {
				f = &fault{CodeBadRecord, quote(fields[i]) + " is not " + f.summary, "in a record of type " + rrtype, "write it as in " + quote(form.example)}
			}
			return "", f
		}
		fields[i] = v
	}
	return strings.Join(fields, " "), nil
}

// valueForm is the value of a type that has several fields.
type valueForm struct {
	example string
	parts   []func(string) (string, *fault)
	open    bool // more fields may follow
}

var valueForms = map[string]valueForm{
	"CAA":   {`0 issue "amazon.com"`, parts(uint8Part, matching("a property tag", `^[A-Za-z0-9]+$`), quotedPart), false},
	"DS":    {"12345 13 2 49FD46E6…", parts(uint16Part, uint8Part, uint8Part, hexPart), false},
	"HTTPS": {"1 . alpn=h2", parts(uint16Part, targetPart), true},
	"MX":    {"10 mail.example.com", parts(uint16Part, targetPart), false},
	"NAPTR": {`100 50 "u" "sip+E2U" "!^.*$!sip:info@example.com!" .`, parts(uint16Part, uint16Part, quotedPart, quotedPart, quotedPart, targetPart), false},
	"SRV":   {"1 10 5269 xmpp.example.com", parts(uint16Part, uint16Part, uint16Part, targetPart), false},
	"SSHFP": {"4 2 123456789abcdef…", parts(uint8Part, uint8Part, hexPart), false},
	"SVCB":  {"1 svc.example.com alpn=h2", parts(uint16Part, targetPart), true},
	"TLSA":  {"3 1 1 0123456789abcdef…", parts(uint8Part, uint8Part, uint8Part, hexPart), false},
}

func parts(p ...func(string) (string, *fault)) []func(string) (string, *fault) { return p }

// A part's fault without a code names what was expected.
func uintPart(bits int) func(string) (string, *fault) {
	return func(s string) (string, *fault) {
		v, err := strconv.ParseUint(s, 10, bits)
		if err != nil {
			return "", &fault{summary: fmt.Sprintf("a number from 0 to %d", 1<<bits-1)}
		}
		return strconv.FormatUint(v, 10), nil
	}
}

var (
	uint8Part  = uintPart(8)
	uint16Part = uintPart(16)
	hexPart    = matching("hexadecimal digits", `^([0-9A-Fa-f]{2})+$`)
)

func matching(word, re string) func(string) (string, *fault) {
	r := regexp.MustCompile(re)
	return func(s string) (string, *fault) {
		if !r.MatchString(s) {
			return "", &fault{summary: word}
		}
		return s, nil
	}
}

func quotedPart(s string) (string, *fault) {
	if len(s) >= 2 && s[0] == '"' {
		return s, nil
	}
	return quoteTXT(s), nil
}

// targetPart is a name, or the root as "." where there is no target.
func targetPart(s string) (string, *fault) {
	if s == "." {
		return s, nil
	}
	return parseTarget(s)
}

// parseTarget reads the name at which a record points. It is absolute with or
// without a trailing dot, as in Route 53; a single label is a slip.
func parseTarget(s string) (string, *fault) {
	n, f := parseName(s)
	if f != nil {
		return "", f
	}
	if n.Depth() == 1 && !strings.HasSuffix(s, ".") {
		return "", &fault{CodeBadRecord, quote(s) + " is a single label where a whole name belongs", "targets are absolute, with or without a dot at the end", ""}
	}
	return n.FQDN(), nil
}

// parseTXT takes text that is already in quotes as it is; other text is split
// into strings and quoted.
func parseTXT(s string) (string, *fault) {
	out := s
	if !strings.HasPrefix(s, `"`) {
		out = quoteTXT(s)
	} else if f := checkQuoted(s); f != nil {
		return "", f
	}
	if len(out) > maxTXT {
		return "", &fault{CodeBadRecord, "the text is too long", fmt.Sprintf("it has %d characters in quotes, at most %d are allowed", len(out), maxTXT), ""}
	}
	return out, nil
}

// quoteTXT quotes text in strings of at most 255 bytes. What is not printable
// ASCII, the quotation mark and the backslash become octal escapes.
func quoteTXT(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		if i > 0 && i%maxTXTString == 0 {
			b.WriteString(`" "`)
		}
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// checkQuoted judges one or several quoted strings with spaces between them.
func checkQuoted(s string) *fault {
	for rest := s; rest != ""; {
		if rest[0] != '"' {
			return &fault{CodeBadRecord, quote(s) + " has text outside quotes", "", `quote all of it, or none: orgdns quotes and splits plain text`}
		}
		size, i := 0, 1
		for ; i < len(rest) && rest[i] != '"'; i++ {
			size++
			if rest[i] != '\\' {
				continue
			}
			if i+3 < len(rest) && strings.Trim(rest[i+1:i+4], "01234567") == "" {
				i += 3
			} else {
				i++
			}
		}
		if i >= len(rest) {
			return &fault{CodeBadRecord, quote(s) + " has an opening quote without a closing one", "", "close it, or leave the quotes out: orgdns quotes plain text"}
		}
		if size > maxTXTString {
			return &fault{CodeBadRecord, "a quoted string is too long", fmt.Sprintf("it has %d bytes, at most %d are allowed", size, maxTXTString), "leave the quotes out: orgdns splits plain text"}
		}
		rest = strings.TrimLeft(rest[i+1:], " \t")
	}
	return nil
}

// splitFields splits at white space outside quotes.
func splitFields(s string) []string {
	var out []string
	quoted, start := false, -1
	for i := 0; i < len(s); i++ {
		c := s[i]
		space := (c == ' ' || c == '\t') && !quoted
		switch {
		case !space && start < 0:
			start = i
		case space && start >= 0:
			out, start = append(out, s[start:i]), -1
		}
		switch {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		}
	}
	if start >= 0 {
		out = append(out, s[start:])
	}
	return out
}

// fillValues judges the values of a record and puts them into Route 53's form.
func (r *reader) fillValues(rec *Record, zone dnsname.Name) {
	if n := len(rec.Values); n > maxValueCount {
		r.problem(rec.At("values"), CodeBadRecord, fmt.Sprintf("the record has %d values, at most %d are allowed", n, maxValueCount), "Route 53 Developer Guide, DNSLimitations.html", "")
		return
	}
	var out []string
	for i, v := range rec.Values {
		value, f := parseValue(rec.Type, v)
		if f != nil {
			if n, err := zone.Child(v); err == nil && f.code == CodeBadRecord && slices.Contains(oneName, rec.Type) {
				f.hint = "did you mean " + quote(n.String()) + "?"
			}
			r.fault(rec.At("values", i), f)
			continue
		}
		if slices.Contains(out, value) {
			r.problem(rec.At("values", i), CodeDuplicate, "the value "+quote(v)+" stands twice", "", "remove one")
			continue
		}
		out = append(out, value)
	}
	if len(out) > 1 && rec.Type == "CNAME" {
		r.problem(rec.At("values"), CodeBadRecord, "a CNAME has one value", "a name is an alias of one name (RFC 1034 section 3.6.2)", "keep one")
	}
	rec.Values = out
}
