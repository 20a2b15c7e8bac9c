package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// walk follows one connection, there and back.
type walk struct {
	network
	groups []string // of who connects, where known
	back   bool
	path   []Hop
	doubt  *Break // the first thing on the leg that is not known
}

// hop notes a resource on the way.
func (w *walk) hop(kind, id string, a estate.AccountID, r estate.Region, format string, args ...any) {
	w.path = append(w.path, Hop{kind, id, a, r, w.back, fmt.Sprintf(format, args...)})
}

// hold takes a break: one that is not certain waits for a certain one.
func (w *walk) hold(b *Break) *Break {
	if b == nil {
		return nil
	}
	b.Back = w.back
	if b.outcome() == Unknown {
		if w.doubt == nil {
			w.doubt = b
		}
		return nil
	}
	return b
}

// both is the way there, what stands there, and the way back. What certainly
// stops it counts before what is not known.
func (w *walk) both(from place, t target) *Break {
	to := place{vpc: t.vpc, at: single(t.addr)}
	if t.subnet != "" {
		to.subnet.ID = t.subnet
		if s, ok := w.e.Subnets.Get(t.subnet); ok {
			to.subnet = s
		}
	}
	if b := overlap(from, to); b != nil {
		return b
	}
	if b := w.hold(w.released(from, t)); b != nil {
		return b
	}
	if b := w.leg(from, to, traffic{t.port.Protocol, t.port.Number, t.port.Number}); b != nil {
		return b
	}
	if b := w.hold(w.admitted(from, t)); b != nil {
		return b
	}
	w.back = true
	if b := w.leg(to, from, traffic{t.port.Protocol, 1024, 65535}); b != nil {
		return b
	}
	return w.doubt
}

// overlap: an address that both VPCs could have is taken for the own one, on
// the way there or back, since the local route wins.
func overlap(from, to place) *Break {
	if from.vpc.ID == to.vpc.ID {
		return nil
	}
	for _, pair := range [][2]place{{from, to}, {to, from}} {
		for _, c := range pair[0].vpc.CIDRs {
			if !c.Overlaps(pair[1].at) {
				continue
			}
			return &Break{
				Code: Overlap, Resource: from.vpc.ID, Account: from.vpc.Account, Region: from.vpc.Region,
				Text: fmt.Sprintf("VPC %s (%s) and VPC %s (%s) overlap: %s of the one lies in %s of the other",
					from.vpc.ID, from.vpc.Account, to.vpc.ID, to.vpc.Account, pair[1].shown(), c),
				Hint: fmt.Sprintf("give VPC %s an endpoint of its own, or a range that VPC %s does not have", from.vpc.ID, to.vpc.ID),
			}
		}
	}
	return nil
}

// traffic is packets by the ports that they go to.
type traffic struct {
	protocol string
	from, to uint16
}

func (t traffic) String() string {
	if t.from == t.to {
		return fmt.Sprintf("%s %d", t.protocol, t.from)
	}
	return fmt.Sprintf("%s %d-%d", t.protocol, t.from, t.to)
}

// leg is one direction.
func (w *walk) leg(from, to place, t traffic) *Break {
	w.hop("subnet", cmp.Or(from.subnet.ID, from.vpc.ID), from.vpc.Account, from.vpc.Region, "%s of VPC %s", from.at, from.vpc.ID)
	if from.subnet.ID != "" && from.subnet.ID == to.subnet.ID {
		return nil // no ACL and no route within a subnet
	}
	if b := w.acl(from.vpc, from.subnet.ID, true, to, t); b != nil {
		return b
	}
	table, b := w.table(from.vpc, from.subnet.ID)
	if b != nil {
		return w.hold(b)
	}
	routes, all := governing(ways(from.vpc, table), to.at)
	if b := w.lists(table, routes, to); b != nil {
		w.hold(b)
		return nil
	}
	if !all {
		return w.hold(w.noRoute(table, from, to))
	}
	var gone []string
	for _, r := range routes {
		w.hop("route table", table.ID, table.Account, table.Region, "%s to %s", r.to, r.target)
		if slices.Contains(gone, r.target) {
			continue
		}
		gone = append(gone, r.target)
		if b := w.follow(table, r, from, to, t); b != nil {
			return b
		}
	}
	return nil
}

