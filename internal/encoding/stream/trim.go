package stream

import (
	"math"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// Delete deletes an entry and reports whether it was there.
func (s *Stream) Delete(id ID) bool {
	h := s.head()
	c := h.nodes.atMost(nodeKind, id)
	if !c.ok() {
		return false
	}
	key, v := c.key(nodeKind), c.value(nodeKind)
	nd := openNode(key, v)
	var e entry
	for p := nd.start; ; p = nd.after(&e) {
		if !nd.more(p) {
			return false
		}
		if e = nd.entry(p); !e.id.Less(id) {
			break
		}
	}
	if e.id != id || e.deleted() {
		return false
	}
	if live, _ := nd.counts(); live == 1 {
		s.freeNode(key, v)
	} else {
		lp := s.recount(&nd, v, -1)
		// The counts lie before the entry and may have become longer or shorter.
		p := e.at + len(lp) - len(nd.lp)
		lp.ReplaceInt(p, e.flags|flagDeleted)
		s.trimBlock(key, v)
	}
	h.length--
	if h.maxDeleted.Less(id) {
		h.maxDeleted = id
	}
	if h.first == id || h.length == 0 {
		s.fixFirst(id)
	}
	return true
}

// recount moves n entries from the live to the deleted ones (n is negative), and returns the listpack.
func (s *Stream) recount(nd *node, v []byte, n int64) listpack.Listpack {
	lp, was := nd.lp, usableIn(v)
	p := lp.First()
	q := p + lp.EntrySize(p)
	live, deleted := integer(lp, p)+n, integer(lp, q)-n
	size := lp.ReplaceDelta(p, listpack.Int(live)) + lp.ReplaceDelta(q, listpack.Int(deleted))
	if size > 0 {
		lp = s.room(lp, v, size, 0)
	}
	s.head().nodes.adjust(nodeKind, nd.key, n, usableIn(v)-was)
	// The live count becomes shorter or stays, so it goes first.
	lp = lp.ReplaceInt(p, live)
	return lp.ReplaceInt(p+lp.EntrySize(p), deleted)
}

// freeNode frees a node and its place in the tree.
func (s *Stream) freeNode(key ID, v []byte) {
	r, capacity := nodeRef(v)
	live := liveIn(v)
	bk := s.books()
	bk.free(r, capacity, mem.PurposeStream)
	nodes := &s.head().nodes
	nodes.adjust(nodeKind, key, -live, 0)
	nodes.remove(bk, nodeKind, key)
	nodes.resum(nodeKind, key, 0)
}

// Trim says what TrimMaxLen and TrimMinID may do.
type Trim struct {
	Approx bool // only whole nodes
	Limit  int  // stop before more than so many entries are deleted, checked node by node; 0: no limit

	// Doomed gets the nodes that are many, to be freed in slices. If it is nil they are freed at once.
	Doomed *Doomed

	oneByOne bool // nodes are taken off one by one, which tests compare with
}

// TrimMaxLen deletes entries from the start until at most n are left, and returns how many it deleted.
func (s *Stream) TrimMaxLen(n uint64, t Trim) int { return s.trim(n, ID{}, t) }

// TrimMinID deletes the entries before id and returns how many it deleted.
func (s *Stream) TrimMinID(id ID, t Trim) int { return s.trim(math.MaxUint64, id, t) }

// trim deletes what both limits demand; one of them demands nothing.
func (s *Stream) trim(most uint64, least ID, t Trim) (deleted int) {
	h := s.head()
	byLen := most != math.MaxUint64
	for taken := 0; h.nodes.n > 0; taken++ {
		if byLen && h.length <= most {
			break
		}
		c := h.nodes.atLeast(nodeKind, MinID)
		key, v := c.key(nodeKind), c.value(nodeKind)
		nd := openNode(key, v)
		live, _ := nd.counts()
		if t.Limit > 0 && int64(deleted)+live > int64(t.Limit) {
			break
		}
		whole := false
		if byLen {
			whole = h.length-uint64(live) >= most
		} else {
			whole = nd.edge().Less(least)
		}
		if whole && taken == fewNodes && (t.Limit == 0 || deleted < t.Limit) && !t.oneByOne {
			// Slow path: what is many is taken off as a whole.
			deleted += s.trimMany(most, least, t, deleted)
			continue
		}
		if whole {
			s.freeNode(key, v)
			h.length -= uint64(live)
			deleted += int(live)
			continue
		}
		if !t.Approx {
			deleted += s.trimNode(nd, v, most, least)
		}
		break
	}
	if h.length == 0 {
		h.first = MinID
	} else if deleted > 0 {
		s.fixFirst(h.first)
	}
	return deleted
}

// trimMany takes all nodes off that go as a whole, and returns how many entries they had. So many have been deleted before.
func (s *Stream) trimMany(most uint64, least ID, t Trim, before int) (deleted int) {
	h := s.head()
	if t.Limit > 0 {
		t.Limit -= before
	}
	length := h.length
	d := s.cutBefore(s.firstStaying(most, least, t))
	if t.Doomed == nil || d.Nodes() <= freeAtOnce {
		for !d.FreeSlice(1 << 30) {
		}
	} else {
		*t.Doomed = d
	}
	return int(length - h.length)
}

// trimNode marks entries of the first node. It may mark all of them; the node stays then, as in Redis.
func (s *Stream) trimNode(nd node, v []byte, most uint64, least ID) int {
	// First count, since the counts may need room.
	h := s.head()
	length, n := h.length, int64(0)
	stop := func(e *entry) bool {
		if most != math.MaxUint64 {
			return length <= most
		}
		return !e.id.Less(least)
	}
	for p := nd.start; nd.more(p); {
		e := nd.entry(p)
		if stop(&e) {
			break
		}
		if !e.deleted() {
			n++
			length--
		}
		p = nd.after(&e)
	}
	if n == 0 {
		return 0
	}
	nd = readMaster(nd.key, s.recount(&nd, v, -n))
	left := n
	for p := nd.start; left > 0; {
		e := nd.entry(p)
		if !e.deleted() {
			nd.lp = nd.lp.ReplaceInt(p, e.flags|flagDeleted)
			e = nd.entry(p) // flags from outside may have taken more bytes
			left--
		}
		p = nd.after(&e)
	}
	s.trimBlock(nd.key, v)
	h.length -= uint64(n)
	return int(n)
}
