package recipe

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// A share by a Route 53 Profile: the Profile carries the endpoints, RAM shares
// it, each consumer VPC is associated with it (Developer Guide, profiles.html).

// byProfile wants the Profile, what it carries, the share and the associations.
// One that stands is shared only where a consumer cannot use it yet.
func (s *shareIn) byProfile() {
	list := s.contents()
	profile, arn := s.profile()
	given, stands := s.given(s.region)
	if stands {
		s.othersChange(given, list, s.At("profile"))
	}
	carried := s.carry(s.address+"/profile", profile, list)
	if !stands || s.lacking(given.ARN, given.Account) {
		s.shared("Profile", just(arn))
	}
	for _, v := range s.consumers {
		s.associate(v, profile, carried, list)
	}
}

// given is the Profile that stands and is named by the share.
func (s *share) given(r estate.Region) (estate.Profile, bool) {
	for _, ref := range s.Profiles {
		for p := range s.Estate.Profiles.By(estate.ByRegion(s.hub.ID, r)) {
			if p.ID == ref.ID || ref.ID == "" && p.Name == ref.Name {
				return p, true
			}
		}
	}
	return estate.Profile{}, false
}

// lacking reports whether a consumer cannot use something of an owner's, but for
// what orgdns shares.
func (s *shareIn) lacking(arn string, owner estate.AccountID) bool {
	bare := withoutOurs(s.Estate, s.Config.Owner)
	return slices.ContainsFunc(s.consumers, func(v estate.VPC) bool { return !bare.Lends(arn, owner, v.Account) })
}

// profile is the ID and the ARN of the Profile that is given, or else of one that
// the share makes itself.
func (s *shareIn) profile() (id, arn plan.Value) {
	if p, ok := s.given(s.region); ok {
		return plan.Lit(p.ID), plan.Lit(p.ARN)
	}
	if len(s.Profiles) > 0 {
		s.problem(s.At("profile"), diag.Error, "no-profile", fmt.Sprintf("account %s has no such Profile in %s", s.hub.ID, s.region), "", "give the ID or the name of one that stands, or none to have one made")
	}
	address := s.address + "/profile"
	s.want(address, s.hub.ID, object(plan.KindProfile, map[string][]plan.Value{"name": lits("orgdns-" + s.Name)}), plan.Wanted{Reason: "carries the names"})
	return plan.Of(address, "id"), plan.Of(address, "arn")
}

// content is something that a Profile is to carry.
type content struct {
	label    string
	resource plan.Value // its ARN
	stands   string     // the same, if it is known to stand
	priority int32
	pos      diag.Pos
	after    []plan.Dependency // that it works
	unread   bool              // nobody knows whether it is there: what stands stays
	common   bool              // it is no share's own: several may put it into one Profile
}

// contents are all that a Profile is to carry of the share.
func (s *shareIn) contents() []content {
	var out []content
	for _, one := range s.services {
		if len(one.names) == 0 {
			s.problem(one.pos, diag.Error, "no-private-name", fmt.Sprintf("%s has no private DNS name, so a Profile has nothing to carry", one.label), "",
				"give it a `domain`, or share it otherwise")
			continue
		}
		if one.byZone {
			for _, z := range s.zonesOf(one) {
				c := content{label: "zones/" + z.String(), resource: plan.Of(s.zone(z, one), "arn"), pos: one.pos, after: s.answered(z)}
				if have, ok := plan.OwnZone(s.Estate, s.Config.Owner, s.hub.ID, s.zoneItem(z)); ok {
					c.stands = s.Estate.Local(have.ARN())
				}
				out = append(out, c)
			}
			continue
		}
		c := content{label: one.label, resource: one.endpoint.arn, pos: one.pos, after: []plan.Dependency{settled(nameAddress(one, s.endpointAddress(one.label)))}}
		if one.stands {
			c.stands = s.Estate.Local(one.standing.ARN())
		}
		out = append(out, c)
	}
	for _, z := range s.carriedZones() {
		out = append(out, content{label: "zones/" + z.name.String(), common: true, resource: z.arn, stands: z.stands, pos: z.pos, after: z.after})
	}
	for i, id := range s.Rules {
		r, stands := s.Estate.ResolverRules.Get(id)
		out = s.named(out, content{label: "rules/" + id, common: true, resource: s.regionalARN("resolver-rule/"+id, r.Account), pos: s.At("rules", i)},
			stands, r.Region, estate.Query{Kind: estate.QueryResolverRules})
	}
	for _, g := range s.FirewallGroups {
		have, stands := s.Estate.FirewallGroups.Get(g.ID)
		out = s.named(out, content{label: "firewallGroups/" + g.ID, common: true, resource: s.regionalARN("firewall-rule-group/"+g.ID, have.Account), priority: g.Priority, pos: g.Pos},
			stands, have.Region, estate.Query{Kind: estate.QueryFirewallGroup, ID: g.ID})
	}
	for i, id := range s.QueryLogs {
		have, stands := s.Estate.QueryLogConfigs.Get(id)
		out = s.named(out, content{label: "queryLogs/" + id, common: true, resource: s.regionalARN("resolver-query-log-config/"+id, have.Account), pos: s.At("queryLogs", i)},
			stands, have.Region, estate.Query{Kind: estate.QueryQueryLog, ID: id})
	}
	return out
}

