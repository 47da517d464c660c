package stream

import "granary/internal/mem"

// Free frees the stream and its groups.
func (s *Stream) Free() {
	for !s.FreeSlice(1 << 30) {
	}
}

// FreeSlice frees a part of the stream, about budget nodes, pending entries and consumers. It returns true when the
// stream is gone; Root is then 0. Between slices it is the only method that may be called.
func (s *Stream) FreeSlice(budget int) bool {
	if s.root == 0 {
		return true
	}
	h, bk := s.head(), s.books()
	for h.groups.n > 0 {
		p := h.groups.last()
		g := Group{s.arena, h.groups.get(p)}
		// A group that is taken out is lost to the next slice, so it stays in until it is empty.
		if budget = g.empty(budget); budget == 0 {
			return false
		}
		h.groups.remove(bk, p)
		g.Free()
		budget--
	}
	h.nodes.freeSlice(bk, nodeKind, budget, func(_ ID, v []byte) {
		r, capacity := nodeRef(v)
		bk.free(r, capacity, mem.PurposeStream)
	})
	if h.nodes.n > 0 {
		return false
	}
	s.arena.Free(s.root, rootBytes, mem.PurposeStream)
	s.root = 0
	return true
}

// empty frees up to budget consumers and pending entries of a group and returns what is left of the budget, 0 if it
// may not be empty. Consumers that are gone are left to those who free them.
func (g *Group) empty(budget int) int {
	h, bk := g.head(), g.books()
	if h.gone != 0 {
		g.tellGone(0)
		h.gone, h.goneIDs = 0, 0
	}
	for h.consumers.n > 0 && budget > 0 {
		p := h.consumers.last()
		c := Consumer{h.consumers.get(p)}
		if budget = c.head().own.freeSlice(bk, ownKind, budget, nil); budget == 0 {
			return 0
		}
		h.consumers.remove(bk, p)
		bk.free(c.ref, recordBytes(c.ref), mem.PurposeStreamGroup)
		budget--
	}
	return h.pending.freeSlice(bk, pendingKind, budget, nil)
}
