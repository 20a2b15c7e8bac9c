// Package kms is the twin's AWS KMS as far as key policies go: customer managed
// keys, what their policies say, and their end.
//
// Not here: cryptography, aliases, grants, AWS managed keys, key stores of one's
// own, and access by a key's policy: who may do what with a key is judged by IAM
// policies alone, as by the default key policy; so a policy that locks its author
// out is not refused either.
package kms

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's KMS.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createKey), wire.Handle(describeKey), wire.Handle(listKeys), wire.Handle(scheduleKeyDeletion),
		wire.Handle(getKeyPolicy), wire.Handle(putKeyPolicy), wire.Handle(listKeyPolicies),
	}
}

const (
	// policyName is the only name that a key policy has (API_GetKeyPolicy).
	policyName = "default"
	// keyPage is how many keys a list has where no limit is given (API_ListKeys).
	keyPage = 100
	// deletionDays is the waiting period where none is given
	// (API_ScheduleKeyDeletion).
	deletionDays = 30
)

// key is what the estate does not hold of a key: it holds the policy, which
// every key has.
type key struct {
	description string
	created     time.Time
	usage       types.KeyUsageType
	spec        types.KeySpec
	deleted     time.Time // when it is gone; zero while it is in use
}

// keys are by ARN. A key that the estate knows by its policy alone is an
// ordinary one.
var keys = world.Private[key]{Name: "kms.keys"}

func fail(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func arnOf(c *world.Call, id string) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", c.Region, c.Account(), id)
}

// find asks for a permission on a key, and finds it: by ID or ARN, in the
// caller's account and Region. What was scheduled to go is gone once its time
// has come.
func find(c *world.Call, id *string) (estate.ResourcePolicy, key, error) {
	arn := aws.ToString(id)
	if !strings.HasPrefix(arn, "arn:") {
		arn = arnOf(c, arn)
	}
	if err := c.Authorize("kms:"+c.Operation, arn, nil); err != nil {
		return estate.ResourcePolicy{}, key{}, err
	}
	p, ok := c.Estate().ResourcePolicies.Get(arn)
	k, _ := keys.Get(c.State, arn)
	if !ok || !strings.HasPrefix(arn, arnOf(c, "")) || gone(c, k) {
		return p, k, fail("NotFoundException", "Key '%s' does not exist", arn)
	}
	return p, k, nil
}

func gone(c *world.Call, k key) bool { return !k.deleted.IsZero() && !c.Now.Before(k.deleted) }

// defaultPolicy leaves the key to the account's IAM policies (Developer Guide,
// key-policy-default.html).
func defaultPolicy(account estate.AccountID) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",`+
		`"Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`, account)
}

func checkPolicy(text string) error {
	var doc map[string]any
	if json.Unmarshal([]byte(text), &doc) != nil || doc["Statement"] == nil {
		return fail("MalformedPolicyDocumentException", "The policy is not a JSON document with statements.")
	}
	return nil
}

func createKey(_ context.Context, c *world.Call, in *kms.CreateKeyInput) (*kms.CreateKeyOutput, error) {
	if err := c.Authorize("kms:CreateKey", "*", nil); err != nil {
		return nil, err
	}
	if in.CustomKeyStoreId != nil || in.XksKeyId != nil || aws.ToBool(in.MultiRegion) || in.Origin != "" && in.Origin != types.OriginTypeAwsKms {
		return nil, c.Unsupported("keys of a store, of several Regions, or with material of one's own")
	}
	policy := defaultPolicy(c.Account())
	if in.Policy != nil {
		policy = *in.Policy
	}
	if err := checkPolicy(policy); err != nil {
		return nil, err
	}
	k := key{description: aws.ToString(in.Description), created: c.Now, usage: in.KeyUsage, spec: in.KeySpec}
	hex := c.State.HexID(c.Account(), "key", string(c.Region), 32)
	id := fmt.Sprintf("%s-%s-%s-%s-%s", hex[:8], hex[8:12], hex[12:16], hex[16:20], hex[20:])
	p := estate.ResourcePolicy{ARN: arnOf(c, id), Account: c.Account(), Region: c.Region, Document: policy}
	c.Estate().ResourcePolicies.Put(p)
	keys.Put(c.State, p.ARN, k)
	return &kms.CreateKeyOutput{KeyMetadata: metadata(p, k)}, nil
}

// idOf is the last part of a key's ARN.
func idOf(p estate.ResourcePolicy) string { return p.ARN[strings.LastIndexByte(p.ARN, '/')+1:] }

