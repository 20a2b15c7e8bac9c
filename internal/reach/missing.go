package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/estate"
)

// Link is two VPCs that a Transit Gateway should connect.
type Link struct {
	Consumer, Hub string // VPCs
	Gateway       string
	// Subnets of the hub that hold what is reached, such as an endpoint's;
	// without them all of the hub's.
	Subnets []string
}

// Wants is what a link lacks, in the order in which it can be made. Breaks are
// what stands against it and is not for a program to decide, or was not read.
type Wants struct {
	Attach    []Attach    `json:"attach,omitempty"`
	Accept    []Accept    `json:"accept,omitempty"`
	Associate []TableLink `json:"associate,omitempty"`
	Propagate []TableLink `json:"propagate,omitempty"`
	Routes    []VPCRoute  `json:"routes,omitempty"`
	Breaks    []Break     `json:"breaks,omitempty"`
}

// None reports whether nothing is lacking and nothing stands against the link.
func (w Wants) None() bool {
	return len(w.Attach)+len(w.Accept)+len(w.Associate)+len(w.Propagate)+len(w.Routes)+len(w.Breaks) == 0
}

// Attach is an attachment to be made, or with Attachment the subnets to be
// added to one. Account is the VPC's.
type Attach struct {
	Attachment string           `json:"attachment,omitempty"`
	Gateway    string           `json:"gateway"`
	VPC        string           `json:"vpc"`
	Account    estate.AccountID `json:"account"`
	Region     estate.Region    `json:"region"`
	Subnets    []string         `json:"subnets"`
}

// Accept is an attachment to be accepted by the gateway's owner, Account.
type Accept struct {
	Attachment string           `json:"attachment,omitempty"` // none of one that is yet to be made
	Gateway    string           `json:"gateway"`
	VPC        string           `json:"vpc"`
	Account    estate.AccountID `json:"account"`
	Region     estate.Region    `json:"region"`
}

// TableLink is the attachment of a VPC that a route table of the gateway should
// serve, or learn from. Account is the gateway's owner.
type TableLink struct {
	Attachment string           `json:"attachment,omitempty"` // none of one that is yet to be made
	VPC        string           `json:"vpc"`
	Table      string           `json:"table"`
	Account    estate.AccountID `json:"account"`
	Region     estate.Region    `json:"region"`
}

// VPCRoute is a route to the gateway that a VPC's route table should have.
type VPCRoute struct {
	VPC      string           `json:"vpc"`
	Table    string           `json:"table"`
	Account  estate.AccountID `json:"account"`
	Region   estate.Region    `json:"region"`
	To       netip.Prefix     `json:"to"`
	Gateway  string           `json:"gateway"`
	Replaces string           `json:"replaces,omitempty"` // the target of a blackhole with that range
}

// Missing lists what two VPCs lack to reach each other over a Transit Gateway;
// security groups and network ACLs are not part of it. Routes are wanted in the
// tables of the consumer's subnets that are not isolated, and of the link's
// subnets. A new attachment has one subnet in each Availability Zone that the
// VPC has subnets in, the smallest, since subnets made for it are small.
func Missing(e estate.Estate, l Link) Wants {
	m := missing{network: network{e}, Link: l}
	g, ok := e.TransitGateways.Get(l.Gateway)
	a, okA := e.VPCs.Get(l.Consumer)
	b, okB := e.VPCs.Get(l.Hub)
	switch {
	case !ok:
		m.stop(Break{Code: NotJudged, Resource: l.Gateway, Text: "Transit Gateway " + l.Gateway + " is not known", Hint: "read transitGateways in the account that owns it"})
	case !okA || !okB:
		m.stop(Break{Code: NotJudged, Resource: l.Consumer, Text: fmt.Sprintf("VPC %s or %s is not known", l.Consumer, l.Hub), Hint: "read the accounts that own them"})
	case a.Region != g.Region || b.Region != g.Region:
		m.stop(Break{
			Code: NotJudged, Resource: l.Gateway, Account: g.Account, Region: g.Region,
			Text: fmt.Sprintf("%s is in %s, VPC %s in %s and VPC %s in %s: a gateway connects VPCs of its own Region", g.ID, g.Region, a.ID, a.Region, b.ID, b.Region),
			Hint: "use a gateway and an endpoint in the VPC's Region, or a peering",
		})
	default:
		m.gateway = g
		m.find(a, b)
	}
	return m.Wants
}

