package wire

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A limit is a bound of a length or a value.
type limit struct {
	set   bool
	value float64
	text  string
}

func newLimit(n json.Number) limit {
	f, err := n.Float64()
	return limit{set: n != "" && err == nil, value: f, text: n.String()}
}

// Validate judges an input by the constraints of its shape: required members,
// lengths, ranges, patterns, enums, and the one member of a union. The error is
// an [*Error] with the code and words of the service.
//
// Where no page documents the words, they are those that AWS's answers show:
// most services list all violations ("1 validation error detected: Value 'x' at
// 'tags.1.member.key' failed to satisfy constraint: …"); EC2 names the first
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html);
// Route 53 has a schema judge its bodies and names the first violation.
func (op *Operation) Validate(in Tree) error {
	c := checker{ec2: op.Service.Protocol == EC2, schema: op.Service.Name == "route53"}
	c.structure(breach{shape: op.in, name: op.inRef.LocationName}, in, 0)
	if len(c.breaches) == 0 {
		return nil
	}
	e := &Error{Service: op.Service, Code: "ValidationException", Status: 400}
	switch op.Service.Protocol {
	case Query:
		e.Code = "ValidationError"
	case EC2:
		e.Code, e.Message = c.breaches[0].ec2()
		return e
	}
	switch op.Service.Name {
	case "s3":
		e.Code = "InvalidArgument"
	case "cloudfront":
		e.Code = "MalformedXML"
	case "apigatewayv2":
		e.Code = "BadRequestException"
	}
	if c.schema {
		e.Code = "InvalidInput"
		if i := slices.IndexFunc(c.breaches, func(b breach) bool { return b.inBody }); i >= 0 {
			e.Message = "Invalid XML ; " + c.breaches[i].schema(op.Service.xmlNamespace)
			return e
		}
	}
	plural := ""
	if len(c.breaches) > 1 {
		plural = "s"
	}
	texts := make([]string, len(c.breaches))
	for i, b := range c.breaches {
		texts[i] = fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", b.shown(), b.path, b.constraint())
	}
	e.Message = fmt.Sprintf("%d validation error%s detected: %s", len(texts), plural, strings.Join(texts, "; "))
	return e
}

// A rule is a kind of constraint.
type rule byte

const (
	ruleRequired rule = iota
	ruleUnion
	ruleMinLength
	ruleMaxLength
	ruleMin
	ruleMax
	rulePattern
	ruleEnum
	ruleItems  // of a list, all constraints of its items
	ruleKeys   // of a map
	ruleValues // of a map
)

// A breach is a constraint that a value does not satisfy.
type breach struct {
	rule   rule
	path   string // of the value
	shape  *shape
	value  any // nil where it is missing
	inBody bool
	parent string // the element that it is in
	name   string // its own element
}

// shown is the value as AWS prints it.
func (b breach) shown() string {
	if b.value == nil {
		return "null"
	}
	return "'" + plain(b.value) + "'"
}

func plain(v any) string {
	switch v := v.(type) {
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = plain(item)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case map[string]any:
		return "{" + strings.Join(sortedKeys(v), ", ") + "}"
	case []byte:
		return string(v)
	case float64:
		return formatFloat(v)
	}
	return fmt.Sprint(v)
}

// constraint is what most services say.
func (b breach) constraint() string {
	s := b.shape
	switch b.rule {
	case ruleRequired:
		return "Member must not be null"
	case ruleUnion:
		return "Member must have exactly one member set"
	case ruleMinLength:
		return "Member must have length greater than or equal to " + s.min.text
	case ruleMaxLength:
		return "Member must have length less than or equal to " + s.max.text
	case ruleMin:
		return "Member must have value greater than or equal to " + s.min.text
	case ruleMax:
		return "Member must have value less than or equal to " + s.max.text
	case rulePattern:
		return "Member must satisfy regular expression pattern: " + s.source
	case ruleEnum:
		return "Member must satisfy enum value set: [" + strings.Join(s.enum, ", ") + "]"
	case ruleKeys:
		return "Map keys must satisfy constraint: [" + allConstraints(s.key.shape) + "]"
	case ruleValues:
		return "Map value must satisfy constraint: [" + allConstraints(s.elem.shape) + "]"
	}
	return "Member must satisfy constraint: [" + allConstraints(s.elem.shape) + "]"
}

