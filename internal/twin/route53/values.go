package route53

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// problem is what Route 53 finds wrong with a value: a code, its explanation
// and the text that it stumbled over.
type problem struct{ code, text, found string }

func (p *problem) Error() string {
	return fmt.Sprintf("FATAL problem: %s (%s) encountered with '%s'", p.code, p.text, p.found)
}

// checkValues judges the values of a record set: each by its type's form, and
// none twice. Codes seen in public: ARRDATAIllegalIPv4Address,
// AAAARRDATAIllegalIPv6Address, ARRDATANotSingleField, MXRRDATANotTwoFields,
// InvalidCharacterString, CharacterStringTooLong, DomainLabelEmpty and
// UnsupportedCharacter; the others follow their pattern.
func checkValues(set estate.RecordSet) []string {
	var out []string
	seen := map[string]bool{}
	for _, v := range set.Values {
		if err := checkValue(set.Type, v); err != nil {
			out = append(out, fmt.Sprintf("Invalid Resource Record: '%s'", err))
		}
		if seen[v] {
			out = append(out, fmt.Sprintf("Duplicate Resource Record: '%s'", v))
		}
		seen[v] = true
	}
	if (set.Type == "CNAME" || set.Type == "SOA") && len(set.Values) > 1 {
		out = append(out, fmt.Sprintf("RRSet of type %s with DNS name %s must have exactly one value", set.Type, set.Name.Route53()))
	}
	return out
}

// field judges one field of a value.
type field func(rrtype, s string) error

// forms are the fields of values by type (Developer Guide,
// ResourceRecordTypes.html). The last field of SVCB and HTTPS may repeat or be
// absent.
var forms = map[string][]field{
	"CNAME": {domain}, "NS": {domain}, "PTR": {domain},
	"MX":    {number(16), domain},
	"SRV":   {number(16), number(16), number(16), domain},
	"CAA":   {number(8), word, quoted},
	"NAPTR": {number(16), number(16), quoted, quoted, quoted, domain},
	"SOA":   {domain, domain, number(32), number(32), number(32), number(32), number(32)},
	"DS":    {number(16), number(8), number(8), hexadecimal},
	"SSHFP": {number(8), number(8), hexadecimal},
	"TLSA":  {number(8), number(8), number(8), hexadecimal},
	"SVCB":  {number(16), domain}, "HTTPS": {number(16), domain},
}

var fieldCounts = [...]string{2: "Two", 3: "Three", 4: "Four", 6: "Six", 7: "Seven"}

func checkValue(rrtype, v string) error {
	switch rrtype {
	case "A", "AAAA":
		return address(rrtype, v)
	case "TXT", "SPF":
		return characterStrings(v)
	case "CNAME", "NS", "PTR":
		return domain(rrtype, v)
	}
	form, known := forms[rrtype]
	if !known {
		return nil // the wire has no such type
	}
	parts, err := split(v)
	if err != nil {
		return err
	}
	if rrtype == "SVCB" || rrtype == "HTTPS" {
		parts = parts[:min(len(parts), 2)] // service parameters follow
	}
	if len(parts) != len(form) {
		return &problem{
			fmt.Sprintf("%sRRDATANot%sFields", rrtype, fieldCounts[len(form)]),
			fmt.Sprintf("%s record doesn't have %d fields", rrtype, len(form)), v,
		}
	}
	for i, judge := range form {
		if err := judge(rrtype, parts[i]); err != nil {
			return err
		}
	}
	return nil
}

func address(rrtype, v string) error {
	a, err := netip.ParseAddr(v)
	switch {
	case err == nil && rrtype == "A" && a.Is4(), err == nil && rrtype == "AAAA" && a.Is6() && a.Zone() == "":
		return nil
	case strings.Contains(v, " "):
		return &problem{rrtype + "RRDATANotSingleField", "Value contains spaces", v}
	case rrtype == "A":
		return &problem{"ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", v}
	}
	return &problem{"AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", v}
}

