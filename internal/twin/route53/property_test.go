package route53

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// TestBatchesKeepInvariants sends random batches and holds what must be true of
// a zone whatever was accepted: a batch is taken whole or not at all, no CNAME
// stands beside others or at the apex, the record sets of one name and type
// have one routing policy, NS and SOA stand at the apex, the count is right,
// and the list is sorted, complete and without repeats at every page size.
func TestBatchesKeepInvariants(t *testing.T) {
	accepted, total := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		b := newBed(t)
		z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			before := b.world.Estate()
			changes := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) types.Change { return drawChange(rt, b, z) }), 1, 4).Draw(rt, "changes")
			_, err := call(b, changeResourceRecordSets, changesOf(z, changes...))
			after := b.world.Estate()
			total++
			var refusal *types.InvalidChangeBatch
			switch {
			case err == nil:
				accepted++
				checkApplied(rt, after, z, changes)
			case !errors.As(err, &refusal):
				rt.Fatalf("refused with %v", err)
			case len(refusal.Messages) == 0:
				rt.Fatal("refused without a message")
			case before.Records != after.Records:
				rt.Fatalf("refused with %v, but records changed", err)
			}
			checkZone(rt, after, z)
			checkList(rt, b, after, z, rapid.Int32Range(1, 7).Draw(rt, "page"))
		}
	})
	if accepted*20 < total || accepted == total {
		t.Errorf("%d of %d batches were accepted, so one side was hardly tried", accepted, total)
	}
}

// drawChange draws a change that has a fair chance: few names and types, and
// deletions of what is there.
func drawChange(rt *rapid.T, b *bed, zone string) types.Change {
	e := b.world.Estate()
	if there := slices.Collect(e.Records.Prefix(estate.RecordsOf(zone))); rapid.IntRange(0, 2).Draw(rt, "delete") == 0 {
		set := sdkRecord(rapid.SampledFrom(there).Draw(rt, "existing"))
		if rapid.IntRange(0, 5).Draw(rt, "stale") == 0 && set.TTL != nil {
			set.TTL = aws.Int64(*set.TTL + 1)
		}
		return remove(set)
	}
	name := rapid.SampledFrom([]string{"", "a.", "b.", "a-b.", "x.a.", "*.", "*.a."}).Draw(rt, "name") + "example.com"
	var set types.ResourceRecordSet
	switch rapid.IntRange(0, 4).Draw(rt, "type") {
	case 0:
		set = rr(name, "CNAME", 60, rapid.SampledFrom([]string{"a.example.com", "www.example.net"}).Draw(rt, "value"))
	case 1:
		set = rr(name, "TXT", 60, `"x"`)
	case 2:
		set = alias(name, "A", rapid.SampledFrom([]string{"a.example.com", "b.example.com"}).Draw(rt, "target"), zone)
	default:
		set = rr(name, "A", 60, rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2"}).Draw(rt, "value"))
	}
	switch rapid.IntRange(0, 5).Draw(rt, "routing") {
	case 0:
		set = weighted(set, rapid.SampledFrom([]string{"one", "two"}).Draw(rt, "id"), 1)
	case 1:
		set.SetIdentifier, set.Region = aws.String("one"), "eu-west-1"
	}
	return rapid.SampledFrom([]func(types.ResourceRecordSet) types.Change{create, upsert}).Draw(rt, "action")(set)
}

// checkApplied holds that the last change of each record set is what stands.
func checkApplied(rt *rapid.T, e estate.Estate, zone string, changes []types.Change) {
	want := map[string]*types.ResourceRecordSet{}
	for _, ch := range changes {
		set := ch.ResourceRecordSet
		key := estate.RecordKey(zone, dnsname.MustParse(*set.Name), string(set.Type), aws.ToString(set.SetIdentifier))
		want[key] = set
		if ch.Action == types.ChangeActionDelete {
			want[key] = nil
		}
	}
	for key, set := range want {
		rec, ok := e.Records.Get(key)
		if ok != (set != nil) {
			rt.Fatalf("record %q stands: %v", key, ok)
		}
		if ok && set.TTL != nil && (rec.TTL != uint32(*set.TTL) || rec.Values[0] != *set.ResourceRecords[0].Value) {
			rt.Fatalf("record %+v, want %+v", rec, set)
		}
	}
}

func checkZone(rt *rapid.T, e estate.Estate, zone string) {
	z, _ := e.Zones.Get(zone)
	var n int64
	types, policies := map[dnsname.Name][]string{}, map[string]string{}
	for rec := range e.Records.Prefix(estate.RecordsOf(zone)) {
		n++
		if !slices.Contains(types[rec.Name], rec.Type) {
			types[rec.Name] = append(types[rec.Name], rec.Type)
		}
		group := rec.Name.String() + " " + rec.Type
		if p, ok := policies[group]; ok && (p != policy(rec.Routing) || p == "") {
			rt.Fatalf("%s has policies %q and %q", group, p, policy(rec.Routing))
		}
		policies[group] = policy(rec.Routing)
	}
	for name, at := range types {
		if slices.Contains(at, "CNAME") && (len(at) > 1 || name == z.Name) {
			rt.Fatalf("%s has %v", name, at)
		}
	}
	if !slices.Contains(types[z.Name], "NS") || !slices.Contains(types[z.Name], "SOA") {
		rt.Fatalf("the apex has %v", types[z.Name])
	}
	if z.RecordCount != n {
		rt.Fatalf("the zone says that it has %d records, but has %d", z.RecordCount, n)
	}
}

// checkList reads the zone in pages and compares with what stands.
func checkList(rt *rapid.T, b *bed, e estate.Estate, zone string, page int32) {
	in := &sdk.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: &page}
	var got []string
	for {
		out, err := call(b, listResourceRecordSets, in)
		if err != nil {
			rt.Fatal(err)
		}
		for _, r := range out.ResourceRecordSets {
			got = append(got, reversed(*r.Name)+" "+string(r.Type)+" "+aws.ToString(r.SetIdentifier))
		}
		if !out.IsTruncated {
			break
		}
		if len(out.ResourceRecordSets) != int(page) {
			rt.Fatalf("a page of %d, want %d", len(out.ResourceRecordSets), page)
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
	}
	if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		rt.Fatalf("not sorted, or with repeats: %q", got)
	}
	n := 0
	for range e.Records.Prefix(estate.RecordsOf(zone)) {
		n++
	}
	if len(got) != n {
		rt.Fatalf("%d records listed of %d", len(got), n)
	}
}

