package world

import (
	"fmt"
	"net/http"

	"github.com/aws/smithy-go"
)

// Unsupported refuses an input member that AWS knows and the twin does not
// have, rather than let a call seem to succeed. It answers like an operation
// that the twin lacks: 501 NotImplementedByTwin.
func (c *Call) Unsupported(member string) error {
	return NotImplemented(fmt.Sprintf("The twin does not have the parameter %s of %s of %s", member, c.Operation, c.Service))
}

// NotImplemented is a refusal like Unsupported in words of one's own.
func NotImplemented(message string) error {
	return &unsupported{smithy.GenericAPIError{Code: "NotImplementedByTwin", Message: message, Fault: smithy.FaultServer}}
}

type unsupported struct{ smithy.GenericAPIError }

// HTTPStatusCode is 501.
func (*unsupported) HTTPStatusCode() int { return http.StatusNotImplemented }
