package world

import (
	"context"
	"sync"
	"time"
)

// Await makes the call wait, if it succeeds, for news under a key, such as a
// message in a queue, or until a time; then its handler runs anew, in a
// transaction of its own. A handler itself never waits; it knows by
// [Call.Since] how long it did.
func (c *Call) Await(key string, until time.Time) {
	c.await = &Wait{world: c.World, key: key, until: until}
}

// Waiting is what the call awaits, nil if it does not. The assembly asks inside
// the transaction, so that no news is missed after it, and calls For. What
// comes by itself at next, if anything does, counts as news.
func (c *Call) Waiting(next time.Time, some bool) *Wait {
	w := c.await
	if w == nil {
		return nil
	}
	if some && next.Before(w.until) {
		w.until = next
	}
	w.world.waits.add(w)
	return w
}

// Wait is a call that waits.
type Wait struct {
	world  *World
	key    string
	until  time.Time
	woken  bool
	cancel context.CancelFunc // while For sleeps
}

// waits are the calls that wait, in the order in which they came.
type waits struct {
	mu  sync.Mutex // apart from World's, since news come inside transactions
	all []*Wait
}

func (k *waits) add(w *Wait) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, w)
}

// For waits on the world's clock, for which the call is parked. The error is
// that of ctx.
func (w *Wait) For(ctx context.Context) error {
	sleep, cancel := context.WithCancel(ctx)
	defer cancel()
	k := &w.world.waits
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		for i, other := range k.all {
			if other == w {
				k.all = append(k.all[:i], k.all[i+1:]...)
				break
			}
		}
	}()
	k.mu.Lock()
	w.cancel = cancel
	woken := w.woken
	k.mu.Unlock()
	if !woken {
		// It ends by time, by news, which cancels it, or by ctx.
		_ = w.world.Clock.Sleep(sleep, w.until.Sub(w.world.Now()))
	}
	return ctx.Err()
}

// Wake tells those who wait for a key, or all of them where it is empty, that
// something comes at a time, if that is before they look themselves. It may be
// called inside a transaction: who is woken sees what that did.
func (w *World) Wake(key string, at time.Time) {
	k := &w.waits
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, wait := range k.all {
		if wait.woken || key != "" && key != wait.key || !at.Before(wait.until) {
			continue
		}
		wait.woken = true
		if wait.cancel != nil {
			wait.cancel()
		}
	}
}