type missing struct {
	network
	Link
	Wants
	gateway estate.TransitGateway
}

func (m *missing) stop(b Break) { m.Breaks = append(m.Breaks, b) }

// side is one VPC of the link.
type side struct {
	vpc    estate.VPC
	ranges []netip.Prefix // to which the other side needs routes
	tables []estate.RouteTable
	at     estate.TransitAttachment
	fresh  bool   // the attachment is yet to be made or accepted
	table  string // of the gateway, that it is or will be associated with
}

func (m *missing) find(a, b estate.VPC) {
	for _, x := range a.CIDRs {
		for _, y := range b.CIDRs {
			if x.Overlaps(y) {
				m.stop(Break{
					Code: Overlap, Resource: a.ID, Account: a.Account, Region: a.Region,
					Text: fmt.Sprintf("VPC %s (%s) and VPC %s (%s) overlap: %s and %s", a.ID, a.Account, b.ID, b.Account, x, y),
					Hint: fmt.Sprintf("give VPC %s an endpoint of its own, or a range that VPC %s does not have", a.ID, b.ID),
				})
			}
		}
	}
	if len(m.Breaks) > 0 {
		return // nothing that could be made would help
	}
	from, ok := m.side(a, nil, b)
	to, ok2 := m.side(b, m.Subnets, a)
	if !ok || !ok2 {
		return
	}
	m.attach(&from)
	m.attach(&to)
	if len(m.Breaks) > 0 {
		return
	}
	m.associate(&from, to.at.Table)
	m.associate(&to, from.table)
	m.propagate(from, to.table)
	m.propagate(to, from.table)
	m.routes(from, to)
	m.routes(to, from)
}

// side finds the ranges and route tables of a VPC, of some subnets where they
// are given, in the families that the other VPC has.
func (m *missing) side(v estate.VPC, only []string, other estate.VPC) (side, bool) {
	s := side{vpc: v}
	places, _, b := m.starts(v, nil)
	if b != nil {
		m.stop(*b)
		return s, false
	}
	if len(only) > 0 {
		places = nil
		for _, id := range only {
			sub, ok := m.e.Subnets.Get(id)
			if !ok {
				m.stop(*m.unread(estate.QuerySubnets, v, id, "subnet "+id+" is not known"))
				return s, false
			}
			places = append(places, place{v, sub, sub.CIDR})
		}
	}
	for _, c := range v.CIDRs {
		used := len(only) == 0 || c.Addr().Is6() || slices.ContainsFunc(places, func(p place) bool { return inside(p.at, c) })
		family := slices.ContainsFunc(other.CIDRs, func(o netip.Prefix) bool { return o.Addr().Is4() == c.Addr().Is4() })
		if used && family {
			s.ranges = append(s.ranges, c)
		}
	}
	for _, p := range places {
		t, b := m.network.table(v, p.subnet.ID)
		if b != nil {
			m.stop(*b)
			return s, false
		}
		if !slices.ContainsFunc(s.tables, func(o estate.RouteTable) bool { return o.ID == t.ID }) {
			s.tables = append(s.tables, t)
		}
	}
	slices.SortFunc(s.tables, func(a, b estate.RouteTable) int { return cmp.Compare(a.ID, b.ID) })
	return s, true
}

