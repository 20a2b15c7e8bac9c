package plan

import (
	"net/netip"
	"slices"
	"strings"
)

// reachedWhenNamed makes a VPC get the names of a share after the way there, and
// lose the way after the names: attachment and acceptance, the routes both ways,
// the ranges that security groups admit.
func (b *builder) reachedWhenNamed() {
	n := b.ways()
	for i := range b.plan.Changes {
		c := &b.plan.Changes[i]
		o := c.Item().Object
		if o == nil || o.Kind != KindProfileAssociation && o.Kind != KindRuleAssociation {
			continue
		}
		vpc, err := b.one(o.Fields["vpc"])
		switch {
		case err != nil:
		case c.Action == Create:
			c.Needs = append(c.Needs, n.opens[vpc]...)
		case c.Action == Delete:
			for _, closes := range n.closes[vpc] {
				w := &b.plan.Changes[closes]
				w.Needs = append(w.Needs, Dependency{Address: c.Address, Settled: true})
			}
		}
	}
}

// ways are the changes of a plan on which it hangs what a VPC reaches, by VPC.
type ways struct {
	opens  map[string][]Dependency
	closes map[string][]int
}

func (b *builder) ways() ways {
	out := ways{map[string][]Dependency{}, map[string][]int{}}
	attachments := map[string]string{} // VPCs by the address of the attachment
	for _, c := range b.plan.Changes {
		if o := c.Item().Object; o != nil && o.Kind == KindTransitAttachment {
			attachments[c.Address], _ = b.one(o.Fields["vpc"])
		}
	}
	if !slices.ContainsFunc(b.plan.Changes, func(c Change) bool { return isWay(c.Item()) }) {
		return out
	}
	ranges := b.vpcRanges()
	served := b.served(ranges)
	for i, c := range b.plan.Changes {
		o := c.Item().Object
		if !isWay(c.Item()) {
			continue
		}
		var opens, closes []string // VPCs
		switch o.Kind {
		case KindTransitAttachment:
			opens = append([]string{attachments[c.Address]}, served[attachments[c.Address]]...)
		case KindTransitAcceptance:
			vpc := b.attached(o, attachments)
			opens = append([]string{vpc}, served[vpc]...)
		case KindRoutes, KindSecurityGroup:
			opens, closes = vpcsOf(ranges, sidesOf(c.After), sidesOf(c.Before)), vpcsOf(ranges, sidesOf(c.Before), sidesOf(c.After))
			if table, err := b.one(o.Fields["table"]); err == nil && table != "" {
				t, _ := b.e.RouteTables.Get(table)
				if len(opens) > 0 {
					opens = append(opens, t.VPC)
				}
				if len(closes) > 0 && c.After == nil {
					closes = append(closes, t.VPC)
				}
			}
		}
		if c.Action == Delete && len(closes) == 0 {
			opens, closes = nil, opens
		}
		for _, vpc := range opens {
			out.opens[vpc] = append(out.opens[vpc], Dependency{Address: c.Address, Settled: true})
		}
		for _, vpc := range closes {
			out.closes[vpc] = append(out.closes[vpc], i)
		}
	}
	return out
}

// isWay reports whether it hangs on an object what a VPC reaches.
func isWay(item Item) bool {
	if item.Object == nil {
		return false
	}
	switch item.Object.Kind {
	case KindTransitAttachment, KindTransitAcceptance, KindRoutes, KindSecurityGroup:
		return true
	}
	return false
}

// served are the VPCs that groups of ours in a VPC admit, now or by the plan.
func (b *builder) served(ranges map[netip.Prefix][]string) map[string][]string {
	sources := map[string][]netip.Prefix{}
	for s := range Objects(b.e, KindSecurityGroup) {
		if vpc := s.Fields["vpc"]; s.OwnedBy(b.in.Owner) && len(vpc) > 0 {
			sources[vpc[0]] = append(sources[vpc[0]], sidesOf(s.item(nil))...)
		}
	}
	for _, c := range b.plan.Changes {
		if o := c.Item().Object; o != nil && o.Kind == KindSecurityGroup {
			vpc, _ := b.one(o.Fields["vpc"])
			sources[vpc] = append(sources[vpc], sidesOf(c.After)...)
		}
	}
	out := map[string][]string{}
	for vpc, list := range sources {
		out[vpc] = vpcsOf(ranges, list, nil)
	}
	return out
}

// attached is the VPC of an attachment that is taken in.
func (b *builder) attached(o *Object, byAddress map[string]string) string {
	for _, v := range o.Fields["attachment"] {
		if ref, ok := v.Ref(); ok && byAddress[ref.Address] != "" {
			return byAddress[ref.Address]
		}
	}
	id, _ := b.one(o.Fields["attachment"])
	a, _ := b.e.TransitAttachments.Get(id)
	return a.VPC
}

func (b *builder) vpcRanges() map[netip.Prefix][]string {
	out := map[netip.Prefix][]string{}
	for v := range b.e.VPCs.All() {
		for _, r := range v.CIDRs {
			out[r] = append(out[r], v.ID)
		}
	}
	return out
}

// sidesOf are the ranges of the other side in what an object permits: the
// destinations of routes, the sources that a group admits.
func sidesOf(item *Item) []netip.Prefix {
	if item == nil || item.Object == nil {
		return nil
	}
	var out []netip.Prefix
	for _, field := range []string{"routes", "ingress"} {
		for _, v := range item.Object.Fields[field] {
			for word := range strings.FieldsSeq(v.String()) {
				if p, err := netip.ParsePrefix(word); err == nil {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// vpcsOf are the VPCs with a range in these, and not in the others.
func vpcsOf(ranges map[netip.Prefix][]string, these, others []netip.Prefix) []string {
	covers := func(list []netip.Prefix, r netip.Prefix) bool {
		return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Overlaps(r) })
	}
	news := slices.DeleteFunc(slices.Clone(these), func(p netip.Prefix) bool { return slices.Contains(others, p) })
	var out []string
	add := func(r netip.Prefix) {
		if !covers(others, r) {
			out = append(out, ranges[r]...)
		}
	}
	wide := slices.DeleteFunc(slices.Clone(news), func(p netip.Prefix) bool {
		if ranges[p] != nil {
			add(p)
		}
		return ranges[p] != nil
	})
	if len(wide) > 0 { // several ranges in one
		for r := range ranges {
			if !slices.Contains(news, r) && covers(wide, r) {
				add(r)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