// allConstraints lists those of a scalar, as AWS does for items.
func allConstraints(s *shape) string {
	var rules []rule
	low, high := ruleMin, ruleMax
	if s.kind == kindString || s.kind == kindBlob {
		low, high = ruleMinLength, ruleMaxLength
	}
	if s.max.set {
		rules = append(rules, high)
	}
	if s.min.set {
		rules = append(rules, low)
	}
	if s.pattern != nil {
		rules = append(rules, rulePattern)
	}
	if len(s.enum) > 0 {
		rules = append(rules, ruleEnum)
	}
	texts := make([]string, len(rules))
	for i, r := range rules {
		texts[i] = breach{rule: r, shape: s}.constraint()
	}
	return strings.Join(texts, ", ")
}

// ec2 is the code and message of EC2.
func (b breach) ec2() (code, message string) {
	if b.rule == ruleRequired {
		return "MissingParameter", "The request must contain the parameter " + b.path
	}
	return "InvalidParameterValue", fmt.Sprintf("Value (%s) for parameter %s is invalid. %s", plain(b.value), b.path, b.constraint())
}

// schema is what a validating XML parser says, by the error keys of the XML
// Schema recommendation, appendix C (cvc-…).
func (b breach) schema(namespace string) string {
	facet := func(facet, bound string) string {
		shown := b.shown()
		if text, ok := b.value.(string); ok && strings.HasSuffix(facet, "Length") {
			shown = fmt.Sprintf("%s with length = '%d'", shown, utf8.RuneCountInString(text))
		}
		return fmt.Sprintf("cvc-%s-valid: Value %s is not facet-valid with respect to %s '%s' for type '%s'.", facet, shown, facet, bound, b.shape.name)
	}
	incomplete := func(element, wanted string) string {
		return fmt.Sprintf("cvc-complex-type.2.4.b: The content of element '%s' is not complete. One of '{\"%s\":%s}' is expected.", element, namespace, wanted)
	}
	s := b.shape
	switch b.rule {
	case ruleRequired:
		return incomplete(b.parent, b.name)
	case ruleMinLength, ruleMaxLength:
		key, bound := "minLength", s.min.text
		if b.rule == ruleMaxLength {
			key, bound = "maxLength", s.max.text
		}
		if s.kind == kindList {
			if b.rule == ruleMinLength {
				return incomplete(b.name, s.elem.xml)
			}
			return fmt.Sprintf("cvc-complex-type.2.4.e: '%s' can occur a maximum of '%s' times in the current sequence.", s.elem.xml, bound)
		}
		return facet(key, bound)
	case ruleMin:
		return facet("minInclusive", s.min.text)
	case ruleMax:
		return facet("maxInclusive", s.max.text)
	case rulePattern:
		return facet("pattern", s.source)
	case ruleEnum:
		return fmt.Sprintf("cvc-enumeration-valid: Value %s is not facet-valid with respect to enumeration '[%s]'. It must be a value from the enumeration.", b.shown(), strings.Join(s.enum, ", "))
	}
	return "cvc-type: Value " + b.shown() + " is not valid. " + b.constraint()
}

// A checker walks a tree and gathers breaches, in the model's order. Their paths
// grow on the way back, so that a good tree costs no path.
type checker struct {
	ec2      bool
	schema   bool // of Route 53
	inBody   bool
	breaches []breach
}

func (c *checker) add(b breach) {
	b.inBody = c.inBody
	c.breaches = append(c.breaches, b)
}

// under puts a step before the paths of the breaches since n.
func (c *checker) under(n int, step string) {
	for i := n; i < len(c.breaches); i++ {
		if p := &c.breaches[i].path; *p == "" {
			*p = step
		} else {
			*p = step + "." + *p
		}
	}
}

