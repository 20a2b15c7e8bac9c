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
// an [*Error] with the code and words of the service's protocol.
//
// The words are those of AWS's common front end, as seen in its answers:
// "1 validation error detected: Value 'x' at 'maxItems' failed to satisfy
// constraint: …". EC2 has words of its own, see
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func (op *Operation) Validate(in Tree) error {
	c := checker{ec2: op.Service.Protocol == EC2}
	c.structure("", op.in, in, 0)
	if len(c.violations) == 0 {
		return nil
	}
	e := &Error{Service: op.Service, Code: "ValidationException", Status: 400}
	switch {
	case c.ec2:
		v := c.violations[0]
		e.Code, e.Message = v.ec2Code, v.text
		return e
	case op.Service.Name == "s3":
		e.Code = "InvalidArgument"
	case op.Service.Name == "route53":
		e.Code = "InvalidInput"
	case op.Service.Name == "cloudfront":
		e.Code = "InvalidArgument"
	case op.Service.Name == "apigatewayv2":
		e.Code = "BadRequestException"
	case op.Service.Protocol == Query:
		e.Code = "ValidationError"
	}
	plural := ""
	if len(c.violations) > 1 {
		plural = "s"
	}
	texts := make([]string, len(c.violations))
	for i, v := range c.violations {
		texts[i] = v.text
	}
	e.Message = fmt.Sprintf("%d validation error%s detected: %s", len(texts), plural, strings.Join(texts, "; "))
	return e
}

type violation struct{ text, ec2Code string }

type checker struct {
	ec2        bool
	violations []violation
}

// fail notes a violation; shown is the value as AWS prints it, "null" for none.
func (c *checker) fail(path, shown, constraint string) {
	v := violation{text: fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", shown, path, constraint)}
	if c.ec2 {
		v.ec2Code = "InvalidParameterValue"
		v.text = fmt.Sprintf("Value (%s) for parameter %s is invalid. %s", strings.Trim(shown, "'"), path, constraint)
		if shown == "null" {
			v.ec2Code = "MissingParameter"
			v.text = "The request must contain the parameter " + path
		}
	}
	c.violations = append(c.violations, v)
}

func (c *checker) structure(path string, s *Shape, t Tree, depth int) {
	if depth > maxDepth {
		return // the decoder does not make such trees
	}
	if s.union && len(t) != 1 {
		c.fail(path, fmt.Sprintf("'%v'", strings.Join(sortedKeys(t), ", ")), "Member must have exactly one member set")
	}
	for _, m := range s.members {
		v, at := t[m.name], c.join(path, m)
		switch {
		case v != nil:
			c.value(at, m.shape, v, depth+1)
		case m.required && !(c.ec2 && m.shape.kind == kindBool):
			c.fail(at, "null", "Member must not be null")
		}
	}
}

// join extends a path: by the member's name with a small first letter, as AWS
// writes it; in ec2 by the parameter's name.
func (c *checker) join(path string, m *member) string {
	name := m.wire
	if !c.ec2 {
		r, n := utf8.DecodeRuneInString(m.name)
		name = string(unicode.ToLower(r)) + m.name[n:]
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func (c *checker) value(path string, s *Shape, v any, depth int) {
	if depth > maxDepth {
		return
	}
	switch v := v.(type) {
	case string:
		c.text(path, s, v)
	case int64:
		c.rng(path, s, float64(v), strconv.FormatInt(v, 10))
	case float64:
		c.rng(path, s, v, formatFloat(v))
	case []byte:
		c.length(path, s, len(v), "java.nio.HeapByteBuffer")
	case []any:
		c.length(path, s, len(v), "'"+fmt.Sprint(v)+"'")
		for i, item := range v {
			at := fmt.Sprintf("%s.%d.member", path, i+1)
			if c.ec2 {
				at = fmt.Sprintf("%s.%d", path, i+1)
			}
			if item != nil {
				c.value(at, s.elem.shape, item, depth+1)
			}
		}
	case map[string]any:
		switch s.kind {
		case kindStruct:
			c.structure(path, s, v, depth)
		case kindMap:
			c.length(path, s, len(v), "'"+strings.Join(sortedKeys(v), ", ")+"'")
			for _, key := range sortedKeys(v) {
				c.value(path+".key", s.key.shape, key, depth+1)
				if v[key] != nil {
					c.value(path+"."+key+".member", s.elem.shape, v[key], depth+1)
				}
			}
		}
	}
}

func (c *checker) text(path string, s *Shape, v string) {
	shown := "'" + v + "'"
	c.length(path, s, utf8.RuneCountInString(v), shown)
	if s.pattern != nil {
		if re := s.pattern(); re != nil && !re.MatchString(v) {
			c.fail(path, shown, "Member must satisfy regular expression pattern: "+s.source)
		}
	}
	if len(s.enum) > 0 && !slices.Contains(s.enum, v) {
		c.fail(path, shown, "Member must satisfy enum value set: ["+strings.Join(s.enum, ", ")+"]")
	}
}

func (c *checker) length(path string, s *Shape, n int, shown string) {
	if s.min.set && float64(n) < s.min.value {
		c.fail(path, shown, "Member must have length greater than or equal to "+s.min.text)
	}
	if s.max.set && float64(n) > s.max.value {
		c.fail(path, shown, "Member must have length less than or equal to "+s.max.text)
	}
}

func (c *checker) rng(path string, s *Shape, v float64, shown string) {
	shown = "'" + shown + "'"
	if s.min.set && v < s.min.value {
		c.fail(path, shown, "Member must have value greater than or equal to "+s.min.text)
	}
	if s.max.set && v > s.max.value {
		c.fail(path, shown, "Member must have value less than or equal to "+s.max.text)
	}
}
