package stream

import "granary/internal/mem"

// Relocate serves compaction: it moves blocks of the stream to where the allocator would rather have them, one leaf of
// nodes per call. It returns the cursor for the next, and begins and ends with MinID. Groups are for RelocateGroups. It may
// panic with mem.ErrOutOfMemory; the stream is whole then.
func (s *Stream) Relocate(cursor ID) ID {
	bk := s.books()
	next, more := s.head().nodes.relocate(bk, nodeKind, cursor, func(_ ID, v []byte) {
		r, capacity := nodeRef(v)
		if to := bk.move(r, capacity, mem.PurposeStream); to != 0 {
			putNode(v, to, capacity)
		}
	})
	if !more {
		return MinID
	}
	return next
}

// fewPending is up to how many pending entries a consumer's block is moved with: each of them refers to it.
const fewPending = 256

// GroupCursor is where RelocateGroups has come to. The zero GroupCursor is the beginning.
type GroupCursor struct {
	group    int // how many groups are done
	consumer int // how many consumers of the next one
	id       ID
	what     uint8 // 0: records and names, 1: pending entries, 2: IDs of consumers
	Done     bool
}

// RelocateGroups does the same for groups, one block of names or one leaf per call. Handles of groups and consumers
// are void afterwards.
func (s *Stream) RelocateGroups(cur *GroupCursor) {
	h, bk := s.head(), s.books()
	if cur.group == 0 && cur.what == 0 && cur.consumer == 0 {
		h.groups.relocate(bk)
	}
	p, ok := h.groups.seek(cur.group)
	if !ok {
		cur.Done = true
		return
	}
	g := Group{s.arena, h.groups.get(p)}
	gb := g.books()
	switch cur.what {
	case 0:
		if to := gb.move(g.ref, recordBytes(g.ref), mem.PurposeStreamGroup); to != 0 {
			h.groups.set(p, to)
			g.ref = to
			g.tellGone(to)
			gb = g.books()
		}
		g.head().consumers.relocate(gb)
		cur.what = 1
	case 1:
		next, more := g.head().pending.relocate(gb, pendingKind, cur.id, nil)
		if cur.id = next; !more {
			cur.what, cur.id = 2, MinID
		}
	case 2:
		q, ok := g.head().consumers.seek(cur.consumer)
		if !ok {
			*cur = GroupCursor{group: cur.group + 1}
			return
		}
		c := Consumer{g.head().consumers.get(q)}
		if cur.id.IsZero() {
			c = g.moveConsumer(gb, q, c)
		}
		next, more := c.head().own.relocate(gb, ownKind, cur.id, nil)
		if cur.id = next; !more {
			cur.consumer, cur.id = cur.consumer+1, MinID
		}
	}
}

// moveConsumer moves a consumer's block, if it has few pending entries.
func (g *Group) moveConsumer(bk books, p place, c Consumer) Consumer {
	if c.Pending() > fewPending {
		return c
	}
	to := bk.move(c.ref, recordBytes(c.ref), mem.PurposeStreamGroup)
	if to == 0 {
		return c
	}
	h := g.head()
	h.consumers.set(p, to)
	c = Consumer{to}
	own := &c.head().own
	for at := own.atLeast(ownKind, MinID); at.ok(); at = own.next(ownKind, at) {
		mem.PutRef(h.pending.get(pendingKind, at.key(ownKind)), to)
	}
	return c
}

// RelocateRoot does the same for the root block. It reports whether Root has changed.
func (s *Stream) RelocateRoot() bool {
	if to := s.books().move(s.root, rootBytes, mem.PurposeStream); to != 0 {
		s.root = to
		return true
	}
	return false
}

// seek returns the place of the record with an index.
func (x *names) seek(i int) (place, bool) {
	if uint64(i) >= x.n {
		return place{}, false
	}
	c := 0
	for ; i >= x.chunk(c).n(); c++ {
		i -= x.chunk(c).n()
	}
	return place{c, i}, true
}

// set replaces the Ref of a record.
func (x *names) set(p place, r mem.Ref) { mem.PutRef(x.chunk(p.c).at(p.i), r) }
