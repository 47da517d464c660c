package table

import (
	"math"
	"unsafe"

	"granary/internal/mem"
)

// Expiry order. A table with entries that expire has an expiry block, and each segment with such entries has
// a clock. With D the depth of the directory (0 without one), in words of 8 bytes:
//
//	0       1                    2^D                 2^(D+1)              3 * 2^D
//	| count | inner nodes        | leaves            | clocks             |
//
//	count   entries with an expiry, exact
//	leaf i  no entry of the segment whose own word is at index i expires earlier (Unix ms); none: never
//	node i  the smaller of nodes 2i and 2i+1; node 1 is the whole table's
//	clock   base:24 | Ref:40 of the segment's clock, 0 if it has none
//
// The clock holds 4 bytes per bucket, by the same rule: no entry lying in the bucket expires earlier than
// base * 2^24 + value. clockFar means that or later (49 days after the base), and clockNone that nothing in the
// bucket expires. When everything in a segment is far, its clock is set anew with a later base.
//
// All of these are lower bounds. Adding an entry lowers them; deleting one or giving it more time leaves
// them, and NextExpired corrects what it finds stale: ten entries per bucket found wrong.
// So EXPIRE, DEL and SET cost a few loads, nothing is sampled, and entries come in the order of time.

const (
	never     = math.MaxInt64
	clockNone = math.MaxUint32
	clockFar  = clockNone - 1
	baseShift = 24 // a base counts 2^24 ms
	baseMax   = 1<<24 - 1
	maxMillis = 1<<48 - 1 // what an entry can hold

	// maxCorrections bounds what one call of NextExpired does when nothing it looks at is due.
	maxCorrections = 256
)

type expiryBlock struct {
	p     unsafe.Pointer
	depth uint
}

func (t *Table) expiry() expiryBlock {
	r := t.head()
	return expiryBlock{mem.Ptr(r.expiry), r.depth()}
}

// depth is the depth of the directory, 0 without one.
func (r *rootBlock) depth() uint { return r.word.depth() }

func expiryBytes(depth uint) int { return 3 * 8 << depth }

func (x expiryBlock) count() *uint64          { return (*uint64)(x.p) }
func (x expiryBlock) node(i uint32) *int64    { return (*int64)(unsafe.Add(x.p, uintptr(i)*8)) }
func (x expiryBlock) leaf(slot uint32) *int64 { return x.node(1<<x.depth + slot) }

func (x expiryBlock) clock(slot uint32) *clockWord {
	return (*clockWord)(unsafe.Add(x.p, (uintptr(2)<<x.depth+uintptr(slot))*8))
}

// lower notes that something in the segment expires at ms.
func (x expiryBlock) lower(slot uint32, ms int64) {
	for i := uint32(1)<<x.depth + slot; i > 0 && *x.node(i) > ms; i >>= 1 {
		*x.node(i) = ms
	}
}

// set gives the segment a new bound, which may be later.
func (x expiryBlock) set(slot uint32, ms int64) {
	i := uint32(1)<<x.depth + slot
	*x.node(i) = ms
	for i > 1 {
		m := min(*x.node(i), *x.node(i ^ 1))
		i >>= 1
		if *x.node(i) == m {
			return
		}
		*x.node(i) = m
	}
}

// deepen writes into y, which is deeper, what x says. A segment's index is the first of those it has in y.
func (x expiryBlock) deepen(y expiryBlock) {
	copy(unsafe.Slice(y.node(0), 2<<x.depth), unsafe.Slice(x.node(0), 2<<x.depth))
	// The old leaves are inner nodes now. Below each of them one path leads to the segment.
	for d := x.depth + 1; d <= y.depth; d++ {
		for i := range uint32(1) << (d - 1) {
			n := 1<<d + 2*i
			*y.node(n), *y.node(n + 1) = *y.node(n / 2), never
		}
	}
	for i := range uint32(1) << y.depth {
		*y.clock(i) = 0
	}
	for i := range uint32(1) << x.depth {
		*y.clock(i << (y.depth - x.depth)) = *x.clock(i)
	}
}

// clockWord refers to the clock of a segment: base:24 | Ref:40.
type clockWord uint64

func (c clockWord) ref() mem.Ref   { return mem.Ref(c & wordRefMask) }
func (c clockWord) base() int64    { return int64(c >> 40 << baseShift) }
func (c clockWord) first() *uint32 { return (*uint32)(mem.Ptr(c.ref())) }

func makeClockWord(r mem.Ref, base int64) clockWord {
	return clockWord(r) | clockWord(base>>baseShift)<<40
}

// baseFor returns a base, a little earlier than ms.
func baseFor(ms int64) int64 {
	return min(max(ms>>baseShift-1, 0), baseMax) << baseShift
}

