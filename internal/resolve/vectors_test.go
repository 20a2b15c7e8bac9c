package resolve

import (
	"slices"
	"testing"
)

// The test vectors of the resolution reference, section 10, as far as sections
// 1, 5a, 5b and 6 decide them. Elsewhere:
//
//	T17, T37, T42-T46   refusals of the API: packages twin/route53 and twin
//	T18-T21, T48-T52    join with section 2 (Profiles)
//	T22-T27, T55, T56   join with section 3 (endpoints) and 7
//	T28-T30             join with section 4 (forwarding paths)
//	T35, T36, T53       join with section 5c (private delegation)
//	T41                 joins with section 7 (VPC Lattice)

var (
	vectorWorld = all(vpc("A"), vpc("HUB"), public("P", "example.com", set1, "www A 1.1.1.1"))
	t2          = phz("PHZ", "example.com", []string{"A"}, "www A 10.0.0.1")
	t12         = all(forward("example.com", "10.9.9.9", "A"), systemRule("acme.example.com", "A"))
	dev         = public("DEV", "dev.example.com", set2, "www A 2.2.2.2")
	t31         = all(record("P", "dev NS "+set2[0]+"., "+set2[1]+"., "+set2[2]+"., "+set2[3]+"."), dev)
	t38         = phz("Z", "z", []string{"A"}, "a CNAME www.example.com")
	t40         = phz("Z", "z", []string{"A"}, "*.app A 10.0.9.8", "x.app TXT \"t\"", "q.b.app A 10.0.9.9")
)

