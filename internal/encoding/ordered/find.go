package ordered

import (
	"bytes"
	"encoding/binary"
	"math"
	"unsafe"

	"granary/internal/mem"
)

// step is an inner node on a path and the child that the path takes.
type step struct {
	node mem.Ref
	slot int
}

// path is a place in the tree: the inner nodes from the root down, the leaf and the index in it, which may be
// the leaf's length.
type path struct {
	leaf   mem.Ref
	idx    int
	height int
	steps  [maxHeight]step
}

// lower returns how many keys are below k.
func (v *inner) lower(k uint64) int {
	p := unsafe.Add(unsafe.Pointer(v), innerHead)
	lo, size := 0, int(v.n)
	for size > 1 {
		half := size >> 1
		if *(*uint64)(unsafe.Add(p, 8*(lo+half-1))) < k {
			lo += half
		}
		size -= half
	}
	if *(*uint64)(unsafe.Add(p, 8*lo)) < k {
		lo++
	}
	return lo
}

// lower returns how many hints are below h.
//
// REQUIRES: the leaf is not empty.
func (l *leaf) lower(h uint8) int {
	p := unsafe.Add(unsafe.Pointer(l), leafHead)
	lo, size := 0, int(l.n)
	for size > 1 {
		half := size >> 1
		if *(*uint8)(unsafe.Add(p, lo+half-1)) < h {
			lo += half
		}
		size -= half
	}
	if *(*uint8)(unsafe.Add(p, lo)) < h {
		lo++
	}
	return lo
}

// equal returns the range of the entries with hint h.
func (l *leaf) equal(h uint8) (lo, hi int) {
	n := int(l.n)
	lo = l.lower(h)
	for hi = lo; hi < n && l.hint(hi) == h; hi++ {
		if hi == lo+8 {
			if h == 255 {
				return lo, n
			}
			return lo, l.lower(h + 1)
		}
	}
	return lo, hi
}

// candidates returns the range of the entries that may have word w: those with its hint. If it is empty, it lies
// where such an entry would.
func (l *leaf) candidates(w uint64) (lo, hi int) {
	x := w >> (l.shift & 63)
	if x < l.base {
		return 0, 0
	}
	if x-l.base > 255 {
		return int(l.n), int(l.n)
	}
	return l.equal(uint8(x - l.base))
}

// memberWord returns the eight bytes of a member after its first skip bytes, zeros where it ends before.
func memberWord(m []byte, skip int) uint64 {
	if len(m) >= skip+8 {
		return binary.BigEndian.Uint64(m[skip:])
	}
	w, shift := uint64(0), 56
	for i := skip; i < len(m); i++ {
		w |= uint64(m[i]) << shift
		shift -= 8
	}
	return w
}

