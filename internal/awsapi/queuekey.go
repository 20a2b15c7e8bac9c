package awsapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/plan"
)

// queueKeys is the statement by which SQS may use the KMS keys of queues with the
// permissions of who calls it.
const queueKeys = "QueueKeys"

// queueKeys is the key of a permission. A policy cannot name it by its alias, nor by
// its ID alone (KMS Developer Guide, cmks-in-iam-policies.html).
func (a arns) queueKeys(p plan.Permission) []string {
	here := fmt.Sprintf("arn:%s:kms:%s:", a.partition, a.region(p))
	head, _, alias := strings.Cut(p.Key, "alias/")
	switch {
	case p.Key == "" || a.wide: // of any account
		return []string{here + "*:key/*"}
	case alias && head != "":
		return []string{head + "key/*"}
	case alias:
		return []string{here + string(a.account) + ":key/*"}
	case strings.HasPrefix(p.Key, "arn:"):
		return []string{p.Key}
	}
	return []string{here + string(a.account) + ":key/" + p.Key}
}

// throughQueues limits the use of keys to what SQS asks for, and of keys that are
// named by alias to those that bear it (KMS Developer Guide, conditions-kms.html,
// kms:ViaService, whose values are the same in all partitions, and
// kms:ResourceAliases).
func (a arns) throughQueues(permissions []plan.Permission) conditions {
	var services, aliases []string
	all := !a.wide
	for _, p := range permissions {
		services = append(services, "sqs."+a.region(p)+".amazonaws.com")
		_, name, ok := strings.Cut(p.Key, "alias/")
		aliases, all = append(aliases, "alias/"+name), all && ok
	}
	slices.Sort(services)
	c := conditions{"StringLike": {"kms:ViaService": slices.Compact(services)}}
	if all {
		c.ForAny("StringEquals", "kms:ResourceAliases", aliases)
	}
	return c
}
