package recipe

import (
	"fmt"
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
func (s *shareIn) byProfile() {
	profile, arn, ours := s.profile()
	carried := s.carried(profile)
	if ours {
		s.shared("Profile", just(arn))
	}
	for _, v := range s.consumers {
		s.associate(v, profile, carried)
	}
}

// profile is the Profile's ID and ARN, and whether the share makes it itself.
func (s *shareIn) profile() (id, arn plan.Value, ours bool) {
	for _, ref := range s.Profiles {
		for p := range s.Estate.Profiles.By(estate.ByRegion(s.hub.ID, s.region)) {
			if p.ID == ref.ID || ref.ID == "" && p.Name == ref.Name {
				return plan.Lit(p.ID), plan.Lit(p.ARN), false
			}
		}
	}
	if len(s.Profiles) > 0 {
		s.problem(s.At("profile"), diag.Error, "no-profile", fmt.Sprintf("account %s has no such Profile in %s", s.hub.ID, s.region), "", "give the ID or the name of one that stands, or none to have one made")
	}
	address := s.address + "/profile"
	s.want(address, s.hub.ID, object(plan.KindProfile, map[string][]plan.Value{"name": lits("orgdns-" + s.Name)}), plan.Wanted{Reason: "carries the names"})
	return plan.Of(address, "id"), plan.Of(address, "arn"), true
}

// carried wants what the Profile carries, and gives what must be in effect
// before a VPC takes it over.
func (s *shareIn) carried(profile plan.Value) []plan.Dependency {
	var out []plan.Dependency
	carry := func(label string, resource plan.Value, priority int32, pos diag.Pos, after ...plan.Dependency) {
		address := s.address + "/profile/" + label
		fields := map[string][]plan.Value{"profile": {profile}, "resource": {resource}, "priority": {}}
		if priority > 0 {
			fields["priority"] = lits(strconv.Itoa(int(priority)))
		}
		s.want(address, s.hub.ID, object(plan.KindProfileResource, fields), plan.Wanted{Pos: pos, Settle: true, After: after, Reason: "the Profile carries it"})
		out = append(out, settled(address))
	}
	for _, one := range s.services {
		if len(one.names) == 0 {
			s.problem(one.pos, diag.Error, "no-private-name", fmt.Sprintf("%s has no private DNS name, so a Profile has nothing to carry", one.label), "",
				"give it a `domain`, or share it otherwise")
			continue
		}
		if one.byZone {
			for _, z := range s.zonesOf(one) {
				id := s.zone(z, one)
				carry("zones/"+z.String(), plan.Of(id, "arn"), 0, one.pos, s.answered(z)...)
			}
			continue
		}
		carry(one.label, one.endpoint.arn, 0, one.pos, settled(nameAddress(one, s.endpointAddress(one.label))))
	}
	for _, z := range s.carriedZones() {
		carry("zones/"+z.name.String(), z.arn, 0, z.pos, z.after...)
	}
	for i, id := range s.Rules {
		carry("rules/"+id, plan.Lit(s.regionalARN("route53resolver", "resolver-rule/"+id, ruleOwner(s.Estate, id))), 0, s.At("rules", i))
	}
	for _, g := range s.FirewallGroups {
		carry("firewallGroups/"+g.ID, plan.Lit(s.regionalARN("route53resolver", "firewall-rule-group/"+g.ID, "")), g.Priority, g.Pos)
	}
	for i, id := range s.QueryLogs {
		carry("queryLogs/"+id, plan.Lit(s.regionalARN("route53resolver", "resolver-query-log-config/"+id, "")), 0, s.At("queryLogs", i))
	}
	return out
}

func ruleOwner(e estate.Estate, id string) estate.AccountID {
	r, _ := e.ResolverRules.Get(id)
	return r.Account
}

// regionalARN is the ARN of a resource of the hub's, or of another owner.
func (s *shareIn) regionalARN(service, resource string, owner estate.AccountID) string {
	if owner == "" {
		owner = s.hub.ID
	}
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", partition(s.Estate), service, s.region, owner, resource)
}

// carriedZone is a private zone that the Profile carries beside the endpoints'.
type carriedZone struct {
	name  dnsname.Name
	arn   plan.Value
	pos   diag.Pos
	after []plan.Dependency
}

// carriedZones are those that the share names, and the private zones that name
// the share.
func (s *shareIn) carriedZones() []carriedZone {
	var out []carriedZone
	private := func(z config.PrivateZone, pos diag.Pos) {
		if account, problems := s.Config.FindAccount(z.Account, s.Estate); len(problems) == 0 {
			address := privateZoneAddress(account.ID, z.Domain) + "/zone"
			out = append(out, carriedZone{z.Domain, plan.Of(address, "arn"), pos, []plan.Dependency{{Address: address}}})
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
			out = append(out, carriedZone{name, plan.Lit(plan.ZoneARN(shared.Zone)), shared.Pos, nil})
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
	if s.Via == config.ViaResolver {
		return s.address + "/rules-share"
	}
	return s.address + "/share"
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
// invitations, where the share may have to be accepted.
func (s *share) inConsumers(in Input) []estate.QueryKind {
	if slices.ContainsFunc(s.principals(in), isAccount) {
		return append(slices.Clone(consumerQueries), estate.QueryInvitations)
	}
	return consumerQueries
}

func (s *shareIn) vpcAddress(id string) string { return s.address + "/vpcs/" + id }

// associate wants the association of a consumer VPC. One that has another
// Profile keeps it, since a VPC has one at most (R2.3).
func (s *shareIn) associate(v estate.VPC, profile plan.Value, carried []plan.Dependency) {
	address := s.vpcAddress(v.ID)
	id, known := profile.Literal()
	if own, ok := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindProfile, s.address+"/profile", s.hub.ID, s.region); ok && !known {
		id, known = own.ID, true
	}
	for a := range s.Estate.ProfileAssociations.By(estate.ByVPC(v.ID)) {
		if known && a.Profile == id || a.Status == estate.StatusDeleting {
			continue
		}
		if s.ours(a) {
			s.otherOfOurs(v, a)
			continue
		}
		s.otherProfile(v, a)
		return
	}
	after := append(s.reached(v.Account), carried...)
	s.want(address, v.Account, object(plan.KindProfileAssociation, map[string][]plan.Value{"profile": {profile}, "vpc": lits(v.ID)}),
		plan.Wanted{Pos: s.At("consumers"), Settle: true, After: after, Reason: fmt.Sprintf("%s of account %s is to resolve the names of %s", v.ID, v.Account, s.Name)})
	s.before(v, address)
}

// ours reports whether an association is one that this configuration wants
// elsewhere no longer.
func (s *shareIn) ours(a estate.ProfileAssociation) bool {
	for _, other := range s.Config.EndpointShares {
		if other.Name != s.Name && a.Name == plan.MarkName(s.Config.Owner, ShareAddress(other.Name, s.region)+"/vpcs/"+a.VPC) {
			return false
		}
	}
	return plan.Standing{Kind: plan.KindProfileAssociation, Name: a.Name}.OwnedBy(s.Config.Owner)
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

// otherProfile deals with a VPC that has another Profile: a conflict, or the
// resources are added to that one.
func (s *shareIn) otherProfile(v estate.VPC, a estate.ProfileAssociation) {
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
		s.into = map[string]bool{}
	}
	if s.into[other.ID] {
		return
	}
	s.into[other.ID] = true
	chosen := map[string]bool{}
	for _, c := range s.consumers {
		chosen[c.ID] = true
	}
	var strangers []string
	for on := range s.Estate.ProfileAssociations.By(estate.ByProfile(other.ID)) {
		if !chosen[on.VPC] && on.VPC != s.vpc.ID {
			strangers = append(strangers, fmt.Sprintf("%s (account %s)", on.VPC, on.Account))
		}
	}
	slices.Sort(strangers)
	detail := "the Profile's owner does not see the VPCs of accounts that are not read here: their number is unknown"
	severity := diag.Note
	if len(strangers) > 0 {
		detail = "not selected, and their answers change: " + strings.Join(strangers, ", ") + "; " + detail
		if !s.AcceptOthers {
			severity = diag.Error
		}
	}
	s.problem(s.At("intoExistingProfile"), severity, "others-change", fmt.Sprintf("what is added to the Profile %s (%s) changes the answers of every VPC that has it", other.Name, other.ID),
		detail, "look at the answers in the plan; if it is what you want, repeat with --accept-others")
	for _, svc := range s.services {
		if svc.byZone || len(svc.names) == 0 {
			continue
		}
		s.want(s.address+"/into/"+other.ID+"/"+svc.label, s.hub.ID, object(plan.KindProfileResource, map[string][]plan.Value{
			"profile": lits(other.ID), "resource": {svc.endpoint.arn}, "priority": {},
		}), plan.Wanted{Pos: s.At("intoExistingProfile"), Settle: true, Reason: "the Profile that VPCs have already carries it"})
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