// value checks a value; at has its shape and its place in XML.
func (c *checker) value(at breach, v any, depth int) {
	if depth > maxDepth {
		return // the decoder makes no such trees
	}
	at.value = v
	switch at.shape.kind {
	case kindDocument:
	case kindStruct:
		if t, ok := v.(map[string]any); ok {
			c.structure(at, t, depth)
		}
	case kindList:
		if list, ok := v.([]any); ok {
			c.list(at, list, depth)
		}
	case kindMap:
		if values, ok := v.(map[string]any); ok {
			c.mapping(at, values, depth)
		}
	default:
		for _, at.rule = range judge(at.shape, v) {
			c.add(at)
		}
	}
}

func (c *checker) structure(at breach, t Tree, depth int) {
	s := at.shape
	if s.union && len(t) != 1 {
		at.rule = ruleUnion
		c.add(at)
	}
	for _, m := range s.members {
		if depth == 0 {
			c.inBody = m.ref.Location == ""
		}
		inner, n := breach{rule: ruleRequired, shape: m.shape, parent: at.name, name: m.xml}, len(c.breaches)
		if v := t[m.name]; v != nil {
			c.value(inner, v, depth+1)
		} else if m.required {
			c.add(inner)
		}
		if len(c.breaches) > n {
			c.under(n, c.step(m))
		}
	}
}

// step names a member in a path: in ec2 as the parameter, else with a small
// first letter. Route 53 names a label by its shape: 'resourceId' for any {Id}.
func (c *checker) step(m *member) string {
	if c.ec2 {
		return m.wire
	}
	name := m.name
	if c.schema && m.ref.Location == "uri" {
		name = m.shape.name
	}
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[n:]
}

func (c *checker) list(at breach, list []any, depth int) {
	s := at.shape
	for _, at.rule = range lengthRules(s, len(list)) {
		c.add(at)
	}
	scalar := s.elem.shape.kind < kindList
	for i, item := range list {
		if item == nil {
			continue
		}
		if scalar {
			if len(judge(s.elem.shape, item)) > 0 {
				at.rule = ruleItems
				c.add(at)
				return
			}
			continue
		}
		n := len(c.breaches)
		c.value(breach{shape: s.elem.shape, parent: at.name, name: s.elem.xml}, item, depth+1)
		if !c.ec2 {
			c.under(n, "member")
		}
		c.under(n, strconv.Itoa(i+1))
	}
}

func (c *checker) mapping(at breach, values map[string]any, depth int) {
	s := at.shape
	for _, at.rule = range lengthRules(s, len(values)) {
		c.add(at)
	}
	scalar := s.elem.shape.kind < kindList
	for _, key := range sortedKeys(values) {
		if len(judge(s.key.shape, key)) > 0 {
			at.rule = ruleKeys
			c.add(at)
			return
		}
		item := values[key]
		if item == nil {
			continue
		}
		if scalar {
			if len(judge(s.elem.shape, item)) > 0 {
				at.rule = ruleValues
				c.add(at)
				return
			}
			continue
		}
		n := len(c.breaches)
		c.value(breach{shape: s.elem.shape, parent: at.name, name: s.elem.xml}, item, depth+1)
		c.under(n, "member")
		c.under(n, key)
	}
}

// judge returns the rules that a scalar breaks.
func judge(s *shape, v any) []rule {
	switch v := v.(type) {
	case string:
		broken := lengthRules(s, utf8.RuneCountInString(v))
		if s.pattern != nil {
			if re := s.pattern(); re != nil && !re.MatchString(v) {
				broken = append(broken, rulePattern)
			}
		}
		if len(s.enum) > 0 && !slices.Contains(s.enum, v) {
			broken = append(broken, ruleEnum)
		}
		return broken
	case []byte:
		return lengthRules(s, len(v))
	case int64:
		return rangeRules(s, float64(v))
	case float64:
		return rangeRules(s, v)
	}
	return nil
}

func lengthRules(s *shape, n int) []rule {
	return boundRules(s, float64(n), ruleMinLength, ruleMaxLength)
}

func rangeRules(s *shape, v float64) []rule { return boundRules(s, v, ruleMin, ruleMax) }

func boundRules(s *shape, v float64, low, high rule) []rule {
	switch {
	case s.min.set && v < s.min.value:
		return []rule{low}
	case s.max.set && v > s.max.value:
		return []rule{high}
	}
	return nil
}
