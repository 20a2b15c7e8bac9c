package world

import (
	"context"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
)

// Function is a function of orgdns's own that Lambda runs in this process. It
// is called inside a transaction and gets values: it must not wait, nor call the
// world. Its error is the function's own, which Invoke gives to the caller.
type Function func(context.Context, Invocation) (payload []byte, err error)

// Invocation is a call of a Lambda function, where it runs, and all that there
// is as of now.
type Invocation struct {
	Function string // ARN
	Account  estate.AccountID
	Region   estate.Region
	// VPC with Subnets and Groups is where the function runs; empty for none.
	VPC     string
	Subnets []string
	Groups  []string
	Payload []byte
	Estate  estate.Estate
	Now     time.Time
}
