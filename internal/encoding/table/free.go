package table

import (
	"sort"

	"granary/internal/mem"
)

// Free gives release every entry and frees the table. release may be nil.
func (t *Table) Free(release func(mem.Ref)) {
	for !t.FreeSlice(1<<30, release) {
	}
}

// FreeSlice frees a part of the table, about budget entries, giving each of them to release (which may be
// nil). It returns true when the table is gone; Root is then 0. Between slices Len, Bytes and FreeSlice
// are the only methods that may be called.
func (t *Table) FreeSlice(budget int, release func(mem.Ref)) bool {
	if t.root == 0 {
		return true
	}
	r := t.head()
	for budget > 0 {
		// Segments are freed from the end of the directory, and their words become 0.
		left := t.segmentsLeft()
		if left == 0 {
			t.freeRoot()
			return true
		}
		w, slot := r.own(left - 1)
		budget -= 1 + t.freeEntries(w, budget, release)
		if w.n() > 0 {
			break
		}
		old := *w
		t.retire(slot, old)
		if !r.word.isDirectory() {
			r.word = 0
			continue
		}
		for i := slot; i < left; i++ {
			*wordAt(r.word, i) = 0
		}
	}
	return false
}

// segmentsLeft returns how many indexes of the directory still have a segment.
func (t *Table) segmentsLeft() uint32 {
	r := t.head()
	if !r.word.isDirectory() {
		if r.word == 0 {
			return 0
		}
		return 1
	}
	return uint32(sort.Search(1<<r.depth(), func(i int) bool { return *wordAt(r.word, uint32(i)) == 0 }))
}

// freeEntries takes up to most entries out of a segment, from its end. The states of its buckets keep only
// their counts.
func (t *Table) freeEntries(w *word, most int, release func(mem.Ref)) (freed int) {
	var buf [bucketSlots]mem.Ref
	s := w.segment()
	for i := s.lines; i > 0 && freed < most && w.n() > 0; i-- {
		b := s.at(i - 1)
		if release != nil { // giving an entry back reads it, and what it refers to
			if i > 1 {
				s.at(i - 2).prefetch() // as ahead does
			}
			t.FetchBeyond(b.entries(&buf))
		}
		for b.state.n() > 0 && freed < most {
			b.state--
			*w -= wordOne
			t.head().count--
			freed++
			if release != nil {
				release(b.ref(b.state.n()))
			}
		}
	}
	return freed
}

// freeRoot frees what is left when all segments are gone.
func (t *Table) freeRoot() {
	t.dropPrepared()
	r := t.head()
	d := r.depth()
	if r.expiry != 0 {
		t.release(r.expiry, expiryBytes(d), mem.PurposeExpire)
	}
	if r.word.isDirectory() {
		t.release(r.word.ref(), directoryBytes(d), t.kind.Purpose)
	}
	t.arena.Free(t.root, rootBytes, t.kind.Purpose)
	t.root = 0
}

// Relocate serves compaction: it moves blocks of the table to where the allocator would rather have them, and gives
// every entry to entry, which returns where it is now and may have freed the old one (nil: entries stay). It does
// one bucket per call, without entries one segment, and returns a cursor for the next, which is a position as a cursor of
// Scan is; it begins and ends with 0. What is changed between calls may be left out. It may panic with
// mem.ErrOutOfMemory; the table is whole then.
func (t *Table) Relocate(cursor uint64, entry func(mem.Ref) mem.Ref) uint64 {
	if cursor >= 1<<positionBits {
		return 0
	}
	if cursor == 0 {
		t.relocateCommon()
	}
	r := t.head()
	h := cursor << (64 - positionBits)
	w, slot := r.own(r.slotOf(h))
	home := w.home(h)
	if home == 0 || entry == nil {
		t.relocateSegment(w, slot)
	}
	if entry == nil {
		end := uint64(slot+1<<(r.depth()-w.depth())) << (positionBits - r.depth())
		return end & (1<<positionBits - 1)
	}
	_, to := t.Span(cursor)
	s := w.segment()
	t.relocateBucket(s, home, entry)
	if home == s.homes-1 {
		for i := s.homes; i < s.lines; i++ {
			t.relocateBucket(s, i, entry)
		}
	}
	return to & (1<<positionBits - 1)
}

