package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// PrivateZone is a private hosted zone of one account that VPCs of others use
// and others may write into.
type PrivateZone struct {
	Source
	Domain           dnsname.Name
	Account          AccountRef
	Anchor           Anchor
	VPCs             []Selector
	Profile          string // the endpoint share whose Profile carries the zone, in place of VPCs; empty for none
	Writers          []Writer
	Records          []Record
	Adopt            bool
	Zone             string // the zone to adopt, where several have the name
	FixVPCAttributes bool
	// What follows is not written in files; `orgdns openshift prepare` sets it.
	// Foreign: Zone, which stands, is used and stays somebody else's. NoLedger:
	// no record of ours may stand in the zone, so what is made is not claimed.
	Foreign, NoLedger bool

	via string
}

// Anchor is the VPC with which the zone is made: exactly one of its own account.
type Anchor struct {
	Selector
	Release bool // let go once another VPC is associated
}

// Writer is who else may write into a zone, by a role in the zone's account.
type Writer struct {
	Source
	Account    AccountRef
	Role       string
	Principals []string // ARNs; the whole account when none is given
	Path       string   // a path of the organization, in place of an account
	ExternalID Secret
	Names      []GrantedName
	Types      []string
	Actions    []string // CREATE, UPSERT, DELETE
	Tagging    bool
	Apex       bool // the grant holds the zone's own name
	Overlap    bool // the grant may share names with others
	// What follows is not written in files; `orgdns openshift prepare` sets it.
	// Wildcards: what is granted below a name holds its wildcard records, too.
	// Ledger is the ledger set of who keeps records through the role with orgdns.
	Wildcards bool
	Ledger    dnsname.Name
}

// GrantedName is a name, or every name below one.
type GrantedName struct {
	Name  dnsname.Name
	Below bool
}

// Overlaps reports whether two grants hold a name in common. What is granted
// below a name leaves its wildcard records out (settled point 23).
func (g GrantedName) Overlaps(o GrantedName) bool {
	switch {
	case g.Below && o.Below:
		return g.Name.Under(o.Name) || o.Name.Under(g.Name)
	case g.Below:
		return o.Name.Below(g.Name) && !o.Name.IsWildcard()
	case o.Below:
		return o.Overlaps(g)
	}
	return g.Name == o.Name
}

func (g GrantedName) String() string {
	if g.Below {
		return "*." + g.Name.String()
	}
	return g.Name.Normalized()
}

// writerTypes are the record types that a writer may change unless it says
// otherwise.
var writerTypes = []string{"A", "AAAA", "CAA", "CNAME", "MX", "SRV", "TXT"}

var writerActions = []string{"CREATE", "DELETE", "UPSERT"}

// grantedKind reads "*.x" as everything below x, and "\052.x" as the wildcard
// record itself.
var grantedKind = scalar("a granted name", nameSchema, func(s string) (GrantedName, *fault) {
	rest, below := strings.CutPrefix(s, "*.")
	n, f := parseName(rest)
	return GrantedName{n, below}, f
})

