package table

import (
	"math/bits"

	"granary/internal/mem"
)

// Scanning goes by position. The position of a key is the upper 48 bits of its hash; every bucket is the home
// of a range of positions, and growing, splitting and shrinking only change where the ranges end. A
// cursor is the position up to which everything was returned, so whatever happens between two calls, what is
// at home beyond it is still to come, and what was there all the time comes at least once. It comes
// twice if ranges became wider. A cursor fits into 48 bits, so languages with only doubles keep it exact.

// positionBits are the significant bits of a position.
const positionBits = 48

// Position returns the place of hash h in the order of Scan.
func Position(h uint64) uint64 { return h >> (64 - positionBits) }

// Span returns the range [from, to) of positions that are at home in the bucket of position pos. The last
// range ends at 1<<48.
//
// REQUIRES: pos < 1<<48.
func (t *Table) Span(pos uint64) (from, to uint64) {
	r := t.head()
	h := pos << (64 - positionBits)
	w, _ := r.own(r.slotOf(h))
	d := w.depth()
	start := uint64(0)
	if d > 0 {
		start = h >> (64 - d) << (positionBits - d)
	}
	homes := uint64(sizes[w.size()].homes)
	i := uint64(w.home(h))
	edge := func(i uint64) uint64 {
		return start + (i<<homeBits+homes-1)/homes<<(positionBits-homeBits-d)
	}
	return edge(i), edge(i + 1)
}

// MaxAtHome bounds the entries at home in one bucket: its own, the next one's and the stash's.
const MaxAtHome = 2*bucketSlots + maxFar

// Scan gives emit every entry at home in the bucket of the cursor, and returns the next cursor; it begins and
// ends with 0. emit may change the table, but free no entry other than the one it is given.
func (t *Table) Scan(cursor uint64, emit func(mem.Ref)) uint64 {
	if cursor >= 1<<positionBits {
		return 0 // no cursor of ours
	}
	var buf [MaxAtHome]mem.Ref
	_, to := t.Span(cursor)
	for _, e := range buf[:t.AtHome(cursor, &buf)] {
		emit(e)
	}
	return to & (1<<positionBits - 1)
}

// AtHome fills dst with the entries that are at home in the bucket of position pos, those of Span(pos), and
// returns their number.
func (t *Table) AtHome(pos uint64, dst *[MaxAtHome]mem.Ref) int {
	r := t.head()
	h := pos << (64 - positionBits)
	w, _ := r.own(r.slotOf(h))
	s := w.segment()
	home := w.home(h)
	b := s.ahead(home)
	n := 0
	for i := range b.state.n() {
		if !b.state.foreign(i) {
			dst[n] = b.ref(i)
			n++
		}
	}
	if b.state&stateNear != 0 {
		nb := s.at(s.next(home))
		for i := range nb.state.n() {
			if nb.state.foreign(i) {
				dst[n] = nb.ref(i)
				n++
			}
		}
	}
	far := b.state.far()
	for j := s.homes; far > 0 && j < s.lines; j++ {
		sb := s.at(j)
		for i := range sb.state.n() {
			if e := sb.ref(i); w.home(Hash(t.kind.Key(e))) == home {
				dst[n] = e
				n++
				far--
			}
		}
	}
	return n
}

// Each gives fn every entry until it returns false. fn must not change the table.
func (t *Table) Each(fn func(mem.Ref) bool) {
	var buf [bucketSlots]mem.Ref
	t.head().segments(func(_ uint32, w *word) bool {
		s := w.segment()
		for i := range s.lines {
			es := s.ahead(i).entries(&buf)
			t.FetchBeyond(es)
			for _, e := range es {
				if !fn(e) {
					return false
				}
			}
		}
		return true
	})
}

// mix turns one random number into the next (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Random returns an entry, each as likely as any other for a random r; 0 if the table is empty.
func (t *Table) Random(r uint64) mem.Ref {
	_, e := t.RandomPos(r)
	return e
}

