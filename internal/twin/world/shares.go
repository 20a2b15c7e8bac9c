package world

import (
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

// Works reports whether what a share holds is in effect.
func Works(m estate.ShareMember, now time.Time) bool {
	return m.Status == estate.ShareAssociated && !now.Before(m.Since.Add(Sharing))
}
