package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
)

// problems prints an error: the problems of a list one by one. Machines get them
// as a document, too.
func (a *app) problems(kind string, err error) {
	var list diag.List
	collect(err, &list)
	a.diagnostics(list)
	if a.output == "json" {
		enc := json.NewEncoder(a.Out)
		enc.SetIndent("", "  ")
		_ = enc.Encode(struct { // whoever reads has gone away when this fails
			Version     int       `json:"version"`
			Kind        string    `json:"kind"`
			Diagnostics diag.List `json:"diagnostics"`
		}{1, kind, list})
	}
}

// collect finds the problems in an error.
func collect(err error, into *diag.List) {
	var d diag.Diagnostic
	var own interface{ Diagnostic() diag.Diagnostic }
	switch joined, ok := err.(interface{ Unwrap() []error }); {
	case ok:
		for _, e := range joined.Unwrap() {
			collect(e, into)
		}
	case errors.As(err, &d):
		into.Add(d)
	case errors.As(err, &own):
		into.Add(own.Diagnostic())
	default:
		into.Add(diag.Diagnostic{Summary: err.Error()})
	}
}

const (
	// aLine is what of a text may be said again.
	aLine = 80
	// mostAlike is how many problems of one reason are told, beside the first.
	mostAlike = 10
)

// firstWord is the code with which AWS's messages begin.
func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return strings.TrimSuffix(w, ":")
}

// diagnostics prints problems. Those that have one reason, such as why an account
// could not be read, are told as one, and the reason once.
func (a *app) diagnostics(list diag.List) {
	a.waits.line()
	if a.told == nil {
		a.told = map[string]bool{}
	}
	for _, alike := range byReason(list) {
		a.problem(alike)
	}
}

// byReason gathers problems that have the same reason, in the order of the first
// of each. A short text may be said of many things that have nothing in common.
func byReason(list diag.List) []diag.List {
	type reason struct {
		severity diag.Severity
		detail   string
	}
	var out []diag.List
	at := map[reason]int{}
	for _, d := range list {
		r := reason{d.Severity, d.Detail}
		if i, known := at[r]; known && len(d.Detail) > aLine {
			out[i].Add(d)
			continue
		}
		at[r] = len(out)
		out = append(out, diag.List{d})
	}
	return out
}

var severityColours = map[diag.Severity]string{diag.Error: red, diag.Warning: yellow, diag.Note: dim}

// problem prints one problem, and what has the same reason.
func (a *app) problem(alike diag.List) {
	d := alike[0]
	head := a.paint(a.Err, severityColours[d.Severity], d.Severity.String()+": ")
	if p := d.Pos.String(); p != "" {
		head = p + ": " + head
	}
	fmt.Fprintf(a.Err, "%s%s\n", head, where(d))
	again := len(d.Detail) > aLine && a.told[d.Detail]
	switch {
	case again:
		fmt.Fprintf(a.Err, "    as above: %s\n", firstWord(d.Detail))
	case d.Detail != "":
		fmt.Fprintf(a.Err, "    %s\n", d.Detail)
		a.told[d.Detail] = true
	}
	if rest := alike[1:]; len(rest) > 0 {
		fmt.Fprintln(a.Err, "    for the same reason:")
		for _, d := range rest[:min(len(rest), mostAlike)] {
			fmt.Fprintf(a.Err, "      %s\n", strings.TrimPrefix(d.Pos.String()+": "+where(d), ": "))
		}
		if more := len(rest) - mostAlike; more > 0 {
			fmt.Fprintf(a.Err, "      and %d more, which --output json tells\n", more)
		}
	}
	for _, h := range hints(alike) {
		if !(again && a.told[h]) {
			fmt.Fprintf(a.Err, "    -> %s\n", h)
			a.told[h] = true
		}
	}
}

// where is what is wrong, with the account if the text does not say it.
func where(d diag.Diagnostic) string {
	if d.Account == "" || strings.Contains(d.Summary+d.Detail, d.Account) {
		return d.Summary
	}
	return fmt.Sprintf("%s (account %s%s)", d.Summary, d.Account, strings.TrimRight(" "+d.Region, " "))
}

// hints are what to do about problems of one reason, without what another one says
// as well.
func hints(alike diag.List) []string {
	var out []string
	for _, d := range alike {
		said := func(by diag.Diagnostic) bool { return by.Hint != d.Hint && strings.Contains(by.Hint, d.Hint) }
		if d.Hint != "" && !slices.Contains(out, d.Hint) && !slices.ContainsFunc(alike, said) {
			out = append(out, d.Hint)
		}
	}
	return out
}