// named adds what the configuration names by ID, in the Region where it stands.
// What stands in no Region of the share is an error; what could not be looked for
// stays as it is.
func (s *shareIn) named(list []content, c content, stands bool, region estate.Region, q estate.Query) []content {
	if stands && region == s.region {
		return append(list, c)
	}
	if stands {
		return list
	}
	for _, r := range shareRegions(s.EndpointShare, s.hub) {
		q.Account, q.Region = s.hub.ID, r
		if a, _ := s.Estate.Asked(q); !s.Estate.Answered(q) {
			s.problem(c.pos, diag.Warning, "unread", fmt.Sprintf("%s could not be read, so what the Profile carries of it in %s stays as it is", q, s.region),
				a.Why(), "what cannot be read is not absent: see `orgdns iam` for the role that this account needs")
			c.unread = true
			return append(list, c)
		}
	}
	if s.region == shareRegions(s.EndpointShare, s.hub)[0] {
		s.problem(c.pos, diag.Error, "no-resource", fmt.Sprintf("account %s has no %s in a Region of the share %s", s.hub.ID, path.Base(c.label), s.Name), "", "look at its ID, or take it out")
	}
	return list
}

// needContents asks for what a Profile is to carry by its ID.
func (n *needs) needContents(s *shareIn) {
	if s.Via != config.ViaProfile {
		return
	}
	for _, g := range s.FirewallGroups {
		n.ask(estate.Query{Kind: estate.QueryFirewallGroup, Account: s.hub.ID, Region: s.region, ID: g.ID})
	}
	for _, id := range s.QueryLogs {
		n.ask(estate.Query{Kind: estate.QueryQueryLog, Account: s.hub.ID, Region: s.region, ID: id})
	}
}

// carry wants it in a Profile, each thing at an address below base, and gives
// what must be in effect before a VPC takes it over. What somebody else put into
// a Profile that stands is in effect.
func (s *shareIn) carry(base string, profile plan.Value, list []content) []plan.Dependency {
	var out []plan.Dependency
	for _, c := range list {
		if s.carriedByOthers(profile, c) {
			continue
		}
		address := base + "/" + c.label
		if id, stands := profile.Literal(); stands && c.common {
			address = inProfile(s.region, id) + c.label
		}
		fields := map[string][]plan.Value{"profile": {profile}, "resource": {c.resource}, "priority": {}}
		if c.priority > 0 {
			fields["priority"] = lits(strconv.Itoa(int(c.priority)))
		}
		s.once(address, s.hub.ID, object(plan.KindProfileResource, fields), plan.Wanted{Pos: c.pos, Settle: true, After: c.after, Frozen: c.unread, Reason: "the Profile carries it"})
		out = append(out, settled(address))
	}
	return out
}

// carriedByOthers reports whether a Profile has something by an association that
// is not ours.
func (s *shareIn) carriedByOthers(profile plan.Value, c content) bool {
	id, stands := profile.Literal()
	arn, known := c.resource.Literal()
	if !known {
		arn = c.stands
	}
	if !stands || arn == "" {
		return false
	}
	for r := range s.Estate.ProfileResources.By(estate.ByProfile(id)) {
		if r.ARN == arn && !(plan.Standing{Kind: plan.KindProfileResource, Name: r.Name}).OwnedBy(s.Config.Owner) {
			return true
		}
	}
	return false
}

// regionalARN is the ARN of a resource of Resolver's, of an owner or of the hub.
func (s *shareIn) regionalARN(resource string, owner estate.AccountID) plan.Value {
	return plan.Lit(fmt.Sprintf("arn:%s:route53resolver:%s:%s:%s", s.Estate.Partition(), s.region, cmp.Or(owner, s.hub.ID), resource))
}