// attach finds the attachment, or wants one, or more zones of it.
func (m *missing) attach(s *side) {
	at, ok := m.attachment(s.vpc.ID, m.gateway.ID)
	if !ok && !m.attachmentKnown(s.vpc, m.gateway.ID) {
		m.stop(*m.network.unread(estate.QueryTransitAttachments, s.vpc, s.vpc.ID, "whether VPC "+s.vpc.ID+" is attached to "+m.gateway.ID+" is not known"))
		return
	}
	want := Attach{Gateway: m.gateway.ID, VPC: s.vpc.ID, Account: s.vpc.Account, Region: s.vpc.Region}
	accept := Accept{Gateway: m.gateway.ID, VPC: s.vpc.ID, Account: m.gateway.Account, Region: m.gateway.Region}
	if ok && !slices.Contains([]string{estate.AttachmentDeleted, estate.AttachmentRejected, "failed"}, at.State) {
		s.at = at
		switch {
		case at.State == estate.AttachmentPendingAcceptance:
			s.fresh, accept.Attachment = true, at.ID
			m.Accept = append(m.Accept, accept)
		case !usable(at):
			m.stop(*attachmentBreak(s.vpc, m.gateway.ID, at, true))
			return
		}
		if len(at.Subnets) > 0 { // else seen by the gateway's owner alone
			if want.Subnets = m.oneEach(s.vpc.ID, at.Subnets); len(want.Subnets) > 0 {
				want.Attachment = at.ID
				m.Attach = append(m.Attach, want)
			}
		}
		return
	}
	s.fresh = true
	want.Subnets = m.oneEach(s.vpc.ID, nil)
	if len(want.Subnets) == 0 {
		m.stop(Break{
			Code: NoAttachment, Resource: s.vpc.ID, Account: s.vpc.Account, Region: s.vpc.Region,
			Text: "VPC " + s.vpc.ID + " has no subnet to attach to " + m.gateway.ID, Hint: "make a subnet in VPC " + s.vpc.ID,
		})
		return
	}
	m.Attach = append(m.Attach, want)
	if m.gateway.Account != s.vpc.Account && !m.gateway.AutoAccept {
		m.Accept = append(m.Accept, accept)
	}
}

// oneEach is one subnet of each Availability Zone in which none of those that
// are there is: the smallest, then the first by ID. In order of zone.
func (m *missing) oneEach(vpc string, there []string) []string {
	best := map[string]estate.Subnet{}
	done := map[string]bool{}
	for _, s := range m.subnets(vpc) {
		if slices.Contains(there, s.ID) {
			done[s.Zone] = true
		}
		// Subnets come by ID, and of IPv6 alone none can be attached.
		if b, ok := best[s.Zone]; s.CIDR.IsValid() && (!ok || s.CIDR.Bits() > b.CIDR.Bits()) {
			best[s.Zone] = s
		}
	}
	var zones, out []string
	for z := range best {
		if !done[z] {
			zones = append(zones, z)
		}
	}
	slices.Sort(zones)
	for _, z := range zones {
		out = append(out, best[z].ID)
	}
	return out
}

// associate finds the gateway's route table of an attachment, or wants one: the
// gateway's default, which a new attachment gets by itself, else the one of
// the other side, else the only one that there is.
func (m *missing) associate(s *side, other string) {
	if s.at.Table != "" {
		s.table = s.at.Table
		return
	}
	if s.at.ID != "" && !s.fresh && !m.known(estate.QueryTransitAttachments, m.gateway.Account, m.gateway.Region) {
		q := estate.Query{Kind: estate.QueryTransitAttachments, Account: m.gateway.Account, Region: m.gateway.Region}
		m.stop(*unread(m.e, q, s.at.ID, "the route table of "+s.at.ID+" is not known"))
		return
	}
	s.table = m.gateway.AssociationTable
	if s.fresh && s.table != "" {
		return
	}
	tables := slices.Collect(m.e.TransitTables.By(estate.ByGateway(m.gateway.ID)))
	s.table = cmp.Or(s.table, other)
	if s.table == "" && len(tables) == 1 {
		s.table = tables[0].ID
	}
	if s.table == "" {
		m.stop(Break{
			Code: NotAssociated, Resource: m.gateway.ID, Account: m.gateway.Account, Region: m.gateway.Region,
			Text: fmt.Sprintf("which of the %d route tables of %s VPC %s should use is not known", len(tables), m.gateway.ID, s.vpc.ID),
			Hint: fmt.Sprintf("associate the attachment of VPC %s with a route table of %s", s.vpc.ID, m.gateway.ID),
		})
		return
	}
	m.Associate = append(m.Associate, m.link(*s, s.table))
}

