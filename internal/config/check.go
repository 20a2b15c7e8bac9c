package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Judgements over one object, made when it was read.

func (r *reader) finishParent(p *Parent) {
	external, account := p.node.value("external"), p.node.value("account")
	switch {
	case external == nil && account == nil:
		r.problem(p.Pos, CodeMissingKey, `the key "account" is missing`, "a parent has an account, or is external", "")
	case external != nil && (account != nil || p.Zone != ""):
		r.problem(external.pos, CodeKeyConflict, "an external parent has no account and no zone", "", "remove the key external, or the others")
	}
}

func (r *reader) finishDelegation(d *Delegation) {
	if d.node.value("ttl") == nil {
		d.TTL = TTL{Seconds: DefaultTTL}
	}
	if p := d.Parent.Domain; !p.IsZero() && !d.Domain.IsZero() {
		switch {
		case d.Domain == p:
			r.problem(d.At("domain"), CodeOutside, d.Domain.String()+" cannot be delegated from a zone of the same name", "", "write the parent's own name, or leave parent.domain out")
		case !d.Domain.Under(p):
			r.fault(d.At("domain"), outside(d.Domain, p, dnsname.Name.String))
		}
	}
	for i := range d.Certificates {
		c := &d.Certificates[i]
		if c.node.value("names") == nil && !d.Domain.IsZero() {
			c.Names = []dnsname.Name{d.Domain}
		}
		r.finishCertificate(c, d.Domain)
	}
	r.finishRecords(d.Domain, d.Records)
}

// Bounds of a certificate (ACM API, RequestCertificate).
const (
	maxCommonName   = 64
	maxCertNames    = 100
	globalCertUsers = estate.Region("us-east-1")
)

func (r *reader) finishCertificate(c *Certificate, domain dnsname.Name) {
	seen := map[dnsname.Name]bool{}
	for i, n := range c.Names {
		pos := c.At("names", i)
		switch {
		case !domain.IsZero() && !n.Under(domain):
			f := outside(n, domain, dnsname.Name.String)
			f.detail = "its validation record could not stand in the child zone"
			r.fault(pos, f)
		case i == 0 && len(n.String()) > maxCommonName:
			r.problem(pos, CodeBadName, fmt.Sprintf("the first name of a certificate has at most %d characters, this one %d", maxCommonName, len(n.String())), "ACM API, RequestCertificate", "put a shorter name first")
		case seen[n]:
			r.problem(pos, CodeDuplicate, n.String()+" stands twice in the certificate", "", "remove one")
		}
		seen[n] = true
	}
	if len(c.Names) > maxCertNames {
		r.problem(c.At("names"), CodeBadValue, fmt.Sprintf("a certificate has at most %d names, this one %d", maxCertNames, len(c.Names)), "ACM User Guide, acm-limits.html", "make several certificates")
	}
	if c.UsedBy == "" {
		return
	}
	if c.Region != "" && c.Region != globalCertUsers {
		r.problem(c.At("region"), CodeRegion, fmt.Sprintf("%s takes certificates from %s only, not from %s", c.UsedBy, globalCertUsers, c.Region), "ACM User Guide, acm-regions.html", "remove the key")
	}
	c.Region = globalCertUsers
}

func (r *reader) finishAliasKeys(a *Alias) {
	var used []string
	for _, k := range []string{estate.TargetAPIGateway, estate.TargetCloudFront, estate.TargetLoadBalancer, estate.TargetS3Website} {
		if a.node.value(k) != nil {
			used = append(used, k)
		}
	}
	switch {
	case len(used) == 0:
		r.problem(a.Pos, CodeMissingKey, "the alias has no target", "", "write one of apiGateway, cloudFront, loadBalancer, s3Website")
	case len(used) > 1:
		r.problem(a.At(used[1]), CodeKeyConflict, "an alias has one target, not "+strings.Join(used, " and "), "", "keep one")
	}
}

func (r *reader) finishExpectation(e *Expectation) {
	has := func(key string) bool { return e.node.value(key) != nil }
	if !has("type") {
		e.Type = "A"
	}
	if !has("resolvesTo") && !has("values") && !has("rcode") && !has("not") {
		r.problem(e.Pos, CodeMissingKey, "the test expects nothing", "", "write one of resolvesTo, values, rcode, not")
	}
	if (has("values") || has("resolvesTo")) && e.RCode != "" && e.RCode != "NOERROR" {
		r.problem(e.At("rcode"), CodeKeyConflict, "an answer with the outcome "+e.RCode+" has no values", "", "remove one")
	}
	if e.Type == "" {
		return
	}
	var values []string
	for i, v := range e.Values {
		value, f := parseValue(e.Type, v)
		if f != nil {
			r.fault(e.At("values", i), f)
			continue
		}
		values = append(values, value)
	}
	e.Values = values
}