// carriedZone is a private zone that the Profile carries beside the endpoints'.
type carriedZone struct {
	name  dnsname.Name
	arn   plan.Value
	pos   diag.Pos
	after []plan.Dependency

	stands string // its ARN, if it is known to stand
}

// carriedZones are those that the share names, and the private zones that name
// the share.
func (s *shareIn) carriedZones() []carriedZone {
	var out []carriedZone
	private := func(z config.PrivateZone, pos diag.Pos) {
		if account, problems := s.Config.FindAccount(z.Account, s.Estate); len(problems) == 0 {
			address := privateZoneAddress(account.ID, z.Domain) + "/zone"
			c := carriedZone{name: z.Domain, arn: plan.Of(address, "arn"), pos: pos, after: []plan.Dependency{{Address: address}}}
			item := plan.Zone{Name: z.Domain, Reference: plan.Reference(s.Config.Owner, address), Anchor: &estate.VPCRef{}}
			if have, ok := plan.OwnZone(s.Estate, s.Config.Owner, account.ID, item); ok {
				c.stands = s.Estate.Local(have.ARN())
			}
			out = append(out, c)
		}
	}
	for _, z := range s.Config.PrivateZones {
		if z.Profile == s.Name {
			private(z, z.Pos)
		}
	}
	for _, shared := range s.Zones {
		if shared.Zone != "" {
			name := dnsname.Name{}
			if z, ok := s.Estate.Zones.Get(shared.Zone); ok {
				name = z.Name
			}
			out = append(out, carriedZone{name: name, arn: plan.Lit(s.Estate.Local(estate.Zone{ID: shared.Zone}.ARN())), pos: shared.Pos})
			continue
		}
		for _, z := range s.Config.PrivateZones {
			if z.Domain == shared.Domain && !slices.ContainsFunc(out, func(c carriedZone) bool { return c.name == z.Domain }) {
				private(z, shared.Pos)
			}
		}
	}
	return out
}

// shared wants the resource share, and that it reaches the accounts that have
// to accept it.
func (s *shareIn) shared(what string, list []plan.Value) {
	principals := s.with()
	if len(principals) == 0 || len(list) == 0 {
		return
	}
	address := s.shareAddress()
	s.want(address, s.hub.ID, object(plan.KindShare, map[string][]plan.Value{
		"name": lits("orgdns-" + s.Name), "external": {plan.Bool(len(s.External) > 0)}, "resources": list, "principals": lits(principals...),
	}), plan.Wanted{Pos: s.At("consumers"), Settle: true, Reason: "lends the " + what + " to the consumers"})
	for _, account := range principals {
		if !isAccount(account) {
			continue
		}
		s.acceptShare(address, "orgdns-"+s.Name, account, plan.Wanted{Pos: s.At("consumers"), Settle: true,
			Reason: "the share reaches the account once it is accepted, where the organization does not accept it by itself"})
	}
}

// acceptShare wants that an account accepts a share of the hub's. One that is not read
// accepts by itself: that is told as waiting until the owner sees it.
func (s *shareIn) acceptShare(share, name, account string, w plan.Wanted) {
	address := share + "/" + account
	if s.Estate.Answered(estate.Query{Kind: estate.QueryInvitations, Account: estate.AccountID(account), Region: s.region}) {
		s.once(address, estate.AccountID(account), object(plan.KindInvitation, map[string][]plan.Value{
			"share": {plan.Of(share, "arn")}, "account": lits(account),
		}), w)
		return
	}
	told := slices.ContainsFunc(s.out.Waiting, func(x plan.Waiting) bool { return x.Address == address })
	if told || s.frozen || s.acceptedAt(share, account) {
		return
	}
	s.out.Waiting = append(s.out.Waiting, plan.Waiting{Address: address,
		For: fmt.Sprintf("account %s, which is not read, to accept the resource share %s of account %s in %s", account, name, s.hub.ID, s.region)})
}

// acceptedAt reports whether an account needs not accept a share, as the owner
// sees it: by the principal's status (RAM API, ResourceShareAssociation). Within an
// organization that lets RAM share nobody has to.
func (s *shareIn) acceptedAt(address, account string) bool {
	if _, member := s.Estate.Accounts.Get(account); member && slices.Contains(s.Estate.Organization.TrustedServices, estate.ShareService) {
		return true
	}
	have, _ := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindShare, address, s.hub.ID, s.region)
	share, _ := s.Estate.Shares.Get(have.ID)
	p, _ := estate.ShareMemberIn(share.Principals, account)
	return p.Status == estate.ShareAssociated
}

