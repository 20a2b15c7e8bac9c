package sqs

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// What a queue that a KMS key encrypts asks of those who use it (Developer Guide,
// sqs-key-management.html, "Configure KMS permissions for producers", "for
// consumers" and "for AWS services").
var keyUses = map[string][]string{
	"sqs:SendMessage":    {"kms:GenerateDataKey", "kms:Decrypt"},
	"sqs:ReceiveMessage": {"kms:Decrypt"},
}

// keyOf is the key of a queue. An alias may be that of any key of the account:
// the twin has none.
func keyOf(q estate.Queue) string {
	prefix := "arn:aws:kms:" + string(q.Region) + ":" + string(q.Account) + ":"
	switch name := strings.TrimPrefix(q.KMSKey, prefix); {
	case strings.HasPrefix(name, "arn:"):
		return name
	case strings.HasPrefix(name, "alias/"):
		return prefix + "key/*"
	default:
		return prefix + "key/" + strings.TrimPrefix(name, "key/")
	}
}

// ofAWS reports whether AWS manages the key: its policy lets all use it who may
// use the queue, and no service of AWS.
func ofAWS(q estate.Queue) bool { return strings.Contains(q.KMSKey, "alias/aws/") }

// useKey judges the caller's use of a queue's key. In the key's own account IAM
// policies are enough, as the default key policy has it.
func useKey(c *world.Call, q estate.Queue, action string) error {
	if q.KMSKey == "" || ofAWS(q) {
		return nil
	}
	p, _ := c.Estate().ResourcePolicies.Get(keyOf(q))
	for _, use := range keyUses[action] {
		if err := iam.Authorize(c, use, iam.Resource{ARN: keyOf(q), Account: q.Account, Policy: p.Document}, nil); err != nil {
			return keyDenied(err)
		}
	}
	return nil
}

// lendKey judges the use of a queue's key by a service of AWS, which the key's
// policy alone can permit. A key that nobody knows is taken for one that does.
func lendKey(c *world.Call, q estate.Queue, authorize func(action string, r iam.Resource) error) error {
	if q.KMSKey == "" {
		return nil
	}
	p, known := c.Estate().ResourcePolicies.Get(keyOf(q))
	if !known && !ofAWS(q) {
		return nil
	}
	for _, use := range keyUses["sqs:SendMessage"] {
		if err := authorize(use, iam.Resource{ARN: keyOf(q), Account: q.Account, Policy: p.Document}); err != nil {
			return keyDenied(err)
		}
	}
	return nil
}

func keyDenied(err error) error {
	return &types.KmsAccessDenied{Message: aws.String(err.Error()), ErrorCodeOverride: aws.String("KMS.AccessDeniedException")}
}
