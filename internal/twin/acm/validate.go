package acm

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Times of a validation. AWS documents the last one only (ACM User Guide,
// dns-validation.html); the others are what clients see, at the short end.
const (
	// RecordDelay is how long after the request the validation records are told.
	RecordDelay = 3 * time.Second
	// IssueDelay is how long after a record became visible its name is validated.
	IssueDelay = 30 * time.Second
	// ValidationTimeout is how long ACM looks for the records.
	ValidationTimeout = 72 * time.Hour
)

// failureCAA is the failure reason of a certificate that CAA records forbid.
const failureCAA = "CAA_ERROR"

// Settle brings every certificate of the world to the state that it has at a
// time: it tells validation records, looks for them in public DNS, issues and
// fails. The assembly calls it before each call to a service that may look at
// certificates. A record counts from the first Settle that finds it, so it is
// called after each change of records, too.
func Settle(s *world.State, now time.Time) {
	pending := slices.Collect(s.Estate.Certificates.By(estate.ByStatus(estate.CertificatePending)))
	if len(pending) == 0 {
		return
	}
	policy := resolve.DefaultPolicy
	policy.Closed = true
	dns := resolve.New(s.Estate, policy)
	for _, cert := range pending {
		details, _ := moreTable.Get(s, cert.ARN)
		after, seen := settle(dns, cert, details.seen, now)
		if !slices.Equal(seen, details.seen) {
			details.seen = seen
			moreTable.Put(s, cert.ARN, details)
		}
		s.Estate.Certificates.Put(after)
	}
}

// settle is Settle for one pending certificate.
func settle(dns *resolve.Resolver, cert estate.Certificate, seen []time.Time, now time.Time) (estate.Certificate, []time.Time) {
	if now.Before(cert.Created.Add(RecordDelay)) {
		return cert, seen
	}
	deadline := cert.Created.Add(ValidationTimeout)
	cert.Validation = slices.Clone(cert.Validation)
	seen = append(slices.Clone(seen), make([]time.Time, len(cert.Validation)-min(len(seen), len(cert.Validation)))...)
	all, last := true, time.Time{}
	for i := range cert.Validation {
		v := &cert.Validation[i]
		if v.Record.IsZero() {
			v.Record, v.Value = validationRecord(cert.Account, v.Name)
		}
		if v.Status != validationPending {
			continue
		}
		ready := seen[i].Add(IssueDelay)
		if !seen[i].IsZero() && !now.Before(ready) && !ready.After(deadline) {
			v.Status = validationSuccess
		} else if !now.After(deadline) && visible(dns, *v) {
			if seen[i].IsZero() {
				seen[i] = now
			}
		} else {
			seen[i] = time.Time{}
		}
		all = all && v.Status == validationSuccess
	}
	for _, t := range seen {
		if ready := t.Add(IssueDelay); ready.After(last) {
			last = ready
		}
	}
	switch {
	case all && slices.ContainsFunc(cert.Names, func(n dnsname.Name) bool { return !caaAllows(dns, n) }):
		// The names stay validated (repost.aws/knowledge-center/acm-troubleshoot-caa-errors).
		cert.Status, cert.Failure = estate.CertificateFailed, failureCAA
	case all:
		cert.Status, cert.Issued = estate.CertificateIssued, last
	case now.After(deadline):
		cert.Status = estate.CertificateTimeout
		for i := range cert.Validation {
			if cert.Validation[i].Status == validationPending {
				cert.Validation[i].Status = validationFailed
			}
		}
	}
	return cert, seen
}

// Validation statuses (API_DomainValidation).
const (
	validationPending = "PENDING_VALIDATION"
	validationSuccess = "SUCCESS"
	validationFailed  = "FAILED"
)

// base is the name that is validated for a name: a wildcard shares the record
// of the name below which it stands.
func base(name dnsname.Name) dnsname.Name {
	if parent, ok := name.Parent(); ok && name.IsWildcard() {
		return parent
	}
	return name
}

// validationRecord is the CNAME record that proves control of a name. It
// depends on account and name only, so it is the same in every certificate and
// every Region (dns-validation.html).
func validationRecord(account estate.AccountID, name dnsname.Name) (record dnsname.Name, value string) {
	sum := sha256.Sum256(fmt.Appendf(nil, "acm/%s/%s", account, base(name)))
	middle := make([]byte, 10)
	for i := range middle {
		middle[i] = 'a' + sha256.Sum256(sum[:])[i]%26
	}
	record, err := base(name).Child(fmt.Sprintf("_%x", sum[:16]))
	if err != nil { // too long for a record; such names are refused
		return dnsname.Name{}, ""
	}
	return record, fmt.Sprintf("_%x.%s.acm-validations.aws.", sum[16:], middle)
}

func visible(dns *resolve.Resolver, v estate.Validation) bool {
	return slices.Contains(dns.Resolve(resolve.Vantage{}, v.Record, "CNAME").Values(), v.Value)
}

// authorities are the names by which CAA records allow ACM (ACM User Guide,
// setup-caa.html).
var authorities = []string{"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}

// caaAllows reports whether the CAA records of a name let Amazon issue: the
// nearest set at the name or above decides (RFC 8659 section 3). A lookup that
// fails forbids, as section 3 says.
func caaAllows(dns *resolve.Resolver, name dnsname.Name) bool {
	for n := range base(name).Ancestors() {
		answer := dns.Resolve(resolve.Vantage{}, n, "CAA")
		if answer.Outcome != resolve.NoError && answer.Outcome != resolve.NXDomain {
			return false
		}
		if answer.Positive() {
			return allowedBy(answer.Values(), name.IsWildcard())
		}
	}
	return true
}

// allowedBy judges one set of CAA records. issuewild, where there is one,
// decides alone about wildcards (RFC 8659 section 4.3); an unknown property
// that is critical forbids (section 4.1).
func allowedBy(records []string, wildcard bool) bool {
	issuers := map[string][]string{}
	for _, r := range records {
		fields := strings.SplitN(r, " ", 3)
		if len(fields) < 3 {
			return false
		}
		tag := strings.ToLower(fields[1])
		switch tag {
		case "issue", "issuewild":
			domain, _, _ := strings.Cut(strings.Trim(strings.TrimSpace(fields[2]), `"`), ";")
			issuers[tag] = append(issuers[tag], strings.ToLower(strings.TrimSpace(domain)))
		case "iodef", "issuemail", "contactemail", "contactphone":
		default:
			if fields[0] == "128" {
				return false
			}
		}
	}
	decides := issuers["issue"]
	if wildcard && issuers["issuewild"] != nil {
		decides = issuers["issuewild"]
	}
	return decides == nil || slices.ContainsFunc(decides, func(d string) bool { return slices.Contains(authorities, d) })
}
