package plan

import (
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Step is a change with everything known that it needs: what package apply
// hands to its write port.
type Step struct {
	Address string
	Kind    Kind
	Action  Action
	Account estate.AccountID
	Region  estate.Region
	ID      string // of what stands: zone ID, certificate ARN

	Zone          *Zone
	Tags          *Tags
	Certificate   *Certificate
	Association   *ZoneVPC // KindAuthorization, KindAssociation
	VPCAttributes *VPCAttributes
	Role          *RoleStep
	Object        *ObjectStep // the kinds of objects
	Batch         *Batch      // KindRecord
}

// Patience is how long AWS may take until a step is in effect.
func (s Step) Patience() time.Duration {
	if s.Kind == KindSecurityGroup && s.Action == Await {
		return estate.FunctionRelease
	}
	return 15 * time.Minute
}

// ZoneVPC is a VPC to be associated with a zone.
type ZoneVPC struct {
	Zone string // ID
	VPC  estate.VPCRef
}

// RoleStep is a role with its documents written out.
type RoleStep struct {
	Name, Description string
	Trust             string
	Policy            string
	Tags              map[string]string
}

// Tags are changes to the tags of a zone.
type Tags struct {
	Zone   string // ID
	Set    map[string]string
	Remove []string
}

// Batch is one ChangeResourceRecordSets request.
type Batch struct {
	Zone      string // ID
	ZoneName  dnsname.Name
	Statement Statement
	Changes   []RecordChange
}

// RecordChange is one change of a batch.
type RecordChange struct {
	Verb Verb
	Set  estate.RecordSet
}

// Verb is the action of a record change, as Route 53 names it.
type Verb string

// The verbs. Upsert is for NS and SOA at the apex alone.
const (
	VerbCreate Verb = "CREATE"
	VerbDelete Verb = "DELETE"
	VerbUpsert Verb = "UPSERT"
)

// RecordID names a record set in its zone.
type RecordID struct {
	Name  dnsname.Name
	Type  string
	SetID string
}
