package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/awsapi"
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

// TestStray: an account cannot speak for another one by way of its own queue of
// dead letters; what lies with the hub may be anybody's.
func TestStray(t *testing.T) {
	const hub = "222222222222"
	own := &deadQueue{id: awsapi.QueueID{Account: hub, Region: "eu-west-1"}}
	spoke := &deadQueue{id: awsapi.QueueID{Account: "444444444444", Region: "eu-central-1"}}
	for _, tt := range []struct {
		queue *deadQueue
		hint  event.Hint
		want  bool
	}{
		{own, event.Hint{Account: "333333333333", Region: "eu-central-1"}, false},
		{spoke, event.Hint{Account: "444444444444", Region: "eu-central-1"}, false},
		{spoke, event.Hint{}, false}, // no event
		{spoke, event.Hint{Account: "333333333333", Region: "eu-central-1"}, true},
		{spoke, event.Hint{Account: hub, Region: "eu-central-1"}, true},
		{spoke, event.Hint{Account: "444444444444", Region: "eu-west-1"}, true},
	} {
		if got := tt.queue.stray(tt.hint, hub); got != tt.want {
			t.Errorf("%+v in a queue of %s: %v", tt.hint, tt.queue.id.Account, got)
		}
	}
	a := &app{}
	list := []letter{{ID: "m1", Queue: "q", Hint: event.Hint{Account: "333333333333", Region: "eu-central-1"}, Refusal: event.Forged, Why: "it lies in q", stray: true}}
	if _, err := a.redrive(t.Context(), reached{}, awsapi.QueueID{}, list, []string{"m1"}); err == nil || !strings.Contains(err.Error(), "dead letter m1 is not sent: it lies in q") {
		t.Errorf("sent again by ID: %v", err)
	}
}
