package awsapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
)

// paced is the one place through which every API call of the SDK goes. It
// stands first in the stack, so that every try serializes its request anew,
// with a whole body, and signs it with the credentials and the time of that
// try. Credentials that AWS calls expired are got anew, once a call: it may end a
// session before its time, and clocks differ.
func (s *Sessions) paced(account estate.AccountID, role string, region estate.Region, p aws.CredentialsProvider) func(*middleware.Stack) error {
	var most time.Duration
	if of, ok := p.(*session); ok {
		most = of.caller.patience
	}
	step := middleware.InitializeMiddlewareFunc("orgdns/paced", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
		out middleware.InitializeOutput, meta middleware.Metadata, err error,
	) {
		service, operation := services[middleware.GetServiceID(ctx)], middleware.GetOperationName(ctx)
		costs, err := service.costs(operation, region, in.Parameters)
		if err != nil {
			return out, meta, err
		}
		call := func() error {
			return s.opt.Loop.Call(ctx, string(account), costs, most, classify, func(ctx context.Context) (err error) {
				out, meta, err = next.HandleInitialize(ctx, in)
				if s.opt.Called != nil {
					s.opt.Called(account, service.prefix, operation, err != nil && classify(err) == pace.Throttled)
				}
				if s.opt.Unanswered != nil && Unreached(err) {
					s.opt.Unanswered(transport(err))
				}
				return err
			})
		}
		used := held(p)
		if err = call(); expired[Code(err)] {
			drop(p, used)
			err = call()
		}
		if err != nil {
			err = failure(s.opt.EndpointURL, account, role, region, service, operation, err)
		}
		return out, meta, err
	})
	return func(stack *middleware.Stack) error { return stack.Initialize.Add(step, middleware.Before) }
}

// held is the key of a session that stands, empty where there is none.
func held(p aws.CredentialsProvider) string {
	s, ok := p.(*session)
	if !ok {
		return ""
	}
	s.creds.mu.Lock()
	defer s.creds.mu.Unlock()
	return s.creds.value.AccessKeyID
}

// drop lets credentials be got anew; a session only if it is still the one of
// that key, so that many calls that fail at once begin one.
func drop(p aws.CredentialsProvider, key string) {
	switch p := p.(type) {
	case *session:
		p.creds.mu.Lock()
		if p.creds.value.AccessKeyID == key {
			p.creds.until = time.Time{}
		}
		p.creds.mu.Unlock()
		if p.role == "" {
			drop(p.caller.opt.Base, "")
		}
	case interface{ Invalidate() }: // aws.CredentialsCache
		p.Invalidate()
	}
}