// nameProblem words what is wrong with a name that dnsname.Parse refused, as
// in "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with
// 'a..b'".
func nameProblem(s string) string { return domainProblem(s).Error() }

func domainProblem(s string) *problem {
	trimmed := strings.TrimSuffix(s, ".")
	for _, l := range strings.Split(trimmed, ".") {
		if l == "" {
			return &problem{"DomainLabelEmpty", "Domain label is empty", s}
		}
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return &problem{"UnsupportedCharacter", "Value contains unsupported characters", s[i : i+1]}
		}
	}
	for _, l := range strings.Split(trimmed, ".") {
		if len(l) > 63 && !strings.Contains(l, `\`) {
			return &problem{"DomainLabelTooLong", "Domain label is too long", s}
		}
	}
	if len(s) > 255 {
		return &problem{"DomainTooLong", "Domain name is too long", s}
	}
	return &problem{"DomainNameInvalid", "Value is not a valid domain name", s}
}

func domain(_, s string) error {
	if _, err := dnsname.Parse(s); err != nil {
		return domainProblem(s)
	}
	return nil
}

func number(bits int) field {
	return func(rrtype, s string) error {
		if _, err := strconv.ParseUint(s, 10, bits); err != nil {
			return &problem{rrtype + "RRDATAIllegalNumber", fmt.Sprintf("Value is not a number of %d bits", bits), s}
		}
		return nil
	}
}

func word(rrtype, s string) error {
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			return &problem{rrtype + "RRDATAIllegalTag", "Value is not a tag", s}
		}
	}
	return nil
}

func hexadecimal(rrtype, s string) error {
	for _, c := range s {
		if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return &problem{rrtype + "RRDATAIllegalHex", "Value is not hexadecimal", s}
		}
	}
	if len(s)%2 != 0 {
		return &problem{rrtype + "RRDATAIllegalHex", "Value is not hexadecimal", s}
	}
	return nil
}

func quoted(_, s string) error {
	if !strings.HasPrefix(s, `"`) {
		return &problem{"InvalidCharacterString", "Value should be enclosed in quotation marks", s}
	}
	return nil
}

// characterStrings judges the value of a TXT record: strings in quotation
// marks, each at most 255 characters, with spaces between them (Developer
// Guide, ResourceRecordTypes.html, TXT).
func characterStrings(v string) error {
	parts, err := split(v)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return &problem{"InvalidCharacterString", "Value should be enclosed in quotation marks", v}
	}
	for _, p := range parts {
		if err := quoted("", p); err != nil {
			return &problem{"InvalidCharacterString", "Value should be enclosed in quotation marks", v}
		}
	}
	return nil
}

var errUnterminated = errors.New("unterminated")

// split cuts a value into its fields: words, and strings in quotation marks.
func split(v string) ([]string, error) {
	var parts []string
	for rest := strings.Trim(v, " \t"); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		end := strings.IndexAny(rest, " \t")
		if rest[0] == '"' {
			size, length, err := quotedString(rest)
			switch {
			case err != nil || size < len(rest) && rest[size] != ' ' && rest[size] != '\t':
				return nil, &problem{"InvalidCharacterString", "Value should be enclosed in quotation marks", v}
			case length > 255:
				return nil, &problem{"CharacterStringTooLong", "Value is too long", rest[:size]}
			}
			end = size
		} else if end < 0 {
			end = len(rest)
		}
		parts, rest = append(parts, rest[:end]), rest[end:]
	}
	return parts, nil
}

// quotedString measures the string in quotation marks that s begins with: its
// size as written, marks included, and its length when unescaped (\" and \\,
// and \ooo in octal).
func quotedString(s string) (size, length int, err error) {
	for i := 1; i < len(s); length++ {
		switch {
		case s[i] == '"':
			return i + 1, length, nil
		case s[i] != '\\':
			i++
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '7':
			i += 4
		default:
			i += 2
		}
	}
	return 0, 0, errUnterminated
}