func clockAt(first *uint32, bkt uint) *uint32 {
	return (*uint32)(unsafe.Add(unsafe.Pointer(first), bkt*4))
}

// value encodes ms. REQUIRES: ms > c.base().
func (c clockWord) value(ms int64) uint32 {
	if ms == never {
		return clockNone
	}
	return uint32(min(ms-c.base(), clockFar))
}

// bound decodes a value.
func (c clockWord) bound(v uint32) int64 {
	if v == clockNone {
		return never
	}
	return c.base() + int64(v)
}

// rebase changes the base and all values of a clock of n buckets accordingly.
//
// REQUIRES: base is smaller than all bounds.
func (c *clockWord) rebase(n uint, base int64) {
	shift := c.base() - base
	for i := range n {
		v := clockAt(c.first(), i)
		if *v != clockNone {
			*v = uint32(min(int64(*v)+shift, clockFar))
		}
	}
	*c = makeClockWord(c.ref(), base)
}

// earliest returns the smallest value of n buckets and where it is.
func earliest(first *uint32, n uint) (v uint32, at uint) {
	v = clockNone
	for i := range n {
		if x := *clockAt(first, i); x < v {
			v, at = x, i
		}
	}
	return v, at
}

// clockFor returns the clock of a segment, or nil if it has none. With ms > 0 it makes what is missing: it
// may panic with mem.ErrOutOfMemory, having changed nothing that matters.
func (t *Table) clockFor(slot uint32, ms int64) *uint32 {
	r := t.head()
	if r.expiry == 0 {
		r.expiry = t.newExpiryBlock(r.depth())
	}
	x := t.expiry()
	c := x.clock(slot)
	if *c == 0 {
		if ms <= 0 {
			return nil
		}
		w, _ := r.own(slot)
		*c = makeClockWord(t.newClock(uint(sizes[w.size()].lines)), baseFor(ms))
	}
	return c.first()
}

func (t *Table) newExpiryBlock(depth uint) mem.Ref {
	b := t.alloc(expiryBytes(depth), mem.PurposeExpire)
	x := expiryBlock{mem.Ptr(b), depth}
	*x.count() = 0
	for i := uint32(1); i < 2<<depth; i++ {
		*x.node(i) = never
	}
	for i := range uint32(1) << depth {
		*x.clock(i) = 0
	}
	return b
}

func (t *Table) newClock(lines uint) mem.Ref {
	b := t.alloc(int(lines)*4, mem.PurposeExpire)
	blankClock(b, lines)
	return b
}

func blankClock(b mem.Ref, lines uint) {
	for i := range lines {
		*clockAt((*uint32)(mem.Ptr(b)), i) = clockNone
	}
}

// noteExpire gives the entry in slot i of bucket bkt the expiry ms > 0.
//
// REQUIRES: slot is the segment's own, and the segment has a clock.
func (t *Table) noteExpire(slot uint32, b *bucket, bkt, i uint, ms int64) {
	x := t.expiry()
	if !b.state.expire(i) {
		b.state |= slotExpire << (i & 31)
		*x.count()++
	}
	c := x.clock(slot)
	ms = min(ms, maxMillis)
	if ms <= c.base() {
		w, _ := t.head().own(slot)
		c.rebase(uint(sizes[w.size()].lines), baseFor(ms))
	}
	p := clockAt(c.first(), bkt)
	if v := c.value(ms); v < *p {
		*p = v
		x.lower(slot, ms)
	}
}

// NoteExpire notes that the entry at p has the expiry ms from now on (0 or less: none). It may panic with
// mem.ErrOutOfMemory, then nothing has changed.
func (t *Table) NoteExpire(p Pos, ms int64) {
	w, slot := t.head().own(p.dir())
	b := bucketAt(mem.Ptr(w.ref()), p.bucket())
	if ms > 0 {
		t.clockFor(slot, ms)
		t.noteExpire(slot, b, p.bucket(), p.slot(), ms)
	} else if b.state.expire(p.slot()) {
		b.state &^= slotExpire << (p.slot() & 31)
		*t.expiry().count()--
	}
}

// CountExpires returns the number of entries with an expiry.
func (t *Table) CountExpires() int {
	if t.head().expiry == 0 {
		return 0
	}
	return int(*t.expiry().count())
}

// EarliestExpire returns a time before which nothing expires (Unix ms); false if nothing ever does.
func (t *Table) EarliestExpire() (ms int64, ok bool) {
	if t.CountExpires() == 0 {
		return 0, false
	}
	return *t.expiry().node(1), true
}

