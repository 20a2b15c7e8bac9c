package resolve

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// large is a public zone of 10,000 A records that delegates 1,000 names to zones
// with one A record each, and 100 VPCs with 10 private zones associated with all
// of them.
func large() estate.Estate {
	var ids []string
	var records []string
	for i := range 100 {
		ids = append(ids, fmt.Sprintf("vpc-%03d", i))
	}
	for i := range 10_000 {
		records = append(records, fmt.Sprintf("h%d A 192.0.2.1", i))
	}
	e := build(public("P", "example.com", set1, records...))
	for _, id := range ids {
		vpc(id)(&e)
	}
	for i := range 10 {
		phz(fmt.Sprintf("V%d", i), fmt.Sprintf("corp%d.test", i), ids, "www A 10.0.0.1")(&e)
	}
	for i := range 1000 {
		delegate(i)(&e)
	}
	return e
}

func delegate(i int) change {
	child := fmt.Sprintf("c%d", i)
	return all(record("P", child+" NS "+strings.Join(set2, ", ")), public("Z"+child, child+".example.com", set2, "www A 192.0.2.2"))
}

func benchmark(b *testing.B, from Vantage, host string) {
	r := New(large(), closed())
	n := name(host)
	b.ReportAllocs()
	for b.Loop() {
		if a := r.Resolve(from, n, "A"); !a.Positive() {
			b.Fatal(a)
		}
	}
}

// Each one query over the estate of large.
func BenchmarkPublicName(b *testing.B)    { benchmark(b, Vantage{}, "h5000.example.com") }
func BenchmarkDelegatedName(b *testing.B) { benchmark(b, Vantage{}, "www.c500.example.com") }
func BenchmarkFromVPC(b *testing.B)       { benchmark(b, Vantage{VPC: "vpc-050"}, "www.c500.example.com") }
func BenchmarkPrivateName(b *testing.B)   { benchmark(b, Vantage{VPC: "vpc-050"}, "www.corp5.test") }

// BenchmarkDiff: a delegation added to the estate of large, told by its name:
// two names change for the internet and 100 VPCs.
func BenchmarkDiff(b *testing.B) {
	before := large()
	after := before
	delegate(1000)(&after)
	touched := []dnsname.Name{name("c1000.example.com")}
	b.ReportAllocs()
	for b.Loop() {
		if got := Diff(New(before, closed()), New(after, closed()), touched...); len(got) != 2 {
			b.Fatal(got)
		}
	}
}

// BenchmarkDiffAll: all 1,000 delegations of large added at once.
func BenchmarkDiffAll(b *testing.B) {
	after := large()
	before := after
	for i := range 1000 {
		deleteZone(fmt.Sprintf("Zc%d", i))(&before)
		without("P", fmt.Sprintf("c%d.example.com", i), "NS")(&before)
	}
	touched := Touched(before, after)
	for b.Loop() {
		if got := Diff(New(before, closed()), New(after, closed()), touched...); len(got) != 2000 {
			b.Fatal(len(got))
		}
	}
}

// BenchmarkTouched walks the estate of large, 14,000 record sets, twice.
func BenchmarkTouched(b *testing.B) {
	before := large()
	after := before
	delegate(1000)(&after)
	for b.Loop() {
		if got := Touched(before, after); len(got) != 2 {
			b.Fatal(got)
		}
	}
}

// manyVPCs is a Profile with 20 resources, zones, rules and endpoints, in effect
// in 1,000 VPCs, shared by its owner; two of the rules lead to an inbound
// endpoint in a hub.
func manyVPCs() estate.Estate {
	e := build(vpc("hub"), public("P", "example.com", set1, "www A 1.1.1.1"),
		resolverEndpoint("rslvr-in-1", estate.EndpointInbound, "hub", "10.1.0.10"))
	var ids, arns []string
	for i := range 1000 {
		ids = append(ids, fmt.Sprintf("vpc-%04d", i))
		vpc(ids[i])(&e)
	}
	for i := range 8 {
		id := fmt.Sprintf("V%d", i)
		phz(id, fmt.Sprintf("corp%d.test", i), []string{"hub"}, "www A 10.0.0.1")(&e)
		arns = append(arns, zoneARN(id))
	}
	for i := range 10 {
		id := fmt.Sprintf("vpce-%d", i)
		endpoint(id, "hub", fmt.Sprintf("s%d", i), []string{fmt.Sprintf("s%d.eu-west-1.amazonaws.com", i)})(&e)
		arns = append(arns, endpointARN(id))
	}
	for i := range 2 {
		forward(fmt.Sprintf("hub%d.test", i), "10.1.0.10")(&e)
		phz(fmt.Sprintf("H%d", i), fmt.Sprintf("hub%d.test", i), []string{"hub"}, "www A 10.0.0.2")(&e)
		arns = append(arns, ruleARN("FORWARD", fmt.Sprintf("hub%d.test", i)))
	}
	profile(ids, arns...)(&e)
	return e
}

// BenchmarkProfile: one query each over the estate of manyVPCs.
func BenchmarkProfile(b *testing.B) {
	r := New(manyVPCs(), closed())
	for kind, host := range map[string]string{"zone": "www.corp5.test", "endpoint": "s5.eu-west-1.amazonaws.com", "forward": "www.hub1.test", "public": "www.example.com"} {
		n := name(host)
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if a := r.Resolve(Vantage{VPC: "vpc-0500"}, n, "A"); !a.Positive() {
					b.Fatal(a)
				}
			}
		})
	}
}

// BenchmarkDiffProfile: an endpoint more in the Profile of manyVPCs, found by
// walking both estates: one name changes for 1,000 VPCs.
func BenchmarkDiffProfile(b *testing.B) {
	before := manyVPCs()
	endpoint("vpce-new", "hub", "new", []string{"new.eu-west-1.amazonaws.com"})(&before)
	after := before
	carry("rp-1", endpointARN("vpce-new"), 100)(&after)
	for b.Loop() {
		got := Diff(New(before, closed()), New(after, closed()), Touched(before, after)...)
		if len(got) != 1 || len(got[0].Vantages) != 1000 {
			b.Fatal(got)
		}
	}
}
