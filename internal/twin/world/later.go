package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
)

// Later is a status that a row of the estate comes to: AWS answers first and
// works afterwards.
type Later struct {
	Kind LaterKind
	ID   string
	From string // the status that ends; one that ended otherwise stays
	To   string // empty: the row goes
}

// LaterKind is a table of the estate.
type LaterKind string

// The tables whose rows have a status that changes on the clock.
const (
	LaterResolverEndpoint   LaterKind = "ResolverEndpoint"
	LaterResolverRule       LaterKind = "ResolverRule"
	LaterRuleAssociation    LaterKind = "RuleAssociation"
	LaterProfile            LaterKind = "Profile"
	LaterProfileResource    LaterKind = "ProfileResource"
	LaterProfileAssociation LaterKind = "ProfileAssociation"
	LaterEndpoint           LaterKind = "Endpoint"
	LaterFunction           LaterKind = "Function"
	LaterLatticeService     LaterKind = "LatticeService"
	LaterLatticeAssociation LaterKind = "LatticeAssociation"
	LaterLatticeGateway     LaterKind = "LatticeGateway"
	LaterLatticeResource    LaterKind = "LatticeResource"
)

// agenda holds the statuses that are to come.
var agenda = Agenda[Later]{Name: "world.agenda"}

// Later changes a status at a time, without anybody asking.
func (s *State) Later(at time.Time, l Later) {
	agenda.Put(s, at, fmt.Sprintf("%s %s %s", l.Kind, l.ID, l.From), l)
}

// due reports whether a status changes by a time.
func (s *State) due(now time.Time) bool {
	at, ok := agenda.Next(s)
	return ok && !at.After(now)
}

// settle changes the statuses that have come due, in order.
func (s *State) settle(now time.Time) {
	for {
		_, l, ok := agenda.Take(s, now)
		if !ok {
			return
		}
		s.become(l)
	}
}

// arrive brings what a loaded estate shows on its way to where it goes: nobody
// knows since when it was.
func (s *State) arrive() {
	e := &s.Estate
	arrive(s, e.ResolverEndpoints, LaterResolverEndpoint, estate.StatusOperational, func(v estate.ResolverEndpoint) string { return v.Status })
	arrive(s, e.ResolverRules, LaterResolverRule, estate.StatusComplete, func(v estate.ResolverRule) string { return v.Status })
	arrive(s, e.RuleAssociations, LaterRuleAssociation, estate.StatusComplete, func(v estate.RuleAssociation) string { return v.Status })
	arrive(s, e.Profiles, LaterProfile, estate.StatusComplete, func(v estate.Profile) string { return v.Status })
	arrive(s, e.ProfileResources, LaterProfileResource, estate.StatusComplete, func(v estate.ProfileResource) string { return v.Status })
	arrive(s, e.ProfileAssociations, LaterProfileAssociation, estate.StatusComplete, func(v estate.ProfileAssociation) string { return v.Status })
	arrive(s, e.Functions, LaterFunction, estate.FunctionActive, func(v estate.Function) string { return v.Status })
	arrive(s, e.Endpoints, LaterEndpoint, estate.EndpointAvailable, func(v estate.Endpoint) string { return v.State })
	arrive(s, e.LatticeServices, LaterLatticeService, estate.LatticeActive, func(v estate.LatticeService) string { return v.Status })
	arrive(s, e.LatticeGateways, LaterLatticeGateway, estate.LatticeActive, func(v estate.LatticeGateway) string { return v.Status })
	arrive(s, e.LatticeResources, LaterLatticeResource, estate.LatticeActive, func(v estate.LatticeResource) string { return v.Status })
	arrive(s, e.LatticeAssociations, LaterLatticeAssociation, estate.LatticeActive, func(v estate.LatticeAssociation) string { return v.Status })
	if e.Closed() { // of another world nobody knows the addresses
		for v := range e.LatticeServices.All() {
			s.NameLattice(v.ARN)
		}
		for a := range e.LatticeAssociations.All() {
			s.NameResources(a)
		}
	}
	for v := range e.TransitAttachments.All() {
		switch v.State {
		case estate.AttachmentPending:
			s.attached(v)
		case estate.AttachmentDeleting:
			e.TransitAttachments.Delete(v.ID)
		}
	}
	for v := range e.Shares.All() {
		v.Resources, v.Principals = slices.Clone(v.Resources), slices.Clone(v.Principals)
		for i := range v.Resources {
			associated(&v.Resources[i])
		}
		for i, p := range v.Principals {
			if !invited(e, v, p) {
				associated(&v.Principals[i])
			}
		}
		e.Shares.Put(v)
	}
}

