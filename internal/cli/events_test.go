package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/event"
)

// TestLetterPrintable: what a stranger wrote into an event reaches no terminal as
// it is.
func TestLetterPrintable(t *testing.T) {
	evil := "\x1b]0;owned\a\x1b[2J\u202e\r\nabc"
	list := []letter{{
		ID: "m1", Reason: "foreign: " + evil, Body: evil, Refusal: event.Malformed,
		Hint: event.Hint{Event: evil, Service: evil, Account: "444444444444", Region: "eu-west-1", Time: time.Unix(0, 0)},
	}}
	var out strings.Builder
	a := &app{Streams: Streams{Out: &out}}
	for _, show := range []func([]letter) error{a.showLetters, a.showWhole} {
		if err := show(list); err != nil {
			t.Fatal(err)
		}
	}
	if got := out.String(); strings.ContainsAny(got, "\x1b\a\r\u202e") || strings.Count(got, "abc") != 6 {
		t.Errorf("printed %q", got)
	}
}
