package estate

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Statuses of what a share holds (RAM API, ResourceShareAssociation).
const (
	ShareAssociating = "ASSOCIATING" // for a principal: its invitation is open
	ShareAssociated  = "ASSOCIATED"
)

// ShareService is the service principal with which an organization's accounts
// share without invitations, when it is among the TrustedServices.
const ShareService = "ram.amazonaws.com"

// Share is a resource share of AWS RAM, as its owner sees it (RAM API,
// ResourceShare and ResourceShareAssociation).
type Share struct {
	ARN           string        `json:"arn"`
	Account       AccountID     `json:"account"`
	Region        Region        `json:"region"`
	Name          string        `json:"name"`
	AllowExternal bool          `json:"allowExternal,omitempty"` // principals outside the organization
	Resources     []ShareMember `json:"resources,omitempty"`
	Principals    []ShareMember `json:"principals,omitempty"`
	// Permissions say what principals may do, where that is not the default;
	// at most one a type of resource.
	Permissions []SharePermission `json:"permissions,omitempty"`
	Created     time.Time         `json:"created,omitzero"`
	Tags        Tags              `json:"tags,omitzero"`
}

// ShareMember is a resource or a principal of a share.
type ShareMember struct {
	// ID is the ARN of a resource; of a principal the account, or the ARN of
	// a unit or of the organization.
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	External bool      `json:"external,omitempty"` // a principal outside the organization
	Since    time.Time `json:"since,omitzero"`     // when it came to its status
}

func (s Share) Key() string { return s.ARN }

// IndexKeys are the owner, and what the share holds.
func (s Share) IndexKeys() []string {
	keys := []string{ByAccount(s.Account), ByRegion(s.Account, s.Region)}
	for _, m := range s.Resources {
		keys = append(keys, ByMember(m.ID))
	}
	for _, m := range s.Principals {
		keys = append(keys, ByMember(m.ID))
	}
	return keys
}

// Invitation is an invitation to a share that waits for a principal outside the
// organization, or of one that does not share by itself (RAM API,
// ResourceShareInvitation).
type Invitation struct {
	ARN      string    `json:"arn"`
	Share    string    `json:"share"`          // ARN
	Name     string    `json:"name,omitempty"` // of the share
	Sender   AccountID `json:"sender"`
	Receiver AccountID `json:"receiver"`
	Region   Region    `json:"region"`
	Status   string    `json:"status"` // PENDING, ACCEPTED, REJECTED, EXPIRED
	Made     time.Time `json:"made,omitzero"`
}

func (i Invitation) Key() string { return i.ARN }
func (i Invitation) IndexKeys() []string {
	return []string{ByRegion(i.Receiver, i.Region), ByMember(i.Share)}
}

// ByMember is the index key of the shares that hold a resource or principal, in
// whatever partition.
func ByMember(id string) string { return "member/" + member(id) }

// UnitARN is the ARN of a unit of the organization, or of the organization
// itself where id is the root, as RAM names principals.
func (o Organization) UnitARN(id string) string {
	arn := "arn:" + cmp.Or(PartitionOf(o.ARN), commercial) + ":organizations::" + string(o.Management)
	if id == o.Root {
		return arn + ":organization/" + o.ID
	}
	return arn + ":ou/" + o.ID + "/" + id
}

// SharedWith are the shares of other accounts that reach an account, by its ID,
// its units or its organization, each with the moment from which on it did. A
// principal whose invitation is open is not reached; one that was taken in as
// the organization's is only while both accounts are in it (RAM User Guide,
// getting-started-sharing.html).
func (e Estate) SharedWith(account AccountID) map[string]time.Time {
	out := map[string]time.Time{}
	for _, id := range e.principals(account) {
		for _, s := range slices.Collect(e.Shares.By(ByMember(id))) { // see Lends
			if s.Account == account {
				continue
			}
			for _, p := range s.Principals {
				if p.ID != id || !e.admits(s, p, account) {
					continue
				}
				if since, twice := out[s.ARN]; !twice || p.Since.Before(since) {
					out[s.ARN] = p.Since
				}
			}
		}
	}
	return out
}

// Lends reports whether an account may use a resource of an owner, by its ARN:
// its own, or one in a share that reaches it as in [Estate.SharedWith]. What was
// unshared is lent no more, whatever was associated before (R2.9, R4.9). Where
// the owner's shares or the accounts of the organization were not read, what is
// seen counts as lent.
func (e Estate) Lends(arn string, owner, to AccountID) bool {
	if owner == to || !e.sharesKnown(arn, owner) {
		return true
	}
	var ids []string
	// Collected first: a walk's own function would hold the estate, and with it
	// make a copy of it for each call.
	for _, s := range slices.Collect(e.Shares.By(ByMember(arn))) {
		if m, _ := ShareMemberIn(s.Resources, arn); s.Account != owner || m.Status != ShareAssociated {
			continue
		}
		if ids == nil {
			ids = e.principals(to)
		}
		for _, p := range s.Principals {
			if slices.Contains(ids, p.ID) && e.admits(s, p, to) || e.mayReach(p, to) {
				return true
			}
		}
	}
	return false
}

// mayReach reports whether a principal may be an account, though nobody knows
// which accounts are in the organization, since they were not read.
func (e Estate) mayReach(p ShareMember, account AccountID) bool {
	return !e.Closed() && !e.Answered(Query{Kind: QueryAccounts}) && p.Status == ShareAssociated &&
		(p.ID == string(account) || strings.HasPrefix(p.ID, "arn:"))
}

// sharesKnown reports whether the estate holds the owner's shares in the Region
// of an ARN.
func (e Estate) sharesKnown(arn string, owner AccountID) bool {
	if e.Closed() {
		return true
	}
	parts := strings.SplitN(arn, ":", 5)
	return len(parts) == 5 && e.Answered(Query{Kind: QueryShares, Account: owner, Region: Region(parts[3])})
}

// principals are the names by which a share can reach an account.
func (e Estate) principals(account AccountID) []string {
	path := e.Path(string(account))
	ids := []string{string(account)}
	for _, id := range path[:max(0, len(path)-1)] {
		ids = append(ids, e.Organization.UnitARN(id))
	}
	return ids
}

// admits reports whether a principal of a share, which names an account, is in.
func (e Estate) admits(s Share, p ShareMember, account AccountID) bool {
	inside := e.Path(string(account)) != nil && e.Path(string(s.Account)) != nil
	return p.Status == ShareAssociated && (p.External || inside)
}

// ShareMemberIn finds a member by its ID, in whatever partition.
func ShareMemberIn(list []ShareMember, id string) (ShareMember, bool) {
	for _, m := range list {
		if member(m.ID) == member(id) {
			return m, true
		}
	}
	return ShareMember{}, false
}