// shareAddress is where the resource share stands. Rules have one of their own,
// so that both can stand while a Profile follows them or they follow it.
func (s *shareIn) shareAddress() string {
	profile, rules := s.shareAddresses()
	if s.Via == config.ViaResolver {
		return rules
	}
	return profile
}

func (s *shareIn) shareAddresses() (profile, rules string) {
	return s.address + "/share", s.address + "/rules-share"
}

// reached is what must be in effect before an account can use what is shared.
func (s *shareIn) reached(account estate.AccountID) []plan.Dependency {
	if account == s.hub.ID {
		return nil
	}
	out := []plan.Dependency{settled(s.shareAddress())}
	if slices.Contains(s.with(), string(account)) {
		out = append(out, settled(s.shareAddress()+"/"+string(account)))
	}
	return out
}

// with is principals, found once for all consumers.
func (s *shareIn) with() []string {
	if s.principalIDs == nil {
		s.principalIDs = append([]string{}, s.principals(s.Input)...)
	}
	return s.principalIDs
}

// covers reports whether the share is with an account. Where nobody knows in which
// unit that is, any unit may be its.
func (s *shareIn) covers(account estate.AccountID) bool {
	path := s.Estate.Path(string(account))
	return account == s.hub.ID || slices.ContainsFunc(s.with(), func(p string) bool {
		if isAccount(p) {
			return p == string(account)
		}
		return len(path) == 0 || slices.ContainsFunc(path, func(id string) bool { return s.Estate.Organization.UnitARN(id) == p })
	})
}

func isAccount(principal string) bool { return !strings.HasPrefix(principal, "arn:") }

// principals are with whom the share shares, as RAM names them.
func (s *share) principals(in Input) []string {
	seen := map[string]bool{}
	var out []string
	add := func(id string) {
		if id != "" && id != string(s.hub.ID) && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	accounts := func(sel config.Selector) {
		ids, _ := in.Config.SelectAccounts(sel, in.Estate)
		for _, id := range ids {
			add(string(id))
		}
	}
	units := func(names []string) {
		for _, u := range names {
			if unit, ok := in.Config.FindUnit(u, in.Estate); ok {
				add(in.Estate.Organization.UnitARN(unit.ID))
			}
		}
	}
	root := func() { add(in.Estate.Organization.UnitARN(in.Estate.Organization.Root)) }
	switch w := s.ShareWith; {
	case w.Organization:
		root()
	case !w.IsZero():
		units(w.Units)
		if len(w.Accounts) > 0 {
			accounts(config.Selector{Accounts: w.Accounts})
		}
	default:
		for _, sel := range s.Consumers {
			switch {
			case ofAll(in.Config, sel) && in.Estate.Organization.Root != "":
				root()
			case len(sel.Accounts) > 0 || len(sel.Units) == 0:
				accounts(config.Selector{Accounts: sel.Accounts})
			}
			units(sel.Units)
		}
	}
	if len(s.External) > 0 {
		accounts(config.Selector{Accounts: s.External})
	}
	slices.Sort(out)
	return out
}

// inConsumers are the questions about a consumer's account: also about its
// invitations, where the share may have to be accepted, and what it is offered and
// in which zones, where it has endpoints of its own.
func (s *share) inConsumers(in Input) []estate.QueryKind {
	out := slices.Clone(consumerQueries)
	if slices.ContainsFunc(s.principals(in), isAccount) {
		out = append(out, estate.QueryInvitations)
	}
	if s.Via == config.ViaOwn {
		out = append(out, estate.QueryOffers)
	}
	return out
}

func (s *shareIn) vpcAddress(id string) string { return s.address + "/vpcs/" + id }

// associate wants the association of a consumer VPC. One that has another
// Profile keeps it, since a VPC has one at most (R2.3).
func (s *shareIn) associate(v estate.VPC, profile plan.Value, carried []plan.Dependency, list []content) {
	address := s.associationAddress(s.region, v.ID)
	id, known := profile.Literal()
	if own, ok := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindProfile, s.address+"/profile", s.hub.ID, s.region); ok && !known {
		id, known = own.ID, true
	}
	for a := range s.Estate.ProfileAssociations.By(estate.ByVPC(v.ID)) {
		if a.Status == estate.StatusDeleting {
			continue
		}
		if known && a.Profile == id {
			if a.Name != plan.MarkName(s.Config.Owner, address) && !s.ours(a) { // it has it already
				s.before(v, addressesOf(carried)...)
				return
			}
			continue
		}
		if s.ours(a) {
			s.otherOfOurs(v, a)
			continue
		}
		s.otherProfile(v, a, list)
		return
	}
	after := append(s.reached(v.Account), carried...)
	s.once(address, v.Account, object(plan.KindProfileAssociation, map[string][]plan.Value{"profile": {profile}, "vpc": lits(v.ID)}),
		plan.Wanted{Pos: s.At("consumers"), Settle: true, After: after, Reason: fmt.Sprintf("%s of account %s is to resolve the names of %s", v.ID, v.Account, s.Name)})
	s.before(v, address)
}