// attached puts an attachment that was on its way into the default tables of its
// gateway, whose routes tell where it leads.
func (s *State) attached(a estate.TransitAttachment) {
	e := &s.Estate
	g, _ := e.TransitGateways.Get(a.Gateway)
	a.State, a.Table = estate.AttachmentAvailable, cmp.Or(a.Table, g.AssociationTable)
	e.TransitAttachments.Put(a)
	t, ok := e.TransitTables.Get(g.PropagationTable)
	if !ok || slices.Contains(t.Propagating, a.ID) {
		return
	}
	t.Propagating, t.Routes = append(slices.Clone(t.Propagating), a.ID), slices.Clone(t.Routes)
	v, _ := e.VPCs.Get(a.VPC)
	for _, p := range v.CIDRs {
		if !slices.ContainsFunc(t.Routes, func(r estate.TransitRoute) bool { return r.To == p }) {
			t.Routes = append(t.Routes, estate.TransitRoute{To: p, Attachment: a.ID, Propagated: true, State: estate.RouteActive})
		}
	}
	e.TransitTables.Put(t)
}

func associated(m *estate.ShareMember) {
	if m.Status == estate.ShareAssociating {
		m.Status = estate.ShareAssociated
	}
}

// invited reports whether a principal that is not in a share yet has an
// invitation to answer, or may have: it is an account, and none of the
// organization of which it is known that none waits there.
func invited(e *estate.Estate, s estate.Share, p estate.ShareMember) bool {
	if strings.HasPrefix(p.ID, "arn:") {
		return false
	}
	for i := range e.Invitations.By(estate.ByMember(s.ARN)) {
		if string(i.Receiver) == p.ID && i.Status == "PENDING" {
			return true
		}
	}
	return p.External || !e.Answered(estate.Query{Kind: estate.QueryInvitations, Account: estate.AccountID(p.ID), Region: s.Region})
}

func arrive[V estate.Row](s *State, t estate.Table[V], kind LaterKind, done string, status func(V) string) {
	for v := range t.All() {
		switch from := status(v); from {
		case estate.StatusCreating, estate.StatusUpdating, estate.EndpointPending, estate.FunctionPending, estate.LatticeCreating, estate.LatticeUpdating:
			s.become(Later{kind, v.Key(), from, done})
		case estate.StatusDeleting, estate.EndpointDeleting, estate.FunctionReleasing, estate.LatticeDeleting:
			s.become(Later{kind, v.Key(), from, ""})
		}
	}
}

// become changes one status.
func (s *State) become(l Later) {
	e := &s.Estate
	switch l.Kind {
	case LaterResolverEndpoint:
		change(&e.ResolverEndpoints, l, func(v *estate.ResolverEndpoint) *string { return &v.Status })
	case LaterResolverRule:
		change(&e.ResolverRules, l, func(v *estate.ResolverRule) *string { return &v.Status })
	case LaterRuleAssociation:
		change(&e.RuleAssociations, l, func(v *estate.RuleAssociation) *string { return &v.Status })
	case LaterProfile:
		change(&e.Profiles, l, func(v *estate.Profile) *string { return &v.Status })
	case LaterProfileResource:
		change(&e.ProfileResources, l, func(v *estate.ProfileResource) *string { return &v.Status })
	case LaterProfileAssociation:
		change(&e.ProfileAssociations, l, func(v *estate.ProfileAssociation) *string { return &v.Status })
	case LaterFunction:
		f, _ := e.Functions.Get(l.ID)
		if _, stands := e.Roles.Get(f.Role); l.From == estate.FunctionReleasing && f.Role != "" && !stands {
			return // Lambda takes network interfaces away as the function's role
		}
		change(&e.Functions, l, func(v *estate.Function) *string { return &v.Status })
	case LaterLatticeService:
		v, _ := e.LatticeServices.Get(l.ID)
		change(&e.LatticeServices, l, func(v *estate.LatticeService) *string { return &v.Status })
		s.unnameLattice(v)
	case LaterLatticeAssociation:
		a, _ := e.LatticeAssociations.Get(l.ID)
		change(&e.LatticeAssociations, l, func(v *estate.LatticeAssociation) *string { return &v.Status })
		if _, stands := e.LatticeAssociations.Get(l.ID); !stands {
			s.unnameResources(a)
		}
	case LaterLatticeGateway:
		change(&e.LatticeGateways, l, func(v *estate.LatticeGateway) *string { return &v.Status })
	case LaterLatticeResource:
		change(&e.LatticeResources, l, func(v *estate.LatticeResource) *string { return &v.Status })
	case LaterEndpoint:
		p, _ := e.Endpoints.Get(l.ID)
		change(&e.Endpoints, l, func(v *estate.Endpoint) *string { return &v.State })
		s.Connect(p)
	}
}

func change[V estate.Row](t *estate.Table[V], l Later, status func(*V) *string) {
	v, ok := t.Get(l.ID)
	if !ok || *status(&v) != l.From {
		return
	}
	if l.To == "" {
		t.Delete(l.ID)
		return
	}
	*status(&v) = l.To
	t.Put(v)
}
