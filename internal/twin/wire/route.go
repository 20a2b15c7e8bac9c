package wire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// MaxBody is the size of a request body, in bytes, beyond which ReadBody
// refuses. No AWS service spoken here takes as much in one call.
const MaxBody = 8 << 20

// ReadBody reads the body of a request up to MaxBody.
func ReadBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(req.Body, MaxBody+1))
	if err == nil && len(b) > MaxBody {
		err = &Error{Code: "RequestEntityTooLargeException", Message: fmt.Sprintf("The request body is larger than %d bytes", MaxBody), Status: http.StatusRequestEntityTooLarge}
	}
	return b, err
}

// A Request is an HTTP request whose operation is known.
type Request struct {
	Operation *Operation
	HTTP      *http.Request
	Body      []byte

	query  url.Values // of the URL
	form   url.Values // of a query or ec2 call
	labels map[string]string
}

// A Router finds the operation of a request.
type Router struct {
	services []*Service
	routes   map[*Service]*routes
}

// NewRouter makes a router over services, in the order in which unsigned
// requests are tried on them.
func NewRouter(services ...*Service) *Router {
	r := &Router{services: services, routes: map[*Service]*routes{}}
	for _, s := range services {
		if s.Protocol == RestXML || s.Protocol == RestJSON {
			r.routes[s] = newRoutes(s)
		}
	}
	return r
}

// ErrNoService is the error of a request that belongs to no service of the
// router; there is then no protocol to answer in.
var ErrNoService = errors.New("the request belongs to no service known here")

// Route finds the operation that a request calls. Signing is the service of
// its credential scope, empty when it is not signed. The body is that of
// [ReadBody]; it is not read from req.
//
// Besides ErrNoService the error is a [*NotImplementedError] for an operation
// that AWS has and the table leaves out, else an [*Error]; both name the service.
func (r *Router) Route(req *http.Request, body []byte, signing string) (*Request, error) {
	var candidates []*Service
	for _, s := range r.services {
		if signing == "" || s.SigningName == signing {
			candidates = append(candidates, s)
		}
	}
	if len(candidates) == 0 {
		return nil, ErrNoService
	}
	q := &Request{HTTP: req, Body: body}
	if target := req.Header.Get("X-Amz-Target"); target != "" {
		return q.routeTarget(candidates, target, signing != "")
	}
	var err error
	if q.query, err = url.ParseQuery(req.URL.RawQuery); err != nil {
		return nil, &Error{Service: candidates[0], Code: "MalformedQueryString", Message: err.Error(), Status: 404}
	}
	if got, err := q.routeAction(candidates); got != nil || err != nil {
		return got, err
	}
	return q.routePath(r, candidates, signing != "")
}

// bare is a target prefix without what stands before its last dot: botocore's
// clients put a package before CloudTrail's, the SDKs made of Smithy's models none.
func bare(prefix string) string { return prefix[strings.LastIndexByte(prefix, '.')+1:] }

func (q *Request) routeTarget(candidates []*Service, target string, signed bool) (*Request, error) {
	dot := strings.LastIndexByte(target, '.')
	prefix, name := target[:max(dot, 0)], target[dot+1:]
	for _, s := range candidates {
		if s.Protocol == JSON && bare(s.targetPrefix) == bare(prefix) {
			op, err := s.Operation(name)
			if err != nil {
				return nil, err
			}
			q.Operation = op
			return q, nil
		}
	}
	if signed {
		return nil, unknownOperation(candidates[0], target)
	}
	return nil, ErrNoService
}