// otherOfOurs says that a VPC goes from one Profile of ours to another: it has
// none for a moment.
func (s *shareIn) otherOfOurs(v estate.VPC, a estate.ProfileAssociation) {
	if s.AcceptGap {
		return
	}
	s.problem(s.At("consumers"), diag.Error, "profile-gap", fmt.Sprintf("VPC %s (account %s) has the Profile %s of ours, and would be without its names until it has another", v.ID, v.Account, a.Profile),
		"a VPC has one Profile at most (Developer Guide, profiles.html)", "go by `via: resolver` or `via: own` in between, or repeat with --accept-gap")
}

// otherProfile deals with a VPC that has another Profile: a conflict, or all that
// is shared is added to that one.
func (s *shareIn) otherProfile(v estate.VPC, a estate.ProfileAssociation, list []content) {
	other, known := s.Estate.Profiles.Get(a.Profile)
	if !s.IntoExistingProfile {
		s.problem(s.At("consumers"), diag.Error, "other-profile", fmt.Sprintf("VPC %s (account %s) already has the Profile %s", v.ID, v.Account, a.Profile),
			"a VPC has one Profile at most (Developer Guide, profiles.html)",
			"take it off that Profile, leave the VPC out, or write `intoExistingProfile: true` so that what is shared is added there")
		return
	}
	if !known || other.Account != s.hub.ID {
		s.problem(s.At("intoExistingProfile"), diag.Error, "foreign-profile", fmt.Sprintf("VPC %s has the Profile %s of another account, to which account %s cannot add", v.ID, a.Profile, s.hub.ID),
			"the owner of a Profile says what is in it (Developer Guide, sharing-profiles.html)", "share from the account that owns the Profile, or take the VPC off it")
		return
	}
	if s.into == nil {
		s.into = map[string][]plan.Dependency{}
	}
	after, done := s.into[other.ID]
	if !done {
		after = s.carry(s.address+"/into/"+other.ID, plan.Lit(other.ID), list)
		s.into[other.ID] = after
		s.othersChange(other, list, s.At("intoExistingProfile"))
	}
	s.before(v, addressesOf(after)...)
}

func addressesOf(list []plan.Dependency) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Address)
	}
	return out
}

// adds reports whether a Profile that stands lacks some of a list.
func (s *shareIn) adds(p estate.Profile, list []content) bool {
	has := map[string]bool{}
	for r := range s.Estate.ProfileResources.By(estate.ByProfile(p.ID)) {
		has[r.ARN] = r.Status != estate.StatusDeleting
	}
	return slices.ContainsFunc(list, func(c content) bool {
		arn, _ := c.resource.Literal()
		return !c.unread && !has[cmp.Or(c.stands, arn)]
	})
}

// othersChange tells whose answers change when something is added to a Profile
// that stands, beyond the consumers: an error, unless that is accepted. Its owner
// does not see the VPCs of others that have it (R2.11), so those of accounts that
// are not read are unknown.
func (s *shareIn) othersChange(p estate.Profile, list []content, pos diag.Pos) {
	if !s.adds(p, list) {
		return
	}
	chosen := map[string]bool{s.vpc.ID: true}
	for _, c := range s.consumers {
		chosen[c.ID] = true
	}
	var strangers, detail []string
	for on := range s.Estate.ProfileAssociations.By(estate.ByProfile(p.ID)) {
		if !chosen[on.VPC] && on.Status != estate.StatusDeleting {
			strangers = append(strangers, fmt.Sprintf("%s (account %s)", on.VPC, on.Account))
		}
	}
	slices.Sort(strangers)
	severity := diag.Note
	if unseen := s.unseen(p); len(unseen) > 0 {
		severity = diag.Warning
		detail = append(detail, "whether VPCs of these have it, too, is unknown, since they are not read: "+strings.Join(unseen, ", "))
	}
	if len(strangers) > 0 {
		detail = append([]string{"not selected, and their answers change: " + strings.Join(strangers, ", ")}, detail...)
		if !s.AcceptOthers {
			severity = diag.Error
		}
	}
	s.problem(pos, severity, "others-change", fmt.Sprintf("what is added to the Profile %s (%s) changes the answers of every VPC that has it", p.Name, p.ID),
		strings.Join(detail, "; "), "look at the answers in the plan; if it is what you want, repeat with --accept-others")
}

