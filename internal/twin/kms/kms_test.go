package kms

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	worldtest.Handlers(t, "kms", Service(), nil)
}

// do calls a handler, and gives the code of its refusal.
func do[I, O any](cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) (*O, string) {
	out, err := worldtest.Do(cl, h, in)
	var api smithy.APIError
	if errors.As(err, &api) {
		return out, api.ErrorCode()
	}
	return out, ""
}

func TestKeys(t *testing.T) {
	cl, clock := worldtest.New()
	var ids []string
	for range 3 {
		out, code := do(cl, createKey, &kms.CreateKeyInput{Description: aws.String("data")})
		if code != "" {
			t.Fatal(code)
		}
		ids = append(ids, *out.KeyMetadata.KeyId)
		if m := out.KeyMetadata; !m.Enabled || m.KeySpec != types.KeySpecSymmetricDefault || m.KeyManager != types.KeyManagerTypeCustomer {
			t.Errorf("made %+v", m)
		}
	}
	var listed []string
	in := &kms.ListKeysInput{Limit: aws.Int32(2)}
	for pages := 0; pages < 3; pages++ {
		out, code := do(cl, listKeys, in)
		if code != "" {
			t.Fatal(code)
		}
		for _, k := range out.Keys {
			listed = append(listed, *k.KeyId)
		}
		if in.Marker = out.NextMarker; !out.Truncated {
			break
		}
	}
	if len(listed) != 3 || in.Marker != nil {
		t.Errorf("listed %v of %v", listed, ids)
	}
	for _, other := range []worldtest.Client{cl.In("222222222222", ""), cl.In("", "eu-central-1")} {
		if out, _ := do(other, listKeys, &kms.ListKeysInput{}); len(out.Keys) != 0 {
			t.Errorf("somebody else sees %v", out.Keys)
		}
		if _, code := do(other, describeKey, &kms.DescribeKeyInput{KeyId: &ids[0]}); code != "NotFoundException" {
			t.Errorf("somebody else's key: %q", code)
		}
	}

	got, _ := do(cl, getKeyPolicy, &kms.GetKeyPolicyInput{KeyId: &ids[0]})
	if !strings.Contains(aws.ToString(got.Policy), "arn:aws:iam::111111111111:root") {
		t.Errorf("policy of a new key: %s", aws.ToString(got.Policy))
	}
	const policy = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}`
	for _, tt := range []struct{ name, policy, code string }{
		{"default", policy, ""}, {"", policy, ""}, {"other", policy, "NotFoundException"},
		{"", "{", "MalformedPolicyDocumentException"}, {"", "{}", "MalformedPolicyDocumentException"},
	} {
		in := &kms.PutKeyPolicyInput{KeyId: &ids[0], Policy: &tt.policy}
		if tt.name != "" {
			in.PolicyName = &tt.name
		}
		if _, code := do(cl, putKeyPolicy, in); code != tt.code {
			t.Errorf("%+v: %q", tt, code)
		}
	}
	if p, _ := cl.World.Estate().ResourcePolicies.Get("arn:aws:kms:eu-west-1:111111111111:key/" + ids[0]); p.Document != policy {
		t.Errorf("the estate holds %+v", p)
	}
	if names, _ := do(cl, listKeyPolicies, &kms.ListKeyPoliciesInput{KeyId: &ids[0]}); len(names.PolicyNames) != 1 {
		t.Errorf("policies %v", names.PolicyNames)
	}

	end, code := do(cl, scheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: &ids[0], PendingWindowInDays: aws.Int32(7)})
	if code != "" || !end.DeletionDate.Equal(worldtest.Start.AddDate(0, 0, 7)) {
		t.Errorf("%q, gone at %v", code, end)
	}
	if _, code := do(cl, scheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: &ids[0]}); code != "KMSInvalidStateException" {
		t.Errorf("again: %q", code)
	}
	if _, code := do(cl, getKeyPolicy, &kms.GetKeyPolicyInput{KeyId: &ids[0]}); code != "" {
		t.Errorf("the policy of a key that waits for its end: %q", code)
	}
	clock.Advance(7 * 24 * time.Hour)
	if _, code := do(cl, describeKey, &kms.DescribeKeyInput{KeyId: &ids[0]}); code != "NotFoundException" {
		t.Errorf("after its end: %q", code)
	}
	if out, _ := do(cl, listKeys, &kms.ListKeysInput{}); len(out.Keys) != 2 {
		t.Errorf("after the end of one: %d keys", len(out.Keys))
	}
}

// TestKnownByPolicy: a key that was read from AWS by its policy is there.
func TestKnownByPolicy(t *testing.T) {
	cl, _ := worldtest.New()
	arn := "arn:aws:kms:eu-west-1:111111111111:key/1234"
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.ResourcePolicies.Put(estate.ResourcePolicy{ARN: arn, Account: "111111111111", Region: "eu-west-1", Document: "{}"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if out, code := do(cl, describeKey, &kms.DescribeKeyInput{KeyId: &arn}); code != "" || *out.KeyMetadata.KeyId != "1234" {
		t.Errorf("%q", code)
	}
}