// routeAction routes query and ec2 calls: a form in the body, or in the URL of
// a GET. It returns nothing for a request that has no action.
func (q *Request) routeAction(candidates []*Service) (*Request, error) {
	q.form = q.query
	if q.HTTP.Method == http.MethodPost && !q.query.Has("Action") {
		media, _, _ := strings.Cut(q.HTTP.Header.Get("Content-Type"), ";")
		if strings.TrimSpace(media) != "application/x-www-form-urlencoded" {
			return nil, nil
		}
		form, err := url.ParseQuery(string(q.Body))
		if err != nil {
			return nil, &Error{Service: candidates[0], Code: "MalformedQueryString", Message: err.Error(), Status: 404}
		}
		q.form = form
	}
	action := q.form.Get("Action")
	if action == "" {
		return nil, nil
	}
	var queries, versioned []*Service
	for _, s := range candidates {
		if s.Protocol == Query || s.Protocol == EC2 {
			queries = append(queries, s)
			if s.APIVersion == q.form.Get("Version") {
				versioned = append(versioned, s)
			}
		}
	}
	if len(versioned) > 0 {
		queries = versioned
	}
	var unknown error
	for _, s := range queries {
		op, err := s.Operation(action)
		if err == nil {
			q.Operation = op
			return q, nil
		}
		if _, known := errors.AsType[*NotImplementedError](err); known || unknown == nil {
			unknown = err
		}
	}
	return nil, unknown
}

func (q *Request) routePath(r *Router, candidates []*Service, signed bool) (*Request, error) {
	var last *Service
	try := func(s *Service, path string) (*Request, error) {
		last = s
		return r.routes[s].match(q, path)
	}
	for _, s := range candidates {
		if r.routes[s] != nil && s.Name != "s3" {
			if got, err := try(s, q.HTTP.URL.EscapedPath()); got != nil || err != nil {
				return got, err
			}
		}
	}
	for _, s := range candidates { // last, since any path may be a bucket's
		if s.Name == "s3" {
			if got, err := try(s, bucketPath(q.HTTP)); got != nil || err != nil {
				return got, err
			}
		}
	}
	switch {
	case last != nil:
		return nil, unknownOperation(last, q.HTTP.Method+" "+q.HTTP.URL.Path)
	case signed:
		return nil, &Error{Service: candidates[0], Code: "MissingAction", Message: "The request is missing an action or a required parameter.", Status: 400}
	}
	return nil, ErrNoService
}

// bucketPath puts the bucket of a virtual-host request before the path.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
func bucketPath(req *http.Request) string {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	if strings.HasPrefix(host, "s3.") || strings.HasPrefix(host, "s3-") {
		return req.URL.EscapedPath()
	}
	bucket := ""
	for _, mark := range []string{".s3.", ".s3-"} {
		if i := strings.LastIndex(host, mark); i > 0 {
			bucket = host[:i]
		}
	}
	if name, ok := strings.CutSuffix(host, ".localhost"); ok && bucket == "" {
		bucket = name
	}
	if bucket == "" {
		return req.URL.EscapedPath()
	}
	return "/" + url.PathEscape(bucket) + "/" + strings.TrimPrefix(req.URL.EscapedPath(), "/")
}

// routes are the URI templates of a service by method, most specific first.
type routes struct {
	service  *Service
	byMethod map[string][]template
}

// A template is a URI with labels, such as /2013-04-01/hostedzone/{Id}/rrset.
// https://smithy.io/2.0/spec/http-bindings.html#http-trait
type template struct {
	operation string
	segments  []segment
	query     []pair // literals that must be in the query string
	required  []string
	known     bool
}

type segment struct {
	text          string // literal, or the label's name
	label, greedy bool
}

type pair struct{ key, value string }

func newRoutes(s *Service) *routes {
	r := &routes{service: s, byMethod: map[string][]template{}}
	for _, op := range s.operations {
		t := newTemplate(op.Name, op.uri)
		t.known = true
		for _, m := range op.inWire.query {
			if m.required {
				t.required = append(t.required, m.wire)
			}
		}
		r.byMethod[op.method] = append(r.byMethod[op.method], t)
	}
	for name, binding := range s.others {
		method, uri, _ := strings.Cut(binding, " ")
		r.byMethod[method] = append(r.byMethod[method], newTemplate(name, uri))
	}
	for _, list := range r.byMethod {
		slices.SortFunc(list, compareTemplates)
	}
	return r
}

