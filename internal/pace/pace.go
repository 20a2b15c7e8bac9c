// Package pace holds the one retry loop, and the token buckets by which calls
// to AWS are spread out before AWS refuses them. Every API call of orgdns,
// read or write, goes through [Loop.Call].
//
// AWS's buckets are per account and shared with everybody else there, so a
// share is left for others, and a refusal teaches the loop that the bucket was
// emptier than it thought. Not here: which call costs what, and what an error
// code means (package awsapi).
package pace

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
)

// Cost is what a call takes from one bucket.
type Cost struct {
	Bucket string  // names the bucket within the account: "route53 changes"
	Tokens float64 // taken by the call
	Burst  float64 // tokens in a full bucket
	Refill float64 // tokens a second
}

// Class is what an error of AWS means for the call that got it.
type Class int

const (
	// Final: repeating the call would give the same answer.
	Final Class = iota
	// Throttled: refused for its rate; nothing was done.
	Throttled
	// Busy: refused since another change is under way; nothing was done.
	Busy
	// Doubt: a server fault or a lost answer; it may have been done. Repeating
	// must be safe, so the caller names what it makes.
	Doubt
)

// patience bounds how often one call is repeated, by class. Throttling ends with
// the context, or the caller's own patience: the quota is there, it only takes time.
var patience = map[Class]int{Busy: 40, Doubt: 8}

// share of a bucket's refill that is left for others (settled point 13).
const leftForOthers = 0.05

// Loop paces and repeats calls. The zero Loop is not usable; see [New].
type Loop struct {
	clock clock.Clock
	// Seed tells this process from others that call the same accounts, so that
	// they do not come back together. Set it before the first call.
	Seed string

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// New makes a loop on a clock. Buckets are taken to be full until AWS says
// otherwise.
func New(c clock.Clock) *Loop { return &Loop{clock: c, buckets: map[string]*bucket{}} }

// Call runs do until it succeeds, fails for good, or ctx is done; or until AWS has
// throttled it for longer than most, if that is not zero. Before each try it waits
// for the tokens of costs in the buckets of account.
func (l *Loop) Call(ctx context.Context, account string, costs []Cost, most time.Duration, classify func(error) Class, do func(context.Context) error) error {
	tries := map[Class]int{}
	var throttled time.Time // when it was for the first time
	for {
		if err := l.wait(ctx, account, costs); err != nil {
			return err
		}
		err := do(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		class := classify(err)
		if class == Final {
			return err
		}
		n := tries[class]
		tries[class]++
		if limit, bounded := patience[class]; bounded && n+1 >= limit {
			return fmt.Errorf("given up after %d tries: %w", n+1, err)
		}
		if class == Throttled && n == 0 {
			throttled = l.clock.Now()
		}
		if since := l.clock.Now().Sub(throttled); class == Throttled && most > 0 && since >= most {
			return fmt.Errorf("throttled for %s: %w", since.Round(time.Second), err)
		}
		if class == Throttled && len(costs) > 0 {
			l.refused(account, costs, n)
			continue // wait sleeps until the tokens should be there
		}
		if err := l.clock.Sleep(ctx, backoff(l.Seed+account, class, n)); err != nil {
			return err
		}
	}
}

// backoff doubles from 200 ms to 20 s. Accounts differ a little, so that they
// do not come back together; the same run waits the same.
func backoff(who string, class Class, n int) time.Duration {
	d := min(200*time.Millisecond<<min(n, 7), 20*time.Second)
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%d/%d", who, class, n)
	return d + d*time.Duration(h.Sum32()%256)/1024
}

// wait takes the tokens, going into debt if need be, and sleeps until the debt
// is paid: callers are served in the order in which they came.
func (l *Loop) wait(ctx context.Context, account string, costs []Cost) error {
	var delay time.Duration
	l.mu.Lock()
	now := l.clock.Now()
	for _, c := range costs {
		b := l.bucketLocked(account, c, now)
		b.tokens -= c.Tokens
		if b.tokens < 0 {
			delay = max(delay, time.Duration(-b.tokens/rate(c)*float64(time.Second)))
		}
	}
	l.mu.Unlock()
	err := l.clock.Sleep(ctx, delay)
	if err != nil { // the call is not made
		l.mu.Lock()
		defer l.mu.Unlock()
		now := l.clock.Now()
		for _, c := range costs {
			l.bucketLocked(account, c, now).tokens += c.Tokens
		}
	}
	return err
}

// refused notes that AWS's buckets were emptier than ours: at least one of them
// held less than the call needs, so what it paid for was not there, and is not
// given back. After several refusals in a row somebody else is drinking from
// it, and the wait grows.
func (l *Loop) refused(account string, costs []Cost, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	for _, c := range costs {
		b := l.bucketLocked(account, c, now)
		b.tokens = min(b.tokens, -c.Tokens*float64(min(n, 4)))
	}
}

func (l *Loop) bucketLocked(account string, c Cost, now time.Time) *bucket {
	key := account + "/" + c.Bucket
	b := l.buckets[key]
	if b == nil {
		b = &bucket{tokens: c.Burst, at: now}
		l.buckets[key] = b
	}
	b.tokens = min(c.Burst, b.tokens+now.Sub(b.at).Seconds()*rate(c))
	b.at = now
	return b
}

func rate(c Cost) float64 { return c.Refill * (1 - leftForOthers) }
