package world

import (
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// usesTable says which resource uses which: used ARN + NUL + user's ARN. What
// is used cannot be deleted; each service tells its own refusal.
var usesTable = Private[struct{}]{Name: "world.uses"}

// Use records that a resource uses another, such as a listener a certificate.
// Both are ARNs.
func (s *State) Use(used, user string) {
	usesTable.Put(s, used+"\x00"+user, struct{}{})
	s.markCertificate(used)
}

// Unuse ends a use.
func (s *State) Unuse(used, user string) {
	usesTable.Delete(s, used+"\x00"+user)
	s.markCertificate(used)
}

// Users are the ARNs of what uses a resource, sorted.
func (s *State) Users(used string) []string {
	var out []string
	usesTable.Walk(s, used+"\x00", func(key string, _ struct{}) bool {
		_, user, _ := strings.Cut(key, "\x00")
		out = append(out, user)
		return true
	})
	return out
}

// markCertificate keeps Certificate.InUse true to the uses.
func (s *State) markCertificate(arn string) {
	if c, ok := s.Estate.Certificates.Get(arn); ok {
		c.InUse = len(s.Users(arn)) > 0
		s.Estate.Certificates.Put(c)
	}
}

// Issued finds a certificate for a service that wants to use it: an issued one
// of the caller's, in a Region.
func (c *Call) Issued(arn string, r estate.Region) (estate.Certificate, bool) {
	cert, ok := c.Estate().Certificates.Get(arn)
	return cert, ok && cert.Account == c.Account() && cert.Region == r && cert.Status == estate.CertificateIssued
}