func TestVectors(t *testing.T) {
	type ask struct {
		from, name, qtype, want string
		rules                   []Rule // in the trace
	}
	for _, v := range []struct {
		id    string
		setup change
		asks  []ask
	}{
		{"T1", all(), []ask{{"A", "www.example.com", "A", "1.1.1.1", []Rule{"R1.7"}}}},
		{"T2", t2, []ask{{"A", "www.example.com", "A", "10.0.0.1", []Rule{"R1.9", "R1.27"}}}},
		{"T3", t2, []ask{{"HUB", "www.example.com", "A", "1.1.1.1", []Rule{"R1.30"}}}},
		{"T4", all(t2, record("P", "api A 1.1.1.2")), []ask{{"A", "api.example.com", "A", "NXDOMAIN", []Rule{"R1.23"}}}},
		{"T5", t2, []ask{{"A", "www.example.com", "AAAA", "NODATA", []Rule{"R1.25"}}}},
		{"T6", all(phz("PHZ", "example.com", []string{"A"}, "x.a A 10.0.9.1"), phz("CHILD", "a.example.com", []string{"A"})),
			[]ask{{"A", "x.a.example.com", "A", "NXDOMAIN", []Rule{"R1.24"}}}},
		{"T7", all(t2, forward("example.com", "10.9.9.9", "A")), []ask{{"A", "www.example.com", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.10"}}}},
		{"T8", all(t2, forward("www.example.com", "10.9.9.9", "A")), []ask{{"A", "www.example.com", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.9"}}}},
		{"T9", all(phz("PHZ", "a.example.com", []string{"A"}, "x A 10.0.9.2"), forward("example.com", "10.9.9.9", "A")),
			[]ask{{"A", "x.a.example.com", "A", "10.0.9.2", []Rule{"R1.9"}}}},
		{"T10", all(forward(".", "10.9.9.9", "A"), t2), []ask{
			{"A", "www.example.com", "A", "10.0.0.1", []Rule{"R1.12"}},
			{"A", "foo.org", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.12"}}}},
		{"T11", forward(".", "10.9.9.9", "A"), []ask{
			{"A", "ip-10-0-0-5.eu-west-1.compute.internal", "A", "10.0.0.5", []Rule{"R1.12", "R1.17", "R1.22"}}}},
		{"T12", t12, []ask{
			{"A", "x.acme.example.com", "A", "NXDOMAIN", []Rule{"R1.13", "R1.7"}},
			{"A", "y.example.com", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.9"}}}},
		{"T13", all(t12, phz("PHZ", "example.com", []string{"A"}, "x.acme A 10.0.9.3")), []ask{
			{"A", "x.acme.example.com", "A", "10.0.9.3", []Rule{"R1.13"}}}},
		{"T14", all(vpc("A", noHostnames), t2), []ask{{"A", "www.example.com", "A", "1.1.1.1", []Rule{"R1.4"}}}},
		{"T15", vpc("A", noSupport), []ask{{"A", "www.example.com", "A", "NO_RESPONSE", []Rule{"R1.2"}}}},
		{"T16", all(reverseDisabled("A"), forward(".", "10.9.9.9", "A", "HUB")), []ask{
			{"A", "5.0.0.10.in-addr.arpa", "PTR", "EXTERNAL(10.9.9.9)", []Rule{"R1.21"}},
			{"HUB", "5.0.0.10.in-addr.arpa", "PTR", "ip-10-0-0-5.eu-west-1.compute.internal.", []Rule{"R1.18"}}}},
		{"T31", t31, []ask{{"internet", "www.dev.example.com", "A", "2.2.2.2", []Rule{"R5.3"}}}},
		{"T32", all(t31, record("P", "dev NS "+set3[0]+"., "+set3[1]+".")), []ask{
			{"internet", "www.dev.example.com", "A", "SERVFAIL", []Rule{"R5.6"}}}},
		{"T33", all(t31, without("P", "dev.example.com", "NS")), []ask{
			{"internet", "www.dev.example.com", "A", "NXDOMAIN", []Rule{"R5.5"}}}},
		{"T34", all(t31, record("P", "www.dev A 9.9.9.9")), []ask{
			{"internet", "www.dev.example.com", "A", "2.2.2.2", []Rule{"R5.4"}}}},
		{"T38", t38, []ask{{"A", "a.z", "A", "www.example.com. 1.1.1.1", []Rule{"R6.10"}}}},
		{"T39", all(t38, t2), []ask{{"A", "a.z", "A", "www.example.com. 10.0.0.1", []Rule{"R6.10"}}}},
		{"T40", t40, []ask{
			{"A", "m.n.app.z", "A", "10.0.9.8", []Rule{"R6.13"}},
			{"A", "x.app.z", "A", "NODATA", []Rule{"R1.25"}},
			{"A", "b.app.z", "A", "NODATA", []Rule{"R1.25"}},
			{"A", "y.b.app.z", "A", "NXDOMAIN", []Rule{"R6.14"}}}},
		{"T47", all(vpc("A", noHostnames), forward(".", "10.9.9.9", "A"), t2), []ask{
			{"A", "www.example.com", "A", "EXTERNAL(10.9.9.9)", []Rule{"R1.4"}}}},
		{"T54", all(t31, deleteZone("DEV"), public("DEV2", "dev.example.com", set3, "www A 2.2.2.2")), []ask{
			{"internet", "www.dev.example.com", "A", "SERVFAIL", []Rule{"R5.6"}}}},
	} {
		t.Run(v.id, func(t *testing.T) {
			r := New(build(vectorWorld, v.setup), closed())
			for _, q := range v.asks {
				from := Vantage{VPC: q.from}
				if q.from == "internet" {
					from = Vantage{}
				}
				a := r.Resolve(from, name(q.name), q.qtype)
				if got := short(a); got != q.want {
					t.Errorf("%s: %s %s = %s, want %s", q.from, q.name, q.qtype, got, q.want)
					printTrace(t, a)
				}
				for _, want := range q.rules {
					if !slices.ContainsFunc(a.Trace, func(s Step) bool { return s.Rule == want }) {
						t.Errorf("%s: %s %s: no %s in the trace", q.from, q.name, q.qtype, want)
						printTrace(t, a)
					}
				}
				checkTrace(t, a)
			}
		})
	}
}

// checkTrace holds what every answer promises: it has a trace, and every rule
// in it is described.
func checkTrace(t *testing.T, a Answer) {
	t.Helper()
	if len(a.Trace) == 0 || a.Rule == "" {
		t.Errorf("%s %s has no trace or no rule", a.Name, a.Type)
	}
	for _, s := range a.Trace {
		if s.Rule.Text() == "" || s.Rule.Provenance() == "" {
			t.Errorf("rule %s is not described", s.Rule)
		}
	}
	if a.Rule.Text() == "" {
		t.Errorf("deciding rule %q is not described", a.Rule)
	}
}
