package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
)

// classes says what an AWS error code means for the call that got it. What is
// not listed is judged by its HTTP status. Sources: the errors listed with each
// operation, and the common errors of each service.
var classes = map[string]pace.Class{
	"Throttling":                             pace.Throttled,
	"ThrottlingException":                    pace.Throttled,
	"ThrottledException":                     pace.Throttled,
	"RequestThrottled":                       pace.Throttled,
	"RequestThrottledException":              pace.Throttled,
	"RequestLimitExceeded":                   pace.Throttled, // EC2
	"EC2ThrottledException":                  pace.Throttled,
	"TooManyRequestsException":               pace.Throttled, // Organizations
	"ProvisionedThroughputExceededException": pace.Throttled,
	"SlowDown":                               pace.Throttled, // S3
	"BandwidthLimitExceeded":                 pace.Throttled,

	"PriorRequestNotComplete":         pace.Busy, // Route 53: another change of the zone
	"ConcurrentModification":          pace.Busy,
	"ConcurrentModificationException": pace.Busy,
	"RequestInProgressException":      pace.Busy, // ACM
	"FinalizingOrganizationException": pace.Busy,

	"RequestTimeout":          pace.Doubt,
	"RequestTimeoutException": pace.Doubt,
	"InternalError":           pace.Doubt,
	"InternalFailure":         pace.Doubt,
	"InternalServerError":     pace.Doubt,
	"InternalServiceError":    pace.Doubt,
	"ServiceException":        pace.Doubt, // Organizations
	"ServiceFailure":          pace.Doubt, // IAM
	"ServiceUnavailable":      pace.Doubt,
	"Unavailable":             pace.Doubt, // EC2
}

// denied are the codes with which services refuse for want of permission.
var denied = map[string]bool{
	"AccessDenied":                       true,
	"AccessDeniedException":              true,
	"UnauthorizedOperation":              true, // EC2
	"NotAuthorizedException":             true, // Route 53
	"AccessDeniedForDependencyException": true, // Organizations
	"KMS.AccessDeniedException":          true, // SQS, of the key that encrypts a queue
}

// Code is the AWS error code of a failed call, empty when AWS gave none.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// expired are the codes for credentials that have ended; EC2 answers so to a
// clock that is wrong, too (each service's common errors).
var expired = map[string]bool{"ExpiredToken": true, "ExpiredTokenException": true, "RequestExpired": true}

// Denied reports whether a call was refused for want of permission.
func Denied(err error) bool { return denied[Code(err)] }

// classify says what a failed try means for its call.
func classify(err error) pace.Class {
	var role *RoleError
	var own *Error
	var nobody *NoCredentialsError
	if errors.As(err, &role) || errors.As(err, &own) || errors.As(err, &nobody) { // its own call was repeated already
		return pace.Final
	}
	if class, ok := classes[Code(err)]; ok {
		return class
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		switch status := answer.HTTPStatusCode(); {
		case status == 429:
			return pace.Throttled
		case status >= 500:
			return pace.Doubt
		case Code(err) == "" && status < 400: // cut off while it was read
			return pace.Doubt
		}
		return pace.Final
	}
	var (
		send    *smithyhttp.RequestSendError
		garbled *smithy.DeserializationError
		network net.Error
	)
	if errors.As(err, &send) || errors.As(err, &garbled) || errors.As(err, &network) {
		return pace.Doubt
	}
	return pace.Final
}