func (m *missing) link(s side, table string) TableLink {
	return TableLink{s.at.ID, s.vpc.ID, table, m.gateway.Account, m.gateway.Region}
}

// propagate makes a table of the gateway learn the ranges of a side.
func (m *missing) propagate(s side, table string) {
	if table == "" {
		return // said already
	}
	t, ok := m.e.TransitTables.Get(table)
	if !ok {
		q := estate.Query{Kind: estate.QueryTransitTables, Account: m.gateway.Account, Region: m.gateway.Region}
		m.stop(*unread(m.e, q, table, "the routes of "+table+" are not known"))
		return
	}
	lacks := false
	for _, p := range s.ranges {
		routes, all := governing(transitWays(t), p)
		for _, r := range routes {
			// What is propagated loses to a static route of the range or
			// within it, and what leads through another attachment may do so
			// for a reason.
			if astray := r.target != s.at.ID || s.at.ID == ""; astray && (!r.blackhole || inside(r.to, p) && !r.propagated) {
				m.stop(m.astray(t, r, s))
				return
			}
			lacks = lacks || r.blackhole
		}
		lacks = lacks || !all
	}
	learns := s.at.ID != "" && slices.Contains(t.Propagating, s.at.ID) || s.fresh && m.gateway.PropagationTable == table
	if lacks && !learns {
		m.Propagate = append(m.Propagate, m.link(s, table))
	}
}

func (m *missing) astray(t estate.TransitTable, r way, s side) Break {
	b := Break{Code: TransitElsewhere, Resource: t.ID, Account: t.Account, Region: t.Region}
	where := "to " + r.target
	if r.blackhole {
		b.Code, where = TransitBlackhole, "nowhere"
	}
	b.Text = fmt.Sprintf("route table %s of %s leads %s %s, and not to VPC %s", t.ID, t.Gateway, r.to, where, s.vpc.ID)
	b.Hint = fmt.Sprintf("delete the route for %s in %s, or leave VPC %s out", r.to, t.ID, s.vpc.ID)
	return b
}

// routes wants those from one VPC to the other's ranges.
func (m *missing) routes(from, to side) {
	for _, t := range from.tables {
		for _, p := range to.ranges {
			if !slices.ContainsFunc(from.ranges, func(o netip.Prefix) bool { return o.Addr().Is4() == p.Addr().Is4() }) {
				continue
			}
			routes, all := governing(ways(from.vpc, t), p)
			want := VPCRoute{VPC: from.vpc.ID, Table: t.ID, Account: t.Account, Region: t.Region, To: p, Gateway: m.gateway.ID}
			lacks, stop := !all, false
			for _, r := range routes {
				switch {
				case r.target == m.gateway.ID && !r.blackhole:
				case r.to == p && r.blackhole:
					lacks, want.Replaces = true, r.target
				case inside(r.to, p):
					stop = true
					m.stop(Break{
						Code: RouteElsewhere, Resource: t.ID, Account: t.Account, Region: t.Region,
						Text: fmt.Sprintf("route table %s of VPC %s leads %s to %s, and not to %s", t.ID, from.vpc.ID, r.to, r.target, m.gateway.ID),
						Hint: fmt.Sprintf("in %s let %s go to %s", t.ID, r.to, m.gateway.ID),
					})
				default:
					lacks = true
				}
			}
			if lacks && !stop {
				m.Routes = append(m.Routes, want)
			}
		}
	}
}
