package awsapi

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/orgdns/orgdns/internal/estate"
)

// readIdentity tells who runs orgdns; with an account it proves that the
// account can be reached, and that it is the one.
func (c *caller) readIdentity(ctx context.Context, q estate.Query) (Patch, error) {
	if q.Account == "" {
		who, err := c.whoami(ctx)
		return func(e *estate.Estate) { e.Caller = estate.Caller{Account: who.account, ARN: who.arn} }, err
	}
	out, err := c.sts(q.Account).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	if got := estate.AccountID(aws.ToString(out.Account)); got != q.Account {
		return nil, fmt.Errorf("account %s is reached as %s, which is in account %s; its role must be one of its own",
			q.Account, aws.ToString(out.Arn), got)
	}
	return func(e *estate.Estate) {
		if _, known := e.Accounts.Get(string(q.Account)); !known {
			e.Accounts.Put(estate.Account{ID: q.Account})
		}
	}, nil
}
