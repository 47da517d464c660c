package ordered

import (
	"granary/internal/invariants"
	"granary/internal/mem"
)

// Insert adds entry e. It allocates before it changes anything: after a panic with mem.ErrOutOfMemory the tree holds
// what it held.
//
// REQUIRES: no entry has the score and member of e; all entries of the tree can be read.
func (t *Tree) Insert(e mem.Ref) {
	k, m := t.keyOf(e), t.kind.Member(e)
	if t.head().n >= MaxLen {
		panic(mem.ErrOutOfMemory)
	}
	for {
		var p path
		l := t.descend(&p, k, m, 0)
		i, w, fits := t.place(l, k, m)
		p.idx = i
		if invariants.Enabled && i < int(l.n) && !t.below2(k, m, l.ref(i)) {
			panic("BUG: ordered: insert of an entry that is there")
		}
		if l.n == l.cap {
			if l.size == largest {
				if t.makeRoom(&p, firstEntry{k, e}) {
					return
				}
				continue
			}
			t.resizeLeaf(&p, t.alloc(l.size+1), l.size+1)
			l = leafAt(p.leaf)
		}
		t.put(l, i, e, w, fits)
		t.count(&p, 1)
		if i == 0 {
			t.setFirst(&p, p.height, firstEntry{k, e})
		}
		return
	}
}

// below2 reports whether (k, m) comes before entry e.
func (t *Tree) below2(k uint64, m []byte, e mem.Ref) bool {
	return !t.below(e, k, m) && (t.keyOf(e) != k || string(t.kind.Member(e)) != string(m))
}

// count adds to the counts on a path.
func (t *Tree) count(p *path, by int) {
	t.head().n += int64(by)
	for i := range p.height {
		*innerAt(p.steps[i].node).count(p.steps[i].slot) += uint32(by)
	}
}

// setFirst tells the nodes above that the first entry of a path's node at a level has changed.
func (t *Tree) setFirst(p *path, level int, f firstEntry) {
	for i := level - 1; i >= 0; i-- {
		t.setKey(innerAt(p.steps[i].node), p.steps[i].slot, f)
		if p.steps[i].slot != 0 {
			return
		}
	}
}

// link stores where the path's node at a level is.
func (t *Tree) link(p *path, level int, node mem.Ref) {
	if level == 0 {
		r := t.head()
		r.top = r.top&^refMask | uint64(node)
	} else {
		innerAt(p.steps[level-1].node).setChild(p.steps[level-1].slot, node)
	}
	if level == p.height {
		p.leaf = node
	} else {
		p.steps[level].node = node
	}
}

// resizeLeaf moves the path's leaf to block to, of a size that holds it.
func (t *Tree) resizeLeaf(p *path, to mem.Ref, size uint8) {
	old, from := leafAt(p.leaf), p.leaf
	l := leafAt(to)
	*l = *old
	l.size, l.cap = size, sizes[size].leaf
	n := int(l.n)
	copy(l.hints(0, n), old.hints(0, n))
	copy(l.refs(0, n), old.refs(0, n))
	t.link(p, p.height, to)
	t.release(from, old.size)
}

// resizeInner does the same for the inner node at a level.
func (t *Tree) resizeInner(p *path, level int, to mem.Ref, size uint8) {
	from := p.steps[level].node
	old, v := innerAt(from), innerAt(to)
	*v = *old
	v.size, v.cap = size, sizes[size].inner
	old.copyOut(v, 0, 0, int(old.n))
	t.link(p, level, to)
	t.release(from, old.size)
}

// atEnd and atStart report whether the path's node at a level is the last or the first of its level.
func (p *path) atEnd(level int) bool {
	for i := range level {
		if p.steps[i].slot+1 != int(innerAt(p.steps[i].node).n) {
			return false
		}
	}
	return true
}

func (p *path) atStart(level int) bool {
	for i := range level {
		if p.steps[i].slot != 0 {
			return false
		}
	}
	return true
}

