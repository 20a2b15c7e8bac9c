package world

import (
	"fmt"
	"time"
)

// Agenda holds what is to come, by its time; what comes at one moment, in the
// order of its keys. It is part of the State, as [Private] is.
type Agenda[V any] struct{ Name string }

// agendaTime is a form of times that sorts as they do.
const agendaTime = "2006-01-02T15:04:05.000000000"

func (a Agenda[V]) table() Private[V] { return Private[V](a) }

// Put adds what comes at a time under a key, and replaces what does already.
func (a Agenda[V]) Put(s *State, at time.Time, key string, v V) {
	a.table().Put(s, at.UTC().Format(agendaTime)+" "+key, v)
}

// Add is Put under a key that keeps the order in which it was called.
func (a Agenda[V]) Add(s *State, at time.Time, v V) {
	n, _ := counters.Get(s, a.Name)
	counters.Put(s, a.Name, n+1)
	a.Put(s, at, fmt.Sprintf("%012d", n), v)
}

// Next is when something comes for the first time.
func (a Agenda[V]) Next(s *State) (time.Time, bool) {
	key, _, ok := a.table().tree(s).Root().Minimum()
	if !ok {
		return time.Time{}, false
	}
	at, err := time.Parse(agendaTime, string(key[:len(agendaTime)]))
	return at, err == nil
}

// Take takes away the first of what has come by now.
func (a Agenda[V]) Take(s *State, now time.Time) (at time.Time, v V, ok bool) {
	if at, ok = a.Next(s); !ok || at.After(now) {
		return at, v, false
	}
	key, v, _ := a.table().tree(s).Root().Minimum()
	a.table().Delete(s, string(key))
	return at, v, true
}
