package resolve

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

const localTTL = 60 // seconds, of autodefined answers; modelled

var (
	localhost   = dnsname.MustParse("localhost")
	localdomain = dnsname.MustParse("localdomain")
	inAddr      = dnsname.MustParse("in-addr.arpa")
	ip6Arpa     = dnsname.MustParse("ip6.arpa")
	loopback4   = dnsname.MustParse("127.in-addr.arpa")
	loopback6   = dnsname.MustParse("1" + strings.Repeat(".0", 31) + ".ip6.arpa")
	unspecified = dnsname.MustParse("0" + strings.Repeat(".0", 31) + ".ip6.arpa")
	linkLocal   = dnsname.MustParse("254.169.254.169.in-addr.arpa")

	privateReverse = func() []dnsname.Name { // R1.18
		out := []dnsname.Name{
			dnsname.MustParse("10.in-addr.arpa"), dnsname.MustParse("168.192.in-addr.arpa"), linkLocal,
		}
		for i := 16; i <= 31; i++ {
			out = append(out, dnsname.MustParse(fmt.Sprintf("%d.172.in-addr.arpa", i)))
		}
		return out
	}()
)

// perVPC hold all autodefined names of whatever VPC.
var perVPC = []dnsname.Name{
	localhost, localdomain, inAddr, ip6Arpa,
	dnsname.MustParse("compute.internal"), dnsname.MustParse("compute.amazonaws.com"),
	dnsname.MustParse("ec2.internal"), dnsname.MustParse("compute-1.internal"), dnsname.MustParse("compute-1.amazonaws.com"),
}

// autodefined are the rules of AWS's own that match the name sought (R1.17 to
// R1.19, less what R1.21 disables). Those of peered VPCs (R1.20) are left out:
// the estate holds no peering.
func (q *query) autodefined() []candidate {
	if !slices.ContainsFunc(perVPC, q.name.Under) {
		return nil
	}
	q.depends |= onVPC
	var out []candidate
	add := func(number Rule, domain dnsname.Name) {
		if q.name.Under(domain) {
			out = append(out, candidate{domain: domain, kind: autodefined, origin: ofAWS, number: number})
		}
	}
	internal, public := computeDomains(q.vpc.Region)
	for _, d := range append(internal, public) {
		add("R1.17", d)
	}
	for _, d := range []dnsname.Name{localhost, localdomain, loopback4, loopback6, unspecified} {
		add("R1.19", d)
	}
	if !q.name.Under(inAddr) || q.reverseOff() {
		return out
	}
	for _, d := range privateReverse {
		add("R1.18", d)
	}
	// One zone for each /24 inside each block of the VPC.
	if net24, ok := parentAt(q.name, inAddr.Depth()+3); ok {
		addr, bits, ok := reverseAddr(net24)
		if ok && bits == 24 && q.inside(netip.PrefixFrom(addr, 24)) {
			add("R1.18", net24)
		}
	}
	return out
}

// computeDomains are the domains of EC2 host names in a Region, those of
// private names and the one of public names.
func computeDomains(r estate.Region) (internal []dnsname.Name, public dnsname.Name) {
	parse := func(s string) dnsname.Name {
		n, err := dnsname.Parse(s)
		if err != nil {
			return dnsname.Name{} // no Region: under nothing
		}
		return n
	}
	if r == "us-east-1" {
		return []dnsname.Name{parse("ec2.internal"), parse("compute-1.internal")}, parse("compute-1.amazonaws.com")
	}
	return []dnsname.Name{parse(string(r) + ".compute.internal")}, parse(string(r) + ".compute.amazonaws.com")
}

func reverse(n dnsname.Name) bool { return n.Under(inAddr) || n.Under(ip6Arpa) }

// parentAt is n or the name above it that has depth labels.
func parentAt(n dnsname.Name, depth int) (dnsname.Name, bool) {
	for above := range n.Ancestors() {
		if above.Depth() == depth {
			return above, true
		}
	}
	return dnsname.Name{}, false
}

// inside reports whether the VPC's blocks contain the prefix; a VPC whose
// blocks are not known contains every private one.
func (q *query) inside(p netip.Prefix) bool {
	if len(q.vpc.CIDRs) == 0 {
		return p.Addr().IsPrivate()
	}
	return slices.ContainsFunc(q.vpc.CIDRs, func(c netip.Prefix) bool {
		return c.Bits() <= p.Bits() && c.Contains(p.Addr())
	})
}

// reverseAddr reads a name under in-addr.arpa: the address, filled up with
// zeros, and how many of its bits are given.
func reverseAddr(n dnsname.Name) (addr netip.Addr, bits int, ok bool) {
	labels := strings.Split(n.Relative(inAddr), ".")
	if !n.Below(inAddr) || len(labels) > 4 {
		return netip.Addr{}, 0, false
	}
	var raw [4]byte
	for i, l := range labels {
		v, err := strconv.ParseUint(l, 10, 8)
		if err != nil || strconv.FormatUint(v, 10) != l {
			return netip.Addr{}, 0, false
		}
		raw[len(labels)-1-i] = byte(v)
	}
	return netip.AddrFrom4(raw), 8 * len(labels), true
}

// local answers for a winning autodefined rule from what the names themselves
// say: host names made of an address of the VPC, and localhost.
func (q *query) local(w candidate, rule Rule) part {
	q.step(w.number, "", "%s is answered by the VPC itself", w.domain)
	value := q.localValue(w)
	switch {
	case value[q.qtype] != "":
		rr := RR{Name: q.name, Type: q.qtype, TTL: localTTL, Value: value[q.qtype]}
		q.step("R1.22", "", "%s %s", q.qtype, rr.Value)
		return part{outcome: NoError, records: []RR{rr}, rule: rule}
	case len(value) > 0 || q.name == w.domain:
		return part{outcome: NoError, ttl: localTTL, rule: q.step("R1.25", "", "it has no %s: NODATA", q.qtype)}
	}
	number := q.step("R1.22", "", "the VPC does not know it")
	return part{outcome: q.r.p.AutodefinedUnknown, ttl: localTTL, rule: number}
}

// localValue gives the data of the name sought by type; none when the VPC does
// not know the name.
func (q *query) localValue(w candidate) map[string]string {
	internal, _ := computeDomains(q.vpc.Region)
	host := func(a netip.Addr) string {
		return "ip-" + strings.ReplaceAll(a.String(), ".", "-") + "." + internal[0].FQDN()
	}
	switch w.number {
	case "R1.19":
		switch {
		case q.name == localhost:
			return map[string]string{"A": "127.0.0.1", "AAAA": "::1"}
		case q.name == loopback6, q.name == dnsname.MustParse("1.0.0.127.in-addr.arpa"):
			return map[string]string{"PTR": "localhost."}
		}
	case "R1.18":
		if addr, bits, ok := reverseAddr(q.name); ok && bits == 32 && q.inside(netip.PrefixFrom(addr, 32)) {
			return map[string]string{"PTR": host(addr)}
		}
	case "R1.17":
		dashed, ok := strings.CutPrefix(q.name.Relative(w.domain), "ip-")
		addr, err := netip.ParseAddr(strings.ReplaceAll(dashed, "-", "."))
		if ok && err == nil && slices.Contains(internal, w.domain) && q.inside(netip.PrefixFrom(addr, 32)) {
			return map[string]string{"A": addr.String()}
		}
	}
	return nil
}
