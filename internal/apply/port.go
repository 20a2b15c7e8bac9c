package apply

import (
	"context"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Port is how apply reaches AWS. Every method paces and repeats its own API
// calls (package pace); an error that comes back is final. All methods may be
// called concurrently.
type Port interface {
	// Do carries out one step. It is safe to repeat: a step that was done
	// before, by an earlier run or by a call whose answer was lost, gives the
	// same result and makes nothing twice.
	Do(ctx context.Context, s Step) (plan.Attributes, error)

	// Settled asks once whether what Do did is in effect: a Route 53 change
	// INSYNC, a certificate ISSUED. done are the attributes Do returned.
	Settled(ctx context.Context, s Step, done plan.Attributes) (bool, error)

	// Records reads record sets as they stand now; absent ones are left out.
	Records(ctx context.Context, account estate.AccountID, zone string, ids []RecordID) ([]estate.RecordSet, error)

	// Refused reports whether a batch of records was refused for what it
	// holds (InvalidChangeBatch), so that its parts can be judged by state.
	Refused(err error) bool
}

// Step is a change with everything known that it needs.
type Step struct {
	Address string
	Kind    plan.Kind
	Action  plan.Action
	Account estate.AccountID
	Region  estate.Region
	ID      string // of what stands: zone ID, certificate ARN

	Zone        *plan.Zone
	Tags        *Tags
	Certificate *plan.Certificate
	Batch       *Batch // KindRecord
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
	Statement plan.Statement
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
