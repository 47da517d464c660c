package object

import (
	"granary/internal/encoding/quicklist"
	"granary/internal/mem"
)

// Lists returns what the large lists of an arena share: buffers, and what was decompressed last. There must be one of them
// only, because it is told of nodes that are freed.
func Lists(a *mem.Arena) *quicklist.Store {
	if st, ok := a.Attached.(*quicklist.Store); ok {
		return st
	}
	st := quicklist.NewStore(a)
	a.Attached = st
	return st
}

// freeList frees about budget nodes of a large list; the root block goes last. It reports how many nodes it freed.
func freeList(a *mem.Arena, e Entry, budget int) (freed int, done bool) {
	l := quicklist.Open(Lists(a), e.Root())
	before := l.Nodes()
	if l.FreeSlice(budget) {
		return before, true
	}
	return before - l.Nodes(), false
}
