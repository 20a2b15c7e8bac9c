package estate

import (
	"slices"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// Certificate statuses (ACM API, CertificateDetail).
const (
	CertificatePending = "PENDING_VALIDATION"
	CertificateIssued  = "ISSUED"
	CertificateFailed  = "FAILED"
	CertificateTimeout = "VALIDATION_TIMED_OUT"
)

// Certificate is an ACM certificate.
type Certificate struct {
	ARN     string         `json:"arn"`
	Account AccountID      `json:"account"`
	Region  Region         `json:"region"`
	Names   []dnsname.Name `json:"names"` // the domain name first, then the alternative names
	Status  string         `json:"status"`
	// Validation has an entry for each name; the record is empty for the few
	// seconds after the request in which ACM has not yet made it.
	Validation []Validation `json:"validation,omitempty"`
	InUse      bool         `json:"inUse,omitempty"`
	Failure    string       `json:"failure,omitempty"` // FailureReason: CAA_ERROR, …
	Created    time.Time    `json:"created,omitzero"`
	Issued     time.Time    `json:"issued,omitzero"`
	Tags       Tags         `json:"tags,omitzero"`
}

func (c Certificate) Key() string { return c.ARN }
func (c Certificate) IndexKeys() []string {
	return []string{ByAccount(c.Account), ByRegion(c.Account, c.Region), ByStatus(c.Status)}
}

// ByStatus is the index key of certificates by status.
func ByStatus(status string) string { return "status/" + status }

// Covers reports whether the certificate is good for a name: one of its names
// is the name, or a wildcard for exactly the name's leftmost label (RFC 6125
// section 6.4.3). A wildcard name is covered by the same wildcard only.
func (c Certificate) Covers(name dnsname.Name) bool {
	parent, _ := name.Parent()
	return slices.Contains(c.Names, name) ||
		!name.IsWildcard() && !parent.IsZero() && slices.Contains(c.Names, parent.Wildcard())
}

// Validation is the DNS validation of one name of a certificate: the CNAME
// record that ACM wants to see in public DNS.
type Validation struct {
	Name   dnsname.Name `json:"name"`
	Status string       `json:"status"` // PENDING_VALIDATION, SUCCESS, FAILED
	Record dnsname.Name `json:"record,omitzero"`
	Value  string       `json:"value,omitempty"`
}
