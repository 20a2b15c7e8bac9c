package estate

import "time"

// Statuses of a Lambda function (Lambda Developer Guide, functions-states.html).
const (
	FunctionPending = "Pending"
	FunctionActive  = "Active"
	// FunctionReleasing is of a function that is gone, and whose network
	// interfaces still stand; only the twin has such rows.
	FunctionReleasing = "Releasing"
)

// FunctionRelease is how long the network interfaces of a function may stand after
// it left its VPC or was deleted: Lambda's team told 45 minutes
// (github.com/hashicorp/terraform-provider-aws, pull 10347).
const FunctionRelease = 45 * time.Minute

// Function is a Lambda function (API_FunctionConfiguration), as far as it tells
// what runs, where, and as whom.
type Function struct {
	ARN          string            `json:"arn"`
	Name         string            `json:"name"`
	Account      AccountID         `json:"account"`
	Region       Region            `json:"region"`
	Role         string            `json:"role"` // ARN
	Code         string            `json:"code"` // CodeSha256
	Architecture string            `json:"architecture"`
	Runtime      string            `json:"runtime,omitempty"`
	Handler      string            `json:"handler,omitempty"`
	Variables    map[string]string `json:"variables,omitempty"` // of the environment
	VPC          string            `json:"vpc,omitempty"`       // empty: it runs in none
	Subnets      []string          `json:"subnets,omitempty"`
	Groups       []string          `json:"groups,omitempty"`
	Status       string            `json:"status"`
}

func (f Function) Key() string { return f.ARN }
func (f Function) IndexKeys() []string {
	return []string{ByRegion(f.Account, f.Region), ByVPC(f.VPC)}
}
