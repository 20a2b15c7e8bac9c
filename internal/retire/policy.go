package retire

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// source is a policy with what it says about where requests come from.
type source struct {
	account    estate.AccountID
	where      string
	conditions []condition
	named      map[string]bool // endpoints and VPCs in its text
	broken     error           // it could not be understood
}

// condition is one operator on one of the keys of the network, or one that takes a
// value from such a key; or Resource or NotResource, which does.
type condition struct {
	operator string // as written
	key      string // as written; empty of a resource
	values   []string
}

func (c condition) String() string {
	return strings.Join(slices.DeleteFunc([]string{c.operator, c.key, strings.Join(c.values, ", ")}, func(s string) bool { return s == "" }), " ")
}

// sources are the policies of an estate that can have a say about requests
// through an endpoint, besides the endpoint's own. Policies of AWS's name no
// endpoint of anybody.
func sources(e estate.Estate) []source {
	var out []source
	add := func(account estate.AccountID, where, text string) {
		if text != "" {
			out = append(out, read(account, where, text))
		}
	}
	for p := range e.Policies.All() {
		if !p.AWSManaged {
			add(e.Organization.Management, p.Type+" "+p.ID, p.Document)
		}
	}
	for p := range e.ResourcePolicies.All() {
		add(p.Account, p.ARN, p.Document)
	}
	for p := range e.ManagedPolicies.All() {
		add(p.Account, p.ARN, p.Document())
	}
	for r := range e.Roles.All() {
		add(r.Account, r.ARN+" trust", r.Trust)
		for _, name := range slices.Sorted(keys(r.Inline)) {
			add(r.Account, r.ARN+" policy "+name, r.Inline[name])
		}
	}
	for u := range e.Users.All() {
		for _, name := range slices.Sorted(keys(u.Inline)) {
			add(u.Account, u.ARN+" policy "+name, u.Inline[name])
		}
	}
	for g := range e.Groups.All() {
		for _, name := range slices.Sorted(keys(g.Inline)) {
			add(g.Account, g.ARN+" policy "+name, g.Inline[name])
		}
	}
	return out
}

var identifier = regexp.MustCompile(`\bvpce?-[\w-]+`)

func read(account estate.AccountID, where, text string) source {
	s := source{account: account, where: where}
	for _, id := range identifier.FindAllString(text, -1) {
		if s.named == nil {
			s.named = map[string]bool{}
		}
		s.named[id] = true
	}
	statements, err := parse(text)
	if err != nil {
		s.broken = err
		return s
	}
	for _, st := range statements {
		list, err := conditionsOf(st)
		if err != nil {
			s.broken = err
			return s
		}
		s.conditions = append(append(s.conditions, list...), resourcesOf(st)...)
	}
	return s
}

// parse takes a policy apart; Statement is one or a list (IAM User Guide,
// reference_policies_grammar.html).
func parse(text string) ([]map[string]any, error) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	var out []map[string]any
	for _, s := range oneOrMore(doc["Statement"]) {
		st, ok := s.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("a statement is no object")
		}
		out = append(out, st)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("it has no statement")
	}
	return out, nil
}

func oneOrMore(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// ofNetwork reports whether a key is one of the network; keys compare without case
// (reference_policies_elements_condition.html).
func ofNetwork(key string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "aws:sourcevpc") || strings.HasPrefix(key, "aws:vpce")
}

// takes reports whether a text takes a value from a key of the network: it has a
// policy variable of it (reference_policies_variables.html).
func takes(text string) bool {
	_, after, found := strings.Cut(text, "${")
	return found && (ofNetwork(strings.TrimLeft(after, " ")) || takes(after))
}

// resourcesOf are the resources of a statement that hang on the network.
func resourcesOf(statement map[string]any) []condition {
	var out []condition
	for _, element := range []string{"Resource", "NotResource"} {
		c := condition{operator: element}
		for _, v := range oneOrMore(statement[element]) {
			if text, ok := v.(string); ok && takes(text) {
				c.values = append(c.values, text)
			}
		}
		if c.values != nil {
			out = append(out, c)
		}
	}
	return out
}

