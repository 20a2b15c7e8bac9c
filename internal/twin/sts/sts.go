// Package sts is the twin's Security Token Service: who calls, sessions of
// roles and of users.
//
// Not here: federation (SAML, web identity, GetFederationToken), AssumeRoot,
// MFA, and encoded authorization messages, which no service of the twin makes.
package sts

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's STS.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(getCallerIdentity),
		wire.Handle(assumeRole),
		wire.Handle(getSessionToken),
		wire.Handle(getAccessKeyInfo),
	}
}

// getCallerIdentity needs no permission and cannot be denied
// (API_GetCallerIdentity).
func getCallerIdentity(_ context.Context, c *world.Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	account := string(c.Account())
	return &sts.GetCallerIdentityOutput{Account: &account, Arn: &c.Caller.ARN, UserId: &c.Caller.ID}, nil
}

// getSessionToken needs no permission; sessions cannot ask for it
// (API_GetSessionToken).
func getSessionToken(_ context.Context, c *world.Call, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	if in.SerialNumber != nil || in.TokenCode != nil {
		return nil, c.Unsupported("SerialNumber")
	}
	if !c.Caller.IssuedAt.IsZero() {
		return nil, fail("AccessDenied", "Cannot call GetSessionToken with session credentials")
	}
	session := c.Caller
	credentials := issue(c, session, duration(in.DurationSeconds, 12*time.Hour))
	return &sts.GetSessionTokenOutput{Credentials: credentials}, nil
}

// getAccessKeyInfo reads the account that every access key ID holds
// (API_GetAccessKeyInfo).
func getAccessKeyInfo(_ context.Context, c *world.Call, in *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	if err := c.Authorize("sts:GetAccessKeyInfo", "*", nil); err != nil {
		return nil, err
	}
	id, ok := world.AccountOf(*in.AccessKeyId)
	if !ok {
		return nil, fail("ValidationError", "%s is not a valid AWS access key ID", *in.AccessKeyId)
	}
	account := string(id)
	return &sts.GetAccessKeyInfoOutput{Account: &account}, nil
}

// issue makes the credentials of a session, which ends on a whole second.
func issue(c *world.Call, session world.Caller, d time.Duration) *types.Credentials {
	k := c.State.NewSession(session, c.Now, c.Now.Add(d).Truncate(time.Second))
	return &types.Credentials{AccessKeyId: &k.AccessKey, SecretAccessKey: &k.Secret, SessionToken: &k.Token, Expiration: &k.Expires}
}

func duration(seconds *int32, otherwise time.Duration) time.Duration {
	if seconds == nil {
		return otherwise
	}
	return time.Duration(*seconds) * time.Second
}

func fail(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// active reports whether an account can be used at all.
func active(e *estate.Estate, id estate.AccountID) bool {
	a, ok := e.Accounts.Get(string(id))
	return !ok || a.Status == "" || a.Status == estate.AccountActive
}
