package eventbridge

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/orgdns/orgdns/internal/estate"
)

// shape checks what a target is to get instead of the event, of which there is at
// most one (API_Target). A bus gets the event itself.
func shape(service string, t *estate.EventTarget, transformer *types.InputTransformer) error {
	n := 0
	for _, there := range []bool{t.Input != "", t.InputPath != "", transformer != nil} {
		if there {
			n++
		}
	}
	switch {
	case n > 1:
		return invalid("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.ID)
	case n > 0 && service == "events":
		return invalid("Input, InputPath and InputTransformer are not for event buses (target %s).", t.ID)
	}
	if t.Input != "" {
		if _, err := read(t.Input); err != nil {
			return invalid("Parameter Input of target %s is not valid JSON.", t.ID)
		}
	}
	paths := map[string]string{}
	if t.InputPath != "" {
		paths["InputPath"] = t.InputPath
	}
	if transformer != nil {
		t.Template, t.Paths = aws.ToString(transformer.InputTemplate), transformer.InputPathsMap
		for name, p := range t.Paths {
			if strings.HasPrefix(name, "AWS") { // API_InputTransformer
				return invalid("The name %s of InputPathsMap begins with AWS.", name)
			}
			paths[name] = p
		}
	}
	for name, p := range paths {
		if _, ok := steps(p); !ok {
			return invalid("Parameter %s of target %s is not a valid JSON path.", name, t.ID)
		}
	}
	return nil
}

var pathStep = regexp.MustCompile(`^(?:\.([A-Za-z0-9_-]+)|\['([^']+)'\]|\[(\d+)\])`)

// steps are those of a JSON path, field names and numbers; of the language
// EventBridge takes the dot, the bracket and the index
// (eb-transform-target-input.html).
func steps(path string) (out []any, ok bool) {
	rest, ok := strings.CutPrefix(path, "$")
	for ok && rest != "" {
		m := pathStep.FindStringSubmatch(rest)
		if m == nil {
			return nil, false
		}
		if m[3] != "" {
			n, err := strconv.Atoi(m[3])
			if err != nil {
				return nil, false
			}
			out = append(out, n)
		} else {
			out = append(out, m[1]+m[2])
		}
		rest = rest[len(m[0]):]
	}
	return out, ok
}

// at is what a JSON path leads to, nil where it leads nowhere.
func at(v any, path string) any {
	way, _ := steps(path)
	for _, s := range way {
		switch s := s.(type) {
		case string:
			o, _ := v.(map[string]any)
			v = o[s]
		case int:
			list, _ := v.([]any)
			if s >= len(list) {
				return nil
			}
			v = list[s]
		}
	}
	return v
}

// payload is what a target gets of an event.
func payload(r estate.EventRule, t estate.EventTarget, event string, now time.Time) (string, error) {
	if t.Input != "" {
		return t.Input, nil
	}
	if t.InputPath == "" && t.Template == "" {
		return event, nil
	}
	v, err := read(event)
	if err != nil {
		return "", err
	}
	if t.InputPath != "" {
		out, err := json.Marshal(at(v, t.InputPath))
		return string(out), err
	}
	values := map[string]any{ // eb-transform-input-predefined.html
		"aws.events.rule-arn": r.ARN, "aws.events.rule-name": r.Name, "aws.events.event.ingestion-time": now.UTC().Format(time.RFC3339),
		"aws.events.event": v, "aws.events.event.json": v,
	}
	for name, p := range t.Paths {
		values[name] = at(v, p)
	}
	return fill(t.Template, values)
}

// fill puts values into a template: as JSON, but as bare text within quotes.
func fill(template string, values map[string]any) (string, error) {
	var out strings.Builder
	quoted := false
	for i := 0; i < len(template); i++ {
		switch template[i] {
		case '\\':
			out.WriteString(template[i:min(i+2, len(template))])
			i++
			continue
		case '"':
			quoted = !quoted
		case '<':
			name, _, ok := strings.Cut(template[i+1:], ">")
			v, known := values[name]
			if !ok || !known {
				break
			}
			raw, err := json.Marshal(v)
			if err != nil {
				return "", err
			}
			if _, text := v.(string); quoted && text {
				raw = raw[1 : len(raw)-1]
			}
			if !quoted || v != nil { // within quotes nothing is the empty text
				out.Write(raw)
			}
			i += len(name) + 1
			continue
		}
		out.WriteByte(template[i])
	}
	return out.String(), nil
}