// lists: routes to prefix lists, whose ranges the estate does not hold, could
// be more specific than what was found. Those of gateway endpoints hold public
// addresses.
func (w *walk) lists(table estate.RouteTable, routes []way, to place) *Break {
	for _, r := range table.Routes {
		if r.PrefixList == "" || kindOf(r.Target) == "vpce" ||
			len(routes) > 0 && !slices.ContainsFunc(routes, func(o way) bool { return o.target != r.Target && o.target != "local" }) {
			continue
		}
		return &Break{
			Code: NotJudged, Resource: table.ID, Account: table.Account, Region: table.Region,
			Text: fmt.Sprintf("route table %s leads prefix list %s to %s, and whether it holds %s is not known", table.ID, r.PrefixList, r.Target, to.at),
			Hint: fmt.Sprintf("look whether prefix list %s holds %s, or add a route for %s", r.PrefixList, to.at, to.shown()),
		}
	}
	return nil
}

// kindOf is what an ID is of: tgw, pcx, igw.
func kindOf(id string) string {
	kind, _, _ := strings.Cut(id, "-")
	return kind
}

// follow goes where a route of a VPC leads.
func (w *walk) follow(table estate.RouteTable, r way, from, to place, t traffic) *Break {
	at := func(code Code, text, hint string) *Break {
		return w.hold(&Break{Code: code, Resource: table.ID, Account: table.Account, Region: table.Region, Text: text, Hint: hint})
	}
	elsewhere := func(where string) *Break {
		link := w.link(from.vpc, to.vpc)
		if r.to.Bits() == 0 || link == "" {
			return w.hold(w.noRoute(table, from, to))
		}
		return at(RouteElsewhere,
			fmt.Sprintf("route table %s of %s leads %s to %s, %s, and not to VPC %s", table.ID, from, r.to, r.target, where, to.vpc.ID),
			fmt.Sprintf("in %s let %s go to %s", table.ID, r.to, link))
	}
	switch kind := kindOf(r.target); {
	case r.target == "local":
		if from.vpc.ID != to.vpc.ID {
			return elsewhere("the own VPC")
		}
		return w.arrive(nil, to, from, t)
	case kind == "tgw":
		return w.transit(table, r, from, to, t, elsewhere)
	case kind == "pcx":
		return w.peered(r, from, to, t, elsewhere)
	case r.blackhole:
		return at(RouteBlackhole,
			fmt.Sprintf("route table %s of %s leads %s to %s, which is gone", table.ID, from, r.to, r.target),
			fmt.Sprintf("in %s replace the route for %s%s", table.ID, r.to, by(w.link(from.vpc, to.vpc))))
	case kind == "igw" || kind == "eigw" || kind == "nat" || kind == "cagw":
		return elsewhere("which is no way to private addresses of other VPCs")
	}
	return at(NotJudged,
		fmt.Sprintf("route table %s of %s leads %s to %s, and what that does is not judged", table.ID, from, r.to, r.target),
		fmt.Sprintf("look whether %s passes on to %s", r.target, to.at))
}

func by(link string) string {
	if link == "" {
		return ""
	}
	return " by one to " + link
}

// link is what connects two VPCs already, as the target of a route; "" is
// nothing.
func (w *walk) link(a, b estate.VPC) string {
	if p, ok := w.peering(a.ID, b.ID); ok && p.State == estate.PeeringActive {
		return p.ID
	}
	theirs := w.gateways(b.ID)
	for _, g := range w.gateways(a.ID) {
		if slices.Contains(theirs, g) {
			return g
		}
	}
	return ""
}

