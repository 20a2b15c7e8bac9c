package reach

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/estate"
)

// holds reports whether one of the ranges holds the address.
func holds(ranges []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Contains(a) })
}

// inside reports whether p lies within r, or is r.
func inside(p, r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Overlaps(p) }

// covers reports whether ranges together hold all of p.
func covers(ranges []netip.Prefix, p netip.Prefix) bool {
	overlap := false
	for _, r := range ranges {
		if inside(p, r) {
			return true
		}
		overlap = overlap || r.Overlaps(p)
	}
	if !overlap {
		return false
	}
	low, high := halves(p)
	return covers(ranges, low) && covers(ranges, high)
}

// halves splits a range, which must hold more than one address.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	p = p.Masked()
	raw := p.Addr().AsSlice()
	raw[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	top, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(p.Addr(), p.Bits()+1), netip.PrefixFrom(top, p.Bits()+1)
}

// single is the range of one address.
func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// way is a route of either kind of route table.
type way struct {
	to         netip.Prefix
	target     string // of a VPC's route, or the attachment of a Transit Gateway's
	blackhole  bool
	propagated bool
}

// transitWays are the routes of a Transit Gateway's route table.
func transitWays(t estate.TransitTable) iter.Seq[way] {
	return func(yield func(way) bool) {
		for _, r := range t.Routes {
			if !yield(way{r.To, r.Attachment, r.State == estate.RouteBlackhole, r.Propagated}) {
				return
			}
		}
	}
}

// governing are the routes that decide for a range: the longest that holds all
// of it, and whatever is more specific within. Of two with one destination the
// static one counts (VPC guide, route-tables-priority.html; Transit Gateway
// guide, how-transit-gateways-work.html, "Route evaluation order"). All is
// false when a part of the range has no route.
func governing(routes iter.Seq[way], p netip.Prefix) (list []way, all bool) {
	var cover way
	found := false
	var within []way
	var ranges []netip.Prefix
	for r := range routes {
		if !r.to.Contains(p.Addr()) && !p.Contains(r.to.Addr()) { // cheaper than Overlaps
			continue
		}
		switch {
		case inside(p, r.to):
			if !found || r.to.Bits() > cover.to.Bits() || r.to.Bits() == cover.to.Bits() && cover.propagated && !r.propagated {
				cover, found = r, true
			}
		default: // within the range
			i := slices.IndexFunc(within, func(o way) bool { return o.to == r.to })
			switch {
			case i < 0:
				within, ranges = append(within, r), append(ranges, r.to)
			case within[i].propagated && !r.propagated:
				within[i] = r
			}
		}
	}
	whole := len(ranges) > 0 && covers(ranges, p)
	for _, r := range within {
		// Those that others hide wholly decide nothing.
		var others []netip.Prefix
		for _, o := range ranges {
			if o != r.to && inside(o, r.to) {
				others = append(others, o)
			}
		}
		if !covers(others, r.to) {
			list = append(list, r)
		}
	}
	if found && !whole {
		list = append(list, cover)
	}
	return list, found || whole
}
