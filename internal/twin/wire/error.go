package wire

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"

	"github.com/aws/smithy-go"
)

// An Error is a refusal by the protocol layer, as AWS words it.
type Error struct {
	Service *Service // nil where no service is known
	Code    string
	Message string
	Status  int // of the HTTP answer
}

func (e *Error) Error() string                 { return e.Code + ": " + e.Message }
func (e *Error) ErrorCode() string             { return e.Code }
func (e *Error) ErrorMessage() string          { return e.Message }
func (e *Error) ErrorFault() smithy.ErrorFault { return smithy.FaultClient }
func (e *Error) HTTPStatusCode() int           { return e.Status }

// A NotImplementedError says that AWS has this operation and the twin has not.
type NotImplementedError struct {
	Service   *Service
	Operation string
}

func (e *NotImplementedError) Error() string { return e.ErrorCode() + ": " + e.ErrorMessage() }

// ErrorCode is NotImplementedByTwin, which no AWS service uses.
func (e *NotImplementedError) ErrorCode() string { return "NotImplementedByTwin" }
func (e *NotImplementedError) ErrorMessage() string {
	return fmt.Sprintf("The twin does not have the operation %s of %s", e.Operation, e.Service.Name)
}
func (e *NotImplementedError) ErrorFault() smithy.ErrorFault { return smithy.FaultServer }
func (e *NotImplementedError) HTTPStatusCode() int           { return http.StatusNotImplemented }

// unknownOperation is what a service says to an operation that AWS has not.
func unknownOperation(s *Service, name string) error {
	e := &Error{Service: s, Code: "UnknownOperationException", Message: "The operation " + name + " is unknown", Status: 404}
	switch s.Protocol {
	case Query:
		e.Code, e.Status = "InvalidAction", 400
		e.Message = fmt.Sprintf(`Could not find operation "%s" for version %s`, name, s.APIVersion)
	case EC2:
		e.Code, e.Status = "InvalidAction", 400
		e.Message = fmt.Sprintf("The action %s is not valid for this web service.", name)
	case JSON:
		e.Status = 400
	case RestXML:
		if s.Name == "s3" {
			e.Code, e.Message, e.Status = "MethodNotAllowed", "The specified method is not allowed against this resource.", 405
		}
	}
	return e
}

// malformed is what a service says to an input that cannot be read, in its body
// or elsewhere.
func malformed(s *Service, inBody bool, err error) error {
	e := &Error{Service: s, Code: "SerializationException", Message: err.Error(), Status: 400}
	switch {
	case s.Name == "s3" && inBody:
		e.Code = "MalformedXML"
		e.Message = "The XML you provided was not well-formed or did not validate against our published schema"
	case s.Name == "s3":
		e.Code = "InvalidArgument"
	case s.Name == "route53":
		e.Code = "InvalidInput"
		if inBody { // as its clients show it
			e.Message = "Invalid XML ; " + e.Message
		}
	case s.Protocol == RestXML && inBody:
		e.Code = "MalformedXML"
	case s.Protocol == Query, s.Protocol == RestXML:
		e.Code = "MalformedInput"
	case s.Protocol == EC2:
		e.Code = "InvalidParameterValue"
	}
	return e
}

// statuses are those of the errors common to all services, where they are not
// 400. https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var statuses = map[string]int{
	"AccessDenied": 403, "AccessDeniedException": 403, "AuthFailure": 401, "ExpiredToken": 403, "ExpiredTokenException": 403,
	"InvalidAccessKeyId": 403, "InvalidClientTokenId": 403, "InvalidSignatureException": 403,
	"MissingAuthenticationToken": 403, "MissingAuthenticationTokenException": 403, "OptInRequired": 403,
	"RequestTimeTooSkewed": 403, "SignatureDoesNotMatch": 403, "UnauthorizedOperation": 403, "UnrecognizedClientException": 403,
	"BucketAlreadyExists": 409, "BucketNotEmpty": 409, "NoSuchBucket": 404, "TooManyRequestsException": 429,
	"InternalError": 500, "InternalFailure": 500, "RequestLimitExceeded": 503, "ServiceUnavailable": 503, "SlowDown": 503,
}