// reversed writes a name as its order is documented: "com.example.www.", with
// the wildcard's own character.
func reversed(name string) string {
	labels := strings.Split(strings.TrimSuffix(strings.ReplaceAll(name, `\052`, "*"), "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// BenchmarkChangeResourceRecordSets is one batch of 1,000 CREATEs of A records
// into a zone of 9,000, and its rollback: the handler alone, no wire.
func BenchmarkChangeResourceRecordSets(b *testing.B) {
	bed := newBed(b)
	z := bare(bed.zone("example.com").HostedZone.Id, zonePrefix)
	fill(bed, z, 0, 9000)
	in := changesOf(z, records(9000, 1000)...)
	world := bed.world
	b.ReportAllocs()
	for b.Loop() {
		bed.world = world.Fork(bed.clock)
		if _, err := call(bed, changeResourceRecordSets, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/change")
}

// BenchmarkListResourceRecordSets reads a zone of 10,000 records in 34 full
// pages of 300: the handler alone, no wire.
func BenchmarkListResourceRecordSets(b *testing.B) {
	bed := newBed(b)
	z := bare(bed.zone("example.com").HostedZone.Id, zonePrefix)
	fill(bed, z, 0, 9998)
	b.ReportAllocs()
	for b.Loop() {
		in := &sdk.ListResourceRecordSetsInput{HostedZoneId: &z}
		n, pages := 0, 0
		for {
			out, err := call(bed, listResourceRecordSets, in)
			if err != nil {
				b.Fatal(err)
			}
			n, pages = n+len(out.ResourceRecordSets), pages+1
			if !out.IsTruncated {
				break
			}
			in = &sdk.ListResourceRecordSetsInput{HostedZoneId: &z, StartRecordName: out.NextRecordName, StartRecordType: out.NextRecordType}
		}
		if n != 10000 || pages != 34 {
			b.Fatalf("%d records in %d pages", n, pages)
		}
	}
}

// BenchmarkCreateHostedZone makes the 1,000th zone below a parent, each with
// servers that none of its kin has: the handler alone, no wire.
func BenchmarkCreateHostedZone(b *testing.B) {
	bed := newBed(b)
	for i := range 999 {
		bed.zone(fmt.Sprintf("z%d.example.com", i))
	}
	world := bed.world
	b.ReportAllocs()
	for b.Loop() {
		bed.world = world.Fork(bed.clock)
		bed.zone("last.example.com")
	}
}

func records(from, n int) (out []types.Change) {
	for i := range n {
		out = append(out, create(rr(fmt.Sprintf("n%05d.example.com", from+i), "A", 60, "192.0.2.1")))
	}
	return out
}

func fill(b *bed, zone string, from, n int) {
	for ; n > 0; from, n = from+1000, n-1000 {
		b.change(zone, records(from, min(n, 1000))...)
	}
}
