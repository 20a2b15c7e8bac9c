package cost

import (
	"cmp"
	"slices"

	"github.com/orgdns/orgdns/internal/estate"
)

// Option is one way to have the endpoints of a share, and what it costs.
type Option struct {
	Via  Via  `json:"via"`
	Bill Bill `json:"bill"`
	// Problem says why the way is not open, so that its bill is not whole.
	Problem string `json:"problem,omitempty"`
}

// Report holds the ways to have the endpoints of a share against each other.
type Report struct {
	Share string `json:"share,omitempty"` // its name; empty for a design, and for all shares together
	// Configured is the way of the configuration; empty for a design.
	Configured  Via             `json:"configured,omitempty"`
	Regions     []estate.Region `json:"regions"`
	VPCs        int64           `json:"vpcs"`               // consumers
	Accounts    int64           `json:"accounts,omitempty"` // of these; none for a design, since no price hangs on it
	Options     []Option        `json:"options"`
	Comparisons []Step          `json:"comparisons"`
	Duplicates  []Duplicate     `json:"duplicates,omitempty"` // by Region, service, account, VPC and ID
}

// Step is the change from one way to another.
type Step struct {
	From Via `json:"from"`
	To   Via `json:"to"`
	Comparison
}

// Duplicate is an interface endpoint that a consumer has of its own for a
// service of a share.
type Duplicate struct {
	Endpoint string           `json:"endpoint"`
	Account  estate.AccountID `json:"account"`
	Region   estate.Region    `json:"region"`
	VPC      string           `json:"vpc"`
	Service  string           `json:"service"`
	Monthly  Money            `json:"monthly"` // without data, which costs the same at a shared one
}

// Option finds a way that is open.
func (r Report) Option(v Via) (Option, bool) {
	i := slices.IndexFunc(r.Options, func(o Option) bool { return o.Via == v && o.Problem == "" })
	if i < 0 {
		return Option{}, false
	}
	return r.Options[i], true
}

// Compare fills in the comparisons: of shared endpoints with own ones, and of
// what is configured with what stands.
func (r *Report) Compare() {
	step := func(from, to Via) {
		a, ok := r.Option(from)
		b, also := r.Option(to)
		if ok && also && from != to {
			r.Comparisons = append(r.Comparisons, Step{from, to, Compare(a.Bill, b.Bill)})
		}
	}
	for _, to := range []Via{ViaProfile, ViaResolver, ViaConfigured} {
		step(ViaOwn, to)
	}
	if r.Configured != "" {
		step(ViaNow, r.Configured)
	}
}

// OfNumbers is the report of a design, whose Via does not matter.
func (p *Prices) OfNumbers(d Design) (Report, error) {
	r := Report{Regions: slices.Compact(slices.Sorted(slices.Values(d.Regions))), VPCs: d.VPCs}
	for _, d.Via = range []Via{ViaOwn, ViaProfile, ViaResolver} {
		bill, err := p.OfDesign(d)
		if err != nil {
			return r, err
		}
		r.Options = append(r.Options, Option{Via: d.Via, Bill: bill})
	}
	r.Compare()
	return r, nil
}

// Duplicates are what the interface endpoints among those of consumers cost.
func (p *Prices) Duplicates(list []estate.Endpoint) []Duplicate {
	var out []Duplicate
	for _, v := range list {
		if bill := p.Endpoint(v); v.Type == estate.EndpointInterface && len(bill.Lines) > 0 {
			out = append(out, Duplicate{v.ID, v.Account, v.Region, v.VPC, v.Service, bill.Total})
		}
	}
	slices.SortFunc(out, func(a, b Duplicate) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Account, b.Account),
			cmp.Compare(a.VPC, b.VPC), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return out
}
