package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// A Profile that stands, and that several shares name.

// inProfile is the address below which stands what shares have in common of a
// Profile that they are given: it stays as long as one of them wants it.
func inProfile(r estate.Region, id string) string { return "profiles/" + string(r) + "/" + id + "/" }

// associationAddress is where the association of a VPC with the Profile stands.
func (s *share) associationAddress(r estate.Region, vpc string) string {
	if p, ok := s.given(r); ok {
		return inProfile(r, p.ID) + "vpcs/" + vpc
	}
	return ShareAddress(s.Name, r) + "/vpcs/" + vpc
}

// ours reports whether an association is one that this configuration wants
// elsewhere no longer.
func (s *shareIn) ours(a estate.ProfileAssociation) bool {
	for _, other := range s.Config.EndpointShares {
		hub, problems := s.Config.FindAccount(other.Account, s.Estate)
		if other.Name != s.Name && len(problems) == 0 && a.Name == plan.MarkName(s.Config.Owner, newShare(s.Input, other, hub, s.out).associationAddress(s.region, a.VPC)) {
			return false
		}
	}
	return plan.Standing{Kind: plan.KindProfileAssociation, Name: a.Name}.OwnedBy(s.Config.Owner)
}

// oneProfile refuses what shares want of a VPC together: it has one Profile at most
// (R2.3).
func (r *endpointShares) oneProfile() {
	type pair struct{ one, other string }
	first, both := map[string]plan.Wanted{}, map[pair][]plan.Wanted{}
	var order []pair
	for _, w := range r.out.Wanted {
		if w.Item.Kind() != plan.KindProfileAssociation {
			continue
		}
		vpc := associatedVPC(w)
		one, twice := first[vpc]
		if !twice {
			first[vpc] = w
			continue
		}
		at := pair{profileOf(one), profileOf(w)}
		if both[at] == nil {
			order = append(order, at)
		}
		both[at] = append(both[at], w)
	}
	for _, at := range order {
		var vpcs []string
		for _, w := range both[at] {
			vpcs = append(vpcs, fmt.Sprintf("%s (account %s)", associatedVPC(w), w.Account))
		}
		w := both[at][0]
		r.out.Diagnostics.Add(diag.Diagnostic{
			Severity: diag.Error, Code: "two-profiles", Address: w.Address, Region: string(w.Region), Pos: w.Pos,
			Summary: fmt.Sprintf("%d VPC(s) are selected by shares with two Profiles, %s and %s: %s", len(vpcs), at.one, at.other, strings.Join(vpcs, ", ")),
			Detail:  "a VPC has one Profile at most (Developer Guide, profiles.html)",
			Hint:    "give these shares the same `profile`, or leave the VPCs out of one of them",
		})
	}
}

func associatedVPC(w plan.Wanted) string {
	id, _ := w.Item.Object.Fields["vpc"][0].Literal()
	return id
}

// profileOf is the ID of a Profile that stands, or the address of one of a share.
func profileOf(w plan.Wanted) string {
	v := w.Item.Object.Fields["profile"][0]
	if id, ok := v.Literal(); ok {
		return id
	}
	ref, _ := v.Ref()
	return ref.Address
}

// othersLose tells of what is taken out of a Profile of somebody else's while VPCs
// have it that no share selects and that we did not give it: an error, unless that
// is accepted.
func (r *endpointShares) othersLose(all []*shareIn) {
	owner := r.Config.Owner
	kept, chosen := map[string]bool{}, map[string]bool{}
	for _, w := range r.out.Wanted {
		if w.Item.Kind() == plan.KindProfileResource {
			kept[plan.MarkName(owner, w.Address)] = true
		}
	}
	for _, id := range r.out.Frozen {
		kept[id] = true
	}
	for _, s := range all {
		chosen[s.vpc.ID] = true
		for _, v := range s.consumers {
			chosen[v.ID] = true
		}
	}
	for p := range r.Estate.Profiles.All() {
		theirs := p.Tags[plan.TagOwner] != owner
		var taken, strangers []string
		for x := range r.Estate.ProfileResources.By(estate.ByProfile(p.ID)) {
			ours := plan.Standing{Kind: plan.KindProfileResource, Name: x.Name}.OwnedBy(owner)
			if theirs && ours && !kept[x.Name] && !kept[x.ID] && x.Status != estate.StatusDeleting {
				taken = append(taken, x.ARN)
			}
		}
		for on := range r.Estate.ProfileAssociations.By(estate.ByProfile(p.ID)) {
			if !chosen[on.VPC] && on.Status != estate.StatusDeleting && !(plan.Standing{Kind: plan.KindProfileAssociation, Name: on.Name}).OwnedBy(owner) {
				strangers = append(strangers, fmt.Sprintf("%s (account %s)", on.VPC, on.Account))
			}
		}
		if len(taken) == 0 || len(strangers) == 0 {
			continue
		}
		slices.Sort(strangers)
		severity := diag.Error
		if r.AcceptOthers {
			severity = diag.Note
		}
		r.out.Diagnostics.Add(diag.Diagnostic{
			Severity: severity, Code: "others-change", Account: string(p.Account), Region: string(p.Region),
			Summary: fmt.Sprintf("what is taken out of the Profile %s (%s) changes the answers of every VPC that has it: %s", p.Name, p.ID, strings.Join(taken, ", ")),
			Detail:  "not selected, and their answers change: " + strings.Join(strangers, ", "),
			Hint:    "look at the answers in the plan; if it is what you want, repeat with --accept-others",
		})
	}
}
