package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// LatticeEvents is what `orgdns deploy lattice` makes: how the accounts that were
// granted names tell of their VPC Lattice services.
type LatticeEvents struct {
	Source
	Account    AccountRef    // the networking account: bus, queues, parameter
	Region     estate.Region // of these; empty: the account's first
	Tag        string        // the tag key whose changes are told
	CloudTrail bool          // API calls are told as well
	Guidance   bool          // what AWS's guidance sends is taken in as well
	KMSKey     string        // of the account's queues; empty: keys of SQS
	Visibility uint32        // seconds that a message is kept from others, unless who takes it says otherwise
}

// Visibility of the queue in seconds: without the key, and the most that SQS has
// (SQS Developer Guide, sqs-visibility-timeout.html).
const (
	defaultVisibility = 120
	mostVisibility    = 12 * 3600
)

// DefaultLatticeTag is the tag that AWS's guidance on automated DNS configuration
// for VPC Lattice uses.
const DefaultLatticeTag = "NewService"

var (
	tagKeyForm = regexp.MustCompile(`^[A-Za-z0-9 _.:/=+@-]{1,128}$`)
	kmsKeyForm = regexp.MustCompile(`^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+|alias/[A-Za-z0-9/_-]+|(mrk-)?[0-9a-f-]{32,36})$`)

	tagKeyKind = pattern[string]("a tag key", tagKeyForm, "write letters, digits, spaces and _ . : / = + - @, 128 at most")
	kmsKeyKind = pattern[string]("a KMS key", kmsKeyForm, "write its ID, its ARN, or alias/NAME")
)

var latticeEventsKind = object("Lattice events", "the Lattice events",
	"How services of VPC Lattice are told of at once, instead of at the next sweep: `orgdns deploy lattice` makes a rule in each account that was granted names, an event bus, a queue and what goes with them in the networking account.",
	[]field[LatticeEvents]{
		key("account", accountRefKind, "The networking account, which has the bus and the queue.", func(v *LatticeEvents) *AccountRef { return &v.Account }).must(),
		key("region", regionKind, "The Region of the bus and the queue.", func(v *LatticeEvents) *estate.Region { return &v.Region }).or("the first of the account"),
		key("tag", tagKeyKind, "The key of the tag whose changes on services are told.", func(v *LatticeEvents) *string { return &v.Tag }).or(DefaultLatticeTag),
		key("cloudTrail", boolKind, "Tell of services that are made, changed and deleted without the tag, too, as CloudTrail records it. It needs a trail of management events in each account, or one of the organization.", func(v *LatticeEvents) *bool { return &v.CloudTrail }).or("false"),
		key("guidance", boolKind, "Take in what AWS's guidance on automated DNS configuration for VPC Lattice sends, so that an installation of it can be taken over account by account.", func(v *LatticeEvents) *bool { return &v.Guidance }).or("false"),
		key("kmsKey", kmsKeyKind, "The KMS key that encrypts the queues of the networking account. Its key policy must let EventBridge use it.", func(v *LatticeEvents) *string { return &v.KMSKey }).or("keys of SQS itself"),
		key("visibility", ttlKind, "The visibility timeout of the queue. `orgdns serve` keeps what it takes by itself; for a Lambda function it is at least the function's timeout, and better six times that.", func(v *LatticeEvents) *uint32 { return &v.Visibility }).or("2m"),
	}, (*reader).finishLatticeEvents)

func (r *reader) finishLatticeEvents(v *LatticeEvents) {
	if v.Tag == "" {
		v.Tag = DefaultLatticeTag
	}
	switch {
	case v.Visibility == 0:
		v.Visibility = defaultVisibility
	case v.Visibility > mostVisibility:
		r.problem(v.At("visibility"), CodeBadValue, fmt.Sprintf("a queue has no visibility timeout of %d seconds", v.Visibility), "SQS allows 12 hours at most (SQS Developer Guide, sqs-visibility-timeout.html)", "write at most 12h")
	}
	if strings.HasPrefix(strings.ToLower(v.Tag), "aws:") {
		r.problem(v.At("tag"), CodeBadValue, quote(v.Tag)+" cannot be put on a service", "keys that begin with aws: are AWS's own", "use another tag")
	}
	if strings.Contains(v.KMSKey, "alias/aws/") {
		r.problem(v.At("kmsKey"), CodeBadValue, quote(v.KMSKey)+" cannot encrypt the queues", "EventBridge may not use a key that AWS manages: its policy cannot be changed (SQS Developer Guide, sqs-key-management.html)",
			"name a key of your own, or leave the key kmsKey out")
	}
}

// checkLatticeEvents judges what needs the rest of the configuration.
func (c *Config) checkLatticeEvents(r *reader) {
	v := c.LatticeEvents
	if v == nil {
		return
	}
	if len(c.LatticeDomains) == 0 {
		r.problem(v.Pos, CodeMissingKey, `the key "latticeDomains" is missing`, "nobody is granted a name, so nobody has anything to tell", "add latticeDomains, or remove latticeEvents")
	}
	if _, listed := c.Account(v.Account); !listed && c.Access != nil && !v.Account.IsZero() {
		r.problem(v.At("account"), CodeUnknownAccount, "account "+quote(v.Account.Name)+" is not in the list of accounts",
			"`orgdns serve` and `orgdns events` find the queue by the configuration alone, before the organization is read", "add it under accounts, or write its twelve digits")
		return
	}
	if v.Region != "" || v.Account.IsZero() {
		return
	}
	if a, ok := c.Account(v.Account); ok && len(a.Regions) > 0 {
		v.Region = a.Regions[0]
	} else if v.Region = c.Defaults.Region; v.Region == "" {
		r.problem(v.Pos, CodeMissingKey, `the key "region" is missing`, "a bus is in a Region, and neither the account nor the defaults have one", "write region")
	}
}