// noRoute is what to mend first where a route is missing: the route, or what it
// would lead to.
func (w *walk) noRoute(table estate.RouteTable, from, to place) *Break {
	text := fmt.Sprintf("route table %s of %s has no route to %s of VPC %s", table.ID, from, to.shown(), to.vpc.ID)
	if link := w.link(from.vpc, to.vpc); link != "" {
		return &Break{
			Code: NoRoute, Resource: table.ID, Account: table.Account, Region: table.Region, Text: text,
			Hint: fmt.Sprintf("in %s add a route for %s to %s", table.ID, to.shown(), link),
		}
	}
	if p, ok := w.peering(from.vpc.ID, to.vpc.ID); ok && p.State == estate.PeeringPending {
		return peeringBreak(p)
	}
	if from.vpc.Region == to.vpc.Region {
		for _, side := range [][2]place{{from, to}, {to, from}} {
			for _, g := range w.gateways(side[1].vpc.ID) {
				if a, ok := w.attachment(side[0].vpc.ID, g); ok || w.attachmentKnown(side[0].vpc, g) {
					return attachmentBreak(side[0].vpc, g, a, ok)
				}
			}
		}
	}
	return &Break{
		Code: NoRoute, Resource: table.ID, Account: table.Account, Region: table.Region, Text: text,
		Hint: fmt.Sprintf("connect VPC %s with VPC %s by a Transit Gateway or a peering, then add a route for %s in %s",
			from.vpc.ID, to.vpc.ID, to.shown(), table.ID),
	}
}

// attachmentBreak says why an attachment carries nothing.
func attachmentBreak(v estate.VPC, gateway string, a estate.TransitAttachment, ok bool) *Break {
	b := &Break{Code: AttachmentState, Resource: a.ID, Account: v.Account, Region: v.Region}
	switch {
	case !ok || a.State == estate.AttachmentDeleted:
		b.Code, b.Resource = NoAttachment, v.ID
		b.Text = fmt.Sprintf("VPC %s is not attached to %s", v.ID, gateway)
		b.Hint = fmt.Sprintf("attach VPC %s to %s", v.ID, gateway)
	case a.State == estate.AttachmentPendingAcceptance:
		b.Code, b.Account = AttachmentWaits, cmp.Or(a.Owner, v.Account)
		b.Text = fmt.Sprintf("attachment %s of VPC %s to %s waits to be accepted", a.ID, v.ID, gateway)
		b.Hint = fmt.Sprintf("accept %s in account %s", a.ID, b.Account)
	case a.State == estate.AttachmentPending:
		b.Text = fmt.Sprintf("attachment %s of VPC %s to %s is being made", a.ID, v.ID, gateway)
		b.Hint = "wait until it is available"
	default:
		b.Text = fmt.Sprintf("attachment %s of VPC %s to %s is %s", a.ID, v.ID, gateway, a.State)
		b.Hint = fmt.Sprintf("attach VPC %s to %s again", v.ID, gateway)
	}
	return b
}

// attached is the usable attachment of a VPC, or why there is none; neither
// when that is not known, which is held.
func (w *walk) attached(v estate.VPC, gateway string) (estate.TransitAttachment, *Break) {
	a, ok := w.attachment(v.ID, gateway)
	switch {
	case ok && usable(a):
		return a, nil
	case !ok && !w.attachmentKnown(v, gateway):
		return a, w.unread(estate.QueryTransitAttachments, v, v.ID, fmt.Sprintf("whether VPC %s is attached to %s is not known", v.ID, gateway))
	}
	return a, attachmentBreak(v, gateway, a, ok)
}

