package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// small is a random range within 10.0.0.0/27.
func small(r *rand.Rand) netip.Prefix {
	bits := 27 + r.IntN(6)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(32))}), bits).Masked()
}

func addresses(p netip.Prefix) []netip.Addr {
	var out []netip.Addr
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		out = append(out, a)
	}
	return out
}

// TestGoverning: what governs a range is what decides for its addresses one by
// one, and nothing else.
func TestGoverning(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var routes []way
		for i := range r.IntN(7) {
			routes = append(routes, way{to: small(r), target: fmt.Sprint(i), propagated: r.IntN(2) == 0})
		}
		p := small(r)
		var want []netip.Prefix
		wantAll := true
		for _, a := range addresses(p) {
			best := netip.Prefix{}
			for _, w := range routes {
				if w.to.Contains(a) && (!best.IsValid() || w.to.Bits() > best.Bits()) {
					best = w.to
				}
			}
			wantAll = wantAll && best.IsValid()
			if best.IsValid() && !slices.Contains(want, best) {
				want = append(want, best)
			}
		}
		list, all := governing(slices.Values(routes), p)
		var got []netip.Prefix
		for _, w := range list {
			got = append(got, w.to)
			for _, o := range routes {
				if o.to == w.to && w.propagated && !o.propagated {
					t.Fatalf("%v for %s: a propagated route before a static one", routes, p)
				}
			}
		}
		order := func(a, b netip.Prefix) int { return a.Compare(b) }
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		if all != wantAll || !slices.Equal(got, want) {
			t.Fatalf("%v for %s: got %v %t, want %v %t", routes, p, got, all, want, wantAll)
		}
	}
}

// TestDeny: a range and ports are denied when one packet of them is.
func TestDeny(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		var entries []estate.ACLEntry
		for i := range r.IntN(6) {
			from := int32(1 + r.IntN(8))
			x := estate.ACLEntry{Number: int32(i + 1), Allow: r.IntN(3) > 0, Protocol: "6", CIDR: small(r), From: from, To: from + int32(r.IntN(8))}
			if r.IntN(4) == 0 {
				x.Protocol, x.From, x.To = "-1", 0, 0
			}
			entries = append(entries, x)
		}
		p, from := small(r), int32(1+r.IntN(8))
		to := from + int32(r.IntN(8))
		want := map[int32]bool{} // what denies packets, by number
		for _, a := range addresses(p) {
			for port := from; port <= to; port++ {
				i := slices.IndexFunc(entries, func(x estate.ACLEntry) bool {
					return x.CIDR.Contains(a) && (x.Protocol == "-1" || x.From <= port && port <= x.To)
				})
				if i < 0 {
					want[0] = true
				} else if !entries[i].Allow {
					want[entries[i].Number] = true
				}
			}
		}
		number, denied := deny(entries, p, from, to)
		if denied != (len(want) > 0) || denied && !want[number] {
			t.Fatalf("%v for %s %d-%d: got %d %t, want %v", entries, p, from, to, number, denied, want)
		}
	}
}