// status finds the HTTP status of an error: its own, the model's, the common
// one, else 400 or by fault 500. The json protocol has 400 for every refusal.
func (s *Service) status(err smithy.APIError, shape *shape) int {
	var own interface{ HTTPStatusCode() int }
	if errors.As(err, &own) && own.HTTPStatusCode() != 0 {
		return own.HTTPStatusCode()
	}
	if shape != nil && shape.errorInfo.HTTPStatusCode != 0 && !s.queryCompatible { // there it is the query protocol's
		return shape.errorInfo.HTTPStatusCode
	}
	code, known := statuses[err.ErrorCode()]
	server := err.ErrorFault() == smithy.FaultServer || shape != nil && shape.fault
	switch {
	case known && (s.Protocol != JSON || code >= 500):
		return code
	case server:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// EncodeError writes an error answer. An error type of the SDK carries its
// members along; any other [smithy.APIError] its code and message. An error's
// HTTPStatusCode and HTTPHeader, if it has these methods, go into the answer.
// Anything else is a fault of the twin, and answers 500 InternalFailure with its
// text.
func (s *Service) EncodeError(err error, requestID string) *Response {
	var api smithy.APIError
	if !errors.As(err, &api) {
		api = &smithy.GenericAPIError{Code: "InternalFailure", Message: err.Error(), Fault: smithy.FaultServer}
	}
	shape := s.errors[api.ErrorCode()]
	var tree Tree
	if v := reflect.ValueOf(api); v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() == reflect.Struct {
		if named := s.errors[v.Type().Elem().Name()]; named != nil {
			shape = named
			tree, err = errorTree(named, v.Elem())
			if err != nil {
				return s.EncodeError(fmt.Errorf("error %s: %w", named.name, err), requestID)
			}
		}
	}
	return s.encodeError(api, shape, tree, requestID)
}

// encodeError writes a code, a message and the members of the error's shape,
// which may be nil.
func (s *Service) encodeError(api smithy.APIError, shape *shape, tree Tree, requestID string) *Response {
	r := &Response{Status: s.status(api, shape), Header: http.Header{}}
	var own interface{ HTTPHeader() http.Header }
	if errors.As(api, &own) {
		maps.Copy(r.Header, own.HTTPHeader())
	}
	r.Header.Set(s.requestIDHeader(), requestID)
	members := Tree{}
	var b binding
	if shape != nil {
		b = bind(shape, true)
		for name, v := range tree {
			members[name] = v
		}
		if err := writeHeaders(r, &b, members); err != nil {
			return s.EncodeError(fmt.Errorf("error %s: %w", shape.name, err), requestID)
		}
	}
	var err error
	switch s.Protocol {
	case JSON, RestJSON:
		err = s.jsonError(r, api, shape, b.body, members)
	default:
		err = s.xmlError(r, api, b.body, members, requestID)
	}
	if err != nil {
		return s.EncodeError(fmt.Errorf("error %s: %w", api.ErrorCode(), err), requestID)
	}
	return r
}

// messageOf finds the member that holds the message, Message or message.
func messageOf(members []*member) *member {
	for _, m := range members {
		if m.name == "message" || m.name == "Message" {
			return m
		}
	}
	return nil
}

func (s *Service) jsonError(r *Response, api smithy.APIError, shape *shape, members []*member, tree Tree) error {
	r.Header.Set("Content-Type", s.jsonType())
	name := api.ErrorCode()
	if shape != nil {
		name = shape.name
	}
	if s.queryCompatible {
		fault := "Sender"
		if r.Status >= 500 {
			fault = "Receiver"
		}
		r.Header.Set("X-Amzn-Query-Error", api.ErrorCode()+";"+fault)
	}
	var w jsonWriter
	w.b = append(w.b, '{')
	if s.Protocol == RestJSON {
		r.Header.Set("X-Amzn-Errortype", name)
	} else {
		w.b = append(w.b, `"__type":`...)
		w.string(name)
	}
	comma := func() {
		if len(w.b) > 1 {
			w.b = append(w.b, ',')
		}
	}
	if m := messageOf(members); m != nil {
		if api.ErrorMessage() != "" {
			tree[m.name] = api.ErrorMessage()
		}
	} else if api.ErrorMessage() != "" {
		comma()
		w.b = append(w.b, `"message":`...)
		w.string(api.ErrorMessage())
	}
	for _, m := range members {
		if v := tree[m.name]; v != nil {
			comma()
			w.string(m.wire)
			w.b = append(w.b, ':')
			w.value(m, v)
		}
	}
	w.b = append(w.b, '}')
	r.Body = w.b
	return w.err
}

// xmlError writes <ErrorResponse><Error>… of query and rest-xml, the bare
// <Error> of S3, or <Response><Errors><Error>… of ec2.
func (s *Service) xmlError(r *Response, api smithy.APIError, members []*member, tree Tree, requestID string) error {
	r.Header.Set("Content-Type", s.xmlType())
	var w xmlWriter
	detail := func() {
		w.leaf("Code", api.ErrorCode())
		if api.ErrorMessage() != "" {
			w.leaf("Message", api.ErrorMessage())
		}
		for _, m := range members {
			if v := tree[m.name]; v != nil && m != messageOf(members) {
				w.member(m, v)
			}
		}
	}
	fault := "Sender"
	if r.Status >= 500 {
		fault = "Receiver"
	}
	switch {
	case s.Protocol == EC2:
		w.open("Response", "")
		w.open("Errors", "")
		w.open("Error", "")
		detail()
		w.close("Error")
		w.close("Errors")
		w.leaf("RequestID", requestID)
		w.close("Response")
	case s.Name == "s3":
		w.open("Error", "")
		detail()
		w.leaf("RequestId", requestID)
		w.close("Error")
	default:
		w.open("ErrorResponse", s.xmlNamespace)
		w.open("Error", "")
		w.leaf("Type", fault)
		detail()
		w.close("Error")
		w.leaf("RequestId", requestID)
		w.close("ErrorResponse")
	}
	r.Body = w.b.Bytes()
	return w.err
}

// ServiceOf returns the service that an error of [Router.Route] belongs to, in
// whose protocol it is to be answered; nil where none is known.
func ServiceOf(err error) *Service {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Service
	}
	if e, ok := errors.AsType[*NotImplementedError](err); ok {
		return e.Service
	}
	return nil
}
