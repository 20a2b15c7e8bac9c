// Package config reads orgdns's configuration: YAML files become a [Config] of
// parsed names, accounts and record values, each with its place in the files.
// Everything that can be judged from the files alone is judged here, and all
// problems are reported at once.
//
// How each key is written, what it means and what it defaults to stands in one
// description (fields.go); reading, the JSON Schema for editors and the
// reference in docs/configuration.md come from it.
//
// Not here: whatever needs the organization. Which accounts and VPCs a
// [Selector] means is asked with an estate that was read before; secrets that
// stand in the environment are looked up by the caller.
package config

import (
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Config is a whole configuration, merged from its files.
type Config struct {
	Source
	Owner    string  // marks what this configuration owns
	Access   *Access // how the organization is read; nil when it is not
	Defaults Defaults
	Accounts []Account // by name, defaults filled in
	// Delegations are in the order of their names, so a parent stands before
	// its children.
	Delegations    []Delegation
	PrivateZones   []PrivateZone   // in the order of their names
	EndpointShares []EndpointShare // in the order of their names
	LatticeDomains []LatticeDomain // in the order of their zones' names
	LatticeEvents  *LatticeEvents  // nil when events are not told
	Expect         []Expectation   // in the order of the files
	Limits         Limits
	Policies       Policies
	Quotas         Quotas // of every account that has none of its own
}

// Source is where a thing stands in the files.
type Source struct {
	Pos  diag.Pos
	node *node
}

// At is the place of the value of a key, and of an entry in its list. When the
// key was not written it is the place of the thing itself.
func (s Source) At(key string, index ...int) diag.Pos {
	if s.node == nil {
		return s.Pos
	}
	n := s.node.value(key)
	if n == nil {
		return s.Pos
	}
	for _, i := range index {
		if i >= 0 && i < len(n.items) {
			n = n.items[i]
		}
	}
	return n.pos
}

func (s *Source) source() *Source { return s }

// Access is the role through which accounts and units of the organization are
// read: in the management account or a delegated administrator.
type Access struct {
	Source
	Account    AccountRef
	Role       string
	ExternalID Secret
}

// Defaults hold for each account that does not say otherwise.
type Defaults struct {
	Source
	Role       string
	Region     estate.Region // empty when not given
	ExternalID Secret
}

// Account is an account under a name of the configuration, and how it is
// reached.
type Account struct {
	Source
	Name       string
	ID         estate.AccountID
	Role       string
	ExternalID Secret
	Regions    []estate.Region // where its VPCs are looked for; the default Region when not given
	Quotas     Quotas
}

// AccountRef is how the configuration names an account: by a name of its list,
// by twelve digits, or by the account's name in the organization.
type AccountRef struct {
	Name string
	Pos  diag.Pos
}

// IsZero reports whether no account is named.
func (r AccountRef) IsZero() bool { return r.Name == "" }

func (r AccountRef) String() string { return r.Name }

// Delegation is a public subdomain given to another account.
type Delegation struct {
	Source
	Domain       dnsname.Name
	Parent       Parent
	Child        AccountRef
	TTL          TTL
	Certificates []Certificate
	Records      []Record
	Adopt        bool // take over a zone that somebody else made
	MoveRecords  bool // carry occluded records of the parent into the child zone
}

// Parent is the zone in which a domain is delegated: the longest match among an
// account's public zones, or the one that Domain or Zone names; or, when
// External is set, a zone that orgdns cannot write.
type Parent struct {
	Source
	Account  AccountRef
	Domain   dnsname.Name // zero when not given
	Zone     string       // hosted zone ID, empty when not given
	External string       // who runs the parent, for people; empty for an account
}

// TTL is the TTL of a delegation's NS records. With Auto it begins at Seconds
// and grows once the delegation has been stable.
type TTL struct {
	Auto    bool
	Seconds uint32
}

// Certificate is an ACM certificate in the child's account, validated by DNS in
// the child zone.
type Certificate struct {
	Source
	Names  []dnsname.Name // the first is the certificate's domain name
	Region estate.Region
	UsedBy string // one of the UsedBy… values, or empty
}

// What uses a certificate. Both take certificates from us-east-1 only (ACM User
// Guide, acm-regions.html).
const (
	UsedByCloudFront     = "cloudFront"
	UsedByAPIGatewayEdge = "apiGatewayEdge"
)

// Record is a record set, values or alias. Name is absolute and Values are as
// Route 53 takes them.
type Record struct {
	Source
	Name        dnsname.Name
	Type        string
	TTL         uint32 // seconds; 0 with an alias
	Values      []string
	Alias       *Alias
	SetID       string // set identifier, with a routing policy
	Routing     estate.Routing
	HealthCheck string

	written string // the name as the file has it
}

// Alias is the AWS resource at which an alias record points.
type Alias struct {
	Source
	Kind                 string        // one of estate's Target… kinds
	Target               dnsname.Name  // the resource's name in a zone of AWS's
	Region               estate.Region // empty for CloudFront and what stands behind it
	EvaluateTargetHealth bool
}

// Expectation is a DNS test: what a name must resolve to.
type Expectation struct {
	Source
	From       Vantage
	Name       dnsname.Name
	Type       string
	ResolvesTo dnsname.Name // a name the answer must come by: a CNAME or an alias target
	ShareName  string       // an endpoint share, in place of ResolvesTo: the answer is its endpoints' addresses
	Values     []string     // the answer, in any order
	RCode      string       // one of RCodes
	Not        []string     // RCodes that must not be answered
}

// RCodes are the outcomes that a DNS test can name. NODATA is a NOERROR without
// an answer (RFC 2308 section 2.2).
var RCodes = []string{"NOERROR", "NODATA", "NXDOMAIN", "SERVFAIL", "REFUSED"}

// Vantage is from where a DNS test asks: the internet, or each selected VPC.
type Vantage struct {
	Internet bool
	Selector
}

// Limits stop a run that would change more than somebody meant.
type Limits struct {
	Source
	Deletes Allowance
	Answers *int // pairs of name and type whose answer may change; nil for any number
}

// Allowance is a number, or a share of what is managed.
type Allowance struct {
	Number  int
	Percent bool // Number is a percentage
}

// Of is how many of the managed things are allowed. A share is never less than
// ten, so that a small estate can be changed at all.
func (a Allowance) Of(managed int) int {
	if !a.Percent {
		return a.Number
	}
	return max(10, managed*a.Number/100)
}

func (a Allowance) String() string {
	if a.Percent {
		return itoa(a.Number) + "%"
	}
	return itoa(a.Number)
}

// Quotas are what AWS raised quotas to, by the names of estate.RaisedQuotas.
type Quotas struct {
	Source
	Values map[string]int
}

// Tell puts what the configuration knows of an organization into an estate: the
// quotas that were raised.
func (c *Config) Tell(e *estate.Estate) {
	put := func(account estate.AccountID, q Quotas) {
		for name, n := range q.Values {
			e.Quotas.Put(estate.Quota{Account: account, Code: name, Value: int64(n)})
		}
	}
	put("", c.Quotas)
	for _, a := range c.Accounts {
		put(a.ID, a.Quotas)
	}
}

// Policies say what kinds of change a run may make.
type Policies struct {
	Source
	Changes string // one of the Changes… values
}

// What a run may do.
const (
	ChangesAll        = "all"        // create, change and delete
	ChangesNoDeletes  = "noDeletes"  // create and change
	ChangesCreateOnly = "createOnly" // create only
)

// Holder is the delegation in whose zone a name lies: of those at or above the
// name, the longest.
func (c *Config) Holder(name dnsname.Name) (*Delegation, bool) {
	var found *Delegation
	for i := range c.Delegations {
		d := &c.Delegations[i]
		if name.Under(d.Domain) && (found == nil || d.Domain.Depth() > found.Domain.Depth()) {
			found = d
		}
	}
	return found, found != nil
}

// Account finds an account without asking the organization: by its name in the
// list, or by twelve digits.
func (c *Config) Account(ref AccountRef) (Account, bool) {
	for _, a := range c.Accounts {
		if a.Name == ref.Name {
			return a, true
		}
	}
	if accountDigits.MatchString(ref.Name) {
		return c.AccountByID(estate.AccountID(ref.Name)), true
	}
	return Account{}, false
}

// AccountByID is how an account is reached: as the list says, or else by the
// defaults. An account outside the list has its digits for a name.
func (c *Config) AccountByID(id estate.AccountID) Account {
	for _, a := range c.Accounts {
		if a.ID == id {
			return a
		}
	}
	a := Account{Name: string(id), ID: id}
	a.fill(c.Defaults)
	return a
}

func (a *Account) fill(d Defaults) {
	if a.Role == "" {
		a.Role = d.Role
	}
	if a.ExternalID.IsZero() {
		a.ExternalID = d.ExternalID
	}
	if len(a.Regions) == 0 && d.Region != "" {
		a.Regions = []estate.Region{d.Region}
	}
}

// FindAccount is Account, and knows besides the names that accounts have in the
// organization, as far as the estate holds them. Names of the list come first.
func (c *Config) FindAccount(ref AccountRef, e estate.Estate) (Account, diag.List) {
	if a, ok := c.Account(ref); ok {
		return a, nil
	}
	var found []estate.Account
	var known []string
	for a := range e.Accounts.All() {
		known = append(known, a.Name)
		if a.Name == ref.Name {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 1:
		a := c.AccountByID(found[0].ID)
		return a, nil
	case 0:
		return Account{}, diag.List{c.unknownAccount(ref, known)}
	}
	ids := make([]string, len(found))
	for i, a := range found {
		ids[i] = string(a.ID)
	}
	return Account{}, diag.List{{
		Code: CodeUnknownAccount, Pos: ref.Pos,
		Summary: quote(ref.Name) + " is the name of several accounts",
		Detail:  strings.Join(ids, ", "),
		Hint:    "write the twelve digits of one of them",
	}}
}

func (c *Config) unknownAccount(ref AccountRef, more []string) diag.Diagnostic {
	known := more
	for _, a := range c.Accounts {
		known = append(known, a.Name)
	}
	d := diag.Diagnostic{
		Code: CodeUnknownAccount, Pos: ref.Pos,
		Summary: "account " + quote(ref.Name) + " is not in the list of accounts",
		Hint:    nearest(ref.Name, known),
	}
	if d.Hint == "" {
		d.Hint = "add it under accounts, or write its twelve digits"
	}
	return d
}