// relocateCommon is Relocate for the blocks that the table has one of.
func (t *Table) relocateCommon() {
	r := t.head()
	t.movePrepared(&r.next, directoryBytes(r.depth()+1), t.kind.Purpose)
	t.movePrepared(&r.nextExp, expiryBytes(r.depth()+1), mem.PurposeExpire)
	if r.word.isDirectory() {
		if to := t.moveBlock(r.word.ref(), directoryBytes(r.depth()), t.kind.Purpose); to != 0 {
			r.word = makeWord(to, directorySize, r.depth(), 0)
		}
	}
	if r.expiry != 0 {
		if to := t.moveBlock(r.expiry, expiryBytes(r.depth()), mem.PurposeExpire); to != 0 {
			r.expiry = to
		}
	}
}

// movePrepared is Relocate for a block that waits to be used.
func (t *Table) movePrepared(b *prepared, n int, p mem.Purpose) {
	if *b != 0 {
		if to := t.moveBlock(b.ref(), n, p); to != 0 {
			*b = *b&^wordRefMask | prepared(to)
		}
	}
}

// relocateSegment is Relocate for the blocks of a segment.
func (t *Table) relocateSegment(w *word, slot uint32) {
	r := t.head()
	lines := int(sizes[w.size()].lines)
	if to := t.moveBlock(w.ref(), lines*bucketSize, t.kind.Purpose); to != 0 {
		now := makeWord(to, w.size(), w.depth(), w.n())
		if !r.word.isDirectory() {
			r.word = now
		} else {
			for i := range uint32(1) << (r.depth() - w.depth()) {
				*wordAt(r.word, slot+i) = now
			}
		}
	}
	if r.expiry == 0 {
		return
	}
	if c := t.expiry().clock(slot); *c != 0 {
		if to := t.moveBlock(c.ref(), lines*4, mem.PurposeExpire); to != 0 {
			*c = makeClockWord(to, c.base())
		}
	}
}

// relocateBucket is Relocate for the entries of a bucket.
func (t *Table) relocateBucket(s segment, i uint, entry func(mem.Ref) mem.Ref) {
	var buf [bucketSlots]mem.Ref
	b := s.ahead(i)
	es := b.entries(&buf)
	t.FetchBeyond(es)
	for j, e := range es {
		if to := entry(e); to != e {
			b.setRef(uint(j), to)
		}
	}
}

// RelocateRoot does the same for the root block. It reports whether Root has changed.
func (t *Table) RelocateRoot() bool {
	if to := t.moveBlock(t.root, rootBytes, t.kind.Purpose); to != 0 {
		t.root = to
		return true
	}
	return false
}

// moveBlock moves a block if that helps the allocator, and returns where it is then, otherwise 0.
func (t *Table) moveBlock(b mem.Ref, n int, p mem.Purpose) mem.Ref {
	if !mem.ShouldMove(b, n, p) {
		return 0
	}
	to := t.arena.Alloc(n, p)
	copy(mem.Bytes(to, n), mem.Bytes(b, n))
	t.arena.Free(b, n, p)
	return to
}

// ExpireBytes returns the part of Bytes that keeps the order of expiry (PurposeExpire). It looks at every segment.
func (t *Table) ExpireBytes() int64 {
	r := t.head()
	if r.expiry == 0 {
		return 0
	}
	d := r.depth()
	n := int64(mem.Usable(expiryBytes(d)))
	if r.nextExp != 0 {
		n += int64(mem.Usable(expiryBytes(d + 1)))
	}
	x := t.expiry()
	for i := range uint32(1) << d {
		if *x.clock(i) != 0 {
			w, _ := r.own(i)
			n += int64(mem.Usable(int(sizes[w.size()].lines) * 4))
		}
	}
	return n
}

// FindEntry returns the place of an entry whose key has the hash h. Neither its key nor that of any other is read, so the
// entry may have been freed.
func (t *Table) FindEntry(h uint64, e mem.Ref) (Pos, bool) {
	w, slot := t.head().own(t.head().slotOf(h))
	s, home := w.segment(), w.home(h)
	in := func(bkt uint) (Pos, bool) {
		b := s.at(bkt)
		for i := range b.state.n() {
			if b.ref(i) == e {
				return makePos(slot, home, bkt, i), true
			}
		}
		return 0, false
	}
	if p, ok := in(home); ok {
		return p, true
	}
	if s.homes > 1 {
		if p, ok := in(s.next(home)); ok {
			return p, true
		}
	}
	for i := s.homes; i < s.lines; i++ {
		if p, ok := in(i); ok {
			return p, true
		}
	}
	return 0, false
}
