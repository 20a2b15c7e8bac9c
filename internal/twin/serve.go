package twin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/acm"
	"github.com/orgdns/orgdns/internal/twin/ec2"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/lattice"
	"github.com/orgdns/orgdns/internal/twin/sigv4"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// serve is the one path of every API call, whichever door it came through:
// route, authenticate, rates, faults, decode and validate, the handler in a
// transaction, encode, log. The error is a transport fault: there is no answer.
func (t *Twin) serve(ctx context.Context, req *http.Request) (*wire.Response, error) {
	id := t.requestID()
	body, err := wire.ReadBody(req)
	if tooLarge, ok := errors.AsType[*wire.Error](err); ok {
		return t.plainError(tooLarge), nil
	} else if err != nil {
		return nil, err // the client went away
	}
	if body, err = sigv4.Content(req, body); err != nil {
		return t.plainError(&wire.Error{Code: "IncompleteBody", Message: err.Error(), Status: 400}), nil
	}
	signature, unsigned := sigv4.Parse(req)
	signing := ""
	if signature != nil {
		signing = signature.Service
	}
	request, err := t.assembly.router.Route(req, body, signing)
	if err != nil {
		return t.unrouted(req, signing, err, id), nil
	}
	c := &call{twin: t, request: request, service: t.assembly.services[request.Operation.Service.Name], id: id, answered: func() {}}
	c.key = world.CallKey{Service: request.Operation.Service.Name, Operation: request.Operation.Name}
	response, err := c.answer(ctx, signature, unsigned)
	if response != nil {
		response.Header.Set("Date", t.world.Now().Format(http.TimeFormat))
	}
	return response, err
}

// call is an API call on its way.
type call struct {
	twin    *Twin
	request *wire.Request
	service *service
	id      string
	key     world.CallKey
	caller  world.Caller
	// answered ends what the call holds until its answer.
	answered func()
}

func (c *call) answer(ctx context.Context, signature *sigv4.Signature, unsigned error) (*wire.Response, error) {
	s := c.request.Operation.Service
	if err := c.authenticate(signature, unsigned); err != nil {
		return c.refused(err), nil
	}
	if !c.takeRates() {
		return c.refused(refuse(s, refuseThrottled, "")), nil
	}
	fault, hit := c.twin.world.Fault(c.key)
	switch fault.Kind {
	case world.FaultThrottle:
		return c.refused(refuse(s, refuseThrottled, "")), nil
	case world.FaultServer:
		return c.refused(refuse(s, refuseInternal, "")), nil
	case world.FaultTimeout, world.FaultReset:
		c.log(string(fault.Kind), false)
		return nil, c.twin.interrupt(ctx, fault, c.key)
	}
	defer func() { c.answered() }()
	response, err := c.work(ctx, fault)
	if hit && err == nil {
		err = c.twin.interrupt(ctx, fault, c.key)
	}
	if err != nil {
		return nil, err
	}
	return response, nil
}

// work does what was asked for, and logs it.
func (c *call) work(ctx context.Context, fault world.Fault) (*wire.Response, error) {
	op := c.request.Operation
	in, err := c.request.Decode()
	if err == nil {
		err = op.Validate(in)
	}
	if err == nil && !c.service.mux.Has(op.Name) {
		err = &wire.NotImplementedError{Service: op.Service, Operation: op.Name}
	}
	if err != nil {
		return c.refused(err), nil
	}
	var out wire.Tree
	var wait *world.Wait
	since := c.twin.world.Now()
	transaction := func(state *world.State) (err error) {
		wc := &world.Call{
			World: c.twin.world, State: state, Caller: c.caller,
			Region: c.key.Region, Service: c.key.Service, Operation: c.key.Operation,
			RequestID: c.id, Now: c.twin.world.Now(), Since: since,
		}
		state.Admit(c.caller.Account)
		wc.Authorize = iam.Authorizer(wc)
		settle(ctx, wc)
		ec2.Settle(state, wc.Now) // of a private name AWS sees what stands before the call
		lattice.Settle(state, wc.Now)
		if c.key.Service != "route53" {
			acm.Settle(state, wc.Now) // services see certificates as they are now
		}
		out, err = c.service.mux.Serve(ctx, wc, op, in)
		if err == nil {
			err = record(wc, in, out)
		}
		if err == nil && fault.Kind == world.FaultSlow {
			c.answered = wc.Hold()
		}
		wait = nil
		if err == nil {
			wait = wc.Waiting(next(state))
		}
		if err == nil && c.key.Service == "route53" && !c.key.Reads() {
			acm.Settle(state, wc.Now) // a validation record counts from the change on
		}
		return err
	}
	if fault.Kind == world.FaultStale {
		err = c.twin.world.Past(fault.Delay, transaction)
	} else {
		err = c.twin.world.Update(transaction)
		for err == nil && wait != nil {
			if err := wait.For(ctx); err != nil {
				return nil, err
			}
			err = c.twin.world.Update(transaction)
		}
	}
	if err != nil {
		return c.refused(err), nil
	}
	response, err := op.Encode(out, c.id)
	if err != nil {
		return c.refused(err), nil
	}
	c.log("", !c.key.Reads())
	return response, nil
}