func metadata(p estate.ResourcePolicy, k key) *types.KeyMetadata {
	m := &types.KeyMetadata{
		KeyId: aws.String(idOf(p)), Arn: aws.String(p.ARN), AWSAccountId: aws.String(string(p.Account)), CreationDate: aws.Time(k.created),
		Description: aws.String(k.description), Enabled: k.deleted.IsZero(), KeyState: types.KeyStateEnabled, KeyManager: types.KeyManagerTypeCustomer,
		KeyUsage: k.usage, KeySpec: k.spec, Origin: types.OriginTypeAwsKms, MultiRegion: aws.Bool(false),
	}
	if m.KeyUsage == "" { // API_CreateKey, KeyUsage and KeySpec
		m.KeyUsage = types.KeyUsageTypeEncryptDecrypt
	}
	if m.KeySpec == "" {
		m.KeySpec = types.KeySpecSymmetricDefault
	}
	if !k.deleted.IsZero() {
		m.KeyState, m.DeletionDate = types.KeyStatePendingDeletion, aws.Time(k.deleted)
	}
	return m
}

func describeKey(_ context.Context, c *world.Call, in *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
	p, k, err := find(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	return &kms.DescribeKeyOutput{KeyMetadata: metadata(p, k)}, nil
}

// listKeys lists by ID, those that wait for their end, too.
func listKeys(_ context.Context, c *world.Call, in *kms.ListKeysInput) (*kms.ListKeysOutput, error) {
	if err := c.Authorize("kms:ListKeys", "*", nil); err != nil {
		return nil, err
	}
	after, err := base64.RawURLEncoding.DecodeString(aws.ToString(in.Marker))
	if err != nil {
		return nil, fail("InvalidMarkerException", "The marker is not valid.")
	}
	limit := keyPage
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	var arns []string
	for p := range c.Estate().ResourcePolicies.By(estate.ByRegion(c.Account(), c.Region)) {
		if k, _ := keys.Get(c.State, p.ARN); strings.HasPrefix(p.ARN, arnOf(c, "")) && !gone(c, k) && p.ARN > string(after) {
			arns = append(arns, p.ARN)
		}
	}
	slices.Sort(arns)
	out := &kms.ListKeysOutput{Keys: []types.KeyListEntry{}}
	if len(arns) > limit {
		arns = arns[:limit]
		out.Truncated, out.NextMarker = true, aws.String(base64.RawURLEncoding.EncodeToString([]byte(arns[limit-1])))
	}
	for _, arn := range arns {
		out.Keys = append(out.Keys, types.KeyListEntry{KeyArn: aws.String(arn), KeyId: aws.String(idOf(estate.ResourcePolicy{ARN: arn}))})
	}
	return out, nil
}

// scheduleKeyDeletion: a key that waits for its end already is refused
// (Developer Guide, key-state.html).
func scheduleKeyDeletion(_ context.Context, c *world.Call, in *kms.ScheduleKeyDeletionInput) (*kms.ScheduleKeyDeletionOutput, error) {
	p, k, err := find(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	if !k.deleted.IsZero() {
		return nil, fail("KMSInvalidStateException", "%s is pending deletion.", p.ARN)
	}
	days := int32(deletionDays)
	if in.PendingWindowInDays != nil {
		days = *in.PendingWindowInDays
	}
	k.deleted = c.Now.AddDate(0, 0, int(days))
	keys.Put(c.State, p.ARN, k)
	return &kms.ScheduleKeyDeletionOutput{
		KeyId: aws.String(p.ARN), DeletionDate: aws.Time(k.deleted), KeyState: types.KeyStatePendingDeletion, PendingWindowInDays: aws.Int32(days),
	}, nil
}

func named(name *string) error {
	if n := aws.ToString(name); n != "" && n != policyName {
		return fail("NotFoundException", "No such policy exists")
	}
	return nil
}

func getKeyPolicy(_ context.Context, c *world.Call, in *kms.GetKeyPolicyInput) (*kms.GetKeyPolicyOutput, error) {
	p, _, err := find(c, in.KeyId)
	if err == nil {
		err = named(in.PolicyName)
	}
	if err != nil {
		return nil, err
	}
	return &kms.GetKeyPolicyOutput{Policy: aws.String(p.Document), PolicyName: aws.String(policyName)}, nil
}

func putKeyPolicy(_ context.Context, c *world.Call, in *kms.PutKeyPolicyInput) (*kms.PutKeyPolicyOutput, error) {
	p, _, err := find(c, in.KeyId)
	if err == nil {
		err = named(in.PolicyName)
	}
	if err == nil {
		err = checkPolicy(aws.ToString(in.Policy))
	}
	if err != nil {
		return nil, err
	}
	p.Document = *in.Policy
	c.Estate().ResourcePolicies.Put(p)
	return &kms.PutKeyPolicyOutput{}, nil
}

func listKeyPolicies(_ context.Context, c *world.Call, in *kms.ListKeyPoliciesInput) (*kms.ListKeyPoliciesOutput, error) {
	if _, _, err := find(c, in.KeyId); err != nil {
		return nil, err
	}
	return &kms.ListKeyPoliciesOutput{PolicyNames: []string{policyName}}, nil
}
