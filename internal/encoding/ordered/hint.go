package ordered

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"

	"granary/internal/mem"
)

// cover returns the hint of word w. If w is outside of what hints can tell, the leaf's other hints change: from
// themselves, since a hint and its base are the leading bits of a word exactly.
//
// REQUIRES: the leaf is not empty.
func (l *leaf) cover(w uint64) uint8 {
	x := w >> (l.shift & 63)
	if x >= l.base && x-l.base <= 255 {
		return uint8(x - l.base)
	}
	n := int(l.n)
	low, high := l.base+uint64(l.hint(0)), l.base+uint64(l.hint(n-1))
	up := x > high
	low, high = min(low, x), max(high, x)
	by := uint8(0)
	for high>>by-low>>by > 255 {
		by++
	}
	low, high = low>>by, high>>by
	// The room goes to the side where the word was: another one may follow.
	base := low
	if !up {
		base = max(high, 255) - 255
	}
	for i, h := range l.hints(0, n) {
		l.hints(0, n)[i] = uint8((l.base+uint64(h))>>by - base)
	}
	l.shift += by
	l.base = base
	return uint8(x>>by - base)
}

// build computes the hints of a leaf from its entries, as fine as they can be.
func (t *Tree) build(l *leaf) {
	n := int(l.n)
	l.kind, l.prefix, l.score, l.shift, l.base, l.built = byScore, 0, 0, 0, 0, l.n
	if n == 0 {
		return
	}
	first, last := l.ref(0), l.ref(n-1)
	lo, hi := t.keyOf(first), t.keyOf(last)
	if lo == hi && n > 1 {
		l.kind, l.score = byMember, lo
		a, b := t.kind.Member(first), t.kind.Member(last)
		l.prefix = uint16(common(a, b))
		lo, hi = memberWord(a, int(l.prefix)), memberWord(b, int(l.prefix))
	}
	l.shift = uint8(max(bits.Len64(hi-lo), 8) - 8)
	if hi>>l.shift-lo>>l.shift > 255 {
		l.shift++
	}
	l.base = lo >> l.shift
	hints := l.hints(0, n)
	if l.kind == byScore {
		for i := range hints {
			hints[i] = uint8(t.keyOf(l.ref(i))>>(l.shift&63) - l.base)
		}
		return
	}
	for i := range hints {
		hints[i] = uint8(memberWord(t.kind.Member(l.ref(i)), int(l.prefix))>>(l.shift&63) - l.base)
	}
}

// common returns the length of the longest common prefix, as far as a leaf can tell it.
func common(a, b []byte) int {
	n := min(len(a), len(b), math.MaxUint16)
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// put inserts e, which has word w, at index i.
//
// REQUIRES: the leaf is not full; i, w and fits came from place.
func (t *Tree) put(l *leaf, i int, e mem.Ref, w uint64, fits bool) {
	if l.n == 0 {
		l.kind, l.shift, l.base, l.built = byScore, 0, w, 1
	}
	h := uint8(0)
	if fits && l.n > 0 {
		h = l.cover(w)
	}
	l.open(i)
	l.setRef(i, e)
	l.hints(i, i+1)[0] = h
	// Hints that hardly differ, because the leaf began with entries that hardly did, are computed anew each time the
	// leaf has doubled.
	n := int(l.n)
	if !fits || n >= 2*int(l.built) && int(l.hint(n-1)-l.hint(0)) < n/4 {
		t.build(l)
	}
}

// buildInner computes the keys of an inner node from its seps.
func (t *Tree) buildInner(v *inner) {
	n := int(v.n)
	first, last := v.sep(0), v.sep(n-1)
	k := t.keyOf(first)
	if n > 1 && k == t.keyOf(last) {
		v.kind, v.score = byMember, k
		v.prefix = uint16(common(t.kind.Member(first), t.kind.Member(last)))
		for i := range n {
			*v.key(i) = memberWord(t.kind.Member(v.sep(i)), int(v.prefix))
		}
		return
	}
	v.kind, v.score, v.prefix = byScore, 0, 0
	for i := range n {
		*v.key(i) = t.keyOf(v.sep(i))
	}
}

// setKey stores the first entry of child i. If its word does not fit among the node's, or if it makes all scores
// equal, the keys are computed anew.
func (t *Tree) setKey(v *inner, i int, f firstEntry) {
	v.setSep(i, f.sep)
	n := int(v.n)
	if v.kind == byScore {
		*v.key(i) = f.key
		if n > 1 && *v.key(0) == *v.key(n - 1) {
			t.buildInner(v)
		}
		return
	}
	m, other := t.kind.Member(f.sep), v.sep(n-1)
	if i == n-1 {
		other = v.sep(0)
	}
	skip := int(v.prefix)
	if f.key != v.score || n == 1 || len(m) < skip || skip > 0 && !bytes.HasPrefix(t.kind.Member(other), m[:skip]) {
		t.buildInner(v)
		return
	}
	*v.key(i) = memberWord(m, skip)
}

// insertChild puts a child at index i of an inner node.
//
// REQUIRES: n < cap.
func (t *Tree) insertChild(v *inner, i int, f firstEntry, child mem.Ref, count int) {
	v.copyOut(v, i+1, i, int(v.n))
	v.n++
	v.setChild(i, child)
	*v.count(i) = uint32(count)
	t.setKey(v, i, f)
}
