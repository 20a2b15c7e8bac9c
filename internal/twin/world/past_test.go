package world

import (
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
)

// A stale read does not see the writes of the last d, and changes nothing.
func TestPast(t *testing.T) {
	c := clock.NewVirtual(time.Unix(0, 0))
	w := New(c, estate.Estate{})
	put := func(id estate.AccountID) {
		if err := w.Update(func(s *State) error { s.Estate.Accounts.Put(estate.Account{ID: id}); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	put("before")
	w.Inject(Fault{Kind: FaultStale, Delay: 10 * time.Second})
	put("a")
	c.Advance(4 * time.Second)
	put("b")
	tests := []struct {
		advance, d time.Duration
		want       int
	}{
		{0, 10 * time.Second, 1},
		{0, 4 * time.Second, 2}, // a write is seen d after it
		{0, time.Second, 2},
		{0, 0, 3},
		{6 * time.Second, 10 * time.Second, 2},
		{4 * time.Second, 10 * time.Second, 3},
	}
	for _, tt := range tests {
		c.Advance(tt.advance)
		got := 0
		if err := w.Past(tt.d, func(s *State) error {
			got = s.Estate.Accounts.Len()
			s.Estate.Accounts.Put(estate.Account{ID: "dropped"})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got != tt.want {
			t.Errorf("%v back at %v: %d accounts, want %d", tt.d, c.Now(), got, tt.want)
		}
	}
	if e := w.Estate(); e.Accounts.Len() != 3 {
		t.Errorf("%d accounts after stale reads, want 3", e.Accounts.Len())
	}
}

// A stale fault waits for a read.
func TestStaleFaultSkipsWrites(t *testing.T) {
	w := New(clock.NewVirtual(time.Unix(0, 0)), estate.Estate{})
	w.Inject(Fault{Kind: FaultStale, Delay: time.Second})
	if f, ok := w.Fault(CallKey{Operation: "CreateHostedZone"}); ok {
		t.Errorf("a write got %+v", f)
	}
	if _, ok := w.Fault(CallKey{Operation: "ListHostedZones"}); !ok {
		t.Error("a read got no fault")
	}
}
