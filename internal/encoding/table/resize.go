package table

import (
	"unsafe"

	"granary/internal/mem"
)

// moved is an entry on its way into a rebuilt segment.
type moved struct {
	h    uint64
	e    mem.Ref
	bits state // slotExpire or 0
}

// built is a segment that is complete but not yet part of the table.
type built struct {
	word  word
	clock clockWord
	first int64 // earliest expiry
}

// reserve holds the blocks allocated for a change, and gives them back unless the change was made.
// So running out of memory half way changes nothing.
// NB: it has no slice. What is appended to one escapes, and with it the Table, which is made on the stack for every command.
type reserve struct {
	t    *Table
	n    int
	list [mostReserved]reserved
}

// mostReserved is what a split takes that goes down all levels: two blocks for each segment, one for the directory, one for expiry.
const mostReserved = 2*(maxDepth+1<<spread) + 2

type reserved struct {
	r mem.Ref
	n int
	p mem.Purpose
}

func (v *reserve) alloc(n int, p mem.Purpose) mem.Ref {
	if v.n == len(v.list) {
		panic(mem.ErrOutOfMemory)
	}
	b := reserved{v.t.alloc(n, p), n, p}
	v.list[v.n] = b
	v.n++
	return b.r
}

// used says that the change was made: the blocks are the table's.
func (v *reserve) used() { v.n = 0 }

// drop gives back what was allocated last, until only keep blocks are left.
func (v *reserve) drop(keep int) {
	for v.n > keep {
		v.n--
		b := v.list[v.n]
		v.t.release(b.r, b.n, b.p)
	}
}

// gatherAhead is how many entries are on their way while gather hashes the one before them.
const gatherAhead = 16

// gather appends the entries of a segment with their hashes. It asks for entries some buckets before it hashes their keys, so that
// the processor fetches many of them at a time.
func (t *Table) gather(w word, es []moved) []moved {
	s := w.segment()
	hashed := len(es)
	for i := range s.lines {
		b := s.at(i)
		b.prefetch()
		for j := range b.state.n() {
			m := moved{e: b.ref(j)}
			if b.state.expire(j) {
				m.bits = slotExpire
			}
			es = append(es, m)
		}
		if until := len(es) - gatherAhead; until > hashed {
			t.rehash(es[hashed:until])
			hashed = until
		}
	}
	t.rehash(es[hashed:])
	return es
}

// rehash hashes the keys of entries, which the table does not keep.
func (t *Table) rehash(es []moved) {
	for i := range es {
		m := &es[i]
		m.h = Hash(t.kind.Key(m.e))
	}
}

// build makes a segment of at least the given size for the entries. It returns false if they do not fit
// into the largest one.
func (t *Table) build(v *reserve, es []moved, depth, size uint) (built, bool) {
	for size < lastSize && len(es) > int(sizes[size].fill) {
		size++
	}
	for ; size <= lastSize; size++ {
		n := int(sizes[size].lines) * bucketSize
		keep := v.n
		out := built{word: makeWord(v.alloc(n, t.kind.Purpose), size, depth, len(es)), first: never}
		s := out.word.segment()
		clear(unsafe.Slice((*byte)(s.p), n))
		if !t.fill(out.word, s, es) {
			v.drop(keep)
			continue
		}
		t.wind(v, &out, s)
		return out, true
	}
	return built{}, false
}

// fill places the entries into an empty segment; false if there is no room.
func (t *Table) fill(w word, s segment, es []moved) bool {
	for i := range es {
		m := &es[i]
		bkt, j, ok := s.place(w.home(m.h), m.h, m.e, nil)
		if !ok {
			return false
		}
		s.at(bkt).state |= m.bits << (j & 31)
	}
	return true
}

// wind gives a built segment its clock, if anything in it expires.
func (t *Table) wind(v *reserve, out *built, s segment) {
	if out.first = t.firstIn(s); out.first != never {
		out.clock = makeClockWord(v.alloc(int(s.lines)*4, mem.PurposeExpire), 0)
		t.setClock(&out.clock, s, out.first)
	}
}

// install makes a built segment responsible for its part of the directory, from index slot on. What was
// there before has been freed or is freed by the caller.
func (t *Table) install(slot uint32, b built) {
	r := t.head()
	if !r.word.isDirectory() {
		r.word = b.word
	} else {
		for i := range uint32(1) << (r.depth() - b.word.depth()) {
			*wordAt(r.word, slot+i) = b.word
		}
	}
	if r.expiry != 0 {
		x := t.expiry()
		*x.clock(slot) = b.clock
		x.set(slot, b.first)
	}
}

// retire frees a segment and its clock.
func (t *Table) retire(slot uint32, w word) {
	lines := int(sizes[w.size()].lines)
	t.release(w.ref(), lines*bucketSize, t.kind.Purpose)
	if t.head().expiry != 0 {
		if c := t.expiry().clock(slot); *c != 0 {
			t.release(c.ref(), lines*4, mem.PurposeExpire)
			*c = 0
		}
	}
}

