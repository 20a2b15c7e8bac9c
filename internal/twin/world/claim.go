package world

import "sync"

// claims are the names that calls have which did their work and were not
// answered yet, since their answer is slow.
type claims struct {
	mu    sync.Mutex // apart from World's, since names are claimed inside transactions
	names map[string]bool
}

// Claim reports whether no unanswered call has the name, and marks it as this
// call's. It is for what AWS does one at a time, such as the changes of a zone.
func (c *Call) Claim(name string) bool {
	c.claimed = append(c.claimed, name)
	k := &c.World.claims
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.names[name]
}

// Hold keeps what the call claimed until it is answered. The assembly calls it
// inside the transaction of a call whose answer is slow; any other is as good as
// answered when its transaction ends.
func (c *Call) Hold() (answered func()) {
	k := &c.World.claims
	set := func(to bool) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.names == nil {
			k.names = map[string]bool{}
		}
		for _, name := range c.claimed {
			k.names[name] = to
		}
	}
	set(true)
	return func() { set(false) }
}
