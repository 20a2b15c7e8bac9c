package twin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
)

// A service that the twin lacks is named, in a form that its clients read.
func TestNoService(t *testing.T) {
	tests := []struct {
		name, signing string
		header        http.Header
		target, body  string
		want          string
	}{
		{"query", "rds", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "/?Action=DescribeDBInstances", "", "<Code>NotImplementedByTwin</Code>"},
		{"json", "secretsmanager", http.Header{"X-Amz-Target": {"secretsmanager.GetSecretValue"}}, "/", "{}", `"__type":"NotImplementedByTwin"`},
		{"rest", "lambda", nil, "/2015-03-31/functions", "", `"__type":"NotImplementedByTwin"`},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodPost, tt.target, strings.NewReader(tt.body))
		for k, v := range tt.header {
			r.Header[k] = v
		}
		answer := noService(r, tt.signing, "sts, iam")
		if answer.Status != http.StatusNotImplemented || !strings.Contains(string(answer.Body), tt.want) ||
			!strings.Contains(string(answer.Body), tt.signing) || !strings.Contains(string(answer.Body), "sts, iam") {
			t.Errorf("%s: %d %s", tt.name, answer.Status, answer.Body)
		}
	}
}

// Each service refuses in words of its own.
func TestRefuse(t *testing.T) {
	tests := []struct {
		service string
		refusal refusal
		code    string
		status  int
	}{
		{"sts", refuseUnsigned, "MissingAuthenticationToken", 403},
		{"sts", refuseIncomplete, "IncompleteSignature", 400},
		{"route53", refuseKey, "InvalidClientTokenId", 403},
		{"route53", refuseThrottled, "Throttling", 400},
		{"iam", refuseExpired, "ExpiredToken", 403},
		{"elbv2", refuseSkew, "SignatureDoesNotMatch", 403},
		{"ec2", refuseKey, "AuthFailure", 401},
		{"ec2", refuseExpired, "RequestExpired", 400},
		{"ec2", refuseThrottled, "RequestLimitExceeded", 503},
		{"acm", refuseKey, "UnrecognizedClientException", 400},
		{"acm", refuseSignature, "InvalidSignatureException", 400},
		{"organizations", refuseExpired, "ExpiredTokenException", 400},
		{"organizations", refuseThrottled, "ThrottlingException", 400},
		{"apigatewayv2", refuseKey, "UnrecognizedClientException", 403},
		{"apigatewayv2", refuseThrottled, "TooManyRequestsException", 429},
		{"ram", refuseThrottled, "ThrottlingException", 429},
		{"vpc-lattice", refuseThrottled, "ThrottlingException", 429},
		{"cloudfront", refuseInternal, "InternalFailure", 500},
		{"s3", refuseKey, "InvalidAccessKeyId", 403},
		{"s3", refuseSkew, "RequestTimeTooSkewed", 403},
		{"s3", refuseThrottled, "SlowDown", 503},
	}
	for _, tt := range tests {
		s, err := wire.Load(tt.service)
		if err != nil {
			t.Fatal(err)
		}
		err = refuse(s, tt.refusal, "detail")
		if got := errorCode(err); got != tt.code {
			t.Errorf("%s: code %s, want %s", tt.service, got, tt.code)
		}
		answer := s.EncodeError(err, "id")
		said := answer.Header.Get("X-Amzn-Errortype") + string(answer.Body) // rest-json has it in the header
		if answer.Status != tt.status || !strings.Contains(said, tt.code) {
			t.Errorf("%s %s: %d %s", tt.service, tt.code, answer.Status, said)
		}
		if tt.refusal == refuseThrottled && !throttlingCodes[tt.code] {
			t.Errorf("%s does not count as throttled in the log of calls", tt.code)
		}
	}
}
