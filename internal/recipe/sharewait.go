package recipe

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Services that wait for somebody outside: a record that proves a name, or an
// endpoint that the owner of a service accepts. They are held, and what stands of
// them stays.

// forOwner reports whether an endpoint waits, or will once it is made, until the
// owner of a service of somebody else accepts it.
func forOwner(one *sharedService, have estate.Endpoint) bool {
	return one.own == nil && one.acceptance && (have.ID == "" || have.State == estate.EndpointPendingAcceptance)
}

// hold finds the services whose endpoints wait for their owners, and tells of
// each.
func (s *shareIn) hold() {
	for _, one := range s.services {
		if s.Via != config.ViaOwn {
			s.holdFor(one, s.endpointAddress(one.label), s.vpc, one.standing)
			continue
		}
		for _, v := range s.consumers {
			s.holdFor(one, s.ownEndpoint(one, v), v, s.standingOwn(one, v))
		}
	}
}

func (s *shareIn) holdFor(one *sharedService, address string, v estate.VPC, have estate.Endpoint) {
	name, _ := one.service.Literal()
	owner := cmp.Or(one.owner, "(unknown)")
	if one.own == nil && have.State == estate.EndpointRejected {
		s.problem(one.pos, diag.Error, "rejected", fmt.Sprintf("account %s rejected endpoint %s (account %s in %s) to its service %s", owner, have.ID, have.Account, have.Region, name), "",
			"ask the owner of the service; then delete the endpoint and run again, or take the service out")
	}
	if !forOwner(one, have) {
		return
	}
	one.held = true
	which := "the endpoint to be made"
	if have.ID != "" {
		which = "endpoint " + have.ID
	}
	s.out.Waiting = append(s.out.Waiting, plan.Waiting{Address: address + "/accepted",
		For: fmt.Sprintf("account %s, which owns the service %s, to accept %s in VPC %s of account %s in %s", owner, name, which, v.ID, v.Account, s.region)})
}

// ownEndpoint is the address of a consumer VPC's own endpoint, standingOwn the
// endpoint, if it stands.
func (s *shareIn) ownEndpoint(one *sharedService, v estate.VPC) string {
	return s.address + "/own/" + v.ID + "/" + one.label
}

func (s *shareIn) standingOwn(one *sharedService, v estate.VPC) estate.Endpoint {
	have, _ := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindEndpoint, s.ownEndpoint(one, v), v.Account, s.region)
	p, _ := s.Estate.Endpoints.Get(have.ID)
	return p
}

// endpointWaits wants an endpoint that waits to be accepted, without its names:
// AWS refuses these until then. Nothing in this run can bring it into effect.
func (s *shareIn) endpointWaits(one *sharedService, address string, v estate.VPC, group plan.Value, have estate.Endpoint) {
	before := len(s.out.Wanted)
	s.endpointOf(one, address, v, group, have.Subnets, false)
	for i := range s.out.Wanted[before:] {
		w := &s.out.Wanted[before+i]
		w.Settle, w.Outside = false, true
	}
}

// elsewhere reports whether endpoints of a service stand where another mechanism
// has them: those of the consumers' own, or with ViaOwn the hub's.
func (s *shareIn) elsewhere(one *sharedService) bool {
	if s.Via == config.ViaOwn {
		return one.stands && one.standing.State == estate.EndpointAvailable
	}
	for o := range plan.Objects(s.Estate, plan.KindEndpoint) {
		address := o.Tags[plan.TagAddress]
		if o.OwnedBy(s.Config.Owner) && o.Region == s.region && !o.Going && strings.HasPrefix(address, s.address+"/own/") && strings.HasSuffix(address, "/"+one.label) {
			return true
		}
	}
	return false
}

// stuck reports whether the share cannot go over to another mechanism, since
// endpoints that it needs are held.
func (s *shareIn) stuck() bool {
	for _, one := range s.services {
		if one.held && (s.Via == config.ViaOwn || !one.stands || one.standing.State == estate.EndpointPendingAcceptance) && s.elsewhere(one) {
			s.problem(one.pos, diag.Warning, "held", fmt.Sprintf("the share %s in %s stays as it is until %s can be used", s.Name, s.region, one.label),
				"`via: "+s.Via+"` needs another endpoint of it, which has no private names until the name is verified (PrivateLink guide, manage-dns-names.html) and the endpoint accepted", "see what the plan waits for")
			return true
		}
	}
	return false
}
