// Package world is the state of the twin: the estate and what only AWS itself
// knows (keys, pending changes, token buckets), its clock, its limits, its
// faults and its log of calls. A World forks at no cost; the forks then change
// apart.
//
// Services meet only here. Not here: protocols (package wire), what a policy
// means (package iam), what a name resolves to (package resolve).
package world

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"sync"
	"time"

	iradix "github.com/hashicorp/go-immutable-radix/v2"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
)

// World is one AWS. Its methods may be called concurrently.
type World struct {
	Clock  clock.Clock
	Limits bool // real AWS quotas and rates; without, none is enforced
	// Functions are what Lambda runs, by name; set before the world is used.
	Functions map[string]Function

	mu    sync.Mutex
	state State
	past  past
	calls int // API calls so far, refused ones included
	log   map[CallKey]*CallCount
	hooks []Hook

	faultsMu sync.Mutex // apart, since faults are taken inside transactions
	faults   []*Fault

	claims claims
	waits  waits

	bucketsMu sync.Mutex // apart, since tokens are taken inside transactions
	buckets   map[string]*bucket
	drained   time.Time // of Drain; zero: never
}

// New makes a world that holds an estate.
func New(c clock.Clock, e estate.Estate) *World {
	w := &World{
		Clock:   c,
		state:   State{Estate: e},
		log:     map[CallKey]*CallCount{},
		buckets: map[string]*bucket{},
	}
	w.state.arrive()
	return w
}

// Fork is an independent copy of the world on a clock of its own, at no cost.
// Faults, hooks and the log stay behind.
func (w *World) Fork(c clock.Clock) *World {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := New(c, estate.Estate{})
	f.Limits, f.Functions = w.Limits, w.Functions
	f.state = w.state.clone()
	w.bucketsMu.Lock()
	defer w.bucketsMu.Unlock()
	for k, b := range w.buckets {
		copied := *b
		f.buckets[k] = &copied
	}
	return f
}

// Reset puts another estate into the world and forgets everything else.
func (w *World) Reset(e estate.Estate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = State{Estate: e}
	w.state.arrive()
	w.past = past{}
	w.calls = 0
	clear(w.log)
	w.ClearFaults()
	w.bucketsMu.Lock()
	defer w.bucketsMu.Unlock()
	clear(w.buckets)
}

// Estate is what the world holds now.
func (w *World) Estate() estate.Estate {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.Now(); w.state.due(now) {
		w.state = w.state.clone()
		w.state.settle(now)
	}
	return w.state.Estate
}

// Update changes the state in one transaction: when f fails, nothing changed.
// Every handler runs inside one; f must not wait.
func (w *World) Update(f func(*State) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := w.state.clone()
	next.settle(w.Now())
	if err := f(&next); err != nil {
		return err
	}
	w.past.remember(w.state, w.Now())
	w.state = next
	return nil
}

// State is what a transaction reads and writes.
type State struct {
	Estate  estate.Estate
	private map[string]any // name -> *iradix.Tree[V] of a service's own
}

func (s State) clone() State {
	s.private = maps.Clone(s.private)
	return s
}

// Private is a persistent map of a service's own, such as the pending changes
// of Route 53. It is part of the State and forks with it, but never of a
// snapshot: secrets belong here.
type Private[V any] struct{ Name string }

func (p Private[V]) tree(s *State) *iradix.Tree[V] {
	if t, ok := s.private[p.Name].(*iradix.Tree[V]); ok {
		return t
	}
	return iradix.New[V]()
}

// Get finds a value.
func (p Private[V]) Get(s *State, key string) (V, bool) { return p.tree(s).Get([]byte(key)) }

// Put adds or replaces a value; whoever got one does not change it in place.
func (p Private[V]) Put(s *State, key string, v V) {
	t, _, _ := p.tree(s).Insert([]byte(key), v)
	p.set(s, t)
}

// Delete removes a value.
func (p Private[V]) Delete(s *State, key string) {
	t, _, _ := p.tree(s).Delete([]byte(key))
	p.set(s, t)
}

// Walk visits the values whose key has the prefix, in key order, until f
// returns false.
func (p Private[V]) Walk(s *State, prefix string, f func(key string, v V) bool) {
	p.tree(s).Root().WalkPrefix([]byte(prefix), func(k []byte, v V) bool { return !f(string(k), v) })
}

func (p Private[V]) set(s *State, t *iradix.Tree[V]) {
	if s.private == nil {
		s.private = map[string]any{}
	}
	s.private[p.Name] = t
}

var counters = Private[int]{"world.counters"}

// ID derives an identifier from account, kind, name and how many of these were
// made before, so that two worlds that were treated alike hold the same
// identifiers. It is n characters of A-Z and 2-7.
func (s *State) ID(account estate.AccountID, kind, name string, n int) string {
	key := string(account) + "/" + kind + "/" + name
	count, _ := counters.Get(s, key)
	counters.Put(s, key, count+1)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", key, count))
	return base32.StdEncoding.EncodeToString(sum[:])[:n]
}

// HexID is ID in hexadecimal digits, as EC2 and ACM use them.
func (s *State) HexID(account estate.AccountID, kind, name string, n int) string {
	sum := sha256.Sum256([]byte(s.ID(account, kind, name, 52)))
	return fmt.Sprintf("%x", sum)[:n]
}

// UUID is ID in the form of a UUID.
func (s *State) UUID(account estate.AccountID, kind, name string) string {
	h := s.HexID(account, kind, name, 32)
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// Now is the world's time.
func (w *World) Now() time.Time { return w.Clock.Now().UTC() }
