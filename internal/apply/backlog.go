package apply

import "container/heap"

// backlog is what is ready and waits for its account, or for a zone in which a
// call is under way. There may be thousands, so only those are looked at again
// that wait for what has become free.
type backlog map[string]*byIndex

func (b backlog) add(waitsFor string, n *node) {
	if b[waitsFor] == nil {
		b[waitsFor] = &byIndex{}
	}
	heap.Push(b[waitsFor], n)
}

// freed starts what waits for an account or a zone, as long as that is free.
// What stands together in the plan is finished together: an authorization is
// withdrawn before the next one is made.
func (r *run) freed(what string, free func() bool) {
	waiting := r.backlog[what]
	for waiting != nil && waiting.Len() > 0 && !r.stopped && free() {
		r.start(heap.Pop(waiting).(*node))
	}
}

// byIndex is a heap of changes in the order of the plan.
type byIndex []*node

func (h byIndex) Len() int           { return len(h) }
func (h byIndex) Less(i, j int) bool { return h[i].index < h[j].index }
func (h byIndex) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byIndex) Push(n any)        { *h = append(*h, n.(*node)) }
func (h *byIndex) Pop() any {
	old := *h
	n := old[len(old)-1]
	*h = old[:len(old)-1]
	return n
}
