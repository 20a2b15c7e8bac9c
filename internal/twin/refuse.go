package twin

import (
	"github.com/orgdns/orgdns/internal/twin/wire"
)

// refusal is what every service says, each in words of its own.
type refusal int

const (
	refuseUnsigned   refusal = iota // no signature
	refuseIncomplete                // a malformed signature
	refuseKey                       // an unknown access key, or one without its session token
	refuseSignature                 // not signed with the key's secret
	refuseSkew                      // signed too early or too late
	refuseExpired                   // the session has ended
	refuseThrottled
	refuseInternal
)

type words struct {
	code, message string // an empty message is the one given
	status        int
}

// The words of the services that answer in the query and rest-xml protocols
// (IAM API Reference, CommonErrors.html; texts as clients show them).
var queryWords = [...]words{
	refuseUnsigned:   {"MissingAuthenticationToken", "Request is missing Authentication Token", 403},
	refuseIncomplete: {"IncompleteSignature", "", 400},
	refuseKey:        {"InvalidClientTokenId", "The security token included in the request is invalid.", 403},
	refuseSignature:  {"SignatureDoesNotMatch", "", 403},
	refuseSkew:       {"SignatureDoesNotMatch", "", 403},
	refuseExpired:    {"ExpiredToken", "The security token included in the request is expired", 403},
	refuseThrottled:  {"Throttling", "Rate exceeded", 400},
	refuseInternal:   {"InternalFailure", "The request processing has failed because of an unknown error, exception or failure.", 500},
}

// Those of json services: Organizations API Reference, CommonErrors.html.
var jsonWords = [...]words{
	refuseUnsigned:   {"MissingAuthenticationTokenException", "Missing Authentication Token", 400},
	refuseIncomplete: {"IncompleteSignatureException", "", 400},
	refuseKey:        {"UnrecognizedClientException", "The security token included in the request is invalid.", 400},
	refuseSignature:  {"InvalidSignatureException", "", 400},
	refuseSkew:       {"InvalidSignatureException", "", 400},
	refuseExpired:    {"ExpiredTokenException", "The security token included in the request is expired", 400},
	refuseThrottled:  {"ThrottlingException", "Rate exceeded", 400},
	refuseInternal:   {"InternalFailure", "The request processing has failed because of an unknown error, exception or failure.", 500},
}

// Those of rest-json services, which answer 403 where json has 400.
var restJSONWords = [...]words{
	refuseUnsigned:   {"MissingAuthenticationTokenException", "Missing Authentication Token", 403},
	refuseIncomplete: {"IncompleteSignatureException", "", 403},
	refuseKey:        {"UnrecognizedClientException", "The security token included in the request is invalid.", 403},
	refuseSignature:  {"InvalidSignatureException", "", 403},
	refuseSkew:       {"InvalidSignatureException", "", 403},
	refuseExpired:    {"ExpiredTokenException", "The security token included in the request is expired", 403},
	refuseThrottled:  {"TooManyRequestsException", "Too Many Requests", 429},
	refuseInternal:   {"InternalFailure", "The request processing has failed because of an unknown error, exception or failure.", 500},
}

// EC2 does not say what is wrong with credentials (EC2 API Reference,
// errors-overview.html, "Common client error codes").
var ec2Words = [...]words{
	refuseUnsigned:   {"MissingAuthenticationToken", "Request is missing Authentication Token", 403},
	refuseIncomplete: {"IncompleteSignature", "", 400},
	refuseKey:        {"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
	refuseSignature:  {"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
	refuseSkew:       {"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
	refuseExpired:    {"RequestExpired", "Request has expired.", 400},
	refuseThrottled:  {"RequestLimitExceeded", "Request limit exceeded.", 503},
	refuseInternal:   {"InternalError", "An internal error has occurred", 500},
}

// S3 API Reference, ErrorResponses.html.
var s3Words = [...]words{
	refuseUnsigned:   {"AccessDenied", "Access Denied", 403},
	refuseIncomplete: {"AuthorizationHeaderMalformed", "", 400},
	refuseKey:        {"InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403},
	refuseSignature:  {"SignatureDoesNotMatch", "", 403},
	refuseSkew:       {"RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", 403},
	refuseExpired:    {"ExpiredToken", "The provided token has expired.", 400},
	refuseThrottled:  {"SlowDown", "Please reduce your request rate.", 503},
	refuseInternal:   {"InternalError", "We encountered an internal error. Please try again.", 500},
}

// refuse words a refusal as the service does; detail is the text where the
// service gives one of its own.
func refuse(s *wire.Service, r refusal, detail string) error {
	table := &queryWords
	switch {
	case s.Name == "s3":
		table = &s3Words
	case s.Protocol == wire.EC2:
		table = &ec2Words
	case s.Protocol == wire.JSON:
		table = &jsonWords
	case s.Protocol == wire.RestJSON:
		table = &restJSONWords
	}
	w := table[r]
	if (s.Name == "ram" || s.Name == "vpc-lattice") && r == refuseThrottled {
		w = words{"ThrottlingException", "Rate exceeded", 429} // as their models have it
	}
	if w.message == "" {
		w.message = detail
	}
	return &wire.Error{Service: s, Code: w.code, Message: w.message, Status: w.status}
}
