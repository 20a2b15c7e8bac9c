package twin_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/twin"
)

// BenchmarkCall is one call of the SDK in process, from its input struct to its
// output struct: serialize, sign, verify, decode, authorize, handle, encode,
// deserialize.
func BenchmarkCall(b *testing.B) {
	b.Run("sts/GetCallerIdentity", func(b *testing.B) {
		c := newBench().sts(keys(caller))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.GetCallerIdentity(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("route53/GetHostedZone", func(b *testing.B) {
		c := newBench().route53(keys(caller))
		zone := must[*route53.CreateHostedZoneOutput](b)(createZone(b.Context(), c, "example.com"))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.GetHostedZone(b.Context(), &route53.GetHostedZoneInput{Id: zone.HostedZone.Id}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("route53/ChangeResourceRecordSets/records=%d", n), func(b *testing.B) {
			c := newBench().route53(keys(caller))
			zone := must[*route53.CreateHostedZoneOutput](b)(createZone(b.Context(), c, "example.com"))
			in := &route53.ChangeResourceRecordSetsInput{HostedZoneId: zone.HostedZone.Id, ChangeBatch: &types.ChangeBatch{}}
			for i := range n {
				in.ChangeBatch.Changes = append(in.ChangeBatch.Changes, types.Change{
					Action: types.ChangeActionUpsert,
					ResourceRecordSet: &types.ResourceRecordSet{
						Name: aws.String(fmt.Sprintf("r%d.example.com", i)), Type: types.RRTypeA, TTL: aws.Int64(60),
						ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}},
					}})
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.ChangeResourceRecordSets(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFork is a copy of a world with a thousand zones, and a twin of it.
func BenchmarkFork(b *testing.B) {
	w := newBench()
	c := w.route53(keys(caller))
	for i := range 1000 {
		must[*route53.CreateHostedZoneOutput](b)(createZone(b.Context(), c, fmt.Sprintf("z%d.example", i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		twin.New(w.world.Fork(clock.NewVirtual(start)))
	}
}
