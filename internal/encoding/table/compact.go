package table

import "granary/internal/mem"

// Room that a table keeps and does not need. Deleting shrinks segments and merges them, but not every time: an attempt in
// twenty fails, memory may have been out, and a neighbour may have been too full at the time. The block that is taken
// ahead for a larger directory (prepare.go) stays when keys go and the directory need not double any more. Compact tries
// all of that again.

// Spare is what Compact found in a part of the table, in usable bytes.
type Spare struct {
	Bytes int64 // that could be given back, before Compact gave any back
	Freed int64 // that were
	Count int   // segments that are larger than they need be, and blocks that nobody needs
}

func (s *Spare) add(was, is int64) {
	if was > is {
		s.Bytes += was - is
		s.Count++
	}
}

// Compact looks at the segment of the cursor, and with act gives back what it does not need. It returns the next cursor; it
// begins and ends with 0. Entries do not move, and a Scan loses nothing. One call takes some tens of microseconds.
func (t *Table) Compact(cursor uint64, act bool) (next uint64, s Spare) {
	if cursor >= 1<<positionBits {
		return 0, s
	}
	before := t.Bytes()
	r := t.head()
	if cursor == 0 && (r.next != 0 || r.nextExp != 0) && !t.growing() {
		n := t.preparedBytes()
		s.add(n, 0)
		if act {
			t.dropPrepared()
		}
	}
	h := cursor << (64 - positionBits)
	w, slot := r.own(r.slotOf(h))
	end := t.endOf(slot)
	switch size, merge := t.target(slot); {
	case merge:
		d := w.depth()
		buddy, other := r.own(slot ^ 1<<(r.depth()-d))
		if slot > other {
			break // the lower one of the two was looked at, and there was no memory, or no room
		}
		is := sizeFor(w.n()+buddy.n(), smallestAt(d-1))
		s.add(t.segmentUsable(slot)+t.segmentUsable(other), t.usableAs(slot, is))
		end = t.endOf(other)
		if act {
			t.tryMerge(slot)
			_, slot = r.own(r.slotOf(h))
			end = t.endOf(slot)
		}
	case size < w.size():
		s.add(t.segmentUsable(slot), t.usableAs(slot, size))
		if act {
			t.trySmaller(slot, size)
		}
	}
	s.Freed = before - t.Bytes()
	return end & (1<<positionBits - 1), s
}

// endOf returns the position behind a segment.
func (t *Table) endOf(slot uint32) uint64 {
	r := t.head()
	w, slot := r.own(slot)
	return uint64(slot+1<<(r.depth()-w.depth())) << (positionBits - r.depth())
}

// segmentUsable returns the usable bytes of a segment and of its clock, usableAs what they would be with another size.
func (t *Table) segmentUsable(slot uint32) int64 {
	w, _ := t.head().own(slot)
	return t.usableAs(slot, w.size())
}

func (t *Table) usableAs(slot uint32, size uint) int64 {
	lines := int(sizes[size].lines)
	n := int64(mem.Usable(lines * bucketSize))
	if t.head().expiry != 0 && *t.expiry().clock(slot) != 0 {
		n += int64(mem.Usable(lines * 4))
	}
	return n
}

// growing tells whether the directory is as near to doubling as it was when the next one was prepared.
func (t *Table) growing() bool {
	r := t.head()
	d := r.depth()
	return d >= prepareDepth && r.count>>lenBits >= 3<<(d-2)/2
}

// preparedBytes returns the usable bytes of the blocks that wait for a larger directory.
func (t *Table) preparedBytes() (n int64) {
	r := t.head()
	if r.next != 0 {
		n += int64(mem.Usable(directoryBytes(r.depth() + 1)))
	}
	if r.nextExp != 0 {
		n += int64(mem.Usable(expiryBytes(r.depth() + 1)))
	}
	return n
}

// target returns the size that a segment would have if it were shrunk now, or that it would go together with its
// neighbour. The bounds are those of Delete, so that what is compacted does not grow again with the next few inserts.
func (t *Table) target(slot uint32) (size uint, merge bool) {
	r := t.head()
	w, slot := r.own(slot)
	d := w.depth()
	if d > 0 {
		buddy, _ := r.own(slot ^ 1<<(r.depth()-d))
		if buddy.depth() == d && w.n()+buddy.n() <= mergeMost {
			return 0, true
		}
	}
	size = w.size()
	for least := smallestAt(d); size > least && w.n() <= int(sizes[size].shrink); {
		size--
	}
	return size, false
}

// smallestAt returns the smallest size of segments of a depth.
func smallestAt(depth uint) uint {
	if depth == 0 {
		return 0
	}
	return firstFull
}

// sizeFor returns the size that a rebuild takes for n entries.
func sizeFor(n int, least uint) uint {
	for least < lastSize && n > int(sizes[least].fill) {
		least++
	}
	return least
}

// Blocks calls fn for the blocks of the table, grouped by role and requested size, with how many there are: the root, the
// directory, segments, and what keeps the order of expiry. It looks at every segment.
func (t *Table) Blocks(fn func(role string, p mem.Purpose, requested int, count int64)) {
	r := t.head()
	p := t.kind.Purpose
	fn("root", p, rootBytes, 1)
	if r.word.isDirectory() {
		fn("table directory", p, directoryBytes(r.depth()), 1)
	}
	if r.next != 0 {
		fn("next table directory", p, directoryBytes(r.depth()+1), 1)
	}
	if r.nextExp != 0 {
		fn("next order of expiry", mem.PurposeExpire, expiryBytes(r.depth()+1), 1)
	}
	if r.expiry != 0 {
		fn("order of expiry", mem.PurposeExpire, expiryBytes(r.depth()), 1)
	}
	var segments, clocks [lastSize + 1]int64
	r.segments(func(slot uint32, w *word) bool {
		segments[w.size()]++
		if r.expiry != 0 && *t.expiry().clock(slot) != 0 {
			clocks[w.size()]++
		}
		return true
	})
	for size, n := range segments {
		if n > 0 {
			fn("table segments", p, int(sizes[size].lines)*bucketSize, n)
		}
	}
	for size, n := range clocks {
		if n > 0 {
			fn("order of expiry of a segment", mem.PurposeExpire, int(sizes[size].lines)*4, n)
		}
	}
}

// Due gives fn entries whose time has come at now, from the segment of the cursor, and returns the next cursor; it begins
// and ends with 0. Only segments that may have such entries are read. fn changes nothing.
func (t *Table) Due(cursor uint64, now int64, fn func(mem.Ref)) (next uint64) {
	r := t.head()
	if cursor >= 1<<positionBits || r.expiry == 0 || *t.expiry().node(1) > now {
		return 0
	}
	x := t.expiry()
	for slot := r.slotOf(cursor << (64 - positionBits)); slot < 1<<r.depth(); {
		w, own := r.own(slot)
		slot = own + 1<<(r.depth()-w.depth())
		c := x.clock(own)
		if *x.leaf(own) > now || *c == 0 {
			continue
		}
		s := w.segment()
		for i := range s.lines {
			if c.bound(*clockAt(c.first(), i)) > now {
				continue
			}
			b := s.at(i)
			for j := range b.state.n() {
				if b.state.expire(j) && t.kind.Expire(b.ref(j)) <= now {
					fn(b.ref(j))
				}
			}
		}
		return uint64(slot) << (positionBits - r.depth()) & (1<<positionBits - 1)
	}
	return 0
}
