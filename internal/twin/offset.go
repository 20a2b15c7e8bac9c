package twin

import (
	"slices"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
)

// offsetTime is wall time plus an offset that only grows: the time of a twin
// that runs as a server (settled points, 11).
type offsetTime struct {
	mu       sync.Mutex
	offset   time.Duration
	sleepers []sleeper
}

// sleeper is a wait that an advance can end early.
type sleeper struct {
	until time.Time
	wake  chan time.Time // buffered
	timer *time.Timer
}

// clock is the time as a Clock.
func (o *offsetTime) clock() clock.Clock { return clock.Wall(o.now, o.after) }

func (o *offsetTime) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.nowLocked()
}

func (o *offsetTime) nowLocked() time.Time { return time.Now().Add(o.offset) }

// after is time.After on this time.
func (o *offsetTime) after(d time.Duration) <-chan time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := sleeper{until: o.nowLocked().Add(d), wake: make(chan time.Time, 1)}
	s.timer = time.AfterFunc(d, func() { o.advance(0) })
	o.sleepers = append(o.sleepers, s)
	return s.wake
}

// advance moves time forward and wakes who slept until then.
func (o *offsetTime) advance(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.offset += d
	now := o.nowLocked()
	o.sleepers = slices.DeleteFunc(o.sleepers, func(s sleeper) bool {
		if left := s.until.Sub(now); left > 0 {
			s.timer.Reset(left)
			return false
		}
		s.timer.Stop()
		s.wake <- now
		return true
	})
}
