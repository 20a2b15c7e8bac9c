package plan

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Zone is a hosted zone. Attributes: id, and of a public one nameServers.
type Zone struct {
	Name dnsname.Name `json:"name"`
	// Anchor is the VPC with which a private zone is made: one of its own
	// account, as AWS requires (API_CreateHostedZone). Without one the zone is
	// public.
	Anchor *estate.VPCRef `json:"anchor,omitempty"`
	// AnchorGoes: the anchor is let go once another VPC is associated.
	AnchorGoes bool `json:"anchorGoes,omitempty"`
	// Reference is the CallerReference without its last part, the number.
	Reference string `json:"reference,omitempty"`
	Comment   string `json:"comment,omitempty"`
	// Adopt: a zone of that name which is not ours may be taken over.
	Adopt bool `json:"adopt,omitempty"`
	// Pick is the ID of the zone to adopt, where several have the name.
	Pick string `json:"pick,omitempty"`
	// Use is the ID of a standing zone that is not ours and is used as it is.
	Use string `json:"use,omitempty"`
}

// Private reports whether the zone is a private one.
func (z Zone) Private() bool { return z.Anchor != nil }

// ZoneTags are tags on a zone: deadlines, marks of adoption. Set is added or
// replaced, Remove taken away.
type ZoneTags struct {
	Zone   Value            `json:"zone"` // ID
	Name   dnsname.Name     `json:"name"`
	Set    map[string]Value `json:"set,omitempty"`
	Remove []string         `json:"remove,omitempty"`
}

// Tag keys.
const (
	TagOwner       = "orgdns:owner"
	TagAddress     = "orgdns:address"
	TagDeleteAfter = "orgdns:delete-after" // RFC 3339: all caches have forgotten the zone's servers, or the endpoint's addresses
	TagStableSince = "orgdns:stable-since" // RFC 3339: the delegation was last changed
)

// Record is a resource record set. Values, names and the zone may become known
// only on the way.
type Record struct {
	Zone     Value         `json:"zone"` // ID
	ZoneName dnsname.Name  `json:"zoneName"`
	Name     Value         `json:"name"`
	Type     string        `json:"type"`
	TTL      uint32        `json:"ttl,omitempty"` // seconds
	Values   []Value       `json:"values,omitempty"`
	Alias    *estate.Alias `json:"alias,omitempty"`
	// To is the target of an alias that is known only on the way; Alias is then
	// nil.
	To      *AliasTo       `json:"to,omitempty"`
	SetID   string         `json:"setID,omitempty"`
	Routing estate.Routing `json:"routing,omitzero"`
	Health  string         `json:"healthCheck,omitempty"`
	// Statement is the policy statement under which it is written; a batch is
	// never of two statements.
	Statement Statement `json:"statement"`
	// Unclaimed records get no ledger entry: they are handed over to the
	// zone's users and never touched again.
	Unclaimed bool `json:"unclaimed,omitempty"`
	// Reserved records are ours by a reservation of their names; they are
	// Unclaimed, too.
	Reserved bool `json:"reserved,omitempty"`
	// Entry is set when only this ledger entry changes.
	Entry string `json:"entry,omitempty"`
}

// AliasTo is an alias target whose name and hosted zone ID may be known only on
// the way.
type AliasTo struct {
	Name Value `json:"name"`
	Zone Value `json:"zone"`
}

// Statement names the policy statement that permits a change of records.
type Statement string

const (
	// StatementRecords permits anything in a zone of our own; the ledger
	// shares the batch.
	StatementRecords Statement = "records"
	// StatementLattice permits A and AAAA records of granted names in a zone that
	// others own; the reservation is written apart.
	StatementLattice Statement = "lattice"
	// StatementDelegation permits NS records of exactly the delegated names
	// in a zone that others own; the ledger is written apart.
	StatementDelegation Statement = "delegation"
	// StatementGone permits taking such records out again once the
	// configuration no longer has them; which statement that was is not known.
	StatementGone Statement = "gone"
	// StatementProof permits TXT records by which AWS is shown that a name is
	// ours, in a zone that others own; the ledger is written apart.
	StatementProof Statement = "proof"
	// StatementLedger permits the ledger of such a zone.
	StatementLedger Statement = "ledger"
	// StatementApex permits UPSERT of the NS record at the apex.
	StatementApex Statement = "apex"
)