var privateZoneKind = object("private zone", "a private zone",
	"A private hosted zone of one account. VPCs of any account use it; writers get a role that may change their names in it and nothing else.",
	[]field[PrivateZone]{
		key("domain", zoneNameKind, "The domain that the zone answers for.", func(z *PrivateZone) *dnsname.Name { return &z.Domain }).must(),
		key("account", accountRefKind, "The account that owns the zone.", func(z *PrivateZone) *AccountRef { return &z.Account }).must(),
		key("anchor", anchorKind, "The VPC of the zone's own account with which it is made; AWS requires one.", func(z *PrivateZone) *Anchor { return &z.Anchor }).must(),
		key("vpcs", oneOrMany(selectorKind), "The VPCs that use the zone, found anew at each run: one that gains a tag is associated, one that loses it is let go, one that somebody else associated is left alone.", func(z *PrivateZone) *[]Selector { return &z.VPCs }),
		key("via", enum("a way to reach VPCs", ViaProfile), "`profile`: the VPCs are not associated with the zone; the Profile of an endpoint share carries it, to that share's consumers.", func(z *PrivateZone) *string { return &z.via }).or("each VPC is associated"),
		key("profile", shareNameKind, "The name of that endpoint share, which has `via: profile`.", func(z *PrivateZone) *string { return &z.Profile }),
		key("writers", listOf(writerKind), "Who else may write into the zone.", func(z *PrivateZone) *[]Writer { return &z.Writers }),
		key("records", listOf(recordKind), "Records of the zone.", func(z *PrivateZone) *[]Record { return &z.Records }),
		key("fixVpcAttributes", boolKind, "Turn on `enableDnsSupport` and `enableDnsHostnames` of the VPCs; without both the zone is invisible there. They stay on when the zone goes.", func(z *PrivateZone) *bool { return &z.FixVPCAttributes }).or("false: it is reported"),
		key("adopt", boolKind, "Take over a zone of this name that stands in the account already.", func(z *PrivateZone) *bool { return &z.Adopt }).or("false"),
		key("zone", zoneIDKind, "The ID of the zone to adopt, where the account has several of that name.", func(z *PrivateZone) *string { return &z.Zone }),
	}, (*reader).finishPrivateZone)

var anchorKind = func() kind[Anchor] {
	type anchor struct {
		Source
		vpc    *string
		region *estate.Region
		tags   map[string]string
		keep   *bool
	}
	k := object("anchor", "an anchor", "Exactly one VPC of the zone's account, by tags or by ID.",
		[]field[anchor]{
			key("vpc", optional(vpcIDKind), "Its ID.", func(a *anchor) **string { return &a.vpc }),
			key("tags", tagsKind, "Its tags.", func(a *anchor) *map[string]string { return &a.tags }),
			key("region", optional(regionKind), "Its Region.", func(a *anchor) **estate.Region { return &a.region }).or("the account's Regions"),
			key("keep", optional(boolKind), "Keep it associated with the zone.", func(a *anchor) **bool { return &a.keep }).or("true"),
		}, func(r *reader, a *anchor) {
			if a.vpc == nil && len(a.tags) == 0 {
				r.problem(a.Pos, CodeMissingKey, "the anchor is not chosen", "", "write vpc or tags")
			}
		})
	return kind[Anchor]{k.desc, func(r *reader, n *node) (Anchor, bool) {
		a, ok := k.read(r, n)
		out := Anchor{Selector: Selector{Source: a.Source, Tags: a.tags}, Release: a.keep != nil && !*a.keep}
		if a.vpc != nil {
			out.VPCs = []string{*a.vpc}
		}
		if a.region != nil {
			out.Regions = []estate.Region{*a.region}
		}
		return out, ok
	}}
}()

