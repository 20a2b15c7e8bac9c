// Package audit finds what is wrong, or about to be, in an estate: names that
// another party could claim, delegations that do not fit, aliases that lead
// nowhere. Each check is a function from an estate to findings; [Claimable] is
// cheap enough to be asked after every change.
//
// A finding never rests on what was not read: checks of alias targets say
// nothing over an estate that does not hold them all. Not here: what to do
// about it, and problems of a configuration.
package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Codes of findings.
const (
	// ClaimableDelegation: NS records name Route 53 servers that hold no zone
	// of that name in the organization; whoever gets such servers for a zone of
	// that name answers for it (DG protection-from-dangling-dns.html).
	ClaimableDelegation = "claimable-delegation"
	// ClaimableTarget: a record leads to a name of AWS's that is free, and that
	// another account can register.
	ClaimableTarget = "claimable-target"
	// LameDelegation: no listed server holds the zone.
	LameDelegation = "lame-delegation"
	// PartialDelegation: the listed servers are not exactly those of a zone.
	PartialDelegation = "partial-delegation"
	// Undelegated: a zone that the zone above it does not refer to.
	Undelegated = "undelegated-zone"
	// DanglingAlias: the target of an alias does not exist.
	DanglingAlias = "dangling-alias"
	// UnsignedChild: a DS record for a zone that is not signed.
	UnsignedChild = "ds-without-signing"
)

// Finding is one thing wrong. Findings are comparable.
type Finding struct {
	Code    string           `json:"code"`
	Account estate.AccountID `json:"account,omitempty"` // that holds the record
	Zone    string           `json:"zone,omitempty"`    // hosted zone ID; none for a registration
	Name    dnsname.Name     `json:"name"`
	Type    string           `json:"type"`
	Text    string           `json:"text"` // what is wrong with it
	// Unproven says that accounts were not read which could hold what is
	// missing.
	Unproven bool `json:"unproven,omitempty"`
}

var hints = map[string]string{
	ClaimableDelegation: "remove the NS record, or correct it to the servers of the zone",
	ClaimableTarget:     "remove the record, or make the resource again",
	LameDelegation:      "correct the NS record to the servers of the zone, or remove it",
	PartialDelegation:   "make the NS record equal to the delegation set of the zone",
	Undelegated:         "add an NS record to the zone above, or delete the zone",
	DanglingAlias:       "remove the record, or correct its target",
	UnsignedChild:       "remove the DS record, or sign the zone",
}

// Diagnostic is the finding as a problem: what leaves a name open to others, or
// without an answer, is an error.
func (f Finding) Diagnostic() diag.Diagnostic {
	d := diag.Diagnostic{
		Severity: diag.Warning,
		Code:     f.Code,
		Summary:  fmt.Sprintf("%s %s: %s", f.Name, f.Type, f.Text),
		Hint:     hints[f.Code],
		Address:  f.Zone,
		Account:  string(f.Account),
	}
	if f.Code == ClaimableDelegation || f.Code == ClaimableTarget {
		d.Severity = diag.Error
	}
	if f.Unproven {
		d.Severity = diag.Warning
		d.Detail = "not every account was read, so another account of the organization may hold it"
	}
	return d
}

// All are the findings of every check.
func All(e estate.Estate) []Finding {
	return sorted(slices.Concat(Claimable(e), Delegations(e), Aliases(e)))
}

func sorted(fs []Finding) []Finding {
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(a.Name.Compare(b.Name), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(fs)
}

// complete reports whether the zones of every account of the estate were read.
func complete(e estate.Estate) bool {
	if e.Closed() {
		return true
	}
	for a := range e.Accounts.All() {
		if !e.Answered(estate.Query{Kind: estate.QueryZones, Account: a.ID}) {
			return false
		}
	}
	return true
}

func list(names []dnsname.Name) string {
	var out []string
	for _, n := range names {
		out = append(out, n.String())
	}
	return strings.Join(out, ", ")
}
