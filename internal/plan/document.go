package plan

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// Document is an IAM policy document (IAM User Guide,
// reference_policies_elements.html).
type Document struct {
	Version   string
	Statement []PolicyStatement
}

// PolicyStatement is one statement of a document.
type PolicyStatement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal map[string]List[string] `json:",omitempty"`
	Action    List[string]
	Resource  List[string] `json:",omitempty"`
	Condition Conditions   `json:",omitempty"`
}

// Conditions are the values of keys by operator.
type Conditions map[string]map[string]List[string]

// List is one value or several; documents allow both forms.
type List[T any] []T

// UnmarshalJSON takes both forms.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var many []T
		err := json.Unmarshal(b, &many)
		*l = many
		return err
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = List[T]{one}
	return err
}

// MarshalJSON writes one value without brackets.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return compact(l[0])
	}
	return compact([]T(l))
}

// compact is JSON without white space, with <, > and & as they are.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// NewDocument is a document of these statements, as text.
func NewDocument(statements ...PolicyStatement) string {
	b, err := compact(Document{"2012-10-17", statements})
	if err != nil { // strings, and maps of them: cannot be
		return ""
	}
	return string(b)
}

// SameDocument reports whether two documents say the same, whatever their
// white space and order of keys.
func SameDocument(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	return reflect.DeepEqual(x, y)
}

// The condition keys of record changes (Developer Guide,
// specifying-rrset-conditions.html), and of VPCs.
const (
	KeyNames = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
	KeyTypes = "route53:ChangeResourceRecordSetsRecordTypes"
	KeyVerbs = "route53:ChangeResourceRecordSetsActions"
	KeyVPCs  = "route53:VPCs"
)

// ForAll limits a key to these values: an empty list does not limit.
// ForAllValues holds for a request without the key, hence the guard
// (reference_policies_condition-single-vs-multi-valued-context-keys.html).
func (c Conditions) ForAll(operator, key string, values []string) {
	if len(values) == 0 {
		return
	}
	c.set("ForAllValues:"+operator, key, values)
	c.set("Null", key, []string{"false"})
}

// ForAny asks that one of the key's values is among these.
func (c Conditions) ForAny(operator, key string, values []string) {
	c.set("ForAnyValue:"+operator, key, values)
}

func (c Conditions) set(operator, key string, values []string) {
	if c[operator] == nil {
		c[operator] = map[string]List[string]{}
	}
	values = slices.Sorted(slices.Values(values))
	c[operator][key] = slices.Compact(values)
}

// VPCValue is a VPC as a value of the key route53:VPCs (Service Authorization
// Reference, Amazon Route 53).
func VPCValue(id, region string) string { return "VPCId=" + id + ",VPCRegion=" + region }

// NamePattern is a granted name as a condition has it: "*.x" is every name
// below x, and any other name is itself; in one that is a wildcard record,
// written with \052 for its star, that is how AWS normalizes it.
func NamePattern(n dnsname.Name, below bool) string {
	if below {
		return LikeUnder(n)
	}
	return n.Normalized()
}