// slotFor returns the child under which an entry with score key k and member m lies or would lie. same is the Ref of
// the entry if it is there: it is not read.
func (t *Tree) slotFor(v *inner, k uint64, m []byte, same mem.Ref) int {
	w, n := k, int(v.n)
	if v.kind == byMember {
		if k != v.score {
			return v.outside(k < v.score)
		}
		if skip := int(v.prefix); skip > 0 {
			first := v.sep(0)
			if first == same {
				return 0
			}
			if c := bytes.Compare(m[:min(skip, len(m))], t.kind.Member(first)[:skip]); c != 0 {
				return v.outside(c < 0)
			}
		}
		w = memberWord(m, int(v.prefix))
	}
	lo := v.lower(w)
	if lo < n && *v.key(lo) == w {
		hi := lo + 1
		if hi < n && *v.key(hi) == w {
			hi = n
			if w != math.MaxUint64 {
				hi = v.lower(w + 1)
			}
		}
		for lo < hi { // how many of the seps are not above m
			mid := int(uint(lo+hi) >> 1)
			sep := v.sep(mid)
			if sep == same || bytes.Compare(t.kind.Member(sep), m) <= 0 {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
	}
	return max(lo-1, 0)
}

// slotForScore returns the child in which the first entry with a score key of at least k lies, or after whose
// last entry it would lie.
func (v *inner) slotForScore(k uint64) int {
	if v.kind == byMember {
		return v.outside(k <= v.score)
	}
	return max(v.lower(k)-1, 0)
}

// outside returns the first or the last child.
func (v *inner) outside(before bool) int {
	if before {
		return 0
	}
	return int(v.n) - 1
}

// descend finds the leaf in which an entry with score key k and member m lies or would lie.
func (t *Tree) descend(p *path, k uint64, m []byte, same mem.Ref) *leaf {
	r := t.head()
	p.height = r.height()
	node := r.ref()
	for i := range p.height {
		v := innerAt(node)
		s := t.slotFor(v, k, m, same)
		p.steps[i] = step{node, s}
		node = v.child(s)
	}
	p.leaf = node
	return leafAt(node)
}

// descendScore finds the leaf in which the first entry with a score key of at least k lies, or after whose
// last entry it would lie.
func (t *Tree) descendScore(p *path, k uint64) *leaf {
	r := t.head()
	p.height = r.height()
	node := r.ref()
	for i := range p.height {
		v := innerAt(node)
		s := v.slotForScore(k)
		p.steps[i] = step{node, s}
		node = v.child(s)
	}
	p.leaf = node
	return leafAt(node)
}

// seekScore returns the index of the first entry with a score key of at least k.
func (t *Tree) seekScore(l *leaf, k uint64) int {
	if l.n == 0 {
		return 0
	}
	if l.kind == byMember {
		if k <= l.score {
			return 0
		}
		return int(l.n)
	}
	lo, hi := l.candidates(k)
	if k>>(l.shift&63)<<(l.shift&63) == k {
		return lo // the least score with this hint
	}
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if t.keyOf(l.ref(mid)) < k {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// place returns the index of the first entry that is not below (k, m), the word that an entry with them has in this
// leaf, and whether its words fit the leaf at all.
func (t *Tree) place(l *leaf, k uint64, m []byte) (idx int, w uint64, fits bool) {
	n := int(l.n)
	if n == 0 {
		return 0, k, true
	}
	w = k
	if l.kind == byMember {
		if k != l.score {
			if k < l.score {
				return 0, 0, false
			}
			return n, 0, false
		}
		if skip := int(l.prefix); skip > 0 {
			if c := bytes.Compare(m[:min(skip, len(m))], t.kind.Member(l.ref(0))[:skip]); c != 0 {
				if c < 0 {
					return 0, 0, false
				}
				return n, 0, false
			}
		}
		w = memberWord(m, int(l.prefix))
	}
	lo, hi := l.candidates(w)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		e := l.ref(mid)
		if l.kind == byMember && bytes.Compare(t.kind.Member(e), m) < 0 || l.kind == byScore && t.below(e, k, m) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, w, true
}

// below reports whether entry e comes before (k, m).
func (t *Tree) below(e mem.Ref, k uint64, m []byte) bool {
	if x := t.keyOf(e); x != k {
		return x < k
	}
	return bytes.Compare(t.kind.Member(e), m) < 0
}

// search finds the entry whose Ref is e, which is not read: k and m are what it has.
func (t *Tree) search(p *path, k uint64, m []byte, e mem.Ref) bool {
	l := t.descend(p, k, m, e)
	if l.n == 0 {
		return false
	}
	w := k
	if l.kind == byMember {
		w = memberWord(m, int(l.prefix))
	}
	lo, hi := l.candidates(w)
	for ; lo < hi; lo++ {
		if l.ref(lo) == e {
			p.idx = lo
			return true
		}
	}
	return false
}

// rank returns how many entries lie before the path's place.
func (p *path) rank() int {
	n := p.idx
	for i := range p.height {
		n += innerAt(p.steps[i].node).sum(p.steps[i].slot)
	}
	return n
}

// toRank makes p the place of the entry with a rank.
//
// REQUIRES: 0 <= rank < Len.
func (t *Tree) toRank(p *path, rank int) {
	r := t.head()
	p.height = r.height()
	node := r.ref()
	for i := range p.height {
		v := innerAt(node)
		s := 0
		for c := int(*v.count(0)); rank >= c; c = int(*v.count(s)) {
			rank -= c
			s++
		}
		p.steps[i] = step{node, s}
		node = v.child(s)
	}
	p.leaf, p.idx = node, rank
}

// Rank returns the number of entries before e, and whether e is there at all.
//
// REQUIRES: e can be read and has the score and member it was inserted with.
func (t *Tree) Rank(e mem.Ref) (int, bool) {
	var p path
	if !t.search(&p, t.keyOf(e), t.kind.Member(e), e) {
		return 0, false
	}
	return p.rank(), true
}

// At returns the entry with a rank, 0 if there is none.
func (t *Tree) At(rank int) mem.Ref {
	if uint(rank) >= uint(t.Len()) {
		return 0
	}
	var p path
	t.toRank(&p, rank)
	return leafAt(p.leaf).ref(p.idx)
}

// CountBelow returns how many entries have a score below score, or, with orEqual, not above it.
func (t *Tree) CountBelow(score float64, orEqual bool) int {
	k := scoreKey(score)
	if orEqual {
		k++
	}
	var p path
	l := t.descendScore(&p, k)
	p.idx = t.seekScore(l, k)
	return p.rank()
}