// RandomPos is Random with the place of the entry.
//
// It picks a directory index and a slot in a grid as large as the largest segment, and starts over if the
// index is not a segment's own or the slot is not in use: so segments of all sizes and depths weigh the
// same per entry. Two tries in five hit, less in a table that has not shrunk yet.
func (t *Table) RandomPos(r uint64) (Pos, mem.Ref) {
	rt := t.head()
	if t.Len() == 0 {
		return 0, 0
	}
	grid := uint64(maxEntries)
	if !rt.word.isDirectory() {
		grid = uint64(sizes[rt.word.size()].lines) * bucketSlots
	}
	for range 512 {
		r = mix(r)
		slot := rt.slotOf(r)
		w, own := rt.own(slot)
		if own != slot {
			continue
		}
		cell, _ := bits.Mul64(r<<maxDepth, grid)
		bkt, i := uint(cell)/bucketSlots, uint(cell)%bucketSlots
		if bkt >= uint(sizes[w.size()].lines) {
			continue
		}
		if b := bucketAt(mem.Ptr(w.ref()), bkt); i < b.state.n() {
			return t.posAt(slot, w, bkt, i), b.ref(i)
		}
	}
	// Almost empty, or most of the directory is there for a few segments: one segment after the other.
	var p Pos
	var e mem.Ref
	skip, _ := bits.Mul64(r, uint64(t.Len()))
	rt.segments(func(slot uint32, w *word) bool {
		if skip >= uint64(w.n()) {
			skip -= uint64(w.n())
			return true
		}
		s, bkt, i := w.segment(), uint(0), uint(skip)
		for ; i >= s.at(bkt).state.n(); bkt++ {
			i -= s.at(bkt).state.n()
		}
		p, e = t.posAt(slot, w, bkt, i), s.at(bkt).ref(i)
		return false
	})
	return p, e
}

// segments gives fn the segments in the order of the hash until it returns false.
func (r *rootBlock) segments(fn func(slot uint32, w *word) bool) {
	for slot := uint32(0); slot < 1<<r.depth(); {
		w, _ := r.own(slot)
		if !fn(slot, w) {
			return
		}
		slot += 1 << (r.depth() - w.depth())
	}
}

// Sample fills dst with different entries that lie side by side at a random place, and returns how many:
// all of dst unless the table is smaller. Neighbours by hash are strangers in every other respect, so this
// serves eviction at the price of one or two cache lines. Within a bucket it begins anywhere, as slots are in the
// order in which they were taken. The first entries are on their way when it returns.
func (t *Table) Sample(r uint64, dst []mem.Ref) int {
	r = mix(r)
	n := 0
	turn := uint(r & 0xff) // how far a bucket is turned before it is read
	fill := func(b *bucket) bool {
		k := b.state.n()
		for i := range k {
			if n == len(dst) {
				return false
			}
			dst[n] = b.ref((i + turn) % k)
			n++
		}
		return n < len(dst)
	}
	s, own, skip := t.sampleFrom(r)
	for i := skip; i < s.lines && n < len(dst); i++ {
		fill(s.at(i))
	}
	if n < len(dst) { // what was skipped, and the other segments
		t.from(own, func(slot uint32, _ *word, bkt uint, b *bucket) bool {
			return slot == own && bkt >= skip || fill(b)
		})
	}
	fetch(dst[:n])
	return n
}

// sampleFrom returns where Sample begins: the segment, the first directory index that it is at, and the bucket.
func (t *Table) sampleFrom(r uint64) (s segment, own uint32, bkt uint) {
	w, own := t.head().own(t.head().slotOf(r))
	s = w.segment()
	return s, own, uint(r>>8&0xff) * s.lines >> 8
}

// from gives fn every bucket, beginning with those of the segment of a directory index, until it returns
// false.
func (t *Table) from(slot uint32, fn func(slot uint32, w *word, bkt uint, b *bucket) bool) {
	r := t.head()
	_, first := r.own(slot)
	for slot = first; ; {
		w, own := r.own(slot)
		s := w.segment()
		for i := range s.lines {
			if !fn(own, w, i, s.at(i)) {
				return
			}
		}
		slot = (own + 1<<(r.depth()-w.depth())) & (1<<r.depth() - 1)
		if slot == first {
			return
		}
	}
}
