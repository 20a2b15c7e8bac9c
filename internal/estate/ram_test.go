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

// TestLends: what is one's own, and what a share of the owner holds that reaches
// the account; each way of taking it away ends it.
func TestLends(t *testing.T) {
	const (
		owner, member, other = "111111111111", "222222222222", "333333333333"
		rule                 = "arn:aws:route53resolver:eu-west-1:111111111111:resolver-rule/rslvr-rr-1"
	)
	unit := "arn:aws:organizations::100000000000:ou/o-1/ou-a"
	var standing Estate
	standing.Organization = Organization{ID: "o-1", Management: "100000000000", Root: "r-1"}
	standing.Units.Put(Unit{ID: "ou-a", Parent: "r-1"})
	standing.Accounts.Put(Account{ID: owner, Parent: "r-1"}, Account{ID: member, Parent: "ou-a"}, Account{ID: other, Parent: "r-1"})
	share := func() Share {
		return Share{
			ARN: "s", Account: owner,
			Resources:  []ShareMember{{ID: rule, Status: ShareAssociated}},
			Principals: []ShareMember{{ID: other, Status: ShareAssociating}, {ID: unit, Status: ShareAssociated}},
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*Estate, *Share)
		want   bool
	}{
		{"by its unit", func(*Estate, *Share) {}, true},
		{"by its ID", func(_ *Estate, s *Share) { s.Principals[1].ID = member }, true},
		{"outside the organization", func(e *Estate, s *Share) {
			e.Accounts.Put(Account{ID: member})
			s.Principals[1] = ShareMember{ID: member, Status: ShareAssociated, External: true}
		}, true},
		{"resource taken out", func(_ *Estate, s *Share) { s.Resources = nil }, false},
		{"resource not in yet", func(_ *Estate, s *Share) { s.Resources[0].Status = ShareAssociating }, false},
		{"principal taken out", func(_ *Estate, s *Share) { s.Principals = s.Principals[:1] }, false},
		{"invitation open", func(_ *Estate, s *Share) { s.Principals[1] = ShareMember{ID: member, Status: ShareAssociating} }, false},
		{"moved to another unit", func(e *Estate, _ *Share) { e.Accounts.Put(Account{ID: member, Parent: "r-1"}) }, false},
		{"left the organization", func(e *Estate, s *Share) {
			e.Accounts.Put(Account{ID: member})
			s.Principals[1].ID = member
		}, false},
		{"another's share", func(_ *Estate, s *Share) { s.Account = other }, false},
	} {
		e, s := standing, share()
		tc.change(&e, &s)
		e.Shares.Put(s)
		if got := e.Lends(rule, owner, member); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
		if e.Lends(rule, owner, other) {
			t.Errorf("%s: lent to an account whose invitation is open", tc.name)
		}
	}
	partly := standing // read from AWS, without the owner's shares
	partly.Answers.Put(Answer{Query: Query{Kind: QueryShares, Account: member, Region: "eu-west-1"}})
	if !partly.Lends(rule, owner, member) {
		t.Error("unread is not unshared")
	}
	partly.Answers.Put(Answer{Query: Query{Kind: QueryShares, Account: owner, Region: "eu-west-1"}})
	if partly.Lends(rule, owner, member) {
		t.Error("lent, though the owner's shares were read and hold nothing")
	}
	if !standing.Lends(rule, owner, owner) {
		t.Error("not lent to its owner")
	}
}