var writerKind = object("writer", "a writer", "A role in the zone's account that somebody else assumes to change granted names of the zone.",
	[]field[Writer]{
		key("account", accountRefKind, "The account that may assume the role.", func(w *Writer) *AccountRef { return &w.Account }),
		key("principals", oneOrMany(arnKind), "The roles or users that may, in place of the whole account.", func(w *Writer) *[]string { return &w.Principals }).or("the account"),
		key("organizationPath", pathKind, "A path of the organization, in place of an account: `o-…/r-…/ou-…/*`.", func(w *Writer) *string { return &w.Path }),
		key("role", newRoleKind, "The name of the role that is made.", func(w *Writer) *string { return &w.Role }).must(),
		key("externalID", secretKind, "The external ID that must be given to assume it.", func(w *Writer) *Secret { return &w.ExternalID }),
		key("names", oneOrMany(grantedKind), "The names that it may change, absolute: `x.example.com` that name; `*.example.com` every name below, but no wildcard record; `'\\052.example.com'` the wildcard record, as AWS writes it.", func(w *Writer) *[]GrantedName { return &w.Names }).must(),
		key("types", oneOrMany(enum("a record type", recordTypes...)), "The record types that it may change.", func(w *Writer) *[]string { return &w.Types }).or(strings.Join(writerTypes, ", ")),
		key("actions", oneOrMany(enum("an action", writerActions...)), "What it may do with them.", func(w *Writer) *[]string { return &w.Actions }).or("all"),
		key("tagging", boolKind, "May tag the zone, as OpenShift does. A tag on the zone is then no proof of ownership.", func(w *Writer) *bool { return &w.Tagging }).or("false"),
		key("apex", boolKind, "The grant holds the zone's own name on purpose.", func(w *Writer) *bool { return &w.Apex }).or("false"),
		key("overlap", boolKind, "The grant shares names with another writer's, or with the configured records, on purpose.", func(w *Writer) *bool { return &w.Overlap }).or("false"),
	}, (*reader).finishWriter)

func (r *reader) finishWriter(w *Writer) {
	if len(w.Types) == 0 {
		w.Types = writerTypes
	}
	if len(w.Actions) == 0 {
		w.Actions = writerActions
	}
	switch {
	case w.Path == "" && w.Account.IsZero():
		r.problem(w.Pos, CodeMissingKey, `the key "account" is missing`, "a writer is an account, or a path of the organization", "")
	case w.Path != "" && (!w.Account.IsZero() || len(w.Principals) > 0):
		r.problem(w.At("organizationPath"), CodeKeyConflict, "a writer is an account or a path of the organization, not both", "", "remove one")
	}
	for _, t := range w.Types {
		if t == "NS" || t == "SOA" {
			r.problem(w.At("types"), CodeReserved, "records of type "+t+" are not for writers", "they would give parts of the zone away", "remove it")
		}
	}
}

func (r *reader) finishPrivateZone(z *PrivateZone) {
	r.finishRecords(z.Domain, z.Records)
	for i := range z.Records {
		rec := &z.Records[i]
		switch {
		case rec.Routing.CIDR != nil:
			r.problem(rec.At("cidr"), CodeBadRecord, "IP-based routing is not for private zones", "Route 53 supports simple, failover, multivalue, weighted, latency, geolocation and geoproximity routing there (Developer Guide, hosted-zone-private-considerations.html)", "choose one of these")
		case rec.Alias != nil && rec.Alias.Kind == estate.TargetCloudFront:
			r.problem(rec.At("alias"), CodeBadRecord, "a private zone cannot alias a CloudFront distribution", "Developer Guide, resource-record-sets-choosing-alias-non-alias.html", "use a CNAME")
		case rec.Type == "NS", rec.Type == "DS":
			r.problem(rec.Pos, CodeBadRecord, "a private zone cannot delegate: its resolver follows no "+rec.Type+" record there", "Developer Guide, hosted-zone-private-considerations.html", "make another private zone for that name")
		}
	}
	for i := range z.Writers {
		for j, g := range z.Writers[i].Names {
			r.granted(z.Writers[i].At("names", j), z.Domain, g, z.Writers[i].Apex, "write `apex: true` if it is meant")
		}
	}
	r.grantsSideBySide(z)
}

// granted judges one granted name of a zone alone. apex: the zone's own name may
// be granted; else hint says what to do.
func (r *reader) granted(pos diag.Pos, zone dnsname.Name, g GrantedName, apex bool, hint string) {
	switch {
	case zone.IsZero() || g.Name.IsZero():
	case !g.Name.Under(zone):
		f := outside(g.Name, zone, func(n dnsname.Name) string { return GrantedName{n, g.Below}.String() })
		f.summary = fmt.Sprintf("%s lies outside %s", g, zone)
		r.fault(pos, f)
	case g.Name == zone && !g.Below && !apex:
		r.problem(pos, CodeTwoOwners, g.String()+" is the zone's own name", "who may change it speaks for the whole zone", hint)
	case strings.HasPrefix(g.Name.Relative(zone), ledgerLabel):
		r.problem(pos, CodeReserved, "names that begin with "+ledgerLabel+" are orgdns's own", "its ledgers stand there", "remove it")
	}
}

