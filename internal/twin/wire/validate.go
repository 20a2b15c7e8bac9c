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
	c := checker{ec2: op.Service.Protocol == EC2}
	c.structure("", op.inRef.LocationName, op.in, in, 0)
	if len(c.breaches) == 0 {
		return nil
	}
	e := &Error{Service: op.Service, Code: "ValidationException", Status: 400}
	if op.Service.Protocol == Query {
		e.Code = "ValidationError"
	}
	switch op.Service.Name {
	case "s3":
		e.Code = "InvalidArgument"
	case "cloudfront":
		e.Code = "MalformedXML"
	case "apigatewayv2":
		e.Code = "BadRequestException"
	case "route53":
		e.Code = "InvalidInput"
		if i := slices.IndexFunc(c.breaches, func(b breach) bool { return b.inBody }); i >= 0 {
			e.Message = "Invalid XML ; " + c.breaches[i].schema(op.Service.xmlNamespace)
			return e
		}
	}
	if c.ec2 {
		e.Code, e.Message = c.breaches[0].ec2()
		return e
	}
	plural := ""
	if len(c.breaches) > 1 {
		plural = "s"
	}
	texts := make([]string, len(c.breaches))
	for i, b := range c.breaches {
		texts[i] = fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", b.value, b.path, b.constraint())
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
	shape  *Shape
	value  string // as AWS prints it: in quotes, or null
	length int    // of a text or list
	inBody bool
	parent string // the element that it is in
	name   string // its own element
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
func allConstraints(s *Shape) string {
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
	return "InvalidParameterValue", fmt.Sprintf("Value (%s) for parameter %s is invalid. %s", strings.Trim(b.value, "'"), b.path, b.constraint())
}

// schema is what a validating XML parser says, by the error keys of the XML
// Schema recommendation, appendix C (cvc-…).
func (b breach) schema(namespace string) string {
	facet := func(key, facet, bound string) string {
		return fmt.Sprintf("cvc-%s-valid: Value %s is not facet-valid with respect to %s '%s' for type '%s'.", key, b.value, facet, bound, b.shape.Name)
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
		b.value = fmt.Sprintf("%s with length = '%d'", b.value, b.length)
		return facet(key, key, bound)
	case ruleMin:
		return facet("minInclusive", "minInclusive", s.min.text)
	case ruleMax:
		return facet("maxInclusive", "maxInclusive", s.max.text)
	case rulePattern:
		return facet("pattern", "pattern", s.source)
	case ruleEnum:
		return fmt.Sprintf("cvc-enumeration-valid: Value %s is not facet-valid with respect to enumeration '[%s]'. It must be a value from the enumeration.", b.value, strings.Join(s.enum, ", "))
	}
	return "cvc-type: Value " + b.value + " is not valid. " + b.constraint()
}

// A checker walks a tree and gathers breaches, in the model's order.
type checker struct {
	ec2      bool
	inBody   bool
	breaches []breach
}

func (c *checker) add(b breach) {
	b.inBody = c.inBody
	c.breaches = append(c.breaches, b)
}

// structure checks the members of one; element is its name in XML.
func (c *checker) structure(path, element string, s *Shape, t Tree, depth int) {
	if depth > maxDepth {
		return // the decoder makes no such trees
	}
	if s.union && len(t) != 1 {
		c.add(breach{rule: ruleUnion, path: path, shape: s, value: "'" + strings.Join(sortedKeys(t), ", ") + "'", parent: element, name: element})
	}
	for _, m := range s.members {
		if depth == 0 {
			c.inBody = m.ref.Location == ""
		}
		at := breach{path: c.join(path, m), shape: m.shape, parent: element, name: m.xml}
		switch v := t[m.name]; {
		case v != nil:
			c.value(at, v, depth+1)
		case m.required:
			at.rule, at.value = ruleRequired, "null"
			c.add(at)
		}
	}
}

// join extends a path: in ec2 by the parameter's name; else by the member's
// with a small first letter. A label goes by its shape: Route 53 says
// 'resourceId' of every {Id}.
func (c *checker) join(path string, m *member) string {
	name := m.wire
	if !c.ec2 {
		name = m.name
		if m.ref.Location == "uri" {
			name = m.shape.Name
		}
		r, n := utf8.DecodeRuneInString(name)
		name = string(unicode.ToLower(r)) + name[n:]
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// value checks a value; at says where it is.
func (c *checker) value(at breach, v any, depth int) {
	s := at.shape
	if depth > maxDepth || s.kind == kindDocument {
		return
	}
	switch v := v.(type) {
	case []any:
		c.list(at, v, depth)
	case map[string]any:
		if s.kind == kindStruct {
			c.structure(at.path, at.name, s, v, depth)
		} else if s.kind == kindMap {
			c.mapping(at, v, depth)
		}
	default:
		var broken []rule
		at.value, at.length, broken = judge(s, v)
		for _, at.rule = range broken {
			c.add(at)
		}
	}
}

func (c *checker) list(at breach, list []any, depth int) {
	s := at.shape
	at.length, at.value = len(list), "'["+joinValues(list)+"]'"
	for _, at.rule = range lengthRules(s, len(list)) {
		c.add(at)
	}
	scalar := s.elem.shape.kind < kindList
	for i, item := range list {
		if item == nil {
			continue
		}
		if _, _, broken := judge(s.elem.shape, item); scalar && len(broken) > 0 {
			at.rule = ruleItems
			c.add(at)
			return
		}
		if !scalar {
			path := fmt.Sprintf("%s.%d.member", at.path, i+1)
			if c.ec2 {
				path = fmt.Sprintf("%s.%d", at.path, i+1)
			}
			c.value(breach{path: path, shape: s.elem.shape, parent: at.name, name: s.elem.xml}, item, depth+1)
		}
	}
}

func (c *checker) mapping(at breach, values map[string]any, depth int) {
	s := at.shape
	at.length, at.value = len(values), "'{"+strings.Join(sortedKeys(values), ", ")+"}'"
	for _, at.rule = range lengthRules(s, len(values)) {
		c.add(at)
	}
	scalar := s.elem.shape.kind < kindList
	for _, key := range sortedKeys(values) {
		if _, _, broken := judge(s.key.shape, key); len(broken) > 0 {
			at.rule = ruleKeys
			c.add(at)
			return
		}
		item := values[key]
		if item == nil {
			continue
		}
		if _, _, broken := judge(s.elem.shape, item); scalar && len(broken) > 0 {
			at.rule = ruleValues
			c.add(at)
			return
		}
		if !scalar {
			c.value(breach{path: at.path + "." + key + ".member", shape: s.elem.shape, parent: at.name, name: s.elem.xml}, item, depth+1)
		}
	}
}

func joinValues(list []any) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}

// judge returns how a scalar is printed, its length, and the rules that it breaks.
func judge(s *Shape, v any) (shown string, length int, broken []rule) {
	switch v := v.(type) {
	case string:
		shown, length = "'"+v+"'", utf8.RuneCountInString(v)
		broken = lengthRules(s, length)
		if s.pattern != nil {
			if re := s.pattern(); re != nil && !re.MatchString(v) {
				broken = append(broken, rulePattern)
			}
		}
		if len(s.enum) > 0 && !slices.Contains(s.enum, v) {
			broken = append(broken, ruleEnum)
		}
	case []byte:
		shown, length = "'"+string(v)+"'", len(v)
		broken = lengthRules(s, length)
	case int64:
		shown, broken = "'"+strconv.FormatInt(v, 10)+"'", rangeRules(s, float64(v))
	case float64:
		shown, broken = "'"+formatFloat(v)+"'", rangeRules(s, v)
	}
	return shown, length, broken
}

func lengthRules(s *Shape, n int) []rule {
	return boundRules(s, float64(n), ruleMinLength, ruleMaxLength)
}

func rangeRules(s *Shape, v float64) []rule { return boundRules(s, v, ruleMin, ruleMax) }

func boundRules(s *Shape, v float64, low, high rule) []rule {
	switch {
	case s.min.set && v < s.min.value:
		return []rule{low}
	case s.max.set && v > s.max.value:
		return []rule{high}
	}
	return nil
}