// grow inserts m where it does not fit: into the next size of its segment, or into a part of it.
func (t *Table) grow(slot uint32, m moved) {
	t.prepare()
	var buf [maxEntries + 1]moved
	w, slot := t.head().own(slot)
	es := append(t.gather(*w, buf[:0]), m)
	d := min(uint(t.plan.depth), w.depth()+spread)
	if d <= w.depth() {
		if w.size() < lastSize && t.rebuild(slot, *w, es, max(w.size()+1, uint(t.plan.size))) {
			return
		}
		d = w.depth() + 1
	}
	t.split(slot, *w, es, d)
}

// rebuild makes a segment of at least the given size for es; false if no size holds them.
func (t *Table) rebuild(slot uint32, w word, es []moved, size uint) bool {
	v := reserve{t: t}
	defer v.drop(0)
	b, ok := t.build(&v, es, w.depth(), size)
	if !ok {
		return false
	}
	v.used()
	t.retire(slot, w)
	t.install(slot, b)
	return true
}

// split makes two segments of one, or more until they are of the given depth. A half that one segment cannot hold is split
// again, and so on. By chance that hardly ever happens; keys that come in the order of their hashes, as those of another table
// do, get there all the time:
//
//	depth 0                      | 36 of a million keys, all in the first bucket                               |
//	depth 1                      |                          | -                                                |
//	...                          |            | -           | -
//	depth 11                     | 20 | 16    | -           | -
//
// The next keys fill the empty segments one after the other, and in the end the table is as if they had come in any order.
// It is one change: the directory is made as deep as needed at once, which writes no more than the doublings on the way to a
// table of so many keys. A key is refused, as when there is no memory for it, if its segment would have to be deeper than
// maxDepth: some forty keys have hashes of which the first 28 bits are the same.
func (t *Table) split(slot uint32, w word, es []moved, depth uint) {
	v := reserve{t: t}
	defer v.drop(0)
	var buf [1 << spread]built
	parts := t.halve(&v, buf[:0], es, w.depth(), depth)
	r := t.head()
	d := r.depth()
	for _, b := range parts {
		d = max(d, b.word.depth())
	}
	if d > r.depth() {
		slot <<= d - r.depth()
		t.deepen(&v, d)
	}
	v.used()
	t.retire(slot, w)
	for _, b := range parts {
		t.install(slot, b)
		slot += 1 << (d - b.word.depth())
		if b.word.depth() == d {
			r.count += oneDeep
		}
	}
}

// halve appends to parts the segments of both halves of a segment, of the lower one first. They are of the depth to or deeper.
// NB: it does not call itself. Whatever does has its arguments escape, and a Table is made on the stack for every command.
func (t *Table) halve(v *reserve, parts []built, es []moved, depth, to uint) []built {
	var left [maxDepth + 1]unbuilt // the lowest last
	left[0] = unbuilt{es, depth}
	for n := 1; n > 0; {
		n--
		u := left[n]
		if u.depth >= to {
			if b, ok := t.build(v, u.es, u.depth, t.plan.sizeAt(u.depth)); ok {
				parts = append(parts, b)
				continue
			}
		}
		if u.depth == maxDepth {
			panic(mem.ErrOutOfMemory)
		}
		// The entries of the lower half first.
		low := 0
		for i := range u.es {
			if u.es[i].h<<u.depth>>63 == 0 {
				u.es[i], u.es[low] = u.es[low], u.es[i]
				low++
			}
		}
		left[n], left[n+1] = unbuilt{u.es[low:], u.depth + 1}, unbuilt{u.es[:low], u.depth + 1}
		n += 2
	}
	return parts
}

// unbuilt is a part of a segment that is being split.
type unbuilt struct {
	es    []moved
	depth uint
}

// deepen makes a directory of the given depth, which is more than it has, or the first one. No segment is then as deep as the
// directory. What it reserves is in use when it returns.
func (t *Table) deepen(v *reserve, depth uint) {
	r := t.head()
	d := r.depth()
	var dir, block mem.Ref
	// What was prepared is for one level, and comes last: it is lost if there is no memory for the other.
	ahead := depth == d+1
	if !ahead || r.next == 0 {
		dir = v.alloc(directoryBytes(depth), t.kind.Purpose)
	}
	if r.expiry != 0 && (!ahead || r.nextExp == 0) {
		block = v.alloc(expiryBytes(depth), mem.PurposeExpire)
	}
	if dir == 0 {
		dir = r.next.take()
	}
	if r.expiry != 0 && block == 0 {
		block = r.nextExp.take()
	}
	t.dropPrepared()
	now := makeWord(dir, directorySize, depth, 0)
	to := unsafe.Slice(wordAt(now, 0), 1<<depth)
	for i := range uint32(1) << d {
		w := *wordOrRoot(r, i)
		for j := range uint32(1) << (depth - d) {
			to[i<<(depth-d)+j] = w
		}
	}
	if block != 0 {
		t.expiry().deepen(expiryBlock{mem.Ptr(block), depth})
		t.release(r.expiry, expiryBytes(d), mem.PurposeExpire)
		r.expiry = block
	}
	if r.word.isDirectory() {
		t.release(r.word.ref(), directoryBytes(d), t.kind.Purpose)
	}
	r.word = now
	r.count &= lenMask
}