// transit goes through a Transit Gateway: the attachment of the VPC, the route
// table that it is associated with, the attachment of the other VPC (Transit
// Gateway guide, how-transit-gateways-work.html).
func (w *walk) transit(table estate.RouteTable, r way, from, to place, t traffic, elsewhere func(string) *Break) *Break {
	gateway := r.target
	// Where both VPCs are connected otherwise, a route to a gateway that lacks
	// one of them is astray.
	stop := func(b *Break, v estate.VPC) *Break {
		if link := w.link(from.vpc, to.vpc); b.Code == NoAttachment && link != "" && link != gateway {
			return elsewhere("to which VPC " + v.ID + " is not attached")
		}
		return w.hold(b)
	}
	in, b := w.attached(from.vpc, gateway)
	if b != nil {
		return stop(b, from.vpc)
	}
	if b := w.zone(in, from); b != nil {
		return w.hold(b)
	}
	if r.blackhole {
		return w.hold(&Break{
			Code: RouteBlackhole, Resource: table.ID, Account: table.Account, Region: table.Region,
			Text: fmt.Sprintf("the route for %s to %s in route table %s of %s is a blackhole", r.to, gateway, table.ID, from),
			Hint: fmt.Sprintf("in %s delete the route for %s and make it again to %s", table.ID, r.to, gateway),
		})
	}
	if b := w.enter(in, from, to, t); b != nil {
		return b
	}
	w.hop("attachment", in.ID, in.Account, in.Region, "VPC %s to %s", in.VPC, gateway)
	owner := in.Owner
	if o, ok := w.owner(gateway); ok {
		owner = o
	}
	tables := estate.Query{Kind: estate.QueryTransitTables, Account: owner, Region: from.vpc.Region}
	if in.Table == "" {
		// Only the gateway's owner sees for certain that there is none.
		if !w.known(estate.QueryTransitAttachments, owner, from.vpc.Region) {
			q := estate.Query{Kind: estate.QueryTransitAttachments, Account: owner, Region: from.vpc.Region}
			return w.hold(unread(w.e, q, in.ID, "the route table of "+in.ID+" is not known"))
		}
		return w.hold(&Break{
			Code: NotAssociated, Resource: in.ID, Account: owner, Region: from.vpc.Region,
			Text: fmt.Sprintf("attachment %s of VPC %s is associated with no route table of %s", in.ID, in.VPC, gateway),
			Hint: fmt.Sprintf("associate %s with a route table of %s", in.ID, gateway),
		})
	}
	tt, ok := w.e.TransitTables.Get(in.Table)
	if !ok {
		return w.hold(unread(w.e, tables, in.Table, "the routes of "+in.Table+" are not known"))
	}
	out, b := w.attached(to.vpc, gateway)
	routes, all := governing(transitWays(tt), to.at)
	if !all || slices.ContainsFunc(routes, func(x way) bool { return x.blackhole }) {
		// A route that is missing or black for want of the other attachment
		// comes back with it.
		if b != nil {
			return stop(b, to.vpc)
		}
		return w.hold(transitBreak(tt, routes, all, out, to))
	}
	for _, x := range routes {
		w.hop("transit route table", tt.ID, tt.Account, tt.Region, "%s to %s", x.to, x.target)
		if b == nil && x.target == out.ID {
			continue
		}
		next, ok := w.e.TransitAttachments.Get(x.target)
		switch {
		case ok && next.VPC == to.vpc.ID:
			return w.hold(attachmentBreak(to.vpc, gateway, next, true))
		case ok && w.hasRange(next.VPC, to.at):
			return w.hold(&Break{
				Code: TransitElsewhere, Resource: tt.ID, Account: tt.Account, Region: tt.Region,
				Text: fmt.Sprintf("route table %s of %s leads %s to %s of VPC %s, and not to VPC %s", tt.ID, gateway, x.to, x.target, next.VPC, to.vpc.ID),
				Hint: fmt.Sprintf("in %s let %s go to %s", tt.ID, x.to, cmp.Or(out.ID, "the attachment of VPC "+to.vpc.ID)),
			})
		}
		return w.hold(&Break{
			Code: NotJudged, Resource: tt.ID, Account: tt.Account, Region: tt.Region,
			Text: fmt.Sprintf("route table %s of %s leads %s to %s, which is not an attachment of VPC %s, and what stands behind it is not judged",
				tt.ID, gateway, x.to, x.target, to.vpc.ID),
			Hint: fmt.Sprintf("look whether %s passes on to VPC %s", x.target, to.vpc.ID),
		})
	}
	w.hop("attachment", out.ID, out.Account, out.Region, "%s to VPC %s", gateway, out.VPC)
	return w.arrive(out.Subnets, to, from, t)
}

