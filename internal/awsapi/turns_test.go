package awsapi

import (
	"context"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
)

// TestTurns: who asks while it is read shares the next read; whose context ends takes
// nobody along.
func TestTurns(t *testing.T) {
	c := clock.NewVirtual(start)
	t.Cleanup(c.Enter())
	var list turns[time.Time]
	reads := 0
	read := func(ctx context.Context) (time.Time, error) {
		reads++
		began := c.Now()
		return began, c.Sleep(ctx, time.Second)
	}
	const n = 20
	done := clock.NewMailbox[time.Duration](c)
	for i := range n {
		c.Go(func() {
			asked := start.Add(time.Duration(i) * time.Second / 10)
			_ = c.Sleep(t.Context(), asked.Sub(start))
			began, err := list.next(t.Context(), c, read)
			if err != nil {
				t.Error(err)
			}
			done.Send(began.Sub(asked))
		})
	}
	for range n {
		if late := done.Receive(); late < 0 {
			t.Errorf("an answer is %s older than its question", -late)
		}
	}
	if reads != 3 { // at 0, 1 and 2 seconds
		t.Errorf("%d reads for %d questions in 2 seconds, want 3", reads, n)
	}
	ended, end := context.WithCancel(t.Context())
	c.Go(func() {
		_, err := list.next(ended, c, read)
		if err == nil {
			t.Error("an ended context got an answer")
		}
		done.Send(0)
	})
	c.Go(func() {
		_ = c.Sleep(t.Context(), time.Second/2)
		end()
		if _, err := list.next(t.Context(), c, read); err != nil {
			t.Errorf("beside one that ended: %v", err)
		}
		done.Send(0)
	})
	done.Receive()
	done.Receive()
}
