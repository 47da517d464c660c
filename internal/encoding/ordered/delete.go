package ordered

import (
	"granary/internal/invariants"
	"granary/internal/mem"
)

// Delete takes entry e out and reports whether it was there. The entry is the caller's to free, afterwards. No
// memory is needed for it.
//
// REQUIRES: all entries can be read; e has the score and member it was inserted with.
func (t *Tree) Delete(e mem.Ref) bool {
	var p path
	if !t.search(&p, t.keyOf(e), t.kind.Member(e), e) {
		return false
	}
	t.deleteAt(&p, 1)
	return true
}

// DeleteAt takes the entry with a rank out and returns it, 0 if there is none.
func (t *Tree) DeleteAt(rank int) mem.Ref {
	if uint(rank) >= uint(t.Len()) {
		return 0
	}
	var p path
	t.toRank(&p, rank)
	e := leafAt(p.leaf).ref(p.idx)
	t.deleteAt(&p, 1)
	return e
}

// DeleteRange takes out up to count entries from a rank on, as many as lie in one leaf, and gives each to release, which
// may free it. It returns how many they were: the caller goes on at the same rank for the rest, in as many calls as
// it has time for. It returns 0 if there is nothing at rank or count is 0.
func (t *Tree) DeleteRange(rank, count int, release func(mem.Ref)) int {
	if uint(rank) >= uint(t.Len()) || count <= 0 {
		return 0
	}
	var p path
	t.toRank(&p, rank)
	l := leafAt(p.leaf)
	var gone [maxLeaf]mem.Ref
	n := min(count, int(l.n)-p.idx)
	for i := range n {
		gone[i] = l.ref(p.idx + i)
	}
	t.deleteAt(&p, n)
	for _, e := range gone[:n] {
		release(e)
	}
	return n
}

// deleteAt takes c entries from the path's place on out of its leaf.
func (t *Tree) deleteAt(p *path, c int) {
	l := leafAt(p.leaf)
	if invariants.Enabled && p.idx+c > int(l.n) {
		panic("BUG: ordered: delete past the end of a leaf")
	}
	l.cut(p.idx, c)
	t.count(p, -c)
	switch {
	case t.Len() == 0:
		// This is the only leaf, and inner nodes above it have one child.
		t.lowerTop()
		p.height = 0
		l.init(l.size)
	case l.n == 0:
		t.release(p.leaf, l.size)
		t.removeChild(p, p.height-1)
		t.lowerTop()
		return
	case p.idx == 0 && p.height > 0:
		sep := l.ref(0)
		t.setFirst(p, p.height, firstEntry{t.keyOf(sep), sep})
	}
	if p.height > 0 && t.mergeLeaf(p) {
		t.lowerTop()
		return
	}
	t.trimLeaf(p)
}

// removeChild takes the child on the path out of the inner node at a level, which goes too if it was the only one.
func (t *Tree) removeChild(p *path, level int) {
	v, slot := innerAt(p.steps[level].node), p.steps[level].slot
	v.remove(slot)
	if v.n == 0 {
		// Not the topmost: there are other leaves.
		t.release(p.steps[level].node, v.size)
		t.removeChild(p, level-1)
		return
	}
	if slot == 0 {
		t.setFirst(p, level, v.first(0))
	}
	t.mergeInner(p, level)
}

// lowerTop takes off the topmost inner nodes that have one child.
func (t *Tree) lowerTop() {
	r := t.head()
	for r.height() > 0 {
		v := innerAt(r.ref())
		if v.n > 1 {
			return
		}
		old := r.ref()
		r.top = r.top&^refMask - heightOne | uint64(v.child(0))
		t.release(old, v.size)
	}
}

// trimLeaf puts the path's leaf into a smaller block if it has become small.
func (t *Tree) trimLeaf(p *path) {
	l := leafAt(p.leaf)
	if l.size == 0 || int(l.n)+leafSlack > leafCap(l.size-1) {
		return
	}
	size := fit(int(l.n), leafSlack, leafCap)
	if to := t.tryAlloc(size); to != 0 {
		t.resizeLeaf(p, to, size)
	}
}

