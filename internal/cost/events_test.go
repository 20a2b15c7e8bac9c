package cost

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEvents: what crosses to another account or Region is paid by who sends it,
// with the rest of an uneven number; the queue's requests are rounded up once.
func TestEvents(t *testing.T) {
	use := EventUse{Hub: hub, Region: "eu-west-1", Events: 1_000_001, Replicas: 2, Spokes: []EventSpoke{
		{"200000000000", "eu-west-1"}, {"200000000000", "eu-central-1"}, {hub, "eu-west-1"}, {hub, "eu-central-1"},
	}}
	b, err := Builtin().OfEvents(use)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range b.Lines {
		got = append(got, fmt.Sprintf("%s %s %s %d %s", l.Item, l.Account, l.Region, l.Count, l.Sum))
	}
	want := []string{
		"eventSent 100000000000 eu-central-1 250000 0.25", "eventSent 200000000000 eu-central-1 250000 0.25", "eventSent 200000000000 eu-west-1 250001 0.250001",
		"queueRequests 100000000000 eu-west-1 3263 1.3052", "parameterMonth 100000000000 eu-west-1 1 0.05",
	}
	if !slices.Equal(got, want) || b.Total.String() != "2.105201" {
		t.Errorf("%s, together %s\nwant %s", strings.Join(got, "\n"), b.Total, strings.Join(want, "\n"))
	}
	for _, bad := range []EventUse{{Events: -1}, {Events: maxCount + 1}, {Replicas: -1}, {Replicas: 10_000}} {
		if _, err := Builtin().OfEvents(bad); err == nil {
			t.Errorf("%+v has a bill", bad)
		}
	}
	if b, err := Builtin().OfEvents(EventUse{Hub: hub, Region: "eu-west-1"}); err != nil || b.Total.String() != "0.05" {
		t.Errorf("without spokes and replicas it costs %s, %v", b.Total, err)
	}
}
