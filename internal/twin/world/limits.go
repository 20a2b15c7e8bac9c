package world

import "time"

// Rate is a token bucket as AWS documents one: Burst tokens when it is full,
// Refill tokens a second.
type Rate struct{ Burst, Refill float64 }

// bucket is the state of a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
	taken  float64 // in all
}

// Take takes n tokens from the bucket of that name, which starts full, or
// reports that there are too few and takes none. Without Limits it always
// succeeds. It may be called inside a transaction.
func (w *World) Take(name string, r Rate, n float64) bool {
	if !w.Limits {
		return true
	}
	now := w.Now()
	w.bucketsMu.Lock()
	defer w.bucketsMu.Unlock()
	b := w.buckets[name]
	if b == nil {
		b = &bucket{tokens: r.Burst, at: now}
		if !w.drained.IsZero() {
			b.tokens, b.at = 0, w.drained
		}
		w.buckets[name] = b
	}
	b.tokens = min(r.Burst, b.tokens+now.Sub(b.at).Seconds()*r.Refill)
	b.at = now
	if b.tokens+1e-9 < n {
		return false
	}
	b.tokens -= n
	b.taken += n
	return true
}

// Taken is how many tokens were taken from the bucket of that name.
func (w *World) Taken(name string) float64 {
	w.bucketsMu.Lock()
	defer w.bucketsMu.Unlock()
	if b := w.buckets[name]; b != nil {
		return b.taken
	}
	return 0
}

// Drain empties every token bucket, those that nobody drew from yet included:
// the accounts were busy until now.
func (w *World) Drain() {
	w.bucketsMu.Lock()
	defer w.bucketsMu.Unlock()
	w.drained = w.Now()
	clear(w.buckets)
}