// conditionsOf are a statement's conditions on the keys of the network, and those
// that take values from them.
func conditionsOf(statement map[string]any) ([]condition, error) {
	block, ok := statement["Condition"].(map[string]any)
	if !ok && statement["Condition"] != nil {
		return nil, fmt.Errorf("a condition block is no object")
	}
	var out []condition
	for _, operator := range slices.Sorted(keys(block)) {
		of, ok := block[operator].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("the condition %s is no object", operator)
		}
		for _, key := range slices.Sorted(keys(of)) {
			values := oneOrMore(of[key])
			if !ofNetwork(key) && !slices.ContainsFunc(values, func(v any) bool { text, ok := v.(string); return ok && takes(text) }) {
				continue
			}
			c := condition{operator: operator, key: key}
			for _, v := range values {
				switch v.(type) {
				case string, bool:
					c.values = append(c.values, fmt.Sprint(v))
				case float64:
					b, _ := json.Marshal(v) // a number that was read
					c.values = append(c.values, string(b))
				default:
					return nil, fmt.Errorf("the condition %s %s holds no text", operator, key)
				}
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// library is policies, found by what they say: an organization has thousands,
// and few speak of the network.
type library struct {
	sources    []source
	conditions []condition      // each once
	says       [][]int          // the sources of each
	names      map[string][]int // the sources that name an endpoint or VPC
	broken     []int
}

func index(sources []source) library {
	l := library{sources: sources, names: map[string][]int{}}
	at := map[string]int{}
	for n, s := range sources {
		if s.broken != nil {
			l.broken = append(l.broken, n)
			continue
		}
		for _, c := range s.conditions {
			key := strings.Join(append([]string{c.operator, c.key}, c.values...), "\x00")
			i, known := at[key]
			if !known {
				i = len(l.conditions)
				at[key] = i
				l.conditions, l.says = append(l.conditions, c), append(l.says, nil)
			}
			if has := l.says[i]; len(has) == 0 || has[len(has)-1] != n {
				l.says[i] = append(has, n)
			}
		}
		for id := range s.named {
			l.names[id] = append(l.names[id], n)
		}
	}
	return l
}

// conditions holds every policy against the endpoint of before and the shared
// one. A condition that is decided the same for both hurts nobody.
func (f *finder) conditions(own, shared estate.Endpoint) []Finding {
	before, after := f.network(own), f.network(shared)
	by := map[int][]Finding{} // source
	for _, n := range f.policies.broken {
		s := f.policies.sources[n]
		by[n] = []Finding{{Unparsed, s.account, s.where, fmt.Sprintf("the policy is not understood, so it may name the endpoint: %s", s.broken), "correct the policy"}}
	}
	for i, c := range f.policies.conditions {
		b, sure := c.holds(before)
		a, sureToo := c.holds(after)
		sure = sure && sureToo
		if sure && a == b {
			continue
		}
		for _, n := range f.policies.says[i] {
			s := f.policies.sources[n]
			found := Finding{Condition, s.account, s.where, fmt.Sprintf("it says %s, which cannot be judged without a request", c),
				"look at it, and say the endpoint or the VPC by ID"}
			if sure {
				found.Text = fmt.Sprintf("it says %s: this %s for requests through %s, and %s through %s", c, holds(b), own.ID, holds(a), shared.ID)
				found.Hint = fmt.Sprintf("add what requests through the shared endpoint have: %s", after[strings.ToLower(c.key)])
			}
			by[n] = append(by[n], found)
		}
	}
	for _, id := range []string{own.ID, own.VPC} {
		for _, n := range f.policies.names[id] {
			if s := f.policies.sources[n]; by[n] == nil {
				by[n] = []Finding{{Mentioned, s.account, s.where, "it names the endpoint or its VPC, and is decided as before", ""}}
			}
		}
	}
	var out []Finding
	for _, n := range slices.Sorted(maps.Keys(by)) {
		out = append(out, by[n]...)
	}
	return out
}

func holds(b bool) string {
	if b {
		return "holds"
	}
	return "does not hold"
}

// network is what requests through an endpoint have under the keys of the
// network, in lower case; a key without a value is not in the request (IAM User
// Guide, reference_policies_condition-keys.html).
func (f *finder) network(p estate.Endpoint) map[string]string {
	owner := p.Account
	if v, ok := f.e.VPCs.Get(p.VPC); ok {
		owner = v.Account
	}
	out := map[string]string{
		"aws:sourcevpce":   p.ID,
		"aws:sourcevpc":    p.VPC,
		"aws:sourcevpcarn": "arn:" + f.e.Partition() + ":ec2:" + string(p.Region) + ":" + string(owner) + ":vpc/" + p.VPC,
		"aws:vpceaccount":  string(p.Account),
		"aws:vpceorgid":    "",
		"aws:vpceorgpaths": "",
	}
	if path := f.e.Path(string(p.Account)); len(path) > 0 {
		out["aws:vpceorgid"] = f.e.Organization.ID
		out["aws:vpceorgpaths"] = f.e.Organization.ID + "/" + strings.Join(path[:len(path)-1], "/") + "/"
	}
	return out
}

// holds decides a condition for a request; sure is false for a key, an operator
// or a variable that only AWS can judge.
func (c condition) holds(request map[string]string) (result, sure bool) {
	got, known := request[strings.ToLower(c.key)]
	operator := strings.ToLower(c.operator)
	operator, every := strings.CutPrefix(operator, "forallvalues:")
	operator, some := strings.CutPrefix(operator, "foranyvalue:")
	operator, ifExists := strings.CutSuffix(operator, "ifexists")
	if !known || slices.ContainsFunc(c.values, func(v string) bool { return strings.Contains(v, "${") }) {
		return false, false
	}
	if operator == "null" {
		return slices.ContainsFunc(c.values, func(v string) bool { return strings.EqualFold(v, "true") == (got == "") }), true
	}
	positive := strings.Replace(operator, "not", "", 1)
	match, known := map[string]func(pattern, s string) bool{
		"stringequals":           func(p, s string) bool { return p == s },
		"stringequalsignorecase": strings.EqualFold,
		"stringlike":             like,
		"arnequals":              like,
		"arnlike":                like,
	}[positive]
	if !known {
		return false, false
	}
	negative := positive != operator
	if got == "" {
		return ifExists || every || negative && !some, true
	}
	return slices.ContainsFunc(c.values, func(p string) bool { return match(p, got) }) != negative, true
}

// like matches * and ?; it never looks back further than to the last *.
func like(pattern, s string) bool {
	star, back := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, back = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			back++
			p, i = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// comparePolicies holds the endpoints' policies against each other, statement by
// statement, in a form in which writing does not matter. What the own one
// permits by a statement that the shared one lacks, or the shared one denies on
// top, may be missed.
func comparePolicies(own, shared estate.Endpoint) []Finding {
	mine, err := statements(own.Policy)
	if err != nil {
		return []Finding{{Unparsed, own.Account, own.ID, fmt.Sprintf("the endpoint's policy is not understood: %s", err), "correct the policy"}}
	}
	theirs, err := statements(shared.Policy)
	if err != nil {
		return []Finding{{Unparsed, shared.Account, shared.ID, fmt.Sprintf("the policy of the shared endpoint is not understood: %s", err), "correct the policy"}}
	}
	var out []Finding
	lost := func(where estate.Endpoint, format, st string) {
		out = append(out, Finding{Policy, where.Account, where.ID, fmt.Sprintf(format, st), "let the shared endpoint's policy permit it, or accept it"})
	}
	wider := func(where estate.Endpoint, format, st string) {
		out = append(out, Finding{Wider, where.Account, where.ID, fmt.Sprintf(format, st), ""})
	}
	for _, st := range slices.Sorted(keys(mine)) {
		switch denies := mine[st]; {
		case same(theirs, st, denies):
		case denies:
			wider(own, "its policy denies what the shared endpoint's does not: %s", st)
		case !same(theirs, everything, false):
			lost(own, "its policy permits by a statement that the shared endpoint's lacks: %s", st)
		}
	}
	for _, st := range slices.Sorted(keys(theirs)) {
		switch denies := theirs[st]; {
		case same(mine, st, denies):
		case denies:
			lost(shared, "the shared endpoint's policy denies what the own one's does not: %s", st)
		case !same(mine, everything, false):
			wider(shared, "the shared endpoint's policy permits by a statement that the own one's lacks: %s", st)
		}
	}
	return out
}

func same(have map[string]bool, st string, denies bool) bool {
	d, ok := have[st]
	return ok && d == denies
}

// everything is the statement of an endpoint without a policy (AWS PrivateLink
// guide, vpc-endpoints-access.html).
const everything = `{"Action":["*"],"Effect":["allow"],"Principal":["*"],"Resource":["*"]}`

// statements are those of an endpoint's policy in one form, and whether each
// denies.
func statements(policy string) (map[string]bool, error) {
	if strings.TrimSpace(policy) == "" {
		return map[string]bool{everything: false}, nil
	}
	list, err := parse(policy)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, st := range list {
		effect, _ := st["Effect"].(string)
		if effect != "Allow" && effect != "Deny" {
			return nil, fmt.Errorf("a statement has the effect %q", effect)
		}
		form := map[string]any{}
		for k, v := range st {
			switch k {
			case "Sid":
				continue
			case "Effect", "Action", "NotAction":
				v = normal(v, strings.ToLower)
			case "Principal", "NotPrincipal":
				v = normal(v, nil)
				if aws, ok := v.(map[string]any); ok && len(aws) == 1 && fmt.Sprint(aws["AWS"]) == "[*]" {
					v = aws["AWS"]
				}
			default:
				v = normal(v, nil)
			}
			form[k] = v
		}
		b, err := json.Marshal(form)
		if err != nil {
			return nil, err
		}
		out[string(b)] = effect == "Deny"
	}
	return out, nil
}

// normal makes one value a list, sorts lists, and writes all as text.
func normal(v any, to func(string) string) any {
	if m, ok := v.(map[string]any); ok {
		out := map[string]any{}
		for k, v := range m {
			out[k] = normal(v, to)
		}
		return out
	}
	var list []string
	for _, x := range oneOrMore(v) {
		s, ok := x.(string)
		if !ok {
			b, _ := json.Marshal(x) // of what was read from JSON
			s = string(b)
		}
		if to != nil {
			s = to(s)
		}
		list = append(list, s)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func keys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
