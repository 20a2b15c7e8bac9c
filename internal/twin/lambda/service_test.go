package lambda

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	name := wire.Tree{"FunctionName": "f"}
	worldtest.Handlers(t, "lambda", Service(), map[string]wire.Tree{
		"CreateFunction": {"FunctionName": "f", "Role": "arn:aws:iam::111111111111:role/r", "Code": wire.Tree{}},
		"GetFunction":    name, "GetFunctionConfiguration": name, "GetFunctionCodeSigningConfig": name, "ListVersionsByFunction": name,
		"UpdateFunctionCode": name, "UpdateFunctionConfiguration": name, "DeleteFunction": name, "Invoke": name, "GetPolicy": name,
		"AddPermission":    {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "222222222222"},
		"RemovePermission": {"FunctionName": "f", "StatementId": "s"},
		"TagResource":      {"Resource": "arn:aws:lambda:eu-west-1:111111111111:function:f", "Tags": wire.Tree{}},
		"UntagResource":    {"Resource": "arn:aws:lambda:eu-west-1:111111111111:function:f", "TagKeys": []any{}},
		"ListTags":         {"Resource": "arn:aws:lambda:eu-west-1:111111111111:function:f"},
	})
}
