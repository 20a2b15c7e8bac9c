package plan

import (
	"fmt"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// Certificates: marked by tag in the request that makes them; other names are
// another certificate, under another address. One that failed is made anew.

// OwnCertificate finds the certificate of ours that stands for an address; one
// that can still be, or is, issued comes before one that failed.
func OwnCertificate(e estate.Estate, owner, address string, account estate.AccountID, region estate.Region) (found estate.Certificate, ok bool) {
	for c := range e.Certificates.By(estate.ByRegion(account, region)) {
		if c.Tags[TagOwner] == owner && c.Tags[TagAddress] == address && (!ok || failed(found)) {
			found, ok = c, true
		}
	}
	return found, ok
}

func failed(c estate.Certificate) bool {
	return c.Status != estate.CertificatePending && c.Status != estate.CertificateIssued
}

func (b *builder) certificates() {
	for _, w := range b.in.Wanted {
		if w.Item.Certificate == nil {
			continue
		}
		if w.Frozen {
			if c, ok := OwnCertificate(b.e, b.in.Owner, w.Address, w.Account, w.Region); ok {
				b.validates(w, c)
			}
			continue
		}
		q := estate.Query{Kind: estate.QueryCertificates, Account: w.Account, Region: w.Region}
		if !b.e.Answered(q) {
			b.unread(w, q)
			continue
		}
		c, ok := OwnCertificate(b.e, b.in.Owner, w.Address, w.Account, w.Region)
		if !ok || failed(c) {
			if ok {
				w.Reason = fmt.Sprintf("certificate %s is %s %s", c.ARN, c.Status, c.Failure)
			}
			b.add(w, Change{Action: Create, After: &w.Item})
			continue
		}
		b.plan.Managed++
		b.validates(w, c)
		if c.Status == estate.CertificatePending {
			b.add(w, Change{Action: Await, ID: c.ARN, After: &w.Item})
		}
	}
}

// validates makes the validation records of a standing certificate known, once
// ACM has made them all.
func (b *builder) validates(w Wanted, c estate.Certificate) {
	known := Attributes{"arn": {c.ARN}}
	for _, v := range c.Validation {
		if v.Record.IsZero() {
			return
		}
		known["record:"+v.Name.String()] = []string{v.Record.String()}
		known["value:"+v.Name.String()] = []string{v.Value}
	}
	b.plan.Known[w.Address] = known
}

func (b *builder) orphanCertificates() {
	for c := range b.e.Certificates.All() {
		address := c.Tags[TagAddress]
		if c.Tags[TagOwner] != b.in.Owner || b.frozen[address] {
			continue
		}
		keep, ok := OwnCertificate(b.e, b.in.Owner, address, c.Account, c.Region)
		first := !ok || keep.ARN == c.ARN
		if b.wanted[address] && first && !failed(c) {
			continue
		}
		if !b.wanted[address] {
			b.plan.Managed++
		}
		w := Wanted{Address: address, Account: c.Account, Region: c.Region, Reason: "no longer in the configuration"}
		if b.wanted[address] || !first {
			w.Address += "/" + c.ARN[strings.LastIndexByte(c.ARN, '/')+1:]
		}
		if b.wanted[address] {
			w.Reason = "replaced: it is " + c.Status
		}
		if c.InUse {
			b.problem(w, diag.Warning, "in-use", fmt.Sprintf("certificate %s stays: it is in use", c.ARN), "",
				"take it off the load balancer, distribution or API that uses it; a later run deletes it")
			continue
		}
		b.add(w, Change{Action: Delete, ID: c.ARN, Before: &Item{Certificate: &Certificate{Names: c.Names}},
			Basis: []Basis{b.basis(estate.Query{Kind: estate.QueryCertificates, Account: c.Account, Region: c.Region}, "certificates", c.ARN)}})
	}
}
