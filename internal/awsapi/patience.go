package awsapi

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Error codes that Resolver and Profiles have in common.
const (
	notFound       = "ResourceNotFoundException"
	exists         = "ResourceExistsException"
	invalidRequest = "InvalidRequestException"
	unavailable    = "ResourceUnavailableException"
	conflict       = "ConflictException"
)

// patience is how long a step waits for what takes AWS seconds or a minute: that
// a share reaches an account, that something is done with what goes before it.
const patience = 5 * time.Minute

// longestWait is the longest distance between two tries of one step.
const longestWait = 30 * time.Second

// patiently does something, again at growing distances as long as it asks for
// that and patience lasts; the last error stays.
func (w *Writer) patiently(ctx context.Context, do func() (again bool, err error)) error {
	first := w.opt.Clock.Now()
	for wait := 2 * time.Second; ; wait = min(2*wait, longestWait) {
		again, err := do()
		waited := w.opt.Clock.Now().Sub(first)
		if !again || waited >= patience {
			return err
		}
		if err := w.opt.Clock.Sleep(ctx, min(wait, patience-waited)); err != nil {
			return err
		}
	}
}

// notShared reports whether a refusal may be that a share has not reached the
// account yet. AWS documents no code for that; these two are what a stranger's
// resource gives.
func notShared(err error) bool { return Code(err) == notFound || Denied(err) }

// making is what the actions on a kind of object need.
func making(k plan.Kind, actions ...plan.Action) map[plan.Action][]plan.May {
	out := map[plan.Action][]plan.May{}
	for _, a := range actions {
		out[a] = []plan.May{plan.MayMake(k)}
	}
	return out
}

// idOf is the ID of what a step made, or of what it is about.
func idOf(s plan.Step, done plan.Attributes) string {
	if ids := done[attrID]; len(ids) > 0 && ids[0] != "" {
		return ids[0]
	}
	return s.ID
}

// judge is whether what a step made, changed or deleted is in effect, as an
// operation told it.
func (x effect) judge(s plan.Step, service, operation, id string) (bool, error) {
	if s.Action == plan.Delete {
		if Code(x.err) == notFound || x.err == nil && (x.status == "" || x.status == "DELETED") {
			return true, nil
		}
		return false, x.err
	}
	switch {
	case Code(x.err) == notFound: // not seen everywhere yet
		return false, nil
	case x.err != nil:
		return false, x.err
	case x.status == estate.StatusFailed:
		return false, unfit(s, service, operation, id, x.status, x.message)
	}
	return x.status == estate.StatusComplete || x.status == estate.StatusOperational, nil
}

// unfit is the error of what will not come into effect.
func unfit(s plan.Step, service, operation, id, status, message string) error {
	return &Error{
		Account: s.Account, Region: s.Region, Service: service, Operation: operation, Code: status,
		Message: fmt.Sprintf("%s is not in effect: %s", id, message), Hint: "see to what AWS says of it, or delete it, and run again",
	}
}

// usedUp is the error when every token of an address is taken.
func usedUp(s plan.Step) error {
	return fmt.Errorf("%s: %d request tokens are used up; rename the resource", s.Address, maxNumber)
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
