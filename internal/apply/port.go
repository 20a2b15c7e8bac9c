package apply

import (
	"context"

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
	Do(ctx context.Context, s plan.Step) (plan.Attributes, error)

	// Settled asks once whether what Do did is in effect: a Route 53 change
	// INSYNC, a certificate ISSUED. done are the attributes Do returned.
	Settled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error)

	// Records reads record sets as they stand now; absent ones are left out.
	Records(ctx context.Context, account estate.AccountID, zone string, ids []plan.RecordID) ([]estate.RecordSet, error)

	// Refused reports whether a batch of records was refused for what it
	// holds (InvalidChangeBatch, NoSuchHealthCheck), so that its parts can be
	// judged by state.
	Refused(err error) bool

	// Denied reports whether a call was refused for want of permission.
	Denied(err error) bool
}
