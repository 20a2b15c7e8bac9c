package estate

// Trail is a trail of AWS CloudTrail (CloudTrail API, Trail). Where one records an
// account, EventBridge gets the calls made there (EventBridge User Guide,
// event-types.html: "a CloudTrail trail with logging enabled is required").
type Trail struct {
	ARN     string    `json:"arn"`
	Name    string    `json:"name"`
	Account AccountID `json:"account"` // its owner: of an organization's trail, the management account or a delegated one
	Region  Region    `json:"region"`  // its home
	// Everywhere: it records in all Regions, not at home alone.
	Everywhere bool `json:"everywhere,omitempty"`
	// Organization: it records in all accounts of the organization.
	Organization bool `json:"organization,omitempty"`
	// Selective: it has event selectors of its own, and may leave out what
	// changes something; without, it records all of that.
	Selective bool `json:"selective,omitempty"`
	Logging   bool `json:"logging,omitempty"` // it is on
}

func (t Trail) Key() string         { return t.ARN }
func (t Trail) IndexKeys() []string { return []string{ByAccount(t.Account)} }

// Seen reports whether an account sees the trail in a Region: its own and, as far
// as they are known to be of one organization or it is not known who is, that of
// the organization (API_DescribeTrails, includeShadowTrails).
func (e Estate) Seen(t Trail, account AccountID, r Region) bool {
	member := e.Path(string(account)) != nil || !e.Closed() && !e.Answered(Query{Kind: QueryAccounts})
	return (t.Account == account || t.Organization && member) && (t.Region == r || t.Everywhere)
}

// Recorded reports whether a trail that is on records an account in a Region.
func (e Estate) Recorded(account AccountID, r Region) bool {
	return e.records(account, r, func(Trail) bool { return true })
}

// RecordedAll reports the same of a trail that leaves out nothing that changes
// something.
func (e Estate) RecordedAll(account AccountID, r Region) bool {
	return e.records(account, r, func(t Trail) bool { return !t.Selective })
}

func (e Estate) records(account AccountID, r Region, counts func(Trail) bool) bool {
	for t := range e.Trails.All() {
		if t.Logging && counts(t) && e.Seen(t, account, r) {
			return true
		}
	}
	return false
}
