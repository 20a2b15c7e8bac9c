// Package model reads and writes the shape tables of AWS services in the form
// of botocore's service-2.json, without the prose.
//
// Reading a full model and writing it again is what trims it: keys that are not
// named here are dropped. The order of structure members is kept, since it is
// the order in which XML answers list them. Nothing here interprets a table;
// package wire does.
package model

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A Model is one service.
type Model struct {
	Metadata   Metadata              `json:"metadata"`
	Operations map[string]*Operation `json:"operations"`
	// Others are the operations of the service that the table leaves out, by
	// name, each as "METHOD URI" (the same string for all but REST services).
	Others map[string]string `json:"others,omitempty"`
	Shapes map[string]*Shape `json:"shapes"`
}

// Metadata says how a service is spoken to.
type Metadata struct {
	APIVersion         string    `json:"apiVersion"`
	EndpointPrefix     string    `json:"endpointPrefix,omitempty"`
	JSONVersion        string    `json:"jsonVersion,omitempty"`
	Protocol           string    `json:"protocol"`
	ServiceID          string    `json:"serviceId,omitempty"`
	SigningName        string    `json:"signingName,omitempty"`
	TargetPrefix       string    `json:"targetPrefix,omitempty"`
	XMLNamespace       string    `json:"xmlNamespace,omitempty"`
	AWSQueryCompatible *struct{} `json:"awsQueryCompatible,omitempty"`
}

// An Operation is one call of a service.
type Operation struct {
	Name     string `json:"name"`
	HTTP     HTTP   `json:"http"`
	AuthType string `json:"authtype,omitempty"`
	Input    *Ref   `json:"input,omitempty"`
	Output   *Ref   `json:"output,omitempty"`
	Errors   []Ref  `json:"errors,omitempty"`
}

// HTTP is the binding of an operation.
type HTTP struct {
	Method       string `json:"method"`
	RequestURI   string `json:"requestUri"`
	ResponseCode int    `json:"responseCode,omitempty"`
}

// A Ref names a shape, with what holds for this use of it only.
type Ref struct {
	Shape            string     `json:"shape"`
	LocationName     string     `json:"locationName,omitempty"`
	Location         string     `json:"location,omitempty"`
	QueryName        string     `json:"queryName,omitempty"`
	ResultWrapper    string     `json:"resultWrapper,omitempty"`
	TimestampFormat  string     `json:"timestampFormat,omitempty"`
	XMLNamespace     *Namespace `json:"xmlNamespace,omitempty"`
	Flattened        bool       `json:"flattened,omitempty"`
	IdempotencyToken bool       `json:"idempotencyToken,omitempty"`
	JSONValue        bool       `json:"jsonvalue,omitempty"`
	Streaming        bool       `json:"streaming,omitempty"`
	Unwrapped        bool       `json:"unwrapped,omitempty"` // the output's only member is the XML root
	XMLAttribute     bool       `json:"xmlAttribute,omitempty"`
}

// A Shape is a type of the service.
type Shape struct {
	Type            string      `json:"type"`
	Required        []string    `json:"required,omitempty"`
	Members         Members     `json:"members,omitempty"`
	Member          *Ref        `json:"member,omitempty"`
	Key             *Ref        `json:"key,omitempty"`
	Value           *Ref        `json:"value,omitempty"`
	Enum            []string    `json:"enum,omitempty"`
	Min             json.Number `json:"min,omitempty"`
	Max             json.Number `json:"max,omitempty"`
	Pattern         string      `json:"pattern,omitempty"`
	LocationName    string      `json:"locationName,omitempty"`
	Payload         string      `json:"payload,omitempty"`
	TimestampFormat string      `json:"timestampFormat,omitempty"`
	XMLNamespace    *Namespace  `json:"xmlNamespace,omitempty"`
	Document        bool        `json:"document,omitempty"`
	EventStream     bool        `json:"eventstream,omitempty"`
	Exception       bool        `json:"exception,omitempty"`
	Fault           bool        `json:"fault,omitempty"`
	Flattened       bool        `json:"flattened,omitempty"`
	Streaming       bool        `json:"streaming,omitempty"`
	Union           bool        `json:"union,omitempty"`
	Error           *Error      `json:"error,omitempty"`
}

// Refs calls f for every reference that the shape holds.
func (s *Shape) Refs(f func(*Ref)) {
	for i := range s.Members {
		f(&s.Members[i].Ref)
	}
	for _, r := range []*Ref{s.Member, s.Key, s.Value} {
		if r != nil {
			f(r)
		}
	}
}

// Error is how an exception shows on the wire.
type Error struct {
	Code           string `json:"code,omitempty"`
	HTTPStatusCode int    `json:"httpStatusCode,omitempty"`
	SenderFault    bool   `json:"senderFault,omitempty"`
}

// A Namespace is an XML namespace, written as a string when it has no prefix.
type Namespace struct {
	Prefix string
	URI    string
}

// UnmarshalJSON accepts both forms.
func (n *Namespace) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &n.URI)
	}
	var full struct{ Prefix, URI string }
	if err := json.Unmarshal(b, &full); err != nil {
		return err
	}
	*n = Namespace(full)
	return nil
}

// MarshalJSON writes the shorter form.
func (n Namespace) MarshalJSON() ([]byte, error) {
	if n.Prefix == "" {
		return json.Marshal(n.URI)
	}
	return json.Marshal(map[string]string{"prefix": n.Prefix, "uri": n.URI})
}

// A Member is a named reference.
type Member struct {
	Name string
	Ref
}

// Members keeps the order of a JSON object.
type Members []Member

// UnmarshalJSON reads an object of references.
func (m *Members) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("members are not an object: %v %w", t, err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		member := Member{Name: fmt.Sprint(name)}
		if err := dec.Decode(&member.Ref); err != nil {
			return fmt.Errorf("member %s: %w", member.Name, err)
		}
		*m = append(*m, member)
	}
	return nil
}

// MarshalJSON writes an object of references.
func (m Members) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, member := range m {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(member.Name)
		if err != nil {
			return nil, err
		}
		ref, err := json.Marshal(member.Ref)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), ref...)
	}
	return append(b, '}'), nil
}