// Judgements over the whole configuration.

// check judges what needs more than one section, and fills in the defaults.
func (c *Config) check(r *reader) {
	if c.Defaults.Role == "" {
		c.Defaults.Role = defaultRole
	}
	if c.Limits.node == nil || c.Limits.node.value("deletes") == nil {
		c.Limits.Deletes = Allowance{25, true}
	}
	if c.Policies.Changes == "" {
		c.Policies.Changes = ChangesAll
	}
	c.checkAccounts(r)
	for _, ref := range r.refs {
		c.checkRef(r, ref)
	}
	if a := c.Access; a != nil && a.Role == "" {
		if acc, ok := c.Account(a.Account); ok {
			a.Role = acc.Role
			if a.ExternalID.IsZero() {
				a.ExternalID = acc.ExternalID
			}
		} else {
			a.Role = c.Defaults.Role
		}
	}
	c.checkDelegations(r)
	c.checkPrivateZones(r)
	c.checkLatticeDomains(r)
	c.checkLatticeEvents(r)
	c.checkEndpointShares(r)
	for i := range c.Expect {
		c.checkTarget(r, &c.Expect[i])
		if s := c.Expect[i].From.Selector; len(s.Units) > 0 && c.Access == nil {
			r.problem(s.At("organizationalUnits"), CodeSelector, "units cannot be read without access to the organization", "", "add organization.access, or name the accounts")
		}
	}
}

// checkTarget tells the name of an endpoint share from a domain name.
func (c *Config) checkTarget(r *reader, e *Expectation) {
	n := e.node.value("resolvesTo")
	if n == nil || e.ResolvesTo.IsZero() {
		return
	}
	var known []string
	for _, s := range c.EndpointShares {
		if s.Name == n.text {
			e.ShareName, e.ResolvesTo = s.Name, dnsname.Name{}
			return
		}
		known = append(known, s.Name)
	}
	if e.ResolvesTo.Depth() == 1 {
		hint := nearest(n.text, known)
		if hint == "" {
			hint = "write the name of an endpoint share, or the whole name of a target"
		}
		r.problem(n.pos, CodeUnknownShare, "there is no endpoint share "+quote(n.text), "", hint)
	}
}

func (c *Config) checkAccounts(r *reader) {
	ids := map[estate.AccountID]*Account{}
	for i := range c.Accounts {
		a := &c.Accounts[i]
		a.fill(c.Defaults)
		if before, twice := ids[a.ID]; twice && a.ID != "" {
			r.problem(a.At("id"), CodeDuplicate, fmt.Sprintf("the account %s has two names, %s and %s", a.ID, quote(before.Name), quote(a.Name)), "first at "+before.At("id").String(), "keep one name")
			continue
		}
		ids[a.ID] = a
	}
	slices.SortFunc(c.Accounts, func(a, b Account) int { return strings.Compare(a.Name, b.Name) })
}

// checkRef judges a named account. When the organization is read, a name may be
// an account's own.
func (c *Config) checkRef(r *reader, ref AccountRef) {
	if _, ok := c.Account(ref); ok {
		return
	}
	digits := strings.Map(digitsOnly, ref.Name)
	switch {
	case accountDigits.MatchString(digits) && strings.Trim(ref.Name, "0123456789- ") == "":
		r.problem(ref.Pos, CodeUnknownAccount, "account "+quote(ref.Name)+" is not in the list of accounts", "", "did you mean "+quote(digits)+"?")
	case c.Access == nil || digits == ref.Name:
		r.add(c.unknownAccount(ref, nil))
	}
}

// same reports whether two references are known to mean one account, and
// whether that can be told.
func (c *Config) same(a, b AccountRef) (same, known bool) {
	if a.Name == b.Name {
		return true, true
	}
	x, okX := c.Account(a)
	y, okY := c.Account(b)
	return okX && okY && x.ID == y.ID, okX && okY && x.ID != "" && y.ID != ""
}

