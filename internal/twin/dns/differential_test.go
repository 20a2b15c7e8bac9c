package dns

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	mdns "github.com/miekg/dns"
	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
)

// TestAgainstBIND: on random zones, a name server of the twin answers as BIND
// does. Zones have delegations, with records and glue below, wildcards, CNAME
// chains and loops, and empty non-terminals; all names are of few labels, so
// that they meet. -rapid.checks=N makes three times N zones of some 20 queries.
//
// What is compared is what RFC 1034 (section 4.3.2), 2308 and 4592 define:
// rcode, AA, the answer section with TTLs, the SOA of a negative answer, the NS
// set of a referral and its glue in the delegated domain (RFC 9471). Left out are the NS set of the zone that a
// server may add to a positive answer, the additional section of answers other
// than referrals, and everything but the loop itself where CNAMEs run in a
// circle: no RFC says where to stop, and BIND then fails.
func TestAgainstBIND(t *testing.T) {
	server := startBIND(t)
	var queries atomic.Int64
	compare := func(t *rapid.T) {
		z := randomZone(t)
		server.serve(t, z.apex, z.masterFile())
		r := resolve.New(z.estate(), resolve.DefaultPolicy)
		ours := handler{answer: func(q mdns.Question, n dnsname.Name) resolve.Answer {
			return r.Authoritative(name(zoneServer), n, mdns.TypeToString[q.Qtype])
		}}
		for _, q := range z.queries(t) {
			queries.Add(1)
			theirs := server.ask(t, q.Copy())
			got, want := normal(z, ours.reply(q)), normal(z, theirs)
			if got != want {
				t.Fatalf("%s %s\n\nresolve says\n%s\nBIND says\n%s\nzone\n%s", q.Question[0].Name,
					mdns.TypeToString[q.Question[0].Qtype], got, want, z.masterFile())
			}
		}
	}
	for i := range 3 { // some 2,000 queries each
		t.Run(fmt.Sprint(i), rapid.MakeCheck(compare))
	}
	t.Logf("%d queries", queries.Load())
}

const zoneServer = "ns.outside.test"

var zones atomic.Int64 // each has an apex of its own, so that one BIND holds all

// testZone is a zone under an apex of its own: record sets by owner and type.
type testZone struct {
	apex string
	sets []estate.RecordSet
}

// masterFile writes the zone as RFC 1035 section 5 has it.
func (z testZone) masterFile() string {
	var b strings.Builder
	for _, rs := range z.sets {
		for _, v := range rs.Values {
			fmt.Fprintf(&b, "%s\t%d IN %s %s\n", presentation(rs.Name), rs.TTL, rs.Type, reescape(v, 8, "%03d"))
		}
	}
	return b.String()
}

func (z testZone) estate() estate.Estate {
	var e estate.Estate
	e.Zones.Put(estate.Zone{ID: "Z", Name: name(z.apex), NameServers: []dnsname.Name{name(zoneServer)}})
	e.Records.Put(z.sets...)
	return e
}

var testLabels = []string{"a", "b", "c", "*"}

// owner draws a name of the zone, at most three labels below the apex.
func owner(t *rapid.T, apex string) dnsname.Name {
	l := rapid.SliceOfN(rapid.SampledFrom(testLabels), 0, 3).Draw(t, "labels")
	return name(strings.Join(append(l, apex), "."))
}

