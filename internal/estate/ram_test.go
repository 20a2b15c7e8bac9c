package estate

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// TestSharedWith: a share reaches an account by its ID, its units and its
// organization; not while an invitation is open, and not outside what it was
// shared within.
func TestSharedWith(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var e Estate
	e.Organization = Organization{ID: "o-1", Management: "100000000000", Root: "r-1"}
	e.Units.Put(Unit{ID: "ou-a", Parent: "r-1"}, Unit{ID: "ou-b", Parent: "ou-a"}, Unit{ID: "ou-c", Parent: "r-1"})
	e.Accounts.Put(Account{ID: "111111111111", Parent: "r-1"}, Account{ID: "222222222222", Parent: "ou-b"}, Account{ID: "999999999999"})
	put := func(name, principal, status string, external bool, since time.Duration) {
		s, ok := e.Shares.Get(name)
		if !ok {
			s = Share{ARN: name, Account: "111111111111"}
		}
		s.Principals = append(slices.Clone(s.Principals), ShareMember{ID: principal, Status: status, External: external, Since: start.Add(since)})
		e.Shares.Put(s)
	}
	put("account", "222222222222", ShareAssociated, false, 0)
	put("unit above", "arn:aws:organizations::100000000000:ou/o-1/ou-a", ShareAssociated, false, 0)
	put("another unit", "arn:aws:organizations::100000000000:ou/o-1/ou-c", ShareAssociated, false, 0)
	put("organization", "arn:aws:organizations::100000000000:organization/o-1", ShareAssociated, false, 0)
	put("open", "222222222222", ShareAssociating, false, 0)
	put("twice", "222222222222", ShareAssociated, false, time.Hour)
	put("twice", "arn:aws:organizations::100000000000:ou/o-1/ou-b", ShareAssociated, false, time.Minute)
	put("outside", "999999999999", ShareAssociated, true, 0)
	put("left", "999999999999", ShareAssociated, false, 0) // was a member when it was put in

	got := e.SharedWith("222222222222")
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"account", "organization", "twice", "unit above"}) {
		t.Errorf("shared with a member: %q", names)
	}
	if !got["twice"].Equal(start.Add(time.Minute)) {
		t.Errorf("reached since %v", got["twice"])
	}
	if names := slices.Sorted(maps.Keys(e.SharedWith("999999999999"))); !slices.Equal(names, []string{"outside"}) {
		t.Errorf("shared outside: %q", names)
	}
	if own := e.SharedWith("111111111111"); len(own) != 0 {
		t.Errorf("an owner is shared with: %v", own)
	}
}
