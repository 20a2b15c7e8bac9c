package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Role is an IAM role for whoever else may write into a zone: trusted by one
// principal, allowed the granted names of one zone. Marked by tags; listed in
// the ledger of the zone, so that it is found when nobody wants it any more.
// Attributes: arn.
type Role struct {
	Name      string       `json:"name"`
	Zone      Value        `json:"zone"` // ID
	ZoneName  dnsname.Name `json:"zoneName"`
	Partition string       `json:"partition"`
	// Principals are who may assume it: accounts, or ARNs of roles and users.
	// Path is a path of the organization instead: "o-…/r-…/ou-…/*".
	Principals []string `json:"principals,omitempty"`
	Path       string   `json:"path,omitempty"`
	// Organization is the ID that the principals must belong to.
	Organization string `json:"organization,omitempty"`
	ExternalID   Secret `json:"externalID,omitzero"`

	Grants  []Grant `json:"grants"`
	Tagging bool    `json:"tagging,omitempty"` // may tag the zone
	// Unclaimed roles get no ledger entry; their own tags say whose they are.
	Unclaimed bool `json:"unclaimed,omitempty"`
}

// Grant is what a role may change.
type Grant struct {
	Names []dnsname.Name `json:"names,omitempty"` // these
	Below []dnsname.Name `json:"below,omitempty"` // everything below these but wildcard records
	// Wild: the wildcard records below them, too.
	Wild  bool     `json:"wild,omitempty"`
	Types []string `json:"types"`
	Verbs []Verb   `json:"verbs"`
}

// Secret is text that never leaves the program: it prints, and is saved, as
// "(secret)". A saved plan is filled in again before it is carried out.
type Secret struct{ text string }

// NewSecret keeps a text.
func NewSecret(s string) Secret { return Secret{s} }

const hidden = "(secret)"

func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return hidden
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

// MarshalText is String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText keeps that there was one.
func (s *Secret) UnmarshalText(b []byte) error {
	s.text = string(b)
	return nil
}

// Fill puts the secrets of a plan that was saved back in, by address of the
// role.
func (p *Plan) Fill(secrets map[string]string) error {
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.After == nil || c.After.Role == nil || c.After.Role.ExternalID.text != hidden {
			continue
		}
		s, ok := secrets[c.Address]
		if !ok {
			return fmt.Errorf("%s: the external ID of this role is not in the configuration any more; plan again", c.Address)
		}
		role := *c.After.Role
		role.ExternalID = NewSecret(s)
		c.After = &Item{Role: &role}
	}
	return nil
}

// TrustPolicy is who may assume the role (IAM User Guide,
// id_roles_create_for-user_externalid.html).
func (r Role) TrustPolicy() string {
	st := PolicyStatement{Effect: "Allow", Principal: map[string]List[string]{}, Action: List[string]{"sts:AssumeRole"}, Condition: Conditions{}}
	if r.Path != "" {
		st.Principal["AWS"] = List[string]{"*"}
		st.Condition.set("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", []string{r.Path})
	}
	for _, p := range r.Principals {
		if !strings.HasPrefix(p, "arn:") {
			p = fmt.Sprintf("arn:%s:iam::%s:root", r.Partition, p)
		}
		st.Principal["AWS"] = append(st.Principal["AWS"], p)
	}
	if r.Organization != "" {
		st.Condition.set("StringEquals", "aws:PrincipalOrgID", []string{r.Organization})
	}
	if !r.ExternalID.IsZero() {
		st.Condition.set("StringEquals", "sts:ExternalId", []string{r.ExternalID.text})
	}
	return NewDocument(st)
}

// Policy is what the role may do in a zone. Below a name AWS's pattern would
// also match wildcard records, whose star it writes \052, and our ledger: they
// are left out (settled point 23).
func (r Role) Policy(zone string) string {
	arn := "arn:" + r.Partition + ":route53:::hostedzone/" + zone
	out := []PolicyStatement{
		{Sid: "ReadZone", Effect: "Allow", Action: List[string]{"route53:GetHostedZone", "route53:ListResourceRecordSets"}, Resource: List[string]{arn}},
		{Sid: "FollowChanges", Effect: "Allow", Action: List[string]{"route53:GetChange"}, Resource: List[string]{"arn:" + r.Partition + ":route53:::change/*"}},
	}
	if r.Tagging {
		out[0].Action = append(out[0].Action, "route53:ChangeTagsForResource")
	}
	for i, g := range r.Grants {
		var exact, below []string
		for _, n := range g.Names {
			exact = append(exact, n.Normalized())
		}
		for _, n := range g.Below {
			below = append(below, LikeUnder(n))
		}
		add := func(sid, operator string, names []string) {
			if len(names) == 0 {
				return
			}
			st := PolicyStatement{Sid: fmt.Sprintf("%s%d", sid, i+1), Effect: "Allow",
				Action: List[string]{"route53:ChangeResourceRecordSets"}, Resource: List[string]{arn}, Condition: Conditions{}}
			st.Condition.ForAll(operator, KeyNames, names)
			if sid == "Below" {
				out := []string{`\052.*`, LedgerPrefix + "*"}
				if g.Wild {
					out = out[1:]
				}
				st.Condition.set("ForAllValues:StringNotLike", KeyNames, out)
			}
			st.Condition.ForAll("StringEquals", KeyTypes, g.Types)
			var verbs []string
			for _, v := range g.Verbs {
				verbs = append(verbs, string(v))
			}
			st.Condition.ForAll("StringEquals", KeyVerbs, verbs)
			out = append(out, st)
		}
		// One statement for both, where no wildcard record is among them: a
		// batch may then hold any of the names.
		if wild := slices.ContainsFunc(g.Names, dnsname.Name.IsWildcard); len(below) > 0 && !wild {
			add("Below", "StringLike", append(below, exact...))
			continue
		}
		add("Below", "StringLike", below)
		add("Names", "StringEquals", exact)
	}
	return NewDocument(out...)
}

