package world

import (
	"strings"
	"time"
)

// Reads reports whether the operation only reads, by AWS's way of naming.
func (k CallKey) Reads() bool {
	for _, verb := range []string{"Get", "List", "Describe", "Search", "Head", "Test", "Simulate"} {
		if strings.HasPrefix(k.Operation, verb) {
			return true
		}
	}
	return false
}

// past are the states that stale reads can still see. It is kept only when a
// fault asked for stale reads.
type past struct {
	keep    time.Duration
	entries []pastState // oldest first
}

// pastState is the state that a write at some time replaced.
type pastState struct {
	until time.Time
	state State
}

// remember notes what a write at now replaces, and forgets what nobody can ask
// for any more.
func (p *past) remember(s State, now time.Time) {
	if p.keep == 0 {
		return
	}
	old := 0
	for old < len(p.entries) && !p.entries[old].until.After(now.Add(-p.keep)) {
		old++
	}
	p.entries = append(p.entries[old:], pastState{now, s})
}

// Past runs f on the state as it was before the writes of the last d; what f
// changes is dropped. Writes from before the first stale fault was injected are
// always seen.
func (w *World) Past(d time.Duration, f func(*State) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.state
	since := w.Now().Add(-d)
	for _, e := range w.past.entries {
		if e.until.After(since) {
			s = e.state
			break
		}
	}
	s = s.clone()
	return f(&s)
}
