package plan

import (
	"slices"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
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
				b.unname(w, s, &gone, nil)
			}
			b.add(w, gone)
		}
	}
}

// forgotten makes endpoints of ours go as those of others do: whoever asked for
// their names a moment ago has their addresses. Their names are private DNS, or
// the aliases to them, which are let go or led elsewhere by changes of their own.
func (b *builder) forgotten() {
	aliases := map[dnsname.Name][]int{} // changes, by what stands behind the alias that they take away
	for i, c := range b.plan.Changes {
		if c.Before != nil && c.Before.Record != nil && c.Before.Record.Alias != nil {
			to := c.Before.Record.Alias.Name
			aliases[to] = append(aliases[to], i)
		}
	}
	for i := range len(b.plan.Changes) {
		gone := b.plan.Changes[i]
		if gone.Action != Delete || gone.Foreign || gone.Item().Kind() != KindEndpoint {
			continue
		}
		p, _ := b.e.Endpoints.Get(gone.ID)
		var led []int
		for _, n := range p.Names {
			led = append(led, aliases[n.Name]...)
		}
		until, begun := Unnamed(p)
		for _, s := range b.prints.objects.find(KindEndpoint, gone.ID) {
			switch {
			case named(p) || len(led) > 0:
				w := Wanted{Address: gone.Address, Account: gone.Account, Region: gone.Region, Reason: gone.Reason, After: gone.Needs, Pos: gone.Pos}
				b.unname(w, s, &gone, led)
			case begun:
				gone.NotBefore = until
			}
		}
		b.plan.Changes[i] = gone
	}
}

// named reports whether an endpoint answers for private names by itself.
func named(p estate.Endpoint) bool { return p.PrivateDNS && p.State == estate.EndpointAvailable }

// unname takes the names off an endpoint that goes, and makes its deletion wait:
// private DNS, and aliases, which are changes of the plan. As with a zone (see
// forget) the deadline is written before, a margin ahead, and again when it is
// known: a run that stops between them leaves what the next one must wait for.
func (b *builder) unname(w Wanted, s Standing, gone *Change, aliases []int) {
	step := func(part, field string, v Value, settle bool, reason string, after []Dependency) Dependency {
		one := w
		one.Address, one.Settle, one.Reason, one.After = w.Address+"/"+part, settle, reason, after
		set := map[string][]Value{field: {v}}
		b.add(one, Change{Action: Update, ID: s.ID, Foreign: gone.Foreign, Before: s.item(set), After: &Item{Object: &Object{KindEndpoint, set}}, Basis: gone.Basis})
		return Dependency{one.Address, settle}
	}
	const cached = "resolvers may have its addresses until then"
	before, after := w.After, slices.Clone(w.After)
	if len(aliases) > 0 { // what goes before these goes before the first deadline
		before = nil
		taken := map[string]bool{}
		for _, i := range aliases {
			c := b.plan.Changes[i]
			taken[c.Address] = true
			before, after = append(before, c.Needs...), append(after, Dependency{c.Address, true})
		}
		before = slices.DeleteFunc(before, func(d Dependency) bool { return taken[d.Address] })
	}
	ahead := step("deadline", "deleteAfter", In(NamesTTL+namesAhead), false, cached, before)
	for _, i := range aliases {
		b.plan.Changes[i].Needs = append(b.plan.Changes[i].Needs, ahead)
	}
	after = append(after, ahead)
	if p, _ := b.e.Endpoints.Get(s.ID); named(p) || gone.Foreign {
		after = append(after, step("names", "privateDNS", Bool(false), true, w.Reason, after))
	}
	last := step("deadline-final", "deleteAfter", In(NamesTTL), false, cached, after)
	gone.Needs, gone.Delays = append(slices.Clone(gone.Needs), last), []Delay{{last.Address, NamesTTL}}
}
