package awsapi

import (
	"context"

	"github.com/aws/smithy-go/middleware"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
)

// paced is the one place through which every API call of the SDK goes. It
// stands first in the stack, so that every try serializes its request anew,
// with a whole body, and signs it with the credentials and the time of that
// try.
func (s *Sessions) paced(account estate.AccountID, role string, region estate.Region) func(*middleware.Stack) error {
	step := middleware.InitializeMiddlewareFunc("orgdns/paced", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
		out middleware.InitializeOutput, meta middleware.Metadata, err error,
	) {
		service, operation := services[middleware.GetServiceID(ctx)], middleware.GetOperationName(ctx)
		costs, err := service.costs(operation, region, in.Parameters)
		if err != nil {
			return out, meta, err
		}
		err = s.opt.Loop.Call(ctx, string(account), costs, classify, func(ctx context.Context) (err error) {
			out, meta, err = next.HandleInitialize(ctx, in)
			if s.opt.Called != nil {
				s.opt.Called(account, service.prefix, operation, err != nil && classify(err) == pace.Throttled)
			}
			return err
		})
		if err != nil {
			err = failure(account, role, region, service, operation, err)
		}
		return out, meta, err
	})
	return func(stack *middleware.Stack) error { return stack.Initialize.Add(step, middleware.Before) }
}
