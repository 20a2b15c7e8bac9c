package retire

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// https is the port of AWS's services.
const https = 443

// opening is what a security group lets in: one other side, to some ports.
type opening struct {
	group    string // that has the rule
	from, to int32
	cidr     netip.Prefix
	list     string // prefix list
	peer     string // group
}

func (o opening) String() string {
	ports := fmt.Sprintf("TCP %d", o.from)
	if o.from != o.to {
		ports = fmt.Sprintf("TCP %d-%d", o.from, o.to)
	}
	switch {
	case o.list != "":
		return "prefix list " + o.list + " to " + ports
	case o.peer != "":
		return "members of " + o.peer + " to " + ports
	}
	return o.cidr.String() + " to " + ports
}

// groups finds who is let in by the groups of the own endpoint and not by those
// of the shared one. Members of a group of the own one's count as the whole VPC;
// groups that the shared one's name count as nobody, for they are other VPCs'.
func (f *finder) groups(own, shared estate.Endpoint, v estate.VPC) []Finding {
	had, out := f.openings(own)
	has, missing := f.openings(shared)
	if out = append(out, missing...); len(out) > 0 {
		return out
	}
	for _, o := range had {
		if o.from <= https && https <= o.to && !strings.Contains(own.Service, ".vpce-svc-") {
			o.from, o.to = https, https // the one port that an AWS service listens on
		}
		var ranges []netip.Prefix
		listed := false
		for _, s := range has {
			if s.from > o.from || s.to < o.to {
				continue
			}
			listed = listed || o.list != "" && s.list == o.list
			if s.cidr.IsValid() {
				ranges = append(ranges, s.cidr)
			}
		}
		finding := Finding{Code: Group, Account: own.Account, Where: o.group, Hint: "let the shared endpoint's security groups admit them, or accept it"}
		vpc := func() bool {
			return slices.ContainsFunc(v.CIDRs, func(p netip.Prefix) bool {
				return (!o.cidr.IsValid() || p.Addr().Is4() == o.cidr.Addr().Is4()) && !covered(p, ranges)
			})
		}
		switch {
		case o.list != "":
			if !listed {
				finding.Text = fmt.Sprintf("it admits %s, which the groups of %s do not name", o, shared.ID)
				out = append(out, finding)
			}
		case o.peer != "" || o.cidr.Bits() == 0:
			if vpc() {
				finding.Text = fmt.Sprintf("it admits %s, but the groups of %s do not admit all of the VPC's ranges", o, shared.ID)
				out = append(out, finding)
			} else if o.cidr.IsValid() && !covered(o.cidr, ranges) {
				finding.Code, finding.Hint = Wider, ""
				finding.Text = fmt.Sprintf("it admits %s, the groups of %s admit less; of this VPC they admit all", o, shared.ID)
				out = append(out, finding)
			}
		case !covered(o.cidr, ranges):
			finding.Text = fmt.Sprintf("it admits %s, which the groups of %s do not", o, shared.ID)
			out = append(out, finding)
		}
	}
	return out
}

// openings are what the groups of an endpoint let in over TCP; a group that was
// not read is a finding.
func (f *finder) openings(p estate.Endpoint) (out []opening, missing []Finding) {
	for _, id := range p.Groups {
		g, ok := f.e.SecurityGroups.Get(id)
		if !ok {
			missing = append(missing, Finding{Unread, p.Account, id, "the security group was not read, so whom it admits is not known", "let orgdns read it"})
			continue
		}
		for _, r := range g.Rules {
			if r.Egress || r.Protocol != "tcp" && r.Protocol != "6" && r.Protocol != "-1" {
				continue
			}
			o := opening{group: id, from: r.From, to: r.To, cidr: r.CIDR, list: r.PrefixList, peer: r.Group}
			if r.Protocol == "-1" || r.From < 0 {
				o.from, o.to = 0, 65535
			}
			out = append(out, o)
		}
	}
	return out, missing
}

// covered reports whether every address of a range lies in one of the others.
func covered(p netip.Prefix, by []netip.Prefix) bool {
	p = p.Masked()
	inside := false
	for _, b := range by {
		if b.Bits() <= p.Bits() && b.Contains(p.Addr()) {
			return true
		}
		inside = inside || p.Overlaps(b)
	}
	if !inside || p.Bits() == p.Addr().BitLen() {
		return false
	}
	low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	return covered(low, by) && covered(upper(low), by)
}

// upper is the other half of the range whose lower half is given.
func upper(low netip.Prefix) netip.Prefix {
	b := low.Addr().AsSlice()
	bit := low.Bits() - 1
	b[bit/8] |= 0x80 >> (bit % 8)
	a, _ := netip.AddrFromSlice(b) // of a slice that an address gave
	return netip.PrefixFrom(a, low.Bits())
}
