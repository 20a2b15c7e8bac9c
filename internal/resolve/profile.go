package resolve

import (
	"github.com/orgdns/orgdns/internal/estate"
)

// inEffect reports whether something associated counts: only once it is
// complete (R2.4). Snapshots of before statuses were read have none.
func inEffect(status string) bool { return status == "" || status == estate.StatusComplete }

// lent reports whether what an owner shares may be used by an account. In an
// estate that was read in part, shares that were not read take nothing away: AWS
// ends an association with the share, so one that stands proves it.
func (r *Resolver) lent(arn string, owner estate.AccountID, region estate.Region, to estate.AccountID) bool {
	return r.e.Lends(arn, owner, to) ||
		!r.closed && !r.e.Answered(estate.Query{Kind: estate.QueryShares, Account: owner, Region: region})
}

// profileOf finds the Profile in effect in a VPC, which has one at most (R2.3).
// When its owner shares it no longer, withheld is its ID (R2.9).
func (r *Resolver) profileOf(vpc estate.VPC) (p estate.Profile, withheld string, ok bool) {
	for a := range r.e.ProfileAssociations.By(estate.ByVPC(vpc.ID)) {
		if !inEffect(a.Status) {
			continue
		}
		p, held := r.e.Profiles.Get(a.Profile)
		switch {
		case !held && r.closed:
			continue
		case !held: // not read
			p.ID = a.Profile
		case !r.lent(p.ARN, p.Account, p.Region, vpc.Account):
			withheld = p.ID
			continue
		}
		return p, "", true
	}
	return estate.Profile{}, withheld, false
}

// profile is the Profile of the VPC that the query is evaluated in.
func (q *query) profile() (estate.Profile, bool) {
	if !q.profileKnown {
		var withheld string
		q.profileRow, withheld, q.profiled = q.r.profileOf(q.vpc)
		q.profileKnown = true
		if withheld != "" {
			q.step("R2.9", "", "Profile %s is not shared with account %s any more", withheld, q.vpc.Account)
		}
	}
	return q.profileRow, q.profiled
}

// carries reports whether a Profile carries a resource.
func (r *Resolver) carries(profile, arn string) bool {
	for res := range r.e.ProfileResources.By(estate.ByMember(arn)) {
		if res.Profile == profile && inEffect(res.Status) {
			return true
		}
	}
	return false
}

// carried walks the IDs of a Profile's resources of one kind.
func (r *Resolver) carried(profile, kind string) []estate.ProfileResource {
	var out []estate.ProfileResource
	for res := range r.e.ProfileResources.By(estate.ByProfileType(profile, kind)) {
		if inEffect(res.Status) {
			out = append(out, res)
		}
	}
	return out
}

// ruleOrigin tells whether a Resolver rule is in effect in the VPC, and from
// where.
func (q *query) ruleOrigin(rule estate.ResolverRule) (origin, bool) {
	for a := range q.r.e.RuleAssociations.By(estate.ByRuleVPC(rule.ID, q.vpc.ID)) {
		if !inEffect(a.Status) {
			continue
		}
		if q.r.lent(rule.ARN(), rule.Account, rule.Region, q.vpc.Account) {
			return ofVPC, true
		}
		q.step("R4.9", "", "rule %s is not shared with account %s any more", rule.ID, q.vpc.Account)
	}
	if p, ok := q.profile(); ok && (rule.Type != estate.RuleDelegate || q.r.p.ProfileDelegates) && q.r.carries(p.ID, rule.ARN()) {
		return ofProfile, true
	}
	return 0, false
}

// zoneOrigin tells whether a private zone is in effect in the VPC, and from
// where.
func (q *query) zoneOrigin(z estate.Zone) (origin, bool) {
	if associated(z, q.vpc.ID) {
		return ofVPC, true
	}
	if p, ok := q.profile(); ok && q.r.carries(p.ID, z.ARN()) {
		return ofProfile, true
	}
	return ofVPC, q.r.vpcsUnread(z)
}

// reverseOff reports whether the autodefined reverse rules are off in the VPC:
// its Profile says so, or leaves it to the VPC (R1.21, R2.2).
func (q *query) reverseOff() bool {
	if p, ok := q.profile(); ok && p.Reverse != "" && p.Reverse != reverseLocal {
		return p.Reverse == reverseDisable
	}
	config, ok := q.r.e.ResolverConfigs.Get(q.vpc.ID)
	return ok && config.ReverseDisabled
}

// Values of a Profile's setting for reverse rules (API_route53resolver_UpdateResolverConfig,
// AutodefinedReverseFlag); ENABLE is the third.
const (
	reverseDisable = "DISABLE"
	reverseLocal   = "USE_LOCAL_RESOURCE_SETTING"
)
