// Package diag is the one type in which orgdns reports problems: to people, in
// JSON, in a plan. A problem says what is wrong, where, and what to do.
//
// Errors of code (a failed call, a broken file) stay Go errors; they become a
// Diagnostic where they meet the user's configuration or estate.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Severity orders problems; the zero value is an error.
type Severity int

const (
	Error   Severity = iota // stops the run
	Warning                 // the run goes on; somebody should look
	Note                    // a fact worth knowing: a choice made, a thing skipped
)

var severities = [...]string{"error", "warning", "note"}

func (s Severity) String() string { return severities[s] }

// MarshalText gives the lower-case word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(b []byte) error {
	i := slices.Index(severities[:], string(b))
	if i < 0 {
		return fmt.Errorf("unknown severity %q", b)
	}
	*s = Severity(i)
	return nil
}

// Pos is a place in a configuration file; line and column start at 1. The zero
// Pos is no place.
type Pos struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String is file:line:column, as editors and compilers write it.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Diagnostic is one problem. Only Summary is required.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code,omitempty"`    // stable, for machines: "unknown-key", "AccessDenied"
	Summary  string   `json:"summary"`           // one sentence: what is wrong
	Detail   string   `json:"detail,omitempty"`  // both sides, the rule broken, its source
	Hint     string   `json:"hint,omitempty"`    // what to do next
	Address  string   `json:"address,omitempty"` // the thing in the plan or the configuration
	Account  string   `json:"account,omitempty"` // 12 digits
	Region   string   `json:"region,omitempty"`
	Pos      Pos      `json:"pos,omitzero"`
}

// Error makes a single Diagnostic usable as a Go error.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if p := d.Pos.String(); p != "" {
		b.WriteString(p + ": ")
	}
	b.WriteString(d.Summary)
	if d.Detail != "" {
		b.WriteString(": " + d.Detail)
	}
	if d.Hint != "" {
		b.WriteString("; " + d.Hint)
	}
	return b.String()
}

// List is problems in the order in which they were found. The nil List is no
// problem.
type List []Diagnostic

// Add appends problems.
func (l *List) Add(d ...Diagnostic) { *l = append(*l, d...) }

// HasErrors reports whether any problem stops the run.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Err is the errors among the problems as one Go error, nil when there is none.
func (l List) Err() error {
	var errs []error
	for _, d := range l {
		if d.Severity == Error {
			errs = append(errs, d)
		}
	}
	return errors.Join(errs...)
}

// Sort orders by file position, then severity, address, text and whatever else
// tells two problems apart, so that the same problems print the same.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			strings.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Severity, b.Severity),
			strings.Compare(a.Address, b.Address),
			strings.Compare(a.Summary, b.Summary),
			strings.Compare(a.Account, b.Account),
			strings.Compare(a.Region, b.Region),
			strings.Compare(a.Detail, b.Detail),
			strings.Compare(a.Hint, b.Hint),
			strings.Compare(a.Code, b.Code),
		)
	})
}