// wordOrRoot returns the word at an index of the directory, or the only one.
func wordOrRoot(r *rootBlock, slot uint32) *word {
	if r.word.isDirectory() {
		return wordAt(r.word, slot)
	}
	return &r.word
}

// shrink takes a segment that has become sparse to a smaller size, or merges it with its neighbour. Without
// memory to do so it leaves things as they are: deleting never fails.
func (t *Table) shrink(slot uint32) {
	w, slot := t.head().own(slot)
	least := uint(firstFull)
	if w.depth() == 0 {
		least = 0
	}
	size := w.size()
	for size > least && w.n() <= int(sizes[size].shrink) {
		size--
	}
	switch {
	case size < w.size():
		// One attempt in twenty fails, because entries are spread unevenly: not every delete tries again.
		if w.n()%8 == 0 {
			t.trySmaller(slot, size)
		}
	case w.depth() > 0 && w.n()%8 == 0: // it may fail too: of the two halves of what had to be split again and again
		t.tryMerge(slot)
	}
}

func (t *Table) trySmaller(slot uint32, size uint) {
	defer ignoreOutOfMemory()
	var buf [maxEntries]moved
	w, _ := t.head().own(slot)
	v := reserve{t: t}
	defer v.drop(0)
	old := *w
	b, ok := t.build(&v, t.gather(old, buf[:0]), old.depth(), size)
	if !ok || b.word.size() >= old.size() {
		return
	}
	v.used()
	t.retire(slot, old)
	t.install(slot, b)
}

// tryMerge merges a segment with the other half of what was split, if both together are small enough, and what comes of it
// with its other half, and so on.
func (t *Table) tryMerge(slot uint32) {
	defer ignoreOutOfMemory()
	for ok := true; ok; {
		slot, ok = t.mergeOnce(t.lowest(slot))
	}
}

// lowest returns the index of a segment whose other half is not split further: of the one at an index, or of one that its other
// half was split into. In a table that got fewer entries than were expected, segments are empty that nothing was ever deleted from.
func (t *Table) lowest(slot uint32) uint32 {
	r := t.head()
	for {
		w, own := r.own(slot)
		other := own ^ 1<<(r.depth()-w.depth())
		if w.depth() == 0 {
			return own
		}
		if buddy, _ := r.own(other); buddy.depth() <= w.depth() {
			return own
		}
		slot = other
	}
}

// mergeOnce does one step of tryMerge. It returns the index of what was merged, and false if nothing was or nothing is left to.
func (t *Table) mergeOnce(slot uint32) (uint32, bool) {
	r := t.head()
	w, slot := r.own(slot)
	d := w.depth()
	if d == 0 {
		return slot, false
	}
	buddy, other := r.own(slot ^ 1<<(r.depth()-d))
	if buddy.depth() != d || w.n()+buddy.n() > mergeMost {
		return slot, false
	}
	var buf [mergeMost]moved
	one, two := *w, *buddy
	es := t.gather(two, t.gather(one, buf[:0]))
	v := reserve{t: t}
	defer v.drop(0)
	b, ok := t.build(&v, es, d-1, smallestAt(d-1))
	if !ok {
		return slot, false
	}
	v.used()
	t.retire(slot, one)
	t.retire(other, two)
	if r.expiry != 0 {
		t.expiry().set(max(slot, other), never)
	}
	slot = min(slot, other)
	t.install(slot, b)
	if d == r.depth() {
		r.count -= 2 * oneDeep
	}
	for r.word.isDirectory() && r.count>>lenBits == 0 {
		t.flatten()
		slot /= 2
	}
	return slot, true
}

// flatten halves the directory.
//
// REQUIRES: no segment is as deep as the directory.
func (t *Table) flatten() {
	t.dropPrepared()
	r := t.head()
	d := r.depth() - 1
	v := reserve{t: t}
	defer v.drop(0)
	var dir, block mem.Ref
	if d > 0 {
		dir = v.alloc(directoryBytes(d), t.kind.Purpose)
	}
	if r.expiry != 0 {
		block = v.alloc(expiryBytes(d), mem.PurposeExpire)
	}
	v.used()
	if block != 0 {
		x, y := t.expiry(), expiryBlock{mem.Ptr(block), d}
		copy(unsafe.Slice(y.node(0), 2<<d), unsafe.Slice(x.node(0), 2<<d))
		for i := range uint32(1) << d {
			*y.clock(i) = *x.clock(2 * i)
		}
		t.release(r.expiry, expiryBytes(d+1), mem.PurposeExpire)
		r.expiry = block
	}
	old := r.word
	if d == 0 {
		r.word = *wordAt(old, 0)
		r.count += oneDeep
	} else {
		r.word = makeWord(dir, directorySize, d, 0)
		for i := range uint32(1) << d {
			w := *wordAt(old, 2*i)
			*wordAt(r.word, i) = w
			if w.depth() == d {
				r.count += oneDeep
			}
		}
	}
	t.release(old.ref(), directoryBytes(d+1), t.kind.Purpose)
}

func ignoreOutOfMemory() {
	if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
		panic(e)
	}
}
