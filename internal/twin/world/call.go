package world

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
)

// Caller is who signed a request.
type Caller struct {
	Account estate.AccountID
	// ARN of the principal as GetCallerIdentity shows it: a user, or an
	// assumed-role session.
	ARN string
	// ID as in UserId: AIDA…, or AROA…:session.
	ID string
	// Role is the ARN of the role behind a session, empty for a user.
	Role string
	// Administrator may do everything in its account: the twin's 12-digit
	// access keys.
	Administrator bool
	// SessionPolicies narrow a session; one of them must allow.
	SessionPolicies []string
	// Tags are the session's tags; they go before those of the role. Those
	// whose keys are Transitive pass on to sessions that this one starts.
	Tags       estate.Tags
	Transitive []string
	// SourceIdentity of a session passes on too.
	SourceIdentity string
	AccessKey      string
	IssuedAt       time.Time // of a session
	SourceIP       netip.Addr
}

// Call is one API call inside its transaction. A handler reads and writes
// Call.State; when it returns an error, nothing has changed.
type Call struct {
	World     *World
	State     *State
	Caller    Caller
	Region    estate.Region // of the endpoint; "us-east-1" for global services
	Service   string        // "route53"
	Operation string        // "CreateHostedZone"
	RequestID string
	Now       time.Time
	Since     time.Time // when it came; before Now if it waited
	Authorize Authorizer

	claimed []string
	await   *Wait
}

// Authorizer judges whether the caller may do an action ("route53:GetHostedZone")
// on a resource (an ARN, or "*"), with the condition keys of the request. The
// error is AWS's AccessDenied, which names principal, action and resource. It
// is called at least once by every handler, before anything is read or
// changed for the caller.
type Authorizer func(action, resource string, conditions Conditions) error

// Conditions are the condition keys of a request that the service sets, by
// their full name in lower case; the global aws: keys of the caller are added
// by the Authorizer.
type Conditions map[string][]string

// Account is the caller's account.
func (c *Call) Account() estate.AccountID { return c.Caller.Account }

// Estate is the estate inside the transaction.
func (c *Call) Estate() *estate.Estate { return &c.State.Estate }

// CallKey names what a call was.
type CallKey struct {
	Account   estate.AccountID `json:"account"`
	Region    estate.Region    `json:"region"`
	Service   string           `json:"service"`
	Operation string           `json:"operation"`
}

// CallCount is a row of the log of calls.
type CallCount struct {
	CallKey
	Count     int `json:"count"`
	Throttled int `json:"throttled"`
	Errors    int `json:"errors"` // throttled ones not included
}

// Event is a call that was answered, as hooks see it.
type Event struct {
	Number int // of the call, from 1
	CallKey
	Code    string // AWS error code, empty when it succeeded
	Changed bool   // it was a success that may have changed the state
}

// Hook is told of every call after it took effect and before it is answered.
// It must not call the world's API; it may Fork it.
type Hook func(Event)

// OnCall adds a hook.
func (w *World) OnCall(h Hook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hooks = append(w.hooks, h)
}

// Logged records a call. The assembly calls it once for every call.
func (w *World) Logged(key CallKey, code string, throttled, changed bool) {
	w.mu.Lock()
	w.calls++
	c := w.log[key]
	if c == nil {
		c = &CallCount{CallKey: key}
		w.log[key] = c
	}
	c.Count++
	switch {
	case throttled:
		c.Throttled++
	case code != "":
		c.Errors++
	}
	e := Event{w.calls, key, code, changed}
	hooks := slices.Clone(w.hooks)
	w.mu.Unlock()
	for _, h := range hooks {
		h(e)
	}
}

// Calls is the log, ordered by account, Region, service and operation.
func (w *World) Calls() []CallCount {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []CallCount{}
	for c := range maps.Values(w.log) {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b CallCount) int {
		return cmp.Or(
			strings.Compare(string(a.Account), string(b.Account)),
			strings.Compare(string(a.Region), string(b.Region)),
			strings.Compare(a.Service, b.Service),
			strings.Compare(a.Operation, b.Operation),
		)
	})
	return out
}

