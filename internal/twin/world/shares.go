package world

import (
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
)

// Sharing is how long it takes until a share works, from when a resource or a
// principal was put into it, or an invitation accepted. AWS says only that it is
// not at once.
const Sharing = 2 * time.Second

// Shared are the ARNs of resources of others that the caller may use, in its
// Region: those of a service whose last part begins with kind, "subnet/". They
// are sorted.
func (c *Call) Shared(service, kind string) []string {
	var out []string
	prefix := "arn:aws:" + service + ":" + string(c.Region) + ":"
	for arn, since := range c.Estate().SharedWith(c.Account()) {
		s, _ := c.Estate().Shares.Get(arn)
		if c.Now.Before(since.Add(Sharing)) {
			continue
		}
		for _, r := range s.Resources {
			if rest, ok := strings.CutPrefix(r.ID, prefix); ok && Works(r, c.Now) {
				if _, last, _ := strings.Cut(rest, ":"); strings.HasPrefix(last, kind) {
					out = append(out, r.ID)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// MayShared reports whether the caller may do an action
// ("route53profiles:AssociateProfile") with a resource of another account, by
// the permissions of the shares that lend it ([estate.Estate.Allowed]).
func (c *Call) MayShared(arn, action string) bool {
	e := c.Estate()
	for id, since := range e.SharedWith(c.Account()) {
		s, _ := e.Shares.Get(id)
		m, _ := estate.ShareMemberIn(s.Resources, arn)
		if c.Now.Before(since.Add(Sharing)) || !Works(m, c.Now) {
			continue
		}
		for _, pattern := range e.Allowed(s, arn) {
			if ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(action)); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// Works reports whether what a share holds is in effect.
func Works(m estate.ShareMember, now time.Time) bool {
	return m.Status == estate.ShareAssociated && !now.Before(m.Since.Add(Sharing))
}

// Lent reports whether the caller may use a resource of an owner: its own, or
// one that a share gives it since a moment ago.
func (c *Call) Lent(arn string, owner estate.AccountID) bool {
	e := c.Estate()
	if owner == c.Account() || !e.Lends(arn, owner, c.Account()) {
		return owner == c.Account()
	}
	known := false
	for s := range c.shares(arn, owner) {
		known = true
		if m, _ := estate.ShareMemberIn(s.Resources, arn); Works(m, c.Now) && !c.Now.Before(s.since.Add(Sharing)) {
			return true
		}
	}
	return !known // the owner's shares were not read
}

// IsShared reports whether a share of the owner holds a resource.
func (c *Call) IsShared(arn string, owner estate.AccountID) bool {
	for s := range c.Estate().Shares.By(estate.ByMember(arn)) {
		if m, _ := estate.ShareMemberIn(s.Resources, arn); s.Account == owner && m.Status == estate.ShareAssociated {
			return true
		}
	}
	return false
}

// reaching is a share that reaches the caller.
type reaching struct {
	estate.Share
	since time.Time
}

// shares are those of an owner that hold a resource and reach the caller.
func (c *Call) shares(arn string, owner estate.AccountID) iter.Seq[reaching] {
	return func(yield func(reaching) bool) {
		reach := c.Estate().SharedWith(c.Account())
		for s := range c.Estate().Shares.By(estate.ByMember(arn)) {
			m, _ := estate.ShareMemberIn(s.Resources, arn)
			since, ok := reach[s.ARN]
			if ok && s.Account == owner && m.Status == estate.ShareAssociated && !yield(reaching{s, since}) {
				return
			}
		}
	}
}