// RolePolicy is the name of the inline policy of a role that orgdns made.
const RolePolicy = "orgdns"

// maxInline is how many characters the inline policies of a role hold, white
// space not counted (IAM User Guide, reference_iam-quotas.html).
const maxInline = 10240

// anyZoneID has the length of a hosted zone's ID, for sizes.
const anyZoneID = "Z00000000000000000000"

// RoleEntry is the identity of a role in the ledger of its zone.
func RoleEntry(name string) string { return roleEntry + name }

// RoleOfEntry is the name of the role that a ledger entry lists.
func RoleOfEntry(entry string) (name string, ok bool) { return strings.CutPrefix(entry, roleEntry) }

const roleEntry = "ROLE "

// OwnedRole reports whether a role carries the mark of an owner.
func OwnedRole(r estate.Role, owner string) bool { return r.Tags[TagOwner] == owner }

func (b *builder) roles() {
	for _, w := range b.in.Wanted {
		if w.Item.Role != nil {
			b.role(w, *w.Item.Role)
		}
	}
}

func (b *builder) role(w Wanted, want Role) {
	if n := len(want.Policy(anyZoneID)); n > maxInline {
		b.problem(w, diag.Error, "too-long", fmt.Sprintf("the policy of role %s would have %d characters; IAM takes %d", want.Name, n, maxInline),
			"", "grant patterns (*.team.example) in place of single names, or make several writers")
		return
	}
	claim := Change{}
	if id, err := b.known(want.Zone); err == nil {
		entry := id[0] + " " + RoleEntry(want.Name)
		b.claims[entry] = true
		z, _ := b.e.Zones.Get(id[0])
		if q := (estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}); !b.e.Answered(q) {
			b.unread(w, q)
			return
		}
		if !b.ledger(z).has[RoleEntry(want.Name)] {
			claim = b.claim(w, want.Zone, want.ZoneName, w.Account, RoleEntry(want.Name))
		}
	} else {
		claim = b.claim(w, want.Zone, want.ZoneName, w.Account, RoleEntry(want.Name))
	}
	if w.Frozen {
		return
	}
	if want.Unclaimed {
		claim = Change{}
	}
	q := estate.Query{Kind: estate.QueryRole, Account: w.Account, ID: want.Name}
	if !b.e.Answered(q) {
		b.unread(w, q)
		return
	}
	key := string(w.Account) + "/" + want.Name
	c := Change{Action: Create, After: &w.Item, Basis: []Basis{b.basis(q, "roles", key)}}
	for have := range b.e.Roles.By(estate.ByRole(w.Account, want.Name)) {
		b.plan.Known[w.Address] = Attributes{"arn": {have.ARN}}
		ours := OwnedRole(have, b.in.Owner)
		if ours {
			b.plan.Managed++
		}
		zone, err := b.known(want.Zone)
		same := err == nil && SameDocument(have.Trust, want.TrustPolicy()) && SameDocument(have.Inline[RolePolicy], want.Policy(zone[0])) &&
			len(have.Inline) == 1 && len(have.Attached) == 0
		c.Before = &Item{Role: &Role{Name: have.Name}}
		switch {
		case ours && same:
			if claim.Address != "" {
				b.plan.Changes = append(b.plan.Changes, claim)
			}
			return
		case ours:
			c.Action, c.Reason = Update, roleChange(have, want, zone)
		case b.in.Adopt:
			c.Action, c.Reason = Update, "adopts the role that stands, and sets who may assume it and what it may do"
		default:
			b.problem(w, diag.Error, "conflict", fmt.Sprintf("account %s already has a role %s that orgdns did not make", w.Account, want.Name),
				"standing: "+have.ARN, "choose another `role`, or take it over with --adopt")
			return
		}
		if others := otherPolicies(have); len(others) > 0 {
			b.problem(w, diag.Error, "widened", fmt.Sprintf("role %s has policies that orgdns did not give it", want.Name),
				strings.Join(others, ", "), "take them off: they may permit more than is granted")
			return
		}
	}
	if claim.Address != "" {
		b.plan.Changes = append(b.plan.Changes, claim)
		c.Needs = append(c.Needs, Dependency{Address: claim.Address})
	}
	b.add(w, c)
}