func randomZone(t *rapid.T) testZone {
	z := testZone{apex: fmt.Sprintf("case%d.test", zones.Add(1))}
	apex := name(z.apex)
	sets := map[string]estate.RecordSet{}
	add := func(n dnsname.Name, rrtype string, values ...string) {
		ttl := uint32(rapid.IntRange(1, 3).Draw(t, "ttl") * 100)
		rs := estate.RecordSet{Zone: "Z", Name: n, Type: rrtype, TTL: ttl, Values: values}
		sets[rs.Key()] = rs
	}
	has := func(n dnsname.Name, rrtype string) bool {
		_, ok := sets[estate.RecordKey("Z", n, rrtype, "")]
		return ok
	}
	add(apex, "SOA", zoneServer+". hostmaster.test. 1 7200 900 1209600 "+rapid.SampledFrom([]string{"50", "250"}).Draw(t, "minimum"))
	add(apex, "NS", zoneServer+".")
	kinds := []string{"A", "A", "AAAA", "TXT", "MX", "CNAME", "CNAME", "NS", "DS"}
	for range rapid.IntRange(0, 14).Draw(t, "records") {
		n := owner(t, z.apex)
		kind := rapid.SampledFrom(kinds).Draw(t, "type")
		to := func() string { return owner(t, z.apex).FQDN() }
		other := slices.ContainsFunc([]string{"A", "AAAA", "TXT", "MX", "NS", "DS", "SOA"}, func(k string) bool { return has(n, k) })
		if has(n, "CNAME") || kind == "CNAME" && other {
			continue // RFC 1034 section 3.6.2
		}
		switch kind {
		case "A":
			add(n, "A", "192.0.2.1", "192.0.2.2")
		case "AAAA":
			add(n, "AAAA", "2001:db8::1")
		case "TXT":
			add(n, "TXT", `"text"`)
		case "MX":
			add(n, "MX", "10 "+to())
		case "CNAME":
			if rapid.IntRange(0, 4).Draw(t, "outside") == 0 {
				add(n, "CNAME", "www.outside.test.")
			} else {
				add(n, "CNAME", to())
			}
		case "NS", "DS":
			if n == apex || n.IsWildcard() { // no wildcard NS (R5.7)
				continue
			}
			add(n, "NS", slices.Compact(slices.Sorted(slices.Values([]string{to(), "ns.elsewhere.test."})))...)
			if kind == "DS" {
				add(n, "DS", "12345 13 2 "+strings.Repeat("AB", 32))
			}
		}
	}
	for _, rs := range sets {
		z.sets = append(z.sets, rs)
	}
	slices.SortFunc(z.sets, func(a, b estate.RecordSet) int { return strings.Compare(a.Key(), b.Key()) })
	return z
}

// queries asks for names of the zone, names beside and below them, and for the
// types that it has and others.
func (z testZone) queries(t *rapid.T) []*mdns.Msg {
	var out []*mdns.Msg
	for range rapid.IntRange(1, 60).Draw(t, "queries") {
		n := owner(t, z.apex)
		if rapid.Bool().Draw(t, "below") {
			if below, err := n.Child(rapid.SampledFrom([]string{"x", "a", "*", "x.b"}).Draw(t, "label")); err == nil {
				n = below
			}
		}
		qtype := rapid.SampledFrom([]uint16{mdns.TypeA, mdns.TypeAAAA, mdns.TypeTXT, mdns.TypeMX,
			mdns.TypeCNAME, mdns.TypeNS, mdns.TypeDS, mdns.TypeSOA}).Draw(t, "qtype")
		m := new(mdns.Msg)
		m.SetQuestion(presentation(n), qtype)
		m.RecursionDesired = false
		m.SetEdns0(maxUDP, false)
		out = append(out, m)
	}
	return out
}

// normal writes a reply as text, as far as it is compared.
func normal(z testZone, m *mdns.Msg) string {
	if loop(m) {
		return "a CNAME loop\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s aa=%t\n", mdns.RcodeToString[m.Rcode], m.Authoritative)
	section := func(title string, rrs []mdns.RR, keep func(mdns.RR) bool) {
		var lines []string
		for _, rr := range rrs {
			if keep(rr) {
				lines = append(lines, title+" "+strings.Join(strings.Fields(spelling(rr.String())), " "))
			}
		}
		slices.Sort(lines)
		for _, l := range lines {
			b.WriteString(l + "\n")
		}
	}
	all := func(mdns.RR) bool { return true }
	section("answer", m.Answer, all)
	cut := ""
	section("authority", m.Ns, func(rr mdns.RR) bool {
		h := rr.Header()
		if h.Rrtype == mdns.TypeNS && h.Name != z.apex+"." {
			cut = h.Name
		}
		return h.Name == cut || h.Rrtype == mdns.TypeSOA
	})
	section("glue", m.Extra, func(rr mdns.RR) bool { return cut != "" && mdns.IsSubDomain(cut, rr.Header().Name) })
	return b.String()
}

// spelling writes names in one way: lower case, an asterisk as such.
func spelling(s string) string { return strings.ToLower(strings.ReplaceAll(s, `\042`, "*")) }

// loop reports whether the CNAMEs of an answer come back to one of them.
func loop(m *mdns.Msg) bool {
	targets := map[string]string{}
	for _, rr := range m.Answer {
		if c, ok := rr.(*mdns.CNAME); ok {
			targets[spelling(c.Hdr.Name)] = spelling(c.Target)
		}
	}
	at := spelling(m.Question[0].Name)
	for seen := map[string]bool{}; !seen[at]; at = targets[at] {
		if targets[at] == "" {
			return false
		}
		seen[at] = true
	}
	return len(targets) > 0
}
