package config

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// MaxTTL is the greatest TTL, in seconds (RFC 2181 section 8).
const MaxTTL = math.MaxInt32

// DefaultTTL is the TTL, in seconds, of what does not say otherwise.
const DefaultTTL = 300

// Patterns of AWS's identifiers, where the API states one.
var (
	accountDigits = regexp.MustCompile(`^[0-9]{12}$`)                                                            // Organizations API, AccountId
	accountName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)                                              // ours: never mistaken for an ID
	regionCode    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]$`)                                           // EC2 User Guide, using-regions-availability-zones.html
	roleName      = regexp.MustCompile(`^([\w+=,.@-]+/)*[\w+=,.@-]{1,64}$`)                                      // IAM API, CreateRole; with its path
	externalID    = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)                                                     // STS API, AssumeRole; at most maxExternalID
	envName       = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)                                               // POSIX, 8.1
	zoneID        = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)                                                      // Route 53 API, ResourceId
	vpcID         = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)                                                   // EC2 User Guide, resource-ids.html
	newRoleName   = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)                                                     // IAM API, CreateRole
	principalARN  = regexp.MustCompile(`^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:(root|(role|user)/[\w+=,.@/-]+)$`) // IAM User Guide, reference_policies_elements_principal.html
	orgPath       = regexp.MustCompile(`^o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}/(ou-[a-z0-9-]+/)*(\*)?$`)            // IAM User Guide, reference_policies_condition-keys.html, aws:PrincipalOrgPaths
	ownerName     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
)

const maxExternalID = 1224

// pattern is a text that matches a regular expression.
func pattern[T ~string](word string, re *regexp.Regexp, hint string) kind[T] {
	return scalar(word, map[string]any{"type": "string", "pattern": jsonPattern(re)}, func(s string) (T, *fault) {
		if !re.MatchString(s) {
			return "", &fault{CodeBadValue, quote(s) + " is not " + word, "", hint}
		}
		return T(s), nil
	})
}

// toldIfNew is a Region that is taken, and warned of, when AWS had none of that name
// when this was written: it may be new, or a slip.
func toldIfNew(k kind[estate.Region]) kind[estate.Region] {
	known := estate.Regions()
	names := make([]string, len(known))
	for i, r := range known {
		names[i] = string(r)
	}
	return kind[estate.Region]{k.desc, func(r *reader, n *node) (estate.Region, bool) {
		v, ok := k.read(r, n)
		if !ok || slices.Contains(known, v) {
			return v, ok
		}
		hint := nearest(string(v), names)
		if hint == "" {
			hint = "if AWS has added it, all is well"
		}
		r.add(diag.Diagnostic{Severity: diag.Warning, Code: CodeUnknownRegion, Pos: n.pos, Hint: hint,
			Summary: quote(string(v)) + " is no Region that orgdns knows", Detail: "AWS adds one now and then; in one that is not there, or not switched on for an account, every call fails"})
		return v, true
	}}
}

// jsonPattern writes \w as ECMA 262 and Go read it alike.
func jsonPattern(re *regexp.Regexp) string {
	return strings.ReplaceAll(re.String(), `\w`, `A-Za-z0-9_`)
}

var (
	accountIDKind = scalar("an account ID", map[string]any{"type": "string", "pattern": accountDigits.String()}, func(s string) (estate.AccountID, *fault) {
		if accountDigits.MatchString(s) {
			return estate.AccountID(s), nil
		}
		hint := "write twelve digits"
		if d := strings.Map(digitsOnly, s); len(d) == 12 {
			hint = "did you mean " + quote(d) + "?"
		}
		return "", &fault{CodeBadValue, quote(s) + " is not an account ID", "", hint}
	})
	regionKind   = toldIfNew(pattern[estate.Region]("a Region", regionCode, `write its code, as in "eu-west-1"`))
	roleKind     = pattern[string]("a role name", roleName, "write the name of the role, without its ARN")
	newRoleKind  = pattern[string]("a role name", newRoleName, "write the name alone: up to 64 letters, digits and any of +=,.@-_")
	arnKind      = pattern[string]("the ARN of a role or user", principalARN, `write it as in "arn:aws:iam::111122223333:role/dns-writer"`)
	pathKind     = pattern[string]("a path of the organization", orgPath, `write it as in "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"`)
	zoneIDKind   = pattern[string]("a hosted zone ID", zoneID, `write the ID alone, as in "Z0123456789ABCDEFGHIJ"`)
	vpcIDKind    = pattern[string]("a VPC ID", vpcID, `write it as in "vpc-0123456789abcdef0"`)
	ownerKind    = pattern[string]("an owner", ownerName, "write up to 32 letters, digits, dots, - and _")
	freeText     = scalar("a text", map[string]any{"type": "string", "minLength": 1}, nonEmpty)
	tagValueKind = scalar("a tag value", map[string]any{"type": "string"}, func(s string) (string, *fault) { return s, nil })
	boolKind     = scalar("true or false", map[string]any{"type": "boolean"}, func(s string) (bool, *fault) {
		return strings.EqualFold(s, "true"), nil
	}, boolean)
)

func digitsOnly(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

func nonEmpty(s string) (string, *fault) {
	if strings.TrimSpace(s) == "" {
		return "", &fault{CodeBadValue, "the text is empty", "", ""}
	}
	return s, nil
}

// accountRefKind also gathers what is named, to be judged when all is read.
var accountRefKind = func() kind[AccountRef] {
	k := kind[AccountRef]{desc: &desc{word: "an account", schema: map[string]any{"type": "string", "minLength": 1}}}
	k.read = func(r *reader, n *node) (AccountRef, bool) {
		if !r.spend(n) {
			return AccountRef{}, false
		}
		if n.shape != text || n.text == "" {
			r.wrongType(n, "text, an account")
			return AccountRef{}, false
		}
		ref := AccountRef{n.text, n.pos}
		r.refs = append(r.refs, ref)
		return ref, true
	}
	return k
}()

// secretKind never repeats what it read.
var secretKind = func() kind[Secret] {
	k := kind[Secret]{desc: &desc{word: "a secret", schema: map[string]any{"type": "string", "minLength": 2}}}
	k.read = func(r *reader, n *node) (s Secret, ok bool) {
		if !r.spend(n) {
			return s, false
		}
		if n.shape != text {
			r.problem(n.pos, CodeWrongType, "expected text, a secret", "", "put it in quotes, or write env:NAME")
			return s, false
		}
		s = NewSecret(n.text)
		if s.literal == nil && !envName.MatchString(s.env) {
			r.problem(n.pos, CodeBadValue, "env: must be followed by the name of an environment variable", "", "write it as in env:ORGDNS_EXTERNAL_ID")
			return Secret{}, false
		}
		if s.literal != nil && (!externalID.MatchString(*s.literal) || len(*s.literal) > maxExternalID) {
			r.problem(n.pos, CodeBadValue, "this is not an external ID", "it has 2 to 1,224 letters, digits and any of +=,.@:/-_ (STS API, AssumeRole)", "")
			return Secret{}, false
		}
		return s, true
	}
	return k
}()

// integer is a whole number within bounds.
func integer[T ~int | ~int64 | ~int32](word string, low, high T) kind[T] {
	return scalar(word, map[string]any{"type": "integer", "minimum": low, "maximum": high}, func(s string) (T, *fault) {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v < int64(low) || v > int64(high) {
			return 0, &fault{CodeBadValue, quote(s) + " is not " + word, fmt.Sprintf("it is a whole number from %d to %d", low, high), ""}
		}
		return T(v), nil
	}, number)
}

const durationPattern = `^([0-9]+(w|d|h|m|s))+$`

var (
	durationParts = regexp.MustCompile(`[0-9]+[wdhms]`)
	durationWhole = regexp.MustCompile(durationPattern)
	unitSeconds   = map[byte]int64{'s': 1, 'm': 60, 'h': 3600, 'd': 24 * 3600, 'w': 7 * 24 * 3600}
)

// parseTTL reads "5m", "1h30m", "2d", or a number of seconds.
func parseTTL(s string) (uint32, *fault) {
	notOne := &fault{CodeBadValue, quote(s) + " is not a duration", "", `write it as in "5m", "1h30m" or "2d"; a number is seconds`}
	var total int64
	switch {
	case s == "":
		return 0, notOne
	case strings.Trim(s, "0123456789") == "":
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			v = math.MaxInt64 / 2
		}
		total = v
	case durationWhole.MatchString(s):
		for _, part := range durationParts.FindAllString(s, -1) {
			v, err := strconv.ParseInt(part[:len(part)-1], 10, 64)
			if err != nil || v > MaxTTL {
				v = MaxTTL + 1
			}
			total = min(total+v*unitSeconds[part[len(part)-1]], math.MaxInt64/4)
		}
	default:
		if d, err := time.ParseDuration(s); err == nil && d >= 0 && d%time.Second != 0 {
			notOne.detail = "a TTL is whole seconds"
		}
		return 0, notOne
	}
	if total > MaxTTL {
		return 0, &fault{CodeBadValue, "the TTL " + quote(s) + " is too large", fmt.Sprintf("at most %d seconds are allowed (RFC 2181 section 8)", MaxTTL), `write at most "24855d"`}
	}
	return uint32(total), nil
}

var ttlKind = scalar("a duration", map[string]any{"anyOf": []any{
	map[string]any{"type": "string", "pattern": durationPattern},
	map[string]any{"type": "integer", "minimum": 0, "maximum": MaxTTL},
}}, parseTTL, text, number)

var delegationTTLKind = scalar("a duration or auto", map[string]any{"anyOf": []any{
	map[string]any{"const": "auto"},
	map[string]any{"type": "string", "pattern": durationPattern},
	map[string]any{"type": "integer", "minimum": 0, "maximum": MaxTTL},
}}, func(s string) (TTL, *fault) {
	if s == "auto" {
		return TTL{Auto: true, Seconds: DefaultTTL}, nil
	}
	v, f := parseTTL(s)
	return TTL{Seconds: v}, f
}, text, number)

var allowanceKind = scalar("a number or a percentage", map[string]any{"anyOf": []any{
	map[string]any{"type": "string", "pattern": "^([0-9]|[1-9][0-9]|100)%$"},
	map[string]any{"type": "integer", "minimum": 0},
}}, func(s string) (Allowance, *fault) {
	digits, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || percent && v > 100 {
		return Allowance{}, &fault{CodeBadValue, quote(s) + " is not a number or a percentage", "", `write it as in 20 or "25%"`}
	}
	return Allowance{int(v), percent}, nil
}, text, number)

var errURL = errors.New("it is a URL")

// nameFault puts a name that could not be parsed into words, with the nearest
// name that could.
func nameFault(s string, err error) *fault {
	f := &fault{CodeBadName, quote(s) + " is not a domain name", err.Error(), ""}
	var e *dnsname.Error
	if errors.As(err, &e) {
		f.detail, f.hint = e.Rule, e.Hint
	}
	if fixed, ok := repair(s); ok {
		f.hint = "did you mean " + quote(fixed) + "?"
	} else if over := tooLong(s); over > 0 && f.hint == "" {
		f.hint = "shorten it by " + itoa(over) + " or more"
	}
	return f
}

// tooLong is how many bytes the longest label, or else the whole name, has too
// many (RFC 1035 section 2.3.4).
func tooLong(s string) int {
	s = strings.TrimSuffix(s, ".")
	over := 0
	for _, label := range strings.Split(s, ".") {
		over = max(over, len(label)-63)
	}
	return max(over, len(s)-253)
}

// repair finds the nearest domain name to something that is none.
func repair(s string) (string, bool) {
	fixed := strings.TrimSpace(s)
	if _, rest, url := strings.Cut(fixed, "://"); url {
		fixed, _, _ = strings.Cut(rest, "/")
	}
	for strings.Contains(fixed, "..") {
		fixed = strings.ReplaceAll(fixed, "..", ".")
	}
	fixed = strings.TrimLeft(fixed, ".")
	fixed, ok := asciiForm(fixed)
	if !ok || fixed == s || fixed == "" {
		return "", false
	}
	_, err := dnsname.Parse(fixed)
	return fixed, err == nil
}

func parseName(s string) (dnsname.Name, *fault) {
	if strings.Contains(s, "://") {
		return dnsname.Name{}, nameFault(s, errURL)
	}
	n, err := dnsname.Parse(s)
	if err != nil {
		return n, nameFault(s, err)
	}
	return n, nil
}

// parseZone reads the name of a zone: no wildcard, no escapes.
func parseZone(s string) (dnsname.Name, *fault) {
	n, f := parseName(s)
	switch {
	case f != nil:
		return n, f
	case n.IsWildcard():
		return dnsname.Name{}, &fault{CodeWildcard, quote(s) + " is a wildcard, which cannot be delegated",
			"a wildcard has no NS record of its own (RFC 4592 section 4.2)", "did you mean " + quote(strings.TrimPrefix(n.String(), "*.")) + "?"}
	case strings.Contains(n.Normalized(), `\`):
		return dnsname.Name{}, &fault{CodeBadName, quote(s) + " cannot be the name of a zone", "its labels are letters, digits, - and _", ""}
	case strings.Contains(s, `\`):
		return dnsname.Name{}, &fault{CodeBadName, quote(s) + " is written with an escape that it does not need", "", "did you mean " + quote(n.String()) + "?"}
	case n == dnsname.Root:
		return dnsname.Name{}, &fault{CodeBadName, "the root is not a zone that can be given away", "", ""}
	}
	return n, nil
}

var nameSchema = map[string]any{"type": "string", "minLength": 1, "maxLength": 1010}

var (
	nameKind     = scalar("a domain name", nameSchema, parseName)
	zoneNameKind = scalar("a domain", nameSchema, parseZone)
	// labelKind is a name in a zone, made absolute when the zone is known.
	labelKind = scalar("a record name", nameSchema, nonEmpty)
)

// inZone makes a written record name absolute: "@" is the zone itself, a
// trailing dot ends an absolute name, all else is relative.
func inZone(s string, zone dnsname.Name) (dnsname.Name, *fault) {
	if s == "@" {
		return zone, nil
	}
	n, f := parseName(s)
	switch {
	case f != nil:
		return n, f
	case strings.HasSuffix(s, "."):
		if !n.Under(zone) {
			return dnsname.Name{}, outside(n, zone, dnsname.Name.FQDN)
		}
		return n, nil
	case n.Under(zone):
		return dnsname.Name{}, &fault{CodeBadName, fmt.Sprintf("%s is relative to %s and would become %s.%s", quote(s), zone, n, zone),
			"a name that does not end in a dot is relative", fmt.Sprintf("write %s, or %s", quote(n.Relative(zone)), quote(n.FQDN()))}
	}
	n, err := zone.Child(s)
	if err != nil {
		return n, nameFault(s+"."+zone.String(), err)
	}
	return n, nil
}

// outside says that a name is not in the zone in which it must be. A name that was
// probably meant is in the hint, as write puts it.
func outside(n, zone dnsname.Name, write func(dnsname.Name) string) *fault {
	f := &fault{code: CodeOutside, summary: fmt.Sprintf("%s lies outside %s", n, zone), hint: "write a name that ends in " + zone.String()}
	if meant, ok := mended(n, zone); ok {
		f.hint = "did you mean " + quote(write(meant)) + "?"
	}
	return f
}

// mended is the name in a zone that was probably meant by one outside: the zone has
// a slip in it, or another top-level domain, or lacks its own label, or was left out
// after a single label. A name that has no more in common with the zone is no slip;
// of a wildcard the zone it stands for would be another one altogether.
func mended(n, zone dnsname.Name) (dnsname.Name, bool) {
	below := func(above dnsname.Name) (dnsname.Name, bool) {
		if n == above {
			return zone, true
		}
		meant, err := zone.Child(n.Relative(above))
		return meant, err == nil
	}
	for above := range n.Ancestors() {
		if above.Depth() == zone.Depth() && (diag.Nearest(above.String(), []string{zone.String()}) != "" || sameButTop(above, zone)) {
			return below(above)
		}
	}
	if parent, _ := zone.Parent(); parent.Depth() > 1 && n.Below(parent) {
		return below(parent)
	}
	if n.Depth() == 1 && !n.IsWildcard() {
		return below(dnsname.Root)
	}
	return dnsname.Name{}, false
}

// sameButTop reports whether two names of equal depth differ in their top-level
// domains alone.
func sameButTop(a, b dnsname.Name) bool {
	x, y := a.Labels(), b.Labels()
	return len(x) > 1 && slices.EqualFunc(x[:len(x)-1], y[:len(y)-1], bytes.Equal)
}

func (r *reader) fault(pos diag.Pos, f *fault) { r.problem(pos, f.code, f.summary, f.detail, f.hint) }
