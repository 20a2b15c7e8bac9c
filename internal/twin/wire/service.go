package wire

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/orgdns/orgdns/internal/twin/wire/internal/model"
)

//go:embed models/*.json
var models embed.FS

// A Protocol is one of the ways in which AWS services are spoken to.
type Protocol string

// The protocols, by botocore's names. JSON is 1.0 or 1.1, as the service says.
const (
	Query    Protocol = "query"
	EC2      Protocol = "ec2"
	RestXML  Protocol = "rest-xml"
	RestJSON Protocol = "rest-json"
	JSON     Protocol = "json"
)

// A Service is the shape table of an AWS service. It is immutable.
type Service struct {
	Name        string // botocore's name for it, such as "elbv2"
	SigningName string // as in a credential scope, such as "elasticloadbalancing"
	Protocol    Protocol
	APIVersion  string

	jsonVersion     string
	targetPrefix    string
	xmlNamespace    string
	queryCompatible bool
	operations      map[string]*Operation
	others          map[string]string // real operations without a table, "METHOD URI" where REST
	errors          map[string]*shape // by code and by name
}

// An Operation is one call of a service. It is immutable.
type Operation struct {
	Service  *Service
	Name     string
	Unsigned bool // AWS takes this call without a signature

	method, uri string
	status      int
	in, out     *shape // never nil; no members where the model has none
	inRef       model.Ref
	outRef      model.Ref
	inWire      binding
	outWire     binding
}

// Services returns the names of the services that have a table, sorted.
func Services() []string {
	files, err := fs.Glob(models, "models/*.json")
	if err != nil {
		return nil // only a malformed pattern fails
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".json")
	}
	return files
}

var loaded sync.Map // name -> func() (*Service, error)

// Load returns the table of a service. Each table is read once.
func Load(name string) (*Service, error) {
	once, ok := loaded.Load(name)
	if !ok {
		once, _ = loaded.LoadOrStore(name, sync.OnceValues(func() (*Service, error) {
			b, err := models.ReadFile("models/" + name + ".json")
			if err != nil {
				return nil, fmt.Errorf("no table for service %q; there are %s", name, strings.Join(Services(), ", "))
			}
			return parse(name, b)
		}))
	}
	return once.(func() (*Service, error))()
}

// Operation returns the operation of that name. For one that AWS has and the
// table leaves out, the error is a [*NotImplementedError].
func (s *Service) Operation(name string) (*Operation, error) {
	if op := s.operations[name]; op != nil {
		return op, nil
	}
	if _, ok := s.others[name]; ok {
		return nil, &NotImplementedError{Service: s, Operation: name}
	}
	return nil, unknownOperation(s, name)
}

// Operations returns the operations of the table, by name.
func (s *Service) Operations() []*Operation {
	ops := make([]*Operation, 0, len(s.operations))
	for _, op := range s.operations {
		ops = append(ops, op)
	}
	slices.SortFunc(ops, func(a, b *Operation) int { return strings.Compare(a.Name, b.Name) })
	return ops
}

// parse reads a table in botocore's form.
func parse(name string, table []byte) (*Service, error) {
	var m model.Model
	if err := json.Unmarshal(table, &m); err != nil {
		return nil, fmt.Errorf("table of %s: %w", name, err)
	}
	s := &Service{
		Name:        name,
		SigningName: m.Metadata.SigningName,
		Protocol:    Protocol(m.Metadata.Protocol),
		APIVersion:  m.Metadata.APIVersion,

		jsonVersion:     m.Metadata.JSONVersion,
		targetPrefix:    m.Metadata.TargetPrefix,
		xmlNamespace:    m.Metadata.XMLNamespace,
		queryCompatible: m.Metadata.AWSQueryCompatible != nil,
		operations:      map[string]*Operation{},
		others:          m.Others,
		errors:          map[string]*shape{},
	}
	if s.SigningName == "" {
		s.SigningName = m.Metadata.EndpointPrefix
	}
	if !slices.Contains([]Protocol{Query, EC2, RestXML, RestJSON, JSON}, s.Protocol) {
		return nil, fmt.Errorf("table of %s: unknown protocol %q", name, s.Protocol)
	}
	l := linker{service: s, model: &m, shapes: map[string]*shape{}}
	for _, opName := range slices.Sorted(maps.Keys(m.Operations)) { // in order, since errors may share a code
		s.operations[opName] = l.operation(m.Operations[opName])
	}
	if l.problems != nil {
		return nil, fmt.Errorf("table of %s: %w", name, errors.Join(l.problems...))
	}
	return s, nil
}