// grantsSideBySide judges the grants of a zone against each other and against
// its records: a name has one owner.
func (r *reader) grantsSideBySide(z *PrivateZone) {
	for i := range z.Writers {
		w := &z.Writers[i]
		for j, g := range w.Names {
			if w.Overlap {
				continue
			}
			for k := range z.Writers[:i] {
				other := &z.Writers[k]
				if at := slices.IndexFunc(other.Names, g.Overlaps); at >= 0 && !other.Overlap {
					r.problem(w.At("names", j), CodeTwoOwners, fmt.Sprintf("%s and %s have names in common", g, other.Names[at]),
						fmt.Sprintf("granted to %s at %s", other.who(), other.At("names", at)), "narrow one of them, or write `overlap: true` if it is meant")
				}
			}
			for k := range z.Records {
				if rec := &z.Records[k]; g.Overlaps(GrantedName{Name: rec.Name}) && !rec.Name.IsZero() {
					r.problem(rec.At("name"), CodeTwoOwners, fmt.Sprintf("%s is granted to %s", rec.Name, w.who()), "granted at "+w.At("names", j).String(), "remove the record, narrow the grant, or write `overlap: true` there")
				}
			}
		}
		for k := range z.Writers[:i] {
			if z.Writers[k].Role == w.Role && w.Role != "" {
				r.problem(w.At("role"), CodeDuplicate, "two writers have the role "+quote(w.Role), "first at "+z.Writers[k].At("role").String(), "give each its own")
			}
		}
	}
}

func (w *Writer) who() string {
	if w.Path != "" {
		return w.Path
	}
	if w.Account.IsZero() {
		return "role " + w.Role
	}
	return w.Account.Name
}

// checkPrivateZones judges what needs more than one zone.
func (c *Config) checkPrivateZones(r *reader) {
	slices.SortStableFunc(c.PrivateZones, func(a, b PrivateZone) int { return a.Domain.Compare(b.Domain) })
	type roleOf struct {
		account estate.AccountID
		name    string
	}
	roles := map[roleOf]diag.Pos{}
	for i := range c.PrivateZones {
		z := &c.PrivateZones[i]
		for _, s := range z.VPCs {
			if len(s.Units) > 0 && c.Access == nil {
				r.problem(s.At("organizationalUnits"), CodeSelector, "units cannot be read without access to the organization", "", "add organization.access, or name the accounts")
			}
		}
		for j := range c.PrivateZones[:i] {
			other := &c.PrivateZones[j]
			if same, _ := c.same(z.Account, other.Account); same && z.Domain == other.Domain && !z.Domain.IsZero() {
				r.problem(z.At("domain"), CodeDuplicate, fmt.Sprintf("account %s has the private zone %s twice", z.Account, z.Domain), "first at "+other.At("domain").String(), "put both into one")
			}
		}
		account, known := c.Account(z.Account)
		for j := range z.Writers {
			w := &z.Writers[j]
			key := roleOf{account.ID, w.Role}
			if before, twice := roles[key]; twice && known && before.String() != w.At("role").String() {
				r.problem(w.At("role"), CodeDuplicate, fmt.Sprintf("account %s is to have the role %s twice", z.Account, quote(w.Role)), "first at "+before.String(), "give each writer its own")
				continue
			}
			if known && account.Role == w.Role {
				r.problem(w.At("role"), CodeReserved, quote(w.Role)+" is the role that orgdns itself assumes there", "", "choose another")
			}
			roles[key] = w.At("role")
		}
	}
}
