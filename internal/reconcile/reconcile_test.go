package reconcile

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
)

// TestAsTheyCome: what is done within a moment is taken together, and waits for nothing
// else; nor does what comes later for what was taken before it.
func TestAsTheyCome(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		took []time.Duration // what each takes
		take time.Duration   // how long what is taken is worked on
		want []string
		ends time.Duration
	}{
		{"none", nil, 0, nil, 0},
		{"all at once", []time.Duration{300 * ms, 100 * ms, 200 * ms}, 0, []string{"[0 1 2] at 300ms"}, 300 * ms},
		{"one is late", []time.Duration{20 * time.Second, 100 * ms, 200 * ms}, 0, []string{"[1 2] at 1s", "[0] at 20s"}, 20 * time.Second},
		{"what was taken takes long", []time.Duration{100 * ms, 1500 * ms, 2500 * ms}, time.Minute, []string{"[0] at 1s", "[1] at 2s", "[2] at 2.5s"}, 62500 * ms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			v := clock.NewVirtual(begin)
			defer v.Enter()()
			var mu sync.Mutex
			var got []string
			asTheyCome(context.Background(), clock.Inside(v), len(tt.took), func(i int) {
				if err := v.Sleep(context.Background(), tt.took[i]); err != nil {
					t.Error(err)
				}
			}, func(done []int) {
				if len(done) == 0 {
					return
				}
				mu.Lock()
				got = append(got, fmt.Sprint(done, " at ", v.Now().Sub(begin)))
				mu.Unlock()
				if err := v.Sleep(context.Background(), tt.take); err != nil {
					t.Error(err)
				}
			})
			if !slices.Equal(got, tt.want) || v.Now().Sub(begin) != tt.ends {
				t.Errorf("taken %q, over after %s; want %q, %s", got, v.Now().Sub(begin), tt.want, tt.ends)
			}
		})
	}
}

// TestAsTheyComeEnds: who does not wait any more still takes what is done.
func TestAsTheyComeEnds(t *testing.T) {
	v := clock.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	defer v.Enter()()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var got []int
	asTheyCome(ctx, clock.Inside(v), 2, func(int) {}, func(done []int) { got = append(got, done...) })
	if !slices.Equal(got, []int{0, 1}) {
		t.Errorf("taken %v", got)
	}
}
