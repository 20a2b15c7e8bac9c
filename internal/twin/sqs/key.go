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

// keyOf is the key of a queue, and the alias by which the queue names it. The twin
// has no aliases: such a key has no ID, that alias, and no other.
func keyOf(q estate.Queue) (arn, alias string) {
	prefix := "arn:aws:kms:" + string(q.Region) + ":" + string(q.Account) + ":"
	head, name, named := strings.Cut(q.KMSKey, "alias/")
	switch {
	case named && head != "": // of another account, perhaps
		return head + "key/*", "alias/" + name
	case named:
		return prefix + "key/*", "alias/" + name
	case strings.HasPrefix(q.KMSKey, "arn:"):
		return q.KMSKey, ""
	}
	return prefix + "key/" + q.KMSKey, ""
}

// viaSQS are the condition keys of what SQS asks of KMS with the permissions of who
// called it (KMS Developer Guide, conditions-kms.html; IAM User Guide,
// access_forward_access_sessions.html).
func viaSQS(c *world.Call, q estate.Queue) world.Conditions {
	out := world.Conditions{
		"kms:viaservice": {"sqs." + string(q.Region) + ".amazonaws.com"}, "kms:calleraccount": {string(c.Account())},
		"aws:viaawsservice": {"true"}, "aws:calledvia": {"sqs.amazonaws.com"}, "aws:calledviafirst": {"sqs.amazonaws.com"}, "aws:calledvialast": {"sqs.amazonaws.com"},
	}
	if _, alias := keyOf(q); alias != "" {
		out["kms:resourcealiases"] = []string{alias}
	}
	return out
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
	key, _ := keyOf(q)
	p, _ := c.Estate().ResourcePolicies.Get(key)
	for _, use := range keyUses[action] {
		if err := iam.Authorize(c, use, iam.Resource{ARN: key, Account: q.Account, Policy: p.Document}, viaSQS(c, q)); err != nil {
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
	key, _ := keyOf(q)
	p, known := c.Estate().ResourcePolicies.Get(key)
	if !known && !ofAWS(q) {
		return nil
	}
	for _, use := range keyUses["sqs:SendMessage"] {
		if err := authorize(use, iam.Resource{ARN: key, Account: q.Account, Policy: p.Document}); err != nil {
			return keyDenied(err)
		}
	}
	return nil
}

func keyDenied(err error) error {
	return &types.KmsAccessDenied{Message: aws.String(err.Error()), ErrorCodeOverride: aws.String("KMS.AccessDeniedException")}
}