func newTemplate(operation, uri string) template {
	t := template{operation: operation}
	path, query, _ := strings.Cut(uri, "?")
	for _, part := range strings.Split(strings.Trim(path, "/"), "/") {
		name, ok := strings.CutPrefix(part, "{")
		seg := segment{text: part, label: ok}
		if ok {
			seg.text, seg.greedy = strings.CutSuffix(strings.TrimSuffix(name, "}"), "+")
		}
		t.segments = append(t.segments, seg)
	}
	for _, part := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' }) {
		key, value, _ := strings.Cut(part, "=")
		t.query = append(t.query, pair{key, value})
	}
	return t
}

// compareTemplates puts the more specific first: by segment a literal before a
// label before a greedy label, then more segments, more literals and required
// members in the query string, what the table has, and last the name.
func compareTemplates(a, b template) int {
	rank := func(s segment) int {
		switch {
		case s.greedy:
			return 2
		case s.label:
			return 1
		}
		return 0
	}
	for i := range min(len(a.segments), len(b.segments)) {
		if d := rank(a.segments[i]) - rank(b.segments[i]); d != 0 {
			return d
		}
	}
	if d := len(b.segments) - len(a.segments); d != 0 {
		return d
	}
	if d := len(b.query) - len(a.query); d != 0 {
		return d
	}
	if d := len(b.required) - len(a.required); d != 0 {
		return d
	}
	if a.known != b.known {
		if a.known {
			return -1
		}
		return 1
	}
	return strings.Compare(a.operation, b.operation)
}

// match finds the operation of a path. A template whose required query members
// are missing is taken only when no other fits.
func (r *routes) match(q *Request, path string) (*Request, error) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	var fallback *template
	for i := range r.byMethod[q.HTTP.Method] {
		t := &r.byMethod[q.HTTP.Method][i]
		if !t.fits(parts, q.query) {
			continue
		}
		missing := slices.ContainsFunc(t.required, func(key string) bool { return !q.query.Has(key) })
		if !missing {
			return r.found(q, t, parts)
		}
		if fallback == nil {
			fallback = t
		}
	}
	if fallback != nil {
		return r.found(q, fallback, parts)
	}
	return nil, nil
}

func (r *routes) found(q *Request, t *template, parts []string) (*Request, error) {
	op, err := r.service.Operation(t.operation)
	if err != nil {
		return nil, err
	}
	labels, err := t.labels(parts)
	if err != nil {
		return nil, &Error{Service: r.service, Code: "MalformedURI", Message: err.Error(), Status: 400}
	}
	q.Operation, q.labels = op, labels
	return q, nil
}

// fits compares segment by segment; one trailing slash on either side is free.
func (t *template) fits(parts []string, query url.Values) bool {
	for _, p := range t.query {
		if values, ok := query[p.key]; !ok || p.value != "" && !slices.Contains(values, p.value) {
			return false
		}
	}
	_, ok := t.align(parts)
	return ok
}

// align assigns path parts to segments: each one part, a greedy one the rest
// that the segments behind it leave.
func (t *template) align(parts []string) ([][]string, bool) {
	greedy := slices.IndexFunc(t.segments, func(s segment) bool { return s.greedy })
	if last := len(parts) - 1; greedy < 0 && last > 0 && parts[last] == "" {
		parts = parts[:last]
	}
	extra := len(parts) - len(t.segments)
	if extra < 0 || extra > 0 && greedy < 0 {
		return nil, false
	}
	aligned := make([][]string, len(t.segments))
	at := 0
	for i, s := range t.segments {
		n := 1
		if s.greedy {
			n += extra
		}
		aligned[i] = parts[at : at+n]
		if at += n; s.label && strings.Join(aligned[i], "") == "" {
			return nil, false
		}
		if !s.label && aligned[i][0] != s.text {
			return nil, false
		}
	}
	return aligned, true
}

func (t *template) labels(parts []string) (map[string]string, error) {
	aligned, _ := t.align(parts)
	labels := map[string]string{}
	for i, s := range t.segments {
		if !s.label {
			continue
		}
		text, err := url.PathUnescape(strings.Join(aligned[i], "/"))
		if err != nil {
			return nil, err
		}
		labels[s.text] = text
	}
	return labels, nil
}
