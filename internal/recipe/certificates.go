package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// certificates wants the certificates of a delegation and their validation
// records. A wildcard and its base share one record, and so do certificates of
// one account in several Regions (ACM User Guide, dns-validation.html).
func (d *delegation) certificates() {
	for i, c := range d.Certificates {
		if !d.mayIssue(c, i) {
			continue
		}
		names := ""
		for _, n := range c.Names {
			names += n.String() + "\n"
		}
		sum := sha256.Sum256([]byte(names))
		region := certificateRegion(c)
		address := fmt.Sprintf("%s/certificates/%s-%s", d.address, region, hex.EncodeToString(sum[:4]))
		cert := plan.Wanted{
			Address: address, Account: d.child, Region: region, Item: plan.Item{Certificate: &plan.Certificate{Names: c.Names}},
			Pos: d.At("certificate", i), Settle: true, Reason: Configured,
		}
		if c.UsedBy != "" {
			cert.Reason = fmt.Sprintf("%s takes certificates from %s only", c.UsedBy, edgeRegion)
		}
		for _, n := range c.Names {
			cert.SettleAfter = append(cert.SettleAfter, d.validation(address, n))
		}
		if d.Parent.External == "" {
			cert.SettleAfter = append(cert.SettleAfter, linkAddress(d.Domain))
		} else {
			cert.Settle = false // nobody sees the records until the registrar has acted
		}
		cert.SettleAfter = slices.Compact(cert.SettleAfter)
		d.want(cert)
	}
}

// base is the name for which a certificate name is validated.
func base(n dnsname.Name) dnsname.Name {
	if n.IsWildcard() {
		n, _ = n.Parent()
	}
	return n
}

// validation wants the validation record of a name, once, in the zone that
// holds it.
func (d *delegation) validation(certificate string, n dnsname.Name) string {
	holder, ok := d.Config.Holder(base(n))
	if !ok {
		holder = &d.Delegation
	}
	account, _ := d.Config.FindAccount(holder.Child, d.Estate)
	if address, ok := d.validated[base(n)]; ok {
		return address
	}
	address := certificate + "/validation/" + base(n).String()
	d.validated[base(n)] = address
	rec := plan.Record{
		Zone: plan.Of(zoneAddress(holder.Domain), "id"), ZoneName: holder.Domain,
		Name: plan.Of(certificate, "record:"+n.String()), Type: "CNAME", TTL: validationTTL,
		Values: []plan.Value{plan.Of(certificate, "value:"+n.String())}, Statement: plan.StatementRecords,
	}
	d.want(plan.Wanted{
		Address: address, Account: account.ID, Item: plan.Item{Record: &rec}, Reason: "proves to ACM that the name is ours",
	})
	return address
}

// issuers are the values of a CAA record that let Amazon issue (ACM User Guide,
// setup-caa.html).
var issuers = []string{"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}

// mayIssue holds a certificate against the CAA records that will stand: one
// that they forbid would never be issued (RFC 8659 section 3).
func (d *delegation) mayIssue(c config.Certificate, i int) bool {
	ok := true
	for _, n := range c.Names {
		at, values := d.caa(base(n))
		if allowed(values, n.IsWildcard()) {
			continue
		}
		ok = false
		d.problem(d.At("certificate", i), diag.Error, d.address, "caa",
			fmt.Sprintf("a certificate for %s would never be issued: the CAA records at %s do not allow Amazon", n, at),
			strings.Join(values, ", "), `add a CAA record 0 issue "amazon.com" there, or take the certificate out`)
	}
	return ok
}

func publicCAA(n dnsname.Name) estate.PublicAnswer { return estate.PublicAnswer{Name: n, Type: "CAA"} }

// publicCAA asks public DNS, name by name upwards until there are some, for the
// CAA records above a domain whose parent orgdns cannot read.
func (n *needs) publicCAA(d config.Delegation) {
	if len(d.Certificates) == 0 {
		return
	}
	for above := range d.Domain.Ancestors() {
		if above == d.Domain || above.Depth() == 0 {
			continue
		}
		q := estate.Query{Kind: estate.QueryPublic, ID: above.String() + "/CAA"}
		n.ask(q)
		seen, _ := n.Estate.Public.Get(publicCAA(above).Key())
		if _, asked := n.Estate.Asked(q); !asked || len(seen.Values) > 0 {
			return
		}
	}
}

// caa finds the CAA records that hold for a name: at the name or nearest above
// it, in the zones that are or will be asked.
func (d *delegation) caa(name dnsname.Name) (at dnsname.Name, values []string) {
	for n := range name.Ancestors() {
		for _, other := range d.Config.Delegations {
			for _, rec := range other.Records {
				if rec.Name == n && rec.Type == "CAA" {
					return n, rec.Values
				}
			}
		}
		if seen, ok := d.Estate.Public.Get(publicCAA(n).Key()); ok && len(seen.Values) > 0 {
			return n, seen.Values
		}
		for above := range n.Ancestors() {
			for z := range d.Estate.Zones.By(estate.ByName(above)) {
				rec, ok := d.Estate.Records.Get(estate.RecordKey(z.ID, n, "CAA", ""))
				if ok && !z.Private && !(n.Under(d.Domain) && !z.Name.Under(d.Domain)) {
					return n, rec.Values
				}
			}
		}
	}
	return dnsname.Name{}, nil
}

// allowed reports whether a set of CAA records lets Amazon issue.
func allowed(values []string, wildcard bool) bool {
	var issue, issueWild []string
	for _, v := range values {
		f := strings.Fields(v)
		if len(f) < 3 {
			continue
		}
		issuer, _, _ := strings.Cut(strings.Trim(strings.Join(f[2:], ""), `"`), ";")
		switch strings.ToLower(strings.Trim(f[1], `"`)) {
		case "issue":
			issue = append(issue, issuer)
		case "issuewild":
			issueWild = append(issueWild, issuer)
		}
	}
	relevant := issue
	if wildcard && len(issueWild) > 0 {
		relevant = issueWild
	}
	if len(relevant) == 0 {
		return true
	}
	return slices.ContainsFunc(relevant, func(s string) bool { return slices.Contains(issuers, strings.ToLower(strings.TrimSpace(s))) })
}
