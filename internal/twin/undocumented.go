package twin

import (
	"errors"
	"net/http"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// ruleHeader names, in an answer of the twin, the undocumented rule by which it
// refuses.
const ruleHeader = "X-Twin-Undocumented-Rule"

// Undocumented reports whether a client's error is a refusal by a rule that no
// AWS page states, and which.
func Undocumented(err error) (rule string, ok bool) {
	var resp *smithyhttp.ResponseError
	if !errors.As(err, &resp) || resp.Response == nil {
		return "", false
	}
	rule = resp.Response.Header.Get(ruleHeader)
	return rule, rule != ""
}

// markRule says in a refusal which undocumented rule is behind it.
func markRule(r *wire.Response, err error) *wire.Response {
	var u *world.Undocumented
	if errors.As(err, &u) {
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set(ruleHeader, u.Rule)
	}
	return r
}