// ForgetCalls empties the log of calls.
func (w *World) ForgetCalls() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.log)
}

// Fault makes matching calls, or events on their way, go wrong.
type Fault struct {
	// Account, Service and Operation select calls; empty selects all. Of events
	// they are the account, the source and the detail type.
	Account   estate.AccountID `json:"account,omitempty"`
	Service   string           `json:"service,omitempty"`
	Operation string           `json:"operation,omitempty"`
	// Skip matching calls, then hit Count of them; Count 0 is 1, -1 for ever.
	Skip  int           `json:"skip,omitempty"`
	Count int           `json:"count,omitempty"`
	Kind  FaultKind     `json:"kind"`
	Delay time.Duration `json:"delay,omitempty"` // of a slow answer, of stale reads; at most, of an event
	// Share of the matching events that is hit, by Seed; 0 is all.
	Share float64 `json:"share,omitempty"`
	Seed  uint64  `json:"seed,omitempty"`
}

// FaultKind is what goes wrong.
type FaultKind string

// The kinds of faults.
const (
	FaultThrottle     FaultKind = "throttle"     // refused with the service's throttling error
	FaultServer       FaultKind = "5xx"          // refused with an internal error, nothing done
	FaultTimeout      FaultKind = "timeout"      // no answer, nothing done
	FaultLostResponse FaultKind = "lostResponse" // done, but the answer is lost
	FaultSlow         FaultKind = "slow"         // answered after Delay
	FaultStale        FaultKind = "stale"        // reads see the state of before the last writes, for Delay
	FaultReset        FaultKind = "reset"        // the connection is reset, nothing done
	FaultDeath        FaultKind = "death"        // done; then the client's process dies

	// Of events, when they are published.
	FaultEventDrop   FaultKind = "eventDrop"   // lost
	FaultEventRepeat FaultKind = "eventRepeat" // there twice, the second time up to Delay later
	FaultEventDelay  FaultKind = "eventDelay"  // up to Delay late, each by its own, so that others overtake it
)

// OfEvents reports whether the fault hits events, not calls.
func (k FaultKind) OfEvents() bool {
	return k == FaultEventDrop || k == FaultEventRepeat || k == FaultEventDelay
}

// Inject adds faults.
func (w *World) Inject(faults ...Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faultsMu.Lock()
	defer w.faultsMu.Unlock()
	for _, f := range faults {
		if f.Count == 0 {
			f.Count = 1
		}
		if f.Kind == FaultStale {
			w.past.keep = max(w.past.keep, f.Delay)
		}
		w.faults = append(w.faults, &f)
	}
}

// ClearFaults removes all faults.
func (w *World) ClearFaults() {
	w.faultsMu.Lock()
	defer w.faultsMu.Unlock()
	w.faults = nil
}

// Faults are the faults that have not run out, in the order in which they are
// tried.
func (w *World) Faults() []Fault {
	w.faultsMu.Lock()
	defer w.faultsMu.Unlock()
	var out []Fault
	for _, f := range w.faults {
		if f.Count != 0 {
			out = append(out, *f)
		}
	}
	return out
}

// Fault takes the first fault that hits a call, if one does. It may be called
// inside a transaction.
func (w *World) Fault(key CallKey) (Fault, bool) {
	w.faultsMu.Lock()
	defer w.faultsMu.Unlock()
	for _, f := range w.faults {
		if f.Kind.OfEvents() || !f.selects(key.Account, key.Service, key.Operation) || f.Kind == FaultStale && !key.Reads() {
			continue
		}
		if f.take() {
			return *f, true
		}
	}
	return Fault{}, false
}

func (f *Fault) selects(account estate.AccountID, service, operation string) bool {
	return (f.Account == "" || f.Account == account) && (f.Service == "" || f.Service == service) && (f.Operation == "" || f.Operation == operation)
}

// take counts a call or event that the fault selects, and reports whether it
// hits that one.
func (f *Fault) take() bool {
	switch {
	case f.Count == 0:
		return false
	case f.Skip > 0:
		f.Skip--
		return false
	case f.Count > 0:
		f.Count--
	}
	return true
}