// unseen are those with whom a Profile is shared, and of whom nobody knows which
// VPCs have it.
func (s *shareIn) unseen(p estate.Profile) []string {
	known := func(id estate.AccountID) bool {
		return id == s.hub.ID || s.Estate.Answered(estate.Query{Kind: estate.QueryProfileAssociations, Account: id, Region: s.region})
	}
	out := map[string]bool{}
	for a := range s.Estate.Accounts.All() {
		if !known(a.ID) && s.Estate.Lends(p.ARN, p.Account, a.ID) {
			out["account "+string(a.ID)] = true
		}
	}
	for share := range s.Estate.Shares.By(estate.ByMember(p.ARN)) {
		for _, to := range share.Principals {
			switch {
			case isAccount(to.ID) && !known(estate.AccountID(to.ID)):
				out["account "+to.ID] = true
			case !isAccount(to.ID) && !s.Estate.Answered(estate.Query{Kind: estate.QueryAccounts}):
				out[to.ID] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// whoHas asks for the VPCs of our accounts that may have a Profile that stands,
// to which the share is added.
func (n *needs) whoHas(s *shareIn) {
	var list []estate.Profile
	if p, ok := s.given(s.region); ok {
		list = append(list, p)
	}
	for _, v := range s.consumers {
		for on := range n.Estate.ProfileAssociations.By(estate.ByVPC(v.ID)) {
			if p, ok := n.Estate.Profiles.Get(on.Profile); ok && s.IntoExistingProfile && p.Account == s.hub.ID {
				list = append(list, p)
			}
		}
	}
	asked := map[string]bool{}
	for _, p := range list {
		if asked[p.ID] {
			continue
		}
		asked[p.ID] = true
		for _, a := range accounts(n.Input) {
			if n.Estate.Lends(p.ARN, p.Account, a.ID) {
				n.ask(estate.Query{Kind: estate.QueryProfileAssociations, Account: a.ID, Region: s.region})
				n.ask(estate.Query{Kind: estate.QueryVPCs, Account: a.ID, Region: s.region})
			}
		}
	}
}

// before makes what gave a VPC these names until now go only after all that
// gives them from now on: associations and endpoints of ours of another
// mechanism. Of two Profiles the old one goes first, since a VPC has one at most
// (R2.3); the plan sees to that.
func (s *shareIn) before(v estate.VPC, now ...string) {
	names, marks := map[string]bool{}, map[string]bool{}
	for _, a := range now {
		names[plan.MarkName(s.Config.Owner, a)] = true
		marks[plan.Mark(s.Config.Owner, plan.KindEndpoint, a)] = true
	}
	then := func(id string) {
		for _, first := range now {
			s.out.Orders = append(s.out.Orders, plan.Order{First: first, Then: id})
		}
	}
	named := func(kind plan.Kind, id, name string) {
		if !names[name] && (plan.Standing{Kind: kind, Name: name}).OwnedBy(s.Config.Owner) {
			then(id)
		}
	}
	if s.Via != config.ViaProfile {
		for a := range s.Estate.ProfileAssociations.By(estate.ByVPC(v.ID)) {
			named(plan.KindProfileAssociation, a.ID, a.Name)
		}
	}
	for a := range s.Estate.RuleAssociations.By(estate.ByVPC(v.ID)) {
		named(plan.KindRuleAssociation, a.ID, a.Name)
	}
	for p := range s.Estate.Endpoints.By(estate.ByVPC(v.ID)) {
		if p.Tags[plan.TagOwner] == s.Config.Owner && !marks[p.Tags[plan.TagOwner]+" "+p.Tags[plan.TagAddress]] {
			then(p.ID)
		}
	}
}
