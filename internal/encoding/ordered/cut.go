package ordered

import "granary/internal/mem"

// Has reports whether entry e is in the tree. REQUIRES: as Delete.
func (t *Tree) Has(e mem.Ref) bool {
	var p path
	return t.search(&p, t.keyOf(e), t.kind.Member(e), e)
}

// Cut takes n entries from a rank on out and returns them as a tree of their own. It looks at the nodes on the ways to both
// ends; what lies between changes hands as whole subtrees. Without memory (a panic with mem.ErrOutOfMemory) nothing has
// changed.
//
// The nodes of the new tree stay in the sum of t: Bytes of both together are right, that of the new tree alone becomes
// negative when it shrinks. When it is empty, Absorb settles that.
//
// REQUIRES: 0 <= rank, 0 < n, rank+n <= Len, n < Len.
func (t *Tree) Cut(rank, n int) Tree {
	r := t.head()
	c := cutter{t: t}
	c.reserve(2 * (r.height() + 1))
	defer c.drop()
	d := Tree{arena: t.arena, kind: t.kind, root: t.arena.Alloc(rootBytes, t.kind.Purpose)}
	h := d.head()
	h.top = uint64(r.height())<<40 | uint64(c.cut(r.ref(), r.height(), rank, rank+n))
	h.n, h.bytes = int64(n), int64(mem.Usable(rootBytes))
	r.n -= int64(n)
	d.lowerTop()
	t.lowerTop()
	t.mend(rank - 1)
	t.mend(rank)
	return d
}

// cutter holds blocks of the largest size that were allocated for a cut.
type cutter struct {
	t      *Tree
	blocks [2 * (maxHeight + 1)]mem.Ref
	n      int
}

func (c *cutter) reserve(n int) {
	done := false
	defer func() {
		if !done {
			c.drop()
		}
	}()
	for c.n < n {
		c.blocks[c.n] = c.t.alloc(largest)
		c.n++
	}
	done = true
}

func (c *cutter) drop() {
	for ; c.n > 0; c.n-- {
		c.t.release(c.blocks[c.n-1], largest)
	}
}

func (c *cutter) take() mem.Ref {
	c.n--
	return c.blocks[c.n]
}

// cut takes the entries [from, to) below a node, but not all, out and returns a node of the same height that has them. At
// each height there are two nodes at most that are neither kept nor given away as a whole.
func (c *cutter) cut(node mem.Ref, height, from, to int) mem.Ref {
	t, piece := c.t, c.take()
	if height == 0 {
		l, w := leafAt(node), leafAt(piece)
		w.init(largest)
		w.n = uint8(to - from)
		copy(w.refs(0, to-from), l.refs(from, to))
		l.cut(from, to-from)
		t.build(w)
		return piece
	}
	v, w := innerAt(node), innerAt(piece)
	w.init(largest)
	n, base := int(v.n), 0
	first, last := n, n // children that go as a whole
	for i := 0; i < n && base < to; i++ {
		count := int(*v.count(i))
		lo, hi := max(from-base, 0), min(to-base, count)
		base += count
		if lo >= hi {
			continue
		}
		child := v.child(i)
		if hi-lo == count {
			first, last = min(first, i), i+1
		} else {
			child = c.cut(child, height-1, lo, hi)
			*v.count(i) -= uint32(hi - lo)
		}
		at := int(w.n)
		w.n++
		w.setChild(at, child)
		w.setSep(at, firstBelow(child, height-1))
		*w.count(at) = uint32(hi - lo)
		if lo == 0 && hi < count {
			v.setSep(i, firstBelow(v.child(i), height-1))
		}
	}
	v.copyOut(v, first, last, n)
	v.n -= uint8(last - first)
	t.buildInner(v)
	t.buildInner(w)
	return piece
}

// firstBelow returns the first entry below a node.
func firstBelow(node mem.Ref, height int) mem.Ref {
	if height == 0 {
		return leafAt(node).ref(0)
	}
	return innerAt(node).sep(0)
}

// mend merges the nodes on the way to a rank with their neighbours, or puts them into smaller blocks.
func (t *Tree) mend(rank int) {
	if rank < 0 || rank >= t.Len() {
		return
	}
	var p path
	t.toRank(&p, rank)
	if p.height == 0 || !t.mergeLeaf(&p) {
		t.trimLeaf(&p)
	}
	for level := t.head().height() - 1; level >= 0; level-- {
		t.toRank(&p, rank)
		if level < p.height {
			t.mergeInner(&p, level)
		}
	}
	t.lowerTop()
}

// Absorb frees a tree that was cut from t and is empty.
func (t *Tree) Absorb(d *Tree) {
	h := d.head()
	d.release(h.ref(), leafAt(h.ref()).size)
	t.head().bytes += h.bytes - int64(mem.Usable(rootBytes))
	d.arena.Free(d.root, rootBytes, d.kind.Purpose)
	d.root = 0
}
