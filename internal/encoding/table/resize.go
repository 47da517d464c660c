package table

import (
	"runtime"
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
type reserve struct {
	t      *Table
	blocks [8]struct {
		r mem.Ref
		n int
		p mem.Purpose
	}
	n int
}

func (v *reserve) alloc(n int, p mem.Purpose) mem.Ref {
	b := &v.blocks[v.n]
	b.r, b.n, b.p = v.t.alloc(n, p), n, p
	v.n++
	return b.r
}

func (v *reserve) drop() {
	for ; v.n > 0; v.n-- {
		b := v.blocks[v.n-1]
		v.t.release(b.r, b.n, b.p)
	}
}

// gather appends the entries of a segment with their hashes.
//
// The first pass only touches the entries: its loads do not wait for each other, so the processor fetches
// about ten at a time. Hashing then finds them in the cache.
func (t *Table) gather(w word, es []moved) []moved {
	s := w.segment()
	from := len(es)
	sum := byte(0)
	for i := range s.lines {
		b := s.at(i)
		for j := range b.state.n() {
			m := moved{e: b.ref(j)}
			if b.state.expire(j) {
				m.bits = slotExpire
			}
			sum += *(*byte)(mem.Ptr(m.e))
			es = append(es, m)
		}
	}
	runtime.KeepAlive(sum)
	for i := range es[from:] {
		m := &es[from+i]
		m.h = Hash(t.kind.Key(m.e))
	}
	return es
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
			b := v.blocks[keep]
			v.n = keep
			t.release(b.r, b.n, b.p)
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

// grow makes room in a segment: the next size, or a split.
func (t *Table) grow(slot uint32) {
	t.prepare()
	var buf [maxEntries]moved
	w, slot := t.head().own(slot)
	if w.size() == lastSize {
		t.split(slot, *w, t.gather(*w, buf[:0]))
		return
	}
	t.rebuild(slot, *w, t.gather(*w, buf[:0]), w.size()+1)
}

// rebuild moves a segment to another size, at least the given one; if no size holds it, it is split.
func (t *Table) rebuild(slot uint32, w word, es []moved, size uint) {
	v := reserve{t: t}
	defer v.drop()
	b, ok := t.build(&v, es, w.depth(), size)
	if !ok {
		t.split(slot, w, es)
		return
	}
	v.n = 0
	t.retire(slot, w)
	t.install(slot, b)
}

// split makes two segments of one.
func (t *Table) split(slot uint32, w word, es []moved) {
	d := w.depth() + 1
	if d > maxDepth {
		panic(mem.ErrOutOfMemory)
	}
	// The entries of the lower half first.
	n := 0
	for i := range es {
		if es[i].h<<((d-1)&63)>>63 == 0 {
			es[i], es[n] = es[n], es[i]
			n++
		}
	}
	v := reserve{t: t}
	defer v.drop()
	lo, ok1 := t.build(&v, es[:n], d, firstFull)
	hi, ok2 := t.build(&v, es[n:], d, firstFull)
	if !ok1 || !ok2 {
		// Some forty hashes lie so close that two more levels would not part them: who adds keys in the order of their
		// hashes may get there, chance does not. The key is refused, as when there is no memory for it.
		panic(mem.ErrOutOfMemory)
	}
	if d > t.head().depth() {
		t.deepen(&v)
		slot *= 2
	}
	v.n = 0
	r := t.head()
	t.retire(slot, w)
	t.install(slot, lo)
	t.install(slot+1<<(r.depth()-d), hi)
	if d == r.depth() {
		r.count += 2 * oneDeep
	}
}

// deepen doubles the directory, or makes one. No segment is then as deep as the directory. What it reserves
// is in use when it returns.
func (t *Table) deepen(v *reserve) {
	r := t.head()
	d := r.depth()
	var dir, block mem.Ref
	// What was prepared comes last: it is lost if there is no memory for the other.
	if r.next == 0 {
		dir = v.alloc(directoryBytes(d+1), t.kind.Purpose)
	}
	if r.expiry != 0 {
		block = r.nextExp.take(v, expiryBytes(d+1), mem.PurposeExpire)
	}
	if r.next != 0 {
		dir = r.next.take(v, 0, t.kind.Purpose)
	}
	now := makeWord(dir, directorySize, d+1, 0)
	if r.word.isDirectory() {
		to := unsafe.Slice(wordAt(now, 0), 2<<d)
		for i, w := range unsafe.Slice(wordAt(r.word, 0), 1<<d) {
			to[2*i], to[2*i+1] = w, w
		}
	} else {
		*wordAt(now, 0), *wordAt(now, 1) = r.word, r.word
	}
	if block != 0 {
		x, y := t.expiry(), expiryBlock{mem.Ptr(block), d + 1}
		// The old leaves become the lowest inner nodes.
		copy(unsafe.Slice(y.node(0), 2<<d), unsafe.Slice(x.node(0), 2<<d))
		for i := range uint32(1) << d {
			*y.leaf(2 * i), *y.leaf(2*i + 1) = *x.leaf(i), never
			*y.clock(2 * i), *y.clock(2*i + 1) = *x.clock(i), 0
		}
		t.release(r.expiry, expiryBytes(d), mem.PurposeExpire)
		r.expiry = block
	}
	if r.word.isDirectory() {
		t.release(r.word.ref(), directoryBytes(d), t.kind.Purpose)
	}
	r.word = now
	r.count &= lenMask
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
	case w.depth() > 0:
		t.tryMerge(slot)
	}
}

func (t *Table) trySmaller(slot uint32, size uint) {
	defer ignoreOutOfMemory()
	var buf [maxEntries]moved
	w, _ := t.head().own(slot)
	v := reserve{t: t}
	defer v.drop()
	old := *w
	b, ok := t.build(&v, t.gather(old, buf[:0]), old.depth(), size)
	if !ok || b.word.size() >= old.size() {
		return
	}
	v.n = 0
	t.retire(slot, old)
	t.install(slot, b)
}

// tryMerge merges a segment with the other half of what was split, if both together are small enough.
func (t *Table) tryMerge(slot uint32) {
	r := t.head()
	w, slot := r.own(slot)
	d := w.depth()
	buddy, other := r.own(slot ^ 1<<(r.depth()-d))
	if buddy.depth() != d || w.n()+buddy.n() > mergeMost {
		return
	}
	defer ignoreOutOfMemory()
	var buf [maxEntries]moved
	one, two := *w, *buddy
	es := t.gather(two, t.gather(one, buf[:0]))
	v := reserve{t: t}
	defer v.drop()
	smallest := uint(firstFull)
	if d == 1 {
		smallest = 0
	}
	b, ok := t.build(&v, es, d-1, smallest)
	if !ok {
		return
	}
	v.n = 0
	t.retire(slot, one)
	t.retire(other, two)
	if r.expiry != 0 {
		t.expiry().set(max(slot, other), never)
	}
	t.install(min(slot, other), b)
	if d == r.depth() {
		r.count -= 2 * oneDeep
	}
	for r.word.isDirectory() && r.count>>lenBits == 0 {
		t.flatten()
	}
}

// flatten halves the directory.
//
// REQUIRES: no segment is as deep as the directory.
func (t *Table) flatten() {
	t.dropPrepared()
	r := t.head()
	d := r.depth() - 1
	v := reserve{t: t}
	defer v.drop()
	var dir, block mem.Ref
	if d > 0 {
		dir = v.alloc(directoryBytes(d), t.kind.Purpose)
	}
	if r.expiry != 0 {
		block = v.alloc(expiryBytes(d), mem.PurposeExpire)
	}
	v.n = 0
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