// Set is the record set with every value resolved.
func (r Record) Set(resolve func(Value) ([]string, error)) (estate.RecordSet, error) {
	one := func(v Value) (string, error) {
		s, err := resolve(v)
		if err != nil {
			return "", err
		}
		if len(s) != 1 {
			return "", fmt.Errorf("%s is %d values, not one", v, len(s))
		}
		return s[0], nil
	}
	out := estate.RecordSet{
		Type: r.Type, TTL: r.TTL, Alias: r.Alias, SetID: r.SetID, Routing: r.Routing, HealthCheck: r.Health,
	}
	var err error
	if out.Zone, err = one(r.Zone); err != nil {
		return out, err
	}
	name, err := one(r.Name)
	if err != nil {
		return out, err
	}
	if out.Name, err = dnsname.Parse(name); err != nil {
		return out, err
	}
	if r.To != nil {
		target, err := one(r.To.Name)
		if err != nil {
			return out, err
		}
		alias := estate.Alias{}
		if alias.Name, err = dnsname.Parse(target); err != nil {
			return out, err
		}
		if alias.Zone, err = one(r.To.Zone); err != nil {
			return out, err
		}
		out.Alias = &alias
	}
	for _, v := range r.Values {
		s, err := resolve(v)
		if err != nil {
			return out, err
		}
		out.Values = append(out.Values, s...)
	}
	return out, nil
}

// RecordOf is a standing record set as an item.
func RecordOf(z estate.Zone, r estate.RecordSet, st Statement) Record {
	return Record{
		Zone: Lit(z.ID), ZoneName: z.Name, Name: Lit(r.Name.String()), Type: r.Type, TTL: r.TTL,
		Values: Lits(r.Values), Alias: r.Alias, SetID: r.SetID, Routing: r.Routing, Health: r.HealthCheck,
		Statement: st,
	}
}

// refs are the references in an item.
func (i Item) refs() []Ref {
	var out []Ref
	add := func(vs ...Value) {
		for _, v := range vs {
			if r, ok := v.Ref(); ok {
				out = append(out, r)
			}
		}
	}
	switch {
	case i.ZoneTags != nil:
		add(i.ZoneTags.Zone)
		for _, k := range sortedKeys(i.ZoneTags.Set) {
			add(i.ZoneTags.Set[k])
		}
	case i.Record != nil:
		add(i.Record.Zone, i.Record.Name)
		add(i.Record.Values...)
		if t := i.Record.To; t != nil {
			add(t.Name, t.Zone)
		}
	case i.Authorization != nil:
		add(i.Authorization.Zone)
	case i.Association != nil:
		add(i.Association.Zone)
	case i.Role != nil:
		add(i.Role.Zone)
	case i.Object != nil:
		add(i.Object.values()...)
	}
	return out
}

// Certificate is an ACM certificate with DNS validation. Attributes: arn, and
// for each name "record:NAME" and "value:NAME", the validation record.
type Certificate struct {
	Names []dnsname.Name `json:"names"` // the domain name first
}

// Same reports whether a standing certificate is the wanted one: a certificate
// cannot be changed, so other names are another certificate.
func (c Certificate) Same(have estate.Certificate) bool {
	return len(c.Names) > 0 && len(have.Names) == len(c.Names) && have.Names[0] == c.Names[0] &&
		!slices.ContainsFunc(c.Names, func(n dnsname.Name) bool { return !slices.Contains(have.Names, n) })
}

// maxReference is the longest CallerReference (API_CreateHostedZone).
const maxReference = 128

// Reference is the CallerReference of a zone without its number,
// "orgdns/<owner>/<address>"; the address is hashed when the whole would be
// too long.
func Reference(owner, address string) string {
	ref := "orgdns/" + owner + "/" + address
	if len(ref)+len("/000") > maxReference {
		ref = "orgdns/" + owner + "/" + hash(address, 26)
	}
	return ref
}

// NumberedReference is the whole CallerReference.
func NumberedReference(reference string, n int) string { return reference + "/" + strconv.Itoa(n) }

// ParseReference splits a CallerReference of ours.
func ParseReference(s string) (reference string, n int, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 || !strings.HasPrefix(s, "orgdns/") {
		return "", 0, false
	}
	n, err := strconv.Atoi(s[i+1:])
	return s[:i], n, err == nil && n > 0
}

// OwnedBy reports whether a reference is one of this owner's.
func OwnedBy(reference, owner string) bool {
	return strings.HasPrefix(reference, "orgdns/"+owner+"/")
}

// hash shortens a string to n characters of a-z and 2-7.
func hash(s string, n int) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:n])
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
