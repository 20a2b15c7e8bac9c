package plan

import (
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
