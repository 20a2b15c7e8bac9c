package estate

import "testing"

// TestRecorded: an account is recorded by a trail of its own, or of its
// organization, that is on and records in the Region. Where nobody read who is in
// the organization, an organization's trail that the account saw is its.
func TestRecorded(t *testing.T) {
	const management, member, stranger = AccountID("1"), AccountID("2"), AccountID("3")
	var inside Estate
	inside.Organization = Organization{ID: "o", Management: management, Root: "r"}
	inside.Accounts.Put(Account{ID: management, Parent: "r"}, Account{ID: member, Parent: "r"})
	open := Estate{}
	open.Answers.Put(Answer{Query: Query{Kind: QueryTrails, Account: member, Region: "a"}})
	own := Trail{ARN: "own", Account: member, Region: "a", Logging: true}
	all := Trail{ARN: "all", Account: management, Region: "b", Everywhere: true, Organization: true, Logging: true}
	off, home := all, all
	off.Logging, home.Everywhere = false, false
	for _, tt := range []struct {
		name    string
		e       Estate
		trail   Trail
		account AccountID
		region  Region
		want    bool
	}{
		{"its own", inside, own, member, "a", true},
		{"another Region", inside, own, member, "b", false},
		{"another account's", inside, own, management, "a", false},
		{"the organization's", inside, all, member, "a", true},
		{"the organization's, of who is not in it", inside, all, stranger, "a", false},
		{"one that is off", inside, off, member, "a", false},
		{"the organization's, at home alone", inside, home, member, "a", false},
		{"the organization's, at home", inside, home, member, "b", true},
		{"seen, where nobody read the organization", open, all, member, "a", true},
	} {
		tt.e.Trails.Put(tt.trail)
		if got, all := tt.e.Recorded(tt.account, tt.region), tt.e.RecordedAll(tt.account, tt.region); got != tt.want || all != got {
			t.Errorf("%s: %v, all %v", tt.name, got, all)
		}
		tt.trail.Selective = true
		tt.e.Trails.Put(tt.trail)
		if got := tt.e.Recorded(tt.account, tt.region); got != tt.want || tt.e.RecordedAll(tt.account, tt.region) {
			t.Errorf("%s, by selectors: %v, or all of it", tt.name, got)
		}
	}
}
