package twintest

import (
	"fmt"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// BenchmarkFollow is the work of one event in a zone that has many names: a service is
// made or removed, read, planned and written. The twin's share is in it.
func BenchmarkFollow(b *testing.B) {
	for _, n := range []int{50, 5_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := lattices(b, 20)
			r.start.Quotas.Put(estate.Quota{Account: network, Code: "MAX_RRSETS_BY_ZONE", ID: latticeZone, Value: 40_000})
			w := r.world()
			defer w.Clock.Enter()()
			var list []estate.LatticeService
			for i := range n {
				list = append(list, serviceOf(team(i%20), i, fmt.Sprintf("s%05d.svc.corp.internal", i), w.Now()))
			}
			services(b, w, list)
			k := reconcile.NewKeeper(r.process(w, nil).Pass)
			swept(b, k)
			one := serviceOf(team(0), n, "one.svc.corp.internal", w.Now())
			b.ResetTimer()
			for i := range b.N {
				if i%2 == 0 {
					services(b, w, []estate.LatticeService{one})
				} else {
					services(b, w, nil, one.ARN)
				}
				if got := follow(b, k, one)[one.ARN]; got.Err != nil || got.Serves != (i%2 == 0) {
					b.Fatalf("%+v", got)
				}
			}
		})
	}
}