// NextExpired returns the entry that expires first, if that is at most now. The caller deletes it or gives it
// more time, otherwise it is returned again. When nothing is due the answer takes a load and a comparison.
// With now = math.MaxInt64 it is the entry that volatile-ttl evicts.
//
// NB: One call corrects at most maxCorrections stale bounds. With many of them it returns false early; then
// EarliestExpire is still at most now, and the next call goes on.
func (t *Table) NextExpired(now int64) (Pos, mem.Ref, bool) {
	r := t.head()
	if r.expiry == 0 || *t.expiry().node(1) > now {
		return 0, 0, false
	}
	x := t.expiry()
	for range maxCorrections {
		if first := *x.node(1); first > now || first == never {
			break
		}
		i := uint32(1)
		for i < 1<<x.depth {
			i *= 2
			if *x.node(i + 1) < *x.node(i) {
				i++
			}
		}
		if p, e, ok := t.firstOf(x, i-1<<x.depth, now); ok {
			return p, e, true
		}
	}
	if *x.count() == 0 && *x.node(1) == never {
		t.dropExpiry()
	}
	return 0, 0, false
}

// firstOf returns the entry of a segment that expires first, if that is at most now and the bounds that led to
// it are exact. Otherwise it corrects one of them.
func (t *Table) firstOf(x expiryBlock, slot uint32, now int64) (Pos, mem.Ref, bool) {
	w, _ := t.head().own(slot)
	c := x.clock(slot)
	if *c == 0 {
		x.set(slot, never)
		return 0, 0, false
	}
	s := w.segment()
	v, bkt := earliest(c.first(), s.lines)
	switch v {
	case clockNone:
		t.release(c.ref(), int(s.lines)*4, mem.PurposeExpire)
		*c = 0
		x.set(slot, never)
		return 0, 0, false
	case clockFar:
		// Everything in the segment is far: set the clock anew.
		t.setClock(c, s, t.firstIn(s))
		v, _ = earliest(c.first(), s.lines)
		x.set(slot, c.bound(v))
		return 0, 0, false
	}
	if bound := c.bound(v); *x.leaf(slot) < bound {
		x.set(slot, bound)
		return 0, 0, false
	}
	b := s.at(bkt)
	first, at := t.firstInBucket(b)
	if exact := c.value(first); exact != v {
		*clockAt(c.first(), bkt) = exact
		v, _ = earliest(c.first(), s.lines)
		x.set(slot, c.bound(v))
		return 0, 0, false
	}
	x.set(slot, first)
	if first > now {
		return 0, 0, false
	}
	return t.posAt(slot, w, bkt, at), b.ref(at), true
}

// firstInBucket returns the earliest expiry in a bucket and its slot, or never.
func (t *Table) firstInBucket(b *bucket) (first int64, at uint) {
	first = never
	if b.state&stateExpireMask == 0 {
		return first, 0
	}
	for i := range b.state.n() {
		if b.state.expire(i) {
			if ms := min(t.kind.Expire(b.ref(i)), maxMillis); ms < first {
				first, at = ms, i
			}
		}
	}
	return first, at
}

// firstIn returns the earliest expiry in a segment.
func (t *Table) firstIn(s segment) int64 {
	first := int64(never)
	for i := range s.lines {
		ms, _ := t.firstInBucket(s.at(i))
		first = min(first, ms)
	}
	return first
}

// setClock gives a clock a base for the earliest expiry in its segment and writes all values.
func (t *Table) setClock(c *clockWord, s segment, first int64) {
	if first == never {
		blankClock(c.ref(), s.lines)
		return
	}
	*c = makeClockWord(c.ref(), baseFor(first))
	for i := range s.lines {
		ms, _ := t.firstInBucket(s.at(i))
		*clockAt(c.first(), i) = c.value(ms)
	}
}

// posAt returns the place of the entry in a slot. The home of what lies in the stash is known by its hash.
func (t *Table) posAt(slot uint32, w *word, bkt, i uint) Pos {
	s := w.segment()
	home := bkt
	if b := s.at(bkt); bkt >= s.homes {
		home = w.home(Hash(t.kind.Key(b.ref(i))))
	} else if b.state.foreign(i) {
		home = s.prev(bkt)
	}
	return makePos(slot, home, bkt, i)
}

// dropExpiry frees the expiry block and all clocks.
//
// REQUIRES: nothing has an expiry.
func (t *Table) dropExpiry() {
	r := t.head()
	x := t.expiry()
	for i := range uint32(1) << x.depth {
		if c := *x.clock(i); c != 0 {
			w, _ := r.own(i)
			t.release(c.ref(), int(sizes[w.size()].lines)*4, mem.PurposeExpire)
		}
	}
	t.release(r.expiry, expiryBytes(x.depth), mem.PurposeExpire)
	r.expiry = 0
}