// otherPolicies are the policies of a role besides ours.
func otherPolicies(r estate.Role) []string {
	out := slices.Clone(r.Attached)
	for _, name := range sortedKeys(r.Inline) {
		if name != RolePolicy {
			out = append(out, name)
		}
	}
	return out
}

func roleChange(have estate.Role, want Role, zone []string) string {
	var parts []string
	if !SameDocument(have.Trust, want.TrustPolicy()) {
		parts = append(parts, "who may assume it")
	}
	if len(zone) == 0 || !SameDocument(have.Inline[RolePolicy], want.Policy(zone[0])) {
		parts = append(parts, "what it may do")
	}
	return "other than configured: " + strings.Join(parts, " and ")
}

// claim is the change that enters something other than a record into the
// ledger of a zone.
func (b *builder) claim(w Wanted, zone Value, name dnsname.Name, account estate.AccountID, entry string) Change {
	rec := Record{Zone: zone, ZoneName: name, Name: Lit(entry), Type: "TXT", Statement: StatementRecords, Entry: entry}
	if id, err := b.known(zone); err == nil {
		if z, ok := b.e.Zones.Get(id[0]); ok {
			b.ledger(z)
		}
	}
	return Change{Address: w.Address + "/claim", Action: Claim, Account: account, After: &Item{Record: &rec}, Pos: w.Pos, Reason: "written before it is made"}
}

// forgetEntry is the change that takes it out again.
func (b *builder) forgetEntry(z estate.Zone, entry string, needs ...Dependency) Change {
	rec := Record{Zone: Lit(z.ID), ZoneName: z.Name, Name: Lit(entry), Type: "TXT", Statement: StatementRecords, Entry: entry}
	return Change{
		Address: "ledger/" + b.label(z) + "/" + entry, Action: Forget, Account: z.Account,
		Before: &Item{Record: &rec}, Needs: needs, Reason: "withdrawn after it is gone",
	}
}

// orphanRoles takes out the roles that a ledger lists and nobody wants.
func (b *builder) orphanRoles() {
	for z := range b.e.Zones.All() {
		if !b.e.Answered(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}) {
			continue
		}
		l := b.ledger(z)
		for _, entry := range l.Entries() {
			name, ok := RoleOfEntry(entry)
			if !ok || b.claims[z.ID+" "+entry] {
				continue
			}
			b.orphanRole(z, name)
		}
	}
}

// wantedRole is the address at which a role of this name is wanted.
func (b *builder) wantedRole(account estate.AccountID, name string) string {
	for _, w := range b.in.Wanted {
		if w.Item.Role != nil && w.Account == account && w.Item.Role.Name == name {
			return w.Address
		}
	}
	return ""
}

func (b *builder) orphanRole(z estate.Zone, name string) {
	w := Wanted{Address: "roles/" + string(z.Account) + "/" + name, Account: z.Account, Reason: "no longer in the configuration"}
	entry := RoleEntry(name)
	b.standing[z.ID+" "+entry] = true
	q := estate.Query{Kind: estate.QueryRole, Account: z.Account, ID: name}
	if !b.e.Answered(q) {
		b.unread(w, q)
		return
	}
	var needs []Dependency
	for have := range b.e.Roles.By(estate.ByRole(z.Account, name)) {
		if to := b.wantedRole(z.Account, name); to != "" { // for another zone, whose ledger claims it
			if slices.ContainsFunc(b.plan.Changes, func(c Change) bool { return c.Address == to }) {
				needs = append(needs, Dependency{Address: to})
			}
			continue
		}
		if !OwnedRole(have, b.in.Owner) {
			b.problem(w, diag.Warning, "handed-over", fmt.Sprintf("role %s is no longer wanted, but somebody took our mark off it: it stays", have.ARN), "", "delete it by hand if nobody needs it")
			continue
		}
		b.plan.Managed++
		if others := otherPolicies(have); len(others) > 0 {
			b.problem(w, diag.Warning, "widened", fmt.Sprintf("role %s stays: it has policies that orgdns did not give it", have.ARN), strings.Join(others, ", "), "take them off, and it goes with the next run")
			return
		}
		c := Change{Action: Delete, Before: &Item{Role: &Role{Name: name, Zone: Lit(z.ID), ZoneName: z.Name}},
			Basis: []Basis{b.basis(q, "roles", string(z.Account)+"/"+name)}}
		b.add(w, c)
		needs = append(needs, Dependency{Address: w.Address})
	}
	b.plan.Changes = append(b.plan.Changes, b.forgetEntry(z, entry, needs...))
}