// trimInner does the same for the inner node at a level.
func (t *Tree) trimInner(p *path, level int) {
	v := innerAt(p.steps[level].node)
	if v.size == 0 || int(v.n)+innerSlack > innerCap(v.size-1) {
		return
	}
	size := fit(int(v.n), innerSlack, innerCap)
	if to := t.tryAlloc(size); to != 0 {
		t.resizeInner(p, level, to, size)
	}
}

// mergeLeaf merges the path's leaf with a neighbour under the same parent, if both are small enough together. It
// reports whether it did; the path is void then.
func (t *Tree) mergeLeaf(p *path) bool {
	level := p.height - 1
	parent, slot := innerAt(p.steps[level].node), p.steps[level].slot
	n := int(*parent.count(slot))
	switch {
	case n > leafMerge:
		return false
	case slot+1 < int(parent.n) && n+int(*parent.count(slot + 1)) <= leafMerge:
	case slot > 0 && n+int(*parent.count(slot - 1)) <= leafMerge:
		slot--
		p.steps[level].slot = slot
		p.leaf = parent.child(slot)
	default:
		return false
	}
	gone := parent.child(slot + 1)
	l, right := leafAt(p.leaf), leafAt(gone)
	n = int(l.n) + int(right.n)
	if size := fit(n, leafSlack, leafCap); int(l.cap) <= n { // one to spare: see Update
		to := t.tryAlloc(size)
		if to == 0 {
			return false
		}
		t.resizeLeaf(p, to, size)
		l = leafAt(to)
	}
	from := int(l.n)
	l.n = uint8(n)
	copy(l.refs(from, n), right.refs(0, n-from))
	t.build(l)
	t.release(gone, right.size)
	parent.remove(slot + 1)
	*parent.count(slot) = uint32(n)
	t.mergeInner(p, level)
	return true
}

// mergeInner merges the inner node at a level with a neighbour under the same parent, if both are small enough together,
// and goes on above. Otherwise it puts the node into a smaller block if it has become small.
func (t *Tree) mergeInner(p *path, level int) {
	v := innerAt(p.steps[level].node)
	n := int(v.n)
	if level == 0 || n >= innerMerge {
		t.trimInner(p, level)
		return
	}
	parent, slot := innerAt(p.steps[level-1].node), p.steps[level-1].slot
	with := func(i int) bool { return n+int(innerAt(parent.child(i)).n) <= innerMerge }
	switch {
	case slot+1 < int(parent.n) && with(slot+1):
	case slot > 0 && with(slot-1):
		slot--
		p.steps[level-1].slot = slot
		p.steps[level].node = parent.child(slot)
		v = innerAt(p.steps[level].node)
	default:
		t.trimInner(p, level)
		return
	}
	gone := parent.child(slot + 1)
	right := innerAt(gone)
	n = int(v.n) + int(right.n)
	if size := fit(n, innerSlack, innerCap); int(v.cap) < n {
		to := t.tryAlloc(size)
		if to == 0 {
			return
		}
		t.resizeInner(p, level, to, size)
		v = innerAt(to)
	}
	right.copyOut(v, int(v.n), 0, int(right.n))
	v.n = uint8(n)
	t.buildInner(v)
	t.release(gone, right.size)
	*parent.count(slot) += *parent.count(slot + 1)
	parent.remove(slot + 1)
	t.mergeInner(p, level-1)
}

// Replace puts e in the place of entry old, which has moved: e has its score and member. The old entry is not read. It
// reports whether old was there.
func (t *Tree) Replace(old, e mem.Ref) bool {
	var p path
	k := t.keyOf(e)
	if !t.search(&p, k, t.kind.Member(e), old) {
		return false
	}
	leafAt(p.leaf).setRef(p.idx, e)
	if p.idx == 0 {
		t.setFirst(&p, p.height, firstEntry{k, e})
	}
	return true
}
