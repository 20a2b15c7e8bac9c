package plan

import (
	"slices"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// Duplicates are the endpoints that the consumers of a share have of their own
// for what is shared with them, in one Region. Money is US dollars a month, by
// the price table of a date.
type Duplicates struct {
	Share  string        `json:"share"`
	Region estate.Region `json:"region"`
	Remove bool          `json:"remove"` // those that nothing blocks go
	Prices string        `json:"prices"` // the table's date
	// Monthly is what all duplicates cost, Sharing what sharing costs, and Saving
	// the one without the other: what is saved once all of them are gone, less than
	// nothing where sharing costs more. Removable is the cost of those that can go.
	Monthly   string      `json:"monthly"`
	Removable string      `json:"removable"`
	Sharing   string      `json:"sharing"`
	Saving    string      `json:"saving"`
	Endpoints []Duplicate `json:"endpoints"`
}

// Duplicate is one of them.
type Duplicate struct {
	Account  estate.AccountID `json:"account"`
	VPC      string           `json:"vpc"`
	ID       string           `json:"id"`
	Service  string           `json:"service"`
	Shared   string           `json:"shared,omitempty"` // the endpoint that serves instead, if it stands
	Monthly  string           `json:"monthly"`
	State    DuplicateState   `json:"state"`
	Findings []Finding        `json:"findings,omitempty"` // what blocks, then what somebody may notice
}

// DuplicateState is what can be done about a duplicate.
type DuplicateState string

// The states of a duplicate.
const (
	Removable DuplicateState = "removable"
	Blocked   DuplicateState = "blocked"
	Free      DuplicateState = "free"    // a gateway endpoint: it stays
	Pending   DuplicateState = "pending" // judged once the shared way is in effect
)

// Finding is what was found of a duplicate: who would notice if it went.
type Finding struct {
	Code    string           `json:"code"`
	Blocks  bool             `json:"blocks"`
	Account estate.AccountID `json:"account,omitempty"`
	Where   string           `json:"where"`
	Text    string           `json:"text"`
	Hint    string           `json:"hint,omitempty"`
}

// Retired is a VPC endpoint that goes though orgdns did not make it: the one
// exception to the rule that nothing of others is deleted. The configuration
// asks for it, and whoever lists it here has judged that nobody needs it.
type Retired struct {
	Address string
	ID      string
	Account estate.AccountID
	Region  estate.Region
	Reason  string
	After   []Dependency
	// On are what the judgement rests on besides the endpoint, by kind, ID and
	// account in its Region: a saved plan is refused when one of them changed.
	On  []Standing
	Pos diag.Pos
}

const (
	// NamesTTL is how long resolvers keep the answers of an endpoint's private
	// DNS. AWS answers with this TTL and documents none.
	NamesTTL = time.Minute
	// namesAhead is how far ahead the first deadline of an endpoint lies: longer
	// than EC2 takes to turn private DNS off.
	namesAhead = time.Hour
)

// Unnamed reports whether a run took the private DNS of an endpoint off to remove
// it, and from when on nobody has its addresses in a cache any more. Whoever
// turned it on again has called the removal off.
func Unnamed(p estate.Endpoint) (until time.Time, begun bool) {
	until, err := time.Parse(time.RFC3339, p.Tags[TagDeleteAfter])
	return until, err == nil && !p.PrivateDNS
}

// retired deletes endpoints of others: names go first, and the endpoint when
// nobody has its addresses in a cache any more, in whichever run that is. Of ours
// orphanObjects speaks; what is going already, or was not read, is left alone.
func (b *builder) retired() {
	done := map[string]bool{} // two shares may serve for one endpoint
	for _, r := range b.in.Retired {
		q := ObjectQuery(KindEndpoint, b.in.Owner, r.Account, r.Region)
		for _, s := range b.prints.objects.find(KindEndpoint, r.ID) {
			if s.Account != r.Account || s.Region != r.Region || s.Going || s.Tags[TagOwner] != "" || !b.e.Answered(q) || done[s.ID] {
				continue
			}
			done[s.ID] = true
			w := Wanted{Address: r.Address, Account: r.Account, Region: r.Region, Reason: r.Reason, After: r.After, Settle: true, Pos: r.Pos}
			gone := Change{Action: Delete, ID: s.ID, Foreign: true, Before: s.item(nil), Basis: []Basis{b.basisObject(q, KindEndpoint, s.ID)}}
			for _, on := range r.On {
				gone.Basis = append(gone.Basis, b.basisObject(ObjectQuery(on.Kind, b.in.Owner, on.Account, r.Region), on.Kind, on.ID))
			}
			p, _ := b.e.Endpoints.Get(s.ID)
			if until, begun := Unnamed(p); begun {
				gone.NotBefore = until
			} else {
				last := b.unname(w, s, gone.Basis)
				gone.Needs, gone.Delays = []Dependency{{Address: last}}, []Delay{{last, NamesTTL}}
			}
			b.add(w, gone)
		}
	}
}

// unname takes an endpoint's private names off, and gives the address of the
// last of its steps. As with a zone (see forget) the deadline is written before,
// a margin ahead, and again when it is known: a run that stops between them
// leaves what the next one must wait for.
func (b *builder) unname(w Wanted, s Standing, basis []Basis) (last string) {
	step := func(part, field string, v Value, settle bool, reason string, after ...Dependency) {
		one := w
		one.Address, one.Settle, one.Reason, one.After = w.Address+"/"+part, settle, reason, append(slices.Clone(w.After), after...)
		set := map[string][]Value{field: {v}}
		b.add(one, Change{Action: Update, ID: s.ID, Foreign: true, Before: s.item(set), After: &Item{Object: &Object{KindEndpoint, set}}, Basis: basis})
		last = one.Address
	}
	const cached = "resolvers may have its addresses until then"
	step("deadline", "deleteAfter", In(NamesTTL+namesAhead), false, cached)
	step("names", "privateDNS", Bool(false), true, w.Reason, Dependency{Address: last})
	step("deadline-final", "deleteAfter", In(NamesTTL), false, cached, Dependency{Address: last, Settled: true})
	return last
}