func (c *Config) checkDelegations(r *reader) {
	slices.SortStableFunc(c.Delegations, func(a, b Delegation) int { return a.Domain.Compare(b.Domain) })
	holders := map[dnsname.Name]*Delegation{}
	for i := range c.Delegations {
		d := &c.Delegations[i]
		if d.Domain.IsZero() {
			continue
		}
		if before, twice := holders[d.Domain]; twice {
			code, summary := CodeTwoOwners, fmt.Sprintf("%s is delegated twice, to %s and to %s", d.Domain, before.Child, d.Child)
			if same, _ := c.same(before.Child, d.Child); same {
				code, summary = CodeDuplicate, d.Domain.String()+" is delegated twice"
			}
			r.problem(d.At("domain"), code, summary, "first at "+before.At("domain").String(), "remove one")
			continue
		}
		holders[d.Domain] = d
	}
	for i := range c.Delegations {
		d := &c.Delegations[i]
		if d.Domain.IsZero() || holders[d.Domain] != d {
			continue
		}
		c.checkChain(r, holders, d)
		if same, _ := c.same(d.Parent.Account, d.Child); same && !d.Child.IsZero() {
			r.add(diag.Diagnostic{Severity: diag.Note, Code: CodeSameAccount, Pos: d.At("child"),
				Summary: "parent and child of " + d.Domain.String() + " are the same account"})
		}
		for j := range d.Certificates {
			c.checkCertificate(r, holders, d, &d.Certificates[j])
		}
		for j := range d.Records {
			rec := &d.Records[j]
			below := holderOf(holders, rec.Name)
			if rec.Name.IsZero() || below == nil || below == d {
				continue
			}
			r.problem(rec.Pos, CodeTwoOwners, liesIn(rec.Name, below),
				"the delegation is at "+below.At("domain").String(), "move the record there")
		}
	}
}

func liesIn(n dnsname.Name, d *Delegation) string {
	if n == d.Domain {
		return fmt.Sprintf("%s is delegated to %s", n, d.Child)
	}
	return fmt.Sprintf("%s lies in %s, which is delegated to %s", n, d.Domain, d.Child)
}

// holderOf is the deepest delegation at or above a name.
func holderOf(holders map[dnsname.Name]*Delegation, n dnsname.Name) *Delegation {
	for above := range n.Ancestors() {
		if d, ok := holders[above]; ok {
			return d
		}
	}
	return nil
}

// checkChain judges a delegation inside another one: only who holds the upper
// domain can give the lower one away.
func (c *Config) checkChain(r *reader, holders map[dnsname.Name]*Delegation, d *Delegation) {
	above, ok := d.Domain.Parent()
	if !ok {
		return
	}
	upper := holderOf(holders, above)
	if upper == nil || upper.Child.IsZero() {
		return
	}
	parent := d.Parent
	detail := "delegated at " + upper.At("domain").String()
	switch {
	case parent.External != "":
		r.problem(d.At("parent"), CodeTwoOwners, fmt.Sprintf("%s lies in %s, which is delegated to %s, so its parent is not external", d.Domain, upper.Domain, upper.Child), detail, "did you mean "+quote(upper.Child.Name)+"?")
	case !parent.Domain.IsZero() && parent.Domain != upper.Domain && upper.Domain.Below(parent.Domain):
		r.problem(parent.At("domain"), CodeTwoOwners, fmt.Sprintf("%s lies in %s, not directly in %s", d.Domain, upper.Domain, parent.Domain), detail, "did you mean "+quote(upper.Domain.String())+"?")
	case !parent.Account.IsZero():
		if same, known := c.same(parent.Account, upper.Child); known && !same {
			r.problem(parent.Account.Pos, CodeTwoOwners, fmt.Sprintf("%s lies in %s, which is delegated to %s, so %s cannot give it away", d.Domain, upper.Domain, upper.Child, parent.Account), detail, "did you mean "+quote(upper.Child.Name)+"?")
		}
	}
}

// checkCertificate finds the Region, and names whose validation record would
// stand in another zone.
func (c *Config) checkCertificate(r *reader, holders map[dnsname.Name]*Delegation, d *Delegation, cert *Certificate) {
	for i, n := range cert.Names {
		// The validation record of *.x stands below x, as that of x does.
		if n.IsWildcard() {
			n, _ = n.Parent()
		}
		if below := holderOf(holders, n); below != nil && below != d && n.Under(d.Domain) {
			r.problem(cert.At("names", i), CodeTwoOwners, liesIn(cert.Names[i], below),
				"its validation record could not stand in the zone of "+d.Domain.String(), "ask for the certificate at "+below.At("domain").String())
		}
	}
	if cert.Region != "" || cert.node != nil && cert.node.value("region") != nil {
		return
	}
	child, _ := c.Account(d.Child)
	switch {
	case len(child.Regions) == 1:
		cert.Region = child.Regions[0]
	case c.Defaults.Region != "":
		cert.Region = c.Defaults.Region
	default:
		r.problem(cert.Pos, CodeRegion, "the Region of the certificate is not known", "a certificate is used in the Region in which it was made", "add region, usedBy, or defaults.region")
	}
}