// makeRoom does one step towards room in the path's leaf, which is full and of the largest size. It reports whether
// that step was to give entry f a leaf of its own. Otherwise the path is void; a few steps lead to room.
func (t *Tree) makeRoom(p *path, f firstEntry) (inserted bool) {
	if p.height == 0 {
		t.raise()
		return false
	}
	if !t.roomAbove(p, p.height) {
		return false
	}
	h := p.height
	parent, slot := innerAt(p.steps[h-1].node), p.steps[h-1].slot
	l := leafAt(p.leaf)
	n := int(l.n)
	atEnd := p.idx == n && p.atEnd(h)
	if atEnd || p.idx == 0 && p.atStart(h) {
		node := t.alloc(0)
		one := leafAt(node)
		one.init(0)
		t.put(one, 0, f.sep, f.key, true)
		if atEnd {
			slot++
			p.steps[h-1].slot = slot
		}
		t.insertChild(parent, slot, f, node, 0)
		t.count(p, 1)
		if !atEnd {
			t.setFirst(p, h, f)
		}
		return true
	}
	keep := n / 2
	size := fit(n-keep, leafSlack, leafCap)
	node := t.alloc(size)
	right := leafAt(node)
	right.init(size)
	right.n = uint8(n - keep)
	copy(right.refs(0, n-keep), l.refs(keep, n))
	l.n = uint8(keep)
	t.build(right)
	t.build(l)
	*parent.count(slot) = uint32(keep)
	sep := right.ref(0)
	t.insertChild(parent, slot+1, firstEntry{t.keyOf(sep), sep}, node, n-keep)
	t.trimLeaf(p)
	return false
}

// raise puts an inner node with one child on top.
func (t *Tree) raise() {
	r := t.head()
	if r.height() == maxHeight {
		panic("BUG: ordered: tree too high")
	}
	node := t.alloc(0)
	f, n := firstEntry{}, 0
	if r.height() == 0 {
		l := leafAt(r.ref())
		f.sep, n = l.ref(0), int(l.n)
		f.key = t.keyOf(f.sep)
	} else {
		v := innerAt(r.ref())
		f, n = v.first(0), v.total()
	}
	v := innerAt(node)
	v.init(0)
	t.insertChild(v, 0, f, r.ref(), n)
	r.top = r.top&^refMask + heightOne | uint64(node)
}

// roomAbove reports whether the parent of the path's node at a level has room for a child more. It makes it
// larger; if it is of the largest size, it splits it, or the first node above it whose parent has room, and then the path
// is void.
func (t *Tree) roomAbove(p *path, level int) bool {
	level--
	v := innerAt(p.steps[level].node)
	if v.n < v.cap {
		return true
	}
	if v.size < largest {
		size := v.size + 1
		t.resizeInner(p, level, t.alloc(size), size)
		return true
	}
	if level == 0 {
		t.raise()
		return false
	}
	if t.roomAbove(p, level) {
		t.splitInner(p, level)
	}
	return false
}

// splitInner splits the inner node at a level, in the middle or, at the ends of the tree, where it is full.
//
// REQUIRES: its parent has room.
func (t *Tree) splitInner(p *path, level int) {
	v, slot := innerAt(p.steps[level].node), p.steps[level].slot
	n := int(v.n)
	keep := n / 2
	if slot == n-1 && p.atEnd(level) {
		keep = n - 1
	} else if slot == 0 && p.atStart(level) {
		keep = 1
	}
	size := fit(n-keep, innerSlack, innerCap)
	node := t.alloc(size)
	w := innerAt(node)
	w.init(size)
	w.n = uint8(n - keep)
	v.copyOut(w, 0, keep, n)
	v.n = uint8(keep)
	t.buildInner(v)
	t.buildInner(w)
	parent, at := innerAt(p.steps[level-1].node), p.steps[level-1].slot
	moved := w.total()
	*parent.count(at) -= uint32(moved)
	t.insertChild(parent, at+1, w.first(0), node, moved)
	t.trimInner(p, level)
}
