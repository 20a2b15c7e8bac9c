package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/orgdns/orgdns/internal/pace"
)

func api(code string, status int) error {
	return &smithy.OperationError{ServiceID: "S", OperationName: "O", Err: answered(status, &smithy.GenericAPIError{Code: code, Message: "m"})}
}

func answered(status int, err error) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}
}

func TestClassify(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want pace.Class
	}{
		{"Route 53's rate", api("Throttling", 400), pace.Throttled},
		{"its newer form", api("ThrottlingException", 400), pace.Throttled},
		{"EC2's rate", api("RequestLimitExceeded", 503), pace.Throttled},
		{"Organizations' rate", api("TooManyRequestsException", 400), pace.Throttled},
		{"S3's rate", api("SlowDown", 503), pace.Throttled},
		{"429 without a code", answered(429, errors.New("no body")), pace.Throttled},
		{"another change of the zone", api("PriorRequestNotComplete", 400), pace.Busy},
		{"another association", api("ConcurrentModification", 400), pace.Busy},
		{"an unknown code with 500", api("Whatever", 500), pace.Doubt},
		{"503 without a body", answered(503, errors.New("no body")), pace.Doubt},
		{"an answer cut off", answered(200, &smithy.DeserializationError{Err: errors.New("EOF")}), pace.Doubt},
		{"a fault with 400", api("ServiceException", 400), pace.Doubt},
		{"no connection", &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, pace.Doubt},
		{"a network error unwrapped", &net.OpError{Op: "read", Err: errors.New("reset")}, pace.Doubt},
		{"a refused batch", api("InvalidChangeBatch", 400), pace.Final},
		{"no permission", api("AccessDenied", 403), pace.Final},
		{"a quota of things", api("TooManyHostedZones", 400), pace.Final},
		{"ACM's quota of things", api("LimitExceededException", 400), pace.Final},
		{"invalid input found here", &smithy.InvalidParamsError{}, pace.Final},
		{"a role that could not be assumed for a fault", fmt.Errorf("get identity: %w", &RoleError{Err: api("InternalFailure", 500)}), pace.Final},
		{"the run's end", context.Canceled, pace.Final},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := classify(tt.err); got != tt.want {
				t.Errorf("class %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDenied(t *testing.T) {
	for code, want := range map[string]bool{
		"AccessDenied": true, "AccessDeniedException": true, "UnauthorizedOperation": true,
		"NoSuchHostedZone": false, "ExpiredToken": false,
	} {
		err := fmt.Errorf("around: %w", api(code, 403))
		if Code(err) != code || Denied(err) != want {
			t.Errorf("%s: code %q, denied %v", code, Code(err), Denied(err))
		}
	}
	if Code(errors.New("other")) != "" || Denied(nil) {
		t.Error("an error of another kind has a code")
	}
}