// hasRange reports whether the VPC itself has the range.
func (w *walk) hasRange(vpc string, p netip.Prefix) bool {
	v, ok := w.e.VPCs.Get(vpc)
	return ok && covers(v.CIDRs, p)
}

// transitBreak says what a Transit Gateway's route table lacks.
func transitBreak(tt estate.TransitTable, routes []way, all bool, out estate.TransitAttachment, to place) *Break {
	b := &Break{Code: NoTransitRoute, Resource: tt.ID, Account: tt.Account, Region: tt.Region}
	for _, r := range routes {
		if all && r.blackhole {
			b.Code = TransitBlackhole
			b.Text = fmt.Sprintf("route table %s of %s drops %s", tt.ID, tt.Gateway, r.to)
			b.Hint = fmt.Sprintf("in %s let %s go to %s", tt.ID, r.to, out.ID)
			return b
		}
	}
	b.Text = fmt.Sprintf("route table %s of %s has no route to %s of VPC %s", tt.ID, tt.Gateway, to.shown(), to.vpc.ID)
	b.Hint = fmt.Sprintf("in %s add a route for %s to %s", tt.ID, to.shown(), out.ID)
	if !slices.Contains(tt.Propagating, out.ID) {
		b.Code = NotPropagated
		b.Text += fmt.Sprintf(": %s does not propagate to it", out.ID)
		b.Hint = fmt.Sprintf("let %s propagate to %s", out.ID, tt.ID)
	}
	return b
}

// zone: traffic enters a Transit Gateway only in Availability Zones where the
// attachment has a subnet (Transit Gateway guide, tgw-vpc-attachments.html).
func (w *walk) zone(a estate.TransitAttachment, from place) *Break {
	if from.subnet.Zone == "" || len(a.Subnets) == 0 {
		return nil // seen by the gateway's owner alone, who does not see subnets
	}
	for _, id := range a.Subnets {
		s, ok := w.e.Subnets.Get(id)
		if !ok {
			return w.unread(estate.QuerySubnets, from.vpc, a.ID, "the Availability Zone of subnet "+id+" is not known")
		}
		if s.Zone == from.subnet.Zone {
			return nil
		}
	}
	return &Break{
		Code: AttachmentZone, Resource: a.ID, Account: from.vpc.Account, Region: from.vpc.Region,
		Text: fmt.Sprintf("attachment %s of VPC %s has no subnet in %s, where subnet %s is", a.ID, a.VPC, from.subnet.Zone, from.subnet.ID),
		Hint: fmt.Sprintf("add a subnet in %s to %s, %s for one", from.subnet.Zone, a.ID, from.subnet.ID),
	}
}

// enter judges the network ACL of the attachment's subnet in the zone: what
// comes from another subnet is judged inbound by its source; in the same subnet
// the same ACL is judged both ways (Transit Gateway guide, tgw-nacls.html).
func (w *walk) enter(a estate.TransitAttachment, from, to place, t traffic) *Break {
	for _, id := range a.Subnets {
		if s, ok := w.e.Subnets.Get(id); from.subnet.Zone != "" && (!ok || s.Zone != from.subnet.Zone) {
			continue
		}
		if b := w.acl(from.vpc, id, false, from, t); b != nil {
			return b
		}
	}
	return nil
}