// refused logs a refusal and encodes it.
func (c *call) refused(err error) *wire.Response {
	code := errorCode(err)
	c.log(code, false)
	return markRule(c.request.Operation.Service.EncodeError(err, c.id), err)
}

// errorCode is the code of an AWS error, InternalFailure of any other.
func errorCode(err error) string {
	if coded, ok := errors.AsType[smithy.APIError](err); ok {
		return coded.ErrorCode()
	}
	return "InternalFailure"
}

func (c *call) log(code string, changed bool) {
	c.twin.world.Logged(c.key, code, throttlingCodes[code], changed)
}

// throttlingCodes are the codes that say that a rate was exceeded.
var throttlingCodes = map[string]bool{
	"Throttling": true, "ThrottlingException": true, "TooManyRequestsException": true,
	"RequestLimitExceeded": true, "SlowDown": true,
}

// authenticate finds out who calls, in which account and Region.
func (c *call) authenticate(signature *sigv4.Signature, unsigned error) error {
	s := c.request.Operation.Service
	c.key.Region = estate.Region("us-east-1")
	if signature != nil && !c.service.global {
		c.key.Region = estate.Region(signature.Region)
	}
	if signature == nil {
		e, _ := errors.AsType[*sigv4.Error](unsigned) // Parse has no other
		switch {
		case e.Reason == sigv4.Missing && c.request.Operation.Unsigned:
			return nil
		case e.Reason == sigv4.Missing:
			return refuse(s, refuseUnsigned, e.Message)
		case e.Reason == sigv4.Incomplete:
			return refuse(s, refuseIncomplete, e.Message)
		}
		return refuse(s, refuseSignature, e.Message)
	}
	w := c.twin.world
	credential, known := w.Credential(signature.AccessKey)
	if !known || credential.Token != signature.Token {
		return refuse(s, refuseKey, "")
	}
	if err := signature.Verify(c.request.HTTP, c.request.Body, credential.Secret); err != nil {
		return refuse(s, refuseSignature, err.Error())
	}
	if err := c.twin.fresh(signature); err != nil {
		return refuse(s, refuseSkew, err.Error())
	}
	c.caller = credential.Caller
	c.key.Account = c.caller.Account
	if !credential.Expires.IsZero() && !w.Now().Before(credential.Expires) {
		return refuse(s, refuseExpired, "")
	}
	if a, err := netip.ParseAddrPort(c.request.HTTP.RemoteAddr); err == nil {
		c.caller.SourceIP = a.Addr().Unmap()
	}
	return nil
}

// fresh judges the date of a request by the world's clock. Clients of a server
// whose clock was moved sign with wall time plus what an earlier answer's Date
// told them: anything between wall time and the world's is theirs.
func (t *Twin) fresh(s *sigv4.Signature) error {
	now := t.world.Now()
	if t.clientTime != nil {
		if client := t.clientTime(); s.Date.Before(client) {
			now = client
		} else if s.Date.Before(now) {
			now = s.Date
		}
	}
	return s.Fresh(now)
}

// takeRates takes the tokens of a request.
func (c *call) takeRates() bool {
	r := c.service.rates
	if r.action == nil {
		return true
	}
	w, bucket := c.twin.world, fmt.Sprintf("%s/requests/%s/%s/", c.key.Service, c.key.Account, c.key.Region)
	return w.Take(bucket+c.key.Operation, r.action(c.key.Operation), 1) && (r.all == world.Rate{} || w.Take(bucket, r.all, 1))
}

// requestID makes an identifier from how many requests there were before, so
// that runs compare.
func (t *Twin) requestID() string {
	h := sha256.Sum256(fmt.Appendf(nil, "request/%d", t.requests.Add(1)))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// unrouted answers a request whose operation is unknown, in the protocol of the
// service if there is one.
func (t *Twin) unrouted(req *http.Request, signing string, err error, id string) *wire.Response {
	var s *wire.Service
	key := world.CallKey{}
	if missing, ok := errors.AsType[*wire.NotImplementedError](err); ok {
		s, key.Operation = missing.Service, missing.Operation
	} else if refused, ok := errors.AsType[*wire.Error](err); ok {
		s = refused.Service
	}
	if s == nil {
		t.world.Logged(world.CallKey{Service: signing}, unknownService, false, false)
		return noService(req, signing, t.assembly.names)
	}
	key.Service = s.Name
	t.world.Logged(key, errorCode(err), false, false)
	return s.EncodeError(err, id)
}

// plainError answers where no protocol is known.
func (t *Twin) plainError(e *wire.Error) *wire.Response {
	return &wire.Response{
		Status: e.Status,
		Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
		Body:   []byte(e.Error() + "\n"),
	}
}