// Unreached reports whether a call failed since nothing answered it: no network, or
// no AWS behind it.
func Unreached(err error) bool {
	var send *smithyhttp.RequestSendError
	return errors.As(err, &send) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// transport is how sending a request failed, without what the SDK puts around it.
func transport(err error) string {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

// NoCredentialsError is that orgdns has no credentials with which to call AWS at
// all.
type NoCredentialsError struct{ Err error }

// Error says what to do.
func (e *NoCredentialsError) Error() string { return e.Diagnostic().Error() }

// Unwrap is the SDK's error.
func (e *NoCredentialsError) Unwrap() error { return e.Err }

// As makes the error a Diagnostic for errors.As.
func (e *NoCredentialsError) As(target any) bool { return asDiagnostic(e.Diagnostic, target) }

// Diagnostic is the error as a problem (SDK and Tools Reference Guide,
// standardized-credentials.html).
func (e *NoCredentialsError) Diagnostic() diag.Diagnostic {
	return diag.Diagnostic{Code: "NoCredentials", Summary: "orgdns has no credentials for AWS", Detail: e.Err.Error(),
		Hint: "sign in with the AWS CLI and set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a twin, as `orgdns twin` prints them"}
}

// Error is a call that AWS refused or that failed for good.
type Error struct {
	Account   estate.AccountID
	Region    estate.Region // none for a global service
	Service   string        // "route53"
	Operation string        // "CreateHostedZone"
	Code      string        // AWS's; empty when no answer came
	Message   string        // AWS's, or the failure of the transport
	Hint      string        // what to do
	Err       error
}

// Error says where, what and what to do.
func (e *Error) Error() string { return e.Diagnostic().Error() }

// Unwrap is the SDK's error.
func (e *Error) Unwrap() error { return e.Err }

// As makes the error a Diagnostic for errors.As.
func (e *Error) As(target any) bool { return asDiagnostic(e.Diagnostic, target) }

func asDiagnostic(d func() diag.Diagnostic, target any) bool {
	to, ok := target.(*diag.Diagnostic)
	if ok {
		*to = d()
	}
	return ok
}

// Diagnostic is the error as a problem of the estate.
func (e *Error) Diagnostic() diag.Diagnostic {
	where := "account " + string(e.Account)
	if e.Account == "" {
		where = "the identity that orgdns runs as"
	}
	if e.Region != "" {
		where += " in " + string(e.Region)
	}
	d := diag.Diagnostic{
		Code: e.Code, Account: string(e.Account), Region: string(e.Region), Hint: e.Hint,
		Summary: fmt.Sprintf("%s: %s %s failed", where, e.Service, e.Operation),
		Detail:  e.Message,
	}
	if e.Code != "" {
		d.Detail = e.Code + ": " + e.Message
	}
	return d
}

// failure makes the error of a call that came to its end. endpoint is where AWS was
// said to be; empty when that is where it always is.
func failure(endpoint string, account estate.AccountID, role string, region estate.Region, svc service, operation string, err error) error {
	var done *Error
	var unreached *RoleError
	var nobody *NoCredentialsError
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &done) || errors.As(err, &unreached) || errors.As(err, &nobody) {
		return err
	}
	e := &Error{Account: account, Service: svc.prefix, Operation: operation, Code: Code(err), Message: err.Error(), Err: err}
	if !svc.global {
		e.Region = region
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Message = api.ErrorMessage()
	}
	e.Hint = hint(e, role, classify(err))
	if Unreached(err) {
		e.Message = "nothing answers: " + transport(err)
		if endpoint != "" {
			e.Hint = "start what is to be at " + endpoint + ", such as `orgdns twin`, or unset AWS_ENDPOINT_URL"
		}
	}
	return e
}

// action is the IAM action of an operation (Service Authorization Reference,
// list_awslambda.html, list_amazons3.html and list_amazonsqs.html of those that
// have another name).
func action(service, operation string) string {
	switch service + ":" + operation {
	case "lambda:Invoke":
		operation = "InvokeFunction"
	case "s3:ListBuckets":
		operation = "ListAllMyBuckets"
	case "sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch":
		operation = strings.TrimSuffix(operation, "Batch")
	}
	return service + ":" + operation
}

// hint is what to do about a failed call.
func hint(e *Error, role string, class pace.Class) string {
	who := "role " + role
	if role == "" {
		who = "the identity that orgdns runs as"
	}
	switch {
	case e.Service == "sqs" && strings.HasSuffix(e.Code, "NonExistentQueue"):
		return "make it: `orgdns deploy lattice` makes the queues of latticeEvents"
	case denied[e.Code] && e.Service == "sqs":
		return fmt.Sprintf("%s needs %s there, and neither the queue's policy nor anything above may deny it; docs/serve.md has the policy", who, action(e.Service, e.Operation))
	case denied[e.Code]:
		return fmt.Sprintf("%s needs %s there, and nothing above it may deny it; `orgdns iam` prints the policy", who, action(e.Service, e.Operation))
	case e.Code == "SignatureDoesNotMatch", e.Code == "RequestExpired", e.Code == "RequestTimeTooSkewed":
		return "check this machine's clock and credentials"
	case expired[e.Code], e.Code == "InvalidClientTokenId", e.Code == "UnrecognizedClientException":
		return "renew the credentials that orgdns runs with"
	case e.Code == "MalformedPolicyDocument": // of our own forms nothing else can be wrong
		return "the trust policy names a role or user that does not exist: make it first, or name its whole account"
	case e.Code == "ConflictingDomainExists":
		return "the VPC already uses another zone of that name, or one that AWS manages for an endpoint: take it off that zone, or turn the endpoint's private DNS off"
	case e.Code == unknownShare && (e.Operation == "CreateResourceShare" || e.Operation == "AssociateResourceShare"): // API_CreateResourceShare: so it says of an organization or unit, too
		return "RAM may not share within the organization yet: run `aws ram enable-sharing-with-aws-organization` in the management account, and run again"
	case e.Code == "LastVPCAssociation":
		return "a private zone keeps at least one VPC: associate another one first, or delete the zone"
	case class == pace.Doubt:
		return "AWS gave no proper answer to several tries; run again, nothing is made twice"
	case class == pace.Throttled:
		return "somebody else uses up what the account may ask for: it is read again later; ask for a higher quota, or find who"
	case class == pace.Busy:
		return "somebody else kept changing the same thing; run again"
	}
	return ""
}

// plain strips what the SDK puts around an error of ours.
func plain(err error) error {
	var own *Error
	var role *RoleError
	var nobody *NoCredentialsError
	switch {
	case errors.As(err, &nobody):
		return nobody
	case errors.As(err, &role):
		return role
	case errors.As(err, &own):
		return own
	}
	return err
}

// hinted is an error of ours with another hint.
func hinted(err error, hint string) error {
	if own, ok := plain(err).(*Error); ok {
		e := *own
		e.Hint = hint
		return &e
	}
	return err
}