// arrive judges the last steps: from the subnets through which traffic enters
// the VPC, none when it was there already, to the place. Any of them may be
// taken, so each must pass it on. Within a subnet nothing is judged.
func (w *walk) arrive(through []string, to, from place, t traffic) *Break {
	direct := len(through) > 0
	for _, id := range through {
		if id == to.subnet.ID {
			continue
		}
		direct = false
		if b := w.acl(to.vpc, id, true, to, t); b != nil {
			return b
		}
		table, b := w.table(to.vpc, id)
		if b != nil {
			w.hold(b)
			continue
		}
		routes, _ := governing(ways(to.vpc, table), to.at)
		for _, r := range routes {
			if r.target == "local" {
				continue
			}
			if b := w.hold(&Break{
				Code: NotJudged, Resource: table.ID, Account: table.Account, Region: table.Region,
				Text: fmt.Sprintf("route table %s of subnet %s leads %s to %s, and what that does is not judged", table.ID, id, r.to, r.target),
				Hint: fmt.Sprintf("look whether %s passes on to %s", r.target, to.at),
			}); b != nil {
				return b
			}
		}
	}
	if !direct {
		if b := w.acl(to.vpc, to.subnet.ID, false, from, t); b != nil {
			return b
		}
	}
	w.hop("subnet", cmp.Or(to.subnet.ID, to.vpc.ID), to.vpc.Account, to.vpc.Region, "%s of VPC %s", to.at, to.vpc.ID)
	return nil
}

// peered goes over a peering, which joins two VPCs and no more (VPC Peering
// guide, vpc-peering-basics.html).
func (w *walk) peered(r way, from, to place, t traffic, elsewhere func(string) *Break) *Break {
	p, ok := w.e.Peerings.Get(r.target)
	switch {
	case !ok && !w.known(estate.QueryPeerings, from.vpc.Account, from.vpc.Region):
		return w.hold(w.unread(estate.QueryPeerings, from.vpc, r.target, "peering "+r.target+" is not known"))
	case !ok:
		return w.hold(&Break{
			Code: NoPeering, Resource: r.target, Account: from.vpc.Account, Region: from.vpc.Region,
			Text: fmt.Sprintf("peering %s, to which %s leads %s, is gone", r.target, from, r.to),
			Hint: fmt.Sprintf("peer VPC %s with VPC %s again, and let %s go there", from.vpc.ID, to.vpc.ID, r.to),
		})
	case p.Requester.VPC != to.vpc.ID && p.Accepter.VPC != to.vpc.ID:
		return elsewhere("a peering with another VPC")
	case p.State != estate.PeeringActive:
		return w.hold(peeringBreak(p))
	case r.blackhole:
		return w.hold(&Break{
			Code: RouteBlackhole, Resource: r.target, Account: from.vpc.Account, Region: from.vpc.Region,
			Text: fmt.Sprintf("the route of %s for %s to %s is a blackhole", from, r.to, r.target),
			Hint: fmt.Sprintf("delete the route for %s and make it again to %s", r.to, r.target),
		})
	}
	w.hop("peering", p.ID, p.Requester.Account, p.Requester.Region, "VPC %s with VPC %s", p.Requester.VPC, p.Accepter.VPC)
	return w.arrive(nil, to, from, t)
}

func peeringBreak(p estate.Peering) *Break {
	b := &Break{
		Code: PeeringState, Resource: p.ID, Account: p.Requester.Account, Region: p.Requester.Region,
		Text: fmt.Sprintf("peering %s of VPC %s and VPC %s is %s", p.ID, p.Requester.VPC, p.Accepter.VPC, p.State),
		Hint: fmt.Sprintf("peer VPC %s with VPC %s again", p.Requester.VPC, p.Accepter.VPC),
	}
	if p.State == estate.PeeringPending {
		b.Code, b.Account, b.Region = PeeringWaits, p.Accepter.Account, p.Accepter.Region
		b.Hint = fmt.Sprintf("accept %s in account %s", p.ID, p.Accepter.Account)
	}
	return b
}
